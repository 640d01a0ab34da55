//! Values as text.

pub mod cue;
