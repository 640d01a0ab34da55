//! Character classes and escapes of Go's regular expression syntax.
//!
//! Functions take the text from the class or escape on and give what it means and how many bytes it takes.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::parse::{Flags, fault};
use super::{Fault, RegexpError};

/// Scripts that a pattern can name: those whose name is one word, as in the reference.
const SCRIPTS: &str = "Adlam Ahom Arabic Armenian Avestan Balinese Bamum Batak Bengali Bhaiksuki Bopomofo Brahmi Braille \
    Buginese Buhid Carian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari \
    Dogra Duployan Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul \
    Hanunoo Hatran Hebrew Hiragana Inherited Javanese Kaithi Kannada Katakana Kawi Kharoshthi Khmer Khojki Khudawadi \
    Lao Latin Lepcha Limbu Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Medefaidrin Miao \
    Modi Mongolian Mro Multani Myanmar Nabataean Nandinagari Newa Nko Nushu Ogham Oriya Osage Osmanya Palmyrene \
    Phoenician Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham Sinhala Sogdian Soyombo Sundanese Syriac \
    Tagalog Tagbanwa Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi \
    Wancho Yezidi Yi";

/// `.`: anything, or anything but a line end.
pub(super) fn any(newline: bool) -> ClassUnicode {
    let mut class = ClassUnicode::empty();
    if !newline {
        class.push(ClassUnicodeRange::new('\n', '\n'));
    }
    class.negate();
    class
}

/// A letter in all its cases.
pub(super) fn folded(char: char) -> ClassUnicode {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(char, char)]);
    class.case_fold_simple();
    class
}

/// `[...]` or `[^...]`.
pub(super) fn bracketed(text: &str, flags: Flags) -> Result<(ClassUnicode, usize), RegexpError> {
    let missing = || fault(Fault::MissingBracket, text);
    let negated = text[1..].starts_with('^');
    let mut class = ClassUnicode::empty();
    let mut at = 1 + usize::from(negated);
    let first = at;
    loop {
        let rest = &text[at..];
        if rest.starts_with(']') && at > first {
            break;
        }
        if let Some((member, length)) = named_class(rest, flags)? {
            class.union(&member);
            at += length;
        } else if let Some((member, length)) = escaped_class(rest, flags)? {
            class.union(&member);
            at += length;
        } else {
            let (low, length) = class_char(rest)?.ok_or_else(missing)?;
            at += length;
            let mut high = low;
            // A hyphen before the closing bracket stands for itself.
            if let Some(after) =
                text[at..].strip_prefix('-').filter(|after| !after.is_empty() && !after.starts_with(']'))
            {
                let (code, length) = class_char(after)?.ok_or_else(missing)?;
                (high, at) = (code, at + 1 + length);
                if high < low {
                    return Err(fault(Fault::CharacterRange, &rest[..rest.len() - text[at..].len()]));
                }
            }
            class.union(&fold(range(low, high), flags));
        }
    }
    if negated {
        class.negate();
    }
    Ok((class, at + 1))
}

/// One character of a class, plain or escaped; none at the end of the text.
fn class_char(text: &str) -> Result<Option<(u32, usize)>, RegexpError> {
    if text.starts_with('\\') {
        return escaped_char(text).map(Some);
    }
    Ok(text.chars().next().map(|char| (char.into(), char.len_utf8())))
}

/// `[:alpha:]` and `[:^alpha:]`, inside brackets.
fn named_class(text: &str, flags: Flags) -> Result<Option<(ClassUnicode, usize)>, RegexpError> {
    let Some(end) = text.strip_prefix("[:").and_then(|inside| inside.find(":]")) else { return Ok(None) };
    let whole = &text[..end + 4];
    let name = &whole[2..end + 2];
    let ranges: &[(char, char)] = match name.trim_start_matches('^') {
        _ if name.starts_with("^^") => &[],
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => &[],
    };
    if ranges.is_empty() {
        return Err(fault(Fault::CharacterRange, whole));
    }
    Ok(Some((group(ranges, name.starts_with('^'), flags), whole.len())))
}

/// `\d`, `\w`, `\s`, `\p{...}` and their opposites, if the escape is one of them.
pub(super) fn escaped_class(text: &str, flags: Flags) -> Result<Option<(ClassUnicode, usize)>, RegexpError> {
    let Some(letter) = text.strip_prefix('\\').and_then(|rest| rest.chars().next()) else { return Ok(None) };
    let ranges: &[(char, char)] = match letter {
        'd' | 'D' => &[('0', '9')],
        'w' | 'W' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        's' | 'S' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        'p' | 'P' => return property_class(text, flags).map(Some),
        _ => return Ok(None),
    };
    Ok(Some((group(ranges, letter.is_ascii_uppercase(), flags), 2)))
}

fn group(ranges: &[(char, char)], negated: bool, flags: Flags) -> ClassUnicode {
    let ranges = ranges.iter().map(|(low, high)| ClassUnicodeRange::new(*low, *high));
    let mut class = fold(ClassUnicode::new(ranges), flags);
    if negated {
        class.negate();
    }
    class
}

