//! From the syntax tree to expressions: finds what every name stands for.
//!
//! Names are looked up from the inside out: fields, aliases and `let` clauses of the enclosing literals, the fields of
//! all files of the package, imports, predeclared names. What the evaluator does not know is an error here.

pub(crate) mod names;

use std::{borrow::Cow, sync::Arc};

use rustc_hash::FxHashMap;

use super::{
    Atom, BoundOp, Builtin, Clause, Comprehension, Decl, Disjunct, Element, Expr, ExprId, FieldDecl, ListLit, Node,
    Notes, Part, StructLit,
    arena::Arena,
    label::{Label, LabelKind, Labels},
};
use crate::{
    builtin,
    call::Package,
    error::{Code, Rule},
    number::Number,
    syntax::{
        ast,
        experiment::Experiments,
        literal::{self, Text},
        pos::{Pos, SourceFile},
    },
};

/// What an instance keeps of the trees of its files once they are compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trees {
    /// All: they can be lowered.
    #[default]
    Kept,
    /// The names at the top, for whoever only evaluates: trees take more room than what they are compiled to.
    Outlined,
}

/// An error of compilation at a place.
#[derive(Clone, Debug)]
pub(crate) struct CompileError {
    pub(crate) code: Code,
    pub(crate) rule: Rule,
    pub(crate) message: String,
    pub(crate) pos: Pos,
    /// Labels from the root to where it was found.
    pub(crate) path: Vec<Label>,
}

/// A package of the module, as imports see it.
#[derive(Clone, Debug)]
pub(crate) struct ImportedPackage {
    pub(crate) index: u32,
    pub(crate) name: String,
}

/// What the compiler needs to know and where it writes.
pub(crate) struct Compiler<'a> {
    pub(crate) exprs: &'a mut Arena<Node>,
    pub(crate) labels: &'a mut Labels,
    /// To which hidden names belong.
    pub(crate) package: Arc<str>,
    /// Packages of the module by import path.
    pub(crate) imports: &'a FxHashMap<String, ImportedPackage>,
    /// Builtin packages.
    pub(crate) builtin: fn(&str) -> Option<&'static Package>,
    pub(crate) errors: Vec<CompileError>,
    scopes: Vec<Scope>,
    path: Vec<Label>,
    depth: u32,
    depth_max: u32,
    /// Those of the file at hand.
    experiments: Experiments,
    /// The `try` clauses around what is compiled.
    tries: Vec<TryScope>,
    /// The list literals around what is compiled: how many scopes were open before, and the field that each is of.
    lists: Vec<(usize, Option<Label>)>,
}

/// A `try` clause while its body is compiled.
struct TryScope {
    /// How many scopes were open before it.
    scopes: usize,
    /// References marked with `?` that could as well stand before the clause.
    marked: Vec<ast::Expr>,
}

/// Names that one literal, clause or alias declares.
struct Scope {
    /// Whether values inside have an environment of their own for it.
    level: bool,
    /// Whether it is the scope of a struct.
    is_struct: bool,
    names: FxHashMap<String, Binding>,
}

struct Binding {
    target: Target,
    pos: Pos,
    used: bool,
    /// Whether it is an error not to use it.
    must_use: bool,
}

#[derive(Clone)]
enum Target {
    Field(Label),
    Let(ExprId),
    MatchedLabel,
    MatchedField,
    NamedField(ExprId),
    /// The value of a field that is a struct, and the field as it is seen from beside it.
    Value(Box<Target>),
    Text(String),
    /// What an import stands for, and how messages show it.
    Import {
        target: Box<Target>,
        shown: String,
    },
    Module(u32),
    Builtin(&'static Package),
    /// An import that is reported already.
    Missing,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(
        exprs: &'a mut Arena<Node>,
        labels: &'a mut Labels,
        package: Arc<str>,
        imports: &'a FxHashMap<String, ImportedPackage>,
        builtin: fn(&str) -> Option<&'static Package>,
        depth_max: u32,
    ) -> Self {
        let (errors, scopes, path) = (Vec::new(), Vec::new(), Vec::new());
        let (experiments, tries, lists) = (Experiments::default(), Vec::new(), Vec::new());
        Self {
            exprs,
            labels,
            package,
            imports,
            builtin,
            errors,
            scopes,
            path,
            depth: 0,
            depth_max,
            experiments,
            tries,
            lists,
        }
    }

    /// Compiles the files of a package to one struct literal each.
    ///
    /// `sources` are the texts, by file id.
    pub(crate) fn files(
        &mut self,
        files: &mut [Arc<ast::File>],
        sources: &[Arc<SourceFile>],
        trees: Trees,
    ) -> Vec<ExprId> {
        let mut package_scope = Scope { level: true, is_struct: true, names: FxHashMap::default() };
        for file in files.iter().filter(|file| is_of_package(file)) {
            self.declare_fields(&mut package_scope, &file.decls);
        }
        self.scopes.push(package_scope);
        let mut compiled = Vec::with_capacity(files.len());
        for file in files {
            compiled.push(match trees {
                Trees::Kept => self.file(file, Cow::Borrowed(&file.decls), sources),
                Trees::Outlined => {
                    let outline = Arc::new(file.outline());
                    let mut file = Arc::unwrap_or_clone(std::mem::replace(file, outline));
                    let decls = Vec::from(std::mem::take(&mut file.decls));
                    self.file(&file, Cow::Owned(decls), sources)
                }
            });
        }
        self.scopes.pop();
        compiled
    }

    /// Compiles an expression over the names of a package.
    pub(crate) fn expression(&mut self, files: &[Arc<ast::File>], expr: &ast::Expr) -> ExprId {
        let mut scope = Scope { level: true, is_struct: true, names: FxHashMap::default() };
        for file in files {
            self.declare_fields(&mut scope, &file.decls);
            self.declare_quoted_fields(&mut scope, &file.decls);
        }
        // Builtin packages need no import here.
        let package = |path: &'static str| {
            let target = Target::Builtin((self.builtin)(path)?);
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            Some((name, Binding { target, pos: Pos::NONE, used: true, must_use: false }))
        };
        let names = builtin::paths().filter_map(package).collect();
        self.scopes.push(Scope { level: false, is_struct: false, names });
        self.scopes.push(scope);
        let id = self.expr(expr);
        self.scopes.truncate(0);
        id
    }

