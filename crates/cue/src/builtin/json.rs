//! Package `encoding/json`.

use std::fmt::Write as _;

use super::{
    args::{ANY, BYTES, Outcome, SCHEMA, STRING, bytes, fail, function, list, schema_function, text},
    check_text_length,
};
use crate::{
    call::{Datum, Engine, Failure, Package, Strictness},
    kind::Kind,
    syntax::{
        ParseLimits,
        ast::Expr,
        made, parse_json,
        pos::{FileId, SourceFile},
    },
};

pub(super) static PACKAGE: Package = Package {
    path: "encoding/json",
    constants: &[],
    functions: &[
        function("Valid", &[BYTES], Kind::BOOL, |_, args| Ok(read(bytes(args, 0)?).is_ok().into())),
        function("Compact", &[BYTES], Kind::STRING, |_, args| {
            let text = valid_text(bytes(args, 0)?)?;
            Ok(reformat(text, |_| String::new(), "").into())
        }),
        function("Indent", &[BYTES, STRING, STRING], Kind::STRING, |_, args| {
            let (prefix, indent) = (text(args, 1)?, text(args, 2)?);
            let text = valid_text(bytes(args, 0)?)?;
            // Each line is indented by at most as many levels as there are brackets.
            let (breaks, depth) = (text.matches([',', '[', ']', '{', '}']).count(), depth_of(text));
            let line = indent.len().saturating_mul(depth).saturating_add(prefix.len()).saturating_add(2);
            check_text_length(line.saturating_mul(breaks).saturating_add(text.len())).or_else(fail::<()>)?;
            let space_behind = &text[text.trim_end_matches([' ', '\t', '\r', '\n']).len()..];
            Ok((reformat(text, |depth| format!("\n{prefix}{}", indent.repeat(depth)), " ") + space_behind).into())
        }),
        function("HTMLEscape", &[BYTES], Kind::STRING, |_, args| {
            Ok(escape_html(&String::from_utf8_lossy(bytes(args, 0)?)).into())
        }),
        function("Marshal", &[ANY], Kind::STRING, |_, args| marshal(&args[0]).map(Into::into)),
        function("MarshalStream", &[ANY], Kind::STRING, |_, args| {
            let lines = list(args, 0)?.iter().map(|element| Ok(marshal(element)? + "\n"));
            Ok(lines.collect::<Result<String, Failure>>()?.into())
        }),
        function("Unmarshal", &[BYTES], Kind::TOP, |engine, args| parse(engine, bytes(args, 0)?)),
        function("UnmarshalStream", &[BYTES], Kind::TOP, |engine, args| {
            let values = split_stream(bytes(args, 0)?).into_iter().map(parse_part);
            let elements = values.collect::<Result<_, _>>()?;
            engine.data(&made::list(elements))
        }),
        schema_function("Validate", &[BYTES, SCHEMA], Kind::BOOL, |engine, args| validate(engine, args)),
    ],
};

/// Data inside a text of the language is no file: places in it are not told.
pub(super) const NO_FILE: FileId = FileId(u32::MAX);

fn validate(engine: &mut dyn Engine, args: &[Datum]) -> Outcome {
    let data = parse(engine, bytes(args, 0)?)?;
    let Datum::Handle(schema) = args[1] else { return fail("argument 1 is no schema") };
    engine.satisfies(schema, &data, Strictness::Final).map(|()| true.into())
}

/// Reads the syntax of a JSON text.
fn read(bytes: &[u8]) -> Result<Expr, Failure> {
    let text = utf8(bytes)?;
    let source = SourceFile::new("json", text);
    parse_json(&source, NO_FILE, &ParseLimits::default()).map_err(|error| Failure::new(error.message))
}

/// The value of a JSON text; values of keys that occur twice are unified.
fn parse(engine: &mut dyn Engine, bytes: &[u8]) -> Outcome {
    engine.data(&read(bytes).map_err(|_| Failure::new("json: invalid JSON"))?)
}

