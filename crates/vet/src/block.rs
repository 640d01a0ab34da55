//! Sixteen bytes at a time: which of them end a run of plain text, which are not ASCII, which lie in given ranges.
//!
//! Masks have one bit per byte, the first byte's lowest. On x86-64 they are computed with SSE2, which is part of that
//! architecture's baseline; elsewhere byte by byte.

/// Sixteen bytes of a document.
#[derive(Clone, Copy)]
pub(crate) struct Block([u8; 16]);

/// For each of sixteen positions up to three ranges of bytes: `low..=low + span`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ranges {
    pub(crate) low: [[u8; 16]; 3],
    pub(crate) span: [[u8; 16]; 3],
}

impl Block {
    /// The sixteen bytes at `at`; behind the end of the document stand zeros.
    #[inline(always)]
    pub(crate) fn at(document: &[u8], at: usize) -> Block {
        match document.get(at..).and_then(<[u8]>::first_chunk::<16>) {
            Some(chunk) => Block(*chunk),
            None => Block::tail(document, at),
        }
    }

    #[cold]
    #[inline(never)]
    fn tail(document: &[u8], at: usize) -> Block {
        let mut bytes = [0; 16];
        let rest = document.get(at..).unwrap_or_default();
        bytes[..rest.len()].copy_from_slice(rest);
        Block(bytes)
    }

    /// The bytes as one number, the first byte lowest.
    #[inline(always)]
    pub(crate) fn word(self) -> u128 {
        u128::from_le_bytes(self.0)
    }

    /// Bytes that cannot stand in the plain part of a JSON string: quote, backslash and control characters.
    #[inline(always)]
    pub(crate) fn specials(self) -> u32 {
        #[cfg(target_arch = "x86_64")]
        return sse2::specials(&self.0);
        #[cfg(not(target_arch = "x86_64"))]
        return mask(|i| matches!(self.0[i], b'"' | b'\\' | 0..0x20));
    }

    /// Bytes that are not ASCII.
    #[inline(always)]
    pub(crate) fn high(self) -> u32 {
        #[cfg(target_arch = "x86_64")]
        return sse2::high(&self.0);
        #[cfg(not(target_arch = "x86_64"))]
        return mask(|i| self.0[i] >= 0x80);
    }

    /// Bytes that lie in one of the ranges of their position.
    #[inline(always)]
    pub(crate) fn within(self, ranges: &Ranges) -> u32 {
        #[cfg(target_arch = "x86_64")]
        return sse2::within(&self.0, ranges);
        #[cfg(not(target_arch = "x86_64"))]
        return mask(|i| (0..3).any(|r| self.0[i].wrapping_sub(ranges.low[r][i]) <= ranges.span[r][i]));
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn mask(holds: impl Fn(usize) -> bool) -> u32 {
    (0..16).map(|i| u32::from(holds(i)) << i).sum()
}

#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "SSE2 makes the whole check of a 1 KB document about a third faster than bytes one by one"
)]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
        _mm_setzero_si128, _mm_sub_epi8,
    };

    use super::Ranges;

    #[inline(always)]
    fn load(bytes: &[u8; 16]) -> __m128i {
        // SAFETY: the reference is to 16 readable bytes, the load needs no alignment, and SSE2 is in the baseline.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    pub(super) fn specials(bytes: &[u8; 16]) -> u32 {
        let bytes = load(bytes);
        // SAFETY: register-only instructions of SSE2, which is in the baseline.
        unsafe {
            let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
            let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
            let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
            _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)) as u32
        }
    }

    #[inline(always)]
    pub(super) fn high(bytes: &[u8; 16]) -> u32 {
        // SAFETY: register-only instruction of SSE2, which is in the baseline.
        unsafe { _mm_movemask_epi8(load(bytes)) as u32 }
    }

    #[inline(always)]
    pub(super) fn within(bytes: &[u8; 16], ranges: &Ranges) -> u32 {
        let bytes = load(bytes);
        // SAFETY: register-only instructions of SSE2, which is in the baseline.
        unsafe {
            let mut hit = _mm_setzero_si128();
            for (low, span) in ranges.low.iter().zip(&ranges.span) {
                let above = _mm_sub_epi8(bytes, load(low));
                hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(above, load(span)), above));
            }
            _mm_movemask_epi8(hit) as u32
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_agree_with_bytes_one_by_one() {
        let text: Vec<u8> = (0..=255).collect();
        let ranges = Ranges { low: [[b'0'; 16], [b'a'; 16], [0xf0; 16]], span: [[9; 16], [5; 16], [0; 16]] };
        for at in 0..250 {
            let Block(bytes) = Block::at(&text, at);
            assert_eq!(Block(bytes).specials(), mask(|i| matches!(bytes[i], b'"' | b'\\' | 0..0x20)));
            assert_eq!(Block(bytes).high(), mask(|i| bytes[i] >= 0x80));
            let within = mask(|i| matches!(bytes[i], b'0'..=b'9' | b'a'..=b'f' | 0xf0));
            assert_eq!(Block(bytes).within(&ranges), within);
        }
    }

    #[test]
    fn behind_the_end_stand_zeros() {
        let Block(bytes) = Block::at(b"abc", 2);
        assert_eq!(bytes[..3], [b'c', 0, 0]);
        let Block(bytes) = Block::at(b"abc", 9);
        assert_eq!(bytes, [0; 16]);
    }
}
