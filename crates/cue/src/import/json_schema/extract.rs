//! Schemas as expressions, and references between them.
//!
//! A document is read in passes: what a reference refers to is known only when the whole document has been seen, and a
//! place that is referred to becomes a definition in the next pass.

use std::collections::{BTreeSet, HashMap};

use fluent_uri::{Uri, UriRef};

use super::{
    Options, Version, combine,
    definitions::{Definitions, Part},
    generic,
    node::{Content, Node, NodeId, Tree, pointer, tokens},
    scalar,
    syntax::{
        attribute, call, close, disallowed, doc, ellipsis, embed, ident, joined, list, literal, open_struct, select,
        structure, top, unquote_labels,
    },
};
use crate::{
    kind::Kind,
    syntax::{
        SyntaxError,
        ast::{self, BinaryOp, Comments, Decl, Expr, File, Ident, ImportDecl, ImportSpec, LitKind, Package},
        literal::{is_identifier, quoted},
        pos::Pos,
    },
};

/// Where a document without an address lies.
const DEFAULT_ADDRESS: &str = "https://cue.jsonschema.invalid";

/// Where the schemas of OpenAPI are.
const OPEN_API_SCHEMAS: &str = "/components/schemas/";

/// Passes until all references are known. Two are usual.
const PASSES_MAX: usize = 10;

/// The kinds of JSON.
pub(super) const ALL: Kind =
    Kind::NULL.or(Kind::BOOL).or(Kind::NUMBER).or(Kind::STRING).or(Kind::LIST).or(Kind::STRUCT);

/// The types that constraints are for, in the order of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Type {
    const ALL: [Self; 6] = [Self::Null, Self::Bool, Self::Number, Self::String, Self::Array, Self::Object];

    fn kind(self) -> Kind {
        match self {
            Self::Null => Kind::NULL,
            Self::Bool => Kind::BOOL,
            Self::Number => Kind::NUMBER,
            Self::String => Kind::STRING,
            Self::Array => Kind::LIST,
            Self::Object => Kind::STRUCT,
        }
    }

    fn name(self) -> &'static str {
        ["null", "bool", "number", "string", "array", "object"][self as usize]
    }

    /// All values of the type.
    fn syntax(self, only_when_explicit: bool) -> Expr {
        match self {
            Self::Null => literal(LitKind::Null, "null"),
            Self::Bool | Self::Number | Self::String => ident(self.name()),
            Self::Array => list(vec![ellipsis(None)]),
            Self::Object if only_when_explicit => structure(Vec::new()),
            Self::Object => structure(vec![open_struct()]),
        }
    }
}

/// What is known of a schema once it is read.
#[derive(Clone)]
pub(super) struct Info {
    /// The types that values can have.
    pub(super) allowed: Kind,
    /// The types that are said already, so that they need not be repeated.
    pub(super) known: Kind,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) deprecated: bool,
    pub(super) has_constraints: bool,
    version: Version,
    names_version: bool,
}

impl Info {
    /// Title and description as a comment.
    pub(super) fn doc(&self) -> Option<ast::CommentGroup> {
        let both = format!("{}\n\n{}", self.title.trim(), self.description.trim());
        let text = both.trim();
        (!text.is_empty()).then(|| doc(text))
    }
}

/// Whether a struct takes fields that it does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Openness {
    /// Nothing is said.
    #[default]
    Implied,
    Open,
    Closed,
    /// A pattern says what all other fields are.
    Covered,
}

/// A schema while it is read.
pub(super) struct Schema {
    pub(super) node: NodeId,
    pub(super) version: Version,
    is_root: bool,
    pub(super) info: Info,
    /// Constraints for each type.
    types: [Vec<Expr>; 6],
    /// Constraints for all types.
    all: Vec<Expr>,
    pub(super) object: Option<Vec<Decl>>,
    pub(super) openness: Openness,
    /// Names that patterns leave over.
    pub(super) other_names: Vec<Expr>,
    /// Which constraint of arrays lists their elements.
    pub(super) elements: Option<usize>,
    pub(super) elements_are_listed: bool,
    pub(super) exclusive_minimum: bool,
    pub(super) exclusive_maximum: bool,
    pub(super) contains_min: Option<u64>,
    pub(super) contains_max: Option<u64>,
    pub(super) condition: Option<NodeId>,
    pub(super) consequence: Option<NodeId>,
    pub(super) alternative: Option<NodeId>,
    /// Where the keyword at hand stands.
    pub(super) at: Pos,
    /// Where the first keyword for objects stands.
    object_at: Pos,
    /// Where it is said that null is allowed too.
    pub(super) is_nullable: Option<Pos>,
    pub(super) is_array: bool,
    pub(super) has_items: bool,
    has_ref: bool,
    id: Option<String>,
}

