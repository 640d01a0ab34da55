//! Schemas without references, in the structural form: a core says for each place what types, names and formats it
//! has in any alternative, and alternatives add only what the core does not say.

use super::{
    builder::Builder,
    context::{Context, Step},
    covers::are_alike,
    format,
    schema::{ALL_FIELDS, in_order, is_any_name},
};
use crate::{
    Constraint, Value,
    error::PathPart,
    export::tree::Json,
    kind::Kind,
    value::{Form, Operand, Shape},
};

/// What holds for a place in all alternatives.
#[derive(Default)]
pub(super) struct Core {
    kind: Option<Kind>,
    pub(super) format: Option<&'static str>,
    description: String,
    /// The different values that the place may have, evaluated.
    values: Vec<(Value, Constraint)>,
    properties: Vec<(String, Core)>,
    /// What stands under any other name, or behind the elements of a list.
    items: Option<Box<Core>>,
}

impl Core {
    pub(super) fn property(&self, name: &str) -> Option<&Self> {
        self.properties.iter().find(|(known, _)| known == name).map(|(_, core)| core)
    }

    pub(super) fn items(&self) -> Option<&Self> {
        self.items.as_deref()
    }

    /// Whether alternatives differ in more than what the core says.
    pub(super) fn has_alternatives(&self) -> bool {
        self.values.len() > 1
    }
}

/// A value as if it was written as what it evaluates to.
fn evaluated(value: &Value) -> Operand {
    Operand { value: value.clone(), form: Form::Call }
}

impl Context<'_> {
    /// The schema of a value in the structural form; inside of alternatives, what the core does not say.
    pub(super) fn structural(&mut self, core: Option<&Core>, value: &Value) -> Json {
        if let Some(core) = core {
            let mut builder = Builder::within(core);
            self.fill(&mut builder, &value.operand());
            return builder.finish_whole();
        }
        let mut core = Core::default();
        self.collect(&mut core, value, Constraint::None);
        let mut builder = self.core_builder(&core);
        let operand = match core.values.as_slice() {
            [(only, _)] => evaluated(only),
            _ => value.operand(),
        };
        self.fill(&mut builder, &operand);
        builder.finish_whole()
    }

    /// Adds what a value demands to what its core says.
    fn fill(&mut self, builder: &mut Builder<'_>, operand: &Operand) {
        self.describe(builder, operand);
        // What a reference is replaced by has attributes of its own.
        builder.deprecated &= operand.value.reference().is_none();
        if builder.core().is_none_or(Core::has_alternatives) {
            self.constrain(builder, operand);
        }
    }

    /// Adds what a value says to the core of its place.
    fn collect(&mut self, core: &mut Core, value: &Value, constraint: Constraint) {
        if self.is_too_deep() {
            return;
        }
        let reference = value.reference();
        let is_reference = reference.is_some();
        if reference.is_some_and(|path| !self.open(path)) {
            return;
        }
        let doc = value.doc();
        if !doc.trim().is_empty() {
            doc.trim().clone_into(&mut core.description);
        }
        match format::of(&value.operand()) {
            Some(format) => core.format = Some(format),
            None => {
                core.kind = Some(value.kind());
                stacker::maybe_grow(256 << 10, 4 << 20, || self.collect_parts(core, value));
            }
        }
        let is_known = |(known, of): &(Value, Constraint)| *of == constraint && are_alike(known, value, false);
        if !core.values.iter().any(is_known) {
            core.values.push((value.clone(), constraint));
        }
        if is_reference {
            self.close();
        }
    }

    fn collect_parts(&mut self, core: &mut Core, value: &Value) {
        match value.kind() {
            Kind::STRUCT => self.collect_struct(core, value),
            Kind::LIST => {
                if let Some(rest) = value.rest() {
                    self.collect_items(core, &rest);
                }
            }
            _ => {}
        }
    }

    fn collect_struct(&mut self, core: &mut Core, value: &Value) {
        if let Shape::Disjunction(alternatives) = value.shape() {
            let alternatives = in_order(alternatives);
            for alternative in alternatives.iter().filter(|_| alternatives.len() > 1) {
                self.collect(core, &alternative.value, Constraint::None);
            }
        }
        let value = value.default_value();
        let any = value.patterns().into_iter().filter(|(pattern, _)| is_any_name(pattern));
        match Value::all(any.map(|(_, constraint)| constraint)) {
            Some(constraint) => self.collect_items(core, &constraint),
            None if value.has_ellipsis() => {
                core.items.get_or_insert_default();
            }
            None => {}
        }
        for field in value.fields(ALL_FIELDS) {
            let PathPart::Field(name) = &field.label else { continue };
            let at = core.properties.iter().position(|(known, _)| **known == **name).unwrap_or_else(|| {
                core.properties.push((name.to_string(), Core::default()));
                core.properties.len() - 1
            });
            self.enter(Step::Part(field.label.clone(), field.constraint));
            self.collect(&mut core.properties[at].1, &field.value, field.constraint);
            self.leave();
        }
    }

    fn collect_items(&mut self, core: &mut Core, value: &Value) {
        self.enter(Step::Any);
        self.collect(core.items.get_or_insert_default(), value, Constraint::None);
        self.leave();
    }

    /// What the core says, as a schema that more can be added to.
    fn core_builder<'c>(&mut self, core: &'c Core) -> Builder<'c> {
        let mut builder = Builder::of_core(core);
        if !core.description.is_empty() {
            builder.set_single("description", core.description.as_str().into());
        }
        match core.kind {
            Some(Kind::LIST) => {
                if let Some(items) = &core.items {
                    builder.set_kind("array");
                    builder.set_single("items", self.core_schema(Step::Any, items));
                }
            }
            Some(Kind::STRUCT) => {
                if !core.properties.is_empty() || core.items.is_some() {
                    builder.set_kind("object");
                }
                for (name, property) in &core.properties {
                    let step = Step::Part(PathPart::Field(name.as_str().into()), Constraint::None);
                    let schema = self.core_schema(step, property);
                    builder.set_property(name, schema);
                }
                if let Some(items) = &core.items {
                    builder.set_single("additionalProperties", self.core_schema(Step::Any, items));
                }
            }
            _ => {}
        }
        builder
    }

    fn core_schema(&mut self, step: Step, core: &Core) -> Json {
        self.enter(step);
        let mut builder = self.core_builder(core);
        if let [(only, _)] = core.values.as_slice() {
            self.fill(&mut builder, &evaluated(only));
        }
        self.leave();
        builder.finish_whole()
    }
}
