//! Values as schemas.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    object::{FIELDS, Object},
    references::{Place, References},
    rules::{Demands, Rules, Schema, Term, rule, with_schema, with_schemas},
};
use crate::{
    Constraint,
    error::{Code, Error, PathPart, Rule, path_text},
    eval::json::base64,
    export::tree::Json,
    ir::BoundOp,
    kind::Kind,
    number::{Decimal, Number, format_float},
    value::{Expression, PackageId, Reference, Shape, Validation, Value},
};

/// Levels of fields, operands and elements inside each other that are written out.
const DEPTH_MAX: usize = 400;

/// Parts of a value that is written as one constant.
const CONSTANT_PARTS_MAX: usize = 10_000;

/// Which structs have no other fields than those they declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    Open,
    /// The struct itself, by `close()`.
    Once,
    /// The struct and all in it, by a definition.
    Deep,
}

impl Closing {
    /// What holds for the fields of a struct.
    pub(super) fn inside(self) -> Self {
        match self {
            Self::Deep => Self::Deep,
            Self::Open | Self::Once => Self::Open,
        }
    }

    /// What holds at a path.
    fn at(path: &[PathPart]) -> Self {
        let is_definition = |part: &PathPart| matches!(part, PathPart::Special(name) if name.contains('#'));
        if path.iter().any(is_definition) { Self::Deep } else { Self::Open }
    }
}

/// What all schemas of a document share.
#[derive(Default)]
pub(super) struct Context {
    references: References,
    /// By the index of their reference.
    definitions: BTreeMap<usize, Schema>,
    /// Definitions that are yet to be described.
    pending: Vec<(usize, Definition)>,
    /// The open struct that a definition closes because it is nothing but its name, with the definition's index.
    closed: Option<(Place, usize)>,
    /// Whether it is inside another struct that is closed in its place because of that.
    is_closed_inside: bool,
    errors: Vec<Error>,
    /// Whether it is inside an `anyOf`, where the reference leaves constants apart.
    in_alternative: bool,
    depth: usize,
}

enum Definition {
    Field(PackageId, Vec<PathPart>),
    Builtin(Value),
}

impl Context {
    /// The schema of the value that the document is for.
    pub(super) fn root(&mut self, value: &Value) -> Schema {
        let is_closed = value.is_closed_deep() || Closing::at(&value.path()) == Closing::Deep;
        let schema = self.schema(value, if is_closed { Closing::Deep } else { Closing::Open });
        while let Some((index, definition)) = self.pending.pop() {
            let schema = match definition {
                Definition::Field(package, path) => match value.lookup(package, &path) {
                    Some(value) => self.definition(index, &path, &value),
                    None => Schema::ANY,
                },
                Definition::Builtin(value) => builtin(&value),
            };
            self.definitions.insert(index, schema);
        }
        schema
    }

    pub(super) fn definitions(&mut self) -> BTreeMap<usize, Schema> {
        std::mem::take(&mut self.definitions)
    }

    pub(super) fn finish(self) -> (Result<Vec<String>, String>, Vec<Error>) {
        (self.references.names(), self.errors)
    }

    fn fail(&mut self, message: impl Into<String>) {
        self.errors.push(Error::new(Code::Eval, Rule::Other, message));
    }

    /// The schema of what is referred to.
    fn definition(&mut self, index: usize, path: &[PathPart], value: &Value) -> Schema {
        let closing = Closing::at(path);
        let is_definition = path.last().is_some_and(|part| Closing::at(std::slice::from_ref(part)) == Closing::Deep);
        let reference = match value.expression() {
            // A contradiction that nothing makes use of yet.
            _ if value.validate(Validation::default()).is_err() => return Schema::ANY,
            Expression::Reference(reference) => reference,
            Expression::Function(name) if value.doc().is_empty() && &*name != "list.UniqueItems" => {
                self.function(value, &name);
                return builtin(value);
            }
            _ => return self.schema(value, closing),
        };
        match reference.target.as_ref().filter(|target| is_definition && is_open_struct(target)) {
            Some(target) => {
                let Reference { package, path, .. } = &reference;
                self.refer(*package, path.clone());
                self.closed = Some((Place::Path(*package, path.clone()), index));
                let demands = self.undescribed(target, Closing::Deep);
                self.closed = None;
                self.described(demands, &value.doc())
            }
            None => self.schema(value, closing),
        }
    }

