//! Package `strconv`.

use num_bigint::{BigInt, Sign};
use num_traits::{Num, Signed, ToPrimitive};

use super::args::{ANY, BOOL, INT, NUMBER, Outcome, STRING, big, boolean, decimal, fail, function, int, kind_of, text};
use crate::{
    call::{Datum, Failure, Package},
    kind::Kind,
    number::{self, DIGITS_MAX, Decimal, LiteralError, Number, ParseDecimalError},
    syntax::unicode::{is_graphic, is_print},
};

pub(super) static PACKAGE: Package = Package {
    path: "strconv",
    constants: &[("IntSize", "64")],
    functions: &[
        function("ParseBool", &[STRING], Kind::BOOL, |_, args| match text(args, 0)? {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true.into()),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false.into()),
            other => Err(number_error("ParseBool", other, "invalid syntax")),
        }),
        function("FormatBool", &[BOOL], Kind::STRING, |_, args| Ok(boolean(args, 0)?.to_string().into())),
        function("ParseNumber", &[STRING], Kind::NUMBER, |_, args| parse_number(text(args, 0)?)),
        function("ParseFloat", &[STRING, INT], Kind::NUMBER, |_, args| parse_float(text(args, 0)?, int(args, 1)?)),
        function("ParseInt", &[STRING, INT, INT], Kind::INT, |_, args| {
            parse_int("ParseInt", text(args, 0)?, int(args, 1)?, int(args, 2)?).map(Into::into)
        }),
        function("ParseUint", &[STRING, INT, INT], Kind::INT, |_, args| {
            parse_uint(text(args, 0)?, int(args, 1)?, int(args, 2)?).map(Into::into)
        }),
        function("Atoi", &[STRING], Kind::INT, |_, args| parse_int("Atoi", text(args, 0)?, 10, 0).map(Into::into)),
        function("FormatFloat", &[NUMBER, ANY, INT, INT], Kind::STRING, |_, args| {
            let format = format_byte(&args[1])?;
            format_float(decimal(args, 0)?.to_f64(), format, int(args, 2)?, int(args, 3)?)
        }),
        function("FormatInt", &[INT, INT], Kind::STRING, |_, args| format_int(&big(args, 0)?, int(args, 1)?)),
        function("FormatUint", &[INT, INT], Kind::STRING, |_, args| format_int(&big(args, 0)?, int(args, 1)?)),
        function("Quote", &[STRING], Kind::STRING, |_, args| Ok(quote(text(args, 0)?, '"', false).into())),
        function("QuoteToASCII", &[STRING], Kind::STRING, |_, args| Ok(quote(text(args, 0)?, '"', true).into())),
        function("QuoteToGraphic", &[STRING], Kind::STRING, |_, args| {
            Ok(quote_unless(text(args, 0)?, '"', is_graphic).into())
        }),
        function("QuoteRune", &[INT], Kind::STRING, |_, args| Ok(quote(&rune(int(args, 0)?), '\'', false).into())),
        function(
            "QuoteRuneToASCII",
            &[INT],
            Kind::STRING,
            |_, args| Ok(quote(&rune(int(args, 0)?), '\'', true).into()),
        ),
        function("QuoteRuneToGraphic", &[INT], Kind::STRING, |_, args| {
            Ok(quote_unless(&rune(int(args, 0)?), '\'', is_graphic).into())
        }),
        function("IsPrint", &[INT], Kind::BOOL, |_, args| Ok(char_of(int(args, 0)?).is_some_and(is_print).into())),
        function("IsGraphic", &[INT], Kind::BOOL, |_, args| Ok(char_of(int(args, 0)?).is_some_and(is_graphic).into())),
        function("Unquote", &[STRING], Kind::STRING, |_, args| unquote(text(args, 0)?)),
    ],
};

fn number_error(function: &str, text: &str, what: &str) -> Failure {
    Failure::new(format!("strconv.{function}: parsing {}: {what}", quote(text, '"', false)))
}

/// Reads a literal of the language, with a sign.
fn parse_number(text: &str) -> Outcome {
    let (digits, negative) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
    let digits = digits.strip_prefix('+').filter(|_| !negative).unwrap_or(digits);
    match Number::from_literal(digits) {
        Ok(number) => Ok(if negative { -number.value } else { number.value }.into()),
        Err(error) => {
            let shown = quote(text, '"', false);
            let what = match &error {
                LiteralError::Separator | LiteralError::NotIntegral => error.to_string(),
                LiteralError::Exponent => format!("illegal exponent {shown}"),
                LiteralError::Decimal(ParseDecimalError::Syntax) if !digits.starts_with(is_number_start) => {
                    format!("illegal number start {shown}")
                }
                _ => format!("{error} {shown}"),
            };
            Err(number_error("ParseNumber", text, &what))
        }
    }
}

fn is_number_start(char: char) -> bool {
    char.is_ascii_digit() || char == '.'
}

