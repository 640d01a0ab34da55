//! What a value is written as, one operator deep.
//!
//! [`super::Operand`] lists all conjuncts of a value at once. Exports that keep the shape of the text go down one
//! operator at a time instead.

use std::sync::Arc;

use super::{
    Value,
    operands::{evaluated_at, split_embedded},
};
use crate::{
    error::{PathPart, Position},
    eval::{
        engine::Engine,
        function::builtin_name,
        vertex::{Base, Conjunct, EnvId, NONE, Term, VertexId},
    },
    ir::{BoundOp, Decl, Expr, ExprId, Node, Notes, StructLit, label::Label},
    syntax::ast::Constraint,
};

/// The outermost operator of a value's text, with its operands.
#[derive(Clone, Debug)]
pub enum Expression<V = Value> {
    /// All at once: `a & b`, or several declarations of one field.
    All(Vec<V>),
    /// `a | b`; marked are the defaults.
    Any(Vec<(V, bool)>),
    /// What a struct embeds, and the struct without that if it declares anything else.
    Embedding(Vec<V>, Option<V>),
    /// The name of a field or definition.
    Reference(Reference<V>),
    /// A builtin function that is named but not called.
    Function(Arc<str>),
    /// A call of a builtin function, by its full name.
    Call(Arc<str>, Vec<V>),
    /// A bound such as `<10`.
    Bound(BoundOp, V),
    /// Anything else, which is as good as its value.
    Value,
}

/// A package of the evaluation that a value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageId(VertexId);

/// Where a name leads.
#[derive(Clone, Debug)]
pub struct Reference<V = Value> {
    /// The package that the path begins in.
    pub package: PackageId,
    /// The name that it is imported under, if it is imported where the name stands.
    pub import: Option<Arc<str>>,
    /// From the root of the package.
    pub path: Vec<PathPart>,
    /// What stands there, unless no regular field does.
    pub target: Option<V>,
}

impl<V> Expression<V> {
    /// The same of other operands.
    fn map<W>(self, mut operand: impl FnMut(V) -> W) -> Expression<W> {
        match self {
            Self::All(all) => Expression::All(all.into_iter().map(operand).collect()),
            Self::Any(all) => {
                Expression::Any(all.into_iter().map(|(value, default)| (operand(value), default)).collect())
            }
            Self::Embedding(embedded, own) => {
                Expression::Embedding(embedded.into_iter().map(&mut operand).collect(), own.map(operand))
            }
            Self::Reference(Reference { package, import, path, target }) => {
                Expression::Reference(Reference { package, import, path, target: target.map(operand) })
            }
            Self::Function(name) => Expression::Function(name),
            Self::Call(name, arguments) => Expression::Call(name, arguments.into_iter().map(operand).collect()),
            Self::Bound(operator, value) => Expression::Bound(operator, operand(value)),
            Self::Value => Expression::Value,
        }
    }
}

impl Value {
    /// The outermost operator of what the value is written as.
    #[must_use]
    pub fn expression(&self) -> Expression {
        let root = self.frozen.package.root;
        let mut reader = Reader { engine: self.frozen.fork(), vertex: self.vertex, root };
        let expression = reader.value();
        let frozen = self.frozen.freeze(reader.engine, self.frozen.files.clone());
        expression.map(|vertex| Self { frozen: frozen.clone(), vertex })
    }

    /// Whether a definition keeps a struct and all in it from having other fields than those it names.
    #[must_use]
    pub fn is_closed_deep(&self) -> bool {
        self.engine().is_recursively_closed(self.vertex)
    }

    /// The field at a path of a package, if there is a regular one.
    #[must_use]
    pub fn lookup(&self, package: PackageId, path: &[PathPart]) -> Option<Self> {
        let root = self.frozen.package.root;
        let mut reader = Reader { engine: self.frozen.fork(), vertex: package.0, root };
        let mut found = Reference { package, import: None, path: Vec::new(), target: Some(package.0) };
        for part in path {
            let vertex = reader.engine.default_of(found.target?);
            reader.engine.process(vertex);
            let v = reader.engine.v(reader.engine.default_of(vertex));
            let (label, _) = *v.arcs.iter().find(|(label, _)| reader.engine.store.labels.part(*label) == *part)?;
            found = reader.selected(found, label);
        }
        let frozen = self.frozen.freeze(reader.engine, self.frozen.files.clone());
        Some(Self { frozen, vertex: found.target? })
    }

