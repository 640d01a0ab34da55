//! Disjunctions: each alternative is tried in a fresh vertex over the same inputs.
//!
//! A choice names its disjunction by expression and count, so that an evaluation with the same choices meets the same
//! disjunctions again. While an alternative is tried, the vertex redirects to it: references that come back to the
//! vertex see the alternative. What survives is compared; equal results are one. A single survivor replaces the
//! vertex for good.

use rustc_hash::FxHashSet;

use super::{
    arith,
    engine::Engine,
    vertex::{
        Alternatives, Base, Bottom, Check, CheckRule, Choice, ErrorId, Mode, NONE, PushTight as _, State, TaskState,
        Undecided, Vertex, VertexId,
    },
};
use crate::{
    error::{Code, Rule},
    ir::{Atom, Builtin},
    syntax::{ast::Constraint, pos::Pos},
};

/// What became of a disjunction.
#[derive(Default)]
struct Tried {
    survivors: Vec<VertexId>,
    failures: Vec<Failure>,
    /// How many were left out since they contradict what is known already; their errors are not known.
    hopeless: usize,
}

/// An alternative that failed: the choices that led there, and the errors it is told by.
struct Failure {
    choices: Vec<Choice>,
    errors: Vec<ErrorId>,
}

/// Whether alternatives are tried that contradict what is known already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Try {
    /// For the errors of all of them.
    All,
    Hopeful,
}

impl Failure {
    /// Which of the choices are made below one, or below none.
    fn made_below(&self, parent: u32) -> impl DoubleEndedIterator<Item = usize> {
        self.choices.iter().enumerate().filter(move |(_, choice)| choice.parent == parent).map(|(index, _)| index)
    }

    /// Whether both made the same first choices.
    fn agrees(&self, other: &Self, count: usize) -> bool {
        let first = |failure: &Self| {
            let choices = failure.choices.iter().take(count);
            choices.map(|choice| (choice.key, choice.alternative)).collect::<Vec<_>>()
        };
        first(self) == first(other)
    }
}

/// What the reference tells of a failed disjunction: all of so many errors, else those at places of their own.
const ERRORS_UNFILTERED: usize = 2;

impl Engine {
    /// Tries the alternatives of the first undecided disjunction of a vertex, and of those that follow from them.
    pub(crate) fn branch(&mut self, vertex: VertexId) {
        let tried = self.try_all(vertex, Try::Hopeful);
        let tried = match tried.survivors.is_empty() && tried.hopeless > 0 && !self.is_exhausted() {
            true => self.try_all(vertex, Try::All),
            false => tried,
        };
        self.conclude(vertex, tried);
    }

    fn try_all(&mut self, vertex: VertexId, which: Try) -> Tried {
        // A conjunct that comes while alternatives are tried makes them out of date.
        loop {
            let inputs = self.v(vertex).conjuncts.len();
            let mut tried = Tried::default();
            self.try_alternatives(vertex, which, &mut tried);
            self.redirect(vertex, NONE);
            if self.v(vertex).conjuncts.len() == inputs || self.is_exhausted() {
                self.drop_unresolved(vertex, &mut tried);
                return tried;
            }
        }
    }

    /// Decides one disjunction after the other. Between them, what failed or equals another is left out, so that
    /// repeated disjunctions do not multiply.
    fn try_alternatives(&mut self, vertex: VertexId, which: Try, tried: &mut Tried) {
        let mut level = vec![vertex];
        while !level.is_empty() {
            let mut partial = Vec::new();
            for base in level {
                self.try_next((vertex, base), which, &mut partial, tried);
                if self.is_exhausted() {
                    return;
                }
            }
            level = self.thin_out(vertex, partial, tried);
        }
        let order = |leaf: &VertexId| {
            let choices = self.v(*leaf).choices.iter();
            choices.map(|choice| choice.alternative).collect::<Vec<_>>()
        };
        tried.survivors.sort_by_cached_key(order);
    }

