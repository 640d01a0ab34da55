//! The path of an event in process, step by step, on the `order` workload: what each step costs beside a bare scan.
//!
//! `scan` is the floor: reading the JSON and checking nothing.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::{fs, hint::black_box, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::HeaderMap;
use sluice::{
    catalog::Catalog,
    channel::{
        Appended, BoxFuture, Channel, ChannelError, Depth, ReadFrom, Reader, Readiness, Receipt, Record, TopicSpec,
    },
    ingest::{
        Identity, Ingest, Settings, Trace,
        body::{Endpoint, Form, Payload, Sent},
        in_flight::InFlight,
        serving::Serving,
        text::Text,
    },
    telemetry::Metrics,
};

/// The events, about 1 KB each, one in a line.
const ORDERS: &str = include_str!("data/order.valid.ndjson");
const PUBLIC_URL: &str = "http://localhost:8181";

/// A channel that acknowledges at once and keeps nothing.
#[derive(Debug)]
struct Discard;

impl Channel for Discard {
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Appended> {
        let receipts = (0..).zip(black_box(records)).map(|(offset, _)| Ok(Receipt { partition: 0, offset })).collect();
        Box::pin(std::future::ready(receipts))
    }

    fn readiness<'a>(&'a self, _topics: &'a [TopicSpec]) -> BoxFuture<'a, Readiness> {
        Box::pin(std::future::ready(Readiness::default()))
    }

    fn create_topics<'a>(&'a self, _topics: &'a [TopicSpec]) -> BoxFuture<'a, Result<(), ChannelError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn reader<'a>(&'a self, topic: &'a str, _from: ReadFrom) -> BoxFuture<'a, Result<Box<dyn Reader>, ChannelError>> {
        Box::pin(std::future::ready(Err(ChannelError(format!("nothing of {topic} is kept")))))
    }

    fn depth(&self) -> Depth {
        Depth::default()
    }

    fn close(&self, _within: Duration) -> BoxFuture<'_, usize> {
        Box::pin(std::future::ready(0))
    }
}

/// A catalog with the workload's schema, in CUE or in JSON Schema, and the name of its one event type.
fn catalog(schema: &str) -> (Arc<Catalog>, Text) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/data");
    let folder = tempfile::tempdir().unwrap();
    let product = folder.path().join("orders");
    fs::create_dir(&product).unwrap();
    fs::copy(data.join(schema), product.join(schema)).unwrap();
    if schema.ends_with(".json") {
        let events = format!("package orders\n\nproduct: name: \"orders\"\nevents: Order: schema: \"{schema}\"\n");
        fs::write(product.join("product.cue"), events).unwrap();
    }
    let catalog = Catalog::load(folder.path()).unwrap();
    let kind = catalog.types.keys().find(|name| name.contains("Order")).unwrap().to_string();
    (Arc::new(catalog), Text::from(kind))
}

fn sent(in_flight: &Arc<InFlight>, kind: &Text, media_type: &'static str, bytes: Bytes) -> Sent {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
    let trace = Trace { parent: None, state: None };
    let form = Form::of(&Endpoint::Payloads(kind.clone()), &headers).unwrap();
    let payload = Payload::Whole(bytes);
    Sent { form, headers, payload, reserved: in_flight.share(), identity: Identity::Anonymous, trace }
}

fn steps(criterion: &mut Criterion) {
    let orders: Vec<Bytes> = ORDERS.lines().map(|line| Bytes::from_static(line.as_bytes())).collect();
    let lines = Bytes::from_static(ORDERS.as_bytes());
    let in_flight = InFlight::new(usize::MAX);
    let settings = Settings::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (in_cue, kind) = catalog("order.cue");
    let (in_json_schema, json_kind) = catalog("order.schema.json");

    let mut group = criterion.benchmark_group("order");
    group.throughput(Throughput::Elements(1));
    let mut next = orders.iter().cycle();
    group.bench_function("scan", |bencher| {
        bencher.iter(|| serde_json::from_slice::<serde::de::IgnoredAny>(next.next().unwrap()).unwrap());
    });
    for (name, catalog, kind) in [("CUE", &in_cue, &kind), ("JSON Schema", &in_json_schema, &json_kind)] {
        let validator = &catalog.types[&**kind].validator;
        group.bench_function(format!("validate, {name}"), |bencher| {
            bencher.iter(|| validator.check(next.next().unwrap()).unwrap());
        });
    }
    let ingest = |channel: Option<Arc<dyn Channel>>| {
        let metrics = Arc::new(Metrics::new());
        let serving = Serving::new(Arc::clone(&in_cue), PUBLIC_URL, &settings.source, &metrics);
        Ingest::new(settings.clone(), serving, channel, metrics)
    };
    for (name, ingest) in [
        ("decode to envelope", ingest(None)),
        ("the whole path, acknowledged at once", ingest(Some(Arc::new(Discard)))),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let sent = sent(&in_flight, &kind, "application/json", next.next().unwrap().clone());
                black_box(runtime.block_on(ingest.take(sent)))
            });
        });
    }
    group.throughput(Throughput::Elements(orders.len() as u64));
    let whole = ingest(Some(Arc::new(Discard)));
    group.bench_function("the whole path, 1000 in NDJSON", |bencher| {
        bencher.iter(|| {
            let sent = sent(&in_flight, &kind, "application/x-ndjson", lines.clone());
            black_box(runtime.block_on(whole.take(sent)))
        });
    });
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
