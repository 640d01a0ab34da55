//! From outcomes to the answer that a sender reads.

use std::time::Duration;

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::Response,
};
use serde::Serialize;

use super::{negotiate, problem::Problem};
use crate::ingest::{
    ack::{Answer, Written},
    refusal::Refusal,
};

/// How a sender wants to be answered.
pub(super) struct Wish {
    text: bool,
    /// Also list the events that were accepted.
    all_results: bool,
    request_id: HeaderValue,
    /// What plain text says of an event that is durable.
    accepted_text: &'static str,
}

impl Wish {
    /// From the request: `Accept`, and `results=all` in the query.
    pub(super) fn of(headers: &HeaderMap, uri: &Uri, request_id: HeaderValue) -> Self {
        let all_results = uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "results=all"));
        Self { text: negotiate::wants_text(headers, false), all_results, request_id, accepted_text: "ok" }
    }

    /// As the root answers: in plain text unless the client asks for JSON.
    pub(super) fn at_root(headers: &HeaderMap, uri: &Uri, request_id: HeaderValue) -> Self {
        let text = negotiate::wants_text(headers, true);
        Self { text, accepted_text: "sent to the channel ok", ..Self::of(headers, uri, request_id) }
    }

    /// Answers with a refusal of the whole request.
    pub(super) fn refuse(&self, refusal: &Refusal) -> Response {
        self.problem(Problem::of(refusal))
    }

    /// Answers with a problem.
    pub(super) fn problem(&self, problem: Problem<'_>) -> Response {
        if self.text { problem.respond_text() } else { problem.respond(&self.request_id) }
    }

    /// Answers with what became of the events.
    pub(super) fn answer(&self, answer: &Answer) -> Response {
        match answer {
            Answer::One(Ok(written)) if self.text => text(StatusCode::OK, self.say(written)),
            Answer::One(Ok(written)) => json(StatusCode::OK, &One::of(written)),
            Answer::One(Err(refusal)) => self.refuse(refusal),
            Answer::Many(results) => self.many(results),
        }
    }

    /// Answers with verdicts on events that were not to be written.
    pub(super) fn verdict(&self, answer: &Answer) -> Response {
        match answer {
            Answer::One(Ok(_)) if self.text => text(StatusCode::OK, "ok"),
            Answer::One(Ok(written)) => {
                json(StatusCode::OK, &Verdict { valid: true, kind: &written.stream.event_type.name })
            }
            other => self.answer(other),
        }
    }

    fn say(&self, written: &Written) -> &'static str {
        if written.receipt.is_some() { self.accepted_text } else { "ok" }
    }

    fn many(&self, results: &[Result<Written, Refusal>]) -> Response {
        let many = Many::of(results, self.all_results);
        let mut response = if self.text { text(many.status, many.text()) } else { json(many.status, &many) };
        if let Some(after) = many.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after.as_secs()));
        }
        response
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut bytes = Vec::with_capacity(256);
    serde_json::to_writer(&mut bytes, body).expect("a vector takes all bytes");
    response(status, "application/json", bytes)
}

fn text(status: StatusCode, text: impl Into<String>) -> Response {
    let mut text = text.into();
    text.push('\n');
    response(status, "text/plain; charset=utf-8", text)
}

/// An answer with a body of this type.
pub(super) fn response(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// An event that was taken.
#[derive(Serialize)]
struct One<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    topic: &'a str,
    /// Both are `null` if there is no channel to write to.
    partition: Option<i32>,
    offset: Option<i64>,
}

impl<'a> One<'a> {
    fn of(written: &'a Written) -> Self {
        let event_type = &written.stream.event_type;
        Self {
            id: &written.id,
            kind: &event_type.name,
            topic: &event_type.topic.name,
            partition: written.receipt.map(|receipt| receipt.partition),
            offset: written.receipt.map(|receipt| receipt.offset),
        }
    }
}

#[derive(Serialize)]
struct Verdict<'a> {
    valid: bool,
    #[serde(rename = "type")]
    kind: &'a str,
}

/// The events of a body that can hold many.
#[derive(Serialize)]
struct Many<'a> {
    accepted: usize,
    rejected: usize,
    events: Vec<Entry<'a>>,
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    retry_after: Option<Duration>,
}

#[derive(Serialize)]
struct Entry<'a> {
    /// Place in the body, from 0.
    index: usize,
    #[serde(flatten)]
    result: Listed<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Listed<'a> {
    Written {
        status: u16,
        #[serde(flatten)]
        one: One<'a>,
    },
    Failed(Problem<'a>),
}

impl<'a> Many<'a> {
    fn of(results: &'a [Result<Written, Refusal>], all: bool) -> Self {
        let mut many = Self {
            accepted: results.iter().filter(|result| result.is_ok()).count(),
            rejected: results.iter().filter(|result| result.is_err()).count(),
            events: Vec::new(),
            status: StatusCode::OK,
            retry_after: None,
        };
        let mut statuses = None;
        for (index, result) in results.iter().enumerate() {
            let (status, listed) = match result {
                Ok(written) => {
                    let listed = || Listed::Written { status: 200, one: One::of(written) };
                    (StatusCode::OK, all.then(listed))
                }
                Err(refusal) => {
                    let problem = Problem::of(refusal);
                    many.retry_after = many.retry_after.max(problem.retry_after);
                    (problem.status, Some(Listed::Failed(problem)))
                }
            };
            many.events.extend(listed.map(|result| Entry { index, result }));
            statuses = Some(statuses.map_or(status, |all| if all == status { all } else { StatusCode::MULTI_STATUS }));
        }
        many.status = statuses.unwrap_or(StatusCode::OK);
        many
    }

    fn text(&self) -> String {
        let mut text = format!("{} accepted, {} rejected", self.accepted, self.rejected);
        for entry in &self.events {
            let result = match &entry.result {
                Listed::Written { .. } => "ok".to_owned(),
                Listed::Failed(problem) => problem.text(),
            };
            for line in result.lines() {
                text.push_str(&format!("\n{}: {line}", entry.index));
            }
        }
        text
    }
}
