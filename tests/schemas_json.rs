//! Products of JSON Schema files: what is accepted, what is refused, and what an owner reads about a mistake.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod descriptions;

use descriptions::{load, problems};
use serde_json::{Value, json};
use sluice::catalog::{Catalog, Rejection, Violation};

fn check(catalog: &Catalog, kind: &str, payload: &str) -> Result<(), Rejection> {
    catalog.types[kind].validator.check(payload.as_bytes())
}

fn violations(catalog: &Catalog, kind: &str, payload: &str) -> Vec<Violation> {
    match check(catalog, kind, payload) {
        Err(Rejection::Invalid(violations)) => violations,
        other => panic!("{payload}: {other:?}"),
    }
}

#[test]
fn each_file_is_an_event_type_of_its_name() {
    let catalog =
        load(&[("shop/order.schema.json", "{}"), ("shop/refund.schema.json", "{}"), ("bare.schema.json", "{}")]);
    let products: Vec<_> = catalog.products.iter().map(|product| (&*product.name, product.types.len())).collect();
    assert_eq!(products, [("bare", 1), ("shop", 2)]);
    let order = &catalog.types["order"];
    assert_eq!((&*order.topic.name, &*order.schema_path), ("order", "/v1/products/shop/schemas/order"));
    assert!(catalog.only_type().is_none());
    assert_eq!(catalog.topics().len(), 3);
}

