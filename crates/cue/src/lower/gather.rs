//! The conjuncts of a node: all that is written for one place in the data.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::computed;
use super::each::{self, Each};
use super::guard::{self, Guard};
use super::node::{Lowering, computes_names, waits};
use super::scalar::{self, Kinds, Term};
use super::scope::{Frame, Scope, Target, data_name, is_definition};
use super::walk;
use crate::syntax::ast::{
    BasicLit, BinaryOp, Clause, Comprehension, Constraint, Decl, Expr, Field, Label, ListLit, LitKind, Selector,
    StructLit, UnaryOp,
};
use crate::syntax::literal::{Text, decode_text};
use crate::syntax::printer::print_compact;

/// A definition (or `close`) on the way to a conjunct.
pub(super) type Group = u32;

/// References, parentheses and operators inside each other that are followed for one node.
const CHAIN_MAX: usize = 200;
/// Conjuncts of one node that are gathered.
const CONJUNCTS_MAX: usize = 10_000;

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
    /// Groups with a conjunct other than a list literal that allows lists. They do not close the elements.
    pub(super) listless: BTreeSet<Group>,
    /// Groups with a validator of the whole value: they close neither the node nor what is inside.
    pub(super) lifted: BTreeSet<Group>,
    /// Whether `matchN` or `matchIf` tries the value.
    pub(super) is_tried: bool,
    /// What stands around the struct literals with embeddings, each a group of its own: such a group closes only if what
    /// is around it is not opened.
    pub(super) around: BTreeMap<Group, Group>,
    /// Fields that are made of the members of one of them.
    pub(super) each: Vec<Each>,
    /// What holds between the members of the node, and whether it looks inside their values.
    pub(super) relations: Vec<(vet::Relation, bool)>,
    /// Whether literals have fields that are not members: hidden ones, or definitions.
    pub(super) hides: bool,
    /// Why the node cannot be lowered.
    pub(super) obstacle: Option<String>,
    pub(super) chain: usize,
    /// How many conjuncts were looked at.
    pub(super) gathered: usize,
}

/// Whether a struct literal makes its node a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Definite,
    /// Unless what it embeds is something else.
    Embeds,
    /// That depends on what its comprehensions yield.
    Depends,
}

/// A struct literal among the conjuncts.
#[derive(Clone)]
pub(super) struct StructPart<'a> {
    pub(super) decls: &'a [Decl],
    pub(super) presence: Presence,
    /// The struct's own declarations, innermost.
    pub(super) scope: Scope<'a>,
    pub(super) groups: Rc<[Group]>,
}

/// What no group is around.
const NOWHERE: Group = Group::MAX;
/// What a validator of a whole value lifts inside that value.
const LIFTED: Group = 0;
/// What is inside of a value that `matchN` or `matchIf` tries.
pub(super) const TRIED: Group = 1;
/// What is embedded.
const EMBEDDED: Group = 2;
/// What is inside of an embedded struct that a validator of the whole value lifts: definitions do not close there.
pub(super) const OPENED: Group = 3;
/// The last of the groups above, which stand for no definition and no literal.
pub(super) const LAST_MARK: Group = OPENED;

