//! Checks written in CUE.

use cue::lower::{self, Lowered};
use cue::{Errors, Instance, Limits, PathPart, Rule, Schema, Value, VetOptions};
use vet::{Checked, Fault, Verdict};

use super::{Check, Glance, Rejection, Violation, brief};

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
        let rule = match error.rule {
            // Payloads are concrete: what is incomplete is a field that is missing.
            Rule::Incomplete => Rule::Required,
            rule => rule,
        };
        Violation { pointer: error.pointer(), path, rule: rule.name().to_owned(), message: error.message.clone() }
    }

    /// A violation that the compiled check found, in the words of the schema as far as the check knows them.
    fn first_violation(&self, found: &vet::Violation, payload: &[u8]) -> Violation {
        let steps = found.pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
        let (rule, message) = brief::told(&found.broken, payload.get(found.offset..).unwrap_or_default());
        Violation {
            pointer: found.pointer.clone(),
            path: self.full_path(steps.collect::<Vec<_>>().join(".")),
            rule: rule.name().to_owned(),
            message,
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
            Verdict::Reject(violation) => Glance::Refused(self.first_violation(&violation, payload)),
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

#[cfg(test)]
mod tests {
    use cue::SourceFile;

    use super::*;

    /// What the compiled check and the evaluator say of a payload that a definition refuses.
    fn judged(definition: &str, payload: &str) -> (Violation, Vec<Violation>) {
        let packages = ["list", "math", "net", "strings", "time"];
        let used = packages.iter().filter(|name| definition.contains(&format!("{name}.")));
        let imports: String = used.map(|name| format!("import {name:?}\n")).collect();
        let file = SourceFile::new("x.cue", format!("{imports}#X: {definition}\n"));
        let instance = Instance::compile(vec![file], &Limits::default()).unwrap();
        let schema = CueSchema::new(&instance, "#X", None).unwrap();
        let Glance::Refused(first) = schema.glance(payload.as_bytes(), vet::Limits::default()) else {
            panic!("{definition} {payload}")
        };
        let Err(Rejection::Invalid(all)) = schema.check(payload.as_bytes()) else { panic!("{definition} {payload}") };
        (first, all)
    }

    #[test]
    fn the_first_violation_has_the_evaluators_words() {
        for (definition, payload) in [
            ("{a!: int & <130}", r#"{"a": 140}"#),
            ("{a!: int & <130}", r#"{"a": 1.5}"#),
            ("{a!: int & >=0 & <=10}", r#"{"a": -1}"#),
            ("{a!: int8}", r#"{"a":200}"#),
            ("{a!: uint}", r#"{"a": -7}"#),
            ("{a!: >5}", r#"{"a": 5}"#),
            ("{a!: >5 & !=7}", r#"{"a": 7}"#),
            ("{a!: number & >=1.5}", r#"{"a": 1.25}"#),
            ("{a!: =~\"^a\"}", r#"{"a": "b"}"#),
            ("{a!: !~\"^a\"}", r#"{"a": "a\"b"}"#),
            ("{a!: \"x\"}", r#"{"a": "b"}"#),
            ("{a!: 5}", r#"{"a": 6}"#),
            ("{a!: !=\"\"}", r#"{"a": ""}"#),
            ("{a!: >\"b\"}", r#"{"a": "a"}"#),
            ("{a!: strings.MinRunes(3)}", r#"{"a": "x"}"#),
            ("{a!: strings.MaxRunes(3)}", r#"{"a": "xxxx"}"#),
            ("{a!: math.MultipleOf(3)}", r#"{"a": 4}"#),
            ("{a!: int}", r#"{}"#),
            ("{a!: int}", r#"{"a": 1, "b": 2}"#),
            ("{a!: [...{b!: <5}]}", r#"{"a": [{"b": 1}, {"b": 7}]}"#),
        ] {
            let (first, all) = judged(definition, payload);
            assert_eq!([first].as_slice(), all, "{definition}");
        }
    }

    #[test]
    fn the_first_violation_has_the_evaluators_rule() {
        for (definition, payload) in [
            ("{a!: int & <130}", r#"{"a": "x"}"#),
            ("{a!: true}", r#"{"a": false}"#),
            ("{a!: \"x\" | \"y\"}", r#"{"a": "b"}"#),
            ("{a!: 1 | 2}", r#"{"a": 3}"#),
            ("{a!: string | int}", r#"{"a": true}"#),
            ("{a!: null | >5}", r#"{"a": 3}"#),
            ("{a!: time.Time}", r#"{"a": "x"}"#),
            ("{a!: net.IP}", r#"{"a": "x"}"#),
            ("{a!: [...int] & list.UniqueItems}", r#"{"a": [1, 1]}"#),
            ("{a!: [int, string]}", r#"{"a": [1]}"#),
            ("{a: int}", r#"{}"#),
            ("{a!: int}", r#"[]"#),
            ("{a!: bool}", r#"{"a": null}"#),
            ("{a!: {k: \"p\"} | {k: \"q\"}}", r#"{"a": {"k": "r"}}"#),
        ] {
            let (first, all) = judged(definition, payload);
            let is_same =
                |one: &Violation| (&one.pointer, &one.path, &one.rule) == (&first.pointer, &first.path, &first.rule);
            assert!(all.iter().any(is_same), "{definition}: {first:?} {all:?}");
        }
    }

    #[test]
    fn long_values_are_not_repeated() {
        let payload = format!("{{\"a\": \"{}\"}}", "x".repeat(200));
        assert_eq!(
            judged("{a!: strings.MaxRunes(3)}", &payload).0.message,
            "invalid value … (does not satisfy strings.MaxRunes(3))"
        );
        let payload = format!("{{\"a\": {}}}", "9".repeat(200));
        assert_eq!(judged("{a!: <5}", &payload).0.message, "invalid value … (out of bound <5)");
    }
}
