//! Package `math`.
//!
//! What the reference computes on decimals is exact to 34 digits; the rest is `f64` arithmetic.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};

use super::{
    args::{INT, NUMBER, Outcome, big, decimal, fail, function, int},
    erf::erf_inv,
};
use crate::{
    call::{Datum, Package},
    kind::Kind,
    number::{Decimal, EXPONENT_MAX, Number, Rounding},
};

pub(super) static PACKAGE: Package = Package {
    path: "math",
    constants: &[
        ("MaxExp", "2147483647"),
        ("MinExp", "-2147483648"),
        ("MaxPrec", "4294967295"),
        ("ToNearestEven", "0"),
        ("ToNearestAway", "1"),
        ("ToZero", "2"),
        ("AwayFromZero", "3"),
        ("ToNegativeInf", "4"),
        ("ToPositiveInf", "5"),
        ("Below", "-1"),
        ("Exact", "0"),
        ("Above", "1"),
        ("MaxBase", "62"),
        ("E", "2.71828182845904523536028747135266249775724709369995957496696763"),
        ("Pi", "3.14159265358979323846264338327950288419716939937510582097494459"),
        ("Phi", "1.61803398874989484820458683436563811772030917980576286213544861"),
        ("Sqrt2", "1.41421356237309504880168872420969807856967187537694807317667974"),
        ("SqrtE", "1.64872127070012814684865078781416357165377610071014801157507931"),
        ("SqrtPi", "1.77245385090551602729816748334114518279754945612238712821380779"),
        ("SqrtPhi", "1.27201964951406896425242246173749149171560804184009624861664038"),
        ("Ln2", "0.693147180559945309417232121458176568075500134360255254120680009"),
        ("Log2E", "1.442695040888963407359924681001892137426645954152985934135449408"),
        ("Ln10", "2.3025850929940456840179914546843642076011014886287729760333278"),
        ("Log10E", "0.43429448190325182765112891891660508229439700580366656611445378"),
    ],
    functions: &[
        function("Jacobi", &[INT, INT], Kind::INT, |_, args| jacobi(big(args, 0)?, big(args, 1)?)),
        function("Floor", &[NUMBER], Kind::INT, |_, args| whole(decimal(args, 0)?, Rounding::Floor)),
        function("Ceil", &[NUMBER], Kind::INT, |_, args| whole(decimal(args, 0)?, Rounding::Ceiling)),
        function("Trunc", &[NUMBER], Kind::INT, |_, args| whole(decimal(args, 0)?, Rounding::Truncate)),
        function("Round", &[NUMBER], Kind::INT, |_, args| whole(decimal(args, 0)?, Rounding::HalfUp)),
        function("RoundToEven", &[NUMBER], Kind::INT, |_, args| whole(decimal(args, 0)?, Rounding::HalfEven)),
        function("MultipleOf", &[NUMBER, NUMBER], Kind::BOOL, |_, args| {
            Ok(number(decimal(args, 0)?).div(&number(decimal(args, 1)?))?.value.is_integral().into())
        }),
        function("Abs", &[NUMBER], Kind::NUMBER, |_, args| Ok(decimal(args, 0)?.clone().abs().into())),
        function("Copysign", &[NUMBER, NUMBER], Kind::NUMBER, |_, args| {
            let (magnitude, negative) = (decimal(args, 0)?, decimal(args, 1)?.is_negative());
            Ok(Decimal::new(negative, magnitude.coefficient().into_owned(), magnitude.exponent()).into())
        }),
        function("Dim", &[NUMBER, NUMBER], Kind::NUMBER, |_, args| {
            let difference = number(decimal(args, 0)?).sub(&number(decimal(args, 1)?))?.value;
            Ok(difference.max(Decimal::ZERO).into())
        }),
        function("Signbit", &[NUMBER], Kind::BOOL, |_, args| Ok(decimal(args, 0)?.is_negative().into())),
        function("Pow10", &[INT], Kind::NUMBER, |_, args| match int(args, 0)? {
            exponent if exponent.unsigned_abs() <= u64::from(EXPONENT_MAX.unsigned_abs()) => {
                Ok(Decimal::new(false, 1_u32.into(), exponent as i32).into())
            }
            exponent => fail(format!("exponent {exponent} is beyond ±{EXPONENT_MAX}")),
        }),
        function("Acosh", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::acosh)),
        function("Asin", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::asin)),
        function("Acos", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::acos)),
        function("Asinh", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::asinh)),
        function("Atan", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::atan)),
        function("Atan2", &[NUMBER, NUMBER], Kind::NUMBER, |_, args| binary(args, f64::atan2)),
        function("Atanh", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::atanh)),
        function("Log", &[NUMBER], Kind::NUMBER, |_, args| Ok(decimal(args, 0)?.ln()?.into())),
        function("Log10", &[NUMBER], Kind::NUMBER, |_, args| Ok(decimal(args, 0)?.log10()?.into())),
        function("Log2", &[NUMBER], Kind::NUMBER, |_, args| Ok(decimal(args, 0)?.log2()?.into())),
        function("Exp", &[NUMBER], Kind::NUMBER, |_, args| {
            let power = decimal(args, 0)?;
            power
                .exp()
                .map(Into::into)
                .or_else(|_| fail(if power.is_negative() { "underflow, subnormal" } else { "overflow" }))
        }),
        function("Exp2", &[NUMBER], Kind::NUMBER, |_, args| Ok(Decimal::from(2_i64).pow(decimal(args, 0)?)?.into())),
        function("Pow", &[NUMBER, NUMBER], Kind::NUMBER, |_, args| {
            Ok(decimal(args, 0)?.pow(decimal(args, 1)?)?.into())
        }),
        function("Cbrt", &[NUMBER], Kind::NUMBER, |_, args| Ok(decimal(args, 0)?.cbrt()?.into())),
        function("Erf", &[NUMBER], Kind::NUMBER, |_, args| unary(args, libm::erf)),
        function("Erfc", &[NUMBER], Kind::NUMBER, |_, args| unary(args, libm::erfc)),
        function("Erfinv", &[NUMBER], Kind::NUMBER, |_, args| unary(args, erf_inv)),
        function("Erfcinv", &[NUMBER], Kind::NUMBER, |_, args| unary(args, |x| erf_inv(1.0 - x))),
        function("Gamma", &[NUMBER], Kind::NUMBER, |_, args| unary(args, libm::tgamma)),
        function("J0", &[NUMBER], Kind::NUMBER, |_, args| unary(args, libm::j0)),
        function("J1", &[NUMBER], Kind::NUMBER, |_, args| unary(args, libm::j1)),
        function("Jn", &[INT, NUMBER], Kind::NUMBER, |_, args| finite(libm::jn(order(args)?, float(args, 1)?))),
        function("Y0", &[NUMBER], Kind::NUMBER, |_, args| unary(args, libm::y0)),
        function("Y1", &[NUMBER], Kind::NUMBER, |_, args| unary(args, libm::y1)),
        function("Yn", &[INT, NUMBER], Kind::NUMBER, |_, args| finite(libm::yn(order(args)?, float(args, 1)?))),
        function("Expm1", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::exp_m1)),
        function("Hypot", &[NUMBER, NUMBER], Kind::NUMBER, |_, args| binary(args, f64::hypot)),
        function("Ldexp", &[NUMBER, INT], Kind::NUMBER, |_, args| {
            let exponent = int(args, 1)?.clamp(-5000, 5000) as i32;
            unary(args, |fraction| {
                // In two steps, so that neither factor overflows before the product does.
                fraction * 2_f64.powi(exponent / 2) * 2_f64.powi(exponent - exponent / 2)
            })
        }),
        function("Log1p", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::ln_1p)),
        function("Logb", &[NUMBER], Kind::NUMBER, |_, args| unary(args, |x| binary_exponent(x) as f64)),
        function("Ilogb", &[NUMBER], Kind::INT, |_, args| Ok(binary_exponent(float(args, 0)?).into())),
        function("Mod", &[NUMBER, NUMBER], Kind::NUMBER, |_, args| binary(args, |x, y| x % y)),
        function("Remainder", &[NUMBER, NUMBER], Kind::NUMBER, |_, args| binary(args, remainder)),
        function("Cos", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::cos)),
        function("Sin", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::sin)),
        function("Sinh", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::sinh)),
        function("Cosh", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::cosh)),
        function("Sqrt", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::sqrt)),
        function("Tan", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::tan)),
        function("Tanh", &[NUMBER], Kind::NUMBER, |_, args| unary(args, f64::tanh)),
    ],
};