    /// The schema of a value.
    fn schema(&mut self, value: &Value, closing: Closing) -> Schema {
        self.demands(value, closing).together()
    }

    /// What a value demands, with the comment above it as the description.
    pub(super) fn demands(&mut self, value: &Value, closing: Closing) -> Demands {
        let demands = self.undescribed(value, closing);
        let doc = value.doc();
        if doc.trim().is_empty() { demands } else { vec![self.described(demands, &doc)].into() }
    }

    /// What several values demand together.
    fn all<'a>(&mut self, values: impl IntoIterator<Item = &'a Value>, closing: Closing) -> Demands {
        let mut all = Demands::default();
        for value in values {
            let demands = self.demands(value, closing);
            all.extend(demands);
        }
        all
    }

    fn described(&mut self, demands: Demands, doc: &str) -> Schema {
        let doc = doc.trim();
        match demands.together() {
            Schema::Rules(mut rules) if !doc.is_empty() => {
                let description = Term::Json(doc.into());
                if let Some(Term::Json(other)) = rules.get("description").filter(|other| **other != description) {
                    self.fail(format!("description: conflicting values {} and {other}", Json::from(doc)));
                }
                rules.set("description", description);
                Schema::Rules(rules)
            }
            schema => schema,
        }
    }

    fn undescribed(&mut self, value: &Value, closing: Closing) -> Demands {
        if self.depth >= DEPTH_MAX {
            self.errors.push(Error::unsupported("JSON Schema of values that are nested this deep"));
            return Demands::default();
        }
        self.depth += 1;
        let demands = stacker::maybe_grow(256 << 10, 4 << 20, || self.written(value, closing));
        self.depth -= 1;
        demands
    }

    /// What the text of a value says.
    fn written(&mut self, value: &Value, closing: Closing) -> Demands {
        match value.expression() {
            Expression::All(operands) => self.conjunction(value, &operands, None, closing),
            Expression::Any(alternatives) => self.disjunction(value, alternatives, closing).into(),
            Expression::Embedding(embedded, own) => match (embedded.as_slice(), own) {
                ([only], None) => match only.expression() {
                    Expression::Reference(_) | Expression::Function(_) => self.evaluated(value, closing),
                    _ => self.undescribed(only, closing),
                },
                (embedded, own) => self.conjunction(value, embedded, own.as_ref(), closing),
            },
            Expression::Reference(reference) => self.reference(reference),
            Expression::Function(name) => self.function(value, &name),
            Expression::Call(name, arguments) => self.call(&name, &arguments, closing),
            Expression::Bound(operator, operand) => self.bound(operator, &operand).into(),
            Expression::Value => self.evaluated(value, closing),
        }
    }

    /// All operands at once, and what a struct declares besides those that it embeds.
    fn conjunction(&mut self, value: &Value, operands: &[Value], own: Option<&Value>, closing: Closing) -> Demands {
        if matches!(value.shape(), Shape::Struct(_)) && !value.is_waiting() && !value.has_unmet() {
            let mut parts = Parts::default();
            for operand in operands.iter().chain(own) {
                self.collect(operand, closing, &mut parts);
            }
            // Patterns beside what is no literal leave a struct open.
            let closing = if parts.is_mixed && !parts.object.has_properties() { Closing::Open } else { closing };
            let rest = if parts.object.is_for_all() { None } else { self.rest(value, closing) };
            let object = parts.object.schema(closing, rest);
            let schemas: Vec<_> = std::iter::once(rule("type", "object")).chain(parts.others).chain([object]).collect();
            return schemas.into();
        }
        let mut all = self.all(operands, Closing::Open);
        if let Some(own) = own {
            all.extend(match own.fields(FIELDS).is_empty() {
                false => self.demands(own, Closing::Open),
                // Definitions and hidden fields beside a value without fields.
                true if is_constant(&value.shape()) => Demands::default(),
                true => types(value.kind()).into(),
            });
        }
        all
    }

    /// What a struct demands of fields that it does not name: `...` and patterns for all names, wherever they stand.
    fn rest(&mut self, value: &Value, closing: Closing) -> Option<Schema> {
        if value.has_ellipsis() {
            return Some(Schema::ANY);
        }
        let mut all: Option<Demands> = None;
        for (pattern, constraint) in value.patterns() {
            if matches!(pattern.shape(), Shape::Top)
                || matches!(pattern.shape(), Shape::Type(kind) if kind == Kind::STRING)
            {
                let demands = self.demands(&constraint, closing.inside());
                all.get_or_insert_default().extend(demands);
            }
        }
        all.map(Demands::together)
    }

    /// Takes an operand of structs that are unified: literals become one object.
    fn collect(&mut self, operand: &Value, closing: Closing, parts: &mut Parts) {
        self.depth += 1;
        stacker::maybe_grow(256 << 10, 4 << 20, || match operand.expression() {
            _ if self.depth >= DEPTH_MAX => {
                self.errors.push(Error::unsupported("JSON Schema of values that are nested this deep"));
            }
            Expression::All(operands) => operands.iter().for_each(|operand| self.collect(operand, closing, parts)),
            Expression::Embedding(embedded, own) => match (embedded.as_slice(), &own) {
                ([only], None) if matches!(only.expression(), Expression::Reference(_)) => {
                    parts.object.add(self, operand, closing);
                }
                (embedded, own) => {
                    embedded.iter().chain(own).for_each(|operand| self.collect(operand, closing, parts));
                }
            },
            Expression::Call(name, arguments) if &*name == "close" => {
                arguments.iter().for_each(|operand| self.collect(operand, closing, parts));
            }
            Expression::Reference(reference) => match reference.target.as_ref().filter(|target| is_open_struct(target))
            {
                // A reference would leave the struct open.
                Some(target) if closing != Closing::Open => self.collect(target, closing, parts),
                _ => {
                    parts.is_mixed = true;
                    parts.others.extend(self.demands(operand, Closing::Open).schemas);
                }
            },
            Expression::Value if matches!(operand.shape(), Shape::Struct(_)) && !operand.is_waiting() => {
                parts.object.add(self, operand, closing);
            }
            _ => {
                parts.is_mixed = true;
                parts.others.extend(self.demands(operand, Closing::Open).schemas);
            }
        });
        self.depth -= 1;
    }

    fn disjunction(&mut self, value: &Value, alternatives: Vec<(Value, bool)>, closing: Closing) -> Vec<Schema> {
        let is_covered = |default: &Value| {
            let mut others = alternatives.iter().filter(|(_, is_default)| !is_default);
            others.any(|(other, _)| covers(other, default))
        };
        let left: Vec<_> = alternatives
            .iter()
            .filter(|(value, default)| !(*default && is_covered(value)))
            .map(|(value, _)| value)
            .collect();
        if left.len() == 1 && alternatives.len() > 1 {
            // A default besides what allows it anyway: the reference tells only of the type.
            return match value.shape() {
                shape if is_constant(&shape) => self.evaluated(value, closing).schemas,
                _ => types(value.kind()),
            };
        }
        self.any(left.into_iter(), closing)
    }

    /// One of several values: an `enum` if they are all constants.
    fn any<'a>(&mut self, values: impl Iterator<Item = &'a Value>, closing: Closing) -> Vec<Schema> {
        let in_alternative = std::mem::replace(&mut self.in_alternative, true);
        let schemas: Vec<_> = values.map(|value| self.schema(value, closing)).collect();
        self.in_alternative = in_alternative;
        match schemas.iter().map(|schema| schema.constant().cloned()).collect::<Option<Vec<_>>>() {
            _ if schemas.is_empty() => Vec::new(),
            Some(constants) if !in_alternative => vec![rule("enum", Json::Array(constants))],
            _ => vec![with_schemas("anyOf", schemas)],
        }
    }

    fn reference(&mut self, Reference { package, import, path, target }: Reference) -> Demands {
        if let Some(name) = import {
            self.references.import(package, name);
        }
        let Some(target) = target else {
            self.fail(format!("reference {} not found", path_text(&path)));
            return Demands::default();
        };
        let index = self.refer(package, path.clone());
        if let Some((place, definition)) = self.closed.as_ref().filter(|_| is_open_struct(&target)) {
            if *place == Place::Path(package, path) {
                return vec![pointer(*definition)].into();
            }
            // A definition closes what it refers to as well, but the reference goes no further.
            if !self.is_closed_inside {
                self.is_closed_inside = true;
                let demands = self.undescribed(&target, Closing::Deep);
                self.is_closed_inside = false;
                return demands;
            }
        }
        vec![pointer(index)].into()
    }

    /// The index of a field that is referred to.
    fn refer(&mut self, package: PackageId, path: Vec<PathPart>) -> usize {
        let (index, is_new) = self.references.index(Place::Path(package, path.clone()));
        if is_new {
            self.pending.push((index, Definition::Field(package, path)));
        }
        index
    }

    /// A builtin function that is named and not called.
    fn function(&mut self, value: &Value, name: &Arc<str>) -> Demands {
        match &**name {
            "list.UniqueItems" => self.call(name, &[], Closing::Open),
            "strings.MinRunes" | "strings.MaxRunes" | "list.MinItems" | "list.MaxItems" | "math.MultipleOf"
            | "time.Format" => {
                self.fail(format!("{name} expects 1 argument, got 0"));
                Demands::default()
            }
            _ => {
                let (index, is_new) = self.references.index(Place::Builtin(name.clone()));
                if is_new {
                    self.pending.push((index, Definition::Builtin(value.clone())));
                }
                vec![pointer(index)].into()
            }
        }
    }

    fn call(&mut self, name: &str, arguments: &[Value], closing: Closing) -> Demands {
        match (name, arguments) {
            ("close", [argument]) => {
                let closing = if closing == Closing::Deep { closing } else { Closing::Once };
                self.undescribed(argument, closing)
            }
            ("and", [list]) => self.all(&list.elements(), Closing::Open),
            ("or", [list]) => match list.elements().as_slice() {
                [only] => self.demands(only, closing),
                all => self.any(all.iter(), closing).into(),
            },
            ("matchN", [count, list]) => self.match_n(count, &list.elements()),
            _ => self.validator(name, arguments).into(),
        }
    }

    /// What a function demands of the value that it is unified with.
    fn validator(&mut self, name: &str, arguments: &[Value]) -> Vec<Schema> {
        match (name, arguments) {
            ("error", _) => vec![Schema::Never],
            ("matchIf", [condition, consequence, alternative]) => {
                let mut rules = Rules::default();
                rules.set("if", Term::Schema(Box::new(self.schema(condition, Closing::Open))));
                for (keyword, value) in [("then", consequence), ("else", alternative)] {
                    let schema = self.schema(value, Closing::Open);
                    if !schema.is_any() {
                        rules.set(keyword, Term::Schema(Box::new(schema)));
                    }
                }
                vec![Schema::Rules(rules)]
            }
            ("strings.MinRunes", [count]) => self.limit("string", "minLength", count),
            ("strings.MaxRunes", [count]) => self.limit("string", "maxLength", count),
            ("list.MinItems", [count]) => self.limit("array", "minItems", count),
            ("list.MaxItems", [count]) => self.limit("array", "maxItems", count),
            ("list.UniqueItems", _) => vec![rule("type", "array"), rule("uniqueItems", Json::Bool(true))],
            ("list.MatchN", [count, item]) => self.contains(count, item),
            ("math.MultipleOf", [factor]) => match self.known(factor) {
                Some(Shape::Number(factor)) => match rounded(&factor) {
                    Some(factor) => vec![rule("type", "number"), rule("multipleOf", Json::Number(factor))],
                    None => Vec::new(),
                },
                _ => Vec::new(),
            },
            ("time.Format", [layout]) => match self.known(layout) {
                Some(Shape::String(layout)) => {
                    let format = format_of(&layout).map(|format| rule("format", format));
                    std::iter::once(rule("type", "string")).chain(format).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn match_n(&mut self, count: &Value, values: &[Value]) -> Demands {
        let count = count.default_value();
        let number = |shape: &Shape| match shape {
            Shape::Number(number) => number.value.to_i64(),
            _ => None,
        };
        match count.shape() {
            Shape::Bound(BoundOp::GreaterEqual, least) if number(&least.shape()) == Some(1) => {
                self.any(values.iter(), Closing::Open).into()
            }
            shape => match (number(&shape), values) {
                (Some(0), [only]) => vec![with_schema("not", self.schema(only, Closing::Open))].into(),
                (Some(1), []) => vec![Schema::Never].into(),
                (Some(1), all) => {
                    let schemas = all.iter().map(|value| self.schema(value, Closing::Open)).collect();
                    vec![with_schemas("oneOf", schemas)].into()
                }
                (Some(count), all) if usize::try_from(count) == Ok(all.len()) => self.all(all, Closing::Open),
                _ => Demands::default(),
            },
        }
    }

    fn contains(&mut self, count: &Value, item: &Value) -> Vec<Schema> {
        let count = match count.default_value().shape() {
            Shape::Bound(BoundOp::GreaterEqual, least) => least.shape(),
            shape => shape,
        };
        let Shape::Number(count) = count else { return Vec::new() };
        let mut rules = Rules::default();
        rules.set("contains", Term::Schema(Box::new(self.schema(item, Closing::Open))));
        rules.set("minContains", Term::Json(Json::Number(count)));
        vec![rule("type", "array"), Schema::Rules(rules)]
    }

    fn limit(&mut self, kind: &'static str, keyword: &'static str, count: &Value) -> Vec<Schema> {
        match self.known(count) {
            Some(Shape::Number(count)) => vec![rule("type", kind), rule(keyword, Json::Number(count))],
            _ => Vec::new(),
        }
    }

    /// An argument that must be known.
    fn known(&mut self, value: &Value) -> Option<Shape> {
        let shape = value.default_value().shape();
        if is_constant(&shape) {
            return Some(shape);
        }
        let (path, position) = match value.expression() {
            Expression::Reference(Reference { path, target: Some(target), .. }) => (path, target.expression_position()),
            _ => (value.path(), value.expression_position()),
        };
        let message = format!("non-concrete value {}", value.to_cue());
        let error = Error::new(Code::Incomplete, Rule::Incomplete, message);
        let positions = position.iter().cloned().collect();
        self.errors.push(Error { path, primary: position, positions, ..error });
        None
    }

    fn bound(&mut self, operator: BoundOp, operand: &Value) -> Vec<Schema> {
        let keyword = match operator {
            BoundOp::Equal | BoundOp::NotEqual => {
                let constant = concrete(operand).map(|constant| rule("const", constant));
                return match operator {
                    BoundOp::Equal => constant.into_iter().collect(),
                    _ => constant.map(|constant| with_schema("not", constant)).into_iter().collect(),
                };
            }
            BoundOp::Match | BoundOp::NotMatch => {
                let Some(Shape::String(pattern)) = self.known(operand) else { return Vec::new() };
                let pattern = rule("pattern", &*pattern);
                let matches = operator == BoundOp::Match;
                return vec![rule("type", "string"), if matches { pattern } else { with_schema("not", pattern) }];
            }
            BoundOp::Less => "exclusiveMaximum",
            BoundOp::LessEqual => "maximum",
            BoundOp::Greater => "exclusiveMinimum",
            BoundOp::GreaterEqual => "minimum",
        };
        match operand.default_value().shape() {
            Shape::Number(number) => match rounded(&number) {
                Some(number) => vec![rule("type", "number"), rule(keyword, Json::Number(number))],
                None => Vec::new(),
            },
            Shape::String(_) => vec![rule("type", "string")],
            _ => {
                self.fail("bad argument to unary comparison");
                Vec::new()
            }
        }
    }

    /// What a value is after evaluation.
    fn evaluated(&mut self, value: &Value, closing: Closing) -> Demands {
        match value.shape() {
            Shape::Struct(_) | Shape::List(_) if value.is_waiting() => Demands::default(),
            Shape::Struct(_) => {
                if closing != Closing::Open
                    && let Some(constant) = fixed(value, closing)
                {
                    return vec![rule("const", constant)].into();
                }
                let mut object = Object::default();
                object.add(self, value, closing);
                vec![rule("type", "object"), object.schema(closing, value.has_ellipsis().then_some(Schema::ANY))].into()
            }
            Shape::List(_) => match fixed(value, closing) {
                Some(constant) => vec![rule("const", constant)].into(),
                None => self.list(value, closing),
            },
            Shape::Null => vec![rule("type", "null")].into(),
            // Of what is not written here, the reference tells the type.
            shape => match constant(&shape) {
                Some(constant) => vec![rule("const", constant)].into(),
                None => types(value.kind()).into(),
            },
        }
    }

    fn list(&mut self, value: &Value, closing: Closing) -> Demands {
        let elements: Vec<_> = value.elements().iter().map(|element| self.schema(element, closing.inside())).collect();
        let count = i64::try_from(elements.len()).unwrap_or(i64::MAX);
        let rest = value.rest();
        let is_open = rest.is_some();
        let mut items = Rules::default();
        if let Some(rest) = rest.map(|rest| self.schema(&rest, closing.inside())).filter(|rest| !rest.is_any()) {
            items.set("items", Term::Schema(Box::new(rest)));
        }
        let mut schemas = vec![rule("type", "array")];
        if count > 0 {
            items.set("prefixItems", Term::Schemas(elements));
            schemas.push(rule("minItems", count));
        }
        schemas.push(Schema::Rules(items));
        if !is_open {
            schemas.push(rule("maxItems", count));
        }
        Demands { schemas, is_compound: true }
    }
}

/// Operands of structs that are unified.
#[derive(Default)]
struct Parts {
    /// References, alternatives and all else that is no literal.
    others: Vec<Schema>,
    /// Whether anything is no literal.
    is_mixed: bool,
    object: Object,
}

/// A pointer to a definition.
fn pointer(index: usize) -> Schema {
    Schema::Rules(Rules::one("$ref", Term::Reference(index)))
}

/// Of what a builtin function checks, only the type can be said.
fn builtin(value: &Value) -> Schema {
    let kind = value.kind().without(Kind::BYTES);
    Demands::from(if kind.contains(Kind::LIST) { Vec::new() } else { types(kind) }).together()
}

/// The types that a kind has in JSON; nothing if it is any.
fn types(kind: Kind) -> Vec<Schema> {
    if kind == Kind::TOP || kind.is_bottom() {
        return Vec::new();
    }
    let is_float = kind.intersects(Kind::FLOAT);
    let mut names: Vec<Json> = if is_float { vec!["number".into()] } else { Vec::new() };
    for (part, name) in [
        (Kind::NULL, "null"),
        (Kind::BOOL, "boolean"),
        (Kind::INT, "integer"),
        (Kind::STRING, "string"),
        (Kind::LIST, "array"),
        (Kind::STRUCT, "object"),
    ] {
        if kind.contains(part) && !(is_float && part == Kind::INT) {
            names.push(name.into());
        }
    }
    match names.len() {
        0 => Vec::new(),
        1 => vec![rule("type", names.swap_remove(0))],
        _ => vec![rule("type", Json::Array(names))],
    }
}

/// Whether a value is a struct that may have other fields than those it declares.
fn is_open_struct(value: &Value) -> bool {
    matches!(value.shape(), Shape::Struct(_)) && !value.is_closed()
}

/// Whether all that `other` allows is allowed by `value` too, as far as the reference sees it: names are not followed
/// for what is none.
fn covers(value: &Value, other: &Value) -> bool {
    let is_name = |value: &Value| matches!(value.expression(), Expression::Reference(_));
    if matches!(other.shape(), Shape::Bottom(_)) {
        return true;
    }
    if is_name(value) && !is_name(other) {
        return false;
    }
    let (both, other) = (value.unify(other), other.unify(other));
    !matches!(both.shape(), Shape::Bottom(_)) && both.error().is_none() && both.to_cue() == other.to_cue()
}

fn is_constant(shape: &Shape) -> bool {
    constant(shape).is_some()
}

/// A value without parts as JSON.
fn constant(shape: &Shape) -> Option<Json> {
    match shape {
        Shape::Null => Some(Json::Null),
        Shape::Bool(value) => Some(Json::Bool(*value)),
        Shape::Number(number) => Some(Json::Number(number.clone())),
        Shape::String(text) => Some((&**text).into()),
        Shape::Bytes(bytes) => Some(Json::String(base64(bytes))),
        _ => None,
    }
}

/// A value as JSON with its defaults taken, if it is concrete.
fn concrete(value: &Value) -> Option<Json> {
    let value = value.default_value();
    stacker::maybe_grow(64 << 10, 1 << 20, || match value.shape() {
        Shape::List(_) => value.elements().iter().map(concrete).collect::<Option<_>>().map(Json::Array),
        Shape::Struct(_) => {
            let entry = |field: &crate::Field| match &field.label {
                PathPart::Field(name) => Some((name.to_string(), concrete(&field.value)?)),
                _ => None,
            };
            value.fields(crate::FieldOptions::default()).iter().map(entry).collect::<Option<_>>().map(Json::Object)
        }
        shape => constant(&shape),
    })
}

/// The only value that a schema allows: constants, lists of them, and closed structs that require all their fields.
fn fixed(value: &Value, closing: Closing) -> Option<Json> {
    let mut left = CONSTANT_PARTS_MAX;
    fixed_part(value, closing, &mut left)
}

/// The same of a part of a value, while there are not too many.
fn fixed_part(value: &Value, closing: Closing, left: &mut usize) -> Option<Json> {
    *left = left.checked_sub(1)?;
    stacker::maybe_grow(64 << 10, 1 << 20, || match value.shape() {
        Shape::List(checks) if checks.is_empty() && value.rest().is_none() && !value.is_waiting() => {
            let mut elements = Vec::new();
            for element in value.elements() {
                elements.push(fixed_part(&element, closing, left)?);
            }
            Some(Json::Array(elements))
        }
        Shape::Struct(_) if closing != Closing::Open && value.patterns().is_empty() => {
            let mut entries = Vec::new();
            for field in value.fields(FIELDS) {
                let (PathPart::Field(name), Constraint::Required) = (&field.label, field.constraint) else {
                    return None;
                };
                entries.push((name.to_string(), fixed_part(&field.value, closing, left)?));
            }
            Some(Json::Object(entries))
        }
        shape => constant(&shape),
    })
}

/// A number as the reference computes with it: as a binary fraction. None if it is too large for that.
fn rounded(number: &Number) -> Option<Number> {
    let value = number.value.to_f64();
    if !value.is_finite() {
        return None;
    }
    let text = format_float(if value == 0.0 { 0.0 } else { value }, b'g', None, 64);
    let decimal: Decimal = text.parse().ok()?;
    Some(if text.contains(['.', 'e']) { Number::float(decimal) } else { Number::int(decimal) })
}

fn format_of(layout: &str) -> Option<&'static str> {
    match layout {
        "2006-01-02T15:04:05Z07:00" | "2006-01-02T15:04:05.999999999Z07:00" => Some("date-time"),
        "2006-01-02" => Some("date"),
        "15:04:05" => Some("time"),
        _ => None,
    }
}
