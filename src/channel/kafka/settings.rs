//! Settings of the Kafka channel, and the client properties that follow from them.

use std::{collections::BTreeMap, fmt, fs, path::PathBuf, time::Duration};

use rdkafka::{ClientConfig, config::RDKafkaLogLevel, error::KafkaError};
use serde::{Deserialize, Serialize, Serializer};

use crate::{channel::ChannelError, config::Mistake};

/// Properties that users can't set, each with what to do instead.
const REFUSED: [(&str, &str); 25] = [
    ("acks", "an event is acknowledged by all in-sync replicas, always"),
    ("request.required.acks", "an event is acknowledged by all in-sync replicas, always"),
    ("enable.idempotence", "events are written once and in order, always"),
    ("enable.gapless.guarantee", "one event that can't be written must not stop the others"),
    ("max.in.flight", "the order of a key must hold"),
    ("max.in.flight.requests.per.connection", "the order of a key must hold"),
    ("queuing.strategy", "the order of a key must hold"),
    ("retries", "it is limited by kafka.delivery_timeout_ms only"),
    ("message.send.max.retries", "it is limited by kafka.delivery_timeout_ms only"),
    ("transactional.id", "events are not written in Kafka's transactions"),
    ("allow.auto.create.topics", "topics are created as they are described: use --create-topics"),
    ("topic.metadata.propagation.max.ms", "an event for a missing topic is refused at once"),
    ("delivery.report.only.error", "every event is answered"),
    ("enable.auto.commit", "reading leaves no trace"),
    ("enable.auto.offset.store", "reading leaves no trace"),
    ("enable.partition.eof", "readers need it"),
    ("group.id", "reading leaves no trace"),
    ("test.mock.num.brokers", "it would replace the brokers"),
    ("bootstrap.servers", "set the channel: kafka:BROKER[,BROKER]"),
    ("metadata.broker.list", "set the channel: kafka:BROKER[,BROKER]"),
    ("message.timeout.ms", "set kafka.delivery_timeout_ms"),
    ("delivery.timeout.ms", "set kafka.delivery_timeout_ms"),
    ("queue.buffering.max.messages", "set kafka.queue_records_max"),
    ("queue.buffering.max.kbytes", "set kafka.queue_bytes_max"),
    ("message.max.bytes", "set kafka.record_bytes_max"),
];

/// As far as librdkafka's own queue goes, with room to spare.
const QUEUE_RECORDS_MAX: usize = 1_000_000_000;

/// Parts of names of properties whose values must not be shown.
const SECRET: [&str; 4] = ["password", "secret", "key.pem", "jaas"];

/// What is shown in place of a secret.
pub const HIDDEN: &str = "(hidden)";

/// Settings of the Kafka channel.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long a record may wait for its acknowledgement, retries included. It is given up then, and not written later.
    /// Must be below the time that a request may take.
    pub delivery_timeout_ms: u32,
    /// Records that may wait for their acknowledgement; those beyond are refused.
    pub queue_records_max: usize,
    /// Bytes of keys, values and headers that may wait for their acknowledgement; records beyond are refused.
    pub queue_bytes_max: usize,
    /// Bytes of one record with Kafka's framing. Topics and brokers have limits of their own.
    pub record_bytes_max: usize,
    /// How long the records of a topic are held at most because none of those before them is acknowledged; then they go
    /// without.
    pub linger_us: u32,
    /// Further properties of the client as librdkafka names them, such as `security.protocol`. Secrets may come from
    /// files. Serialised, secrets are hidden.
    #[serde(serialize_with = "hide_secrets")]
    pub properties: BTreeMap<String, Property>,
}

