//! How a front end says which values are allowed.
//!
//! Rules are handed around as small handles and may refer to each other before they are defined, so that recursive
//! types can be said. `finish` takes them apart by kind of value: whatever is combined, in the end a node has one
//! formula for strings, one for objects, and so on, each as short as its construction could make it.

mod allow;
mod array;
mod capture;
mod error;
mod number;
mod object;
mod resolve;
mod rule;
mod string;
mod switch;

use std::sync::Arc;

use crate::check::Glance;
use crate::decimal::{Decimal, Operand};
use crate::formula::{Formula, Join, Truth};
use crate::lex::Lexer;
use crate::names::Names;
use crate::pattern::Pattern;
pub use crate::program::{Condition, ListCondition, Relation};
use crate::program::{Limits, ListTest, Node, NumberForm, NumberTest, Path, Program, Range, StringTest, StructTest};
use crate::verdict::Kind;

pub use error::BuildError;
pub use rule::{GroupRule, ListRule, NumberRule, StructRule};

use array::list;
use capture::mark_capture;
use object::structure;
use resolve::Resolver;
use switch::switch;

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
        let (nodes, lists) = Resolver::new(&self.rules, std::mem::take(&mut self.lists)).finish()?;
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
}
