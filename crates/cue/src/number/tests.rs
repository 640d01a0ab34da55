//! The arithmetic against exact rationals, the printer against the parser, and the forms one by one.

use num_bigint::BigInt;
use proptest::prelude::*;

use super::{ArithmeticError, Decimal, LiteralError, Number, ParseDecimalError, Rounding};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn literal(text: &str) -> Number {
    Number::from_literal(text).unwrap()
}

#[test]
fn literals_print_as_written_or_in_scientific_notation() {
    for (source, printed) in [
        ("1_000", "1000"),
        ("1._5e_3", "1.5E+3"),
        ("0xdead_BEEF", "3735928559"),
        ("0o17", "15"),
        ("0b101", "5"),
        ("1.5Ki", "1536"),
        ("1.3K", "1300"),
        ("0K", "0"),
        ("2Pi", "2251799813685248"),
        ("1e3", "1E+3"),
        ("1.5e3", "1.5E+3"),
        ("1500e-2", "15.00"),
        ("1E-12", "1E-12"),
        ("1.50", "1.50"),
        (".5", "0.5"),
        ("0.000001", "0.000001"),
        ("0.0000001", "1E-7"),
        ("15e-7", "0.0000015"),
        ("0e10", "0E+10"),
        ("0e-10", "0.0000000000"),
        ("0e-2001", "0E-2001"),
        ("100000000000000000000000000000000000000000000000001", "100000000000000000000000000000000000000000000000001"),
    ] {
        assert_eq!(literal(source).to_string(), printed, "{source}");
    }
}

#[test]
fn malformed_literals_are_refused() {
    for source in
        ["0x", "0b12", "0xG", "07", "1_", "1__0", "1_.5", "1e", "1e+", "0.1Ki", "1Ei", "1Kx", "", ".", "-1", "1.2.3"]
    {
        assert!(Number::from_literal(source).is_err(), "{source}");
    }
    assert_eq!(Number::from_literal("0.1Ki"), Err(LiteralError::NotIntegral));
    assert_eq!(Number::from_literal("1__0").unwrap_err().to_string(), "illegal '_' in number");
}

#[test]
fn limits_hold_one_past_them() {
    assert!(Number::from_literal("1e100000").is_ok());
    assert_eq!(Number::from_literal("1e100001"), Err(ParseDecimalError::Exponent.into()));
    assert_eq!(Number::from_literal("10e100000"), Err(ParseDecimalError::Exponent.into()));
    assert!(Number::from_literal("1e-100000").is_ok());
    assert_eq!(Number::from_literal("1e-100001"), Err(ParseDecimalError::Exponent.into()));
    assert_eq!(Number::from_literal("1e99999999999999999999"), Err(ParseDecimalError::Exponent.into()));
    assert!(Number::from_literal(&"9".repeat(100_000)).is_ok());
    assert_eq!(Number::from_literal(&"9".repeat(100_001)), Err(ParseDecimalError::Digits.into()));
    assert_eq!(literal("1e100000").mul(&literal("10")), Err(ArithmeticError::ExponentOutOfRange));
    assert_eq!(literal("1e-100000").div(&literal("10")), Err(ArithmeticError::ExponentOutOfRange));
    assert_eq!(literal("1e99999").add(&literal("1e-99999")), Err(ArithmeticError::OperandsTooFarApart));
}

#[test]
fn arithmetic_keeps_34_digits_and_rounds_half_up() {
    for (left, operation, right, result) in [
        ("1", "/", "3", "0.3333333333333333333333333333333333"),
        ("2", "/", "3", "0.6666666666666666666666666666666667"),
        ("1e-7", "/", "3", "3.333333333333333333333333333333333E-8"),
        ("10", "/", "2", "5.0"),
        ("1000000", "/", "1", "1.0E+6"),
        ("100", "/", "10.00", "10"),
        ("0", "/", "5", "0"),
        ("1.0", "*", "3", "3.0"),
        ("7", "*", "1.10", "7.70"),
        ("1e3", "*", "2", "2E+3"),
        ("0.10", "+", "0.90", "1.00"),
        ("3.0", "-", "3", "0.0"),
        ("99999999999999999999999999999999999", "+", "5", "1.000000000000000000000000000000000E+35"),
        ("10000000000000000000000000000000000", "+", "5", "1.000000000000000000000000000000001E+34"),
        ("123456789012345678901234567890123456789", "*", "1.0", "1.234567890123456789012345678901235E+38"),
        ("1e5000", "+", "1e-5000", "1.000000000000000000000000000000000E+5000"),
    ] {
        let (left, right) = (literal(left), literal(right));
        let actual = match operation {
            "+" => left.add(&right),
            "-" => left.sub(&right),
            "*" => left.mul(&right),
            _ => left.div(&right),
        };
        assert_eq!(actual.unwrap().to_string(), result, "{left} {operation} {right}");
    }
}

