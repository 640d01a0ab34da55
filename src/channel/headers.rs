//! The headers of a record: those of its own, and a block that it shares with others.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;

/// A header of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Such as `ce_type` or `content-type`.
    pub name: Cow<'static, str>,
    /// UTF-8, not percent-encoded.
    pub value: Bytes,
}

impl Header {
    /// A header of this name and value.
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl Into<Bytes>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// Headers in order; a name occurs once. Most of an event's attributes are those of all events of its type, so they are
/// made ready once and shared.
#[derive(Clone, Default)]
pub struct Headers {
    own: Vec<Header>,
    shared: Arc<[Header]>,
    bytes: usize,
}

impl Headers {
    /// First `own`, then `shared`.
    #[must_use]
    pub fn new(own: Vec<Header>, shared: Arc<[Header]>) -> Self {
        let bytes = own.iter().chain(&*shared).map(|header| header.name.len() + header.value.len()).sum();
        Self { own, shared, bytes }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Header> + Clone {
        self.own.iter().chain(&*self.shared)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.own.len() + self.shared.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of their names and values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl From<Vec<Header>> for Headers {
    fn from(own: Vec<Header>) -> Self {
        Self::new(own, Arc::default())
    }
}

impl FromIterator<Header> for Headers {
    fn from_iter<I: IntoIterator<Item = Header>>(headers: I) -> Self {
        headers.into_iter().collect::<Vec<_>>().into()
    }
}

/// How they are stored makes no difference.
impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}
