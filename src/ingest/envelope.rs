//! The CloudEvents envelope of a record (Kafka protocol binding, sections 3.2 and 3.3).
//!
//! The data is not touched. Attributes that came go out as they came; those of a plain payload are written here.

use std::{borrow::Cow, cell::RefCell, sync::Arc, time::SystemTime};

use bytes::{Bytes, BytesMut};
use uuid::{Uuid, fmt::Hyphenated};

use super::{
    ContentMode, Settings,
    cloudevents::{Attributes, structured},
    json::Json,
    serving::Stream,
    text::Text,
    validate::Valid,
};
use crate::channel::{Header, Headers};

const JSON: &str = "application/json";
const STRUCTURED: &str = "application/cloudevents+json; charset=UTF-8";

/// The trace that the request belongs to (W3C Trace Context), as its headers say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// `traceparent`, known to be of the right form.
    pub parent: Option<Text>,
    /// `tracestate`.
    pub state: Option<Text>,
}

impl Trace {
    /// The parts that there are, by the names of their headers, which are those of the attributes.
    fn parts(&self) -> impl Iterator<Item = (&'static str, &Text)> {
        let parts = [("traceparent", &self.parent), ("tracestate", &self.state)];
        parts.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)))
    }
}

/// An event with its envelope.
pub(super) struct Event {
    pub(super) stream: Arc<Stream>,
    pub(super) id: Text,
    pub(super) partitionkey: Option<Text>,
    pub(super) headers: Headers,
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
    ids: Ids,
    time: Text,
    timestamp_ms: i64,
}

/// What all plain payloads of a type have in their envelopes, as headers.
pub(super) fn shared_headers(source: &str, kind: &Text, dataschema: &Text) -> Arc<[Header]> {
    let source = Text::from(source);
    Arc::new([
        Header::new("ce_specversion", "1.0"),
        Header::new("ce_source", source.bytes().clone()),
        Header::new("ce_type", kind.bytes().clone()),
        Header::new("content-type", JSON),
        Header::new("ce_dataschema", dataschema.bytes().clone()),
    ])
}

impl<'a> Envelope<'a> {
    /// For events that are accepted at this time, `payloads` of them plain.
    pub(super) fn of(settings: &'a Settings, trace: &'a Trace, payloads: usize, now: SystemTime) -> Self {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let timestamp_ms = i64::try_from(since.as_millis()).unwrap_or_default();
        Self { settings, trace, ids: Ids::new(payloads), time: time_text(timestamp_ms), timestamp_ms }
    }

    /// Puts the envelope around an event.
    pub(super) fn wrap(&mut self, valid: Valid) -> Event {
        let Valid { stream, attributes, data, key } = valid;
        match (attributes, self.settings.content_mode) {
            (Some(attributes), _) => self.around(stream, *attributes, data, key),
            (None, ContentMode::Structured) => {
                let attributes = self.written_for(&stream);
                self.around(stream, attributes, data, key)
            }
            (None, ContentMode::Binary) => {
                let id = self.ids.next();
                let headers = Headers::new(self.own_headers(&id), Arc::clone(&stream.headers));
                self.event(stream, id, None, headers, data, key)
            }
        }
    }

    fn around(&self, stream: Arc<Stream>, attributes: Attributes, data: Option<Json>, key: Option<Json>) -> Event {
        let (id, partitionkey) = (attributes.id.clone(), attributes.extension("partitionkey").cloned());
        match (self.settings.content_mode, &data) {
            (ContentMode::Structured, Some(whole)) => {
                let value = structured::write(&attributes, whole);
                Event { value: Some(value), ..self.event(stream, id, partitionkey, self.structured(), data, key) }
            }
            _ => self.event(stream, id, partitionkey, self.binary(attributes), data, key),
        }
    }

    /// An event whose record holds the data as it came.
    fn event(
        &self,
        stream: Arc<Stream>,
        id: Text,
        partitionkey: Option<Text>,
        headers: Headers,
        data: Option<Json>,
        key: Option<Json>,
    ) -> Event {
        let value = data.as_ref().map(|data| data.bytes().clone());
        Event { stream, id, partitionkey, headers, data, key, value, timestamp_ms: self.timestamp_ms }
    }

    /// The headers of a plain payload that are not [those of its type](shared_headers).
    fn own_headers(&self, id: &Text) -> Vec<Header> {
        let mut headers = Vec::with_capacity(6);
        headers.push(Header::new("ce_id", id.bytes().clone()));
        headers.push(Header::new("ce_time", self.time.bytes().clone()));
        for (name, value) in self.trace.parts() {
            headers.push(Header::new(extension_header(name), value.bytes().clone()));
        }
        headers.extend(self.hop());
        headers
    }

    /// The attributes of an event that came as a plain payload. Its trace begins with the request that brought it
    /// (distributed tracing extension).
    fn written_for(&mut self, stream: &Stream) -> Attributes {
        Attributes {
            id: self.ids.next(),
            source: self.settings.source.as_str().into(),
            kind: stream.kind.clone(),
            time: Some(self.time.clone()),
            subject: None,
            dataschema: Some(stream.dataschema.clone()),
            datacontenttype: Some(Text::from_static(JSON)),
            extensions: self.trace.parts().map(|(name, value)| (Text::from_static(name), value.clone())).collect(),
        }
    }

    fn structured(&self) -> Headers {
        [Header::new("content-type", STRUCTURED)].into_iter().chain(self.hop()).collect()
    }

    fn binary(&self, attributes: Attributes) -> Headers {
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
        headers.into()
    }

    /// The hop that brought the event, which its own `traceparent` attribute must not tell.
    fn hop(&self) -> impl Iterator<Item = Header> {
        self.trace.parts().map(|(name, value)| Header::new(name, value.bytes().clone()))
    }
}

/// UUIDs (version 7) as text, cut out of one allocation for all events of a request.
struct Ids(BytesMut);

impl Ids {
    fn new(count: usize) -> Self {
        Self(BytesMut::with_capacity(count * Hyphenated::LENGTH))
    }

    fn next(&mut self) -> Text {
        let mut buffer = Uuid::encode_buffer();
        let id = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
        self.0.extend_from_slice(id.as_bytes());
        Text::from_utf8(self.0.split().freeze()).expect("a UUID is ASCII")
    }
}

/// Milliseconds since 1970 in RFC 3339. Under load many requests of a thread are accepted in one millisecond and share
/// the text.
fn time_text(timestamp_ms: i64) -> Text {
    thread_local!(static LAST: RefCell<(i64, Text)> = RefCell::default());
    LAST.with_borrow_mut(|(last_ms, text)| {
        if *last_ms != timestamp_ms || text.is_empty() {
            let time = jiff::Timestamp::from_millisecond(timestamp_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            (*last_ms, *text) = (timestamp_ms, format!("{time:.3}").into());
        }
        text.clone()
    })
}

fn extension_header(name: &str) -> Cow<'static, str> {
    match name {
        "partitionkey" => "ce_partitionkey".into(),
        "traceparent" => "ce_traceparent".into(),
        "tracestate" => "ce_tracestate".into(),
        other => format!("ce_{other}").into(),
    }
}
