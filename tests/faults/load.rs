//! Senders that never send an event twice, and remember what they were told about each.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;
use tokio::task::JoinHandle;

const SENDERS: u64 = 8;
const BATCH: u64 = 20;

/// An event and what its sender was told.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) sender: String,
    pub(crate) payload: String,
    pub(crate) told: Told,
}

/// What a sender was told of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It is durable, and stands there.
    Acknowledged { partition: i64, offset: i64 },
    /// It was not written.
    Refused,
    /// Nothing, or that it is not known.
    Nothing,
}

/// Senders at work.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    senders: Vec<JoinHandle<Vec<Sent>>>,
}

impl Load {
    pub(crate) fn start(address: &str, round: u64) -> Self {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let senders = (0..SENDERS)
            .map(|sender| {
                let sender = Sender {
                    name: format!("round-{round}-sender-{sender}"),
                    url: format!("{address}/v1/events/probe.v1?results=all"),
                    client: Client::new(),
                    stop: stop.clone(),
                    acknowledged: acknowledged.clone(),
                };
                tokio::spawn(sender.run())
            })
            .collect();
        Self { stop, acknowledged, senders }
    }

    /// Waits until a good number of events more is acknowledged.
    pub(crate) async fn until_acknowledged_more(&self) {
        let goal = self.acknowledged.load(Ordering::Relaxed) + 200;
        for _ in 0..1200 {
            if self.acknowledged.load(Ordering::Relaxed) >= goal {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("nothing is acknowledged any more");
    }

    pub(crate) async fn stop(self) -> Vec<Sent> {
        self.stop.store(true, Ordering::Relaxed);
        let mut sent = Vec::new();
        for sender in self.senders {
            sent.extend(sender.await.unwrap());
        }
        sent
    }
}

struct Sender {
    name: String,
    url: String,
    client: Client,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
}

impl Sender {
    async fn run(self) -> Vec<Sent> {
        let mut sent = Vec::new();
        let mut number = 0;
        while !self.stop.load(Ordering::Relaxed) {
            // Every fourth request is a batch.
            let count = if number % 4 == 3 { BATCH } else { 1 };
            let payloads: Vec<String> = (0..count).map(|n| self.payload(number, n)).collect();
            let told = self.send(&payloads).await;
            let acknowledged = told.iter().filter(|told| matches!(told, Told::Acknowledged { .. })).count();
            self.acknowledged.fetch_add(acknowledged as u64, Ordering::Relaxed);
            if acknowledged == 0 {
                // Bad events, or a gateway that is away: no reason to hurry.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let tell = |(payload, told)| Sent { sender: self.name.clone(), payload, told };
            sent.extend(payloads.into_iter().zip(told).map(tell));
            number += 1;
        }
        sent
    }

    /// Unique, of one line, and not as any serializer would write it. One in ten breaks the schema.
    fn payload(&self, number: u64, place: u64) -> String {
        let id = format!("{}-{number}-{place}", self.name);
        let pad = "ä".repeat(usize::try_from((number * 31 + place * 7) % 200).unwrap());
        if (number + place) % 10 == 9 {
            return format!(r#"{{ "id":"{id}" }}"#);
        }
        format!(r#"{{ "id":"{id}" ,  "sender":"{}","pad":"{pad}\u0041", "n":1.50e1 }}"#, self.name)
    }

    async fn send(&self, payloads: &[String]) -> Vec<Told> {
        let kind = if payloads.len() == 1 { "application/json" } else { "application/x-ndjson" };
        let request = self.client.post(&self.url).header(CONTENT_TYPE, kind).body(payloads.join("\n"));
        let nothing = || vec![Told::Nothing; payloads.len()];
        let Ok(answer) = request.send().await else { return nothing() };
        let status = answer.status();
        let Ok(body) = answer.text().await else { return nothing() };
        let body: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status}: {body}"));
        match body["events"].as_array() {
            Some(events) => {
                let told: Vec<Told> = events.iter().map(told).collect();
                assert_eq!(told.len(), payloads.len(), "{body}");
                told
            }
            None if status == StatusCode::OK => vec![told(&body)],
            // The whole request was refused.
            None => vec![told(&body); payloads.len()],
        }
    }
}

/// What one entry of an answer, or the answer for one event, tells.
fn told(entry: &Value) -> Told {
    match (entry["partition"].as_i64(), entry["offset"].as_i64(), entry["code"].as_str()) {
        (Some(partition), Some(offset), None) => Told::Acknowledged { partition, offset },
        (None, None, Some("outcome-unknown" | "internal")) => Told::Nothing,
        (None, None, Some(_)) => Told::Refused,
        _ => panic!("an answer that tells nothing: {entry}"),
    }
}
