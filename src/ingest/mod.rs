//! The path of an event: what is sent in, what was written out.
//!
//! Each stage is a type that only its step can build, so that no later step checks again:
//!
//! ```text
//! Body ─ Draft ─ Permitted ─ Valid ─ Event ─ Routed ─ Receipt
//!  body           authorize  validate envelope route   ack
//! ```
//!
//! The path knows no connections and no status codes. Every event that a body holds has exactly one outcome, and the
//! outcome that nobody sets is failure.

pub mod ack;
mod authorize;
pub mod body;
pub mod cloudevents;
mod envelope;
pub mod in_flight;
pub mod json;
pub mod media_type;
pub mod refusal;
mod route;
pub mod serving;
pub mod text;
mod validate;
mod wording;

use std::{
    sync::{Arc, RwLock},
    time::{Duration, Instant, SystemTime},
};

pub use authorize::Identity;
pub use envelope::Trace;

use self::{
    ack::{Answer, Batch},
    body::{Body, Draft, Sent},
    envelope::Envelope,
    json::JsonLimits,
    refusal::{Refusal, Space},
    route::Routed,
    serving::{Serving, Stream},
    wording::Budget,
};
use crate::{channel::Channel, config::Mistake, telemetry::Metrics};

/// How events are taken in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The `source` attribute of events whose envelope sluice writes: a URI-reference.
    pub source: String,
    /// How events are written.
    pub content_mode: ContentMode,
    /// Bounds on what is sent.
    pub limits: Limits,
    /// How long the channel may take to acknowledge, before the outcome is told as unknown. Longer than the channel's
    /// own limit, so that the channel decides.
    #[serde(with = "crate::config::duration")]
    pub append_timeout: Duration,
    /// Time in each second, over all cores, that may go into finding and wording all violations of events that are
    /// refused; beyond it the first violation is told.
    #[serde(with = "crate::config::duration")]
    pub wording_time: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            source: "/sluice".to_owned(),
            content_mode: ContentMode::default(),
            limits: Limits::default(),
            append_timeout: Duration::from_secs(30),
            wording_time: Duration::from_millis(500),
        }
    }
}

impl Settings {
    /// What is wrong with settings that have the right shape.
    #[must_use]
    pub fn check(&self) -> Vec<Mistake> {
        let wrong = cloudevents::check("source", &self.source).err();
        wrong.map(|wrong| Mistake { setting: "ingest.source", message: format!(": {wrong}") }).into_iter().collect()
    }
}

/// How the events of a channel are written (Kafka protocol binding, section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContentMode {
    /// The record's value is the data, byte for byte; attributes are headers.
    #[default]
    Binary,
    /// The record's value is the whole event as JSON. An event without data is written in binary mode all the same,
    /// because only a record without a value deletes its key.
    Structured,
}

/// Bounds on what is sent, each refused one past it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a request's body, as sent.
    pub body_bytes_max: usize,
    /// Bytes of a request's body, after decompression.
    pub decompressed_bytes_max: usize,
    /// Bytes of one event: its data and the values of its attributes.
    pub event_bytes_max: usize,
    /// Events in one request.
    pub events_max: usize,
    /// Violations that one answer tells; of each event at least the first.
    pub violations_max: usize,
    /// Bounds on JSON text.
    pub json: JsonLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 16 << 20,
            decompressed_bytes_max: 64 << 20,
            event_bytes_max: 1_000_000,
            events_max: 10_000,
            violations_max: 10_000,
            json: JsonLimits::default(),
        }
    }
}

/// Takes events in, on behalf of everybody who sends.
#[derive(Debug)]
pub struct Ingest {
    settings: Settings,
    /// Replaced whole when descriptions change.
    serving: RwLock<Arc<Serving>>,
    /// `None` judges events and writes none.
    channel: Option<Arc<dyn Channel>>,
    metrics: Arc<Metrics>,
    wording: Arc<Budget>,
}

impl Ingest {
    /// Events of the served types go to the channel.
    #[must_use]
    pub fn new(settings: Settings, serving: Serving, channel: Option<Arc<dyn Channel>>, metrics: Arc<Metrics>) -> Self {
        let wording = Arc::new(Budget::new(settings.wording_time));
        Self { settings, serving: RwLock::new(Arc::new(serving)), channel, metrics, wording }
    }

