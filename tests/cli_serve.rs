//! The program from end to end: served, sent to, stopped and read back.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

/// A gateway in a process of its own; it is killed when it is dropped.
struct Served {
    process: Child,
    address: String,
}

fn sluice(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.env_clear().current_dir(folder).args(args);
    command
}

impl Served {
    fn start(folder: &Path, args: &[&str]) -> Self {
        let args = [&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"], args].concat();
        let mut process = sluice(folder, &args).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let entry: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no gateway: {line}"));
        // Read on, so that the process never waits for somebody to take its log.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { process, address: format!("http://{}", entry["address"].as_str().unwrap()) }
    }

    /// Status and body of an answer to what curl would send.
    async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let request = reqwest::Client::new().post(format!("{}{path}", self.address)).body(body.to_owned());
        let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("{}{path}", self.address)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Asks it to stop, as an orchestrator does; the status that it ends with.
    fn stop(mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(asked.success());
        self.process.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// The events of the channel, as `sluice read` prints them.
fn read(folder: &Path, args: &[&str]) -> Vec<Value> {
    let output = sluice(folder, &[&["read"], args].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A folder in which the worked examples lie where the defaults look for them.
fn with_examples() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(Path::new("schemas").canonicalize().unwrap(), folder.path().join("schemas")).unwrap();
    folder
}

const JOHN: &str = r#"{"first": "John","Last": "Doe","Age": 40}"#;
const TOO_OLD: &str = r#"{"first": "John","Last": "Doe","Age": 140}"#;

#[tokio::test]
async fn one_product_is_served_and_its_events_are_read_back() {
    let folder = with_examples();
    let people = ["--schemas", "schemas/people"];
    let gateway = Served::start(folder.path(), &people);
    assert_eq!(gateway.post("/", JOHN).await, (200, "sent to the channel ok\n".to_owned()));
    let refused = "#Identity.Age: invalid value 140 (out of bound <130)\n";
    assert_eq!(gateway.post("/", TOO_OLD).await, (422, refused.to_owned()));
    // The channel can be read while it is written.
    let events = read(folder.path(), &people);
    let address = gateway.address.clone();
    assert_eq!(gateway.stop(), Some(0));
    assert_eq!(read(folder.path(), &people), events);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["data"], serde_json::from_str::<Value>(JOHN).unwrap());
    assert_eq!(events[0]["dataschema"], json!(format!("{address}/v1/products/people/schemas/Identity")));
    assert_eq!(read(folder.path(), &["Identity", "--from", "1", "--schemas", "schemas/people"]), [] as [Value; 0]);
}

#[tokio::test]
async fn all_examples_are_served_by_default() {
    let folder = with_examples();
    let gateway = Served::start(folder.path(), &[]);
    let (status, body) = gateway.post("/", JOHN).await;
    assert!(status == 404 && body.contains("/v1/events/{type}"), "{status} {body}");
    let order = include_str!("../schemas/orders/samples/com.acme.order.v1/valid/cancelled.json");
    for (kind, event) in [("Identity", JOHN), ("com.acme.order.v1", order)] {
        let (status, body) = gateway.post(&format!("/v1/events/{kind}"), event).await;
        assert_eq!(status, 200, "{body}");
    }
    let (_, listing) = gateway.get("/v1/products?q=shop").await;
    let listing: Value = serde_json::from_str(&listing).unwrap();
    assert_eq!(listing["products"][0]["name"], "orders");
    assert_eq!(gateway.get("/readyz").await.0, 200);
    assert_eq!(gateway.stop(), Some(0));
    assert_eq!(read(folder.path(), &[]).len(), 2);
    assert_eq!(read(folder.path(), &["--max", "1"]).len(), 1);
    assert_eq!(read(folder.path(), &["com.acme.order.v1"])[0]["type"], "com.acme.order.v1");
}

#[tokio::test]
async fn without_a_channel_events_are_judged_only() {
    let folder = with_examples();
    let gateway = Served::start(folder.path(), &["--schemas", "schemas/people", "--channel", "none"]);
    assert_eq!(gateway.post("/", JOHN).await, (200, "ok\n".to_owned()));
    assert_eq!(gateway.post("/", TOO_OLD).await.0, 422);
    assert_eq!(gateway.stop(), Some(0));
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_gateway_that_cannot_start_says_why_and_ends_with_1() {
    let folder = with_examples();
    let fails = |args: &[&str]| {
        let output = sluice(folder.path(), &[&["serve"], args].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(fails(&["--schemas", "nowhere"]), "nowhere: no such folder\n1 mistake found\n");
    assert!(fails(&["--channel", "sqlite:/proc/none/x.db"]).contains("/proc/none"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert!(fails(&["--listen", &address]).starts_with(&format!("can't listen on {address}: ")));
}

#[tokio::test]
#[ignore = "needs a Kafka at SLUICE_TEST_KAFKA"]
async fn events_go_through_kafka() {
    let channel = format!("kafka:{}", std::env::var("SLUICE_TEST_KAFKA").unwrap());
    let folder = tempfile::tempdir().unwrap();
    let kind = format!("Ping-{}", std::process::id());
    let description = format!("events: \"{kind}\": {{schema: #Ping, key: \"n\", partitions: 2}}\n#Ping: n!: int\n");
    std::fs::write(folder.path().join("ping.cue"), description).unwrap();
    let args = ["--schemas", ".", "--channel", &channel];

    let gateway = Served::start(folder.path(), &args);
    let (status, body) = gateway.get("/readyz").await;
    assert!(status == 503 && body.contains(&kind), "{status} {body}");
    assert_eq!(gateway.post("/", "{\"n\": 1}").await.0, 503);
    assert_eq!(gateway.stop(), Some(0));

    let gateway = Served::start(folder.path(), &[&args[..], &["--create-topics"]].concat());
    assert_eq!(gateway.get("/readyz").await.0, 200);
    for n in 0..10 {
        assert_eq!(gateway.post("/", &format!("{{\"n\": {n}}}")).await.0, 200);
    }
    assert_eq!(gateway.post("/", "{\"n\": 0.5}").await.0, 422);
    assert_eq!(gateway.stop(), Some(0));
    let mut numbers: Vec<i64> =
        read(folder.path(), &args).iter().map(|event| event["data"]["n"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
}
