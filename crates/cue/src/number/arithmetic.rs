//! Arithmetic on decimals: results have at most [`PRECISION`] digits, rounded half away from zero.

use std::fmt;

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{Signed, Zero};

use super::decimal::{digits, power_of_ten};
use super::{Decimal, EXPONENT_MAX, PRECISION};

/// Why an operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArithmeticError {
    /// A number that is not zero, divided by zero.
    DivisionByZero,
    /// Zero divided by zero.
    DivisionUndefined,
    /// Operands whose exponents are further apart than [`EXPONENT_MAX`].
    OperandsTooFarApart,
    /// A result whose exponent is beyond ±[`EXPONENT_MAX`].
    ExponentOutOfRange,
    /// An operation that has no finite real result, such as the root of a negative number.
    InvalidOperation,
}

impl fmt::Display for ArithmeticError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::DivisionByZero => "division by zero",
            Self::DivisionUndefined => "division undefined",
            Self::OperandsTooFarApart => "add: exponent out of range",
            Self::ExponentOutOfRange => "exponent out of range",
            Self::InvalidOperation => "invalid operation",
        })
    }
}

impl std::error::Error for ArithmeticError {}

type Result<T> = std::result::Result<T, ArithmeticError>;

/// `a + b`.
pub(super) fn add(a: &Decimal, b: &Decimal) -> Result<Decimal> {
    if a.exponent() == b.exponent()
        && let (Some(left), Some(right)) = (a.small(), b.small())
    {
        let (left, right) = (i128::from(left), i128::from(right));
        let sum = if a.is_negative() { -left } else { left } + if b.is_negative() { -right } else { right };
        let negative = if sum == 0 { a.is_negative() && b.is_negative() } else { sum < 0 };
        return round(Decimal::from_parts(negative, sum.unsigned_abs(), a.exponent()), PRECISION);
    }
    let places = a.exponent().abs_diff(b.exponent());
    if places > EXPONENT_MAX.unsigned_abs() {
        return Err(ArithmeticError::OperandsTooFarApart);
    }
    for (large, small) in [(a, b), (b, a)] {
        if is_negligible(small, large) {
            return round(beside_negligible(large, small), PRECISION);
        }
    }
    let exponent = a.exponent().min(b.exponent());
    let left = a.scaled(a.exponent().abs_diff(exponent));
    let right = b.scaled(b.exponent().abs_diff(exponent));
    let (negative, sum) = match (a.is_negative() == b.is_negative(), left >= right) {
        (true, _) => (a.is_negative(), left + right),
        (false, true) => (a.is_negative() && left != right, left - right),
        (false, false) => (b.is_negative(), right - left),
    };
    round(Decimal::new(negative, sum, exponent), PRECISION)
}

/// Digits behind those that are kept, so that what lies below them does no more than break ties.
const GUARD_DIGITS: u32 = PRECISION + 3;

/// Whether a number is so small beside another that it does no more than break ties when the sum is rounded.
fn is_negligible(small: &Decimal, large: &Decimal) -> bool {
    !large.is_zero() && small.adjusted_exponent() < i64::from(large.exponent()) - i64::from(GUARD_DIGITS)
}

/// A number with more digits than are kept, the last of which stands for what is negligible beside it: the sum rounds as
/// this does, without all the zeros between the two.
fn beside_negligible(large: &Decimal, small: &Decimal) -> Decimal {
    let (whole, rest) = (large.scaled(GUARD_DIGITS), u32::from(!small.is_zero()));
    let sum = if large.is_negative() == small.is_negative() { whole + rest } else { whole - rest };
    Decimal::new(large.is_negative(), sum, large.exponent() - GUARD_DIGITS as i32)
}

/// `a - b`.
pub(super) fn sub(a: &Decimal, b: &Decimal) -> Result<Decimal> {
    add(a, &b.clone().with_sign(!b.is_negative()))
}

/// `a * b`.
pub(super) fn mul(a: &Decimal, b: &Decimal) -> Result<Decimal> {
    let negative = a.is_negative() != b.is_negative();
    let exponent = a.exponent() + b.exponent();
    let product = match (a.small(), b.small()) {
        (Some(left), Some(right)) => Decimal::from_parts(negative, u128::from(left) * u128::from(right), exponent),
        _ => Decimal::new(negative, &*a.coefficient() * &*b.coefficient(), exponent),
    };
    round(product, PRECISION)
}

/// `a / b` to [`PRECISION`] digits; trailing zeros go, except that one place remains where there were some.
pub(super) fn div(a: &Decimal, b: &Decimal) -> Result<Decimal> {
    let quotient = quotient(a, b)?;
    let negative = quotient.is_negative() && !quotient.is_zero();
    Ok(reduce_keeping_point(&quotient).with_sign(negative))
}

