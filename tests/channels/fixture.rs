//! The channels under test, each with a topic, small limits, and a way to stall it.

use std::{any::Any, sync::Arc};

use sluice::channel::{Channel, Memory, sqlite, sqlite::Sqlite};

/// How many records may wait in a channel under test.
pub(crate) const QUEUE_RECORDS_MAX: usize = 10;
/// How large a record of a channel under test may be.
pub(crate) const RECORD_BYTES_MAX: usize = 100_000;

/// A channel under test.
pub(crate) struct Fixture {
    pub(crate) channel: Arc<dyn Channel>,
    /// Exists in the channel and is empty.
    pub(crate) topic: Arc<str>,
    pub(crate) fault: Box<dyn Fault>,
    /// What must live as long as the channel: its folder, its broker.
    pub(crate) _ground: Box<dyn Any + Send + Sync>,
}

/// A way to keep a channel from writing for a while.
pub(crate) trait Fault: Send + Sync {
    /// Lets nothing be written from now on.
    fn stall(&self);
    /// Lets writing go on.
    fn resume(&self);
}

pub(crate) async fn memory() -> Fixture {
    let memory = Memory::new();
    memory.limit_queue(QUEUE_RECORDS_MAX);
    memory.limit_record(RECORD_BYTES_MAX);
    Fixture { channel: Arc::new(memory.clone()), topic: "trips".into(), fault: Box::new(memory), _ground: Box::new(()) }
}

impl Fault for Memory {
    fn stall(&self) {
        Memory::stall(self);
    }

    fn resume(&self) {
        Memory::resume(self);
    }
}

pub(crate) async fn sqlite() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/down/sluice.db");
    let settings = sqlite::Settings {
        queue_records_max: QUEUE_RECORDS_MAX,
        record_bytes_max: RECORD_BYTES_MAX,
        busy_timeout_ms: 60_000,
        ..sqlite::Settings::default()
    };
    let channel = Arc::new(Sqlite::open(&path, &settings).unwrap());
    let fault = Box::new(FileLock(rusqlite::Connection::open(&path).unwrap().into()));
    Fixture { channel, topic: "trips".into(), fault, _ground: Box::new(folder) }
}

/// Another connection that takes the file's write lock.
struct FileLock(std::sync::Mutex<rusqlite::Connection>);

impl Fault for FileLock {
    fn stall(&self) {
        self.0.lock().unwrap().execute_batch("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
    }

    fn resume(&self) {
        self.0.lock().unwrap().execute_batch("ROLLBACK").unwrap();
    }
}
