//! From receipts to outcomes: each event that was received has exactly one, and failure is the one that nobody sets.

use std::{sync::Arc, time::Duration};

use prometheus::HistogramTimer;
use tokio::time::Instant;

use super::{refusal::Refusal, route::Routed, serving::Stream, text::Text};
use crate::{
    channel::{AppendError, Appended, BoxFuture, Channel, Receipt, Record},
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
        match result.as_ref().map_err(Refusal::cause) {
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

/// What became of events, in their order.
pub(super) type Results = Vec<Result<Written, Refusal>>;

/// What there is to tell the sender.
#[derive(Clone, Debug)]
pub enum Answer {
    /// About the one event that a body of this form holds.
    One(Result<Written, Refusal>),
    /// About each event, in the order of the body.
    Many(Vec<Result<Written, Refusal>>),
}

impl Answer {
    pub(super) fn new(is_many: bool, mut results: Results) -> Self {
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
    pub fn unreadable(refusal: Refusal, counts: Option<&Metrics>) -> Self {
        Self::One(unread(refusal, counts))
    }
}

/// The outcome of events that were not told apart: they count as one of an unknown type.
pub(super) fn unread(refusal: Refusal, counts: Option<&Metrics>) -> Result<Written, Refusal> {
    Received::new(None, counts).settle(Err(refusal))
}

/// An event that was received and has no outcome yet. Dropped without one, it has failed.
pub(super) struct Received<'a> {
    stream: Option<Arc<Stream>>,
    /// `None` if it is not to be counted.
    counts: Option<&'a Metrics>,
    settled: bool,
}

impl<'a> Received<'a> {
    fn new(stream: Option<&Arc<Stream>>, counts: Option<&'a Metrics>) -> Self {
        if let Some(metrics) = counts {
            metrics.events_received.inc();
        }
        Self { stream: stream.cloned(), counts, settled: false }
    }

    fn settle(mut self, result: Result<Written, Refusal>) -> Result<Written, Refusal> {
        self.settled = true;
        self.count(Outcome::of(&result));
        if let (Err(Refusal::Invalid { violations, .. }), Some(stream), Some(metrics)) =
            (&result, &self.stream, self.counts)
        {
            for violation in violations {
                metrics.violation(&stream.event_type.name, &violation.rule);
            }
        }
        result
    }

    fn count(&self, outcome: Outcome) {
        if let Some(metrics) = self.counts {
            self.stream.as_ref().map_or(&metrics.unknown_events, |stream| &stream.counters).count(outcome);
        }
    }
}

impl Drop for Received<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.count(Outcome::Failed);
        }
    }
}

/// The events of one body, or of a window of it, on their way to the channel.
pub(super) struct Batch<'a> {
    counts: Option<&'a Metrics>,
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
    /// For as many events.
    pub(super) fn new(events: usize, counts: Option<&'a Metrics>) -> Self {
        Self { counts, slots: Vec::with_capacity(events), records: Vec::with_capacity(events) }
    }

    /// Counts one event as received; of an unknown type if there is no stream.
    pub(super) fn receive(&self, stream: Option<&Arc<Stream>>) -> Received<'a> {
        Received::new(stream, self.counts)
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

    /// Hands the records over to be written.
    pub(super) fn append(self, channel: &dyn Channel, within: Duration, metrics: &Metrics) -> Appending<'a> {
        let Self { slots, records, .. } = self;
        let wait = match records.len() {
            0 => Wait::Nothing,
            count => Wait::Channel {
                count,
                timer: metrics.append_duration.start_timer(),
                deadline: Instant::now() + within,
                within,
                // Dropped while it waits (the sender left), the records may still be written, and count as failed.
                appended: channel.append(records),
            },
        };
        Appending { slots, wait }
    }

    /// Writes nothing.
    pub(super) fn judged(self) -> Appending<'a> {
        Appending { slots: self.slots, wait: Wait::Nothing }
    }
}

/// Events that have all been looked at, and whose records were handed over if there is somebody to take them.
pub(super) struct Appending<'a> {
    slots: Vec<(Received<'a>, Slot)>,
    wait: Wait,
}

/// What is to be waited for.
enum Wait {
    /// No record was handed over.
    Nothing,
    Channel {
        count: usize,
        timer: HistogramTimer,
        deadline: Instant,
        within: Duration,
        appended: BoxFuture<'static, Appended>,
    },
}

impl Appending<'_> {
    /// Waits until each record is durable or has failed.
    pub(super) async fn done(self) -> Results {
        let Wait::Channel { count, timer, deadline, within, appended } = self.wait else {
            return settle(self.slots, |id, stream| Ok(Written { id, stream, receipt: None }));
        };
        let appended = tokio::time::timeout_at(deadline, appended).await;
        timer.observe_duration();
        let mut appended = appended
            .unwrap_or_else(|_| {
                let waited = format!("waited {} ms", within.as_millis());
                vec![Err(AppendError::Unconfirmed(waited.into())); count]
            })
            .into_iter();
        settle(self.slots, |id, stream| match appended.next() {
            Some(Ok(receipt)) => Ok(Written::durable(id, stream, receipt)),
            Some(Err(error)) => Err(error.into()),
            None => Err(Refusal::Lost),
        })
    }
}

fn settle(
    slots: Vec<(Received<'_>, Slot)>,
    mut written: impl FnMut(Text, Arc<Stream>) -> Result<Written, Refusal>,
) -> Results {
    let mut results = Vec::with_capacity(slots.len());
    for (received, slot) in slots {
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
    results
}
