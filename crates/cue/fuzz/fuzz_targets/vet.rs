//! A schema and documents, as cases of the language are written: CUE text, then below a `---` line a document on each
//! line. Whatever comes, there is an answer.
#![no_main]

use cue::{Instance, Limits, Schema, SourceFile, VetOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let (source, documents) = text.split_once("\n---").unwrap_or((&text, ""));
    let limits = Limits { steps_max: 20_000, disjuncts_max: 500, ..Limits::default() };
    let Ok(instance) = Instance::compile(vec![SourceFile::new("./fuzz.cue", source)], &limits) else { return };
    let _ = instance.root().to_json();
    let definition = documents.lines().next().unwrap_or_default().trim();
    let Ok(schema) = Schema::new(&instance, definition, VetOptions::default()) else { return };
    for document in documents.lines().skip(1) {
        if let Err(errors) = schema.vet_json(document.as_bytes(), "./data.json") {
            assert!(!errors.report().is_empty());
        }
    }
});
