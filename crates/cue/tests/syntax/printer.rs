//! Trees back to text.

use cue::syntax::ast::Decl;
use cue::syntax::pos::{FileId, SourceFile};
use cue::syntax::{ParseOptions, parse_file, print_compact, print_expr, print_file};
use proptest::prelude::*;

use crate::{parse, parse_one};

fn format(text: &str) -> String {
    let source = SourceFile::new("x.cue", text);
    let file = parse_file(&source, FileId(0), &ParseOptions::default()).expect("the text is well-formed");
    print_file(&file, Some(&source))
}

/// The value of the only field, without comments and places; parentheses show as they group.
fn shape(text: &str) -> String {
    let file = parse(text).map_err(|errors| format!("{errors:?}\n{text}")).expect("well-formed");
    let field = file.decls.iter().find_map(|decl| match decl {
        Decl::Field(field) => Some(field),
        _ => None,
    });
    let field = field.expect("the text has a field");
    print_compact(&field.value)
}

#[test]
fn files_are_set_in_the_usual_form() {
    let text = "// Header.\n\npackage   x\nimport \"strings\"\n\n\n\n#A:{  // an A\na: 1 // one\nlonger :string\n\n\n\
                b?:   [1,2,\n3]\n  // last\n}\nx: y: z: 1+2*3 \n\"q\"!: *1|int\n[string]:#A\nfor k,v in x {\"\\(k)\":v}\n\
                if a {b}\nlet  w =2\n s: \"\"\"\n   a\n     b\n   \"\"\"\n@attr( x)\n...\n";
    insta::assert_snapshot!(format(text), @r#"
    // Header.

    package x

    import "strings"

    #A: {// an A
    	a:      1 // one
    	longer: string

    	b?: [1, 2,
    		3]
    	// last
    }
    x: y: z: 1 + 2*3
    "q"!:     *1 | int
    [string]: #A
    for k, v in x {"\(k)": v}
    if a {b}
    let w = 2
    s: """
    	a
    	  b
    	"""
    @attr( x)
    ...
    "#);
}

#[test]
fn operators_are_set_apart_by_how_loosely_they_bind() {
    let cases = [
        ("a+b", "a + b"),
        ("a*b", "a * b"),
        ("a+b*c", "a + b*c"),
        ("f(a+b,c)", "f(a+b, c)"),
        ("x[a+b:c]", "x[a+b : c]"),
        ("a - -b", "a - -b"),
        ("a|b&c", "a | b & c"),
        ("(((a)))", "(a)"),
        (">=0&<10", ">=0 & <10"),
        ("{}", "{}"),
        ("[ ]", "[]"),
    ];
    for (text, expected) in cases {
        let source = SourceFile::new("x.cue", text);
        let expr = cue::syntax::parse_expr(&source, FileId(0), &ParseOptions::default()).expect("well-formed");
        assert_eq!(print_expr(&expr, Some(&source)), expected);
    }
}

#[test]
fn trees_without_a_source_get_a_line_for_each_declaration() {
    let expr = parse_one("{a: 1, bc: {d: [1, 2]}}");
    assert_eq!(print_expr(&expr, None), "{\n\ta: 1\n\tbc: {\n\t\td: [1, 2]\n\t}\n}");
}

#[test]
fn errors_show_expressions_on_one_line() {
    let cases = [
        ("{a: 0 | *1\n a\n (a * 0)}", "{a:(0|*1),a,(a * 0)}"),
        ("[1K, 1.50, \"a\\n\", ...int]", "[1000,1.50,\"a\\n\",...int]"),
        ("a & b.c[\"x-y\"] + len(\"\\(a)b\", 1)", "(a & (b.c[\"x-y\"] + len(\"\\(a)b\", 1)))"),
        (
            "{for k, v in x if v {\"\\(k)\": v}, [string]: int, \"a-b\"?: 1, \"c\"!: 2, ...}",
            "{for k, v in x if v {\"\\(k)\":v},[string]:int,\"a-b\"?:1,c!:2,...}",
        ),
        ("x[1:] & !y & >=5", "((x[1:] & !y) & >=5)"),
    ];
    for (text, expected) in cases {
        assert_eq!(print_compact(&parse_one(text)), expected);
    }
}

#[test]
fn comments_are_all_kept() {
    let text = "// a\n\n// b\nx: { // c\n\t// d\n\n\t// e\n\ty: 1 // f\n\t// g\n}\n// h\nz: [\n\t// i\n\t1, // j\n\t// k\n]\n\nu: 1 | // l\n\t2\n\n// m\n";
    let printed = format(text);
    for name in "abcdefghijklm".chars() {
        assert!(printed.contains(&format!("// {name}")), "{name} is lost:\n{printed}");
    }
    assert_eq!(format(&printed), printed);
}

