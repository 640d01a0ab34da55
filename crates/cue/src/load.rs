//! Where packages come from.
//!
//! The crate reads nothing by itself: whoever embeds it offers files through [`Source`].

use std::sync::Arc;

use crate::syntax::pos::SourceFile;

/// A tree of folders with CUE files.
pub trait Source {
    /// The files of a folder that end in `.cue`, sorted by name; `None` if there is no such folder. Folders are
    /// named relative to the module's root, with `/`, the root itself is empty.
    ///
    /// # Errors
    /// What went wrong while reading, as a message.
    fn cue_files(&self, folder: &str) -> Result<Option<Vec<Arc<SourceFile>>>, String>;

    /// The text of one file such as `cue.mod/module.cue`, if it exists.
    ///
    /// # Errors
    /// What went wrong while reading, as a message.
    fn file(&self, path: &str) -> Result<Option<Arc<SourceFile>>, String>;
}
