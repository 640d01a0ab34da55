//! How a front end says which values are allowed.
//!
//! Rules are handed around as small handles and may refer to each other before they are defined, so that recursive
//! types can be said. `finish` takes them apart by kind of value: whatever is combined, in the end a node has one
//! formula for strings, one for objects, and so on, each as short as its construction could make it.

use std::fmt;
use std::sync::Arc;

use crate::block::Spelling;
use crate::check::{Glance, string_truth};
use crate::decimal::{Decimal, Operand, Value};
use crate::formula::{Formula, Join, Truth};
use crate::lex::Lexer;
use crate::names::Names;
use crate::pattern::Pattern;
pub use crate::program::{Condition, ListCondition, Relation};
use crate::program::{
    Contains, Field, Group, Limits, List, ListTest, Node, NodeId, NumberForm, NumberTest, Path, Program, Range,
    StringTest, Struct, StructId, StructTest, Switch, Unique,
};
use crate::text::Text;
use crate::verdict::Kind;

/// Rules and joins in the formula for one kind of one node.
const FORMULA_SIZE_MAX: usize = 4096;
/// Rules that stand in for each other without a struct or list between them.
const CHAIN_MAX: usize = 256;
/// Values whose places one program can tell.
pub const CAPTURES_MAX: usize = 8;
/// Members of one struct that relations can look at.
pub const SLOTS_MAX: usize = 64;
const FIELDS_MAX: usize = u16::MAX as usize - 1;

/// A rule under construction; valid for the [`Builder`] it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule(u32);

/// Which numbers are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberRule {
    /// How the number is written.
    pub form: NumberForm,
    /// The lower bound, and whether it is itself allowed.
    pub min: Option<(Decimal, bool)>,
    /// The upper bound, and whether it is itself allowed.
    pub max: Option<(Decimal, bool)>,
}

/// Rules for members by what their name matches.
#[derive(Clone, Debug)]
pub struct GroupRule {
    /// The second rule of each holds for members whose name satisfies the first, as a string. The first must be certain
    /// of every name: it holds no island.
    pub patterns: Vec<(Rule, Rule)>,
    /// Whether the patterns' rules hold for fields too.
    pub fields: bool,
    /// The rule for members that are no field and match no pattern: [`Builder::never`] closes the struct.
    pub rest: Rule,
}

/// Which objects are allowed.
#[derive(Clone, Debug)]
pub struct StructRule {
    /// Members by name. A name may stand here once.
    pub fields: Vec<(String, Rule)>,
    /// Names of members that must be there.
    pub required: Vec<String>,
    /// What holds for members by what their name matches. A member has to be allowed by each of these.
    pub groups: Vec<GroupRule>,
    /// What every name has to satisfy, as a string.
    pub naming: Option<Rule>,
    /// The least number of members.
    pub members_min: usize,
    /// The greatest number of members.
    pub members_max: Option<usize>,
    /// Rules between members. They look at no more than [`SLOTS_MAX`] members in all.
    pub relations: Vec<Relation>,
}

impl StructRule {
    /// No fields; other members as `rest` says.
    pub fn new(rest: Rule) -> StructRule {
        StructRule {
            fields: Vec::new(),
            required: Vec::new(),
            groups: vec![GroupRule { patterns: Vec::new(), fields: true, rest }],
            naming: None,
            members_min: 0,
            members_max: None,
            relations: Vec::new(),
        }
    }

    /// Adds a member that may be left out.
    pub fn optional(mut self, name: &str, rule: Rule) -> StructRule {
        self.fields.push((name.into(), rule));
        self
    }

    /// Adds a member that must be there.
    pub fn required(mut self, name: &str, rule: Rule) -> StructRule {
        self.required.push(name.into());
        self.optional(name, rule)
    }
}

/// Which arrays are allowed.
#[derive(Clone, Debug)]
pub struct ListRule {
    /// Rules for the first elements. They may be missing unless `length_min` says otherwise.
    pub prefix: Vec<Rule>,
    /// The rule for all other elements: [`Builder::never`] closes the list.
    pub rest: Rule,
    /// The least number of elements.
    pub length_min: usize,
    /// The greatest number of elements.
    pub length_max: Option<usize>,
    /// Whether two elements may be equal.
    pub unique: Unique,
    /// Rules of which at least, and at most, so many elements have to satisfy each.
    pub contains: Vec<(Rule, usize, Option<usize>)>,
}

impl ListRule {
    /// Any number of elements that satisfy `rest`.
    pub fn of(rest: Rule) -> ListRule {
        ListRule { prefix: Vec::new(), rest, length_min: 0, length_max: None, unique: Unique::No, contains: Vec::new() }
    }
}

/// Builds a [`Program`].
#[derive(Clone, Debug, Default)]
pub struct Builder {
    rules: Vec<Draft>,
    structs: Vec<StructRule>,
    lists: Vec<ListRule>,
    conditions: Vec<ListCondition>,
    constants: Vec<Box<[u8]>>,
    reasons: Vec<Box<str>>,
    captures: Vec<Path>,
    limits: Limits,
}

/// Fields by name, in order, with everything that holds for them.
type Spread = Vec<(Box<[u8]>, Rule)>;

