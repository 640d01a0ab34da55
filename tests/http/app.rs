//! A gateway with hand-made descriptions, a channel in memory, and a client that shows every byte.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use sluice::{
    catalog::{Catalog, Check, Document, EventType, Product, Rejection, Representation, Validator, Violation},
    channel::{Channel, Memory, TopicSpec},
    gateway::{Gateway, Settings, Stopped},
    telemetry::Metrics,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};

/// `#Identity`: a name and an age below 130.
struct Identity;

impl Check for Identity {
    fn check(&self, payload: &[u8]) -> Result<(), Rejection> {
        let value: serde_json::Value = serde_json::from_slice(payload).expect("checked before");
        let mut violations = Vec::new();
        let mut violate = |field: &str, rule: &str, message: String| {
            violations.push(Violation {
                pointer: format!("/{field}"),
                path: format!("#Identity.{field}"),
                rule: rule.to_owned(),
                message,
            });
        };
        if value["first"].as_str().is_none() {
            violate("first", "required", "field is required but not present".to_owned());
        }
        if let Some(age) = value["Age"].as_i64().filter(|age| *age >= 130) {
            violate("Age", "bound", format!("invalid value {age} (out of bound <130)"));
        }
        if violations.is_empty() { Ok(()) } else { Err(Rejection::Invalid(violations)) }
    }
}

/// Takes anything, unless it is asked to break.
struct Anything;

impl Check for Anything {
    fn check(&self, payload: &[u8]) -> Result<(), Rejection> {
        assert_ne!(payload, b"\"break\"", "a check that breaks, on purpose");
        Ok(())
    }
}

fn event_type(name: &str, topic: &str, key: Option<&str>, compacted: bool, validator: Validator) -> Arc<EventType> {
    let topic = TopicSpec { name: topic.into(), partitions: 1, replication: None, compacted, retention: None };
    Arc::new(EventType {
        name: name.into(),
        product: "people".into(),
        topic,
        key: key.map(|path| path.split('.').map(str::to_owned).collect()),
        schema_path: format!("/v1/products/people/schemas/{name}").into(),
        validator,
    })
}

fn document(name: &str) -> Document {
    let text = |media_type, body: String| Representation { media_type, body: body.into() };
    Document(vec![
        text("application/json", format!("{{\"title\":\"{name}\"}}")),
        text("application/yaml", format!("title: {name}\n")),
    ])
}

/// Topics have this prefix. The seed's event type alone, or beside `anything`, and `status` (compacted, keyed by `trip.id`).
pub(crate) fn catalog(only_identity: bool, prefix: &str) -> Catalog {
    let event_type = |name, topic, key, compacted, validator| {
        event_type(name, &format!("{prefix}{topic}"), key, compacted, validator)
    };
    let mut types = vec![event_type("Identity", "Identity", None, false, Validator::new(Identity))];
    if !only_identity {
        types.push(event_type("anything", "things", None, false, Validator::new(Anything)));
        types.push(event_type("status", "status", Some("trip.id"), true, Validator::new(Anything)));
    }
    let product = Product {
        name: "people".into(),
        version: Some("1.0.0".to_owned()),
        description: serde_json::json!({"name": "people", "version": "1.0.0", "description": "who is who"}),
        types: types.iter().map(|one| one.name.clone()).collect(),
        openapi: document("people"),
        schemas: types.iter().map(|one| (one.name.clone(), document(&one.name))).collect(),
    };
    Catalog {
        products: vec![Arc::new(product)],
        types: types.into_iter().map(|one| (one.name.clone(), one)).collect(),
        openapi: document("all"),
    }
}

/// How a gateway under test is made.
pub(crate) struct Builder {
    pub(crate) settings: Settings,
    catalog: Catalog,
    with_channel: bool,
}

impl Builder {
    pub(crate) fn only_identity(mut self) -> Self {
        self.catalog = catalog(true, "");
        self
    }

    pub(crate) fn with_topics(mut self, prefix: &str) -> Self {
        self.catalog = catalog(false, prefix);
        self
    }

    pub(crate) fn with_catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    pub(crate) fn without_channel(mut self) -> Self {
        self.with_channel = false;
        self
    }

    pub(crate) fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(crate) async fn start(self) -> App {
        let memory = Memory::new();
        let channel = self.with_channel.then(|| Arc::new(memory.clone()) as Arc<dyn Channel>);
        App::start(self.settings, self.catalog, channel, memory).await
    }

    pub(crate) async fn start_on(self, channel: Arc<dyn Channel>) -> App {
        App::start(self.settings, self.catalog, Some(channel), Memory::new()).await
    }
}

