//! From a request's body to the events that it says it holds.
//!
//! Undoes the content encoding, splits batches and NDJSON, and reads envelopes. Nothing is copied: each event's data
//! is a slice of the body. What is wrong with one event of many is its own error and leaves the others alone.

use std::{
    fmt,
    io::{self, Read},
};

use bytes::Bytes;
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};

use super::{
    Identity, Limits, Trace,
    cloudevents::{self, Attributes, NotACloudEvent, binary, structured},
    in_flight::Reserved,
    json::{Json, JsonLimits, Kind, kind_of},
    lines::Arriving,
    media_type::MediaType,
    refusal::Refusal,
    text::Text,
};

/// A request's body with what the edge knows about it.
pub struct Sent {
    /// How the body says that events lie in it.
    pub form: Form,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The body, as it came or comes.
    pub payload: Payload,
    /// The share of the bytes in memory; grows with what is decompressed.
    pub reserved: Reserved,
    /// Who sends.
    pub identity: Identity,
    /// The trace that the request belongs to.
    pub trace: Trace,
}

/// The bytes of a body.
pub enum Payload {
    /// All of them.
    Whole(Bytes),
    /// Lines that are still on their way; of a body that [is in lines](Form::is_in_lines).
    Lines(Box<dyn Arriving>),
}

/// What an endpoint takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// CloudEvents, whose type is in the envelope.
    CloudEvents,
    /// Plain payloads of this event type.
    Payloads(Text),
}

/// A decoded body: the texts of its events, not yet read.
pub(super) struct Body {
    /// Who sends.
    pub identity: Identity,
    /// The trace that the request belongs to.
    pub trace: Trace,
    form: Form,
    items: Vec<Item>,
    headers: HeaderMap,
    json_limits: JsonLimits,
    event_bytes_max: usize,
    _reserved: Reserved,
}

/// How events lie in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// One payload.
    Payload(Text),
    /// One payload in each line.
    Lines(Text),
    /// One event, its attributes in headers.
    Binary,
    /// One event as a JSON object.
    Structured,
    /// A list of such objects.
    Batch,
}

struct Item {
    bytes: Bytes,
    first_line: usize,
}

/// One event, as its sender says it is.
#[derive(Debug)]
pub(super) struct Draft {
    kind: Text,
    /// `None` if sluice is to write the envelope.
    pub(super) attributes: Option<Box<Attributes>>,
    pub(super) data: Data,
    /// The line of the body in which the data begins, from 1.
    pub(super) first_line: usize,
}

/// The data of a draft.
#[derive(Debug)]
pub(super) enum Data {
    Absent,
    /// Not looked at yet.
    Text(Bytes),
    /// Seen to be JSON while the envelope was read.
    Json(Json),
}

/// What all windows of a body share.
#[derive(Clone)]
pub(super) struct Head {
    pub(super) identity: Identity,
    pub(super) trace: Trace,
    pub(super) form: Form,
}

impl Sent {
    pub(super) fn split(self) -> (Head, HeaderMap, Payload, Reserved) {
        let Self { form, headers, payload, reserved, identity, trace } = self;
        (Head { identity, trace, form }, headers, payload, reserved)
    }
}

impl Draft {
    /// The name of its event type.
    #[must_use]
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }
}

impl Body {
    /// Undoes the content encoding and splits a body that is there as a whole into events.
    ///
    /// # Errors
    /// Why none of its events can be told from the others.
    pub(super) fn decode(
        head: Head,
        headers: HeaderMap,
        bytes: &Bytes,
        mut reserved: Reserved,
        limits: &Limits,
    ) -> Result<Self, Refusal> {
        let bytes = decompress(&headers, bytes, &mut reserved, limits)?;
        let items = match head.form {
            // One more than may be is enough to know.
            Form::Lines(_) => lines(&bytes, 1).take(limits.events_max.saturating_add(1)).collect(),
            Form::Batch => batch(&bytes, limits)?,
            Form::Payload(_) | Form::Binary | Form::Structured => vec![Item { bytes, first_line: 1 }],
        };
        if items.len() > limits.events_max {
            return Err(Refusal::limit("number of events", limits.events_max, "events_max"));
        }
        Ok(Self::of(head, headers, items, reserved, limits))
    }

    /// Some lines of a longer body, the first of which has this number.
    pub(super) fn lines(head: Head, bytes: &Bytes, first_line: usize, reserved: Reserved, limits: &Limits) -> Self {
        Self::of(head, HeaderMap::new(), lines(bytes, first_line).collect(), reserved, limits)
    }

    fn of(head: Head, headers: HeaderMap, items: Vec<Item>, reserved: Reserved, limits: &Limits) -> Self {
        let Head { identity, trace, form } = head;
        let (json_limits, event_bytes_max) = (limits.json, limits.event_bytes_max);
        Self { identity, trace, form, items, headers, json_limits, event_bytes_max, _reserved: reserved }
    }

