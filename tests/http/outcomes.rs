//! One outcome for each event, whatever the channel does; the counters of all outcomes sum to what was received.

use std::time::Duration;

use insta::assert_snapshot;
use sluice::{channel::AppendError, ingest::ack::Outcome};
use tokio::io::AsyncWriteExt;

use crate::app::{App, request};

const JSON: &str = "content-type: application/json";
const NDJSON: &str = "content-type: application/x-ndjson";
const PATH: &str = "/v1/events/anything";

/// The counters, those that are not zero.
fn outcomes(app: &App) -> Vec<(&'static str, u64)> {
    let counted = Outcome::ALL.map(|outcome| (outcome.name(), app.metrics.outcomes(outcome)));
    let sum: u64 = counted.iter().map(|(_, count)| count).sum();
    assert_eq!(sum, app.metrics.events_received.get(), "{counted:?}");
    counted.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[tokio::test]
async fn every_event_counts_once() {
    let app = App::new().await;
    app.post(PATH, &[JSON], "1").await;
    app.post(PATH, &[NDJSON], "1\n{\n3").await;
    app.post("/v1/events/Identity", &[JSON], "{}").await;
    app.post("/v1/events/nobody", &[JSON], "{}").await;
    app.post("/v1/events", &[JSON], "{}").await;
    app.post(PATH, &["content-encoding: br"], "{}").await;
    app.post(PATH, &[NDJSON], "").await;
    assert_eq!(outcomes(&app), [("accepted", 3), ("invalid", 1), ("rejected", 4)]);
}

#[tokio::test]
async fn refusals_of_the_channel() {
    let app = App::new().await;
    for (error, status, code, retry_after) in [
        (AppendError::QueueFull, 503, "queue-full", Some("1")),
        (AppendError::Unavailable("no broker".to_owned()), 503, "channel-unavailable", Some("5")),
        (AppendError::UnknownTopic("things".into()), 503, "topic-missing", Some("5")),
        (AppendError::TooLarge { size: 9, reason: "8 at most".to_owned() }, 413, "record-too-large", None),
        (AppendError::Refused("not authorized".to_owned()), 502, "channel-refused", None),
        (AppendError::Unconfirmed("no answer".into()), 504, "outcome-unknown", None),
    ] {
        app.memory.refuse(Some(error));
        let reply = app.post(PATH, &[JSON], "1").await;
        assert_eq!((reply.status, reply.code().as_str(), reply.header("retry-after")), (status, code, retry_after));
        let many = app.post(PATH, &[NDJSON], "1\n2").await;
        assert_eq!((many.status, many.header("retry-after")), (status, retry_after));
    }
    app.memory.refuse(None);
    assert_eq!(app.memory.topics(), Vec::<std::sync::Arc<str>>::new());
    assert_eq!(outcomes(&app), [("rejected", 3), ("unavailable", 12), ("unknown", 3)]);
}

#[tokio::test]
async fn a_channel_that_is_full() {
    let app = App::new().await;
    app.memory.stall();
    app.memory.limit_queue(1);
    let (reply, ()) = tokio::join!(app.post(PATH, &[NDJSON], "1\n2"), async {
        while app.memory_depth() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        app.memory.resume();
    });
    assert_snapshot!("many_with_a_full_queue", reply);
    assert_eq!(outcomes(&app), [("accepted", 1), ("unavailable", 1)]);
}

#[tokio::test]
async fn a_channel_that_loses_acknowledgements() {
    let app = App::new().await;
    app.memory.lose_acks(true);
    assert_snapshot!("ack_lost", app.post(PATH, &[JSON], "1").await);
    assert_eq!(outcomes(&app), [("unknown", 1)]);
}

#[tokio::test]
async fn a_channel_that_stalls() {
    let app = App::builder().set(|settings| settings.ingest.append_timeout = Duration::from_millis(50)).start().await;
    app.memory.stall();
    assert_snapshot!("append_timeout", app.post(PATH, &[JSON], "1").await);
    assert_eq!(outcomes(&app), [("unknown", 1)]);
}

#[tokio::test]
async fn a_sender_that_leaves() {
    let app = App::new().await;
    app.memory.stall();
    let mut stream = app.connect().await;
    stream.write_all(&request("POST", PATH, &[NDJSON], b"1\n2")).await.expect("sent");
    while app.memory_depth() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    while outcomes_settled(&app) < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    app.memory.resume();
    assert_eq!(outcomes(&app), [("failed", 2)]);
}

/// How many events have an outcome; fewer than were received while some are under way.
fn outcomes_settled(app: &App) -> u64 {
    Outcome::ALL.iter().map(|outcome| app.metrics.outcomes(*outcome)).sum()
}

#[tokio::test]
async fn a_sender_that_breaks_off() {
    let app = App::new().await;
    let mut stream = app.connect().await;
    stream.write_all(&request("POST", PATH, &[JSON, "content-length: 10"], b"")).await.expect("sent");
    stream.write_all(b"12345").await.expect("sent");
    stream.shutdown().await.expect("closed");
    while outcomes_settled(&app) < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(outcomes(&app), [("rejected", 1)]);
    assert_eq!(app.memory.records("things").len(), 0);
}

#[tokio::test]
async fn a_check_that_breaks() {
    let app = App::new().await;
    assert_snapshot!("internal", app.post(PATH, &[JSON], "\"break\"").await);
    assert_eq!(outcomes(&app), [("failed", 1)]);
    assert_eq!(app.post(PATH, &[JSON], "1").await.status, 200);
}

#[tokio::test]
async fn metrics_are_served() {
    let app = App::new().await;
    app.post("/v1/events/Identity", &[JSON], r#"{"first":"A"}"#).await;
    app.post("/v1/events/Identity", &[JSON], "{}").await;
    app.get("/nowhere", &[]).await;
    let text = app.get("/metrics", &[]).await.body;
    for line in [
        "sluice_events_received_total 2",
        "sluice_events_total{outcome=\"accepted\",product=\"people\",type=\"Identity\"} 1",
        "sluice_events_total{outcome=\"invalid\",product=\"people\",type=\"Identity\"} 1",
        "sluice_event_bytes_total{product=\"people\",type=\"Identity\"} 13",
        "sluice_violations_total{rule=\"required\",type=\"Identity\"} 1",
        "sluice_append_duration_seconds_count 1",
        "sluice_http_requests_total{route=\"/v1/events/{type}\",status=\"200\"} 1",
        "sluice_http_requests_total{route=\"/v1/events/{type}\",status=\"422\"} 1",
        "sluice_http_requests_total{route=\"\",status=\"404\"} 1",
        "sluice_http_request_duration_seconds_count{route=\"/v1/events/{type}\"} 2",
        "sluice_channel_up 1",
        "sluice_channel_queue_records 0",
        "sluice_catalog_products 1",
        "sluice_catalog_event_types 3",
        "sluice_http_body_bytes_in_flight 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
    }
    assert!(text.contains("sluice_build_info{version=") && text.contains("process_resident_memory_bytes"));
}
