//! Values on their own: what they refer to outside of themselves is written in its place or, below them, as `let`.
//!
//! First all references that lead outside are found, also from what is found; then, as expressions are written, each
//! such reference is replaced. What is used once, or is a plain literal, stands in the place of the reference; the rest
//! is taken along, each value as a whole with those below it.

use std::collections::{HashMap, HashSet};

use super::{Exporter, name};
use crate::{
    eval::vertex::{Base, Conjunct, EnvId, NONE, Term, VertexId},
    ir::{
        Clause, Comprehension, Decl, Element, Expr as Ir, ExprId, Part,
        label::{Label, LabelKind},
    },
    syntax::{
        ast::{self, CommentGroup, CommentGroups, Comments, Constraint, Expr},
        literal,
        made::{field, structure},
        pos::Pos,
    },
};

/// What is referred to, and by what.
#[derive(Default)]
pub(super) struct Pivot {
    targets: Vec<Target>,
    by_vertex: HashMap<VertexId, usize>,
    references: HashMap<ExprId, usize>,
    /// Targets that are being written in the place of a reference.
    inlined: Vec<VertexId>,
    /// The target whose `let` is being written.
    written: Option<usize>,
}

/// A vertex that is referred to.
struct Target {
    vertex: VertexId,
    /// The outermost target around it.
    parent: Option<usize>,
    uses: usize,
    /// Whether it is within the value that is written.
    included: bool,
    /// Its `let`, and the definition in that; empty for what is within another target.
    path: Vec<String>,
    is_needed: bool,
    is_written: bool,
}

/// A search for references.
struct Search<'a, 'b> {
    exporter: &'a mut Exporter<'b>,
    pivot: Pivot,
    node: VertexId,
    seen: HashSet<(EnvId, ExprId)>,
}

