//! What is wrong with descriptions: mistakes with the places where they stand, all reported together.

use std::{fmt, path::Path};

/// What the names of CUE files that are part of the program begin with.
pub(crate) const EMBEDDED: &str = "embedded:";

/// Where something stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file or folder, as the user would name it.
    pub file: String,
    /// Line and column from 1; the column counts bytes. `None` for the file as a whole.
    pub line_column: Option<(u32, u32)>,
}

impl Place {
    /// The file or folder as a whole.
    #[must_use]
    pub fn whole(path: &Path) -> Self {
        Self { file: path.display().to_string(), line_column: None }
    }

    /// A byte offset of a text.
    #[must_use]
    pub fn in_text(path: &Path, text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        Self { file: path.display().to_string(), line_column: Some((line as u32, column as u32)) }
    }
}

impl From<&cue::Position> for Place {
    fn from(position: &cue::Position) -> Self {
        Self { file: position.file.name.clone(), line_column: Some(position.line_column()) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line_column {
            Some((line, column)) => write!(formatter, "{}:{line}:{column}", self.file),
            None => formatter.write_str(&self.file),
        }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Where; further places that take part in it follow the first.
    pub places: Vec<Place>,
}

impl Problem {
    /// A mistake at one place.
    #[must_use]
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { message: message.into(), places: vec![place] }
    }

    /// Names a further place that takes part in the mistake.
    #[must_use]
    pub fn and(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    /// Names the place that refers to the file of the mistake; it comes first where the mistake has no place by itself.
    #[must_use]
    pub fn referred_from(mut self, place: Place) -> Self {
        match self.places.first_mut() {
            Some(first) if first.line_column.is_none() => {
                self.message = format!("{}: {}", first.file, self.message);
                *first = place;
                self
            }
            _ => self.and(place),
        }
    }

    /// The mistakes that the CUE engine reports; `fallback` is for those that have no position.
    ///
    /// Positions in what is embedded are left out where there are others: what is embedded is right. So is
    /// the line that counts the alternatives that failed, before the line for each.
    #[must_use]
    pub fn of_cue(errors: cue::Errors, fallback: &Place) -> Vec<Self> {
        let is_summary = |error: &cue::Error| error.rule == cue::Rule::Disjunction && error.primary.is_none();
        let several = errors.iter().any(|error| !is_summary(error));
        let told = errors.into_iter().filter(|error| !several || !is_summary(error));
        let problem = |error: cue::Error| {
            let all = error.printed_positions().into_iter();
            let mut places: Vec<Place> =
                all.filter(|one| !one.file.name.starts_with(EMBEDDED)).map(Place::from).collect();
            if places.is_empty() {
                places.push(fallback.clone());
            }
            Self { message: error.to_string(), places }
        };
        let mut problems: Vec<Self> = told.map(problem).collect();
        problems.sort_by(|a, b| a.places.cmp(&b.places));
        problems
    }
}

impl fmt::Display for Problem {
    /// `file:line:column: message`, as compilers print it, then a line for each further place.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut places = self.places.iter();
        if let Some(first) = places.next() {
            write!(formatter, "{first}: ")?;
        }
        formatter.write_str(&self.message)?;
        places.try_for_each(|place| write!(formatter, "\n    {place}"))
    }
}

/// Why descriptions can't be served: at least one mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    /// One after the other, and at the end how many there are.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(formatter, "{problem}")?;
        }
        let count = self.0.len();
        write!(formatter, "{count} mistake{} found", if count == 1 { "" } else { "s" })
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}
