//! Package `path`: names of files as Unix, Windows and Plan 9 write them. No file system is looked at.

use super::args::{LIST, STRING, fail, function, list_of, text, texts};
use crate::{
    call::{Datum, Failure, Package, Param},
    kind::Kind,
};

pub(super) static PACKAGE: Package = Package {
    path: "path",
    constants: &[("Unix", "\"unix\""), ("Windows", "\"windows\""), ("Plan9", "\"plan9\"")],
    functions: &[
        function("Split", &[STRING, UNIX], Kind::LIST, |_, args| {
            let (path, system) = (text(args, 0)?, system(args, 1, "Split")?);
            let (folder, file) = path.split_at(system.last_element(path));
            Ok(list_of([folder, file]))
        }),
        function("SplitList", &[STRING, SYSTEM], Kind::LIST, |_, args| {
            Ok(list_of(system(args, 1, "SplitList")?.list(text(args, 0)?)))
        }),
        function("Join", &[LIST, UNIX], Kind::STRING, |_, args| {
            Ok(system(args, 1, "Join")?.join(&texts(args, 0)?).into())
        }),
        function("Match", &[STRING, STRING, UNIX], Kind::BOOL, |_, args| {
            Ok(system(args, 2, "Match")?.matches(text(args, 0)?, text(args, 1)?)?.into())
        }),
        function("Clean", &[STRING, UNIX], Kind::STRING, |_, args| {
            Ok(system(args, 1, "Clean")?.clean(text(args, 0)?).into())
        }),
        function("ToSlash", &[STRING, SYSTEM], Kind::STRING, |_, args| {
            Ok(text(args, 0)?.replace(system(args, 1, "ToSlash")?.separator(), "/").into())
        }),
        function("FromSlash", &[STRING, SYSTEM], Kind::STRING, |_, args| {
            Ok(system(args, 1, "FromSlash")?.with_separators(text(args, 0)?).into())
        }),
        function("Ext", &[STRING, UNIX], Kind::STRING, |_, args| {
            let (path, system) = (text(args, 0)?, system(args, 1, "Ext")?);
            let file = &path[path.rfind(|char| system.separates(char)).map_or(0, |at| at + 1)..];
            Ok(file.rfind('.').map_or("", |at| &file[at..]).into())
        }),
        function("Resolve", &[STRING, STRING, UNIX], Kind::STRING, |_, args| {
            let (folder, path, system) = (text(args, 0)?, text(args, 1)?, system(args, 2, "Resolve")?);
            Ok(if system.is_absolute(path) { system.clean(path) } else { system.join(&[&system.clean(folder), path]) }
                .into())
        }),
        function("Rel", &[STRING, STRING, UNIX], Kind::STRING, |_, args| {
            let (base, target) = (text(args, 0)?, text(args, 1)?);
            match system(args, 2, "Rel")?.relative(base, target) {
                Some(path) => Ok(path.into()),
                None => fail(format!("Rel: can't make {target} relative to {base}")),
            }
        }),
        function("Base", &[STRING, UNIX], Kind::STRING, |_, args| {
            Ok(system(args, 1, "Base")?.base(text(args, 0)?).into())
        }),
        function("Dir", &[STRING, UNIX], Kind::STRING, |_, args| {
            Ok(system(args, 1, "Dir")?.folder(text(args, 0)?).into())
        }),
        function("IsAbs", &[STRING, UNIX], Kind::BOOL, |_, args| {
            Ok(system(args, 1, "IsAbs")?.is_absolute(text(args, 0)?).into())
        }),
        function("VolumeName", &[STRING, WINDOWS], Kind::STRING, |_, args| {
            let (path, system) = (text(args, 0)?, system(args, 1, "VolumeName")?);
            Ok(path[..system.volume_length(path)].into())
        }),
    ],
};

/// An operating system that must be given.
const SYSTEM: Param = STRING;
const UNIX: Param = Param { default: Some("unix"), ..STRING };
const WINDOWS: Param = Param { default: Some("windows"), ..STRING };

