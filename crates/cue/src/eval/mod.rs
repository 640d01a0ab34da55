//! Values: what the tree of a text means.
//!
//! A text is compiled to expressions (`ir`); a *vertex* unifies *conjuncts*, pairs of an expression and an
//! environment that tells where its references lead. `process` is the order of work in one vertex, `unify` what each
//! form of conjunct adds; the other files hold one idea of the language each.

pub(crate) mod arena;
pub(crate) mod arith;
pub(crate) mod bounds;
pub mod call;
mod closedness;
mod comprehension;
mod cycle;
mod disjunction;
pub(crate) mod engine;
pub(crate) mod expression;
pub(crate) mod function;
mod hopeless;
pub mod kind;
pub mod label;
mod list;
mod order;
mod pattern;
mod process;
mod reference;
pub(crate) mod scratch;
mod unify;
mod validate;
pub(crate) mod vertex;
