//! Packages of folders, and CUE files of the command line, to instances.

use std::sync::Arc;

use cue::{Instance, Limits, SourceFile};

use crate::arguments::Input;
use crate::failure::Failure;
use crate::plan::Unit;
use crate::world::World;

/// The packages that patterns name.
///
/// # Errors
/// What can't be found, read or compiled.
pub(crate) fn load(patterns: &[String], _input: &Input, world: &World<'_>) -> Result<Vec<Unit>, Failure> {
    let mut units = Vec::new();
    for pattern in patterns {
        let (folder, name) = pattern.split_once(':').map_or((pattern.as_str(), None), |(f, n)| (f, Some(n)));
        if folder.ends_with("...") || !(folder.is_empty() || folder.starts_with('.')) {
            return Err(Failure::unsupported(format!("packages by {pattern}")));
        }
        let mut files = Vec::new();
        let folder = world.path(folder);
        let entries = std::fs::read_dir(&folder).map_err(|_| format!("cannot find package {pattern:?}"))?;
        let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.sort();
        for path in paths {
            let base = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !base.ends_with(".cue") || base.starts_with(['_', '.']) || base.ends_with("_tool.cue") {
                continue;
            }
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let shown = world.shown(&path).replace("/./", "/");
            let file = SourceFile::from_bytes(shown, &bytes);
            let clause = file.text.lines().find_map(|line| line.strip_prefix("package "));
            let clause = clause.map(|rest| rest.split_whitespace().next().unwrap_or_default());
            if clause.is_some_and(|clause| name.is_none_or(|name| name == clause)) {
                files.push(file);
            }
        }
        if files.is_empty() {
            return Err(format!("build constraints exclude all CUE files in {pattern}").into());
        }
        units.push(Unit { name: pattern.clone(), instance: Instance::compile(files, &Limits::default())? });
    }
    Ok(units)
}

/// One instance of files, whatever folders they are from.
///
/// # Errors
/// What can't be compiled.
pub(crate) fn load_files(files: Vec<Arc<SourceFile>>, _input: &Input, _world: &World<'_>) -> Result<Instance, Failure> {
    Ok(Instance::compile(files, &Limits::default())?)
}
