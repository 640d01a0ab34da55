//! JSON text as it came: proves that it is well formed and within the limits, and finds values in it, without a tree.
//!
//! Stricter than RFC 8259 where a reader downstream could read the same text differently: a name that occurs twice in
//! an object and a lone surrogate are malformed. Whoever holds a [`Json`] need not check again. The scan keeps its own
//! stack of open containers, so that no nesting overflows ours.

use std::{borrow::Cow, fmt, ops::ControlFlow, ops::Range};

use bytes::Bytes;

/// Bounds on the shape of JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JsonLimits {
    /// Objects and lists inside each other.
    pub depth_max: usize,
    /// Characters of one number.
    pub number_bytes_max: usize,
    /// Size of the exponent of one number: `1e1000` has 1000.
    pub exponent_max: usize,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { depth_max: 64, number_bytes_max: 1024, exponent_max: 1000 }
    }
}

impl From<JsonLimits> for vet::Limits {
    fn from(limits: JsonLimits) -> Self {
        Self {
            depth_max: limits.depth_max,
            number_bytes_max: limits.number_bytes_max,
            exponent_max: limits.exponent_max,
        }
    }
}

/// Where and why text is not JSON that is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct JsonError {
    /// Byte offset in the text, from 0.
    pub offset: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with JSON text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// Against the grammar of RFC 8259.
    #[error("{0}")]
    Syntax(&'static str),
    /// A control character that stands unescaped in a string.
    #[error("control character U+{0:04X} in a string must be escaped")]
    Control(u8),
    /// A name that stands twice in one object.
    #[error("duplicate name {0:?} in an object")]
    Duplicate(String),
    /// Nested deeper than the limit.
    #[error("nested deeper than the limit of {0}")]
    TooDeep(usize),
    /// A number of more characters than the limit.
    #[error("number is longer than the limit of {0} characters")]
    NumberTooLong(usize),
    /// A number with an exponent beyond the limit.
    #[error("exponent of a number is beyond the limit of {0}")]
    ExponentTooLarge(usize),
}

/// JSON text that is known to be well formed and within the limits.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Bytes);

impl Json {
    /// Checks text in one pass.
    ///
    /// # Errors
    /// Where and why it is not taken.
    pub fn check(text: Bytes, limits: &JsonLimits) -> Result<Self, JsonError> {
        utf8(&text)?;
        Scanner::new(&text, *limits, true).document(&mut Nothing)?;
        Ok(Self(text))
    }

    /// Takes text that a schema has [accepted](crate::catalog::Glance::Accepted) within the same limits, which proves as
    /// much as a check here would.
    pub(super) fn accepted(text: Bytes) -> Self {
        Self(text)
    }

    /// The value at a place where one is known to stand, without white space around it.
    pub(super) fn at(&self, place: Range<usize>) -> Self {
        Self(self.0.slice(place))
    }

    /// The text, byte for byte as it came, with the white space around it.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The value at a path of names from the root, unless something on the way is missing.
    #[must_use]
    pub fn find(&self, path: &[String]) -> Option<Json> {
        let mut finder = Finder { path, matched: 0, found: None };
        Scanner::new(&self.0, UNLIMITED, false).document(&mut finder).ok();
        finder.found.map(|range| Self(self.0.slice(range)))
    }

    /// The text of a scalar: a string without quotes and escapes, a number or a boolean as written. `None` for `null`,
    /// an object or a list.
    #[must_use]
    pub fn scalar(&self) -> Option<Bytes> {
        match self.kind() {
            Kind::String => Some(match unescape(&self.0[1..self.0.len() - 1]) {
                Cow::Borrowed(_) => self.0.slice(1..self.0.len() - 1),
                Cow::Owned(text) => text.into(),
            }),
            Kind::Number | Kind::Bool => Some(self.0.clone()),
            Kind::Null | Kind::Object | Kind::List => None,
        }
    }

