//! Values to text: JSON, CUE, strings and bytes, to standard output or a file.

use std::sync::Arc;

use cue::export::syntax::Profile;
use cue::export::{json_schema, openapi};
use cue::syntax::ast::{Comments, Decl, File, Ident, Package};
use cue::syntax::pos::{FileId, Pos};
use cue::syntax::{ParseLimits, parse_json, print_merged, simplify};
use cue::{Instance, Limits, Shape, SourceFile, Validation, Value};

use crate::arguments::{Input, Output};
use crate::failure::Failure;
use crate::file_type::{Encoding, FileType, Interpretation, Mode, parse_output};
use crate::place::at_root;
use crate::plan::{Content, Item};
use crate::world::{World, reason};

/// Where values go, and as what.
pub(crate) struct Encoder {
    name: String,
    pub(crate) kind: FileType,
    mode: Mode,
    force: bool,
    escape: bool,
    /// For output of CUE.
    package: Option<String>,
    written: usize,
    out: Vec<u8>,
}

impl Encoder {
    /// Reads the flags `--out` and `--outfile`.
    ///
    /// # Errors
    /// Formats that are not known.
    pub(crate) fn new(output: &Output, input: &Input, mode: Mode, escape: bool) -> Result<Self, Failure> {
        let format = output.out.as_deref().unwrap_or_default();
        let file = output.outfile.as_deref().filter(|file| !file.is_empty()).unwrap_or("-");
        if format.contains(':') && file.contains(':') {
            return Err("cannot specify qualifier in both --out and --outfile".into());
        }
        let target = if format.is_empty() { file.to_owned() } else { format!("{format}:{file}") };
        let (name, kind) = parse_output(&target, mode)?;
        match kind.interpretation {
            Interpretation::Data | Interpretation::Auto => {}
            Interpretation::JsonSchema | Interpretation::OpenApi => {
                if matches!(kind.encoding, Encoding::Text | Encoding::Binary) {
                    return Err("invalid tag combination".into());
                }
            }
            Interpretation::ProtobufJson => return Err(Failure::unsupported("the JSON of Protocol Buffers")),
        }
        let package = input.package.clone();
        Ok(Self { name, kind, mode, force: input.force, escape, package, written: 0, out: Vec::new() })
    }

    /// Writes a value, or the schemas that it or its instance is derived to.
    ///
    /// # Errors
    /// As [`Encoder::value`].
    pub(crate) fn item(&mut self, item: &Item<'_>) -> Result<(), Failure> {
        let document = match (self.kind.interpretation, &item.content) {
            (Interpretation::JsonSchema, _) => json_schema::generate(&item.value())?,
            (Interpretation::OpenApi, Content::Whole(instance)) => {
                let document = openapi::generate(instance, openapi::Version::default())?;
                let json = document.to_json();
                if let Some(refusal) = document.refusal {
                    return Err(refusal.into());
                }
                json
            }
            (Interpretation::OpenApi, Content::Value(_)) => {
                return Err(Failure::unsupported("OpenAPI of expressions and documents"));
            }
            (_, Content::Whole(instance)) if matches!(self.kind.encoding, Encoding::Json | Encoding::JsonLines) => {
                return self.json(instance.to_json()?);
            }
            _ => return self.value(&item.value()),
        };
        let value = parsed(&document.to_string())?;
        self.mode = Mode::Export;
        self.value(&value)
    }

    /// Writes one value.
    ///
    /// # Errors
    /// If the value is contradictory, or not concrete where the format needs it.
    pub(crate) fn value(&mut self, value: &Value) -> Result<(), Failure> {
        // What writes JSON and YAML judges it.
        if !matches!(self.kind.encoding, Encoding::Json | Encoding::JsonLines | Encoding::Yaml) {
            value
                .validate(Validation { concrete: self.kind.encoding != Encoding::Cue || self.mode == Mode::Export })?;
        }
        match self.kind.encoding {
            Encoding::Json | Encoding::JsonLines => return self.json(value.to_json()?),
            Encoding::Yaml => {
                let yaml = value.to_yaml()?;
                if self.written > 0 {
                    self.text("---\n");
                }
                self.text(&yaml);
            }
            Encoding::Toml => {
                let toml = value.to_toml()?;
                self.text(&toml);
            }
            Encoding::Text => match value.default_value().shape() {
                Shape::String(text) => self.text(&format!("{text}\n")),
                _ => return Err(wrong_type(value, "string").into()),
            },
            Encoding::Binary => match value.default_value().shape() {
                Shape::String(text) => self.out.extend_from_slice(text.as_bytes()),
                Shape::Bytes(bytes) => self.out.extend_from_slice(&bytes),
                _ => return Err(wrong_type(value, "bytes").into()),
            },
            Encoding::Cue if self.mode == Mode::Def => {
                let everything = Profile {
                    optional: true,
                    definitions: true,
                    hidden: true,
                    docs: true,
                    attributes: true,
                    ..Profile::default()
                };
                self.cue(value.to_definition(everything), value.sources());
            }
            Encoding::Cue => {
                let profile = Profile { defaults: true, docs: true, ..Profile::default() };
                self.cue(value.to_syntax(profile), value.sources());
            }
            other => return Err(Failure::unsupported(format!("{other:?} as output"))),
        }
        self.written += 1;
        Ok(())
    }

