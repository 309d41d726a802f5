//! Dialogue files, replayed whole, byte by byte, and split at every byte: always the same.
//! `UPDATE=1` writes what came out into the files, to be read before it is believed.
//!
//! A file is a list of turns. What is fed in: `C:` in `server/`, `S:` in `client/`; CRLF is added
//! unless the line ends in `\c`. What must come out: the other of the two, `E:` for events, `O:`
//! for outcomes. `set NAME VALUE` chooses an option; `answer CODE X.Y.Z TEXT` is the driver's next
//! answer; `do WHAT` is something that the driver does.

mod support;

use std::path::{Path, PathBuf};
use support::{bytes_of, show_lines};

#[path = "dialogues/client.rs"]
mod client;
#[path = "dialogues/server.rs"]
mod server;

/// One line of a dialogue file.
#[derive(Clone, Debug)]
enum Line {
    /// `#` and empty lines, kept when a file is written again.
    Comment(String),
    /// `set NAME VALUE`.
    Set(String, String),
    /// `answer …`.
    Answer(String),
    /// `do WHAT …`.
    Do(String),
    /// What is fed in.
    Fed(String),
    /// What came or must come out.
    Out(String),
}

/// How the bytes of one turn are cut.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Whole,
    EveryByte,
    At(usize),
}

impl Cut {
    /// The pieces of `bytes`, of which `before` went in already.
    fn pieces(self, bytes: &[u8], before: usize) -> Vec<&[u8]> {
        match self {
            Self::Whole => vec![bytes],
            Self::EveryByte => bytes.chunks(1).collect(),
            Self::At(at) if (before + 1..before + bytes.len()).contains(&at) => {
                let (head, tail) = bytes.split_at(at - before);
                vec![head, tail]
            }
            Self::At(_) => vec![bytes],
        }
    }
}

fn parse(text: &str, fed: char) -> Vec<Line> {
    let line = |line: &str| {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" => Line::Comment(line.to_owned()),
            _ if word.starts_with('#') => Line::Comment(line.to_owned()),
            "set" => {
                let (name, value) = rest.split_once(' ').expect("set NAME VALUE");
                Line::Set(name.to_owned(), value.to_owned())
            }
            "answer" => Line::Answer(rest.to_owned()),
            "do" => Line::Do(rest.to_owned()),
            _ if word.strip_suffix(':') == Some(fed.encode_utf8(&mut [0; 4])) => {
                Line::Fed(rest.to_owned())
            }
            "C:" | "S:" | "E:" | "O:" => Line::Out(line.trim_end().to_owned()),
            _ => panic!("no such line: {line}"),
        }
    };
    text.lines().map(line).collect()
}

fn render(lines: &[Line], fed: char) -> String {
    let mut text = String::new();
    for line in lines {
        let line = match line {
            Line::Comment(line) | Line::Out(line) => line.clone(),
            Line::Set(name, value) => format!("set {name} {value}"),
            Line::Answer(rest) => format!("answer {rest}"),
            Line::Do(rest) => format!("do {rest}"),
            Line::Fed(rest) => format!("{fed}: {rest}").trim_end().to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Runs over the lines of a file, and gives them back with what came out in place of what was
/// expected.
type Replay = fn(&[Line], Cut) -> Vec<Line>;

fn check_folder(folder: &str, fed: char, replay: Replay) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/dialogues")
        .join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut seen = 0;
    for file in files {
        check_file(&file, fed, replay);
        seen += 1;
    }
    assert!(
        seen > 3,
        "only {seen} dialogues were found in {}",
        folder.display()
    );
}

fn check_file(file: &Path, fed: char, replay: Replay) {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = parse(&text, fed);
    let whole = render(&replay(&lines, Cut::Whole), fed);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, &whole).unwrap();
    } else {
        assert_eq!(whole, render(&lines, fed), "{}", file.display());
    }
    let octets: usize = lines
        .iter()
        .map(|line| {
            if let Line::Fed(rest) = line {
                bytes_of(rest).len()
            } else {
                0
            }
        })
        .sum();
    let cuts = (1..octets).map(Cut::At).chain([Cut::EveryByte]);
    for cut in cuts {
        let cut_up = render(&replay(&lines, cut), fed);
        assert_eq!(cut_up, whole, "{}, cut {cut:?}", file.display());
    }
}

/// One step of a dialogue.
enum Turn {
    /// Bytes to feed in, from lines that stand together.
    Fed(Vec<Line>, Vec<u8>),
    /// Anything else, outputs left out.
    Other(Line),
}

fn turns(lines: &[Line]) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut together = false;
    for line in lines {
        match (line, turns.last_mut()) {
            (Line::Fed(rest), Some(Turn::Fed(lines, bytes))) if together => {
                lines.push(line.clone());
                bytes.extend(bytes_of(rest));
            }
            (Line::Fed(rest), _) => turns.push(Turn::Fed(vec![line.clone()], bytes_of(rest))),
            (Line::Out(_), _) => {}
            _ => turns.push(Turn::Other(line.clone())),
        }
        together = matches!(line, Line::Fed(_));
    }
    turns
}

fn outputs(mark: char, bytes: &[u8]) -> Vec<Line> {
    let line = |line: String| Line::Out(format!("{mark}: {line}").trim_end().to_owned());
    show_lines(bytes).into_iter().map(line).collect()
}

#[test]
fn server_dialogues() {
    check_folder("server", 'C', server::replay);
}

#[test]
fn client_dialogues() {
    check_folder("client", 'S', client::replay);
}

#[test]
fn a_wrong_line_is_seen() {
    let lines = parse(
        "do connect\nS: 220 mx.example ESMTP Sealgate\nC: NOOP\nS: 251 OK\n",
        'C',
    );
    assert_ne!(
        render(&server::replay(&lines, Cut::Whole), 'C'),
        render(&lines, 'C')
    );
}
