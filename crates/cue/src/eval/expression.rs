//! Expressions that compute a value: operators, interpolation, slices, comparisons with `_|_`.

use std::sync::Arc;

use super::{
    arith,
    engine::{Engine, Outcome},
    vertex::{Base, Bottom, EnvId, ErrorId, NONE, State, Term, VertexId},
};
use crate::{
    error::{Code, PathPart, Rule, path_text},
    ir::{Atom, Expr, ExprId, Node, Part, label::Label},
    kind::Kind,
    syntax::{
        ast::{BinaryOp, UnaryOp},
        pos::Pos,
    },
};

/// The value of an expression.
#[derive(Clone, Debug)]
pub(crate) enum Val {
    Atom(Atom),
    /// A struct, a list, or what is not concrete.
    Vertex(VertexId),
}

/// The kinds with parts.
const COMPOSITE: Kind = Kind::STRUCT.or(Kind::LIST);

impl Engine {
    /// What stands for the name of a field where a pattern's value is looked at by itself.
    fn any_name(&mut self) -> VertexId {
        let any = self.store.exprs.push(Node { expr: Expr::Type(Kind::STRING), pos: Pos::NONE });
        let vertex = self.anonymous(Term::Expr(any), NONE);
        self.process(vertex);
        vertex
    }

    /// Evaluates an expression.
    pub(crate) fn eval(&mut self, env: EnvId, expr: ExprId, at: VertexId) -> Outcome<Val> {
        if !self.step(at) {
            return Err(self.exhausted);
        }
        stacker::maybe_grow(256 << 10, 4 << 20, || self.eval_inner(env, expr, at))
    }

    fn eval_inner(&mut self, env: EnvId, expr: ExprId, at: VertexId) -> Outcome<Val> {
        match self.expr(expr).clone() {
            Expr::Atom(atom) => Ok(Val::Atom(atom)),
            Expr::MatchedLabel { up, .. } => {
                let label = self.store.envs[self.env_up(env, up)].label;
                if label == Label::NONE {
                    return Ok(Val::Vertex(self.any_name()));
                }
                Ok(Val::Atom(self.label_atom(label)))
            }
            Expr::Unary { op, operand } => self.eval_unary(env, op, operand, at),
            Expr::Binary { op, left, right } => self.eval_binary(env, expr, op, (left, right), at),
            Expr::ShortCircuit { op, left, right } => match self.eval(env, left, at)? {
                Val::Atom(Atom::Bool(value)) if value == (op == BinaryOp::LogicalOr) => {
                    Ok(Val::Atom(Atom::Bool(value)))
                }
                _ => self.eval_binary(env, expr, op, (left, right), at),
            },
            Expr::Interpolation { parts, bytes } => self.eval_interpolation(env, expr, (&parts, bytes), at),
            Expr::Slice { base, low, high } => self.eval_slice(env, base, (low, high), at),
            Expr::Call { function, args } => self.eval_call(env, expr, function, &args, at),
            Expr::Bottom => {
                let message = "explicit error (_|_ literal) in source".to_owned();
                let pos = self.pos(expr);
                Err(self.error(Code::User, Rule::User, message, at, pos, vec![pos]))
            }
            Expr::Field { .. }
            | Expr::Selector { .. }
            | Expr::Index { .. }
            | Expr::MatchedField { .. }
            | Expr::NamedField { .. }
            | Expr::Let { .. }
            | Expr::Itself { .. }
            | Expr::Import { .. } => {
                let vertex = self.resolve(env, expr, at)?;
                if self.is_open_cycle(vertex) {
                    let message = format!("cycle with field: {}", self.show_expr(expr));
                    let pos = self.pos(expr);
                    return Err(self.error(Code::Cycle, Rule::Cycle, message, at, pos, vec![pos]));
                }
                self.value_of(vertex)
            }
            _ => {
                let vertex = self.anonymous(Term::Expr(expr), env);
                self.value_of(vertex)
            }
        }
    }

    fn label_atom(&self, label: Label) -> Atom {
        match label.as_index() {
            Some(index) => Atom::Number(crate::number::Number::int(index as i64)),
            None => Atom::String(self.store.labels.name(label).text.clone()),
        }
    }

