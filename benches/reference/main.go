// Judges events by a definition with CUE's own Go API, as a program that embeds it would: the schema is compiled once.
//
//	go run . SCHEMA.cue DEFINITION EVENTS.ndjson
//
// Prints the microseconds of one event, on one thread, the least of five rounds.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"runtime"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/encoding/json"
)

func main() {
	runtime.GOMAXPROCS(1)
	source, err := os.ReadFile(os.Args[1])
	check(err)
	events, err := os.ReadFile(os.Args[3])
	check(err)
	lines := bytes.Split(bytes.TrimSpace(events), []byte("\n"))
	context := cuecontext.New()
	schema := context.CompileBytes(source).LookupPath(cue.ParsePath(os.Args[2]))
	check(schema.Err())
	var least time.Duration
	for round := range 5 {
		start := time.Now()
		for _, line := range lines {
			expression, err := json.Extract("event.json", line)
			check(err)
			check(schema.Unify(context.BuildExpr(expression)).Validate(cue.Concrete(true)))
		}
		if took := time.Since(start); round == 0 || took < least {
			least = took
		}
	}
	fmt.Printf("%.1f\n", float64(least.Microseconds())/float64(len(lines)))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
