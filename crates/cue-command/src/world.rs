//! Where a command runs: its folder, its input, its outputs.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::Failure;

/// All that a command sees of the outside.
pub struct World<'a> {
    /// What relative names of files are relative to.
    pub folder: PathBuf,
    /// What `-` reads.
    pub stdin: &'a mut dyn Read,
    /// Results.
    pub stdout: &'a mut dyn Write,
    /// What is wrong.
    pub stderr: &'a mut dyn Write,
}

impl World<'_> {
    /// Where a file of the command line is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The whole path of a file, as messages show it; standard input is `-`.
    pub(crate) fn full(&self, name: &str) -> String {
        if name == "-" { name.to_owned() } else { self.path(name).display().to_string() }
    }

    /// The bytes of a file, or of standard input for `-`.
    ///
    /// # Errors
    /// In the words of the reference.
    pub(crate) fn read(&mut self, name: &str) -> Result<Vec<u8>, Failure> {
        if name == "-" {
            let mut bytes = Vec::new();
            let read = self.stdin.read_to_end(&mut bytes);
            return read.map(|_| bytes).map_err(|error| Failure::from(format!("read stdin: {}", reason(&error))));
        }
        let path = self.path(name);
        std::fs::read(&path).map_err(|error| Failure::from(format!("open {}: {}", path.display(), reason(&error))))
    }

    /// Whether a file exists.
    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Writes results; a reader that has seen enough (`| head`) is no error.
    pub(crate) fn print(&mut self, text: &[u8]) -> Result<(), Failure> {
        match self.stdout.write_all(text) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| Failure::from(format!("write stdout: {}", reason(&error)))),
        }
    }

    /// Writes what is wrong. Where standard error can't be written, there is nobody left to tell.
    pub(crate) fn complain(&mut self, failure: &Failure) {
        let _ = self.stderr.write_all(failure.report().as_bytes());
    }

    /// Writes a line to standard error that is not an error.
    pub(crate) fn note(&mut self, line: &str) {
        let _ = writeln!(self.stderr, "{line}");
    }

    /// A path as positions show it: relative to the folder, and begun with a dot.
    pub(crate) fn shown(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.folder).unwrap_or(path).display().to_string();
        if relative.starts_with(['.', '/']) { relative } else { format!("./{relative}") }
    }
}

/// What the operating system says, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => error.to_string().to_lowercase(),
    }
}
