//! What an evaluation offers to the rest of the program: values, and schemas that judge documents.
//!
//! Both are immutable, cheap to clone and may be shared between threads: what is evaluated is frozen, and a
//! further evaluation works on a layer of its own on top.

mod expression;
pub(crate) mod instance;
mod operands;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use self::instance::{Instance, Package};
use crate::{
    builtin,
    call::{Datum, Failure},
    error::{Code, Error, Errors, PathPart, Position, Rule},
    eval::{
        engine::Engine,
        function::builtin_name,
        vertex::{
            Base, Check, CheckRule, Conjunct, ErrorId, Info, NONE, Passage, ScopeKind, State, TaskState, Term, Trail,
            VertexId,
        },
    },
    ir::{Atom, BoundOp, Expr, ExprId, Notes, compile::Compiler, label::Label},
    kind::Kind,
    number::Number,
    syntax::{
        self,
        ast::{self, Constraint},
        experiment::Version,
        pos::{FileId, Pos, SourceFile},
    },
    toml, yaml,
};

pub use expression::{Expression, PackageId, Reference};
pub use operands::{Form, Operand};

/// What is evaluated so far, never to change again.
pub(crate) struct Frozen {
    pub(crate) engine: Engine,
    pub(crate) files: Vec<Arc<SourceFile>>,
    /// The package that it began with.
    pub(crate) package: Arc<Package>,
}

impl std::fmt::Debug for Frozen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Frozen").finish_non_exhaustive()
    }
}

impl Frozen {
    /// A layer on top, to evaluate more.
    pub(crate) fn fork(&self) -> Engine {
        self.engine.fork()
    }

    /// Freezes a layer.
    pub(crate) fn freeze(&self, engine: Engine, files: Vec<Arc<SourceFile>>) -> Arc<Self> {
        let mut engine = engine;
        engine.store.freeze();
        Arc::new(Self { engine, files, package: self.package.clone() })
    }

    fn position(&self, pos: Pos) -> Option<Position> {
        position(&self.files, pos)
    }
}

pub(crate) fn position(files: &[Arc<SourceFile>], pos: Pos) -> Option<Position> {
    let file = files.get(pos.file.0 as usize).cloned().or_else(|| builtin::constant_file(pos.file))?;
    pos.is_some().then_some(Position { file, pos })
}

/// Errors of the evaluator as those of an answer; those of alternatives stand for themselves.
pub(crate) fn report(
    engine: &Engine,
    files: &[Arc<SourceFile>],
    errors: &[ErrorId],
    prefix: &[PathPart],
) -> Vec<Error> {
    let mut out = Vec::new();
    for id in errors {
        let bottom = &engine.store.errors[*id];
        let parts = engine.path(bottom.vertex).into_iter().map(|label| engine.store.labels.part(label));
        out.push(Error {
            code: bottom.code,
            rule: bottom.rule,
            path: prefix.iter().cloned().chain(parts).collect(),
            message: bottom.message.clone(),
            primary: position(files, bottom.primary),
            positions: bottom.positions.iter().filter_map(|pos| position(files, *pos)).collect(),
        });
        out.extend(report(engine, files, &bottom.parts, prefix));
        if out.len() >= engine.limits.errors_max {
            break;
        }
    }
    out
}

/// A value of an instance.
#[derive(Clone, Debug)]
pub struct Value {
    pub(crate) frozen: Arc<Frozen>,
    pub(crate) vertex: VertexId,
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name.
    pub label: PathPart,
    /// Whether it is regular, optional or required.
    pub constraint: Constraint,
    /// Its value.
    pub value: Value,
}

/// Which fields of a struct are wanted besides the regular ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldOptions {
    /// `f?` and `f!`.
    pub optional: bool,
    /// `#D`.
    pub definitions: bool,
    /// `_h`.
    pub hidden: bool,
}

