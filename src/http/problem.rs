//! What went wrong, as RFC 9457 has it. The only place that turns errors into status codes.

use std::{borrow::Cow, time::Duration};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{ACCEPT_ENCODING, RETRY_AFTER},
    },
    response::Response,
};
use serde::Serialize;

use super::{answer, negotiate};
use crate::{
    catalog::Violation,
    channel::AppendError,
    ingest::refusal::{Exceeded, Position, Refusal},
};

/// A kind of problem: the same `code` has always the same status and title.
struct Kind {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    retriable: bool,
    retry_after: Option<Duration>,
}

/// The body of an answer that is an error, and its status.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Problem<'a> {
    #[serde(rename = "type")]
    uri: String,
    title: &'static str,
    #[serde(serialize_with = "as_number")]
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    detail: Cow<'a, str>,
    retriable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    setting: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    violations: &'a [Violation],
    #[serde(skip_serializing_if = "Option::is_none")]
    violations_omitted: Option<usize>,
    /// Whether there may be others than the one that is told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    violations_abridged: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip)]
    pub(super) retry_after: Option<Duration>,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl<'a> Problem<'a> {
    fn new(kind: Kind, detail: impl Into<Cow<'a, str>>) -> Self {
        Self {
            uri: format!("urn:sluice:problem:{}", kind.code),
            title: kind.title,
            status: kind.status,
            code: kind.code,
            detail: detail.into(),
            retriable: kind.retriable,
            at: None,
            limit: None,
            setting: None,
            violations: &[],
            violations_omitted: None,
            violations_abridged: false,
            request_id: None,
            retry_after: kind.retry_after,
        }
    }

    pub(super) fn of(refusal: &'a Refusal) -> Self {
        let mut problem = Self::new(kind(refusal), refusal.to_string());
        match refusal.cause() {
            Refusal::Invalid { violations, omitted, is_abridged } => {
                problem.violations = violations;
                problem.violations_abridged = *is_abridged;
                problem.violations_omitted = Some(*omitted).filter(|omitted| *omitted > 0);
            }
            Refusal::Malformed { at, .. } => problem.at = Some(*at),
            Refusal::Limit(exceeded) => {
                problem.limit = Some(exceeded.limit);
                problem.setting = Some(exceeded.setting);
            }
            _ => {}
        }
        problem
    }

    pub(super) fn not_found(detail: String) -> Self {
        Self::new(sender(StatusCode::NOT_FOUND, "not-found", "nothing is served there"), detail)
    }

    pub(super) fn method_not_allowed(method: &Method) -> Self {
        let kind = sender(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "the method is not served there");
        Self::new(kind, format!("method {method} is not served there, those in `Allow` are"))
    }

    pub(super) fn head_too_large(exceeded: &Exceeded) -> Self {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        let mut problem = Self::new(sender(status, "head-too-large", "the head is too large"), exceeded.to_string());
        problem.limit = Some(exceeded.limit);
        problem.setting = Some(exceeded.setting);
        problem
    }

    pub(super) fn internal() -> Self {
        Self::new(kind(&Refusal::Lost), "sluice broke while it worked on the request; the log says where")
    }

    pub(super) fn no_more_connections() -> Self {
        let kind = world(StatusCode::SERVICE_UNAVAILABLE, "too-many-connections", "all connections are taken", 1);
        Self::new(kind, "sluice holds as many connections as it may")
    }

    /// In plain text: each violation in its schema language's words, or what went wrong.
    pub(super) fn text(&self) -> String {
        match self.violations {
            [] => self.detail.clone().into_owned(),
            violations => {
                let lines: Vec<_> =
                    violations.iter().map(|violation| format!("{}: {}", violation.path, violation.message)).collect();
                lines.join("\n")
            }
        }
    }

    pub(super) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("no map with keys that are not text")
    }

    /// In the form that the client asks for.
    pub(super) fn answer(self, headers: &HeaderMap, request_id: &HeaderValue) -> Response {
        if negotiate::wants_text(headers, false) { self.respond_text() } else { self.respond(request_id) }
    }

    pub(super) fn respond(mut self, request_id: &HeaderValue) -> Response {
        self.request_id = request_id.to_str().ok().map(str::to_owned);
        let body = self.json();
        self.response("application/problem+json", body)
    }

    pub(super) fn respond_text(&self) -> Response {
        self.response("text/plain; charset=utf-8", self.text() + "\n")
    }

    fn response(&self, content_type: &'static str, body: impl Into<Body>) -> Response {
        let mut response = answer::response(self.status, content_type, body);
        response.headers_mut().extend(self.headers());
        response
    }

    fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        // RFC 9110, section 15.5.16: a 415 for the encoding says which are taken.
        let encodings =
            (self.code == "content-encoding").then_some((ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd")));
        let retry = self.retry_after.map(|after| (RETRY_AFTER, HeaderValue::from(after.as_secs())));
        encodings.into_iter().chain(retry)
    }
}

