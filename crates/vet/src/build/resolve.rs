//! Rules taken apart by kind of value: drafts become nodes.

use super::number::tidy_numbers;
use super::string::tidy_strings;
use super::{BuildError, CHAIN_MAX, Draft, ListRule, Rule};
use crate::check::Glance;
use crate::formula::{Formula, Join, Truth};
use crate::program::Node;
use crate::verdict::Kind;

/// Rules and joins in the formula for one kind of one node.
const FORMULA_SIZE_MAX: usize = 4096;

/// Turns drafts into nodes; a draft's parts first.
pub(super) struct Resolver<'b> {
    pub(super) rules: &'b [Draft],
    pub(super) lists: Vec<ListRule>,
    nodes: Vec<Option<Node>>,
    /// What is being resolved, outermost first.
    open: Vec<Rule>,
}

impl<'b> Resolver<'b> {
    pub(super) fn new(rules: &'b [Draft], lists: Vec<ListRule>) -> Resolver<'b> {
        Resolver { rules, lists, nodes: vec![None; rules.len()], open: Vec::new() }
    }

    /// A node for each rule, and the list rules that they refer to.
    pub(super) fn finish(mut self) -> Result<(Vec<Node>, Vec<ListRule>), BuildError> {
        for index in 0..self.rules.len() {
            self.resolve(Rule(index as u32))?;
        }
        Ok((self.nodes.into_iter().flatten().collect(), self.lists))
    }

    fn resolve(&mut self, rule: Rule) -> Result<Node, BuildError> {
        if let Some(node) = &self.nodes[rule.0 as usize] {
            return Ok(node.clone());
        }
        if self.open.contains(&rule) {
            return Err(BuildError::Endless);
        }
        if self.open.len() >= CHAIN_MAX {
            return Err(BuildError::Chain { limit: CHAIN_MAX });
        }
        self.open.push(rule);
        let node = match &self.rules[rule.0 as usize] {
            Draft::Node(node) => (**node).clone(),
            Draft::Join(join, rules) => {
                let nodes = rules.iter().map(|rule| self.resolve(*rule)).collect::<Result<Vec<_>, _>>()?;
                let node = joined(*join, nodes)?;
                Node { array: self.tidy_lists(node.array), ..node }
            }
            Draft::Not(rule) => negated(self.resolve(*rule)?),
            Draft::When(kind, rule) => only_kind(*kind, self.resolve(*rule)?),
            Draft::Alias(Some(rule)) => self.resolve(*rule)?,
            Draft::Alias(None) => return Err(BuildError::Undefined),
        };
        self.open.pop();
        self.nodes[rule.0 as usize] = Some(node.clone());
        Ok(node)
    }
}

fn negated(node: Node) -> Node {
    Node {
        null: node.null.not(),
        bools: node.bools.map(Truth::not),
        number: node.number.negated(),
        string: node.string.negated(),
        object: node.object.negated(),
        array: node.array.negated(),
        glance: Glance::Blind,
        switch: None,
        reason: node.reason,
    }
}

fn only_kind(kind: Kind, node: Node) -> Node {
    let any = Node::fixed(Truth::Yes);
    let reason = node.reason;
    let node = match kind {
        Kind::Null => Node { null: node.null, ..any },
        Kind::Bool => Node { bools: node.bools, ..any },
        Kind::Number => Node { number: node.number, ..any },
        Kind::String => Node { string: node.string, ..any },
        Kind::Struct => Node { object: node.object, ..any },
        Kind::List => Node { array: node.array, ..any },
    };
    Node { reason, ..node }
}

fn joined(join: Join, nodes: Vec<Node>) -> Result<Node, BuildError> {
    // A scalar is the same value in whichever alternative, so it does not matter which one is meant.
    let scalar = if join == Join::Unique { Join::Any } else { join };
    let truth = |of: &dyn Fn(&Node) -> Truth| {
        let parts = nodes.iter().map(|node| Formula::<bool>::Fixed(of(node))).collect();
        Formula::joined(scalar, parts).truth(&mut |_| Truth::No)
    };
    let node = Node {
        null: truth(&|node| node.null),
        bools: [truth(&|node| node.bools[0]), truth(&|node| node.bools[1])],
        number: tidy_numbers(Formula::joined(scalar, nodes.iter().map(|node| node.number.clone()).collect())),
        string: tidy_strings(Formula::joined(scalar, nodes.iter().map(|node| node.string.clone()).collect())),
        object: Formula::joined(join, nodes.iter().map(|node| node.object.clone()).collect()),
        array: Formula::joined(join, nodes.iter().map(|node| node.array.clone()).collect()),
        glance: Glance::Blind,
        switch: None,
        reason: nodes.iter().find_map(|node| node.reason),
    };
    let size = node.number.size().max(node.string.size()).max(node.object.size()).max(node.array.size());
    if size > FORMULA_SIZE_MAX { Err(BuildError::Formula { limit: FORMULA_SIZE_MAX }) } else { Ok(node) }
}
