//! What names stand for, as far as it does not depend on data.

use std::{rc::Rc, sync::Arc};

use crate::syntax::ast::{Decl, Expr, Field, File, Ident, Label};
use crate::syntax::literal::{Text, decode_text};

/// The declarations around an expression, innermost first.
pub(super) type Scope<'a> = Rc<Frame<'a>>;

/// The declarations of a file or of a struct.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    decls: &'a [Decl],
    /// What a `for` clause binds, with the frame of its source.
    bindings: Vec<(&'a str, &'a Expr, Scope<'a>)>,
    /// None for a file.
    parent: Option<Scope<'a>>,
    file: usize,
}

/// What a name stands for.
pub(super) enum Target<'a> {
    /// All these expressions together. The name is that of a field of the package.
    Field { name: &'a str, values: Vec<(&'a Expr, Scope<'a>)> },
    /// A field of the same struct or of one around it, which depends on data.
    Sibling {
        /// The first of its declarations there.
        field: &'a Field,
        /// Whether there are others, or the field is known by another name than its label.
        is_plain: bool,
        /// The struct.
        frame: Scope<'a>,
    },
    /// What a `let` or `for` clause binds.
    Let(&'a Expr, Scope<'a>),
    /// An imported package.
    Package(&'a str),
    /// No declaration; perhaps predeclared.
    Undeclared,
    /// Known only when the data is; why.
    Dynamic(String),
}

impl<'a> Frame<'a> {
    pub(super) fn file(files: &'a [Arc<File>], file: usize) -> Scope<'a> {
        let decls = files.get(file).map_or(&[][..], |file| &file.decls);
        Rc::new(Frame { decls, bindings: Vec::new(), parent: None, file })
    }

    pub(super) fn inside(parent: &Scope<'a>, decls: &'a [Decl]) -> Scope<'a> {
        Rc::new(Frame { decls, bindings: Vec::new(), parent: Some(parent.clone()), file: parent.file })
    }

    /// A name bound to an expression of the frame around it.
    pub(super) fn binding(parent: &Scope<'a>, name: &'a str, value: &'a Expr) -> Scope<'a> {
        let bindings = vec![(name, value, parent.clone())];
        Rc::new(Frame { decls: &[], bindings, parent: Some(parent.clone()), file: parent.file })
    }

    pub(super) fn file_index(&self) -> usize {
        self.file
    }

    pub(super) fn is_file(&self) -> bool {
        self.parent.is_none()
    }

    /// Resolves a name from this frame outwards.
    /// `files_are_data` says that the fields of files are data, because the whole package is the schema.
    pub(super) fn resolve(self: &Rc<Self>, files: &'a [Arc<File>], name: &str, files_are_data: bool) -> Target<'a> {
        let mut frame = self;
        loop {
            if let Some(value) = binding(frame.decls, name) {
                return Target::Let(value, frame.clone());
            }
            if let Some((_, value, scope)) = frame.bindings.iter().find(|(bound, ..)| *bound == name) {
                return Target::Let(value, scope.clone());
            }
            let mut fields = fields(frame.decls).filter(|field| binds(field, name));
            match &frame.parent {
                Some(parent) => {
                    if let Some(field) = fields.next() {
                        let is_plain = fields.next().is_none() && is_label(&field.label, name);
                        return Target::Sibling { field, is_plain, frame: frame.clone() };
                    }
                    frame = parent;
                }
                None => {
                    return match fields.next().filter(|_| files_are_data && !is_definition(name)) {
                        Some(field) => {
                            let is_plain = fields.next().is_none() && is_label(&field.label, name);
                            Target::Sibling { field, is_plain, frame: frame.clone() }
                        }
                        None => match package_level(files, frame.file, name) {
                            Target::Field { .. } if files_are_data && !is_definition(name) => {
                                Target::Dynamic(format!("it refers to the field {name} of another file"))
                            }
                            target => target,
                        },
                    };
                }
            }
        }
    }
}

/// A name at the level of files: an import of the one file, or a field of the package, from all its files.
fn package_level<'a>(files: &'a [Arc<File>], file: usize, name: &str) -> Target<'a> {
    let imports = files.get(file).into_iter().flat_map(|file| &file.imports).flat_map(|decl| &decl.specs);
    for spec in imports {
        let last = spec.path.rsplit('/').next().unwrap_or_default();
        let last = last.split(':').next_back().unwrap_or_default();
        if spec.name.as_ref().map_or(last, |ident| &ident.name) == name {
            return Target::Package(&spec.path);
        }
    }
    let of_file = |index: usize| {
        let file = &files[index];
        let scope = Frame::file(files, index);
        fields(&file.decls).filter(|field| binds(field, name)).map(move |field| (field, scope.clone()))
    };
    let declared: Vec<_> = (0..files.len()).flat_map(of_file).collect();
    if let Some((first, _)) = declared.first() {
        return match &first.label {
            Label::Ident(ident) if declared.iter().all(|(field, _)| !has_alias(field)) => Target::Field {
                name: &ident.name,
                values: declared.iter().map(|(field, scope)| (&field.value, scope.clone())).collect(),
            },
            _ => Target::Dynamic(format!("it refers to the alias {name}")),
        };
    }
    Target::Undeclared
}

fn fields(decls: &[Decl]) -> impl Iterator<Item = &Field> {
    decls.iter().filter_map(|decl| match decl {
        Decl::Field(field) => Some(field),
        _ => None,
    })
}

fn binding<'a>(decls: &'a [Decl], name: &str) -> Option<&'a Expr> {
    decls.iter().find_map(|decl| match decl {
        Decl::Let(clause) if clause.ident.name == name => Some(&*clause.value),
        _ => None,
    })
}

/// Whether the name is that of a definition, hidden or not.
pub(super) fn is_definition(name: &str) -> bool {
    name.starts_with('#') || name.starts_with("_#")
}

fn is_label(label: &Label, name: &str) -> bool {
    matches!(label, Label::Ident(ident) if ident.name == name)
}

/// Whether the field makes this name known, as its label or as an alias.
fn binds(field: &Field, name: &str) -> bool {
    let is = |ident: &Ident| ident.name == name;
    matches!(&field.label, Label::Ident(ident) if is(ident))
        || field.alias.as_deref().is_some_and(is)
        || field.postfix_alias.as_ref().is_some_and(|alias| is(&alias.field) || alias.label.as_ref().is_some_and(is))
        || matches!(&field.value, Expr::Alias { ident, .. } if is(ident))
        || matches!(&field.label, Label::Pattern(pattern) if pattern.alias.as_deref().is_some_and(is))
}

/// Whether the field can be referred to in another way than by its label.
fn has_alias(field: &Field) -> bool {
    field.alias.is_some()
        || field.postfix_alias.is_some()
        || matches!(field.value, Expr::Alias { .. })
        || matches!(&field.label, Label::Pattern(pattern) if pattern.alias.is_some())
}

/// The name of a field in data; none for definitions, hidden fields, patterns and computed names.
pub(super) fn data_name(label: &Label) -> Option<String> {
    match label {
        Label::Ident(ident) => (!ident.name.starts_with(['_', '#'])).then(|| ident.name.clone()),
        Label::String(lit) => match decode_text(&lit.raw) {
            Ok(Text::String(name)) => Some(name),
            _ => None,
        },
        _ => None,
    }
}
