//! Sixteen bytes at a time: which of them end a run of plain text, which are digits, which lie in given ranges.
//!
//! Masks have one bit per byte, the first byte's lowest. On x86-64 they are computed with SSE2, which is part of that
//! architecture's baseline; elsewhere byte by byte. Behind the end of the document stand zeros.

/// How many bytes a block has.
pub(crate) const BLOCK: usize = 16;

/// Sixteen bytes to compare with, and which of them count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spelling {
    bytes: [u8; BLOCK],
    mask: u32,
}

/// For each of sixteen positions up to three ranges of bytes: `low..=low + span`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ranges {
    pub(crate) low: [[u8; BLOCK]; 3],
    pub(crate) span: [[u8; BLOCK]; 3],
}

impl Spelling {
    /// A spelling of up to sixteen bytes.
    pub(crate) fn new(text: &[u8]) -> Option<Spelling> {
        let mut bytes = [0; BLOCK];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Spelling { bytes, mask: (1 << text.len()) - 1 })
    }

    /// Whether these bytes stand at `at`.
    #[inline(always)]
    pub(crate) fn stands_at(&self, document: &[u8], at: usize) -> bool {
        masked(document, at, |block| equal(block, &self.bytes)) & self.mask == self.mask
    }
}

/// The bytes at `at` that cannot stand in the plain part of a JSON string (quote, backslash and control characters), and
/// those that are not ASCII in the high half.
#[inline(always)]
pub(crate) fn specials(document: &[u8], at: usize) -> u32 {
    masked(document, at, |block| stops(block) | high(block) << 16)
}

/// The bytes at `at` that are decimal digits.
#[inline(always)]
pub(crate) fn digits(document: &[u8], at: usize) -> u32 {
    masked(document, at, decimal)
}

/// The bytes at `at` that lie in one of the ranges of their position.
#[inline(always)]
pub(crate) fn within(document: &[u8], at: usize, ranges: &Ranges) -> u32 {
    masked(document, at, |block| inside(block, ranges))
}

/// The eight bytes at `at`, the first one lowest.
#[inline(always)]
pub(crate) fn eight(document: &[u8], at: usize) -> u64 {
    match document.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => eight_at_end(document, at),
    }
}

