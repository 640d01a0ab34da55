//! Examples of the documentation: one command each, judged by verdict, by content and by bytes.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::counts::Counts;
use crate::sandbox::{Outcome, Sandbox};
use crate::{Options, rows};

#[derive(Deserialize)]
struct Case {
    id: String,
    area: String,
    files: BTreeMap<String, Text>,
    cwd: String,
    args: Vec<String>,
    stdin: Option<String>,
    rc: i32,
    stdout: String,
    stderr: String,
    writes: BTreeMap<String, Option<Text>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Encoded { base64: String },
}

impl Text {
    fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Plain(text) => Some(text.clone().into_bytes()),
            // No command that is judged here reads or writes such a file.
            Self::Encoded { base64 } => base64.is_empty().then(Vec::new),
        }
    }
}

pub(crate) fn run(folder: &Path, options: &Options, counts: &mut Counts) -> Result<(), String> {
    for file in ["documented.jsonl", "derived.jsonl"] {
        for case in rows::<Case>(&folder.join(file))? {
            let verb = case.args.first().map_or("", String::as_str).to_owned();
            if case.area == "language" && options.wants(&case.id, &verb) {
                judge(&case, &verb, options, counts)?;
            }
        }
    }
    Ok(())
}

fn judge(case: &Case, verb: &str, options: &Options, counts: &mut Counts) -> Result<(), String> {
    let files = case.files.iter().filter_map(|(name, text)| Some((name.as_str(), text.bytes()?)));
    let sandbox = Sandbox::new(files)?;
    let before = sandbox.files();
    let outcome = sandbox.run(&case.cwd, &case.args, case.stdin.as_deref().unwrap_or_default());
    let (verdict, content, bytes) = match &outcome {
        Ok(outcome) => {
            let verdict = (outcome.status == 0) == (case.rc == 0);
            let written = writes_agree(case, &before, &sandbox.files());
            let content = verdict && written && same_content(case, outcome);
            let same = outcome.stdout == case.stdout && outcome.stderr == case.stderr;
            (verdict, content, verdict && written && same)
        }
        Err(why) => {
            counts.lost(&case.id, why);
            (false, false, false)
        }
    };
    counts.add("docs verdict", verb, verdict);
    counts.add("docs content", verb, content);
    counts.add("docs bytes", verb, bytes);
    if options.failures && !bytes {
        let step = if !verdict {
            "verdict"
        } else if !content {
            "content"
        } else {
            "bytes"
        };
        println!("FAIL {step} {} : {}", case.id, case.args.join(" "));
        println!("--- expected {}\n{}{}", case.rc, case.stdout, case.stderr);
        match &outcome {
            Ok(found) => println!("--- found {}\n{}{}", found.status, found.stdout, found.stderr),
            Err(why) => println!("--- {why}"),
        }
    }
    Ok(())
}

fn writes_agree(case: &Case, before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> bool {
    let mut expected = before.clone();
    for (name, text) in &case.writes {
        match text.as_ref().map(Text::bytes) {
            Some(Some(bytes)) => expected.insert(name.clone(), bytes),
            Some(None) => return false,
            None => expected.remove(name),
        };
    }
    expected == *after
}

/// Equal JSON where the output is JSON, else the same text but for white space; messages without positions, in any
/// order.
fn same_content(case: &Case, found: &Outcome) -> bool {
    let json = |text: &str| serde_json::from_str::<Json>(text).ok();
    let same_output = match (json(&case.stdout), json(&found.stdout)) {
        (Some(expected), Some(found)) => expected == found,
        _ => squeezed(&case.stdout) == squeezed(&found.stdout),
    };
    same_output && messages(&case.stderr) == messages(&found.stderr)
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|ch| !ch.is_whitespace() && *ch != ',').collect()
}

fn messages(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("    ")).map(|line| line.trim_end_matches(':')).collect();
    lines.sort_unstable();
    lines
}
