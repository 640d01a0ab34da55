//! Bytes of a data file to the values in it, as expressions of CUE.

use std::sync::Arc;

use cue::import::{json_schema, open_api};
use cue::syntax::ast::{BasicLit, Decl, Expr, File, Label, LitKind};
use cue::syntax::literal::{self, Lines, Text};
use cue::syntax::pos::{FileId, Pos};
use cue::syntax::{ParseLimits, SyntaxError, parse_json};
use cue::toml::parse_toml;
use cue::yaml::Documents;
use cue::{Code, Error, Errors, Position, Rule, SourceFile};

use crate::failure::Failure;
use crate::file_type::{Encoding, FileType, Interpretation};
use crate::plan::syntax_errors;

/// A data file, read.
#[derive(Debug)]
pub(crate) struct DataFile {
    /// As it is named on the command line.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: String,
    pub(crate) kind: FileType,
    pub(crate) source: Arc<SourceFile>,
}

/// What a data file holds.
pub(crate) enum Content {
    /// Values, one after the other.
    Values(Vec<Expr>),
    /// A schema, as CUE.
    Schema(Box<File>),
}

impl DataFile {
    /// What the file holds; positions in it bear the id. `package` is for schemas.
    ///
    /// # Errors
    /// What is not of the file's type.
    pub(crate) fn content(&self, file: FileId, package: Option<&str>) -> Result<Content, Failure> {
        let values = self.values(file)?;
        match self.interpretation(&values) {
            Interpretation::Data | Interpretation::Auto => Ok(Content::Values(values)),
            Interpretation::JsonSchema => Ok(Content::Schema(Box::new(self.schema(&values, package)?))),
            Interpretation::OpenApi => Ok(Content::Schema(Box::new(self.open_api(&values, package)?))),
            Interpretation::ProtobufJson => Err(Failure::unsupported("the JSON of Protocol Buffers")),
        }
    }

    /// How many values there are.
    pub(crate) fn count(&self) -> Result<usize, Failure> {
        Ok(self.values(FileId(0))?.len())
    }

    /// Whether the file is a schema rather than data.
    pub(crate) fn is_schema(&self) -> Result<bool, Failure> {
        let interpretation = match self.kind.interpretation {
            Interpretation::Auto => self.interpretation(&self.values(FileId(0))?),
            known => known,
        };
        Ok(matches!(interpretation, Interpretation::JsonSchema | Interpretation::OpenApi))
    }

    /// What the values mean; where the file type leaves it open, a document tells what it is.
    fn interpretation(&self, values: &[Expr]) -> Interpretation {
        match (self.kind.interpretation, values) {
            (Interpretation::Auto, [document]) => detect(document),
            (known, _) => known,
        }
    }

    fn schema(&self, values: &[Expr], package: Option<&str>) -> Result<File, Failure> {
        let [document] = values else { return Err("a schema must be a single document".into()) };
        let options = json_schema::Options {
            package: package.map(str::to_owned),
            strict_keywords: self.is_strict("strictKeywords"),
            strict_features: self.is_strict("strictFeatures"),
            open_only_when_explicit: self.kind.has("openOnlyWhenExplicit"),
            ..Default::default()
        };
        let extracted = json_schema::extract(document, &options);
        extracted.map_err(|errors| syntax_errors(&self.source, errors).into())
    }

    fn open_api(&self, values: &[Expr], package: Option<&str>) -> Result<File, Failure> {
        let [document] = values else { return Err("a schema must be a single document".into()) };
        let options = open_api::Options {
            package: package.map(str::to_owned),
            strict_keywords: self.is_strict("strictKeywords"),
            strict_features: self.is_strict("strictFeatures"),
        };
        open_api::extract(document, &options).map_err(|errors| syntax_errors(&self.source, errors).into())
    }

    /// Whether a kind of strictness is asked for, by itself or with all others.
    fn is_strict(&self, flag: &str) -> bool {
        self.kind.flag(flag).unwrap_or_else(|| self.kind.has("strict"))
    }

