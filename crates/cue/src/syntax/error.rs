//! What is wrong with a text, and where.

use std::fmt;

use super::pos::Pos;

/// A syntax error, in the reference's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub pos: Pos,
    /// What, without the position.
    pub message: String,
}

impl SyntaxError {
    /// Notes `message` for a position.
    #[must_use]
    pub fn new(pos: Pos, message: impl Into<String>) -> Self {
        Self { pos, message: message.into() }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}

/// Orders errors as they are printed, by position and text, each once.
pub(super) fn sorted(mut errors: Vec<SyntaxError>) -> Vec<SyntaxError> {
    errors.sort_by(|a, b| (a.pos, &a.message).cmp(&(b.pos, &b.message)));
    errors.dedup();
    errors
}
