//! Values as text, as Go's package `fmt` writes them: `print`, `println` and the verbs of `printf`.

use std::fmt::Write;

use super::value::{IntType, Value};
use crate::builtin::{check_text_length, strconv::quote};
use crate::number::format_float;
use crate::syntax::unicode::is_print;

/// The widest field and the most digits.
const WIDTH_MAX: usize = 1_000_000;

/// A value by one verb.
pub(super) fn format(value: &Value<'_>, verb: char) -> String {
    let mut out = String::new();
    Flags::default().write(&mut out, value, verb);
    out
}

/// Values after each other, with a space between those of which neither is a string.
pub(super) fn print(values: &[Value<'_>]) -> String {
    let mut out = String::new();
    for (index, value) in values.iter().enumerate() {
        let is_text = |value: &Value<'_>| matches!(value, Value::Text(_));
        if index > 0 && !is_text(value) && !is_text(&values[index - 1]) {
            out.push(' ');
        }
        out.push_str(&format(value, 'v'));
    }
    out
}

/// Values on a line, with spaces between them.
pub(super) fn print_line(values: &[Value<'_>]) -> String {
    values.iter().map(|value| format(value, 'v')).collect::<Vec<_>>().join(" ") + "\n"
}

/// Values where the verbs of a format want them. What does not fit is told in the text.
pub(super) fn print_formatted(format: &str, values: &[Value<'_>]) -> Result<String, String> {
    let mut printer = Printer { rest: format, values, next: 0, reordered: false, good_index: true, out: String::new() };
    while let Some(at) = printer.rest.find('%') {
        printer.out.push_str(&printer.rest[..at]);
        printer.rest = &printer.rest[at + 1..];
        printer.verb();
        check_text_length(printer.out.len())?;
    }
    printer.out.push_str(printer.rest);
    printer.report_extra();
    Ok(printer.out)
}

/// Goes through a format.
struct Printer<'f, 'v> {
    rest: &'f str,
    values: &'v [Value<'v>],
    next: usize,
    /// Whether an explicit index was used, and whether it was one.
    reordered: bool,
    good_index: bool,
    out: String,
}

impl<'v> Printer<'_, 'v> {
    fn verb(&mut self) {
        self.good_index = true;
        let mut flags = self.flags();
        let mut indexed = self.index();
        if self.accept('*') {
            match self.number_argument() {
                Some(width) => {
                    flags.minus |= width < 0;
                    flags.width = Some(width.unsigned_abs() as usize);
                }
                None => self.out.push_str("%!(BADWIDTH)"),
            }
            indexed = false;
        } else if let Some(width) = self.number() {
            flags.width = Some(width);
            // A width behind an index.
            self.good_index &= !indexed;
        }
        if self.accept('.') {
            self.good_index &= !indexed;
            indexed = self.index();
            if self.accept('*') {
                let precision = self.number_argument();
                if precision.is_none() {
                    self.out.push_str("%!(BADPREC)");
                }
                flags.precision = precision.and_then(|digits| usize::try_from(digits).ok());
                indexed = false;
            } else {
                flags.precision = Some(self.number().unwrap_or(0));
            }
        }
        if !indexed {
            self.index();
        }
        let Some(verb) = self.rest.chars().next() else { return self.out.push_str("%!(NOVERB)") };
        self.rest = &self.rest[verb.len_utf8()..];
        match (verb, self.values.get(self.next)) {
            ('%', _) => self.out.push('%'),
            _ if !self.good_index => _ = write!(self.out, "%!{verb}(BADINDEX)"),
            (_, None) => _ = write!(self.out, "%!{verb}(MISSING)"),
            (_, Some(value)) => {
                self.next += 1;
                flags.write(&mut self.out, value, verb);
            }
        }
    }

    fn accept(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        while let Some(char) = self.rest.chars().next() {
            match char {
                '#' => flags.sharp = true,
                '0' => flags.zero = true,
                '+' => flags.plus = true,
                '-' => flags.minus = true,
                ' ' => flags.space = true,
                _ => break,
            }
            self.rest = &self.rest[1..];
        }
        flags
    }

    fn number(&mut self) -> Option<usize> {
        let end = self.rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits.parse().ok().filter(|number| *number <= WIDTH_MAX)
    }

    /// `[n]`, which names the next value.
    fn index(&mut self) -> bool {
        let Some(rest) = self.rest.strip_prefix('[') else { return false };
        self.reordered = true;
        let Some((digits, rest)) = rest.split_once(']') else {
            (self.good_index, self.rest) = (false, rest);
            return false;
        };
        self.rest = rest;
        match digits.parse::<usize>().ok().and_then(|index| index.checked_sub(1)) {
            Some(index) if index < self.values.len() => {
                self.next = index;
                true
            }
            _ => {
                self.good_index = false;
                true
            }
        }
    }

    /// The next value as a width or precision.
    fn number_argument(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        match value {
            Value::Int(value, _) if value.unsigned_abs() <= WIDTH_MAX as u64 => Some(*value),
            _ => None,
        }
    }

    fn report_extra(&mut self) {
        if self.reordered || self.next >= self.values.len() {
            return;
        }
        let extra = self.values[self.next..].iter().map(|value| match value {
            Value::None => "<nil>".to_owned(),
            value => format!("{}={}", value.type_name(), format(value, 'v')),
        });
        let extra = extra.collect::<Vec<_>>().join(", ");
        _ = write!(self.out, "%!(EXTRA {extra})");
    }
}

/// What stands between `%` and the verb.
#[derive(Clone, Default)]
struct Flags {
    sharp: bool,
    zero: bool,
    plus: bool,
    minus: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

impl Flags {
    fn write(&self, out: &mut String, value: &Value<'_>, verb: char) {
        match (value, verb) {
            (_, 'T') => self.pad(out, value.type_name()),
            (Value::None, 'v') => self.pad(out, "<nil>"),
            (Value::Bool(value), 't' | 'v') => self.pad(out, &value.to_string()),
            (Value::Int(value, kind), _) if self.write_int(out, *value, *kind, verb) => {}
            (Value::Float(value), _) if self.write_float(out, *value, verb) => {}
            (Value::Big(value), 'v' | 's' | 'd') => {
                self.write_digits(out, value.sign() == num_bigint::Sign::Minus, &value.magnitude().to_string(), "")
            }
            (Value::Big(value), 'b' | 'o' | 'x' | 'X') => {
                let (radix, prefix) = radix(verb);
                let digits = value.magnitude().to_str_radix(radix);
                let digits = if verb == 'X' { digits.to_uppercase() } else { digits };
                self.write_digits(
                    out,
                    value.sign() == num_bigint::Sign::Minus,
                    &digits,
                    if self.sharp { prefix } else { "" },
                );
            }
            (Value::Text(text), 'v' | 's') => self.pad(out, self.cut(text)),
            (Value::Text(text), 'q') => self.write_quoted(out, text),
            (Value::Text(text), 'x' | 'X') => self.write_hex(out, text.as_bytes(), verb),
            (Value::Bytes(bytes), 's') => self.pad(out, self.cut(&String::from_utf8_lossy(bytes))),
            (Value::Bytes(bytes), 'q') => self.write_quoted(out, &String::from_utf8_lossy(bytes)),
            (Value::Bytes(bytes), 'x' | 'X') => self.write_hex(out, bytes, verb),
            (Value::Bytes(bytes), _) => {
                self.write_list(out, bytes.iter().map(|byte| Value::byte(*byte)), if verb == 'v' { 'd' } else { verb });
            }
            (Value::List(elements), _) if verb != 'p' => self.write_list(out, elements.iter().map(Value::from), verb),
            (Value::Map(fields), _) if verb != 'p' => {
                out.push_str("map[");
                for (index, (name, element)) in Value::sorted(fields).into_iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    self.write(out, &Value::Text(name.as_ref().into()), verb);
                    out.push(':');
                    self.write_element(out, &element.into(), verb);
                }
                out.push(']');
            }
            _ => bad_verb(out, value, verb),
        }
    }

    fn write_list<'d>(&self, out: &mut String, elements: impl Iterator<Item = Value<'d>>, verb: char) {
        out.push('[');
        for (index, element) in elements.enumerate() {
            if index > 0 {
                out.push(' ');
            }
            self.write_element(out, &element, verb);
        }
        out.push(']');
    }

    fn write_element(&self, out: &mut String, element: &Value<'_>, verb: char) {
        match element {
            Value::None => out.push_str("<nil>"),
            element => super::grow(|| self.write(out, element, verb)),
        }
    }

    /// Pads a text to the width.
    fn pad(&self, out: &mut String, text: &str) {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        let padding = std::iter::repeat_n(if self.zero && !self.minus { '0' } else { ' ' }, missing);
        if self.minus {
            out.push_str(text);
            out.extend(padding);
        } else {
            out.extend(padding);
            out.push_str(text);
        }
    }

    /// No more of a text than the precision allows.
    fn cut<'a>(&self, text: &'a str) -> &'a str {
        let end = self.precision.and_then(|count| text.char_indices().nth(count));
        end.map_or(text, |(end, _)| &text[..end])
    }

    fn write_quoted(&self, out: &mut String, text: &str) {
        let text = self.cut(text);
        let fits_raw = !text.contains(|char| matches!(char, '`' | '\u{feff}' | '\0'..='\x08' | '\n'..='\x1f' | '\x7f'));
        if self.sharp && fits_raw {
            return self.pad(out, &format!("`{text}`"));
        }
        self.pad(out, &quote(text, '"', self.plus));
    }

    fn write_hex(&self, out: &mut String, bytes: &[u8], verb: char) {
        let bytes = &bytes[..self.precision.unwrap_or(bytes.len()).min(bytes.len())];
        let prefix = match (self.sharp, verb) {
            (false, _) => "",
            (true, 'x') => "0x",
            (true, _) => "0X",
        };
        let mut text = String::new();
        for (index, byte) in bytes.iter().enumerate() {
            if self.space && index > 0 {
                text.push(' ');
            }
            if index == 0 || self.space {
                text.push_str(prefix);
            }
            _ = if verb == 'x' { write!(text, "{byte:02x}") } else { write!(text, "{byte:02X}") };
        }
        self.pad(out, &text);
    }

    /// Gives whether integers have the verb.
    fn write_int(&self, out: &mut String, value: i64, kind: IntType, verb: char) -> bool {
        let char = || u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
        let magnitude = value.unsigned_abs();
        let digits = match verb {
            'v' | 'd' if self.sharp && verb == 'v' && kind == IntType::Uint8 => {
                self.pad(out, &format!("{magnitude:#x}"));
                return true;
            }
            'v' | 'd' => magnitude.to_string(),
            'b' => format!("{magnitude:b}"),
            'o' | 'O' => format!("{magnitude:o}"),
            'x' => format!("{magnitude:x}"),
            'X' => format!("{magnitude:X}"),
            'c' => {
                self.pad(out, &char().to_string());
                return true;
            }
            'q' => {
                self.pad(out, &quote(&char().to_string(), '\'', self.plus));
                return true;
            }
            'U' => {
                let digits = self.precision.unwrap_or(4).max(4);
                let mut text = format!("U+{magnitude:0digits$X}");
                if self.sharp && is_print(char()) {
                    _ = write!(text, " '{}'", char());
                }
                Self { zero: false, ..self.clone() }.pad(out, &text);
                return true;
            }
            _ => return false,
        };
        let prefix = match verb {
            'O' => "0o",
            _ if self.sharp && verb != 'd' && verb != 'v' => radix(verb).1,
            _ => "",
        };
        self.write_digits(out, value < 0, &digits, prefix);
        true
    }

    /// Digits with a sign, at least as many as the precision or the padding with zeros asks for.
    fn write_digits(&self, out: &mut String, is_negative: bool, digits: &str, prefix: &str) {
        let plain = Self { zero: false, ..self.clone() };
        if self.precision == Some(0) && digits == "0" {
            return plain.pad(out, "");
        }
        let sign = match (is_negative, self.plus, self.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        let wanted = match (self.precision, self.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if self.zero && !self.minus => width.saturating_sub(sign.len()),
            _ => 0,
        };
        plain.pad(out, &format!("{sign}{prefix}{digits:0>wanted$}"));
    }

    /// Gives whether floating-point numbers have the verb.
    fn write_float(&self, out: &mut String, value: f64, verb: char) -> bool {
        let (format, precision) = match verb {
            'v' => (b'g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb as u8, None),
            'f' | 'e' | 'E' => (verb as u8, Some(6)),
            'F' => (b'f', Some(6)),
            _ => return false,
        };
        let number = format_float(value, format, self.precision.or(precision), 64);
        let (sign, digits) = match number.strip_prefix(['+', '-']) {
            Some(digits) if number.starts_with('-') => ("-", digits),
            digits => (
                if self.plus {
                    "+"
                } else if self.space {
                    " "
                } else {
                    ""
                },
                digits.unwrap_or(&number),
            ),
        };
        let plain = Self { zero: false, ..self.clone() };
        match self.width {
            Some(width) if self.zero && !self.minus && value.is_finite() => {
                let width = width.saturating_sub(sign.len());
                plain.pad(out, &format!("{sign}{digits:0>width$}"));
            }
            _ => {
                plain.pad(out, &format!("{}{digits}", if value.is_infinite() && sign.is_empty() { "+" } else { sign }))
            }
        }
        true
    }
}

/// The radix of a verb and how numbers in it begin.
fn radix(verb: char) -> (u32, &'static str) {
    match verb {
        'b' => (2, "0b"),
        'o' | 'O' => (8, "0"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    }
}

fn bad_verb(out: &mut String, value: &Value<'_>, verb: char) {
    _ = match value {
        Value::None => write!(out, "%!{verb}(<nil>)"),
        value => write!(out, "%!{verb}({}={})", value.type_name().trim_start_matches('*'), format(value, 'v')),
    };
}
