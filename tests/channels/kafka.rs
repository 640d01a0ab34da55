//! What only the Kafka channel has: brokers that are away, slow, or refuse.

use std::{
    ffi::OsStr,
    io::Write as _,
    os::unix::ffi::OsStrExt as _,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, ResourceSpecifier},
    client::DefaultClientContext,
    types::{RDKafkaApiKey, RDKafkaRespErr},
};
use sluice::channel::{
    AppendError, Channel, Header, ReadFrom, Receipt, Record, TopicSpec,
    kafka::{Kafka, Settings},
};

use crate::{
    fixture::{Fault as _, MockBroker, RECORD_BYTES_MAX, kafka_settings, real_kafka_address},
    suite::record,
};

fn event(topic: &str) -> Record {
    record(&topic.into(), "trip-1", "{}")
}

fn spec(topic: &str) -> TopicSpec {
    TopicSpec { name: topic.into(), partitions: 2, replication: None, compacted: false, retention: None }
}

fn mock(settings: &Settings) -> (MockBroker, Kafka) {
    let broker = MockBroker::start();
    broker.run(|cluster| cluster.create_topic("trips", 1, 1).unwrap());
    let channel = Kafka::open(std::slice::from_ref(&broker.address), settings).unwrap();
    (broker, channel)
}

async fn append(channel: &Kafka, record: Record) -> Result<Receipt, AppendError> {
    channel.append(vec![record]).await.pop().unwrap()
}

#[tokio::test]
async fn an_event_for_a_missing_topic_is_refused_alone_and_quickly() {
    // Were it not quick, it would be answered by a timeout, which is another error.
    let (broker, channel) = mock(&Settings { delivery_timeout_ms: 20_000, ..kafka_settings() });
    for _ in 0..2 {
        let appended = channel.append(vec![event("trips"), event("absent"), event("trips")]).await;
        assert_eq!(appended[1], Err(AppendError::UnknownTopic("absent".into())));
        assert!(appended[0].is_ok() && appended[2].is_ok(), "{appended:?}");
    }
    let readiness = channel.readiness(&[spec("trips"), spec("absent")]).await;
    assert_eq!(readiness.missing_topics, [Arc::from("absent")]);
    assert_eq!(readiness.unreachable, None);

    broker.run(|cluster| cluster.create_topic("absent", 1, 1).unwrap());
    until_taken(&channel, "absent").await;
}

