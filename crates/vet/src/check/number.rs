//! Rules for numbers.

use crate::decimal::Value;
use crate::formula::{Formula, Truth};
use crate::lex::{Lexer, Read};
use crate::program::{Node, NumberForm, NumberTest};
use crate::verdict::Kind;

use super::{Checker, Flow, broken_scalar};

impl Checker<'_, '_, '_> {
    /// Checks the number at the reading position.
    pub(super) fn number(&mut self, node: &Node) -> Flow {
        let offset = self.lexer.at;
        let (value, float) = Value::read(&mut self.lexer)?;
        let truth = number_truth(&node.number, value, float);
        self.settle(truth, offset, node, || broken_scalar(node, Kind::Number))
    }
}

impl<'d> Value<'d> {
    /// Reads the number at the reading position, and says whether it is written as a float.
    pub(crate) fn read(lexer: &mut Lexer<'d>) -> Read<(Value<'d>, bool)> {
        match lexer.short_number() {
            Some((short, float)) => Ok((Value::Short(short), float)),
            None => lexer.number().map(|number| (Value::Long(number), number.float)),
        }
    }
}

/// The truth of a formula about a number that has been read; `float` says how it is written.
pub(crate) fn number_truth(formula: &Formula<NumberTest>, value: Value<'_>, float: bool) -> Truth {
    match formula {
        Formula::Rule(test) => Truth::of(test.holds(value, float)),
        formula => formula.truth(&mut |test| Truth::of(test.holds(value, float))),
    }
}

impl NumberTest {
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
