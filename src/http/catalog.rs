//! The endpoints that serve what owners described. Documents were made when the descriptions were loaded.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE, header::VARY},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{Edge, address::Address, negotiate, observe::RequestId, problem::Problem};
use crate::catalog::{Document, Representation};

/// `GET /openapi`: all products, in the form that the client asks for.
pub(super) async fn openapi(State(edge): State<Arc<Edge>>, RequestId(id): RequestId, headers: HeaderMap) -> Response {
    negotiated(&edge.ingest.serving().catalog.openapi, &headers, &id)
}

/// `GET /openapi.json`
pub(super) async fn openapi_json(State(edge): State<Arc<Edge>>, RequestId(id): RequestId) -> Response {
    ending(&edge.ingest.serving().catalog.openapi, "json", &id)
}

/// `GET /openapi.yaml`
pub(super) async fn openapi_yaml(State(edge): State<Arc<Edge>>, RequestId(id): RequestId) -> Response {
    ending(&edge.ingest.serving().catalog.openapi, "yaml", &id)
}

/// `GET /v1/products[?q=]`: those that mention the words, or all.
pub(super) async fn products(State(edge): State<Arc<Edge>>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let words = query.iter().find(|(name, _)| name == "q").map(|(_, words)| words.as_str());
    json(&edge.ingest.serving().catalog.listing(words))
}

/// `GET /v1/products/{name}`
pub(super) async fn product(
    State(edge): State<Arc<Edge>>,
    RequestId(id): RequestId,
    Address(name): Address<String>,
    headers: HeaderMap,
) -> Response {
    let serving = edge.ingest.serving();
    match serving.catalog.product(&name) {
        Some(product) => json(&product.details(&serving.catalog)),
        None => no_product(&name).answer(&headers, &id),
    }
}

/// `GET /v1/products/{name}/openapi`
pub(super) async fn product_openapi(
    State(edge): State<Arc<Edge>>,
    RequestId(id): RequestId,
    Address(name): Address<String>,
    headers: HeaderMap,
) -> Response {
    match edge.ingest.serving().catalog.product(&name) {
        Some(product) => negotiated(&product.openapi, &headers, &id),
        None => no_product(&name).answer(&headers, &id),
    }
}

/// `GET /v1/products/{name}/schemas/{schema}`: the address that `dataschema` carries.
pub(super) async fn schema(
    State(edge): State<Arc<Edge>>,
    RequestId(id): RequestId,
    Address((name, schema)): Address<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let serving = edge.ingest.serving();
    let Some(product) = serving.catalog.product(&name) else { return no_product(&name).answer(&headers, &id) };
    match product.schemas.get(&*schema) {
        Some(document) => negotiated(document, &headers, &id),
        None => Problem::not_found(format!("product {name:?} has no schema {schema:?}")).answer(&headers, &id),
    }
}

fn no_product(name: &str) -> Problem<'static> {
    Problem::not_found(format!("no product {name:?} is served"))
}

fn negotiated(document: &Document, headers: &HeaderMap, id: &HeaderValue) -> Response {
    let index = negotiate::best(headers, document.0.iter().map(|representation| representation.media_type));
    let mut response = found(index.and_then(|index| document.0.get(index)), id);
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

/// The representation whose media type ends so.
fn ending(document: &Document, suffix: &str, id: &HeaderValue) -> Response {
    found(document.0.iter().find(|representation| representation.media_type.ends_with(suffix)), id)
}

fn found(representation: Option<&Representation>, id: &HeaderValue) -> Response {
    match representation {
        Some(Representation { media_type, body }) => {
            (StatusCode::OK, [(CONTENT_TYPE, HeaderValue::from_static(media_type))], body.clone()).into_response()
        }
        None => Problem::not_found("no such document is served".to_owned()).respond(id),
    }
}

fn json(value: &Value) -> Response {
    (StatusCode::OK, [(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
