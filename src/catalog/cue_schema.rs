//! Checks written in CUE.

use cue::lower::{self, Lowered};
use cue::{Errors, Instance, Limits, PathPart, Rule, Schema, Value, VetOptions};
use vet::{Broken, Checked, Fault, Verdict};

use super::{Check, Glance, Rejection, Violation};

/// The check of payloads by a definition.
pub(super) struct CueSchema {
    schema: Schema,
    /// Accepts most payloads in one pass; what it does not accept, the schema judges and words.
    lowered: Lowered,
    /// What paths in messages begin with, such as `#Identity`; empty for a schema without a name of its own.
    prefix: String,
}

impl CueSchema {
    /// Prepares the value of an expression over the package, such as `#Identity`.
    /// `key` is the path of the field that gives the record's key.
    pub(super) fn new(instance: &Instance, expression: &str, key: Option<&[String]>) -> Result<Self, Errors> {
        let schema = Schema::new(instance, expression, VetOptions::default())?;
        let options =
            lower::Options { captures: key.map(<[String]>::to_vec).into_iter().collect(), ..lower::Options::default() };
        let lowered = lower::program(instance, expression, &Limits::default(), &options);
        let prefix = if expression.starts_with(['#', '_']) { expression.to_owned() } else { String::new() };
        Ok(Self { schema, lowered, prefix })
    }

    /// The definition.
    pub(super) fn value(&self) -> &Value {
        self.schema.value()
    }

    /// Whether a payload can have a field at this path; `None` if the definition leaves it open.
    pub(super) fn has_field(&self, path: &[String]) -> Option<bool> {
        let mut value = self.value().clone();
        for name in path {
            match value.get(&PathPart::Field(name.as_str().into())) {
                Some(inner) => value = inner,
                None if !value.allows(name) => return Some(false),
                None => return None,
            }
        }
        Some(true)
    }

    fn violation(&self, error: &cue::Error) -> Violation {
        let path = self.full_path(cue::path_text(&error.path));
        Violation { pointer: error.pointer(), path, rule: error.rule.name().to_owned(), message: error.message.clone() }
    }

    /// A violation in the words of the compiled check.
    fn first_violation(&self, found: &vet::Violation) -> Violation {
        let steps = found.pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
        let rule = match found.broken {
            Broken::Kind(_) => Rule::Type,
            Broken::Value(_) => Rule::Bound,
            Broken::Required => Rule::Required,
            Broken::Unknown | Broken::Name => Rule::UnknownField,
            Broken::Length(_) => Rule::Length,
            Broken::Alternatives => Rule::Disjunction,
            _ => Rule::Validator,
        };
        Violation {
            pointer: found.pointer.clone(),
            path: self.full_path(steps.collect::<Vec<_>>().join(".")),
            rule: rule.name().to_owned(),
            message: found.broken.to_string(),
        }
    }

    fn full_path(&self, path: String) -> String {
        match (self.prefix.is_empty(), path.is_empty()) {
            (true, _) => path,
            (false, true) => self.prefix.clone(),
            (false, false) => format!("{}.{path}", self.prefix),
        }
    }
}

impl Check for CueSchema {
    fn glance(&self, payload: &[u8], limits: vet::Limits) -> Glance {
        let Checked { verdict, captured: [key, ..] } = self.lowered.program.check_capturing(payload, limits);
        match verdict {
            Verdict::Accept => Glance::Accepted { key },
            Verdict::Reject(violation) => Glance::Refused(self.first_violation(&violation)),
            Verdict::Unsure(_) | Verdict::Malformed(_) => Glance::Undecided,
        }
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn check(&self, payload: &[u8]) -> Result<(), Rejection> {
        match self.lowered.program.check(payload) {
            Verdict::Accept => return Ok(()),
            // The schema would unify the two members; what readers of the event see is left open by RFC 8259.
            Verdict::Malformed(malformed) if malformed.fault == Fault::DuplicateMember => {
                return Err(Rejection::Malformed { message: malformed.fault.to_string(), offset: malformed.offset });
            }
            Verdict::Reject(_) | Verdict::Unsure(_) | Verdict::Malformed(_) => {}
        }
        let Err(errors) = self.schema.vet_json(payload, "payload") else { return Ok(()) };
        let first = errors.first();
        if first.rule == Rule::Syntax {
            let offset = first.primary.as_ref().map_or(0, |position| position.pos.offset as usize);
            return Err(Rejection::Malformed { message: first.message.clone(), offset });
        }
        Err(Rejection::Invalid(errors.iter().map(|error| self.violation(error)).collect()))
    }

    fn interpreted(&self) -> Vec<String> {
        self.lowered.residuals.iter().map(ToString::to_string).collect()
    }
}
