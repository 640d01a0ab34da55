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
        match self {
            Self::Root => root(edge, request, id).await,
            Self::CloudEvents => {
                let wish = Wish::of(request.headers(), request.uri(), id);
                wish.answer(&take(edge, Endpoint::CloudEvents, request).await)
            }
            Self::Payloads => {
                let wish = Wish::of(request.headers(), request.uri(), id);
                wish.answer(&take(edge, Endpoint::Payloads(kind), request).await)
            }
            Self::Validate => {
                let wish = Wish::of(request.headers(), request.uri(), id);
                match intake::read(edge, Endpoint::Payloads(kind), request).await {
                    Ok(sent) => wish.verdict(&edge.ingest.judge(sent).await),
                    Err(refusal) => wish.refuse(&refusal),
                }
            }
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

async fn root(edge: &Arc<Edge>, request: Request<Incoming>, id: HeaderValue) -> Response {
    let wish = Wish::at_root(request.headers(), request.uri(), id);
    let serving = edge.ingest.serving();
    match serving.catalog.only_type() {
        Some(only) => {
            let endpoint = Endpoint::Payloads((&*only.name).into());
            wish.answer(&take(edge, endpoint, request).await)
        }
        None => {
            let count = serving.catalog.types.len();
            let detail = format!("{count} event types are served: name one of them, POST /v1/events/{{type}}");
            wish.problem(Problem::not_found(detail))
        }
    }
}

async fn take(edge: &Arc<Edge>, endpoint: Endpoint, request: Request<Incoming>) -> Answer {
    match intake::read(edge, endpoint, request).await {
        Ok(sent) => edge.ingest.take(sent).await,
        Err(refusal) => Answer::unreadable(refusal, Some(&edge.metrics)),
    }
}
