//! Bounds and other checks on values: which of them say the same, which contradict each other, and whether a value
//! satisfies them.

use std::{cmp::Ordering, sync::Arc};

use super::{
    arith,
    engine::{Engine, Outcome},
    expression::Val,
    vertex::{Check, CheckRule, Conjunct, EnvId, Info, Origin, PushTight as _, Show, Term, Validator, VertexId},
};
use crate::{
    error::{Code, Rule},
    ir::{Atom, BoundOp, Builtin, Expr, ExprId, Node},
    kind::Kind,
    number::{Number, Rounding},
    syntax::pos::Pos,
};

/// A compiled regular expression, or what is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct CachedRegexp(Result<crate::regexp::Regexp, String>);

/// What two checks are together.
enum Together {
    Both,
    Old,
    New,
    /// The new one, in the place of the old one.
    Instead,
    /// Nothing satisfies both. The reference names one of them first.
    Conflict {
        lower_first: bool,
    },
}

impl Engine {
    /// Adds a bound; its operand must be concrete.
    pub(crate) fn add_bound(
        &mut self,
        vertex: VertexId,
        op: BoundOp,
        operand: ExprId,
        expr: ExprId,
        env: EnvId,
        info: Info,
    ) -> Outcome<()> {
        let pos = self.pos(expr);
        let rule = match self.eval(env, operand, vertex)? {
            Val::Atom(atom) => CheckRule::Bound(op, atom),
            Val::Vertex(value) if matches!(self.kind_of(value), Kind::STRUCT | Kind::LIST) && is_equality(op) => {
                CheckRule::Compare(op, value)
            }
            Val::Vertex(_) => {
                let message = format!("non-concrete value {} for bound {}", self.show_expr(operand), op_text(op));
                return Err(self.incomplete(vertex, Rule::Incomplete, message, vec![self.pos(operand)]));
            }
        };
        self.bring_value(vertex, info);
        let origin = match &rule {
            CheckRule::Bound(op, atom) if !matches!(self.expr(operand), Expr::Atom(_)) => {
                let operand = self.store.exprs.push(Node { expr: Expr::Atom(atom.clone()), pos: self.pos(operand) });
                self.computed_origin(Expr::Bound { op: *op, operand }, pos, info)
            }
            _ => self.origin(Show::Expr(expr), expr, info),
        };
        if let CheckRule::Bound(op, atom) = &rule {
            let Some(kind) = bound_kind(*op, atom) else {
                let message = format!("cannot use {} for bound {}", self.show_atom(atom), op_text(*op));
                return Err(self.error(Code::Eval, Rule::Type, message, vertex, pos, vec![pos]));
            };
            if matches!(op, BoundOp::Match | BoundOp::NotMatch)
                && let Atom::String(pattern) = atom
                && let Err(message) = self.regexp_matches(&pattern.clone(), b"")
            {
                let message = format!("invalid regexp: {message}");
                return Err(self.error(Code::Eval, Rule::Pattern, message, vertex, pos, vec![pos]));
            }
            self.add_kind(vertex, kind, &origin);
        }
        let judges_parts = match &rule {
            CheckRule::Bound(_, atom) => matches!(atom, Atom::Null),
            _ => true,
        };
        if judges_parts {
            self.leave_unchecked(vertex, info.scope);
        }
        self.add_check(vertex, Check { rule, origin });
        Ok(())
    }

    /// Adds a check, unless another one says the same or more.
    pub(crate) fn add_check(&mut self, vertex: VertexId, check: Check) {
        let mut index = 0;
        while index < self.v(vertex).work.checks.len() {
            let old = self.v(vertex).work.checks[index].clone();
            let together = match old.origin.pos == check.origin.pos && old.origin.pos.is_some() {
                // What is written once says nothing new.
                true if self.is_repeated(&old.rule, &check.rule) => Together::Old,
                _ => self.together(vertex, &old.rule, &check.rule),
            };
            match together {
                Together::Both => index += 1,
                Together::Old => return,
                Together::Instead => return self.vm(vertex).work.checks[index] = check,
                Together::New => {
                    self.vm(vertex).work.checks.remove(index);
                }
                Together::Conflict { lower_first } => {
                    return self.fail_bounds(vertex, &old.origin, &check.origin, lower_first);
                }
            }
        }
        self.vm(vertex).work.checks.push_tight(check);
    }

