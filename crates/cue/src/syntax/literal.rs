//! Literals: what their source text stands for, and how a value is written as one.
//!
//! Decoding takes the raw text that the tree keeps and checks what the scanner could not: indentation, surrogates,
//! quotes. Numbers are read by `number`. Quoting gives the form in which the reference writes values: as few escapes as possible.

use std::fmt::{self, Write as _};

use super::ast::Interpolation;
use super::unicode;

/// A decoded string or bytes literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// `"..."`.
    String(String),
    /// `'...'`.
    Bytes(Vec<u8>),
}

/// Why a literal stands for nothing, in the reference's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiteralError(String);

impl fmt::Display for LiteralError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LiteralError {}

fn error<T>(message: &str) -> Result<T, LiteralError> {
    Err(LiteralError(message.to_owned()))
}

/// Decodes a string or bytes literal without interpolations, quotes and all.
///
/// # Errors
/// Broken quotes, indentation, escapes or surrogate pairs.
pub fn decode_text(raw: &str) -> Result<Text, LiteralError> {
    let (quotes, start) = Quotes::parse(raw, raw)?;
    quotes.text(quotes.decode(&raw[start..])?)
}

/// Decodes the fragments between the expressions of an interpolated literal, one more than there are expressions.
///
/// # Errors
/// As for [`decode_text`].
pub fn decode_fragments(interpolation: &Interpolation) -> Result<Vec<Text>, LiteralError> {
    let fragments = &interpolation.fragments;
    let (Some(first), Some(last)) = (fragments.first(), fragments.last()) else {
        return error("invalid interpolation");
    };
    let (quotes, start) = Quotes::parse(&first.raw, &last.raw)?;
    let decode = |(index, raw): (usize, &str)| {
        // The later fragments begin with the closing parenthesis of an expression.
        let from = if index == 0 { start } else { 1 };
        quotes.text(quotes.decode(raw.get(from..).unwrap_or_default())?)
    };
    fragments.iter().map(|fragment| fragment.raw.as_str()).enumerate().map(decode).collect()
}

/// What every line of a multi-line literal begins with; `None` for literals on one line and broken ones.
#[must_use]
pub fn indent_of(raw: &str) -> Option<&str> {
    let (quotes, _) = Quotes::parse(raw, raw).ok()?;
    quotes.multiline.then_some(quotes.indent)
}

/// How a literal is delimited.
struct Quotes<'a> {
    char: u8,
    /// One, or three where `multiline`.
    count: usize,
    hashes: usize,
    multiline: bool,
    /// What every line of a multi-line literal begins with.
    indent: &'a str,
}

/// One step through a literal.
enum Piece {
    Char(char),
    Byte(u8),
    HighSurrogate(u32),
    LowSurrogate,
    EscapedLineEnd,
    ClosingQuote,
    Expression,
}

impl<'a> Quotes<'a> {
    /// Reads the opening quotes of `start` and checks them against the closing ones of `end`. The offset returned is
    /// that of the first byte of content.
    fn parse(start: &'a str, end: &'a str) -> Result<(Self, usize), LiteralError> {
        let hashes = start.bytes().take_while(|byte| *byte == b'#').count();
        let rest = &start.as_bytes()[hashes..];
        let Some(&char @ (b'"' | b'\'')) = rest.first() else { return error("invalid syntax") };
        let multiline = rest.len() > 3 && rest[1] == char && rest[2] == char && rest[3] != b'#';
        let mut quotes = Self { char, count: if multiline { 3 } else { 1 }, hashes, multiline, indent: "" };
        let mut content = hashes + quotes.count;
        let opening = start.as_bytes()[..content].iter();
        if end.len() < content || !opening.eq(end.as_bytes().iter().rev().take(content)) {
            return error("invalid string: unmatched quote");
        }
        if multiline {
            let line_end = if rest[3..].starts_with(b"\r\n") { 2 } else { 1 };
            if rest[3] != b'\n' && line_end == 1 {
                return error("invalid string: opening quote of multiline string must be followed by newline");
            }
            quotes.indent = closing_indent(&end[..end.len() - content])?;
            content += line_end;
            let first = &start[content..];
            if !first.is_empty() && !first.starts_with('\n') && !first.starts_with("\r\n") {
                let Some(_) = first.strip_prefix(quotes.indent) else { return quotes.wrong_indent(first) };
                content += quotes.indent.len();
            }
        }
        Ok((quotes, content))
    }

