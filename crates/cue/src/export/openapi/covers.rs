//! Whether one value allows all that another one allows, as the reference judges it.
//!
//! What may stand besides a list's named elements is not looked at.

use super::schema::{is_any_name, is_top, scalar};
use crate::{
    Constraint, Field, Value,
    error::PathPart,
    ir::BoundOp,
    regexp::Regexp,
    value::{FieldOptions, Form, Operand, Shape},
};

/// What is taken into account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Values as they are written: what a definition does not name is not allowed.
    Written,
    /// What data a value describes, with defaults taken: all that is not named is allowed.
    Described,
}

/// Whether the fields that a struct names are all that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Open,
    /// Those of the struct itself, not those of structs inside of it.
    Closed,
    /// As in definitions, also those of structs inside of it.
    Definition,
}

/// Comparisons of parts after which a value counts as not covered: definitions that contain themselves have no end.
const COMPARISONS_MAX: u32 = 10_000;

/// Whether `operand` allows all that `other` allows.
pub(super) fn covers(operand: &Operand, other: &Operand, view: View) -> bool {
    let mut comparison = Comparison { view, left: COMPARISONS_MAX };
    let extent = |form| if is_definition(form) { Extent::Definition } else { Extent::Open };
    let other_extent = match extent(&other.form) {
        // An evaluated struct has the fields that it has.
        Extent::Open if view == View::Described => Extent::Closed,
        extent => extent,
    };
    comparison.covers((&operand.value, extent(&operand.form)), (&other.value, other_extent))
}

fn is_definition(form: &Form) -> bool {
    match form {
        Form::Reference { path, .. } => path.iter().any(|part| matches!(part, PathPart::Special(_))),
        _ => false,
    }
}

impl Extent {
    /// That of a field's value in a struct of this extent.
    fn of_field(self, field: &Field) -> Self {
        match field.value.operand().form {
            _ if self == Self::Definition => self,
            form if is_definition(&form) => Self::Definition,
            Form::Call => Self::Closed,
            _ => Self::Open,
        }
    }
}

struct Comparison {
    view: View,
    left: u32,
}

impl Comparison {
    fn covers(&mut self, (value, extent): (&Value, Extent), (other, other_extent): (&Value, Extent)) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        // Alternatives of what a reference leads to bear the same reference, but print differently.
        if value.reference().is_some_and(|path| other.reference() == Some(path)) && value.to_cue() == other.to_cue() {
            return true;
        }
        let other = if self.view == View::Described { &other.default_value() } else { other };
        let restricts = self.view == View::Written && extent != Extent::Open && other_extent == Extent::Open;
        let (one, two) = ((value, extent), (other, other_extent));
        match (value.shape(), other.shape()) {
            (Shape::Top, _) => true,
            _ if restricts => false,
            (Shape::List(_), Shape::List(_)) => self.lists(one, two),
            (Shape::Struct(_), Shape::Struct(_)) => self.structs(one, two),
            (_, Shape::Disjunction(others)) => others.iter().all(|(other, _)| self.covers(one, (other, other_extent))),
            (Shape::Disjunction(values), _) => values.iter().any(|(value, _)| self.covers((value, extent), two)),
            (Shape::Struct(_) | Shape::List(_), _) | (_, Shape::Struct(_) | Shape::List(_)) => false,
            (Shape::Type(kind), _) => kind.contains(other.kind()),
            (shape, other_shape) => match (scalar(&shape), scalar(&other_shape)) {
                (Some(one), Some(two)) => one == two,
                (Some(_), None) => false,
                (None, _) => rules(value, other),
            },
        }
    }

    fn structs(&mut self, (value, extent): (&Value, Extent), (other, other_extent): (&Value, Extent)) -> bool {
        let is_open = extent == Extent::Open || value.has_ellipsis();
        let takes_more = self.view == View::Described || is_open;
        let has_no_more = other_extent != Extent::Open;
        // `...` stands for fields that are there.
        let must_be_there = value.has_ellipsis();
        let (fields, others) = (value.fields(FIELDS), other.fields(FIELDS));
        let mut own = |field: &Field| match named(&others, field) {
            Some(other) => {
                let sides = ((&field.value, extent.of_field(field)), (&other.value, other_extent.of_field(other)));
                laxness(field.constraint) >= laxness(other.constraint) && self.covers(sides.0, sides.1)
            }
            None => field.constraint != Constraint::None && (has_no_more || is_top(&field.value)),
        };
        fields.iter().all(&mut own)
            && others
                .iter()
                .filter(|other| named(&fields, other).is_none())
                .all(|other| takes_more && (!must_be_there || other.constraint == Constraint::None))
            && self.patterns((value, &fields), (other, &others), has_no_more)
    }

    /// Whether the patterns of a struct allow what another one has for the same names.
    fn patterns(
        &mut self,
        (value, fields): (&Value, &[Field]),
        (other, others): (&Value, &[Field]),
        has_no_more: bool,
    ) -> bool {
        let other_patterns = other.patterns();
        value.patterns().iter().all(|(pattern, constraint)| {
            let shown = pattern.to_cue();
            let mut same = other_patterns.iter().filter(|(other, _)| other.to_cue() == shown).peekable();
            let is_known = has_no_more || same.peek().is_some();
            let mut matched =
                others.iter().filter(|field| named(fields, field).is_none() && matches(pattern, &field.label));
            let mut covers = |other| self.covers((constraint, Extent::Open), (other, Extent::Open));
            is_known
                && same.all(|(_, other)| covers(other))
                && matched.all(|field| field.constraint == Constraint::None && covers(&field.value))
        })
    }

    fn lists(&mut self, (value, extent): (&Value, Extent), (other, other_extent): (&Value, Extent)) -> bool {
        let (elements, others) = (value.elements(), other.elements());
        let is_long_enough = match elements.len() {
            length if length < others.len() => !value.is_closed(),
            length => length == others.len(),
        };
        let rest = value.rest();
        is_long_enough
            && others.iter().enumerate().all(|(index, other)| match elements.get(index).or(rest.as_ref()) {
                Some(element) => self.covers((element, extent), (other, other_extent)),
                None => true,
            })
    }
}

