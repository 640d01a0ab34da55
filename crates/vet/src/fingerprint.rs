//! Equality of JSON values, by a keyed hash of 128 bits.
//!
//! Equal values have equal fingerprints: numbers by value, strings by what they spell, objects whatever the order of
//! their members. The keys are random, so nobody can choose different values with the same fingerprint; by accident it
//! happens less often than memory fails. One pass per value, where comparing all pairs of members would be quadratic.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Range;

use smallvec::SmallVec;

use crate::lex::{Lexer, Read};
use crate::program::Unique;
use crate::text::Text;

/// The keys. Fingerprints can be compared if they were made with the same keys.
pub(crate) struct Keys {
    states: [RandomState; 2],
    /// Whether it matters how a number is written.
    by_form: bool,
}

impl Keys {
    pub(crate) fn new() -> Keys {
        Keys { states: [RandomState::new(), RandomState::new()], by_form: false }
    }

    /// Keys for the elements of lists, if they have to differ in one of these ways.
    pub(crate) fn unique(ways: impl IntoIterator<Item = Unique>) -> Option<Keys> {
        let ways = ways.into_iter().filter(|way| *way != Unique::No);
        ways.reduce(|all, way| if all == way { all } else { Unique::ByValue })
            .map(|way| Keys { by_form: way == Unique::ByForm, ..Keys::new() })
    }

    /// The fingerprint of the value at `range`, which has been read without fault.
    pub(crate) fn of(&self, document: &[u8], range: Range<usize>) -> u128 {
        let mut lexer = Lexer::again(&document[..range.end]);
        lexer.at = range.start;
        // What has been read once reads again; a fault would be ours, and its fingerprint equals no other.
        self.value(&mut lexer).unwrap_or_else(|_| self.hash(|hasher| hasher.write_usize(range.start)))
    }

    fn hash(&self, feed: impl Fn(&mut std::hash::DefaultHasher)) -> u128 {
        let [low, high] = self.states.each_ref().map(|state| {
            let mut hasher = state.build_hasher();
            feed(&mut hasher);
            u128::from(hasher.finish())
        });
        high << 64 | low
    }

    fn value(&self, lexer: &mut Lexer<'_>) -> Read<u128> {
        lexer.space();
        let first = lexer.peek();
        Ok(match first {
            b'"' => {
                let text = lexer.string()?;
                self.text(text)
            }
            b'{' => self.object(lexer)?,
            b'[' => self.array(lexer)?,
            b'-' | b'0'..=b'9' => {
                let number = lexer.number()?;
                self.hash(|hasher| {
                    hasher.write_u8(if self.by_form && number.float { b'.' } else { b'0' });
                    number.hash(hasher);
                })
            }
            _ => {
                let letter = lexer.literal()?;
                self.hash(|hasher| hasher.write_u8(letter))
            }
        })
    }

    fn text(&self, text: Text<'_>) -> u128 {
        let mut buffer = SmallVec::<[u8; 128]>::new();
        let bytes = text.resolve(&mut buffer);
        self.hash(|hasher| {
            hasher.write_u8(b'"');
            hasher.write(bytes);
        })
    }

    fn object(&self, lexer: &mut Lexer<'_>) -> Read<u128> {
        let mut sum = 0_u128;
        lexer.enter()?;
        while lexer.peek() != b'}' {
            let name = lexer.name()?;
            let (name, value) = (self.text(name), self.value(lexer)?);
            sum = sum.wrapping_add(self.hash(|hasher| {
                hasher.write_u128(name);
                hasher.write_u128(value);
            }));
            lexer.next(b'}')?;
        }
        lexer.leave();
        Ok(self.hash(|hasher| {
            hasher.write_u8(b'{');
            hasher.write_u128(sum);
        }))
    }

    fn array(&self, lexer: &mut Lexer<'_>) -> Read<u128> {
        let mut chain = 0_u128;
        lexer.enter()?;
        while lexer.peek() != b']' {
            let value = self.value(lexer)?;
            chain = self.hash(|hasher| {
                hasher.write_u128(chain);
                hasher.write_u128(value);
            });
            lexer.next(b']')?;
        }
        lexer.leave();
        Ok(self.hash(|hasher| {
            hasher.write_u8(b'[');
            hasher.write_u128(chain);
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_fingerprints() {
        let keys = Keys::new();
        let of = |text: &str| keys.of(text.as_bytes(), 0..text.len());
        for (a, b) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("-0", "0"),
            (r#""a\u0062\n""#, r#""\u0061b\u000a""#),
            (r#""\ud83d\ude00""#, r#""😀""#),
            (r#"{"a":1,"b":[1,2]}"#, r#"{ "b" : [1.0, 2] , "a" : 1 }"#),
        ] {
            assert_eq!(of(a), of(b), "{a} {b}");
        }
        let different =
            ["1", "-1", "10", "\"1\"", "[1]", "[[1]]", "{}", "[]", "null", "true", "false", "\"\"", "0", "0.1"];
        for (i, a) in different.iter().enumerate() {
            for b in &different[i + 1..] {
                assert_ne!(of(a), of(b), "{a} {b}");
            }
        }
        assert_ne!(of(r#"{"a":1,"b":2}"#), of(r#"{"a":2,"b":1}"#));
        assert_ne!(of("[1,2]"), of("[2,1]"));
        let keys = Keys::unique([Unique::ByForm]).unwrap();
        let of = |text: &str| keys.of(text.as_bytes(), 0..text.len());
        assert_ne!(of("1"), of("1.0"));
        assert_eq!(of("1.00"), of("1.0"));
    }
}
