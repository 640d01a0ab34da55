//! What a program consists of: nodes, one for each rule, with a formula for each kind of JSON value.

use std::fmt;
use std::sync::Arc;

use crate::block::Spelling;
use crate::check::Glance;
use crate::decimal::Operand;
use crate::formula::{Formula, Truth};
use crate::names::Names;
use crate::pattern::Pattern;
use crate::verdict::Kind;

/// A compiled check. It is immutable and may be shared between threads.
#[derive(Debug)]
pub struct Program {
    pub(crate) nodes: Box<[Node]>,
    pub(crate) structs: Box<[Struct]>,
    pub(crate) lists: Box<[List]>,
    pub(crate) conditions: Box<[ListCondition]>,
    /// JSON texts that values are compared with.
    pub(crate) constants: Box<[Box<[u8]>]>,
    /// Why the front end could not say more, by island.
    pub(crate) reasons: Box<[Box<str>]>,
    pub(crate) root: NodeId,
    /// Paths of names to the values whose places are wanted.
    pub(crate) captures: Box<[Path]>,
    pub(crate) limits: Limits,
}

/// Bounds on what a document may ask of the checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep arrays and objects may be nested: at most [`Limits::DEPTH_CEILING`], which bounds the stack.
    pub depth_max: usize,
    /// Characters of one number.
    pub number_bytes_max: usize,
    /// Size of the exponent of one number: `1e1000` and `1e-1000` have 1000.
    pub exponent_max: usize,
}

impl Limits {
    /// The deepest nesting that can be allowed. At this depth a check needs less than 1 MiB of stack.
    pub const DEPTH_CEILING: usize = 512;

    /// What has been read once is read again without bounds but that of the stack.
    pub(crate) const READ_AGAIN: Limits = Limits { depth_max: Limits::DEPTH_CEILING, ..Limits::NUMBERS };
    const NUMBERS: Limits = Limits { depth_max: 128, number_bytes_max: usize::MAX, exponent_max: usize::MAX };

    /// The same, with a depth that the stack can take.
    pub(crate) fn lowered(self) -> Limits {
        Limits { depth_max: self.depth_max.min(Limits::DEPTH_CEILING), ..self }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::NUMBERS
    }
}

/// Names of members, outermost first.
pub(crate) type Path = Box<[Box<[u8]>]>;

pub(crate) type NodeId = u32;
pub(crate) type StructId = u32;
pub(crate) type ListId = u32;
pub(crate) type ConstantId = u32;

/// What a rule says of a value, by the value's kind.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) null: Truth,
    /// For `false` and for `true`.
    pub(crate) bools: [Truth; 2],
    pub(crate) number: Formula<NumberTest>,
    pub(crate) string: Formula<StringTest>,
    pub(crate) object: Formula<StructTest>,
    pub(crate) array: Formula<ListTest>,
    /// What shows at once that the value is allowed.
    pub(crate) glance: Glance,
    /// A quicker way than the formula for objects, where there is one.
    pub(crate) switch: Option<Arc<Switch>>,
    /// Which island doubts come from.
    pub(crate) reason: Option<u32>,
}

impl Node {
    /// The same truth for every value.
    pub(crate) fn fixed(truth: Truth) -> Node {
        Node {
            null: truth,
            bools: [truth; 2],
            number: Formula::Fixed(truth),
            string: Formula::Fixed(truth),
            object: Formula::Fixed(truth),
            array: Formula::Fixed(truth),
            glance: Glance::Blind,
            switch: None,
            reason: None,
        }
    }

    fn is_fixed(&self, truth: Truth) -> bool {
        self.null == truth
            && self.bools == [truth; 2]
            && self.number == Formula::Fixed(truth)
            && self.string == Formula::Fixed(truth)
            && self.object == Formula::Fixed(truth)
            && self.array == Formula::Fixed(truth)
    }

    pub(crate) fn is_any(&self) -> bool {
        self.is_fixed(Truth::Yes)
    }

    pub(crate) fn is_never(&self) -> bool {
        self.is_fixed(Truth::No)
    }

    /// Whether some value of this kind may be allowed.
    pub(crate) fn allows(&self, kind: Kind) -> bool {
        match kind {
            Kind::Null => self.null != Truth::No,
            Kind::Bool => self.bools != [Truth::No; 2],
            Kind::Number => self.number != Formula::NO,
            Kind::String => self.string != Formula::NO,
            Kind::Struct => self.object != Formula::NO,
            Kind::List => self.array != Formula::NO,
        }
    }
}

