//! Values as text.

pub mod cue;
pub mod json;
