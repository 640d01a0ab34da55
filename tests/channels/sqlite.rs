//! What only the embedded channel has: a file that other programs open, lock, fill up and damage.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rusqlite::Connection;
use sluice::channel::{
    AppendError, Channel, Header, ReadFrom, Record,
    sqlite::{Settings, Sqlite},
};

use crate::suite::record;

fn topic() -> Arc<str> {
    "trips".into()
}

fn event(value: &'static str) -> Record {
    let mut record = record(&topic(), "trip-1", value);
    let own = [Header::new("ce_id", "event-1"), Header::new("ce_source", "/fleet")];
    record.headers = record.headers.iter().cloned().chain(own).collect();
    record
}

async fn offset(channel: &Sqlite, record: Record) -> Result<i64, AppendError> {
    channel.append(vec![record]).await.pop().unwrap().map(|receipt| receipt.offset)
}

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path, &Settings { busy_timeout_ms: 20, ..Settings::default() }).unwrap()
}

#[tokio::test]
async fn people_can_query_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let channel = open(&path);
    offset(&channel, event("{\"speed\":7}")).await.unwrap();
    let mut structured = event("{\"id\":\"event-2\",\"type\":\"t\",\"source\":\"/s\",\"data\":{}}");
    structured.headers = vec![Header::new("content-type", "application/cloudevents+json; charset=utf-8")].into();
    offset(&channel, structured).await.unwrap();

    let connection = Connection::open(&path).unwrap();
    let query = "SELECT topic || ' ' || offset || ' ' || id || ' ' || type || ' ' || source || ' ' || accepted_at
                 FROM events ORDER BY offset";
    let rows: Vec<String> =
        connection.prepare(query).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(
        rows,
        [
            "trips 0 event-1 trip.reported /fleet 2026-09-21T14:13:20.000Z",
            "trips 1 event-2 t /s 2026-09-21T14:13:20.000Z",
        ]
    );
    let speed: i64 =
        connection.query_row("SELECT value ->> 'speed' FROM records WHERE offset = 0", [], |row| row.get(0)).unwrap();
    assert_eq!(speed, 7);
}

async fn append_all(channel: &Sqlite, records: Vec<Record>) {
    let appended = channel.append(records).await;
    assert!(appended.iter().all(Result::is_ok), "{appended:?}");
}

/// The offsets that the file holds of a topic.
fn kept(path: &Path) -> Vec<i64> {
    let connection = Connection::open(path).unwrap();
    let mut query = connection.prepare("SELECT offset FROM records WHERE topic = 'trips' ORDER BY offset").unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn so_many_records_are_kept_and_a_longer_topic_gets_there_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let channel = open(&path);
    append_all(&channel, vec![event("1"); 20]).await;
    channel.close(Duration::from_secs(5)).await;

    let channel = Sqlite::open(&path, &Settings { retention_records_max: Some(3), ..Settings::default() }).unwrap();
    assert_eq!(offset(&channel, event("1")).await, Ok(20));
    assert_eq!(kept(&path), (4..=20).collect::<Vec<_>>());
    append_all(&channel, vec![record(&"other".into(), "k", "1"); 5]).await;
    assert_eq!(kept(&path).len(), 17);
    for expected in 21..26 {
        assert_eq!(offset(&channel, event("1")).await, Ok(expected));
    }
    assert_eq!(kept(&path), [23, 24, 25]);
    append_all(&channel, vec![event("1"); 10]).await;
    // What one commit brings is all kept until the next.
    assert_eq!(kept(&path), (26..36).collect::<Vec<_>>());
}

#[tokio::test]
async fn old_records_go_when_new_ones_come() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let settings = Settings { retention: Some(Duration::from_secs(3600)), ..Settings::default() };
    let channel = Sqlite::open(&path, &settings).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let minutes_ago =
        |minutes: u128| Record { timestamp_ms: i64::try_from(now - minutes * 60_000).unwrap(), ..event("1") };
    let records = [300, 200, 59, 100, 1].map(minutes_ago);
    append_all(&channel, records.to_vec()).await;
    assert_eq!(kept(&path), [0, 1, 2, 3, 4]);
    // Only from the front, so that a topic has no holes.
    assert_eq!(offset(&channel, minutes_ago(0)).await, Ok(5));
    assert_eq!(kept(&path), [2, 3, 4, 5]);
}

#[tokio::test]
async fn bytes_that_wait_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let settings = Settings { queue_bytes_max: event("1").size(), busy_timeout_ms: 30_000, ..Settings::default() };
    let channel = Sqlite::open(&path, &settings).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = channel.append(vec![event("1")]);
    assert_eq!(offset(&channel, event("1")).await, Err(AppendError::QueueFull));
    other.execute_batch("ROLLBACK").unwrap();
    assert!(waiting.await[0].is_ok());
    assert_eq!(offset(&channel, event("12")).await, Err(AppendError::QueueFull));
}