/// `\pL`, `\p{Greek}`, `\P{^Lu}`.
fn property_class(text: &str, flags: Flags) -> Result<(ClassUnicode, usize), RegexpError> {
    let (name, length) = match text[2..].chars().next() {
        Some('{') => {
            let end = text.find('}').ok_or_else(|| fault(Fault::CharacterRange, text))?;
            (&text[3..end], end + 1)
        }
        Some(letter) => (&text[2..2 + letter.len_utf8()], 2 + letter.len_utf8()),
        None => return Err(fault(Fault::CharacterRange, text)),
    };
    let plain = name.strip_prefix('^').unwrap_or(name);
    let class = property(plain).ok_or_else(|| fault(Fault::CharacterRange, &text[..length]))?;
    let mut class = fold(class, flags);
    if text.starts_with(r"\P") != (plain.len() < name.len()) {
        class.negate();
    }
    Ok((class, length))
}

/// The characters of a general category or script; case, spaces, hyphens and underscores in the name do not count.
fn property(name: &str) -> Option<ClassUnicode> {
    let name: String = name.chars().filter(|char| !" -_".contains(*char)).collect::<String>().to_ascii_lowercase();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let query = match name.as_str() {
        "any" | "assigned" | "ascii" => format!(r"\p{{{name}}}"),
        // Surrogates are no characters of a text.
        "cs" | "surrogate" => return Some(ClassUnicode::empty()),
        _ if SCRIPTS.split(' ').any(|script| script.eq_ignore_ascii_case(&name)) => format!(r"\p{{sc={name}}}"),
        // Go does not know the prefix "is", which the tables here skip.
        _ if name.starts_with("is") => return None,
        _ => format!(r"\p{{gc={name}}}"),
    };
    match regex_syntax::parse(&query).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        _ => None,
    }
}

/// A single escaped character as its code point.
pub(super) fn escaped_char(text: &str) -> Result<(u32, usize), RegexpError> {
    let mut chars = text[1..].chars();
    let Some(char) = chars.next() else { return Err(fault(Fault::TrailingBackslash, "")) };
    let rest = chars.as_str();
    let simple = match char {
        'a' => 0x07,
        'f' => 0x0c,
        'n' => 0x0a,
        'r' => 0x0d,
        't' => 0x09,
        'v' => 0x0b,
        'x' => return hexadecimal(text),
        '0' => return Ok(octal(text)),
        // A single digit would be a reference back, which linear-time matching can't have.
        '1'..='7' if rest.starts_with(|next: char| next.is_digit(8)) => return Ok(octal(text)),
        _ if char.is_ascii() && !char.is_ascii_alphanumeric() => char.into(),
        _ => return Err(fault(Fault::Escape, &text[..1 + char.len_utf8()])),
    };
    Ok((simple, 2))
}

/// `\0`, `\12`, `\123`: up to three octal digits.
fn octal(text: &str) -> (u32, usize) {
    let digits = text[1..].chars().take(3).map_while(|char| char.to_digit(8));
    let (code, count) = digits.fold((0, 0), |(code, count), digit| (code * 8 + digit, count + 1));
    (code, count + 1)
}

/// `\x7F` or `\x{10FFFF}`.
fn hexadecimal(text: &str) -> Result<(u32, usize), RegexpError> {
    let rest = &text[2..];
    let Some(digits) = rest.strip_prefix('{') else { return two_digits(text) };
    let mut code = 0;
    for (at, char) in digits.char_indices() {
        let end = 3 + at + char.len_utf8();
        match char.to_digit(16) {
            None if char == '}' && at > 0 => return Ok((code, end)),
            Some(digit) if code * 16 + digit <= char::MAX.into() => code = code * 16 + digit,
            _ => return Err(fault(Fault::Escape, &text[..end])),
        }
    }
    Err(fault(Fault::Escape, text))
}

fn two_digits(text: &str) -> Result<(u32, usize), RegexpError> {
    let digits: Vec<char> = text[2..].chars().take(2).collect();
    let length = 2 + digits.iter().map(|char| char.len_utf8()).sum::<usize>();
    match digits.iter().map(|char| char.to_digit(16)).collect::<Option<Vec<_>>>().as_deref() {
        Some([high, low]) => Ok((high * 16 + low, length)),
        _ => Err(fault(Fault::Escape, &text[..length])),
    }
}

/// The range without the surrogates, which no text has.
fn range(low: u32, high: u32) -> ClassUnicode {
    let low = char::from_u32(low).unwrap_or('\u{e000}');
    let high = char::from_u32(high).unwrap_or('\u{d7ff}');
    if low > high { ClassUnicode::empty() } else { ClassUnicode::new([ClassUnicodeRange::new(low, high)]) }
}

fn fold(mut class: ClassUnicode, flags: Flags) -> ClassUnicode {
    if flags.fold_case {
        class.case_fold_simple();
    }
    class
}
