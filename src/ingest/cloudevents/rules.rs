//! The rules for names and values of attributes: CloudEvents 1.0, sections 2.1 to 2.4, and those of the partitioning
//! extension.

use super::NotACloudEvent;
use crate::ingest::media_type::MediaType;

/// Checks one attribute, standard or extension.
pub(crate) fn check(name: &str, value: &str) -> Result<(), NotACloudEvent> {
    if !is_name(name) {
        return Err(NotACloudEvent::Name(name.to_owned()));
    }
    match broken_rule(name, value) {
        None => Ok(()),
        Some(rule) => Err(NotACloudEvent::Value { name: name.to_owned(), rule }),
    }
}

fn broken_rule(name: &str, value: &str) -> Option<&'static str> {
    let must = |holds: bool, rule| (!holds).then_some(rule);
    if !is_string(value) {
        return Some("must not contain control characters or noncharacters");
    }
    match name {
        "data" => Some("must not be used: the name stands for the event's data"),
        "id" | "type" | "subject" | "specversion" | "partitionkey" => must(!value.is_empty(), "must not be empty"),
        "source" => must(
            !value.is_empty() && fluent_uri::UriRef::parse(value).is_ok(),
            "must be a URI-reference (RFC 3986) that is not empty",
        ),
        "dataschema" => must(fluent_uri::Uri::parse(value).is_ok(), "must be an absolute URI (RFC 3986)"),
        "time" => must(is_timestamp(value), "must be a timestamp like 2026-01-31T12:00:00Z (RFC 3339)"),
        "datacontenttype" => must(MediaType::parse(value).is_some(), "must be a media type (RFC 2046)"),
        _ => None,
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_string(value: &str) -> bool {
    let plain = |byte: u8| (0x20..0x7F).contains(&byte);
    value.bytes().all(plain) || value.chars().all(|character| !character.is_control() && !is_noncharacter(character))
}

fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}

/// RFC 3339, section 5.6: letters in either case, leap seconds taken.
fn is_timestamp(text: &str) -> bool {
    parse_timestamp(text.as_bytes()).is_some()
}

fn parse_timestamp(text: &[u8]) -> Option<()> {
    let (year, month, day) = (number(text, 0, 4)?, number(text, 5, 2)?, number(text, 8, 2)?);
    let (hour, minute, second) = (number(text, 11, 2)?, number(text, 14, 2)?, number(text, 17, 2)?);
    let marks = [(4, b"--"), (7, b"--"), (10, b"Tt"), (13, b"::"), (16, b"::")];
    let marked = marks.iter().all(|&(at, either)| either.contains(&text[at]));
    let valid = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let zone = after_fraction(&text[19..])?;
    (marked && valid && is_zone(zone)).then_some(())
}

fn number(text: &[u8], at: usize, length: usize) -> Option<u32> {
    text.get(at..at + length)?
        .iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0')))
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn after_fraction(text: &[u8]) -> Option<&[u8]> {
    let Some(fraction) = text.strip_prefix(b".") else { return Some(text) };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| &fraction[digits..])
}

fn is_zone(text: &[u8]) -> bool {
    match text {
        b"Z" | b"z" => true,
        [b'+' | b'-', rest @ ..] => {
            rest.len() == 5
                && rest[2] == b':'
                && number(rest, 0, 2).is_some_and(|hour| hour < 24)
                && number(rest, 3, 2).is_some_and(|minute| minute < 60)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps() {
        for text in [
            "2026-01-31T12:00:00Z",
            "2024-02-29t23:59:60.123456789z",
            "2000-02-29T00:00:00+23:59",
            "1985-04-12T23:20:50.5-00:00",
        ] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-01-31 12:00:00Z",
            "2026-02-29T12:00:00Z",
            "1900-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:60:00Z",
            "2026-01-31T12:00:61Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00+0100",
            "2026-01-31T12:00:00Z ",
            "2026-01-31T12:00:00+24:00",
            "+026-01-31T12:00:00Z",
            "2026-01-31T12:00:00é",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }

    #[test]
    fn strings_and_names() {
        assert!(is_string("Euro € 😀") && is_string(""));
        for text in ["\u{0}", "a\nb", "\u{7f}", "\u{85}", "\u{fdd0}", "\u{1ffff}"] {
            assert!(!is_string(text), "{text:?}");
        }
        assert!(is_name("partitionkey2") && !is_name("") && !is_name("my_ext") && !is_name("Ext") && !is_name("é"));
    }
}
