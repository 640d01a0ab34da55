//! Values as schema objects.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{PathPart, path_text};
use crate::value::{BoundOp, FieldOptions, Operand, Shape};
use crate::{Constraint, Kind, Value};

use super::super::tree::Json;
use super::builder::{Builder, Entries, object};
use super::{Note, Options, Version, format};
use crate::regexp::Regexp;

/// Where schemas are referred to.
const COMPONENTS: &str = "#/components/schemas/";

/// Levels of definitions, fields and alternatives inside each other that are written out.
const DEPTH_MAX: usize = 200;

/// What the schemas of a document share.
pub(super) struct Context<'a> {
    options: &'a Options<'a>,
    schemas: BTreeMap<String, Json>,
    notes: Vec<Note>,
    /// Path of the value that is being described.
    path: Vec<PathPart>,
    /// Functions that are referred to by their name alone.
    builtins: BTreeSet<(String, &'static str)>,
    /// Definitions that are being described, also where they are referred to.
    open: Vec<Vec<PathPart>>,
    /// A definition that is replaced by itself.
    circle: Option<Vec<PathPart>>,
}

/// Whether a definition has a schema of its own: names that end in `_value` are helpers by convention.
pub(super) fn is_exported(name: &str) -> bool {
    name.starts_with('#') && !name.ends_with("_value")
}

impl<'a> Context<'a> {
    pub(super) fn new(options: &'a Options<'a>) -> Self {
        let (schemas, notes, path, builtins, open, circle) = Default::default();
        Self { options, schemas, notes, path, builtins, open, circle }
    }

    pub(super) fn finish(self) -> (Vec<(String, Json)>, Vec<Note>) {
        let Some(omit) = &self.options.omit else { return (self.schemas.into_iter().collect(), self.notes) };
        let schemas = self.schemas.into_iter().map(|(name, schema)| (name, without(schema, omit)));
        (schemas.collect(), self.notes)
    }

    /// The definition that references can't be replaced in, because they lead back to it.
    pub(super) fn circle(&self) -> Option<&[PathPart]> {
        self.circle.as_deref()
    }

    /// The name of the schema for a definition, if it has one.
    fn component_name(&self, path: &[PathPart]) -> Option<String> {
        match self.options.name {
            Some(name) => name(path),
            None => Some(component_name(path)),
        }
    }

