//! Text to tree and back: scanner, parser, literals and printer.
//!
//! Nothing here knows of values or evaluation. Parsing never panics: it yields a tree or the errors with their
//! positions.

pub mod ast;
pub mod pos;
