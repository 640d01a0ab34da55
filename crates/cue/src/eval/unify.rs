//! Unification: what each form of conjunct adds to a vertex.
//!
//! What stands in the text is added at once; what must be looked up or computed first becomes a task.

use std::sync::Arc;

use smallvec::SmallVec;
use thin_vec::ThinVec;

use super::{
    engine::{Engine, Outcome},
    expression::Val,
    vertex::{
        Alternatives, Base, Choice, ChoiceKey, Conjunct, Cycle, Declared, EnvId, Info, ListPart, Met, Mode, NONE,
        Origin, Passage, PushTight as _, Scope, ScopeId, ScopeKind, Show, StructPart, StructSource, Term, Trail,
        Undecided, VertexId, Work,
    },
};
use crate::{
    call::{Abstract, Datum},
    error::{Code, Rule},
    ir::{Atom, Builtin, Decl, Element, Expr, ExprId, FieldDecl, Node, Notes, StructLit, label::Label},
    kind::Kind,
    syntax::{ast::Constraint, pos::Pos},
};

/// The error that `_|_` is.
pub(crate) const LITERAL_BOTTOM: &str = "explicit error (_|_ literal) in source";

impl Engine {
    /// Adds a conjunct to a vertex.
    pub(crate) fn add_conjunct(&mut self, vertex: VertexId, conjunct: Conjunct) {
        if !self.step(vertex) {
            return;
        }
        let key = (conjunct.term, conjunct.env, conjunct.info.scope);
        let work = &mut self.vm(vertex).work;
        if !work.seen.insert(key) {
            return;
        }
        work.cycles.open_conjunct |= matches!(conjunct.info.cycle, Cycle::None | Cycle::Optional);
        if !work.scopes.contains(&conjunct.info.scope) {
            work.scopes.push(conjunct.info.scope);
        }
        let told_of = self.list_of_rest(vertex, conjunct.info);
        let told_of = std::mem::replace(&mut self.told_of, told_of);
        stacker::maybe_grow(256 << 10, 4 << 20, || match conjunct.term {
            Term::Expr(expr) => self.add_expr(vertex, expr, conjunct),
            Term::Vertex(value) => self.add_value_of(vertex, value, conjunct),
            Term::Plain(value) => self.add_plain(vertex, value, conjunct.info),
            Term::Datum(datum) => self.add_datum(vertex, datum, conjunct.info),
        });
        self.told_of = told_of;
    }

    /// The list that clashes of a conjunct with its element are told of, if not the element.
    fn list_of_rest(&self, element: VertexId, info: Info) -> VertexId {
        match info.trail {
            trail if trail == NONE || info.choice != NONE => NONE,
            trail => match self.store.trails[trail].passage {
                Passage::Rest(list) if self.v(element).parent == list => list,
                _ => NONE,
            },
        }
    }

    fn is_integer_range(&self, all: ExprId) -> bool {
        matches!(self.expr(all), Expr::And { right, .. } if matches!(self.expr(*right), Expr::Type(Kind::INT)))
    }

    /// Whether an expression is nothing but a way to another vertex.
    pub(crate) fn is_reference(&self, expr: ExprId) -> bool {
        matches!(
            self.expr(expr),
            Expr::Field { .. }
                | Expr::Selector { .. }
                | Expr::Index { .. }
                | Expr::MatchedField { .. }
                | Expr::NamedField { .. }
                | Expr::Let { .. }
                | Expr::Itself { .. }
                | Expr::Import { .. }
        )
    }

    /// Whether an operator makes the value out of literals alone.
    fn is_constant(&self, expr: ExprId) -> bool {
        match self.expr(expr) {
            Expr::Bound { operand, .. } | Expr::Unary { operand, .. } => {
                matches!(self.expr(*operand), Expr::Atom(_)) || self.is_constant(*operand)
            }
            _ => false,
        }
    }

