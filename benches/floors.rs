//! What the gateway is set beside: servers that do less, or the same in the usual way, and the client of Kafka alone.
//!
//! ```text
//! cargo bench --bench floors -- bare 127.0.0.1:18182            an axum handler that reads the body and answers
//! cargo bench --bench floors -- naive 127.0.0.1:18182 BROKERS   serde_json, jsonschema and a future for each record
//! cargo bench --bench floors -- produce BROKERS                 records with the headers of an event, and nothing else
//! ```
//!
//! The servers take `POST /v1/events/Order`, as the gateway does, and run until they are killed: `benches/load/run` puts
//! the same load on them. `produce` prints records per second and the CPU of each.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    routing::post,
};
use rdkafka::{
    ClientConfig, ClientContext,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    config::FromClientConfigAndContext as _,
    message::{DeliveryResult, Header, OwnedHeaders},
    producer::{BaseRecord, FutureProducer, FutureRecord, Producer as _, ProducerContext, ThreadedProducer},
};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ORDERS: &str = include_str!("data/order.valid.ndjson");
const SCHEMA: &str = include_str!("data/order.schema.json");
const TOPIC: &str = "floors";
/// Records that `produce` writes, and how many of them wait for their acknowledgement at once.
const RECORDS: u64 = 1_000_000;
const WINDOW: u64 = 10_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bare", address] => serve(address, Router::new().route("/v1/events/{type}", post(bare))),
        ["naive", address, brokers] => serve(address, naive(brokers)),
        ["produce", brokers] => produce(brokers),
        _ => println!("floors: bare ADDRESS | naive ADDRESS BROKERS | produce BROKERS"),
    }
}

fn serve(address: &str, router: Router) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| stream.set_nodelay(true).unwrap());
        axum::serve(listener, router.layer(DefaultBodyLimit::disable())).await.unwrap();
    });
}

async fn bare(body: Bytes) -> String {
    json!({"bytes": body.len()}).to_string()
}

struct Naive {
    validator: jsonschema::Validator,
    producer: FutureProducer,
}

fn naive(brokers: &str) -> Router {
    create_topic(brokers);
    let validator = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let producer = client(brokers).create().unwrap();
    Router::new().route("/v1/events/{type}", post(take_naively)).with_state(Arc::new(Naive { validator, producer }))
}

/// One event, or one in each line.
async fn take_naively(State(naive): State<Arc<Naive>>, body: Bytes) -> Result<String, StatusCode> {
    let mut under_way = Vec::new();
    for line in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let event: Value = serde_json::from_slice(line).map_err(|_| StatusCode::BAD_REQUEST)?;
        naive.validator.validate(&event).map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
        let value = event.to_string();
        let record = FutureRecord::<(), _>::to(TOPIC).payload(&value).headers(headers());
        under_way.push(naive.producer.send_result(record).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?);
    }
    let mut offsets = Vec::with_capacity(under_way.len());
    for delivery in under_way {
        let delivered = delivery.await.ok().and_then(Result::ok).ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
        offsets.push(delivered.offset);
    }
    Ok(json!({"offsets": offsets}).to_string())
}

/// What an event of the gateway carries.
fn headers() -> OwnedHeaders {
    let id = uuid::Uuid::now_v7().to_string();
    let time = jiff::Timestamp::now().to_string();
    let values = [
        ("ce_specversion", "1.0"),
        ("ce_id", &id),
        ("ce_source", "/sluice"),
        ("ce_type", "Order"),
        ("content-type", "application/json"),
        ("ce_time", &time),
        ("ce_dataschema", "http://localhost:8181/v1/products/orders/schemas/Order"),
    ];
    values.into_iter().fold(OwnedHeaders::new_with_capacity(values.len()), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value) })
    })
}

fn client(brokers: &str) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", brokers).set("acks", "all").set("enable.idempotence", "true");
    client.set("linger.ms", "0.5").set("queue.buffering.max.messages", "1000000");
    client
}

fn create_topic(brokers: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let admin: AdminClient<DefaultClientContext> = client(brokers).create().unwrap();
    let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(-1));
    runtime.block_on(admin.create_topics(&[topic], &AdminOptions::new())).unwrap();
}

/// Counts what was delivered.
struct Delivered(Arc<AtomicU64>);

impl ClientContext for Delivered {}

impl ProducerContext for Delivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        assert!(result.is_ok(), "{result:?}");
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn produce(brokers: &str) {
    create_topic(brokers);
    let delivered = Arc::new(AtomicU64::new(0));
    let config = client(brokers);
    let producer: ThreadedProducer<Delivered> =
        ThreadedProducer::from_config_and_context(&config, Delivered(Arc::clone(&delivered))).unwrap();
    let orders: Vec<&str> = ORDERS.lines().collect();
    let mut sent = 0;
    let mut run = |records: u64| {
        let (started, cpu) = (Instant::now(), cpu_time());
        for order in orders.iter().cycle().take(usize::try_from(records).unwrap()) {
            while sent - delivered.load(Ordering::Relaxed) >= WINDOW {
                std::thread::sleep(Duration::from_micros(100));
            }
            producer.send(BaseRecord::<(), _>::to(TOPIC).payload(*order).headers(headers())).unwrap();
            sent += 1;
        }
        producer.flush(Duration::from_secs(60)).unwrap();
        (started.elapsed(), cpu_time() - cpu)
    };
    run(RECORDS / 10);
    let (elapsed, cpu) = run(RECORDS);
    let (per_second, per_record) = (RECORDS as f64 / elapsed.as_secs_f64(), cpu.as_secs_f64() * 1e6 / RECORDS as f64);
    println!("produce alone {per_second:>20.0} records/s {per_record:>8.2} CPU µs/record");
}

/// Of this process, all threads.
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let ticks = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
    // Linux tells it in hundredths of a second, whatever the kernel's own clock.
    Duration::from_millis(ticks.map(|ticks| ticks.parse::<u64>().unwrap() * 10).sum())
}