/// What a value is made of.
#[derive(Clone, Debug)]
pub enum Shape {
    /// An error.
    Bottom(Errors),
    /// `_`.
    Top,
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// Any value of these kinds.
    Type(Kind),
    /// A bound such as `<10` or `=~"^a"`.
    Bound(BoundOp, Value),
    /// A function that must be satisfied, with its full name, such as `strings.MinRunes`.
    Validator(Arc<str>, Vec<Value>),
    /// All of them at once: types, bounds, validators.
    Conjunction(Vec<Shape>),
    /// One of them; marked are the defaults.
    Disjunction(Vec<(Value, bool)>),
    /// A struct, with what else holds for it (validators such as `struct.MaxFields(3)`).
    Struct(Vec<Shape>),
    /// A list, with what else holds for it.
    List(Vec<Shape>),
    /// An expression that needs more information to have a value, as it prints.
    Unresolved(Arc<str>),
}

/// How strictly a value is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validation {
    /// Whether all values must be concrete and all required fields present.
    pub concrete: bool,
}

impl Value {
    fn engine(&self) -> &Engine {
        &self.frozen.engine
    }

    /// The vertex that stands for the value.
    fn followed(&self) -> VertexId {
        self.engine().follow(self.vertex)
    }

    /// Other vertices of the same evaluation, evaluated.
    fn siblings(&self, vertices: &[VertexId]) -> Vec<Self> {
        let engine = self.engine();
        let ready = |id: &VertexId| engine.v(engine.follow(*id)).state == State::Done;
        let frozen = if vertices.iter().all(ready) {
            self.frozen.clone()
        } else {
            let mut engine = self.frozen.fork();
            for vertex in vertices {
                engine.process(*vertex);
            }
            self.frozen.freeze(engine, self.frozen.files.clone())
        };
        vertices.iter().map(|vertex| Self { frozen: frozen.clone(), vertex: *vertex }).collect()
    }

    /// The value of a term in its environment, evaluated.
    fn term(&self, term: Term, env: u32) -> Self {
        let mut engine = self.frozen.fork();
        let vertex = engine.anonymous(term, env);
        engine.process(vertex);
        Self { frozen: self.frozen.freeze(engine, self.frozen.files.clone()), vertex }
    }

