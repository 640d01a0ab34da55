//! Reading records back, page by page, through a connection that can't write.
//!
//! Each page is a transaction of its own, so that a slow reader does not keep the log from being emptied.

use std::{collections::VecDeque, path::Path, sync::Arc, time::Duration};

use rusqlite::{Connection, params};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep_until},
};

use super::{file, row};
use crate::channel::{BoxFuture, ChannelError, ReadFrom, Reader, Stored};

const PAGE: &str = "SELECT offset, key, value, headers, timestamp_ms FROM records
                    WHERE topic = ?1 AND offset >= ?2 ORDER BY offset LIMIT ?3";
const RANGE: &str = "SELECT coalesce(min(offset), 0), coalesce(max(offset) + 1, 0) FROM records WHERE topic = ?1";
const PAGE_RECORDS: u32 = 256;
const PAGE_BYTES: usize = 4 << 20;
/// How often a reader at the end looks for more; another process may be the one that writes.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

pub(super) struct SqliteReader {
    /// Away while a page is read.
    connection: Option<Connection>,
    topic: Arc<str>,
    next_offset: i64,
    page: VecDeque<Stored>,
}

impl SqliteReader {
    pub(super) async fn open(path: &Path, topic: &str, from: ReadFrom) -> Result<Self, ChannelError> {
        let (path, topic) = (path.to_owned(), Arc::<str>::from(topic));
        blocking(move || {
            let connection = file::open_to_read(&path)?;
            let (first, end): (i64, i64) =
                connection.query_row(RANGE, [&*topic], |row| Ok((row.get(0)?, row.get(1)?))).map_err(cannot_read)?;
            let next_offset = match from {
                ReadFrom::Beginning => first,
                ReadFrom::End => end,
                ReadFrom::Offset(offset) => offset.clamp(first, end),
            };
            Ok(Self { connection: Some(connection), topic, next_offset, page: VecDeque::new() })
        })
        .await
    }

    async fn fill(&mut self) -> Result<(), ChannelError> {
        let connection =
            self.connection.take().ok_or_else(|| ChannelError("an earlier read was given up".to_owned()))?;
        let (topic, next_offset) = (self.topic.clone(), self.next_offset);
        let (connection, page) = blocking(move || {
            let page = read_page(&connection, &topic, next_offset).map_err(cannot_read)?;
            Ok((connection, page))
        })
        .await?;
        self.connection = Some(connection);
        self.page = page;
        Ok(())
    }
}

impl Reader for SqliteReader {
    fn next(&mut self, wait: Duration) -> BoxFuture<'_, Result<Option<Stored>, ChannelError>> {
        Box::pin(async move {
            let deadline = Instant::now() + wait;
            loop {
                if let Some(stored) = self.page.pop_front() {
                    self.next_offset = stored.receipt.offset + 1;
                    return Ok(Some(stored));
                }
                self.fill().await?;
                if self.page.is_empty() {
                    if Instant::now() >= deadline {
                        return Ok(None);
                    }
                    sleep_until(deadline.min(Instant::now() + POLL_INTERVAL)).await;
                }
            }
        })
    }
}

fn read_page(connection: &Connection, topic: &Arc<str>, next_offset: i64) -> rusqlite::Result<VecDeque<Stored>> {
    let mut page = VecDeque::new();
    let mut bytes = 0;
    let mut statement = connection.prepare_cached(PAGE)?;
    let mut rows = statement.query(params![&**topic, next_offset, PAGE_RECORDS])?;
    while bytes < PAGE_BYTES
        && let Some(row) = rows.next()?
    {
        let stored = row::stored(topic, row)?;
        bytes += stored.record.size();
        page.push_back(stored);
    }
    Ok(page)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ChannelError> + Send + 'static,
) -> Result<T, ChannelError> {
    spawn_blocking(work).await.map_err(|error| ChannelError(format!("reading failed: {error}")))?
}

fn cannot_read(error: rusqlite::Error) -> ChannelError {
    ChannelError(format!("can't read: {}", file::describe(&error)))
}
