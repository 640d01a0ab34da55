//! A check that accepts allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use vet::{Builder, Limits, ListRule, StructRule, Unique, Verdict};

mod workload;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "a global allocator is unsafe to implement; this one only counts")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn assert_accepted_without_allocation(program: &vet::Program, document: &[u8]) {
    let before = ALLOCATIONS.get();
    let checked = program.check_capturing(document, Limits::default());
    let after = ALLOCATIONS.get();
    assert_eq!(checked.verdict, Verdict::Accept, "{}", String::from_utf8_lossy(document));
    assert_eq!(after - before, 0, "{}", String::from_utf8_lossy(document));
}

#[test]
fn workloads() {
    let (order, identity) = (workload::order(true), workload::identity());
    for (program, name) in [(&order, "order"), (&identity, "identity")] {
        for line in workload::lines(&format!("{name}.valid.ndjson")) {
            assert_accepted_without_allocation(program, line.as_bytes());
        }
    }
}

#[test]
fn alternatives_escapes_and_unknown_members() {
    let b = &mut Builder::new();
    let (any, never) = (b.any(), b.never());
    let (string, pattern) = (b.string(), b.pattern(workload::pattern("^a.c$")));
    let left = b.structure(StructRule::new(never).required("kind", string).optional("left", pattern));
    let right = b.structure(StructRule::new(any).required("kind", string).required("right", any));
    let union = b.any_of([left, right]);
    let root = b.list(ListRule { unique: Unique::ByValue, contains: vec![(left, 1, None)], ..ListRule::of(union) });
    let program = std::mem::take(b).finish(root).unwrap();
    let document =
        r#" [ {"kind":"\u00e4\n","left":"a\u00fcc"}, {"k\u0069nd":"x","right":{"a":[1,2.5e3,null]},"more":""} ] "#;
    // The first random keys of a thread are asked from the system.
    program.check(document.as_bytes());
    assert_accepted_without_allocation(&program, document.as_bytes());
}