fn number(value: &Decimal) -> Number {
    Number::float(value.clone())
}

fn whole(value: &Decimal, rounding: Rounding) -> Outcome {
    let whole = value.round_to_integral(rounding).to_integer();
    Ok(whole.expect("a rounded number is whole").into())
}

fn float(args: &[Datum], at: usize) -> Result<f64, crate::call::Failure> {
    Ok(decimal(args, at)?.to_f64())
}

/// The order of a Bessel function; each one costs as much as its number.
fn order(args: &[Datum]) -> Result<i32, crate::call::Failure> {
    const ORDER_MAX: i64 = 100_000;
    match int(args, 0)? {
        order if order.abs() <= ORDER_MAX => Ok(order as i32),
        order => fail(format!("order {order} is beyond ±{ORDER_MAX}")),
    }
}

fn unary(args: &[Datum], operation: impl Fn(f64) -> f64) -> Outcome {
    finite(operation(float(args, 0)?))
}

fn binary(args: &[Datum], operation: impl Fn(f64, f64) -> f64) -> Outcome {
    finite(operation(float(args, 0)?, float(args, 1)?))
}

fn finite(value: f64) -> Outcome {
    match Decimal::from_f64(value) {
        Some(decimal) => Ok(Datum::Number(Number::float(decimal))),
        None => fail(format!("result is {value}, which is no number of the language")),
    }
}

