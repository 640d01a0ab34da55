//! Regular expressions as tables that read a string where it lies in the document.
//!
//! The automaton comes from `regex-automata`. As long as it has one way to go on (`ORD-[0-9]{4}`, a UUID) sixteen bytes
//! are compared at once with the ranges that may stand there, quotes included; from the first fork on it steps byte by
//! byte. A string with escapes or text beyond ASCII is read first and stepped through afterwards.

use std::collections::HashMap;
use std::fmt;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::Hir;

use crate::block::{self, BLOCK, RANGES_MAX, Ranges};
use crate::lex::Lexer;

/// No match, whatever follows. Its row, the first of the table, leads to itself.
const DEAD: u32 = 0;
/// How many leading positions are looked at sixteen at a time.
const LADDER_MAX: usize = 64;

/// A compiled regular expression, asked whether it matches somewhere in a string.
#[derive(PartialEq, Eq)]
pub struct Pattern {
    source: Box<str>,
    /// The column for the end of the string: not [`DEAD`] if a string that ends in the state matches.
    end: usize,
    /// The column for each byte.
    classes: Box<[u8; 256]>,
    /// The same, but bytes that are not plain text of a JSON string have the last column, which is always [`DEAD`].
    plain: Box<[u16; 256]>,
    /// A row per state; an entry is where the next state's row begins.
    table: Box<[u32]>,
    start: u32,
    /// The row of the state that a match has been seen in.
    matched: u32,
    ladder: Ladder,
    /// All matching strings, if the ladder reaches to their end.
    fixed: Option<Fixed>,
}

/// The leading positions at which the automaton has one way to go on.
#[derive(Default, PartialEq, Eq)]
struct Ladder {
    blocks: Box<[Ranges]>,
    /// The state before each position, and the one behind the last.
    states: Box<[u32]>,
}

/// Strings of one length, with what may stand at each position from the opening to the closing quote.
#[derive(PartialEq, Eq)]
struct Fixed {
    blocks: Box<[Ranges]>,
    length: usize,
}

impl Pattern {
    /// Compiles an expression; `source` names it in messages. `bytes_max` bounds the memory of the automaton and of its
    /// construction.
    pub fn new(source: &str, expression: &Hir, bytes_max: usize) -> Result<Pattern, PatternError> {
        let error = |cause: String| PatternError { source: source.into(), bytes_max, cause };
        let nfa_config =
            thompson::Config::new().nfa_size_limit(Some(bytes_max)).which_captures(thompson::WhichCaptures::None);
        let nfa = thompson::Compiler::new().configure(nfa_config).build_from_hir(expression);
        let config = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            .match_kind(MatchKind::All)
            .dfa_size_limit(Some(bytes_max))
            .determinize_size_limit(Some(bytes_max));
        let dfa = dense::Builder::new().configure(config).build_from_nfa(&nfa.map_err(|e| error(e.to_string()))?);
        Pattern::from_dfa(source, &dfa.map_err(|e| error(e.to_string()))?, bytes_max).map_err(error)
    }

