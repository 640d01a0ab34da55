//! Errors as the reference words, places and orders them.
//!
//! An [`Error`] is one entry of what `cue vet` prints: a path, a message and positions. [`Errors`] is a sorted list of
//! them without duplicates, never empty.

use std::{fmt, sync::Arc};

use crate::syntax::{
    literal::quote_label,
    pos::{Pos, SourceFile},
};

/// How bad an error is: whether more information could mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A contradiction.
    Eval,
    /// Raised by `error()` or `_|_`.
    User,
    /// A structure that would contain itself without end.
    StructuralCycle,
    /// More information is needed.
    Incomplete,
    /// Values that depend on each other.
    Cycle,
    /// A limit was reached, or the text uses what the engine does not know.
    Limit,
}

/// The kind of rule that is broken, for statistics and machine-readable answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The value has the wrong type.
    Type,
    /// The value conflicts with another of its type.
    Conflict,
    /// A number, string or bytes value is out of bound.
    Bound,
    /// A string does not match a regular expression.
    Pattern,
    /// A field is required but not present.
    Required,
    /// A value is not concrete.
    Incomplete,
    /// A field is not allowed.
    UnknownField,
    /// No alternative fits.
    Disjunction,
    /// A list has the wrong length.
    Length,
    /// A function used as a validator is not satisfied.
    Validator,
    /// A reference can't be followed.
    Reference,
    /// A cycle.
    Cycle,
    /// The text is malformed.
    Syntax,
    /// A limit was reached.
    Limit,
    /// An error that the schema raises by itself.
    User,
    /// Anything else.
    Other,
}

impl Rule {
    /// The stable name, such as `unknown-field`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Conflict => "conflict",
            Self::Bound => "bound",
            Self::Pattern => "pattern",
            Self::Required => "required",
            Self::Incomplete => "incomplete",
            Self::UnknownField => "unknown-field",
            Self::Disjunction => "disjunction",
            Self::Length => "length",
            Self::Validator => "validator",
            Self::Reference => "reference",
            Self::Cycle => "cycle",
            Self::Syntax => "syntax",
            Self::Limit => "limit",
            Self::User => "user",
            Self::Other => "other",
        }
    }
}

/// A place in a source text or data document.
#[derive(Clone, Debug)]
pub struct Position {
    /// The text.
    pub file: Arc<SourceFile>,
    /// Which place; its file id orders files of one answer.
    pub pos: Pos,
}

impl Position {
    /// Line and column from 1.
    #[must_use]
    pub fn line_column(&self) -> (u32, u32) {
        self.file.line_column(self.pos.offset)
    }

    /// What positions are sorted by: the file's name and the offset in it. What is no file of a folder, such as an
    /// expression of the command line, comes last.
    fn order(&self) -> (bool, &str, u32) {
        let name = &self.file.name;
        (!name.starts_with(['.', '/']), name, self.pos.offset)
    }
}

impl PartialEq for Position {
    fn eq(&self, other: &Self) -> bool {
        self.pos == other.pos && self.file.name == other.file.name
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(formatter, "{}:{line}:{column}", self.file.name)
    }
}

/// One component of the path to a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathPart {
    /// A regular field, definition or hidden field, as it is named.
    Field(Arc<str>),
    /// A definition or hidden field; printed without quotes.
    Special(Arc<str>),
    /// An element of a list.
    Index(usize),
}

impl fmt::Display for PathPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => formatter.write_str(&quote_label(name)),
            Self::Special(name) => formatter.write_str(name),
            Self::Index(index) => write!(formatter, "{index}"),
        }
    }
}

/// Prints a path with dots.
#[must_use]
pub fn path_text(path: &[PathPart]) -> String {
    path.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

/// One error.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// How bad it is.
    pub code: Code,
    /// Which kind of rule is broken.
    pub rule: Rule,
    /// Where in the value.
    pub path: Vec<PathPart>,
    /// In the reference's words, without the path.
    pub message: String,
    /// The place that the error is sorted by; it prints first.
    pub primary: Option<Position>,
    /// Further places in texts and data.
    pub positions: Vec<Position>,
}

impl Error {
    /// An error without path and positions.
    #[must_use]
    pub fn new(code: Code, rule: Rule, message: impl Into<String>) -> Self {
        Self { code, rule, path: Vec::new(), message: message.into(), primary: None, positions: Vec::new() }
    }

    /// The error that something is not known to the engine.
    #[must_use]
    pub fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(Code::Limit, Rule::Limit, format!("not supported yet: {what}"))
    }

    /// The path as a JSON Pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self) -> String {
        let escape = |part: &PathPart| match part {
            PathPart::Field(name) | PathPart::Special(name) => {
                format!("/{}", name.replace('~', "~0").replace('/', "~1"))
            }
            PathPart::Index(index) => format!("/{index}"),
        };
        self.path.iter().map(escape).collect()
    }

    /// The primary position and the others, sorted and without duplicates, in the order of printing.
    #[must_use]
    pub fn printed_positions(&self) -> Vec<&Position> {
        let mut rest: Vec<&Position> = self.positions.iter().collect();
        rest.sort_by_key(|position| position.order());
        let mut all: Vec<&Position> = self.primary.iter().collect();
        for position in rest {
            if !all.contains(&position) {
                all.push(position);
            }
        }
        all
    }
}

impl fmt::Display for Error {
    /// `path: message`, without positions.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(formatter, "{}: ", path_text(&self.path))?;
        }
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// All errors of an answer: sorted, without duplicates, at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors(Vec<Error>);

impl Errors {
    /// Sorts the errors and drops duplicates.
    ///
    /// # Panics
    /// If there is none: an empty list would read as success.
    #[must_use]
    pub fn new(mut errors: Vec<Error>) -> Self {
        assert!(!errors.is_empty(), "an answer without errors is no Errors value");
        errors.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        errors.dedup_by(|b, a| {
            a.path == b.path
                && a.message == b.message
                && a.primary.as_ref().map(|p| p.pos) == b.primary.as_ref().map(|p| p.pos)
        });
        Self(errors)
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Error> {
        self.0.iter()
    }

    /// The first one.
    #[must_use]
    pub fn first(&self) -> &Error {
        &self.0[0]
    }

    /// What `cue vet` prints: each error with its positions below.
    #[must_use]
    pub fn report(&self) -> String {
        let mut out = String::new();
        for error in &self.0 {
            out.push_str(&error.to_string());
            let positions = error.printed_positions();
            out.push_str(if positions.is_empty() { "\n" } else { ":\n" });
            for position in positions {
                out.push_str(&format!("    {position}\n"));
            }
        }
        out
    }
}

type SortKey<'a> = (Option<(bool, &'a str, u32)>, Vec<String>, &'a str);

fn sort_key(error: &Error) -> SortKey<'_> {
    let path = error.path.iter().map(ToString::to_string).collect();
    (error.primary.as_ref().map(Position::order), path, &error.message)
}

impl From<Error> for Errors {
    fn from(error: Error) -> Self {
        Self(vec![error])
    }
}

impl IntoIterator for Errors {
    type Item = Error;
    type IntoIter = std::vec::IntoIter<Error>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Errors {
    /// The first error, and how many more there are.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.first())?;
        match self.0.len() {
            1 => Ok(()),
            count => write!(formatter, " (and {} more errors)", count - 1),
        }
    }
}

impl std::error::Error for Errors {}