    fn add_expr(&mut self, vertex: VertexId, expr: ExprId, conjunct: Conjunct) {
        let same = |term| Conjunct { term: Term::Expr(term), ..conjunct };
        match self.expr(expr).clone() {
            Expr::Atom(atom) => {
                self.bring_value(vertex, conjunct.info);
                let origin = self.origin(Show::Expr(expr), expr, conjunct.info);
                self.add_atom(vertex, atom, origin);
            }
            Expr::Top => self.add_top(vertex, conjunct.info),
            Expr::Bottom => {
                let message = LITERAL_BOTTOM.to_owned();
                let positions = self.positions(&self.origin(Show::Expr(expr), expr, conjunct.info));
                let primary = self.pos(expr);
                let error = self.error(Code::User, Rule::User, message, vertex, primary, positions);
                self.fail(vertex, error);
            }
            Expr::Type(kind) => {
                self.bring_value(vertex, conjunct.info);
                let origin = self.origin(Show::Kind(kind), expr, conjunct.info);
                self.add_kind(vertex, kind, &origin);
            }
            Expr::Range(_, all) => {
                // A value of another type clashes with the range, not with one of its parts.
                let kind = if self.is_integer_range(all) { Kind::INT } else { Kind::NUMBER };
                let origin = self.origin(Show::Expr(expr), expr, conjunct.info);
                self.add_kind(vertex, kind, &origin);
                self.add_conjunct(vertex, same(all));
            }
            Expr::Struct(lit) => self.add_struct(vertex, &lit, expr, conjunct),
            Expr::List(lit) => {
                self.bring_value(vertex, conjunct.info);
                if lit.elements.iter().any(|element| matches!(element, Element::Comprehension(_))) {
                    self.schedule(vertex, Work::List(conjunct, expr));
                } else {
                    self.add_list(vertex, &lit, expr, conjunct);
                }
            }
            Expr::And { left, right } => {
                self.add_conjunct(vertex, same(left));
                self.add_conjunct(vertex, same(right));
            }
            Expr::Or(disjuncts) => {
                let conjunct = Conjunct { info: conjunct.info.optional(), ..conjunct };
                self.add_alternatives(vertex, expr, Alternatives::Exprs(disjuncts), conjunct);
            }
            _ if self.is_constant(expr) => self.schedule(vertex, Work::Constant(conjunct, expr)),
            Expr::Open(operand) => {
                let scope = self.new_scope(conjunct.info.scope, ScopeKind::Opened(vertex));
                let info = Info { scope, ..conjunct.info };
                self.add_conjunct(vertex, Conjunct { term: Term::Expr(operand), info, ..conjunct });
            }
            _ if self.is_reference(expr) => self.schedule(vertex, Work::Reference(conjunct, expr)),
            Expr::Call { function, args } => self.add_call(vertex, expr, function, &args, conjunct),
            _ => self.schedule(vertex, Work::Evaluate(conjunct, expr)),
        }
    }

    fn add_call(&mut self, vertex: VertexId, expr: ExprId, function: ExprId, args: &[ExprId], conjunct: Conjunct) {
        match (self.expr(function), args) {
            (Expr::Builtin(Builtin::Close), [arg]) => {
                let arg = *arg;
                if self.may_leave_open_questions(arg) {
                    self.schedule(vertex, Work::Close(conjunct, expr));
                }
                let scope = self.new_scope(conjunct.info.scope, ScopeKind::Close);
                if !self.is_opened(conjunct.info.scope, vertex) {
                    self.require(vertex, scope);
                }
                let scope = if self.is_reference(arg) { self.new_scope(scope, ScopeKind::Closed) } else { scope };
                let info = Info { scope, ..conjunct.info };
                self.add_conjunct(vertex, Conjunct { term: Term::Expr(arg), env: conjunct.env, info });
            }
            (Expr::Builtin(Builtin::CloseAll(enabled) | Builtin::Reclose(enabled)), [arg]) => {
                let (enabled, arg) = (*enabled, *arg);
                self.add_closed_literal(vertex, expr, function, (enabled, arg), conjunct);
            }
            _ => {
                if !self.postpones_call(vertex, expr, conjunct) {
                    self.schedule(vertex, Work::Evaluate(conjunct, expr));
                }
            }
        }
    }

    /// Whether `close` may have to wait for this argument, which it takes as it is by itself, or may not take it at all: if
    /// it is no literal of fields, or one with a condition or a computed name.
    fn may_leave_open_questions(&self, arg: ExprId) -> bool {
        match self.expr(arg) {
            Expr::Struct(lit) => {
                let waits = |decl: &Decl| matches!(decl, Decl::Comprehension(_) | Decl::Dynamic { .. });
                let embeds = |decl: &Decl| matches!(decl, Decl::Embed(_));
                lit.decls.iter().any(waits) && !lit.decls.iter().any(embeds)
            }
            _ => true,
        }
    }

    /// `__closeAll` and `__reclose`: a literal that closes as a definition does, or as what it opens did.
    fn add_closed_literal(
        &mut self,
        vertex: VertexId,
        expr: ExprId,
        function: ExprId,
        (enabled, arg): (bool, ExprId),
        conjunct: Conjunct,
    ) {
        let name = self.show_expr(function);
        let problem = match self.literal_inside(arg) {
            _ if !enabled => Some(format!("{name} may only be used when explicitopen is enabled")),
            None => Some("argument must be a struct or list literal".to_owned()),
            Some(_) => None,
        };
        if let Some(problem) = problem {
            let (message, pos) = (format!("error in call to {name}: {problem}"), self.pos(expr));
            let error = self.error(Code::Eval, Rule::Other, message, vertex, pos, vec![pos]);
            return self.fail(vertex, error);
        }
        let kind = match self.expr(function) {
            Expr::Builtin(Builtin::Reclose(_)) => self.closing_of_opened(vertex, arg, conjunct.env),
            _ => Some(ScopeKind::Definition(NONE)),
        };
        let mut info = conjunct.info;
        if let Some(kind) = kind {
            info.scope = self.new_scope(info.scope, kind);
            self.require(vertex, info.scope);
        }
        self.add_conjunct(vertex, Conjunct { term: Term::Expr(arg), info, ..conjunct });
    }

