//! The rows of the corpus: JSON objects, one a line.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// Inputs of cases: the files of an archive by name.
#[derive(Deserialize)]
pub(crate) struct Archive {
    pub(crate) archive: String,
    pub(crate) files: BTreeMap<String, String>,
}

/// One directive and how to judge it.
#[derive(Deserialize)]
pub(crate) struct Directive {
    pub(crate) id: String,
    pub(crate) archive: String,
    pub(crate) stage: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    /// Absent where the place has no path.
    pub(crate) path: Option<Vec<String>>,
    pub(crate) directive: String,
    pub(crate) check: String,
    pub(crate) check_note: Option<String>,
    pub(crate) at: Option<String>,
    pub(crate) selector: Option<String>,
    #[serde(default)]
    pub(crate) expect: Json,
    pub(crate) expect_json: Option<String>,
    pub(crate) err: Option<ErrorSpec>,
}

/// What an error must be like. All parts are optional.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct ErrorSpec {
    #[serde(default)]
    pub(crate) codes: Option<Vec<String>>,
    pub(crate) contains: Option<String>,
    pub(crate) at: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) pos: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) suberrs: Option<Vec<ErrorSpec>>,
    #[serde(default)]
    pub(crate) any: bool,
}

/// The rows of a manifest.
pub(crate) fn rows<T: DeserializeOwned>(file: &Path) -> Result<Vec<T>, String> {
    let text = read(file)?;
    let row = |(index, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| format!("{}:{}: {error}", file.display(), index + 1))
    };
    text.lines().enumerate().filter(|(_, line)| !line.is_empty()).map(row).collect()
}

pub(crate) fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}
