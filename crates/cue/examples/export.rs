//! Exports a package as JSON: `export FILE...`, or `export -e EXPRESSION FILE...`.

use std::process::ExitCode;

use cue::{Errors, Instance, Limits, SourceFile};

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let expression = match args.first().map(String::as_str) {
        Some("-e") => args.drain(..2).nth(1),
        _ => None,
    };
    match export(&args, expression.as_deref()) {
        Ok(json) => {
            print!("{json}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprint!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn export(paths: &[String], expression: Option<&str>) -> Result<String, String> {
    let read = |path: &String| std::fs::read(path).map(|bytes| SourceFile::from_bytes(path, &bytes));
    let files = paths.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    let report = |errors: Errors| errors.report();
    let instance = Instance::compile(files, &Limits::default()).map_err(report)?;
    let value = expression.map_or_else(|| Ok(instance.root()), |expression| instance.lookup(expression));
    value.and_then(|value| value.to_json()).map_err(report)
}
