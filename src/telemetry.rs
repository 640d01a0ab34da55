//! What operators see: metrics of the path, named after its steps. Never the value of a payload.
//!
//! Labels are bounded: products and types come from the catalog, routes and outcomes from the code, rules up to a
//! number.

use std::{
    collections::HashSet,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use http::StatusCode;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder, core::Collector,
};

use crate::ingest::ack::Outcome;

/// Names of rules that are counted by name; those that come later count as `other`.
const RULES_MAX: usize = 64;

/// All metrics of one gateway.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Events that were received, whatever became of them.
    pub events_received: IntCounter,
    events: IntCounterVec,
    /// Events whose type is not known.
    pub unknown_events: EventCounters,
    event_bytes: IntCounterVec,
    violations: IntCounterVec,
    rules: Mutex<HashSet<String>>,
    /// From the hand-over to the channel to its answer.
    pub append_duration: Histogram,
    requests: IntCounterVec,
    request_duration: HistogramVec,
    /// Connections that are open.
    pub connections: IntGauge,
    /// Bytes of request bodies that are in memory.
    pub body_bytes_in_flight: IntGauge,
    /// Records that wait for their acknowledgement.
    pub queue_records: IntGauge,
    /// Bytes of these records.
    pub queue_bytes: IntGauge,
    /// 1 if the channel could be reached when it was last asked.
    pub channel_up: IntGauge,
    /// Topics of the catalog that the channel did not have when it was last asked.
    pub topics_missing: IntGauge,
    products: IntGauge,
    event_types: IntGauge,
}

/// The counters of one event type.
#[derive(Debug)]
pub struct EventCounters {
    outcomes: [IntCounter; Outcome::ALL.len()],
    /// Bytes of the data of accepted events.
    pub accepted_bytes: IntCounter,
}

impl EventCounters {
    /// Counts one event.
    pub fn count(&self, outcome: Outcome) {
        self.outcomes[outcome as usize].inc();
    }
}

/// The counters of one route. Those that every good request needs are looked up once.
#[derive(Debug)]
pub struct RouteMetrics {
    name: &'static str,
    duration: Histogram,
    requests: IntCounterVec,
    succeeded: OnceLock<IntCounter>,
}

impl RouteMetrics {
    /// The address, with `{…}` for a segment that can be anything; empty for those that are not served.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Counts an answer.
    pub fn count(&self, status: StatusCode, duration: Duration) {
        let counter = || self.requests.with_label_values(&[self.name, status.as_str()]);
        match status {
            StatusCode::OK => self.succeeded.get_or_init(counter).inc(),
            _ => counter().inc(),
        }
        self.duration.observe(duration.as_secs_f64());
    }
}