    /// Compiles a file, whose declarations `decls` are.
    fn file(&mut self, file: &ast::File, decls: Cow<'_, [ast::Decl]>, sources: &[Arc<SourceFile>]) -> ExprId {
        let mut imports = Scope { level: false, is_struct: false, names: FxHashMap::default() };
        for spec in file.imports.iter().flat_map(|import| &import.specs) {
            self.declare_import(&mut imports, spec, sources);
        }
        self.check_fields_beside(&mut imports, &decls, sources);
        // An import hides the fields that other files of the package declare.
        self.scopes.push(imports);
        self.experiments = file.experiments;
        let pos = Pos { file: file.package.as_ref().map_or_else(|| first_pos(&decls), |p| p.pos).file, offset: 0 };
        let id = self.struct_in_scope(decls, pos, false, is_of_package(file));
        self.add_file_attributes(file, id);
        let imports = self.scopes.pop().expect("pushed above");
        self.report_unused_imports(&imports);
        id
    }

    /// Attributes below the package clause and the imports are those of the value.
    fn add_file_attributes(&mut self, file: &ast::File, id: ExprId) {
        let preamble =
            file.package.iter().map(|package| package.pos).chain(file.imports.iter().map(|import| import.pos));
        let end = preamble.max();
        let attributes = file.attributes.iter().filter(|attribute| end.is_none_or(|end| attribute.pos > end));
        let mut attributes: Vec<Arc<str>> = attributes.map(|attribute| attribute.text.as_str().into()).collect();
        if !attributes.is_empty()
            && let Expr::Struct(lit) = &mut self.exprs[id].expr
            && let Some(lit) = Arc::get_mut(lit)
        {
            attributes.append(&mut lit.attributes);
            lit.attributes = attributes;
        }
    }

    fn declare_import(&mut self, scope: &mut Scope, spec: &ast::ImportSpec, sources: &[Arc<SourceFile>]) {
        let (target, default_name) = if let Some(found) = self.imports.get(&spec.path) {
            (Target::Module(found.index), found.name.clone())
        } else if let Some(package) = (self.builtin)(&spec.path) {
            (Target::Builtin(package), local_name(&spec.path).to_owned())
        } else if spec.path.split('/').next().is_some_and(|first| first.contains('.')) {
            let message = "import failed: imports are unavailable because there is no cue.mod/module.cue file";
            self.error_at(Code::Eval, Rule::Reference, message.to_owned(), spec.path_pos);
            (Target::Missing, local_name(&spec.path).to_owned())
        } else if crate::builtin::is_missing_package(&spec.path) {
            self.unsupported(&format!("builtin package {:?}", spec.path), spec.path_pos);
            (Target::Missing, local_name(&spec.path).to_owned())
        } else {
            let message = format!("builtin package \"{}\" undefined", spec.path);
            self.error_at(Code::Eval, Rule::Reference, message, spec.path_pos);
            (Target::Missing, local_name(&spec.path).to_owned())
        };
        let name = spec.name.as_ref().map_or(default_name, |name| name.name.clone());
        let shown = match &spec.name {
            Some(name) => format!("{:?} as {}", spec.path, name.name),
            None => format!("{:?}", spec.path),
        };
        if let Some(first) = scope.names.get(&name) {
            return self.redeclared(&name, first.pos, spec.pos, sources);
        }
        let must_use = !matches!(target, Target::Missing);
        let target = Target::Import { target: Box::new(target), shown };
        scope.names.insert(name, Binding { target, pos: spec.pos, used: false, must_use });
    }

    /// An import may not have the name of a field that the same file declares.
    fn check_fields_beside(&mut self, imports: &mut Scope, decls: &[ast::Decl], sources: &[Arc<SourceFile>]) {
        for decl in decls {
            if let ast::Decl::Field(ast::Field { label: ast::Label::Ident(ident), .. }) = decl
                && let Some(import) = imports.names.get_mut(&ident.name)
            {
                import.used = true;
                self.redeclared(&ident.name, ident.pos, import.pos, sources);
            }
        }
    }

    fn redeclared(&mut self, name: &str, first: Pos, again: Pos, sources: &[Arc<SourceFile>]) {
        let place = sources.get(first.file.0 as usize).map_or(String::new(), |source| {
            let (line, column) = source.line_column(first.offset);
            format!("{}:{line}:{column}", source.name)
        });
        let message = format!("{name} redeclared as imported package name\n\tprevious declaration at {place}");
        self.error_at(Code::Eval, Rule::Reference, message, again);
    }

