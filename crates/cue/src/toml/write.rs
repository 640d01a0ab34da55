//! Values as TOML: pairs before tables, each sorted by key.

use super::grow;
use crate::{
    call::{Datum, Failure},
    number::Number,
};

/// Prints a value as a document. Fields that are null are left out; integers beyond 64 bits become strings.
///
/// # Errors
/// What TOML has no form for.
pub(crate) fn print(value: &Datum) -> Result<String, Failure> {
    let mut writer = Writer { out: String::new(), path: Vec::new() };
    match value {
        Datum::Null => return Err(Failure::new("toml: cannot encode a nil interface")),
        Datum::Struct(fields) => writer.table(fields)?,
        Datum::List(tables) if is_tables(value) => writer.tables(tables)?,
        other => writer.inline(other)?,
    }
    Ok(writer.out)
}

struct Writer<'a> {
    out: String,
    /// The keys of the table that is written.
    path: Vec<&'a str>,
}

type Fields = [(std::sync::Arc<str>, Datum)];

impl<'a> Writer<'a> {
    /// The pairs of a table, then the tables inside it.
    fn table(&mut self, fields: &'a Fields) -> Result<(), Failure> {
        let (tables, pairs): (Vec<_>, Vec<_>) =
            sorted(fields).partition(|(_, value)| matches!(value, Datum::Struct(_)) || is_tables(value));
        for (name, value) in &pairs {
            self.pair(name, value)?;
            self.out.push('\n');
        }
        for (index, (name, value)) in tables.iter().enumerate() {
            if index > 0 || !pairs.is_empty() {
                self.out.push('\n');
            }
            self.path.push(name);
            grow(|| match value {
                Datum::Struct(fields) => {
                    self.header("[", "]\n");
                    self.table(fields)
                }
                Datum::List(tables) => self.tables(tables),
                _ => Ok(()),
            })?;
            self.path.pop();
        }
        Ok(())
    }

    fn tables(&mut self, tables: &'a [Datum]) -> Result<(), Failure> {
        for (index, table) in tables.iter().enumerate() {
            if index > 0 {
                self.out.push('\n');
            }
            self.header("[[", "]]\n");
            if let Datum::Struct(fields) = table {
                self.table(fields)?;
            }
        }
        Ok(())
    }

    fn header(&mut self, open: &str, close: &str) {
        let keys: Vec<String> = self.path.iter().map(|name| key(name)).collect();
        self.out.push_str(open);
        self.out.push_str(&keys.join("."));
        self.out.push_str(close);
    }

    fn pair(&mut self, name: &str, value: &Datum) -> Result<(), Failure> {
        self.out.push_str(&key(name));
        self.out.push_str(" = ");
        grow(|| self.inline(value))
    }

    fn inline(&mut self, value: &Datum) -> Result<(), Failure> {
        match value {
            Datum::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Datum::Number(value) => self.out.push_str(&number(value)?),
            Datum::String(text) => self.out.push_str(&string(text)),
            Datum::Bytes(bytes) => {
                let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
                self.out.push_str(&format!("[{}]", bytes.join(", ")));
            }
            Datum::List(elements) => {
                self.out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    self.out.push_str(if index > 0 { ", " } else { "" });
                    grow(|| self.inline(element))?;
                }
                self.out.push(']');
            }
            Datum::Struct(fields) => {
                self.out.push('{');
                for (index, (name, value)) in sorted(fields).enumerate() {
                    self.out.push_str(if index > 0 { ", " } else { "" });
                    self.pair(name, value)?;
                }
                self.out.push('}');
            }
            Datum::Null => return Err(Failure::new("toml: encoding a nil interface is not supported")),
            Datum::Abstract(_) | Datum::Handle(_) => return Err(Failure::new("toml: value is not concrete")),
        }
        Ok(())
    }
}

fn is_tables(value: &Datum) -> bool {
    match value {
        Datum::List(elements) => {
            !elements.is_empty() && elements.iter().all(|element| matches!(element, Datum::Struct(_)))
        }
        _ => false,
    }
}

fn sorted(fields: &Fields) -> impl Iterator<Item = (&str, &Datum)> {
    let mut fields: Vec<(&str, &Datum)> = fields.iter().map(|(name, value)| (&**name, value)).collect();
    fields.retain(|(_, value)| !matches!(value, Datum::Null));
    fields.sort_by_key(|(name, _)| *name);
    fields.into_iter()
}

fn number(number: &Number) -> Result<String, Failure> {
    if number.is_int() {
        return Ok(match number.value.to_i64() {
            Some(value) => value.to_string(),
            None => string(&number.value.to_string()),
        });
    }
    let value = number.value.to_f64();
    match value.is_finite() {
        true if value.trunc() == value => Ok(format!("{value:.1}")),
        true => Ok(value.to_string()),
        false => Err(Failure::new(format!("toml: {} is no 64-bit float", number.value))),
    }
}

fn key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match !name.is_empty() && name.bytes().all(bare) {
        true => name.to_owned(),
        false => string(name),
    }
}

/// A literal string, or a basic one where a character needs an escape.
fn string(text: &str) -> String {
    if !text.contains(|char: char| char == '\'' || (char.is_ascii_control() && char != '\t')) {
        return format!("'{text}'");
    }
    let mut out = String::from('"');
    for char in text.chars() {
        match char {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if char.is_ascii_control() => out.push_str(&format!("\\u{:04X}", u32::from(char))),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}
