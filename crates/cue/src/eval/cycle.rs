//! Structural cycles: structures that would contain themselves without end.
//!
//! Each conjunct carries the references that led to it. A reference closes a cycle when its target encloses the
//! vertex, or when it or its target was on the way before. A conjunct that closes a cycle waits until something else
//! is said about its vertex; if nothing is, the vertex is an error. What came through an optional field, a pattern or
//! a disjunction may go round once more as long as there is other content to feed it.

use super::{
    engine::{Engine, Outcome},
    vertex::{Base, Conjunct, Cycle, EnvId, ErrorId, Info, NONE, Postponed, State, Step, StepId, Term, VertexId, Work},
};
use crate::{
    error::{Code, Rule},
    ir::{Expr, ExprId, ListLit, Part, label::Label},
    syntax::pos::Pos,
};

/// How many references of a way are looked at in the time of one step.
const WAY_PER_STEP: usize = 16;

impl Engine {
    /// Whether two vertices are the same one, or alternatives of it.
    pub(crate) fn is_itself(&self, mut a: VertexId, mut b: VertexId) -> bool {
        for vertex in [&mut a, &mut b] {
            while self.v(*vertex).alternative_of != NONE {
                *vertex = self.v(*vertex).alternative_of;
            }
        }
        a == b
    }

    /// The vertex that an alternative belongs to, or that a mere reference leads to.
    fn whole_of(&self, mut vertex: VertexId) -> VertexId {
        loop {
            let v = self.v(vertex);
            vertex = match (v.alternative_of, v.shares) {
                (NONE, NONE) => return vertex,
                (NONE, shared) => shared,
                (whole, _) => whole,
            };
        }
    }

    /// Takes a vertex for the target of the reference that is all that is said about it, as long as that is so.
    pub(crate) fn share(&mut self, vertex: VertexId, target: VertexId, expr: ExprId) {
        let v = self.v(vertex);
        let only = matches!(v.conjuncts.as_slice(), [only] if only.term == Term::Expr(expr));
        let plain = v.alternative_of == NONE && v.choices.is_empty() && v.label != Label::NONE;
        let rooted = !self.is_inline(target) && !self.is_inline(vertex);
        let closes = self.is_in_definition(vertex) && !self.is_in_definition(target);
        if only && plain && rooted && !closes && self.v(vertex).arcs.is_empty() && self.whole_of(target) != vertex {
            self.vm(vertex).shares = target;
        }
    }

    /// Follows a reference to a vertex: gives how its conjuncts come, or nothing if they are not to come (yet).
    pub(crate) fn follow_reference(
        &mut self,
        vertex: VertexId,
        target: VertexId,
        expr: ExprId,
        conjunct: Conjunct,
    ) -> Option<Info> {
        let info = conjunct.info;
        let len = if info.steps == NONE { 0 } else { self.store.steps[info.steps].len + 1 };
        if !self.steps_of((len as usize + self.depth_of(vertex)) / WAY_PER_STEP, vertex) {
            return None;
        }
        let postponed = Postponed { conjunct, expr, target: Some(target) };
        if self.encloses(target, vertex) || self.awaits(target, vertex) {
            return self.close_upwards(vertex, postponed);
        }
        if self.v(vertex).work.cycles.open_conjunct && info.cycle == Cycle::Maybe {
            return Some(info);
        }
        let (mut next, mut chained) = (info.steps, false);
        while next != NONE {
            let step = self.store.steps[next];
            next = step.parent;
            let same_vertex = self.is_itself(step.vertex, vertex);
            if self.is_itself(step.target, target) {
                if same_vertex {
                    return None;
                }
                let cycles = &self.v(vertex).work.cycles;
                if info.cycle == Cycle::Optional && cycles.open_conjunct {
                    let level = self.depth_of(step.vertex) == self.depth_of(vertex);
                    return (!level).then_some(Info { cycle: Cycle::Maybe, steps: NONE, ..info });
                }
                if step.expr != expr && cycles.open_value && cycles.open_conjunct {
                    // A body that is used elsewhere: no unbounded way avoids repeating a reference.
                    continue;
                }
                return self.close(vertex, postponed);
            }
            if step.expr != expr || !self.is_inline(target) {
                continue;
            }
            if same_vertex {
                // One level along a finite chain of bindings, if it starts where the last one led.
                if chained || self.steps_along(conjunct.env, vertex, &step) {
                    chained = true;
                    continue;
                }
                return match info.cycle {
                    Cycle::Closed => self.close_upwards(vertex, postponed),
                    _ => self.close(vertex, postponed),
                };
            }
            let parent = self.v(target).parent;
            if self.is_inline(step.target) && parent != NONE && self.v(parent).work.cycles.leads_up {
                return self.close_upwards(vertex, postponed);
            }
        }
        let steps = self.store.steps.push(Step { parent: info.steps, len, expr, vertex, target });
        Some(Info { steps, ..info })
    }

