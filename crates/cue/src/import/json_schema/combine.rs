//! Keywords that combine schemas.

use super::{
    extract::{Extractor, Schema, match_n},
    node::NodeId,
    syntax::{call, ident, int, is_disallowed, top, unary},
};
use crate::{kind::Kind, syntax::ast::UnaryOp};

pub(super) fn all_of(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let (mut schemas, mut known) = (Vec::new(), Kind::BOTTOM);
    for item in extractor.items(key, node, false) {
        let (expr, info) = extractor.subschema(schema, item, schema.info.allowed);
        schema.info.allowed = schema.info.allowed.and(info.allowed);
        if info.has_constraints || is_disallowed(&expr) {
            known = known.or(info.known);
            schemas.push(expr);
        }
    }
    if schemas.is_empty() {
        return;
    }
    schema.info.known = schema.info.known.and(known);
    let count = int(schemas.len() as u64);
    add_match(schema, count, schemas);
}

pub(super) fn any_of(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let (mut schemas, mut kinds, mut known) = (Vec::new(), Kind::BOTTOM, Kind::BOTTOM);
    for item in extractor.items(key, node, false) {
        let (expr, info) = extractor.subschema(schema, item, schema.info.allowed);
        if info.allowed.is_bottom() {
            continue;
        }
        kinds = kinds.or(info.allowed);
        known = known.or(info.known);
        schemas.push(expr);
    }
    if schemas.is_empty() {
        schema.info.allowed = Kind::BOTTOM;
        return;
    }
    if schemas.len() > 1 {
        schema.info.allowed = schema.info.allowed.and(kinds);
        schema.info.known = schema.info.known.and(known);
    }
    add_match(schema, unary(UnaryOp::GreaterEqual, int(1)), schemas);
}

pub(super) fn one_of(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let (mut schemas, mut kinds, mut known) = (Vec::new(), Kind::BOTTOM, Kind::BOTTOM);
    let mut needed = false;
    for item in extractor.items(key, node, false) {
        let (expr, info) = extractor.subschema(schema, item, schema.info.allowed);
        if info.allowed.is_bottom() {
            continue;
        }
        // Types alone that do not overlap exclude each other.
        needed |= info.has_constraints || kinds.intersects(info.allowed);
        kinds = kinds.or(info.allowed);
        known = known.or(info.known);
        schemas.push(expr);
    }
    schema.info.allowed = schema.info.allowed.and(kinds);
    if needed && !schemas.is_empty() {
        schema.info.known = schema.info.known.and(known);
        add_match(schema, int(1), schemas);
    }
}

/// Adds that so many of the schemas must hold; a single one stands for itself.
fn add_match(schema: &mut Schema, count: crate::syntax::ast::Expr, mut schemas: Vec<crate::syntax::ast::Expr>) {
    if schemas.len() == 1 {
        return schema.add_to_all(schemas.swap_remove(0));
    }
    schema.add_to_all(match_n(count, schemas));
}

pub(super) fn not(extractor: &mut Extractor<'_>, schema: &mut Schema, _: &str, node: NodeId) {
    let (expr, _) = extractor.subschema(schema, node, super::extract::ALL);
    schema.add_to_all(match_n(int(0), vec![expr]));
}

/// `if`, `then` and `else` together.
pub(super) fn if_then_else(extractor: &mut Extractor<'_>, schema: &mut Schema) {
    let Some(condition) = schema.condition else { return };
    if schema.consequence.is_none() && schema.alternative.is_none() {
        return;
    }
    let allowed = schema.info.allowed;
    let (condition, info) = extractor.subschema(schema, condition, allowed);
    let mut branch = |node: Option<NodeId>, allowed: Kind| match node {
        Some(node) => extractor.subschema(schema, node, allowed).0,
        None => top(),
    };
    let consequence = branch(schema.consequence, allowed.and(info.allowed));
    let alternative = branch(schema.alternative, allowed);
    schema.add_to_all(call(ident("matchIf"), vec![condition, consequence, alternative]));
}
