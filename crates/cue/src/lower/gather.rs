//! The conjuncts of a node: all that is written for one place in the data.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::guard::{self, Guard};
use super::node::Lowering;
use super::scalar::{self, Kinds, Term};
use super::scope::{Frame, Scope, Target, data_name};
use crate::syntax::ast::{BinaryOp, Clause, Decl, Expr, Label, ListLit, StructLit, UnaryOp};

/// A definition (or `close`) on the way to a conjunct.
pub(super) type Group = u32;

/// References, parentheses and operators inside each other that are followed for one node.
const CHAIN_MAX: usize = 200;

/// An expression that a value has to satisfy.
#[derive(Clone)]
pub(super) struct Conjunct<'a> {
    pub(super) expr: &'a Expr,
    pub(super) scope: Scope<'a>,
    pub(super) groups: Rc<[Group]>,
}

impl<'a> Conjunct<'a> {
    fn with(&self, expr: &'a Expr) -> Conjunct<'a> {
        Conjunct { expr, scope: self.scope.clone(), groups: self.groups.clone() }
    }

    /// The same expression as a part of one more group.
    fn within(&self, group: Group) -> Conjunct<'a> {
        let groups = self.groups.iter().copied().chain([group]).collect();
        Conjunct { groups, ..self.clone() }
    }
}

/// An alternative of a disjunction.
#[derive(Clone)]
pub(super) struct Alternative<'a> {
    pub(super) conjunct: Conjunct<'a>,
    pub(super) is_default: bool,
    /// The struct that the disjunction is embedded in, if it is.
    embedded: Option<Group>,
}

/// What has been gathered for a node.
#[derive(Clone, Default)]
pub(super) struct Parts<'a> {
    pub(super) terms: Vec<Term>,
    pub(super) structs: Vec<StructPart<'a>>,
    pub(super) lists: Vec<(&'a ListLit, Conjunct<'a>)>,
    pub(super) unions: Vec<Vec<Alternative<'a>>>,
    pub(super) guards: Vec<Guard<'a>>,
    /// Groups that close the node.
    pub(super) closed: BTreeSet<Group>,
    /// Those of them that do not close what is inside its fields.
    pub(super) shallow: BTreeSet<Group>,
    /// Groups with an ellipsis: they do not close the node.
    pub(super) open: BTreeSet<Group>,
    /// Groups with a conjunct other than a struct literal that allows structs. They close the node only if they have
    /// a struct literal, too.
    pub(super) nameless: BTreeSet<Group>,
    /// Why the node cannot be lowered.
    pub(super) obstacle: Option<String>,
    pub(super) chain: usize,
}

/// A struct literal among the conjuncts.
#[derive(Clone)]
pub(super) struct StructPart<'a> {
    pub(super) decls: &'a [Decl],
    /// The struct's own declarations, innermost.
    pub(super) scope: Scope<'a>,
    pub(super) groups: Rc<[Group]>,
}

impl Alternative<'_> {
    pub(super) fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }
}

impl<'a> Parts<'a> {
    /// Nothing is known of the node but which groups close it from outside.
    pub(super) fn is_bare(&self) -> bool {
        let gathered = self.terms.is_empty() && self.structs.is_empty() && self.lists.is_empty();
        gathered && self.unions.is_empty() && self.guards.is_empty() && self.shallow.is_empty() && self.open.is_empty()
    }

    fn give_up(&mut self, reason: impl Into<String>) {
        self.obstacle.get_or_insert(reason.into());
    }

    /// How often a field is declared.
    pub(super) fn declarations(&self, name: &str) -> usize {
        let decls = self.structs.iter().flat_map(|part| part.decls);
        decls
            .filter(|decl| matches!(decl, Decl::Field(field) if data_name(&field.label).as_deref() == Some(name)))
            .count()
    }

    /// The groups that leave no other names than those they provide for.
    pub(super) fn closing(&self) -> impl Iterator<Item = Group> {
        let names = |group: &Group| self.structs.iter().any(|part| part.groups.contains(group));
        let closes =
            move |group: &Group| !self.open.contains(group) && (!self.nameless.contains(group) || names(group));
        self.closed.iter().copied().filter(closes)
    }

    fn term(&mut self, term: Term, groups: &[Group]) {
        if term.kinds.contains(Kinds::STRUCT) {
            self.nameless.extend(groups);
        }
        self.terms.push(term);
    }
}

