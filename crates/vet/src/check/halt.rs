//! How a check ends early: at a broken rule, whose path is collected on the way out, or at a malformed place.

use crate::verdict::{Broken, Malformed, Violation};

/// Why a check ends early. One pointer wide, because every function on the way returns it.
pub(crate) struct Halt(pub(super) Box<Stop>);

pub(crate) type Flow<T = ()> = Result<T, Halt>;

pub(super) enum Stop {
    Malformed(Malformed),
    Broken(Break),
}

/// A violation whose path is still being collected, innermost step first.
pub(super) struct Break {
    offset: usize,
    broken: Broken,
    path: Vec<String>,
}

impl Break {
    pub(super) fn finish(self) -> Violation {
        let escape = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
        Violation { offset: self.offset, pointer: self.path.iter().rev().map(escape).collect(), broken: self.broken }
    }
}

impl From<Box<Malformed>> for Halt {
    #[cold]
    fn from(malformed: Box<Malformed>) -> Halt {
        Halt(Box::new(Stop::Malformed(*malformed)))
    }
}

impl Halt {
    #[cold]
    #[inline(never)]
    pub(crate) fn broken(offset: usize, broken: Broken) -> Halt {
        Halt(Box::new(Stop::Broken(Break { offset, broken, path: Vec::new() })))
    }

    /// The same, one step further out.
    #[cold]
    #[inline(never)]
    pub(super) fn within(mut self, step: String) -> Halt {
        if let Stop::Broken(Break { path, .. }) = &mut *self.0 {
            path.push(step);
        }
        self
    }
}