    pub(super) fn note(&mut self, path: String, message: &str) {
        let note = Note { path, message: message.to_owned() };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn note_here(&mut self, message: &str) {
        self.note(path_text(&self.path), message);
    }

    /// Describes a definition under the name of its path.
    pub(super) fn add_definition(&mut self, name: &str, value: &Value) {
        let mut path = self.path.clone();
        path.push(PathPart::Special(name.into()));
        let Some(component) = self.component_name(&path) else { return };
        self.open.push(path);
        let schema = self.schema(PathPart::Special(name.into()), value);
        self.open.pop();
        self.schemas.insert(component, schema);
    }

    /// Describes the functions that fields refer to by name: of what they check, only the type can be said.
    pub(super) fn add_builtins(&mut self) {
        for (name, kind) in std::mem::take(&mut self.builtins) {
            let schema = if kind.is_empty() { Json::Object(Vec::new()) } else { object("type", kind.into()) };
            self.schemas.entry(name).or_insert(schema);
        }
    }

    /// The schema of a value at a place below the current one.
    fn schema(&mut self, part: PathPart, value: &Value) -> Json {
        self.path.push(part);
        let schema = if self.path.len() > DEPTH_MAX {
            self.note_here("levels below this one are left out");
            Json::Object(Vec::new())
        } else {
            stacker::maybe_grow(256 << 10, 4 << 20, || self.described(value))
        };
        self.path.pop();
        schema
    }

    fn described(&mut self, value: &Value) -> Json {
        let mut builder = Builder::default();
        builder.kind = type_of(value);
        builder.format = format::of(value).filter(|_| value.kind().intersects(FORMATTED));
        builder.deprecated = value.attributes().iter().any(|attribute| is_deprecated(attribute));
        let is_reference = self.constrain(&mut builder, value);
        let doc = value.doc();
        if is_reference {
            builder.kind = None;
        } else if !doc.trim().is_empty() {
            builder.set_single("description", doc.trim().into());
        }
        let format = builder.format;
        match (builder.finish(), format) {
            (Json::Object(mut entries), Some(format)) => {
                entries.retain(|(key, bound)| !format::implies(format, key, bound));
                Json::Object(entries)
            }
            (schema, _) => schema,
        }
    }

    /// Adds what a value demands; tells whether it is nothing but a reference.
    fn constrain(&mut self, builder: &mut Builder, value: &Value) -> bool {
        if builder.format.is_some() {
            self.shape(builder, value);
            self.default(builder, value);
            return false;
        }
        let mut references = BTreeSet::new();
        let mut rest = Vec::new();
        for operand in value.operands() {
            match self.reference(&operand) {
                Some(name) if references.insert(name.clone()) => {
                    builder.add(object("$ref", Json::String(format!("{COMPONENTS}{name}"))));
                }
                Some(_) => {}
                None => rest.push(operand),
            }
        }
        let is_reference = rest.is_empty() && references.len() == 1;
        self.operands(builder, value, &rest, references.is_empty());
        if references.is_empty() {
            self.default(builder, value);
        }
        is_reference
    }

    /// The name of the schema that an operand refers to, if there is one.
    fn reference(&mut self, operand: &Operand) -> Option<String> {
        match operand {
            _ if self.options.expand_references => None,
            Operand::Reference { path, .. } => {
                let exported = |part: &PathPart| matches!(part, PathPart::Special(name) if is_exported(name));
                if path.iter().all(exported) { self.component_name(path) } else { None }
            }
            Operand::Function { name, value } => {
                let name = name.rsplit('.').next().unwrap_or(name).to_owned();
                self.builtins.insert((name.clone(), type_of(value).unwrap_or("")));
                Some(name)
            }
            Operand::Alternatives(_) | Operand::Value(_) => None,
        }
    }

    /// Structs keep the alternatives that are written, so that these can refer to schemas; all else is evaluated first.
    fn operands(&mut self, builder: &mut Builder, value: &Value, rest: &[Operand], whole: bool) {
        if rest.is_empty() {
            return;
        }
        if !value.kind().contains(Kind::STRUCT) {
            let own = (!whole).then(|| Value::all(rest.iter().map(Operand::value)));
            return self.shape(builder, own.flatten().as_ref().unwrap_or(value));
        }
        for operand in rest {
            match operand {
                Operand::Alternatives(alternatives) => {
                    let alternatives: Vec<_> = alternatives.iter().map(|(value, _)| value.clone()).collect();
                    self.alternatives(builder, &alternatives);
                }
                Operand::Reference { path, value } => self.expanded(builder, path, value),
                other => self.shape(builder, &other.value()),
            }
        }
    }

    /// Adds what a reference refers to.
    fn expanded(&mut self, builder: &mut Builder, path: &[PathPart], value: &Value) {
        if self.open.iter().any(|open| open == path) {
            self.circle.get_or_insert_with(|| path.to_vec());
            return;
        }
        self.open.push(path.to_vec());
        self.shape(builder, value);
        self.open.pop();
    }

    fn default(&mut self, builder: &mut Builder, value: &Value) {
        if builder.is_alternative() || !value.has_default() {
            return;
        }
        match concrete(&value.default_value()) {
            // An empty list goes without saying.
            Some(Json::Array(elements)) if elements.is_empty() => {}
            Some(default) => builder.set_single("default", default),
            None => {}
        }
    }

    /// Adds what an evaluated value demands.
    fn shape(&mut self, builder: &mut Builder, value: &Value) {
        match value.shape() {
            Shape::Disjunction(alternatives) => {
                let (mut defaults, others): (Vec<_>, Vec<_>) =
                    alternatives.into_iter().partition(|(_, default)| *default);
                // The reference puts defaults first; those that another alternative allows go without saying.
                defaults.retain(|(default, _)| !others.iter().any(|(other, _)| covers(other, default)));
                let ordered: Vec<_> = defaults.into_iter().chain(others).map(|(value, _)| value).collect();
                match ordered.as_slice() {
                    [only] => self.shape(builder, only),
                    all => self.alternatives(builder, all),
                }
            }
            Shape::Conjunction(parts) => parts.iter().for_each(|part| self.part(builder, part)),
            Shape::Struct(checks) => {
                builder.set_kind("object");
                self.object(builder, value);
                checks.iter().for_each(|check| self.part(builder, check));
            }
            Shape::List(checks) => {
                builder.set_kind("array");
                self.array(builder, value);
                checks.iter().for_each(|check| self.part(builder, check));
            }
            Shape::Unresolved(expression) => {
                self.note_here(&format!("a rule that depends on data is left out: {expression}"));
                if !value.fields(ALL_FIELDS).is_empty() {
                    builder.set_kind("object");
                    self.object(builder, value);
                }
            }
            Shape::Bottom(errors) => self.note_here(&errors.first().message),
            part => {
                self.part(builder, &part);
                if let Some(constant) = scalar(&part).filter(|_| !builder.is_alternative()) {
                    builder.set("enum", Json::Array(vec![constant]));
                }
            }
        }
    }

    /// One conjunct of a value that is no struct or list.
    fn part(&mut self, builder: &mut Builder, part: &Shape) {
        match part {
            Shape::Null => builder.set_single("nullable", Json::Bool(true)),
            Shape::Type(kind) => {
                if let Some(kind) = type_name(*kind) {
                    builder.set_kind(kind);
                }
            }
            Shape::Bound(operator, bound) => self.bound(builder, *operator, bound),
            Shape::Validator(name, args) => self.validator(builder, name, args),
            scalar_shape => {
                if let Some(kind) = scalar(scalar_shape).as_ref().and_then(type_of_json) {
                    builder.set_kind(kind);
                }
            }
        }
    }

    fn bound(&mut self, builder: &mut Builder, operator: BoundOp, bound: &Value) {
        match (operator, bound.shape()) {
            (BoundOp::Match, Shape::String(pattern)) => {
                builder.set_kind("string");
                builder.set("pattern", (&*pattern).into());
            }
            (BoundOp::NotMatch, Shape::String(pattern)) => {
                builder.set_kind("string");
                builder.add(object("not", object("pattern", (&*pattern).into())));
            }
            (_, Shape::Number(number)) => {
                builder.set_kind("number");
                self.number_bound(builder, operator, Json::Number(number));
            }
            // Anything but null is what schemas allow if they do not say `nullable`.
            (BoundOp::NotEqual, Shape::Null) => {}
            (BoundOp::NotEqual, other) if scalar(&other).is_some() => {
                let constant = scalar(&other).into_iter().collect();
                builder.add(object("not", object("enum", Json::Array(constant))));
            }
            _ => self.note_here(&format!("the bound {} is left out", bound.to_cue())),
        }
    }

    fn number_bound(&mut self, builder: &mut Builder, operator: BoundOp, bound: Json) {
        let (key, exclusive) = match operator {
            BoundOp::Less => ("maximum", Some("exclusiveMaximum")),
            BoundOp::LessEqual => ("maximum", None),
            BoundOp::Greater => ("minimum", Some("exclusiveMinimum")),
            BoundOp::GreaterEqual => ("minimum", None),
            BoundOp::NotEqual => {
                let both = [object("minimum", bound.clone()), object("maximum", bound)];
                return builder.add(object("not", object("allOf", Json::Array(both.into()))));
            }
            BoundOp::Equal => return builder.set("enum", Json::Array(vec![bound])),
            BoundOp::Match | BoundOp::NotMatch => return,
        };
        match (exclusive, self.options.version) {
            (None, _) => builder.set(key, bound),
            (Some(flag), Version::V3_0) => {
                builder.set(flag, Json::Bool(true));
                builder.set(key, bound);
            }
            (Some(key), Version::V3_1) => builder.set(key, bound),
        }
    }

    fn validator(&mut self, builder: &mut Builder, name: &str, args: &[Value]) {
        let argument = args.first().and_then(concrete);
        let (kind, key) = match name {
            "strings.MinRunes" => ("string", "minLength"),
            "strings.MaxRunes" => ("string", "maxLength"),
            "list.MinItems" => ("array", "minItems"),
            "list.MaxItems" => ("array", "maxItems"),
            "struct.MinFields" => ("object", "minProperties"),
            "struct.MaxFields" => ("object", "maxProperties"),
            "math.MultipleOf" => ("number", "multipleOf"),
            "list.UniqueItems" => {
                builder.set_kind("array");
                return builder.set("uniqueItems", Json::Bool(true));
            }
            _ if builder.format.is_some() => return,
            _ => return self.note_here(&format!("the rule {name} is left out")),
        };
        match argument {
            Some(argument @ Json::Number(_)) => {
                builder.set_kind(kind);
                builder.set(key, argument);
            }
            _ => self.note_here(&format!("the rule {name} is left out")),
        }
    }

    /// `enum` for constants, `oneOf` for all else; a single alternative besides null stands for itself.
    fn alternatives(&mut self, builder: &mut Builder, values: &[Value]) {
        let (mut constants, mut schemas) = (Vec::new(), Vec::new());
        let mut nullable = false;
        for value in values {
            match value.shape() {
                Shape::Null => nullable = true,
                shape => match scalar(&shape) {
                    Some(constant) => constants.push((constant, shape)),
                    None => schemas.push(value.clone()),
                },
            }
        }
        if nullable {
            builder.set_single("nullable", Json::Bool(true));
        }
        let enumerated = Json::Array(constants.iter().map(|(constant, _)| constant.clone()).collect());
        match (schemas.as_slice(), constants.is_empty()) {
            ([], true) => {}
            ([], false) if builder.is_alternative() => {}
            ([], false) => builder.set("enum", enumerated),
            ([only], true) => _ = self.constrain(builder, only),
            _ => {
                let first = (!constants.is_empty()).then(|| object("enum", enumerated));
                if let Some(schemas) = self.one_of(builder, &schemas) {
                    builder.set("oneOf", Json::Array(first.into_iter().chain(schemas).collect()));
                }
            }
        }
    }

    /// The alternatives as schemas of which exactly one holds: what another one covers is taken out of it. None if one
    /// of them allows anything.
    fn one_of(&mut self, outer: &Builder, values: &[Value]) -> Option<Vec<Json>> {
        let mut schemas = Vec::new();
        for value in values {
            let mut builder = Builder::alternative(outer);
            self.constrain(&mut builder, value);
            let untyped = builder.kind.is_none();
            let schema = builder.finish();
            if untyped && is_empty(&schema) {
                return None;
            }
            schemas.push(schema);
        }
        let exclusive = |index: usize| {
            let covered = |other: &usize| *other != index && covers(&values[index], &values[*other]);
            let covered: Vec<_> = (0..values.len()).filter(covered).map(|other| schemas[other].clone()).collect();
            let schema = schemas[index].clone();
            if covered.is_empty() {
                return schema;
            }
            let exclude = object("not", object("anyOf", Json::Array(covered)));
            if is_empty(&schema) { exclude } else { object("allOf", Json::Array(vec![schema, exclude])) }
        };
        Some((0..values.len()).map(exclusive).collect())
    }

    fn object(&mut self, builder: &mut Builder, value: &Value) {
        let fields = value.fields(ALL_FIELDS);
        let required = fields.iter().filter(|field| field.constraint != Constraint::Optional);
        let required: Vec<_> = required.filter_map(|field| plain_name(&field.label)).map(Json::from).collect();
        if !required.is_empty() {
            builder.set("required", Json::Array(required));
        }
        let mut properties: Entries = builder.properties();
        for field in &fields {
            match &field.label {
                PathPart::Field(name) => {
                    let schema = self.schema(field.label.clone(), &field.value);
                    if !builder.is_alternative() || !is_empty(&schema) {
                        properties.retain(|(known, _)| **known != **name);
                        properties.push((name.to_string(), schema));
                    }
                }
                PathPart::Special(name) if is_exported(name) => self.add_definition(name, &field.value),
                PathPart::Special(_) | PathPart::Index(_) => {}
            }
        }
        if !properties.is_empty() {
            builder.set_single("properties", Json::Object(properties));
        }
        self.patterns(builder, value);
        if value.is_waiting() && !matches!(value.shape(), Shape::Unresolved(_)) {
            self.note_here("a rule that depends on data is left out");
        }
    }

    fn patterns(&mut self, builder: &mut Builder, value: &Value) {
        for (pattern, constraint) in value.patterns() {
            if !matches!(pattern.shape(), Shape::Type(kind) if kind.contains(Kind::STRING)) && !is_top(&pattern) {
                self.note_here(&format!("the rule for fields that match {} is left out", pattern.to_cue()));
                continue;
            }
            let schema = self.schema(PathPart::Field("*".into()), &constraint);
            if !is_empty(&schema) {
                builder.set_single("additionalProperties", schema);
            }
        }
    }

    fn array(&mut self, builder: &mut Builder, value: &Value) {
        let elements: Vec<_> = value
            .elements()
            .iter()
            .enumerate()
            .map(|(index, element)| self.schema(PathPart::Index(index), element))
            .collect();
        let rest = value.rest().map(|rest| self.schema(PathPart::Field("*".into()), &rest));
        let count = elements.len() as i64;
        let mut all = elements.clone();
        all.extend(rest.clone());
        all.dedup();
        match (all.as_slice(), rest) {
            ([], _) => {}
            // One schema for all: the fixed elements only say how many there must be.
            ([items], rest) => {
                if !is_empty(items) || !builder.is_alternative() {
                    builder.set_single("items", items.clone());
                }
                if count > 0 {
                    builder.set("minItems", count.into());
                }
                if rest.is_none() {
                    builder.set("maxItems", count.into());
                }
            }
            (_, None) => builder.set("items", Json::Array(elements)),
            (_, Some(rest)) => {
                builder.set("items", Json::Array(elements));
                builder.set("additionalItems", rest);
            }
        }
    }
}

/// Fields that schemas know of.
const ALL_FIELDS: FieldOptions = FieldOptions { optional: true, definitions: true, hidden: false };

/// The kinds that formats exist for.
const FORMATTED: Kind = Kind::NUMBER.or(Kind::STRING).or(Kind::BYTES);

/// The type of a value, if it has just one besides null.
fn type_of(value: &Value) -> Option<&'static str> {
    match value.kind().without(Kind::NULL) {
        // Patterns are for strings and bytes alike until they meet data; data in JSON are strings.
        kind if kind == Kind::STRING.or(Kind::BYTES) => is_pattern(&value.shape()).then_some("string"),
        kind => type_name(kind),
    }
}

