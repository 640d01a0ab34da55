//! The endpoints that take events.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};

use super::{Edge, address::Address, answer::Wish, intake, observe::RequestId, problem::Problem};
use crate::ingest::{ack::Answer, body::Endpoint};

/// `POST /v1/events`: CloudEvents in binary, structured or batch mode.
pub(super) async fn cloudevents(State(edge): State<Arc<Edge>>, RequestId(id): RequestId, request: Request) -> Response {
    let wish = Wish::of(request.headers(), request.uri(), id);
    wish.answer(&take(&edge, Endpoint::CloudEvents, request).await)
}

/// `POST /v1/events/{type}`: plain payloads.
pub(super) async fn payloads(
    State(edge): State<Arc<Edge>>,
    RequestId(id): RequestId,
    Address(kind): Address<String>,
    request: Request,
) -> Response {
    let wish = Wish::of(request.headers(), request.uri(), id);
    wish.answer(&take(&edge, Endpoint::Payloads(kind.into()), request).await)
}

/// `POST /`: plain payloads of the only event type.
pub(super) async fn root(State(edge): State<Arc<Edge>>, RequestId(id): RequestId, request: Request) -> Response {
    let wish = Wish::at_root(request.headers(), request.uri(), id);
    let serving = edge.ingest.serving();
    match serving.catalog.only_type() {
        Some(only) => {
            let endpoint = Endpoint::Payloads((&*only.name).into());
            wish.answer(&take(&edge, endpoint, request).await)
        }
        None => {
            let count = serving.catalog.types.len();
            let detail = format!("{count} event types are served: name one of them, POST /v1/events/{{type}}");
            wish.problem(Problem::not_found(detail))
        }
    }
}

/// `POST /v1/validate/{type}`: the verdict on plain payloads; nothing is written.
pub(super) async fn validate(
    State(edge): State<Arc<Edge>>,
    RequestId(id): RequestId,
    Address(kind): Address<String>,
    request: Request,
) -> Response {
    let wish = Wish::of(request.headers(), request.uri(), id);
    match intake::read(&edge, Endpoint::Payloads(kind.into()), request).await {
        Ok(sent) => wish.verdict(&edge.ingest.judge(sent).await),
        Err(refusal) => wish.refuse(&refusal),
    }
}

async fn take(edge: &Arc<Edge>, endpoint: Endpoint, request: Request) -> Answer {
    match intake::read(edge, endpoint, request).await {
        Ok(sent) => edge.ingest.take(sent).await,
        Err(refusal) => Answer::unreadable(refusal, Some(&edge.metrics)),
    }
}
