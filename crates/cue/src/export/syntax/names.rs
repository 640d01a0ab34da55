//! Names of aliases and `let` clauses: as they are written, unless that name is taken.

use std::{collections::HashSet, sync::Arc};

use super::{Exporter, OUTSIDE, Scopes, name, random::Pcg};
use crate::{
    eval::vertex::{NONE, Term, VertexId},
    ir::{Clause, Comprehension, Decl, Element, Expr as Ir, ExprId, Notes, Part, label::Label},
    syntax::{
        ast::{self, Expr},
        literal,
        pos::Pos,
    },
};

/// The names in what is written.
#[derive(Default)]
pub(super) struct Names {
    /// Those that are taken.
    taken: HashSet<String>,
    random: Option<Pcg>,
    /// Aliases that stand before labels: `X=a: 1`.
    labels: HashSet<Arc<str>>,
    /// Those of values, as they are written and as they are shown: `a: X={...}`.
    values: Vec<(Arc<str>, String)>,
    /// Aliases of dynamic fields and patterns, with the name they are shown by once they are used.
    dynamic: Vec<(Arc<str>, Option<String>)>,
}

impl Names {
    /// Takes a name of its own for an alias.
    pub(super) fn unique(&mut self, wanted: &str) -> String {
        if self.taken.insert(wanted.to_owned()) { wanted.to_owned() } else { self.another(wanted) }
    }

    /// A name with a number: the next small one, or one at random that becomes longer with each attempt.
    fn another(&mut self, base: &str) -> String {
        let small = (1..5).map(|number| format!("{base}_{number:X}"));
        if let Some(free) = small.into_iter().find(|name| !self.taken.contains(name)) {
            self.taken.insert(free.clone());
            return free;
        }
        let random = self.random.get_or_insert_with(|| Pcg::new(123, 456));
        let mut bound: u64 = 0x10;
        let mut digits = 1;
        loop {
            let number = random.below(bound - 1) + 1;
            let name = format!("{base}_{number:0digits$X}");
            if self.taken.insert(name.clone()) {
                return name;
            }
            bound = (((bound << 4) - 1) & 0xff_ffff_ffff_ffff) + 1;
            digits += 1;
        }
    }

    /// Starts a value that may have an alias; what is given back ends it.
    pub(super) fn open_value(&mut self, aliases: &[Arc<str>], keeps: bool) -> (usize, Option<String>) {
        let depth = self.values.len();
        let Some(first) = aliases.first() else { return (depth, None) };
        let shown = if keeps { first.to_string() } else { self.unique(first) };
        self.values.extend(aliases.iter().map(|alias| (alias.clone(), shown.clone())));
        (depth, Some(shown))
    }

    pub(super) fn close_value(&mut self, depth: usize) {
        self.values.truncate(depth);
    }

    /// How many dynamic fields are in reach.
    pub(super) fn dynamic_len(&self) -> usize {
        self.dynamic.len()
    }

    pub(super) fn add_dynamic(&mut self, alias: Arc<str>) {
        self.dynamic.push((alias, None));
    }

    /// Leaves the dynamic fields of a struct, with the names that were used of them.
    pub(super) fn end_dynamic(&mut self, len: usize) -> Vec<Option<String>> {
        self.dynamic.split_off(len).into_iter().map(|(_, shown)| shown).collect()
    }
}

