//! Closedness: which fields a struct may have.
//!
//! Each conjunct belongs to a scope; scopes form a tree that follows references to definitions, embeddings and the
//! literals that embed. A reference to a definition opens a *required* scope: each regular field of the vertex, and of
//! all vertices below, needs a declaration, a pattern or `...` that
//!
//! - lies inside of the required scope, or,
//! - if that scope is embedded in a literal, lies in that literal outside of the embedding; and so on outwards.
//!
//! A scope that is open (`...`, `_`) lets all fields be, and restricts no further what it does not declare. What is embedded
//! in a literal restricts no more than what is around that literal: beside `...` or `matchN` there it restricts nothing.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    engine::Engine,
    label::{Label, LabelKind},
    vertex::{Base, Declared, NONE, Scope, ScopeId, ScopeKind, VertexId},
};
use crate::{
    error::{Code, Rule},
    syntax::{ast::Constraint, pos::Pos},
};

/// How many scopes are looked at in the time of one step.
const SCOPES_PER_STEP: usize = 16;

/// The scopes that restrict the fields of vertices, for vertices whose parents are here as well.
#[derive(Debug, Default)]
pub(crate) struct Restrictions {
    known: FxHashMap<VertexId, (usize, Arc<[ScopeId]>)>,
    /// In the order in which they came: what is above a vertex came before it.
    order: Vec<VertexId>,
}

impl Restrictions {
    fn get(&self, vertex: VertexId) -> Option<&Arc<[ScopeId]>> {
        self.known.get(&vertex).map(|(_, scopes)| scopes)
    }

    fn insert(&mut self, vertex: VertexId, scopes: Arc<[ScopeId]>) {
        self.known.insert(vertex, (self.order.len(), scopes));
        self.order.push(vertex);
    }

    /// Forgets a vertex and what came after it, as everything below it did.
    fn forget(&mut self, vertex: VertexId) {
        if let Some((at, _)) = self.known.get(&vertex) {
            self.order.drain(*at..).for_each(|later| drop(self.known.remove(&later)));
        }
    }
}

impl Engine {
    /// Whether `inner` is `outer` or lies inside of it.
    fn is_within(&self, mut inner: ScopeId, outer: ScopeId) -> bool {
        if inner == NONE || outer == NONE {
            return outer == NONE;
        }
        let scopes = &self.store.scopes;
        let depth = scopes[outer].depth;
        while scopes[inner].depth > depth {
            let Scope { parent, jump, .. } = scopes[inner];
            inner = if scopes[jump].depth >= depth { jump } else { parent };
        }
        inner == outer
    }

    /// Whether something declared in `evidence` is known to the required scope.
    fn is_evidence(&self, required: ScopeId, evidence: ScopeId) -> bool {
        if self.is_within(evidence, required) {
            return true;
        }
        if required == NONE {
            return false;
        }
        let mut embedding = self.store.scopes[required].embedding;
        while embedding != NONE {
            let literal = self.store.scopes[embedding].parent;
            if self.is_within(evidence, literal) {
                return !self.is_within(evidence, embedding);
            }
            embedding = self.store.scopes[literal].embedding;
        }
        false
    }

    /// Whether a scope that lets fields be stands beside the literal that the required scope is embedded in.
    fn is_beside(&self, required: ScopeId, mut open: ScopeId) -> bool {
        let scopes = &self.store.scopes;
        let mut embedded = required;
        while embedded != NONE && scopes[embedded].embedding != NONE {
            embedded = scopes[scopes[embedded].embedding].parent;
        }
        if embedded == required {
            return false;
        }
        let around = scopes[embedded].parent;
        // A literal that embeds, and what is embedded in it, speak for what is around it.
        let speaks_on = |scope: ScopeId| matches!(scopes[scope].kind, ScopeKind::Struct | ScopeKind::Embedding);
        while open != around && open != NONE && speaks_on(open) {
            open = scopes[open].parent;
        }
        open == around
    }

    /// Whether a validator of a whole value around the vertex lets what is embedded in it be. What is embedded in the
    /// elements of a list inside that value stays closed.
    fn is_unchecked(&self, required: ScopeId, vertex: VertexId) -> bool {
        if required == NONE || self.store.scopes[required].embedding == NONE {
            return false;
        }
        let field_of = |vertex: &VertexId| {
            let is_element = self.v(*vertex).label.as_index().is_some();
            self.restricting_parent(*vertex).filter(|_| !is_element)
        };
        let mut around = std::iter::successors(field_of(&vertex), field_of);
        around.any(|parent| self.v(parent).work.unchecked_scopes.iter().any(|found| self.is_beside(required, *found)))
    }

