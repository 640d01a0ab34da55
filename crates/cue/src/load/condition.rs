//! Whether a file belongs to its package: `@if(...)` and `@ignore()` above the package clause.

use std::sync::Arc;

use crate::{
    error::{Code, Error, Errors, Position, Rule},
    limits::Limits,
    syntax::{
        self,
        ast::{Attribute, BinaryOp, Expr, File, UnaryOp},
        experiment::Version,
        pos::{FileId, Pos, SourceFile},
    },
};

/// Why a file is left out; `None` if it is not.
///
/// `is_set` tells whether a tag is given, and sees all tags that the condition names.
pub(super) fn exclusion(
    file: &File,
    source: &Arc<SourceFile>,
    is_set: &mut dyn FnMut(&str) -> bool,
) -> Result<Option<String>, Errors> {
    let mut condition: Option<&Attribute> = None;
    for attribute in above_package(file) {
        match split(&attribute.text) {
            ("ignore", _) => return Ok(Some("@ignore() attribute found".to_owned())),
            ("if", _) => match condition {
                Some(first) => return Err(twice(source, first.pos, attribute.pos)),
                None => condition = Some(attribute),
            },
            _ => {}
        }
    }
    let Some(condition) = condition else { return Ok(None) };
    let body = split(&condition.text).1;
    let text = SourceFile::new("", body);
    let options = crate::value::instance::parse_options(&Limits::default(), Version::LATEST);
    let expr = syntax::parse_expr(&text, FileId(0), &options).map_err(|found| in_body(&text, found))?;
    let holds = holds(&expr, is_set)?;
    Ok((!holds).then(|| format!("@if({body}) did not match")))
}

fn above_package(file: &File) -> impl Iterator<Item = &Attribute> {
    let end = file.package.as_ref().map_or(Pos::NONE.offset, |package| package.pos.offset);
    file.attributes.iter().filter(move |attribute| attribute.pos.offset < end)
}

/// Name and body of an attribute `@name(body)`.
pub(super) fn split(text: &str) -> (&str, &str) {
    let text = text.strip_prefix('@').unwrap_or(text);
    let (name, rest) = text.split_once('(').unwrap_or((text, ""));
    (name, rest.strip_suffix(')').unwrap_or(rest))
}

fn twice(source: &Arc<SourceFile>, first: Pos, second: Pos) -> Errors {
    let at = |pos, message: &str| Error {
        primary: Some(Position { file: source.clone(), pos }),
        ..Error::new(Code::Eval, Rule::Syntax, message)
    };
    Errors::new(vec![at(first, "previous declaration here"), at(second, "multiple @if attributes")])
}

fn in_body(text: &Arc<SourceFile>, found: Vec<syntax::SyntaxError>) -> Errors {
    let place = |pos| Some(Position { file: text.clone(), pos });
    let convert = |error: syntax::SyntaxError| Error {
        primary: place(error.pos),
        ..Error::new(Code::Eval, Rule::Syntax, error.message)
    };
    Errors::new(found.into_iter().map(convert).collect())
}

fn holds(expr: &Expr, is_set: &mut dyn FnMut(&str) -> bool) -> Result<bool, Errors> {
    match expr {
        Expr::Ident(ident) => Ok(is_set(&ident.name)),
        Expr::Paren { inner, .. } | Expr::Commented(inner, _) => holds(inner, is_set),
        Expr::Unary { op: UnaryOp::Not, operand, .. } => Ok(!holds(operand, is_set)?),
        Expr::Binary { op: op @ (BinaryOp::LogicalAnd | BinaryOp::LogicalOr), left, right, .. } => {
            // Both are looked at, so that all tags count as used.
            let (left, right) = (holds(left, is_set)?, holds(right, is_set)?);
            Ok(if *op == BinaryOp::LogicalAnd { left && right } else { left || right })
        }
        Expr::Binary { op, .. } => Err(super::failure(format!("invalid operator {} in build attribute", op.text()))),
        Expr::Unary { op, .. } => Err(super::failure(format!("invalid operator {} in build attribute", op.text()))),
        _ => Err(super::failure(format!("invalid expression {} in build attribute", syntax::print_compact(expr)))),
    }
}
