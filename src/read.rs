//! Events back out of a channel, each as one CloudEvent in JSON on a line (JSON event format, structured mode).
//!
//! JSON payloads stand under `data` with their bytes as they were accepted, but for line ends between their tokens, which
//! become spaces; all other payloads stand under `data_base64`.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::value::RawValue;

use crate::{
    catalog::Catalog,
    channel::{Channel, ChannelError, ReadFrom, Reader, Record, TopicSpec},
};

/// How long one topic is waited for before the next has its turn.
const TURN: Duration = Duration::from_millis(200);

/// Which events are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Those of this type; `None` for all types of the catalog.
    pub event_type: Option<String>,
    /// Where to begin in each partition.
    pub from: ReadFrom,
    /// How many at most.
    pub max: Option<u64>,
    /// Whether to wait for later ones.
    pub follow: bool,
}

/// Why reading ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The catalog has no such type.
    #[error("no event type {wanted:?}; there {}", names(.known))]
    UnknownType {
        /// The type that was asked for.
        wanted: String,
        /// All that there are, sorted.
        known: Vec<Arc<str>>,
    },
    /// The channel can't be read.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The lines can't be written.
    #[error("events can't be printed: {0}")]
    Output(#[from] io::Error),
}

/// Prints the events that are wanted, topic after topic; with `follow` it goes on with whatever comes.
///
/// # Errors
/// When the type is not known, or the channel or the output fails.
pub async fn run(
    channel: &dyn Channel,
    catalog: &Catalog,
    wanted: &Wanted,
    out: &mut (dyn Write + Send),
) -> Result<(), ReadError> {
    let mut topics = topics(catalog, wanted)?;
    let readiness = channel.readiness(&topics).await;
    if wanted.event_type.is_none() {
        for topic in &readiness.missing_topics {
            tracing::warn!(%topic, "the topic does not exist, and is left out");
        }
        topics.retain(|topic| !readiness.missing_topics.contains(&topic.name));
    }
    let mut readers = Vec::new();
    for topic in topics {
        let reader = channel.reader(&topic.name, wanted.from).await;
        // Why nothing answers says more than that this topic does not.
        readers.push(reader.map_err(|error| readiness.unreachable.clone().map_or(error, ChannelError))?);
    }
    let mut left = wanted.max.unwrap_or(u64::MAX);
    loop {
        for reader in &mut readers {
            drain(reader.as_mut(), wanted, &mut left, out).await?;
        }
        if left == 0 || !wanted.follow || readers.is_empty() {
            return Ok(());
        }
    }
}

fn topics(catalog: &Catalog, wanted: &Wanted) -> Result<Vec<TopicSpec>, ReadError> {
    let Some(name) = &wanted.event_type else { return Ok(catalog.topics()) };
    match catalog.types.get(name.as_str()) {
        Some(found) => Ok(vec![found.topic.clone()]),
        None => {
            let mut known: Vec<Arc<str>> = catalog.types.keys().cloned().collect();
            known.sort();
            Err(ReadError::UnknownType { wanted: name.clone(), known })
        }
    }
}

fn names(types: &[Arc<str>]) -> String {
    match types {
        [only] => format!("is only {only}"),
        _ => format!("are {}", types.join(", ")),
    }
}

/// Prints what the topic has now.
async fn drain(
    reader: &mut dyn Reader,
    wanted: &Wanted,
    left: &mut u64,
    out: &mut (dyn Write + Send),
) -> Result<(), ReadError> {
    let wait = if wanted.follow { TURN } else { Duration::ZERO };
    while *left > 0 {
        let Some(stored) = reader.next(wait).await? else { break };
        if let Some(line) = line(&stored.record, wanted.event_type.as_deref()) {
            out.write_all(&line)?;
            *left -= 1;
        }
    }
    Ok(out.flush()?)
}