impl Exporter<'_> {
    /// Prepares a value that is part of another one to stand on its own.
    pub(super) fn pivot_around(&mut self, vertex: VertexId) {
        if self.engine.v(vertex).parent == NONE || self.engine.is_inline(vertex) {
            return;
        }
        let mut search = Search { exporter: self, pivot: Pivot::default(), node: vertex, seen: HashSet::new() };
        search.conjuncts_of(vertex);
        let mut pivot = search.pivot;
        self.include(&mut pivot, vertex);
        for index in 0..pivot.targets.len() {
            pivot.targets[index].parent = self.outermost_target(&pivot, pivot.targets[index].vertex);
        }
        for index in 0..pivot.targets.len() {
            if let Some(parent) = pivot.targets[index].parent {
                pivot.targets[parent].uses += 1;
            }
        }
        for index in 0..pivot.targets.len() {
            self.note_names(pivot.targets[index].vertex);
        }
        for index in 0..pivot.targets.len() {
            let target = &pivot.targets[index];
            if target.parent.is_none() && !target.included {
                pivot.targets[index].path = self.path_of_target(pivot.targets[index].vertex);
            }
        }
        self.pivot = Some(pivot);
    }

    fn include(&mut self, pivot: &mut Pivot, vertex: VertexId) {
        let target = pivot.target(vertex);
        pivot.targets[target].included = true;
        let arcs: Vec<VertexId> = self.engine.v(vertex).arcs.iter().map(|(_, arc)| *arc).collect();
        arcs.into_iter().for_each(|arc| self.include(pivot, arc));
    }

    fn outermost_target(&self, pivot: &Pivot, vertex: VertexId) -> Option<usize> {
        let mut around = self.engine.v(vertex).parent;
        let mut outermost = None;
        while around != NONE {
            outermost = pivot.by_vertex.get(&around).copied().or(outermost);
            around = self.engine.v(around).parent;
        }
        outermost
    }

    /// The name of the `let` for a target, and of a definition in it if the target is closed.
    fn path_of_target(&mut self, vertex: VertexId) -> Vec<String> {
        let Some(last) = self.engine.path(vertex).last().copied() else { return Vec::new() };
        let wanted = match last.as_index() {
            Some(index) => format!("Index{index}"),
            None => {
                let text = &self.engine.store.labels.name(last).text;
                let text: String =
                    text.chars().filter(|char| char.is_alphanumeric() || matches!(char, '_' | '#')).collect();
                text.trim_start_matches(['_', '#']).to_uppercase()
            }
        };
        let mut path = vec![self.names.unique(&wanted)];
        if self.engine.is_recursively_closed(vertex) {
            path.push("#x".to_owned());
        }
        path
    }

    /// What stands for a reference that leads outside of what is written.
    pub(super) fn replaced(&mut self, reference: ExprId) -> Option<Expr> {
        let pivot = self.pivot.as_ref()?;
        let index = *pivot.references.get(&reference)?;
        let target = &pivot.targets[index];
        let vertex = target.vertex;
        let root = pivot.root(index);
        let uses = pivot.targets[root].uses;
        let base = &self.engine.v(self.engine.follow(vertex)).base;
        let is_literal = matches!(base, Base::Atom(_));
        let is_concrete = matches!(base, Base::Atom(_) | Base::Struct | Base::List);
        let must_stay = target.included
            || self.definitions == 0 && self.engine.is_recursively_closed(vertex)
            || uses == 0
            || matches!(base, Base::Bottom(_))
            || !is_concrete && self.operators > 0
            || pivot.inlined.contains(&vertex);
        let is_small = is_literal || is_concrete && self.engine.v(self.engine.follow(vertex)).arcs.is_empty();
        if !must_stay && (uses == 1 && self.operators == 0 || is_small) {
            self.pivot.as_mut()?.inlined.push(vertex);
            let expr = self.definition(vertex);
            self.pivot.as_mut()?.inlined.retain(|inlined| *inlined != vertex);
            return Some(expr);
        }
        let found = self.other_reference(index, reference)?;
        self.pivot.as_mut()?.targets[index].is_needed = true;
        if root != index {
            self.pivot.as_mut()?.targets[root].is_needed = true;
        }
        Some(found)
    }

    /// The reference to a target by its new path; `None` if the old one still leads there.
    fn other_reference(&self, index: usize, reference: ExprId) -> Option<Expr> {
        let pivot = self.pivot.as_ref()?;
        let target = &pivot.targets[index];
        let Some(parent) = target.parent else {
            if pivot.written == Some(index) && target.path.len() > 1 {
                return target.path.last().map(|definition| name(definition));
            }
            return Some(selected(&target.path, &[]));
        };
        let (len, is_import) = self.reference_length(reference);
        let path = self.engine.path(target.vertex);
        let steps = path.len() - self.engine.path(pivot.targets[parent].vertex).len();
        let leads_there = if target.included { steps > len } else { !is_import && steps >= len };
        if leads_there {
            return None;
        }
        let labels: Vec<Selected> =
            path[path.len() - steps..].iter().map(|label| self.selected_label(*label)).collect();
        Some(selected(&pivot.targets[parent].path, &labels))
    }

    /// How many labels a reference has, and whether it begins with a package.
    fn reference_length(&self, mut reference: ExprId) -> (usize, bool) {
        let mut len = 0;
        loop {
            match self.engine.expr(reference) {
                Ir::Selector { base, .. } | Ir::Index { base, .. } => reference = *base,
                Ir::Import { .. } => return (len, true),
                Ir::Field { .. }
                | Ir::MatchedField { .. }
                | Ir::NamedField { .. }
                | Ir::Let { .. }
                | Ir::Itself { .. } => {
                    return (len + 1, false);
                }
                _ => return (len, false),
            }
            len += 1;
        }
    }

    fn selected_label(&self, label: Label) -> Selected {
        if let Some(index) = label.as_index() {
            return Selected::Index(index);
        }
        let text = self.engine.store.labels.name(label).text.to_string();
        let is_plain = self.engine.store.labels.kind(label) != LabelKind::Regular || literal::is_identifier(&text);
        if is_plain { Selected::Name(text) } else { Selected::Quoted(text) }
    }

    /// The `let` clauses of all that must be taken along.
    pub(super) fn taken_along(&mut self) -> Vec<ast::Decl> {
        let mut decls = Vec::new();
        // Writing one may show that another is needed.
        while let Some(index) = self.next_needed() {
            decls.push(self.taken(index));
        }
        decls
    }

    fn next_needed(&self) -> Option<usize> {
        let wanted = |target: &Target| target.is_needed && !target.is_written && !target.path.is_empty();
        self.pivot.as_ref()?.targets.iter().position(wanted)
    }

    fn taken(&mut self, index: usize) -> ast::Decl {
        let mut target = (NONE, Vec::new());
        if let Some(pivot) = &mut self.pivot {
            pivot.targets[index].is_written = true;
            pivot.written = Some(index);
            target = (pivot.targets[index].vertex, pivot.targets[index].path.clone());
        }
        let (vertex, path) = target;
        let mut value = self.definition(vertex);
        if let Some(pivot) = &mut self.pivot {
            pivot.written = None;
        }
        if let [_, definition] = &path[..] {
            let label = ast::Label::Ident(super::ident(definition));
            value = structure(vec![ast::Decl::Field(field(label, Constraint::None, value))]);
        }
        let labels: Vec<_> =
            self.engine.path(vertex).into_iter().map(|label| self.engine.store.labels.part(label)).collect();
        let line = format!("//cue:path: {}", crate::path_text(&labels));
        let group = CommentGroup { pos: Pos::APART, doc: true, slot: 0, lines: vec![line] };
        let comments = Comments::from(CommentGroups { before: vec![group], ..CommentGroups::default() });
        let ident = super::ident(&path[0]);
        ast::Decl::Let(ast::LetClause { pos: Pos::NONE, ident, value: Box::new(value), comments })
    }
}