/// How a number is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberForm {
    /// In any way.
    #[default]
    Any,
    /// Without fraction and exponent.
    Integer,
    /// With a fraction or an exponent.
    Float,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NumberTest {
    Range(Range),
    /// The value is whole, however it is written.
    Whole,
    MultipleOf(Operand),
}

/// A range of numbers; a bound comes with whether it is itself in the range.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) form: NumberForm,
    pub(crate) min: Option<(Operand, bool)>,
    pub(crate) max: Option<(Operand, bool)>,
}

#[derive(Clone, Debug)]
pub(crate) enum StringTest {
    /// Length in code points.
    Runes {
        min: usize,
        max: usize,
    },
    Pattern(Arc<Pattern>),
    OneOf(Arc<Names>),
    Where(Condition),
}

impl PartialEq for StringTest {
    fn eq(&self, other: &StringTest) -> bool {
        match (self, other) {
            (StringTest::Runes { min, max }, StringTest::Runes { min: other_min, max: other_max }) => {
                (min, max) == (other_min, other_max)
            }
            (StringTest::Pattern(a), StringTest::Pattern(b)) => Arc::ptr_eq(a, b),
            (StringTest::OneOf(a), StringTest::OneOf(b)) => a == b,
            (StringTest::Where(a), StringTest::Where(b)) => Arc::ptr_eq(&a.test, &b.test),
            _ => false,
        }
    }
}

/// A test of strings that the front end brings along.
#[derive(Clone)]
pub struct Condition {
    /// What the test asks for, for messages.
    pub name: Box<str>,
    /// The test; `None` if it cannot tell. It is run on every string that the rule meets, so it must be quick and must
    /// not fail.
    pub test: Arc<StringFn>,
}

/// A rule between members of one object that the front end brings along.
#[derive(Clone)]
pub struct Relation {
    /// What the rule asks for, for messages.
    pub name: Box<str>,
    /// The members that it looks at.
    pub members: Vec<String>,
    /// Whether it looks at the whole object, whose text then follows those of the members.
    pub sees_object: bool,
    /// Whether it holds, by the JSON texts of these members in the same order, `None` for those that are not there;
    /// `None` if that does not tell. It is run on every object that the rule meets, so it must be quick and must not
    /// fail.
    pub test: Arc<RelationFn>,
}

/// The test of a [`Condition`]: of a string.
pub type StringFn = dyn Fn(&str) -> Option<bool> + Send + Sync;

/// The test of a [`ListCondition`]: of the JSON text of an array.
pub type ListFn = dyn Fn(&[u8]) -> Option<bool> + Send + Sync;

/// The test of a [`Relation`]: of the JSON texts of members.
pub type RelationFn = dyn Fn(&[Option<&[u8]>]) -> Option<bool> + Send + Sync;

/// A test of whole arrays that the front end brings along.
#[derive(Clone)]
pub struct ListCondition {
    /// What the test asks for, for messages.
    pub name: Box<str>,
    /// The test of an array's JSON text; `None` if it cannot tell. It must be quick and must not fail.
    pub test: Arc<ListFn>,
}

impl fmt::Debug for ListCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ListCondition({})", self.name)
    }
}

