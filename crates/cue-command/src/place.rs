//! Where values of data files are placed: at the root, below a path of labels, in lists.

use cue::syntax::ast::{BasicLit, LitKind};
use cue::syntax::ast::{Constraint, Decl, Expr, Field, File, Ident, Label, StructLit};
use cue::syntax::literal::{self};
use cue::syntax::made;
use cue::syntax::pos::{FileId, Pos};
use cue::syntax::{ParseOptions, parse_expr, parse_file};
use cue::{Instance, Limits, Shape, SourceFile};

use crate::arguments::Input;
use crate::decode::{Content, DataFile};
use crate::failure::Failure;

/// The flags `-l`, `--list` and `--with-context`.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    path: Vec<Component>,
    list: bool,
    with_context: bool,
}

/// A label of the path.
#[derive(Clone, Debug)]
enum Component {
    /// As it is.
    Label(Label),
    /// To be evaluated over the value that is placed.
    Expression(String),
}

/// A value of a data file on its way into an instance.
struct Record<'a> {
    value: Expr,
    file: &'a DataFile,
    index: usize,
    count: usize,
}

impl Placement {
    /// Reads the flags of a command that has a schema.
    ///
    /// # Errors
    /// As [`Placement::new`], and if a schema is selected too.
    pub(crate) fn parse(input: &Input) -> Result<Self, Failure> {
        let placement = Self::new(&input.path, input.list, input.with_context)?;
        if placement.is_used() && input.schema.is_some() {
            return Err("cannot combine --schema flag with flag \"path\", \"list\", or \"files\"".into());
        }
        Ok(placement)
    }

    /// Reads the flags.
    ///
    /// # Errors
    /// Paths that are neither an expression nor labels, and flags that don't fit together.
    pub(crate) fn new(path: &[String], list: bool, with_context: bool) -> Result<Self, Failure> {
        let mut components_of_path = Vec::new();
        for text in path {
            components_of_path.extend(components(text)?);
        }
        let placement = Self { path: components_of_path, list, with_context };
        if !placement.is_used() && with_context {
            let message =
                "flag \"with-context\" must be used with at least one of flag \"path\", \"list\", or \"files\"";
            return Err(message.into());
        }
        Ok(placement)
    }

    pub(crate) fn is_used(&self) -> bool {
        self.list || !self.path.is_empty()
    }

    /// The instance with all values of the files at their place.
    ///
    /// # Errors
    /// Malformed files, labels that are no strings, values that can't stand at the root.
    pub(crate) fn unify(
        &self,
        base: &Instance,
        files: &[DataFile],
        package: Option<&str>,
    ) -> Result<Instance, Failure> {
        let mut sources = Vec::new();
        let mut placed = Vec::new();
        // As the reference orders what is at different places: by the names of the files.
        let mut files: Vec<&DataFile> = files.iter().collect();
        files.sort_by(|a, b| a.source.name.cmp(&b.source.name));
        for file in files {
            let id = FileId(base.next_file().0 + sources.len() as u32);
            let content = file.content(id, package)?;
            sources.push(file.source.clone());
            placed.extend(match content {
                Content::Values(values) => self.files(file, values)?,
                Content::Schema(schema) => vec![self.schema(file, *schema)?],
            });
        }
        Ok(base.with_files(sources, placed)?)
    }

    /// A schema at its place; what it imports stays at the top.
    fn schema(&self, file: &DataFile, mut schema: File) -> Result<File, Failure> {
        if !self.path.is_empty() {
            let attributes = std::mem::take(&mut schema.attributes).into_iter().map(Decl::Attribute);
            let value = structure(attributes.chain(std::mem::take(&mut schema.decls)).collect());
            let record = Record { value: value.clone(), file, index: 0, count: 1 };
            schema.decls = [nested(self.labels(&record)?, value)].into();
        }
        Ok(schema)
    }

    /// The values of one data file as files of CUE.
    pub(crate) fn files(&self, file: &DataFile, values: Vec<Expr>) -> Result<Vec<File>, Failure> {
        if !self.is_used() {
            return Ok(values.into_iter().map(at_root).collect());
        }
        let count = values.len();
        let mut decls = Vec::new();
        let mut lists = Lists::default();
        for (index, value) in values.into_iter().enumerate() {
            let record = Record { value, file, index, count };
            let labels = match self.labels(&record) {
                // A null has no fields that a label could be made of.
                Err(_) if matches!(&record.value, Expr::Lit(lit) if lit.kind == LitKind::Null) => continue,
                labels => labels?,
            };
            if self.list {
                lists.add(labels, record.value);
            } else if labels.is_empty() {
                match record.value {
                    Expr::Struct(ref lit) => decls.extend(lit.decls.iter().cloned()),
                    Expr::List(_) => {
                        return Err("expected struct as object root, did you mean to use the --list flag?".into());
                    }
                    _ => return Err("cannot map non-struct to object root".into()),
                }
            } else {
                decls.push(nested(labels, record.value));
            }
        }
        if self.list {
            decls.extend(lists.into_decls());
        }
        Ok(vec![File { decls: decls.into(), ..File::default() }])
    }

    fn labels(&self, record: &Record<'_>) -> Result<Vec<Label>, Failure> {
        let mut scope: Option<Instance> = None;
        let mut labels = Vec::new();
        for component in &self.path {
            labels.push(match component {
                Component::Label(label) => label.clone(),
                Component::Expression(expression) => {
                    if scope.is_none() {
                        scope = Some(self.scope(record)?);
                    }
                    let scope = scope.as_ref().expect("it is set above");
                    evaluated(scope, expression)?
                }
            });
        }
        Ok(labels)
    }

