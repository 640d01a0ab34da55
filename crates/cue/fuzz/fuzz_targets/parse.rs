//! Any bytes as a file: parsing ends with a tree or with errors that have places, and a tree that is printed is parsed
//! to the same tree again.
#![no_main]

use cue::number::Number;
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
    file.decls.iter().filter_map(value).map(|text| with_plain_numbers(&text)).collect()
}

/// Numbers in their shortest form: `7.`, which a file has as `7.0`, and `7` are the same.
fn with_plain_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|next: char| next.is_ascii_digit()) {
        let mut last = ' ';
        let of_number = |next: char| {
            let sign = matches!(next, '+' | '-') && matches!(last, 'e' | 'E');
            last = next;
            !(sign || next.is_ascii_alphanumeric() || next == '.')
        };
        let end = rest[at..].find(of_number).map_or(rest.len(), |length| at + length);
        // A point at the end begins a selector.
        let end = at + rest[at..end].trim_end_matches('.').len();
        out.push_str(&rest[..at]);
        match Number::from_literal(&rest[at..end]) {
            Ok(number) => out.push_str(&number.value.reduced().to_string()),
            Err(_) => out.push_str(&rest[at..end]),
        }
        rest = &rest[end..];
    }
    out + rest
}
