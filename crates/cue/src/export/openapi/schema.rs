//! Values as schema objects.

use std::collections::BTreeSet;

use base64::engine::{Engine as _, general_purpose::STANDARD};

use super::{
    builder::{Builder, object},
    context::{Context, External, Step},
    covers::{View, are_alike, covers},
    format,
    structural::Core,
    written::{alternatives, choices, conjuncts},
};
use crate::{
    Constraint, Value,
    error::PathPart,
    export::tree::Json,
    ir::BoundOp,
    kind::Kind,
    value::{FieldOptions, Form, Operand, Shape},
};

/// Where schemas are referred to.
const COMPONENTS: &str = "#/components/schemas/";

/// Whether a definition has a schema of its own: names that end in `_value` are helpers by convention.
pub(super) fn is_exported(name: &str) -> bool {
    name.starts_with('#') && !name.ends_with("_value")
}

impl Context<'_> {
    /// Describes a definition under the name of its path.
    pub(super) fn add_definition(&mut self, name: &str, value: &Value) {
        let part = PathPart::Special(name.into());
        let mut path = self.place();
        path.push(part.clone());
        let Some(component) = self.component_name(&path) else { return };
        if self.open(path) {
            let schema = self.schema(Step::Part(part, Constraint::None), value);
            self.close();
            self.schemas.insert(component, schema);
        }
    }

    /// Describes what is referred to from outside the package, and what that refers to in turn.
    pub(super) fn add_external(&mut self) {
        let mut known = BTreeSet::new();
        while let Some((name, external)) = self.external.pop_first() {
            if known.insert(name.clone()) {
                self.enter(Step::Part(PathPart::Special(format!("#{name}").into()), Constraint::None));
                let schema = match external {
                    External::Function(value) => self.described(&Operand { value, form: Form::Other }, ""),
                    External::Definition(value) => self.described(&value.operand(), &value.doc()),
                };
                self.leave();
                self.schemas.insert(name, schema);
            }
        }
    }

    /// The schema of a value at a place below the current one.
    fn schema(&mut self, step: Step, value: &Value) -> Json {
        self.schema_in(None, step, value)
    }

    /// The same where a core may say something of the place already.
    fn schema_in(&mut self, core: Option<&Core>, step: Step, value: &Value) -> Json {
        self.enter(step);
        let schema = if self.is_too_deep() {
            Json::Object(Vec::new())
        } else {
            stacker::maybe_grow(256 << 10, 4 << 20, || {
                if self.options.expand_references {
                    self.structural(core, value)
                } else {
                    self.described(&value.operand(), &value.doc())
                }
            })
        };
        self.leave();
        schema
    }

    fn described(&mut self, operand: &Operand, doc: &str) -> Json {
        let mut builder = Builder::default();
        self.describe(&mut builder, operand);
        let is_reference = self.constrain(&mut builder, operand);
        if is_reference {
            builder.kind = None;
        } else if !doc.trim().is_empty() {
            builder.set_single("description", doc.trim().into());
        }
        builder.finish_whole()
    }

    /// Sets what is known of a value as a whole.
    pub(super) fn describe(&mut self, builder: &mut Builder<'_>, operand: &Operand) {
        let value = &operand.value;
        if builder.core().is_none() {
            builder.kind = type_of(value).or(builder.kind);
        }
        builder.format = format::of(operand).filter(|_| value.kind().intersects(FORMATTED));
        builder.deprecated = value.attributes().iter().any(|attribute| is_deprecated(attribute));
    }

    /// Adds what a value demands; tells whether it is nothing but a reference.
    pub(super) fn constrain(&mut self, builder: &mut Builder<'_>, operand: &Operand) -> bool {
        if builder.format.is_some() {
            self.shape(builder, &operand.value);
            self.default(builder, &operand.value);
            return false;
        }
        let (mut references, mut rest) = (BTreeSet::new(), Vec::new());
        if self.options.expand_references {
            rest.push(operand.clone());
        } else {
            for part in conjuncts(operand.clone()) {
                match self.reference(&part) {
                    Some(name) if references.insert(name.clone()) => {
                        builder.add(object("$ref", Json::String(format!("{COMPONENTS}{name}"))));
                    }
                    Some(_) => {}
                    None => rest.push(part),
                }
            }
        }
        let is_reference = rest.is_empty() && references.len() == 1;
        let whole = references.is_empty().then_some(&operand.value);
        self.rest(builder, rest, whole);
        if let Some(value) = whole {
            self.default(builder, value);
        }
        is_reference
    }

    /// The name of the schema that an operand refers to, if there is one.
    fn reference(&mut self, operand: &Operand) -> Option<String> {
        match &operand.form {
            Form::Reference { path, target } if is_nameable(path) => {
                let name = self.component_name(path)?;
                if !target.is_of_root_package() {
                    self.external.entry(name.clone()).or_insert_with(|| External::Definition(target.clone()));
                }
                Some(name)
            }
            Form::Function(name) => {
                let name = name.rsplit('.').next().unwrap_or(name).to_owned();
                self.external.entry(name.clone()).or_insert_with(|| External::Function(operand.value.clone()));
                Some(name)
            }
            _ => None,
        }
    }

    /// Adds what is no reference. What may be a struct keeps the alternatives that are written, so that these can refer
    /// to schemas; all else is evaluated first.
    fn rest(&mut self, builder: &mut Builder<'_>, rest: Vec<Operand>, whole: Option<&Value>) {
        let kind = rest.iter().fold(Kind::TOP, |kind, operand| kind.and(operand.value.kind()));
        if rest.is_empty() {
            return;
        }
        if kind.contains(Kind::STRUCT) {
            if let Some(value) = whole
                && matches!(value.shape(), Shape::Struct(checks) if !checks.is_empty())
            {
                self.refuse_unless_complete(value);
            }
            return rest.into_iter().for_each(|operand| self.followed(builder, operand));
        }
        let all = || Value::all(rest.iter().map(|operand| operand.value.clone()));
        let value = match rest.as_slice() {
            [only] => Some(only.value.clone()),
            _ => whole.cloned().or_else(all),
        };
        if let Some(value) = value {
            self.shape(builder, &value);
        }
    }

    /// Adds what an operand demands that is not referred to by name.
    fn followed(&mut self, builder: &mut Builder<'_>, operand: Operand) {
        let Form::Reference { path, target } = &operand.form else {
            return conjuncts(operand).into_iter().for_each(|part| self.alternatives_of(builder, part));
        };
        if self.open(path.clone()) {
            conjuncts(target.operand()).into_iter().for_each(|part| self.alternatives_of(builder, part));
            self.close();
        }
    }

    fn alternatives_of(&mut self, builder: &mut Builder<'_>, operand: Operand) {
        match alternatives(operand).as_slice() {
            [only] => self.shape(builder, &only.value),
            all => self.alternatives(builder, all),
        }
    }

    fn default(&mut self, builder: &mut Builder<'_>, value: &Value) {
        if builder.is_alternative() || !(value.has_default() || is_open_list(value)) {
            return;
        }
        match concrete(&value.default_value()) {
            // An empty list goes without saying.
            Some(Json::Array(elements)) if elements.is_empty() => {}
            Some(default) => self.set(builder, "default", default),
            None => self.refuse_default(&value.default_value()),
        }
    }

    /// Adds what an evaluated value demands.
    fn shape(&mut self, builder: &mut Builder<'_>, value: &Value) {
        match value.shape() {
            Shape::Disjunction(alternatives) => match in_order(alternatives).as_slice() {
                [only] => self.shape(builder, &only.value),
                all => self.alternatives(builder, all),
            },
            Shape::Conjunction(parts) => {
                // The type comes last, so that alternatives have the one of their bounds.
                let (types, rules): (Vec<_>, Vec<_>) = parts.iter().partition(|part| matches!(part, Shape::Type(_)));
                rules.into_iter().chain(types).for_each(|part| self.part(builder, part, None));
                builder.kind = builder.kind.or_else(|| type_of(value));
            }
            Shape::Struct(checks) => {
                builder.set_kind("object");
                self.object(builder, value);
                self.leave_out(value, &checks);
            }
            Shape::List(checks) => {
                builder.set_kind("array");
                self.array(builder, value);
                self.leave_out(value, &checks);
            }
            Shape::Unresolved(expression) => {
                self.note_here(&format!("a rule that depends on data is left out: {expression}"));
                self.refuse_unless_complete(value);
                if !value.fields(ALL_FIELDS).is_empty() {
                    builder.set_kind("object");
                    self.object(builder, value);
                }
            }
            Shape::Bottom(errors) => {
                self.note_here(&errors.first().message);
                self.refuse_contradiction();
            }
            part => {
                let whole = (!builder.is_alternative()).then_some(value);
                self.part(builder, &part, whole);
                builder.kind = builder.kind.or_else(|| type_of(value));
                if let Some(constant) = scalar(&part).filter(|_| !builder.is_alternative()) {
                    builder.set("enum", Json::Array(vec![constant]));
                }
            }
        }
    }

    /// Notes what is checked of a struct or list as a whole: it goes with the evaluation.
    fn leave_out(&mut self, value: &Value, checks: &[Shape]) {
        for check in checks {
            if let Shape::Validator(name, _) = check {
                self.note_here(&format!("the rule {name} is left out"));
                self.refuse_unless_complete(value);
            }
        }
    }

    /// `enum` for constants, `oneOf` for all else; a single alternative besides null stands for itself.
    fn alternatives(&mut self, builder: &mut Builder<'_>, alternatives: &[Operand]) {
        let (mut constants, mut others) = (Vec::new(), Vec::new());
        let mut nullable = false;
        for alternative in alternatives {
            match alternative.value.shape() {
                Shape::Null => nullable = true,
                shape => match scalar(&shape) {
                    Some(constant) => constants.push(constant),
                    None => others.push(alternative),
                },
            }
        }
        if nullable {
            builder.set_single("nullable", Json::Bool(true));
        }
        match (others.as_slice(), constants.is_empty()) {
            ([], true) => {}
            ([], false) if builder.is_alternative() => {}
            ([], false) => builder.set("enum", Json::Array(constants)),
            ([only], true) => self.alternative(builder, only),
            (others, is_bare) => {
                let first = (!is_bare).then(|| object("enum", Json::Array(constants)));
                if let Some(schemas) = self.one_of(builder, others) {
                    builder.set("oneOf", Json::Array(first.into_iter().chain(schemas).collect()));
                }
            }
        }
    }

    /// A reference stays one; all else is evaluated.
    fn alternative(&mut self, builder: &mut Builder<'_>, alternative: &Operand) {
        match alternative.form {
            Form::Reference { .. } | Form::Function(_) => _ = self.constrain(builder, alternative),
            _ => self.shape(builder, &alternative.value),
        }
    }

    /// The alternatives as schemas of which exactly one holds: what another one covers is taken out of it. None if one
    /// of them allows anything.
    fn one_of(&mut self, outer: &Builder<'_>, alternatives: &[&Operand]) -> Option<Vec<Json>> {
        let mut schemas = Vec::new();
        for alternative in alternatives {
            let mut builder = Builder::alternative(outer);
            self.alternative(&mut builder, alternative);
            let untyped = builder.kind.is_none();
            let schema = builder.finish();
            if untyped && is_empty(&schema) {
                return None;
            }
            schemas.push(schema);
        }
        let exclusive = |index: usize| {
            let covers = |other: usize| covers(alternatives[index], alternatives[other], View::Described);
            let is_covered = |other: &usize| *other != index && covers(*other);
            let covered: Vec<_> = (0..schemas.len()).filter(is_covered).map(|other| schemas[other].clone()).collect();
            let schema = schemas[index].clone();
            if covered.is_empty() {
                return schema;
            }
            let exclude = object("not", object("anyOf", Json::Array(covered)));
            if is_empty(&schema) { exclude } else { object("allOf", Json::Array(vec![schema, exclude])) }
        };
        Some((0..schemas.len()).map(exclusive).collect())
    }

    fn object(&mut self, builder: &mut Builder<'_>, value: &Value) {
        let fields = value.fields(ALL_FIELDS);
        let required = fields.iter().filter(|field| field.constraint != Constraint::Optional);
        let required: Vec<_> = required.filter_map(|field| plain_name(&field.label)).map(Json::from).collect();
        if !required.is_empty() {
            self.set(builder, "required", Json::Array(required));
        }
        for field in &fields {
            match &field.label {
                PathPart::Field(name) => {
                    let core = builder.core().and_then(|core| core.property(name));
                    let schema = self.schema_in(core, Step::Part(field.label.clone(), field.constraint), &field.value);
                    if !builder.is_alternative() || !is_empty(&schema) {
                        builder.set_property(name, schema);
                    }
                }
                PathPart::Special(name) if is_exported(name) => self.add_definition(name, &field.value),
                PathPart::Special(_) | PathPart::Index(_) => {}
            }
        }
        self.patterns(builder, value);
        if value.is_waiting() && !matches!(value.shape(), Shape::Unresolved(_)) {
            self.note_here("a rule that depends on data is left out");
            self.refuse_unless_complete(value);
        }
    }

    fn patterns(&mut self, builder: &mut Builder<'_>, value: &Value) {
        let (any, other): (Vec<_>, Vec<_>) =
            value.patterns().into_iter().partition(|(pattern, _)| is_any_name(pattern));
        for (pattern, _) in other {
            self.note_here(&format!("the rule for fields that match {} is left out", pattern.to_cue()));
        }
        let constraint = match any.as_slice() {
            [] => return,
            [(_, only)] => only.clone(),
            all => match Value::all(all.iter().map(|(_, constraint)| constraint.clone())) {
                Some(all) => all,
                None => return,
            },
        };
        let schema = self.schema(Step::Any, &constraint);
        if !is_empty(&schema) && builder.core().and_then(Core::items).is_none() {
            builder.set_single("additionalProperties", schema);
        }
    }

    fn array(&mut self, builder: &mut Builder<'_>, value: &Value) {
        let elements = value.elements();
        let count = elements.len() as i64;
        let schema = |(index, element)| self.schema(Step::Part(PathPart::Index(index), Constraint::None), element);
        let items: Vec<_> = elements.iter().enumerate().map(schema).collect();
        if count > 0 {
            builder.set("items", Json::Array(items));
        }
        let Some(rest) = value.rest() else { return };
        let core = builder.core().and_then(Core::items);
        let rest = self.schema_in(core, Step::Any, &rest);
        if count > 0 {
            self.set(builder, "minItems", count.into());
            self.set(builder, "additionalItems", rest);
        } else if !builder.is_alternative() || !is_empty(&rest) {
            builder.set_single("items", rest);
        }
    }
}

