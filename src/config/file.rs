//! Settings in `sluice.cue`: checked by the definition `#Config` with the gateway's own engine.

use std::{fs, path::Path};

use cue::{FieldOptions, Instance, Limits, PathPart, SourceFile, Validation, Value};

use super::{
    REFERENCE,
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
    read(path, text).unwrap_or_else(|errors| {
        problems.extend(Problem::of_cue(errors, &Place::whole(path)));
        Vec::new()
    })
}

/// The definition of all settings.
pub(super) fn reference() -> Result<Value, cue::Errors> {
    let file = SourceFile::new(format!("{EMBEDDED}config.cue"), REFERENCE);
    Instance::compile(vec![file], &Limits::default())?.lookup("#Config")
}

fn read(path: &Path, text: String) -> Result<Vec<Given>, cue::Errors> {
    let file = SourceFile::new(path.display().to_string(), text);
    // Embedded in a file, the definition closes what all files say together.
    let reference = SourceFile::new(format!("{EMBEDDED}config.cue"), format!("{REFERENCE}\n#Config\n"));
    let checked = Instance::compile(vec![file.clone(), reference], &Limits::default())?;
    checked.root().validate(Validation { concrete: true })?;
    let root = Instance::compile(vec![file], &Limits::default())?.root();
    let mut given = Vec::new();
    collect(&root, &defaults(), &Place::whole(path), &mut Vec::new(), &mut given)?;
    Ok(given)
}

/// Walks down where the settings do; what they take as a whole is taken as a whole.
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
            Some(inner) if inner.as_object().is_some_and(|fields| !fields.is_empty()) => {
                collect(&field.value, inner, whole, path, given)?;
            }
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
