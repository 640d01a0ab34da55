//! Finding the vertex that a reference leads to.

use super::{
    engine::{Engine, Outcome},
    expression::Val,
    vertex::{Base, Cycle, EnvId, ErrorId, NONE, State, TaskState, Term, VertexId, Work},
};
use crate::{
    error::{Code, Rule},
    ir::{Atom, Expr, ExprId, label::Label},
    kind::Kind,
    syntax::{ast::Constraint, pos::Pos},
};

/// Tasks that are looked at in the time of one step.
const TASKS_PER_STEP: usize = 16;

impl Engine {
    /// The vertex of a reference, or of any other expression a new one.
    pub(crate) fn resolve(&mut self, env: EnvId, expr: ExprId, at: VertexId) -> Outcome<VertexId> {
        match self.expr(expr).clone() {
            Expr::Field { up, label } => {
                let env = self.env_up(env, up);
                let vertex = self.store.envs[env].vertex;
                self.lookup(vertex, label, self.pos(expr), at)
            }
            Expr::MatchedField { up, .. } => {
                let env = self.store.envs[self.env_up(env, up)];
                if env.label == Label::NONE {
                    // A pattern's value that is looked at by itself: there is no field yet.
                    let message = "field of a pattern is not known".to_owned();
                    return Err(self.incomplete(at, Rule::Reference, message, vec![self.pos(expr)]));
                }
                self.lookup(env.vertex, env.label, self.pos(expr), at)
            }
            Expr::NamedField { up, field, .. } => {
                let env = self.env_up(env, up);
                let label = match self.eval_atom(env, field, at)? {
                    Atom::String(text) => self.store.labels.regular(&text),
                    other => {
                        let message =
                            format!("invalid index {} (invalid type {})", self.show_atom(&other), other.kind());
                        let pos = self.pos(field);
                        return Err(self.error(Code::Eval, Rule::Type, message, at, pos, vec![pos]));
                    }
                };
                let vertex = self.store.envs[env].vertex;
                self.lookup(vertex, label, self.pos(expr), at)
            }
            Expr::Itself { up, .. } => {
                let env = self.env_up(env, up);
                Ok(self.store.envs[env].vertex)
            }
            Expr::Let { up, value, .. } => {
                let env = self.env_up(env, up);
                match self.struct_around(env, value, at) {
                    Some(named) => Ok(named),
                    None => Ok(self.vertex_of(env, value)),
                }
            }
            Expr::Import { package, .. } => Ok(self.packages[package as usize]),
            Expr::Selector { base, label, pos } => {
                let vertex = self.resolve_base(env, base, at)?;
                if self.may_be_struct(vertex, label) {
                    return Err(self.undefined_as_incomplete(expr, base, vertex, pos, at));
                }
                self.select(vertex, label, pos, at)
            }
            Expr::Index { base, index } => self.resolve_index(env, expr, (base, index), at),
            _ => self.inline_struct(env, expr, at),
        }
    }

    /// Whether a value is not known to be a struct, and has no field of a name.
    fn may_be_struct(&self, vertex: VertexId, label: Label) -> bool {
        let v = self.v(vertex);
        matches!(v.base, Base::Partial) && v.work.kind.contains(Kind::STRUCT) && v.arc(label).is_none()
    }

    fn undefined_as_incomplete(
        &mut self,
        expr: ExprId,
        base: ExprId,
        vertex: VertexId,
        pos: Pos,
        at: VertexId,
    ) -> ErrorId {
        let (whole, base, kind) = (self.show_expr(expr), self.show_expr(base), self.kind_of(vertex));
        let message = format!("{whole} undefined as {base} is incomplete (type {kind})");
        self.incomplete(at, Rule::Reference, message, vec![pos])
    }

