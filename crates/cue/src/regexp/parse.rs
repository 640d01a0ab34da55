//! The parser of Go's regular expression syntax.
//!
//! It keeps its own stack of open groups, so that nesting costs no machine stack.

use regex_syntax::hir::{Capture, Class, ClassUnicode, Hir, Look, Repetition};

use super::{Fault, RegexpError, class};

/// The largest count in braces, also of counts inside each other multiplied.
pub const REPEAT_MAX: u32 = 1000;

/// The most groups and operators inside each other.
pub const NESTING_MAX: u32 = 1000;

/// The most ranges that the classes of a pattern may have together (`\pL` has some 650).
pub const CLASS_RANGES_MAX: usize = 1 << 20;

/// A parsed pattern.
pub(super) struct Parsed {
    pub(super) hir: Hir,
    /// Names of the groups from number 1 on; empty for those without.
    pub(super) names: Vec<String>,
    /// Levels of groups and operators.
    pub(super) height: u32,
}

/// What `(?imsU)` switches.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) fold_case: bool,
    multi_line: bool,
    dot_matches_newline: bool,
    swap_greed: bool,
}

/// A part of the pattern with what the limits need to know.
struct Node {
    hir: Hir,
    /// Levels of groups and operators.
    height: u32,
    /// Product of the counts inside each other.
    repeats: u64,
}

/// An open group, or the pattern as a whole.
#[derive(Default)]
struct Frame {
    /// The flags to return to after it.
    flags: Flags,
    /// The number of a capturing group.
    capture: Option<u32>,
    alternatives: Vec<Node>,
    sequence: Vec<Node>,
}

