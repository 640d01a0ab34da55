//! Package `encoding/csv` (RFC 4180, with the rules of Go's reader).

use super::{
    args::{ANY, BYTES, Outcome, bytes, fail, function, kind_of, list_of},
    json::marshal,
};
use crate::{
    call::{Datum, Failure, Package},
    kind::Kind,
};

pub(super) static PACKAGE: Package = Package {
    path: "encoding/csv",
    constants: &[],
    functions: &[
        function("Encode", &[ANY], Kind::STRING, |_, args| {
            let mut out = String::new();
            for row in elements(&args[0])? {
                let fields: Vec<String> = elements(row)?.iter().map(field).collect::<Result<_, _>>()?;
                out.push_str(&fields.join(","));
                out.push('\n');
            }
            Ok(out.into())
        }),
        function("Decode", &[BYTES], Kind::LIST, |_, args| decode(&String::from_utf8_lossy(bytes(args, 0)?))),
    ],
};

fn elements(datum: &Datum) -> Result<&[Datum], Failure> {
    match datum {
        Datum::List(elements) => Ok(elements),
        other => fail(format!("cannot use value {other} (type {}) as list", kind_of(other))),
    }
}

/// A string as it is, all else as JSON; in quotes where it needs them.
fn field(datum: &Datum) -> Result<String, Failure> {
    let text = match datum {
        Datum::String(text) => text.to_string(),
        other => marshal(other)?,
    };
    let special = text.contains([',', '"', '\r', '\n']) || text.starts_with(char::is_whitespace) || text == r"\.";
    Ok(if special { format!("\"{}\"", text.replace('"', "\"\"")) } else { text })
}

fn decode(text: &str) -> Outcome {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut lines = Lines { rest: text, number: 0 };
    while let Some(line) = lines.next() {
        if line.trim_end_matches(['\r', '\n']).is_empty() {
            continue;
        }
        let first_line = lines.number;
        let row = match record(line, &mut lines) {
            Ok(row) => row,
            Err(message) if lines.number > first_line => {
                return fail(format!("record on line {first_line}; {message}"));
            }
            Err(message) => return fail(message),
        };
        if rows.first().is_some_and(|first| first.len() != row.len()) {
            return fail(format!("record on line {first_line}: wrong number of fields"));
        }
        rows.push(row);
    }
    Ok(Datum::List(rows.into_iter().map(list_of).collect()))
}

/// The lines of a text, each with its end.
struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.number += 1;
        Some(line)
    }
}

/// The fields of a record, which quotes can spread over several lines.
fn record<'a>(line: &'a str, lines: &mut Lines<'a>) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let (mut line, mut at) = (line, 0);
    loop {
        let rest = &line[at..];
        if let Some(quoted) = rest.strip_prefix('"') {
            let (value, after_line, after) = quoted_field(line, line.len() - quoted.len(), lines)?;
            fields.push(value);
            (line, at) = (after_line, after);
        } else {
            let end = rest.find(',').unwrap_or(rest.trim_end_matches('\n').trim_end_matches('\r').len());
            if let Some(quote) = rest[..end].find('"') {
                let column = at + quote + 1;
                return Err(format!(
                    "parse error on line {}, column {column}: bare \" in non-quoted-field",
                    lines.number
                ));
            }
            fields.push(rest[..end].to_owned());
            at += end;
        }
        match line[at..].strip_prefix(',') {
            Some(_) => at += 1,
            None => return Ok(fields),
        }
    }
}

/// A field from behind its quote on: its value, the line it ends on and where it ends.
fn quoted_field<'a>(line: &'a str, start: usize, lines: &mut Lines<'a>) -> Result<(String, &'a str, usize), String> {
    let (mut line, mut at, mut value) = (line, start, String::new());
    loop {
        let Some(quote) = line[at..].find('"') else {
            value.push_str(&line[at..].replace("\r\n", "\n"));
            let columns = line.len();
            (line, at) = match lines.next() {
                Some(next) => (next, 0),
                None => {
                    let column = columns + 1;
                    let place = format!("parse error on line {}, column {column}", lines.number);
                    return Err(format!("{place}: extraneous or missing \" in quoted-field"));
                }
            };
            continue;
        };
        value.push_str(&line[at..at + quote]);
        at += quote + 1;
        match line[at..].bytes().next() {
            Some(b'"') => {
                value.push('"');
                at += 1;
            }
            None | Some(b',' | b'\n') => return Ok((value, line, at)),
            Some(b'\r') if &line[at..] == "\r\n" || &line[at..] == "\r" => return Ok((value, line, at)),
            Some(_) => {
                let place = format!("parse error on line {}, column {at}", lines.number);
                return Err(format!("{place}: extraneous or missing \" in quoted-field"));
            }
        }
    }
}
