//! `import`: data files as CUE files.

use std::path::{Path, PathBuf};

use clap::Args;
use cue::SourceFile;
use cue::regexp::Regexp;
use cue::syntax::ast::{BasicLit, Comments, Decl, Expr, Field, File, Ident, Label, LitKind, Package};
use cue::syntax::literal::{self, Lines, Text};
use cue::syntax::pos::{FileId, Pos};
use cue::syntax::{print_file, simplify};

use crate::arguments::Common;
use crate::decode::{Content, DataFile};
use crate::failure::Failure;
use crate::file_type::{Encoding, FileType, Interpretation, Mode, Scope};
use crate::inputs::{InputFile, Inputs, extension};
use crate::place::Placement;
use crate::world::{World, reason};

pub(crate) const EXAMPLES: &str = "\
Examples:
  sluice cue import data.json                  write data.cue
  sluice cue import ./... -p config -f         all data files below, into their packages
  sluice cue import -l 'strings.ToLower(kind)' -l name services.yaml
  sluice cue import yaml x.txt --ext txt -o -  files of an extension as YAML, to standard output";

/// Flags of `import`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// A mode (json, yaml, text, binary, data, auto), then folders or data files
    #[arg(value_name = "INPUT")]
    inputs: Vec<String>,
    /// Package name for the files that are written
    #[arg(short, long, value_name = "NAME")]
    package: Option<String>,
    /// Where to place values: a CUE expression for one component, or labels with colons
    #[arg(short = 'l', long, value_name = "EXPRESSION")]
    path: Vec<String>,
    /// Concatenate multiple objects into a list
    #[arg(long)]
    list: bool,
    /// Let expressions of --path see data, filename, index and recordCount
    #[arg(long)]
    with_context: bool,
    /// Write a file for each value
    #[arg(long)]
    files: bool,
    /// Regular expression for names of files in folders
    #[arg(short = 'n', long = "name", value_name = "REGEXP")]
    glob: Option<String>,
    /// Extensions of the files in folders
    #[arg(long, value_name = "EXTENSION")]
    ext: Vec<String>,
    /// Parse strings that hold JSON or YAML
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Only tell what would be written
    #[arg(long)]
    dry_run: bool,
    /// File name, or - for standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    outfile: Option<String>,
    /// Overwrite existing files
    #[arg(short, long)]
    force: bool,
}

/// What kinds of files are meant, by the first argument.
struct Selection {
    /// Which names in folders.
    names: String,
    /// What they are, whatever their names.
    encoding: Option<Encoding>,
    /// What they mean, whatever they say.
    interpretation: Option<Interpretation>,
}

impl Selection {
    fn kind(&self, of_name: FileType) -> FileType {
        let encoding = self.encoding.unwrap_or(of_name.encoding);
        FileType { encoding, interpretation: self.interpretation.unwrap_or(of_name.interpretation), ..of_name }
    }
}

pub(crate) fn run(arguments: &Arguments, world: &mut World<'_>) -> Result<(), Failure> {
    if arguments.recursive {
        return Err(Failure::unsupported("strings with data in them (--recursive)"));
    }
    let (selection, inputs) = selection(arguments)?;
    let inputs = Inputs::parse(inputs)?;
    let names = Regexp::new(arguments.glob.as_deref().unwrap_or(&selection.names), REGEXP_BYTES_MAX)
        .map_err(|error| error.to_string())?;
    let mut package = arguments.package.clone();
    let mut files = Vec::new();
    for pattern in &inputs.packages {
        let folder = world.path(pattern.split(':').next().unwrap_or_default());
        if pattern.contains("...") {
            return Err(Failure::unsupported("folders below others (...)"));
        }
        for path in matching(&folder, &names)? {
            files.push(input_file(world.shown(&path), &selection)?);
        }
        if package.is_none() {
            package = package_of(&folder);
        }
    }
    for file in inputs.files {
        files.push(InputFile { kind: selection.kind(file.kind), name: file.name });
    }
    for file in files {
        let bytes = world.read(&file.name)?;
        let shown = if file.name == "-" { "-".to_owned() } else { world.shown(&world.path(&file.name)) };
        let source = SourceFile::from_bytes(shown, &bytes);
        let path = world.full(&file.name);
        let data = DataFile { name: file.name, path, kind: file.kind, source };
        import(&data, &package, arguments, world)?;
    }
    Ok(())
}

/// More than any sensible pattern for names takes.
const REGEXP_BYTES_MAX: usize = 1 << 20;

