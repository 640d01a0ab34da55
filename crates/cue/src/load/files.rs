//! Which files make a package: those of its folder that name it, and those of the folders around it that do, up to
//! the root of the module.

use super::{
    failure,
    imports::Location,
    path,
    pattern::Wanted,
    session::{FileIndex, Session},
};
use crate::error::{Error, Errors};

/// The package that a file names, and the file.
type Named = (String, String);

/// The files of a package.
pub(super) struct Found {
    pub(super) name: String,
    /// Those of outer folders first.
    pub(super) files: Vec<FileIndex>,
}

/// What is known of a package while its files are looked for.
struct Selection {
    wanted: Wanted,
    /// The name, once it is known.
    name: Option<String>,
    /// The first file that has the name, for messages.
    first: String,
    /// Files with how deep their folder lies.
    files: Vec<(usize, String, FileIndex)>,
    /// Files that are left out, with the reason.
    ignored: Vec<(String, String)>,
    errors: Vec<Error>,
}

impl Session<'_> {
    /// Finds the files of a package.
    pub(super) fn select(&mut self, place: &Location, wanted: Wanted, display: &str) -> Result<Found, Errors> {
        let name = match &wanted {
            Wanted::Named(name) => Some(name.clone()),
            Wanted::Any => None,
        };
        let (first, files, ignored, errors) = Default::default();
        let mut selection = Selection { wanted, name, first, files, ignored, errors };
        let mut is_folder = false;
        for (root, folder) in place.folders() {
            is_folder |= self.list(&folder)?.is_some();
            self.select_upwards(&mut selection, &root, folder)?;
        }
        if !is_folder {
            return Err(self.package_error(format!("cannot find package {display:?}")).into());
        }
        selection.finish(display)
    }

    /// Goes from a folder up to a root; without a module, or if the folder itself holds no file of the package, only
    /// the folder counts.
    fn select_upwards(&mut self, selection: &mut Selection, root: &str, folder: String) -> Result<(), Errors> {
        let in_module = self.module.is_some();
        let mut folder = folder.as_str();
        let mut is_first = true;
        loop {
            let names = self.cue_files(folder)?;
            let mut added = false;
            for name in names {
                added |= self.consider(selection, folder, &name, is_first)?;
            }
            let stop = selection.name.is_none() || !in_module || folder == root || (is_first && !added);
            if stop || folder.is_empty() {
                return Ok(());
            }
            (folder, is_first) = (path::parent(folder), false);
        }
    }

    /// The names of the files that end in `.cue`.
    fn cue_files(&mut self, folder: &str) -> Result<Vec<String>, Errors> {
        let entries = self.list(folder)?.unwrap_or_default();
        let is_cue = |entry: &&super::Entry| !entry.is_folder && entry.name.ends_with(".cue");
        Ok(entries.iter().filter(is_cue).map(|entry| entry.name.clone()).collect())
    }

    /// Looks at one file; gives whether the folder may be one of the package because of it.
    fn consider(
        &mut self,
        selection: &mut Selection,
        folder: &str,
        name: &str,
        is_first: bool,
    ) -> Result<bool, Errors> {
        let full = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        if let Some(prefix) = ['.', '_'].into_iter().find(|prefix| name.starts_with(*prefix)) {
            if is_first {
                let reason = format!("filename starts with a '{prefix}'");
                selection.ignored.push((self.source.display(&full), reason));
            }
            return Ok(false);
        }
        let file = match self.file(&full) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(false),
            Err(errors) => {
                selection.errors.extend(errors);
                return Ok(false);
            }
        };
        let shown = self.source.display(&full);
        let package = self.package_name(file);
        let Some(package) = package else {
            if is_first {
                selection.ignored.push((shown, "no package name".to_owned()));
            }
            return Ok(false);
        };
        if let Some(reason) = &self.parsed[file].excluded {
            selection.ignored.push((shown, reason.clone()));
            return Ok(true);
        }
        selection.add(folder, name, package, shown, file);
        Ok(selection.name.is_some())
    }

    /// The package that a file names.
    fn package_name(&self, file: FileIndex) -> Option<String> {
        let package = self.parsed[file].ast.package.as_ref()?;
        (package.name.name != "_").then(|| package.name.name.clone())
    }

    /// The package that files of one folder make when none is named; `None` if it holds none.
    pub(super) fn only_package(&mut self, folder: &str, implied: &str) -> Result<Option<String>, Errors> {
        // What is wrong with a file is told when its package is loaded.
        let found: Vec<Named> = self.package_names(folder)?.into_iter().flatten().collect();
        if found.iter().any(|(package, _)| package == implied) {
            return Ok(Some(implied.to_owned()));
        }
        let Some((package, file)) = found.first().cloned() else { return Ok(None) };
        match found.iter().find(|(other, _)| *other != package) {
            None => Ok(Some(package)),
            Some((other, other_file)) => {
                let folder = if folder.is_empty() { "." } else { folder };
                Err(failure(several(&package, &file, other, other_file, folder)))
            }
        }
    }

    /// The packages that the files of a folder name, each with its file; an error for a broken file.
    pub(super) fn package_names(&mut self, folder: &str) -> Result<Vec<Result<Named, Errors>>, Errors> {
        let mut found = Vec::new();
        for name in self.cue_files(folder)? {
            if name.starts_with(['.', '_']) {
                continue;
            }
            let full = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            match self.file(&full) {
                Err(errors) => found.push(Err(errors)),
                Ok(Some(file)) if self.parsed[file].excluded.is_none() => {
                    found.extend(self.package_name(file).map(|package| Ok((package, name))));
                }
                Ok(_) => {}
            }
        }
        Ok(found)
    }

    /// Takes files that are named one by one; those without a package clause join those with one.
    pub(super) fn select_loose(&self, files: Vec<FileIndex>) -> Result<Found, Errors> {
        let (first, all, ignored, errors) = Default::default();
        let mut selection = Selection { wanted: Wanted::Any, name: None, first, files: all, ignored, errors };
        for file in files {
            let shown = self.parsed[file].source.name.clone();
            if let Some(reason) = &self.parsed[file].excluded {
                selection.ignored.push((shown, reason.clone()));
                continue;
            }
            let base = path::base(&shown).to_owned();
            match self.package_name(file) {
                Some(package) => selection.add("", &base, package, shown, file),
                None => selection.keep(shown, file),
            }
        }
        selection.finish("command-line-arguments")
    }
}

