//! Decimal numbers as they are written, compared exactly.
//!
//! A number is never turned into a binary float. Up to 18 digits without an exponent are compared as integers; all
//! others digit by digit, so a hostile exponent costs no more than its text.

use std::cmp::Ordering;
use std::fmt;
use std::hash::Hasher;

/// Numbers of up to this many digits are held as an integer coefficient.
const SMALL_DIGITS_MAX: usize = 18;

const POWERS: [i128; SMALL_DIGITS_MAX + 1] = {
    let mut powers = [1; SMALL_DIGITS_MAX + 1];
    let mut i = 1;
    while i <= SMALL_DIGITS_MAX {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// The parts of a number's text. `float` says that it is written with a fraction or an exponent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number<'d> {
    pub(crate) negative: bool,
    pub(crate) float: bool,
    pub(crate) integer: &'d [u8],
    pub(crate) fraction: &'d [u8],
    pub(crate) exponent: i64,
    /// All digits as one integer; meaningless if there are more than 18 of them.
    pub(crate) coefficient: u64,
}

impl<'d> Number<'d> {
    #[inline]
    fn small(self) -> Option<(i128, usize)> {
        let digits = self.integer.len() + self.fraction.len();
        let signed = if self.negative { -i128::from(self.coefficient) } else { i128::from(self.coefficient) };
        (digits <= SMALL_DIGITS_MAX && self.exponent == 0).then_some((signed, self.fraction.len()))
    }

    /// Significant digits, most significant first, and the power of ten that `0.DIGITS` is to be multiplied with.
    fn significant(self) -> (impl Iterator<Item = u8> + Clone + use<'d>, i64) {
        let digits = self.integer.iter().chain(self.fraction).copied();
        let zeros = digits.clone().take_while(|digit| *digit == b'0').count();
        let magnitude = self.exponent.saturating_add(self.integer.len() as i64).saturating_sub(zeros as i64);
        (digits.skip(zeros), magnitude)
    }

    pub(crate) fn is_zero(self) -> bool {
        self.significant().0.next().is_none()
    }

    /// Whether the value is whole, however it is written.
    pub(crate) fn is_whole(self) -> bool {
        let (digits, magnitude) = self.significant();
        let mut beyond = digits.skip(usize::try_from(magnitude).unwrap_or(0));
        self.is_zero() || beyond.all(|digit| digit == b'0')
    }

    /// Compares the values, whatever their size.
    #[cold]
    fn compare_digits(self, other: Number<'_>) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return if other.negative { Ordering::Greater } else { Ordering::Less },
            (false, true) => return if self.negative { Ordering::Less } else { Ordering::Greater },
            (false, false) if self.negative != other.negative => return other.negative.cmp(&self.negative),
            _ => {}
        }
        let ((a, a_magnitude), (b, b_magnitude)) = (self.significant(), other.significant());
        let order = a_magnitude.cmp(&b_magnitude).then_with(|| {
            let length = (self.integer.len() + self.fraction.len()).max(other.integer.len() + other.fraction.len());
            let zeros = std::iter::repeat(b'0');
            a.chain(zeros.clone()).take(length).cmp(b.chain(zeros).take(length))
        });
        if self.negative { order.reverse() } else { order }
    }

    /// Whether the value is a whole multiple of `divisor`, which is small and positive.
    fn is_multiple_of(self, divisor: Number<'_>) -> bool {
        let Some((of, of_scale)) = divisor.small() else { return false };
        if let Some((value, scale)) = self.small() {
            return (value * POWERS[of_scale]) % (of * POWERS[scale]) == 0;
        }
        self.is_multiple_of_digits(of.unsigned_abs(), of_scale as i64)
    }

    /// `digits * 10^shift` must be divisible by `of`: long division over the digits, then the power by squaring.
    #[cold]
    fn is_multiple_of_digits(self, of: u128, of_scale: i64) -> bool {
        let (digits, magnitude) = self.significant();
        let count = digits.clone().count();
        let trailing = self.integer.iter().chain(self.fraction).rev().take_while(|digit| **digit == b'0').count();
        if count == 0 || trailing >= count {
            return self.is_zero();
        }
        let kept = count - trailing;
        let shift = magnitude.saturating_sub(kept as i64).saturating_add(of_scale);
        // Without trailing zeros the digits are no multiple of ten, so a negative shift leaves a fraction.
        let Ok(shift) = u64::try_from(shift) else { return false };
        let remainder = digits.take(kept).fold(0, |sum, digit| (sum * 10 + u128::from(digit - b'0')) % of);
        (remainder * power_of_ten_modulo(shift, of)).is_multiple_of(of)
    }

    /// Feeds the value to `hasher` so that equal values feed the same bytes.
    pub(crate) fn hash(self, hasher: &mut impl Hasher) {
        let (digits, magnitude) = self.significant();
        let last =
            digits.clone().enumerate().filter(|(_, digit)| *digit != b'0').map(|(i, _)| i + 1).last().unwrap_or(0);
        if last > 0 {
            hasher.write_u8(u8::from(self.negative));
            hasher.write_i64(magnitude);
        }
        digits.take(last).for_each(|digit| hasher.write_u8(digit));
    }
}