    /// The kinds that it is or may become; no kind for an error.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.engine().kind_of(self.vertex)
    }

    /// What it is made of, with defaults not yet taken.
    #[must_use]
    pub fn shape(&self) -> Shape {
        let engine = self.engine();
        let vertex = self.followed();
        let v = engine.v(vertex);
        match &v.base {
            Base::Bottom(error) if engine.is_incomplete(*error) => {
                Shape::Unresolved(engine.store.errors[*error].message.as_str().into())
            }
            Base::Bottom(error) => Shape::Bottom(Errors::new(report(engine, &self.frozen.files, &[*error], &[]))),
            Base::Atom(atom) => atom_shape(atom),
            Base::Struct => Shape::Struct(self.check_shapes(&v.work.checks)),
            Base::List => Shape::List(self.check_shapes(&v.work.checks)),
            Base::Disjunction(leaves) => {
                let vertices: Vec<_> = leaves.iter().map(|(leaf, _)| *leaf).collect();
                let values = self.siblings(&vertices);
                Shape::Disjunction(values.into_iter().zip(leaves.iter().map(|(_, default)| *default)).collect())
            }
            Base::Partial | Base::Unknown => self.partial_shape(vertex),
        }
    }

    fn partial_shape(&self, vertex: VertexId) -> Shape {
        let work = &self.engine().v(vertex).work;
        let mut shapes = self.check_shapes(&work.checks);
        if work.kind != Kind::TOP && work.kind != crate::eval::bounds::implied_by_bounds(&work.checks) {
            shapes.insert(0, Shape::Type(work.kind));
        }
        match shapes.len() {
            0 => Shape::Top,
            1 => shapes.swap_remove(0),
            _ => Shape::Conjunction(shapes),
        }
    }

    fn check_shapes(&self, checks: &[Check]) -> Vec<Shape> {
        let shape = |check: &Check| match &check.rule {
            CheckRule::Bound(op, atom) => Shape::Bound(*op, self.atom_value(atom, check.origin.pos)),
            CheckRule::Compare(op, vertex) => Shape::Bound(*op, Self { frozen: self.frozen.clone(), vertex: *vertex }),
            CheckRule::Function(validator) => {
                let args = validator.args.iter().map(|(env, arg)| self.term(Term::Expr(*arg), *env)).collect();
                Shape::Validator(builtin_name(&validator.function).into(), args)
            }
        };
        checks.iter().map(shape).collect()
    }

    fn atom_value(&self, atom: &Atom, pos: Pos) -> Self {
        let mut engine = self.frozen.fork();
        let expr = engine.store.exprs.push(crate::ir::Node { expr: Expr::Atom(atom.clone()), pos });
        let vertex = engine.anonymous(Term::Expr(expr), NONE);
        engine.process(vertex);
        Self { frozen: self.frozen.freeze(engine, self.frozen.files.clone()), vertex }
    }

    /// The value with its default taken, if it has exactly one.
    #[must_use]
    pub fn default_value(&self) -> Self {
        Self { frozen: self.frozen.clone(), vertex: self.engine().default_of(self.vertex) }
    }

    /// The fields of a struct in the order of output.
    #[must_use]
    pub fn fields(&self, options: FieldOptions) -> Vec<Field> {
        use crate::ir::label::LabelKind;
        let engine = self.engine();
        let wanted = |(label, child): &(Label, VertexId)| {
            let kind = match engine.store.labels.kind(*label) {
                LabelKind::Regular => label.as_index().is_none(),
                LabelKind::Definition => options.definitions,
                LabelKind::Hidden => options.hidden,
                LabelKind::HiddenDefinition => options.hidden && options.definitions,
            };
            kind && (options.optional || engine.v(*child).constraint == Constraint::None)
        };
        let arcs: Vec<_> = engine.arcs_in_order(self.vertex).into_iter().filter(wanted).collect();
        let vertices: Vec<_> = arcs.iter().map(|(_, child)| *child).collect();
        let field = |((label, child), value): ((Label, VertexId), Self)| Field {
            label: engine.store.labels.part(label),
            constraint: engine.v(child).constraint,
            value,
        };
        arcs.into_iter().zip(self.siblings(&vertices)).map(field).collect()
    }

    /// The patterns of a struct, each with the constraint for matching fields. The label of such a field is `_`.
    #[must_use]
    pub fn patterns(&self) -> Vec<(Self, Self)> {
        let patterns = self.engine().v(self.followed()).work.patterns.clone();
        let mut engine = self.frozen.fork();
        let any = engine.store.labels.regular("_");
        let constraint = |pattern: &crate::eval::vertex::Pattern| {
            let vertex = engine.anonymous(Term::Expr(pattern.value), pattern.env);
            engine.vm(vertex).label = any;
            engine.process(vertex);
            vertex
        };
        let constraints: Vec<_> = patterns.iter().map(constraint).collect();
        let frozen = self.frozen.freeze(engine, self.frozen.files.clone());
        let value = |vertex| Self { frozen: frozen.clone(), vertex };
        let pair = |(pattern, constraint): (&crate::eval::vertex::Pattern, VertexId)| {
            (value(pattern.pattern), value(constraint))
        };
        patterns.iter().zip(constraints).map(pair).collect()
    }

    /// The elements of a list.
    #[must_use]
    pub fn elements(&self) -> Vec<Self> {
        self.siblings(&self.engine().elements(self.vertex))
    }

    /// What further elements of an open list must be; `None` if it is closed.
    #[must_use]
    pub fn rest(&self) -> Option<Self> {
        let mut engine = self.frozen.fork();
        let parts = engine.v(self.followed()).work.lists.clone();
        if parts.is_empty() || parts.iter().any(|part| !part.open) {
            return None;
        }
        let vertex = engine.new_vertex(NONE, Label::NONE);
        for (rest, env) in parts.iter().filter_map(|part| part.rest) {
            engine.add_input(vertex, Conjunct { term: Term::Expr(rest), env, info: Info::ROOT });
        }
        engine.process(vertex);
        Some(Self { frozen: self.frozen.freeze(engine, self.frozen.files.clone()), vertex })
    }

    /// Whether a struct or list takes no further fields or elements than those it names.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let engine = self.engine();
        let vertex = self.followed();
        match engine.v(vertex).base {
            Base::List => engine.v(vertex).work.lists.iter().any(|part| !part.open),
            _ => engine.is_closed(vertex),
        }
    }

    /// Whether `...` says that a struct may have any further field.
    #[must_use]
    pub fn has_ellipsis(&self) -> bool {
        !self.engine().v(self.followed()).work.open_scopes.is_empty()
    }

    /// Whether a struct may have a regular field of this name.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        let mut engine = self.frozen.fork();
        let label = engine.store.labels.regular(name);
        engine.accepts(self.vertex, label)
    }

    /// Whether a struct may have a regular field of any name.
    #[must_use]
    pub fn allows_any(&self) -> bool {
        let vertex = self.followed();
        let engine = self.engine();
        let any = |pattern: &crate::eval::vertex::Pattern| {
            let v = engine.v(engine.follow(pattern.pattern));
            matches!(v.base, Base::Partial) && v.work.checks.is_empty() && v.work.kind.contains(Kind::STRING)
        };
        let work = &engine.v(vertex).work;
        !engine.is_closed(vertex) || !work.open_scopes.is_empty() || work.patterns.iter().any(any)
    }

    /// The field or element at a name, definition or index, if there is one.
    #[must_use]
    pub fn get(&self, part: &PathPart) -> Option<Self> {
        let engine = self.engine();
        let vertex = engine.default_of(self.vertex);
        let found = engine.v(vertex).arcs.iter().find(|(label, _)| engine.store.labels.part(*label) == *part)?;
        self.siblings(&[found.1]).pop()
    }

    /// The doc comments of all declarations of the value, joined by an empty line; for a package, the comments of its
    /// files.
    #[must_use]
    pub fn doc(&self) -> String {
        let package = &self.frozen.package;
        if self.vertex == package.root {
            return package.asts.iter().flat_map(|file| file.docs()).collect::<Vec<_>>().join("\n\n");
        }
        let engine = self.engine();
        let own = engine.v(self.vertex).notes.iter().filter(|notes| notes.shorthands == 0);
        let docs = own.chain(self.notes_above()).filter_map(|notes| notes.doc.as_deref());
        docs.collect::<Vec<_>>().join("\n\n")
    }

    /// What stands above `a: b: c: 1`, if the value is that of `c`.
    fn notes_above(&self) -> Vec<&Arc<Notes>> {
        let engine = self.engine();
        let mut found = Vec::new();
        let mut way = vec![self.vertex];
        while let Some(parent) = way.last().map(|vertex| engine.v(*vertex).parent).filter(|parent| *parent != NONE) {
            let is_above = |notes: &&Arc<Notes>| {
                notes.shorthands as usize == way.len()
                    && way.iter().all(|field| self.is_first_after(*field, notes.doc_pos))
            };
            found.extend(engine.v(parent).notes.iter().filter(is_above));
            way.push(parent);
        }
        found
    }

    /// Whether a field is the first of its struct that is declared after a place.
    fn is_first_after(&self, field: VertexId, place: Pos) -> bool {
        let engine = self.engine();
        let first = |vertex: VertexId| {
            let places = engine.v(vertex).declared.iter().map(|declared| declared.pos);
            places.filter(|pos| pos.file == place.file && pos.offset > place.offset).map(|pos| pos.offset).min()
        };
        let Some(own) = first(field) else { return false };
        engine.v(engine.v(field).parent).arcs.iter().all(|(_, other)| first(*other).is_none_or(|other| other >= own))
    }

    /// The attributes of the field that holds the value, as written, each once.
    #[must_use]
    pub fn attributes(&self) -> Vec<Arc<str>> {
        let mut all = Vec::new();
        for attribute in self.engine().v(self.vertex).notes.iter().flat_map(|notes| &notes.attributes) {
            if !all.contains(attribute) {
                all.push(attribute.clone());
            }
        }
        all
    }

    /// Where it is declared first.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        let v = self.engine().v(self.vertex);
        self.frozen.position(v.declared.first()?.pos)
    }

    /// Where it is written: the field, if that is declared once, and else the last expression for it.
    #[must_use]
    pub fn written_at(&self) -> Option<Position> {
        let v = self.engine().v(self.vertex);
        let last = || match v.conjuncts.last()?.term {
            Term::Expr(expr) => Some(self.engine().pos(expr)),
            _ => None,
        };
        let pos = match v.declared.as_slice() {
            [only] => only.pos,
            _ => last()?,
        };
        self.frozen.position(pos)
    }

    /// From the root of the instance.
    #[must_use]
    pub fn path(&self) -> Vec<PathPart> {
        let engine = self.engine();
        engine.path(self.vertex).into_iter().map(|label| engine.store.labels.part(label)).collect()
    }

    /// Whether it stands in the package of the instance, and not in one that is imported.
    #[must_use]
    pub fn is_of_root_package(&self) -> bool {
        let mut vertex = self.vertex;
        while self.engine().v(vertex).parent != NONE {
            vertex = self.engine().v(vertex).parent;
        }
        vertex == self.frozen.package.root
    }

    /// The path that the value refers to, if it is nothing but a reference: `#TripEvent` for `schema: #TripEvent`.
    #[must_use]
    pub fn reference(&self) -> Option<Vec<PathPart>> {
        let engine = self.engine();
        let [only] = engine.v(self.vertex).conjuncts[..] else { return None };
        let Term::Expr(expr) = only.term else { return None };
        if !matches!(engine.expr(expr), Expr::Field { .. } | Expr::Selector { .. }) {
            return None;
        }
        let mut fork = self.frozen.fork();
        let target = fork.resolve(only.env, expr, self.vertex).ok()?;
        Some(fork.path(target).into_iter().map(|label| fork.store.labels.part(label)).collect())
    }

    /// The value as JSON, as `cue export` prints it, with its indentation.
    ///
    /// # Errors
    /// All that is contradictory or not concrete.
    pub fn to_json(&self) -> Result<String, Errors> {
        self.validate(Validation { concrete: true })?;
        let mut out = String::new();
        self.engine().write_json(self.vertex, 0, &mut out);
        out.push('\n');
        Ok(out)
    }

    /// The value as YAML, as `cue export --out yaml` prints it.
    ///
    /// # Errors
    /// All that is contradictory or not concrete.
    pub fn to_yaml(&self) -> Result<String, Errors> {
        self.printed(yaml::print)
    }

    /// The value as TOML, as `cue export --out toml` prints it.
    ///
    /// # Errors
    /// All that is contradictory or not concrete, and what TOML has no form for.
    pub fn to_toml(&self) -> Result<String, Errors> {
        self.printed(toml::print)
    }

    /// The concrete data of the value in the format of a printer.
    fn printed(&self, print: fn(&Datum) -> Result<String, Failure>) -> Result<String, Errors> {
        self.validate(Validation { concrete: true })?;
        let mut engine = self.frozen.fork();
        let failed = |engine: &Engine, error| Errors::new(report(engine, &self.frozen.files, &[error], &[]));
        let datum = engine.datum_of(self.vertex).map_err(|error| failed(&engine, error))?;
        print(&datum).map_err(|failure| Errors::from(Error::new(failure.code, Rule::Incomplete, failure.message)))
    }

    /// Whether it is free of contradictions, and concrete if asked.
    ///
    /// # Errors
    /// All violations.
    pub fn validate(&self, validation: Validation) -> Result<(), Errors> {
        let mut engine = self.frozen.fork();
        let errors = engine.violations(self.vertex, validation.concrete);
        if errors.is_empty() {
            return Ok(());
        }
        Err(Errors::new(report(&engine, &self.frozen.files, &errors, &[])))
    }

    /// Both at once, as `self & other`.
    ///
    /// They must come from the same evaluation: one of them was derived from what the other belongs to, or both from
    /// the fields and definitions of one instance. The result is an error if they do not.
    #[must_use]
    pub fn unify(&self, other: &Self) -> Self {
        let (own, others) = (&self.engine().store.vertices, &other.engine().store.vertices);
        let is_larger = own.len() >= others.len();
        let (frozen, smaller) = if is_larger { (&self.frozen, other) } else { (&other.frozen, self) };
        let mut engine = frozen.fork();
        let Some(found) = smaller.found_in(&mut engine, own.shared_len(others)) else {
            let vertex = engine.new_vertex(NONE, Label::NONE);
            let message = "values of different evaluations can't be unified".to_owned();
            let error = engine.error(Code::Eval, Rule::Other, message, vertex, Pos::NONE, Vec::new());
            engine.fail(vertex, error);
            engine.finalize(vertex);
            return Self { frozen: frozen.freeze(engine, frozen.files.clone()), vertex };
        };
        let (left, right) = if is_larger { (self.vertex, found) } else { (found, other.vertex) };
        let vertex = engine.anonymous(Term::Vertex(left), NONE);
        let conjunct = Conjunct { term: Term::Vertex(right), env: NONE, info: Info::ROOT };
        engine.add_input(vertex, conjunct);
        engine.finalize(vertex);
        Self { frozen: frozen.freeze(engine, frozen.files.clone()), vertex }
    }

    /// The vertex that stands for the value in an engine that shares the first so many vertices with its own: the
    /// same, or the one that the same labels lead to.
    fn found_in(&self, engine: &mut Engine, shared: u32) -> Option<VertexId> {
        let store = &self.engine().store;
        let (mut vertex, mut labels) = (self.vertex, Vec::new());
        while vertex >= shared {
            let v = &store.vertices[vertex];
            if v.parent == NONE || v.label == Label::NONE {
                return None;
            }
            labels.push(v.label);
            vertex = v.parent;
        }
        for label in labels.into_iter().rev() {
            let label = match label.as_index() {
                Some(_) => label,
                None => {
                    let name = store.labels.name(label);
                    engine.store.labels.intern(&name.text, name.kind, &name.package)
                }
            };
            engine.process(vertex);
            vertex = engine.v(engine.follow(vertex)).arc(label)?;
        }
        Some(vertex)
    }

    /// As a CUE expression on one line, as errors print it.
    #[must_use]
    pub fn to_cue(&self) -> String {
        self.engine().show_vertex(self.vertex)
    }

    /// The texts that positions point into, by file id.
    #[must_use]
    pub fn sources(&self) -> &[Arc<SourceFile>] {
        &self.frozen.files
    }

    /// The worst error of the value itself or below it, if there is one.
    #[must_use]
    pub fn error(&self) -> Option<Errors> {
        let mut engine = self.frozen.fork();
        let error = engine.error_of(self.vertex)?;
        Some(Errors::new(report(&engine, &self.frozen.files, &[error], &[])))
    }

    /// Whether an expression of the value waits for information.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        let tasks = &self.engine().v(self.followed()).work.tasks;
        tasks.iter().any(|task| task.state == TaskState::Pending)
    }
}

