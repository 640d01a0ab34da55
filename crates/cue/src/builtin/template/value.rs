//! Values that a template meets: the data, and what its constants and functions make, each with its type in Go.

use std::{borrow::Cow, sync::Arc};

use num_bigint::BigInt;

use crate::call::Datum;

/// A value. [`Value::None`] is `nil`, and what is not there.
#[derive(Clone, Debug)]
pub(super) enum Value<'d> {
    None,
    Bool(bool),
    Int(i64, IntType),
    Float(f64),
    /// An integer of the data that fits no `int64`.
    Big(Arc<BigInt>),
    Text(Cow<'d, str>),
    Bytes(&'d [u8]),
    List(&'d [Datum]),
    Map(&'d [(Arc<str>, Datum)]),
}

/// The type of an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IntType {
    /// Of constants, positions and lengths.
    Int,
    /// Of the data.
    Int64,
    /// Of bytes.
    Uint8,
}

/// A value where it comes from. An element of a list or map has, before it is looked into, the type of all elements.
#[derive(Clone, Debug)]
pub(super) struct Slot<'d> {
    pub(super) value: Value<'d>,
    pub(super) is_element: bool,
}

impl<'d> Slot<'d> {
    pub(super) fn element(datum: &'d Datum) -> Self {
        Self { value: datum.into(), is_element: true }
    }

    pub(super) fn type_name(&self) -> &'static str {
        if self.is_element { "interface {}" } else { self.value.type_name() }
    }

    /// Whether it is an element that is `null`.
    pub(super) fn is_null(&self) -> bool {
        self.is_element && matches!(self.value, Value::None)
    }
}

impl<'d> From<Value<'d>> for Slot<'d> {
    fn from(value: Value<'d>) -> Self {
        Self { value, is_element: false }
    }
}

impl<'d> From<&'d Datum> for Value<'d> {
    fn from(datum: &'d Datum) -> Self {
        match datum {
            Datum::Null | Datum::Handle(_) => Self::None,
            Datum::Bool(value) => Self::Bool(*value),
            Datum::Number(number) if number.is_int() => match (number.value.to_i64(), number.value.to_integer()) {
                (Some(value), _) => Self::Int(value, IntType::Int64),
                (None, Some(value)) => Self::Big(Arc::new(value)),
                (None, None) => Self::Float(number.value.to_f64()),
            },
            Datum::Number(number) => Self::Float(number.value.to_f64()),
            Datum::String(text) => Self::Text(Cow::Borrowed(text)),
            Datum::Abstract(value) => Self::Text(Cow::Owned(value.to_string())),
            Datum::Bytes(bytes) => Self::Bytes(bytes),
            Datum::List(elements) => Self::List(elements),
            Datum::Struct(fields) => Self::Map(fields),
        }
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<usize> for Value<'_> {
    fn from(count: usize) -> Self {
        Self::Int(count as i64, IntType::Int)
    }
}

impl<'d> Value<'d> {
    pub(super) fn byte(byte: u8) -> Self {
        Self::Int(byte.into(), IntType::Uint8)
    }

    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::None => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_, IntType::Int) => "int",
            Self::Int(_, IntType::Int64) => "int64",
            Self::Int(_, IntType::Uint8) => "uint8",
            Self::Float(_) => "float64",
            Self::Big(_) => "*big.Int",
            Self::Text(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
        }
    }

    /// Whether it counts as true: what is not empty and not zero does.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value, _) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Big(_) => true,
            Self::Text(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(elements) => !elements.is_empty(),
            Self::Map(fields) => !fields.is_empty(),
        }
    }

    /// The fields of a map by name.
    pub(super) fn sorted(fields: &'d [(Arc<str>, Datum)]) -> Vec<&'d (Arc<str>, Datum)> {
        let mut sorted: Vec<_> = fields.iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        sorted
    }
}

/// The field of a map.
pub(super) fn field<'d>(fields: &'d [(Arc<str>, Datum)], name: &str) -> Option<&'d Datum> {
    fields.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
}
