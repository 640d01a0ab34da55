//! Asks the engine what the cases want to know.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use cue::{Errors, Instance, Limits, Schema, Source, SourceFile, VetOptions, lower};

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
        let value = if expression.is_empty() { instance.root() } else { instance.lookup(expression)? };
        value.to_json()
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
    fn cue_files(&self, folder: &str) -> Result<Option<Vec<Arc<SourceFile>>>, String> {
        let here = |path: &str| path.rsplit_once('/').unwrap_or(("", path)).0 == folder && path.ends_with(".cue");
        let mut files: Vec<_> = self.0.files.iter().filter(|(path, _)| here(path)).map(source_file).collect();
        files.extend(folder.is_empty().then(|| Arc::clone(&self.1)));
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok((!files.is_empty()).then_some(files))
    }

    fn file(&self, path: &str) -> Result<Option<Arc<SourceFile>>, String> {
        Ok(self.0.files.iter().find(|(name, _)| name == path).map(source_file))
    }
}

fn source_file((path, text): &(String, String)) -> Arc<SourceFile> {
    SourceFile::new(format!("./{path}"), text.as_str())
}