/// The exponent of 2 in the value.
fn binary_exponent(value: f64) -> i64 {
    const BIAS: i64 = 1023;
    match (value.to_bits() >> 52) & 0x7ff {
        _ if value == 0.0 => i32::MIN.into(),
        0x7ff => i32::MAX.into(),
        // A subnormal number: scale it into the normal range.
        0 => binary_exponent(value * 2_f64.powi(52)) - 52,
        exponent => exponent as i64 - BIAS,
    }
}

/// The IEEE 754 remainder: `x - n * y` with `n` nearest to `x / y`, halves to the even one.
fn remainder(x: f64, y: f64) -> f64 {
    let (rest, half) = ((x % y).abs(), y.abs() / 2.0);
    let odd = ((x.abs() - rest) / y.abs()) % 2.0 == 1.0;
    let nearest = if rest > half || rest == half && odd { rest - y.abs() } else { rest };
    nearest.copysign(x.signum() * nearest.signum())
}

/// The Jacobi symbol (x/y) of an odd y.
fn jacobi(x: BigInt, y: BigInt) -> Outcome {
    if y.is_even() {
        return fail(format!("big: invalid 2nd argument to Int.Jacobi: need odd integer but got {y}"));
    }
    let (mut a, mut b, mut sign) = (x, y, 1_i64);
    if b.is_negative() {
        if a.is_negative() {
            sign = -1;
        }
        b = -b;
    }
    loop {
        if b == BigInt::from(1) {
            return Ok(sign.into());
        }
        a = a.mod_floor(&b);
        if a.is_zero() {
            return Ok(0_i64.into());
        }
        let twos = a.trailing_zeros().unwrap_or(0);
        let b8 = low_bits(&b, 7);
        if twos % 2 == 1 && (b8 == 3 || b8 == 5) {
            sign = -sign;
        }
        a >>= twos;
        if low_bits(&b, 3) == 3 && low_bits(&a, 3) == 3 {
            sign = -sign;
        }
        std::mem::swap(&mut a, &mut b);
    }
}

fn low_bits(value: &BigInt, mask: u8) -> u8 {
    (value & BigInt::from(mask)).to_u8().unwrap_or(0)
}
