//! Writes data as YAML.
//!
//! Collections are written as blocks, two spaces for each level. A string is plain where any reader, also one of YAML
//! 1.1, takes it for that string; one of several lines is a literal block where its text allows. Bytes are base64.

use std::fmt::Write as _;

use base64::Engine as _;

use super::resolve::{Type, type_of};
use crate::{
    call::{Datum, Failure},
    number::Number,
};

/// Keys that are longer, or that have several lines, are written as complex keys.
const KEY_BYTES_MAX: usize = 128;

/// The most characters of one line of base64 for bytes that are no text.
const BASE64_LINE: usize = 70;

/// A value as a YAML document.
///
/// # Errors
/// If something in it is not concrete.
pub(crate) fn print(datum: &Datum) -> Result<String, Failure> {
    let mut writer = Writer { out: String::new() };
    writer.value(datum, 0, After::Start)?;
    Ok(writer.out)
}

/// What stands before a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// Nothing.
    Start,
    /// A key, on the same line.
    Key,
    /// `-`, `?` or `:`, behind which a collection begins on the same line.
    Indicator,
}

struct Writer {
    out: String,
}

impl Writer {
    /// Writes a value inside `depth` collections, and the end of its last line.
    fn value(&mut self, datum: &Datum, depth: usize, after: After) -> Result<(), Failure> {
        stacker::maybe_grow(64 << 10, 1 << 20, || match datum {
            Datum::List(elements) if !elements.is_empty() => self.list(elements, depth, after),
            Datum::Struct(fields) if !fields.is_empty() => self.map(fields, depth, after),
            _ => {
                let scalar = Scalar::of(datum)?;
                let text_follows = !(scalar.text.is_empty() && scalar.style == Style::Plain && scalar.tag.is_none());
                if after != After::Start && text_follows {
                    self.out.push(' ');
                }
                self.scalar(&scalar, depth);
                if !self.out.ends_with('\n') || scalar.style != Style::Literal {
                    self.out.push('\n');
                }
                Ok(())
            }
        })
    }

    fn list(&mut self, elements: &[Datum], depth: usize, after: After) -> Result<(), Failure> {
        for (index, element) in elements.iter().enumerate() {
            self.start_entry(index, depth, after);
            self.out.push('-');
            self.value(element, depth + 1, After::Indicator)?;
        }
        Ok(())
    }

    fn map(&mut self, fields: &[(std::sync::Arc<str>, Datum)], depth: usize, after: After) -> Result<(), Failure> {
        for (index, (name, value)) in fields.iter().enumerate() {
            self.start_entry(index, depth, after);
            let key = Scalar::of_string(name);
            let analysis = Analysis::of(&key.text);
            if analysis.multiline || key.text.len() > KEY_BYTES_MAX {
                self.out.push_str("? ");
                self.scalar(&key, depth + 1);
                if !self.out.ends_with('\n') {
                    self.out.push('\n');
                }
                self.indent(depth);
                self.out.push(':');
                self.value(value, depth + 1, After::Indicator)?;
            } else {
                self.scalar(&key, depth + 1);
                self.out.push(':');
                self.value(value, depth + 1, After::Key)?;
            }
        }
        Ok(())
    }

    fn start_entry(&mut self, index: usize, depth: usize, after: After) {
        match (index, after) {
            (0, After::Indicator) => return self.out.push(' '),
            (0, After::Key) => self.out.push('\n'),
            _ => {}
        }
        self.indent(depth);
    }

    fn indent(&mut self, depth: usize) {
        (0..depth).for_each(|_| self.out.push_str("  "));
    }

    fn scalar(&mut self, scalar: &Scalar, depth: usize) {
        if let Some(tag) = scalar.tag {
            self.out.push_str(tag);
            if !(scalar.text.is_empty() && scalar.style == Style::Plain) {
                self.out.push(' ');
            }
        }
        match scalar.written_style() {
            Style::Verbatim | Style::Plain => self.out.push_str(&scalar.text),
            Style::Single => self.single_quoted(&scalar.text, depth),
            Style::Double => self.double_quoted(&scalar.text),
            Style::Literal => self.literal(&scalar.text, depth.max(1)),
        }
    }

