//! CloudEvents as they come and as they go: every attribute, every byte of data.

use insta::assert_snapshot;
use sluice::ingest::ContentMode;

use crate::app::App;

const STRUCTURED: &str = "content-type: application/cloudevents+json";
const BATCH: &str = "content-type: application/cloudevents-batch+json; charset=utf-8";
const JSON: &str = "content-type: application/json";

/// The headers of a binary event of this type.
fn binary<'a>(kind: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["ce-specversion: 1.0", "ce-id: 1", "ce-source: /s", kind], more].concat()
}

/// A structured event of this type.
fn structured(id: &str, kind: &str, more: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"{id}","source":"/s","type":"{kind}"{more}}}"#)
}

#[tokio::test]
async fn binary_mode_keeps_attributes_and_bytes() {
    let app = App::new().await;
    let headers = binary(
        "CE-Type: anything",
        &[
            "content-type: application/vnd.acme+json; charset=utf-8",
            "ce-time: 2026-01-31T12:00:00.123456789+01:00",
            "ce-subject: Euro%20%E2%82%AC%20%F0%9F%98%80",
            "ce-dataschema: urn:acme:schema",
            "ce-partitionkey: \"a \\\"key\\\"\"",
            "ce-comexampleothervalue: 5",
            "ce-traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "traceparent: 00-11111111111111111111111111111111-2222222222222222-01",
            "tracestate: acme=1",
        ],
    );
    assert_snapshot!("binary_accepted", app.post("/v1/events", &headers, "{ \"a\" : 1.50,\"b\":\"\\u00e9\" }\n").await);
    assert_snapshot!("binary_record", app.records("things").join("\n\n"));
}

#[tokio::test]
async fn binary_mode_without_a_media_type_is_json() {
    let app = App::new().await;
    assert_eq!(app.post("/v1/events", &binary("ce-type: anything", &[]), "{}").await.status, 200);
    assert!(app.records("things")[0].contains("content-type: application/json\n"));
}

#[tokio::test]
async fn structured_mode_keeps_attributes_and_bytes() {
    let app = App::new().await;
    let more = r#", "data" : {"a" : 1.50, "b":"\u00e9"} ,"time":"2026-01-31T12:00:00z","subject":"\u20ac \"","datacontenttype":"text/json","num":-7,"flag":true,"gone":null"#;
    assert_snapshot!(
        "structured_accepted",
        app.post("/v1/events", &[STRUCTURED], structured("1", "anything", more)).await
    );
    assert_snapshot!("structured_record", app.records("things").join("\n\n"));
    let base64 = r#","datacontenttype":"application/json","data_base64":"eyJhIjogMX0=""#;
    assert_eq!(app.post("/v1/events", &[STRUCTURED], structured("2", "anything", base64)).await.status, 200);
    assert_eq!(app.memory.records("things")[1].record.value.as_deref(), Some(&b"{\"a\": 1}"[..]));
}

