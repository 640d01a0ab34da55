//! References that would lead elsewhere where they are written: a field beside them has the name of what they mean.
//!
//! While a value is written, names that stand for fields and the fields themselves are marked with numbers, in place of
//! positions. Once all is written, a name that is found at another field than its own gets an alias of that field, or a
//! `let` at the end of the file if the field is not around it.

use std::collections::{HashMap, HashSet};

use super::{Exporter, ident, random::Pcg};
use crate::{
    eval::vertex::{NONE, VertexId},
    syntax::{
        ast::{self, Clause, Comments, Comprehension, Decl, Expr, Field, File, Ident, Label},
        pos::{FileId, Pos},
    },
};

/// The files that marks name: of names, of fields, of predeclared names.
const NAMES: FileId = FileId(u32::MAX - 3);
const FIELDS: FileId = FileId(u32::MAX - 2);
const PREDECLARED: Pos = Pos { file: FileId(u32::MAX - 1), offset: 0 };

/// What names and fields belong together.
#[derive(Default)]
pub(super) struct Links {
    by_vertex: HashMap<VertexId, Link>,
    /// By the number of the name.
    targets: Vec<Option<Target>>,
    fields: u32,
    /// How many sources of `for` clauses are being written, whose names are left as they are.
    pub(super) sources: usize,
}

/// The field that is written for a vertex, and the names that were written before it.
#[derive(Default)]
struct Link {
    field: Option<Target>,
    waiting: Vec<usize>,
}

/// What a name means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Field(u32),
    /// A field whose value has an alias, which is not found by its name.
    Aliased,
}

impl Exporter<'_> {
    /// Marks a name as that of a vertex.
    pub(super) fn name_of_vertex(&mut self, text: &str, mut vertex: VertexId) -> Expr {
        if self.links.sources > 0 {
            return super::name(text);
        }
        while self.engine.v(vertex).shares != NONE {
            vertex = self.engine.v(vertex).shares;
        }
        let number = self.links.targets.len();
        let link = self.links.by_vertex.entry(vertex).or_default();
        if link.field.is_none() {
            link.waiting.push(number);
        }
        self.links.targets.push(link.field);
        let pos = Pos { file: NAMES, offset: number as u32 };
        Expr::Ident(Ident { pos, name: text.to_owned() })
    }

    /// A predeclared name.
    pub(super) fn predeclared(text: &str) -> Expr {
        Expr::Ident(Ident { pos: PREDECLARED, name: text.to_owned() })
    }

    /// Marks a field as that of a vertex, before or after its value is given an alias.
    pub(super) fn link_field(&mut self, vertex: VertexId, field: &mut Field, will_be_aliased: bool) {
        let is_aliased = matches!(field.value, Expr::Alias { .. });
        let number = self.links.fields;
        self.links.fields += 1;
        field.pos = Pos { file: FIELDS, offset: number };
        let now = if is_aliased { Target::Aliased } else { Target::Field(number) };
        let later = if is_aliased || will_be_aliased { Target::Aliased } else { now };
        match self.links.by_vertex.get_mut(&vertex) {
            Some(link) => {
                for name in link.waiting.drain(..) {
                    self.links.targets[name] = Some(now);
                }
            }
            None => _ = self.links.by_vertex.insert(vertex, Link { field: Some(later), waiting: Vec::new() }),
        }
    }

    /// Settles all marks.
    pub(super) fn settle(&mut self, file: &mut File) {
        let targets = std::mem::take(&mut self.links.targets);
        let mut walk = Walk {
            targets,
            taken: HashSet::new(),
            scopes: Vec::new(),
            random: Pcg::new(123, 456),
            renamed: HashMap::new(),
            appended: Vec::new(),
            pass: Pass::Gather,
        };
        for pass in [Pass::Gather, Pass::Rename, Pass::Apply] {
            walk.pass = pass;
            walk.decls(&mut file.decls);
        }
        file.decls.extend(walk.appended);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Finds the names that are taken.
    Gather,
    /// Gives names that are shadowed another one.
    Rename,
    /// Gives fields their aliases and takes the marks off.
    Apply,
}

/// One walk over all that is written.
struct Walk {
    targets: Vec<Option<Target>>,
    taken: HashSet<String>,
    /// The names of each scope, with the numbers of fields; from the outside in.
    scopes: Vec<HashMap<String, Option<u32>>>,
    random: Pcg,
    /// Aliases of fields.
    renamed: HashMap<u32, String>,
    appended: Vec<Decl>,
    pass: Pass,
}

fn number_of(field: &Field) -> Option<u32> {
    (field.pos.file == FIELDS).then_some(field.pos.offset)
}

impl Walk {
    fn declare(&mut self, scope: &mut HashMap<String, Option<u32>>, name: &str, number: Option<u32>) {
        if self.pass == Pass::Gather {
            self.taken.insert(name.to_owned());
        }
        scope.insert(name.to_owned(), number);
    }

