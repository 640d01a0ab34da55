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
            other => Err(Failure::unsupported(format!("{other:?} as input"))),
        }
    }

    fn json_lines(&self, file: FileId, limits: &ParseLimits) -> Result<Vec<Expr>, Failure> {
        let mut values = Vec::new();
        let mut start = 0;
        for line in self.source.text.split_inclusive('\n') {
            if !line.trim().is_empty() {
                // Blanks in place of the lines before keep the positions.
                let padded = format!("{}{line}", " ".repeat(start));
                let parsed = parse_json(&SourceFile::new(self.source.name.as_str(), padded), file, limits);
                values.push(parsed.map_err(|error| self.not_json(error))?);
            }
            start += line.len();
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

fn text(text: &str, file: FileId) -> Expr {
    let raw = literal::quote_string(text, Lines::One);
    Expr::Lit(BasicLit { pos: Pos { file, offset: 0 }, kind: LitKind::String, raw })
}
