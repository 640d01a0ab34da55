//! The client of librdkafka that writes, the thread that feeds it, and the thread that passes its delivery reports on.
//!
//! librdkafka's thread would take the first records of a group and send them alone while the rest is still being handed
//! over, and then wait for their acknowledgement. So it is told to linger, and one thread hands groups over and flushes
//! after each.

use std::{
    ffi::c_int,
    io,
    ops::Deref,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rdkafka::{
    ClientConfig,
    bindings::rd_kafka_flush,
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

/// How long the thread of the reports waits before it looks whether it is to stop.
const POLL_TIME: Duration = Duration::from_millis(50);
/// How long a flush waits for acknowledgements. librdkafka has sent by then; records of other topics wait as long.
const FLUSH_MS: c_int = 1;
/// How long nothing is flushed while records are under way: the longest that one is late that a flush missed, or that was
/// held too long.
const WAIT_TIME: Duration = Duration::from_millis(5);
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
        let (deliveries, handing_over) = (Arc::clone(&writer.deliveries), Arc::downgrade(&writer));
        let spawned = thread::Builder::new().name("kafka-sender".to_owned()).spawn(move || {
            while deliveries.wait(WAIT_TIME)
                && let Some(writer) = handing_over.upgrade()
            {
                writer.hand_over();
            }
        });
        spawned.map_err(|error| ChannelError(format!("can't start a thread for kafka: {error}")))?;
        Ok(writer)
    }

    fn new_producer(&self) -> Result<Producer, ChannelError> {
        let context = Context::new(Arc::clone(&self.deliveries));
        let failed = |error: &dyn std::fmt::Display| ChannelError(format!("can't make a client of kafka: {error}"));
        let client = self.settings.producer(&self.brokers)?;
        let client = client.create_with_context(context).map_err(|error: KafkaError| failed(&error))?;
        Producer::start(client).map_err(|error| failed(&error))
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
    pub(super) fn renew_after_fatal_error(&self) {
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

    /// Hands over what need not be held and has it sent; the outcome of each record comes later, or at once when it is
    /// refused.
    fn hand_over(&self) {
        let producer = self.producer();
        while let Some(records) = self.deliveries.next_group() {
            self.send(producer.as_ref(), records);
        }
        if let Some(producer) = &*producer {
            producer.send_now();
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
            self.deliveries.settle(ticket, Err(error));
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
        self.deliveries.end();
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
    fn start(client: Client) -> io::Result<Self> {
        let (client, stop) = (Arc::new(client), Arc::new(AtomicBool::new(false)));
        let (polled, stopped) = (Arc::clone(&client), Arc::clone(&stop));
        let polling = thread::Builder::new().name("kafka-reports".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                polled.poll(POLL_TIME);
            }
        })?;
        Ok(Self { client, stop, polling: Some(polling) })
    }

    /// Has librdkafka send what it was given, however long it is to linger, and waits a moment for acknowledgements.
    fn send_now(&self) {
        #[expect(
            unsafe_code,
            reason = "the crate's flush polls for reports, and does not let librdkafka wait; the client lives"
        )]
        // What is not acknowledged by then is waited for elsewhere.
        let _ = unsafe { rd_kafka_flush(self.client.client().native_ptr(), FLUSH_MS) };
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
