//! The file: how it is opened, what its tables are, and what its errors mean.
//!
//! The schema's version stands in `user_version`, and the file is marked as ours by `application_id`.

use std::{
    fs::File,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::Settings;
use crate::channel::{AppendError, ChannelError};

/// "slce" in ASCII.
const APPLICATION_ID: i32 = 0x736c_6365;
const SCHEMA_VERSION: i32 = 1;
/// Of a new file. Senders that write one record each share pages: at half the size a commit of many takes longer, at twice
/// the size one of a single record does.
const PAGE_BYTES: i64 = 8192;
/// Log before it is moved into the file.
const CHECKPOINT_BYTES: i64 = 16 << 20;
/// The log is cut back to this size after a burst.
const LOG_BYTES_MAX: u32 = 64 << 20;

/// `records` is what was written; `events` shows the attributes of a CloudEvent beside it, whether they came as headers
/// (binary mode) or in the value (structured mode).
const SCHEMA: &str = "
CREATE TABLE records (
    seq          INTEGER PRIMARY KEY, -- order of writing over all topics
    topic        TEXT    NOT NULL,
    offset       INTEGER NOT NULL,    -- from 0, without gaps in a topic
    key          TEXT,                -- a blob if it is not text
    value        TEXT,                -- null is a tombstone; a blob if it is not text
    headers      TEXT    NOT NULL,    -- a JSON object of strings
    timestamp_ms INTEGER NOT NULL     -- time of acceptance, milliseconds since 1970
);
CREATE UNIQUE INDEX records_by_offset ON records (topic, offset);
CREATE VIEW events AS
SELECT topic, offset,
       CASE structured WHEN 1 THEN value ->> 'id'      ELSE headers ->> 'ce_id'      END AS id,
       CASE structured WHEN 1 THEN value ->> 'type'    ELSE headers ->> 'ce_type'    END AS type,
       CASE structured WHEN 1 THEN value ->> 'source'  ELSE headers ->> 'ce_source'  END AS source,
       CASE structured WHEN 1 THEN value ->> 'subject' ELSE headers ->> 'ce_subject' END AS subject,
       CASE structured WHEN 1 THEN value ->> 'time'    ELSE headers ->> 'ce_time'    END AS time,
       strftime('%Y-%m-%dT%H:%M:%fZ', timestamp_ms / 1000.0, 'unixepoch') AS accepted_at,
       key, value, headers
FROM (SELECT *, coalesce(headers ->> 'content-type' LIKE 'application/cloudevents+json%', 0) AS structured FROM records);
";

/// Opens the file for writing; creates it and its folder.
///
/// # Errors
/// When it can't be opened or written, is locked, or is not one of ours.
pub(super) fn open(path: &Path, settings: &Settings) -> Result<Connection, ChannelError> {
    create_folder(path)
        .map_err(|error| ChannelError(format!("can't create the folder of {}: {error}", path.display())))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, &error))?;
    prepare(&connection, settings).map_err(|error| cannot_open(path, &error))?;
    match connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| cannot_open(path, &error))?
    {
        SCHEMA_VERSION => Ok(connection),
        version => Err(ChannelError(format!(
            "{} has version {version} of the schema, this sluice knows version {SCHEMA_VERSION}: use a newer sluice",
            path.display()
        ))),
    }
}

/// Opens the file for reading, beside a writer.
///
/// # Errors
/// When it can't be opened.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, ChannelError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, &error))?;
    connection.busy_timeout(Duration::from_secs(2)).map_err(|error| cannot_open(path, &error))?;
    Ok(connection)
}

/// Which file was opened, to notice that it is another one, or none, that stands at its path now.
#[derive(Debug)]
pub(super) struct Identity {
    path: PathBuf,
    /// Of the device and on it.
    numbers: Option<(u64, u64)>,
}

impl Identity {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), numbers: numbers(path) }
    }

    /// # Errors
    /// When what is written would be lost with a file that has no name any more.
    pub(super) fn check(&self) -> Result<(), AppendError> {
        if numbers(&self.path) == self.numbers {
            return Ok(());
        }
        let path = self.path.display();
        Err(AppendError::Unavailable(format!("{path} was deleted or replaced since it was opened: restart sluice")))
    }
}

fn numbers(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Makes every folder above the file, and makes them durable.
fn create_folder(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) else {
        return Ok(());
    };
    create_folder(folder)?;
    std::fs::create_dir_all(folder)?;
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

fn prepare(connection: &Connection, settings: &Settings) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_millis(settings.busy_timeout_ms.into()))?;
    // A file that there is keeps the size of its pages.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    let page_bytes: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(unusable(ffi::SQLITE_CANTOPEN, "its file system takes no write-ahead log"));
    }
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_BYTES / page_bytes)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
    if let Some(bytes_max) = settings.file_bytes_max {
        let pages_max = i64::try_from(bytes_max).unwrap_or(i64::MAX) / page_bytes;
        connection.pragma_update(None, "max_page_count", pages_max.max(1))?;
    }
    create_schema(connection)
}

/// Makes the tables in an empty file; leaves any other file alone.
fn create_schema(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if tables == 0 {
        connection.execute_batch(SCHEMA)?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    } else if application != APPLICATION_ID {
        return Err(unusable(ffi::SQLITE_NOTADB, "it is the database of another program"));
    }
    connection.execute_batch("COMMIT")
}

fn unusable(code: i32, reason: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(reason.to_owned()))
}

fn cannot_open(path: &Path, error: &rusqlite::Error) -> ChannelError {
    ChannelError(format!("can't open {}: {}", path.display(), describe(error)))
}

/// What went wrong, in words that tell an operator what to do.
pub(super) fn describe(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "the file is locked by another process".to_owned(),
        Some(ErrorCode::DiskFull) => "the disk is full, or the file has reached its limit".to_owned(),
        Some(ErrorCode::ReadOnly) => "the file is read-only".to_owned(),
        _ => error.to_string(),
    }
}

/// Whether this error of a commit leaves it open if the transaction is on the disk: when its last write or its fsync
/// failed, the log may hold it all the same, and a restart would bring it back.
pub(super) fn may_be_written(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}
