//! Rules for numbers.

use std::cmp::Ordering;

use crate::decimal::{Operand, Value};
use crate::formula::{Formula, Join};
use crate::program::{NumberForm, NumberTest, Range};

/// Ranges that all have to hold are one range.
pub(super) fn tidy_numbers(formula: Formula<NumberTest>) -> Formula<NumberTest> {
    let Formula::Join(Join::All, parts) = formula else { return formula };
    let mut merged = Range { form: NumberForm::Any, min: None, max: None };
    let mut kept = Vec::new();
    for part in parts {
        match part {
            Formula::Rule(NumberTest::Range(range)) => match merged.form.and(range.form) {
                Some(form) => {
                    merged.form = form;
                    merged.min = tighter(merged.min, range.min, Ordering::Greater);
                    merged.max = tighter(merged.max, range.max, Ordering::Less);
                }
                None => return Formula::NO,
            },
            other => kept.push(other),
        }
    }
    if merged != (Range { form: NumberForm::Any, min: None, max: None }) {
        kept.insert(0, Formula::Rule(NumberTest::Range(merged)));
    }
    Formula::joined(Join::All, kept)
}

fn tighter(a: Option<(Operand, bool)>, b: Option<(Operand, bool)>, wins: Ordering) -> Option<(Operand, bool)> {
    match (a, b) {
        (Some((a, a_inclusive)), Some((b, b_inclusive))) => Some(match a.compare(Value::Long(b.decimal().number())) {
            Ordering::Equal => (a, a_inclusive && b_inclusive),
            // `compare` says how the argument lies to the operand.
            order if order == wins => (b, b_inclusive),
            _ => (a, a_inclusive),
        }),
        (a, b) => a.or(b),
    }
}

impl NumberForm {
    /// The form that both allow.
    fn and(self, other: NumberForm) -> Option<NumberForm> {
        match (self, other) {
            (NumberForm::Any, form) | (form, NumberForm::Any) => Some(form),
            (a, b) => (a == b).then_some(a),
        }
    }
}
