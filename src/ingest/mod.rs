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
pub mod lines;
pub mod media_type;
pub mod refusal;
mod route;
pub mod serving;
pub mod text;
mod validate;
mod wording;

use std::{
    collections::VecDeque,
    sync::{Arc, RwLock},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_ENCODING};

pub use authorize::Identity;
pub use envelope::Trace;

use self::{
    ack::{Answer, Appending, Batch},
    body::{Body, Draft, Head, Payload, Sent},
    envelope::Envelope,
    in_flight::Reserved,
    json::JsonLimits,
    lines::{Arriving, Lines},
    refusal::{Refusal, Space},
    route::Routed,
    serving::{Serving, Stream},
    validate::Checked,
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
    /// Bytes of the lines of one NDJSON body that are under way at once: the rest is read when they are acknowledged. A
    /// line that is longer goes by itself.
    pub window_bytes_max: usize,
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
            window_bytes_max: 128 << 10,
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
        self.run(sent, Purpose { counts: Some(&self.metrics), channel: self.channel.as_deref() }).await
    }

    /// Judges what was sent and writes nothing; such events are not counted.
    pub async fn judge(&self, sent: Sent) -> Answer {
        self.run(sent, Purpose { counts: None, channel: None }).await
    }

    async fn run(&self, sent: Sent, purpose: Purpose<'_>) -> Answer {
        let (head, headers, payload, reserved) = sent.split();
        let is_many = head.form.is_many();
        match payload {
            Payload::Lines(arriving) => Box::pin(self.take_lines(head, arriving, reserved, purpose)).await,
            Payload::Whole(bytes) => match self.decode(head, headers, bytes, reserved).await {
                Ok(body) => {
                    let batch = self.fill(&body, &mut self.space(), purpose).await;
                    Answer::new(is_many, self.append(batch, purpose).done().await)
                }
                Err(refusal) => Answer::unreadable(refusal, purpose.counts),
            },
        }
    }

    /// Takes lines while those after them are still on their way.
    async fn take_lines(
        &self,
        head: Head,
        arriving: Box<dyn Arriving>,
        reserved: Reserved,
        purpose: Purpose<'_>,
    ) -> Answer {
        let mut lines = Lines::new(head, arriving, reserved, &self.settings.limits);
        let mut space = self.space();
        let (mut under_way, mut results, mut unread) = (VecDeque::new(), Vec::new(), None);
        while let Some(window) = lines.next().await {
            match window {
                Ok(body) => {
                    let batch = self.fill(&body, &mut space, purpose).await;
                    under_way.push_back((body, self.append(batch, purpose)));
                }
                Err(refusal) => {
                    unread = Some(refusal);
                    break;
                }
            }
            if under_way.len() == lines::WINDOWS_MAX
                && let Some((_body, appending)) = under_way.pop_front()
            {
                results.extend(appending.done().await);
            }
        }
        for (_body, appending) in under_way {
            results.extend(appending.done().await);
        }
        match unread {
            Some(refusal) if results.is_empty() => return Answer::unreadable(refusal, purpose.counts),
            // What was written stays written; the rest has one outcome.
            Some(refusal) => results.push(ack::unread(Refusal::Rest(Box::new(refusal)), purpose.counts)),
            None => {}
        }
        Answer::new(true, results)
    }

    /// Takes all events of a body up to the channel.
    async fn fill<'a>(&self, body: &Body, space: &mut Space, purpose: Purpose<'a>) -> Batch<'a> {
        let serving = self.serving();
        let mut envelope = Envelope::of(&self.settings, &body.trace, body.payloads(), SystemTime::now());
        let mut batch = Batch::new(body.len(), purpose.counts);
        let mut pace = Pace::new();
        for draft in body.drafts() {
            let stream = serving.stream_of(&draft);
            let received = batch.receive(stream);
            let routed = self.accept(self.glance(draft, stream, &body.identity), &mut envelope).await;
            batch.add(received, routed.map_err(|error| space.fit(error)));
            pace.keep().await;
        }
        batch
    }

    fn append<'a>(&self, batch: Batch<'a>, purpose: Purpose<'a>) -> Appending<'a> {
        match purpose.channel {
            // If we die from here on, the sender has no answer, and each event is in the channel at most once.
            Some(channel) => batch.append(channel, self.settings.append_timeout, &self.metrics),
            None => batch.judged(),
        }
    }

    fn space(&self) -> Space {
        Space::new(self.settings.limits.violations_max)
    }

    async fn decode(&self, head: Head, headers: HeaderMap, bytes: Bytes, reserved: Reserved) -> Result<Body, Refusal> {
        let limits = self.settings.limits;
        if !headers.contains_key(CONTENT_ENCODING) {
            return Body::decode(head, headers, &bytes, reserved, &limits);
        }
        // Inflating may take so long that other requests of this thread would wait.
        let decode = move || Body::decode(head, headers, &bytes, reserved, &limits);
        tokio::task::spawn_blocking(decode).await.unwrap_or(Err(Refusal::Lost))
    }

    /// The steps that nothing is waited for in.
    fn glance(
        &self,
        draft: Result<Draft, Refusal>,
        stream: Option<&Arc<Stream>>,
        identity: &Identity,
    ) -> Result<Checked, Refusal> {
        validate::glance(authorize::permit(draft?, stream, identity)?, &self.settings.limits)
    }

    /// The other steps between bytes and channel, for one event.
    async fn accept(&self, checked: Result<Checked, Refusal>, envelope: &mut Envelope<'_>) -> Result<Routed, Refusal> {
        let limits = &self.settings.limits;
        let valid = match checked? {
            Checked::Valid(valid) => valid,
            // Seldom; every request would have to keep room for it.
            Checked::Doubtful(doubt) => Box::pin(doubt.decide(limits, &self.wording)).await?,
        };
        route::to_topic(envelope.wrap(valid), limits)
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

/// What events are taken for.
#[derive(Clone, Copy)]
struct Purpose<'a> {
    /// `None` counts nothing.
    counts: Option<&'a Metrics>,
    /// `None` writes nothing.
    channel: Option<&'a dyn Channel>,
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
