//! The graph of an evaluation: vertices, the conjuncts they are made of, environments and scopes.
//!
//! A vertex is a function of its input conjuncts: whatever else it holds can be computed again from them. That is
//! what makes it possible to try an alternative of a disjunction by evaluating a fresh vertex over the same inputs.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use thin_vec::ThinVec;

use crate::{
    call::Datum,
    error::{Code, Rule},
    ir::{Atom, BoundOp, Comprehension, Disjunct, ExprId, Notes, arena::Arena, label::Label},
    kind::Kind,
    syntax::{ast::Constraint, pos::Pos},
};

/// Handle of a [`Vertex`].
pub(crate) type VertexId = u32;
/// Handle of an [`Env`].
pub(crate) type EnvId = u32;
/// Handle of a [`Scope`].
pub(crate) type ScopeId = u32;
/// Handle of a [`Trail`].
pub(crate) type TrailId = u32;
/// Handle of a [`Step`].
pub(crate) type StepId = u32;
/// Handle of a [`Bottom`].
pub(crate) type ErrorId = u32;

/// The handle of nothing.
pub(crate) const NONE: u32 = u32::MAX;

/// Where references of an expression lead: a struct and the environment around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Env {
    pub(crate) up: EnvId,
    pub(crate) vertex: VertexId,
    /// The label that a pattern or dynamic field matched.
    pub(crate) label: Label,
}

/// What is unified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Term {
    Expr(ExprId),
    /// The finished value of another vertex.
    Vertex(VertexId),
    /// The same as plain data: defaults taken, without validators, patterns and closedness.
    Plain(VertexId),
    /// Plain data, in the table of data.
    Datum(u32),
}

/// How a conjunct came to its vertex.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Info {
    /// The group for closedness.
    pub(crate) scope: ScopeId,
    /// The references that led here.
    pub(crate) trail: TrailId,
    /// The choice that brought it, an index into the choices of the vertex.
    pub(crate) choice: u32,
    /// The references that led here since the last one that was fed from outside.
    pub(crate) steps: StepId,
    pub(crate) cycle: Cycle,
}

/// How a conjunct stands to cycles of references. It only gets worse on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cycle {
    None,
    /// It came through an optional field, a pattern or a disjunction, which may end a cycle.
    Optional,
    /// The same, and the cycle was closed once.
    Maybe,
    Closed,
}

impl Info {
    /// Of a conjunct that stands in the text at its place.
    pub(crate) const ROOT: Self = Self { scope: NONE, trail: NONE, choice: NONE, steps: NONE, cycle: Cycle::None };

    /// The same for what may be absent.
    pub(crate) fn optional(self) -> Self {
        let cycle = if self.cycle == Cycle::None { Cycle::Optional } else { self.cycle };
        Self { cycle, ..self }
    }
}

/// An expression to be unified into a vertex.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conjunct {
    pub(crate) term: Term,
    pub(crate) env: EnvId,
    pub(crate) info: Info,
}

/// A group of conjuncts, for closedness.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    pub(crate) parent: ScopeId,
    pub(crate) kind: ScopeKind,
    /// The nearest embedding that it stands in.
    pub(crate) embedding: ScopeId,
    /// The outermost literal with embeddings that it stands in.
    pub(crate) outer: ScopeId,
    /// How many scopes are around it.
    pub(crate) depth: u32,
    /// A scope further out, so that any enclosing one is found in a logarithmic number of jumps.
    pub(crate) jump: ScopeId,
}

/// The kinds of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    /// A reference to a definition: all fields below need to be known to it.
    Definition(VertexId),
    /// `close()`: the same, for one level.
    Close,
    /// The argument of `close()` where that is a reference: it is taken as a value, so that being a definition closes
    /// nothing.
    Closed,
    /// The outermost struct literal that embeds others.
    Struct,
    /// Something embedded.
    Embedding,
    /// `x...`: what is referred to for this vertex does not restrict it.
    Opened(VertexId),
}

/// A place of a reference that was followed, for the positions of errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trail {
    pub(crate) parent: TrailId,
    pub(crate) pos: Pos,
    pub(crate) passage: Passage,
}

