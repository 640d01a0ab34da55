//! Logarithms, exponentials, powers and roots to [`PRECISION`] digits.
//!
//! Values are fixed-point numbers with enough bits that the last digit kept is right: the functions reduce their
//! argument and sum a series of a few dozen terms, whatever its size.

use num_bigint::{BigInt, BigUint};
use num_traits::{Signed, ToPrimitive, Zero};

use super::arithmetic::{ArithmeticError, div, round};
use super::decimal::power_of_ten;
use super::{Decimal, EXPONENT_MAX, PRECISION};

type Result<T> = std::result::Result<T, ArithmeticError>;

/// Bits behind the point: 34 digits of a number as small as 10^-50, and some to spare.
const BITS: u32 = 400;

/// Digits of an argument that are looked at.
const DIGITS_USED: u32 = 100;

impl Decimal {
    /// The natural logarithm.
    ///
    /// # Errors
    /// If the value is not positive.
    pub fn ln(&self) -> Result<Self> {
        self.check_positive()?;
        to_decimal(&fixed_ln(self)?)
    }

    /// The logarithm to base 10.
    ///
    /// # Errors
    /// If the value is not positive.
    pub fn log10(&self) -> Result<Self> {
        self.check_positive()?;
        to_decimal(&((fixed_ln(self)? << BITS) / ln_10()))
    }

    /// The logarithm to base 2.
    ///
    /// # Errors
    /// If the value is not positive.
    pub fn log2(&self) -> Result<Self> {
        self.check_positive()?;
        Ok(to_decimal(&((fixed_ln(self)? << BITS) / ln_2()))?.reduced())
    }

    /// `e` to the power of the value.
    ///
    /// # Errors
    /// If the result is too large or too small.
    pub fn exp(&self) -> Result<Self> {
        if self.is_zero() {
            return Ok(Self::ONE);
        }
        if self.adjusted_exponent() > 6 {
            return Err(ArithmeticError::ExponentOutOfRange);
        }
        fixed_exp(&to_fixed(self)?)
    }

    /// The value to the power of another. A whole power is multiplied out, so that it is exact where it has no more than
    /// [`PRECISION`] digits.
    ///
    /// # Errors
    /// If there is no real result, or it is too large or too small.
    pub fn pow(&self, power: &Self) -> Result<Self> {
        if self.is_zero() {
            return match power.signum() {
                1 => Ok(Self::ZERO),
                0 => Err(ArithmeticError::InvalidOperation),
                _ => Err(ArithmeticError::DivisionByZero),
            };
        }
        match power.is_integral().then(|| power.to_i64()).flatten() {
            Some(whole) => self.whole_power(whole),
            None if power.is_integral() => Err(ArithmeticError::ExponentOutOfRange),
            None if self.is_negative() => Err(ArithmeticError::InvalidOperation),
            None if power.adjusted_exponent() > 12 => Err(ArithmeticError::ExponentOutOfRange),
            None => {
                let exponent = (fixed_ln(self)? * to_fixed(power)?) >> BITS;
                Ok(without_zeros_of_whole(fixed_exp(&exponent)?))
            }
        }
    }

    fn whole_power(&self, power: i64) -> Result<Self> {
        // Digits to spare keep the error of every product below the last digit of the result.
        const SPARE: u32 = 24;
        let mut left = power.unsigned_abs();
        let size = self.adjusted_exponent().unsigned_abs().saturating_mul(left);
        if size > u64::from(EXPONENT_MAX.unsigned_abs()) * 2 {
            return Err(ArithmeticError::ExponentOutOfRange);
        }
        let (mut result, mut factor) = (Self::ONE, self.clone());
        while left > 0 {
            if left & 1 == 1 {
                result = wide_product(&result, &factor, PRECISION + SPARE)?;
            }
            left >>= 1;
            if left > 0 {
                factor = wide_product(&factor, &factor, PRECISION + SPARE)?;
            }
        }
        if power >= 0 {
            return round(result, PRECISION);
        }
        let inverse = div(&Self::ONE, &result)?;
        with_all_digits(&inverse)
    }

    /// The cube root.
    ///
    /// # Errors
    /// If the result is too small.
    pub fn cbrt(&self) -> Result<Self> {
        if self.is_zero() {
            return Ok(Self::ZERO);
        }
        // The root of a whole number that has three times as many digits as are wanted.
        const DIGITS: u32 = 3 * (PRECISION + 2);
        let value = round(self.clone(), DIGITS)?;
        let mut shift = i64::from(DIGITS).saturating_sub(value.digits() as i64);
        shift += (i64::from(value.exponent()) - shift).rem_euclid(3);
        let root = value.scaled(shift as u32).cbrt();
        let exponent = ((i64::from(value.exponent()) - shift) / 3) as i32;
        Ok(without_zeros_of_whole(round(Self::new(self.is_negative(), root, exponent), PRECISION)?))
    }

    fn check_positive(&self) -> Result<()> {
        match self.signum() {
            1 => Ok(()),
            _ => Err(ArithmeticError::InvalidOperation),
        }
    }
}

/// A number with [`PRECISION`] digits, zeros at the end if need be, unless it is whole.
fn with_all_digits(value: &Decimal) -> Result<Decimal> {
    let missing = u64::from(PRECISION).saturating_sub(value.digits()) as u32;
    if missing == 0 || value.is_integral() {
        return Ok(value.clone());
    }
    Ok(Decimal::new(value.is_negative(), value.scaled(missing), value.exponent() - missing as i32))
}

