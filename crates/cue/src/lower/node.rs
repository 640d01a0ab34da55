//! From the parts of a node to its rule.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use vet::{Builder, GroupRule, Kind, ListRule, Pattern, Rule, StructRule};

use super::gather::{Alternative, Conjunct, Group, Parts, StructPart};
use super::guard::Guard;
use super::scalar::{Concrete, Kinds};
use super::scope::{Frame, Scope, Target, data_name};
use super::{Lowered, Options, Residual};
use crate::regexp;
use crate::syntax::ast::{Constraint, Decl, Expr, Field, File, Label, ListLit, UnaryOp};
use crate::syntax::literal::{Text, decode_text};

/// Structs and lists inside each other that are lowered; definitions that refer to themselves count once.
const DEPTH_MAX: usize = 64;
/// Nodes of one program.
const NODES_MAX: usize = 20_000;
/// Combinations of alternatives that are tried for one node.
const COMBINATIONS_MAX: usize = 128;
/// Memory for the tables of one pattern.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// A lowering in progress.
pub(super) struct Lowering<'a> {
    pub(super) files: &'a [std::sync::Arc<File>],
    pub(super) builder: Builder,
    pub(super) regexp_bytes_max: usize,
    groups: Group,
    nodes: usize,
    path: Vec<String>,
    residuals: Vec<Residual>,
    patterns: HashMap<String, Option<Arc<Pattern>>>,
    /// Definitions and fields of the package that stand for whole nodes, by name, closedness and leniency.
    known: HashMap<(String, bool, Missing), Node>,
}

/// What a node becomes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    rule: Rule,
    absent: Absent,
    kinds: Kinds,
}

/// Whether a regular field with this value may be absent from the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Absent {
    No,
    Unknown,
    Yes,
}