#[test]
fn division_by_zero_is_told_from_zero_by_zero() {
    let divide = |left: &str, right: &str| literal(left).div(&literal(right)).unwrap_err().to_string();
    assert_eq!(divide("1", "0"), "division by zero");
    assert_eq!(divide("0", "0.0"), "division undefined");
    assert_eq!(literal("5").int_div(&literal("0")), Err(ArithmeticError::DivisionByZero));
}

#[test]
fn zero_has_a_sign_only_after_a_product() {
    assert_eq!((-literal("0.0")).to_string(), "0.0");
    assert_eq!(Number::from_json("-0.0").unwrap().to_string(), "0.0");
    assert_eq!((-literal("1")).mul(&literal("0.0")).unwrap().to_string(), "-0.0");
    assert_eq!(decimal("-0"), decimal("0.00"));
}

#[test]
fn source_form_keeps_the_kind() {
    assert_eq!(literal("1e3").to_source(), "1e+3");
    assert_eq!(literal("100").div(&literal("10.00")).unwrap().to_source(), "10.0");
    assert_eq!(literal("5").to_source(), "5");
}

#[test]
fn kinds_follow_the_operands() {
    assert!(literal("1").add(&literal("2")).unwrap().is_int());
    assert!(!literal("1").add(&literal("2.0")).unwrap().is_int());
    assert!(!literal("4").div(&literal("2")).unwrap().is_int());
    assert_ne!(literal("1"), literal("1.0"));
    assert_eq!(literal("1").value, literal("1.0").value);
}

#[test]
fn rounding_to_whole_numbers() {
    for (value, floor, ceiling, truncated, half_up, half_even) in [
        ("2.5", "2", "3", "2", "3", "2"),
        ("-2.5", "-3", "-2", "-2", "-3", "-2"),
        ("3.5", "3", "4", "3", "4", "4"),
        ("0.05", "0", "1", "0", "0", "0"),
        ("-1e-50000", "-1", "-0", "-0", "-0", "-0"),
        ("7.00", "7", "7", "7", "7", "7"),
        ("1E+3", "1E+3", "1E+3", "1E+3", "1E+3", "1E+3"),
    ] {
        let round = |rounding| decimal(value).round_to_integral(rounding).to_string();
        assert_eq!(round(Rounding::Floor), floor, "floor of {value}");
        assert_eq!(round(Rounding::Ceiling), ceiling, "ceiling of {value}");
        assert_eq!(round(Rounding::Truncate), truncated, "{value} truncated");
        assert_eq!(round(Rounding::HalfUp), half_up, "{value} half up");
        assert_eq!(round(Rounding::HalfEven), half_even, "{value} half even");
    }
}

#[test]
fn conversions_are_exact_or_none() {
    assert_eq!(decimal("1e3").to_i64(), Some(1000));
    assert_eq!(decimal("1.50").to_i64(), None);
    assert_eq!(decimal("-9223372036854775808").to_i64(), Some(i64::MIN));
    assert_eq!(decimal("9223372036854775808").to_i64(), None);
    assert_eq!(decimal("18446744073709551615").to_u64(), Some(u64::MAX));
    assert_eq!(decimal("-1").to_u64(), None);
    assert_eq!(decimal("1e100000").to_i64(), None);
    assert_eq!(decimal("100.0").to_integer(), Some(BigInt::from(100)));
    assert_eq!(decimal("1e400").to_f64(), f64::INFINITY);
    assert_eq!(decimal("0.1").to_f64(), 0.1);
    assert_eq!(Decimal::from_f64(0.1).unwrap().to_string(), "0.1");
    assert_eq!(Decimal::from_f64(f64::NAN), None);
}

