//! A command in a folder of its own.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use clap::Parser;
use cue_command::{Arguments, World};
use tempfile::TempDir;

/// Deep enough for any case; the engine's own limits come first.
const STACK_BYTES: usize = 256 << 20;
/// What takes longer is given up; its thread goes on until the program ends.
const TIME_MAX: Duration = Duration::from_secs(120);

/// What a command gave.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// The same wherever the folder lies.
    pub(crate) fn without(self, folder: &Path) -> Self {
        let folder = folder.display().to_string();
        let text = |text: String| text.replace(&folder, "/folder");
        Self { stdout: text(self.stdout), stderr: text(self.stderr), ..self }
    }
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    arguments: Arguments,
}

/// A folder with the files of a case.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new<'a>(files: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        for (name, bytes) in files {
            let path = folder.path().join(name);
            let parent = path.parent().expect("a file lies in a folder");
            std::fs::create_dir_all(parent).map_err(|error| error.to_string())?;
            if name.ends_with('/') {
                std::fs::create_dir_all(&path).map_err(|error| error.to_string())?;
                continue;
            }
            std::fs::write(&path, bytes).map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command below the folder; `Err` if it panics or takes too long.
    pub(crate) fn run(&self, cwd: &str, args: &[String], stdin: &str) -> Result<Outcome, &'static str> {
        let folder = if cwd.is_empty() || cwd == "." { self.path().to_owned() } else { self.path().join(cwd) };
        let (args, stdin) = (args.to_vec(), stdin.to_owned());
        let (sender, receiver) = mpsc::channel();
        let work = move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| run(folder, &args, &stdin)));
            // Nobody listens any more if the time is over.
            let _ = sender.send(outcome);
        };
        let started = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work);
        started.expect("the system starts threads");
        match receiver.recv_timeout(TIME_MAX) {
            Ok(Ok(outcome)) => Ok(outcome.without(self.path())),
            Ok(Err(_)) | Err(mpsc::RecvTimeoutError::Disconnected) => Err("panicked"),
            Err(mpsc::RecvTimeoutError::Timeout) => Err("took too long"),
        }
    }

    /// All files by name.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        gather(self.path(), String::new(), &mut found);
        found
    }
}

fn gather(folder: &Path, prefix: String, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            gather(&entry.path(), format!("{name}/"), found);
        } else if let Ok(bytes) = std::fs::read(entry.path()) {
            found.insert(name, bytes);
        }
    }
}

fn run(folder: PathBuf, args: &[String], stdin: &str) -> Outcome {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let parsed = Cli::try_parse_from(std::iter::once("cue").chain(args.iter().map(String::as_str)));
    let status = match parsed {
        Ok(cli) => {
            let stdin = &mut stdin.as_bytes();
            let mut world = World { folder, stdin, stdout: &mut stdout, stderr: &mut stderr };
            cue_command::run(&cli.arguments, &mut world)
        }
        Err(error) => {
            stderr.extend_from_slice(error.to_string().as_bytes());
            2
        }
    };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Outcome { status, stdout: text(stdout), stderr: text(stderr) }
}
