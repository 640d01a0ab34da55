//! Values as JSON, as `cue export` prints them.

use crate::{
    eval::{
        engine::Engine,
        vertex::{Base, VertexId},
    },
    ir::Atom,
};

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
                let elements = self.elements(vertex);
                self.write_parts('[', ']', elements.len(), depth, out, |index, out| {
                    self.write_json(elements[index], depth + 1, out);
                });
            }
            _ => {
                let fields = self.regular_arcs_in_order(vertex);
                self.write_parts('{', '}', fields.len(), depth, out, |index, out| {
                    let (label, child) = fields[index];
                    write_string(&self.store.labels.name(label).text, out);
                    out.push_str(": ");
                    self.write_json(child, depth + 1, out);
                });
            }
        }
    }

    fn write_parts(
        &self,
        open: char,
        close: char,
        count: usize,
        depth: usize,
        out: &mut String,
        mut part: impl FnMut(usize, &mut String),
    ) {
        out.push(open);
        for index in 0..count {
            out.push_str(if index == 0 { "\n" } else { ",\n" });
            out.push_str(&INDENT.repeat(depth + 1));
            part(index, out);
        }
        if count > 0 {
            out.push('\n');
            out.push_str(&INDENT.repeat(depth));
        }
        out.push(close);
    }
}

fn write_atom(atom: &Atom, out: &mut String) {
    match atom {
        Atom::Null => out.push_str("null"),
        Atom::Bool(value) => out.push_str(&value.to_string()),
        Atom::Number(number) => out.push_str(&number.to_source().replace('e', "E")),
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
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 || matches!(c, '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn base64(bytes: &[u8]) -> String {
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
