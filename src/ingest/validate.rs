//! Whether the data is what its schema says.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;

use super::{
    Limits,
    authorize::Permitted,
    body::{Data, Draft},
    cloudevents::Attributes,
    json::{Json, JsonError},
    refusal::{Position, Refusal},
    serving::Stream,
    wording::Budget,
};
use crate::catalog::{Glance, Rejection, Violation};

/// An event whose data obeys its schema, or that rightly has none.
pub(super) struct Valid {
    pub(super) stream: Arc<Stream>,
    /// `None` if sluice writes the envelope.
    pub(super) attributes: Option<Box<Attributes>>,
    pub(super) data: Option<Json>,
    /// The field that gives the record's key, if it was met on the way.
    pub(super) key: Option<Json>,
}

/// What one pass over the data tells.
pub(super) enum Checked {
    Valid(Valid),
    /// The whole schema must decide or, on what is refused, word it.
    Doubtful(Doubt),
}

/// An event whose data is not known to obey its schema.
pub(super) struct Doubt {
    stream: Arc<Stream>,
    attributes: Option<Box<Attributes>>,
    bytes: Bytes,
    /// The same, if it is known to be JSON.
    json: Option<Json>,
    first_line: usize,
    /// One violation, if it is known to break the schema.
    first: Option<Violation>,
}

/// Checks the data against what is compiled of the schema of its type.
///
/// # Errors
/// When there is no data where there must be.
pub(super) fn glance(Permitted { draft, stream }: Permitted, limits: &Limits) -> Result<Checked, Refusal> {
    let Draft { attributes, data, first_line, .. } = draft;
    let (bytes, json) = match data {
        Data::Absent => return without_data(stream, attributes).map(Checked::Valid),
        Data::Json(json) => (json.bytes().clone(), Some(json)),
        Data::Text(text) => (text, None),
    };
    let first = match stream.event_type.validator.glance(&bytes, limits.json.into()) {
        Glance::Accepted { key } => {
            let data = Json::accepted(bytes);
            let key = key.map(|place| data.at(place));
            return Ok(Checked::Valid(Valid { stream, attributes, data: Some(data), key }));
        }
        Glance::Refused(violation) => Some(violation),
        Glance::Undecided => None,
    };
    Ok(Checked::Doubtful(Doubt { stream, attributes, bytes, json, first_line, first }))
}

impl Doubt {
    /// Checks the data against the whole schema.
    ///
    /// # Errors
    /// Why it does not obey it, or can't be judged.
    pub(super) async fn decide(self, limits: &Limits, wording: &Arc<Budget>) -> Result<Valid, Refusal> {
        let Self { stream, attributes, bytes, json, first_line, first } = self;
        let json = match json {
            Some(json) => json,
            None => {
                let refuse = |error: JsonError| Refusal::json(&error, &bytes, first_line);
                Json::check(bytes.clone(), &limits.json).map_err(refuse)?
            }
        };
        if let Some(first) = first.filter(|_| !wording.is_left()) {
            return Err(Refusal::Invalid { violations: vec![first], omitted: 0, is_abridged: true });
        }
        match judge(&stream, &json, wording).await? {
            Ok(()) => Ok(Valid { stream, attributes, data: Some(json), key: None }),
            Err(Rejection::Invalid(violations)) => Err(Refusal::Invalid { violations, omitted: 0, is_abridged: false }),
            Err(Rejection::Malformed { message, offset }) => {
                let at = Position::in_text(json.bytes(), offset, first_line);
                Err(Refusal::Malformed { message, at })
            }
        }
    }
}

/// The whole schema's verdict, on another thread if it may take long.
async fn judge(stream: &Arc<Stream>, json: &Json, wording: &Arc<Budget>) -> Result<Result<(), Rejection>, Refusal> {
    let (stream, json, wording) = (Arc::clone(stream), json.clone(), Arc::clone(wording));
    let is_slow = stream.event_type.validator.is_slow();
    let judge = move || {
        let started = Instant::now();
        let verdict = stream.event_type.validator.check(json.bytes());
        if verdict.is_err() {
            wording.spend(started.elapsed());
        }
        verdict
    };
    if is_slow { tokio::task::spawn_blocking(judge).await.map_err(|_| Refusal::Lost) } else { Ok(judge()) }
}

/// An event without data deletes its key, which only a compacted topic does (Kafka protocol binding, section 3.2.2).
fn without_data(stream: Arc<Stream>, attributes: Option<Box<Attributes>>) -> Result<Valid, Refusal> {
    if stream.event_type.topic.compacted {
        Ok(Valid { stream, attributes, data: None, key: None })
    } else {
        Err(Refusal::NoData { topic: stream.event_type.topic.name.to_string() })
    }
}
