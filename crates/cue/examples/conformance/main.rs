//! Runs the cases of a conformance corpus and counts what the engine gets right.
//!
//! `CUE_CONFORMANCE` names the folder with the corpus. Options:
//!
//! - `--failures`: list each failed case with what was expected and what came out;
//! - `--stage S3`, `--check value-json` (or `syntax`, `golden`, `jsonschema`), `--archive TEXT`: only these cases;
//! - `--minimum FILE`: fail if a count is below the one in the file;
//! - `--write-minimum FILE`: write the counts reached;
//! - `--write-table FILE`: write them as a table between the marks in a file of Markdown.
//!
//! A panic of the engine is a failed case and is counted apart.

mod archive;
mod attribute;
mod bounded;
mod compare;
mod corpus;
mod directive;
mod errors;
mod golden;
mod json_schema;
mod permute;
mod report;
mod syntax;

use std::path::PathBuf;
use std::process::ExitCode;

use report::Report;

/// What the command line asks for.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) failures: bool,
    pub(crate) stage: Option<String>,
    pub(crate) check: Option<String>,
    pub(crate) archive: Option<String>,
    minimum: Option<PathBuf>,
    write_minimum: Option<PathBuf>,
    write_table: Option<PathBuf>,
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
    let folder = std::env::var("CUE_CONFORMANCE").map_err(|_| "CUE_CONFORMANCE must name the folder of the corpus")?;
    let folder = PathBuf::from(folder);
    std::panic::set_hook(Box::new(|_| {}));
    let mut report = Report::default();
    syntax::run(&folder, &options, &mut report)?;
    directive::run(&folder, &options, &mut report)?;
    golden::run(&folder, &options, &mut report)?;
    json_schema::run(&folder, &options, &mut report)?;
    report.print();
    if let Some(file) = &options.write_minimum {
        std::fs::write(file, report.minimum()).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    if let Some(file) = &options.write_table {
        let text = report::with_table(&corpus::read(file)?, &report.table())?;
        std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    match &options.minimum {
        Some(file) => report.reaches(&corpus::read(file)?),
        None => Ok(true),
    }
}

fn parse_options(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--failures" => options.failures = true,
            "--stage" => options.stage = Some(value()?),
            "--check" => options.check = Some(value()?),
            "--archive" => options.archive = Some(value()?),
            "--minimum" => options.minimum = Some(value()?.into()),
            "--write-minimum" => options.write_minimum = Some(value()?.into()),
            "--write-table" => options.write_table = Some(value()?.into()),
            _ => return Err(format!("unknown option {arg}")),
        }
    }
    Ok(options)
}
