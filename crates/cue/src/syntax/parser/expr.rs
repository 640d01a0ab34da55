//! Expressions: operands, what follows them, operators, lists and interpolations.

use thin_vec::{ThinVec, thin_vec};

use super::comments::attach;
use super::{Kind, Parsed, Parser, Stop};
use crate::syntax::ast::{
    BasicLit, BinaryOp, Ellipsis, Expr, Ident, Interpolation, ListLit, LitKind, PostfixOp, Selector, StructLit, UnaryOp,
};
use crate::syntax::token::Token;

/// Stack that one level of nesting may need.
const STACK_RED_ZONE: usize = 128 << 10;
const STACK_SEGMENT: usize = 4 << 20;

impl Parser<'_> {
    pub(super) fn parse_expr(&mut self) -> Parsed<Expr> {
        self.comments.open_node();
        let expr = self.parse_binary(1)?;
        Ok(self.close_expr(expr))
    }

    fn parse_binary(&mut self, precedence: u8) -> Parsed<Expr> {
        self.comments.open_list();
        let first = self.parse_unary()?;
        let expr = self.parse_binary_tail(precedence, first)?;
        let late = self.comments.close_list().into_iter().flat_map(|(_, groups)| groups).collect();
        Ok(attach(expr, late))
    }

    /// The operators of at least this precedence that follow, and their right operands.
    fn parse_binary_tail(&mut self, min: u8, mut left: Expr) -> Parsed<Expr> {
        let mut links = 0;
        while let Some(op) = binary_op(self.token.kind) {
            let precedence = self.token.kind.precedence();
            if precedence < min {
                break;
            }
            self.link(&mut links)?;
            self.comments.open_node();
            left = attach(left, self.comments.take_late());
            self.comments.set_slot(1);
            let pos = self.pos();
            self.next();
            let right = self.parse_binary(precedence + 1)?;
            left = self.close_expr(Expr::Binary { pos, op, left: Box::new(left), right: Box::new(right) });
        }
        Ok(left)
    }

    /// The struct of a comprehension: a level of nesting that does not come through [`Parser::parse_unary`].
    pub(super) fn parse_nested_struct(&mut self) -> Parsed<Expr> {
        self.nest()?;
        let value = stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || self.parse_struct());
        self.nesting -= 1;
        value
    }

    /// Every other level of nesting comes through here, so the limit and the stack are watched here alone.
    pub(super) fn parse_unary(&mut self) -> Parsed<Expr> {
        self.nest()?;
        let expr = stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || self.parse_unary_level());
        self.nesting -= 1;
        expr
    }

    /// Goes one level deeper.
    pub(super) fn nest(&mut self) -> Parsed<()> {
        self.nesting += 1;
        let max = self.options.limits.nesting_max;
        if self.nesting <= max {
            return Ok(());
        }
        self.error(self.token.start, format!("expression exceeds maximum nesting depth of {max}"))?;
        Err(Stop)
    }

    /// Counts a link of a chain.
    fn link(&mut self, links: &mut usize) -> Parsed<()> {
        *links += 1;
        let max = self.options.limits.chain_max;
        if *links <= max {
            return Ok(());
        }
        self.error(self.token.start, format!("expression exceeds maximum chain length of {max}"))?;
        Err(Stop)
    }

    fn parse_unary_level(&mut self) -> Parsed<Expr> {
        let Some(op) = unary_op(self.token.kind) else { return self.parse_primary() };
        if op == UnaryOp::Equal && !self.experiments.struct_cmp {
            return self.parse_primary();
        }
        let pos = self.pos();
        self.comments.open_node();
        self.next();
        let operand = Box::new(self.parse_unary()?);
        Ok(self.close_expr(Expr::Unary { pos, op, operand }))
    }

    fn parse_primary(&mut self) -> Parsed<Expr> {
        let mut expr = self.parse_operand()?;
        let mut links = 0;
        loop {
            self.link(&mut links)?;
            expr = match self.token.kind {
                Kind::Period => self.parse_selector(expr)?,
                Kind::BracketOpen => self.parse_index(expr)?,
                Kind::ParenOpen => self.parse_call(expr)?,
                Kind::Ellipsis => self.parse_open(expr),
                _ => return Ok(expr),
            };
        }
    }

    fn parse_operand(&mut self) -> Parsed<Expr> {
        let pos = self.pos();
        match self.token.kind {
            Kind::Ident => self.parse_reference(),
            Kind::BraceOpen => self.parse_struct(),
            Kind::BracketOpen => self.parse_list(),
            Kind::Bottom => {
                self.comments.open_node();
                self.next();
                Ok(self.close_expr(Expr::Bottom(pos)))
            }
            Kind::Null => Ok(self.parse_literal(LitKind::Null)),
            Kind::True => Ok(self.parse_literal(LitKind::True)),
            Kind::False => Ok(self.parse_literal(LitKind::False)),
            Kind::Int => Ok(self.parse_literal(LitKind::Int)),
            Kind::Float => Ok(self.parse_literal(LitKind::Float)),
            Kind::String => Ok(self.parse_literal(LitKind::String)),
            Kind::Interpolation => self.parse_interpolation(),
            Kind::ParenOpen => self.parse_paren(),
            kind if kind.is_keyword() => {
                self.comments.open_node();
                let ident = self.parse_keyword_ident();
                Ok(self.close_expr(Expr::Ident(ident)))
            }
            _ => {
                self.error_expected("operand")?;
                self.skip_rest();
                Ok(Expr::Bottom(pos))
            }
        }
    }

    /// An identifier; with a `?` behind it, unless that marks a field.
    fn parse_reference(&mut self) -> Parsed<Expr> {
        self.comments.open_node();
        let ident = self.parse_ident()?;
        let expr = self.close_expr(Expr::Ident(ident));
        if self.token.kind == Kind::Question && self.peek() == Kind::Colon {
            return Ok(expr);
        }
        Ok(self.parse_optional(expr))
    }

    fn parse_literal(&mut self, kind: LitKind) -> Expr {
        self.comments.open_node();
        let lit = self.basic_lit(kind);
        self.next();
        self.close_expr(Expr::Lit(lit))
    }

    /// The token as a literal. Carriage returns do not belong to multi-line strings.
    fn basic_lit(&self, kind: LitKind) -> BasicLit {
        let text = self.literal();
        let raw = if text.contains('\n') { text.replace('\r', "") } else { text.to_owned() };
        BasicLit { pos: self.pos(), kind, raw }
    }

    fn parse_paren(&mut self) -> Parsed<Expr> {
        self.comments.open_node();
        let pos = self.pos();
        self.next();
        self.comments.open_list();
        let inner = self.parse_expr()?;
        let late = self.comments.close_list().into_iter().flat_map(|(_, groups)| groups).collect();
        let inner = Box::new(attach(inner, late));
        let end = self.pos();
        self.expect(Kind::ParenClose)?;
        Ok(self.close_expr(Expr::Paren { pos, end, inner }))
    }

    fn parse_optional(&mut self, operand: Expr) -> Expr {
        if self.token.kind != Kind::Question {
            return operand;
        }
        let pos = self.pos();
        self.next();
        Expr::Postfix { pos, op: PostfixOp::Optional, operand: Box::new(operand) }
    }

    /// `x...`.
    fn parse_open(&mut self, operand: Expr) -> Expr {
        let pos = self.pos();
        if !self.experiments.explicit_open {
            self.next();
            self.note(pos.offset as usize, "postfix ... operator requires @experiment(explicitopen)");
            return Expr::Bottom(pos);
        }
        self.comments.open_node();
        self.next();
        self.close_expr(Expr::Postfix { pos, op: PostfixOp::Open, operand: Box::new(operand) })
    }

    fn parse_selector(&mut self, base: Expr) -> Parsed<Expr> {
        self.comments.open_node();
        self.comments.set_slot(1);
        self.next();
        let base = Box::new(base);
        let selector = match self.token.kind {
            Kind::Ident => Selector::Ident(self.parse_ident()?),
            Kind::String if self.literal().starts_with('"') && !self.literal().starts_with("\"\"") => {
                let lit = self.basic_lit(LitKind::String);
                self.next();
                Selector::String(lit)
            }
            kind if kind.is_keyword() => Selector::Ident(self.parse_keyword_ident()),
            _ => {
                self.error_expected("selector")?;
                let ident = Ident { pos: self.pos(), name: "_".to_owned() };
                self.next();
                let selector = Box::new(Selector::Ident(ident));
                return Ok(self.close_expr(Expr::Selector { base, selector }));
            }
        };
        let expr = self.parse_optional(Expr::Selector { base, selector: Box::new(selector) });
        Ok(self.close_expr(expr))
    }

    /// `x[i]` or `x[low:high]`.
    fn parse_index(&mut self, base: Expr) -> Parsed<Expr> {
        self.comments.open_node();
        self.comments.set_slot(1);
        let (pos, base) = (self.pos(), Box::new(base));
        self.next();
        let low = if self.token.kind == Kind::Colon { None } else { Some(self.parse_expr()?) };
        if self.token.kind == Kind::Colon {
            self.next();
            let empty = matches!(self.token.kind, Kind::Colon | Kind::BracketClose | Kind::Eof);
            let high = if empty { None } else { Some(self.parse_expr()?) };
            let end = self.pos();
            self.expect(Kind::BracketClose)?;
            return Ok(self.close_expr(Expr::Slice { base, pos, end, bounds: Box::new([low, high]) }));
        }
        if self.token.kind == Kind::Comma {
            self.next();
        }
        let end = self.pos();
        self.expect(Kind::BracketClose)?;
        let index = Box::new(low.unwrap_or(Expr::Bottom(pos)));
        let expr = self.parse_optional(Expr::Index { base, pos, end, index });
        Ok(self.close_expr(expr))
    }

    fn parse_call(&mut self, function: Expr) -> Parsed<Expr> {
        self.comments.open_node();
        self.comments.open_list();
        let pos = self.pos();
        self.next();
        let mut args = ThinVec::new();
        while !matches!(self.token.kind, Kind::ParenClose | Kind::Eof) {
            args.push(self.parse_expr()?);
            if !self.at_comma("argument list", &[Kind::ParenClose])? {
                break;
            }
            self.next();
        }
        let end = self.pos();
        self.expect_closing(Kind::ParenClose, "argument list")?;
        let args = self.close_expr_list(args);
        Ok(self.close_expr(Expr::Call { function: Box::new(function), pos, end, args }))
    }

    /// Ends a list of expressions and gives them the comments that came behind them.
    fn close_expr_list(&mut self, mut exprs: ThinVec<Expr>) -> ThinVec<Expr> {
        for (child, groups) in self.comments.close_list() {
            if let Some(slot) = exprs.get_mut(child) {
                let expr = std::mem::replace(slot, Expr::Bottom(self.pos()));
                *slot = attach(expr, groups);
            }
        }
        exprs
    }

    pub(super) fn parse_struct(&mut self) -> Parsed<Expr> {
        let pos = self.pos();
        self.expect(Kind::BraceOpen)?;
        let mut decls = if self.token.kind == Kind::BraceClose { ThinVec::new() } else { self.parse_decls()? };
        let end = self.pos();
        self.expect_closing(Kind::BraceClose, "struct literal")?;
        self.close_decls(&mut decls);
        Ok(Expr::Struct(StructLit { pos, end, braces: true, decls }))
    }

    fn parse_list(&mut self) -> Parsed<Expr> {
        let pos = self.pos();
        self.expect(Kind::BracketOpen)?;
        let (mut elements, mut omits_commas) = self.parse_list_elements()?;
        if self.token.kind == Kind::Ellipsis {
            omits_commas |= !elements.is_empty() && !self.after_comma;
            elements.push(self.parse_list_ellipsis()?);
        }
        elements.shrink_to_fit();
        let end = self.pos();
        if elements.len() == 1 {
            omits_commas = !self.after_comma;
        }
        self.expect_closing(Kind::BracketClose, "list literal")?;
        Ok(Expr::List(ListLit { pos, end, elements, omits_commas }))
    }

    fn parse_list_ellipsis(&mut self) -> Parsed<Expr> {
        let pos = self.pos();
        self.next();
        let empty = matches!(self.token.kind, Kind::Comma | Kind::BracketClose);
        let value = if empty { None } else { Some(Box::new(self.parse_expr()?)) };
        if self.at_comma("list literal", &[Kind::BracketClose])? {
            self.next();
        }
        Ok(Expr::Ellipsis(Ellipsis { pos, value, comments: Default::default() }))
    }

    /// The elements before an ellipsis, and whether a comma between them is missing.
    fn parse_list_elements(&mut self) -> Parsed<(ThinVec<Expr>, bool)> {
        self.comments.open_list();
        let mut elements = ThinVec::new();
        let mut omits_commas = false;
        while !matches!(self.token.kind, Kind::BracketClose | Kind::Ellipsis | Kind::Eof) {
            omits_commas |= !elements.is_empty() && !self.after_comma;
            self.comments.open_node();
            let (element, more) = self.parse_list_element()?;
            elements.push(self.close_expr(element));
            if !more {
                break;
            }
        }
        Ok((self.close_expr_list(elements), omits_commas))
    }

    /// An element, and whether another may follow.
    fn parse_list_element(&mut self) -> Parsed<(Expr, bool)> {
        let first = if matches!(self.token.kind, Kind::For | Kind::If | Kind::Try) {
            let keyword = self.keyword_as_ident();
            match self.parse_comprehension(keyword)? {
                Ok(comprehension) => {
                    if self.at_comma("list literal", &[Kind::BracketClose])? {
                        self.next();
                    }
                    return Ok((Expr::Comprehension(Box::new(comprehension)), true));
                }
                Err(ident) => Expr::Ident(ident),
            }
        } else {
            self.parse_unary()?
        };
        let expr = self.parse_binary_tail(1, first)?;
        let expr = self.parse_alias(expr)?;
        let more = self.parse_element_end()?;
        Ok((expr, more))
    }

    /// The comma behind an element; a line end will do since version 0.17.
    fn parse_element_end(&mut self) -> Parsed<bool> {
        let line_ends_suffice = self.options.version >= crate::syntax::experiment::Version::new(0, 17, 0);
        if self.token.inserted && !line_ends_suffice {
            self.next();
            if matches!(self.token.kind, Kind::BracketClose | Kind::For | Kind::If) {
                return Ok(false);
            }
            self.error(self.token.start, "missing ',' before newline in list literal")?;
        } else if !self.at_comma("list literal", &[Kind::BracketClose, Kind::For, Kind::If])? {
            return Ok(false);
        }
        self.next();
        Ok(true)
    }

    /// `X=expr`, given what stands before the equals sign, if there is one.
    pub(super) fn parse_alias(&mut self, mut left: Expr) -> Parsed<Expr> {
        if self.token.kind != Kind::Assign {
            return Ok(left);
        }
        let start = self.token.start;
        if self.experiments.alias_v2 {
            let hint = "use postfix syntax (~X or ~(K,V))";
            self.error(start, format!("old-style alias syntax (=) is not allowed with @experiment(aliasv2); {hint}"))?;
            self.next();
            return self.parse_expr();
        }
        self.next();
        let expr = self.parse_expr()?;
        // Comments before the name are those of the whole.
        let whole = match &mut left {
            Expr::Commented(inner, _) => inner,
            bare => bare,
        };
        if let Expr::Ident(ident) = whole {
            let ident = ident.clone();
            self.check_declared(&ident)?;
            *whole = Expr::Alias { ident, expr: Box::new(expr) };
            return Ok(left);
        }
        self.error_expected("identifier for alias")?;
        Ok(expr)
    }

    fn parse_interpolation(&mut self) -> Parsed<Expr> {
        self.comments.open_node();
        let pos = self.pos();
        let mut fragments = thin_vec![self.basic_lit(LitKind::String)];
        let mut exprs = ThinVec::new();
        loop {
            self.next();
            self.expect(Kind::ParenOpen)?;
            exprs.push(self.parse_expr()?);
            if self.token.inserted {
                self.next();
            }
            if self.token.kind != Kind::ParenClose {
                self.error_expected("')' for string interpolation")?;
            }
            self.token = self.resume_interpolation();
            fragments.push(self.basic_lit(LitKind::String));
            if self.token.kind != Kind::Interpolation {
                break;
            }
        }
        self.next();
        Ok(self.close_expr(Expr::Interpolation(Interpolation { pos, fragments, exprs })))
    }

    fn resume_interpolation(&mut self) -> Token {
        self.peeked = None;
        self.scanner.resume_interpolation()
    }
}

