//! What a file holds: by its extension, or by a qualifier such as `json:` or `openapi+yaml:`.

use crate::failure::Failure;
use crate::inputs::{extension, split_scope};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Cue,
    Json,
    JsonLines,
    Yaml,
    Toml,
    Xml,
    Text,
    Binary,
    Proto,
    TextProto,
    Code,
}

/// What the data of a file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interpretation {
    /// Itself.
    Data,
    /// A JSON Schema or OpenAPI document if it looks like one.
    Auto,
    JsonSchema,
    OpenApi,
    ProtobufJson,
}

/// What of CUE may stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Schema,
    Graph,
    Dag,
    Data,
}

/// Whether a file is read or written, and by which command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Input,
    Export,
    Eval,
    Def,
}

/// All that is known of a file without looking into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileType {
    pub(crate) encoding: Encoding,
    pub(crate) interpretation: Interpretation,
    pub(crate) form: Option<Form>,
    /// Further words of the qualifier, such as `strictFeatures`.
    pub(crate) flags: Vec<(String, bool)>,
}

impl FileType {
    /// Whether a word of the qualifier is set.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flag(flag).unwrap_or_default()
    }

    /// What a word of the qualifier is set to.
    pub(crate) fn flag(&self, flag: &str) -> Option<bool> {
        self.flags.iter().rev().find(|(name, _)| name == flag).map(|(_, set)| *set)
    }
}

/// What a qualifier says, before the file is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    encoding: Option<Encoding>,
    interpretation: Option<Interpretation>,
    form: Option<Form>,
    flags: Vec<(String, bool)>,
}

const FLAGS: [&str; 6] = ["strict", "strictKeywords", "strictFeatures", "openOnlyWhenExplicit", "koala", "lang"];

impl Scope {
    /// Reads a qualifier: words joined by `+`.
    ///
    /// # Errors
    /// Words that are not known, values where there are none.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let mut scope = Self::default();
        for tag in text.split('+').filter(|_| !text.is_empty()) {
            let (name, value) = tag.split_once('=').map_or((tag, None), |(name, value)| (name, Some(value)));
            if FLAGS.contains(&name) {
                let set = match value {
                    None => true,
                    Some("1" | "t" | "T" | "true" | "TRUE" | "True") => true,
                    Some("0" | "f" | "F" | "false" | "FALSE" | "False") => false,
                    Some(_) => return Err(format!("invalid boolean value for tag {name:?}").into()),
                };
                scope.flags.push((name.to_owned(), set));
                continue;
            }
            if !scope.add(name) {
                return Err(format!("unknown filetype {name}").into());
            }
            if value.is_some() {
                return Err(format!("cannot specify value for tag {name:?}").into());
            }
        }
        Ok(scope)
    }

    /// Takes a word; whether it is known.
    fn add(&mut self, name: &str) -> bool {
        match name {
            "schema" => self.form = Some(Form::Schema),
            "graph" => self.form = Some(Form::Graph),
            "dag" => self.form = Some(Form::Dag),
            "data" => self.form = Some(Form::Data),
            "auto" => self.interpretation = Some(Interpretation::Auto),
            "jsonschema" => self.interpretation = Some(Interpretation::JsonSchema),
            "openapi" => self.interpretation = Some(Interpretation::OpenApi),
            "pb" => self.interpretation = Some(Interpretation::ProtobufJson),
            _ => match encoding_of(name) {
                Some(encoding) => self.encoding = Some(encoding),
                None => return false,
            },
        }
        true
    }

    /// The type of a file of this name.
    ///
    /// # Errors
    /// If neither qualifier nor extension tells.
    pub(crate) fn file(&self, name: &str, mode: Mode) -> Result<FileType, Failure> {
        let extension = extension(name);
        let by_extension = match extension {
            "-" => match mode {
                Mode::Export => Some(Encoding::Json),
                _ => Some(Encoding::Cue),
            },
            "" => None,
            dotted => encoding_of_extension(dotted),
        };
        let implied = matches!(self.interpretation, Some(Interpretation::JsonSchema | Interpretation::OpenApi));
        let encoding = match (self.encoding, by_extension) {
            (Some(encoding), _) => encoding,
            (None, Some(_)) if implied && extension == "-" => Encoding::Json,
            (None, Some(encoding)) => encoding,
            (None, None) if implied => Encoding::Json,
            (None, None) if extension.is_empty() => {
                return Err(format!("no encoding specified for file {name:?}").into());
            }
            (None, None) => return Err(format!("unknown file extension {extension}").into()),
        };
        let may_be_schema = matches!(encoding, Encoding::Json | Encoding::Yaml | Encoding::Toml | Encoding::Xml);
        let by_name = mode == Mode::Input && self.encoding.is_none() && self.form.is_none() && extension != "-";
        let default = if by_name && may_be_schema { Interpretation::Auto } else { Interpretation::Data };
        let interpretation = self.interpretation.unwrap_or(default);
        Ok(FileType { encoding, interpretation, form: self.form, flags: self.flags.clone() })
    }
}

fn encoding_of(name: &str) -> Option<Encoding> {
    Some(match name {
        "cue" => Encoding::Cue,
        "json" => Encoding::Json,
        "jsonl" => Encoding::JsonLines,
        "yaml" => Encoding::Yaml,
        "toml" => Encoding::Toml,
        "xml" => Encoding::Xml,
        "text" => Encoding::Text,
        "binary" => Encoding::Binary,
        "proto" => Encoding::Proto,
        "textproto" => Encoding::TextProto,
        "code" | "go" => Encoding::Code,
        _ => return None,
    })
}

fn encoding_of_extension(extension: &str) -> Option<Encoding> {
    Some(match extension {
        ".cue" => Encoding::Cue,
        ".json" => Encoding::Json,
        ".jsonl" | ".ldjson" | ".ndjson" => Encoding::JsonLines,
        ".yaml" | ".yml" => Encoding::Yaml,
        ".toml" => Encoding::Toml,
        ".xml" => Encoding::Xml,
        ".txt" => Encoding::Text,
        ".wasm" => Encoding::Binary,
        ".proto" => Encoding::Proto,
        ".textproto" | ".textpb" => Encoding::TextProto,
        ".go" => Encoding::Code,
        _ => return None,
    })
}

/// A file to be written, such as `-`, `out.yaml` or `yaml:out`.
///
/// # Errors
/// As [`Scope::parse`] and [`Scope::file`].
pub(crate) fn parse_output(text: &str, mode: Mode) -> Result<(String, FileType), Failure> {
    let (scope, name) = split_scope(text).unwrap_or(("", text));
    if text.starts_with(':') {
        return Err(format!("empty filetype prefix in {text:?}").into());
    }
    match (name, text) {
        ("", "") => return Err("empty file name".into()),
        ("", _) => return Err(format!("empty file name in {text:?}").into()),
        _ => {}
    }
    Ok((name.to_owned(), Scope::parse(scope)?.file(name, mode)?))
}
