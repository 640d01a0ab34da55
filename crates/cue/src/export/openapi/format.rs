//! Formats: what OpenAPI has a name for, from ranges and validators.

use crate::{
    Value,
    export::tree::Json,
    ir::BoundOp,
    kind::Kind,
    number::{Decimal, Number},
    value::{Form, Operand, Shape},
};

/// Bounds that a format stands for, with the format's name and whether it is one of integers.
const RANGES: [(&str, bool, &str, &str); 4] = [
    ("int32", true, "-2147483648", "2147483647"),
    ("int64", true, "-9223372036854775808", "9223372036854775807"),
    ("float", false, "-3.40282346638528859811704183484516925440e+38", "3.40282346638528859811704183484516925440e+38"),
    (
        "double",
        false,
        "-1.797693134862315708145274237317043567981e+308",
        "1.797693134862315708145274237317043567981e+308",
    ),
];

/// The format that a value has, if OpenAPI names it. Layouts count only in a call that is all of the value.
pub(super) fn of(operand: &Operand) -> Option<&'static str> {
    match operand.value.shape() {
        Shape::Type(kind) if kind == Kind::BYTES => Some("binary"),
        Shape::Conjunction(parts) => of_range(&parts).or_else(|| of_time(&parts, &operand.form)),
        part => of_time(&[part], &operand.form),
    }
}

/// That of a validator of times with nothing besides but the type.
fn of_time(parts: &[Shape], form: &Form) -> Option<&'static str> {
    let mut rest = parts.iter().filter(|part| !matches!(part, Shape::Type(_)));
    match (rest.next()?, rest.next()) {
        (Shape::Validator(name, args), None) => match (&**name, args.as_slice(), form) {
            ("time.Time", [], _) => Some("date-time"),
            ("time.Format", [layout], Form::Call) => of_layout(layout),
            _ => None,
        },
        _ => None,
    }
}

fn of_layout(layout: &Value) -> Option<&'static str> {
    match layout.shape() {
        Shape::String(layout) if &*layout == "2006-01-02" => Some("date"),
        Shape::String(layout) if &*layout == "2006-01-02T15:04:05.999999999Z07:00" => Some("date-time"),
        _ => None,
    }
}

fn of_range(parts: &[Shape]) -> Option<&'static str> {
    let (mut low, mut high, mut integer) = (None, None, false);
    for part in parts {
        match part {
            Shape::Type(kind) => integer = *kind == Kind::INT,
            Shape::Bound(BoundOp::GreaterEqual, bound) if low.is_none() => low = Some(number(bound)?),
            Shape::Bound(BoundOp::LessEqual, bound) if high.is_none() => high = Some(number(bound)?),
            _ => return None,
        }
    }
    let (low, high) = (low?.value, high?.value);
    let matches = |(_, whole, min, max): &&(&str, bool, &str, &str)| {
        *whole == integer && low == constant(min) && high == constant(max)
    };
    RANGES.iter().find(matches).map(|(name, ..)| *name)
}

/// Whether the bound under a key says no more than the format does.
pub(super) fn implies(format: &str, key: &str, bound: &Json) -> bool {
    let Some((_, _, min, max)) = RANGES.iter().find(|(name, ..)| *name == format) else { return false };
    let limit = match key {
        "minimum" => min,
        "maximum" => max,
        _ => return false,
    };
    matches!(bound, Json::Number(number) if number.value == constant(limit))
}

fn number(value: &Value) -> Option<Number> {
    match value.shape() {
        Shape::Number(number) => Some(number),
        _ => None,
    }
}

fn constant(text: &str) -> Decimal {
    text.parse().expect("the table holds numbers")
}
