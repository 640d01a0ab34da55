//! Declarations.

use super::{Printer, STACK_RED_ZONE, STACK_SEGMENT, Space, split};
use crate::syntax::ast::{
    Attribute, Clause, Comments, Comprehension, Constraint, Decl, Ellipsis, Expr, Field, File, ImportDecl, ImportSpec,
    Label, LetClause, LitKind, Package, PostfixAlias,
};
use crate::syntax::literal::{self, Text};
use crate::syntax::pos::Pos;

/// What stands at the top of a file or in braces.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    Attribute(&'a Attribute),
    Package(&'a Package),
    Import(&'a ImportDecl),
    Decl(&'a Decl),
}

impl<'a> Item<'a> {
    fn comments(self) -> &'a Comments {
        match self {
            Self::Attribute(attribute) | Self::Decl(Decl::Attribute(attribute)) => &attribute.comments,
            Self::Package(package) => &package.comments,
            Self::Import(import) => &import.comments,
            Self::Decl(Decl::Field(field)) => &field.comments,
            Self::Decl(Decl::Let(clause)) => &clause.comments,
            Self::Decl(Decl::Embed(embed)) => &embed.comments,
            Self::Decl(Decl::Comprehension(comprehension)) => &comprehension.comments,
            Self::Decl(Decl::Ellipsis(ellipsis)) => &ellipsis.comments,
            Self::Decl(Decl::Comments(comments)) => comments,
        }
    }

    fn is_commented(self) -> bool {
        let comments = self.comments();
        !comments.before.is_empty() || comments.line.is_some() || !comments.after.is_empty()
    }

    fn field(self) -> Option<&'a Field> {
        match self {
            Self::Decl(Decl::Field(field)) => Some(field),
            _ => None,
        }
    }

    pub(super) fn pos(self) -> Pos {
        match self {
            Self::Attribute(attribute) | Self::Decl(Decl::Attribute(attribute)) => attribute.pos,
            Self::Package(package) => package.pos,
            Self::Import(import) => import.pos,
            Self::Decl(Decl::Field(field)) => field.pos,
            Self::Decl(Decl::Let(clause)) => clause.pos,
            Self::Decl(Decl::Embed(embed)) => embed.expr.pos(),
            Self::Decl(Decl::Comprehension(comprehension)) => comprehension.pos(),
            Self::Decl(Decl::Ellipsis(ellipsis)) => ellipsis.pos,
            Self::Decl(Decl::Comments(_)) => Pos::NONE,
        }
    }
}

impl<'a> Printer<'a> {
    pub(super) fn file(&mut self, file: &'a File) {
        self.enter(Some(&file.comments));
        let mut items: Vec<Item<'a>> = file.attributes.iter().map(Item::Attribute).collect();
        items.extend(file.package.iter().map(Item::Package));
        items.sort_by_key(|item| item.pos());
        items.extend(file.imports.iter().map(Item::Import));
        items.extend(file.decls.iter().map(Item::Decl));
        if file.package.as_ref().is_some_and(|package| package.pos == Pos::NONE) && !self.layout.is_empty() {
            self.allow(Space::SECTION);
        }
        self.decl_list(&items);
        self.leave();
        self.layout.allow_only(Space::LINE);
        self.layout.text("");
    }

