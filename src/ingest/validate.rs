//! Whether the data is what its schema says.

use std::sync::Arc;

use super::{
    Limits,
    authorize::Permitted,
    body::{Data, Draft},
    cloudevents::Attributes,
    json::{Json, JsonError},
    refusal::{Position, Refusal},
    serving::Stream,
};
use crate::catalog::Rejection;

/// An event whose data obeys its schema, or that rightly has none.
pub(super) struct Valid {
    pub(super) stream: Arc<Stream>,
    /// `None` if sluice writes the envelope.
    pub(super) attributes: Option<Attributes>,
    pub(super) data: Option<Json>,
}

/// Checks the data against the schema of its type.
pub(super) fn check(Permitted { draft, stream }: Permitted, limits: &Limits) -> Result<Valid, Refusal> {
    let first_line = draft.first_line;
    let Draft { attributes, data, .. } = draft;
    let data = match data {
        Data::Absent => return without_data(stream, attributes),
        Data::Json(json) => json,
        Data::Text(text) => {
            let refuse = |error: JsonError| Refusal::json(&error, &text, first_line);
            Json::check(text.clone(), &limits.json).map_err(refuse)?
        }
    };
    match stream.event_type.validator.check(data.bytes()) {
        Ok(()) => Ok(Valid { stream, attributes, data: Some(data) }),
        Err(Rejection::Invalid(violations)) => Err(Refusal::Invalid { violations, omitted: 0 }),
        Err(Rejection::Malformed { message, offset }) => {
            let at = Position::in_text(data.bytes(), offset, first_line);
            Err(Refusal::Malformed { message, at })
        }
    }
}

/// An event without data deletes its key, which only a compacted topic does (Kafka protocol binding, section 3.2.2).
fn without_data(stream: Arc<Stream>, attributes: Option<Attributes>) -> Result<Valid, Refusal> {
    if stream.event_type.topic.compacted {
        Ok(Valid { stream, attributes, data: None })
    } else {
        Err(Refusal::NoData { topic: stream.event_type.topic.name.to_string() })
    }
}