impl<'a> Lowering<'a> {
    /// Adds a conjunct to the parts of its node; `embedded` is the struct that it is embedded in, if it is.
    pub(super) fn gather(&mut self, conjunct: &Conjunct<'a>, embedded: Option<Group>, parts: &mut Parts<'a>) {
        if parts.chain >= CHAIN_MAX {
            return parts.give_up("it refers to itself, or through too many other definitions");
        }
        parts.chain += 1;
        match conjunct.expr {
            Expr::Paren { inner, .. } | Expr::Commented(inner, _) => {
                self.gather(&conjunct.with(inner), embedded, parts)
            }
            Expr::Binary { op: BinaryOp::And, left, right, .. } => {
                if embedded.is_some() {
                    parts.give_up("a conjunction is embedded");
                }
                self.gather(&conjunct.with(left), embedded, parts);
                self.gather(&conjunct.with(right), embedded, parts);
            }
            Expr::Binary { op: BinaryOp::Or, .. } => self.disjunction(conjunct, embedded, parts),
            Expr::Struct(lit) => self.struct_literal(lit, conjunct, parts),
            // What refers to the alias finds it with the field that has it, and is left to the evaluator.
            Expr::Alias { expr, .. } => self.gather(&conjunct.with(expr), embedded, parts),
            Expr::List(lit) => parts.lists.push((lit, conjunct.clone())),
            Expr::Ident(ident) => match conjunct.scope.resolve(self.files, &ident.name) {
                Target::Undeclared => self.scalar(conjunct, parts),
                target => self.reference(target, conjunct, embedded, parts),
            },
            Expr::Call { function, args, .. } if scalar::is_predeclared(self, conjunct, function, "close") => {
                self.close(args, conjunct, parts);
            }
            Expr::Call { function, args, .. } if scalar::is_predeclared(self, conjunct, function, "matchN") => {
                match self.match_n(args, conjunct) {
                    Ok(term) => {
                        parts.open.extend(conjunct.groups.iter());
                        parts.term(term, &conjunct.groups);
                    }
                    Err(reason) => parts.give_up(reason),
                }
            }
            _ => self.scalar(conjunct, parts),
        }
        parts.chain -= 1;
    }

    fn scalar(&mut self, conjunct: &Conjunct<'a>, parts: &mut Parts<'a>) {
        match self.term(conjunct) {
            Ok(term) => parts.term(term, &conjunct.groups),
            Err(reason) => parts.give_up(reason),
        }
    }

    fn reference(
        &mut self,
        target: Target<'a>,
        conjunct: &Conjunct<'a>,
        embedded: Option<Group>,
        parts: &mut Parts<'a>,
    ) {
        match target {
            Target::Let(expr, scope) => {
                self.gather(&Conjunct { expr, scope, groups: conjunct.groups.clone() }, embedded, parts);
            }
            Target::Field { name, values } => {
                let is_definition = name.starts_with('#') || name.starts_with("_#");
                let groups = match (is_definition, embedded) {
                    (false, _) => conjunct.groups.clone(),
                    // What is embedded closes the struct around it, which is a group of its own.
                    (true, Some(group)) => {
                        parts.closed.insert(group);
                        conjunct.groups.clone()
                    }
                    (true, None) => {
                        let group = self.new_group();
                        parts.closed.insert(group);
                        conjunct.within(group).groups
                    }
                };
                for (expr, scope) in values {
                    self.gather(&Conjunct { expr, scope, groups: groups.clone() }, embedded, parts);
                }
            }
            Target::Dynamic(reason) => parts.give_up(reason),
            Target::Package(path) => parts.give_up(format!("it refers to the package {path} itself")),
            Target::Undeclared => parts.give_up("it refers to what is not declared"),
        }
    }

    fn close(&mut self, args: &'a [Expr], conjunct: &Conjunct<'a>, parts: &mut Parts<'a>) {
        let [argument] = args else { return parts.give_up("a call of close without its argument") };
        let group = self.new_group();
        parts.closed.insert(group);
        parts.shallow.insert(group);
        self.gather(&conjunct.with(argument).within(group), None, parts);
    }