fn without_zeros_of_whole(value: Decimal) -> Decimal {
    if value.is_integral() { value.reduced() } else { value }
}

fn wide_product(left: &Decimal, right: &Decimal, precision: u32) -> Result<Decimal> {
    let negative = left.is_negative() != right.is_negative();
    let exponent = left.exponent().checked_add(right.exponent()).ok_or(ArithmeticError::ExponentOutOfRange)?;
    round(Decimal::new(negative, &*left.coefficient() * &*right.coefficient(), exponent), precision)
}

/// Twice the inverse hyperbolic tangent of `numerator / denominator`, at most 1/3.
fn twice_atanh(numerator: &BigInt, denominator: &BigInt) -> BigInt {
    let ratio = (numerator << BITS) / denominator;
    let square = (&ratio * &ratio) >> BITS;
    let (mut power, mut sum, mut odd) = (ratio, BigInt::zero(), 1_u32);
    while !power.is_zero() && power != BigInt::from(-1) {
        sum += &power / odd;
        power = (power * &square) >> BITS;
        odd += 2;
    }
    sum << 1
}

fn ln_2() -> BigInt {
    twice_atanh(&1.into(), &3.into())
}

/// `10 = 2^3 * 1.25`.
fn ln_10() -> BigInt {
    ln_2() * 3 + twice_atanh(&1.into(), &9.into())
}

/// The logarithm of a positive number.
fn fixed_ln(value: &Decimal) -> Result<BigInt> {
    let value = round(value.clone(), DIGITS_USED)?;
    let coefficient = BigInt::from(value.coefficient().into_owned());
    // The coefficient is a factor near 1, times a power of 2.
    let mut shift = coefficient.bits() as i64 - 1;
    let mut factor = if shift <= i64::from(BITS) {
        &coefficient << (i64::from(BITS) - shift)
    } else {
        &coefficient >> (shift - i64::from(BITS))
    };
    let one = BigInt::from(1) << BITS;
    if &factor * 2 > &one * 3 {
        factor >>= 1;
        shift += 1;
    }
    // Next to 1 the powers of 2 and 10 must not swallow the digits.
    if let Some(difference) = near_one(&value) {
        return Ok(difference);
    }
    let near = twice_atanh(&(&factor - &one), &(&factor + &one));
    Ok(near + ln_2() * shift + ln_10() * value.exponent())
}

/// The logarithm of what differs from 1 by less than 1/8.
fn near_one(value: &Decimal) -> Option<BigInt> {
    if !(-1..=0).contains(&value.adjusted_exponent()) {
        return None;
    }
    let unit = BigInt::from(power_of_ten(value.exponent().unsigned_abs()));
    let coefficient = BigInt::from(value.coefficient().into_owned());
    let difference = &coefficient - &unit;
    (value.exponent() <= 0 && &difference.abs() * 8 < unit).then(|| twice_atanh(&difference, &(coefficient + unit)))
}

fn to_fixed(value: &Decimal) -> Result<BigInt> {
    let value = round(value.clone(), DIGITS_USED)?;
    let coefficient = BigInt::from(value.coefficient().into_owned()) << BITS;
    let places = value.exponent().unsigned_abs();
    let magnitude = match value.exponent() {
        0.. => coefficient * BigInt::from(power_of_ten(places)),
        _ if places > 2 * BITS => BigInt::zero(),
        _ => coefficient / BigInt::from(power_of_ten(places)),
    };
    Ok(if value.is_negative() { -magnitude } else { magnitude })
}

/// A fixed-point number as a decimal.
fn to_decimal(value: &BigInt) -> Result<Decimal> {
    // One digit more than the bits can tell.
    const PLACES: u32 = 120;
    let scaled: BigInt = (value * BigInt::from(power_of_ten(PLACES))) >> BITS;
    let decimal = Decimal::new(value.is_negative(), scaled.magnitude().clone(), -(PLACES as i32));
    Ok(without_zeros_of_whole(round(decimal, PRECISION)?))
}

/// `e` to a fixed-point power: `e^x = 10^k * e^r` with `r` between 0 and the logarithm of 10.
fn fixed_exp(power: &BigInt) -> Result<Decimal> {
    let ln_10 = ln_10();
    let scale = num_integer::Integer::div_floor(power, &ln_10);
    let scale =
        scale.to_i32().filter(|scale| scale.abs() <= EXPONENT_MAX).ok_or(ArithmeticError::ExponentOutOfRange)?;
    let rest = power - ln_10 * scale;
    // Halved eight times the argument is so small that few terms of the series are left.
    const HALVINGS: u32 = 8;
    let small = rest >> HALVINGS;
    let one = BigInt::from(1) << BITS;
    let (mut term, mut sum, mut index) = (one.clone(), one, 1_u32);
    while !term.is_zero() {
        term = ((term * &small) >> BITS) / index;
        sum += &term;
        index += 1;
    }
    for _ in 0..HALVINGS {
        sum = (&sum * &sum) >> BITS;
    }
    let digits: BigUint = ((sum * BigInt::from(power_of_ten(PRECISION + 10))) >> BITS).magnitude().clone();
    round(Decimal::new(false, digits, scale - (PRECISION + 10) as i32), PRECISION)
}