    /// Whether a vertex is around another one.
    pub(crate) fn encloses(&self, target: VertexId, vertex: VertexId) -> bool {
        let target = self.whole_of(target);
        let mut above = self.v(vertex).parent;
        while above != NONE {
            if self.whole_of(above) == target {
                return true;
            }
            above = self.v(above).parent;
        }
        false
    }

    /// Whether a part of a struct without a path leads to what that struct is evaluated for.
    fn awaits(&self, target: VertexId, vertex: VertexId) -> bool {
        self.v(target).state == State::Active && self.v(vertex).label != Label::NONE && self.is_inline(vertex)
    }

    fn depth_of(&self, vertex: VertexId) -> usize {
        std::iter::successors(Some(vertex), |id| Some(self.v(*id).parent).filter(|parent| *parent != NONE)).count()
    }

    /// Whether a vertex lies in a struct that has no path from the root.
    pub(crate) fn is_inline(&self, mut vertex: VertexId) -> bool {
        while self.v(vertex).parent != NONE {
            if self.v(vertex).label == Label::NONE {
                return true;
            }
            vertex = self.v(vertex).parent;
        }
        false
    }

    fn steps_along(&self, env: EnvId, vertex: VertexId, step: &Step) -> bool {
        if env == NONE || self.store.envs[env].vertex == NONE {
            return false;
        }
        let around = self.store.envs[env].vertex;
        let parent = self.v(step.target).parent;
        let fed = |parent: VertexId| !self.v(self.follow(parent)).work.cycles.leads_up;
        self.is_itself(around, vertex) || (parent != NONE && self.is_itself(around, parent) && fed(parent))
    }

    fn close_upwards(&mut self, vertex: VertexId, postponed: Postponed) -> Option<Info> {
        let cycles = &mut self.vm(vertex).work.cycles;
        cycles.leads_up = true;
        cycles.closed = true;
        let wait = !cycles.open_value;
        self.closed_or_postponed(vertex, postponed, wait)
    }

    fn close(&mut self, vertex: VertexId, postponed: Postponed) -> Option<Info> {
        let cycles = &mut self.vm(vertex).work.cycles;
        cycles.closed = true;
        let wait = !cycles.open_value && !cycles.open_conjunct;
        self.closed_or_postponed(vertex, postponed, wait)
    }

    fn closed_or_postponed(&mut self, vertex: VertexId, mut postponed: Postponed, wait: bool) -> Option<Info> {
        postponed.conjunct.info.cycle = Cycle::Closed;
        if wait {
            self.vm(vertex).work.cycles.postponed.push(postponed);
            return None;
        }
        Some(postponed.conjunct.info)
    }

    /// Records that a conjunct brings a value: what closes a cycle need not wait any longer.
    pub(crate) fn bring_value(&mut self, vertex: VertexId, info: Info) {
        if info.cycle == Cycle::Closed {
            return;
        }
        self.vm(vertex).work.cycles.open_value = true;
        for Postponed { conjunct, expr, target } in std::mem::take(&mut self.vm(vertex).work.cycles.postponed) {
            match target {
                Some(target) => self.add_conjuncts_of(vertex, target, expr, conjunct.info),
                None => self.schedule(vertex, Work::Evaluate(conjunct, expr)),
            }
        }
    }

    /// Whether a call must wait for content that is no cycle, since it might be evaluated without end.
    pub(crate) fn postpones_call(&mut self, vertex: VertexId, expr: ExprId, conjunct: Conjunct) -> bool {
        let cycles = &self.v(vertex).work.cycles;
        let Expr::Call { args, .. } = self.expr(expr) else { return false };
        let alone = conjunct.info.cycle == Cycle::Closed && !cycles.open_value && !cycles.open_conjunct;
        if !alone || !args.iter().any(|arg| self.has_reference(*arg)) {
            return false;
        }
        let cycles = &mut self.vm(vertex).work.cycles;
        cycles.leads_up = true;
        cycles.postponed.push(Postponed { conjunct, expr, target: None });
        true
    }

    fn has_reference(&self, expr: ExprId) -> bool {
        stacker::maybe_grow(128 << 10, 2 << 20, || match self.expr(expr) {
            Expr::Atom(_) | Expr::Top | Expr::Bottom | Expr::Type(_) | Expr::Range(..) | Expr::Builtin(_) => false,
            Expr::MatchedLabel { .. } => false,
            Expr::Unary { operand, .. } | Expr::Bound { operand, .. } => self.has_reference(*operand),
            Expr::Binary { left, right, .. } | Expr::And { left, right } => {
                self.has_reference(*left) || self.has_reference(*right)
            }
            Expr::Call { args, .. } => args.iter().any(|arg| self.has_reference(*arg)),
            Expr::List(list) => self.list_has_reference(list),
            Expr::Interpolation { parts, .. } => {
                parts.iter().any(|part| matches!(part, Part::Expr(expr) if self.has_reference(*expr)))
            }
            _ => true,
        })
    }

