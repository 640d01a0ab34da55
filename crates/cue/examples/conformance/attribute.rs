//! The `@test(...)` attributes that stand inside expected values.

use cue::syntax::ast::Attribute;
use cue::syntax::literal::{Text, decode_text};

use crate::corpus::ErrorSpec;

/// What an attribute says about the field or struct that it stands in.
pub(crate) enum Test {
    /// The value is an error of this kind.
    Err(ErrorSpec),
    /// The value with its default taken is meant.
    Final,
    /// The value does not matter.
    Ignore,
    /// Two fields share a value: only the first is compared.
    ShareId(String),
    /// The order of the fields counts.
    CheckOrder,
}

/// The meaning of a `@test` attribute; `None` for any other.
pub(crate) fn parse(attribute: &Attribute) -> Option<Test> {
    let body = attribute.text.strip_prefix("@test(")?.strip_suffix(')')?;
    let parts = split(body);
    let (first, rest) = parts.split_first()?;
    Some(match first.as_str() {
        "err" => Test::Err(error_spec(rest)),
        "final" => Test::Final,
        "checkOrder" => Test::CheckOrder,
        other => match other.strip_prefix("shareID=") {
            Some(id) => Test::ShareId(id.to_owned()),
            None => Test::Ignore,
        },
    })
}

fn error_spec(parts: &[String]) -> ErrorSpec {
    let mut spec = ErrorSpec::default();
    for part in parts {
        let Some((key, value)) = part.split_once('=') else {
            spec.any |= part == "any";
            continue;
        };
        let value = value.trim();
        match key.trim() {
            "code" => spec.codes = Some(list(value, '(', ')', '|')),
            "contains" => spec.contains = Some(unquote(value)),
            "at" => spec.at = Some(unquote(value)),
            "path" => spec.path = Some(unquote(value)),
            "pos" => spec.pos = Some(list(value, '[', ']', ',')),
            "suberr" => {
                let body = value.trim_start_matches('(').trim_end_matches(')');
                spec.suberrs.get_or_insert_default().push(error_spec(&split(body)));
            }
            _ => {}
        }
    }
    spec
}

fn unquote(text: &str) -> String {
    match decode_text(text) {
        Ok(Text::String(text)) => text,
        _ => text.to_owned(),
    }
}

fn list(text: &str, open: char, close: char, separator: char) -> Vec<String> {
    let body = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).unwrap_or(text);
    body.split(separator).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// Splits at commas that stand in no brackets and no string.
fn split(body: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for ch in body.chars() {
        match ch {
            ',' if depth == 0 && !quoted => {
                parts.push(String::new());
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = ch == '\\' && !escaped;
        parts.last_mut().expect("there is always one").push(ch);
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}