#[derive(Clone, Debug)]
enum Draft {
    Node(Box<Node>),
    Join(Join, Vec<Rule>),
    Not(Rule),
    When(Kind, Rule),
    /// Declared; `None` until it is defined.
    Alias(Option<Rule>),
}

impl Builder {
    /// A builder without rules.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Sets the bounds for documents; a depth over [`Limits::DEPTH_CEILING`] is lowered to it.
    pub fn limits(&mut self, limits: Limits) {
        self.limits = limits.lowered();
    }

    /// Asks for the place of the value that this path of member names leads to; [`Checked::captured`] has it at the
    /// index given back. `None` if [`CAPTURES_MAX`] places are asked for already.
    ///
    /// [`Checked::captured`]: crate::Checked::captured
    pub fn capture<'a>(&mut self, path: impl IntoIterator<Item = &'a str>) -> Option<usize> {
        let index = self.captures.len();
        (index < CAPTURES_MAX).then(|| {
            self.captures.push(path.into_iter().map(|name| name.as_bytes().into()).collect());
            index
        })
    }

    /// Every value.
    pub fn any(&mut self) -> Rule {
        self.node(Node::fixed(Truth::Yes))
    }

    /// No value.
    pub fn never(&mut self) -> Rule {
        self.node(Node::fixed(Truth::No))
    }

    /// Values that cannot be judged here; `reason` says why.
    pub fn island(&mut self, reason: &str) -> Rule {
        let known = self.reasons.iter().position(|known| **known == *reason);
        let index = known.unwrap_or_else(|| {
            self.reasons.push(reason.into());
            self.reasons.len() - 1
        });
        self.node(Node { reason: Some(index as u32), ..Node::fixed(Truth::Unsure) })
    }

    /// `null`.
    pub fn null(&mut self) -> Rule {
        self.node(Node { null: Truth::Yes, ..Node::fixed(Truth::No) })
    }

    /// `true` and `false`.
    pub fn boolean(&mut self) -> Rule {
        self.node(Node { bools: [Truth::Yes; 2], ..Node::fixed(Truth::No) })
    }

    /// One of `true` and `false`.
    pub fn exactly(&mut self, value: bool) -> Rule {
        self.node(Node { bools: [Truth::of(!value), Truth::of(value)], ..Node::fixed(Truth::No) })
    }

    /// Numbers.
    pub fn number(&mut self, rule: NumberRule) -> Rule {
        let bound =
            |bound: Option<(Decimal, bool)>| bound.map(|(decimal, inclusive)| (Operand::new(decimal), inclusive));
        let range = Range { form: rule.form, min: bound(rule.min), max: bound(rule.max) };
        let open = range == Range { form: NumberForm::Any, min: None, max: None };
        self.numbers(if open { Formula::YES } else { Formula::Rule(NumberTest::Range(range)) })
    }

    /// Numbers of exactly this value; `form` says how they may be written.
    pub fn equal_to(&mut self, value: Decimal, form: NumberForm) -> Rule {
        self.number(NumberRule { form, min: Some((value.clone(), true)), max: Some((value, true)) })
    }

    /// Numbers whose value is whole, however they are written.
    pub fn whole(&mut self) -> Rule {
        self.numbers(Formula::Rule(NumberTest::Whole))
    }

    /// Whole multiples of a positive number of up to 18 digits; `None` for another divisor.
    pub fn multiple_of(&mut self, divisor: Decimal) -> Option<Rule> {
        divisor.is_divisor().then(|| self.numbers(Formula::Rule(NumberTest::MultipleOf(Operand::new(divisor)))))
    }

    fn numbers(&mut self, number: Formula<NumberTest>) -> Rule {
        self.node(Node { number, ..Node::fixed(Truth::No) })
    }

    /// Every string.
    pub fn string(&mut self) -> Rule {
        self.strings(Formula::YES)
    }

    /// Strings of `min` to `max` code points.
    pub fn runes(&mut self, min: usize, max: Option<usize>) -> Rule {
        self.strings(Formula::Rule(StringTest::Runes { min, max: max.unwrap_or(usize::MAX) }))
    }

    /// Strings that the pattern matches somewhere.
    pub fn pattern(&mut self, pattern: Arc<Pattern>) -> Rule {
        self.strings(Formula::Rule(StringTest::Pattern(pattern)))
    }

    /// These strings.
    pub fn one_of<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) -> Rule {
        let mut values: Vec<&[u8]> = values.into_iter().map(str::as_bytes).collect();
        values.sort_unstable();
        values.dedup();
        let parts = values
            .chunks(FIELDS_MAX)
            .map(|chunk| Formula::Rule(StringTest::OneOf(Arc::new(Names::new(chunk.iter().copied())))));
        let parts = parts.collect();
        self.strings(Formula::joined(Join::Any, parts))
    }

    /// Strings that satisfy a test of the front end. The test sees the string with its escapes resolved.
    pub fn satisfying(&mut self, condition: Condition) -> Rule {
        self.strings(Formula::Rule(StringTest::Where(condition)))
    }

    fn strings(&mut self, string: Formula<StringTest>) -> Rule {
        self.node(Node { string, ..Node::fixed(Truth::No) })
    }

    /// Objects.
    pub fn structure(&mut self, rule: StructRule) -> Rule {
        self.structs.push(rule);
        let test = StructTest::Struct(self.structs.len() as u32 - 1);
        self.node(Node { object: Formula::Rule(test), ..Node::fixed(Truth::No) })
    }

    /// Every object.
    pub fn objects(&mut self) -> Rule {
        self.node(Node { object: Formula::YES, ..Node::fixed(Truth::No) })
    }

    /// Arrays.
    pub fn list(&mut self, rule: ListRule) -> Rule {
        self.lists.push(rule);
        let test = ListTest::List(self.lists.len() as u32 - 1);
        self.node(Node { array: Formula::Rule(test), ..Node::fixed(Truth::No) })
    }

    /// Arrays that satisfy a test of the front end.
    pub fn lists_where(&mut self, condition: ListCondition) -> Rule {
        self.conditions.push(condition);
        let test = ListTest::Where(self.conditions.len() as u32 - 1);
        self.node(Node { array: Formula::Rule(test), ..Node::fixed(Truth::No) })
    }

    /// Every array.
    pub fn arrays(&mut self) -> Rule {
        self.node(Node { array: Formula::YES, ..Node::fixed(Truth::No) })
    }

    /// The value that a JSON text stands for; numbers are equal if their values are. `None` if it is not JSON.
    pub fn constant(&mut self, json: &str) -> Option<Rule> {
        let mut lexer = Lexer::again(json.as_bytes());
        lexer.space();
        let range = lexer.skip().ok()?;
        lexer.end().ok()?;
        let text = &json[range];
        match text.as_bytes().first()? {
            b'n' => Some(self.null()),
            b't' => Some(self.exactly(true)),
            b'f' => Some(self.exactly(false)),
            b'"' => {
                let text = Lexer::again(text.as_bytes()).string().ok()?;
                let value = String::from_utf8(text.bytes().collect()).ok()?;
                Some(self.one_of([value.as_str()]))
            }
            b'{' | b'[' => {
                self.constants.push(text.as_bytes().into());
                let index = self.constants.len() as u32 - 1;
                let never = Node::fixed(Truth::No);
                Some(match text.as_bytes()[0] {
                    b'{' => self.node(Node { object: Formula::Rule(StructTest::Constant(index)), ..never }),
                    _ => self.node(Node { array: Formula::Rule(ListTest::Constant(index)), ..never }),
                })
            }
            _ => Some(self.equal_to(Decimal::new(text).ok()?, NumberForm::Any)),
        }
    }

    /// Values that satisfy all rules.
    pub fn all(&mut self, rules: impl IntoIterator<Item = Rule>) -> Rule {
        self.join(Join::All, rules)
    }

    /// Values that satisfy at least one rule.
    pub fn any_of(&mut self, rules: impl IntoIterator<Item = Rule>) -> Rule {
        self.join(Join::Any, rules)
    }

    /// Values that satisfy one rule. For an object or array that satisfies several, the verdict is in doubt: which of
    /// them is meant may matter to what they add to the value.
    pub fn unique_of(&mut self, rules: impl IntoIterator<Item = Rule>) -> Rule {
        self.join(Join::Unique, rules)
    }

    /// Values that satisfy one of the alternatives, each a pair of rules: what survives (nothing in the value
    /// contradicts the alternative) and what is valid (nothing is missing either). Whatever is valid survives. If
    /// several alternatives survive, an object or array is in doubt, as for [`Builder::unique_of`].
    pub fn alternatives(&mut self, pairs: &[(Rule, Rule)]) -> Rule {
        let survive = self.unique_of(pairs.iter().map(|(survives, _)| *survives));
        let valid = self.any_of(pairs.iter().map(|(_, valid)| *valid));
        self.all([survive, valid])
    }

    /// Values that satisfy at least `min` and at most `max` of the rules.
    pub fn count(&mut self, min: u32, max: u32, rules: impl IntoIterator<Item = Rule>) -> Rule {
        self.join(Join::Count { min, max }, rules)
    }

    /// Values that do not satisfy the rule.
    pub fn not(&mut self, rule: Rule) -> Rule {
        self.draft(Draft::Not(rule))
    }

    /// Values that satisfy `then` if they satisfy `condition`, and `otherwise` if they do not.
    pub fn choose(&mut self, condition: Rule, then: Rule, otherwise: Rule) -> Rule {
        let not = self.not(condition);
        let (yes, no) = (self.any_of([not, then]), self.any_of([condition, otherwise]));
        self.all([yes, no])
    }

    /// Values of this kind that satisfy the rule, and all values of other kinds.
    pub fn when(&mut self, kind: Kind, rule: Rule) -> Rule {
        self.draft(Draft::When(kind, rule))
    }

    /// A rule that is going to be [defined](Builder::define).
    pub fn declare(&mut self) -> Rule {
        self.draft(Draft::Alias(None))
    }

    /// Says what a declared rule stands for. A second definition replaces the first.
    pub fn define(&mut self, declared: Rule, rule: Rule) {
        if let Some(draft @ Draft::Alias(_)) = self.rules.get_mut(declared.0 as usize) {
            *draft = Draft::Alias(Some(rule));
        }
    }

    fn join(&mut self, join: Join, rules: impl IntoIterator<Item = Rule>) -> Rule {
        let rules = rules.into_iter().collect();
        self.draft(Draft::Join(join, rules))
    }

    fn node(&mut self, node: Node) -> Rule {
        self.draft(Draft::Node(Box::new(node)))
    }

    fn draft(&mut self, draft: Draft) -> Rule {
        self.rules.push(draft);
        Rule(self.rules.len() as u32 - 1)
    }

    /// Compiles what `root` allows.
    pub fn finish(mut self, root: Rule) -> Result<Program, BuildError> {
        let structs = std::mem::take(&mut self.structs);
        // Patterns that hold for fields make new rules, so that all rules are known once the structs are drafted.
        let mut drafted = Vec::new();
        for rule in &structs {
            drafted.push(self.spread(rule)?);
        }
        let nodes = vec![None; self.rules.len()];
        let mut resolver =
            Resolver { rules: &self.rules, lists: std::mem::take(&mut self.lists), nodes, open: Vec::new() };
        for index in 0..self.rules.len() {
            resolver.resolve(Rule(index as u32))?;
        }
        let lists = resolver.lists;
        let nodes: Vec<Node> = resolver.nodes.into_iter().flatten().collect();
        let structs = structs.iter().zip(drafted).map(|(rule, fields)| structure(rule, fields, &nodes));
        let structs = structs.collect::<Result<_, BuildError>>()?;
        let lists = lists.iter().map(|rule| list(rule, &nodes)).collect();
        let mut program = Program {
            nodes: nodes.into(),
            structs,
            lists,
            conditions: self.conditions.into(),
            constants: self.constants.into(),
            reasons: self.reasons.into(),
            root: root.0,
            captures: self.captures.into(),
            limits: self.limits,
        };
        for node in &mut program.nodes {
            node.glance = Glance::of(node);
        }
        for field in program.structs.iter_mut().flat_map(|rule| &mut rule.fields) {
            field.glance = program.nodes[field.node as usize].glance.clone();
        }
        for index in 0..program.nodes.len() {
            program.nodes[index].switch = switch(&program, &program.nodes[index].object).map(Arc::new);
        }
        for index in 0..program.captures.len() {
            mark_capture(&mut program, index);
        }
        Ok(program)
    }

    /// The fields of a struct with everything that holds for them, and the names that are required.
    fn spread(&mut self, rule: &StructRule) -> Result<Spread, BuildError> {
        let mut fields = rule.fields.clone();
        let related = rule.relations.iter().flat_map(|relation| &relation.members);
        for name in rule.required.iter().chain(related) {
            if !fields.iter().any(|(field, _)| field == name) {
                let rest = self.rest_of(rule, name);
                fields.push((name.clone(), rest));
            }
        }
        if fields.len() > FIELDS_MAX {
            return Err(BuildError::Fields { count: fields.len(), limit: FIELDS_MAX });
        }
        let mut names: Vec<&String> = fields.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(BuildError::FieldTwice(pair[0].clone()));
        }
        let spread = fields.into_iter().map(|(name, field)| {
            let mut rules: Vec<Rule> =
                rule.groups.iter().filter(|group| group.fields).flat_map(|group| self.matching(group, &name)).collect();
            rules.push(field);
            let rule = if rules.len() == 1 { field } else { self.all(rules) };
            (name.into_bytes().into(), rule)
        });
        Ok(spread.collect())
    }

    /// The rules that hold for a member because its name satisfies those before them.
    fn matching(&self, group: &GroupRule, name: &str) -> Vec<Rule> {
        group.patterns.iter().filter(|(names, _)| self.allows(*names, name)).map(|(_, rule)| *rule).collect()
    }

    /// Whether a rule certainly allows a string. Declared rules are followed if they are defined.
    pub fn allows(&self, rule: Rule, text: &str) -> bool {
        self.string_truth(rule, text, CHAIN_MAX) == Truth::Yes
    }

    fn string_truth(&self, rule: Rule, text: &str, steps: usize) -> Truth {
        let Some(steps) = steps.checked_sub(1) else { return Truth::Unsure };
        match &self.rules[rule.0 as usize] {
            Draft::Node(node) => string_truth(&node.string, Text::plain(text)),
            Draft::Join(join, rules) => {
                let join = if *join == Join::Unique { Join::Any } else { *join };
                let truths = rules.iter().map(|rule| Formula::<bool>::Fixed(self.string_truth(*rule, text, steps)));
                Formula::joined(join, truths.collect()).truth(&mut |_| Truth::No)
            }
            Draft::Not(rule) => self.string_truth(*rule, text, steps).not(),
            Draft::When(Kind::String, rule) | Draft::Alias(Some(rule)) => self.string_truth(*rule, text, steps),
            Draft::When(..) => Truth::Yes,
            Draft::Alias(None) => Truth::Unsure,
        }
    }

    /// Whether a rule allows `{}`, or `[]`; `None` if that cannot be told.
    pub fn allows_empty(&self, rule: Rule, kind: Kind) -> Option<bool> {
        match self.empty_truth(rule, kind, CHAIN_MAX) {
            Truth::Yes => Some(true),
            Truth::No => Some(false),
            Truth::Unsure => None,
        }
    }

    fn empty_truth(&self, rule: Rule, kind: Kind, steps: usize) -> Truth {
        let Some(steps) = steps.checked_sub(1) else { return Truth::Unsure };
        match &self.rules[rule.0 as usize] {
            Draft::Node(node) => match kind {
                Kind::Struct => node.object.truth(&mut |test| match test {
                    StructTest::Struct(id) => self.structs[*id as usize].empty_truth(),
                    StructTest::Constant(id) => Truth::of(is_empty(&self.constants[*id as usize])),
                }),
                Kind::List => node.array.truth(&mut |test| match test {
                    ListTest::List(id) => self.lists[*id as usize].empty_truth(),
                    ListTest::Constant(id) => Truth::of(is_empty(&self.constants[*id as usize])),
                    ListTest::Where(index) => {
                        (self.conditions[*index as usize].test)(b"[]").map_or(Truth::Unsure, Truth::of)
                    }
                }),
                _ => Truth::No,
            },
            Draft::Join(join, rules) => {
                let truths = rules.iter().map(|rule| Formula::<bool>::Fixed(self.empty_truth(*rule, kind, steps)));
                let parts = truths.collect::<Vec<_>>();
                Formula::Join(*join, parts.into()).truth(&mut |_| Truth::No)
            }
            Draft::Not(rule) => self.empty_truth(*rule, kind, steps).not(),
            Draft::When(of, rule) if *of == kind => self.empty_truth(*rule, kind, steps),
            Draft::When(..) => Truth::Yes,
            Draft::Alias(Some(rule)) => self.empty_truth(*rule, kind, steps),
            Draft::Alias(None) => Truth::Unsure,
        }
    }

    /// What holds for a required member that is no field, apart from patterns.
    fn rest_of(&mut self, rule: &StructRule, name: &str) -> Rule {
        let unmatched = rule.groups.iter().filter(|group| self.matching(group, name).is_empty());
        let rests: Vec<Rule> = unmatched.map(|group| group.rest).collect();
        self.all(rests)
    }
}

