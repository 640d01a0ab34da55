//! Names that may not stand together: an alias or `let` beside a field of the same name, or twice in one scope.
//!
//! Only names are looked at, as they are declared; what a reference means is for the compiler to find out.

use rustc_hash::FxHashMap;

use super::{
    SyntaxError,
    ast::{Clause, Comprehension, Decl, Expr, Field, File, ImportSpec, Label, LetClause},
    pos::Pos,
};

/// What a step of the walk may need, and what is taken when less is left.
const STACK_RED_ZONE: usize = 128 << 10;
const STACK_SEGMENT: usize = 1 << 20;

/// Finds all clashes of names in a file.
pub(super) fn clashes(file: &File) -> Vec<SyntaxError> {
    let mut scopes = Scopes::default();
    scopes.within(|scopes| {
        let imports = file.imports.iter().flat_map(|import| &import.specs);
        imports.for_each(|spec| scopes.declare(local_name(spec), Kind::Field, spec.pos));
        scopes.struct_members(&file.decls);
    });
    scopes.errors
}

/// The name that an import declares: its own, or what the path ends in.
fn local_name(spec: &ImportSpec) -> &str {
    let ending = || spec.path.rsplit(['/', ':']).next().unwrap_or_default();
    spec.name.as_ref().map_or_else(ending, |name| &name.name)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Field, import, or variable of a comprehension: may be declared again.
    Field,
    /// Alias or `let`.
    Alias,
}

#[derive(Default)]
struct Scopes<'a> {
    /// The declarations of each name that are in scope, innermost last, each with the depth of its scope.
    names: FxHashMap<&'a str, Vec<(usize, Kind)>>,
    /// The names declared in each open scope.
    open: Vec<Vec<&'a str>>,
    errors: Vec<SyntaxError>,
}

impl<'a> Scopes<'a> {
    /// Runs something in a new innermost scope.
    fn within(&mut self, work: impl FnOnce(&mut Self)) {
        self.open.push(Vec::new());
        work(self);
        for name in self.open.pop().unwrap_or_default() {
            self.names.get_mut(name).and_then(Vec::pop);
        }
    }

    fn declare(&mut self, name: &'a str, kind: Kind, pos: Pos) {
        if name == "_" {
            return;
        }
        let depth = self.open.len();
        let known = self.names.entry(name).or_default();
        let problem = match known.last() {
            Some((_, other)) if *other != kind => {
                Some(format!("cannot have both alias and field with name \"{name}\" in same scope"))
            }
            Some((at, Kind::Alias)) if *at == depth => Some(format!("alias \"{name}\" redeclared in same scope")),
            _ => None,
        };
        match (problem, self.open.last_mut()) {
            (Some(problem), _) => self.errors.push(SyntaxError::new(pos, problem)),
            (None, Some(scope)) => {
                known.push((depth, kind));
                scope.push(name);
            }
            (None, None) => unreachable!("names are declared within a scope"),
        }
    }

    /// All names of a struct are in scope everywhere in it, so they come before what is inside.
    fn struct_members(&mut self, decls: &'a [Decl]) {
        for decl in decls {
            match decl {
                Decl::Field(field) => self.declare_field(field),
                Decl::Let(LetClause { pos, ident, .. }) => self.declare(&ident.name, Kind::Alias, *pos),
                _ => {}
            }
        }
        decls.iter().for_each(|decl| self.decl(decl));
    }

    fn declare_field(&mut self, field: &'a Field) {
        if let Some(alias) = field.alias.as_ref().filter(|_| !matches!(field.label, Label::Pattern(_))) {
            self.declare(&alias.name, Kind::Alias, field.pos);
        }
        if let Label::Ident(ident) = &field.label {
            self.declare(&ident.name, Kind::Field, field.value.pos());
        }
    }

    fn decl(&mut self, decl: &'a Decl) {
        match decl {
            Decl::Field(field) => self.within(|scopes| scopes.field(field)),
            Decl::Let(LetClause { value, .. }) => self.expr(value),
            Decl::Embed(embed) => self.expr(&embed.expr),
            Decl::Comprehension(comprehension) => self.comprehension(comprehension),
            Decl::Ellipsis(ellipsis) => ellipsis.value.iter().for_each(|value| self.expr(value)),
            Decl::Attribute(_) | Decl::Comments(_) => {}
        }
    }

