//! One run of a loader: what was read and parsed, and the packages found so far.
//!
//! A file is parsed once however many packages it belongs to, and a package that several others import is one.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    Entry, LoadOptions, Source, condition, failure,
    imports::{Location, is_builtin},
    module::Module,
    path::{join, parent},
    pattern::{Root, Wanted},
    tag,
};
use crate::{
    error::{Error, Errors, Position},
    ir::compile::ImportedPackage,
    syntax::{
        self, ast,
        experiment::Version,
        pos::{FileId, SourceFile},
    },
    value::instance::{self, Instance, Unit},
};

/// Handle of a [`Parsed`] file.
pub(super) type FileIndex = usize;

/// A file that was read.
pub(super) struct Parsed {
    pub(super) source: Arc<SourceFile>,
    pub(super) ast: Arc<ast::File>,
    /// Where it lies.
    pub(super) folder: String,
    /// Why it belongs to no package, if so.
    pub(super) excluded: Option<String>,
}

/// A package whose files are known.
pub(super) struct Package {
    pub(super) name: String,
    /// Tells its hidden fields from those of other packages.
    pub(super) identity: String,
    pub(super) files: Vec<FileIndex>,
    imports: BTreeMap<String, usize>,
}

pub(super) struct Session<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) options: &'a LoadOptions,
    pub(super) module: Option<Module>,
    pub(super) parsed: Vec<Parsed>,
    by_path: HashMap<String, Result<Option<FileIndex>, Errors>>,
    listings: HashMap<String, Option<Vec<Entry>>>,
    packages: Vec<Package>,
    /// Packages of finished imports, by import path.
    imported: HashMap<String, usize>,
    /// The import paths of the packages being loaded, outermost first.
    stack: Vec<String>,
    /// Tags that conditions name.
    used_tags: BTreeSet<String>,
}

impl<'a> Session<'a> {
    pub(super) fn new(source: &'a dyn Source, options: &'a LoadOptions, module: Option<Module>) -> Self {
        Self {
            source,
            options,
            module,
            parsed: Vec::new(),
            by_path: HashMap::new(),
            listings: HashMap::new(),
            packages: Vec::new(),
            imported: HashMap::new(),
            stack: Vec::new(),
            used_tags: BTreeSet::new(),
        }
    }

    /// Loads and compiles what patterns and files name.
    pub(super) fn run(mut self, patterns: &[&str], files: Vec<Arc<SourceFile>>) -> Vec<Result<Instance, Errors>> {
        let roots = match self.expand(patterns) {
            Ok(roots) => roots,
            Err(errors) => return vec![Err(errors)],
        };
        let mut loaded: Vec<Result<usize, Errors>> =
            roots.into_iter().map(|root| root.and_then(|root| self.root_package(&root))).collect();
        if !files.is_empty() {
            loaded.push(self.loose_files(files));
        }
        let mut roots: Vec<usize> = loaded.iter().flatten().copied().collect();
        roots.dedup();
        if let Err(errors) = self.inject_tags(&roots) {
            return vec![Err(errors)];
        }
        self.link(loaded)
    }

    fn link(self, loaded: Vec<Result<usize, Errors>>) -> Vec<Result<Instance, Errors>> {
        let Self { parsed, packages, options, .. } = self;
        let names: Vec<String> = packages.iter().map(|package| package.name.clone()).collect();
        let unit = |package: Package| Unit {
            identity: package.identity.into(),
            asts: package.files.iter().map(|file| parsed[*file].ast.clone()).collect(),
            imports: package
                .imports
                .into_iter()
                .map(|(path, index)| (path, ImportedPackage { index: index as u32, name: names[index].clone() }))
                .collect(),
        };
        let units = packages.into_iter().map(unit).collect();
        // The units are the only ones that hold the trees from here on.
        let files = parsed.into_iter().map(|file| file.source).collect();
        let linked = instance::link(units, files, &options.limits, options.trees);
        loaded.into_iter().map(|package| package.and_then(|index| linked.instance(index))).collect()
    }