impl StructRule {
    /// Whether `{}` is allowed.
    fn empty_truth(&self) -> Truth {
        match Truth::of(self.required.is_empty() && self.members_min == 0) {
            Truth::Yes if !self.relations.is_empty() => Truth::Unsure,
            truth => truth,
        }
    }
}

impl ListRule {
    /// Whether `[]` is allowed.
    fn empty_truth(&self) -> Truth {
        Truth::of(self.length_min == 0 && self.contains.iter().all(|(_, min, _)| *min == 0))
    }
}

/// Whether the JSON text of an object or array has nothing between its brackets.
fn is_empty(json: &[u8]) -> bool {
    json.get(1..json.len() - 1).is_some_and(|inside| inside.iter().all(u8::is_ascii_whitespace))
}

fn structure(rule: &StructRule, fields: Spread, nodes: &[Node]) -> Result<Struct, BuildError> {
    let names = |rule: Rule| &nodes[rule.0 as usize].string;
    if rule.groups.iter().flat_map(|group| &group.patterns).any(|(rule, _)| names(*rule).is_doubtful()) {
        return Err(BuildError::Names);
    }
    let group = |group: &GroupRule| Group {
        patterns: group.patterns.iter().map(|(of, rule)| (names(*of).clone(), rule.0)).collect(),
        rest: (!nodes[group.rest.0 as usize].is_never()).then_some(group.rest.0),
        open: group.patterns.is_empty() && nodes[group.rest.0 as usize].is_any(),
    };
    let is_required = |name: &[u8]| rule.required.iter().any(|required| required.as_bytes() == name);
    let required = fields.iter().enumerate().filter(|(_, (name, _))| is_required(name));
    let mut related: Vec<&str> =
        rule.relations.iter().flat_map(|relation| &relation.members).map(String::as_str).collect();
    related.sort_unstable();
    related.dedup();
    if related.len() > SLOTS_MAX {
        return Err(BuildError::Related { count: related.len(), limit: SLOTS_MAX });
    }
    let slot = |name: &[u8]| related.binary_search_by(|known| known.as_bytes().cmp(name)).ok().map(|slot| slot as u8);
    let relation = |relation: &Relation| {
        (relation.clone(), relation.members.iter().filter_map(|name| slot(name.as_bytes())).collect())
    };
    // A bit says whether a field has been seen, and nothing is asked of names.
    let plain = rule.naming.is_none() && fields.len() <= Struct::NARROW_MAX;
    let field = |(name, rule): &(Box<[u8]>, Rule)| {
        let field = Field::new(name, rule.0, is_required(name));
        let (slot, spelling) = (slot(name), if plain { field.spelling.clone() } else { Spelling::NOWHERE });
        Field { noted: slot.is_some(), slot: slot.unwrap_or(Field::NO_SLOT), spelling, ..field }
    };
    Ok(Struct {
        names: Names::new(fields.iter().map(|(name, _)| &**name)),
        required: required.clone().filter(|(index, _)| *index < 64).fold(0, |bits, (index, _)| bits | 1 << index),
        required_count: required.count(),
        groups: rule.groups.iter().map(group).collect(),
        naming: rule.naming.map(|rule| rule.0),
        members_min: rule.members_min,
        members_max: rule.members_max.unwrap_or(usize::MAX),
        relations: rule.relations.iter().map(relation).collect(),
        slots: related.len(),
        fields: fields.iter().map(field).collect(),
    })
}

