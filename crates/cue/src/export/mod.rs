//! Values as text.

pub mod json_schema;
pub mod openapi;
pub mod syntax;
pub mod tree;
