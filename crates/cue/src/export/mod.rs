//! Values as text.

pub mod cue;
pub mod json;
pub mod json_schema;
pub mod openapi;
pub(crate) mod pieces;
pub mod syntax;
pub mod tree;
