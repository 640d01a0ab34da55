//! Protocols on one port, and the end of a gateway.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::app::{App, Reply, request};

const JSON: &str = "content-type: application/json";
const PATH: &str = "/v1/events/anything";

#[tokio::test]
async fn cleartext_http2_on_the_same_port() {
    let app = App::new().await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().expect("a client");
    let url = format!("http://{}{PATH}", app.address);
    for body in ["1".to_owned(), format!("\"{}\"", "x".repeat(300_000))] {
        let reply = client.post(&url).body(body).send().await.expect("an answer");
        assert_eq!((reply.status().as_u16(), reply.version()), (200, reqwest::Version::HTTP_2));
    }
    assert_eq!(app.memory.records("things")[1].record.value.as_ref().map(bytes::Bytes::len), Some(300_002));
}

#[tokio::test]
async fn one_connection_takes_many_requests() {
    let app = App::new().await;
    let mut stream = app.connect().await;
    for _ in 0..3 {
        let one = format!("POST {PATH} HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n1");
        stream.write_all(one.as_bytes()).await.expect("sent");
        let mut answer = vec![0; 1024];
        let length = stream.read(&mut answer).await.expect("an answer");
        assert!(answer[..length].starts_with(b"HTTP/1.1 200 OK"));
    }
    assert_eq!(app.memory.records("things").len(), 3);
}

#[tokio::test]
async fn expect_continue_is_answered() {
    let app = App::new().await;
    let mut stream = app.connect().await;
    let head = request("POST", PATH, &[JSON, "content-length: 1", "expect: 100-continue"], b"");
    stream.write_all(&head).await.expect("sent");
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.expect("an interim answer");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"1").await.expect("sent");
    assert_eq!(Reply::read(&mut stream).await.status, 200);
}

#[tokio::test]
async fn requests_under_way_are_finished_before_the_end() {
    let mut app = App::new().await;
    app.memory.stall();
    let mut stream = app.connect().await;
    stream.write_all(&request("POST", PATH, &[JSON], b"1")).await.expect("sent");
    while app.memory_depth() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    app.begin_to_stop();
    while tokio::net::TcpStream::connect(app.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    app.memory.resume();
    assert_eq!(Reply::read(&mut stream).await.status, 200);
    assert!(app.stopped().await.is_clean());
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let mut app =
        App::builder().set(|settings| settings.http.shutdown_timeout = Duration::from_millis(50)).start().await;
    app.memory.stall();
    let mut stream = app.connect().await;
    stream.write_all(&request("POST", PATH, &[JSON], b"1")).await.expect("sent");
    while app.memory_depth() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    app.begin_to_stop();
    let stopped = app.stopped().await;
    assert_eq!((stopped.connections_cut, stopped.records_left), (1, 1));
}

#[tokio::test]
async fn idle_connections_do_not_hold_the_end_up() {
    let mut app = App::new().await;
    let mut stream = app.connect().await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    stream.read_exact(&mut [0; 12]).await.expect("an answer");
    app.begin_to_stop();
    assert!(app.stopped().await.is_clean());
}

#[tokio::test]
async fn before_the_end_readiness_says_so() {
    let mut app = App::builder().set(|settings| settings.http.unready_delay = Duration::from_millis(500)).start().await;
    app.begin_to_stop();
    let mut reply = app.get("/readyz", &[]).await;
    while reply.status == 200 {
        reply = app.get("/readyz", &[]).await;
    }
    assert_eq!((reply.status, reply.json()["status"].as_str()), (503, Some("draining")));
    assert_eq!(app.post(PATH, &[JSON], "1").await.status, 200);
    assert!(app.stopped().await.is_clean());
}