impl Exporter<'_> {
    /// Takes the names that occur in the expressions of a value.
    pub(super) fn note_names(&mut self, vertex: VertexId) {
        for conjunct in self.engine.v(vertex).conjuncts.clone() {
            match conjunct.term {
                Term::Expr(expr) => self.note_names_of(expr),
                Term::Vertex(other) | Term::Plain(other) => self.note_names(other),
                Term::Datum(_) => {}
            }
        }
    }

    pub(super) fn note_names_of(&mut self, expr: ExprId) {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.note_names_inner(expr));
    }

    fn note_names_inner(&mut self, id: ExprId) {
        match self.engine.expr(id).clone() {
            Ir::Atom(_)
            | Ir::Top
            | Ir::Bottom
            | Ir::Type(_)
            | Ir::Range(..)
            | Ir::Builtin(_)
            | Ir::MatchedLabel { .. }
            | Ir::MatchedField { .. }
            | Ir::NamedField { .. }
            | Ir::Itself { field: None, .. }
            | Ir::Let { .. } => {}
            Ir::Struct(lit) => lit.decls.iter().for_each(|decl| self.note_names_of_decl(decl)),
            Ir::List(lit) => {
                for element in &lit.elements {
                    match element {
                        Element::Value(value) => self.note_names_of(*value),
                        Element::Comprehension(comprehension) => self.note_names_of_comprehension(comprehension),
                    }
                }
                lit.rest.flatten().into_iter().for_each(|rest| self.note_names_of(rest));
            }
            Ir::Field { label, .. } => self.take_label(label),
            Ir::Itself { name, .. } | Ir::Import { name, .. } => self.take(&name),
            Ir::Selector { base, label, .. } => {
                self.note_names_of(base);
                self.take_label(label);
            }
            Ir::Index { base: left, index: right }
            | Ir::And { left, right }
            | Ir::Binary { left, right, .. }
            | Ir::ShortCircuit { left, right, .. } => {
                self.note_names_of(left);
                self.note_names_of(right);
            }
            Ir::Slice { base, low, high } => {
                [Some(base), low, high].into_iter().flatten().for_each(|part| self.note_names_of(part))
            }
            Ir::Unary { operand, .. } | Ir::Bound { operand, .. } | Ir::Open(operand) => self.note_names_of(operand),
            Ir::Or(disjuncts) => disjuncts.iter().for_each(|disjunct| self.note_names_of(disjunct.expr)),
            Ir::Interpolation { parts, .. } => {
                for part in parts.iter() {
                    if let Part::Expr(expr) = part {
                        self.note_names_of(*expr);
                    }
                }
            }
            Ir::Call { function, args } => {
                self.note_names_of(function);
                args.iter().for_each(|arg| self.note_names_of(*arg));
            }
        }
    }

    fn note_names_of_decl(&mut self, decl: &Decl) {
        match decl {
            Decl::Field(field) => {
                self.take_label(field.label);
                self.note_names_of(field.value);
            }
            Decl::Dynamic { name: left, value: right, .. } | Decl::Pattern { pattern: left, value: right, .. } => {
                self.note_names_of(*left);
                self.note_names_of(*right);
            }
            Decl::Embed(expr) => self.note_names_of(*expr),
            Decl::Comprehension(comprehension) => self.note_names_of_comprehension(comprehension),
            Decl::Ellipsis => {}
        }
    }

    fn note_names_of_comprehension(&mut self, comprehension: &Comprehension) {
        for clause in &comprehension.clauses {
            match clause {
                Clause::For { key, value, .. } => {
                    key.iter().chain([value]).for_each(|label| self.take_label(*label));
                }
                Clause::If { condition } => self.note_names_of(*condition),
                Clause::Let { label, value } | Clause::Try { binding: Some((label, value)), .. } => {
                    self.take_label(*label);
                    self.note_names_of(*value);
                }
                Clause::Try { binding: None, .. } => {}
            }
        }
        self.note_names_of(comprehension.value);
        comprehension.otherwise.iter().for_each(|value| self.note_names_of(*value));
    }

    fn take(&mut self, name: &str) {
        self.names.taken.insert(name.to_owned());
    }

    fn take_label(&mut self, label: Label) {
        let text = self.engine.store.labels.name(label).text.clone();
        self.take(&text);
    }

    /// Makes the aliases of the fields of a struct known before the fields are written, and of what is embedded in it.
    pub(super) fn note_aliases(&mut self, expr: ExprId) {
        match self.engine.expr(expr).clone() {
            Ir::Struct(lit) => {
                for decl in &lit.decls {
                    match decl {
                        Decl::Field(field) => self.note_alias(field.notes.as_ref()),
                        Decl::Dynamic { notes, .. } => self.note_alias(notes.as_ref()),
                        Decl::Embed(expr) => self.note_aliases(*expr),
                        _ => {}
                    }
                }
            }
            Ir::And { left, right } => {
                self.note_aliases(left);
                self.note_aliases(right);
            }
            _ => {}
        }
    }

    fn note_alias(&mut self, notes: Option<&Arc<Notes>>) {
        if let Some(alias) = notes.and_then(|notes| notes.alias.clone()) {
            self.names.labels.insert(alias);
        }
    }

    /// The name that stands at the place of an expression.
    pub(super) fn written_name(&self, expr: ExprId) -> Option<&str> {
        let pos = self.engine.pos(expr);
        let text = self.files.get(pos.file.0 as usize)?.text.get(pos.offset as usize..)?;
        let is_part = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$' | '#');
        let len = text.find(|char| !is_part(char)).unwrap_or(text.len());
        Some(&text[..len]).filter(|name| !name.is_empty())
    }

    /// The name of a field of a struct around.
    pub(super) fn field_name(&mut self, scopes: &Scopes, id: ExprId, up: u32, label: Label) -> Expr {
        let text = self.engine.store.labels.name(label).text.clone();
        let written = self.written_name(id).filter(|written| **written != *text).map(str::to_owned);
        if let Some(written) = &written {
            if written == "self" {
                return name(written);
            }
            if let Some((_, shown)) = self.names.values.iter().rev().find(|(alias, _)| **alias == **written) {
                return name(shown);
            }
            if self.names.labels.contains(written.as_str()) {
                return name(written);
            }
        }
        if literal::is_identifier(&text) {
            return self.name_of_field(scopes, up, label, &text);
        }
        let frame = scopes.frames.iter().rev().nth(up as usize).copied().filter(|frame| *frame != OUTSIDE);
        if let Some(known) = frame.and_then(|frame| self.frames[frame].aliases.get(&label)) {
            return name(known);
        }
        let alias = self.names.unique(written.as_deref().unwrap_or("X"));
        if let Some(frame) = frame {
            self.frames[frame].aliases.insert(label, alias.clone());
        }
        name(&alias)
    }

    /// The label of a field as its name.
    fn name_of_field(&mut self, scopes: &Scopes, up: u32, label: Label, text: &str) -> Expr {
        let env = self.env_up(scopes.env, up);
        let vertex = if env == NONE { self.nothing } else { self.engine.store.envs[env].vertex };
        if vertex == self.nothing {
            return name(text);
        }
        match self.engine.v(self.engine.follow(vertex)).arc(label) {
            Some(arc) => self.name_of_vertex(text, arc),
            None => name(text),
        }
    }

    /// The name of a dynamic field, of what a pattern makes, or of the value of either.
    pub(super) fn dynamic_name(&mut self, alias: &str) -> Expr {
        if let Some((_, shown)) = self.names.values.iter().rev().find(|(known, _)| **known == *alias) {
            return name(shown);
        }
        let Some(at) = self.names.dynamic.iter().rposition(|(known, _)| **known == *alias) else { return name(alias) };
        if let Some(shown) = &self.names.dynamic[at].1 {
            return name(shown);
        }
        let shown = self.names.unique(alias);
        self.names.dynamic[at].1 = Some(shown.clone());
        name(&shown)
    }

    /// What a reference to a `let` shows: its name, where its clause is shown, or else its value.
    pub(super) fn let_reference(&mut self, scopes: &Scopes, up: u32, wanted: &str, value: ExprId) -> Expr {
        let level = scopes.frames.len().saturating_sub(up as usize);
        let inner = Scopes { frames: scopes.frames[..level].to_vec(), env: self.env_up(scopes.env, up) };
        let frame = inner.frames.last().copied().unwrap_or(OUTSIDE);
        if frame == OUTSIDE {
            return self.expression(&inner, value);
        }
        if let Some(clause) = self.frames[frame].lets.iter().find(|clause| clause.source == value) {
            return name(&clause.name);
        }
        let shown = self.names.unique(wanted);
        let pos = self.engine.pos(value);
        self.frames[frame].lets.push(super::LetClause { pos, name: shown.clone(), source: value, value: None });
        let expr = self.expression(&inner, value);
        if let Some(clause) = self.frames[frame].lets.iter_mut().find(|clause| clause.source == value) {
            clause.value = Some(expr);
        }
        name(&shown)
    }

    /// The label of a field as it is written behind an alias.
    pub(super) fn written_label(&self, label: Label, pos: Pos) -> ast::Label {
        let text = self.files.get(pos.file.0 as usize).and_then(|file| file.text.get(pos.offset as usize..));
        match text.filter(|text| text.starts_with(['"', '#'])).and_then(super::definition::literal_at) {
            Some(raw) if raw.ends_with(['"', '#']) => {
                ast::Label::String(ast::BasicLit { kind: ast::LitKind::String, raw: raw.to_owned(), pos: Pos::NONE })
            }
            _ => self.label(label),
        }
    }
}
