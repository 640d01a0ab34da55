//! Expressions.

use super::decl::{Item, is_top};
use super::layout::Last;
use super::{Printer, STACK_RED_ZONE, STACK_SEGMENT, Space, split};
use crate::syntax::ast::{BinaryOp, Decl, Expr, Interpolation, ListLit, PostfixOp, Selector, StructLit, UnaryOp};
use crate::syntax::pos::Pos;

/// Binds tighter than any operator.
const UNARY: u8 = 8;
const PRIMARY: u8 = 9;

impl<'a> Printer<'a> {
    pub(super) fn expr(&mut self, expr: &'a Expr) {
        self.nested(expr, 0, 1);
    }

    /// An expression as an operand of something that binds with `precedence`; `depth` is how much stands around it:
    /// deep inside, operators are set without blanks.
    fn nested(&mut self, expr: &'a Expr, precedence: u8, depth: usize) {
        let (comments, inner) = split(expr);
        self.enter(comments);
        if let Expr::Struct(lit) = inner
            && lit.decls.len() <= 1
            && self.frame.separator != Space::BLANK
            && self.is_on_one_line(inner)
        {
            self.frame.separator = Space::BLANK;
        }
        self.bare(inner, precedence, depth);
        self.leave();
    }

    fn is_on_one_line(&self, lit: &'a Expr) -> bool {
        let pos = lit.pos();
        let Some(source) = self.source.filter(|_| pos.is_some()) else { return false };
        let Some(end) = end_of(lit) else { return false };
        source.line_column(pos.offset).0 == source.line_column(end).0
    }

