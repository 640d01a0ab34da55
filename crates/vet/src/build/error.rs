//! Why rules make no program.

use std::fmt;

/// Rules that make no program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A rule is declared and not defined.
    Undefined,
    /// A rule stands for itself, with no struct or list between.
    Endless,
    /// More rules stand in for each other in a row than this limit.
    Chain {
        /// The limit.
        limit: usize,
    },
    /// The alternatives and conditions of one rule are more than this limit.
    Formula {
        /// The limit.
        limit: usize,
    },
    /// A struct has more fields than the limit.
    Fields {
        /// How many it has.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A rule for names holds an island.
    Names,
    /// The relations of a struct look at more members than the limit.
    Related {
        /// How many they look at.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A struct names a field twice.
    FieldTwice(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Undefined => f.write_str("a rule is declared and not defined"),
            BuildError::Endless => f.write_str("a rule stands for itself"),
            BuildError::Chain { limit } => write!(f, "a rule stands for another through more than {limit} steps"),
            BuildError::Formula { limit } => write!(f, "a rule has more than {limit} alternatives and conditions"),
            BuildError::Fields { count, limit } => write!(f, "a struct has {count} fields, the limit is {limit}"),
            BuildError::Names => f.write_str("it cannot be told which names a pattern is for"),
            BuildError::Related { count, limit } => {
                write!(f, "the rules between members of a struct look at {count} of them, the limit is {limit}")
            }
            BuildError::FieldTwice(name) => write!(f, "a struct names the field {name:?} twice"),
        }
    }
}

impl std::error::Error for BuildError {}