    /// The scopes that restrict the fields of a vertex.
    pub(crate) fn required_scopes(&self, vertex: VertexId) -> Arc<[ScopeId]> {
        let (chain, mut parent, mut all) = self.unknown_chain(vertex);
        for vertex in chain.into_iter().rev() {
            all = self.passed_down(vertex, parent, &all);
            parent = vertex;
        }
        all
    }

    /// The same, kept for whoever asks next. What it takes to find out counts as steps.
    fn restrictions(&mut self, vertex: VertexId) -> Arc<[ScopeId]> {
        let (chain, mut parent, mut all) = self.unknown_chain(vertex);
        for vertex in chain.into_iter().rev() {
            if !self.steps_of(all.len() / SCOPES_PER_STEP, vertex) {
                return all;
            }
            all = self.passed_down(vertex, parent, &all);
            self.restrictions.insert(vertex, all.clone());
            parent = vertex;
        }
        all
    }

    /// A vertex and those around it up to the first whose restrictions are known, that one, and its restrictions.
    fn unknown_chain(&self, vertex: VertexId) -> (Vec<VertexId>, VertexId, Arc<[ScopeId]>) {
        let mut chain = Vec::new();
        let mut next = Some(self.follow(vertex));
        while let Some(vertex) = next {
            if let Some(known) = self.restrictions.get(vertex) {
                return (chain, vertex, known.clone());
            }
            chain.push(vertex);
            next = self.restricting_parent(vertex);
        }
        (chain, NONE, Arc::default())
    }

    /// The scopes that restrict a vertex: its own, and those of its parent that reach into it.
    fn passed_down(&self, vertex: VertexId, parent: VertexId, inherited: &Arc<[ScopeId]>) -> Arc<[ScopeId]> {
        let own = &self.v(vertex).work.required;
        let reaches = |scope: &ScopeId| {
            let one_level = self.store.scopes[*scope].kind == ScopeKind::Close;
            !one_level && !own.contains(scope) && !self.is_released(*scope, vertex, parent)
        };
        if own.is_empty() && inherited.iter().all(reaches) {
            return inherited.clone();
        }
        let own_ones = own.iter().copied().filter(|scope| !self.is_unchecked(*scope, vertex));
        own_ones.chain(inherited.iter().copied().filter(reaches)).collect()
    }

    /// Opens a scope that restricts the fields of a vertex.
    pub(crate) fn require(&mut self, vertex: VertexId, scope: ScopeId) {
        self.forget_restrictions(vertex);
        self.vm(vertex).work.required.push(scope);
    }

    /// What restricts a vertex may change, and with it what restricts the vertices below.
    pub(crate) fn forget_restrictions(&mut self, vertex: VertexId) {
        self.restrictions.forget(vertex);
    }

    /// The vertex whose restrictions a field inherits.
    fn restricting_parent(&self, vertex: VertexId) -> Option<VertexId> {
        let v = self.v(vertex);
        let is_field = v.parent != NONE && v.label != Label::NONE;
        // A hidden field may always be, but what a definition says of it holds for what is below.
        let inherits = is_field && matches!(self.store.labels.kind(v.label), LabelKind::Regular | LabelKind::Hidden);
        inherits.then(|| self.follow(v.parent))
    }

    /// Whether a required scope of the parent does not reach into a field: `...` in what it knows lets the field be, which
    /// nothing that it knows declares, or `matchN` and `matchIf` judge what is below.
    fn is_released(&self, scope: ScopeId, vertex: VertexId, parent: VertexId) -> bool {
        let work = &self.v(parent).work;
        if work.unchecked_scopes.iter().any(|found| self.is_evidence(scope, *found)) {
            return true;
        }
        // Hidden fields and elements may always be.
        let label = self.v(vertex).label;
        let free = label.as_index().is_some() || !self.store.labels.is_regular(label);
        let known = |found: &Declared| self.is_evidence(scope, found.scope);
        (free || self.is_open(parent, scope)) && !self.v(vertex).declared.iter().any(known)
    }

