//! Asks the engine what the cases want to know.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cue::{Errors, Instance, Limits, Schema, SourceFile, VetOptions};

use crate::format::{Answer, Ask, Case, Question, without_space};

/// The engine's answer to a question; a panic is an answer too, so that one case does not hide the others.
pub(crate) fn answer(case: &Case, question: &Question) -> Answer {
    let asked = AssertUnwindSafe(|| match &question.ask {
        Ask::Export(expression) => export(&case.source, expression),
        Ask::Vet { path, document } => vet(&case.source, path, document),
    });
    catch_unwind(asked).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| cause.downcast_ref::<&str>().copied());
        Answer::Panic(text.unwrap_or("not a text").to_owned())
    })
}

fn export(source: &str, expression: &str) -> Answer {
    let json = compile(source).and_then(|instance| {
        let value = if expression.is_empty() { instance.root() } else { instance.lookup(expression)? };
        value.to_json()
    });
    json.map_or_else(|errors| Answer::from_report(&errors.report()), |json| Answer::Value(without_space(&json)))
}

fn vet(source: &str, path: &str, document: &str) -> Answer {
    let verdict = compile(source)
        .and_then(|instance| Schema::new(&instance, path, VetOptions::default()))
        .and_then(|schema| schema.vet_json(document.as_bytes(), "./data.json"));
    verdict.map_or_else(|errors| Answer::from_report(&errors.report()), |()| Answer::Accepted)
}

fn compile(source: &str) -> Result<Instance, Errors> {
    Instance::compile(vec![SourceFile::new("./schema.cue", source)], &Limits::default())
}
