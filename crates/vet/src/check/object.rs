//! Rules for objects.

use smallvec::SmallVec;

use crate::formula::Truth;
use crate::program::{Field, Node, NodeId, Struct, Switch};
use crate::text::Text;
use crate::verdict::{Broken, Fault, Kind};

use super::string::string_truth;
use super::{Checker, Flow, Halt};

impl<'p, 'd> Checker<'p, 'd, '_> {
    /// Looks for the member that decides between alternatives. Behind a composite value it is not looked for: then all
    /// alternatives are followed at once.
    pub(super) fn switch(&mut self, switch: &'p Switch, node: &'p Node) -> Flow {
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
    pub(super) fn members(&mut self, rule: &'p Struct) -> Flow {
        let offset = self.lexer.at;
        let document = self.lexer.document;
        self.lexer.enter()?;
        let mut seen = Seen::default();
        if !rule.relations.is_empty() {
            seen.places = self.places.len();
            self.places.resize(seen.places + rule.slots, None);
        }
        // Producers write members in one order, and as a rule that of the schema.
        let mut guess = 0;
        let mut at = self.lexer.at;
        let mut more = self.lexer.peek() != b'}';
        while more {
            seen.members += 1;
            at = match rule.guessed(document, at, guess).or_else(|| rule.guessed(document, at, guess + 1)) {
                Some((index, behind)) => {
                    guess = index + 1;
                    self.field(rule, index, &mut seen, at, behind)?
                }
                None => self.member(rule, &mut guess, &mut seen, at)?,
            };
            more = match self.lexer.byte(at) {
                b',' => {
                    at += 1;
                    true
                }
                b'}' => false,
                _ => {
                    self.lexer.at = at;
                    let more = self.lexer.next(b'}')?;
                    at = self.lexer.at;
                    more
                }
            };
        }
        self.lexer.at = at;
        self.lexer.distinct(seen.remembered)?;
        self.lexer.leave();
        seen.satisfies(rule, offset)?;
        if rule.relations.is_empty() { Ok(()) } else { self.related(rule, seen.places, offset) }
    }

    /// Checks a field's value, which stands at `behind`, and says where it ends; the name stands at `at`.
    #[inline(always)]
    fn field(&mut self, rule: &'p Struct, index: usize, seen: &mut Seen, at: usize, behind: usize) -> Flow<usize> {
        let field = &rule.fields[index];
        if rule.is_narrow() {
            if seen.fields >> index & 1 != 0 {
                return Err(self.lexer.fault_at(at, Fault::DuplicateMember).into());
            }
            seen.fields |= 1 << index;
        } else {
            seen.required += usize::from(field.required);
        }
        if field.noted {
            return self.noted_field(rule, index, seen.places, behind);
        }
        match field.glance.end(&self.lexer, behind) {
            Some(end) => Ok(end),
            None => self.field_closely(rule, index, behind),
        }
    }

    #[inline(never)]
    fn field_closely(&mut self, rule: &'p Struct, index: usize, behind: usize) -> Flow<usize> {
        let node = &self.program.nodes[rule.fields[index].node as usize];
        self.value_closely(node, behind).map_err(|halt| halt.within(field_name(rule, index)))
    }

    /// Checks a member that is not the guessed one; `guess` becomes what probably comes next.
    #[inline(never)]
    fn member(&mut self, rule: &'p Struct, guess: &mut usize, seen: &mut Seen, at: usize) -> Flow<usize> {
        self.lexer.at = at;
        let name = self.lexer.name()?;
        let at = name_offset(name, self.lexer.document);
        let found = find_name(rule, self.lexer.document, at, name);
        if let Some(naming) = rule.naming {
            self.naming(naming, name, at)?;
        }
        if !rule.is_narrow() || found.is_none() {
            self.lexer.remember(name);
            seen.remembered += 1;
        }
        match found {
            Some(index) => {
                *guess = index + 1;
                self.field(rule, index, seen, at, self.lexer.at)
            }
            None => {
                self.unknown(rule, name, at)?;
                Ok(self.lexer.at)
            }
        }
    }

    #[inline(never)]
    fn noted_field(&mut self, rule: &'p Struct, index: usize, places: usize, behind: usize) -> Flow<usize> {
        let field = &rule.fields[index];
        self.lexer.at = behind;
        self.lexer.space();
        let start = self.lexer.at;
        if let Err(halt) = self.value(field.node) {
            return Err(halt.within(field_name(rule, index)));
        }
        self.note(field, places, start);
        for (capture, place) in self.captured.iter_mut().enumerate() {
            if field.captures >> capture & 1 == 1 {
                *place = Some(start..self.lexer.at);
            }
        }
        Ok(self.lexer.at)
    }

    /// Whether the members satisfy the rules between them; forgets their places.
    #[inline(never)]
    fn related(&mut self, rule: &Struct, places: usize, offset: usize) -> Flow {
        for index in 0..rule.relations.len() {
            match self.relation_truth(rule, index, places, offset) {
                Truth::Yes => {}
                Truth::No => return Err(Halt::broken(offset, Broken::Relation(rule.relations[index].0.name.clone()))),
                Truth::Unsure => self.doubt(offset, None),
            }
        }
        self.places.truncate(places);
        Ok(())
    }

    /// The truth of a relation of the object at `offset`, which has just been read; `places` is where those of its
    /// members begin.
    pub(crate) fn relation_truth(&self, rule: &Struct, index: usize, places: usize, offset: usize) -> Truth {
        let (relation, slots) = &rule.relations[index];
        let text = |slot: &u8| {
            let (start, end) = self.places[places + usize::from(*slot)]?;
            Some(&self.lexer.document[start as usize..end as usize])
        };
        let object = relation.sees_object.then(|| Some(&self.lexer.document[offset..self.lexer.at]));
        let texts: SmallVec<[Option<&[u8]>; 4]> = slots.iter().map(text).chain(object).collect();
        (relation.test)(&texts).map_or(Truth::Unsure, Truth::of)
    }

    /// Notes where the value of a member, which has just been read, stands.
    pub(crate) fn note(&mut self, field: &Field, places: usize, start: usize) {
        if field.slot != Field::NO_SLOT {
            // A document has no more bytes than 32 bits count.
            self.places[places + usize::from(field.slot)] = Some((start as u32, self.lexer.at as u32));
        }
    }

    /// What the struct asks of every name.
    fn naming(&mut self, naming: NodeId, name: Text<'d>, at: usize) -> Flow {
        let node = &self.program.nodes[naming as usize];
        match self.settle(string_truth(&node.string, name), at, node, || Broken::Name) {
            Ok(()) => Ok(()),
            Err(halt) => Err(halt.within(spelled(name))),
        }
    }

    /// A member that is no field: every group has its say.
    fn unknown(&mut self, rule: &'p Struct, name: Text<'d>, at: usize) -> Flow {
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
}

/// What has been seen of an object.
#[derive(Default)]
struct Seen {
    /// Bit by field, in a narrow struct.
    fields: u64,
    /// How many of the required fields, in a wide one.
    required: usize,
    members: usize,
    /// How many names the lexer keeps, to see whether one comes twice.
    remembered: usize,
    /// Where the places of this object's members begin.
    places: usize,
}

impl Seen {
    #[inline(always)]
    fn satisfies(&self, rule: &Struct, offset: usize) -> Flow {
        let whole =
            if rule.is_narrow() { rule.required & !self.fields == 0 } else { self.required == rule.required_count };
        if !whole {
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

impl Struct {
    /// The index of the field `guess` and where its value stands, if its name stands at `at`.
    #[inline(always)]
    fn guessed(&self, document: &[u8], at: usize, guess: usize) -> Option<(usize, usize)> {
        let field = self.fields.get(guess)?;
        field.spelling.stands_at(document, at).then(|| (guess, at + field.spelled_bytes))
    }

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
