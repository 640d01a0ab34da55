//! The builtin packages: one file each, and the table that lists them.
//!
//! Functions are pure: they see plain data, checked against the kinds of their parameters, and know nothing of the
//! evaluator's graph ([`call`](crate::call)). Results and error texts are those of the reference. What a call may
//! produce is bounded ([`REPEAT_MAX`]).

mod args;
mod base64;
mod bits;
mod crypto;
mod csv;
mod datetime;
mod erf;
mod escape;
mod hex;
mod html;
mod ip;
mod json;
mod list;
mod math;
mod net;
mod path;
mod regexp;
mod strconv;
mod strings;
#[path = "struct.rs"]
mod structs;
mod tabwriter;
mod template;
mod time;
mod toml;
mod url;
mod uuid;
mod yaml;

use std::sync::Arc;

use crate::{
    call::Package,
    syntax::pos::{FileId, Pos, SourceFile},
};

/// The most repetitions of a text or list, and the most elements of a range.
pub const REPEAT_MAX: usize = 1_000_000;

/// The most bytes of a text that functions, sums and interpolations make from others.
pub const TEXT_BYTES_MAX: usize = 64 << 20;

/// Checks the length of a text before it is made.
///
/// # Errors
/// A message that tells the length and the limit.
pub fn check_text_length(bytes: usize) -> Result<(), String> {
    match bytes > TEXT_BYTES_MAX {
        true => Err(format!("text of {bytes} bytes exceeds limit of {TEXT_BYTES_MAX}")),
        false => Ok(()),
    }
}

static PACKAGES: &[&Package] = &[
    &base64::PACKAGE,
    &bits::PACKAGE,
    &crypto::ED25519,
    &crypto::HMAC,
    &crypto::MD5,
    &crypto::SHA1,
    &crypto::SHA256,
    &crypto::SHA512,
    &csv::PACKAGE,
    &hex::PACKAGE,
    &html::PACKAGE,
    &json::PACKAGE,
    &list::PACKAGE,
    &math::PACKAGE,
    &net::PACKAGE,
    &path::PACKAGE,
    &regexp::PACKAGE,
    &strconv::PACKAGE,
    &strings::PACKAGE,
    &structs::PACKAGE,
    &tabwriter::PACKAGE,
    &template::PACKAGE,
    &time::PACKAGE,
    &toml::PACKAGE,
    &uuid::PACKAGE,
    &yaml::PACKAGE,
];

/// The package with an import path, such as `encoding/json`.
#[must_use]
pub fn package(path: &str) -> Option<&'static Package> {
    PACKAGES.iter().copied().find(|package| package.path == path)
}

/// Packages of the reference that the engine lacks.
const MISSING_PACKAGES: &[&str] =
    &["encoding/openapi", "tool", "tool/cli", "tool/exec", "tool/file", "tool/http", "tool/os"];

/// Whether the reference has such a package and the engine does not.
pub(crate) fn is_missing_package(path: &str) -> bool {
    MISSING_PACKAGES.contains(&path)
}

/// Import paths of all builtin packages.
pub fn paths() -> impl Iterator<Item = &'static str> {
    PACKAGES.iter().map(|package| package.path)
}

/// The file ids from here on stand for constants of packages, which lie in no file.
const CONSTANTS_FIRST: u32 = u32::MAX - (1 << 12);

/// Where a constant is said to stand.
pub(crate) fn constant_position(package: &Package, name: &str) -> Pos {
    let constants = PACKAGES.iter().flat_map(|package| package.constants.iter().map(|(name, _)| (package.path, *name)));
    match constants.zip(0..).find(|(constant, _)| *constant == (package.path, name)) {
        Some((_, index)) => Pos { file: FileId(CONSTANTS_FIRST + index), offset: 0 },
        None => Pos::NONE,
    }
}

/// The package and the name of the constant that a position stands for.
pub(crate) fn constant_at(file: FileId) -> Option<(&'static str, &'static str)> {
    let index = file.0.checked_sub(CONSTANTS_FIRST)? as usize;
    let constants = PACKAGES.iter().flat_map(|package| package.constants.iter().map(|(name, _)| (package.path, *name)));
    constants.into_iter().nth(index)
}

/// The file that the position of a constant names.
pub(crate) fn constant_file(file: FileId) -> Option<Arc<SourceFile>> {
    let (_, name) = constant_at(file)?;
    Some(SourceFile::new(format!("<builtin:{name}>"), ""))
}

#[cfg(test)]
mod tests;
