//! Pieces of CUE that schemas are made of. They stand in no text.

use std::collections::BTreeSet;

use crate::syntax::ast::{
    Attribute, BasicLit, BinaryOp, CommentGroup, Comments, Constraint, Decl, Ellipsis, Expr, Field, Ident, Label,
    LitKind, Pattern, Selector, UnaryOp,
};
use crate::syntax::literal::{Text, decode_text, is_identifier, quoted};
pub(super) use crate::syntax::made::{embed, field as labelled, list, structure};
use crate::syntax::pos::Pos;

pub(super) fn ident(name: &str) -> Expr {
    Expr::Ident(Ident { pos: Pos::NONE, name: name.to_owned() })
}

pub(super) fn top() -> Expr {
    ident("_")
}

pub(super) fn is_top(expr: &Expr) -> bool {
    matches!(expr, Expr::Ident(ident) if ident.name == "_")
}

pub(super) fn literal(kind: LitKind, raw: impl Into<String>) -> Expr {
    Expr::Lit(BasicLit { pos: Pos::NONE, kind, raw: raw.into() })
}

pub(super) fn string(text: &str) -> Expr {
    literal(LitKind::String, quoted(text))
}

pub(super) fn int(value: u64) -> Expr {
    literal(LitKind::Int, value.to_string())
}

pub(super) fn unary(op: UnaryOp, operand: Expr) -> Expr {
    Expr::Unary { pos: Pos::NONE, op, operand: Box::new(operand) }
}

/// All operands joined by one operator; `&` binds tighter than `|`.
pub(super) fn joined(op: BinaryOp, operands: Vec<Expr>) -> Option<Expr> {
    let several = operands.len() > 1;
    let grouped = move |operand: Expr| match &operand {
        Expr::Binary { op: BinaryOp::Or, .. } if several && op == BinaryOp::And => {
            Expr::Paren { pos: Pos::NONE, end: Pos::NONE, inner: Box::new(operand) }
        }
        _ => operand,
    };
    let join = |left, right| Expr::Binary { pos: Pos::NONE, op, left: Box::new(left), right: Box::new(right) };
    operands.into_iter().map(grouped).reduce(join)
}

pub(super) fn call(function: Expr, args: Vec<Expr>) -> Expr {
    Expr::Call { pos: Pos::NONE, function: Box::new(function), args: args.into(), end: Pos::NONE }
}

pub(super) fn close(lit: Expr) -> Expr {
    call(ident("close"), vec![lit])
}

/// What allows nothing.
pub(super) fn disallowed() -> Expr {
    call(ident("error"), vec![string("disallowed")])
}

pub(super) fn is_disallowed(expr: &Expr) -> bool {
    matches!(expr, Expr::Call { function, .. } if matches!(&**function, Expr::Ident(ident) if ident.name == "error"))
}

pub(super) fn select(base: Expr, name: &str) -> Expr {
    let selector = if is_identifier(name) {
        Selector::Ident(Ident { pos: Pos::NONE, name: name.to_owned() })
    } else {
        Selector::String(BasicLit { pos: Pos::NONE, kind: LitKind::String, raw: quoted(name) })
    };
    Expr::Selector { base: Box::new(base), selector: Box::new(selector) }
}

pub(super) fn ellipsis(value: Option<Expr>) -> Expr {
    Expr::Ellipsis(open(value))
}

fn open(value: Option<Expr>) -> Ellipsis {
    let value = value.filter(|value| !is_top(value)).map(Box::new);
    Ellipsis { pos: Pos::NONE, value, comments: Comments::default() }
}

pub(super) fn open_struct() -> Decl {
    Decl::Ellipsis(open(None))
}

pub(super) fn attribute(text: String) -> Attribute {
    Attribute { pos: Pos::NONE, text, comments: Comments::default() }
}

/// A field of a quoted name; the quotes go where no reference can take it for something else.
pub(super) fn field(name: &str, constraint: Constraint, value: Expr) -> Field {
    let raw = quoted(name);
    labelled(Label::String(BasicLit { pos: Pos::NONE, kind: LitKind::String, raw }), constraint, value)
}

/// `[pattern]: value`.
pub(super) fn pattern_field(pattern: Expr, value: Expr) -> Decl {
    let label = Label::Pattern(Pattern { pos: Pos::NONE, alias: None, expr: Box::new(pattern) });
    Decl::Field(labelled(label, Constraint::None, value))
}