fn unary_op(kind: Kind) -> Option<UnaryOp> {
    Some(match kind {
        Kind::Plus => UnaryOp::Plus,
        Kind::Minus => UnaryOp::Minus,
        Kind::Not => UnaryOp::Not,
        Kind::Star => UnaryOp::Default,
        Kind::Less => UnaryOp::Less,
        Kind::LessEqual => UnaryOp::LessEqual,
        Kind::Greater => UnaryOp::Greater,
        Kind::GreaterEqual => UnaryOp::GreaterEqual,
        Kind::Equal => UnaryOp::Equal,
        Kind::NotEqual => UnaryOp::NotEqual,
        Kind::Match => UnaryOp::Match,
        Kind::NotMatch => UnaryOp::NotMatch,
        _ => return None,
    })
}

fn binary_op(kind: Kind) -> Option<BinaryOp> {
    Some(match kind {
        Kind::Or => BinaryOp::Or,
        Kind::And => BinaryOp::And,
        Kind::LogicalOr => BinaryOp::LogicalOr,
        Kind::LogicalAnd => BinaryOp::LogicalAnd,
        Kind::Equal => BinaryOp::Equal,
        Kind::NotEqual => BinaryOp::NotEqual,
        Kind::Less => BinaryOp::Less,
        Kind::LessEqual => BinaryOp::LessEqual,
        Kind::Greater => BinaryOp::Greater,
        Kind::GreaterEqual => BinaryOp::GreaterEqual,
        Kind::Match => BinaryOp::Match,
        Kind::NotMatch => BinaryOp::NotMatch,
        Kind::Plus => BinaryOp::Add,
        Kind::Minus => BinaryOp::Subtract,
        Kind::Star => BinaryOp::Multiply,
        Kind::Slash => BinaryOp::Divide,
        _ => return None,
    })
}
