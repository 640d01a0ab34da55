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
        vertex::{Conjunct, EnvId, Info, NONE, Term, VertexId},
    },
    ir::{Atom, Builtin, Decl, Expr, ExprId, Node, StructLit, label::Label},
    kind::Kind,
};

/// A value or a part of one as it is written.
#[derive(Clone, Debug)]
pub struct Operand<V = Value> {
    /// What it stands for.
    pub value: V,
    /// How it is written.
    pub form: Form<V>,
}

/// How a value is written.
#[derive(Clone, Debug)]
pub enum Form<V = Value> {
    /// A reference to a field or definition.
    Reference {
        /// Its path from the root of its package.
        path: Vec<PathPart>,
        /// What stands there.
        target: V,
    },
    /// A function that is used as a validator by its name alone, such as `net.IPv4`.
    Function(Arc<str>),
    /// A call of a function.
    Call,
    /// All of them at once; what a struct embeds comes before its own fields.
    Conjunction(Vec<Operand<V>>),
    /// One of them; marked are the defaults.
    Disjunction(Vec<(Operand<V>, bool)>),
    /// Anything else.
    Other,
}

impl Value {
    /// The value as it is written.
    #[must_use]
    pub fn operand(&self) -> Operand {
        let mut collector = Collector { engine: self.frozen.fork(), vertex: self.vertex };
        let form = collector.form_of(self.vertex);
        let operand = Operand { value: self.vertex, form };
        let frozen = self.frozen.freeze(collector.engine, self.frozen.files.clone());
        operand.map(&|vertex| Self { frozen: frozen.clone(), vertex })
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

impl<V> Operand<V> {
    /// The same of other values.
    fn map<W>(self, value: &impl Fn(V) -> W) -> Operand<W> {
        let form = match self.form {
            Form::Reference { path, target } => Form::Reference { path, target: value(target) },
            Form::Function(name) => Form::Function(name),
            Form::Call => Form::Call,
            Form::Conjunction(parts) => Form::Conjunction(parts.into_iter().map(|part| part.map(value)).collect()),
            Form::Disjunction(parts) => {
                Form::Disjunction(parts.into_iter().map(|(part, default)| (part.map(value), default)).collect())
            }
            Form::Other => Form::Other,
        };
        Operand { value: value(self.value), form }
    }
}

/// A term evaluated at the place of a value, so that paths of what is inside begin with it.
pub(super) fn evaluated_at(engine: &mut Engine, place: VertexId, term: Term, env: EnvId) -> VertexId {
    let (parent, label) = (engine.v(place).parent, engine.v(place).label);
    let vertex = engine.new_vertex(parent, label);
    engine.add_input(vertex, Conjunct { term, env, info: Info::ROOT });
    engine.process(vertex);
    vertex
}

/// What a struct literal embeds, and its other declarations.
pub(super) fn split_embedded(lit: &StructLit) -> (Vec<ExprId>, Vec<Decl>) {
    let (mut embedded, mut own) = (Vec::new(), Vec::new());
    for decl in &lit.decls {
        match decl {
            Decl::Embed(expr) => embedded.push(*expr),
            other => own.push(other.clone()),
        }
    }
    (embedded, own)
}

struct Collector {
    engine: Engine,
    /// The value that the operands are of.
    vertex: VertexId,
}

impl Collector {
    fn evaluated(&mut self, term: Term, env: EnvId) -> VertexId {
        evaluated_at(&mut self.engine, self.vertex, term, env)
    }

    /// How a vertex is written, by its conjuncts.
    fn form_of(&mut self, vertex: VertexId) -> Form<VertexId> {
        let conjuncts = self.engine.v(vertex).conjuncts.clone();
        match conjuncts.as_slice() {
            [] => Form::Other,
            [only] => self.form_of_term(only, vertex),
            all => Form::Conjunction(all.iter().map(|conjunct| self.operand(conjunct)).collect()),
        }
    }

    fn form_of_term(&mut self, conjunct: &Conjunct, whole: VertexId) -> Form<VertexId> {
        match conjunct.term {
            Term::Expr(expr) => self.form(expr, conjunct.env, whole),
            _ => Form::Other,
        }
    }

    fn operand(&mut self, conjunct: &Conjunct) -> Operand<VertexId> {
        let vertex = self.evaluated(conjunct.term, conjunct.env);
        Operand { value: vertex, form: self.form_of_term(conjunct, vertex) }
    }

    fn operand_of(&mut self, expr: ExprId, env: EnvId) -> Operand<VertexId> {
        self.operand(&Conjunct { term: Term::Expr(expr), env, info: Info::ROOT })
    }

    /// How an expression is written that a vertex is the value of.
    fn form(&mut self, expr: ExprId, env: EnvId, whole: VertexId) -> Form<VertexId> {
        match self.engine.expr(expr).clone() {
            Expr::And { left, right } => {
                Form::Conjunction(vec![self.operand_of(left, env), self.operand_of(right, env)])
            }
            Expr::Or(disjuncts) => {
                let part = |disjunct: &crate::ir::Disjunct| (self.operand_of(disjunct.expr, env), disjunct.default);
                Form::Disjunction(disjuncts.iter().map(part).collect())
            }
            Expr::Field { .. }
            | Expr::NamedField { .. }
            | Expr::Selector { .. }
            | Expr::Index { .. }
            | Expr::MatchedLabel { .. } => self.reference(expr, env).unwrap_or(Form::Other),
            Expr::Builtin(builtin @ Builtin::Package(..)) => Form::Function(builtin_name(&builtin).into()),
            Expr::Struct(lit) => self.form_of_struct(&lit, expr, env, whole),
            Expr::Call { function, args } => match (self.engine.expr(function).clone(), &*args) {
                (Expr::Builtin(Builtin::And), [arg]) => Form::Conjunction(self.elements(*arg, env)),
                (Expr::Builtin(Builtin::Or), [arg]) => {
                    let elements = self.elements(*arg, env);
                    Form::Disjunction(elements.into_iter().map(|element| (element, false)).collect())
                }
                _ => Form::Call,
            },
            _ => Form::Other,
        }
    }

    fn elements(&mut self, list: ExprId, env: EnvId) -> Vec<Operand<VertexId>> {
        let list = self.evaluated(Term::Expr(list), env);
        let list = self.engine.default_of(list);
        let mut elements = Vec::new();
        for vertex in self.engine.elements(list) {
            self.engine.process(vertex);
            elements.push(Operand { value: vertex, form: self.form_of(vertex) });
        }
        elements
    }

    /// A reference that begins at a field, which has a path.
    fn reference(&mut self, expr: ExprId, env: EnvId) -> Option<Form<VertexId>> {
        let target = match *self.engine.expr(expr) {
            // A label stands for the struct that the pattern is in.
            Expr::MatchedLabel { up, .. } => {
                let env = self.engine.env_up(env, up);
                self.engine.store.envs[env].vertex
            }
            _ => self.target(expr, env)?,
        };
        if self.is_in_nameless_place(target) {
            return None;
        }
        let labels = self.engine.path(target);
        let path = labels.into_iter().map(|label| self.engine.store.labels.part(label)).collect();
        Some(Form::Reference { path, target })
    }

    /// Whether the way to a vertex from the root goes through one without a label.
    fn is_in_nameless_place(&self, mut vertex: VertexId) -> bool {
        while self.engine.v(vertex).parent != NONE {
            if self.engine.v(vertex).label == Label::NONE {
                return true;
            }
            vertex = self.engine.v(vertex).parent;
        }
        false
    }

    /// What a chain of selectors leads to, whether or not that is optional.
    fn target(&mut self, expr: ExprId, env: EnvId) -> Option<VertexId> {
        let (base, label) = match *self.engine.expr(expr) {
            Expr::Field { up, label } => {
                let env = self.engine.env_up(env, up);
                (self.engine.store.envs[env].vertex, label)
            }
            Expr::NamedField { up, field, .. } => {
                let env = self.engine.env_up(env, up);
                (self.engine.store.envs[env].vertex, self.name(field, env)?)
            }
            Expr::Import { package, .. } => return Some(self.engine.packages[package as usize]),
            Expr::Selector { base, label, .. } => (self.target(base, env)?, label),
            Expr::Index { base, index } => (self.target(base, env)?, self.name(index, env)?),
            _ => return None,
        };
        self.engine.process(base);
        let base = self.engine.default_of(base);
        let target = self.engine.v(base).arc(label)?;
        self.engine.process(target);
        Some(target)
    }

    fn name(&mut self, expr: ExprId, env: EnvId) -> Option<Label> {
        match self.engine.eval_atom(env, expr, self.vertex).ok()? {
            Atom::String(name) => Some(self.engine.store.labels.regular(&name)),
            _ => None,
        }
    }

    /// What a struct embeds, and the struct without that. A struct of a single embedded value is written as that one,
    /// but is no reference.
    fn form_of_struct(&mut self, lit: &StructLit, expr: ExprId, env: EnvId, whole: VertexId) -> Form<VertexId> {
        let inside = self.engine.new_env(env, self.vertex);
        let (embedded, own) = split_embedded(lit);
        match (embedded.as_slice(), own.is_empty()) {
            ([], _) => Form::Other,
            ([only], true) => match self.form(*only, inside, whole) {
                Form::Reference { .. } | Form::Function(_) => Form::Other,
                form => form,
            },
            (all, is_bare) => {
                let mut parts: Vec<_> = all.iter().map(|embedded| self.operand_of(*embedded, inside)).collect();
                if !is_bare {
                    let rest = self.own_fields(lit, own, expr, whole);
                    let vertex = self.evaluated(Term::Expr(rest), env);
                    parts.push(Operand { value: vertex, form: Form::Other });
                }
                Form::Conjunction(parts)
            }
        }
    }

    /// A struct without what it embeds; of one that embeds a scalar or list, the type.
    fn own_fields(&mut self, lit: &StructLit, own: Vec<Decl>, expr: ExprId, whole: VertexId) -> ExprId {
        let kind = self.engine.kind_of(whole);
        let rest = if kind.contains(Kind::STRUCT) || kind.is_bottom() {
            Expr::Struct(Arc::new(StructLit { decls: own, embeds: false, ..lit.clone() }))
        } else {
            Expr::Type(kind)
        };
        let pos = self.engine.store.exprs[expr].pos;
        self.engine.store.exprs.push(Node { expr: rest, pos })
    }
}