    fn single_quoted(&mut self, text: &str, depth: usize) {
        self.out.push('\'');
        let mut after_break = false;
        for char in text.chars() {
            if after_break && !is_break(char) {
                self.indent(depth);
            }
            after_break = is_break(char);
            self.out.push(char);
            if char == '\'' {
                self.out.push(char);
            }
        }
        self.out.push('\'');
    }

    fn double_quoted(&mut self, text: &str) {
        // The reference's writer escapes all of a text that begins with a byte order mark.
        let all = text.starts_with('\u{FEFF}');
        self.out.push('"');
        for char in text.chars() {
            if !all && is_printable(char) && !is_break(char) && !matches!(char, '"' | '\\') {
                self.out.push(char);
                continue;
            }
            self.out.push('\\');
            match char {
                '\0' => self.out.push('0'),
                '\x07' => self.out.push('a'),
                '\x08' => self.out.push('b'),
                '\t' => self.out.push('t'),
                '\n' => self.out.push('n'),
                '\x0B' => self.out.push('v'),
                '\x0C' => self.out.push('f'),
                '\r' => self.out.push('r'),
                '\x1B' => self.out.push('e'),
                '"' | '\\' => self.out.push(char),
                '\u{85}' => self.out.push('N'),
                '\u{A0}' => self.out.push('_'),
                '\u{2028}' => self.out.push('L'),
                '\u{2029}' => self.out.push('P'),
                _ => {
                    let code = u32::from(char);
                    let written = match code {
                        0..=0xFF => write!(self.out, "x{code:02X}"),
                        0x100..=0xFFFF => write!(self.out, "u{code:04X}"),
                        _ => write!(self.out, "U{code:08X}"),
                    };
                    written.expect("a string takes any text");
                }
            }
        }
        self.out.push('"');
    }

