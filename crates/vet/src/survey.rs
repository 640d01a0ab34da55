//! The check of a value against many rules at once, while it is read once.
//!
//! The rules that a formula mentions are followed side by side: for each member the nodes that any living rule has for
//! it, without repetition, are in turn surveyed together. So a value is never read twice, and the work per byte is
//! bounded by the number of rules in the program, however unions are nested.

use crate::check::{Checker, Flow, Tallies, find_name, name_offset, number_truth, string_truth};
use crate::decimal::Value;
use crate::fingerprint::Keys;
use crate::formula::{Formula, Truth};
use crate::program::{ConstantId, Field, ListTest, Node, NodeId, StructTest, Unique};
use crate::text::Text;
use crate::verdict::Kind;

use smallvec::SmallVec;

/// How many rules are followed side by side, and how many nodes a value is judged by. Beyond it the value is in doubt.
const LIVE_MAX: usize = 64;

/// Truths by index, a bit each: neither bit is `No`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Masks {
    yes: u64,
    unsure: u64,
}

impl Masks {
    fn set(&mut self, index: usize, truth: Truth) {
        match truth {
            Truth::Yes => self.yes |= 1 << index,
            Truth::Unsure => self.unsure |= 1 << index,
            Truth::No => {}
        }
    }

    /// The truth of the node with this index; beyond what can be followed everything is unsure.
    pub(crate) fn truth(self, index: usize) -> Truth {
        match index {
            LIVE_MAX.. => Truth::Unsure,
            _ if self.yes >> index & 1 == 1 => Truth::Yes,
            _ if self.unsure >> index & 1 == 1 => Truth::Unsure,
            _ => Truth::No,
        }
    }

    /// The truth of all the nodes in `needs` together.
    fn all(self, needs: u64) -> Truth {
        match (needs & !(self.yes | self.unsure), needs & self.unsure) {
            (0, 0) => Truth::Yes,
            (0, _) => Truth::Unsure,
            _ => Truth::No,
        }
    }

    const UNSURE: Masks = Masks { yes: 0, unsure: u64::MAX };
}

/// Up to [`LIVE_MAX`] different numbers, in the order they came.
struct Set {
    items: [u32; LIVE_MAX],
    length: usize,
    overflown: bool,
}

impl Set {
    fn new() -> Set {
        Set { items: [0; LIVE_MAX], length: 0, overflown: false }
    }

    /// The bit of the item's index.
    fn insert(&mut self, item: u32) -> u64 {
        if let Some(index) = self.position(item) {
            return 1 << index;
        }
        if self.length == LIVE_MAX {
            self.overflown = true;
            return 0;
        }
        self.items[self.length] = item;
        self.length += 1;
        1 << (self.length - 1)
    }

    fn position(&self, item: u32) -> Option<usize> {
        self.as_slice().iter().position(|known| *known == item)
    }

    fn as_slice(&self) -> &[u32] {
        &self.items[..self.length]
    }
}

/// Which of the followed rules still hold, and which of them are in doubt.
struct Living {
    live: u64,
    unsure: u64,
}

impl Living {
    fn new(rules: &Set) -> Living {
        Living { live: if rules.length == LIVE_MAX { u64::MAX } else { (1 << rules.length) - 1 }, unsure: 0 }
    }

    fn iter(&self) -> impl Iterator<Item = usize> + use<> {
        let live = self.live;
        (0..LIVE_MAX).filter(move |index| live >> index & 1 == 1)
    }

    fn settle(&mut self, index: usize, truth: Truth) {
        match truth {
            Truth::Yes => {}
            Truth::Unsure => self.unsure |= 1 << index,
            Truth::No => self.live &= !(1 << index),
        }
    }

    fn truth(&self, index: usize) -> Truth {
        match (self.live >> index & 1, self.unsure >> index & 1) {
            (0, _) => Truth::No,
            (_, 0) => Truth::Yes,
            _ => Truth::Unsure,
        }
    }
}

/// A test of objects or of arrays.
trait Composite: Copy + PartialEq {
    const KIND: Kind;

    fn formula(node: &Node) -> &Formula<Self>;

    fn leaf(self) -> Leaf;

    /// Follows the rules with these numbers through the value at the reading position.
    fn follow(checker: &mut Checker<'_, '_, '_>, rules: &Set) -> Flow<Living>;
}

/// What a test of objects or arrays asks.
enum Leaf {
    Rule(u32),
    Constant(ConstantId),
    Where(u32),
}

impl Composite for StructTest {
    const KIND: Kind = Kind::Struct;

    fn formula(node: &Node) -> &Formula<StructTest> {
        &node.object
    }

    fn leaf(self) -> Leaf {
        match self {
            StructTest::Struct(id) => Leaf::Rule(id),
            StructTest::Constant(id) => Leaf::Constant(id),
        }
    }