#[test]
fn every_violation_is_reported_with_its_place() {
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["id", "n"],
        "properties": {"id": {"type": "string", "pattern": "^[a-z]+$"}, "n": {"type": "integer", "maximum": 9}, "a/b": {"items": {"minimum": 1}}}
    });
    let catalog = load(&[("t.schema.json", &schema.to_string())]);
    assert_eq!(check(&catalog, "t", r#"{"id": "a", "n": 9}"#), Ok(()));
    let found = violations(&catalog, "t", r#"{"id": "A", "x": 1, "y": 2, "a/b": [1, 0]}"#);
    insta::assert_json_snapshot!(found);
}

#[test]
fn payloads_that_are_no_json_or_have_a_key_twice_are_malformed() {
    let catalog = load(&[("t.schema.json", "{}")]);
    let malformed = |payload: &str| match check(&catalog, "t", payload) {
        Err(Rejection::Malformed { message, offset }) => (message, offset),
        other => panic!("{payload}: {other:?}"),
    };
    assert_eq!(malformed("{\"a\": 1, \"a\": 2}"), ("duplicate key \"a\"".to_owned(), 11));
    assert_eq!(malformed("nul").1, 2);
}

#[test]
fn references_lead_to_files_of_the_folder() {
    let catalog = load(&[
        (
            "p/order.schema.json",
            r##"{"$id": "https://acme.example/schemas/order.schema.json", "properties": {"to": {"$ref": "parts/address.json"}, "by": {"$ref": "urn:acme:person"}}}"##,
        ),
        (
            "p/parts/address.json",
            r##"{"$id": "https://acme.example/schemas/parts/address.json", "required": ["zip"], "properties": {"zip": {"$ref": "#/$defs/zip"}}, "$defs": {"zip": {"type": "string"}}}"##,
        ),
        ("p/person.json", r#"{"$id": "urn:acme:person", "type": "string"}"#),
        ("p/unused.json", "not even JSON"),
    ]);
    assert_eq!(check(&catalog, "order", r#"{"to": {"zip": "1"}, "by": "me"}"#), Ok(()));
    let found = violations(&catalog, "order", r#"{"to": {"zip": 1}, "by": 2}"#);
    assert_eq!(found.iter().map(|one| &*one.pointer).collect::<Vec<_>>(), ["/by", "/to/zip"]);
    let served: Vec<&str> = catalog.products[0].schemas.keys().map(|name| &**name).collect();
    assert_eq!(served, ["order", "parts/address.json", "person.json"]);
}

#[test]
fn references_that_lead_out_of_the_folder_are_mistakes() {
    let with = |reference: &str| {
        problems(&[
            ("p/a.schema.json", &format!("{{\n  \"$ref\": \"{reference}\"\n}}")),
            ("secret.json", "{}"),
            ("q/b.schema.json", "{}"),
        ])
    };
    let references = [
        "../secret.json",
        "/etc/passwd",
        "https://acme.example/x.json",
        "missing.json",
        "#/$defs/none",
        "file:///etc/passwd",
    ];
    insta::assert_snapshot!(references.map(with).join("\n"));
}

#[test]
fn mistakes_in_schemas_have_their_place_and_come_together() {
    insta::assert_snapshot!(problems(&[
        ("a/one.schema.json", "{\n  \"type\": \"object\",\n  \"properties\": {\"n\": {\"type\": \"int\"}}\n}"),
        ("a/two.schema.json", "{\"type\": \"string\",\n \"type\": \"number\"}"),
        ("b/three.schema.json", "{\"$ref\": \"part.json\"}"),
        ("b/part.json", "{\n\"minimum\": \"1\"}"),
        ("c/four.schema.json", "{\"pattern\": \"(\"}"),
        ("d/five.schema.json", "[]"),
        ("e/six.schema.json", ""),
    ]));
}

#[test]
fn a_type_that_is_described_twice_names_both_places() {
    let found = problems(&[
        ("a/order.schema.json", "{}"),
        ("b/order.schema.json", "{}"),
        ("b/or_der.schema.json", "{}"),
        ("b/or.der.schema.json", "{}"),
    ]);
    insta::assert_snapshot!(found);
}

#[test]
fn every_draft_is_known_by_its_schema_keyword() {
    // What each draft, and only some of them, take for a rule.
    let cases = [
        ("http://json-schema.org/draft-04/schema#", json!({"maximum": 3, "exclusiveMaximum": true}), "3"),
        ("http://json-schema.org/draft-06/schema#", json!({"exclusiveMaximum": 3}), "3"),
        ("http://json-schema.org/draft-07/schema#", json!({"if": {"const": 3}, "then": false}), "3"),
        ("https://json-schema.org/draft/2019-09/schema", json!({"dependentRequired": {"a": ["b"]}}), "{\"a\": 1}"),
        ("https://json-schema.org/draft/2020-12/schema", json!({"prefixItems": [{"type": "string"}]}), "[3]"),
    ];
    for (draft, mut schema, refused) in cases {
        schema["$schema"] = json!(draft);
        let catalog = load(&[("t.schema.json", &schema.to_string())]);
        assert!(check(&catalog, "t", refused).is_err(), "{draft} took {refused}");
        assert_eq!(check(&catalog, "t", "2"), Ok(()), "{draft}");
    }
}

#[test]
fn documents_are_served_as_they_are_registered() {
    let text = "{\n   \"type\": [\"string\", \"null\"] }\n";
    let catalog = load(&[("words/word.schema.json", text)]);
    let product = catalog.product("words").unwrap();
    let schema = &product.schemas["word"].0;
    assert_eq!(
        schema.iter().map(|one| (one.media_type, &*one.body)).collect::<Vec<_>>(),
        [("application/schema+json", text.as_bytes())]
    );
    let openapi: Value = serde_json::from_slice(&catalog.openapi.0[0].body).unwrap();
    assert_eq!(openapi["components"]["schemas"]["word"], json!({"type": "string", "nullable": true}));
}

#[test]
fn products_are_listed_and_found() {
    let catalog = load(&[("shop/order.schema.json", "{}"), ("fleet/trip status.schema.json", "{}")]);
    let names = |query| {
        catalog.listing(query)["products"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(None), ["fleet", "shop"]);
    assert_eq!(names(Some("TRIP fleet")), ["fleet"]);
    assert!(names(Some("trip shop")).is_empty());
    insta::assert_json_snapshot!(catalog.product("fleet").unwrap().details(&catalog));
}

#[test]
fn a_number_that_can_not_be_judged_is_a_violation_with_its_place() {
    // Lists with a rule between their elements are not compiled, so they are judged by the other validator.
    let schema = r#"{"properties": {"n": {"type": "array", "items": {"type": "number"}, "uniqueItems": true}}}"#;
    let catalog = load(&[("shop/order.schema.json", schema)]);
    let check = |payload: &str| catalog.types["order"].validator.check(payload.as_bytes());
    assert_eq!(check(r#"{"n": [1, 1e308]}"#), Ok(()));
    let Err(Rejection::Invalid(violations)) = check(r#"{"n": [1, 1e309]}"#) else { panic!("not refused as invalid") };
    let [Violation { pointer, path, rule, message }] = &violations[..] else { panic!("{violations:?}") };
    assert_eq!((&**pointer, &**path, &**rule), ("/n/1", "n.1", "number-range"));
    assert_eq!(message, "number is beyond 1.7e308, the largest that can be judged where a schema is not compiled");
}
