//! Where accepted events go: an append answers only when the records are durable.
//!
//! A channel knows nothing of HTTP, CloudEvents or schemas: a [`Record`] is a key, a value and headers for a topic.
//! What others rely on: a [`Receipt`] is given for durable records only, and an error other than
//! [`AppendError::Unconfirmed`] says that nothing was written and nothing will be.

mod address;
mod headers;
pub mod kafka;
mod memory;
pub mod sqlite;

use std::{borrow::Cow, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;

pub use self::{
    address::{AddressError, ChannelAddress},
    headers::{Header, Headers},
    memory::Memory,
};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One record, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it goes; always a topic of the catalog.
    pub topic: Arc<str>,
    /// Records of one key keep their order.
    pub key: Option<Bytes>,
    /// `None` is a tombstone: it deletes the key on a compacted topic.
    pub value: Option<Bytes>,
    /// What is told about the value.
    pub headers: Headers,
    /// Time of acceptance, milliseconds since 1970.
    pub timestamp_ms: i64,
}

impl Record {
    /// Bytes of its key, value, and the names and values of its headers: what the bounds of a channel count.
    #[must_use]
    pub fn size(&self) -> usize {
        self.key.as_ref().map_or(0, Bytes::len) + self.value.as_ref().map_or(0, Bytes::len) + self.headers.bytes()
    }
}

/// The proof that a record is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Partition of the topic.
    pub partition: i32,
    /// Place in the partition, from 0.
    pub offset: i64,
}

/// Why a record was not written, or may not have been.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum AppendError {
    /// The queue is full; nothing of this record was written.
    #[error("the queue to the channel is full")]
    QueueFull,
    /// The topic does not exist in the channel; nothing was written.
    #[error(
        "topic {0:?} does not exist; sluice creates the topics that are described if it is started with --create-topics"
    )]
    UnknownTopic(Arc<str>),
    /// The channel refuses the record's size; nothing was written.
    #[error("record of {size} bytes is larger than the channel takes: {reason}")]
    TooLarge {
        /// Bytes of key, value and headers.
        size: usize,
        /// In the channel's own words.
        reason: String,
    },
    /// The channel can't be reached or is closing; nothing was written.
    #[error("channel is not available: {0}")]
    Unavailable(String),
    /// The channel did not answer (in time): it is not known whether the record was written. It is not written later
    /// than this is said.
    #[error("not acknowledged, and not known whether it was written: {0}")]
    Unconfirmed(Cow<'static, str>),
    /// The channel refused the record for good (authorization, configuration); nothing was written.
    #[error("channel refused the record: {0}")]
    Refused(String),
}

impl AppendError {
    /// Whether the sender may try the same again and hope.
    #[must_use]
    pub fn retriable(&self) -> bool {
        !matches!(self, Self::TooLarge { .. } | Self::Refused(_))
    }
}

/// What an append answers: one result for each record, in order.
pub type Appended = Vec<Result<Receipt, AppendError>>;

/// A topic as its owner describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Name in the channel.
    pub name: Arc<str>,
    /// Number of partitions, for a topic that sluice creates.
    pub partitions: i32,
    /// Number of replicas; `None` leaves it to the broker.
    pub replication: Option<i32>,
    /// Whether only the newest record of a key is kept.
    pub compacted: bool,
    /// How long records are kept; `None` leaves it to the channel.
    pub retention: Option<Duration>,
}

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// At the oldest record that is kept.
    Beginning,
    /// After the record that is the newest when the reader is opened.
    End,
    /// At this offset, in each partition; at the nearest one that exists if it is out of range.
    Offset(i64),
}

/// A record as it was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What was written.
    pub record: Record,
    /// Where it stands.
    pub receipt: Receipt,
}

/// Whether events can be written now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Why the channel can't be reached, if so.
    pub unreachable: Option<String>,
    /// Topics of the catalog that the channel does not have.
    pub missing_topics: Vec<Arc<str>>,
}

impl Readiness {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.unreachable.is_none() && self.missing_topics.is_empty()
    }
}

/// Records that wait for their acknowledgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// How many.
    pub records: usize,
    /// Bytes of their keys, values and headers.
    pub bytes: usize,
}

/// Why reading or administration failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ChannelError(pub String);

/// Opens the channel at an address; `None` for the address `none`.
///
/// # Errors
/// When the file can't be opened, or a setting is wrong. Brokers that can't be reached are no error: readiness tells.
pub fn open(
    address: &ChannelAddress,
    sqlite: &sqlite::Settings,
    kafka: &kafka::Settings,
) -> Result<Option<Arc<dyn Channel>>, ChannelError> {
    Ok(match address {
        ChannelAddress::Sqlite(path) => Some(Arc::new(sqlite::Sqlite::open(path, sqlite)?)),
        ChannelAddress::Kafka(brokers) => Some(Arc::new(kafka::Kafka::open(brokers, kafka)?)),
        ChannelAddress::None => None,
    })
}

/// Reads the records of one topic, one after the other, in the order of their offsets within each partition.
pub trait Reader: Send {
    /// The next record; `None` when there is none yet within `wait`. Records that stood in the topic when the reader was
    /// opened are waited for as long as the channel needs to fetch them, so that `None` never hides one of these.
    ///
    /// # Errors
    /// When the channel can't be read.
    fn next(&mut self, wait: Duration) -> BoxFuture<'_, Result<Option<Stored>, ChannelError>>;
}

/// A place for records that answers when they are durable.
pub trait Channel: Send + Sync + fmt::Debug + 'static {
    /// Writes records and resolves when each is durable or has failed. The records are handed over by the call itself,
    /// not by the first poll, so those of one topic and key keep the order of the calls. Never blocks. Work goes on when
    /// the future is dropped; the outcome is then known to nobody.
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Appended>;

    /// Whether the channel can be reached and has these topics. Bounded by a few seconds.
    fn readiness<'a>(&'a self, topics: &'a [TopicSpec]) -> BoxFuture<'a, Readiness>;

    /// Creates those topics that are missing.
    fn create_topics<'a>(&'a self, topics: &'a [TopicSpec]) -> BoxFuture<'a, Result<(), ChannelError>>;

    /// Opens a topic for reading.
    ///
    /// # Errors
    /// When the topic does not exist or the channel can't be reached.
    fn reader<'a>(&'a self, topic: &'a str, from: ReadFrom) -> BoxFuture<'a, Result<Box<dyn Reader>, ChannelError>>;

    /// What waits now.
    fn depth(&self) -> Depth;

    /// Takes no more records, waits for those under way until the deadline, and closes. Returns how many had no answer
    /// by then; they get one with an error, or with the receipt if their writing comes to its end after all. A second
    /// call finds nothing to do.
    fn close(&self, within: Duration) -> BoxFuture<'_, usize>;
}