fn atom_shape(atom: &Atom) -> Shape {
    match atom {
        Atom::Null => Shape::Null,
        Atom::Bool(value) => Shape::Bool(*value),
        Atom::Number(number) => Shape::Number(number.clone()),
        Atom::String(text) => Shape::String(text.clone()),
        Atom::Bytes(bytes) => Shape::Bytes(bytes.clone()),
    }
}

/// A definition prepared to judge many documents.
#[derive(Clone, Debug)]
pub struct Schema {
    value: Value,
    /// The expression and its environment.
    conjunct: Conjunct,
    prefix: Vec<PathPart>,
}

/// How errors of documents are reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VetOptions {
    /// Whether paths begin with the definition, as in `#Identity.Age`.
    pub prefix_definition: bool,
}

impl Schema {
    /// Prepares the value of an expression over an instance, such as `#Order`; the whole package if it is empty.
    ///
    /// # Errors
    /// If the expression is malformed or its value contradicts itself.
    pub fn new(instance: &Instance, expression: &str, options: VetOptions) -> Result<Self, Errors> {
        let (base, root) = (&instance.frozen, instance.frozen.package.root);
        let mut engine = base.fork();
        let mut files = base.files.clone();
        // What else the package says may contradict itself; evaluated now, it is not for each document.
        engine.finalize(root);
        let (vertex, mut conjunct) = if expression.is_empty() {
            (root, Conjunct { term: Term::Vertex(root), env: NONE, info: Info::ROOT })
        } else {
            let source = SourceFile::new("--schema", expression);
            let expr = instance.compile_expression(&mut engine, &mut files, source)?;
            let env = engine.new_env(NONE, root);
            let resolved = engine.resolve(env, expr, root);
            let vertex = resolved.map_err(|error| Errors::new(report(&engine, &files, &[error], &[])))?;
            let errors = engine.open_questions_of_close(expr, env, root);
            if !errors.is_empty() {
                return Err(Errors::new(report(&engine, &files, &errors, &[])));
            }
            // A plain reference is where documents are judged, not a step on the way that errors tell of.
            if engine.is_reference(expr) {
                engine.store.exprs[expr].pos = Pos::NONE;
            }
            (vertex, Conjunct { term: Term::Expr(expr), env, info: Info::ROOT })
        };
        let errors = engine.violations(vertex, false);
        if !errors.is_empty() {
            return Err(Errors::new(report(&engine, &files, &errors, &[])));
        }
        let pos = engine.place_of_waiting(vertex);
        if pos.is_some() {
            conjunct.info.trail = engine.store.trails.push(Trail { parent: NONE, pos, passage: Passage::Reference });
        }
        let path = engine.path(vertex);
        let parts = path.iter().map(|label| engine.store.labels.part(*label)).collect();
        let prefix = if options.prefix_definition { parts } else { Vec::new() };
        let value = Value { frozen: base.freeze(engine, files), vertex };
        Ok(Self { value, conjunct, prefix })
    }