impl Pivot {
    fn target(&mut self, vertex: VertexId) -> usize {
        *self.by_vertex.entry(vertex).or_insert_with(|| {
            let (parent, path) = (None, Vec::new());
            let (uses, included, is_needed, is_written) = (0, false, false, false);
            self.targets.push(Target { vertex, parent, uses, included, path, is_needed, is_written });
            self.targets.len() - 1
        })
    }

    /// The outermost target around one, or itself.
    fn root(&self, index: usize) -> usize {
        self.targets[index].parent.unwrap_or(index)
    }
}

/// A label at the end of a reference.
enum Selected {
    Name(String),
    Quoted(String),
    Index(usize),
}

fn selected(path: &[String], labels: &[Selected]) -> Expr {
    let path = path.iter().map(|text| Selected::Name(text.clone())).collect::<Vec<_>>();
    let mut all = path.iter().chain(labels).peekable();
    let first = all.next_if(|label| matches!(label, Selected::Name(_)));
    let mut expr = match first {
        Some(Selected::Name(text)) => name(text),
        _ => name("ROOT"),
    };
    for label in all {
        let base = Box::new(expr);
        let selector = match label {
            Selected::Name(text) => ast::Selector::Ident(super::ident(text)),
            Selected::Quoted(text) => ast::Selector::String(super::string(text, literal::Lines::One)),
            Selected::Index(index) => {
                let raw = index.to_string();
                let index = Box::new(Expr::Lit(ast::BasicLit { pos: Pos::NONE, kind: ast::LitKind::Int, raw }));
                expr = Expr::Index { base, pos: Pos::NONE, end: Pos::NONE, index };
                continue;
            }
        };
        expr = Expr::Selector { base, selector: Box::new(selector) };
    }
    expr
}

impl Search<'_, '_> {
    fn conjuncts_of(&mut self, vertex: VertexId) {
        for Conjunct { term, env, .. } in self.exporter.engine.v(vertex).conjuncts.clone() {
            match term {
                Term::Expr(expr) => self.expr(env, expr),
                Term::Vertex(other) | Term::Plain(other) => self.conjuncts_of(other),
                Term::Datum(_) => {}
            }
        }
    }

