//! What is done for every request: an identifier, a count, a duration, a line in the log, and an answer even if we
//! break.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, Method, Request, StatusCode, request::Parts},
    response::Response,
};
use futures_util::FutureExt;
use hyper::body::Incoming;

use super::{intake::TRACEPARENT, problem::Problem};
use crate::telemetry::RouteMetrics;

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

    fn of(request: &Request<Incoming>) -> Self {
        let sent = request.headers().get(X_REQUEST_ID);
        let is_fit = |value: &&HeaderValue| {
            (1..=REQUEST_ID_BYTES_MAX).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
        };
        sent.filter(is_fit).cloned().map_or_else(Self::new, Self)
    }
}

/// Watches over one request to a route, while `answer` makes the answer.
pub(super) async fn observe<F: Future<Output = Response>>(
    route: &RouteMetrics,
    request: Request<Incoming>,
    answer: impl FnOnce(Request<Incoming>, RequestId) -> F,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(&request);
    let method = request.method().clone();
    let traceparent = request.headers().get(&TRACEPARENT).cloned();
    let answered = std::panic::AssertUnwindSafe(answer(request, id.clone())).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| Problem::internal().respond(&id.0));
    let duration = started.elapsed();
    route.count(response.status(), duration);
    log(&method, route.name(), response.status(), duration, &id, traceparent.as_ref());
    response.headers_mut().insert(X_REQUEST_ID, id.0);
    response
}

fn log(
    method: &Method,
    route: &str,
    status: StatusCode,
    duration: Duration,
    id: &RequestId,
    traceparent: Option<&HeaderValue>,
) {
    let request_id = id.0.to_str().unwrap_or_default();
    let traceparent = traceparent.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let status = status.as_u16();
    if status >= 500 {
        tracing::warn!(%method, route, status, duration_us, request_id, traceparent, "request failed");
    } else {
        tracing::debug!(%method, route, status, duration_us, request_id, traceparent, "request answered");
    }
}
