//! What a check says: accepted, a rule broken, not decided here, or not JSON at all.

use std::fmt;
use std::ops::Range;

use crate::decimal::Decimal;
use crate::program::NumberForm;

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Well-formed, and every rule holds.
    Accept,
    /// Well-formed, and a rule is broken: the first one found.
    Reject(Box<Violation>),
    /// Well-formed, no rule of the program is broken, and the verdict depends on what the program cannot judge.
    Unsure(Box<Doubt>),
    /// Not a JSON document that the program takes.
    Malformed(Box<Malformed>),
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Byte offset of the value (for an unknown member, of its name; for a missing one, of the object).
    pub offset: usize,
    /// JSON Pointer (RFC 6901) of the value, or of the missing or unknown member.
    pub pointer: String,
    /// The rule.
    pub broken: Broken,
}

/// Which rule is broken. Texts name the rule, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Broken {
    /// A value of another kind is wanted.
    Kind(Kind),
    /// The value is not one that the rule for its kind allows: bounds, lengths, patterns, constants. Comes with the one
    /// demand that it fails, if no other could make up for it.
    Value(Kind, Option<Box<Demand>>),
    /// A required member is missing.
    Required,
    /// A member that no rule provides for.
    Unknown,
    /// The name of a member breaks the rule for names.
    Name,
    /// More or fewer members than allowed: how many there are.
    Members(usize),
    /// More or fewer elements than allowed: how many there are.
    Length(usize),
    /// Two elements of the list are equal.
    Unique,
    /// Too few or too many elements satisfy a rule: how many do.
    Contains(usize),
    /// The members of an object do not satisfy a rule between them: what it asks for.
    Relation(Box<str>),
    /// The value fits none, or too many, of the alternatives.
    Alternatives,
}

/// What a rule asks of a number or a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// What is tested.
    pub test: Test,
    /// Whether the test has to fail.
    pub negated: bool,
}

/// A test of a number or a string.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Test {
    /// How a number is written.
    Form(NumberForm),
    /// A number has no fraction, however it is written.
    Whole,
    /// A number is at least this, or above it if it is not included.
    Min {
        /// The bound.
        bound: Decimal,
        /// Whether the bound itself is allowed.
        inclusive: bool,
    },
    /// A number is at most this, or below it if it is not included.
    Max {
        /// The bound.
        bound: Decimal,
        /// Whether the bound itself is allowed.
        inclusive: bool,
    },
    /// A number is this one.
    Number(Decimal),
    /// A number is a multiple of this one.
    MultipleOf(Decimal),
    /// A string is this one.
    Text(Box<str>),
    /// A string matches this pattern, as the front end wrote it.
    Pattern(Box<str>),
    /// A string has so many code points at least.
    RunesMin(usize),
    /// A string has so many code points at most.
    RunesMax(usize),
    /// A test of the front end, by its name.
    Condition(Box<str>),
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("not ")?;
        }
        match &self.test {
            Test::Form(NumberForm::Integer) => f.write_str("be written as an integer"),
            Test::Form(_) => f.write_str("be written as a float"),
            Test::Whole => f.write_str("be whole"),
            Test::Min { bound, inclusive: true } => write!(f, "be at least {bound}"),
            Test::Min { bound, .. } => write!(f, "be above {bound}"),
            Test::Max { bound, inclusive: true } => write!(f, "be at most {bound}"),
            Test::Max { bound, .. } => write!(f, "be below {bound}"),
            Test::Number(number) => write!(f, "be {number}"),
            Test::MultipleOf(divisor) => write!(f, "be a multiple of {divisor}"),
            Test::Text(text) => write!(f, "be {text:?}"),
            Test::Pattern(source) => write!(f, "match {source:?}"),
            Test::RunesMin(count) => write!(f, "have at least {count} characters"),
            Test::RunesMax(count) => write!(f, "have at most {count} characters"),
            Test::Condition(name) => write!(f, "satisfy {name}"),
        }
    }
}

