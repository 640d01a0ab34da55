//! From librdkafka's delivery reports to the answers of appends.
//!
//! Every record that is appended has a ticket, which travels through librdkafka as its opaque value. An append is
//! answered when the last of its tickets is settled: one allocation for the batch, none for a record.

use std::{
    borrow::Cow,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rdkafka::{
    ClientContext, Message as _,
    bindings::{rd_kafka_message_status, rd_kafka_msg_status_t},
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, DeliveryResult},
    producer::ProducerContext,
};
use tokio::sync::oneshot;

use super::{
    Settings,
    accumulator::{Accumulator, Group},
};
use crate::channel::{AppendError, Appended, BoxFuture, Depth, Receipt, Record};

/// The outcome that nobody set.
const LOST: Result<Receipt, AppendError> = Err(AppendError::Unconfirmed(Cow::Borrowed("its delivery report was lost")));

/// Which record of which batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) batch: u32,
    pub(super) record: u32,
}

impl From<Ticket> for usize {
    fn from(ticket: Ticket) -> Self {
        const { assert!(usize::BITS == 64, "a ticket travels as a pointer of 64 bits") };
        (ticket.batch as usize) << 32 | ticket.record as usize
    }
}

impl From<usize> for Ticket {
    fn from(opaque: usize) -> Self {
        let half = |bits: usize| u32::try_from(bits & 0xffff_ffff).expect("it was masked");
        Self { batch: half(opaque >> 32), record: half(opaque) }
    }
}

/// The appends that wait for their answers.
#[derive(Debug)]
pub(super) struct Deliveries {
    waiting: Mutex<Waiting>,
    /// Notified when something may go.
    ready: Condvar,
    fatal: AtomicBool,
    /// Whether the log says that no broker can be reached.
    outage: AtomicBool,
    /// Odd from the start, or the word that no broker can be reached, to the next acknowledgement; a new number each time.
    silence: AtomicU64,
    last_error: Mutex<Option<String>>,
    depth_max: Depth,
    delivery_timeout_ms: u32,
    record_bytes_max: usize,
}

#[derive(Debug)]
struct Waiting {
    batches: Vec<Option<Batch>>,
    free: Vec<u32>,
    depth: Depth,
    accumulator: Accumulator,
    /// Whether nothing will be appended any more.
    ended: bool,
}

#[derive(Debug)]
struct Batch {
    /// An outcome that nobody set is a failure.
    appended: Appended,
    taken: Vec<Taken>,
    unsettled: usize,
    /// The [`Deliveries::silence`] in which it was handed over.
    silence: u64,
    answer: oneshot::Sender<Appended>,
}

/// A record that there was room for.
#[derive(Debug)]
struct Taken {
    bytes: usize,
    /// The accumulator's number of its topic.
    topic: usize,
}

