//! The CUE module that descriptions lie in, so that they can import what they share.
//!
//! The module is that of the nearest `cue.mod` in the product's folder or above it, even above the schemas folder.
//! Packages that are no products themselves belong outside of the schemas folder, in a folder whose name begins with
//! `_`, or below `cue.mod/pkg`. Nothing is fetched.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use cue::{Entry, Errors, Instance, LoadOptions, Loader, Source, SourceFile};

/// The folders of a module, or of a product that lies in none.
struct Module {
    root: PathBuf,
}

/// Compiles files of a product's folder as one package, with what they import.
pub(super) fn compile(folder: &Path, files: Vec<Arc<SourceFile>>) -> Result<Instance, Errors> {
    let options = LoadOptions::default();
    Loader::new(&Module::around(folder), &options).files(files)
}

impl Module {
    fn around(folder: &Path) -> Self {
        // A relative path has no folders above it by itself.
        let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let root = absolute.ancestors().find(|above| above.join("cue.mod").is_dir());
        Self { root: root.unwrap_or(&absolute).to_owned() }
    }

    fn told(&self, path: &str, error: &io::Error) -> String {
        format!("{}: can't be read: {error}", self.display(path))
    }
}

impl Source for Module {
    fn list(&self, folder: &str) -> Result<Option<Vec<Entry>>, String> {
        let path = self.root.join(folder);
        if !path.is_dir() {
            return Ok(None);
        }
        let entry = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| Entry {
                name: entry.file_name().to_string_lossy().into_owned(),
                is_folder: entry.path().is_dir(),
            })
        };
        let entries: io::Result<Vec<Entry>> = fs::read_dir(&path).and_then(|entries| entries.map(entry).collect());
        entries.map(Some).map_err(|error| self.told(folder, &error))
    }

    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, String> {
        let path = self.root.join(file);
        if !path.is_file() {
            return Ok(None);
        }
        fs::read(path).map(Some).map_err(|error| self.told(file, &error))
    }

    fn display(&self, file: &str) -> String {
        self.root.join(file).display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Rejection};

    fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    const MODULE: (&str, &str) = ("cue.mod/module.cue", "module: \"acme.example\"\nlanguage: version: \"v0.15.0\"\n");
    const ORDERS: (&str, &str) = (
        "schemas/orders/orders.cue",
        "package orders\nimport \"acme.example/common\"\n#Order: {id!: string, total!: common.#Money}\n",
    );

    #[test]
    fn products_share_the_packages_of_their_module() {
        let money = ("common/money.cue", "package common\n#Money: {amount!: number, currency!: =~\"^[A-Z]{3}$\"}\n");
        let folder = folder_with(&[MODULE, ORDERS, money]);
        let catalog = Catalog::load(&folder.path().join("schemas")).unwrap();
        let validator = &catalog.only_type().unwrap().validator;
        assert!(validator.check(br#"{"id": "1", "total": {"amount": 2.5, "currency": "EUR"}}"#).is_ok());
        let rejection = validator.check(br#"{"id": "1", "total": {"amount": 2.5, "currency": "euro"}}"#).unwrap_err();
        let Rejection::Invalid(violations) = rejection else { panic!("{rejection:?}") };
        assert_eq!(violations[0].message, "invalid value \"euro\" (out of bound =~\"^[A-Z]{3}$\")");
        assert_eq!(violations[0].pointer, "/total/currency");
    }

    #[test]
    fn a_package_that_is_missing_is_told_where_it_is_imported() {
        let folder = folder_with(&[MODULE, ORDERS]);
        let problems = Catalog::load(&folder.path().join("schemas")).unwrap_err().to_string();
        assert!(problems.contains("orders.cue:2:8"), "{problems}");
        assert!(problems.contains("cannot find module providing package acme.example/common"), "{problems}");
        let folder = folder_with(&[ORDERS]);
        let problems = Catalog::load(&folder.path().join("schemas")).unwrap_err().to_string();
        assert!(problems.contains("there is no cue.mod/module.cue file"), "{problems}");
    }
}
