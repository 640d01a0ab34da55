//! Bounds on what a text from outside may cost.
//!
//! Every bound has a name, and going over it gives an error that tells name and value. Nothing is cut off silently.

/// The bounds of compilation and evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one source file or data document.
    pub source_bytes_max: usize,
    /// Files of one load, with those of imported packages.
    pub files_max: usize,
    /// Elements, structs and fields inside each other.
    pub depth_max: u32,
    /// Steps of one evaluation: conjuncts unified and expressions evaluated.
    pub steps_max: u64,
    /// Alternatives tried in one evaluation.
    pub disjuncts_max: u64,
    /// Bytes that one compiled regular expression may take.
    pub regexp_bytes_max: usize,
    /// Errors kept in one answer.
    pub errors_max: usize,
}

impl Limits {
    /// For whoever works on projects of their own and can break off a command: as the default, with room for the
    /// evaluation of dozens of megabytes.
    #[must_use]
    pub fn of_projects() -> Self {
        Self { steps_max: 200_000_000, disjuncts_max: 20_000_000, ..Self::default() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source_bytes_max: 64 << 20,
            files_max: 20_000,
            depth_max: 10_000,
            steps_max: 10_000_000,
            disjuncts_max: 100_000,
            regexp_bytes_max: 10 << 20,
            errors_max: 1_000,
        }
    }
}