    /// How many events it holds.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// How many of them are plain payloads, whose envelope sluice writes.
    #[must_use]
    pub(super) fn payloads(&self) -> usize {
        match self.form {
            Form::Payload(_) | Form::Lines(_) => self.items.len(),
            Form::Binary | Form::Structured | Form::Batch => 0,
        }
    }

    /// Reads its events, one after the other.
    pub(super) fn drafts(&self) -> impl Iterator<Item = Result<Draft, Refusal>> {
        self.items.iter().map(|item| self.draft(item))
    }

    fn draft(&self, item: &Item) -> Result<Draft, Refusal> {
        let draft = match &self.form {
            Form::Payload(kind) | Form::Lines(kind) => payload(kind, item)?,
            Form::Binary => self.binary(item)?,
            Form::Structured | Form::Batch => self.structured(item)?,
        };
        let size = match &draft.data {
            Data::Absent => 0,
            Data::Text(text) => text.len(),
            Data::Json(json) => json.bytes().len(),
        };
        if size > self.event_bytes_max {
            return Err(Refusal::limit(format!("data of {size} bytes"), self.event_bytes_max, "event_bytes_max"));
        }
        Ok(draft)
    }

    fn binary(&self, item: &Item) -> Result<Draft, Refusal> {
        let mut attributes = binary::attributes(&self.headers)?;
        let data = if item.bytes.is_empty() {
            Data::Absent
        } else {
            attributes.datacontenttype.get_or_insert(Text::from_static("application/json"));
            json_only(&attributes)?;
            Data::Text(item.bytes.clone())
        };
        Ok(Draft {
            kind: attributes.kind.clone(),
            attributes: Some(Box::new(attributes)),
            data,
            first_line: item.first_line,
        })
    }

    fn structured(&self, item: &Item) -> Result<Draft, Refusal> {
        // Base64 makes four bytes of three.
        let size = item.bytes.len() / 4 * 3;
        if size > self.event_bytes_max {
            let what = format!("event of {} bytes of text", item.bytes.len());
            return Err(Refusal::limit(what, self.event_bytes_max, "event_bytes_max"));
        }
        let read = structured::event(&item.bytes, &self.json_limits);
        let (attributes, data) = read.map_err(|error| match error {
            structured::Unreadable::Json(error) => Refusal::json(&error, &item.bytes, item.first_line),
            structured::Unreadable::Event(error) => error.into(),
        })?;
        let data = match data {
            structured::Data::Absent => Data::Absent,
            structured::Data::Json(json) => Data::Json(json),
            structured::Data::Binary(bytes) => Data::Text(bytes),
        };
        if !matches!(data, Data::Absent) {
            json_only(&attributes)?;
        }
        Ok(Draft {
            kind: attributes.kind.clone(),
            attributes: Some(Box::new(attributes)),
            data,
            first_line: item.first_line,
        })
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Body({:?}, {} events)", self.form, self.items.len())
    }
}

impl Form {
    /// What the headers of a request to an endpoint say.
    ///
    /// # Errors
    /// When it is no form that the endpoint takes.
    pub fn of(endpoint: &Endpoint, headers: &HeaderMap) -> Result<Self, Refusal> {
        let declared = match headers.get(CONTENT_TYPE) {
            Some(value) => Some(media_type(value)?),
            None => None,
        };
        let essence = declared.as_ref().map_or("", MediaType::essence);
        match endpoint {
            Endpoint::CloudEvents => Self::of_cloudevents(essence, headers),
            Endpoint::Payloads(kind) => Self::of_payloads(kind, declared.as_ref(), essence, headers),
        }
    }

    /// Whether a body can hold many events, so that the answer is a list.
    #[must_use]
    pub fn is_many(&self) -> bool {
        matches!(self, Self::Lines(_) | Self::Batch)
    }

    /// Whether events can be taken while those after them are still on their way.
    #[must_use]
    pub fn is_in_lines(&self, headers: &HeaderMap) -> bool {
        matches!(self, Self::Lines(_)) && !headers.contains_key(CONTENT_ENCODING)
    }

    /// HTTP protocol binding, section 3: the batch form first, because the prefix of the structured one fits it too.
    fn of_cloudevents(essence: &str, headers: &HeaderMap) -> Result<Self, Refusal> {
        match essence {
            "application/cloudevents-batch+json" => Ok(Self::Batch),
            "application/cloudevents+json" => Ok(Self::Structured),
            _ if essence.starts_with("application/cloudevents") => {
                let message = format!("CloudEvents of media type {essence} are not taken, only those in JSON are");
                Err(Refusal::MediaType(message))
            }
            _ if binary::is_present(headers) => Ok(Self::Binary),
            _ => Err(Refusal::MediaType(format!(
                "media type {} is no CloudEvent: send `ce-` headers, application/cloudevents+json or \
                 application/cloudevents-batch+json; plain payloads go to /v1/events/{{type}}",
                if essence.is_empty() { "(none)" } else { essence },
            ))),
        }
    }