    fn from_dfa(source: &str, dfa: &dense::DFA<Vec<u32>>, bytes_max: usize) -> Result<Pattern, String> {
        let config = regex_automata::util::start::Config::new().anchored(Anchored::No);
        let start = dfa.start_state(&config).map_err(|error| error.to_string())?;
        let states = States::explore(dfa, start, bytes_max)?;
        let mut classes = Box::new([0; 256]);
        for byte in 0..=255 {
            classes[usize::from(byte)] = dfa.byte_classes().get(byte);
        }
        let plain = std::array::from_fn(|byte| match byte as u8 {
            b'"' | b'\\' | 0..0x20 | 0x80.. => states.columns as u16 - 1,
            _ => u16::from(classes[byte]),
        });
        let mut pattern = Pattern {
            source: source.into(),
            end: states.columns - 2,
            classes,
            plain: Box::new(plain),
            table: states.table.into(),
            start: states.start,
            matched: states.columns as u32,
            ladder: Ladder::default(),
            fixed: None,
        };
        let (states, positions) = pattern.only_way();
        if pattern.ends_only_behind(&states) {
            pattern.fixed = Some(Fixed::new(&positions));
        }
        // What the loop would do byte by byte is not worth a block.
        if positions.len() > 1 {
            let blocks = positions.chunks(BLOCK).map(|chunk| Ranges::new(chunk, &[]));
            pattern.ladder = Ladder { blocks: blocks.collect(), states: states.into() };
        }
        Ok(pattern)
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Bytes of memory that the tables take.
    pub fn memory_bytes(&self) -> usize {
        let blocks = self.ladder.blocks.len() + self.fixed.as_ref().map_or(0, |fixed| fixed.blocks.len());
        self.table.len() * 4 + blocks * size_of::<Ranges>()
    }

    /// Whether the pattern matches somewhere in the string that these bytes spell.
    pub fn matches(&self, bytes: impl IntoIterator<Item = u8>) -> bool {
        let mut state = self.start;
        for byte in bytes {
            state = self.step(state, byte);
            if state == self.matched {
                return true;
            }
        }
        self.accepts_in(state)
    }

    #[inline(always)]
    fn step(&self, state: u32, byte: u8) -> u32 {
        let entry = state as usize + usize::from(self.classes[usize::from(byte)]);
        self.table.get(entry).copied().unwrap_or(DEAD)
    }

    #[inline]
    fn accepts_in(&self, state: u32) -> bool {
        self.table.get(state as usize + self.end).is_some_and(|next| *next != DEAD)
    }

    /// Where the string at `at` ends, if it matches and that shows without resolving escapes. `None` says nothing.
    #[inline]
    pub(crate) fn end(&self, lexer: &Lexer<'_>, at: usize) -> Option<usize> {
        match &self.fixed {
            Some(fixed) => fixed.end(lexer.document, at),
            None => self.climb(lexer, at),
        }
    }

    fn climb(&self, lexer: &Lexer<'_>, at: usize) -> Option<usize> {
        if lexer.byte(at) != b'"' {
            return None;
        }
        let climbed = self.ladder.climb(lexer.document, at + 1);
        let mut state = self.ladder.states.get(climbed).copied().unwrap_or(self.start);
        let from = at + 1 + climbed;
        if state == self.matched {
            return lexer.plain_rest(from).map(|(end, _)| end);
        }
        for (read, byte) in lexer.document.get(from..)?.iter().enumerate() {
            let next = self.table.get(state as usize + usize::from(self.plain[usize::from(*byte)]));
            let next = next.copied().unwrap_or(DEAD);
            // Rows are numbered from the dead one and the matched one on.
            if next <= self.matched {
                return match byte {
                    _ if next == self.matched => lexer.plain_rest(from + read + 1).map(|(end, _)| end),
                    b'"' if self.accepts_in(state) => Some(from + read + 1),
                    _ => None,
                };
            }
            state = next;
        }
        None
    }

    /// The states that plain ASCII leads through as long as there is one way to go on, the start first, and the bytes that
    /// lead from each to the next.
    fn only_way(&self) -> (Vec<u32>, Vec<Position>) {
        let mut states = vec![self.start];
        let mut positions = Vec::new();
        while positions.len() < LADDER_MAX && states.last() != Some(&self.matched) {
            let Some((next, ranges)) = states.last().and_then(|state| self.only_way_on(*state)) else { break };
            states.push(next);
            positions.push(ranges);
        }
        (states, positions)
    }

    /// Only the last of these states accepts, and there is no way on from it.
    fn ends_only_behind(&self, states: &[u32]) -> bool {
        let Some((last, before)) = states.split_last() else { return false };
        let ends = self.accepts_in(*last) && (0..=0x7f).all(|byte| self.step(*last, byte) == DEAD);
        ends && !before.iter().any(|state| self.accepts_in(*state))
    }

    /// The only state that plain ASCII leads to from `state`, and the bytes that lead there, as ranges.
    fn only_way_on(&self, state: u32) -> Option<(u32, Position)> {
        let mut way: Option<(u32, Position)> = None;
        for byte in (0x20..0x80).filter(|byte| !matches!(byte, b'"' | b'\\')) {
            let next = self.step(state, byte);
            match &mut way {
                _ if next == DEAD => {}
                None => way = Some((next, vec![(byte, byte)])),
                Some((only, _)) if *only != next => return None,
                Some((_, ranges)) => match ranges.last_mut() {
                    Some((_, last)) if *last + 1 == byte => *last = byte,
                    _ => ranges.push((byte, byte)),
                },
            }
        }
        way.filter(|(_, ranges)| ranges.len() <= RANGES_MAX)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.source)
    }
}

