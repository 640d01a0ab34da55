//! Structural cycles: structures that would contain themselves without end.
//!
//! Each conjunct carries the trail of references that led to it. A reference closes a cycle when its target encloses
//! the vertex or was followed on the same trail before. That is an error only if nothing else is said about the
//! vertex: data that ends somewhere ends the cycle.

use super::{
    engine::Engine,
    vertex::{ErrorId, NONE, TrailId, VertexId},
};
use crate::{
    error::{Code, Rule},
    syntax::pos::Pos,
};

/// How many references of a trail are looked at in the time of one step.
pub(crate) const TRAILS_PER_STEP: usize = 16;

impl Engine {
    pub(crate) fn is_cyclic(&self, trail: TrailId) -> bool {
        trail != NONE && self.store.trails[trail].cyclic
    }

    /// Whether a reference from a vertex leads back to where it came from.
    pub(crate) fn closes_cycle(&self, vertex: VertexId, target: VertexId, mut trail: TrailId) -> bool {
        let mut above = self.v(vertex).parent;
        let target_followed = self.follow(target);
        while above != NONE {
            if above == target || above == target_followed {
                return true;
            }
            above = self.v(above).parent;
        }
        while trail != NONE {
            let step = self.store.trails[trail];
            if step.target == target {
                return true;
            }
            trail = step.parent;
        }
        false
    }

    /// Whether the same reference was followed for the same vertex before: it brings nothing that is not there.
    pub(crate) fn repeats(&self, vertex: VertexId, target: VertexId, mut trail: TrailId) -> bool {
        while trail != NONE {
            let step = self.store.trails[trail];
            if step.target == target && step.vertex == vertex {
                return true;
            }
            trail = step.parent;
        }
        false
    }

    /// Fails a vertex that is nothing but a way back to where it came from.
    pub(crate) fn check_structural_cycle(&mut self, vertex: VertexId) {
        let work = &self.v(vertex).work;
        if work.cyclic && !work.acyclic {
            let message = "structural cycle".to_owned();
            let error = self.error(Code::StructuralCycle, Rule::Cycle, message, vertex, Pos::NONE, vec![]);
            self.fail(vertex, error);
        }
    }

    /// Whether evaluation ends at a vertex, since below it everything would come again.
    pub(crate) fn ends_in_cycle(&self, vertex: VertexId) -> bool {
        let is_cycle = |error: &ErrorId| self.code(*error) == Code::StructuralCycle;
        self.v(vertex).work.cyclic && self.v(vertex).work.errors.iter().any(is_cycle)
    }
}
