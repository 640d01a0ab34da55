//! The directives of the evaluator's archives: each is one case.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use cue::syntax::ast::Expr;
use cue::syntax::pos::{FileId, SourceFile};
use cue::syntax::{ParseLimits, ParseOptions, parse_expr, parse_json};
use cue::{Errors, Value};

use crate::Options;
use crate::archive::{self, descend, split_path};
use crate::bounded::{self, Failure};
use crate::compare::compare;
use crate::corpus::{self, Archive, Directive, ErrorSpec};
use crate::errors;
use crate::permute;
use crate::report::Report;

pub(crate) fn run(folder: &Path, options: &Options, report: &mut Report) -> Result<(), String> {
    if options.check.as_deref().is_some_and(|check| matches!(check, "syntax" | "golden")) {
        return Ok(());
    }
    // An archive that is given up goes on in its thread, so what it reads must live as long as the program.
    let archives: &'static [Archive] = corpus::rows(&folder.join("archives.jsonl"))?.leak();
    let rows: &'static [Directive] = corpus::rows(&folder.join("eval.jsonl"))?.leak();
    let files: BTreeMap<&str, &Archive> = archives.iter().map(|archive| (archive.archive.as_str(), archive)).collect();
    let mut cases: BTreeMap<&str, Vec<&Directive>> = BTreeMap::new();
    for row in rows.iter().filter(|row| counts(row) && is_wanted(row, options)) {
        cases.entry(&row.archive).or_default().push(row);
    }
    for (name, rows) in cases {
        let Some(archive) = files.get(name) else { return Err(format!("no archive {name}")) };
        run_archive(archive, &rows, options, report);
    }
    Ok(())
}

/// Rows with a note are wrong by the reference's own marks; some look into its inside.
fn counts(row: &Directive) -> bool {
    row.check_note.is_none() && !matches!(row.check.as_str(), "internal" | "debug-printer" | "none")
}

fn is_wanted(row: &Directive, options: &Options) -> bool {
    options.stage.as_ref().is_none_or(|stage| *stage == row.stage)
        && options.check.as_ref().is_none_or(|check| *check == row.check)
        && options.archive.as_ref().is_none_or(|archive| row.archive.contains(archive.as_str()))
}

/// A case that has been judged.
struct Judged {
    verdict: Result<(), String>,
    places: Option<errors::Places>,
    panicked: bool,
}

fn run_archive(archive: &'static Archive, rows: &[&'static Directive], options: &Options, report: &mut Report) {
    let cases = rows.to_vec();
    let judged = bounded::run(move || judge_archive(archive, &cases)).unwrap_or_else(|failure| {
        match failure {
            Failure::Panicked => report.panicked(&archive.archive),
            Failure::TimedOut => report.gave_up(&archive.archive),
        }
        let failed = || Judged { verdict: Err("no answer".to_owned()), places: None, panicked: false };
        rows.iter().map(|_| failed()).collect()
    });
    for (row, judged) in rows.iter().zip(judged) {
        let passed = judged.verdict.is_ok();
        report.count("eval stage", &row.stage, passed);
        report.count("eval check", &row.check, passed);
        if judged.panicked {
            report.panicked(&row.id);
        }
        if let Some(places) = judged.places {
            places.path.into_iter().for_each(|passed| report.count("eval error place", "path", passed));
            places.pos.into_iter().for_each(|passed| report.count("eval error place", "pos", passed));
        }
        if let (Err(reason), true) = (judged.verdict, options.failures) {
            show_failure(row, &reason);
        }
    }
}

fn show_failure(row: &Directive, reason: &str) {
    let path = row.path.as_ref().map_or("?".to_owned(), |path| path.join("."));
    println!("FAIL {} {} {}\n  at {path}", row.stage, row.check, row.id);
    match &row.err {
        Some(err) => println!("  expected {err:?}"),
        None => println!("  expected {} {}", row.directive, row.expect),
    }
    println!("  {}", reason.replace('\n', "\n  "));
}

fn judge_archive(archive: &Archive, rows: &[&Directive]) -> Vec<Judged> {
    // Values can be shared, so that the archive is evaluated once.
    let loaded = catch_unwind(|| archive::load(&archive.files).map(|instance| instance.root()));
    let judge_row = |row: &&Directive| match &loaded {
        Err(_) => Judged { verdict: Err("the engine panicked".to_owned()), places: None, panicked: true },
        Ok(loaded) => judge(row, archive, loaded),
    };
    rows.iter().map(judge_row).collect()
}

fn judge(row: &Directive, archive: &Archive, loaded: &Result<Value, Errors>) -> Judged {
    let verdict = catch_unwind(AssertUnwindSafe(|| match row.check.as_str() {
        "permute" => permute::judge(row, archive),
        _ => verdict(row, loaded),
    }));
    let panicked = verdict.is_err();
    let verdict = verdict.unwrap_or_else(|_| Err("the engine panicked".to_owned()));
    let places = catch_unwind(AssertUnwindSafe(|| places(row, loaded))).ok().flatten();
    Judged { verdict, places, panicked }
}