    /// What lies in a folder, sorted by name.
    pub(super) fn list(&mut self, folder: &str) -> Result<Option<&[Entry]>, Errors> {
        if !self.listings.contains_key(folder) {
            let mut entries = self.source.list(folder).map_err(failure)?;
            if let Some(entries) = &mut entries {
                entries.sort();
            }
            self.listings.insert(folder.to_owned(), entries);
        }
        Ok(self.listings[folder].as_deref())
    }

    pub(super) fn is_file(&mut self, folder: &str, name: &str) -> Result<bool, Errors> {
        let entries = self.list(folder)?.unwrap_or_default();
        Ok(entries.iter().any(|entry| entry.name == name && !entry.is_folder))
    }

    /// A file of the source, parsed; `None` if it has gone.
    pub(super) fn file(&mut self, path: &str) -> Result<Option<FileIndex>, Errors> {
        if let Some(known) = self.by_path.get(path) {
            return known.clone();
        }
        let read = self.read_file(path);
        self.by_path.insert(path.to_owned(), read.clone());
        read
    }

    fn read_file(&mut self, path: &str) -> Result<Option<FileIndex>, Errors> {
        let Some(bytes) = self.source.read(path).map_err(failure)? else { return Ok(None) };
        let source = SourceFile::from_bytes(self.source.display(path), &bytes);
        self.parse(source, parent(path).to_owned()).map(Some)
    }

    /// Takes a file that is no CUE, so that positions can tell of it.
    pub(super) fn add_data(&mut self, source: Arc<SourceFile>, folder: &str) -> Result<FileIndex, String> {
        self.check_count().map_err(|errors| errors.to_string())?;
        self.parsed.push(Parsed { source, ast: Arc::default(), folder: folder.to_owned(), excluded: None });
        Ok(self.parsed.len() - 1)
    }

    fn check_count(&self) -> Result<(), Errors> {
        let max = self.options.limits.files_max;
        if self.parsed.len() < max {
            return Ok(());
        }
        Err(instance::over_limit(format!("more than {max} files (limit files_max)")))
    }

    fn parse(&mut self, source: Arc<SourceFile>, folder: String) -> Result<FileIndex, Errors> {
        self.check_count()?;
        let limits = &self.options.limits;
        let version = self.module.as_ref().map_or(Version::LATEST, |module| module.language);
        let index = self.parsed.len();
        let parsed = syntax::parse_file(&source, FileId(index as u32), &instance::parse_options(limits, version));
        let ast = parsed.map_err(|errors| instance::syntax_errors(&source, errors))?;
        let (given, used) = (&self.options.tags, &mut self.used_tags);
        let mut is_set = |tag: &str| {
            used.insert(tag.to_owned());
            given.iter().any(|given| given == tag)
        };
        let excluded = condition::exclusion(&ast, &source, &mut is_set)?;
        self.parsed.push(Parsed { source, ast: Arc::new(ast), folder, excluded });
        Ok(index)
    }

    fn root_package(&mut self, root: &Root) -> Result<usize, Errors> {
        match root {
            Root::Folder { folder, display, name } => {
                let path = self.module.as_ref().map_or_else(|| display.clone(), |module| module.import_path(folder));
                let place = Location::Folder(folder.clone());
                self.package(path, &place, name.as_deref(), display)
            }
            Root::Import(path) if is_builtin(path) => {
                Err(failure(format!("standard library import path {path:?} cannot be imported as a CUE package")))
            }
            Root::Import(path) => self.resolve(path.trim_end_matches('/')),
        }
    }

    /// Files that are one instance whatever folder they lie in.
    fn loose_files(&mut self, files: Vec<Arc<SourceFile>>) -> Result<usize, Errors> {
        let mut errors = Vec::new();
        let mut indices = Vec::new();
        for file in files {
            let name = file.name.strip_prefix("./").unwrap_or(&file.name);
            let folder = join(&self.options.folder, parent(name)).unwrap_or_default();
            match self.parse(file, folder) {
                Ok(index) => indices.push(index),
                Err(found) => errors.extend(found),
            }
        }
        if !errors.is_empty() {
            return Err(Errors::new(errors));
        }
        let found = self.select_loose(indices)?;
        self.finish(found.name.clone(), format!("command-line-arguments:{}", found.name), found.files)
    }

