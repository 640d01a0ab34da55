//! `@embed(file=...)` and `@embed(glob=...)`: files as values of fields.
//!
//! A package says by `@extern(embed)` above its clause that it does so. Files are found from the folder of the CUE file,
//! never above it, and only in a module. A value is unified with what the field has, as if it stood there.

use std::{collections::BTreeMap, sync::Arc};

use thin_vec::ThinVec;

use super::{
    condition, failure,
    path::{join, parent},
    session::{FileIndex, Session},
};
use crate::{
    error::{Code, Error, Errors, Position, Rule},
    syntax::{
        self, ParseLimits,
        ast::{self, BinaryOp, Decl, Expr, Label, LitKind},
        literal::{self, Lines, quoted},
        made,
        pos::{FileId, Pos, SourceFile},
    },
    toml, yaml,
};

/// What an attribute asks for.
#[derive(Default)]
struct Request {
    file: Option<String>,
    glob: Option<String>,
    kind: Option<String>,
    allows_none: bool,
}

impl Session<'_> {
    /// Fills the fields of files that ask for other files.
    pub(super) fn embed(&mut self, files: &[FileIndex]) -> Result<(), Errors> {
        for file in files {
            let parsed = &self.parsed[*file];
            let asks = parsed.ast.attributes.iter().any(|attribute| attribute.text == "@extern(embed)");
            let mut requests = Vec::new();
            if asks {
                find(&parsed.ast.decls, &mut requests);
            }
            if requests.is_empty() {
                continue;
            }
            if self.module.is_none() {
                return Err(failure("cannot embed files when not in a module"));
            }
            let (source, folder) = (parsed.source.clone(), parsed.folder.clone());
            let mut values = BTreeMap::new();
            for (pos, body) in requests {
                let value = self.requested(&body, &folder, pos).map_err(|message| {
                    let primary = Some(Position { file: source.clone(), pos });
                    let message = format!("@embed: {message}");
                    Errors::from(Error { primary, ..Error::new(Code::Eval, Rule::Other, message) })
                })?;
                values.insert(pos, value);
            }
            let ast = Arc::make_mut(&mut self.parsed[*file].ast);
            ast.decls.iter_mut().for_each(|decl| fill(decl, &values));
        }
        Ok(())
    }

    fn requested(&mut self, body: &str, folder: &str, pos: Pos) -> Result<Expr, String> {
        let request = Request::parse(body)?;
        match (&request.file, &request.glob) {
            (Some(_), Some(_)) => Err("attribute cannot have both file and glob field".to_owned()),
            (None, None) => Err("attribute must have file or glob field".to_owned()),
            (Some(file), None) => {
                check_local(file)?;
                let kind = request.kind.clone().map_or_else(|| kind_of(file), Ok)?;
                self.embedded(folder, file, &kind)
            }
            (None, Some(glob)) => self.matching(folder, glob, &request, pos),
        }
    }

    fn matching(&mut self, folder: &str, glob: &str, request: &Request, pos: Pos) -> Result<Expr, String> {
        check_local(glob)?;
        if glob.contains("**") {
            return Err(format!("invalid glob pattern {glob:?}: '**' is not supported in patterns as of yet"));
        }
        let kind = match &request.kind {
            Some(kind) => kind.clone(),
            None => match glob.rsplit('/').next().and_then(|name| name.rsplit_once('.')) {
                Some((_, extension)) if !extension.contains(['*', '?', '[']) => kind_of(glob)?,
                _ => return Err("extension not fully specified; type argument required".to_owned()),
            },
        };
        let mut found = vec![String::new()];
        let segments: Vec<&str> = glob.split('/').collect();
        for (depth, segment) in segments.iter().enumerate() {
            let last = depth + 1 == segments.len();
            let mut next = Vec::new();
            for prefix in found {
                let below = join(folder, &prefix).unwrap_or_default();
                let entries = self.list(&below).map_err(|errors| errors.to_string())?.unwrap_or_default();
                let matching = entries.iter().filter(|entry| entry.is_folder != last && matches(segment, &entry.name));
                next.extend(matching.map(|entry| match prefix.as_str() {
                    "" => entry.name.clone(),
                    prefix => format!("{prefix}/{}", entry.name),
                }));
            }
            found = next;
        }
        if found.is_empty() && !request.allows_none {
            return Err(format!("no matches for glob pattern {glob:?}"));
        }
        let mut decls = ThinVec::new();
        for name in found {
            let value = self.embedded(folder, &name, &kind)?;
            decls.push(Decl::Field(field(&name, value)));
        }
        Ok(Expr::Struct(ast::StructLit { pos, end: Pos::NONE, braces: true, decls }))
    }

    /// The value of one file.
    fn embedded(&mut self, folder: &str, name: &str, kind: &str) -> Result<Expr, String> {
        let missing = || format!("open {name}: no such file or directory");
        let path = join(folder, name).ok_or_else(missing)?;
        let bytes = self.source.read(&path)?.ok_or_else(missing)?;
        let source = SourceFile::from_bytes(name, &bytes);
        let file = FileId(self.add_data(source.clone(), parent(&path))? as u32);
        let limits = ParseLimits { source_bytes_max: self.options.limits.source_bytes_max, ..ParseLimits::default() };
        match kind {
            "json" => syntax::parse_json(&source, file, &limits).map_err(|error| error.message),
            "yaml" => yaml::parse_yaml(&source, file, &limits).map_err(|error| error.message),
            "toml" => toml::parse_toml(&source.text, Some(file)).map_err(|error| error.message),
            "text" => Ok(literal(literal::quoted(&source.text))),
            "binary" => Ok(literal(literal::quote_bytes(&bytes, Lines::One))),
            other => Err(format!("not supported yet: files of type {other}")),
        }
    }
}