    /// The struct or list literal that an argument is, within `close` perhaps.
    fn literal_inside(&self, arg: ExprId) -> Option<ExprId> {
        match self.expr(arg) {
            Expr::Struct(_) | Expr::List(_) => Some(arg),
            Expr::Call { function, args } => match (self.expr(*function), &**args) {
                (Expr::Builtin(Builtin::Close), [inner]) => self.literal_inside(*inner),
                _ => None,
            },
            _ => None,
        }
    }

    /// How the values close that a literal opens and embeds: as a definition if one does, else as `close` if one does.
    fn closing_of_opened(&mut self, vertex: VertexId, arg: ExprId, env: EnvId) -> Option<ScopeKind> {
        let literal = self.literal_inside(arg)?;
        let Expr::Struct(lit) = self.expr(literal).clone() else { return None };
        let env = self.new_env(env, vertex);
        let mut closing = None;
        for decl in &lit.decls {
            let Decl::Embed(embedded) = decl else { continue };
            let Expr::Open(operand) = *self.expr(*embedded) else { continue };
            let Ok(target) = self.resolve(env, operand, vertex) else { continue };
            self.process(target);
            let target = self.follow(target);
            let required = self.restriction(target).required;
            let mut kinds = required.iter().map(|scope| self.store.scopes[*scope].kind);
            if self.is_in_definition(target) || kinds.clone().any(|kind| matches!(kind, ScopeKind::Definition(_))) {
                return Some(ScopeKind::Definition(NONE));
            }
            closing = closing.or(kinds.find(|kind| *kind == ScopeKind::Close));
        }
        closing
    }

    /// Whether a scope lies in what was opened for a vertex.
    fn is_opened(&self, mut scope: ScopeId, vertex: VertexId) -> bool {
        while scope != NONE {
            let around = self.store.scopes[scope];
            if around.kind == ScopeKind::Opened(vertex) {
                return true;
            }
            scope = around.parent;
        }
        false
    }

    /// Where a conjunct stands and how it prints.
    pub(crate) fn origin(&self, show: Show, expr: ExprId, info: Info) -> Origin {
        Origin { show, pos: self.pos(expr), trail: info.trail }
    }

    /// The origin of a value that an expression is computed to.
    pub(crate) fn computed_origin(&mut self, value: Expr, pos: Pos, info: Info) -> Origin {
        let computed = self.store.exprs.push(Node { expr: value, pos });
        Origin { show: Show::Expr(computed), pos, trail: info.trail }
    }

    fn add_top(&mut self, vertex: VertexId, info: Info) {
        self.bring_value(vertex, info);
        let work = &mut self.vm(vertex).work;
        work.top_seen = true;
        work.top_scopes.push(info.scope);
    }

    /// Narrows the kinds of a vertex.
    pub(crate) fn add_kind(&mut self, vertex: VertexId, kind: Kind, origin: &Origin) {
        let work = &self.v(vertex).work;
        let both = work.kind.and(kind);
        if both.is_bottom() {
            if work.kind.is_bottom() {
                return;
            }
            let old = work.kind_origin;
            let old_kind = work.kind;
            return self.fail_kinds(vertex, old.as_ref(), old_kind, origin, kind);
        }
        let narrower = both != work.kind || work.kind_origin.is_none();
        let work = &mut self.vm(vertex).work;
        work.kind = both;
        if narrower {
            work.kind_origin = Some(*origin);
        }
    }

    fn fail_kinds(&mut self, vertex: VertexId, old: Option<&Origin>, old_kind: Kind, new: &Origin, new_kind: Kind) {
        let Some(old) = old else { return };
        let (left, right) = (self.show(&old.show), self.show(&new.show));
        let message = format!("conflicting values {left} and {right} (mismatched types {old_kind} and {new_kind})");
        self.fail_conflict(vertex, Rule::Type, message, old, new);
        self.vm(vertex).work.kind = Kind::BOTTOM;
    }

    pub(crate) fn fail_conflict(&mut self, vertex: VertexId, rule: Rule, message: String, a: &Origin, b: &Origin) {
        let mut positions = self.positions(a);
        positions.extend(self.positions(b));
        let told_of = if self.told_of == NONE { vertex } else { self.told_of };
        let error = self.error(Code::Eval, rule, message, told_of, Pos::NONE, positions);
        self.fail(vertex, error);
    }

