//! How the tables of the packages describe functions, and how functions read arguments and make results.

use num_bigint::BigInt;

use crate::{
    call::{Datum, Engine, Failure, Function, Param},
    kind::Kind,
    number::{ArithmeticError, Decimal, Number, Rounding},
};

pub(super) type Outcome = Result<Datum, Failure>;
pub(super) type Run = fn(&mut dyn Engine, &[Datum]) -> Outcome;

const fn param(kind: Kind) -> Param {
    Param { kind, schema: false, elements: false, default: None }
}

pub(super) const ANY: Param = param(Kind::TOP);
pub(super) const BOOL: Param = param(Kind::BOOL);
pub(super) const BYTES: Param = param(Kind::BYTES.or(Kind::STRING));
pub(super) const INT: Param = param(Kind::INT);
pub(super) const LIST: Param = Param { elements: true, ..param(Kind::LIST) };
pub(super) const NUMBER: Param = param(Kind::NUMBER);
pub(super) const STRING: Param = param(Kind::STRING);
pub(super) const SCHEMA: Param = Param { schema: true, ..ANY };

/// A function of concrete arguments.
pub(super) const fn function(name: &'static str, params: &'static [Param], result: Kind, run: Run) -> Function {
    Function { name, params, result, non_concrete: false, run }
}

/// A function that looks at values which need not be concrete.
pub(super) const fn schema_function(name: &'static str, params: &'static [Param], result: Kind, run: Run) -> Function {
    Function { name, params, result, non_concrete: true, run }
}

pub(super) fn fail<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::new(message))
}

impl From<ArithmeticError> for Failure {
    fn from(error: ArithmeticError) -> Self {
        Self::new(error.to_string())
    }
}

fn wrong_type<T>(args: &[Datum], at: usize, wanted: &str) -> Result<T, Failure> {
    fail(format!("cannot use {} as {wanted} in argument {at}", args[at]))
}

/// A string argument.
pub(super) fn text(args: &[Datum], at: usize) -> Result<&str, Failure> {
    match &args[at] {
        Datum::String(text) => Ok(text),
        _ => wrong_type(args, at, "string"),
    }
}

/// An argument of bytes, or the bytes of a string.
pub(super) fn bytes(args: &[Datum], at: usize) -> Result<&[u8], Failure> {
    match &args[at] {
        Datum::String(text) => Ok(text.as_bytes()),
        Datum::Bytes(bytes) => Ok(bytes),
        _ => wrong_type(args, at, "bytes"),
    }
}

pub(super) fn boolean(args: &[Datum], at: usize) -> Result<bool, Failure> {
    match &args[at] {
        Datum::Bool(value) => Ok(*value),
        _ => wrong_type(args, at, "bool"),
    }
}

/// A number argument.
pub(super) fn decimal(args: &[Datum], at: usize) -> Result<&Decimal, Failure> {
    match &args[at] {
        Datum::Number(number) => Ok(&number.value),
        _ => wrong_type(args, at, "number"),
    }
}

/// An integer argument of any size.
pub(super) fn big(args: &[Datum], at: usize) -> Result<BigInt, Failure> {
    match decimal(args, at)?.to_integer() {
        Some(value) => Ok(value),
        None => wrong_type(args, at, "int"),
    }
}

/// An integer argument that fits a Go `int`.
pub(super) fn int(args: &[Datum], at: usize) -> Result<i64, Failure> {
    match decimal(args, at)?.to_i64() {
        Some(value) => Ok(value),
        None => fail(format!("int {} overflows int64 in argument {at}", decimal(args, at)?)),
    }
}

pub(super) fn list(args: &[Datum], at: usize) -> Result<&[Datum], Failure> {
    match &args[at] {
        Datum::List(elements) => Ok(elements),
        _ => wrong_type(args, at, "list"),
    }
}

/// A list of numbers.
pub(super) fn decimals(args: &[Datum], at: usize) -> Result<Vec<&Decimal>, Failure> {
    elements_of(args, at, "number", |element| match element {
        Datum::Number(number) => Some(&number.value),
        _ => None,
    })
}

/// A list of strings.
pub(super) fn texts(args: &[Datum], at: usize) -> Result<Vec<&str>, Failure> {
    elements_of(args, at, "string", |element| match element {
        Datum::String(text) => Some(&**text),
        _ => None,
    })
}

fn elements_of<'a, T>(
    args: &'a [Datum],
    at: usize,
    wanted: &str,
    read: impl Fn(&'a Datum) -> Option<T>,
) -> Result<Vec<T>, Failure> {
    let read = |(index, element): (usize, &'a Datum)| match (read(element), element) {
        (Some(value), _) => Ok(value),
        (None, Datum::Abstract(text)) => Err(Failure::incomplete(format!(
            "non-concrete value {text} for element {index} of {wanted} list argument {at}"
        ))),
        (None, other) => fail(format!(
            "invalid list element {index} in argument {at} to call: cannot use value {} ({}) as {wanted}",
            other,
            kind_of(other)
        )),
    };
    list(args, at)?.iter().enumerate().map(read).collect()
}

/// The basic type of a datum.
pub(super) fn kind_of(datum: &Datum) -> Kind {
    match datum {
        Datum::Null => Kind::NULL,
        Datum::Bool(_) => Kind::BOOL,
        Datum::Number(number) if number.is_int() => Kind::INT,
        Datum::Number(_) => Kind::FLOAT,
        Datum::String(_) => Kind::STRING,
        Datum::Bytes(_) => Kind::BYTES,
        Datum::List(_) => Kind::LIST,
        Datum::Struct(_) => Kind::STRUCT,
        Datum::Abstract(_) | Datum::Handle(_) => Kind::TOP,
    }
}

impl From<bool> for Datum {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Datum {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for Datum {
    fn from(value: String) -> Self {
        Self::String(value.into())
    }
}

impl From<Vec<u8>> for Datum {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value.into())
    }
}

impl From<i64> for Datum {
    fn from(value: i64) -> Self {
        Self::Number(Number::from(value))
    }
}

impl From<usize> for Datum {
    fn from(value: usize) -> Self {
        Self::Number(Number::int(value))
    }
}

impl From<BigInt> for Datum {
    fn from(value: BigInt) -> Self {
        Self::Number(Number::int(value))
    }
}

/// A computed number: an `int` if it has no fractional part, whatever it was computed from.
impl From<Decimal> for Datum {
    fn from(value: Decimal) -> Self {
        let whole = value.round_to_integral(Rounding::HalfUp);
        match whole.to_integer() {
            Some(integer) if whole == value => Self::Number(Number::int(integer)),
            _ => Self::Number(Number::float(value)),
        }
    }
}

/// A list of results.
pub(super) fn list_of<T: Into<Datum>>(elements: impl IntoIterator<Item = T>) -> Datum {
    Datum::List(elements.into_iter().map(Into::into).collect())
}

/// A struct with these fields, in this order.
pub(super) fn struct_of<const N: usize>(fields: [(&str, Datum); N]) -> Datum {
    Datum::Struct(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}