/// The sender must change something.
fn sender(status: StatusCode, code: &'static str, title: &'static str) -> Kind {
    Kind { status, code, title, retriable: false, retry_after: None }
}

/// The sender may try the same again, after some seconds.
fn world(status: StatusCode, code: &'static str, title: &'static str, after_seconds: u64) -> Kind {
    Kind { status, code, title, retriable: true, retry_after: Some(Duration::from_secs(after_seconds)) }
}

fn kind(refusal: &Refusal) -> Kind {
    match refusal {
        Refusal::TooSlow(_) => Kind {
            retriable: true,
            ..sender(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "the body did not arrive in time")
        },
        Refusal::BrokenOff(_) => {
            Kind { retriable: true, ..sender(StatusCode::BAD_REQUEST, "body-broken-off", "the body broke off") }
        }
        Refusal::Overloaded { .. } => world(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "too much is in flight", 1),
        Refusal::MediaType(_) => {
            sender(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "the media type is not taken there")
        }
        Refusal::Encoding(_) => {
            sender(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding", "the content encoding is not served")
        }
        Refusal::Corrupt { .. } => sender(StatusCode::BAD_REQUEST, "corrupt-body", "the body can't be decompressed"),
        Refusal::Limit(_) => sender(StatusCode::PAYLOAD_TOO_LARGE, "limit-exceeded", "a limit is exceeded"),
        Refusal::Malformed { .. } => sender(StatusCode::BAD_REQUEST, "malformed-json", "the text is not JSON"),
        Refusal::NotACloudEvent(_) => sender(StatusCode::BAD_REQUEST, "not-a-cloudevent", "it is not a CloudEvent"),
        Refusal::Empty(_) => sender(StatusCode::BAD_REQUEST, "empty-body", "the body is empty"),
        Refusal::UnknownType(_) => sender(StatusCode::NOT_FOUND, "unknown-type", "the event type is not served"),
        Refusal::Forbidden(_) => sender(StatusCode::FORBIDDEN, "forbidden", "the sender may not write this type"),
        Refusal::Invalid { .. } => sender(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "the data violates its schema"),
        Refusal::NotJson { .. } => sender(StatusCode::UNSUPPORTED_MEDIA_TYPE, "data-not-json", "the data is not JSON"),
        Refusal::NoData { .. } => sender(StatusCode::UNPROCESSABLE_ENTITY, "no-data", "the event has no data"),
        Refusal::NoKey(_) => sender(StatusCode::UNPROCESSABLE_ENTITY, "no-key", "the event has no key"),
        Refusal::Channel(error) => of_channel(error),
        Refusal::Rest(cause) => kind(cause),
        Refusal::Lost => {
            Kind { retriable: true, ..sender(StatusCode::INTERNAL_SERVER_ERROR, "internal", "sluice broke") }
        }
    }
}

fn of_channel(error: &AppendError) -> Kind {
    match error {
        AppendError::QueueFull => {
            world(StatusCode::SERVICE_UNAVAILABLE, "queue-full", "the channel's queue is full", 1)
        }
        AppendError::UnknownTopic(_) => {
            world(StatusCode::SERVICE_UNAVAILABLE, "topic-missing", "the channel lacks the topic", 5)
        }
        AppendError::TooLarge { .. } => {
            sender(StatusCode::PAYLOAD_TOO_LARGE, "record-too-large", "the channel does not take so large a record")
        }
        AppendError::Unavailable(_) => {
            world(StatusCode::SERVICE_UNAVAILABLE, "channel-unavailable", "the channel can't be reached", 5)
        }
        AppendError::Unconfirmed(_) => Kind {
            retry_after: None,
            ..world(StatusCode::GATEWAY_TIMEOUT, "outcome-unknown", "the channel did not acknowledge", 0)
        },
        AppendError::Refused(_) => sender(StatusCode::BAD_GATEWAY, "channel-refused", "the channel refused the record"),
    }
}