impl Broken {
    /// JSON Schema's word for the rule, where it has one that fits.
    pub fn keyword(&self) -> &'static str {
        match self {
            Broken::Kind(_) => "type",
            Broken::Value(..) => "value",
            Broken::Required => "required",
            Broken::Unknown => "additionalProperties",
            Broken::Name => "propertyNames",
            Broken::Members(_) => "properties",
            Broken::Length(_) => "items",
            Broken::Unique => "uniqueItems",
            Broken::Contains(_) => "contains",
            Broken::Relation(_) => "relation",
            Broken::Alternatives => "anyOf",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Kind(found) => write!(f, "a value of kind {found} is not allowed"),
            Broken::Value(found, None) => write!(f, "the {found} does not satisfy its rule"),
            Broken::Value(found, Some(demand)) => write!(f, "the {found} must {demand}"),
            Broken::Required => f.write_str("field is required but not present"),
            Broken::Unknown => f.write_str("field not allowed"),
            Broken::Name => f.write_str("the name of the field is not allowed"),
            Broken::Members(count) => write!(f, "an object of {count} members is not allowed"),
            Broken::Length(count) => write!(f, "a list of {count} elements is not allowed"),
            Broken::Unique => f.write_str("two elements of the list are equal"),
            Broken::Contains(count) => write!(f, "{count} elements satisfy the rule for contained elements"),
            Broken::Relation(name) => write!(f, "the fields do not satisfy {name}"),
            Broken::Alternatives => f.write_str("the value fits none, or too many, of the alternatives"),
        }
    }
}

/// A place whose verdict the program leaves to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Byte range of the value, from its first byte to behind its last.
    pub range: Range<usize>,
    /// Why: what the front end said of the island, or that alternatives are ambiguous.
    pub reason: String,
}

/// The kinds of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, however it is written.
    Number,
    /// A string.
    String,
    /// An object.
    Struct,
    /// An array.
    List,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Null => "null",
            Kind::Bool => "bool",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Struct => "struct",
            Kind::List => "list",
        })
    }
}

/// Why a document is not taken, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Byte offset of the first byte that cannot stand where it stands.
    pub offset: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.fault, self.offset)
    }
}

impl std::error::Error for Malformed {}

/// What is wrong with a malformed document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The document ends inside a value.
    UnexpectedEnd,
    /// A byte that cannot stand here; what is wanted instead.
    Expected(&'static str),
    /// Something follows the document's value.
    TrailingBytes,
    /// A control character (below U+0020) stands unescaped in a string.
    ControlCharacter,
    /// An escape that JSON does not know.
    BadEscape,
    /// Half a surrogate pair.
    LoneSurrogate,
    /// Bytes that are not UTF-8.
    BadUtf8,
    /// An object names a member twice. RFC 8259 leaves the meaning of such an object open, so it is not taken.
    DuplicateMember,
    /// Arrays and objects are nested deeper than this limit.
    TooDeep(usize),
    /// A number has more characters than this limit.
    NumberTooLong(usize),
    /// The exponent of a number is larger than this limit.
    ExponentTooLarge(usize),
    /// The document has more bytes than this limit.
    TooLong(usize),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::UnexpectedEnd => f.write_str("the document ends inside a value"),
            Fault::Expected(wanted) => write!(f, "expected {wanted}"),
            Fault::TrailingBytes => f.write_str("unexpected text behind the document's value"),
            Fault::ControlCharacter => f.write_str("control character in a string"),
            Fault::BadEscape => f.write_str("invalid escape in a string"),
            Fault::LoneSurrogate => f.write_str("lone surrogate in a string"),
            Fault::BadUtf8 => f.write_str("invalid UTF-8"),
            Fault::DuplicateMember => f.write_str("an object names a member twice"),
            Fault::TooDeep(limit) => write!(f, "nesting is deeper than the limit of {limit}"),
            Fault::NumberTooLong(limit) => write!(f, "a number is longer than the limit of {limit} characters"),
            Fault::ExponentTooLarge(limit) => write!(f, "the exponent of a number is larger than the limit of {limit}"),
            Fault::TooLong(limit) => write!(f, "the document is longer than the limit of {limit} bytes"),
        }
    }
}
