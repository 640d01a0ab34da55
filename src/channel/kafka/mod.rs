//! The channel for Kafka: every record is acknowledged by all in-sync replicas, once, and in the order of its key.
//!
//! librdkafka's idempotent producer does the writing. Its queue is bounded and a full one refuses at once; a record that
//! is not acknowledged within the delivery timeout is given up and not written later. A producer that met a fatal error
//! is replaced by a new one.

mod delivery;
mod reader;
mod settings;

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::{Duration, Instant},
};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header as KafkaHeader, OwnedHeaders},
    producer::{BaseRecord, Producer as _, PurgeConfig, ThreadedProducer},
    util::Timeout,
};
use tokio::{runtime::Handle, sync::Mutex, task::spawn_blocking};

pub use self::settings::{Property, Settings};
use self::{
    delivery::{Deliveries, Ticket},
    reader::KafkaReader,
};
use super::{
    AppendError, Appended, BoxFuture, Channel, ChannelError, Depth, ReadFrom, Reader, Readiness, Record, TopicSpec,
};

/// How long the brokers may take to say which topics there are.
const METADATA_TIMEOUT: Duration = Duration::from_secs(3);
/// How long what the brokers said is believed.
const METADATA_AGE_MAX: Duration = Duration::from_secs(1);
/// How long creating topics may take, until they can be written.
const CREATE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long giving up what is left may take when the channel closes.
const PURGE_TIMEOUT: Duration = Duration::from_secs(1);

/// The channel.
pub struct Kafka {
    brokers: Vec<String>,
    settings: Settings,
    deliveries: Arc<Deliveries>,
    /// Read while records are handed over, so that closing and replacing wait for that.
    producer: RwLock<Option<Arc<Producer>>>,
    topics: Arc<Mutex<Option<Topics>>>,
}

/// The topics that exist, as the brokers said last.
struct Topics {
    asked: Instant,
    names: HashSet<Arc<str>>,
}

type Producer = ThreadedProducer<delivery::Context>;

impl Kafka {
    /// Prepares the client. It connects in the background: readiness says whether it could.
    ///
    /// # Errors
    /// When a setting is wrong or a secret can't be read.
    pub fn open(brokers: &[String], settings: &Settings) -> Result<Self, ChannelError> {
        let deliveries = Arc::new(Deliveries::new(settings));
        let producer = new_producer(brokers, settings, &deliveries)?;
        Ok(Self {
            brokers: brokers.to_vec(),
            settings: settings.clone(),
            deliveries,
            producer: RwLock::new(Some(producer)),
            topics: Arc::default(),
        })
    }

    fn producer(&self) -> RwLockReadGuard<'_, Option<Arc<Producer>>> {
        self.producer.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the producer after a fatal error: it would refuse everything for ever.
    fn renew_after_fatal_error(&self) {
        if !self.deliveries.take_fatal() {
            return;
        }
        let mut producer = self.producer.write().unwrap_or_else(PoisonError::into_inner);
        if producer.is_none() {
            return;
        }
        match new_producer(&self.brokers, &self.settings, &self.deliveries) {
            // The old one answers what it still holds when it is dropped, which takes a while.
            Ok(new) => drop_elsewhere(producer.replace(new)),
            Err(error) => {
                tracing::error!(%error, "the kafka producer can't be replaced");
                self.deliveries.set_fatal();
            }
        }
    }

    /// Asks the brokers which topics there are, at most once in [`METADATA_AGE_MAX`] for all who ask.
    async fn existing_topics(&self) -> Result<HashSet<Arc<str>>, String> {
        self.renew_after_fatal_error();
        let Some(producer) = self.producer().clone() else { return Err("the channel is closed".to_owned()) };
        let mut topics = self.topics.lock().await;
        if let Some(Topics { asked, names }) = &*topics
            && asked.elapsed() < METADATA_AGE_MAX
        {
            return Ok(names.clone());
        }
        *topics = None;
        let fetched = spawn_blocking(move || fetch_topics(&producer)).await.map_err(|error| error.to_string())?;
        let names = fetched.map_err(|error| {
            let reason = self.deliveries.last_error().unwrap_or_else(|| error.to_string());
            format!("no answer from {} within {} s: {reason}", self.brokers.join(","), METADATA_TIMEOUT.as_secs())
        })?;
        *topics = Some(Topics { asked: Instant::now(), names: names.clone() });
        Ok(names)
    }