    /// Loads a package with all that it imports.
    pub(super) fn package(
        &mut self,
        path: String,
        place: &Location,
        name: Option<&str>,
        display: &str,
    ) -> Result<usize, Errors> {
        if self.stack.contains(&path) {
            return Err(failure("package import cycle not allowed"));
        }
        self.stack.push(path.clone());
        let loaded = self.package_in_stack(path, place, name, display);
        self.stack.pop();
        loaded
    }

    fn package_in_stack(
        &mut self,
        path: String,
        place: &Location,
        name: Option<&str>,
        display: &str,
    ) -> Result<usize, Errors> {
        let found = self.select(place, Wanted::of(name), display)?;
        let identity = if path.contains(':') { path } else { format!("{path}:{}", found.name) };
        self.finish(found.name, identity, found.files)
    }

    fn finish(&mut self, name: String, identity: String, files: Vec<FileIndex>) -> Result<usize, Errors> {
        self.embed(&files)?;
        let imports = self.imports_of(&files)?;
        self.packages.push(Package { name, identity, files, imports });
        Ok(self.packages.len() - 1)
    }

    /// Loads what files import from outside of the builtin packages, by the path as it is written.
    fn imports_of(&mut self, files: &[FileIndex]) -> Result<BTreeMap<String, usize>, Errors> {
        let mut wanted: BTreeMap<String, Position> = BTreeMap::new();
        for file in files {
            let Parsed { source, ast, .. } = &self.parsed[*file];
            for spec in ast.imports.iter().flat_map(|import| &import.specs) {
                let position = Position { file: source.clone(), pos: spec.pos };
                wanted.entry(spec.path.clone()).or_insert(position);
            }
        }
        let mut imports = BTreeMap::new();
        for (path, position) in wanted {
            if super::imports::is_builtin(&path) {
                continue;
            }
            let package = stacker::maybe_grow(128 << 10, 1 << 20, || self.import(&path));
            imports.insert(path, package.map_err(|errors| import_failed(errors, &position))?);
        }
        Ok(imports)
    }

    fn import(&mut self, path: &str) -> Result<usize, Errors> {
        if let Some(known) = self.imported.get(path) {
            return Ok(*known);
        }
        let package = self.resolve(path)?;
        self.imported.insert(path.to_owned(), package);
        Ok(package)
    }

    /// An error with the import paths that led to it.
    pub(super) fn package_error(&self, message: String) -> Error {
        let path = self.stack.iter().map(|path| crate::error::PathPart::Special(path.as_str().into())).collect();
        Error { path, ..Error::new(crate::error::Code::Eval, crate::error::Rule::Reference, message) }
    }

    /// Gives tags their values in the files of some packages.
    fn inject_tags(&mut self, roots: &[usize]) -> Result<(), Errors> {
        let files: BTreeSet<FileIndex> = roots.iter().flat_map(|root| self.packages[*root].files.clone()).collect();
        let mut injection = tag::Injection::default();
        for file in &files {
            let Parsed { source, ast, .. } = &self.parsed[*file];
            injection.find(ast, source);
        }
        let values = injection.values(self.options, &self.used_tags)?;
        if values.is_empty() {
            return Ok(());
        }
        for file in files {
            values.inject(Arc::make_mut(&mut self.parsed[file].ast));
        }
        Ok(())
    }
}

/// What is wrong with a package is told where it is imported.
fn import_failed(errors: Errors, at: &Position) -> Errors {
    let wrap = |error: Error| {
        let positions = error.primary.into_iter().chain(error.positions).collect();
        let message = format!("import failed: {}", error.message);
        Error { message, primary: Some(at.clone()), positions, ..error }
    };
    Errors::new(errors.into_iter().map(wrap).collect())
}