#[test]
fn what_is_negligible_beside_the_other_breaks_ties() {
    let sum = |a: &str, b: &str| number(&decimal(a)).add(&number(&decimal(b))).unwrap().value.to_string();
    let tie = "12345678901234567890123456789012345e50";
    assert_eq!(sum(tie, "1"), "1.234567890123456789012345678901235E+84");
    assert_eq!(sum(tie, "-1"), "1.234567890123456789012345678901234E+84");
    assert_eq!(sum("1e60", "-1"), "1.000000000000000000000000000000000E+60");
    assert_eq!(sum("0e-60", "-1e60"), "-1.000000000000000000000000000000000E+60");
}

prop_compose! {
    fn any_decimal()(negative: bool, digits in "[0-9]{1,60}", exponent in -80_i32..80) -> Decimal {
        format!("{}{digits}e{exponent}", if negative { "-" } else { "" }).parse().unwrap()
    }
}

prop_compose! {
    fn any_int()(value: i64, shift in 0_u32..90) -> BigInt { BigInt::from(value) << shift }
}

/// The value times `10^200`, exact: all generated exponents are above -200.
fn exact(value: &Decimal) -> BigInt {
    let scaled = Decimal::new(value.is_negative(), value.coefficient().into_owned(), value.exponent() + 200);
    scaled.to_integer().unwrap()
}

fn number(value: &Decimal) -> Number {
    Number::float(value.clone())
}

proptest! {
    #[test]
    fn printing_and_reading_gives_the_same(value in any_decimal()) {
        let again = decimal(&value.to_string());
        prop_assert_eq!(again.to_string(), value.to_string());
        prop_assert_eq!((again.exponent(), again.coefficient().into_owned()), (value.exponent(), value.coefficient().into_owned()));
    }

    #[test]
    fn comparison_is_that_of_the_exact_values(a in any_decimal(), b in any_decimal()) {
        prop_assert_eq!(a.cmp(&b), exact(&a).cmp(&exact(&b)));
    }

    #[test]
    fn reducing_keeps_the_value(a in any_decimal()) {
        let reduced = a.reduced();
        prop_assert_eq!(&reduced, &a);
        prop_assert_eq!(reduced.to_string(), reduced.reduced().to_string());
    }

    #[test]
    fn sums_are_exact_to_34_digits(a in any_decimal(), b in any_decimal()) {
        let sum = number(&a).add(&number(&b)).unwrap().value;
        let error = exact(&sum) - (exact(&a) + exact(&b));
        let unit = exact(&Decimal::new(false, 1_u32.into(), sum.exponent()));
        prop_assert!(sum.digits() <= 34);
        prop_assert!(num_traits::Signed::abs(&error) * 2 <= unit);
        let swapped = number(&b).add(&number(&a)).unwrap().value;
        prop_assert_eq!(swapped.to_string(), sum.to_string());
        prop_assert_eq!(number(&a).sub(&number(&-b.clone())).unwrap().value, sum);
    }

    #[test]
    fn quotients_times_divisor_give_the_dividend(a in any_decimal(), b in any_decimal()) {
        prop_assume!(!b.is_zero());
        let quotient = number(&a).div(&number(&b)).unwrap();
        let back = quotient.mul(&number(&b)).unwrap().value;
        let error = back.abs().to_f64() / a.clone().abs().to_f64();
        prop_assert!(a.is_zero() || (error - 1.0).abs() < 1e-12, "{a} / {b} = {quotient}");
    }

    #[test]
    fn integer_divisions_add_up(a in any_int(), b in any_int()) {
        prop_assume!(b != BigInt::ZERO);
        let (a, b) = (Number::int(a), Number::int(b));
        let whole = |number: Number| number.value.to_integer().unwrap();
        let (quotient, rest) = (whole(a.int_div(&b).unwrap()), whole(a.int_mod(&b).unwrap()));
        prop_assert!(rest >= BigInt::ZERO && rest < num_traits::Signed::abs(&whole(b.clone())));
        prop_assert_eq!(quotient * whole(b.clone()) + rest, whole(a.clone()));
        let (quotient, rest) = (whole(a.int_quo(&b).unwrap()), whole(a.int_rem(&b).unwrap()));
        prop_assert_eq!(quotient * whole(b) + rest, whole(a));
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in "[-+0-9a-zA-Z_.]{0,12}") {
        let _ = Number::from_literal(&text);
        let _ = Number::from_json(&text);
    }
}
