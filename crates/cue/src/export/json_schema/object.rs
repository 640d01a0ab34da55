//! Structs as objects.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    rules::{Demands, Rules, Schema, Term},
    schema::{Closing, Context},
};
use crate::{
    Constraint,
    error::PathPart,
    export::tree::Json,
    ir::BoundOp,
    kind::Kind,
    regexp::{Regexp, quote_meta},
    value::{Expression, FieldOptions, Shape, Validation, Value},
};

/// Fields that schemas know of.
pub(super) const FIELDS: FieldOptions = FieldOptions { optional: true, definitions: false, hidden: false };

/// Bytes that a pattern for names may take.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// What one or several structs demand of an object, unified.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// By name, what must hold together.
    properties: BTreeMap<String, Demands>,
    required: BTreeSet<String>,
    /// By regular expression; the empty one is for all names.
    patterns: BTreeMap<String, Demands>,
    /// Whether a pattern is none that can be written as a regular expression, or allows anything under any name.
    has_other_pattern: bool,
}

impl Object {
    /// Adds the fields and patterns of a struct.
    pub(super) fn add(&mut self, context: &mut Context, value: &Value, closing: Closing) {
        let mut patterns: BTreeMap<String, Demands> = BTreeMap::new();
        for (pattern, constraint) in value.patterns() {
            match expression_of(&pattern) {
                Some(expression) => {
                    patterns.entry(expression).or_default().extend(context.demands(&constraint, closing.inside()));
                }
                None => self.has_other_pattern = true,
            }
        }
        for field in value.fields(FIELDS) {
            let PathPart::Field(name) = &field.label else { continue };
            let mut demands = context.demands(&field.value, closing.inside());
            let mut is_matched = false;
            for (_, said) in patterns.iter().filter(|(expression, _)| matches(expression, name)) {
                is_matched = true;
                // What a pattern says of the field already is not said again.
                demands.schemas.retain(|schema| !said.schemas.contains(schema));
            }
            // Beside patterns for other names the reference drops what takes more than one keyword.
            if !patterns.is_empty() && !is_matched && demands.schemas.len() > 1 {
                demands = Demands::default();
            }
            let is_given = || field.value.default_value().validate(Validation { concrete: true }).is_ok();
            match field.constraint {
                Constraint::Optional => {}
                Constraint::None if is_given() => {}
                Constraint::None | Constraint::Required => _ = self.required.insert(name.to_string()),
            }
            self.properties.entry(name.to_string()).or_default().extend(demands);
        }
        for (expression, demands) in patterns {
            if expression.is_empty() && demands.schemas.is_empty() {
                self.has_other_pattern = true;
                continue;
            }
            self.patterns.entry(expression).or_default().extend(demands);
        }
    }

    /// Whether it names fields.
    pub(super) fn has_properties(&self) -> bool {
        !self.properties.is_empty()
    }

    /// Whether a pattern of its own is for all names.
    pub(super) fn is_for_all(&self) -> bool {
        self.patterns.contains_key("")
    }

    fn is_empty(&self) -> bool {
        self.properties.is_empty() && self.patterns.is_empty() && !self.has_other_pattern
    }

    /// The keywords for it, besides `type`, where other fields have a schema or none.
    pub(super) fn schema(mut self, closing: Closing, rest: Option<Schema>) -> Schema {
        // The reference has no schema for these at all.
        if !self.required.is_empty() && !self.patterns.is_empty() {
            return Schema::ANY;
        }
        let mut rules = Rules::default();
        let is_closed = closing != Closing::Open && !self.is_empty();
        let for_all = if self.properties.is_empty() { self.patterns.remove("") } else { None };
        let additional = match for_all {
            Some(demands) => Some(demands.together()),
            None if self.has_other_pattern => Some(Schema::ANY),
            None if rest.is_some() => rest,
            None if is_closed => Some(Schema::Never),
            None => None,
        };
        if let Some(schema) = additional {
            rules.set("additionalProperties", Term::Schema(Box::new(schema)));
        }
        for (keyword, named) in [("properties", self.properties), ("patternProperties", self.patterns)] {
            if !named.is_empty() {
                let named = named.into_iter().map(|(name, demands)| (name, demands.together()));
                rules.set(keyword, Term::Named(named.collect()));
            }
        }
        if !self.required.is_empty() {
            let names = self.required.into_iter().map(Json::String).collect();
            rules.set("required", Term::Json(Json::Array(names)));
        }
        Schema::Rules(rules)
    }
}

/// The regular expression for the names that a pattern matches, if there is one.
fn expression_of(pattern: &Value) -> Option<String> {
    if matches!(pattern.expression(), Expression::All(_)) {
        return None;
    }
    match pattern.shape() {
        Shape::Top => Some(String::new()),
        Shape::Type(kind) if kind == Kind::STRING => Some(String::new()),
        Shape::String(name) => Some(format!("^{}$", quote_meta(&name))),
        Shape::Bound(BoundOp::Match, expression) => match expression.shape() {
            Shape::String(expression) => Some(expression.to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn matches(expression: &str, name: &str) -> bool {
    expression.is_empty() || Regexp::new(expression, PATTERN_BYTES_MAX).is_ok_and(|regexp| regexp.is_match(name))
}
