//! The thread that writes: takes all that waits, commits it in one transaction, answers.
//!
//! An offset is given inside the transaction, under the file's write lock; when it fails, the offset is given again.
//! Another process may write to the file too: then offsets are looked up anew.

use std::{collections::HashMap, path::Path, sync::Arc};

use rusqlite::{Connection, params};

use super::{
    Settings,
    file::{self, Identity},
    queue::{Job, Queue},
    retention::Retention,
    row::Row,
};
use crate::channel::{AppendError, Receipt};

const INSERT: &str =
    "INSERT INTO records (topic, offset, key, value, headers, timestamp_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const NEXT_OFFSET: &str = "SELECT coalesce(max(offset) + 1, 0) FROM records WHERE topic = ?1";

pub(super) struct Writer {
    connection: Connection,
    identity: Identity,
    queue: Arc<Queue>,
    commit_records_max: usize,
    retention: Retention,
    next_offsets: HashMap<Arc<str>, i64>,
    /// Changes when another connection has written.
    data_version: i64,
    failing: bool,
}

impl Writer {
    pub(super) fn new(connection: Connection, path: &Path, queue: Arc<Queue>, settings: &Settings) -> Self {
        Self {
            connection,
            identity: Identity::of(path),
            queue,
            commit_records_max: settings.commit_records_max,
            retention: Retention::new(settings),
            next_offsets: HashMap::new(),
            data_version: 0,
            failing: false,
        }
    }

    /// Works until the queue is closed and empty. The file is closed then.
    pub(super) fn run(mut self) {
        let mut group = Vec::new();
        while self.queue.take(&mut group, self.commit_records_max) {
            let written = self.write(&group);
            self.failing = written.is_err();
            self.queue.release(&group);
            self.answer(&mut group, &written);
        }
    }

    fn write(&mut self, group: &[Job]) -> Result<Vec<Receipt>, AppendError> {
        let rows: Vec<&Row> = group.iter().flat_map(Job::rows).collect();
        self.identity.check()?;
        if rows.is_empty() && !self.failing {
            return Ok(Vec::new());
        }
        let written = self.insert(&rows).map_err(|error| AppendError::Unavailable(file::describe(&error)));
        let written = written.and_then(|receipts| match self.connection.execute_batch("COMMIT") {
            Ok(()) => Ok(receipts),
            Err(error) if file::may_be_written(&error) => Err(AppendError::Unconfirmed(file::describe(&error).into())),
            Err(error) => Err(AppendError::Unavailable(file::describe(&error))),
        });
        if let Err(error) = &written {
            tracing::error!(%error, records = rows.len(), "a transaction of the sqlite channel failed");
            self.roll_back();
        }
        written
    }

    /// Inserts the rows in a transaction that is left open.
    fn insert(&mut self, rows: &[&Row]) -> rusqlite::Result<Vec<Receipt>> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let data_version = self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if data_version != self.data_version {
            self.next_offsets.clear();
            self.data_version = data_version;
        }
        if !self.retention.is_unlimited() {
            self.make_room(rows)?;
        }
        let mut insert = self.connection.prepare_cached(INSERT)?;
        if rows.is_empty() {
            // Only asked for when writing has failed: takes a page and gives it back, to see whether it would work.
            insert.execute(params!["", -1, None::<&str>, "?".repeat(8192), "{}", 0])?;
            self.connection.execute("DELETE FROM records WHERE topic = '' AND offset = -1", [])?;
        }
        let mut receipts = Vec::with_capacity(rows.len());
        for row in rows {
            let offset = next_offset(&self.connection, &mut self.next_offsets, &row.topic)?;
            insert.execute(params![
                &*row.topic,
                *offset,
                row.sql_key(),
                row.sql_value(),
                row.headers,
                row.timestamp_ms
            ])?;
            receipts.push(Receipt { partition: 0, offset: *offset });
            *offset += 1;
        }
        Ok(receipts)
    }

    fn make_room(&mut self, rows: &[&Row]) -> rusqlite::Result<()> {
        let mut new: HashMap<&Arc<str>, i64> = HashMap::new();
        for row in rows {
            *new.entry(&row.topic).or_default() += 1;
        }
        for (topic, new) in new {
            let next_offset = *next_offset(&self.connection, &mut self.next_offsets, topic)?;
            self.retention.make_room(&self.connection, topic, next_offset, new)?;
        }
        Ok(())
    }

    fn roll_back(&mut self) {
        self.next_offsets.clear();
        // SQLite may have rolled back by itself.
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction of the sqlite channel can't be rolled back");
        }
    }

    /// Gives each row its receipt, or all of them the error. Those who asked may be gone.
    fn answer(&self, group: &mut Vec<Job>, written: &Result<Vec<Receipt>, AppendError>) {
        let mut receipts = written.as_ref().map(|receipts| receipts.iter().copied());
        let mut next = || match &mut receipts {
            Ok(receipts) => Ok(receipts.next().expect("a receipt stands for each row")),
            Err(error) => Err(error.clone()),
        };
        for job in group.drain(..) {
            match job {
                Job::Write(rows, answer) => {
                    let _ = answer.send(rows.into_iter().map(|row| row.and_then(|_| next())).collect());
                }
                Job::Probe(answer) => {
                    let _ = answer.send(written.as_ref().map(|_| ()).map_err(ToString::to_string));
                }
            }
        }
    }
}

fn next_offset<'a>(
    connection: &Connection,
    known: &'a mut HashMap<Arc<str>, i64>,
    topic: &Arc<str>,
) -> rusqlite::Result<&'a mut i64> {
    if !known.contains_key(topic) {
        let next = connection.prepare_cached(NEXT_OFFSET)?.query_row([&**topic], |row| row.get(0))?;
        known.insert(topic.clone(), next);
    }
    Ok(known.get_mut(topic).expect("it was inserted if it was missing"))
}
