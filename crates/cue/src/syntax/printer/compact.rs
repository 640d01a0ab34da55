//! Expressions on one line, as errors show them: no blanks but around operators, and every operation in parentheses.

use std::fmt::Write as _;

use super::{STACK_RED_ZONE, STACK_SEGMENT, normal_number, split};
use crate::number::Number;
use crate::syntax::ast::{
    BasicLit, BinaryOp, Clause, Comprehension, Constraint, Decl, Ellipsis, Expr, Field, Interpolation, Label,
    LetClause, LitKind, PostfixOp, Selector,
};
use crate::syntax::literal::{self, Lines, Text};

/// Prints an expression as errors do, such as `{a:(0|1),a,(a * 0)}`.
#[must_use]
pub fn print_compact(expr: &Expr) -> String {
    let mut printer = Compact { out: String::new() };
    printer.expr(expr);
    printer.out
}

struct Compact {
    out: String,
}

impl Compact {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn expr(&mut self, expr: &Expr) {
        stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || self.node(expr));
    }

    fn node(&mut self, expr: &Expr) {
        match expr {
            Expr::Ident(ident) => self.text(&ident.name),
            Expr::Lit(lit) => self.literal(lit),
            Expr::Interpolation(interpolation) => self.interpolation(interpolation),
            Expr::Bottom(_) => self.text("_|_"),
            Expr::Struct(lit) => self.list("{", &lit.decls, ",", "}", Self::decl),
            Expr::List(lit) => self.list("[", &lit.elements, ",", "]", Self::expr),
            Expr::Paren { inner, .. } | Expr::Commented(inner, _) | Expr::Alias { expr: inner, .. } => self.expr(inner),
            Expr::Selector { base, selector } => {
                self.expr(base);
                self.text(".");
                match &**selector {
                    Selector::Ident(ident) => self.text(&ident.name),
                    Selector::String(lit) => self.name(lit),
                }
            }
            Expr::Index { base, index, .. } => {
                self.expr(base);
                self.text("[");
                self.expr(index);
                self.text("]");
            }
            Expr::Slice { base, bounds, .. } => {
                let [low, high] = &**bounds;
                self.expr(base);
                self.text("[");
                low.iter().for_each(|low| self.expr(low));
                self.text(":");
                high.iter().for_each(|high| self.expr(high));
                self.text("]");
            }
            Expr::Call { function, args, .. } => {
                self.expr(function);
                self.list("(", args, ", ", ")", Self::expr);
            }
            Expr::Unary { op, operand, .. } => {
                self.text(op.text());
                self.expr(operand);
            }
            Expr::Binary { op: BinaryOp::Or, .. } => {
                self.text("(");
                self.alternatives(expr);
                self.text(")");
            }
            Expr::Binary { op, left, right, .. } => {
                self.text("(");
                self.expr(left);
                write!(self.out, " {} ", op.text()).expect("a string takes any text");
                self.expr(right);
                self.text(")");
            }
            Expr::Postfix { op, operand, .. } => {
                self.expr(operand);
                self.text(match op {
                    PostfixOp::Open => "...",
                    PostfixOp::Optional => "?",
                });
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Ellipsis(ellipsis) => self.ellipsis(ellipsis),
        }
    }

    fn list<T>(&mut self, open: &str, items: &[T], separator: &str, close: &str, print: fn(&mut Self, &T)) {
        self.text(open);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.text(separator);
            }
            print(self, item);
        }
        self.text(close);
    }

    /// All alternatives of a chain, in one pair of parentheses.
    fn alternatives(&mut self, expr: &Expr) {
        let mut rest = Vec::new();
        let mut first = expr;
        while let (_, Expr::Binary { op: BinaryOp::Or, left, right, .. }) = split(first) {
            rest.push(right);
            first = left;
        }
        self.expr(first);
        for alternative in rest.into_iter().rev() {
            self.text("|");
            self.expr(alternative);
        }
    }

    fn literal(&mut self, lit: &BasicLit) {
        let text = match lit.kind {
            // A number out of range has no value to print.
            LitKind::Int | LitKind::Float => Some(
                Number::from_literal(&lit.raw)
                    .map_or_else(|_| normal_number(&lit.raw, lit.kind), |number| number.to_string()),
            ),
            LitKind::String => match literal::decode_text(&lit.raw) {
                Ok(Text::String(text)) => Some(literal::quoted(&text)),
                Ok(Text::Bytes(bytes)) => Some(literal::quote_bytes(&bytes, Lines::One)),
                Err(_) => None,
            },
            LitKind::Null | LitKind::True | LitKind::False => None,
        };
        self.text(text.as_deref().unwrap_or(&lit.raw));
    }

    /// A quoted name: without quotes where it needs none.
    fn name(&mut self, lit: &BasicLit) {
        match literal::decode_text(&lit.raw) {
            Ok(Text::String(name)) => self.text(&literal::quote_label(&name)),
            _ => self.text(&lit.raw),
        }
    }

    fn interpolation(&mut self, interpolation: &Interpolation) {
        let fragments = literal::decode_fragments(interpolation).unwrap_or_default();
        let quote = if matches!(fragments.first(), Some(Text::Bytes(_))) { "'" } else { "\"" };
        self.text(quote);
        for (index, fragment) in fragments.iter().enumerate() {
            match fragment {
                Text::String(text) => self.text(text),
                Text::Bytes(bytes) => self.text(&String::from_utf8_lossy(bytes)),
            }
            if let Some(expr) = interpolation.exprs.get(index) {
                self.text("\\(");
                self.expr(expr);
                self.text(")");
            }
        }
        self.text(quote);
    }

    fn decl(&mut self, decl: &Decl) {
        match decl {
            Decl::Field(field) => self.field(field),
            Decl::Let(LetClause { ident, value, .. }) => {
                write!(self.out, "let {}=", ident.name).expect("a string takes any text");
                self.expr(value);
            }
            Decl::Embed(embed) => self.expr(&embed.expr),
            Decl::Comprehension(comprehension) => self.comprehension(comprehension),
            Decl::Ellipsis(ellipsis) => self.ellipsis(ellipsis),
            Decl::Attribute(attribute) => self.text(&attribute.text),
            Decl::Comments(_) => {}
        }
    }

    fn field(&mut self, field: &Field) {
        match &field.label {
            Label::Ident(ident) => self.text(&ident.name),
            Label::String(lit) => self.name(lit),
            Label::Interpolation(interpolation) => self.interpolation(interpolation),
            Label::Paren(expr, _) => self.expr(expr),
            Label::Pattern(pattern) => {
                self.text("[");
                self.expr(&pattern.expr);
                self.text("]");
            }
        }
        self.text(match field.constraint {
            Constraint::None => "",
            Constraint::Optional => "?",
            Constraint::Required => "!",
        });
        self.text(":");
        self.expr(&field.value);
    }

    fn ellipsis(&mut self, ellipsis: &Ellipsis) {
        self.text("...");
        ellipsis.value.iter().for_each(|value| self.expr(value));
    }

    fn comprehension(&mut self, comprehension: &Comprehension) {
        for clause in &comprehension.clauses {
            match clause {
                Clause::For { key, value, source, .. } => {
                    let key = key.as_ref().map_or("_", |key| &key.name);
                    write!(self.out, "for {key}, {} in ", value.name).expect("a string takes any text");
                    self.expr(source);
                }
                Clause::If { condition, .. } => {
                    self.text("if ");
                    self.expr(condition);
                }
                Clause::Let(LetClause { ident, value, .. }) | Clause::Try { binding: Some((ident, value)), .. } => {
                    let keyword = if matches!(clause, Clause::Let(_)) { "let" } else { "try" };
                    write!(self.out, "{keyword} {} = ", ident.name).expect("a string takes any text");
                    self.expr(value);
                }
                Clause::Try { binding: None, .. } => self.text("try"),
            }
            self.text(" ");
        }
        self.expr(&comprehension.value);
        if let Some((_, value)) = &comprehension.otherwise {
            self.text(" else ");
            self.expr(value);
        }
    }
}
