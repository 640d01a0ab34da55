//! Package `struct`.

use super::args::{INT, Outcome, SCHEMA, fail, function, int};
use crate::{
    call::{Datum, Engine, Extent, Failure, Package, Param},
    kind::Kind,
};

pub(super) static PACKAGE: Package = Package {
    path: "struct",
    constants: &[],
    functions: &[
        function("MinFields", &[STRUCT, INT], Kind::BOOL, |engine, args| {
            let (extent, wanted) = (extent(engine, &args[0])?, int(args, 1)?);
            let message = format!("len(fields) < MinFields({wanted}) ({} < {wanted})", extent.count);
            verdict(extent.count as i64 >= wanted, message, extent.may_reach(wanted))
        }),
        function("MaxFields", &[STRUCT, INT], Kind::BOOL, |engine, args| {
            let (extent, wanted) = (extent(engine, &args[0])?, int(args, 1)?);
            let message = format!("len(fields) > MaxFields({wanted}) ({} > {wanted})", extent.count);
            verdict(extent.count as i64 <= wanted, message, false)
        }),
    ],
};

/// A struct of which only the number of fields matters, and whether more may come.
const STRUCT: Param = Param { kind: Kind::STRUCT, ..SCHEMA };

fn extent(engine: &mut dyn Engine, argument: &Datum) -> Result<Extent, Failure> {
    match argument {
        Datum::Handle(handle) => engine.extent(*handle),
        other => fail(format!("argument 0 is no struct: {}", other)),
    }
}

fn verdict(satisfied: bool, message: String, incomplete: bool) -> Outcome {
    if satisfied { Ok(true.into()) } else { Err(Failure::unsatisfied(message, incomplete)) }
}
