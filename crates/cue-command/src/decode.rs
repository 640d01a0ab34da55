//! Bytes of a data file to the values in it, as expressions of CUE.

use std::sync::Arc;

use cue::syntax::ast::{BasicLit, Expr, LitKind};
use cue::syntax::literal::{self, Lines};
use cue::syntax::pos::{FileId, Pos};
use cue::syntax::{ParseLimits, SyntaxError, parse_json};
use cue::yaml::Documents;
use cue::{Code, Error, Errors, Position, Rule, SourceFile};

use crate::failure::Failure;
use crate::file_type::{Encoding, FileType, Interpretation};

/// A data file, read.
#[derive(Debug)]
pub(crate) struct DataFile {
    /// As it is named on the command line.
    pub(crate) name: String,
    pub(crate) kind: FileType,
    pub(crate) source: Arc<SourceFile>,
}

impl DataFile {
    /// The values of the file; positions in them bear the id.
    ///
    /// # Errors
    /// What is not of the file's type.
    pub(crate) fn values(&self, file: FileId) -> Result<Vec<Expr>, Failure> {
        match self.kind.interpretation {
            Interpretation::Data | Interpretation::Auto => {}
            Interpretation::JsonSchema => return Err(Failure::unsupported("JSON Schema as input")),
            Interpretation::OpenApi => return Err(Failure::unsupported("OpenAPI as input")),
            Interpretation::ProtobufJson => return Err(Failure::unsupported("the JSON of Protocol Buffers")),
        }
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
        let name = literal::quote_string(&self.name, Lines::One);
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

fn text(text: &str, file: FileId) -> Expr {
    let raw = literal::quote_string(text, Lines::One);
    Expr::Lit(BasicLit { pos: Pos { file, offset: 0 }, kind: LitKind::String, raw })
}