/// All names of operating systems, the default first; those without rules of their own are Unix.
const NAMES: &[&str] = &[
    "unix",
    "windows",
    "plan9",
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "solaris",
    "zos",
];

fn system(args: &[Datum], at: usize, function: &str) -> Result<System, Failure> {
    let name = text(args, at)?;
    match name {
        "windows" => Ok(System::Windows),
        "plan9" => Ok(System::Plan9),
        _ if NAMES.contains(&name) => Ok(System::Unix),
        _ => {
            let names: Vec<_> = NAMES.iter().map(|name| format!("{name:?}")).collect();
            let (names, place) = (names.join(" | "), at + 1);
            let message = format!("cannot use {} as *{names} in argument {place} to path.{function}", args[at]);
            Err(Failure { bare: true, ..Failure::new(message) })
        }
    }
}

/// The rules of an operating system.
#[derive(Clone, Copy, PartialEq, Eq)]
enum System {
    Unix,
    Windows,
    Plan9,
}

impl System {
    fn separator(self) -> char {
        if self == Self::Windows { '\\' } else { '/' }
    }

    fn separates(self, char: char) -> bool {
        char == '/' || self == Self::Windows && char == '\\'
    }

    fn with_separators(self, path: &str) -> String {
        path.replace('/', self.separator().encode_utf8(&mut [0; 4]))
    }

    /// The elements of a search path.
    fn list(self, path: &str) -> Vec<String> {
        if path.is_empty() {
            return Vec::new();
        }
        match self {
            Self::Unix => path.split(':').map(str::to_owned).collect(),
            Self::Plan9 => path.split('\0').map(str::to_owned).collect(),
            Self::Windows => {
                let mut quoted = false;
                let ends = |char| {
                    quoted ^= char == '"';
                    char == ';' && !quoted
                };
                path.split(ends).map(|element| element.replace('"', "")).collect()
            }
        }
    }

    /// The bytes of the drive, or of server and share, that a path of Windows begins with.
    fn volume_length(self, path: &str) -> usize {
        let bytes = path.as_bytes();
        let slash = |at: usize| matches!(bytes.get(at), Some(b'/' | b'\\'));
        match bytes {
            _ if self != Self::Windows => 0,
            [drive, b':', ..] if drive.is_ascii_alphabetic() => 2,
            [_, _, first, ..] if bytes.len() >= 5 && slash(0) && slash(1) && !slash(2) && *first != b'.' => {
                let Some(share) = (3..bytes.len() - 1).find(|at| slash(*at)).map(|at| at + 1) else { return 0 };
                if slash(share) || bytes[share] == b'.' {
                    return 0;
                }
                (share..bytes.len()).find(|at| slash(*at)).unwrap_or(bytes.len())
            }
            _ => 0,
        }
    }

    fn is_absolute(self, path: &str) -> bool {
        match self {
            Self::Unix => path.starts_with('/'),
            Self::Plan9 => path.starts_with(['/', '#']),
            Self::Windows => {
                let volume = self.volume_length(path);
                is_reserved(path) || volume > 0 && path[volume..].starts_with(['/', '\\'])
            }
        }
    }

    /// Where the last element begins.
    fn last_element(self, path: &str) -> usize {
        let volume = self.volume_length(path);
        path[volume..].rfind(|char| self.separates(char)).map_or(volume, |at| volume + at + 1)
    }

    /// The shortest path that means the same.
    fn clean(self, path: &str) -> String {
        let (volume, rest) = path.split_at(self.volume_length(path));
        if rest.is_empty() {
            let is_share = volume.len() > 1 && !volume[1..].starts_with(':');
            return if is_share { self.with_separators(volume) } else { format!("{volume}.") };
        }
        let rooted = rest.starts_with(|char| self.separates(char));
        let mut elements: Vec<&str> = Vec::new();
        for element in rest.split(|char| self.separates(char)) {
            match element {
                "" | "." => {}
                ".." if elements.last().is_some_and(|last| *last != "..") => {
                    elements.pop();
                }
                ".." if rooted => {}
                _ => elements.push(element),
            }
        }
        let separator = self.separator().to_string();
        let root = if rooted { separator.as_str() } else { "" };
        let cleaned = format!("{}{root}{}", self.with_separators(volume), elements.join(&separator));
        if elements.is_empty() && !rooted { cleaned + "." } else { cleaned }
    }