    fn fail_bounds(&mut self, vertex: VertexId, old: &Origin, new: &Origin, lower_first: bool) {
        let kind = match self.v(vertex).work.kind {
            Kind::INT => "integer",
            Kind::STRING => "string",
            Kind::BYTES => "bytes",
            _ => "number",
        };
        let (left, right) = (self.show(&old.show), self.show(&new.show));
        let (left, right) = if left.starts_with('>') == lower_first { (left, right) } else { (right, left) };
        let message = format!("incompatible {kind} bounds {left} and {right}");
        let error = self.error(Code::Eval, Rule::Bound, message, vertex, new.pos, vec![old.pos]);
        self.fail(vertex, error);
    }

    fn together(&mut self, vertex: VertexId, old: &CheckRule, new: &CheckRule) -> Together {
        let (CheckRule::Bound(old_op, a), CheckRule::Bound(new_op, b)) = (old, new) else {
            return match (old, new) {
                (CheckRule::Function(a), CheckRule::Function(b)) if self.same_function(a, b) => Together::Instead,
                _ => Together::Both,
            };
        };
        if old_op == new_op && arith::atoms_equal(a, b) {
            return match old_op {
                BoundOp::Less | BoundOp::Greater => Together::Instead,
                BoundOp::LessEqual | BoundOp::GreaterEqual => Together::Old,
                _ => Together::New,
            };
        }
        let Some(order) = arith::atoms_order(a, b) else { return Together::Both };
        let integers = self.v(vertex).work.kind == Kind::INT;
        match (side(*old_op), side(*new_op)) {
            (Side::Lower, Side::Lower) => tighter(order.reverse(), *old_op, *new_op),
            (Side::Upper, Side::Upper) => tighter(order, *old_op, *new_op),
            (Side::Lower, Side::Upper) => span((*old_op, a), (*new_op, b), integers),
            (Side::Upper, Side::Lower) => span((*new_op, b), (*old_op, a), integers),
            (Side::Lower | Side::Upper, Side::Not) if !satisfies(*old_op, b, a) => Together::Old,
            (Side::Not, Side::Lower | Side::Upper) if !satisfies(*new_op, a, b) => Together::New,
            _ => Together::Both,
        }
    }

    /// Whether two checks of one place in the text are the same.
    fn is_repeated(&mut self, old: &CheckRule, new: &CheckRule) -> bool {
        match (old, new) {
            (CheckRule::Function(a), CheckRule::Function(b)) => self.same_function(a, b),
            (CheckRule::Bound(p, a), CheckRule::Bound(q, b)) => p == q && arith::atoms_equal(a, b),
            _ => false,
        }
    }

    /// Whether two validators are the same function of the same arguments.
    pub(crate) fn same_function(&mut self, a: &Validator, b: &Validator) -> bool {
        if a.expr == b.expr && a.env == b.env {
            return true;
        }
        let same_name = match (&a.function, &b.function) {
            (Builtin::Package(_, a), Builtin::Package(_, b)) => std::ptr::eq(*a, *b),
            (Builtin::MatchN, Builtin::MatchN) | (Builtin::MatchIf, Builtin::MatchIf) => true,
            _ => false,
        };
        same_name && a.args.len() == b.args.len() && a.args.iter().zip(&b.args).all(|(a, b)| self.same_argument(*a, *b))
    }

    fn same_argument(&mut self, a: (EnvId, ExprId), b: (EnvId, ExprId)) -> bool {
        if let (Expr::Atom(a), Expr::Atom(b)) = (self.expr(a.1), self.expr(b.1)) {
            return a == b;
        }
        let (a, b) = (self.anonymous(Term::Expr(a.1), a.0), self.anonymous(Term::Expr(b.1), b.0));
        self.finalize(a);
        self.finalize(b);
        self.same_value(a, b)
    }

    /// Judges the value of a vertex by its checks.
    pub(crate) fn run_checks(&mut self, vertex: VertexId) {
        let Some((atom, origin)) = self.v(vertex).work.atom.clone() else { return };
        if self.v(vertex).work.kind.is_bottom() {
            return;
        }
        let mut checks = self.v(vertex).work.checks.clone();
        checks.sort_by_key(Check::rank);
        for check in checks {
            match &check.rule {
                CheckRule::Bound(op, bound) => self.run_bound(vertex, *op, bound, &check, &atom, &origin),
                CheckRule::Compare(..) => {}
                CheckRule::Function(validator) => {
                    self.run_validator(vertex, validator, Val::Atom(atom.clone()), &check, &origin);
                }
            }
        }
    }

