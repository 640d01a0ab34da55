//! Counting, and showing what failed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Passed and total.
#[derive(Clone, Copy, Default)]
struct Count {
    passed: usize,
    total: usize,
}

/// What was counted, by group (such as `eval stage`) and name (such as `S3`).
#[derive(Default)]
pub(crate) struct Report {
    counts: BTreeMap<(String, String), Count>,
    panics: Vec<String>,
    given_up: Vec<String>,
}

impl Report {
    pub(crate) fn count(&mut self, group: &str, name: &str, passed: bool) {
        let count = self.counts.entry((group.to_owned(), name.to_owned())).or_default();
        count.total += 1;
        count.passed += usize::from(passed);
    }

    pub(crate) fn panicked(&mut self, case: &str) {
        self.panics.push(case.to_owned());
    }

    /// An archive took too long.
    pub(crate) fn gave_up(&mut self, archive: &str) {
        self.given_up.push(archive.to_owned());
    }

    pub(crate) fn print(&self) {
        let mut group = "";
        for ((name_of_group, name), count) in &self.counts {
            if group != name_of_group {
                println!("{name_of_group}");
                group = name_of_group;
            }
            let percent = 100.0 * count.passed as f64 / count.total as f64;
            println!("  {name:<24} {:>5} / {:>5}  {percent:5.1} %", count.passed, count.total);
        }
        println!("panics {}", self.panics.len());
        self.panics.iter().for_each(|case| println!("  {case}"));
        println!("given up {}", self.given_up.len());
        self.given_up.iter().for_each(|archive| println!("  {archive}"));
    }

    /// The counts, one a line: group, name and passed, separated by tabs.
    pub(crate) fn minimum(&self) -> String {
        let mut out = String::new();
        for ((group, name), count) in &self.counts {
            writeln!(out, "{group}\t{name}\t{}", count.passed).expect("a string takes any text");
        }
        out
    }

    /// The counts as a table of Markdown.
    pub(crate) fn table(&self) -> String {
        let mut out = String::from("| group | cases | passed | of | |\n|---|---|---:|---:|---:|\n");
        for ((group, name), count) in &self.counts {
            let percent = 100.0 * count.passed as f64 / count.total as f64;
            writeln!(out, "| {group} | {name} | {} | {} | {percent:.1} % |", count.passed, count.total)
                .expect("a string takes any text");
        }
        out
    }

    /// Whether every count of the file is reached; those that are not are shown.
    pub(crate) fn reaches(&self, minimum: &str) -> Result<bool, String> {
        let mut reached = true;
        for line in minimum.lines() {
            let parts: Vec<&str> = line.split('\t').collect();
            let [group, name, passed] = parts[..] else { return Err(format!("no count: {line}")) };
            let wanted: usize = passed.parse().map_err(|_| format!("no count: {line}"))?;
            let found = self.counts.get(&(group.to_owned(), name.to_owned())).map_or(0, |count| count.passed);
            if found < wanted {
                println!("below the minimum: {group} {name}: {found} of {wanted}");
                reached = false;
            }
        }
        Ok(reached)
    }
}

/// Puts a table between the marks of a text.
pub(crate) fn with_table(text: &str, table: &str) -> Result<String, String> {
    let (start, end) = ("<!-- table -->\n", "<!-- end of table -->");
    let (before, rest) = text.split_once(start).ok_or("the file has no mark for the table")?;
    let (_, after) = rest.split_once(end).ok_or("the file has no mark for the end of the table")?;
    Ok(format!("{before}{start}\n{table}\n{end}{after}"))
}
