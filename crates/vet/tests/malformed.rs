//! What is JSON is decided as `serde_json` decides it, except that no object may name a member twice.

use vet::{Builder, Fault, Limits, ListRule, Malformed, StructRule, Verdict};

mod workload;

fn anything() -> vet::Program {
    let mut builder = Builder::new();
    let any = builder.any();
    builder.finish(any).expect("one rule makes a program")
}

fn is_malformed(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Malformed(_))
}

/// A number below `bound`, from a fixed sequence.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

fn mutate(document: &mut Vec<u8>, random: &mut Random) {
    const PIECES: &[&[u8]] = &[
        b"\"",
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"0",
        b"-",
        b".",
        b"e",
        b"1e5",
        b"\\u12",
        b"\\ud800",
        b"\\udc00",
        b"\\ud83d\\ude00",
        b"\x00",
        b"\x1f",
        b"\x7f",
        b"\xff",
        b"\xc3",
        b"\xa4",
        b"\xed\xa0\x80",
        b"null",
        b"tru",
        b" ",
        b"\t",
    ];
    let at = random.below(document.len() + 1);
    let end = (at + random.below(3)).min(document.len());
    match random.below(4) {
        0 => _ = document.splice(at..end, []),
        1 => document.truncate(at),
        _ => _ = document.splice(at..end, PIECES[random.below(PIECES.len())].iter().copied()),
    }
}

#[test]
fn mutated_documents_are_malformed_for_both_or_for_none() {
    let (order, any) = (workload::order(false), anything());
    let mut random = Random(42);
    let mut malformed = 0;
    for round in 0..20 {
        for line in workload::lines("order.valid.ndjson") {
            let mut document = line.into_bytes();
            (0..=round % 3).for_each(|_| mutate(&mut document, &mut random));
            let tree = serde_json::from_slice::<serde_json::Value>(&document);
            for verdict in [order.check(&document), any.check(&document)] {
                let twice =
                    matches!(&verdict, Verdict::Malformed(malformed) if malformed.fault == Fault::DuplicateMember);
                let huge = tree.as_ref().is_err_and(|error| error.to_string().contains("number out of range"));
                let agree = is_malformed(&verdict) == tree.is_err();
                assert!(agree || twice || huge, "{verdict:?} {tree:?} {}", String::from_utf8_lossy(&document));
            }
            malformed += usize::from(tree.is_err());
        }
    }
    assert!(malformed > 10_000 && malformed < 20_000, "{malformed} of 20000 mutated documents are malformed");
}

#[test]
fn faults_are_named_and_placed() {
    let any = anything();
    for (document, offset, message) in [
        (&b""[..], 0, "the document ends inside a value"),
        (b"  ", 2, "the document ends inside a value"),
        (b"{\"a\":1", 6, "the document ends inside a value"),
        (b"{\"a\" 1}", 5, "expected ':'"),
        (b"{a:1}", 1, "expected a name in quotes"),
        (b"{\"a\":1,}", 7, "expected a name in quotes"),
        (b"[1,]", 3, "expected a value"),
        (b"[1 2]", 3, "expected ',' or ']'"),
        (b"nulL", 3, "expected null, true or false"),
        (b"01", 1, "expected no digit behind a leading zero"),
        (b"1.x", 2, "expected a digit"),
        (b"1 2", 2, "unexpected text behind the document's value"),
        (b"\"a\nb\"", 2, "control character in a string"),
        (b"\"\\x\"", 1, "invalid escape in a string"),
        (b"\"\\ud800x\"", 1, "lone surrogate in a string"),
        (b"\"\\udc00\"", 1, "lone surrogate in a string"),
        (b"\"a\xffb\"", 2, "invalid UTF-8"),
        (b"[\xff]", 1, "expected a value"),
        (b"{\"a\":1,\"b\":2,\"\\u0061\":1}", 13, "an object names a member twice"),
        (b"\xef\xbb\xbf1", 0, "expected a value"),
    ] {
        let Verdict::Malformed(malformed) = any.check(document) else {
            panic!("{}", String::from_utf8_lossy(document))
        };
        let text = String::from_utf8_lossy(document);
        assert_eq!((malformed.offset, malformed.fault.to_string().as_str()), (offset, message), "{text}");
    }
}

