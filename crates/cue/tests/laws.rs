//! Laws of the language, on schemas and documents made at random: unification is commutative, associative and
//! idempotent, top changes nothing, and the order of fields in a document does not matter.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cue::{Instance, Limits, Schema, SourceFile, VetOptions};
use proptest::{prelude::*, sample::select};

/// A schema for one value, as CUE text. Defaults are left out: a marked alternative is a preference between conjuncts, and
/// preferences do not associate.
fn schema() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "_", "int", "number", "float", "string", "bool", "null", "1", "2", "1.5", "\"a\"", "\"ab\"", "true", ">1",
        "<=2", ">=1 & <5", "!=2", "=~\"^a\"", "!~\"b\"", "!=\"a\"", "int8", "!=null", "[...]", "{...}",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 24, 3, |inner| {
        let field = (select(vec!["a", "b", "c"]), select(vec!["", "?", "!"]), inner.clone());
        let fields = prop::collection::vec(field, 0..3);
        prop_oneof![
            fields.clone().prop_map(|fields| struct_text(&fields)),
            fields.prop_map(|fields| format!("close({})", struct_text(&fields))),
            inner.clone().prop_map(|value| format!("{{[=~\"^[ab]\"]: {value}}}")),
            inner.clone().prop_map(|value| format!("[...{value}]")),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|values| format!("[{}]", values.join(", "))),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("({one} | {two})")),
            (inner.clone(), inner).prop_map(|(one, two)| format!("({one} & {two})")),
        ]
    })
}

fn struct_text(fields: &[(&str, &str, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, mark, value)| format!("{name}{mark}: {value}")).collect();
    format!("{{{}}}", fields.join(", "))
}

fn document() -> impl Strategy<Value = String> {
    let leaf = select(vec!["1", "2", "3", "1.5", "-1", "\"a\"", "\"ab\"", "\"c\"", "true", "false", "null"]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 16, 3, |inner| {
        let field = (select(vec!["a", "b", "c", "d"]), inner.clone());
        prop_oneof![
            prop::collection::btree_map(select(vec!["a", "b", "c", "d"]), inner.clone(), 0..4)
                .prop_map(|fields| object_text(&fields.into_iter().collect::<Vec<_>>())),
            prop::collection::vec(inner, 0..3).prop_map(|values| format!("[{}]", values.join(", "))),
            field.prop_map(|(name, value)| format!("{{\"{name}\": {value}}}")),
        ]
    })
}

fn object_text(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("{{{}}}", fields.join(", "))
}

/// Whether the value of an expression accepts a document.
fn accepts(expression: &str, document: &str) -> bool {
    let file = SourceFile::new("./laws.cue", format!("value: {expression}\n"));
    let schema = Instance::compile(vec![file], &Limits::default())
        .and_then(|instance| Schema::new(&instance, "value", VetOptions::default()));
    schema.is_ok_and(|schema| schema.vet_json(document.as_bytes(), "./data.json").is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unification_is_commutative(a in schema(), b in schema(), data in document()) {
        prop_assert_eq!(accepts(&format!("{a} & {b}"), &data), accepts(&format!("{b} & {a}"), &data));
    }

    #[test]
    fn unification_is_associative(a in schema(), b in schema(), c in schema(), data in document()) {
        prop_assert_eq!(accepts(&format!("({a} & {b}) & {c}"), &data), accepts(&format!("{a} & ({b} & {c})"), &data));
    }

    #[test]
    fn unification_is_idempotent(a in schema(), data in document()) {
        prop_assert_eq!(accepts(&format!("{a} & {a}"), &data), accepts(&a, &data));
    }

    #[test]
    fn top_changes_nothing(a in schema(), data in document()) {
        prop_assert_eq!(accepts(&format!("{a} & _"), &data), accepts(&a, &data));
    }

    #[test]
    fn alternatives_commute(a in schema(), b in schema(), data in document()) {
        prop_assert_eq!(accepts(&format!("{a} | {b}"), &data), accepts(&format!("{b} | {a}"), &data));
    }

    #[test]
    fn what_both_accept_their_unification_accepts(a in schema(), data in document()) {
        prop_assert_eq!(accepts(&format!("{a} & {data}"), &data), accepts(&a, &data));
    }

    #[test]
    fn the_order_of_fields_in_a_document_does_not_matter(
        a in schema(),
        fields in prop::collection::btree_map(select(vec!["a", "b", "c", "d"]), document(), 2..4),
        shuffle in any::<prop::sample::Index>(),
    ) {
        let mut fields: Vec<(&str, String)> = fields.into_iter().collect();
        let straight = accepts(&a, &object_text(&fields));
        let by = shuffle.index(fields.len());
        fields.rotate_left(by);
        prop_assert_eq!(accepts(&a, &object_text(&fields)), straight);
        fields.reverse();
        prop_assert_eq!(accepts(&a, &object_text(&fields)), straight);
    }
}