    /// The value that documents are judged by.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Judges one JSON document as `cue vet -c -d` does. `name` is what positions in it print.
    ///
    /// # Errors
    /// All violations.
    pub fn vet_json(&self, data: &[u8], name: &str) -> Result<(), Errors> {
        let file = self.document_file();
        let source = SourceFile::from_bytes(name, data);
        let limits = instance::parse_options(&self.value.frozen.engine.limits, Version::LATEST).limits;
        let parsed = syntax::parse_json(&source, file, &limits);
        let document = parsed.map_err(|error| instance::syntax_errors(&source, vec![not_json(error, name)]))?;
        let repeats = repeats_a_field(&document);
        let Unified { mut engine, files, root, document: conjunct } = self.unified(source, document)?;
        // A document that contradicts itself is not judged by the schema.
        let alone = if repeats { engine.contradictions_of(conjunct) } else { Vec::new() };
        let errors = if alone.is_empty() { engine.document_violations(root) } else { alone };
        if errors.is_empty() {
            return Ok(());
        }
        let errors = report(&engine, &files, &errors, &self.prefix);
        Err(Errors::new(errors.into_iter().map(|error| document_first(error, file)).collect()))
    }

    /// The file id that positions in a document bear.
    #[must_use]
    pub fn document_file(&self) -> FileId {
        FileId(self.value.frozen.files.len() as u32)
    }

