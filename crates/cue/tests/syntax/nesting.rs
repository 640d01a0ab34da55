//! Deep and long inputs: the limit decides, not the stack.

use cue::syntax::pos::{FileId, SourceFile};
use cue::syntax::{ParseLimits, ParseOptions, parse_file, print_file};

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
fn chains_end_at_their_limit() {
    for (start, link) in [("a: 1", "+1"), ("a: b", ".c"), ("a: b", "()")] {
        let text = |links: usize| format!("{start}{}", link.repeat(links));
        assert!(parse(&text(99_999)).is_ok(), "{link}");
        let long = text(100_001);
        let errors = report(&long, &parse(&long).expect_err("too long"));
        assert!(errors[0].ends_with("expression exceeds maximum chain length of 100000"), "{link} {errors:?}");
    }
}

#[test]
fn what_is_deep_or_long_is_printed_without_overflow() {
    let deep = |open: &str, close: &str| format!("x: {}1{}", open.repeat(2_000), close.repeat(2_000));
    let texts = [
        deep("[", "]"),
        deep("{a: ", "}"),
        deep("a: ", ""),
        deep("-", ""),
        deep("f(1+", ")"),
        format!("x: 1{}", "+1".repeat(20_000)),
    ];
    for text in texts {
        let file = parse(&text).expect("the text is well-formed");
        let source = SourceFile::new("x.cue", text.as_str());
        for printed in [print_file(&file, Some(&source)), print_file(&file, None)] {
            assert!(parse(&printed).is_ok());
        }
    }
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