/// One of several values behind each other.
fn parse_part(bytes: &[u8]) -> Result<Expr, Failure> {
    read(bytes).map_err(|failure| {
        let message = failure.message.replace("unexpected end of JSON input", "unexpected EOF");
        Failure::new(format!("invalid JSON for file \"\": {message}"))
    })
}

fn utf8(bytes: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(bytes).map_err(|_| Failure::new("json: invalid UTF-8"))
}

fn valid_text(bytes: &[u8]) -> Result<&str, Failure> {
    read(bytes)?;
    utf8(bytes)
}

/// The most brackets that may be open at once.
fn depth_of(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Takes the space out of a valid JSON text and puts a line break, made for the depth, after brackets and commas.
fn reformat(text: &str, line_break: impl Fn(usize) -> String, after_colon: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut in_string, mut escaped, mut empty) = (0_usize, false, false, false);
    for char in text.chars() {
        if in_string {
            in_string = escaped || char != '"';
            escaped = !escaped && char == '\\';
            out.push(char);
            continue;
        }
        if matches!(char, ' ' | '\t' | '\r' | '\n') {
            continue;
        }
        let closes = matches!(char, ']' | '}');
        if empty && !closes {
            out.push_str(&line_break(depth));
        }
        if closes {
            depth = depth.saturating_sub(1);
            if !empty {
                out.push_str(&line_break(depth));
            }
        }
        out.push(char);
        empty = matches!(char, '[' | '{');
        depth += usize::from(empty);
        in_string = char == '"';
        match char {
            ',' => out.push_str(&line_break(depth)),
            ':' => out.push_str(after_colon),
            _ => {}
        }
    }
    out
}

/// Writes characters that mean something in HTML as escapes.
fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => out.push(char),
        }
    }
    out
}

/// A datum as JSON without space; bytes in base64.
///
/// # Errors
/// If something in it is not concrete.
pub(super) fn marshal(datum: &Datum) -> Result<String, Failure> {
    let mut out = String::new();
    write(datum, &mut out)?;
    Ok(out)
}

fn write(datum: &Datum, out: &mut String) -> Result<(), Failure> {
    stacker::maybe_grow(64 << 10, 1 << 20, || {
        match datum {
            Datum::Null => out.push_str("null"),
            Datum::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Datum::Number(number) => out.push_str(&number.to_string()),
            Datum::String(text) => write_string(text, out),
            Datum::Bytes(bytes) => write_string(&super::base64::encode(bytes), out),
            Datum::List(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    write(element, out)?;
                }
                out.push(']');
            }
            Datum::Struct(fields) => {
                out.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    write_string(name, out);
                    out.push(':');
                    write(value, out)?;
                }
                out.push('}');
            }
            Datum::Abstract(_) | Datum::Handle(_) => {
                let shown = crate::syntax::literal::quoted(&datum.to_string());
                return Err(Failure::incomplete(format!("cannot convert incomplete value {shown} to JSON")));
            }
        }
        Ok(())
    })
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", u32::from(char)).expect("a string takes all text");
            }
            _ => out.push(char),
        }
    }
    out.push('"');
}

/// Splits a text of JSON values behind each other; whether each is valid is left to the reader.
fn split_stream(bytes: &[u8]) -> Vec<&[u8]> {
    let mut values = Vec::new();
    let mut rest = bytes.trim_ascii_start();
    while !rest.is_empty() {
        let (value, after) = rest.split_at(value_length(rest));
        values.push(value);
        rest = after.trim_ascii_start();
    }
    values
}

fn value_length(bytes: &[u8]) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
        } else {
            match byte {
                b'"' => in_string = true,
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        let scalar_ends = bytes.get(at + 1).is_none_or(|next| b" \t\r\n[{\",:]}".contains(next));
        let ended = matches!(byte, b'"' | b']' | b'}') || scalar_ends;
        if depth == 0 && !in_string && ended {
            return at + 1;
        }
    }
    bytes.len()
}
