//! Declarations: fields with all their forms of label, embeddings, `let`, comprehensions and ellipses.

use thin_vec::{ThinVec, thin_vec};

use super::comments::{attach, extend, fold};
use super::{Kind, Parsed, Parser};
use crate::syntax::ast::{
    Clause, Comments, Comprehension, Constraint, Decl, Ellipsis, EmbedDecl, Expr, Field, Ident, Label, LetClause,
    LitKind, Pattern, PostfixAlias, StructLit,
};
use crate::syntax::pos::Pos;

/// What stands at the start of a declaration or value.
enum Head {
    /// Nothing that could be a label.
    Nothing,
    /// A whole declaration.
    Decl(Box<Decl>),
    /// An expression that can't be a label.
    Expr(Expr),
    /// An expression that is a label if a colon follows.
    Label(Expr),
}

/// A field up to its colon.
struct FieldHead {
    label: Label,
    alias: Option<Box<Ident>>,
    postfix_alias: Option<Box<PostfixAlias>>,
    constraint: Constraint,
    colon: Pos,
    comments: Comments,
}

impl Parser<'_> {
    /// Declarations up to a closing brace or the end of the file.
    pub(super) fn parse_decls(&mut self) -> Parsed<ThinVec<Decl>> {
        self.comments.open_list();
        let mut decls = ThinVec::new();
        while !matches!(self.token.kind, Kind::BraceClose | Kind::Eof) {
            decls.push(self.parse_decl()?);
        }
        for (child, groups) in self.comments.close_list() {
            if let Some(decl) = decls.get_mut(child) {
                extend(comments_of(decl), groups);
            }
        }
        decls.shrink_to_fit();
        Ok(decls)
    }

    /// Gives the comment above a closing brace to the last declaration.
    pub(super) fn close_decls(&mut self, decls: &mut [Decl]) {
        if let Some(last) = decls.last_mut() {
            extend(comments_of(last), self.comments.take_list_groups());
        }
    }

    fn parse_decl(&mut self) -> Parsed<Decl> {
        match self.token.kind {
            Kind::Attribute => {
                let attribute = self.parse_attribute();
                self.consume_decl_comma()?;
                Ok(Decl::Attribute(attribute))
            }
            Kind::Ellipsis => {
                self.comments.open_node();
                let pos = self.pos();
                self.next();
                let comments = self.close_comments();
                self.consume_decl_comma()?;
                Ok(Decl::Ellipsis(Ellipsis { pos, value: None, comments }))
            }
            _ => {
                self.comments.open_node();
                let mut decl = self.parse_field()?;
                let groups = self.comments.close_node();
                extend(comments_of(&mut decl), groups);
                Ok(decl)
            }
        }
    }

    fn parse_field(&mut self) -> Parsed<Decl> {
        let (pos, first) = (self.pos(), self.token.kind);
        let label = match self.parse_head(false)? {
            Head::Decl(decl) => return Ok(*decl),
            Head::Label(label) => label,
            Head::Expr(expr) => return self.finish_embedding(expr),
            Head::Nothing => {
                let expr = self.parse_expr()?;
                return self.finish_embedding(expr);
            }
        };
        let postfix_alias = self.parse_postfix_alias()?.map(Box::new);
        let constraint = self.parse_constraint();
        match self.token.kind {
            Kind::Colon => {
                if let Expr::Ident(ident) = &label {
                    let ident = ident.clone();
                    self.check_declared(&ident)?;
                }
            }
            Kind::Comma | Kind::BraceClose | Kind::Eof => {
                if self.token.kind == Kind::Comma {
                    self.next();
                }
                if may_be_embedded(first) && !is_alias(&label) {
                    return Ok(Decl::Embed(EmbedDecl { expr: label, comments: Comments::default() }));
                }
                return self.expected_label(pos);
            }
            _ => return self.expected_label(pos),
        }
        let head = self.finish_label(label, postfix_alias, constraint)?;
        self.parse_value(head)
    }

    fn expected_label(&mut self, pos: Pos) -> Parsed<Decl> {
        self.error_expected("label or ':'")?;
        Ok(bad_decl(pos))
    }

    fn finish_embedding(&mut self, expr: Expr) -> Parsed<Decl> {
        let pos = expr.pos();
        if is_alias(&expr) {
            self.error_expected("label or ':'")?;
            self.consume_decl_comma()?;
            return Ok(bad_decl(pos));
        }
        self.consume_decl_comma()?;
        Ok(Decl::Embed(EmbedDecl { expr, comments: Comments::default() }))
    }

    /// What stands behind the first colon: more labels (`a: b: c`), then the value and the attributes.
    fn parse_value(&mut self, first: FieldHead) -> Parsed<Decl> {
        let nesting = self.nesting;
        let mut heads = vec![first];
        let value = loop {
            let label = match self.parse_head(true)? {
                Head::Label(label) if self.at_label_end() => label,
                Head::Label(expr) | Head::Expr(expr) => break expr,
                Head::Nothing | Head::Decl(_) => break self.parse_expr()?,
            };
            let postfix_alias = self.parse_postfix_alias()?.map(Box::new);
            let constraint = self.parse_constraint();
            heads.push(self.finish_label(label, postfix_alias, constraint)?);
            self.nest()?;
        };
        self.nesting = nesting;
        let attributes = self.parse_attributes();
        self.consume_decl_comma()?;
        Ok(Decl::Field(fold_fields(heads, value, attributes)))
    }

    fn at_label_end(&self) -> bool {
        matches!(self.token.kind, Kind::Colon | Kind::Question | Kind::Not | Kind::Tilde)
    }

    /// The colon, which makes a label of the expression before it.
    fn finish_label(
        &mut self,
        mut label: Expr,
        postfix_alias: Option<Box<PostfixAlias>>,
        constraint: Constraint,
    ) -> Parsed<FieldHead> {
        let colon = self.pos();
        self.expect(Kind::Colon)?;
        let mut comments = Comments::default();
        let mut alias = None;
        let mut label = unwrap_comments(&mut label, &mut comments);
        if let Expr::Alias { ident, expr } = &mut label {
            alias = Some(Box::new(ident.clone()));
            label = unwrap_comments(expr, &mut comments);
        }
        let label = self.label_of(label)?;
        Ok(FieldHead { label, alias, postfix_alias, constraint, colon, comments })
    }

    fn label_of(&mut self, mut expr: Expr) -> Parsed<Label> {
        Ok(match &mut expr {
            Expr::Ident(ident) => Label::Ident(ident.clone()),
            Expr::Lit(lit) if lit.kind == LitKind::String => Label::String(lit.clone()),
            // A number, which only an alias may stand before, names no field.
            Expr::Lit(lit) if !matches!(lit.kind, LitKind::Int | LitKind::Float) => {
                Label::Ident(Ident { pos: lit.pos, name: std::mem::take(&mut lit.raw) })
            }
            Expr::Interpolation(interpolation) => Label::Interpolation(std::mem::replace(
                interpolation,
                crate::syntax::ast::Interpolation { pos: Pos::NONE, fragments: ThinVec::new(), exprs: ThinVec::new() },
            )),
            Expr::Paren { pos, inner, .. } => Label::Paren(Box::new(take_expr(inner)), *pos),
            Expr::List(list) => {
                let pos = list.pos;
                if list.elements.len() != 1 {
                    self.error(pos.offset as usize, "square bracket must have exactly one element")?;
                }
                let mut element = list.elements.pop().unwrap_or(Expr::Bottom(pos));
                let alias = match &mut element {
                    Expr::Alias { ident, expr } => Some((Box::new(ident.clone()), take_expr(expr))),
                    _ => None,
                };
                let (alias, expr) = match alias {
                    Some((ident, expr)) => (Some(ident), expr),
                    None => (None, element),
                };
                Label::Pattern(Pattern { pos, alias, expr: Box::new(expr) })
            }
            other => {
                let pos = other.pos();
                Label::Paren(Box::new(take_expr(other)), pos)
            }
        })
    }

    fn parse_constraint(&mut self) -> Constraint {
        let constraint = match self.token.kind {
            Kind::Question => Constraint::Optional,
            Kind::Not => Constraint::Required,
            _ => return Constraint::None,
        };
        self.next();
        constraint
    }

    fn parse_attributes(&mut self) -> ThinVec<crate::syntax::ast::Attribute> {
        self.comments.open_list();
        let mut attributes = ThinVec::new();
        while self.token.kind == Kind::Attribute {
            attributes.push(self.parse_attribute());
        }
        for (child, groups) in self.comments.close_list() {
            if let Some(attribute) = attributes.get_mut(child) {
                extend(&mut attribute.comments, groups);
            }
        }
        attributes
    }

    /// What may be a label. `is_value` is set behind a colon, where only expressions and further labels may stand.
    fn parse_head(&mut self, is_value: bool) -> Parsed<Head> {
        let expr = match self.token.kind {
            Kind::For | Kind::If | Kind::Try if !is_value => match self.parse_comprehension_decl()? {
                Ok(decl) => return Ok(Head::Decl(Box::new(decl))),
                Err(ident) => Expr::Ident(ident),
            },
            Kind::Let => match self.parse_let_decl()? {
                Ok(decl) => return Ok(Head::Decl(Box::new(decl))),
                Err(ident) => Expr::Ident(ident),
            },
            Kind::Ident
            | Kind::String
            | Kind::Interpolation
            | Kind::ParenOpen
            | Kind::BracketOpen
            | Kind::Null
            | Kind::True
            | Kind::False
            | Kind::In
            | Kind::Func
            | Kind::For
            | Kind::If
            | Kind::Try
            | Kind::Else
            | Kind::Fallback
            | Kind::Otherwise => self.parse_expr()?,
            _ => return Ok(Head::Nothing),
        };
        let expr = if matches!(bare(&expr), Expr::Ident(_)) { self.parse_alias(expr)? } else { expr };
        Ok(if may_be_label(&expr) { Head::Label(expr) } else { Head::Expr(expr) })
    }

    /// `let x = value`; or the word as a name.
    fn parse_let_decl(&mut self) -> Parsed<Result<Decl, Ident>> {
        self.comments.open_node();
        let word = self.keyword_as_ident();
        self.next();
        if self.token.kind != Kind::Ident {
            self.comments.dissolve_node();
            return Ok(Err(word));
        }
        let (ident, value) = self.parse_let_binding()?;
        self.consume_decl_comma()?;
        let comments = self.close_comments();
        Ok(Ok(Decl::Let(LetClause { pos: word.pos, ident, value, comments })))
    }

    fn parse_let_binding(&mut self) -> Parsed<(Ident, Box<Expr>)> {
        let ident = self.parse_declared_ident()?;
        self.expect(Kind::Assign)?;
        Ok((ident, Box::new(self.parse_expr()?)))
    }

    fn parse_comprehension_decl(&mut self) -> Parsed<Result<Decl, Ident>> {
        self.comments.open_node();
        let word = self.keyword_as_ident();
        match self.parse_comprehension(word)? {
            Ok(mut comprehension) => {
                if self.at_comma("struct literal", &[Kind::BraceClose])? {
                    self.next();
                }
                extend(&mut comprehension.comments, self.comments.close_node());
                Ok(Ok(Decl::Comprehension(comprehension)))
            }
            Err(ident) => {
                self.comments.dissolve_node();
                Ok(Err(ident))
            }
        }
    }

    /// The token, a keyword, as a name.
    pub(super) fn keyword_as_ident(&self) -> Ident {
        Ident { pos: self.pos(), name: self.literal().to_owned() }
    }

    /// Clauses, the struct, and what is yielded otherwise; or the first keyword where it is but a name.
    pub(super) fn parse_comprehension(&mut self, word: Ident) -> Parsed<Result<Comprehension, Ident>> {
        let mut clauses = Vec::new();
        while matches!(self.token.kind, Kind::For | Kind::If | Kind::Let | Kind::Try) {
            let Some(clause) = self.parse_clause(clauses.is_empty())? else { return Ok(Err(word)) };
            clauses.push(clause);
            if self.token.kind == Kind::Comma {
                self.next();
            }
        }
        self.comments.open_node();
        let value = self.parse_nested_struct()?;
        let value = Box::new(self.close_expr(value));
        let otherwise = match self.token.kind {
            Kind::Else | Kind::Fallback | Kind::Otherwise => Some(self.parse_otherwise(&clauses)?),
            _ => None,
        };
        Ok(Ok(Comprehension { clauses, value, otherwise, comments: Comments::default() }))
    }

    /// A clause; none if the keyword is a name after all, which only the first one can be.
    fn parse_clause(&mut self, first: bool) -> Parsed<Option<Clause>> {
        self.comments.open_node();
        let (pos, keyword) = (self.pos(), self.token.kind);
        self.next();
        if first && self.keyword_is_name(keyword) {
            self.comments.dissolve_node();
            return Ok(None);
        }
        let clause = match keyword {
            Kind::For => self.parse_for(pos)?,
            Kind::If => Clause::If { pos, condition: Box::new(self.parse_expr()?) },
            Kind::Try => {
                let named = self.token.kind == Kind::Ident;
                Clause::Try { pos, binding: if named { Some(self.parse_let_binding()?) } else { None } }
            }
            _ => {
                let (ident, value) = self.parse_let_binding()?;
                let comments = self.close_comments();
                return Ok(Some(Clause::Let(LetClause { pos, ident, value, comments })));
            }
        };
        self.comments.dissolve_node();
        Ok(Some(clause))
    }

    fn keyword_is_name(&mut self, keyword: Kind) -> bool {
        match self.token.kind {
            Kind::Colon | Kind::Assign | Kind::Question | Kind::Comma | Kind::Eof => keyword != Kind::Let,
            // A list or struct that is printed on one line has no comma before its end.
            Kind::BracketClose | Kind::BraceClose => keyword != Kind::Let,
            // `if !x` is a guard, `if!: x` a field.
            Kind::Not if keyword == Kind::If => self.peek() == Kind::Colon,
            Kind::Not => keyword != Kind::Let,
            _ => false,
        }
    }

    fn parse_for(&mut self, pos: Pos) -> Parsed<Clause> {
        let mut key = None;
        let mut value = self.parse_declared_ident()?;
        if self.token.kind == Kind::Comma {
            self.next();
            key = Some(std::mem::replace(&mut value, self.parse_declared_ident()?));
        }
        self.comments.set_slot(4);
        self.expect(Kind::In)?;
        Ok(Clause::For { pos, key, value, source: Box::new(self.parse_expr()?) })
    }

    /// `else {...}` behind a lone `if` or `try`, `otherwise {...}` (or `fallback`) behind anything else.
    fn parse_otherwise(&mut self, clauses: &[Clause]) -> Parsed<(Pos, Box<Expr>)> {
        self.comments.open_node();
        let (pos, keyword) = (self.pos(), self.token.kind);
        if !self.experiments.try_clauses {
            self.error(self.token.start, format!("{keyword} requires @experiment(try)"))?;
        }
        let lone_guard = matches!(clauses, [Clause::If { .. } | Clause::Try { .. }]);
        if lone_guard && keyword != Kind::Else {
            self.error(self.token.start, "use 'else' with single 'if' or 'try' clause")?;
        } else if !lone_guard && keyword == Kind::Else {
            let message = "use 'otherwise' for comprehensions with multiple clauses or 'for' clauses";
            self.error(self.token.start, message)?;
        }
        self.next();
        let body = self.parse_nested_struct()?;
        let groups = self.comments.close_node();
        Ok((pos, Box::new(attach(body, groups))))
    }

    /// `~X` or `~(K,V)`.
    fn parse_postfix_alias(&mut self) -> Parsed<Option<PostfixAlias>> {
        if self.token.kind != Kind::Tilde {
            return Ok(None);
        }
        let pos = self.pos();
        if !self.experiments.alias_v2 {
            self.error(self.token.start, "postfix alias syntax requires @experiment(aliasv2)")?;
        }
        self.next();
        match self.token.kind {
            Kind::Ident => Ok(Some(PostfixAlias { pos, label: None, field: self.parse_ident()? })),
            Kind::ParenOpen => self.parse_alias_pair(pos),
            _ => {
                self.error_expected("identifier or '('")?;
                Ok(None)
            }
        }
    }

    fn parse_alias_pair(&mut self, pos: Pos) -> Parsed<Option<PostfixAlias>> {
        self.next();
        if self.token.kind != Kind::Ident {
            self.error_expected("identifier for label alias")?;
            return Ok(None);
        }
        let first = self.parse_ident()?;
        if self.token.kind == Kind::ParenClose {
            self.next();
            return Ok(Some(PostfixAlias { pos, label: None, field: first }));
        }
        if !self.expect(Kind::Comma)? {
            return Ok(Some(PostfixAlias { pos, label: None, field: first }));
        }
        if self.token.kind != Kind::Ident {
            self.error_expected("identifier for field alias")?;
            return Ok(Some(PostfixAlias { pos, label: None, field: first }));
        }
        let field = self.parse_ident()?;
        self.expect(Kind::ParenClose)?;
        Ok(Some(PostfixAlias { pos, label: Some(first), field }))
    }
}

