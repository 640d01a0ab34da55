//! Rules for strings.

use smallvec::SmallVec;

use crate::formula::{Formula, Truth};
use crate::program::{Node, StringTest};
use crate::text::Text;
use crate::verdict::{Demand, Kind, Test};

use super::{Checker, Flow, broken_scalar};

impl Checker<'_, '_, '_> {
    /// Checks the string at the reading position.
    pub(super) fn string(&mut self, node: &Node) -> Flow {
        let offset = self.lexer.at;
        let text = self.lexer.string()?;
        let truth = string_truth(&node.string, text);
        self.settle(truth, offset, node, || broken_scalar(node, Kind::String, || demand(&node.string, text)))
    }
}

/// The truth of a formula about a string that has been read.
pub(crate) fn string_truth(formula: &Formula<StringTest>, text: Text<'_>) -> Truth {
    formula.truth(&mut |test| test.truth(text))
}

/// The one test that a string fails, if no other could make up for it.
#[cold]
fn demand(formula: &Formula<StringTest>, text: Text<'_>) -> Option<Demand> {
    let (test, negated) = formula.blamed(&mut |test| test.truth(text))?;
    let test = match test {
        StringTest::Runes { min, .. } if text.runes() < *min => Test::RunesMin(*min),
        StringTest::Runes { max, .. } if !negated => Test::RunesMax(*max),
        StringTest::Runes { .. } => return None,
        StringTest::Pattern(pattern) => Test::Pattern(pattern.source().into()),
        StringTest::OneOf(names) if names.len() == 1 => {
            Test::Text(String::from_utf8_lossy(names.iter().next()?).into())
        }
        StringTest::OneOf(_) => return None,
        StringTest::Where(condition) => Test::Condition(condition.name.clone()),
    };
    Some(Demand { test, negated })
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