/// What a conjunct passed on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    Reference,
    /// What is embedded and is no reference.
    Embedding,
    /// The constraint on the rest of a list that is an alternative: the reference tells of the list what clashes at once.
    Rest(VertexId),
    /// What yields it, and whether that binds variables: then each run is one of its own.
    Comprehension {
        binds: bool,
    },
}

/// A reference that was followed, for finding cycles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) parent: StepId,
    /// How many references were followed before.
    pub(crate) len: u32,
    pub(crate) expr: ExprId,
    /// The vertex that the reference was followed for.
    pub(crate) vertex: VertexId,
    pub(crate) target: VertexId,
}

/// What an error shows of a conjunct, and where that stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) show: Show,
    pub(crate) pos: Pos,
    pub(crate) trail: TrailId,
}

/// What an error shows of a conjunct.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Show {
    /// As it is written; what is computed is an expression of its own.
    Expr(ExprId),
    Kind(Kind),
    Vertex(VertexId),
    /// Data that a function made, by its place in the store.
    Datum(u32),
}

/// A value that a vertex must satisfy.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) rule: CheckRule,
    pub(crate) origin: Origin,
}

/// What a [`Check`] demands.
#[derive(Clone, Debug)]
pub(crate) enum CheckRule {
    Bound(BoundOp, Atom),
    /// `==` or `!=` to a struct or list.
    Compare(BoundOp, VertexId),
    /// A function with its arguments but the first.
    Function(Arc<Validator>),
}

/// A function as a validator.
#[derive(Clone, Debug)]
pub(crate) struct Validator {
    pub(crate) function: crate::ir::Builtin,
    pub(crate) args: Vec<(EnvId, ExprId)>,
    pub(crate) expr: ExprId,
    pub(crate) env: EnvId,
    /// How it came to the vertex, for cycles.
    pub(crate) info: Info,
}

/// A field declaration or pattern that lets a field be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared {
    pub(crate) scope: ScopeId,
    pub(crate) pos: Pos,
    /// Whether a pattern or another rule did it, rather than a declaration in a text.
    pub(crate) derived: bool,
    /// Whether it is `f!`.
    pub(crate) required: bool,
}

/// `[pattern]: value`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pattern {
    /// A vertex whose value labels must satisfy.
    pub(crate) pattern: VertexId,
    pub(crate) pattern_expr: ExprId,
    pub(crate) value: ExprId,
    pub(crate) env: EnvId,
    pub(crate) info: Info,
}

/// A struct among the conjuncts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StructPart {
    pub(crate) source: StructSource,
    pub(crate) scope: ScopeId,
    pub(crate) trail: TrailId,
}

/// What a struct among the conjuncts is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StructSource {
    /// A struct literal.
    Literal(ExprId),
    /// Plain data, in the table of data.
    Datum(u32),
}

/// A list literal among the conjuncts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListPart {
    /// Fixed elements.
    pub(crate) len: usize,
    pub(crate) open: bool,
    /// The constraint on the rest.
    pub(crate) rest: Option<(ExprId, EnvId)>,
    pub(crate) info: Info,
    /// Elements to which the rest was applied, counted from the start.
    pub(crate) applied: usize,
    pub(crate) pos: Pos,
}

/// Work that may have to wait.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) work: Work,
    pub(crate) state: TaskState,
    /// Why it waits.
    pub(crate) error: ErrorId,
}

/// Whether a task has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskState {
    Pending,
    Running,
    Done,
}

/// What a task does.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// Follows a reference.
    Reference(Conjunct, ExprId),
    /// Evaluates what operators make out of literals.
    Constant(Conjunct, ExprId),
    /// Evaluates an expression.
    Evaluate(Conjunct, ExprId),
    /// Asks whether `close`, of which this is the call, can take its argument yet.
    Close(Conjunct, ExprId),
    /// Evaluates the elements of a list literal with comprehensions.
    List(Conjunct, ExprId),
    /// Prepares a pattern.
    Pattern { pattern: ExprId, value: ExprId, env: EnvId, info: Info },
    /// Finds the name of a field.
    Dynamic {
        name: ExprId,
        constraint: Constraint,
        value: ExprId,
        pos: Pos,
        notes: Option<Arc<Notes>>,
        env: EnvId,
        info: Info,
    },
    /// Yields structs.
    Comprehension(Arc<Comprehension>, EnvId, Info),
}