/// The group that stands closest around a conjunct of these groups.
fn innermost(groups: &[Group]) -> Group {
    groups.last().copied().unwrap_or(NOWHERE)
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

    /// Whether the node is a struct, whatever else it is.
    pub(super) fn is_struct(&self) -> bool {
        self.structs.iter().any(|part| part.presence == Presence::Definite)
    }

    fn give_up(&mut self, reason: impl Into<String>) {
        self.obstacle.get_or_insert(reason.into());
    }

    /// Whether a struct stands beside a literal that embeds a definition: it adds to what that literal knows, unless
    /// all of it stands in a file. Beside a further such literal it does so inside of its fields even if both are open.
    pub(super) fn stands_beside_embedding(&self) -> bool {
        let is_beside = |group: &Group| self.structs.iter().any(|part| !part.groups.contains(group));
        let is_open = |group: &Group| self.from(*group).any(|group| self.open.contains(&group));
        let several = self.closed.iter().filter(|group| self.around.contains_key(group)).count() > 1;
        self.closed
            .iter()
            .any(|group| self.around.contains_key(group) && is_beside(group) && (several || !is_open(group)))
    }

    /// The groups that leave no other names than those they provide for.
    pub(super) fn closing(&self) -> impl Iterator<Item = Group> {
        let names = |group: &Group| self.structs.iter().any(|part| part.groups.contains(group));
        let closes = move |group: &Group| {
            !self.from(*group).any(|group| self.open.contains(&group))
                && !self.is_lifted(*group)
                && (!self.nameless.contains(group) || names(group))
        };
        self.closed.iter().copied().filter(closes)
    }

    /// The group and those around it, as far as they are struct literals with embeddings.
    fn from(&self, group: Group) -> impl Iterator<Item = Group> {
        std::iter::successors(Some(group), |group| self.around.get(group).copied())
    }

    /// Whether a validator of the whole value lets the group close nothing, here or inside.
    pub(super) fn is_lifted(&self, group: Group) -> bool {
        self.from(group).any(|group| group == LIFTED || self.lifted.contains(&group))
    }

    /// The groups of what stands in a field that has these.
    pub(super) fn inner_groups(&self, groups: &[Group]) -> Rc<[Group]> {
        let tried = (self.is_tried && !groups.contains(&TRIED)).then_some(TRIED);
        let kept = groups.iter().copied().filter(|group| !self.shallow.contains(group) && *group != EMBEDDED);
        let lifted = self.is_lifted(innermost(groups)).then_some(LIFTED);
        let opened = lifted.filter(|_| groups.contains(&EMBEDDED)).map(|_| OPENED);
        opened.into_iter().chain(tried).chain(kept).chain(lifted).collect()
    }

    /// The groups of what stands in an element of a list that has these: beside a validator of the list its groups do
    /// not close the elements, nor does what they embed. A function that tries the list has the elements as they are
    /// written, so that what they embed closes.
    pub(super) fn element_groups(&self, groups: &[Group]) -> Rc<[Group]> {
        let inner = self.inner_groups(groups);
        let is_tried = inner.contains(&TRIED);
        let closes = |group: &Group| !(self.listless.contains(group) || is_tried && *group == LIFTED);
        let lifted = (!is_tried && !self.listless.is_empty()).then_some(LIFTED);
        inner.iter().copied().filter(closes).chain(lifted).collect()
    }

    /// A validator of the whole value.
    fn whole(&mut self, term: Result<Term, String>, groups: &[Group]) {
        match term {
            Ok(term) => {
                let around: Vec<Group> = self.from(innermost(groups)).collect();
                self.lifted.extend(around.iter().chain(groups));
                self.term(term, groups);
            }
            Err(reason) => self.give_up(reason),
        }
    }

    fn term(&mut self, term: Term, groups: &[Group]) {
        if term.kinds.contains(Kinds::STRUCT) {
            self.nameless.extend(groups);
        }
        if term.kinds.contains(Kinds::LIST) {
            self.listless.extend(groups.iter().copied().chain([NOWHERE]));
        }
        self.terms.push(term);
    }
}

