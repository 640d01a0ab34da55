//! Decimal numbers as they are written, compared exactly.
//!
//! A number is never turned into a binary float. Up to 18 digits without an exponent are compared as integers; all
//! others digit by digit, so a hostile exponent costs no more than its text.

use std::cmp::Ordering;
use std::fmt;
use std::hash::Hasher;

use crate::lex::Lexer;

/// Numbers of up to this many digits are held as an integer.
const SHORT_DIGITS_MAX: usize = 18;

const POWERS: [i128; SHORT_DIGITS_MAX + 1] = {
    let mut powers = [1; SHORT_DIGITS_MAX + 1];
    let mut i = 1;
    while i <= SHORT_DIGITS_MAX {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// A number of up to 18 digits without an exponent: `coefficient / 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Short {
    pub(crate) coefficient: i64,
    pub(crate) scale: u32,
}

impl Short {
    /// The scale at which numbers of few digits are read: with as many digits behind the point as the longest of them has.
    pub(crate) const READ_SCALE: u32 = 8;

    #[inline(always)]
    fn compare(self, other: Short) -> Ordering {
        if self.scale == other.scale {
            return self.coefficient.cmp(&other.coefficient);
        }
        let scaled = |of: Short, by: Short| i128::from(of.coefficient) * POWERS[by.scale as usize];
        scaled(self, other).cmp(&scaled(other, self))
    }

    /// Whether the value is a whole multiple of `divisor`, which is positive.
    fn is_multiple_of(self, divisor: Short) -> bool {
        let scaled = |of: Short, by: Short| i128::from(of.coefficient) * POWERS[by.scale as usize];
        scaled(self, divisor) % scaled(divisor, self) == 0
    }

    fn is_whole(self) -> bool {
        i128::from(self.coefficient) % POWERS[self.scale as usize] == 0
    }
}

/// The parts of a number's text. `float` says that it is written with a fraction or an exponent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number<'d> {
    pub(crate) negative: bool,
    pub(crate) float: bool,
    pub(crate) integer: &'d [u8],
    pub(crate) fraction: &'d [u8],
    pub(crate) exponent: i64,
}

impl<'d> Number<'d> {
    /// The number as a short one, if it is.
    fn short(self) -> Option<Short> {
        let digits = self.integer.len() + self.fraction.len();
        if digits > SHORT_DIGITS_MAX || self.exponent != 0 {
            return None;
        }
        let digits = self.integer.iter().chain(self.fraction);
        let coefficient = digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        let signed = if self.negative { -coefficient } else { coefficient };
        Some(Short { coefficient: signed, scale: self.fraction.len() as u32 })
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
    pub(crate) fn compare(self, other: Number<'_>) -> Ordering {
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

    /// `digits * 10^shift` must be divisible by `of`: long division over the digits, then the power by squaring.
    #[cold]
    fn is_multiple_of(self, divisor: Short) -> bool {
        let of = u128::from(divisor.coefficient.unsigned_abs());
        let (digits, magnitude) = self.significant();
        let count = digits.clone().count();
        let trailing = self.integer.iter().chain(self.fraction).rev().take_while(|digit| **digit == b'0').count();
        if count == 0 || trailing >= count {
            return self.is_zero();
        }
        let kept = count - trailing;
        let shift = magnitude.saturating_sub(kept as i64).saturating_add(i64::from(divisor.scale));
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
        let mut lexer = Lexer::again(decimal.0.as_bytes());
        let read = lexer.number().is_ok() && lexer.at == text.len();
        if read { Ok(decimal) } else { Err(DecimalError(text.into())) }
    }

    /// The number as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the number serves as a divisor: positive, and with no more than 18 digits and no exponent.
    pub(crate) fn is_divisor(&self) -> bool {
        self.number().short().is_some_and(|short| short.coefficient > 0)
    }

    pub(crate) fn number(&self) -> Number<'_> {
        // The text has been read once; it reads again.
        Lexer::again(self.0.as_bytes()).number().unwrap_or(Number {
            negative: false,
            float: false,
            integer: b"0",
            fraction: b"",
            exponent: 0,
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

/// A number that has been read: as a short one if it is, with its parts otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'d> {
    Short(Short),
    Long(Number<'d>),
}

impl Value<'_> {
    /// Whether the value is whole, however it is written.
    pub(crate) fn is_whole(self) -> bool {
        match self {
            Value::Short(short) => short.is_whole(),
            Value::Long(number) => number.is_whole(),
        }
    }
}

/// A [`Decimal`] made ready for comparing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operand {
    decimal: Decimal,
    short: Option<Short>,
}

impl Operand {
    pub(crate) fn new(decimal: Decimal) -> Operand {
        let short = decimal.number().short();
        Operand { decimal, short }
    }

    pub(crate) fn decimal(&self) -> &Decimal {
        &self.decimal
    }

    /// The least coefficient at [`Short::READ_SCALE`] that is not below this operand; `None` if that is not easily said.
    /// With `beyond`, the least that is above it.
    pub(crate) fn ceiling(&self, beyond: bool) -> Option<i64> {
        let short = self.short?;
        let scaled = i128::from(short.coefficient) * POWERS[Short::READ_SCALE as usize];
        let unit = POWERS[short.scale as usize];
        let floor = scaled.div_euclid(unit);
        let above = beyond || scaled.rem_euclid(unit) != 0;
        Some((floor + i128::from(above)).clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// How `value` compares with this operand.
    #[inline(always)]
    pub(crate) fn compare(&self, value: Value<'_>) -> Ordering {
        match (value, self.short) {
            (Value::Short(short), Some(other)) => short.compare(other),
            _ => self.compare_long(value),
        }
    }

    #[cold]
    fn compare_long(&self, value: Value<'_>) -> Ordering {
        let operand = self.decimal.number();
        match value {
            Value::Long(number) => number.compare(operand),
            Value::Short(short) => {
                let text = Decimal::from(short.coefficient);
                // The scale as an exponent; there are no more than 18 digits to shift.
                Number { exponent: -i64::from(short.scale), ..text.number() }.compare(operand)
            }
        }
    }

    /// Whether `value` is a whole multiple of this operand, which [is a divisor](Decimal::is_divisor).
    pub(crate) fn divides(&self, value: Value<'_>) -> bool {
        match (value, self.short) {
            (Value::Short(short), Some(divisor)) => short.is_multiple_of(divisor),
            (Value::Long(number), Some(divisor)) => number.is_multiple_of(divisor),
            (_, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(a: &str, b: &str) -> Ordering {
        let (a, b) = (Decimal::new(a).unwrap(), Decimal::new(b).unwrap());
        let order = a.number().compare(b.number());
        assert_eq!(order, Operand::new(b.clone()).compare(Value::Long(a.number())), "{a} {b}");
        if let Some(short) = a.number().short() {
            assert_eq!(order, Operand::new(b.clone()).compare(Value::Short(short)), "{a} {b}");
        }
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
            let value = Decimal::new(value).unwrap();
            assert_eq!(operand.divides(Value::Long(value.number())), expected, "{value} {divisor}");
            if let Some(short) = value.number().short() {
                assert_eq!(operand.divides(Value::Short(short)), expected, "{value} {divisor}");
            }
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