/// Fields that schemas know of.
pub(super) const ALL_FIELDS: FieldOptions = FieldOptions { optional: true, definitions: true, hidden: false };

/// The kinds that formats exist for.
const FORMATTED: Kind = Kind::NUMBER.or(Kind::STRING).or(Kind::BYTES);

/// The type of a value, if it has just one besides null.
pub(super) fn type_of(value: &Value) -> Option<&'static str> {
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

pub(super) fn type_name(kind: Kind) -> Option<&'static str> {
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

pub(super) fn type_of_json(json: &Json) -> Option<&'static str> {
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

pub(super) fn is_top(value: &Value) -> bool {
    matches!(value.shape(), Shape::Top)
}

/// Whether a pattern is one for all fields.
pub(super) fn is_any_name(pattern: &Value) -> bool {
    match pattern.shape() {
        Shape::Top => true,
        Shape::Type(kind) => kind.contains(Kind::STRING),
        _ => false,
    }
}

/// Whether a list has elements and may have more: its default is the list of those elements.
fn is_open_list(value: &Value) -> bool {
    matches!(value.shape(), Shape::List(_)) && value.rest().is_some() && !value.elements().is_empty()
}

/// The alternatives of an evaluated disjunction, each once. The defaults that no other alternative covers are in front,
/// each changes places with what stands there.
pub(super) fn in_order(alternatives: Vec<(Value, bool)>) -> Vec<Operand> {
    let mut different: Vec<(Operand, bool)> = Vec::with_capacity(alternatives.len());
    for (value, default) in alternatives {
        if !different.iter().any(|(known, _)| are_alike(&known.value, &value, true)) {
            different.push((Operand { value, form: Form::Other }, default));
        }
    }
    let mut front = 0;
    for index in 0..different.len() {
        if different[index].1 {
            different.swap(front, index);
            front += 1;
        }
    }
    choices(&different)
}