/// Splits a mode from the other arguments.
fn selection(arguments: &Arguments) -> Result<(Selection, &[String]), Failure> {
    let all = r"\.(json|yaml|yml|toml|jsonl|ndjson|ldjson)$";
    let (mut names, mut encoding, mut inputs) = (all.to_owned(), None, &arguments.inputs[..]);
    let mut interpretation = None;
    if let Some(mode) = inputs.first().filter(|mode| !mode.contains(['/', '\\', ':', '.'])) {
        inputs = &inputs[1..];
        let (pattern, of_mode) = match mode.as_str() {
            "json" => (r"\.(json|jsonl|ndjson|ldjson)$", Some(Encoding::Json)),
            "yaml" => (r"\.(yaml|yml)$", Some(Encoding::Yaml)),
            "toml" => (r"\.toml$", Some(Encoding::Toml)),
            "text" => (r"\.txt$", Some(Encoding::Text)),
            "binary" if arguments.ext.is_empty() => {
                return Err("use of --ext flag required in binary mode".into());
            }
            "binary" => ("", Some(Encoding::Binary)),
            "auto" | "data" => (all, None),
            "openapi" | "jsonschema" => {
                interpretation =
                    Some(if mode == "openapi" { Interpretation::OpenApi } else { Interpretation::JsonSchema });
                (all, None)
            }
            "proto" => return Err(Failure::unsupported(format!("mode {mode}"))),
            _ => return Err(format!("unknown mode {mode:?}").into()),
        };
        // A mode says what files of other extensions are.
        encoding = of_mode.filter(|_| !arguments.ext.is_empty());
        names = pattern.to_owned();
    }
    if !arguments.ext.is_empty() {
        names = format!(r"\.({})$", arguments.ext.join("|"));
    }
    Ok((Selection { names, encoding, interpretation }, inputs))
}

fn input_file(name: String, selection: &Selection) -> Result<InputFile, Failure> {
    let kind = match selection.encoding {
        Some(encoding) => FileType { encoding, interpretation: Interpretation::Data, form: None, flags: Vec::new() },
        None => Scope::default().file(&name, Mode::Input)?,
    };
    Ok(InputFile { name, kind: selection.kind(kind) })
}

fn matching(folder: &Path, names: &Regexp) -> Result<Vec<PathBuf>, Failure> {
    let told = |error| format!("open {}: {}", folder.display(), reason(&error));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && !name.ends_with(".cue") && names.is_match(&name) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The package of the CUE files of a folder.
fn package_of(folder: &Path) -> Option<String> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let texts = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "cue"));
    texts.filter_map(|path| std::fs::read_to_string(path).ok()).find_map(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("package "))?;
        line.split_whitespace().next().map(str::to_owned)
    })
}

fn import(
    data: &DataFile,
    package: &Option<String>,
    arguments: &Arguments,
    world: &mut World<'_>,
) -> Result<(), Failure> {
    let mut values = match data.content(FileId(0), package.as_deref())? {
        Content::Values(values) => values,
        Content::Schema(schema) => return write(vec![*schema], 0, (data, None), package, arguments, world),
    };
    for value in &mut values {
        Layout { data }.root(value);
    }
    let placement = Placement::new(&arguments.path, arguments.list, arguments.with_context)?;
    if arguments.files {
        for (index, value) in values.into_iter().enumerate() {
            let files = placement.files(data, vec![value])?;
            write(files, index, (data, Some(&data.source)), package, arguments, world)?;
        }
        return Ok(());
    }
    if values.len() > 1 && !placement.is_used() {
        let name = &data.source.name;
        return Err(format!("path, list, or files flag needed to handle multiple objects in file {name}").into());
    }
    write(placement.files(data, values)?, 0, (data, Some(&data.source)), package, arguments, world)
}

