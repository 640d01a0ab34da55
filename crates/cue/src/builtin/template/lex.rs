//! Tokens of a template: texts, and what stands between `{{` and `}}`.

use crate::builtin::strconv::quote;
use crate::syntax::unicode::{describe, is_digit, is_letter};

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];
/// `- ` behind the left delimiter or ` -` before the right one: spaces of the text beside it are left out.
const MARKER_LEN: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The text does not go on as it must; the message is the item's.
    Error,
    End,
    Text,
    Left,
    Right,
    Space,
    Assign,
    Declare,
    Pipe,
    Open,
    Close,
    /// Another printable character, such as a comma.
    Char,
    Dot,
    Field,
    Variable,
    Identifier,
    Bool,
    Number,
    Rune,
    Quoted,
    Raw,
    Nil,
    Keyword(Keyword),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

/// A token where it stands.
#[derive(Clone, Debug)]
pub(super) struct Item<'t> {
    pub(super) token: Token,
    pub(super) pos: usize,
    pub(super) text: std::borrow::Cow<'t, str>,
}

impl Item<'_> {
    /// As errors name it.
    pub(super) fn describe(&self) -> String {
        const SHOWN_MAX: usize = 10;
        match self.token {
            Token::Error | Token::End => self.text.clone().into_owned(),
            Token::Keyword(_) | Token::Dot | Token::Nil => format!("<{}>", self.text),
            _ if self.text.len() > SHOWN_MAX => {
                format!("{}...", quote(&self.text.chars().take(SHOWN_MAX).collect::<String>(), '"', false))
            }
            _ => quote(&self.text, '"', false),
        }
    }
}

