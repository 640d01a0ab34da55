//! Judges documents in bulk with lowered programs: one JSON request per line on standard input (`schema`, `path`, `data`),
//! one line of answer each: the program's verdict and what it leaves to the evaluator.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write};

use cue::lower::{self, Lowered};
use cue::{Instance, Limits, SourceFile};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut programs: HashMap<(String, String), Option<Lowered>> = HashMap::new();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let text = |key: &str| request[key].as_str().unwrap_or_default().to_owned();
        let (schema, path) = (text("schema"), text("path"));
        let lowered = programs.entry((schema, path)).or_insert_with_key(|(schema, path)| {
            let files = vec![SourceFile::new("./schema.cue", schema.as_str())];
            let instance = Instance::compile(files, &Limits::default()).ok()?;
            Some(lower::program(&instance, path, &Limits::default(), &lower::Options::default()))
        });
        let answer = match lowered {
            None => json!({"verdict": "error"}),
            Some(lowered) => {
                let residuals: Vec<String> = lowered.residuals.iter().map(ToString::to_string).collect();
                json!({"verdict": verdict(&lowered.program.check(text("data").as_bytes())), "residuals": residuals})
            }
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn verdict(verdict: &vet::Verdict) -> &'static str {
    match verdict {
        vet::Verdict::Accept => "accept",
        vet::Verdict::Reject(_) => "reject",
        vet::Verdict::Unsure(_) => "unsure",
        vet::Verdict::Malformed(_) => "malformed",
    }
}
