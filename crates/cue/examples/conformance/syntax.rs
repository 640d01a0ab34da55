//! Every CUE text of the corpus is parsed: none may break the parser.
//!
//! The corpus does not say which texts are malformed; the archives of the evaluator are all well-formed.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::Path;

use cue::syntax::pos::{FileId, SourceFile};
use cue::syntax::{ParseOptions, parse_file};
use serde_json::Value as Json;

use crate::report::Report;
use crate::{Options, corpus};

pub(crate) fn run(folder: &Path, options: &Options, report: &mut Report) -> Result<(), String> {
    if options.stage.is_some() || options.check.as_ref().is_some_and(|check| check != "syntax") {
        return Ok(());
    }
    for name in ["archives", "golden", "jsonschema", "openapi", "script"] {
        let file = folder.join(name).with_extension("jsonl");
        if !file.exists() {
            continue;
        }
        let mut texts = BTreeSet::new();
        corpus::rows::<Json>(&file)?.iter().for_each(|row| collect(row, &mut texts));
        for text in texts {
            let Ok(parsed) = catch_unwind(|| parse(&text)) else {
                report.panicked(&format!("parsing a text of {name}"));
                continue;
            };
            // Scripts hold malformed texts on purpose.
            if name != "script" {
                if let (Err(error), true) = (&parsed, options.failures) {
                    println!("syntax: {error}\n{text}");
                }
                report.count("syntax accepted", name, parsed.is_ok());
            }
        }
    }
    Ok(())
}

fn parse(text: &str) -> Result<(), String> {
    let source = SourceFile::new("text.cue", text);
    let parsed = parse_file(&source, FileId(0), &ParseOptions::default());
    parsed.map(drop).map_err(|errors| errors.iter().map(|error| format!("{error}\n")).collect())
}

/// All texts of files whose name ends in `.cue`, wherever they stand in a row.
fn collect(row: &Json, texts: &mut BTreeSet<String>) {
    match row {
        Json::Object(members) => {
            for (name, member) in members {
                match member {
                    Json::String(text) if name.ends_with(".cue") => {
                        texts.insert(text.clone());
                    }
                    other => collect(other, texts),
                }
            }
        }
        Json::Array(elements) => elements.iter().for_each(|element| collect(element, texts)),
        _ => {}
    }
}