    fn json(&mut self, json: String) -> Result<(), Failure> {
        let json = if self.escape { escape_html(&json) } else { json };
        if self.out.is_empty() {
            self.out = json.into_bytes();
        } else {
            self.text(&json);
        }
        self.written += 1;
        Ok(())
    }

    /// Writes a file of CUE in its simpler form.
    pub(crate) fn cue(&mut self, mut file: File, sources: &[Arc<SourceFile>]) {
        simplify(&mut file);
        self.separate("");
        self.name_package(&mut file);
        self.text(&opened(&file, lines(&print_merged(&file, sources))));
    }

    /// The package that was asked for, if the file has none.
    fn name_package(&self, file: &mut File) {
        let Some(name) = self.package.as_ref().filter(|_| file.package.is_none()) else { return };
        let name = Ident { pos: Pos::NONE, name: name.clone() };
        file.package = Some(Package { pos: Pos::NONE, name, comments: Comments::default() });
    }

    /// Writes a file of CUE as it is, indented by blanks, with its name above if it has one.
    pub(crate) fn evaluated(&mut self, mut file: File, sources: &[Arc<SourceFile>], name: &str) {
        self.separate(name);
        self.name_package(&mut file);
        self.text(&with_blanks(&opened(&file, lines(&print_merged(&file, sources)))));
        self.written += 1;
    }

    fn separate(&mut self, name: &str) {
        if !name.is_empty() {
            self.text(&format!("// {name}\n"));
        } else if self.written > 0 {
            self.text("// ---\n");
        }
    }

    /// Writes text that stands for a value.
    pub(crate) fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Puts all that was written where it belongs.
    ///
    /// # Errors
    /// If the file exists already and is not to be overwritten, or can't be written.
    pub(crate) fn finish(self, world: &mut World<'_>) -> Result<(), Failure> {
        if self.name == "-" {
            return world.print(&self.out);
        }
        let path = world.path(&self.name);
        if path.is_file() && !self.force {
            return Err(format!("error writing {:?}: file already exists", self.name).into());
        }
        std::fs::write(&path, &self.out).map_err(|error| format!("open {}: {}", path.display(), reason(&error)).into())
    }
}

/// The value of a JSON text.
fn parsed(json: &str) -> Result<Value, Failure> {
    let source = SourceFile::new("-", json);
    let document = parse_json(&source, FileId(0), &ParseLimits::default()).map_err(|error| error.message)?;
    let empty = Instance::compile(Vec::new(), &Limits::default())?;
    Ok(empty.with_files(vec![source], vec![at_root(document)])?.root())
}

/// A text with an empty line above, where the reference has one: before what is no field, if more follows.
fn opened(file: &File, text: String) -> String {
    let headed = file.package.is_some() || !file.imports.is_empty() || !file.comments.before.is_empty();
    match file.decls.first() {
        // What begins its own file has no line above.
        Some(Decl::Comprehension(comprehension)) if comprehension.pos().offset == 0 => text,
        Some(Decl::Embed(_) | Decl::Let(_) | Decl::Comprehension(_)) if !headed && file.decls.len() > 1 => {
            format!("\n{text}")
        }
        _ => text,
    }
}

/// A text that ends its last line, if it has one.
fn lines(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// Four blanks for each tab at the start of a line.
fn with_blanks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let rest = line.trim_start_matches('\t');
        out.push_str(&"    ".repeat(line.len() - rest.len()));
        out.push_str(rest);
    }
    out
}

fn wrong_type(value: &Value, wanted: &str) -> String {
    format!("cannot use value {} (type {}) as {wanted}", value.to_cue(), value.kind())
}

/// Characters that mean something in HTML as `\u003c` and the like.
fn escape_html(json: &str) -> String {
    json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}
