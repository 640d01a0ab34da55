//! From the arguments of a command to the values that it goes through.
//!
//! Without data files these are the packages, or the CUE files together. Data files are unified with what there is of
//! CUE, or, where a schema is selected or data is vetted, each of their values is unified with the schema.

use std::sync::Arc;

use cue::syntax::pos::FileId;
use cue::syntax::{ParseOptions, SyntaxError, parse_file};
use cue::{
    Code, Error, Errors, Instance, Limits, Position, Rule, Schema, SourceFile, Validation, Value, VetOptions,
    check_data,
};

use crate::arguments::Input;
use crate::decode::DataFile;
use crate::failure::Failure;
use crate::file_type::{Encoding, Form};
use crate::folder;
use crate::inputs::{InputFile, Inputs};
use crate::place::Placement;
use crate::world::World;

/// What a command goes through.
pub(crate) struct Plan {
    units: Vec<Unit>,
    /// Documents to be judged one by one, each with the schema.
    pub(crate) documents: Option<Documents>,
}

/// An instance, with the name that messages give it.
pub(crate) struct Unit {
    pub(crate) name: String,
    pub(crate) instance: Instance,
}

/// Data files and what they are judged by.
pub(crate) struct Documents {
    schema: Schema,
    files: Vec<DataFile>,
}

/// Whether values of data files are merged or looked at one by one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    Merged,
    OneByOne,
}

impl Plan {
    /// Reads all that the arguments name.
    ///
    /// # Errors
    /// What can't be read or is malformed, and arguments that don't fit together.
    pub(crate) fn new(input: &Input, data: Data, world: &mut World<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::parse(&input.inputs)?;
        check_exist(&inputs.files, world)?;
        let (cue, other): (Vec<_>, Vec<_>) =
            inputs.files.into_iter().partition(|file| file.kind.encoding == Encoding::Cue);
        let placement = Placement::parse(input)?;
        if inputs.packages.is_empty() && input.glob.is_some() {
            return Err("use of -n/--name flag without a directory".into());
        }
        let (data_files, cue): (Vec<_>, Vec<_>) = cue.into_iter().partition(|file| file.kind.form == Some(Form::Data));
        let mut cue = cue.iter().map(|file| read(file, world)).collect::<Result<Vec<_>, _>>()?;
        for file in &data_files {
            let source = read(file, world)?;
            check_data(&source, &Limits::default())?;
            cue.push(source);
        }
        cue.sort_by(|a, b| a.name.cmp(&b.name));
        let files = other
            .into_iter()
            .map(|file| {
                let (source, path) = (read(&file, world)?, world.full(&file.name));
                Ok(DataFile { source, name: file.name, path, kind: file.kind })
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let both = !cue.is_empty() && !inputs.packages.is_empty();
        let (loose, later) = if both { (Vec::new(), cue) } else { (cue, Vec::new()) };
        let mut packages = folder::load(&inputs.packages, loose, input, world)?;
        if both {
            let [package] = &packages[..] else { return Err(too_many(packages.len())) };
            let instance = with_cue(&package.instance, later)?;
            packages = vec![Unit { name: String::new(), instance }];
        }
        if files.is_empty() {
            if input.schema.is_some() {
                return Err("-d/--schema flag requires non-CUE input files".into());
            }
            return Ok(Self { units: packages, documents: None });
        }
        Self::with_data(packages, files, input, data, &placement)
    }

    fn with_data(
        mut packages: Vec<Unit>,
        files: Vec<DataFile>,
        input: &Input,
        data: Data,
        placement: &Placement,
    ) -> Result<Self, Failure> {
        if packages.len() > 1 {
            return Err(too_many(packages.len()));
        }
        let (files, schema) = with_schemas(files, packages.pop(), input)?;
        let merged = data == Data::Merged && input.merge || placement.is_used();
        if input.schema.is_some() || !merged {
            let Some(unit) = schema else {
                return match input.schema {
                    Some(_) => Err("-d/--schema flag specified without a schema".into()),
                    None if data == Data::OneByOne => Err("data files specified without a schema".into()),
                    None => Self::each(files),
                };
            };
            let expression = input.schema.as_deref().unwrap_or_default();
            let schema = Schema::new(&unit.instance, expression, VetOptions::default())?;
            return Ok(Self { units: Vec::new(), documents: Some(Documents::new(schema, files)) });
        }
        let base = match schema {
            Some(unit) => {
                check_package(&unit.instance, input)?;
                unit
            }
            // Nothing is nothing, not an empty value.
            None if !placement.is_used() && files.iter().map(DataFile::count).sum::<Result<usize, _>>()? == 0 => {
                return Ok(Self { units: Vec::new(), documents: None });
            }
            None => Unit { name: String::new(), instance: Instance::compile(Vec::new(), &Limits::default())? },
        };
        let instance = placement.unify(&base.instance, &files, input.package.as_deref())?;
        Ok(Self { units: vec![Unit { name: base.name, instance }], documents: None })
    }

    /// Data files without a schema, each value for itself.
    fn each(files: Vec<DataFile>) -> Result<Self, Failure> {
        let empty = Instance::compile(Vec::new(), &Limits::default())?;
        let schema = Schema::new(&empty, "_", VetOptions::default())?;
        Ok(Self { units: Vec::new(), documents: Some(Documents::new(schema, files)) })
    }

    /// The instances, if no documents are judged one by one.
    pub(crate) fn units(&self) -> &[Unit] {
        &self.units
    }

    /// All values, of instances, documents or expressions over them, in order, until `visit` fails.
    ///
    /// # Errors
    /// Those of the values, and those of `visit`.
    pub(crate) fn for_each(
        &self,
        expressions: &[String],
        mut visit: impl FnMut(&Item<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for unit in &self.units {
            if expressions.is_empty() {
                visit(&Item { name: &unit.name, expression: None, content: Content::Whole(&unit.instance) })?;
            }
            for expression in expressions {
                let value = unit.instance.evaluate(SourceFile::new("--expression", expression.as_str()))?;
                visit(&Item { name: &unit.name, expression: Some(expression), content: Content::Value(value) })?;
            }
        }
        let Some(documents) = &self.documents else { return Ok(()) };
        if !expressions.is_empty() {
            return Err(Failure::unsupported("expressions over documents that are judged one by one"));
        }
        documents.for_each(|value| visit(&Item { name: "", expression: None, content: Content::Value(value) }))
    }
}

/// A value on the way of a command.
pub(crate) struct Item<'a> {
    /// The name of its instance.
    pub(crate) name: &'a str,
    /// Of what expression it is the value, if of one.
    pub(crate) expression: Option<&'a str>,
    pub(crate) content: Content<'a>,
}

/// What an item is.
pub(crate) enum Content<'a> {
    /// All of an instance, not evaluated yet.
    Whole(&'a Instance),
    Value(Value),
}

impl Item<'_> {
    /// Its value, evaluated.
    pub(crate) fn value(&self) -> Value {
        match &self.content {
            Content::Whole(instance) => instance.root(),
            Content::Value(value) => value.clone(),
        }
    }
}

impl Documents {
    /// Files in the order of their names, as the reference takes them.
    fn new(schema: Schema, mut files: Vec<DataFile>) -> Self {
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Self { schema, files }
    }