    fn struct_literal(&mut self, lit: &'a StructLit, conjunct: &Conjunct<'a>, parts: &mut Parts<'a>) {
        let scope = Frame::inside(&conjunct.scope, &lit.decls);
        let embeds = lit.decls.iter().any(|decl| matches!(decl, Decl::Embed(_)));
        let group = embeds.then(|| self.new_group());
        let groups = group.map_or_else(|| conjunct.groups.clone(), |group| conjunct.within(group).groups);
        let mut names_members = !embeds;
        for decl in &lit.decls {
            match decl {
                Decl::Field(field) => {
                    match &field.label {
                        Label::Paren(..) | Label::Interpolation(_) => parts.give_up("the name of a field is computed"),
                        Label::Pattern(_) => names_members = true,
                        label => names_members |= data_name(label).is_some(),
                    }
                    self.hidden(field, parts);
                }
                Decl::Embed(embed) => {
                    let embedded = Conjunct { expr: &embed.expr, scope: scope.clone(), groups: groups.clone() };
                    self.gather(&embedded, group, parts);
                }
                Decl::Comprehension(comprehension) => {
                    names_members = true;
                    let around = Conjunct { scope: scope.clone(), groups: groups.clone(), ..conjunct.clone() };
                    match guard::read(self, comprehension, &lit.decls, &around) {
                        Some(guard) => parts.guards.push(guard),
                        None => parts.give_up(match comprehension.clauses.first() {
                            Some(Clause::For { .. }) => "fields come from a for clause",
                            _ => "fields depend on a condition that is not about fields beside it",
                        }),
                    }
                }
                Decl::Ellipsis(ellipsis) if ellipsis.value.is_none() => {
                    names_members = true;
                    parts.open.extend(groups.iter());
                }
                Decl::Ellipsis(_) => parts.give_up("`...` has a value"),
                Decl::Let(_) | Decl::Attribute(_) | Decl::Comments(_) => {}
            }
        }
        if names_members {
            parts.structs.push(StructPart { decls: &lit.decls, scope, groups });
        }
    }

    /// A hidden field or a definition whose value depends on data can contradict itself when the data is there.
    fn hidden(&mut self, field: &'a crate::syntax::ast::Field, parts: &mut Parts<'a>) {
        let Label::Ident(ident) = &field.label else { return };
        let hidden = ident.name.starts_with('_') && !ident.name.starts_with("_#");
        let definition = ident.name.starts_with('#') || ident.name.starts_with("_#");
        let is_static = matches!(field.value, Expr::Lit(_)) || definition && matches!(field.value, Expr::Struct(_));
        if (hidden || definition) && !is_static {
            parts.give_up(format!("the field {}, which data does not have, is computed", ident.name));
        }
    }

    fn disjunction(&mut self, conjunct: &Conjunct<'a>, embedded: Option<Group>, parts: &mut Parts<'a>) {
        let mut alternatives = Vec::new();
        alternatives_of(conjunct, embedded, &mut alternatives);
        // Alternatives that are scalars are one term, however many they are.
        let terms: Option<Vec<(Term, bool)>> = alternatives
            .iter()
            .map(|alternative| Some((self.plain_scalar(&alternative.conjunct)?, alternative.is_default)))
            .collect();
        match terms {
            Some(terms) => {
                let term = scalar::any_of(self, terms);
                parts.term(term, &conjunct.groups);
            }
            None => parts.unions.push(alternatives),
        }
    }

    /// Gathers an alternative on top of what else holds for its node.
    pub(super) fn choose(&mut self, alternative: &Alternative<'a>, parts: &mut Parts<'a>) {
        self.gather(&alternative.conjunct, alternative.embedded, parts);
    }

    /// The term of an expression that is a scalar by itself.
    fn plain_scalar(&mut self, conjunct: &Conjunct<'a>) -> Option<Term> {
        match conjunct.expr {
            Expr::Paren { inner, .. } | Expr::Commented(inner, _) => self.plain_scalar(&conjunct.with(inner)),
            Expr::Lit(_) | Expr::Unary { .. } => self.term(conjunct).ok(),
            Expr::Ident(ident) => match conjunct.scope.resolve(self.files, &ident.name) {
                Target::Undeclared => self.term(conjunct).ok().filter(|term| !term.kinds.contains(Kinds::STRUCT)),
                _ => None,
            },
            _ => None,
        }
    }
}

fn alternatives_of<'a>(conjunct: &Conjunct<'a>, embedded: Option<Group>, out: &mut Vec<Alternative<'a>>) {
    // Chains of `|` may be longer than the stack is deep, so the left edge is followed in a loop.
    let (mut expr, mut rights) = (conjunct.expr, Vec::new());
    while let Expr::Binary { op: BinaryOp::Or, left, right, .. } = expr {
        rights.push(&**right);
        expr = left;
    }
    for expr in std::iter::once(expr).chain(rights.into_iter().rev()) {
        let (expr, is_default) = match expr {
            Expr::Unary { op: UnaryOp::Default, operand, .. } => (&**operand, true),
            expr => (expr, false),
        };
        out.push(Alternative { conjunct: conjunct.with(expr), is_default, embedded });
    }
}
