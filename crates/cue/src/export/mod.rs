//! Values as text.

pub mod cue;
pub mod json;
pub mod openapi;
pub mod syntax;
pub mod tree;