impl<'a> Lowering<'a> {
    /// Adds a conjunct to the parts of its node; `embedded` is the struct that it is embedded in, if it is.
    pub(super) fn gather(&mut self, conjunct: &Conjunct<'a>, embedded: Option<Group>, parts: &mut Parts<'a>) {
        parts.gathered += 1;
        if parts.chain >= CHAIN_MAX || parts.gathered > CONJUNCTS_MAX {
            parts.give_up("it refers to itself, or through too many other definitions");
        }
        // Further conjuncts would change nothing, and there may be twice as many behind each reference.
        if parts.obstacle.is_some() {
            return;
        }
        parts.chain += 1;
        match conjunct.expr {
            Expr::Paren { inner, .. } | Expr::Commented(inner, _) => {
                self.gather(&conjunct.with(inner), embedded, parts)
            }
            Expr::Binary { op: BinaryOp::And, left, right, .. } => {
                let before = (parts.structs.len(), parts.unions.len(), parts.closed.len());
                self.gather(&conjunct.with(left), embedded, parts);
                self.gather(&conjunct.with(right), embedded, parts);
                if embedded.is_some() && before != (parts.structs.len(), parts.unions.len(), parts.closed.len()) {
                    parts.give_up("a conjunction of structs is embedded");
                }
            }
            Expr::Binary { op: BinaryOp::Or, .. } => self.disjunction(conjunct, embedded, parts),
            Expr::Struct(lit) => self.struct_literal(lit, conjunct, parts),
            // What refers to the alias finds it with the field that has it, and is left to the evaluator.
            Expr::Alias { expr, .. } => self.gather(&conjunct.with(expr), embedded, parts),
            Expr::List(lit) => parts.lists.push((lit, conjunct.clone())),
            Expr::Ident(ident) => match self.resolve(&conjunct.scope, &ident.name) {
                Target::Undeclared => self.scalar(conjunct, parts),
                target => self.reference(target, conjunct, embedded, parts),
            },
            Expr::Call { function, args, .. } if scalar::is_predeclared(self, conjunct, function, "close") => {
                self.close(args, conjunct, parts);
            }
            Expr::Call { function, args, .. } if scalar::is_predeclared(self, conjunct, function, "matchN") => {
                let matched = self.match_n(args, conjunct);
                parts.is_tried = true;
                parts.whole(matched, &conjunct.groups);
            }
            Expr::Call { function, args, .. } if scalar::is_predeclared(self, conjunct, function, "matchIf") => {
                let matched = self.match_if(args, conjunct);
                parts.is_tried = true;
                parts.whole(matched, &conjunct.groups);
            }
            Expr::Call { function, args, .. } if scalar::is_predeclared(self, conjunct, function, "and") => {
                match &args[..] {
                    [Expr::List(list)] if list.elements.iter().all(is_plain_element) => {
                        list.elements.iter().for_each(|element| self.gather(&conjunct.with(element), embedded, parts));
                    }
                    _ => parts.give_up("an argument of and is not known before the data is"),
                }
            }
            Expr::Selector { base, .. } | Expr::Index { base, .. } => {
                match self.selected(conjunct.expr, &conjunct.scope) {
                    Some(target) => self.reference(target, conjunct, embedded, parts),
                    None if matches!(&**base, Expr::Ident(_)) => self.scalar(conjunct, parts),
                    None => parts.give_up("a selector is not known before the data is"),
                }
            }
            _ => self.scalar(conjunct, parts),
        }
        parts.chain -= 1;
    }

    fn scalar(&mut self, conjunct: &Conjunct<'a>, parts: &mut Parts<'a>) {
        let is_equality = matches!(conjunct.expr, Expr::Unary { op: UnaryOp::NotEqual | UnaryOp::Equal, .. });
        match self.term(conjunct) {
            Ok(term) if is_equality && term.kinds.contains(Kinds::STRUCT) => {
                parts.whole(Ok(term), &conjunct.groups);
            }
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
            Target::Sibling { field, frame, .. } => match self.repeated_or_computed(conjunct, field, &frame) {
                Ok(term) => parts.term(term, &conjunct.groups),
                Err(reason) => parts.give_up(reason),
            },
            Target::Field { name, values } => {
                let is_definition = is_definition(name);
                if is_definition && conjunct.groups.contains(&OPENED) {
                    return parts.give_up("a definition stands inside of what a validator leaves open");
                }
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
                let shallow = parts.shallow.len();
                for (expr, scope) in self.distinct(values) {
                    self.gather(&Conjunct { expr, scope, groups: groups.clone() }, embedded, parts);
                }
                if is_definition && parts.shallow.len() > shallow {
                    // The result of close() does not close what is inside.
                    parts.shallow.insert(innermost(&groups));
                }
            }
            Target::Dynamic(reason) => parts.give_up(reason),
            Target::Package(path) => parts.give_up(format!("it refers to the package {path} itself")),
            Target::Undeclared => parts.give_up("it refers to what is not declared"),
        }
    }

    fn close(&mut self, args: &'a [Expr], conjunct: &Conjunct<'a>, parts: &mut Parts<'a>) {
        let [argument] = args else { return parts.give_up("a call of close without its argument") };
        if conjunct.groups.contains(&OPENED) {
            return parts.give_up("a call of close stands inside of what a validator leaves open");
        }
        let group = self.new_group();
        parts.closed.insert(group);
        parts.shallow.insert(group);
        self.gather(&conjunct.with(argument).within(group), None, parts);
        match argument {
            Expr::Struct(_) => {}
            // What the argument refers to does not close what is inside, either.
            // It is evaluated by itself, before there is data.
            Expr::Ident(ident) => match self.resolve(&conjunct.scope, &ident.name) {
                Target::Field { values, .. }
                    if !values.iter().any(|(value, _)| waits(value) || computes_names(value)) =>
                {
                    parts.shallow.extend(group..=self.last_group());
                    if self.last_group() > group + 1 {
                        parts.give_up("an argument of close refers to further definitions, which close what is inside");
                    }
                }
                _ => parts.give_up("an argument of close may be in error as long as it has no data"),
            },
            _ => parts.give_up("an argument of close is neither struct nor reference"),
        }
    }