fn list(rule: &ListRule, nodes: &[Node]) -> List {
    let closed = nodes[rule.rest.0 as usize].is_never().then_some(rule.prefix.len());
    let contains = |(rule, min, max): &(Rule, usize, Option<usize>)| Contains {
        node: rule.0,
        min: *min,
        max: max.unwrap_or(usize::MAX),
    };
    List {
        prefix: rule.prefix.iter().map(|rule| rule.0).collect(),
        rest: rule.rest.0,
        length_min: rule.length_min,
        length_max: rule.length_max.into_iter().chain(closed).min().unwrap_or(usize::MAX),
        unique: rule.unique,
        contains: rule.contains.iter().map(contains).collect(),
    }
}

/// Turns drafts into nodes; a draft's parts first.
struct Resolver<'b> {
    rules: &'b [Draft],
    lists: Vec<ListRule>,
    nodes: Vec<Option<Node>>,
    /// What is being resolved, outermost first.
    open: Vec<Rule>,
}

impl Resolver<'_> {
    fn resolve(&mut self, rule: Rule) -> Result<Node, BuildError> {
        if let Some(node) = &self.nodes[rule.0 as usize] {
            return Ok(node.clone());
        }
        if self.open.contains(&rule) {
            return Err(BuildError::Endless);
        }
        if self.open.len() >= CHAIN_MAX {
            return Err(BuildError::Chain { limit: CHAIN_MAX });
        }
        self.open.push(rule);
        let node = match &self.rules[rule.0 as usize] {
            Draft::Node(node) => (**node).clone(),
            Draft::Join(join, rules) => {
                let nodes = rules.iter().map(|rule| self.resolve(*rule)).collect::<Result<Vec<_>, _>>()?;
                let node = joined(*join, nodes)?;
                Node { array: self.tidy_lists(node.array), ..node }
            }
            Draft::Not(rule) => negated(self.resolve(*rule)?),
            Draft::When(kind, rule) => only_kind(*kind, self.resolve(*rule)?),
            Draft::Alias(Some(rule)) => self.resolve(*rule)?,
            Draft::Alias(None) => return Err(BuildError::Undefined),
        };
        self.open.pop();
        self.nodes[rule.0 as usize] = Some(node.clone());
        Ok(node)
    }
}

