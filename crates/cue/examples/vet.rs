//! Judges documents in bulk, so that the engine's answers can be compared with the reference's.
//!
//! Reads requests as JSON lines on stdin: `schema` (CUE text), `path` (what `cue vet -d` takes; empty for the whole
//! file), `data` (JSON text) and an `id` that comes back. Answers each with `{"id", "ok", "errors"}` on a line of
//! stdout; `errors` is what `cue vet -c -d PATH schema.cue data.json` prints.
//!
//! ```text
//! cargo run --release -p cue --example vet < requests.jsonl > answers.jsonl
//! ```

use std::{
    collections::HashMap,
    io::{self, BufRead, BufWriter, Write},
};

use cue::{Errors, Instance, Limits, Schema, SourceFile, VetOptions};
use serde_json::{Value, json};

/// Schemas kept compiled; requests with the same schema usually follow each other.
const SCHEMAS_MAX: usize = 64;

type Compiled = HashMap<(String, String), Result<Schema, Errors>>;

fn main() -> io::Result<()> {
    let mut compiled = Compiled::new();
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let answer = match serde_json::from_str::<Value>(&line?) {
            Ok(request) => answer(&request, &mut compiled),
            Err(error) => json!({ "error": format!("the request is not JSON: {error}") }),
        };
        writeln!(out, "{answer}")?;
    }
    out.flush()
}

fn answer(request: &Value, compiled: &mut Compiled) -> Value {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let schema = compiled_schema(text("schema"), text("path"), compiled);
    let verdict = schema.and_then(|schema| schema.vet_json(text("data").as_bytes(), "./data.json"));
    let errors = verdict.as_ref().err().map(Errors::report).unwrap_or_default();
    json!({ "id": request["id"], "ok": verdict.is_ok(), "errors": errors })
}

/// The schema of a text and path, from the kept ones if it is there.
fn compiled_schema(text: &str, path: &str, compiled: &mut Compiled) -> Result<Schema, Errors> {
    let key = (text.to_owned(), path.to_owned());
    if let Some(schema) = compiled.get(&key) {
        return schema.clone();
    }
    let instance = Instance::compile(vec![SourceFile::new("./schema.cue", text)], &Limits::default());
    let schema = instance.and_then(|instance| Schema::new(&instance, path, VetOptions::default()));
    if compiled.len() == SCHEMAS_MAX {
        compiled.clear();
    }
    compiled.insert(key, schema.clone());
    schema
}