    fn of_payloads(
        kind: &Text,
        declared: Option<&MediaType>,
        essence: &str,
        headers: &HeaderMap,
    ) -> Result<Self, Refusal> {
        if essence.starts_with("application/cloudevents") || binary::is_present(headers) {
            return Err(Refusal::MediaType(
                "plain payloads are taken here, and sluice writes the envelope; CloudEvents go to /v1/events"
                    .to_owned(),
            ));
        }
        match essence {
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Self::Lines(kind.clone())),
            // curl says so of everything that it posts.
            "" | "application/x-www-form-urlencoded" => Ok(Self::Payload(kind.clone())),
            _ if declared.is_some_and(MediaType::is_json) => Ok(Self::Payload(kind.clone())),
            _ => Err(Refusal::MediaType(format!(
                "media type {essence} is not taken: send application/json, application/x-ndjson or application/jsonl"
            ))),
        }
    }
}

fn media_type(value: &http::HeaderValue) -> Result<MediaType, Refusal> {
    value.to_str().ok().and_then(MediaType::parse).ok_or_else(|| {
        Refusal::MediaType(format!("{:?} is not a media type", String::from_utf8_lossy(value.as_bytes())))
    })
}

fn payload(kind: &Text, item: &Item) -> Result<Draft, Refusal> {
    if item.bytes.is_empty() {
        return Err(Refusal::Empty("body is empty, a JSON payload was expected".to_owned()));
    }
    let data = Data::Text(item.bytes.clone());
    Ok(Draft { kind: kind.clone(), attributes: None, data, first_line: item.first_line })
}

/// Schemas judge JSON; data without a media type in `data_base64` must not be taken as such (JSON event format, 3.1).
fn json_only(attributes: &Attributes) -> Result<(), Refusal> {
    let found = match &attributes.datacontenttype {
        Some(datacontenttype) if cloudevents::is_json(datacontenttype) => return Ok(()),
        Some(datacontenttype) => datacontenttype.to_string(),
        None => "not given".to_owned(),
    };
    Err(Refusal::NotJson { kind: attributes.kind.to_string(), found })
}

fn lines(bytes: &Bytes, first_line: usize) -> impl Iterator<Item = Item> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]).enumerate();
    ends.filter_map(move |(index, end)| {
        let line = &bytes[std::mem::replace(&mut start, end + 1)..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_blank = line.trim_ascii().is_empty();
        (!is_blank).then(|| Item { bytes: bytes.slice_ref(line), first_line: first_line + index })
    })
}

fn batch(bytes: &Bytes, limits: &Limits) -> Result<Vec<Item>, Refusal> {
    if kind_of(bytes).is_some_and(|kind| kind != Kind::List) {
        return Err(NotACloudEvent::Misplaced("a batch must be a list of events").into());
    }
    let items_max = limits.events_max.saturating_add(1);
    let texts = Json::items(bytes, items_max, &limits.json).map_err(|error| Refusal::json(&error, bytes, 1))?;
    let mut items = Vec::with_capacity(texts.len());
    let (mut line, mut seen) = (1, 0);
    for text in texts {
        let start = text.as_ptr() as usize - bytes.as_ptr() as usize;
        line += memchr::memchr_iter(b'\n', &bytes[seen..start]).count();
        seen = start;
        items.push(Item { bytes: text, first_line: line });
    }
    Ok(items)
}

fn decompress(headers: &HeaderMap, bytes: &Bytes, reserved: &mut Reserved, limits: &Limits) -> Result<Bytes, Refusal> {
    let Some(value) = headers.get(CONTENT_ENCODING) else { return Ok(bytes.clone()) };
    let encoding = String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase();
    match encoding.as_str() {
        "" | "identity" => Ok(bytes.clone()),
        "gzip" | "x-gzip" => inflate("gzip", flate2::read::MultiGzDecoder::new(&bytes[..]), reserved, limits),
        "zstd" => match zstd_reader(bytes) {
            Ok(reader) => inflate("zstd", reader, reserved, limits),
            Err(error) => Err(corrupt("zstd", &error)),
        },
        _ => Err(Refusal::Encoding(encoding)),
    }
}

/// Windows are bounded to 8 MiB, which RFC 8878 asks every decoder to support and no sender to exceed.
fn zstd_reader(compressed: &[u8]) -> io::Result<impl Read> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(compressed)?;
    reader.window_log_max(23)?;
    Ok(reader)
}

fn inflate(
    encoding: &'static str,
    mut reader: impl Read,
    reserved: &mut Reserved,
    limits: &Limits,
) -> Result<Bytes, Refusal> {
    let mut inflated = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let length = match reader.read(&mut chunk) {
            Ok(0) => return Ok(inflated.into()),
            Ok(length) => length,
            Err(error) => return Err(corrupt(encoding, &error)),
        };
        if inflated.len() + length > limits.decompressed_bytes_max {
            let limit = limits.decompressed_bytes_max;
            return Err(Refusal::limit("decompressed body", limit, "decompressed_bytes_max"));
        }
        reserved.grow(length)?;
        inflated.extend_from_slice(&chunk[..length]);
    }
}

fn corrupt(encoding: &'static str, error: &io::Error) -> Refusal {
    Refusal::Corrupt { encoding, reason: error.to_string() }
}
