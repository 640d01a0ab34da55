//! A channel in memory, for tests: records stay readable, and it can be told to stall, refuse, fill up or lose acks.
//!
//! It is durable only as long as the process lives, so no user can choose it. Any topic exists unless
//! [`Memory::only_topics`] says otherwise; a topic has one partition.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, timeout_at},
};

use super::{
    AppendError, Appended, BoxFuture, Channel, ChannelError, Depth, ReadFrom, Reader, Readiness, Receipt, Record,
    Stored, TopicSpec,
};

/// The channel; clones share the same records and faults.
#[derive(Clone, Default)]
pub struct Memory(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    topics: BTreeMap<Arc<str>, Vec<Stored>>,
    existing: Option<HashSet<Arc<str>>>,
    refusal: Option<AppendError>,
    unreachable: Option<String>,
    record_bytes_max: Option<usize>,
    queue_records_max: Option<usize>,
    stalled: bool,
    loses_acks: bool,
    closed: bool,
    waiting: VecDeque<Waiting>,
    depth: Depth,
}

/// An append that came in while the channel was stalled.
struct Waiting {
    records: Vec<Result<Record, AppendError>>,
    answer: oneshot::Sender<Appended>,
}

impl Memory {
    /// An empty channel without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets appends wait from now on: they count in the depth and are written and answered at [`Memory::resume`].
    pub fn stall(&self) {
        self.state().stalled = true;
    }

    /// Writes and answers what waits.
    pub fn resume(&self) {
        let mut state = self.state();
        state.stalled = false;
        state.write_waiting();
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// Answers every append with this error, and writes nothing, until it is called with `None`.
    pub fn refuse(&self, error: Option<AppendError>) {
        self.state().refusal = error;
    }

    /// Writes records but answers that it is not known, or stops doing so.
    pub fn lose_acks(&self, lose: bool) {
        self.state().loses_acks = lose;
    }

    /// Lets readiness say that the channel can't be reached, for this reason, until it is called with `None`.
    pub fn unreachable(&self, reason: Option<&str>) {
        self.state().unreachable = reason.map(str::to_owned);
    }

    /// Lets only these topics exist.
    pub fn only_topics(&self, topics: &[&str]) {
        self.state().existing = Some(topics.iter().map(|&topic| Arc::from(topic)).collect());
    }

    /// Bounds the number of records that wait while the channel is stalled.
    pub fn limit_queue(&self, records_max: usize) {
        self.state().queue_records_max = Some(records_max);
    }

    /// Bounds the size of a record, as [`Record::size`] counts it.
    pub fn limit_record(&self, bytes_max: usize) {
        self.state().record_bytes_max = Some(bytes_max);
    }

    /// Everything written to a topic, in order.
    #[must_use]
    pub fn records(&self, topic: &str) -> Vec<Stored> {
        self.state().topics.get(topic).cloned().unwrap_or_default()
    }

    /// Topics that hold records, sorted.
    #[must_use]
    pub fn topics(&self) -> Vec<Arc<str>> {
        self.state().topics.keys().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn drained(&self) {
        loop {
            let changed = self.0.changed.notified();
            if self.state().waiting.is_empty() {
                return;
            }
            changed.await;
        }
    }
}

impl State {
    /// Says why a record is not taken.
    fn check(&self, record: &Record) -> Result<(), AppendError> {
        if self.closed {
            return Err(AppendError::Unavailable("the channel is closed".to_owned()));
        }
        if let Some(error) = &self.refusal {
            return Err(error.clone());
        }
        if self.existing.as_ref().is_some_and(|topics| !topics.contains(&record.topic)) {
            return Err(AppendError::UnknownTopic(record.topic.clone()));
        }
        match self.record_bytes_max {
            Some(max) if record.size() > max => {
                Err(AppendError::TooLarge { size: record.size(), reason: format!("the limit is {max} bytes") })
            }
            _ => Ok(()),
        }
    }

    /// Takes a record into the queue of a stalled channel.
    fn enqueue(&mut self, record: Record) -> Result<Record, AppendError> {
        self.check(&record)?;
        if self.queue_records_max.is_some_and(|max| self.depth.records >= max) {
            return Err(AppendError::QueueFull);
        }
        self.depth.records += 1;
        self.depth.bytes += record.size();
        Ok(record)
    }

    fn write(&mut self, record: Record) -> Result<Receipt, AppendError> {
        let records = self.topics.entry(record.topic.clone()).or_default();
        let offset = i64::try_from(records.len()).expect("a vector's length fits");
        let receipt = Receipt { partition: 0, offset };
        records.push(Stored { record, receipt });
        if self.loses_acks {
            return Err(AppendError::Unconfirmed("the acknowledgement was lost".into()));
        }
        Ok(receipt)
    }

    fn write_waiting(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            let appended = waiting.records.into_iter().map(|record| record.and_then(|record| self.write(record)));
            let appended = appended.collect();
            // Nobody may listen any more: the records are written all the same.
            let _ = waiting.answer.send(appended);
        }
        self.depth = Depth::default();
    }

    /// Answers those that wait that nothing was written; returns the number of records.
    fn give_up(&mut self) -> usize {
        for waiting in std::mem::take(&mut self.waiting) {
            let closed = || AppendError::Unavailable("the channel was closed".to_owned());
            let appended = waiting.records.into_iter().map(|record| record.and_then(|_| Err(closed()))).collect();
            let _ = waiting.answer.send(appended);
        }
        std::mem::take(&mut self.depth).records
    }
}

impl Channel for Memory {
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Appended> {
        let mut state = self.state();
        if state.stalled {
            let dropped = vec![Err(AppendError::Unavailable("the channel is gone".to_owned())); records.len()];
            let records: Vec<_> = records.into_iter().map(|record| state.enqueue(record)).collect();
            if records.iter().all(Result::is_err) {
                return Box::pin(std::future::ready(records.into_iter().filter_map(Result::err).map(Err).collect()));
            }
            let (answer, answered) = oneshot::channel();
            state.waiting.push_back(Waiting { records, answer });
            return Box::pin(async { answered.await.unwrap_or(dropped) });
        }
        let appended: Appended =
            records.into_iter().map(|record| state.check(&record).and_then(|()| state.write(record))).collect();
        drop(state);
        self.0.changed.notify_waiters();
        Box::pin(std::future::ready(appended))
    }

