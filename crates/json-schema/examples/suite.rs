//! Runs the JSON-Schema-Test-Suite from the folder that JSON_SCHEMA_SUITE names: each required test has to come out right,
//! by the program where it decides and by `jsonschema` where it does not. Where both decide they have to agree, in
//! optional tests too.
//!
//! `--failures` lists what went wrong, `--reasons` why schemas are not compiled whole.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use json_schema::{Draft, Options, uri};
use referencing::{Registry, Retrieve, Uri};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use vet::Verdict;

const DRAFTS: [(&str, Draft); 5] = [
    ("draft4", Draft::Draft4),
    ("draft6", Draft::Draft6),
    ("draft7", Draft::Draft7),
    ("draft2019-09", Draft::Draft201909),
    ("draft2020-12", Draft::Draft202012),
];

/// Schemas that references reach, from the suite's folder.
#[derive(Clone)]
struct Remotes(PathBuf);

impl Retrieve for Remotes {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let path = uri.as_str().strip_prefix("http://localhost:1234/").ok_or("no such remote")?;
        Ok(serde_json::from_str(&std::fs::read_to_string(self.0.join(path))?)?)
    }
}

/// A schema and its tests.
#[derive(Deserialize)]
struct Case {
    description: String,
    schema: Value,
    tests: Vec<Test>,
}

/// A document, as it is written: numbers can be longer than a tree holds.
#[derive(Deserialize)]
struct Test {
    description: String,
    data: Box<RawValue>,
    valid: bool,
}

/// What came out of the tests of some files.
#[derive(Default)]
struct Tally {
    schemas: usize,
    compiled: usize,
    tests: usize,
    decided: usize,
    failures: Vec<String>,
    /// Where program and `jsonschema` do not agree.
    disagreements: Vec<String>,
    reasons: BTreeMap<String, usize>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::var("JSON_SCHEMA_SUITE").map_err(|_| "JSON_SCHEMA_SUITE names no folder")?);
    let flags: Vec<String> = std::env::args().skip(1).collect();
    let mut failed = 0;
    for (name, draft) in DRAFTS {
        for (part, formats) in [("", None), ("optional", None), ("optional/format", Some(true))] {
            let mut tally = Tally::default();
            for file in json_files(&folder.join("tests").join(name).join(part))? {
                tally.file(&file, draft, formats, &folder.join("remotes"))?;
            }
            let Tally { schemas, compiled, tests, decided, failures, disagreements, reasons } = &tally;
            let passed = tests - failures.len();
            println!(
                "{name}/{part}: {passed} of {tests} tests pass, {decided} decided by programs; \
                 {compiled} of {schemas} schemas compiled whole"
            );
            disagreements.iter().for_each(|disagreement| println!("  DISAGREE {disagreement}"));
            if flags.iter().any(|flag| flag == "--failures") {
                failures.iter().for_each(|failure| println!("  {failure}"));
            }
            if flags.iter().any(|flag| flag == "--reasons") {
                reasons.iter().for_each(|(reason, count)| println!("  {count:5} {reason}"));
            }
            // Some formats are left out of `jsonschema` as it is built here.
            failed += disagreements.len() + if part.is_empty() { failures.len() } else { 0 };
        }
    }
    if failed > 0 { Err(format!("{failed} required tests fail, or are judged in two ways").into()) } else { Ok(()) }
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        files.extend(path.extension().is_some_and(|extension| extension == "json").then_some(path));
    }
    files.sort_unstable();
    Ok(files)
}

impl Tally {
    fn file(&mut self, file: &Path, draft: Draft, formats: Option<bool>, remotes: &Path) -> Result<(), Box<dyn Error>> {
        let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        for case in &cases {
            self.case(&file.file_stem().unwrap_or_default().to_string_lossy(), case, draft, formats, remotes)?;
        }
        Ok(())
    }

    fn case(
        &mut self,
        file: &str,
        case: &Case,
        draft: Draft,
        formats: Option<bool>,
        remotes: &Path,
    ) -> Result<(), Box<dyn Error>> {
        const ADDRESS: &str = "json-schema:///";
        let (schema, retriever) = (&case.schema, Remotes(remotes.to_owned()));
        let registry = Registry::new().draft(draft).retriever(retriever.clone()).add(ADDRESS, schema)?.prepare()?;
        let options = Options { formats, ..Options::default() };
        let lowered = json_schema::program(&registry, uri::from_str(ADDRESS)?, draft, &options);
        let validator = jsonschema::options().with_draft(draft).with_retriever(retriever);
        let validator = match formats {
            Some(formats) => validator.should_validate_formats(formats),
            None => validator,
        };
        let validator = validator.build(schema).map_err(|error| error.to_string())?;
        self.schemas += 1;
        self.compiled += usize::from(lowered.residuals.is_empty());
        for residual in &lowered.residuals {
            *self.reasons.entry(residual.reason.clone()).or_default() += 1;
        }
        for Test { description, data, valid } in &case.tests {
            let verdict = lowered.program.check(data.get().as_bytes());
            let decided = match verdict {
                Verdict::Accept => Some(true),
                Verdict::Reject(_) => Some(false),
                Verdict::Unsure(_) | Verdict::Malformed(_) => None,
            };
            self.tests += 1;
            self.decided += usize::from(decided.is_some());
            let theirs = validator.is_valid(&serde_json::from_str(data.get())?);
            let name = || format!("{file}: {}: {description}", case.description);
            if decided.unwrap_or(theirs) != *valid {
                self.failures.push(name());
            }
            if decided.is_some_and(|decided| decided != theirs) {
                self.disagreements.push(name());
            }
        }
        Ok(())
    }
}
