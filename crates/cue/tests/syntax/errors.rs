//! The words and places of errors.

use crate::{parse, report};

fn errors_of(text: &str) -> Vec<String> {
    parse(text).map_or_else(|errors| report(text, &errors), |_| Vec::new())
}

#[test]
fn tokens_that_are_none() {
    let cases = [
        ("a: 1\u{FEFF}\n", "1:5: illegal byte order mark"),
        ("a: \"\0\"\n", "1:5: illegal character NUL"),
        ("a: \u{FFFD}\n", "1:4: illegal character U+FFFD '\u{FFFD}'"),
        ("a: ..\n", "1:4: illegal token '..'; expected '.'"),
        ("__#x: 1\n", "1:1: illegal token \"__#x\""),
        ("a: \"\\u12\"\n", "1:9: illegal character U+0022 '\"' in escape sequence"),
        ("a: \"\"\"\n\ta \n  b\n\t\"\"\"\n", "1:4: non-matching whitespace for multiline strings"),
        ("a: \"\"\"x\n", "1:4: expected newline after multiline quote \"\"\""),
        ("a: \"x\\(1 + 2) y\n", "1:13: string literal not terminated"),
        ("\"\\(\u{FFFD}", "1:4: illegal character U+FFFD '\u{FFFD}'"),
        ("@foo\n", "1:6: invalid attribute: expected '('"),
        ("a: 0x\n", "1:4: illegal hexadecimal number"),
        ("a: 1__0\n", "1:6: illegal '_' in number"),
        ("a: \"\"\"\n\t\"\"\r\"b\n\t\"\"\"\n", "2:4: illegal carriage return between quotes"),
        ("a: 01\n", "1:4: illegal integer number"),
    ];
    for (text, expected) in cases {
        assert_eq!(errors_of(text).first().map(String::as_str), Some(expected), "{text:?}");
    }
}

#[test]
fn phrases_that_are_none() {
    let cases = [
        ("a: {\n", "1:6: expected '}', found 'EOF'"),
        ("a: {", "1:5: expected '}', found 'EOF'"),
        ("a: [1, 2\n", "1:10: expected ']', found 'EOF'"),
        ("package #foo\n", "1:13: invalid package name #foo"),
        ("import \"a b\"\n", "1:8: invalid import path: \"a b\""),
        ("a~X: 1\n", "1:2: postfix alias syntax requires @experiment(aliasv2)"),
        ("a: b...\n", "1:5: postfix ... operator requires @experiment(explicitopen)"),
        ("a: 1 b: 2\n", "1:6: missing ',' in struct literal"),
        ("a: <-5\n", "1:4: expected operand, found '<-'"),
        ("a b: 1\n", "1:3: expected label or ':', found 'IDENT' b"),
        ("__a: 1\n", "1:1: identifiers starting with '__' are reserved"),
        ("[a,b]: 1\n", "1:1: square bracket must have exactly one element"),
        ("for x in y {}\nelse {}\n", "2:6: expected label or ':', found '{'"),
        ("a: (X=3)\n", "1:6: expected ')', found '='"),
        ("X=3\n", "1:5: expected label or ':', found 'EOF'"),
        ("@experiment(foo)\na: 1\n", "2:1: parsing experiments for version \"v0.17.1\": unknown experiment \"foo\""),
    ];
    for (text, expected) in cases {
        assert_eq!(errors_of(text), [expected], "{text:?}");
    }
}

#[test]
fn several_errors_are_all_told_in_the_order_of_the_text() {
    let expected =
        ["2:6: missing ',' in struct literal", "4:4: string literal not terminated", "5:5: illegal hexadecimal number"];
    assert_eq!(errors_of("a: {\nb: 1 2\nc: ]\nd: \"x\n e: 0x\n"), expected);
}

#[test]
fn forms_of_all_versions_are_accepted() {
    let texts = [
        "X=a: 3, b: X",
        "a: X={b: X.c, c: 1}",
        "[X=string]: name: X",
        "X=[string]: {a: 1}",
        "X=(\"a\"): 1",
        "if: 1, for: 2, let: 3, in: 4, true: 5, null: 6",
        "a: if",
        "@experiment(aliasv2)\na~X: 1\nb~(K,V): K",
        "@experiment(try)\ntry {a: b?}\ntry x = y? {a: x} else {c: 1}\nfor x in y {} otherwise {}\nfor x in y {} fallback {}",
        "@experiment(explicitopen)\na: b...",
        "a?: 1, b!: 2, \"c\"?: 3, (d): 4, \"\\(e)\": 5",
        "a: [\n\t1\n\t2\n]",
        "#A: _#b, _#b: 1",
        "a: #\"x\\#(b)\"#, b: ##'''\n\tc\n\t'''##",
        "a: b[1:2], c: b[:], d: b[1]",
        "package a\nimport (\n\t\"b\"\n\tc \"d.org/e:f\"\n)\n",
        "a: ==1",
    ];
    for text in texts {
        assert_eq!(errors_of(text), [""; 0], "{text:?}");
    }
}
