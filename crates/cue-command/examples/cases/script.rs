//! Scripts: several commands on the same files, each with what it must print and write.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::counts::Counts;
use crate::newer::{Newer, answer_of, digest};
use crate::sandbox::{Outcome, Sandbox};
use crate::{Options, rows};

#[derive(Deserialize)]
struct Script {
    archive: String,
    files: BTreeMap<String, String>,
    commands: Vec<Command>,
}

#[derive(Deserialize)]
struct Command {
    argv: Vec<String>,
    stdin: Option<String>,
    expect: Expectation,
}

/// 0, or a word that it is not.
#[derive(Deserialize)]
#[serde(untagged)]
enum Exit {
    Status(i32),
    Word(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Expectation {
    exit: Exit,
    stdout: Option<String>,
    stderr: Option<String>,
    stdout_re: Option<Vec<String>>,
    stdout_not_re: Option<Vec<String>>,
    stderr_re: Option<Vec<String>>,
    /// A text that the corpus does not have is not compared.
    files: Option<BTreeMap<String, Option<String>>>,
}

pub(crate) fn run(folder: &Path, options: &Options, counts: &mut Counts) -> Result<(), String> {
    let newer = options.newer.as_deref().map(Newer::read).transpose()?.unwrap_or_default();
    let mut found = Newer::default();
    let file = folder.join("script.jsonl");
    for row in rows::<Json>(&file)?.into_iter().filter(|row| row["runnable"] == true) {
        let script: Script = serde_json::from_value(row).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = script.archive.rsplit('/').next().unwrap_or_default();
        if !options.case.as_ref().is_none_or(|case| name.contains(case.as_str())) {
            continue;
        }
        if let Some(program) = &options.reference {
            ask(program, &script, name, &mut found)?;
        } else {
            judge_script(&script, name, &newer, options, counts)?;
        }
    }
    match &options.write_newer {
        Some(file) => std::fs::write(file, found.text()).map_err(|error| format!("{}: {error}", file.display())),
        None => Ok(()),
    }
}

/// Runs the commands of a script one after the other and judges each.
fn judge_script(
    script: &Script,
    name: &str,
    newer: &Newer,
    options: &Options,
    counts: &mut Counts,
) -> Result<(), String> {
    let sandbox = script.sandbox()?;
    for (number, command) in script.commands.iter().enumerate() {
        let verb = command.argv.get(1).map_or("", String::as_str);
        let outcome = sandbox.run("", &command.argv[1..], &command.input(&sandbox));
        if !options.wants(name, verb) {
            continue;
        }
        let verdict = match &outcome {
            Ok(outcome) => judge(command, outcome, &sandbox).or_else(|reason| {
                let answer = digest(outcome, &command.written(&sandbox));
                if newer.agrees(name, number, answer) { Ok(()) } else { Err(reason) }
            }),
            Err(why) => {
                counts.lost(name, why);
                Err((*why).to_owned())
            }
        };
        counts.add("script", verb, verdict.is_ok());
        if let (true, Err(reason)) = (options.failures, verdict) {
            println!("FAIL script {name} : {}\n{reason}", command.argv.join(" "));
        }
    }
    Ok(())
}

/// Runs the commands of a script with the reference and keeps what it answers otherwise than the corpus.
fn ask(program: &Path, script: &Script, name: &str, found: &mut Newer) -> Result<(), String> {
    let sandbox = script.sandbox()?;
    for (number, command) in script.commands.iter().enumerate() {
        let answer = answer_of(program, sandbox.path(), &command.argv[1..], &command.input(&sandbox))?;
        if judge(command, &answer, &sandbox).is_err() {
            found.add(name, number, digest(&answer, &command.written(&sandbox)));
        }
    }
    Ok(())
}

impl Script {
    fn sandbox(&self) -> Result<Sandbox, String> {
        Sandbox::new(self.files.iter().map(|(name, text)| (name.as_str(), text.clone().into_bytes())))
    }
}

impl Command {
    /// Standard input, which is named by its file.
    fn input(&self, sandbox: &Sandbox) -> String {
        let read = self.stdin.as_ref().map(|name| std::fs::read_to_string(sandbox.path().join(name)));
        read.and_then(Result::ok).unwrap_or_default()
    }

    /// What is in the files that the command is expected to write.
    fn written(&self, sandbox: &Sandbox) -> Vec<Vec<u8>> {
        let names = self.expect.files.iter().flatten().map(|(name, _)| name);
        names.map(|name| std::fs::read(sandbox.path().join(name)).unwrap_or_default()).collect()
    }
}

fn judge(command: &Command, found: &Outcome, sandbox: &Sandbox) -> Result<(), String> {
    let expect = &command.expect;
    let wanted = matches!(expect.exit, Exit::Status(0));
    if (found.status == 0) != wanted {
        let (status, wanted) = (found.status, if wanted { "0" } else { "another" });
        let expected =
            format!("{}{}", expect.stdout.as_deref().unwrap_or_default(), expect.stderr.as_deref().unwrap_or_default());
        return Err(format!(
            "--- expected status {wanted}\n{expected}--- found {status}\n{}{}",
            found.stdout, found.stderr
        ));
    }
    for (what, expected, text) in [("stdout", &expect.stdout, &found.stdout), ("stderr", &expect.stderr, &found.stderr)]
    {
        match expected {
            Some(expected) if expected != text => {
                return Err(format!("--- {what} expected\n{expected}--- found\n{text}"));
            }
            _ => {}
        }
    }
    matches_all(expect.stdout_re.as_deref(), &found.stdout, true)?;
    matches_all(expect.stdout_not_re.as_deref(), &found.stdout, false)?;
    matches_all(expect.stderr_re.as_deref(), &found.stderr, true)?;
    for (name, expected) in expect.files.iter().flatten() {
        let Some(expected) = expected else { continue };
        let text = std::fs::read_to_string(sandbox.path().join(name)).unwrap_or_default();
        if text != *expected {
            return Err(format!("--- file {name} expected\n{expected}--- found\n{text}"));
        }
    }
    Ok(())
}

/// Regular expressions are of the same kind as those of the language, so the engine reads them.
fn matches_all(patterns: Option<&[String]>, text: &str, wanted: bool) -> Result<(), String> {
    for pattern in patterns.unwrap_or_default() {
        let pattern = format!("(?m){pattern}");
        let compiled = cue::regexp::Regexp::new(&pattern, 10 << 20).map_err(|error| format!("{pattern}: {error}"))?;
        if compiled.is_match(text) != wanted {
            return Err(format!("--- {} match of {pattern} in\n{text}", if wanted { "no" } else { "a" }));
        }
    }
    Ok(())
}
