//! Looking into the JSON text of a value that a check has read: what front ends' [relations](crate::Relation) need.
//!
//! The text is known to be well-formed, so nothing here says what is wrong with any other: it finds nothing.

use std::borrow::Cow;
use std::cmp::Ordering;

use smallvec::SmallVec;

use crate::check::name_offset;
use crate::lex::Lexer;

/// The text that a JSON string stands for; `None` for any other value.
pub fn string(json: &[u8]) -> Option<Cow<'_, str>> {
    let mut lexer = Lexer::again(json);
    let text = (lexer.peek() == b'"').then(|| lexer.string().ok())??;
    match text.escaped {
        false => std::str::from_utf8(text.raw).ok().map(Cow::Borrowed),
        true => String::from_utf8(text.bytes().collect()).ok().map(Cow::Owned),
    }
}

/// The order of two numbers by value, or of two strings by the bytes that they stand for; `None` for any other values.
pub fn order(a: &[u8], b: &[u8]) -> Option<Ordering> {
    let is_string = |json: &[u8]| json.first() == Some(&b'"');
    if is_string(a) && is_string(b) {
        let read = |json| Lexer::again(json).string().ok();
        return Some(read(a)?.bytes().cmp(read(b)?.bytes()));
    }
    let is_number = |json: &[u8]| matches!(json.first(), Some(b'-' | b'0'..=b'9'));
    let read = |json| Lexer::again(json).number().ok();
    if is_number(a) && is_number(b) { Some(read(a)?.compare(read(b)?)) } else { None }
}

/// The elements of a JSON array; `None` for any other value.
pub fn elements(json: &[u8]) -> Option<SmallVec<[&[u8]; 16]>> {
    parts(json, [b'[', b']'], |lexer| Some(&json[lexer.skip().ok()?]))
}

/// A member of a JSON object: the JSON texts of its name and of its value.
pub type Member<'d> = (&'d [u8], &'d [u8]);

/// The members of a JSON object; `None` for any other value.
pub fn members(json: &[u8]) -> Option<SmallVec<[Member<'_>; 16]>> {
    parts(json, [b'{', b'}'], |lexer| {
        let name = lexer.name().ok()?;
        let start = name_offset(name, json);
        Some((&json[start..start + name.raw.len() + 2], &json[lexer.skip().ok()?]))
    })
}

/// What stands between the brackets, part by part.
fn parts<'d, T>(
    json: &'d [u8],
    [open, close]: [u8; 2],
    read: impl Fn(&mut Lexer<'d>) -> Option<T>,
) -> Option<SmallVec<[T; 16]>> {
    let mut lexer = Lexer::again(json);
    let mut found = SmallVec::new();
    if lexer.peek() != open {
        return None;
    }
    lexer.enter().ok()?;
    while lexer.peek() != close {
        found.push(read(&mut lexer)?);
        lexer.next(close).ok()?;
    }
    Some(found)
}

/// The value of a member of a JSON object; `None` if there is none.
pub fn member<'d>(json: &'d [u8], name: &str) -> Option<&'d [u8]> {
    let mut lexer = Lexer::again(json);
    seek(&mut lexer, name.as_bytes())?;
    Some(&json[lexer.skip().ok()?])
}

/// Goes to the member's value in the object at the reading position.
pub(crate) fn seek(lexer: &mut Lexer<'_>, name: &[u8]) -> Option<()> {
    let mut buffer = SmallVec::<[u8; 64]>::new();
    if lexer.peek() != b'{' {
        return None;
    }
    lexer.enter().ok()?;
    while lexer.peek() != b'}' {
        if lexer.name().ok()?.resolve(&mut buffer) == name {
            return Some(());
        }
        lexer.skip().ok()?;
        lexer.next(b'}').ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found() {
        let json = br#"{"a": [1, "x\u00e9", {"b": []}], "\u0062": -2.50}"#;
        let list = member(json, "a").unwrap();
        let parts = elements(list).unwrap();
        assert_eq!(parts.len(), 3);
        assert_eq!(string(parts[1]).unwrap(), "x\u{e9}");
        assert_eq!(elements(member(parts[2], "b").unwrap()).unwrap().len(), 0);
        assert_eq!(order(member(json, "b").unwrap(), b"-25e-1"), Some(Ordering::Equal));
        assert_eq!(members(json).unwrap()[1], (&br#""\u0062""#[..], &b"-2.50"[..]));
        assert_eq!((member(json, "c"), member(list, "a"), string(b"1"), elements(b"{}")), (None, None, None, None));
        assert_eq!(members(list), None);
    }

    #[test]
    fn numbers_and_strings_have_an_order() {
        assert_eq!(order(b"9", b"10"), Some(Ordering::Less));
        assert_eq!(order(b"1e400", b"1e399"), Some(Ordering::Greater));
        assert_eq!(order(br#""a\u0062""#, br#""ab""#), Some(Ordering::Equal));
        assert_eq!(order(br#""9""#, br#""10""#), Some(Ordering::Greater));
        assert_eq!(order(b"1", br#""1""#), None);
        assert_eq!(order(b"null", b"null"), None);
    }
}