    /// Unifies a value without parts.
    pub(crate) fn add_atom(&mut self, vertex: VertexId, atom: Atom, origin: Origin) {
        let errors = self.v(vertex).work.errors.len();
        self.add_kind(vertex, atom.kind(), &origin);
        if self.v(vertex).work.errors.len() > errors || self.v(vertex).work.kind.is_bottom() {
            return;
        }
        match self.v(vertex).work.atom.clone() {
            None => self.vm(vertex).work.atom = Some((atom, origin)),
            Some((old, _)) if super::arith::atoms_equal(&old, &atom) => {}
            Some((_, old_origin)) => {
                let (left, right) = (self.show(&origin.show), self.show(&old_origin.show));
                let message = format!("conflicting values {left} and {right}");
                self.fail_conflict(vertex, Rule::Conflict, message, &origin, &old_origin);
            }
        }
    }

    /// Declares the fields of a struct literal in a vertex.
    fn add_struct(&mut self, vertex: VertexId, lit: &Arc<StructLit>, expr: ExprId, conjunct: Conjunct) {
        let info = conjunct.info;
        self.bring_value(vertex, info);
        let env = self.new_env(conjunct.env, vertex);
        let origin = self.origin(Show::Expr(expr), expr, info);
        let is_embedded = info.scope != NONE && self.store.scopes[info.scope].kind == ScopeKind::Embedding;
        // A file is no literal at its own place.
        let is_file = conjunct.env == NONE && self.v(vertex).parent == NONE;
        let is_outermost = !is_file && !is_embedded && self.outermost_literal(info.scope) == NONE;
        let scope = match lit.embeds && is_outermost {
            true => self.new_scope(info.scope, ScopeKind::Struct),
            false => info.scope,
        };
        let inner = Info { scope, ..info };
        self.vm(vertex).work.struct_seen.get_or_insert(origin);
        let part = StructPart { source: StructSource::Literal(expr), scope: info.scope, trail: info.trail };
        self.vm(vertex).work.structs.push_tight(part);
        self.vm(vertex).work.attributes.extend(lit.attributes.iter().cloned());
        let labels = &self.store.labels;
        let regular = |decl: &Decl| match decl {
            Decl::Field(field) => labels.is_regular(field.label) && field.constraint != Constraint::Optional,
            Decl::Dynamic { constraint, .. } => *constraint != Constraint::Optional,
            _ => false,
        };
        if !lit.embeds || lit.decls.iter().any(regular) {
            self.add_kind(vertex, Kind::STRUCT, &origin);
        }
        for decl in &lit.decls {
            match decl {
                // As if it were unified with the literal.
                Decl::Embed(expr) if lit.embedded_restricts => {
                    self.add_conjunct(vertex, Conjunct { term: Term::Expr(*expr), env, info });
                }
                _ => self.add_decl(vertex, decl, env, inner),
            }
        }
    }

    fn add_decl(&mut self, vertex: VertexId, decl: &Decl, env: EnvId, info: Info) {
        match decl {
            Decl::Field(field) => self.add_field(vertex, field, env, info),
            Decl::Dynamic { name, constraint, value, pos, notes } => {
                let (name, constraint, value, pos) = (*name, *constraint, *value, *pos);
                self.schedule(vertex, Work::Dynamic { name, constraint, value, pos, notes: notes.clone(), env, info });
            }
            Decl::Pattern { pattern, value, .. } => {
                let info = info.optional();
                self.schedule(vertex, Work::Pattern { pattern: *pattern, value: *value, env, info });
            }
            Decl::Embed(expr) => {
                let scope = self.new_scope(info.scope, ScopeKind::Embedding);
                let mut info = Info { scope, ..info };
                // A reference tells of its place itself.
                if !self.is_reference(*expr) && !matches!(self.expr(*expr), Expr::And { .. }) {
                    let (parent, pos) = (info.trail, self.start_of(*expr));
                    info.trail = self.store.trails.push(Trail { parent, pos, passage: Passage::Embedding });
                }
                self.add_conjunct(vertex, Conjunct { term: Term::Expr(*expr), env, info });
            }
            Decl::Comprehension(comprehension) => {
                self.schedule(vertex, Work::Comprehension(comprehension.clone(), env, info));
            }
            Decl::Ellipsis => self.vm(vertex).work.open_scopes.push(info.scope),
        }
    }

    /// Where an expression begins.
    fn start_of(&self, expr: ExprId) -> Pos {
        match self.expr(expr) {
            Expr::Or(disjuncts) => disjuncts.first().map_or(self.pos(expr), |first| self.pos(first.expr)),
            _ => self.pos(expr),
        }
    }

