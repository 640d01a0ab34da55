//! Dates and times written as a layout shows: the reference time `Mon Jan 2 15:04:05 MST 2006` in the wanted form, as
//! in Go's `time` package.
//!
//! No time zone database is needed: a numeric offset counts, and a zone's name alone counts as no offset.

use std::fmt;

/// A point in time with the offset that it was written with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DateTime {
    pub(super) year: i64,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) nanosecond: u32,
    /// Seconds east of Greenwich.
    offset: i64,
    zone: String,
}

/// Why a text does not have the form of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ParseError(String);

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A part of a layout that stands for a part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    LongMonth,
    Month,
    NumberMonth { padded: bool },
    LongWeekday,
    Weekday,
    Day { padding: Padding },
    YearDay { padding: Padding },
    Hour24,
    Hour12 { padded: bool },
    Minute { padded: bool },
    Second { padded: bool },
    LongYear,
    Year,
    UpperMeridiem,
    LowerMeridiem,
    ZoneName,
    Offset { form: OffsetForm, utc_is_z: bool },
    Fraction { digits: usize, trimmed: bool, separator: u8 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Padding {
    None,
    Space,
    Zero,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OffsetForm {
    /// `-07`.
    Hours,
    /// `-0700`.
    Minutes,
    /// `-07:00`.
    ColonMinutes,
    /// `-070000`.
    Seconds,
    /// `-07:00:00`.
    ColonSeconds,
}

const FIXED: [(&str, Element); 20] = [
    ("January", Element::LongMonth),
    ("Monday", Element::LongWeekday),
    ("MST", Element::ZoneName),
    ("002", Element::YearDay { padding: Padding::Zero }),
    ("01", Element::NumberMonth { padded: true }),
    ("02", Element::Day { padding: Padding::Zero }),
    ("03", Element::Hour12 { padded: true }),
    ("04", Element::Minute { padded: true }),
    ("05", Element::Second { padded: true }),
    ("06", Element::Year),
    ("15", Element::Hour24),
    ("1", Element::NumberMonth { padded: false }),
    ("2006", Element::LongYear),
    ("2", Element::Day { padding: Padding::None }),
    ("__2", Element::YearDay { padding: Padding::Space }),
    ("3", Element::Hour12 { padded: false }),
    ("4", Element::Minute { padded: false }),
    ("5", Element::Second { padded: false }),
    ("PM", Element::UpperMeridiem),
    ("pm", Element::LowerMeridiem),
];

const OFFSETS: [(&str, OffsetForm); 5] = [
    ("070000", OffsetForm::Seconds),
    ("07:00:00", OffsetForm::ColonSeconds),
    ("0700", OffsetForm::Minutes),
    ("07:00", OffsetForm::ColonMinutes),
    ("07", OffsetForm::Hours),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Splits a layout at its first element: text before, the element and its text, the rest.
fn next_element(layout: &str) -> Option<(&str, Element, &str, &str)> {
    (0..layout.len()).filter(|at| layout.is_char_boundary(*at)).find_map(|at| {
        let rest = &layout[at..];
        // `_2006` is a literal underscore before a year.
        let (element, length) = element_at(rest).filter(|_| !rest.starts_with("_2006"))?;
        Some((&layout[..at], element, &rest[..length], &rest[length..]))
    })
}

fn element_at(text: &str) -> Option<(Element, usize)> {
    let abbreviated = |name: &str| text.starts_with(name) && !text[3..].starts_with(|c: char| c.is_ascii_lowercase());
    match text.as_bytes()[0] {
        b'-' | b'Z' => {
            let (digits, form) = OFFSETS.iter().find(|(digits, _)| text[1..].starts_with(digits))?;
            Some((Element::Offset { form: *form, utc_is_z: text.starts_with('Z') }, digits.len() + 1))
        }
        separator @ (b'.' | b',') => {
            let digit = text[1..].chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
            let digits = text[1..].len() - text[1..].trim_start_matches(digit).len();
            let ends = !text[1 + digits..].starts_with(|next: char| next.is_ascii_digit());
            ends.then_some((Element::Fraction { digits, trimmed: digit == '9', separator }, digits + 1))
        }
        _ => {
            let fixed = FIXED.iter().find(|(name, _)| text.starts_with(name));
            match fixed {
                Some((name, element)) => Some((*element, name.len())),
                None if abbreviated("Jan") => Some((Element::Month, 3)),
                None if abbreviated("Mon") => Some((Element::Weekday, 3)),
                None if text.starts_with("_2") => Some((Element::Day { padding: Padding::Space }, 2)),
                None => None,
            }
        }
    }
}

/// What a text has said so far.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<u8>,
    day: Option<u16>,
    year_day: Option<u16>,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    /// Whether it said PM or AM.
    afternoon: Option<bool>,
    /// Whether it said that the time is UTC.
    utc: bool,
    offset: Option<i64>,
    zone: String,
}

/// Why an element can't be read.
enum Fault {
    /// The text has another form.
    Form,
    /// The number is beyond what this can be.
    Range(&'static str),
}

type Read<'a, T> = Result<(T, &'a str), Fault>;

impl DateTime {
    /// Reads a text in the form that a layout shows.
    ///
    /// # Errors
    /// Where the text differs, in the reference's words.
    pub(super) fn parse(layout: &str, value: &str) -> Result<Self, ParseError> {
        let mismatch = |element: &str, rest: &str| {
            let (value, layout) = (quote(value), quote(layout));
            ParseError(format!("parsing time {value} as {layout}: cannot parse {} as {}", quote(rest), quote(element)))
        };
        let wrong = |what: String| ParseError(format!("parsing time {}: {what}", quote(value)));
        let mut fields = Fields::default();
        let (mut layout_rest, mut rest) = (layout, value);
        loop {
            let next = next_element(layout_rest);
            let prefix = next.map_or(layout_rest, |(prefix, ..)| prefix);
            rest = skip(rest, prefix).map_err(|(prefix, rest)| mismatch(prefix, rest))?;
            let Some((_, element, element_text, after)) = next else { break };
            let fraction_follows = matches!(next_element(after), Some(("", Element::Fraction { .. }, ..)));
            rest = match fields.read(element, rest, fraction_follows) {
                Ok(rest) => rest,
                Err(Fault::Form) => return Err(mismatch(element_text, rest)),
                Err(Fault::Range(what)) => return Err(wrong(format!("{what} out of range"))),
            };
            layout_rest = after;
        }
        if !rest.is_empty() {
            return Err(wrong(format!("extra text: {}", quote(rest))));
        }
        fields.resolve().map_err(|what| wrong(what.to_owned()))
    }

    /// The point in time so many seconds and nanoseconds after 1970-01-01T00:00:00Z.
    pub(super) fn from_unix(seconds: i64, nanoseconds: i64) -> Self {
        let total = i128::from(seconds) + i128::from(nanoseconds.div_euclid(1_000_000_000));
        let (days, of_day) = (total.div_euclid(86_400), total.rem_euclid(86_400) as u32);
        let (year, month, day) = civil_from_days(days as i64);
        Self {
            year,
            month,
            day,
            hour: (of_day / 3600) as u8,
            minute: (of_day / 60 % 60) as u8,
            second: (of_day % 60) as u8,
            nanosecond: nanoseconds.rem_euclid(1_000_000_000) as u32,
            offset: 0,
            zone: "UTC".into(),
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub(super) fn unix_seconds(&self) -> i64 {
        let of_day = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        days_from_civil(self.year, self.month, self.day) * 86_400 + of_day - self.offset
    }

    /// The same point in time in UTC.
    pub(super) fn utc(&self) -> Self {
        Self::from_unix(self.unix_seconds(), self.nanosecond.into())
    }

    /// The time in the form that a layout shows.
    pub(super) fn format(&self, layout: &str) -> String {
        let mut out = String::new();
        let mut rest = layout;
        while let Some((prefix, element, _, after)) = next_element(rest) {
            out.push_str(prefix);
            out.push_str(&self.write(element));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn write(&self, element: Element) -> String {
        let padded = |value: u8, padded: bool| if padded { format!("{value:02}") } else { value.to_string() };
        let month = MONTHS[usize::from(self.month - 1)];
        let weekday = WEEKDAYS[(days_from_civil(self.year, self.month, self.day) + 4).rem_euclid(7) as usize];
        match element {
            Element::LongMonth => month.into(),
            Element::Month => month[..3].into(),
            Element::NumberMonth { padded: zero } => padded(self.month, zero),
            Element::LongWeekday => weekday.into(),
            Element::Weekday => weekday[..3].into(),
            Element::Day { padding: Padding::Space } => format!("{:2}", self.day),
            Element::Day { padding } => padded(self.day, padding == Padding::Zero),
            Element::YearDay { padding: Padding::Space } => format!("{:3}", self.day_of_year()),
            Element::YearDay { .. } => format!("{:03}", self.day_of_year()),
            Element::Hour24 => padded(self.hour, true),
            Element::Hour12 { padded: zero } => padded((self.hour + 11) % 12 + 1, zero),
            Element::Minute { padded: zero } => padded(self.minute, zero),
            Element::Second { padded: zero } => padded(self.second, zero),
            Element::LongYear if self.year < 0 => format!("-{:04}", -self.year),
            Element::LongYear => format!("{:04}", self.year),
            Element::Year => format!("{:02}", self.year.rem_euclid(100)),
            Element::UpperMeridiem => if self.hour >= 12 { "PM" } else { "AM" }.into(),
            Element::LowerMeridiem => if self.hour >= 12 { "pm" } else { "am" }.into(),
            Element::ZoneName if !self.zone.is_empty() => self.zone.clone(),
            Element::ZoneName => format_offset(self.offset, OffsetForm::Minutes),
            Element::Offset { utc_is_z: true, .. } if self.offset == 0 => "Z".into(),
            Element::Offset { form, .. } => format_offset(self.offset, form),
            Element::Fraction { digits, trimmed, separator } => {
                let nanos = format!("{:09}", self.nanosecond);
                let digits = &nanos[..digits.min(9)];
                let digits = if trimmed { digits.trim_end_matches('0') } else { digits };
                if digits.is_empty() { String::new() } else { format!("{}{digits}", char::from(separator)) }
            }
        }
    }

    fn day_of_year(&self) -> i64 {
        days_from_civil(self.year, self.month, self.day) - days_from_civil(self.year, 1, 1) + 1
    }
}

impl Fields {
    fn read<'a>(&mut self, element: Element, text: &'a str, fraction_follows: bool) -> Result<&'a str, Fault> {
        match element {
            Element::LongMonth => Ok(set(&mut self.month, name(text, &MONTHS, None)?)),
            Element::Month => Ok(set(&mut self.month, name(text, &MONTHS, Some(3))?)),
            Element::NumberMonth { padded } => {
                let (month, rest) = number(text, padded)?;
                self.month = Some(month).filter(|month| (1..=12).contains(month));
                self.month.map(|_| rest).ok_or(Fault::Range("month"))
            }
            Element::LongWeekday => Ok(name(text, &WEEKDAYS, None)?.1),
            Element::Weekday => Ok(name(text, &WEEKDAYS, Some(3))?.1),
            Element::Day { padding } => {
                let text = if padding == Padding::Space { text.strip_prefix(' ').unwrap_or(text) } else { text };
                let (day, rest) = number(text, padding == Padding::Zero)?;
                Ok(set_to(&mut self.day, day.into(), rest))
            }
            Element::YearDay { padding } => {
                let (day, rest) = year_day(text, padding)?;
                Ok(set_to(&mut self.year_day, day, rest))
            }
            Element::Hour24 => ranged(&mut self.hour, number(text, false)?, 23, "hour"),
            Element::Hour12 { padded } => ranged(&mut self.hour, number(text, padded)?, 12, "hour"),
            Element::Minute { padded } => ranged(&mut self.minute, number(text, padded)?, 59, "minute"),
            Element::Second { padded } => {
                let rest = ranged(&mut self.second, number(text, padded)?, 59, "second")?;
                // A fraction may follow the seconds although the layout has none.
                if fraction_follows { Ok(rest) } else { self.read_fraction(rest) }
            }
            Element::LongYear => {
                let year = text.get(..4).and_then(parse_year).ok_or(Fault::Form)?;
                self.year = year;
                Ok(&text[4..])
            }
            Element::Year => {
                let year = text.get(..2).and_then(parse_year).ok_or(Fault::Form)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
                Ok(&text[2..])
            }
            Element::UpperMeridiem => self.read_meridiem(text, "AM", "PM"),
            Element::LowerMeridiem => self.read_meridiem(text, "am", "pm"),
            Element::ZoneName => self.read_zone(text),
            Element::Offset { utc_is_z: true, .. } if text.starts_with('Z') => {
                self.utc = true;
                Ok(&text[1..])
            }
            Element::Offset { form, .. } => {
                let (offset, rest) = read_offset(text, form)?;
                Ok(set_to(&mut self.offset, offset, rest))
            }
            Element::Fraction { trimmed: true, .. } => self.read_fraction(text),
            Element::Fraction { digits, .. } => {
                let fraction = text.get(..=digits).filter(|text| text.starts_with(['.', ','])).ok_or(Fault::Form)?;
                self.nanosecond = nanoseconds(&fraction[1..]).ok_or(Fault::Form)?;
                Ok(&text[digits + 1..])
            }
        }
    }

    /// A separator and digits, if there are any.
    fn read_fraction<'a>(&mut self, text: &'a str) -> Result<&'a str, Fault> {
        let Some(after) = text.strip_prefix(['.', ',']).filter(|after| after.starts_with(is_digit)) else {
            return Ok(text);
        };
        let end = after.find(|char| !is_digit(char)).unwrap_or(after.len());
        self.nanosecond = nanoseconds(&after[..end]).ok_or(Fault::Form)?;
        Ok(&after[end..])
    }

    fn read_meridiem<'a>(&mut self, text: &'a str, before: &str, after: &str) -> Result<&'a str, Fault> {
        let said = text.get(..2).ok_or(Fault::Form)?;
        if said != before && said != after {
            return Err(Fault::Form);
        }
        Ok(set_to(&mut self.afternoon, said == after, &text[2..]))
    }

    fn read_zone<'a>(&mut self, text: &'a str) -> Result<&'a str, Fault> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.utc = true;
            return Ok(rest);
        }
        let length = zone_length(text).ok_or(Fault::Form)?;
        self.zone = text[..length].into();
        Ok(&text[length..])
    }

    fn resolve(mut self) -> Result<DateTime, &'static str> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        if let Some(year_day) = self.year_day {
            self.resolve_year_day(year_day)?;
        }
        let month = self.month.unwrap_or(1);
        let day = self.day.unwrap_or(1);
        if day < 1 || day > u16::from(days_in_month(self.year, month)) {
            return Err("day out of range");
        }
        // A name alone says nothing of the offset, but for GMT+3 and the like.
        let named = self.zone.strip_prefix("GMT").and_then(|hours| hours.parse::<i64>().ok());
        let offset = if self.utc { 0 } else { self.offset.or(named.map(|hours| hours * 3600)).unwrap_or(0) };
        let mut time = DateTime {
            year: self.year,
            month,
            day: day as u8,
            hour: self.hour,
            minute: self.minute,
            second: self.second,
            nanosecond: self.nanosecond,
            offset,
            zone: if self.utc || offset == 0 && self.zone.is_empty() { "UTC".into() } else { self.zone },
        };
        if self.offset.is_none() && named.is_some() {
            // The reference takes the clock reading of such a zone for UTC and only shows it shifted.
            time = time.shifted();
        }
        Ok(time)
    }

    fn resolve_year_day(&mut self, year_day: u16) -> Result<(), &'static str> {
        if year_day < 1 || year_day > 365 + u16::from(is_leap(self.year)) {
            return Err("day-of-year out of range");
        }
        let (_, month, day) = civil_from_days(days_from_civil(self.year, 1, 1) + i64::from(year_day) - 1);
        if self.month.is_some_and(|said| said != month) {
            return Err("day-of-year does not match month");
        }
        if self.day.is_some_and(|said| said != u16::from(day)) {
            return Err("day-of-year does not match day");
        }
        (self.month, self.day) = (Some(month), Some(day.into()));
        Ok(())
    }
}

