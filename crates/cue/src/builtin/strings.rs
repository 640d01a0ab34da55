//! Package `strings`.

use super::{
    REPEAT_MAX,
    args::{BYTES, INT, LIST, Outcome, STRING, bytes, fail, function, int, list_of, text, texts},
    check_text_length,
};
use crate::{
    call::{Datum, Package},
    kind::Kind,
};

pub(super) static PACKAGE: Package = Package {
    path: "strings",
    constants: &[],
    functions: &[
        function("ByteAt", &[BYTES, INT], Kind::INT, |_, args| {
            let byte = usize::try_from(int(args, 1)?).ok().and_then(|at| bytes(args, 0).ok()?.get(at).copied());
            byte.map_or_else(|| fail("index out of range"), |byte| Ok(i64::from(byte).into()))
        }),
        function("ByteSlice", &[BYTES, INT, INT], Kind::BYTES.or(Kind::STRING), |_, args| {
            let slice = range(int(args, 1)?, int(args, 2)?).and_then(|range| bytes(args, 0).ok()?.get(range));
            slice.map_or_else(|| fail("index out of range"), |slice| Ok(slice.to_vec().into()))
        }),
        function("Runes", &[STRING], Kind::LIST, |_, args| {
            Ok(list_of(text(args, 0)?.chars().map(|char| i64::from(u32::from(char)))))
        }),
        function("Repeat", &[STRING, INT], Kind::STRING, |_, args| repeat(text(args, 0)?, int(args, 1)?)),
        function("MinRunes", &[STRING, INT], Kind::BOOL, |_, args| {
            Ok((text(args, 0)?.chars().count() as i64 >= int(args, 1)?).into())
        }),
        function("MaxRunes", &[STRING, INT], Kind::BOOL, |_, args| {
            Ok((text(args, 0)?.chars().count() as i64 <= int(args, 1)?).into())
        }),
        function("ToTitle", &[STRING], Kind::STRING, |_, args| Ok(map_initials(text(args, 0)?, title).into())),
        function("ToCamel", &[STRING], Kind::STRING, |_, args| Ok(map_initials(text(args, 0)?, lower).into())),
        function("SliceRunes", &[STRING, INT, INT], Kind::STRING, |_, args| {
            slice_runes(text(args, 0)?, int(args, 1)?, int(args, 2)?)
        }),
        function("Compare", &[STRING, STRING], Kind::INT, |_, args| {
            Ok((text(args, 0)?.cmp(text(args, 1)?) as i64).into())
        }),
        function("Count", &[STRING, STRING], Kind::INT, |_, args| {
            let (text, part) = (text(args, 0)?, text(args, 1)?);
            Ok(if part.is_empty() { text.chars().count() + 1 } else { text.matches(part).count() }.into())
        }),
        function("Contains", &[STRING, STRING], Kind::BOOL, |_, args| {
            Ok(text(args, 0)?.contains(text(args, 1)?).into())
        }),
        function("ContainsAny", &[STRING, STRING], Kind::BOOL, |_, args| {
            Ok(text(args, 0)?.contains(any_of(text(args, 1)?)).into())
        }),
        function("LastIndex", &[STRING, STRING], Kind::INT, |_, args| Ok(index(text(args, 0)?.rfind(text(args, 1)?)))),
        function("IndexAny", &[STRING, STRING], Kind::INT, |_, args| {
            Ok(index(text(args, 0)?.find(any_of(text(args, 1)?))))
        }),
        function("LastIndexAny", &[STRING, STRING], Kind::INT, |_, args| {
            Ok(index(text(args, 0)?.rfind(any_of(text(args, 1)?))))
        }),
        function("SplitN", &[STRING, STRING, INT], Kind::LIST, |_, args| {
            Ok(split(text(args, 0)?, text(args, 1)?, int(args, 2)?, false))
        }),
        function("SplitAfterN", &[STRING, STRING, INT], Kind::LIST, |_, args| {
            Ok(split(text(args, 0)?, text(args, 1)?, int(args, 2)?, true))
        }),
        function("Split", &[STRING, STRING], Kind::LIST, |_, args| {
            Ok(split(text(args, 0)?, text(args, 1)?, -1, false))
        }),
        function("SplitAfter", &[STRING, STRING], Kind::LIST, |_, args| {
            Ok(split(text(args, 0)?, text(args, 1)?, -1, true))
        }),
        function("Fields", &[STRING], Kind::LIST, |_, args| Ok(list_of(text(args, 0)?.split_whitespace()))),
        function("Join", &[LIST, STRING], Kind::STRING, |_, args| join(&texts(args, 0)?, text(args, 1)?)),
        function("HasPrefix", &[STRING, STRING], Kind::BOOL, |_, args| {
            Ok(text(args, 0)?.starts_with(text(args, 1)?).into())
        }),
        function("HasSuffix", &[STRING, STRING], Kind::BOOL, |_, args| {
            Ok(text(args, 0)?.ends_with(text(args, 1)?).into())
        }),
        function("ToUpper", &[STRING], Kind::STRING, |_, args| {
            Ok(text(args, 0)?.chars().map(upper).collect::<String>().into())
        }),
        function("ToLower", &[STRING], Kind::STRING, |_, args| {
            Ok(text(args, 0)?.chars().map(lower).collect::<String>().into())
        }),
        function("Trim", &[STRING, STRING], Kind::STRING, |_, args| {
            Ok(text(args, 0)?.trim_matches(any_of(text(args, 1)?)).into())
        }),
        function("TrimLeft", &[STRING, STRING], Kind::STRING, |_, args| {
            Ok(text(args, 0)?.trim_start_matches(any_of(text(args, 1)?)).into())
        }),
        function("TrimRight", &[STRING, STRING], Kind::STRING, |_, args| {
            Ok(text(args, 0)?.trim_end_matches(any_of(text(args, 1)?)).into())
        }),
        function("TrimSpace", &[STRING], Kind::STRING, |_, args| Ok(text(args, 0)?.trim().into())),
        function("TrimPrefix", &[STRING, STRING], Kind::STRING, |_, args| {
            let text0 = text(args, 0)?;
            Ok(text0.strip_prefix(text(args, 1)?).unwrap_or(text0).into())
        }),
        function("TrimSuffix", &[STRING, STRING], Kind::STRING, |_, args| {
            let text0 = text(args, 0)?;
            Ok(text0.strip_suffix(text(args, 1)?).unwrap_or(text0).into())
        }),
        function("Replace", &[STRING, STRING, STRING, INT], Kind::STRING, |_, args| {
            let count = usize::try_from(int(args, 3)?).unwrap_or(usize::MAX);
            replace(text(args, 0)?, text(args, 1)?, text(args, 2)?, count)
        }),
        function("Index", &[STRING, STRING], Kind::INT, |_, args| Ok(index(text(args, 0)?.find(text(args, 1)?)))),
    ],
};

