//! Generated definitions and documents: the program that is made of a definition accepts only what the evaluator accepts,
//! and rejects only what it rejects.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cue::lower::{self, Options};
use cue::{Instance, Limits, Schema, SourceFile, VetOptions};
use proptest::prelude::*;
use vet::Verdict;

/// Names of fields; few, so that documents often have them.
const NAMES: [&str; 5] = ["a", "b", "c", "kind", "xb"];
const SCALARS: [&str; 18] = [
    "int",
    "string",
    "bool",
    "number",
    "float",
    "_",
    ">=1",
    "int & <3",
    "number & >0 & <=2",
    "!=1",
    r#""x" | "y""#,
    r#"=~"^x""#,
    r#"!~"y$""#,
    r#"*"x" | string"#,
    "*1 | int",
    "null | string",
    "strings.MinRunes(2)",
    "matchN(1, [int, >1])",
];

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(&NAMES[..]).prop_map(String::from)
}

fn scalar() -> impl Strategy<Value = String> {
    prop::sample::select(&SCALARS[..]).prop_map(String::from)
}

/// What a struct holds besides fields.
fn extra(inner: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("...".to_owned()),
        2 => inner.clone().prop_map(|value| format!("[=~\"^x\"]: {value}")),
        1 => Just("a!: int, b?: >=a".to_owned()),
        1 => Just("a: int, c: a + 1".to_owned()),
        1 => Just("a!: string, b: \"\\(a)-x\"".to_owned()),
        1 => inner.clone().prop_map(|value| format!("kind!: \"x\" | \"y\", if kind == \"x\" {{c!: {value}}}")),
        1 => inner.clone().prop_map(|value| format!("a?: int, if a != _|_ {{b!: {value}}}")),
        1 => inner.prop_map(|value| format!("for k in [\"a\", \"x1\"] {{(k)?: {value}}}")),
        1 => Just("a!: [string]: int, for k, v in a {\"x\\(k)\"?: >=v}".to_owned()),
        1 => Just("[K=string]: {a?: K, b?: c: K}".to_owned()),
        1 => Just("struct.MaxFields(2)".to_owned()),
        1 => prop::sample::select(vec!["#A", "#B"]).prop_map(String::from),
    ]
}

/// A definition's value, of structs most of the time; it may refer to `#A` and `#B`.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![5 => scalar(), 1 => prop::sample::select(vec!["#A", "#B"]).prop_map(String::from)];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let mark = prop::sample::select(vec!["!", "?", ""]);
        let field = (name(), mark, inner.clone()).prop_map(|(name, mark, value)| format!("{name}{mark}: {value}"));
        let structs = (prop::collection::vec(field, 1..4), prop::option::weighted(0.4, extra(inner.clone().boxed())))
            .prop_map(|(mut fields, extra)| {
                fields.extend(extra);
                format!("{{{}}}", fields.join(", "))
            })
            .boxed();
        let case =
            |word: &'static str| inner.clone().prop_map(move |value| format!("{{kind!: \"{word}\", a?: {value}}}"));
        prop_oneof![
            6 => structs.clone(),
            1 => inner.clone().prop_map(|value| format!("[...{value}]")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, ...({b})]")),
            1 => scalar().prop_map(|value| format!("[...({value})] & list.MaxItems(2)")),
            1 => (case("x"), case("y")).prop_map(|(a, b)| format!("({a} | {b})")),
            1 => (structs.clone(), structs).prop_map(|(a, b)| format!("({a} & {b})")),
        ]
    })
}

fn document() -> impl Strategy<Value = String> {
    let scalars = ["null", "true", "0", "1", "2", "1.0", "2.5", r#""x""#, r#""y""#, r#""xy""#, r#""x-x""#];
    let scalar = prop::sample::select(scalars.to_vec()).prop_map(String::from);
    scalar.prop_recursive(3, 16, 4, |inner| {
        let names = prop::sample::select(vec!["a", "b", "c", "kind", "kind", "x1", "z"]);
        let members = prop::collection::btree_map(names, inner.clone(), 0..4);
        prop_oneof![
            5 => members.prop_map(|members| {
                let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
            1 => prop::collection::vec(inner, 0..3).prop_map(|elements| format!("[{}]", elements.join(","))),
        ]
    })
}

/// The documents, and pairs of them as structs.
fn combined(documents: &[String]) -> Vec<String> {
    let pairs = documents.iter().flat_map(|a| documents.iter().map(move |b| (a, b)));
    documents.iter().cloned().chain(pairs.map(|(a, b)| format!("{{\"kind\":{a},\"a\":{b}}}"))).collect()
}

proptest! {
    // About 20,000 pairs of definitions and documents; `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn the_program_is_never_surer_than_the_evaluator(
        values in [value(), value(), value()],
        documents in prop::collection::vec(document(), 4..12),
    ) {
        let [a, b, x] = values;
        let source = format!(
            "import (\n\"list\"\n\"strings\"\n\"struct\"\n)\n_used: [list.MaxItems, strings.MinRunes, struct.MaxFields]\n\
             #B: {b}\n#A: {{{{n?: int}} | {{b?: string}}}}\n#X: {x}\n"
        );
        let source = if a.contains('#') { source } else { source.replace("{{n?: int} | {b?: string}}", &a) };
        let files = vec![SourceFile::new("./schema.cue", source.as_str())];
        // Definitions that contradict themselves, or refer to themselves without end, make no schema.
        let Ok(instance) = Instance::compile(files, &Limits::default()) else { return Ok(()) };
        let Ok(schema) = Schema::new(&instance, "#X", VetOptions::default()) else { return Ok(()) };
        let lowered = lower::program(&instance, "#X", &Limits::default(), &Options::default());
        for document in combined(&documents) {
            let verdict = lowered.program.check(document.as_bytes());
            let valid = schema.vet_json(document.as_bytes(), "data.json").is_ok();
            match verdict {
                Verdict::Accept => prop_assert!(valid, "accepts {document}\n{source}"),
                Verdict::Reject(_) => prop_assert!(!valid, "rejects {document}\n{source}"),
                Verdict::Unsure(_) => {}
                Verdict::Malformed(malformed) => prop_assert!(false, "{malformed}: {document}"),
            }
        }
    }
}