impl Schema {
    fn new(node: NodeId, version: Version, allowed: Kind, is_root: bool) -> Self {
        Self {
            node,
            version,
            is_root,
            info: Info {
                allowed,
                known: ALL,
                title: String::new(),
                description: String::new(),
                deprecated: false,
                has_constraints: false,
                version,
                names_version: false,
            },
            types: Default::default(),
            all: Vec::new(),
            object: None,
            openness: Openness::Implied,
            other_names: Vec::new(),
            elements: None,
            elements_are_listed: false,
            exclusive_minimum: false,
            exclusive_maximum: false,
            contains_min: None,
            contains_max: None,
            condition: None,
            consequence: None,
            alternative: None,
            at: Pos::NONE,
            object_at: Pos::NONE,
            is_nullable: None,
            is_array: false,
            has_items: false,
            has_ref: false,
            id: None,
        }
    }

    /// A constraint for values of one type.
    pub(super) fn add(&mut self, kind: Type, mut expr: Expr) {
        if !super::syntax::is_top(&expr) {
            place(&mut expr, self.at);
            self.types[kind as usize].push(expr);
        }
    }

    /// A constraint for all values.
    pub(super) fn add_to_all(&mut self, mut expr: Expr) {
        if !super::syntax::is_top(&expr) {
            place(&mut expr, self.at);
            self.all.push(expr);
        }
    }

    /// The constraints for arrays.
    pub(super) fn arrays(&mut self) -> &mut Vec<Expr> {
        &mut self.types[Type::Array as usize]
    }

    /// The declarations of the struct that objects are unified with.
    pub(super) fn decls(&mut self) -> &mut Vec<Decl> {
        if self.object.is_none() {
            self.object_at = self.at;
        }
        self.object.get_or_insert_with(Vec::new)
    }

    fn has_constraints(&self) -> bool {
        !self.all.is_empty()
            || self.types.iter().any(|constraints| !constraints.is_empty())
            || !self.other_names.is_empty()
            || !self.info.title.is_empty()
            || !self.info.description.is_empty()
            || self.object.is_some()
            || self.id.is_some()
    }

    fn finish_object(&mut self, only_when_explicit: bool) {
        let Some(mut decls) = self.object.take() else { return };
        let expr = match self.openness {
            Openness::Covered => structure(decls),
            Openness::Implied if only_when_explicit => structure(decls),
            Openness::Closed => close(structure(decls)),
            Openness::Open | Openness::Implied => {
                decls.push(open_struct());
                structure(decls)
            }
        };
        self.at = self.object_at;
        self.add(Type::Object, expr);
    }
}

/// A schema with an address of its own, which references inside of it are relative to.
struct Base {
    address: Uri<String>,
    node: NodeId,
    is_root: bool,
}

/// A place that is referred to, and the path of its definition.
#[derive(Clone)]
struct Defined {
    import: String,
    path: Vec<Part>,
}

/// Reads the schemas of one document.
pub(super) struct Extractor<'a> {
    pub(super) tree: Tree<'a>,
    pub(super) options: &'a Options,
    address: Uri<String>,
    bases: Vec<Base>,
    /// Nodes that are referred to; without a definition until they have been read.
    referred: HashMap<NodeId, Option<Defined>>,
    /// Definitions by address.
    defined: HashMap<String, Defined>,
    needs_pass: bool,
    definitions: Definitions,
    errors: Vec<SyntaxError>,
    /// Import paths that the file needs.
    imports: BTreeSet<String>,
}

