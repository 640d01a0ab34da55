//! Replacing matches, with templates such as `$1-${name}`.

use std::ops::Range;

use super::{Match, Regexp};

impl Regexp {
    /// Replaces all matches by the template, in which `$1`, `$name` and `${name}` stand for groups and `$$` for a
    /// dollar. A name is as long as possible; unknown groups are empty. None if the result is longer than `bytes_max`.
    #[must_use]
    pub fn replace_all(&self, text: &str, template: &str, bytes_max: usize) -> Option<String> {
        self.replace_with(text, bytes_max, |out, found| self.expand(out, template, text, found))
    }

    /// Replaces all matches by a text as it stands. None if the result is longer than `bytes_max`.
    #[must_use]
    pub fn replace_all_literal(&self, text: &str, replacement: &str, bytes_max: usize) -> Option<String> {
        self.replace_with(text, bytes_max, |out, _| out.push_str(replacement))
    }

    fn replace_with(
        &self,
        text: &str,
        bytes_max: usize,
        mut append: impl FnMut(&mut String, &Match),
    ) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut kept = 0;
        for found in self.find_all(text, -1) {
            let Some(whole) = found.first().cloned().flatten() else { continue };
            out.push_str(&text[kept..whole.start]);
            append(&mut out, &found);
            kept = whole.end;
            if out.len() > bytes_max {
                return None;
            }
        }
        out.push_str(&text[kept..]);
        Some(out).filter(|out| out.len() <= bytes_max)
    }

    fn expand(&self, out: &mut String, template: &str, text: &str, found: &Match) {
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                out.push('$');
                rest = after;
            } else if let Some((name, after)) = group_name(after) {
                let range = self.group(name, found);
                out.push_str(range.map_or("", |range| &text[range]));
                rest = after;
            } else {
                out.push('$');
                rest = after;
            }
        }
        out.push_str(rest);
    }

    /// What a group matched, by its number or name; of several of the same name, the first that took part.
    fn group(&self, name: &str, found: &Match) -> Option<Range<usize>> {
        if name.bytes().all(|byte| byte.is_ascii_digit()) && (name.len() == 1 || !name.starts_with('0')) {
            return found.get(name.parse::<usize>().ok()?)?.clone();
        }
        let mut groups = self.names.iter().zip(&found[1..]);
        groups.find_map(|(known, range)| range.clone().filter(|_| known == name))
    }
}

/// Splits `name...` or `{name}...`; `None` if there is no name.
fn group_name(text: &str) -> Option<(&str, &str)> {
    let braced = text.strip_prefix('{');
    let inside = braced.unwrap_or(text);
    let end = inside.find(|char: char| char != '_' && !char.is_alphanumeric()).unwrap_or(inside.len());
    let (name, rest) = inside.split_at(end);
    if name.is_empty() {
        return None;
    }
    match braced {
        Some(_) => Some((name, rest.strip_prefix('}')?)),
        None => Some((name, rest)),
    }
}
