//! The check of a document against one rule, while it is read.
//!
//! Every value is met by one node. As long as one struct or list rule says what is allowed, the checker follows it and
//! stops at the first broken rule; where several might, `survey` takes over for that value.

use std::ops::Range;

use smallvec::SmallVec;

use crate::build::CAPTURES_MAX;
use crate::decimal::Value;
use crate::fingerprint::Keys;
use crate::formula::{Formula, Truth};
use crate::lex::Lexer;
use crate::pattern::Glance;
use crate::peek::seek;
use crate::program::{
    Contains, Field, Limits, List, ListTest, Node, NodeId, NumberForm, NumberTest, Program, StringTest, Struct,
    StructTest, Switch,
};
use crate::text::Text;
use crate::verdict::{Broken, Doubt, Fault, Kind, Malformed, Verdict, Violation};

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

/// Why a check ends early. One pointer wide, because every function on the way returns it.
pub(crate) struct Halt(Box<Stop>);

pub(crate) type Flow<T = ()> = Result<T, Halt>;

enum Stop {
    Malformed(Malformed),
    Broken(Break),
}

/// A violation whose path is still being collected, innermost step first.
struct Break {
    offset: usize,
    broken: Broken,
    path: Vec<String>,
}

impl Break {
    fn finish(self) -> Violation {
        let escape = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
        Violation { offset: self.offset, pointer: self.path.iter().rev().map(escape).collect(), broken: self.broken }
    }
}

impl From<Box<Malformed>> for Halt {
    #[cold]
    fn from(malformed: Box<Malformed>) -> Halt {
        Halt(Box::new(Stop::Malformed(*malformed)))
    }
}

impl Halt {
    #[cold]
    #[inline(never)]
    pub(crate) fn broken(offset: usize, broken: Broken) -> Halt {
        Halt(Box::new(Stop::Broken(Break { offset, broken, path: Vec::new() })))
    }

