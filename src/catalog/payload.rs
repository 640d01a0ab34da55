//! JSON text as a tree, for checks that need one: strict where `serde_json` alone is not.

use std::{borrow::Cow, collections::HashMap};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, value::RawValue};

/// Why a text can't be checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// What is wrong, without the position.
    pub(super) message: String,
    /// Byte offset in the text.
    pub(super) offset: usize,
    /// Where the number stands that is too large, in a text that is JSON for all that is known.
    pub(super) number: Option<String>,
}

/// Reads a JSON text; a key that occurs twice in an object is an error, at its second occurrence.
pub(super) fn parse(text: &[u8]) -> Result<Value, Unreadable> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let parsed = Strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| {
        let offset = offset(text, error.line(), error.column());
        if let Some(start) = too_large(text, offset) {
            let message = "number is beyond 1.7e308, the largest that can be judged where a schema is not compiled";
            return Unreadable { message: message.to_owned(), offset: start, number: pointer_at(text, start) };
        }
        let position = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string();
        let message = message.strip_suffix(&position).unwrap_or(&message).to_owned();
        Unreadable { message, offset, number: None }
    })
}

/// Where the number around an offset begins, if it is larger than any that is read.
fn too_large(text: &[u8], offset: usize) -> Option<usize> {
    let is_of_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    let start = text[..offset].iter().rposition(|byte| !is_of_number(byte)).map_or(0, |before| before + 1);
    let length = text[start..].iter().take_while(|byte| is_of_number(byte)).count();
    let number = std::str::from_utf8(&text[start..start + length]).ok().and_then(|number| number.parse::<f64>().ok());
    number.is_some_and(f64::is_infinite).then_some(start)
}

/// The JSON Pointer of the innermost value around an offset.
fn pointer_at(text: &[u8], offset: usize) -> Option<String> {
    let mut pointer = String::new();
    let mut at: &RawValue = serde_json::from_slice(text).ok()?;
    let wanted = text.as_ptr() as usize + offset;
    let is_inside = |value: &RawValue| {
        let start = value.get().as_ptr() as usize;
        (start..start + value.get().len()).contains(&wanted)
    };
    loop {
        let (step, inner) = match at.get().as_bytes().first() {
            Some(b'{') => {
                let fields: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(at.get()).ok()?;
                let (name, inner) = fields.into_iter().find(|(_, value)| is_inside(value))?;
                (name.replace('~', "~0").replace('/', "~1"), inner)
            }
            Some(b'[') => {
                let elements: Vec<&RawValue> = serde_json::from_str(at.get()).ok()?;
                let index = elements.iter().position(|value| is_inside(value))?;
                (index.to_string(), elements[index])
            }
            _ => return Some(pointer),
        };
        pointer.push('/');
        pointer.push_str(&step);
        at = inner;
    }
}

/// The byte before which `serde_json` stopped: lines count from 1, columns are the bytes read in the line.
fn offset(text: &[u8], line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    (start + column.saturating_sub(1)).min(text.len())
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Strict)? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate key {key:?}")));
            }
            let value = fields.next_value_seed(Strict)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_serde_json() {
        for text in ["null", " [1, -2, 3.5, 1e3, 18446744073709551615] ", r#"{"a": {"b": [true, "é\n"]}}"#] {
            assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        }
    }

    #[test]
    fn numbers_that_are_too_large_are_found() {
        let pointer = |text: &str| parse(text.as_bytes()).unwrap_err().number;
        assert_eq!(pointer("1e400").as_deref(), Some(""));
        assert_eq!(pointer("{\"a\": [1, {\"b/c\": -1.5E309}], \"d\": 1e999}").as_deref(), Some("/a/1/b~1c"));
        assert_eq!(pointer(&format!("[0,{}]", "9".repeat(400))).as_deref(), Some("/1"));
        assert_eq!(pointer("[1e400"), None, "nor is it JSON");
        assert_eq!(pointer("[1e308, 1e-400, x]"), None);
    }

    #[test]
    fn mistakes_have_their_place() {
        let place = |text: &[u8]| parse(text).map_err(|error| (error.message, error.offset)).unwrap_err();
        assert_eq!(place(b"{\"a\": 1,\n \"a\": 2}"), ("duplicate key \"a\"".to_owned(), 12));
        assert_eq!(place(b"[1,\n x]"), ("expected value".to_owned(), 5));
        assert_eq!(place(b"[1] 2"), ("trailing characters".to_owned(), 4));
        assert_eq!(place(b"").1, 0);
        assert_eq!(place("[".repeat(200).as_bytes()).0, "recursion limit exceeded");
        assert_eq!(place(b"\"\xff\"").0, "invalid unicode code point");
    }
}
