//! Package `time`.

use super::{
    args::{INT, STRING, fail, function, int, struct_of, text},
    datetime::{DateTime, ParseError, quote},
};
use crate::{
    call::{Failure, Package},
    kind::Kind,
};

pub(super) static PACKAGE: Package = Package {
    path: "time",
    constants: &[
        ("Nanosecond", "1"),
        ("Microsecond", "1000"),
        ("Millisecond", "1000000"),
        ("Second", "1000000000"),
        ("Minute", "60000000000"),
        ("Hour", "3600000000000"),
        ("ANSIC", r#""Mon Jan _2 15:04:05 2006""#),
        ("UnixDate", r#""Mon Jan _2 15:04:05 MST 2006""#),
        ("RubyDate", r#""Mon Jan 02 15:04:05 -0700 2006""#),
        ("RFC822", r#""02 Jan 06 15:04 MST""#),
        ("RFC822Z", r#""02 Jan 06 15:04 -0700""#),
        ("RFC850", r#""Monday, 02-Jan-06 15:04:05 MST""#),
        ("RFC1123", r#""Mon, 02 Jan 2006 15:04:05 MST""#),
        ("RFC1123Z", r#""Mon, 02 Jan 2006 15:04:05 -0700""#),
        ("RFC3339", r#""2006-01-02T15:04:05Z07:00""#),
        ("RFC3339Nano", r#""2006-01-02T15:04:05.999999999Z07:00""#),
        ("RFC3339Date", r#""2006-01-02""#),
        ("Kitchen", r#""3:04PM""#),
        ("Kitchen24", r#""15:04""#),
        ("January", "1"),
        ("February", "2"),
        ("March", "3"),
        ("April", "4"),
        ("May", "5"),
        ("June", "6"),
        ("July", "7"),
        ("August", "8"),
        ("September", "9"),
        ("October", "10"),
        ("November", "11"),
        ("December", "12"),
        ("Sunday", "0"),
        ("Monday", "1"),
        ("Tuesday", "2"),
        ("Wednesday", "3"),
        ("Thursday", "4"),
        ("Friday", "5"),
        ("Saturday", "6"),
    ],
    functions: &[
        function("Duration", &[STRING], Kind::BOOL, |_, args| {
            parse_duration(text(args, 0)?).map(|_| true.into()).map_err(Failure::new)
        }),
        function("FormatDuration", &[INT], Kind::STRING, |_, args| Ok(format_duration(int(args, 0)?).into())),
        function("ParseDuration", &[STRING], Kind::INT, |_, args| {
            parse_duration(text(args, 0)?).map(Into::into).map_err(Failure::new)
        }),
        function("Time", &[STRING], Kind::BOOL, |_, args| check(text(args, 0)?, RFC3339_NANO).map(Into::into)),
        function("Format", &[STRING, STRING], Kind::BOOL, |_, args| {
            check(text(args, 0)?, text(args, 1)?).map(Into::into)
        }),
        function("FormatString", &[STRING, STRING], Kind::STRING, |_, args| {
            Ok(DateTime::parse(RFC3339_NANO, text(args, 1)?)?.format(text(args, 0)?).into())
        }),
        function("Parse", &[STRING, STRING], Kind::STRING, |_, args| {
            Ok(DateTime::parse(text(args, 0)?, text(args, 1)?)?.utc().format(RFC3339_NANO).into())
        }),
        function("Unix", &[INT, INT], Kind::STRING, |_, args| {
            Ok(DateTime::from_unix(int(args, 0)?, int(args, 1)?).format(RFC3339_NANO).into())
        }),
        function("ToUnix", &[STRING], Kind::INT, |_, args| {
            Ok(DateTime::parse(RFC3339_NANO, text(args, 0)?)?.unix_seconds().into())
        }),
        function("ToUnixNano", &[STRING], Kind::INT, |_, args| {
            let time = DateTime::parse(RFC3339_NANO, text(args, 0)?)?;
            Ok(time.unix_seconds().wrapping_mul(NANOS_PER_SECOND).wrapping_add(time.nanosecond.into()).into())
        }),
        function("Split", &[STRING], Kind::STRUCT, |_, args| {
            let time = DateTime::parse(RFC3339_NANO, text(args, 0)?)?;
            Ok(struct_of([
                ("year", time.year.into()),
                ("month", i64::from(time.month).into()),
                ("day", i64::from(time.day).into()),
                ("hour", i64::from(time.hour).into()),
                ("minute", i64::from(time.minute).into()),
                ("second", i64::from(time.second).into()),
                ("nanosecond", i64::from(time.nanosecond).into()),
            ]))
        }),
    ],
};

const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";
const NANOS_PER_SECOND: i64 = 1_000_000_000;

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        Self::new(error.to_string())
    }
}

/// Whether a text has the form that a layout shows.
///
/// # Errors
/// If it has not.
fn check(value: &str, layout: &str) -> Result<bool, Failure> {
    match DateTime::parse(layout, value) {
        Ok(_) => Ok(true),
        Err(_) => fail(format!("invalid time {}", crate::syntax::literal::quoted(value))),
    }
}

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration such as `1h15m30.5s` as nanoseconds.
///
/// # Errors
/// What is wrong with the text, or that it does not fit 64 bits.
pub(crate) fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = split_digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => split_digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after.find(|char: char| char == '.' || char.is_ascii_digit()).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        if name.is_empty() {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let unit = UNITS.iter().find(|(unit, _)| *unit == name);
        let Some((_, unit)) = unit else {
            return Err(format!("time: unknown unit {} in duration {}", quote(name), quote(text)));
        };
        let part = scaled(whole, fraction, *unit).ok_or_else(invalid)?;
        total = total.checked_add(part).filter(|total| *total <= 1 << 63).ok_or_else(invalid)?;
        rest = after;
    }
    let signed = if negative { 0_i64.checked_sub_unsigned(total) } else { i64::try_from(total).ok() };
    signed.ok_or_else(invalid)
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len()))
}

fn scaled(whole: &str, fraction: &str, unit: u64) -> Option<u64> {
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // As many digits as fit; more cannot matter.
    let (mut digits, mut scale) = (0_u64, 1_f64);
    for digit in fraction.bytes().map(|byte| u64::from(byte - b'0')) {
        match digits.checked_mul(10).and_then(|digits| digits.checked_add(digit)).filter(|digits| *digits <= 1 << 63) {
            Some(sum) => (digits, scale) = (sum, scale * 10.0),
            None => break,
        }
    }
    let part = (digits as f64 * (unit as f64 / scale)) as u64;
    whole.checked_mul(unit)?.checked_add(part).filter(|sum| *sum <= 1 << 63)
}

/// Nanoseconds as `1h15m30.5s`.
pub(crate) fn format_duration(nanos: i64) -> String {
    let magnitude = nanos.unsigned_abs();
    let sign = if nanos < 0 { "-" } else { "" };
    match magnitude {
        0 => "0s".into(),
        1..1_000 => format!("{sign}{magnitude}ns"),
        1_000..1_000_000 => format!("{sign}{}\u{b5}s", fraction(magnitude, 1_000)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", fraction(magnitude, 1_000_000)),
        _ => {
            let seconds = magnitude / 1_000_000_000;
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            let rest = fraction(magnitude % 60_000_000_000, 1_000_000_000);
            match (hours, minutes) {
                (0, 0) => format!("{sign}{rest}s"),
                (0, _) => format!("{sign}{minutes}m{rest}s"),
                _ => format!("{sign}{hours}h{minutes}m{rest}s"),
            }
        }
    }
}

/// `value / unit` with as many places as it needs.
fn fraction(value: u64, unit: u64) -> String {
    let places = unit.ilog10() as usize;
    let text = format!("{}.{:0places$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