impl Request {
    fn parse(body: &str) -> Result<Self, String> {
        let mut request = Self::default();
        for part in body.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim().trim_matches('"').to_owned();
            match key.trim() {
                "file" => request.file = Some(value),
                "glob" => request.glob = Some(value),
                "type" => match value.as_str() {
                    "json" | "yaml" | "text" | "binary" | "toml" | "jsonl" | "jsonschema" | "openapi" | "xml"
                    | "cue" => {
                        request.kind = Some(value);
                    }
                    _ => return Err(format!("unknown filetype {value}")),
                },
                "allowEmptyGlob" => request.allows_none = true,
                _ => {}
            }
        }
        Ok(request)
    }
}

fn check_local(name: &str) -> Result<(), String> {
    if name.split('/').any(|part| part == "..") {
        return Err("cannot refer to parent directory".to_owned());
    }
    if name.starts_with('/') { Err("only relative files are allowed".to_owned()) } else { Ok(()) }
}

/// What a file is by its extension.
fn kind_of(name: &str) -> Result<String, String> {
    let extension =
        name.rsplit('/').next().and_then(|name| name.rfind('.').map(|dot| &name[dot..])).unwrap_or_default();
    let kind = match extension {
        ".json" => "json",
        ".yaml" | ".yml" => "yaml",
        ".toml" => "toml",
        ".txt" => "text",
        ".jsonl" | ".ndjson" | ".ldjson" => "jsonl",
        "" => return Err(format!("no encoding specified for file {name:?}")),
        _ => return Err(format!("unknown file extension {extension}")),
    };
    Ok(kind.to_owned())
}

/// Whether a name matches a pattern of `*`, `?` and `[...]`; hidden files only match a pattern that begins with a dot.
fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // `reached[i]`: whether the pattern up to here matches the first `i` characters.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let mut next = vec![false; name.len() + 1];
        let end = pattern[at..].iter().position(|ch| *ch == ']').map(|end| at + end);
        match (pattern[at], end) {
            ('*', _) => {
                let first = reached.iter().position(|reached| *reached).unwrap_or(reached.len());
                next[first..].fill(true);
            }
            ('[', Some(end)) => {
                for index in 0..name.len() {
                    next[index + 1] = reached[index] && in_class(&pattern[at + 1..end], name[index]);
                }
                at = end;
            }
            (wanted, _) => {
                for index in 0..name.len() {
                    next[index + 1] = reached[index] && (wanted == '?' || wanted == name[index]);
                }
            }
        }
        reached = next;
        at += 1;
    }
    reached[name.len()]
}

