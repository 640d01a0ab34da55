//! Evaluation of all that is below a vertex, and the errors found there.

use rustc_hash::FxHashSet;

use super::{
    bounds::implied_by_bounds,
    engine::Engine,
    expression::Val,
    vertex::{Base, Check, CheckRule, Conjunct, ErrorId, NONE, Origin, Show, State, Term, VertexId},
};
use crate::{
    error::{Code, Rule},
    ir::{Expr, label::Label},
    kind::Kind,
    syntax::{ast::Constraint, pos::Pos},
};

impl Engine {
    /// Evaluates a vertex and all that is there below it.
    pub(crate) fn finalize(&mut self, vertex: VertexId) {
        self.is_short_of_room |= self.store.vertices.len() > self.room;
        if self.is_short_of_room {
            return;
        }
        self.process(vertex);
        let vertex = self.follow(vertex);
        let v = self.v(vertex);
        if v.finalized == self.epoch || v.state != State::Done || self.is_exhausted() {
            return;
        }
        if self.depth >= self.limits.depth_max {
            let message = format!("values are more than {} deep (limit depth_max)", self.limits.depth_max);
            return self.exhaust(message, vertex);
        }
        let epoch = self.epoch;
        self.vm(vertex).finalized = epoch;
        self.depth += 1;
        stacker::maybe_grow(256 << 10, 4 << 20, || self.finalize_inner(vertex));
        self.depth -= 1;
    }

    fn finalize_inner(&mut self, vertex: VertexId) {
        if self.is_leaf(vertex) {
            return;
        }
        self.finalize_arcs(vertex);
        let mut worst = self.worst_below(vertex, NONE);
        if !self.lenient && self.holds_but_unknown_fields(vertex) {
            self.check_closed(vertex);
            worst = self.worst_below(vertex, worst);
        }
        self.vm(vertex).child_error = worst;
        if !self.lenient && (worst == NONE || self.is_incomplete(worst)) {
            self.check_parts(vertex);
        }
    }

    /// Whether nothing below a vertex belongs to its value: it is a cycle, or of two types, or its alternatives have the
    /// fields.
    pub(crate) fn is_leaf(&self, vertex: VertexId) -> bool {
        let work = &self.v(vertex).work;
        // As long as alternatives are tried, what is known so far counts.
        let branched = !work.undecided.is_empty() && !self.lenient;
        self.ends_in_cycle(vertex) || work.kind.is_bottom() || branched
    }

    /// Whether nothing below a vertex is in error but for fields that are not allowed: only then those of the vertex itself
    /// are looked for.
    fn holds_but_unknown_fields(&self, vertex: VertexId) -> bool {
        let mut judged =
            self.v(vertex).arcs.iter().filter(|(_, child)| self.v(*child).constraint != Constraint::Optional);
        judged.all(|(_, child)| match self.known_error(*child) {
            NONE => true,
            error => self.is_incomplete(error) || self.store.errors[error].rule == Rule::UnknownField,
        })
    }

    /// Finalizes what is below a vertex, again if that adds to the vertex itself.
    fn finalize_arcs(&mut self, vertex: VertexId) {
        loop {
            let mut index = 0;
            while index < self.v(vertex).arcs.len() {
                let (_, child) = self.v(vertex).arcs[index];
                index += 1;
                if self.v(child).constraint != Constraint::Optional {
                    self.finalize(child);
                }
            }
            if self.v(vertex).state != State::New || self.is_exhausted() {
                return;
            }
            self.process(vertex);
        }
    }

    /// The worst of an error and what is wrong with the children of a vertex.
    fn worst_below(&self, vertex: VertexId, first: ErrorId) -> ErrorId {
        let children = self.v(vertex).arcs.iter().map(|(_, child)| *child);
        // A required field that no value can have is an error before it is there.
        let counts = |child: &VertexId| match self.v(*child).constraint {
            Constraint::None => true,
            Constraint::Required => self.is_in_error(*child),
            Constraint::Optional => false,
        };
        children.filter(counts).fold(first, |worst, child| self.worse(worst, child))
    }