impl Work {
    /// How what it adds comes to the vertex.
    pub(crate) fn info(&self) -> Info {
        match self {
            Self::Reference(conjunct, _)
            | Self::Constant(conjunct, _)
            | Self::Evaluate(conjunct, _)
            | Self::Close(conjunct, _)
            | Self::List(conjunct, _) => conjunct.info,
            Self::Pattern { info, .. } | Self::Dynamic { info, .. } | Self::Comprehension(_, _, info) => *info,
        }
    }

    /// What runs first.
    pub(crate) fn class(&self) -> u8 {
        match self {
            Self::Reference(..) | Self::Constant(..) => 0,
            Self::Pattern { .. } => 1,
            Self::Evaluate(..) | Self::Close(..) | Self::List(..) | Self::Dynamic { .. } => 2,
            Self::Comprehension(..) => 3,
        }
    }
}

/// A disjunction none of whose alternatives is chosen yet.
#[derive(Clone, Debug)]
pub(crate) struct Undecided {
    pub(crate) key: ChoiceKey,
    pub(crate) alternatives: Alternatives,
    pub(crate) info: Info,
}

/// A disjunction that came to a vertex.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Met {
    pub(crate) expr: ExprId,
    pub(crate) env: EnvId,
    /// The choice that brought it.
    pub(crate) choice: u32,
}

/// A disjunction by its expression and how many others of that expression came to the vertex before.
pub(crate) type ChoiceKey = (ExprId, u32);

/// What can be chosen from.
#[derive(Clone, Debug)]
pub(crate) enum Alternatives {
    Exprs(Arc<[Disjunct]>),
    Vertices(Arc<[(VertexId, Mode)]>),
}

/// Whether an alternative is a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// No alternative of its disjunction is marked.
    Unmarked,
    /// It is marked.
    Default,
    /// Another one is marked.
    Other,
}

/// A choice from a disjunction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) key: ChoiceKey,
    pub(crate) alternative: u32,
    pub(crate) mode: Mode,
    /// The choice that brought the disjunction, if any.
    pub(crate) parent: u32,
}

/// How far a vertex is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum State {
    #[default]
    New,
    Active,
    Done,
}

/// What a vertex is.
#[derive(Clone, Debug, Default)]
pub(crate) enum Base {
    /// Not known yet.
    #[default]
    Unknown,
    Bottom(ErrorId),
    Atom(Atom),
    Struct,
    List,
    /// Anything of its kind that satisfies its checks.
    Partial,
    /// The alternatives that are left, with the default marks.
    Disjunction(Arc<[(VertexId, bool)]>),
}

/// A node of the result.
///
/// There are as many as a document has values, so that what few of them have lies apart: `work` most of all.
#[derive(Clone, Debug)]
pub(crate) struct Vertex {
    pub(crate) parent: VertexId,
    pub(crate) label: Label,
    pub(crate) constraint: Constraint,
    pub(crate) state: State,
    /// Whether a value was read from it while it was evaluated.
    pub(crate) read_early: bool,
    /// The epoch of the last evaluation.
    pub(crate) epoch: u32,
    /// The epoch of the last evaluation with all that is below; 0 for never.
    pub(crate) finalized: u32,
    /// The alternative that stands for it.
    pub(crate) redirect: VertexId,
    /// The vertex that it is an alternative of.
    pub(crate) alternative_of: VertexId,
    /// The vertex that it is nothing but a reference to.
    pub(crate) shares: VertexId,
    /// The worst definite error below.
    pub(crate) child_error: ErrorId,
    /// How many of the inputs are expanded.
    pub(crate) cursor: u32,
    /// Inputs.
    pub(crate) conjuncts: SmallVec<[Conjunct; 1]>,
    /// Where the field is declared, and what allows it.
    pub(crate) declared: SmallVec<[Declared; 1]>,
    pub(crate) choices: ThinVec<Choice>,
    pub(crate) notes: ThinVec<Arc<Notes>>,
    pub(crate) arcs: Arcs,
    /// Vertices that copied the inputs and must see later ones.
    pub(crate) followers: ThinVec<(VertexId, Info)>,
    pub(crate) base: Base,
    pub(crate) work: Workspace,
    /// How the value came that is left of a workspace that was given up.
    pub(crate) literal: Literal,
}

