//! Package `encoding/base64`: the standard alphabet with padding.

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::args::{ANY, BYTES, INT, STRING, bytes, fail, function, int, kind_of, text};
use crate::{
    call::{Datum, Failure, Package},
    kind::Kind,
};

pub(super) static PACKAGE: Package = Package {
    path: "encoding/base64",
    constants: &[],
    functions: &[
        function("EncodedLen", &[ANY, INT], Kind::INT, |_, args| {
            standard_only(&args[0])?;
            Ok(((int(args, 1)?.saturating_add(2) / 3).saturating_mul(4)).into())
        }),
        function("DecodedLen", &[ANY, INT], Kind::INT, |_, args| {
            standard_only(&args[0])?;
            Ok((int(args, 1)? / 4 * 3).into())
        }),
        function("Encode", &[ANY, BYTES], Kind::STRING, |_, args| {
            standard_only(&args[0])?;
            Ok(encode(bytes(args, 1)?).into())
        }),
        function("Decode", &[ANY, STRING], Kind::BYTES.or(Kind::STRING), |_, args| {
            standard_only(&args[0])?;
            decode(text(args, 1)?).map(Into::into)
        }),
    ],
};

/// The first argument is for encodings to come; only `null` is taken.
fn standard_only(encoding: &Datum) -> Result<(), Failure> {
    match encoding {
        Datum::Null => Ok(()),
        other => {
            fail(format!("base64: unsupported encoding: cannot use value {other} (type {}) as null", kind_of(other)))
        }
    }
}

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Line breaks between the characters do not count.
fn decode(text: &str) -> Result<Vec<u8>, Failure> {
    let plain: Vec<(usize, u8)> = text.bytes().enumerate().filter(|(_, byte)| !matches!(byte, b'\r' | b'\n')).collect();
    let digits: Vec<u8> = plain.iter().map(|(_, byte)| *byte).collect();
    let engine = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    engine.decode(&digits).map_err(|_| {
        let at = fault_offset(&digits);
        let at = plain.get(at).map_or(text.len(), |(at, _)| *at);
        Failure::new(format!("illegal base64 data at input byte {at}"))
    })
}

/// Where the reference sees the fault: at the first wrong character, or where an incomplete group of four begins.
fn fault_offset(digits: &[u8]) -> usize {
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let wrong = digits.iter().position(|byte| !in_alphabet(byte)).unwrap_or(digits.len());
    match digits.get(wrong..) {
        Some([]) => wrong / 4 * 4,
        Some([b'=', rest @ ..]) => match (wrong % 4, rest) {
            (0 | 1, _) => wrong,
            (2, []) => digits.len(),
            (2, [b'=']) | (3, []) => digits.len(),
            (2, [b'=', ..]) => wrong + 2,
            (2, _) => wrong,
            (3, _) => wrong + 1,
            _ => wrong,
        },
        _ => wrong,
    }
}