    /// What a path of selectors leads to, as far as it goes through plain struct literals.
    pub(super) fn selected(&self, expr: &'a Expr, scope: &Scope<'a>) -> Option<Target<'a>> {
        let (base, name) = match expr {
            Expr::Selector { base, selector } => match &**selector {
                Selector::Ident(ident) => (base, Cow::Borrowed(ident.name.as_str())),
                Selector::String(lit) => (base, literal_name(lit)?),
            },
            Expr::Index { base, index, .. } => match &**index {
                Expr::Lit(lit) if lit.kind == LitKind::String => (base, literal_name(lit)?),
                _ => return None,
            },
            _ => return None,
        };
        let base = match &**base {
            Expr::Ident(ident) => self.resolve(scope, &ident.name),
            base => self.selected(base, scope)?,
        };
        let Target::Field { name: base_name, values } = base else { return None };
        let mut found: Option<(&'a str, Vec<_>)> = None;
        for (expr, scope) in values {
            let Expr::Struct(lit) = expr else { return None };
            let inside = Frame::inside(&scope, &lit.decls);
            for decl in &lit.decls {
                let Decl::Field(field) = decl else {
                    if matches!(decl, Decl::Let(_) | Decl::Attribute(_) | Decl::Comments(_)) || is_bare_ellipsis(decl) {
                        continue;
                    }
                    return None;
                };
                let (label, is_this) = match &field.label {
                    Label::Ident(ident) => (ident.name.as_str(), ident.name == name),
                    // A field of data closes as its struct does, so its own name does not matter.
                    Label::String(_) => (base_name, data_name(&field.label).as_deref() == Some(&*name)),
                    _ => return None,
                };
                if is_this && field.constraint != Constraint::None {
                    return None;
                }
                if is_this {
                    found.get_or_insert_with(|| (label, Vec::new())).1.push((&field.value, inside.clone()));
                }
            }
        }
        let (label, values) = found?;
        // What stands in a definition is closed by it.
        let name = if is_definition(label) { label } else { base_name };
        Some(Target::Field { name, values })
    }

    /// The fields of the package, for the whole of which data stands.
    pub(super) fn package(&mut self, parts: &mut Parts<'a>) {
        for file in 0..self.files.len() {
            let scope = Frame::file(self.files, file);
            let around = Conjunct { expr: &EVERYTHING, scope: scope.clone(), groups: Rc::new([]) };
            self.declarations(&self.files[file].decls, scope, &around, parts);
        }
    }

    fn struct_literal(&mut self, lit: &'a StructLit, conjunct: &Conjunct<'a>, parts: &mut Parts<'a>) {
        let scope = Frame::inside(&conjunct.scope, &lit.decls);
        self.declarations(&lit.decls, scope, conjunct, parts);
    }