    /// Whether a function rejects the struct or list as it is, though it may accept it when more is known.
    #[must_use]
    pub fn has_unmet(&self) -> bool {
        let mut engine = self.frozen.fork();
        engine.finalize(self.vertex);
        let vertex = engine.follow(self.vertex);
        let v = engine.v(vertex);
        matches!(v.base, Base::Bottom(_)) || !v.work.unmet.is_empty()
    }

    /// Where the expression of the value begins.
    #[must_use]
    pub fn expression_position(&self) -> Option<Position> {
        let conjuncts = self.engine().v(self.vertex).conjuncts.iter();
        let mut places = conjuncts.filter_map(|conjunct| match conjunct.term {
            Term::Expr(expr) => Some(self.engine().pos(expr)),
            _ => None,
        });
        self.frozen.position(places.next()?)
    }
}

struct Reader {
    engine: Engine,
    /// The value that is read.
    vertex: VertexId,
    /// The package that it belongs to.
    root: VertexId,
}

impl Reader {
    fn value(&mut self) -> Expression<VertexId> {
        let conjuncts = self.engine.v(self.vertex).conjuncts.clone();
        match conjuncts.as_slice() {
            [only] => match only.term {
                Term::Expr(expr) => self.expression(expr, only.env),
                Term::Vertex(vertex) => {
                    self.vertex = vertex;
                    stacker::maybe_grow(64 << 10, 1 << 20, || self.value())
                }
                _ => Expression::Value,
            },
            [] => Expression::Value,
            all => Expression::All(all.iter().map(|conjunct| self.declaration(*conjunct)).collect()),
        }
    }

    /// One of several declarations, with the comment above it.
    fn declaration(&mut self, conjunct: Conjunct) -> VertexId {
        let vertex = evaluated_at(&mut self.engine, self.vertex, conjunct.term, conjunct.env);
        let notes = self.notes_of(conjunct);
        self.engine.vm(vertex).notes.extend(notes);
        vertex
    }

    /// The notes that stand closest above an expression.
    fn notes_of(&self, conjunct: Conjunct) -> Option<Arc<Notes>> {
        let Term::Expr(expr) = conjunct.term else { return None };
        let pos = self.engine.pos(expr);
        let conjuncts = &self.engine.v(self.vertex).conjuncts;
        let places = conjuncts.iter().filter_map(|conjunct| match conjunct.term {
            Term::Expr(expr) => Some(self.engine.pos(expr)),
            _ => None,
        });
        let others: Vec<_> = places.filter(|other| other.file == pos.file && other.offset < pos.offset).collect();
        let notes = self.engine.v(self.vertex).notes.iter().filter(|notes| {
            let doc = notes.doc_pos;
            notes.doc.is_some()
                && doc.file == pos.file
                && doc.offset < pos.offset
                && others.iter().all(|other| other.offset < doc.offset)
        });
        notes.max_by_key(|notes| notes.doc_pos.offset).cloned()
    }

    fn operand(&mut self, expr: ExprId, env: EnvId) -> VertexId {
        evaluated_at(&mut self.engine, self.vertex, Term::Expr(expr), env)
    }

    fn expression(&mut self, expr: ExprId, env: EnvId) -> Expression<VertexId> {
        match self.engine.expr(expr).clone() {
            Expr::And { left, right } => Expression::All(vec![self.operand(left, env), self.operand(right, env)]),
            Expr::Or(disjuncts) => {
                let operand = |disjunct: &crate::ir::Disjunct| (self.operand(disjunct.expr, env), disjunct.default);
                Expression::Any(disjuncts.iter().map(operand).collect())
            }
            Expr::Range(_, conjunction) => match self.expression(conjunction, env) {
                // The type comes first, as the reference has it.
                Expression::All(operands) => Expression::All(operands.into_iter().rev().collect()),
                other => other,
            },
            Expr::Field { .. } | Expr::Selector { .. } => match self.reference(expr, env) {
                Some(reference) => Expression::Reference(reference),
                None => Expression::Value,
            },
            Expr::MatchedLabel { up, .. } => {
                // The reference takes it for the struct around, which must be a field then.
                let around = self.engine.env_up(env, up);
                let around = self.engine.store.envs[around].vertex;
                match self.place(around).map(|(root, path)| self.at(root, path)) {
                    Some(missing @ Reference { target: None, .. }) => Expression::Reference(missing),
                    _ => Expression::Value,
                }
            }
            Expr::NamedField { .. } => {
                match self.engine.resolve(env, expr, self.vertex).ok().and_then(|vertex| self.place(vertex)) {
                    Some((root, path)) => Expression::Reference(self.at(root, path)),
                    None => Expression::Value,
                }
            }
            Expr::Builtin(builtin) => Expression::Function(builtin_name(&builtin).into()),
            Expr::Call { function, args } => match self.engine.expr(function).clone() {
                Expr::Builtin(builtin) => {
                    let args = args.iter().map(|arg| self.operand(*arg, env)).collect();
                    Expression::Call(builtin_name(&builtin).into(), args)
                }
                _ => Expression::Value,
            },
            Expr::Bound { op, operand } => Expression::Bound(op, self.operand(operand, env)),
            Expr::Struct(lit) if lit.decls.iter().any(|decl| matches!(decl, Decl::Embed(_))) => {
                self.embedding(&lit, expr, env)
            }
            _ => Expression::Value,
        }
    }

