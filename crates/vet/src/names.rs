//! A fixed set of strings, looked up with one multiplication and, as a rule, one comparison.
//!
//! The hash is perfect where a seed for it is found (always, in practice, up to a few dozen names); a larger table
//! probes on from the hashed place, a step or two.

use crate::block;

/// Seeds that are tried for a table without collisions.
const SEEDS_MAX: usize = 512;
const EMPTY: u16 = u16::MAX;

/// Names, each with its index in the order they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    seed: u64,
    shift: u32,
    table: Box<[u16]>,
    entries: Box<[Entry]>,
    longest: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    word: Word,
    name: Box<[u8]>,
}

/// The first and the last eight bytes of a name, which overlap in one of up to sixteen bytes; of one below eight bytes
/// both times the name, followed by zeros.
type Word = (u64, u64);

/// The word of the name at `document[start..start + length]`, a range within the document.
#[inline(always)]
fn word(document: &[u8], start: usize, length: usize) -> Word {
    let counts = !u64::MAX.checked_shl(8 * length as u32).unwrap_or(0);
    let last = start + length.saturating_sub(8);
    (block::eight(document, start) & counts, block::eight(document, last) & counts)
}

#[inline(always)]
fn hash(word: Word, length: usize, seed: u64) -> u64 {
    let folded = word.0 ^ word.1.rotate_left(29) ^ (length as u64) << 56;
    folded.wrapping_mul(seed)
}

impl Names {
    /// At most `u16::MAX - 1` distinct names.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> Names {
        let entries: Box<[Entry]> =
            names.into_iter().map(|name| Entry { word: word(name, 0, name.len()), name: name.into() }).collect();
        debug_assert!(entries.len() < usize::from(EMPTY));
        let bits = (entries.len() * 4).next_power_of_two().trailing_zeros().max(1);
        let seeds = if entries.len() > 256 { 8 } else { SEEDS_MAX };
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut best: Option<(usize, u64, Box<[u16]>)> = None;
        for _ in 0..seeds {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let (probes, table) = fill(&entries, random | 1, bits);
            if best.as_ref().is_none_or(|(fewest, ..)| probes < *fewest) {
                best = Some((probes, random | 1, table));
            }
            if best.as_ref().is_some_and(|(fewest, ..)| *fewest <= 1) {
                break;
            }
        }
        let (_, seed, table) = best.unwrap_or((0, 1, vec![EMPTY; 2].into()));
        let longest = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
        Names { seed, shift: 64 - bits, table, entries, longest }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The length of the longest name, in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|entry| &*entry.name)
    }

    /// The index of `name`.
    pub(crate) fn find(&self, name: &[u8]) -> Option<usize> {
        self.find_at(name, 0, name.len())
    }

    /// The index of the name at `document[start..start + length]`, a range within the document.
    #[inline(always)]
    pub(crate) fn find_at(&self, document: &[u8], start: usize, length: usize) -> Option<usize> {
        let word = word(document, start, length);
        let mut place = (hash(word, length, self.seed) >> self.shift) as usize;
        loop {
            let index = usize::from(*self.table.get(place)?);
            let entry = self.entries.get(index)?;
            let same = entry.word == word && entry.name.len() == length;
            if same && (length <= 16 || document.get(start..start + length) == Some(&entry.name)) {
                return Some(index);
            }
            place = (place + 1) & (self.table.len() - 1);
        }
    }
}

/// The table for a seed, and the longest run of places that a lookup of a name visits in it.
fn fill(entries: &[Entry], seed: u64, bits: u32) -> (usize, Box<[u16]>) {
    let mut table = vec![EMPTY; 1 << bits].into_boxed_slice();
    let mut longest = 0;
    for (index, entry) in entries.iter().enumerate() {
        let mut place = (hash(entry.word, entry.name.len(), seed) >> (64 - bits)) as usize;
        let mut probes = 1;
        while table[place] != EMPTY {
            place = (place + 1) & (table.len() - 1);
            probes += 1;
        }
        table[place] = index as u16;
        longest = longest.max(probes);
    }
    (longest, table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let names: Vec<String> = (0..3000).map(|i| format!("name-{i}-{}", "x".repeat(i % 40))).collect();
        for count in [0, 1, 2, 17, 64, 3000] {
            let table = Names::new(names[..count].iter().map(String::as_bytes));
            for (i, name) in names.iter().enumerate() {
                assert_eq!(table.find(name.as_bytes()), (i < count).then_some(i), "{name}");
                let document = format!("\"{name}\":");
                assert_eq!(table.find_at(document.as_bytes(), 1, name.len()), (i < count).then_some(i), "{name}");
            }
            assert_eq!(table.find(b""), None);
        }
    }

    #[test]
    fn names_that_differ_only_in_the_middle_are_told_apart() {
        let names = ["prefix00-aaaa-suffix00", "prefix00-bbbb-suffix00", ""];
        let table = Names::new(names.iter().map(|name| name.as_bytes()));
        assert_eq!(names.map(|name| table.find(name.as_bytes())), [Some(0), Some(1), Some(2)]);
        assert_eq!(table.find(b"prefix00-cccc-suffix00"), None);
    }
}