/// A byte index as Go gives it: -1 for none.
fn index(at: Option<usize>) -> Datum {
    at.map_or(-1, |at| at as i64).into()
}

fn any_of(set: &str) -> impl Fn(char) -> bool + Copy + '_ {
    |char| set.contains(char)
}

fn range(start: i64, end: i64) -> Option<std::ops::Range<usize>> {
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?).filter(|range| range.start <= range.end)
}

fn repeat(text: &str, count: i64) -> Outcome {
    match usize::try_from(count) {
        Err(_) => fail("negative count"),
        Ok(count) if count > REPEAT_MAX => fail(format!("count {count} exceeds limit of {REPEAT_MAX}")),
        Ok(count) => {
            check_text_length(text.len() * count).or_else(fail::<()>)?;
            Ok(text.repeat(count).into())
        }
    }
}

fn replace(text: &str, old: &str, new: &str, count: usize) -> Outcome {
    let replaced = text.matches(old).count().min(count);
    check_text_length(text.len() + replaced.saturating_mul(new.len())).or_else(fail::<()>)?;
    Ok(text.replacen(old, new, count).into())
}

fn join<T: AsRef<str>>(texts: &[T], between: &str) -> Outcome {
    let own: usize = texts.iter().map(|text| text.as_ref().len()).sum();
    check_text_length(own + texts.len().saturating_mul(between.len())).or_else(fail::<()>)?;
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    Ok(texts.join(between).into())
}

fn slice_runes(text: &str, start: i64, end: i64) -> Outcome {
    let length = text.chars().count();
    let Some(range) = range(start, end).filter(|range| range.end <= length) else { return fail("index out of range") };
    Ok(text.chars().skip(range.start).take(range.len()).collect::<String>().into())
}

/// Splits into at most `count` parts, all if it is negative; an empty separator splits into characters.
fn split(text: &str, separator: &str, count: i64, keep_separator: bool) -> Datum {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = text;
    while parts.len() + 1 < count {
        let found = match rest.chars().next() {
            Some(char) if separator.is_empty() && char.len_utf8() < rest.len() => Some((char.len_utf8(), 0)),
            _ if separator.is_empty() => None,
            _ => rest.find(separator).map(|at| (at, separator.len())),
        };
        let Some((end, skipped)) = found else { break };
        parts.push(&rest[..if keep_separator { end + skipped } else { end }]);
        rest = &rest[end + skipped..];
    }
    if count > 0 && !(separator.is_empty() && text.is_empty()) {
        parts.push(rest);
    }
    list_of(parts)
}

/// Applies a mapping to the first character of each word.
fn map_initials(text: &str, map: fn(char) -> char) -> String {
    let mut previous = ' ';
    let map = |char: char| {
        let initial = previous.is_whitespace();
        previous = char;
        if initial { map(char) } else { char }
    };
    text.chars().map(map).collect()
}

/// The simple uppercase mapping: one character to one.
fn upper(char: char) -> char {
    match char {
        // These have a full mapping to several characters besides the simple one.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => offset(char, 8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => offset(char, 9),
        _ => single(char, char.to_uppercase()),
    }
}

/// The simple lowercase mapping.
fn lower(char: char) -> char {
    if char == 'İ' { 'i' } else { single(char, char.to_lowercase()) }
}

/// The simple titlecase mapping, which differs from uppercase for digraphs and Georgian only.
fn title(char: char) -> char {
    match char {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        '\u{10d0}'..='\u{10ff}' => char,
        _ => upper(char),
    }
}

fn single(char: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(mapped), None) => mapped,
        _ => char,
    }
}

fn offset(char: char, by: u32) -> char {
    char::from_u32(u32::from(char) + by).unwrap_or(char)
}