/// Cuts a template into tokens, one at a time.
pub(super) struct Lexer<'t> {
    input: &'t str,
    /// Where the token begins, and where the next character stands.
    start: usize,
    pos: usize,
    inside: bool,
    parens: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(input: &'t str) -> Self {
        Self { input, start: 0, pos: 0, inside: false, parens: 0 }
    }

    pub(super) fn next(&mut self) -> Item<'t> {
        if self.inside { self.action() } else { self.text() }
    }

    fn rest(&self) -> &'t str {
        &self.input[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.pos += char.len_utf8();
        Some(char)
    }

    fn accept(&mut self, wanted: impl Fn(char) -> bool) -> bool {
        let found = self.peek().is_some_and(wanted);
        if found {
            self.bump();
        }
        found
    }

    fn accept_run(&mut self, wanted: impl Fn(char) -> bool) {
        while self.accept(&wanted) {}
    }

    /// What was read since the last token.
    fn item(&mut self, token: Token) -> Item<'t> {
        let item = Item { token, pos: self.start, text: self.input[self.start..self.pos].into() };
        self.start = self.pos;
        item
    }

    fn error(&mut self, message: impl Into<String>) -> Item<'t> {
        Item { token: Token::Error, pos: self.start, text: message.into().into() }
    }

    fn skip(&mut self, bytes: usize) {
        self.pos += bytes;
        self.start = self.pos;
    }

    fn text(&mut self) -> Item<'t> {
        loop {
            let Some(at) = self.rest().find(LEFT) else {
                self.pos = self.input.len();
                return match self.pos > self.start {
                    true => self.item(Token::Text),
                    false => Item { token: Token::End, pos: self.pos, text: "EOF".into() },
                };
            };
            let text = &self.rest()[..at];
            let action = &self.rest()[at + LEFT.len()..];
            let marked = has_left_marker(action);
            let kept = if marked { text.trim_end_matches(SPACES).len() } else { at };
            if kept > 0 {
                self.pos += kept;
                let item = self.item(Token::Text);
                self.skip(at - kept);
                return item;
            }
            self.skip(at);
            let marker = if marked { MARKER_LEN } else { 0 };
            if !action[marker..].starts_with("/*") {
                self.pos += LEFT.len();
                let item = self.item(Token::Left);
                self.skip(marker);
                (self.inside, self.parens) = (true, 0);
                return item;
            }
            self.skip(LEFT.len() + marker);
            if let Err(message) = self.comment() {
                return self.error(message);
            }
        }
    }

    fn comment(&mut self) -> Result<(), &'static str> {
        let end = self.rest()["/*".len()..].find("*/").ok_or("unclosed comment")?;
        self.skip(end + "/**/".len());
        let marked = self.right_delimiter().ok_or("comment ends before closing delimiter")?;
        self.skip_right(marked);
        Ok(())
    }

    /// Whether the action ends here, and whether that has a marker.
    fn right_delimiter(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_marker(rest) && rest[MARKER_LEN..].starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn skip_right(&mut self, marked: bool) -> Item<'t> {
        if marked {
            self.skip(MARKER_LEN);
        }
        self.pos += RIGHT.len();
        let item = self.item(Token::Right);
        if marked {
            let trimmed = self.rest().trim_start_matches(SPACES).len();
            self.skip(self.rest().len() - trimmed);
        }
        item
    }

    fn action(&mut self) -> Item<'t> {
        if let Some(marked) = self.right_delimiter() {
            if self.parens > 0 {
                return self.error("unclosed left paren");
            }
            self.inside = false;
            return self.skip_right(marked);
        }
        let Some(char) = self.bump() else { return self.error("unclosed action") };
        match char {
            _ if SPACES.contains(&char) => self.space(),
            '=' => self.item(Token::Assign),
            ':' if self.accept(|next| next == '=') => self.item(Token::Declare),
            ':' => self.error("expected :="),
            '|' => self.item(Token::Pipe),
            '"' => self.quoted('"', Token::Quoted, "unterminated quoted string"),
            '\'' => self.quoted('\'', Token::Rune, "unterminated character constant"),
            '`' => match self.rest().find('`') {
                Some(end) => {
                    self.pos += end + 1;
                    self.item(Token::Raw)
                }
                None => self.error("unterminated raw quoted string"),
            },
            '$' => self.name(Token::Variable, Token::Variable),
            '.' if !self.peek().is_some_and(|next| next.is_ascii_digit()) => self.name(Token::Field, Token::Dot),
            '.' | '+' | '-' | '0'..='9' => {
                self.pos = self.start;
                self.number()
            }
            '(' => {
                self.parens += 1;
                self.item(Token::Open)
            }
            ')' if self.parens == 0 => self.error("unexpected right paren"),
            ')' => {
                self.parens -= 1;
                self.item(Token::Close)
            }
            _ if is_name(char) => self.identifier(),
            ' '..='~' => self.item(Token::Char),
            _ => self.error(format!("unrecognized character in action: {}", describe(char))),
        }
    }

    fn space(&mut self) -> Item<'t> {
        self.accept_run(|next| SPACES.contains(&next));
        // The last space may belong to the marker of the right delimiter.
        self.pos -= 1;
        if self.right_delimiter() != Some(true) {
            self.pos += 1;
        } else if self.pos == self.start {
            self.inside = false;
            return self.skip_right(true);
        }
        self.item(Token::Space)
    }

    fn quoted(&mut self, mark: char, token: Token, unterminated: &str) -> Item<'t> {
        loop {
            match self.bump() {
                Some('\\') if !matches!(self.peek(), None | Some('\n')) => {
                    self.bump();
                }
                None | Some('\\' | '\n') => return self.error(unterminated),
                Some(char) if char == mark => return self.item(token),
                Some(_) => {}
            }
        }
    }

    /// A field or variable whose first character was read; `bare` is that character alone.
    fn name(&mut self, token: Token, bare: Token) -> Item<'t> {
        if self.at_terminator() {
            return self.item(bare);
        }
        self.accept_run(is_name);
        if self.at_terminator() { self.item(token) } else { self.bad_character() }
    }

    fn identifier(&mut self) -> Item<'t> {
        self.accept_run(is_name);
        if !self.at_terminator() {
            return self.bad_character();
        }
        let token = match &self.input[self.start..self.pos] {
            "true" | "false" => Token::Bool,
            "nil" => Token::Nil,
            "block" => Token::Keyword(Keyword::Block),
            "break" => Token::Keyword(Keyword::Break),
            "continue" => Token::Keyword(Keyword::Continue),
            "define" => Token::Keyword(Keyword::Define),
            "else" => Token::Keyword(Keyword::Else),
            "end" => Token::Keyword(Keyword::End),
            "if" => Token::Keyword(Keyword::If),
            "range" => Token::Keyword(Keyword::Range),
            "template" => Token::Keyword(Keyword::Template),
            "with" => Token::Keyword(Keyword::With),
            _ => Token::Identifier,
        };
        self.item(token)
    }

    fn bad_character(&mut self) -> Item<'t> {
        let found = self.peek().map_or_else(String::new, describe);
        self.error(format!("bad character {found}"))
    }

    /// Whether what stands here can follow a name.
    fn at_terminator(&self) -> bool {
        let ends = |char: char| SPACES.contains(&char) || matches!(char, '.' | ',' | '|' | ':' | ')' | '(');
        self.peek().is_none_or(ends) || self.rest().starts_with(RIGHT)
    }

    fn number(&mut self) -> Item<'t> {
        let is_sign = |char| matches!(char, '+' | '-');
        self.accept(is_sign);
        let mut radix = 10;
        if self.accept(|char| char == '0') {
            let prefixes = [("xX", 16), ("oO", 8), ("bB", 2)];
            let found = prefixes.iter().find(|(letters, _)| self.accept(|char| letters.contains(char)));
            radix = found.map_or(radix, |(_, radix)| *radix);
        }
        let is_part = |char: char| char == '_' || char.is_digit(radix);
        self.accept_run(is_part);
        if self.accept(|char| char == '.') {
            self.accept_run(is_part);
        }
        let exponent = match radix {
            10 => "eE",
            16 => "pP",
            _ => "",
        };
        if self.accept(|char| exponent.contains(char)) {
            self.accept(is_sign);
            self.accept_run(|char| char == '_' || char.is_ascii_digit());
        }
        if self.accept(is_name) || self.peek().is_some_and(is_sign) {
            return self.error(format!("bad number syntax: {}", quote(&self.input[self.start..self.pos], '"', false)));
        }
        self.item(Token::Number)
    }
}

fn is_name(char: char) -> bool {
    char == '_' || is_letter(char) || is_digit(char)
}

fn has_left_marker(action: &str) -> bool {
    action.strip_prefix('-').is_some_and(|rest| rest.starts_with(SPACES))
}

fn has_right_marker(rest: &str) -> bool {
    rest.strip_prefix(SPACES).is_some_and(|rest| rest.starts_with('-'))
}