/// The name of a field that has a fixed one.
pub(super) fn name_of(label: &Label) -> Option<String> {
    match label {
        Label::Ident(ident) => Some(ident.name.clone()),
        Label::String(literal) => match decode_text(&literal.raw) {
            Ok(Text::String(name)) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// A doc comment of a text.
pub(super) fn doc(text: &str) -> CommentGroup {
    let line = |line: &str| if line.is_empty() { "//".to_owned() } else { format!("// {line}") };
    CommentGroup { pos: Pos::NONE, doc: true, slot: 0, lines: text.lines().map(line).collect() }
}

/// Takes the quotes off names that need none, because no reference is spelled the same.
pub(super) fn unquote_labels(decls: &mut [Decl]) {
    let mut names = BTreeSet::new();
    decls.iter().for_each(|decl| collect_decl(decl, &mut names));
    decls.iter_mut().for_each(|decl| unquote_decl(decl, &names));
}

fn collect_decl(decl: &Decl, names: &mut BTreeSet<String>) {
    match decl {
        Decl::Field(field) => {
            if let Label::Pattern(pattern) = &field.label {
                collect(&pattern.expr, names);
            }
            collect(&field.value, names);
        }
        Decl::Embed(embedded) => collect(&embedded.expr, names),
        Decl::Comprehension(comprehension) => {
            for clause in &comprehension.clauses {
                if let crate::syntax::ast::Clause::If { condition, .. } = clause {
                    collect(condition, names);
                }
            }
            collect(&comprehension.value, names);
        }
        Decl::Ellipsis(Ellipsis { value: Some(value), .. }) => collect(value, names),
        _ => {}
    }
}

fn collect(expr: &Expr, names: &mut BTreeSet<String>) {
    stacker::maybe_grow(64 << 10, 1 << 20, || match expr {
        Expr::Ident(ident) => _ = names.insert(ident.name.clone()),
        Expr::Struct(lit) => lit.decls.iter().for_each(|decl| collect_decl(decl, names)),
        Expr::List(list) => list.elements.iter().for_each(|element| collect(element, names)),
        Expr::Ellipsis(Ellipsis { value: Some(value), .. }) => collect(value, names),
        Expr::Paren { inner, .. } => collect(inner, names),
        Expr::Unary { operand, .. } => collect(operand, names),
        Expr::Binary { left, right, .. } => {
            collect(left, names);
            collect(right, names);
        }
        Expr::Selector { base, .. } => collect(base, names),
        Expr::Call { function, args, .. } => {
            collect(function, names);
            args.iter().for_each(|arg| collect(arg, names));
        }
        _ => {}
    });
}

fn unquote_decl(decl: &mut Decl, names: &BTreeSet<String>) {
    match decl {
        Decl::Field(field) => {
            if let Label::String(_) = &field.label
                && let Some(name) = name_of(&field.label)
                && is_identifier(&name)
                && !name.starts_with(['#', '_'])
                && !names.contains(&name)
            {
                field.label = Label::Ident(Ident { pos: Pos::NONE, name });
            }
            if let Label::Pattern(pattern) = &mut field.label {
                unquote(&mut pattern.expr, names);
            }
            unquote(&mut field.value, names);
        }
        Decl::Embed(embedded) => unquote(&mut embedded.expr, names),
        Decl::Comprehension(comprehension) => unquote(&mut comprehension.value, names),
        Decl::Ellipsis(Ellipsis { value: Some(value), .. }) => unquote(value, names),
        _ => {}
    }
}

fn unquote(expr: &mut Expr, names: &BTreeSet<String>) {
    stacker::maybe_grow(64 << 10, 1 << 20, || match expr {
        Expr::Struct(lit) => lit.decls.iter_mut().for_each(|decl| unquote_decl(decl, names)),
        Expr::List(list) => list.elements.iter_mut().for_each(|element| unquote(element, names)),
        Expr::Ellipsis(Ellipsis { value: Some(value), .. }) => unquote(value, names),
        Expr::Paren { inner, .. } => unquote(inner, names),
        Expr::Unary { operand, .. } => unquote(operand, names),
        Expr::Binary { left, right, .. } => {
            unquote(left, names);
            unquote(right, names);
        }
        Expr::Call { args, .. } => args.iter_mut().for_each(|arg| unquote(arg, names)),
        _ => {}
    });
}
