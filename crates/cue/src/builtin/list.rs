//! Package `list`.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::{
    REPEAT_MAX,
    args::{
        ANY, INT, LIST, NUMBER, Outcome, SCHEMA, decimal, decimals, fail, function, int, kind_of, list, list_of,
        schema_function, texts,
    },
};
use crate::{
    call::{Datum, Engine, Failure, Handle, Package, Param, Strictness},
    kind::Kind,
    number::{Decimal, Number},
};

pub(super) static PACKAGE: Package = Package {
    path: "list",
    constants: &[
        ("Comparer", "{T: _, x: T, y: T, less: bool}"),
        ("Ascending", "{T: number | string, x: T, y: T, less: x < y}"),
        ("Descending", "{T: number | string, x: T, y: T, less: x > y}"),
    ],
    functions: &[
        function("Drop", &[LIST, INT], Kind::LIST, |_, args| {
            let (elements, count) = (list(args, 0)?, count(int(args, 1)?)?);
            Ok(Datum::List(elements.get(count..).unwrap_or_default().to_vec()))
        }),
        function("Take", &[LIST, INT], Kind::LIST, |_, args| {
            let (elements, count) = (list(args, 0)?, count(int(args, 1)?)?);
            Ok(Datum::List(elements[..count.min(elements.len())].to_vec()))
        }),
        function("Slice", &[LIST, INT, INT], Kind::LIST, |_, args| slice(list(args, 0)?, int(args, 1)?, int(args, 2)?)),
        function("FlattenN", &[ANY, INT], Kind::LIST, |_, args| {
            let mut out = Vec::new();
            flatten(as_list(&args[0])?, int(args, 1)?, &mut out);
            Ok(Datum::List(out))
        }),
        function("Repeat", &[LIST, INT], Kind::LIST, |_, args| repeat(list(args, 0)?, int(args, 1)?)),
        function("Concat", &[LIST], Kind::LIST, |_, args| {
            let lists: Vec<_> = list(args, 0)?.iter().map(as_list).collect::<Result<_, _>>()?;
            Ok(Datum::List(lists.concat()))
        }),
        function("Reverse", &[LIST], Kind::LIST, |_, args| {
            Ok(Datum::List(list(args, 0)?.iter().rev().cloned().collect()))
        }),
        function("MinItems", &[LIST_HANDLE, INT], Kind::BOOL, |engine, args| {
            let (extent, wanted) = (engine.extent(handle(args, 0)?)?, int(args, 1)?);
            if extent.count as i64 >= wanted {
                return Ok(true.into());
            }
            let message = format!("len(list) < MinItems({wanted}) ({} < {wanted})", extent.count);
            Err(Failure::unsatisfied(message, extent.may_reach(wanted)))
        }),
        function("MaxItems", &[LIST_HANDLE, INT], Kind::BOOL, |engine, args| {
            let (extent, wanted) = (engine.extent(handle(args, 0)?)?, int(args, 1)?);
            if extent.count as i64 <= wanted {
                return Ok(true.into());
            }
            let message = format!("len(list) > MaxItems({wanted}) ({} > {wanted})", extent.count);
            Err(Failure::unsatisfied(message, false))
        }),
        function("UniqueItems", &[LIST], Kind::BOOL, |_, args| unique_items(list(args, 0)?)),
        function("Contains", &[LIST, ANY], Kind::BOOL, |_, args| {
            Ok(list(args, 0)?.iter().any(|element| equal(element, &args[1])).into())
        }),
        schema_function("MatchN", &[LIST, SCHEMA, SCHEMA], Kind::BOOL, |engine, args| {
            match_n(engine, list(args, 0)?, handle(args, 1)?, handle(args, 2)?)
        }),
        function("Avg", &[LIST], Kind::NUMBER, |_, args| {
            let numbers = not_empty(decimals(args, 0)?)?;
            let sum = fold(&numbers, Decimal::ZERO, Number::add)?;
            Ok(sum.div(&Number::int(numbers.len()))?.value.into())
        }),
        function("Max", &[LIST], Kind::NUMBER, |_, args| {
            let numbers = not_empty(decimals(args, 0)?)?;
            Ok(extreme(&numbers, Ordering::Greater).into())
        }),
        function("Min", &[LIST], Kind::NUMBER, |_, args| {
            let numbers = not_empty(decimals(args, 0)?)?;
            Ok(extreme(&numbers, Ordering::Less).into())
        }),
        function("Product", &[LIST], Kind::NUMBER, |_, args| {
            Ok(fold(&decimals(args, 0)?, Decimal::ONE, Number::mul)?.value.into())
        }),
        function("Sum", &[LIST], Kind::NUMBER, |_, args| {
            Ok(fold(&decimals(args, 0)?, Decimal::ZERO, Number::add)?.value.into())
        }),
        function("Range", &[NUMBER, NUMBER, NUMBER], Kind::LIST, |_, args| {
            range(decimal(args, 0)?, decimal(args, 1)?, decimal(args, 2)?)
        }),
        function("Sort", &[LIST, SCHEMA], Kind::LIST, |engine, args| sort(engine, list(args, 0)?, handle(args, 1)?)),
        function("SortStable", &[LIST, SCHEMA], Kind::LIST, |engine, args| {
            sort(engine, list(args, 0)?, handle(args, 1)?)
        }),
        function("SortStrings", &[LIST], Kind::LIST, |_, args| {
            let mut texts = texts(args, 0)?;
            texts.sort_unstable();
            Ok(list_of(texts))
        }),
        function("IsSorted", &[LIST, SCHEMA], Kind::BOOL, |engine, args| {
            let (elements, comparator) = (list(args, 0)?, handle(args, 1)?);
            for pair in elements.windows(2) {
                if engine.less(comparator, &pair[1], &pair[0])? {
                    return Ok(false.into());
                }
            }
            Ok(true.into())
        }),
        function("IsSortedStrings", &[STRINGS], Kind::BOOL, |_, args| Ok(texts(args, 0)?.is_sorted().into())),
    ],
};