impl Deliveries {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                batches: Vec::new(),
                free: Vec::new(),
                depth: Depth::default(),
                accumulator: Accumulator::new(
                    Duration::from_micros(settings.linger_us.into()),
                    settings.record_bytes_max,
                ),
                ended: false,
            }),
            ready: Condvar::new(),
            fatal: AtomicBool::new(false),
            outage: AtomicBool::new(false),
            silence: AtomicU64::new(1),
            last_error: Mutex::default(),
            depth_max: Depth { records: settings.queue_records_max, bytes: settings.queue_bytes_max },
            delivery_timeout_ms: settings.delivery_timeout_ms,
            record_bytes_max: settings.record_bytes_max,
        }
    }

    /// Takes as many of the records, from the first, as there is room for; the others are refused because the queue is
    /// full. Returns what resolves when all that were taken are settled.
    pub(super) fn expect(&self, records: Vec<Record>) -> BoxFuture<'static, Appended> {
        let (answer, answered) = oneshot::channel();
        let count = records.len();
        let silence = self.silence.load(Ordering::Acquire);
        let is_ready = self.waiting().insert(records, &self.depth_max, silence, answer);
        self.notify(is_ready);
        Box::pin(async move { answered.await.unwrap_or_else(|_| vec![LOST; count]) })
    }

    /// Sets the outcome of a record; answers the append when it was the last one.
    pub(super) fn settle(&self, ticket: Ticket, outcome: Result<Receipt, AppendError>) {
        let (complete, is_ready) = self.waiting().settle(ticket, outcome);
        self.notify(is_ready);
        if let Some(batch) = complete {
            // Nobody may listen any more.
            let _ = batch.answer.send(batch.appended);
        }
    }

    /// Tells whoever [waits](Self::wait) that something may go.
    fn notify(&self, is_ready: bool) {
        if is_ready {
            self.ready.notify_one();
        }
    }

    /// Waits until something may go; while records are under way for as long as this at most. Says whether there may be
    /// more to come.
    pub(super) fn wait(&self, within: Duration) -> bool {
        let waiting = self.waiting();
        let is_idle = |waiting: &mut Waiting| !waiting.ended && !waiting.accumulator.has_next();
        let waiting = if waiting.accumulator.under_way() > 0 {
            self.ready.wait_timeout_while(waiting, within, is_idle).unwrap_or_else(PoisonError::into_inner).0
        } else {
            self.ready.wait_while(waiting, is_idle).unwrap_or_else(PoisonError::into_inner)
        };
        !waiting.ended
    }

    /// Ends the [waiting](Self::wait).
    pub(super) fn end(&self) {
        self.waiting().ended = true;
        self.ready.notify_all();
    }

    /// See [`Accumulator::next_group`].
    pub(super) fn next_group(&self) -> Option<Group> {
        self.waiting().accumulator.next_group()
    }

    /// See [`Accumulator::take`].
    pub(super) fn take_held(&self) -> Group {
        self.waiting().accumulator.take()
    }

    pub(super) fn depth(&self) -> Depth {
        self.waiting().depth
    }

    /// Whether the producer met a fatal error since this was last asked.
    pub(super) fn take_fatal(&self) -> bool {
        self.fatal.load(Ordering::Relaxed) && self.fatal.swap(false, Ordering::AcqRel)
    }

    pub(super) fn set_fatal(&self) {
        self.fatal.store(true, Ordering::Release);
    }

    /// What the client complained of last.
    pub(super) fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what the client complains of; the log gets it when it is news, because the client repeats itself, and in an
    /// outage most of all.
    fn complain(&self, reason: &str) {
        let mut last = self.last_error.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_deref() != Some(reason) {
            if self.outage.load(Ordering::Relaxed) {
                tracing::debug!(reason, "kafka client");
            } else {
                tracing::warn!(reason, "kafka client");
            }
            *last = Some(reason.to_owned());
        }
    }

    /// Whether no broker could be reached from the time the record was handed over until now: then it can't have been sent.
    /// That librdkafka reports it as not persisted is not enough. A broker that steps down may say that it is not the
    /// leader after it wrote the record.
    fn was_never_sent(&self, ticket: Ticket) -> bool {
        let silence = self.silence.load(Ordering::Acquire);
        !silence.is_multiple_of(2) && self.waiting().silence_of(ticket) == silence
    }

    fn outage_begins(&self) {
        let begin = |silence: u64| silence.is_multiple_of(2).then_some(silence + 1);
        // It may go on already.
        let _ = self.silence.fetch_update(Ordering::AcqRel, Ordering::Acquire, begin);
        if !self.outage.swap(true, Ordering::Relaxed) {
            tracing::warn!(reason = self.last_error(), "no kafka broker can be reached");
        }
    }

    /// Called with each acknowledgement, so it must cost nothing when there is no outage.
    fn outage_ends(&self) {
        if self.silence.load(Ordering::Relaxed).is_multiple_of(2) {
            return;
        }
        let end = |silence: u64| (!silence.is_multiple_of(2)).then_some(silence + 1);
        // Another acknowledgement may have ended it.
        let _ = self.silence.fetch_update(Ordering::AcqRel, Ordering::Acquire, end);
        if self.outage.swap(false, Ordering::Relaxed) {
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = None;
            tracing::info!("kafka acknowledges again");
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Places a batch. One of which nothing is taken is answered. Says whether something of it may go.
    fn insert(
        &mut self,
        records: Vec<Record>,
        depth_max: &Depth,
        silence: u64,
        answer: oneshot::Sender<Appended>,
    ) -> bool {
        let mut appended = vec![Err(AppendError::QueueFull); records.len()];
        let mut room = 0;
        for (record, outcome) in records.iter().zip(&mut appended) {
            let size = record.size();
            let depth = Depth { records: self.depth.records + 1, bytes: self.depth.bytes + size };
            if depth.records > depth_max.records || depth.bytes > depth_max.bytes {
                break;
            }
            self.depth = depth;
            room += 1;
            *outcome = LOST;
        }
        if room == 0 {
            // The one who asked holds the other end.
            let _ = answer.send(appended);
            return false;
        }
        let batch = self.free.pop().unwrap_or_else(|| {
            self.batches.push(None);
            index(self.batches.len() - 1)
        });
        let mut is_ready = false;
        let taken = records.into_iter().zip(0..index(room)).map(|(record, place)| {
            let bytes = record.size();
            let topic = self.accumulator.add(record, Ticket { batch, record: place });
            is_ready |= self.accumulator.is_ready(topic);
            Taken { bytes, topic }
        });
        let taken = taken.collect();
        self.batches[batch as usize] = Some(Batch { appended, taken, unsettled: room, silence, answer });
        is_ready
    }

    fn silence_of(&self, ticket: Ticket) -> u64 {
        let batch = self.batches[ticket.batch as usize].as_ref();
        batch.expect("a batch stays until each of its tickets is settled, once").silence
    }

    /// Returns the batch when it is complete, and whether something of the topic may go.
    fn settle(&mut self, ticket: Ticket, outcome: Result<Receipt, AppendError>) -> (Option<Batch>, bool) {
        let place = &mut self.batches[ticket.batch as usize];
        let batch = place.as_mut().expect("a batch stays until each of its tickets is settled, once");
        batch.appended[ticket.record as usize] = outcome;
        batch.unsettled -= 1;
        self.depth.records -= 1;
        let Taken { bytes, topic } = batch.taken[ticket.record as usize];
        self.depth.bytes -= bytes;
        self.accumulator.settled(topic);
        let is_ready = self.accumulator.is_ready(topic);
        if batch.unsettled > 0 {
            return (None, is_ready);
        }
        self.free.push(ticket.batch);
        (place.take(), is_ready)
    }
}

/// An index or a number of records, of which there are at most as many as the queue takes.
fn index(number: usize) -> u32 {
    u32::try_from(number).expect("the settings bound the queue far below")
}

/// What librdkafka calls.
pub(super) struct Context {
    deliveries: Arc<Deliveries>,
}

impl Context {
    pub(super) fn new(deliveries: Arc<Deliveries>) -> Self {
        Self { deliveries }
    }

    /// Why a record that was not written was not written.
    pub(super) fn refusal(&self, code: RDKafkaErrorCode, topic: &str, size: usize) -> AppendError {
        use RDKafkaErrorCode as Code;
        match code {
            Code::QueueFull => AppendError::QueueFull,
            Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
                AppendError::UnknownTopic(topic.into())
            }
            Code::MessageSizeTooLarge | Code::MessageBatchTooLarge | Code::InvalidMessageSize => {
                AppendError::TooLarge { size, reason: self.size_limit(size) }
            }
            Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::InvalidTopic
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::PolicyViolation
            | Code::UnsupportedForMessageFormat
            | Code::UnsupportedCompressionType => AppendError::Refused(code.to_string()),
            Code::Fatal => {
                self.deliveries.set_fatal();
                AppendError::Unavailable("the producer failed and is being replaced".to_owned())
            }
            Code::MessageTimedOut => AppendError::Unavailable(self.timed_out()),
            Code::PurgeQueue | Code::PurgeInflight => AppendError::Unavailable("the channel was closed".to_owned()),
            code => AppendError::Unavailable(code.to_string()),
        }
    }

    fn size_limit(&self, size: usize) -> String {
        let limit = self.deliveries.record_bytes_max;
        if size + FRAMING_BYTES_MAX > limit {
            format!("the limit is {limit} bytes with Kafka's framing")
        } else {
            "the topic or its brokers have a smaller limit (max.message.bytes)".to_owned()
        }
    }

    fn timed_out(&self) -> String {
        format!("not acknowledged within {} ms", self.deliveries.delivery_timeout_ms)
    }

    fn outcome(&self, result: &DeliveryResult<'_>, ticket: Ticket) -> Result<Receipt, AppendError> {
        let (error, message) = match result {
            Ok(message) => {
                self.deliveries.outage_ends();
                return Ok(Receipt { partition: message.partition(), offset: message.offset() });
            }
            Err((error, message)) => (error, message),
        };
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        if code == RDKafkaErrorCode::Fatal {
            self.deliveries.set_fatal();
        }
        let is_certain = is_verdict(code) || self.deliveries.was_never_sent(ticket);
        if may_be_written(message) || !is_certain {
            let reason = if code == RDKafkaErrorCode::MessageTimedOut { self.timed_out() } else { code.to_string() };
            return Err(AppendError::Unconfirmed(reason.into()));
        }
        Err(self.refusal(code, message.topic(), message.key_len() + message.payload_len()))
    }
}