    fn add_field(&mut self, vertex: VertexId, field: &FieldDecl, env: EnvId, info: Info) {
        let mut info = Info { choice: NONE, ..info };
        if field.constraint == Constraint::Optional {
            info = info.optional();
        }
        let conjunct = Conjunct { term: Term::Expr(field.value), env, info };
        self.add_arc(vertex, field.label, field.constraint, conjunct, field.pos, field.notes.clone());
    }

    /// Adds a declaration of a field.
    pub(crate) fn add_arc(
        &mut self,
        vertex: VertexId,
        label: Label,
        constraint: Constraint,
        conjunct: Conjunct,
        pos: Pos,
        notes: Option<Arc<Notes>>,
    ) {
        let (child, new) = self.child(vertex, label, constraint);
        let required = constraint == Constraint::Required;
        let declared = Declared { scope: conjunct.info.scope, pos, derived: false, required };
        self.forget_restrictions(child);
        self.vm(child).declared.push(declared);
        if let Some(notes) = notes
            && !self.v(child).notes.iter().any(|known| Arc::ptr_eq(known, &notes))
        {
            self.vm(child).notes.push_tight(notes);
        }
        self.add_input(child, conjunct);
        if new {
            self.apply_patterns_to(vertex, label, child);
        }
    }

    /// Names a field by a computed name and declares it.
    pub(crate) fn add_dynamic(
        &mut self,
        vertex: VertexId,
        name: ExprId,
        (constraint, value, pos, notes): (Constraint, ExprId, Pos, Option<Arc<Notes>>),
        env: EnvId,
        info: Info,
    ) -> Outcome<()> {
        let label = match self.eval_atom(env, name, vertex)? {
            Atom::String(text) => self.store.labels.regular(&text),
            Atom::Number(number) if number.is_int() => {
                let message = "integer fields not supported".to_owned();
                return Err(self.error(Code::Eval, Rule::Type, message, vertex, pos, vec![pos]));
            }
            other => {
                let message = format!("invalid index {} (invalid type {})", self.show_expr(name), other.kind());
                return Err(self.error(Code::Eval, Rule::Type, message, vertex, pos, vec![pos]));
            }
        };
        let up = self.store.envs[env];
        let env = self.store.envs.push(super::vertex::Env { label, ..up });
        let info = Info { choice: NONE, ..info };
        self.add_arc(vertex, label, constraint, Conjunct { term: Term::Expr(value), env, info }, pos, notes);
        if let Some(child) = self.v(vertex).arc(label)
            && let Some(declared) = self.vm(child).declared.last_mut()
        {
            // Who misses the field is told where its name is written.
            declared.required = false;
        }
        Ok(())
    }

    /// Adds a disjunction: the chosen alternative if one is, or else it stays undecided.
    pub(crate) fn add_alternatives(
        &mut self,
        vertex: VertexId,
        expr: ExprId,
        alternatives: Alternatives,
        conjunct: Conjunct,
    ) {
        let key = self.choice_key(vertex, expr, conjunct);
        let chosen = self.v(vertex).choices.iter().position(|choice| choice.key == key);
        let (env, info) = (conjunct.env, conjunct.info);
        match chosen {
            Some(index) => {
                // In the reference alternatives come when all else is there.
                self.run_constants(vertex);
                self.add_alternative(vertex, &alternatives, index, env, info);
            }
            None if self.v(vertex).work.undecided.iter().any(|known| known.key == key) => {}
            None => self.vm(vertex).work.undecided.push_tight(Undecided { key, alternatives, info }),
        }
    }

    /// The key of a disjunction. The same one in the same environment is chosen from once, however often it comes.
    fn choice_key(&mut self, vertex: VertexId, expr: ExprId, conjunct: Conjunct) -> ChoiceKey {
        let (env, choice) = (conjunct.env, conjunct.info.choice);
        let met = &self.v(vertex).work.disjunctions_met;
        let mut count = 0;
        for known in met.iter().filter(|known| known.expr == expr) {
            if known.choice == choice && self.is_same_env(known.env, env) {
                return (expr, count);
            }
            count += 1;
        }
        self.vm(vertex).work.disjunctions_met.push_tight(Met { expr, env, choice });
        (expr, count)
    }

    fn add_alternative(&mut self, vertex: VertexId, from: &Alternatives, index: usize, env: EnvId, info: Info) {
        let choice: &mut Choice = &mut self.vm(vertex).choices[index];
        choice.parent = info.choice;
        let alternative = choice.alternative as usize;
        let info = Info { choice: index as u32, ..info };
        let term = match from {
            Alternatives::Exprs(disjuncts) => Term::Expr(disjuncts[alternative].expr),
            Alternatives::Vertices(vertices) => Term::Vertex(vertices[alternative].0),
        };
        self.add_conjunct(vertex, Conjunct { term, env, info });
    }

