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
    local: Chunks<T>,
    changed: FxHashMap<u32, T>,
}

#[derive(Debug)]
struct Layer<T> {
    base: u32,
    items: Chunks<T>,
    changed: FxHashMap<u32, T>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { frozen: Vec::new(), base: 0, local: Chunks::default(), changed: FxHashMap::default() }
    }
}

/// A vector that never moves its elements: each chunk is twice as long as the one before it.
#[derive(Debug)]
struct Chunks<T> {
    chunks: Vec<Vec<T>>,
    len: u32,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T> Chunks<T> {
    /// The length of the first chunk, a power of two.
    const FIRST: u32 = 16;

    /// The chunk of an index, and where it lies there.
    fn place(index: u32) -> (usize, usize) {
        let shifted = index + Self::FIRST;
        let chunk = shifted.ilog2() - Self::FIRST.ilog2();
        (chunk as usize, (shifted - (Self::FIRST << chunk)) as usize)
    }

    fn push(&mut self, item: T) {
        let (chunk, _) = Self::place(self.len);
        if chunk == self.chunks.len() {
            self.chunks.push(Vec::with_capacity((Self::FIRST as usize) << chunk));
        }
        self.chunks[chunk].push(item);
        self.len += 1;
    }

    fn get(&self, index: u32) -> &T {
        let (chunk, at) = Self::place(index);
        &self.chunks[chunk][at]
    }

    fn get_mut(&mut self, index: u32) -> &mut T {
        let (chunk, at) = Self::place(index);
        &mut self.chunks[chunk][at]
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
        self.base + self.local.len
    }

    /// Turns the local layer into a shared one and starts an empty one on top.
    pub(crate) fn freeze(&mut self) {
        if self.local.len == 0 && self.changed.is_empty() {
            return;
        }
        let items = std::mem::take(&mut self.local);
        let changed = std::mem::take(&mut self.changed);
        let layer = Layer { base: self.base, items, changed };
        self.base += layer.items.len;
        self.frozen.push(Arc::new(layer));
    }

    /// Begins a layer that [`Arena::drop_layer`] drops again.
    pub(crate) fn push_layer(&mut self) {
        let items = std::mem::take(&mut self.local);
        let layer = Layer { base: self.base, changed: std::mem::take(&mut self.changed), items };
        self.base += layer.items.len;
        self.frozen.push(Arc::new(layer));
    }

    /// Forgets what was added and changed since [`Arena::push_layer`], where nothing was frozen or dropped in between.
    pub(crate) fn drop_layer(&mut self) {
        (self.local, self.changed) = (Chunks::default(), FxHashMap::default());
        let Some(layer) = self.frozen.pop() else { return };
        match Arc::try_unwrap(layer) {
            Ok(layer) => (self.base, self.local, self.changed) = (layer.base, layer.items, layer.changed),
            // Somebody else looks at it: it stays below, as it is.
            Err(layer) => self.frozen.push(layer),
        }
    }

    /// The handles of what lay below the layer at hand and was changed in it.
    pub(crate) fn changed(&self) -> impl Iterator<Item = u32> {
        self.changed.keys().copied()
    }

    /// An element as it was below the layer at hand.
    pub(crate) fn below(&self, id: u32) -> &T {
        Self::find_below(&self.frozen, id)
    }

    /// A new arena on top of the same frozen layers, without what is local here.
    pub(crate) fn fork(&self) -> Self {
        Self { frozen: self.frozen.clone(), base: self.base, local: Chunks::default(), changed: FxHashMap::default() }
    }

    /// How many elements two arenas share: their handles mean the same in both.
    pub(crate) fn shared_len(&self, other: &Self) -> u32 {
        let pairs = self.frozen.iter().zip(&other.frozen).take_while(|(one, other)| Arc::ptr_eq(one, other));
        pairs.last().map_or(0, |(layer, _)| layer.base + layer.items.len)
    }

    fn frozen_item(&self, id: u32) -> &T {
        self.changed.get(&id).unwrap_or_else(|| Self::find_below(&self.frozen, id))
    }

    fn find_below(layers: &[Arc<Layer<T>>], id: u32) -> &T {
        for layer in layers.iter().rev() {
            if id >= layer.base {
                return layer.items.get(id - layer.base);
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
        if id >= self.base { self.local.get(id - self.base) } else { self.frozen_item(id) }
    }
}

impl<T: Clone> IndexMut<u32> for Arena<T> {
    fn index_mut(&mut self, id: u32) -> &mut T {
        if id >= self.base {
            return self.local.get_mut(id - self.base);
        }
        if !self.changed.contains_key(&id) {
            let copy = self.frozen_item(id).clone();
            self.changed.insert(id, copy);
        }
        self.changed.get_mut(&id).expect("inserted above")
    }
}