    fn list_has_reference(&self, list: &ListLit) -> bool {
        let in_element = |element: &crate::ir::Element| match element {
            crate::ir::Element::Value(value) => self.has_reference(*value),
            crate::ir::Element::Comprehension(_) => true,
        };
        list.elements.iter().any(in_element) || list.rest.flatten().is_some_and(|rest| self.has_reference(rest))
    }

    /// Whether all that is said about a vertex leads back to where it came from.
    pub(crate) fn is_only_cycles(&self, vertex: VertexId) -> bool {
        let cycles = &self.v(vertex).work.cycles;
        (cycles.leads_up && !cycles.open_value) || (cycles.closed && !cycles.open_conjunct)
    }

    /// Makes a vertex an error that is nothing but a way back to where it came from.
    pub(crate) fn check_structural_cycle(&mut self, vertex: VertexId) {
        let error = self.is_only_cycles(vertex).then(|| {
            let message = "structural cycle".to_owned();
            self.error(Code::StructuralCycle, Rule::Cycle, message, self.original_of(vertex), Pos::NONE, vec![])
        });
        self.vm(vertex).work.cycles.error = error;
    }

    /// The vertex that stands at the same place in the target, if the struct around a vertex is a mere reference.
    fn original_of(&self, vertex: VertexId) -> VertexId {
        let (parent, label) = (self.v(vertex).parent, self.v(vertex).label);
        if parent == NONE {
            return vertex;
        }
        let around = self.original_of(parent);
        let shared = self.whole_of(around);
        if shared == parent {
            return vertex;
        }
        self.v(self.follow(shared)).arc(label).unwrap_or(vertex)
    }

    /// Whether evaluation ends at a vertex, since below it everything would come again.
    pub(crate) fn ends_in_cycle(&self, vertex: VertexId) -> bool {
        self.v(vertex).work.cycles.error.is_some()
    }

    /// The structural cycle that a vertex is known to have.
    pub(crate) fn known_cycle(&self, vertex: VertexId) -> Option<ErrorId> {
        let vertex = self.follow(vertex);
        if self.v(vertex).state != State::Done {
            return None;
        }
        let error = match self.v(vertex).base {
            Base::Bottom(error) => error,
            _ if self.v(vertex).child_error != NONE => self.v(vertex).child_error,
            _ => return None,
        };
        (self.code(error) == Code::StructuralCycle).then_some(error)
    }

    /// A struct without a path, unless it is one inside of itself that nothing new feeds.
    pub(crate) fn inline_struct(&mut self, env: EnvId, expr: ExprId, at: VertexId) -> Outcome<VertexId> {
        let (steps, cycle) = self.way;
        let len = if steps == NONE { 0 } else { self.store.steps[steps].len + 1 };
        if !self.steps_of(len as usize / WAY_PER_STEP, at) {
            return Err(self.exhausted);
        }
        if cycle == Cycle::Closed && self.is_on_the_way(expr, steps) {
            let message = "structural cycle".to_owned();
            return Err(self.error(Code::StructuralCycle, Rule::Cycle, message, at, Pos::NONE, Vec::new()));
        }
        let (vertex, target) = (at, at);
        let steps = self.store.steps.push(Step { parent: steps, len, expr, vertex, target });
        let info = Info { steps, ..self.inline_info() };
        Ok(self.within_cycle(info, |this| this.anonymous(Term::Expr(expr), env)))
    }

    fn is_on_the_way(&self, expr: ExprId, mut steps: StepId) -> bool {
        while steps != NONE {
            let step = self.store.steps[steps];
            if step.expr == expr {
                return true;
            }
            steps = step.parent;
        }
        false
    }

    /// Evaluates within the cycle of a conjunct, so that structs without a path know how they came about.
    pub(crate) fn within_cycle<T>(&mut self, info: Info, run: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.way, (info.steps, info.cycle));
        let result = run(self);
        self.way = outer;
        result
    }

    /// How a conjunct comes to a struct without a path.
    pub(crate) fn inline_info(&self) -> Info {
        let (steps, cycle): (StepId, Cycle) = self.way;
        Info { steps, cycle, ..Info::ROOT }
    }

    /// The conjunct of a struct without a path.
    pub(crate) fn inline_conjunct(&self, term: Term, env: EnvId) -> Conjunct {
        Conjunct { term, env, info: self.inline_info() }
    }
}
