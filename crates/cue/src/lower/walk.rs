//! Looking for something anywhere inside an expression.

use crate::syntax::ast::{Clause, Comprehension, Decl, Expr};

/// Whether the test holds for an expression or declaration inside; it gets a declaration with the expression around it.
pub(super) fn any(expr: &Expr, test: &dyn Fn(&Expr, Option<&Decl>) -> bool) -> bool {
    let inside = |inner: &Expr| any(inner, test);
    if test(expr, None) {
        return true;
    }
    match expr {
        Expr::Struct(lit) => lit.decls.iter().any(|decl| {
            test(expr, Some(decl))
                || match decl {
                    Decl::Field(field) => inside(&field.value),
                    Decl::Let(clause) => inside(&clause.value),
                    Decl::Embed(embed) => inside(&embed.expr),
                    Decl::Comprehension(comprehension) => any_yielded(comprehension, test),
                    Decl::Ellipsis(ellipsis) => ellipsis.value.as_deref().is_some_and(inside),
                    Decl::Attribute(_) | Decl::Comments(_) => false,
                }
        }),
        Expr::List(lit) => lit.elements.iter().any(inside),
        Expr::Ellipsis(ellipsis) => ellipsis.value.as_deref().is_some_and(inside),
        Expr::Comprehension(comprehension) => any_yielded(comprehension, test),
        Expr::Binary { left, right, .. } => inside(left) || inside(right),
        Expr::Unary { operand: inner, .. }
        | Expr::Postfix { operand: inner, .. }
        | Expr::Paren { inner, .. }
        | Expr::Commented(inner, _)
        | Expr::Alias { expr: inner, .. }
        | Expr::Selector { base: inner, .. }
        | Expr::Slice { base: inner, .. } => inside(inner),
        Expr::Index { base, index, .. } => inside(base) || inside(index),
        Expr::Call { function, args, .. } => inside(function) || args.iter().any(inside),
        Expr::Interpolation(interpolation) => interpolation.exprs.iter().any(inside),
        Expr::Ident(_) | Expr::Lit(_) | Expr::Bottom(_) => false,
    }
}

fn any_yielded(comprehension: &Comprehension, test: &dyn Fn(&Expr, Option<&Decl>) -> bool) -> bool {
    let in_clause = |clause: &Clause| match clause {
        Clause::For { source: expr, .. } | Clause::If { condition: expr, .. } => any(expr, test),
        Clause::Let(clause) => any(&clause.value, test),
        Clause::Try { binding, .. } => binding.as_ref().is_some_and(|(_, expr)| any(expr, test)),
    };
    let otherwise = comprehension.otherwise.as_ref().is_some_and(|(_, expr)| any(expr, test));
    comprehension.clauses.iter().any(in_clause) || any(&comprehension.value, test) || otherwise
}
