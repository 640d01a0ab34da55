//! Settings in `sluice.cue`: checked by the definition `#Config` with the gateway's own engine.

use std::{fs, path::Path, sync::Arc};

use cue::{FieldOptions, Instance, Limits, PathPart, SourceFile, Validation, Value};

use super::{
    REFERENCE, environment, expected,
    layers::{Given, Origin, defaults},
};
use crate::catalog::{EMBEDDED, Place, Problem};

/// The file that is read when none is named, if it is there.
const DEFAULT: &str = "sluice.cue";

/// What the file gives.
pub(super) fn given(named: Option<&Path>, problems: &mut Vec<Problem>) -> Vec<Given> {
    let path = named.unwrap_or(Path::new(DEFAULT));
    if named.is_none() && !path.exists() {
        return Vec::new();
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            problems.push(Problem::new(Place::whole(path), format!("can't be read: {error}")));
            return Vec::new();
        }
    };
    let file = SourceFile::new(path.display().to_string(), text);
    let given = checked(file.clone()).and_then(|()| read(path, file.clone()));
    given.unwrap_or_else(|errors| {
        let root = Instance::compile(vec![file], &Limits::default()).map(|instance| instance.root()).ok();
        let mut found = mistakes(errors, root.as_ref(), &Place::whole(path));
        // The engine does not tell fields that are not allowed beside other mistakes.
        if let Some(root) = root {
            find_unknown(&root, &defaults(), &mut Vec::new(), &mut found);
        }
        found.sort_by(|a, b| a.places.cmp(&b.places));
        problems.extend(found);
        Vec::new()
    })
}

/// Reports fields that are no settings, unless they are among the problems.
fn find_unknown(value: &Value, settings: &serde_json::Value, path: &mut Vec<String>, problems: &mut Vec<Problem>) {
    for field in value.fields(FieldOptions::default()) {
        let PathPart::Field(name) = &field.label else { continue };
        path.push(name.to_string());
        match settings.get(&**name) {
            Some(inner) if inner.as_object().is_some_and(|fields| !fields.is_empty()) => {
                find_unknown(&field.value, inner, path, problems);
            }
            Some(_) => {}
            None => {
                let message = format!("{}: field not allowed", path.join("."));
                let place = field.value.position().map(|position| Place::from(&position));
                if let Some(place) = place.filter(|_| problems.iter().all(|known| known.message != message)) {
                    problems.push(Problem::new(place, message));
                }
            }
        }
        path.pop();
    }
}

/// One mistake for each setting, whatever alternatives its value could have been. `root` is what the file says.
fn mistakes(errors: cue::Errors, root: Option<&Value>, place: &Place) -> Vec<Problem> {
    let mut mistakes: Vec<Problem> = Vec::new();
    for problem in Problem::of_cue(errors, place) {
        let (setting, message) = problem.message.split_once(": ").unwrap_or(("", &problem.message));
        let is_same = |known: &&mut Problem| {
            known.places == problem.places && known.message.split_once(": ").is_some_and(|(name, _)| name == setting)
        };
        match mistakes.iter_mut().find(is_same) {
            Some(known) => known.message += &format!("; {message}"),
            None => mistakes.push(problem),
        }
    }
    let settings = environment::leaves(&defaults(), &mut Vec::new());
    for mistake in &mut mistakes {
        let setting = mistake.message.split_once(": ").map_or("", |(setting, _)| setting);
        let path = settings.iter().map(|(path, _)| path).find(|path| path.join(".") == setting);
        if let Some((path, value)) = path.and_then(|path| Some((path, plain(root?, path)?))) {
            mistake.message = expected::refused(path, &value);
        }
    }
    mistakes
}

/// What a file says of a setting, if it is a value by itself.
fn plain(root: &Value, path: &[String]) -> Option<serde_json::Value> {
    let value = path.iter().try_fold(root.clone(), |value, name| value.get(&PathPart::Field(name.as_str().into())))?;
    serde_json::from_str(&value.to_json().ok()?).ok()
}

/// The definition of all settings.
pub(super) fn reference() -> Result<Value, cue::Errors> {
    let file = SourceFile::new(format!("{EMBEDDED}config.cue"), REFERENCE);
    Instance::compile(vec![file], &Limits::default())?.lookup("#Config")
}

/// Checks one setting that does not come from a file.
pub(super) fn check(path: &[String], value: &serde_json::Value) -> Result<(), cue::Errors> {
    // JSON is CUE.
    let text = path.iter().rev().fold(value.to_string(), |inner, name| format!("{{{name:?}: {inner}}}"));
    checked(SourceFile::new(format!("{EMBEDDED}setting.cue"), text))
}

/// Checks a file's settings by the definition of all.
fn checked(file: Arc<SourceFile>) -> Result<(), cue::Errors> {
    // Embedded in a file, the definition closes what all files say together.
    let reference = SourceFile::new(format!("{EMBEDDED}config.cue"), format!("{REFERENCE}\n#Config\n"));
    Instance::compile(vec![file, reference], &Limits::default())?.root().validate(Validation { concrete: true })
}

fn read(path: &Path, file: Arc<SourceFile>) -> Result<Vec<Given>, cue::Errors> {
    let root = Instance::compile(vec![file], &Limits::default())?.root();
    let mut given = Vec::new();
    collect(&root, &defaults(), &Place::whole(path), &mut Vec::new(), &mut given)?;
    Ok(given)
}

/// Walks down where the settings do.
fn collect(
    value: &Value,
    settings: &serde_json::Value,
    whole: &Place,
    path: &mut Vec<String>,
    given: &mut Vec<Given>,
) -> Result<(), cue::Errors> {
    for field in value.fields(FieldOptions::default()) {
        let PathPart::Field(name) = &field.label else { continue };
        path.push(name.to_string());
        match settings.get(&**name) {
            Some(inner) if inner.is_object() => collect(&field.value, inner, whole, path, given)?,
            // Also what has a name of the owner's choice, such as a property of the Kafka client.
            _ => {
                let text = field.value.to_json()?;
                let position = field.value.position();
                let place = position.map_or_else(|| whole.clone(), |position| Place::from(&position));
                let value = serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text));
                given.push(Given { path: path.clone(), value, origin: Origin::File(place) });
            }
        }
        path.pop();
    }
    Ok(())
}