    /// What kind of value it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.iter().copied().find(|byte| !is_space(*byte)).map_or(Kind::Null, Kind::of)
    }

    /// Checks text that must be an object, and takes it apart into its members, in order.
    ///
    /// # Errors
    /// Where and why it is not taken; an object is one level, so `depth_max` is meant for the values of the members.
    pub fn members(text: &Bytes, limits: &JsonLimits) -> Result<Vec<(String, Json)>, JsonError> {
        utf8(text)?;
        expect_first(text, b'{', "expected an object")?;
        let mut parts = Parts { text, name: String::new(), found: Vec::new() };
        let deeper = JsonLimits { depth_max: limits.depth_max.saturating_add(1), ..*limits };
        Scanner::new(text, deeper, true).document(&mut parts)?;
        Ok(parts.found)
    }

    /// Takes text that must be a list apart into the texts of its items. The items are checked for the grammar alone.
    ///
    /// # Errors
    /// Where and why it can't be taken apart. What follows the first `items_max` items is not looked at, and left out.
    pub fn items(text: &Bytes, items_max: usize, limits: &JsonLimits) -> Result<Vec<Bytes>, JsonError> {
        utf8(text)?;
        expect_first(text, b'[', "expected a list")?;
        let mut items = Items { text, items_max, found: Vec::new() };
        let deeper = JsonLimits { depth_max: limits.depth_max.saturating_add(2), ..*limits };
        Scanner::new(text, deeper, false).document(&mut items)?;
        Ok(items.found)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Json({} bytes)", self.0.len())
    }
}

/// The kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// A list.
    List,
    /// An object.
    Object,
}

impl Kind {
    fn of(first: u8) -> Self {
        match first {
            b'{' => Self::Object,
            b'[' => Self::List,
            b'"' => Self::String,
            b't' | b'f' => Self::Bool,
            b'n' => Self::Null,
            _ => Self::Number,
        }
    }
}

const UNLIMITED: JsonLimits =
    JsonLimits { depth_max: usize::MAX, number_bytes_max: usize::MAX, exponent_max: usize::MAX };

fn utf8(text: &[u8]) -> Result<(), JsonError> {
    match std::str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(JsonError { offset: error.valid_up_to(), fault: Fault::NotUtf8 }),
    }
}

/// What kind of value a text begins, if it is JSON.
#[must_use]
pub fn kind_of(text: &[u8]) -> Option<Kind> {
    let first = text.iter().copied().find(|byte| !is_space(*byte))?;
    matches!(first, b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n').then(|| Kind::of(first))
}

fn expect_first(text: &[u8], wanted: u8, message: &'static str) -> Result<(), JsonError> {
    match text.iter().position(|byte| !is_space(*byte)) {
        Some(offset) if text[offset] != wanted => Err(JsonError { offset, fault: Fault::Syntax(message) }),
        _ => Ok(()),
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// What a scan tells on its way. `depth` is that of the containing object or list; the root has 0.
trait Visit {
    /// The name of the member that follows, between its quotes.
    fn name(&mut self, _depth: usize, _raw: &[u8]) {}

    /// A value that has ended.
    fn value(&mut self, _depth: usize, _range: Range<usize>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

struct Nothing;

impl Visit for Nothing {}

/// Follows a path of names. `matched` names of it match those of the members that are open now.
struct Finder<'a> {
    path: &'a [String],
    matched: usize,
    found: Option<Range<usize>>,
}

impl Visit for Finder<'_> {
    fn name(&mut self, depth: usize, raw: &[u8]) {
        // Inside a list the depth runs ahead of what has matched, so that no path leads into lists.
        let parents = depth - 1;
        if parents <= self.matched && parents < self.path.len() {
            self.matched = parents + usize::from(unescape(raw) == self.path[parents]);
        }
    }

    fn value(&mut self, depth: usize, range: Range<usize>) -> ControlFlow<()> {
        if depth != self.path.len() || self.matched != depth {
            return ControlFlow::Continue(());
        }
        self.found = Some(range);
        ControlFlow::Break(())
    }
}

struct Parts<'a> {
    text: &'a Bytes,
    name: String,
    found: Vec<(String, Json)>,
}

impl Visit for Parts<'_> {
    fn name(&mut self, depth: usize, raw: &[u8]) {
        if depth == 1 {
            self.name = unescape(raw).into_owned();
        }
    }

    fn value(&mut self, depth: usize, range: Range<usize>) -> ControlFlow<()> {
        if depth == 1 {
            self.found.push((std::mem::take(&mut self.name), Json(self.text.slice(range))));
        }
        ControlFlow::Continue(())
    }
}

struct Items<'a> {
    text: &'a Bytes,
    items_max: usize,
    found: Vec<Bytes>,
}

