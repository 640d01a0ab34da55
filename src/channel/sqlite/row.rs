//! A record as the file holds it.
//!
//! Keys and values are stored as text where they are text, so that people read them in any tool, and as blobs
//! otherwise; both give back the same bytes. Headers are a JSON object whose fields keep their order.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use rusqlite::types::{ToSqlOutput, ValueRef};
use serde::{
    Deserializer as _, Serializer as _,
    de::{MapAccess, Visitor},
};

use crate::channel::{AppendError, Header, Headers, Receipt, Record, Stored};

/// A row to be inserted; its offset is given by the writer.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) topic: Arc<str>,
    pub(super) key: Option<Bytes>,
    pub(super) value: Option<Bytes>,
    pub(super) headers: String,
    pub(super) timestamp_ms: i64,
    /// As [`Record::size`] counts it.
    pub(super) size: usize,
}

impl Row {
    /// Prepares a record on its sender's thread, to leave the writer little to do.
    pub(super) fn new(record: Record, bytes_max: usize) -> Result<Self, AppendError> {
        let size = record.size();
        if size > bytes_max {
            return Err(AppendError::TooLarge { size, reason: format!("the limit is {bytes_max} bytes") });
        }
        let headers = headers_to_json(&record.headers)?;
        let Record { topic, key, value, timestamp_ms, .. } = record;
        Ok(Self { topic, key, value, headers, timestamp_ms, size })
    }

    pub(super) fn sql_key(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(text_or_blob(self.key.as_deref()))
    }

    pub(super) fn sql_value(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(text_or_blob(self.value.as_deref()))
    }
}

/// NUL is kept out of text because SQLite's own functions end at it.
fn text_or_blob(bytes: Option<&[u8]>) -> ValueRef<'_> {
    match bytes {
        None => ValueRef::Null,
        Some(bytes) if std::str::from_utf8(bytes).is_ok() && memchr::memchr(0, bytes).is_none() => {
            ValueRef::Text(bytes)
        }
        Some(bytes) => ValueRef::Blob(bytes),
    }
}

fn headers_to_json(headers: &Headers) -> Result<String, AppendError> {
    let mut json = Vec::with_capacity(headers.bytes() + headers.len() * 6 + 2);
    let mut serializer = serde_json::Serializer::new(&mut json);
    let mut pairs = Vec::with_capacity(headers.len());
    for header in headers.iter() {
        let value = std::str::from_utf8(&header.value)
            .map_err(|_| AppendError::Refused(format!("the value of header {:?} is not UTF-8", header.name)))?;
        pairs.push((&*header.name, value));
    }
    serializer.collect_map(pairs).expect("strings are JSON and a vector takes them");
    Ok(String::from_utf8(json).expect("JSON is UTF-8"))
}

/// Reads a row of `offset, key, value, headers, timestamp_ms`.
pub(super) fn stored(topic: &Arc<str>, row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    let headers = row.get_ref(3)?.as_str()?;
    let headers = headers_from_json(headers)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, Box::new(error)))?;
    let record = Record {
        topic: topic.clone(),
        key: bytes(row.get_ref(1)?)?,
        value: bytes(row.get_ref(2)?)?,
        headers,
        timestamp_ms: row.get(4)?,
    };
    Ok(Stored { record, receipt: Receipt { partition: 0, offset: row.get(0)? } })
}

fn bytes(value: ValueRef<'_>) -> rusqlite::Result<Option<Bytes>> {
    Ok(value.as_bytes_or_null()?.map(Bytes::copy_from_slice))
}

fn headers_from_json(json: &str) -> serde_json::Result<Headers> {
    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<Header>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object of strings")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut headers = Vec::with_capacity(map.size_hint().unwrap_or(8));
            while let Some((name, value)) = map.next_entry::<String, String>()? {
                headers.push(Header::new(Cow::Owned(name), value));
            }
            Ok(headers)
        }
    }

    serde_json::Deserializer::from_str(json).deserialize_map(InOrder).map(Headers::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_in_order_with_every_character() {
        let headers = vec![
            Header::new("ce_type", "trip.reported"),
            Header::new("a", "\"quotes\" \\ \u{1} and Äpfel 🍎"),
            Header::new("", ""),
        ];
        let headers = Headers::from(headers);
        let json = headers_to_json(&headers).unwrap();
        assert_eq!(headers_from_json(&json).unwrap(), headers);
        assert_eq!(headers_to_json(&Headers::default()).unwrap(), "{}");
    }

    #[test]
    fn a_header_that_is_not_text_is_refused() {
        let error = headers_to_json(&vec![Header::new("ce_id", vec![0xff])].into()).unwrap_err();
        assert_eq!(error.to_string(), "channel refused the record: the value of header \"ce_id\" is not UTF-8");
    }

    #[test]
    fn bytes_that_are_no_text_are_blobs() {
        assert_eq!(text_or_blob(Some(b"{}")), ValueRef::Text(b"{}"));
        assert_eq!(text_or_blob(Some(b"a\0b")), ValueRef::Blob(b"a\0b"));
        assert_eq!(text_or_blob(Some(b"\xff")), ValueRef::Blob(b"\xff"));
        assert_eq!(text_or_blob(Some(b"")), ValueRef::Text(b""));
        assert_eq!(text_or_blob(None), ValueRef::Null);
    }
}