    /// Evaluates to a value without parts.
    pub(crate) fn eval_atom(&mut self, env: EnvId, expr: ExprId, at: VertexId) -> Outcome<Atom> {
        match self.eval(env, expr, at)? {
            Val::Atom(atom) => Ok(atom),
            Val::Vertex(vertex) => {
                let shown = self.show_vertex(vertex);
                let kind = self.kind_of(vertex);
                let pos = self.pos(expr);
                if matches!(self.v(vertex).base, Base::Struct | Base::List) {
                    let message = format!("invalid operand {shown} (type {kind})");
                    return Err(self.error(Code::Eval, Rule::Type, message, at, pos, vec![pos]));
                }
                let message = format!("non-concrete value {shown}");
                Err(self.incomplete(at, Rule::Incomplete, message, vec![pos]))
            }
        }
    }

    fn eval_unary(&mut self, env: EnvId, op: UnaryOp, operand: ExprId, at: VertexId) -> Outcome<Val> {
        let value = self.eval(env, operand, at)?;
        let result = match (op, &value) {
            (UnaryOp::Not, Val::Atom(Atom::Bool(value))) => Some(Atom::Bool(!value)),
            (UnaryOp::Plus, Val::Atom(atom @ Atom::Number(_))) => Some(atom.clone()),
            (UnaryOp::Minus, Val::Atom(Atom::Number(number))) => {
                let mut number = number.clone();
                number.value = -number.value;
                Some(Atom::Number(number))
            }
            _ => None,
        };
        if let Some(result) = result {
            return Ok(Val::Atom(result));
        }
        let pos = self.pos(operand);
        let (shown, kind) = (self.show_val(&value), self.val_kind(&value));
        if let Val::Vertex(vertex) = value {
            if matches!(self.v(vertex).base, Base::Disjunction(_)) {
                let message = format!("unresolved disjunction {shown} (type {kind})");
                return Err(self.incomplete(at, Rule::Incomplete, message, vec![pos]));
            }
            if kind.intersects(if op == UnaryOp::Not { Kind::BOOL } else { Kind::NUMBER }) {
                let operand = self.show_expr(operand);
                let message = format!("operand {operand} of '{}' not concrete (was {kind})", op.text());
                return Err(self.incomplete(at, Rule::Incomplete, message, vec![pos]));
            }
        }
        let message = format!("invalid operation {}{shown} ({} {kind})", op.text(), op.text());
        Err(self.error(Code::Eval, Rule::Type, message, at, pos, vec![pos]))
    }

    /// Evaluates an operand and demands that it is concrete.
    fn operand(&mut self, env: EnvId, expr: ExprId, op: &str, at: VertexId) -> Outcome<Val> {
        let value = self.eval(env, expr, at)?;
        let Val::Vertex(vertex) = value else { return Ok(value) };
        if matches!(self.v(vertex).base, Base::Struct | Base::List) || self.v(vertex).state == State::Active {
            return Ok(value);
        }
        let shown = self.show_vertex(vertex);
        let message = match self.v(vertex).base {
            Base::Disjunction(_) => format!("unresolved disjunction {shown} (type {})", self.kind_of(vertex)),
            _ => format!("non-concrete value {shown} in operand to {op}"),
        };
        let mut positions = vec![self.pos(expr)];
        if let Some(origin) = self.v(vertex).work.kind_origin {
            positions.extend(self.positions(&origin));
        }
        Err(self.incomplete(at, Rule::Incomplete, message, positions))
    }

