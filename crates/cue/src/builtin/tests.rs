//! The table itself, and calls whose results need no evaluator.

use proptest::prelude::*;

use super::{PACKAGES, TEXT_BYTES_MAX, package};
use crate::{
    call::{Datum, Engine, Failure, Handle, Strictness},
    kind::Kind,
    number::Number,
    regexp::Regexp,
    syntax::{ast::Expr, print_compact},
};

#[test]
fn names_are_unique_and_sorted_packages_are_found() {
    for listed in PACKAGES {
        assert!(std::ptr::eq(package(listed.path).unwrap(), *listed), "{} is listed twice", listed.path);
        for (index, function) in listed.functions.iter().enumerate() {
            let twin = listed.functions[..index].iter().find(|other| other.name == function.name);
            assert!(twin.is_none(), "{}.{} is listed twice", listed.path, function.name);
        }
    }
    assert!(package("no/such").is_none());
}

/// An evaluator for functions that need none.
struct NoEngine;

impl Engine for NoEngine {
    fn satisfies(&mut self, _: Handle, _: &Datum, _: Strictness) -> Result<(), Failure> {
        Err(Failure::new("no evaluator"))
    }

    fn data(&mut self, data: &Expr) -> Result<Datum, Failure> {
        Ok(Datum::Abstract(print_compact(data).into()))
    }

    fn less(&mut self, _: Handle, _: &Datum, _: &Datum) -> Result<bool, Failure> {
        Err(Failure::new("no evaluator"))
    }

    fn datum(&mut self, _: Handle) -> Result<Datum, Failure> {
        Err(Failure::new("no evaluator"))
    }

    fn is_match(&mut self, pattern: &str, text: &str) -> Result<bool, Failure> {
        let regexp = Regexp::new(pattern, 1 << 20).map_err(|error| Failure::new(error.to_string()))?;
        Ok(regexp.is_match(text))
    }
}

fn datum(json: &serde_json::Value) -> Datum {
    use serde_json::Value;
    match json {
        Value::Null => Datum::Null,
        Value::Bool(value) => Datum::Bool(*value),
        Value::Number(number) => Datum::Number(Number::from_json(&number.to_string()).unwrap()),
        Value::String(text) => text.as_str().into(),
        Value::Array(elements) => Datum::List(elements.iter().map(datum).collect()),
        Value::Object(fields) => {
            Datum::Struct(fields.iter().map(|(name, value)| (name.as_str().into(), datum(value))).collect())
        }
    }
}

/// Runs `path.Function` on arguments written as a JSON list; errors come back as `error: text`.
fn call(name: &str, arguments: &str) -> String {
    let (path, name) = name.rsplit_once('.').unwrap();
    let functions = package(path).unwrap_or_else(|| panic!("no package {path}")).functions;
    let function = functions.iter().find(|function| function.name == name);
    let function = function.unwrap_or_else(|| panic!("no function {path}.{name}"));
    let Datum::List(arguments) = datum(&serde_json::from_str(arguments).unwrap()) else { panic!("no list") };
    assert_eq!(arguments.len(), function.params.len(), "arguments of {path}.{name}");
    match (function.run)(&mut NoEngine, &arguments) {
        Ok(result) => result.to_string(),
        Err(failure) => format!("error: {}", failure.message),
    }
}

/// Cases are data: a line each, `path.Function [arguments] => result`.
#[test]
fn calls_give_the_results_of_the_reference() {
    let cases = include_str!("cases.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut wrong = Vec::new();
    for case in cases {
        let (what, expected) = case.split_once(" => ").unwrap_or_else(|| panic!("no result: {case}"));
        let (name, arguments) = what.split_once(' ').unwrap();
        let actual = call(name, arguments);
        if actual != expected {
            wrong.push(format!("{what} gives {actual}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,24}", other in ".{0,12}") {
        for listed in PACKAGES {
            for function in listed.functions {
                let strings = function.params.iter().all(|param| param.kind.contains(Kind::STRING) && !param.schema);
                if strings && function.params.len() <= 2 {
                    let arguments = [Datum::from(text.as_str()), Datum::from(other.as_str())];
                    let _ = (function.run)(&mut NoEngine, &arguments[..function.params.len()]);
                }
            }
        }
    }

    #[test]
    fn dates_with_digits_in_odd_places_are_read_or_refused(text in "[0-9TZ:.+-]{0,30}") {
        let _ = call("time.Time", &serde_json::json!([text]).to_string());
        let _ = call("time.Duration", &serde_json::json!([text]).to_string());
        let _ = call("net.IP", &serde_json::json!([text]).to_string());
    }
}

#[test]
fn results_longer_than_allowed_are_not_made() {
    let long = "a".repeat(1 << 20);
    let limit = format!("exceeds limit of {TEXT_BYTES_MAX}");
    let nested = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for (name, arguments) in [
        ("strings.Repeat", serde_json::json!([long, 65])),
        ("strings.Replace", serde_json::json!([long, "a", "b".repeat(65), -1])),
        ("regexp.ReplaceAll", serde_json::json!(["a", long, "b".repeat(65)])),
        ("encoding/json.Indent", serde_json::json!([nested, "", " ".repeat(50)])),
    ] {
        assert!(call(name, &arguments.to_string()).ends_with(&limit), "{name}");
    }
}
