//! The folders around a command as a source of packages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use cue::syntax::literal::quoted;
use cue::{Entry, Instance, Limits, LoadOptions, Loader, Source, SourceFile, Trees};

use crate::arguments::Input;
use crate::failure::Failure;
use crate::plan::Unit;
use crate::world::{World, reason};

/// The module around a folder, or the folder alone.
struct Tree {
    root: PathBuf,
    /// Where the command runs, below the root.
    folder: String,
}

impl Tree {
    /// Looks for `cue.mod` from a folder upwards.
    fn around(folder: &Path) -> Self {
        let root = folder.ancestors().find(|folder| folder.join("cue.mod").is_dir()).unwrap_or(folder);
        let inside = folder.strip_prefix(root).unwrap_or(Path::new("")).to_string_lossy().into_owned();
        Self { root: root.to_owned(), folder: inside }
    }
}

impl Source for Tree {
    fn list(&self, folder: &str) -> Result<Option<Vec<Entry>>, String> {
        let path = self.root.join(folder);
        if !path.is_dir() {
            return Ok(None);
        }
        let told = |error| format!("import failed reading dir {}: {}", path.display(), reason(&error));
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(told)? {
            let entry = entry.map_err(told)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            entries.push(Entry { name, is_folder: entry.path().is_dir() });
        }
        Ok(Some(entries))
    }

    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, String> {
        let path = self.root.join(file);
        if !path.is_file() {
            return Ok(None);
        }
        std::fs::read(&path).map(Some).map_err(|error| format!("open {}: {}", path.display(), reason(&error)))
    }

    fn display(&self, file: &str) -> String {
        let mut own: Vec<&str> = self.folder.split('/').filter(|part| !part.is_empty()).collect();
        let mut parts: Vec<&str> = file.split('/').collect();
        while !own.is_empty() && own[0] == parts[0] && parts.len() > 1 {
            own.remove(0);
            parts.remove(0);
        }
        let up = "../".repeat(own.len());
        if up.is_empty() { format!("./{}", parts.join("/")) } else { format!("{up}{}", parts.join("/")) }
    }
}

/// The packages that patterns name, and one instance of the files, if there are any.
///
/// # Errors
/// What can't be found, read or compiled.
pub(crate) fn load(
    patterns: &[String],
    files: Vec<Arc<SourceFile>>,
    input: &Input,
    world: &World<'_>,
) -> Result<Vec<Unit>, Failure> {
    if patterns.is_empty() && files.is_empty() {
        return Ok(Vec::new());
    }
    let tree = Tree::around(&world.folder);
    let variables = input.inject_vars.then(|| variables(world));
    let options = LoadOptions {
        limits: Limits::of_projects(),
        folder: tree.folder.clone(),
        tags: input.inject.clone(),
        variables,
        trees: Trees::Outlined,
    };
    let here = |pattern: &String| if pattern.starts_with(':') { format!(".{pattern}") } else { pattern.clone() };
    let patterns: Vec<String> = patterns.iter().map(here).collect();
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let loaded = Loader::new(&tree, &options).load(&patterns, files);
    let unit = |instance: Result<Instance, cue::Errors>| {
        let instance = instance?;
        Ok(Unit { name: instance.package_name().to_owned(), instance })
    };
    loaded.into_iter().map(unit).collect()
}

/// What `@tag(name,var=...)` may ask for.
fn variables(world: &World<'_>) -> BTreeMap<String, String> {
    let text = |text: &str| quoted(text);
    let environment = |name: &str| std::env::var(name).unwrap_or_default();
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_else(|_| environment("HOSTNAME"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let os = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    BTreeMap::from([
        ("os".to_owned(), text(os)),
        ("arch".to_owned(), text(arch)),
        ("cwd".to_owned(), text(&world.folder.display().to_string())),
        ("username".to_owned(), text(&environment("USER"))),
        ("hostname".to_owned(), text(host.trim())),
        ("now".to_owned(), text(&date_time(now.as_secs(), now.subsec_nanos()))),
    ])
}

/// Seconds since 1970 as RFC 3339 in UTC.
fn date_time(seconds: u64, nanoseconds: u32) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March, so that a leap day is the last one.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanoseconds:09}Z")
}
