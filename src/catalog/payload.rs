//! JSON text as a tree, for checks that need one: strict where `serde_json` alone is not.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text is not JSON that can be checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// What is wrong, without the position.
    pub(super) message: String,
    /// Byte offset in the text.
    pub(super) offset: usize,
}

/// Reads a JSON text; a key that occurs twice in an object is an error, at its second occurrence.
pub(super) fn parse(text: &[u8]) -> Result<Value, Malformed> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let parsed = Strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| {
        let position = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string();
        let message = match message.strip_suffix(&position).unwrap_or(&message) {
            "number out of range" => "number is beyond 1.7e308, the largest that JSON Schema is checked with",
            message => message,
        };
        Malformed { message: message.to_owned(), offset: offset(text, error.line(), error.column()) }
    })
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
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
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
    fn mistakes_have_their_place() {
        let place = |text: &[u8]| parse(text).map_err(|error| (error.message, error.offset)).unwrap_err();
        assert_eq!(place(b"{\"a\": 1,\n \"a\": 2}"), ("duplicate key \"a\"".to_owned(), 12));
        assert_eq!(place(b"[1,\n x]"), ("expected value".to_owned(), 5));
        assert_eq!(place(b"[1] 2"), ("trailing characters".to_owned(), 4));
        assert_eq!(place(b"").1, 0);
        assert_eq!(place(b"1e400").0, "number is beyond 1.7e308, the largest that JSON Schema is checked with");
        assert_eq!(place("[".repeat(200).as_bytes()).0, "recursion limit exceeded");
        assert_eq!(place(b"\"\xff\"").0, "invalid unicode code point");
    }
}