    /// Whether a value satisfies a bound.
    pub(crate) fn within_bound(&mut self, op: BoundOp, bound: &Atom, atom: &Atom) -> bool {
        match (op, bound, atom) {
            (BoundOp::Match | BoundOp::NotMatch, Atom::String(pattern), Atom::String(text)) => {
                let matches = self.regexp_matches(&pattern.clone(), text.as_bytes()).unwrap_or(false);
                matches == (op == BoundOp::Match)
            }
            (BoundOp::Match | BoundOp::NotMatch, Atom::String(pattern), Atom::Bytes(text)) => {
                let matches = self.regexp_matches(&pattern.clone(), text).unwrap_or(false);
                matches == (op == BoundOp::Match)
            }
            _ => satisfies(op, atom, bound),
        }
    }

    fn run_bound(&mut self, vertex: VertexId, op: BoundOp, bound: &Atom, check: &Check, atom: &Atom, origin: &Origin) {
        if self.within_bound(op, bound, atom) {
            return;
        }
        let rule = match op {
            BoundOp::Match | BoundOp::NotMatch => Rule::Pattern,
            _ => Rule::Bound,
        };
        let message =
            format!("invalid value {} (out of bound {})", self.show_atom(atom), self.show(&check.origin.show));
        let mut positions = vec![origin.pos];
        if !matches!(side(op), Side::Lower | Side::Upper) {
            positions.extend(self.conjunct_positions(vertex));
        }
        let primary = check.origin.pos;
        let error = self.error(Code::Eval, rule, message, vertex, primary, positions);
        self.fail(vertex, error);
    }

    /// Where the expressions stand that a vertex is made of. Errors of all checks but lower and upper bounds tell them.
    pub(crate) fn conjunct_positions(&mut self, vertex: VertexId) -> Vec<Pos> {
        let mut positions = Vec::new();
        for conjunct in self.v(vertex).conjuncts.clone() {
            let Term::Expr(expr) = conjunct.term else { continue };
            let pos = self.pos(expr);
            if pos.is_some() {
                positions.push(pos);
            } else if self.is_reference(expr)
                && let Ok(target) = self.resolve(conjunct.env, expr, vertex)
            {
                // A definition that documents are judged by stands for what it is made of.
                positions.extend(self.own_expressions(target));
            }
        }
        positions
    }

    fn own_expressions(&self, vertex: VertexId) -> impl Iterator<Item = Pos> {
        let expr = |conjunct: &Conjunct| match conjunct.term {
            Term::Expr(expr) => Some(self.pos(expr)),
            _ => None,
        };
        self.v(vertex).conjuncts.iter().filter_map(expr).filter(|pos| pos.is_some())
    }

    /// Whether a regular expression matches somewhere in a text.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub(crate) fn regexp_matches(&mut self, pattern: &Arc<str>, text: &[u8]) -> Result<bool, String> {
        if !self.regexps.contains_key(pattern) {
            let compiled = crate::regexp::Regexp::new(pattern, self.limits.regexp_bytes_max);
            let compiled = compiled.map_err(|error| error.to_string());
            self.regexps.insert(pattern.clone(), CachedRegexp(compiled));
        }
        match &self.regexps[pattern].0 {
            Ok(regexp) => Ok(regexp.is_match(&String::from_utf8_lossy(text))),
            Err(message) => Err(message.clone()),
        }
    }
}

