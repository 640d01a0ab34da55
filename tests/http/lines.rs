//! NDJSON that is taken while it is still arriving.

use std::time::Duration;

use insta::assert_snapshot;
use sluice::ingest::ack::Outcome;
use tokio::io::AsyncWriteExt;

use crate::app::{App, Builder, Reply, request};

const NDJSON: &str = "content-type: application/x-ndjson";
const PATH: &str = "/v1/events/anything";

/// Four windows of 100 bytes are under way at once.
fn windows() -> Builder {
    App::builder().set(|settings| settings.ingest.limits.window_bytes_max = 400)
}

/// Lines of ten bytes.
fn lines(count: usize) -> String {
    (0..count).map(|number| format!("{number:>9}\n")).collect()
}

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn count(app: &App, outcome: Outcome) -> u64 {
    app.metrics.outcomes(outcome)
}

#[tokio::test]
async fn lines_are_written_while_others_are_on_their_way() {
    let app = windows().start().await;
    let (first, second) = (lines(12), lines(30));
    let length = format!("content-length: {}", first.len() + second.len());
    let mut stream = app.connect().await;
    stream.write_all(&request("POST", PATH, &[NDJSON, &length], b"")).await.unwrap();
    stream.write_all(first.as_bytes()).await.unwrap();
    until(|| app.memory.records("things").len() == 10).await;
    stream.write_all(second.as_bytes()).await.unwrap();
    let reply = Reply::read(&mut stream).await;
    assert_eq!((reply.status, reply.json()["accepted"].as_u64()), (200, Some(42)));
    let values = app.memory.records("things").into_iter().map(|stored| stored.record.value.unwrap());
    assert_eq!(values.collect::<Vec<_>>().join(&b"\n"[..]), (first + &second).trim_end().as_bytes());
}

#[tokio::test]
async fn no_more_than_the_windows_is_under_way() {
    let app = windows().start().await;
    app.memory.stall();
    let (reply, ()) = tokio::join!(app.post(PATH, &[NDJSON], lines(1000)), async {
        until(|| app.memory_depth() == 40).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(app.memory_depth(), 40);
        app.memory.resume();
    });
    assert_eq!((reply.status, reply.json()["accepted"].as_u64()), (200, Some(1000)));
}

#[tokio::test]
async fn lines_keep_their_numbers() {
    let app = windows().start().await;
    let body = lines(24) + "{\n\r\n" + &lines(30) + &"x".repeat(500) + "\n" + &lines(1);
    let reply = app.post(PATH, &[NDJSON], body).await;
    assert_snapshot!("lines_keep_their_numbers", reply);
    assert_eq!(count(&app, Outcome::Accepted), 55);
}

#[tokio::test]
async fn what_is_over_a_limit_leaves_what_was_written() {
    let app = windows().set(|settings| settings.ingest.limits.events_max = 45).start().await;
    // As long as nothing was written, nothing is.
    assert_eq!(app.post(PATH, &[NDJSON], "1\n".repeat(46)).await.code(), "limit-exceeded");
    assert_eq!(app.memory.records("things").len(), 0);
    assert_snapshot!("lines_over_a_limit", app.post(PATH, &[NDJSON], lines(50)).await);
    assert_eq!((count(&app, Outcome::Accepted), count(&app, Outcome::Rejected)), (40, 2));
    assert_eq!(app.metrics.events_received.get(), 42);
}

#[tokio::test]
async fn what_comes_too_slowly_leaves_what_was_written() {
    let app = windows().set(|settings| settings.http.body_read_timeout = Duration::from_millis(200)).start().await;
    let mut stream = app.connect().await;
    stream.write_all(&request("POST", PATH, &[NDJSON, "content-length: 999"], b"")).await.unwrap();
    stream.write_all(lines(15).as_bytes()).await.unwrap();
    assert_snapshot!("lines_too_slow", Reply::read(&mut stream).await);
    assert_eq!(app.memory.records("things").len(), 10);
}

#[tokio::test]
async fn a_sender_that_breaks_off_leaves_what_was_written() {
    let app = windows().start().await;
    let mut stream = app.connect().await;
    stream.write_all(&request("POST", PATH, &[NDJSON, "content-length: 999"], b"")).await.unwrap();
    stream.write_all(lines(15).as_bytes()).await.unwrap();
    until(|| !app.memory.records("things").is_empty()).await;
    drop(stream);
    let settled = || Outcome::ALL.map(|outcome| count(&app, outcome)).iter().sum::<u64>();
    until(|| settled() == app.metrics.events_received.get() && app.metrics.body_bytes_in_flight.get() == 0).await;
    assert!(app.memory.records("things").len() >= 10);
}

#[tokio::test]
async fn verdicts_on_lines_write_nothing() {
    let app = windows().start().await;
    let reply = app.post("/v1/validate/anything", &[NDJSON], lines(30) + "{\n").await;
    assert_eq!(
        (reply.status, reply.json()["accepted"].as_u64(), reply.json()["rejected"].as_u64()),
        (207, Some(30), Some(1))
    );
    assert_eq!((app.memory.records("things").len(), app.metrics.events_received.get()), (0, 0));
}
