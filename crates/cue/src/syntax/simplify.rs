//! The simpler form of a tree, as `cue fmt -s` and `cue export --out cue` write it.
//!
//! Labels lose quotes that they don't need, structs of a single field lose their braces, and `...` goes to the end.
//! What a file means stays the same: a label keeps its quotes where a name would begin to refer to it.

use std::collections::HashMap;

use thin_vec::ThinVec;

use super::ast::{Clause, Comments, Comprehension, Decl, Ellipsis, Expr, Field, File, Ident, Label, StructLit};
use super::literal::{self, Text};
use super::pos::Pos;

/// Simplifies a file.
pub fn simplify(file: &mut File) {
    let mut labels = Labels::default();
    labels.decls(&mut file.decls);
    shorten(&mut file.decls);
}

/// Whether the name of a regular field must stand in quotes.
fn needs_quotes(name: &str) -> bool {
    name.starts_with(['_', '#']) || !literal::is_identifier(name)
}

/// Finds labels that may lose their quotes: scopes from the outside in, each with its names and whether none of them
/// is referred to.
#[derive(Default)]
struct Labels {
    scopes: Vec<HashMap<String, bool>>,
}

impl Labels {
    fn decls(&mut self, decls: &mut ThinVec<Decl>) {
        let mut names = HashMap::new();
        for decl in decls.iter() {
            let Decl::Field(field) = decl else { continue };
            match &field.label {
                Label::Ident(ident) => drop(names.insert(ident.name.clone(), true)),
                Label::String(lit) => names.extend(plain_name(&lit.raw).map(|name| (name, true))),
                Label::Interpolation(_) | Label::Paren(..) | Label::Pattern(_) => {}
            }
        }
        self.scopes.push(names);
        for decl in decls.iter_mut() {
            self.decl(decl);
        }
        let names = self.scopes.pop().unwrap_or_default();
        for decl in decls {
            let Decl::Field(Field { label, .. }) = decl else { continue };
            let Label::String(lit) = label else { continue };
            if let Ok(Text::String(name)) = literal::decode_text(&lit.raw)
                && names.get(&name) == Some(&true)
            {
                *label = Label::Ident(Ident { pos: lit.pos, name });
            }
        }
    }

    fn decl(&mut self, decl: &mut Decl) {
        match decl {
            Decl::Field(field) => self.expr(&mut field.value),
            Decl::Let(clause) => self.expr(&mut clause.value),
            Decl::Embed(embed) => self.expr(&mut embed.expr),
            Decl::Comprehension(comprehension) => self.comprehension(comprehension),
            Decl::Ellipsis(ellipsis) => ellipsis.value.iter_mut().for_each(|value| self.expr(value)),
            Decl::Attribute(_) | Decl::Comments(_) => {}
        }
    }

    fn comprehension(&mut self, comprehension: &mut Comprehension) {
        for clause in &mut comprehension.clauses {
            match clause {
                Clause::For { source, .. } => self.expr(source),
                Clause::If { condition, .. } => self.expr(condition),
                Clause::Let(clause) => self.expr(&mut clause.value),
                Clause::Try { binding, .. } => binding.iter_mut().for_each(|(_, value)| self.expr(value)),
            }
        }
        self.expr(&mut comprehension.value);
        comprehension.otherwise.iter_mut().for_each(|(_, value)| self.expr(value));
    }

    /// A name refers to the nearest field that bears it.
    fn refer(&mut self, name: &str) {
        if let Some(free) = self.scopes.iter_mut().rev().find_map(|scope| scope.get_mut(name)) {
            *free = false;
        }
    }

    fn expr(&mut self, expr: &mut Expr) {
        stacker::maybe_grow(128 << 10, 4 << 20, || self.expr_inner(expr));
    }

    fn expr_inner(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Ident(ident) => self.refer(&ident.name),
            Expr::Struct(lit) => self.decls(&mut lit.decls),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            other => other.each_operand(|operand| self.expr(operand)),
        }
    }
}

/// The name that a quoted label stands for, if it needs no quotes.
fn plain_name(raw: &str) -> Option<String> {
    match literal::decode_text(raw) {
        Ok(Text::String(name)) if !needs_quotes(&name) => Some(name),
        _ => None,
    }
}

