//! Evaluated values: data as data, what is incomplete as the expressions it is made of.

use std::sync::Arc;

use super::{
    Exporter, call, ellipsis, embed,
    expression::{atom_expr, bound_op, with_line_comment},
    joined, list, name, structure, unary,
};
use crate::{
    error::path_text,
    eval::{
        bounds::implied_by_bounds,
        vertex::{Base, Check, CheckRule, ErrorId, NONE, TaskState, Term, VertexId},
    },
    ir::{
        Atom, BoundOp, Expr as Ir, ExprId,
        compile::names::RANGES,
        label::{Label, LabelKind},
    },
    kind::Kind,
    number::{Decimal, Number},
    syntax::{
        ast::{BinaryOp, Constraint, Decl, Expr, UnaryOp},
        literal::Lines,
        pos::Pos,
    },
};

impl Exporter<'_> {
    /// A value.
    pub(super) fn vertex(&mut self, vertex: VertexId) -> Expr {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.vertex_inner(vertex))
    }

    fn vertex_inner(&mut self, declared: VertexId) -> Expr {
        self.engine.process(declared);
        let followed = self.engine.follow(declared);
        if self.stack.contains(&followed) {
            return name("_");
        }
        self.stack.push(followed);
        let expr = self.followed(declared, followed);
        self.stack.pop();
        expr
    }

    fn followed(&mut self, declared: VertexId, followed: VertexId) -> Expr {
        let value = if self.profile.defaults { self.engine.default_of(followed) } else { followed };
        self.engine.process(value);
        let value = self.engine.follow(value);
        if value == followed && self.is_waiting(value) && !self.profile.errors {
            return self.declared(declared);
        }
        match self.engine.v(value).base.clone() {
            Base::Struct => self.structure(value, None),
            Base::List => {
                let list = self.list(value);
                self.with_arcs(value, list)
            }
            Base::Atom(atom) => {
                let raw = if self.stack.len() > 1 && self.is_element(declared) { self.raw(declared) } else { None };
                let atom = raw.unwrap_or_else(|| atom_expr(&atom, Lines::Many(1)));
                self.with_arcs(value, atom)
            }
            Base::Bottom(error) if self.engine.is_incomplete(error) => self.declared(declared),
            Base::Bottom(error) if self.profile.errors && self.is_below(error, value) => self.structure(value, None),
            Base::Bottom(error) => {
                let more = self.error_count(error) - 1;
                let bottom = &self.engine.store.errors[error];
                let path: Vec<_> = self
                    .engine
                    .path(bottom.vertex)
                    .into_iter()
                    .map(|label| self.engine.store.labels.part(label))
                    .collect();
                let place = if path.is_empty() { String::new() } else { format!("{}: ", path_text(&path)) };
                let more = if more > 0 { format!(" (and {more} more errors)") } else { String::new() };
                with_line_comment(Expr::Bottom(Pos::NONE), &format!("{place}{}{more}", bottom.message))
            }
            Base::Disjunction(leaves) => self.disjunction(&leaves),
            Base::Partial | Base::Unknown => {
                let partial = self.partial(value);
                self.with_arcs(value, partial)
            }
        }
    }

    /// Whether an error is of something in a value rather than of the value itself.
    fn is_below(&self, error: ErrorId, value: VertexId) -> bool {
        let mut vertex = self.engine.store.errors[error].vertex;
        while vertex != NONE {
            vertex = self.engine.v(vertex).parent;
            if vertex != NONE && self.engine.follow(vertex) == value {
                return true;
            }
        }
        false
    }

    /// How many errors are reported for one.
    fn error_count(&self, error: ErrorId) -> usize {
        1 + self.engine.store.errors[error].parts.iter().map(|part| self.error_count(*part)).sum::<usize>()
    }

    /// Whether the fields of a struct, or the elements of a list, are not all known yet.
    fn is_waiting(&self, vertex: VertexId) -> bool {
        let v = self.engine.v(vertex);
        matches!(v.base, Base::Struct | Base::List) && v.work.tasks.iter().any(|task| task.state == TaskState::Pending)
    }

    fn is_element(&self, vertex: VertexId) -> bool {
        self.engine.v(vertex).label.as_index().is_some()
    }

    /// A value without fields, or a struct around it if it has some that are shown.
    fn with_arcs(&mut self, vertex: VertexId, expr: Expr) -> Expr {
        let hidden = |label: &Label| !self.engine.store.labels.is_regular(*label) && self.shows(*label);
        let has_some = self.engine.v(vertex).arcs.iter().any(|(label, _)| hidden(label));
        if has_some { self.structure(vertex, Some(expr)) } else { expr }
    }

    /// A struct; if it is also something else, that is embedded and regular fields are none of its own.
    fn structure(&mut self, vertex: VertexId, embedded: Option<Expr>) -> Expr {
        let frame = self.push_frame();
        let outer = self.frame_of.insert(vertex, frame);
        let regular = embedded.is_none();
        let mut decls: Vec<Decl> = embedded.into_iter().map(embed).collect();
        for (label, child) in self.engine.arcs_in_order(vertex) {
            let constraint = self.engine.v(child).constraint;
            let is_regular = self.engine.store.labels.kind(label) == LabelKind::Regular;
            let wanted = if is_regular { regular } else { self.shows(label) };
            let optional = constraint == Constraint::Optional;
            if !wanted || label.as_index().is_some() || (optional && !self.profile.optional) {
                continue;
            }
            let value = self.vertex(child);
            let notes = self.engine.v(child).notes.clone();
            decls.push(self.field(label, constraint, value, &notes));
        }
        match outer {
            Some(outer) => self.frame_of.insert(vertex, outer),
            None => self.frame_of.remove(&vertex),
        };
        let lets = self.let_decls(frame);
        structure(lets.into_iter().chain(decls).collect())
    }

    fn list(&mut self, vertex: VertexId) -> Expr {
        let elements = self.engine.elements(vertex);
        let mut elements: Vec<Expr> = elements.into_iter().map(|element| self.vertex(element)).collect();
        if let Some(rest) = self.rest(vertex).filter(|_| !self.profile.defaults) {
            elements.push(Expr::Ellipsis(ellipsis(rest)));
        }
        list(elements)
    }

    /// What may follow in a list that is open.
    fn rest(&mut self, vertex: VertexId) -> Option<Option<Expr>> {
        let parts = self.engine.v(vertex).work.lists.clone();
        if parts.is_empty() || parts.iter().any(|part| !part.open) {
            return None;
        }
        let rests: Vec<_> = parts.iter().filter_map(|part| part.rest).collect();
        let values = rests.into_iter().map(|(rest, env)| {
            let vertex = self.engine.anonymous(Term::Expr(rest), env);
            self.vertex(vertex)
        });
        let values: Vec<Expr> = values.collect();
        Some((!values.is_empty()).then(|| joined(BinaryOp::And, values)))
    }

    fn disjunction(&mut self, leaves: &Arc<[(VertexId, bool)]>) -> Expr {
        let defaults = leaves.iter().filter(|(_, default)| *default).count();
        let only_defaults = self.profile.defaults && defaults > 0;
        let mut sorted: Vec<(VertexId, bool)> = leaves.to_vec();
        sorted.sort_by_key(|(_, default)| !*default);
        let operands = sorted.into_iter().filter(|(_, default)| !only_defaults || *default).map(|(leaf, default)| {
            let value = self.vertex(leaf);
            if default && !only_defaults { unary(UnaryOp::Default, value) } else { value }
        });
        let operands: Vec<Expr> = operands.collect();
        joined(BinaryOp::Or, operands)
    }

    /// A type with bounds and validators.
    fn partial(&mut self, vertex: VertexId) -> Expr {
        let work = &self.engine.v(vertex).work;
        let (kind, mut checks) = (work.kind, work.checks.clone());
        checks.sort_by_key(|check| (matches!(check.rule, CheckRule::Function(_)), check.origin.pos));
        let implied = implied_by_bounds(&checks).and(implied_by_functions(&checks));
        let needs_type = checks.is_empty() || !kind.contains(implied.and(Kind::TOP)) || implied == Kind::TOP;
        let shows_type = needs_type && kind != Kind::TOP || checks.is_empty();
        if let Some(range) = named_range(kind, &checks) {
            return name(range);
        }
        let type_name = |kind: Kind| if kind == Kind::TOP { "_".to_owned() } else { kind.to_string() };
        let Some((min, max)) = number_range(&checks) else {
            let mut operands: Vec<Expr> = shows_type.then(|| name(&type_name(kind))).into_iter().collect();
            operands.extend(checks.iter().map(|check| self.check(check)));
            return joined(BinaryOp::And, operands);
        };
        let mut operands = Vec::new();
        let mut shown_min = true;
        if shows_type && kind == Kind::INT {
            let (op, low) = bound_of(&checks[min]);
            let negative = low.starts_with('-');
            operands.push(name(if negative { "int" } else { "uint" }));
            shown_min = !(low == "0" && op == BoundOp::GreaterEqual);
        } else if shows_type {
            operands.push(name(&type_name(kind)));
        }
        if shown_min {
            operands.push(self.check(&checks[min]));
        }
        operands.push(self.check(&checks[max]));
        let others = checks.iter().enumerate().filter(|(index, _)| *index != min && *index != max);
        for (_, check) in others {
            operands.push(self.check(check));
        }
        joined(BinaryOp::And, operands)
    }

    fn check(&mut self, check: &Check) -> Expr {
        match &check.rule {
            CheckRule::Bound(op, atom) => unary(bound_op(*op), atom_expr(atom, Lines::One)),
            CheckRule::Compare(op, vertex) => {
                let value = self.vertex(*vertex);
                unary(bound_op(*op), value)
            }
            CheckRule::Function(validator) => {
                let function = self.builtin(&validator.function);
                if validator.args.is_empty() {
                    // Without arguments it is the function itself, or a call of it.
                    let is_call = matches!(self.engine.expr(validator.expr), Ir::Call { .. });
                    return if is_call { call(function, Vec::new()) } else { function };
                }
                let args = validator.args.iter().map(|(env, arg)| {
                    let vertex = self.engine.anonymous(Term::Expr(*arg), *env);
                    self.vertex(vertex)
                });
                let args: Vec<Expr> = args.collect();
                call(function, args)
            }
        }
    }

    /// The expressions that a value is made of.
    fn declared(&mut self, vertex: VertexId) -> Expr {
        let conjuncts = self.engine.v(vertex).conjuncts.clone();
        let mut seen: Vec<ExprId> = Vec::new();
        let mut terms: Vec<(u32, ExprId)> = Vec::new();
        let mut others: Vec<VertexId> = Vec::new();
        for conjunct in conjuncts {
            match conjunct.term {
                Term::Expr(expr) if !seen.contains(&expr) => {
                    seen.push(expr);
                    terms.push((conjunct.env, expr));
                }
                Term::Vertex(value) | Term::Plain(value) => others.push(value),
                Term::Expr(_) | Term::Datum(_) => {}
            }
        }
        let mut order = seen.clone();
        self.sort_operands(&mut order);
        let mut operands: Vec<Expr> = others
            .into_iter()
            .map(|value| if self.stack.contains(&value) { name("_") } else { self.declared_value(value) })
            .collect();
        for expr in order {
            let env = terms.iter().find(|(_, known)| *known == expr).map_or(NONE, |(env, _)| *env);
            let scopes = self.scopes(env);
            operands.push(self.expression(&scopes, expr));
        }
        let is_top = |operand: &Expr| matches!(operand, Expr::Ident(ident) if ident.name == "_");
        if operands.len() > 1 {
            operands.retain(|operand| !is_top(operand));
        }
        joined(BinaryOp::And, operands)
    }

    fn declared_value(&mut self, vertex: VertexId) -> Expr {
        self.stack.push(vertex);
        let expr = if self.engine.v(vertex).conjuncts.is_empty() { name("_") } else { self.declared(vertex) };
        self.stack.pop();
        expr
    }

    /// The literal of a value as it is written, if it is declared as one.
    fn raw(&self, vertex: VertexId) -> Option<Expr> {
        let conjuncts = &self.engine.v(vertex).conjuncts;
        let literal = conjuncts.iter().find_map(|conjunct| match conjunct.term {
            Term::Expr(expr) if matches!(self.engine.expr(expr), Ir::Atom(_)) => Some(expr),
            _ => None,
        })?;
        self.written(literal)
    }
}

