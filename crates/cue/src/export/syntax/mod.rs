//! Values as syntax trees, as `cue eval`, `cue export --out cue` and `cue def` print them.
//!
//! `value` shows what evaluation gave and falls back to the expressions of what is incomplete; `definition` merges
//! the declarations of a value without evaluating them; `expression` turns compiled expressions back into syntax.
//! What refers to something outside of the value that is shown takes it along: `pivot`. `names` keeps aliases apart.

mod definition;
mod expression;
mod names;
mod pivot;
mod random;
mod shadow;
mod value;

use std::{collections::HashMap, sync::Arc};

use crate::{
    eval::{
        engine::Engine,
        vertex::{Base, Conjunct, EnvId, NONE, Term, VertexId},
    },
    ir::{
        Expr as Ir, ExprId, Notes,
        label::{Label, LabelKind},
    },
    syntax::{
        ast::{self, CommentGroups, Comments, Constraint, Decl, Expr},
        literal::{self, Lines},
        made::{embed, field, list, structure},
        pos::{Pos, SourceFile},
    },
    value::{Frozen, Value},
};

/// What of a value is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Defaults in place of the disjunctions that have them; lists without what may follow.
    pub defaults: bool,
    /// `f?`.
    pub optional: bool,
    /// `#D`.
    pub definitions: bool,
    /// `_h` of the package.
    pub hidden: bool,
    /// Doc comments.
    pub docs: bool,
    /// `@name(...)`.
    pub attributes: bool,
    /// Errors as values in their place.
    pub errors: bool,
}

impl Value {
    /// As a file of CUE: evaluated, what is incomplete as the expressions it is made of.
    #[must_use]
    pub fn to_syntax(&self, profile: Profile) -> ast::File {
        let mut exporter = Exporter::new(self.origin(), profile);
        exporter.note_names(self.vertex);
        exporter.pivot_around(self.vertex);
        let expr = exporter.vertex(self.vertex);
        exporter.finish(expr)
    }

    /// As a file of CUE: its declarations, those at one place merged, but not evaluated.
    #[must_use]
    pub fn to_definition(&self, profile: Profile) -> ast::File {
        let (origin, vertex) = (self.origin(), self.vertex);
        let asts = origin.asts;
        let mut exporter = Exporter::new(origin, profile);
        exporter.note_names(vertex);
        exporter.pivot_around(vertex);
        let followed = exporter.engine.follow(vertex);
        let is_struct = matches!(exporter.engine.v(followed).base, Base::Struct);
        let is_closed = exporter.is_restricted(vertex);
        exporter.definitions += usize::from(is_closed);
        let mut expr = if exporter.is_computed(vertex) { exporter.vertex(vertex) } else { exporter.definition(vertex) };
        exporter.definitions -= usize::from(is_closed);
        let embeds_one = matches!(&expr, Expr::Struct(lit) if lit.decls.iter().any(embeds_definition));
        if is_closed && is_struct && !embeds_one {
            expr = closed(expr);
        }
        let is_package = vertex == self.frozen.package.root && exporter.is_all_written(vertex);
        let mut file = exporter.finish(expr);
        if is_package {
            head(&mut file, asts, profile.docs);
        }
        file
    }

    fn origin(&self) -> Origin<'_> {
        let Frozen { files, package, .. } = &*self.frozen;
        Origin { engine: self.frozen.fork(), files, asts: &package.asts, package: &package.identity }
    }
}

/// What an export reads: an evaluation and the files that it is of.
struct Origin<'a> {
    engine: Engine,
    files: &'a [Arc<SourceFile>],
    asts: &'a [Arc<ast::File>],
    package: &'a str,
}

/// A closed struct as a definition that is embedded.
fn closed(value: Expr) -> Expr {
    let label = || ident("_#def");
    structure(vec![
        embed(Expr::Ident(label())),
        Decl::Field(field(ast::Label::Ident(label()), Constraint::None, value)),
    ])
}

/// Whether a definition is embedded that closes the struct already.
fn embeds_definition(decl: &Decl) -> bool {
    let Decl::Embed(embed) = decl else { return false };
    let mut expr = &embed.expr;
    loop {
        expr = match expr {
            Expr::Ident(ident) => return ident.name.starts_with('#') || ident.name.starts_with("_#"),
            Expr::Selector { base, selector } => match &**selector {
                ast::Selector::Ident(ident) if ident.name.starts_with('#') => return true,
                _ => base,
            },
            Expr::Index { base, .. } => base,
            _ => return false,
        }
    }
}

