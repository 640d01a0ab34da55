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
        let again = match parse_file(&printed, FileId(0), &options) {
            Ok(again) => again,
            // `a: __b: 1` is taken, and `a: {__b: 1}`, as which comments between the labels have it printed, is not:
            // both as the reference does it.
            Err(errors) if errors.iter().all(|error| error.message.ends_with("are reserved")) => continue,
            Err(errors) => panic!("{errors:?}\n{}", printed.text),
        };
        let (values, again) = (values(&file), values(&again));
        // What numbers stand for is looked at only where they are written in other ways: the exponents may be large.
        if values != again {
            let plain = |values: &[String]| values.iter().map(|text| with_plain_numbers(text)).collect::<Vec<_>>();
            assert_eq!(plain(&values), plain(&again), "{}", printed.text);
        }
    }
});

/// The values of all declarations, without comments, places, superfluous parentheses, and `_` behind an ellipsis.
fn values(file: &File) -> Vec<String> {
    let value = |decl: &Decl| match decl {
        Decl::Field(field) => Some(print_compact(&field.value)),
        Decl::Let(clause) => Some(print_compact(&clause.value)),
        Decl::Embed(embed) => Some(print_compact(&embed.expr)),
        _ => None,
    };
    file.decls.iter().filter_map(value).map(|text| text.replace("..._", "...")).collect()
}

/// Numbers in their shortest form: `7.`, which a file has as `7.0`, and `7` are the same.
fn with_plain_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|next: char| next.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        let (number, behind) = number.split_at(number_length(number.as_bytes()));
        out.push_str(before);
        match Number::from_literal(number) {
            Ok(number) => out.push_str(&number.value.reduced().to_string()),
            Err(_) => out.push_str(number),
        }
        rest = behind;
    }
    out + rest
}

/// How much of the text, which begins with a digit, is a number: a point before anything but a digit begins a selector.
fn number_length(text: &[u8]) -> usize {
    let digit_at = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let mut whole = true;
    let belongs = |at: &usize| {
        let (last, byte) = (text[at.saturating_sub(1)], text[*at]);
        let sign = matches!(byte, b'+' | b'-') && matches!(last, b'e' | b'E');
        let point = byte == b'.' && whole && digit_at(at + 1);
        whole &= !matches!(byte, b'.' | b'e' | b'E');
        sign || point || byte.is_ascii_alphanumeric()
    };
    (0..text.len()).take_while(belongs).count()
}