    fn report_unused_imports(&mut self, imports: &Scope) {
        let mut unused: Vec<_> = imports.names.iter().filter(|(_, binding)| !binding.used).collect();
        unused.sort_by_key(|(_, binding)| binding.pos);
        for (_, binding) in unused {
            if let Target::Import { shown, .. } = &binding.target {
                let message = format!("imported and not used: {shown}");
                self.error_at(Code::Eval, Rule::Reference, message, binding.pos);
            }
        }
    }

    fn error_at(&mut self, code: Code, rule: Rule, message: String, pos: Pos) {
        self.errors.push(CompileError { code, rule, message, pos, path: self.path.clone() });
    }

    fn unsupported(&mut self, what: &str, pos: Pos) -> ExprId {
        self.error_at(Code::Limit, Rule::Limit, format!("not supported yet: {what}"), pos);
        self.push(Expr::Bottom, pos)
    }

    fn push(&mut self, expr: Expr, pos: Pos) -> ExprId {
        self.exprs.push(Node { expr, pos })
    }

    fn identifier_label(&mut self, name: &str) -> Label {
        self.labels.intern(name, LabelKind::of_identifier(name), &self.package.clone())
    }

    fn declare_fields(&mut self, scope: &mut Scope, decls: &[ast::Decl]) {
        for decl in decls {
            let ast::Decl::Field(field) = decl else { continue };
            if let ast::Label::Ident(ident) = &field.label {
                let target = Target::Field(self.identifier_label(&ident.name));
                let binding = Binding { target, pos: ident.pos, used: true, must_use: false };
                scope.names.entry(ident.name.clone()).or_insert(binding);
            }
        }
    }

    /// From outside of the files, a field in quotes can be named too.
    fn declare_quoted_fields(&mut self, scope: &mut Scope, decls: &[ast::Decl]) {
        for decl in decls {
            let ast::Decl::Field(ast::Field { label: ast::Label::String(lit), .. }) = decl else { continue };
            let Ok(Text::String(name)) = literal::decode_text(&lit.raw) else { continue };
            let binding = Binding {
                target: Target::Field(self.labels.regular(&name)),
                pos: lit.pos,
                used: true,
                must_use: false,
            };
            scope.names.entry(name).or_insert(binding);
        }
    }

    fn declare_aliases(&mut self, scope: &mut Scope, decls: &[ast::Decl]) {
        for decl in decls {
            match decl {
                ast::Decl::Let(clause) => {
                    let target = match self.named_package(&clause.value) {
                        Some(package) => Target::Builtin(package),
                        None => Target::Let(self.push(Expr::Top, clause.value.pos())),
                    };
                    self.declare(scope, &clause.ident, target, true);
                }
                ast::Decl::Field(field) => {
                    let Some(label) = self.fixed_label(&field.label) else {
                        self.declare_named_field(scope, field);
                        continue;
                    };
                    if let Some(alias) = &field.alias {
                        self.declare(scope, alias, Target::Field(label), true);
                    }
                    if let Some(alias) = &field.postfix_alias {
                        self.declare(scope, &alias.field, Target::Field(label), true);
                    }
                }
                _ => {}
            }
        }
    }

    /// Declares the alias of a field with a computed name for the fields beside it; the name is filled in later.
    fn declare_named_field(&mut self, scope: &mut Scope, field: &ast::Field) {
        let alias = field.alias.as_deref().or_else(|| field.postfix_alias.as_ref().map(|alias| &alias.field));
        if let Some(alias) = alias
            && !matches!(field.label, ast::Label::Pattern(_))
        {
            let name = self.push(Expr::Top, field.label.pos());
            self.declare(scope, alias, Target::NamedField(name), false);
        }
    }

    fn declare(&mut self, scope: &mut Scope, ident: &ast::Ident, target: Target, must_use: bool) {
        let binding = Binding { target, pos: ident.pos, used: false, must_use };
        if scope.names.insert(ident.name.clone(), binding).is_some_and(|old| old.must_use) {
            let message = format!("alias \"{}\" already declared", ident.name);
            self.error_at(Code::Eval, Rule::Reference, message, ident.pos);
        }
    }

    fn pop_scope(&mut self) {
        let Some(scope) = self.scopes.pop() else { return };
        let mut unused: Vec<_> = scope.names.iter().filter(|(_, b)| b.must_use && !b.used).collect();
        unused.sort_by_key(|(_, binding)| binding.pos);
        for (name, binding) in unused {
            let message = format!("unreferenced alias or let clause {name}");
            self.error_at(Code::Eval, Rule::Reference, message, binding.pos);
        }
    }

    /// The label of a field whose name stands in the text.
    fn fixed_label(&mut self, label: &ast::Label) -> Option<Label> {
        match label {
            ast::Label::Ident(ident) => Some(self.identifier_label(&ident.name)),
            ast::Label::String(lit) => match literal::decode_text(&lit.raw) {
                Ok(Text::String(text)) => Some(self.labels.regular(&text)),
                _ => None,
            },
            _ => None,
        }
    }

    fn struct_lit(&mut self, lit: &ast::StructLit) -> ExprId {
        self.struct_in_scope(Cow::Borrowed(&lit.decls), lit.pos, true, false)
    }

