//! What is wrong with a configuration file, and where. It never prints; the caller does.

use std::fmt::{self, Write as _};
use std::ops::Range;

/// One mistake, before it is known in which file it stands.
#[derive(Debug)]
pub(super) struct Mistake {
    pub span: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

/// One mistake in its place: file, line, column, the line itself and a way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    file: String,
    line: usize,
    column: usize,
    source: String,
    width: usize,
    message: String,
    help: Option<String>,
}

impl Mistake {
    /// Puts the mistake in its place in `text`.
    pub(super) fn locate(self, file: &str, text: &str) -> Diagnostic {
        let start = floor_boundary(text, self.span.start.min(text.len()));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let end = floor_boundary(text, self.span.end.clamp(start, line_end));
        Diagnostic {
            file: file.to_owned(),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            source: text[line_start..line_end].trim_end_matches('\r').to_owned(),
            width: text[start..end].chars().count().max(1),
            message: self.message,
            help: self.help,
        }
    }
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl Diagnostic {
    /// A mistake that has no line: the file cannot be read.
    pub fn whole_file(file: &str, message: &str, help: &str) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            column: 0,
            source: String::new(),
            width: 0,
            message: message.to_owned(),
            help: Some(help.to_owned()),
        }
    }

    /// That these bytes of a file are no UTF-8 text, at the first place where they are not; nothing
    /// where they are.
    pub fn not_text(file: &str, bytes: &[u8]) -> Option<Self> {
        let at = std::str::from_utf8(bytes).err()?.valid_up_to();
        let help = match bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            true => "it is UTF-16; save it as UTF-8",
            false => "save it as UTF-8; it may be Latin-1 or Windows-1252 now",
        };
        let mistake = Mistake {
            span: at..at + 1,
            message: "this is not UTF-8 text".to_owned(),
            help: Some(help.to_owned()),
        };
        // What comes before the place is text, so that the place is the same in both.
        Some(mistake.locate(file, &String::from_utf8_lossy(bytes)))
    }

    /// The line it stands in, from 1; 0 when it concerns the whole file.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong, in a sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The whole diagnostic over several lines, with the place pointed at.
    pub fn render(&self) -> String {
        let mut out = format!("error: {}\n", self.message);
        let gutter = self.line.to_string().len();
        let blank = " ".repeat(gutter);
        if self.line == 0 {
            let _ = writeln!(out, " --> {}", self.file);
        } else {
            let indent: String = self
                .source
                .chars()
                .take(self.column - 1)
                .map(|character| if character == '\t' { '\t' } else { ' ' })
                .collect();
            let _ = writeln!(
                out,
                "{blank}--> {}:{}:{}",
                self.file, self.line, self.column
            );
            let _ = writeln!(out, "{blank} |");
            let _ = writeln!(out, "{} | {}", self.line, self.source);
            let _ = writeln!(out, "{blank} | {indent}{}", "^".repeat(self.width));
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "{blank} = help: {help}");
        }
        out
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render())
    }
}