    /// Whether more information can't make a finalized vertex a value.
    pub(crate) fn is_in_error(&self, vertex: VertexId) -> bool {
        match self.known_error(vertex) {
            NONE => false,
            error => !self.is_incomplete(error),
        }
    }

    /// The worse of an error and what is wrong with a child.
    fn worse(&self, worst: ErrorId, child: VertexId) -> ErrorId {
        match (worst, self.known_error(child)) {
            (worst, NONE) => worst,
            (NONE, own) => own,
            (worst, own) if self.is_incomplete(worst) && !self.is_incomplete(own) => own,
            _ => worst,
        }
    }

    /// The error of a finalized vertex: the worse one of its own and what is below it.
    pub(crate) fn known_error(&self, vertex: VertexId) -> ErrorId {
        let v = self.v(self.follow(vertex));
        match v.base {
            Base::Bottom(own) if v.child_error != NONE && self.is_incomplete(own) => v.child_error,
            Base::Bottom(own) => own,
            _ if v.child_error != NONE => v.child_error,
            _ => v.work.unmet.first().copied().unwrap_or(NONE),
        }
    }

    /// Judges a struct or list by its checks.
    fn check_parts(&mut self, vertex: VertexId) {
        if !matches!(self.v(vertex).base, Base::Struct | Base::List) {
            return;
        }
        self.vm(vertex).work.unmet.clear();
        let checks = self.v(vertex).work.checks.clone();
        let errors = self.v(vertex).work.errors.len();
        let origin = self.v(vertex).work.kind_origin;
        let origin = origin.unwrap_or(Origin { show: Show::Vertex(vertex), pos: Pos::NONE, trail: NONE });
        for check in checks {
            match &check.rule {
                CheckRule::Function(validator) => {
                    self.run_validator(vertex, validator, Val::Vertex(vertex), &check, &origin);
                }
                CheckRule::Compare(op, other) => self.run_compare(vertex, *op, *other, &check.origin),
                CheckRule::Bound(..) => {}
            }
        }
        if let Some(error) = self.v(vertex).work.errors.get(errors) {
            self.vm(vertex).base = Base::Bottom(*error);
        }
    }

    fn run_compare(&mut self, vertex: VertexId, op: crate::ir::BoundOp, other: VertexId, origin: &Origin) {
        let equal = self.values_equal(&Val::Vertex(vertex), &Val::Vertex(other));
        let ok = match equal {
            Ok(equal) => equal == (op == crate::ir::BoundOp::Equal),
            Err(error) => return self.fail(vertex, error),
        };
        if !ok {
            let message =
                format!("invalid value {} (out of bound {})", self.show_vertex(vertex), self.show(&origin.show));
            let positions = self.positions(origin);
            let error = self.error(Code::Eval, Rule::Bound, message, vertex, origin.pos, positions);
            self.fail(vertex, error);
        }
    }

    /// All errors of a finalized vertex: the definite ones, or else, if asked, what is not concrete.
    pub(crate) fn violations(&mut self, vertex: VertexId, concrete: bool) -> Vec<ErrorId> {
        let mut all = self.contradictions(vertex);
        if all.is_empty() && concrete {
            self.incomplete_errors(vertex, &mut Walk::default(), &mut all);
        }
        all
    }

    /// The same of a document and its schema, where a required field that no value can have is told of before those
    /// that are missing.
    pub(crate) fn document_violations(&mut self, vertex: VertexId) -> Vec<ErrorId> {
        let all = self.contradictions(vertex);
        match all.is_empty() && self.is_in_error(vertex) {
            true => vec![self.known_error(vertex)],
            false if all.is_empty() => self.violations(vertex, true),
            false => all,
        }
    }

    /// The definite errors of a conjunct alone.
    pub(crate) fn contradictions_of(&mut self, conjunct: Conjunct) -> Vec<ErrorId> {
        let alone = self.new_vertex(NONE, Label::NONE);
        self.add_input(alone, conjunct);
        self.contradictions(alone)
    }

    /// The definite errors of a vertex.
    fn contradictions(&mut self, vertex: VertexId) -> Vec<ErrorId> {
        self.finalize(vertex);
        // Where evaluation stopped, whatever else is found is a consequence.
        if self.is_exhausted() {
            return vec![self.exhausted];
        }
        let mut all = Vec::new();
        self.definite_errors(vertex, &mut all);
        all
    }