    fn decls(&mut self, decls: &mut [Decl]) {
        let mut scope = HashMap::new();
        for decl in decls.iter() {
            match decl {
                Decl::Field(field) => {
                    if let Some(alias) = field.alias.as_ref().filter(|_| !matches!(field.label, Label::Pattern(_))) {
                        self.declare(&mut scope, &alias.name, None);
                    }
                    if let Label::Ident(label) = &field.label {
                        self.declare(&mut scope, &label.name, number_of(field));
                    }
                }
                Decl::Let(clause) => self.declare(&mut scope, &clause.ident.name, None),
                _ => {}
            }
        }
        self.scopes.push(scope);
        for decl in decls.iter_mut() {
            match decl {
                Decl::Field(field) => self.field(field),
                Decl::Let(clause) => self.expr(&mut clause.value),
                Decl::Embed(embed) => self.expr(&mut embed.expr),
                Decl::Comprehension(comprehension) => self.comprehension(comprehension),
                Decl::Ellipsis(_) | Decl::Attribute(_) | Decl::Comments(_) => {}
            }
        }
        self.scopes.pop();
    }

    fn field(&mut self, field: &mut Field) {
        if self.pass == Pass::Apply
            && let Some(number) = number_of(field)
        {
            field.pos = Pos::NONE;
            if let Some(alias) = self.renamed.remove(&number) {
                field.alias = Some(Box::new(ident(&alias)));
            }
        }
        let mut scope = HashMap::new();
        match &mut field.label {
            Label::Paren(inner, _) => self.expr(inner),
            Label::Interpolation(interpolation) => interpolation.exprs.iter_mut().for_each(|expr| self.expr(expr)),
            Label::Pattern(pattern) => {
                self.expr(&mut pattern.expr);
                if let Some(alias) = &pattern.alias {
                    self.declare(&mut scope, &alias.name, None);
                }
                if let Some(alias) = &field.alias {
                    self.declare(&mut scope, &alias.name, None);
                }
            }
            Label::Ident(_) | Label::String(_) => {}
        }
        self.scopes.push(scope);
        self.expr(&mut field.value);
        self.scopes.pop();
    }

    fn comprehension(&mut self, comprehension: &mut Comprehension) {
        let outer = self.scopes.len();
        for clause in &mut comprehension.clauses {
            let mut scope = HashMap::new();
            match clause {
                Clause::For { key, value, source, .. } => {
                    self.expr(source);
                    key.iter().chain([&*value]).for_each(|name| self.declare(&mut scope, &name.name, None));
                }
                Clause::If { condition, .. } => self.expr(condition),
                Clause::Let(clause) => {
                    self.expr(&mut clause.value);
                    self.declare(&mut scope, &clause.ident.name, None);
                }
                Clause::Try { binding, .. } => {
                    if let Some((name, value)) = binding {
                        self.expr(value);
                        self.declare(&mut scope, &name.name, None);
                    }
                }
            }
            self.scopes.push(scope);
        }
        self.expr(&mut comprehension.value);
        self.scopes.truncate(outer);
        if let Some((_, value)) = &mut comprehension.otherwise {
            self.expr(value);
        }
    }

    fn expr(&mut self, expr: &mut Expr) {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.expr_inner(expr));
    }

    fn expr_inner(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Ident(ident) => self.ident(ident),
            Expr::Struct(lit) => self.decls(&mut lit.decls),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Alias { ident, expr } => {
                let mut scope = HashMap::new();
                self.declare(&mut scope, &ident.name, None);
                self.scopes.push(scope);
                self.expr(expr);
                self.scopes.pop();
            }
            other => other.each_operand(|operand| self.expr(operand)),
        }
    }

    fn ident(&mut self, ident: &mut Ident) {
        let is_predeclared = ident.pos == PREDECLARED;
        if !is_predeclared && ident.pos.file != NAMES {
            return;
        }
        match self.pass {
            Pass::Gather => {}
            Pass::Rename if is_predeclared => {
                let prefix = if self.find(&ident.name).is_some() { "__" } else { "" };
                ident.name.insert_str(0, prefix);
            }
            Pass::Rename => self.rename(ident),
            Pass::Apply => ident.pos = Pos::NONE,
        }
    }

    /// What a name is found to be.
    fn find(&self, name: &str) -> Option<Option<u32>> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name).copied())
    }

    fn rename(&mut self, ident: &mut Ident) {
        let Some(target) = self.targets[ident.pos.offset as usize] else { return };
        let Some(found) = self.find(&ident.name) else { return };
        let wanted = match target {
            Target::Field(number) if found == Some(number) => return,
            Target::Field(number) => Some(number),
            Target::Aliased => None,
        };
        let is_around = |wanted: &u32| self.scopes.iter().any(|scope| scope.get(&ident.name) == Some(&Some(*wanted)));
        match wanted.filter(is_around) {
            Some(number) => {
                if !self.renamed.contains_key(&number) {
                    let alias = self.unique(&ident.name);
                    self.renamed.insert(number, alias);
                }
                ident.name.clone_from(&self.renamed[&number]);
            }
            None => {
                let alias = self.unique(&ident.name);
                let value = Box::new(super::name(&ident.name));
                let clause = ast::LetClause {
                    pos: Pos::APART,
                    ident: super::ident(&alias),
                    value,
                    comments: Comments::default(),
                };
                self.appended.push(Decl::Let(clause));
                ident.name = alias;
            }
        }
    }

    /// A name with a number at random that becomes longer with each attempt.
    fn unique(&mut self, base: &str) -> String {
        let mut bound: u64 = 0x10;
        loop {
            let name = format!("{base}_{:X}", self.random.below(bound));
            if self.taken.insert(name.clone()) {
                return name;
            }
            bound = (((bound << 4) - 1) & 0xff_ffff_ffff_ffff) + 1;
        }
    }
}
