//! Trees that no text stands behind: without positions and comments, laid out by the printer alone.

use thin_vec::ThinVec;

use super::ast::{Comments, Constraint, Decl, EmbedDecl, Expr, Field, Label, ListLit, StructLit};
use super::pos::Pos;

/// A field with this label and value and nothing else.
#[must_use]
pub fn field(label: Label, constraint: Constraint, value: Expr) -> Field {
    Field {
        pos: Pos::NONE,
        label,
        alias: None,
        postfix_alias: None,
        constraint,
        colon: Pos::NONE,
        value,
        attributes: ThinVec::new(),
        comments: Comments::default(),
    }
}

/// An embedded expression.
#[must_use]
pub fn embed(expr: Expr) -> Decl {
    Decl::Embed(EmbedDecl { expr, comments: Comments::default() })
}

/// A struct in braces.
#[must_use]
pub fn structure(decls: Vec<Decl>) -> Expr {
    Expr::Struct(StructLit { pos: Pos::NONE, end: Pos::NONE, braces: true, decls: decls.into() })
}

/// A list.
#[must_use]
pub fn list(elements: Vec<Expr>) -> Expr {
    Expr::List(ListLit { pos: Pos::NONE, end: Pos::NONE, elements: elements.into(), omits_commas: false })
}
