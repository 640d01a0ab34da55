//! Conjunctions and disjunctions as they are written, taken apart.
//!
//! Parts that mean the same count once, and a default counts only if no other alternative covers it.

use crate::value::{Form, Operand};

use super::covers::{View, covers};

/// What must all hold, in the order of the text.
pub(super) fn conjuncts(operand: Operand) -> Vec<Operand> {
    match operand.form {
        Form::Conjunction(parts) => distinct(parts).into_iter().flat_map(conjuncts).collect(),
        Form::Disjunction(ref parts) => match without_covered_defaults(parts).as_slice() {
            [only] => vec![only.clone()],
            _ => vec![operand],
        },
        _ => vec![operand],
    }
}

/// What one of must hold, in the order of the text.
pub(super) fn alternatives(operand: Operand) -> Vec<Operand> {
    match operand.form {
        Form::Disjunction(parts) => choices(&parts).into_iter().flat_map(alternatives).collect(),
        _ => vec![operand],
    }
}

/// The alternatives of one disjunction that count.
pub(super) fn choices(parts: &[(Operand, bool)]) -> Vec<Operand> {
    distinct(without_covered_defaults(parts))
}

fn without_covered_defaults(parts: &[(Operand, bool)]) -> Vec<Operand> {
    let is_covered = |index: usize| {
        let (default, is_default) = &parts[index];
        let mut others = parts.iter().enumerate().filter(|(other, _)| *other != index);
        *is_default && others.any(|(_, (other, _))| covers(other, default, View::Written))
    };
    (0..parts.len()).filter(|index| !is_covered(*index)).map(|index| parts[index].0.clone()).collect()
}

fn distinct(parts: Vec<Operand>) -> Vec<Operand> {
    let mut distinct: Vec<Operand> = Vec::with_capacity(parts.len());
    for part in parts {
        if !distinct.iter().any(|known| is_same(known, &part)) {
            distinct.push(part);
        }
    }
    distinct
}

fn is_same(one: &Operand, two: &Operand) -> bool {
    covers(one, two, View::Written) && covers(two, one, View::Written)
}
