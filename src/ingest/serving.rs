//! What is served now: the catalog, and for each event type what every event of it needs.

use std::{collections::HashMap, sync::Arc};

use super::{body::Draft, envelope::shared_headers, refusal::Refusal, text::Text};
use crate::{
    catalog::{Catalog, EventType},
    channel::Header,
    telemetry::{EventCounters, Metrics},
};

/// A catalog made ready to take events.
#[derive(Debug)]
pub struct Serving {
    /// What owners described.
    pub catalog: Arc<Catalog>,
    streams: HashMap<Arc<str>, Arc<Stream>>,
}

/// One event type, with everything that its events share.
#[derive(Debug)]
pub struct Stream {
    /// The description.
    pub event_type: Arc<EventType>,
    /// The `type` attribute.
    pub kind: Text,
    /// The `dataschema` attribute of events whose envelope sluice writes.
    pub dataschema: Text,
    /// The headers that its plain payloads share.
    pub(super) headers: Arc<[Header]>,
    /// Counts the outcomes of its events.
    pub counters: EventCounters,
}

impl Serving {
    /// `public_url` is where senders and readers reach the gateway, without a slash at its end; `source` is the attribute
    /// of events whose envelope sluice writes.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, public_url: &str, source: &str, metrics: &Metrics) -> Self {
        let stream = |event_type: &Arc<EventType>| {
            let kind = Text::from(&*event_type.name);
            let dataschema = Text::from(format!("{public_url}{}", event_type.schema_path));
            Stream {
                event_type: Arc::clone(event_type),
                headers: shared_headers(source, &kind, &dataschema),
                kind,
                dataschema,
                counters: metrics.event_counters(&event_type.product, &event_type.name),
            }
        };
        let streams = catalog.types.iter().map(|(name, kind)| (Arc::clone(name), Arc::new(stream(kind)))).collect();
        metrics.catalog(catalog.products.len(), catalog.types.len());
        Self { catalog, streams }
    }

    /// The stream of an event type.
    #[must_use]
    pub fn stream(&self, kind: &str) -> Option<&Arc<Stream>> {
        self.streams.get(kind)
    }

    /// The stream of what was decoded; none if it could not be.
    pub(super) fn stream_of(&self, draft: &Result<Draft, Refusal>) -> Option<&Arc<Stream>> {
        self.stream(draft.as_ref().ok()?.kind())
    }
}
