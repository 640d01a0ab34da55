//! Package `encoding/hex`.

use std::fmt::Write as _;

use super::args::{BYTES, INT, STRING, bytes, fail, function, int, text};
use crate::{
    call::{Failure, Package},
    kind::Kind,
};

pub(super) static PACKAGE: Package = Package {
    path: "encoding/hex",
    constants: &[],
    functions: &[
        function("EncodedLen", &[INT], Kind::INT, |_, args| Ok(int(args, 0)?.wrapping_mul(2).into())),
        function("DecodedLen", &[INT], Kind::INT, |_, args| Ok((int(args, 0)? / 2).into())),
        function("Decode", &[STRING], Kind::BYTES.or(Kind::STRING), |_, args| decode(text(args, 0)?).map(Into::into)),
        function("Dump", &[BYTES], Kind::STRING, |_, args| Ok(dump(bytes(args, 0)?).into())),
        function("Encode", &[BYTES], Kind::STRING, |_, args| Ok(encode(bytes(args, 0)?).into())),
    ],
};

fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decode(text: &str) -> Result<Vec<u8>, Failure> {
    if let Some(byte) = text.bytes().find(|byte| !byte.is_ascii_hexdigit()) {
        let char = char::from(byte);
        let shown = if char.is_control() { char.escape_default().to_string() } else { char.to_string() };
        return fail(format!("encoding/hex: invalid byte: U+{byte:04X} '{shown}'"));
    }
    if text.len() % 2 == 1 {
        return fail("encoding/hex: odd length hex string");
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    Ok(text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect())
}

/// Sixteen bytes a line: offset, hexadecimal, and what is printable.
fn dump(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (line, chunk) in bytes.chunks(16).enumerate() {
        write!(out, "{:08x}", line * 16).expect("a string takes all text");
        for index in 0..16 {
            out.push_str(if index % 8 == 0 { "  " } else { " " });
            out.push_str(&chunk.get(index).map_or("  ".to_owned(), |byte| format!("{byte:02x}")));
        }
        let shown = |byte: &u8| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '.' };
        out.push_str("  |");
        out.extend(chunk.iter().map(shown));
        out.push_str("|\n");
    }
    out
}