    fn embedding(&mut self, lit: &StructLit, expr: ExprId, env: EnvId) -> Expression<VertexId> {
        let inside = self.engine.new_env(env, self.vertex);
        let (embedded, own) = split_embedded(lit);
        let embedded = embedded.into_iter().map(|expr| self.operand(expr, inside)).collect();
        if own.is_empty() {
            return Expression::Embedding(embedded, None);
        }
        let rest = Expr::Struct(Arc::new(StructLit { decls: own, embeds: false, ..lit.clone() }));
        let pos = self.engine.store.exprs[expr].pos;
        let rest = self.engine.store.exprs.push(Node { expr: rest, pos });
        let rest = self.operand(rest, env);
        Expression::Embedding(embedded, Some(rest))
    }

    /// Where a name leads, if that has a path from the root of a package.
    fn reference(&mut self, expr: ExprId, env: EnvId) -> Option<Reference<VertexId>> {
        match self.engine.expr(expr).clone() {
            Expr::Field { up, label } => {
                let around = self.engine.env_up(env, up);
                let around = self.engine.store.envs[around].vertex;
                let (root, mut path) = self.place(around)?;
                path.push(label);
                Some(self.at(root, path))
            }
            Expr::Selector { base, label, .. } => {
                let base = stacker::maybe_grow(64 << 10, 1 << 20, || self.reference(base, env))?;
                Some(self.selected(base, label))
            }
            Expr::Import { package, name } => {
                let root = *self.engine.packages.get(package as usize)?;
                Some(Reference { package: PackageId(root), import: Some(name), path: Vec::new(), target: Some(root) })
            }
            _ => None,
        }
    }

    /// The root that a vertex hangs from and the labels that lead to it.
    fn place(&self, vertex: VertexId) -> Option<(VertexId, Vec<Label>)> {
        let (mut vertex, mut path) = (vertex, Vec::new());
        loop {
            let v = self.engine.v(vertex);
            match v.parent {
                NONE => break,
                parent => {
                    if v.label == Label::NONE || self.is_of_pattern(vertex) {
                        return None;
                    }
                    path.push(v.label);
                    vertex = parent;
                }
            }
        }
        path.reverse();
        // What a file embeds is evaluated beside the root, and stands there all the same.
        let is_package = self.engine.packages.contains(&vertex);
        Some((if is_package { vertex } else { self.root }, path))
    }

    /// Whether a vertex is what a pattern demands of fields, which bears `_` as its name.
    fn is_of_pattern(&self, vertex: VertexId) -> bool {
        let v = self.engine.v(vertex);
        let is_any =
            *self.engine.store.labels.name(v.label).text == *"_" && self.engine.store.labels.is_regular(v.label);
        is_any && self.engine.v(self.engine.follow(v.parent)).arc(v.label).is_none()
    }

    /// What stands at a path from a root.
    fn at(&mut self, root: VertexId, path: Vec<Label>) -> Reference<VertexId> {
        let base = Reference { package: PackageId(root), import: None, path: Vec::new(), target: Some(root) };
        path.into_iter().fold(base, |base, label| self.selected(base, label))
    }

    fn selected(&mut self, mut base: Reference<VertexId>, label: Label) -> Reference<VertexId> {
        base.target = base.target.and_then(|vertex| {
            self.engine.process(vertex);
            let vertex = self.engine.default_of(vertex);
            let arc = self.engine.v(vertex).arc(label)?;
            self.engine.process(arc);
            (self.engine.v(arc).constraint == Constraint::None).then_some(arc)
        });
        base.path.push(self.engine.store.labels.part(label));
        base
    }
}
