//! Text to tree and back: scanner, parser, literals and printer.
//!
//! Nothing here knows of values or evaluation. Parsing never panics: it yields a tree or the errors with their
//! positions.

pub mod ast;
pub mod error;
pub mod experiment;
pub mod json;
pub mod literal;
pub mod made;
pub mod parser;
pub mod pos;
pub mod printer;
pub mod simplify;
pub mod unicode;

mod scanner;
mod scope;
mod teardown;
mod token;

pub use error::SyntaxError;
pub use json::parse_json;
pub use parser::{ParseLimits, ParseOptions, parse_expr, parse_file};
pub use printer::{print_compact, print_decls, print_expr, print_file, print_merged};
pub use simplify::simplify;