    /// Makes librdkafka look again at topics that it believes not to exist or to be forbidden: by itself it would do so
    /// minutes later.
    fn look_for_topics_again(&self, producer: &Arc<Producer>) {
        let (Ok(runtime), Ok(mut topics)) = (Handle::try_current(), self.topics.clone().try_lock_owned()) else {
            return;
        };
        if topics.as_ref().is_some_and(|topics| topics.asked.elapsed() < METADATA_AGE_MAX) {
            return;
        }
        let producer = producer.clone();
        runtime.spawn_blocking(move || {
            if let Ok(names) = fetch_topics(&producer) {
                *topics = Some(Topics { asked: Instant::now(), names });
            }
        });
    }

    /// Hands one record over; its outcome comes later, or at once when it is refused.
    fn send(&self, producer: &Arc<Producer>, record: &Record, ticket: Ticket) {
        let Err(error) = produce(producer, record, ticket) else { return };
        if matches!(error, AppendError::UnknownTopic(_) | AppendError::Refused(_)) {
            self.look_for_topics_again(producer);
        }
        self.deliveries.settle(ticket, Err(error));
    }

    /// Waits for what is under way, then gives up the rest. Blocks.
    fn drain(deliveries: &Deliveries, producer: &Producer, within: Duration) -> usize {
        // What is left is counted below, whatever the reason.
        let _ = producer.flush(Timeout::After(within));
        let unanswered = deliveries.depth().records;
        if unanswered > 0 {
            producer.purge(PurgeConfig::default().queue().inflight());
            let _ = producer.flush(Timeout::After(PURGE_TIMEOUT));
        }
        unanswered
    }
}

impl Channel for Kafka {
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Appended> {
        self.renew_after_fatal_error();
        let producer = self.producer();
        let Some(producer) = &*producer else {
            let closed = AppendError::Unavailable("the channel is closed".to_owned());
            return Box::pin(std::future::ready(vec![Err(closed); records.len()]));
        };
        let (tickets, appended) = self.deliveries.expect(&records);
        for (record, ticket) in records.iter().zip(tickets) {
            self.send(producer, record, ticket);
        }
        appended
    }

    fn readiness<'a>(&'a self, topics: &'a [TopicSpec]) -> BoxFuture<'a, Readiness> {
        Box::pin(async {
            match self.existing_topics().await {
                Err(reason) => Readiness { unreachable: Some(reason), missing_topics: Vec::new() },
                Ok(existing) => {
                    let names = topics.iter().map(|topic| &topic.name);
                    let missing_topics = names.filter(|name| !existing.contains(*name)).cloned().collect();
                    Readiness { unreachable: None, missing_topics }
                }
            }
        })
    }

    fn create_topics<'a>(&'a self, topics: &'a [TopicSpec]) -> BoxFuture<'a, Result<(), ChannelError>> {
        Box::pin(async {
            let existing = self.existing_topics().await.map_err(ChannelError)?;
            let missing: Vec<&TopicSpec> = topics.iter().filter(|topic| !existing.contains(&topic.name)).collect();
            if missing.is_empty() {
                return Ok(());
            }
            create(&self.settings.client(&self.brokers)?, &missing).await?;
            let created = async {
                // A broker may need a moment to hear of a new topic.
                while !self.readiness(topics).await.is_ready() {
                    tokio::time::sleep(METADATA_AGE_MAX).await;
                }
            };
            tokio::time::timeout(CREATE_TIMEOUT, created)
                .await
                .map_err(|_| ChannelError("the topics were created, but the brokers don't show them".to_owned()))
        })
    }

    fn reader<'a>(&'a self, topic: &'a str, from: ReadFrom) -> BoxFuture<'a, Result<Box<dyn Reader>, ChannelError>> {
        Box::pin(async move {
            let reader = KafkaReader::open(&self.settings.client(&self.brokers)?, topic, from).await?;
            Ok(Box::new(reader) as Box<dyn Reader>)
        })
    }

    fn depth(&self) -> Depth {
        self.deliveries.depth()
    }