    /// Tries the alternatives of the first undecided disjunction of a vertex; those inside of alternatives come first.
    fn try_next(
        &mut self,
        (top, base): (VertexId, VertexId),
        which: Try,
        partial: &mut Vec<VertexId>,
        tried: &mut Tried,
    ) {
        let all = &self.v(base).work.undecided;
        let undecided = all.iter().find(|one| one.info.choice != NONE).unwrap_or(&all[0]).clone();
        for (index, mode) in modes(&undecided.alternatives).into_iter().enumerate() {
            if which == Try::Hopeful && self.is_hopeless(base, &undecided, index) {
                tried.hopeless += 1;
                continue;
            }
            self.disjuncts += 1;
            if self.disjuncts > self.limits.disjuncts_max {
                let message =
                    format!("more than {} alternatives are tried (limit disjuncts_max)", self.limits.disjuncts_max);
                self.exhaust(message, top);
            }
            if self.is_exhausted() {
                return;
            }
            let candidate = self.candidate(base, &undecided, index as u32, mode);
            self.redirect(top, candidate);
            self.try_candidate(candidate, partial, tried);
        }
    }

    /// Gives up what was gathered in an alternative that failed: nobody asks for more than its errors, which are known.
    fn give_up(&mut self, candidate: VertexId) {
        let mut pending = vec![candidate];
        while let Some(vertex) = pending.pop() {
            let v = self.v(vertex);
            if v.state == State::Active || v.work.is_empty() {
                continue;
            }
            pending.extend(v.arcs.iter().map(|(_, child)| *child).filter(|child| self.v(*child).parent == vertex));
            self.vm(vertex).work.give_up();
        }
    }

    /// Leaves out partial candidates that fail below, or that equal another one with the same choices ahead.
    fn thin_out(&mut self, top: VertexId, partial: Vec<VertexId>, tried: &mut Tried) -> Vec<VertexId> {
        let lenient = std::mem::replace(&mut self.lenient, true);
        let mut kept: Vec<VertexId> = Vec::new();
        for candidate in partial {
            self.redirect(top, candidate);
            self.complete(candidate);
            self.vm(candidate).state = State::Done;
            let epoch = self.epoch;
            self.vm(candidate).epoch = epoch;
            let ahead = |this: &Self, id| this.v(id).work.undecided.iter().map(|one| one.key).collect::<Vec<_>>();
            match self.error_of(candidate) {
                Some(error) if !self.is_incomplete(error) => {
                    tried.failures.push(self.failed_alternative(candidate, error))
                }
                _ => {
                    let mine = ahead(self, candidate);
                    let same = (0..kept.len())
                        .find(|index| ahead(self, kept[*index]) == mine && self.same_value(kept[*index], candidate));
                    match same {
                        Some(index) if self.mode_of(candidate, NONE) == Mode::Default => kept[index] = candidate,
                        Some(_) => {}
                        None => kept.push(candidate),
                    }
                }
            }
        }
        self.lenient = lenient;
        kept
    }

    /// A fresh vertex over the same inputs, with one more choice made.
    fn candidate(&mut self, vertex: VertexId, undecided: &Undecided, alternative: u32, mode: Mode) -> VertexId {
        let v = self.v(vertex);
        let mut fresh = Vertex::new(v.parent, v.label);
        fresh.alternative_of = vertex;
        fresh.constraint = v.constraint;
        fresh.conjuncts.clone_from(&v.conjuncts);
        fresh.declared.clone_from(&v.declared);
        fresh.notes.clone_from(&v.notes);
        fresh.choices.clone_from(&v.choices);
        fresh.choices.push_tight(Choice { key: undecided.key, alternative, mode, parent: undecided.info.choice });
        self.store.vertices.push(fresh)
    }

