//! From the parts of a node to its rule.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::slice;
use std::sync::Arc;

use vet::{Builder, GroupRule, Kind, ListRule, Pattern, Relation, Rule, StructRule};

use super::computed::Reader;
use super::each::{Each, Others};
use super::gather::{Alternative, Conjunct, Group, LAST_MARK, OPENED, Parts, Presence, StructPart, TRIED};
use super::guard::{Guard, Then};
use super::named::Named;
use super::scalar::{Concrete, Extent, Kinds, Sees, Term, may_conflict};
use super::scope::{Frame, Scope, Target, data_name, is_definition};
use super::{Lowered, Options, Residual, walk};
use crate::ir::Atom;
use crate::regexp;
use crate::syntax::ast::{Constraint, Decl, Expr, Field, File, Label, ListLit, Selector};

/// Structs and lists inside each other that are lowered; definitions that refer to themselves count once.
const DEPTH_MAX: usize = 64;
/// Nodes of one program.
const NODES_MAX: usize = 20_000;
/// Groups of conjuncts, for each that closes their node, that count as a node more: they are all looked at for each field.
const GROUPS_PER_NODE: usize = 256;
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
    pub(super) path: Vec<String>,
    residuals: Vec<Residual>,
    /// The whole package is the schema, so that the fields of its files are data.
    files_are_data: bool,
    /// The struct whose field is being lowered, as long as what holds for the field holds whenever it is there.
    beside: Option<Beside<'a>>,
    /// The member of any name whose value is being lowered, on the same terms.
    pub(super) named: Option<Named<'a>>,
    patterns: HashMap<String, Option<Arc<Pattern>>>,
    /// Definitions and fields of the package that stand for whole nodes, by name, closedness and leniency.
    known: HashMap<Key, Node>,
}

/// What a node becomes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    rule: Rule,
    absent: Absent,
    kinds: Kinds,
    /// Whether the schema adds to data here, or inside: fields that the data need not have.
    provides: bool,
    /// Whether the value may be in error as long as there is no data, which leaves one of its other alternatives.
    fails: bool,
    /// Whether fields may stand around a scalar, which makes it another value than the scalar alone.
    dresses: bool,
    /// Whether one of its alternatives is a default, as far as that is known.
    defaults: bool,
}

impl Node {
    /// Nothing is known but the rule.
    fn unknown(rule: Rule) -> Node {
        Node {
            rule,
            absent: Absent::Unknown,
            kinds: Kinds::ALL,
            provides: true,
            fails: true,
            dresses: true,
            defaults: true,
        }
    }
}

/// A struct, seen from one of its fields.
struct Beside<'a> {
    /// Its declarations.
    frames: Vec<Scope<'a>>,
    field: String,
    is_optional: bool,
    /// What has been found to hold between its members, and whether it looks inside their values.
    relations: Vec<(Relation, bool)>,
}