impl Resolver<'_> {
    /// List rules that all have to hold are one rule, as far as only one of them looks at the elements.
    fn tidy_lists(&mut self, formula: Formula<ListTest>) -> Formula<ListTest> {
        let Formula::Join(Join::All, parts) = &formula else { return formula };
        let id = |part: &Formula<ListTest>| match part {
            Formula::Rule(ListTest::List(id)) => Some(*id as usize),
            _ => None,
        };
        let Some(ids) = parts.iter().map(id).collect::<Option<Vec<usize>>>() else { return formula };
        let (mut plain, mut others): (Vec<usize>, Vec<usize>) = ids.into_iter().partition(|id| self.only_counts(*id));
        if others.len() > 1 {
            return formula;
        }
        let Some(base) = others.pop().or_else(|| plain.pop()) else { return formula };
        let mut merged = self.lists[base].clone();
        for id in plain {
            let rule = &self.lists[id];
            merged.length_min = merged.length_min.max(rule.length_min);
            merged.length_max = merged.length_max.into_iter().chain(rule.length_max).min();
            if merged.unique == Unique::No {
                merged.unique = rule.unique;
            }
        }
        self.lists.push(merged);
        Formula::Rule(ListTest::List(self.lists.len() as u32 - 1))
    }

    /// Whether the list rule allows any elements.
    fn only_counts(&self, id: usize) -> bool {
        let rule = &self.lists[id];
        let rest_is_any = matches!(&self.rules[rule.rest.0 as usize], Draft::Node(node) if node.is_any());
        rule.prefix.is_empty() && rule.contains.is_empty() && rest_is_any
    }
}

