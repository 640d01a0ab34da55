//! Commands of the corpus that the reference itself no longer, or not yet, answers as the corpus has it.
//!
//! The corpus is a little newer than the reference that texts follow. For each such command a digest of the reference's
//! own answer is kept in a file; who gives that answer is right too.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::sandbox::Outcome;

/// Digests by script and by the number of the command in it.
#[derive(Default)]
pub(crate) struct Newer(BTreeMap<(String, usize), u64>);

impl Newer {
    /// Reads a file: script, number and digest on a line, separated by tabs.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut digests = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut parts = line.split('\t');
            let parsed = parts.next().zip(parts.next()).zip(parts.next()).and_then(|((script, number), digest)| {
                Some(((script.to_owned(), number.parse().ok()?), u64::from_str_radix(digest, 16).ok()?))
            });
            let (key, digest) = parsed.ok_or_else(|| format!("no digest: {line}"))?;
            digests.insert(key, digest);
        }
        Ok(Self(digests))
    }

    /// Whether an answer is that of the reference where the corpus has another one.
    pub(crate) fn agrees(&self, script: &str, number: usize, answer: u64) -> bool {
        self.0.get(&(script.to_owned(), number)) == Some(&answer)
    }

    pub(crate) fn add(&mut self, script: &str, number: usize, answer: u64) {
        self.0.insert((script.to_owned(), number), answer);
    }

    /// As [`Newer::read`] reads it.
    pub(crate) fn text(&self) -> String {
        let mut out =
            String::from("# Script, command and digest of the answer of cue 0.17.1, where the corpus has another.\n");
        for ((script, number), digest) in &self.0 {
            out.push_str(&format!("{script}\t{number}\t{digest:016x}\n"));
        }
        out
    }
}

/// A digest of an answer and of the files that a command wrote (FNV-1a, 64 bits).
pub(crate) fn digest(outcome: &Outcome, files: &[Vec<u8>]) -> u64 {
    let success = [u8::from(outcome.status == 0)];
    let parts = [&success[..], outcome.stdout.as_bytes(), outcome.stderr.as_bytes()];
    let bytes = parts.into_iter().chain(files.iter().map(Vec::as_slice)).flat_map(|part| [part, &b"\0"[..]]).flatten();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What another program answers in a folder.
pub(crate) fn answer_of(program: &Path, folder: &Path, args: &[String], stdin: &str) -> Result<Outcome, String> {
    let told = |error: std::io::Error| format!("{}: {error}", program.display());
    let mut child = Command::new(program)
        .args(args)
        .current_dir(folder)
        .env("CUE_REGISTRY", "none")
        .env("HOME", folder)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(told)?;
    if let Some(mut input) = child.stdin.take() {
        // A program that reads nothing may have closed its input.
        let _ = std::io::Write::write_all(&mut input, stdin.as_bytes());
    }
    let output = child.wait_with_output().map_err(told)?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let status = u8::from(!output.status.success());
    Ok(Outcome { status, stdout: text(output.stdout), stderr: text(output.stderr) }.without(folder))
}
