//! Counting what was judged.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Passed and total, by group (such as `docs bytes`) and command.
#[derive(Default)]
pub(crate) struct Counts {
    counts: BTreeMap<(String, String), (usize, usize)>,
    lost: Vec<String>,
}

impl Counts {
    pub(crate) fn add(&mut self, group: &str, verb: &str, passed: bool) {
        for name in [verb, "all"] {
            let count = self.counts.entry((group.to_owned(), name.to_owned())).or_default();
            count.0 += usize::from(passed);
            count.1 += 1;
        }
    }

    /// A command that panicked or took too long.
    pub(crate) fn lost(&mut self, case: &str, why: &str) {
        self.lost.push(format!("{case}: {why}"));
    }

    pub(crate) fn print(&self) {
        let mut group = "";
        for ((name_of_group, name), (passed, total)) in &self.counts {
            if group != name_of_group {
                println!("{name_of_group}");
                group = name_of_group;
            }
            let percent = 100.0 * *passed as f64 / *total as f64;
            println!("  {name:<12} {passed:>5} / {total:>5}  {percent:5.1} %");
        }
        println!("lost {}", self.lost.len());
        self.lost.iter().for_each(|case| println!("  {case}"));
    }

    /// The counts, one a line: group, name and passed, separated by tabs.
    pub(crate) fn minimum(&self) -> String {
        let mut out = String::new();
        for ((group, name), (passed, _)) in &self.counts {
            writeln!(out, "{group}\t{name}\t{passed}").expect("a string takes any text");
        }
        out
    }

    /// Whether every count of the file is reached; those that are not are shown.
    pub(crate) fn reaches(&self, minimum: &str) -> Result<bool, String> {
        let mut reached = true;
        for line in minimum.lines() {
            let parts: Vec<&str> = line.split('\t').collect();
            let [group, name, wanted] = parts[..] else { return Err(format!("no count: {line}")) };
            let wanted: usize = wanted.parse().map_err(|_| format!("no count: {line}"))?;
            let found = self.counts.get(&(group.to_owned(), name.to_owned())).map_or(0, |(passed, _)| *passed);
            if found < wanted {
                println!("below the minimum: {group} {name}: {found} of {wanted}");
                reached = false;
            }
        }
        Ok(reached)
    }
}