/// The bytes that may stand somewhere, as ranges.
type Position = Vec<(u8, u8)>;

impl Fixed {
    fn new(positions: &[Position]) -> Fixed {
        let quote = vec![(b'"', b'"')];
        let quoted: Vec<Position> =
            std::iter::once(&quote).chain(positions).chain(std::iter::once(&quote)).cloned().collect();
        let blocks = quoted.chunks(BLOCK).map(|chunk| Ranges::new(chunk, &[(0, u8::MAX)]));
        Fixed { blocks: blocks.collect(), length: quoted.len() }
    }

    /// The length is known before the string is read, so that what follows need not wait for the outcome.
    #[inline(always)]
    fn end(&self, document: &[u8], at: usize) -> Option<usize> {
        let mut held = 0xffff;
        for (i, ranges) in self.blocks.iter().enumerate() {
            held &= block::within(document, at + i * BLOCK, ranges);
        }
        (held == 0xffff).then_some(at + self.length)
    }
}

impl Ladder {
    /// How many positions hold, from the first on.
    #[inline(always)]
    fn climb(&self, document: &[u8], start: usize) -> usize {
        let mut climbed = 0;
        for ranges in &self.blocks {
            let misses = !block::within(document, start + climbed, ranges) & 0xffff;
            if misses != 0 {
                climbed += misses.trailing_zeros() as usize;
                break;
            }
            climbed += BLOCK;
        }
        climbed.min(self.states.len().saturating_sub(1))
    }
}

/// The states that can be reached, numbered anew: dead, matched, then in the order they are found.
struct States {
    columns: usize,
    table: Vec<u32>,
    start: u32,
}

impl States {
    fn explore(dfa: &dense::DFA<Vec<u32>>, start: StateID, bytes_max: usize) -> Result<States, String> {
        // The alphabet has a class for the end of the string, its last; one more column is always dead.
        let columns = dfa.byte_classes().alphabet_len() + 1;
        let mut states = States { columns, table: vec![DEAD; columns], start: columns as u32 };
        states.table.extend(vec![columns as u32; columns]);
        let mut rows = HashMap::new();
        let mut found = Vec::new();
        states.start = states.row(dfa, start, &mut rows, &mut found)?;
        let representatives: Vec<u8> = dfa.byte_classes().representatives(..).filter_map(|unit| unit.as_u8()).collect();
        let mut next = 0;
        while let Some(&state) = found.get(next) {
            next += 1;
            let row = rows[&state] as usize;
            for byte in &representatives {
                let target = states.row(dfa, dfa.next_state(state, *byte), &mut rows, &mut found)?;
                states.table[row + usize::from(dfa.byte_classes().get(*byte))] = target;
            }
            if states.table.len() * 4 > bytes_max {
                return Err("the automaton has too many states".into());
            }
        }
        Ok(states)
    }

