//! The client of librdkafka that writes, and the thread that passes its delivery reports on.

use std::{
    io,
    ops::Deref,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rdkafka::{
    ClientConfig,
    error::KafkaError,
    message::{Header, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer as _, PurgeConfig},
    util::Timeout,
};

use super::{
    Settings,
    accumulator::Group,
    delivery::{Context, Deliveries, Ticket},
    topics::Topics,
};
use crate::channel::{AppendError, ChannelError, Record};

/// A client that writes.
pub(super) type Client = BaseProducer<Context>;

/// How long the thread waits for reports before it looks for records that are held too long.
const POLL_TIME: Duration = Duration::from_millis(50);
/// How long giving up what is left may take when the channel closes.
const PURGE_TIMEOUT: Duration = Duration::from_secs(1);

/// Hands records to the client there is, and replaces that after a fatal error.
pub(super) struct Writer {
    pub(super) brokers: Vec<String>,
    settings: Settings,
    pub(super) deliveries: Arc<Deliveries>,
    pub(super) topics: Topics,
    /// Read while records are handed over, so that closing and replacing wait for that.
    producer: RwLock<Option<Producer>>,
}

impl Writer {
    /// Prepares the client, which connects in the background.
    ///
    /// # Errors
    /// When a setting is wrong or a secret can't be read.
    pub(super) fn open(brokers: &[String], settings: &Settings) -> Result<Arc<Self>, ChannelError> {
        let writer = Arc::new(Self {
            brokers: brokers.to_vec(),
            settings: settings.clone(),
            deliveries: Arc::new(Deliveries::new(settings)),
            topics: Topics::default(),
            producer: RwLock::new(None),
        });
        let producer = writer.new_producer()?;
        *writer.producer.write().unwrap_or_else(PoisonError::into_inner) = Some(producer);
        Ok(writer)
    }

    fn new_producer(self: &Arc<Self>) -> Result<Producer, ChannelError> {
        let context = Context::new(Arc::clone(&self.deliveries), Arc::downgrade(self));
        let failed = |error: &dyn std::fmt::Display| ChannelError(format!("can't make a client of kafka: {error}"));
        let client = self.settings.producer(&self.brokers)?;
        let client = client.create_with_context(context).map_err(|error: KafkaError| failed(&error))?;
        Producer::start(client, Arc::downgrade(self)).map_err(|error| failed(&error))
    }

    /// What other clients of the same brokers need.
    ///
    /// # Errors
    /// When a secret can't be read.
    pub(super) fn client_config(&self) -> Result<ClientConfig, ChannelError> {
        self.settings.client(&self.brokers)
    }

    /// The client there is; `None` when the channel is closed.
    pub(super) fn client(&self) -> Option<Arc<Client>> {
        self.producer().as_ref().map(|producer| Arc::clone(&producer.client))
    }

    fn producer(&self) -> RwLockReadGuard<'_, Option<Producer>> {
        self.producer.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the client after a fatal error: it would refuse everything for ever.
    pub(super) fn renew_after_fatal_error(self: &Arc<Self>) {
        if !self.deliveries.take_fatal() {
            return;
        }
        let mut producer = self.producer.write().unwrap_or_else(PoisonError::into_inner);
        if producer.is_none() {
            return;
        }
        match self.new_producer() {
            // The old one answers what it still holds when it is dropped, which takes a while.
            Ok(new) => drop_elsewhere(producer.replace(new)),
            Err(error) => {
                tracing::error!(%error, "the kafka producer can't be replaced");
                self.deliveries.set_fatal();
            }
        }
    }

    /// Hands over what need not be held; the outcome of each record comes later, or at once when it is refused.
    pub(super) fn hand_over(&self, topic: &str) {
        let producer = self.producer();
        let mut group = self.deliveries.begin(topic);
        while let Some(records) = group {
            self.send(producer.as_ref(), records);
            group = self.deliveries.go_on(topic);
        }
    }

    fn hand_over_overdue(&self) {
        for topic in self.deliveries.overdue() {
            self.hand_over(&topic);
        }
    }

    fn send(&self, producer: Option<&Producer>, records: Group) {
        for (record, ticket) in records {
            let sent = match producer {
                Some(producer) => produce(producer, &record, ticket),
                None => Err(AppendError::Unavailable("the channel is closed".to_owned())),
            };
            let Err(error) = sent else { continue };
            if let (AppendError::UnknownTopic(_) | AppendError::Refused(_), Some(producer)) = (&error, producer) {
                self.topics.look_again(&producer.client);
            }
            self.deliveries.settle(ticket, &record.topic, Err(error));
        }
    }

    /// Takes no more records; returns what waits for those under way and gives up the rest, and then says how many it
    /// had to give up. That blocks.
    pub(super) fn close(&self) -> Option<impl FnOnce(Duration) -> usize + use<>> {
        let mut current = self.producer.write().unwrap_or_else(PoisonError::into_inner);
        let producer = current.take()?;
        self.send(Some(&producer), self.deliveries.take_held());
        drop(current);
        let deliveries = Arc::clone(&self.deliveries);
        Some(move |within| {
            // What is left is counted below, whatever the reason.
            let _ = producer.flush(Timeout::After(within));
            let unanswered = deliveries.depth().records;
            if unanswered > 0 {
                producer.purge(PurgeConfig::default().queue().inflight());
                let _ = producer.flush(Timeout::After(PURGE_TIMEOUT));
            }
            unanswered
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop_elsewhere(self.producer.write().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// A client and the thread that polls it. Dropping it waits for the thread to end, and gives up what is under way.
struct Producer {
    client: Arc<Client>,
    stop: Arc<AtomicBool>,
    polling: Option<thread::JoinHandle<()>>,
}

impl Producer {
    fn start(client: Client, writer: Weak<Writer>) -> io::Result<Self> {
        let (client, stop) = (Arc::new(client), Arc::new(AtomicBool::new(false)));
        let (polled, stopped) = (Arc::clone(&client), Arc::clone(&stop));
        let polling = thread::Builder::new().name("kafka-reports".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                polled.poll(POLL_TIME);
                if let Some(writer) = writer.upgrade() {
                    writer.hand_over_overdue();
                }
            }
        })?;
        Ok(Self { client, stop, polling: Some(polling) })
    }
}

impl Deref for Producer {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if self.polling.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of kafka's delivery reports broke");
        }
    }
}

/// Drops a producer on a thread of its own, because that waits for its threads to end.
fn drop_elsewhere(producer: Option<Producer>) {
    thread::spawn(move || drop(producer));
}

/// Gives a record to librdkafka, which copies what it needs.
fn produce(client: &Client, record: &Record, ticket: Ticket) -> Result<(), AppendError> {
    let mut message = BaseRecord::<[u8], [u8], usize>::with_opaque_to(&record.topic, ticket.into())
        .timestamp(record.timestamp_ms)
        .headers(headers(record)?);
    message.key = record.key.as_deref();
    message.payload = record.value.as_deref();
    client.send(message).map_err(|(error, _)| match error {
        KafkaError::MessageProduction(code) => client.context().refusal(code, &record.topic, record.size()),
        error => AppendError::Refused(error.to_string()),
    })
}

fn headers(record: &Record) -> Result<OwnedHeaders, AppendError> {
    if let Some(header) = record.headers.iter().find(|header| header.name.contains('\0')) {
        return Err(AppendError::Refused(format!("the name of header {:?} has a NUL", header.name)));
    }
    let headers = OwnedHeaders::new_with_capacity(record.headers.len());
    let insert = |headers: OwnedHeaders, header: &crate::channel::Header| {
        headers.insert(Header { key: &header.name, value: Some(&*header.value) })
    };
    Ok(record.headers.iter().fold(headers, insert))
}