/// What tells a node that is nothing but references from others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    /// In alphabetical order; a name may stand here more than once.
    names: Vec<String>,
    is_open: bool,
    is_tried: bool,
    is_opened: bool,
    missing: Missing,
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
pub(super) enum Missing {
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
            groups: LAST_MARK,
            nodes: 0,
            path: Vec::new(),
            residuals: Vec::new(),
            files_are_data: false,
            beside: None,
            named: None,
            patterns: HashMap::new(),
            known: HashMap::new(),
        }
    }

    pub(super) fn last_group(&self) -> Group {
        self.groups
    }

    pub(super) fn new_group(&mut self) -> Group {
        self.groups += 1;
        self.groups
    }

    /// What a name stands for.
    pub(super) fn resolve(&self, scope: &Scope<'a>, name: &str) -> Target<'a> {
        scope.resolve(self.files, name, self.files_are_data)
    }

    /// The rule of the whole package.
    pub(super) fn whole(&mut self) -> Rule {
        self.files_are_data = true;
        // Definitions of the package are judged with it, and those that wait for data are in error.
        if self.files.iter().flat_map(|file| &file.decls).any(is_waiting_definition) {
            return self.island("a definition of the package may be in error as long as it has no data");
        }
        let mut parts = Parts::default();
        self.package(&mut parts);
        let mut budget = COMBINATIONS_MAX;
        self.solve(parts, Missing::Counts, &mut budget).rule
    }

    /// The rule of the value that an expression over the package stands for.
    pub(super) fn root(&mut self, expr: &'a Expr) -> Rule {
        if let Some(reason) = self.obstacle_of_package() {
            return self.island(reason);
        }
        let conjunct = Conjunct { expr, scope: Frame::file(self.files, 0), groups: Rc::new([]) };
        self.node(&[conjunct], &BTreeSet::new(), Missing::Counts).rule
    }

    /// What is declared at the level of files but not as plain fields may add to any of them.
    fn obstacle_of_package(&self) -> Option<&'static str> {
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
        Node::unknown(self.island(reason))
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
        let groups: usize = conjuncts.iter().map(|conjunct| conjunct.groups.len()).sum();
        self.nodes += 1 + groups * closed.len() / GROUPS_PER_NODE;
        if self.nodes > NODES_MAX || self.path.len() > DEPTH_MAX {
            let reason = "the definition is too large or nests too deeply";
            // One place stands for all: there may be thousands.
            let is_told = self.residuals.iter().any(|residual| residual.reason == reason);
            return Node::unknown(if is_told { self.builder.island(reason) } else { self.island(reason) });
        }
        let declared = key.map(|key| {
            let rule = self.builder.declare();
            let is_struct = key.names.iter().any(|name| self.is_struct(name));
            let kinds = if is_struct { Kinds::STRUCT } else { Kinds::ALL };
            let node = Node { kinds, dresses: !is_struct, defaults: !is_struct, ..Node::unknown(rule) };
            self.known.insert(key.clone(), node);
            (key, rule)
        });
        let lower = |lowering: &mut Lowering<'a>| {
            let mut parts = Parts { closed: closed.clone(), ..Parts::default() };
            for conjunct in conjuncts {
                lowering.gather(conjunct, None, &mut parts);
            }
            let mut budget = COMBINATIONS_MAX;
            lowering.solve(parts, missing, &mut budget)
        };
        // What is lowered once for all places cannot be about what stands beside one of them.
        let node = if declared.is_some() { self.apart(lower) } else { lower(self) };
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
    /// close it from outside are the reference's own, so they allow what the field's own definition allows. Of several
    /// references that holds if each is one to a definition, which closes by itself.
    fn key(&self, conjuncts: &[Conjunct<'a>], closed: &BTreeSet<Group>, missing: Missing) -> Option<Key> {
        let name_of = |conjunct: &Conjunct<'a>| match conjunct.expr {
            Expr::Ident(ident) => match self.resolve(&conjunct.scope, &ident.name) {
                Target::Field { name, .. } => Some(name.to_owned()),
                _ => None,
            },
            _ => None,
        };
        let mut names: Vec<String> = conjuncts.iter().map(name_of).collect::<Option<_>>()?;
        names.sort_unstable();
        let marks = |conjunct: &Conjunct<'a>| [TRIED, OPENED].map(|mark| conjunct.groups.contains(&mark));
        let [is_tried, is_opened] = marks(conjuncts.first()?);
        let are_alike = conjuncts.iter().all(|conjunct| marks(conjunct) == [is_tried, is_opened]);
        let are_definitions = names.len() == 1 || names.iter().all(|name| is_definition(name));
        let key = Key { names, is_open: closed.is_empty(), is_tried, is_opened, missing };
        (are_alike && are_definitions).then_some(key)
    }

    /// Takes alternatives apart, then makes the rule.
    fn solve(&mut self, mut parts: Parts<'a>, missing: Missing, budget: &mut usize) -> Node {
        if let Some(reason) = &parts.obstacle {
            let reason = reason.clone();
            let kinds = if parts.is_struct() { Kinds::STRUCT } else { Kinds::ALL };
            return Node { kinds, ..self.island_node(&reason) };
        }
        if let Some(alternatives) = parts.unions.pop() {
            return self.apart(|lowering| lowering.union(&parts, &alternatives, missing, budget));
        }
        match parts.guards.pop() {
            Some(guard) => self.apart(|lowering| lowering.guarded(&parts, &guard, missing, budget)),
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
        match &guard.then {
            Then::Conjunct(conjunct) => self.gather(conjunct, None, &mut more),
            Then::Field(part) => more.structs.push(part.clone()),
        }
        let (with, without) = (self.solve(more, missing, budget), self.solve(parts.clone(), missing, budget));
        let (condition, known) = self.condition(&guard.condition, parts);
        let chosen = self.builder.choose(condition, with.rule, without.rule);
        // Whatever the condition, one of the two has to hold.
        let either = self.builder.any_of([with.rule, without.rule]);
        let absent = if with.absent == without.absent { with.absent } else { Absent::Unknown };
        let provides = with.provides || without.provides;
        let kinds = with.kinds.or(without.kinds);
        let fails = guard.condition.fails() || with.fails || without.fails;
        let dresses = with.dresses || without.dresses;
        Node {
            rule: self.builder.all([chosen, known, either]),
            absent,
            kinds,
            provides,
            fails,
            dresses,
            defaults: with.defaults || without.defaults,
        }
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
        let both = |one: &Node, other: &Node| one.kinds.and(other.kinds).and(Kinds::SCALARS) != Kinds::NONE;
        let is_dressed_choice = chosen.iter().enumerate().any(|(at, (one, ..))| {
            one.dresses && chosen.iter().enumerate().any(|(index, (other, ..))| index != at && both(one, other))
        });
        if is_dressed_choice && missing != Missing::Ignored {
            return self.island_node("several alternatives may be a scalar, of which one has fields");
        }
        let defaults: Vec<&Node> = chosen.iter().filter(|chosen| chosen.2).map(|(_, valid, _)| valid).collect();
        let is_alone = parts.terms.is_empty() && parts.structs.is_empty() && parts.lists.is_empty();
        // One that is in error leaves the others.
        let is_reduced = chosen.iter().any(|(_, valid, _)| valid.fails);
        let fails = chosen.iter().all(|(_, valid, _)| valid.fails);
        // What is a default inside of one alternative is one of all.
        let has_inner = chosen.iter().any(|(_, valid, _)| valid.defaults);
        let absent = match *defaults {
            [] if is_reduced || has_inner || may_be_one(alternatives, &chosen) => Absent::Unknown,
            [] if is_alone || chosen.iter().all(|(_, valid, _)| valid.absent == Absent::No) => Absent::No,
            [node] if is_alone && !node.fails => node.absent,
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
        let provides = chosen.iter().any(|(_, valid, _)| valid.provides);
        let dresses = chosen.iter().any(|(_, valid, _)| valid.dresses);
        let has_default = !defaults.is_empty() || has_inner;
        Node { rule, absent, kinds, provides, fails, dresses, defaults: has_default }
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
            return self.node(slice::from_ref(&alternative.conjunct), &parts.closed, missing);
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
        self.apart(|lowering| lowering.node(&[conjunct], &BTreeSet::new(), Missing::Required).rule)
    }

    /// The same, if it allows neither structs nor lists.
    pub(super) fn scalar_schema(&mut self, expr: &'a Expr, around: &Conjunct<'a>) -> Option<Rule> {
        let conjunct = Conjunct { expr, scope: around.scope.clone(), groups: Rc::new([]) };
        let node = self.apart(|lowering| lowering.node(&[conjunct], &BTreeSet::new(), Missing::Required));
        let is_scalar = !node.kinds.contains(Kinds::STRUCT) && !node.kinds.contains(Kinds::LIST);
        is_scalar.then_some(node.rule)
    }

    /// Lowers something that does not hold whenever the field around it is there, or that is not the field itself.
    pub(super) fn apart<T>(&mut self, lower: impl FnOnce(&mut Lowering<'a>) -> T) -> T {
        let around = (self.beside.take(), self.named.take());
        let lowered = lower(self);
        (self.beside, self.named) = around;
        lowered
    }

    /// The frames of the struct whose field is being lowered.
    pub(super) fn frames_beside(&self) -> Vec<Scope<'a>> {
        self.beside.as_ref().map(|beside| beside.frames.clone()).unwrap_or_default()
    }

    /// Adds what holds between the field that is being lowered and those that have been read; false if there is none.
    pub(super) fn relate(
        &mut self,
        read: Reader<'a>,
        relation: impl FnOnce(&str, bool, Vec<String>) -> Option<Relation>,
    ) -> bool {
        let Some(beside) = &mut self.beside else { return false };
        let Some(relation) = relation(&beside.field, beside.is_optional, read.members) else { return false };
        beside.relations.push((relation, read.looks_inside));
        true
    }

    /// A constant that the expression stands for.
    pub(super) fn constant(&self, expr: &'a Expr, scope: &Scope<'a>) -> Option<Atom> {
        Reader::new(Vec::new()).read(self, expr, scope)?.constant()
    }

    /// The name of a field in data, also if it is computed from constants.
    pub(super) fn name_of(&self, label: &'a Label, scope: &Scope<'a>) -> Option<String> {
        let computed = match label {
            Label::Paren(expr, _) => self.constant(expr, scope)?,
            Label::Interpolation(interpolation) => {
                Reader::new(Vec::new()).interpolation(self, interpolation, scope)?.constant()?
            }
            label => return data_name(label),
        };
        match computed {
            Atom::String(name) => Some(name.to_string()),
            _ => None,
        }
    }

    /// A program of its own for a schema that the text of a string has to satisfy.
    pub(super) fn program_of(&mut self, schema: &'a Expr, around: &Conjunct<'a>) -> Result<vet::Program, String> {
        let outer = (std::mem::take(&mut self.builder), std::mem::take(&mut self.known));
        let rule = self.schema(schema, around);
        let builder = std::mem::replace(&mut self.builder, outer.0);
        self.known = outer.1;
        builder.finish(rule).map_err(|error| error.to_string())
    }

    /// Whether the node has a single declaration of a field.
    pub(super) fn declared_once(&self, parts: &Parts<'a>, name: &str) -> bool {
        self.fields_by_name(parts).iter().any(|(known, fields)| known == name && fields.len() == 1)
    }

    fn conjunction(&mut self, parts: &Parts<'a>, missing: Missing) -> Node {
        let terms: Vec<&Term> = parts.terms.iter().filter(|term| !term.is_top).collect();
        let counts_members = |term: &Term| term.extent.is_some() && term.kinds == Kinds::STRUCT;
        if missing == Missing::Required && terms.iter().any(|term| counts_members(term)) {
            return self.island_node("members are counted inside matchN");
        }
        if !parts.is_struct() && parts.structs.iter().any(|part| part.presence == Presence::Depends) {
            return self.island_node("a literal of comprehensions may be no struct");
        }
        if parts.stands_beside_embedding() {
            return self.island_node("a struct stands beside one that embeds a definition");
        }
        let mut rules = Vec::new();
        let mut kinds = Kinds::ALL;
        for term in &terms {
            kinds = kinds.and(term.kinds);
            // A struct counts its members itself. While something may be missing, there are none to count.
            if !counts_members(term) || parts.structs.is_empty() && missing != Missing::Ignored {
                rules.push(term.rule);
            }
        }
        let mut composites = Vec::new();
        let mut dresses = parts.hides;
        if !parts.structs.is_empty() {
            let extents = terms.iter().filter(|term| counts_members(term)).filter_map(|term| term.extent);
            let structure = self.structure(parts, missing, extents.collect());
            let is_struct = parts.is_struct() || terms.iter().any(|term| term.kinds == Kinds::STRUCT);
            dresses = !is_struct;
            composites.push(match is_struct {
                true => (Kinds::STRUCT, structure),
                false => {
                    let takes_lists = |term: &Term| term.is_top || term.kinds == Kinds::LIST;
                    let closes_lists = kinds.contains(Kinds::LIST) && parts.terms.iter().any(takes_lists);
                    (Kinds::ALL, self.unless_other(structure, closes_lists))
                }
            });
        }
        if !parts.lists.is_empty() {
            composites.push((Kinds::LIST, self.apart(|lowering| lowering.list(parts, missing))));
        }
        let is_first = |index: usize, term: &Term| {
            term.origin.is_none() || terms[..index].iter().all(|earlier| earlier.origin != term.origin)
        };
        let distinct = terms.iter().enumerate().filter(|(index, term)| is_first(*index, term));
        let distinct: Vec<&Term> = distinct.map(|(_, term)| *term).collect();
        let concrete: Vec<Concrete> = distinct.iter().map(|term| term.concrete).collect();
        let is_narrowed = distinct.iter().enumerate().any(|(at, choice)| {
            choice.concrete == Concrete::Choice
                && distinct.iter().enumerate().any(|(other, term)| other != at && term.narrows(choice))
        });
        let conflicts = may_conflict(&distinct);
        let mut absent = match *concrete {
            [Concrete::Default] => Absent::Yes,
            // Beside what it may break, the schema may be in error wherever it is asked for.
            _ if concrete.contains(&Concrete::Yes) && !conflicts => Absent::Yes,
            _ if is_narrowed || concrete.iter().any(|one| matches!(one, Concrete::Yes | Concrete::Default)) => {
                Absent::Unknown
            }
            _ => Absent::No,
        };
        let is_tried = parts.is_tried && terms.iter().any(|term| !term.is_type);
        let mut fails = is_tried || conflicts;
        let mut provides = false;
        for (kind, composite) in composites {
            if terms.iter().any(|term| composite.is_seen(&term.sees)) {
                return self.island_node("a validator sees what the schema provides");
            }
            rules.push(composite.rule);
            kinds = kinds.and(kind);
            if kind == Kinds::ALL && kinds.and(Kinds::STRUCT.or(Kinds::LIST)) == Kinds::NONE {
                // A scalar is what it is without the fields that the literal allows.
                continue;
            }
            absent = composite.absent_beside(kind, &terms, &self.builder);
            provides |= composite.unnamed || !composite.provided.is_empty();
            // A validator of members or elements that are not there.
            fails |= composite.fails || composite.may_break(kind, &terms, &self.builder);
        }
        if kinds == Kinds::NONE {
            // No value is all of it, so what the schema provides is none either.
            (absent, fails) = (Absent::No, true);
        }
        let rule = match *rules {
            [] => self.builder.any(),
            [rule] => rule,
            _ => self.builder.all(rules),
        };
        let defaults = concrete.contains(&Concrete::Default);
        Node { rule, absent, kinds, provides, fails, dresses, defaults }
    }

    /// All lists that are unified, element by element.
    fn list(&mut self, parts: &Parts<'a>, missing: Missing) -> Composite {
        let mut sides = Vec::new();
        for (lit, conjunct) in &parts.lists {
            match side(lit, conjunct, parts) {
                Ok(side) => sides.push(side),
                Err(reason) => return Composite::unknown(self.island(reason)),
            }
        }
        let length = sides.iter().map(|side| side.prefix.len()).max().unwrap_or(0);
        let length_max = sides.iter().filter(|side| side.rest.is_none()).map(|side| side.prefix.len()).min();
        let (mut prefix, mut absent, mut provides) = (Vec::new(), Absent::Yes, false);
        let mut fails = length_max.is_some_and(|max| length > max);
        for index in 0..length {
            let element = |side: &Side<'a>| side.prefix.get(index).cloned().or_else(|| side.rest.clone().flatten());
            let conjuncts: Vec<Conjunct<'a>> = sides.iter().filter_map(element).collect();
            let node = self.element(conjuncts, index.to_string(), parts, missing);
            (absent, provides, fails) = (absent.min(node.absent), provides | node.provides, fails | node.fails);
            prefix.push(node.rule);
        }
        let rest = if sides.iter().all(|side| side.rest.is_some()) {
            let conjuncts = sides.into_iter().filter_map(|side| side.rest.flatten()).collect();
            let node = self.element(conjuncts, "[]".into(), parts, missing);
            provides |= node.provides;
            node.rule
        } else {
            self.builder.never()
        };
        let rule = ListRule { prefix, length_min: length, length_max, ..ListRule::of(rest) };
        let rule = self.builder.list(rule);
        let provided = BTreeSet::new();
        Composite { rule, absent, provided, unnamed: provides, given: length, regular: length, fails }
    }

    /// An element that all these conjuncts are written for.
    fn element(&mut self, conjuncts: Vec<Conjunct<'a>>, step: String, parts: &Parts<'a>, missing: Missing) -> Node {
        let groups: Vec<Group> = conjuncts.iter().flat_map(|conjunct| conjunct.groups.iter().copied()).collect();
        self.path.push(step);
        let node = self.node(&conjuncts, &inner_closed(parts, &groups), missing);
        self.path.pop();
        node
    }

    /// The rule for scalars; structs and lists are left to the evaluator.
    fn doubtful_members(&mut self, node: Node, reason: &str) -> Rule {
        if !node.kinds.contains(Kinds::STRUCT) && !node.kinds.contains(Kinds::LIST) {
            return node.rule;
        }
        let island = self.island(reason);
        let any = self.builder.any();
        let (structs, lists) = (self.builder.structure(StructRule::new(any)), self.builder.list(ListRule::of(any)));
        let has_members = self.builder.any_of([structs, lists]);
        self.builder.choose(has_members, island, node.rule)
    }

    /// `extents` say how many members there may be.
    fn structure(&mut self, parts: &Parts<'a>, missing: Missing, extents: Vec<Extent>) -> Composite {
        let patterns = match self.member_patterns(parts) {
            Ok(patterns) => patterns,
            Err(reason) => return Composite::unknown(self.island(&reason)),
        };
        let any = self.builder.any();
        let mut rule = StructRule { groups: Vec::new(), ..StructRule::new(any) };
        let (mut absent, mut provided, mut deep) = (Absent::Yes, BTreeSet::new(), BTreeSet::new());
        // Fields that are there without data, for certain and perhaps.
        let (mut given, mut regular, mut doubtful, mut fails) = (Vec::new(), 0, false, false);
        let beside = self.beside.take();
        let frames: Vec<Scope<'a>> = parts.structs.iter().map(|part| part.scope.clone()).collect();
        let mut relations = Vec::new();
        for (name, fields) in self.fields_by_name(parts) {
            self.path.push(name.clone());
            let is_optional = fields.iter().all(|(field, _)| field.constraint == Constraint::Optional);
            let (frames, field) = (frames.clone(), name.clone());
            self.beside = Some(Beside { frames, field, is_optional, relations: Vec::new() });
            let (node, constraint) = self.field(parts, &patterns, &name, &fields, missing);
            relations.extend(self.beside.take().into_iter().flat_map(|beside| beside.relations));
            self.path.pop();
            if node.provides {
                deep.insert(name.clone());
            }
            let may_be_absent = match constraint {
                Constraint::Optional => Absent::Yes,
                Constraint::Required => Absent::No,
                Constraint::None => node.absent,
            };
            let is_given = constraint == Constraint::None && may_be_absent != Absent::No;
            if is_given {
                given.push(name.clone());
            }
            if is_given || node.provides {
                provided.insert(name.clone());
            }
            absent = absent.min(may_be_absent);
            doubtful |= may_be_absent == Absent::Unknown;
            fails |= constraint != Constraint::Optional && node.fails;
            regular += usize::from(constraint == Constraint::None);
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
        self.beside = beside;
        relations.extend(parts.relations.iter().cloned());
        let fields: BTreeSet<String> = rule.fields.iter().map(|(name, _)| name.clone()).collect();
        for each in &parts.each {
            let is_closed = parts.closing().any(|group| each.groups.contains(&group));
            let others =
                Others { fields: fields.clone(), is_closed, has_patterns: parts.each.len() + patterns.len() > 1 };
            relations.push((each.relation(others, missing), true));
            absent = absent.min(Absent::Unknown);
        }
        let sees = |relation: &Relation| relation.members.iter().any(|member| deep.contains(member));
        if relations.iter().any(|(relation, looks_inside)| *looks_inside && sees(relation)) {
            return Composite::unknown(self.island("a value is computed from what the schema provides"));
        }
        rule.relations = relations.into_iter().map(|(relation, _)| relation).collect();
        // What refers to a member that is missing.
        fails |= !rule.relations.is_empty();
        let (groups, named, unnamed) = self.apart(|lowering| lowering.groups_of(parts, &patterns, &fields, missing));
        rule.groups = groups;
        rule.relations.extend(named);
        let mut rules = vec![self.builder.structure(rule)];
        if missing != Missing::Ignored {
            rules.extend(extents.into_iter().map(|extent| self.counted(extent, &given)));
        }
        if doubtful && missing == Missing::Counts {
            rules.push(self.island("it is not known whether a field may be absent"));
        }
        let rule = if rules.len() == 1 { rules[0] } else { self.builder.all(rules) };
        Composite { rule, absent, provided, unnamed, given: given.len(), regular, fails }
    }

    /// The same for a literal that may be something else than a struct. Of `_` and validators of lists, it closes what is
    /// in a list, too.
    fn unless_other(&mut self, structure: Composite, closes_lists: bool) -> Composite {
        let any = self.builder.any();
        let is_struct = self.builder.structure(StructRule::new(any));
        let is_other = self.builder.not(is_struct);
        let mut rule = self.builder.any_of([structure.rule, is_other]);
        if closes_lists {
            let is_list = self.builder.list(ListRule::of(any));
            let elements = self.island("a literal that embeds no list closes what is in one");
            rule = self.builder.choose(is_list, elements, rule);
        }
        Composite { rule, absent: structure.absent.min(Absent::Unknown), ..structure }
    }

    /// Structs of so many members, of which these are there also if the data does not have them.
    fn counted(&mut self, Extent { min, max, .. }: Extent, given: &[String]) -> Rule {
        let any = self.builder.any();
        let has: Vec<Rule> = given
            .iter()
            .map(|name| StructRule::new(any).required(name, any))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|rule| self.builder.structure(rule))
            .collect();
        let mut cases = Vec::new();
        for present in 0..=given.len() {
            let added = given.len() - present;
            let Some(max) = max.map_or(Some(None), |max| max.checked_sub(added).map(Some)) else { continue };
            let rule = StructRule { members_min: min.saturating_sub(added), members_max: max, ..StructRule::new(any) };
            let (rule, count) = (self.builder.structure(rule), present as u32);
            let exactly = self.builder.count(count, count, has.iter().copied());
            cases.push(if given.is_empty() { rule } else { self.builder.all([rule, exactly]) });
        }
        self.builder.any_of(cases)
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
                || patterns
                    .iter()
                    .any(|pattern| pattern.groups.contains(&group) && self.builder.allows(pattern.names, name))
        };
        if !parts.closing().all(allows) {
            let rule = self.builder.never();
            return (
                Node {
                    rule,
                    absent: Absent::No,
                    kinds: Kinds::NONE,
                    provides: false,
                    fails: true,
                    dresses: false,
                    defaults: false,
                },
                constraint,
            );
        }
        let own = fields.iter().map(|(field, part)| (&field.value, &part.scope, &part.groups));
        let matching = patterns.iter().filter(|pattern| self.builder.allows(pattern.names, name));
        let all = own.chain(matching.map(|pattern| (pattern.value, &pattern.scope, &pattern.groups)));
        let conjuncts: Vec<Conjunct<'a>> = all
            .map(|(expr, scope, groups)| Conjunct { expr, scope: scope.clone(), groups: parts.inner_groups(groups) })
            .collect();
        let groups: Vec<Group> = conjuncts.iter().flat_map(|conjunct| conjunct.groups.iter().copied()).collect();
        (self.node(&conjuncts, &inner_closed(parts, &groups), missing), constraint)
    }

    /// What holds for members that are no fields.
    fn groups_of(
        &mut self,
        parts: &Parts<'a>,
        patterns: &[MemberPattern<'a>],
        fields: &BTreeSet<String>,
        missing: Missing,
    ) -> (Vec<GroupRule>, Vec<Relation>, bool) {
        let (any, never) = (self.builder.any(), self.builder.never());
        let made: Vec<(Rule, &Each)> = parts.each.iter().map(|each| (self.names_made(each), each)).collect();
        let mut groups = Vec::new();
        for group in parts.closing() {
            let allowed = patterns.iter().filter(|pattern| pattern.groups.contains(&group));
            let made = made.iter().filter(|(_, each)| each.groups.contains(&group));
            let names = allowed.map(|pattern| pattern.names).chain(made.map(|(names, _)| *names));
            let patterns = names.map(|names| (names, any)).collect();
            groups.push(GroupRule { patterns, fields: false, rest: never });
        }
        self.path.push("[pattern]".into());
        let (mut rules, mut named, mut provides) = (Vec::new(), Vec::new(), false);
        for pattern in patterns {
            let groups = parts.inner_groups(&pattern.groups);
            let closed = inner_closed(parts, &groups);
            let conjunct = Conjunct { expr: pattern.value, scope: pattern.scope.clone(), groups };
            self.named = pattern.alias.map(|alias| Named::new(&pattern.scope, alias, self.path.len()));
            let mut node = self.node(slice::from_ref(&conjunct), &closed, missing);
            if let Some(inside) = self.named.take().filter(Named::is_repeated) {
                match self.program_of(pattern.expr, &conjunct) {
                    Ok(names) => named.push(inside.relation(names, fields.clone())),
                    Err(reason) => node = self.island_node(&reason),
                }
            }
            provides |= node.provides;
            let rule = match patterns.len() {
                1 => node.rule,
                // A name may match several patterns, and their structs are closed together, not each by itself.
                _ => self.doubtful_members(node, "a field may match several patterns"),
            };
            rules.push((pattern.names, rule));
        }
        self.path.pop();
        if !rules.is_empty() || groups.is_empty() {
            groups.push(GroupRule { patterns: rules, fields: false, rest: any });
        }
        (groups, named, provides)
    }

    /// The rule for the names of fields that are made of members.
    fn names_made(&mut self, each: &Each) -> Rule {
        match self.pattern(&each.names()) {
            Some(pattern) => self.builder.pattern(pattern),
            // Without tables for it, what has such names is left to the evaluator, as all that the program rejects.
            None => self.builder.never(),
        }
    }

    fn member_patterns(&mut self, parts: &Parts<'a>) -> Result<Vec<MemberPattern<'a>>, String> {
        let mut patterns = Vec::new();
        for part in &parts.structs {
            for decl in part.decls {
                let Decl::Field(field) = decl else { continue };
                let Label::Pattern(pattern) = &field.label else { continue };
                let names = self.apart(|lowering| lowering.names_of(&pattern.expr, part))?;
                let (value, scope, groups) = (&field.value, part.scope.clone(), part.groups.clone());
                let (expr, alias) = (&*pattern.expr, pattern.alias.as_ref().map(|alias| &*alias.name));
                patterns.push(MemberPattern { names, expr, alias, value, scope, groups });
            }
        }
        Ok(patterns)
    }

    /// The rule for the names that a pattern stands for: that of scalars, asked of strings.
    fn names_of(&mut self, expr: &'a Expr, part: &StructPart<'a>) -> Result<Rule, String> {
        let mut parts = Parts::default();
        self.gather(&Conjunct { expr, scope: part.scope.clone(), groups: Rc::new([]) }, None, &mut parts);
        let is_scalar = parts.structs.is_empty() && parts.lists.is_empty() && parts.unions.is_empty();
        match parts.obstacle {
            Some(reason) => Err(format!("the names of a pattern: {reason}")),
            None if is_scalar && parts.terms.iter().all(|term| term.sees == Sees::Nothing) => {
                Ok(self.builder.all(parts.terms.iter().map(|term| term.rule).collect::<Vec<_>>()))
            }
            None => Err("a pattern of names is not one of scalars".into()),
        }
    }
}

/// Whether several alternatives may be the same value as long as there is no data, and so one.
fn may_be_one(alternatives: &[Alternative<'_>], chosen: &[(Node, Node, bool)]) -> bool {
    let (mut literals, mut others) = (Kinds::NONE, Kinds::NONE);
    for (alternative, (_, valid, _)) in alternatives.iter().zip(chosen) {
        if valid.absent == Absent::No {
            continue;
        }
        // Literals that say the same were one before.
        let is_literal = is_literal(alternative.conjunct.expr);
        let rivals = if is_literal { others } else { others.or(literals) };
        if valid.kinds.and(rivals) != Kinds::NONE {
            return true;
        }
        let same = if is_literal { &mut literals } else { &mut others };
        *same = same.or(valid.kinds);
    }
    false
}

/// Whether an expression is the literal of a scalar.
fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(_) => true,
        Expr::Unary { operand, .. } => matches!(**operand, Expr::Lit(_)),
        Expr::Paren { inner, .. } => is_literal(inner),
        _ => false,
    }
}

/// Whether a definition may be in error as long as it has no data: it has a comprehension, or counts or matches what is
/// not there.
fn is_waiting_definition(decl: &Decl) -> bool {
    let Decl::Field(Field { label: Label::Ident(ident), value, .. }) = decl else { return false };
    is_definition(&ident.name) && waits(value)
}

/// Whether a value may be in error as long as it has no data.
pub(super) fn waits(value: &Expr) -> bool {
    let counts = |expr: &Expr| match expr {
        Expr::Ident(ident) => matches!(&*ident.name, "matchN" | "matchIf" | "len"),
        Expr::Selector { base, selector } => match (&**base, &**selector) {
            (Expr::Ident(package), Selector::Ident(name)) if matches!(&*package.name, "list" | "struct") => {
                !matches!(&*name.name, "MaxItems" | "UniqueItems" | "IsSortedStrings" | "MaxFields")
            }
            _ => false,
        },
        Expr::Comprehension(_) => true,
        _ => false,
    };
    let waits = |expr: &Expr, decl: Option<&Decl>| match decl {
        Some(decl) => matches!(decl, Decl::Comprehension(_)),
        None => counts(expr),
    };
    walk::any(value, &waits)
}

/// Whether the value has fields with computed names.
pub(super) fn computes_names(value: &Expr) -> bool {
    let computes = |_: &Expr, decl: Option<&Decl>| match decl {
        Some(Decl::Field(field)) => matches!(field.label, Label::Paren(..) | Label::Interpolation(_)),
        _ => false,
    };
    walk::any(value, &computes)
}

/// What the struct or list literals of a node become.
struct Composite {
    rule: Rule,
    absent: Absent,
    /// Names of fields that the schema adds to data, or in which it does.
    provided: BTreeSet<String>,
    /// Whether it does so elsewhere.
    unnamed: bool,
    /// How many fields or elements have a value without data.
    given: usize,
    /// How many there are without data, with a value or without.
    regular: usize,
    /// Whether it may be in error as long as there is no data.
    fails: bool,
}

impl Composite {
    fn unknown(rule: Rule) -> Composite {
        let (absent, provided) = (Absent::Unknown, BTreeSet::new());
        Composite { rule, absent, provided, unnamed: true, given: 0, regular: 0, fails: true }
    }

    /// Whether a validator sees something that the schema provides.
    fn is_seen(&self, sees: &Sees) -> bool {
        match sees {
            Sees::Nothing => false,
            Sees::Named(names) => !names.is_disjoint(&self.provided),
            Sees::All => self.unnamed || !self.provided.is_empty(),
        }
    }

    /// Whether it may be absent beside validators: they have to hold for it as it is without data.
    fn absent_beside(&self, kind: Kinds, terms: &[&Term], builder: &Builder) -> Absent {
        let is_empty = self.given == 0 && self.provided.is_empty();
        let kind = kind_of_members(kind);
        let allowed = |term: &&Term| match term.extent {
            None if is_empty => match builder.allows_empty(term.rule, kind) {
                Some(true) => self.absent,
                Some(false) => Absent::No,
                None => self.absent.min(Absent::Unknown),
            },
            Some(extent) if self.given < extent.min || extent.max.is_some_and(|max| self.given > max) => Absent::No,
            Some(extent) if !extent.differ || self.given < 2 => self.absent,
            Some(_) => self.absent.min(Absent::Unknown),
            None => self.absent.min(Absent::Unknown),
        };
        terms.iter().map(allowed).min().unwrap_or(self.absent)
    }

    /// Whether validators may not hold for it as it is without data.
    fn may_break(&self, kind: Kinds, terms: &[&Term], builder: &Builder) -> bool {
        let is_empty = self.regular == 0 && self.provided.is_empty();
        let kind = kind_of_members(kind);
        let breaks = |term: &&Term| match term.extent {
            None => !(term.is_type || is_empty && builder.allows_empty(term.rule, kind) == Some(true)),
            Some(Extent { min, max, differ }) => {
                let (given, regular) = (self.given, self.regular);
                let is_known = self.absent != Absent::Unknown;
                !is_known || given < min || max.is_some_and(|max| regular > max) || differ && regular > 1
            }
        };
        terms.iter().any(breaks)
    }
}

fn kind_of_members(kinds: Kinds) -> Kind {
    if kinds == Kinds::LIST { Kind::List } else { Kind::Struct }
}

/// One of several lists that are unified.
struct Side<'a> {
    prefix: Vec<Conjunct<'a>>,
    /// What follows the prefix; with nothing inside if it may be anything.
    rest: Option<Option<Conjunct<'a>>>,
}