    fn eval_binary(
        &mut self,
        env: EnvId,
        expr: ExprId,
        op: BinaryOp,
        (left, right): (ExprId, ExprId),
        at: VertexId,
    ) -> Outcome<Val> {
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            let is_bottom = |id: ExprId| matches!(self.expr(id), Expr::Bottom);
            let tested = match (is_bottom(left), is_bottom(right)) {
                (true, true) => return Ok(Val::Atom(Atom::Bool(op == BinaryOp::Equal))),
                (true, false) => Some(right),
                (false, true) => Some(left),
                (false, false) => None,
            };
            if let Some(tested) = tested {
                let bottom = self.is_bottom_value(env, tested, at)?;
                return Ok(Val::Atom(Atom::Bool(bottom == (op == BinaryOp::Equal))));
            }
        }
        let text = op.text();
        let a = self.operand(env, left, text, at)?;
        let b = self.operand(env, right, text, at)?;
        let kind = self.val_kind(&a);
        self.demand_valid_operand(expr, (op, "left"), &a, kind, at)?;
        self.demand_valid_operand(expr, (op, "right"), &b, kind, at)?;
        self.binary_values(env, expr, op, (&a, &b), at)
    }

    /// A struct or list takes part in an operation only if all that is in it is concrete. Messages tell the kind of
    /// the left operand for both.
    fn demand_valid_operand(
        &mut self,
        expr: ExprId,
        (op, side): (BinaryOp, &str),
        operand: &Val,
        kind: Kind,
        at: VertexId,
    ) -> Outcome<()> {
        let Val::Vertex(vertex) = *operand else { return Ok(()) };
        if self.v(vertex).state == State::Active || self.encloses(vertex, at) {
            return Ok(());
        }
        let Some(first) = self.violations(vertex, true).first().copied() else { return Ok(()) };
        let Bottom { code, rule, ref message, vertex: place, .. } = self.store.errors[first];
        if code == Code::Limit {
            return Err(first);
        }
        let reason = match self.path_below(place, vertex) {
            path if path.is_empty() => message.clone(),
            path => format!("{}: {message}", path_text(&path)),
        };
        let message = format!("invalid {side}-hand value to '{}' (type {kind}): {reason}", op.text());
        let pos = self.pos(expr);
        Err(self.error(code, rule, message, at, pos, vec![pos]))
    }

    /// The path from a vertex to one inside of it.
    fn path_below(&self, mut inner: VertexId, outer: VertexId) -> Vec<PathPart> {
        let mut path = Vec::new();
        while inner != NONE && self.follow(inner) != self.follow(outer) {
            path.push(self.store.labels.part(self.v(inner).label));
            inner = self.v(inner).parent;
        }
        path.reverse();
        path
    }

    fn binary_values(
        &mut self,
        env: EnvId,
        expr: ExprId,
        op: BinaryOp,
        (a, b): (&Val, &Val),
        at: VertexId,
    ) -> Outcome<Val> {
        let failure = match (a, b) {
            (Val::Atom(a), Val::Atom(b)) => match op {
                BinaryOp::Match | BinaryOp::NotMatch => return self.match_operator(op, a, b, at, expr),
                _ => match arith::binary(op, a, b) {
                    Ok(atom) => return Ok(Val::Atom(atom)),
                    Err(failure) => failure,
                },
            },
            _ => match op {
                BinaryOp::Equal | BinaryOp::NotEqual => {
                    let equal = self.values_equal(a, b)?;
                    return Ok(Val::Atom(Atom::Bool(equal == (op == BinaryOp::Equal))));
                }
                BinaryOp::Add if self.both_lists(a, b) => Some(
                    "Addition of lists is superseded by list.Concat; see https://cuelang.org/e/v0.11-list-arithmetic"
                        .to_owned(),
                ),
                BinaryOp::Multiply if self.val_kind(a) == Kind::LIST || self.val_kind(b) == Kind::LIST => Some(
                    "Multiplication of lists is superseded by list.Repeat; see https://cuelang.org/e/v0.11-list-arithmetic"
                        .to_owned(),
                ),
                _ => None,
            },
        };
        let pos = self.pos(expr);
        let mut positions = vec![pos];
        let message = match failure {
            Some(message) => message,
            None => {
                if let Expr::Binary { left, right, .. } | Expr::ShortCircuit { left, right, .. } = *self.expr(expr) {
                    let operands = [left, right].map(|operand| self.value_position(env, operand, at));
                    positions.extend(operands.into_iter().flatten());
                }
                let (left, right) = (self.show_val(a), self.show_val(b));
                let (left_kind, right_kind) = (self.val_kind(a), self.val_kind(b));
                format!(
                    "invalid operands {left} and {right} to '{op}' (type {left_kind} and {right_kind})",
                    op = op.text()
                )
            }
        };
        Err(self.error(Code::Eval, Rule::Type, message, at, pos, positions))
    }

    /// Where the value of an expression stands: behind a reference it is that of its target. Structs and lists have no
    /// place in the reference's errors.
    pub(crate) fn value_position(&mut self, env: EnvId, expr: ExprId, at: VertexId) -> Option<Pos> {
        match self.expr(expr) {
            Expr::Struct(_) | Expr::List(_) => None,
            _ if self.is_reference(expr) => {
                let target = self.resolve(env, expr, at).ok()?;
                let target = self.default_of(target);
                self.v(target).work.atom.as_ref().map(|(_, origin)| origin.pos)
            }
            _ => Some(self.pos(expr)),
        }
    }

    fn both_lists(&self, a: &Val, b: &Val) -> bool {
        self.val_kind(a) == Kind::LIST && self.val_kind(b) == Kind::LIST
    }

    fn match_operator(&mut self, op: BinaryOp, a: &Atom, b: &Atom, at: VertexId, expr: ExprId) -> Outcome<Val> {
        let (text, pattern) = match (a, b) {
            (Atom::String(text), Atom::String(pattern)) => (text.as_bytes(), pattern.clone()),
            (Atom::Bytes(text), Atom::String(pattern)) => (&text[..], pattern.clone()),
            _ => {
                let (left, right) = (self.show_atom(a), self.show_atom(b));
                let text = op.text();
                let message =
                    format!("invalid operands {left} and {right} to '{text}' (type {} and {})", a.kind(), b.kind());
                let pos = self.pos(expr);
                return Err(self.error(Code::Eval, Rule::Type, message, at, pos, vec![pos]));
            }
        };
        match self.regexp_matches(&pattern, text) {
            Ok(matches) => Ok(Val::Atom(Atom::Bool(matches == (op == BinaryOp::Match)))),
            Err(message) => {
                let pos = self.pos(expr);
                Err(self.error(Code::Eval, Rule::Pattern, message, at, pos, vec![pos]))
            }
        }
    }

    /// The kinds of a value.
    pub(crate) fn val_kind(&self, value: &Val) -> Kind {
        match value {
            Val::Atom(atom) => atom.kind(),
            Val::Vertex(vertex) => self.kind_of(*vertex),
        }
    }

    /// Whether an expression is an error, for comparisons with `_|_`.
    ///
    /// What may still come is awaited as long as the vertex that asks is not settled.
    fn is_bottom_value(&mut self, env: EnvId, expr: ExprId, at: VertexId) -> Outcome<bool> {
        let settled = self.settled;
        let outcome = match self.expr(expr) {
            Expr::Field { .. } | Expr::Selector { .. } | Expr::Index { .. } | Expr::Let { .. } => {
                self.resolve(env, expr, at)
            }
            _ => match self.eval(env, expr, at) {
                Ok(Val::Vertex(vertex)) => Ok(vertex),
                Ok(Val::Atom(_)) => return Ok(false),
                Err(error) => Err(error),
            },
        };
        self.settled = settled;
        let error = match outcome {
            Ok(vertex) => {
                let followed = self.follow(vertex);
                if self.v(followed).state == State::Active {
                    return Ok(false);
                }
                let error = self.error_of(vertex);
                let value = self.default_of(vertex);
                match self.v(value).base {
                    // A scalar that is not concrete counts as absent.
                    Base::Partial if error.is_none() && !self.kind_of(value).intersects(COMPOSITE) => {
                        let message = format!("incomplete value {}", self.show_vertex(value));
                        Some(self.incomplete(at, Rule::Incomplete, message, vec![self.pos(expr)]))
                    }
                    // What is missing inside does not make a struct an error.
                    Base::Struct | Base::List => error.filter(|error| !self.is_incomplete(*error)),
                    _ => error,
                }
            }
            Err(error) => Some(error),
        };
        match error {
            None => Ok(false),
            Some(error) if self.code(error) == Code::Limit => Err(error),
            Some(error) if self.is_incomplete(error) && !settled && self.may_change(env) => Err(error),
            Some(_) => Ok(true),
        }
    }

    /// Whether a struct around an expression still has work to do.
    pub(crate) fn may_change(&self, mut env: EnvId) -> bool {
        while env != NONE {
            let vertex = self.store.envs[env].vertex;
            if vertex != NONE && self.v(self.follow(vertex)).state == State::Active {
                return true;
            }
            env = self.store.envs[env].up;
        }
        false
    }

    fn eval_interpolation(
        &mut self,
        env: EnvId,
        whole: ExprId,
        (parts, bytes): (&Arc<[Part]>, bool),
        at: VertexId,
    ) -> Outcome<Val> {
        let mut out = Vec::new();
        for part in parts.iter() {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Expr(expr) => self.interpolate(env, (whole, *expr), &mut out, at)?,
            }
        }
        Ok(Val::Atom(match bytes {
            true => Atom::Bytes(out.into()),
            false => Atom::String(valid_text(&out).into()),
        }))
    }

    fn interpolate(
        &mut self,
        env: EnvId,
        (whole, expr): (ExprId, ExprId),
        out: &mut Vec<u8>,
        at: VertexId,
    ) -> Outcome<()> {
        let start = self.pos(whole);
        let value = match self.eval(env, expr, at) {
            Ok(value) => value,
            Err(error) => {
                let bottom = &self.store.errors[error];
                let (code, rule) = (bottom.code, bottom.rule);
                let message = format!("invalid interpolation: {}", self.error_text(error));
                let mut positions = vec![start];
                for pos in [bottom.primary].iter().chain(&bottom.positions) {
                    if pos.is_some() && !positions.contains(pos) {
                        positions.push(*pos);
                    }
                }
                return Err(self.error(code, rule, message, at, start, positions));
            }
        };
        match value {
            Val::Atom(Atom::String(text)) => out.extend_from_slice(text.as_bytes()),
            Val::Atom(Atom::Bytes(bytes)) => out.extend_from_slice(&bytes),
            Val::Atom(Atom::Number(number)) => out.extend_from_slice(number.to_source().replace('e', "E").as_bytes()),
            Val::Atom(Atom::Bool(value)) => out.extend_from_slice(value.to_string().as_bytes()),
            Val::Atom(Atom::Null) => {
                let pos = self.value_position(env, expr, at);
                return Err(self.bad_interpolation(whole, ("null", Kind::NULL), pos, at));
            }
            Val::Vertex(vertex) => {
                let kind = self.kind_of(vertex);
                let shown = self.show_vertex(vertex);
                let concrete = matches!(self.v(vertex).base, Base::Struct | Base::List);
                if !concrete {
                    let message = format!("invalid interpolation: non-concrete value {shown} (type {kind})");
                    let positions = [start].into_iter().chain(self.own_position(vertex)).collect();
                    return Err(self.error(Code::Incomplete, Rule::Incomplete, message, at, start, positions));
                }
                let pos = self.v(vertex).work.kind_origin.as_ref().map(|origin| origin.pos);
                return Err(self.bad_interpolation(whole, (&shown, kind), pos, at));
            }
        }
        crate::builtin::check_text_length(out.len()).map_err(|message| {
            let pos = self.pos(expr);
            self.error(Code::Limit, Rule::Limit, message, at, pos, vec![pos])
        })
    }

    fn bad_interpolation(
        &mut self,
        whole: ExprId,
        (shown, kind): (&str, Kind),
        value: Option<Pos>,
        at: VertexId,
    ) -> ErrorId {
        let message =
            format!("invalid interpolation: cannot use {shown} (type {kind}) as type (bool|string|bytes|number)");
        let start = self.pos(whole);
        let positions = [start].into_iter().chain(value).collect();
        self.error(Code::Eval, Rule::Type, message, at, start, positions)
    }

    fn eval_slice(
        &mut self,
        env: EnvId,
        base: ExprId,
        (low, high): (Option<ExprId>, Option<ExprId>),
        at: VertexId,
    ) -> Outcome<Val> {
        let value = self.operand(env, base, "slice", at)?;
        let base_pos = self.pos(base);
        let low = self.slice_bound(env, low, at)?;
        let high = self.slice_bound(env, high, at)?;
        match value {
            Val::Atom(Atom::Bytes(bytes)) => {
                let (from, to) = self.slice_range(low, high, bytes.len(), base_pos, at)?;
                Ok(Val::Atom(Atom::Bytes(bytes[from..to].into())))
            }
            Val::Vertex(vertex) if self.kind_of(vertex) == Kind::LIST => {
                let elements = self.elements(vertex);
                let (from, to) = self.slice_range(low, high, elements.len(), base_pos, at)?;
                Ok(Val::Vertex(self.list_of(&elements[from..to])))
            }
            other => {
                let message = format!("cannot slice {} (type {})", self.show_val(&other), self.val_kind(&other));
                Err(self.error(Code::Eval, Rule::Type, message, at, base_pos, vec![base_pos]))
            }
        }
    }

    fn slice_bound(&mut self, env: EnvId, bound: Option<ExprId>, at: VertexId) -> Outcome<Option<i64>> {
        let Some(bound) = bound else { return Ok(None) };
        match self.eval_atom(env, bound, at)? {
            Atom::Number(number) if number.is_int() => Ok(Some(number.value.to_i64().unwrap_or(i64::MAX))),
            other => {
                let message =
                    format!("cannot use {} (type {}) as int in slice index", self.show_atom(&other), other.kind());
                let pos = self.pos(bound);
                Err(self.error(Code::Eval, Rule::Type, message, at, pos, vec![pos]))
            }
        }
    }

    fn slice_range(
        &mut self,
        low: Option<i64>,
        high: Option<i64>,
        len: usize,
        pos: Pos,
        at: VertexId,
    ) -> Outcome<(usize, usize)> {
        let (from, to) = (low.unwrap_or(0), high.unwrap_or(len as i64));
        let message = if from < 0 || to < 0 {
            "cannot convert negative number to uint64".to_owned()
        } else if from > len as i64 {
            format!("index {from} out of range")
        } else if to > len as i64 {
            format!("index {to} out of range")
        } else if from > to {
            format!("invalid slice index: {from} > {to}")
        } else {
            return Ok((from as usize, to as usize));
        };
        Err(self.error(Code::Eval, Rule::Length, message, at, pos, vec![pos]))
    }

    /// Whether two concrete values are equal, with all their parts.
    pub(crate) fn values_equal(&mut self, a: &Val, b: &Val) -> Outcome<bool> {
        let (a, b) = match (a, b) {
            (Val::Atom(a), Val::Atom(b)) => return Ok(arith::atoms_equal(a, b)),
            (Val::Vertex(a), Val::Vertex(b)) => (*a, *b),
            _ => return Ok(false),
        };
        if self.kind_of(a) != self.kind_of(b) {
            return Ok(false);
        }
        let (left, right) = (self.regular_arcs(a), self.regular_arcs(b));
        if left.len() != right.len() {
            return Ok(false);
        }
        for (label, child) in left {
            let Some((_, other)) = right.iter().find(|(other, _)| *other == label) else { return Ok(false) };
            let (x, y) = (self.value_of(child)?, self.value_of(*other)?);
            if !self.values_equal(&x, &y)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The regular fields or elements that are there.
    pub(crate) fn regular_arcs(&self, vertex: VertexId) -> Vec<(Label, VertexId)> {
        let vertex = self.follow(vertex);
        self.v(vertex).arcs.iter().filter(|arc| self.is_regular_arc(arc)).copied().collect()
    }

    /// The regular fields that are there, in the order of output.
    pub(crate) fn regular_arcs_in_order(&self, vertex: VertexId) -> Vec<(Label, VertexId)> {
        let arcs = self.arcs_in_order(vertex);
        arcs.into_iter().filter(|arc| self.is_regular_arc(arc)).collect()
    }

    fn is_regular_arc(&self, (label, child): &(Label, VertexId)) -> bool {
        self.v(*child).constraint == crate::syntax::ast::Constraint::None && self.store.labels.is_regular(*label)
    }

    /// The message of an error with its path, as errors around it show it.
    pub(crate) fn error_text(&self, error: ErrorId) -> String {
        self.store.errors[error].message.clone()
    }

    /// Prints a value.
    pub(crate) fn show_val(&self, value: &Val) -> String {
        match value {
            Val::Atom(atom) => self.show_atom(atom),
            Val::Vertex(vertex) => self.show_vertex(*vertex),
        }
    }
}

/// Bytes as text, where each run of those that are no UTF-8 becomes one replacement character.
fn valid_text(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut replaced = false;
    for chunk in bytes.utf8_chunks() {
        replaced &= chunk.valid().is_empty();
        out.push_str(chunk.valid());
        if !chunk.invalid().is_empty() && !replaced {
            out.push(char::REPLACEMENT_CHARACTER);
            replaced = true;
        }
    }
    out
}