impl DateTime {
    /// The point in time that the clock reading is in UTC, shown in its own zone.
    fn shifted(&self) -> Self {
        let reading = Self { offset: 0, ..self.clone() };
        let shown = Self::from_unix(reading.unix_seconds() + self.offset, self.nanosecond.into());
        Self { offset: self.offset, zone: self.zone.clone(), ..shown }
    }
}

fn set<'a>(field: &mut Option<u8>, (index, rest): (usize, &'a str)) -> &'a str {
    set_to(field, index as u8 + 1, rest)
}

fn set_to<'a, T>(field: &mut Option<T>, value: T, rest: &'a str) -> &'a str {
    *field = Some(value);
    rest
}

fn ranged<'a>(field: &mut u8, (value, rest): (u8, &'a str), max: u8, what: &'static str) -> Result<&'a str, Fault> {
    *field = value;
    if value > max { Err(Fault::Range(what)) } else { Ok(rest) }
}

fn is_digit(char: char) -> bool {
    char.is_ascii_digit()
}

/// One or two digits; two if padded.
fn number(text: &str, padded: bool) -> Read<'_, u8> {
    match text.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => Ok(((tens - b'0') * 10 + ones - b'0', &text[2..])),
        [ones @ b'0'..=b'9', ..] if !padded => Ok((ones - b'0', &text[1..])),
        _ => Err(Fault::Form),
    }
}