/// A list of strings.
const STRINGS: Param = Param { elements: false, ..LIST };
/// A list of which only the length matters, and whether more elements may come.
const LIST_HANDLE: Param = Param { kind: Kind::LIST, ..SCHEMA };

fn handle(args: &[Datum], at: usize) -> Result<Handle, Failure> {
    match &args[at] {
        Datum::Handle(handle) => Ok(*handle),
        other => fail(format!("argument {at} is no schema: {}", other)),
    }
}

fn as_list(datum: &Datum) -> Result<&[Datum], Failure> {
    match datum {
        Datum::List(elements) => Ok(elements),
        other => fail(format!("cannot use value {} (type {}) as list", other, kind_of(other))),
    }
}

fn count(count: i64) -> Result<usize, Failure> {
    usize::try_from(count).map_err(|_| Failure::new("negative index"))
}

fn slice(elements: &[Datum], start: i64, end: i64) -> Outcome {
    let first = count(start)?;
    if start > end {
        return fail(format!("invalid index: {start} > {end}"));
    }
    let slice = elements.get(first..end as usize);
    slice.map_or_else(|| fail("slice bounds out of range"), |slice| Ok(Datum::List(slice.to_vec())))
}

/// Takes lists inside the list apart, down to a depth; to the end if it is negative.
fn flatten(elements: &[Datum], depth: i64, out: &mut Vec<Datum>) {
    for element in elements {
        match element {
            Datum::List(inner) if depth != 0 => flatten(inner, depth.saturating_sub(1), out),
            other => out.push(other.clone()),
        }
    }
}

fn repeat(elements: &[Datum], count: i64) -> Outcome {
    match usize::try_from(count) {
        Err(_) => fail("negative count"),
        Ok(count) if count.saturating_mul(elements.len().max(1)) > REPEAT_MAX => {
            fail(format!("count {count} exceeds limit of {REPEAT_MAX}"))
        }
        Ok(count) => Ok(Datum::List(std::iter::repeat_n(elements, count).flatten().cloned().collect())),
    }
}

fn not_empty(numbers: Vec<&Decimal>) -> Result<Vec<&Decimal>, Failure> {
    if numbers.is_empty() { fail("empty list") } else { Ok(numbers) }
}

type Operation = fn(&Number, &Number) -> Result<Number, crate::number::ArithmeticError>;

fn fold(numbers: &[&Decimal], start: Decimal, operation: Operation) -> Result<Number, Failure> {
    let mut sum = Number::float(start);
    for number in numbers {
        sum = operation(&sum, &Number::float((*number).clone()))?;
    }
    Ok(sum)
}

fn extreme(numbers: &[&Decimal], wanted: Ordering) -> Decimal {
    let mut best = numbers[0];
    for number in &numbers[1..] {
        if (*number).cmp(best) == wanted {
            best = number;
        }
    }
    best.clone()
}

