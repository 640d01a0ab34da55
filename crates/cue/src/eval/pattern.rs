//! Pattern constraints: `[pattern]: value` applies to all regular fields whose names satisfy the pattern.

use super::{
    engine::{Engine, Outcome},
    vertex::{Base, CheckRule, Conjunct, Declared, Env, EnvId, Info, NONE, Pattern, PushTight as _, Term, VertexId},
};
use crate::{
    ir::{Atom, Expr, ExprId, label::Label},
    kind::Kind,
};

impl Engine {
    /// Adds a pattern, once it is known what names satisfy it.
    pub(crate) fn add_pattern(
        &mut self,
        vertex: VertexId,
        pattern_expr: ExprId,
        value: ExprId,
        env: EnvId,
        info: Info,
    ) -> Outcome<()> {
        let pattern = self.pattern_vertex(pattern_expr, env);
        self.process(pattern);
        let followed = self.follow(pattern);
        if let Base::Bottom(error) = self.v(followed).base {
            return Err(error);
        }
        let info = Info { choice: NONE, ..info };
        self.use_pattern(vertex, Pattern { pattern, pattern_expr, value, env, info });
        Ok(())
    }

    /// The vertex that labels must satisfy: one for all environments, if the pattern means the same in each.
    fn pattern_vertex(&mut self, pattern: ExprId, env: EnvId) -> VertexId {
        if let Some(known) = self.patterns.get(&pattern) {
            return *known;
        }
        let vertex = self.anonymous(Term::Expr(pattern), env);
        if self.is_same_everywhere(pattern) {
            self.patterns.insert(pattern, vertex);
        }
        vertex
    }

    fn is_same_everywhere(&self, expr: ExprId) -> bool {
        match self.expr(expr) {
            Expr::Atom(_) | Expr::Top | Expr::Type(_) => true,
            Expr::Bound { operand, .. } => matches!(self.expr(*operand), Expr::Atom(_)),
            _ => false,
        }
    }

    pub(crate) fn use_pattern(&mut self, vertex: VertexId, pattern: Pattern) {
        self.vm(vertex).work.patterns.push_tight(pattern);
        for (label, child) in self.v(vertex).arcs.snapshot() {
            self.apply_pattern(&pattern, label, child);
        }
    }

    /// Applies the patterns known so far to a new field.
    pub(crate) fn apply_patterns_to(&mut self, vertex: VertexId, label: Label, child: VertexId) {
        for index in 0..self.v(vertex).work.patterns.len() {
            let pattern = self.v(vertex).work.patterns[index];
            self.apply_pattern(&pattern, label, child);
        }
    }

    fn apply_pattern(&mut self, pattern: &Pattern, label: Label, child: VertexId) {
        if !self.pattern_matches(pattern.pattern, label) {
            return;
        }
        let pos = self.pos(pattern.value);
        self.forget_restrictions(child);
        self.vm(child).declared.push(Declared { scope: pattern.info.scope, pos, derived: true, required: false });
        let env = if pattern.env == NONE { NONE } else { self.matched_env(pattern.env, label) };
        self.add_input(child, Conjunct { term: Term::Expr(pattern.value), env, info: pattern.info });
    }

    fn matched_env(&mut self, env: EnvId, label: Label) -> EnvId {
        let around = self.store.envs[env];
        self.store.envs.push(Env { label, ..around })
    }

    /// Whether the name of a field satisfies a pattern.
    pub(crate) fn pattern_matches(&mut self, pattern: VertexId, label: Label) -> bool {
        if label.as_index().is_some() || label == Label::NONE || !self.store.labels.is_regular(label) {
            return false;
        }
        let name = self.store.labels.name(label).text.clone();
        self.satisfies_pattern(pattern, &Atom::String(name))
    }

    fn satisfies_pattern(&mut self, pattern: VertexId, name: &Atom) -> bool {
        self.process(pattern);
        let pattern = self.follow(pattern);
        match self.v(pattern).base.clone() {
            Base::Atom(atom) => atom == *name,
            Base::Disjunction(leaves) => leaves.iter().any(|(leaf, _)| self.satisfies_pattern(*leaf, name)),
            Base::Partial if !self.v(pattern).work.kind.contains(Kind::STRING) => false,
            Base::Partial => {
                let checks = self.v(pattern).work.checks.clone();
                let simple = checks.iter().all(|check| matches!(check.rule, CheckRule::Bound(..)));
                if checks.is_empty() {
                    return true;
                }
                if simple {
                    return checks.iter().all(|check| match &check.rule {
                        CheckRule::Bound(op, bound) => self.within_bound(*op, bound, name),
                        _ => false,
                    });
                }
                self.satisfies_by_unification(pattern, name)
            }
            _ => false,
        }
    }

    fn satisfies_by_unification(&mut self, pattern: VertexId, name: &Atom) -> bool {
        let Atom::String(text) = name else { return false };
        let datum = self.store.data.push(std::sync::Arc::new(crate::call::Datum::String(text.clone())));
        let both = self.anonymous(Term::Datum(datum), NONE);
        let conjunct = Conjunct { term: Term::Vertex(pattern), env: NONE, info: Info::ROOT };
        self.vm(both).conjuncts.push(conjunct);
        self.process(both);
        !matches!(self.v(self.follow(both)).base, Base::Bottom(_))
    }
}