    /// Compiles declarations; those of a package are declared already.
    fn struct_in_scope(&mut self, decls: Cow<'_, [ast::Decl]>, pos: Pos, level: bool, of_package: bool) -> ExprId {
        let mut scope = Scope { level, is_struct: level, names: FxHashMap::default() };
        if !of_package {
            self.declare_fields(&mut scope, &decls);
        }
        self.declare_aliases(&mut scope, &decls);
        self.scopes.push(scope);
        let mut lit = StructLit { decls: Vec::with_capacity(decls.len()), ..StructLit::default() };
        match decls {
            Cow::Borrowed(decls) => decls.iter().for_each(|decl| self.decl(&mut lit, decl)),
            // Each goes before the next one is compiled, so that the tree and what it is compiled to share their room.
            Cow::Owned(decls) => decls.into_iter().for_each(|decl| self.decl(&mut lit, &decl)),
        }
        self.pop_scope();
        lit.embedded_restricts = self.experiments.explicit_open;
        lit.embeds = lit.decls.iter().any(|decl| matches!(decl, Decl::Embed(_) | Decl::Comprehension(_)));
        self.push(Expr::Struct(Arc::new(lit)), pos)
    }

    fn decl(&mut self, lit: &mut StructLit, decl: &ast::Decl) {
        match decl {
            ast::Decl::Field(field) => self.field(lit, field),
            ast::Decl::Let(clause) => self.let_clause(clause),
            ast::Decl::Embed(embed) => {
                let expr = self.expr(&embed.expr);
                lit.decls.push(Decl::Embed(expr));
            }
            ast::Decl::Comprehension(comprehension) => {
                let compiled = self.comprehension(comprehension);
                lit.decls.push(Decl::Comprehension(compiled));
            }
            ast::Decl::Ellipsis(ellipsis) => {
                if let Some(value) = &ellipsis.value {
                    self.expr(value);
                }
                lit.decls.push(Decl::Ellipsis);
            }
            ast::Decl::Attribute(attribute) => lit.attributes.push(Arc::from(attribute.text.as_str())),
            ast::Decl::Comments(_) => {}
        }
    }

