//! Alternatives that contradict what is known of a vertex already, told from literals alone.
//!
//! Most disjunctions of structs differ in a field that says which one it is. What can't be is left out before it costs
//! an evaluation; its errors are asked for only where nothing else is left.

use super::{
    arith,
    engine::Engine,
    vertex::{Alternatives, EnvId, Origin, Term, Undecided, VertexId, Work},
};
use crate::{
    ir::{Atom, Decl, Expr, FieldDecl, StructLit, label::Label},
    syntax::ast::Constraint,
};

impl Engine {
    /// Whether an alternative can't be the value of a vertex.
    pub(crate) fn is_hopeless(&self, vertex: VertexId, undecided: &Undecided, index: usize) -> bool {
        let Alternatives::Exprs(disjuncts) = &undecided.alternatives else { return false };
        let work = &self.v(vertex).work;
        // Where nothing narrowed the kind, the vertex may count as a struct for now.
        let excludes = |kind| work.kind_origin.is_some() && work.kind.and(kind).is_bottom();
        match self.expr(disjuncts[index].expr) {
            Expr::Atom(atom) => {
                let differs = |(known, _): &(Atom, Origin)| !arith::atoms_equal(known, atom);
                excludes(atom.kind()) || work.atom.as_ref().is_some_and(differs)
            }
            Expr::Type(kind) => excludes(*kind),
            Expr::Struct(lit) => self.contradicts(vertex, lit),
            Expr::Field { up, label } => {
                let (expr, count) = undecided.key;
                let met = work.disjunctions_met.iter().filter(|met| met.expr == expr).nth(count as usize);
                met.is_some_and(|met| self.contradicts_field(vertex, self.env_up(met.env, *up), *label))
            }
            _ => false,
        }
    }

    /// Whether a field that an alternative refers to is declared by a literal that contradicts a vertex.
    fn contradicts_field(&self, vertex: VertexId, env: EnvId, label: Label) -> bool {
        // Not what is chosen there for now: only what holds in any case.
        let Some(target) = self.v(self.store.envs[env].vertex).arc(label) else { return false };
        self.v(target).conjuncts.iter().any(|conjunct| match conjunct.term {
            Term::Expr(expr) => matches!(self.expr(expr), Expr::Struct(lit) if self.contradicts(vertex, lit)),
            _ => false,
        })
    }

    /// Whether a field of a literal is a value that differs from what a vertex has there.
    fn contradicts(&self, vertex: VertexId, lit: &StructLit) -> bool {
        let v = self.v(vertex);
        // What a comprehension yields may depend on the alternative.
        if v.arcs.is_empty() || v.work.tasks.iter().any(|task| matches!(task.work, Work::Comprehension(..))) {
            return false;
        }
        lit.decls.iter().any(|decl| {
            let Decl::Field(FieldDecl { label, constraint: Constraint::None, value, .. }) = decl else { return false };
            let Expr::Atom(atom) = self.expr(*value) else { return false };
            v.arc(*label).is_some_and(|field| self.is_given_otherwise(field, atom))
        })
    }

    /// Whether one of the inputs of a vertex is another value than an atom.
    fn is_given_otherwise(&self, vertex: VertexId, atom: &Atom) -> bool {
        self.v(vertex).conjuncts.iter().any(|conjunct| match conjunct.term {
            Term::Expr(expr) => matches!(self.expr(expr), Expr::Atom(given) if !arith::atoms_equal(given, atom)),
            Term::Datum(datum) => {
                Atom::of(&self.store.data[datum]).is_some_and(|given| !arith::atoms_equal(&given, atom))
            }
            Term::Vertex(_) | Term::Plain(_) => false,
        })
    }
}