fn year_day(text: &str, padding: Padding) -> Read<'_, u16> {
    let spaces = if padding == Padding::Space { text.len() - text.trim_start_matches(' ').len() } else { 0 };
    let text = &text[spaces.min(2)..];
    let digits = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
    if digits == 0 || padding == Padding::Zero && digits < 3 {
        return Err(Fault::Form);
    }
    let day = text[..digits].parse().map_err(|_| Fault::Form)?;
    Ok((day, &text[digits..]))
}

fn parse_year(text: &str) -> Option<i64> {
    text.starts_with(is_digit).then(|| text.parse().ok()).flatten()
}

/// A name of a list at the start of the text, in any case.
fn name<'a>(text: &'a str, names: &[&str], abbreviated: Option<usize>) -> Read<'a, usize> {
    let starts = |name: &&str| {
        let name = &name[..abbreviated.unwrap_or(name.len())];
        text.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)).map(|_| name.len())
    };
    let mut found = names.iter().enumerate().filter_map(|(index, name)| Some((index, starts(name)?)));
    found.next().map(|(index, length)| (index, &text[length..])).ok_or(Fault::Form)
}

/// Digits after the separator as nanoseconds; more than nine are cut off.
fn nanoseconds(digits: &str) -> Option<u32> {
    let digits = digits.get(..digits.len().min(9))?;
    let value: u32 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(value * 10_u32.pow(9 - digits.len() as u32))
}

