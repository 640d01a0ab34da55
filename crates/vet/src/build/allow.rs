//! What can be told of a rule before it is compiled.

use super::{Builder, CHAIN_MAX, Draft, ListRule, Rule, StructRule};
use crate::check::string_truth;
use crate::formula::{Formula, Join, Truth};
use crate::program::{ListTest, StructTest};
use crate::text::Text;
use crate::verdict::Kind;

impl Builder {
    /// Whether a rule certainly allows a string. Declared rules are followed if they are defined.
    pub fn allows(&self, rule: Rule, text: &str) -> bool {
        self.string_truth(rule, text, CHAIN_MAX) == Truth::Yes
    }

    fn string_truth(&self, rule: Rule, text: &str, steps: usize) -> Truth {
        let Some(steps) = steps.checked_sub(1) else { return Truth::Unsure };
        match &self.rules[rule.0 as usize] {
            Draft::Node(node) => string_truth(&node.string, Text::plain(text)),
            Draft::Join(join, rules) => {
                let join = if *join == Join::Unique { Join::Any } else { *join };
                let truths = rules.iter().map(|rule| Formula::<bool>::Fixed(self.string_truth(*rule, text, steps)));
                Formula::joined(join, truths.collect()).truth(&mut |_| Truth::No)
            }
            Draft::Not(rule) => self.string_truth(*rule, text, steps).not(),
            Draft::When(Kind::String, rule) | Draft::Alias(Some(rule)) => self.string_truth(*rule, text, steps),
            Draft::When(..) => Truth::Yes,
            Draft::Alias(None) => Truth::Unsure,
        }
    }

    /// Whether a rule allows `{}`, or `[]`; `None` if that cannot be told.
    pub fn allows_empty(&self, rule: Rule, kind: Kind) -> Option<bool> {
        match self.empty_truth(rule, kind, CHAIN_MAX) {
            Truth::Yes => Some(true),
            Truth::No => Some(false),
            Truth::Unsure => None,
        }
    }

    fn empty_truth(&self, rule: Rule, kind: Kind, steps: usize) -> Truth {
        let Some(steps) = steps.checked_sub(1) else { return Truth::Unsure };
        match &self.rules[rule.0 as usize] {
            Draft::Node(node) => match kind {
                Kind::Struct => node.object.truth(&mut |test| match test {
                    StructTest::Struct(id) => self.structs[*id as usize].empty_truth(),
                    StructTest::Constant(id) => Truth::of(is_empty(&self.constants[*id as usize])),
                }),
                Kind::List => node.array.truth(&mut |test| match test {
                    ListTest::List(id) => self.lists[*id as usize].empty_truth(),
                    ListTest::Constant(id) => Truth::of(is_empty(&self.constants[*id as usize])),
                    ListTest::Where(index) => {
                        (self.conditions[*index as usize].test)(b"[]").map_or(Truth::Unsure, Truth::of)
                    }
                }),
                _ => Truth::No,
            },
            Draft::Join(join, rules) => {
                let truths = rules.iter().map(|rule| Formula::<bool>::Fixed(self.empty_truth(*rule, kind, steps)));
                let parts = truths.collect::<Vec<_>>();
                Formula::Join(*join, parts.into()).truth(&mut |_| Truth::No)
            }
            Draft::Not(rule) => self.empty_truth(*rule, kind, steps).not(),
            Draft::When(of, rule) if *of == kind => self.empty_truth(*rule, kind, steps),
            Draft::When(..) => Truth::Yes,
            Draft::Alias(Some(rule)) => self.empty_truth(*rule, kind, steps),
            Draft::Alias(None) => Truth::Unsure,
        }
    }
}

impl StructRule {
    /// Whether `{}` is allowed.
    fn empty_truth(&self) -> Truth {
        match Truth::of(self.required.is_empty() && self.members_min == 0) {
            Truth::Yes if !self.relations.is_empty() => Truth::Unsure,
            truth => truth,
        }
    }
}

impl ListRule {
    /// Whether `[]` is allowed.
    fn empty_truth(&self) -> Truth {
        Truth::of(self.length_min == 0 && self.contains.iter().all(|(_, min, _)| *min == 0))
    }
}

/// Whether the JSON text of an object or array has nothing between its brackets.
fn is_empty(json: &[u8]) -> bool {
    json.get(1..json.len() - 1).is_some_and(|inside| inside.iter().all(u8::is_ascii_whitespace))
}
