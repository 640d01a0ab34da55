//! Where the channel is, as a user writes it: `sqlite:PATH`, `kafka:BROKER[,BROKER]` or `none`.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};

/// The kind of a channel and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ChannelAddress {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// Kafka's bootstrap brokers, each `HOST` or `HOST:PORT`; at least one.
    Kafka(Vec<String>),
    /// No channel: events are validated and go nowhere.
    None,
}

/// Why a text is not the address of a channel.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    /// It begins with no kind that is known.
    #[error(
        "channel {0:?} is not one of sqlite:PATH, kafka:BROKER[,BROKER] or none, \
         as in sqlite:data/sluice.db or kafka:localhost:9092"
    )]
    UnknownKind(String),
    /// The path of the file is missing.
    #[error("channel \"sqlite:\" needs the path of a file: sqlite:PATH")]
    NoPath,
    /// A broker is not a host and port.
    #[error("channel \"kafka:\" needs brokers as HOST or HOST:PORT, separated by commas: {0:?} is none")]
    BadBroker(String),
}

impl FromStr for ChannelAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "none" => Ok(Self::None),
            Some(("sqlite", "")) => Err(AddressError::NoPath),
            Some(("sqlite", path)) => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("kafka", brokers)) => brokers.split(',').map(broker).collect::<Result<_, _>>().map(Self::Kafka),
            _ => Err(AddressError::UnknownKind(text.to_owned())),
        }
    }
}

/// Checks one broker: a host name, an IPv4 address or an IPv6 address in brackets, and a port if one is given.
fn broker(text: &str) -> Result<String, AddressError> {
    let text = text.trim();
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_good = match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')),
    };
    let port_is_good = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if host_is_good && port_is_good { Ok(text.to_owned()) } else { Err(AddressError::BadBroker(text.to_owned())) }
}

impl fmt::Display for ChannelAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Self::Kafka(brokers) => write!(formatter, "kafka:{}", brokers.join(",")),
            Self::None => formatter.write_str("none"),
        }
    }
}

impl TryFrom<String> for ChannelAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ChannelAddress> for String {
    fn from(address: ChannelAddress) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_alike() {
        for text in [
            "none",
            "sqlite:data/sluice.db",
            "sqlite:/var/lib/sluice/events.db",
            "kafka:localhost",
            "kafka:kafka-1.acme.example:9092,10.0.0.7:9093,[::1]:9092",
        ] {
            let address: ChannelAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        let spaced: ChannelAddress = "kafka:a:1, b:2".parse().unwrap();
        assert_eq!(spaced, ChannelAddress::Kafka(vec!["a:1".into(), "b:2".into()]));
    }

    #[test]
    fn what_is_no_address_is_named() {
        for (text, error) in [
            ("", AddressError::UnknownKind(String::new())),
            ("nats:localhost", AddressError::UnknownKind("nats:localhost".into())),
            ("none:", AddressError::UnknownKind("none:".into())),
            ("sqlite:", AddressError::NoPath),
            ("kafka:", AddressError::BadBroker(String::new())),
            ("kafka:a:1,", AddressError::BadBroker(String::new())),
            ("kafka:a:0", AddressError::BadBroker("a:0".into())),
            ("kafka:a:65536", AddressError::BadBroker("a:65536".into())),
            ("kafka:a:port", AddressError::BadBroker("a:port".into())),
            ("kafka:PLAINTEXT://a:1", AddressError::BadBroker("PLAINTEXT://a:1".into())),
            ("kafka:::1", AddressError::BadBroker("::1".into())),
        ] {
            assert_eq!(text.parse::<ChannelAddress>(), Err(error), "{text:?}");
        }
    }
}