fn parse_float(text: &str, bits: i64) -> Outcome {
    let value = parse_go_float(text).ok_or_else(|| number_error("ParseFloat", text, "invalid syntax"))?;
    let value = if bits == 32 { f64::from(value as f32) } else { value };
    match Decimal::from_f64(value) {
        Some(decimal) => Ok(Datum::Number(Number::float(decimal))),
        None => Err(number_error("ParseFloat", text, "value out of range")),
    }
}

/// Reads a floating-point number as Go does: decimal or, with an exponent of two, hexadecimal.
pub(super) fn parse_go_float(text: &str) -> Option<f64> {
    let plain = without_separators(text);
    let form = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    if let Some(digits) = form.strip_prefix("0x").or_else(|| form.strip_prefix("0X")) {
        let value = parse_hexadecimal(digits)?;
        return Some(if plain.starts_with('-') { -value } else { value });
    }
    plain.parse().ok().filter(|_| form.starts_with(is_number_start))
}

fn parse_hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let is_number =
        !digits.is_empty() && digits.len() <= DIGITS_MAX && digits.chars().all(|char| char.is_ascii_hexdigit());
    let value = if is_number { BigInt::from_str_radix(&digits, 16).ok()? } else { return None };
    let exponent: i64 = exponent.parse().ok()?;
    let exponent = exponent.saturating_sub(4 * fraction.len() as i64);
    // As many bits as are exact, and whether more follow.
    let extra = value.bits().saturating_sub(64);
    let mut head = (&value >> extra).to_u64()?;
    if extra > 0 && (BigInt::from(head) << extra) != value {
        head |= 1;
    }
    let exponent = exponent.saturating_add(extra as i64).clamp(-10_000, 10_000);
    Some(libm::scalbn(head as f64, exponent as i32))
}

/// The text without underscores, where they stand between digits.
fn without_separators(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_hexdigit);
    let separates = |at: usize| bytes[at] == b'_' && digit(at.checked_sub(1)) && digit(Some(at + 1));
    text.char_indices().filter(|(at, _)| !separates(*at)).map(|(_, char)| char).collect()
}

/// Reads an integer with a sign; base 0 goes by the prefix `0x`, `0o`, `0b` or `0`.
pub(super) fn big_int(text: &str, base: i64) -> Option<BigInt> {
    let plain = if base == 0 { without_separators(text) } else { text.to_owned() };
    let text = plain.as_str();
    let (digits, sign) = match text.as_bytes().first()? {
        b'-' => (&text[1..], Sign::Minus),
        b'+' => (&text[1..], Sign::Plus),
        _ => (text, Sign::Plus),
    };
    let prefix = |length: usize| digits.get(..length).map(str::to_ascii_lowercase);
    let (digits, base) = match (base, prefix(2).as_deref()) {
        (0, Some("0x")) => (&digits[2..], 16),
        (0, Some("0o")) => (&digits[2..], 8),
        (0, Some("0b")) => (&digits[2..], 2),
        (0, _) if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
        (0, _) => (digits, 10),
        _ => (digits, u32::try_from(base).ok().filter(|base| (2..=36).contains(base))?),
    };
    let valid = !digits.is_empty() && digits.len() <= DIGITS_MAX && digits.chars().all(|char| char.is_digit(base));
    let value = if valid { BigInt::from_str_radix(digits, base).ok()? } else { return None };
    Some(if sign == Sign::Minus { -value } else { value })
}

fn parse_int(function: &str, text: &str, base: i64, bits: i64) -> Result<BigInt, Failure> {
    let out_of_range = || number_error(function, text, "value out of range");
    if bits < 0 {
        return Err(out_of_range());
    }
    let value = big_int(text, base).ok_or_else(|| number_error(function, text, "invalid syntax"))?;
    // In two's complement the negative range holds one number more.
    let magnitude = if value.is_negative() { &value + 1 } else { value.clone() };
    if bits == 0 || magnitude.bits() < bits as u64 { Ok(value) } else { Err(out_of_range()) }
}

fn parse_uint(text: &str, base: i64, bits: i64) -> Result<BigInt, Failure> {
    let out_of_range = || number_error("ParseUint", text, "value out of range");
    if bits < 0 {
        return Err(out_of_range());
    }
    let value = big_int(text, base).ok_or_else(|| number_error("ParseUint", text, "invalid syntax"))?;
    let fits = !value.is_negative() && (bits == 0 || value.bits() <= bits as u64);
    if fits { Ok(value) } else { Err(out_of_range()) }
}

/// Digits up to base 62: lower case before upper case.
fn format_int(value: &BigInt, base: i64) -> Outcome {
    let Some(base) = u32::try_from(base).ok().filter(|base| (2..=62).contains(base)) else {
        return fail(format!("base {base} is not between 2 and 62"));
    };
    const DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let digits = value.magnitude().to_radix_be(base);
    let sign = if value.is_negative() { "-" } else { "" };
    Ok(format!("{sign}{}", digits.iter().map(|digit| char::from(DIGITS[usize::from(*digit)])).collect::<String>())
        .into())
}