    fn expr(&mut self, env: EnvId, expr: ExprId) {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.expr_inner(env, expr));
    }

    fn expr_inner(&mut self, env: EnvId, id: ExprId) {
        match self.exporter.engine.expr(id).clone() {
            Ir::Atom(_)
            | Ir::Top
            | Ir::Bottom
            | Ir::Type(_)
            | Ir::Range(..)
            | Ir::Builtin(_)
            | Ir::MatchedLabel { .. } => {}
            Ir::Struct(lit) => {
                let inner = self.exporter.engine.new_env(env, self.exporter.nothing);
                lit.decls.iter().for_each(|decl| self.decl(inner, decl));
            }
            Ir::List(lit) => {
                for element in &lit.elements {
                    match element {
                        Element::Value(value) => self.expr(env, *value),
                        Element::Comprehension(comprehension) => self.comprehension(env, comprehension),
                    }
                }
                lit.rest.flatten().into_iter().for_each(|rest| self.expr(env, rest));
            }
            Ir::Field { .. }
            | Ir::MatchedField { .. }
            | Ir::NamedField { .. }
            | Ir::Itself { .. }
            | Ir::Let { .. }
            | Ir::Import { .. }
            | Ir::Selector { .. }
            | Ir::Index { .. } => self.reference(env, id),
            Ir::Slice { base, low, high } => {
                [Some(base), low, high].into_iter().flatten().for_each(|part| self.expr(env, part));
            }
            Ir::And { left, right } | Ir::Binary { left, right, .. } | Ir::ShortCircuit { left, right, .. } => {
                self.expr(env, left);
                self.expr(env, right);
            }
            Ir::Unary { operand, .. } | Ir::Bound { operand, .. } | Ir::Open(operand) => self.expr(env, operand),
            Ir::Or(disjuncts) => disjuncts.iter().for_each(|disjunct| self.expr(env, disjunct.expr)),
            Ir::Interpolation { parts, .. } => {
                for part in parts.iter() {
                    if let Part::Expr(expr) = part {
                        self.expr(env, *expr);
                    }
                }
            }
            Ir::Call { function, args } => {
                self.expr(env, function);
                args.iter().for_each(|arg| self.expr(env, *arg));
            }
        }
    }

    fn decl(&mut self, env: EnvId, decl: &Decl) {
        match decl {
            Decl::Field(field) => self.expr(env, field.value),
            Decl::Dynamic { name: left, value: right, .. } | Decl::Pattern { pattern: left, value: right, .. } => {
                self.expr(env, *left);
                self.expr(env, *right);
            }
            Decl::Embed(expr) => self.expr(env, *expr),
            Decl::Comprehension(comprehension) => self.comprehension(env, comprehension),
            Decl::Ellipsis => {}
        }
    }

    fn comprehension(&mut self, env: EnvId, comprehension: &Comprehension) {
        let mut inner = env;
        for clause in &comprehension.clauses {
            match clause {
                Clause::If { condition } => self.expr(inner, *condition),
                Clause::For { source: value, .. }
                | Clause::Let { value, .. }
                | Clause::Try { binding: Some((_, value)), .. } => {
                    self.expr(inner, *value);
                    inner = self.exporter.engine.new_env(inner, self.exporter.nothing);
                }
                Clause::Try { binding: None, .. } => {}
            }
        }
        self.expr(inner, comprehension.value);
        comprehension.otherwise.iter().for_each(|value| self.expr(env, *value));
    }

    fn reference(&mut self, env: EnvId, id: ExprId) {
        if !self.seen.insert((env, id)) {
            return;
        }
        if let Ir::Let { up, value, .. } = *self.exporter.engine.expr(id) {
            let env = self.exporter.env_up(env, up);
            if env != NONE && self.exporter.engine.store.envs[env].vertex != self.exporter.nothing {
                self.expr(env, value);
            }
            return;
        }
        match self.target(env, id) {
            Some(vertex) if self.exporter.engine.is_inline(vertex) => self.parts(env, id),
            Some(vertex) => self.found(id, vertex),
            None => self.parts(env, id),
        }
    }

    /// Where a reference leads, if that can be told.
    fn target(&mut self, env: EnvId, id: ExprId) -> Option<VertexId> {
        let nothing = self.exporter.nothing;
        let up = match *self.exporter.engine.expr(id) {
            Ir::Field { up, .. } | Ir::MatchedField { up, .. } | Ir::NamedField { up, .. } | Ir::Itself { up, .. } => {
                Some(up)
            }
            _ => None,
        };
        if let Some(up) = up {
            let env = self.exporter.env_up(env, up);
            if env == NONE || self.exporter.engine.store.envs[env].vertex == nothing {
                return None;
            }
        }
        self.exporter.engine.resolve(env, id, nothing).ok()
    }

    /// The references within one that leads nowhere.
    fn parts(&mut self, env: EnvId, id: ExprId) {
        match *self.exporter.engine.expr(id) {
            Ir::Selector { base, .. } => self.expr(env, base),
            Ir::Index { base, index } => {
                self.expr(env, base);
                self.expr(env, index);
            }
            _ => {}
        }
    }

    fn found(&mut self, id: ExprId, vertex: VertexId) {
        // What is imported can be named from anywhere.
        let (_, is_imported) = self.exporter.reference_length(id);
        if is_imported || vertex == self.node || self.pivot.references.contains_key(&id) {
            return;
        }
        self.exporter.engine.finalize(vertex);
        let is_new = !self.pivot.by_vertex.contains_key(&vertex);
        let target = self.pivot.target(vertex);
        self.pivot.targets[target].uses += 1;
        self.pivot.references.insert(id, target);
        if is_new {
            let node = std::mem::replace(&mut self.node, vertex);
            self.conjuncts_of(vertex);
            self.node = node;
        }
    }
}
