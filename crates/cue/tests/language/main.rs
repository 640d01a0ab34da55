//! Runs every case below `tests/cases`; its README explains how cases are written.
//!
//! The cases say what the reference does. What the engine does not do yet is written down in the case as `todo`, with
//! today's answer, and is asserted too: a fix shows up as a failure until the `todo` is removed.
//!
//! `CASE=text` runs only the cases whose file or name contains the text; `UPDATE_TODO=1` writes the `todo` sections anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod engine;
mod format;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use format::{Case, CaseFile};

#[test]
fn every_case_holds() {
    let root = root();
    let wanted = std::env::var("CASE").unwrap_or_default();
    let update = std::env::var_os("UPDATE_TODO").is_some();
    let mut report = Report::default();
    for path in case_files(&root) {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let mut file = read(&path);
        for case in &mut file.cases {
            if !wanted.is_empty() && !name.contains(&wanted) && !case.name.contains(&wanted) {
                continue;
            }
            let today = differences(case);
            if update {
                case.todo = today.is_some().then(|| today.clone().unwrap_or_default());
            }
            report.note(&name, case, today.as_deref());
        }
        if update {
            fs::write(&path, file.to_string()).unwrap();
        }
    }
    assert!(report.cases > 0, "no case contains {wanted:?}");
    println!("{} cases, {} of them todo", report.cases, report.todo);
    assert!(report.failures.is_empty(), "{} of {} cases fail\n{}", report.failed, report.cases, report.failures);
}

/// What is lowered never decides otherwise than the case says. It need not decide.
#[test]
fn lowered_programs_agree_with_the_cases() {
    let (mut failures, mut decided, mut questions) = (String::new(), 0, 0);
    for path in case_files(&root()) {
        for case in read(&path).cases {
            for question in &case.questions {
                let Some(verdict) = engine::lowered(&case, question) else { continue };
                questions += 1;
                let accepted = match verdict {
                    vet::Verdict::Accept => true,
                    vet::Verdict::Reject(_) => false,
                    // The program does not take an object that names a member twice.
                    vet::Verdict::Malformed(_) | vet::Verdict::Unsure(_) => continue,
                };
                decided += 1;
                if accepted != (question.expected == format::Answer::Accepted) {
                    let place = path.display();
                    writeln!(failures, "{place}:{}: {}: {}: {verdict:?}", case.line, case.name, question.title())
                        .unwrap();
                }
            }
        }
    }
    println!("{decided} of {questions} documents are decided by lowered programs");
    assert!(decided > 100, "only {decided} of {questions} documents are decided");
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_file_is_written_in_its_normal_form() {
    for path in case_files(&root()) {
        assert_eq!(read(&path).to_string(), fs::read_to_string(&path).unwrap(), "{}", path.display());
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn read(path: &Path) -> CaseFile {
    CaseFile::parse(&fs::read_to_string(path).unwrap()).unwrap_or_else(|why| panic!("{}:{why}", path.display()))
}

/// All `.txt` files below a folder, sorted.
fn case_files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let is_case = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "txt");
    paths
        .into_iter()
        .flat_map(|path| if path.is_dir() { case_files(&path) } else { vec![path] })
        .filter(is_case)
        .collect()
}

/// What the engine answers otherwise than the case says; `None` if nothing.
fn differences(case: &Case) -> Option<String> {
    let mut out = String::new();
    for question in &case.questions {
        let got = engine::answer(case, question);
        if got != question.expected {
            writeln!(out, "{}: {got}", question.title()).unwrap();
        }
    }
    (!out.is_empty()).then(|| out.trim_end().to_owned())
}

#[derive(Default)]
struct Report {
    cases: usize,
    todo: usize,
    failed: usize,
    failures: String,
}

impl Report {
    /// Compares today's differences with those that the case admits.
    fn note(&mut self, file: &str, case: &Case, today: Option<&str>) {
        self.cases += 1;
        self.todo += usize::from(case.todo.is_some());
        if today == case.todo.as_deref() {
            return;
        }
        self.failed += 1;
        let out = &mut self.failures;
        writeln!(out, "\n{file}:{}: {}", case.line, case.name).unwrap();
        match (today, &case.todo) {
            (None, _) => writeln!(out, "  is right now: remove its todo (UPDATE_TODO=1 does)").unwrap(),
            (Some(today), Some(todo)) => {
                writeln!(out, "  differs from the case and from its todo\n--- todo\n{todo}\n--- today\n{today}")
                    .unwrap();
            }
            (Some(today), None) => writeln!(out, "  differs from the case; the engine says\n{today}").unwrap(),
        }
    }
}
