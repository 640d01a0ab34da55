//! Keywords for numbers and strings, and constants without parts.

use super::extract::{Extractor, Schema, Type};
use super::node::{Content, Node, NodeId};
use super::syntax::{call, int, literal, string, top, unary};
use super::version::Version;
use crate::number::Number;
use crate::regexp::Regexp;
use crate::syntax::ast::{Expr, LitKind, UnaryOp};

/// Bytes that a pattern may take when it is checked; what takes more fails where it is used.
const REGEXP_BYTES_MAX: usize = 10 << 20;

/// A value without parts as CUE.
pub(super) fn value(node: &Node<'_>) -> Expr {
    match &node.content {
        Content::Null => literal(LitKind::Null, "null"),
        Content::Bool(true) => literal(LitKind::True, "true"),
        Content::Bool(false) => literal(LitKind::False, "false"),
        Content::String(text) => string(text),
        Content::Number(expr) => (*expr).clone(),
        Content::Array(_) | Content::Object(_) => top(),
    }
}

/// A number of things: whole and not negative, however it is written.
pub(super) fn count(extractor: &mut Extractor<'_>, key: &str, node: NodeId) -> Option<u64> {
    let count = number(extractor.node(node)).and_then(|number| number.value.to_u64());
    if count.is_none() {
        extractor.error(node, format!("value of {key:?} must be a non-negative integer value"));
    }
    count
}

fn number(node: &Node<'_>) -> Option<Number> {
    match &node.content {
        Content::Number(Expr::Lit(literal)) => Number::from_literal(&literal.raw).ok(),
        _ => None,
    }
}

/// The number that bounds a value.
fn bound(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId, op: UnaryOp) {
    match &extractor.node(node).content {
        Content::Number(expr) => schema.add(Type::Number, unary(op, (*expr).clone())),
        _ => extractor.error(node, format!("value of {key:?} must be a number")),
    }
}

pub(super) fn maximum(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let op = if schema.exclusive_maximum { UnaryOp::Less } else { UnaryOp::LessEqual };
    bound(extractor, schema, key, node, op);
}

pub(super) fn minimum(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let op = if schema.exclusive_minimum { UnaryOp::Greater } else { UnaryOp::GreaterEqual };
    bound(extractor, schema, key, node, op);
}

/// A bound of its own, or, in draft 4, what `maximum` means.
pub(super) fn exclusive_maximum(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    match extractor.node(node).content {
        Content::Bool(value) => schema.exclusive_maximum = value,
        _ => bound(extractor, schema, key, node, UnaryOp::Less),
    }
}

/// A bound of its own, or, in draft 4, what `minimum` means.
pub(super) fn exclusive_minimum(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    match extractor.node(node).content {
        Content::Bool(value) => schema.exclusive_minimum = value,
        _ => bound(extractor, schema, key, node, UnaryOp::Greater),
    }
}

pub(super) fn multiple_of(extractor: &mut Extractor<'_>, schema: &mut Schema, _: &str, node: NodeId) {
    let positive = number(extractor.node(node)).is_some_and(|number| number.value.signum() > 0);
    if !positive {
        return extractor.error(node, "\"multipleOf\" value must be > 0");
    }
    let factor = value(extractor.node(node));
    let function = extractor.function("math", "MultipleOf");
    schema.add(Type::Number, call(function, vec![factor]));
}

pub(super) fn max_length(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    length(extractor, schema, key, node, "MaxRunes");
}

pub(super) fn min_length(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    length(extractor, schema, key, node, "MinRunes");
}

fn length(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId, function: &str) {
    let Some(count) = count(extractor, key, node) else { return };
    let function = extractor.function("strings", function);
    schema.add(Type::String, call(function, vec![int(count)]));
}

pub(super) fn pattern(extractor: &mut Extractor<'_>, schema: &mut Schema, _: &str, node: NodeId) {
    let Some(text) = extractor.text(node) else { return };
    if is_usable(extractor, node, &text) {
        schema.add(Type::String, unary(UnaryOp::Match, string(&text)));
    }
}

/// Whether a pattern can be used. One that needs backtracking is left out, any other that is wrong is an error.
pub(super) fn is_usable(extractor: &mut Extractor<'_>, node: NodeId, pattern: &str) -> bool {
    let Err(error) = Regexp::new(pattern, REGEXP_BYTES_MAX) else { return true };
    let message = error.to_string();
    let unsupported = ["invalid or unsupported Perl syntax", "invalid character class range"];
    let is_unsupported = unsupported.iter().any(|start| message.contains(start));
    if !is_unsupported {
        extractor.error(node, format!("invalid regexp {pattern:?}: {message}"));
    } else if extractor.options.strict_features {
        extractor.error(node, format!("unsupported Perl regexp syntax in {pattern:?}: {message}"));
    }
    false
}

/// Formats that are checked; all others say nothing.
pub(super) fn format(extractor: &mut Extractor<'_>, schema: &mut Schema, _: &str, node: NodeId) {
    let Some(name) = extractor.text(node) else { return };
    let (package, function) = match name.as_str() {
        "date-time" => ("time", "Time"),
        "uri" => ("net", "AbsURL"),
        "uri-reference" if schema.version >= Version::Draft6 => ("net", "URL"),
        "int32" | "int64" if schema.version == Version::OpenApi => {
            return schema.add(Type::Number, super::syntax::ident(&name));
        }
        "date" if schema.version == Version::OpenApi => ("time", "Format"),
        _ if schema.version < Version::Draft7 => return,
        "date" => ("time", "Format"),
        "iri" => ("net", "AbsURL"),
        "iri-reference" => ("net", "URL"),
        "regex" => ("regexp", "Valid"),
        _ => return,
    };
    let validator = extractor.function(package, function);
    let validator = if name == "date" { call(validator, vec![string("2006-01-02")]) } else { validator };
    schema.add(Type::String, validator);
}