    fn row(
        &mut self,
        dfa: &dense::DFA<Vec<u32>>,
        state: StateID,
        rows: &mut HashMap<StateID, u32>,
        found: &mut Vec<StateID>,
    ) -> Result<u32, String> {
        if dfa.is_quit_state(state) {
            return Err("the automaton cannot look at text beyond ASCII".into());
        }
        if dfa.is_dead_state(state) {
            return Ok(DEAD);
        }
        if dfa.is_match_state(state) {
            return Ok(self.columns as u32);
        }
        if let Some(row) = rows.get(&state) {
            return Ok(*row);
        }
        let row = u32::try_from(self.table.len()).map_err(|error| error.to_string())?;
        self.table.resize(self.table.len() + self.columns, DEAD);
        if dfa.is_match_state(dfa.next_eoi_state(state)) {
            self.table[row as usize + self.columns - 2] = self.columns as u32;
        }
        rows.insert(state, row);
        found.push(state);
        Ok(row)
    }
}

/// An expression that cannot be compiled within its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    source: String,
    bytes_max: usize,
    cause: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PatternError { source, bytes_max, cause } = self;
        write!(f, "pattern {source:?} cannot be compiled within {bytes_max} bytes: {cause}")
    }
}

impl std::error::Error for PatternError {}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPRESSIONS: &[&str] = &[
        "",
        "^$",
        "a",
        "^a",
        "a$",
        "^[0-9a-f]{8}-[0-9a-f]{4}$",
        "^[A-Z0-9]{4,12}$",
        "^[0-9A-Z][0-9A-Z -]{2,9}$",
        "^[0-9]{4}-[0-9]{2}(\\.[0-9]{1,6})?Z$",
        "^[a-z]*$",
        "^[a-z]+@[a-z.]+$",
        "[A-Z].*",
        "^(ab|cd)*x?$",
        "^[^x]{3}$",
        "^.{2,70}$",
        "^ABCDEFGHIJKLMNOP$",
        "^ABCDEFGHIJKLMNOPQ?$",
        "^ü+$",
    ];

    fn compile(expression: &str) -> Pattern {
        Pattern::new(expression, &regex_syntax::parse(expression).unwrap(), 1 << 20).unwrap()
    }

    fn strings() -> Vec<String> {
        let mut strings: Vec<String> = [
            "",
            "a",
            "b",
            "ab",
            "A",
            "ORD",
            "0123abcd-01ef",
            "ABCD",
            "ABCDEFGHIJKL",
            "ABCDEFGHIJKLM",
            "0AB-",
            "2024-01Z",
            "2024-01.123Z",
            "2024-01.Z",
            "x@y.z",
            "abab",
            "ababcdx",
            "üü",
            "aü",
            "ABCDEFGHIJKLMNOP",
            "ABCDEFGHIJKLMNOPQ",
        ]
        .map(String::from)
        .into();
        strings.extend((0..90).map(|n| "a".repeat(n)));
        strings.extend((0..20).map(|n| "0".repeat(n)));
        strings
    }

    #[test]
    fn tables_agree_with_the_regex_engine() {
        for expression in EXPRESSIONS {
            let pattern = compile(expression);
            let reference = regex_automata::meta::Regex::new(expression).unwrap();
            for string in strings() {
                let expected = reference.is_match(string.as_str());
                assert_eq!(pattern.matches(string.bytes()), expected, "{expression} {string}");
                for rest in ["", "}", ", \"and more text that fills a block\": 1}"] {
                    let document = format!(" \"{string}\"{rest}");
                    let end = pattern.end(&Lexer::again(document.as_bytes()), 1);
                    let wanted = expected.then_some(string.len() + 3);
                    assert!(end == wanted || end.is_none() && !string.is_ascii(), "{expression} {string}: {end:?}");
                }
            }
        }
    }

    #[test]
    fn an_expression_over_the_limit_is_refused() {
        let expression = "^[ab]*a[ab]{14}$";
        let error = Pattern::new(expression, &regex_syntax::parse(expression).unwrap(), 1 << 16).unwrap_err();
        assert!(error.to_string().contains("cannot be compiled within 65536 bytes"), "{error}");
    }

    #[test]
    fn word_boundaries_beyond_ascii_are_refused() {
        assert!(Pattern::new(r"\bx", &regex_syntax::parse(r"\bx").unwrap(), 1 << 20).is_err());
        assert!(compile(r"(?-u:\b)x").matches(*b"a x"));
    }
}