fn format_byte(format: &Datum) -> Result<u8, Failure> {
    match format {
        Datum::String(text) if text.len() == 1 => Ok(text.as_bytes()[0]),
        Datum::String(_) => fail("expected single character string"),
        Datum::Number(number) if number.is_int() => {
            let byte = number.value.to_i64().and_then(|value| u8::try_from(value).ok());
            byte.ok_or_else(|| Failure::new(format!("format value {number} out of range [0, 255]")))
        }
        other => fail(format!("unexpected kind {}", kind_of(other))),
    }
}

fn format_float(value: f64, format: u8, precision: i64, bits: i64) -> Outcome {
    const PRECISION_MAX: i64 = 1_000;
    if precision > PRECISION_MAX {
        return fail(format!("precision {precision} is above {PRECISION_MAX}"));
    }
    let bits = match bits {
        32 | 64 => bits as u32,
        _ => return fail("strconv: illegal AppendFloat/FormatFloat bitSize"),
    };
    Ok(number::format_float(value, format, usize::try_from(precision).ok(), bits).into())
}

fn rune(code: i64) -> String {
    char_of(code).unwrap_or(char::REPLACEMENT_CHARACTER).to_string()
}

fn char_of(code: i64) -> Option<char> {
    u32::try_from(code).ok().and_then(char::from_u32)
}

/// A text as a Go literal.
pub(super) fn quote(text: &str, mark: char, ascii: bool) -> String {
    quote_unless(text, mark, |char| !ascii && is_print(char))
}

/// The same with these characters beyond ASCII as they are.
fn quote_unless(text: &str, mark: char, is_kept: impl Fn(char) -> bool) -> String {
    let mut out = String::from(mark);
    for char in text.chars() {
        match char {
            '\\' => out.push_str("\\\\"),
            _ if char == mark => out.extend(['\\', mark]),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            ' '..='~' => out.push(char),
            '\0'..='\x1f' | '\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(char))),
            _ if is_kept(char) => out.push(char),
            '\0'..='\u{ffff}' => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => out.push_str(&format!("\\U{:08x}", u32::from(char))),
        }
    }
    out.push(mark);
    out
}

/// Reads a literal of the language in double or single quotes.
fn unquote(text: &str) -> Outcome {
    use crate::syntax::literal::{Text, decode_text};
    match decode_text(text) {
        Ok(Text::String(text)) => Ok(text.into()),
        Ok(Text::Bytes(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned().into()),
        Err(error) if text.starts_with(['"', '\'', '#']) => fail(format!("invalid string: {error}")),
        Err(_) => fail("invalid syntax"),
    }
}

/// Reads a literal of Go: a string in double or back quotes, or a character in single ones.
pub(super) fn unquote_go(text: &str) -> Option<String> {
    let mark = text.chars().next()?;
    let inner = text.strip_prefix(mark)?.strip_suffix(mark)?;
    if mark == '`' {
        return (!inner.contains('`')).then(|| inner.replace('\r', ""));
    }
    let mut out = Vec::new();
    let mut rest = inner.chars();
    let mut count = 0;
    while let Some(char) = rest.next() {
        count += 1;
        match char {
            '\n' => return None,
            _ if char == mark => return None,
            '\\' => unescape_go(&mut rest, mark, &mut out)?,
            _ => out.extend(char.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    let is_whole = match mark {
        '"' => true,
        '\'' => count == 1,
        _ => false,
    };
    is_whole.then(|| String::from_utf8_lossy(&out).into_owned())
}

fn unescape_go(rest: &mut std::str::Chars<'_>, mark: char, out: &mut Vec<u8>) -> Option<()> {
    let char = rest.next()?;
    let mut number = |first: &str, count: usize, radix: u32| {
        let digits: String = first.chars().chain(rest.by_ref().take(count - first.len())).collect();
        let is_number = digits.len() == count && digits.chars().all(|char| char.is_digit(radix));
        if is_number { u32::from_str_radix(&digits, radix).ok() } else { None }
    };
    let byte = match char {
        'a' => 0x7,
        'b' => 0x8,
        'f' => 0xc,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0xb,
        '\\' => b'\\',
        '\'' | '"' if char == mark => char as u8,
        'x' => number("", 2, 16)? as u8,
        '0'..='7' => u8::try_from(number(&char.to_string(), 3, 8)?).ok()?,
        'u' | 'U' => {
            let code = number("", if char == 'u' { 4 } else { 8 }, 16)?;
            out.extend(char::from_u32(code)?.encode_utf8(&mut [0; 4]).bytes());
            return Some(());
        }
        _ => return None,
    };
    out.push(byte);
    Some(())
}
