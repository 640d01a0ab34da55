//! The check of a document against one rule, while it is read.
//!
//! Every value is met by one node. As a rule a [glance] at it is enough. If not, and as long as one struct or list rule
//! says what is allowed, the checker follows it and stops at the first broken rule; where several might, `survey` takes
//! over for that value.

mod array;
mod glance;
mod halt;
mod number;
mod object;
mod string;

use std::ops::Range;

use smallvec::SmallVec;

use crate::build::CAPTURES_MAX;
use crate::formula::{Formula, Truth};
use crate::lex::Lexer;
use crate::peek::seek;
use crate::program::{Limits, ListTest, Node, NodeId, Program, StructTest};
use crate::verdict::{Broken, Demand, Doubt, Fault, Kind, Malformed, Verdict};

pub(crate) use array::Tallies;
pub(crate) use glance::Glance;
pub(crate) use halt::{Flow, Halt};
pub(crate) use number::number_truth;
pub(crate) use object::{find_name, name_offset};
pub(crate) use string::string_truth;

use halt::Stop;

/// Positions of names are kept in 32 bits.
const DOCUMENT_BYTES_MAX: usize = u32::MAX as usize;

/// Places of captured values, by index.
pub type Captured = [Option<Range<usize>>; CAPTURES_MAX];

/// What a check found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The verdict.
    pub verdict: Verdict,
    /// Where the captured values stand, in bytes, quotes and brackets included; in the order in which the builder was
    /// asked for them. `None` for those that the document does not have, and for all of them if it is rejected or
    /// malformed.
    pub captured: Captured,
}

impl Program {
    /// Judges a document: one JSON value, white space around it allowed.
    pub fn check(&self, document: &[u8]) -> Verdict {
        self.run(document, self.limits, &mut Captured::default())
    }

    /// Judges a document within bounds of the caller's, and finds the values that
    /// [`Builder::capture`](crate::Builder::capture) asked for.
    ///
    /// Any verdict but [`Verdict::Malformed`] says that the whole document has been read: it is UTF-8 and well-formed,
    /// names no member twice and keeps within the bounds, so nobody need scan it again.
    pub fn check_capturing(&self, document: &[u8], limits: Limits) -> Checked {
        let mut captured = Captured::default();
        let verdict = self.run(document, limits.lowered(), &mut captured);
        if matches!(verdict, Verdict::Accept | Verdict::Unsure(_)) {
            for (path, place) in self.captures.iter().zip(&mut captured).filter(|(_, place)| place.is_none()) {
                // Behind alternatives no field is marked.
                *place = value_at(document, path);
            }
        }
        Checked { verdict, captured }
    }

    fn run(&self, document: &[u8], limits: Limits, captured: &mut Captured) -> Verdict {
        if document.len() > DOCUMENT_BYTES_MAX {
            let fault = Fault::TooLong(DOCUMENT_BYTES_MAX);
            return Verdict::Malformed(Box::new(Malformed { offset: DOCUMENT_BYTES_MAX, fault }));
        }
        let mut checker = Checker {
            program: self,
            lexer: Lexer::new(document, limits),
            doubt: None,
            captured,
            elements: SmallVec::new(),
            places: SmallVec::new(),
        };
        match checker.document() {
            Ok(()) if checker.doubt.is_none() => Verdict::Accept,
            Ok(()) => checker.unsure(),
            Err(Halt(stop)) => {
                *checker.captured = Captured::default();
                match *stop {
                    Stop::Malformed(malformed) => Verdict::Malformed(Box::new(malformed)),
                    Stop::Broken(violation) => match well_formed(document, limits) {
                        Ok(()) => Verdict::Reject(Box::new(violation.finish())),
                        Err(malformed) => Verdict::Malformed(malformed),
                    },
                }
            }
        }
    }
}

/// Whether the document would be taken if no rule were broken.
fn well_formed(document: &[u8], limits: Limits) -> crate::lex::Read {
    let mut lexer = Lexer::new(document, limits);
    lexer.skip()?;
    lexer.end()
}

/// A check in progress.
pub(crate) struct Checker<'p, 'd, 'c> {
    pub(crate) program: &'p Program,
    pub(crate) lexer: Lexer<'d>,
    /// The first value in doubt, and its island.
    doubt: Option<(Range<usize>, Option<u32>)>,
    captured: &'c mut Captured,
    /// Fingerprints of elements of the open lists whose elements must differ.
    pub(crate) elements: SmallVec<[u128; 8]>,
    /// Where the members stand that relations of the open objects look at, by slot; inner objects' behind outer ones'.
    pub(crate) places: SmallVec<[Place; 8]>,
}

/// The byte range of a member's value, once it has been seen.
pub(crate) type Place = Option<(u32, u32)>;

