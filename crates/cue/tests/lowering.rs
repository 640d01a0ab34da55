//! Lowered programs judge the workloads' events as the files beside them say, and say what they leave to the evaluator.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use cue::lower::{self, Lowered, Options};
use cue::{Instance, Limits, Schema, SourceFile, VetOptions};
use vet::Verdict;

fn text(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../../benches/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn compile(source: &str) -> Instance {
    Instance::compile(vec![SourceFile::new("./schema.cue", source)], &Limits::default()).unwrap()
}

fn lower(source: &str, expression: &str) -> Lowered {
    lower::program(&compile(source), expression, &Limits::default(), &Options::default())
}

fn residuals(lowered: &Lowered) -> Vec<String> {
    lowered.residuals.iter().map(ToString::to_string).collect()
}

fn judge_workload(name: &str, definition: &str) {
    let lowered = lower(&text(&format!("{name}.cue")), definition);
    assert_eq!(residuals(&lowered), [""; 0]);
    for event in text(&format!("{name}.valid.ndjson")).lines() {
        assert_eq!(lowered.program.check(event.as_bytes()), Verdict::Accept, "{event}");
    }
    let (events, expected) =
        (text(&format!("{name}.invalid.ndjson")), text(&format!("{name}.invalid.expected.ndjson")));
    assert_eq!(events.lines().count(), expected.lines().count());
    for (event, expected) in events.lines().zip(expected.lines()) {
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        match lowered.program.check(event.as_bytes()) {
            Verdict::Reject(violation) => assert_eq!(violation.pointer, expected["at"], "{event}"),
            verdict => panic!("{verdict:?} {event}"),
        }
    }
}

#[test]
fn orders_are_judged_by_the_program_alone() {
    judge_workload("order", "#Order");
}

#[test]
fn identities_are_judged_by_the_program_alone() {
    judge_workload("identity", "#Identity");
}

#[test]
fn the_program_is_never_surer_than_the_evaluator() {
    let source = r##"
        import "list"
        #Tree: {value!: int, left?: #Tree, right?: null | #Tree}
        #Base: {id!: string, ...}
        #Shape: {kind!: "circle", radius!: >0} | {kind!: "square", side!: >0} | {kind: "none"}
        #Loose: {a?: int} | {b?: int}
        #Event: {
            tree?: #Tree
            base?: #Base & {extra?: int}
            shape?: #Shape
            loose?: #Loose
            tags?: [...string] & list.UniqueItems & list.MaxItems(3)
            lines?: [...{sku?: string}]
            mode: *"fast" | "slow"
            span?: {start!: int, end!: >=start}
            more?: {[=~"^x_"]: int, known?: string}
            choice?: *{a: int} | {a: int, b?: string}
            limit: int | *10
            match?: matchN(1, [{x!: int}, {y: int}])
            pay?: {
                method!: "card" | "cash"
                plan: *"free" | "paid"
                note?: string
                if method == "card" {last4!: string}
                if plan != "free" && note != _|_ {account!: string}
            }
            made?: {least!: [string]: int, for k, v in least {"n_\(k)"?: >=v}, n_z?: 3}
        }
    "##;
    let instance = compile(source);
    let lowered = lower::program(&instance, "#Event", &Limits::default(), &Options::default());
    assert_eq!(residuals(&lowered), [""; 0]);
    let schema = Schema::new(&instance, "#Event", VetOptions::default()).unwrap();
    let mut decided = 0;
    for (document, sure) in [
        (r#"{}"#, true),
        (r#"{"tree":{"value":1,"left":{"value":2},"right":null}}"#, true),
        (r#"{"tree":{"value":1,"left":{"value":2.0}}}"#, true),
        (r#"{"tree":{"value":1,"up":{}}}"#, true),
        (r#"{"base":{"id":"x","extra":1,"other":2}}"#, true),
        (r#"{"base":{"extra":1}}"#, true),
        (r#"{"shape":{"kind":"circle","radius":1.5}}"#, true),
        (r#"{"shape":{"kind":"circle","side":1.5}}"#, true),
        (r#"{"shape":{"radius":1.5,"kind":"circle"}}"#, true),
        (r#"{"shape":{"side":{},"kind":"square"}}"#, true),
        (r#"{"loose":{"a":1}}"#, true),
        (r#"{"loose":{}}"#, false),
        (r#"{"tags":["a","b"]}"#, true),
        (r#"{"tags":["a","a"]}"#, true),
        (r#"{"tags":["a","b","c","d"]}"#, true),
        (r#"{"lines":[{"sku":"x"},{}]}"#, true),
        (r#"{"lines":[{"sku":"x","more":1}]}"#, true),
        (r#"{"mode":"slow"}"#, true),
        (r#"{"mode":"odd"}"#, true),
        (r#"{"span":{"start":1,"end":2}}"#, true),
        (r#"{"span":{"start":2,"end":1}}"#, true),
        (r#"{"span":{"start":"x","end":1}}"#, true),
        (r#"{"span":{"end":1}}"#, true),
        (r#"{"more":{"x_a":1,"known":"y"}}"#, true),
        (r#"{"more":{"x_a":"1"}}"#, true),
        (r#"{"more":{"y":1}}"#, true),
        (r#"{"choice":{"a":1}}"#, true),
        (r#"{"choice":{"a":1,"b":"x"}}"#, true),
        (r#"{"choice":{"b":"x"}}"#, true),
        (r#"{"limit":"10"}"#, true),
        (r#"{"match":{"x":1}}"#, true),
        (r#"{"match":{"z":1}}"#, true),
        (r#"{"match":{"x":1,"y":"1"}}"#, true),
        (r#"{"match":{"y":"1"}}"#, true),
        (r#"{"pay":{"method":"card","last4":"0000"}}"#, true),
        (r#"{"pay":{"last4":"0000","method":"card"}}"#, true),
        (r#"{"pay":{"method":"card"}}"#, true),
        (r#"{"pay":{"method":"cash"}}"#, true),
        (r#"{"pay":{"method":"cash","last4":"0000"}}"#, true),
        (r#"{"pay":{"method":"cash","plan":"paid"}}"#, true),
        (r#"{"pay":{"method":"cash","plan":"paid","note":"x"}}"#, true),
        (r#"{"pay":{"method":"cash","plan":"paid","note":"x","account":"y"}}"#, true),
        (r#"{"pay":{"method":"cash","note":"x","account":"y"}}"#, true),
        (r#"{"pay":{"last4":"0000"}}"#, true),
        (r#"{"made":{"least":{"a":1},"n_a":1,"n_z":3}}"#, true),
        (r#"{"made":{"least":{"z":5}}}"#, false),
        (r#"{"made":{"least":{"z":3},"n_z":3}}"#, false),
        (r#"{"made":{"least":{"a":1},"n_a":"1"}}"#, false),
    ] {
        let valid = schema.vet_json(document.as_bytes(), "data.json").is_ok();
        let verdict = lowered.program.check(document.as_bytes());
        match verdict {
            Verdict::Accept => assert!(valid, "{document}"),
            Verdict::Reject(_) => assert!(!valid, "{document}"),
            Verdict::Unsure(_) => {}
            Verdict::Malformed(_) => panic!("{document}"),
        }
        assert_eq!(!matches!(verdict, Verdict::Unsure(_)), sure, "{document}");
        decided += usize::from(sure);
    }
    assert_eq!(decided, 44);
}

/// Schemas that are lowered whole, each with documents that the program has to decide.
const DECIDED: &[(&str, &str, &[&str])] = &[
    (
        "#X: {a!: number, b?: >=a, c?: int & !=a}",
        "#X",
        &[
            r#"{"a":1,"b":1.0}"#,
            r#"{"a":1,"b":0.5}"#,
            r#"{"a":2,"c":2}"#,
            r#"{"a":2,"c":3}"#,
            r#"{"b":1}"#,
            r#"{"a":"x"}"#,
        ],
    ),
    (
        "#X: {from!: string, to!: >from}",
        "#X",
        &[r#"{"from":"a\u0062","to":"ac"}"#, r#"{"from":"b","to":"a"}"#, r#"{"from":"b","to":"b"}"#, r#"{"from":"b"}"#],
    ),
    (
        r##"#X: {a: int, b: int, c: a * b, "d": "\(a)/\(b)"}"##,
        "#X",
        &[
            r#"{"a":6,"b":7}"#,
            r#"{"a":6,"b":7,"c":42}"#,
            r#"{"a":6,"b":7,"c":41}"#,
            r#"{"a":6,"b":7,"c":42.0}"#,
            r#"{"a":6,"b":7,"d":"6/7"}"#,
            r#"{"a":6,"b":7,"d":"6-7"}"#,
            r#"{"a":6}"#,
        ],
    ),
    (
        r##"#X: {X="x-id": string, id: X, _limit: 9, let Max = _limit * 2, n?: int & <=Max}"##,
        "#X",
        &[
            r#"{"x-id":"v"}"#,
            r#"{"x-id":"v","id":"v"}"#,
            r#"{"x-id":"v","id":"w"}"#,
            r#"{"x-id":"v","n":18}"#,
            r#"{"x-id":"","n":19}"#,
        ],
    ),
    (
        r##"#X: {for d in ["a", "b"] {"\(d)_n"?: int}, _k: "key", (_k)!: bool, method!: "card" | "bank", "\(method)_id": string}"##,
        "#X",
        &[
            r#"{"a_n":1,"key":true,"method":"card","card_id":"x"}"#,
            r#"{"b_n":"1","key":true,"method":"card","card_id":"x"}"#,
            r#"{"c_n":1,"key":true,"method":"card","card_id":"x"}"#,
            r#"{"key":true,"method":"card","bank_id":"x"}"#,
            r#"{"method":"bank","bank_id":"x"}"#,
        ],
    ),
    (
        r##"#X: {a?: {[!~"^_"]: int}, b?: {["x" | "y"]: int, z?: string}, c?: {[=~"^[a-z]+$" & !="id"]: int}}"##,
        "#X",
        &[
            r#"{"a":{"k":1}}"#,
            r#"{"a":{"_k":1}}"#,
            r#"{"a":{"k":"1"}}"#,
            r#"{"b":{"x":1,"z":"s"}}"#,
            r#"{"b":{"w":1}}"#,
            r#"{"c":{"ab":1}}"#,
            r#"{"c":{"id":1}}"#,
            r#"{"c":{"AB":1}}"#,
        ],
    ),
    (
        "#X: {a?: int, b?: int, s?: {n?: int}, matchN(1, [{a!: _}, {b!: _}])}",
        "#X",
        &[
            r#"{"a":1}"#,
            r#"{}"#,
            r#"{"a":1,"b":1}"#,
            r#"{"b":1,"other":1}"#,
            r#"{"b":1,"s":{"other":1}}"#,
            r#"{"b":"1"}"#,
        ],
    ),
    (
        r#"#X: {p?: matchIf({country!: "us"}, {zip!: string}, {post?: string}), q?: and([int, >1, <5])}"#,
        "#X",
        &[
            r#"{"p":{"country":"us","zip":"1"}}"#,
            r#"{"p":{"country":"us"}}"#,
            r#"{"p":{"country":"de","post":1}}"#,
            r#"{"p":{}}"#,
            r#"{"q":2}"#,
            r#"{"q":5}"#,
        ],
    ),
    (
        r#"#P: {a: int, "b-c": string}
           #X: {x: #P.a, y?: #P["b-c"], z?: [...{n?: int}] & [{m?: int}, ...]}"#,
        "#X",
        &[
            r#"{"x":1}"#,
            r#"{"x":"1"}"#,
            r#"{"x":1,"y":1}"#,
            r#"{"x":1,"z":[{"n":1,"m":1},{"n":1}]}"#,
            r#"{"x":1,"z":[{},{"m":1}]}"#,
            r#"{"x":1,"z":[]}"#,
        ],
    ),
    (
        r#"import "list"
           import "struct"
           import "encoding/json"
           #X: {
               l: [...int] & list.MaxItems(2)
               m?: [...string] & list.Contains("x")
               n?: [...int] & list.MatchN(>=1, >5)
               o?: [...{k?: int}] & list.MinItems(1)
               s: {[string]: int} & struct.MaxFields(2)
               t?: {a: *1 | int, b?: int, c?: int, struct.MaxFields(2)}
               j?: json.Validate({a!: int})
               sorted?: [...string] & list.IsSortedStrings()
               lines: [...{id: string, n: int}]
               _ids: [for line in lines {line.id}] & list.UniqueItems()
               count: len(lines)
               total: list.Sum([for line in lines {line.n}])
           }"#,
        "#X",
        &[
            r#"{"lines":[]}"#,
            r#"{"lines":[{"id":"a","n":2},{"id":"b","n":3}],"total":5,"count":2}"#,
            r#"{"lines":[{"id":"a","n":2},{"id":"b","n":3}],"total":6}"#,
            r#"{"lines":[{"id":"a","n":2},{"id":"b","n":3}],"count":3}"#,
            r#"{"lines":[{"id":"a","n":2},{"id":"a","n":3}]}"#,
            r#"{"lines":[],"l":[1,2,3]}"#,
            r#"{"lines":[],"m":["y","x"]}"#,
            r#"{"lines":[],"m":["y"]}"#,
            r#"{"lines":[],"n":[1,6]}"#,
            r#"{"lines":[],"n":[1,5]}"#,
            r#"{"lines":[],"o":[{"k":1}]}"#,
            r#"{"lines":[],"o":[]}"#,
            r#"{"lines":[],"s":{"a":1,"b":2,"c":3}}"#,
            r#"{"lines":[],"t":{"b":1}}"#,
            r#"{"lines":[],"t":{"b":1,"c":1}}"#,
            r#"{"lines":[],"t":{"a":1,"b":1}}"#,
            r#"{"lines":[],"j":"{\"a\":1}"}"#,
            r#"{"lines":[],"j":"{"}"#,
            r#"{"lines":[],"sorted":["a","b"]}"#,
            r#"{"lines":[],"sorted":["b","a"]}"#,
        ],
    ),
    (
        r#"#X: {k!: "a" | "b", n!: int, m!: int, if k =~ "^a" {x!: int}, if n > m {y!: int}}"#,
        "#X",
        &[
            r#"{"k":"a","n":1,"m":1,"x":1}"#,
            r#"{"k":"a","n":1,"m":1}"#,
            r#"{"k":"b","n":2,"m":1}"#,
            r#"{"k":"b","n":2,"m":1,"y":1}"#,
            r#"{"k":"b","n":1,"m":2,"y":1}"#,
        ],
    ),
    (
        "#B: {r?: int, s?: {u?: int}}, #X: {t?: {#B}, u?: #B, l?: [...{#B}], p?: int, matchN(1, [{p!: _}, {z!: _}])}",
        "#X",
        &[
            r#"{"p":1,"t":{"q":1}}"#,
            r#"{"p":1,"t":{"s":{"q":1}}}"#,
            r#"{"p":1,"t":{"r":"1"}}"#,
            r#"{"p":1,"u":{"q":1}}"#,
            r#"{"p":1,"l":[{"q":1}]}"#,
            r#"{"p":1,"l":[{"r":1}]}"#,
        ],
    ),
    (
        "#B: {r?: int, s?: {u?: int}}, #X: {#B, k?: int}, #X: {...}",
        "#X",
        &[r#"{"q":1}"#, r#"{"s":{"q":1}}"#, r#"{"s":{"u":1},"k":1}"#, r#"{"k":"1"}"#],
    ),
    ("e: #Inner: {a?: int}", "e.#Inner", &[r#"{"a":1}"#, r#"{"b":1}"#]),
    ("#X: {a?: {b?: int}}", "close(#X)", &[r#"{"a":{"b":1}}"#, r#"{"c":1}"#]),
    ("#X: {a?: {b?: int}}", "{#X}", &[r#"{"a":{"c":1}}"#, r#"{"c":1}"#, r#"{"a":{"b":1}}"#]),
    ("#X: {a?: int}", "#X | null", &["null", "{}", "1", r#"{"c":1}"#]),
    (
        "m?: [K=!=\"x\"]: {id: K, sub?: {n?: K}}",
        "",
        &[
            r#"{"m":{"a":{"id":"a"}}}"#,
            r#"{"m":{"a":{"id":"b"}}}"#,
            r#"{"m":{"a":{"sub":{"n":"b"}}}}"#,
            r#"{"m":{"\u0061":{"sub":{"n":"a"}}}}"#,
            r#"{"m":{"x":{"id":"y"}}}"#,
        ],
    ),
    (
        r##"#X: {a!: [string]: int, for k, v in a {"x_\(k)_y"?: <v}, x_z_y: 3}"##,
        "#X",
        &[
            r#"{"a":{"b":3},"x_b_y":2}"#,
            r#"{"a":{"b":3},"x_b_y":3}"#,
            r#"{"a":{"b":3},"x_c_y":3}"#,
            r#"{"a":{},"x__y":1}"#,
            r#"{"a":{},"x_y":1}"#,
            r#"{"a":{"":2},"x__y":1}"#,
        ],
    ),
    (
        r##"#X: {a!: [string]: int, b?: int, for k, v in a {(k): <v}}"##,
        "#X",
        &[r#"{"a":{"c":1}}"#, r#"{"a":{"c":1},"c":0}"#, r#"{"a":{"c":1},"d":0}"#],
    ),
    (
        r##"k: "z", #X: {"k": string, if k == "a" {x!: int}}"##,
        "#X",
        &[r#"{"k":"a"}"#, r#"{"k":"z"}"#, r#"{"k":"a","x":1}"#],
    ),
    (
        "a!: int, b?: >a, #D: {n!: int}, d?: #D",
        "",
        &[r#"{"a":1,"b":2}"#, r#"{"a":1,"b":1}"#, r#"{"a":1,"c":1}"#, r#"{"a":1,"d":{"m":1}}"#],
    ),
];

#[test]
fn what_depends_on_fields_beside_it_is_decided_by_the_program() {
    for (source, path, documents) in DECIDED {
        let instance = compile(source);
        let lowered = lower::program(&instance, path, &Limits::default(), &Options::default());
        assert_eq!(residuals(&lowered), [""; 0], "{source}");
        let schema = Schema::new(&instance, path, VetOptions::default()).unwrap();
        for document in *documents {
            let valid = schema.vet_json(document.as_bytes(), "data.json").is_ok();
            match lowered.program.check(document.as_bytes()) {
                Verdict::Accept => assert!(valid, "{source} {document}"),
                Verdict::Reject(_) => assert!(!valid, "{source} {document}"),
                verdict => panic!("{verdict:?} {source} {document}"),
            }
        }
    }
}

#[test]
fn what_cannot_be_lowered_is_named() {
    for (source, expected) in [
        ("#X: {a: {n: int}, b: a & {m: int}}", "b: the field a, which it refers to, is not known before the data is"),
        ("#X: {a!: [...string], for k in a {(k): int}}", "fields come from a for clause"),
        (r##"#X: {a!: string, "\(a)_x"?: int}"##, "the name of a field is computed"),
        ("#X: {a?: int, b?: {c?: >=a}}", "b.c: the operand of a bound is not known before the data is"),
        ("#X: #X & {a: int}", "it refers to itself, or through too many other definitions"),
        ("import \"time\"\n#X: {a: time.Unix(1, 2)}", "a: time.Unix is not known before the data is"),
    ] {
        let lowered = lower(source, "#X");
        assert_eq!(residuals(&lowered)[0], expected, "{source}");
        assert_eq!(lowered.program.islands().count(), lowered.program.islands().count().max(1), "{source}");
    }
}

/// The verdict of the program where it has one; it has to be the evaluator's.
fn judge(source: &str, document: &str) -> bool {
    let valid = Schema::new(&compile(source), "#X", VetOptions::default()).unwrap().vet_json(document.as_bytes(), "");
    match lower(source, "#X").program.check(document.as_bytes()) {
        Verdict::Accept => assert!(valid.is_ok(), "{source} {document}"),
        Verdict::Reject(_) => assert!(valid.is_err(), "{source} {document}"),
        _ => {}
    }
    valid.is_ok()
}

#[test]
fn what_is_embedded_beside_optional_fields_may_be_a_list() {
    assert!(judge("#List: [...int]\n#X: {a?: int, #List}", "[1]"));
    assert!(!judge("#List: [...int]\n#X: {a?: int, #List}", "{}"));
    assert!(!judge("import \"struct\"\n#X: {a?: int, struct.MaxFields(2)}", "null"));
}

#[test]
fn what_fails_without_data_leaves_the_other_alternative() {
    for (alternative, valid) in [
        ("{a?: int, matchN(1, [{a!: _}])}", false),
        ("{a!: _, b!: _, c: matchN(1, [{a!: _}])}", false),
        (r#"{k!: string, if k == "x" {a!: int}}"#, true),
        ("{a!: int, b: a + 1, c: d: a}", true),
    ] {
        let apart = format!("#X: {{f: null | {alternative}, g!: null | {alternative}}}");
        assert_eq!(judge(&apart, r#"{"g":null}"#), valid, "{apart}");
        let named = format!("#Y: {alternative}, #X: {{g?: #Y, f: null | #Y}}");
        assert_eq!(judge(&named, "{}"), valid, "{named}");
    }
}

#[test]
fn what_leaves_one_alternative_of_a_field_makes_it_concrete() {
    for (value, valid) in [
        (r#"("x" | "y") & !~"y$""#, true),
        (r#"("x" | "y") & ("y" | "z")"#, true),
        (r#"("x" | 1) & string"#, true),
        (r#"("x" | "y") & string"#, false),
        ("({k: 1} | {k!: int}) & {k: 1, m: 2}", true),
        ("({k: 1} | {k: 2}) & {k: >1}", true),
    ] {
        assert_eq!(judge(&format!("#X: a: {value}"), "{}"), valid, "{value}");
    }
}

#[test]
fn the_key_is_found_while_an_event_is_judged() {
    let instance = compile(&text("order.cue"));
    let captures = vec![vec!["customer".into(), "id".into()]];
    let options = Options { captures, ..Options::default() };
    let lowered = lower::program(&instance, "#Order", &Limits::default(), &options);
    for event in text("order.valid.ndjson").lines() {
        let tree: serde_json::Value = serde_json::from_str(event).unwrap();
        let range =
            lowered.program.check_capturing(event.as_bytes(), vet::Limits::default()).captured[0].clone().unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&event[range]).unwrap(), tree["customer"]["id"]);
    }
}

#[test]
fn what_doubles_at_each_reference_is_left_to_the_evaluator() {
    let chain: String = (0..40).map(|at| format!("#A{at}: #A{next} & #A{next}\n", next = at + 1)).collect();
    for source in [
        format!("#X: #A0\n{chain}#A40: {{z?: int}}\n"),
        "#X: {c: #B}\n#B: {a?: 1, #B} & {b?: 2, #B}\n".to_owned(),
        "#X: {c?: #B}\n#B: {a?: [#B], a?: [#B], b?: {c?: #B, c?: #B} & #B}\n".to_owned(),
    ] {
        let lowered = lower(&source, "#X");
        assert!(!residuals(&lowered).is_empty(), "{source}");
    }
}
