//! Sixteen bytes at a time: which of them end a run of plain text, which are digits, which lie in given ranges.
//!
//! Masks have one bit per byte, the first byte's lowest. On x86-64 they are computed with SSE2, which is part of that
//! architecture's baseline; elsewhere byte by byte. Behind the end of the document stand zeros.

/// How many bytes a block has.
pub(crate) const BLOCK: usize = 16;

/// Sixteen bytes to compare with, and which of them count; more than sixteen never stand anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spelling {
    bytes: [u8; BLOCK],
    mask: u32,
}

/// How many ranges of bytes a position can have.
pub(crate) const RANGES_MAX: usize = 3;

/// For each of sixteen positions up to three ranges of bytes: `low..=low + span`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ranges {
    low: [[u8; BLOCK]; RANGES_MAX],
    span: [[u8; BLOCK]; RANGES_MAX],
}

impl Ranges {
    /// The first and the last byte of each range, by position; `behind` for the positions that are missing to sixteen. No
    /// range at all stands for a byte that is in no valid document.
    pub(crate) fn new(positions: &[Vec<(u8, u8)>], behind: &[(u8, u8)]) -> Ranges {
        let mut ranges = Ranges { low: [[0xff; BLOCK]; RANGES_MAX], span: [[0; BLOCK]; RANGES_MAX] };
        for position in 0..BLOCK {
            let allowed = positions.get(position).map_or(behind, Vec::as_slice);
            // With fewer ranges than there is room for, ranges are repeated.
            for (r, (first, last)) in allowed.iter().cycle().take(RANGES_MAX).enumerate() {
                ranges.low[r][position] = *first;
                ranges.span[r][position] = last - first;
            }
        }
        ranges
    }
}

impl Spelling {
    /// What stands nowhere.
    pub(crate) const NOWHERE: Spelling = Spelling { bytes: [0; BLOCK], mask: u32::MAX };

    /// A spelling of up to sixteen bytes.
    pub(crate) fn new(text: &[u8]) -> Option<Spelling> {
        let mut bytes = [0; BLOCK];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Spelling { bytes, mask: (1 << text.len()) - 1 })
    }

    /// Whether these bytes stand at `at`.
    #[inline(always)]
    pub(crate) fn stands_at(&self, document: &[u8], at: usize) -> bool {
        with(document, at, |block| equal(block, &self.bytes)) & self.mask == self.mask
    }
}

/// The bytes at `at` that cannot stand in the plain part of a JSON string (quote, backslash and control characters), and
/// those that are not ASCII in the high half.
#[inline(always)]
pub(crate) fn specials(document: &[u8], at: usize) -> u32 {
    with(document, at, |block| stops(block) | high(block) << 16)
}

/// The bytes at `at` that lie in one of the ranges of their position.
#[inline(always)]
pub(crate) fn within(document: &[u8], at: usize, ranges: &Ranges) -> u32 {
    with(document, at, |block| inside(block, ranges))
}

/// The eight bytes at `at`, the first one lowest.
#[inline(always)]
pub(crate) fn eight(document: &[u8], at: usize) -> u64 {
    match document.get(at..at.wrapping_add(8)).and_then(<[u8]>::first_chunk::<8>) {
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

/// One more than eight digits spell at most.
pub(crate) const EIGHT_DIGITS: u64 = 100_000_000;

/// The number that the first `count` of eight decimal digits spell.
#[inline(always)]
pub(crate) fn spelled(digits: u64, count: u32) -> u64 {
    // Digits that are missing to eight stand in front, as zeros.
    eight_spelled(digits.checked_shl(64 - 8 * count).unwrap_or(0))
}

/// The same, with zeros behind the first `count` digits, one to eight, in place of the others.
#[inline(always)]
pub(crate) fn spelled_behind(digits: u64, count: u32) -> u64 {
    eight_spelled(digits & u64::MAX >> (64 - 8 * count))
}

#[inline(always)]
fn eight_spelled(digits: u64) -> u64 {
    let eight = digits & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (eight.wrapping_mul(10) + (eight >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff
}

/// What a look at the block at `at` says. A block that the document ends in is looked at out of line, so that a whole one
/// stays in a register.
#[inline(always)]
pub(crate) fn with<T>(document: &[u8], at: usize, look: impl Fn(&[u8; BLOCK]) -> T) -> T {
    match document.get(at..at.wrapping_add(BLOCK)).and_then(<[u8]>::first_chunk) {
        Some(block) => look(block),
        None => with_end(document, at, look),
    }
}

#[cold]
#[inline(never)]
fn with_end<T>(document: &[u8], at: usize, look: impl Fn(&[u8; BLOCK]) -> T) -> T {
    look(&end(document, at))
}

fn end(document: &[u8], at: usize) -> [u8; BLOCK] {
    let rest = document.get(at..).unwrap_or_default();
    if let Some(last) = document.last_chunk::<BLOCK>() {
        let shift = 8 * BLOCK.saturating_sub(rest.len()) as u32;
        return u128::from_le_bytes(*last).checked_shr(shift).unwrap_or(0).to_le_bytes();
    }
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block
}

#[cfg(target_arch = "x86_64")]
pub(crate) use sse2::decimal;
#[cfg(target_arch = "x86_64")]
use sse2::{equal, high, inside, stops};

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use bytewise::decimal;
#[cfg(not(target_arch = "x86_64"))]
use bytewise::{equal, high, inside, stops};

#[cfg(any(test, not(target_arch = "x86_64")))]
mod bytewise {
    use super::{BLOCK, RANGES_MAX, Ranges};

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

    /// The digits of a block.
    pub(crate) fn decimal(block: &[u8; BLOCK]) -> u32 {
        mask(|i| block[i].is_ascii_digit())
    }

    pub(super) fn inside(block: &[u8; BLOCK], ranges: &Ranges) -> u32 {
        mask(|i| (0..RANGES_MAX).any(|r| block[i].wrapping_sub(ranges.low[r][i]) <= ranges.span[r][i]))
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
    /// The digits of a block.
    pub(crate) fn decimal(block: &[u8; BLOCK]) -> u32 {
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
        let ranges = Ranges::new(&[], &[(b'0', b'9'), (b'a', b'f'), (0xf0, 0xf0)]);
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
        let text = b"0123456789abcdefgh";
        for from in 0..20 {
            let rest = text.get(from..).unwrap_or_default();
            assert!(with(text, from, |block| *block).iter().eq(rest.iter().chain(&[0; BLOCK]).take(BLOCK)), "{from}");
        }
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
        assert_eq!(decimal(text), 0b1111_0011_1111_1111);
        for from in 0..10 {
            for count in 0..=(10 - from).min(8) {
                let digits = std::str::from_utf8(&text[from..from + count]).unwrap();
                let number = digits.parse().unwrap_or(0);
                assert_eq!(spelled(eight(text, from), count as u32), number, "{digits}");
                if count > 0 {
                    let behind = number * 10_u64.pow(8 - count as u32);
                    assert_eq!(spelled_behind(eight(text, from), count as u32), behind, "{digits}");
                }
            }
        }
    }
}