fn read_offset(text: &str, form: OffsetForm) -> Read<'_, i64> {
    let pattern = match form {
        OffsetForm::Hours => "shh",
        OffsetForm::Minutes => "shhmm",
        OffsetForm::ColonMinutes => "shh:mm",
        OffsetForm::Seconds => "shhmmss",
        OffsetForm::ColonSeconds => "shh:mm:ss",
    };
    let part = text.get(..pattern.len()).ok_or(Fault::Form)?;
    let colons_stand = pattern.bytes().zip(part.bytes()).all(|(wanted, found)| wanted != b':' || found == b':');
    if !colons_stand {
        return Err(Fault::Form);
    }
    let behind_sign = part.get(1..).ok_or(Fault::Form)?;
    let digits: String = behind_sign.chars().filter(|char| *char != ':').collect();
    let mut numbers = [0; 3];
    let mut rest = digits.as_str();
    for value in numbers.iter_mut().take(digits.len() / 2) {
        let (read, after) = number(rest, true)?;
        (*value, rest) = (i64::from(read), after);
    }
    // 24 hours and 60 minutes or seconds do occur and are let through.
    let [hours, minutes, seconds] = numbers;
    let over = [(hours, 24, "hour"), (minutes, 60, "minute"), (seconds, 60, "second")];
    match over.iter().find(|(value, max, _)| value > max).map(|(.., what)| *what) {
        Some("hour") => return Err(Fault::Range("time zone offset hour")),
        Some("minute") => return Err(Fault::Range("time zone offset minute")),
        Some(_) => return Err(Fault::Range("time zone offset second")),
        None => {}
    }
    let offset = hours * 3600 + minutes * 60 + seconds;
    match part.as_bytes()[0] {
        b'+' => Ok((offset, &text[pattern.len()..])),
        b'-' => Ok((-offset, &text[pattern.len()..])),
        _ => Err(Fault::Form),
    }
}