    /// The builtin package that an expression is the name of: a `let` can give it another one.
    fn named_package(&mut self, expr: &ast::Expr) -> Option<&'static Package> {
        let ast::Expr::Ident(ident) = expr else { return None };
        match self.find(&ident.name) {
            Some((_, Target::Builtin(package))) => Some(package),
            _ => None,
        }
    }

    fn let_clause(&mut self, clause: &ast::LetClause) {
        if self.named_package(&clause.value).is_some() {
            return;
        }
        let value = self.expr(&clause.value);
        let scope = self.scopes.last().expect("a declaration stands in a scope");
        if let Some(Binding { target: Target::Let(placeholder), .. }) = scope.names.get(&clause.ident.name) {
            let placeholder = *placeholder;
            self.exprs[placeholder] = self.exprs[value].clone();
        }
    }

    fn field(&mut self, lit: &mut StructLit, field: &ast::Field) {
        let notes = notes(field);
        if let ast::Label::Pattern(pattern) = &field.label {
            return self.pattern_field(lit, field, pattern, notes);
        }
        if let Some(label) = self.fixed_label(&field.label) {
            self.path.push(label);
            let mut aliases = Scope { level: false, is_struct: false, names: FxHashMap::default() };
            if let Some(key) = field.postfix_alias.as_ref().and_then(|alias| alias.label.as_ref()) {
                let text = self.labels.part(label).to_string();
                self.declare(&mut aliases, key, Target::Text(text), false);
            }
            let value = self.field_value(&field.value, Target::Field(label), aliases);
            self.path.pop();
            let (constraint, pos) = (field.constraint, field.label.pos());
            lit.decls.push(Decl::Field(FieldDecl { label, constraint, value, pos, notes }));
            return;
        }
        let pos = field.label.pos();
        let name = match &field.label {
            ast::Label::Interpolation(interpolation) => self.interpolation(interpolation),
            ast::Label::Paren(expr, _) => self.expr(expr),
            ast::Label::String(lit) => self.literal(lit),
            ast::Label::Ident(_) | ast::Label::Pattern(_) => return,
        };
        let mut aliases = Scope { level: false, is_struct: false, names: FxHashMap::default() };
        let alias = field.alias.as_deref().or_else(|| field.postfix_alias.as_ref().map(|alias| &alias.field));
        if let Some(alias) = alias
            && let Some((_, Target::NamedField(placeholder))) = self.find(&alias.name)
        {
            self.exprs[placeholder] = self.exprs[name].clone();
        }
        if let Some(key) = field.postfix_alias.as_ref().and_then(|alias| alias.label.as_ref()) {
            self.declare(&mut aliases, key, Target::MatchedLabel, false);
        }
        let value = self.field_value(&field.value, Target::MatchedField, aliases);
        lit.decls.push(Decl::Dynamic { name, constraint: field.constraint, value, pos, notes });
    }

    fn pattern_field(
        &mut self,
        lit: &mut StructLit,
        field: &ast::Field,
        pattern: &ast::Pattern,
        notes: Option<Arc<Notes>>,
    ) {
        let constraint = self.expr(&pattern.expr);
        let mut aliases = Scope { level: false, is_struct: false, names: FxHashMap::default() };
        if let Some(alias) = &pattern.alias {
            self.declare(&mut aliases, alias, Target::MatchedLabel, false);
        }
        if let Some(alias) = &field.alias {
            self.declare(&mut aliases, alias, Target::MatchedField, false);
        }
        if let Some(alias) = &field.postfix_alias {
            self.declare(&mut aliases, &alias.field, Target::MatchedField, false);
            if let Some(key) = &alias.label {
                self.declare(&mut aliases, key, Target::MatchedLabel, false);
            }
        }
        let value = self.field_value(&field.value, Target::MatchedField, aliases);
        lit.decls.push(Decl::Pattern { pattern: constraint, value, notes });
    }

    /// Compiles the value of a field, inside of the aliases that its label and value declare.
    fn field_value(&mut self, value: &ast::Expr, itself: Target, mut aliases: Scope) -> ExprId {
        let field = match &itself {
            Target::Field(label) => Some(*label),
            _ => None,
        };
        let mut inner = uncommented(value);
        if let ast::Expr::Alias { ident, expr } = inner {
            let target = if is_struct(expr) { Target::Value(Box::new(itself)) } else { itself };
            self.declare(&mut aliases, ident, target, true);
            inner = expr;
        }
        self.scopes.push(aliases);
        let id = match (inner, field) {
            (ast::Expr::List(lit), Some(_)) => self.list_lit(lit, field),
            _ => self.expr(inner),
        };
        self.pop_scope();
        id
    }

    fn comprehension(&mut self, comprehension: &ast::Comprehension) -> Arc<Comprehension> {
        let scopes = self.scopes.len();
        let mut clauses = Vec::new();
        for clause in &comprehension.clauses {
            let compiled = self.clause(clause);
            clauses.push(compiled);
        }
        let value = self.expr(&comprehension.value);
        for clause in clauses.iter_mut().rev() {
            if let Clause::Try { marked, .. } = clause {
                *marked = self.end_try();
            }
        }
        self.pop_scopes(scopes);
        let otherwise = comprehension.otherwise.as_ref().map(|(_, value)| self.expr(value));
        let labels = self.yielded_labels(value);
        let doc = documented(&comprehension.comments).map(Arc::new);
        Arc::new(Comprehension { pos: comprehension.pos(), doc, clauses, value, otherwise, labels })
    }

    fn clause(&mut self, clause: &ast::Clause) -> Clause {
        match clause {
            ast::Clause::For { key, value, source, .. } => {
                let source = self.expr(source);
                let mut scope = Scope { level: true, is_struct: false, names: FxHashMap::default() };
                let mut bind = |this: &mut Self, ident: &ast::Ident| {
                    let label = this.labels.regular(&ident.name);
                    let binding = Binding { target: Target::Field(label), pos: ident.pos, used: true, must_use: false };
                    scope.names.insert(ident.name.clone(), binding);
                    label
                };
                let key = key.as_ref().map(|key| bind(self, key));
                let value = bind(self, value);
                scope.names.remove("_");
                self.scopes.push(scope);
                Clause::For { key, value, source }
            }
            ast::Clause::If { condition, .. } => Clause::If { condition: self.expr(condition) },
            ast::Clause::Let(clause) => {
                let value = self.expr(&clause.value);
                let label = self.labels.regular(&clause.ident.name);
                let mut scope = Scope { level: true, is_struct: false, names: FxHashMap::default() };
                self.declare(&mut scope, &clause.ident, Target::Field(label), true);
                self.scopes.push(scope);
                Clause::Let { label, value }
            }
            ast::Clause::Try { binding, .. } => {
                self.tries.push(TryScope { scopes: self.scopes.len(), marked: Vec::new() });
                let binding = binding.as_ref().map(|(ident, value)| {
                    let value = self.expr(value);
                    let label = self.labels.regular(&ident.name);
                    let mut scope = Scope { level: true, is_struct: false, names: FxHashMap::default() };
                    self.declare(&mut scope, ident, Target::Field(label), false);
                    self.scopes.push(scope);
                    (label, value)
                });
                Clause::Try { marked: Vec::new(), binding }
            }
        }
    }

    fn pop_scopes(&mut self, len: usize) {
        while self.scopes.len() > len {
            self.pop_scope();
        }
    }

    /// Ends the innermost `try` clause; gives the references that decide whether it yields anything, compiled to be
    /// followed before it.
    fn end_try(&mut self) -> Vec<ExprId> {
        let Some(TryScope { scopes, marked }) = self.tries.pop() else { return Vec::new() };
        self.pop_scopes(scopes);
        // What is wrong with them is told where they stand.
        let errors = self.errors.len();
        let compiled = marked.iter().map(|reference| self.expr(&without_marks(reference))).collect();
        self.errors.truncate(errors);
        compiled
    }

    /// `x?`: a reference that may lead to no field, within `try`.
    fn marked_reference(&mut self, pos: Pos, operand: &ast::Expr) -> ExprId {
        let Some(innermost) = self.tries.last() else {
            let message = "postfix ? operator is only allowed within a try clause".to_owned();
            self.error_at(Code::Eval, Rule::Syntax, message, pos);
            return self.push(Expr::Bottom, pos);
        };
        if self.is_declared_before(operand, innermost.scopes) {
            let innermost = self.tries.last_mut().expect("looked at above");
            innermost.marked.push(operand.clone());
        }
        self.expr(operand)
    }

    /// Whether a reference uses only names from the first so many scopes.
    fn is_declared_before(&self, expr: &ast::Expr, scopes: usize) -> bool {
        match expr {
            ast::Expr::Ident(ident) => !self.scopes[scopes..].iter().any(|scope| scope.names.contains_key(&ident.name)),
            ast::Expr::Lit(_) => true,
            ast::Expr::Selector { base: inner, .. }
            | ast::Expr::Postfix { operand: inner, .. }
            | ast::Expr::Paren { inner, .. }
            | ast::Expr::Commented(inner, _) => self.is_declared_before(inner, scopes),
            ast::Expr::Index { base, index, .. } => {
                self.is_declared_before(base, scopes) && self.is_declared_before(index, scopes)
            }
            _ => false,
        }
    }

    /// The fields that a comprehension's struct declares, if all of them stand in the text.
    fn yielded_labels(&self, value: ExprId) -> Option<Vec<Label>> {
        let Expr::Struct(lit) = &self.exprs[value].expr else { return None };
        let mut labels = Vec::new();
        for decl in &lit.decls {
            match decl {
                Decl::Field(field) => labels.push(field.label),
                Decl::Comprehension(inner) => labels.extend(inner.labels.as_ref()?),
                Decl::Ellipsis => {}
                _ => return None,
            }
        }
        Some(labels)
    }

    pub(crate) fn expr(&mut self, expr: &ast::Expr) -> ExprId {
        self.expr_at(expr, expr.pos())
    }

    /// As [`expr`](Self::expr), for an expression that is known to begin there: looking it up at each link of a chain of
    /// operators would take the square of its length.
    fn expr_at(&mut self, expr: &ast::Expr, pos: Pos) -> ExprId {
        if self.depth >= self.depth_max {
            let message = format!("nesting is deeper than {} (limit depth_max)", self.depth_max);
            self.error_at(Code::Limit, Rule::Limit, message, pos);
            return self.push(Expr::Bottom, pos);
        }
        self.depth += 1;
        let id = stacker::maybe_grow(128 << 10, 2 << 20, || self.expr_inner(expr, pos));
        self.depth -= 1;
        id
    }

    fn expr_inner(&mut self, expr: &ast::Expr, pos: Pos) -> ExprId {
        match expr {
            ast::Expr::Ident(ident) => self.ident(ident),
            ast::Expr::Lit(lit) => self.literal(lit),
            ast::Expr::Interpolation(interpolation) => self.interpolation(interpolation),
            ast::Expr::Bottom(pos) => self.push(Expr::Bottom, *pos),
            ast::Expr::Struct(lit) => self.struct_lit(lit),
            ast::Expr::List(lit) => self.list_lit(lit, None),
            ast::Expr::Paren { inner, .. } | ast::Expr::Commented(inner, _) => self.expr(inner),
            ast::Expr::Selector { base, selector } => self.selector(base, pos, selector),
            ast::Expr::Index { base, index, .. } => {
                let (base, index) = (self.expr_at(base, pos), self.expr(index));
                self.push(Expr::Index { base, index }, pos)
            }
            ast::Expr::Slice { base, bounds, .. } => {
                let base = self.expr_at(base, pos);
                let [low, high] = bounds.each_ref().map(|bound| bound.as_ref().map(|bound| self.expr(bound)));
                self.push(Expr::Slice { base, low, high }, pos)
            }
            ast::Expr::Call { function, args, .. } => {
                let function = self.expr_at(function, pos);
                let args: Vec<_> = args.iter().map(|arg| self.expr(arg)).collect();
                self.push(Expr::Call { function, args: args.into() }, pos)
            }
            ast::Expr::Unary { pos, op, operand } => self.unary(*pos, *op, operand),
            ast::Expr::Binary { op, left, right, .. } => self.binary(pos, *op, left, right),
            ast::Expr::Postfix { op: ast::PostfixOp::Open, operand, .. } => {
                let operand = self.expr_at(operand, pos);
                self.push(Expr::Open(operand), pos)
            }
            ast::Expr::Postfix { pos, op: ast::PostfixOp::Optional, operand } => self.marked_reference(*pos, operand),
            ast::Expr::Alias { expr, .. } => self.expr(expr),
            ast::Expr::Comprehension(comprehension) => {
                self.unsupported("comprehension outside of a list", comprehension.pos())
            }
            ast::Expr::Ellipsis(ellipsis) => self.unsupported("ellipsis outside of a list", ellipsis.pos),
        }
    }

    fn literal(&mut self, lit: &ast::BasicLit) -> ExprId {
        let atom = match lit.kind {
            ast::LitKind::Null => Atom::Null,
            ast::LitKind::True => Atom::Bool(true),
            ast::LitKind::False => Atom::Bool(false),
            ast::LitKind::Int | ast::LitKind::Float => match Number::from_literal(&lit.raw) {
                Ok(number) => Atom::Number(number),
                Err(error) => return self.bad_literal(error.to_string(), lit.pos),
            },
            ast::LitKind::String => match literal::decode_text(&lit.raw) {
                Ok(Text::String(text)) => Atom::String(text.into()),
                Ok(Text::Bytes(bytes)) => Atom::Bytes(bytes.into()),
                Err(error) => return self.bad_literal(error.to_string(), lit.pos),
            },
        };
        self.push(Expr::Atom(atom), lit.pos)
    }

    fn bad_literal(&mut self, message: String, pos: Pos) -> ExprId {
        self.error_at(Code::Eval, Rule::Syntax, message, pos);
        self.push(Expr::Bottom, pos)
    }

    fn interpolation(&mut self, interpolation: &ast::Interpolation) -> ExprId {
        let texts = match literal::decode_fragments(interpolation) {
            Ok(texts) => texts,
            Err(error) => return self.bad_literal(error.to_string(), interpolation.pos),
        };
        let bytes = matches!(texts.first(), Some(Text::Bytes(_)));
        let mut parts = Vec::new();
        for (index, text) in texts.into_iter().enumerate() {
            parts.push(Part::Text(match text {
                Text::String(text) => text.into_bytes().into(),
                Text::Bytes(bytes) => bytes.into(),
            }));
            if let Some(expr) = interpolation.exprs.get(index) {
                parts.push(Part::Expr(self.expr(expr)));
            }
        }
        self.push(Expr::Interpolation { parts: parts.into(), bytes }, interpolation.pos)
    }

    /// A list, and the field that it is the value of.
    fn list_lit(&mut self, lit: &ast::ListLit, field: Option<Label>) -> ExprId {
        let mut list = ListLit { elements: Vec::with_capacity(lit.elements.len()), rest: None };
        self.lists.push((self.scopes.len(), field));
        for element in &lit.elements {
            let mut element = element;
            while let ast::Expr::Commented(inner, _) = element {
                element = inner;
            }
            match element {
                ast::Expr::Ellipsis(ellipsis) => {
                    list.rest = Some(ellipsis.value.as_ref().map(|value| self.expr(value)))
                }
                ast::Expr::Comprehension(comprehension) => {
                    let compiled = self.comprehension(comprehension);
                    list.elements.push(Element::Comprehension(compiled));
                }
                _ => {
                    let value = self.expr(element);
                    list.elements.push(Element::Value(value));
                }
            }
        }
        self.lists.pop();
        self.push(Expr::List(Arc::new(list)), lit.pos)
    }

    fn selector(&mut self, base: &ast::Expr, base_pos: Pos, selector: &ast::Selector) -> ExprId {
        let (label, pos, name) = match selector {
            ast::Selector::Ident(ident) => (self.identifier_label(&ident.name), ident.pos, ident.name.clone()),
            ast::Selector::String(lit) => match literal::decode_text(&lit.raw) {
                Ok(Text::String(text)) => (self.labels.regular(&text), lit.pos, text),
                _ => return self.bad_literal("invalid selector".to_owned(), lit.pos),
            },
        };
        if let ast::Expr::Ident(ident) = base
            && let Some((_, Target::Builtin(package))) = self.find(&ident.name)
        {
            return self.package_member(package, &name, ident.pos);
        }
        let base = self.expr_at(base, base_pos);
        self.push(Expr::Selector { base, label, pos }, base_pos)
    }

    fn package_member(&mut self, package: &'static Package, name: &str, pos: Pos) -> ExprId {
        if let Some(function) = package.functions.iter().find(|function| function.name == name) {
            return self.push(Expr::Builtin(Builtin::Package(package.path, function)), pos);
        }
        if let Some((_, source)) = package.constants.iter().find(|(constant, _)| *constant == name) {
            return self.constant(source, crate::builtin::constant_position(package, name));
        }
        let message = format!("undefined field: {name}");
        self.error_at(Code::Eval, Rule::Reference, message, pos);
        self.push(Expr::Bottom, pos)
    }

    fn unary(&mut self, pos: Pos, op: ast::UnaryOp, operand: &ast::Expr) -> ExprId {
        use ast::UnaryOp as Op;
        let bound = match op {
            Op::Less => BoundOp::Less,
            Op::LessEqual => BoundOp::LessEqual,
            Op::Greater => BoundOp::Greater,
            Op::GreaterEqual => BoundOp::GreaterEqual,
            Op::Equal => BoundOp::Equal,
            Op::NotEqual => BoundOp::NotEqual,
            Op::Match => BoundOp::Match,
            Op::NotMatch => BoundOp::NotMatch,
            Op::Default => {
                self.error_at(Code::Eval, Rule::Syntax, "preference mark not allowed at this position".to_owned(), pos);
                return self.push(Expr::Bottom, pos);
            }
            Op::Plus | Op::Minus | Op::Not => {
                let operand = self.expr(operand);
                return self.push(Expr::Unary { op, operand }, pos);
            }
        };
        let operand = self.expr(operand);
        self.push(Expr::Bound { op: bound, operand }, pos)
    }

    fn binary(&mut self, pos: Pos, op: ast::BinaryOp, left: &ast::Expr, right: &ast::Expr) -> ExprId {
        if op == ast::BinaryOp::Or {
            let mut disjuncts = Vec::new();
            self.disjuncts(left, &mut disjuncts);
            self.disjuncts(right, &mut disjuncts);
            return self.push(Expr::Or(disjuncts.into()), pos);
        }
        let in_parens = matches!(left, ast::Expr::Paren { .. });
        let (left, right) = (self.expr_at(left, pos), self.expr(right));
        let expr = match op {
            ast::BinaryOp::And => Expr::And { left, right },
            ast::BinaryOp::LogicalAnd | ast::BinaryOp::LogicalOr if self.experiments.short_circuit => {
                Expr::ShortCircuit { op, left, right }
            }
            _ => Expr::Binary { op, left, right },
        };
        let start = if in_parens { pos } else { self.exprs[left].pos };
        self.push(expr, start)
    }

    fn disjuncts(&mut self, expr: &ast::Expr, out: &mut Vec<Disjunct>) {
        match expr {
            ast::Expr::Binary { op: ast::BinaryOp::Or, left, right, .. } => {
                self.disjuncts(left, out);
                self.disjuncts(right, out);
            }
            ast::Expr::Unary { op: ast::UnaryOp::Default, operand, .. } => {
                let expr = self.expr(operand);
                out.push(Disjunct { expr, default: true });
            }
            ast::Expr::Commented(inner, _) => self.disjuncts(inner, out),
            _ => {
                let expr = self.expr(expr);
                out.push(Disjunct { expr, default: false });
            }
        }
    }
}

