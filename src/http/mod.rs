//! The edge: from connections to the path of an event, and from its outcomes to answers.
//!
//! Knows HTTP and nothing of schemas or channels. Everything that comes from outside is bounded here or in
//! [`crate::ingest`], each bound named in [`Settings`] or in [`crate::ingest::Limits`].

mod address;
mod answer;
mod catalog;
mod events;
mod head;
mod health;
mod intake;
mod negotiate;
mod observe;
mod patience;
mod problem;
pub mod server;
mod site;
mod wakeups;
mod webhook;
pub mod workers;

use std::{sync::Arc, time::Duration};

pub use self::{health::Health, site::Site};
use crate::{
    config::Mistake,
    ingest::{Ingest, cloudevents, in_flight::InFlight},
    telemetry::Metrics,
};

/// How the gateway listens.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where senders and readers reach the gateway, such as `https://events.acme.example`: what `dataschema` begins
    /// with. `None` is `http://` and the address it listens on, or `localhost` for all addresses.
    pub public_url: Option<String>,
    /// Threads that serve connections. `None` is one for each core.
    pub threads: Option<usize>,
    /// Connections at once; one more is answered 503 and closed.
    pub connections_max: usize,
    /// Streams at once on one HTTP/2 connection.
    pub streams_max: u32,
    /// Bytes of the head of one request; at least 8192.
    pub header_bytes_max: usize,
    /// Fields in the head of one request; at most 99.
    pub headers_max: usize,
    /// Bytes of bodies in memory, compressed and not, over all requests; one more is answered 503.
    pub in_flight_bytes_max: usize,
    /// From the opening of a connection, or the end of a request on it, to the end of the next request's head.
    #[serde(with = "crate::config::duration")]
    pub header_read_timeout: Duration,
    /// For the body of a request, from its head to its end; while lines wait for the channel it stands still.
    #[serde(with = "crate::config::duration")]
    pub body_read_timeout: Duration,
    /// How long the other side may take nothing of an answer; it is cut off then.
    #[serde(with = "crate::config::duration")]
    pub write_timeout: Duration,
    /// After SIGTERM: how long to go on while `/readyz` says that no more should come.
    #[serde(with = "crate::config::duration")]
    pub unready_delay: Duration,
    /// After that: how long requests under way may take to finish, and then as long again the records under way.
    #[serde(with = "crate::config::duration")]
    pub shutdown_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            threads: None,
            connections_max: 10_000,
            streams_max: 200,
            header_bytes_max: 64 << 10,
            headers_max: 99,
            in_flight_bytes_max: 256 << 20,
            header_read_timeout: Duration::from_secs(30),
            body_read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            unready_delay: Duration::ZERO,
            shutdown_timeout: Duration::from_secs(25),
        }
    }
}

impl Settings {
    /// What is wrong with settings that have the right shape.
    #[must_use]
    pub fn check(&self) -> Vec<Mistake> {
        let wrong = self.public_url.as_ref().and_then(|url| cloudevents::check("dataschema", url).err());
        wrong.map(|wrong| Mistake { setting: "http.public_url", message: format!(": {wrong}") }).into_iter().collect()
    }
}

/// What requests share.
#[derive(Debug)]
pub struct Edge {
    /// The path of events.
    pub ingest: Ingest,
    /// Whether more should come.
    pub health: Health,
    /// What operators see.
    pub metrics: Arc<Metrics>,
    /// The bytes of bodies in memory.
    pub in_flight: Arc<InFlight>,
    /// How the gateway listens.
    pub settings: Settings,
}
