//! Reads a request's body, within bounds of bytes, memory and time.

use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use axum::http::{
    HeaderMap, HeaderName, Request,
    header::{CONTENT_LENGTH, EXPECT},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::Edge;
use crate::{
    channel::BoxFuture,
    ingest::{
        Identity, Trace,
        body::{Endpoint, Form, Payload, Sent},
        in_flight::Reserved,
        lines::Arriving,
        refusal::Refusal,
        text::Text,
    },
};

pub(super) static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Bytes of a refused body that are read and thrown away before it is answered.
const DISCARDED_BYTES_MAX: usize = 64 << 20;

/// Bytes that are made ready for a body on the word of its sender.
const PREPARED_BYTES_MAX: usize = 1 << 20;

/// Reads the body of a request, or makes ready to read it while its events are taken.
///
/// # Errors
/// Which bound it passed.
pub(super) async fn read(edge: &Arc<Edge>, endpoint: Endpoint, request: Request<Incoming>) -> Result<Sent, Refusal> {
    let (parts, body) = request.into_parts();
    let mut arrival = Arrival::new(edge, &parts.headers, body);
    let form = arrival.or_pass_over(Form::of(&endpoint, &parts.headers)).await?;
    let mut reserved = edge.in_flight.share();
    let payload = if form.is_in_lines(&parts.headers) {
        arrival.or_pass_over(arrival.check_declared()).await?;
        Payload::Lines(Box::new(arrival))
    } else {
        Payload::Whole(arrival.whole(&mut reserved).await?)
    };
    let trace = trace(&parts.headers);
    Ok(Sent { form, headers: parts.headers, payload, reserved, identity: Identity::Anonymous, trace })
}

/// Passes over the body of a request that is refused for its head.
pub(super) async fn pass_over(edge: &Edge, headers: &HeaderMap, body: Incoming) {
    Arrival::new(edge, headers, body).pass_over().await;
}

/// A body, and how much of it may come for how long.
struct Arrival {
    body: Incoming,
    /// Bytes that it is to have, as its sender says.
    declared: Option<usize>,
    /// Whether the sender waits for our word before it sends the body.
    expects: bool,
    bytes_max: usize,
    received: usize,
    time: Duration,
    time_left: Duration,
}

impl Arrival {
    fn new(edge: &Edge, headers: &HeaderMap, body: Incoming) -> Self {
        let time = edge.settings.body_read_timeout;
        Self {
            body,
            declared: headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()),
            expects: headers.contains_key(EXPECT),
            bytes_max: edge.ingest.settings().limits.body_bytes_max,
            received: 0,
            time,
            time_left: time,
        }
    }

    /// Whether the sender says that it is too large.
    fn check_declared(&self) -> Result<(), Refusal> {
        match self.declared.filter(|size| *size > self.bytes_max) {
            Some(size) => Err(Refusal::limit(format!("body of {size} bytes"), self.bytes_max, "body_bytes_max")),
            None => Ok(()),
        }
    }

    async fn whole(&mut self, reserved: &mut Reserved) -> Result<Bytes, Refusal> {
        let (time, mut time_left) = (self.time, self.time_left);
        let read = within(&mut time_left, self.bytes(reserved)).await;
        self.time_left = time_left;
        self.or_pass_over(read.unwrap_or(Err(Refusal::TooSlow(time)))).await
    }

    async fn bytes(&mut self, reserved: &mut Reserved) -> Result<Bytes, Refusal> {
        self.check_declared()?;
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(data) = self.frame().await {
            let data = data?;
            // Only bytes that came count: a declared length alone must not take the place of others.
            reserved.grow(data.len())?;
            match (first.is_empty(), rest.is_empty()) {
                // A body of one frame is not copied.
                (true, true) => first = data,
                (_, is_second) => {
                    if is_second {
                        let declared = self.declared.unwrap_or(0);
                        rest.reserve(declared.clamp(self.received, PREPARED_BYTES_MAX.max(self.received)));
                        rest.extend_from_slice(&std::mem::take(&mut first));
                    }
                    rest.extend_from_slice(&data);
                }
            }
        }
        Ok(if rest.is_empty() { first } else { rest.freeze() })
    }

    /// The next bytes.
    async fn frame(&mut self) -> Option<Result<Bytes, Refusal>> {
        loop {
            let data = match self.body.frame().await? {
                Ok(frame) => frame.into_data(),
                Err(error) => return Some(Err(Refusal::BrokenOff(error.to_string()))),
            };
            let Ok(data) = data else { continue };
            self.received += data.len();
            return Some(if self.received > self.bytes_max {
                Err(Refusal::limit("body", self.bytes_max, "body_bytes_max"))
            } else {
                Ok(data)
            });
        }
    }

    /// Passes over the rest if it failed.
    async fn or_pass_over<T>(&mut self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        if result.is_err() {
            Box::pin(self.pass_over()).await;
        }
        result
    }

    /// Reads on for a while and throws away, so that a sender that is still writing gets to read why it is refused: a
    /// connection that is closed on unread bytes is reset, and the answer with it.
    async fn pass_over(&mut self) {
        if self.expects {
            return;
        }
        let discard = async {
            let mut discarded = 0;
            while discarded < DISCARDED_BYTES_MAX
                && let Some(Ok(frame)) = self.body.frame().await
            {
                discarded += frame.data_ref().map_or(0, Bytes::len);
            }
        };
        // A slow sender gets its answer all the same.
        tokio::time::timeout(self.time_left, discard).await.ok();
    }
}

impl Arriving for Arrival {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Bytes, Refusal>>> {
        Box::pin(async {
            // Time that the channel takes in between is not the sender's.
            let (time, mut time_left) = (self.time, self.time_left);
            let frame = within(&mut time_left, self.frame()).await;
            self.time_left = time_left;
            let read = frame.unwrap_or(Some(Err(Refusal::TooSlow(time))))?;
            Some(self.or_pass_over(read).await)
        })
    }

    fn pass_over(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.pass_over())
    }
}

/// Waits for as long as is left, and takes what it waited off. What is there at once costs no timer.
async fn within<F: Future>(time_left: &mut Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    if let Poll::Ready(output) = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await {
        return Some(output);
    }
    let started = Instant::now();
    let output = tokio::time::timeout(*time_left, future).await.ok();
    *time_left = time_left.saturating_sub(started.elapsed());
    output
}

/// The trace that the headers tell of (W3C Trace Context, section 3); one that is not of the right form does not count.
fn trace(headers: &HeaderMap) -> Trace {
    let text = |name| headers.get(name)?.to_str().ok();
    let Some(parent) = text(&TRACEPARENT).filter(|text| is_traceparent(text)) else { return Trace::default() };
    Trace { parent: Some(Text::from(parent)), state: text(&TRACESTATE).filter(|text| !text.is_empty()).map(Text::from) }
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
