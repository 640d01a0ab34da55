//! What form of an answer a client asks for (RFC 9110, section 12.5.1).

use axum::http::{HeaderMap, header::ACCEPT};

/// Whether the client would rather read plain text than JSON; `otherwise` if it does not care.
pub(super) fn wants_text(headers: &HeaderMap, otherwise: bool) -> bool {
    let text = quality(headers, &["text/plain"]);
    let json = quality(headers, &["application/json", "application/problem+json"]);
    if text == json { otherwise } else { text > json }
}

/// The first of these media types that the client rates highest; the first of all if it rates none.
pub(super) fn best<'a>(headers: &HeaderMap, offered: impl Iterator<Item = &'a str> + Clone) -> Option<usize> {
    let rated = offered.map(|media_type| quality(headers, &[media_type]).unwrap_or(0));
    rated.enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(index, _)| index)
}

/// How the client rates the best of these media types, in thousandths; `None` if it accepts none of them.
fn quality(headers: &HeaderMap, media_types: &[&str]) -> Option<u16> {
    let values = || headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let rate = |media_type: &str| {
        let ranges = values().flat_map(|value| value.split(','));
        let matching = ranges.filter_map(|range| rated(range, media_type));
        // The most specific range decides.
        matching.max_by_key(|(specific, _)| *specific).map(|(_, quality)| quality).filter(|quality| *quality > 0)
    };
    media_types.iter().filter_map(|media_type| rate(media_type)).max()
}

/// How specific a range is that matches the media type, and its `q`.
fn rated(range: &str, media_type: &str) -> Option<(u8, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let specific = match name.as_str() {
        "*/*" => 0,
        _ if name == media_type => 2,
        _ => match name.strip_suffix('*') {
            Some(kind) if kind.ends_with('/') && media_type.starts_with(kind) => 1,
            _ => return None,
        },
    };
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let quality = quality.and_then(|text| text.parse::<f32>().ok()).unwrap_or(1.0).clamp(0.0, 1.0);
    Some((specific, (quality * 1000.0) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, value.parse().expect("a header's value"));
        headers
    }

    #[test]
    fn text_or_json() {
        for (value, text) in [
            ("text/plain", true),
            ("text/*", true),
            ("application/json", false),
            ("application/problem+json", false),
            ("application/*", false),
            ("text/plain;q=0.5, application/json", false),
            ("text/plain, application/json;q=0.5", true),
            ("TEXT/PLAIN , */*;q=0.1", true),
            ("*/*, text/plain;q=0", false),
        ] {
            assert_eq!((wants_text(&accept(value), false), wants_text(&accept(value), true)), (text, text), "{value}");
        }
        for value in ["*/*", "image/png", "text/plain, application/json"] {
            assert!(wants_text(&accept(value), true) && !wants_text(&accept(value), false), "{value}");
        }
        assert!(wants_text(&HeaderMap::new(), true) && !wants_text(&HeaderMap::new(), false));
    }

    #[test]
    fn the_best_offer() {
        let offered = ["application/json", "text/x-cue"];
        let best = |value| best(&accept(value), offered.into_iter());
        assert_eq!(best("*/*"), Some(0));
        assert_eq!(best("text/x-cue"), Some(1));
        assert_eq!(best("text/*, application/json;q=0.9"), Some(1));
        assert_eq!(best("image/png"), Some(0));
    }
}