/// Takes the braces from structs of one field, and moves an ellipsis to the end.
fn shorten(decls: &mut ThinVec<Decl>) {
    stacker::maybe_grow(128 << 10, 4 << 20, || {
        if let Some(last) = decls.iter().rposition(is_ellipsis) {
            let ellipsis = match &decls[last] {
                Decl::Ellipsis(Ellipsis { pos, comments, .. }) | Decl::Field(Field { pos, comments, .. }) => {
                    Ellipsis { pos: *pos, value: None, comments: comments.clone() }
                }
                _ => Ellipsis { pos: Pos::NONE, value: None, comments: Comments::default() },
            };
            decls.retain(|decl| !is_ellipsis(decl));
            decls.push(Decl::Ellipsis(ellipsis));
        }
        decls.iter_mut().for_each(shorten_decl);
    });
}

/// `...`, or a pattern that says the same.
fn is_ellipsis(decl: &Decl) -> bool {
    let is_named =
        |expr: &Expr, names: &[&str]| matches!(expr, Expr::Ident(ident) if names.contains(&ident.name.as_str()));
    match decl {
        Decl::Ellipsis(_) => true,
        Decl::Field(Field { label: Label::Pattern(pattern), value, .. }) => {
            pattern.alias.is_none() && is_named(&pattern.expr, &["string", "_"]) && is_named(value, &["_"])
        }
        _ => false,
    }
}

fn shorten_decl(decl: &mut Decl) {
    match decl {
        Decl::Field(field) => {
            let collapses = may_collapse(field);
            if !collapses {
                shorten_expr(&mut field.value);
            }
            if let Expr::Struct(lit) = &mut field.value
                && collapses
            {
                lit.braces = false;
                lit.decls.iter_mut().for_each(shorten_decl);
                // The field stands behind the colon wherever it stood.
                if let [Decl::Field(inner)] = &mut lit.decls[..] {
                    inner.pos = Pos::NONE;
                    match &mut inner.label {
                        Label::Ident(ident) => ident.pos = Pos::NONE,
                        Label::String(lit) => lit.pos = Pos::NONE,
                        Label::Pattern(pattern) => pattern.pos = Pos::NONE,
                        Label::Interpolation(_) | Label::Paren(..) => {}
                    }
                }
            }
        }
        Decl::Let(clause) => shorten_expr(&mut clause.value),
        Decl::Embed(embed) => shorten_expr(&mut embed.expr),
        Decl::Comprehension(comprehension) => shorten_comprehension(comprehension),
        Decl::Ellipsis(ellipsis) => ellipsis.value.iter_mut().for_each(|value| shorten_expr(value)),
        Decl::Attribute(_) | Decl::Comments(_) => {}
    }
}

fn shorten_comprehension(comprehension: &mut Comprehension) {
    shorten_expr(&mut comprehension.value);
    comprehension.otherwise.iter_mut().for_each(|(_, value)| shorten_expr(value));
}

/// Whether the struct of a field may stand behind its colon without braces.
fn may_collapse(field: &Field) -> bool {
    let Expr::Struct(StructLit { braces, decls, .. }) = &field.value else { return false };
    let [Decl::Field(inner)] = &decls[..] else { return false };
    let is_regular = !matches!(&field.label, Label::Ident(ident) if is_definition(&ident.name));
    let placed = field.label.pos().is_some();
    (placed || is_regular)
        && field.attributes.is_empty()
        && inner.attributes.is_empty()
        && !has_doc(&inner.comments)
        && !(*braces && placed && has_doc(&field.comments))
}

fn is_definition(name: &str) -> bool {
    name.starts_with('#') || name.starts_with("_#") || name.starts_with('_')
}

fn has_doc(comments: &Comments) -> bool {
    comments.before.iter().any(|group| group.doc)
}

fn shorten_expr(expr: &mut Expr) {
    stacker::maybe_grow(128 << 10, 4 << 20, || match expr {
        Expr::Struct(lit) => shorten(&mut lit.decls),
        Expr::List(lit) => lit.elements.iter_mut().for_each(shorten_expr),
        Expr::Paren { inner: operand, .. }
        | Expr::Selector { base: operand, .. }
        | Expr::Unary { operand, .. }
        | Expr::Postfix { operand, .. }
        | Expr::Alias { expr: operand, .. }
        | Expr::Commented(operand, _) => shorten_expr(operand),
        Expr::Binary { left, right, .. } => {
            shorten_expr(left);
            shorten_expr(right);
        }
        Expr::Call { args, .. } => args.iter_mut().for_each(shorten_expr),
        Expr::Comprehension(comprehension) => shorten_comprehension(comprehension),
        Expr::Ellipsis(ellipsis) => ellipsis.value.iter_mut().for_each(|value| shorten_expr(value)),
        _ => {}
    });
}
