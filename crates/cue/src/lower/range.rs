//! The numbers that the bounds of one field leave: whether there are any decides which alternatives a missing field has.

use vet::{Decimal, NumberForm, NumberRule};

/// The numbers between two ends, each of which may be missing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NumberRange {
    min: Option<End>,
    max: Option<End>,
    /// Only those that are written as whole numbers.
    is_whole: bool,
    /// Only those that are not.
    is_float: bool,
}

/// Where a range ends.
#[derive(Clone, Copy, Debug)]
struct End {
    value: f64,
    is_inclusive: bool,
    /// Whether the bound has so few digits that the value is good enough to compare them.
    is_exact: bool,
}

impl End {
    fn of((value, is_inclusive): &(Decimal, bool)) -> End {
        const EXACT_DIGITS: usize = 15;
        let text = value.to_string();
        let value = text.parse::<f64>().unwrap_or(f64::NAN).clamp(f64::MIN, f64::MAX);
        let is_exact = text.len() <= EXACT_DIGITS && !text.contains(['e', 'E']);
        End { value, is_inclusive: *is_inclusive, is_exact }
    }
}

impl NumberRange {
    /// Those that a rule allows.
    pub(super) fn of(rule: &NumberRule) -> NumberRange {
        NumberRange {
            min: rule.min.as_ref().map(End::of),
            max: rule.max.as_ref().map(End::of),
            is_whole: rule.form == NumberForm::Integer,
            is_float: rule.form == NumberForm::Float,
        }
    }

    /// No numbers.
    pub(super) fn none() -> NumberRange {
        let end = |value| Some(End { value, is_inclusive: true, is_exact: true });
        NumberRange { min: end(1.0), max: end(0.0), ..NumberRange::default() }
    }

    /// Those that are in both.
    pub(super) fn and(self, other: NumberRange) -> NumberRange {
        let outer = |one: Option<End>, other: Option<End>, is_other: fn(&End, &End) -> bool| match (one, other) {
            (Some(one), Some(other)) => Some(if is_other(&one, &other) { other } else { one }),
            (one, other) => one.or(other),
        };
        NumberRange {
            min: outer(self.min, other.min, |one, other| {
                (other.value, one.is_inclusive) > (one.value, other.is_inclusive)
            }),
            max: outer(self.max, other.max, |one, other| {
                (-other.value, one.is_inclusive) > (-one.value, other.is_inclusive)
            }),
            is_whole: self.is_whole || other.is_whole,
            is_float: self.is_float || other.is_float,
        }
    }

    /// Whether it is less than all numbers.
    pub(super) fn is_known(self) -> bool {
        self.min.is_some() || self.max.is_some() || self.is_whole || self.is_float
    }

    /// Whether there may be no number in it, as far as the evaluator sees before there is data.
    pub(super) fn may_be_empty(self) -> bool {
        if self.is_whole && self.is_float {
            return true;
        }
        let (Some(min), Some(max)) = (self.min, self.max) else { return false };
        let width = max.value - min.value;
        let size = min.value.abs().max(max.value.abs());
        if width > 1.0 + 1e-9 * size {
            return false;
        }
        if !(min.is_exact && max.is_exact) || width < 0.0 || width == 0.0 && !(min.is_inclusive && max.is_inclusive) {
            return true;
        }
        let first = if min.is_inclusive { min.value.ceil() } else { min.value.floor() + 1.0 };
        let last = if max.is_inclusive { max.value.floor() } else { max.value.ceil() - 1.0 };
        self.is_whole && first > last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(form: NumberForm, min: (&str, bool), max: (&str, bool)) -> NumberRange {
        let bound = |(text, is_inclusive)| Some((Decimal::new(text).unwrap(), is_inclusive));
        // Each bound is a rule of its own, as it is written.
        let below = NumberRule { max: bound(max), ..NumberRule::default() };
        NumberRange::of(&NumberRule { form, min: bound(min), max: None }).and(NumberRange::of(&below))
    }

    #[test]
    fn ranges_without_numbers() {
        let (any, whole) = (NumberForm::Any, NumberForm::Integer);
        for (form, min, max, may_be_empty) in [
            (any, ("0", true), ("1", true), false),
            (any, ("0", false), ("1", false), false),
            (any, ("1", true), ("1", true), false),
            (any, ("1", true), ("1", false), true),
            (any, ("1", false), ("1", true), true),
            (any, ("2", true), ("1", true), true),
            (whole, ("0", false), ("1", false), true),
            (whole, ("0", false), ("1", true), false),
            (whole, ("0.5", true), ("0.7", true), true),
            (whole, ("-1.5", false), ("-0.5", false), false),
            (whole, ("0", true), ("255", true), false),
            (whole, ("3", true), ("3", true), false),
            (NumberForm::Float, ("1.5", true), ("1.5", true), false),
            // Too many digits to tell.
            (any, ("0.1000000000000000001", true), ("0.1000000000000000002", true), true),
            (any, ("100000000000000000000", true), ("100000000000000000001", true), true),
        ] {
            assert_eq!(range(form, min, max).may_be_empty(), may_be_empty, "{form:?} {min:?} {max:?}");
        }
        assert!(NumberRange::none().may_be_empty() && NumberRange::none().and(NumberRange::default()).may_be_empty());
        assert!(!NumberRange::default().may_be_empty() && !NumberRange::default().is_known());
        let of = |form| NumberRange::of(&NumberRule { form, ..NumberRule::default() });
        assert!(of(whole).and(of(NumberForm::Float)).may_be_empty() && of(whole).is_known());
    }
}
