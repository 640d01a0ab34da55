//! Rules for arrays.

use super::resolve::Resolver;
use super::{Draft, ListRule, Rule};
use crate::formula::{Formula, Join};
use crate::program::{Contains, List, ListTest, Node, Unique};

pub(super) fn list(rule: &ListRule, nodes: &[Node]) -> List {
    let closed = nodes[rule.rest.0 as usize].is_never().then_some(rule.prefix.len());
    let contains = |(rule, min, max): &(Rule, usize, Option<usize>)| Contains {
        node: rule.0,
        min: *min,
        max: max.unwrap_or(usize::MAX),
    };
    List {
        prefix: rule.prefix.iter().map(|rule| rule.0).collect(),
        rest: rule.rest.0,
        length_min: rule.length_min,
        length_max: rule.length_max.into_iter().chain(closed).min().unwrap_or(usize::MAX),
        unique: rule.unique,
        contains: rule.contains.iter().map(contains).collect(),
    }
}

impl Resolver<'_> {
    /// List rules that all have to hold are one rule, as far as only one of them looks at the elements.
    pub(super) fn tidy_lists(&mut self, formula: Formula<ListTest>) -> Formula<ListTest> {
        let Formula::Join(Join::All, parts) = &formula else { return formula };
        let id = |part: &Formula<ListTest>| match part {
            Formula::Rule(ListTest::List(id)) => Some(*id as usize),
            _ => None,
        };
        let Some(ids) = parts.iter().map(id).collect::<Option<Vec<usize>>>() else { return formula };
        let (mut plain, mut others): (Vec<usize>, Vec<usize>) = ids.into_iter().partition(|id| self.only_counts(*id));
        if others.len() > 1 {
            return formula;
        }
        let Some(base) = others.pop().or_else(|| plain.pop()) else { return formula };
        let mut merged = self.lists[base].clone();
        for id in plain {
            let rule = &self.lists[id];
            merged.length_min = merged.length_min.max(rule.length_min);
            merged.length_max = merged.length_max.into_iter().chain(rule.length_max).min();
            if merged.unique == Unique::No {
                merged.unique = rule.unique;
            }
        }
        self.lists.push(merged);
        Formula::Rule(ListTest::List(self.lists.len() as u32 - 1))
    }

    /// Whether the list rule allows any elements.
    fn only_counts(&self, id: usize) -> bool {
        let rule = &self.lists[id];
        let rest_is_any = matches!(&self.rules[rule.rest.0 as usize], Draft::Node(node) if node.is_any());
        rule.prefix.is_empty() && rule.contains.is_empty() && rest_is_any
    }
}
