//! Compiled expressions back to syntax.

use super::{
    Exporter, LetClause, Scopes, binary, call, doc_comment, ellipsis, embed, field, ident, joined, list, name, string,
    structure, unary,
};
use crate::{
    eval::function::builtin_name,
    eval::label::Label,
    ir::{Atom, Builtin, Clause, Comprehension, Decl as IrDecl, Element, Expr as Ir, ExprId, Part, StructLit},
    syntax::{
        ast::{self, BinaryOp, CommentGroups, Comments, Constraint, Decl, Expr, UnaryOp},
        literal::{self, Lines},
        pos::Pos,
    },
    value::BoundOp,
};

impl Exporter<'_> {
    /// An expression in the scopes that its environments stand for.
    pub(super) fn expression(&mut self, scopes: &Scopes, expr: ExprId) -> Expr {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.expression_inner(scopes, expr))
    }

    fn expression_inner(&mut self, scopes: &Scopes, id: ExprId) -> Expr {
        let expr = self.engine.expr(id).clone();
        match expr {
            Ir::Atom(atom) => atom_expr(&atom, Lines::Many(1)),
            Ir::Top => name("_"),
            Ir::Bottom => Expr::Bottom(Pos::NONE),
            Ir::Type(kind) => name(&kind.to_string()),
            Ir::Range(range, _) => name(range),
            Ir::Struct(_) => self.merged(None, &[(scopes.clone(), id)]),
            Ir::List(lit) => {
                let mut elements: Vec<Expr> =
                    lit.elements.iter().map(|element| self.element(scopes, element)).collect();
                if let Some(rest) = &lit.rest {
                    let rest = rest.map(|rest| self.expression(scopes, rest));
                    elements.push(Expr::Ellipsis(ellipsis(rest)));
                }
                list(elements)
            }
            Ir::Field { label, .. } => self.field_name(label),
            Ir::MatchedLabel { name: text, .. } => {
                if let Some(innermost @ None) = self.matched.last_mut() {
                    *innermost = Some(text.to_string());
                }
                name(&text)
            }
            Ir::MatchedField { name: text, .. } | Ir::NamedField { name: text, .. } => name(&text),
            Ir::Itself { field: Some(label), .. } => self.field_name(label),
            Ir::Itself { name: text, .. } => name(&text),
            Ir::Let { up, name: text, value } => {
                self.let_reference(scopes, up, &text, value);
                name(&text)
            }
            Ir::Import { name: text, .. } => {
                self.use_import(&text);
                name(&text)
            }
            Ir::Builtin(builtin) => self.builtin(&builtin),
            Ir::Selector { base, label, .. } => {
                let base = Box::new(self.expression(scopes, base));
                let selector = match self.label(label) {
                    ast::Label::String(lit) => ast::Selector::String(lit),
                    _ => ast::Selector::Ident(ident(&self.engine.store.labels.name(label).text)),
                };
                Expr::Selector { base, selector: Box::new(selector) }
            }
            Ir::Index { base, index } => {
                let base = Box::new(self.expression(scopes, base));
                let index = Box::new(self.expression(scopes, index));
                Expr::Index { base, pos: Pos::NONE, end: Pos::NONE, index }
            }
            Ir::Slice { base, low, high } => {
                let base = Box::new(self.expression(scopes, base));
                let low = low.map(|low| Box::new(self.expression(scopes, low)));
                let high = high.map(|high| Box::new(self.expression(scopes, high)));
                Expr::Slice { base, pos: Pos::NONE, end: Pos::NONE, low, high }
            }
            Ir::Open(operand) => {
                let operand = Box::new(self.expression(scopes, operand));
                Expr::Postfix { pos: Pos::NONE, op: ast::PostfixOp::Open, operand }
            }
            Ir::Unary { op, operand } => unary(op, self.expression(scopes, operand)),
            Ir::Bound { op, operand } => unary(bound_op(op), self.expression(scopes, operand)),
            Ir::And { .. } => self.conjunction(scopes, id),
            Ir::Or(disjuncts) => {
                let operand = |exporter: &mut Self, disjunct: &crate::ir::Disjunct| {
                    let value = exporter.expression(scopes, disjunct.expr);
                    if disjunct.default { unary(UnaryOp::Default, value) } else { value }
                };
                let operands: Vec<Expr> = disjuncts.iter().map(|disjunct| operand(self, disjunct)).collect();
                joined(BinaryOp::Or, operands)
            }
            Ir::Binary { op, left, right } | Ir::ShortCircuit { op, left, right } => {
                let left = self.expression(scopes, left);
                binary(op, left, self.expression(scopes, right))
            }
            Ir::Interpolation { parts, bytes } => self.interpolation(scopes, &parts, bytes),
            Ir::Call { function, args } => {
                let function = self.expression(scopes, function);
                call(function, args.iter().map(|arg| self.expression(scopes, *arg)).collect())
            }
        }
    }

    /// The operands of a chain of `&`, types before bounds before structs, without `_`.
    fn conjunction(&mut self, scopes: &Scopes, id: ExprId) -> Expr {
        let mut operands = Vec::new();
        let mut pending = vec![id];
        while let Some(next) = pending.pop() {
            match self.engine.expr(next) {
                Ir::And { left, right } => pending.extend([*right, *left]),
                _ => operands.push(next),
            }
        }
        operands.retain(|operand| !matches!(self.engine.expr(*operand), Ir::Top));
        self.sort_operands(&mut operands);
        let operands: Vec<Expr> = operands.into_iter().map(|operand| self.expression(scopes, operand)).collect();
        joined(BinaryOp::And, operands)
    }

    /// Types before references before bounds before the rest, each in the order of the source.
    pub(super) fn sort_operands(&self, operands: &mut [ExprId]) {
        operands.sort_by_key(|operand| (rank(self.engine.expr(*operand)), self.engine.pos(*operand)));
    }

    fn field_name(&self, label: Label) -> Expr {
        match self.label(label) {
            ast::Label::Ident(ident) => Expr::Ident(ident),
            // Only an alias refers to such a field, and its name is not kept.
            _ => name("X"),
        }
    }

    /// Makes the struct of a `let` clause show it.
    fn let_reference(&mut self, scopes: &Scopes, up: u32, name: &std::sync::Arc<str>, value: ExprId) {
        let level = scopes.len().saturating_sub(up as usize);
        let inner: Scopes = scopes[..level].to_vec();
        let frame = inner.last().copied().unwrap_or(0);
        if self.frames[frame].lets.iter().any(|clause| clause.name == *name) {
            return;
        }
        let pos = self.engine.pos(value);
        self.frames[frame].lets.push(LetClause { pos, name: name.clone(), value: None });
        let value = self.expression(&inner, value);
        if let Some(clause) = self.frames[frame].lets.iter_mut().find(|clause| clause.name == *name) {
            clause.value = Some(value);
        }
    }

    pub(super) fn builtin(&mut self, builtin: &Builtin) -> Expr {
        let full = builtin_name(builtin);
        match (builtin, full.rsplit_once('.')) {
            (Builtin::Package(path, _), Some((_, function))) => {
                let package = path.rsplit('/').next().unwrap_or(path);
                self.imports.insert(package.to_owned(), (*path).to_owned());
                let selector = Box::new(ast::Selector::Ident(ident(function)));
                Expr::Selector { base: Box::new(name(package)), selector }
            }
            _ => name(&full),
        }
    }

    /// Finds the path of a package of the module by the name that the files give it.
    fn use_import(&mut self, wanted: &str) {
        let specs = self.asts.iter().flat_map(|file| &file.imports).flat_map(|import| &import.specs);
        let named = |spec: &&ast::ImportSpec| match &spec.name {
            Some(name) => name.name == wanted,
            None => spec.path.rsplit(['/', ':']).next() == Some(wanted),
        };
        if let Some(spec) = specs.into_iter().find(named) {
            self.imports.insert(wanted.to_owned(), spec.path.clone());
        }
    }

    fn element(&mut self, scopes: &Scopes, element: &Element) -> Expr {
        match element {
            Element::Value(value) => self.expression(scopes, *value),
            Element::Comprehension(comprehension) => {
                Expr::Comprehension(Box::new(self.comprehension(scopes, comprehension)))
            }
        }
    }

    /// The declarations of a struct literal as they stand.
    pub(super) fn plain_struct(&mut self, scopes: &Scopes, lit: &StructLit) -> Expr {
        let frame = self.push_frame();
        let mut scopes = scopes.clone();
        scopes.push(frame);
        let decls: Vec<Decl> = lit.decls.iter().map(|decl| self.decl(&scopes, decl)).collect();
        let attributes = lit.attributes.iter().filter(|_| self.profile.attributes).map(|text| {
            let (pos, comments) = (Pos::NONE, Comments::default());
            Decl::Attribute(ast::Attribute { pos, text: text.to_string(), comments })
        });
        let attributes: Vec<Decl> = attributes.collect();
        let lets = self.let_decls(frame);
        structure(lets.into_iter().chain(attributes).chain(decls).collect())
    }

    fn decl(&mut self, scopes: &Scopes, decl: &IrDecl) -> Decl {
        match decl {
            IrDecl::Field(decl) => {
                let value = self.expression(scopes, decl.value);
                let notes: Vec<_> = decl.notes.iter().cloned().collect();
                self.field(decl.label, decl.constraint, value, &notes)
            }
            IrDecl::Dynamic { name, constraint, value, notes, .. } => {
                let label = match self.expression(scopes, *name) {
                    Expr::Interpolation(ref interpolation) => ast::Label::Interpolation(interpolation.clone()),
                    Expr::Lit(ref lit) if lit.kind == ast::LitKind::String => ast::Label::String(lit.clone()),
                    other => ast::Label::Paren(Box::new(other), Pos::NONE),
                };
                let mut field = field(label, *constraint, self.expression(scopes, *value));
                self.annotate(&mut field, notes.as_slice());
                Decl::Field(field)
            }
            IrDecl::Pattern { pattern, value } => {
                let expr = Box::new(self.expression(scopes, *pattern));
                // The value tells whether the label that matches has a name.
                self.matched.push(None);
                let value = self.expression(scopes, *value);
                let alias = self.matched.pop().flatten().map(|name| ident(&name));
                let label = ast::Label::Pattern(ast::Pattern { pos: Pos::NONE, alias, expr });
                Decl::Field(field(label, Constraint::None, value))
            }
            IrDecl::Embed(expr) => embed(self.expression(scopes, *expr)),
            IrDecl::Comprehension(comprehension) => Decl::Comprehension(self.comprehension(scopes, comprehension)),
            IrDecl::Ellipsis => Decl::Ellipsis(ellipsis(None)),
        }
    }

    fn comprehension(&mut self, scopes: &Scopes, comprehension: &Comprehension) -> ast::Comprehension {
        let mut inner = scopes.clone();
        let mut clauses = Vec::new();
        for clause in &comprehension.clauses {
            let name_of = |label: &Label| ident(&self.engine.store.labels.name(*label).text);
            let clause = match clause {
                Clause::For { key, value, source } => {
                    let (key, value) = (key.as_ref().map(name_of), name_of(value));
                    let pos = self.keyword(*source, "for");
                    let source = Box::new(self.expression(&inner, *source));
                    ast::Clause::For { pos, key, value, source }
                }
                Clause::If { condition } => {
                    let pos = self.keyword(*condition, "if");
                    let condition = Box::new(self.expression(&inner, *condition));
                    clauses.push(ast::Clause::If { pos, condition });
                    continue;
                }
                Clause::Let { label, value } => {
                    let (ident, comments) = (name_of(label), Comments::default());
                    let pos = self.keyword(*value, "let");
                    let value = Box::new(self.expression(&inner, *value));
                    ast::Clause::Let(ast::LetClause { pos, ident, value, comments })
                }
                Clause::Try { binding: None, .. } => {
                    clauses.push(ast::Clause::Try { pos: Pos::NONE, binding: None });
                    continue;
                }
                Clause::Try { binding: Some((label, value)), .. } => {
                    let binding = Some((name_of(label), Box::new(self.expression(&inner, *value))));
                    ast::Clause::Try { pos: Pos::NONE, binding }
                }
            };
            clauses.push(clause);
            inner.push(self.push_frame());
        }
        let value = self.yielded(&inner, comprehension.value);
        let otherwise = comprehension.otherwise.map(|value| (Pos::NONE, Box::new(self.yielded(scopes, value))));
        ast::Comprehension { clauses, value: Box::new(value), otherwise, comments: Comments::default() }
    }

    /// Where the keyword of a clause stands, if it begins a line: such a line end is kept.
    fn keyword(&self, operand: ExprId, keyword: &str) -> Pos {
        let pos = self.engine.pos(operand);
        let Some(file) = self.files.get(pos.file.0 as usize) else { return Pos::NONE };
        let Some(before) = file.text.get(..pos.offset as usize) else { return Pos::NONE };
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = &before[start..];
        let blanks = line.len() - line.trim_start().len();
        let begins = line.trim_start().strip_prefix(keyword).is_some_and(|rest| rest.starts_with([' ', '\t']));
        if begins { Pos { file: pos.file, offset: (start + blanks) as u32 } } else { Pos::NONE }
    }

    /// What a comprehension yields stands in braces.
    fn yielded(&mut self, scopes: &Scopes, value: ExprId) -> Expr {
        match self.expression(scopes, value) {
            found @ Expr::Struct(_) => found,
            other => structure(vec![embed(other)]),
        }
    }

    fn interpolation(&mut self, scopes: &Scopes, parts: &[Part], bytes: bool) -> Expr {
        let text_of = |part: &Part| match part {
            Part::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Part::Expr(_) => String::new(),
        };
        let multiline = parts.iter().any(|part| text_of(part).contains('\n'));
        let (quote, opening, closing) = match (bytes, multiline) {
            (false, false) => ('"', "\"".to_owned(), "\"".to_owned()),
            (true, false) => ('\'', "'".to_owned(), "'".to_owned()),
            (false, true) => ('"', "\"\"\"\n\t".to_owned(), "\n\t\"\"\"".to_owned()),
            (true, true) => ('\'', "'''\n\t".to_owned(), "\n\t'''".to_owned()),
        };
        let mut fragments = vec![opening];
        let mut exprs = Vec::new();
        for part in parts {
            match part {
                Part::Text(text) => {
                    let escaped = escaped(text, quote, multiline);
                    fragments.last_mut().expect("there is always one").push_str(&escaped);
                }
                Part::Expr(expr) => {
                    fragments.last_mut().expect("there is always one").push_str("\\(");
                    exprs.push(self.expression(scopes, *expr));
                    fragments.push(")".to_owned());
                }
            }
        }
        fragments.last_mut().expect("there is always one").push_str(&closing);
        let fragment = |raw| ast::BasicLit { pos: Pos::NONE, kind: ast::LitKind::String, raw };
        let fragments = fragments.into_iter().map(fragment).collect();
        Expr::Interpolation(ast::Interpolation { pos: Pos::NONE, fragments, exprs })
    }
}

