//! A compiled check of JSON documents, run in one pass over the bytes.
//!
//! The crate knows no schema language: a front end says with a [`Builder`] which values are allowed, and gets a
//! [`Program`]; the program judges documents where their bytes lie. It builds no tree, allocates nothing on accept, and
//! its stack is bounded by [`Limits::depth_max`].
//!
//! What others rely on:
//! - A document is accepted only if it is well-formed JSON ([RFC 8259]) in UTF-8, no object in it names a member twice,
//!   and every rule holds. Numbers are compared exactly, whatever their size.
//! - What a front end cannot say is an [island](Builder::island): the verdict on a document that depends on it is
//!   [`Verdict::Unsure`], never an accept.
//! - A malformed document is always [`Verdict::Malformed`], also when it breaks a rule before the malformed place.
//!
//! The way through the code: [`build`](Builder) takes rules apart by kind of value, `program` is what it makes of them,
//! `lex` reads tokens, `check` follows one rule, `survey` follows several at once (unions, conjunctions, counts), and
//! `verdict` says what came out.
//!
//! [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259

mod block;
mod build;
mod check;
mod decimal;
mod fingerprint;
mod formula;
mod lex;
mod names;
mod pattern;
pub mod peek;
mod program;
mod survey;
mod text;
mod verdict;

pub use build::{
    BuildError, Builder, CAPTURES_MAX, Condition, GroupRule, ListCondition, ListRule, NumberRule, Relation, Rule,
    SLOTS_MAX, StructRule,
};
pub use check::{Captured, Checked};
pub use decimal::{Decimal, DecimalError};
pub use pattern::{Pattern, PatternError};
pub use program::{Limits, ListFn, NumberForm, Program, RelationFn, StringFn, Unique};
pub use verdict::{Broken, Demand, Doubt, Fault, Kind, Malformed, Test, Verdict, Violation};
