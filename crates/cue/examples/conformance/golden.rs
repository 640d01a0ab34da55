//! Goldens: packages of builtin functions, and OpenAPI documents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cue::export::openapi::{self, Version, generate_with};
use cue::export::syntax::Profile;
use cue::regexp::Regexp;
use cue::syntax::ast::{Decl, Expr, Label, StructLit};
use cue::syntax::pos::{FileId, Pos, SourceFile};
use cue::syntax::{ParseOptions, parse_file, print_merged, simplify};
use cue::{PathPart, Shape, Validation, path_text};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::archive;
use crate::bounded::{self, Failure};
use crate::compare::{compare, compare_embedded, compare_struct};
use crate::report::Report;
use crate::{Options, corpus};

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
    for row in existing_rows::<Golden>(&folder.join("golden.jsonl"))? {
        if row.what == "export" && row.expect.contains_key("out/definition") && wanted(&row.id) {
            let (id, what) = (row.id.clone(), "export definitions");
            count(report, options, what, &id, bounded::run(move || definition(&row)));
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

/// The declarations of a package as one file, with everything shown.
fn definition(row: &Golden) -> Result<(), String> {
    let instance = archive::load(&row.files).map_err(|errors| errors.report())?;
    let root = instance.root();
    let everything =
        Profile { optional: true, definitions: true, hidden: true, docs: true, attributes: true, ..Profile::default() };
    let mut file = root.to_definition(everything);
    simplify(&mut file);
    let found = print_merged(&file, root.sources());
    let names = ["out/definition-v3", "out/definition"];
    let expected = names.iter().find_map(|name| row.expect.get(*name)).map_or("", String::as_str);
    if laid_out(&found)? == laid_out(expected)? { Ok(()) } else { Err(format!("expected\n{expected}\nfound\n{found}")) }
}

/// A file as the printer lays it out by itself: the corpus has the layout of another formatter.
fn laid_out(text: &str) -> Result<String, String> {
    let parsed = parse_file(&SourceFile::new("golden.cue", text), FileId(0), &ParseOptions::default());
    let mut file = parsed.map_err(|errors| format!("{}: {text}", errors[0]))?;
    simplify(&mut file);
    Ok(print_merged(&file, &[]))
}

/// All values of the package, and the messages of all errors in it.
fn package(row: &Golden) -> Result<(), String> {
    let instance = archive::load(&row.files).map_err(|errors| errors.report())?;
    // Where there are two, the later one is of the present evaluator.
    let expected = row.expect.values().next_back().map(String::as_str).unwrap_or_default();
    let (errors, result) = expected.split_once("Result:\n").unwrap_or(("", expected));
    let file = parse_file(&SourceFile::new("expected.cue", result), FileId(0), &ParseOptions::default());
    let file = file.map_err(|errors| format!("expectation: {}", errors[0]))?;
    let root = instance.root();
    check_messages(errors, &root)?;
    compare_printed(&file.decls, &root)
}

/// What is printed of a value: hidden fields are left out, and what has no value yet is printed as an expression.
fn compare_printed(decls: &[Decl], value: &cue::Value) -> Result<(), String> {
    let plain = |decl: &Decl| match decl {
        Decl::Field(field) => matches!(field.label, Label::Ident(_) | Label::String(_)),
        decl => matches!(decl, Decl::Embed(_)),
    };
    if !decls.iter().all(plain) {
        let lit = StructLit { pos: Pos::NONE, end: Pos::NONE, braces: true, decls: decls.into() };
        return compare_struct(&lit, value);
    }
    let fields = archive::all_fields(value);
    let mut unexpected: Vec<_> = fields.iter().filter(|field| !field.label.to_string().starts_with('_')).collect();
    for decl in decls {
        let expected = match decl {
            Decl::Field(expected) => expected,
            Decl::Embed(embedded) => {
                compare_embedded(&embedded.expr, value)?;
                continue;
            }
            _ => continue,
        };
        let label = match &expected.label {
            Label::Ident(ident) => archive::part_of(&ident.name),
            Label::String(literal) => archive::part_of(&literal.raw),
            _ => continue,
        };
        let at =
            unexpected.iter().position(|field| field.label == label).ok_or_else(|| format!("{label} is missing"))?;
        let found = &unexpected.swap_remove(at).value;
        let verdict = match (&expected.value, found.shape()) {
            (Expr::Struct(lit), _) => compare_printed(&lit.decls, found),
            (Expr::Call { .. } | Expr::Binary { .. } | Expr::Interpolation(_), Shape::Unresolved(_)) => Ok(()),
            (expr, _) => compare(expr, found),
        };
        verdict.map_err(|reason| format!("{label}: {reason}"))?;
    }
    unexpected.first().map_or(Ok(()), |field| Err(format!("{} is not expected", field.label)))
}

/// The errors are listed as a command prints them: path and message, then indented positions, which are not compared.
fn check_messages(expected: &str, root: &cue::Value) -> Result<(), String> {
    let lines = expected.lines().filter(|line| !line.is_empty() && !line.starts_with(' ') && *line != "Errors:");
    let expected: BTreeSet<&str> = lines.map(|line| line.strip_suffix(':').unwrap_or(line)).collect();
    let found = root.validate(Validation { concrete: false }).err();
    let found: BTreeSet<String> = found.into_iter().flatten().map(|error| error.to_string()).collect();
    if found.iter().map(String::as_str).eq(expected.iter().copied()) {
        return Ok(());
    }
    let missing: Vec<_> = expected.iter().filter(|line| !found.contains(**line)).collect();
    let unexpected: Vec<_> = found.iter().filter(|line| !expected.contains(line.as_str())).collect();
    Err(format!("missing {missing:#?}\nunexpected {unexpected:#?}"))
}

/// The document with its keys in any order.
fn document(row: &OpenApi) -> Result<(), String> {
    let arg = |name: &str| row.args.as_ref().and_then(|args| args.get(name));
    let text = |name: &str| arg(name).and_then(Json::as_str);
    let mut options =
        openapi::Options { expand_references: arg("ExpandReferences").is_some(), ..openapi::Options::default() };
    options.version = if text("Version") == Some("3.1.0") { Version::V3_1 } else { Version::V3_0 };
    options.name = match text("NameFunc") {
        None => None,
        Some("excludeExcluded") => Some(&without_excluded),
        Some(other) => return Err(format!("no function {other}")),
    };
    if let Some(pattern) = text("FieldFilter") {
        options.omit = Some(Regexp::new(pattern, 1 << 20).map_err(|error| error.to_string())?);
    }
    let generated = archive::load(&row.files).and_then(|instance| generate_with(&instance, &options));
    match (generated, &row.expect_json, &row.expect_error) {
        (Ok(document), Some(expected), _) => same_json(&document.to_json().to_string(), expected),
        (Err(errors), None, Some(expected)) if errors.to_string().contains(expected.as_str()) => Ok(()),
        (Ok(_), _, _) => Err("no error".to_owned()),
        (Err(errors), _, _) => Err(errors.report()),
    }
}

/// Names of definitions, but for those whose path begins with a certain word.
fn without_excluded(path: &[PathPart]) -> Option<String> {
    let name = path_text(path).replace('#', "");
    (!name.starts_with("Excluded")).then_some(name)
}

fn same_json(found: &str, expected: &str) -> Result<(), String> {
    let parse = |text: &str| serde_json::from_str::<Json>(text).map_err(|error| format!("{error}: {text}"));
    if parse(found)? == parse(expected)? { Ok(()) } else { Err(format!("expected {expected}\nfound {found}")) }
}
