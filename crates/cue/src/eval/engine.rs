//! The evaluator's state and its bounds.
//!
//! One engine works on one store; it is not shared between threads.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    closedness::Restrictions,
    vertex::{
        Bottom, Cycle, Env, EnvId, ErrorId, NONE, Origin, Scope, ScopeId, ScopeKind, StepId, Store, Term, TrailId,
        Vertex, VertexId,
    },
};
use crate::{
    error::{Code, Rule},
    ir::{Expr, ExprId, label::Label},
    limits::Limits,
    syntax::pos::Pos,
};

/// The result of work that may have to wait or may fail.
pub(crate) type Outcome<T> = Result<T, ErrorId>;

/// The evaluator.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) limits: Arc<Limits>,
    /// The root vertex of each package.
    pub(crate) packages: Arc<Vec<VertexId>>,
    /// Grows whenever a vertex changes after it was read.
    pub(crate) epoch: u32,
    /// Whether what is unknown now will stay so: fields that are not there count as absent.
    pub(crate) settled: bool,
    /// Whether a value is looked at before all is known of it: what is missing may still come.
    pub(crate) lenient: bool,
    /// How what is evaluated now came about, for structs without a path.
    pub(crate) way: (StepId, Cycle),
    /// The list that clashes are told of which are found just now in one of its elements.
    pub(crate) told_of: VertexId,
    /// Where the function is called that tries values just now.
    pub(crate) tried_at: Pos,
    pub(crate) steps: u64,
    pub(crate) disjuncts: u64,
    pub(crate) depth: u32,
    /// The handle from which on there is no room for vertices: what is below a value is not evaluated further then.
    pub(crate) room: VertexId,
    /// Whether there was too little room.
    pub(crate) is_short_of_room: bool,
    /// The error of a limit that was reached; evaluation stops.
    pub(crate) exhausted: ErrorId,
    pub(crate) lets: FxHashMap<(EnvId, ExprId), VertexId>,
    /// Patterns that mean the same everywhere.
    pub(crate) patterns: FxHashMap<ExprId, VertexId>,
    pub(crate) restrictions: Restrictions,
    pub(crate) regexps: FxHashMap<Arc<str>, super::bounds::CachedRegexp>,
}

impl Engine {
    /// An engine over a store.
    pub(crate) fn new(store: Store, limits: Arc<Limits>, packages: Arc<Vec<VertexId>>) -> Self {
        Self {
            store,
            limits,
            packages,
            epoch: 1,
            settled: false,
            lenient: false,
            way: (NONE, Cycle::None),
            told_of: NONE,
            tried_at: Pos::NONE,
            steps: 0,
            disjuncts: 0,
            depth: 0,
            room: NONE,
            is_short_of_room: false,
            exhausted: NONE,
            lets: FxHashMap::default(),
            patterns: FxHashMap::default(),
            restrictions: Restrictions::default(),
            regexps: FxHashMap::default(),
        }
    }

    /// A layer on top of what is frozen, to evaluate more.
    pub(crate) fn fork(&self) -> Self {
        let fork = Self::new(self.store.fork(), self.limits.clone(), self.packages.clone());
        Self { epoch: self.epoch, exhausted: self.exhausted, ..fork }
    }

    pub(crate) fn v(&self, id: VertexId) -> &Vertex {
        &self.store.vertices[id]
    }

    pub(crate) fn vm(&mut self, id: VertexId) -> &mut Vertex {
        &mut self.store.vertices[id]
    }

    pub(crate) fn expr(&self, id: ExprId) -> &Expr {
        &self.store.exprs[id].expr
    }

    pub(crate) fn pos(&self, id: ExprId) -> Pos {
        self.store.exprs[id].pos
    }

    /// A vertex that is no field of its parent.
    pub(crate) fn new_vertex(&mut self, parent: VertexId, label: Label) -> VertexId {
        self.store.vertices.push(Vertex::new(parent, label))
    }

    /// A vertex for the value of an expression that is no field.
    pub(crate) fn anonymous(&mut self, term: Term, env: EnvId) -> VertexId {
        let parent = if env == NONE { NONE } else { self.store.envs[env].vertex };
        let id = self.new_vertex(parent, Label::NONE);
        let conjunct = self.inline_conjunct(term, env);
        self.vm(id).conjuncts.push(conjunct);
        id
    }

    pub(crate) fn new_env(&mut self, up: EnvId, vertex: VertexId) -> EnvId {
        self.store.envs.push(Env { up, vertex, label: Label::NONE })
    }

    /// Whether references lead to the same from two environments.
    pub(crate) fn is_same_env(&self, mut a: EnvId, mut b: EnvId) -> bool {
        while a != b {
            if a == NONE || b == NONE {
                return false;
            }
            let (one, other) = (self.store.envs[a], self.store.envs[b]);
            if (one.vertex, one.label) != (other.vertex, other.label) {
                return false;
            }
            (a, b) = (one.up, other.up);
        }
        true
    }

