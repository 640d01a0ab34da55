//! Evaluation that leaves nothing behind: a vertex is a function of its inputs, so that what was found out about it can
//! be forgotten and found out again.

use rustc_hash::FxHashSet;

use super::{
    closedness::Restrictions,
    engine::Engine,
    vertex::{EnvId, NONE, State, VertexId},
};
use crate::ir::ExprId;

/// What there was before.
pub(crate) struct Scratch {
    pub(crate) vertices: u32,
    envs: u32,
    exprs: u32,
    epoch: u32,
    restrictions: Restrictions,
}

impl Engine {
    /// From here on, what is evaluated will be forgotten.
    pub(crate) fn open_scratch(&mut self) -> Scratch {
        let store = &mut self.store;
        let (vertices, envs, exprs) = (store.vertices.len(), store.envs.len(), store.exprs.len());
        store.push_layer();
        Scratch { vertices, envs, exprs, epoch: self.epoch, restrictions: std::mem::take(&mut self.restrictions) }
    }

    /// Forgets what was evaluated since, but what it was made of besides the vertices that it was evaluated for: others
    /// may want that too.
    pub(crate) fn close_scratch(&mut self, scratch: Scratch, wanted: &FxHashSet<VertexId>) {
        let needed = self.needed(&scratch, wanted);
        let needed_lets = self.needed_lets(&scratch);
        self.store.drop_layer();
        let Scratch { vertices, epoch, restrictions, .. } = scratch;
        (self.epoch, self.restrictions) = (epoch, restrictions);
        self.lets.retain(|_, vertex| *vertex < vertices);
        self.patterns.retain(|_, vertex| *vertex < vertices);
        for vertex in needed {
            self.process(vertex);
        }
        for (env, value) in needed_lets {
            let vertex = self.vertex_of(env, value);
            self.process(vertex);
        }
    }

    /// The vertices from before that were evaluated and are neither wanted nor below what is, in the order in which
    /// they came.
    fn needed(&self, scratch: &Scratch, wanted: &FxHashSet<VertexId>) -> Vec<VertexId> {
        let vertices = &self.store.vertices;
        let is_new = |id: &VertexId| {
            *id < scratch.vertices && vertices[*id].state == State::Done && vertices.below(*id).state != State::Done
        };
        let mut needed: Vec<VertexId> =
            vertices.changed().filter(is_new).filter(|id| !self.is_below(*id, wanted)).collect();
        needed.sort_unstable();
        needed
    }

    fn is_below(&self, mut vertex: VertexId, wanted: &FxHashSet<VertexId>) -> bool {
        while vertex != NONE && !wanted.contains(&vertex) {
            vertex = self.v(vertex).parent;
        }
        vertex != NONE
    }

    /// The `let` clauses from before that were evaluated.
    fn needed_lets(&self, scratch: &Scratch) -> Vec<(EnvId, ExprId)> {
        let lets = self.lets.iter().filter(|(_, vertex)| **vertex >= scratch.vertices);
        let mut needed: Vec<_> = lets.map(|(place, _)| *place).collect();
        needed.retain(|(env, value)| *env < scratch.envs && *value < scratch.exprs);
        needed.sort_unstable();
        needed
    }
}