    fn try_candidate(&mut self, candidate: VertexId, partial: &mut Vec<VertexId>, tried: &mut Tried) {
        self.vm(candidate).state = State::Active;
        self.quiesce(candidate);
        let failed = self.v(candidate).work.errors.iter().any(|error| !self.is_incomplete(*error));
        if !failed && !self.v(candidate).work.undecided.is_empty() {
            partial.push(candidate);
            return;
        }
        self.vm(candidate).state = State::New;
        self.process(candidate);
        if let Base::Disjunction(leaves) = self.v(candidate).base.clone() {
            tried.survivors.extend(leaves.iter().map(|(leaf, _)| *leaf));
            return;
        }
        match self.error_of(candidate) {
            Some(error) if !self.is_incomplete(error) => {
                tried.failures.push(self.failed_alternative(candidate, error));
                self.give_up(candidate);
            }
            _ => {
                let survivor = self.follow(candidate);
                tried.survivors.push(survivor);
            }
        }
    }

    fn failed_alternative(&self, candidate: VertexId, error: ErrorId) -> Failure {
        let mut errors = self.telling_errors(candidate);
        if errors.is_empty() {
            errors.push(error);
        }
        Failure { choices: self.v(candidate).choices.to_vec(), errors }
    }

    /// The definite errors that stand for a vertex: those of its first part that fails, then its own. Fields that are
    /// not allowed give way to whatever else is found, and to those further out.
    fn telling_errors(&self, vertex: VertexId) -> Vec<ErrorId> {
        stacker::maybe_grow(128 << 10, 2 << 20, || {
            let vertex = self.follow(vertex);
            let mut errors = Vec::new();
            let mut unknown = Vec::new();
            for child in self.judged_parts(vertex) {
                let found = self.telling_errors(child);
                let Some(first) = found.first() else { continue };
                let bottom = &self.store.errors[*first];
                let is_unknown = bottom.rule == Rule::UnknownField;
                if is_unknown && self.v(bottom.vertex).parent == self.v(child).parent {
                    unknown.extend(found);
                } else if errors.is_empty() || !is_unknown {
                    errors = found;
                    if !is_unknown {
                        break;
                    }
                }
            }
            let is_closed_out = |error: &ErrorId| self.store.errors[*error].rule == Rule::UnknownField;
            if !unknown.is_empty() && errors.iter().all(is_closed_out) {
                errors = unknown;
            }
            errors.extend(self.own_errors(vertex));
            errors
        })
    }

    /// The definite errors of a vertex itself.
    fn own_errors(&self, vertex: VertexId) -> Vec<ErrorId> {
        let v = self.v(vertex);
        let mut own: Vec<_> = v.work.errors.iter().copied().filter(|error| !self.is_incomplete(*error)).collect();
        if let Base::Bottom(error) = v.base
            && own.is_empty()
            && !self.is_incomplete(error)
        {
            own.push(error);
        }
        own
    }

    /// The parts of a vertex whose errors are its errors too.
    fn judged_parts(&self, vertex: VertexId) -> impl Iterator<Item = VertexId> {
        let v = self.v(vertex);
        let unknown = |error: &ErrorId| self.store.errors[*error].rule == Rule::UnknownField;
        let is_leaf = self.is_leaf(vertex) || v.work.errors.iter().any(unknown);
        let arcs = if is_leaf { &[][..] } else { &v.arcs[..] };
        let is_field = |child: &VertexId| self.v(*child).constraint == Constraint::None;
        arcs.iter().map(|(_, child)| *child).filter(is_field)
    }

    /// The definite errors of a vertex and of all that is below it. Where the vertex itself is in error, or a function
    /// was to judge it as a whole, the first part that fails stands for all of them.
    pub(crate) fn definite_errors(&self, vertex: VertexId, out: &mut Vec<ErrorId>) {
        stacker::maybe_grow(128 << 10, 2 << 20, || {
            let vertex = self.follow(vertex);
            let is_function = |check: &Check| matches!(&check.rule, CheckRule::Function(found) if matches!(found.function, Builtin::Package(..)));
            let is_judged = self.v(vertex).work.checks.iter().any(is_function);
            if is_judged || !self.own_errors(vertex).is_empty() {
                let told = self.telling_errors(vertex);
                // A function judges required fields as well.
                let hidden = is_judged && told.is_empty() && self.is_in_error(vertex);
                out.extend(hidden.then(|| self.known_error(vertex)));
                return out.extend(told);
            }
            for child in self.judged_parts(vertex) {
                self.definite_errors(child, out);
            }
        });
    }