/// Gives a file the package clause of others, and the comments above their clauses.
fn head(file: &mut ast::File, asts: &[Arc<ast::File>], docs: bool) {
    let mut package_docs: Vec<ast::CommentGroup> = Vec::new();
    let mut others: Vec<ast::CommentGroup> = Vec::new();
    let mut name = None;
    for ast in asts {
        others.extend(ast.comments.before.iter().cloned());
        if let Some(package) = &ast.package {
            name = Some(package.name.name.clone());
            let (doc, rest): (Vec<_>, Vec<_>) = package.comments.before.iter().cloned().partition(|group| group.doc);
            package_docs.extend(doc);
            others.extend(rest);
        }
    }
    if let Some(name) = name {
        let mut comments = Comments::from(CommentGroups { before: package_docs, ..CommentGroups::default() });
        merge_docs(&mut comments.before);
        file.package = Some(ast::Package { pos: Pos::NONE, name: ident(&name), comments });
    }
    if docs {
        file.comments.before = others;
    }
}

/// Several doc comments as one, with an empty line between them.
fn merge_docs(groups: &mut Vec<ast::CommentGroup>) {
    let Some(mut first) = groups.first().cloned() else { return };
    for group in &groups[1..] {
        first.lines.push("//".to_owned());
        first.lines.extend(group.lines.iter().cloned());
    }
    *groups = vec![first];
}

/// A struct that is being written.
#[derive(Default)]
struct Frame {
    /// The `let` clauses that must stand in it.
    lets: Vec<LetClause>,
    /// Names for fields that can't be named by their labels.
    aliases: HashMap<Label, String>,
}

struct LetClause {
    pos: Pos,
    name: String,
    /// The expression that the references to it have.
    source: ExprId,
    value: Option<Expr>,
}

/// Where an expression stands.
#[derive(Clone, Debug)]
struct Scopes {
    /// The frames that its environments stand for, outermost first.
    frames: Vec<usize>,
    env: EnvId,
}

/// A frame that is not among those that are written.
const OUTSIDE: usize = usize::MAX;

struct Exporter<'a> {
    engine: Engine,
    files: &'a [Arc<SourceFile>],
    asts: &'a [Arc<ast::File>],
    package: &'a str,
    profile: Profile,
    frames: Vec<Frame>,
    /// The frames of vertices that are being written.
    frame_of: HashMap<VertexId, usize>,
    /// Vertices that are being written.
    stack: Vec<VertexId>,
    /// For each pattern that is being written, the name of the label that matches, once it is used.
    matched: Vec<Option<String>>,
    /// The names and paths of packages, in the order in which they are used.
    imports: Vec<(String, String)>,
    names: names::Names,
    links: shadow::Links,
    /// What is written of outside of the value.
    pivot: Option<pivot::Pivot>,
    /// The vertex of structs that are not evaluated: nothing is known about it.
    nothing: VertexId,
    /// How many definitions, and how many operators and calls, are around what is being written.
    definitions: usize,
    operators: usize,
}

impl<'a> Exporter<'a> {
    fn new(origin: Origin<'a>, profile: Profile) -> Self {
        let mut engine = origin.engine;
        let nothing = engine.new_vertex(NONE, Label::NONE);
        engine.process(nothing);
        Self {
            engine,
            files: origin.files,
            asts: origin.asts,
            package: origin.package,
            profile,
            frames: vec![Frame::default()],
            frame_of: HashMap::new(),
            stack: Vec::new(),
            matched: Vec::new(),
            imports: Vec::new(),
            names: names::Names::default(),
            links: shadow::Links::default(),
            pivot: None,
            nothing,
            definitions: 0,
            operators: 0,
        }
    }

    fn finish(mut self, expr: Expr) -> ast::File {
        let mut decls = self.let_decls(0);
        match expr {
            Expr::Struct(ref lit) => decls.extend(lit.decls.iter().cloned()),
            other => decls.push(embed(other)),
        }
        decls.extend(self.taken_along());
        let mut file = ast::File { imports: self.import_decls(), decls: decls.into(), ..ast::File::default() };
        self.settle(&mut file);
        file
    }