    /// What the expressions of labels see.
    fn scope(&self, record: &Record<'_>) -> Result<Instance, Failure> {
        let value = record.value.clone();
        let file = if self.with_context {
            let decls = [
                field(named("data"), value),
                field(named("filename"), Expr::Lit(string(&record.file.name))),
                field(named("index"), number(record.index)),
                field(named("recordCount"), number(record.count)),
            ];
            File { decls: decls.into(), ..File::default() }
        } else {
            at_root(value)
        };
        let empty = Instance::compile(Vec::new(), &Limits::default())?;
        Ok(empty.with_files(vec![record.file.source.clone()], vec![file])?)
    }
}

/// The label that an expression of `-l` gives.
fn evaluated(scope: &Instance, expression: &str) -> Result<Label, Failure> {
    let told = |what: String| Failure::from(format!("error evaluating label {expression}: {what}"));
    let value = scope.evaluate(SourceFile::new("--path", expression)).map_err(|errors| told(errors.to_string()))?;
    match value.default_value().shape() {
        Shape::String(text) => Ok(Label::String(string(&text))),
        _ => Err(told(value.to_cue())),
    }
}

/// `-l` is an expression for one label, or labels with colons.
fn components(text: &str) -> Result<Vec<Component>, Failure> {
    let options = ParseOptions::default();
    if parse_expr(&SourceFile::new("--path", text), FileId(0), &options).is_ok() {
        return Ok(vec![Component::Expression(text.to_owned())]);
    }
    let source = SourceFile::new("--path", format!("{text}_"));
    let file = parse_file(&source, FileId(0), &options).map_err(|errors| {
        format!(
            "labels must be expressions (-l foo -l 'strings.ToLower(bar)') or full paths (-l '\"foo\": \
             \"\\(strings.ToLower(bar))\":) : parser error in path {text:?}: {}",
            errors[0].message
        )
    })?;
    let [Decl::Field(first)] = &file.decls[..] else {
        return Err("path flag must be a space-separated sequence of labels".into());
    };
    let mut components = Vec::new();
    let mut field = first;
    loop {
        components.push(match &field.label {
            Label::Ident(ident) => Component::Label(Label::Ident(Ident { pos: Pos::NONE, name: ident.name.clone() })),
            Label::String(lit) => Component::Label(Label::String(BasicLit { pos: Pos::NONE, ..lit.clone() })),
            Label::Interpolation(interpolation) => {
                let expr = Expr::Interpolation(interpolation.clone());
                Component::Expression(cue::syntax::print_expr(&expr, None))
            }
            Label::Paren(expr, _) => Component::Expression(cue::syntax::print_expr(expr, None)),
            Label::Pattern(_) => return Err("unsupported label type".into()),
        });
        match &field.value {
            Expr::Struct(lit) if lit.decls.len() == 1 => match &lit.decls[0] {
                Decl::Field(inner) => field = inner,
                _ => return Ok(components),
            },
            _ => return Ok(components),
        }
    }
}

/// Lists by the labels that they stand below, in the order in which they came.
#[derive(Default)]
struct Lists {
    /// Those below a label, and the elements here.
    below: Vec<(Label, Lists)>,
    elements: Vec<Expr>,
}

impl Lists {
    fn add(&mut self, labels: Vec<Label>, value: Expr) {
        let mut place = self;
        for label in labels {
            let at = match place.below.iter().position(|(known, _)| *known == label) {
                Some(at) => at,
                None => {
                    place.below.push((label, Self::default()));
                    place.below.len() - 1
                }
            };
            place = &mut place.below[at].1;
        }
        place.elements.push(value);
    }

    fn into_decls(self) -> Vec<Decl> {
        if self.below.is_empty() {
            return vec![made::embed(made::list(self.elements))];
        }
        self.below.into_iter().map(|(label, lists)| field(label, lists.into_expr())).collect()
    }

    fn into_expr(self) -> Expr {
        if self.below.is_empty() { made::list(self.elements) } else { structure(self.into_decls()) }
    }
}

/// A value as a file of its own.
pub(crate) fn at_root(value: Expr) -> File {
    let decls = match &value {
        Expr::Struct(lit) => lit.decls.clone(),
        _ => [made::embed(value)].into(),
    };
    File { decls, ..File::default() }
}

fn nested(labels: Vec<Label>, value: Expr) -> Decl {
    let mut labels = labels.into_iter().rev();
    let innermost = labels.next().expect("there are labels");
    labels.fold(field(innermost, value), |inner, label| field(label, structure(vec![inner])))
}

fn field(label: Label, value: Expr) -> Decl {
    Decl::Field(Field { pos: value.pos(), ..made::field(label, Constraint::None, value) })
}

fn structure(decls: Vec<Decl>) -> Expr {
    Expr::Struct(StructLit { pos: Pos::NONE, end: Pos::NONE, braces: false, decls: decls.into() })
}

fn named(name: &str) -> Label {
    Label::Ident(Ident { pos: Pos::NONE, name: name.to_owned() })
}

fn string(text: &str) -> BasicLit {
    BasicLit { pos: Pos::NONE, kind: LitKind::String, raw: literal::quoted(text) }
}

fn number(value: usize) -> Expr {
    Expr::Lit(BasicLit { pos: Pos::NONE, kind: LitKind::Int, raw: value.to_string() })
}