    fn conclude(&mut self, vertex: VertexId, tried: Tried) {
        if tried.survivors.is_empty() {
            let error = self.empty_disjunction(vertex, &tried.failures);
            if !self.v(vertex).work.lost_alternatives {
                self.fail(vertex, error);
            }
            self.vm(vertex).base = Base::Bottom(error);
            return;
        }
        let all = &tried.survivors;
        let marked: Vec<_> = all.iter().map(|leaf| (*leaf, self.mode_among(*leaf, NONE, all))).collect();
        let unique = self.without_duplicates(marked);
        if let [(leaf, _)] = unique.as_slice() {
            self.redirect(vertex, *leaf);
            return;
        }
        let leaves: Vec<_> = unique.into_iter().map(|(leaf, mode)| (leaf, mode == Mode::Default)).collect();
        self.vm(vertex).base = Base::Disjunction(leaves.into());
    }

    /// Leaves out the alternatives that wait for information, unless there is but one. They are tried again when more
    /// is known.
    fn drop_unresolved(&mut self, vertex: VertexId, tried: &mut Tried) {
        if tried.survivors.len() + tried.failures.len() + tried.hopeless < 2 {
            return;
        }
        let waits = |leaf: &VertexId| self.unresolved(*leaf).or_else(|| self.unresolved_field(*leaf));
        let unresolved: Vec<(VertexId, ErrorId)> =
            tried.survivors.iter().filter_map(|leaf| Some((*leaf, waits(leaf)?))).collect();
        if unresolved.is_empty() {
            return;
        }
        tried.survivors.retain(|leaf| waits(leaf).is_none());
        let failure = |(leaf, error)| Failure { choices: self.v(leaf).choices.to_vec(), errors: vec![error] };
        tried.failures.extend(unresolved.into_iter().map(failure));
        self.vm(vertex).work.lost_alternatives = true;
    }

    /// Why a value waits for information.
    fn unresolved(&self, vertex: VertexId) -> Option<ErrorId> {
        let v = self.v(self.follow(vertex));
        match v.base {
            // A value in a cycle is known and only to be confirmed.
            Base::Bottom(error) if self.code(error) == Code::Cycle && v.work.atom.is_some() => None,
            Base::Bottom(error) if self.is_incomplete(error) => Some(error),
            _ => v.work.unmet.first().copied(),
        }
    }

    /// Why a field or element of a value waits for information. What is further below does not count.
    fn unresolved_field(&self, vertex: VertexId) -> Option<ErrorId> {
        let arcs = self.v(self.follow(vertex)).arcs.iter();
        let present = arcs.filter(|(_, child)| self.v(*child).constraint != Constraint::Optional);
        let unresolved = present.filter_map(|(_, child)| self.unresolved(*child));
        // A field that leads back to the alternatives tells nothing of this one.
        unresolved.into_iter().find(|error| self.code(*error) != Code::Cycle)
    }

    fn empty_disjunction(&mut self, vertex: VertexId, failures: &[Failure]) -> ErrorId {
        if self.is_exhausted() {
            return self.exhausted;
        }
        let all: Vec<&Failure> = failures.iter().collect();
        let errors = self.disjunction_errors(vertex, &all, NONE);
        match errors.as_slice() {
            [one] => *one,
            [head, parts @ ..] => {
                self.store.errors[*head].parts = parts.to_vec();
                *head
            }
            [] => {
                self.error(Code::Eval, Rule::Disjunction, "empty disjunction".to_owned(), vertex, Pos::NONE, Vec::new())
            }
        }
    }

