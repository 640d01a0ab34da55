//! Rules for numbers.

use crate::decimal::{Operand, Value};
use crate::formula::{Formula, Truth};
use crate::lex::{Lexer, Read};
use crate::program::{Node, NumberForm, NumberTest, Range};
use crate::verdict::{Demand, Kind, Test};

use super::{Checker, Flow, broken_scalar};

impl Checker<'_, '_, '_> {
    /// Checks the number at the reading position.
    pub(super) fn number(&mut self, node: &Node) -> Flow {
        let offset = self.lexer.at;
        let (value, float) = Value::read(&mut self.lexer)?;
        let truth = number_truth(&node.number, value, float);
        self.settle(truth, offset, node, || broken_scalar(node, Kind::Number, || demand(&node.number, value, float)))
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

/// The one test that a number fails, if no other could make up for it.
#[cold]
fn demand(formula: &Formula<NumberTest>, value: Value<'_>, float: bool) -> Option<Demand> {
    let (test, negated) = formula.blamed(&mut |test| Truth::of(test.holds(value, float)))?;
    let test = match test {
        NumberTest::Whole => Test::Whole,
        NumberTest::MultipleOf(divisor) => Test::MultipleOf(divisor.decimal().clone()),
        NumberTest::Range(range) => range.failed(value, float, negated)?,
    };
    Some(Demand { test, negated })
}

impl Range {
    /// What a number outside of the range fails, or what one inside meets.
    fn failed(&self, value: Value<'_>, float: bool, inside: bool) -> Option<Test> {
        let is_one = matches!((&self.min, &self.max), (Some((min, true)), Some((max, true))) if min == max);
        let bound = |(operand, inclusive): &(Operand, bool)| (operand.decimal().clone(), *inclusive);
        if is_one {
            return self.min.as_ref().map(|(number, _)| Test::Number(number.decimal().clone()));
        }
        if inside {
            return None;
        }
        if self.form != NumberForm::Any && (self.form == NumberForm::Float) != float {
            return Some(Test::Form(self.form));
        }
        let is_below = self.min.as_ref().is_some_and(|(min, inclusive)| {
            let order = min.compare(value);
            !(order.is_gt() || *inclusive && order.is_eq())
        });
        let (min, max) = (self.min.as_ref().map(bound), self.max.as_ref().map(bound));
        match is_below {
            true => min.map(|(bound, inclusive)| Test::Min { bound, inclusive }),
            false => max.map(|(bound, inclusive)| Test::Max { bound, inclusive }),
        }
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