    fn readiness<'a>(&'a self, topics: &'a [TopicSpec]) -> BoxFuture<'a, Readiness> {
        let state = self.state();
        let missing = |topic: &Arc<str>| state.existing.as_ref().is_some_and(|existing| !existing.contains(topic));
        let missing_topics = topics.iter().map(|topic| topic.name.clone()).filter(missing).collect();
        let readiness = Readiness { unreachable: state.unreachable.clone(), missing_topics };
        Box::pin(std::future::ready(readiness))
    }

    fn create_topics<'a>(&'a self, topics: &'a [TopicSpec]) -> BoxFuture<'a, Result<(), ChannelError>> {
        if let Some(existing) = &mut self.state().existing {
            existing.extend(topics.iter().map(|topic| topic.name.clone()));
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn reader<'a>(&'a self, topic: &'a str, from: ReadFrom) -> BoxFuture<'a, Result<Box<dyn Reader>, ChannelError>> {
        let state = self.state();
        if state.existing.as_ref().is_some_and(|existing| !existing.contains(topic)) {
            let error = ChannelError(format!("topic {topic:?} does not exist"));
            return Box::pin(std::future::ready(Err(error)));
        }
        let end = state.topics.get(topic).map_or(0, Vec::len);
        let next = match from {
            ReadFrom::Beginning => 0,
            ReadFrom::End => end,
            ReadFrom::Offset(offset) => usize::try_from(offset).unwrap_or(0).min(end),
        };
        let reader = MemoryReader { memory: self.clone(), topic: Arc::from(topic), next };
        Box::pin(std::future::ready(Ok(Box::new(reader) as Box<dyn Reader>)))
    }

    fn depth(&self) -> Depth {
        self.state().depth
    }

    fn close(&self, within: Duration) -> BoxFuture<'_, usize> {
        self.state().closed = true;
        Box::pin(async move {
            // The answer is the same in time or not: what still waits is given up.
            let _ = tokio::time::timeout(within, self.drained()).await;
            self.state().give_up()
        })
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Memory").field("depth", &self.depth()).finish_non_exhaustive()
    }
}

struct MemoryReader {
    memory: Memory,
    topic: Arc<str>,
    next: usize,
}

impl MemoryReader {
    fn take(&mut self) -> Option<Stored> {
        let stored = self.memory.state().topics.get(&self.topic)?.get(self.next)?.clone();
        self.next += 1;
        Some(stored)
    }
}

impl Reader for MemoryReader {
    fn next(&mut self, wait: Duration) -> BoxFuture<'_, Result<Option<Stored>, ChannelError>> {
        Box::pin(async move {
            let deadline = Instant::now() + wait;
            loop {
                let shared = self.memory.0.clone();
                let changed = shared.changed.notified();
                if let Some(stored) = self.take() {
                    return Ok(Some(stored));
                }
                if timeout_at(deadline, changed).await.is_err() {
                    return Ok(None);
                }
            }
        })
    }
}
