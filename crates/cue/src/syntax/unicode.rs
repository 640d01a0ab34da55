//! The character classes that the language is defined by, and how errors show a character.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, ClassUnicode, HirKind};

/// A letter: general category L, and nothing else that Unicode calls alphabetic.
#[must_use]
pub fn is_letter(ch: char) -> bool {
    static LETTERS: LazyLock<ClassUnicode> = LazyLock::new(|| class(r"\p{L}"));
    if ch.is_ascii() { ch.is_ascii_alphabetic() } else { contains(&LETTERS, ch) }
}

/// A decimal digit: general category Nd.
#[must_use]
pub fn is_digit(ch: char) -> bool {
    static DIGITS: LazyLock<ClassUnicode> = LazyLock::new(|| class(r"\p{Nd}"));
    if ch.is_ascii() { ch.is_ascii_digit() } else { contains(&DIGITS, ch) }
}

/// Whether a character prints as itself in a quoted string: letters, marks, numbers, punctuation, symbols and the
/// ASCII space.
#[must_use]
pub fn is_print(ch: char) -> bool {
    static PRINTABLE: LazyLock<ClassUnicode> = LazyLock::new(|| class(r"[\p{L}\p{M}\p{N}\p{P}\p{S}]"));
    if ch.is_ascii() { matches!(ch, ' '..='~') } else { contains(&PRINTABLE, ch) }
}

/// Whether Unicode calls a character graphic: what prints, and all other spaces (category Zs).
#[must_use]
pub fn is_graphic(ch: char) -> bool {
    static SPACES: LazyLock<ClassUnicode> = LazyLock::new(|| class(r"\p{Zs}"));
    is_print(ch) || contains(&SPACES, ch)
}

/// As errors show a character: `U+0025 '%'`, and only the code point where there is nothing to see.
#[must_use]
pub fn describe(ch: char) -> String {
    let code = ch as u32;
    if is_print(ch) { format!("U+{code:04X} '{ch}'") } else { format!("U+{code:04X}") }
}

fn class(pattern: &str) -> ClassUnicode {
    let hir = regex_syntax::parse(pattern).expect("the pattern is a constant");
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => class,
        _ => unreachable!("a class stays a class"),
    }
}

fn contains(class: &ClassUnicode, ch: char) -> bool {
    let at = class.ranges().partition_point(|range| range.end() < ch);
    class.ranges().get(at).is_some_and(|range| range.start() <= ch)
}
