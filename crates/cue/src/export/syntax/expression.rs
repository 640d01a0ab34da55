//! Compiled expressions back to syntax.

use std::sync::Arc;

use thin_vec::ThinVec;

use super::{
    Exporter, Scopes, binary, call, definition::aliased, doc_comment, ellipsis, embed, field, ident, joined, list,
    name, string, structure, unary,
};
use crate::{
    eval::{
        function::builtin_name,
        vertex::{NONE, VertexId},
    },
    ir::{
        Atom, BoundOp, Builtin, Clause, Comprehension, Decl as IrDecl, Element, Expr as Ir, ExprId, Notes, Part,
        StructLit, label::Label,
    },
    syntax::{
        ast::{self, BinaryOp, CommentGroups, Comments, Constraint, Decl, Expr, UnaryOp},
        literal::{self, Lines},
        pos::Pos,
    },
};

impl Exporter<'_> {
    /// An expression in the scopes that its environments stand for.
    pub(super) fn expression(&mut self, scopes: &Scopes, expr: ExprId) -> Expr {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.expression_inner(scopes, expr))
    }

    /// A part of an expression that others are computed from.
    fn operand(&mut self, scopes: &Scopes, expr: ExprId) -> Expr {
        self.operators += 1;
        let operand = self.expression(scopes, expr);
        self.operators -= 1;
        operand
    }

    fn operand_box(&mut self, scopes: &Scopes, expr: ExprId) -> Box<Expr> {
        Box::new(self.operand(scopes, expr))
    }

    fn expression_inner(&mut self, scopes: &Scopes, id: ExprId) -> Expr {
        if self.pivot.is_some()
            && self.engine.is_reference(id)
            && let Some(other) = self.replaced(id)
        {
            return other;
        }
        if let Some(constant) = self.constant(id) {
            return constant;
        }
        let expr = self.engine.expr(id).clone();
        match expr {
            Ir::Atom(atom) => atom_expr(&atom, Lines::Many(1)),
            Ir::Top => name("_"),
            Ir::Bottom => with_line_comment(Expr::Bottom(Pos::NONE), "explicit error (_|_ literal) in source"),
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
            Ir::Field { up, label } => {
                let found = self.field_name(scopes, id, up, label);
                self.marked(found, self.engine.pos(id))
            }
            Ir::MatchedLabel { up, name: text } => self.matched_label(scopes, up, &text),
            Ir::MatchedField { name: text, .. } | Ir::NamedField { name: text, .. } => self.dynamic_name(&text),
            Ir::Itself { name: text, .. } => self.dynamic_name(&text),
            Ir::Let { up, name: text, value } => self.let_reference(scopes, up, &text, value),
            Ir::Import { name: text, .. } => {
                self.use_import(&text);
                name(&text)
            }
            Ir::Builtin(builtin) => self.builtin(&builtin),
            Ir::Selector { base, label, pos } => {
                let base = self.operand_box(scopes, base);
                let selector = match self.label(label) {
                    ast::Label::String(lit) => ast::Selector::String(lit),
                    _ => ast::Selector::Ident(ident(&self.engine.store.labels.name(label).text)),
                };
                self.marked(Expr::Selector { base, selector: Box::new(selector) }, pos)
            }
            Ir::Index { base, index } => {
                let base = self.operand_box(scopes, base);
                let index = self.operand_box(scopes, index);
                Expr::Index { base, pos: Pos::NONE, end: Pos::NONE, index }
            }
            Ir::Slice { base, low, high } => {
                let base = self.operand_box(scopes, base);
                let bounds = Box::new([low, high].map(|bound| bound.map(|bound| self.operand(scopes, bound))));
                Expr::Slice { base, pos: Pos::NONE, end: Pos::NONE, bounds }
            }
            Ir::Open(operand) => {
                let operand = self.operand_box(scopes, operand);
                Expr::Postfix { pos: Pos::NONE, op: ast::PostfixOp::Open, operand }
            }
            Ir::Unary { op, operand } => unary(op, self.operand(scopes, operand)),
            Ir::Bound { op, operand } => unary(bound_op(op), self.operand(scopes, operand)),
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
                let left = self.operand(scopes, left);
                binary(op, left, self.operand(scopes, right))
            }
            Ir::Interpolation { parts, bytes } => self.interpolation(scopes, &parts, bytes),
            Ir::Call { function, args } => {
                let function = self.operand(scopes, function);
                call(function, args.iter().map(|arg| self.operand(scopes, *arg)).collect())
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
        let operands: Vec<Expr> = operands.into_iter().map(|operand| self.operand(scopes, operand)).collect();
        joined(BinaryOp::And, operands)
    }

    /// Types before references before bounds before the rest, each in the order of the source.
    pub(super) fn sort_operands(&self, operands: &mut [ExprId]) {
        operands.sort_by_key(|operand| (rank(self.engine.expr(*operand)), self.engine.pos(*operand)));
    }

    /// The label that a pattern matched, by its name in the pattern or else as it is.
    fn matched_label(&mut self, scopes: &Scopes, up: u32, written: &str) -> Expr {
        let env = self.env_up(scopes.env, up);
        let label = if env == NONE { Label::NONE } else { self.engine.store.envs[env].label };
        if label != Label::NONE {
            let text = self.engine.store.labels.name(label).text.clone();
            return Expr::Lit(string(&text, Lines::One));
        }
        match self.matched.last_mut() {
            None => name("string"),
            Some(Some(known)) => name(known),
            Some(unused @ None) => {
                let alias = self.names.unique(written);
                *unused = Some(alias.clone());
                name(&alias)
            }
        }
    }

    /// A reference that is marked with `?` in the text.
    fn marked(&self, reference: Expr, last: Pos) -> Expr {
        let text = self.files.get(last.file.0 as usize).and_then(|file| file.text.get(last.offset as usize..));
        let rest =
            text.map(|text| text.trim_start_matches(|char: char| char.is_alphanumeric() || "_$#".contains(char)));
        if rest.is_none_or(|rest| !rest.starts_with('?')) {
            return reference;
        }
        Expr::Postfix { pos: Pos::NONE, op: ast::PostfixOp::Optional, operand: Box::new(reference) }
    }

    /// A constant of a builtin package by its name.
    fn constant(&mut self, id: ExprId) -> Option<Expr> {
        let (path, constant) = crate::builtin::constant_at(self.engine.pos(id).file)?;
        Some(self.member(path, constant))
    }

    /// A member of a builtin package, under the name that a file imports it by.
    fn member(&mut self, path: &str, member: &str) -> Expr {
        let package = path.rsplit('/').next().unwrap_or(path);
        let specs = self.asts.iter().flat_map(|file| &file.imports).flat_map(|import| &import.specs);
        let local = specs.filter(|spec| spec.path == path).find_map(|spec| spec.name.as_ref());
        let package = local.map_or(package, |local| local.name.as_str());
        self.import(package, path);
        let selector = Box::new(ast::Selector::Ident(ident(member)));
        Expr::Selector { base: Box::new(name(package)), selector }
    }

    pub(super) fn builtin(&mut self, builtin: &Builtin) -> Expr {
        let full = builtin_name(builtin);
        match (builtin, full.rsplit_once('.')) {
            (Builtin::Package(path, _), Some((_, function))) => self.member(path, function),
            _ => Self::predeclared(&full),
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
            let path = spec.path.clone();
            self.import(wanted, &path);
        }
    }

    fn element(&mut self, scopes: &Scopes, element: &Element) -> Expr {
        match element {
            Element::Value(value) => self.expression(scopes, *value),
            Element::Comprehension(comprehension) => {
                Expr::Comprehension(Box::new(self.comprehension(scopes, comprehension, true)))
            }
        }
    }

    /// The declarations of a struct literal as they stand, within a frame.
    pub(super) fn plain_struct(
        &mut self,
        scopes: &Scopes,
        lit: &StructLit,
        frame: usize,
        vertex: Option<VertexId>,
    ) -> Expr {
        let scopes = self.within(scopes, frame, vertex);
        let dynamic = self.names.dynamic_len();
        // The fields whose aliases are known only when all of the struct is written.
        let mut aliased = Vec::new();
        let mut decls: Vec<Decl> = Vec::new();
        for decl in &lit.decls {
            if let IrDecl::Dynamic { notes: Some(notes), .. } | IrDecl::Pattern { notes: Some(notes), .. } = decl
                && let Some(alias) = &notes.alias
            {
                self.names.add_dynamic(alias.clone());
                aliased.push(decls.len());
            }
            let decl = self.decl(&scopes, decl, vertex);
            decls.push(decl);
        }
        let names = self.names.end_dynamic(dynamic);
        for (at, alias) in aliased.into_iter().zip(names) {
            if let (Some(alias), Some(Decl::Field(field))) = (alias, decls.get_mut(at)) {
                field.alias = Some(Box::new(ident(&alias)));
            }
        }
        for decl in lit.decls.iter().zip(&mut decls) {
            if let (IrDecl::Field(declared), Decl::Field(field)) = decl
                && field.alias.is_none()
                && let Some(alias) = self.frames[frame].aliases.get(&declared.label)
            {
                field.alias = Some(Box::new(ident(alias)));
            }
        }
        structure(decls)
    }

    fn decl(&mut self, scopes: &Scopes, decl: &IrDecl, vertex: Option<VertexId>) -> Decl {
        match decl {
            IrDecl::Field(decl) => {
                let notes = decl.notes.as_slice();
                let value_alias: Vec<_> = notes.iter().filter_map(|notes| notes.value_alias.clone()).collect();
                let (depth, value_alias) = self.names.open_value(&value_alias, true);
                let arc = vertex.and_then(|vertex| self.engine.v(self.engine.follow(vertex)).arc(decl.label));
                let is_struct = matches!(self.engine.expr(decl.value), Ir::Struct(_));
                let value = match is_struct {
                    true => self.merged(arc, &[(scopes.clone(), decl.value)]),
                    false => self.expression(scopes, decl.value),
                };
                self.names.close_value(depth);
                let alias = notes.iter().find_map(|notes| notes.alias.as_ref());
                let label =
                    if alias.is_some() { self.written_label(decl.label, decl.pos) } else { self.label(decl.label) };
                let mut field = field(label, decl.constraint, value);
                if let Some(arc) = arc.filter(|_| is_struct) {
                    self.link_field(arc, &mut field, value_alias.is_some());
                }
                field.value = aliased(value_alias, field.value);
                field.alias = alias.map(|alias| Box::new(ident(alias)));
                self.annotate(&mut field, notes, true);
                Decl::Field(field)
            }
            IrDecl::Dynamic { name, constraint, value, notes, .. } => {
                let label = self.dynamic_label(scopes, *name);
                let mut field = field(label, *constraint, self.expression(scopes, *value));
                self.annotate(&mut field, notes.as_slice(), true);
                Decl::Field(field)
            }
            IrDecl::Pattern { pattern, value, notes } => self.pattern(scopes, *pattern, *value, notes.as_ref()),
            IrDecl::Embed(expr) => embed(self.expression(scopes, *expr)),
            IrDecl::Comprehension(comprehension) => {
                let mut written = self.comprehension(scopes, comprehension, false);
                if let Some(doc) = &comprehension.doc {
                    written.comments.before = self.docs(std::slice::from_ref(doc));
                }
                Decl::Comprehension(written)
            }
            IrDecl::Ellipsis => Decl::Ellipsis(ellipsis(None)),
        }
    }

    /// The label of a dynamic field: its value, if that is computed and known.
    fn dynamic_label(&mut self, scopes: &Scopes, written: ExprId) -> ast::Label {
        let is_computed = !self.engine.is_reference(written) && !matches!(self.engine.expr(written), Ir::And { .. });
        if is_computed && let Ok(Atom::String(text)) = self.engine.eval_atom(scopes.env, written, self.nothing) {
            return ast::Label::String(string(&text, Lines::One));
        }
        match self.operand(scopes, written) {
            Expr::Interpolation(ref interpolation) => ast::Label::Interpolation(interpolation.clone()),
            Expr::Lit(ref lit) if lit.kind == ast::LitKind::String => ast::Label::String(lit.clone()),
            other => ast::Label::Paren(Box::new(other), Pos::NONE),
        }
    }

    fn pattern(&mut self, scopes: &Scopes, pattern: ExprId, value: ExprId, notes: Option<&Arc<Notes>>) -> Decl {
        let expr = self.operand_box(scopes, pattern);
        let matched = notes.and_then(|notes| notes.matched.as_deref());
        if matched.is_some() {
            self.note_names_of(value);
        }
        // Without a name of its own, the value tells whether the label needs one.
        let known = matched.map(|matched| self.names.unique(matched));
        let value_alias: Vec<_> = notes.iter().filter_map(|notes| notes.value_alias.clone()).collect();
        let (depth, value_alias) = self.names.open_value(&value_alias, true);
        self.matched.push(known);
        let value = self.expression(scopes, value);
        let alias = self.matched.pop().flatten().map(|name| Box::new(ident(&name)));
        self.names.close_value(depth);
        let label = ast::Label::Pattern(ast::Pattern { pos: Pos::NONE, alias, expr });
        let mut field = field(label, Constraint::None, aliased(value_alias, value));
        self.annotate(&mut field, notes.map(std::slice::from_ref).unwrap_or_default(), true);
        Decl::Field(field)
    }

    fn comprehension(&mut self, scopes: &Scopes, comprehension: &Comprehension, in_list: bool) -> ast::Comprehension {
        let mut inner = scopes.clone();
        let mut clauses = Vec::new();
        for clause in &comprehension.clauses {
            let is_first = clauses.is_empty() && !in_list;
            let name_of = |label: &Label| ident(&self.engine.store.labels.name(*label).text);
            let clause = match clause {
                Clause::For { key, value, source } => {
                    let (key, value) = (key.as_ref().map(name_of), name_of(value));
                    let pos = self.keyword(*source, "for", is_first);
                    self.links.sources += 1;
                    let source = self.operand_box(&inner, *source);
                    self.links.sources -= 1;
                    ast::Clause::For { pos, key, value, source }
                }
                Clause::If { condition } => {
                    let pos = self.keyword(*condition, "if", is_first);
                    let condition = self.operand_box(&inner, *condition);
                    clauses.push(ast::Clause::If { pos, condition });
                    continue;
                }
                Clause::Let { label, value } => {
                    let (ident, comments) = (name_of(label), Comments::default());
                    let pos = self.keyword(*value, "let", is_first);
                    let value = self.operand_box(&inner, *value);
                    ast::Clause::Let(ast::LetClause { pos, ident, value, comments })
                }
                Clause::Try { binding: None, .. } => {
                    clauses.push(ast::Clause::Try { pos: Pos::NONE, binding: None });
                    continue;
                }
                Clause::Try { binding: Some((label, value)), .. } => {
                    let binding = Some((name_of(label), self.operand_box(&inner, *value)));
                    ast::Clause::Try { pos: Pos::NONE, binding }
                }
            };
            clauses.push(clause);
            let frame = self.push_frame();
            inner = self.within(&inner, frame, None);
        }
        let value = self.yielded(&inner, comprehension.value);
        let otherwise = comprehension.otherwise.map(|value| self.expression(scopes, value));
        // As the reference does it, only what is a struct is shown.
        let otherwise = otherwise.filter(|value| matches!(value, Expr::Struct(_)));
        let otherwise = otherwise.map(|value| (Pos::NONE, Box::new(value)));
        ast::Comprehension { clauses, value: Box::new(value), otherwise, comments: Comments::default() }
    }

    /// Where the keyword of a clause stands, so that a line end before it is kept. Where the first one stands counts
    /// only if it begins a line.
    fn keyword(&self, operand: ExprId, keyword: &str, is_first: bool) -> Pos {
        let pos = self.engine.pos(operand);
        let Some(file) = self.files.get(pos.file.0 as usize) else { return Pos::NONE };
        let Some(before) = file.text.get(..pos.offset as usize) else { return Pos::NONE };
        let is_word = |at: &usize| {
            let blank = |char: char| char.is_whitespace();
            before[..*at].chars().next_back().is_none_or(|char| blank(char) || matches!(char, '{' | '['))
                && before[*at + keyword.len()..].starts_with(blank)
        };
        let Some(at) = before.rmatch_indices(keyword).map(|(at, _)| at).find(is_word) else { return Pos::NONE };
        let begins = at == 0 || before[..at].trim_end_matches([' ', '\t']).ends_with('\n');
        if begins || !is_first { Pos { file: pos.file, offset: at as u32 } } else { Pos::NONE }
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
        let mut exprs = ThinVec::new();
        for part in parts {
            match part {
                Part::Text(text) => {
                    let escaped = escaped(text, quote, multiline);
                    fragments.last_mut().expect("there is always one").push_str(&escaped);
                }
                Part::Expr(expr) => {
                    fragments.last_mut().expect("there is always one").push_str("\\(");
                    exprs.push(self.operand(scopes, *expr));
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
            '"' => literal::quoted(&String::from_utf8_lossy(text)),
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
