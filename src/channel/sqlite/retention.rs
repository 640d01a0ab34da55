//! How long records are kept. A transaction that writes to a topic first deletes some of its oldest records, so that a
//! file goes on at its size without ever being cleaned at once.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, params};

use super::Settings;

/// Records that may be deleted for each that is written: enough to come back within limits that were made narrower, and
/// few enough that no commit takes long.
const DELETED_FOR_EACH: i64 = 4;

const FIRST_OFFSET: &str = "SELECT min(offset) FROM records WHERE topic = ?1";
/// The first record that is young enough, of some; offsets tell the order of acceptance only almost.
const FIRST_YOUNG: &str =
    "SELECT offset FROM records WHERE topic = ?1 AND offset >= ?2 AND offset < ?3 AND timestamp_ms >= ?4
                           ORDER BY offset LIMIT 1";
const DELETE: &str = "DELETE FROM records WHERE topic = ?1 AND offset < ?2";

/// What is kept of each topic.
#[derive(Debug)]
pub(super) struct Retention {
    records_max: Option<i64>,
    age_max: Option<Duration>,
}

impl Retention {
    pub(super) fn new(settings: &Settings) -> Self {
        let records_max = settings.retention_records_max.map(|max| i64::try_from(max).unwrap_or(i64::MAX));
        Self { records_max, age_max: settings.retention }
    }

    pub(super) fn is_unlimited(&self) -> bool {
        self.records_max.is_none() && self.age_max.is_none()
    }

    /// Deletes the oldest records of a topic before as many new ones are written, the first of them at `next_offset`.
    pub(super) fn make_room(
        &self,
        connection: &Connection,
        topic: &str,
        next_offset: i64,
        new: i64,
    ) -> rusqlite::Result<()> {
        let first: Option<i64> = connection.prepare_cached(FIRST_OFFSET)?.query_row([topic], |row| row.get(0))?;
        let Some(first) = first else { return Ok(()) };
        let end = next_offset.min(first + new * DELETED_FOR_EACH);
        let kept_by_number = self.records_max.map_or(first, |max| next_offset + new - max);
        let kept_by_age = match self.age_max {
            Some(age_max) => first_young(connection, topic, first..end, age_max)?,
            None => first,
        };
        let kept = kept_by_number.max(kept_by_age).min(end);
        if kept > first {
            connection.prepare_cached(DELETE)?.execute(params![topic, kept])?;
        }
        Ok(())
    }
}

fn first_young(
    connection: &Connection,
    topic: &str,
    offsets: std::ops::Range<i64>,
    age_max: Duration,
) -> rusqlite::Result<i64> {
    let oldest = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(age_max);
    let oldest_ms = i64::try_from(oldest.as_millis()).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(FIRST_YOUNG)?;
    let mut rows = statement.query(params![topic, offsets.start, offsets.end, oldest_ms])?;
    rows.next()?.map_or(Ok(offsets.end), |row| row.get(0))
}
