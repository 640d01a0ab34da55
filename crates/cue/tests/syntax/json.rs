//! JSON as input.

use cue::syntax::ast::{Expr, LitKind, UnaryOp};
use cue::syntax::pos::{FileId, SourceFile};
use cue::syntax::{ParseLimits, SyntaxError, parse_json};

fn parse(text: &str) -> Result<Expr, SyntaxError> {
    parse_json(&SourceFile::new("x.json", text), FileId(0), &ParseLimits::default())
}

#[test]
fn what_is_not_json_is_told_in_the_words_of_go() {
    let cases = [
        (r#"{"a":1,}"#, 7, "invalid character '}' looking for beginning of object key string"),
        (r#"{"a":01}"#, 6, "invalid character '1' after object key:value pair"),
        (r#"{"a":1}{"b":2}"#, 7, "invalid character '{' after top-level value"),
        ("{\"a\":\"b\nc\"}", 7, "invalid character '\\n' in string literal"),
        (r#"{"a":tru}"#, 8, "invalid character '}' in literal true (expecting 'e')"),
        (r#"{a:1}"#, 1, "invalid character 'a' looking for beginning of object key string"),
        (r#"{'a':1}"#, 1, "invalid character '\\'' looking for beginning of object key string"),
        (r#"[1,2"#, 3, "unexpected end of JSON input"),
        ("", 0, "unexpected end of JSON input"),
        (r#"{"a":1.}"#, 7, "invalid character '}' after decimal point in numeric literal"),
        (r#"{"a":1e}"#, 7, "invalid character '}' in exponent of numeric literal"),
        (r#"{"a":"\x"}"#, 7, "invalid character 'x' in string escape code"),
        (r#"{"a":"\u12x4"}"#, 10, "invalid character 'x' in \\u hexadecimal character escape"),
        ("{\"a\":\"\u{1}\"}", 6, "invalid character '\\x01' in string literal"),
        (r#"[1 2]"#, 3, "invalid character '2' after array element"),
        (r#"{"a" 1}"#, 5, "invalid character '1' after object key"),
        (r#"-"#, 0, "unexpected end of JSON input"),
        ("\u{FEFF}1", 0, "invalid character 'ï' looking for beginning of value"),
        (r#"é"#, 0, "invalid character 'Ã' looking for beginning of value"),
    ];
    for (text, offset, message) in cases {
        let error = parse(text).expect_err(text);
        assert_eq!((error.pos.offset, error.message.as_str()), (offset, message), "{text:?}");
    }
}

#[test]
fn values_keep_form_and_place() {
    let Expr::List(list) = &parse("    [1, 1.0, -2e3, \"a\", null, {}, []]").expect("this is JSON") else {
        panic!("an array is a list");
    };
    let kinds: Vec<_> = list
        .elements
        .iter()
        .map(|element| match element {
            Expr::Lit(lit) => (lit.pos.offset, Some(lit.kind), lit.raw.as_str()),
            Expr::Unary { pos, op: UnaryOp::Minus, .. } => (pos.offset, None, "-"),
            other => (other.pos().offset, None, ""),
        })
        .collect();
    let expected = [
        (5, Some(LitKind::Int), "1"),
        (8, Some(LitKind::Float), "1.0"),
        (13, None, "-"),
        (19, Some(LitKind::String), "\"a\""),
        (24, Some(LitKind::Null), "null"),
        (30, None, ""),
        (34, None, ""),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn keys_that_repeat_are_all_kept() {
    let Expr::Struct(lit) = &parse(r#"{"a":1,"a":2}"#).expect("this is JSON") else { panic!("an object is a struct") };
    assert_eq!(lit.decls.len(), 2);
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(10_000)).is_ok());
    let error = parse(&nested(10_001)).expect_err("one past the limit");
    assert_eq!((error.pos.offset, error.message.as_str()), (10_000, "invalid character '[' exceeded max depth"));
}

#[test]
fn longer_texts_than_the_limit_are_refused() {
    let limits = ParseLimits { source_bytes_max: 4, ..ParseLimits::default() };
    let parse = |text: &str| parse_json(&SourceFile::new("x.json", text), FileId(0), &limits);
    assert!(parse("1234").is_ok());
    assert_eq!(parse("12345").expect_err("too long").message, "source is 5 bytes, the limit is 4");
}