/// Whether what is missing in the data counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Missing {
    /// The value is valid only with all that is required.
    Counts,
    /// Required fields must be there, regular ones need not: whether a value matches, as `matchN` sees it.
    Required,
    /// Only contradictions matter: whether an alternative survives.
    Ignored,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(files: &'a [std::sync::Arc<File>], builder: Builder, regexp_bytes_max: usize) -> Lowering<'a> {
        Lowering {
            files,
            builder,
            regexp_bytes_max,
            groups: 0,
            nodes: 0,
            path: Vec::new(),
            residuals: Vec::new(),
            patterns: HashMap::new(),
            known: HashMap::new(),
        }
    }

    pub(super) fn new_group(&mut self) -> Group {
        self.groups += 1;
        self.groups
    }

    /// The rule of the value that an expression over the package stands for.
    pub(super) fn root(&mut self, expr: &'a Expr) -> Rule {
        if let Some(reason) = self.obstacle_of_package(expr) {
            return self.island(reason);
        }
        let conjunct = Conjunct { expr, scope: Frame::file(self.files, 0), groups: Rc::new([]) };
        self.node(&[conjunct], &BTreeSet::new(), Missing::Counts).rule
    }

    /// What is declared at the level of files but not as plain fields may add to any of them.
    fn obstacle_of_package(&self, expr: &Expr) -> Option<&'static str> {
        if !matches!(expr, Expr::Ident(_)) {
            return Some("the expression is not the name of a definition or field");
        }
        self.files.iter().flat_map(|file| &file.decls).find_map(|decl| match decl {
            Decl::Comprehension(_) => Some("the package has a comprehension at its top"),
            Decl::Embed(_) => Some("the package embeds a value at its top"),
            Decl::Field(Field { label: Label::Pattern(_) | Label::Paren(..) | Label::Interpolation(_), .. }) => {
                Some("the package has a pattern or a computed name at its top")
            }
            _ => None,
        })
    }

    /// A rule for what the evaluator has to judge.
    pub(super) fn island(&mut self, reason: &str) -> Rule {
        let residual = Residual { path: self.path.clone(), reason: reason.into() };
        if !self.residuals.contains(&residual) {
            self.residuals.push(residual);
        }
        self.builder.island(reason)
    }

    fn island_node(&mut self, reason: &str) -> Node {
        Node { rule: self.island(reason), absent: Absent::Unknown, kinds: Kinds::ALL }
    }

    pub(super) fn finish(mut self, rule: Rule, options: &Options) -> Lowered {
        let residuals = std::mem::take(&mut self.residuals);
        match self.builder.finish(rule) {
            Ok(program) => Lowered { program, residuals },
            Err(error) => {
                let reason = error.to_string();
                let residuals = vec![Residual { path: Vec::new(), reason: reason.clone() }];
                Lowered { program: one_island(&reason, options), residuals }
            }
        }
    }

    /// A pattern as tables; none if they would be too large, or the expression is malformed.
    pub(super) fn pattern(&mut self, source: &str) -> Option<Arc<Pattern>> {
        if let Some(known) = self.patterns.get(source) {
            return known.clone();
        }
        let hir = regexp::parse(source).ok();
        let pattern = hir.and_then(|hir| Pattern::new(source, &hir, PATTERN_BYTES_MAX).ok()).map(Arc::new);
        self.patterns.insert(source.into(), pattern.clone());
        pattern
    }

    /// The rule for a place that all these conjuncts are written for. `closed` are the groups that close it from outside.
    fn node(&mut self, conjuncts: &[Conjunct<'a>], closed: &BTreeSet<Group>, missing: Missing) -> Node {
        let key = self.key(conjuncts, closed, missing);
        if let Some(known) = key.as_ref().and_then(|key| self.known.get(key)) {
            return *known;
        }
        self.nodes += 1;
        if self.nodes > NODES_MAX || self.path.len() > DEPTH_MAX {
            return self.island_node("the definition is too large or nests too deeply");
        }
        let declared = key.map(|key| {
            let rule = self.builder.declare();
            let kinds = if self.is_struct(&key.0) { Kinds::STRUCT } else { Kinds::ALL };
            self.known.insert(key.clone(), Node { rule, absent: Absent::Unknown, kinds });
            (key, rule)
        });
        let mut parts = Parts { closed: closed.clone(), ..Parts::default() };
        for conjunct in conjuncts {
            self.gather(conjunct, None, &mut parts);
        }
        let mut budget = COMBINATIONS_MAX;
        let node = self.solve(parts, missing, &mut budget);
        if let Some((key, rule)) = declared {
            self.builder.define(rule, node.rule);
            self.known.insert(key, node);
        }
        node
    }

    /// Whether a field of the package is plainly a struct, before it is lowered.
    fn is_struct(&self, name: &str) -> bool {
        let fields = self.files.iter().flat_map(|file| &file.decls).filter_map(|decl| match decl {
            Decl::Field(field) => Some(field),
            _ => None,
        });
        let mut values = fields.filter(|field| matches!(&field.label, Label::Ident(ident) if ident.name == name));
        values.any(|field| match &field.value {
            Expr::Struct(lit) => {
                lit.decls.iter().any(|decl| matches!(decl, Decl::Field(field) if data_name(&field.label).is_some()))
            }
            _ => false,
        })
    }

    /// A node that is nothing but a reference to a field of the package is the same wherever it stands. All groups that
    /// close it from outside are the reference's own, so they allow what the field's own definition allows.
    fn key(
        &self,
        conjuncts: &[Conjunct<'a>],
        closed: &BTreeSet<Group>,
        missing: Missing,
    ) -> Option<(String, bool, Missing)> {
        let [Conjunct { expr: Expr::Ident(ident), scope, .. }] = conjuncts else { return None };
        match scope.resolve(self.files, &ident.name) {
            Target::Field { name, .. } => Some((name.into(), closed.is_empty(), missing)),
            _ => None,
        }
    }

    /// Takes alternatives apart, then makes the rule.
    fn solve(&mut self, mut parts: Parts<'a>, missing: Missing, budget: &mut usize) -> Node {
        if let Some(reason) = &parts.obstacle {
            let reason = reason.clone();
            return self.island_node(&reason);
        }
        if let Some(alternatives) = parts.unions.pop() {
            return self.union(&parts, &alternatives, missing, budget);
        }
        match parts.guards.pop() {
            Some(guard) => self.guarded(&parts, &guard, missing, budget),
            None => self.conjunction(&parts, missing),
        }
    }

    /// What holds with and without the fields under a condition.
    fn guarded(&mut self, parts: &Parts<'a>, guard: &Guard<'a>, missing: Missing, budget: &mut usize) -> Node {
        if *budget < 2 {
            return self.island_node("there are too many combinations of conditions");
        }
        *budget -= 2;
        let mut more = parts.clone();
        self.gather(&guard.then, None, &mut more);
        let (with, without) = (self.solve(more, missing, budget), self.solve(parts.clone(), missing, budget));
        let (condition, known) = self.condition(&guard.condition, parts);
        let chosen = self.builder.choose(condition, with.rule, without.rule);
        // Whatever the condition, one of the two has to hold.
        let either = self.builder.any_of([with.rule, without.rule]);
        let absent = if with.absent == without.absent { with.absent } else { Absent::Unknown };
        Node { rule: self.builder.all([chosen, known, either]), absent, kinds: with.kinds.or(without.kinds) }
    }

    fn union(
        &mut self,
        parts: &Parts<'a>,
        alternatives: &[Alternative<'a>],
        missing: Missing,
        budget: &mut usize,
    ) -> Node {
        let mut chosen = Vec::new();
        for alternative in alternatives {
            if *budget == 0 {
                return self.island_node("there are too many combinations of alternatives");
            }
            *budget -= 1;
            let mut lower = |missing| self.alternative(parts, alternative, missing, budget);
            let survives = lower(Missing::Ignored);
            let valid = if missing == Missing::Ignored { survives } else { lower(missing) };
            chosen.push((survives, valid, alternative.is_default));
        }
        let defaults: Vec<&Node> = chosen.iter().filter(|chosen| chosen.2).map(|(_, valid, _)| valid).collect();
        let absent = match *defaults {
            [] => Absent::No,
            [node] if parts.terms.is_empty() && parts.structs.is_empty() => node.absent,
            _ => Absent::Unknown,
        };
        let kinds = chosen.iter().fold(Kinds::NONE, |kinds, (_, valid, _)| kinds.or(valid.kinds));
        let several = |kind| chosen.iter().filter(|(survives, ..)| survives.kinds.contains(kind)).count() > 1;
        let is_clear = !several(Kinds::STRUCT) && !several(Kinds::LIST);
        let rule = if is_clear || missing == Missing::Ignored {
            self.builder.any_of(chosen.iter().map(|(_, valid, _)| valid.rule).collect::<Vec<_>>())
        } else {
            self.ambiguous(&chosen)
        };
        Node { rule, absent, kinds }
    }

    /// An alternative together with what else holds for its node. Alone it is a node like any other.
    fn alternative(
        &mut self,
        parts: &Parts<'a>,
        alternative: &Alternative<'a>,
        missing: Missing,
        budget: &mut usize,
    ) -> Node {
        if parts.is_bare() && !alternative.is_embedded() {
            return self.node(std::slice::from_ref(&alternative.conjunct), &parts.closed, missing);
        }
        let mut parts = parts.clone();
        self.choose(alternative, &mut parts);
        self.solve(parts, missing, budget)
    }

    /// Alternatives of which several may survive. Surviving defaults eliminate the others.
    fn ambiguous(&mut self, chosen: &[(Node, Node, bool)]) -> Rule {
        let pairs = |defaults_only: bool| -> Vec<(Rule, Rule)> {
            let wanted = chosen.iter().filter(|(_, _, is_default)| *is_default || !defaults_only);
            wanted.map(|(survives, valid, _)| (survives.rule, valid.rule)).collect()
        };
        let (marked, all) = (pairs(true), pairs(false));
        let one_of_all = self.builder.alternatives(&all);
        if marked.is_empty() {
            return one_of_all;
        }
        let one_of_marked = self.builder.alternatives(&marked);
        let survives = self.builder.any_of(marked.iter().map(|(survives, _)| *survives).collect::<Vec<_>>());
        self.builder.choose(survives, one_of_marked, one_of_all)
    }

    /// The rule of a schema that values are matched with.
    pub(super) fn schema(&mut self, expr: &'a Expr, around: &Conjunct<'a>) -> Rule {
        let conjunct = Conjunct { expr, scope: around.scope.clone(), groups: Rc::new([]) };
        self.node(&[conjunct], &BTreeSet::new(), Missing::Required).rule
    }

    fn conjunction(&mut self, parts: &Parts<'a>, missing: Missing) -> Node {
        let composite = !parts.structs.is_empty() || !parts.lists.is_empty();
        if composite && parts.terms.iter().any(|term| term.is_whole) {
            return self.island_node("matchN is unified with a struct or list");
        }
        if missing == Missing::Required && parts.terms.iter().any(|term| term.counts_members) {
            return self.island_node("members are counted inside matchN");
        }
        let mut rules = Vec::new();
        let mut kinds = Kinds::ALL;
        let mut concrete = Vec::new();
        for term in parts.terms.iter().filter(|term| !term.is_top) {
            if term.counts_members && missing == Missing::Ignored {
                // Members may still be missing.
                continue;
            }
            rules.push(term.rule);
            kinds = kinds.and(term.kinds);
            concrete.push(term.concrete);
        }
        let mut absent = match *concrete {
            [Concrete::Default] => Absent::Yes,
            _ if concrete.contains(&Concrete::Yes) => Absent::Yes,
            _ if concrete.contains(&Concrete::Default) => Absent::Unknown,
            _ => Absent::No,
        };
        if !parts.structs.is_empty() {
            let counts = parts.terms.iter().any(|term| term.counts_members);
            let (rule, struct_absent) = self.structure(parts, missing, counts);
            rules.push(rule);
            kinds = kinds.and(Kinds::STRUCT);
            absent = if concrete.is_empty() { struct_absent } else { struct_absent.min(Absent::Unknown) };
        }
        if !parts.lists.is_empty() {
            let (rule, list_absent) = match *parts.lists {
                [(lit, ref conjunct)] => self.list(lit, conjunct, parts, missing),
                _ => (self.island("several lists are unified"), Absent::Unknown),
            };
            rules.push(rule);
            kinds = kinds.and(Kinds::LIST);
            absent = if concrete.is_empty() { list_absent } else { list_absent.min(Absent::Unknown) };
        }
        let rule = match *rules {
            [] => self.builder.any(),
            [rule] => rule,
            _ => self.builder.all(rules),
        };
        Node { rule, absent, kinds }
    }

    fn list(
        &mut self,
        lit: &'a ListLit,
        conjunct: &Conjunct<'a>,
        parts: &Parts<'a>,
        missing: Missing,
    ) -> (Rule, Absent) {
        // Beside a validator of the list, what closes the list from outside does not close its elements.
        let validated = parts.terms.iter().any(|term| !term.is_top);
        let groups = if validated { Rc::new([]) as Rc<[Group]> } else { inner_groups(parts, &conjunct.groups) };
        let closed = inner_closed(parts, &groups);
        let (mut prefix, mut absent) = (Vec::new(), Absent::Yes);
        let mut rest = None;
        for (index, element) in lit.elements.iter().enumerate() {
            let expr = match element {
                Expr::Ellipsis(ellipsis) => match &ellipsis.value {
                    None => {
                        rest = Some(self.builder.any());
                        continue;
                    }
                    Some(expr) => &**expr,
                },
                Expr::Comprehension(_) => return (self.island("elements come from a comprehension"), Absent::Unknown),
                Expr::Alias { .. } => return (self.island("an element has an alias"), Absent::Unknown),
                element => element,
            };
            let is_rest = matches!(element, Expr::Ellipsis(_));
            self.path.push(if is_rest { "[]".into() } else { index.to_string() });
            let inner = Conjunct { expr, scope: conjunct.scope.clone(), groups: groups.clone() };
            let mut node = self.node(&[inner], &closed, missing);
            if validated && !matches!(expr, Expr::Ident(_)) {
                node.rule = self.doubtful_members(node, "it is not known what closes the elements of a validated list");
            }
            self.path.pop();
            if is_rest {
                rest = Some(node.rule);
            } else {
                absent = absent.min(node.absent);
                prefix.push(node.rule);
            }
        }
        let length = prefix.len();
        let length_max = rest.is_none().then_some(length);
        let rest = rest.unwrap_or_else(|| self.builder.never());
        let rule = ListRule { prefix, length_min: length, length_max, ..ListRule::of(rest) };
        (self.builder.list(rule), absent)
    }

    /// The rule, in doubt for structs and lists.
    fn doubtful_members(&mut self, node: Node, reason: &str) -> Rule {
        if !node.kinds.contains(Kinds::STRUCT) && !node.kinds.contains(Kinds::LIST) {
            return node.rule;
        }
        let island = self.island(reason);
        let (structs, lists) = (self.builder.when(Kind::Struct, island), self.builder.when(Kind::List, island));
        self.builder.all([node.rule, structs, lists])
    }

    fn structure(&mut self, parts: &Parts<'a>, missing: Missing, counts_members: bool) -> (Rule, Absent) {
        let patterns = match self.member_patterns(parts) {
            Ok(patterns) => patterns,
            Err(reason) => return (self.island(reason), Absent::Unknown),
        };
        let any = self.builder.any();
        let mut rule = StructRule { groups: Vec::new(), ..StructRule::new(any) };
        let (mut absent, mut provides) = (Absent::Yes, false);
        let mut doubtful = false;
        for (name, fields) in fields_by_name(parts) {
            self.path.push(name.clone());
            let (node, constraint) = self.field(parts, &patterns, &name, &fields, missing);
            self.path.pop();
            let may_be_absent = match constraint {
                Constraint::Optional => Absent::Yes,
                Constraint::Required => Absent::No,
                Constraint::None => node.absent,
            };
            provides |= constraint == Constraint::None;
            absent = absent.min(may_be_absent);
            doubtful |= may_be_absent == Absent::Unknown;
            let counts = match missing {
                Missing::Counts => may_be_absent == Absent::No,
                Missing::Required => constraint == Constraint::Required,
                Missing::Ignored => false,
            };
            if counts {
                rule.required.push(name.clone());
            }
            rule.fields.push((name, node.rule));
        }
        if counts_members && provides {
            return (self.island("fields that the schema provides are counted"), Absent::Unknown);
        }
        rule.groups = self.groups_of(parts, &patterns, missing);
        let mut rule = self.builder.structure(rule);
        if doubtful && missing == Missing::Counts {
            let island = self.island("it is not known whether a field may be absent");
            rule = self.builder.all([rule, island]);
        }
        (rule, if counts_members { absent.min(Absent::Unknown) } else { absent })
    }

    /// The value of a field, and whether it must be there: regular before required before optional.
    fn field(
        &mut self,
        parts: &Parts<'a>,
        patterns: &[MemberPattern<'a>],
        name: &str,
        fields: &[(&'a Field, &StructPart<'a>)],
        missing: Missing,
    ) -> (Node, Constraint) {
        let is = |constraint| fields.iter().any(|(field, _)| field.constraint == constraint);
        let constraint = [Constraint::None, Constraint::Required].into_iter().find(|constraint| is(*constraint));
        let constraint = constraint.unwrap_or(Constraint::Optional);
        let allows = |group: Group| {
            fields.iter().any(|(_, part)| part.groups.contains(&group))
                || patterns.iter().any(|pattern| pattern.groups.contains(&group) && pattern.matches(name))
        };
        if !parts.closing().all(allows) {
            return (Node { rule: self.builder.never(), absent: Absent::No, kinds: Kinds::NONE }, constraint);
        }
        let own = fields.iter().map(|(field, part)| (&field.value, &part.scope, &part.groups));
        let matching = patterns.iter().filter(|pattern| pattern.matches(name));
        let all = own.chain(matching.map(|pattern| (pattern.value, &pattern.scope, &pattern.groups)));
        let conjuncts: Vec<Conjunct<'a>> = all
            .map(|(expr, scope, groups)| Conjunct { expr, scope: scope.clone(), groups: inner_groups(parts, groups) })
            .collect();
        let groups: Vec<Group> = conjuncts.iter().flat_map(|conjunct| conjunct.groups.iter().copied()).collect();
        (self.node(&conjuncts, &inner_closed(parts, &groups), missing), constraint)
    }

    /// What holds for members that are no fields.
    fn groups_of(&mut self, parts: &Parts<'a>, patterns: &[MemberPattern<'a>], missing: Missing) -> Vec<GroupRule> {
        let (any, never) = (self.builder.any(), self.builder.never());
        let mut groups = Vec::new();
        for group in parts.closing() {
            let allowed = patterns.iter().filter(|pattern| pattern.groups.contains(&group));
            let patterns = allowed.map(|pattern| (pattern.names.clone(), any)).collect();
            groups.push(GroupRule { patterns, fields: false, rest: never });
        }
        self.path.push("[pattern]".into());
        let mut rules = Vec::new();
        for pattern in patterns {
            let groups = inner_groups(parts, &pattern.groups);
            let closed = inner_closed(parts, &groups);
            let conjunct = Conjunct { expr: pattern.value, scope: pattern.scope.clone(), groups };
            let node = self.node(&[conjunct], &closed, missing);
            let rule = match patterns.len() {
                1 => node.rule,
                // A name may match several patterns, and their structs are closed together, not each by itself.
                _ => self.doubtful_members(node, "a field may match several patterns"),
            };
            rules.push((pattern.names.clone(), rule));
        }
        self.path.pop();
        if !rules.is_empty() || groups.is_empty() {
            groups.push(GroupRule { patterns: rules, fields: false, rest: any });
        }
        groups
    }

    fn member_patterns(&mut self, parts: &Parts<'a>) -> Result<Vec<MemberPattern<'a>>, &'static str> {
        let mut patterns = Vec::new();
        for part in &parts.structs {
            for decl in part.decls {
                let Decl::Field(field) = decl else { continue };
                let Label::Pattern(pattern) = &field.label else { continue };
                let source = self.names_of(&pattern.expr, &part.scope).ok_or("a pattern of names is not a regexp")?;
                let names = self.pattern(&source).ok_or("the regexp of a pattern is too large")?;
                let (value, scope, groups) = (&field.value, part.scope.clone(), part.groups.clone());
                patterns.push(MemberPattern { names, value, scope, groups });
            }
        }
        Ok(patterns)
    }

    /// The regular expression for the names that a pattern stands for.
    fn names_of(&self, expr: &Expr, scope: &Scope<'a>) -> Option<String> {
        match expr {
            Expr::Ident(ident) if matches!(&*ident.name, "string" | "_") => {
                matches!(scope.resolve(self.files, &ident.name), Target::Undeclared).then(String::new)
            }
            Expr::Unary { op: UnaryOp::Match, operand, .. } => match &**operand {
                Expr::Lit(lit) => match decode_text(&lit.raw) {
                    Ok(Text::String(source)) => Some(source),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }
}

/// `[pattern]: value`.
struct MemberPattern<'a> {
    names: Arc<Pattern>,
    value: &'a Expr,
    scope: Scope<'a>,
    groups: Rc<[Group]>,
}

impl MemberPattern<'_> {
    fn matches(&self, name: &str) -> bool {
        self.names.matches(name.bytes())
    }
}

/// The fields that data may have, in the order of their first declaration, each with all its declarations.
fn fields_by_name<'a, 'p>(parts: &'p Parts<'a>) -> Vec<(String, Vec<(&'a Field, &'p StructPart<'a>)>)> {
    let mut names: Vec<(String, Vec<(&Field, &StructPart<'a>)>)> = Vec::new();
    let mut places = HashMap::new();
    for part in &parts.structs {
        for decl in part.decls {
            let Decl::Field(field) = decl else { continue };
            let Some(name) = data_name(&field.label) else { continue };
            let place = *places.entry(name.clone()).or_insert_with(|| {
                names.push((name, Vec::new()));
                names.len() - 1
            });
            names[place].1.push((field, part));
        }
    }
    names
}

/// The groups that a conjunct of a field or element belongs to, if the conjunct around it belongs to these.
fn inner_groups(parts: &Parts<'_>, groups: &[Group]) -> Rc<[Group]> {
    groups.iter().copied().filter(|group| !parts.shallow.contains(group)).collect()
}

/// The groups that close a field or element with conjuncts of these groups.
fn inner_closed(parts: &Parts<'_>, groups: &[Group]) -> BTreeSet<Group> {
    let closes = |group: &Group| parts.closed.contains(group) && !parts.shallow.contains(group);
    groups.iter().copied().filter(closes).collect()
}

fn one_island(reason: &str, options: &Options) -> vet::Program {
    let mut builder = Builder::new();
    builder.limits(options.limits);
    let island = builder.island(reason);
    builder.finish(island).expect("a single rule makes a program")
}
