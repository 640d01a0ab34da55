//! What the evaluator and the builtin packages tell each other.
//!
//! A package is a table of functions and constants. A function sees plain data ([`Datum`]), checked against the kinds
//! of its parameters, and never the evaluator's graph; what needs more goes through [`Engine`].

use std::sync::Arc;

use super::kind::Kind;
use crate::{error::Code, number::Number};

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
    /// The source text of the value it takes when it is left out, if it may be.
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
    /// What is not concrete, as it prints.
    Abstract(Arc<str>),
    /// A value that stays in the evaluator.
    Handle(Handle),
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
}

impl Failure {
    /// A definite failure.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { code: Code::Eval, message: message.into(), bare: false }
    }

    /// A failure that concrete arguments could mend.
    #[must_use]
    pub fn incomplete(message: impl Into<String>) -> Self {
        Self { code: Code::Incomplete, message: message.into(), bare: false }
    }
}

/// What functions may ask of the evaluator.
pub trait Engine {
    /// Whether a value, unified with a schema, is valid (and concrete, if asked).
    ///
    /// # Errors
    /// The first violation.
    fn satisfies(&mut self, schema: Handle, value: &Datum, concrete: bool) -> Result<(), Failure>;

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
}
