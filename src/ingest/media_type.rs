//! Media types (RFC 2046, RFC 9110 section 8.3.1): what a body says that it is.

use std::fmt;

/// A media type without its parameters, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    essence: String,
}

impl MediaType {
    /// Reads `type/subtype` with any parameters after it; `None` if it is not of that form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (essence, parameters) = match text.split_once(';') {
            Some((essence, parameters)) => (essence, Some(parameters)),
            None => (text, None),
        };
        let (kind, subtype) = essence.trim().split_once('/')?;
        if !is_token(kind) || !is_token(subtype) || !parameters.is_none_or(are_parameters) {
            return None;
        }
        Some(Self { essence: essence.trim().to_ascii_lowercase() })
    }

    /// `type/subtype`, in lower case.
    #[must_use]
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// Whether data of this type is JSON: `*/json` or `*/*+json` (CloudEvents JSON format, section 3.1).
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.essence.ends_with("/json") || self.essence.ends_with("+json")
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.essence)
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// `name=value` or `name="value"`, separated by semicolons, with empty ones allowed.
fn are_parameters(text: &str) -> bool {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once('=') else { return false };
        if !is_token(name) {
            return false;
        }
        let length = match value.strip_prefix('"') {
            Some(quoted) => match quoted_length(quoted) {
                Some(length) => length + 1,
                None => return false,
            },
            None => value.find(';').unwrap_or(value.len()),
        };
        let (value, after) = value.split_at(length);
        if !value.starts_with('"') && !is_token(value.trim_end()) {
            return false;
        }
        rest = match after.trim_start() {
            "" => "",
            after => match after.strip_prefix(';') {
                Some(after) => after.trim_start(),
                None => return false,
            },
        };
    }
    true
}

/// Bytes up to and with the closing quote.
fn quoted_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_media_types() {
        for (text, essence) in [
            ("application/json", "application/json"),
            (" Text/JSON ; charset=utf-8", "text/json"),
            ("application/vnd.acme+JSON;a=\"b;\\\"c\"; d=e", "application/vnd.acme+json"),
            ("text/plain;", "text/plain"),
        ] {
            assert_eq!(MediaType::parse(text).as_ref().map(MediaType::essence), Some(essence), "{text}");
        }
        for text in
            ["", "json", "/", "a/", "text/pla in", "text/plain; charset", "text/plain; a=\"b", "a/b;c=d e", "a/b/c"]
        {
            assert_eq!(MediaType::parse(text), None, "{text}");
        }
    }

    #[test]
    fn knows_json() {
        let is_json = |text| MediaType::parse(text).expect("a media type").is_json();
        assert!(is_json("application/json; charset=utf-8") && is_json("text/json") && is_json("a/b+json"));
        assert!(!is_json("application/jsonl") && !is_json("text/plain") && !is_json("application/x+xml"));
    }
}