/// Whether all structs in an expression that others can stand in are the value of the whole.
fn is_struct(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::Struct(_) | ast::Expr::Ident(_) | ast::Expr::Lit(_) | ast::Expr::Bottom(_) => true,
        ast::Expr::Paren { inner, .. } | ast::Expr::Commented(inner, _) => is_struct(inner),
        ast::Expr::Unary { op: ast::UnaryOp::Default, operand, .. } => is_struct(operand),
        ast::Expr::Selector { base, .. } => is_struct(base),
        ast::Expr::Binary { op: ast::BinaryOp::And | ast::BinaryOp::Or, left, right, .. } => {
            is_struct(left) && is_struct(right)
        }
        _ => false,
    }
}

/// A reference without the marks inside of it, each of which is looked at by itself.
fn without_marks(reference: &ast::Expr) -> ast::Expr {
    match reference {
        ast::Expr::Postfix { op: ast::PostfixOp::Optional, operand, .. } => without_marks(operand),
        ast::Expr::Selector { base, selector } => {
            ast::Expr::Selector { base: Box::new(without_marks(base)), selector: selector.clone() }
        }
        ast::Expr::Index { base, pos, end, index } => ast::Expr::Index {
            base: Box::new(without_marks(base)),
            pos: *pos,
            end: *end,
            index: Box::new(without_marks(index)),
        },
        other => other.clone(),
    }
}