/// A gateway that runs.
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    pub(crate) memory: Memory,
    pub(crate) metrics: Arc<Metrics>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Stopped>,
}

impl App {
    pub(crate) fn builder() -> Builder {
        let mut settings = Settings::default();
        // Every refusal is worded in full, however slow the machine is.
        settings.ingest.wording_time = Duration::from_secs(3600);
        settings.http.public_url = Some("http://sluice.example/".to_owned());
        Builder { settings, catalog: catalog(false, ""), with_channel: true }
    }

    pub(crate) async fn new() -> Self {
        Self::builder().start().await
    }

    async fn start(settings: Settings, catalog: Catalog, channel: Option<Arc<dyn Channel>>, memory: Memory) -> Self {
        let gateway = Gateway::bind(SocketAddr::from(([127, 0, 0, 1], 0)), settings, Arc::new(catalog), channel)
            .await
            .expect("a free port");
        let (address, metrics) = (gateway.address().expect("an address"), gateway.metrics());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(gateway.run(async {
            stopped.await.ok();
        }));
        Self { address, memory, metrics, stop: Some(stop), running }
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(self) -> Stopped {
        self.running.await.expect("the gateway does not panic")
    }

    /// How many records wait in the channel.
    pub(crate) fn memory_depth(&self) -> usize {
        self.memory.depth().records
    }

    pub(crate) fn begin_to_stop(&mut self) {
        self.stop.take().expect("asked once").send(()).expect("it runs");
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("the gateway listens")
    }

    /// Sends a request with these header lines and this body.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect().await;
        stream.write_all(&request(method, path, headers, body.as_ref())).await.expect("sent");
        Reply::read(&mut stream).await
    }

    pub(crate) async fn get(&self, path: &str, headers: &[&str]) -> Reply {
        self.send("GET", path, headers, "").await
    }

    pub(crate) async fn post(&self, path: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Reply {
        self.send("POST", path, headers, body).await
    }

    /// Headers and values of the records of a topic, as text.
    pub(crate) fn records(&self, topic: &str) -> Vec<String> {
        self.memory.records(topic).iter().map(|stored| show(&stored.record)).collect()
    }
}

/// A record as text, without what differs between runs.
fn show(record: &sluice::channel::Record) -> String {
    let text = |bytes: &bytes::Bytes| String::from_utf8_lossy(bytes).into_owned();
    let mut lines = vec![format!("key: {:?}", record.key.as_ref().map(text))];
    lines.extend(record.headers.iter().map(|header| format!("{}: {}", header.name, text(&header.value))));
    lines.push(format!("value: {:?}", record.value.as_ref().map(text)));
    mask(&lines.join("\n"))
}

/// The bytes of a request that closes its connection.
pub(crate) fn request(method: &str, path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: sluice\r\nconnection: close\r\n");
    if !body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    for header in headers {
        head.push_str(&format!("{header}\r\n"));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// An answer, shown whole.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Reply {
    /// Reads until the connection is closed.
    pub(crate) async fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
        // A connection that is reset after the answer has been read is as good as one that is closed.
        read.expect("an answer comes").ok();
        let text = String::from_utf8(bytes).expect("answers are UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        Self { status, headers: lines.map(str::to_owned).collect(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect(&self.body)
    }

    /// The `code` of a problem.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut headers: Vec<_> = self.headers.iter().filter(|line| !line.starts_with("date:")).cloned().collect();
        headers.sort();
        let text = format!("{}\n{}\n\n{}", self.status, headers.join("\n"), self.body);
        formatter.write_str(&mask(&text))
    }
}

/// Replaces identifiers and times that sluice makes.
fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let (shown, length) = if is_uuid(rest) {
            ("UUID", 36)
        } else if is_now(rest) {
            ("NOW", 24)
        } else {
            (&rest[..character.len_utf8()], character.len_utf8())
        };
        masked.push_str(shown);
        rest = &rest[length..];
    }
    masked
}

fn is_uuid(text: &str) -> bool {
    text.get(..36).is_some_and(|text| uuid::Uuid::try_parse(text).is_ok_and(|uuid| uuid.get_version_num() == 7))
}

/// A time in milliseconds of this century; events in tests tell theirs in seconds.
fn is_now(text: &str) -> bool {
    let shape =
        |text: &str| text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte }).collect::<Vec<_>>();
    text.get(..24).is_some_and(|text| shape(text) == b"0000-00-00T00:00:00.000Z")
}