    pub(super) fn decl_list(&mut self, items: &[Item<'a>]) {
        self.enter(None);
        let mut depth = 0;
        for (index, item) in items.iter().enumerate() {
            if let Some(before) = index.checked_sub(1) {
                self.between(items[before], *item, depth);
            }
            self.item(*item);
            depth = item.field().map_or(0, chain_length);
            let breaks =
                items.get(index + 1).and_then(|next| next.field()).is_some_and(|field| starts_block(&field.value));
            let separator = if breaks { self.line_break() } else { self.frame.outer_separator };
            self.allow(separator);
        }
        self.leave();
    }

    /// The end of a line and its columns, where there are lines.
    pub(super) fn line_break(&self) -> Space {
        if self.frame.separator == Space::BLANK { Space::BLANK } else { Space::BREAK }
    }

    /// Fields of the same depth share columns; a comment has an empty line before it.
    fn between(&mut self, before: Item<'a>, item: Item<'a>, depth: usize) {
        self.allow(Space::DECL_COMMA);
        let next_depth = item.field().map_or(0, chain_length);
        if self.frame.outer_separator == Space::LINE && (depth == 0 || next_depth != depth) {
            let separator = self.line_break();
            self.allow(separator);
        }
        let after_plain_field = before.field().is_some_and(|field| !is_definition(&field.label));
        if item.is_commented() && !after_plain_field {
            self.allow(Space::SECTION);
        }
    }

    fn item(&mut self, item: Item<'a>) {
        self.enter(Some(item.comments()));
        match item {
            Item::Attribute(attribute) | Item::Decl(Decl::Attribute(attribute)) => self.attribute(attribute),
            Item::Package(package) => self.package(package),
            Item::Import(import) => self.import(import),
            Item::Decl(Decl::Field(field)) => self.field(field),
            Item::Decl(Decl::Let(clause)) => self.let_decl(clause),
            Item::Decl(Decl::Embed(embed)) => {
                if self.starts_line(embed.expr.pos()) && !self.layout.is_empty() {
                    self.allow(Space::BREAK);
                }
                self.expr(&embed.expr);
                self.allow(Space::LINE);
            }
            Item::Decl(Decl::Comprehension(comprehension)) => {
                if self.starts_line(comprehension.pos()) && !self.layout.is_empty() {
                    self.allow(Space::BREAK);
                }
                self.comprehension(comprehension);
            }
            Item::Decl(Decl::Ellipsis(ellipsis)) => self.ellipsis(ellipsis),
            Item::Decl(Decl::Comments(_)) => self.allow(Space::SECTION),
        }
        self.leave();
    }

    fn attribute(&mut self, attribute: &Attribute) {
        self.at(attribute.pos);
        self.layout.text(&attribute.text);
    }

    fn package(&mut self, package: &Package) {
        self.at(package.pos);
        self.word("package");
        self.allow(Space::BLANK);
        self.layout.text(&package.name.name);
        self.allow(Space::SECTION.and(Space::FIXED));
    }

    fn import(&mut self, import: &'a ImportDecl) {
        self.at(import.pos);
        self.word("import");
        let commented = |spec: &ImportSpec| super::in_order(&spec.comments).iter().any(|group| group.slot <= 1);
        let group = import.grouped || import.specs.len() != 1 || commented(&import.specs[0]);
        self.allow(Space::BLANK);
        if !group {
            self.specs(&import.specs);
        } else if import.specs.is_empty() {
            self.token("(");
            self.token(")");
            return self.allow(Space::LINE);
        } else {
            self.token("(");
            self.allow(Space::LINE.and(Space::INDENT));
            self.specs(&import.specs);
            self.allow(Space::UNINDENT.and(Space::LINE));
            self.at(import.end);
            self.token(")");
            self.allow(Space::LINE);
        }
        self.allow(Space::SECTION.and(Space::FIXED));
    }

    fn specs(&mut self, specs: &'a [ImportSpec]) {
        self.enter(None);
        for spec in specs {
            self.enter(Some(&spec.comments));
            match &spec.name {
                Some(name) => {
                    self.enter(None);
                    self.at(name.pos);
                    self.word(&name.name);
                    self.leave();
                    self.allow(Space::BLANK);
                }
                None => {
                    self.count();
                    self.comments_here();
                }
            }
            self.enter(None);
            self.at(spec.path_pos);
            self.layout.text(&literal::quoted(&spec.path));
            self.leave();
            self.allow(Space::LINE);
            self.leave();
        }
        self.leave();
    }

    fn field(&mut self, field: &'a Field) {
        self.part(|printer| printer.label(field));
        self.postfix_alias(field.postfix_alias.as_deref());
        match field.constraint {
            Constraint::None => {}
            Constraint::Optional => self.token("?"),
            Constraint::Required => self.token("!"),
        }
        self.allow(Space::TIGHT.and(Space::FIXED));
        self.token(":");
        self.comments_here();
        match inner_field(field) {
            Some(inner) => self.inline_field(inner),
            None => self.field_value(field),
        }
    }

    /// `a: b: c`.
    fn inline_field(&mut self, inner: &'a Decl) {
        let Decl::Field(field) = inner else { return };
        if self.is_on_new_line(field.pos) {
            self.allow(Space::INDENT.and(Space::BREAK));
            stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || self.item(Item::Decl(inner)));
            self.layout.indent = self.layout.indent.saturating_sub(1);
        } else {
            self.allow(Space::BLANK.and(Space::FIXED));
            stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || self.item(Item::Decl(inner)));
        }
    }

    fn field_value(&mut self, field: &'a Field) {
        let breaks = spans_lines(&field.value);
        let column = if breaks || self.layout.after_brace { Space::BLANK } else { Space::COLUMN };
        self.allow(column);
        if matches!(split(&field.value).1, Expr::List(_) | Expr::Struct(_)) {
            self.expr(&field.value);
        } else {
            self.allow(Space::INDENT);
            self.expr(&field.value);
            self.layout.close_level();
        }
        let mut space = column;
        for attribute in &field.attributes {
            self.enter(Some(&attribute.comments));
            self.allow(space);
            self.attribute(attribute);
            self.leave();
            space = Space::BLANK;
        }
        if breaks {
            self.allow(Space::BREAK);
        }
    }

    fn label(&mut self, field: &'a Field) {
        self.enter(None);
        if let Some(alias) = &field.alias {
            self.enter(None);
            self.at(alias.pos);
            self.word(&alias.name);
            self.leave();
            self.token("=");
        }
        match &field.label {
            Label::Ident(ident) => {
                self.at(ident.pos);
                // A name that is no identifier can't come from a source.
                let name =
                    if literal::is_identifier(&ident.name) { ident.name.clone() } else { literal::quoted(&ident.name) };
                self.word(&name);
            }
            Label::String(lit) => {
                self.at(lit.pos);
                self.word(&plain_label(&lit.raw, lit.kind));
            }
            Label::Interpolation(interpolation) => self.interpolation(interpolation, 1),
            Label::Paren(inner, pos) => {
                self.at(*pos);
                self.token("(");
                self.expr(inner);
                self.token(")");
            }
            Label::Pattern(pattern) => {
                self.at(pattern.pos);
                self.token("[");
                self.allow(Space::TIGHT.and(Space::INDENT));
                self.enter(None);
                if let Some(alias) = &pattern.alias {
                    self.ident(alias);
                    let equals = self.equals_before(&pattern.expr);
                    self.at(equals);
                    self.token("=");
                }
                self.expr(&pattern.expr);
                self.leave();
                self.allow(Space::TIGHT.and(Space::UNINDENT));
                self.token("]");
            }
        }
        self.leave();
    }

    fn postfix_alias(&mut self, alias: Option<&PostfixAlias>) {
        let Some(alias) = alias else { return };
        self.at(alias.pos);
        self.token("~");
        self.allow(Space::TIGHT);
        self.token("(");
        self.allow(Space::TIGHT);
        if let Some(label) = &alias.label {
            self.layout.text(&label.name);
            self.token(",");
            self.allow(Space::TIGHT);
        }
        self.layout.text(&alias.field.name);
        self.token(")");
        self.allow(Space::TIGHT);
    }

    fn let_decl(&mut self, clause: &'a LetClause) {
        if self.starts_line(clause.pos) && !self.layout.is_empty() {
            self.allow(Space::BREAK);
        }
        self.let_head(clause);
        self.expr(&clause.value);
        self.allow(Space::DECL_COMMA);
    }

    fn let_head(&mut self, clause: &'a LetClause) {
        self.at(clause.pos);
        self.keyword("let");
        self.allow(Space::BLANK.and(Space::FIXED));
        self.binding(&clause.ident.name);
    }

    /// `x = `.
    fn binding(&mut self, name: &str) {
        self.enter(None);
        self.layout.text(name);
        self.leave();
        self.allow(Space::BLANK.and(Space::FIXED));
        self.token("=");
        self.allow(Space::BLANK);
    }

    pub(super) fn ellipsis(&mut self, ellipsis: &'a Ellipsis) {
        self.at(ellipsis.pos);
        self.token("...");
        if let Some(value) = &ellipsis.value
            && !is_top(value)
        {
            self.expr(value);
        }
    }

    pub(super) fn comprehension(&mut self, comprehension: &'a Comprehension) {
        self.enter(None);
        for (index, clause) in comprehension.clauses.iter().enumerate() {
            let comments = match clause {
                Clause::Let(clause) => Some(&clause.comments),
                _ => None,
            };
            self.enter(comments);
            if index > 0 {
                self.allow(Space::BLANK);
            }
            self.clause(clause);
            self.leave();
        }
        self.leave();
        self.allow(Space::BLANK.and(Space::FIXED));
        self.expr(&comprehension.value);
        if let Some((pos, value)) = &comprehension.otherwise {
            let lone_guard = matches!(comprehension.clauses[..], [Clause::If { .. } | Clause::Try { .. }]);
            self.allow(Space::BLANK);
            self.at(*pos);
            self.keyword(if lone_guard { "else" } else { "otherwise" });
            self.allow(Space::BLANK);
            self.expr(value);
        }
    }

    fn clause(&mut self, clause: &'a Clause) {
        match clause {
            Clause::For { pos, key, value, source } => {
                self.at(*pos);
                self.word("for");
                self.allow(Space::BLANK);
                self.allow(Space::INDENT);
                if let Some(key) = key {
                    self.name(key);
                    self.token(",");
                    self.allow(Space::BLANK);
                }
                self.name(value);
                self.allow(Space::BLANK);
                self.word("in");
                self.allow(Space::BLANK);
                self.expr(source);
                self.layout.close_level();
            }
            Clause::If { pos, condition } => {
                self.at(*pos);
                self.word("if");
                self.allow(Space::BLANK.and(Space::INDENT));
                self.expr(condition);
                self.layout.close_level();
            }
            Clause::Let(clause) => {
                self.let_head_indented(clause);
                self.expr(&clause.value);
                self.layout.close_level();
            }
            Clause::Try { pos, binding } => {
                self.at(*pos);
                self.keyword("try");
                if let Some((ident, value)) = binding {
                    self.allow(Space::BLANK.and(Space::FIXED).and(Space::INDENT));
                    self.binding(&ident.name);
                    self.expr(value);
                    self.layout.close_level();
                }
            }
        }
    }

    fn let_head_indented(&mut self, clause: &'a LetClause) {
        self.at(clause.pos);
        self.keyword("let");
        self.allow(Space::BLANK.and(Space::FIXED).and(Space::INDENT));
        self.binding(&clause.ident.name);
    }

    fn name(&mut self, ident: &'a crate::syntax::ast::Ident) {
        self.enter(None);
        self.ident(ident);
        self.leave();
    }
}

