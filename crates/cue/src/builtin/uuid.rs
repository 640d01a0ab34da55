//! Package `uuid` (RFC 4122).

use std::fmt;

use md5::Digest;
use num_bigint::{BigInt, Sign};

use super::args::{BYTES, INT, Outcome, STRING, big, bytes, fail, function, text};
use crate::{
    call::{Failure, Package},
    kind::Kind,
    syntax::literal::quoted,
};

pub(super) static PACKAGE: Package = Package {
    path: "uuid",
    constants: &[
        (
            "ns",
            r#"{
                DNS:  "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
                URL:  "6ba7b811-9dad-11d1-80b4-00c04fd430c8"
                OID:  "6ba7b812-9dad-11d1-80b4-00c04fd430c8"
                X500: "6ba7b814-9dad-11d1-80b4-00c04fd430c8"
                Nil:  "00000000-0000-0000-0000-000000000000"
            }"#,
        ),
        ("variants", "{Invalid: 0, RFC4122: 1, Reserved: 2, Microsoft: 3, Future: 4}"),
    ],
    functions: &[
        function("Valid", &[STRING], Kind::BOOL, |_, args| validate(text(args, 0)?)),
        function("Parse", &[STRING], Kind::STRING, |_, args| Ok(Uuid::parse(text(args, 0)?)?.to_string().into())),
        function("URN", &[STRING], Kind::STRING, |_, args| {
            Ok(format!("urn:uuid:{}", Uuid::parse(text(args, 0)?)?).into())
        }),
        function("FromInt", &[INT], Kind::STRING, |_, args| from_int(&big(args, 0)?)),
        function("ToInt", &[STRING], Kind::INT, |_, args| {
            // The reference reads the bytes of the text, not those of the UUID.
            Ok(BigInt::from_bytes_be(Sign::Plus, text(args, 0)?.as_bytes()).into())
        }),
        function("Variant", &[STRING], Kind::INT, |_, args| Ok(Uuid::parse(text(args, 0)?)?.variant().into())),
        function("Version", &[STRING], Kind::INT, |_, args| {
            Ok(i64::from(Uuid::parse(text(args, 0)?)?.0[6] >> 4).into())
        }),
        function("SHA1", &[STRING, BYTES], Kind::STRING, |_, args| {
            let space = Uuid::parse(text(args, 0)?)?;
            let hash = sha1::Sha1::new().chain_update(space.0).chain_update(bytes(args, 1)?).finalize();
            Ok(Uuid::from_hash(&hash, 5).to_string().into())
        }),
        function("MD5", &[STRING, BYTES], Kind::STRING, |_, args| {
            let space = Uuid::parse(text(args, 0)?)?;
            let hash = md5::Md5::new().chain_update(space.0).chain_update(bytes(args, 1)?).finalize();
            Ok(Uuid::from_hash(&hash, 3).to_string().into())
        }),
    ],
};

struct Uuid([u8; 16]);

impl Uuid {
    /// Reads the plain form, the one without hyphens, `{...}` and `urn:uuid:...`.
    fn parse(text: &str) -> Result<Self, Failure> {
        let bytes = text.as_bytes();
        let plain = match bytes.len() {
            36 | 32 => bytes,
            45 if bytes[..9].eq_ignore_ascii_case(b"urn:uuid:") => &bytes[9..],
            45 => return fail(format!("invalid urn prefix: {}", quoted(&String::from_utf8_lossy(&bytes[..9])))),
            38 => &bytes[1..37],
            length => return fail(format!("invalid UUID length: {length}")),
        };
        let hyphens_stand = plain.len() == 32 || [8, 13, 18, 23].iter().all(|at| plain[*at] == b'-');
        let digits: Vec<u8> = match plain.len() {
            32 => plain.to_vec(),
            _ => (0..36).filter(|at| ![8, 13, 18, 23].contains(at)).map(|at| plain[at]).collect(),
        };
        let mut value = [0; 16];
        for (byte, pair) in value.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            let (Some(high), Some(low), true) = (digit(0), digit(1), hyphens_stand) else {
                return fail("invalid UUID format");
            };
            *byte = (high * 16 + low) as u8;
        }
        Ok(Self(value))
    }

    fn from_hash(hash: &[u8], version: u8) -> Self {
        let mut value = [0; 16];
        value.copy_from_slice(&hash[..16]);
        value[6] = value[6] & 0x0f | version << 4;
        value[8] = value[8] & 0x3f | 0x80;
        Self(value)
    }

    /// The number of the variant, as in `uuid.variants`.
    fn variant(&self) -> i64 {
        match self.0[8] >> 5 {
            0b100 | 0b101 => 1,
            0b110 => 3,
            0b111 => 4,
            _ => 2,
        }
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let hyphen = if [4, 6, 8, 10].contains(&index) { "-" } else { "" };
            write!(out, "{hyphen}{byte:02x}")?;
        }
        Ok(())
    }
}

/// As [`Uuid::parse`], but also looks at the braces.
fn validate(text: &str) -> Outcome {
    if text.len() == 38 && !(text.starts_with('{') && text.ends_with('}')) {
        return fail("invalid bracketed UUID format");
    }
    Uuid::parse(text).map(|_| true.into())
}

fn from_int(value: &BigInt) -> Outcome {
    let bytes = value.magnitude().to_bytes_be();
    if bytes.len() > 16 {
        return fail(format!("invalid UUID (got {} bytes)", bytes.len()));
    }
    let mut padded = [0; 16];
    padded[16 - bytes.len()..].copy_from_slice(&bytes);
    Ok(Uuid(padded).to_string().into())
}
