//! NDJSON that is taken while it is still arriving: lines come in windows, and no more of a body is in memory than a few
//! of these.

use bytes::{Bytes, BytesMut};

use super::{
    Limits,
    body::{Body, Head},
    in_flight::Reserved,
    refusal::Refusal,
};
use crate::channel::BoxFuture;

/// Windows of one body that are under way at once, together as large as `window_bytes_max`.
pub(super) const WINDOWS_MAX: usize = 4;

/// A body that is still on its way.
pub trait Arriving: Send {
    /// The next bytes; `None` at the end. Fails for good when a bound is passed or the sender breaks off.
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Bytes, Refusal>>>;

    /// Reads on for a while, so that a sender that is still writing gets to read why the rest is refused.
    fn pass_over(&mut self) -> BoxFuture<'_, ()>;
}

/// The lines of a body.
pub(super) struct Lines<'a> {
    head: Head,
    arriving: Box<dyn Arriving>,
    limits: &'a Limits,
    /// The share of what is gathered.
    reserved: Reserved,
    gathered: BytesMut,
    has_ended: bool,
    /// Number of the next line, from 1.
    next_line: usize,
    events: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(head: Head, arriving: Box<dyn Arriving>, reserved: Reserved, limits: &'a Limits) -> Self {
        let gathered = BytesMut::new();
        Self { head, arriving, limits, reserved, gathered, has_ended: false, next_line: 1, events: 0 }
    }

    /// The next lines: as many as fit in a window, at least one. `None` at the end. Not to be asked again after an error.
    pub(super) async fn next(&mut self) -> Option<Result<Body, Refusal>> {
        let window = match self.gather().await {
            Ok(window) => window?,
            Err(refusal) => return Some(Err(refusal)),
        };
        let reserved = self.reserved.split(window.len());
        let lines = memchr::memchr_iter(b'\n', &window).count();
        let body = Body::lines(self.head.clone(), &window, self.next_line, reserved, self.limits);
        self.next_line += lines;
        self.events += body.len();
        if self.events > self.limits.events_max {
            self.arriving.pass_over().await;
            return Some(Err(Refusal::limit("number of events", self.limits.events_max, "events_max")));
        }
        Some(Ok(body))
    }

    /// Bytes up to the end of a line; `None` at the end of the body.
    async fn gather(&mut self) -> Result<Option<Bytes>, Refusal> {
        let window_bytes = (self.limits.window_bytes_max / WINDOWS_MAX).max(1);
        // How far a line that is longer than a window was looked through for its end.
        let mut searched = window_bytes;
        loop {
            if self.gathered.len() >= window_bytes {
                let within = memchr::memrchr(b'\n', &self.gathered[..window_bytes]);
                let end = within.or_else(|| Some(searched + memchr::memchr(b'\n', &self.gathered[searched..])?));
                if let Some(newline) = end {
                    return Ok(Some(self.gathered.split_to(newline + 1).freeze()));
                }
                searched = self.gathered.len();
            }
            if self.has_ended {
                let rest = self.gathered.split().freeze();
                return Ok((!rest.is_empty()).then_some(rest));
            }
            self.arrive(window_bytes).await?;
        }
    }

    /// Adds what comes next.
    async fn arrive(&mut self, window_bytes: usize) -> Result<(), Refusal> {
        let Some(bytes) = self.arriving.next().await else {
            self.has_ended = true;
            return Ok(());
        };
        let bytes = bytes?;
        if let Err(refusal) = self.reserved.grow(bytes.len()) {
            self.arriving.pass_over().await;
            return Err(refusal);
        }
        self.gathered.reserve(bytes.len().max(window_bytes.saturating_sub(self.gathered.len())));
        self.gathered.extend_from_slice(&bytes);
        Ok(())
    }
}
