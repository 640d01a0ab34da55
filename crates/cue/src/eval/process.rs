//! The order of work in a vertex: expand its conjuncts, run its tasks, try its alternatives, decide what it is.
//!
//! A vertex whose inputs grow after it was evaluated is evaluated again on the next demand; tasks that wait for
//! information are tried again when the epoch has changed.

use thin_vec::ThinVec;

use super::{
    engine::{Engine, Outcome},
    vertex::{
        Base, Conjunct, Cycle, ErrorId, Literal, NONE, Origin, PushTight as _, Show, State, Task, TaskState, Term,
        VertexId, Work,
    },
};
use crate::{
    error::{Code, Rule},
    ir::{Expr, label::Label},
    kind::Kind,
    syntax::{ast::Constraint, pos::Pos},
};

impl Engine {
    /// Evaluates a vertex, but not what is below it.
    pub(crate) fn process(&mut self, vertex: VertexId) {
        self.reconsider(vertex);
        let vertex = self.follow(vertex);
        let v = self.v(vertex);
        let retry = v.epoch != self.epoch && self.waits(vertex);
        if v.state == State::Active || (v.state == State::Done && !retry) {
            if v.state == State::Active && !v.read_early {
                self.vm(vertex).read_early = true;
            }
            return;
        }
        if !self.step(vertex) {
            return;
        }
        if self.depth >= self.limits.depth_max {
            let message =
                format!("values depend on each other more than {} deep (limit depth_max)", self.limits.depth_max);
            return self.exhaust(message, vertex);
        }
        self.depth += 1;
        stacker::maybe_grow(256 << 10, 4 << 20, || self.process_inner(vertex));
        self.depth -= 1;
    }

    /// Lets alternatives that were left out come back, if more is known now.
    fn reconsider(&mut self, vertex: VertexId) {
        let v = self.v(vertex);
        if v.work.lost_alternatives && v.epoch != self.epoch && v.state == State::Done {
            self.redirect(vertex, NONE);
        }
    }

    /// Whether a vertex has tasks that may succeed later.
    fn waits(&self, vertex: VertexId) -> bool {
        let v = self.v(vertex);
        v.work.lost_alternatives
            || v.work.tasks.iter().any(|task| task.state == TaskState::Pending)
            || matches!(&v.base, Base::Disjunction(leaves) if leaves.iter().any(|(leaf, _)| self.waits(*leaf)))
    }

    fn process_inner(&mut self, vertex: VertexId) {
        if self.take_literal(vertex) {
            return;
        }
        self.vm(vertex).state = State::Active;
        let settled = std::mem::replace(&mut self.settled, false);
        // Whatever is evaluated for the first time is judged in full, for whomever asks.
        let lenient = std::mem::replace(&mut self.lenient, false);
        self.quiesce(vertex);
        if self.v(vertex).work.undecided.is_empty() {
            self.settle(vertex);
        }
        self.settled = settled;
        if self.v(vertex).work.undecided.is_empty() || !self.v(vertex).work.errors.is_empty() {
            self.complete(vertex);
        } else {
            self.branch(vertex);
        }
        self.lenient = lenient;
        let (epoch, v) = (self.epoch, self.vm(vertex));
        v.state = State::Done;
        v.epoch = epoch;
        if v.read_early && !matches!(v.base, Base::Bottom(_)) {
            self.vm(vertex).read_early = false;
            self.epoch += 1;
        }
        self.tidy(vertex);
    }

    /// Takes the value of a vertex of which nothing is said but a literal: what most vertices of data are.
    fn take_literal(&mut self, vertex: VertexId) -> bool {
        let v = self.v(vertex);
        let [Conjunct { term: Term::Expr(expr), info, .. }] = v.conjuncts[..] else { return false };
        let Expr::Atom(atom) = self.expr(expr) else { return false };
        if info.cycle != Cycle::None || !v.work.is_empty() || !v.choices.is_empty() || !v.arcs.is_empty() {
            return false;
        }
        let (atom, epoch) = (atom.clone(), self.epoch);
        let v = self.vm(vertex);
        v.base = Base::Atom(atom);
        v.literal = Literal { expr, trail: info.trail };
        v.cursor = 1;
        v.state = State::Done;
        v.epoch = epoch;
        true
    }

    /// Gives up what was gathered in a vertex that is evaluated. It is a function of its inputs: should there be more
    /// of them, all are expanded again.
    fn tidy(&mut self, vertex: VertexId) {
        let v = self.v(vertex);
        let work = &v.work;
        if work.tasks.iter().any(|task| task.state != TaskState::Done) {
            return;
        }
        let literal = match (&v.base, &work.atom) {
            (Base::Atom(_), Some((_, Origin { show: Show::Expr(expr), trail, .. }))) => {
                Some(Literal { expr: *expr, trail: *trail })
            }
            // Whoever complains of a disjunction tells what narrowed it.
            (Base::Disjunction(_), None) if work.kind_origin.is_none() => Some(v.literal),
            _ if v.redirect != NONE => Some(v.literal),
            _ => None,
        };
        match literal {
            Some(literal) if v.arcs.is_empty() && work.is_mere_value() => {
                let v = self.vm(vertex);
                v.literal = literal;
                v.work.give_up();
            }
            _ if !work.tasks.is_empty() => self.vm(vertex).work.tasks = ThinVec::new(),
            _ => {}
        }
    }

