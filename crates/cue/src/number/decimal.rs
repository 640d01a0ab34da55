//! The decimal itself: representation, comparison and conversions.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::ops::Neg;

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{ToPrimitive, Zero};

/// A finite decimal number: `±coefficient × 10^exponent`.
///
/// Trailing zeros are kept (`1.50`), because they are printed; comparison, equality and hash look at the value alone.
#[derive(Clone, Debug)]
pub struct Decimal {
    negative: bool,
    exponent: i32,
    coefficient: Coefficient,
}

/// A natural number; `Big` holds only what does not fit `Small`.
#[derive(Clone, Debug)]
pub(super) enum Coefficient {
    Small(u64),
    Big(Box<BigUint>),
}

impl Decimal {
    /// Zero, as the literal `0` writes it.
    pub const ZERO: Self = Self { negative: false, exponent: 0, coefficient: Coefficient::Small(0) };

    /// One, as the literal `1` writes it.
    pub const ONE: Self = Self { negative: false, exponent: 0, coefficient: Coefficient::Small(1) };

    /// `±coefficient × 10^exponent`, as it stands.
    #[must_use]
    pub fn new(negative: bool, coefficient: BigUint, exponent: i32) -> Self {
        Self { negative, exponent, coefficient: coefficient.into() }
    }

    /// The same for a coefficient of up to 128 bits.
    pub(super) fn from_parts(negative: bool, coefficient: u128, exponent: i32) -> Self {
        let coefficient = match u64::try_from(coefficient) {
            Ok(small) => Coefficient::Small(small),
            Err(_) => BigUint::from(coefficient).into(),
        };
        Self { negative, exponent, coefficient }
    }

    /// Whether it has a minus sign; also true of `-0`, which only arithmetic makes.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// The power of ten that the coefficient is multiplied with.
    #[must_use]
    pub fn exponent(&self) -> i32 {
        self.exponent
    }

    /// The digits without sign and point.
    #[must_use]
    pub fn coefficient(&self) -> Cow<'_, BigUint> {
        self.coefficient.to_big()
    }

    /// The coefficient, if it has at most 64 bits.
    pub(super) fn small(&self) -> Option<u64> {
        match self.coefficient {
            Coefficient::Small(small) => Some(small),
            Coefficient::Big(_) => None,
        }
    }

    /// Whether the value is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        matches!(self.coefficient, Coefficient::Small(0))
    }

    /// -1, 0 or 1.
    #[must_use]
    pub fn signum(&self) -> i32 {
        match (self.is_zero(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// How many digits the coefficient has; 1 for zero.
    #[must_use]
    pub fn digits(&self) -> u64 {
        match &self.coefficient {
            Coefficient::Small(small) => u64::from(small.checked_ilog10().unwrap_or(0)) + 1,
            Coefficient::Big(big) => digits(big),
        }
    }

    /// The exponent in scientific notation: that of the first digit.
    pub(super) fn adjusted_exponent(&self) -> i64 {
        i64::from(self.exponent) + self.digits() as i64 - 1
    }

    /// The number without its sign.
    #[must_use]
    pub fn abs(mut self) -> Self {
        self.negative = false;
        self
    }

    pub(super) fn with_sign(mut self, negative: bool) -> Self {
        self.negative = negative;
        self
    }

    /// Whether the value has no fractional part, however it is written: `1.0` and `1E+3` have none.
    #[must_use]
    pub fn is_integral(&self) -> bool {
        self.exponent >= 0 || self.to_integer().is_some()
    }

    /// The value as an integer; `None` if it has a fractional part.
    #[must_use]
    pub fn to_integer(&self) -> Option<BigInt> {
        let magnitude = if self.exponent >= 0 {
            self.scaled(self.exponent.unsigned_abs())
        } else if self.is_zero() {
            BigUint::ZERO
        } else if u64::from(self.exponent.unsigned_abs()) >= self.digits() {
            return None;
        } else {
            let divisor = power_of_ten(self.exponent.unsigned_abs());
            let (quotient, rest) = num_integer::Integer::div_rem(&*self.coefficient(), &divisor);
            if !rest.is_zero() {
                return None;
            }
            quotient
        };
        Some(BigInt::from_biguint(if self.negative { Sign::Minus } else { Sign::Plus }, magnitude))
    }

    /// The value as `i64`; `None` if it has a fractional part or does not fit.
    #[must_use]
    pub fn to_i64(&self) -> Option<i64> {
        match (self.exponent, self.small()) {
            (0, Some(small)) if self.negative => 0_i64.checked_sub_unsigned(small),
            (0, Some(small)) => i64::try_from(small).ok(),
            _ if self.adjusted_exponent() > 20 => None,
            _ => self.to_integer()?.to_i64(),
        }
    }

    /// The value as `u64`; `None` if it has a fractional part or does not fit.
    #[must_use]
    pub fn to_u64(&self) -> Option<u64> {
        match (self.exponent, self.small()) {
            (0, Some(small)) if !self.negative || small == 0 => Some(small),
            _ if self.adjusted_exponent() > 20 => None,
            _ => self.to_integer()?.to_u64(),
        }
    }

    /// The nearest `f64`; infinite where the value is beyond its range.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.to_string().parse().expect("a printed decimal has the form of a float")
    }

    /// The shortest decimal that reads back as `value`; `None` for infinities and NaN.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        value.is_finite().then(|| format!("{value:e}").parse().expect("a printed float has the form of a decimal"))
    }

    /// The value without trailing zeros, negative zero made positive: the one form of all equal numbers.
    #[must_use]
    pub fn reduced(&self) -> Self {
        if self.is_zero() {
            return Self::ZERO;
        }
        match self.small() {
            Some(mut small) => {
                let mut exponent = self.exponent;
                while small.is_multiple_of(10) {
                    small /= 10;
                    exponent += 1;
                }
                Self::from_parts(self.negative, small.into(), exponent)
            }
            None => self.reduced_big(),
        }
    }

    fn reduced_big(&self) -> Self {
        let (mut coefficient, mut exponent) = (self.coefficient().into_owned(), self.exponent);
        // Powers of ten from large to small, so that many zeros cost few divisions.
        for step in (0..=self.digits().ilog2()).rev().map(|shift| 1_u32 << shift) {
            let divisor = power_of_ten(step);
            let (quotient, rest) = num_integer::Integer::div_rem(&coefficient, &divisor);
            if rest.is_zero() {
                coefficient = quotient;
                exponent += step as i32;
            }
        }
        Self::new(self.negative, coefficient, exponent)
    }

    /// The coefficient times `10^places`.
    pub(super) fn scaled(&self, places: u32) -> BigUint {
        if places == 0 || self.is_zero() {
            return self.coefficient().into_owned();
        }
        &*self.coefficient() * power_of_ten(places)
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        if self.exponent == other.exponent
            && let (Some(left), Some(right)) = (self.small(), other.small())
        {
            return left.cmp(&right);
        }
        // With the first digits at the same place, the exponents differ by at most the number of digits.
        self.adjusted_exponent().cmp(&other.adjusted_exponent()).then_with(|| {
            let places = self.exponent.abs_diff(other.exponent);
            match self.exponent.cmp(&other.exponent) {
                Ordering::Greater => self.scaled(places).cmp(&other.coefficient()),
                _ => (*self.coefficient()).cmp(&other.scaled(places)),
            }
        })
    }
}