/// Sends until the channel has noticed that the topic can be written.
async fn until_taken(channel: &Kafka, topic: &str) -> Receipt {
    for _ in 0..100 {
        if let Ok(receipt) = append(channel, event(topic)).await {
            return receipt;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("topic {topic} can be written and is never taken");
}

#[tokio::test]
async fn a_broker_that_is_away_gets_nothing_after_the_answer() {
    let (broker, channel) = mock(&Settings { delivery_timeout_ms: 3000, ..kafka_settings() });
    let before = until_taken(&channel, "trips").await;
    broker.stall();
    // The client learns of it while this one is under way, so it may have to leave open what became of it.
    let error = append(&channel, event("trips")).await.unwrap_err();
    assert!(matches!(error, AppendError::Unavailable(_) | AppendError::Unconfirmed(_)), "{error:?}");
    let error = append(&channel, event("trips")).await.unwrap_err();
    assert_eq!(error, AppendError::Unavailable("not acknowledged within 3000 ms".to_owned()));
    assert!(error.retriable());
    let reason = channel.readiness(&[]).await.unreachable.unwrap();
    assert!(reason.starts_with(&format!("no answer from {} within 3 s: ", broker.address)), "{reason}");

    broker.resume();
    let after = until_taken(&channel, "trips").await;
    assert_eq!(after.offset, before.offset + 1);
    assert!(channel.readiness(&[]).await.is_ready());
}

#[tokio::test]
async fn a_broker_that_answers_too_late_leaves_it_unknown() {
    let (broker, channel) = mock(&Settings { delivery_timeout_ms: 1000, ..kafka_settings() });
    until_taken(&channel, "trips").await;
    broker.run(|cluster| cluster.broker_round_trip_time(-1, Duration::from_secs(20)).unwrap());
    let error = append(&channel, event("trips")).await.unwrap_err();
    assert!(matches!(error, AppendError::Unconfirmed(_)), "{error:?}");
}

/// Three appends of ten records to a broker that takes its time, so that the first holds up the others; what `then` leads
/// to must be their receipts, in the order of the calls.
async fn held_behind_others<F: Future<Output = ()>>(linger: Duration, then: impl FnOnce(Arc<Kafka>) -> F) {
    let linger_us = u32::try_from(linger.as_micros()).unwrap();
    let (broker, channel) = mock(&Settings { linger_us, queue_records_max: 100, ..kafka_settings() });
    let first = until_taken(&channel, "trips").await.offset;
    broker.run(|cluster| cluster.broker_round_trip_time(-1, Duration::from_millis(300)).unwrap());
    let channel = Arc::new(channel);
    let appends: Vec<_> = (0..3).map(|_| channel.append(vec![event("trips"); 10])).collect();
    then(Arc::clone(&channel)).await;
    let mut offsets = Vec::new();
    for append in appends {
        offsets.extend(append.await.into_iter().map(|receipt| receipt.unwrap().offset));
    }
    assert_eq!(offsets, (first + 1..=first + 30).collect::<Vec<_>>());
}

#[tokio::test]
async fn records_go_when_those_before_them_are_acknowledged() {
    held_behind_others(Duration::from_secs(600), async |_| {}).await;
}

#[tokio::test]
async fn records_go_when_they_were_held_long_enough() {
    held_behind_others(Duration::from_millis(1), async |_| {}).await;
}

#[tokio::test]
async fn records_go_before_the_channel_closes() {
    let close = async |channel: Arc<Kafka>| assert_eq!(channel.close(Duration::from_secs(20)).await, 0);
    held_behind_others(Duration::from_secs(600), close).await;
}

#[tokio::test]
async fn what_the_broker_refuses_is_told_apart() {
    let (broker, channel) = mock(&kafka_settings());
    append(&channel, event("trips")).await.unwrap();
    let fail = |error: RDKafkaRespErr| {
        broker.run(move |cluster| cluster.request_errors(RDKafkaApiKey::Produce, &[error]));
    };

    fail(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    let error = append(&channel, event("trips")).await.unwrap_err();
    assert!(matches!(error, AppendError::Refused(_)), "{error:?}");
    assert!(!error.retriable());
    until_taken(&channel, "trips").await;

    fail(RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    let error = append(&channel, event("trips")).await.unwrap_err();
    assert!(
        matches!(&error, AppendError::TooLarge { reason, .. } if reason.contains("max.message.bytes")),
        "{error:?}"
    );

    let large = Record { value: Some(vec![b'x'; RECORD_BYTES_MAX].into()), ..event("trips") };
    let error = append(&channel, large).await.unwrap_err();
    assert!(matches!(&error, AppendError::TooLarge { reason, .. } if reason.contains("100000")), "{error:?}");

    // What passes by itself is tried again, not told.
    fail(RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    append(&channel, event("trips")).await.unwrap();
}

#[tokio::test]
async fn a_producer_that_failed_for_good_is_replaced() {
    let broker = MockBroker::start();
    broker.run(|cluster| {
        cluster.create_topic("trips", 1, 1).unwrap();
        let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
        cluster.request_errors(RDKafkaApiKey::InitProducerId, &[refused]);
    });
    let channel = Kafka::open(std::slice::from_ref(&broker.address), &kafka_settings()).unwrap();
    let error = append(&channel, event("trips")).await.unwrap_err();
    assert!(matches!(error, AppendError::Unavailable(_) | AppendError::Refused(_)), "{error:?}");
    assert_eq!(until_taken(&channel, "trips").await.offset, 0);
}

#[tokio::test]
async fn reading_a_missing_topic_says_so() {
    let (_broker, channel) = mock(&kafka_settings());
    let error = channel.reader("absent", ReadFrom::Beginning).await.err().unwrap();
    assert_eq!(error.to_string(), "topic \"absent\" does not exist");
}

#[test]
fn settings_that_break_a_promise_open_no_channel() {
    let settings: Settings = serde_json::from_str(r#"{"properties": {"acks": 1}}"#).unwrap();
    let error = Kafka::open(&["localhost:9092".to_owned()], &settings).unwrap_err();
    assert_eq!(
        error.to_string(),
        "kafka.properties.\"acks\": can't be set: an event is acknowledged by all in-sync replicas, always"
    );
}

#[tokio::test]
#[ignore = "needs a Kafka broker: scripts/kafka up"]
async fn topics_are_created_as_described() {
    let channel = Kafka::open(&[real_kafka_address()], &kafka_settings()).unwrap();
    let name = format!("test-created-{}", std::process::id());
    let compacted =
        TopicSpec { compacted: true, replication: Some(1), retention: Some(Duration::from_secs(3600)), ..spec(&name) };
    assert_eq!(
        channel.readiness(std::slice::from_ref(&compacted)).await.missing_topics,
        std::slice::from_ref(&compacted.name)
    );
    for _ in 0..2 {
        channel.create_topics(std::slice::from_ref(&compacted)).await.unwrap();
        assert!(channel.readiness(std::slice::from_ref(&compacted)).await.is_ready());
    }
    append(&channel, event(&name)).await.unwrap();

    let mut client = ClientConfig::new();
    let admin: AdminClient<DefaultClientContext> =
        client.set("bootstrap.servers", real_kafka_address()).create().unwrap();
    let metadata = admin.inner().fetch_metadata(Some(&name), Duration::from_secs(10)).unwrap();
    assert_eq!(metadata.topics()[0].partitions().len(), 2);
    let described = admin.describe_configs(&[ResourceSpecifier::Topic(&name)], &AdminOptions::new()).await.unwrap();
    let described = described.into_iter().next().unwrap().unwrap();
    let value = |name| described.get(name).and_then(|entry| entry.value.clone());
    assert_eq!(value("cleanup.policy").as_deref(), Some("compact,delete"));
    assert_eq!(value("retention.ms").as_deref(), Some("3600000"));

    let too_many = TopicSpec { replication: Some(99), ..spec("test-too-many-replicas") };
    let error = channel.create_topics(&[too_many]).await.unwrap_err().to_string();
    assert!(error.starts_with("can't create topic \"test-too-many-replicas\": "), "{error}");
}

#[tokio::test]
#[ignore = "needs a Kafka broker (scripts/kafka up) and kcat"]
async fn records_of_others_are_read_whatever_their_headers_are_called() {
    let channel = Kafka::open(&[real_kafka_address()], &kafka_settings()).unwrap();
    let name = format!("test-foreign-{}", std::process::id());
    channel.create_topics(&[TopicSpec { partitions: 1, replication: Some(1), ..spec(&name) }]).await.unwrap();
    let mut kcat = Command::new("kcat")
        .args(["-P", "-b", &real_kafka_address(), "-t", &name, "-H", "plain=1", "-H"])
        .arg(OsStr::from_bytes(b"odd\xff=2"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    kcat.stdin.take().unwrap().write_all(b"{}").unwrap();
    assert!(kcat.wait().unwrap().success());

    let mut reader = channel.reader(&name, ReadFrom::Beginning).await.unwrap();
    let record = reader.next(Duration::from_secs(10)).await.unwrap().unwrap().record;
    let expected = [Header::new("plain", "1"), Header::new("odd\u{fffd}", "2")];
    assert_eq!(record.headers, expected.into_iter().collect());
}

#[tokio::test]
#[ignore = "needs a Kafka broker: scripts/kafka up"]
async fn a_topic_that_was_deleted_is_missing() {
    let channel = Kafka::open(&[real_kafka_address()], &kafka_settings()).unwrap();
    let name = format!("test-deleted-{}", std::process::id());
    channel.create_topics(&[TopicSpec { replication: Some(1), ..spec(&name) }]).await.unwrap();
    append(&channel, event(&name)).await.unwrap();

    let mut client = ClientConfig::new();
    let admin: AdminClient<DefaultClientContext> =
        client.set("bootstrap.servers", real_kafka_address()).create().unwrap();
    admin.delete_topics(&[&name], &AdminOptions::new()).await.unwrap().pop().unwrap().unwrap();
    let error = append(&channel, event(&name)).await.unwrap_err();
    assert_eq!(error, AppendError::UnknownTopic(name.as_str().into()));
}