#[test]
fn a_member_named_twice_is_found_in_every_sort_of_object() {
    for sort in 0..4 {
        let mut builder = Builder::new();
        let any = builder.any();
        let wide = (0..70).fold(StructRule::new(any), |rule, i| rule.optional(&format!("f{i}"), any));
        let wide = builder.structure(wide);
        let narrow = builder.structure(StructRule::new(any).optional("f1", any));
        let union = builder.any_of([narrow, wide]);
        let program = builder.finish([any, wide, narrow, union][sort]).unwrap();
        for document in
            [r#"{"f1":1,"f1":1}"#, r#"{"f1":1,"x":2,"f\u0031":1}"#, r#"{"x":1,"f1":2,"x":1}"#, r#"{"":1,"":1}"#]
        {
            assert!(is_malformed(&program.check(document.as_bytes())), "{document}");
        }
        let many: Vec<String> = (0..100).map(|i| format!("\"name{i}\":{{\"a\":{i}}}")).collect();
        assert_eq!(program.check(format!("{{{}}}", many.join(",")).as_bytes()), Verdict::Accept);
        let twice = format!("{{{},\"name7\":0}}", many.join(","));
        assert!(is_malformed(&program.check(twice.as_bytes())));
    }
}

#[test]
fn a_malformed_document_is_malformed_also_behind_a_broken_rule() {
    let mut builder = Builder::new();
    let never = builder.never();
    let program = builder.finish(never).unwrap();
    assert!(matches!(program.check(b"[1]"), Verdict::Reject(_)));
    assert!(is_malformed(&program.check(b"[1")));
    assert!(is_malformed(&program.check(br#"{"a":1,"a":2}"#)));
}

#[test]
fn nesting_is_taken_up_to_the_limit_and_no_deeper() {
    for depth_max in [1, 128, Limits::DEPTH_CEILING] {
        for recursive in [false, true] {
            let mut builder = Builder::new();
            builder.limits(Limits { depth_max, ..Limits::default() });
            let tree = builder.declare();
            let list = builder.list(ListRule::of(tree));
            let other = builder.list(ListRule { length_max: Some(3), ..ListRule::of(tree) });
            let any = builder.any();
            let both = builder.any_of([list, other]);
            builder.define(tree, if recursive { both } else { any });
            let program = builder.finish(tree).unwrap();
            let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
            assert_eq!(program.check(nested(depth_max).as_bytes()), Verdict::Accept);
            let fault = Fault::TooDeep(depth_max);
            let expected = Verdict::Malformed(Box::new(Malformed { offset: depth_max, fault }));
            assert_eq!(program.check(nested(depth_max + 1).as_bytes()), expected);
            assert_eq!(program.check("[".repeat(1_000_000).as_bytes()), expected);
        }
    }
}

#[test]
fn numbers_are_taken_up_to_the_limits_and_no_longer() {
    let mut builder = Builder::new();
    let any = builder.any();
    let program = builder.finish(any).unwrap();
    for (number_bytes_max, exponent_max) in [(1, 1), (3, 1), (8, 10), (17, 100), (18, 308), (40, 1000)] {
        let limits = Limits { number_bytes_max, exponent_max, ..Limits::default() };
        let judge = |number: &str| program.check_capturing(format!("[{number}]").as_bytes(), limits).verdict;
        let malformed = |fault| Verdict::Malformed(Box::new(Malformed { offset: 1, fault }));
        assert_eq!(judge(&"9".repeat(number_bytes_max)), Verdict::Accept);
        assert_eq!(judge(&"9".repeat(number_bytes_max + 1)), malformed(Fault::NumberTooLong(number_bytes_max)));
        for sign in ["", "-"] {
            let exponent = format!("1e{sign}{exponent_max}");
            if exponent.len() <= number_bytes_max {
                assert_eq!(judge(&exponent), Verdict::Accept);
            }
            let beyond = format!("1e{sign}{}", exponent_max + 1);
            assert_eq!(judge(&beyond), malformed(Fault::ExponentTooLarge(exponent_max)));
        }
    }
}
