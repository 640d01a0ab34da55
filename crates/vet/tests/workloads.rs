//! The workloads' events get the verdicts, and the places, that are written down beside them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test may panic as the test itself may")]

use vet::{Program, Verdict};

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
        let range = program.check_capturing(line.as_bytes()).captured.unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line[range]).unwrap(), event["orderId"]);
    }
}
