//! JSON Schema as CUE, as the reference translates it: drafts 4, 6, 7, 2019-09 and 2020-12.
//!
//! A schema becomes the expression of all values that it allows; definitions become definitions, references to other
//! places hidden ones, references to other documents imports. What has no counterpart is left out, so that the result may
//! allow more than the schema, or refused if [`Options::strict_features`] is set: `$dynamicRef`, `$recursiveRef`,
//! `unevaluatedItems`, `unevaluatedProperties`, `contentSchema`, patterns that need backtracking.

mod array;
mod combine;
mod definitions;
mod extract;
mod generic;
mod node;
mod object;
mod scalar;
mod syntax;
mod version;

#[cfg(test)]
mod tests;

use crate::syntax::{SyntaxError, ast};

pub use version::Version;

/// How a schema is read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The package clause of the file; none without a name.
    pub package: Option<String>,
    /// The draft of schemas that do not name theirs.
    pub version: Version,
    /// The place of a collection of schemas in the document, as a JSON pointer such as `/definitions`: each becomes a
    /// definition. Without it the document is one schema.
    pub root: Option<String>,
    /// Whether keywords that are unknown are errors.
    pub strict_keywords: bool,
    /// Whether keywords that have no counterpart are errors.
    pub strict_features: bool,
    /// Whether structs are open only where the schema says so.
    pub open_only_when_explicit: bool,
    /// Whether the collection of schemas is that of an OpenAPI document, which names its definitions otherwise.
    pub is_open_api: bool,
}

/// The CUE file for a document, which was read as JSON or YAML.
///
/// # Errors
/// What is no schema, contradicts itself or refers to what is not there, each at its place in the document.
pub fn extract(document: &ast::Expr, options: &Options) -> Result<ast::File, Vec<SyntaxError>> {
    extract::Extractor::new(document, options)?.file()
}