    /// The aliases of a pattern and of the value are known in the value.
    fn field(&mut self, field: &'a Field) {
        match &field.label {
            Label::Ident(_) | Label::String(_) => {}
            Label::Interpolation(interpolation) => interpolation.exprs.iter().for_each(|expr| self.expr(expr)),
            Label::Paren(expr, _) => self.expr(expr),
            Label::Pattern(pattern) => {
                field.alias.iter().for_each(|alias| self.declare(&alias.name, Kind::Alias, field.pos));
                pattern.alias.iter().for_each(|alias| self.declare(&alias.name, Kind::Alias, pattern.expr.pos()));
                self.expr(&pattern.expr);
            }
        }
        match &field.value {
            Expr::Alias { ident, expr } => {
                self.declare(&ident.name, Kind::Alias, ident.pos);
                self.expr(expr);
            }
            value => self.expr(value),
        }
    }

    fn comprehension(&mut self, comprehension: &'a Comprehension) {
        self.clauses(&comprehension.clauses, &comprehension.value);
        comprehension.otherwise.iter().for_each(|(_, value)| self.expr(value));
    }

    /// Each clause opens a scope for those after it. Its names hide others of any kind, as fields do.
    fn clauses(&mut self, clauses: &'a [Clause], body: &'a Expr) {
        let Some((clause, rest)) = clauses.split_first() else { return self.expr(body) };
        let (names, source) = match clause {
            Clause::For { key, value, source, .. } => ([key.as_ref(), Some(value)], Some(source)),
            Clause::If { condition, .. } => ([None, None], Some(condition)),
            Clause::Let(LetClause { ident, value, .. }) => ([Some(ident), None], Some(value)),
            Clause::Try { binding: Some((ident, value)), .. } => ([Some(ident), None], Some(value)),
            Clause::Try { binding: None, .. } => ([None, None], None),
        };
        source.into_iter().for_each(|source| self.expr(source));
        self.within(|scopes| {
            names.into_iter().flatten().for_each(|name| scopes.declare(&name.name, Kind::Field, name.pos));
            scopes.clauses(rest, body);
        });
    }

    /// Chains of operators and selectors may be of any length: their left edge is followed in a loop.
    fn expr(&mut self, expr: &'a Expr) {
        stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || {
            let mut next = Some(expr);
            while let Some(expr) = next {
                next = self.all_but_leftmost(expr);
            }
        });
    }

    /// Walks what is nested in an expression, and returns the leftmost of it where it has not been walked.
    fn all_but_leftmost(&mut self, expr: &'a Expr) -> Option<&'a Expr> {
        match expr {
            Expr::Ident(_) | Expr::Lit(_) | Expr::Bottom(_) => None,
            Expr::Struct(lit) => {
                self.within(|scopes| scopes.struct_members(&lit.decls));
                None
            }
            Expr::Interpolation(interpolation) => self.all(&interpolation.exprs),
            Expr::List(list) => self.all(&list.elements),
            Expr::Comprehension(comprehension) => {
                self.comprehension(comprehension);
                None
            }
            Expr::Paren { inner: operand, .. }
            | Expr::Selector { base: operand, .. }
            | Expr::Unary { operand, .. }
            | Expr::Postfix { operand, .. }
            | Expr::Alias { expr: operand, .. }
            | Expr::Commented(operand, _) => Some(operand),
            Expr::Index { base: left, index: right, .. } | Expr::Binary { left, right, .. } => {
                self.expr(right);
                Some(left)
            }
            Expr::Slice { base, bounds, .. } => {
                bounds.iter().flatten().for_each(|bound| self.expr(bound));
                Some(base)
            }
            Expr::Call { function, args, .. } => {
                self.all(args);
                Some(function)
            }
            Expr::Ellipsis(ellipsis) => ellipsis.value.as_deref(),
        }
    }

    fn all(&mut self, exprs: &'a [Expr]) -> Option<&'a Expr> {
        exprs.iter().for_each(|expr| self.expr(expr));
        None
    }
}
