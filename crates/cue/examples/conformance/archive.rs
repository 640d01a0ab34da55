//! An archive as the engine sees it, and paths into its value.

use std::collections::BTreeMap;
use std::sync::Arc;

use cue::syntax::literal::{Text, decode_text};
use cue::{Constraint, Errors, Field, FieldOptions, Instance, Limits, PathPart, Source, SourceFile, Value};

/// Steps that one archive may take.
const STEPS_MAX: u64 = 1_000_000;

/// Files by their name in the archive.
struct Files<'a>(&'a BTreeMap<String, String>);

impl Source for Files<'_> {
    fn cue_files(&self, folder: &str) -> Result<Option<Vec<Arc<SourceFile>>>, String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inside = |name: &str| name.strip_prefix(&prefix).is_some_and(|rest| !rest.contains('/'));
        let wanted = self.0.iter().filter(|(name, _)| name.ends_with(".cue") && inside(name));
        let files: Vec<_> = wanted.map(|(name, text)| SourceFile::new(name.as_str(), text.as_str())).collect();
        Ok(if files.is_empty() { None } else { Some(files) })
    }

    fn file(&self, path: &str) -> Result<Option<Arc<SourceFile>>, String> {
        Ok(self.0.get(path).map(|text| SourceFile::new(path, text.as_str())))
    }
}

/// Compiles the top-level files of an archive as one instance.
pub(crate) fn load(files: &BTreeMap<String, String>) -> Result<Instance, Errors> {
    let limits = Limits { steps_max: STEPS_MAX, ..Limits::default() };
    Instance::load(&Files(files), "", &limits)
}

/// All fields of a struct, of every kind.
pub(crate) fn all_fields(value: &Value) -> Vec<Field> {
    value.fields(FieldOptions { optional: true, definitions: true, hidden: true })
}

/// Follows names and indices from a value.
pub(crate) fn descend(value: Value, path: &[String]) -> Option<Value> {
    path.iter().try_fold(value, |value, name| step(&value, name))
}

fn step(value: &Value, name: &str) -> Option<Value> {
    let name = name.trim_end_matches(['?', '!']);
    if let Ok(index) = name.parse()
        && let Some(element) = value.get(&PathPart::Index(index))
    {
        return Some(element);
    }
    let part = part_of(name);
    let field = || all_fields(value).into_iter().find(|field| field.label == part).map(|field| field.value);
    value.get(&part).or_else(field)
}

/// A name as paths are written: quoted, or plain.
pub(crate) fn part_of(name: &str) -> PathPart {
    match decode_text(name) {
        Ok(Text::String(name)) => PathPart::Field(name.into()),
        _ if name.starts_with(['#', '_']) => PathPart::Special(name.into()),
        _ => PathPart::Field(name.into()),
    }
}

/// Splits a dotted path such as `a."x-y".0`.
pub(crate) fn split_path(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for ch in path.chars() {
        match ch {
            '.' if !quoted => {
                parts.push(String::new());
                continue;
            }
            '"' => quoted = !quoted,
            _ => {}
        }
        parts.last_mut().expect("there is always one").push(ch);
    }
    parts
}

/// How a field is written, for messages.
pub(crate) fn field_text(label: &PathPart, constraint: Constraint) -> String {
    let mark = match constraint {
        Constraint::None => "",
        Constraint::Optional => "?",
        Constraint::Required => "!",
    };
    format!("{label}{mark}")
}