    /// The same, one step further out.
    #[cold]
    #[inline(never)]
    fn within(mut self, step: String) -> Halt {
        if let Stop::Broken(Break { path, .. }) = &mut *self.0 {
            path.push(step);
        }
        self
    }
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
        self.value_here(node)
    }

    /// The same, in line: the loop over members spends most of its time here.
    #[inline(always)]
    fn value_here(&mut self, node: NodeId) -> Flow {
        let node = &self.program.nodes[node as usize];
        match self.lexer.peek() {
            b'"' => self.string(node),
            b'{' => self.object(node),
            b'[' => self.array(node),
            b'-' | b'0'..=b'9' => self.number(node),
            _ => self.other(node),
        }
    }

    /// A literal, or white space before the value.
    #[inline(never)]
    fn other(&mut self, node: &'p Node) -> Flow {
        self.lexer.space();
        match self.lexer.peek() {
            b'"' => self.string(node),
            b'{' => self.object(node),
            b'[' => self.array(node),
            b'-' | b'0'..=b'9' => self.number(node),
            _ => self.literal(node),
        }
    }

    fn literal(&mut self, node: &Node) -> Flow {
        let offset = self.lexer.at;
        let (truth, kind) = match self.lexer.literal()? {
            b'n' => (node.null, Kind::Null),
            b't' => (node.bools[1], Kind::Bool),
            _ => (node.bools[0], Kind::Bool),
        };
        self.settle(truth, offset, node, || broken_scalar(node, kind))
    }

    #[inline(always)]
    fn number(&mut self, node: &Node) -> Flow {
        let offset = self.lexer.at;
        let Some((short, float)) = self.lexer.short_number() else { return self.long_number(node) };
        let truth = number_truth(&node.number, Value::Short(short), float);
        self.settle(truth, offset, node, || broken_scalar(node, Kind::Number))
    }

    #[cold]
    #[inline(never)]
    fn long_number(&mut self, node: &Node) -> Flow {
        let offset = self.lexer.at;
        let number = self.lexer.number()?;
        let truth = number_truth(&node.number, Value::Long(number), number.float);
        self.settle(truth, offset, node, || broken_scalar(node, Kind::Number))
    }

    #[inline(always)]
    fn string(&mut self, node: &Node) -> Flow {
        let offset = self.lexer.at;
        let start = offset + 1;
        if let Formula::Rule(StringTest::Pattern(pattern)) = &node.string {
            match pattern.glance(self.lexer.document, start) {
                Glance::Whole(end) => {
                    self.lexer.at = end + 1;
                    return Ok(());
                }
                Glance::Match(at) => {
                    self.lexer.string_from(start, at)?;
                    return Ok(());
                }
                Glance::Unclear => {}
            }
        }
        let text = self.lexer.string()?;
        let truth = match &node.string {
            Formula::Fixed(truth) => *truth,
            Formula::Rule(StringTest::OneOf(names)) if !text.escaped => {
                Truth::of(names.find_at(self.lexer.document, start, text.raw.len()).is_some())
            }
            // Plain ASCII has as many code points as bytes.
            Formula::Rule(StringTest::Runes { min, max }) if text.ascii => {
                Truth::of(*min <= text.raw.len() && text.raw.len() <= *max)
            }
            formula => string_truth(formula, text),
        };
        self.settle(truth, offset, node, || broken_scalar(node, Kind::String))
    }

    #[inline(never)]
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

    #[inline(never)]
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

    /// Looks for the member that decides between alternatives. Behind a composite value it is not looked for: then all
    /// alternatives are followed at once.
    fn switch(&mut self, switch: &'p Switch, node: &'p Node) -> Flow {
        let offset = self.lexer.at;
        let found = self.find_case(switch);
        self.lexer.at = offset;
        match found {
            Some(Some(id)) => self.members(&self.program.structs[id as usize]),
            Some(None) => Err(Halt::broken(offset, Broken::Alternatives)),
            None => self.several(node, Kind::Struct),
        }
    }

    /// The struct for the deciding member's value; `None` inside if there is none for it, outside if it is not found.
    fn find_case(&mut self, switch: &Switch) -> Option<Option<u32>> {
        self.lexer.at += 1;
        self.lexer.space();
        let mut buffer = SmallVec::<[u8; 64]>::new();
        loop {
            let name = self.lexer.name().ok()?;
            let found = name.resolve(&mut buffer) == &*switch.name;
            match self.lexer.peek() {
                b'"' => {
                    let value = self.lexer.string().ok()?;
                    if found {
                        let index = switch.values.find(value.resolve(&mut buffer));
                        return Some(index.map(|index| switch.structs[index]));
                    }
                }
                b'{' | b'[' if !found => return None,
                _ if found => return Some(None),
                _ => _ = self.lexer.skip().ok()?,
            }
            if !self.lexer.next(b'}').ok()? {
                return None;
            }
        }
    }

    /// Checks the object at the reading position, member by member.
    fn members(&mut self, rule: &'p Struct) -> Flow {
        let offset = self.lexer.at;
        self.lexer.enter()?;
        let mark = self.lexer.mark();
        let mut seen = Seen { places: self.places.len(), ..Seen::default() };
        self.places.resize(seen.places + rule.slots, None);
        if self.lexer.peek() != b'}' {
            // Producers write members in one order, and as a rule that of the schema.
            let mut guess = 0;
            loop {
                guess = self.member(rule, guess, &mut seen)?;
                if !self.lexer.next(b'}')? {
                    break;
                }
            }
        }
        self.lexer.distinct(mark)?;
        self.lexer.leave();
        seen.satisfies(rule, offset)?;
        if rule.slots > 0 { self.related(rule, seen.places, offset) } else { Ok(()) }
    }

    /// Whether the members satisfy the rules between them; forgets their places.
    #[inline(never)]
    fn related(&mut self, rule: &Struct, places: usize, offset: usize) -> Flow {
        for index in 0..rule.relations.len() {
            match self.relation_truth(rule, index, places) {
                Truth::Yes => {}
                Truth::No => return Err(Halt::broken(offset, Broken::Relation(rule.relations[index].0.name.clone()))),
                Truth::Unsure => self.doubt(offset, None),
            }
        }
        self.places.truncate(places);
        Ok(())
    }

    /// The truth of a relation of an object whose members have been read; `places` is where theirs begin.
    pub(crate) fn relation_truth(&self, rule: &Struct, index: usize, places: usize) -> Truth {
        let (relation, slots) = &rule.relations[index];
        let text = |slot: &u8| {
            let (start, end) = self.places[places + usize::from(*slot)]?;
            Some(&self.lexer.document[start as usize..end as usize])
        };
        let texts: SmallVec<[Option<&[u8]>; 4]> = slots.iter().map(text).collect();
        (relation.test)(&texts).map_or(Truth::Unsure, Truth::of)
    }

    /// Checks a member and says which field probably comes next.
    #[inline(always)]
    fn member(&mut self, rule: &'p Struct, guess: usize, seen: &mut Seen) -> Flow<usize> {
        let document = self.lexer.document;
        let at = self.lexer.at;
        seen.members += 1;
        let plain = rule.is_narrow() && rule.naming.is_none();
        let guessed = rule
            .fields
            .get(guess)
            .filter(|field| plain && field.spelling.as_ref().is_some_and(|spelling| spelling.stands_at(document, at)));
        let index = if let Some(field) = guessed {
            self.lexer.at = at + field.spelled_bytes;
            guess
        } else {
            let name = self.lexer.name()?;
            let at = name_offset(name, document);
            if !plain {
                self.name(rule, name, at)?;
            }
            match find_name(rule, document, at, name) {
                Some(index) => index,
                None => {
                    self.unknown(rule, name, at)?;
                    return Ok(guess);
                }
            }
        };
        let field = &rule.fields[index];
        if rule.is_narrow() {
            if seen.fields & 1 << index != 0 {
                return Err(self.lexer.fault_at(at, Fault::DuplicateMember).into());
            }
            seen.fields |= 1 << index;
        }
        seen.required += usize::from(field.required);
        if field.is_noted() {
            return self.noted_member(rule, index, seen.places);
        }
        if let Err(halt) = self.value_here(field.node) {
            return Err(halt.within(field_name(rule, index)));
        }
        Ok(index + 1)
    }

    #[inline(never)]
    fn noted_member(&mut self, rule: &'p Struct, index: usize, places: usize) -> Flow<usize> {
        self.lexer.space();
        let start = self.lexer.at;
        if let Err(halt) = self.value(rule.fields[index].node) {
            return Err(halt.within(field_name(rule, index)));
        }
        self.note(&rule.fields[index], places, start);
        for (capture, place) in self.captured.iter_mut().enumerate() {
            if rule.fields[index].captures >> capture & 1 == 1 {
                *place = Some(start..self.lexer.at);
            }
        }
        Ok(index + 1)
    }

    /// Notes where the value of a member, which has just been read, stands.
    pub(crate) fn note(&mut self, field: &Field, places: usize, start: usize) {
        if field.slot != Field::NO_SLOT {
            // A document has no more bytes than 32 bits count.
            self.places[places + usize::from(field.slot)] = Some((start as u32, self.lexer.at as u32));
        }
    }

    /// A name in a struct that has more fields than bits, or a rule for names.
    fn name(&mut self, rule: &Struct, name: Text<'d>, at: usize) -> Flow {
        if !rule.is_narrow() && find_name(rule, self.lexer.document, at, name).is_some() {
            self.lexer.remember(name);
        }
        let Some(naming) = rule.naming else { return Ok(()) };
        let node = &self.program.nodes[naming as usize];
        match self.settle(string_truth(&node.string, name), at, node, || Broken::Name) {
            Ok(()) => Ok(()),
            Err(halt) => Err(halt.within(spelled(name))),
        }
    }

    /// A member that is no field: every group has its say.
    fn unknown(&mut self, rule: &'p Struct, name: Text<'d>, at: usize) -> Flow {
        self.lexer.remember(name);
        let mut nodes = SmallVec::<[NodeId; 4]>::new();
        if !rule.others(name, |node| nodes.push(node)) {
            return Err(Halt::broken(at, Broken::Unknown).within(spelled(name)));
        }
        let result = match *nodes {
            [] => self.lexer.skip().map(|_| ()).map_err(Halt::from),
            [node] => self.value(node),
            _ => self.all_of(&nodes),
        };
        result.map_err(|halt| halt.within(spelled(name)))
    }

    /// The value has to satisfy all these nodes.
    fn all_of(&mut self, nodes: &[NodeId]) -> Flow {
        let offset = self.lexer.at;
        let masks = self.survey(nodes)?;
        let truths = (0..nodes.len()).map(|index| masks.truth(index));
        let reasons = nodes.iter().zip(truths);
        for (node, truth) in reasons {
            let node = &self.program.nodes[*node as usize];
            self.settle(truth, offset, node, || Broken::Alternatives)?;
        }
        Ok(())
    }

    /// Checks the array at the reading position, element by element.
    fn elements(&mut self, rule: &'p List) -> Flow {
        let offset = self.lexer.at;
        self.lexer.enter()?;
        let mut tallies = Tallies::new(&rule.contains);
        let keys = Keys::unique([rule.unique]);
        let mark = self.elements.len();
        let mut count = 0;
        if self.lexer.peek() != b']' {
            loop {
                if count >= rule.length_max {
                    return Err(Halt::broken(offset, Broken::Length(count + 1)));
                }
                let node = rule.prefix.get(count).copied().unwrap_or(rule.rest);
                self.lexer.space();
                let start = self.lexer.at;
                let result = if rule.contains.is_empty() { self.value(node) } else { self.tallied(node, &mut tallies) };
                if let Err(halt) = result {
                    return Err(halt.within(count.to_string()));
                }
                if let Some(keys) = &keys {
                    self.elements.push(keys.of(self.lexer.document, start..self.lexer.at));
                }
                count += 1;
                if !self.lexer.next(b']')? {
                    break;
                }
            }
        }
        self.lexer.leave();
        if count < rule.length_min {
            return Err(Halt::broken(offset, Broken::Length(count)));
        }
        if !self.differ(mark) {
            return Err(Halt::broken(offset, Broken::Unique));
        }
        self.contained(&tallies, offset)
    }

    /// An element that is looked at for what the list has to contain, too.
    fn tallied(&mut self, node: NodeId, tallies: &mut Tallies<'p>) -> Flow {
        let offset = self.lexer.at;
        let mut nodes: SmallVec<[NodeId; 4]> = tallies.rules.iter().map(|rule| rule.node).collect();
        nodes.insert(0, node);
        let masks = self.survey(&nodes)?;
        tallies.add(|index| masks.truth(index + 1));
        let node = &self.program.nodes[node as usize];
        self.settle(masks.truth(0), offset, node, || Broken::Alternatives)
    }

    fn contained(&mut self, tallies: &Tallies<'p>, offset: usize) -> Flow {
        for (index, rule) in tallies.rules.iter().enumerate() {
            let node = &self.program.nodes[rule.node as usize];
            let (truth, count) = tallies.truth(index);
            self.settle(truth, offset, node, || Broken::Contains(count))?;
        }
        Ok(())
    }

    /// Whether the fingerprints since `mark` are all different; forgets them.
    pub(crate) fn differ(&mut self, mark: usize) -> bool {
        let elements = &mut self.elements[mark..];
        elements.sort_unstable();
        let differ = elements.windows(2).all(|pair| pair[0] != pair[1]);
        self.elements.truncate(mark);
        differ
    }
}