    /// A document and the schema at once. The positions in it bear [`Schema::document_file`] and lie in `source`.
    ///
    /// # Errors
    /// What can't be compiled in the document.
    pub fn unify(&self, source: Arc<SourceFile>, document: ast::Expr) -> Result<Value, Errors> {
        let Unified { mut engine, files, root: vertex, .. } = self.unified(source, document)?;
        engine.finalize(vertex);
        Ok(Value { frozen: self.value.frozen.freeze(engine, files), vertex })
    }

    fn unified(&self, source: Arc<SourceFile>, mut document: ast::Expr) -> Result<Unified, Errors> {
        let frozen = &self.value.frozen;
        let mut engine = frozen.fork();
        let mut files = frozen.files.clone();
        files.push(source);
        stand_at_first_field(&mut document);
        let imports = FxHashMap::default();
        let (exprs, labels) = (&mut engine.store.exprs, &mut engine.store.labels);
        let depth_max = engine.limits.depth_max;
        let mut compiler = Compiler::new(exprs, labels, Arc::from(""), &imports, builtin::package, depth_max);
        let expr = compiler.expr(&document);
        let errors = std::mem::take(&mut compiler.errors);
        if !errors.is_empty() {
            return Err(Errors::new(instance::compile_errors(&engine.store, &files, errors)));
        }
        let root = engine.new_vertex(NONE, Label::NONE);
        let is_computed = matches!(document, ast::Expr::Unary { .. });
        // The reference reads a list as one that a file embeds, which is a step on the way to its elements.
        let pos = if matches!(document, ast::Expr::List(_)) { document.pos() } else { Pos::NONE };
        let trail = engine.store.trails.push(Trail { parent: NONE, pos, passage: Passage::Reference });
        let data = Conjunct { term: Term::Expr(expr), env: NONE, info: Info { trail, ..Info::ROOT } };
        // The reference takes the document first, unless it has to be computed or the schema is the name of a value
        // without parts that begins with a type.
        let is_name = match self.conjunct.term {
            Term::Expr(expr) => engine.is_reference(expr),
            _ => true,
        };
        let base = &engine.v(engine.follow(self.value.vertex)).base;
        let begins_with_rule = || {
            let conjuncts = engine.v(engine.follow(self.value.vertex)).conjuncts.iter();
            let mut first = conjuncts.filter_map(|conjunct| match conjunct.term {
                Term::Expr(expr) => first_value(&engine, expr),
                _ => None,
            });
            first.next().is_some_and(|first| matches!(engine.expr(first), Expr::Bound { .. } | Expr::Call { .. }))
        };
        let is_plain = is_name && matches!(base, Base::Atom(_) | Base::Partial) && !begins_with_rule();
        // The schema as a whole is as a literal that embeds: what is embedded anywhere in it closes with all of it.
        let scope = engine.new_scope(NONE, ScopeKind::Struct);
        let schema = Conjunct { info: Info { scope, ..self.conjunct.info }, ..self.conjunct };
        let inputs = if is_plain || is_computed { [schema, data] } else { [data, schema] };
        for input in inputs {
            engine.add_input(root, input);
            if is_plain {
                engine.process(root);
            }
        }
        Ok(Unified { engine, files, root, document: data })
    }
}

