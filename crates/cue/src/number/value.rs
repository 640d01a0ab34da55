//! A number of the language: a decimal of kind `int` or `float`.

use std::fmt;
use std::ops::Neg;

use num_bigint::BigInt;
use num_traits::Zero;

use super::arithmetic::{self, ArithmeticError};
use super::{Decimal, ParseDecimalError};

/// The two kinds of numbers; `number` is either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberKind {
    /// Written without point and exponent, or computed from such.
    Int,
    /// Everything else, `1.0` and `1e3` included.
    Float,
}

/// A decimal and its kind. Two numbers of different kinds are different here, even where `==` of the language calls
/// them equal: for that, compare [`Number::value`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    /// `int` or `float`.
    pub kind: NumberKind,
    /// How much.
    pub value: Decimal,
}

impl Number {
    /// An `int`.
    #[must_use]
    pub fn int(value: impl Into<Decimal>) -> Self {
        Self { kind: NumberKind::Int, value: value.into() }
    }

    /// A `float`.
    #[must_use]
    pub fn float(value: impl Into<Decimal>) -> Self {
        Self { kind: NumberKind::Float, value: value.into() }
    }

    /// Reads a number as JSON writes it: an `int` if there is neither point nor exponent. Negative zero becomes zero.
    ///
    /// # Errors
    /// If the text is no number, or beyond [`EXPONENT_MAX`](super::EXPONENT_MAX) or
    /// [`DIGITS_MAX`](super::DIGITS_MAX).
    pub fn from_json(text: &str) -> Result<Self, ParseDecimalError> {
        let (digits, negative) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
        let value: Decimal = digits.parse()?;
        let kind = if digits.contains(['.', 'e', 'E']) { NumberKind::Float } else { NumberKind::Int };
        Ok(Self { kind, value: if negative { -value } else { value } })
    }

    /// Whether it is an `int`; `1.0` is not.
    #[must_use]
    pub fn is_int(&self) -> bool {
        self.kind == NumberKind::Int
    }

    /// `self + other`.
    ///
    /// # Errors
    /// If an exponent is out of range.
    pub fn add(&self, other: &Self) -> Result<Self, ArithmeticError> {
        self.join(other, arithmetic::add)
    }

    /// `self - other`.
    ///
    /// # Errors
    /// If an exponent is out of range.
    pub fn sub(&self, other: &Self) -> Result<Self, ArithmeticError> {
        self.join(other, arithmetic::sub)
    }

    /// `self * other`.
    ///
    /// # Errors
    /// If an exponent is out of range.
    pub fn mul(&self, other: &Self) -> Result<Self, ArithmeticError> {
        self.join(other, arithmetic::mul)
    }

    /// `self / other`: a `float`, whatever the operands.
    ///
    /// # Errors
    /// If the divisor is zero or an exponent is out of range.
    pub fn div(&self, other: &Self) -> Result<Self, ArithmeticError> {
        arithmetic::div(&self.value, &other.value).map(Self::float)
    }

    /// The Euclidean quotient of two `int`s: the rest is never negative.
    ///
    /// # Errors
    /// If the divisor is zero.
    pub fn int_div(&self, other: &Self) -> Result<Self, ArithmeticError> {
        self.divide_integers(other, arithmetic::euclidean_div)
    }

    /// The rest of [`Number::int_div`].
    ///
    /// # Errors
    /// If the divisor is zero.
    pub fn int_mod(&self, other: &Self) -> Result<Self, ArithmeticError> {
        self.divide_integers(other, arithmetic::euclidean_mod)
    }

    /// The quotient of two `int`s rounded towards zero.
    ///
    /// # Errors
    /// If the divisor is zero.
    pub fn int_quo(&self, other: &Self) -> Result<Self, ArithmeticError> {
        self.divide_integers(other, |a, b| a / b)
    }

    /// The rest of [`Number::int_quo`]: its sign is that of the dividend.
    ///
    /// # Errors
    /// If the divisor is zero.
    pub fn int_rem(&self, other: &Self) -> Result<Self, ArithmeticError> {
        self.divide_integers(other, |a, b| a % b)
    }

    fn join(
        &self,
        other: &Self,
        operation: impl Fn(&Decimal, &Decimal) -> Result<Decimal, ArithmeticError>,
    ) -> Result<Self, ArithmeticError> {
        let kind = if self.is_int() && other.is_int() { NumberKind::Int } else { NumberKind::Float };
        Ok(Self { kind, value: operation(&self.value, &other.value)? })
    }

    fn divide_integers(
        &self,
        other: &Self,
        operation: impl Fn(&BigInt, &BigInt) -> BigInt,
    ) -> Result<Self, ArithmeticError> {
        let divisor = other.value.to_integer().ok_or(ArithmeticError::InvalidOperation)?;
        if divisor.is_zero() {
            return Err(ArithmeticError::DivisionByZero);
        }
        let dividend = self.value.to_integer().ok_or(ArithmeticError::InvalidOperation)?;
        Ok(Self::int(operation(&dividend, &divisor)))
    }

    /// The number as CUE source: `1e+3`, and `1.0` for a float that has neither point nor exponent of its own.
    #[must_use]
    pub fn to_source(&self) -> String {
        let mut text = self.value.to_string();
        if self.kind == NumberKind::Float && !text.contains(['.', 'E']) {
            text.push_str(".0");
        }
        text.replace('E', "e")
    }
}

impl Neg for Number {
    type Output = Self;

    fn neg(self) -> Self {
        Self { kind: self.kind, value: -self.value }
    }
}

/// As errors, interpolations and JSON show it: `1E+3`.
impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(out)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::int(value)
    }
}
