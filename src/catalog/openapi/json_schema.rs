//! JSON Schema (any draft) as schema objects of OpenAPI 3.0.
//!
//! OpenAPI 3.0 knows less: what it cannot say (conditions, pattern properties, tuples, dependencies) is left out, so that
//! the document allows all that the schema allows. The schema itself is served beside it and is what events are
//! checked against.

use cue::{export::tree::Json, number::Number};
use serde_json::{Map, Value, json};

/// Keywords that mean the same in OpenAPI 3.0 and hold no schemas.
const SAME: [&str; 17] = [
    "title",
    "description",
    "default",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "required",
    "readOnly",
    "writeOnly",
];

/// Keywords whose values are schemas that OpenAPI 3.0 takes too.
const LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// The components of a schema: itself under its name, and each of its definitions under `NAME.DEFINITION`.
pub(super) fn components(name: &str, schema: &Value) -> Vec<(String, Json)> {
    let mut all = vec![(name.to_owned(), tree(&converted(schema, name)))];
    for key in ["$defs", "definitions"] {
        let definitions = schema.get(key).and_then(Value::as_object).into_iter().flatten();
        all.extend(definitions.map(|(inner, schema)| (format!("{name}.{inner}"), tree(&converted(schema, name)))));
    }
    all.into_iter().map(|(name, node)| (component_name(&name), node)).collect()
}

/// A value of `serde_json` as a tree that can be printed with those of CUE.
fn tree(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => Number::from_json(&number.to_string()).map_or(Json::Null, Json::Number),
        Value::String(text) => Json::String(text.clone()),
        Value::Array(elements) => Json::Array(elements.iter().map(tree).collect()),
        Value::Object(fields) => Json::Object(fields.iter().map(|(key, value)| (key.clone(), tree(value))).collect()),
    }
}

/// With `-` for each character that the name of a component may not have.
fn component_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' }).collect()
}

fn converted(schema: &Value, root: &str) -> Value {
    let Value::Object(from) = schema else {
        // `true` allows everything, `false` nothing.
        return if schema == &Value::Bool(false) { json!({"not": {}}) } else { json!({}) };
    };
    if let Some(reference) = from.get("$ref").and_then(Value::as_str) {
        return reference_to(reference, root).map_or_else(|| json!({}), |target| json!({"$ref": target}));
    }
    let mut to: Map<String, Value> =
        SAME.iter().filter_map(|key| Some((key.to_string(), from.get(*key)?.clone()))).collect();
    put_type(from, &mut to);
    put_bounds(from, &mut to);
    put_inner(from, &mut to, root);
    if let Some(value) = from.get("const") {
        to.insert("enum".to_owned(), json!([value]));
    }
    if let Some(example) = from.get("examples").and_then(|list| list.get(0)) {
        to.insert("example".to_owned(), example.clone());
    }
    Value::Object(to)
}

/// `#/components/schemas/…` for a reference to the schema itself or to one of its definitions.
fn reference_to(reference: &str, root: &str) -> Option<String> {
    let inner = reference.strip_prefix('#')?;
    let definition = inner.strip_prefix("/$defs/").or(inner.strip_prefix("/definitions/"));
    let name = match definition {
        None if inner.is_empty() => root.to_owned(),
        None => return None,
        Some(name) if name.contains('/') => return None,
        Some(name) => format!("{root}.{}", name.replace("~1", "/").replace("~0", "~")),
    };
    Some(format!("#/components/schemas/{}", component_name(&name)))
}

/// One type stays, `null` becomes `nullable`, several become alternatives.
fn put_type(from: &Map<String, Value>, to: &mut Map<String, Value>) {
    let types: Vec<&Value> = match from.get("type") {
        Some(Value::Array(types)) => types.iter().collect(),
        Some(one) => vec![one],
        None => return,
    };
    let others: Vec<&Value> = types.iter().filter(|one| **one != "null").copied().collect();
    match others.as_slice() {
        [] => _ = to.insert("enum".to_owned(), json!([null])),
        [one] => _ = to.insert("type".to_owned(), (*one).clone()),
        _ if from.contains_key("anyOf") => {}
        several => {
            let alternatives: Vec<Value> = several.iter().map(|one| json!({"type": one})).collect();
            to.insert("anyOf".to_owned(), Value::Array(alternatives));
        }
    }
    if types.len() > others.len() && !others.is_empty() {
        to.insert("nullable".to_owned(), json!(true));
    }
}

