//! Source text to tokens.
//!
//! A comma is inserted where a line ends after a token that can end a declaration. Interpolations are cut where an
//! expression begins: the parser calls [`Scanner::resume_interpolation`] when it stands behind the closing parenthesis.
//! Attributes are one token, whatever is inside. The scanner never fails: it notes errors and goes on.

use super::error::SyntaxError;
use super::pos::{FileId, Pos};
use super::token::{Kind, Token};
use super::unicode;

/// No character: the end of the text.
const EOF: char = '\u{10FFFF}';
const BOM: char = '\u{FEFF}';

/// Turns a text into tokens.
pub(super) struct Scanner<'a> {
    text: &'a str,
    file: FileId,
    /// The character at `offset`, or [`EOF`] at the end.
    ch: char,
    offset: usize,
    /// Whether a line end becomes a comma.
    insert_comma: bool,
    /// Strings whose interpolated expression is being scanned.
    open_strings: Vec<Quote>,
    /// What was found wrong so far.
    pub(super) errors: Vec<SyntaxError>,
    attribute_nesting_max: usize,
}

/// How a string literal is delimited.
#[derive(Clone, Copy)]
struct Quote {
    char: char,
    /// One, or three for a multi-line string.
    count: usize,
    hashes: usize,
    start: usize,
    /// Range of the shortest whitespace that all lines so far begin with.
    indent: Option<(usize, usize)>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, file: FileId, attribute_nesting_max: usize) -> Self {
        let errors = Vec::new();
        let open_strings = Vec::new();
        let mut scanner =
            Self { text, file, ch: ' ', offset: 0, insert_comma: false, open_strings, errors, attribute_nesting_max };
        scanner.load();
        if scanner.ch == BOM {
            scanner.bump();
        }
        scanner
    }

    /// Moves to the next character.
    fn bump(&mut self) {
        if self.offset < self.text.len() {
            self.offset += self.ch.len_utf8();
        }
        self.load();
    }

    /// Reads the character at the offset.
    fn load(&mut self) {
        self.ch = match self.text.as_bytes().get(self.offset) {
            None => EOF,
            Some(0) => {
                self.error(self.offset, "illegal character NUL");
                '\0'
            }
            Some(&byte) if byte < 0x80 => char::from(byte),
            Some(_) => {
                let ch = self.text[self.offset..].chars().next().unwrap_or(EOF);
                if ch == BOM && self.offset > 0 {
                    self.error(self.offset, "illegal byte order mark");
                }
                ch
            }
        };
    }

    fn at_end(&self) -> bool {
        self.offset >= self.text.len()
    }

    fn byte_after(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset + 1).copied()
    }

    fn error(&mut self, offset: usize, message: impl Into<String>) {
        self.errors.push(SyntaxError::new(self.pos(offset), message));
    }

    fn pos(&self, offset: usize) -> Pos {
        Pos { file: self.file, offset: offset as u32 }
    }

    /// The next token. At the end of the text it is [`Kind::Eof`] for ever.
    pub(super) fn scan(&mut self) -> Token {
        self.skip_whitespace();
        let start = self.offset;
        let token = |scanner: &Self, kind| Token { kind, start, end: scanner.end_of(kind), inserted: false };
        if self.at_end() {
            if std::mem::take(&mut self.insert_comma) {
                return Token::inserted_comma(start);
            }
            return token(self, Kind::Eof);
        }
        if self.ch == '\n' {
            return self.scan_line_end(start);
        }
        if self.ch == '/' && self.byte_after() == Some(b'/') {
            if std::mem::take(&mut self.insert_comma) {
                return Token::inserted_comma(start);
            }
            self.scan_comment();
            return token(self, Kind::Comment);
        }
        let kind = self.scan_kind(start);
        self.insert_comma = match kind {
            Kind::Illegal => self.insert_comma,
            other => other.ends_declaration(),
        };
        token(self, kind)
    }

    /// A line end where a comma is due. None is inserted before `,` and `:`, so that any JSON text is CUE.
    fn scan_line_end(&mut self, start: usize) -> Token {
        self.insert_comma = false;
        self.skip_whitespace();
        if self.ch == ',' || self.ch == ':' { self.scan() } else { Token::inserted_comma(start) }
    }

    fn skip_whitespace(&mut self) {
        while !self.at_end() {
            match self.ch {
                '\n' if self.insert_comma => return,
                ' ' | '\t' | '\r' | '\n' => self.bump(),
                _ => return,
            }
        }
    }

    fn scan_comment(&mut self) {
        while !self.at_end() && self.ch != '\n' {
            self.bump();
        }
    }

    fn scan_kind(&mut self, start: usize) -> Kind {
        match self.ch {
            '0'..='9' => self.scan_number(false),
            '#' => self.scan_hash(start),
            '_' => self.scan_underscore(start),
            '$' => self.scan_word(start),
            ch if unicode::is_letter(ch) => self.scan_word(start),
            ch => {
                self.bump();
                self.scan_operator(ch, start)
            }
        }
    }

    fn scan_word(&mut self, start: usize) -> Kind {
        self.skip_identifier();
        Kind::of_word(&self.text[start..self.offset])
    }

    fn skip_identifier(&mut self) {
        while !self.at_end() && (self.ch == '_' || self.ch == '$' || is_letter_or_digit(self.ch)) {
            self.bump();
        }
    }

    /// `#name`, `#` alone, or the opening of a raw string.
    fn scan_hash(&mut self, start: usize) -> Kind {
        let mut hashes = 0;
        while self.ch == '#' {
            hashes += 1;
            self.bump();
        }
        if self.ch == '"' || self.ch == '\'' {
            return self.scan_quoted(start, hashes);
        }
        if hashes > 1 {
            return Kind::Illegal;
        }
        if !unicode::is_digit(self.ch) {
            self.skip_identifier();
        }
        Kind::Ident
    }

    /// `_`, `_name`, `_#Name` or `_|_`.
    fn scan_underscore(&mut self, start: usize) -> Kind {
        self.bump();
        if self.text[self.offset..].starts_with("|_") {
            self.bump();
            self.bump();
            return Kind::Bottom;
        }
        if self.ch == '#' {
            self.bump();
            if unicode::is_digit(self.ch) {
                return Kind::Ident;
            }
        }
        self.skip_identifier();
        if &self.text[start..self.offset] == "__" && self.ch == '#' {
            self.bump();
            self.skip_identifier();
            self.error(start, format!("illegal token {:?}", &self.text[start..self.offset]));
            return Kind::Illegal;
        }
        Kind::Ident
    }

    fn scan_operator(&mut self, ch: char, start: usize) -> Kind {
        match ch {
            '"' | '\'' => {
                self.offset = start;
                self.load();
                self.scan_quoted(start, 0)
            }
            '@' => self.scan_attribute(start),
            ':' => Kind::Colon,
            ';' => Kind::Semicolon,
            '?' => Kind::Question,
            '~' => Kind::Tilde,
            '.' => self.scan_dot(start),
            ',' => Kind::Comma,
            '(' => Kind::ParenOpen,
            ')' => Kind::ParenClose,
            '[' => Kind::BracketOpen,
            ']' => Kind::BracketClose,
            '{' => Kind::BraceOpen,
            '}' => Kind::BraceClose,
            '+' => Kind::Plus,
            '-' => Kind::Minus,
            '*' => Kind::Star,
            '/' => Kind::Slash,
            '<' if self.eat('-') => Kind::Arrow,
            '<' if self.eat('=') => Kind::LessEqual,
            '<' => Kind::Less,
            '>' if self.eat('=') => Kind::GreaterEqual,
            '>' => Kind::Greater,
            '=' if self.eat('~') => Kind::Match,
            '=' if self.eat('=') => Kind::Equal,
            '=' => Kind::Assign,
            '!' if self.eat('~') => Kind::NotMatch,
            '!' if self.eat('=') => Kind::NotEqual,
            '!' => Kind::Not,
            '&' if self.eat('&') => Kind::LogicalAnd,
            '&' => Kind::And,
            '|' if self.eat('|') => Kind::LogicalOr,
            '|' => Kind::Or,
            _ => {
                // A misplaced byte order mark was reported when it was read.
                if ch != BOM {
                    self.error(start, format!("illegal character {}", unicode::describe(ch)));
                }
                Kind::Illegal
            }
        }
    }

    fn eat(&mut self, ch: char) -> bool {
        let found = !self.at_end() && self.ch == ch;
        if found {
            self.bump();
        }
        found
    }

    fn scan_dot(&mut self, start: usize) -> Kind {
        if self.ch.is_ascii_digit() {
            return self.scan_number(true);
        }
        if !self.eat('.') {
            return Kind::Period;
        }
        if self.eat('.') {
            return Kind::Ellipsis;
        }
        self.error(start, "illegal token '..'; expected '.'");
        Kind::Illegal
    }

    fn scan_number(&mut self, after_point: bool) -> Kind {
        if after_point {
            self.scan_digits(10);
            return self.scan_exponent(Kind::Float);
        }
        let start = self.offset;
        if self.ch != '0' {
            self.scan_digits(10);
            return self.scan_fraction();
        }
        self.bump();
        match self.ch {
            'x' | 'X' => self.scan_radix(start, 16, "hexadecimal"),
            'b' => self.scan_radix(start, 2, "binary"),
            'o' => self.scan_radix(start, 8, "octal"),
            _ => self.scan_after_zero(start),
        }
    }

    fn scan_radix(&mut self, start: usize, radix: u32, name: &str) -> Kind {
        self.bump();
        self.scan_digits(radix);
        if self.offset - start <= 2 {
            self.error(start, format!("illegal {name} number"));
        }
        Kind::Int
    }

    /// `0`, `0.5`, `0e1`, `0K`; other numbers must not begin with a zero.
    fn scan_after_zero(&mut self, start: usize) -> Kind {
        let more_digits = self.ch.is_ascii_digit();
        if more_digits {
            self.scan_digits(10);
        }
        let range_follows = self.ch == '.' && self.byte_after() == Some(b'.');
        if matches!(self.ch, '.' | 'e' | 'E') && !range_follows {
            return self.scan_fraction();
        }
        if more_digits {
            self.error(start, "illegal integer number");
        }
        if range_follows { Kind::Int } else { self.scan_exponent(Kind::Int) }
    }

    fn scan_fraction(&mut self) -> Kind {
        if self.ch != '.' {
            return self.scan_exponent(Kind::Int);
        }
        if self.byte_after() == Some(b'.') {
            return Kind::Int;
        }
        self.bump();
        self.scan_digits(10);
        self.scan_exponent(Kind::Float)
    }

    /// A multiplier makes any number an integer, an exponent makes it a float.
    fn scan_exponent(&mut self, kind: Kind) -> Kind {
        match self.ch {
            'K' | 'M' | 'G' | 'T' | 'P' => {
                self.bump();
                self.eat('i');
                Kind::Int
            }
            'e' | 'E' => {
                self.bump();
                if matches!(self.ch, '+' | '-') {
                    self.bump();
                }
                if !(self.ch.is_ascii_digit() || self.ch == '_') {
                    self.error(self.offset, "illegal exponent in number");
                }
                self.scan_digits(10);
                Kind::Float
            }
            _ => kind,
        }
    }

    fn scan_digits(&mut self, radix: u32) {
        let mut last = ' ';
        while !self.at_end() && (self.ch == '_' || self.ch.is_digit(radix)) {
            if last == '_' && self.ch == '_' {
                self.error(self.offset, "illegal '_' in number");
            }
            last = self.ch;
            self.bump();
        }
        if last == '_' {
            self.error(self.offset - 1, "illegal '_' in number");
        }
    }

    /// A string or bytes literal, from its first quote on; the hashes before it are behind us.
    fn scan_quoted(&mut self, start: usize, hashes: usize) -> Kind {
        let char = self.ch;
        self.bump();
        let mut quote = Quote { char, count: 1, hashes, start, indent: None };
        let mut more = 0;
        while more < 2 && self.ch == char {
            more += 1;
            self.bump();
        }
        match more {
            0 => self.scan_string(quote, true),
            // `""`, `#""#`; but `#""a"#` holds a quote.
            1 if self.eat_hashes(hashes) => Kind::String,
            1 => self.scan_string(quote, true),
            // `#"""#` is a string of one quote.
            _ if hashes > 0 && self.eat_hashes(hashes) => Kind::String,
            _ => {
                quote.count = 3;
                self.eat('\r');
                if self.eat('\n') {
                    return self.scan_string(quote, true);
                }
                let opening = &self.text[start..self.offset];
                self.error(start, format!("expected newline after multiline quote {opening}"));
                Kind::String
            }
        }
    }

    /// Consumes up to `count` hashes; whether there were as many.
    fn eat_hashes(&mut self, count: usize) -> bool {
        (0..count).all(|_| self.eat('#'))
    }

    /// The inside of a string up to its end or to the next interpolation. `fresh` is false behind an interpolation.
    fn scan_string(&mut self, mut quote: Quote, fresh: bool) -> Kind {
        let from = self.offset;
        let multiline = quote.count == 3;
        // The closing quotes of a multi-line string stand on a line of their own.
        let mut at_line_start = fresh && multiline;
        let mut line_start = self.offset;
        let mut after_quote = false;
        loop {
            let ch = self.ch;
            if self.at_end() || (!multiline && ch == '\n') {
                let start = if fresh { quote.start } else { from.saturating_sub(1) };
                self.error(start, "string literal not terminated");
                return Kind::String;
            }
            self.bump();
            if (!multiline || at_line_start) && ch == quote.char && self.eat_closing(quote) {
                break;
            }
            if ch == '\r' && multiline {
                // It does not count, but without it the quotes around it could close the string.
                if after_quote && self.ch == quote.char {
                    self.error(self.offset - 1, "illegal carriage return between quotes");
                }
                continue;
            }
            after_quote = ch == quote.char;
            let is_blank = ch == ' ' || ch == '\t';
            if at_line_start && !is_blank {
                let indent = (line_start, self.offset - ch.len_utf8());
                if ch != '\n' || indent.1 > indent.0 {
                    quote.indent = Some(self.common_indent(quote.indent, indent));
                }
            }
            match ch {
                '\n' => {
                    at_line_start = true;
                    line_start = self.offset;
                }
                _ => at_line_start = at_line_start && is_blank,
            }
            if ch == '\\' && self.scan_escape(quote) {
                self.open_strings.push(quote);
                return Kind::Interpolation;
            }
        }
        self.check_indent(quote, line_start);
        Kind::String
    }

    /// Behind the first closing quote: the others and the hashes.
    fn eat_closing(&mut self, quote: Quote) -> bool {
        (1..quote.count).all(|_| self.eat(quote.char)) && self.eat_hashes(quote.hashes)
    }

    fn common_indent(&self, known: Option<(usize, usize)>, line: (usize, usize)) -> (usize, usize) {
        let Some(known) = known else { return line };
        let bytes = self.text.as_bytes();
        let same = bytes[known.0..known.1].iter().zip(&bytes[line.0..line.1]).take_while(|(a, b)| a == b).count();
        (known.0, known.0 + same)
    }

    /// Every line of a multi-line string begins with the whitespace before its closing quotes.
    fn check_indent(&mut self, quote: Quote, line_start: usize) {
        let Some((from, to)) = quote.indent else { return };
        let closing = &self.text[line_start..self.offset - quote.count - quote.hashes];
        if !self.text[from..to].starts_with(closing) {
            self.error(quote.start, "non-matching whitespace for multiline strings");
        }
    }

    /// Behind a backslash: whether an interpolation begins.
    fn scan_escape(&mut self, quote: Quote) -> bool {
        if !self.eat_hashes(quote.hashes) {
            return false;
        }
        let start = self.offset;
        if self.at_end() {
            self.error(start, "escape sequence not terminated");
            return false;
        }
        match self.ch {
            '(' => return true,
            'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' | '/' => self.bump(),
            ch if ch == quote.char => self.bump(),
            '0'..='7' if quote.char == '"' => self.error(start, "octal escape not allowed in string literal"),
            'x' if quote.char == '"' => self.error(start, "hexadecimal escape not allowed in string literal"),
            '0'..='7' => self.scan_code(start, 3, 8, 255),
            'x' | 'u' | 'U' => {
                let (digits, max) = match self.ch {
                    'x' => (2, 255),
                    'u' => (4, 0x10_FFFF),
                    _ => (8, 0x10_FFFF),
                };
                self.bump();
                self.scan_code(start, digits, 16, max);
            }
            _ => self.error(start, "unknown escape sequence"),
        }
        false
    }

    fn scan_code(&mut self, start: usize, digits: usize, radix: u32, max: u64) {
        let mut code = 0u64;
        for _ in 0..digits {
            let Some(digit) = self.ch.to_digit(radix) else {
                let message = if self.at_end() {
                    "escape sequence not terminated".to_owned()
                } else {
                    format!("illegal character {} in escape sequence", unicode::describe(self.ch))
                };
                self.error(self.offset, message);
                return;
            };
            code = code * u64::from(radix) + u64::from(digit);
            self.bump();
        }
        if code > max {
            self.error(start, "escape sequence is invalid Unicode code point");
        }
    }

    /// Goes on with the string whose interpolated expression ended with the parenthesis just scanned. The token begins
    /// at that parenthesis.
    pub(super) fn resume_interpolation(&mut self) -> Token {
        let start = self.offset.saturating_sub(1);
        let Some(quote) = self.open_strings.pop() else {
            return Token { kind: Kind::String, start, end: self.offset, inserted: false };
        };
        let kind = self.scan_string(quote, false);
        self.insert_comma = true;
        Token { kind, start, end: self.end_of(kind), inserted: false }
    }

    /// Where the token of this kind ends that has just been scanned. The parenthesis that opens an interpolation
    /// belongs to the string before it and is a token of its own.
    fn end_of(&self, kind: Kind) -> usize {
        if kind == Kind::Interpolation { self.offset + 1 } else { self.offset }
    }

    /// `@name(...)`: brackets inside must balance, strings may hold anything.
    fn scan_attribute(&mut self, start: usize) -> Kind {
        if !self.scan_attribute_name() {
            return Kind::Attribute;
        }
        let mut open = vec![Kind::ParenClose];
        while let Some(&close) = open.last() {
            if open.len() > self.attribute_nesting_max {
                let max = self.attribute_nesting_max;
                self.error(start, format!("attribute exceeds maximum nesting depth of {max}"));
                self.offset = self.text.len();
                self.load();
                break;
            }
            match self.scan_in_attribute() {
                kind if kind == close => {
                    open.pop();
                }
                Kind::Eof => {
                    for close in open.drain(..).rev() {
                        self.error(self.offset, format!("attribute missing '{close}'"));
                    }
                }
                Kind::Interpolation => {
                    self.error(self.offset, "interpolation not allowed in attribute");
                    self.open_strings.pop();
                    self.skip_interpolation();
                }
                Kind::ParenOpen => open.push(Kind::ParenClose),
                Kind::BraceOpen => open.push(Kind::BraceClose),
                Kind::BracketOpen => open.push(Kind::BracketClose),
                kind @ (Kind::ParenClose | Kind::BraceClose | Kind::BracketClose) => {
                    self.error(self.offset, format!("unexpected '{kind}'"));
                }
                _ => {}
            }
        }
        Kind::Attribute
    }

    /// A token of an attribute's body. An attribute inside is not a token there: its parenthesis opens a level.
    fn scan_in_attribute(&mut self) -> Kind {
        self.skip_whitespace();
        if self.ch != '@' || self.at_end() {
            return self.scan().kind;
        }
        self.bump();
        if self.scan_attribute_name() { Kind::ParenOpen } else { Kind::Attribute }
    }

    /// The name and the opening parenthesis of an attribute.
    fn scan_attribute_name(&mut self) -> bool {
        self.skip_identifier();
        self.skip_whitespace();
        let found = self.ch != '@' && self.scan().kind == Kind::ParenOpen;
        if !found {
            self.error(self.offset, "invalid attribute: expected '('");
        }
        found
    }

    /// Skips to the parenthesis that closes an interpolation, or to the line's end.
    fn skip_interpolation(&mut self) {
        let mut open = 1;
        while !self.at_end() && self.ch != '\n' {
            match self.ch {
                '(' => open += 1,
                ')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                return;
            }
            self.bump();
        }
    }
}

fn is_letter_or_digit(ch: char) -> bool {
    unicode::is_letter(ch) || unicode::is_digit(ch)
}
