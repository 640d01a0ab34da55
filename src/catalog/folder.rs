//! Which files of the schemas folder describe which product.
//!
//! A folder that holds descriptions (`*.cue`, `*.schema.json`) is a product; what lies in folders below it (samples,
//! schemas that are referred to) is its own matter. A folder without descriptions only groups the folders in it. In
//! the schemas folder itself each file is a product when there are folders beside it; without any, the folder is the
//! one product. Names that begin with `.` or `_`, and `cue.mod`, are passed over.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::problem::{Place, Problem};

/// Folders inside each other that are searched for products.
const DEPTH_MAX: usize = 8;

/// The folder beside the products that is kept for policies, so that none is ever taken for a description.
const POLICIES: &str = "governance";

/// The files that describe one product.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// Its name unless the description gives another: that of the folder, or of the file without its endings.
    pub(super) name: String,
    /// Where references to other files begin.
    pub(super) folder: PathBuf,
    /// CUE files, sorted.
    pub(super) cue: Vec<PathBuf>,
    /// JSON Schema files, sorted.
    pub(super) json: Vec<PathBuf>,
}

/// Finds the products of a schemas folder, of one product's folder, or in one file; sorted by path.
pub(super) fn units(path: &Path) -> Result<Vec<Unit>, Vec<Problem>> {
    if path.is_file() {
        return match Unit::of_files(path.parent().unwrap_or(Path::new("")), vec![path.to_owned()]) {
            Some(unit) => Ok(vec![Unit { name: stem(path), ..unit }]),
            None => Err(vec![Problem::new(Place::whole(path), "is no description: expected *.cue or *.schema.json")]),
        };
    }
    let (files, folders) = list(path).map_err(|problem| vec![problem])?;
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for folder in folders {
        if name(&folder) == POLICIES {
            problems.push(Problem::new(Place::whole(&folder), "not supported yet: policies"));
            continue;
        }
        search(&folder, 1, &mut found, &mut problems);
    }
    if found.is_empty() {
        found.extend(Unit::of_files(path, files));
    } else {
        let alone =
            |file: PathBuf| Unit::of_files(path, vec![file.clone()]).map(|unit| Unit { name: stem(&file), ..unit });
        found.extend(files.into_iter().filter_map(alone));
    }
    if found.is_empty() && problems.is_empty() {
        problems.push(Problem::new(
            Place::whole(path),
            "no description in it: expected *.cue or *.schema.json files, or folders of them",
        ));
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

fn search(folder: &Path, depth: usize, found: &mut Vec<Unit>, problems: &mut Vec<Problem>) {
    let (files, folders) = match list(folder) {
        Ok(lists) => lists,
        Err(problem) => return problems.push(problem),
    };
    if let Some(unit) = Unit::of_files(folder, files) {
        return found.push(unit);
    }
    if depth >= DEPTH_MAX && !folders.is_empty() {
        return problems
            .push(Problem::new(Place::whole(folder), format!("more than {DEPTH_MAX} folders inside each other")));
    }
    for inner in folders {
        search(&inner, depth + 1, found, problems);
    }
}

/// Files and folders, each sorted.
fn list(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Problem> {
    let unreadable = |error: std::io::Error| {
        let what = match error.kind() {
            std::io::ErrorKind::NotFound => "no such folder".to_owned(),
            _ => format!("can't be read: {error}"),
        };
        Problem::new(Place::whole(folder), what)
    };
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match path.is_dir() {
            _ if name.starts_with(['.', '_']) || name == "cue.mod" => {}
            true => folders.push(path),
            false => files.push(path),
        }
    }
    files.sort();
    folders.sort();
    Ok((files, folders))
}

impl Unit {
    /// `None` if none of the files describes anything.
    fn of_files(folder: &Path, files: Vec<PathBuf>) -> Option<Self> {
        let ending =
            |ending: &str| files.iter().filter(|file| name(file).ends_with(ending)).cloned().collect::<Vec<_>>();
        let (cue, json) = (ending(".cue"), ending(".schema.json"));
        let named = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        (!cue.is_empty() || !json.is_empty()).then(|| Self { name: name(&named), folder: folder.to_owned(), cue, json })
    }
}

/// The last component of a path.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The name of a file of descriptions, without its endings.
pub(super) fn stem(path: &Path) -> String {
    let name = name(path);
    name.strip_suffix(".schema.json").or(name.strip_suffix(".cue")).unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    fn found(files: &[&str]) -> Vec<(String, usize, usize)> {
        let folder = folder_with(files);
        let units = units(folder.path()).unwrap();
        units.into_iter().map(|unit| (unit.name, unit.cue.len(), unit.json.len())).collect()
    }

    #[test]
    fn folders_are_products_and_files_beside_them_too() {
        let files = [
            "people/a.cue",
            "people/b.cue",
            "people/samples/x.cue",
            "group/orders/order.schema.json",
            "bare.cue",
            "README.md",
        ];
        let expected = [("orders".to_owned(), 0, 1), ("people".to_owned(), 2, 0), ("bare".to_owned(), 1, 0)];
        assert_eq!(found(&files), expected);
    }

    #[test]
    fn a_folder_of_files_alone_is_one_product() {
        let folder = folder_with(&["people/identity.cue", "people/samples/valid/a.json"]);
        let units = units(&folder.path().join("people")).unwrap();
        assert_eq!(units.iter().map(|unit| &*unit.name).collect::<Vec<_>>(), ["people"]);
    }

    #[test]
    fn hidden_folders_and_the_module_file_are_passed_over() {
        assert_eq!(found(&["a/a.cue", ".git/b.cue", "_drafts/c.cue", "cue.mod/module.cue"]), [("a".to_owned(), 1, 0)]);
    }

    #[test]
    fn nothing_to_serve_is_a_mistake() {
        let folder = folder_with(&["README.md"]);
        assert!(units(folder.path()).unwrap_err()[0].to_string().contains("no description in it"));
        assert!(units(&folder.path().join("missing")).unwrap_err()[0].to_string().ends_with("missing: no such folder"));
    }

    #[test]
    fn policies_are_no_description() {
        let folder = folder_with(&["a/a.cue", "governance/owners.cue"]);
        assert!(units(folder.path()).unwrap_err()[0].to_string().ends_with("governance: not supported yet: policies"));
    }

    #[test]
    fn folders_inside_each_other_are_bounded() {
        let deep = |count: usize| format!("{}a.cue", "d/".repeat(count));
        assert_eq!(found(&[&deep(DEPTH_MAX)]).len(), 1);
        let folder = folder_with(&[&deep(DEPTH_MAX + 1)]);
        assert!(units(folder.path()).unwrap_err()[0].message.starts_with("more than 8 folders"));
    }
}
