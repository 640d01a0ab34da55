//! JSON as a tree that keeps the order of its keys and the text of its numbers.

use std::fmt;

use crate::number::Number;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Self>),
    /// An object, in the order of output.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// The value of a key of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    fn write(&self, out: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Number(number) => write!(out, "{number}"),
            Self::String(text) => write_string(out, text),
            Self::Array(elements) if elements.is_empty() => out.write_str("[]"),
            Self::Object(entries) if entries.is_empty() => out.write_str("{}"),
            Self::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    line(out, if index == 0 { "[" } else { "," }, depth + 1)?;
                    element.write(out, depth + 1)?;
                }
                line(out, "", depth)?;
                out.write_str("]")
            }
            Self::Object(entries) => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    line(out, if index == 0 { "{" } else { "," }, depth + 1)?;
                    write_string(out, key)?;
                    out.write_str(": ")?;
                    value.write(out, depth + 1)?;
                }
                line(out, "", depth)?;
                out.write_str("}")
            }
        }
    }
}

fn line(out: &mut fmt::Formatter<'_>, before: &str, depth: usize) -> fmt::Result {
    write!(out, "{before}\n{:1$}", "", depth * 4)
}

fn write_string(out: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    out.write_str("\"")?;
    for char in text.chars() {
        match char {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => write!(out, "\\u{:04x}", u32::from(char))?,
            _ => write!(out, "{char}")?,
        }
    }
    out.write_str("\"")
}

/// As the reference prints JSON: four spaces for each level.
impl fmt::Display for Json {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(out, 0)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

/// A tree on one line, for tables of tests.
#[cfg(test)]
pub(super) fn one_line(json: &Json) -> String {
    match json {
        Json::Array(elements) => format!("[{}]", elements.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        Json::Object(entries) => {
            let entry = |(key, value): &(String, Json)| format!("{key}: {}", one_line(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