    /// The imports of all packages that were named, in one declaration.
    fn import_decls(&self) -> Vec<ast::ImportDecl> {
        let spec = |(name, path): &(String, String)| {
            let implied = path.rsplit(['/', ':']).next().is_some_and(|last| last == name);
            let name = (!implied).then(|| ident(name));
            let (pos, comments) = (Pos::NONE, Comments::default());
            ast::ImportSpec { pos, name, path: path.clone(), path_pos: Pos::NONE, comments }
        };
        let specs: Vec<_> = self.imports.iter().map(spec).collect();
        if specs.is_empty() {
            return Vec::new();
        }
        let grouped = specs.len() > 1;
        vec![ast::ImportDecl { pos: Pos::NONE, grouped, end: Pos::NONE, specs, comments: Comments::default() }]
    }

    /// Takes the `let` clauses of a frame.
    fn let_decls(&mut self, frame: usize) -> Vec<Decl> {
        let mut lets = std::mem::take(&mut self.frames[frame].lets);
        lets.sort_by_key(|clause| clause.pos);
        let decl = |clause: LetClause| {
            let value = Box::new(clause.value.unwrap_or_else(|| name("_")));
            let comments = Comments::default();
            Decl::Let(ast::LetClause { pos: Pos::NONE, ident: ident(&clause.name), value, comments })
        };
        lets.into_iter().map(decl).collect()
    }

    fn import(&mut self, name: &str, path: &str) {
        if self.imports.iter().all(|(known, _)| known != name) {
            self.imports.push((name.to_owned(), path.to_owned()));
        }
    }

    fn push_frame(&mut self) -> usize {
        self.frames.push(Frame::default());
        self.frames.len() - 1
    }

    /// The frames of an environment.
    fn scopes(&self, env: EnvId) -> Scopes {
        let mut frames = Vec::new();
        let mut next = env;
        while next != NONE {
            let found = self.engine.store.envs[next];
            frames.push(self.frame_of.get(&found.vertex).copied().unwrap_or(OUTSIDE));
            next = found.up;
        }
        frames.reverse();
        Scopes { frames, env }
    }

    /// The environment some levels up; `NONE` if there are not as many.
    fn env_up(&self, mut env: EnvId, up: u32) -> EnvId {
        for _ in 0..up {
            if env != NONE {
                env = self.engine.store.envs[env].up;
            }
        }
        env
    }

    /// The scopes within a struct or clause.
    fn within(&mut self, scopes: &Scopes, frame: usize, vertex: Option<VertexId>) -> Scopes {
        let frames = scopes.frames.iter().copied().chain([frame]).collect();
        Scopes { frames, env: self.engine.new_env(scopes.env, vertex.unwrap_or(self.nothing)) }
    }

    /// Whether a definition restricts a value, or would if it were a struct.
    fn is_restricted(&mut self, vertex: VertexId) -> bool {
        let conjuncts = self.engine.v(vertex).conjuncts.clone();
        conjuncts.iter().any(|conjunct| match conjunct.term {
            Term::Expr(expr) => self.refers_to_definition(conjunct.env, expr, vertex),
            _ => false,
        }) || self.engine.is_recursively_closed(vertex)
    }

    /// Whether an expression is a reference to what a definition restricts, or unifies with one.
    fn refers_to_definition(&mut self, env: EnvId, expr: ExprId, at: VertexId) -> bool {
        if let Ir::And { left, right } = *self.engine.expr(expr) {
            return self.refers_to_definition(env, left, at) || self.refers_to_definition(env, right, at);
        }
        let target = if self.engine.is_reference(expr) { self.engine.resolve(env, expr, at).ok() } else { None };
        target.is_some_and(|target| self.engine.is_recursively_closed(target))
    }

    /// Whether a vertex stands for an expression of which nothing is left but its value.
    fn is_computed(&self, vertex: VertexId) -> bool {
        let [Conjunct { term: Term::Expr(expr), .. }] = self.engine.v(vertex).conjuncts[..] else { return false };
        let computes = matches!(
            self.engine.expr(expr),
            Ir::Binary { .. }
                | Ir::ShortCircuit { .. }
                | Ir::Unary { .. }
                | Ir::Bound { .. }
                | Ir::Interpolation { .. }
                | Ir::Slice { .. }
                | Ir::Call { .. }
        );
        computes && self.engine.is_inline(vertex)
    }

    /// Whether all that a vertex is made of stands in the text, rather than in data besides.
    fn is_all_written(&self, vertex: VertexId) -> bool {
        self.engine.v(vertex).conjuncts.iter().all(|conjunct| match conjunct.term {
            Term::Vertex(other) => self.engine.v(other).conjuncts.is_empty(),
            _ => true,
        })
    }

