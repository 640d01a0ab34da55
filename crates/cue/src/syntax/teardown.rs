//! Taking trees apart without recursion, so that a deeply nested one does not overflow the stack when it is dropped.

use super::ast::{Clause, Comprehension, Decl, Expr, Field, Interpolation, Label, LetClause, Pattern};
use super::pos::Pos;

/// Moves what is nested in an expression to `pending` and leaves placeholders.
pub(super) fn take_children(expr: &mut Expr, pending: &mut Vec<Expr>) {
    match expr {
        Expr::Ident(_) | Expr::Lit(_) | Expr::Bottom(_) => {}
        Expr::Interpolation(interpolation) => take_interpolation(interpolation, pending),
        Expr::Struct(lit) => take_decls(&mut lit.decls, pending),
        Expr::List(lit) => pending.extend(std::mem::take(&mut lit.elements)),
        Expr::Paren { inner: child, .. }
        | Expr::Selector { base: child, .. }
        | Expr::Unary { operand: child, .. }
        | Expr::Postfix { operand: child, .. }
        | Expr::Alias { expr: child, .. }
        | Expr::Commented(child, _) => take(child, pending),
        Expr::Index { base, index: other, .. } | Expr::Binary { left: base, right: other, .. } => {
            take(base, pending);
            take(other, pending);
        }
        Expr::Slice { base, bounds, .. } => {
            take(base, pending);
            bounds.iter_mut().flatten().for_each(|bound| take(bound, pending));
        }
        Expr::Call { function, args, .. } => {
            take(function, pending);
            pending.extend(std::mem::take(args));
        }
        Expr::Comprehension(comprehension) => take_comprehension(comprehension, pending),
        Expr::Ellipsis(ellipsis) => ellipsis.value.iter_mut().for_each(|value| take(value, pending)),
    }
}

/// Leaves have nothing nested in them: they are dropped where they are.
fn take(child: &mut Expr, pending: &mut Vec<Expr>) {
    if !matches!(child, Expr::Ident(_) | Expr::Lit(_) | Expr::Bottom(_)) {
        pending.push(std::mem::replace(child, Expr::Bottom(Pos::NONE)));
    }
}

fn take_interpolation(interpolation: &mut Interpolation, pending: &mut Vec<Expr>) {
    pending.extend(std::mem::take(&mut interpolation.exprs));
}

fn take_decls(decls: &mut [Decl], pending: &mut Vec<Expr>) {
    for decl in decls {
        match decl {
            Decl::Field(field) => take_field(field, pending),
            Decl::Let(LetClause { value, .. }) => take(value, pending),
            Decl::Embed(embed) => take(&mut embed.expr, pending),
            Decl::Comprehension(comprehension) => take_comprehension(comprehension, pending),
            Decl::Ellipsis(ellipsis) => ellipsis.value.iter_mut().for_each(|value| take(value, pending)),
            Decl::Attribute(_) | Decl::Comments(_) => {}
        }
    }
}

fn take_field(field: &mut Field, pending: &mut Vec<Expr>) {
    match &mut field.label {
        Label::Ident(_) | Label::String(_) => {}
        Label::Interpolation(interpolation) => take_interpolation(interpolation, pending),
        Label::Paren(expr, _) | Label::Pattern(Pattern { expr, .. }) => take(expr, pending),
    }
    take(&mut field.value, pending);
}

fn take_comprehension(comprehension: &mut Comprehension, pending: &mut Vec<Expr>) {
    for clause in &mut comprehension.clauses {
        match clause {
            Clause::For { source: expr, .. }
            | Clause::If { condition: expr, .. }
            | Clause::Let(LetClause { value: expr, .. })
            | Clause::Try { binding: Some((_, expr)), .. } => take(expr, pending),
            Clause::Try { binding: None, .. } => {}
        }
    }
    take(&mut comprehension.value, pending);
    comprehension.otherwise.iter_mut().for_each(|(_, value)| take(value, pending));
}
