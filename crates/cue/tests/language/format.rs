//! The text form of cases, as the README of `tests/cases` describes it.
//!
//! A case becomes a list of questions, each with the answer that is expected, as text. Marks are taken out of the text
//! that the engine sees; what they say is turned into what `cue vet` would print.

use std::{collections::HashMap, fmt};

/// A file: some words about its subject, then cases.
pub(crate) struct CaseFile {
    head: Vec<String>,
    pub(crate) cases: Vec<Case>,
}

pub(crate) struct Case {
    pub(crate) name: String,
    /// Line of the file that its name stands on.
    pub(crate) line: usize,
    /// The CUE text, without marks.
    pub(crate) source: String,
    /// Other files beside it: path and text.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) questions: Vec<Question>,
    /// What the engine answers today, where that is not what is expected.
    pub(crate) todo: Option<String>,
    /// The case as written, without its `todo`.
    written: Vec<String>,
}

pub(crate) struct Question {
    pub(crate) ask: Ask,
    pub(crate) expected: Answer,
}

pub(crate) enum Ask {
    /// What an expression over the file exports; the whole file if it is empty.
    Export(String),
    /// What a definition, or the whole file, says of a document.
    Vet { path: String, document: String },
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// JSON without white space between its tokens.
    Value(String),
    Accepted,
    /// Errors as they are printed, each with its positions, sorted.
    Errors(Vec<String>),
    /// The engine fell over; no case expects this.
    Panic(String),
}

impl Question {
    /// How reports name the question.
    pub(crate) fn title(&self) -> &str {
        match &self.ask {
            Ask::Export(_) => "exports",
            Ask::Vet { document, .. } => document,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(json) => out.write_str(json),
            Self::Accepted => out.write_str("accepted"),
            Self::Panic(message) => write!(out, "panic: {message}"),
            Self::Errors(errors) => {
                out.write_str("errors")?;
                errors.iter().flat_map(|error| error.lines()).try_for_each(|line| write!(out, "\n    {line}"))
            }
        }
    }
}

impl Answer {
    /// Takes what `cue export` or `cue vet` prints on failure apart.
    pub(crate) fn from_report(report: &str) -> Self {
        let mut errors: Vec<String> = Vec::new();
        for line in report.lines() {
            match errors.last_mut() {
                Some(error) if line.starts_with("    ") => *error = format!("{error}\n{line}"),
                _ => errors.push(line.to_owned()),
            }
        }
        Self::errors(errors)
    }

    /// The order of errors is not compared.
    fn errors(mut errors: Vec<String>) -> Self {
        errors.sort();
        Self::Errors(errors)
    }
}

impl CaseFile {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let lines: Vec<&str> = text.lines().collect();
        let starts: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].starts_with("=== ")).collect();
        let first = starts.first().copied().unwrap_or(lines.len());
        let head = trimmed(&lines[..first]).iter().map(|line| (*line).to_owned()).collect();
        let ends = starts.iter().skip(1).copied().chain([lines.len()]);
        let cases = starts.iter().zip(ends).map(|(&start, end)| Case::parse(start + 1, &lines[start..end]));
        Ok(Self { head, cases: cases.collect::<Result<_, _>>()? })
    }
}

impl fmt::Display for CaseFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.head {
            writeln!(out, "{line}")?;
        }
        for case in &self.cases {
            writeln!(out, "\n{}", case.written.join("\n"))?;
            if let Some(todo) = &case.todo {
                writeln!(out, "\n--- todo\n{todo}")?;
            }
        }
        Ok(())
    }
}

impl Case {
    fn parse(line: usize, lines: &[&str]) -> Result<Self, String> {
        let sections = sections(lines);
        let source = Marked::parse(&sections[0].1, "schema.cue");
        let named = sections.iter().filter_map(|(header, body)| Some((header.strip_prefix("file ")?, body)));
        let files: Vec<Marked> = named.map(|(name, body)| Marked::parse(body, name)).collect();
        let mut places = source.labels();
        files.iter().for_each(|file| places.extend(file.labels()));
        let mut written = Vec::new();
        let mut questions: Vec<Question> = Vec::new();
        let mut todo = None;
        for (header, body) in &sections[1..] {
            let (kind, argument) = header.split_once(' ').unwrap_or((header, ""));
            match kind {
                "exports" => questions.push(Question::export(argument, body)),
                "accepts" | "rejects" => {
                    for document in documents(body) {
                        let question = Question::vet(argument, &document, &places);
                        if (question.expected == Answer::Accepted) != (kind == "accepts") {
                            return Err(format!("{line}: {} stands below {kind}", question.title()));
                        }
                        questions.push(question);
                    }
                }
                "file" => {}
                "todo" => todo = Some(body.join("\n")),
                _ => return Err(format!("{line}: there is no section {kind:?}")),
            }
            if kind != "todo" {
                written.extend(["".to_owned(), format!("--- {header}")]);
                written.extend(body.iter().map(|line| (*line).to_owned()));
            }
        }
        let texts = [&source].into_iter().chain(&files);
        let errors: Vec<String> = texts.flat_map(|text| text.errors(&places)).collect();
        if !errors.is_empty() {
            questions.insert(0, Question { ask: Ask::Export(String::new()), expected: Answer::errors(errors) });
        }
        if questions.is_empty() {
            return Err(format!("{line}: the case expects nothing"));
        }
        let head = [lines[0]].into_iter().chain(sections[0].1.iter().copied()).map(str::to_owned);
        let written = head.chain(written).collect();
        let files = files.iter().map(|file| (file.name.to_owned(), file.text())).collect();
        Ok(Self { name: lines[0][4..].to_owned(), line, source: source.text(), files, questions, todo, written })
    }
}

