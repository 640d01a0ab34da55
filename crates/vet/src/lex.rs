//! Tokens of JSON (RFC 8259) over the bytes of a document.
//!
//! The lexer decides once whether strings are UTF-8 and escapes are whole, and whether an object names a member twice.
//! It reads each byte once and calls itself no deeper than its depth limit.

use std::ops::Range;

use smallvec::SmallVec;

use crate::block::{self, BLOCK};
use crate::decimal::{Number, Short};
use crate::program::Limits;
use crate::text::{Text, hex4};
use crate::verdict::{Fault, Malformed};

/// The error is boxed so that the results of the small functions here stay in registers.
pub(crate) type Read<T = ()> = Result<T, Box<Malformed>>;

/// A reading position in a document.
pub(crate) struct Lexer<'d> {
    pub(crate) document: &'d [u8],
    pub(crate) at: usize,
    /// How many arrays and objects are open.
    pub(crate) depth: usize,
    limits: Limits,
    utf8: Utf8,
    /// Members of the open objects whose names a rule does not tell apart; inner objects' stand behind outer ones'.
    members: SmallVec<[Member; 32]>,
}

/// What is known of the document's encoding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Utf8 {
    /// No text beyond ASCII has been met.
    Unknown,
    /// All of the document is UTF-8.
    Valid,
    /// Some of it is not: which string is at fault shows when it is read.
    Faulty,
}

#[derive(Clone, Copy)]
struct Member {
    digest: u64,
    start: usize,
    length: u32,
    escaped: bool,
}

