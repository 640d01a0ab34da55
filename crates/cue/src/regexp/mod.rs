//! Regular expressions with the syntax and meaning of Go's `regexp` package (RE2).
//!
//! [`parse()`] reads Go's syntax into the intermediate form of the `regex-syntax` crate, so that what Go and Rust write
//! differently (`\d`, `\s`, `\b`, classes, flags, repetition limits) means what Go means. Patterns are never handed to
//! Rust's own parser. Matching takes time linear in the text; compiled patterns are bounded in size.

mod class;
mod parse;
mod substitute;

use std::fmt;

use regex_automata::meta;
use regex_automata::util::captures::Captures;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Hir;

pub use parse::{CLASS_RANGES_MAX, NESTING_MAX, REPEAT_MAX};

/// Why a pattern is refused, in the words of the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegexpError {
    /// The text is no regular expression.
    Syntax {
        /// What is wrong.
        fault: Fault,
        /// The part of the pattern that is.
        part: String,
    },
    /// The compiled form would take more memory than allowed.
    Size {
        /// The allowed number of bytes.
        bytes_max: usize,
    },
}

/// What can be wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A range, class name or property that does not exist.
    CharacterRange,
    /// An escape that means nothing.
    Escape,
    /// A group name that is none.
    NamedCapture,
    /// A group that begins with `(?` and something unknown.
    PerlSyntax,
    /// Two repetition operators in a row.
    NestedRepetition,
    /// A count above [`REPEAT_MAX`], or a smaller one after a larger one.
    RepeatCount,
    /// `[` without `]`.
    MissingBracket,
    /// `(` without `)`.
    MissingParenthesis,
    /// A repetition of nothing.
    MissingArgument,
    /// A backslash at the end.
    TrailingBackslash,
    /// `)` without `(`.
    UnexpectedParenthesis,
    /// More than [`NESTING_MAX`] groups inside each other.
    Nesting,
    /// More than [`CLASS_RANGES_MAX`] ranges in all classes.
    Large,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::CharacterRange => "invalid character class range",
            Self::Escape => "invalid escape sequence",
            Self::NamedCapture => "invalid named capture",
            Self::PerlSyntax => "invalid or unsupported Perl syntax",
            Self::NestedRepetition => "invalid nested repetition operator",
            Self::RepeatCount => "invalid repeat count",
            Self::MissingBracket => "missing closing ]",
            Self::MissingParenthesis => "missing closing )",
            Self::MissingArgument => "missing argument to repetition operator",
            Self::TrailingBackslash => "trailing backslash at end of expression",
            Self::UnexpectedParenthesis => "unexpected )",
            Self::Nesting => "expression nests too deeply",
            Self::Large => "expression too large",
        })
    }
}

impl fmt::Display for RegexpError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { fault, part } => write!(out, "error parsing regexp: {fault}: `{part}`"),
            Self::Size { bytes_max } => write!(out, "regexp takes more than {bytes_max} bytes when compiled"),
        }
    }
}

impl std::error::Error for RegexpError {}

/// Machine stack that compilation may take per level of nesting, without optimisation.
const STACK_BYTES_PER_LEVEL: usize = 16 << 10;

/// Machine stack that is enough for all levels.
const STACK_BYTES: usize = (NESTING_MAX as usize + 1) * STACK_BYTES_PER_LEVEL;

/// Reads a pattern into the form that automata are built from; groups carry numbers but no names.
///
/// # Errors
/// If the text is no regular expression.
pub fn parse(pattern: &str) -> Result<Hir, RegexpError> {
    parse::Parser::new(pattern).parse().map(|parsed| parsed.hir)
}

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub struct Regexp {
    regex: meta::Regex,
    /// Names of the groups from number 1 on; empty for those without.
    names: Vec<String>,
}

/// A match: the whole and its groups as byte ranges; groups that took no part have none.
pub type Match = Vec<Option<std::ops::Range<usize>>>;

impl Regexp {
    /// Compiles a pattern into at most `bytes_max` bytes.
    ///
    /// # Errors
    /// If the text is no regular expression, or a large one.
    pub fn new(pattern: &str, bytes_max: usize) -> Result<Self, RegexpError> {
        let parsed = parse::Parser::new(pattern).parse()?;
        let config = meta::Config::new().nfa_size_limit(Some(bytes_max)).onepass_size_limit(Some(1 << 20));
        let build = || meta::Builder::new().configure(config).build_from_hir(&parsed.hir).ok();
        // The compiler recurses a few times per level.
        let regex = stacker::maybe_grow(parsed.height as usize * STACK_BYTES_PER_LEVEL, STACK_BYTES, build);
        let regex = regex.ok_or(RegexpError::Size { bytes_max })?;
        Ok(Self { regex, names: parsed.names })
    }

    /// Names of the groups from number 1 on; empty for those without a name.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the pattern matches somewhere in the text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The leftmost match with its groups.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Match> {
        let mut captures = self.regex.create_captures();
        self.regex.captures(text, &mut captures);
        captures.is_match().then(|| ranges(&captures))
    }

    /// Matches that do not overlap, from left to right, at most `count` of them; all if it is negative.
    #[must_use]
    pub fn find_all(&self, text: &str, count: i64) -> Vec<Match> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let input = Input::new(text).anchored(Anchored::No);
        self.regex.captures_iter(input).take(count).map(|captures| ranges(&captures)).collect()
    }
}

fn ranges(captures: &Captures) -> Match {
    captures.iter().map(|span| span.map(|span| span.range())).collect()
}

/// The text as a pattern that matches it literally.
#[must_use]
pub fn quote_meta(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if r"\.+*?()|[]{}^$".contains(char) {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

#[cfg(test)]
mod tests;
