//! Decoding and quoting of literals.

use cue::syntax::ast::Expr;
use cue::syntax::literal::{
    Lines, Text, decode_fragments, decode_text, is_identifier, quote_bytes, quote_label, quote_string,
};

use crate::parse_one;

fn string(text: &str) -> Text {
    Text::String(text.to_owned())
}

#[test]
fn literals_stand_for_their_text() {
    let cases = [
        (r#""""#, string("")),
        (r#""a\tb\u00e9\U0001F600\/\\""#, string("a\tb\u{e9}\u{1F600}/\\")),
        (r#""\ud83d\ude00""#, string("\u{1F600}")),
        (r###"#"a"b\n\#n"#"###, string("a\"b\\n\n")),
        ("#\"\"\"#", string("\"")),
        (r###"#"""#"###, string("\"")),
        ("\"\"\"\n\ta\n\n\t b\n\t\"\"\"", string("a\n\n b")),
        ("\"\"\"\r\n\ta\r\n\tb\r\n\t\"\"\"", string("a\nb")),
        ("\"\"\"\n\ta \\\n\tb\n\t\"\"\"", string("a b")),
        ("\"\"\"\n\t\"\"\"", string("")),
        ("\"\"\"\n\tx \"\"\" y\n\t\"\"\"", string("x \"\"\" y")),
        (r"'\xff\101a\''", Text::Bytes(vec![0xFF, b'A', b'a', b'\''])),
    ];
    for (raw, expected) in cases {
        assert_eq!(decode_text(raw), Ok(expected), "{raw}");
    }
}

#[test]
fn broken_literals_are_told() {
    let cases = [
        (r#""\ud800""#, "unmatched surrogate pair"),
        (r#""\udc00\ud800""#, "unmatched surrogate pair"),
        (r#""\uD800\u0041""#, "unmatched surrogate pair"),
        (r#""\xff""#, "invalid syntax"),
        (r#""a"#, "invalid string: unmatched quote"),
        ("\"\"\"\n\ta\"\"\"", "invalid string: closing quote of multiline string must follow a newline"),
        (
            "\"\"\"\n  a\n\t\"\"\"",
            "invalid string: non-matching whitespace for multiline string (expected \"\\t\", got \"  \")",
        ),
        ("\"\"\"\n\ta\\\n\t\"\"\"", "last newline of multiline string cannot be escaped"),
    ];
    for (raw, expected) in cases {
        assert_eq!(decode_text(raw).expect_err(raw).to_string(), expected, "{raw}");
    }
}

#[test]
fn interpolations_are_decoded_by_fragment() {
    let Expr::Interpolation(interpolation) = &parse_one("\"\"\"\n\ta\\(b)c\n\td \\(e + \"\\(f)\")\n\t\"\"\"") else {
        panic!("the text is interpolated");
    };
    let fragments = decode_fragments(interpolation).expect("the literal is well-formed");
    assert_eq!(fragments, [string("a"), string("c\nd "), string("")]);
}

#[test]
fn texts_are_quoted_with_few_escapes() {
    assert_eq!(quote_string("a\"b\\é\n\u{2028}\u{1}", Lines::One), r#""a\"b\\é\n\u2028\u0001""#);
    assert_eq!(quote_string("a\n\tb\n", Lines::Many(1)), "\"\"\"\n\ta\n\t\\tb\n\n\t\"\"\"");
    assert_eq!(quote_string("a\"\"\"\nb", Lines::Many(0)), "#\"\"\"\na\"\"\"\nb\n\"\"\"#");
    assert_eq!(quote_bytes(b"a'\xff\x01\n", Lines::One), r"'a\'\xff\x01\n'");
    assert_eq!(quote_bytes(b"a\n\nb", Lines::Many(1)), "'''\n\ta\n\n\tb\n\t'''");
}

#[test]
fn labels_are_quoted_where_they_must_be() {
    let plain = ["a", "$x", "é", "if", "true", "a_1"];
    let quoted = ["", "x-y", "_x", "#x", "1", "a b"];
    plain.iter().for_each(|name| assert_eq!(quote_label(name), *name));
    quoted.iter().for_each(|name| assert_eq!(quote_label(name), format!("\"{name}\"")));
    assert!(is_identifier("_#x") && is_identifier("_1") && !is_identifier("_#1") && !is_identifier("1a"));
}