impl Visit for Items<'_> {
    fn value(&mut self, depth: usize, range: Range<usize>) -> ControlFlow<()> {
        if depth == 1 {
            self.found.push(self.text.slice(range));
        }
        if self.found.len() == self.items_max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// An object or list that is open.
struct Open {
    start: usize,
    is_object: bool,
    /// Where the names of this object begin in [`Scanner::names`].
    names: usize,
}

/// A name of an open object: a cheap print that is equal for equal names, and where it stands between its quotes.
struct Name {
    print: u64,
    range: Range<usize>,
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    limits: JsonLimits,
    /// Whether names that occur twice are refused.
    unique: bool,
    open: Vec<Open>,
    names: Vec<Name>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a [u8], limits: JsonLimits, unique: bool) -> Self {
        Self { text, at: 0, limits, unique, open: Vec::with_capacity(8), names: Vec::with_capacity(24) }
    }

    /// One value and nothing after it, unless the visitor has seen enough.
    fn document(&mut self, visit: &mut impl Visit) -> Result<(), JsonError> {
        if self.values(visit)?.is_break() {
            return Ok(());
        }
        match self.next_token() {
            None => Ok(()),
            Some(_) => self.fail("expected nothing after the value"),
        }
    }

    fn values(&mut self, visit: &mut impl Visit) -> Result<ControlFlow<()>, JsonError> {
        loop {
            let opened = self.value_start(visit)?;
            if opened == Opened::Container {
                continue;
            }
            if let Opened::Ended(range) = opened
                && visit.value(self.open.len(), range).is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
            loop {
                match self.value_follows(visit)? {
                    Follows::Value => break,
                    Follows::End => return Ok(ControlFlow::Continue(())),
                    Follows::Closed(range) => {
                        if visit.value(self.open.len(), range).is_break() {
                            return Ok(ControlFlow::Break(()));
                        }
                    }
                }
            }
        }
    }

    /// Reads a scalar or an empty container whole, and of another container the opening and the first name.
    fn value_start(&mut self, visit: &mut impl Visit) -> Result<Opened, JsonError> {
        let Some(first) = self.next_token() else { return self.fail("expected a value, found the end") };
        let start = self.at;
        match first {
            b'"' => {
                self.string()?;
            }
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            b'n' => self.literal("null")?,
            b'{' | b'[' => {
                self.open_container(first == b'{')?;
                if self.next_token() != Some(if first == b'{' { b'}' } else { b']' }) {
                    if first == b'{' {
                        self.member_name(visit)?;
                    }
                    return Ok(Opened::Container);
                }
                self.at += 1;
                self.open.pop();
            }
            _ => return self.fail("expected a value"),
        }
        Ok(Opened::Ended(start..self.at))
    }

    /// What comes after a value: a comma and the next, the end of the container, or the end of all.
    fn value_follows(&mut self, visit: &mut impl Visit) -> Result<Follows, JsonError> {
        let Some(&Open { is_object, start, names }) = self.open.last() else { return Ok(Follows::End) };
        match (self.next_token(), is_object) {
            (Some(b','), _) => {
                self.at += 1;
                if is_object {
                    self.member_name(visit)?;
                }
                Ok(Follows::Value)
            }
            (Some(b'}'), true) | (Some(b']'), false) => {
                if is_object {
                    self.close_names(names)?;
                }
                self.at += 1;
                self.open.pop();
                Ok(Follows::Closed(start..self.at))
            }
            (_, true) => self.fail("expected `,` or `}` after a member"),
            (_, false) => self.fail("expected `,` or `]` after an item"),
        }
    }

    fn open_container(&mut self, is_object: bool) -> Result<(), JsonError> {
        if self.open.len() == self.limits.depth_max {
            return Err(JsonError { offset: self.at, fault: Fault::TooDeep(self.limits.depth_max) });
        }
        self.open.push(Open { start: self.at, is_object, names: self.names.len() });
        self.at += 1;
        Ok(())
    }

    fn member_name(&mut self, visit: &mut impl Visit) -> Result<(), JsonError> {
        if self.next_token() != Some(b'"') {
            return self.fail("expected a name in double quotes");
        }
        let start = self.at + 1;
        let escaped = self.string()?;
        let range = start..self.at - 1;
        visit.name(self.open.len(), &self.text[range.clone()]);
        if self.unique {
            let raw = &self.text[range.clone()];
            let print = if escaped { print_of(unescape(raw).as_bytes()) } else { print_of(raw) };
            self.names.push(Name { print, range });
        }
        if self.next_token() != Some(b':') {
            return self.fail("expected `:` after a name");
        }
        self.at += 1;
        Ok(())
    }

    /// Refuses a name that occurred twice in the object that ends; `first` is the place of its first name.
    fn close_names(&mut self, first: usize) -> Result<(), JsonError> {
        let names = &mut self.names[first..];
        // Few names are compared pair by pair; many are sorted first, so that a huge object costs n log n.
        let suspects = if names.len() <= 16 {
            names.iter().enumerate().any(|(index, name)| names[..index].iter().any(|other| other.print == name.print))
        } else {
            names.sort_unstable_by_key(|name| name.print);
            names.windows(2).any(|pair| pair[0].print == pair[1].print)
        };
        if suspects {
            let text = self.text;
            let mut spelled: Vec<_> =
                names.iter().map(|name| (unescape(&text[name.range.clone()]), name.range.start)).collect();
            spelled.sort_unstable();
            if let Some(pair) = spelled.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(JsonError { offset: pair[1].1 - 1, fault: Fault::Duplicate(pair[0].0.to_string()) });
            }
        }
        self.names.truncate(first);
        Ok(())
    }

    /// Reads from one quote to past the other. Says whether there was an escape.
    fn string(&mut self) -> Result<bool, JsonError> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            self.plain_run();
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(&control) => return Err(JsonError { offset: self.at, fault: Fault::Control(control) }),
                None => {
                    self.at = start;
                    return self.fail("string has no end");
                }
            }
        }
    }

    /// Skips what needs no look in a string, eight bytes at a time.
    fn plain_run(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHS: u64 = 0x8080_8080_8080_8080;
        while let Some(chunk) = self.text.get(self.at..self.at + 8) {
            let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes were taken"));
            let zero_in = |word: u64| word.wrapping_sub(ONES) & !word;
            let control = word.wrapping_sub(ONES * 0x20) & !word;
            let stops = (zero_in(word ^ (ONES * 0x22)) | zero_in(word ^ (ONES * 0x5c)) | control) & HIGHS;
            if stops != 0 {
                // The lowest mark is exact; a borrow can only set false marks above it.
                self.at += stops.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        while self.text.get(self.at).is_some_and(|&byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
            self.at += 1;
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => match self.hex(self.at + 2) {
                Some(0xDC00..=0xDFFF) => return self.fail("lone surrogate in a string"),
                Some(0xD800..=0xDBFF) => {
                    let paired = self.text.get(self.at + 6..self.at + 8) == Some(b"\\u")
                        && matches!(self.hex(self.at + 8), Some(0xDC00..=0xDFFF));
                    if !paired {
                        return self.fail("lone surrogate in a string");
                    }
                    self.at += 12;
                }
                Some(_) => self.at += 6,
                None => return self.fail("expected four hexadecimal digits after `\\u`"),
            },
            _ => return self.fail("unknown escape in a string"),
        }
        Ok(())
    }

    fn hex(&self, at: usize) -> Option<u32> {
        hex4(self.text.get(at..at + 4)?)
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        if self.text[self.at] == b'-' {
            self.at += 1;
        }
        match self.digits() {
            0 => return self.fail("expected a digit"),
            digits if digits > 1 && self.text[self.at - digits] == b'0' => {
                self.at -= digits;
                return self.fail("number has a leading zero");
            }
            _ => {}
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.fail("expected a digit after the decimal point");
            }
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.exponent(start)?;
        }
        if self.at - start > self.limits.number_bytes_max {
            return Err(JsonError { offset: start, fault: Fault::NumberTooLong(self.limits.number_bytes_max) });
        }
        Ok(())
    }

    fn exponent(&mut self, number_start: usize) -> Result<(), JsonError> {
        self.at += 1;
        if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
            self.at += 1;
        }
        let digits = self.digits();
        if digits == 0 {
            return self.fail("expected a digit in the exponent");
        }
        let value = self.text[self.at - digits..self.at]
            .iter()
            .fold(0_usize, |value, digit| value.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
        if value > self.limits.exponent_max {
            let fault = Fault::ExponentTooLarge(self.limits.exponent_max);
            return Err(JsonError { offset: number_start, fault });
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    fn literal(&mut self, word: &'static str) -> Result<(), JsonError> {
        if !self.text[self.at..].starts_with(word.as_bytes()) {
            return self.fail("expected a value");
        }
        self.at += word.len();
        Ok(())
    }

    /// Skips white space and looks at what follows.
    fn next_token(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            if !is_space(byte) {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn fail<T>(&self, message: &'static str) -> Result<T, JsonError> {
        Err(JsonError { offset: self.at, fault: Fault::Syntax(message) })
    }
}

#[derive(PartialEq, Eq)]
enum Opened {
    /// A container that has content; its first value comes next.
    Container,
    /// A value that has ended.
    Ended(Range<usize>),
}

enum Follows {
    Value,
    Closed(Range<usize>),
    End,
}

/// Length, head and tail of a name, mixed.
fn print_of(name: &[u8]) -> u64 {
    let (head, tail) = match (name.first_chunk(), name.last_chunk()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => (0, name.iter().fold(0, |word, &byte| word << 8 | u64::from(byte))),
    };
    head.rotate_left(29) ^ tail ^ (name.len() as u64) << 56
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, &digit| Some(value << 4 | char::from(digit).to_digit(16)?))
}

/// The text of a string, given what stands between its quotes and is known to be well formed.
fn unescape(raw: &[u8]) -> Cow<'_, str> {
    let raw = std::str::from_utf8(raw).expect("the scan has seen UTF-8 only");
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let (character, length) = unescape_one(&rest.as_bytes()[at..]);
        text.push(character);
        rest = &rest[at + length..];
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The character of the escape that the bytes begin with, and the length of the escape.
fn unescape_one(bytes: &[u8]) -> (char, usize) {
    let character = match bytes[1] {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let unit = |at: usize| hex4(&bytes[at..at + 4]).expect("the scan has seen four digits");
            let high = unit(2);
            let (code, length) = match high {
                0xD800..=0xDBFF => (0x10000 + ((high - 0xD800) << 10) + (unit(8) - 0xDC00), 12),
                _ => (high, 6),
            };
            return (char::from_u32(code).expect("the scan has seen no lone surrogate"), length);
        }
        literal => char::from(literal),
    };
    (character, 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str) -> Result<Json, JsonError> {
        Json::check(Bytes::copy_from_slice(text.as_bytes()), &JsonLimits::default())
    }

    fn fault(text: &str) -> (usize, String) {
        let error = check(text).expect_err(text);
        (error.offset, error.to_string())
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let cases = [
            ("", 0, "expected a value, found the end"),
            ("{", 1, "expected a name in double quotes"),
            ("{\"a\" 1}", 5, "expected `:` after a name"),
            ("{\"a\":1,}", 7, "expected a name in double quotes"),
            ("[1 2]", 3, "expected `,` or `]` after an item"),
            ("{\"a\":1]", 6, "expected `,` or `}` after a member"),
            ("[1]x", 3, "expected nothing after the value"),
            ("01", 0, "number has a leading zero"),
            ("1.", 2, "expected a digit after the decimal point"),
            ("1e", 2, "expected a digit in the exponent"),
            ("-", 1, "expected a digit"),
            ("nul", 0, "expected a value"),
            ("\"a", 0, "string has no end"),
            ("\"a\u{0}\"", 2, "control character U+0000 in a string must be escaped"),
            ("\"\\x\"", 1, "unknown escape in a string"),
            ("\"\\u12\"", 1, "expected four hexadecimal digits after `\\u`"),
            ("\"\\ud800\"", 1, "lone surrogate in a string"),
            ("\"\\udc00\"", 1, "lone surrogate in a string"),
            ("{\"a\":1,\"b\":{},\"\\u0061\":2}", 14, "duplicate name \"a\" in an object"),
            ("1e1001", 0, "exponent of a number is beyond the limit of 1000"),
        ];
        for (text, offset, message) in cases {
            assert_eq!(fault(text), (offset, message.to_owned()), "{text}");
        }
        let broken = Json::check(Bytes::from_static(b"\"\xff\""), &JsonLimits::default());
        assert_eq!(broken, Err(JsonError { offset: 1, fault: Fault::NotUtf8 }));
    }

    #[test]
    fn limits_hold_one_past_them() {
        let limits = JsonLimits::default();
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(check(&nested(limits.depth_max)).is_ok());
        assert_eq!(fault(&nested(limits.depth_max + 1)), (64, "nested deeper than the limit of 64".to_owned()));
        assert!(check(&"1".repeat(limits.number_bytes_max)).is_ok());
        let long = "1".repeat(limits.number_bytes_max + 1);
        assert_eq!(fault(&long), (0, "number is longer than the limit of 1024 characters".to_owned()));
        assert!(check("1e-1000").is_ok());
        assert!(check(&"[".repeat(1_000_000)).is_err());
    }

    #[test]
    fn duplicates_are_found_among_many_names() {
        let names: Vec<_> = (0..1000).map(|index| format!("\"name{index}\":0")).collect();
        assert!(check(&format!("{{{}}}", names.join(","))).is_ok());
        let again = format!("{{{},\"name500\":1}}", names.join(","));
        assert_eq!(fault(&again), (again.len() - 12, "duplicate name \"name500\" in an object".to_owned()));
        assert!(check("[{\"a\":1},{\"a\":1,\"b\":{\"a\":{}}}]").is_ok());
        assert!(check("{\"12345678-12345678\":1,\"12345678_12345678\":2}").is_ok());
    }

    #[test]
    fn finds_by_path_and_not_in_lists() {
        let text = r#"{"x":[{"b":9}],"a":{"c":{"b":0},"b":"é\n\ud83d\ude00"},"n":1.50,"b":{"a":7},"z":null}"#;
        let json = check(text).expect("well formed");
        let find = |path: &[&str]| {
            let path: Vec<_> = path.iter().map(|name| (*name).to_owned()).collect();
            json.find(&path).map(|found| (found.kind(), found.scalar()))
        };
        assert_eq!(find(&["a", "b"]), Some((Kind::String, Some("é\n😀".into()))));
        assert_eq!(find(&["n"]), Some((Kind::Number, Some("1.50".into()))));
        assert_eq!(find(&["b", "a"]), Some((Kind::Number, Some("7".into()))));
        assert_eq!(find(&["a"]), Some((Kind::Object, None)));
        assert_eq!(find(&["z"]), Some((Kind::Null, None)));
        assert_eq!(find(&["x", "b"]), None);
        assert_eq!(find(&["a", "b", "c"]), None);
    }

    #[test]
    fn takes_objects_and_lists_apart() {
        let text = Bytes::from_static(b" {\"a\" : {\"b\":[1]} , \"c\":\"d\" } ");
        let members = Json::members(&text, &JsonLimits::default()).expect("an object");
        let shown: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), &value.bytes()[..])).collect();
        assert_eq!(shown, [("a", &b"{\"b\":[1]}"[..]), ("c", b"\"d\"")]);
        let items = Json::items(&Bytes::from_static(b"[ 1, [2] ,{\"a\":1,\"a\":2}]"), 9, &JsonLimits::default());
        assert_eq!(items.expect("a list"), [&b"1"[..], b"[2]", b"{\"a\":1,\"a\":2}"]);
        let some = Json::items(&Bytes::from_static(b"[1,2,3"), 2, &JsonLimits::default());
        assert_eq!(some.expect("a list so far"), [&b"1"[..], b"2"]);
        let error = Json::items(&Bytes::from_static(b" {}"), 9, &JsonLimits::default()).expect_err("no list");
        assert_eq!((error.offset, error.to_string()), (1, "expected a list".to_owned()));
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                prop::collection::hash_map(any::<String>(), inner, 0..24)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn takes_what_another_writer_writes(value in value()) {
            prop_assert!(check(&value.to_string()).is_ok());
            prop_assert!(check(&serde_json::to_string_pretty(&value).expect("written")).is_ok());
        }

        #[test]
        fn agrees_with_another_reader_on_broken_text(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut text = value.to_string().into_bytes();
            let index = at.index(text.len());
            text[index] = byte;
            let ours = Json::check(text.clone().into(), &JsonLimits::default());
            let theirs = serde_json::from_slice::<serde_json::Value>(&text);
            match ours {
                Ok(_) => {
                    // The other reader refuses numbers beyond the range of a double.
                    let differs = |error: &serde_json::Error| !error.to_string().starts_with("number out of range");
                    prop_assert!(!theirs.as_ref().is_err_and(differs), "{theirs:?}");
                }
                Err(JsonError { fault: Fault::Duplicate(_) | Fault::ExponentTooLarge(_), .. }) => {}
                Err(_) => prop_assert!(theirs.is_err()),
            }
        }

        #[test]
        fn never_panics(text in prop::collection::vec(prop::sample::select(b"{}[]\",:\\u0d8 \n1e.-+ntrufalse\x00\xff".to_vec()), 0..64)) {
            let text = Bytes::from(text);
            Json::check(text.clone(), &JsonLimits::default()).ok();
            Json::members(&text, &JsonLimits::default()).ok();
            Json::items(&text, 9, &JsonLimits::default()).ok();
        }
    }
}
