//! The workloads' events get the verdicts, and the places, that are written down beside them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test may panic as the test itself may")]

use vet::{Limits, Program, Verdict};

mod workload;

fn judge(program: &Program, name: &str) {
    for line in workload::lines(&format!("{name}.valid.ndjson")) {
        assert_eq!(program.check(line.as_bytes()), Verdict::Accept, "{line}");
    }
    let expected = workload::lines(&format!("{name}.invalid.expected.ndjson"));
    let events = workload::lines(&format!("{name}.invalid.ndjson"));
    assert_eq!(events.len(), expected.len());
    for (line, expected) in events.iter().zip(expected) {
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        match program.check(line.as_bytes()) {
            Verdict::Reject(violation) => assert_eq!(violation.pointer, expected["at"], "{expected} {line}"),
            verdict => panic!("{verdict:?} {expected} {line}"),
        }
    }
}

#[test]
fn orders() {
    judge(&workload::order(false), "order");
}

#[test]
fn identities() {
    judge(&workload::identity(), "identity");
}

#[test]
fn the_captured_value_is_found_in_the_same_pass() {
    let program = workload::order(true);
    for line in workload::lines("order.valid.ndjson") {
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        let range = program.check_capturing(line.as_bytes(), Limits::default()).captured[0].clone().unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line[range]).unwrap(), event["orderId"]);
    }
}

#[test]
fn several_values_are_captured_wherever_they_stand() {
    let mut builder = vet::Builder::new();
    let any = builder.any();
    let inner = builder.structure(vet::StructRule::new(any).optional("b", any));
    let root = builder.structure(vet::StructRule::new(any).optional("a", inner));
    let other = builder.structure(vet::StructRule::new(any).required("c", any));
    let either = builder.any_of([root, other]);
    for paths in [[vec!["a", "b"], vec!["a"], vec!["c", "d"]], [vec!["a"], vec![], vec!["a", "b"]]] {
        for rule in [root, either] {
            let mut builder = builder.clone();
            for (index, path) in paths.iter().enumerate() {
                assert_eq!(builder.capture(path.iter().copied()), Some(index));
            }
            let program = builder.finish(rule).unwrap();
            let document = r#" {"a":{"b":[1]},"c":{"e":2}} "#;
            let captured = program.check_capturing(document.as_bytes(), Limits::default()).captured;
            for (path, place) in paths.iter().zip(&captured) {
                let expected = match **path {
                    ["a", "b"] => Some("[1]"),
                    ["a"] => Some(r#"{"b":[1]}"#),
                    ["c", "d"] => None,
                    _ => Some(document.trim()),
                };
                assert_eq!(place.clone().map(|place| &document[place]), expected, "{path:?}");
            }
        }
    }
}
