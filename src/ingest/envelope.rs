//! The CloudEvents envelope of a record (Kafka protocol binding, sections 3.2 and 3.3).
//!
//! The data is not touched. Attributes that came go out as they came; those of a plain payload are written here.

use std::{borrow::Cow, sync::Arc, time::SystemTime};

use bytes::Bytes;

use super::{
    ContentMode, Settings,
    cloudevents::{Attributes, structured},
    json::Json,
    serving::Stream,
    text::Text,
    validate::Valid,
};
use crate::channel::Header;

const STRUCTURED: &str = "application/cloudevents+json; charset=UTF-8";

/// The trace that the request belongs to (W3C Trace Context), as its headers say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// `traceparent`, known to be of the right form.
    pub parent: Option<Text>,
    /// `tracestate`.
    pub state: Option<Text>,
}

/// An event with its envelope.
pub(super) struct Event {
    pub(super) stream: Arc<Stream>,
    pub(super) id: Text,
    pub(super) partitionkey: Option<Text>,
    pub(super) headers: Vec<Header>,
    pub(super) data: Option<Json>,
    /// The field that gives the record's key, if it was met before.
    pub(super) key: Option<Json>,
    pub(super) value: Option<Bytes>,
    pub(super) timestamp_ms: i64,
}

/// Writes the envelopes of the events of one request.
pub(super) struct Envelope<'a> {
    pub(super) settings: &'a Settings,
    trace: &'a Trace,
    time: Text,
    timestamp_ms: i64,
}

impl<'a> Envelope<'a> {
    /// For events that are accepted at this time.
    pub(super) fn of(settings: &'a Settings, trace: &'a Trace, now: SystemTime) -> Self {
        let now = jiff::Timestamp::try_from(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Self { settings, trace, time: format!("{now:.3}").into(), timestamp_ms: now.as_millisecond() }
    }

    /// Puts the envelope around an event.
    pub(super) fn wrap(&self, valid: Valid) -> Event {
        let Valid { stream, attributes, data, key } = valid;
        let attributes = attributes.unwrap_or_else(|| self.written_for(&stream));
        let (id, partitionkey) = (attributes.id.clone(), attributes.extension("partitionkey").cloned());
        let (headers, value) = match (self.settings.content_mode, &data) {
            (ContentMode::Structured, Some(data)) => (self.structured(), Some(structured::write(&attributes, data))),
            (_, data) => (self.binary(attributes), data.as_ref().map(|data| data.bytes().clone())),
        };
        Event { id, partitionkey, headers, stream, data, key, value, timestamp_ms: self.timestamp_ms }
    }

    /// The attributes of an event that came as a plain payload. Its trace begins with the request that brought it
    /// (distributed tracing extension).
    fn written_for(&self, stream: &Stream) -> Attributes {
        let trace = [("traceparent", &self.trace.parent), ("tracestate", &self.trace.state)];
        Attributes {
            id: uuid::Uuid::now_v7().to_string().into(),
            source: self.settings.source.as_str().into(),
            kind: stream.kind.clone(),
            time: Some(self.time.clone()),
            subject: None,
            dataschema: Some(stream.dataschema.clone()),
            datacontenttype: Some(Text::from_static("application/json")),
            extensions: trace
                .into_iter()
                .filter_map(|(name, value)| Some((Text::from_static(name), value.clone()?)))
                .collect(),
        }
    }

    fn structured(&self) -> Vec<Header> {
        let mut headers = vec![Header::new("content-type", STRUCTURED.as_bytes())];
        headers.extend(self.hop());
        headers
    }

    fn binary(&self, attributes: Attributes) -> Vec<Header> {
        let mut headers = Vec::with_capacity(10 + attributes.extensions.len());
        let mut push =
            |name, value: Text| headers.push(Header { name: Cow::Borrowed(name), value: value.bytes().clone() });
        push("ce_specversion", Text::from_static("1.0"));
        push("ce_id", attributes.id);
        push("ce_source", attributes.source);
        push("ce_type", attributes.kind);
        let optional = [
            ("content-type", attributes.datacontenttype),
            ("ce_time", attributes.time),
            ("ce_subject", attributes.subject),
            ("ce_dataschema", attributes.dataschema),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                push(name, value);
            }
        }
        for (name, value) in attributes.extensions {
            headers.push(Header { name: extension_header(&name), value: value.bytes().clone() });
        }
        headers.extend(self.hop());
        headers
    }

    /// The hop that brought the event, which its own `traceparent` attribute must not tell.
    fn hop(&self) -> impl Iterator<Item = Header> {
        let hop = [("traceparent", &self.trace.parent), ("tracestate", &self.trace.state)];
        hop.into_iter().filter_map(|(name, value)| Some(Header::new(name, value.as_ref()?.bytes().clone())))
    }
}

fn extension_header(name: &str) -> Cow<'static, str> {
    match name {
        "partitionkey" => "ce_partitionkey".into(),
        "traceparent" => "ce_traceparent".into(),
        "tracestate" => "ce_tracestate".into(),
        other => format!("ce_{other}").into(),
    }
}