    /// The struct or list that a selector or index applies to, with its default taken.
    fn resolve_base(&mut self, env: EnvId, base: ExprId, at: VertexId) -> Outcome<VertexId> {
        let vertex = self.resolve(env, base, at)?;
        let is_content = self.way.1 != Cycle::Closed;
        if is_content && self.is_inline(vertex) {
            let looked_into = self.follow(vertex);
            self.vm(looked_into).work.cycles.open_value = true;
        }
        self.process(vertex);
        let vertex = self.default_of(vertex);
        if is_content {
            // What is looked into is no endless way to itself.
            self.vm(vertex).work.cycles.open_value = true;
        }
        if let Base::Disjunction(_) = self.v(vertex).base {
            let shown = self.show_vertex(vertex);
            let message = format!("unresolved disjunction {shown} (type {})", self.kind_of(vertex));
            let pos = self.pos(base);
            return Err(self.incomplete(at, Rule::Incomplete, message, vec![pos]));
        }
        Ok(vertex)
    }

    /// The struct around a `let` that the `let` is but another name for. A copy of it would contain itself.
    fn struct_around(&mut self, env: EnvId, value: ExprId, at: VertexId) -> Option<VertexId> {
        if !matches!(self.expr(value), Expr::Itself { .. } | Expr::Field { .. }) {
            return None;
        }
        let target = self.resolve(env, value, at).ok()?;
        let mut around = self.store.envs[env].vertex;
        while around != NONE {
            if self.follow(around) == self.follow(target) {
                return Some(target);
            }
            around = self.v(around).parent;
        }
        None
    }

    /// The vertex of an expression that has none of its own, such as a `let`: one for each environment.
    pub(super) fn vertex_of(&mut self, env: EnvId, value: ExprId) -> VertexId {
        if let Some(known) = self.lets.get(&(env, value)) {
            return *known;
        }
        let vertex = self.anonymous(Term::Expr(value), env);
        self.lets.insert((env, value), vertex);
        vertex
    }

    /// The field of a struct that encloses the reference, or of a comprehension's variables.
    pub(crate) fn lookup(&mut self, vertex: VertexId, label: Label, pos: Pos, at: VertexId) -> Outcome<VertexId> {
        self.know_field(vertex, label);
        let vertex = self.follow(vertex);
        match self.v(vertex).arc(label) {
            Some(arc) if self.v(arc).constraint == Constraint::None => Ok(arc),
            Some(arc) => Err(self.absent(arc, label, pos, at)),
            None => Err(self.undefined(vertex, label, pos, at)),
        }
    }

    /// Lets a vertex do what may bring a field.
    fn know_field(&mut self, vertex: VertexId, label: Label) {
        let vertex = self.follow(vertex);
        if self.v(vertex).state != State::Active {
            return self.process(vertex);
        }
        // Whoever asks looks through all tasks, and these ask again.
        if !self.steps_of(self.v(vertex).work.tasks.len() / TASKS_PER_STEP, vertex) {
            return;
        }
        let mut index = 0;
        while index < self.v(vertex).work.tasks.len() {
            let task = &self.v(vertex).work.tasks[index];
            if task.state == TaskState::Pending && may_bring(&task.work, label) {
                // That task may ask for a field, too, and so on through all of them.
                stacker::maybe_grow(256 << 10, 4 << 20, || self.run_task(vertex, index));
            }
            index += 1;
        }
    }

    /// Selects a field of a value.
    pub(crate) fn select(&mut self, base: VertexId, label: Label, pos: Pos, at: VertexId) -> Outcome<VertexId> {
        self.know_field(base, label);
        let base = self.follow(base);
        if let Base::Bottom(error) = self.v(base).base
            && self.v(base).state == State::Done
            && self.is_incomplete(error)
        {
            return Err(error);
        }
        if let Some(arc) = self.v(base).arc(label) {
            if self.v(arc).constraint == Constraint::None {
                return Ok(arc);
            }
            return Err(self.absent(arc, label, pos, at));
        }
        if let Base::Bottom(error) = self.v(base).base {
            return Err(error);
        }
        let kind = self.kind_of(base);
        let wanted = if label.as_index().is_some() { Kind::LIST } else { Kind::STRUCT.or(Kind::LIST) };
        if !kind.intersects(wanted) {
            return Err(self.wrong_base(base, kind, label, pos, at));
        }
        Err(self.undefined(base, label, pos, at))
    }