fn power_of_ten_modulo(mut power: u64, of: u128) -> u128 {
    let (mut result, mut base) = (1 % of, 10 % of);
    while power > 0 {
        if power & 1 == 1 {
            result = result * base % of;
        }
        base = base * base % of;
        power >>= 1;
    }
    result
}

/// An exact decimal number that a rule compares with.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal(Box<str>);

impl Decimal {
    /// Takes the text of a JSON number (RFC 8259 section 6).
    pub fn new(text: &str) -> Result<Decimal, DecimalError> {
        let decimal = Decimal(text.into());
        let mut lexer = crate::lex::Lexer::new(decimal.0.as_bytes(), 0);
        let read = lexer.number().is_ok() && lexer.at == text.len();
        if read { Ok(decimal) } else { Err(DecimalError(text.into())) }
    }

    /// The number as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the number serves as a divisor: positive, and with no more than 18 digits and no exponent.
    pub(crate) fn is_divisor(&self) -> bool {
        self.number().small().is_some_and(|(value, _)| value > 0)
    }

    pub(crate) fn number(&self) -> Number<'_> {
        // The text has been read once; it reads again.
        crate::lex::Lexer::new(self.0.as_bytes(), 0).number().unwrap_or(Number {
            negative: false,
            float: false,
            integer: b"0",
            fraction: b"",
            exponent: 0,
            coefficient: 0,
        })
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        Decimal(value.to_string().into())
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Decimal {
        Decimal(value.to_string().into())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a JSON number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecimalError(String);

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a JSON number", self.0)
    }
}

impl std::error::Error for DecimalError {}

/// A [`Decimal`] made ready for comparing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operand {
    decimal: Decimal,
    small: Option<(i128, usize)>,
}

impl Operand {
    pub(crate) fn new(decimal: Decimal) -> Operand {
        let small = decimal.number().small();
        Operand { decimal, small }
    }

    pub(crate) fn decimal(&self) -> &Decimal {
        &self.decimal
    }

    /// How `number` compares with this operand.
    #[inline]
    pub(crate) fn compare(&self, number: Number<'_>) -> Ordering {
        match (number.small(), self.small) {
            (Some((a, a_scale)), Some((b, b_scale))) => (a * POWERS[b_scale]).cmp(&(b * POWERS[a_scale])),
            _ => number.compare_digits(self.decimal.number()),
        }
    }

    /// Whether `number` is a whole multiple of this operand.
    pub(crate) fn divides(&self, number: Number<'_>) -> bool {
        number.is_multiple_of(self.decimal.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(a: &str, b: &str) -> Ordering {
        let (a, b) = (Decimal::new(a).unwrap(), Decimal::new(b).unwrap());
        let order = Operand::new(b.clone()).compare(a.number());
        assert_eq!(order, a.number().compare_digits(b.number()), "{a} {b}");
        order
    }

    #[test]
    fn values_are_compared_exactly() {
        for (a, b, expected) in [
            ("1", "1.0", Ordering::Equal),
            ("-0", "0.000", Ordering::Equal),
            ("0e999999999999999999999", "0", Ordering::Equal),
            ("1e3", "1000", Ordering::Equal),
            ("1E-2", "0.01", Ordering::Equal),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("0.1", "0.10000000000000000000000000001", Ordering::Less),
            ("-5", "3", Ordering::Less),
            ("-5", "-50", Ordering::Greater),
            ("1e400", "1e401", Ordering::Less),
            ("-1e400", "1", Ordering::Less),
            ("123456789012345678901234567890", "123456789012345678901234567891", Ordering::Less),
            ("1e99999999999999999999", "9", Ordering::Greater),
            ("1e-99999999999999999999", "0", Ordering::Greater),
        ] {
            assert_eq!(order(a, b), expected, "{a} {b}");
            assert_eq!(order(b, a), expected.reverse(), "{b} {a}");
        }
    }

    #[test]
    fn multiples_are_exact() {
        for (value, divisor, expected) in [
            ("0.3", "0.1", true),
            ("0.35", "0.1", false),
            ("1e30", "7", false),
            ("7e30", "7", true),
            ("1e30", "0.5", true),
            ("0", "3", true),
            ("0e40", "3", true),
            ("123456789012345678901234567890", "10", true),
            ("123456789012345678901234567891", "10", false),
            ("-4.50", "1.5", true),
            ("1e-40", "0.1", false),
            ("0.00000000000000000000500", "0.5", false),
        ] {
            let operand = Operand::new(Decimal::new(divisor).unwrap());
            assert_eq!(operand.divides(Decimal::new(value).unwrap().number()), expected, "{value} {divisor}");
        }
    }

    #[test]
    fn whole_values_are_recognized_in_any_form() {
        for (value, expected) in [
            ("1.0", true),
            ("1.5", false),
            ("15e-1", false),
            ("150e-1", true),
            ("1e5", true),
            ("0.0", true),
            ("1e-5", false),
        ] {
            assert_eq!(Decimal::new(value).unwrap().number().is_whole(), expected, "{value}");
        }
    }

    #[test]
    fn only_json_numbers_are_decimals() {
        for text in ["", "01", "+1", "1.", ".5", "1e", "0x1", " 1", "1 ", "NaN"] {
            assert!(Decimal::new(text).is_err(), "{text}");
        }
    }
}