    /// The values of the file; positions in them bear the id.
    ///
    /// # Errors
    /// What is not of the file's type.
    pub(crate) fn values(&self, file: FileId) -> Result<Vec<Expr>, Failure> {
        let limits = ParseLimits::default();
        match self.kind.encoding {
            Encoding::Json => {
                let parsed = parse_json(&self.source, file, &limits);
                Ok(vec![parsed.map_err(|error| self.not_json(error))?])
            }
            Encoding::JsonLines => self.json_lines(file, &limits),
            Encoding::Yaml => {
                let documents = Documents::new(&self.source, file, &limits).collect::<Result<_, _>>();
                documents.map_err(|error| self.syntax_error(error.pos, error.message))
            }
            Encoding::Toml => {
                let parsed = parse_toml(&self.source.text, Some(file));
                Ok(vec![parsed.map_err(|error| self.syntax_error(error.pos, error.message))?])
            }
            Encoding::Text => Ok(vec![text(&self.source.text, file)]),
            Encoding::Binary => {
                let raw = literal::quote_bytes(self.source.text.as_bytes(), Lines::Many(1));
                Ok(vec![Expr::Lit(BasicLit { pos: Pos { file, offset: 0 }, kind: LitKind::String, raw })])
            }
            other => Err(Failure::unsupported(format!("{other:?} as input"))),
        }
    }

    /// One value after the other, whatever line ends are between or inside.
    fn json_lines(&self, file: FileId, limits: &ParseLimits) -> Result<Vec<Expr>, Failure> {
        let mut values = Vec::new();
        let text = &self.source.text;
        let mut start = 0;
        while let Some(skipped) = text[start..].find(|ch: char| !ch.is_ascii_whitespace()) {
            let end = start + skipped + json_length(&text[start + skipped..]);
            // Blanks in place of the values before keep the positions.
            let padded = format!("{}{}", " ".repeat(start), &text[start..end]);
            let parsed = parse_json(&SourceFile::new(self.source.name.as_str(), padded), file, limits);
            values.push(parsed.map_err(|error| self.not_json(error))?);
            start = end;
        }
        Ok(values)
    }

    fn not_json(&self, error: SyntaxError) -> Failure {
        let name = literal::quoted(&self.path);
        self.syntax_error(error.pos, format!("invalid JSON for file {name}: {}", error.message))
    }

    fn syntax_error(&self, pos: Pos, message: String) -> Failure {
        let primary = pos.is_some().then(|| Position { file: self.source.clone(), pos });
        Errors::from(Error { primary, ..Error::new(Code::Eval, Rule::Syntax, message) }).into()
    }
}

/// How many bytes the JSON value at the start of a text takes, well-formed or not.
fn json_length(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => continue,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => continue,
        }
        if depth == 0 && !quoted && !escaped {
            return at + 1;
        }
    }
    text.len()
}

/// What a document says that it is.
fn detect(document: &Expr) -> Interpretation {
    let Expr::Struct(lit) = document else { return Interpretation::Data };
    let field = |wanted: &str| {
        lit.decls.iter().find_map(|decl| match decl {
            Decl::Field(field) if label_text(&field.label).as_deref() == Some(wanted) => Some(&field.value),
            _ => None,
        })
    };
    let text = |wanted: &str| match field(wanted) {
        Some(Expr::Lit(lit)) => match literal::decode_text(&lit.raw) {
            Ok(Text::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    };
    if text("$schema").is_some_and(|address| address.contains("://json-schema.org/")) {
        return Interpretation::JsonSchema;
    }
    let is_open_api = text("openapi").is_some_and(|version| version.starts_with("3."));
    if is_open_api && field("info").is_some() { Interpretation::OpenApi } else { Interpretation::Data }
}

fn label_text(label: &Label) -> Option<String> {
    match label {
        Label::Ident(ident) => Some(ident.name.clone()),
        Label::String(lit) => match literal::decode_text(&lit.raw) {
            Ok(Text::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

fn text(text: &str, file: FileId) -> Expr {
    let raw = literal::quoted(text);
    Expr::Lit(BasicLit { pos: Pos { file, offset: 0 }, kind: LitKind::String, raw })
}