impl<'d> Lexer<'d> {
    #[inline(always)]
    pub(crate) fn new(document: &'d [u8], limits: Limits) -> Lexer<'d> {
        Lexer { document, at: 0, depth: 0, limits, utf8: Utf8::Unknown, members: SmallVec::new() }
    }

    /// Reads UTF-8 without bounds but that of the stack: what has been read before, or is a `str`.
    pub(crate) fn again(document: &'d [u8]) -> Lexer<'d> {
        Lexer { utf8: Utf8::Valid, ..Lexer::new(document, Limits::READ_AGAIN) }
    }

    /// The byte at the reading position; 0, which stands nowhere in JSON, behind the end.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u8 {
        self.byte(self.at)
    }

    #[inline(always)]
    pub(crate) fn byte(&self, at: usize) -> u8 {
        self.document.get(at).copied().unwrap_or(0)
    }

    /// Skips white space.
    #[inline(always)]
    pub(crate) fn space(&mut self) {
        if self.peek() <= b' ' {
            self.space_run();
        }
    }

    #[inline(never)]
    fn space_run(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// Nothing but white space follows.
    pub(crate) fn end(&mut self) -> Read {
        self.space();
        if self.at < self.document.len() { Err(self.fault_at(self.at, Fault::TrailingBytes)) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn fault_at(&self, offset: usize, fault: Fault) -> Box<Malformed> {
        Box::new(Malformed { offset, fault })
    }

    /// What stands at the reading position is not what is wanted.
    #[cold]
    #[inline(never)]
    pub(crate) fn unexpected(&self, wanted: &'static str) -> Box<Malformed> {
        let fault = if self.at < self.document.len() { Fault::Expected(wanted) } else { Fault::UnexpectedEnd };
        self.fault_at(self.at.min(self.document.len()), fault)
    }

    /// One array or object more is open. The caller closes it with [`Lexer::leave`].
    #[inline(always)]
    pub(crate) fn enter(&mut self) -> Read {
        if self.depth >= self.limits.depth_max {
            return Err(self.fault_at(self.at, Fault::TooDeep(self.limits.depth_max)));
        }
        self.depth += 1;
        self.at += 1;
        self.space();
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    /// Behind a member or an element: true if another one follows, which then stands at the reading position or behind
    /// white space; false if the reading position is at `close`.
    #[inline(always)]
    pub(crate) fn next(&mut self, close: u8) -> Read<bool> {
        let mut byte = self.peek();
        if byte <= b' ' {
            self.space_run();
            byte = self.peek();
        }
        if byte == b',' {
            self.at += 1;
            return Ok(true);
        }
        if byte == close {
            return Ok(false);
        }
        Err(self.unexpected(if close == b'}' { "',' or '}'" } else { "',' or ']'" }))
    }

    /// Reads a member's name and the colon; the reading position is then at its value.
    #[inline(always)]
    pub(crate) fn name(&mut self) -> Read<Text<'d>> {
        self.space();
        if self.peek() != b'"' {
            return Err(self.unexpected("a name in quotes"));
        }
        let name = self.string()?;
        self.colon()?;
        Ok(name)
    }

    #[inline(always)]
    fn colon(&mut self) -> Read {
        self.space();
        if self.peek() != b':' {
            return Err(self.unexpected("':'"));
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    /// Reads the string whose opening quote is at the reading position.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Read<Text<'d>> {
        let start = self.at + 1;
        let (at, ascii) = self.plain(start);
        if self.byte(at) != b'"' {
            return self.string_special(start, at);
        }
        self.at = at + 1;
        let text = Text { raw: &self.document[start..at], escaped: false, ascii };
        if !ascii {
            self.check_utf8(start, text.raw)?;
        }
        Ok(text)
    }

    /// Where the plain text from `at` on ends, and whether it is ASCII.
    #[inline(always)]
    fn plain(&self, mut at: usize) -> (usize, bool) {
        let mut high = 0;
        loop {
            let specials = block::specials(self.document, at);
            let stops = specials & 0xffff;
            if stops == 0 {
                high |= specials;
                at += BLOCK;
                continue;
            }
            let plain = stops.trailing_zeros();
            high |= (specials >> 16) & ((1 << plain) - 1);
            return (at + plain as usize, high == 0);
        }
    }

    /// Where the string that begins at `at` ends, with its quote, and whether it is ASCII; `None` if it has to be read
    /// closely: because of escapes, or because nobody knows yet whether it is UTF-8, or if it is no string.
    #[inline(always)]
    pub(crate) fn plain_string(&self, at: usize) -> Option<(usize, bool)> {
        if self.byte(at) != b'"' {
            return None;
        }
        self.plain_rest(at + 1)
    }

    /// The same, for a string of which plain ASCII up to `at` has been read.
    #[inline(always)]
    pub(crate) fn plain_rest(&self, at: usize) -> Option<(usize, bool)> {
        let (end, ascii) = self.plain(at);
        (self.byte(end) == b'"' && (ascii || self.utf8 == Utf8::Valid)).then_some((end + 1, ascii))
    }

    /// Reads on in a string at something that is neither plain text nor its end.
    #[cold]
    #[inline(never)]
    fn string_special(&mut self, start: usize, at: usize) -> Read<Text<'d>> {
        let mut at = at;
        loop {
            match self.document.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at = self.escape(at)?,
                Some(0..0x20) => return Err(self.fault_at(at, Fault::ControlCharacter)),
                Some(_) => at += 1,
                None => return Err(self.fault_at(self.document.len(), Fault::UnexpectedEnd)),
            }
        }
        self.at = at + 1;
        let raw = &self.document[start..at];
        self.check_utf8(start, raw)?;
        Ok(Text { raw, escaped: true, ascii: false })
    }

    /// Whether the string at `start` is UTF-8. The first time all of the document is looked at, so that its other strings
    /// need not be.
    #[inline]
    fn check_utf8(&mut self, start: usize, raw: &[u8]) -> Read {
        if self.utf8 == Utf8::Unknown {
            self.utf8 = match simdutf8::basic::from_utf8(self.document) {
                Ok(_) => Utf8::Valid,
                Err(_) => Utf8::Faulty,
            };
        }
        match self.utf8 {
            Utf8::Valid => Ok(()),
            _ => self.check_faulty_utf8(start, raw),
        }
    }

    #[cold]
    fn check_faulty_utf8(&self, start: usize, raw: &[u8]) -> Read {
        match std::str::from_utf8(raw) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.fault_at(start + error.valid_up_to(), Fault::BadUtf8)),
        }
    }

    /// The position behind the escape at `at`.
    fn escape(&self, at: usize) -> Read<usize> {
        match self.document.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => self.unicode_escape(at),
            Some(_) => Err(self.fault_at(at, Fault::BadEscape)),
            None => Err(self.fault_at(self.document.len(), Fault::UnexpectedEnd)),
        }
    }

    fn unicode_escape(&self, at: usize) -> Read<usize> {
        let point = |at: usize| self.document.get(at..).and_then(hex4);
        match point(at + 2) {
            None => Err(self.fault_at(at, Fault::BadEscape)),
            Some(0xdc00..0xe000) => Err(self.fault_at(at, Fault::LoneSurrogate)),
            Some(0xd800..0xdc00) => {
                let low = self.document.get(at + 6..at + 8).filter(|start| start == b"\\u").and_then(|_| point(at + 8));
                let paired = low.is_some_and(|low| (0xdc00..0xe000).contains(&low));
                if paired { Ok(at + 12) } else { Err(self.fault_at(at, Fault::LoneSurrogate)) }
            }
            Some(_) => Ok(at + 6),
        }
    }