/// What has been seen of an object.
#[derive(Default)]
struct Seen {
    /// Bit by field, in a narrow struct.
    fields: u64,
    required: usize,
    members: usize,
    /// Where the places of this object's members begin.
    places: usize,
}

impl Seen {
    #[inline(always)]
    fn satisfies(&self, rule: &Struct, offset: usize) -> Flow {
        if self.required < rule.required_count {
            return Err(self.missing(rule, offset));
        }
        if self.members < rule.members_min || self.members > rule.members_max {
            return Err(Halt::broken(offset, Broken::Members(self.members)));
        }
        Ok(())
    }

    #[cold]
    fn missing(&self, rule: &Struct, offset: usize) -> Halt {
        let halt = Halt::broken(offset, Broken::Required);
        let missing = rule.required & !self.fields;
        // A wide struct does not keep which of its fields were there.
        if rule.is_narrow() && missing != 0 {
            halt.within(field_name(rule, missing.trailing_zeros() as usize))
        } else {
            halt
        }
    }
}

/// How many elements satisfy each of the rules for contained elements.
pub(crate) struct Tallies<'p> {
    pub(crate) rules: &'p [Contains],
    counts: SmallVec<[(usize, usize); 2]>,
}

impl<'p> Tallies<'p> {
    pub(crate) fn new(rules: &'p [Contains]) -> Tallies<'p> {
        Tallies { rules, counts: SmallVec::from_elem((0, 0), rules.len()) }
    }

    pub(crate) fn add(&mut self, truth: impl Fn(usize) -> Truth) {
        for (index, (yes, unsure)) in self.counts.iter_mut().enumerate() {
            match truth(index) {
                Truth::Yes => *yes += 1,
                Truth::Unsure => *unsure += 1,
                Truth::No => {}
            }
        }
    }

    /// Whether the rule's bounds hold, and how many elements satisfy it for certain.
    pub(crate) fn truth(&self, index: usize) -> (Truth, usize) {
        let (rule, (yes, unsure)) = (self.rules[index], self.counts[index]);
        let truth = match yes + unsure {
            possible if possible < rule.min || yes > rule.max || rule.min > rule.max => Truth::No,
            possible if yes >= rule.min && possible <= rule.max => Truth::Yes,
            _ => Truth::Unsure,
        };
        (truth, yes)
    }
}

impl Struct {
    /// Calls `visit` with what a member of this name, which is no field, has to satisfy. False if there must be none.
    pub(crate) fn others(&self, name: Text<'_>, mut visit: impl FnMut(NodeId)) -> bool {
        self.groups.iter().filter(|group| !group.open).all(|group| {
            let mut matched = false;
            for (_, node) in group.patterns.iter().filter(|(names, _)| string_truth(names, name) == Truth::Yes) {
                matched = true;
                visit(*node);
            }
            if let (false, Some(rest)) = (matched, group.rest) {
                visit(rest);
            }
            matched || group.rest.is_some()
        })
    }
}

/// The index of the field with this name, whose opening quote is at `at`.
#[inline(always)]
pub(crate) fn find_name(rule: &Struct, document: &[u8], at: usize, name: Text<'_>) -> Option<usize> {
    if !name.escaped {
        return rule.names.find_at(document, at + 1, name.raw.len());
    }
    let mut buffer = SmallVec::<[u8; 64]>::new();
    rule.names.find(name.resolve(&mut buffer))
}

/// Where the name's opening quote stands.
pub(crate) fn name_offset(name: Text<'_>, document: &[u8]) -> usize {
    // The name is a slice of the document, so its place is the distance of the two.
    name.raw.as_ptr().addr() - document.as_ptr().addr() - 1
}

#[cold]
fn field_name(rule: &Struct, index: usize) -> String {
    let name = rule.names.iter().nth(index).unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

#[cold]
fn spelled(name: Text<'_>) -> String {
    String::from_utf8_lossy(&name.bytes().collect::<Vec<u8>>()).into_owned()
}

#[cold]
fn broken_scalar(node: &Node, kind: Kind) -> Broken {
    if node.allows(kind) { Broken::Value(kind) } else { Broken::Kind(kind) }
}

/// The truth of a formula about a number that has been read; `float` says how it is written.
#[inline(always)]
pub(crate) fn number_truth(formula: &Formula<NumberTest>, value: Value<'_>, float: bool) -> Truth {
    match formula {
        Formula::Rule(test) => Truth::of(test.holds(value, float)),
        formula => formula.truth(&mut |test| Truth::of(test.holds(value, float))),
    }
}

impl NumberTest {
    #[inline(always)]
    fn holds(&self, value: Value<'_>, float: bool) -> bool {
        match self {
            NumberTest::Range(range) => {
                let form = match range.form {
                    NumberForm::Any => true,
                    NumberForm::Integer => !float,
                    NumberForm::Float => float,
                };
                let above = range.min.as_ref().is_none_or(|(min, inclusive)| {
                    let order = min.compare(value);
                    order.is_gt() || *inclusive && order.is_eq()
                });
                let below = range.max.as_ref().is_none_or(|(max, inclusive)| {
                    let order = max.compare(value);
                    order.is_lt() || *inclusive && order.is_eq()
                });
                form && above && below
            }
            NumberTest::Whole => value.is_whole(),
            NumberTest::MultipleOf(divisor) => divisor.divides(value),
        }
    }
}

/// The truth of a formula about a string that has been read.
pub(crate) fn string_truth(formula: &Formula<StringTest>, text: Text<'_>) -> Truth {
    formula.truth(&mut |test| test.truth(text))
}

impl StringTest {
    fn truth(&self, text: Text<'_>) -> Truth {
        match self {
            StringTest::Where(condition) => {
                let mut buffer = SmallVec::<[u8; 256]>::new();
                let text = std::str::from_utf8(text.resolve(&mut buffer)).ok();
                text.and_then(|text| (condition.test)(text)).map_or(Truth::Unsure, Truth::of)
            }
            test => Truth::of(test.holds(text)),
        }
    }

    fn holds(&self, text: Text<'_>) -> bool {
        match self {
            StringTest::Runes { min, max } => {
                // A code point takes from one byte to twelve, so that counting is seldom necessary.
                let bytes = text.raw.len();
                let surely = *min <= bytes.div_ceil(12) && bytes <= *max;
                surely || (*min..=*max).contains(&text.runes())
            }
            StringTest::Pattern(pattern) if text.escaped => pattern.matches(text.bytes()),
            StringTest::Pattern(pattern) => pattern.matches(text.raw.iter().copied()),
            // An escape takes at most six bytes for each byte that it stands for.
            StringTest::OneOf(names) if text.raw.len() > 6 * names.longest() => false,
            StringTest::OneOf(names) => {
                let mut buffer = SmallVec::<[u8; 256]>::new();
                names.find(text.resolve(&mut buffer)).is_some()
            }
            StringTest::Where(_) => false,
        }
    }
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
