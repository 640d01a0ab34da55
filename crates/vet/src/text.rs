//! The text of a JSON string as it stands in the document, and its bytes with the escapes resolved.

use smallvec::SmallVec;

/// What stands between the quotes of a string that has been read: valid UTF-8, valid escapes.
#[derive(Clone, Copy)]
pub(crate) struct Text<'d> {
    pub(crate) raw: &'d [u8],
    pub(crate) escaped: bool,
    pub(crate) ascii: bool,
}

impl<'d> Text<'d> {
    /// Text that is written without escapes.
    pub(crate) fn plain(text: &'d str) -> Text<'d> {
        Text { raw: text.as_bytes(), escaped: false, ascii: text.is_ascii() }
    }

    /// The UTF-8 bytes that the string stands for.
    pub(crate) fn bytes(self) -> Bytes<'d> {
        Bytes { raw: self.raw, pending: [0; 4], left: 0 }
    }

    /// How many code points the string has.
    #[inline]
    pub(crate) fn runes(self) -> usize {
        match (self.escaped, self.ascii) {
            (false, true) => self.raw.len(),
            (false, false) => self.raw.iter().filter(|byte| !is_continuation(**byte)).count(),
            (true, _) => self.bytes().filter(|byte| !is_continuation(*byte)).count(),
        }
    }

    /// The bytes in one piece: borrowed from the document, or written to `buffer` if there are escapes.
    pub(crate) fn resolve<'a, const N: usize>(self, buffer: &'a mut SmallVec<[u8; N]>) -> &'a [u8]
    where
        'd: 'a,
    {
        if !self.escaped {
            return self.raw;
        }
        buffer.clear();
        buffer.extend(self.bytes());
        buffer
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// The bytes of a string, escapes resolved. Relies on the escapes having been checked.
pub(crate) struct Bytes<'d> {
    raw: &'d [u8],
    pending: [u8; 4],
    left: usize,
}

impl Iterator for Bytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.left > 0 {
            self.left -= 1;
            return Some(self.pending[self.left]);
        }
        let (&first, rest) = self.raw.split_first()?;
        self.raw = rest;
        if first != b'\\' {
            return Some(first);
        }
        let (&escape, rest) = self.raw.split_first()?;
        self.raw = rest;
        match escape {
            b'b' => Some(0x08),
            b'f' => Some(0x0c),
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'u' => self.unicode(),
            other => Some(other),
        }
    }
}

impl Bytes<'_> {
    fn unicode(&mut self) -> Option<u8> {
        let mut point = hex4(self.raw)?;
        self.raw = &self.raw[4..];
        if (0xd800..0xdc00).contains(&point) {
            let low = hex4(self.raw.get(2..)?)?;
            self.raw = &self.raw[6..];
            point = 0x10000 + ((point - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
        }
        let mut utf8 = [0; 4];
        let encoded = char::from_u32(point)?.encode_utf8(&mut utf8).as_bytes();
        self.left = encoded.len() - 1;
        for (slot, byte) in self.pending.iter_mut().zip(encoded[1..].iter().rev()) {
            *slot = *byte;
        }
        Some(encoded[0])
    }
}

/// The number that the first four bytes spell in hexadecimal.
pub(crate) fn hex4(digits: &[u8]) -> Option<u32> {
    let digits = digits.first_chunk::<4>()?;
    digits.iter().try_fold(0, |sum, &digit| Some(sum * 16 + char::from(digit).to_digit(16)?))
}
