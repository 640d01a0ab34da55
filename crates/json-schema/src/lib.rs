//! From a JSON Schema (drafts 4, 6, 7, 2019-09 and 2020-12) to a program that judges JSON in one pass.
//!
//! What a schema says of a value by itself becomes rules of a [`vet::Program`]. What it says of what other parts of it have
//! looked at (`unevaluatedProperties` behind alternatives, dynamic references) becomes an island, listed as a
//! [`Residual`]: there the crate `jsonschema`, which also words refusals, has the last word, as it has wherever the
//! program does not accept. The two agree on every document but for numbers that a binary float cannot hold, which the
//! program compares as they are written.
//!
//! `lower` goes through a schema and its references; `number`, `string`, `object` and `array` know the keywords of each
//! kind; `evaluated` tells which members a schema looks at, and `pattern` translates regular expressions.

mod array;
mod evaluated;
mod lower;
mod number;
mod object;
mod pattern;
mod string;

use std::fmt;

use referencing::{Registry, Uri};

pub use referencing::{Draft, uri};

/// What is made of a schema.
#[derive(Debug)]
pub struct Lowered {
    /// The program.
    pub program: vet::Program,
    /// What the program leaves to others; a document that has no value at these places is decided by it alone.
    pub residuals: Vec<Residual>,
}

impl Lowered {
    /// The program of a schema of which nothing can be said.
    pub fn island(reason: &str) -> Lowered {
        let mut builder = vet::Builder::new();
        let island = builder.island(reason);
        let program = builder.finish(island).expect("a single rule makes a program");
        Lowered { program, residuals: vec![Residual { pointer: String::new(), reason: reason.into() }] }
    }
}

/// A part of a schema that is not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residual {
    /// JSON Pointer (RFC 6901) of the schema, from the root or the target of the last reference on the way.
    pub pointer: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Residual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.pointer {
            "" => f.write_str(&self.reason),
            pointer => write!(f, "{pointer}: {}", self.reason),
        }
    }
}

/// What a program is made for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether `format` is asserted; drafts up to 7 assert it unless told otherwise, later ones do not.
    pub formats: Option<bool>,
    /// The paths of the values whose places are wanted, such as the record's key; up to [`vet::CAPTURES_MAX`].
    pub captures: Vec<Vec<String>>,
}

/// Lowers the schema at an address of a registry. The schema is taken to be valid, as `jsonschema` checks; `draft` is
/// that of schemas that do not name theirs. If nothing at all can be said, the program is one island.
pub fn program(registry: &Registry<'_>, address: Uri<String>, draft: Draft, options: &Options) -> Lowered {
    lower::program(registry, address, draft, options)
}
