//! Puts defaults, file, environment and flags on top of each other, and remembers where each value comes from.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use cue::{FieldOptions, PathPart};
use serde_json::{Map, Value};

use super::{Config, environment, expected, file};
use crate::{
    catalog::{Place, Problem, Problems},
    channel::{ChannelAddress, kafka::HIDDEN},
};

/// Where settings are looked for.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file to read instead of `sluice.cue` in the working folder.
    pub file: Option<PathBuf>,
    /// The variables of the environment whose names begin with `SLUICE_`, with their values.
    pub environment: Vec<(String, String)>,
    /// What flags say: the path of the setting, its value and the flag.
    pub flags: Vec<(Vec<String>, Value, &'static str)>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A place in `sluice.cue`.
    File(Place),
    /// A variable of the environment.
    Environment(String),
    /// A flag such as `--listen`.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(place) => write!(formatter, "{place}"),
            Self::Environment(name) => formatter.write_str(name),
            Self::Flag(flag) => formatter.write_str(flag),
        }
    }
}

impl Origin {
    fn place(&self) -> Place {
        match self {
            Self::Default => Place { file: "settings".to_owned(), line_column: None },
            Self::File(place) => place.clone(),
            other => Place { file: other.to_string(), line_column: None },
        }
    }
}

/// The settings that hold, with their origins.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The settings.
    pub config: Config,
    origins: BTreeMap<Vec<String>, Origin>,
}

/// What is wrong with a setting that has the right shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Its path, such as `kafka.delivery_timeout_ms`.
    pub setting: &'static str,
    /// What is wrong with it, after its name.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.setting, self.message)
    }
}

/// A value that a source gives to a setting.
pub(super) struct Given {
    /// The names of the fields from the root.
    pub(super) path: Vec<String>,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

impl Sources {
    /// The file that is named, and the variables of the process's environment.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let ours = variables.filter(|(name, _)| name.starts_with("SLUICE_"));
        let environment = ours.map(|(name, value)| (name, value.to_string_lossy().into_owned())).collect();
        Self { file, environment, flags: Vec::new() }
    }

    /// Reads all sources.
    ///
    /// # Errors
    /// All mistakes of all sources.
    pub fn read(self) -> Result<Effective, Problems> {
        let mut problems = Vec::new();
        let mut given = Vec::new();
        let in_environment = environment::given(&self.environment, &mut problems);
        let named = self.file.or_else(|| environment::file(&self.environment));
        given.extend(file::given(named.as_deref(), &mut problems));
        given.extend(in_environment);
        given.extend(self.flags.into_iter().map(|(path, value, flag)| Given {
            path,
            value,
            origin: Origin::Flag(flag),
        }));
        let effective = Effective::of(given, &mut problems);
        problems.extend(effective.contradictions());
        if problems.is_empty() { Ok(effective) } else { Err(Problems(problems)) }
    }
}

impl Effective {
    /// The defaults with what is given put over them, the last one on top; what is wrong is left out and reported.
    fn of(given: Vec<Given>, problems: &mut Vec<Problem>) -> Self {
        let mut tree = defaults();
        let mut effective = Self { config: Config::default(), origins: BTreeMap::new() };
        for Given { path, value, origin } in given {
            // Each value is tried alone, so that every wrong one is reported with its origin. What a file says was
            // checked together with the rest of it.
            let mut alone = defaults();
            put(&mut alone, &path, value.clone());
            let is_checked = matches!(origin, Origin::File(_)) || file::check(&path, &value).is_ok();
            if !is_checked || serde_json::from_value::<Config>(alone).is_err() {
                problems.push(Problem::new(origin.place(), expected::refused(&path, &value)));
                continue;
            }
            let before = tree.clone();
            put(&mut tree, &path, value.clone());
            match serde_json::from_value(tree.clone()) {
                Ok(config) => {
                    effective.config = config;
                    // A value as a whole hides what was given for its parts.
                    effective.origins.retain(|known, _| !known.starts_with(&path));
                    effective.origins.insert(path, origin);
                }
                Err(_) => {
                    problems.push(Problem::new(origin.place(), expected::refused(&path, &value)));
                    tree = before;
                }
            }
        }
        effective
    }

    /// What is wrong with settings that have the right shape, or between them.
    fn contradictions(&self) -> Vec<Problem> {
        let Config { channel, http, ingest, kafka, .. } = &self.config;
        let mut mistakes = ingest.check();
        mistakes.extend(http.check());
        if let ChannelAddress::Kafka(_) = channel {
            mistakes.extend(kafka.check(ingest.append_timeout));
        }
        let problem = |mistake: Mistake| {
            let path: Vec<String> = mistake.setting.split('.').map(str::to_owned).collect();
            Problem::new(self.origin(&path).place(), mistake.to_string())
        };
        mistakes.into_iter().map(problem).collect()
    }

    /// The settings as the text of a `sluice.cue`, in the order of the reference, each with its origin as a comment.
    #[must_use]
    pub fn to_cue(&self) -> String {
        let tree = serde_json::to_value(&self.config).expect("settings are plain data");
        let mut lines = Vec::new();
        self.write(&tree, file::reference().ok().as_ref(), &mut Vec::new(), &mut lines);
        let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or_default();
        lines.iter().map(|(line, origin)| format!("{line:width$} // {origin}\n")).collect()
    }

    fn write(
        &self,
        value: &Value,
        reference: Option<&cue::Value>,
        path: &mut Vec<String>,
        lines: &mut Vec<(String, String)>,
    ) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                let inner = |name: &str| reference.and_then(|value| value.get(&PathPart::Field(name.into())));
                let order = reference.map(|value| value.fields(FieldOptions::default())).unwrap_or_default();
                let place = |name: &str| order.iter().position(|field| field.label == PathPart::Field(name.into()));
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| place(name));
                for (name, value) in fields {
                    path.push(name.clone());
                    self.write(value, inner(name).as_ref(), path, lines);
                    path.pop();
                }
            }
            value => {
                let names: String = path.iter().map(|name| format!("{}: ", cue_label(name))).collect();
                let secret = if *value == HIDDEN { ", where the secret stands" } else { "" };
                lines.push((format!("{names}{value}"), format!("{}{secret}", self.origin(path))));
            }
        }
    }

    /// Where the value of a setting comes from.
    #[must_use]
    pub fn origin(&self, path: &[String]) -> &Origin {
        (0..=path.len()).rev().find_map(|length| self.origins.get(&path[..length])).unwrap_or(&Origin::Default)
    }
}

/// The defaults as a tree; its leaves are the settings.
pub(super) fn defaults() -> Value {
    serde_json::to_value(Config::default()).expect("settings are plain data")
}

fn put(tree: &mut Value, path: &[String], value: Value) {
    match path {
        [] => *tree = value,
        [name, rest @ ..] => {
            if !tree.is_object() {
                *tree = Value::Object(Map::new());
            }
            put(&mut tree[name.as_str()], rest, value);
        }
    }
}

fn cue_label(name: &str) -> String {
    if cue::syntax::literal::is_plain_identifier(name) { name.to_owned() } else { format!("{name:?}") }
}
