//! The tokens of the language, and which words are keywords.

use std::fmt;

/// A token: its kind and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Byte offset of its first byte.
    pub(super) start: usize,
    /// Behind its last byte.
    pub(super) end: usize,
    /// A comma that stands for a line end.
    pub(super) inserted: bool,
}

impl Token {
    pub(super) fn inserted_comma(at: usize) -> Self {
        Self { kind: Kind::Comma, start: at, end: at, inserted: true }
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Illegal,
    Eof,
    Comment,
    Attribute,
    Ident,
    Int,
    Float,
    String,
    /// The part of a string up to `\(`.
    Interpolation,
    Bottom,
    Plus,
    Minus,
    Star,
    Slash,
    And,
    Or,
    LogicalAnd,
    LogicalOr,
    Assign,
    Equal,
    Less,
    Greater,
    Not,
    Arrow,
    NotEqual,
    LessEqual,
    GreaterEqual,
    Match,
    NotMatch,
    ParenOpen,
    BracketOpen,
    BraceOpen,
    Comma,
    Period,
    Ellipsis,
    ParenClose,
    BracketClose,
    BraceClose,
    Semicolon,
    Colon,
    Question,
    Tilde,
    If,
    Else,
    For,
    In,
    Let,
    Try,
    Fallback,
    Otherwise,
    Func,
    True,
    False,
    Null,
}

impl Kind {
    /// The keyword that a word is, or [`Kind::Ident`].
    pub(super) fn of_word(word: &str) -> Self {
        match word {
            "if" => Self::If,
            "else" => Self::Else,
            "for" => Self::For,
            "in" => Self::In,
            "let" => Self::Let,
            "try" => Self::Try,
            "fallback" => Self::Fallback,
            "otherwise" => Self::Otherwise,
            "func" => Self::Func,
            "true" => Self::True,
            "false" => Self::False,
            "null" => Self::Null,
            _ => Self::Ident,
        }
    }

    pub(super) fn is_keyword(self) -> bool {
        self as u8 >= Self::If as u8
    }

    /// Whether errors show the token's text beside its kind.
    pub(super) fn is_literal(self) -> bool {
        matches!(self, Self::Ident | Self::Int | Self::Float | Self::String | Self::Interpolation | Self::Bottom)
    }

    /// Whether a line end behind the token counts as a comma.
    pub(super) fn ends_declaration(self) -> bool {
        let closes = matches!(self, Self::ParenClose | Self::BracketClose | Self::BraceClose);
        let marks = matches!(self, Self::Attribute | Self::Ellipsis | Self::Semicolon | Self::Question);
        self.is_literal() || self.is_keyword() || closes || marks
    }

    /// How tightly the token binds as a binary operator; 0 if it is none.
    pub(super) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::LogicalOr => 3,
            Self::LogicalAnd => 4,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual
            | Self::Match
            | Self::NotMatch => 5,
            Self::Plus | Self::Minus => 6,
            Self::Star | Self::Slash => 7,
            _ => 0,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Illegal => "ILLEGAL",
            Self::Eof => "EOF",
            Self::Comment => "COMMENT",
            Self::Attribute => "ATTRIBUTE",
            Self::Ident => "IDENT",
            Self::Int => "INT",
            Self::Float => "FLOAT",
            Self::String => "STRING",
            Self::Interpolation => "INTERPOLATION",
            Self::Bottom => "_|_",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Star => "*",
            Self::Slash => "/",
            Self::And => "&",
            Self::Or => "|",
            Self::LogicalAnd => "&&",
            Self::LogicalOr => "||",
            Self::Assign => "=",
            Self::Equal => "==",
            Self::Less => "<",
            Self::Greater => ">",
            Self::Not => "!",
            Self::Arrow => "<-",
            Self::NotEqual => "!=",
            Self::LessEqual => "<=",
            Self::GreaterEqual => ">=",
            Self::Match => "=~",
            Self::NotMatch => "!~",
            Self::ParenOpen => "(",
            Self::BracketOpen => "[",
            Self::BraceOpen => "{",
            Self::Comma => ",",
            Self::Period => ".",
            Self::Ellipsis => "...",
            Self::ParenClose => ")",
            Self::BracketClose => "]",
            Self::BraceClose => "}",
            Self::Semicolon => ";",
            Self::Colon => ":",
            Self::Question => "?",
            Self::Tilde => "~",
            Self::If => "if",
            Self::Else => "else",
            Self::For => "for",
            Self::In => "in",
            Self::Let => "let",
            Self::Try => "try",
            Self::Fallback => "fallback",
            Self::Otherwise => "otherwise",
            Self::Func => "func",
            Self::True => "true",
            Self::False => "false",
            Self::Null => "null",
        })
    }
}
