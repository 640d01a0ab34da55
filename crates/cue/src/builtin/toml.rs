//! Package `encoding/toml`.

use super::args::{BYTES, SCHEMA, bytes, function};
use crate::{
    call::{Datum, Failure, Package},
    kind::Kind,
    toml::{parse_toml, print},
};

pub(super) static PACKAGE: Package = Package {
    path: "encoding/toml",
    constants: &[],
    functions: &[
        function("Marshal", &[SCHEMA], Kind::STRING, |engine, args| {
            let value = match &args[0] {
                Datum::Handle(handle) => engine.concrete(*handle)?,
                other => other.clone(),
            };
            print(&value).map(Into::into)
        }),
        function("Unmarshal", &[BYTES], Kind::TOP, |engine, args| {
            let document = parse_toml(&String::from_utf8_lossy(bytes(args, 0)?), None);
            let document = document.map_err(|error| Failure::new(error.message))?;
            engine.data(&document)
        }),
    ],
};
