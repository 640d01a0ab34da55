//! Any bytes as a file: parsing ends with a tree or with errors that have places, and a tree that is printed is parsed
//! to the same tree again.
#![no_main]

use cue::syntax::ast::{Decl, File};
use cue::syntax::pos::{FileId, SourceFile};
use cue::syntax::{ParseOptions, parse_file, print_compact, print_file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let source = SourceFile::from_bytes("fuzz.cue", input);
    let options = ParseOptions::default();
    let file = match parse_file(&source, FileId(0), &options) {
        Ok(file) => file,
        Err(errors) => {
            assert!(!errors.is_empty());
            assert!(errors.iter().all(|error| source.line_column(error.pos.offset).0 > 0));
            return;
        }
    };
    for source in [Some(&*source), None] {
        let printed = SourceFile::new("printed.cue", print_file(&file, source));
        let again = parse_file(&printed, FileId(0), &options);
        let again = again.unwrap_or_else(|errors| panic!("{errors:?}\n{}", printed.text));
        assert_eq!(values(&file), values(&again), "{}", printed.text);
    }
});

/// The values of all declarations, without comments, places and superfluous parentheses.
fn values(file: &File) -> Vec<String> {
    let value = |decl: &Decl| match decl {
        Decl::Field(field) => Some(print_compact(&field.value)),
        Decl::Let(clause) => Some(print_compact(&clause.value)),
        Decl::Embed(embed) => Some(print_compact(&embed.expr)),
        _ => None,
    };
    file.decls.iter().filter_map(value).collect()
}
