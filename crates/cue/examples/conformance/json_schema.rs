//! Schemas in JSON Schema with documents that they accept or reject, judged by the CUE that they become.
//!
//! Documents that the reference itself judges wrongly are counted apart: there, being right is not asked for.

use std::path::Path;

use cue::import::json_schema::{Options as Import, Version, extract};
use cue::syntax::pos::FileId;
use cue::syntax::{ParseLimits, parse_json, print_file};
use cue::{Instance, Limits, Schema, SourceFile, VetOptions};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::bounded::{self, Failure};
use crate::report::Report;
use crate::{Options, corpus};

#[derive(Deserialize)]
struct Row {
    id: String,
    kind: String,
    #[serde(default)]
    draft: String,
    schema: Option<Box<RawValue>>,
    #[serde(default)]
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    d: String,
    data: Box<RawValue>,
    valid: bool,
    ref_skips: bool,
}

pub(crate) fn run(folder: &Path, options: &Options, report: &mut Report) -> Result<(), String> {
    let file = folder.join("jsonschema.jsonl");
    let other = options.check.as_ref().is_some_and(|check| check != "jsonschema");
    if options.stage.is_some() || other || !file.exists() {
        return Ok(());
    }
    let wanted = |row: &Row| options.archive.as_ref().is_none_or(|archive| row.id.contains(archive.as_str()));
    for row in corpus::rows::<Row>(&file)?.into_iter().filter(wanted) {
        if row.kind == "external" {
            external(row, options, report);
        }
    }
    Ok(())
}

/// What came of the document: accepted, rejected, or what kept it from being judged.
type Verdict = Result<bool, String>;

fn external(row: Row, options: &Options, report: &mut Report) {
    let (id, draft) = (row.id.clone(), row.draft.clone());
    let cases: Vec<_> = row.tests.iter().map(|test| (test.d.clone(), test.valid, test.ref_skips)).collect();
    let verdicts: Vec<Verdict> = match bounded::run(move || judge(&row)) {
        Ok(verdicts) => verdicts,
        Err(Failure::Panicked) => {
            report.panicked(&id);
            Vec::new()
        }
        Err(Failure::TimedOut) => {
            report.gave_up(&id);
            Vec::new()
        }
    };
    for (index, (name, valid, ref_skips)) in cases.into_iter().enumerate() {
        let verdict = verdicts.get(index).cloned().unwrap_or(Err("no answer".to_owned()));
        let group = if ref_skips { "json schema beyond the reference" } else { "json schema" };
        report.count(group, &draft, verdict == Ok(valid));
        if !ref_skips {
            report.count(group, "without wrong accepts", verdict != Ok(true) || valid);
            if verdict != Ok(valid) && options.failures {
                println!("FAIL json schema {id} ({name})\n  expected {valid}, found {verdict:?}");
            }
        }
    }
}

fn judge(row: &Row) -> Vec<Verdict> {
    let schema = compile(row);
    let judged = |test: &Test| match &schema {
        Ok(schema) => Ok(schema.vet_json(test.data.get().as_bytes(), "data.json").is_ok()),
        Err(message) => Err(message.clone()),
    };
    row.tests.iter().map(judged).collect()
}

fn compile(row: &Row) -> Result<Schema, String> {
    let text = row.schema.as_ref().ok_or("no schema")?.get();
    let source = SourceFile::new("schema.json", text);
    let document = parse_json(&source, FileId(0), &ParseLimits::default()).map_err(|error| error.message)?;
    let version = match row.draft.as_str() {
        "draft4" => Version::Draft4,
        "draft6" => Version::Draft6,
        "draft7" => Version::Draft7,
        "draft2019-09" => Version::Draft2019,
        _ => Version::Draft2020,
    };
    let file =
        extract(&document, &Import { version, ..Import::default() }).map_err(|errors| errors[0].message.clone())?;
    let text = print_file(&file, None);
    let failed = |errors: cue::Errors| format!("{}in {text}", errors.report());
    let instance = Instance::compile(vec![SourceFile::new("schema.cue", text.as_str())], &Limits::default());
    Schema::new(&instance.map_err(failed)?, "", VetOptions::default()).map_err(failed)
}
