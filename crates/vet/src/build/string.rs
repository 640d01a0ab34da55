//! Rules for strings.

use std::sync::Arc;

use super::FIELDS_MAX;
use crate::formula::{Formula, Join};
use crate::names::Names;
use crate::program::StringTest;

/// Lengths that all have to hold are one range of lengths; sets of which one has to hold are one set.
pub(super) fn tidy_strings(formula: Formula<StringTest>) -> Formula<StringTest> {
    match formula {
        Formula::Join(Join::All, parts) => merge_lengths(parts),
        Formula::Join(Join::Any, parts) => merge_sets(parts),
        other => other,
    }
}

fn merge_lengths(parts: Box<[Formula<StringTest>]>) -> Formula<StringTest> {
    let (mut lowest, mut highest) = (0, usize::MAX);
    let mut kept = Vec::new();
    for part in parts {
        match part {
            Formula::Rule(StringTest::Runes { min, max }) => (lowest, highest) = (lowest.max(min), highest.min(max)),
            other => kept.push(other),
        }
    }
    if (lowest, highest) != (0, usize::MAX) {
        kept.push(Formula::Rule(StringTest::Runes { min: lowest, max: highest }));
    }
    Formula::joined(Join::All, kept)
}

fn merge_sets(parts: Box<[Formula<StringTest>]>) -> Formula<StringTest> {
    let mut values: Vec<Box<[u8]>> = Vec::new();
    let mut kept = Vec::new();
    for part in parts {
        match part {
            Formula::Rule(StringTest::OneOf(names)) if values.len() + names.len() < FIELDS_MAX => {
                values.extend(names.iter().map(Box::from));
            }
            other => kept.push(other),
        }
    }
    values.sort_unstable();
    values.dedup();
    if !values.is_empty() {
        kept.insert(0, Formula::Rule(StringTest::OneOf(Arc::new(Names::new(values.iter().map(|value| &**value))))));
    }
    Formula::joined(Join::Any, kept)
}
