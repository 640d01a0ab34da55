//! The CUE language: scanner and parser, evaluator, builtin packages and exports.
//!
//! The crate does no I/O of its own and starts no threads; files come in through a [`Source`] or as text. Verdicts,
//! paths and error texts are those of the reference implementation, `cue` 0.17.1. No text and no bytes make it panic,
//! and every evaluation is bounded by [`Limits`].

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod builtin;
mod error;
pub mod eval;
pub mod export;
pub mod import;
mod instance;
pub(crate) mod ir;
mod limits;
mod load;
pub mod lower;
pub mod number;
pub mod regexp;
pub mod syntax;
pub mod toml;
mod value;
pub mod yaml;

pub use error::{Code, Error, Errors, PathPart, Position, Rule, path_text};
pub use eval::kind::Kind;
pub use instance::Instance;
pub use limits::Limits;
pub use load::{Entry, LoadOptions, Loader, Module, Source, Trees, check_data};
pub use syntax::{ast::Constraint, pos::SourceFile};
pub use value::{
    BoundOp, Expression, Field, FieldOptions, Form, Operand, PackageId, Reference, Schema, Shape, Validation, Value,
    VetOptions,
};