fn places(row: &Directive, loaded: &Result<Value, Errors>) -> Option<errors::Places> {
    let (spec, root) = (row.err.as_ref()?, loaded.as_ref().ok()?);
    Some(errors::places_match(&value_at(row, root)?, spec, &row.file, row.line))
}

fn verdict(row: &Directive, loaded: &Result<Value, Errors>) -> Result<(), String> {
    let root = match loaded {
        Ok(root) => root,
        Err(errors) => return judge_compile_errors(row, errors),
    };
    let Some(value) = value_at(row, root) else { return Err("there is no such value".to_owned()) };
    match row.check.as_str() {
        "value-json" => compare_json(row, &value),
        "value-cue" | "value-cue-nested" | "value-cue-err" | "value-cue-share" => {
            compare(&parse(expected_text(row)?)?, &value)
        }
        "err-code" | "err-code+msg" | "err-msg" | "err-only" | "err-suberr" => errors::check(&value, &error_spec(row)),
        "api" => judge_api(row, &value),
        other => Err(format!("the runner does not know the check {other}")),
    }
}

/// A package that does not compile is an error as a whole.
fn judge_compile_errors(row: &Directive, errors: &Errors) -> Result<(), String> {
    match (&row.err, row.path.as_deref()) {
        (Some(spec), Some([])) => errors::check_errors(errors, spec),
        _ => Err(format!("does not compile: {errors}")),
    }
}

fn error_spec(row: &Directive) -> ErrorSpec {
    row.err.clone().unwrap_or_default()
}

fn value_at(row: &Directive, root: &Value) -> Option<Value> {
    let value = descend(root.clone(), row.path.as_deref()?)?;
    match &row.at {
        Some(at) => descend(value, &split_path(at)),
        None => Some(value),
    }
}

fn expected_text(row: &Directive) -> Result<&str, String> {
    row.expect.as_str().ok_or_else(|| "the expectation is no text".to_owned())
}

/// Parses an expected value, in which all experiments may be used.
pub(crate) fn parse(text: &str) -> Result<Expr, String> {
    let source = SourceFile::new("expected.cue", text);
    parse_expr(&source, FileId(0), &ParseOptions::default()).map_err(|errors| format!("expectation: {}", errors[0]))
}

/// What is exported is the expected JSON, whatever the order of fields.
fn compare_json(row: &Directive, value: &Value) -> Result<(), String> {
    let expected = row.expect_json.as_deref().unwrap_or_default();
    let found = value.to_json().map_err(|errors| format!("no export: {errors}"))?;
    let (expected, actual) = (json(expected)?, json(&found)?);
    if same_json(&expected, &actual) { Ok(()) } else { Err(format!("exported {}", found.trim_end())) }
}

fn json(text: &str) -> Result<Expr, String> {
    let source = SourceFile::new("value.json", text);
    parse_json(&source, FileId(0), &ParseLimits::default()).map_err(|error| format!("{error}: {text}"))
}

fn same_json(expected: &Expr, found: &Expr) -> bool {
    match (expected, found) {
        (Expr::List(expected), Expr::List(found)) => {
            let (expected, found) = (&expected.elements, &found.elements);
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(expected, found)| same_json(expected, found))
        }
        (Expr::Struct(expected), Expr::Struct(found)) => same_members(expected, found),
        _ => crate::compare::same_scalar(expected, found),
    }
}

fn same_members(expected: &cue::syntax::ast::StructLit, found: &cue::syntax::ast::StructLit) -> bool {
    let (expected, found) = (members(expected), members(found));
    expected.len() == found.len()
        && expected
            .iter()
            .zip(&found)
            .all(|((name, expected), (other, found))| name == other && same_json(expected, found))
}

/// The members of an object by decoded name.
fn members(lit: &cue::syntax::ast::StructLit) -> Vec<(String, &Expr)> {
    use cue::syntax::ast::{Decl, Field, Label};
    let member = |decl| match decl {
        &Decl::Field(Field { label: Label::String(ref name), ref value, .. }) => {
            Some((crate::compare::decoded(&name.raw).unwrap_or_default(), value))
        }
        _ => None,
    };
    let mut members: Vec<(String, &Expr)> = lit.decls.iter().filter_map(member).collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members
}

fn judge_api(row: &Directive, value: &Value) -> Result<(), String> {
    let wanted = row.expect.as_bool();
    let (found, wanted) = match row.directive.as_str() {
        "closed" => (value.is_closed().to_string(), wanted.unwrap_or(true).to_string()),
        "allows" => {
            let selector = row.selector.as_deref().unwrap_or_default();
            let allowed = match crate::compare::decoded(selector) {
                Some(name) => value.allows(&name),
                None if selector == "string" => value.allows_any(),
                None => value.allows(selector),
            };
            (allowed.to_string(), wanted.unwrap_or(true).to_string())
        }
        "kind" => (value.kind().to_string(), row.expect.as_str().unwrap_or_default().to_owned()),
        other => return Err(format!("the runner does not know the directive {other}")),
    };
    if found == wanted { Ok(()) } else { Err(format!("{} is {found}", row.directive)) }
}
