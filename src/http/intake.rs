//! Reads a request's body whole, within bounds of bytes, memory and time.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap,
        header::{CONTENT_LENGTH, EXPECT},
    },
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use super::Edge;
use crate::ingest::{
    Identity, Trace,
    body::{Endpoint, Sent},
    in_flight::Reserved,
    refusal::Refusal,
    text::Text,
};

/// Bytes of a refused body that are read and thrown away before it is answered.
const DISCARDED_BYTES_MAX: usize = 64 << 20;

/// Bytes that are made ready for a body on the word of its sender.
const PREPARED_BYTES_MAX: usize = 1 << 20;

/// Reads the body of a request.
///
/// # Errors
/// Which bound it passed.
pub(super) async fn read(edge: &Arc<Edge>, endpoint: Endpoint, request: Request) -> Result<Sent, Refusal> {
    let (parts, mut body) = request.into_parts();
    let limit = edge.settings.body_read_timeout;
    let body_bytes_max = edge.ingest.settings().limits.body_bytes_max;
    let mut reserved = edge.in_flight.share();
    let reading = async {
        let read = bytes(&mut body, &parts.headers, body_bytes_max, &mut reserved).await;
        if read.is_err() && !parts.headers.contains_key(EXPECT) {
            discard(&mut body).await;
        }
        read
    };
    let bytes = tokio::time::timeout(limit, reading).await.unwrap_or(Err(Refusal::TooSlow(limit)))?;
    let trace = trace(&parts.headers);
    Ok(Sent { endpoint, headers: parts.headers, bytes, reserved, identity: Identity::Anonymous, trace })
}

/// Passes over the body of a request that is refused for its head.
pub(super) async fn pass_over(edge: &Edge, headers: &HeaderMap, mut body: Body) {
    if !headers.contains_key(EXPECT) {
        // A slow sender gets its answer all the same.
        tokio::time::timeout(edge.settings.body_read_timeout, discard(&mut body)).await.ok();
    }
}

/// Reads on for a while, so that a sender that is still writing gets to read why it is refused: a connection that is
/// closed on unread bytes is reset, and the answer with it.
async fn discard(body: &mut Body) {
    let mut discarded = 0;
    while discarded < DISCARDED_BYTES_MAX
        && let Some(Ok(frame)) = body.frame().await
    {
        discarded += frame.data_ref().map_or(0, Bytes::len);
    }
}

async fn bytes(
    body: &mut Body,
    headers: &HeaderMap,
    body_bytes_max: usize,
    reserved: &mut Reserved,
) -> Result<Bytes, Refusal> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if let Some(size) = declared.filter(|size| *size > body_bytes_max) {
        return Err(Refusal::limit(format!("body of {size} bytes"), body_bytes_max, "body_bytes_max"));
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refusal::BrokenOff(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        let size = first.len() + rest.len() + data.len();
        if size > body_bytes_max {
            return Err(Refusal::limit("body", body_bytes_max, "body_bytes_max"));
        }
        // Only bytes that came count: a declared length alone must not take the place of others.
        reserved.grow(data.len())?;
        match (first.is_empty(), rest.is_empty()) {
            // A body of one frame is not copied.
            (true, true) => first = data,
            (_, is_second) => {
                if is_second {
                    rest.reserve(declared.unwrap_or(0).clamp(size, PREPARED_BYTES_MAX.max(size)));
                    rest.extend_from_slice(&std::mem::take(&mut first));
                }
                rest.extend_from_slice(&data);
            }
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// The trace that the headers tell of (W3C Trace Context, section 3); one that is not of the right form does not count.
fn trace(headers: &HeaderMap) -> Trace {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(parent) = text("traceparent").filter(|text| is_traceparent(text)) else { return Trace::default() };
    Trace {
        parent: Some(Text::from(parent)),
        state: text("tracestate").filter(|text| !text.is_empty()).map(Text::from),
    }
}

/// `version-trace-span-flags`, in lower-case hexadecimal digits, the trace and the span not all zeros.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let is_hex =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_set = |part: &str| part.bytes().any(|byte| byte != b'0');
    match parts[..] {
        [version, trace, span, flags] => {
            is_hex(version, 2)
                && version != "ff"
                && is_hex(trace, 32)
                && is_set(trace)
                && is_hex(span, 16)
                && is_set(span)
                && is_hex(flags, 2)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparents() {
        assert!(is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        for text in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert!(!is_traceparent(text), "{text}");
        }
    }
}
