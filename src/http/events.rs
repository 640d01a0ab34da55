//! The endpoints that take events.

use std::{str::Utf8Error, sync::Arc};

use axum::{
    http::{HeaderValue, Method, Request, header::ALLOW},
    response::Response,
};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

use super::{Edge, answer::Wish, intake, observe::RequestId, problem::Problem, webhook};
use crate::ingest::{ack::Answer, body::Endpoint, text::Text};

/// An address that takes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taker {
    /// `/`: plain payloads of the only event type.
    Root,
    /// `/v1/events`: CloudEvents in binary, structured or batch mode.
    CloudEvents,
    /// `/v1/events/{type}`: plain payloads.
    Payloads,
    /// `/v1/validate/{type}`: the verdict on plain payloads; nothing is written.
    Validate,
}

impl Taker {
    /// The addresses, with `{…}` for a segment that can be anything.
    pub(super) const ALL: [(&str, Self); 4] = [
        ("/", Self::Root),
        ("/v1/events", Self::CloudEvents),
        ("/v1/events/{type}", Self::Payloads),
        ("/v1/validate/{type}", Self::Validate),
    ];

    fn methods(self) -> &'static str {
        match self {
            Self::CloudEvents => "POST,OPTIONS",
            Self::Root | Self::Payloads | Self::Validate => "POST",
        }
    }

    /// Answers a request; `kind` is the event type that its address names, if it names one.
    pub(super) async fn answer(
        self,
        edge: &Arc<Edge>,
        kind: Result<Text, Utf8Error>,
        request: Request<Incoming>,
        RequestId(id): RequestId,
    ) -> Response {
        match *request.method() {
            Method::POST => {}
            Method::OPTIONS if self == Self::CloudEvents => return webhook::handshake(request.headers()),
            _ => return self.refuse_method(&request, &id),
        }
        let Ok(kind) = kind else {
            let detail = format!("nothing is served at {}: its escapes are not UTF-8", request.uri().path());
            return Problem::not_found(detail).answer(request.headers(), &id);
        };
        let wish = match self {
            Self::Root => Wish::at_root(request.headers(), request.uri(), id),
            _ => Wish::of(request.headers(), request.uri(), id),
        };
        let endpoint = match self {
            Self::Root => match only_type(edge) {
                Ok(only) => Endpoint::Payloads(only),
                Err(detail) => return wish.problem(Problem::not_found(detail)),
            },
            Self::CloudEvents => Endpoint::CloudEvents,
            Self::Payloads | Self::Validate => Endpoint::Payloads(kind),
        };
        match (self, intake::read(edge, endpoint, request).await) {
            (Self::Validate, Ok(sent)) => wish.verdict(&edge.ingest.judge(sent).await),
            (Self::Validate, Err(refusal)) => wish.refuse(&refusal),
            (_, Ok(sent)) => wish.answer(&edge.ingest.take(sent).await),
            (_, Err(refusal)) => wish.answer(&Answer::unreadable(refusal, Some(&edge.metrics))),
        }
    }

    fn refuse_method(self, request: &Request<Incoming>, id: &HeaderValue) -> Response {
        let mut response = Problem::method_not_allowed(request.method()).answer(request.headers(), id);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(self.methods()));
        response
    }
}

/// Undoes the percent-encoding of a segment of an address.
pub(super) fn decoded(segment: &str) -> Result<Text, Utf8Error> {
    percent_decode_str(segment).decode_utf8().map(|text| Text::from(&*text))
}

/// The event type that needs no name, or why there is none.
fn only_type(edge: &Edge) -> Result<Text, String> {
    let serving = edge.ingest.serving();
    match serving.catalog.only_type() {
        Some(only) => Ok((&*only.name).into()),
        None => {
            let count = serving.catalog.types.len();
            Err(format!("{count} event types are served: name one of them, POST /v1/events/{{type}}"))
        }
    }
}
