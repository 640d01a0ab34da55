//! Packages put together: from the trees of their files to what can be evaluated.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Frozen, Value, position, report};
use crate::{
    builtin,
    error::{Code, Error, Errors, Position, Rule},
    eval::{
        engine::Engine,
        pieces,
        vertex::{Conjunct, Info, NONE, Store, Term, VertexId},
    },
    ir::{
        ExprId,
        compile::{CompileError, Compiler, ImportedPackage, Trees},
        label::Label,
    },
    limits::Limits,
    syntax::{
        self, ParseLimits, ParseOptions, SyntaxError, ast,
        experiment::Version,
        pos::{FileId, SourceFile},
    },
};

/// A package as it is compiled: its files, and what their imports stand for.
pub(crate) struct Unit {
    /// To which hidden names belong.
    pub(crate) identity: Arc<str>,
    pub(crate) asts: Vec<Arc<ast::File>>,
    /// By import path; the indices are those of the units.
    pub(crate) imports: FxHashMap<String, ImportedPackage>,
}

/// Packages that refer to each other, compiled.
pub(crate) struct Linked {
    engine: Engine,
    files: Vec<Arc<SourceFile>>,
    packages: Vec<Arc<Package>>,
    /// What is wrong with each package alone.
    errors: Vec<Vec<Error>>,
}

/// A package as it is compiled, with the vertex of its value.
#[derive(Debug)]
pub(crate) struct Package {
    /// To which hidden names belong.
    pub(crate) identity: Arc<str>,
    pub(crate) asts: Vec<Arc<ast::File>>,
    imports: FxHashMap<String, ImportedPackage>,
    pub(crate) root: VertexId,
}

/// Compiles packages. File ids in their trees are indices into `files`.
pub(crate) fn link(mut units: Vec<Unit>, files: Vec<Arc<SourceFile>>, limits: &Limits, trees: Trees) -> Linked {
    let mut store = Store::default();
    let mut errors = Vec::with_capacity(units.len());
    let mut literals: Vec<Vec<ExprId>> = Vec::with_capacity(units.len());
    for unit in &mut units {
        let mut compiler = Compiler::new(
            &mut store.exprs,
            &mut store.labels,
            unit.identity.clone(),
            &unit.imports,
            builtin::package,
            limits.depth_max,
        );
        literals.push(compiler.files(&mut unit.asts, &files, trees));
        let found = std::mem::take(&mut compiler.errors);
        errors.push(compile_errors(&store, &files, found));
    }
    let mut engine = Engine::new(store, Arc::new(limits.clone()), Arc::default());
    let roots: Vec<VertexId> = units.iter().map(|_| engine.new_vertex(NONE, Label::NONE)).collect();
    for (root, literals) in roots.iter().zip(literals) {
        for literal in literals {
            engine.add_input(*root, Conjunct { term: Term::Expr(literal), env: NONE, info: Info::ROOT });
        }
    }
    engine.packages = Arc::new(roots.clone());
    engine.store.freeze();
    let package = |(unit, root): (Unit, VertexId)| {
        let Unit { identity, asts, imports } = unit;
        Arc::new(Package { identity, asts, imports, root })
    };
    let packages = units.into_iter().zip(roots).map(package).collect();
    Linked { engine, files, packages, errors }
}

impl Linked {
    /// One of the packages, unless it or what it imports is wrong.
    pub(crate) fn instance(&self, index: usize) -> Result<Instance, Errors> {
        let mut reached = vec![index];
        let mut next = 0;
        while let Some(package) = reached.get(next) {
            for imported in self.packages[*package].imports.values() {
                let imported = imported.index as usize;
                if !reached.contains(&imported) {
                    reached.push(imported);
                }
            }
            next += 1;
        }
        let errors: Vec<Error> = reached.iter().flat_map(|package| self.errors[*package].iter().cloned()).collect();
        if !errors.is_empty() {
            return Err(Errors::new(errors));
        }
        let (files, package) = (self.files.clone(), self.packages[index].clone());
        Ok(Instance { frozen: Arc::new(Frozen { engine: self.engine.fork(), files, package }) })
    }
}

/// The files of one package, compiled.
#[derive(Clone, Debug)]
pub struct Instance {
    pub(crate) frozen: Arc<Frozen>,
}

