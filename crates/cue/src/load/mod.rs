//! From folders to instances: modules, packages and their imports.
//!
//! A [`Loader`] finds the files of the packages that patterns such as `./...` name, and of all that they import: from
//! the own module, from what is vendored below `cue.mod`, and from the builtin packages. It reads nothing by itself;
//! whoever embeds the crate offers the files through a [`Source`]. Modules are never fetched.

mod condition;
mod embed;
mod files;
mod imports;
mod module;
mod path;
mod pattern;
mod session;
mod tag;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    error::{Code, Error, Errors, Rule},
    ir::compile::Trees,
    limits::Limits,
    syntax::pos::SourceFile,
    value::instance::Instance,
};

pub use module::{Module, check_data};

/// A tree of folders and files.
///
/// Its root is the folder that holds `cue.mod`, or any folder if there is no module. Paths are relative to the root,
/// their parts are joined by `/`, and none of them is `.` or `..`; the root itself is the empty path. The tree must
/// be finite (whoever follows symbolic links looks after cycles) and should not change while a [`Loader`] reads it.
pub trait Source {
    /// What lies in a folder, in any order; `None` if there is no such folder.
    ///
    /// # Errors
    /// What went wrong while reading, as a message.
    fn list(&self, folder: &str) -> Result<Option<Vec<Entry>>, String>;

    /// The bytes of a file; `None` if there is no such file.
    ///
    /// # Errors
    /// What went wrong while reading, as a message.
    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, String>;

    /// How positions name a file; the reference shows it relative to the folder in which it is called.
    fn display(&self, file: &str) -> String {
        format!("./{file}")
    }
}

/// What lies in a folder of a [`Source`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The last part of its path.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// How packages are loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Bounds on the files and on all evaluations of the instances.
    pub limits: Limits,
    /// The folder that `.` stands for in patterns, below the root of the source.
    pub folder: String,
    /// Values for `@tag` and conditions for `@if`, as the flag `-t` takes them: `name=value`, or a shorthand alone.
    pub tags: Vec<String>,
    /// What `@tag(name,var=...)` may ask for, such as `now` or `hostname`: literals of CUE by name. Without this,
    /// variables are left alone.
    pub variables: Option<BTreeMap<String, String>>,
    /// What the instances keep of the trees of their files.
    pub trees: Trees,
}

impl Instance {
    /// Loads the only package of a folder, with what it imports. [`Loader`] offers more.
    ///
    /// # Errors
    /// As [`Loader::load`].
    pub fn load(source: &dyn Source, folder: &str, limits: &Limits) -> Result<Self, Errors> {
        let options = LoadOptions { limits: limits.clone(), folder: folder.to_owned(), ..LoadOptions::default() };
        Loader::new(source, &options).package(".")
    }
}

/// Loads packages of a source.
#[derive(Clone, Copy)]
pub struct Loader<'a> {
    source: &'a dyn Source,
    options: &'a LoadOptions,
}

impl<'a> Loader<'a> {
    /// A loader that reads from a source; nothing is read yet.
    #[must_use]
    pub fn new(source: &'a dyn Source, options: &'a LoadOptions) -> Self {
        Self { source, options }
    }

    /// The module in the root of the source, if there is one.
    ///
    /// # Errors
    /// If `cue.mod/module.cue` can't be read or is not as it must be.
    pub fn module(&self) -> Result<Option<Module>, Errors> {
        module::read(self.source, &self.options.limits)
    }

    /// Loads what the arguments of a command name: first the packages of all patterns, then one instance of all
    /// files, if there are any.
    ///
    /// A pattern is a folder (`.`, `./fleet`, `../x`), all folders below one that hold a package (`./...`), or an
    /// import path (`acme.example/fleet`); behind a colon it may tell the package's name. Files come with their text,
    /// so that one of them may be standard input; they need not be in the source, but what they import must.
    ///
    /// Each instance has its own result. An error that concerns no single one stands for all of them.
    #[must_use]
    pub fn load(&self, patterns: &[&str], files: Vec<Arc<SourceFile>>) -> Vec<Result<Instance, Errors>> {
        match self.module() {
            Ok(module) => session::Session::new(self.source, self.options, module).run(patterns, files),
            Err(errors) => vec![Err(errors)],
        }
    }

    /// Loads the one package that a pattern names.
    ///
    /// # Errors
    /// As [`Loader::load`], and if the pattern matches several packages.
    pub fn package(&self, pattern: &str) -> Result<Instance, Errors> {
        only(self.load(&[pattern], Vec::new()), pattern)
    }

    /// Loads one instance of files, whatever folders they are from.
    ///
    /// # Errors
    /// As [`Loader::load`], and if there is no file.
    pub fn files(&self, files: Vec<Arc<SourceFile>>) -> Result<Instance, Errors> {
        only(self.load(&[], files), "")
    }
}

fn only(mut loaded: Vec<Result<Instance, Errors>>, pattern: &str) -> Result<Instance, Errors> {
    match (loaded.pop(), loaded.is_empty()) {
        (Some(one), true) => one,
        (None, _) => Err(failure("no CUE files given")),
        (Some(_), false) => {
            Err(failure(format!("{pattern:?} matches {} packages where one is wanted", loaded.len() + 1)))
        }
    }
}

/// An error that concerns no place in a text.
fn failure(message: impl Into<String>) -> Errors {
    Errors::from(Error::new(Code::Eval, Rule::Other, message))
}