    /// The declarations of a struct or file, whose own frame is `scope`.
    fn declarations(&mut self, decls: &'a [Decl], scope: Scope<'a>, conjunct: &Conjunct<'a>, parts: &mut Parts<'a>) {
        let embeds = decls.iter().any(|decl| matches!(decl, Decl::Embed(_)));
        let group = embeds.then(|| self.new_group());
        let groups = group.map_or_else(|| conjunct.groups.clone(), |group| conjunct.within(group).groups);
        if let Some(group) = group {
            parts.around.insert(group, innermost(&conjunct.groups));
        }
        let mut names_members = !embeds;
        let structs = parts.structs.len();
        for decl in decls {
            match decl {
                Decl::Field(field) => {
                    match &field.label {
                        Label::Paren(..) | Label::Interpolation(_) => match self.name_of(&field.label, &scope) {
                            Some(_) => names_members = true,
                            None => {
                                names_members = true;
                                let around =
                                    Conjunct { scope: scope.clone(), groups: groups.clone(), ..conjunct.clone() };
                                match guard::read_name(self, decl, decls, &around) {
                                    Some(guards) => parts.guards.extend(guards),
                                    None => parts.give_up("the name of a field is computed"),
                                }
                            }
                        },
                        Label::Pattern(_) => names_members = true,
                        label => names_members |= data_name(label).is_some(),
                    }
                    self.hidden(field, &scope, parts);
                }
                Decl::Embed(embed) => {
                    let groups = [EMBEDDED].iter().chain(&*groups).copied().collect();
                    let embedded = Conjunct { expr: &embed.expr, scope: scope.clone(), groups };
                    self.gather(&embedded, group, parts);
                }
                Decl::Comprehension(comprehension) => {
                    names_members = true;
                    let around = Conjunct { scope: scope.clone(), groups: groups.clone(), ..conjunct.clone() };
                    if let Some(unrolled) = self.unrolled(comprehension, &around) {
                        unrolled.iter().for_each(|conjunct| self.gather(conjunct, None, parts));
                        continue;
                    }
                    if let Some(each) = each::read(self, comprehension, &around) {
                        parts.each.push(each);
                        continue;
                    }
                    match guard::read(self, comprehension, decls, &around) {
                        Some(guard) => parts.guards.push(guard),
                        None => parts.give_up(match comprehension.clauses.first() {
                            Some(Clause::For { .. }) => "fields come from a for clause",
                            _ => "fields depend on a condition that is not about fields beside it",
                        }),
                    }
                }
                Decl::Ellipsis(ellipsis) if ellipsis.value.is_none() => {
                    names_members = true;
                    let around: Vec<Group> = parts.from(innermost(&groups)).collect();
                    parts.open.extend(around.iter().chain(groups.iter()));
                }
                Decl::Ellipsis(_) => parts.give_up("`...` has a value"),
                Decl::Let(_) | Decl::Attribute(_) | Decl::Comments(_) => {}
            }
        }
        // What embeds no struct is one itself where its value is a struct, and closes it.
        if names_members || parts.structs.len() == structs {
            let has_comprehension = decls.iter().any(|decl| matches!(decl, Decl::Comprehension(_)));
            // A hidden field or a definition may stand beside a scalar that comes from elsewhere in the literal.
            let is_open = embeds || has_comprehension;
            let is_data = |label: &Label| !is_open || !matches!(label, Label::Ident(_)) || data_name(label).is_some();
            let is_present =
                |decl: &Decl| matches!(decl, Decl::Field(field) if is_member(field) && is_data(&field.label));
            let presence = match decls.iter().any(is_present) {
                false if has_comprehension => Presence::Depends,
                false if embeds => Presence::Embeds,
                _ => Presence::Definite,
            };
            parts.structs.push(StructPart { decls, presence, scope, groups });
        }
    }

    /// A hidden field or a definition whose value depends on data can contradict itself when the data is there.
    fn hidden(&mut self, field: &'a Field, scope: &Scope<'a>, parts: &mut Parts<'a>) {
        let Label::Ident(ident) = &field.label else { return };
        let definition = is_definition(&ident.name);
        let hidden = ident.name.starts_with('_') && !definition;
        if !hidden && !definition || scope.is_file() && definition {
            return;
        }
        parts.hides = true;
        let is_static =
            self.constant(&field.value, scope).is_some() || definition && matches!(field.value, Expr::Struct(_));
        if is_static {
            return;
        }
        if let Some(relation) = computed::hidden(self, &field.value, scope) {
            parts.relations.push(relation);
        } else {
            parts.give_up(format!("the field {}, which data does not have, is computed", ident.name));
        }
    }

    fn disjunction(&mut self, conjunct: &Conjunct<'a>, embedded: Option<Group>, parts: &mut Parts<'a>) {
        let mut alternatives = Vec::new();
        alternatives_of(conjunct, embedded, &mut alternatives);
        self.drop_repeated(&mut alternatives);
        if let [only] = &alternatives[..] {
            return self.gather(&only.conjunct, only.embedded, parts);
        }
        if alternatives.iter().filter(|alternative| alternative.is_default).count() > 1 {
            return parts.give_up("several alternatives are defaults");
        }
        // Alternatives that are scalars are one term, however many they are.
        let terms: Option<Vec<(Term, bool)>> = self.apart(|lowering| {
            let term = |alternative: &Alternative<'a>| lowering.plain_scalar(&alternative.conjunct);
            alternatives.iter().map(term).zip(&alternatives).map(|(term, of)| Some((term?, of.is_default))).collect()
        });
        match terms {
            Some(terms) => {
                let term = scalar::any_of(self, terms);
                parts.term(term, &conjunct.groups);
            }
            None => parts.unions.push(alternatives),
        }
    }