/// Words between tokens: none of them ends a declaration where it must not end.
fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![5 => Just(" "), 1 => Just("  "), 1 => Just("\t"), 1 => Just("\n"), 1 => Just("\n\n"), 1 => Just(" // c\n")]
}

fn leaf() -> impl Strategy<Value = String> {
    let words = [
        "a", "_b", "#C", "_#d", "_", "1", "0x1F", "1.5e3", "2Ki", "\"s\"", "'b'", "#\"r\"#", "null", "true", "_|_",
        "\"\"", "{}", "[]",
    ];
    prop::sample::select(words.map(str::to_owned).to_vec())
}

fn expr() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 40, 4, |inner| {
        let binary = prop::sample::select(vec!["|", "&", "||", "&&", "==", "!=", "<", "=~", "+", "-", "*", "/"]);
        let unary = prop::sample::select(vec!["-", "+", "!", "*", "<", ">=", "!=", "=~"]);
        let label = prop::sample::select(vec![
            "a",
            "\"b c\"",
            "#D",
            "_h",
            "[string]",
            "(a)",
            "\"\\(a)\"",
            "x?",
            "y!",
            "if",
            "X=z",
        ]);
        let decl = prop_oneof![
            4 => (label, space(), inner.clone()).prop_map(|(label, space, value)| format!("{label}:{space}{value}")),
            1 => inner.clone().prop_map(|value| format!("({value})")),
            1 => inner.clone().prop_map(|value| format!("let l = {value}")),
            1 => inner.clone().prop_map(|value| format!("if {value} {{a: 1}}")),
            1 => inner.clone().prop_map(|value| format!("for k, v in {value} {{\"\\(k)\": v}}")),
            1 => Just("@t(x, y)".to_owned()),
        ];
        let separator = prop::sample::select(vec![", ", "\n", "\n\n", " // c\n", ",\n"]);
        prop_oneof![
            (inner.clone(), binary, space(), inner.clone()).prop_map(|(a, op, space, b)| format!("{a} {op}{space}{b}")),
            (unary, inner.clone()).prop_map(|(op, a)| format!("{op} ({a})")),
            (space(), inner.clone()).prop_map(|(space, a)| format!("({space}{a})")),
            inner.clone().prop_map(|a| format!("({a}).b")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}:]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("f({a}, {b})")),
            inner
                .clone()
                .prop_filter("strings are on one line", |a| !a.contains('\n'))
                .prop_map(|a| format!("\"x\\({a})y\"")),
            (prop::collection::vec(inner.clone(), 1..4), prop::sample::select(vec![", ", ",\n", "\n"]))
                .prop_map(|(all, separator)| format!("[{}]", all.join(separator))),
            (prop::collection::vec(decl, 1..4), separator, space())
                .prop_map(|(all, separator, space)| format!("{{{space}{}}}", all.join(separator))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_keeps_the_tree(value in expr()) {
        let text = format!("x: {value}\n");
        prop_assume!(parse(&text).is_ok());
        let printed = format(&text);
        prop_assert_eq!(shape(&text), shape(&printed), "{}", printed);
    }

    #[test]
    fn printing_without_a_source_keeps_the_tree(value in expr()) {
        let text = format!("x: {value}\n");
        let Ok(file) = parse(&text) else { return Ok(()) };
        let printed = print_file(&file, None);
        prop_assert_eq!(shape(&text), shape(&printed), "{}", printed);
    }

    #[test]
    fn no_text_breaks_the_parser(text in "[ -~\\n\\t\u{0}é]{0,60}") {
        if let Ok(file) = parse(&text) {
            let printed = print_file(&file, Some(&SourceFile::new("x.cue", text.as_str())));
            prop_assert!(parse(&printed).is_ok(), "{:?} became {:?}", text, printed);
        }
    }

    #[test]
    fn no_words_break_the_parser(words in prop::collection::vec(word(), 0..25)) {
        let text = words.concat();
        if let Ok(file) = parse(&text) {
            let printed = print_file(&file, Some(&SourceFile::new("x.cue", text.as_str())));
            prop_assert!(parse(&printed).is_ok(), "{:?} became {:?}", text, printed);
        }
    }
}

fn word() -> impl Strategy<Value = &'static str> {
    let words = [
        "a", "b", "_", "#D", "1", "0.5", "\"s\"", "\"\\(", ")\"", "{", "}", "[", "]", "(", ")", ":", "?", "!", ",",
        "\n", " ", ".", "...", "=", "|", "&", "*", "+", "-", "<", "=~", "for ", "if ", "in ", "let ", "@x(", "// c\n",
        "\"\"\"\n", "\n\"\"\"", "_|_",
    ];
    prop::sample::select(words.to_vec())
}