    fn follow(checker: &mut Checker<'_, '_, '_>, rules: &Set) -> Flow<Living> {
        checker.survey_members(rules)
    }
}

impl Composite for ListTest {
    const KIND: Kind = Kind::List;

    fn formula(node: &Node) -> &Formula<ListTest> {
        &node.array
    }

    fn leaf(self) -> Leaf {
        match self {
            ListTest::List(id) => Leaf::Rule(id),
            ListTest::Constant(id) => Leaf::Constant(id),
            ListTest::Where(index) => Leaf::Where(index),
        }
    }

    fn follow(checker: &mut Checker<'_, '_, '_>, rules: &Set) -> Flow<Living> {
        checker.survey_elements(rules)
    }
}

impl<'p, 'd> Checker<'p, 'd, '_> {
    /// Judges the value at the reading position by one node, whatever its formula.
    pub(crate) fn survey_node(&mut self, node: &'p Node) -> Flow<Truth> {
        Ok(self.survey_all(&[node])?.truth(0))
    }

    /// Judges the value at the reading position by each of these nodes.
    pub(crate) fn survey(&mut self, nodes: &[NodeId]) -> Flow<Masks> {
        if nodes.len() > LIVE_MAX {
            self.lexer.skip()?;
            return Ok(Masks::UNSURE);
        }
        let nodes: SmallVec<[&'p Node; 8]> = nodes.iter().map(|node| &self.program.nodes[*node as usize]).collect();
        self.survey_all(&nodes)
    }

    fn survey_all(&mut self, nodes: &[&'p Node]) -> Flow<Masks> {
        self.lexer.space();
        match self.lexer.peek() {
            b'{' => self.survey_composite::<StructTest>(nodes),
            b'[' => self.survey_composite::<ListTest>(nodes),
            _ => self.survey_scalar(nodes),
        }
    }

    fn survey_scalar(&mut self, nodes: &[&'p Node]) -> Flow<Masks> {
        match self.lexer.peek() {
            b'"' => {
                let text = self.lexer.string()?;
                Ok(masks(nodes, |node| string_truth(&node.string, text)))
            }
            b'-' | b'0'..=b'9' => {
                let (value, float) = Value::read(&mut self.lexer)?;
                Ok(masks(nodes, |node| number_truth(&node.number, value, float)))
            }
            _ => {
                let letter = self.lexer.literal()?;
                Ok(masks(nodes, |node| match letter {
                    b'n' => node.null,
                    letter => node.bools[usize::from(letter == b't')],
                }))
            }
        }
    }

    /// Judges the object or array at the reading position: the rules that the formulas mention are followed through it.
    fn survey_composite<T: Composite>(&mut self, nodes: &[&'p Node]) -> Flow<Masks> {
        let mut rules = Set::new();
        let mut constants = false;
        for node in nodes.iter().filter(|node| node.allows(T::KIND)) {
            T::formula(node).for_each(&mut |test| match test.leaf() {
                Leaf::Rule(id) => _ = rules.insert(id),
                Leaf::Constant(_) => constants = true,
                Leaf::Where(_) => {}
            });
        }
        let start = self.lexer.at;
        if rules.overflown {
            self.lexer.skip()?;
            return Ok(Masks::UNSURE);
        }
        let living = T::follow(self, &rules)?;
        let range = start..self.lexer.at;
        let text = &self.lexer.document[range.clone()];
        let print = constants.then(Keys::new).map(|keys| (keys.of(self.lexer.document, range), keys));
        Ok(masks(nodes, |node| {
            T::formula(node).truth(&mut |test| match test.leaf() {
                Leaf::Rule(id) => rules.position(id).map_or(Truth::No, |index| living.truth(index)),
                Leaf::Constant(id) => self.equals_constant(&print, id),
                Leaf::Where(index) => {
                    (self.program.conditions[index as usize].test)(text).map_or(Truth::Unsure, Truth::of)
                }
            })
        }))
    }

    fn equals_constant(&self, print: &Option<(u128, Keys)>, id: u32) -> Truth {
        let constant = &self.program.constants[id as usize];
        Truth::of(print.as_ref().is_some_and(|(print, keys)| keys.of(constant, 0..constant.len()) == *print))
    }

    /// Follows these struct rules through the object at the reading position.
    fn survey_members(&mut self, rules: &Set) -> Flow<Living> {
        let mut living = Living::new(rules);
        let mut required = [0_u16; LIVE_MAX];
        let mut members = 0;
        let (offset, first) = (self.lexer.at, self.places.len());
        let mut places = [first; LIVE_MAX];
        for (index, id) in rules.as_slice().iter().enumerate() {
            places[index] = self.places.len();
            self.places.resize(places[index] + self.program.structs[*id as usize].slots, None);
        }
        self.lexer.enter()?;
        if self.lexer.peek() != b'}' {
            loop {
                let name = self.lexer.name()?;
                let at = name_offset(name, self.lexer.document);
                self.lexer.remember(name);
                members += 1;
                self.survey_member(rules, &mut living, &mut required, &places, name, at)?;
                if !self.lexer.next(b'}')? {
                    break;
                }
            }
        }
        self.lexer.distinct(members)?;
        self.lexer.leave();
        for index in living.iter() {
            let rule = &self.program.structs[rules.items[index] as usize];
            let whole = usize::from(required[index]) == rule.required_count;
            living.settle(index, Truth::of(whole && rule.members_min <= members && members <= rule.members_max));
            for relation in 0..rule.relations.len() {
                living.settle(index, self.relation_truth(rule, relation, places[index], offset));
            }
        }
        self.places.truncate(first);
        Ok(living)
    }

    fn survey_member(
        &mut self,
        rules: &Set,
        living: &mut Living,
        required: &mut [u16; LIVE_MAX],
        places: &[usize; LIVE_MAX],
        name: Text<'d>,
        at: usize,
    ) -> Flow {
        let start = self.lexer.at;
        let mut noted = SmallVec::<[(&Field, usize); 4]>::new();
        let mut nodes = Set::new();
        let mut needs = [0_u64; LIVE_MAX];
        for index in living.iter() {
            let rule = &self.program.structs[rules.items[index] as usize];
            if let Some(naming) = rule.naming {
                living.settle(index, string_truth(&self.program.nodes[naming as usize].string, name));
            }
            if let Some(field) = find_name(rule, self.lexer.document, at, name) {
                let field = &rule.fields[field];
                required[index] += u16::from(field.required);
                needs[index] = nodes.insert(field.node);
                noted.push((field, places[index]));
            } else if !rule.others(name, |node| needs[index] |= nodes.insert(node)) {
                living.settle(index, Truth::No);
            }
        }
        if nodes.length == 0 || nodes.overflown {
            self.lexer.skip()?;
            living.unsure |= if nodes.overflown { living.live } else { 0 };
        } else {
            let masks = self.survey(nodes.as_slice())?;
            for index in living.iter() {
                living.settle(index, masks.all(needs[index]));
            }
        }
        for (field, places) in noted {
            self.note(field, places, start);
        }
        Ok(())
    }

    /// Follows these list rules through the array at the reading position.
    fn survey_elements(&mut self, rules: &Set) -> Flow<Living> {
        let mut living = Living::new(rules);
        let lists = |id: &u32| &self.program.lists[*id as usize];
        let mut tallies: SmallVec<[Tallies<'p>; 2]> =
            rules.as_slice().iter().map(|id| Tallies::new(&lists(id).contains)).collect();
        let keys = Keys::unique(rules.as_slice().iter().map(|id| lists(id).unique));
        let mark = self.elements.len();
        let mut count = 0;
        self.lexer.enter()?;
        if self.lexer.peek() != b']' {
            loop {
                self.lexer.space();
                let start = self.lexer.at;
                self.survey_element(rules, &mut living, &mut tallies, count)?;
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
        let differ = self.differ(mark);
        for index in living.iter() {
            let rule = &self.program.lists[rules.items[index] as usize];
            let length = rule.length_min <= count && count <= rule.length_max;
            living.settle(index, Truth::of(length && (differ || rule.unique == Unique::No)));
            for contained in 0..rule.contains.len() {
                living.settle(index, tallies[index].truth(contained).0);
            }
        }
        Ok(living)
    }

    fn survey_element(
        &mut self,
        rules: &Set,
        living: &mut Living,
        tallies: &mut [Tallies<'p>],
        position: usize,
    ) -> Flow {
        let mut nodes = Set::new();
        let mut needs = [0_u64; LIVE_MAX];
        for index in living.iter() {
            let rule = &self.program.lists[rules.items[index] as usize];
            needs[index] = nodes.insert(rule.node(position));
            for contained in &rule.contains {
                nodes.insert(contained.node);
            }
        }
        if nodes.length == 0 || nodes.overflown {
            self.lexer.skip()?;
            living.unsure |= if nodes.overflown { living.live } else { 0 };
            return Ok(());
        }
        let masks = self.survey(nodes.as_slice())?;
        for index in living.iter() {
            living.settle(index, masks.all(needs[index]));
            let rules = tallies[index].rules;
            tallies[index].add(|contained| {
                nodes.position(rules[contained].node).map_or(Truth::Unsure, |position| masks.truth(position))
            });
        }
        Ok(())
    }
}

fn masks(nodes: &[&Node], truth: impl Fn(&Node) -> Truth) -> Masks {
    let mut masks = Masks::default();
    for (index, node) in nodes.iter().enumerate() {
        masks.set(index, truth(node));
    }
    masks
}
