//! Structural cycles: structures that would contain themselves without end.
//!
//! Each conjunct carries the trail of references that led to it. A reference closes a cycle when its target encloses
//! the vertex or was followed on the same trail before. That is an error only if nothing else is said about the
//! vertex: data that ends somewhere ends the cycle.

use super::{
    engine::Engine,
    vertex::{NONE, TrailId, VertexId},
};
use crate::{
    error::{Code, Rule},
    syntax::pos::Pos,
};

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

    pub(crate) fn check_structural_cycle(&mut self, vertex: VertexId) {
        let work = &self.v(vertex).work;
        let Some(pos) = work.cyclic else { return };
        if work.acyclic_content() {
            return;
        }
        let message = "structural cycle".to_owned();
        let error = self.error(Code::StructuralCycle, Rule::Cycle, message, vertex, Pos::NONE, vec![]);
        let _ = pos;
        self.fail(vertex, error);
    }
}

impl super::vertex::Working {
    fn acyclic_content(&self) -> bool {
        self.acyclic
    }
}
