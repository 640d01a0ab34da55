//! Generated schemas and documents: where the program decides, `jsonschema` says the same.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use json_schema::{Draft, Options, uri};
use proptest::prelude::*;
use referencing::Registry;
use serde_json::{Map, Value, json};
use vet::Verdict;

const DRAFTS: [Draft; 5] = [Draft::Draft4, Draft::Draft6, Draft::Draft7, Draft::Draft201909, Draft::Draft202012];
const NAMES: [&str; 5] = ["a", "b", "ab", "c", "\u{e9}"];
const PATTERNS: [&str; 6] = ["^a", "b$", r"^\w+$", "^(a|c)", r"^[^\s]$", "(?=a)"];

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(&NAMES[..]).prop_map(String::from)
}

fn number() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(-1),
        json!(0),
        json!(1),
        json!(1.0),
        json!(1.5),
        json!(2),
        json!(3),
        json!(0.25),
        json!(1e3),
    ])
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        name().prop_map(Value::from),
        Just(json!("a b"))
    ]
}

fn document() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::btree_map(name(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A keyword with a value; drafts differ in which of them they know.
fn keyword(inner: BoxedStrategy<Value>) -> impl Strategy<Value = (String, Value)> {
    let schemas = || prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from);
    let members = |names: BoxedStrategy<String>| {
        let map = prop::collection::btree_map(names, inner.clone(), 1..4);
        map.prop_map(|members| Value::Object(members.into_iter().collect()))
    };
    let names = || prop::collection::btree_set(name(), 1..3).prop_map(|names| json!(names));
    let kind = || prop::sample::select(vec!["null", "boolean", "integer", "number", "string", "array", "object"]);
    let count = || (0_u64..4).prop_map(Value::from);
    let pattern = || prop::sample::select(&PATTERNS[..]).prop_map(String::from);
    let of = |keyword: &'static str, value: BoxedStrategy<Value>| (Just(keyword.to_owned()), value);
    let one = |keywords: &'static [&'static str], value: BoxedStrategy<Value>| {
        (prop::sample::select(keywords).prop_map(String::from), value)
    };
    prop_oneof![
        3 => of("type", kind().prop_map(Value::from).boxed()),
        1 => of("type", prop::collection::btree_set(kind(), 1..4).prop_map(|kinds| json!(kinds)).boxed()),
        1 => of("enum", prop::collection::vec(document(), 1..3).prop_map(Value::from).boxed()),
        1 => of("const", document().boxed()),
        3 => one(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], number().boxed()),
        1 => of("multipleOf", prop::sample::select(vec![json!(1), json!(0.5), json!(2), json!(0.25)]).boxed()),
        2 => one(&["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"], count().boxed()),
        1 => one(&["minContains", "maxContains"], count().boxed()),
        1 => of("pattern", pattern().prop_map(Value::from).boxed()),
        1 => of("uniqueItems", any::<bool>().prop_map(Value::from).boxed()),
        1 => of("required", names().boxed()),
        4 => one(&["properties", "dependentSchemas", "$defs"], members(name().boxed()).boxed()),
        1 => of("patternProperties", members(pattern().boxed()).boxed()),
        3 => one(&["additionalProperties", "propertyNames", "items", "additionalItems", "contains"], inner.clone()),
        1 => one(&["unevaluatedProperties", "unevaluatedItems"], inner.clone()),
        2 => one(&["not", "if", "then", "else"], inner.clone()),
        2 => one(&["allOf", "anyOf", "oneOf", "items", "prefixItems"], schemas().boxed()),
        1 => of("dependentRequired", prop::collection::btree_map(name(), names(), 1..3).prop_map(|map| json!(map)).boxed()),
        1 => of("dependencies", prop::collection::btree_map(name(), prop_oneof![names(), inner.clone()], 1..3)
            .prop_map(|map| json!(map)).boxed()),
        1 => of("$ref", prop::sample::select(vec![json!("#"), json!("#/$defs/a"), json!("#/properties/b")]).boxed()),
        1 => of("format", prop::sample::select(vec![json!("date"), json!("ipv4"), json!("unknown")]).boxed()),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    any::<bool>().prop_map(Value::from).prop_recursive(4, 40, 5, |inner| {
        prop::collection::vec(keyword(inner.boxed()), 1..6)
            .prop_map(|keywords| Value::Object(keywords.into_iter().collect::<Map<String, Value>>()))
    })
}

/// The documents, and pairs of them as arrays and as objects.
fn combined(documents: &[Value]) -> Vec<Value> {
    let pairs = documents.iter().flat_map(|a| documents.iter().map(move |b| (a, b)));
    let arrays = pairs.clone().map(|(a, b)| json!([a, b]));
    let objects = pairs.map(|(a, b)| json!({"a": a, "b": b}));
    documents.iter().cloned().chain(arrays).chain(objects).collect()
}

proptest! {
    // About 140,000 pairs of schemas and documents; `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig { cases: 6 * ProptestConfig::default().cases, ..ProptestConfig::default() })]

    #[test]
    fn the_program_judges_as_jsonschema(
        draft in prop::sample::select(&DRAFTS[..]),
        schema in schema(),
        documents in prop::collection::vec(document(), 1..12),
    ) {
        // Most schemas are valid; those that are not say nothing here.
        let Ok(validator) = jsonschema::options().with_draft(draft).build(&schema) else { return Ok(()) };
        let registry = Registry::new().draft(draft).add("json-schema:///", &schema).unwrap().prepare();
        let Ok(registry) = registry else { return Ok(()) };
        let address = uri::from_str("json-schema:///").unwrap();
        let lowered = json_schema::program(&registry, address, draft, &Options::default());
        for document in combined(&documents) {
            let text = document.to_string();
            match lowered.program.check(text.as_bytes()) {
                Verdict::Accept => prop_assert!(validator.is_valid(&document), "{draft:?} {schema} accepts {text}"),
                Verdict::Reject(_) => prop_assert!(!validator.is_valid(&document), "{draft:?} {schema} rejects {text}"),
                Verdict::Unsure(_) => prop_assert!(!lowered.residuals.is_empty(), "{draft:?} {schema} doubts {text}"),
                Verdict::Malformed(malformed) => prop_assert!(false, "{malformed}: {text}"),
            }
        }
    }
}
