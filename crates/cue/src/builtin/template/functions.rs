//! The functions that every template has.

use std::{borrow::Cow, cmp::Ordering};

use super::{
    format::{format, print, print_formatted, print_line},
    value::{Slot, Value, field},
};
use crate::builtin::{escape, url};

type Outcome<T> = Result<T, String>;

/// A function with the types of its parameters.
pub(super) struct Function {
    name: &'static str,
    pub(super) parameters: &'static [Parameter],
    /// The type of further arguments, if it takes any number.
    pub(super) variadic: Option<Parameter>,
    pub(super) run: for<'d> fn(&[Slot<'d>]) -> Outcome<Slot<'d>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    Any,
    Text,
}

use Parameter::{Any, Text};

static FUNCTIONS: &[Function] = &[
    // These three are run where their arguments are, or are not, evaluated.
    Function { name: "and", parameters: &[Any], variadic: Some(Any), run: |_| Ok(Value::None.into()) },
    Function { name: "or", parameters: &[Any], variadic: Some(Any), run: |_| Ok(Value::None.into()) },
    Function { name: "call", parameters: &[Any], variadic: Some(Any), run: |_| Ok(Value::None.into()) },
    Function { name: "not", parameters: &[Any], variadic: None, run: |args| Ok(boolean(!args[0].value.truth())) },
    Function { name: "index", parameters: &[Any], variadic: Some(Any), run: index },
    Function { name: "slice", parameters: &[Any], variadic: Some(Any), run: slice },
    Function { name: "len", parameters: &[Any], variadic: None, run: length },
    Function {
        name: "html",
        parameters: &[],
        variadic: Some(Any),
        run: |args| Ok(string(escape::html(&joined(args).replace('\0', "\u{fffd}")))),
    },
    Function {
        name: "js",
        parameters: &[],
        variadic: Some(Any),
        run: |args| Ok(string(escape::script(&joined(args)))),
    },
    Function {
        name: "urlquery",
        parameters: &[],
        variadic: Some(Any),
        run: |args| Ok(string(url::escape(&joined(args), url::Part::QueryComponent))),
    },
    Function { name: "print", parameters: &[], variadic: Some(Any), run: |args| Ok(string(print(&values(args)))) },
    Function {
        name: "println",
        parameters: &[],
        variadic: Some(Any),
        run: |args| Ok(string(print_line(&values(args)))),
    },
    Function {
        name: "printf",
        parameters: &[Text],
        variadic: Some(Any),
        run: |args| match &args[0].value {
            Value::Text(format) => print_formatted(format, &values(&args[1..])).map(string),
            other => Err(format!("cannot use {} as format", other.type_name())),
        },
    },
    Function {
        name: "eq",
        parameters: &[Any],
        variadic: Some(Any),
        run: |args| equal(&args[0].value, &args[1..]).map(boolean),
    },
    Function {
        name: "ne",
        parameters: &[Any, Any],
        variadic: None,
        run: |args| equal(&args[0].value, &args[1..]).map(|equal| boolean(!equal)),
    },
    Function { name: "lt", parameters: &[Any, Any], variadic: None, run: |args| ordered(args, Ordering::is_lt) },
    Function { name: "le", parameters: &[Any, Any], variadic: None, run: |args| ordered(args, Ordering::is_le) },
    Function { name: "gt", parameters: &[Any, Any], variadic: None, run: |args| ordered(args, Ordering::is_gt) },
    Function { name: "ge", parameters: &[Any, Any], variadic: None, run: |args| ordered(args, Ordering::is_ge) },
];

pub(super) fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

pub(super) fn is_function(name: &str) -> bool {
    function(name).is_some()
}

fn boolean<'d>(value: bool) -> Slot<'d> {
    Value::Bool(value).into()
}

fn string<'d>(text: String) -> Slot<'d> {
    Value::from(text).into()
}

fn values<'d>(args: &[Slot<'d>]) -> Vec<Value<'d>> {
    args.iter().map(|arg| arg.value.clone()).collect()
}

/// Arguments as one text.
fn joined(args: &[Slot<'_>]) -> String {
    let shown = |value| if let Value::None = value { Value::Text(Cow::Borrowed("<no value>")) } else { value };
    print(&values(args).into_iter().map(shown).collect::<Vec<_>>())
}

/// Why Go can't look at what is not there.
const NOTHING: &str = "reflect: call of reflect.Value.Type on zero Value";

fn length<'d>(args: &[Slot<'d>]) -> Outcome<Slot<'d>> {
    let count = match &args[0].value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(elements) => elements.len(),
        Value::Map(fields) => fields.len(),
        Value::None if args[0].is_element => return Err("len of nil pointer".to_owned()),
        Value::None => return Err(NOTHING.to_owned()),
        other => return Err(format!("len of type {}", pointed_to(other))),
    };
    Ok(Value::from(count).into())
}