fn negated(node: Node) -> Node {
    Node {
        null: node.null.not(),
        bools: node.bools.map(Truth::not),
        number: node.number.negated(),
        string: node.string.negated(),
        object: node.object.negated(),
        array: node.array.negated(),
        glance: Glance::Blind,
        switch: None,
        reason: node.reason,
    }
}

fn only_kind(kind: Kind, node: Node) -> Node {
    let any = Node::fixed(Truth::Yes);
    let reason = node.reason;
    let node = match kind {
        Kind::Null => Node { null: node.null, ..any },
        Kind::Bool => Node { bools: node.bools, ..any },
        Kind::Number => Node { number: node.number, ..any },
        Kind::String => Node { string: node.string, ..any },
        Kind::Struct => Node { object: node.object, ..any },
        Kind::List => Node { array: node.array, ..any },
    };
    Node { reason, ..node }
}

fn joined(join: Join, nodes: Vec<Node>) -> Result<Node, BuildError> {
    // A scalar is the same value in whichever alternative, so it does not matter which one is meant.
    let scalar = if join == Join::Unique { Join::Any } else { join };
    let truth = |of: &dyn Fn(&Node) -> Truth| {
        let parts = nodes.iter().map(|node| Formula::<bool>::Fixed(of(node))).collect();
        Formula::joined(scalar, parts).truth(&mut |_| Truth::No)
    };
    let node = Node {
        null: truth(&|node| node.null),
        bools: [truth(&|node| node.bools[0]), truth(&|node| node.bools[1])],
        number: tidy_numbers(Formula::joined(scalar, nodes.iter().map(|node| node.number.clone()).collect())),
        string: tidy_strings(Formula::joined(scalar, nodes.iter().map(|node| node.string.clone()).collect())),
        object: Formula::joined(join, nodes.iter().map(|node| node.object.clone()).collect()),
        array: Formula::joined(join, nodes.iter().map(|node| node.array.clone()).collect()),
        glance: Glance::Blind,
        switch: None,
        reason: nodes.iter().find_map(|node| node.reason),
    };
    let size = node.number.size().max(node.string.size()).max(node.object.size()).max(node.array.size());
    if size > FORMULA_SIZE_MAX { Err(BuildError::Formula { limit: FORMULA_SIZE_MAX }) } else { Ok(node) }
}

