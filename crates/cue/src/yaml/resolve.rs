//! Which type a plain scalar has: the core schema of YAML 1.2, with octals and separators of YAML 1.1.

/// The type of a scalar, by its tag or its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Bool,
    Int,
    Float,
    String,
    Binary,
    Merge,
}

/// The type of a plain scalar without a tag.
pub(super) fn type_of(text: &str) -> Type {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Type::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => return Type::Bool,
        _ if is_infinity_or_nan(text) => return Type::Float,
        _ => {}
    }
    match text.as_bytes()[0] {
        b'.' if is_float(text) => Type::Float,
        b'+' | b'-' | b'0'..=b'9' => {
            let plain = text.replace('_', "");
            match () {
                () if is_integer(&plain) => Type::Int,
                () if is_float(&plain) => Type::Float,
                () => Type::String,
            }
        }
        _ => Type::String,
    }
}

/// `.inf` and `.nan` in all their forms, which no number of the language can be.
pub(super) fn is_infinity_or_nan(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// Whether a text looks like an octal of YAML 1.1; one with an 8 or 9 in it is no number at all.
pub(super) fn looks_octal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'_'))
}

/// An integer of at most 64 bits in any base; a leading zero means octal.
fn is_integer(text: &str) -> bool {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let bytes = unsigned.as_bytes();
    let (digits, radix) = match bytes {
        [b'0', b'x' | b'X', ..] => (&unsigned[2..], 16),
        [b'0', b'o' | b'O', ..] => (&unsigned[2..], 8),
        [b'0', b'b' | b'B', ..] => (&unsigned[2..], 2),
        [b'0', _, ..] => (&unsigned[1..], 8),
        _ => (unsigned, 10),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    match u64::from_str_radix(digits, radix) {
        Ok(value) => !negative || value <= 1 << 63,
        Err(_) => false,
    }
}

/// A decimal with optional fraction and exponent that a 64-bit float can hold.
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    mantissa_fits && exponent_fits && text.parse().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::{Type, type_of};

    #[test]
    fn plain_scalars_have_the_types_of_the_reference() {
        let of_type = |wanted, texts: &[&str]| texts.iter().all(|text| type_of(text) == wanted);
        assert!(of_type(Type::Null, &["", "~", "null", "NULL"]));
        assert!(of_type(
            Type::Int,
            &["0", "-1", "+1", "0x1F", "0o17", "0777", "0b11", "1_000", "18446744073709551615"]
        ));
        assert!(of_type(Type::Float, &["1.5", ".5", "1.", "1e3", "-.inf", ".NaN", "123456789012345678901234567890"]));
        assert!(of_type(Type::String, &["yes", "1e400", "0x", "1:20", "2001-01-01", "<<", "-", ".", "a"]));
    }
}
