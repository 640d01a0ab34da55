//! TOML (1.0) as data, and values as TOML.
//!
//! The grammar is read by `toml_parser`; tables, duplicates and their error texts follow the reference: a document
//! becomes one struct literal, in which the parts of a table that is written in several places are unified. Dates and
//! times are strings. Output has its keys sorted, as the reference's encoder sorts them; comments are not kept.

mod read;
mod write;

pub use read::parse_toml;
pub(crate) use write::print;

/// Runs one level of nesting with the stack that it needs.
fn grow<T>(level: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(64 << 10, 1 << 20, level)
}
