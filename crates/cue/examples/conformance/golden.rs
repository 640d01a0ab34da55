//! Goldens: packages of builtin functions, and OpenAPI documents.

use std::collections::BTreeMap;
use std::path::Path;

use cue::export::openapi::{Version, generate};
use cue::syntax::ast::{Decl, Expr, Field};
use cue::syntax::pos::{FileId, Pos, SourceFile};
use cue::syntax::{ParseOptions, parse_file};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::archive::{self, descend};
use crate::bounded::{self, Failure};
use crate::compare::compare_struct;
use crate::report::Report;
use crate::{Options, corpus, errors};

#[derive(Deserialize)]
struct Golden {
    id: String,
    what: String,
    files: BTreeMap<String, String>,
    expect: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct OpenApi {
    id: String,
    runner: String,
    files: BTreeMap<String, String>,
    #[serde(default)]
    args: Option<BTreeMap<String, Json>>,
    expect_json: Option<String>,
    expect_error: Option<String>,
    reference_skips: Option<Json>,
}

pub(crate) fn run(folder: &Path, options: &Options, report: &mut Report) -> Result<(), String> {
    if options.stage.is_some() || options.check.as_ref().is_some_and(|check| check != "golden") {
        return Ok(());
    }
    let wanted = |id: &str| options.archive.as_ref().is_none_or(|archive| id.contains(archive.as_str()));
    for row in existing_rows::<Golden>(&folder.join("golden.jsonl"))? {
        if row.what == "pkg" && wanted(&row.id) {
            let (id, what) = (row.id.clone(), "builtin packages");
            count(report, options, what, &id, bounded::run(move || package(&row)));
        }
    }
    for row in existing_rows::<OpenApi>(&folder.join("openapi.jsonl"))? {
        if row.runner == "generate-v1" && row.reference_skips.is_none() && wanted(&row.id) {
            let (id, what) = (row.id.clone(), "openapi");
            count(report, options, what, &id, bounded::run(move || document(&row)));
        }
    }
    Ok(())
}

fn existing_rows<T: serde::de::DeserializeOwned>(file: &Path) -> Result<Vec<T>, String> {
    if file.exists() { corpus::rows(file) } else { Ok(Vec::new()) }
}

fn count(report: &mut Report, options: &Options, what: &str, id: &str, outcome: Result<Result<(), String>, Failure>) {
    match outcome {
        Err(Failure::Panicked) => report.panicked(id),
        Err(Failure::TimedOut) => report.gave_up(id),
        Ok(_) => {}
    }
    let verdict = outcome.unwrap_or_else(|_| Err("no answer".to_owned()));
    report.count("golden", what, verdict.is_ok());
    if let (Err(reason), true) = (verdict, options.failures) {
        println!("FAIL {what} {id}\n  {}", reason.replace('\n', "\n  "));
    }
}

/// All values of the package, and the messages of those that are errors.
fn package(row: &Golden) -> Result<(), String> {
    let instance = archive::load(&row.files).map_err(|errors| errors.report())?;
    // Where there are two, the later one is of the present evaluator.
    let expected = row.expect.values().next_back().map(String::as_str).unwrap_or_default();
    let result = expected.split_once("Result:\n").map_or(expected, |(_, result)| result);
    let file = parse_file(&SourceFile::new("expected.cue", result), FileId(0), &ParseOptions::default());
    let file = file.map_err(|errors| format!("expectation: {}", errors[0]))?;
    for field in file.decls.iter().filter_map(error_field) {
        check_message(field, &instance.root())?;
    }
    let lit = cue::syntax::ast::StructLit { pos: Pos::NONE, end: Pos::NONE, braces: true, decls: file.decls };
    compare_struct(&lit, &instance.root())
}

fn error_field(decl: &Decl) -> Option<&Field> {
    match decl {
        Decl::Field(field) if is_bottom(&field.value) => Some(field),
        _ => None,
    }
}

fn is_bottom(expr: &Expr) -> bool {
    match expr {
        Expr::Bottom(_) => true,
        Expr::Commented(inner, _) => is_bottom(inner),
        _ => false,
    }
}

/// The message stands as a comment behind the error.
fn check_message(field: &Field, root: &cue::Value) -> Result<(), String> {
    let comments = field.comments.line.iter().chain(&field.comments.after);
    let Some(expected) = comments.flat_map(|group| &group.lines).next() else { return Ok(()) };
    let expected = expected.trim_start_matches("//").trim();
    let cue::syntax::ast::Label::Ident(name) = &field.label else { return Ok(()) };
    let value =
        descend(root.clone(), std::slice::from_ref(&name.name)).ok_or_else(|| format!("{} is missing", name.name))?;
    let found = errors::errors_of(&value).ok_or_else(|| format!("{} is no error", name.name))?;
    if found.iter().any(|error| error.to_string() == expected) {
        return Ok(());
    }
    Err(format!("expected {expected}\nfound    {found}"))
}

/// The document with its keys in any order.
fn document(row: &OpenApi) -> Result<(), String> {
    let args = row.args.as_ref();
    let go_only = ["ExpandReferences", "NameFunc", "FieldFilter", "DescriptionFunc", "SelfContained"];
    if let Some(arg) = go_only.iter().find(|arg| args.is_some_and(|args| args.contains_key(**arg))) {
        return Err(format!("{arg} is an argument of the Go function alone"));
    }
    let version = match args.and_then(|args| args.get("Version")).and_then(Json::as_str) {
        Some("3.1.0") => Version::V3_1,
        _ => Version::V3_0,
    };
    let generated = archive::load(&row.files).and_then(|instance| generate(&instance, version));
    match (generated, &row.expect_json, &row.expect_error) {
        (Ok(document), Some(expected), _) => same_json(&document.to_json().to_string(), expected),
        (Err(_), None, Some(_)) => Ok(()),
        (Ok(_), _, _) => Err("no error".to_owned()),
        (Err(errors), _, _) => Err(errors.report()),
    }
}

fn same_json(found: &str, expected: &str) -> Result<(), String> {
    let parse = |text: &str| serde_json::from_str::<Json>(text).map_err(|error| format!("{error}: {text}"));
    if parse(found)? == parse(expected)? { Ok(()) } else { Err(format!("expected {expected}\nfound {found}")) }
}