#[cold]
#[inline(never)]
fn eight_at_end(document: &[u8], at: usize) -> u64 {
    let rest = document.get(at..).unwrap_or_default();
    rest.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The number that the first `count` of eight decimal digits spell.
#[inline(always)]
pub(crate) fn spelled(digits: u64, count: u32) -> u64 {
    // Digits that are missing to eight stand in front, as zeros.
    let eight = digits.checked_shl(64 - 8 * count).unwrap_or(0) & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (eight.wrapping_mul(10) + (eight >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff
}

/// The mask of the block at `at`. The last, incomplete block is out of line, so that a whole one stays in registers.
#[inline(always)]
fn masked(document: &[u8], at: usize, mask: impl Fn(&[u8; BLOCK]) -> u32) -> u32 {
    match document.get(at..).and_then(<[u8]>::first_chunk) {
        Some(block) => mask(block),
        None => masked_at_end(document, at, mask),
    }
}

#[cold]
#[inline(never)]
fn masked_at_end(document: &[u8], at: usize, mask: impl Fn(&[u8; BLOCK]) -> u32) -> u32 {
    let mut block = [0; BLOCK];
    let rest = document.get(at..).unwrap_or_default();
    block[..rest.len()].copy_from_slice(rest);
    mask(&block)
}

#[cfg(target_arch = "x86_64")]
use sse2::{decimal, equal, high, inside, stops};

#[cfg(not(target_arch = "x86_64"))]
use bytewise::{decimal, equal, high, inside, stops};

#[cfg(any(test, not(target_arch = "x86_64")))]
mod bytewise {
    use super::{BLOCK, Ranges};

    fn mask(holds: impl Fn(usize) -> bool) -> u32 {
        (0..BLOCK).map(|i| u32::from(holds(i)) << i).sum()
    }

    pub(super) fn equal(block: &[u8; BLOCK], other: &[u8; BLOCK]) -> u32 {
        mask(|i| block[i] == other[i])
    }

    pub(super) fn stops(block: &[u8; BLOCK]) -> u32 {
        mask(|i| matches!(block[i], b'"' | b'\\' | 0..0x20))
    }

    pub(super) fn high(block: &[u8; BLOCK]) -> u32 {
        mask(|i| block[i] >= 0x80)
    }

    pub(super) fn decimal(block: &[u8; BLOCK]) -> u32 {
        mask(|i| block[i].is_ascii_digit())
    }

    pub(super) fn inside(block: &[u8; BLOCK], ranges: &Ranges) -> u32 {
        mask(|i| (0..3).any(|r| block[i].wrapping_sub(ranges.low[r][i]) <= ranges.span[r][i]))
    }
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

    use super::{BLOCK, Ranges};

    #[inline(always)]
    fn load(bytes: &[u8; BLOCK]) -> __m128i {
        // SAFETY: the reference is to 16 readable bytes, the load needs no alignment, and SSE2 is in the baseline.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    pub(super) fn equal(block: &[u8; BLOCK], other: &[u8; BLOCK]) -> u32 {
        // SAFETY: register-only instructions of SSE2, which is in the baseline.
        unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(load(block), load(other))) as u32 }
    }

    #[inline(always)]
    pub(super) fn stops(block: &[u8; BLOCK]) -> u32 {
        let bytes = load(block);
        // SAFETY: register-only instructions of SSE2, which is in the baseline.
        unsafe {
            let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
            let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
            let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
            _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)) as u32
        }
    }

    #[inline(always)]
    pub(super) fn high(block: &[u8; BLOCK]) -> u32 {
        // SAFETY: register-only instruction of SSE2, which is in the baseline.
        unsafe { _mm_movemask_epi8(load(block)) as u32 }
    }

    #[inline(always)]
    pub(super) fn decimal(block: &[u8; BLOCK]) -> u32 {
        // SAFETY: register-only instructions of SSE2, which is in the baseline.
        unsafe {
            let above = _mm_sub_epi8(load(block), _mm_set1_epi8(b'0' as i8));
            _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8(9)), above)) as u32
        }
    }

    #[inline(always)]
    pub(super) fn inside(block: &[u8; BLOCK], ranges: &Ranges) -> u32 {
        let bytes = load(block);
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
        for block in text.windows(BLOCK).map(|block| block.first_chunk().unwrap()) {
            assert_eq!(stops(block), bytewise::stops(block));
            assert_eq!(high(block), bytewise::high(block));
            assert_eq!(decimal(block), bytewise::decimal(block));
            assert_eq!(inside(block, &ranges), bytewise::inside(block, &ranges));
            assert_eq!(equal(block, b"0123456789abcdef"), bytewise::equal(block, b"0123456789abcdef"));
        }
    }

    #[test]
    fn behind_the_end_stand_zeros() {
        assert_eq!(specials(b"ab", 1), 0xfffe);
        assert_eq!(specials(b"ab", 9), 0xffff);
        assert_eq!(eight(b"ab", 0), 0x6261);
        assert_eq!(eight(b"ab", 3), 0);
        let spelling = Spelling::new(b"b\0").unwrap();
        assert!(spelling.stands_at(b"ab", 1) && !spelling.stands_at(b"abc", 1));
    }

    #[test]
    fn digits_are_found_and_read() {
        let text = b"0123456789/:9876";
        assert_eq!(digits(text, 0), 0b1111_0011_1111_1111);
        for from in 0..10 {
            for count in 0..=(10 - from).min(8) {
                let digits = std::str::from_utf8(&text[from..from + count]).unwrap();
                assert_eq!(spelled(eight(text, from), count as u32), digits.parse().unwrap_or(0), "{digits}");
            }
        }
    }
}