/// The type of a value behind a pointer.
fn pointed_to(value: &Value<'_>) -> &'static str {
    value.type_name().trim_start_matches('*')
}

fn index<'d>(args: &[Slot<'d>]) -> Outcome<Slot<'d>> {
    if let Value::None = args[0].value {
        return Err("index of untyped nil".to_owned());
    }
    let mut item = args[0].clone();
    for at in &args[1..] {
        if item.is_null() {
            return Err("index of nil pointer".to_owned());
        }
        item = match &item.value {
            Value::Map(fields) => match &at.value {
                Value::Text(name) => match field(fields, name) {
                    Some(found) => Slot::element(found),
                    None => Slot { value: Value::None, is_element: true },
                },
                Value::None => return Err("value is nil; should be of type string".to_owned()),
                other => return Err(format!("value has type {}; should be string", other.type_name())),
            },
            Value::List(elements) => match elements.get(position(at, elements.len())?) {
                Some(element) => Slot::element(element),
                None => return Err("reflect: slice index out of range".to_owned()),
            },
            Value::Bytes(bytes) => match bytes.get(position(at, bytes.len())?) {
                Some(byte) => Value::byte(*byte).into(),
                None => return Err("reflect: slice index out of range".to_owned()),
            },
            Value::Text(text) => match text.as_bytes().get(position(at, text.len())?) {
                Some(byte) => Value::byte(*byte).into(),
                None => return Err("reflect: string index out of range".to_owned()),
            },
            other => return Err(format!("can't index item of type {}", pointed_to(other))),
        };
    }
    Ok(item)
}

/// An argument as a place in something with so many elements, its end included.
fn position(at: &Slot<'_>, count: usize) -> Outcome<usize> {
    match &at.value {
        Value::Int(value, _) => match usize::try_from(*value) {
            Ok(position) if position <= count => Ok(position),
            _ => Err(format!("index out of range: {value}")),
        },
        Value::None => Err("cannot index slice/array with nil".to_owned()),
        other => Err(format!("cannot index slice/array with type {}", other.type_name())),
    }
}

fn slice<'d>(args: &[Slot<'d>]) -> Outcome<Slot<'d>> {
    let item = &args[0].value;
    let indexes = &args[1..];
    if let Value::None = item {
        return Err("slice of untyped nil".to_owned());
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()));
    }
    let count = match item {
        Value::Text(_) if indexes.len() == 3 => return Err("cannot 3-index slice a string".to_owned()),
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(elements) => elements.len(),
        other => return Err(format!("can't slice item of type {}", pointed_to(other))),
    };
    let mut bounds = [0, count, count];
    for (bound, at) in bounds.iter_mut().zip(indexes) {
        *bound = position(at, count)?;
    }
    let [from, to, end] = bounds;
    for (low, high) in [(from, to), (to, end)] {
        if low > high {
            return Err(format!("invalid slice index: {low} > {high}"));
        }
    }
    let value = match item {
        Value::Text(text) => Value::from(String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned()),
        Value::Bytes(bytes) => Value::Bytes(&bytes[from..to]),
        Value::List(elements) => Value::List(&elements[from..to]),
        _ => Value::None,
    };
    Ok(value.into())
}

/// What can be compared with each other.
#[derive(PartialEq, Eq)]
enum Comparable {
    Bool,
    Int,
    Float,
    Text,
}

fn comparable(value: &Value<'_>) -> Option<Comparable> {
    match value {
        Value::Bool(_) => Some(Comparable::Bool),
        Value::Int(..) => Some(Comparable::Int),
        Value::Float(_) => Some(Comparable::Float),
        Value::Text(_) => Some(Comparable::Text),
        _ => None,
    }
}

const NOT_COMPARABLE: &str = "invalid type for comparison";

fn incompatible<T>(a: &Value<'_>, b: &Value<'_>) -> Outcome<T> {
    Err(format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()))
}

/// Whether a value equals one of some others.
fn equal(value: &Value<'_>, others: &[Slot<'_>]) -> Outcome<bool> {
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    for other in others {
        let other = &other.value;
        let equal = match (value, other) {
            (Value::None, Value::None) => true,
            (Value::None, _) | (_, Value::None) => false,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a, _), Value::Int(b, _)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => a == b,
            // Pointers to two values.
            (Value::Big(_), Value::Big(_)) => false,
            _ if comparable(value) != comparable(other) => return incompatible(value, other),
            _ if kind(value) != kind(other) => {
                let (a, b) = (format(value, 's'), format(other, 'v'));
                let types = (value.type_name(), other.type_name());
                return Err(format!("non-comparable types {a}: {}, {}: {b}", types.0, types.1));
            }
            _ => return Err(format!("non-comparable type {}: {}", format(other, 's'), other.type_name())),
        };
        if equal {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What Go tells apart in values that it can't compare.
fn kind(value: &Value<'_>) -> u8 {
    match value {
        Value::List(_) | Value::Bytes(_) => 0,
        Value::Map(_) => 1,
        _ => 2,
    }
}

fn ordered<'d>(args: &[Slot<'d>], wanted: fn(Ordering) -> bool) -> Outcome<Slot<'d>> {
    let (a, b) = (&args[0].value, &args[1].value);
    if comparable(a).is_none() || comparable(b).is_none() {
        return Err(NOT_COMPARABLE.to_owned());
    }
    let order = match (a, b) {
        (Value::Int(a, _), Value::Int(b, _)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Bool(_), Value::Bool(_)) => return Err(NOT_COMPARABLE.to_owned()),
        _ => return incompatible(a, b),
    };
    Ok(boolean(order.is_some_and(wanted)))
}