/// Whether a path leads to a definition of a package, or to a field in one, by names that are not hidden.
fn is_nameable(path: &[PathPart]) -> bool {
    let is_named = |part: &PathPart| match part {
        PathPart::Field(_) => true,
        PathPart::Special(name) => !name.starts_with('_'),
        PathPart::Index(_) => false,
    };
    matches!(path.first(), Some(PathPart::Special(_))) && path.iter().all(is_named)
}

fn is_empty(schema: &Json) -> bool {
    matches!(schema, Json::Object(entries) if entries.is_empty())
}

fn is_deprecated(attribute: &str) -> bool {
    let body = attribute.strip_prefix("@protobuf(").and_then(|body| body.strip_suffix(')'));
    body.is_some_and(|body| body.split(',').skip(1).any(|flag| flag.trim().trim_matches('"') == "deprecated"))
}

fn plain_name(label: &PathPart) -> Option<&str> {
    match label {
        PathPart::Field(name) => Some(name),
        PathPart::Special(_) | PathPart::Index(_) => None,
    }
}

/// A value without parts as JSON.
pub(super) fn scalar(shape: &Shape) -> Option<Json> {
    match shape {
        Shape::Null => Some(Json::Null),
        Shape::Bool(value) => Some(Json::Bool(*value)),
        Shape::Number(number) => Some(Json::Number(number.clone())),
        Shape::String(text) => Some((&**text).into()),
        Shape::Bytes(bytes) => Some(STANDARD.encode(bytes).as_str().into()),
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
