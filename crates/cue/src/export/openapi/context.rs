//! What the schemas of a document share: where the description is, what it came to, and what could not be said.

use std::collections::BTreeMap;

use crate::error::{Code, Error, PathPart, Position, Rule};
use crate::value::{Shape, Validation};
use crate::{Constraint, Value};

use super::super::tree::Json;
use super::builder::Builder;
use super::{Note, Options};

/// Levels of definitions, fields and alternatives inside each other that are written out.
const DEPTH_MAX: usize = 200;

/// What the schemas of a document share.
pub(super) struct Context<'a> {
    pub(super) options: &'a Options<'a>,
    pub(super) schemas: BTreeMap<String, Json>,
    notes: Vec<Note>,
    refused_rule: Option<Error>,
    refused_document: Option<Error>,
    /// The way to the value that is being described.
    path: Vec<Step>,
    /// What is referred to by name but is no definition of the package: functions, and definitions of other packages.
    pub(super) external: BTreeMap<String, External>,
    /// Definitions that are being described, also where they are referred to.
    open: Vec<Vec<PathPart>>,
    /// Where a definition is replaced by itself.
    circle: Option<String>,
}

/// What the description of a package came to.
pub(super) struct Described {
    pub(super) schemas: Vec<(String, Json)>,
    pub(super) notes: Vec<Note>,
    /// What the reference says of the first rule for which it gives up.
    pub(super) refused_rule: Option<Error>,
    /// The same of the first part of a finished document that is no data.
    pub(super) refused_document: Option<Error>,
}

/// What a document describes besides the definitions of the package.
pub(super) enum External {
    /// A function, of which only the type can be said.
    Function(Value),
    /// A definition of another package.
    Definition(Value),
}

/// A step on the way to a value.
pub(super) enum Step {
    /// To a field, definition or element.
    Part(PathPart, Constraint),
    /// To what stands under any name that a pattern allows, or behind the elements of a list.
    Any,
}

impl<'a> Context<'a> {
    pub(super) fn new(options: &'a Options<'a>) -> Self {
        let (schemas, notes, path, external, open, circle) = Default::default();
        let (refused_rule, refused_document) = (None, None);
        Self { options, schemas, notes, refused_rule, refused_document, path, external, open, circle }
    }

    pub(super) fn finish(self) -> Described {
        Described {
            schemas: self.schemas.into_iter().collect(),
            notes: self.notes,
            refused_rule: self.refused_rule,
            refused_document: self.refused_document,
        }
    }

    /// Where references can't be replaced, because they lead back to what they stand in.
    pub(super) fn circle(&self) -> Option<&str> {
        self.circle.as_deref()
    }

    /// The name of the schema for a definition or a field in one, if it has one.
    pub(super) fn component_name(&self, path: &[PathPart]) -> Option<String> {
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

    pub(super) fn note_here(&mut self, message: &str) {
        self.note(shown(&self.path), message);
    }

    /// Keeps why the reference gives up on a rule, if it has not done so before.
    pub(super) fn refuse(&mut self, position: Option<Position>, message: &str) {
        if self.refused_rule.is_none() {
            let message = format!("{}: {message}", shown(&self.path));
            self.refused_rule = Some(Error { primary: position, ..Error::new(Code::Eval, Rule::Other, message) });
        }
    }

    /// Keeps that the reference gives up because of an error that more data could mend, if there is such an error.
    pub(super) fn refuse_unless_complete(&mut self, value: &Value) {
        let Err(errors) = value.validate(Validation { concrete: true }) else { return };
        let path = value.path();
        let own: Vec<_> = errors.iter().filter(|error| error.path == path).collect();
        let Some(first) = own.first() else { return };
        let more = if own.len() > 1 { format!(" (and {} more errors)", own.len() - 1) } else { String::new() };
        let is_check = matches!(value.shape(), Shape::Struct(_) | Shape::List(_)) && !value.is_waiting();
        let position = if is_check { first.primary.clone() } else { value.written_at() };
        self.refuse(position, &format!("openapi: {}: {}{more}", self.plain_place(), first.message));
    }

    /// The path as the reference prints values.
    pub(super) fn plain_place(&self) -> String {
        let part = |step: &Step| match step {
            Step::Part(part, _) => part.to_string(),
            Step::Any => "_".to_owned(),
        };
        self.path.iter().map(part).collect::<Vec<_>>().join(".")
    }

    /// The path as schemas are named by it.
    pub(super) fn place(&self) -> Vec<PathPart> {
        let part = |step: &Step| match step {
            Step::Part(part, _) => part.clone(),
            Step::Any => PathPart::Field("*".into()),
        };
        self.path.iter().map(part).collect()
    }

    /// Keeps that the reference gives up on a default that is no data.
    pub(super) fn refuse_default(&mut self, default: &Value) {
        if let (Shape::Struct(_) | Shape::List(_), Err(errors)) =
            (default.shape(), default.validate(Validation { concrete: true }))
        {
            let message = format!("{}: default: {}", shown(&self.path), errors.first().message);
            self.refused_document.get_or_insert(Error::new(Code::Eval, Rule::Other, message));
        }
    }

    /// Keeps that the reference finds a contradiction in the document.
    pub(super) fn refuse_contradiction(&mut self) {
        let message = "explicit error (_|_ literal) in source";
        self.refused_document.get_or_insert(Error::new(Code::Eval, Rule::Other, message));
    }

    pub(super) fn enter(&mut self, step: Step) {
        self.path.push(step);
    }

    /// Whether levels are left out from here on.
    pub(super) fn is_too_deep(&mut self) -> bool {
        let is_too_deep = self.path.len() > DEPTH_MAX;
        if is_too_deep {
            self.note_here("levels below this one are left out");
        }
        is_too_deep
    }

    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    /// Goes into what a reference leads to; false if that is being described already.
    pub(super) fn open(&mut self, path: Vec<PathPart>) -> bool {
        if self.open.contains(&path) {
            self.circle.get_or_insert(shown(&self.path));
            return false;
        }
        self.open.push(path);
        true
    }

    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    /// Sets a key that restricts values, unless such keys are to be left out.
    pub(super) fn set(&self, builder: &mut Builder<'_>, key: &str, value: Json) {
        if !self.options.omit.as_ref().is_some_and(|omit| omit.is_match(&format!("Schema/{key}"))) {
            builder.set(key, value);
        }
    }
}

/// A path as the reference prints it, with the marks of fields.
fn shown(path: &[Step]) -> String {
    let part = |step: &Step| match step {
        Step::Part(part, Constraint::None) => part.to_string(),
        Step::Part(part, Constraint::Optional) => format!("{part}?"),
        Step::Part(part, Constraint::Required) => format!("{part}!"),
        Step::Any => "[_]".to_owned(),
    };
    path.iter().map(part).collect::<Vec<_>>().join(".")
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
