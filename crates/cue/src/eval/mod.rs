//! Values: what the tree of a text means.

pub mod call;
pub mod kind;
pub mod label;
