//! Texts to trees: what is accepted, what is said about the rest, and that no input breaks the parser.

mod errors;
mod json;
mod literals;
mod nesting;
mod printer;

use cue::syntax::ast::{Expr, File};
use cue::syntax::pos::{FileId, SourceFile};
use cue::syntax::{ParseOptions, SyntaxError, parse_expr, parse_file};

fn parse(text: &str) -> Result<File, Vec<SyntaxError>> {
    parse_file(&SourceFile::new("x.cue", text), FileId(0), &ParseOptions::default())
}

fn parse_one(text: &str) -> Expr {
    parse_expr(&SourceFile::new("x.cue", text), FileId(0), &ParseOptions::default()).expect("the text is well-formed")
}

/// Errors as `line:column: message`.
fn report(text: &str, errors: &[SyntaxError]) -> Vec<String> {
    let source = SourceFile::new("x.cue", text);
    let show = |error: &SyntaxError| {
        let (line, column) = source.line_column(error.pos.offset);
        format!("{line}:{column}: {error}")
    };
    errors.iter().map(show).collect()
}