#[tokio::test]
async fn a_file_that_was_deleted_takes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let channel = open(&path);
    offset(&channel, event("1")).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let told = format!("{} was deleted or replaced since it was opened: restart sluice", path.display());
    assert_eq!(channel.readiness(&[]).await.unreachable, Some(format!("channel is not available: {told}")));
    assert_eq!(offset(&channel, event("1")).await, Err(AppendError::Unavailable(told)));
}

#[tokio::test]
async fn offsets_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    for expected in 0..3 {
        let channel = open(&path);
        assert_eq!(offset(&channel, event("1")).await, Ok(expected));
        channel.close(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn two_processes_share_the_file_without_gaps_or_collisions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let settings = Settings { busy_timeout_ms: 30_000, ..Settings::default() };
    let [one, other] = [(), ()].map(|()| Sqlite::open(&path, &settings).unwrap());
    let write = async |channel: &Sqlite| {
        for _ in 0..50 {
            offset(channel, event("1")).await.unwrap();
        }
    };
    tokio::join!(write(&one), write(&other));

    let mut reader = one.reader("trips", ReadFrom::Beginning).await.unwrap();
    for expected in 0..100 {
        assert_eq!(reader.next(Duration::ZERO).await.unwrap().unwrap().receipt.offset, expected);
    }
}

#[tokio::test]
async fn a_locked_file_is_an_error_that_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let channel = open(&path);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = offset(&channel, event("1")).await.unwrap_err();
    assert_eq!(error.to_string(), "channel is not available: the file is locked by another process");
    assert!(error.retriable());
    let reason = channel.readiness(&[]).await.unreachable.unwrap();
    assert!(reason.contains("locked by another process"), "{reason}");

    other.execute_batch("ROLLBACK").unwrap();
    assert!(channel.readiness(&[]).await.is_ready());
    assert_eq!(offset(&channel, event("1")).await, Ok(0));
}

#[tokio::test]
async fn a_full_file_keeps_what_it_has_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let channel = Sqlite::open(&path, &Settings { file_bytes_max: Some(256 << 10), ..Settings::default() }).unwrap();
    let record = || Record { value: Some(vec![b'7'; 10_000].into()), ..event("") };
    let mut written = 0;
    let error = loop {
        match offset(&channel, record()).await {
            Ok(offset) => assert_eq!(offset, written),
            Err(error) => break error,
        }
        written += 1;
    };
    assert!(written > 10, "{written}");
    assert_eq!(error.to_string(), "channel is not available: the disk is full, or the file has reached its limit");
    // A part of a batch that does not fit takes the rest of its transaction with it, and nothing of it stays.
    let appended = channel.append(vec![event("1"), record(), record()]).await;
    assert!(appended.iter().all(Result::is_err), "{appended:?}");
    let mut reader = channel.reader("trips", ReadFrom::Beginning).await.unwrap();
    for expected in 0..written {
        assert_eq!(reader.next(Duration::ZERO).await.unwrap().unwrap().receipt.offset, expected);
    }
    assert_eq!(reader.next(Duration::ZERO).await.unwrap(), None);
    assert!(!channel.readiness(&[]).await.is_ready());
    channel.close(Duration::from_secs(5)).await;

    // With room it goes on without a gap.
    let channel = open(&path);
    assert_eq!(offset(&channel, record()).await, Ok(written));
    assert!(channel.readiness(&[]).await.is_ready());
}

#[tokio::test]
async fn the_limit_of_a_file_is_in_bytes_whatever_the_size_of_its_pages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA page_size = 1024; CREATE TABLE t (a); DROP TABLE t").unwrap();
    drop(other);
    let channel = Sqlite::open(&path, &Settings { file_bytes_max: Some(256 << 10), ..Settings::default() }).unwrap();
    let record = || Record { value: Some(vec![b'7'; 10_000].into()), ..event("") };
    while offset(&channel, record()).await.is_ok() {}
    channel.close(Duration::from_secs(5)).await;
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert!((192 << 10..=256 << 10).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn reading_does_not_block_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let channel = open(&path);
    offset(&channel, event("1")).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN; SELECT count(*) FROM records").unwrap();
    assert_eq!(offset(&channel, event("2")).await, Ok(1));
}

#[test]
fn files_that_are_not_ours_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let message = |path: &Path| {
        let error = Sqlite::open(path, &Settings::default()).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "FOLDER")
    };

    Connection::open(&path).unwrap().execute_batch("CREATE TABLE customers (name TEXT)").unwrap();
    assert_eq!(message(&path), "can't open FOLDER/other.db: it is the database of another program");

    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "These are notes, and they are longer than the header of a database would be. ".repeat(9))
        .unwrap();
    assert_eq!(message(&path), "can't open FOLDER/notes.txt: file is not a database");

    assert_eq!(message(folder.path()), "can't open FOLDER: unable to open database file: FOLDER");
    let below_a_file = path.join("sluice.db");
    assert!(message(&below_a_file).starts_with("can't create the folder of FOLDER/notes.txt/sluice.db: "));

    let path = folder.path().join("newer.db");
    drop(open(&path));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    assert_eq!(
        message(&path),
        "FOLDER/newer.db has version 2 of the schema, this sluice knows version 1: use a newer sluice"
    );
}
