//! Package `regexp`.

use super::{
    TEXT_BYTES_MAX,
    args::{INT, STRING, fail, function, int, list_of, text},
};
use crate::{
    call::{Datum, Failure, Package},
    kind::Kind,
    limits::Limits,
    regexp::{Match, Regexp, quote_meta},
};

pub(super) static PACKAGE: Package = Package {
    path: "regexp",
    constants: &[],
    functions: &[
        function("Valid", &[STRING], Kind::BOOL, |_, args| compile(text(args, 0)?).map(|_| true.into())),
        function("Match", &[STRING, STRING], Kind::BOOL, |engine, args| {
            engine.is_match(text(args, 0)?, text(args, 1)?).map(Into::into)
        }),
        function("Find", &[STRING, STRING], Kind::STRING, |_, args| {
            let subject = text(args, 1)?;
            Ok(group(subject, &first(&compile(text(args, 0)?)?, subject)?, 0).into())
        }),
        function("FindAll", &[STRING, STRING, INT], Kind::LIST, |_, args| {
            let subject = text(args, 1)?;
            let found = all(&compile(text(args, 0)?)?, subject, int(args, 2)?)?;
            Ok(list_of(found.iter().map(|found| group(subject, found, 0))))
        }),
        function("FindSubmatch", &[STRING, STRING], Kind::LIST, |_, args| {
            let subject = text(args, 1)?;
            Ok(groups(subject, &first(&compile(text(args, 0)?)?, subject)?))
        }),
        function("FindAllSubmatch", &[STRING, STRING, INT], Kind::LIST, |_, args| {
            let subject = text(args, 1)?;
            let found = all(&compile(text(args, 0)?)?, subject, int(args, 2)?)?;
            Ok(Datum::List(found.iter().map(|found| groups(subject, found)).collect()))
        }),
        function("FindNamedSubmatch", &[STRING, STRING], Kind::STRUCT, |_, args| {
            let (regexp, subject) = (compile(text(args, 0)?)?, text(args, 1)?);
            Ok(named_groups(&regexp, subject, &first(&regexp, subject)?))
        }),
        function("FindAllNamedSubmatch", &[STRING, STRING, INT], Kind::LIST, |_, args| {
            let (regexp, subject) = (compile(text(args, 0)?)?, text(args, 1)?);
            let found = all(&regexp, subject, int(args, 2)?)?;
            Ok(Datum::List(found.iter().map(|found| named_groups(&regexp, subject, found)).collect()))
        }),
        function("ReplaceAll", &[STRING, STRING, STRING], Kind::STRING, |_, args| {
            let regexp = compile(text(args, 0)?)?;
            let replaced = regexp.replace_all(text(args, 1)?, text(args, 2)?, TEXT_BYTES_MAX);
            replaced.map(Into::into).ok_or_else(too_long)
        }),
        function("ReplaceAllLiteral", &[STRING, STRING, STRING], Kind::STRING, |_, args| {
            let regexp = compile(text(args, 0)?)?;
            let replaced = regexp.replace_all_literal(text(args, 1)?, text(args, 2)?, TEXT_BYTES_MAX);
            replaced.map(Into::into).ok_or_else(too_long)
        }),
        function("QuoteMeta", &[STRING], Kind::STRING, |_, args| Ok(quote_meta(text(args, 0)?).into())),
    ],
};

fn too_long() -> Failure {
    Failure::new(format!("text exceeds limit of {TEXT_BYTES_MAX}"))
}

fn compile(pattern: &str) -> Result<Regexp, Failure> {
    let bytes_max = Limits::default().regexp_bytes_max;
    Regexp::new(pattern, bytes_max).map_err(|error| Failure::new(error.to_string()))
}

fn first(regexp: &Regexp, subject: &str) -> Result<Match, Failure> {
    regexp.find(subject).map_or_else(|| fail("no match"), Ok)
}

fn all(regexp: &Regexp, subject: &str, count: i64) -> Result<Vec<Match>, Failure> {
    let found = regexp.find_all(subject, count);
    if found.is_empty() { fail("no match") } else { Ok(found) }
}

/// What a group matched; nothing if it took no part.
fn group<'a>(subject: &'a str, found: &Match, index: usize) -> &'a str {
    found.get(index).cloned().flatten().map_or("", |range| &subject[range])
}

fn groups(subject: &str, found: &Match) -> Datum {
    list_of((0..found.len()).map(|index| group(subject, found, index)))
}

/// The named groups, sorted by name; of several of the same name, the last.
fn named_groups(regexp: &Regexp, subject: &str, found: &Match) -> Datum {
    let names = regexp.names().iter().enumerate().filter(|(_, name)| !name.is_empty());
    let fields: std::collections::BTreeMap<_, _> =
        names.map(|(index, name)| (name.as_str(), group(subject, found, index + 1))).collect();
    Datum::Struct(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
}
