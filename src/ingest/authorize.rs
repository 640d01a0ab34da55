//! Who sends, and whether they may.

use std::sync::Arc;

use super::{body::Draft, refusal::Refusal, serving::Stream};

/// Who sends: a value that a request carries from the edge on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// Nobody asked. Whoever reaches the gateway may write every type that it serves.
    #[default]
    Anonymous,
}

impl Identity {
    fn may_write(&self, _stream: &Stream) -> bool {
        match self {
            Self::Anonymous => true,
        }
    }
}

/// A draft of a type that is served, from a sender who may write it.
pub(super) struct Permitted {
    pub(super) draft: Draft,
    pub(super) stream: Arc<Stream>,
}

/// Asks whether the sender may write events of this type, if it is one that is served.
pub(super) fn permit(draft: Draft, stream: Option<&Arc<Stream>>, identity: &Identity) -> Result<Permitted, Refusal> {
    let stream = stream.ok_or_else(|| Refusal::UnknownType(draft.kind().to_owned()))?;
    if !identity.may_write(stream) {
        return Err(Refusal::Forbidden(draft.kind().to_owned()));
    }
    Ok(Permitted { stream: Arc::clone(stream), draft })
}