impl<'p, 'd> Checker<'p, 'd, '_> {
    fn document(&mut self) -> Flow {
        self.lexer.space();
        self.value(self.program.root)?;
        Ok(self.lexer.end()?)
    }

    #[cold]
    fn unsure(&self) -> Verdict {
        let (range, reason) = self.doubt.clone().unwrap_or_default();
        let reason = reason.and_then(|island| self.program.reasons.get(island as usize));
        let reason = reason.map_or_else(
            || "ambiguous alternatives, or members that leave a rule between them open".into(),
            |reason| reason.to_string(),
        );
        Verdict::Unsure(Box::new(Doubt { range, reason }))
    }

    /// The truth about the value at `offset`, which has just been read.
    #[inline(always)]
    pub(crate) fn settle(&mut self, truth: Truth, offset: usize, node: &Node, broken: impl FnOnce() -> Broken) -> Flow {
        match truth {
            Truth::Yes => Ok(()),
            Truth::No => Err(Halt::broken(offset, broken())),
            Truth::Unsure => {
                self.doubt(offset, node.reason);
                Ok(())
            }
        }
    }

    #[cold]
    fn doubt(&mut self, offset: usize, reason: Option<u32>) {
        self.doubt.get_or_insert((offset..self.lexer.at, reason));
    }

    /// Checks the value at the reading position, or behind white space.
    fn value(&mut self, node: NodeId) -> Flow {
        let node = &self.program.nodes[node as usize];
        self.lexer.at = match node.glance.end(&self.lexer, self.lexer.at) {
            Some(end) => end,
            None => self.value_closely(node, self.lexer.at)?,
        };
        Ok(())
    }

    /// Checks the value at `at`, or behind white space there, at which a glance was not enough, and says where it ends.
    fn value_closely(&mut self, node: &'p Node, at: usize) -> Flow<usize> {
        self.lexer.at = at;
        if self.lexer.peek() <= b' ' {
            self.lexer.space();
            if let Some(end) = node.glance.end(&self.lexer, self.lexer.at) {
                return Ok(end);
            }
        }
        match self.lexer.peek() {
            b'"' => self.string(node)?,
            b'{' => self.object(node)?,
            b'[' => self.array(node)?,
            b'-' | b'0'..=b'9' => self.number(node)?,
            _ => self.literal(node)?,
        }
        Ok(self.lexer.at)
    }

    fn literal(&mut self, node: &Node) -> Flow {
        let offset = self.lexer.at;
        let (truth, kind) = match self.lexer.literal()? {
            b'n' => (node.null, Kind::Null),
            b't' => (node.bools[1], Kind::Bool),
            _ => (node.bools[0], Kind::Bool),
        };
        self.settle(truth, offset, node, || broken_scalar(node, kind, || None))
    }

    fn object(&mut self, node: &'p Node) -> Flow {
        match &node.object {
            Formula::Rule(StructTest::Struct(id)) => self.members(&self.program.structs[*id as usize]),
            Formula::Fixed(truth) => self.skip(*truth, node, Kind::Struct),
            _ => match &node.switch {
                Some(switch) => self.switch(switch, node),
                None => self.several(node, Kind::Struct),
            },
        }
    }

    fn array(&mut self, node: &'p Node) -> Flow {
        match &node.array {
            Formula::Rule(ListTest::List(id)) => self.elements(&self.program.lists[*id as usize]),
            Formula::Fixed(truth) => self.skip(*truth, node, Kind::List),
            _ => self.several(node, Kind::List),
        }
    }

    /// The value needs only be well-formed, or cannot be allowed.
    fn skip(&mut self, truth: Truth, node: &Node, kind: Kind) -> Flow {
        let offset = self.lexer.at;
        if truth != Truth::No {
            self.lexer.skip()?;
        }
        self.settle(truth, offset, node, || Broken::Kind(kind))
    }

    /// The formula for the value has more than one rule.
    fn several(&mut self, node: &'p Node, kind: Kind) -> Flow {
        let offset = self.lexer.at;
        let truth = self.survey_node(node)?;
        self.settle(truth, offset, node, || if node.allows(kind) { Broken::Alternatives } else { Broken::Kind(kind) })
    }
}

#[cold]
fn broken_scalar(node: &Node, kind: Kind, demand: impl FnOnce() -> Option<Demand>) -> Broken {
    if node.allows(kind) { Broken::Value(kind, demand().map(Box::new)) } else { Broken::Kind(kind) }
}

/// The value that a path of names leads to in a document that has been read without fault.
fn value_at(document: &[u8], path: &[Box<[u8]>]) -> Option<Range<usize>> {
    let mut lexer = Lexer::new(document, Limits::READ_AGAIN);
    lexer.space();
    for name in path {
        seek(&mut lexer, name)?;
    }
    lexer.skip().ok()
}