/// The same number with the other sign; zero has none.
impl Neg for Decimal {
    type Output = Self;

    fn neg(mut self) -> Self {
        self.negative = !self.negative && !self.is_zero();
        self
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.signum(), other.signum());
        left.cmp(&right).then_with(|| match left {
            0 => Ordering::Equal,
            1 => self.cmp_magnitude(other),
            _ => other.cmp_magnitude(self),
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let reduced = self.reduced();
        reduced.negative.hash(state);
        reduced.exponent.hash(state);
        reduced.coefficient().hash(state);
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self::from_parts(value < 0, value.unsigned_abs().into(), 0)
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        Self::from_parts(false, value.into(), 0)
    }
}

impl From<usize> for Decimal {
    fn from(value: usize) -> Self {
        Self::from_parts(false, value as u128, 0)
    }
}

impl From<BigInt> for Decimal {
    fn from(value: BigInt) -> Self {
        let (sign, magnitude) = value.into_parts();
        Self::new(sign == Sign::Minus, magnitude, 0)
    }
}

impl Coefficient {
    fn to_big(&self) -> Cow<'_, BigUint> {
        match self {
            Self::Small(small) => Cow::Owned(BigUint::from(*small)),
            Self::Big(big) => Cow::Borrowed(big),
        }
    }
}

impl From<BigUint> for Coefficient {
    fn from(value: BigUint) -> Self {
        match value.to_u64() {
            Some(small) => Self::Small(small),
            None => Self::Big(Box::new(value)),
        }
    }
}

/// `10^exponent`.
pub(super) fn power_of_ten(exponent: u32) -> BigUint {
    BigUint::from(10_u32).pow(exponent)
}

/// How many decimal digits a number has that is not zero.
pub(super) fn digits(value: &BigUint) -> u64 {
    // log10(2) rounded down: the estimate is never too high.
    const LOG10_2: u128 = 301_029_995_663_981;
    let estimate = u128::from(value.bits() - 1) * LOG10_2 / 1_000_000_000_000_000;
    let mut count = estimate as u64;
    let mut bound = power_of_ten(count as u32);
    while *value >= bound {
        count += 1;
        bound *= 10_u32;
    }
    count
}
