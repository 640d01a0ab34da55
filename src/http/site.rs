//! Everything that is served: which address leads to which handler.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts as _, State},
    http::{HeaderMap, Method, Request, StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use tower::Service;

use super::{
    Edge, catalog, events, head, health, intake,
    observe::{RequestId, observe},
    problem::Problem,
    webhook,
};
use crate::{
    ingest::refusal::Exceeded,
    telemetry::{RouteMetrics, signed},
};

/// The addresses, and what requests to them share.
#[derive(Debug)]
pub struct Site {
    pub(super) edge: Arc<Edge>,
    router: Router,
    /// The same addresses once more, because what is counted for a request needs its address when it fails, too.
    counted: matchit::Router<RouteMetrics>,
    not_served: RouteMetrics,
}

/// An address, with `{…}` for a segment that can be anything, and its handlers by method.
type Route = (&'static str, MethodRouter<Arc<Edge>>);

fn routes() -> [Route; 14] {
    [
        ("/", post(events::root)),
        ("/v1/events", post(events::cloudevents).options(webhook::handshake)),
        ("/v1/events/{type}", post(events::payloads)),
        ("/v1/validate/{type}", post(events::validate)),
        ("/openapi", get(catalog::openapi)),
        ("/openapi.json", get(catalog::openapi_json)),
        ("/openapi.yaml", get(catalog::openapi_yaml)),
        ("/v1/products", get(catalog::products)),
        ("/v1/products/{name}", get(catalog::product)),
        ("/v1/products/{name}/openapi", get(catalog::product_openapi)),
        // A schema of JSON Schema may be in a folder of its product, and refer to others from there.
        ("/v1/products/{name}/schemas/{*schema}", get(catalog::schema)),
        ("/healthz", get(health::healthz)),
        ("/readyz", get(health::readyz)),
        ("/metrics", get(metrics)),
    ]
}

impl Site {
    /// What this edge serves.
    #[must_use]
    pub fn new(edge: Arc<Edge>) -> Self {
        let (mut router, mut counted) = (Router::new(), matchit::Router::new());
        for (template, methods) in routes() {
            counted.insert(template, edge.metrics.route(template)).expect("no two addresses are alike");
            // The router adds `Allow` to the answer.
            router = router.route(template, methods.fallback(method_not_allowed));
        }
        let router = router.fallback(not_found).with_state(Arc::clone(&edge));
        let not_served = edge.metrics.route("");
        Self { edge, router, counted, not_served }
    }

    /// Answers a request, whatever it is.
    pub(super) async fn answer(&self, request: Request<Body>) -> Response {
        let counted = self.counted.at(request.uri().path()).map_or(&self.not_served, |found| found.value);
        observe(counted, request, |request| self.route(request)).await
    }

    async fn route(&self, request: Request<Body>) -> Response {
        if let Some(exceeded) = head::exceeded(&request, &self.edge.settings) {
            // Seldom; every request would have to keep room for it.
            return Box::pin(self.refuse(request, &exceeded)).await;
        }
        match self.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl Site {
    /// Refuses a request for its head.
    async fn refuse(&self, request: Request<Body>, exceeded: &Exceeded) -> Response {
        let (mut parts, body) = request.into_parts();
        let Ok(RequestId(id)) = RequestId::from_request_parts(&mut parts, &()).await;
        intake::pass_over(&self.edge, &parts.headers, body).await;
        Problem::head_too_large(exceeded).answer(&parts.headers, &id)
    }
}

async fn not_found(RequestId(id): RequestId, uri: Uri, headers: HeaderMap) -> Response {
    Problem::not_found(format!("nothing is served at {}", uri.path())).answer(&headers, &id)
}

async fn method_not_allowed(RequestId(id): RequestId, method: Method, headers: HeaderMap) -> Response {
    Problem::method_not_allowed(&method).answer(&headers, &id)
}

async fn metrics(State(edge): State<Arc<Edge>>) -> Response {
    edge.metrics.body_bytes_in_flight.set(signed(edge.in_flight.used()));
    edge.health.measure(&edge.metrics);
    let text = edge.metrics.render();
    (StatusCode::OK, [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
