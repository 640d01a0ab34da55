//! The CUE language: scanner and parser, evaluator, builtin packages and exports.
//!
//! The crate does no I/O of its own and starts no threads; files come in through a [`Source`] or as text. Verdicts,
//! paths and error texts are those of the reference implementation, `cue` 0.17.1. No text and no bytes make it panic,
//! and every evaluation is bounded by [`Limits`].
//!
//! The modules stand in layers, each on those before it: texts and trees (`syntax`, `number`, `regexp`), what functions
//! take and give (`kind`, `call`), other notations (`toml`, `yaml`), the `builtin` packages, expressions with their names
//! resolved (`ir`), the evaluator (`eval`), what it offers to others (`value`), and on top of that `load`, `export`,
//! `import` and `lower`.

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod builtin;
pub mod call;
mod error;
pub(crate) mod eval;
pub mod export;
pub mod import;
pub(crate) mod ir;
mod kind;
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
pub use ir::{BoundOp, compile::Trees};
pub use kind::Kind;
pub use limits::Limits;
pub use load::{Entry, LoadOptions, Loader, Module, Source, check_data};
pub use syntax::{ast::Constraint, pos::SourceFile};
pub use value::{
    Expression, Field, FieldOptions, Form, Operand, PackageId, Reference, Schema, Shape, Validation, Value, VetOptions,
    instance::Instance,
};
