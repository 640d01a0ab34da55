//! `fmt`: CUE files in their one form.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use cue::SourceFile;
use cue::syntax::pos::FileId;
use cue::syntax::{ParseOptions, parse_file, print_file, simplify};

use crate::arguments::Common;
use crate::diff::unified;
use crate::failure::Failure;
use crate::file_type::{Mode, Scope};
use crate::inputs::{Inputs, is_package};
use crate::plan::syntax_errors;
use crate::world::{World, reason};

pub(crate) const EXAMPLES: &str = "\
Examples:
  sluice cue fmt                  the files of this folder
  sluice cue fmt -s ./...         and of all below, simplified
  sluice cue fmt --check --files . --diff
  sluice cue fmt - < x.cue        from standard input to standard output

Exit status: 0 if all went well, 1 if a file can't be read, or with --check if one is not formatted.";

/// Flags of `fmt`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Folders (./x, ./x/...) or files; "-" is standard input
    #[arg(value_name = "INPUT")]
    inputs: Vec<String>,
    /// Only tell which files are not formatted, and fail if there are some
    #[arg(long)]
    check: bool,
    /// Print differences instead of writing files
    #[arg(short, long)]
    diff: bool,
    /// Take arguments as paths to files, or to folders of which all files below are formatted
    #[arg(long)]
    files: bool,
}

pub(crate) fn run(arguments: &Arguments, world: &mut World<'_>) -> Result<(), Failure> {
    let names = if arguments.files { named_files(arguments, world)? } else { package_files(arguments, world)? };
    let mut changed = false;
    for name in names {
        changed |= format(&name, arguments, world)?;
    }
    if changed && arguments.check { Err(Failure::Told) } else { Ok(()) }
}

/// The files that `--files` means.
fn named_files(arguments: &Arguments, world: &World<'_>) -> Result<Vec<String>, Failure> {
    if arguments.inputs.iter().any(|input| input.contains("...")) {
        return Err("cannot use \"...\" in --files mode".into());
    }
    let here = [".".to_owned()];
    let inputs = if arguments.inputs.is_empty() { &here[..] } else { &arguments.inputs };
    let mut names = Vec::new();
    for input in inputs {
        let path = world.path(input);
        if input == "-" || path.is_file() {
            names.push(input.clone());
        } else if path.is_dir() {
            below(&path, &mut |file| names.push(world.shown(file)))?;
        } else {
            return Err(format!("lstat {input}: no such file or directory").into());
        }
    }
    Ok(names)
}

/// The files of the folders that arguments name, and those that they name themselves.
fn package_files(arguments: &Arguments, world: &World<'_>) -> Result<Vec<String>, Failure> {
    let inputs = Inputs::parse(&arguments.inputs)?;
    let mut names = Vec::new();
    for pattern in inputs.packages.iter().filter(|argument| is_package(argument)) {
        let folder = pattern.split(':').next().unwrap_or_default();
        match folder.strip_suffix("...") {
            Some(folder) => below(&world.path(folder), &mut |file| names.push(world.shown(file)))?,
            None => names.extend(cue_files(&world.path(folder))?.iter().map(|file| world.shown(file))),
        }
    }
    let mut files: Vec<String> = inputs.files.into_iter().map(|file| file.name).collect();
    files.sort();
    for file in &files {
        Scope::default().file(file, Mode::Input)?;
    }
    names.append(&mut files);
    Ok(names)
}

/// CUE files of a folder and the folders below, but for those of modules' own data and those that are hidden.
fn below(folder: &Path, visit: &mut dyn FnMut(&Path)) -> Result<(), Failure> {
    cue_files(folder)?.iter().for_each(|file| visit(file));
    for child in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = child.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name != "cue.mod" && !name.starts_with(['.', '_']) {
            below(&child, visit)?;
        }
    }
    Ok(())
}

fn cue_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let is_cue = |path: &PathBuf| path.is_file() && path.extension().is_some_and(|extension| extension == "cue");
    Ok(entries(folder)?.into_iter().filter(is_cue).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let told = |error| format!("open {}: {}", folder.display(), reason(&error));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(told)? {
        paths.push(entry.map_err(told)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Formats one file; whether it was not formatted before.
fn format(name: &str, arguments: &Arguments, world: &mut World<'_>) -> Result<bool, Failure> {
    let bytes = world.read(name)?;
    let shown = if name == "-" { "-".to_owned() } else { world.shown(&world.path(name)) };
    let source = SourceFile::from_bytes(shown.as_str(), &bytes);
    let formatted = formatted(&source, arguments.common.simplify)?;
    let to_stdout = name == "-" && !arguments.diff && !arguments.check;
    if to_stdout {
        world.print(formatted.as_bytes())?;
    }
    if formatted.as_bytes() == bytes {
        return Ok(false);
    }
    let relative = shown.strip_prefix("./").unwrap_or(&shown);
    if arguments.diff {
        let diff = unified(&format!("{relative}.orig"), &source.text, relative, &formatted);
        world.print(format!("{diff}\n").as_bytes())?;
    } else if arguments.check {
        world.print(format!("{relative}\n").as_bytes())?;
    } else if !to_stdout {
        let path = world.path(name);
        let written = std::fs::write(&path, formatted);
        written.map_err(|error| format!("open {}: {}", path.display(), reason(&error)))?;
    }
    Ok(true)
}

fn formatted(source: &Arc<SourceFile>, simpler: bool) -> Result<String, Failure> {
    let parsed = parse_file(source, FileId(0), &ParseOptions::default());
    let mut file = parsed.map_err(|errors| syntax_errors(source, errors))?;
    if simpler {
        simplify(&mut file);
    }
    Ok(print_file(&file, Some(source)))
}