impl Question {
    fn export(expression: &str, body: &[&str]) -> Self {
        Self { ask: Ask::Export(expression.to_owned()), expected: Answer::Value(without_space(&body.join("\n"))) }
    }

    /// A document with its marks, which may point to places in the CUE text too.
    fn vet(path: &str, lines: &[&str], places: &HashMap<&str, &str>) -> Self {
        let document = Marked::parse(lines, "data.json");
        let errors = document.errors(places);
        let expected = if errors.is_empty() { Answer::Accepted } else { Answer::errors(errors) };
        Self { ask: Ask::Vet { path: path.to_owned(), document: document.lines.join("\n") }, expected }
    }
}

/// Splits a case at its `---` lines; the first part is the source.
fn sections<'a>(lines: &[&'a str]) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut sections = vec![("", Vec::new())];
    for line in &lines[1..] {
        match line.strip_prefix("--- ") {
            Some(header) => sections.push((header.trim(), Vec::new())),
            None => sections.last_mut().expect("there is always a first section").1.push(*line),
        }
    }
    sections.into_iter().map(|(header, lines)| (header, trimmed(&lines).to_vec())).collect()
}

/// Without empty lines at the end.
fn trimmed<'a, 'b>(lines: &'b [&'a str]) -> &'b [&'a str] {
    let end = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
    &lines[..end]
}

/// A document begins where a line begins, unless with a closing bracket; marks belong to the document above.
fn documents<'a>(lines: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut documents: Vec<Vec<&str>> = Vec::new();
    for line in lines {
        let goes_on = line.starts_with([' ', '\t', '}', ']', '^']) || line.starts_with("! ");
        match documents.last_mut() {
            Some(document) if goes_on => document.push(line),
            _ => documents.push(vec![line]),
        }
    }
    documents
}

/// A text with its marks taken out.
struct Marked<'a> {
    name: &'a str,
    lines: Vec<String>,
    marks: Vec<Mark>,
    /// Messages without a place in this text.
    loose: Vec<String>,
}

/// `^label message` below the place that it means.
struct Mark {
    /// As positions print it.
    position: String,
    label: String,
    message: String,
}

impl<'a> Marked<'a> {
    fn parse(lines: &[&str], name: &'a str) -> Self {
        let mut text = Self { name, lines: Vec::new(), marks: Vec::new(), loose: Vec::new() };
        for line in lines {
            if let Some(message) = line.strip_prefix("! ") {
                text.loose.push(message.to_owned());
            } else if let Some(mark) = line.trim_start().strip_prefix('^') {
                let column = line.chars().take_while(|&char| char != '^').count();
                let (label, message) = mark.split_once(' ').unwrap_or((mark, ""));
                let position = text.position(column);
                text.marks.push(Mark { position, label: label.to_owned(), message: message.to_owned() });
            } else {
                text.lines.push((*line).to_owned());
            }
        }
        text
    }

    /// The place below which a caret stands: columns are counted in bytes, as the reference does.
    fn position(&self, column: usize) -> String {
        let line = self.lines.last().map_or("", String::as_str);
        let inside: usize = line.chars().take(column).map(char::len_utf8).sum();
        let beyond = column.saturating_sub(line.chars().count());
        format!("./{}:{}:{}", self.name, self.lines.len(), inside + beyond + 1)
    }

    fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn labels(&self) -> HashMap<&str, &str> {
        let labelled = self.marks.iter().filter(|mark| !mark.label.is_empty());
        labelled.map(|mark| (mark.label.as_str(), mark.position.as_str())).collect()
    }

    /// The errors that the marks tell of, as they are printed. `others` are places in other texts.
    fn errors(&self, others: &HashMap<&str, &str>) -> Vec<String> {
        let mut places = others.clone();
        places.extend(self.labels());
        let marked = self.marks.iter().filter(|mark| !mark.message.is_empty());
        let marked = marked.map(|mark| printed(&mark.message, Some(&mark.position), &places));
        let loose = self.loose.iter().map(|message| printed(message, None, &places));
        marked.chain(loose).collect()
    }
}

/// A message with the places that its trailing `@words` name, as `cue vet` prints it.
fn printed(message: &str, here: Option<&str>, places: &HashMap<&str, &str>) -> String {
    let mut message = message;
    let mut words = Vec::new();
    while let Some((rest, word)) = message.rsplit_once(" @") {
        if word.contains(' ') {
            break;
        }
        words.insert(0, word);
        message = rest;
    }
    let place = |word: &&str| match (*word, here) {
        ("here", Some(here)) => here.to_owned(),
        (word, _) => places.get(word).map_or_else(|| word.to_owned(), |&place| place.to_owned()),
    };
    let positions: Vec<String> = if words.is_empty() {
        here.map(str::to_owned).into_iter().collect()
    } else {
        words.iter().map(place).collect()
    };
    let lines: String = positions.iter().map(|position| format!("\n    {position}")).collect();
    if positions.is_empty() { message.to_owned() } else { format!("{message}:{lines}") }
}

/// JSON without white space between its tokens, so that cases may lay it out as they like.
pub(crate) fn without_space(json: &str) -> String {
    let (mut out, mut in_string, mut escaped) = (String::new(), false, false);
    for char in json.chars() {
        if in_string || !char.is_ascii_whitespace() {
            out.push(char);
        }
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = in_string,
            '"' => in_string = !in_string,
            _ => {}
        }
    }
    out
}