/// The value of a client property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Property {
    /// Text as it stands.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// The text of a file, without the end of its last line.
    File {
        /// Where the file is.
        file: PathBuf,
    },
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            delivery_timeout_ms: 10_000,
            queue_records_max: 100_000,
            queue_bytes_max: 64 << 20,
            record_bytes_max: 1_000_000,
            linger_us: 20_000,
            properties: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// All mistakes in these settings: what librdkafka does not know or take, what would break a promise, and a delivery
    /// timeout that outlives the request.
    #[must_use]
    pub fn check(&self, request_timeout: Duration) -> Vec<Mistake> {
        let wrong = self.properties.iter().filter_map(|(name, property)| check_property(name, property).err());
        let mut mistakes: Vec<Mistake> =
            wrong.map(|message| Mistake { setting: "kafka.properties", message }).collect();
        if Duration::from_millis(self.delivery_timeout_ms.into()) >= request_timeout {
            let message = format!(
                " is {}, it must be below the time of a request, which is {} ms",
                self.delivery_timeout_ms,
                request_timeout.as_millis()
            );
            mistakes.push(Mistake { setting: "kafka.delivery_timeout_ms", message });
        }
        if self.queue_records_max > QUEUE_RECORDS_MAX {
            let message = format!(" is {}, the limit is {QUEUE_RECORDS_MAX}", self.queue_records_max);
            mistakes.push(Mistake { setting: "kafka.queue_records_max", message });
        }
        if mistakes.is_empty()
            && let Err(ChannelError(message)) = self.producer(&[])
        {
            mistakes.push(Mistake { setting: "kafka", message: format!(": {message}") });
        }
        mistakes
    }

    /// What every client of these brokers needs.
    pub(super) fn client(&self, brokers: &[String]) -> Result<ClientConfig, ChannelError> {
        let mut client = ClientConfig::new();
        client
            .set_log_level(RDKafkaLogLevel::Warning)
            .set("bootstrap.servers", brokers.join(","))
            .set("client.id", "sluice")
            .set("reconnect.backoff.max.ms", "1000")
            .set("allow.auto.create.topics", "false");
        for (name, property) in &self.properties {
            let value = check_property(name, property);
            client.set(name, value.map_err(|wrong| ChannelError(format!("kafka.properties{wrong}")))?);
        }
        Ok(client)
    }

    /// What keeps the channel's promises.
    pub(super) fn producer(&self, brokers: &[String]) -> Result<ClientConfig, ChannelError> {
        let mut client = self.client(brokers)?;
        client
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", self.delivery_timeout_ms.to_string())
            // The queue is bounded by our own count; librdkafka frees a record a little after its answer.
            .set("queue.buffering.max.messages", (self.queue_records_max.saturating_mul(2)).to_string())
            .set("queue.buffering.max.kbytes", (self.queue_bytes_max / 512 + 1).to_string())
            .set("message.max.bytes", self.record_bytes_max.to_string())
            // A topic that the brokers don't know is refused by their first answer.
            .set("topic.metadata.propagation.max.ms", "0");
        let defaults = [
            // What waits for others is held before it comes here, and is flushed when it is here.
            ("linger.ms", (self.delivery_timeout_ms / 10).min(1000).to_string()),
            // A broker that hangs is left as soon as nothing waits for it any more.
            ("socket.timeout.ms", self.delivery_timeout_ms.to_string()),
            // The partition of a key is the one that Java's clients choose.
            ("partitioner", "murmur2_random".to_owned()),
        ];
        for (name, value) in defaults {
            if client.get(name).is_none() {
                client.set(name, value);
            }
        }
        client.create_native_config().map_err(|error| ChannelError(words(&error)))?;
        Ok(client)
    }
}

/// The value of a property, if users may set it so; or what is wrong, after `kafka.properties`.
fn check_property(name: &str, property: &Property) -> Result<String, String> {
    let mistake = |reason: String| format!(".{name:?}: {reason}");
    if let Some((_, reason)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        return Err(mistake(format!("can't be set: {reason}")));
    }
    let value = property.text().map_err(mistake)?;
    if value == HIDDEN {
        return Err(mistake("is what stands for a secret where it is shown, not the secret".to_owned()));
    }
    match ClientConfig::new().set(name, &value).create_native_config() {
        Ok(_) => Ok(value),
        Err(error) => Err(mistake(words(&error))),
    }
}

