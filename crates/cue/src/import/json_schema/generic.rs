//! The table of keywords, and those that are for values of any type.

use std::ops::RangeInclusive;

use super::{
    Version, array, combine,
    extract::{ALL, Extractor, Schema, Type},
    node::{Content, NodeId},
    object, scalar,
    syntax::{ident, joined},
};
use crate::{kind::Kind, syntax::ast::BinaryOp};

/// Keywords are read in this many rounds, since some need what others found: `required` the `properties`.
pub(super) const PHASES: usize = 5;

type Run = fn(&mut Extractor<'_>, &mut Schema, &str, NodeId);

/// A keyword: when it is read, in which drafts, and what it adds.
pub(super) struct Keyword {
    name: &'static str,
    pub(super) phase: usize,
    pub(super) versions: RangeInclusive<Version>,
    pub(super) run: Run,
}

const fn from(version: Version) -> RangeInclusive<Version> {
    version..=Version::Draft2020
}

const EVERY: RangeInclusive<Version> = from(Version::Draft4);

const fn keyword(name: &'static str, phase: usize, versions: RangeInclusive<Version>, run: Run) -> Keyword {
    Keyword { name, phase, versions, run }
}

impl Keyword {
    /// Whether schemas of a version have the keyword.
    pub(super) fn is_in(&self, version: Version) -> bool {
        match version {
            Version::OpenApi => self.versions.contains(&version) || OPEN_API.contains(&self.name),
            _ => self.versions.contains(&version),
        }
    }
}

/// Keywords that OpenAPI took from the drafts.
const OPEN_API: [&str; 29] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "deprecated",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
];

/// What is known of a keyword.
pub(super) fn find(name: &str) -> Option<&'static Keyword> {
    KEYWORDS.iter().find(|keyword| keyword.name == name)
}

use Version::{Draft4, Draft6, Draft7, Draft2019, Draft2020, OpenApi};

static KEYWORDS: &[Keyword] = &[
    keyword("$anchor", 1, from(Draft2019), not_yet),
    keyword("$comment", 2, from(Draft7), nothing),
    keyword("$defs", 2, EVERY, definitions_of),
    keyword("$dynamicAnchor", 1, from(Draft2020), not_yet),
    keyword("$dynamicRef", 1, from(Draft2020), not_yet),
    keyword("$id", 1, from(Draft6), |extractor, schema, _, node| extractor.set_id(schema, node)),
    keyword("$recursiveAnchor", 1, from(Draft2019), not_yet),
    keyword("$recursiveRef", 1, from(Draft2019), not_yet),
    keyword("$ref", 2, EVERY, |extractor, schema, _, node| extractor.add_reference(schema, node)),
    keyword("$schema", 0, EVERY, |extractor, schema, _, node| extractor.set_version(schema, node)),
    keyword("$vocabulary", 1, from(Draft2019), not_yet),
    keyword("additionalItems", 4, Draft4..=Draft2019, array::additional_items),
    keyword("additionalProperties", 4, EVERY, object::additional_properties),
    keyword("allOf", 3, EVERY, combine::all_of),
    keyword("anyOf", 3, EVERY, combine::any_of),
    keyword("const", 2, from(Draft6), constant),
    keyword("contains", 2, from(Draft6), array::contains),
    keyword("contentEncoding", 2, from(Draft7), nothing),
    keyword("contentMediaType", 2, from(Draft7), nothing),
    keyword("contentSchema", 1, from(Draft2019), not_yet),
    keyword("default", 2, EVERY, nothing),
    keyword("definitions", 2, EVERY, definitions_of),
    keyword("dependencies", 2, EVERY, object::dependencies),
    keyword("dependentRequired", 1, from(Draft2019), object::dependencies),
    keyword("dependentSchemas", 1, from(Draft2019), object::dependencies),
    keyword("deprecated", 2, from(Draft2019), |extractor, schema, _, node| {
        schema.info.deprecated |= extractor.boolean(node);
    }),
    keyword("description", 2, EVERY, |extractor, schema, _, node| {
        schema.info.description = extractor.text(node).unwrap_or_default();
    }),
    keyword("discriminator", 1, OpenApi..=OpenApi, not_yet),
    keyword("else", 1, from(Draft7), |_, schema, _, node| schema.alternative = Some(node)),
    keyword("enum", 2, EVERY, enumeration),
    keyword("example", 1, OpenApi..=OpenApi, not_yet),
    keyword("examples", 2, from(Draft6), |extractor, _, key, node| _ = extractor.items(key, node, true)),
    keyword("exclusiveMaximum", 2, EVERY, scalar::exclusive_maximum),
    keyword("exclusiveMinimum", 2, EVERY, scalar::exclusive_minimum),
    keyword("externalDocs", 1, OpenApi..=OpenApi, not_yet),
    keyword("format", 1, EVERY, scalar::format),
    keyword("id", 1, Draft4..=Draft4, |extractor, schema, _, node| extractor.set_id(schema, node)),
    keyword("if", 1, from(Draft7), |_, schema, _, node| schema.condition = Some(node)),
    keyword("items", 2, EVERY, array::items),
    keyword("maxContains", 1, from(Draft2019), |extractor, schema, key, node| {
        schema.contains_max = scalar::count(extractor, key, node);
    }),
    keyword("maxItems", 2, EVERY, array::max_items),
    keyword("maxLength", 2, EVERY, scalar::max_length),
    keyword("maxProperties", 2, EVERY, object::max_properties),
    keyword("maximum", 3, EVERY, scalar::maximum),
    keyword("minContains", 1, from(Draft2019), |extractor, schema, key, node| {
        schema.contains_min = scalar::count(extractor, key, node);
    }),
    keyword("minItems", 2, EVERY, array::min_items),
    keyword("minLength", 2, EVERY, scalar::min_length),
    keyword("minProperties", 1, EVERY, object::min_properties),
    keyword("minimum", 3, EVERY, scalar::minimum),
    keyword("multipleOf", 2, EVERY, scalar::multiple_of),
    keyword("not", 3, EVERY, combine::not),
    keyword("nullable", 2, OpenApi..=OpenApi, |_, schema, _, _| schema.is_nullable = Some(schema.at)),
    keyword("oneOf", 3, EVERY, combine::one_of),
    keyword("pattern", 2, EVERY, scalar::pattern),
    keyword("patternProperties", 3, EVERY, object::pattern_properties),
    keyword("prefixItems", 1, from(Draft2020), array::prefix_items),
    keyword("properties", 2, EVERY, object::properties),
    keyword("propertyNames", 2, from(Draft6), object::property_names),
    keyword("readOnly", 1, from(Draft7), not_yet),
    keyword("required", 3, EVERY, object::required),
    keyword("then", 1, from(Draft7), |_, schema, _, node| schema.consequence = Some(node)),
    keyword("title", 2, EVERY, |extractor, schema, _, node| {
        schema.info.title = extractor.text(node).unwrap_or_default();
    }),
    keyword("type", 2, EVERY, types),
    keyword("unevaluatedItems", 1, from(Draft2019), not_yet),
    keyword("unevaluatedProperties", 1, from(Draft2019), not_yet),
    keyword("uniqueItems", 2, EVERY, array::unique_items),
    keyword("writeOnly", 1, from(Draft7), not_yet),
    keyword("xml", 1, OpenApi..=OpenApi, not_yet),
];

