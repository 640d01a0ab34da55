//! From receipts to outcomes: each event that was received has exactly one, and failure is the one that nobody sets.

use std::{sync::Arc, time::Duration};

use super::{body::Body, refusal::Refusal, route::Routed, serving::Stream, text::Text};
use crate::{
    channel::{AppendError, Appended, Channel, Receipt, Record},
    telemetry::Metrics,
};

/// How the taking of an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is durable.
    Accepted,
    /// It would be taken; there is no channel to write to.
    Judged,
    /// Its data breaks its schema.
    Invalid,
    /// The sender did something else wrong.
    Rejected,
    /// The channel did not take it; nothing was written.
    Unavailable,
    /// The channel did not answer; it may have been written.
    Unknown,
    /// Nobody said how it ended: the sender left, or we broke.
    Failed,
}

impl Outcome {
    /// All of them; the place in this list is `outcome as usize`.
    pub const ALL: [Self; 7] =
        [Self::Accepted, Self::Judged, Self::Invalid, Self::Rejected, Self::Unavailable, Self::Unknown, Self::Failed];

    /// The name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Judged => "judged",
            Self::Invalid => "invalid",
            Self::Rejected => "rejected",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }

    fn of(result: &Result<Written, Refusal>) -> Self {
        match result {
            Ok(written) if written.receipt.is_some() => Self::Accepted,
            Ok(_) => Self::Judged,
            Err(Refusal::Invalid { .. }) => Self::Invalid,
            Err(Refusal::Channel(AppendError::Unconfirmed(_))) => Self::Unknown,
            Err(Refusal::Channel(AppendError::TooLarge { .. })) => Self::Rejected,
            Err(Refusal::Channel(_) | Refusal::Overloaded { .. }) => Self::Unavailable,
            Err(Refusal::Lost) => Self::Failed,
            Err(_) => Self::Rejected,
        }
    }
}

/// An event that was taken.
#[derive(Clone, Debug)]
pub struct Written {
    /// The `id` attribute.
    pub id: Text,
    /// Its type and topic.
    pub stream: Arc<Stream>,
    /// Where it is; `None` if nothing was to be written.
    pub receipt: Option<Receipt>,
}

/// What there is to tell the sender.
#[derive(Clone, Debug)]
pub enum Answer {
    /// About the one event that a body of this form holds.
    One(Result<Written, Refusal>),
    /// About each event, in the order of the body.
    Many(Vec<Result<Written, Refusal>>),
}

impl Answer {
    pub(super) fn new(is_many: bool, mut results: Vec<Result<Written, Refusal>>) -> Self {
        match results.pop() {
            Some(result) if !is_many => Self::One(result),
            last => {
                results.extend(last);
                Self::Many(results)
            }
        }
    }

    /// For a body whose events can't be told apart: it counts as one of an unknown type.
    #[must_use]
    pub fn unreadable(refusal: Refusal, metrics: &Metrics) -> Self {
        Self::One(Received::new(None, metrics).settle(Err(refusal)))
    }
}

/// An event that was received and has no outcome yet. Dropped without one, it has failed.
pub(super) struct Received<'a> {
    stream: Option<Arc<Stream>>,
    metrics: &'a Metrics,
    settled: bool,
}

impl<'a> Received<'a> {
    fn new(stream: Option<&Arc<Stream>>, metrics: &'a Metrics) -> Self {
        metrics.events_received.inc();
        Self { stream: stream.cloned(), metrics, settled: false }
    }

    fn settle(mut self, result: Result<Written, Refusal>) -> Result<Written, Refusal> {
        self.settled = true;
        self.count(Outcome::of(&result));
        if let (Err(Refusal::Invalid { violations, .. }), Some(stream)) = (&result, &self.stream) {
            for violation in violations {
                self.metrics.violation(&stream.event_type.name, &violation.rule);
            }
        }
        result
    }

    fn count(&self, outcome: Outcome) {
        let counters = self.stream.as_ref().map_or(&self.metrics.unknown_events, |stream| &stream.counters);
        counters.count(outcome);
    }
}

impl Drop for Received<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.count(Outcome::Failed);
        }
    }
}

/// The events of one body on their way to the channel.
pub(super) struct Batch<'a> {
    metrics: &'a Metrics,
    is_many: bool,
    slots: Vec<(Received<'a>, Slot)>,
    records: Vec<Record>,
}

enum Slot {
    Refused(Refusal),
    /// Its record is the next in [`Batch::records`].
    Waiting {
        id: Text,
        stream: Arc<Stream>,
        bytes: usize,
    },
}

impl<'a> Batch<'a> {
    pub(super) fn new(body: &Body, metrics: &'a Metrics) -> Self {
        let (slots, records) = (Vec::with_capacity(body.len()), Vec::with_capacity(body.len()));
        Self { metrics, is_many: body.is_many(), slots, records }
    }

    /// Counts one event as received; of an unknown type if there is no stream.
    pub(super) fn receive(&self, stream: Option<&Arc<Stream>>) -> Received<'a> {
        Received::new(stream, self.metrics)
    }

    /// Adds what the steps before the channel made of an event.
    pub(super) fn add(&mut self, received: Received<'a>, routed: Result<Routed, Refusal>) {
        let slot = match routed {
            Err(refusal) => Slot::Refused(refusal),
            Ok(Routed { stream, id, record }) => {
                let bytes = record.value.as_ref().map_or(0, bytes::Bytes::len);
                self.records.push(record);
                Slot::Waiting { id, stream, bytes }
            }
        };
        self.slots.push((received, slot));
    }

    /// Writes the records and waits until each is durable or has failed.
    pub(super) async fn append(mut self, channel: &dyn Channel, within: Duration) -> Answer {
        let records = std::mem::take(&mut self.records);
        let appended = match records.len() {
            0 => Appended::new(),
            // Dropped while it waits (the sender left), the records may still be written, and count as failed.
            _ => self.wait(channel, records, within).await,
        };
        let mut appended = appended.into_iter();
        self.settle(|id, stream| match appended.next() {
            Some(Ok(receipt)) => Ok(Written::durable(id, stream, receipt)),
            Some(Err(error)) => Err(error.into()),
            None => Err(Refusal::Lost),
        })
    }

    /// Settles without writing.
    pub(super) fn judged(self) -> Answer {
        self.settle(|id, stream| Ok(Written { id, stream, receipt: None }))
    }

    async fn wait(&self, channel: &dyn Channel, records: Vec<Record>, within: Duration) -> Appended {
        let count = records.len();
        let _timer = self.metrics.append_duration.start_timer();
        match tokio::time::timeout(within, channel.append(records)).await {
            Ok(appended) => appended,
            Err(_) => vec![Err(AppendError::Unconfirmed(format!("waited {} ms", within.as_millis()).into())); count],
        }
    }

    fn settle(self, mut written: impl FnMut(Text, Arc<Stream>) -> Result<Written, Refusal>) -> Answer {
        let mut results = Vec::with_capacity(self.slots.len());
        for (received, slot) in self.slots {
            results.push(match slot {
                Slot::Refused(refusal) => received.settle(Err(refusal)),
                Slot::Waiting { id, stream, bytes } => {
                    let result = written(id, stream);
                    if let Ok(Written { stream, receipt: Some(_), .. }) = &result {
                        stream.counters.accepted_bytes.inc_by(bytes as u64);
                    }
                    received.settle(result)
                }
            });
        }
        Answer::new(self.is_many, results)
    }
}