/// Ranges that all have to hold are one range.
fn tidy_numbers(formula: Formula<NumberTest>) -> Formula<NumberTest> {
    let Formula::Join(Join::All, parts) = formula else { return formula };
    let mut merged = Range { form: NumberForm::Any, min: None, max: None };
    let mut kept = Vec::new();
    for part in parts {
        match part {
            Formula::Rule(NumberTest::Range(range)) => match merged.form.and(range.form) {
                Some(form) => {
                    merged.form = form;
                    merged.min = tighter(merged.min, range.min, std::cmp::Ordering::Greater);
                    merged.max = tighter(merged.max, range.max, std::cmp::Ordering::Less);
                }
                None => return Formula::NO,
            },
            other => kept.push(other),
        }
    }
    if merged != (Range { form: NumberForm::Any, min: None, max: None }) {
        kept.insert(0, Formula::Rule(NumberTest::Range(merged)));
    }
    Formula::joined(Join::All, kept)
}

fn tighter(
    a: Option<(Operand, bool)>,
    b: Option<(Operand, bool)>,
    wins: std::cmp::Ordering,
) -> Option<(Operand, bool)> {
    match (a, b) {
        (Some((a, a_inclusive)), Some((b, b_inclusive))) => Some(match a.compare(Value::Long(b.decimal().number())) {
            std::cmp::Ordering::Equal => (a, a_inclusive && b_inclusive),
            // `compare` says how the argument lies to the operand.
            order if order == wins => (b, b_inclusive),
            _ => (a, a_inclusive),
        }),
        (a, b) => a.or(b),
    }
}

impl NumberForm {
    /// The form that both allow.
    fn and(self, other: NumberForm) -> Option<NumberForm> {
        match (self, other) {
            (NumberForm::Any, form) | (form, NumberForm::Any) => Some(form),
            (a, b) => (a == b).then_some(a),
        }
    }
}

/// Lengths that all have to hold are one range of lengths; sets of which one has to hold are one set.
fn tidy_strings(formula: Formula<StringTest>) -> Formula<StringTest> {
    match formula {
        Formula::Join(Join::All, parts) => merge_lengths(parts),
        Formula::Join(Join::Any, parts) => merge_sets(parts),
        other => other,
    }
}

fn merge_lengths(parts: Box<[Formula<StringTest>]>) -> Formula<StringTest> {
    let (mut lowest, mut highest) = (0, usize::MAX);
    let mut kept = Vec::new();
    for part in parts {
        match part {
            Formula::Rule(StringTest::Runes { min, max }) => (lowest, highest) = (lowest.max(min), highest.min(max)),
            other => kept.push(other),
        }
    }
    if (lowest, highest) != (0, usize::MAX) {
        kept.push(Formula::Rule(StringTest::Runes { min: lowest, max: highest }));
    }
    Formula::joined(Join::All, kept)
}

fn merge_sets(parts: Box<[Formula<StringTest>]>) -> Formula<StringTest> {
    let mut values: Vec<Box<[u8]>> = Vec::new();
    let mut kept = Vec::new();
    for part in parts {
        match part {
            Formula::Rule(StringTest::OneOf(names)) if values.len() + names.len() < FIELDS_MAX => {
                values.extend(names.iter().map(Box::from));
            }
            other => kept.push(other),
        }
    }
    values.sort_unstable();
    values.dedup();
    if !values.is_empty() {
        kept.insert(0, Formula::Rule(StringTest::OneOf(Arc::new(Names::new(values.iter().map(|value| &**value))))));
    }
    Formula::joined(Join::Any, kept)
}

