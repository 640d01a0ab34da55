//! Why a command fails.

use cue::Errors;

/// What standard error is told at the end of a command.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Errors of the engine, with their positions.
    Cue(Errors),
    /// A message of its own.
    Message(String),
    /// All is said already.
    Told,
}

impl Failure {
    /// As it is printed.
    pub(crate) fn report(&self) -> String {
        match self {
            Self::Cue(errors) => errors.report(),
            Self::Message(message) => format!("{message}\n"),
            Self::Told => String::new(),
        }
    }

    /// That something is not known to the command.
    pub(crate) fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::Message(format!("not supported yet: {what}"))
    }
}

impl From<Errors> for Failure {
    fn from(errors: Errors) -> Self {
        Self::Cue(errors)
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::Message(message.to_owned())
    }
}