    /// An expression without the comments around it. All that nests comes through here.
    fn bare(&mut self, expr: &'a Expr, precedence: u8, depth: usize) {
        stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || self.node(expr, precedence, depth));
    }

    fn node(&mut self, expr: &'a Expr, precedence: u8, depth: usize) {
        match expr {
            Expr::Ident(ident) => self.ident(ident),
            Expr::Lit(lit) => self.literal(lit),
            Expr::Bottom(pos) => {
                self.at(*pos);
                self.token("_|_");
            }
            Expr::Interpolation(interpolation) => self.interpolation(interpolation, depth),
            Expr::Struct(lit) => self.struct_lit(lit),
            Expr::List(lit) => self.list_lit(lit),
            Expr::Paren { pos, end, inner } => self.paren(*pos, *end, inner, depth),
            Expr::Selector { base, selector } => {
                self.selector(base, selector, depth);
            }
            Expr::Index { base, pos, end, index } => {
                self.part(|printer| printer.nested(base, PRIMARY, 1));
                self.at(*pos);
                self.token("[");
                self.part(|printer| printer.nested(index, 0, depth + 1));
                self.at(*end);
                self.token("]");
            }
            Expr::Slice { base, pos, end, bounds } => {
                let [low, high] = &**bounds;
                self.part(|printer| printer.nested(base, PRIMARY, 1));
                self.at(*pos);
                self.token("[");
                self.part(|printer| printer.bounds(low.as_ref(), high.as_ref(), depth));
                self.at(*end);
                self.token("]");
            }
            Expr::Call { function, pos, end, args } => self.call(function, *pos, *end, args, depth),
            Expr::Unary { pos, op, operand } => self.unary(*pos, *op, operand, precedence, depth),
            Expr::Binary { pos, op, left, right } => self.binary(expr, (*pos, *op, left, right), precedence, depth),
            Expr::Postfix { op, operand, .. } => {
                self.part(|printer| printer.nested(operand, PRIMARY, depth));
                self.token(match op {
                    PostfixOp::Open => "...",
                    PostfixOp::Optional => "?",
                });
            }
            Expr::Alias { ident, expr } => {
                self.enter(None);
                self.ident(ident);
                self.leave();
                let equals = self.equals_before(expr);
                self.at(equals);
                self.token("=");
                self.expr(expr);
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Ellipsis(ellipsis) => self.ellipsis(ellipsis),
            Expr::Commented(..) => self.nested(expr, precedence, depth),
        }
    }

    fn paren(&mut self, pos: Pos, end: Pos, inner: &'a Expr, depth: usize) {
        // A second pair of parentheses adds nothing.
        if matches!(inner, Expr::Paren { .. }) {
            return self.nested(inner, 0, depth);
        }
        self.at(pos);
        self.token("(");
        self.part(|printer| printer.nested(inner, 0, depth.saturating_sub(1).max(1)));
        self.at(end);
        self.token(")");
    }

    /// Whether the selector stands on a line of its own, and so is indented.
    fn selector(&mut self, base: &'a Expr, selector: &'a Selector, depth: usize) -> bool {
        self.part(|printer| printer.nested(base, PRIMARY, depth));
        self.token(".");
        let pos = match selector {
            Selector::Ident(ident) => ident.pos,
            Selector::String(lit) => lit.pos,
        };
        let indented = self.is_on_new_line(pos);
        self.allow(if indented { Space::INDENT.and(Space::BREAK) } else { Space::TIGHT });
        self.enter(None);
        match selector {
            Selector::Ident(ident) => self.ident(ident),
            Selector::String(lit) => self.literal(lit),
        }
        self.leave();
        if indented {
            self.allow(Space::UNINDENT);
        }
        indented
    }

    /// The bounds of a slice; with blanks around the colon where one of both is an operation.
    fn bounds(&mut self, low: Option<&'a Expr>, high: Option<&'a Expr>, depth: usize) {
        let is_binary = |expr: &Expr| matches!(expr, Expr::Binary { .. });
        if let Some(low) = low {
            self.nested(low, 0, depth + 1);
        }
        let apart = match (low, high) {
            (Some(low), Some(high)) => depth <= 1 && (is_binary(low) || is_binary(high)),
            _ => false,
        };
        let space = if apart { Space::BLANK } else { Space::NONE };
        self.allow(space);
        self.token(":");
        self.allow(space);
        if let Some(high) = high {
            self.nested(high, 0, depth + 1);
        }
    }

    fn call(&mut self, function: &'a Expr, pos: Pos, end: Pos, args: &'a [Expr], depth: usize) {
        let depth = depth + usize::from(args.len() > 1);
        let indented = match function {
            Expr::Selector { base, selector } => {
                self.unfinished += 1;
                let indented = self.selector(base, selector, depth);
                self.unfinished -= 1;
                indented
            }
            other => {
                self.part(|printer| printer.nested(other, PRIMARY, depth));
                false
            }
        };
        self.at(pos);
        self.token("(");
        self.entries(|printer| printer.args(args, depth));
        self.allow(Space::LAST_COMMA.and(Space::TIGHT));
        self.at(end);
        self.token(")");
        if indented {
            self.allow(Space::UNINDENT);
        }
    }

    fn args(&mut self, args: &'a [Expr], depth: usize) {
        self.enter(None);
        for arg in args {
            let (comments, inner) = split(arg);
            self.enter(comments);
            self.bare(inner, 0, depth);
            self.allow(Space::COMMA.and(Space::BLANK));
            self.leave();
        }
        self.leave();
    }

    fn unary(&mut self, pos: Pos, op: UnaryOp, operand: &'a Expr, precedence: u8, depth: usize) {
        if UNARY < precedence {
            self.token("(");
            self.allow(Space::FIXED);
            self.unary(pos, op, operand, 0, 1);
            return self.token(")");
        }
        self.at(pos);
        self.token(op.text());
        self.allow(Space::FIXED);
        self.nested(operand, UNARY, depth);
    }

    fn binary(
        &mut self,
        expr: &'a Expr,
        (pos, op, left, right): (Pos, BinaryOp, &'a Expr, &'a Expr),
        outer: u8,
        depth: usize,
    ) {
        let precedence = precedence(op);
        if precedence < outer {
            self.token("(");
            self.allow(Space::FIXED);
            self.nested(expr, 0, depth.saturating_sub(1).max(1));
            return self.token(")");
        }
        let apart = precedence < cutoff(expr, depth);
        let same = matches!(left, Expr::Binary { op, .. } if self::precedence(*op) == precedence);
        self.part(|printer| printer.nested(left, precedence, depth + usize::from(!same)));
        self.allow(Space::FIXED);
        if apart {
            self.allow(Space::BLANK);
        }
        self.at(pos);
        self.token(op.text());
        self.comments_before(right.pos());
        if self.is_on_new_line(right.pos()) {
            self.allow(Space::BREAK);
        } else {
            self.allow(Space::FIXED);
            if apart {
                self.allow(Space::BLANK);
            }
        }
        self.nested(right, precedence + 1, depth + 1);
    }

    fn struct_lit(&mut self, lit: &'a StructLit) {
        let (open, close) = if lit.braces { (lit.pos, lit.end) } else { (Pos::NONE, Pos::NONE) };
        let mut space = Space::TIGHT;
        let mut line_break = self.line_break();
        match lit.decls.first() {
            None => {
                let commented = self.frame.comments.iter().any(|group| group.slot == 1);
                if !commented {
                    line_break = Space::BLANK.and(Space::FIXED);
                }
            }
            Some(first) => {
                let placed = self.gap(close).is_some() && self.gap(Item::Decl(first).pos()).is_some();
                if !placed {
                    space = space.and(Space::LINE).and(Space::FIXED);
                }
            }
        }
        self.at(open);
        self.token("{");
        let line = self.layout.line;
        self.allow(space.and(line_break).and(Space::INDENT));
        self.layout.after_brace = true;
        self.entries(|printer| printer.decl_list(&lit.decls.iter().map(Item::Decl).collect::<Vec<_>>()));
        self.allow(Space::UNINDENT);
        let mut space = Space::TIGHT;
        if self.layout.line != line {
            space = space.and(Space::LINE);
            if self.layout.last != Last::Bracket {
                space = space.and(Space::FIXED);
            }
        }
        self.allow(space);
        self.at(close);
        self.token("}");
    }

    fn list_lit(&mut self, lit: &'a ListLit) {
        let mut space = Space::TIGHT.and(Space::INDENT);
        if lit.elements.is_empty() && !self.frame.comments.iter().any(|group| group.slot == 1) {
            space = space.and(Space::BLANK).and(Space::FIXED);
        }
        self.at(lit.pos);
        self.token("[");
        self.allow(space);
        self.entries(|printer| printer.elements(lit));
        self.allow(Space::LAST_COMMA.and(Space::TIGHT));
        self.comments_here();
        self.allow(Space::UNINDENT.and(Space::TIGHT));
        self.at(lit.end);
        self.token("]");
    }

    fn elements(&mut self, lit: &'a ListLit) {
        let omits_commas = lit.omits_commas && self.source.is_some();
        self.enter(None);
        for (index, element) in lit.elements.iter().enumerate() {
            if index > 0 && omits_commas {
                self.allow(Space::DECL_COMMA);
            }
            let (comments, inner) = split(element);
            self.enter(comments);
            // Comments behind the start of the element come behind its comma.
            let mut later = std::mem::take(&mut self.frame.comments);
            match inner {
                Expr::Ellipsis(ellipsis) => {
                    self.at(ellipsis.pos);
                    self.token("...");
                    if let Some(value) = ellipsis.value.as_deref().filter(|value| !is_top(value)) {
                        let (comments, value) = split(value);
                        later.extend(comments.map(super::in_order).into_iter().flatten());
                        self.bare(value, 0, 1);
                    }
                }
                other => self.bare(other, 0, 1),
            }
            if !omits_commas {
                self.allow(Space::COMMA.and(Space::BLANK));
            }
            self.frame.comments = later;
            self.leave();
        }
        self.leave();
    }

    /// Whether lines end before and after an interpolated expression, inside its parentheses.
    fn line_ends_around(&self, interpolation: &Interpolation, index: usize) -> (bool, bool) {
        let Some(expr) = interpolation.exprs.get(index) else { return (false, false) };
        let after = interpolation.fragments.get(index + 1).is_some_and(|next| self.is_on_new_line(next.pos));
        (self.is_on_new_line(expr.pos()), after)
    }

    pub(super) fn interpolation(&mut self, interpolation: &'a Interpolation, depth: usize) {
        self.enter(None);
        let multiline = interpolation.fragments.first().is_some_and(|first| first.raw.contains("\n"));
        self.flat += usize::from(!multiline);
        for (index, fragment) in interpolation.fragments.iter().enumerate() {
            let (before, after) = self.line_ends_around(interpolation, index.wrapping_sub(1));
            if multiline && index > 0 && before && !after {
                self.allow(Space::LINE.and(Space::FIXED));
            }
            self.enter(None);
            if index == 0 {
                let flat = std::mem::take(&mut self.flat);
                self.literal(fragment);
                self.flat = flat;
            } else {
                self.literal(fragment);
            }
            self.leave();
            let Some(expr) = interpolation.exprs.get(index) else { continue };
            let (before, after) = self.line_ends_around(interpolation, index);
            if multiline && after && !before {
                self.allow(Space::LINE.and(Space::FIXED));
            }
            self.nested(expr, 0, depth + 1);
        }
        self.flat -= usize::from(!multiline);
        self.leave();
    }
}