/// Whether other files of the instance see the fields of a file.
fn is_of_package(file: &ast::File) -> bool {
    file.package.as_ref().is_some_and(|package| package.name.name != "_")
}

/// The name that an import path gives to its package.
fn local_name(path: &str) -> &str {
    path.rsplit(['/', ':']).next().unwrap_or_default()
}

fn first_pos(decls: &[ast::Decl]) -> Pos {
    decls.iter().find_map(decl_pos).unwrap_or_default()
}

fn decl_pos(decl: &ast::Decl) -> Option<Pos> {
    match decl {
        ast::Decl::Field(field) => Some(field.pos),
        ast::Decl::Let(clause) => Some(clause.pos),
        ast::Decl::Embed(embed) => Some(embed.expr.pos()),
        ast::Decl::Comprehension(comprehension) => Some(comprehension.pos()),
        ast::Decl::Ellipsis(ellipsis) => Some(ellipsis.pos),
        ast::Decl::Attribute(attribute) => Some(attribute.pos),
        ast::Decl::Comments(_) => None,
    }
}

fn notes(field: &ast::Field) -> Option<Arc<Notes>> {
    let name = |ident: &ast::Ident| Arc::from(ident.name.as_str());
    let documented = documented(&field.comments);
    let alias = field.alias.as_deref().map(name);
    let value_alias = match uncommented(&field.value) {
        ast::Expr::Alias { ident, .. } => Some(name(ident)),
        _ => None,
    };
    let matched = match &field.label {
        ast::Label::Pattern(pattern) => pattern.alias.as_deref().map(name),
        _ => None,
    };
    let attributes: Vec<Arc<str>> = field.attributes.iter().map(|attribute| attribute.text.as_str().into()).collect();
    let trailing = field.comments.after.iter().find(|group| group.doc).cloned();
    let is_told = documented.is_some()
        || alias.is_some()
        || value_alias.is_some()
        || matched.is_some()
        || trailing.is_some()
        || !attributes.is_empty();
    is_told.then(|| {
        let shorthands = shorthands(&field.value);
        let told = documented.unwrap_or_default();
        Arc::new(Notes { shorthands, attributes, trailing, alias, value_alias, matched, ..told })
    })
}

/// What a doc comment says.
fn documented(comments: &ast::Comments) -> Option<Notes> {
    let doc = Arc::from(comments.doc()?);
    let doc_pos = comments.before.iter().rfind(|group| group.doc).map_or(Pos::NONE, |group| group.pos);
    Some(Notes { doc: Some(doc), doc_pos, ..Notes::default() })
}

fn uncommented(mut expr: &ast::Expr) -> &ast::Expr {
    while let ast::Expr::Commented(inner, _) = expr {
        expr = inner;
    }
    expr
}

/// How many fields with a fixed name a value consists of, one in the other, with nothing around them.
fn shorthands(mut value: &ast::Expr) -> u32 {
    let mut count = 0;
    while let ast::Expr::Struct(ast::StructLit { braces: false, decls, .. }) = value
        && let [ast::Decl::Field(field)] = &decls[..]
        && matches!(field, ast::Field { label: ast::Label::Ident(_) | ast::Label::String(_), alias: None, .. })
    {
        count += 1;
        value = &field.value;
    }
    count
}