/// The event of a record as a line; `None` if it is no CloudEvent, or of another type.
fn line(record: &Record, wanted: Option<&str>) -> Option<Vec<u8>> {
    let header = |name: &str| record.headers.iter().find(|header| header.name == name).map(|header| &*header.value);
    let content_type = header("content-type").map(String::from_utf8_lossy);
    let is_structured =
        content_type.as_ref().is_some_and(|text| text.to_lowercase().starts_with("application/cloudevents"));
    if is_structured {
        let event = record.value.as_deref()?;
        let fields: std::collections::HashMap<String, &RawValue> = serde_json::from_slice(event).ok()?;
        let kind: String = serde_json::from_str(fields.get("type")?.get()).ok()?;
        return wanted.is_none_or(|wanted| wanted == kind).then(|| one_line(event));
    }
    header("ce_specversion")?;
    if wanted.is_some_and(|wanted| header("ce_type") != Some(wanted.as_bytes())) {
        return None;
    }
    let mut members = Vec::new();
    for attribute in record.headers.iter() {
        if let Some(name) = attribute.name.strip_prefix("ce_") {
            members.push(member(name, &attribute.value));
        }
    }
    members.extend(header("content-type").map(|value| member("datacontenttype", value)));
    let mut line = format!("{{{}", members.join(",")).into_bytes();
    match &record.value {
        Some(value) if is_json(content_type.as_deref()) && serde_json::from_slice::<&RawValue>(value).is_ok() => {
            line.extend_from_slice(b",\"data\":");
            line.extend_from_slice(value);
        }
        Some(value) => line.extend_from_slice(format!(",\"data_base64\":\"{}\"", STANDARD.encode(value)).as_bytes()),
        None => {}
    }
    line.push(b'}');
    Some(one_line(&line))
}

/// An attribute with its value.
fn member(name: &str, value: &[u8]) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    format!("{}:{}", quoted(name), quoted(&String::from_utf8_lossy(value)))
}

/// In JSON text a line end can only stand between tokens.
fn one_line(json: &[u8]) -> Vec<u8> {
    let blank = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
    json.iter().map(blank).chain([b'\n']).collect()
}

/// Whether a media type is JSON (JSON event format, section 3.1).
fn is_json(content_type: Option<&str>) -> bool {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    essence.ends_with("/json") || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Header;

    fn record(headers: &[(&'static str, &'static str)], value: Option<&'static [u8]>) -> Record {
        Record {
            topic: "t".into(),
            key: None,
            value: value.map(bytes::Bytes::from_static),
            headers: headers.iter().map(|(name, value)| Header::new(*name, value.as_bytes())).collect(),
            timestamp_ms: 0,
        }
    }

    const ENVELOPE: [(&str, &str); 3] = [("ce_specversion", "1.0"), ("ce_type", "T"), ("ce_id", "é \"1\"")];

    fn read(content_type: Option<&'static str>, value: Option<&'static [u8]>) -> String {
        let mut headers = ENVELOPE.to_vec();
        headers.extend(content_type.map(|text| ("content-type", text)));
        headers.push(("traceparent", "00-hop"));
        String::from_utf8(line(&record(&headers, value), Some("T")).unwrap()).unwrap()
    }

    #[test]
    fn json_keeps_its_bytes_and_stays_on_one_line() {
        let expected = "{\"specversion\":\"1.0\",\"type\":\"T\",\"id\":\"é \\\"1\\\"\",\"datacontenttype\":\"application/json\",\"data\":{  \"a\": 1.0,  \"b\":  \"\\n\"}}\n";
        assert_eq!(read(Some("application/json"), Some(b"{\r\n\"a\": 1.0,\n \"b\":  \"\\n\"}")), expected);
    }

    #[test]
    fn what_is_not_json_is_base64() {
        assert!(
            read(Some("image/png"), Some(b"\x89PNG"))
                .ends_with(",\"datacontenttype\":\"image/png\",\"data_base64\":\"iVBORw==\"}\n")
        );
        assert!(read(Some("application/vnd.x+JSON; charset=utf-8"), Some(b"[1]")).ends_with(",\"data\":[1]}\n"));
        assert!(read(Some("application/json"), Some(b"{broken")).contains("\"data_base64\":"));
        assert!(read(None, Some(b"{}")).ends_with(",\"data_base64\":\"e30=\"}\n"));
        assert!(read(Some("application/json"), None).ends_with(",\"datacontenttype\":\"application/json\"}\n"));
    }

    #[test]
    fn structured_events_pass_as_they_are() {
        let headers = [("content-type", "application/cloudevents+json; charset=UTF-8")];
        let event = record(&headers, Some(b"{\n\"specversion\":\"1.0\",\"type\":\"T\",\"data\":1}"));
        assert_eq!(line(&event, Some("T")).unwrap(), b"{ \"specversion\":\"1.0\",\"type\":\"T\",\"data\":1}\n");
        assert_eq!(line(&event, Some("U")), None);
    }

    #[test]
    fn other_types_and_foreign_records_are_passed_over() {
        assert_eq!(line(&record(&ENVELOPE, None), Some("U")), None);
        assert_eq!(line(&record(&[("content-type", "application/json")], Some(b"{}")), None), None);
    }
}