/// Whether two values are the same but for patterns, and for optional fields if these do not count.
pub(super) fn are_alike(one: &Value, two: &Value, optional: bool) -> bool {
    if !matches!((one.shape(), two.shape()), (Shape::Struct(_), Shape::Struct(_))) {
        let is_open_list = |value: &Value| matches!(value.shape(), Shape::List(_)) && !value.is_closed();
        return one.to_cue() == two.to_cue() && is_open_list(one) == is_open_list(two);
    }
    let fields = |value: &Value| {
        let counts = |field: &Field| optional || field.constraint != Constraint::Optional;
        value.fields(FIELDS).into_iter().filter(counts).collect::<Vec<_>>()
    };
    let (ones, twos) = (fields(one), fields(two));
    let alike =
        |one: &Field, two: &Field| one.constraint == two.constraint && are_alike(&one.value, &two.value, optional);
    ones.len() == twos.len() && ones.iter().all(|one| named(&twos, one).is_some_and(|two| alike(one, two)))
}

/// Types, bounds and validators: those of `value` change nothing about `other`.
fn rules(value: &Value, other: &Value) -> bool {
    let (both, other) = (value.unify(other), other.unify(other));
    !matches!(both.shape(), Shape::Bottom(_)) && both.error().is_none() && both.to_cue() == other.to_cue()
}

fn matches(pattern: &Value, label: &PathPart) -> bool {
    let PathPart::Field(name) = label else { return false };
    match pattern.shape() {
        _ if is_any_name(pattern) => true,
        Shape::String(text) => text == *name,
        Shape::Bound(BoundOp::Match, regexp) => match regexp.shape() {
            Shape::String(text) => Regexp::new(&text, 1 << 20).is_ok_and(|regexp| regexp.is_match(name)),
            _ => false,
        },
        _ => false,
    }
}

fn named<'a>(fields: &'a [Field], field: &Field) -> Option<&'a Field> {
    fields.iter().find(|other| other.label == field.label)
}

/// How little a field demands.
fn laxness(constraint: Constraint) -> u8 {
    match constraint {
        Constraint::None => 0,
        Constraint::Required => 1,
        Constraint::Optional => 2,
    }
}

/// All that structs can differ in.
const FIELDS: FieldOptions = FieldOptions { optional: true, definitions: true, hidden: true };
