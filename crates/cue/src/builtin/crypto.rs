//! Packages `crypto/ed25519`, `crypto/md5`, `crypto/sha1`, `crypto/sha256`, `crypto/sha512` and `crypto/hmac`.

use ed25519_dalek::{PUBLIC_KEY_LENGTH, Signature, Verifier, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};

use super::args::{BYTES, STRING, bytes, fail, function, text};
use crate::{
    call::{Datum, Failure, Package},
    kind::Kind,
};

const RESULT: Kind = Kind::BYTES.or(Kind::STRING);

pub(super) static ED25519: Package = Package {
    path: "crypto/ed25519",
    constants: &[("PublicKeySize", "32")],
    functions: &[function("Valid", &[BYTES, BYTES, BYTES], Kind::BOOL, |_, args| {
        let Ok(key) = <[u8; PUBLIC_KEY_LENGTH]>::try_from(bytes(args, 0)?) else {
            return fail(format!("ed25519: publicKey must be {PUBLIC_KEY_LENGTH} bytes"));
        };
        let (key, signature) = (VerifyingKey::from_bytes(&key), Signature::from_slice(bytes(args, 2)?));
        let message = bytes(args, 1)?;
        Ok(key.and_then(|key| key.verify(message, &signature?)).is_ok().into())
    })],
};

pub(super) static MD5: Package = Package {
    path: "crypto/md5",
    constants: &[("Size", "16"), ("BlockSize", "64")],
    functions: &[function("Sum", &[BYTES], RESULT, |_, args| sum::<Md5>(args))],
};

pub(super) static SHA1: Package = Package {
    path: "crypto/sha1",
    constants: &[("Size", "20"), ("BlockSize", "64")],
    functions: &[function("Sum", &[BYTES], RESULT, |_, args| sum::<Sha1>(args))],
};

pub(super) static SHA256: Package = Package {
    path: "crypto/sha256",
    constants: &[("Size", "32"), ("Size224", "28"), ("BlockSize", "64")],
    functions: &[
        function("Sum256", &[BYTES], RESULT, |_, args| sum::<Sha256>(args)),
        function("Sum224", &[BYTES], RESULT, |_, args| sum::<Sha224>(args)),
    ],
};

pub(super) static SHA512: Package = Package {
    path: "crypto/sha512",
    constants: &[("Size", "64"), ("Size224", "28"), ("Size256", "32"), ("Size384", "48"), ("BlockSize", "128")],
    functions: &[
        function("Sum512", &[BYTES], RESULT, |_, args| sum::<Sha512>(args)),
        function("Sum384", &[BYTES], RESULT, |_, args| sum::<Sha384>(args)),
        function("Sum512_224", &[BYTES], RESULT, |_, args| sum::<Sha512_224>(args)),
        function("Sum512_256", &[BYTES], RESULT, |_, args| sum::<Sha512_256>(args)),
    ],
};

pub(super) static HMAC: Package = Package {
    path: "crypto/hmac",
    constants: &[
        ("MD5", r#""MD5""#),
        ("SHA1", r#""SHA1""#),
        ("SHA224", r#""SHA224""#),
        ("SHA256", r#""SHA256""#),
        ("SHA384", r#""SHA384""#),
        ("SHA512", r#""SHA512""#),
        ("SHA512_224", r#""SHA512_224""#),
        ("SHA512_256", r#""SHA512_256""#),
    ],
    functions: &[function("Sign", &[STRING, BYTES, BYTES], RESULT, |_, args| {
        let (key, data) = (bytes(args, 1)?, bytes(args, 2)?);
        let signature = match text(args, 0)? {
            "MD5" => sign::<Hmac<Md5>>(key, data),
            "SHA1" => sign::<Hmac<Sha1>>(key, data),
            "SHA224" => sign::<Hmac<Sha224>>(key, data),
            "SHA256" => sign::<Hmac<Sha256>>(key, data),
            "SHA384" => sign::<Hmac<Sha384>>(key, data),
            "SHA512" => sign::<Hmac<Sha512>>(key, data),
            "SHA512_224" => sign::<Hmac<Sha512_224>>(key, data),
            "SHA512_256" => sign::<Hmac<Sha512_256>>(key, data),
            _ => return fail("unsupported hash function"),
        };
        Ok(signature.into())
    })],
};

fn sum<D: Digest>(args: &[Datum]) -> Result<Datum, Failure> {
    Ok(D::digest(bytes(args, 0)?).to_vec().into())
}

fn sign<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(key).expect("a key of any length will do");
    mac.chain_update(data).finalize().into_bytes().to_vec()
}