    fn wrong_base(&mut self, base: VertexId, kind: Kind, label: Label, pos: Pos, at: VertexId) -> ErrorId {
        let message = match label.as_index() {
            Some(index) if kind == Kind::STRUCT => format!("invalid index {index} (found struct, want list)"),
            _ => {
                let shown = self.show_vertex(base);
                format!("invalid operand {shown} (found {kind}, want list or struct)")
            }
        };
        self.error(Code::Eval, Rule::Reference, message, at, pos, vec![pos])
    }

    /// The error that a field is not there.
    fn undefined(&mut self, base: VertexId, label: Label, pos: Pos, at: VertexId) -> ErrorId {
        let open = self.may_grow(base, label);
        let v = self.v(base);
        let is_list = matches!(v.base, Base::List) || v.work.kind == Kind::LIST;
        let part = self.store.labels.part(label);
        let message = match label.as_index() {
            Some(index) if is_list => {
                let len = v.arcs.iter().filter(|(label, _)| label.as_index().is_some()).count();
                format!("index out of range [{index}] with length {len}")
            }
            Some(index) => format!("undefined field: {index}"),
            None => format!("undefined field: {part}"),
        };
        let code = if open { Code::Incomplete } else { Code::Eval };
        self.error(code, Rule::Reference, message, at, pos, vec![pos])
    }

    /// Whether a field that is not there may come with more information.
    fn may_grow(&mut self, base: VertexId, label: Label) -> bool {
        let v = self.v(base);
        match v.base {
            Base::List => v.work.lists.iter().all(|part| part.open),
            _ if label.as_index().is_some() => v.work.kind.contains(Kind::LIST),
            _ => v.work.kind.contains(Kind::STRUCT) && self.accepts(base, label),
        }
    }

    fn absent(&mut self, arc: VertexId, label: Label, pos: Pos, at: VertexId) -> ErrorId {
        let part = self.store.labels.part(label);
        if self.v(arc).constraint == Constraint::Required {
            let message = format!("required field missing: {part}");
            return self.error(Code::Incomplete, Rule::Required, message, at, pos, Vec::new());
        }
        let message = format!("cannot reference optional field: {part}");
        let declared = self.v(arc).declared.first().map(|declared| declared.pos);
        let positions = [pos].into_iter().chain(declared).collect();
        self.error(Code::Incomplete, Rule::Reference, message, at, pos, positions)
    }

    fn resolve_index(
        &mut self,
        env: EnvId,
        expr: ExprId,
        (base, index): (ExprId, ExprId),
        at: VertexId,
    ) -> Outcome<VertexId> {
        let base_vertex = self.resolve_base(env, base, at)?;
        let pos = self.pos(index);
        let base_pos = self.pos(base);
        let value = self.eval_atom(env, index, at)?;
        if matches!(self.v(base_vertex).base, Base::Partial) && self.kind_of(base_vertex).contains(Kind::LIST) {
            return Err(self.undefined_as_incomplete(expr, base, base_vertex, pos, at));
        }
        let label = match &value {
            Atom::String(text) => self.store.labels.regular(text),
            Atom::Number(number) if number.is_int() => match number.value.to_i64() {
                Some(position) if (0..=i64::from(u32::MAX >> 2)).contains(&position) => Label::index(position as usize),
                _ => {
                    let shown = number.to_source();
                    let message = match self.expr(index) {
                        Expr::Unary { .. } | Expr::Atom(_) => {
                            format!("invalid index {shown} (index must be non-negative)")
                        }
                        _ => format!("index {} out of range [{shown}]", self.show_expr(index)),
                    };
                    return Err(self.error(Code::Eval, Rule::Reference, message, at, Pos::NONE, vec![base_pos, pos]));
                }
            },
            other => {
                let message = format!("invalid index {} (invalid type {})", self.show_expr(index), other.kind());
                return Err(self.error(Code::Eval, Rule::Reference, message, at, Pos::NONE, vec![base_pos, pos]));
            }
        };
        self.select(base_vertex, label, pos, at)
    }

