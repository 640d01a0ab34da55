//! Whether the process lives, and whether more should come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::Edge;
use crate::{
    channel::{Channel, Readiness},
    ingest::serving::Serving,
    telemetry::{Metrics, signed},
};

/// How long an answer of the channel about itself counts.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// What decides whether more should come.
#[derive(Debug)]
pub struct Health {
    channel: Option<Arc<dyn Channel>>,
    draining: AtomicBool,
    last: Mutex<Option<(Instant, Readiness)>>,
}

impl Health {
    /// Ready when the channel is, if there is one.
    #[must_use]
    pub fn new(channel: Option<Arc<dyn Channel>>) -> Self {
        Self { channel, draining: AtomicBool::new(false), last: Mutex::default() }
    }

    /// Says from now on that no more should come.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Asks the channel, unless it was asked a moment ago; those who ask at the same time share the answer.
    pub async fn readiness(&self, serving: &Serving, metrics: &Metrics) -> Readiness {
        let Some(channel) = &self.channel else { return Readiness::default() };
        let mut last = self.last.lock().await;
        match &*last {
            Some((asked, readiness)) if asked.elapsed() < FRESH_FOR => readiness.clone(),
            _ => {
                let readiness = channel.readiness(&serving.catalog.topics()).await;
                metrics.channel_up.set(i64::from(readiness.unreachable.is_none()));
                metrics.topics_missing.set(signed(readiness.missing_topics.len()));
                *last = Some((Instant::now(), readiness.clone()));
                readiness
            }
        }
    }

    /// Sets the gauges of what waits for the channel.
    pub fn measure(&self, metrics: &Metrics) {
        let depth = self.channel.as_ref().map(|channel| channel.depth()).unwrap_or_default();
        metrics.queue_records.set(signed(depth.records));
        metrics.queue_bytes.set(signed(depth.bytes));
    }
}

/// `GET /healthz`: alive.
pub(super) async fn healthz() -> Response {
    answer(StatusCode::OK, &json!({"status": "alive"}))
}

/// `GET /readyz`: ready, or which part is missing.
pub(super) async fn readyz(State(edge): State<Arc<Edge>>) -> Response {
    let serving = edge.ingest.serving();
    let draining = edge.health.draining.load(Ordering::Relaxed);
    let readiness = edge.health.readiness(&serving, &edge.metrics).await;
    let types = serving.catalog.types.len();
    let is_ready = !draining && readiness.is_ready() && types > 0;
    let topics = match (&readiness.unreachable, &readiness.missing_topics[..]) {
        (Some(_), _) => json!("not known"),
        (None, []) => json!("exist"),
        (None, missing) => json!({
            "missing": missing.iter().map(|topic| &**topic).collect::<Vec<_>>(),
            "hint": "create them, or start sluice with --create-topics",
        }),
    };
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let report = json!({
        "status": if is_ready { "ready" } else if draining { "draining" } else { "not ready" },
        "catalog": if types > 0 { json!({"event_types": types}) } else { json!("no event type is served") },
        "channel": readiness.unreachable.as_deref().map_or(json!("reachable"), |reason| json!({"unreachable": reason})),
        "topics": topics,
    });
    answer(status, &report)
}

fn answer(status: StatusCode, report: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], report.to_string()).into_response()
}