#[tokio::test]
async fn records_in_structured_mode() {
    let app = App::builder().set(|settings| settings.ingest.content_mode = ContentMode::Structured).start().await;
    let headers = binary("ce-type: status", &["ce-subject: %22%E2%82%AC", "ce-ext: 1"]);
    assert_eq!(app.post("/v1/events", &headers, r#"{"trip" : {"id":"a"}}"#).await.status, 200);
    assert_eq!(app.post("/v1/events/status", &[JSON], r#"{"trip" : {"id":"b"}}"#).await.status, 200);
    let tombstone = binary("ce-type: status", &["ce-partitionkey: a"]);
    assert_eq!(app.post("/v1/events", &tombstone, "").await.status, 200);
    assert_snapshot!("structured_mode_records", app.records("status").join("\n\n"));
}

#[tokio::test]
async fn media_types_do_not_care_for_case() {
    let app = App::new().await;
    let headers = ["Content-Type: Application/CloudEvents+JSON; Charset=UTF-8"];
    assert_eq!(app.post("/v1/events", &headers, structured("1", "anything", r#","data":1"#)).await.status, 200);
}

#[tokio::test]
async fn a_batch_is_answered_event_by_event() {
    let app = App::new().await;
    let events = [
        structured("1", "anything", r#","data":1"#),
        structured("2", "nobody", r#","data":1"#),
        structured("", "anything", r#","data":1"#),
        structured("4", "anything", r#","data":{"a":1,"a":2}"#),
        "7".to_owned(),
        structured("6", "Identity", r#","data":{"first":"A","Age":130}"#),
        structured("7", "anything", r#","data": [ 2 ]"#),
    ];
    let body = format!("[\n{}\n]", events.join(",\n"));
    assert_snapshot!("batch_mixed", app.post("/v1/events?results=all", &[BATCH], body).await);
    let values: Vec<_> = app.memory.records("things").iter().map(|stored| stored.record.value.clone()).collect();
    assert_eq!(values, [Some("1".into()), Some("[ 2 ]".into())]);
    assert_snapshot!("batch_empty", app.post("/v1/events", &[BATCH], "[]").await);
    assert_snapshot!("batch_malformed", app.post("/v1/events", &[BATCH], "[{}").await);
    assert_snapshot!("batch_no_list", app.post("/v1/events", &[BATCH], "{}").await);
}

#[tokio::test]
async fn what_is_no_cloudevent() {
    let app = App::new().await;
    assert_snapshot!("no_cloudevent", app.post("/v1/events", &[JSON], "{}").await);
    assert_snapshot!("other_format", app.post("/v1/events", &["content-type: application/cloudevents+avro"], "").await);
    let headers = ["ce-specversion: 1.0", "ce-id: 1", "ce-type: anything"];
    assert_snapshot!("attribute_missing", app.post("/v1/events", &headers, "{}").await);
    let text = app.post("/v1/events", &binary("ce-type: anything", &["content-type: text/xml"]), "<a/>").await;
    assert_snapshot!("data_not_json", text);
    let base64 = structured("1", "anything", r#","data_base64":"e30=""#);
    assert_snapshot!("data_of_no_media_type", app.post("/v1/events", &[STRUCTURED], base64).await);
    assert_snapshot!("structured_list", app.post("/v1/events", &[STRUCTURED], "[]").await);
    assert_snapshot!("envelope_on_payloads", app.post("/v1/events/anything", &["ce-id: 1", JSON], "{}").await);
    assert_eq!(app.records("things"), Vec::<String>::new());
}

#[tokio::test]
async fn keys_come_from_the_payload_or_the_partitionkey() {
    let app = App::new().await;
    let key = |topic: &str| app.memory.records(topic).last().expect("a record").record.key.clone();
    for (data, expected) in [(r#"{"trip":{"id":"é\u00e9"}}"#, "éé"), (r#"{"trip":{"id":1.50}}"#, "1.50")] {
        assert_eq!(app.post("/v1/events/status", &[JSON], data).await.status, 200);
        assert_eq!(key("status").as_deref(), Some(expected.as_bytes()));
    }
    // The description names a field; an attribute does not change the key.
    let headers = binary("ce-type: status", &["ce-partitionkey: other"]);
    assert_eq!(app.post("/v1/events", &headers, r#"{"trip":{"id":"a"}}"#).await.status, 200);
    assert_eq!(key("status").as_deref(), Some(&b"a"[..]));
    let headers = binary("ce-type: anything", &["ce-partitionkey: a%20b"]);
    assert_eq!(app.post("/v1/events", &headers, "1").await.status, 200);
    assert_eq!(key("things").as_deref(), Some(&b"a b"[..]));
    assert_snapshot!("no_key", app.post("/v1/events/status", &[JSON], r#"{"trip":{}}"#).await);
    assert_snapshot!("key_is_an_object", app.post("/v1/events/status", &[JSON], r#"{"trip":{"id":{}}}"#).await);
}

#[tokio::test]
async fn no_data_deletes_a_key_of_a_compacted_topic_only() {
    let app = App::new().await;
    let headers = binary("ce-type: status", &["ce-partitionkey: a"]);
    assert_eq!(app.post("/v1/events", &headers, "").await.status, 200);
    assert_snapshot!("tombstone", app.records("status").join("\n\n"));
    assert_snapshot!("tombstone_without_key", app.post("/v1/events", &binary("ce-type: status", &[]), "").await);
    assert_snapshot!("no_data", app.post("/v1/events", &[STRUCTURED], structured("1", "anything", "")).await);
    let null = app.post("/v1/events", &[STRUCTURED], structured("1", "anything", r#","data":null"#)).await;
    assert_eq!((null.status, app.memory.records("things")[0].record.value.as_deref()), (200, Some(&b"null"[..])));
}

#[tokio::test]
async fn a_plain_payload_carries_the_trace_that_brought_it() {
    let app = App::new().await;
    let trace = "traceparent: 00-11111111111111111111111111111111-2222222222222222-01";
    assert_eq!(app.post("/v1/events/anything", &[JSON, trace], "1").await.status, 200);
    assert_snapshot!("trace_of_plain_payload", app.records("things").join("\n\n"));
    assert_eq!(app.post("/v1/events/anything", &[JSON, "traceparent: nonsense"], "1").await.status, 200);
    assert!(!app.records("things")[1].contains("traceparent"));
}

#[tokio::test]
async fn web_hooks_shake_hands() {
    let app = App::new().await;
    let headers = ["webhook-request-origin: events.example", "webhook-request-rate: 100"];
    assert_snapshot!("webhook_handshake", app.send("OPTIONS", "/v1/events", &headers, "").await);
}