/// A piece of text as it stands between quotes.
fn escaped(text: &[u8], quote: char, multiline: bool) -> String {
    let one = |text: &[u8]| {
        let quoted = match quote {
            '"' => literal::quote_string(&String::from_utf8_lossy(text), Lines::One),
            _ => literal::quote_bytes(text, Lines::One),
        };
        quoted[1..quoted.len() - 1].to_owned()
    };
    if !multiline {
        return one(text);
    }
    // Line ends stand as such; quotes need no escape unless three of them follow each other.
    let lines: Vec<String> = text.split(|byte| *byte == b'\n').map(one).collect();
    lines.join("\n\t").replace(&format!("\\{quote}"), &quote.to_string())
}

pub(super) fn atom_expr(atom: &Atom, lines: Lines) -> Expr {
    use ast::LitKind;
    let (kind, raw) = match atom {
        Atom::Null => (LitKind::Null, "null".to_owned()),
        Atom::Bool(true) => (LitKind::True, "true".to_owned()),
        Atom::Bool(false) => (LitKind::False, "false".to_owned()),
        Atom::String(text) => return Expr::Lit(string(text, lines)),
        Atom::Bytes(bytes) => (LitKind::String, literal::quote_bytes(bytes, lines)),
        Atom::Number(number) => {
            let kind = if number.is_int() { LitKind::Int } else { LitKind::Float };
            (kind, number.to_source())
        }
    };
    Expr::Lit(ast::BasicLit { pos: Pos::NONE, kind, raw })
}

