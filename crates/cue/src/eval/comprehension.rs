//! Comprehensions: `for`, `if` and `let` clauses, and the structs they yield.

use std::sync::Arc;

use super::{
    engine::{Engine, Outcome},
    expression::Val,
    vertex::{Base, Conjunct, EnvId, Info, NONE, Passage, ScopeKind, State, TaskState, Term, Trail, VertexId, Work},
};
use crate::{
    error::{Code, Rule},
    ir::{Atom, Clause, Comprehension, ExprId, label::Label},
    kind::Kind,
    syntax::{ast::Constraint, pos::Pos},
};

impl Engine {
    /// Where the comprehension stands that waits for what it ranges over, if nothing else is wrong with a vertex: the
    /// place of the vertex in the reference.
    pub(crate) fn place_of_waiting(&self, vertex: VertexId) -> Pos {
        let work = &self.v(self.follow(vertex)).work;
        let mut pending = work.tasks.iter().filter(|task| task.state == TaskState::Pending);
        match (pending.next().map(|task| &task.work), pending.next()) {
            (Some(Work::Comprehension(waiting, ..)), None) if work.errors.is_empty() => match waiting.clauses.first() {
                Some(Clause::For { source, .. }) if self.is_reference(*source) => waiting.pos,
                _ => Pos::NONE,
            },
            _ => Pos::NONE,
        }
    }

    /// Adds what a comprehension yields, once its clauses can be evaluated.
    pub(crate) fn add_comprehension(
        &mut self,
        vertex: VertexId,
        comprehension: &Arc<Comprehension>,
        env: EnvId,
        info: Info,
    ) -> Outcome<()> {
        let envs = self.yields(comprehension, env, vertex)?;
        let scope = self.new_scope(info.scope, ScopeKind::Embedding);
        let binds = comprehension.clauses.iter().any(|clause| !matches!(clause, Clause::If { .. }));
        let passage = Passage::Comprehension { binds };
        let trail = self.store.trails.push(Trail { parent: info.trail, pos: comprehension.pos, passage });
        let info = Info { scope, trail, ..info };
        if envs.is_empty()
            && let Some(otherwise) = comprehension.otherwise
        {
            self.add_conjunct(vertex, Conjunct { term: Term::Expr(otherwise), env, info });
        }
        for env in envs {
            self.add_conjunct(vertex, Conjunct { term: Term::Expr(comprehension.value), env, info });
        }
        Ok(())
    }

    /// The environments in which the value of a comprehension is to be evaluated.
    pub(crate) fn yields(&mut self, comprehension: &Comprehension, env: EnvId, at: VertexId) -> Outcome<Vec<EnvId>> {
        let mut envs = vec![env];
        for clause in &comprehension.clauses {
            let mut next = Vec::new();
            for env in envs {
                self.run_clause(clause, env, at, &mut next)?;
            }
            envs = next;
        }
        Ok(envs)
    }

    fn run_clause(&mut self, clause: &Clause, env: EnvId, at: VertexId, out: &mut Vec<EnvId>) -> Outcome<()> {
        match clause {
            Clause::If { condition } => {
                if self.condition(env, *condition, at)? {
                    out.push(env);
                }
            }
            Clause::Let { label, value } => {
                let bound = self.variables(env, &[(*label, Term::Expr(*value), env)]);
                out.push(bound);
            }
            Clause::For { key, value, source, .. } => {
                for (label, item) in self.items(env, *source, at)? {
                    if !self.step(at) {
                        return Err(self.exhausted);
                    }
                    let mut variables = vec![(*value, Term::Vertex(item), NONE)];
                    if let Some(key) = key {
                        let name = self.label_datum(label);
                        variables.push((*key, Term::Datum(self.store.data.push(Arc::new(name))), NONE));
                    }
                    let bound = self.variables(env, &variables);
                    out.push(bound);
                }
            }
            Clause::Try { marked, binding } => {
                for reference in marked {
                    if self.leads_nowhere(env, *reference, at)? {
                        return Ok(());
                    }
                }
                out.push(match binding {
                    Some((label, value)) => self.variables(env, &[(*label, Term::Expr(*value), env)]),
                    None => env,
                });
            }
        }
        Ok(())
    }

