//! Binary floating-point numbers as text, as Go's `strconv.FormatFloat` writes them.

/// Writes a number of 32 or 64 bits as `e` (`-d.dde±dd`), `f` (`-d.dd`), `g` (whichever is shorter), `x` (hexadecimal)
/// or `b` (an integer times a power of two). Without a precision there are as many digits as tell it from its
/// neighbours.
pub(crate) fn format_float(value: f64, format: u8, precision: Option<usize>, bits: u32) -> String {
    let value = if bits == 32 { f64::from(value as f32) } else { value };
    if !value.is_finite() {
        return match (value.is_nan(), value > 0.0) {
            (true, _) => "NaN".to_owned(),
            (_, true) => "+Inf".to_owned(),
            _ => "-Inf".to_owned(),
        };
    }
    match format {
        b'f' => plain(value, precision, bits),
        b'e' | b'E' => {
            let (mantissa, exponent) = scientific(value, precision, bits);
            with_exponent(&mantissa, exponent, format)
        }
        b'g' | b'G' => shorter(value, precision, bits, format),
        b'x' | b'X' => hexadecimal(value, precision, format),
        b'b' => binary(value, bits),
        other => format!("%{}", char::from(other)),
    }
}

fn plain(value: f64, precision: Option<usize>, bits: u32) -> String {
    match (precision, bits) {
        (Some(places), _) => format!("{value:.places$}"),
        (None, 32) => format!("{}", value as f32),
        (None, _) => format!("{value}"),
    }
}

/// The digits before the exponent, and the exponent.
fn scientific(value: f64, precision: Option<usize>, bits: u32) -> (String, i32) {
    let text = match (precision, bits) {
        (Some(places), _) => format!("{value:.places$e}"),
        (None, 32) => format!("{:e}", value as f32),
        (None, _) => format!("{value:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.to_owned(), exponent.parse().unwrap_or(0))
}

/// The exponent below which, without a precision, no exponent is written.
const EXPONENT_PLAIN_MAX: i32 = 6;

fn shorter(value: f64, precision: Option<usize>, bits: u32, format: u8) -> String {
    let digits = precision.map(|digits| digits.max(1));
    let (mantissa, exponent) = scientific(value, digits.map(|digits| digits - 1), bits);
    let mantissa = trim_zeros(&mantissa);
    let count = mantissa.bytes().filter(u8::is_ascii_digit).count() as i32;
    let limit = match digits {
        None => EXPONENT_PLAIN_MAX,
        // Digits that are zeros at the end do not count.
        Some(digits) if digits as i32 > count && count > exponent => count,
        Some(digits) => digits as i32,
    };
    if exponent < -4 || exponent >= limit {
        return with_exponent(mantissa, exponent, format - 2);
    }
    let places = digits.map(|digits| usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0));
    trim_zeros(&plain(value, places, bits)).to_owned()
}

fn trim_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

fn with_exponent(mantissa: &str, exponent: i32, letter: u8) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{}{sign}{:02}", char::from(letter), exponent.abs())
}

/// The integer and the exponent of two that a number is made of.
fn parts(value: f64, bits: u32) -> (u64, i32) {
    let (raw, mantissa_bits, bias) = match bits {
        32 => (u64::from((value as f32).to_bits() & !(1 << 31)), 23, 127),
        _ => (value.to_bits() & !(1 << 63), 52, 1023),
    };
    let (mantissa, exponent) = (raw & ((1 << mantissa_bits) - 1), (raw >> mantissa_bits) as i32);
    let is_normal = exponent != 0;
    let mantissa = if is_normal { mantissa | 1 << mantissa_bits } else { mantissa };
    (mantissa, exponent.max(1) - bias - mantissa_bits)
}

fn binary(value: f64, bits: u32) -> String {
    let (mantissa, exponent) = parts(value, bits);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    format!("{sign}{mantissa}p{exponent:+}")
}

fn hexadecimal(value: f64, precision: Option<usize>, format: u8) -> String {
    /// Hexadecimal digits of the fraction that a mantissa has at most.
    const DIGITS_MAX: usize = 15;
    let (mut mantissa, mut exponent) = parts(value, 64);
    if mantissa == 0 {
        exponent = 0;
    } else {
        // The first bit stands before the point.
        let shift = mantissa.leading_zeros() as i32 - (63 - 4 * DIGITS_MAX as i32);
        mantissa <<= shift;
        exponent += 4 * DIGITS_MAX as i32 - shift;
    }
    if let Some(digits) = precision
        && digits < DIGITS_MAX
    {
        let cut = 4 * (DIGITS_MAX - digits);
        let (half, rest) = (1 << (cut - 1), mantissa & ((1 << cut) - 1));
        mantissa >>= cut;
        // Half of the last digit goes to the even one.
        if rest > half || (rest == half && mantissa & 1 == 1) {
            mantissa += 1;
        }
        mantissa <<= cut;
        if mantissa >> (4 * DIGITS_MAX + 1) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let (first, fraction) = (mantissa >> (4 * DIGITS_MAX), mantissa & ((1 << (4 * DIGITS_MAX)) - 1));
    let fraction = format!("{fraction:015x}");
    let fraction = match precision {
        Some(digits) => format!("{fraction:0<digits$.digits$}"),
        None => fraction.trim_end_matches('0').to_owned(),
    };
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    let text = format!("{sign}0x{first}{point}{fraction}p{exponent_sign}{:02}", exponent.abs());
    if format == b'X' { text.to_uppercase() } else { text }
}
