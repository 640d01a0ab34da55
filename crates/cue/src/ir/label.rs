//! Names of fields, interned.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::error::PathPart;
use crate::ir::arena::Arena;

/// An interned name, or an index of a list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Label(u32);

const INDEX_BIT: u32 = 1 << 31;

impl Label {
    /// The label of what has no name.
    pub(crate) const NONE: Self = Self(INDEX_BIT - 1);

    /// The label of a list's element.
    pub(crate) fn index(index: usize) -> Self {
        Self(INDEX_BIT | index as u32)
    }

    /// The index, if it is one.
    pub(crate) fn as_index(self) -> Option<usize> {
        (self.0 & INDEX_BIT != 0).then_some((self.0 & !INDEX_BIT) as usize)
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LabelKind {
    /// A regular field.
    Regular,
    /// `#D`.
    Definition,
    /// `_h`.
    Hidden,
    /// `_#D`.
    HiddenDefinition,
}

impl LabelKind {
    /// The kind of an identifier used as a label.
    pub(crate) fn of_identifier(name: &str) -> Self {
        if name.starts_with("_#") {
            Self::HiddenDefinition
        } else if name.starts_with('#') {
            Self::Definition
        } else if name.starts_with('_') {
            Self::Hidden
        } else {
            Self::Regular
        }
    }

    /// Whether the value of the field is closed.
    pub(crate) fn is_definition(self) -> bool {
        matches!(self, Self::Definition | Self::HiddenDefinition)
    }
}

/// A name with its kind; hidden names belong to a package.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    /// As written.
    pub(crate) text: Arc<str>,
    /// What it stands for.
    pub(crate) kind: LabelKind,
    /// The package of a hidden name.
    pub(crate) package: Arc<str>,
}

/// All names of an evaluation.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    names: Arena<Name>,
    frozen: Vec<Arc<FxHashMap<Name, u32>>>,
    local: FxHashMap<Name, u32>,
}

impl Labels {
    /// The label of a name.
    pub(crate) fn intern(&mut self, text: &str, kind: LabelKind, package: &Arc<str>) -> Label {
        let hidden = matches!(kind, LabelKind::Hidden | LabelKind::HiddenDefinition);
        let package = if hidden { package.clone() } else { Arc::from("") };
        let name = Name { text: Arc::from(text), kind, package };
        if let Some(id) = self.find(&name) {
            return Label(id);
        }
        let id = self.names.push(name.clone());
        self.local.insert(name, id);
        Label(id)
    }

    /// The label of a regular field.
    pub(crate) fn regular(&mut self, text: &str) -> Label {
        self.intern(text, LabelKind::Regular, &Arc::from(""))
    }

    fn find(&self, name: &Name) -> Option<u32> {
        let frozen = || self.frozen.iter().rev().find_map(|map| map.get(name));
        self.local.get(name).or_else(frozen).copied()
    }

    /// The name behind a label that is no index.
    pub(crate) fn name(&self, label: Label) -> &Name {
        &self.names[label.0]
    }

    /// What the label stands for.
    pub(crate) fn kind(&self, label: Label) -> LabelKind {
        if label.as_index().is_some() || label == Label::NONE { LabelKind::Regular } else { self.name(label).kind }
    }

    /// Whether closedness and patterns concern fields of this label.
    pub(crate) fn is_regular(&self, label: Label) -> bool {
        self.kind(label) == LabelKind::Regular
    }

    /// As a component of a path.
    pub(crate) fn part(&self, label: Label) -> PathPart {
        if let Some(index) = label.as_index() {
            return PathPart::Index(index);
        }
        if label == Label::NONE {
            return PathPart::Special(Arc::from("_"));
        }
        let name = self.name(label);
        match name.kind {
            LabelKind::Regular => PathPart::Field(name.text.clone()),
            _ => PathPart::Special(name.text.clone()),
        }
    }

    /// Shares all names so far.
    pub(crate) fn freeze(&mut self) {
        self.names.freeze();
        if !self.local.is_empty() {
            self.frozen.push(Arc::new(std::mem::take(&mut self.local)));
        }
    }

    /// Begins a layer of names that [`Labels::drop_layer`] drops again.
    pub(crate) fn push_layer(&mut self) {
        self.names.push_layer();
        self.frozen.push(Arc::new(std::mem::take(&mut self.local)));
    }

    /// Forgets the names that came since [`Labels::push_layer`].
    pub(crate) fn drop_layer(&mut self) {
        self.names.drop_layer();
        self.local = FxHashMap::default();
        match self.frozen.pop().map(Arc::try_unwrap) {
            Some(Ok(local)) => self.local = local,
            Some(Err(shared)) => self.frozen.push(shared),
            None => {}
        }
    }

    /// New names on top of the shared ones.
    pub(crate) fn fork(&self) -> Self {
        Self { names: self.names.fork(), frozen: self.frozen.clone(), local: FxHashMap::default() }
    }
}