/// The expression of a value without parts, and the references that led to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Literal {
    pub(crate) expr: ExprId,
    pub(crate) trail: TrailId,
}

/// What is known about cycles at a vertex.
#[derive(Clone, Debug)]
pub(crate) struct Cycles {
    /// Whether a conjunct without a cycle on its way came, and whether it brought a value or was looked into.
    pub(crate) open_conjunct: bool,
    pub(crate) open_value: bool,
    /// Whether a conjunct closes a cycle, and whether one leads to a vertex around this one.
    pub(crate) closed: bool,
    pub(crate) leads_up: bool,
    /// Conjuncts that close a cycle, until something else is said about the vertex.
    pub(crate) postponed: ThinVec<Postponed>,
    /// The error that there is nothing but cycles.
    pub(crate) error: Option<ErrorId>,
}

impl Cycles {
    const EMPTY: Self = Self {
        open_conjunct: false,
        open_value: false,
        closed: false,
        leads_up: false,
        postponed: ThinVec::new(),
        error: None,
    };
}

/// A conjunct that closes a cycle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Postponed {
    pub(crate) conjunct: Conjunct,
    pub(crate) expr: ExprId,
    /// Where the reference leads; absent for a call.
    pub(crate) target: Option<VertexId>,
}

/// What expansion gathers in a vertex, from the first conjunct on until it is given up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace(Option<Box<Working>>);

/// Vectors that most often hold one element, and take room for no more.
pub(crate) trait PushTight<T> {
    /// Adds an element.
    fn push_tight(&mut self, item: T);
}

impl<T> PushTight<T> for ThinVec<T> {
    fn push_tight(&mut self, item: T) {
        if self.is_empty() {
            self.reserve_exact(1);
        }
        self.push(item);
    }
}

impl Workspace {
    /// Whether there is nothing, or nothing any longer.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Forgets all that was gathered.
    pub(crate) fn give_up(&mut self) {
        self.0 = None;
    }
}

impl Deref for Workspace {
    type Target = Working;

    fn deref(&self) -> &Working {
        static EMPTY: Working = Working::EMPTY;
        self.0.as_deref().unwrap_or(&EMPTY)
    }
}

impl DerefMut for Workspace {
    fn deref_mut(&mut self) -> &mut Working {
        self.0.get_or_insert_with(|| Box::new(Working::EMPTY))
    }
}

/// What expansion gathers in a vertex.
#[derive(Clone, Debug)]
pub(crate) struct Working {
    pub(crate) kind: Kind,
    /// What narrowed the kind last.
    pub(crate) kind_origin: Option<Origin>,
    pub(crate) atom: Option<(Atom, Origin)>,
    pub(crate) struct_seen: Option<Origin>,
    pub(crate) checks: ThinVec<Check>,
    pub(crate) patterns: ThinVec<Pattern>,
    /// Scopes that allow any field.
    pub(crate) open_scopes: ThinVec<ScopeId>,
    /// Scopes with validators that make closedness stop here.
    pub(crate) unchecked_scopes: ThinVec<ScopeId>,
    /// Where validators of the elements of a list stand.
    pub(crate) element_scopes: ThinVec<ScopeId>,
    /// Scopes in which `_` stands, or a function that judges a struct or list.
    pub(crate) top_scopes: ThinVec<ScopeId>,
    pub(crate) structs: ThinVec<StructPart>,
    /// Whether `_` is among the conjuncts.
    pub(crate) top_seen: bool,
    pub(crate) lists: ThinVec<ListPart>,
    /// Groups opened here that restrict the fields.
    pub(crate) required: ThinVec<ScopeId>,
    /// All scopes that conjuncts came from.
    pub(crate) scopes: SmallVec<[ScopeId; 4]>,
    pub(crate) tasks: ThinVec<Task>,
    pub(crate) undecided: ThinVec<Undecided>,
    pub(crate) disjunctions_met: ThinVec<Met>,
    pub(crate) errors: ThinVec<ErrorId>,
    /// Checks of a struct or list that fail now but may be met with more information.
    pub(crate) unmet: ThinVec<ErrorId>,
    pub(crate) seen: Seen,
    pub(crate) seen_references: ThinVec<(VertexId, ScopeId)>,
    pub(crate) cycles: Cycles,
    /// Whether alternatives were left out that may come back when more is known.
    pub(crate) lost_alternatives: bool,
    pub(crate) attributes: ThinVec<Arc<str>>,
}

