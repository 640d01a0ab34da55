//! The edge: from connections to the path of an event, and from its outcomes to answers.
//!
//! Knows HTTP and nothing of schemas or channels. Everything that comes from outside is bounded here or in
//! [`crate::ingest`], each bound named in [`Settings`] or in [`crate::ingest::Limits`].

mod answer;
mod catalog;
mod events;
mod health;
mod intake;
mod negotiate;
mod observe;
mod problem;
pub mod server;
mod webhook;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};

pub use health::Health;

use self::{observe::RequestId, problem::Problem};
use crate::{
    ingest::{Ingest, in_flight::InFlight},
    telemetry::{Metrics, signed},
};

/// How the gateway listens.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where senders and readers reach the gateway, such as `https://events.acme.example`: what `dataschema` begins
    /// with. `None` is `http://` and the address it listens on.
    pub public_url: Option<String>,
    /// Connections at once; one more is answered 503 and closed.
    pub connections_max: usize,
    /// Streams at once on one HTTP/2 connection.
    pub streams_max: u32,
    /// Bytes of the head of one request; at least 8192.
    pub header_bytes_max: usize,
    /// Bytes of bodies in memory, compressed and not, over all requests; one more is answered 503.
    pub in_flight_bytes_max: usize,
    /// From the opening of a connection, or the end of a request on it, to the end of the next request's head.
    #[serde(with = "crate::config::duration")]
    pub header_read_timeout: Duration,
    /// From the head of a request to the end of its body.
    #[serde(with = "crate::config::duration")]
    pub body_read_timeout: Duration,
    /// After SIGTERM: how long to go on while `/readyz` says that no more should come.
    #[serde(with = "crate::config::duration")]
    pub unready_delay: Duration,
    /// After that: how long requests under way may take to finish, and then as long again the records under way.
    #[serde(with = "crate::config::duration")]
    pub shutdown_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            connections_max: 10_000,
            streams_max: 200,
            header_bytes_max: 64 << 10,
            in_flight_bytes_max: 256 << 20,
            header_read_timeout: Duration::from_secs(30),
            body_read_timeout: Duration::from_secs(30),
            unready_delay: Duration::ZERO,
            shutdown_timeout: Duration::from_secs(25),
        }
    }
}

/// What requests share.
#[derive(Debug)]
pub struct Edge {
    /// The path of events.
    pub ingest: Ingest,
    /// Whether more should come.
    pub health: Health,
    /// What operators see.
    pub metrics: Arc<Metrics>,
    /// The bytes of bodies in memory.
    pub in_flight: Arc<InFlight>,
    /// How the gateway listens.
    pub settings: Settings,
}

/// Everything that is served.
pub fn router(edge: Arc<Edge>) -> Router {
    Router::new()
        .route("/", only(post(events::root)))
        .route("/v1/events", only(post(events::cloudevents).options(webhook::handshake)))
        .route("/v1/events/{type}", only(post(events::payloads)))
        .route("/v1/validate/{type}", only(post(events::validate)))
        .route("/openapi", only(get(catalog::openapi)))
        .route("/openapi.json", only(get(catalog::openapi_json)))
        .route("/openapi.yaml", only(get(catalog::openapi_yaml)))
        .route("/v1/products", only(get(catalog::products)))
        .route("/v1/products/{name}", only(get(catalog::product)))
        .route("/v1/products/{name}/openapi", only(get(catalog::product_openapi)))
        .route("/v1/products/{name}/schemas/{schema}", only(get(catalog::schema)))
        .route("/healthz", only(get(health::healthz)))
        .route("/readyz", only(get(health::readyz)))
        .route("/metrics", only(get(metrics)))
        // Inside of the router, where the matched route is known.
        .route_layer(middleware::from_fn(observe::remember_route))
        .fallback(not_found)
        // Outside of all, so that it sees every answer, also that of a panic.
        .layer(middleware::from_fn_with_state(Arc::clone(&edge), observe::observe))
        .with_state(edge)
}

/// These methods and no others; the router adds `Allow` to the answer.
fn only(methods: MethodRouter<Arc<Edge>>) -> MethodRouter<Arc<Edge>> {
    methods.fallback(method_not_allowed)
}

async fn not_found(RequestId(id): RequestId, uri: axum::http::Uri) -> Response {
    Problem::not_found(format!("nothing is served at {}", uri.path())).respond(&id)
}

async fn method_not_allowed(RequestId(id): RequestId, method: axum::http::Method) -> Response {
    Problem::method_not_allowed(&method).respond(&id)
}

async fn metrics(State(edge): State<Arc<Edge>>) -> Response {
    edge.metrics.body_bytes_in_flight.set(signed(edge.in_flight.used()));
    edge.health.measure(&edge.metrics);
    let text = edge.metrics.render();
    (StatusCode::OK, [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