    /// The errors of the disjunctions below a choice, or below none, that leave nothing: the first one of them that
    /// does is told, each alternative as it fails together with the last one that was left of those before.
    fn disjunction_errors(&mut self, vertex: VertexId, failures: &[&Failure], parent: u32) -> Vec<ErrorId> {
        let made = |failure: &Failure| failure.made_below(parent).count();
        let most = failures.iter().map(|failure| made(failure)).max().unwrap_or(0);
        let mut user = Vec::new();
        let mut other = Vec::new();
        let mut last: Vec<&Failure> = Vec::new();
        for failure in failures {
            if self.is_raised(&failure.errors) {
                user.push(failure.errors.clone());
            } else if made(failure) == most {
                last.push(failure);
            }
        }
        let chosen = |failure: &Failure| failure.made_below(parent).next_back();
        let mut alternatives: Vec<u32> =
            last.iter().filter_map(|failure| Some(failure.choices[chosen(failure)?].alternative)).collect();
        alternatives.sort_unstable();
        alternatives.dedup();
        for alternative in alternatives {
            let is_one =
                |failure: &&&Failure| chosen(failure).is_some_and(|at| failure.choices[at].alternative == alternative);
            let Some(example) = last.iter().rev().find(is_one) else { continue };
            let Some(at) = chosen(example) else { continue };
            if example.choices.len() == at + 1 {
                other.push(example.errors.clone());
                continue;
            }
            let within: Vec<&Failure> =
                failures.iter().filter(|failure| failure.agrees(example, at + 1)).copied().collect();
            other.push(self.disjunction_errors(vertex, &within, at as u32));
        }
        self.told_errors(vertex, user, other)
    }

    /// Whether `error()` raised all of these.
    fn is_raised(&self, errors: &[ErrorId]) -> bool {
        errors.iter().all(|error| {
            let bottom = &self.store.errors[*error];
            bottom.code == Code::User && bottom.message != super::unify::LITERAL_BOTTOM
        })
    }

    /// Puts the errors of alternatives together, with the count of them first if there are several. What `error()`
    /// raised is told instead of all else.
    fn told_errors(&mut self, vertex: VertexId, user: Vec<Vec<ErrorId>>, other: Vec<Vec<ErrorId>>) -> Vec<ErrorId> {
        // Whatever could be mended may mend the whole.
        let all = other.iter().flatten();
        let code =
            all.map(|error| self.code(*error)).filter(|code| matches!(code, Code::Incomplete | Code::Cycle)).max();
        let code = code.unwrap_or(Code::Eval);
        let other = self.selected_errors(other);
        let (errors, places) = match user.is_empty() {
            true => (other, Vec::new()),
            false => {
                let first = other.first().map(|error| &self.store.errors[*error]);
                let places = first.into_iter().flat_map(|first| first.positions.iter().copied().chain([first.primary]));
                let places = places.filter(|pos| pos.is_some()).collect::<Vec<_>>();
                (self.selected_errors(user), places)
            }
        };
        let errors = self.sorted_once(errors);
        if let [one] = errors.as_slice() {
            // That an alternative raised it is known to this disjunction alone.
            let known = self.code(*one);
            let code = if known == Code::User { code } else { known };
            let one = Bottom { code, ..self.store.errors[*one].clone() };
            let one = self.store.errors.push(one);
            self.store.errors[one].positions.extend(places);
            return vec![one];
        }
        if errors.is_empty() {
            return errors;
        }
        let message = format!("{} errors in empty disjunction:", errors.len());
        let head = self.error(code, Rule::Disjunction, message, vertex, Pos::NONE, places);
        [vec![head], errors].concat()
    }

    /// Of many alternatives, only those that fail at a place where no other one failed.
    fn selected_errors(&self, mut all: Vec<Vec<ErrorId>>) -> Vec<ErrorId> {
        all.retain(|errors| !errors.is_empty());
        if all.len() > ERRORS_UNFILTERED {
            let mendable = |errors: &Vec<ErrorId>| errors.iter().all(|error| self.is_incomplete(*error));
            if let Some(first) = all.iter().position(mendable) {
                all.drain(..first);
            }
            let mut places = FxHashSet::default();
            all.retain(|errors| {
                let first = &self.store.errors[errors[0]];
                places.insert(first.primary) || first.positions.iter().any(|pos| places.insert(*pos))
            });
        }
        all.concat()
    }