    fn text(&self, bytes: Vec<u8>) -> Result<Text, LiteralError> {
        if self.char == b'\'' {
            return Ok(Text::Bytes(bytes));
        }
        String::from_utf8(bytes).map(Text::String).or_else(|_| error("invalid UTF-8 encoding"))
    }

    fn wrong_indent<T>(&self, line: &str) -> Result<T, LiteralError> {
        let found = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        let expected = self.indent;
        let text = "invalid string: non-matching whitespace for multiline string";
        Err(LiteralError(format!("{text} (expected {expected:?}, got {found:?})")))
    }

    /// Decodes content up to the closing quotes or the `\(` that ends it.
    fn decode(&self, content: &str) -> Result<Vec<u8>, LiteralError> {
        if !self.multiline && content.contains('\n') {
            return error("invalid syntax");
        }
        let mut out = Vec::with_capacity(content.len());
        let mut rest = content;
        self.check_line_start(rest)?;
        let mut after_line_end = false;
        let mut after_escaped_line_end = false;
        while let Some(&byte) = rest.as_bytes().first() {
            match byte {
                b'\r' => {
                    rest = &rest[1..];
                    after_escaped_line_end = false;
                    continue;
                }
                b'\n' => {
                    rest = self.skip_indent(&rest[1..])?;
                    self.check_line_start(rest)?;
                    out.push(b'\n');
                    after_line_end = true;
                    after_escaped_line_end = false;
                    continue;
                }
                _ => {}
            }
            let (piece, tail) = self.piece(rest)?;
            rest = tail;
            match piece {
                Piece::Char(ch) => out.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes()),
                Piece::Byte(byte) => out.push(byte),
                Piece::HighSurrogate(high) => {
                    let (ch, tail) = self.low_surrogate(high, rest)?;
                    rest = tail;
                    out.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Piece::LowSurrogate => return error("unmatched surrogate pair"),
                Piece::EscapedLineEnd => {
                    rest = self.skip_indent(rest)?;
                    after_escaped_line_end = true;
                    continue;
                }
                Piece::ClosingQuote if after_escaped_line_end => {
                    return error("last newline of multiline string cannot be escaped");
                }
                Piece::ClosingQuote => {
                    // The line end before closing quotes does not belong to the text.
                    if after_line_end {
                        out.pop();
                    }
                    return Ok(out);
                }
                Piece::Expression => return Ok(out),
            }
            after_line_end = false;
            after_escaped_line_end = false;
        }
        error("invalid string: unmatched quote")
    }

    /// Closing quotes at the start of a line must end the literal.
    fn check_line_start(&self, rest: &str) -> Result<(), LiteralError> {
        let closing = self.count + self.hashes;
        if self.multiline && rest.len() > closing && self.closes(rest) { error("invalid syntax") } else { Ok(()) }
    }

    fn closes(&self, rest: &str) -> bool {
        let bytes = rest.as_bytes();
        bytes.len() >= self.count + self.hashes
            && bytes[..self.count].iter().all(|byte| *byte == self.char)
            && bytes[self.count..self.count + self.hashes].iter().all(|byte| *byte == b'#')
    }

