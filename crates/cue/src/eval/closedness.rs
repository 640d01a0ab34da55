//! Closedness: which fields a struct may have.
//!
//! Each conjunct belongs to a scope; scopes form a tree that follows references to definitions, embeddings and the
//! outermost literals that embed. A reference to a definition opens a *required* scope: each regular field of the vertex,
//! and of all vertices below, needs a declaration, a pattern or `...` that
//!
//! - lies inside of the required scope, or,
//! - if that scope is embedded, lies in the outermost literal around it, but not in the embedding.
//!
//! That literal is a required scope as well. A scope that is open (`...`, `_`, a validator of the whole value) restricts
//! no further what it does not declare; where that is so of the outermost literal, what it embeds is content with
//! anything outside of the embedding.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    engine::Engine,
    vertex::{Base, Check, CheckRule, Declared, ListPart, NONE, Scope, ScopeId, ScopeKind, VertexId},
};
use crate::{
    error::{Code, Rule},
    ir::label::Label,
    kind::Kind,
    syntax::{ast::Constraint, pos::Pos},
};

/// How many scopes are looked at in the time of one step.
const SCOPES_PER_STEP: usize = 16;

/// What restricts the fields of a vertex.
#[derive(Clone, Debug, Default)]
pub(crate) struct Restriction {
    /// The scopes to which each field must be known.
    pub(crate) required: Arc<[ScopeId]>,
    /// The outermost literals that restrict no further, and the embeddings of which nothing more is known.
    lifted: Arc<[ScopeId]>,
}

/// The restrictions of vertices whose parents are here as well.
#[derive(Debug, Default)]
pub(crate) struct Restrictions {
    known: FxHashMap<VertexId, (usize, Restriction)>,
    /// In the order in which they came: what is above a vertex came before it.
    order: Vec<VertexId>,
}

impl Restrictions {
    fn get(&self, vertex: VertexId) -> Option<&Restriction> {
        self.known.get(&vertex).map(|(_, restriction)| restriction)
    }

