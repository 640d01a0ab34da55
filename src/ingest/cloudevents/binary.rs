//! Binary content mode over HTTP: attributes are headers, the body is the data (HTTP protocol binding, section 3.1).

use bytes::BytesMut;
use http::{HeaderMap, header::CONTENT_TYPE};
use percent_encoding::percent_decode;

use super::{Attributes, Collector, NotACloudEvent};
use crate::ingest::text::Text;

/// What the name of every header begins with that carries an attribute.
const PREFIX: &str = "ce-";

/// Whether headers carry an event in binary mode, rightly or not.
#[must_use]
pub fn is_present(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with(PREFIX))
}

/// Reads the attributes of an event from headers; `datacontenttype` from `Content-Type`.
///
/// # Errors
/// Which attribute breaks which rule.
pub fn attributes(headers: &HeaderMap) -> Result<Attributes, NotACloudEvent> {
    let mut collector = Collector::default();
    // All values share one allocation; decoding never makes a value longer.
    let length = headers.iter().map(|(_, value)| value.len()).sum();
    let mut arena = BytesMut::with_capacity(length);
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(PREFIX) else { continue };
        if name == "datacontenttype" {
            return Err(NotACloudEvent::Misplaced(
                "header `ce-datacontenttype` must not be sent: `Content-Type` carries the data's media type",
            ));
        }
        decode(value.as_bytes(), &mut arena);
        let text = Text::from_utf8(arena.split().freeze())
            .ok_or_else(|| NotACloudEvent::Value { name: name.to_owned(), rule: "must decode to UTF-8" })?;
        collector.set(name, text)?;
    }
    if let Some(value) = headers.get(CONTENT_TYPE) {
        let text = value.to_str().ok().map(Text::from).ok_or_else(not_a_media_type)?;
        collector.set("datacontenttype", text)?;
    }
    collector.finish()
}

fn not_a_media_type() -> NotACloudEvent {
    NotACloudEvent::Value { name: "datacontenttype".to_owned(), rule: "must be a media type (RFC 2046)" }
}

/// Undoes a double-quoted string with its backslashes, then one round of percent-encoding (section 3.1.3.2). A `%`
/// that no two hexadecimal digits follow stands for itself.
fn decode(value: &[u8], arena: &mut BytesMut) {
    match value {
        [b'"', quoted @ .., b'"'] => {
            let mut plain = Vec::with_capacity(quoted.len());
            let mut bytes = quoted.iter().copied();
            while let Some(byte) = bytes.next() {
                plain.push(if byte == b'\\' { bytes.next().unwrap_or(byte) } else { byte });
            }
            arena.extend(percent_decode(&plain));
        }
        _ if value.contains(&b'%') => arena.extend(percent_decode(value)),
        _ => arena.extend_from_slice(value),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn decoded(value: &str) -> String {
        let mut arena = BytesMut::new();
        decode(value.as_bytes(), &mut arena);
        String::from_utf8_lossy(&arena).into_owned()
    }

    #[test]
    fn decodes_values_as_the_binding_says() {
        for (value, text) in [
            ("plain", "plain"),
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
            ("%e2%82%ac", "€"),
            ("%41%42", "AB"),
            ("%2541", "%41"),
            ("\"a b\"", "a b"),
            ("\"a \\\"b\\\" \\\\ %22\"", "a \"b\" \\ \""),
            ("100%", "100%"),
            ("%4", "%4"),
            ("\"", "\""),
        ] {
            assert_eq!(decoded(value), text, "{value}");
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let required = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")];
        for (name, value) in required.iter().filter(|(name, _)| pairs.iter().all(|pair| pair.0 != *name)).chain(pairs) {
            if !value.is_empty() || pairs.iter().any(|pair| pair.0 == *name && pair.1 != "-") {
                headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a header's value"));
            }
        }
        headers
    }

    #[test]
    fn refuses_what_is_no_event() {
        for (pairs, message) in [
            (vec![("ce-id", "")], "attribute \"id\" must not be empty"),
            (vec![("ce-type", "\"\"")], "attribute \"type\" must not be empty"),
            (vec![("ce-specversion", "0.3")], "specversion \"0.3\" is not served, only \"1.0\" is"),
            (vec![("ce-source", "a b")], "attribute \"source\" must be a URI-reference (RFC 3986) that is not empty"),
            (vec![("ce-dataschema", "/relative")], "attribute \"dataschema\" must be an absolute URI (RFC 3986)"),
            (vec![("ce-my_ext", "1")], "attribute name \"my_ext\" must consist of lower-case letters and digits"),
            (vec![("ce-ext", "1"), ("ce-ext", "2")], "attribute \"ext\" occurs more than once"),
            (vec![("ce-ext", "%C0%A0")], "attribute \"ext\" must decode to UTF-8"),
            (vec![("ce-ext", "a%00")], "attribute \"ext\" must not contain control characters or noncharacters"),
            (vec![("ce-data", "1")], "attribute \"data\" must not be used: the name stands for the event's data"),
            (vec![("content-type", "json")], "attribute \"datacontenttype\" must be a media type (RFC 2046)"),
            (
                vec![("ce-datacontenttype", "text/json")],
                "header `ce-datacontenttype` must not be sent: `Content-Type` carries the data's media type",
            ),
        ] {
            let error = attributes(&headers(&pairs)).expect_err(message);
            assert_eq!(error.to_string(), message);
        }
        let mut without_id = headers(&[]);
        without_id.remove("ce-id");
        assert_eq!(attributes(&without_id), Err(NotACloudEvent::Missing("id")));
    }
}
