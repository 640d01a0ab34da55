//! The usual case: a value that is written plainly and allowed, which a few comparisons show.
//!
//! A glance is made of a rule when the program is built. What it does not recognize at once it leaves to the rule itself,
//! so it may be made of a part of what the rule allows.

use std::sync::Arc;

use crate::decimal::Operand;
use crate::formula::{Formula, Join, Truth};
use crate::lex::Lexer;
use crate::names::Names;
use crate::pattern::Pattern;
use crate::program::{Node, NumberForm, NumberTest, Range, StringTest};

/// What is looked for.
// The representation keeps the tag apart from what the variants hold, which is quicker to read.
#[derive(Clone, Debug)]
#[repr(u8)]
pub(crate) enum Glance {
    /// Nothing.
    Blind,
    /// A string of so many code points.
    Runes { min: usize, max: usize },
    /// One of these strings.
    OneOf(Arc<Names>),
    /// A string that matches.
    Pattern(Arc<Pattern>),
    /// A number of few digits.
    Number(Few),
    /// `true` or `false`.
    Bool,
}

/// Which numbers of few digits are allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Few {
    /// Without a fraction, and with one.
    forms: [bool; 2],
    /// The least and the greatest coefficient at [`Short::READ_SCALE`](crate::decimal::Short::READ_SCALE).
    min: i64,
    max: i64,
}

impl Glance {
    pub(crate) fn of(node: &Node) -> Glance {
        let few = || Few::of(&node.number).map(Glance::Number);
        let bools = || (node.bools == [Truth::Yes; 2]).then_some(Glance::Bool);
        Glance::of_strings(&node.string).or_else(few).or_else(bools).unwrap_or(Glance::Blind)
    }

    fn of_strings(formula: &Formula<StringTest>) -> Option<Glance> {
        match formula {
            Formula::Fixed(Truth::Yes) => Some(Glance::Runes { min: 0, max: usize::MAX }),
            Formula::Rule(StringTest::Runes { min, max }) => Some(Glance::Runes { min: *min, max: *max }),
            Formula::Rule(StringTest::OneOf(names)) => Some(Glance::OneOf(names.clone())),
            Formula::Rule(StringTest::Pattern(pattern)) => Some(Glance::Pattern(pattern.clone())),
            _ => None,
        }
    }

    /// Where the value at `at` ends, if a look shows that it is well-formed and allowed. `None` says nothing.
    #[inline(always)]
    pub(crate) fn end(&self, lexer: &Lexer<'_>, at: usize) -> Option<usize> {
        match self {
            Glance::Blind => None,
            Glance::Runes { min, max } => {
                let (end, ascii) = lexer.plain_string(at)?;
                let bytes = end - at - 2;
                // A code point takes up to four bytes.
                let fewest = if ascii { bytes } else { bytes / 4 };
                (*min <= fewest && bytes <= *max).then_some(end)
            }
            Glance::OneOf(names) => {
                let (end, _) = lexer.plain_string(at)?;
                names.find_at(lexer.document, at + 1, end - at - 2).map(|_| end)
            }
            Glance::Pattern(pattern) => pattern.end(lexer, at),
            Glance::Number(few) => {
                let (coefficient, point, end) = lexer.short_at(at)?;
                let within = few.min <= coefficient && coefficient <= few.max;
                (within && few.forms[usize::from(point)]).then_some(end)
            }
            Glance::Bool => lexer.bool_end(at),
        }
    }
}

impl Few {
    const ALL: Few = Few { forms: [true; 2], min: i64::MIN, max: i64::MAX };

    fn of(formula: &Formula<NumberTest>) -> Option<Few> {
        match formula {
            Formula::Fixed(Truth::Yes) => Some(Few::ALL),
            Formula::Rule(NumberTest::Range(range)) => Few::within(range),
            // One with a fraction is left to the rule.
            Formula::Rule(NumberTest::Whole) => Some(Few { forms: [true, false], ..Few::ALL }),
            Formula::Join(Join::All, parts) => {
                parts.iter().map(Few::of).try_fold(Few::ALL, |all, few| Some(all.and(few?)))
            }
            _ => None,
        }
    }

    fn within(range: &Range) -> Option<Few> {
        let least = |(bound, inclusive): &(Operand, bool)| bound.ceiling(!inclusive);
        let greatest = |(bound, inclusive): &(Operand, bool)| Some(bound.ceiling(*inclusive)?.saturating_sub(1));
        Some(Few {
            forms: [range.form != NumberForm::Float, range.form != NumberForm::Integer],
            min: range.min.as_ref().map_or(Some(i64::MIN), least)?,
            max: range.max.as_ref().map_or(Some(i64::MAX), greatest)?,
        })
    }

    fn and(self, other: Few) -> Few {
        let forms = [self.forms[0] && other.forms[0], self.forms[1] && other.forms[1]];
        Few { forms, min: self.min.max(other.min), max: self.max.min(other.max) }
    }
}
