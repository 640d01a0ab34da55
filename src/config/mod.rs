//! Settings: what can be configured, and where each value comes from.
//!
//! A flag wins over the environment (`SLUICE_…`), the environment over the file (`sluice.cue`), the file over the
//! default. `config.cue` defines all settings and is their reference documentation; the structs that hold them
//! stand beside what they configure. All mistakes of all sources are reported together.

pub mod duration;
mod environment;
mod expected;
mod file;
mod layers;

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

pub use self::layers::{Effective, Mistake, Origin, Sources};
use crate::{
    channel::{ChannelAddress, kafka, sqlite},
    http, ingest,
};

/// The definition of all settings with their comments: the reference documentation.
pub const REFERENCE: &str = include_str!("config.cue");

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder of the descriptions, or of one product.
    pub schemas: PathBuf,
    /// Where HTTP is served.
    pub listen: SocketAddr,
    /// Where accepted events go.
    pub channel: ChannelAddress,
    /// Whether topics that are missing are created as they are described.
    pub create_topics: bool,
    /// What is logged, and how.
    pub log: Log,
    /// How the gateway listens.
    pub http: http::Settings,
    /// How events are taken in.
    pub ingest: ingest::Settings,
    /// The Kafka channel.
    pub kafka: kafka::Settings,
    /// The embedded channel.
    pub sqlite: sqlite::Settings,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// The least severity that is logged.
    pub level: LogLevel,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// A JSON object in a line.
    Json,
}

/// How severe an entry of the log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something may be wrong.
    Warn,
    /// What an operator wants to know.
    #[default]
    Info,
    /// What a developer wants to know.
    Debug,
    /// Everything.
    Trace,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            schemas: PathBuf::from("schemas/"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8181)),
            channel: ChannelAddress::Sqlite(PathBuf::from("data/sluice.db")),
            create_topics: false,
            log: Log::default(),
            http: http::Settings::default(),
            ingest: ingest::Settings::default(),
            kafka: kafka::Settings::default(),
            sqlite: sqlite::Settings::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel::Info }
    }
}
