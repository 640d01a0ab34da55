//! Appends per second and the time of one append, by writers that each wait for their acknowledgement.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sluice::channel::{
    Channel, Header, Record,
    kafka::{self, Kafka},
    sqlite::{self, Sqlite},
};
use tokio::runtime::Runtime;

/// The events of `order`, about 1 KB each, one in a line.
const ORDERS: &str = include_str!("data/order.valid.ndjson");
const WRITERS: [u64; 3] = [1, 16, 64];

fn records() -> Vec<Record> {
    let record = |line: &'static str| Record {
        topic: "orders".into(),
        key: Some(Bytes::from_static(&line.as_bytes()[..24])),
        value: Some(Bytes::from_static(line.as_bytes())),
        headers: vec![
            Header::new("ce_specversion", "1.0"),
            Header::new("ce_id", "01981b2e-6f3c-7d84-a5a5-0242ac120002"),
            Header::new("ce_source", "/shop"),
            Header::new("ce_type", "com.acme.order.placed.v1"),
            Header::new("ce_time", "2026-11-20T12:00:00.000Z"),
            Header::new("ce_dataschema", "/v1/products/orders/schemas/com.acme.order.placed.v1"),
            Header::new("content-type", "application/json"),
        ]
        .into(),
        timestamp_ms: 1_790_000_000_000,
    };
    ORDERS.lines().map(record).collect()
}

/// Lets each writer append its share, one record after the other.
async fn write(channel: &Arc<dyn Channel>, records: &Arc<Vec<Record>>, writers: u64, appends: u64) -> Duration {
    let begun = Instant::now();
    let writing: Vec<_> = (0..writers)
        .map(|writer| {
            let (channel, records) = (channel.clone(), records.clone());
            let share = appends / writers + u64::from(writer < appends % writers);
            tokio::spawn(async move {
                for record in records.iter().cycle().take(usize::try_from(share).unwrap()) {
                    channel.append(vec![record.clone()]).await.pop().unwrap().unwrap();
                }
            })
        })
        .collect();
    for writer in writing {
        writer.await.unwrap();
    }
    begun.elapsed()
}

fn bench(criterion: &mut Criterion, name: &str, runtime: &Runtime, channel: &Arc<dyn Channel>) {
    let records = Arc::new(records());
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(1));
    for writers in WRITERS {
        group.bench_function(BenchmarkId::new("writers", writers), |bencher| {
            bencher.iter_custom(|appends| runtime.block_on(write(channel, &records, writers, appends)));
        });
    }
    group.finish();
}

fn sqlite(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let channel = Sqlite::open(&folder.path().join("bench.db"), &sqlite::Settings::default()).unwrap();
    bench(criterion, "sqlite", &runtime, &(Arc::new(channel) as Arc<dyn Channel>));
}

/// Runs when `SLUICE_TEST_KAFKA` names a broker: see `scripts/kafka up`.
fn kafka(criterion: &mut Criterion) {
    let Ok(address) = std::env::var("SLUICE_TEST_KAFKA") else { return };
    let runtime = Runtime::new().unwrap();
    let channel = Kafka::open(&[address], &kafka::Settings::default()).unwrap();
    let topic = sluice::channel::TopicSpec {
        name: "orders".into(),
        partitions: 3,
        replication: None,
        compacted: false,
        retention: None,
    };
    runtime.block_on(channel.create_topics(&[topic])).unwrap();
    bench(criterion, "kafka", &runtime, &(Arc::new(channel) as Arc<dyn Channel>));
}

criterion_group!(benches, sqlite, kafka);
criterion_main!(benches);