    /// How the value without parts of a vertex came.
    pub(crate) fn atom_origin(&self, vertex: VertexId) -> Option<Origin> {
        let v = self.v(vertex);
        let Literal { expr, trail } = v.literal;
        if v.work.is_empty() && expr != NONE {
            return Some(Origin { show: Show::Expr(expr), pos: self.pos(expr), trail });
        }
        v.work.atom.as_ref().map(|(_, origin)| *origin)
    }

    /// Expands and runs tasks until nothing moves.
    pub(crate) fn quiesce(&mut self, vertex: VertexId) {
        loop {
            self.expand(vertex);
            if self.is_exhausted() || !self.run_tasks(vertex) {
                return;
            }
        }
    }

    /// Runs what waits for fields that may still come, as if none came.
    fn settle(&mut self, vertex: VertexId) {
        loop {
            self.settled = true;
            let moved = !self.is_exhausted() && self.run_tasks(vertex);
            self.settled = false;
            if !moved {
                return;
            }
            self.quiesce(vertex);
        }
    }

    fn expand(&mut self, vertex: VertexId) {
        while let Some(conjunct) = self.v(vertex).conjuncts.get(self.v(vertex).cursor as usize).copied() {
            self.vm(vertex).cursor += 1;
            self.add_conjunct(vertex, conjunct);
        }
    }

    /// Runs each waiting task of the first class in which one succeeds; gives whether one did.
    fn run_tasks(&mut self, vertex: VertexId) -> bool {
        for class in 0..=3 {
            let mut moved = false;
            let mut index = 0;
            while index < self.v(vertex).work.tasks.len() {
                let task = &self.v(vertex).work.tasks[index];
                if task.state == TaskState::Pending && task.work.class() == class {
                    moved |= self.run_task(vertex, index);
                }
                index += 1;
            }
            if moved {
                return true;
            }
        }
        false
    }

    /// Runs the tasks that wait for nothing.
    pub(crate) fn run_constants(&mut self, vertex: VertexId) {
        let mut index = 0;
        while let Some(task) = self.v(vertex).work.tasks.get(index) {
            if task.state == TaskState::Pending && matches!(task.work, Work::Constant(..)) {
                self.run_task(vertex, index);
            }
            index += 1;
        }
    }

    /// Runs one task; gives whether it is done with.
    pub(crate) fn run_task(&mut self, vertex: VertexId, index: usize) -> bool {
        if !self.step(vertex) {
            return false;
        }
        let is_comprehension = matches!(self.v(vertex).work.tasks[index].work, Work::Comprehension(..));
        if is_comprehension && self.v(vertex).work.cycles.leads_up && self.is_only_cycles(vertex) {
            // It would come back to itself.
            self.vm(vertex).work.tasks[index].state = TaskState::Done;
            return true;
        }
        self.vm(vertex).work.tasks[index].state = TaskState::Running;
        let work = self.v(vertex).work.tasks[index].work.clone();
        let outcome = self.within_cycle(work.info(), |this| this.perform(vertex, &work));
        let (state, error) = match outcome {
            Ok(()) => (TaskState::Done, NONE),
            Err(error) if self.is_incomplete(error) => (TaskState::Pending, error),
            Err(error) => {
                self.fail(vertex, error);
                (TaskState::Done, error)
            }
        };
        let task = &mut self.vm(vertex).work.tasks[index];
        (task.state, task.error) = (state, error);
        state == TaskState::Done
    }

    fn perform(&mut self, vertex: VertexId, work: &Work) -> Outcome<()> {
        match work {
            Work::Reference(conjunct, expr) => {
                let target = self.resolve(conjunct.env, *expr, vertex)?;
                self.add_reference(vertex, target, *expr, *conjunct);
                Ok(())
            }
            Work::Constant(conjunct, expr) | Work::Evaluate(conjunct, expr) => {
                self.add_evaluated(vertex, *expr, *conjunct)
            }
            Work::Close(conjunct, call) => {
                let questions = self.open_questions_of_close(*call, conjunct.env, vertex);
                questions.first().map_or(Ok(()), |question| Err(*question))
            }
            Work::List(conjunct, expr) => self.add_list_with_comprehensions(vertex, *expr, *conjunct),
            Work::Pattern { pattern, value, env, info } => self.add_pattern(vertex, *pattern, *value, *env, *info),
            Work::Dynamic { name, constraint, value, pos, notes, env, info } => {
                self.add_dynamic(vertex, *name, (*constraint, *value, *pos, notes.clone()), *env, *info)
            }
            Work::Comprehension(comprehension, env, info) => self.add_comprehension(vertex, comprehension, *env, *info),
        }
    }

    pub(crate) fn schedule(&mut self, vertex: VertexId, work: Work) {
        self.vm(vertex).work.tasks.push_tight(Task { work, state: TaskState::Pending, error: NONE });
    }