fn is_pattern(shape: &Shape) -> bool {
    match shape {
        Shape::Bound(BoundOp::Match | BoundOp::NotMatch, _) => true,
        Shape::Conjunction(parts) => parts.iter().any(is_pattern),
        Shape::Disjunction(values) => {
            values.iter().all(|(value, _)| matches!(value.shape(), Shape::Null) || is_pattern(&value.shape()))
        }
        _ => false,
    }
}

fn type_name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::BOOL => Some("boolean"),
        Kind::FLOAT | Kind::NUMBER => Some("number"),
        Kind::INT => Some("integer"),
        Kind::STRING | Kind::BYTES => Some("string"),
        Kind::STRUCT => Some("object"),
        Kind::LIST => Some("array"),
        _ => None,
    }
}

fn type_of_json(json: &Json) -> Option<&'static str> {
    match json {
        Json::Bool(_) => Some("boolean"),
        Json::Number(number) if number.is_int() => Some("integer"),
        Json::Number(_) => Some("number"),
        Json::String(_) => Some("string"),
        Json::Array(_) => Some("array"),
        Json::Object(_) => Some("object"),
        Json::Null => None,
    }
}

fn is_top(value: &Value) -> bool {
    matches!(value.shape(), Shape::Top)
}

fn is_empty(schema: &Json) -> bool {
    matches!(schema, Json::Object(entries) if entries.is_empty())
}