/// Where an expression's last token is; `None` if it stands in no source.
fn end_of(expr: &Expr) -> Option<u32> {
    let start = |pos: Pos| pos.is_some().then_some(pos.offset);
    let end = |pos: Pos, raw: &str| start(pos).map(|start| start + raw.len() as u32);
    let mut expr = expr;
    loop {
        expr = match expr {
            Expr::Ident(ident) => return start(ident.pos),
            Expr::Lit(lit) => return end(lit.pos, &lit.raw),
            Expr::Interpolation(interpolation) => {
                return interpolation.fragments.last().and_then(|last| end(last.pos, &last.raw));
            }
            Expr::Bottom(pos) | Expr::Postfix { pos, .. } => return start(*pos),
            Expr::Struct(lit) if lit.braces => return start(lit.end),
            Expr::Struct(lit) => match lit.decls.last() {
                Some(Decl::Field(field)) => match field.attributes.last() {
                    Some(attribute) => return start(attribute.pos),
                    None => &field.value,
                },
                _ => return None,
            },
            Expr::List(ListLit { end, .. })
            | Expr::Paren { end, .. }
            | Expr::Index { end, .. }
            | Expr::Slice { end, .. }
            | Expr::Call { end, .. } => return start(*end),
            Expr::Selector { selector, .. } => match &**selector {
                Selector::Ident(ident) => return start(ident.pos),
                Selector::String(lit) => return start(lit.pos),
            },
            Expr::Unary { operand: inner, .. }
            | Expr::Binary { right: inner, .. }
            | Expr::Alias { expr: inner, .. }
            | Expr::Commented(inner, _) => inner,
            Expr::Comprehension(comprehension) => &comprehension.value,
            Expr::Ellipsis(ellipsis) => match &ellipsis.value {
                Some(value) => value,
                None => return start(ellipsis.pos),
            },
        }
    }
}