    /// The default of a vertex that has exactly one, or else itself.
    pub(crate) fn default_of(&self, vertex: VertexId) -> VertexId {
        let vertex = self.follow(vertex);
        let Base::Disjunction(leaves) = &self.v(vertex).base else { return vertex };
        let mut defaults = leaves.iter().filter(|(_, default)| *default);
        match (defaults.next(), defaults.next()) {
            (Some((leaf, _)), None) => self.default_of(*leaf),
            _ => vertex,
        }
    }

    /// What a vertex is or may become.
    pub(crate) fn kind_of(&self, vertex: VertexId) -> Kind {
        let v = self.v(self.follow(vertex));
        match &v.base {
            Base::Bottom(_) => Kind::BOTTOM,
            Base::Atom(atom) => atom.kind(),
            Base::Struct => Kind::STRUCT,
            Base::List => Kind::LIST,
            Base::Partial | Base::Unknown => v.work.kind,
            Base::Disjunction(leaves) => leaves.iter().fold(Kind::BOTTOM, |all, (leaf, _)| all.or(self.kind_of(*leaf))),
        }
    }

    /// Whether a vertex is evaluated just now and nothing is known of its value.
    pub(crate) fn is_open_cycle(&mut self, vertex: VertexId) -> bool {
        self.process(vertex);
        let followed = self.follow(vertex);
        let v = self.vm(followed);
        if v.state != State::Active {
            return false;
        }
        v.read_early = true;
        v.work.atom.is_none() && v.work.struct_seen.is_none() && v.work.lists.is_empty()
    }

    /// The concrete value of a vertex without parts, its default taken.
    pub(crate) fn value_of(&mut self, vertex: VertexId) -> Outcome<Val> {
        self.process(vertex);
        let followed = self.follow(vertex);
        if self.v(followed).state == State::Active {
            self.vm(followed).read_early = true;
            if let Some((atom, _)) = &self.v(followed).work.atom {
                return Ok(Val::Atom(atom.clone()));
            }
            if self.v(followed).work.struct_seen.is_some() || !self.v(followed).work.lists.is_empty() {
                return Ok(Val::Vertex(followed));
            }
            let message = "cycle error".to_owned();
            return Err(self.error(Code::Cycle, Rule::Cycle, message, followed, Pos::NONE, Vec::new()));
        }
        let vertex = self.default_of(followed);
        match &self.v(vertex).base {
            Base::Atom(atom) => Ok(Val::Atom(atom.clone())),
            // The rest of what is said about it is checked later.
            Base::Bottom(error) if self.code(*error) == Code::Cycle && self.v(vertex).work.atom.is_some() => {
                let known = self.v(vertex).work.atom.as_ref();
                Ok(Val::Atom(known.map(|(atom, _)| atom.clone()).expect("checked above")))
            }
            Base::Bottom(error) => Err(*error),
            _ => Ok(Val::Vertex(vertex)),
        }
    }

    /// Whether a vertex is an error, with all that is below it.
    pub(crate) fn error_of(&mut self, vertex: VertexId) -> Option<ErrorId> {
        self.finalize(vertex);
        Some(self.known_error(vertex)).filter(|error| *error != NONE)
    }
}

fn may_bring(work: &Work, label: Label) -> bool {
    match work {
        Work::Comprehension(comprehension, ..) => {
            comprehension.labels.as_ref().is_none_or(|labels| labels.contains(&label))
        }
        _ => true,
    }
}