    /// Adds the conjuncts of the vertex that a reference leads to.
    pub(crate) fn add_reference(&mut self, vertex: VertexId, target: VertexId, expr: ExprId, conjunct: Conjunct) {
        if self.is_itself(target, vertex) {
            return;
        }
        let Some(info) = self.follow_reference(vertex, target, expr, conjunct) else { return };
        if let Some(error) = self.known_cycle(target) {
            return self.fail(vertex, error);
        }
        self.share(vertex, target, expr);
        self.add_conjuncts_of(vertex, target, expr, info);
    }

    /// Adds the conjuncts of a vertex, once for each scope.
    pub(crate) fn add_conjuncts_of(&mut self, vertex: VertexId, target: VertexId, expr: ExprId, mut info: Info) {
        if self.v(vertex).work.seen_references.contains(&(target, info.scope)) {
            return;
        }
        self.vm(vertex).work.seen_references.push_tight((target, info.scope));
        let is_closed_as_value = info.scope != NONE && self.store.scopes[info.scope].kind == ScopeKind::Closed;
        if !is_closed_as_value {
            let (parent, pos) = (info.trail, self.pos(expr));
            info.trail = self.store.trails.push(Trail { parent, pos, passage: Passage::Reference });
        }
        if is_closed_as_value {
            // What is but another name for a definition leads to it.
            let is_name = matches!(self.v(target).conjuncts[..], [Conjunct { term: Term::Expr(value), .. }] if self.is_reference(value));
            if !is_name {
                info.scope = self.store.scopes[info.scope].parent;
            }
        } else if self.leads_to_definition(expr, target) && !self.is_opened(info.scope, vertex) {
            if self.embeds_itself(target, info.scope, vertex) {
                return;
            }
            info.scope = self.new_scope(info.scope, ScopeKind::Definition(target));
            self.require(vertex, info.scope);
        }
        self.copy_inputs(vertex, target, info);
    }

    /// Whether a definition that comes to a vertex came there before, and embeds itself.
    fn embeds_itself(&self, target: VertexId, mut scope: ScopeId, vertex: VertexId) -> bool {
        while scope != NONE {
            let Scope { kind, parent, .. } = self.store.scopes[scope];
            if kind == ScopeKind::Definition(target) && self.v(vertex).work.seen_references.contains(&(target, parent))
            {
                return true;
            }
            scope = parent;
        }
        false
    }

    /// Whether a reference leads to a definition, or by way of one to what is inside of it.
    fn leads_to_definition(&self, expr: ExprId, target: VertexId) -> bool {
        let is_definition = |label: Label| self.store.labels.kind(label).is_definition();
        let mut next = expr;
        loop {
            next = match *self.expr(next) {
                Expr::Field { label, .. } if is_definition(label) => return true,
                Expr::Selector { label, .. } if is_definition(label) => return true,
                Expr::Selector { base, .. } | Expr::Index { base, .. } => base,
                _ => return is_definition(self.v(target).label),
            };
        }
    }

    /// Adds all inputs of another vertex, those to come included.
    pub(crate) fn copy_inputs(&mut self, vertex: VertexId, target: VertexId, info: Info) {
        if !self.v(target).choices.is_empty() {
            return self.add_value_of(vertex, target, Conjunct { term: Term::Vertex(target), env: NONE, info });
        }
        self.vm(target).followers.push_tight((vertex, info));
        let inputs = self.v(target).conjuncts.clone();
        for input in inputs {
            self.add_conjunct(vertex, Conjunct { info, ..input });
        }
    }

    /// Whether a vertex is a definition or lies inside of one.
    pub(crate) fn is_in_definition(&self, mut vertex: VertexId) -> bool {
        while vertex != NONE {
            let v = self.v(vertex);
            if self.store.labels.kind(v.label).is_definition() {
                return true;
            }
            vertex = v.parent;
        }
        false
    }

