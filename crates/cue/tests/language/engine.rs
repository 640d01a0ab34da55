//! Asks the engine what the cases want to know.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use cue::{Entry, Errors, Instance, Limits, Schema, Source, SourceFile, VetOptions, lower};

use crate::format::{Answer, Ask, Case, Question, without_space};

/// The engine's answer to a question; a panic is an answer too, so that one case does not hide the others.
pub(crate) fn answer(case: &Case, question: &Question) -> Answer {
    let asked = AssertUnwindSafe(|| match &question.ask {
        Ask::Export(expression) => export(case, expression),
        Ask::Vet { path, document } => vet(case, path, document),
    });
    catch_unwind(asked).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| cause.downcast_ref::<&str>().copied());
        Answer::Panic(text.unwrap_or("not a text").to_owned())
    })
}

fn export(case: &Case, expression: &str) -> Answer {
    let json = compile(case).and_then(|instance| {
        if !expression.is_empty() {
            return instance.lookup(expression)?.to_json();
        }
        let (whole, parts) = (instance.root().to_json(), instance.to_json_by_parts(1));
        assert_eq!(whole.as_ref().ok(), parts.as_ref().ok(), "it is the same whether it is held as a whole or not");
        whole
    });
    json.map_or_else(|errors| Answer::from_report(&errors.report()), |json| Answer::Value(without_space(&json)))
}

fn vet(case: &Case, path: &str, document: &str) -> Answer {
    let verdict = compile(case)
        .and_then(|instance| Schema::new(&instance, path, VetOptions::default()))
        .and_then(|schema| schema.vet_json(document.as_bytes(), "./data.json"));
    verdict.map_or_else(|errors| Answer::from_report(&errors.report()), |()| Answer::Accepted)
}

/// What the lowered program says of a document; `None` for other questions and for schemas that do not compile.
pub(crate) fn lowered(case: &Case, question: &Question) -> Option<vet::Verdict> {
    let Ask::Vet { path, document } = &question.ask else { return None };
    let instance = compile(case).ok()?;
    Schema::new(&instance, path, VetOptions::default()).ok()?;
    let lowered = lower::program(&instance, path, &Limits::default(), &lower::Options::default());
    Some(lowered.program.check(document.as_bytes()))
}

fn compile(case: &Case) -> Result<Instance, Errors> {
    let schema = SourceFile::new("./schema.cue", case.source.as_str());
    match case.files.is_empty() {
        true => Instance::compile(vec![schema], &Limits::default()),
        false => Instance::load(&Folder(case, schema), "", &Limits::default()),
    }
}

/// A case as a folder of files.
struct Folder<'a>(&'a Case, Arc<SourceFile>);

impl Source for Folder<'_> {
    fn list(&self, folder: &str) -> Result<Option<Vec<Entry>>, String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let entry = |path: &str| {
            let rest = path.strip_prefix(&prefix)?;
            let (first, is_folder) = rest.split_once('/').map_or((rest, false), |(first, _)| (first, true));
            Some(Entry { name: first.to_owned(), is_folder })
        };
        let all = self.0.files.iter().map(|(path, _)| path.as_str()).chain(["schema.cue"]);
        let entries: BTreeSet<Entry> = all.filter_map(entry).collect();
        Ok((!entries.is_empty()).then(|| entries.into_iter().collect()))
    }

    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, String> {
        let text = match file {
            "schema.cue" => Some(&*self.1.text),
            _ => self.0.files.iter().find(|(path, _)| path == file).map(|(_, text)| text.as_str()),
        };
        Ok(text.map(|text| text.as_bytes().to_vec()))
    }
}
