//! The differences of two texts, line by line, in the unified form.

/// Lines around a difference that are shown.
const CONTEXT: usize = 3;
/// Up to this many comparisons are made; texts that need more are shown as replaced.
const COMPARISONS_MAX: usize = 4_000_000;

/// A line of the old text, of the new one, or of both.
#[derive(Clone, Copy, PartialEq)]
enum Line<'a> {
    Kept(&'a str),
    Removed(&'a str),
    Added(&'a str),
}

/// The differences under a head that names both texts; nothing if they are equal.
pub(crate) fn unified(old_name: &str, old: &str, new_name: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let lines = compare(&old, &new);
    let mut out = format!("diff {old_name} {new_name}\n--- {old_name}\n+++ {new_name}\n");
    let mut at = 0;
    while let Some(first) = next_change(&lines, at) {
        let start = first.saturating_sub(CONTEXT).max(at);
        let mut end = first;
        while let Some(next) = next_change(&lines, end).filter(|next| *next <= end + 2 * CONTEXT) {
            end = next + 1;
        }
        at = (end + CONTEXT).min(lines.len());
        hunk(&lines, start, at, &mut out);
    }
    out
}

fn next_change(lines: &[Line<'_>], from: usize) -> Option<usize> {
    (from..lines.len()).find(|index| !matches!(lines[*index], Line::Kept(_)))
}

fn hunk(lines: &[Line<'_>], start: usize, end: usize, out: &mut String) {
    let count = |lines: &[Line<'_>], skipped: fn(&Line<'_>) -> bool| lines.iter().filter(|line| !skipped(line)).count();
    let is_added = |line: &Line<'_>| matches!(line, Line::Added(_));
    let is_removed = |line: &Line<'_>| matches!(line, Line::Removed(_));
    let (before, inside) = (&lines[..start], &lines[start..end]);
    let place = |skipped: fn(&Line<'_>) -> bool| {
        let length = count(inside, skipped);
        (count(before, skipped) + usize::from(length > 0), length)
    };
    let ((old, old_count), (new, new_count)) = (place(is_added), place(is_removed));
    out.push_str(&format!("@@ -{old},{old_count} +{new},{new_count} @@\n"));
    for line in inside {
        let (mark, text) = match line {
            Line::Kept(text) => (' ', text),
            Line::Removed(text) => ('-', text),
            Line::Added(text) => ('+', text),
        };
        out.push(mark);
        out.push_str(text);
        if !text.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// The shortest way from one text to the other that keeps the most lines.
fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[same..], &new[same..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, new_middle) = (&old_rest[..old_rest.len() - tail], &new_rest[..new_rest.len() - tail]);
    let mut lines: Vec<Line<'a>> = old[..same].iter().map(|line| Line::Kept(line)).collect();
    middle(old_middle, new_middle, &mut lines);
    lines.extend(old[old.len() - tail..].iter().map(|line| Line::Kept(line)));
    lines
}

fn middle<'a>(old: &[&'a str], new: &[&'a str], lines: &mut Vec<Line<'a>>) {
    if old.len().saturating_mul(new.len()) > COMPARISONS_MAX {
        lines.extend(old.iter().map(|line| Line::Removed(line)));
        lines.extend(new.iter().map(|line| Line::Added(line)));
        return;
    }
    // `kept[i][j]`: how many lines `old[i..]` and `new[j..]` have in common.
    let width = new.len() + 1;
    let mut kept = vec![0u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            kept[i * width + j] = if old[i] == new[j] {
                kept[(i + 1) * width + j + 1] + 1
            } else {
                kept[(i + 1) * width + j].max(kept[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Kept(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || i < old.len() && kept[(i + 1) * width + j] >= kept[i * width + j + 1] {
            lines.push(Line::Removed(old[i]));
            i += 1;
        } else {
            lines.push(Line::Added(new[j]));
            j += 1;
        }
    }
}