    /// Unifies with the finished value of another vertex.
    pub(crate) fn add_value_of(&mut self, vertex: VertexId, value: VertexId, conjunct: Conjunct) {
        self.process(value);
        // Alternatives that wait for more may come back here.
        let source = if self.v(value).work.lost_alternatives { value } else { self.follow(value) };
        let info = conjunct.info;
        let origin = Origin { show: Show::Vertex(source), pos: Pos::NONE, trail: info.trail };
        let has_inputs = !self.v(source).conjuncts.is_empty() && self.v(source).choices.is_empty();
        let may_become_more = match self.v(source).base {
            Base::Atom(_) => false,
            Base::Bottom(error) => self.is_incomplete(error),
            _ => true,
        };
        self.bring_value(vertex, info);
        if has_inputs && may_become_more {
            return self.copy_inputs(vertex, source, info);
        }
        match self.v(source).base.clone() {
            Base::Atom(atom) => {
                let origin = self.atom_origin(source).unwrap_or(origin);
                self.add_atom(vertex, atom, origin);
            }
            Base::Bottom(error) => self.fail(vertex, error),
            Base::Struct | Base::List => self.add_parts_of(vertex, source, &origin, info),
            Base::Partial | Base::Unknown => {
                let work = &self.v(source).work;
                let (kind, checks) = (work.kind, work.checks.clone());
                self.add_kind(vertex, kind, &origin);
                for check in checks {
                    self.add_check(vertex, check);
                }
            }
            Base::Disjunction(leaves) => {
                let marked = leaves.iter().any(|(_, default)| *default);
                let mode = |default: bool| match (marked, default) {
                    (false, _) => Mode::Unmarked,
                    (true, true) => Mode::Default,
                    (true, false) => Mode::Other,
                };
                let vertices: Vec<_> = leaves.iter().map(|(leaf, default)| (*leaf, mode(*default))).collect();
                // The vertex is the key: no expression stands for its value.
                let key = u32::MAX - source;
                self.add_alternatives(vertex, key, Alternatives::Vertices(vertices.into()), conjunct);
            }
        }
    }

    /// Unifies with a value as plain data.
    fn add_plain(&mut self, vertex: VertexId, value: VertexId, info: Info) {
        self.bring_value(vertex, info);
        self.process(value);
        let source = self.default_of(value);
        let pos = self.v(source).work.lists.first().map_or(Pos::NONE, |part| part.pos);
        let origin = Origin { show: Show::Vertex(source), pos, trail: info.trail };
        match self.v(source).base.clone() {
            Base::Struct | Base::List => self.add_plain_parts(vertex, source, &origin, info),
            Base::Partial | Base::Unknown => {
                let work = &self.v(source).work;
                let (kind, checks) = (work.kind, work.checks.clone());
                self.add_kind(vertex, kind, &origin);
                for check in checks {
                    if !matches!(check.rule, super::vertex::CheckRule::Function(_)) {
                        self.add_check(vertex, check);
                    }
                }
            }
            _ => self.add_value_of(vertex, source, Conjunct { term: Term::Vertex(source), env: NONE, info }),
        }
    }

    fn add_plain_parts(&mut self, vertex: VertexId, source: VertexId, origin: &Origin, info: Info) {
        let info = Info { choice: NONE, ..info };
        let is_list = matches!(self.v(source).base, Base::List);
        self.add_kind(vertex, if is_list { Kind::LIST } else { Kind::STRUCT }, origin);
        match is_list {
            true => {
                let len = self.elements(source).len();
                let open = self.v(source).work.lists.iter().all(|part| part.open);
                let part = ListPart { len, open, rest: None, info, applied: len, pos: Pos::NONE };
                if self.conflicts_in_length(vertex, &part) {
                    return;
                }
                self.vm(vertex).work.lists.push_tight(part);
            }
            false => {
                self.vm(vertex).work.struct_seen.get_or_insert(*origin);
                let structs = self.v(source).work.structs.clone();
                self.add_structs_of(vertex, structs, info);
            }
        }
        for (label, child) in self.regular_arcs(source) {
            // Elements come as they were written, and close by themselves.
            let written = if is_list { self.v(child).conjuncts.clone() } else { SmallVec::new() };
            if written.is_empty() {
                let conjunct = Conjunct { term: Term::Plain(child), env: NONE, info };
                self.add_arc(vertex, label, Constraint::None, conjunct, Pos::NONE, None);
            }
            for conjunct in written {
                let info = Info { scope: NONE, choice: NONE, ..conjunct.info };
                self.add_arc(vertex, label, Constraint::None, Conjunct { info, ..conjunct }, Pos::NONE, None);
            }
        }
    }

    /// Unifies with the fields or elements of a finished struct or list.
    fn add_parts_of(&mut self, vertex: VertexId, source: VertexId, origin: &Origin, info: Info) {
        let work = &self.v(source).work;
        let (kind, checks, lists) = (work.kind, work.checks.clone(), work.lists.clone());
        let (patterns, structs) = (work.patterns.clone(), work.structs.clone());
        let is_open = work.required.is_empty() && !work.open_scopes.is_empty();
        self.add_kind(vertex, kind, origin);
        if kind == Kind::STRUCT {
            self.vm(vertex).work.struct_seen.get_or_insert(*origin);
        }
        self.add_structs_of(vertex, structs, info);
        for check in checks {
            self.add_check(vertex, check);
        }
        let info = Info { choice: NONE, ..info };
        for part in lists {
            let part = ListPart { info, applied: part.len, ..part };
            if self.conflicts_in_length(vertex, &part) {
                return;
            }
            self.vm(vertex).work.lists.push_tight(part);
        }
        for pattern in patterns {
            self.use_pattern(vertex, super::vertex::Pattern { info, ..pattern });
        }
        if is_open {
            self.vm(vertex).work.open_scopes.push(info.scope);
        }
        for (label, child) in self.v(source).arcs.snapshot() {
            let constraint = self.v(child).constraint;
            let pos = self.v(child).declared.first().map_or(Pos::NONE, |declared| declared.pos);
            let conjunct = Conjunct { term: Term::Vertex(child), env: NONE, info };
            self.add_arc(vertex, label, constraint, conjunct, pos, None);
        }
    }

