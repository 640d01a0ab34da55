//! White space between tokens.
//!
//! The printer says what may stand between two tokens, the source says what did; the layout decides. It keeps the
//! indentation: one level per open bracket, counted only where a line ends inside.

use super::columns::Columns;

/// What may stand between two tokens. Several wishes may be uttered; the strongest wins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Space(u16);

impl Space {
    pub(super) const NONE: Self = Self(0);
    /// A blank.
    pub(super) const BLANK: Self = Self(1);
    /// The next column.
    pub(super) const COLUMN: Self = Self(1 << 1);
    /// No blank.
    pub(super) const TIGHT: Self = Self(1 << 2);
    /// What the source had does not count.
    pub(super) const FIXED: Self = Self(1 << 3);
    /// A comma.
    pub(super) const COMMA: Self = Self(1 << 4);
    /// No comma unless the line ends.
    pub(super) const LAST_COMMA: Self = Self(1 << 5);
    /// A comma and a blank unless the line ends.
    pub(super) const DECL_COMMA: Self = Self(1 << 6);
    /// The end of a line.
    pub(super) const LINE: Self = Self(1 << 7);
    /// The end of a line and of its columns.
    pub(super) const BREAK: Self = Self(1 << 8);
    /// An empty line.
    pub(super) const SECTION: Self = Self(1 << 9);
    /// One level deeper from the next line on.
    pub(super) const INDENT: Self = Self(1 << 10);
    /// One level less.
    pub(super) const UNINDENT: Self = Self(1 << 11);

    const LINE_ENDS: Self = Self(Self::LINE.0 | Self::BREAK.0 | Self::SECTION.0);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What the source has before a token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    Nothing,
    Blank,
    Line,
    /// One or more empty lines.
    Section,
}

/// What the token before means for the next one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Last {
    #[default]
    Nothing,
    Int,
    Plus,
    Minus,
    Slash,
    Less,
    /// What could be the start of a longer operator.
    Opening,
    Bracket,
    Other,
}

/// Tokens and white space on their way to the text.
#[derive(Default)]
pub(super) struct Layout {
    columns: Columns,
    allowed: u16,
    /// For each open level, whether a line has ended inside and so is indented.
    levels: Vec<bool>,
    pub(super) indent: usize,
    /// From 1, in what is written so far.
    column: usize,
    pub(super) line: usize,
    is_empty: bool,
    after_blank: bool,
    after_comment: bool,
    /// An opening brace is the last on the line so far.
    pub(super) after_brace: bool,
    pub(super) last: Last,
    /// A line end behind the last token counts as a comma.
    pub(super) ends_declaration: bool,
}

impl Layout {
    pub(super) fn new() -> Self {
        Self { column: 1, is_empty: true, allowed: Space::FIXED.0, ..Self::default() }
    }

    pub(super) fn finish(self) -> String {
        self.columns.finish()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    pub(super) fn at_line_start(&self) -> bool {
        self.column <= 1
    }

    fn allowed(&self) -> Space {
        Space(self.allowed)
    }

    pub(super) fn allow(&mut self, space: Space) {
        self.allowed |= space.0;
    }

    /// Allows nothing but this.
    pub(super) fn allow_only(&mut self, space: Space) {
        self.allowed = space.0;
    }

    /// Before a comment that stands behind a token on its line.
    pub(super) fn stay_on_line(&mut self) {
        self.allowed = self.allowed().and(Space::BLANK).without(Space::LINE_ENDS).without(Space::DECL_COMMA).0;
    }

    /// A comment has been written: the line must end.
    pub(super) fn end_comment(&mut self) {
        self.after_comment = true;
    }

    /// The white space before a token, as the source has it where that is allowed.
    pub(super) fn follow_source(&mut self, gap: Option<Gap>) {
        let Some(gap) = gap else { return };
        let allowed = self.allowed();
        if allowed.has(Space::FIXED) {
            return;
        }
        let mut wanted = match gap {
            Gap::Nothing => allowed.without(Space::LINE_ENDS),
            Gap::Blank => allowed.and(Space::BLANK).without(Space::LINE_ENDS),
            Gap::Line => allowed.and(Space::LINE),
            Gap::Section => allowed.and(Space::SECTION),
        };
        if self.after_comment {
            wanted = wanted.and(Space::LINE);
        }
        self.write_space(wanted);
        self.allowed = 0;
    }

    /// Writes a token or comment.
    pub(super) fn text(&mut self, text: &str) {
        self.write_space(self.allowed());
        self.allowed = 0;
        self.after_comment = false;
        if !text.is_empty() {
            self.after_blank = false;
            self.is_empty = false;
        }
        self.columns.text(text);
        match text.rfind('\n') {
            Some(at) => self.column = text.len() - at,
            None => self.column += text.len(),
        }
        self.last = Last::Other;
        self.ends_declaration = true;
    }

    /// Whether a blank must come before an operator, lest it run into the token before it.
    pub(super) fn keep_apart(&mut self, must: bool) {
        if must && !self.after_blank {
            self.allow(Space::BLANK);
        }
    }

    fn write_space(&mut self, space: Space) {
        if space.has(Space::COMMA) && (space.has(Space::LINE_ENDS) || !space.has(Space::LAST_COMMA)) {
            self.write(",");
        }
        if space.has(Space::INDENT) {
            self.levels.push(false);
        }
        if space.has(Space::UNINDENT) {
            self.close_level();
        }
        if space.has(Space::SECTION) {
            self.end_line(space, 2, true);
        } else if space.has(Space::BREAK) {
            self.end_line(space, 1, true);
        } else if space.has(Space::LINE) {
            self.end_line(space, 1, false);
        } else if space.has(Space::DECL_COMMA) {
            self.write(", ");
            self.after_blank = true;
        } else if space.has(Space::TIGHT) {
        } else if space.has(Space::COLUMN) {
            self.columns.end_cell(false);
            self.column += 1;
            self.after_blank = true;
        } else if space.has(Space::BLANK) {
            self.write(" ");
            self.after_blank = true;
        }
    }

    fn write(&mut self, text: &str) {
        self.columns.text(text);
        self.column += text.len();
        self.is_empty = false;
    }

    /// Ends `count` lines, the columns too if asked, and indents the next one.
    fn end_line(&mut self, space: Space, count: usize, columns: bool) {
        if !space.has(Space::UNINDENT)
            && let Some(indented) = self.levels.last_mut()
            && !*indented
        {
            *indented = true;
            self.indent += 1;
        }
        for _ in 0..count {
            self.columns.end_line();
            if columns {
                self.columns.end_columns();
            }
        }
        (0..self.indent).for_each(|_| self.columns.end_cell(true));
        self.column = 1 + self.indent;
        self.line += count;
        self.after_brace = false;
        self.after_blank = true;
        self.is_empty = false;
    }

    /// Ends a level of indentation.
    pub(super) fn close_level(&mut self) {
        if self.levels.pop() == Some(true) {
            self.indent = self.indent.saturating_sub(1);
        }
    }
}