fn side<'a>(lit: &'a ListLit, conjunct: &Conjunct<'a>, parts: &Parts<'a>) -> Result<Side<'a>, &'static str> {
    let embedded = !parts.structs.is_empty() || !parts.around.is_empty();
    if embedded && !parts.listless.is_empty() {
        return Err("a validator of the list stands in a struct literal");
    }
    let groups = parts.element_groups(&conjunct.groups);
    let inner = |expr: &'a Expr| Conjunct { expr, scope: conjunct.scope.clone(), groups: groups.clone() };
    let mut side = Side { prefix: Vec::new(), rest: None };
    for element in &lit.elements {
        match element {
            Expr::Ellipsis(ellipsis) => side.rest = Some(ellipsis.value.as_deref().map(inner)),
            Expr::Comprehension(_) => return Err("elements come from a comprehension"),
            Expr::Alias { .. } => return Err("an element has an alias"),
            element => side.prefix.push(inner(element)),
        }
    }
    Ok(side)
}

/// `[pattern]: value`.
struct MemberPattern<'a> {
    /// What names satisfy, as strings.
    names: Rule,
    /// The pattern.
    expr: &'a Expr,
    /// What the name is called in the value.
    alias: Option<&'a str>,
    value: &'a Expr,
    scope: Scope<'a>,
    groups: Rc<[Group]>,
}

