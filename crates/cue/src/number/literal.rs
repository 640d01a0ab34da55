//! Number literals of CUE source (language specification, "Integer literals" and "Decimal floating-point literals").

use std::fmt;

use num_bigint::BigUint;

use super::arithmetic::{self, Rounding};
use super::{DIGITS_MAX, Decimal, Number, NumberKind, ParseDecimalError};

/// Why a text is no number literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiteralError {
    /// An underscore that does not stand between two digits.
    Separator,
    /// `0x`, `0o` or `0b` without digits, or with other digits: what it should have been.
    Based(&'static str),
    /// An integer that begins with a zero.
    LeadingZero,
    /// An `e` without digits.
    Exponent,
    /// A multiplier that does not give a whole number, such as `0.1Ki`.
    NotIntegral,
    /// Anything else that is wrong with its form, or a size beyond the limits.
    Decimal(ParseDecimalError),
}

impl fmt::Display for LiteralError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Separator => out.write_str("illegal '_' in number"),
            Self::Based(base) => write!(out, "illegal {base} number"),
            Self::LeadingZero => out.write_str("illegal integer number"),
            Self::Exponent => out.write_str("illegal exponent in number"),
            Self::NotIntegral => out.write_str("number cannot be represented as int"),
            Self::Decimal(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for LiteralError {}

impl From<ParseDecimalError> for LiteralError {
    fn from(error: ParseDecimalError) -> Self {
        Self::Decimal(error)
    }
}

impl Number {
    /// Reads a literal without sign: `1_000`, `0xFF`, `0o17`, `0b11`, `1.5Ki`, `.5`, `1e3`.
    ///
    /// # Errors
    /// If the text is no literal or beyond the limits of this module.
    pub fn from_literal(text: &str) -> Result<Self, LiteralError> {
        if let Some(number) = based_literal(text)? {
            return Ok(number);
        }
        if misplaced_separator(text) {
            return Err(LiteralError::Separator);
        }
        let plain: String = text.chars().filter(|char| *char != '_').collect();
        match plain.find(['K', 'M', 'G', 'T', 'P']) {
            Some(at) => multiplied_literal(&plain[..at], &plain[at..]),
            None => decimal_literal(&plain),
        }
    }
}

fn based_literal(text: &str) -> Result<Option<Number>, LiteralError> {
    let (name, radix, bits) = match text.get(..2) {
        Some("0x" | "0X") => ("hexadecimal", 16, 4),
        Some("0o") => ("octal", 8, 3),
        Some("0b") => ("binary", 2, 1),
        _ => return Ok(None),
    };
    let digits = &text[2..];
    // An underscore may follow the prefix but not end the literal.
    if digits.ends_with('_') || digits.contains("__") {
        return Err(LiteralError::Separator);
    }
    let digits: Vec<u8> = digits.bytes().filter(|byte| *byte != b'_').collect();
    if digits.len() > DIGITS_MAX * 3 / bits {
        return Err(ParseDecimalError::Digits.into());
    }
    let well_formed = !digits.is_empty() && digits.iter().all(|byte| char::from(*byte).is_digit(radix));
    let value = if well_formed { BigUint::parse_bytes(&digits, radix) } else { None };
    let value = value.ok_or(LiteralError::Based(name))?;
    Ok(Some(Number::int(Decimal::new(false, value, 0))))
}

/// An underscore stands before a digit, alone, and begins no literal.
fn misplaced_separator(text: &str) -> bool {
    let bytes = text.as_bytes();
    let separates = |at: usize| at > 0 && bytes[at - 1] != b'_' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).any(|at| bytes[at] == b'_' && !separates(at))
}

fn decimal_literal(text: &str) -> Result<Number, LiteralError> {
    if !text.contains(['.', 'e', 'E']) {
        if text.len() > 1 && text.starts_with('0') {
            return Err(LiteralError::LeadingZero);
        }
        return Ok(Number::int(unsigned_decimal(text)?));
    }
    if text.ends_with(['e', 'E', '+', '-']) {
        return Err(LiteralError::Exponent);
    }
    Ok(Number { kind: NumberKind::Float, value: unsigned_decimal(text)? })
}

fn unsigned_decimal(text: &str) -> Result<Decimal, ParseDecimalError> {
    if text.starts_with(['-', '+']) { Err(ParseDecimalError::Syntax) } else { text.parse() }
}

/// A decimal with a suffix: powers of 1000 (`K`) or 1024 (`Ki`).
fn multiplied_literal(digits: &str, suffix: &str) -> Result<Number, LiteralError> {
    let power = match suffix.as_bytes() {
        [b'K', ..] => 1,
        [b'M', ..] => 2,
        [b'G', ..] => 3,
        [b'T', ..] => 4,
        _ => 5,
    };
    let factor = match &suffix[1..] {
        "" => 1000_u64.pow(power),
        "i" => 1024_u64.pow(power),
        _ => return Err(ParseDecimalError::Syntax.into()),
    };
    let product = arithmetic::mul(&unsigned_decimal(digits)?, &Decimal::from(factor));
    let product = product.map_err(|_| ParseDecimalError::Exponent)?;
    let whole = product.round_to_integral(Rounding::HalfUp);
    if whole != product {
        return Err(LiteralError::NotIntegral);
    }
    let whole = whole.scaled(whole.exponent().unsigned_abs());
    Ok(Number::int(Decimal::new(false, whole, 0)))
}