/// A bound that excludes its value is a number in newer drafts and a flag in OpenAPI 3.0.
fn put_bounds(from: &Map<String, Value>, to: &mut Map<String, Value>) {
    for (bound, exclusive, is_tighter) in [
        ("minimum", "exclusiveMinimum", f64::ge as fn(&f64, &f64) -> bool),
        ("maximum", "exclusiveMaximum", f64::le as fn(&f64, &f64) -> bool),
    ] {
        if let Some(value) = from.get(bound) {
            to.insert(bound.to_owned(), value.clone());
        }
        match from.get(exclusive) {
            Some(flag @ Value::Bool(_)) => _ = to.insert(exclusive.to_owned(), flag.clone()),
            Some(value) => {
                let number = |value: &Value| value.as_f64().unwrap_or_default();
                if from.get(bound).is_none_or(|inclusive| is_tighter(&number(value), &number(inclusive))) {
                    to.insert(bound.to_owned(), value.clone());
                    to.insert(exclusive.to_owned(), json!(true));
                }
            }
            None => {}
        }
    }
}

fn put_inner(from: &Map<String, Value>, to: &mut Map<String, Value>, root: &str) {
    if let Some(Value::Object(properties)) = from.get("properties") {
        let each = properties.iter().map(|(name, schema)| (name.clone(), converted(schema, root)));
        to.insert("properties".to_owned(), Value::Object(each.collect()));
    }
    match from.get("additionalProperties") {
        // A pattern allows names that OpenAPI 3.0 has no word for.
        Some(_) if from.contains_key("patternProperties") => {}
        Some(flag @ Value::Bool(_)) => _ = to.insert("additionalProperties".to_owned(), flag.clone()),
        Some(schema) => _ = to.insert("additionalProperties".to_owned(), converted(schema, root)),
        None => {}
    }
    match from.get("items") {
        Some(schema @ (Value::Object(_) | Value::Bool(_))) if !from.contains_key("prefixItems") => {
            to.insert("items".to_owned(), converted(schema, root));
        }
        _ if to.get("type").is_some_and(|one| one == "array") => _ = to.insert("items".to_owned(), json!({})),
        _ => {}
    }
    for key in LISTS {
        if let Some(Value::Array(schemas)) = from.get(key) {
            to.insert(key.to_owned(), schemas.iter().map(|schema| converted(schema, root)).collect());
        }
    }
    // The negation of something that was loosened would be too strict: only plain values are negated.
    if let Some(schema) = from
        .get("not")
        .filter(|schema| schema.as_object().is_some_and(|not| not.keys().all(|key| key == "enum" || key == "type")))
    {
        to.insert("not".to_owned(), converted(schema, root));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(schema: Value) -> Value {
        let all = components("T", &schema);
        serde_json::from_str(&all[0].1.to_string()).unwrap()
    }

    #[test]
    fn newer_keywords_are_put_into_the_older_form() {
        assert_eq!(
            component(json!({"type": ["string", "null"], "const": "a"})),
            json!({"type": "string", "nullable": true, "enum": ["a"]})
        );
        assert_eq!(
            component(json!({"type": ["string", "integer"]})),
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]})
        );
        assert_eq!(
            component(json!({"exclusiveMinimum": 0, "maximum": 5})),
            json!({"minimum": 0, "exclusiveMinimum": true, "maximum": 5})
        );
        assert_eq!(component(json!({"minimum": 3, "exclusiveMinimum": 0})), json!({"minimum": 3}));
        assert_eq!(
            component(json!({"minimum": 3, "exclusiveMinimum": true})),
            json!({"minimum": 3, "exclusiveMinimum": true})
        );
        assert_eq!(
            component(json!({"properties": {"a": false}, "examples": [{}]})),
            json!({"properties": {"a": {"not": {}}}, "example": {}})
        );
    }

    #[test]
    fn what_cannot_be_said_is_left_out() {
        assert_eq!(
            component(json!({"if": {}, "then": {"type": "null"}, "$comment": "x", "not": {"minimum": 3}})),
            json!({})
        );
        assert_eq!(
            component(json!({"type": "array", "prefixItems": [{}], "items": false})),
            json!({"type": "array", "items": {}})
        );
        assert_eq!(component(json!({"$ref": "other.json"})), json!({}));
    }

    #[test]
    fn definitions_become_components() {
        let schema = json!({"$defs": {"a/b": {"$ref": "#"}}, "items": {"$ref": "#/$defs/a~1b"}});
        let all = components("my type", &schema);
        assert_eq!(all.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["my-type", "my-type.a-b"]);
        assert!(all[0].1.to_string().contains("#/components/schemas/my-type.a-b"));
        assert!(all[1].1.to_string().contains("#/components/schemas/my-type\""));
    }
}