/// How many labels a chain `a: b: c` has; 0 if it ends in a struct of several fields.
fn chain_length(field: &Field) -> usize {
    let mut length = 1;
    let mut field = field;
    while let Expr::Struct(lit) = split(&field.value).1 {
        match &lit.decls[..] {
            [Decl::Field(inner)] => {
                length += 1;
                field = inner;
            }
            [_] => return length,
            _ => return length - 1,
        }
    }
    length
}

fn starts_block(value: &Expr) -> bool {
    match split(value).1 {
        Expr::Struct(lit) => lit.braces || lit.decls.len() != 1,
        Expr::List(_) => true,
        _ => false,
    }
}

fn is_definition(label: &Label) -> bool {
    matches!(label, Label::Ident(ident) if ident.name.starts_with('#') || ident.name.starts_with("_#"))
}

/// The field that may stand behind the colon of another, without braces.
fn inner_field(field: &Field) -> Option<&Decl> {
    let Expr::Struct(lit) = &field.value else { return None };
    let [inner @ Decl::Field(inner_field)] = &lit.decls[..] else { return None };
    let plain = inner_field.attributes.is_empty() && !Item::Decl(inner).is_commented();
    (!lit.braces && field.attributes.is_empty() && plain).then_some(inner)
}

/// Whether a value is likely to span lines, so that columns end with it.
fn spans_lines(expr: &Expr) -> bool {
    let mut expr = expr;
    loop {
        expr = match expr {
            Expr::Struct(_) | Expr::List(_) => return true,
            Expr::Lit(lit) => return lit.raw.contains('\n'),
            Expr::Paren { inner: operand, .. }
            | Expr::Unary { operand, .. }
            | Expr::Postfix { operand, .. }
            | Expr::Index { base: operand, .. }
            | Expr::Selector { base: operand, .. }
            | Expr::Commented(operand, _) => operand,
            Expr::Binary { left, right, .. } => {
                if stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || spans_lines(right)) {
                    return true;
                }
                left
            }
            Expr::Call { args, .. } => {
                return stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || args.iter().any(spans_lines));
            }
            _ => return false,
        }
    }
}

/// A quoted label in its simplest quotes.
fn plain_label(raw: &str, kind: LitKind) -> String {
    if kind == LitKind::String
        && (raw.starts_with("\"\"\"") || raw.starts_with('#'))
        && let Ok(Text::String(text)) = literal::decode_text(raw)
    {
        return literal::quoted(&text);
    }
    raw.to_owned()
}

pub(super) fn is_top(expr: &Expr) -> bool {
    matches!(expr, Expr::Ident(ident) if ident.name == "_")
}
