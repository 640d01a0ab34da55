//! Answers `fmt` requests in bulk: a JSON object with `source` per line on stdin, `{"ok", "out", "errors"}` per line on
//! stdout, errors as the command prints them. For comparing with another implementation.

use std::io::{BufRead, Write};

use cue::syntax::pos::{FileId, SourceFile};
use cue::syntax::{ParseOptions, parse_file, print_file};

#[derive(serde::Deserialize)]
struct Request {
    source: String,
}

#[derive(serde::Serialize)]
struct Answer {
    ok: bool,
    out: String,
    errors: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        serde_json::to_writer(&mut out, &answer(&request.source))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn answer(text: &str) -> Answer {
    let source = SourceFile::from_bytes("./source.cue", text.as_bytes());
    match parse_file(&source, FileId(0), &ParseOptions::default()) {
        Ok(file) => Answer { ok: true, out: print_file(&file, Some(&source)), errors: String::new() },
        Err(errors) => {
            let show = |error: &cue::syntax::SyntaxError| {
                let (line, column) = source.line_column(error.pos.offset);
                format!("{error}:\n    {}:{line}:{column}\n", source.name)
            };
            Answer { ok: false, out: String::new(), errors: errors.iter().map(show).collect() }
        }
    }
}
