//! Rules for arrays.

use smallvec::SmallVec;

use crate::fingerprint::Keys;
use crate::formula::Truth;
use crate::program::{Contains, List, NodeId, Unique};
use crate::verdict::Broken;

use super::{Checker, Flow, Halt};

impl<'p> Checker<'p, '_, '_> {
    /// Checks the array at the reading position, element by element.
    pub(super) fn elements(&mut self, rule: &'p List) -> Flow {
        let offset = self.lexer.at;
        self.lexer.enter()?;
        if rule.unique == Unique::No && rule.contains.is_empty() {
            return self.elements_apart(rule, offset);
        }
        let mut tallies = Tallies::new(&rule.contains);
        let keys = Keys::unique([rule.unique]);
        let mark = self.elements.len();
        let mut count = 0;
        if self.lexer.peek() != b']' {
            loop {
                if count >= rule.length_max {
                    return Err(Halt::broken(offset, Broken::Length(count + 1)));
                }
                let node = rule.node(count);
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

    /// The elements of an array that need not be looked at together.
    fn elements_apart(&mut self, rule: &'p List, offset: usize) -> Flow {
        let mut count = 0;
        if self.lexer.peek() != b']' {
            loop {
                if count >= rule.length_max {
                    return Err(Halt::broken(offset, Broken::Length(count + 1)));
                }
                if let Err(halt) = self.value(rule.node(count)) {
                    return Err(halt.within(count.to_string()));
                }
                count += 1;
                if !self.lexer.next(b']')? {
                    break;
                }
            }
        }
        self.lexer.leave();
        if count < rule.length_min { Err(Halt::broken(offset, Broken::Length(count))) } else { Ok(()) }
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