    fn insert(&mut self, vertex: VertexId, restriction: Restriction) {
        self.known.insert(vertex, (self.order.len(), restriction));
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
    fn is_evidence(&self, required: ScopeId, evidence: ScopeId, lifted: &[ScopeId]) -> bool {
        if self.is_within(evidence, required) {
            return true;
        }
        let Scope { embedding, outer, .. } = self.store.scopes[required];
        if embedding == NONE || lifted.contains(&embedding) || self.is_within(evidence, embedding) {
            return false;
        }
        outer == NONE || lifted.contains(&outer) || self.is_within(evidence, outer)
    }

    /// What restricts the fields of a vertex.
    pub(crate) fn restriction(&self, vertex: VertexId) -> Restriction {
        let (chain, mut parent, mut all) = self.unknown_chain(vertex);
        for vertex in chain.into_iter().rev() {
            all = self.passed_down(vertex, parent, &all);
            parent = vertex;
        }
        all
    }

    /// The same, kept for whoever asks next. What it takes to find out counts as steps.
    fn kept_restriction(&mut self, vertex: VertexId) -> Restriction {
        let (chain, mut parent, mut all) = self.unknown_chain(vertex);
        for vertex in chain.into_iter().rev() {
            if !self.steps_of(all.required.len() / SCOPES_PER_STEP, vertex) {
                return all;
            }
            all = self.passed_down(vertex, parent, &all);
            self.restrictions.insert(vertex, all.clone());
            parent = vertex;
        }
        all
    }

    /// A vertex and those around it up to the first whose restriction is known, that one, and its restriction.
    fn unknown_chain(&self, vertex: VertexId) -> (Vec<VertexId>, VertexId, Restriction) {
        let mut chain = Vec::new();
        let mut next = Some(self.follow(vertex));
        while let Some(vertex) = next {
            if let Some(known) = self.restrictions.get(vertex) {
                return (chain, vertex, known.clone());
            }
            chain.push(vertex);
            next = self.restricting_parent(vertex);
        }
        (chain, NONE, Restriction::default())
    }

    /// What restricts a vertex: scopes of its own, and those of its parent that reach into it.
    fn passed_down(&self, vertex: VertexId, parent: VertexId, inherited: &Restriction) -> Restriction {
        let own = &self.v(vertex).work.required;
        let reaches = |scope: &ScopeId| {
            !own.contains(scope) && !self.closes_one_level(*scope) && self.reaches(*scope, vertex, parent)
        };
        let restricts = |scope: &ScopeId| !inherited.lifted.contains(scope) && self.reaches(*scope, vertex, parent);
        let required = match own.is_empty() && inherited.required.iter().all(reaches) {
            true => inherited.required.clone(),
            false => {
                let own = own.iter().copied().filter(restricts);
                own.chain(inherited.required.iter().copied().filter(reaches)).collect()
            }
        };
        let mut opened: Vec<ScopeId> = Vec::new();
        if self.opens(vertex) || (parent != NONE && self.opens(parent)) {
            let scopes = self.v(vertex).work.scopes.iter().chain(&*required);
            opened.extend(scopes.map(|scope| self.outermost_literal(*scope)).filter(|literal| *literal != NONE));
            opened.sort_unstable();
            opened.dedup();
            opened.retain(|literal| !restricts(literal));
            let around = self.embeddings_that_open(vertex);
            opened.extend(around.into_iter().filter(|embedding| self.is_opened_at(*embedding, vertex)));
            opened.retain(|scope| !inherited.lifted.contains(scope));
        }
        let lifted = match opened.is_empty() {
            true => inherited.lifted.clone(),
            false => inherited.lifted.iter().copied().chain(opened).collect(),
        };
        Restriction { required, lifted }
    }

    /// Whether anything at a vertex opens a scope.
    fn opens(&self, vertex: VertexId) -> bool {
        let work = &self.v(vertex).work;
        !work.open_scopes.is_empty() || !work.top_scopes.is_empty() || !work.unchecked_scopes.is_empty()
    }

    /// The outermost literal that embeds, in which a scope lies.
    pub(crate) fn outermost_literal(&self, scope: ScopeId) -> ScopeId {
        match scope {
            NONE => NONE,
            scope if self.store.scopes[scope].kind == ScopeKind::Struct => scope,
            scope => self.store.scopes[scope].outer,
        }
    }

    /// Whether a validator of the whole value, or `_` without a struct literal, opens a scope at a vertex.
    fn is_opened_at(&self, scope: ScopeId, vertex: VertexId) -> bool {
        let work = &self.v(vertex).work;
        let within = |found: &ScopeId| self.is_within(*found, scope);
        work.unchecked_scopes.iter().any(within)
            || (work.top_scopes.iter().any(within) && !work.structs.iter().any(|part| within(&part.scope)))
    }

    /// The embeddings in which something at a vertex opens a scope.
    fn embeddings_that_open(&self, vertex: VertexId) -> Vec<ScopeId> {
        let work = &self.v(vertex).work;
        let mut all: Vec<ScopeId> = Vec::new();
        for scope in work.unchecked_scopes.iter().chain(&work.top_scopes) {
            let mut next = *scope;
            while next != NONE && !all.contains(&next) {
                if self.store.scopes[next].kind == ScopeKind::Embedding {
                    all.push(next);
                }
                next = self.store.scopes[next].embedding;
            }
        }
        all
    }

    /// Whether a scope that restricts a parent, or came with the vertex, restricts the vertex.
    fn reaches(&self, scope: ScopeId, vertex: VertexId, parent: VertexId) -> bool {
        if self.is_opened_at(scope, vertex) {
            return false;
        }
        let v = self.v(vertex);
        let work = &v.work;
        let within = |found: &ScopeId| self.is_within(*found, scope);
        if parent == NONE {
            return true;
        }
        let declares = |scope: ScopeId| work.scopes.iter().any(|found| self.is_within(*found, scope));
        // A hidden field may always be.
        if v.label.as_index().is_none() && !self.store.labels.is_regular(v.label) && !declares(scope) {
            return false;
        }
        // `...` lets a field be that nothing beside it declares; as the end of a list it lets elements be anything.
        let around = &self.v(parent).work;
        let lets_be = |part: &ListPart| lets_element_be(part, v.label) && within(&part.info.scope);
        if around.lists.iter().any(lets_be) && !work.structs.iter().any(|part| within(&part.scope)) {
            return false;
        }
        let is_literal = self.store.scopes[scope].kind == ScopeKind::Struct;
        match around.open_scopes.iter().copied().find(|found| within(found)) {
            Some(open) => declares(if is_literal { open } else { scope }),
            None => true,
        }
    }

    /// Whether a scope restricts the fields of a vertex but not what is below: that of `close()`, or of a definition
    /// that is itself the result of `close()`.
    fn closes_one_level(&self, scope: ScopeId) -> bool {
        match self.store.scopes[scope].kind {
            ScopeKind::Close => true,
            ScopeKind::Definition(definition) if definition != NONE => {
                let required = &self.v(self.follow(definition)).work.required;
                required.iter().any(|scope| self.store.scopes[*scope].kind == ScopeKind::Close)
            }
            _ => false,
        }
    }

    /// Notes that a validator judges a struct or list as a whole.
    pub(crate) fn judge_as_a_whole(&mut self, vertex: VertexId, kind: Kind, scope: ScopeId) {
        if kind.intersects(Kind::STRUCT.or(Kind::LIST)) {
            self.forget_restrictions(vertex);
            self.vm(vertex).work.top_scopes.push(scope);
        }
    }

    /// Notes that a validator tells which fields a vertex may have, so that fields it knows need not be known to the
    /// struct.
    pub(crate) fn leave_unchecked(&mut self, vertex: VertexId, scope: ScopeId) {
        self.forget_restrictions(vertex);
        self.vm(vertex).work.unchecked_scopes.push(scope);
    }

    /// Opens the scope of a definition or of `close()`, which restricts the fields of a vertex.
    pub(crate) fn require(&mut self, vertex: VertexId, scope: ScopeId) {
        self.forget_restrictions(vertex);
        let Scope { kind, embedding, outer, .. } = self.store.scopes[scope];
        let required = &mut self.vm(vertex).work.required;
        required.push(scope);
        let closes_around = matches!(kind, ScopeKind::Definition(_)) && embedding != NONE && outer != NONE;
        if closes_around && !required.contains(&outer) {
            required.push(outer);
        }
    }

    /// What restricts a vertex may change, and with it what restricts the vertices below.
    pub(crate) fn forget_restrictions(&mut self, vertex: VertexId) {
        self.restrictions.forget(vertex);
    }

    /// The vertex whose restrictions a field inherits.
    fn restricting_parent(&self, vertex: VertexId) -> Option<VertexId> {
        let v = self.v(vertex);
        // Hidden fields and definitions may always be, but what a definition says of them holds for what is below.
        (v.parent != NONE && v.label != Label::NONE).then(|| self.follow(v.parent))
    }

    /// Whether a struct is closed.
    pub(crate) fn is_closed(&self, vertex: VertexId) -> bool {
        let vertex = self.follow(vertex);
        !self.restriction(vertex).required.is_empty() || self.is_in_definition(vertex)
    }

    /// Whether a definition restricts what is below a vertex.
    pub(crate) fn is_recursively_closed(&self, vertex: VertexId) -> bool {
        let vertex = self.follow(vertex);
        let is_definition = |scope: &ScopeId| matches!(self.store.scopes[*scope].kind, ScopeKind::Definition(_));
        self.restriction(vertex).required.iter().any(is_definition) || self.is_in_definition(vertex)
    }

    /// Whether `close()` restricts the fields of a vertex.
    pub(crate) fn is_closed_once(&self, vertex: VertexId) -> bool {
        let is_close = |scope: &ScopeId| self.store.scopes[*scope].kind == ScopeKind::Close;
        self.restriction(self.follow(vertex)).required.iter().any(is_close)
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

    /// Reports the fields that are not allowed, and the elements: what closes a struct closes a list in its place.
    pub(crate) fn check_closed(&mut self, vertex: VertexId) {
        let judged = match self.v(vertex).base {
            Base::Struct | Base::List => true,
            Base::Bottom(error) => self.is_incomplete(error),
            _ => false,
        };
        if !judged || self.v(vertex).arcs.is_empty() {
            return;
        }
        let Restriction { required, lifted } = self.kept_restriction(vertex);
        if required.is_empty() || !self.steps_of(required.len() / SCOPES_PER_STEP, vertex) {
            return;
        }
        let is_open =
            |scope: ScopeId| self.v(vertex).work.open_scopes.iter().any(|found| self.is_within(*found, scope));
        let closing: Vec<ScopeId> = required.iter().copied().filter(|scope| !is_open(*scope)).collect();
        let literals = closing.iter().map(|scope| self.outermost_literal(*scope));
        let opened = literals.filter(|literal| *literal != NONE && is_open(*literal));
        let lifted: Vec<ScopeId> = lifted.iter().copied().chain(opened).collect();
        for (label, child) in self.v(vertex).arcs.snapshot() {
            if !self.store.labels.is_regular(label) {
                continue;
            }
            let declared = self.v(child).declared.clone();
            let work = &self.v(vertex).work;
            let missing = closing.iter().copied().find(|scope| {
                let known = |found: ScopeId| self.is_evidence(*scope, found, &lifted);
                let is_known_element = label.as_index().is_some()
                    && (work.lists.iter().any(|part| lets_element_be(part, label) && known(part.info.scope))
                        || work.element_scopes.iter().any(|found| known(*found)));
                !is_known_element && !declared.iter().any(|found| known(found.scope))
            });
            if let Some(scope) = missing {
                self.fail_unknown(child, scope, &declared);
            }
        }
    }

    fn fail_unknown(&mut self, child: VertexId, scope: ScopeId, declared: &[Declared]) {
        let outside =
            |found: &&Declared| !found.derived && found.pos.is_some() && !self.is_evidence(scope, found.scope, &[]);
        let positions: Vec<Pos> = declared.iter().filter(outside).map(|found| found.pos).collect();
        // It is a function that judges the struct, if there is one, that asks for its fields.
        let judges = |check: &&Check| matches!(check.rule, CheckRule::Function(_));
        let judge = self.v(self.v(child).parent).work.checks.iter().find(judges);
        let judge = judge.map_or(self.tried_at, |check| check.origin.pos);
        let message = "field not allowed".to_owned();
        let child = self.follow(child);
        let error = self.error(Code::Eval, Rule::UnknownField, message, child, judge, positions);
        self.fail(child, error);
        // An optional field is still what it would be.
        if self.v(child).constraint != Constraint::Optional {
            self.vm(child).base = Base::Bottom(error);
        }
    }
}

/// Whether the open end of a list lets an element be anything.
fn lets_element_be(list: &ListPart, label: Label) -> bool {
    list.open && list.rest.is_none() && label.as_index().is_some_and(|index| index >= list.len)
}
