//! Keywords for objects.

use super::{
    extract::{ALL, Extractor, Openness, Schema, Type},
    node::{Content, NodeId},
    scalar::{count, is_usable},
    syntax::{
        attribute, call, embed, field, ident, int, is_top, joined, labelled, name_of, pattern_field, string, structure,
        top, unary,
    },
};
use crate::{
    kind::Kind,
    syntax::{
        ast::{BinaryOp, Clause, CommentGroup, Comments, Comprehension, Constraint, Decl, Expr, Ident, Label, UnaryOp},
        literal::is_identifier,
        pos::Pos,
    },
};

pub(super) fn properties(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    schema.decls();
    for (name, value) in extractor.entries(key, node) {
        let (expr, info) = extractor.subschema(schema, value, ALL);
        let mut property = field(&name, Constraint::Optional, expr);
        // An empty line sets the comment apart from the property before.
        let place = if schema.decls().is_empty() { Pos::NONE } else { Pos::APART };
        property.comments.before.extend(info.doc().map(|doc| CommentGroup { pos: place, ..doc }));
        if info.deprecated {
            property.attributes.push(attribute("@deprecated()".to_owned()));
        }
        schema.decls().push(Decl::Field(property));
    }
}

pub(super) fn required(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let mut names = Vec::new();
    for item in extractor.items(key, node, true) {
        names.extend(extractor.text(item).map(|name| (item, name)));
    }
    schema.decls();
    for (item, name) in names {
        let named = |decl: &&mut Decl| match decl {
            Decl::Field(field) => field.alias.is_none() && name_of(&field.label).as_ref() == Some(&name),
            _ => false,
        };
        // The last one counts: the ones before only stand for conditions.
        match schema.decls().iter_mut().rfind(named) {
            Some(Decl::Field(field)) if field.constraint == Constraint::Required => {
                extractor.error(item, format!("duplicate required field {name:?}"));
            }
            Some(Decl::Field(field)) => field.constraint = Constraint::Required,
            _ => schema.decls().push(Decl::Field(field(&name, Constraint::Required, top()))),
        }
    }
}

pub(super) fn pattern_properties(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    schema.decls();
    for (pattern, value) in extractor.entries(key, node) {
        if !is_usable(extractor, value, &pattern) {
            continue;
        }
        schema.other_names.push(unary(UnaryOp::NotMatch, string(&pattern)));
        let (expr, _) = extractor.subschema(schema, value, ALL);
        let pattern = pattern_field(unary(UnaryOp::Match, string(&pattern)), expr);
        schema.decls().push(embed(structure(vec![pattern])));
    }
}

pub(super) fn additional_properties(extractor: &mut Extractor<'_>, schema: &mut Schema, _: &str, node: NodeId) {
    match extractor.node(node).content {
        Content::Bool(open) => {
            schema.openness = if open { Openness::Open } else { Openness::Closed };
            schema.decls();
        }
        Content::Object(_) => {
            let (expr, _) = extractor.subschema(schema, node, ALL);
            schema.openness = Openness::Covered;
            if schema.decls().is_empty() {
                return schema.decls().push(pattern_field(ident("string"), expr));
            }
            let mut names = schema.other_names.clone();
            names.push(other_names(schema.decls()));
            let names = joined(BinaryOp::And, names).unwrap_or_else(top);
            schema.decls().push(embed(structure(vec![pattern_field(names, expr)])));
        }
        _ => extractor.error(node, "value of \"additionalProperties\" must be an object or boolean"),
    }
}

/// `!~"^(a|b)$"`: all names but those of the fields.
fn other_names(decls: &[Decl]) -> Expr {
    let name = |decl: &Decl| match decl {
        Decl::Field(field) => name_of(&field.label),
        _ => None,
    };
    let names: Vec<String> = decls.iter().filter_map(name).map(|name| quoted(&name)).collect();
    unary(UnaryOp::NotMatch, string(&format!("^({})$", names.join("|"))))
}

/// A text as a pattern that matches just that.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if r"\.+*?()|[]{}^$".contains(char) {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

pub(super) fn property_names(extractor: &mut Extractor<'_>, schema: &mut Schema, _: &str, node: NodeId) {
    let (names, _) = extractor.subschema(schema, node, Kind::STRING);
    if !is_top(&names) {
        schema.add(Type::Object, structure(vec![pattern_field(names, top())]));
    }
}

pub(super) fn max_properties(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let Some(count) = count(extractor, key, node) else { return };
    let function = extractor.function("struct", "MaxFields");
    schema.add(Type::Object, call(function, vec![int(count)]));
}

pub(super) fn min_properties(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    let Some(count) = count(extractor, key, node) else { return };
    let function = extractor.function("struct", "MinFields");
    schema.add(Type::Object, call(function, vec![int(count)]));
}

/// `dependencies` and the two keywords that it was split into: what holds if a property is there. The property is declared
/// as an optional field, so that a condition can refer to it.
pub(super) fn dependencies(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) {
    schema.decls();
    let mut count = 0;
    for (name, value) in extractor.entries(key, node) {
        let Some(consequence) = consequence(extractor, schema, key, value) else { return };
        let plain = is_identifier(&name) && !name.starts_with(['_', '#']);
        let variable = if plain { name.clone() } else { format!("_t{count}") };
        let mut tested = match plain {
            true => labelled(Label::Ident(identifier(&name)), Constraint::Optional, top()),
            false => field(&name, Constraint::Optional, top()),
        };
        if !plain {
            tested.alias = Some(Box::new(identifier(&variable)));
            count += 1;
        }
        let condition = Expr::Binary {
            pos: Pos::NONE,
            op: BinaryOp::NotEqual,
            left: Box::new(ident(&variable)),
            right: Box::new(Expr::Bottom(Pos::NONE)),
        };
        let comprehension = Comprehension {
            clauses: vec![Clause::If { pos: Pos::NONE, condition: Box::new(condition) }],
            value: Box::new(consequence),
            otherwise: None,
            comments: Comments::default(),
        };
        schema.decls().extend([Decl::Field(tested), Decl::Comprehension(comprehension)]);
    }
    // Without this, conditions alone would let values of other types through.
    schema.decls().push(embed(structure(Vec::new())));
}

fn identifier(name: &str) -> Ident {
    Ident { pos: Pos::NONE, name: name.to_owned() }
}

fn consequence(extractor: &mut Extractor<'_>, schema: &mut Schema, key: &str, node: NodeId) -> Option<Expr> {
    match &extractor.node(node).content {
        Content::Array(_) if key != "dependentSchemas" => {
            let mut decls = Vec::new();
            for item in extractor.items(key, node, true) {
                let name = extractor.text(item)?;
                decls.push(Decl::Field(field(&name, Constraint::Required, top())));
            }
            Some(structure(decls))
        }
        Content::Object(_) | Content::Bool(_) if key != "dependentRequired" => {
            let (expr, _) = extractor.subschema(schema, node, ALL);
            Some(match &expr {
                Expr::Struct(_) => expr,
                _ => structure(vec![embed(expr)]),
            })
        }
        _ => {
            let (kind, wanted) =
                (extractor.node(node).kind(), if key == "dependentRequired" { "array" } else { "schema" });
            extractor.error(node, format!("expected {wanted} but got {kind}"));
            None
        }
    }
}
