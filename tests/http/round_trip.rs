//! Every event that was acknowledged comes back out of Kafka whole, as an independent decoder reads it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cloudevents::{
    Data, Event,
    event::SpecVersion,
    message::{BinaryDeserializer, BinarySerializer, MessageAttributeValue, Result},
};
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::{Headers, OwnedMessage},
    mocking::MockCluster,
};
use sluice::channel::{
    Channel,
    kafka::{Kafka, Settings},
};

use crate::app::{App, catalog};

/// A record, for the decoder to take apart.
struct Received(OwnedMessage);

impl Received {
    fn headers(&self) -> impl Iterator<Item = (&str, String)> {
        let headers = self.0.headers().into_iter().flat_map(|headers| headers.iter());
        headers.map(|header| {
            let value = header.value.expect("no header is without a value");
            (header.key, String::from_utf8(value.to_vec()).expect("headers are UTF-8"))
        })
    }
}

impl BinaryDeserializer for Received {
    fn deserialize_binary<R: Sized, V: BinarySerializer<R>>(self, mut visitor: V) -> Result<R> {
        visitor = visitor.set_spec_version(SpecVersion::V10)?;
        for (header, value) in self.headers() {
            let value = MessageAttributeValue::String(value);
            visitor = match header.strip_prefix("ce_") {
                Some("specversion") => visitor,
                Some(name @ ("id" | "source" | "type" | "time" | "subject" | "dataschema")) => {
                    visitor.set_attribute(name, value)?
                }
                Some(extension) => visitor.set_extension(extension, value)?,
                None if header == "content-type" => visitor.set_attribute("datacontenttype", value)?,
                None => visitor,
            };
        }
        match self.0.payload() {
            Some(payload) => visitor.end_with_data(payload.to_vec()),
            None => visitor.end(),
        }
    }
}

/// An event: its attributes and extensions without those that sluice makes, its data, and the record's key.
type Seen = (BTreeMap<String, String>, Option<String>, Option<String>);

fn seen(received: Received) -> Seen {
    let key = received.0.key().map(|key| String::from_utf8_lossy(key).into_owned());
    let event: Event = received.into_event().expect("an event");
    let mut attributes: BTreeMap<_, _> =
        event.iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
    if attributes["source"] == "/sluice" {
        assert!(uuid::Uuid::parse_str(&attributes["id"]).is_ok() && attributes.contains_key("time"));
        attributes.retain(|name, _| name != "id" && name != "time");
    }
    let data = event.data().map(|data| match data {
        Data::Binary(bytes) => String::from_utf8(bytes.clone()).expect("these payloads are UTF-8"),
        Data::String(_) | Data::Json(_) => "the decoder was to keep the bytes".to_owned(),
    });
    (attributes, data, key)
}

fn sent(attributes: &[(&str, &str)], data: Option<&str>, key: Option<&str>) -> Seen {
    let attributes = attributes.iter().chain(&[("specversion", "1.0")]);
    let attributes = attributes.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    (attributes, data.map(str::to_owned), key.map(str::to_owned))
}