/// Operators of at least this precedence are set without blanks.
fn cutoff(expr: &Expr, depth: usize) -> u8 {
    let mut mix = Mix::default();
    mix.add(expr);
    if mix.clash > 0 {
        return mix.clash + 1;
    }
    match (mix.sums && mix.products, depth) {
        (true, 1) => 7,
        (false, 1) => 8,
        _ => 6,
    }
}

/// How many operators of a chain are looked at, so that long chains take no time that grows with their square.
const OPERATORS_MAX: usize = 100;

/// Which operators an expression has, not counting what stands in brackets.
#[derive(Default)]
struct Mix {
    sums: bool,
    products: bool,
    /// The precedence of an operator that would run into the one behind it.
    clash: u8,
}

impl Mix {
    fn add(&mut self, expr: &Expr) {
        let mut expr = expr;
        for _ in 0..OPERATORS_MAX {
            let Expr::Binary { op, left, right, .. } = expr else { return };
            let own = precedence(*op);
            self.sums |= own == 6;
            self.products |= own == 7;
            match &**right {
                Expr::Binary { op, .. } if precedence(*op) > own => self.add(right),
                Expr::Unary { op: UnaryOp::Default, .. } if *op == BinaryOp::Divide => self.clash = 8,
                Expr::Unary { op: UnaryOp::Plus, .. } if *op == BinaryOp::Add => self.clash = self.clash.max(6),
                Expr::Unary { op: UnaryOp::Minus, .. } if *op == BinaryOp::Subtract => self.clash = self.clash.max(6),
                _ => {}
            }
            match &**left {
                Expr::Binary { op, .. } if precedence(*op) >= own => expr = left,
                _ => return,
            }
        }
    }
}

fn precedence(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And => 2,
        BinaryOp::LogicalOr => 3,
        BinaryOp::LogicalAnd => 4,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual
        | BinaryOp::Match
        | BinaryOp::NotMatch => 5,
        BinaryOp::Add | BinaryOp::Subtract => 6,
        BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::IntDiv
        | BinaryOp::IntMod
        | BinaryOp::IntQuo
        | BinaryOp::IntRem => 7,
    }
}
