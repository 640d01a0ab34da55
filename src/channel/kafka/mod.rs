//! The channel for Kafka: every record is acknowledged by all in-sync replicas, once, and in the order of its key.
//!
//! librdkafka's idempotent producer does the writing. Its queue is bounded and a full one refuses at once; a record that
//! is not acknowledged within the delivery timeout is given up and not written later. A producer that met a fatal error
//! is replaced by a new one.

mod accumulator;
mod delivery;
mod producer;
mod reader;
mod settings;
mod topics;

use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use tokio::task::spawn_blocking;

pub use self::settings::{HIDDEN, Property, Settings};
use self::{
    producer::Writer,
    reader::{KafkaReader, Outage},
    topics::{CREATE_TIMEOUT, METADATA_AGE_MAX, METADATA_TIMEOUT},
};
use super::{Appended, BoxFuture, Channel, ChannelError, Depth, ReadFrom, Reader, Readiness, Record, TopicSpec};

/// The channel.
pub struct Kafka {
    writer: Arc<Writer>,
    /// What the log says of reading.
    outage: Arc<Outage>,
}

impl Kafka {
    /// Prepares the client. It connects in the background: readiness says whether it could.
    ///
    /// # Errors
    /// When a setting is wrong or a secret can't be read.
    pub fn open(brokers: &[String], settings: &Settings) -> Result<Self, ChannelError> {
        Writer::open(brokers, settings).map(|writer| Self { writer, outage: Arc::default() })
    }

    async fn existing_topics(&self) -> Result<HashSet<Arc<str>>, String> {
        self.writer.renew_after_fatal_error();
        let client = self.writer.client().ok_or("the channel is closed")?;
        self.writer.topics.existing(client).await.map_err(|error| {
            let reason = self.writer.deliveries.last_error().unwrap_or(error);
            format!(
                "no answer from {} within {} s: {reason}",
                self.writer.brokers.join(","),
                METADATA_TIMEOUT.as_secs()
            )
        })
    }
}

impl Channel for Kafka {
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Appended> {
        self.writer.renew_after_fatal_error();
        self.writer.deliveries.expect(records)
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
            topics::create(&self.writer.client_config()?, &missing).await?;
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
            let reader =
                KafkaReader::open(&self.writer.client_config()?, topic, from, Arc::clone(&self.outage)).await?;
            Ok(Box::new(reader) as Box<dyn Reader>)
        })
    }

    fn depth(&self) -> Depth {
        self.writer.deliveries.depth()
    }

    fn close(&self, within: Duration) -> BoxFuture<'_, usize> {
        let drain = self.writer.close();
        Box::pin(async move {
            let Some(drain) = drain else { return 0 };
            let drained = spawn_blocking(move || drain(within)).await;
            drained.unwrap_or_else(|_| self.depth().records)
        })
    }
}

impl fmt::Debug for Kafka {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Kafka").field("brokers", &self.writer.brokers).finish_non_exhaustive()
    }
}
