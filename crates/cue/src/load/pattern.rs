//! What patterns such as `./...` and `./fleet:trips` stand for.

use super::{
    failure,
    path::{self, ImportPath},
    session::Session,
};
use crate::error::Errors;

/// A package that a pattern names.
#[derive(Clone, Debug)]
pub(super) enum Root {
    /// One in a folder.
    Folder {
        /// Below the root of the source.
        folder: String,
        /// As messages tell it.
        display: String,
        /// The name of the package, if it is known.
        name: Option<String>,
    },
    /// One by its import path.
    Import(String),
}

/// Which package is wanted of those in a folder.
pub(super) enum Wanted {
    /// The one that all files name.
    Any,
    /// The one of this name; others are passed over.
    Named(String),
}

impl Wanted {
    pub(super) fn of(name: Option<&str>) -> Self {
        name.map_or(Self::Any, |name| Self::Named(name.to_owned()))
    }
}

impl Session<'_> {
    /// All packages that patterns stand for. An error that ends everything is the outer one.
    pub(super) fn expand(&mut self, patterns: &[&str]) -> Result<Vec<Result<Root, Errors>>, Errors> {
        let mut roots = Vec::new();
        for pattern in patterns {
            let parsed = ImportPath::parse(pattern);
            match (path::is_local(&parsed.path), parsed.path.contains("...")) {
                (true, false) => roots.push(self.folder(pattern, &parsed)?),
                (true, true) => self.folders(pattern, &parsed, &mut roots)?,
                (false, false) => roots.push(Ok(Root::Import((*pattern).to_owned()))),
                (false, true) => roots.push(Err(no_match(pattern))),
            }
        }
        Ok(roots)
    }

    /// The folder of a local path; it must be one of the module.
    fn local_folder(&mut self, pattern: &str, below: &str) -> Result<String, Errors> {
        let refused = |reason: &str| failure(format!("cannot determine import path for {pattern:?} ({reason})"));
        let Some(folder) = path::join(&self.options.folder, below) else {
            return Err(refused("dir outside of root"));
        };
        let mut inside = folder.as_str();
        while !inside.is_empty() {
            if self.is_file(&format!("{inside}/cue.mod"), "module.cue")? {
                return Err(refused("directory is in a nested module"));
            }
            inside = path::parent(inside);
        }
        Ok(folder)
    }

    fn folder(&mut self, pattern: &str, parsed: &ImportPath) -> Result<Result<Root, Errors>, Errors> {
        let folder = self.local_folder(pattern, &parsed.path)?;
        let display = path::relative(&self.options.folder, &folder);
        let Some(entries) = self.list(&folder)? else {
            return Ok(Err(self.package_error(format!("cannot find package {display:?}")).into()));
        };
        if !entries.iter().any(|entry| !entry.is_folder && entry.name.ends_with(".cue")) {
            return Ok(Err(no_match(pattern)));
        }
        let name = match parsed.is_qualified {
            true => Some(parsed.name.clone()),
            false => self.only_package(&folder, path::base(&folder))?,
        };
        Ok(Ok(Root::Folder { folder, display, name }))
    }

    /// The folders below one that hold a package.
    fn folders(
        &mut self,
        pattern: &str,
        parsed: &ImportPath,
        roots: &mut Vec<Result<Root, Errors>>,
    ) -> Result<(), Errors> {
        let before = parsed.path.split("...").next().unwrap_or_default();
        let top = self.local_folder(pattern, before.rsplit_once('/').map_or("", |(folder, _)| folder))?;
        let found = roots.len();
        let mut ahead = vec![top.clone()];
        while let Some(folder) = ahead.pop() {
            let below = self.folders_in(&folder)?;
            ahead.extend(below.into_iter().rev());
            let display = path::relative(&self.options.folder, &folder);
            if !matches(&parsed.path, &display) {
                continue;
            }
            if let Some(name) = self.package_of_pattern(&folder, parsed)? {
                roots.push(Ok(Root::Folder { folder, display, name }));
            }
        }
        if roots.len() == found {
            roots.push(Err(no_match(pattern)));
        }
        Ok(())
    }

    /// The folders in a folder that may hold packages, sorted.
    fn folders_in(&mut self, folder: &str) -> Result<Vec<String>, Errors> {
        let entries = self.list(folder)?.unwrap_or_default();
        let is_passed_over = |name: &str| name.starts_with(['.', '_']) || matches!(name, "testdata" | "cue.mod");
        let names: Vec<String> = entries
            .iter()
            .filter(|entry| entry.is_folder && !is_passed_over(&entry.name))
            .map(|entry| if folder.is_empty() { entry.name.clone() } else { format!("{folder}/{}", entry.name) })
            .collect();
        let mut folders = Vec::new();
        for name in names {
            let is_module = self.list(&format!("{name}/cue.mod"))?.is_some();
            folders.extend((!is_module).then_some(name));
        }
        Ok(folders)
    }

    /// The package that a pattern takes from a folder; the inner value is its name, if that is known. A folder with a
    /// broken file is taken, so that the error shows.
    fn package_of_pattern(&mut self, folder: &str, parsed: &ImportPath) -> Result<Option<Option<String>>, Errors> {
        let names = self.package_names(folder)?;
        if names.iter().any(Result::is_err) {
            return Ok(Some(parsed.is_qualified.then(|| parsed.name.clone())));
        }
        if parsed.is_qualified {
            let has = names.into_iter().flatten().any(|(package, _)| package == parsed.name);
            return Ok(has.then(|| Some(parsed.name.clone())));
        }
        Ok(self.only_package(folder, "")?.map(Some))
    }
}

fn no_match(pattern: &str) -> Errors {
    failure(format!("cue: {pattern:?} matched no packages"))
}

/// Whether a folder fits a pattern in which `...` stands for any text, and `/...` at the end also for none.
fn matches(pattern: &str, folder: &str) -> bool {
    let clean = |text: &str| text.trim_start_matches("./").to_owned();
    let folder = if folder == "." { String::new() } else { clean(folder) };
    let pattern = clean(pattern);
    let (pattern, or_itself) = match pattern.strip_suffix("/...") {
        Some(start) => (pattern.clone(), Some(start.to_owned())),
        None => (pattern, None),
    };
    if or_itself.is_some_and(|itself| itself == folder) {
        return true;
    }
    let parts: Vec<&str> = pattern.split("...").collect();
    let (first, rest) = parts.split_first().expect("a split has a part");
    let Some(mut text) = folder.strip_prefix(first) else { return false };
    for (index, part) in rest.iter().enumerate() {
        let found = if index + 1 == rest.len() {
            text.ends_with(part).then(|| text.len() - part.len())
        } else {
            text.find(part)
        };
        let Some(at) = found else { return false };
        text = &text[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn dots_stand_for_any_folder() {
        assert!(matches("./...", "."));
        assert!(matches("./...", "./a/b"));
        assert!(matches("./x/...", "./x"));
        assert!(matches("./x/...", "./x/y"));
        assert!(!matches("./x/...", "./xy"));
        assert!(matches("./.../y", "./x/y"));
        assert!(!matches("./.../y", "./x/z"));
    }
}