impl<'a> Extractor<'a> {
    pub(super) fn new(document: &'a Expr, options: &'a Options) -> Result<Self, Vec<SyntaxError>> {
        let tree = Tree::new(document).map_err(|error| vec![error])?;
        let address = Uri::parse(DEFAULT_ADDRESS.to_owned()).expect("the address is a constant");
        Ok(Self {
            tree,
            options,
            address,
            bases: Vec::new(),
            referred: HashMap::new(),
            defined: HashMap::new(),
            needs_pass: false,
            definitions: Definitions::default(),
            errors: Vec::new(),
            imports: BTreeSet::new(),
        })
    }

    /// The whole file.
    pub(super) fn file(mut self) -> Result<File, Vec<SyntaxError>> {
        let root = match &self.options.root {
            None => None,
            Some(pointer) => Some(self.tree.lookup(0, &tokens(pointer)).ok_or_else(|| {
                let shown = if self.options.is_open_api { format!("#{pointer}/") } else { pointer.clone() };
                let message = format!("root value at path {shown} does not exist");
                vec![SyntaxError::new(self.tree.node(0).pos, message)]
            })?),
        };
        let info = self.passes(root)?;
        let (mut decls, comment) = std::mem::take(&mut self.definitions).file();
        unquote_labels(&mut decls);
        let mut file = File { decls: decls.into(), ..File::default() };
        if info.names_version {
            file.attributes.push(attribute(format!("@jsonschema(schema={:?})", info.version.address())));
        }
        if info.deprecated {
            file.attributes.push(attribute("@deprecated()".to_owned()));
        }
        file.package = self.options.package.as_ref().map(|name| Package {
            pos: Pos::NONE,
            name: Ident { pos: Pos::NONE, name: name.clone() },
            comments: Comments::default(),
        });
        file.imports = imports(&self.imports);
        file.comments.before.extend(comment.map(|comment| ast::CommentGroup { doc: false, ..comment }));
        Ok(file)
    }

    fn passes(&mut self, root: Option<NodeId>) -> Result<Info, Vec<SyntaxError>> {
        let mut extra: BTreeSet<NodeId> = BTreeSet::new();
        for pass in 0..PASSES_MAX {
            (self.definitions, self.needs_pass) = (Definitions::default(), false);
            self.imports.clear();
            self.bases = vec![Base { address: self.address.clone(), node: 0, is_root: true }];
            let info = self.pass(root);
            for node in &extra {
                self.schema(*node, ALL, info.version, false);
            }
            if !self.errors.is_empty() {
                return Err(std::mem::take(&mut self.errors));
            }
            let dangling: Vec<NodeId> =
                self.referred.iter().filter(|(_, defined)| defined.is_none()).map(|(node, _)| *node).collect();
            if !self.needs_pass && dangling.is_empty() {
                return Ok(info);
            }
            // What is referred to but is not where schemas are is read as one all the same.
            if pass > 0 {
                extra.extend(dangling);
            }
        }
        Err(vec![SyntaxError::new(
            self.tree.node(0).pos,
            format!("references are not known after {PASSES_MAX} passes"),
        )])
    }

    fn pass(&mut self, root: Option<NodeId>) -> Info {
        let version = self.options.version;
        if let Some(schemas) = root {
            let mut schema = Schema::new(0, version, ALL, true);
            generic::definitions(self, &mut schema, "schemas", schemas);
            return schema.info;
        }
        let (expr, info) = self.schema(0, ALL, version, true);
        if info.allowed.is_bottom() {
            self.error(0, "constraints are not possible to satisfy");
        } else if !self.definitions.put(&[], expr, info.doc()) {
            self.error(0, "duplicate definition at root");
        }
        info
    }

    pub(super) fn error(&mut self, node: NodeId, message: impl Into<String>) {
        self.errors.push(SyntaxError::new(self.tree.node(node).pos, message));
    }