/// What says nothing of values.
fn nothing(_: &mut Extractor<'_>, _: &mut Schema, _: &str, _: NodeId) {}

/// What has no counterpart.
fn not_yet(extractor: &mut Extractor<'_>, _: &mut Schema, key: &str, node: NodeId) {
    if extractor.options.strict_features {
        extractor.error(node, format!("keyword {key:?} not yet implemented"));
    }
}

fn definitions_of(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    definitions(extractor, schema, key, node);
}

/// Adds the schemas that an object names as definitions.
pub(super) fn definitions(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    extractor.define_all(schema, key, node);
}

fn constant(extractor: &mut Extractor<'_>, schema: &mut Schema, _: &str, node: NodeId) {
    let kind = extractor.node(node).kind();
    let value = extractor.constant(node);
    schema.add_to_all(value);
    schema.info.allowed = schema.info.allowed.and(kind);
    schema.info.known = schema.info.known.and(kind);
}

fn enumeration(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let (mut values, mut kinds) = (Vec::new(), Kind::BOTTOM);
    for item in extractor.items(key, node, true) {
        let kind = extractor.node(item).kind();
        if schema.info.allowed.intersects(kind) {
            values.push(extractor.constant(item));
            kinds = kinds.or(kind);
        }
    }
    schema.info.known = schema.info.known.and(kinds);
    schema.info.allowed = schema.info.allowed.and(kinds);
    if let Some(any) = joined(BinaryOp::Or, values) {
        schema.add_to_all(any);
    }
}

fn types(extractor: &mut Extractor<'_>, schema: &mut Schema, _: &str, node: NodeId) {
    let names = match &extractor.node(node).content {
        Content::String(_) => vec![node],
        Content::Array(_) if schema.version == OpenApi => {
            return extractor.error(node, format!("value of \"type\" must be a string in {}", OpenApi.address()));
        }
        Content::Array(names) => names.clone(),
        _ => return extractor.error(node, "value of \"type\" must be a string or list of strings"),
    };
    let mut kinds = Kind::BOTTOM;
    for name in names {
        let Some(text) = extractor.text(name) else { continue };
        kinds = kinds.or(match text.as_str() {
            "null" => Kind::NULL,
            "boolean" => Kind::BOOL,
            "string" => Kind::STRING,
            "number" => Kind::NUMBER,
            "integer" => Kind::INT,
            "array" => Kind::LIST,
            "object" => Kind::STRUCT,
            _ => {
                extractor.error(name, format!("unknown type {text:?}"));
                ALL
            }
        });
    }
    schema.is_array |= kinds.contains(Kind::LIST);
    if kinds.and(Kind::NUMBER) == Kind::INT {
        schema.add(Type::Number, ident("int"));
    }
    schema.info.allowed = schema.info.allowed.and(kinds);
}
