//! An archive as the engine sees it, and paths into its value.

use std::collections::{BTreeMap, BTreeSet};

use cue::syntax::literal::{Text, decode_text};
use cue::{
    Constraint, Entry, Errors, Field, FieldOptions, Instance, Limits, LoadOptions, Loader, PathPart, Source,
    SourceFile, Value,
};

/// Steps that one archive may take.
const STEPS_MAX: u64 = 1_000_000;

/// Files by their name in the archive.
struct Files<'a>(&'a BTreeMap<String, String>);

impl Source for Files<'_> {
    fn list(&self, folder: &str) -> Result<Option<Vec<Entry>>, String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let entry = |name: &String| {
            let rest = name.strip_prefix(&prefix)?;
            let (first, is_folder) = rest.split_once('/').map_or((rest, false), |(first, _)| (first, true));
            Some(Entry { name: first.to_owned(), is_folder })
        };
        let entries: BTreeSet<Entry> = self.0.keys().filter_map(entry).collect();
        Ok((!entries.is_empty()).then(|| entries.into_iter().collect()))
    }

    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(file).map(|text| text.clone().into_bytes()))
    }

    fn display(&self, file: &str) -> String {
        file.to_owned()
    }
}

/// Loads the top-level files of an archive as one instance.
pub(crate) fn load(files: &BTreeMap<String, String>) -> Result<Instance, Errors> {
    let limits = Limits { steps_max: STEPS_MAX, ..Limits::default() };
    let is_top_level = |name: &str| name.ends_with(".cue") && !name.contains('/');
    let top_level = files.iter().filter(|(name, _)| is_top_level(name));
    let top_level = top_level.map(|(name, text)| SourceFile::new(name.as_str(), text.as_str())).collect();
    let options = LoadOptions { limits, ..LoadOptions::default() };
    Loader::new(&Files(files), &options).files(top_level)
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
    // A hidden name may tell its package behind a dollar sign.
    let name = match name.strip_suffix(')').and_then(|name| name.split_once("$(")) {
        Some((hidden, _package)) => hidden,
        None => name,
    };
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
    let mut in_package = false;
    for ch in path.chars() {
        match ch {
            '(' | ')' if !quoted => in_package = ch == '(',
            '.' if !quoted && !in_package => {
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