fn in_class(class: &[char], ch: char) -> bool {
    let (negated, class) = match class {
        ['^' | '!', rest @ ..] => (true, rest),
        _ => (false, class),
    };
    let mut found = false;
    let mut at = 0;
    while at < class.len() {
        match class[at..] {
            [low, '-', high, ..] => {
                found |= (low..=high).contains(&ch);
                at += 3;
            }
            [only, ..] => {
                found |= only == ch;
                at += 1;
            }
            [] => break,
        }
    }
    found != negated
}

/// The attributes of fields that ask for files, with their text.
fn find(decls: &[Decl], requests: &mut Vec<(Pos, String)>) {
    for decl in decls {
        match decl {
            Decl::Field(field) => {
                for attribute in &field.attributes {
                    let (name, body) = condition::split(&attribute.text);
                    if name == "embed" {
                        requests.push((attribute.pos, body.to_owned()));
                    }
                }
                find_in(&field.value, requests);
            }
            Decl::Embed(embed) => find_in(&embed.expr, requests),
            _ => {}
        }
    }
}

fn find_in(expr: &Expr, requests: &mut Vec<(Pos, String)>) {
    stacker::maybe_grow(128 << 10, 1 << 20, || match expr {
        Expr::Struct(lit) => find(&lit.decls, requests),
        Expr::List(lit) => lit.elements.iter().for_each(|element| find_in(element, requests)),
        Expr::Commented(inner, _) | Expr::Paren { inner, .. } | Expr::Alias { expr: inner, .. } => {
            find_in(inner, requests);
        }
        Expr::Binary { left, right, .. } => {
            find_in(left, requests);
            find_in(right, requests);
        }
        _ => {}
    });
}

/// Unifies values with those of the fields that bear their attributes.
fn fill(decl: &mut Decl, values: &BTreeMap<Pos, Expr>) {
    match decl {
        Decl::Field(field) => {
            fill_in(&mut field.value, values);
            for value in field.attributes.iter().filter_map(|attribute| values.get(&attribute.pos)) {
                let old = std::mem::replace(&mut field.value, Expr::Bottom(Pos::NONE));
                field.value = both(old, value.clone());
            }
        }
        Decl::Embed(embed) => fill_in(&mut embed.expr, values),
        _ => {}
    }
}

fn fill_in(expr: &mut Expr, values: &BTreeMap<Pos, Expr>) {
    stacker::maybe_grow(128 << 10, 1 << 20, || match expr {
        Expr::Struct(lit) => lit.decls.iter_mut().for_each(|decl| fill(decl, values)),
        Expr::List(lit) => lit.elements.iter_mut().for_each(|element| fill_in(element, values)),
        Expr::Commented(inner, _) | Expr::Paren { inner, .. } | Expr::Alias { expr: inner, .. } => {
            fill_in(inner, values);
        }
        Expr::Binary { left, right, .. } => {
            fill_in(left, values);
            fill_in(right, values);
        }
        _ => {}
    });
}

/// What a field has and what is put there; `_` gives way.
fn both(declared: Expr, value: Expr) -> Expr {
    if matches!(&declared, Expr::Ident(ident) if ident.name == "_") {
        return value;
    }
    let paren = |inner| Expr::Paren { pos: Pos::NONE, inner: Box::new(inner), end: Pos::NONE };
    let left = if matches!(declared, Expr::Binary { .. }) { paren(declared) } else { declared };
    Expr::Binary { pos: Pos::NONE, op: BinaryOp::And, left: Box::new(left), right: Box::new(value) }
}

fn literal(raw: String) -> Expr {
    Expr::Lit(ast::BasicLit { pos: Pos::NONE, kind: LitKind::String, raw })
}

fn field(name: &str, value: Expr) -> ast::Field {
    let label = ast::BasicLit { pos: value.pos(), kind: LitKind::String, raw: quoted(name) };
    ast::Field { pos: value.pos(), ..made::field(Label::String(label), ast::Constraint::None, value) }
}
