//! The table itself, and calls whose results need no evaluator.

use super::{PACKAGES, package};

#[test]
fn names_are_unique_and_sorted_packages_are_found() {
    for listed in PACKAGES {
        assert!(std::ptr::eq(package(listed.path).unwrap(), *listed), "{} is listed twice", listed.path);
        for (index, function) in listed.functions.iter().enumerate() {
            let twin = listed.functions[..index].iter().find(|other| other.name == function.name);
            assert!(twin.is_none(), "{}.{} is listed twice", listed.path, function.name);
        }
    }
    assert!(package("no/such").is_none());
}
