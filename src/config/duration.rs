//! Durations as people write them: `"250ms"`, `"5s"`, `"1m30s"`, `"7d"`.
//!
//! For fields of settings: `#[serde(with = "crate::config::duration")]`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

/// Units from the largest to the smallest, in nanoseconds; a day has 24 hours.
const UNITS: [(&str, u128); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Reads a duration: numbers with their units, largest unit first, such as `1m30s`; `0` needs none.
///
/// # Errors
/// Says what is expected.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("invalid duration {text:?}: expected numbers with units d, h, m, s, ms, us or ns, as in \"1m30s\"");
    let mut rest = text;
    let mut nanos = 0u128;
    let mut smallest = u128::MAX;
    while !rest.is_empty() && text != "0" {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_lowercase).count();
        let unit = &rest[digits..digits + letters];
        let scale = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, scale)| *scale).ok_or_else(wrong)?;
        if scale >= smallest {
            return Err(wrong());
        }
        smallest = scale;
        nanos += u128::from(count) * scale;
        rest = &rest[digits + letters..];
    }
    let seconds = u64::try_from(nanos / 1_000_000_000).map_err(|_| wrong())?;
    match text {
        "" => Err(wrong()),
        _ => Ok(Duration::new(seconds, (nanos % 1_000_000_000) as u32)),
    }
}

/// Writes a duration so that [`parse`] gives the same.
#[must_use]
pub fn to_text(duration: Duration) -> String {
    let mut rest = duration.as_nanos();
    let mut text = String::new();
    for (unit, scale) in UNITS {
        if rest >= scale {
            text += &format!("{}{unit}", rest / scale);
            rest %= scale;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// For `serde(with)`.
///
/// # Errors
/// When the text is not a duration.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// For `serde(with)`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_text(*duration))
}

/// For `serde(with)` of a duration that may be absent.
pub mod optional {
    use super::*;

    /// For `serde(with)`.
    ///
    /// # Errors
    /// When the text is not a duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| parse(&text).map_err(D::Error::custom)).transpose()
    }

    /// For `serde(with)`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => serializer.serialize_some(&to_text(*duration)),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_durations_agree() {
        for (text, millis) in [("0s", 0), ("250ms", 250), ("1m30s", 90_000), ("7d", 604_800_000), ("1h1ms", 3_600_001)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
            assert_eq!(to_text(Duration::from_millis(millis)), text);
        }
        assert_eq!(parse("90s").map(to_text), Ok("1m30s".to_owned()));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in
            ["", "5", "s", "5 s", "-1s", "1s1m", "1s1s", "1.5s", "99999999999999999999s", "18446744073709551615d", "1é"]
        {
            assert!(parse(text).is_err(), "{text:?} was taken");
        }
    }
}