impl Instance {
    /// Compiles the files of one package; it may import builtin packages.
    ///
    /// # Errors
    /// Syntax errors, names that are not declared, what the engine does not know.
    pub fn compile(files: Vec<Arc<SourceFile>>, limits: &Limits) -> Result<Self, Errors> {
        let asts = parse_files(&files, limits)?;
        let name = asts.iter().find_map(|file| file.package.as_ref()).map_or("", |package| package.name.name.as_str());
        let unit = Unit { identity: name.into(), asts, imports: FxHashMap::default() };
        link(vec![unit], files, limits, Trees::Kept).instance(0)
    }

    /// The file id that positions in the next text must bear that is added.
    #[must_use]
    pub fn next_file(&self) -> FileId {
        FileId(self.frozen.files.len() as u32)
    }

    /// The instance with further declarations at its root, such as those of data files. `sources` are the texts that
    /// their positions point into; the first of them is [`Instance::next_file`].
    ///
    /// # Errors
    /// What can't be compiled.
    pub fn with_files(&self, sources: Vec<Arc<SourceFile>>, files: Vec<ast::File>) -> Result<Self, Errors> {
        let base = &self.frozen;
        let mut engine = base.fork();
        let sources: Vec<_> = base.files.iter().cloned().chain(sources).collect();
        let mut files: Vec<_> = files.into_iter().map(Arc::new).collect();
        let Package { identity, asts, imports, root: below } = &*base.package;
        let mut compiler = compiler(&mut engine, identity, imports);
        let literals = compiler.files(&mut files, &sources, Trees::Kept);
        let found = std::mem::take(&mut compiler.errors);
        if !found.is_empty() {
            return Err(Errors::new(compile_errors(&engine.store, &sources, found)));
        }
        let root = engine.new_vertex(NONE, Label::NONE);
        let mut terms: Vec<Term> = literals.into_iter().map(Term::Expr).collect();
        // What the files say comes first in errors.
        terms.push(Term::Vertex(*below));
        for term in terms {
            engine.add_input(root, Conjunct { term, env: NONE, info: Info::ROOT });
        }
        engine.store.freeze();
        let asts = files.into_iter().chain(asts.iter().cloned()).collect();
        let package = Package { identity: identity.clone(), asts, imports: imports.clone(), root };
        Ok(Self { frozen: Arc::new(Frozen { engine, files: sources, package: Arc::new(package) }) })
    }

    /// The files as they are written.
    pub(crate) fn asts(&self) -> &[Arc<ast::File>] {
        &self.frozen.package.asts
    }

    /// The name in the package clauses; empty if there is none.
    #[must_use]
    pub fn package_name(&self) -> &str {
        let clause = self.frozen.package.asts.iter().find_map(|file| file.package.as_ref());
        clause.map_or("", |package| package.name.name.as_str())
    }

    /// The value of the whole package.
    #[must_use]
    pub fn root(&self) -> Value {
        let mut engine = self.frozen.fork();
        engine.finalize(self.frozen.package.root);
        let frozen = self.frozen.freeze(engine, self.frozen.files.clone());
        Value { vertex: self.frozen.package.root, frozen }
    }

    /// The value of the whole package as JSON, as [`Value::to_json`] writes it. A big one is never held as a whole.
    ///
    /// # Errors
    /// As [`Value::to_json`].
    pub fn to_json(&self) -> Result<String, Errors> {
        self.to_json_by_parts(pieces::ROOM)
    }

    /// The same, where so many vertices of the value are held at once: fewer take less memory, but more time.
    ///
    /// # Errors
    /// As [`Value::to_json`].
    pub fn to_json_by_parts(&self, room: u32) -> Result<String, Errors> {
        let (base, root) = (&self.frozen, self.frozen.package.root);
        let mut engine = base.fork();
        engine.room = engine.store.vertices.len().saturating_add(room);
        engine.finalize(root);
        if engine.is_short_of_room {
            drop(engine);
            return pieces::json(base.fork(), root, room).map_or_else(|| self.root().to_json(), Ok);
        }
        Value { vertex: root, frozen: base.freeze(engine, base.files.clone()) }.to_json()
    }

    /// The comment of the first file that has one: that of the package clause, above or else behind it, or in files
    /// without such a clause one that stands alone at the top.
    #[must_use]
    pub fn doc(&self) -> Option<String> {
        let of_file = |file: &Arc<ast::File>| {
            let Some(package) = &file.package else {
                return file.comments.before.first().map(ast::CommentGroup::text);
            };
            let behind = || package.comments.line.iter().chain(&package.comments.after).next();
            package.comments.doc().or_else(|| behind().map(ast::CommentGroup::text))
        };
        self.frozen.package.asts.iter().find_map(of_file).map(|doc| doc.trim().to_owned())
    }