impl Working {
    const EMPTY: Self = Self {
        kind: Kind::TOP,
        kind_origin: None,
        atom: None,
        struct_seen: None,
        checks: ThinVec::new(),
        patterns: ThinVec::new(),
        open_scopes: ThinVec::new(),
        unchecked_scopes: ThinVec::new(),
        element_scopes: ThinVec::new(),
        top_scopes: ThinVec::new(),
        structs: ThinVec::new(),
        top_seen: false,
        lists: ThinVec::new(),
        required: ThinVec::new(),
        scopes: SmallVec::new_const(),
        tasks: ThinVec::new(),
        undecided: ThinVec::new(),
        disjunctions_met: ThinVec::new(),
        errors: ThinVec::new(),
        unmet: ThinVec::new(),
        seen: Seen::EMPTY,
        seen_references: ThinVec::new(),
        cycles: Cycles::EMPTY,
        lost_alternatives: false,
        attributes: ThinVec::new(),
    };
}

impl Working {
    /// Whether it holds nothing that anybody would ask of a vertex whose value is known and has no parts.
    pub(crate) fn is_mere_value(&self) -> bool {
        let nothing_inside = self.struct_seen.is_none() && self.lists.is_empty() && self.patterns.is_empty();
        let nothing_wrong = self.errors.is_empty() && self.unmet.is_empty() && !self.lost_alternatives;
        nothing_inside && nothing_wrong && self.attributes.is_empty()
    }
}

/// The conjuncts that were expanded in a vertex.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    few: SmallVec<[Expanded; 1]>,
    /// All, once there are many.
    many: Option<Box<FxHashSet<Expanded>>>,
}

/// A conjunct as far as it tells it from others in one vertex.
pub(crate) type Expanded = (Term, EnvId, ScopeId);

impl Seen {
    const EMPTY: Self = Self { few: SmallVec::new_const(), many: None };

    /// Up to this many are searched one by one.
    const FEW: usize = 16;

    /// Notes a conjunct; gives whether it is new.
    pub(crate) fn insert(&mut self, conjunct: Expanded) -> bool {
        if let Some(many) = &mut self.many {
            return many.insert(conjunct);
        }
        if self.few.contains(&conjunct) {
            return false;
        }
        self.few.push(conjunct);
        if self.few.len() > Self::FEW {
            self.many = Some(Box::new(std::mem::take(&mut self.few).into_iter().collect()));
        }
        true
    }
}

impl Vertex {
    /// A vertex without conjuncts.
    pub(crate) fn new(parent: VertexId, label: Label) -> Self {
        Self {
            parent,
            label,
            constraint: Constraint::None,
            state: State::New,
            read_early: false,
            epoch: 0,
            finalized: 0,
            redirect: NONE,
            alternative_of: NONE,
            shares: NONE,
            child_error: NONE,
            cursor: 0,
            conjuncts: SmallVec::new(),
            declared: SmallVec::new(),
            choices: ThinVec::new(),
            notes: ThinVec::new(),
            arcs: Arcs::default(),
            followers: ThinVec::new(),
            base: Base::Unknown,
            work: Workspace::default(),
            literal: Literal { expr: NONE, trail: NONE },
        }
    }

