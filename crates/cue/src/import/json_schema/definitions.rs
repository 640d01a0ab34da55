//! The definitions of a file by their path, and the file that they make.

use std::collections::BTreeMap;

use thin_vec::thin_vec;

use super::syntax::{embed, ident, labelled, select, structure};
use crate::syntax::ast::{BasicLit, CommentGroup, Constraint, Decl, Expr, Ident, Label, LitKind, StructLit};
use crate::syntax::literal::{quote_label, quoted};
use crate::syntax::pos::Pos;

/// The field that holds the whole schema where something refers to it.
const ROOT: &str = "_schema";

/// A part of a path. Names that can be referred to come before those in quotes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    /// In quotes where it needs them.
    Quoted(String),
    /// A definition, then hidden ones.
    Definition(String),
    Hidden(String),
}

impl Part {
    fn label(&self) -> Label {
        match self {
            Self::Quoted(name) if quote_label(name).starts_with('"') => {
                let raw = quoted(name);
                Label::String(BasicLit { pos: Pos::NONE, kind: LitKind::String, raw })
            }
            Self::Quoted(name) | Self::Definition(name) | Self::Hidden(name) => {
                Label::Ident(Ident { pos: Pos::NONE, name: name.clone() })
            }
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Quoted(name) | Self::Definition(name) | Self::Hidden(name) => name,
        }
    }
}

#[derive(Default)]
struct Entry {
    value: Option<Expr>,
    doc: Option<CommentGroup>,
    entries: BTreeMap<Part, Entry>,
}

/// Values at paths.
#[derive(Default)]
pub(super) struct Definitions {
    root: Entry,
    refers_to_root: bool,
}

impl Definitions {
    /// Sets the value at a path; tells whether the path was free.
    pub(super) fn put(&mut self, path: &[Part], value: Expr, doc: Option<CommentGroup>) -> bool {
        let mut entry = &mut self.root;
        for part in path {
            entry = entry.entries.entry(part.clone()).or_default();
        }
        if entry.value.is_some() {
            return false;
        }
        (entry.value, entry.doc) = (Some(value), doc);
        true
    }

    /// A reference to a path.
    pub(super) fn reference(&mut self, path: &[Part]) -> Expr {
        let Some((first, rest)) = path.split_first() else {
            self.refers_to_root = true;
            return ident(ROOT);
        };
        rest.iter().fold(ident(first.name()), |base, part| select(base, part.name()))
    }

    /// The declarations of the file, and the comment of the whole.
    pub(super) fn file(mut self) -> (Vec<Decl>, Option<CommentGroup>) {
        let doc = self.root.doc.take();
        let decls = declarations(self.root, &mut Vec::new());
        if !self.refers_to_root {
            return (decls, doc);
        }
        let label = Label::Ident(Ident { pos: Pos::NONE, name: ROOT.to_owned() });
        (vec![embed(ident(ROOT)), Decl::Field(labelled(label, Constraint::None, expression(decls)))], doc)
    }
}

fn declarations(mut entry: Entry, path: &mut Vec<Part>) -> Vec<Decl> {
    let entries = std::mem::take(&mut entry.entries);
    let mut decls = Vec::new();
    if let Some(value) = entry.value.take() {
        if !entries.is_empty() && !path.is_empty() {
            // A value that may be a scalar can't have fields beside it, but it can be embedded.
            let mut inside = embedded(value);
            for (part, child) in entries {
                inside.extend(declarations(child, &mut vec![part]));
            }
            return at_path(path, expression(inside), entry.doc.take());
        }
        decls.extend(if path.is_empty() { embedded(value) } else { at_path(path, value, entry.doc.take()) });
    }
    for (part, child) in entries {
        path.push(part);
        decls.extend(declarations(child, path));
        path.pop();
    }
    decls
}

/// `a: b: value`.
fn at_path(path: &[Part], value: Expr, doc: Option<CommentGroup>) -> Vec<Decl> {
    let nest = |value: Expr, part: &Part| {
        let field = Decl::Field(labelled(part.label(), Constraint::None, value));
        Expr::Struct(StructLit { pos: Pos::NONE, end: Pos::NONE, braces: false, decls: thin_vec![field] })
    };
    let mut decls = embedded(path.iter().rev().fold(value, nest));
    if let Some(Decl::Field(field)) = decls.first_mut() {
        field.comments.before.extend(doc);
    }
    decls
}

/// An expression as declarations: those of a struct, or itself.
fn embedded(mut expr: Expr) -> Vec<Decl> {
    match &mut expr {
        Expr::Struct(lit) => std::mem::take(&mut lit.decls).into(),
        _ => vec![embed(expr)],
    }
}

fn expression(mut decls: Vec<Decl>) -> Expr {
    match decls.as_mut_slice() {
        [Decl::Embed(embedded)] => std::mem::replace(&mut embedded.expr, Expr::Bottom(Pos::NONE)),
        _ => structure(decls),
    }
}
