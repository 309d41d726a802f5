//! A mistake or a piece of advice, with the place it is about.
//!
//! It renders to text and nothing else: where the text goes is the caller's business.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// Whether a rule set with this in it may go live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// It may not.
    Mistake,
    /// It may; it likely does something else than was meant.
    Advice,
}

/// One file as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SourceText {
    pub name: String,
    pub text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl SourceText {
    pub fn new(name: String, text: String) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0)
            .chain(ends.map(|(at, _)| at + 1))
            .collect();
        Self { name, text, lines }
    }
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub file: Arc<SourceText>,
    pub span: Range<usize>,
}

impl Spot {
    /// Counted from one.
    pub fn line(&self) -> usize {
        self.file
            .lines
            .partition_point(|begin| *begin <= self.span.start)
    }
}

/// One mistake or piece of advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub(crate) grade: Grade,
    pub(crate) message: String,
    pub(crate) spot: Spot,
    pub(crate) label: String,
    pub(crate) also: Option<(Spot, String)>,
    pub(crate) help: Vec<String>,
}

impl Diagnostic {
    pub(crate) fn mistake(spot: Spot, message: impl Into<String>) -> Self {
        let (message, label) = (message.into(), String::new());
        Self {
            grade: Grade::Mistake,
            message,
            spot,
            label,
            also: None,
            help: Vec::new(),
        }
    }

    pub(crate) fn advice(spot: Spot, message: impl Into<String>) -> Self {
        Self {
            grade: Grade::Advice,
            ..Self::mistake(spot, message)
        }
    }

    /// Words under the caret.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// A second place that matters, with words under it.
    pub(crate) fn also(mut self, spot: Spot, label: impl Into<String>) -> Self {
        self.also = Some((spot, label.into()));
        self
    }

    /// What to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Whether it keeps the rules from going live.
    pub fn grade(&self) -> Grade {
        self.grade
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The file it stands in.
    pub fn file(&self) -> &str {
        &self.spot.file.name
    }

    /// The line it stands on, counted from one.
    pub fn line(&self) -> usize {
        self.spot.line()
    }

    /// The whole text: message, file and line, the line itself with a caret, help.
    pub fn render(&self) -> String {
        let level = match self.grade {
            Grade::Mistake => Level::ERROR,
            Grade::Advice => Level::WARNING.with_name("advice"),
        };
        let label = (!self.label.is_empty()).then_some(self.label.as_str());
        let primary = AnnotationKind::Primary.span(clamp(&self.spot)).label(label);
        let mut first = snippet(&self.spot).annotation(primary);
        let mut second = None;
        if let Some((spot, label)) = &self.also {
            let mark = AnnotationKind::Context
                .span(clamp(spot))
                .label(label.as_str());
            match Arc::ptr_eq(&spot.file, &self.spot.file) {
                true => first = first.annotation(mark),
                false => second = Some(snippet(spot).annotation(mark)),
            }
        }
        let mut group = level.primary_title(self.message.as_str()).element(first);
        if let Some(second) = second {
            group = group.element(second);
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        Renderer::plain().render(&[group]).to_string()
    }
}

fn snippet<'a>(spot: &'a Spot) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    Snippet::source(spot.file.text.as_str()).path(spot.file.name.as_str())
}

/// A span inside the text, on character boundaries, whatever a parser said.
fn clamp(spot: &Spot) -> Range<usize> {
    let text = &spot.file.text;
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(spot.span.start);
    start..floor(spot.span.end).max(start)
}
