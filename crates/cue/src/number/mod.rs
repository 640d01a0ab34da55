//! Numbers: arbitrary-precision decimals, the literals that write them and the arithmetic of the language.
//!
//! A [`Number`] is a [`Decimal`] and its kind, `int` or `float`: `1` and `1.0` are equal but of different kinds. Literals are
//! kept exactly; arithmetic rounds to [`PRECISION`] digits, half away from zero. Nothing here is more costly than
//! [`DIGITS_MAX`] digits allow, whatever the exponents say.

mod arithmetic;
mod decimal;
mod float;
mod format;
mod literal;
mod transcendental;
mod value;

pub use arithmetic::{ArithmeticError, Rounding};
pub use decimal::Decimal;
pub(crate) use float::format_float;
pub use format::ParseDecimalError;
pub use literal::LiteralError;
pub use value::{Number, NumberKind};

/// Digits that the result of an arithmetic operation keeps.
pub const PRECISION: u32 = 34;

/// The largest exponent of a number in scientific notation, and of its coefficient; the smallest is its negative.
pub const EXPONENT_MAX: i32 = 100_000;

/// The most digits that a literal may have.
pub const DIGITS_MAX: usize = 100_000;

#[cfg(test)]
mod tests;
