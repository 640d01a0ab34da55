//! Package `text/template`: the templates of Go's package of that name, over data of the language.
//!
//! A text is cut into tokens ([`lex`]), read as a tree ([`parse`], [`tree`]) and walked with the data at hand
//! ([`execute`]); [`functions`] are those that every template has, [`format`] is how `print` and `printf` write values.
//! Errors are worded and placed as Go does. Not there: complex numbers and methods, which no data of the language has.
//!
//! Templates can loop and call each other: steps, depth and the length of the output are bounded.

mod execute;
mod format;
mod functions;
mod lex;
mod parse;
mod tree;
mod value;

use super::{
    args::{ANY, STRING, fail, function, text},
    escape,
};
use crate::{
    call::{Datum, Package},
    kind::Kind,
};

pub(super) static PACKAGE: Package = Package {
    path: "text/template",
    constants: &[],
    functions: &[
        function("Execute", &[STRING, ANY], Kind::STRING, |_, args| {
            render(text(args, 0)?, &args[1]).map(Into::into).or_else(fail)
        }),
        function("HTMLEscape", &[STRING], Kind::STRING, |_, args| {
            Ok(escape::html(&text(args, 0)?.replace('\0', "\u{fffd}")).into())
        }),
        function("JSEscape", &[STRING], Kind::STRING, |_, args| Ok(escape::script(text(args, 0)?).into())),
    ],
};

/// How deep a template may nest: parentheses, and actions that hold others.
const NESTING_MAX: usize = 1_000;

/// The most templates that may call each other in a row.
const DEPTH_MAX: usize = 10_000;

/// The most actions, texts and values that one execution goes through.
const STEPS_MAX: usize = 10_000_000;

/// Runs one level of nesting with the stack that it needs.
fn grow<T>(level: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(128 << 10, 1 << 20, level)
}

fn render(source: &str, data: &Datum) -> Result<String, String> {
    let templates = parse::parse(source)?;
    execute::execute(source, &templates, data)
}