/// Whether all that `other` allows is allowed by `value` too.
fn covers(value: &Value, other: &Value) -> bool {
    let (both, other) = (value.unify(other), other.unify(other));
    !matches!(both.shape(), Shape::Bottom(_)) && both.error().is_none() && both.to_cue() == other.to_cue()
}

/// A schema without the keys that are left out, also in schemas inside of it.
fn without(schema: Json, omit: &Regexp) -> Json {
    let Json::Object(entries) = schema else { return schema };
    let kept = entries.into_iter().filter(|(key, _)| !(OMITTABLE.contains(&key.as_str()) && omit.is_match(key)));
    let entry = |(key, value): (String, Json)| {
        let value = match (key.as_str(), value) {
            ("properties", Json::Object(properties)) => {
                Json::Object(properties.into_iter().map(|(name, schema)| (name, without(schema, omit))).collect())
            }
            ("allOf" | "anyOf" | "oneOf" | "items", Json::Array(schemas)) => {
                Json::Array(schemas.into_iter().map(|schema| without(schema, omit)).collect())
            }
            ("items" | "additionalProperties" | "additionalItems" | "not", schema) => without(schema, omit),
            (_, value) => value,
        };
        (key, value)
    };
    Json::Object(kept.map(entry).collect())
}

/// Keys that restrict values, without which a schema is still one.
const OMITTABLE: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "default",
    "deprecated",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
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
    "nullable",
    "pattern",
    "required",
    "uniqueItems",
];