/// `a: b: c` is a field whose value is a struct of one field, and so on; the attributes belong to the innermost.
fn fold_fields(
    heads: Vec<FieldHead>,
    mut value: Expr,
    mut attributes: ThinVec<crate::syntax::ast::Attribute>,
) -> Field {
    let mut heads = heads.into_iter().rev();
    let mut field_of = |head: FieldHead, value: Expr| {
        let pos = head.alias.as_ref().map_or_else(|| head.label.pos(), |alias| alias.pos);
        Field {
            pos,
            label: head.label,
            alias: head.alias,
            postfix_alias: head.postfix_alias,
            constraint: head.constraint,
            colon: head.colon,
            value,
            attributes: std::mem::take(&mut attributes),
            comments: head.comments,
        }
    };
    let last = heads.next().expect("a chain has at least one label");
    let mut field = field_of(last, std::mem::replace(&mut value, Expr::Bottom(Pos::NONE)));
    for head in heads {
        let (pos, decls) = (field.pos, thin_vec![Decl::Field(field)]);
        field = field_of(head, Expr::Struct(StructLit { pos, end: Pos::NONE, braces: false, decls }));
    }
    field
}

/// The comments that a declaration keeps.
fn comments_of(decl: &mut Decl) -> &mut Comments {
    match decl {
        Decl::Field(field) => &mut field.comments,
        Decl::Let(clause) => &mut clause.comments,
        Decl::Embed(embed) => &mut embed.comments,
        Decl::Comprehension(comprehension) => &mut comprehension.comments,
        Decl::Ellipsis(ellipsis) => &mut ellipsis.comments,
        Decl::Attribute(attribute) => &mut attribute.comments,
        Decl::Comments(comments) => comments,
    }
}

