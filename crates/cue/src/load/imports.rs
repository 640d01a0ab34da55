//! Where the package of an import path lies: in the module, or vendored below `cue.mod`.

use super::{
    path::{ImportPath, is_local},
    session::Session,
};
use crate::error::Errors;

/// Where vendored packages lie, in the order in which their files are unified.
const VENDORED: [&str; 3] = ["cue.mod/gen", "cue.mod/pkg", "cue.mod/usr"];

/// The folders of a package.
pub(super) enum Location {
    /// A folder of the module; the folders around it count up to the module's root.
    Folder(String),
    /// A folder of a module that stands in a folder of this one.
    Replaced { module: String, folder: String },
    /// The same folder below each place for vendored packages.
    Vendored(String),
}

impl Location {
    /// Each folder with the one that is the last to look at on the way up.
    pub(super) fn folders(&self) -> Vec<(String, String)> {
        match self {
            Self::Folder(folder) => vec![(String::new(), folder.clone())],
            Self::Replaced { module, folder } => vec![(module.clone(), folder.clone())],
            Self::Vendored(path) => {
                VENDORED.iter().map(|root| ((*root).to_owned(), format!("{root}/{path}"))).collect()
            }
        }
    }
}

/// Whether an import is one of the builtin packages: their paths do not begin with a domain.
pub(super) fn is_builtin(path: &str) -> bool {
    !is_local(path) && !path.split('/').next().is_some_and(|first| first.contains('.'))
}

impl Session<'_> {
    /// Loads the package of an import path.
    pub(super) fn resolve(&mut self, written: &str) -> Result<usize, Errors> {
        if is_local(written) {
            return Err(super::failure(format!("relative import paths not allowed ({written:?})")));
        }
        if self.module.is_none() {
            return Err(super::failure("imports are unavailable because there is no cue.mod/module.cue file"));
        }
        let path = ImportPath::parse(written);
        let mut errors = Vec::new();
        if path.name.is_empty() {
            let message = format!("cannot determine package name for {written:?}; set it explicitly with ':'");
            errors.push(self.package_error(message));
        } else if path.name == "_" {
            errors.push(self.package_error(format!("_ is not a valid import path qualifier in {written:?}")));
        }
        let location = match self.locate(&path)? {
            Ok(location) => location,
            Err(reason) => {
                let shown = path.unqualified();
                errors.push(self.package_error(format!("cannot find package {shown:?}: {reason}")));
                return Err(Errors::new(errors));
            }
        };
        if !errors.is_empty() {
            return Err(Errors::new(errors));
        }
        self.package(written.to_owned(), &location, Some(&path.name), written)
    }

    /// Where a package lies, or why it can't be found.
    fn locate(&mut self, path: &ImportPath) -> Result<Result<Location, String>, Errors> {
        let mut places = Vec::new();
        let own = self.module.as_ref().and_then(|module| module.folder_of(&path.path, &path.version));
        if let Some(folder) = own.map(str::to_owned)
            && self.has_cue_files(&folder)?
        {
            places.push(Location::Folder(folder));
        }
        if let Some((module, folder)) = self.module.as_ref().and_then(|module| module.replacement_of(path))
            && self.has_cue_files(&folder)?
        {
            places.push(Location::Replaced { module, folder });
        }
        for root in VENDORED {
            if self.has_cue_files(&format!("{root}/{}", path.path))? {
                places.push(Location::Vendored(path.path.clone()));
                break;
            }
        }
        Ok(match (places.pop(), places.is_empty()) {
            // Without a name it is told before what is missing.
            (Some(place), true) if path.name.is_empty() || self.has_package(&place, &path.name)? => Ok(place),
            (Some(_), true) => Err(format!("no files in package directory with package name {:?}", path.name)),
            (Some(_), false) => Err(self.ambiguous(&path.path)),
            (None, _) => Err(self.missing(path)),
        })
    }

    fn ambiguous(&self, path: &str) -> String {
        let module = self.module.as_ref().expect("imports without a module are refused before");
        let folder = module.folder_of(path, "").filter(|folder| !folder.is_empty()).unwrap_or(".");
        let own = format!("{} ({folder})", module.qualified());
        format!("ambiguous import: found package {path} in multiple locations:\n\t{own}\n\tlocal (cue.mod/pkg/{path})")
    }

    fn missing(&self, path: &ImportPath) -> String {
        let dependencies = self.module.iter().flat_map(|module| &module.dependencies);
        let provides = |name: &str| {
            let prefix = name.split('@').next().unwrap_or_default();
            path.path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        for (name, version) in dependencies {
            if provides(name) {
                let version = version.as_deref().unwrap_or("of any version");
                return format!(
                    "module {name} {version} is not vendored below cue.mod/pkg, and modules are not fetched"
                );
            }
        }
        format!("cannot find module providing package {}", path.unqualified())
    }

    fn has_cue_files(&mut self, folder: &str) -> Result<bool, Errors> {
        let entries = self.list(folder)?.unwrap_or_default();
        Ok(entries.iter().any(|entry| !entry.is_folder && entry.name.ends_with(".cue")))
    }

    /// Whether a file of a place names a package. Broken files count: what is wrong is told when they are loaded.
    fn has_package(&mut self, place: &Location, name: &str) -> Result<bool, Errors> {
        for (_, folder) in place.folders() {
            let entries = self.list(&folder)?.unwrap_or_default();
            let files: Vec<String> =
                entries.iter().filter(|entry| !entry.is_folder).map(|entry| entry.name.clone()).collect();
            for file in files.iter().filter(|file| file.ends_with(".cue") && !file.starts_with(['.', '_'])) {
                let Ok(Some(file)) = self.file(&format!("{folder}/{file}")) else { return Ok(true) };
                let package = self.parsed[file].ast.package.as_ref();
                if package.is_some_and(|package| package.name.name == name) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