    /// The errors in the order in which they print, each once. Those inside of others stand beside them.
    fn sorted_once(&mut self, errors: Vec<ErrorId>) -> Vec<ErrorId> {
        let mut flat = Vec::new();
        for error in errors {
            let parts = self.store.errors[error].parts.clone();
            if parts.is_empty() {
                flat.push(error);
                continue;
            }
            let head = Bottom { parts: Vec::new(), ..self.store.errors[error].clone() };
            flat.push(self.store.errors.push(head));
            flat.extend(parts);
        }
        let mut known = FxHashSet::default();
        flat.retain(|error| {
            let bottom = &self.store.errors[*error];
            known.insert((bottom.primary, self.path(bottom.vertex), bottom.message.clone()))
        });
        flat
    }

    /// Whether the choices below one make a default.
    fn mode_of(&self, leaf: VertexId, parent: u32) -> Mode {
        let choices = &self.v(leaf).choices;
        let mut all = Mode::Unmarked;
        for (index, choice) in choices.iter().enumerate() {
            if choice.parent == parent {
                all = both(all, nested(choice.mode, self.mode_of(leaf, index as u32)));
            }
        }
        all
    }

    /// The same, where a mark inside of an alternative counts only if a marked value is left of it.
    fn mode_among(&self, leaf: VertexId, parent: u32, all: &[VertexId]) -> Mode {
        let choices = &self.v(leaf).choices;
        let mut result = Mode::Unmarked;
        for (index, choice) in choices.iter().enumerate() {
            if choice.parent != parent {
                continue;
            }
            let mut inner = self.mode_among(leaf, index as u32, all);
            if inner == Mode::Other && !self.has_default_within(choice, all) {
                inner = Mode::Unmarked;
            }
            // The other alternatives count as unmarked once the marked ones are gone.
            let gone = choice.mode == Mode::Other && !self.has_default_of(choice, all);
            let outer = if gone { Mode::Unmarked } else { choice.mode };
            result = both(result, nested(outer, inner));
        }
        result
    }

    /// Whether a marked alternative of the disjunction of a choice is left.
    fn has_default_of(&self, choice: &Choice, all: &[VertexId]) -> bool {
        let is_default = |other: &Choice| other.key == choice.key && other.mode == Mode::Default;
        all.iter().any(|leaf| self.v(*leaf).choices.iter().any(is_default))
    }

    /// Whether a marked value is left of the alternatives inside of a choice.
    fn has_default_within(&self, choice: &Choice, all: &[VertexId]) -> bool {
        all.iter().any(|leaf| {
            let same = |other: &Choice| (other.key, other.alternative) == (choice.key, choice.alternative);
            let at = self.v(*leaf).choices.iter().position(same);
            at.is_some_and(|at| self.mode_of(*leaf, at as u32) == Mode::Default)
        })
    }

    fn without_duplicates(&mut self, all: Vec<(VertexId, Mode)>) -> Vec<(VertexId, Mode)> {
        let mut unique: Vec<(VertexId, Mode)> = Vec::new();
        for (leaf, mode) in all {
            let same = (0..unique.len()).find(|index| self.same_value(unique[*index].0, leaf));
            match same {
                Some(index) if mode == Mode::Default => unique[index].1 = Mode::Default,
                Some(_) => {}
                None => unique.push((leaf, mode)),
            }
        }
        unique
    }

