//! Package `math/bits`.

use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;

use super::args::{INT, big, decimal, fail, function, int};
use crate::{
    call::{Datum, Failure, Package},
    kind::Kind,
};

pub(super) static PACKAGE: Package = Package {
    path: "math/bits",
    constants: &[],
    functions: &[
        function("Lsh", &[INT, INT], Kind::INT, |_, args| {
            let count = count(args, 1)?;
            if count > BITS_MAX {
                return fail(format!("shift by {count} bits exceeds limit of {BITS_MAX}"));
            }
            Ok((big(args, 0)? << count).into())
        }),
        function("Rsh", &[INT, INT], Kind::INT, |_, args| Ok((big(args, 0)? >> count(args, 1)?).into())),
        function("At", &[INT, INT], Kind::INT, |_, args| {
            let index = count(args, 1)?;
            if index > i32::MAX as u64 {
                return fail("bit index too large");
            }
            Ok(i64::from(big(args, 0)?.bit(index)).into())
        }),
        function("Set", &[INT, INT, INT], Kind::INT, |_, args| {
            let (mut value, index, bit) = (big(args, 0)?, int(args, 1)?, count(args, 2)?);
            match u64::try_from(index) {
                Err(_) => fail("negative bit index"),
                Ok(index) if index > BITS_MAX => fail(format!("bit index {index} exceeds limit of {BITS_MAX}")),
                Ok(index) => {
                    value.set_bit(index, bit != 0);
                    Ok(value.into())
                }
            }
        }),
        function("And", &[INT, INT], Kind::INT, |_, args| Ok((big(args, 0)? & big(args, 1)?).into())),
        function("Or", &[INT, INT], Kind::INT, |_, args| Ok((big(args, 0)? | big(args, 1)?).into())),
        function("Xor", &[INT, INT], Kind::INT, |_, args| Ok((big(args, 0)? ^ big(args, 1)?).into())),
        function("Clear", &[INT, INT], Kind::INT, |_, args| Ok((big(args, 0)? & !big(args, 1)?).into())),
        function("OnesCount", &[INT], Kind::INT, |_, args| Ok((big(args, 0)?.magnitude().count_ones() as i64).into())),
        function("Len", &[INT], Kind::INT, |_, args| Ok((big(args, 0)?.bits() as i64).into())),
    ],
};

/// The most bits that a result may be made to have.
const BITS_MAX: u64 = 1_000_000;

/// A number that is not negative.
fn count(args: &[Datum], at: usize) -> Result<u64, Failure> {
    let value = big(args, at)?;
    if value.sign() == Sign::Minus {
        return fail(format!("cannot use {} (type int) as uint64 in argument {at}", decimal(args, at)?));
    }
    value.to_u64().ok_or_else(|| too_large(&value, at))
}

fn too_large(value: &BigInt, at: usize) -> Failure {
    Failure::new(format!("int {value} overflows uint64 in argument {at}"))
}
