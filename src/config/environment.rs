//! Settings in the environment: `SLUICE_` and the path of the setting in capitals, as in `SLUICE_LOG_FORMAT`.

use std::path::PathBuf;

use cue::{Instance, Limits, SourceFile};
use serde_json::Value;

use super::layers::{Given, Origin, defaults};
use crate::catalog::{Place, Problem};

/// The variable that names the file of settings.
const FILE: &str = "SLUICE_CONFIG";

/// The file that the environment names.
pub(super) fn file(environment: &[(String, String)]) -> Option<PathBuf> {
    environment.iter().find(|(name, _)| name == FILE).map(|(_, path)| PathBuf::from(path))
}

/// What the variables give. One that is almost the name of a setting is a mistake; others are none of ours: an
/// orchestrator sets `SLUICE_PORT` and the like for a service of this name.
pub(super) fn given(environment: &[(String, String)], problems: &mut Vec<Problem>) -> Vec<Given> {
    let settings = leaves(&defaults(), &mut Vec::new());
    let mut given = Vec::new();
    for (name, text) in environment.iter().filter(|(name, _)| name != FILE) {
        match settings.iter().find(|(path, _)| variable(path) == *name) {
            Some((path, default)) => {
                let origin = Origin::Environment(name.clone());
                given.push(Given { path: path.clone(), value: value_of(text, default), origin });
            }
            None => problems.extend(misspelt(name, &settings)),
        }
    }
    given
}

/// The name of the variable for a setting: `log.format` is `SLUICE_LOG_FORMAT`.
fn variable(path: &[String]) -> String {
    format!("SLUICE_{}", path.join("_").to_uppercase())
}

/// The text as a value of the setting's type: text for text, a value in CUE, such as `16Mi`, for all else.
fn value_of(text: &str, default: &Value) -> Value {
    let plain = || Value::String(text.to_owned());
    if default.is_string() { plain() } else { in_cue(text).unwrap_or_else(plain) }
}

fn in_cue(text: &str) -> Option<Value> {
    let instance = Instance::compile(vec![SourceFile::new("setting.cue", text)], &Limits::default()).ok()?;
    serde_json::from_str(&instance.root().to_json().ok()?).ok()
}

/// Every setting with its default.
pub(super) fn leaves(tree: &Value, path: &mut Vec<String>) -> Vec<(Vec<String>, Value)> {
    match tree {
        Value::Object(fields) if !fields.is_empty() => {
            let mut all = Vec::new();
            for (name, value) in fields {
                path.push(name.clone());
                all.extend(leaves(value, path));
                path.pop();
            }
            all
        }
        leaf => vec![(path.clone(), leaf.clone())],
    }
}

fn misspelt(name: &str, settings: &[(Vec<String>, Value)]) -> Option<Problem> {
    let known = settings.iter().map(|(path, _)| variable(path)).chain([FILE.to_owned()]);
    let near = known.map(|known| (distance(name, &known), known)).min()?;
    let message = format!("no such setting; did you mean {}?", near.1);
    (near.0 <= 2).then(|| Problem::new(Place { file: name.to_owned(), line_column: None }, message))
}

/// How many letters must be put in, taken out or changed to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, c) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(c != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Vec<(String, Value)>, Vec<String>) {
        let environment: Vec<_> = variables.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        let mut problems = Vec::new();
        let given = given(&environment, &mut problems);
        let values = given.into_iter().map(|given| (given.path.join("."), given.value)).collect();
        (values, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn names_and_types_follow_the_settings() {
        let (values, problems) =
            read(&[("SLUICE_CREATE_TOPICS", "true"), ("SLUICE_LOG_LEVEL", "warn"), ("SLUICE_CHANNEL", "none")]);
        let expected = [
            ("create_topics".to_owned(), Value::Bool(true)),
            ("log.level".to_owned(), "warn".into()),
            ("channel".to_owned(), "none".into()),
        ];
        assert_eq!((values.as_slice(), problems.is_empty()), (expected.as_slice(), true));
    }

    #[test]
    fn a_misspelt_name_is_a_mistake_and_a_foreign_one_is_not() {
        let (values, problems) =
            read(&[("SLUICE_LISTN", "1"), ("SLUICE_SERVICE_HOST", "10.0.0.1"), ("SLUICE_CONFIG", "x.cue")]);
        assert!(values.is_empty());
        assert_eq!(problems, ["SLUICE_LISTN: no such setting; did you mean SLUICE_LISTEN?"]);
    }

    #[test]
    fn distances() {
        assert_eq!((distance("", "abc"), distance("kitten", "sitting"), distance("same", "same")), (3, 3, 0));
    }
}
