//! JSON texts as CUE expressions.
//!
//! Strict JSON only, with the error texts of Go's `encoding/json`, which the reference reads it with. Keys and values
//! keep their source text and positions: a number is an `int` or a `float` by its form, a negative one is an operator
//! with its operand, a key that occurs twice is two fields to be unified, and lone surrogates are found when a string
//! is decoded. Nesting costs no stack.

use thin_vec::ThinVec;

use super::ast::{BasicLit, Constraint, Decl, Expr, Field, Label, ListLit, LitKind, StructLit, UnaryOp};
use super::error::SyntaxError;
use super::literal;
use super::made;
use super::parser::ParseLimits;
use super::pos::{FileId, Pos, SourceFile};
use super::unicode;

/// Parses a text that is one JSON value.
///
/// # Errors
/// What is not JSON, at the byte where that shows; more nesting or bytes than the limits allow.
pub fn parse_json(source: &SourceFile, file: FileId, limits: &ParseLimits) -> Result<Expr, SyntaxError> {
    let (bytes, max) = (source.text.len(), limits.source_bytes_max.min(u32::MAX as usize - 1));
    if bytes > max {
        return Err(SyntaxError::new(Pos { file, offset: 0 }, format!("source is {bytes} bytes, the limit is {max}")));
    }
    Reader { text: &source.text, at: 0, file }.document(limits.nesting_max)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    file: FileId,
}

/// An array or object whose end is not reached yet.
enum Open {
    List(ListLit),
    Struct(StructLit, Option<(BasicLit, Pos)>),
}