    fn join(self, elements: &[&str]) -> String {
        let Some(first) = elements.iter().position(|element| !element.is_empty()) else { return String::new() };
        let elements = &elements[first..];
        let separator = self.separator().to_string();
        if self != Self::Windows {
            return self.clean(&elements.join(&separator));
        }
        let is_drive = elements[0].len() == 2 && elements[0].ends_with(':');
        if is_drive {
            // The path stays relative to the current folder of the drive.
            let rest =
                elements[1..].iter().position(|element| !element.is_empty()).map_or(&[][..], |at| &elements[at + 1..]);
            return self.clean(&format!("{}{}", elements[0], rest.join(&separator)));
        }
        let joined = self.clean(&elements.join(&separator));
        let head = self.clean(elements[0]);
        if self.volume_length(&joined) <= 2 || self.volume_length(&head) > 2 {
            return joined;
        }
        // What did not name a share must not become one.
        let tail = self.clean(&elements[1..].join(&separator));
        if head.ends_with('\\') { head + &tail } else { format!("{head}\\{tail}") }
    }

    fn base(self, path: &str) -> String {
        if path.is_empty() {
            return ".".to_owned();
        }
        let path = path.trim_end_matches(|char| self.separates(char));
        let path = &path[self.volume_length(path)..];
        let name = &path[path.rfind(|char| self.separates(char)).map_or(0, |at| at + 1)..];
        if name.is_empty() { self.separator().to_string() } else { name.to_owned() }
    }

    fn folder(self, path: &str) -> String {
        let volume = &path[..self.volume_length(path)];
        let folder = self.clean(&path[volume.len()..self.last_element(path)]);
        if folder == "." && volume.len() > 2 { volume.to_owned() } else { format!("{volume}{folder}") }
    }

    fn same(self, left: &str, right: &str) -> bool {
        left == right || self == Self::Windows && left.to_lowercase() == right.to_lowercase()
    }