    fn literal(&mut self, text: &str, depth: usize) {
        self.out.push('|');
        if text.starts_with(|char: char| char == ' ' || is_break(char)) {
            self.out.push('2');
        }
        let mut from_end = text.chars().rev();
        match (from_end.next(), from_end.next()) {
            (Some(last), _) if !is_break(last) => self.out.push('-'),
            (Some(_), Some(before)) if !is_break(before) => {}
            (Some(_), _) => self.out.push('+'),
            (None, _) => self.out.push('-'),
        }
        self.out.push('\n');
        let mut after_break = true;
        for char in text.chars() {
            if after_break && !is_break(char) {
                self.indent(depth);
            }
            after_break = is_break(char);
            self.out.push(char);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// What is no string.
    Verbatim,
    Plain,
    Single,
    Double,
    Literal,
}

/// A scalar with the style that is wanted for it.
struct Scalar {
    tag: Option<&'static str>,
    text: String,
    style: Style,
}

impl Scalar {
    fn of(datum: &Datum) -> Result<Self, Failure> {
        let verbatim = |text: String| Ok(Self { tag: None, text, style: Style::Verbatim });
        match datum {
            Datum::Null => verbatim("null".to_owned()),
            Datum::Bool(value) => verbatim(value.to_string()),
            Datum::Number(number) => verbatim(number_text(number)),
            Datum::String(text) => Ok(Self::of_string(text)),
            Datum::Bytes(bytes) => Ok(Self::of_bytes(bytes)),
            Datum::List(_) => verbatim("[]".to_owned()),
            Datum::Struct(_) => verbatim("{}".to_owned()),
            Datum::Abstract(_) | Datum::Handle(_) => Err(Failure::incomplete(format!("incomplete value {datum}"))),
        }
    }

    fn of_string(text: &str) -> Self {
        let style = match () {
            () if text.contains('\n') => Style::Literal,
            () if is_ambiguous(text) || type_of(text) != Type::String => Style::Double,
            () => Style::Plain,
        };
        Self { tag: None, text: text.to_owned(), style }
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        // Bytes that were set as text keep the style that the text would have.
        let literal = bytes.contains(&b'\n') || std::str::from_utf8(bytes).is_err() && text.len() >= BASE64_LINE;
        Self { tag: Some("!!binary"), text, style: if literal { Style::Literal } else { Style::Plain } }
    }

    /// The style, or a stricter one that the text needs.
    fn written_style(&self) -> Style {
        let analysis = Analysis::of(&self.text);
        match self.style {
            Style::Verbatim => Style::Verbatim,
            Style::Plain if analysis.plain => Style::Plain,
            Style::Plain | Style::Single if analysis.single => Style::Single,
            Style::Literal if analysis.block => Style::Literal,
            _ => Style::Double,
        }
    }
}

/// In which styles a text can be written.
struct Analysis {
    multiline: bool,
    plain: bool,
    single: bool,
    block: bool,
}

impl Analysis {
    fn of(text: &str) -> Self {
        let Some(first) = text.chars().next() else {
            return Self { multiline: false, plain: true, single: true, block: false };
        };
        let last = text.chars().next_back().unwrap_or(first);
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut tabs, mut special, mut breaks, mut break_space, mut space_break) = (false, false, false, false, false);
        let mut before = ' ';
        let mut chars = text.chars().peekable();
        let mut at_start = true;
        while let Some(char) = chars.next() {
            let followed_by_blank = chars.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
            indicators |= match char {
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => at_start,
                '?' | '-' => at_start && followed_by_blank,
                ':' => followed_by_blank,
                '#' => at_start || before == ' ' || before == '\t' || is_break(before),
                _ => false,
            };
            tabs |= char == '\t';
            special |= char != '\t' && !is_printable(char);
            breaks |= is_break(char);
            break_space |= char == ' ' && !at_start && is_break(before);
            space_break |= is_break(char) && !at_start && before == ' ';
            before = char;
            at_start = false;
        }
        let edge = |char: char| char == ' ' || is_break(char);
        let unquotable = space_break || tabs || special;
        Self {
            multiline: breaks,
            plain: !indicators && !breaks && !unquotable && !edge(first) && !edge(last),
            single: !unquotable && !break_space,
            block: last != ' ' && !space_break && !special,
        }
    }
}

/// Whether a reader of YAML 1.1 could take a text for something else: a truth value, a time, a number of base 60 or 16.
fn is_ambiguous(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "y", "Y", "yes", "Yes", "YES", "n", "N", "t", "T", "f", "F", "no", "No", "NO", "true", "True", "TRUE", "false",
        "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF", ".Nan",
    ];
    WORDS.contains(&text) || is_hexadecimal(text) || looks_like_time(text)
}

fn is_hexadecimal(text: &str) -> bool {
    text.strip_prefix("0x").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Digits, signs, points, colons and space, with a separator of dates or times between two of them.
fn looks_like_time(text: &str) -> bool {
    let text = text.strip_suffix(['z', 'Z']).unwrap_or(text);
    let plain = |byte: &u8| matches!(byte, b'-' | b'+' | b'0'..=b'9' | b':' | b'.' | b' ' | b'\t');
    let bytes = text.as_bytes();
    let separates = |at: &usize| {
        let (before, after) = (&bytes[..*at], &bytes[at + 1..]);
        matches!(bytes[*at], b'-' | b':' | b't' | b'T') && !before.is_empty() && !after.is_empty()
    };
    let others = bytes.iter().filter(|byte| !plain(byte)).count();
    let fits = |at: usize| others == usize::from(matches!(bytes[at], b't' | b'T'));
    (0..bytes.len()).filter(separates).any(fits)
}

fn is_break(char: char) -> bool {
    matches!(char, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What the reference's writer takes for printable: nothing beyond the basic plane.
fn is_printable(char: char) -> bool {
    matches!(char, '\n' | ' '..='~' | '\u{A0}'..='\u{FFFD}') && char != '\u{FEFF}'
}

/// A number; a point tells a float from an integer.
fn number_text(number: &Number) -> String {
    let text = number.value.to_string().replace('e', "E");
    if number.is_int() || text.contains(['.', 'E']) { text } else { format!("{text}.") }
}