pub(super) struct Parser<'a> {
    pattern: &'a str,
    at: usize,
    flags: Flags,
    /// The innermost open group is the last; the first is the whole pattern.
    frames: Vec<Frame>,
    names: Vec<String>,
    ranges: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(pattern: &'a str) -> Self {
        let frames = vec![Frame::default()];
        Self { pattern, at: 0, flags: Flags::default(), frames, names: Vec::new(), ranges: 0 }
    }

    pub(super) fn parse(mut self) -> Result<Parsed, RegexpError> {
        // Where the repetition operator before the current one begins, if nothing stands between them.
        let mut last_repeat = None;
        while let Some(char) = self.rest().chars().next() {
            let start = self.at;
            let repeated = match char {
                '*' | '+' | '?' => {
                    self.at += 1;
                    self.repeat(start, bounds(char), last_repeat, false)?
                }
                '{' => match self.counts()? {
                    Some(bounds) => self.repeat(start, bounds, last_repeat, true)?,
                    None => self.literal_char(char)?,
                },
                _ => self.element(char)?,
            };
            last_repeat = repeated.then_some(start);
        }
        self.finish()
    }

    fn finish(mut self) -> Result<Parsed, RegexpError> {
        let node = self.frame_node()?;
        if self.frames.len() > 1 {
            return Err(self.whole(Fault::MissingParenthesis));
        }
        Ok(Parsed { hir: node.hir, names: self.names, height: node.height })
    }

    /// Anything but a repetition operator.
    fn element(&mut self, char: char) -> Result<bool, RegexpError> {
        match char {
            '(' if self.rest().starts_with("(?") => self.special_group()?,
            '(' => {
                self.at += 1;
                self.open_capture(String::new());
            }
            ')' => self.close()?,
            '|' => {
                self.at += 1;
                let sequence = self.sequence_node()?;
                self.frame().alternatives.push(sequence);
            }
            '^' => self.look(1, if self.flags.multi_line { Look::StartLF } else { Look::Start })?,
            '$' => self.look(1, if self.flags.multi_line { Look::EndLF } else { Look::End })?,
            '.' => {
                self.at += 1;
                let any = class::any(self.flags.dot_matches_newline);
                self.push_class(any)?;
            }
            '[' => {
                let (class, length) = class::bracketed(self.rest(), self.flags)?;
                self.at += length;
                self.push_class(class)?;
            }
            '\\' => self.escape()?,
            _ => return self.literal_char(char),
        }
        Ok(false)
    }

    fn escape(&mut self) -> Result<(), RegexpError> {
        match self.rest().as_bytes().get(1) {
            Some(b'A') => self.look(2, Look::Start),
            Some(b'z') => self.look(2, Look::End),
            Some(b'b') => self.look(2, Look::WordAscii),
            Some(b'B') => self.look(2, Look::WordAsciiNegate),
            Some(b'Q') => self.quoted(),
            _ => match class::escaped_class(self.rest(), self.flags)? {
                Some((class, length)) => {
                    self.at += length;
                    self.push_class(class)
                }
                None => {
                    let (code, length) = class::escaped_char(self.rest())?;
                    self.at += length;
                    self.literal(code)
                }
            },
        }
    }

    /// `\Q...\E`: everything between is literal; the end of the pattern ends it too.
    fn quoted(&mut self) -> Result<(), RegexpError> {
        let text = &self.rest()[2..];
        let (literal, length) = text.find(r"\E").map_or((text, text.len()), |end| (&text[..end], end + 2));
        self.at += 2 + length;
        literal.chars().try_for_each(|char| self.literal(char.into()))
    }

    fn look(&mut self, length: usize, look: Look) -> Result<(), RegexpError> {
        self.at += length;
        self.push(Node::leaf(Hir::look(look)))
    }

    fn literal_char(&mut self, char: char) -> Result<bool, RegexpError> {
        self.at += char.len_utf8();
        self.literal(char.into())?;
        Ok(false)
    }

    /// A code point; surrogates, which only escapes can name, match nothing.
    fn literal(&mut self, code: u32) -> Result<(), RegexpError> {
        match char::from_u32(code) {
            None => self.push(Node::leaf(Hir::fail())),
            Some(char) if self.flags.fold_case => self.push_class(class::folded(char)),
            Some(char) => self.push(Node::leaf(Hir::literal(char.encode_utf8(&mut [0; 4]).as_bytes()))),
        }
    }

    fn push_class(&mut self, class: ClassUnicode) -> Result<(), RegexpError> {
        self.ranges += class.ranges().len();
        if self.ranges > CLASS_RANGES_MAX {
            return Err(self.whole(Fault::Large));
        }
        self.push(Node::leaf(Hir::class(Class::Unicode(class))))
    }

    fn push(&mut self, node: Node) -> Result<(), RegexpError> {
        if node.height > NESTING_MAX {
            return Err(self.whole(Fault::Nesting));
        }
        self.frame().sequence.push(node);
        Ok(())
    }

    fn open_capture(&mut self, name: String) {
        self.names.push(name);
        let capture = Some(self.names.len() as u32);
        self.frames.push(Frame { flags: self.flags, capture, ..Frame::default() });
    }

    /// `(?P<name>`, `(?<name>`, `(?flags)` and `(?flags:`.
    fn special_group(&mut self) -> Result<(), RegexpError> {
        let rest = self.rest();
        let prefix = ["(?P<", "(?<"].into_iter().find(|prefix| rest.starts_with(prefix) && rest.len() > prefix.len());
        let Some(prefix) = prefix else { return self.flag_group() };
        let end = rest.find('>').ok_or_else(|| fault(Fault::NamedCapture, rest))?;
        let name = &rest[prefix.len()..end];
        if name.is_empty() || !name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
            return Err(fault(Fault::NamedCapture, &rest[..=end]));
        }
        self.at += end + 1;
        self.open_capture(name.to_owned());
        Ok(())
    }

    fn flag_group(&mut self) -> Result<(), RegexpError> {
        let rest = self.rest();
        let mut flags = self.flags;
        let (mut enable, mut seen_flag) = (true, false);
        for (at, char) in rest.char_indices().skip(2) {
            let end = at + char.len_utf8();
            let flag = match char {
                'i' => &mut flags.fold_case,
                'm' => &mut flags.multi_line,
                's' => &mut flags.dot_matches_newline,
                'U' => &mut flags.swap_greed,
                '-' if enable => {
                    (enable, seen_flag) = (false, false);
                    continue;
                }
                ':' | ')' if enable || seen_flag => {
                    if char == ':' {
                        self.frames.push(Frame { flags: self.flags, ..Frame::default() });
                    }
                    self.flags = flags;
                    self.at += end;
                    return Ok(());
                }
                _ => return Err(fault(Fault::PerlSyntax, &rest[..end])),
            };
            *flag = enable;
            seen_flag = true;
        }
        Err(fault(Fault::PerlSyntax, rest))
    }

    fn close(&mut self) -> Result<(), RegexpError> {
        self.at += 1;
        let mut node = self.frame_node()?;
        let frame = self.frames.pop().expect("the whole pattern is always open");
        if self.frames.is_empty() {
            return Err(self.whole(Fault::UnexpectedParenthesis));
        }
        self.flags = frame.flags;
        if let Some(index) = frame.capture {
            node.hir = Hir::capture(Capture { index, name: None, sub: Box::new(node.hir) });
            node.height += 1;
        }
        self.push(node)
    }

    /// All that the innermost group holds so far, as one node.
    fn frame_node(&mut self) -> Result<Node, RegexpError> {
        let last = self.sequence_node()?;
        let mut alternatives = std::mem::take(&mut self.frame().alternatives);
        alternatives.push(last);
        Ok(Node::join(alternatives, Hir::alternation))
    }

    fn sequence_node(&mut self) -> Result<Node, RegexpError> {
        let sequence = std::mem::take(&mut self.frame().sequence);
        Ok(Node::join(sequence, Hir::concat))
    }

    /// Reads `{n}`, `{n,}` or `{n,m}`; anything else that begins with a brace is literal text and stays.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, RegexpError> {
        let rest = self.rest();
        let Some((inside, _)) = rest[1..].split_once('}') else { return Ok(None) };
        let (min, max) = match inside.split_once(',') {
            Some((min, "")) => (min, None),
            Some((min, max)) => (min, Some(max)),
            None => (inside, Some(inside)),
        };
        if !is_count(min) || !max.is_none_or(is_count) {
            return Ok(None);
        }
        let length = inside.len() + 2;
        let count = |text: &str| text.parse().ok().filter(|count| *count <= REPEAT_MAX);
        let invalid = || fault(Fault::RepeatCount, &rest[..length]);
        let min = count(min).ok_or_else(invalid)?;
        let max = max.map(|max| count(max).filter(|max| *max >= min).ok_or_else(invalid)).transpose()?;
        self.at += length;
        Ok(Some((min, max)))
    }

    /// Applies a repetition operator that began at `start` and ends here, to what stands before it.
    fn repeat(
        &mut self,
        start: usize,
        (min, max): (u32, Option<u32>),
        last_repeat: Option<usize>,
        counted: bool,
    ) -> Result<bool, RegexpError> {
        let lazy = self.rest().starts_with('?');
        self.at += usize::from(lazy);
        if let Some(last) = last_repeat {
            return Err(fault(Fault::NestedRepetition, &self.pattern[last..self.at]));
        }
        let operator = &self.pattern[start..self.at];
        let Some(node) = self.frame().sequence.pop() else { return Err(fault(Fault::MissingArgument, operator)) };
        let factor = if counted { u64::from(max.unwrap_or(min)) } else { 1 };
        let repeats = node.repeats.saturating_mul(factor);
        if counted && repeats > u64::from(REPEAT_MAX) {
            return Err(fault(Fault::RepeatCount, operator));
        }
        let greedy = lazy == self.flags.swap_greed;
        let hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(node.hir) });
        self.push(Node { hir, height: node.height + 1, repeats: repeats.max(1) })?;
        Ok(true)
    }

    fn rest(&self) -> &'a str {
        &self.pattern[self.at..]
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the whole pattern is always open")
    }

    fn whole(&self, kind: Fault) -> RegexpError {
        fault(kind, self.pattern)
    }
}

impl Node {
    fn leaf(hir: Hir) -> Self {
        Self { hir, height: 1, repeats: 1 }
    }

    fn join(mut nodes: Vec<Self>, join: impl FnOnce(Vec<Hir>) -> Hir) -> Self {
        if nodes.len() == 1
            && let Some(node) = nodes.pop()
        {
            return node;
        }
        let height = 1 + nodes.iter().map(|node| node.height).max().unwrap_or(0);
        let repeats = nodes.iter().map(|node| node.repeats).max().unwrap_or(1);
        Self { hir: join(nodes.into_iter().map(|node| node.hir).collect()), height, repeats }
    }
}

fn bounds(operator: char) -> (u32, Option<u32>) {
    match operator {
        '*' => (0, None),
        '+' => (1, None),
        _ => (0, Some(1)),
    }
}

/// Digits without a leading zero.
fn is_count(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text.len() == 1 || !text.starts_with('0'))
}

pub(super) fn fault(fault: Fault, part: &str) -> RegexpError {
    RegexpError::Syntax { fault, part: part.to_owned() }
}