fn quotient(a: &Decimal, b: &Decimal) -> Result<Decimal> {
    if b.is_zero() {
        return Err(if a.is_zero() { ArithmeticError::DivisionUndefined } else { ArithmeticError::DivisionByZero });
    }
    let negative = a.is_negative() != b.is_negative();
    let shift = a.exponent() - b.exponent();
    if a.is_zero() {
        return in_range(Decimal::from_parts(negative, 0, shift));
    }
    // Bring the coefficients to the same number of digits and the dividend above the divisor: then the quotient of
    // the dividend with PRECISION - 1 more digits has exactly PRECISION digits.
    let difference = a.digits() as i64 - b.digits() as i64;
    let mut dividend = a.scaled((-difference).max(0) as u32);
    let divisor = b.scaled(difference.max(0) as u32);
    let mut places = -difference;
    if dividend < divisor {
        dividend *= 10_u32;
        places += 1;
    }
    dividend *= power_of_ten(PRECISION - 1);
    places += i64::from(PRECISION) - 1;
    let (mut result, rest) = dividend.div_rem(&divisor);
    if rest * 2_u32 >= divisor {
        result += 1_u32;
    }
    let exponent = i64::from(shift) - places;
    let exponent = i32::try_from(exponent).map_err(|_| ArithmeticError::ExponentOutOfRange)?;
    in_range(Decimal::new(negative, result, exponent))
}

/// Takes trailing zeros off; a number that had places keeps one.
pub(super) fn reduce_keeping_point(value: &Decimal) -> Decimal {
    let reduced = value.reduced();
    if value.exponent() < 0 && reduced.exponent() >= 0 {
        let exponent = reduced.exponent() - 1;
        return Decimal::new(reduced.is_negative(), reduced.scaled(1), exponent);
    }
    reduced
}

/// Rounds to a number of digits, half away from zero, and checks the exponent's range.
pub(super) fn round(value: Decimal, precision: u32) -> Result<Decimal> {
    let excess = value.digits().saturating_sub(u64::from(precision)) as u32;
    if excess == 0 {
        return in_range(value);
    }
    let mut kept = divide_half_up(&value.coefficient(), excess);
    let mut exponent = value.exponent() + excess as i32;
    if digits(&kept) > u64::from(precision) {
        kept /= 10_u32;
        exponent += 1;
    }
    in_range(Decimal::new(value.is_negative(), kept, exponent))
}

/// `value / 10^places`, rounded half up.
fn divide_half_up(value: &BigUint, places: u32) -> BigUint {
    let divisor = power_of_ten(places);
    let (quotient, rest) = value.div_rem(&divisor);
    if rest * 2_u32 >= divisor { quotient + 1_u32 } else { quotient }
}

fn in_range(value: Decimal) -> Result<Decimal> {
    let range = -i64::from(EXPONENT_MAX)..=i64::from(EXPONENT_MAX);
    if range.contains(&value.adjusted_exponent()) { Ok(value) } else { Err(ArithmeticError::ExponentOutOfRange) }
}

/// Where [`Decimal::round_to_integral`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards negative infinity.
    Floor,
    /// Towards positive infinity.
    Ceiling,
    /// Towards zero.
    Truncate,
    /// To the nearest, halves away from zero.
    HalfUp,
    /// To the nearest, halves to the even one.
    HalfEven,
}

impl Decimal {
    /// The whole number next to the value; what has no fractional part comes back as it is written, less its places.
    #[must_use]
    pub fn round_to_integral(&self, rounding: Rounding) -> Self {
        if self.exponent() >= 0 {
            return self.clone();
        }
        let places = self.exponent().unsigned_abs();
        if i64::from(places) > self.digits() as i64 + 1 {
            // Below 0.1: no need to write out the divisor.
            let away = !self.is_zero()
                && match rounding {
                    Rounding::Floor => self.is_negative(),
                    Rounding::Ceiling => !self.is_negative(),
                    Rounding::Truncate | Rounding::HalfUp | Rounding::HalfEven => false,
                };
            return Self::from_parts(self.is_negative(), away.into(), 0);
        }
        let divisor = power_of_ten(places);
        let (quotient, rest) = self.coefficient().div_rem(&divisor);
        let half = (&rest * 2_u32).cmp(&divisor);
        let away = match rounding {
            Rounding::Floor => self.is_negative() && !rest.is_zero(),
            Rounding::Ceiling => !self.is_negative() && !rest.is_zero(),
            Rounding::Truncate => false,
            Rounding::HalfUp => half.is_ge(),
            Rounding::HalfEven => half.is_gt() || half.is_eq() && quotient.is_odd(),
        };
        Self::new(self.is_negative(), quotient + u32::from(away), 0)
    }
}

/// The quotient rounded so that the rest is not negative: `-7` by `2` is `-4`.
pub(super) fn euclidean_div(a: &BigInt, b: &BigInt) -> BigInt {
    (a - euclidean_mod(a, b)) / b
}

/// The rest of the Euclidean division, never negative.
pub(super) fn euclidean_mod(a: &BigInt, b: &BigInt) -> BigInt {
    let rest = a % b;
    if rest.is_negative() { rest + b.abs() } else { rest }
}
