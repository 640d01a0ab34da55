//! What is done for every request: an identifier, a count, a duration, a line in the log, and an answer even if we
//! break.

use std::{convert::Infallible, sync::Arc, time::Instant};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, request::Parts},
    middleware::Next,
    response::Response,
};
use futures_util::FutureExt;

use super::{Edge, problem::Problem};

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest identifier that is taken from a client.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// What a request is called in answers and logs: as the client says, or a new UUID.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) HeaderValue);

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::new))
    }
}

impl RequestId {
    fn new() -> Self {
        let mut buffer = uuid::Uuid::encode_buffer();
        let text = uuid::Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
        Self(HeaderValue::from_str(text).expect("a UUID is visible ASCII"))
    }

    fn of(request: &Request) -> Self {
        let sent = request.headers().get(X_REQUEST_ID);
        let is_fit = |value: &&HeaderValue| {
            (1..=REQUEST_ID_BYTES_MAX).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
        };
        sent.filter(is_fit).cloned().map_or_else(Self::new, Self)
    }
}

/// The route that a request took, for [`observe`] to name.
#[derive(Clone)]
struct Route(MatchedPath);

/// Puts the matched route into the answer.
pub(super) async fn remember_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(Route(route));
    }
    response
}

/// Watches over one request.
pub(super) async fn observe(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(&request);
    let method = request.method().clone();
    let traceparent = request.headers().get("traceparent").cloned();
    request.extensions_mut().insert(id.clone());
    let answered = std::panic::AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| Problem::internal().respond(&id.0));
    let route = response.extensions_mut().remove::<Route>();
    let route = route.as_ref().map_or("", |route| route.0.as_str());
    edge.metrics.request(route, response.status().as_str(), started.elapsed());
    log(&method, route, response.status(), started, &id, traceparent.as_ref());
    response.headers_mut().insert(X_REQUEST_ID, id.0);
    response
}

fn log(
    method: &Method,
    route: &str,
    status: StatusCode,
    started: Instant,
    id: &RequestId,
    traceparent: Option<&HeaderValue>,
) {
    let request_id = id.0.to_str().unwrap_or_default();
    let traceparent = traceparent.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let status = status.as_u16();
    if status >= 500 {
        tracing::warn!(%method, route, status, duration_us, request_id, traceparent, "request failed");
    } else {
        tracing::debug!(%method, route, status, duration_us, request_id, traceparent, "request answered");
    }
}