    /// What is said twice is one alternative, and the default if one of them is.
    fn drop_repeated(&self, alternatives: &mut Vec<Alternative<'a>>) {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut kept: Vec<Alternative<'a>> = Vec::with_capacity(alternatives.len());
        for alternative in alternatives.drain(..) {
            let said = match alternative.conjunct.expr {
                Expr::Ident(ident) => Some(ident.name.clone()),
                expr => self.constant(expr, &alternative.conjunct.scope).map(|atom| format!("{atom:?}")),
            };
            let known = said.map(|said| *seen.entry(said).or_insert(kept.len())).filter(|at| *at < kept.len());
            match known {
                Some(at) => kept[at].is_default |= alternative.is_default,
                None => kept.push(alternative),
            }
        }
        *alternatives = kept;
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
            Expr::Ident(ident) => match self.resolve(&conjunct.scope, &ident.name) {
                Target::Undeclared => self.term(conjunct).ok().filter(|term| !term.kinds.contains(Kinds::STRUCT)),
                _ => None,
            },
            _ => None,
        }
    }
}

impl<'a> Lowering<'a> {
    /// The structs that `for x in [a, b]` yields, each where `x` is bound to its element.
    fn unrolled(&mut self, each: &'a Comprehension, around: &Conjunct<'a>) -> Option<Vec<Conjunct<'a>>> {
        let ([Clause::For { key: None, value, source, .. }], None) = (&each.clauses[..], &each.otherwise) else {
            return None;
        };
        let Expr::Struct(lit) = &*each.value else { return None };
        let Expr::List(list) = &**source else { return None };
        let embeds = lit.decls.iter().any(|decl| matches!(decl, Decl::Embed(_)));
        if embeds || !list.elements.iter().all(|element| matches!(element, Expr::Lit(_))) {
            return None;
        }
        let bind = |element: &'a Expr| Frame::binding(&around.scope, &value.name, element);
        Some(
            list.elements
                .iter()
                .map(|element| Conjunct { expr: &each.value, scope: bind(element), groups: around.groups.clone() })
                .collect(),
        )
    }
}

impl<'a> Lowering<'a> {
    /// The same without what is written twice alike in a file: it says no more than once. That does not go for
    /// alternatives of structs: each of the one may be unified with each of the other.
    fn distinct(&self, values: Vec<(&'a Expr, Scope<'a>)>) -> Vec<(&'a Expr, Scope<'a>)> {
        if values.len() < 2 {
            return values;
        }
        let mut seen = BTreeSet::new();
        let is_first = |(expr, scope): &(&'a Expr, Scope<'a>)| {
            seen.insert((scope.file_index(), print_compact(expr)))
                || self.has_alternatives(expr, scope, &mut BTreeSet::new())
        };
        values.into_iter().filter(is_first).collect()
    }

    /// Whether there are alternatives other than of scalars somewhere inside, or in what is referred to.
    fn has_alternatives(&self, expr: &'a Expr, scope: &Scope<'a>, seen: &mut BTreeSet<String>) -> bool {
        let is_scalar = |expr: &Expr| match expr {
            Expr::Ident(ident) => !is_definition(&ident.name),
            Expr::Lit(_) | Expr::Unary { .. } | Expr::Binary { op: BinaryOp::Or, .. } => true,
            _ => false,
        };
        let names = RefCell::new(Vec::new());
        let found = walk::any(expr, &|expr, _| match expr {
            Expr::Binary { op: BinaryOp::Or, left, right, .. } => !is_scalar(left) || !is_scalar(right),
            Expr::Ident(ident) => {
                names.borrow_mut().push(ident.name.clone());
                false
            }
            _ => false,
        });
        found
            || names.into_inner().into_iter().any(|name| match self.resolve(scope, &name) {
                Target::Field { values, .. } if seen.insert(name) => {
                    values.iter().any(|(expr, scope)| self.has_alternatives(expr, scope, seen))
                }
                _ => false,
            })
    }
}

/// Stands for a file, which is no expression.
static EVERYTHING: Expr = Expr::Bottom(crate::syntax::pos::Pos::NONE);

fn literal_name(lit: &BasicLit) -> Option<Cow<'static, str>> {
    match decode_text(&lit.raw) {
        Ok(Text::String(name)) => Some(name.into()),
        _ => None,
    }
}

fn is_bare_ellipsis(decl: &Decl) -> bool {
    matches!(decl, Decl::Ellipsis(ellipsis) if ellipsis.value.is_none())
}

fn is_plain_element(expr: &Expr) -> bool {
    !matches!(expr, Expr::Ellipsis(_) | Expr::Comprehension(_) | Expr::Alias { .. })
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

/// Whether a declaration of a field makes what it stands in a struct.
fn is_member(field: &Field) -> bool {
    field.constraint != Constraint::Optional && !matches!(field.label, Label::Pattern(_))
}