/// Takes an expression out of the comments around it.
fn unwrap_comments(expr: &mut Expr, comments: &mut Comments) -> Expr {
    if let Expr::Commented(inner, around) = expr {
        comments.before.append(&mut around.before);
        comments.after.append(&mut around.after);
        comments.line = comments.line.take().or_else(|| around.line.take());
        return take_expr(inner);
    }
    take_expr(expr)
}

fn take_expr(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::Bottom(Pos::NONE))
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Commented(inner, _) => inner,
        other => other,
    }
}

fn is_alias(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Alias { .. })
}

fn may_be_label(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Ident(_) | Expr::Interpolation(_) | Expr::Paren { .. } | Expr::List(_) => true,
        Expr::Lit(lit) => !matches!(lit.kind, LitKind::Int | LitKind::Float),
        Expr::Alias { expr, .. } => !is_alias(expr) && (may_be_label(expr) || matches!(bare(expr), Expr::Lit(_))),
        _ => false,
    }
}

/// Whether what begins with this token may stand without a colon.
fn may_be_embedded(first: Kind) -> bool {
    let literal = matches!(first, Kind::String | Kind::Interpolation | Kind::Null | Kind::True | Kind::False);
    let bracket = matches!(first, Kind::Ident | Kind::BracketOpen | Kind::ParenOpen);
    literal || bracket || (first.is_keyword() && first != Kind::Func)
}

/// Stands for a declaration that could not be parsed; the error is noted.
fn bad_decl(pos: Pos) -> Decl {
    Decl::Embed(EmbedDecl { expr: Expr::Bottom(pos), comments: fold(Vec::new()) })
}