impl fmt::Debug for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relation({} of {:?})", self.name, self.members)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({})", self.name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StructTest {
    Struct(StructId),
    Constant(ConstantId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListTest {
    List(ListId),
    Constant(ConstantId),
    Where(u32),
}

/// The rules for the members of an object.
#[derive(Clone, Debug)]
pub(crate) struct Struct {
    pub(crate) names: Names,
    /// By the index that `names` gives.
    pub(crate) fields: Box<[Field]>,
    /// Bit by field, for up to 64 fields; with more the checker only counts.
    pub(crate) required: u64,
    pub(crate) required_count: usize,
    /// For members that are no field: each group has to allow them.
    pub(crate) groups: Box<[Group]>,
    /// What names have to satisfy: fields' names too.
    pub(crate) naming: Option<NodeId>,
    pub(crate) members_min: usize,
    pub(crate) members_max: usize,
    /// Rules between members, each with the slots of those that it looks at.
    pub(crate) relations: Box<[(Relation, Box<[u8]>)]>,
    /// How many members are looked at.
    pub(crate) slots: usize,
}

impl Struct {
    /// How many fields there may be so that a bit for each says which have been seen.
    pub(crate) const NARROW_MAX: usize = 64;

    #[inline(always)]
    pub(crate) fn is_narrow(&self) -> bool {
        self.fields.len() <= Struct::NARROW_MAX
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// `"name":` as a document spells it, if that is short, needs no escapes, and there is nothing to ask of the name.
    pub(crate) spelling: Spelling,
    /// How long that is.
    pub(crate) spelled_bytes: usize,
    pub(crate) required: bool,
    /// Bit by capture that ends here.
    pub(crate) captures: u8,
    /// Where relations look for the value; [`Field::NO_SLOT`] if none looks at it.
    pub(crate) slot: u8,
    /// Whether the place of the value is wanted, for a capture or for relations.
    pub(crate) noted: bool,
    /// The node's.
    pub(crate) glance: Glance,
    pub(crate) node: NodeId,
}

impl Field {
    pub(crate) const NO_SLOT: u8 = u8::MAX;

    pub(crate) fn new(name: &[u8], node: NodeId, required: bool) -> Field {
        let spelled = [b"\"", name, b"\":"].concat();
        let plain = name.iter().all(|byte| *byte >= 0x20 && !matches!(byte, b'"' | b'\\'));
        let spelling = Spelling::new(&spelled).filter(|_| plain).unwrap_or(Spelling::NOWHERE);
        Field {
            spelling,
            spelled_bytes: spelled.len(),
            required,
            captures: 0,
            slot: Field::NO_SLOT,
            noted: false,
            glance: Glance::Blind,
            node,
        }
    }
}

/// Rules for members by what their name matches.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) patterns: Box<[(Formula<StringTest>, NodeId)]>,
    /// For names that match no pattern; nothing if there must be none.
    pub(crate) rest: Option<NodeId>,
    /// The group allows everything.
    pub(crate) open: bool,
}

/// Whether the elements of a list have to differ. Objects are equal whatever the order of their members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unique {
    /// They need not differ.
    #[default]
    No,
    /// Numbers are equal if their values are.
    ByValue,
    /// A number with a fraction or an exponent is never equal to one without.
    ByForm,
}

/// The rules for the elements of an array.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) prefix: Box<[NodeId]>,
    pub(crate) rest: NodeId,
    pub(crate) length_min: usize,
    pub(crate) length_max: usize,
    pub(crate) unique: Unique,
    pub(crate) contains: Box<[Contains]>,
}

impl List {
    /// The rule for the element with this index.
    #[inline]
    pub(crate) fn node(&self, index: usize) -> NodeId {
        self.prefix.get(index).copied().unwrap_or(self.rest)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Contains {
    pub(crate) node: NodeId,
    pub(crate) min: usize,
    pub(crate) max: usize,
}

/// Alternatives that one string member tells apart: required in all of them, with no value in common.
#[derive(Clone, Debug)]
pub(crate) struct Switch {
    pub(crate) name: Box<[u8]>,
    pub(crate) values: Names,
    /// By the index that `values` gives.
    pub(crate) structs: Box<[StructId]>,
}

impl Program {
    /// Bytes of memory that the program's patterns take; the rest is proportional to the rules' text.
    pub fn pattern_bytes(&self) -> usize {
        let mut patterns: Vec<&Arc<Pattern>> = Vec::new();
        let of_names = self.structs.iter().flat_map(|rule| &rule.groups).flat_map(|group| &group.patterns);
        for formula in self.nodes.iter().map(|node| &node.string).chain(of_names.map(|(names, _)| names)) {
            formula.for_each(&mut |test| {
                if let StringTest::Pattern(pattern) = test {
                    patterns.push(pattern);
                }
            });
        }
        patterns.sort_by_key(|pattern| Arc::as_ptr(pattern).addr());
        patterns.dedup_by(|a, b| Arc::ptr_eq(a, b));
        patterns.iter().map(|pattern| pattern.memory_bytes()).sum()
    }

    /// The reasons of the islands that the program contains: empty if every document can be decided but for
    /// ambiguous alternatives.
    pub fn islands(&self) -> impl Iterator<Item = &str> {
        self.reasons.iter().map(|reason| &**reason)
    }
}
