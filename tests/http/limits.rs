//! Every bound, and what one past it reads.

use std::{io::Write, path::Path, time::Duration};

use insta::assert_snapshot;
use sluice::{catalog::Catalog, gateway::Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::app::{App, Reply, request};

const JSON: &str = "content-type: application/json";
const NDJSON: &str = "content-type: application/x-ndjson";
const PATH: &str = "/v1/events/anything";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

/// A JSON string of so many bytes.
fn string(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

#[tokio::test]
async fn body_bytes() {
    let app = App::builder().set(|settings| settings.ingest.limits.body_bytes_max = 100).start().await;
    assert_eq!(app.post(PATH, &[JSON], string(100)).await.status, 200);
    assert_snapshot!("body_bytes", app.post(PATH, &[JSON], string(101)).await);
    let chunked = |size: usize| {
        let chunk = format!("{size:x}\r\n{}\r\n0\r\n\r\n", string(size));
        let mut bytes = request("POST", PATH, &[JSON, "transfer-encoding: chunked"], b"");
        bytes.extend(chunk.into_bytes());
        bytes
    };
    for (size, status) in [(100, 200), (101, 413)] {
        let mut stream = app.connect().await;
        stream.write_all(&chunked(size)).await.expect("sent");
        assert_eq!(Reply::read(&mut stream).await.status, status);
    }
}

#[tokio::test]
async fn a_body_far_too_large_gets_its_answer_all_the_same() {
    let app = App::builder().set(|settings| settings.ingest.limits.body_bytes_max = 4 << 20).start().await;
    assert_eq!(app.post(PATH, &[JSON], string(8 << 20)).await.code(), "limit-exceeded");
    // Whoever asks first need not send it.
    let mut stream = app.connect().await;
    let head = request("POST", PATH, &[JSON, "content-length: 9999999", "expect: 100-continue"], b"");
    stream.write_all(&head).await.expect("sent");
    assert_eq!(Reply::read(&mut stream).await.code(), "limit-exceeded");
}

#[tokio::test]
async fn event_bytes() {
    let app = App::builder().set(|settings| settings.ingest.limits.event_bytes_max = 1000).start().await;
    let envelope = app.post(PATH, &[JSON], "1").await.status;
    let size = app.memory.records("things")[0].record.size();
    assert_eq!(envelope, 200);
    assert_eq!(app.post(PATH, &[JSON], string(1000 - size + 1)).await.status, 200);
    let over = app.post(PATH, &[JSON], string(1000 - size + 2)).await;
    assert_eq!(
        (over.status, over.json()["detail"].as_str()),
        (413, Some("event of 1001 bytes is over the limit of 1000"))
    );
    let mixed = app.post(PATH, &[NDJSON], format!("1\n{}\n2", string(1001))).await;
    assert_snapshot!("event_bytes", mixed);
    assert_eq!(app.memory.records("things").len(), 4);
}

#[tokio::test]
async fn bytes_of_the_head() {
    let app = App::builder().set(|settings| settings.http.header_bytes_max = 8192).start().await;
    let head = |size: usize| {
        let rest = request("POST", PATH, &[JSON, "x-filler: "], b"1").len() - "1".len();
        format!("x-filler: {}", "x".repeat(size - rest))
    };
    assert_eq!(app.post(PATH, &[JSON, &head(8192)], "1").await.status, 200);
    assert_snapshot!("head_bytes", app.post(PATH, &[JSON, &head(8193)], "1").await);
    assert_eq!(app.post(PATH, &[JSON, &head(8193)], string(1 << 20)).await.status, 431);
    let far = app.post(PATH, &[JSON, &head(100_000)], "1").await;
    assert_eq!((far.status, &*far.body), (431, ""), "the library's own answer");
    assert_eq!(app.memory.records("things").len(), 1);
}

#[tokio::test]
async fn fields_in_the_head() {
    let app = App::builder().set(|settings| settings.http.headers_max = 20).start().await;
    let fields = |count: usize| {
        let others = request("POST", PATH, &[], b"1").iter().filter(|byte| **byte == b'\n').count() - 2;
        (others..count).map(|number| format!("x-{number}: 1")).collect::<Vec<_>>()
    };
    for (count, status) in [(20, 200), (21, 431), (99, 431)] {
        let fields = fields(count);
        let fields: Vec<&str> = std::iter::once(JSON).chain(fields[1..].iter().map(String::as_str)).collect();
        let reply = app.post(PATH, &fields, "1").await;
        assert_eq!(reply.status, status, "{count}");
        if count == 21 {
            assert_eq!(reply.json()["detail"], "head of 21 fields is over the limit of 20");
        }
    }
}

#[tokio::test]
async fn events_in_one_request() {
    let app = App::builder().set(|settings| settings.ingest.limits.events_max = 3).start().await;
    assert_eq!(app.post(PATH, &[NDJSON], "1\n2\n3\n").await.status, 200);
    assert_snapshot!("events_max", app.post(PATH, &[NDJSON], "1\n2\n3\n4").await);
    assert_eq!(app.memory.records("things").len(), 3);
}

#[tokio::test]
async fn events_in_one_batch() {
    let app = App::builder().set(|settings| settings.ingest.limits.events_max = 2).start().await;
    let event = |id: usize| format!(r#"{{"specversion":"1.0","id":"{id}","source":"/","type":"anything","data":1}}"#);
    let batch = |count| format!("[{}]", (0..count).map(event).collect::<Vec<_>>().join(","));
    let headers = ["content-type: application/cloudevents-batch+json"];
    assert_eq!(app.post("/v1/events", &headers, batch(2)).await.status, 200);
    assert_eq!(app.post("/v1/events", &headers, batch(3)).await.code(), "limit-exceeded");
}

#[tokio::test]
async fn violations_in_one_answer() {
    let app = App::builder().set(|settings| settings.ingest.limits.violations_max = 3).start().await;
    let two = r#"{"Age":130}"#;
    let reply = app.post("/v1/events/Identity", &[NDJSON], [two, two, two].join("\n")).await;
    let told = |index: usize| {
        let event = &reply.json()["events"][index];
        (
            event["violations"].as_array().map(Vec::len),
            event["violations_omitted"].as_u64(),
            event["detail"].to_string(),
        )
    };
    let detail = "\"2 violations\"".to_owned();
    assert_eq!(told(0), (Some(2), None, detail.clone()));
    assert_eq!(told(1), (Some(1), Some(1), detail.clone()));
    assert_eq!(told(2), (Some(1), Some(1), detail));
}

#[tokio::test]
async fn shape_of_json() {
    let app = App::new().await;
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(app.post(PATH, &[JSON], nested(64)).await.status, 200);
    assert_snapshot!("json_depth", app.post(PATH, &[JSON], nested(65)).await);
    assert_eq!(app.post(PATH, &[JSON], "9".repeat(1024)).await.status, 200);
    assert_snapshot!("json_number", app.post(PATH, &[JSON], "9".repeat(1025)).await);
    assert_snapshot!("json_exponent", app.post(PATH, &[JSON], "[1e-1000, 1e1001]").await);
    let event = |depth: usize| {
        format!(r#"{{"specversion":"1.0","id":"1","source":"/","type":"anything","data":{}}}"#, nested(depth))
    };
    for (depth, status) in [(64, 200), (65, 413)] {
        let one = app.post("/v1/events", &["content-type: application/cloudevents+json"], event(depth)).await;
        let batch = format!("[{}]", event(depth));
        let many = app.post("/v1/events", &["content-type: application/cloudevents-batch+json"], batch).await;
        assert_eq!((one.status, many.status), (status, status));
    }
}

#[tokio::test]
async fn decompressed_bytes() {
    let app = App::builder().set(|settings| settings.ingest.limits.decompressed_bytes_max = 100_000).start().await;
    let body = string(100_000);
    let zstd = |body: &str| zstd::encode_all(body.as_bytes(), 3).expect("a vector takes all");
    let headers = |encoding: &'static str| [JSON, encoding];
    assert_eq!(app.post(PATH, &headers("content-encoding: gzip"), gzip(body.as_bytes())).await.status, 200);
    assert_eq!(app.post(PATH, &headers("content-encoding: ZSTD"), zstd(&body)).await.status, 200);
    assert_eq!(app.memory.records("things")[0].record.value.as_deref(), Some(body.as_bytes()));
    let bomb = gzip(&vec![b' '; 50 << 20]);
    assert_snapshot!("gzip_bomb", app.post(PATH, &headers("content-encoding: gzip"), bomb).await);
    let over = string(100_001);
    assert_eq!(app.post(PATH, &headers("content-encoding: zstd"), zstd(&over)).await.code(), "limit-exceeded");
    assert_snapshot!("not_gzip", app.post(PATH, &headers("content-encoding: gzip"), "{}").await);
    let cut = &gzip(body.as_bytes())[..50];
    assert_eq!(app.post(PATH, &headers("content-encoding: gzip"), cut).await.code(), "corrupt-body");
    assert_snapshot!("unknown_encoding", app.post(PATH, &headers("content-encoding: br"), "{}").await);
    assert_eq!(app.memory.records("things").len(), 2);
}

#[tokio::test]
async fn bytes_in_flight() {
    let app = App::builder().set(|settings| settings.http.in_flight_bytes_max = 1000).start().await;
    assert_snapshot!("in_flight", app.post(PATH, &[JSON], string(1001)).await);
    // A length that is only promised takes nobody's place.
    let mut promised = app.connect().await;
    promised.write_all(&request("POST", PATH, &[JSON, "content-length: 900"], b"")).await.expect("sent");
    assert_eq!(app.post(PATH, &[JSON], string(1000)).await.status, 200);
    let mut slow = app.connect().await;
    let bytes = request("POST", PATH, &[JSON], string(600).as_bytes());
    slow.write_all(&bytes[..bytes.len() - 1]).await.expect("sent");
    while app.post(PATH, &[JSON], string(500)).await.status == 200 {}
    assert_eq!(app.post(PATH, &[JSON], string(400)).await.status, 200);
    slow.write_all(b"\"").await.expect("sent");
    assert_eq!(Reply::read(&mut slow).await.status, 200);
    assert_eq!(app.post(PATH, &[JSON], string(1000)).await.status, 200);
    // What is decompressed counts as well.
    let headers = [JSON, "content-encoding: gzip"];
    assert_eq!(app.post(PATH, &headers, gzip(string(1000).as_bytes())).await.code(), "overloaded");
}

#[tokio::test]
async fn time_for_the_body() {
    let app = App::builder().set(|settings| settings.http.body_read_timeout = Duration::from_millis(100)).start().await;
    let mut slow = app.connect().await;
    slow.write_all(&request("POST", PATH, &[JSON, "content-length: 2"], b"")).await.expect("sent");
    assert_snapshot!("body_too_slow", Reply::read(&mut slow).await);
    // A body that is refused anyway is not waited for any longer.
    let mut refused = app.connect().await;
    let head = request("POST", PATH, &["content-type: text/plain", "content-length: 2"], b"");
    refused.write_all(&head).await.expect("sent");
    assert_eq!(Reply::read(&mut refused).await.code(), "media-type");
}

#[tokio::test]
async fn time_without_reading() {
    let app = App::builder().set(|settings| settings.http.write_timeout = Duration::from_millis(100)).start().await;
    let mut idle = app.connect().await;
    // Answers that fill all buffers between us, and are not read.
    let question = request("GET", "/metrics", &[], b"");
    let asked = async { while idle.write_all(&question).await.is_ok() {} };
    let cut_off = tokio::time::timeout(Duration::from_secs(30), asked).await;
    assert!(cut_off.is_ok(), "still connected");
    assert_eq!(app.get("/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn time_for_the_head() {
    let app =
        App::builder().set(|settings| settings.http.header_read_timeout = Duration::from_millis(100)).start().await;
    // Nothing, the beginning of either protocol, half a head, and nothing after a first request.
    let first = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    for begin in ["", "P", "PRI * HTTP/2.0\r\n", "POST / HTTP/1.1\r\nhost: a", first] {
        let mut stream = app.connect().await;
        stream.write_all(begin.as_bytes()).await.expect("sent");
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "{begin:?}");
    }
    assert_eq!(app.get("/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn connections() {
    let app = App::builder().set(|settings| settings.http.connections_max = 2).start().await;
    let mut held = [app.connect().await, app.connect().await];
    for stream in &mut held {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
        stream.read_exact(&mut [0; 12]).await.expect("an answer");
    }
    let mut one_more = app.connect().await;
    assert_snapshot!("connections", Reply::read(&mut one_more).await);
    drop(held);
    while app.get("/healthz", &[]).await.status != 200 {}
}

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[tokio::test]
async fn streams_of_one_connection() {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const REFUSED_STREAM: u32 = 7;
    let app = App::builder().set(|settings| settings.http.streams_max = 3).start().await;
    let mut stream = app.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    let mut opened = false;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        stream.read_exact(&mut payload).await.unwrap();
        match head[3] {
            SETTINGS if !opened => {
                opened = true;
                stream.write_all(&frame(SETTINGS, 1, 0, &[])).await.unwrap();
                // POST / of http://a, whose body does not come.
                for id in [1, 3, 5, 7] {
                    let post = b"\x83\x86\x84\x41\x01a";
                    stream.write_all(&frame(HEADERS, 4, id, post)).await.unwrap();
                }
            }
            RST_STREAM => {
                assert_eq!((head[8], payload.as_slice()), (7, REFUSED_STREAM.to_be_bytes().as_slice()));
                return;
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn time_for_wording() {
    let people = Catalog::load(Path::new("schemas/people")).unwrap();
    let without_time = |settings: &mut Settings| settings.ingest.wording_time = Duration::ZERO;
    let app = App::builder().with_catalog(people).set(without_time).start().await;
    let bad = r#"{"first":"John","Last":"Doe","Age":140,"Nickname":7}"#;
    assert_snapshot!("wording_time", app.post("/v1/events/Identity", &[JSON], bad).await);
    let good = r#"{"first":"John","Last":"Doe","Age":40}"#;
    assert_eq!(app.post("/v1/events/Identity", &[JSON], good).await.status, 200);
}
