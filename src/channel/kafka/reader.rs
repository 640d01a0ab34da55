//! Reading a topic back: all partitions, each in the order of its offsets, without a group and without a trace.

use std::{
    collections::HashSet,
    ffi::CStr,
    ptr, slice,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use rdkafka::{
    ClientConfig, ClientContext, Message, Offset, TopicPartitionList,
    bindings::{rd_kafka_header_get_all, rd_kafka_message_headers, rd_kafka_resp_err_t},
    config::RDKafkaLogLevel,
    consumer::{Consumer, ConsumerContext, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::BorrowedMessage,
};
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use super::{METADATA_TIMEOUT, delivery};
use crate::channel::{BoxFuture, ChannelError, Header, Headers, ReadFrom, Reader, Receipt, Record, Stored};

/// How long the brokers may take to send a record that they have.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct KafkaReader {
    consumer: StreamConsumer<ReaderContext>,
    topic: Arc<str>,
    /// Partitions with records that stood there when the reader was opened and were not read yet.
    catching_up: HashSet<i32>,
}

struct ReaderContext {
    outage: Arc<Outage>,
}

/// Whether the log says that the brokers don't answer. The readers of a channel share it, and each client repeats its
/// errors at every attempt.
#[derive(Debug, Default)]
pub(super) struct Outage {
    is_told: AtomicBool,
}

impl Outage {
    fn begins(&self, error: &KafkaError, reason: &str) {
        if self.is_told.swap(true, Ordering::Relaxed) {
            tracing::debug!(%error, reason, "kafka client");
        } else {
            tracing::warn!(%error, reason, "the brokers can't be read from; trying again");
        }
    }

    /// Called with all that the brokers send.
    fn ends(&self) {
        if self.is_told.load(Ordering::Relaxed) && self.is_told.swap(false, Ordering::Relaxed) {
            tracing::info!("the brokers can be read from again");
        }
    }
}

impl ClientContext for ReaderContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        delivery::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The end of a partition is what a reader waits for.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            self.outage.begins(&error, reason);
        }
    }
}

impl ConsumerContext for ReaderContext {}

impl KafkaReader {
    pub(super) async fn open(
        client: &ClientConfig,
        topic: &str,
        from: ReadFrom,
        outage: Arc<Outage>,
    ) -> Result<Self, ChannelError> {
        let mut client = client.clone();
        client
            // It is never joined, but librdkafka wants one.
            .set("group.id", "sluice-reader")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "earliest");
        let consumer: StreamConsumer<ReaderContext> = client
            .create_with_context(ReaderContext { outage })
            .map_err(|error| ChannelError(format!("can't make a client of kafka: {error}")))?;
        let topic = Arc::<str>::from(topic);
        let opening = spawn_blocking(move || {
            let mut reader = Self { consumer, topic, catching_up: HashSet::new() };
            reader.assign(from).map(|()| reader)
        });
        opening.await.map_err(|error| ChannelError(error.to_string()))?
    }

    /// Finds the partitions and where to begin in each. Blocks.
    fn assign(&mut self, from: ReadFrom) -> Result<(), ChannelError> {
        let topic = self.topic.clone();
        let failed = |error: KafkaError| ChannelError(format!("can't read topic {topic:?}: {error}"));
        let metadata = self.consumer.fetch_metadata(Some(&topic), METADATA_TIMEOUT).map_err(failed)?;
        let found = metadata.topics().iter().find(|found| found.name() == &*topic && found.error().is_none());
        let partitions = found.map_or(&[][..], |found| found.partitions());
        if partitions.is_empty() {
            return Err(ChannelError(format!("topic {topic:?} does not exist")));
        }
        let mut assignment = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            let id = partition.id();
            let (first, end) = self.consumer.fetch_watermarks(&topic, id, METADATA_TIMEOUT).map_err(failed)?;
            let begin = match from {
                ReadFrom::Beginning => first,
                ReadFrom::End => end,
                ReadFrom::Offset(offset) => offset.clamp(first, end),
            };
            if begin < end {
                self.catching_up.insert(id);
            }
            assignment.add_partition_offset(&topic, id, Offset::Offset(begin)).map_err(failed)?;
        }
        self.consumer.assign(&assignment).map_err(failed)
    }
}

impl Reader for KafkaReader {
    fn next(&mut self, wait: Duration) -> BoxFuture<'_, Result<Option<Stored>, ChannelError>> {
        Box::pin(async move {
            let begun = Instant::now();
            let outage = Arc::clone(&self.consumer.client().context().outage);
            loop {
                let patience = if self.catching_up.is_empty() { wait } else { wait.max(FETCH_TIMEOUT) };
                match timeout_at(begun + patience, self.consumer.recv()).await {
                    Ok(Ok(message)) => {
                        outage.ends();
                        return Ok(Some(stored(&self.topic, &message)));
                    }
                    Ok(Err(KafkaError::PartitionEOF(partition))) => {
                        outage.ends();
                        self.catching_up.remove(&partition);
                    }
                    // The client tries again by itself.
                    Ok(Err(error @ KafkaError::MessageConsumption(_))) => outage.begins(&error, &self.topic),
                    Ok(Err(error)) => return Err(ChannelError(format!("can't read topic {:?}: {error}", self.topic))),
                    Err(_) if self.catching_up.is_empty() => return Ok(None),
                    Err(_) => {
                        let waited = patience.as_secs();
                        return Err(ChannelError(format!(
                            "the brokers sent nothing of topic {:?} in {waited} s",
                            self.topic
                        )));
                    }
                }
            }
        })
    }
}

fn stored(topic: &Arc<str>, message: &BorrowedMessage<'_>) -> Stored {
    let record = Record {
        topic: topic.clone(),
        key: message.key().map(Bytes::copy_from_slice),
        value: message.payload().map(Bytes::copy_from_slice),
        headers: headers(message),
        timestamp_ms: message.timestamp().to_millis().unwrap_or_default(),
    };
    Stored { record, receipt: Receipt { partition: message.partition(), offset: message.offset() } }
}

/// The headers of a message. Others may have written names that are not UTF-8, on which the crate's own reading panics.
#[expect(unsafe_code, reason = "the crate has no form of it that takes every name")]
fn headers(message: &BorrowedMessage<'_>) -> Headers {
    let mut native = ptr::null_mut();
    // SAFETY: the message lives as long as it is borrowed, and owns the headers that are found.
    let found = unsafe { rd_kafka_message_headers(message.ptr(), &raw mut native) };
    if found != rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Headers::default();
    }
    let header = |index| {
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the headers were found above. Behind the last one this is an error, and nothing is set.
        let found = unsafe { rd_kafka_header_get_all(native, index, &raw mut name, &raw mut value, &raw mut size) };
        if found != rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        // SAFETY: a name ends with a NUL, and lives as long as the headers.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
        let value = if value.is_null() {
            Bytes::new()
        } else {
            // SAFETY: a value that is not null has this size, and lives as long as the headers.
            Bytes::copy_from_slice(unsafe { slice::from_raw_parts(value.cast(), size) })
        };
        Some(Header::new(name, value))
    };
    (0..).map_while(header).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::Mutex,
    };

    use super::*;

    /// Keeps what is logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_outage_is_told_once_and_again_after_a_recovery() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_writer(move || writer.clone()).without_time().with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || {
            let outage = Outage::default();
            let begins =
                || outage.begins(&KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
            outage.ends();
            (0..5).for_each(|_| begins());
            outage.ends();
            outage.ends();
            (0..2).for_each(|_| begins());
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
        assert_eq!(lines, ["WARN", "INFO", "WARN"], "{text}");
    }
}