/// Whether a broker, or the client before it sent anything, says with this code that it does not take the record at all.
fn is_verdict(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::UnknownTopic
            | Code::UnknownPartition
            | Code::MessageSizeTooLarge
            | Code::MessageBatchTooLarge
            | Code::InvalidMessageSize
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::InvalidTopic
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::PolicyViolation
            | Code::UnsupportedForMessageFormat
            | Code::UnsupportedCompressionType
    )
}

/// More than Kafka adds to a record.
const FRAMING_BYTES_MAX: usize = 128;

/// Whether the record was sent at least once without a clear answer.
fn may_be_written(message: &BorrowedMessage<'_>) -> bool {
    #[expect(
        unsafe_code,
        reason = "the crate has no safe form; the pointer is good as long as the message is borrowed"
    )]
    let status = unsafe { rd_kafka_message_status(message.ptr()) };
    status != rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        let ticket = Ticket::from(opaque);
        self.deliveries.settle(ticket, self.outcome(result, ticket));
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => self.deliveries.outage_begins(),
            Some(RDKafkaErrorCode::Fatal) => {
                tracing::error!(%error, reason, "the kafka producer failed and will be replaced");
                self.deliveries.set_fatal();
            }
            _ => self.deliveries.complain(reason),
        }
    }
}