/// Writes what a data file became, laid out by itself or as a text is.
fn write(
    files: Vec<File>,
    index: usize,
    (data, layout): (&DataFile, Option<&SourceFile>),
    package: &Option<String>,
    arguments: &Arguments,
    world: &mut World<'_>,
) -> Result<(), Failure> {
    let target = arguments.outfile.clone().unwrap_or_else(|| cue_name(&data.name, index));
    if target != "-" && world.exists(&target) && !arguments.force {
        world.note(&format!("Skipping file {target:?}: already exists."));
        let flag = if target.starts_with("cue.mod") { "-Rf" } else { "-f" };
        world.note(&format!("Use {flag} to override."));
        return Ok(());
    }
    if arguments.dry_run {
        world.note(&format!("importing into {target}"));
        return Ok(());
    }
    for mut file in files {
        if let Some(name) = package.as_ref().filter(|_| file.package.is_none()) {
            let name = Ident { pos: Pos::NONE, name: name.clone() };
            file.package = Some(Package { pos: Pos::NONE, name, comments: Comments::default() });
        }
        simplify(&mut file);
        let text = print_file(&file, layout);
        if target == "-" {
            world.print(text.as_bytes())?;
        } else {
            let path = world.path(&target);
            let written = std::fs::write(&path, text);
            written.map_err(|error| format!("open {}: {}", path.display(), reason(&error)))?;
        }
    }
    Ok(())
}

/// `x.json` becomes `x.cue`, its second value `x-1.cue`.
fn cue_name(name: &str, index: usize) -> String {
    if name == "-" {
        return name.to_owned();
    }
    let stem = &name[..name.len() - extension(name).len()];
    let number = if index > 0 { format!("-{index}") } else { String::new() };
    format!("{stem}{number}.cue")
}

/// Shorter texts stay on one line.
const BROKEN_BYTES_MIN: usize = 10;

/// Where tokens of a data file stand, as the printer of CUE is to see it: it keeps the line ends of lists and objects,
/// but has places for braces of its own.
struct Layout<'a> {
    data: &'a DataFile,
}

impl Layout<'_> {
    /// Each field of the root begins a line.
    fn root(&self, expr: &mut Expr) {
        self.expr(expr, None);
        let Expr::Struct(lit) = expr else { return };
        (lit.pos, lit.end) = (Pos::NONE, Pos::NONE);
        for decl in &mut lit.decls {
            if let Decl::Field(field) = decl
                && !self.begins_line(field.pos)
            {
                place(field, Pos::NONE);
            }
        }
    }

    /// `line` is that of the label before.
    fn expr(&self, expr: &mut Expr, line: Option<u32>) {
        let elsewhere = line.is_some_and(|line| self.line(expr.pos()).is_some_and(|own| own != line));
        match expr {
            Expr::Lit(lit) => {
                if self.data.kind.encoding != Encoding::Yaml {
                    break_literal(lit);
                }
                if elsewhere {
                    lit.pos = Pos::NONE;
                }
            }
            Expr::List(list) => {
                if !self.stands(list.pos, "[") {
                    (list.pos, list.end) = (Pos::NONE, Pos::NONE);
                }
                list.elements.iter_mut().for_each(|element| self.expr(element, None));
            }
            Expr::Struct(lit) => {
                if !self.stands(lit.pos, "{") {
                    (lit.pos, lit.end) = (Pos::NONE, Pos::NONE);
                }
                for decl in &mut lit.decls {
                    let Decl::Field(field) = decl else { continue };
                    // The position of a quoted key is behind its quote.
                    if field.pos.is_some() && field.pos.offset > 0 && !self.stands(field.pos, "\"") {
                        let quote = Pos { offset: field.pos.offset - 1, ..field.pos };
                        if self.stands(quote, "\"") {
                            place(field, quote);
                        }
                    }
                    self.expr(&mut field.value, self.line(field.pos));
                }
            }
            _ => {}
        }
    }

    fn stands(&self, pos: Pos, text: &str) -> bool {
        let rest = self.data.source.text.get(pos.offset as usize..);
        pos.is_some() && rest.is_some_and(|rest| rest.starts_with(text))
    }

    fn line(&self, pos: Pos) -> Option<u32> {
        pos.is_some().then(|| self.data.source.line_column(pos.offset).0)
    }

    fn begins_line(&self, pos: Pos) -> bool {
        let before = self.data.source.text.get(..pos.offset as usize);
        before.is_some_and(|before| before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty()))
    }
}

fn place(field: &mut Field, pos: Pos) {
    field.pos = pos;
    match &mut field.label {
        Label::String(lit) => lit.pos = pos,
        Label::Ident(ident) => ident.pos = pos,
        _ => {}
    }
}

fn break_literal(lit: &mut BasicLit) {
    if lit.kind != LitKind::String || lit.raw.len() < BROKEN_BYTES_MIN {
        return;
    }
    if let Ok(Text::String(text)) = literal::decode_text(&lit.raw) {
        lit.raw = literal::quote_string(&text, Lines::Many(1));
    }
}
