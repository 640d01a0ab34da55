//! Keywords for arrays.

use super::extract::{ALL, Extractor, Schema, Type};
use super::node::{Content, NodeId};
use super::scalar::count;
use super::syntax::{call, disallowed, ellipsis, int, is_disallowed, is_top, joined, list, top, unary};
use super::version::Version;
use crate::syntax::ast::{BinaryOp, Ellipsis, Expr, UnaryOp};

/// The most elements that are written out to say how many there must be at least.
const WRITTEN_OUT_MAX: u64 = 100;

pub(super) fn items(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    schema.has_items = true;
    match &extractor.node(node).content {
        Content::Array(_) if schema.version > Version::Draft2019 => {
            let from = Version::Draft2020.address();
            let message = format!("from version {from} onwards, the value of \"items\" must be an object or a boolean");
            extractor.error(node, message);
        }
        Content::Array(_) => {
            schema.elements_are_listed = true;
            prefix_items(extractor, schema, key, node);
        }
        _ => {
            let (element, _) = extractor.subschema(schema, node, ALL);
            match schema.elements {
                Some(_) => set_rest(schema, element),
                None => schema.add(Type::Array, list(vec![ellipsis(Some(element))])),
            }
        }
    }
}

pub(super) fn prefix_items(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let items = extractor.items(key, node, true);
    let mut elements: Vec<_> = items.into_iter().map(|item| extractor.subschema(schema, item, ALL).0).collect();
    // Shorter arrays are allowed; what is there must fit.
    elements.push(ellipsis(None));
    schema.elements = Some(schema.arrays().len());
    schema.add(Type::Array, list(elements));
}

pub(super) fn additional_items(extractor: &mut Extractor<'_>, schema: &mut Schema, _: &str, node: NodeId) {
    let element = match extractor.node(node).content {
        // Booleans stood here before they were schemas.
        Content::Bool(true) => top(),
        Content::Bool(false) => disallowed(),
        Content::Object(_) => extractor.subschema(schema, node, ALL).0,
        _ => return extractor.error(node, "value of \"additionalItems\" must be an object or boolean"),
    };
    if schema.elements.is_some() && schema.elements_are_listed {
        set_rest(schema, element);
    }
}

/// Says what the elements behind the listed ones must be.
fn set_rest(schema: &mut Schema, element: Expr) {
    let Some(at) = schema.elements else { return };
    let Some(Expr::List(list)) = schema.arrays().get_mut(at) else { return };
    if is_disallowed(&element) {
        list.elements.pop();
    } else if let Some(Expr::Ellipsis(Ellipsis { value, .. })) = list.elements.last_mut() {
        *value = (!is_top(&element)).then(|| Box::new(element));
    }
}

pub(super) fn contains(extractor: &mut Extractor<'_>, schema: &mut Schema, _: &str, node: NodeId) {
    let (element, _) = extractor.subschema(schema, node, ALL);
    let at_least = unary(UnaryOp::GreaterEqual, int(schema.contains_min.unwrap_or(1)));
    let at_most = schema.contains_max.map(|max| unary(UnaryOp::LessEqual, int(max)));
    let wanted = joined(BinaryOp::And, [at_least].into_iter().chain(at_most).collect());
    let function = extractor.function("list", "MatchN");
    schema.add(Type::Array, call(function, wanted.into_iter().chain([element]).collect()));
}

pub(super) fn max_items(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let Some(max) = count(extractor, key, node) else { return };
    let function = extractor.function("list", "MaxItems");
    schema.add(Type::Array, call(function, vec![int(max)]));
}

pub(super) fn min_items(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let Some(min) = count(extractor, key, node) else { return };
    if min > WRITTEN_OUT_MAX {
        let function = extractor.function("list", "MinItems");
        return schema.add(Type::Array, call(function, vec![int(min)]));
    }
    let elements = (0..min).map(|_| top()).chain([ellipsis(None)]);
    schema.add(Type::Array, list(elements.collect()));
}

pub(super) fn unique_items(extractor: &mut Extractor<'_>, schema: &mut Schema, _: &str, node: NodeId) {
    if extractor.boolean(node) {
        let function = extractor.function("list", "UniqueItems");
        schema.add(Type::Array, call(function, Vec::new()));
    }
}
