//! The embedded channel: one SQLite file that people can open and query while events are written.
//!
//! One thread writes; each of its transactions takes all requests that wait (group commit), and an append is answered
//! after the transaction's fsync. Readers use connections of their own and never block the writer. A topic comes into
//! being with its first record and has one partition, whose offsets have no gaps. What is kept is set for the channel: a
//! topic's own retention and compaction are for Kafka.

mod file;
mod queue;
mod reader;
mod retention;
mod row;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, time::timeout};

use self::{
    queue::{Job, Queue},
    reader::SqliteReader,
    row::Row,
    writer::Writer,
};
use super::{
    AppendError, Appended, BoxFuture, Channel, ChannelError, Depth, ReadFrom, Reader, Readiness, Record, TopicSpec,
};

/// How long a probe of the file may take before the channel counts as unreachable.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// Settings of the embedded channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Records that may wait for their commit; those beyond are refused.
    pub queue_records_max: usize,
    /// Bytes of keys, values and headers that may wait for their commit; records beyond are refused.
    pub queue_bytes_max: usize,
    /// Bytes of the key, value and headers of one record.
    pub record_bytes_max: usize,
    /// Records after which a transaction takes no further request.
    pub commit_records_max: usize,
    /// How long a commit waits while another process has locked the file.
    pub busy_timeout_ms: u32,
    /// Bytes up to which the file may grow; without it, as far as the disk goes.
    pub file_bytes_max: Option<u64>,
    /// Records that are kept of each topic; the oldest beyond are deleted as new ones are written. Without it, all are.
    pub retention_records_max: Option<u64>,
    /// How long records are kept; older ones of a topic are deleted as new ones are written to it. Without it, for ever.
    #[serde(with = "crate::config::duration::optional")]
    pub retention: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue_records_max: 65_536,
            queue_bytes_max: 64 << 20,
            record_bytes_max: 16 << 20,
            commit_records_max: 4096,
            busy_timeout_ms: 2000,
            file_bytes_max: None,
            retention_records_max: None,
            retention: None,
        }
    }
}

/// The channel.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    settings: Settings,
    queue: Arc<Queue>,
    writer: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
}

impl Sqlite {
    /// Opens the file, or creates it and its folder, and starts the thread that writes.
    ///
    /// # Errors
    /// When the file can't be opened or written, is locked, or is not one of ours.
    pub fn open(path: &Path, settings: &Settings) -> Result<Self, ChannelError> {
        let connection = file::open(path, settings)?;
        let queue = Arc::new(Queue::new(settings));
        let (ended, end) = oneshot::channel();
        let writer = Writer::new(connection, path, queue.clone(), settings);
        thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                writer.run();
                // Nobody listens when the channel was dropped instead of closed.
                let _ = ended.send(());
            })
            .map_err(|error| ChannelError(format!("can't start the thread that writes {}: {error}", path.display())))?;
        let writer = tokio::sync::Mutex::new(Some(end));
        Ok(Self { path: path.to_owned(), settings: settings.clone(), queue, writer })
    }

    /// Asks the writer whether it can write.
    async fn probe(&self) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        self.queue.push(Job::Probe(answer)).map_err(|closed| closed.to_string())?;
        match timeout(PROBE_TIMEOUT, answered).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_)) => Err("the channel is closed".to_owned()),
            Err(_) => Err(format!("no answer from {} within {} s", self.path.display(), PROBE_TIMEOUT.as_secs())),
        }
    }
}

impl Channel for Sqlite {
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Appended> {
        let count = records.len();
        let max = self.settings.record_bytes_max;
        let rows = records.into_iter().map(|record| Row::new(record, max)).collect();
        let (answer, answered) = oneshot::channel();
        if let Err(closed) = self.queue.push_rows(rows, answer) {
            return Box::pin(std::future::ready(vec![Err(closed); count]));
        }
        Box::pin(async move {
            // The writer answers each job it takes; it goes without an answer only by a panic, in a transaction.
            let lost = AppendError::Unconfirmed("the thread that writes ended".into());
            answered.await.unwrap_or_else(|_| vec![Err(lost); count])
        })
    }

    fn readiness<'a>(&'a self, _topics: &'a [TopicSpec]) -> BoxFuture<'a, Readiness> {
        Box::pin(async { Readiness { unreachable: self.probe().await.err(), missing_topics: Vec::new() } })
    }

    fn create_topics<'a>(&'a self, _topics: &'a [TopicSpec]) -> BoxFuture<'a, Result<(), ChannelError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn reader<'a>(&'a self, topic: &'a str, from: ReadFrom) -> BoxFuture<'a, Result<Box<dyn Reader>, ChannelError>> {
        Box::pin(async move {
            let reader = SqliteReader::open(&self.path, topic, from).await?;
            Ok(Box::new(reader) as Box<dyn Reader>)
        })
    }

    fn depth(&self) -> Depth {
        self.queue.depth()
    }

    fn close(&self, within: Duration) -> BoxFuture<'_, usize> {
        self.queue.close();
        Box::pin(async move {
            let Some(end) = self.writer.lock().await.take() else { return 0 };
            match timeout(within, end).await {
                Ok(_) => 0,
                Err(_) => self.queue.give_up(),
            }
        })
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.queue.close();
    }
}