    fn skip_indent<'t>(&self, rest: &'t str) -> Result<&'t str, LiteralError> {
        if let Some(tail) = rest.strip_prefix(self.indent) {
            return Ok(tail);
        }
        if rest.starts_with('\n') || rest.starts_with("\r\n") { Ok(rest) } else { self.wrong_indent(rest) }
    }

    /// The next character, byte or mark, and what follows it. `rest` is not empty.
    fn piece<'t>(&self, rest: &'t str) -> Result<(Piece, &'t str), LiteralError> {
        let first = rest.chars().next().unwrap_or_default();
        let tail = &rest[first.len_utf8()..];
        if first == char::from(self.char) && self.closes(rest) {
            let closing = self.count + self.hashes;
            if rest.len() == closing {
                return Ok((Piece::ClosingQuote, ""));
            }
            return if self.count == 3 { Ok((Piece::Char(first), tail)) } else { error("invalid syntax") };
        }
        if first == '\0' {
            return error("invalid syntax");
        }
        if first != '\\' || tail.len() <= self.hashes || !tail.bytes().take(self.hashes).all(|byte| byte == b'#') {
            return Ok((Piece::Char(first), tail));
        }
        self.escape(&tail[self.hashes..])
    }

    /// What stands behind a backslash and its hashes.
    fn escape<'t>(&self, rest: &'t str) -> Result<(Piece, &'t str), LiteralError> {
        let kind = rest.chars().next().unwrap_or_default();
        let tail = &rest[kind.len_utf8()..];
        let ch = match kind {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0C',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0B',
            '/' | '\\' => kind,
            '\'' | '"' if kind == char::from(self.char) => kind,
            'x' if self.char == b'\'' => return byte_escape(tail, 2, 16),
            '0'..='7' if self.char == b'\'' => return byte_escape(rest, 3, 8),
            'u' => return code_escape(tail, 4),
            'U' => return code_escape(tail, 8),
            '(' if tail.is_empty() => return Ok((Piece::Expression, tail)),
            '\n' => return Ok((Piece::EscapedLineEnd, tail)),
            '\r' if tail.starts_with('\n') => return Ok((Piece::EscapedLineEnd, &tail[1..])),
            _ => return error("invalid syntax"),
        };
        Ok((Piece::Char(ch), tail))
    }

    fn low_surrogate<'t>(&self, high: u32, rest: &'t str) -> Result<(char, &'t str), LiteralError> {
        let prefix = rest.strip_prefix('\\').and_then(|rest| {
            rest.as_bytes().iter().take(self.hashes).all(|byte| *byte == b'#').then(|| rest.get(self.hashes..))?
        });
        let code = prefix.and_then(|rest| rest.strip_prefix('u')).and_then(|rest| hex(rest, 4));
        let Some((low @ 0xDC00..=0xDFFF, tail)) = code else { return error("unmatched surrogate pair") };
        match char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)) {
            Some(ch) => Ok((ch, tail)),
            None => error("unmatched surrogate pair"),
        }
    }
}

/// The whitespace before the closing quotes, given what stands before these.
fn closing_indent(before: &str) -> Result<&str, LiteralError> {
    let trimmed = before.trim_end_matches(|ch: char| ch != '\n' && ch.is_whitespace());
    if trimmed.ends_with('\n') {
        return Ok(&before[trimmed.len()..]);
    }
    error("invalid string: closing quote of multiline string must follow a newline")
}

fn byte_escape(rest: &str, digits: usize, radix: u32) -> Result<(Piece, &str), LiteralError> {
    let code = rest.get(..digits).and_then(|text| u32::from_str_radix(text, radix).ok());
    match code.map(u8::try_from) {
        Some(Ok(byte)) if !rest.starts_with('+') => Ok((Piece::Byte(byte), &rest[digits..])),
        _ => error("invalid syntax"),
    }
}

fn code_escape(rest: &str, digits: usize) -> Result<(Piece, &str), LiteralError> {
    match hex(rest, digits) {
        Some((code @ 0xD800..=0xDBFF, tail)) => Ok((Piece::HighSurrogate(code), tail)),
        Some((0xDC00..=0xDFFF, tail)) => Ok((Piece::LowSurrogate, tail)),
        Some((code, tail)) => match char::from_u32(code) {
            Some(ch) => Ok((Piece::Char(ch), tail)),
            None => error("invalid syntax"),
        },
        None => error("invalid syntax"),
    }
}

fn hex(rest: &str, digits: usize) -> Option<(u32, &str)> {
    let text = rest.get(..digits)?;
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some((u32::from_str_radix(text, 16).ok()?, &rest[digits..]))
}

/// How a multi-line text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// On one line, line ends escaped.
    One,
    /// Over several lines if the text has line ends, indented by this many tabs.
    Many(usize),
}

/// Writes a string literal.
#[must_use]
pub fn quote_string(text: &str, lines: Lines) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    match lines {
        Lines::Many(tabs) if text.contains('\n') => quote_lines(&mut out, text, tabs, "\"\"\""),
        _ => {
            out.push('"');
            text.chars().for_each(|ch| push_escaped(&mut out, ch, Some('"'), "", false));
            out.push('"');
        }
    }
    out
}

/// Writes a string literal on one line.
#[must_use]
pub fn quoted(text: &str) -> String {
    quote_string(text, Lines::One)
}

