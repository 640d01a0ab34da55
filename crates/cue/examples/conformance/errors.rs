//! Whether a value is the error that a case expects.

use cue::{Code, Error, Errors, Shape, Validation, Value, path_text};

use crate::archive::{all_fields, descend, split_path};
use crate::corpus::ErrorSpec;

/// The errors of a value: its own, or those that make it one.
pub(crate) fn errors_of(value: &Value) -> Option<Errors> {
    match value.shape() {
        Shape::Bottom(errors) => Some(errors),
        Shape::Unresolved(_) => value.error(),
        _ => value.validate(Validation { concrete: false }).err(),
    }
}

/// Code and message; positions and paths are judged apart by [`places_match`].
pub(crate) fn check(value: &Value, spec: &ErrorSpec) -> Result<(), String> {
    if let Some(at) = &spec.at {
        let Some(value) = descend(value.clone(), &split_path(at)) else { return Err(format!("nothing at {at}")) };
        return check(&value, &ErrorSpec { at: None, any: false, ..spec.clone() });
    }
    if spec.any {
        let found = any_descendant(value, spec, 0);
        return if found { Ok(()) } else { Err("no value inside is such an error".to_owned()) };
    }
    // What is missing below makes a struct an error as well.
    let Some(errors) = errors_of(value).or_else(|| value.error()) else {
        return Err(format!("no error but {}", value.to_cue()));
    };
    check_errors(&errors, spec)
}

pub(crate) fn check_errors(errors: &Errors, spec: &ErrorSpec) -> Result<(), String> {
    let code = code_of(errors);
    if let Some(codes) = &spec.codes
        && !codes.is_empty()
        && !codes.iter().any(|wanted| wanted == code)
    {
        return Err(format!("the code is {code}: {errors}"));
    }
    if let Some(contains) = &spec.contains
        && !errors.iter().any(|error| says(error, contains))
    {
        return Err(format!("the message is {errors}"));
    }
    match &spec.suberrs {
        Some(suberrs) if !suberrs.is_empty() => check_parts(errors, suberrs),
        _ => Ok(()),
    }
}

/// The parts of an error in any order, without the outermost line that says how many there are.
fn check_parts(errors: &Errors, specs: &[ErrorSpec]) -> Result<(), String> {
    let mut parts: Vec<&Error> = errors.iter().collect();
    let header = parts.iter().enumerate().filter(|(_, part)| part.message.ends_with("errors in empty disjunction:"));
    if let (Some((at, _)), true) = (header.min_by_key(|(_, part)| part.path.len()), parts.len() > 1) {
        parts.remove(at);
    }
    let shown = parts.iter().map(|part| part.to_string()).collect::<Vec<_>>().join("; ");
    if parts.len() != specs.len() {
        return Err(format!("{} parts instead of {}: {shown}", parts.len(), specs.len()));
    }
    for spec in specs {
        let fits = |part: &&Error| {
            spec.contains.as_ref().is_none_or(|contains| says(part, contains))
                && spec.path.as_ref().is_none_or(|path| ends_with_path(part, path))
        };
        let Some(at) = parts.iter().position(fits) else {
            return Err(format!("no part is {:?}: {shown}", spec.contains));
        };
        parts.swap_remove(at);
    }
    Ok(())
}

fn any_descendant(value: &Value, spec: &ErrorSpec, depth: usize) -> bool {
    const DEPTH_MAX: usize = 50;
    let plain = ErrorSpec { any: false, ..spec.clone() };
    if check(value, &plain).is_ok() {
        return true;
    }
    if depth > DEPTH_MAX {
        return false;
    }
    let fields = all_fields(value).into_iter().map(|field| field.value);
    fields.chain(value.elements()).any(|child| any_descendant(&child, spec, depth + 1))
}

/// Whether the error's path and positions are those expected, where the case names them. `line` is that of the
/// directive: positions in its file are relative to it.
pub(crate) fn places_match(value: &Value, spec: &ErrorSpec, file: &str, line: u32) -> Places {
    let value = match &spec.at {
        Some(at) => descend(value.clone(), &split_path(at)),
        None => Some(value.clone()),
    };
    let errors = value.as_ref().and_then(errors_of);
    let first = errors.as_ref().map(Errors::first);
    let path = spec.path.as_ref().map(|path| first.is_some_and(|error| ends_with_path(error, path)));
    let pos = spec.pos.as_ref().map(|wanted| first.is_some_and(|error| same_positions(error, wanted, file, line)));
    Places { path, pos }
}

/// Verdicts on what the case says of places; `None` where it says nothing.
pub(crate) struct Places {
    pub(crate) path: Option<bool>,
    pub(crate) pos: Option<bool>,
}

fn same_positions(error: &Error, wanted: &[String], file: &str, line: u32) -> bool {
    let show = |position: &&cue::Position| {
        let (found, column) = position.line_column();
        if position.file.name == file {
            format!("{}:{column}", i64::from(found) - i64::from(line))
        } else {
            position.to_string()
        }
    };
    let mut found: Vec<String> = error.printed_positions().iter().map(show).collect();
    let mut wanted = wanted.to_vec();
    found.sort();
    wanted.sort();
    found == wanted
}

fn ends_with_path(error: &Error, path: &str) -> bool {
    let found = path_text(&error.path);
    found == path || found.ends_with(&format!(".{path}"))
}

fn code_of(errors: &Errors) -> &'static str {
    // The line that counts the alternatives that failed speaks for all of them.
    let header = |error: &&Error| {
        let inside = |other: &Error| other.path.starts_with(&error.path);
        error.message.ends_with("errors in empty disjunction:") && errors.iter().all(inside)
    };
    let of_header = errors.iter().find(header).map(|error| error.code);
    match of_header.or_else(|| errors.iter().map(|error| error.code).min()) {
        Some(Code::Eval) => "eval",
        Some(Code::User) => "user",
        Some(Code::StructuralCycle) => "structural_cycle",
        Some(Code::Incomplete) => "incomplete",
        Some(Code::Cycle) => "cycle",
        Some(Code::Limit) | None => "limit",
    }
}

/// Whether an error's text holds the expected one, in which `%s`, `%v`, `%d` and `%q` stand for anything.
fn says(error: &Error, expected: &str) -> bool {
    holds(&error.to_string(), expected)
}

fn holds(text: &str, expected: &str) -> bool {
    let mut rest = text;
    let mut expected = expected;
    while let Some(at) = expected.find('%') {
        let Some(found) = rest.find(&expected[..at]) else { return false };
        rest = &rest[found + at..];
        expected = expected.get(at + 2..).unwrap_or_default();
    }
    rest.contains(expected)
}
