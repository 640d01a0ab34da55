//! Storage of the evaluator: handles of 32 bits into layers.
//!
//! What is compiled and evaluated once is frozen into shared layers; each further evaluation grows a layer of its own
//! on top. Changing an element of a frozen layer changes a private copy, so that frozen layers never change.

use std::{
    ops::{Index, IndexMut},
    sync::Arc,
};

use rustc_hash::FxHashMap;

/// A layered vector of copy-on-write elements.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    frozen: Vec<Arc<Layer<T>>>,
    base: u32,
    local: Vec<T>,
    changed: FxHashMap<u32, T>,
}

#[derive(Debug)]
struct Layer<T> {
    base: u32,
    items: Vec<T>,
    changed: FxHashMap<u32, T>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { frozen: Vec::new(), base: 0, local: Vec::new(), changed: FxHashMap::default() }
    }
}

impl<T: Clone> Arena<T> {
    /// Adds an element and gives its handle.
    pub(crate) fn push(&mut self, item: T) -> u32 {
        let id = self.len();
        self.local.push(item);
        id
    }

    /// One more than the last handle.
    pub(crate) fn len(&self) -> u32 {
        self.base + self.local.len() as u32
    }

    /// Turns the local layer into a shared one and starts an empty one on top.
    pub(crate) fn freeze(&mut self) {
        if self.local.is_empty() && self.changed.is_empty() {
            return;
        }
        let items = std::mem::take(&mut self.local);
        let changed = std::mem::take(&mut self.changed);
        let layer = Layer { base: self.base, items, changed };
        self.base += layer.items.len() as u32;
        self.frozen.push(Arc::new(layer));
    }

    /// A new arena on top of the same frozen layers, without what is local here.
    pub(crate) fn fork(&self) -> Self {
        Self { frozen: self.frozen.clone(), base: self.base, local: Vec::new(), changed: FxHashMap::default() }
    }

    /// How many elements two arenas share: their handles mean the same in both.
    pub(crate) fn shared_len(&self, other: &Self) -> u32 {
        let pairs = self.frozen.iter().zip(&other.frozen).take_while(|(one, other)| Arc::ptr_eq(one, other));
        pairs.last().map_or(0, |(layer, _)| layer.base + layer.items.len() as u32)
    }

    fn frozen_item(&self, id: u32) -> &T {
        if let Some(item) = self.changed.get(&id) {
            return item;
        }
        for layer in self.frozen.iter().rev() {
            if id >= layer.base {
                return &layer.items[(id - layer.base) as usize];
            }
            if let Some(item) = layer.changed.get(&id) {
                return item;
            }
        }
        unreachable!("a handle comes from this arena or from one below it")
    }
}

impl<T: Clone> Index<u32> for Arena<T> {
    type Output = T;

    fn index(&self, id: u32) -> &T {
        if id >= self.base { &self.local[(id - self.base) as usize] } else { self.frozen_item(id) }
    }
}

impl<T: Clone> IndexMut<u32> for Arena<T> {
    fn index_mut(&mut self, id: u32) -> &mut T {
        if id >= self.base {
            return &mut self.local[(id - self.base) as usize];
        }
        if !self.changed.contains_key(&id) {
            let copy = self.frozen_item(id).clone();
            self.changed.insert(id, copy);
        }
        self.changed.get_mut(&id).expect("inserted above")
    }
}