fn range(start: &Decimal, limit: &Decimal, step: &Decimal) -> Outcome {
    let up = step.signum() > 0;
    match (step.signum(), start.cmp(limit)) {
        (0, _) => return fail("step must be non zero"),
        (1, Ordering::Greater) => return fail("end must be greater than start when step is positive"),
        (-1, Ordering::Less) => return fail("end must be less than start when step is negative"),
        _ => {}
    }
    let step = Number::float(step.clone());
    let mut at = Number::float(start.clone());
    let mut out = Vec::new();
    while if up { at.value < *limit } else { at.value > *limit } {
        if out.len() == REPEAT_MAX {
            return fail(format!("range has more than {REPEAT_MAX} elements"));
        }
        out.push(Datum::from(at.value.clone()));
        at = at.add(&step)?;
    }
    Ok(Datum::List(out))
}

/// Equality of values: numbers of the same kind by value, lists by elements, structs by fields in any order.
pub(super) fn equal(left: &Datum, right: &Datum) -> bool {
    match (left, right) {
        (Datum::List(left), Datum::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Datum::Struct(left), Datum::Struct(right)) => {
            let fields: HashMap<_, _> = right.iter().map(|(name, value)| (name, value)).collect();
            let same = |(name, value)| fields.get(name).is_some_and(|other| equal(value, other));
            left.len() == right.len() && left.iter().map(|(name, value)| (name, value)).all(same)
        }
        (Datum::Abstract(_), _) | (_, Datum::Abstract(_)) => false,
        _ => left == right,
    }
}

/// A text that is the same for equal values.
fn canonical(datum: &Datum) -> Option<String> {
    Some(match datum {
        Datum::Number(number) => format!("{:?} {}", number.kind, number.value.reduced()),
        Datum::List(elements) => {
            format!("[{}]", elements.iter().map(canonical).collect::<Option<Vec<_>>>()?.join(","))
        }
        Datum::Struct(fields) => {
            let field = |(name, value): &(_, _)| Some(format!("{:?}:{}", name, canonical(value)?));
            let mut fields: Vec<_> = fields.iter().map(field).collect::<Option<_>>()?;
            fields.sort_unstable();
            format!("{{{}}}", fields.join(","))
        }
        Datum::Abstract(_) | Datum::Handle(_) => return None,
        scalar => scalar.to_string(),
    })
}

/// Reports the first element that has an equal, and the first such.
fn unique_items(elements: &[Datum]) -> Outcome {
    let mut seen: HashMap<String, (usize, usize)> = HashMap::new();
    let mut pair: Option<(usize, usize)> = None;
    for (index, element) in elements.iter().enumerate() {
        let Some(key) = canonical(element) else { continue };
        let entry = seen.entry(key).or_insert((index, index));
        if entry.0 < index && entry.0 == entry.1 {
            *entry = (entry.0, index);
            pair = pair.min(Some(*entry)).or(Some(*entry));
        }
    }
    let Some((first, second)) = pair else { return Ok(true.into()) };
    let message = match &elements[first] {
        Datum::List(_) | Datum::Struct(_) => format!("equal values at position {first} and {second}"),
        scalar => format!("equal value ({}) at position {first} and {second}", scalar),
    };
    Err(Failure::unsatisfied(message, false))
}

fn match_n(engine: &mut dyn Engine, elements: &[Datum], wanted: Handle, schema: Handle) -> Outcome {
    let mut matches = 0_usize;
    for element in elements {
        if engine.satisfies(schema, element, Strictness::Concrete).is_ok() {
            matches += 1;
        }
    }
    if engine.satisfies(wanted, &matches.into(), Strictness::Partial).is_ok() {
        return Ok(true.into());
    }
    let (schema, wanted) = (engine.print(schema), engine.print(wanted));
    Err(Failure::unsatisfied(format!("{schema} matches {matches} list items, want {wanted}"), false))
}

/// A stable sort by merging, so that a comparator that fails can end it.
fn sort(engine: &mut dyn Engine, elements: &[Datum], comparator: Handle) -> Outcome {
    let mut runs: Vec<Vec<Datum>> = elements.iter().map(|element| vec![element.clone()]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut pairs = runs.into_iter();
        while let Some(left) = pairs.next() {
            merged.push(match pairs.next() {
                Some(right) => merge(engine, left, right, comparator)?,
                None => left,
            });
        }
        runs = merged;
    }
    Ok(Datum::List(runs.pop().unwrap_or_default()))
}

fn merge(
    engine: &mut dyn Engine,
    left: Vec<Datum>,
    right: Vec<Datum>,
    comparator: Handle,
) -> Result<Vec<Datum>, Failure> {
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        let next = if engine.less(comparator, second, first)? { right.next() } else { left.next() };
        out.extend(next);
    }
    out.extend(left);
    out.extend(right);
    Ok(out)
}
