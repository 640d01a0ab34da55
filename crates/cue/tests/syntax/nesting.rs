//! Deep and long inputs: the limit decides, not the stack.

use cue::syntax::pos::{FileId, SourceFile};
use cue::syntax::{ParseLimits, ParseOptions, parse_file};

use crate::{parse, report};

#[test]
fn nesting_up_to_the_limit_is_fine_and_one_more_is_not() {
    for (open, close) in [("[", "]"), ("(", ")"), ("{a: ", "}"), ("-", ""), ("f(", ")"), ("\"\\(", ")\"")] {
        let text = |depth: usize| format!("x: {}1{}", open.repeat(depth), close.repeat(depth));
        assert!(parse(&text(9_999)).is_ok(), "{open}");
        let deep = text(10_000);
        let errors = report(&deep, &parse(&deep).expect_err("too deep"));
        assert!(errors[0].ends_with("expression exceeds maximum nesting depth of 10000"), "{open} {errors:?}");
    }
}

#[test]
fn chains_of_labels_count_as_nesting() {
    assert!(parse(&format!("{}1", "a: ".repeat(10_000))).is_ok());
    assert!(parse(&format!("{}1", "a: ".repeat(10_001))).is_err());
}

#[test]
fn long_chains_of_operators_are_dropped_without_recursion() {
    assert!(parse(&format!("a: 1{}", "+1".repeat(100_000))).is_ok());
    assert!(parse(&format!("a: b{}", ".c".repeat(100_000))).is_ok());
}

#[test]
fn brackets_in_attributes_are_bounded() {
    assert!(parse(&format!("@a{}{}", "(".repeat(10_000), ")".repeat(10_000))).is_ok());
    assert!(parse(&format!("@a{}{}", "(".repeat(10_001), ")".repeat(10_001))).is_err());
    assert!(parse(&"@a".repeat(20_000)).is_err());
}

#[test]
fn longer_texts_than_the_limit_are_refused() {
    let limits = ParseLimits { source_bytes_max: 4, ..ParseLimits::default() };
    let options = ParseOptions { limits, ..ParseOptions::default() };
    let parse = |text: &str| parse_file(&SourceFile::new("x.cue", text), FileId(0), &options);
    assert!(parse("a: 1").is_ok());
    let errors = parse("a: 12").expect_err("too long");
    assert_eq!(errors[0].message, "source is 5 bytes, the limit is 4");
}