    /// Errors for the required fields that a value lacks.
    pub(crate) fn missing_fields(&mut self, vertex: VertexId) -> Vec<ErrorId> {
        let mut all = Vec::new();
        self.incomplete_errors(vertex, &mut Walk::default(), &mut all);
        all.retain(|error| self.store.errors[*error].rule == Rule::Required);
        all
    }

    fn incomplete_errors(&mut self, vertex: VertexId, walk: &mut Walk, out: &mut Vec<ErrorId>) {
        stacker::maybe_grow(128 << 10, 2 << 20, || {
            let Some((target, pos)) = self.shared(vertex) else {
                return self.incomplete_errors_inner(vertex, walk, out);
            };
            // What several fields refer to is told of once.
            if walk.visited.insert(target) {
                walk.references.push(pos);
                self.incomplete_errors_inner(vertex, walk, out);
                walk.references.pop();
            }
        });
    }

    /// The vertex that a vertex is nothing but a reference to, and where that stands.
    fn shared(&self, vertex: VertexId) -> Option<(VertexId, Pos)> {
        let v = self.v(vertex);
        let [conjunct] = v.conjuncts.as_slice() else { return None };
        let Term::Expr(expr) = conjunct.term else { return None };
        let [(target, _)] = v.work.seen_references.as_slice() else { return None };
        self.is_reference(expr).then(|| (self.follow(*target), self.pos(expr)))
    }

    /// Where the only thing stands that a value without parts is known by.
    pub(crate) fn own_position(&self, vertex: VertexId) -> Option<Pos> {
        let work = &self.v(vertex).work;
        let pos = match work.checks.as_slice() {
            [] if work.kind != Kind::TOP => work.kind_origin.as_ref()?.pos,
            [check] if work.kind == implied_by_bounds(&work.checks) => check.origin.pos,
            // A function that is only named has no place of its own in the reference.
            [Check { rule: CheckRule::Function(validator), .. }]
                if matches!(self.expr(validator.expr), Expr::Builtin(_)) =>
            {
                return None;
            }
            [Check { rule: CheckRule::Function(_), origin }] => origin.pos,
            _ => return None,
        };
        matches!(self.v(vertex).base, Base::Partial).then_some(pos)
    }

    fn incomplete_errors_inner(&mut self, vertex: VertexId, walk: &mut Walk, out: &mut Vec<ErrorId>) {
        let vertex = self.default_of(vertex);
        match self.v(vertex).base.clone() {
            // What waits for information as a whole is told of alone.
            Base::Bottom(error) => return out.push(error),
            Base::Atom(_) | Base::Struct | Base::List => out.extend(self.v(vertex).work.unmet.iter()),
            Base::Partial | Base::Unknown | Base::Disjunction(_) => {
                let message = format!("incomplete value {}", self.show_evaluated(vertex));
                let positions = self.own_position(vertex).into_iter().chain(walk.references.iter().copied()).collect();
                let error = self.error(Code::Incomplete, Rule::Incomplete, message, vertex, Pos::NONE, positions);
                out.push(error);
            }
        }
        for (label, child) in self.v(vertex).arcs.snapshot() {
            // Definitions and hidden fields may stay open.
            if !self.store.labels.is_regular(label) {
                continue;
            }
            match self.v(child).constraint {
                Constraint::None => self.incomplete_errors(child, walk, out),
                Constraint::Required => {
                    let message = "field is required but not present".to_owned();
                    let declared = self.v(child).declared.iter().filter(|declared| declared.required);
                    let declared = declared.map(|declared| declared.pos);
                    let positions = declared.chain(walk.references.iter().copied()).collect();
                    let child = self.follow(child);
                    let error = self.error(Code::Incomplete, Rule::Required, message, child, Pos::NONE, positions);
                    out.push(error);
                }
                Constraint::Optional => {}
            }
        }
    }
}

/// A walk through a value that looks for what is not concrete.
#[derive(Default)]
struct Walk {
    /// Where the references stand that led to what is looked at.
    references: Vec<Pos>,
    /// What was referred to so far.
    visited: FxHashSet<VertexId>,
}