impl Metrics {
    /// Metrics that nothing has been counted in.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        let seconds = |range: (f64, usize)| {
            prometheus::exponential_buckets(range.0, 2.0, range.1).expect("start, factor and count are positive")
        };
        let events = family(
            &registry,
            "sluice_events_total",
            "Events by outcome; over all labels they sum to sluice_events_received_total",
            &["product", "type", "outcome"],
        );
        let event_bytes =
            family(&registry, "sluice_event_bytes_total", "Bytes of data of accepted events", &["product", "type"]);
        let append_duration = HistogramOpts::new(
            "sluice_append_duration_seconds",
            "Time from the hand-over of a request's events to the channel to its acknowledgement",
        );
        let request_duration =
            HistogramOpts::new("sluice_http_request_duration_seconds", "Time from the head of a request to its answer");
        let metrics = Self {
            events_received: counter(&registry, "sluice_events_received_total", "Events that were sent"),
            unknown_events: EventCounters::new(&events, &event_bytes, "", ""),
            events,
            event_bytes,
            violations: family(
                &registry,
                "sluice_violations_total",
                "Rules broken by events that were sent",
                &["type", "rule"],
            ),
            rules: Mutex::default(),
            append_duration: register(&registry, Histogram::with_opts(append_duration.buckets(seconds((0.000_1, 18))))),
            requests: family(&registry, "sluice_http_requests_total", "Requests answered", &["route", "status"]),
            request_duration: register(
                &registry,
                HistogramVec::new(request_duration.buckets(seconds((0.000_1, 18))), &["route"]),
            ),
            connections: gauge(&registry, "sluice_http_connections", "Open connections"),
            body_bytes_in_flight: gauge(&registry, "sluice_http_body_bytes_in_flight", "Bytes of bodies in memory"),
            queue_records: gauge(&registry, "sluice_channel_queue_records", "Records that wait for the channel"),
            queue_bytes: gauge(&registry, "sluice_channel_queue_bytes", "Bytes of records that wait for the channel"),
            channel_up: gauge(&registry, "sluice_channel_up", "1 if the channel could be reached when last asked"),
            topics_missing: gauge(&registry, "sluice_channel_topics_missing", "Topics that the channel does not have"),
            products: gauge(&registry, "sluice_catalog_products", "Products that are served"),
            event_types: gauge(&registry, "sluice_catalog_event_types", "Event types that are served"),
            registry,
        };
        metrics.about_the_build();
        #[cfg(target_os = "linux")]
        metrics.add(prometheus::process_collector::ProcessCollector::for_self());
        metrics
    }

    fn about_the_build(&self) {
        let version = env!("CARGO_PKG_VERSION");
        let opts = Opts::new("sluice_build_info", "Always 1").const_label("version", version);
        let info: Gauge = register(&self.registry, Gauge::with_opts(opts));
        info.set(1.0);
    }

    #[cfg(target_os = "linux")]
    fn add(&self, collector: impl Collector + 'static) {
        self.registry.register(Box::new(collector)).expect("each name is registered once");
    }

    /// The counters of an event type.
    #[must_use]
    pub fn event_counters(&self, product: &str, kind: &str) -> EventCounters {
        EventCounters::new(&self.events, &self.event_bytes, product, kind)
    }

    /// Counts a broken rule.
    pub fn violation(&self, kind: &str, rule: &str) {
        let mut rules = self.rules.lock().expect("nobody panics while holding it");
        let is_known = rules.contains(rule) || (rules.len() < RULES_MAX && rules.insert(rule.to_owned()));
        self.violations.with_label_values(&[kind, if is_known { rule } else { "other" }]).inc();
    }

    /// The counters of a route.
    #[must_use]
    pub fn route(&self, name: &'static str) -> RouteMetrics {
        RouteMetrics {
            name,
            duration: self.request_duration.with_label_values(&[name]),
            requests: self.requests.clone(),
            succeeded: OnceLock::new(),
        }
    }

    /// Tells the size of the catalog.
    pub fn catalog(&self, products: usize, event_types: usize) {
        self.products.set(signed(products));
        self.event_types.set(signed(event_types));
    }

    /// All metrics in the text format of Prometheus.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text).expect("a vector takes all bytes");
        text
    }

    /// How many events had an outcome, over all types.
    #[must_use]
    pub fn outcomes(&self, outcome: Outcome) -> u64 {
        let is_outcome = |metric: &&prometheus::proto::Metric| {
            metric.get_label().iter().any(|label| label.name() == "outcome" && label.value() == outcome.name())
        };
        let families = self.events.collect();
        let metrics = families.iter().flat_map(|family| family.get_metric()).filter(is_outcome);
        metrics.map(|metric| metric.get_counter().get_value() as u64).sum()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl EventCounters {
    fn new(events: &IntCounterVec, bytes: &IntCounterVec, product: &str, kind: &str) -> Self {
        Self {
            outcomes: Outcome::ALL.map(|outcome| events.with_label_values(&[product, kind, outcome.name()])),
            accepted_bytes: bytes.with_label_values(&[product, kind]),
        }
    }
}

/// A count as a gauge takes it.
#[must_use]
pub fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: prometheus::Result<C>) -> C {
    let collector = collector.expect("names and labels are written correctly");
    registry.register(Box::new(collector.clone())).expect("each name is registered once");
    collector
}

fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    register(registry, IntCounter::new(name, help))
}

fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    register(registry, IntGauge::new(name, help))
}

fn family(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    register(registry, IntCounterVec::new(Opts::new(name, help), labels))
}