    /// The path from a folder to a target; `None` if only the file system could tell.
    fn relative(self, base: &str, target: &str) -> Option<String> {
        let (cleaned_base, cleaned_target) = (self.clean(base), self.clean(target));
        if self.same(&cleaned_base, &cleaned_target) {
            return Some(".".to_owned());
        }
        let (base_volume, target_volume) = (self.volume_length(base), self.volume_length(target));
        let (base_path, target_path) = (&cleaned_base[base_volume..], &cleaned_target[target_volume..]);
        let base_path = if base_path == "." { "" } else { base_path };
        let rooted = |path: &str| path.starts_with(self.separator());
        let volumes = (self.with_separators(&base[..base_volume]), self.with_separators(&target[..target_volume]));
        if rooted(base_path) != rooted(target_path) || !self.same(&volumes.0, &volumes.1) {
            return None;
        }
        let elements = |path: &'_ str| -> Vec<String> {
            path.split(self.separator()).filter(|element| !element.is_empty()).map(str::to_owned).collect()
        };
        let (base, target) = (elements(base_path), elements(target_path));
        let common = base.iter().zip(&target).take_while(|(left, right)| self.same(left, right)).count();
        if base.get(common).is_some_and(|element| element == "..") {
            return None;
        }
        let up = base[common..].iter().map(|_| "..");
        let path: Vec<_> = up.chain(target[common..].iter().map(String::as_str)).collect();
        Some(path.join(&self.separator().to_string()))
    }

    /// Whether a shell pattern matches the whole name. A pattern is taken in chunks, each behind its `*`.
    fn matches(self, mut pattern: &str, mut name: &str) -> Result<bool, Failure> {
        while !pattern.is_empty() {
            let (star, chunk, rest) = self.chunk(pattern)?;
            pattern = rest;
            if star && chunk.is_empty() {
                return Ok(!name.contains(self.separator()));
            }
            let Some(behind) = self.place(star, chunk, name, pattern.is_empty())? else {
                while !pattern.is_empty() {
                    pattern = self.chunk(pattern)?.2;
                }
                return Ok(false);
            };
            name = behind;
        }
        Ok(name.is_empty())
    }

    /// What is left of the name behind the first place where a chunk matches; the last chunk must reach the end.
    fn place<'n>(self, star: bool, chunk: &str, name: &'n str, last: bool) -> Result<Option<&'n str>, Failure> {
        let mut from = name;
        loop {
            if let Some(behind) = self.match_chunk(chunk, from)?
                && (behind.is_empty() || !last)
            {
                return Ok(Some(behind));
            }
            let mut chars = from.chars();
            match chars.next() {
                Some(skipped) if star && skipped != self.separator() => from = chars.as_str(),
                _ => return Ok(None),
            }
        }
    }

    /// A leading star, the text up to the next one, and the rest.
    fn chunk(self, pattern: &str) -> Result<(bool, &str, &str), Failure> {
        let (star, body) = match pattern.strip_prefix('*') {
            Some(body) if body.starts_with('*') => return fail("'**' is not supported in patterns as of yet"),
            Some(body) => (true, body),
            None => (false, pattern),
        };
        let (mut in_class, mut escaped) = (false, false);
        for (at, char) in body.char_indices() {
            match char {
                _ if escaped => escaped = false,
                '\\' => escaped = self != Self::Windows,
                '[' => in_class = true,
                ']' => in_class = false,
                '*' if !in_class => return Ok((star, &body[..at], &body[at..])),
                _ => {}
            }
        }
        Ok((star, body, ""))
    }

    /// What is left of the name behind a chunk that matches its beginning. The whole chunk must be well-formed.
    fn match_chunk<'n>(self, chunk: &str, name: &'n str) -> Result<Option<&'n str>, Failure> {
        let (mut pattern, mut name) = (chunk.chars(), name.chars());
        let mut failed = false;
        while let Some(first) = pattern.next() {
            let found = if failed { None } else { name.next() };
            let fits = match first {
                '[' => self.class(&mut pattern, found)?,
                '?' => found.is_some_and(|found| found != self.separator()),
                '\\' if self != Self::Windows => {
                    let wanted = pattern.next().ok_or_else(bad_pattern)?;
                    found == Some(wanted)
                }
                wanted => found == Some(wanted),
            };
            failed |= !fits || found.is_none();
        }
        Ok((!failed).then_some(name.as_str()))
    }

    /// Whether a character is in the class whose text follows.
    fn class(self, pattern: &mut std::str::Chars<'_>, found: Option<char>) -> Result<bool, Failure> {
        let negated = pattern.as_str().starts_with('^');
        if negated {
            pattern.next();
        }
        let mut member = false;
        let mut ranges = 0;
        loop {
            if ranges > 0 && pattern.as_str().starts_with(']') {
                pattern.next();
                return Ok(member != negated);
            }
            let low = self.class_char(pattern)?;
            let mut high = low;
            if pattern.as_str().starts_with('-') {
                pattern.next();
                high = self.class_char(pattern)?;
            }
            member |= found.is_some_and(|found| low <= found && found <= high);
            ranges += 1;
        }
    }

    fn class_char(self, pattern: &mut std::str::Chars<'_>) -> Result<char, Failure> {
        let char = match pattern.next() {
            None | Some('-' | ']') => return Err(bad_pattern()),
            Some('\\') if self != Self::Windows => pattern.next().ok_or_else(bad_pattern)?,
            Some(char) => char,
        };
        // A class that does not end is no class.
        if pattern.as_str().is_empty() { Err(bad_pattern()) } else { Ok(char) }
    }
}

fn bad_pattern() -> Failure {
    Failure::new("syntax error in pattern")
}

/// Names of devices, which stand for themselves in any folder.
fn is_reserved(path: &str) -> bool {
    let upper = path.to_ascii_uppercase();
    let numbered = upper.strip_prefix("COM").or_else(|| upper.strip_prefix("LPT"));
    matches!(upper.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || matches!(numbered.map(str::as_bytes), Some([b'1'..=b'9']))
}
