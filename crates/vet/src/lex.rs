//! Tokens of JSON (RFC 8259) over the bytes of a document.
//!
//! The lexer decides once whether strings are UTF-8 and escapes are whole, and whether an object names a member twice.
//! It reads each byte once and calls itself no deeper than its depth limit.

use std::ops::Range;

use smallvec::SmallVec;

use crate::block;
use crate::decimal::{Number, POWERS, Short};
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
    /// Members of the open objects whose names a rule does not tell apart; inner objects' stand behind outer ones'.
    members: SmallVec<[Member; 32]>,
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
        Lexer { document, at: 0, depth: 0, limits, members: SmallVec::new() }
    }

    /// The byte at the reading position; 0, which stands nowhere in JSON, behind the end.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u8 {
        self.byte(self.at)
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
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
        self.string_from(start, start)
    }

    /// Reads on in a string whose text begins at `start`; plain ASCII up to `at` has been read.
    #[inline(always)]
    pub(crate) fn string_from(&mut self, start: usize, at: usize) -> Read<Text<'d>> {
        let mut at = at;
        let mut high = 0;
        loop {
            let specials = block::specials(self.document, at);
            let stops = specials & 0xffff;
            if stops == 0 {
                high |= specials;
                at += block::BLOCK;
                continue;
            }
            let plain = stops.trailing_zeros();
            high |= (specials >> 16) & ((1 << plain) - 1);
            at += plain as usize;
            if self.byte(at) != b'"' {
                return self.string_special(start, at);
            }
            self.at = at + 1;
            let text = Text { raw: &self.document[start..at], escaped: false, ascii: high == 0 };
            if high != 0 {
                self.utf8(start, text)?;
            }
            return Ok(text);
        }
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
        let text = Text { raw, escaped: true, ascii: false };
        self.utf8(start, text)?;
        Ok(text)
    }

    #[inline(never)]
    fn utf8(&self, start: usize, text: Text<'d>) -> Read {
        match std::str::from_utf8(text.raw) {
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

    /// Reads the number at the reading position if it has an integer of up to eight digits, a fraction of up to eight
    /// and no exponent, and says whether there is a fraction. Reads nothing of any other.
    #[inline(always)]
    pub(crate) fn short_number(&mut self) -> Option<(Short, bool)> {
        let negative = self.peek() == b'-';
        let first = self.at + usize::from(negative);
        let digits = block::digits(self.document, first);
        let integer = digits.trailing_ones();
        let behind = first + integer as usize;
        let point = self.byte(behind) == b'.';
        let fraction = if point { (digits >> (integer + 1)).trailing_ones() } else { 0 };
        let end = behind + usize::from(point) + fraction as usize;
        let leading_zero = integer > 1 && self.byte(first) == b'0';
        // A run of digits that goes to the end of the block may go on behind it.
        let whole = matches!(integer, 1..=8) && fraction <= 8 && end < first + block::BLOCK;
        let whole = whole && end - self.at <= self.limits.number_bytes_max;
        if !whole || point && fraction == 0 || leading_zero || self.byte(end) | 0x20 == b'e' {
            return None;
        }
        self.at = end;
        let mut coefficient = block::spelled(block::eight(self.document, first), integer);
        if point {
            let fraction_digits = block::spelled(block::eight(self.document, behind + 1), fraction);
            coefficient = coefficient * POWERS[fraction as usize] as u64 + fraction_digits;
        }
        let signed = if negative { -(coefficient as i64) } else { coefficient as i64 };
        Some((Short { coefficient: signed, scale: fraction }, point))
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
        let mark = self.mark();
        if self.peek() != b'}' {
            loop {
                let name = self.name()?;
                self.remember(name);
                self.skip()?;
                if !self.next(b'}')? {
                    break;
                }
            }
        }
        self.distinct(mark)?;
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

    /// Where the names of an object that is just opened begin; goes to [`Lexer::distinct`] at its end.
    #[inline(always)]
    pub(crate) fn mark(&self) -> usize {
        self.members.len()
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

    /// The names remembered since `mark` are all different; forgets them.
    #[inline]
    pub(crate) fn distinct(&mut self, mark: usize) -> Read {
        if self.members.len() > mark + 1 {
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