/// Passes librdkafka's log lines on. Those of connections that fail come as errors too, and are repeated at each attempt.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    use RDKafkaLogLevel as Level;
    match level {
        _ if matches!(facility, "FAIL" | "METADATAUPDATE") => tracing::debug!(facility, "{message}"),
        Level::Emerg | Level::Alert | Level::Critical | Level::Error => tracing::error!(facility, "{message}"),
        Level::Warning => tracing::warn!(facility, "{message}"),
        Level::Notice | Level::Info => tracing::info!(facility, "{message}"),
        Level::Debug => tracing::debug!(facility, "{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Headers;

    #[test]
    fn a_ticket_survives_its_journey() {
        for ticket in [
            Ticket { batch: 0, record: 0 },
            Ticket { batch: u32::MAX, record: 7 },
            Ticket { batch: 7, record: u32::MAX },
        ] {
            assert_eq!(Ticket::from(usize::from(ticket)), ticket);
        }
    }

    fn deliveries(settings: &Settings) -> Deliveries {
        Deliveries::new(&Settings { linger_us: 60_000_000, ..settings.clone() })
    }

    fn record(value: &'static str) -> Record {
        let value = Some(value.into());
        Record { topic: "t".into(), key: None, value, headers: Headers::default(), timestamp_ms: 0 }
    }

    fn tickets(group: Option<Group>) -> Vec<Ticket> {
        group.unwrap_or_default().into_iter().map(|(_, ticket)| ticket).collect()
    }

    #[tokio::test]
    async fn a_batch_is_answered_when_its_last_ticket_is_settled() {
        let deliveries = deliveries(&Settings::default());
        let mut appended = deliveries.expect(vec![record("12345"), record("12345")]);
        let tickets = tickets(deliveries.next_group());
        assert_eq!(deliveries.depth(), Depth { records: 2, bytes: 10 });

        let receipt = Receipt { partition: 1, offset: 7 };
        deliveries.settle(tickets[1], Ok(receipt));
        assert_eq!(deliveries.depth(), Depth { records: 1, bytes: 5 });
        tokio::select! {
            biased;
            _ = &mut appended => panic!("a ticket is not settled yet"),
            () = std::future::ready(()) => {}
        }
        deliveries.settle(tickets[0], Err(AppendError::QueueFull));
        assert_eq!(appended.await, [Err(AppendError::QueueFull), Ok(receipt)]);
        assert_eq!(deliveries.depth(), Depth::default());
        assert_eq!(deliveries.expect(Vec::new()).await, []);
    }

    #[tokio::test]
    async fn what_has_no_room_is_refused_at_once() {
        let settings = Settings { queue_records_max: 2, queue_bytes_max: 10, ..Settings::default() };
        let deliveries = deliveries(&settings);
        let refused: Result<Receipt, _> = Err(AppendError::QueueFull);
        assert_eq!(deliveries.expect(vec![record("elevenbytes")]).await, std::slice::from_ref(&refused));

        let appended = deliveries.expect(vec![record("1"), record("2"), record("3")]);
        let tickets = tickets(deliveries.next_group());
        assert_eq!(deliveries.depth(), Depth { records: 2, bytes: 2 });
        let receipt = Ok(Receipt { partition: 0, offset: 0 });
        for ticket in tickets {
            deliveries.settle(ticket, receipt.clone());
        }
        assert_eq!(appended.await, [receipt.clone(), receipt, refused]);
    }
}
