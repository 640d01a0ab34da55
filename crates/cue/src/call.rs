//! What the evaluator and the builtin packages tell each other.
//!
//! A package is a table of functions and constants. A function sees plain data ([`Datum`]), checked against the kinds
//! of its parameters, and never the evaluator's graph; what needs more goes through [`Engine`].

use std::{fmt, sync::Arc};

use crate::{
    error::Code,
    kind::Kind,
    number::Number,
    syntax::{
        ast,
        literal::{quote_label, quoted},
        pos::Pos,
    },
};

/// A builtin package.
#[derive(Debug)]
pub struct Package {
    /// The import path, such as `encoding/json`.
    pub path: &'static str,
    /// Its functions.
    pub functions: &'static [Function],
    /// Its constants: name and CUE source text.
    pub constants: &'static [(&'static str, &'static str)],
}

/// A builtin function. With one argument less and a result of kind `bool` it serves as a validator.
#[derive(Debug)]
pub struct Function {
    /// Name without the package.
    pub name: &'static str,
    /// What it takes.
    pub params: &'static [Param],
    /// What it gives.
    pub result: Kind,
    /// Whether arguments may be abstract: they then come as [`Datum::Abstract`].
    pub non_concrete: bool,
    /// What it does.
    pub run: fn(&mut dyn Engine, &[Datum]) -> Result<Datum, Failure>,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// The kinds that are taken.
    pub kind: Kind,
    /// Whether the argument is handed over unevaluated as [`Datum::Handle`]: a schema, a comparator.
    pub schema: bool,
    /// Whether it is a list whose elements are handed over as values: a validator of them lets a literal have elements.
    pub elements: bool,
    /// The string that it is when it is left out, if it may be.
    pub default: Option<&'static str>,
}

/// An argument or result.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A list.
    List(Vec<Datum>),
    /// The regular fields of a struct.
    Struct(Vec<(Arc<str>, Datum)>),
    /// What is not concrete.
    Abstract(Abstract),
    /// A value that stays in the evaluator.
    Handle(Handle),
}

/// A value that is not concrete: how it prints, and itself if it comes from the evaluator, so that it can be part of a
/// result.
#[derive(Clone, Debug, PartialEq)]
pub struct Abstract {
    text: Arc<str>,
    pub(crate) value: Option<Handle>,
}

impl Abstract {
    pub(crate) fn of(text: String, value: Handle) -> Self {
        Self { text: text.into(), value: Some(value) }
    }
}

impl From<String> for Abstract {
    fn from(text: String) -> Self {
        Self { text: text.into(), value: None }
    }
}

impl fmt::Display for Abstract {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

/// As errors print values: `{a:1}`, `[1,2]`.
impl fmt::Display for Datum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => value.fmt(out),
            Self::Number(number) => number.fmt(out),
            Self::String(text) => out.write_str(&quoted(text)),
            Self::Bytes(bytes) => write!(out, "'{}'", bytes.escape_ascii()),
            Self::List(elements) => {
                let elements: Vec<_> = elements.iter().map(ToString::to_string).collect();
                write!(out, "[{}]", elements.join(","))
            }
            Self::Struct(fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|(name, value)| format!("{}:{value}", quote_label(name))).collect();
                write!(out, "{{{}}}", fields.join(","))
            }
            Self::Abstract(value) => value.fmt(out),
            Self::Handle(_) => out.write_str("_"),
        }
    }
}

/// A value that only the [`Engine`] can look into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(pub(crate) u32);

/// Why a function gives no result.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// How bad it is; [`Code::Incomplete`] if concrete arguments could mend it.
    pub code: Code,
    /// In the reference's words. Empty: a validator that is just not satisfied.
    pub message: String,
    /// Whether the message stands alone, without `error in call to pkg.F: ` before it.
    pub bare: bool,
    /// Whether it is the verdict of a validator: a plain call gives `false` instead.
    pub verdict: bool,
    /// Where what was violated stands.
    pub positions: Vec<Pos>,
    /// What else is wrong.
    pub others: Vec<Self>,
}

impl Failure {
    /// A definite failure.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            code: Code::Eval,
            message: message.into(),
            bare: false,
            verdict: false,
            positions: Vec::new(),
            others: Vec::new(),
        }
    }

    /// A failure that concrete arguments could mend.
    #[must_use]
    pub fn incomplete(message: impl Into<String>) -> Self {
        Self { code: Code::Incomplete, ..Self::new(message) }
    }

    /// The verdict of a validator and its reason; `incomplete` if more fields or elements could mend it.
    #[must_use]
    pub fn unsatisfied(message: impl Into<String>, incomplete: bool) -> Self {
        let code = if incomplete { Code::Incomplete } else { Code::Eval };
        Self { code, verdict: true, ..Self::new(message) }
    }
}

/// How many elements or regular fields a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Those that it has now.
    pub count: usize,
    /// The most that unification can make of it; `None` if any number: an open list or struct.
    pub count_max: Option<usize>,
}

impl Extent {
    /// Whether there can come to be this many.
    #[must_use]
    pub fn may_reach(self, count: i64) -> bool {
        self.count_max.is_none_or(|max| max as i64 >= count)
    }
}

/// What a value must be besides free of contradictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Nothing.
    Partial,
    /// Resolved, and with all required fields.
    Final,
    /// Concrete, too.
    Concrete,
}

/// What functions may ask of the evaluator.
pub trait Engine {
    /// Whether a value, unified with a schema, is valid.
    ///
    /// # Errors
    /// All violations.
    fn satisfies(&mut self, schema: Handle, value: &Datum, strictness: Strictness) -> Result<(), Failure>;

    /// The value of an expression that refers to nothing.
    ///
    /// # Errors
    /// If the expression has none.
    fn data(&mut self, data: &ast::Expr) -> Result<Datum, Failure>;

    /// What `{x: left, y: right} & comparator` gives for `less`.
    ///
    /// # Errors
    /// If `less` is no concrete boolean.
    fn less(&mut self, comparator: Handle, left: &Datum, right: &Datum) -> Result<bool, Failure>;

    /// The data behind a handle, as far as it is concrete.
    ///
    /// # Errors
    /// If the value is an error.
    fn datum(&mut self, handle: Handle) -> Result<Datum, Failure>;

    /// Whether a regular expression in Go's syntax matches somewhere; compiled once per evaluation.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    fn is_match(&mut self, pattern: &str, text: &str) -> Result<bool, Failure>;

    /// The data behind a handle, which must be concrete.
    ///
    /// # Errors
    /// All that is contradictory or not concrete.
    fn concrete(&mut self, handle: Handle) -> Result<Datum, Failure> {
        self.datum(handle)
    }

    /// How many elements or regular fields the value behind a handle has.
    ///
    /// # Errors
    /// If the value is an error or neither list nor struct.
    fn extent(&mut self, handle: Handle) -> Result<Extent, Failure> {
        match self.datum(handle)? {
            Datum::List(elements) => Ok(Extent { count: elements.len(), count_max: Some(elements.len()) }),
            Datum::Struct(fields) => Ok(Extent { count: fields.len(), count_max: Some(fields.len()) }),
            _ => Err(Failure::new("argument is neither list nor struct")),
        }
    }

    /// The value behind a handle as errors print it.
    fn print(&mut self, handle: Handle) -> String {
        self.datum(handle).map_or_else(|failure| failure.message, |datum| datum.to_string())
    }
}