    /// The child of a label.
    pub(crate) fn arc(&self, label: Label) -> Option<VertexId> {
        self.arcs.get(label)
    }
}

/// The children of a vertex in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arcs {
    all: ThinVec<(Label, VertexId)>,
    /// By label, once there are many.
    by_label: Option<Box<FxHashMap<Label, VertexId>>>,
}

impl Arcs {
    /// Up to this many are searched one by one.
    const FEW: usize = 16;

    /// Adds the child of a label that has none.
    pub(crate) fn push(&mut self, label: Label, child: VertexId) {
        self.all.push((label, child));
        if let Some(by_label) = &mut self.by_label {
            by_label.insert(label, child);
        } else if self.all.len() > Self::FEW {
            self.by_label = Some(Box::new(self.all.iter().copied().collect()));
        }
    }

    /// The children there are now, to go through while more may come.
    pub(crate) fn snapshot(&self) -> Vec<(Label, VertexId)> {
        self.all.to_vec()
    }

    fn get(&self, label: Label) -> Option<VertexId> {
        if let Some(by_label) = &self.by_label {
            return by_label.get(&label).copied();
        }
        self.all.iter().find(|(found, _)| *found == label).map(|(_, id)| *id)
    }
}

impl std::ops::Deref for Arcs {
    type Target = [(Label, VertexId)];

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

/// An error inside the evaluator.
#[derive(Clone, Debug)]
pub(crate) struct Bottom {
    pub(crate) code: Code,
    pub(crate) rule: Rule,
    pub(crate) message: String,
    /// The vertex whose path is reported.
    pub(crate) vertex: VertexId,
    pub(crate) primary: Pos,
    pub(crate) positions: Vec<Pos>,
    /// The errors of the alternatives of an empty disjunction, or what else a function found.
    pub(crate) parts: Vec<ErrorId>,
}

/// All storage of an evaluation.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) exprs: Arena<crate::ir::Node>,
    pub(crate) vertices: Arena<Vertex>,
    pub(crate) envs: Arena<Env>,
    pub(crate) scopes: Arena<Scope>,
    pub(crate) trails: Arena<Trail>,
    pub(crate) steps: Arena<Step>,
    pub(crate) errors: Arena<Bottom>,
    pub(crate) data: Arena<Arc<Datum>>,
    pub(crate) labels: crate::ir::label::Labels,
}

impl Store {
    /// Shares all that is stored.
    pub(crate) fn freeze(&mut self) {
        self.exprs.freeze();
        self.vertices.freeze();
        self.envs.freeze();
        self.scopes.freeze();
        self.trails.freeze();
        self.steps.freeze();
        self.errors.freeze();
        self.data.freeze();
        self.labels.freeze();
    }

    /// Begins a layer that [`Store::drop_layer`] drops again.
    pub(crate) fn push_layer(&mut self) {
        self.exprs.push_layer();
        self.vertices.push_layer();
        self.envs.push_layer();
        self.scopes.push_layer();
        self.trails.push_layer();
        self.steps.push_layer();
        self.errors.push_layer();
        self.data.push_layer();
        self.labels.push_layer();
    }

    /// Forgets what was added and changed since [`Store::push_layer`].
    pub(crate) fn drop_layer(&mut self) {
        self.exprs.drop_layer();
        self.vertices.drop_layer();
        self.envs.drop_layer();
        self.scopes.drop_layer();
        self.trails.drop_layer();
        self.steps.drop_layer();
        self.errors.drop_layer();
        self.data.drop_layer();
        self.labels.drop_layer();
    }

    /// A store on top of what is shared.
    pub(crate) fn fork(&self) -> Self {
        Self {
            exprs: self.exprs.fork(),
            vertices: self.vertices.fork(),
            envs: self.envs.fork(),
            scopes: self.scopes.fork(),
            trails: self.trails.fork(),
            steps: self.steps.fork(),
            errors: self.errors.fork(),
            data: self.data.fork(),
            labels: self.labels.fork(),
        }
    }
}
