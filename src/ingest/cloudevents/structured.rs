//! Structured content mode: the whole event is one JSON object (JSON event format, sections 2 and 3).
//!
//! The bytes of `data` stay as they are; only attributes are decoded.

use base64::{Engine, alphabet, engine};
use bytes::Bytes;

use super::{Attributes, Collector, NotACloudEvent};
use crate::ingest::{
    json::{Json, JsonError, JsonLimits, Kind, kind_of},
    text::Text,
};

/// The data of an event in structured mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Neither `data` nor `data_base64`.
    Absent,
    /// The value of `data`.
    Json(Json),
    /// What `data_base64` encodes.
    Binary(Bytes),
}

/// Why text is not an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Not JSON, or not an object.
    Json(JsonError),
    /// JSON, but not an event.
    Event(NotACloudEvent),
}

impl From<JsonError> for Unreadable {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl From<NotACloudEvent> for Unreadable {
    fn from(error: NotACloudEvent) -> Self {
        Self::Event(error)
    }
}

/// Takes base64 with padding and without.
const BASE64: engine::GeneralPurpose = engine::GeneralPurpose::new(
    &alphabet::STANDARD,
    engine::GeneralPurposeConfig::new().with_decode_padding_mode(engine::DecodePaddingMode::Indifferent),
);

const NO_OBJECT: &str = "an event must be an object; a list of them is sent as application/cloudevents-batch+json";

/// Reads one event.
///
/// # Errors
/// That it is not JSON, or which attribute breaks which rule.
pub fn event(text: &Bytes, limits: &JsonLimits) -> Result<(Attributes, Data), Unreadable> {
    if kind_of(text).is_some_and(|kind| kind != Kind::Object) {
        return Err(NotACloudEvent::Misplaced(NO_OBJECT).into());
    }
    let mut collector = Collector::default();
    let mut data = Data::Absent;
    for (name, value) in Json::members(text, limits)? {
        let found = match name.as_str() {
            "data" => Data::Json(value),
            // `null` is the same as no such member; only as `data` it is a value.
            _ if value.kind() == Kind::Null => continue,
            "data_base64" => Data::Binary(decode_base64(&value)?),
            _ => {
                collector.set(&name, attribute(&name, &value)?)?;
                continue;
            }
        };
        if data != Data::Absent {
            return Err(NotACloudEvent::Misplaced("`data` and `data_base64` must not stand in one event").into());
        }
        data = found;
    }
    if matches!(data, Data::Json(_)) && collector.datacontenttype.is_none() {
        collector.datacontenttype = Some(Text::from_static("application/json"));
    }
    Ok((collector.finish()?, data))
}

/// Writes one event. The data stands in it byte for byte.
#[must_use]
pub fn write(attributes: &Attributes, data: &Json) -> Bytes {
    let mut text = Vec::with_capacity(256 + data.bytes().len());
    text.extend_from_slice(br#"{"specversion":"1.0""#);
    let standard = [
        ("id", Some(&attributes.id)),
        ("source", Some(&attributes.source)),
        ("type", Some(&attributes.kind)),
        ("time", attributes.time.as_ref()),
        ("subject", attributes.subject.as_ref()),
        ("dataschema", attributes.dataschema.as_ref()),
        ("datacontenttype", attributes.datacontenttype.as_ref()),
    ];
    let extensions = attributes.extensions.iter().map(|(name, value)| (&**name, Some(value)));
    for (name, value) in standard.into_iter().chain(extensions) {
        if let Some(value) = value {
            text.extend_from_slice(b",\"");
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b"\":");
            serde_json::to_writer(&mut text, value).expect("a vector takes all text");
        }
    }
    text.extend_from_slice(b",\"data\":");
    text.extend_from_slice(data.bytes());
    text.push(b'}');
    text.into()
}

/// The canonical text of an attribute's value (CloudEvents, section 2.2).
fn attribute(name: &str, value: &Json) -> Result<Text, NotACloudEvent> {
    let wrong = |rule| NotACloudEvent::Value { name: name.to_owned(), rule };
    let standard = matches!(
        name,
        "specversion" | "id" | "source" | "type" | "time" | "subject" | "dataschema" | "datacontenttype"
    );
    let text = value.scalar().and_then(Text::from_utf8);
    match (value.kind(), text) {
        (Kind::String, Some(text)) => Ok(text),
        _ if standard => Err(wrong("must be a string")),
        (Kind::Bool, Some(text)) => Ok(text),
        (Kind::Number, Some(text)) => match text.parse::<i32>() {
            Ok(number) => Ok(number.to_string().into()),
            Err(_) => Err(wrong("must be a whole number of 32 bits if it is a number")),
        },
        _ => Err(wrong("must be a string, a boolean or a whole number")),
    }
}

fn decode_base64(value: &Json) -> Result<Bytes, NotACloudEvent> {
    let wrong =
        || NotACloudEvent::Value { name: "data_base64".to_owned(), rule: "must be a string in base64 (RFC 4648)" };
    if value.kind() != Kind::String {
        return Err(wrong());
    }
    let text = value.scalar().ok_or_else(wrong)?;
    BASE64.decode(&text).map(Bytes::from).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(members: &str) -> Result<(Attributes, Data), Unreadable> {
        let text = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t"{members}}}"#);
        event(&text.into(), &JsonLimits::default())
    }

    fn json(text: &str) -> Data {
        Data::Json(Json::check(text.to_owned().into(), &JsonLimits::default()).expect("JSON"))
    }

    #[test]
    fn keeps_the_bytes_of_data() {
        let (attributes, data) = read(r#", "data" : {"b" : 1.50,"a":"\u00e9"} , "ext":"\u00e9\"""#).expect("an event");
        assert_eq!(data, json(r#"{"b" : 1.50,"a":"\u00e9"}"#));
        assert_eq!(attributes.extension("ext").map(|text| &**text), Some("é\""));
        assert_eq!(attributes.datacontenttype.as_deref(), Some("application/json"));
    }

    #[test]
    fn null_is_unset_except_as_data() {
        let (attributes, data) = read(r#","subject":null,"ext":null,"data_base64":null"#).expect("an event");
        assert_eq!((attributes.subject, attributes.extensions, data), (None, vec![], Data::Absent));
        assert_eq!(attributes.datacontenttype, None);
        assert_eq!(read(r#","data":null"#).expect("an event").1, json("null"));
        assert_eq!(read(r#","data":"{}""#).expect("an event").1, json("\"{}\""));
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let members =
            r#","data":{"a" : 1},"subject":"\"€","ext":"1","datacontenttype":"a/b+json","dataschema":"urn:a""#;
        let event_read = read(members).expect("an event");
        let Data::Json(data) = &event_read.1 else { panic!("the data is JSON") };
        assert_eq!(event(&write(&event_read.0, data), &JsonLimits::default()), Ok(event_read));
    }

    #[test]
    fn decodes_binary_data() {
        for text in ["aGk=", "aGk"] {
            let (attributes, data) = read(&format!(r#","data_base64":"{text}""#)).expect("an event");
            assert_eq!((attributes.datacontenttype, data), (None, Data::Binary("hi".into())));
        }
    }

    #[test]
    fn writes_extensions_of_other_kinds_as_text() {
        let (attributes, _) = read(r#","a":true,"b":-7,"c":"x""#).expect("an event");
        let shown: Vec<_> = attributes.extensions.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(shown, [("a", "true"), ("b", "-7"), ("c", "x")]);
    }

    #[test]
    fn refuses_what_is_no_event() {
        for (members, message) in [
            (r#","data":1,"data_base64":"aGk=""#, "`data` and `data_base64` must not stand in one event"),
            (r#","data_base64":7"#, "attribute \"data_base64\" must be a string in base64 (RFC 4648)"),
            (r#","data_base64":"a*""#, "attribute \"data_base64\" must be a string in base64 (RFC 4648)"),
            (r#","time":1"#, "attribute \"time\" must be a string"),
            (r#","time":"yesterday""#, "attribute \"time\" must be a timestamp like 2026-01-31T12:00:00Z (RFC 3339)"),
            (r#","subject":"""#, "attribute \"subject\" must not be empty"),
            (r#","Ext":1"#, "attribute name \"Ext\" must consist of lower-case letters and digits"),
            (r#","ext":{}"#, "attribute \"ext\" must be a string, a boolean or a whole number"),
            (r#","ext":1.5"#, "attribute \"ext\" must be a whole number of 32 bits if it is a number"),
            (r#","ext":2147483648"#, "attribute \"ext\" must be a whole number of 32 bits if it is a number"),
            (r#","ext":"a\nb""#, "attribute \"ext\" must not contain control characters or noncharacters"),
        ] {
            match read(members) {
                Err(Unreadable::Event(error)) => assert_eq!(error.to_string(), message),
                other => panic!("{members}: {other:?}"),
            }
        }
        assert!(matches!(read(r#","id":"2""#), Err(Unreadable::Json(_))));
    }
}