    /// The value at a path such as `#Order` or `events."x".schema`, or of any expression over the package's names.
    ///
    /// # Errors
    /// If the expression is malformed or its value an error.
    pub fn lookup(&self, expression: &str) -> Result<Value, Errors> {
        self.evaluate(SourceFile::new("--schema", expression))
    }

    /// The value of an expression over the package's names; errors in it are placed in the file that it is given as.
    ///
    /// # Errors
    /// If the expression is malformed or its value an error.
    pub fn evaluate(&self, expression: Arc<SourceFile>) -> Result<Value, Errors> {
        let mut engine = self.frozen.fork();
        let mut files = self.frozen.files.clone();
        let expr = self.compile_expression(&mut engine, &mut files, expression)?;
        let env = engine.new_env(NONE, self.frozen.package.root);
        engine.process(self.frozen.package.root);
        let vertex = match engine.resolve(env, expr, self.frozen.package.root) {
            Ok(vertex) => vertex,
            Err(error) => return Err(Errors::new(report(&engine, &files, &[error], &[]))),
        };
        engine.finalize(vertex);
        let frozen = self.frozen.freeze(engine, files);
        Ok(Value { frozen, vertex })
    }

    pub(crate) fn compile_expression(
        &self,
        engine: &mut Engine,
        files: &mut Vec<Arc<SourceFile>>,
        source: Arc<SourceFile>,
    ) -> Result<ExprId, Errors> {
        let file = FileId(files.len() as u32);
        files.push(source.clone());
        let options = parse_options(&engine.limits, Version::LATEST);
        let parsed = syntax::parse_expr(&source, file, &options).map_err(|errors| syntax_errors(&source, errors))?;
        let imports = FxHashMap::default();
        let mut compiler = compiler(engine, &self.frozen.package.identity, &imports);
        let expr = compiler.expression(&self.frozen.package.asts, &parsed);
        let found = std::mem::take(&mut compiler.errors);
        let errors = compile_errors(&engine.store, files, found);
        if errors.is_empty() { Ok(expr) } else { Err(Errors::new(errors)) }
    }
}

fn compiler<'a>(
    engine: &'a mut Engine,
    identity: &Arc<str>,
    imports: &'a FxHashMap<String, ImportedPackage>,
) -> Compiler<'a> {
    let (exprs, labels) = (&mut engine.store.exprs, &mut engine.store.labels);
    Compiler::new(exprs, labels, identity.clone(), imports, builtin::package, engine.limits.depth_max)
}

/// How a text of a language version is parsed within the limits.
pub(crate) fn parse_options(limits: &Limits, version: Version) -> ParseOptions {
    let limits = ParseLimits {
        source_bytes_max: limits.source_bytes_max,
        nesting_max: limits.depth_max as usize,
        ..ParseLimits::default()
    };
    ParseOptions { version, limits }
}

fn parse_files(files: &[Arc<SourceFile>], limits: &Limits) -> Result<Vec<Arc<ast::File>>, Errors> {
    let options = parse_options(limits, Version::LATEST);
    let mut asts = Vec::new();
    let mut errors = Vec::new();
    for (index, file) in files.iter().enumerate() {
        match syntax::parse_file(file, FileId(index as u32), &options) {
            Ok(ast) => asts.push(Arc::new(ast)),
            Err(found) => errors.extend(syntax_errors(file, found)),
        }
    }
    if errors.is_empty() { Ok(asts) } else { Err(Errors::new(errors)) }
}

/// The errors of parsing one text.
pub(crate) fn syntax_errors(file: &Arc<SourceFile>, errors: Vec<SyntaxError>) -> Errors {
    let place = |pos: crate::syntax::pos::Pos| pos.is_some().then(|| Position { file: file.clone(), pos });
    let convert =
        |error: SyntaxError| Error { primary: place(error.pos), ..Error::new(Code::Eval, Rule::Syntax, error.message) };
    Errors::new(errors.into_iter().map(convert).collect())
}

pub(crate) fn compile_errors(store: &Store, files: &[Arc<SourceFile>], errors: Vec<CompileError>) -> Vec<Error> {
    let convert = |error: CompileError| Error {
        path: error.path.iter().map(|label| store.labels.part(*label)).collect(),
        primary: position(files, error.pos),
        ..Error::new(error.code, error.rule, error.message)
    };
    errors.into_iter().map(convert).collect()
}

/// The error that a named bound was passed.
pub(crate) fn over_limit(message: String) -> Errors {
    Error::new(Code::Limit, Rule::Limit, message).into()
}
