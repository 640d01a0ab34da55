//! What a value is written as: its conjuncts, with references not yet followed.
//!
//! Exports need it to refer to definitions by name where the text does, instead of repeating what they hold.

use std::sync::Arc;

use super::Value;
use crate::{
    error::PathPart,
    eval::{
        engine::Engine,
        function::builtin_name,
        vertex::{Conjunct, EnvId, Info, Term, VertexId},
    },
    ir::{Builtin, Decl, Expr, ExprId, Node, StructLit},
};

/// A conjunct as it is written.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A reference to a field or definition of the package, by its path from the root.
    Reference {
        /// The path.
        path: Vec<PathPart>,
        /// What stands there.
        value: Value,
    },
    /// A function that is used as a validator by its name alone, such as `net.IPv4`.
    Function {
        /// The full name.
        name: Arc<str>,
        /// The validator.
        value: Value,
    },
    /// A disjunction, as it is written; marked are the defaults.
    Alternatives(Vec<(Value, bool)>),
    /// Anything else.
    Value(Value),
}

impl Operand {
    /// What the operand stands for.
    #[must_use]
    pub fn value(&self) -> Value {
        match self {
            Self::Reference { value, .. } | Self::Function { value, .. } | Self::Value(value) => value.clone(),
            Self::Alternatives(alternatives) => {
                // Callers that meet alternatives look at each of them.
                alternatives.first().map(|(value, _)| value.clone()).expect("a disjunction has operands")
            }
        }
    }
}

/// An operand while all of them are evaluated in one layer, so that they can be unified later.
enum Raw {
    Reference(Vec<PathPart>, VertexId),
    Function(Arc<str>, VertexId),
    Alternatives(Vec<(VertexId, bool)>),
    Value(VertexId),
}

impl Value {
    /// The conjuncts that the value is written as; embedded ones come before the struct that they stand in.
    #[must_use]
    pub fn operands(&self) -> Vec<Operand> {
        let mut collector = Collector { engine: self.frozen.fork(), vertex: self.vertex, found: Vec::new() };
        for conjunct in self.engine().v(self.vertex).conjuncts.clone() {
            collector.add(conjunct);
        }
        let Collector { engine, found, .. } = collector;
        let frozen = self.frozen.freeze(engine, self.frozen.files.clone());
        let value = |vertex| Self { frozen: frozen.clone(), vertex };
        let operand = |raw| match raw {
            Raw::Reference(path, vertex) => Operand::Reference { path, value: value(vertex) },
            Raw::Function(name, vertex) => Operand::Function { name, value: value(vertex) },
            Raw::Alternatives(all) => {
                Operand::Alternatives(all.into_iter().map(|(vertex, default)| (value(vertex), default)).collect())
            }
            Raw::Value(vertex) => Operand::Value(value(vertex)),
        };
        found.into_iter().map(operand).collect()
    }

    /// Whether one alternative is marked as the default.
    #[must_use]
    pub fn has_default(&self) -> bool {
        self.engine().default_of(self.vertex) != self.followed()
    }

    /// All values at once; none if there is none.
    #[must_use]
    pub fn all(values: impl IntoIterator<Item = Self>) -> Option<Self> {
        values.into_iter().reduce(|all, value| all.unify(&value))
    }
}

struct Collector {
    engine: Engine,
    /// The value that the operands are of.
    vertex: VertexId,
    found: Vec<Raw>,
}

impl Collector {
    /// A term evaluated at the place of the value, so that paths of what is inside begin with it.
    fn evaluated(&mut self, term: Term, env: EnvId) -> VertexId {
        let (parent, label) = (self.engine.v(self.vertex).parent, self.engine.v(self.vertex).label);
        let vertex = self.engine.new_vertex(parent, label);
        self.engine.add_input(vertex, Conjunct { term, env, info: Info::ROOT });
        self.engine.process(vertex);
        vertex
    }

    fn add(&mut self, conjunct: Conjunct) {
        match conjunct.term {
            Term::Expr(expr) => self.add_expr(expr, conjunct.env),
            term => {
                let vertex = self.evaluated(term, conjunct.env);
                self.found.push(Raw::Value(vertex));
            }
        }
    }

    fn add_expr(&mut self, expr: ExprId, env: EnvId) {
        match self.engine.expr(expr).clone() {
            Expr::And { left, right } => {
                self.add_expr(left, env);
                self.add_expr(right, env);
            }
            Expr::Or(disjuncts) => {
                let mut all = Vec::with_capacity(disjuncts.len());
                for disjunct in disjuncts.iter() {
                    all.push((self.evaluated(Term::Expr(disjunct.expr), env), disjunct.default));
                }
                self.found.push(Raw::Alternatives(all));
            }
            Expr::Field { .. } | Expr::Selector { .. } => self.add_reference(expr, env),
            Expr::Builtin(builtin @ Builtin::Package(..)) => {
                let vertex = self.evaluated(Term::Expr(expr), env);
                self.found.push(Raw::Function(builtin_name(&builtin).into(), vertex));
            }
            Expr::Struct(lit) if lit.decls.iter().any(|decl| matches!(decl, Decl::Embed(_))) => {
                self.add_struct(&lit, expr, env);
            }
            Expr::Call { function, args } if matches!(self.engine.expr(function), Expr::Builtin(Builtin::Close)) => {
                args.iter().for_each(|arg| self.add_expr(*arg, env));
            }
            _ => {
                let vertex = self.evaluated(Term::Expr(expr), env);
                self.found.push(Raw::Value(vertex));
            }
        }
    }

    fn add_reference(&mut self, expr: ExprId, env: EnvId) {
        let vertex = self.evaluated(Term::Expr(expr), env);
        self.found.push(match self.engine.resolve(env, expr, self.vertex) {
            Ok(target) => {
                let path = self.engine.path(target);
                Raw::Reference(path.into_iter().map(|label| self.engine.store.labels.part(label)).collect(), vertex)
            }
            Err(_) => Raw::Value(vertex),
        });
    }

    /// What a struct embeds, and the struct without that.
    fn add_struct(&mut self, lit: &StructLit, expr: ExprId, env: EnvId) {
        let inside = self.engine.new_env(env, self.vertex);
        let is_embedded = |decl: &Decl| matches!(decl, Decl::Embed(_));
        let (embedded, own): (Vec<_>, Vec<_>) = lit.decls.iter().cloned().partition(is_embedded);
        for decl in embedded {
            if let Decl::Embed(embedded) = decl {
                self.add_expr(embedded, inside);
            }
        }
        if !own.is_empty() {
            let rest = Expr::Struct(Arc::new(StructLit { decls: own, embeds: false, ..lit.clone() }));
            let pos = self.engine.store.exprs[expr].pos;
            let rest = self.engine.store.exprs.push(Node { expr: rest, pos });
            let vertex = self.evaluated(Term::Expr(rest), env);
            self.found.push(Raw::Value(vertex));
        }
    }
}
