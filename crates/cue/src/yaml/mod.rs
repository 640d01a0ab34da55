//! YAML texts as CUE expressions, and data as YAML.
//!
//! The reader builds on a YAML 1.2 parser and gives plain scalars the types that the reference gives them, so that
//! YAML 1.1 octals, big numbers and times mean the same here. The printer writes the reference's style: blocks, two
//! spaces, quotes only where a text would be read as something else. Comments are not kept.

mod read;
mod resolve;
mod write;

pub use read::{ALIAS_NODES_MAX, Documents, parse_yaml};
pub(crate) use write::print;
