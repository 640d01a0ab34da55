//! Paths of folders and of imports, as texts.

use crate::syntax::literal;

/// An import path: `acme.example/fleet@v1:trips`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImportPath {
    /// What comes before version and qualifier.
    pub(super) path: String,
    /// The version behind `@`, or nothing.
    pub(super) version: String,
    /// The name of the package: what stands behind the colon, or else the last part of the path; empty if that is no
    /// identifier.
    pub(super) name: String,
    /// Whether the name is written.
    pub(super) is_qualified: bool,
}

impl ImportPath {
    pub(super) fn parse(text: &str) -> Self {
        let (rest, qualifier) = match text.rfind(['/', ':']) {
            Some(at) if text[at..].starts_with(':') => (&text[..at], Some(&text[at + 1..])),
            _ => (text, None),
        };
        let (path, version) = match rest.split_once('@') {
            Some((path, version)) if version.starts_with('v') || version == "latest" => (path, version),
            _ => (rest, ""),
        };
        let implied = || path.rsplit('/').next().filter(|name| is_package_name(name)).unwrap_or_default();
        Self {
            path: path.to_owned(),
            version: version.to_owned(),
            name: qualifier.unwrap_or_else(implied).to_owned(),
            is_qualified: qualifier.is_some(),
        }
    }

    /// Without the name.
    pub(super) fn unqualified(&self) -> String {
        if self.version.is_empty() { self.path.clone() } else { format!("{}@{}", self.path, self.version) }
    }
}

/// Whether a text may be the name of a package.
pub(super) fn is_package_name(text: &str) -> bool {
    literal::is_identifier(text) && !text.starts_with('#') && text != "_"
}

/// Whether a path begins at the folder at hand rather than at a module.
pub(super) fn is_local(path: &str) -> bool {
    matches!(path, "." | "..") || path.starts_with("./") || path.starts_with("../")
}

/// A path below a folder, without `.` and `..`; `None` if it leaves the root.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder around a folder or file.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The last part of a path.
pub(super) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// How a folder is called from another one: `.`, `./x`, `../y`.
pub(super) fn relative(from: &str, to: &str) -> String {
    let parts = |path: &str| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (parts(from), parts(to));
    let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = vec!["..".to_owned(); from.len() - common];
    let below: Vec<String> = up.into_iter().chain(to[common..].iter().cloned()).collect();
    match below.first() {
        None => ".".to_owned(),
        Some(first) if first == ".." => below.join("/"),
        Some(_) => format!("./{}", below.join("/")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_paths_have_parts() {
        let parts = |text| {
            let path = ImportPath::parse(text);
            (path.path, path.version, path.name)
        };
        let expected = |path: &str, version: &str, name: &str| (path.to_owned(), version.to_owned(), name.to_owned());
        assert_eq!(parts("a.b/c@v1:d"), expected("a.b/c", "v1", "d"));
        assert_eq!(parts("a.b/c"), expected("a.b/c", "", "c"));
        assert_eq!(parts("a.b/c-d"), expected("a.b/c-d", "", ""));
        assert_eq!(parts("a.b/c-d:e"), expected("a.b/c-d", "", "e"));
    }

    #[test]
    fn folders_are_joined_and_told_apart() {
        assert_eq!(join("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(join("a", "../.."), None);
        assert_eq!(relative("a/b", "a/c"), "../c");
        assert_eq!(relative("a", "a/c"), "./c");
        assert_eq!(relative("a", "a"), ".");
    }
}
