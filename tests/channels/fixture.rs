//! The channels under test, each with a topic, small limits, and a way to stall it.

use std::{
    any::Any,
    sync::{Arc, mpsc},
    time::{SystemTime, UNIX_EPOCH},
};

use rdkafka::{mocking::MockCluster, producer::DefaultProducerContext};
use sluice::channel::{Channel, Memory, TopicSpec, kafka, kafka::Kafka, sqlite, sqlite::Sqlite};

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

pub(crate) async fn mock_kafka() -> Fixture {
    let broker = MockBroker::start();
    broker.run(|cluster| cluster.create_topic("trips", 3, 1).unwrap());
    let channel = Arc::new(Kafka::open(std::slice::from_ref(&broker.address), &kafka_settings()).unwrap());
    Fixture { channel, topic: "trips".into(), fault: Box::new(broker), _ground: Box::new(()) }
}

pub(crate) async fn real_kafka() -> Fixture {
    let address = real_kafka_address();
    let channel = Arc::new(Kafka::open(&[address], &kafka_settings()).unwrap());
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let topic: Arc<str> = format!("test-trips-{}", since_1970.as_nanos()).into();
    let spec =
        TopicSpec { name: topic.clone(), partitions: 3, replication: Some(1), compacted: false, retention: None };
    channel.create_topics(&[spec]).await.unwrap();
    Fixture { channel, topic, fault: Box::new(NoFault), _ground: Box::new(()) }
}

pub(crate) fn real_kafka_address() -> String {
    std::env::var("SLUICE_TEST_KAFKA").expect("SLUICE_TEST_KAFKA is the address of a broker: see `scripts/kafka up`")
}

pub(crate) fn kafka_settings() -> kafka::Settings {
    kafka::Settings {
        queue_records_max: QUEUE_RECORDS_MAX,
        record_bytes_max: RECORD_BYTES_MAX,
        ..kafka::Settings::default()
    }
}

/// For a channel whose ground is shared with other tests.
struct NoFault;

impl Fault for NoFault {
    fn stall(&self) {
        panic!("this channel can't be stalled");
    }

    fn resume(&self) {}
}

/// librdkafka's mock of a Kafka cluster, with one broker, on a thread of its own.
pub(crate) struct MockBroker {
    pub(crate) address: String,
    commands: mpsc::Sender<Command>,
}

type Cluster = MockCluster<'static, DefaultProducerContext>;
type Command = Box<dyn FnOnce(&Cluster) + Send>;

impl MockBroker {
    pub(crate) fn start() -> Self {
        let (commands, received) = mpsc::channel::<Command>();
        let (started, address) = mpsc::channel();
        std::thread::spawn(move || {
            let cluster = MockCluster::new(1).unwrap();
            started.send(cluster.bootstrap_servers()).unwrap();
            for command in received {
                command(&cluster);
            }
        });
        Self { address: address.recv().unwrap(), commands }
    }

    /// Does something with the cluster, and waits for it.
    pub(crate) fn run(&self, command: impl FnOnce(&Cluster) + Send + 'static) {
        let (done, waiting) = mpsc::channel();
        let command = move |cluster: &Cluster| {
            command(cluster);
            done.send(()).unwrap();
        };
        self.commands.send(Box::new(command)).unwrap();
        waiting.recv().unwrap();
    }
}

impl Fault for MockBroker {
    fn stall(&self) {
        self.run(|cluster| cluster.broker_down(-1).unwrap());
    }

    fn resume(&self) {
        self.run(|cluster| cluster.broker_up(-1).unwrap());
    }
}