    /// Whether a required scope lets any field be: through `...`, or because `_` is all it says.
    fn is_open(&self, vertex: VertexId, required: ScopeId) -> bool {
        let work = &self.v(vertex).work;
        let within = |scope: &ScopeId| self.is_evidence(required, *scope);
        work.open_scopes.iter().any(|open| self.is_evidence(required, *open) || self.is_beside(required, *open))
            || (work.top_scopes.iter().any(within) && !work.structs.iter().any(|part| within(&part.scope)))
    }

    /// Whether a struct is closed.
    pub(crate) fn is_closed(&self, vertex: VertexId) -> bool {
        let vertex = self.follow(vertex);
        !self.required_scopes(vertex).is_empty() || self.is_in_definition(vertex)
    }

    /// Whether a definition restricts what is below a vertex.
    pub(crate) fn is_recursively_closed(&self, vertex: VertexId) -> bool {
        let vertex = self.follow(vertex);
        let is_definition = |scope: &ScopeId| self.store.scopes[*scope].kind == ScopeKind::Definition;
        self.required_scopes(vertex).iter().any(is_definition) || self.is_in_definition(vertex)
    }

    /// Whether `close()` restricts the fields of a vertex.
    pub(crate) fn is_closed_once(&self, vertex: VertexId) -> bool {
        let is_close = |scope: &ScopeId| self.store.scopes[*scope].kind == ScopeKind::Close;
        self.required_scopes(self.follow(vertex)).iter().any(is_close)
    }

    /// Whether a struct may have a regular field of a name, looking at the struct as a whole: what it declares, a pattern
    /// or `...` lets the field be, whichever conjunct that is from.
    pub(crate) fn accepts(&mut self, vertex: VertexId, label: Label) -> bool {
        let vertex = self.follow(vertex);
        if let Base::Disjunction(leaves) = self.v(vertex).base.clone() {
            return leaves.iter().any(|(leaf, _)| self.accepts(*leaf, label));
        }
        if !self.store.labels.is_regular(label) || !self.is_closed(vertex) {
            return true;
        }
        let v = self.v(vertex);
        if !v.work.open_scopes.is_empty() || v.arc(label).is_some() {
            return true;
        }
        let patterns: Vec<VertexId> = v.work.patterns.iter().map(|pattern| pattern.pattern).collect();
        patterns.into_iter().any(|pattern| self.pattern_matches(pattern, label))
    }

    /// Reports the fields that are not allowed.
    pub(crate) fn check_closed(&mut self, vertex: VertexId) {
        let judged = match self.v(vertex).base {
            Base::Struct => true,
            Base::Bottom(error) => self.is_incomplete(error),
            _ => false,
        };
        if !judged || self.v(vertex).arcs.is_empty() {
            return;
        }
        let required = self.restrictions(vertex);
        if required.is_empty() || !self.steps_of(required.len() / SCOPES_PER_STEP, vertex) {
            return;
        }
        let required: Vec<ScopeId> = required.iter().copied().filter(|scope| !self.is_open(vertex, *scope)).collect();
        for (label, child) in self.v(vertex).arcs.snapshot() {
            if !self.store.labels.is_regular(label) || label.as_index().is_some() {
                continue;
            }
            let declared = self.v(child).declared.clone();
            let missing = required.iter().copied().find(|scope| {
                let known = |found: ScopeId| self.is_evidence(*scope, found);
                !declared.iter().any(|found| known(found.scope))
            });
            if let Some(scope) = missing {
                self.fail_unknown(child, scope, &declared);
            }
        }
    }

    fn fail_unknown(&mut self, child: VertexId, scope: ScopeId, declared: &[Declared]) {
        let outside =
            |found: &&Declared| !found.derived && found.pos.is_some() && !self.is_evidence(scope, found.scope);
        let positions: Vec<Pos> = declared.iter().filter(outside).map(|found| found.pos).collect();
        let message = "field not allowed".to_owned();
        let child = self.follow(child);
        let error = self.error(Code::Eval, Rule::UnknownField, message, child, Pos::NONE, positions);
        self.fail(child, error);
        // An optional field is still what it would be.
        if self.v(child).constraint != Constraint::Optional {
            self.vm(child).base = Base::Bottom(error);
        }
    }
}
