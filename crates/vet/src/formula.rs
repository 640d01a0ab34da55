//! Boolean formulas over the rules for one kind of value, with a third truth value for what is not decided here.

/// Whether a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    No,
    Unsure,
    Yes,
}

impl Truth {
    pub(crate) fn of(holds: bool) -> Truth {
        if holds { Truth::Yes } else { Truth::No }
    }

    pub(crate) fn not(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Unsure => Truth::Unsure,
            Truth::Yes => Truth::No,
        }
    }
}

/// How rules are combined into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    /// Every one holds.
    All,
    /// At least one holds.
    Any,
    /// One holds. If several do, composite values are in doubt: which one is meant may matter to what they add.
    Unique,
    /// From `min` to `max` of them hold.
    Count { min: u32, max: u32 },
}

/// A formula over rules of type `L`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Formula<L> {
    Fixed(Truth),
    Rule(L),
    Not(Box<Formula<L>>),
    Join(Join, Box<[Formula<L>]>),
}

impl<L: Clone + PartialEq> Formula<L> {
    pub(crate) const YES: Formula<L> = Formula::Fixed(Truth::Yes);
    pub(crate) const NO: Formula<L> = Formula::Fixed(Truth::No);

    pub(crate) fn negated(self) -> Formula<L> {
        match self {
            Formula::Fixed(truth) => Formula::Fixed(truth.not()),
            Formula::Not(inner) => *inner,
            other => Formula::Not(Box::new(other)),
        }
    }

    /// Joins formulas, leaving out what cannot change the result.
    pub(crate) fn joined(join: Join, parts: Vec<Formula<L>>) -> Formula<L> {
        match join {
            Join::All => Formula::flat(Join::All, parts, Truth::Yes, Truth::No),
            Join::Any => Formula::flat(Join::Any, parts, Truth::No, Truth::Yes),
            Join::Unique => {
                let parts: Vec<_> = parts.into_iter().filter(|part| *part != Formula::NO).collect();
                Formula::few(parts).unwrap_or_else(|parts| Formula::Join(Join::Unique, parts.into()))
            }
            Join::Count { min, max } => Formula::counted(min, max, parts),
        }
    }

    /// `neutral` parts fall away, one `deciding` part decides, and nested joins of the same sort are spread out.
    fn flat(join: Join, parts: Vec<Formula<L>>, neutral: Truth, deciding: Truth) -> Formula<L> {
        let mut kept: Vec<Formula<L>> = Vec::new();
        for part in parts {
            match part {
                Formula::Fixed(truth) if truth == neutral => {}
                Formula::Fixed(truth) if truth == deciding => return Formula::Fixed(deciding),
                Formula::Join(inner, parts) if inner == join => {
                    kept.extend(parts.into_iter().filter(|part| !kept.contains(part)).collect::<Vec<_>>());
                }
                other if kept.contains(&other) => {}
                other => kept.push(other),
            }
        }
        if kept.is_empty() {
            return Formula::Fixed(neutral);
        }
        Formula::few(kept).unwrap_or_else(|kept| Formula::Join(join, kept.into()))
    }

    fn counted(min: u32, max: u32, parts: Vec<Formula<L>>) -> Formula<L> {
        let certain = parts.iter().filter(|part| **part == Formula::YES).count() as u32;
        let open: Vec<_> =
            parts.into_iter().filter(|part| !matches!(part, Formula::Fixed(Truth::Yes | Truth::No))).collect();
        let (Some(max), min) = (max.checked_sub(certain), min.saturating_sub(certain)) else { return Formula::NO };
        match (min, open.len() as u32) {
            (min, count) if min > count || min > max => Formula::NO,
            (0, count) if max >= count => Formula::YES,
            (1, count) if max >= count => Formula::joined(Join::Any, open),
            (min, count) if min == count => Formula::joined(Join::All, open),
            (0, _) if max == 0 => Formula::joined(Join::Any, open).negated(),
            _ => Formula::Join(Join::Count { min, max }, open.into()),
        }
    }