/// The declarations of a field, each in its struct.
type Declarations<'a, 'p> = Vec<(&'a Field, &'p StructPart<'a>)>;

impl<'a> Lowering<'a> {
    /// The fields that data may have, in the order of their first declaration, each with all its declarations.
    fn fields_by_name<'p>(&self, parts: &'p Parts<'a>) -> Vec<(String, Declarations<'a, 'p>)> {
        let mut names: Vec<(String, Declarations<'a, 'p>)> = Vec::new();
        let mut places = HashMap::new();
        for part in &parts.structs {
            for decl in part.decls {
                let Decl::Field(field) = decl else { continue };
                let Some(name) = self.name_of(&field.label, &part.scope) else { continue };
                let place = *places.entry(name.clone()).or_insert_with(|| {
                    names.push((name, Vec::new()));
                    names.len() - 1
                });
                names[place].1.push((field, part));
            }
        }
        names
    }
}

/// The groups that close a field or element with conjuncts of these groups.
fn inner_closed(parts: &Parts<'_>, groups: &[Group]) -> BTreeSet<Group> {
    let closes =
        |group: &Group| parts.closed.contains(group) && !parts.shallow.contains(group) && !parts.is_lifted(*group);
    groups.iter().copied().filter(closes).collect()
}

fn one_island(reason: &str, options: &Options) -> vet::Program {
    let mut builder = Builder::new();
    builder.limits(options.limits);
    let island = builder.island(reason);
    builder.finish(island).expect("a single rule makes a program")
}
