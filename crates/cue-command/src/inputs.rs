//! Arguments that are no flags: which of them are packages, and which are files of what type.

use crate::failure::Failure;
use crate::file_type::{FileType, Mode, Scope};

/// A file of the command line; `-` is standard input.
#[derive(Clone, Debug)]
pub(crate) struct InputFile {
    pub(crate) name: String,
    pub(crate) kind: FileType,
}

/// Packages and files, each in the order of the arguments.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) packages: Vec<String>,
    pub(crate) files: Vec<InputFile>,
}

impl Inputs {
    /// Sorts arguments; without any, the package of the folder is meant.
    ///
    /// # Errors
    /// File types that are not known, and those without a file.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        if arguments.is_empty() {
            return Ok(Self { packages: vec![".".to_owned()], files: Vec::new() });
        }
        let mut inputs = Self::default();
        let mut files: Vec<&str> = Vec::new();
        let mut scoped = false;
        for argument in arguments {
            let is_scope = matches!(split_scope(argument), Some((scope, "")) if !scope.is_empty());
            scoped |= is_scope;
            if !scoped && is_package(argument) {
                inputs.packages.push(argument.clone());
            } else {
                files.push(argument);
            }
        }
        inputs.files = parse_files(&files)?;
        Ok(inputs)
    }
}

fn parse_files(arguments: &[&str]) -> Result<Vec<InputFile>, Failure> {
    let mut files = Vec::new();
    let mut scope = Scope::default();
    let mut qualifier: Option<&str> = None;
    for (index, argument) in arguments.iter().enumerate() {
        match split_scope(argument) {
            None if argument.is_empty() => return Err("empty file name".into()),
            None => {
                files.push(InputFile { name: (*argument).to_owned(), kind: scope.file(argument, Mode::Input)? });
                qualifier = None;
            }
            Some(("", _)) => return Err(format!("empty filetype prefix in {argument:?}").into()),
            Some((name, "")) => {
                let last = index + 1 == arguments.len();
                if let Some(lonely) = if last { Some(name) } else { qualifier } {
                    return Err(format!("scoped qualifier {:?} without file", format!("{lonely}:")).into());
                }
                scope = Scope::parse(name)?;
                qualifier = Some(name);
            }
            Some((name, file)) => {
                let meant = format!("{name}: {file}");
                return Err(format!("cannot combine file type and file name; did you mean {meant:?}?").into());
            }
        }
    }
    Ok(files)
}

/// `scope:file`; a file name that is absolute has no scope.
pub(crate) fn split_scope(argument: &str) -> Option<(&str, &str)> {
    if argument.starts_with('/') { None } else { argument.split_once(':') }
}

/// Whether an argument names a package, by its form alone.
pub(crate) fn is_package(argument: &str) -> bool {
    match argument {
        "." | ".." => return true,
        "" | "-" => return false,
        _ => {}
    }
    if let Some((path, qualifier)) = argument.rsplit_once(':') {
        if path.contains(':') || path == "-" {
            return false;
        }
        return cue::syntax::literal::is_identifier(qualifier) || path.contains('/');
    }
    if let Some((_, version)) = argument.split_once('@') {
        return !version.contains('/');
    }
    extension(argument).trim_start_matches('.').is_empty()
}

/// The last part of a file name from its dot on; a dot at the start is none.
pub(crate) fn extension(name: &str) -> &str {
    if name == "-" {
        return "-";
    }
    let base = name.rsplit('/').next().unwrap_or(name);
    match base.rfind('.') {
        None | Some(0) => "",
        Some(dot) => &base[dot..],
    }
}
