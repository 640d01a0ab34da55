//! The check of the `order` workload, beside a scan of the same bytes and beside a parsed tree with `jsonschema`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::de::IgnoredAny;

#[path = "../tests/workload/mod.rs"]
mod workload;

fn events(c: &mut Criterion, name: &str, program: &vet::Program) {
    let events = workload::lines(&format!("{name}.valid.ndjson"));
    let schema = serde_json::from_str(&workload::text(&format!("{name}.schema.json"))).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is valid");
    let mut group = c.benchmark_group(name);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("check", |b| {
        b.iter(|| {
            events.iter().filter(|event| program.check(black_box(event.as_bytes())) == vet::Verdict::Accept).count()
        })
    });
    group.bench_function("scan", |b| {
        b.iter(|| {
            let scan = |event: &&String| serde_json::from_slice::<IgnoredAny>(black_box(event.as_bytes())).is_ok();
            events.iter().filter(scan).count()
        })
    });
    group.bench_function("tree", |b| {
        b.iter(|| {
            let judge = |event: &&String| {
                let tree = serde_json::from_slice(black_box(event.as_bytes()));
                tree.is_ok_and(|tree: serde_json::Value| validator.is_valid(&tree))
            };
            events.iter().filter(judge).count()
        })
    });
    group.finish();
}

fn workloads(c: &mut Criterion) {
    events(c, "order", &workload::order(false));
    events(c, "identity", &workload::identity());
}

criterion_group!(benches, workloads);
criterion_main!(benches);
