//! The bounds of a request's head. The HTTP library has bounds of its own, a little further out: what is past those is
//! answered without a body, as a head is that can't be read at all.

use axum::http::Request;

use super::Settings;
use crate::ingest::refusal::Exceeded;

/// How much further the library reads than the bound, so that one past it can be told.
pub(super) const MARGIN_BYTES: usize = 8 << 10;

/// The bound that a head passes.
pub(super) fn exceeded<B>(request: &Request<B>, settings: &Settings) -> Option<Exceeded> {
    let headers = request.headers();
    let past = |what: String, limit, setting| Some(Exceeded { what, limit, setting });
    if headers.len() > settings.headers_max {
        return past(format!("head of {} fields", headers.len()), settings.headers_max, "headers_max");
    }
    // As HTTP/1.1 writes it.
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let line = request.method().as_str().len() + target + " ".len() + " HTTP/1.1\r\n".len();
    let field_bytes = |name: usize, value: usize| name + ": ".len() + value + "\r\n".len();
    let fields: usize = headers.iter().map(|(name, value)| field_bytes(name.as_str().len(), value.len())).sum();
    let size = line + fields + "\r\n".len();
    if size > settings.header_bytes_max {
        return past(format!("head of {size} bytes"), settings.header_bytes_max, "header_bytes_max");
    }
    None
}
