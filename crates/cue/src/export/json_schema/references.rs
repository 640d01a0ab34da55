//! What schemas refer to, and the names that it has under `$defs`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::error::{PathPart, path_text};
use crate::value::PackageId;

/// Where a definition stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// A path in a package.
    Path(PackageId, Vec<PathPart>),
    /// A function of a builtin package, by its full name.
    Builtin(Arc<str>),
}

/// All places that are referred to, and what packages are called.
#[derive(Debug, Default)]
pub(super) struct References {
    places: Vec<Place>,
    packages: BTreeMap<PackageId, Arc<str>>,
}

impl References {
    /// The index of a place, and whether it is a new one.
    pub(super) fn index(&mut self, place: Place) -> (usize, bool) {
        match self.places.iter().position(|known| *known == place) {
            Some(index) => (index, false),
            None => {
                self.places.push(place);
                (self.places.len() - 1, true)
            }
        }
    }

    /// Notes what a package is imported as.
    pub(super) fn import(&mut self, package: PackageId, name: Arc<str>) {
        self.packages.entry(package).or_insert(name);
    }

    /// The names of all places, by their index: as much of the end of a path as tells it from the others.
    ///
    /// # Errors
    /// If two functions of builtin packages have the same name.
    pub(super) fn names(&self) -> Result<Vec<String>, String> {
        let paths: Vec<_> = self.places.iter().map(|place| self.parts(place)).collect();
        let mut names: Vec<String> = (0..paths.len()).map(|index| shortest(&paths, index)).collect();
        for index in 0..names.len() {
            let is_taken = names.iter().enumerate().any(|(other, name)| other != index && *name == names[index]);
            if let (true, Place::Path(_, path)) = (is_taken, &self.places[index]) {
                names[index] = path_text(path);
            }
        }
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                return Err(format!("NamesFunc returned non-unique name {}", crate::syntax::literal::quoted(name)));
            }
        }
        Ok(names)
    }

    /// The words that the name of a place is made of.
    fn parts(&self, place: &Place) -> Vec<String> {
        match place {
            Place::Path(package, path) => {
                let package = self.packages.get(package).map(ToString::to_string);
                package.into_iter().chain(path.iter().map(word)).collect()
            }
            Place::Builtin(name) => vec![name.rsplit('.').next().unwrap_or(name).to_owned()],
        }
    }
}

/// A part of a path as part of a name.
fn word(part: &PathPart) -> String {
    match part {
        PathPart::Special(name) => match name.strip_prefix("_#") {
            Some(rest) => rest.to_owned(),
            None => name.trim_start_matches('#').to_owned(),
        },
        other => other.to_string(),
    }
}

/// The shortest end of a path that no other path has; the whole path if there is none.
fn shortest(paths: &[Vec<String>], index: usize) -> String {
    let path = &paths[index];
    let mut ends = (1..=path.len()).map(|length| &path[path.len() - length..]);
    let unique = ends.find(|end| paths.iter().enumerate().all(|(at, other)| at == index || !other.ends_with(end)));
    unique.unwrap_or(path).join(".")
}

/// The pointer to a definition as a fragment of a URI.
pub(super) fn pointer(name: &str) -> String {
    let mut out = String::from("#/$defs/");
    for char in name.replace('~', "~0").replace('/', "~1").chars() {
        if char.is_ascii_alphanumeric() || "-._~$&+,/:;=?@!'()*".contains(char) {
            out.push(char);
        } else {
            let mut bytes = [0; 4];
            for byte in char.encode_utf8(&mut bytes).bytes() {
                _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