impl Reader<'_> {
    fn document(&mut self, nesting_max: usize) -> Result<Expr, SyntaxError> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let mut value = match self.opening()? {
                Some(container) => {
                    if open.len() >= nesting_max {
                        self.at -= 1;
                        return self.unexpected("exceeded max depth");
                    }
                    match self.first_entry(container)? {
                        Ok(container) => {
                            open.push(container);
                            continue;
                        }
                        Err(empty) => empty,
                    }
                }
                None => self.scalar()?,
            };
            loop {
                let Some(container) = open.pop() else { return self.end(value) };
                match self.next_entry(container, value)? {
                    Ok(container) => {
                        open.push(container);
                        break;
                    }
                    Err(finished) => value = finished,
                }
            }
        }
    }

    /// An opening bracket or brace, if a value begins with one.
    fn opening(&mut self) -> Result<Option<Open>, SyntaxError> {
        self.skip_whitespace();
        let pos = self.pos();
        let end = Pos::NONE;
        let container = match self.peek() {
            Some(b'[') => Open::List(ListLit { pos, end, elements: ThinVec::new(), omits_commas: false }),
            Some(b'{') => Open::Struct(StructLit { pos, end, braces: true, decls: ThinVec::new() }, None),
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(container))
    }

    /// Behind an opening bracket: either goes on to the first entry, or ends the container.
    fn first_entry(&mut self, container: Open) -> Result<Result<Open, Expr>, SyntaxError> {
        self.skip_whitespace();
        match container {
            Open::List(list) if self.peek() == Some(b']') => Ok(Err(self.close_list(list))),
            Open::Struct(lit, _) if self.peek() == Some(b'}') => Ok(Err(self.close_struct(lit))),
            Open::List(list) => Ok(Ok(Open::List(list))),
            Open::Struct(lit, _) => {
                let key = self.key()?;
                Ok(Ok(Open::Struct(lit, Some(key))))
            }
        }
    }

    /// Behind an entry: either goes on to the next one, or ends the container.
    fn next_entry(&mut self, container: Open, value: Expr) -> Result<Result<Open, Expr>, SyntaxError> {
        self.skip_whitespace();
        match container {
            Open::List(mut list) => {
                list.elements.push(value);
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        Ok(Ok(Open::List(list)))
                    }
                    Some(b']') => Ok(Err(self.close_list(list))),
                    _ => self.unexpected("after array element"),
                }
            }
            Open::Struct(mut lit, key) => {
                lit.decls.extend(key.map(|(label, colon)| Decl::Field(field(label, colon, value))));
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.skip_whitespace();
                        let key = self.key()?;
                        Ok(Ok(Open::Struct(lit, Some(key))))
                    }
                    Some(b'}') => Ok(Err(self.close_struct(lit))),
                    _ => self.unexpected("after object key:value pair"),
                }
            }
        }
    }

    fn close_list(&mut self, mut list: ListLit) -> Expr {
        list.end = self.pos();
        self.at += 1;
        Expr::List(list)
    }

    fn close_struct(&mut self, mut lit: StructLit) -> Expr {
        lit.end = self.pos();
        self.at += 1;
        Expr::Struct(lit)
    }

    fn end(&mut self, value: Expr) -> Result<Expr, SyntaxError> {
        self.skip_whitespace();
        if self.at < self.text.len() { self.unexpected("after top-level value") } else { Ok(value) }
    }

    /// A key and the position of its colon.
    fn key(&mut self) -> Result<(BasicLit, Pos), SyntaxError> {
        if self.peek() != Some(b'"') {
            return self.unexpected("looking for beginning of object key string");
        }
        let key = self.string()?;
        self.skip_whitespace();
        let colon = self.pos();
        if self.peek() != Some(b':') {
            return self.unexpected("after object key");
        }
        self.at += 1;
        Ok((key, colon))
    }

    fn scalar(&mut self) -> Result<Expr, SyntaxError> {
        match self.peek() {
            Some(b'"') => Ok(Expr::Lit(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", LitKind::True),
            Some(b'f') => self.word("false", LitKind::False),
            Some(b'n') => self.word("null", LitKind::Null),
            _ => self.unexpected("looking for beginning of value"),
        }
    }

    fn word(&mut self, word: &str, kind: LitKind) -> Result<Expr, SyntaxError> {
        let pos = self.pos();
        for (index, expected) in word.bytes().enumerate() {
            if self.peek() != Some(expected) {
                debug_assert!(index > 0, "the first byte chose the word");
                let expected = char::from(expected);
                return self.unexpected(&format!("in literal {word} (expecting '{expected}')"));
            }
            self.at += 1;
        }
        Ok(Expr::Lit(BasicLit { pos, kind, raw: word.to_owned() }))
    }

    fn string(&mut self) -> Result<BasicLit, SyntaxError> {
        let (pos, start) = (self.pos(), self.at);
        self.at += 1;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            self.at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                _ => return self.unexpected("in string literal"),
            }
        }
        self.at += 1;
        Ok(BasicLit { pos, kind: LitKind::String, raw: self.text[start..self.at].to_owned() })
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        match self.peek() {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return self.unexpected("in \\u hexadecimal character escape");
                    }
                    self.at += 1;
                }
            }
            _ => return self.unexpected("in string escape code"),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Expr, SyntaxError> {
        let minus = self.pos();
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let (pos, start) = (self.pos(), self.at);
        let mut kind = LitKind::Int;
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.skip_digits(),
            _ => return self.unexpected("in numeric literal"),
        }
        if self.peek() == Some(b'.') {
            kind = LitKind::Float;
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            kind = LitKind::Float;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits("in exponent of numeric literal")?;
        }
        let literal = Expr::Lit(BasicLit { pos, kind, raw: self.text[start..self.at].to_owned() });
        if !negative {
            return Ok(literal);
        }
        Ok(Expr::Unary { pos: minus, op: UnaryOp::Minus, operand: Box::new(literal) })
    }

    fn digits(&mut self, context: &str) -> Result<(), SyntaxError> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.unexpected(context);
        }
        self.skip_digits();
        Ok(())
    }

    fn skip_digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn pos(&self) -> Pos {
        Pos { file: self.file, offset: self.at as u32 }
    }

    /// The error for the byte that is next, or for the end of the text.
    fn unexpected<T>(&self, context: &str) -> Result<T, SyntaxError> {
        let Some(byte) = self.peek() else {
            let last = self.text.len().saturating_sub(1) as u32;
            return Err(SyntaxError::new(Pos { file: self.file, offset: last }, "unexpected end of JSON input"));
        };
        Err(SyntaxError::new(self.pos(), format!("invalid character {} {context}", show_byte(byte))))
    }
}

/// A byte as `encoding/json` shows it: as the character of that number.
fn show_byte(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".to_owned(),
        b'\\' => "'\\\\'".to_owned(),
        0x07 => "'\\a'".to_owned(),
        0x08 => "'\\b'".to_owned(),
        0x0B => "'\\v'".to_owned(),
        0x0C => "'\\f'".to_owned(),
        b'\n' => "'\\n'".to_owned(),
        b'\r' => "'\\r'".to_owned(),
        b'\t' => "'\\t'".to_owned(),
        byte if unicode::is_print(char::from(byte)) => format!("'{}'", char::from(byte)),
        0x80.. => format!("'\\u{byte:04x}'"),
        _ => format!("'\\x{byte:02x}'"),
    }
}

/// A key that names itself without quotes stands where its text begins, as the reference has it.
fn field(mut label: BasicLit, colon: Pos, value: Expr) -> Field {
    if names_itself(&label) {
        label.pos.offset += 1;
    }
    Field { pos: label.pos, colon, ..made::field(Label::String(label), Constraint::None, value) }
}

fn names_itself(label: &BasicLit) -> bool {
    let Ok(literal::Text::String(name)) = literal::decode_text(&label.raw) else { return false };
    !literal::quote_label(&name).starts_with('"')
}
