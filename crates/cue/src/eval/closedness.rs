//! Closedness: which fields a struct may have.
//!
//! Each conjunct belongs to a scope; scopes form a tree that follows references to definitions, embeddings and the
//! literals that embed. A reference to a definition opens a *required* scope: each regular field of the vertex, and of
//! all vertices below, needs a declaration, a pattern or `...` that
//!
//! - lies inside of the required scope, or,
//! - if that scope is embedded in a literal, lies in that literal outside of the embedding; and so on outwards.
//!
//! A scope that is open (`...`, `_`) lets all fields be, and restricts no further what it does not declare.

use super::{
    engine::Engine,
    label::Label,
    vertex::{Base, Declared, NONE, ScopeId, ScopeKind, VertexId},
};
use crate::{
    error::{Code, Rule},
    syntax::{ast::Constraint, pos::Pos},
};

impl Engine {
    /// Whether `inner` is `outer` or lies inside of it.
    fn is_within(&self, mut inner: ScopeId, outer: ScopeId) -> bool {
        while inner != NONE {
            if inner == outer {
                return true;
            }
            inner = self.store.scopes[inner].parent;
        }
        outer == NONE
    }

    /// Whether something declared in `evidence` is known to the required scope.
    fn is_evidence(&self, required: ScopeId, evidence: ScopeId) -> bool {
        if self.is_within(evidence, required) {
            return true;
        }
        if required == NONE {
            return false;
        }
        let mut embedding = self.enclosing_embedding(required);
        while embedding != NONE {
            let literal = self.store.scopes[embedding].parent;
            if self.is_within(evidence, literal) {
                return !self.is_within(evidence, embedding);
            }
            embedding = self.enclosing_embedding(literal);
        }
        false
    }

    /// The nearest embedding that a scope stands in, as long as only references to definitions lie between.
    fn enclosing_embedding(&self, scope: ScopeId) -> ScopeId {
        let mut scope = self.store.scopes[scope].parent;
        while scope != NONE && self.store.scopes[scope].kind != ScopeKind::Embedding {
            scope = self.store.scopes[scope].parent;
        }
        scope
    }

    /// The scopes that restrict the fields of a vertex.
    pub(crate) fn required_scopes(&self, vertex: VertexId) -> Vec<ScopeId> {
        let mut chain = vec![self.follow(vertex)];
        while let Some(parent) = self.restricting_parent(chain[chain.len() - 1]) {
            chain.push(parent);
        }
        let mut all = Vec::new();
        let mut parent = NONE;
        for vertex in chain.into_iter().rev() {
            let inherited = std::mem::replace(&mut all, self.v(vertex).work.required.clone());
            for scope in inherited {
                let one_level = self.store.scopes[scope].kind == ScopeKind::Close;
                if !one_level && !all.contains(&scope) && !self.is_released(scope, vertex, parent) {
                    all.push(scope);
                }
            }
            parent = vertex;
        }
        all
    }

    /// The vertex whose restrictions a field inherits.
    fn restricting_parent(&self, vertex: VertexId) -> Option<VertexId> {
        let v = self.v(vertex);
        let inherits = v.parent != NONE && v.label != Label::NONE && self.store.labels.is_regular(v.label);
        inherits.then(|| self.follow(v.parent))
    }

    /// Whether a required scope of the parent does not reach into a field: nothing that it knows declares the field,
    /// or `matchN` and `matchIf` judge what is below.
    fn is_released(&self, scope: ScopeId, vertex: VertexId, parent: VertexId) -> bool {
        let unchecked = &self.v(parent).work.unchecked_scopes;
        if unchecked.iter().any(|found| self.is_evidence(scope, *found)) {
            return true;
        }
        !self.v(vertex).declared.iter().any(|found| self.is_evidence(scope, found.scope))
    }

    /// Whether a required scope lets any field be: through `...`, or because `_` is all it says.
    fn is_open(&self, vertex: VertexId, required: ScopeId) -> bool {
        let work = &self.v(vertex).work;
        let within = |scope: &ScopeId| self.is_evidence(required, *scope);
        work.open_scopes.iter().any(|open| self.is_evidence(required, *open))
            || (work.top_scopes.iter().any(within) && !work.struct_scopes.iter().any(within))
    }

    /// Whether a struct is closed.
    pub(crate) fn is_closed(&self, vertex: VertexId) -> bool {
        let vertex = self.follow(vertex);
        !self.required_scopes(vertex).is_empty() || self.is_in_definition(vertex)
    }

    /// Whether a struct may have a regular field of a name.
    pub(crate) fn accepts(&self, vertex: VertexId, label: Label) -> bool {
        let vertex = self.follow(vertex);
        if !self.store.labels.is_regular(label) {
            return true;
        }
        let v = self.v(vertex);
        let declared = v.arc(label).map(|child| self.v(child).declared.clone()).unwrap_or_default();
        let required = self.required_scopes(vertex);
        if self.is_in_definition(vertex) && required.is_empty() {
            return !declared.is_empty() || self.is_open(vertex, NONE);
        }
        let known = |scope: &ScopeId| declared.iter().any(|found| self.is_evidence(*scope, found.scope));
        required.iter().all(|scope| self.is_open(vertex, *scope) || known(scope))
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
        let required = self.required_scopes(vertex);
        if required.is_empty() {
            return;
        }
        let required: Vec<ScopeId> = required.into_iter().filter(|scope| !self.is_open(vertex, *scope)).collect();
        for (label, child) in self.v(vertex).arcs.clone() {
            let concerned = self.v(child).constraint != Constraint::Optional && self.store.labels.is_regular(label);
            if !concerned || label.as_index().is_some() {
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
        self.vm(child).base = Base::Bottom(error);
    }
}