    fn close(&self, within: Duration) -> BoxFuture<'_, usize> {
        let producer = self.producer.write().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move {
            let Some(producer) = producer else { return 0 };
            let deliveries = self.deliveries.clone();
            let drained = spawn_blocking(move || Self::drain(&deliveries, &producer, within)).await;
            drained.unwrap_or_else(|_| self.deliveries.depth().records)
        })
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        drop_elsewhere(self.producer.write().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl fmt::Debug for Kafka {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Kafka").field("brokers", &self.brokers).finish_non_exhaustive()
    }
}

fn new_producer(
    brokers: &[String],
    settings: &Settings,
    deliveries: &Arc<Deliveries>,
) -> Result<Arc<Producer>, ChannelError> {
    let client = settings.producer(brokers)?;
    let producer = client.create_with_context(delivery::Context::new(deliveries.clone()));
    producer.map(Arc::new).map_err(|error| ChannelError(format!("can't make a client of kafka: {error}")))
}

/// Drops a producer on a thread of its own, because that waits for its threads to end.
fn drop_elsewhere(producer: Option<Arc<Producer>>) {
    std::thread::spawn(move || drop(producer));
}

/// Gives a record to librdkafka, which copies what it needs.
fn produce(producer: &Producer, record: &Record, ticket: Ticket) -> Result<(), AppendError> {
    let mut message = BaseRecord::<[u8], [u8], usize>::with_opaque_to(&record.topic, ticket.into())
        .timestamp(record.timestamp_ms)
        .headers(headers(record)?);
    message.key = record.key.as_deref();
    message.payload = record.value.as_deref();
    producer.send(message).map_err(|(error, _)| match error {
        KafkaError::MessageProduction(code) => producer.context().refusal(code, &record.topic, record.size()),
        error => AppendError::Refused(error.to_string()),
    })
}

fn headers(record: &Record) -> Result<OwnedHeaders, AppendError> {
    if let Some(header) = record.headers.iter().find(|header| memchr::memchr(0, header.name.as_bytes()).is_some()) {
        return Err(AppendError::Refused(format!("the name of header {:?} has a NUL", header.name)));
    }
    let headers = OwnedHeaders::new_with_capacity(record.headers.len());
    let insert = |headers: OwnedHeaders, header: &super::Header| {
        headers.insert(KafkaHeader { key: &header.name, value: Some(&*header.value) })
    };
    Ok(record.headers.iter().fold(headers, insert))
}

/// Blocks.
fn fetch_topics(producer: &Producer) -> Result<HashSet<Arc<str>>, KafkaError> {
    let metadata = producer.client().fetch_metadata(None, METADATA_TIMEOUT)?;
    let existing = metadata.topics().iter().filter(|topic| topic.error().is_none());
    Ok(existing.map(|topic| Arc::from(topic.name())).collect())
}

async fn create(client: &rdkafka::ClientConfig, topics: &[&TopicSpec]) -> Result<(), ChannelError> {
    let failed = |error: KafkaError| ChannelError(format!("can't create topics: {error}"));
    let admin: AdminClient<DefaultClientContext> = client.create().map_err(failed)?;
    let retentions: Vec<Option<String>> =
        topics.iter().map(|topic| topic.retention.map(|retention| retention.as_millis().to_string())).collect();
    let new: Vec<NewTopic<'_>> =
        topics.iter().zip(&retentions).map(|(topic, kept)| new_topic(topic, kept.as_deref())).collect();
    let options = AdminOptions::new().operation_timeout(Some(CREATE_TIMEOUT)).request_timeout(Some(CREATE_TIMEOUT));
    let results = admin.create_topics(&new, &options).await.map_err(failed)?;
    let errors: Vec<String> = results
        .into_iter()
        .filter_map(Result::err)
        .filter(|(_, code)| *code != RDKafkaErrorCode::TopicAlreadyExists)
        .map(|(topic, code)| format!("can't create topic {topic:?}: {code}"))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(ChannelError(errors.join("; "))) }
}

fn new_topic<'a>(topic: &'a TopicSpec, retention_ms: Option<&'a str>) -> NewTopic<'a> {
    // Kafka takes -1 as its own default.
    let replication = TopicReplication::Fixed(topic.replication.unwrap_or(-1));
    let mut new = NewTopic::new(&topic.name, topic.partitions, replication);
    if topic.compacted {
        new = new.set("cleanup.policy", if retention_ms.is_some() { "compact,delete" } else { "compact" });
    }
    match retention_ms {
        Some(retention_ms) => new.set("retention.ms", retention_ms),
        None => new,
    }
}