/// Sends events in every form that sluice takes; returns what must be in `things` and in `status`.
async fn send_all(app: &App) -> [Vec<Seen>; 2] {
    let structured = "content-type: application/cloudevents+json";
    let batch = "content-type: application/cloudevents-batch+json";
    let ndjson = "content-type: application/x-ndjson";
    let binary = [
        "content-type: application/json; charset=utf-8",
        "ce-specversion: 1.0",
        "ce-id: b%2D1",
        "ce-source: /trucks/%25201",
        "ce-type: anything",
        "ce-time: 2026-01-31T12:00:00Z",
        "ce-subject: Euro%20%E2%82%AC%20%F0%9F%98%80",
        "ce-dataschema: https://acme.example/schema",
        "ce-partitionkey: \"k 1\"",
        "ce-comexampleothervalue: 5",
    ];
    let one = r#"{"specversion":"1.0","id":"s-1","source":"urn:acme","type":"anything","subject":"\u20ac","flag":true,"count":-7,
        "data" : {"a" : 1.50,"b":"\u00e9"} }"#;
    let many = r#"[{"specversion":"1.0","id":"m-1","source":"/m","type":"anything","data":"text"},
        {"specversion":"1.0","id":"m-2","source":"/m","type":"status","partitionkey":"t2"},
        {"specversion":"1.0","id":"m-3","source":"/m","type":"anything","datacontenttype":"a/b+json","data_base64":"IHsgfQ=="}]"#;
    let trace = "00-11111111111111111111111111111111-2222222222222222-01";
    for (path, headers, body) in [
        ("/v1/events", &binary[..], "{ \"a\" : 1.50,\"b\":\"\\u00e9\" }\n"),
        ("/v1/events", &[structured], one),
        ("/v1/events", &[batch], many),
        ("/v1/events/anything", &[&format!("traceparent: {trace}")], " [1,  2]"),
        ("/v1/events/status", &[ndjson], "{\"trip\":{\"id\":\"t1\"}}\r\n{\"trip\":{\"id\":2.50}}\n"),
    ] {
        let reply = app.post(path, headers, body).await;
        assert_eq!(reply.status, 200, "{reply}");
    }
    let json = ("datacontenttype", "application/json");
    let address = |kind: &str| format!("http://sluice.example/v1/products/people/schemas/{kind}");
    let plain_status = [("source", "/sluice"), ("type", "status"), json, ("dataschema", &address("status"))];
    let things = vec![
        sent(
            &[
                ("datacontenttype", "application/json; charset=utf-8"),
                ("id", "b-1"),
                ("source", "/trucks/%201"),
                ("type", "anything"),
                ("time", "2026-01-31T12:00:00+00:00"),
                ("subject", "Euro € 😀"),
                ("dataschema", "https://acme.example/schema"),
                ("partitionkey", "k 1"),
                ("comexampleothervalue", "5"),
            ],
            Some("{ \"a\" : 1.50,\"b\":\"\\u00e9\" }\n"),
            Some("k 1"),
        ),
        sent(
            &[
                ("id", "s-1"),
                ("source", "urn:acme"),
                ("type", "anything"),
                ("subject", "€"),
                ("flag", "true"),
                ("count", "-7"),
                json,
            ],
            Some(r#"{"a" : 1.50,"b":"\u00e9"}"#),
            None,
        ),
        sent(&[("id", "m-1"), ("source", "/m"), ("type", "anything"), json], Some("\"text\""), None),
        sent(
            &[("id", "m-3"), ("source", "/m"), ("type", "anything"), ("datacontenttype", "a/b+json")],
            Some(" { }"),
            None,
        ),
        sent(
            &[
                ("source", "/sluice"),
                ("type", "anything"),
                json,
                ("dataschema", &address("anything")),
                ("traceparent", trace),
            ],
            Some(" [1,  2]"),
            None,
        ),
    ];
    let status = vec![
        sent(&[("id", "m-2"), ("source", "/m"), ("type", "status"), ("partitionkey", "t2")], None, Some("t2")),
        sent(&plain_status, Some("{\"trip\":{\"id\":\"t1\"}}"), Some("t1")),
        sent(&plain_status, Some("{\"trip\":{\"id\":2.50}}"), Some("2.50")),
    ];
    [things, status]
}

/// The first so many records of the only partition of a topic.
fn read(brokers: &str, topic: &str, count: usize) -> Vec<Seen> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "round-trip")
        .set("enable.auto.commit", "false")
        .create()
        .expect("a consumer");
    let mut partitions = TopicPartitionList::new();
    partitions.add_partition_offset(topic, 0, Offset::Beginning).expect("an offset");
    consumer.assign(&partitions).expect("assigned");
    let mut records = Vec::new();
    while records.len() < count {
        let message = consumer.poll(Duration::from_secs(20)).expect("a record within the time").expect("a record");
        records.push(seen(Received(message.detach())));
    }
    records
}

async fn round_trip(brokers: String, prefix: &str) {
    let channel = Kafka::open(&brokers.split(',').map(str::to_owned).collect::<Vec<_>>(), &Settings::default());
    let channel: Arc<dyn Channel> = Arc::new(channel.expect("a channel"));
    let catalog = catalog(false, prefix);
    channel.create_topics(&catalog.topics()).await.expect("topics are created");
    let mut app = App::builder().with_topics(prefix).start_on(channel).await;
    let [things, status] = send_all(&app).await;
    app.begin_to_stop();
    assert!(app.stopped().await.is_clean());
    for (topic, expected) in [("things", things), ("status", status)] {
        let (brokers, topic, count) = (brokers.clone(), format!("{prefix}{topic}"), expected.len());
        let found = tokio::task::spawn_blocking(move || read(&brokers, &topic, count)).await.expect("read");
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn every_event_comes_back_from_a_mock_of_kafka() {
    let cluster = MockCluster::new(1).expect("a mock cluster");
    for topic in ["Identity", "things", "status"] {
        cluster.create_topic(topic, 1, 1).expect("a topic");
    }
    round_trip(cluster.bootstrap_servers(), "").await;
}

#[tokio::test]
#[ignore = "needs a Kafka broker at SLUICE_TEST_KAFKA"]
async fn every_event_comes_back_from_kafka() {
    let brokers = std::env::var("SLUICE_TEST_KAFKA").expect("SLUICE_TEST_KAFKA is the address of a broker");
    round_trip(brokers, &format!("{}-", uuid::Uuid::now_v7())).await;
}
