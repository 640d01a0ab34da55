//! Runs recorded commands of the reference and compares exit status, output, messages and files.
//!
//! `CUE_CONFORMANCE` names the folder of the conformance corpus (its `script.jsonl` is used), `CUE_DOCS_CASES` that of
//! the documentation's examples; at least one must be there. Options:
//!
//! - `--failures`: show each failed command with what was expected and what came out;
//! - `--case TEXT`: only commands of cases whose name contains the text;
//! - `--verb export`: only these commands;
//! - `--minimum FILE`: fail if a count is below the one in the file;
//! - `--write-minimum FILE`: write the counts reached;
//! - `--newer FILE`: digests of the reference's answers where the corpus is newer than the reference;
//! - `--reference PROGRAM --write-newer FILE`: ask the reference itself and write these digests.

mod counts;
mod docs;
mod newer;
mod sandbox;
mod script;

use std::path::PathBuf;
use std::process::ExitCode;

use counts::Counts;

/// What the command line asks for.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) failures: bool,
    pub(crate) case: Option<String>,
    pub(crate) verb: Option<String>,
    pub(crate) newer: Option<PathBuf>,
    pub(crate) reference: Option<PathBuf>,
    pub(crate) write_newer: Option<PathBuf>,
    minimum: Option<PathBuf>,
    write_minimum: Option<PathBuf>,
}

impl Options {
    /// Whether a command is to be judged.
    pub(crate) fn wants(&self, case: &str, verb: &str) -> bool {
        let case = self.case.as_ref().is_none_or(|wanted| case.contains(wanted.as_str()));
        case && self.verb.as_ref().is_none_or(|wanted| wanted == verb)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Whether no count is below the minimum.
fn run() -> Result<bool, String> {
    let options = parse_options(std::env::args().skip(1))?;
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (scripts, docs) = (folder("CUE_CONFORMANCE"), folder("CUE_DOCS_CASES"));
    if scripts.is_none() && docs.is_none() {
        return Err("CUE_CONFORMANCE or CUE_DOCS_CASES must name a folder of cases".to_owned());
    }
    std::panic::set_hook(Box::new(|_| {}));
    let mut counts = Counts::default();
    if let Some(folder) = scripts {
        script::run(&folder, &options, &mut counts)?;
    }
    if let Some(folder) = docs {
        docs::run(&folder, &options, &mut counts)?;
    }
    counts.print();
    if let Some(file) = &options.write_minimum {
        std::fs::write(file, counts.minimum()).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    match &options.minimum {
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            counts.reaches(&text)
        }
        None => Ok(true),
    }
}

fn parse_options(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--failures" => options.failures = true,
            "--case" => options.case = Some(value()?),
            "--verb" => options.verb = Some(value()?),
            "--newer" => options.newer = Some(value()?.into()),
            "--reference" => options.reference = Some(value()?.into()),
            "--write-newer" => options.write_newer = Some(value()?.into()),
            "--minimum" => options.minimum = Some(value()?.into()),
            "--write-minimum" => options.write_minimum = Some(value()?.into()),
            _ => return Err(format!("unknown option {arg}")),
        }
    }
    Ok(options)
}

/// The rows of a file of JSON lines.
pub(crate) fn rows<T: serde::de::DeserializeOwned>(file: &std::path::Path) -> Result<Vec<T>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let parse = |line: &str| serde_json::from_str(line).map_err(|error| format!("{}: {error}", file.display()));
    text.lines().map(parse).collect()
}