fn is_deprecated(attribute: &str) -> bool {
    let body = attribute.strip_prefix("@protobuf(").and_then(|body| body.strip_suffix(')'));
    body.is_some_and(|body| body.split(',').skip(1).any(|flag| flag.trim() == "deprecated"))
}

fn plain_name(label: &PathPart) -> Option<&str> {
    match label {
        PathPart::Field(name) => Some(name),
        PathPart::Special(_) | PathPart::Index(_) => None,
    }
}

/// Definitions without their `#`, joined by dots.
fn component_name(path: &[PathPart]) -> String {
    let part = |part: &PathPart| match part {
        PathPart::Field(name) => name.to_string(),
        PathPart::Special(name) => name.trim_start_matches('#').to_owned(),
        PathPart::Index(index) => index.to_string(),
    };
    path.iter().map(part).collect::<Vec<_>>().join(".")
}

/// A value without parts as JSON.
fn scalar(shape: &Shape) -> Option<Json> {
    match shape {
        Shape::Null => Some(Json::Null),
        Shape::Bool(value) => Some(Json::Bool(*value)),
        Shape::Number(number) => Some(Json::Number(number.clone())),
        Shape::String(text) => Some((&**text).into()),
        Shape::Bytes(bytes) => Some((&*String::from_utf8_lossy(bytes)).into()),
        _ => None,
    }
}

/// A value as JSON with its defaults taken, if it is concrete.
pub(super) fn concrete(value: &Value) -> Option<Json> {
    let value = value.default_value();
    match value.shape() {
        Shape::List(_) => value.elements().iter().map(concrete).collect::<Option<_>>().map(Json::Array),
        Shape::Struct(_) => {
            let fields = value.fields(FieldOptions::default());
            let entry = |field: &crate::Field| Some((plain_name(&field.label)?.to_owned(), concrete(&field.value)?));
            fields.iter().map(entry).collect::<Option<_>>().map(Json::Object)
        }
        shape => scalar(&shape),
    }
}
