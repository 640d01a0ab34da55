//! Values: what the tree of a text means.
//!
//! A text is compiled to expressions (`ir`); a *vertex* unifies *conjuncts*, pairs of an expression and an
//! environment that tells where its references lead. `process` is the order of work in one vertex, `unify` what each
//! form of conjunct adds; `show`, `json` and `pieces` write what came of it; the other files hold one idea of the language
//! each.

pub(crate) mod arith;
pub(crate) mod bounds;
mod closedness;
mod comprehension;
mod cycle;
mod disjunction;
pub(crate) mod engine;
pub(crate) mod expression;
pub(crate) mod function;
mod hopeless;
pub(crate) mod json;
mod list;
mod order;
mod pattern;
pub(crate) mod pieces;
mod process;
mod reference;
pub(crate) mod scratch;
pub(crate) mod show;
mod unify;
mod validate;
pub(crate) mod vertex;
