//! Why an event was not written. The edge turns this into answers; here is only what happened.

use std::time::Duration;

use crate::{
    catalog::Violation,
    channel::AppendError,
    ingest::{cloudevents::NotACloudEvent, json::Fault, json::JsonError},
};

/// Why an event, or a whole body, was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body did not come whole in time.
    #[error("body did not arrive within {}", crate::config::duration::to_text(*.0))]
    TooSlow(Duration),
    /// The sender broke off.
    #[error("body broke off: {0}")]
    BrokenOff(String),
    /// Bodies in memory leave no room.
    #[error("bodies in memory would be over the limit of {in_flight_bytes_max} bytes")]
    Overloaded {
        /// The limit.
        in_flight_bytes_max: usize,
    },
    /// A media type that the endpoint does not take.
    #[error("{0}")]
    MediaType(String),
    /// A content encoding that is not served.
    #[error("content encoding {0:?} is not served, gzip and zstd are")]
    Encoding(String),
    /// Compressed bytes that can't be read.
    #[error("body is not {encoding}: {reason}")]
    Corrupt {
        /// What it claims to be.
        encoding: &'static str,
        /// In the decoder's words.
        reason: String,
    },
    /// One past a bound.
    #[error("{0}")]
    Limit(Exceeded),
    /// Not JSON.
    #[error("not JSON at line {}, column {}: {message}", .at.line, .at.column)]
    Malformed {
        /// What is wrong.
        message: String,
        /// Where.
        at: Position,
    },
    /// JSON or headers, but no CloudEvent.
    #[error("not a CloudEvent: {0}")]
    NotACloudEvent(#[from] NotACloudEvent),
    /// The body has neither data nor attributes.
    #[error("{0}")]
    Empty(String),
    /// No such event type.
    #[error("no event type {0:?} is served; /v1/products lists those that are")]
    UnknownType(String),
    /// The sender may not write events of this type.
    #[error("events of type {0:?} may not be written by this sender")]
    Forbidden(String),
    /// The data is not what its schema says.
    #[error("{}", summary(violations, *omitted, *is_abridged))]
    Invalid {
        /// At least one.
        violations: Vec<Violation>,
        /// How many more there are, that are not told.
        omitted: usize,
        /// Whether the first one was told and no others were looked for.
        is_abridged: bool,
    },
    /// The data's media type can't be checked against the schema.
    #[error("data of type {kind:?} must be JSON, but its media type is {found}")]
    NotJson {
        /// The event type.
        kind: String,
        /// The media type, or that there is none.
        found: String,
    },
    /// No data, where that would not delete a key.
    #[error(
        "event has no data, and topic {topic:?} is not compacted: only there an event without data deletes its key"
    )]
    NoData {
        /// The topic of the event's type.
        topic: String,
    },
    /// No key, where the topic needs one.
    #[error("{0}")]
    NoKey(String),
    /// The channel did not take the record, or did not say so.
    #[error(transparent)]
    Channel(#[from] AppendError),
    /// Why the rest of a body was not read, of which some events were taken.
    #[error("{0}; this event and all after it were not taken")]
    Rest(Box<Refusal>),
    /// Nobody said how it went.
    #[error("the outcome of this event is not known")]
    Lost,
}

/// A bound that was passed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is over the limit of {limit}")]
pub struct Exceeded {
    /// The thing, with its size if it is known.
    pub what: String,
    /// The bound.
    pub limit: usize,
    /// Its name in the configuration.
    pub setting: &'static str,
}

/// A place in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Position {
    /// Byte offset in the event's text, from 0.
    pub offset: usize,
    /// Line of the body, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
}

impl Position {
    /// The place at a byte offset of text whose first line has the number `first_line`.
    #[must_use]
    pub fn in_text(text: &[u8], offset: usize, first_line: usize) -> Self {
        let before = &text[..offset.min(text.len())];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let is_character = |byte: &&u8| **byte & 0xC0 != 0x80;
        Self {
            offset,
            line: first_line + memchr::memchr_iter(b'\n', before).count(),
            column: 1 + before[line_start..].iter().filter(is_character).count(),
        }
    }
}

impl Refusal {
    /// Tells an error in text whose first line has the number `first_line`.
    #[must_use]
    pub fn json(error: &JsonError, text: &[u8], first_line: usize) -> Self {
        let at = Position::in_text(text, error.offset, first_line);
        let exceeded = |what: &str, limit, setting| {
            let what = format!("{what} at line {}, column {}", at.line, at.column);
            Self::Limit(Exceeded { what, limit, setting })
        };
        match &error.fault {
            Fault::TooDeep(limit) => exceeded("nesting", *limit, "depth_max"),
            Fault::NumberTooLong(limit) => exceeded("length of the number", *limit, "number_bytes_max"),
            Fault::ExponentTooLarge(limit) => exceeded("exponent of the number", *limit, "exponent_max"),
            fault => Self::Malformed { message: fault.to_string(), at },
        }
    }

    /// What went wrong, whatever it kept from being taken.
    #[must_use]
    pub fn cause(&self) -> &Self {
        if let Self::Rest(cause) = self { cause.cause() } else { self }
    }

    /// One past a bound.
    #[must_use]
    pub fn limit(what: impl Into<String>, limit: usize, setting: &'static str) -> Self {
        Self::Limit(Exceeded { what: what.into(), limit, setting })
    }
}

/// How many violations may still be told in one answer, so that a small body of many mistakes makes no huge answer.
#[derive(Debug)]
pub(super) struct Space {
    violations: usize,
}

impl Space {
    pub(super) fn new(violations_max: usize) -> Self {
        Self { violations: violations_max }
    }

    /// Leaves out the violations that do not fit; the first always does.
    pub(super) fn fit(&mut self, mut refusal: Refusal) -> Refusal {
        if let Refusal::Invalid { violations, omitted, .. } = &mut refusal {
            let told = violations.len().min(self.violations.max(1));
            *omitted += violations.len() - told;
            violations.truncate(told);
            violations.shrink_to_fit();
            self.violations = self.violations.saturating_sub(told);
        }
        refusal
    }
}

fn summary(violations: &[Violation], omitted: usize, is_abridged: bool) -> String {
    match violations {
        [first] if is_abridged => {
            format!("{}: {} (others were not looked for, too many events are refused now)", first.path, first.message)
        }
        [one] if omitted == 0 => format!("{}: {}", one.path, one.message),
        many => format!("{} violations", many.len() + omitted),
    }
}