    /// No part or a single one is no join.
    fn few(mut parts: Vec<Formula<L>>) -> Result<Formula<L>, Vec<Formula<L>>> {
        match parts.len() {
            0 => Ok(Formula::NO),
            1 => Ok(parts.remove(0)),
            _ => Err(parts),
        }
    }

    /// How many rules and joins the formula consists of.
    pub(crate) fn size(&self) -> usize {
        match self {
            Formula::Fixed(_) | Formula::Rule(_) => 1,
            Formula::Not(inner) => 1 + inner.size(),
            Formula::Join(_, parts) => 1 + parts.iter().map(Formula::size).sum::<usize>(),
        }
    }

    /// Whether some part is in doubt whatever the value.
    pub(crate) fn is_doubtful(&self) -> bool {
        match self {
            Formula::Fixed(truth) => *truth == Truth::Unsure,
            Formula::Rule(_) => false,
            Formula::Not(inner) => inner.is_doubtful(),
            Formula::Join(_, parts) => parts.iter().any(Formula::is_doubtful),
        }
    }

    /// Calls `visit` with every rule.
    pub(crate) fn for_each<'a>(&'a self, visit: &mut impl FnMut(&'a L)) {
        match self {
            Formula::Fixed(_) => {}
            Formula::Rule(rule) => visit(rule),
            Formula::Not(inner) => inner.for_each(visit),
            Formula::Join(_, parts) => parts.iter().for_each(|part| part.for_each(visit)),
        }
    }
}

impl<L> Formula<L> {
    /// The truth of the formula, given that of its rules.
    pub(crate) fn truth(&self, holds: &mut impl FnMut(&L) -> Truth) -> Truth {
        match self {
            Formula::Fixed(truth) => *truth,
            Formula::Rule(rule) => holds(rule),
            Formula::Not(inner) => inner.truth(holds).not(),
            Formula::Join(join, parts) => join_truth(*join, parts, holds),
        }
    }
}

impl<L: Clone + PartialEq> Formula<L> {
    /// The one rule that makes the formula false, and whether it had to fail; `None` if others could make up for it.
    pub(crate) fn blamed(&self, holds: &mut impl FnMut(&L) -> Truth) -> Option<(&L, bool)> {
        match self {
            Formula::Rule(rule) => Some((rule, false)),
            Formula::Not(inner) => match &**inner {
                Formula::Rule(rule) => Some((rule, true)),
                _ => None,
            },
            Formula::Join(Join::All, parts) => parts.iter().find(|part| part.truth(holds) == Truth::No)?.blamed(holds),
            _ => None,
        }
    }
}

fn join_truth<L>(join: Join, parts: &[Formula<L>], holds: &mut impl FnMut(&L) -> Truth) -> Truth {
    let (mut yes, mut unsure) = (0_u32, 0_u32);
    for part in parts {
        match (part.truth(holds), join) {
            (Truth::No, Join::All) => return Truth::No,
            (Truth::Yes, Join::Any) => return Truth::Yes,
            (Truth::Yes, _) => yes += 1,
            (Truth::Unsure, _) => unsure += 1,
            (Truth::No, _) => {}
        }
    }
    let possible = yes + unsure;
    match join {
        Join::All | Join::Any if unsure > 0 => Truth::Unsure,
        Join::All => Truth::Yes,
        Join::Any => Truth::No,
        Join::Unique if possible == 0 => Truth::No,
        Join::Unique if yes == 1 && unsure == 0 => Truth::Yes,
        Join::Unique => Truth::Unsure,
        Join::Count { min, max } if possible < min || yes > max => Truth::No,
        Join::Count { min, max } if yes >= min && possible <= max => Truth::Yes,
        Join::Count { .. } => Truth::Unsure,
    }
}
