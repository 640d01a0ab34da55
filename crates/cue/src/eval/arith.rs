//! Operators on values without parts.

use std::cmp::Ordering;

use crate::{builtin::check_text_length, ir::Atom, syntax::ast::BinaryOp};

/// Whether two values are the same; numbers compare by value.
pub(crate) fn atoms_equal(a: &Atom, b: &Atom) -> bool {
    match (a, b) {
        (Atom::Number(a), Atom::Number(b)) => a.value.cmp(&b.value) == Ordering::Equal,
        _ => a == b,
    }
}

/// The order of two values of the same ordered kind.
pub(crate) fn atoms_order(a: &Atom, b: &Atom) -> Option<Ordering> {
    match (a, b) {
        (Atom::Number(a), Atom::Number(b)) => Some(a.value.cmp(&b.value)),
        (Atom::String(a), Atom::String(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Atom::Bytes(a), Atom::Bytes(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// The result of an operator on two values.
///
/// # Errors
/// `None` if the operator does not take these kinds; a message if it does but has no result.
pub(crate) fn binary(op: BinaryOp, a: &Atom, b: &Atom) -> Result<Atom, Option<String>> {
    match op {
        BinaryOp::Equal => return Ok(Atom::Bool(atoms_equal(a, b))),
        BinaryOp::NotEqual => return Ok(Atom::Bool(!atoms_equal(a, b))),
        BinaryOp::Less => return order(a, b, Ordering::is_lt),
        BinaryOp::LessEqual => return order(a, b, Ordering::is_le),
        BinaryOp::Greater => return order(a, b, Ordering::is_gt),
        BinaryOp::GreaterEqual => return order(a, b, Ordering::is_ge),
        _ => {}
    }
    match (a, b) {
        (Atom::Bool(a), Atom::Bool(b)) => match op {
            BinaryOp::LogicalAnd => Ok(Atom::Bool(*a && *b)),
            BinaryOp::LogicalOr => Ok(Atom::Bool(*a || *b)),
            _ => Err(None),
        },
        (Atom::Number(a), Atom::Number(b)) => {
            let result = match op {
                BinaryOp::Add => a.add(b),
                BinaryOp::Subtract => a.sub(b),
                BinaryOp::Multiply => a.mul(b),
                BinaryOp::Divide => a.div(b),
                BinaryOp::IntDiv => a.int_div(b),
                BinaryOp::IntMod => a.int_mod(b),
                BinaryOp::IntQuo => a.int_quo(b),
                BinaryOp::IntRem => a.int_rem(b),
                _ => return Err(None),
            };
            let is_decimal = matches!(op, BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide);
            let prefix = if is_decimal { "failed arithmetic: " } else { "" };
            result.map(Atom::Number).map_err(|error| Some(format!("{prefix}{error}")))
        }
        (Atom::String(a), Atom::String(b)) if op == BinaryOp::Add => {
            check_text_length(a.len() + b.len())?;
            Ok(Atom::String(format!("{a}{b}").into()))
        }
        (Atom::Bytes(a), Atom::Bytes(b)) if op == BinaryOp::Add => {
            check_text_length(a.len() + b.len())?;
            Ok(Atom::Bytes([&a[..], &b[..]].concat().into()))
        }
        (Atom::Number(times), text) | (text, Atom::Number(times)) if op == BinaryOp::Multiply => repeat(text, times),
        _ => Err(None),
    }
}

fn order(a: &Atom, b: &Atom, test: fn(Ordering) -> bool) -> Result<Atom, Option<String>> {
    atoms_order(a, b).map(|ordering| Atom::Bool(test(ordering))).ok_or(None)
}

/// The most bytes or characters that a repetition may have, as for `strings.Repeat`.
const REPEATED_MAX: usize = 1_000_000;

fn repeat(text: &Atom, times: &crate::number::Number) -> Result<Atom, Option<String>> {
    if !times.is_int() || !matches!(text, Atom::String(_) | Atom::Bytes(_)) {
        return Err(None);
    }
    if times.value.is_negative() {
        return Err(Some("cannot convert negative number to uint64".to_owned()));
    }
    let len = match text {
        Atom::String(text) => text.len(),
        Atom::Bytes(bytes) => bytes.len(),
        _ => 0,
    };
    let times = times.value.to_u64().map_or(usize::MAX, |times| times as usize);
    if len.saturating_mul(times) > REPEATED_MAX {
        return Err(Some(format!("repeat count {times} exceeds limit of {REPEATED_MAX}")));
    }
    Ok(match text {
        Atom::String(text) => Atom::String(text.repeat(times).into()),
        Atom::Bytes(bytes) => Atom::Bytes(bytes.repeat(times).into()),
        other => other.clone(),
    })
}