    fn add_structs_of(&mut self, vertex: VertexId, structs: ThinVec<StructPart>, info: Info) {
        let parts = structs.into_iter().map(|part| StructPart { scope: info.scope, ..part });
        self.vm(vertex).work.structs.extend(parts);
    }

    /// Unifies with plain data.
    fn add_datum(&mut self, vertex: VertexId, id: u32, info: Info) {
        self.bring_value(vertex, info);
        let datum = self.store.data[id].clone();
        match &*datum {
            Datum::List(items) => self.add_datum_list(vertex, id, items, info),
            Datum::Struct(fields) => self.add_datum_struct(vertex, id, fields, info),
            Datum::Abstract(Abstract { value: Some(handle), .. }) | Datum::Handle(handle) => {
                let conjunct = Conjunct { term: Term::Vertex(handle.0), env: NONE, info };
                self.add_value_of(vertex, handle.0, conjunct);
            }
            Datum::Abstract(text) => {
                let message = format!("non-concrete value {text} in result of a function");
                let error = self.incomplete(vertex, Rule::Incomplete, message, Vec::new());
                self.fail(vertex, error);
            }
            other => {
                let Some(atom) = Atom::of(other) else { return };
                let origin = self.computed_origin(Expr::Atom(atom.clone()), Pos::NONE, info);
                self.add_atom(vertex, atom, origin);
            }
        }
    }

    fn add_datum_list(&mut self, vertex: VertexId, id: u32, items: &[Datum], info: Info) {
        let origin = Origin { show: Show::Datum(id), pos: Pos::NONE, trail: info.trail };
        self.add_kind(vertex, Kind::LIST, &origin);
        let part = ListPart { len: items.len(), open: false, rest: None, info, applied: items.len(), pos: Pos::NONE };
        if self.conflicts_in_length(vertex, &part) {
            return;
        }
        self.vm(vertex).work.lists.push_tight(part);
        for (index, item) in items.iter().enumerate() {
            self.add_datum_arc(vertex, Label::index(index), item, info);
        }
    }

    fn add_datum_struct(&mut self, vertex: VertexId, id: u32, fields: &[(Arc<str>, Datum)], info: Info) {
        let origin = Origin { show: Show::Datum(id), pos: Pos::NONE, trail: info.trail };
        self.add_kind(vertex, Kind::STRUCT, &origin);
        self.vm(vertex).work.struct_seen.get_or_insert(origin);
        let part = StructPart { source: StructSource::Datum(id), scope: info.scope, trail: info.trail };
        self.vm(vertex).work.structs.push(part);
        for (name, value) in fields {
            let label = self.store.labels.regular(name);
            self.add_datum_arc(vertex, label, value, info);
        }
    }

    fn add_datum_arc(&mut self, vertex: VertexId, label: Label, value: &Datum, info: Info) {
        let term = Term::Datum(self.store.data.push(Arc::new(value.clone())));
        let conjunct = Conjunct { term, env: NONE, info: Info { choice: NONE, ..info } };
        self.add_arc(vertex, label, Constraint::None, conjunct, Pos::NONE, None);
    }

    /// Evaluates an expression that is no reference and adds its value.
    pub(crate) fn add_evaluated(&mut self, vertex: VertexId, expr: ExprId, conjunct: Conjunct) -> Outcome<()> {
        let (env, info) = (conjunct.env, conjunct.info);
        match self.expr(expr).clone() {
            Expr::Bound { op, operand } => return self.add_bound(vertex, op, operand, expr, env, info),
            Expr::Builtin(function) => return self.add_bare_function(vertex, &function, expr, conjunct),
            Expr::Call { function, args } => return self.add_call_result(vertex, expr, function, &args, conjunct),
            _ => {}
        }
        match self.eval(env, expr, vertex)? {
            Val::Atom(atom) => {
                self.bring_value(vertex, info);
                let origin = self.computed_origin(Expr::Atom(atom.clone()), self.pos(expr), info);
                self.add_atom(vertex, atom, origin);
            }
            Val::Vertex(value) => self.add_value_of(vertex, value, Conjunct { term: Term::Vertex(value), ..conjunct }),
        }
        Ok(())
    }
}