/// The table for alternatives that a member tells apart. At most one of them can hold, so all joins that need one mean
/// the same.
///
/// [`Builder::alternatives`] adds which of them survive at all; a case that decides leaves one of those, too.
fn switch(program: &Program, object: &Formula<StructTest>) -> Option<Switch> {
    let object = match object {
        Formula::Join(Join::All, parts) => match &**parts {
            [Formula::Join(Join::Unique, survive), valid @ Formula::Join(Join::Any, parts)]
                if survive.len() == parts.len() =>
            {
                switch(program, valid)?;
                valid
            }
            _ => return None,
        },
        other => other,
    };
    let Formula::Join(Join::Any | Join::Unique | Join::Count { min: 1, max: 1.. }, parts) = object else { return None };
    let alternative = |part: &Formula<StructTest>| match part {
        Formula::Rule(StructTest::Struct(id)) => Some(*id),
        _ => None,
    };
    let structs = parts.iter().map(alternative).collect::<Option<Vec<StructId>>>()?;
    let first = &program.structs[*structs.first()? as usize];
    first.names.iter().find_map(|name| switch_on(program, &structs, name))
}

fn switch_on(program: &Program, structs: &[StructId], name: &[u8]) -> Option<Switch> {
    let mut cases: Vec<(&[u8], StructId)> = Vec::new();
    for id in structs {
        let rule = &program.structs[*id as usize];
        let field = rule.fields.get(rule.names.find(name)?).filter(|field| field.required)?;
        let node = &program.nodes[field.node as usize];
        let strings_only = [Kind::Null, Kind::Bool, Kind::Number, Kind::Struct, Kind::List];
        let Formula::Rule(StringTest::OneOf(values)) = &node.string else { return None };
        if strings_only.iter().any(|kind| node.allows(*kind)) {
            return None;
        }
        cases.extend(values.iter().map(|value| (value, *id)));
    }
    cases.sort_unstable();
    let disjoint = cases.windows(2).all(|pair| pair[0].0 != pair[1].0);
    (disjoint && cases.len() < FIELDS_MAX).then(|| Switch {
        name: name.into(),
        values: Names::new(cases.iter().map(|(value, _)| *value)),
        structs: cases.iter().map(|(_, id)| *id).collect(),
    })
}

/// Copies the nodes that the path of the captured value leads through and marks its field. Where the path passes
/// alternatives there is nothing to mark, and the checker looks the value up when it has accepted the document.
fn mark_capture(program: &mut Program, capture: usize) {
    let path = program.captures[capture].clone();
    let Some((last, parents)) = path.split_last() else { return };
    let Some(mut parent) = copy_struct(program, program.root) else { return };
    program.root = parent.0;
    for name in parents {
        let Some(index) = program.structs[parent.1].names.find(name) else { return };
        let Some(child) = copy_struct(program, program.structs[parent.1].fields[index].node) else { return };
        program.structs[parent.1].fields[index].node = child.0;
        parent = child;
    }
    if let Some(index) = program.structs[parent.1].names.find(last) {
        let field = &mut program.structs[parent.1].fields[index];
        field.captures |= 1 << capture;
        field.noted = true;
    }
}

/// A copy of a node that has a single struct rule, and of that rule.
fn copy_struct(program: &mut Program, node: NodeId) -> Option<(NodeId, usize)> {
    let mut node = program.nodes[node as usize].clone();
    let Formula::Rule(StructTest::Struct(id)) = node.object else { return None };
    let mut structs = std::mem::take(&mut program.structs).into_vec();
    structs.push(structs[id as usize].clone());
    let copied = structs.len() - 1;
    program.structs = structs.into();
    node.object = Formula::Rule(StructTest::Struct(copied as u32));
    let mut nodes = std::mem::take(&mut program.nodes).into_vec();
    nodes.push(node);
    let id = nodes.len() - 1;
    program.nodes = nodes.into();
    Some((id as u32, copied))
}

/// Rules that make no program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A rule is declared and not defined.
    Undefined,
    /// A rule stands for itself, with no struct or list between.
    Endless,
    /// More rules stand in for each other in a row than this limit.
    Chain {
        /// The limit.
        limit: usize,
    },
    /// The alternatives and conditions of one rule are more than this limit.
    Formula {
        /// The limit.
        limit: usize,
    },
    /// A struct has more fields than the limit.
    Fields {
        /// How many it has.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A rule for names holds an island.
    Names,
    /// The relations of a struct look at more members than the limit.
    Related {
        /// How many they look at.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A struct names a field twice.
    FieldTwice(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Undefined => f.write_str("a rule is declared and not defined"),
            BuildError::Endless => f.write_str("a rule stands for itself"),
            BuildError::Chain { limit } => write!(f, "a rule stands for another through more than {limit} steps"),
            BuildError::Formula { limit } => write!(f, "a rule has more than {limit} alternatives and conditions"),
            BuildError::Fields { count, limit } => write!(f, "a struct has {count} fields, the limit is {limit}"),
            BuildError::Names => f.write_str("it cannot be told which names a pattern is for"),
            BuildError::Related { count, limit } => {
                write!(f, "the rules between members of a struct look at {count} of them, the limit is {limit}")
            }
            BuildError::FieldTwice(name) => write!(f, "a struct names the field {name:?} twice"),
        }
    }
}

impl std::error::Error for BuildError {}