    /// Whether two values are the same, down to their constraints.
    pub(crate) fn same_value(&mut self, a: VertexId, b: VertexId) -> bool {
        let (a, b) = (self.follow(a), self.follow(b));
        if a == b {
            return true;
        }
        self.process(a);
        self.process(b);
        let (a, b) = (self.follow(a), self.follow(b));
        let (left, right) = (self.v(a), self.v(b));
        if left.constraint != right.constraint || self.kind_of(a) != self.kind_of(b) {
            return false;
        }
        match (&left.base, &right.base) {
            (Base::Atom(x), Base::Atom(y)) => arith::atoms_equal(x, y) && same_kind(x, y) && self.same_parts(a, b),
            (Base::Partial, Base::Partial) | (Base::Struct, Base::Struct) | (Base::List, Base::List) => {
                !self.is_waiting(a) && !self.is_waiting(b) && self.same_checks(a, b) && self.same_parts(a, b)
            }
            (Base::Disjunction(x), Base::Disjunction(y)) => {
                let (x, y) = (x.clone(), y.clone());
                x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| x.1 == y.1 && self.same_value(x.0, y.0))
            }
            _ => false,
        }
    }

    fn is_waiting(&self, vertex: VertexId) -> bool {
        self.v(vertex).work.tasks.iter().any(|task| task.state == TaskState::Pending)
    }

    fn same_checks(&mut self, a: VertexId, b: VertexId) -> bool {
        let (a, b) = (self.v(a).work.checks.clone(), self.v(b).work.checks.clone());
        a.len() == b.len()
            && a.iter().all(|x| {
                b.iter().any(|y| match (&x.rule, &y.rule) {
                    (CheckRule::Bound(p, x), CheckRule::Bound(q, y)) => p == q && arith::atoms_equal(x, y),
                    (CheckRule::Function(x), CheckRule::Function(y)) => self.same_function(x, y),
                    (CheckRule::Compare(p, x), CheckRule::Compare(q, y)) => p == q && x == y,
                    _ => false,
                })
            })
    }

    fn same_parts(&mut self, a: VertexId, b: VertexId) -> bool {
        let (left, right) = (self.v(a), self.v(b));
        let shape = |v: &Vertex| (v.arcs.len(), v.work.patterns.len(), v.work.lists.iter().all(|part| part.open));
        // A scalar that is embedded in a struct is no closed struct.
        let is_scalar = matches!(left.base, Base::Atom(_));
        if shape(left) != shape(right) || !is_scalar && self.is_closed(a) != self.is_closed(b) {
            return false;
        }
        let patterns = |v: &Vertex| v.work.patterns.iter().map(|p| (p.pattern_expr, p.value)).collect::<Vec<_>>();
        if patterns(left) != patterns(right) {
            return false;
        }
        let arcs = left.arcs.snapshot();
        arcs.into_iter().all(|(label, child)| match self.v(b).arc(label) {
            Some(other) => self.same_value(child, other),
            None => false,
        })
    }
}

fn same_kind(a: &Atom, b: &Atom) -> bool {
    a.kind() == b.kind()
}

fn modes(alternatives: &Alternatives) -> Vec<Mode> {
    match alternatives {
        Alternatives::Exprs(disjuncts) => {
            let marked = disjuncts.iter().any(|disjunct| disjunct.default);
            let mode = |default| match (marked, default) {
                (false, _) => Mode::Unmarked,
                (true, true) => Mode::Default,
                (true, false) => Mode::Other,
            };
            disjuncts.iter().map(|disjunct| mode(disjunct.default)).collect()
        }
        Alternatives::Vertices(vertices) => vertices.iter().map(|(_, mode)| *mode).collect(),
    }
}

/// The mode of an alternative of one disjunction together with one of another.
fn both(a: Mode, b: Mode) -> Mode {
    match (a, b) {
        (Mode::Unmarked, other) | (other, Mode::Unmarked) => other,
        (Mode::Default, Mode::Default) => Mode::Default,
        _ => Mode::Other,
    }
}

/// The mode of an alternative inside of another.
fn nested(outer: Mode, inner: Mode) -> Mode {
    match (outer, inner) {
        (Mode::Unmarked, inner) => inner,
        (Mode::Other, _) | (Mode::Default, Mode::Other) => Mode::Other,
        (Mode::Default, _) => Mode::Default,
    }
}
