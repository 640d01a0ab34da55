//! Which topic and which key. A sender chooses neither topic nor partition.

use std::sync::Arc;

use super::{Limits, ack::Written, envelope::Event, json::Kind, refusal::Refusal, serving::Stream, text::Text};
use bytes::Bytes;

use crate::channel::{Receipt, Record};

/// A record that is ready to be written.
pub(super) struct Routed {
    pub(super) stream: Arc<Stream>,
    pub(super) id: Text,
    pub(super) record: Record,
}

impl Written {
    /// What to tell about a routed event that is durable.
    pub(super) fn durable(id: Text, stream: Arc<Stream>, receipt: Receipt) -> Self {
        Self { id, stream, receipt: Some(receipt) }
    }
}

/// Makes the record of an event.
pub(super) fn to_topic(event: Event, limits: &Limits) -> Result<Routed, Refusal> {
    let topic = &event.stream.event_type.topic;
    let key = key(&event)?;
    if key.is_none() && topic.compacted {
        return Err(Refusal::NoKey(no_key(&event)));
    }
    let record = Record {
        topic: Arc::clone(&topic.name),
        key,
        value: event.value,
        headers: event.headers,
        timestamp_ms: event.timestamp_ms,
    };
    let size = record.size();
    if size > limits.event_bytes_max {
        return Err(Refusal::limit(format!("event of {size} bytes"), limits.event_bytes_max, "event_bytes_max"));
    }
    Ok(Routed { stream: event.stream, id: event.id, record })
}

/// From the field that the description names, or else from the `partitionkey` attribute.
fn key(event: &Event) -> Result<Option<Bytes>, Refusal> {
    let (Some(path), Some(data)) = (&event.stream.event_type.key, &event.data) else {
        return Ok(event.partitionkey.as_ref().map(|key| key.bytes().clone()));
    };
    match event.key.clone().or_else(|| data.find(path)) {
        Some(value) if matches!(value.kind(), Kind::Object | Kind::List) => Err(Refusal::NoKey(format!(
            "field {:?} gives the key, but is neither text, number nor boolean",
            path.join(".")
        ))),
        Some(value) => Ok(value.scalar()),
        None => Ok(None),
    }
}

fn no_key(event: &Event) -> String {
    let topic = &event.stream.event_type.topic.name;
    match (&event.stream.event_type.key, &event.data) {
        (Some(path), Some(_)) => {
            format!("topic {topic:?} is compacted and needs a key, but field {:?} has no value", path.join("."))
        }
        _ => format!("topic {topic:?} is compacted and needs a key: send it as attribute \"partitionkey\""),
    }
}