/// A document and the schema at once.
struct Unified {
    engine: Engine,
    files: Vec<Arc<SourceFile>>,
    root: VertexId,
    /// The document alone.
    document: Conjunct,
}

/// The first operand of a conjunction that stands for itself.
fn first_value(engine: &Engine, conjunction: ExprId) -> Option<ExprId> {
    let mut pending = vec![conjunction];
    while let Some(expr) = pending.pop() {
        match *engine.expr(expr) {
            Expr::And { left, right } => pending.extend([right, left]),
            _ if engine.is_reference(expr) => {}
            _ => return Some(expr),
        }
    }
    None
}

/// Whether an object in a document has a member twice.
fn repeats_a_field(document: &ast::Expr) -> bool {
    stacker::maybe_grow(128 << 10, 2 << 20, || match document {
        ast::Expr::Struct(object) => {
            let fields = || {
                object.decls.iter().filter_map(|decl| match decl {
                    ast::Decl::Field(field) => Some(field),
                    _ => None,
                })
            };
            let mut names = rustc_hash::FxHashSet::default();
            let name = |label: &ast::Label| match label {
                ast::Label::String(lit) => crate::syntax::literal::decode_text(&lit.raw).ok(),
                _ => None,
            };
            fields().any(|field| name(&field.label).is_some_and(|name| !names.insert(format!("{name:?}"))))
                || fields().any(|field| repeats_a_field(&field.value))
        }
        ast::Expr::List(list) => list.elements.iter().any(repeats_a_field),
        _ => false,
    })
}

fn not_json(mut error: syntax::SyntaxError, name: &str) -> syntax::SyntaxError {
    error.message = format!("invalid JSON for file {}: {}", crate::syntax::literal::quoted(name), error.message);
    error
}

/// The reference reads the members of a document's object as those of a file: they begin with the first one.
fn stand_at_first_field(document: &mut ast::Expr) {
    if let ast::Expr::Struct(object) = document {
        object.pos = match object.decls.first() {
            Some(ast::Decl::Field(field)) => field.pos,
            _ => Pos::NONE,
        };
    }
}

/// Gives places in a document the lowest file id, since they are told before those in the schema.
fn document_first(mut error: Error, document: FileId) -> Error {
    for position in error.primary.iter_mut().chain(&mut error.positions) {
        let id = position.pos.file;
        position.pos.file = FileId(if id == document { 0 } else { id.0 + 1 });
    }
    error
}