    /// Whether there is no field at the end of a reference, nor may one come. Fields that are required do not count.
    fn leads_nowhere(&mut self, env: EnvId, reference: ExprId, at: VertexId) -> Outcome<bool> {
        let settled = self.settled;
        let outcome = self.resolve(env, reference, at);
        self.settled = settled;
        let Err(error) = outcome else { return Ok(false) };
        if self.code(error) == Code::Limit {
            return Err(error);
        }
        if !self.is_incomplete(error) || self.store.errors[error].rule != Rule::Reference {
            return Ok(false);
        }
        if !settled && self.may_change(env) { Err(error) } else { Ok(true) }
    }

    /// An environment whose struct holds the variables of a clause.
    fn variables(&mut self, env: EnvId, variables: &[(Label, Term, EnvId)]) -> EnvId {
        let parent = self.store.envs[env].vertex;
        let holder = self.new_vertex(parent, Label::NONE);
        for (label, term, term_env) in variables {
            if let Term::Vertex(item) = term {
                // The variable is the item itself, so that a way back to it is seen.
                self.vm(holder).arcs.push(*label, *item);
                continue;
            }
            let (child, _) = self.child(holder, *label, Constraint::None);
            self.vm(child).label = Label::NONE;
            let conjunct = Conjunct { term: *term, env: *term_env, info: Info::ROOT };
            self.vm(child).conjuncts.push(conjunct);
        }
        self.vm(holder).base = Base::Struct;
        self.vm(holder).state = State::Done;
        self.new_env(env, holder)
    }

    fn label_datum(&self, label: Label) -> crate::call::Datum {
        match label.as_index() {
            Some(index) => crate::call::Datum::Number(crate::number::Number::int(index as i64)),
            None => crate::call::Datum::String(self.store.labels.name(label).text.clone()),
        }
    }

    fn condition(&mut self, env: EnvId, condition: ExprId, at: VertexId) -> Outcome<bool> {
        let value = self.eval(env, condition, at)?;
        let pos = self.pos(condition);
        match value {
            Val::Atom(Atom::Bool(value)) => Ok(value),
            Val::Vertex(vertex) if self.kind_of(vertex).contains(Kind::BOOL) => {
                let shown = self.show_vertex(vertex);
                let message = format!("incomplete bool: {shown}");
                Err(self.incomplete(at, Rule::Incomplete, message, vec![pos]))
            }
            other => {
                let message =
                    format!("cannot use {} (type {}) as type bool", self.show_val(&other), self.val_kind(&other));
                Err(self.error(Code::Eval, Rule::Type, message, at, pos, vec![pos]))
            }
        }
    }

    /// The fields or elements that `for` runs through.
    fn items(&mut self, env: EnvId, source: ExprId, at: VertexId) -> Outcome<Vec<(Label, VertexId)>> {
        let value = self.eval(env, source, at)?;
        let pos = self.pos(source);
        if let Val::Vertex(vertex) = value {
            let vertex = self.default_of(vertex);
            let kind = self.kind_of(vertex);
            if kind == Kind::STRUCT || kind == Kind::LIST {
                return Ok(self.regular_arcs(vertex));
            }
            if kind.intersects(Kind::STRUCT.or(Kind::LIST)) {
                let message = format!("cannot range over {} (incomplete type {kind})", self.show_expr(source));
                return Err(self.incomplete(at, Rule::Incomplete, message, vec![pos]));
            }
        }
        let (shown, kind) = (self.show_val(&value), self.val_kind(&value));
        let message = format!("cannot range over {shown} (found {kind}, want list or struct)");
        Err(self.error(Code::Eval, Rule::Type, message, at, pos, vec![pos]))
    }
}
