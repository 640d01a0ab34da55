//! Where something stands in a source text.

use std::sync::Arc;

/// A source text with its name, as errors show it.
#[derive(Debug)]
pub struct SourceFile {
    /// The name that positions print, such as `./schema.cue`.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Byte offset of the start of each line.
    line_starts: Vec<u32>,
}

impl SourceFile {
    /// Takes a text under the name that its positions shall print.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0).chain(starts.map(|(at, _)| at as u32 + 1)).collect();
        Arc::new(Self { name: name.into(), text, line_starts })
    }

    /// Line and column of a byte offset, both from 1; the column counts bytes, a tab is one.
    #[must_use]
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        (line as u32, offset - self.line_starts[line - 1] + 1)
    }
}

/// Index of a [`SourceFile`] in the table of the instance that it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// The first byte of something in a source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos {
    /// Which text.
    pub file: FileId,
    /// Byte offset from the start of the text; [`Pos::NONE`] has none.
    pub offset: u32,
}

impl Pos {
    /// The position of what stands in no text.
    pub const NONE: Self = Self { file: FileId(u32::MAX), offset: u32::MAX };

    /// Whether it points into a text.
    #[must_use]
    pub fn is_some(self) -> bool {
        self != Self::NONE
    }
}