impl Selection {
    fn add(&mut self, folder: &str, name: &str, package: String, shown: String, file: FileIndex) {
        match &self.name {
            None => {
                self.name = Some(package);
                name.clone_into(&mut self.first);
            }
            Some(wanted) if *wanted == package => {}
            Some(wanted) => {
                match self.wanted {
                    Wanted::Named(_) => self.ignored.push((shown, format!("package is {package}, want {wanted}"))),
                    Wanted::Any => {
                        let folder = if folder.is_empty() { "." } else { folder };
                        let message = several(wanted, &self.first, &package, name, folder);
                        self.errors.extend(failure(message));
                    }
                }
                return;
            }
        }
        self.keep(shown, file);
    }

    /// Takes a file of the package, unless it is for tests or commands only.
    fn keep(&mut self, shown: String, file: FileIndex) {
        let base = path::base(&shown);
        let excluded = [("_test.cue", "non-test"), ("_tool.cue", "non-cmd")]
            .into_iter()
            .find(|(ending, _)| base.ends_with(ending));
        match excluded {
            Some((ending, mode)) => self.ignored.push((shown, format!("{ending} files excluded in {mode} mode"))),
            None => self.files.push((shown.matches('/').count(), shown, file)),
        }
    }

    fn finish(mut self, display: &str) -> Result<Found, Errors> {
        if !self.errors.is_empty() {
            return Err(Errors::new(self.errors));
        }
        if self.files.is_empty() {
            return Err(failure(self.no_files(display)));
        }
        self.files.sort();
        let files = self.files.into_iter().map(|(.., file)| file).collect();
        Ok(Found { name: self.name.unwrap_or_default(), files })
    }

    fn no_files(&self, display: &str) -> String {
        if self.ignored.iter().all(|(file, _)| path::base(file).starts_with('_')) {
            return format!("no CUE files in {display}");
        }
        let mut message = format!("build constraints exclude all CUE files in {display}:");
        for (file, reason) in &self.ignored {
            message.push_str(&format!("\n    {file}: {reason}"));
        }
        message
    }
}

fn several(one: &str, file: &str, other: &str, other_file: &str, folder: &str) -> String {
    format!("found packages {one:?} ({file}) and {other:?} ({other_file}) in {folder:?}")
}