/// Writes a bytes literal; bytes that are no UTF-8 are written as `\xff`.
#[must_use]
pub fn quote_bytes(bytes: &[u8], lines: Lines) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    let (tabs, multiline) = match lines {
        Lines::Many(tabs) if bytes.contains(&b'\n') => (tabs, true),
        _ => (0, false),
    };
    let indent = "\t".repeat(tabs);
    let hashes = if multiline { hashes_for(bytes, b"'''") } else { String::new() };
    out.push_str(&hashes);
    out.push_str(if multiline { "'''\n" } else { "'" });
    if multiline && bytes.first() != Some(&b'\n') {
        out.push_str(&indent);
    }
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(ch) = chars.next() {
            if multiline && ch == '\n' {
                out.push('\n');
                let ends = chunk.invalid().is_empty();
                if chars.peek().map_or(!ends, |next| *next != '\n') {
                    out.push_str(&indent);
                }
            } else {
                push_escaped(&mut out, ch, (!multiline).then_some('\''), &hashes, true);
            }
        }
        for byte in chunk.invalid() {
            write!(out, "\\{hashes}x{byte:02x}").expect("a string takes any text");
        }
    }
    if multiline {
        out.push('\n');
        out.push_str(&indent);
    }
    out.push_str(if multiline { "'''" } else { "'" });
    out.push_str(&hashes);
    out
}

fn quote_lines(out: &mut String, text: &str, tabs: usize, quotes: &str) {
    let indent = "\t".repeat(tabs);
    let hashes = hashes_for(text.as_bytes(), quotes.as_bytes());
    out.push_str(&hashes);
    out.push_str(quotes);
    for line in text.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&indent);
        }
        line.chars().for_each(|ch| push_escaped(out, ch, None, &hashes, false));
    }
    out.push('\n');
    out.push_str(&indent);
    out.push_str(quotes);
    out.push_str(&hashes);
}

/// The hashes that a multi-line text with closing quotes inside needs around it.
fn hashes_for(text: &[u8], quotes: &[u8]) -> String {
    let mut count = 0;
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&text[at..], quotes) {
        at += found + quotes.len();
        at += text[at..].iter().take_while(|byte| **byte == quotes[0]).count();
        let hashes = text[at..].iter().take_while(|byte| **byte == b'#').count();
        at += hashes;
        count = count.max(hashes + 1);
    }
    "#".repeat(count)
}

/// Writes one character of a literal, escaped where it must be. `exact` is set for bytes.
fn push_escaped(out: &mut String, ch: char, quote: Option<char>, hashes: &str, exact: bool) {
    if Some(ch) != quote && ch != '\\' && unicode::is_print(ch) {
        return out.push(ch);
    }
    out.push('\\');
    out.push_str(hashes);
    match ch {
        '\x07' => out.push('a'),
        '\x08' => out.push('b'),
        '\x0C' => out.push('f'),
        '\n' => out.push('n'),
        '\r' => out.push('r'),
        '\t' => out.push('t'),
        '\x0B' => out.push('v'),
        '\\' => out.push(ch),
        _ if Some(ch) == quote => out.push(ch),
        _ if ch < ' ' && exact => write!(out, "x{:02x}", ch as u32).expect("a string takes any text"),
        _ if (ch as u32) < 0x10000 => write!(out, "u{:04x}", ch as u32).expect("a string takes any text"),
        _ => write!(out, "U{:08x}", ch as u32).expect("a string takes any text"),
    }
}

/// Writes the name of a regular field: as an identifier where that names the same field, else quoted.
#[must_use]
pub fn quote_label(name: &str) -> String {
    if is_plain_identifier(name) { name.to_owned() } else { quoted(name) }
}

/// Whether the name of a field needs no quotes: an identifier that is neither hidden nor a definition.
#[must_use]
pub fn is_plain_identifier(name: &str) -> bool {
    !name.starts_with(['#', '_']) && is_identifier(name)
}

/// Whether a text is an identifier, keywords included.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    if text.is_empty() {
        return false;
    }
    let rest = text.strip_prefix('_').unwrap_or(text);
    let hidden = rest.len() < text.len();
    let (rest, definition) = match rest.strip_prefix('#') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let may_start_with_digit = hidden && !definition;
    let starts_with_digit = rest.chars().next().is_some_and(unicode::is_digit);
    let valid = |ch: char| ch == '_' || ch == '$' || unicode::is_letter(ch) || unicode::is_digit(ch);
    (may_start_with_digit || !starts_with_digit) && rest.chars().all(valid)
}
