//! Folders of descriptions for tests, and what loading them gives.

use std::fs;

use sluice::catalog::Catalog;

/// Files in a folder of their own.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The catalog of files without mistakes.
pub(crate) fn load(files: &[(&str, &str)]) -> Catalog {
    Catalog::load(folder(files).path()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What is wrong, with the folder's name left out.
pub(crate) fn problems(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let problems = Catalog::load(folder.path()).expect_err("there is a mistake");
    problems.to_string().replace(&format!("{}/", folder.path().display()), "")
}