    pub(crate) fn new_scope(&mut self, parent: ScopeId, kind: ScopeKind) -> ScopeId {
        let scopes = &self.store.scopes;
        let mut scope = Scope { parent, kind, embedding: NONE, outer: NONE, depth: 0, jump: NONE };
        if parent != NONE {
            let around = scopes[parent];
            scope.embedding = if around.kind == ScopeKind::Embedding { parent } else { around.embedding };
            scope.outer = self.outermost_literal(parent);
            scope.depth = around.depth + 1;
            scope.jump = self.next_jump(parent);
        }
        self.store.scopes.push(scope)
    }

    /// Where a scope inside of another jumps to: the jumps are the digits of the depth as a skew binary number.
    fn next_jump(&self, parent: ScopeId) -> ScopeId {
        let scopes = &self.store.scopes;
        let first = scopes[parent].jump;
        if first == NONE {
            return parent;
        }
        let second = scopes[first].jump;
        let length = |from: ScopeId, to: ScopeId| scopes[from].depth - scopes[to].depth;
        if second != NONE && length(parent, first) == length(first, second) { second } else { parent }
    }

    /// The environment some levels up.
    pub(crate) fn env_up(&self, mut env: EnvId, up: u32) -> EnvId {
        for _ in 0..up {
            env = self.store.envs[env].up;
        }
        env
    }

    /// The vertex that stands for another: the chosen alternative.
    pub(crate) fn follow(&self, mut id: VertexId) -> VertexId {
        while self.v(id).redirect != NONE {
            id = self.v(id).redirect;
        }
        id
    }

    /// Lets another vertex stand for one, or none.
    pub(crate) fn redirect(&mut self, vertex: VertexId, target: VertexId) {
        if self.v(vertex).redirect != target {
            self.forget_restrictions(self.follow(vertex));
            self.vm(vertex).redirect = target;
        }
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.exhausted != NONE
    }

    /// Counts a step; gives whether evaluation may go on.
    pub(crate) fn step(&mut self, vertex: VertexId) -> bool {
        self.steps_of(1, vertex)
    }

    /// Counts work that is worth many steps; gives whether evaluation may go on.
    pub(crate) fn steps_of(&mut self, work: usize, vertex: VertexId) -> bool {
        self.steps = self.steps.saturating_add(work as u64);
        if self.steps > self.limits.steps_max {
            let message = format!("evaluation takes more than {} steps (limit steps_max)", self.limits.steps_max);
            self.exhaust(message, vertex);
        }
        !self.is_exhausted()
    }

    pub(crate) fn exhaust(&mut self, message: String, vertex: VertexId) {
        if !self.is_exhausted() {
            self.exhausted = self.error(Code::Limit, Rule::Limit, message, vertex, Pos::NONE, Vec::new());
        }
    }

    pub(crate) fn error(
        &mut self,
        code: Code,
        rule: Rule,
        message: String,
        vertex: VertexId,
        primary: Pos,
        positions: Vec<Pos>,
    ) -> ErrorId {
        self.store.errors.push(Bottom { code, rule, message, vertex, primary, positions, parts: Vec::new() })
    }

    pub(crate) fn code(&self, error: ErrorId) -> Code {
        self.store.errors[error].code
    }

    /// Whether more information could mend an error.
    pub(crate) fn is_incomplete(&self, error: ErrorId) -> bool {
        matches!(self.code(error), Code::Incomplete | Code::Cycle)
    }

    /// The positions of an origin: its own and those of the references that led to it.
    pub(crate) fn positions(&self, origin: &Origin) -> Vec<Pos> {
        let mut all: Vec<Pos> = [origin.pos].into_iter().filter(|pos| pos.is_some()).collect();
        all.extend(self.trail_positions(origin.trail));
        all
    }

    pub(crate) fn trail_positions(&self, mut trail: TrailId) -> Vec<Pos> {
        let mut all = Vec::new();
        while trail != NONE {
            let step = self.store.trails[trail];
            if step.pos.is_some() {
                all.push(step.pos);
            }
            trail = step.parent;
        }
        all
    }

    /// Records an error in a vertex.
    pub(crate) fn fail(&mut self, vertex: VertexId, error: ErrorId) {
        let errors = &mut self.vm(vertex).work.errors;
        if !errors.contains(&error) {
            errors.push(error);
        }
    }

    /// The labels from the root to a vertex.
    pub(crate) fn path(&self, mut vertex: VertexId) -> Vec<Label> {
        let mut labels = Vec::new();
        while vertex != NONE {
            let v = self.v(vertex);
            if v.label != Label::NONE {
                labels.push(v.label);
            }
            vertex = v.parent;
        }
        labels.reverse();
        labels
    }
}
