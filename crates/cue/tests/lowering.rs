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
        }
    "##;
    let instance = compile(source);
    let lowered = lower::program(&instance, "#Event", &Limits::default(), &Options::default());
    assert_eq!(residuals(&lowered), ["span.end: the operand of a bound is not known before the data is"]);
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
        (r#"{"span":{"start":1,"end":2}}"#, false),
        (r#"{"span":{"start":2,"end":1}}"#, false),
        (r#"{"span":{"start":"x","end":1}}"#, true),
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
    assert_eq!(decided, 40);
}

#[test]
fn what_cannot_be_lowered_is_named() {
    for (source, expected) in [
        ("#X: {a: string, b: a}", "b: it refers to the field a beside it or around it"),
        ("#X: {for k in [\"a\"] {(k): int}}", "fields come from a for clause"),
        ("#X: {a!: string, \"\\(a)_x\"?: int}", "the name of a field is computed"),
        ("#X: {A=a?: string, b?: A}", "b: it refers to the field A beside it or around it"),
        (
            "import \"list\"\n#X: {a: [...{b?: int}] & list.MaxItems(3)}",
            "a.[]: it is not known what closes the elements of a validated list",
        ),
        ("#X: #X & {a: int}", "it refers to itself, or through too many other definitions"),
        ("import \"time\"\n#X: {a: time.Unix(1, 2)}", "a: time.Unix is not known before the data is"),
    ] {
        let lowered = lower(source, "#X");
        assert_eq!(residuals(&lowered)[0], expected, "{source}");
        assert_eq!(lowered.program.islands().count(), lowered.program.islands().count().max(1), "{source}");
    }
    assert_eq!(residuals(&lower("#X: {}", "#X.a")), ["the expression is not the name of a definition or field"]);
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