/// librdkafka's own words.
fn words(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, description, _, _) => description.clone(),
        error => error.to_string(),
    }
}

impl Property {
    fn text(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Bool(value) => Ok(value.to_string()),
            Self::Integer(value) => Ok(value.to_string()),
            Self::Float(value) => Ok(value.to_string()),
            Self::File { file } => match fs::read_to_string(file) {
                Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
                Err(error) => Err(format!("can't read {}: {error}", file.display())),
            },
        }
    }
}

fn is_secret(name: &str, property: &Property) -> bool {
    !matches!(property, Property::File { .. }) && SECRET.iter().any(|part| name.contains(part))
}

fn hide_secrets<S: Serializer>(properties: &BTreeMap<String, Property>, serializer: S) -> Result<S::Ok, S::Error> {
    let hidden = Property::Text(HIDDEN.to_owned());
    let shown = properties
        .iter()
        .map(|(name, property)| (name, if is_secret(name, property) { hidden.clone() } else { property.clone() }));
    serializer.collect_map(shown)
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        formatter.write_str(&json)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

    fn settings(json: &str) -> Settings {
        serde_json::from_str(json).unwrap()
    }

    fn mistakes(settings: &Settings) -> Vec<String> {
        settings.check(REQUEST_TIMEOUT).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_defaults_are_good() {
        assert_eq!(mistakes(&Settings::default()), [""; 0]);
        assert_eq!(settings("{}"), Settings::default());
    }

    #[test]
    fn tls_and_sasl_are_built_in() {
        let features = ClientConfig::new().create_native_config().unwrap().get("builtin.features").unwrap();
        let features: Vec<&str> = features.trim_end_matches('\0').split(',').collect();
        for feature in ["ssl", "sasl_plain", "sasl_scram", "zstd", "gzip", "lz4", "snappy"] {
            assert!(features.contains(&feature), "{feature} is missing in {features:?}");
        }
        let secure = settings(
            r#"{"properties": {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": "sluice", "sasl.password": "x", "linger.ms": 1.5, "compression.type": "zstd",
                "enable.ssl.certificate.verification": true, "topic.metadata.refresh.interval.ms": 60000}}"#,
        );
        assert_eq!(mistakes(&secure), [""; 0]);
    }

    #[test]
    fn all_mistakes_are_reported_together() {
        let wrong = settings(
            r#"{"delivery_timeout_ms": 30000, "properties": {"acks": "1", "linger.ms": "soon", "colour": "red",
                "sasl.password": {"file": "/no/such/file"}}}"#,
        );
        insta::assert_snapshot!(mistakes(&wrong).join("\n"), @r#"
        kafka.properties."acks": can't be set: an event is acknowledged by all in-sync replicas, always
        kafka.properties."colour": No such configuration property: "colour"
        kafka.properties."linger.ms": Invalid value for configuration property "queue.buffering.max.ms"
        kafka.properties."sasl.password": can't read /no/such/file: No such file or directory (os error 2)
        kafka.delivery_timeout_ms is 30000, it must be below the time of a request, which is 30000 ms
        "#);
    }

    #[test]
    fn every_refused_property_names_a_way_out() {
        for (name, reason) in REFUSED {
            let wrong = settings(&format!(r#"{{"properties": {{"{name}": "1"}}}}"#));
            assert_eq!(mistakes(&wrong), [format!("kafka.properties.{name:?}: can't be set: {reason}")]);
        }
    }

    #[test]
    fn a_secret_comes_from_a_file_and_is_never_shown() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"hunter2 \r\n").unwrap();
        let property = Property::File { file: file.path().to_owned() };
        assert_eq!(property.text().unwrap(), "hunter2 ");

        let secret =
            settings(r#"{"properties": {"sasl.password": "hunter2", "ssl.key.password": {"file": "/run/k"}}}"#);
        let shown = serde_json::to_string(&secret).unwrap();
        assert!(shown.contains(r#""sasl.password":"(hidden)""#), "{shown}");
        assert!(shown.contains(r#""ssl.key.password":{"file":"/run/k"}"#), "{shown}");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
