//! Any bytes as a JSON document: what is accepted is what another reader accepts.
#![no_main]

use cue::syntax::pos::{FileId, SourceFile};
use cue::syntax::{ParseLimits, parse_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let source = SourceFile::from_bytes("fuzz.json", input);
    let ours = parse_json(&source, FileId(0), &ParseLimits::default());
    // The other reader has a lower limit on nesting and refuses lone surrogates, which are found when they are decoded.
    let theirs: Result<&serde_json::value::RawValue, _> = serde_json::from_str(&source.text);
    match theirs {
        Ok(_) => assert!(ours.is_ok(), "{ours:?}"),
        Err(error) if error.is_syntax() && error.to_string().contains("recursion") => {}
        Err(error) => assert!(ours.is_err(), "{error}"),
    }
});