    /// Takes what was sent from bytes to outcomes: the whole path.
    pub async fn take(&self, sent: Sent) -> Answer {
        let serving = self.serving();
        let body = match self.decode(sent).await {
            Ok(body) => body,
            Err(refusal) => return Answer::unreadable(refusal, &self.metrics),
        };
        let mut envelope = Envelope::of(&self.settings, &body.trace, body.payloads(), SystemTime::now());
        let mut batch = Batch::new(&body, &self.metrics);
        let mut space = Space::new(self.settings.limits.violations_max);
        let mut pace = Pace::new();
        for draft in body.drafts() {
            let stream = serving.stream_of(&draft);
            let received = batch.receive(stream);
            let routed = self.accept(draft, stream, &body.identity, &mut envelope).await;
            batch.add(received, routed.map_err(|error| space.fit(error)));
            pace.keep().await;
        }
        match &self.channel {
            // If we die from here on, the sender has no answer, and each event is in the channel at most once.
            Some(channel) => batch.append(&**channel, self.settings.append_timeout).await,
            None => batch.judged(),
        }
    }

    /// Judges what was sent and writes nothing; such events are not counted.
    pub async fn judge(&self, sent: Sent) -> Answer {
        let serving = self.serving();
        let body = match self.decode(sent).await {
            Ok(body) => body,
            Err(refusal) => return Answer::One(Err(refusal)),
        };
        let mut envelope = Envelope::of(&self.settings, &body.trace, body.payloads(), SystemTime::now());
        let mut verdicts = Vec::with_capacity(body.len());
        let mut space = Space::new(self.settings.limits.violations_max);
        let mut pace = Pace::new();
        for draft in body.drafts() {
            let stream = serving.stream_of(&draft);
            let routed = self.accept(draft, stream, &body.identity, &mut envelope).await;
            verdicts.push(routed.map(Routed::judged).map_err(|error| space.fit(error)));
            pace.keep().await;
        }
        Answer::new(body.is_many(), verdicts)
    }

    async fn decode(&self, sent: Sent) -> Result<Body, Refusal> {
        let limits = self.settings.limits;
        if !sent.is_compressed() {
            return Body::decode(sent, &limits);
        }
        // Inflating may take so long that other requests of this thread would wait.
        let decoding = tokio::task::spawn_blocking(move || Body::decode(sent, &limits));
        decoding.await.unwrap_or(Err(Refusal::Lost))
    }

    /// The steps between bytes and channel, for one event.
    async fn accept(
        &self,
        draft: Result<Draft, Refusal>,
        stream: Option<&Arc<Stream>>,
        identity: &Identity,
        envelope: &mut Envelope<'_>,
    ) -> Result<Routed, Refusal> {
        let permitted = authorize::permit(draft?, stream, identity)?;
        let valid = validate::check(permitted, &envelope.settings.limits, &self.wording).await?;
        let event = envelope.wrap(valid);
        route::to_topic(event, &envelope.settings.limits)
    }

    /// What is served now.
    #[must_use]
    pub fn serving(&self) -> Arc<Serving> {
        Arc::clone(&self.serving.read().expect("nobody panics while holding it"))
    }

    /// Serves other descriptions from the next request on.
    pub fn serve(&self, serving: Serving) {
        *self.serving.write().expect("nobody panics while holding it") = Arc::new(serving);
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// Lets other requests of this thread go on while a long body is judged.
struct Pace {
    events: usize,
    since: Option<Instant>,
}

impl Pace {
    const SLICE: Duration = Duration::from_millis(1);
    /// Events after which the clock is read.
    const STEP: usize = 16;

    fn new() -> Self {
        Self { events: 0, since: None }
    }

    async fn keep(&mut self) {
        self.events += 1;
        if self.events.is_multiple_of(Self::STEP) && self.since.get_or_insert_with(Instant::now).elapsed() > Self::SLICE
        {
            tokio::task::yield_now().await;
            self.since = None;
        }
    }
}
