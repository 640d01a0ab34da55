//! The parts of an address that a route leaves open.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
    response::Response,
};
use serde::de::DeserializeOwned;

use super::{observe::RequestId, problem::Problem};

/// These parts, percent-decoded. An address that can't be decoded is not served, and says so as a problem.
pub(super) struct Address<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Address<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Ok(RequestId(id)) = RequestId::from_request_parts(parts, state).await;
        let Path(value) = Path::from_request_parts(parts, state).await.map_err(|rejection| {
            let detail = format!("nothing is served at {}: {}", parts.uri.path(), rejection.body_text());
            Problem::not_found(detail).answer(&parts.headers, &id)
        })?;
        Ok(Self(value))
    }
}
