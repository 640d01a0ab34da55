//! Values to text: JSON, CUE, strings and bytes, to standard output or a file.

use cue::{Shape, Validation, Value};

use crate::arguments::Output;
use crate::failure::Failure;
use crate::file_type::{Encoding, FileType, Interpretation, Mode, parse_output};
use crate::world::{World, reason};

/// Where values go, and as what.
pub(crate) struct Encoder {
    name: String,
    pub(crate) kind: FileType,
    mode: Mode,
    force: bool,
    escape: bool,
    written: usize,
    out: Vec<u8>,
}

impl Encoder {
    /// Reads the flags `--out` and `--outfile`.
    ///
    /// # Errors
    /// Formats that are not known.
    pub(crate) fn new(output: &Output, mode: Mode, escape: bool) -> Result<Self, Failure> {
        let format = output.out.as_deref().unwrap_or_default();
        let file = output.outfile.as_deref().filter(|file| !file.is_empty()).unwrap_or("-");
        if format.contains(':') && file.contains(':') {
            return Err("cannot specify qualifier in both --out and --outfile".into());
        }
        let target = if format.is_empty() { file.to_owned() } else { format!("{format}:{file}") };
        let (name, kind) = parse_output(&target, mode)?;
        match kind.interpretation {
            Interpretation::Data | Interpretation::Auto => {}
            Interpretation::JsonSchema => return Err(Failure::unsupported("JSON Schema as output")),
            Interpretation::OpenApi => {}
            Interpretation::ProtobufJson => return Err(Failure::unsupported("the JSON of Protocol Buffers")),
        }
        Ok(Self { name, kind, mode, force: output.force, escape, written: 0, out: Vec::new() })
    }

    /// Writes one value.
    ///
    /// # Errors
    /// If the value is contradictory, or not concrete where the format needs it.
    pub(crate) fn value(&mut self, value: &Value) -> Result<(), Failure> {
        value.validate(Validation { concrete: self.kind.encoding != Encoding::Cue || self.mode == Mode::Export })?;
        match self.kind.encoding {
            Encoding::Json | Encoding::JsonLines => {
                let json = value.to_json()?;
                let json = if self.escape { escape_html(&json) } else { json };
                self.text(&json);
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
            other => return Err(Failure::unsupported(format!("{other:?} as output"))),
        }
        self.written += 1;
        Ok(())
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

fn wrong_type(value: &Value, wanted: &str) -> String {
    format!("cannot use value {} (type {}) as {wanted}", value.to_cue(), value.kind())
}

/// Characters that mean something in HTML as `\u003c` and the like.
fn escape_html(json: &str) -> String {
    json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}