    fn label(&self, label: Label) -> ast::Label {
        let text = &self.engine.store.labels.name(label).text;
        match self.engine.store.labels.kind(label) {
            LabelKind::Regular if text.starts_with(['#', '_']) || !literal::is_identifier(text) => {
                ast::Label::String(string(text, Lines::One))
            }
            _ => ast::Label::Ident(ident(text)),
        }
    }

    /// Whether a field is of a kind that is wanted.
    fn shows(&self, label: Label) -> bool {
        let name = self.engine.store.labels.name(label);
        let own = name.package.is_empty() || *name.package == *self.package;
        match name.kind {
            LabelKind::Regular => true,
            LabelKind::Definition => self.profile.definitions,
            LabelKind::Hidden | LabelKind::HiddenDefinition => self.profile.hidden && own,
        }
    }

    /// A field with what its declarations say about it.
    fn field(&self, label: Label, constraint: Constraint, value: Expr, notes: &[Arc<Notes>]) -> Decl {
        let mut field = field(self.label(label), constraint, value);
        self.annotate(&mut field, notes, false);
        Decl::Field(field)
    }

    /// Gives a field its comments and attributes. As the reference does it, a field that stands as it is written keeps
    /// those that belong to no field alone: what is before `a: b: 1`, and what follows a last field.
    fn annotate(&self, field: &mut ast::Field, notes: &[Arc<Notes>], with_shorthands: bool) {
        let documenting: Vec<_> =
            notes.iter().filter(|notes| with_shorthands || notes.shorthands == 0).cloned().collect();
        field.comments.before = self.docs(&documenting);
        if with_shorthands && self.profile.docs {
            let trailing = notes.iter().filter_map(|notes| notes.trailing.clone());
            field.comments.after.extend(trailing.map(|group| ast::CommentGroup { slot: u8::MAX, ..group }));
        }
        for notes in notes {
            for text in notes.attributes.iter().filter(|_| self.profile.attributes) {
                if field.attributes.iter().all(|known| *known.text != **text) {
                    let (pos, comments) = (Pos::NONE, Comments::default());
                    field.attributes.push(ast::Attribute { pos, text: text.to_string(), comments });
                }
            }
        }
    }

    /// Doc comments, each once.
    fn docs(&self, notes: &[Arc<Notes>]) -> Vec<ast::CommentGroup> {
        let mut docs: Vec<(&str, Pos)> = Vec::new();
        for notes in notes.iter().filter(|_| self.profile.docs) {
            match notes.doc.as_deref() {
                Some(doc) if docs.iter().all(|(known, _)| *known != doc) => docs.push((doc, notes.doc_pos)),
                _ => {}
            }
        }
        docs.into_iter().map(|(doc, pos)| doc_comment(doc, pos)).collect()
    }
}

/// A doc comment; with its position, an empty line before it stays.
fn doc_comment(text: &str, pos: Pos) -> ast::CommentGroup {
    let line = |line: &str| if line.is_empty() { "//".to_owned() } else { format!("// {line}") };
    ast::CommentGroup { pos, doc: true, slot: 0, lines: text.lines().map(line).collect() }
}

fn ident(name: &str) -> ast::Ident {
    ast::Ident { pos: Pos::NONE, name: name.to_owned() }
}

fn name(text: &str) -> Expr {
    Expr::Ident(ident(text))
}

fn string(text: &str, lines: Lines) -> ast::BasicLit {
    let raw = literal::quote_string(text, lines);
    ast::BasicLit { pos: Pos::NONE, kind: ast::LitKind::String, raw }
}

fn ellipsis(value: Option<Expr>) -> ast::Ellipsis {
    ast::Ellipsis { pos: Pos::NONE, value: value.map(Box::new), comments: Comments::default() }
}

fn unary(op: ast::UnaryOp, operand: Expr) -> Expr {
    Expr::Unary { pos: Pos::NONE, op, operand: Box::new(operand) }
}

fn binary(op: ast::BinaryOp, left: Expr, right: Expr) -> Expr {
    Expr::Binary { pos: Pos::NONE, op, left: Box::new(left), right: Box::new(right) }
}

/// Operands joined by an operator; `_` if there is none.
fn joined(op: ast::BinaryOp, operands: impl IntoIterator<Item = Expr>) -> Expr {
    operands.into_iter().reduce(|left, right| binary(op, left, right)).unwrap_or_else(|| name("_"))
}

fn call(function: Expr, args: Vec<Expr>) -> Expr {
    Expr::Call { function: Box::new(function), pos: Pos::NONE, end: Pos::NONE, args: args.into() }
}
