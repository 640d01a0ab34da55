//! Compiles a package that may be wrong, so far that all its mistakes can be told.
//!
//! A name that is not declared, or an import that fails, keeps the whole package from being compiled. It is told, and
//! stands for any value from then on: everything else is judged as if it were right. What is wrong on a line where
//! something was replaced may only follow from that, and is not told.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use cue::{
    Errors, Instance, Limits, Position, Rule, SourceFile,
    syntax::{
        self, ParseLimits, ParseOptions,
        ast::ImportSpec,
        experiment::Version,
        pos::{FileId, Pos},
    },
};

use super::{
    module,
    problem::{Place, Problem},
};

/// Attempts at one package; each but the last tells a mistake that those before did not.
const ATTEMPTS_MAX: usize = 64;

/// A package as far as it can be compiled.
#[derive(Default)]
pub(super) struct Attempt {
    /// `None` if nothing more can be told of it.
    pub(super) instance: Option<Instance>,
    /// Its files, with what is wrong replaced.
    pub(super) files: Vec<Arc<SourceFile>>,
    /// What kept it from being compiled.
    pub(super) problems: Vec<Problem>,
    /// Where something was replaced.
    replaced: BTreeSet<Place>,
    /// The names that were replaced, each with its file.
    names: BTreeSet<(String, String)>,
    /// The names of imports that failed, each with its file.
    imports: BTreeSet<(String, String)>,
}

impl Attempt {
    /// Compiles files of a product's folder as one package; `whole` is for mistakes that have no place.
    pub(super) fn at(folder: &Path, files: Vec<Arc<SourceFile>>, whole: &Place) -> Self {
        let mut attempt = Self { files, ..Self::default() };
        for _ in 0..ATTEMPTS_MAX {
            match module::compile(folder, attempt.files.clone()) {
                Ok(instance) => {
                    attempt.instance = Some(instance);
                    break;
                }
                Err(errors) => {
                    if !attempt.learn(errors, whole) {
                        break;
                    }
                }
            }
        }
        attempt
    }

    /// Leaves out what may only follow from mistakes that are told already.
    pub(super) fn without_consequences(&self, problems: Vec<Problem>) -> Vec<Problem> {
        let line = |place: &Place| place.line_column.map(|(line, _)| line);
        let is_replaced =
            |place: &Place| self.replaced.iter().any(|one| one.file == place.file && line(one) == line(place));
        problems.into_iter().filter(|problem| !problem.places.iter().any(is_replaced)).collect()
    }

    /// Tells what is new, and replaces what is wrong. Returns whether another attempt can tell more.
    fn learn(&mut self, errors: Errors, whole: &Place) -> bool {
        let mut told = Vec::new();
        let mut is_progress = false;
        for error in errors {
            let mended = error.primary.as_ref().and_then(|position| self.replace(position, error.rule));
            is_progress |= mended.is_some();
            if mended != Some(Mended::Known) {
                told.push(error);
            }
        }
        if !told.is_empty() {
            self.problems.extend(Problem::of_cue(Errors::new(told), whole));
        }
        is_progress
    }

    /// Replaces the import or the name at a place.
    fn replace(&mut self, position: &Position, rule: Rule) -> Option<Mended> {
        let index = self.files.iter().position(|file| file.name == position.file.name)?;
        let file = Arc::clone(&self.files[index]);
        let offset = position.pos.offset as usize;
        if !self.replaced.insert(Place::from(position)) {
            return Some(Mended::Known);
        }
        let text;
        let is_known;
        if let Some((name, without)) = without_import(&file, position.pos.offset) {
            let import = (file.name.clone(), name);
            // Nobody uses it any more where what it was used for has been replaced.
            is_known = self.names.contains(&import);
            self.imports.insert(import);
            text = without;
        } else if rule == Rule::Reference {
            let name = identifier(file.text.get(offset..)?)?;
            let any = format!("{:width$}", "_", width = name.len());
            text = [&file.text[..offset], &any, &file.text[offset + name.len()..]].concat();
            let name = (file.name.clone(), name.to_owned());
            is_known = self.imports.contains(&name);
            self.names.insert(name);
        } else {
            return None;
        };
        self.files[index] = SourceFile::new(file.name.clone(), text);
        Some(if is_known { Mended::Known } else { Mended::Told })
    }
}

/// Something wrong that was replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mended {
    /// It is to be told.
    Told,
    /// It follows from an import that has been told.
    Known,
}

/// The local name of the import at an offset, and the text with blanks in its place.
fn without_import(file: &Arc<SourceFile>, offset: u32) -> Option<(String, String)> {
    let limits = ParseLimits { source_bytes_max: Limits::default().source_bytes_max, ..ParseLimits::default() };
    let tree = syntax::parse_file(file, FileId(0), &ParseOptions { version: Version::LATEST, limits }).ok()?;
    let of_import = |spec: &&ImportSpec| spec.pos.offset == offset || spec.path_pos.offset == offset;
    let (import, spec) = tree.imports.iter().find_map(|import| Some((import, import.specs.iter().find(of_import)?)))?;
    let Pos { offset: start, .. } = if import.grouped { spec.pos } else { import.pos };
    let literal = &file.text[spec.path_pos.offset as usize..];
    let length = 1 + literal[1..].find(literal.chars().next()?)? + 1;
    let end = spec.path_pos.offset as usize + length;
    let blank: String = " ".repeat(end - start as usize);
    let text = [&file.text[..start as usize], &blank, &file.text[end..]].concat();
    let last = spec.path.rsplit(['/', ':']).next().unwrap_or_default();
    let name = spec.name.as_ref().map_or(last, |name| name.name.as_str());
    Some((name.to_owned(), text))
}

/// The name that a text begins with.
fn identifier(text: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '#' | '$');
    let end = text.find(|c| !is_of_name(c)).unwrap_or(text.len());
    Some(&text[..end]).filter(|name| !name.is_empty())
}
