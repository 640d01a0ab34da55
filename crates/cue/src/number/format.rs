//! Decimals to text and back: scientific notation where the exponent is positive or the number is very small.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigUint;

use super::{DIGITS_MAX, Decimal, EXPONENT_MAX};

/// Zeros with more places than this are printed as `0E-2001`.
const ZERO_PLACES_MAX: u32 = 2000;

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.small() {
            Some(small) => small.to_string(),
            None => self.coefficient().to_string(),
        };
        if self.is_negative() {
            out.write_str("-")?;
        }
        let adjusted = i64::from(self.exponent()) + digits.len() as i64 - 1;
        let padded_zero = self.is_zero() && self.exponent().unsigned_abs() <= ZERO_PLACES_MAX;
        if self.exponent() <= 0 && (adjusted >= -6 || padded_zero) {
            write_plain(out, &digits, self.exponent().unsigned_abs() as usize)
        } else {
            write_scientific(out, &digits, adjusted)
        }
    }
}

fn write_plain(out: &mut fmt::Formatter<'_>, digits: &str, places: usize) -> fmt::Result {
    if places == 0 {
        return out.write_str(digits);
    }
    match digits.len().checked_sub(places) {
        Some(whole) if whole > 0 => write!(out, "{}.{}", &digits[..whole], &digits[whole..]),
        _ => write!(out, "0.{digits:0>places$}"),
    }
}

fn write_scientific(out: &mut fmt::Formatter<'_>, digits: &str, adjusted: i64) -> fmt::Result {
    let (first, rest) = digits.split_at(1);
    out.write_str(first)?;
    if !rest.is_empty() {
        write!(out, ".{rest}")?;
    }
    write!(out, "E{adjusted:+}")
}

/// Why a text is no decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseDecimalError {
    /// It does not have the form of one.
    Syntax,
    /// It has more than [`DIGITS_MAX`] digits.
    Digits,
    /// Its exponent is beyond ±[`EXPONENT_MAX`].
    Exponent,
}

impl fmt::Display for ParseDecimalError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => out.write_str("invalid number"),
            Self::Digits => write!(out, "number has more than {DIGITS_MAX} digits"),
            Self::Exponent => write!(out, "exponent of number is beyond ±{EXPONENT_MAX}"),
        }
    }
}

impl std::error::Error for ParseDecimalError {}

/// Reads `[+-]digits[.digits][e[+-]digits]`; one of the two groups of digits may be missing.
impl FromStr for Decimal {
    type Err = ParseDecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (negative, text) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let count = whole.len() + fraction.len();
        if count == 0 || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(ParseDecimalError::Syntax);
        }
        if count > DIGITS_MAX {
            return Err(ParseDecimalError::Digits);
        }
        let decimal = Self::unsigned(whole, fraction, exponent - fraction.len() as i64)?;
        Ok(decimal.with_sign(negative))
    }
}

impl Decimal {
    fn unsigned(whole: &str, fraction: &str, exponent: i64) -> Result<Self, ParseDecimalError> {
        let range = -i64::from(EXPONENT_MAX)..=i64::from(EXPONENT_MAX);
        let exponent = i32::try_from(exponent).ok().filter(|_| range.contains(&exponent));
        let exponent = exponent.ok_or(ParseDecimalError::Exponent)?;
        let decimal = if whole.len() + fraction.len() <= 19 {
            let value =
                whole.bytes().chain(fraction.bytes()).fold(0, |sum: u64, byte| sum * 10 + u64::from(byte - b'0'));
            Self::from_parts(false, value.into(), exponent)
        } else {
            let digits = [whole, fraction].concat();
            let value = BigUint::parse_bytes(digits.as_bytes(), 10).ok_or(ParseDecimalError::Syntax)?;
            Self::new(false, value, exponent)
        };
        if range.contains(&decimal.adjusted_exponent()) { Ok(decimal) } else { Err(ParseDecimalError::Exponent) }
    }
}

fn parse_exponent(text: &str) -> Result<i64, ParseDecimalError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseDecimalError::Syntax);
    }
    let magnitude = digits.parse::<i32>().map_err(|_| ParseDecimalError::Exponent)?;
    Ok(if text.starts_with('-') { -i64::from(magnitude) } else { i64::from(magnitude) })
}
