//! Which topics the brokers have, and making those that are missing.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    error::{KafkaError, RDKafkaErrorCode},
    producer::Producer as _,
};
use tokio::{runtime::Handle, sync::Mutex, task::spawn_blocking};

use super::producer::Client;
use crate::channel::{ChannelError, TopicSpec};

/// How long the brokers may take to say which topics there are.
pub(super) const METADATA_TIMEOUT: Duration = Duration::from_secs(3);
/// How long what the brokers said is believed.
pub(super) const METADATA_AGE_MAX: Duration = Duration::from_secs(1);
/// How long creating topics may take, until they can be written.
pub(super) const CREATE_TIMEOUT: Duration = Duration::from_secs(15);

/// The topics that exist, as the brokers said last.
#[derive(Clone, Default)]
pub(super) struct Topics(Arc<Mutex<Option<Fetched>>>);

struct Fetched {
    asked: Instant,
    names: HashSet<Arc<str>>,
}

impl Topics {
    /// Asks the brokers, at most once in [`METADATA_AGE_MAX`] for all who ask.
    ///
    /// # Errors
    /// What the client says when no broker answers in time.
    pub(super) async fn existing(&self, client: Arc<Client>) -> Result<HashSet<Arc<str>>, String> {
        let mut fetched = self.0.lock().await;
        if let Some(known) = fetched.as_ref().filter(|known| known.is_fresh()) {
            return Ok(known.names.clone());
        }
        *fetched = None;
        let names = spawn_blocking(move || fetch(&client)).await.map_err(|error| error.to_string())?;
        let new = fetched.insert(Fetched::now(names.map_err(|error| error.to_string())?));
        Ok(new.names.clone())
    }

    /// Makes librdkafka look again at topics that it believes not to exist or to be forbidden: by itself it would do so
    /// minutes later. Does nothing outside a runtime, or when this was done just now.
    pub(super) fn look_again(&self, client: &Arc<Client>) {
        let (Ok(runtime), Ok(mut fetched)) = (Handle::try_current(), self.0.clone().try_lock_owned()) else { return };
        if fetched.as_ref().is_some_and(Fetched::is_fresh) {
            return;
        }
        let client = Arc::clone(client);
        runtime.spawn_blocking(move || {
            if let Ok(names) = fetch(&client) {
                *fetched = Some(Fetched::now(names));
            }
        });
    }
}

impl Fetched {
    fn now(names: HashSet<Arc<str>>) -> Self {
        Self { asked: Instant::now(), names }
    }

    fn is_fresh(&self) -> bool {
        self.asked.elapsed() < METADATA_AGE_MAX
    }
}

/// Blocks.
fn fetch(client: &Client) -> Result<HashSet<Arc<str>>, KafkaError> {
    let metadata = client.client().fetch_metadata(None, METADATA_TIMEOUT)?;
    let existing = metadata.topics().iter().filter(|topic| topic.error().is_none());
    Ok(existing.map(|topic| Arc::from(topic.name())).collect())
}

/// Creates topics as they are described; one that somebody else created meanwhile is no error.
///
/// # Errors
/// What the brokers say about each that they did not create.
pub(super) async fn create(client: &ClientConfig, topics: &[&TopicSpec]) -> Result<(), ChannelError> {
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
