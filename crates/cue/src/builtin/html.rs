//! Package `html`.

use super::{
    args::{STRING, function, text},
    escape,
};
use crate::{call::Package, kind::Kind};

pub(super) static PACKAGE: Package = Package {
    path: "html",
    constants: &[],
    functions: &[
        function("Escape", &[STRING], Kind::STRING, |_, args| Ok(escape::html(text(args, 0)?).into())),
        function("Unescape", &[STRING], Kind::STRING, |_, args| {
            Ok(htmlize::unescape(text(args, 0)?).into_owned().into())
        }),
    ],
};
