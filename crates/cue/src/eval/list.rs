//! Lists: literals with fixed elements, open ends and comprehensions, and how their lengths agree.

use std::sync::Arc;

use super::{
    engine::{Engine, Outcome},
    vertex::{
        Base, Conjunct, Declared, Info, ListPart, NONE, Origin, Passage, PushTight as _, Show, Term, Trail, VertexId,
    },
};
use crate::{
    error::{Code, Rule},
    ir::{Element, Expr, ExprId, ListLit, label::Label},
    kind::Kind,
    syntax::{ast::Constraint, pos::Pos},
};

impl Engine {
    /// Adds a list literal whose elements all stand in the text.
    pub(crate) fn add_list(&mut self, vertex: VertexId, lit: &Arc<ListLit>, expr: ExprId, conjunct: Conjunct) {
        let elements: Vec<_> = lit
            .elements
            .iter()
            .map(|element| match element {
                Element::Value(value) => (Term::Expr(*value), conjunct.env),
                Element::Comprehension(_) => unreachable!("lists with comprehensions are tasks"),
            })
            .collect();
        self.add_elements(vertex, &elements, lit, expr, conjunct);
    }

    /// Adds a list literal with comprehensions, once these can be evaluated.
    pub(crate) fn add_list_with_comprehensions(
        &mut self,
        vertex: VertexId,
        expr: ExprId,
        conjunct: Conjunct,
    ) -> Outcome<()> {
        let Expr::List(lit) = self.expr(expr).clone() else { unreachable!("scheduled for list literals") };
        let mut elements = Vec::new();
        for element in &lit.elements {
            match element {
                Element::Value(value) => elements.push((Term::Expr(*value), conjunct.env)),
                Element::Comprehension(comprehension) => {
                    let envs = self.yields(comprehension, conjunct.env, vertex)?;
                    let otherwise = comprehension.otherwise.filter(|_| envs.is_empty());
                    elements.extend(envs.into_iter().map(|env| (Term::Expr(comprehension.value), env)));
                    elements.extend(otherwise.map(|value| (Term::Expr(value), conjunct.env)));
                }
            }
        }
        self.add_elements(vertex, &elements, &lit, expr, conjunct);
        Ok(())
    }

    fn add_elements(
        &mut self,
        vertex: VertexId,
        elements: &[(Term, u32)],
        lit: &Arc<ListLit>,
        expr: ExprId,
        conjunct: Conjunct,
    ) {
        let info = Info { choice: NONE, ..conjunct.info };
        let origin = self.origin(Show::Expr(expr), expr, info);
        let errors = self.v(vertex).work.errors.len();
        self.add_kind(vertex, Kind::LIST, &origin);
        if self.v(vertex).work.errors.len() > errors {
            return;
        }
        let part = ListPart {
            len: elements.len(),
            open: lit.rest.is_some(),
            rest: lit.rest.flatten().map(|rest| (rest, conjunct.env)),
            info,
            applied: elements.len(),
            pos: self.pos(expr),
        };
        if self.conflicts_in_length(vertex, &part) {
            return;
        }
        self.vm(vertex).work.lists.push_tight(part);
        for (index, (term, env)) in elements.iter().enumerate() {
            let pos = match term {
                Term::Expr(expr) => self.pos(*expr),
                _ => Pos::NONE,
            };
            let element = Conjunct { term: *term, env: *env, info };
            self.add_arc(vertex, Label::index(index), Constraint::None, element, pos, None);
        }
    }

    /// Fails a vertex if it can't have the length of one more list.
    pub(crate) fn conflicts_in_length(&mut self, vertex: VertexId, new: &ListPart) -> bool {
        let clash = |old: &&ListPart| (!old.open && new.len > old.len) || (!new.open && old.len > new.len);
        let Some(old) = self.v(vertex).work.lists.iter().find(clash).copied() else { return false };
        let message = format!("incompatible list lengths ({} and {})", old.len.min(new.len), old.len.max(new.len));
        let error = self.error(Code::Eval, Rule::Length, message, vertex, new.pos, Vec::new());
        self.fail(vertex, error);
        true
    }

    /// Applies the constraints of open ends to the elements that others added.
    pub(crate) fn extend_lists(&mut self, vertex: VertexId) {
        if self.v(vertex).work.lists.is_empty() {
            return;
        }
        let len = self.v(vertex).work.lists.iter().map(|part| part.len).max().unwrap_or_default();
        for index in 0..self.v(vertex).work.lists.len() {
            let part = self.v(vertex).work.lists[index];
            self.vm(vertex).work.lists[index].applied = part.applied.max(len);
            let Some((rest, env)) = part.rest else { continue };
            let mut info = part.info.optional();
            if self.v(vertex).alternative_of != NONE {
                let (parent, passage) = (info.trail, Passage::Rest(vertex));
                info.trail = self.store.trails.push(Trail { parent, pos: Pos::NONE, passage });
            }
            for position in part.applied..len {
                let Some(child) = self.v(vertex).arc(Label::index(position)) else { continue };
                let declared = Declared { scope: part.info.scope, pos: self.pos(rest), derived: true, required: false };
                self.forget_restrictions(child);
                self.vm(child).declared.push(declared);
                self.add_input(child, Conjunct { term: Term::Expr(rest), env, info });
            }
        }
    }

    /// The elements of a list.
    pub(crate) fn elements(&self, vertex: VertexId) -> Vec<VertexId> {
        let vertex = self.follow(vertex);
        let element = |(label, child): &(Label, VertexId)| label.as_index().map(|_| *child);
        self.v(vertex).arcs.iter().filter_map(element).collect()
    }

    /// A new list of existing values.
    pub(crate) fn list_of(&mut self, elements: &[VertexId]) -> VertexId {
        let list = self.new_vertex(NONE, Label::NONE);
        let origin = Origin { show: Show::Kind(Kind::LIST), pos: Pos::NONE, trail: NONE };
        self.add_kind(list, Kind::LIST, &origin);
        let info = Info::ROOT;
        let len = elements.len();
        self.vm(list).work.lists.push_tight(ListPart {
            len,
            open: false,
            rest: None,
            info,
            applied: len,
            pos: Pos::NONE,
        });
        for (index, element) in elements.iter().enumerate() {
            let conjunct = Conjunct { term: Term::Vertex(*element), env: NONE, info };
            self.add_arc(list, Label::index(index), Constraint::None, conjunct, Pos::NONE, None);
        }
        // Its parts are no inputs, so whoever copies it must take its value.
        self.vm(list).base = Base::List;
        self.vm(list).state = super::vertex::State::Done;
        let epoch = self.epoch;
        self.vm(list).epoch = epoch;
        list
    }
}