/// How long the abbreviation of a zone is that the text begins with.
fn zone_length(text: &str) -> Option<usize> {
    let start = |length: usize| text.get(..length);
    if text.len() < 3 {
        return None;
    }
    if matches!(start(4), Some("ChST" | "MeST" | "WITA")) {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        return Some(3 + signed_hours(rest).unwrap_or(0));
    }
    if text.starts_with(['+', '-']) {
        return signed_hours(text);
    }
    let capitals = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match capitals {
        3 => Some(3),
        4 | 5 if text.as_bytes()[capitals - 1] == b'T' => Some(capitals),
        _ => None,
    }
}

fn signed_hours(text: &str) -> Option<usize> {
    let digits = text.strip_prefix(['+', '-'])?.bytes().take_while(u8::is_ascii_digit).count();
    let hours: u32 = text.get(1..=digits)?.parse().ok()?;
    (hours <= 23).then_some(digits + 1)
}

/// Takes the literal text of a layout off a value; one space stands for any number of them.
fn skip<'a, 'b>(value: &'a str, prefix: &'b str) -> Result<&'a str, (&'b str, &'a str)> {
    let whole = (prefix, value);
    let (mut rest, mut prefix) = (value, prefix);
    while let Some(wanted) = prefix.chars().next() {
        if wanted == ' ' {
            if !rest.is_empty() && !rest.starts_with(' ') {
                return Err((whole.0, rest));
            }
            prefix = prefix.trim_start_matches(' ');
            rest = rest.trim_start_matches(' ');
        } else {
            rest = rest.strip_prefix(wanted).ok_or((whole.0, rest))?;
            prefix = &prefix[wanted.len_utf8()..];
        }
    }
    Ok(rest)
}

fn format_offset(offset: i64, form: OffsetForm) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let magnitude = offset.abs();
    let (hours, minutes, seconds) = (magnitude / 3600, magnitude / 60 % 60, magnitude % 60);
    match form {
        OffsetForm::Hours => format!("{sign}{hours:02}"),
        OffsetForm::Minutes => format!("{sign}{hours:02}{minutes:02}"),
        OffsetForm::ColonMinutes => format!("{sign}{hours:02}:{minutes:02}"),
        OffsetForm::Seconds => format!("{sign}{hours:02}{minutes:02}{seconds:02}"),
        OffsetForm::ColonSeconds => format!("{sign}{hours:02}:{minutes:02}:{seconds:02}"),
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u8::from(is_leap(year)),
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March.
fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month as u8, day as u8)
}

/// A text in quotes, with everything but printable ASCII as bytes in hexadecimal.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', byte.into()]),
            b' '..=b'~' | 0x7f => out.push(byte.into()),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}
