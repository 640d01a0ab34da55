//! Values as JSON, as `cue export` prints them.

use super::{
    engine::Engine,
    vertex::{Base, VertexId},
};
use crate::ir::Atom;

/// Four spaces, as the reference indents.
const INDENT: &str = "    ";

impl Engine {
    /// Writes a value that is known to be concrete.
    pub(crate) fn write_json(&self, vertex: VertexId, depth: usize, out: &mut String) {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.write_json_inner(vertex, depth, out));
    }

    fn write_json_inner(&self, vertex: VertexId, depth: usize, out: &mut String) {
        let vertex = self.default_of(vertex);
        match &self.v(vertex).base {
            Base::Atom(atom) => write_atom(atom, out),
            Base::List => {
                let mut parts = Parts::open('[', depth, out);
                for element in self.elements(vertex) {
                    parts.next(out);
                    self.write_json(element, depth + 1, out);
                }
                parts.close(']', out);
            }
            _ => {
                let mut parts = Parts::open('{', depth, out);
                for (label, child) in self.regular_arcs_in_order(vertex) {
                    parts.next(out);
                    parts.name(&self.store.labels.name(label).text, out);
                    self.write_json(child, depth + 1, out);
                }
                parts.close('}', out);
            }
        }
    }
}

/// The lines of a list or object, one for each part.
pub(super) struct Parts {
    depth: usize,
    is_empty: bool,
}

impl Parts {
    pub(super) fn open(bracket: char, depth: usize, out: &mut String) -> Self {
        out.push(bracket);
        Self { depth, is_empty: true }
    }

    pub(super) fn next(&mut self, out: &mut String) {
        if !std::mem::replace(&mut self.is_empty, false) {
            out.push(',');
        }
        new_line(self.depth + 1, out);
    }

    pub(super) fn name(&self, name: &str, out: &mut String) {
        write_string(name, out);
        out.push_str(": ");
    }

    pub(super) fn close(self, bracket: char, out: &mut String) {
        if !self.is_empty {
            new_line(self.depth, out);
        }
        out.push(bracket);
    }
}

fn new_line(depth: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(INDENT, depth));
}

fn write_atom(atom: &Atom, out: &mut String) {
    match atom {
        Atom::Null => out.push_str("null"),
        Atom::Bool(value) => out.push_str(&value.to_string()),
        // Without the point that would tell a float from an integer.
        Atom::Number(number) => out.push_str(&number.value.to_string().replace('e', "E")),
        Atom::String(text) => write_string(text, out),
        Atom::Bytes(bytes) => {
            out.push('"');
            out.push_str(&base64(bytes));
            out.push('"');
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut written = 0;
    for (at, c) in text.char_indices() {
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => "",
            _ => continue,
        };
        out.push_str(&text[written..at]);
        match short {
            "" => out.push_str(&format!("\\u{:04x}", c as u32)),
            short => out.push_str(short),
        }
        written = at + c.len_utf8();
    }
    out.push_str(&text[written..]);
    out.push('"');
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for index in 0..4 {
            match index <= chunk.len() {
                true => out.push(char::from(ALPHABET[(word >> (18 - 6 * index) & 63) as usize])),
                false => out.push('='),
            }
        }
    }
    out
}