    /// Adds a conjunct to a vertex from outside; if it is evaluated already, it will be again.
    pub(crate) fn add_input(&mut self, vertex: VertexId, conjunct: Conjunct) {
        if self.v(vertex).state == State::Done {
            self.redirect(vertex, NONE);
        }
        let v = self.vm(vertex);
        v.shares = NONE;
        v.conjuncts.push(conjunct);
        if v.state == State::Done {
            if v.work.is_empty() {
                v.cursor = 0;
            }
            v.state = State::New;
            v.base = Base::Unknown;
            v.finalized = 0;
            self.epoch += 1;
            self.unfinalize(vertex);
        } else if v.state == State::Active && v.redirect != NONE {
            let chosen = v.redirect;
            self.add_input(chosen, conjunct);
        }
        let followers = self.v(vertex).followers.clone();
        for (follower, info) in followers {
            if self.step(follower) {
                stacker::maybe_grow(128 << 10, 1 << 20, || self.add_follower_conjunct(follower, conjunct, info));
            }
        }
    }

    /// What is above a changed vertex is no longer final.
    fn unfinalize(&mut self, vertex: VertexId) {
        let mut above = self.v(vertex).parent;
        while above != NONE && self.v(above).finalized != 0 {
            self.vm(above).finalized = 0;
            above = self.v(above).parent;
        }
    }

    fn add_follower_conjunct(&mut self, follower: VertexId, conjunct: Conjunct, info: super::vertex::Info) {
        let conjunct = Conjunct { info, ..conjunct };
        let is_same =
            |known: &Conjunct| (known.term, known.env, known.info.scope) == (conjunct.term, conjunct.env, info.scope);
        if self.v(follower).conjuncts.iter().any(is_same) {
            // Those that follow one another may stand in a circle.
            return;
        }
        match self.v(follower).state {
            State::Active => self.add_conjunct(follower, conjunct),
            _ => self.add_input(follower, conjunct),
        }
    }

    /// Decides what a vertex is, once nothing more comes.
    pub(crate) fn complete(&mut self, vertex: VertexId) {
        self.extend_lists(vertex);
        self.quiesce(vertex);
        if self.v(vertex).work.undecided.is_empty() {
            self.check_structural_cycle(vertex);
        }
        self.default_kind(vertex);
        self.run_checks(vertex);
        let base = match self.worst_error(vertex) {
            Some(error) => Base::Bottom(error),
            None => self.value_base(vertex),
        };
        self.vm(vertex).base = base;
    }

    /// A struct literal of embeddings only is a struct unless they say otherwise.
    fn default_kind(&mut self, vertex: VertexId) {
        let work = &mut self.vm(vertex).work;
        let undetermined = work.kind == Kind::TOP && !work.top_seen && work.checks.is_empty();
        if undetermined && work.struct_seen.is_some() {
            work.kind = Kind::STRUCT;
        }
    }

    fn value_base(&self, vertex: VertexId) -> Base {
        let work = &self.v(vertex).work;
        match &work.atom {
            Some((atom, _)) => Base::Atom(atom.clone()),
            None if work.kind == Kind::STRUCT && work.struct_seen.is_some() => Base::Struct,
            None if work.kind == Kind::LIST && !work.lists.is_empty() => Base::List,
            None if work.kind == Kind::NULL => Base::Atom(crate::ir::Atom::Null),
            None => Base::Partial,
        }
    }

    /// The first definite error of a vertex, or else why it is incomplete.
    fn worst_error(&self, vertex: VertexId) -> Option<ErrorId> {
        let work = &self.v(vertex).work;
        let own = work.errors.iter().copied().find(|error| !self.is_incomplete(*error));
        let waiting = || work.tasks.iter().find(|task| task.state == TaskState::Pending).map(|task| task.error);
        let exhausted = self.is_exhausted().then_some(self.exhausted);
        own.or(work.cycles.error)
            .or(exhausted)
            .or_else(|| work.errors.first().copied())
            .or_else(waiting)
            .filter(|error| *error != NONE)
    }

    /// Finds or makes the child of a label.
    pub(crate) fn child(&mut self, vertex: VertexId, label: Label, constraint: Constraint) -> (VertexId, bool) {
        if let Some(id) = self.v(vertex).arc(label) {
            let child = self.vm(id);
            child.constraint = stronger(child.constraint, constraint);
            return (id, false);
        }
        let id = self.new_vertex(vertex, label);
        self.vm(id).constraint = constraint;
        self.vm(vertex).arcs.push(label, id);
        (id, true)
    }

    /// An error that a limit or an unknown feature stands behind.
    pub(crate) fn incomplete(&mut self, vertex: VertexId, rule: Rule, message: String, positions: Vec<Pos>) -> ErrorId {
        self.error(Code::Incomplete, rule, message, vertex, Pos::NONE, positions)
    }
}

fn stronger(a: Constraint, b: Constraint) -> Constraint {
    match (a, b) {
        (Constraint::None, _) | (_, Constraint::None) => Constraint::None,
        (Constraint::Required, _) | (_, Constraint::Required) => Constraint::Required,
        _ => Constraint::Optional,
    }
}
