//! From a definition to a program that judges JSON in one pass.
//!
//! The definition is read as it is written: what it says whatever the data is becomes rules of a [`vet::Program`], and so
//! does what fields beside each other decide (`end: >=start`, `if kind == "card" {...}`). What depends on more of the data
//! (another `for` clause over it, a reference to a struct around it) or is not known here becomes an island, listed as a
//! [`Residual`]. The program never accepts what the evaluator rejects; where it rejects or is unsure, the evaluator has the
//! last word.
//!
//! A field is the conjunction of all that is written for it, so lowering works as unification does: `gather` collects the
//! conjuncts of a node, through references and embeddings; `node` makes rules of them, `guard` of conditions, `computed`
//! of what depends on fields beside it, `each` of fields made in a loop over one of them, `named` of what repeats the
//! name of its member, and `scalar` knows literals, bounds and validators. A conjunct belongs to
//! *groups*: the definitions through which it was reached, each of which closes the node for names that none of its
//! conjuncts provides for.

mod computed;
mod each;
mod gather;
mod guard;
mod named;
mod node;
mod range;
mod scalar;
mod scope;
mod walk;

use std::fmt;

use crate::{
    limits::Limits,
    syntax::{
        ParseOptions, parse_expr,
        pos::{FileId, SourceFile},
    },
    value::instance::Instance,
};

/// What is made of a definition.
#[derive(Debug)]
pub struct Lowered {
    /// The program.
    pub program: vet::Program,
    /// What the program leaves to the evaluator. A document that has no value at these places is decided by the
    /// program alone.
    pub residuals: Vec<Residual>,
}

/// A part of a definition that is left to the evaluator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residual {
    /// Names of fields from the definition's root on; `[]` stands for elements and `[pattern]` for other fields.
    pub path: Vec<String>,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Residual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.path {
            [] => f.write_str(&self.reason),
            path => write!(f, "{}: {}", path.join("."), self.reason),
        }
    }
}

/// What a program is made for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The paths of the values whose places are wanted, such as the record's key; up to [`vet::CAPTURES_MAX`].
    pub captures: Vec<Vec<String>>,
    /// Bounds for the documents.
    pub limits: vet::Limits,
}

/// Lowers the value that an expression over an instance's names stands for, such as `#Order`; the empty one stands for
/// the whole package.
///
/// The instance is taken to be free of errors, as [`Schema::new`](crate::Schema::new) checks. If nothing at all can be
/// said, the program is one island.
pub fn program(instance: &Instance, expression: &str, limits: &Limits, options: &Options) -> Lowered {
    let source = SourceFile::new("--schema", expression);
    let is_whole = expression.is_empty();
    let parsed = (!is_whole).then(|| parse_expr(&source, FileId(u32::MAX), &ParseOptions::default()));
    let mut builder = vet::Builder::new();
    builder.limits(options.limits);
    for path in &options.captures {
        builder.capture(path.iter().map(String::as_str));
    }
    let mut lowering = node::Lowering::new(instance.asts(), builder, limits.regexp_bytes_max);
    let rule = match &parsed {
        None => lowering.whole(),
        Some(Ok(expr)) => lowering.root(expr),
        Some(Err(_)) => lowering.island("the expression is not a path"),
    };
    lowering.finish(rule, options)
}