    pub(super) fn node(&self, id: NodeId) -> &Node<'a> {
        self.tree.node(id)
    }

    /// A function of a package.
    pub(super) fn function(&mut self, path: &str, name: &str) -> Expr {
        self.imports.insert(path.to_owned());
        select(ident(path), name)
    }

    /// The text of a string.
    pub(super) fn text(&mut self, node: NodeId) -> Option<String> {
        match &self.node(node).content {
            Content::String(text) => Some(text.clone()),
            _ => {
                self.error(node, "invalid string");
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, node: NodeId) -> bool {
        match self.node(node).content {
            Content::Bool(value) => value,
            _ => {
                self.error(node, "invalid bool");
                false
            }
        }
    }

    /// The elements of an array.
    pub(super) fn items(&mut self, key: &str, node: NodeId, may_be_empty: bool) -> Vec<NodeId> {
        match &self.node(node).content {
            Content::Array(elements) if may_be_empty || !elements.is_empty() => elements.clone(),
            Content::Array(_) => {
                self.error(node, format!("array for {key:?} must be non-empty"));
                Vec::new()
            }
            _ => {
                let kind = self.node(node).kind();
                self.error(node, format!("value of {key:?} must be an array, found {kind}"));
                Vec::new()
            }
        }
    }

    /// The entries of an object.
    pub(super) fn entries(&mut self, key: &str, node: NodeId) -> Vec<(String, NodeId)> {
        match &self.node(node).content {
            Content::Object(entries) => entries.clone(),
            _ => {
                let kind = self.node(node).kind();
                self.error(node, format!("{key:?} expected an object, found {kind}"));
                Vec::new()
            }
        }
    }

    /// A schema inside of another.
    pub(super) fn subschema(&mut self, parent: &Schema, node: NodeId, allowed: Kind) -> (Expr, Info) {
        self.schema(node, allowed, parent.version, false)
    }

    fn schema(&mut self, node: NodeId, allowed: Kind, version: Version, is_root: bool) -> (Expr, Info) {
        stacker::maybe_grow(128 << 10, 2 << 20, || {
            let mut schema = Schema::new(node, version, allowed, is_root);
            let expr = self.expression(&mut schema);
            let expr = self.defined(&schema, expr);
            if schema.id.is_some() {
                self.bases.pop();
            }
            schema.info.version = schema.version;
            (expr, schema.info)
        })
    }

    fn expression(&mut self, schema: &mut Schema) -> Expr {
        let node = schema.node;
        match &self.node(node).content {
            Content::Object(_) => {}
            Content::Bool(value) if schema.version >= Version::Draft6 => {
                return if *value { top() } else { disallowed() };
            }
            Content::Bool(_) => {
                let message = format!("boolean schemas not supported in {}", schema.version.address());
                self.error(node, message);
                return disallowed();
            }
            _ => {
                let kind = self.node(node).kind();
                self.error(node, format!("schema expects mapping node, found {kind}"));
                return disallowed();
            }
        }
        let entries = self.entries("schema", node);
        for phase in 0..generic::PHASES {
            for (key, value) in &entries {
                self.keyword(schema, phase, key, *value);
            }
        }
        if schema.id.is_some() {
            self.refer(node);
        }
        combine::if_then_else(self, schema);
        if schema.version == Version::OpenApi && schema.is_array && !schema.has_items {
            let version = Version::OpenApi.address();
            self.error(node, format!("\"items\" must be present when the \"type\" is \"array\" in {version}"));
        }
        schema.info.has_constraints = schema.has_constraints();
        self.finish(schema)
    }

    /// Adds what a keyword demands, if its phase has come.
    fn keyword(&mut self, schema: &mut Schema, phase: usize, key: &str, value: NodeId) {
        schema.has_ref |= phase == 0 && key == "$ref";
        let Some(keyword) = generic::find(key) else {
            if phase == 0 && self.options.strict_keywords && !key.starts_with("x-") {
                self.error(value, format!("unknown keyword {key:?}"));
            }
            return;
        };
        if keyword.phase != phase {
            return;
        }
        if !keyword.is_in(schema.version) {
            if self.options.strict_keywords {
                let version = schema.version.address();
                self.error(value, format!("keyword {key:?} is not supported in JSON schema version {version}"));
            }
            return;
        }
        // Up to draft 7 a reference stands alone.
        if phase > 0 && schema.version < Version::Draft2019 && schema.has_ref && key != "$ref" {
            if self.options.strict_keywords {
                self.error(value, format!("ignoring keyword {key:?} alongside $ref"));
            }
            return;
        }
        schema.at = self.node(value).pos;
        (keyword.run)(self, schema, key, value);
    }

    /// The expression for all constraints: those for any value, and one of the types with its own.
    fn finish(&mut self, schema: &mut Schema) -> Expr {
        if schema.info.allowed.is_bottom() {
            return disallowed();
        }
        schema.finish_object(self.options.open_only_when_explicit);
        // Literals come last, which reads better.
        schema.types[Type::Array as usize].sort_by_key(|expr| matches!(expr, Expr::List(_)));
        schema.types[Type::Object as usize].sort_by_key(|expr| matches!(expr, Expr::Struct(_)));
        let (allowed, known) = (schema.info.allowed, schema.info.known);
        let constrained = |kind: &Type| !schema.types[*kind as usize].is_empty() && allowed.intersects(kind.kind());
        let mut alternatives = Vec::new();
        if allowed != known || Type::ALL.iter().any(constrained) {
            let (mut possible, mut excluded) = (0, Vec::new());
            for kind in Type::ALL {
                let constraints = std::mem::take(&mut schema.types[kind as usize]);
                let is_allowed = allowed.intersects(kind.kind());
                possible += usize::from(is_allowed || !constraints.is_empty());
                match joined(BinaryOp::And, constraints) {
                    Some(_) if !is_allowed => excluded.push(kind),
                    Some(expr) => alternatives.push(expr),
                    None if is_allowed && known.intersects(kind.kind()) => {
                        alternatives.push(kind.syntax(self.options.open_only_when_explicit));
                    }
                    None => {}
                }
            }
            if excluded.len() == possible {
                for kind in excluded {
                    let message = format!("constraint not allowed because type {} is excluded", kind.name());
                    self.error(schema.node, message);
                }
            }
        }
        let mut conjuncts = std::mem::take(&mut schema.all);
        conjuncts.extend(joined(BinaryOp::Or, alternatives));
        let mut expr = joined(BinaryOp::And, conjuncts).unwrap_or_else(top);
        if let Some(pos) = schema.is_nullable {
            let mut null = literal(LitKind::Null, "null");
            place(&mut null, pos);
            expr = joined(BinaryOp::Or, vec![null, expr]).unwrap_or_else(top);
        }
        schema.info.known = allowed;
        match &schema.id {
            Some(id) => with_id(expr, id),
            None => expr,
        }
    }

    /// Makes sure that a node becomes a definition.
    pub(super) fn refer(&mut self, node: NodeId) {
        self.referred.entry(node).or_insert(None);
    }

    /// Makes a schema that is referred to a definition, and gives the reference to it.
    fn defined(&mut self, schema: &Schema, expr: Expr) -> Expr {
        let defined = match self.referred.get(&schema.node) {
            None => return expr,
            Some(Some(defined)) => defined.clone(),
            Some(None) => {
                self.needs_pass = true;
                let Some(defined) = self.add_defined(schema.node) else { return expr };
                self.referred.insert(schema.node, Some(defined.clone()));
                defined
            }
        };
        if defined.path.is_empty() {
            return expr;
        }
        if defined.import.is_empty() && !self.definitions.put(&defined.path, expr, schema.info.doc()) {
            self.error(schema.node, "redefinition of schema");
            return top();
        }
        self.reference(&defined)
    }

    fn add_defined(&mut self, node: NodeId) -> Option<Defined> {
        let base = self.bases.last()?;
        let path = self.tree.path(node);
        let inside = path.get(self.tree.path(base.node).len()..).unwrap_or_default();
        let address = with_fragment(&base.address, &pointer(inside));
        if let Some(defined) = self.defined.get(&address) {
            return Some(defined.clone());
        }
        let path = self.local_path(&path);
        let defined = Defined { import: String::new(), path };
        self.defined.insert(address, defined.clone());
        Some(defined)
    }

    /// The path of the definition for a place of the document: those under `definitions` keep their names.
    fn local_path(&self, place: &[String]) -> Vec<Part> {
        let root = self.options.root.as_deref().map(tokens);
        let name = match (place, &root) {
            ([], _) => return Vec::new(),
            ([.., name], Some(root)) if self.options.is_open_api && place.len() == root.len() + 1 => {
                return open_api_path(name);
            }
            (place, Some(root)) if place.len() == root.len() + 1 && place.starts_with(root) => &place[root.len()],
            ([folder, name], _) if matches!(folder.as_str(), "definitions" | "$defs") => name,
            _ => return vec![Part::Hidden("_#defs".to_owned()), Part::Quoted(pointer(place))],
        };
        match is_identifier(name) && !name.starts_with(['#', '_']) {
            true => vec![Part::Definition(format!("#{name}"))],
            false => vec![Part::Definition("#".to_owned()), Part::Quoted(name.clone())],
        }
    }

    fn reference(&mut self, defined: &Defined) -> Expr {
        if defined.import.is_empty() {
            return self.definitions.reference(&defined.path);
        }
        self.imports.insert(defined.import.clone());
        let name = defined.import.rsplit([':', '/']).next().unwrap_or_default();
        defined.path.iter().fold(ident(name), |base, part| match part {
            Part::Quoted(name) | Part::Definition(name) | Part::Hidden(name) => select(base, name),
        })
    }

    /// An address as it is meant inside of the current schema.
    fn resolve(&mut self, node: NodeId) -> Option<Uri<String>> {
        let text = self.text(node)?;
        let base = self.bases.last()?;
        let bare = without_fragment(&base.address);
        let resolved = UriRef::parse(text.as_str()).map_err(|error| error.to_string());
        let resolved = resolved.and_then(|uri| uri.resolve_against(&bare).map_err(|error| error.to_string()));
        match resolved {
            Ok(address) => Some(address),
            Err(error) => {
                self.error(node, format!("invalid JSON reference: {error}"));
                None
            }
        }
    }

    /// `$id`: the schema gets an address of its own.
    pub(super) fn set_id(&mut self, schema: &mut Schema, node: NodeId) {
        let Some(address) = self.resolve(node) else { return };
        if address.fragment().is_some_and(|fragment| !fragment.as_str().is_empty()) {
            if self.options.strict_features {
                self.error(node, "$id URI may not contain a fragment");
            }
            return;
        }
        let address = without_fragment(&address);
        schema.id = Some(address.as_str().to_owned());
        self.bases.push(Base { address, node: schema.node, is_root: schema.is_root });
    }

    /// `$schema`: which draft the schema follows.
    pub(super) fn set_version(&mut self, schema: &mut Schema, node: NodeId) {
        if !schema.is_root && schema.version < Version::Draft2019 {
            let version = schema.version.address();
            return self.error(node, format!("$schema can only appear at the root in JSON Schema version {version}"));
        }
        let Some(text) = self.text(node) else { return };
        match Version::from_address(&text) {
            Some(version) => (schema.version, schema.info.names_version) = (version, true),
            None => self.error(node, format!("invalid $schema URL {text:?}: $schema URI not recognized")),
        }
    }

    /// `$ref`: the definition of what is referred to.
    pub(super) fn add_reference(&mut self, schema: &mut Schema, node: NodeId) {
        let Some(address) = self.resolve(node) else { return };
        match self.referred_by(&address) {
            Ok(defined) => {
                let expr = self.reference(&defined);
                schema.add_to_all(expr);
            }
            Err(message) => self.error(node, message),
        }
    }

    fn referred_by(&mut self, address: &Uri<String>) -> Result<Defined, String> {
        let fragment = match address.fragment().map(|fragment| fragment.decode().to_string()) {
            None => String::new(),
            Some(Ok(fragment)) => fragment.into_owned(),
            Some(Err(_)) => return Err("invalid JSON reference: fragment is no text".to_owned()),
        };
        let base = self.bases.last().expect("the document is a base");
        let document = without_fragment(address);
        let in_base = document == without_fragment(&base.address);
        if fragment.is_empty() && base.is_root && in_base {
            return Ok(Defined { import: String::new(), path: Vec::new() });
        }
        if let Some(defined) = self.defined.get(&with_fragment(address, &fragment)) {
            return Ok(defined.clone());
        }
        let is_pointer = fragment.is_empty() || fragment.starts_with('/');
        if self.options.is_open_api && !(fragment.starts_with(OPEN_API_SCHEMAS) && tokens(&fragment).len() == 3) {
            return Err(format!(
                "openapi: reference must be of the form \"#{OPEN_API_SCHEMAS}\"; found \"#{fragment}\""
            ));
        }
        if is_pointer && (in_base || document == without_fragment(&self.address)) {
            let target = self.tree.lookup(base.node, &tokens(&fragment)).ok_or("reference to non-existent schema")?;
            if let Some(Some(defined)) = self.referred.get(&target) {
                return Ok(defined.clone());
            }
            self.refer(target);
            let path = self.local_path(&self.tree.path(target));
            return Ok(Defined { import: String::new(), path });
        }
        if !is_pointer {
            return Err(format!("anchors ({fragment}) not supported"));
        }
        Ok(Defined { import: import_path(&document), path: self.local_path(&tokens(&fragment)) })
    }

    /// Adds the schemas that an object names as definitions.
    pub(super) fn define_all(&mut self, schema: &Schema, key: &str, node: NodeId) {
        for (_, value) in self.entries(key, node) {
            self.refer(value);
            self.subschema(schema, value, ALL);
        }
    }

    /// A constant as a pattern that matches it alone.
    pub(super) fn constant(&mut self, node: NodeId) -> Expr {
        match &self.node(node).content {
            Content::Array(elements) => {
                let elements = elements.clone();
                list(elements.into_iter().map(|element| self.constant(element)).collect())
            }
            Content::Object(entries) => {
                let entries = entries.clone();
                let field = |(name, value): (String, NodeId)| {
                    Decl::Field(super::syntax::field(&name, ast::Constraint::Required, self.constant(value)))
                };
                close(structure(entries.into_iter().map(field).collect()))
            }
            _ => scalar::value(self.node(node)),
        }
    }
}

/// The definition of a schema of OpenAPI.
fn open_api_path(name: &str) -> Vec<Part> {
    if is_identifier(name) && !name.starts_with(['#', '_']) && name != "SchemaMap" {
        return vec![Part::Definition(format!("#{name}"))];
    }
    vec![Part::Definition("#SchemaMap".to_owned()), Part::Quoted(name.to_owned())]
}

/// Says where an expression comes from.
fn place(expr: &mut Expr, at: Pos) {
    match expr {
        Expr::Ident(ident) => ident.pos = at,
        Expr::Lit(literal) => literal.pos = at,
        Expr::Unary { pos, .. } => *pos = at,
        Expr::Binary { left: first, .. }
        | Expr::Call { function: first, .. }
        | Expr::Selector { base: first, .. }
        | Expr::Postfix { operand: first, .. } => place(first, at),
        Expr::Paren { pos, .. } => *pos = at,
        Expr::Struct(lit) => lit.pos = at,
        Expr::List(lit) => lit.pos = at,
        _ => {}
    }
}

/// The schema's address as an attribute of its value.
fn with_id(mut expr: Expr, id: &str) -> Expr {
    let id = Decl::Attribute(attribute(format!("@jsonschema(id={})", quoted(id))));
    match &mut expr {
        Expr::Struct(lit) => {
            lit.decls.insert(0, id);
            expr
        }
        _ => structure(vec![id, embed(expr)]),
    }
}

fn without_fragment(address: &Uri<String>) -> Uri<String> {
    let text = address.as_str().split('#').next().unwrap_or_default().to_owned();
    Uri::parse(text).expect("an address without its fragment is one")
}

/// How definitions are found by address.
fn with_fragment(address: &Uri<String>, fragment: &str) -> String {
    let document = without_fragment(address);
    if fragment.is_empty() { document.as_str().to_owned() } else { format!("{}#{fragment}", document.as_str()) }
}

/// The package that the schemas of another document are expected in.
fn import_path(document: &Uri<String>) -> String {
    let host = document.authority().map(|authority| authority.host().to_owned()).unwrap_or_default();
    let path = document.path().as_str();
    let base = path.rsplit('/').next().unwrap_or_default();
    if is_identifier(base) {
        return format!("{host}{path}");
    }
    let name = base.strip_suffix(".json").filter(|name| is_identifier(name)).unwrap_or("schema");
    format!("{host}{path}:{name}")
}

fn imports(paths: &BTreeSet<String>) -> Vec<ImportDecl> {
    if paths.is_empty() {
        return Vec::new();
    }
    let spec = |path: &String| ImportSpec {
        pos: Pos::NONE,
        name: None,
        path: path.clone(),
        path_pos: Pos::NONE,
        comments: Comments::default(),
    };
    vec![ImportDecl {
        pos: Pos::NONE,
        grouped: paths.len() > 1,
        end: Pos::NONE,
        specs: paths.iter().map(spec).collect(),
        comments: Comments::default(),
    }]
}

/// `matchN(count, [schemas])`.
pub(super) fn match_n(count: Expr, schemas: Vec<Expr>) -> Expr {
    call(ident("matchN"), vec![count, list(schemas)])
}