    /// Each document, unified with the schema, up to the first one that contradicts it.
    fn for_each(&self, mut visit: impl FnMut(Value) -> Result<(), Failure>) -> Result<(), Failure> {
        for file in &self.files {
            for document in file.values(self.schema.document_file())? {
                let value = self.schema.unify(file.source.clone(), document)?;
                value.validate(Validation { concrete: false })?;
                visit(value)?;
            }
        }
        Ok(())
    }
}

/// Data can't be of another package than what it is unified with.
fn check_package(instance: &Instance, input: &Input) -> Result<(), Failure> {
    let (own, Some(wanted)) = (instance.package_name(), input.package.as_deref()) else { return Ok(()) };
    if own.is_empty() || own == wanted || input.force {
        return Ok(());
    }
    Err(format!("\"package\" flag clashes with existing package name ({wanted} vs {own})").into())
}

/// Where there are data files besides, schemas in other languages belong to what is CUE.
fn with_schemas(
    files: Vec<DataFile>,
    unit: Option<Unit>,
    input: &Input,
) -> Result<(Vec<DataFile>, Option<Unit>), Failure> {
    let (mut schemas, mut data) = (Vec::new(), Vec::new());
    for file in files {
        if file.is_schema()? { schemas.push(file) } else { data.push(file) }
    }
    if schemas.is_empty() || data.is_empty() {
        return Ok((if data.is_empty() { schemas } else { data }, unit));
    }
    let base = match unit {
        Some(unit) => unit.instance,
        None => Instance::compile(Vec::new(), &Limits::default())?,
    };
    let instance = Placement::default().unify(&base, &schemas, input.package.as_deref())?;
    Ok((data, Some(Unit { name: String::new(), instance })))
}

fn too_many(packages: usize) -> Failure {
    format!("too many packages defined ({packages}) in combination with files").into()
}

/// A package with CUE files of the command line.
fn with_cue(package: &Instance, sources: Vec<Arc<SourceFile>>) -> Result<Instance, Failure> {
    let mut files = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let file = FileId(package.next_file().0 + index as u32);
        let parsed = parse_file(source, file, &ParseOptions::default());
        files.push(parsed.map_err(|errors| syntax_errors(source, errors))?);
    }
    Ok(package.with_files(sources, files)?)
}

/// Files of the command line must exist before anything else is looked at.
fn check_exist(files: &[InputFile], world: &World<'_>) -> Result<(), Failure> {
    match files.iter().find(|file| file.name != "-" && !world.exists(&file.name)) {
        Some(missing) => {
            let path = world.path(&missing.name);
            Err(format!("stat {}: no such file or directory", path.display()).into())
        }
        None => Ok(()),
    }
}

/// Errors of the parser as those that are printed.
pub(crate) fn syntax_errors(source: &Arc<SourceFile>, errors: Vec<SyntaxError>) -> Errors {
    let convert = |error: SyntaxError| Error {
        primary: error.pos.is_some().then(|| Position { file: source.clone(), pos: error.pos }),
        ..Error::new(Code::Eval, Rule::Syntax, error.message)
    };
    Errors::new(errors.into_iter().map(convert).collect())
}

fn read(file: &InputFile, world: &mut World<'_>) -> Result<Arc<SourceFile>, Failure> {
    let bytes = world.read(&file.name)?;
    let name = if file.name == "-" { "-".to_owned() } else { world.shown(&world.path(&file.name)) };
    Ok(SourceFile::from_bytes(name, &bytes))
}