/// The kinds that functions leave, so that no type need stand beside them.
fn implied_by_functions(checks: &[Check]) -> Kind {
    checks.iter().fold(Kind::TOP, |all, check| match &check.rule {
        CheckRule::Function(validator) => match &validator.function {
            crate::ir::Builtin::Package(_, function) => {
                function.params.first().map_or(all, |param| all.and(param.kind))
            }
            _ => all,
        },
        _ => all,
    })
}

/// The name of a predeclared range that has just these bounds.
fn named_range(kind: Kind, checks: &[Check]) -> Option<&'static str> {
    let bound = |check: &Check| match &check.rule {
        CheckRule::Bound(op, Atom::Number(number)) => Some((*op, number.value.clone())),
        _ => None,
    };
    let found: Vec<(BoundOp, Decimal)> = checks.iter().map(bound).collect::<Option<_>>()?;
    let limit = |op: BoundOp, text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let value = Number::from_literal(digits).ok()?.value;
        Some((op, if digits.len() < text.len() { -value } else { value }))
    };
    let is_range = |low: &str, high: &str, range_kind: Option<Kind>| {
        let low = limit(BoundOp::GreaterEqual, low);
        let bounds: Vec<_> = low.into_iter().chain(limit(BoundOp::LessEqual, high)).collect();
        let same_kind = kind == range_kind.unwrap_or(Kind::NUMBER);
        same_kind && bounds.len() == found.len() && bounds.iter().all(|bound| found.contains(bound))
    };
    let (name, ..) = RANGES.iter().find(|(_, low, high, range_kind)| is_range(low, high, *range_kind))?;
    // `>=0 & int` alone prints as it is written.
    (found.len() == 2 || *name == "uint").then_some(*name)
}

/// The checks that are the lower and the upper bound of a number.
fn number_range(checks: &[Check]) -> Option<(usize, usize)> {
    let find = |ops: [BoundOp; 2]| {
        checks.iter().position(|check| match &check.rule {
            CheckRule::Bound(op, Atom::Number(_)) => ops.contains(op),
            _ => false,
        })
    };
    Some((find([BoundOp::Greater, BoundOp::GreaterEqual])?, find([BoundOp::Less, BoundOp::LessEqual])?))
}

fn bound_of(check: &Check) -> (BoundOp, String) {
    match &check.rule {
        CheckRule::Bound(op, Atom::Number(number)) => (*op, number.value.to_string()),
        _ => (BoundOp::NotEqual, String::new()),
    }
}