    /// Reads the number at the reading position if it is a [short one](Lexer::short_at), and says whether it has a
    /// fraction. Reads nothing of any other.
    #[inline(always)]
    pub(crate) fn short_number(&mut self) -> Option<(Short, bool)> {
        let (coefficient, point, end) = self.short_at(self.at)?;
        self.at = end;
        Some((Short { coefficient, scale: Short::READ_SCALE }, point))
    }

    /// The number at `at`, if its integer has up to eight digits, its fraction up to eight, it has no exponent and all of
    /// it fits in a block: its coefficient at [`Short::READ_SCALE`], whether there is a fraction, and where it ends.
    #[inline(always)]
    pub(crate) fn short_at(&self, at: usize) -> Option<(i64, bool, usize)> {
        let negative = self.byte(at) == b'-';
        let first = at + usize::from(negative);
        let (coefficient, point, length) = block::with(self.document, first, few_digits)?;
        let end = first + length;
        let signed = if negative { -(coefficient as i64) } else { coefficient as i64 };
        (end - at <= self.limits.number_bytes_max).then_some((signed, point, end))
    }

    /// Reads the number at the reading position.
    pub(crate) fn number(&mut self) -> Read<Number<'d>> {
        let start = self.at;
        let negative = self.peek() == b'-';
        self.at += usize::from(negative);
        let integer = self.digits()?;
        if integer.len() > 1 && integer[0] == b'0' {
            self.at -= integer.len() - 1;
            return Err(self.unexpected("no digit behind a leading zero"));
        }
        let mut number = Number { negative, float: false, integer, fraction: b"", exponent: 0 };
        if self.peek() == b'.' {
            self.at += 1;
            number.float = true;
            number.fraction = self.digits()?;
        }
        if self.peek() | 0x20 == b'e' {
            number.float = true;
            number.exponent = self.exponent()?;
            if number.exponent.unsigned_abs() > self.limits.exponent_max as u64 {
                return Err(self.fault_at(start, Fault::ExponentTooLarge(self.limits.exponent_max)));
            }
        }
        if self.at - start > self.limits.number_bytes_max {
            return Err(self.fault_at(start, Fault::NumberTooLong(self.limits.number_bytes_max)));
        }
        Ok(number)
    }

    fn digits(&mut self) -> Read<&'d [u8]> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(&self.document[start..self.at]) }
    }

    fn skip_number(&mut self) -> Read {
        if self.short_number().is_none() {
            self.number()?;
        }
        Ok(())
    }

    /// An exponent that does not fit is as large as can be held: the number's text is always shorter than that.
    fn exponent(&mut self) -> Read<i64> {
        self.at += 1;
        let negative = self.peek() == b'-';
        self.at += usize::from(matches!(self.peek(), b'-' | b'+'));
        let digits = self.digits()?;
        let limit = i64::MAX / 16;
        let value = digits.iter().fold(0_i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(limit));
        Ok(if negative { -value } else { value })
    }

    /// Where `true` or `false` ends, if one of them stands at `at`.
    #[inline(always)]
    pub(crate) fn bool_end(&self, at: usize) -> Option<usize> {
        let eight = block::eight(self.document, at);
        let is_true = eight as u32 == u32::from_le_bytes(*b"true");
        let is_false = eight & 0xff_ffff_ffff == u64::from_le_bytes(*b"false\0\0\0");
        (is_true || is_false).then(|| at + 4 + usize::from(is_false))
    }

    /// Reads `null`, `true` or `false` and says which letter it begins with.
    #[inline]
    pub(crate) fn literal(&mut self) -> Read<u8> {
        let first = self.peek();
        let word: &[u8] = match first {
            b't' => b"true",
            b'f' => b"false",
            b'n' => b"null",
            _ => return Err(self.unexpected("a value")),
        };
        if self.document.get(self.at..self.at + word.len()) != Some(word) {
            let here = self.document[self.at..].iter().zip(word);
            self.at += here.take_while(|(have, want)| have == want).count();
            return Err(self.unexpected("null, true or false"));
        }
        self.at += word.len();
        Ok(first)
    }

    /// Skips the value at the reading position, or behind white space, and says where it stands.
    pub(crate) fn skip(&mut self) -> Read<Range<usize>> {
        self.space();
        let start = self.at;
        match self.peek() {
            b'"' => _ = self.string()?,
            b'{' => self.skip_object()?,
            b'[' => self.skip_array()?,
            b'-' | b'0'..=b'9' => self.skip_number()?,
            _ => _ = self.literal()?,
        }
        Ok(start..self.at)
    }

    fn skip_object(&mut self) -> Read {
        self.enter()?;
        let mut count = 0;
        if self.peek() != b'}' {
            loop {
                let name = self.name()?;
                self.remember(name);
                count += 1;
                self.skip()?;
                if !self.next(b'}')? {
                    break;
                }
            }
        }
        self.distinct(count)?;
        self.leave();
        Ok(())
    }

    fn skip_array(&mut self) -> Read {
        self.enter()?;
        if self.peek() != b']' {
            loop {
                self.skip()?;
                if !self.next(b']')? {
                    break;
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// Remembers the name of a member of the innermost object.
    #[inline]
    pub(crate) fn remember(&mut self, name: Text<'d>) {
        let mut buffer = SmallVec::<[u8; 64]>::new();
        let digest = digest(name.resolve(&mut buffer));
        // The name is a slice of the document, so its place is the distance of the two.
        let start = name.raw.as_ptr().addr() - self.document.as_ptr().addr();
        let length = name.raw.len() as u32;
        self.members.push(Member { digest, start, length, escaped: name.escaped });
    }

    /// The last `count` names that have been remembered, those of the object that ends here, are all different; forgets
    /// them.
    #[inline]
    pub(crate) fn distinct(&mut self, count: usize) -> Read {
        let mark = self.members.len() - count;
        if count > 1 {
            self.compare_members(mark)?;
        }
        self.members.truncate(mark);
        Ok(())
    }

    fn compare_members(&mut self, mark: usize) -> Read {
        let document = self.document;
        let members = &mut self.members[mark..];
        let twice = if members.len() <= 12 {
            let pairs = members.iter().enumerate().flat_map(|(i, a)| members[i + 1..].iter().map(move |b| (a, b)));
            pairs
                .filter(|(a, b)| a.digest == b.digest && a.text(document).eq(b.text(document)))
                .map(|(_, b)| b.start)
                .min()
        } else {
            // Equal digests can be chosen by the sender, so the names themselves decide the order.
            members.sort_unstable_by(|a, b| {
                let names = || a.text(document).cmp(b.text(document));
                a.digest.cmp(&b.digest).then_with(names).then_with(|| a.start.cmp(&b.start))
            });
            let pairs = members.windows(2).filter(|pair| pair[0].digest == pair[1].digest);
            pairs.filter(|pair| pair[0].text(document).eq(pair[1].text(document))).map(|pair| pair[1].start).min()
        };
        match twice {
            Some(start) => Err(self.fault_at(start - 1, Fault::DuplicateMember)),
            None => Ok(()),
        }
    }
}

/// The number that a block begins with, if it is a [short one](Lexer::short_at): its coefficient, whether it has a fraction,
/// and its length.
#[inline(always)]
fn few_digits(block: &[u8; BLOCK]) -> Option<(u64, bool, usize)> {
    let digits = block::decimal(block);
    let integer = digits.trailing_ones();
    let leading_zero = integer > 1 && block[0] == b'0';
    if !matches!(integer, 1..=8) || leading_zero {
        return None;
    }
    let bytes = u128::from_le_bytes(*block);
    let mut coefficient = block::spelled(bytes as u64, integer) * block::EIGHT_DIGITS;
    let mut length = integer as usize;
    let point = block[length] == b'.';
    if point {
        let fraction = (digits >> (integer + 1)).trailing_ones();
        length += 1 + fraction as usize;
        // A run of digits that goes to the end of the block may go on behind it.
        if !matches!(fraction, 1..=8) || length >= BLOCK {
            return None;
        }
        coefficient += block::spelled_behind((bytes >> (8 * (integer + 1))) as u64, fraction);
    }
    (block[length] | 0x20 != b'e').then_some((coefficient, point, length))
}

impl Member {
    fn text(self, document: &[u8]) -> impl Iterator<Item = u8> + '_ {
        let raw = &document[self.start..self.start + self.length as usize];
        Text { raw, escaped: self.escaped, ascii: false }.bytes()
    }
}

/// A number that equal names have in common and different names seldom.
fn digest(name: &[u8]) -> u64 {
    let word = |chunk: Option<&[u8; 8]>| chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk));
    let (first, last) = match name.len() {
        8.. => (word(name.first_chunk()), word(name.last_chunk())),
        _ => (name.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 0),
    };
    (first ^ last.rotate_left(29) ^ (name.len() as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