impl Check {
    /// Lower bounds come first, then upper ones, then all others.
    pub(crate) fn rank(&self) -> u8 {
        match &self.rule {
            CheckRule::Bound(op, _) if side(*op) == Side::Lower => 0,
            CheckRule::Bound(op, _) if side(*op) == Side::Upper => 1,
            _ => 2,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Lower,
    Upper,
    Not,
    Other,
}

fn side(op: BoundOp) -> Side {
    match op {
        BoundOp::Greater | BoundOp::GreaterEqual => Side::Lower,
        BoundOp::Less | BoundOp::LessEqual => Side::Upper,
        BoundOp::NotEqual => Side::Not,
        _ => Side::Other,
    }
}

fn is_equality(op: BoundOp) -> bool {
    matches!(op, BoundOp::Equal | BoundOp::NotEqual)
}

/// Which of two bounds on the same side is tighter, by how the old limit lies to the new one towards the inside.
fn tighter(order: Ordering, old: BoundOp, new: BoundOp) -> Together {
    let strict = |op| matches!(op, BoundOp::Less | BoundOp::Greater);
    match order {
        Ordering::Less => Together::Old,
        Ordering::Greater => Together::New,
        Ordering::Equal if strict(new) && !strict(old) => Together::New,
        Ordering::Equal => Together::Old,
    }
}

/// Whether anything lies between a lower and an upper bound.
fn span((low_op, low): (BoundOp, &Atom), (high_op, high): (BoundOp, &Atom), integers: bool) -> Together {
    let are_strict = low_op == BoundOp::Greater && high_op == BoundOp::Less;
    let are_closed = low_op == BoundOp::GreaterEqual && high_op == BoundOp::LessEqual;
    let order = match (low, high) {
        (Atom::Number(low), Atom::Number(high)) if integers => {
            // Integers that satisfy the bounds, or the last ones that don't where the bounds are strict.
            let first = low.value.round_to_integral(match low_op {
                BoundOp::Greater => Rounding::Floor,
                _ => Rounding::Ceiling,
            });
            let last = high.value.round_to_integral(match high_op {
                BoundOp::Less => Rounding::Ceiling,
                _ => Rounding::Floor,
            });
            let order = first.cmp(&last);
            if are_strict
                && Number::int(last).sub(&Number::int(first)).is_ok_and(|steps| steps.value.to_i64() == Some(1))
            {
                return Together::Conflict { lower_first: true };
            }
            Some(order)
        }
        _ => arith::atoms_order(low, high),
    };
    match order {
        Some(Ordering::Greater) => Together::Conflict { lower_first: false },
        Some(Ordering::Equal) if !are_closed => Together::Conflict { lower_first: false },
        _ => Together::Both,
    }
}

/// The kinds that bounds leave, so that no type need stand beside them.
pub(crate) fn implied_by_bounds(checks: &[Check]) -> Kind {
    let kinds = checks.iter().filter_map(|check| match &check.rule {
        CheckRule::Bound(op, atom) => bound_kind(*op, atom),
        _ => None,
    });
    kinds.fold(Kind::TOP, Kind::and)
}

/// The kinds that a bound leaves; `None` if it takes no such operand.
fn bound_kind(op: BoundOp, operand: &Atom) -> Option<Kind> {
    let own = match operand {
        Atom::Number(_) => Kind::NUMBER,
        other => other.kind(),
    };
    match op {
        BoundOp::NotEqual if *operand == Atom::Null => Some(Kind::TOP.without(Kind::NULL)),
        BoundOp::NotEqual | BoundOp::Equal => Some(own),
        BoundOp::Match | BoundOp::NotMatch => matches!(operand, Atom::String(_)).then_some(Kind::STRING),
        _ => matches!(operand, Atom::Number(_) | Atom::String(_) | Atom::Bytes(_)).then_some(own),
    }
}

fn satisfies(op: BoundOp, value: &Atom, bound: &Atom) -> bool {
    let order = || arith::atoms_order(value, bound);
    match op {
        BoundOp::Less => order().is_some_and(Ordering::is_lt),
        BoundOp::LessEqual => order().is_some_and(Ordering::is_le),
        BoundOp::Greater => order().is_some_and(Ordering::is_gt),
        BoundOp::GreaterEqual => order().is_some_and(Ordering::is_ge),
        BoundOp::NotEqual => !arith::atoms_equal(value, bound),
        BoundOp::Equal => arith::atoms_equal(value, bound),
        BoundOp::Match | BoundOp::NotMatch => true,
    }
}

/// The text of a bound's operator.
pub(crate) fn op_text(op: BoundOp) -> &'static str {
    match op {
        BoundOp::Less => "<",
        BoundOp::LessEqual => "<=",
        BoundOp::Greater => ">",
        BoundOp::GreaterEqual => ">=",
        BoundOp::NotEqual => "!=",
        BoundOp::Equal => "==",
        BoundOp::Match => "=~",
        BoundOp::NotMatch => "!~",
    }
}
