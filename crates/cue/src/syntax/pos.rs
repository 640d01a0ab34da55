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
        // The end of the text belongs to its last line, also where a line end stands before it.
        let last = text.len().saturating_sub(1);
        let ends = memchr::memchr_iter(b'\n', text.as_bytes()).filter(|at| *at < last);
        let line_starts = std::iter::once(0).chain(ends.map(|at| at as u32 + 1)).collect();
        Arc::new(Self { name: name.into(), text, line_starts })
    }

    /// Takes a file's bytes: UTF-8, or UTF-16 if it begins with such a mark. A byte order mark is left out, and what
    /// is no valid encoding becomes U+FFFD, as the reference reads files.
    #[must_use]
    pub fn from_bytes(name: impl Into<String>, bytes: &[u8]) -> Arc<Self> {
        let text = match bytes {
            [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
            [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
            [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
            _ => String::from_utf8_lossy(bytes).into_owned(),
        };
        Self::new(name, text)
    }

    /// Line and column of a byte offset, both from 1; the column counts bytes, a tab is one.
    #[must_use]
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        (line as u32, offset - self.line_starts[line - 1] + 1)
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks(2).map(|pair| unit([pair[0], pair.get(1).copied().unwrap_or(0)]));
    char::decode_utf16(units).map(|ch| ch.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
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

    /// What stands in no text either, but is set apart from what is before by an empty line.
    pub(crate) const APART: Self = Self { file: FileId(u32::MAX), offset: u32::MAX - 1 };

    /// Whether it points into a text.
    #[must_use]
    pub fn is_some(self) -> bool {
        self.file != Self::NONE.file
    }
}