fn rank(expr: &Ir) -> u32 {
    match expr {
        Ir::Top => 0,
        Ir::Type(_) => 1,
        Ir::Field { .. } => 2,
        Ir::Atom(_) => 10,
        Ir::Bound { .. } => 20,
        Ir::Struct(_) | Ir::List(_) => 500,
        _ => 25,
    }
}

pub(super) fn bound_op(op: BoundOp) -> UnaryOp {
    match op {
        BoundOp::Less => UnaryOp::Less,
        BoundOp::LessEqual => UnaryOp::LessEqual,
        BoundOp::Greater => UnaryOp::Greater,
        BoundOp::GreaterEqual => UnaryOp::GreaterEqual,
        BoundOp::NotEqual => UnaryOp::NotEqual,
        BoundOp::Equal => UnaryOp::Equal,
        BoundOp::Match => UnaryOp::Match,
        BoundOp::NotMatch => UnaryOp::NotMatch,
    }
}

/// A comment behind an expression.
pub(super) fn with_line_comment(expr: Expr, text: &str) -> Expr {
    let mut group = doc_comment(text, Pos::NONE);
    group.doc = false;
    group.slot = u8::MAX;
    let comments = Comments::from(CommentGroups { line: Some(group), ..CommentGroups::default() });
    Expr::Commented(Box::new(expr), comments)
}
