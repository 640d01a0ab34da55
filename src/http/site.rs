//! Everything that is served: which address leads to which handler.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Method, Request, StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use hyper::body::Incoming;
use tower::Service;

use super::{
    Edge, catalog,
    events::{self, Taker},
    head, health, intake,
    observe::{RequestId, observe},
    problem::Problem,
};
use crate::{
    ingest::{refusal::Exceeded, text::Text},
    telemetry::{RouteMetrics, signed},
};

/// The addresses, and what requests to them share.
#[derive(Debug)]
pub struct Site {
    pub(super) edge: Arc<Edge>,
    addresses: matchit::Router<Address>,
    not_served: RouteMetrics,
    /// The addresses that take no events.
    router: Router,
}

/// What is at an address.
#[derive(Debug)]
struct Address {
    counted: RouteMetrics,
    /// Answers without the router, which would cost more than the check of an event.
    taker: Option<Taker>,
}

/// An address, with `{…}` for a segment that can be anything, and its handlers by method.
type Route = (&'static str, MethodRouter<Arc<Edge>>);

fn routes() -> [Route; 10] {
    [
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
        let (mut router, mut addresses) = (Router::new(), matchit::Router::new());
        let mut add = |template: &'static str, taker| {
            let counted = edge.metrics.route(template);
            addresses.insert(template, Address { counted, taker }).expect("no two addresses are alike");
        };
        for (template, taker) in Taker::ALL {
            add(template, Some(taker));
        }
        for (template, methods) in routes() {
            add(template, None);
            // The router adds `Allow` to the answer.
            router = router.route(template, methods.fallback(method_not_allowed));
        }
        let router = router.fallback(not_found).with_state(Arc::clone(&edge));
        let not_served = edge.metrics.route("");
        Self { edge, addresses, not_served, router }
    }

    /// Answers a request, whatever it is.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response {
        let (counted, taking) = match self.addresses.at(request.uri().path()) {
            Ok(found) => {
                let kind = found.params.get("type").map_or(Ok(Text::default()), events::decoded);
                (&found.value.counted, found.value.taker.map(|taker| (taker, kind)))
            }
            Err(_) => (&self.not_served, None),
        };
        observe(counted, request, async |request, id| {
            if let Some(exceeded) = head::exceeded(&request, &self.edge.settings) {
                // Seldom; every request would have to keep room for it.
                return Box::pin(self.refuse(request, &exceeded, &id)).await;
            }
            match taking {
                Some((taker, kind)) => taker.answer(&self.edge, kind, request, id).await,
                None => Box::pin(self.route(request, id)).await,
            }
        })
        .await
    }

    async fn route(&self, request: Request<Incoming>, id: RequestId) -> Response {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(id);
        match self.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Refuses a request for its head.
    async fn refuse(&self, request: Request<Incoming>, exceeded: &Exceeded, RequestId(id): &RequestId) -> Response {
        let (parts, body) = request.into_parts();
        intake::pass_over(&self.edge, &parts.headers, body).await;
        Problem::head_too_large(exceeded).answer(&parts.headers, id)
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
