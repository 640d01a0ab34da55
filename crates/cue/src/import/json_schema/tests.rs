//! Schemas and the files that they become.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

use super::{Options, Version, extract};
use crate::syntax::pos::{FileId, SourceFile};
use crate::syntax::{ParseLimits, parse_json, print_file};

/// The file for a schema, or what is wrong with it and where.
fn cue(schema: &str, options: &Options) -> String {
    let source = SourceFile::new("schema.json", schema);
    let document = parse_json(&source, FileId(0), &ParseLimits::default()).unwrap();
    match extract(&document, options) {
        Ok(file) => print_file(&file, None),
        Err(errors) => errors.iter().fold(String::new(), |mut out, error| {
            let (line, column) = source.line_column(error.pos.offset);
            writeln!(out, "{line}:{column}: {error}").unwrap();
            out
        }),
    }
}

#[test]
fn schemas_become_files() {
    let mut shown = String::new();
    for schema in [
        r##"{"title": "Order", "description": "What is bought.", "type": "object", "required": ["id"], "additionalProperties": false,
            "properties": {"id": {"type": "integer", "minimum": 1, "description": "Unique."}, "note": {"type": ["string", "null"]}}}"##,
        r##"{"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": {"a": {"type": "string"}, "b-c": {"$ref": "#/$defs/a"}},
            "properties": {"x": {"$ref": "#/$defs/b-c"}, "y": {"type": "array", "items": {"$ref": "#"}}}}"##,
        r##"{"properties": {"a": {"$ref": "#/properties/b"}, "b": {"type": "string"}}}"##,
        r##"{"oneOf": [{"type": "string", "minLength": 2}, {"type": "integer"}], "not": {"const": 5}}"##,
        r##"{"type": "object", "patternProperties": {"^x": {"type": "number"}}, "properties": {"y": {}}, "additionalProperties": {"type": "string"}}"##,
        r##"{"type": "object", "dependentRequired": {"a": ["b"], "c-d": ["e"]}}"##,
        r##"{"type": "array", "prefixItems": [{"type": "string"}], "items": false, "contains": {"const": "x"}, "uniqueItems": true}"##,
        r##"{"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}, "type": "object"}"##,
        r##"{"type": "object", "properties": {"time": {"type": "string", "format": "date-time"}}}"##,
        r##"{"enum": ["a", 1.50, null, {"x": [true]}]}"##,
        r##"{"$id": "https://example.com/a", "properties": {"x": {"$ref": "b.json#/definitions/c"}}}"##,
        "true",
    ] {
        writeln!(shown, "{schema}\n---\n{}", cue(schema, &Options::default())).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_is_no_schema_is_refused_where_it_stands() {
    let strict = Options { strict_keywords: true, strict_features: true, ..Options::default() };
    for (schema, options, expected) in [
        (r#"{"type": "text"}"#, Options::default(), "1:3: unknown type \"text\"\n"),
        (r##"{"$ref": "#/definitions/x"}"##, Options::default(), "1:3: reference to non-existent schema\n"),
        (r##"{"$ref": "#x"}"##, Options::default(), "1:3: anchors (x) not supported\n"),
        (
            r#"{"pattern": "("}"#,
            Options::default(),
            "1:3: invalid regexp \"(\": error parsing regexp: missing closing ): `(`\n",
        ),
        (
            r#"{"minItems": -1}"#,
            Options::default(),
            "1:3: value of \"minItems\" must be a non-negative integer value\n",
        ),
        (r#"{"properties": [1]}"#, Options::default(), "1:3: \"properties\" expected an object, found list\n"),
        (
            r#"{"unevaluatedProperties": false}"#,
            strict.clone(),
            "1:3: keyword \"unevaluatedProperties\" not yet implemented\n",
        ),
        (r#"{"tpye": "string"}"#, strict, "1:3: unknown keyword \"tpye\"\n"),
        (
            "{\"a\": true}",
            Options { root: Some("/b".to_owned()), ..Options::default() },
            "1:1: root value at path /b does not exist\n",
        ),
    ] {
        assert_eq!(cue(schema, &options), expected, "{schema}");
    }
}

#[test]
fn a_collection_of_schemas_becomes_definitions() {
    let schemas =
        r##"{"components": {"schemas": {"A": {"$ref": "#/components/schemas/B"}, "B": {"type": "string"}}}}"##;
    let options = Options {
        package: Some("api".to_owned()),
        version: Version::Draft7,
        root: Some("/components/schemas".to_owned()),
        ..Options::default()
    };
    assert_eq!(cue(schemas, &options), "package api\n\n#A: #B\n#B: string\n");
}

#[test]
fn deep_schemas_are_read() {
    let deep = format!("{}true{}", r#"{"not":"#.repeat(3000), "}".repeat(3000));
    assert!(cue(&deep, &Options::default()).contains("matchN(0, [matchN(0, ["));
}
