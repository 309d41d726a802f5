//! The readers of mail that are written in other languages: Python's email, Perl's MIME::Parser.
//!
//! Where they are not installed a test goes on without them, unless `MAIL_READERS=required`, which
//! `tests/run` sets: then it fails.
#![allow(dead_code, reason = "each test uses some of these")]

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn is_required() -> bool {
    std::env::var_os("MAIL_READERS").is_some_and(|value| value == "required")
}

/// Says that a reader is missing, or fails where it must not be.
pub fn missing(program: &str, why: &str) {
    assert!(
        !is_required(),
        "{program} must be here (tests/install mail): {why}"
    );
    println!("skipped: no {program}: {why}");
}

/// What a reader prints; nothing when it cannot run.
pub fn output(mut command: Command) -> Option<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) if output.status.success() => {
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(output) => {
            missing(&program, &String::from_utf8_lossy(&output.stderr));
            None
        }
        Err(error) => {
            missing(&program, &error.to_string());
            None
        }
    }
}

/// Python's email, asked about pairs of messages for as long as it lives.
pub struct Python {
    child: Child,
    pending: usize,
    answers: BufReader<std::process::ChildStdout>,
    questions: BufWriter<std::process::ChildStdin>,
}

/// How many pairs are on their way at most: what is asked and answered fits into the pipes.
const PENDING_MAX: usize = 64;

impl Python {
    /// Starts it; with `spoil` it harms each pair itself, so that it must find fault.
    pub fn start(mark: &str, spoil: bool) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/same_parts.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(mark);
        command.args(spoil.then_some("--spoil"));
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => {
                missing("python3", &error.to_string());
                return None;
            }
        };
        let (answers, questions) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        Some(Self {
            child,
            pending: 0,
            answers: BufReader::new(answers),
            questions: BufWriter::new(questions),
        })
    }

    /// Asks whether the two hold the same parts but for the marking; answers come later.
    pub fn ask(&mut self, name: &str, before: &[u8], after: &[u8]) -> Vec<String> {
        let lengths = format!("{} {} {name}\n", before.len(), after.len());
        for piece in [lengths.as_bytes(), before, after] {
            self.questions.write_all(piece).unwrap();
        }
        self.pending += 1;
        match self.pending >= PENDING_MAX {
            true => self.faults(),
            false => Vec::new(),
        }
    }

    /// Waits for the answers that are still to come, and gives the faults among them.
    pub fn faults(&mut self) -> Vec<String> {
        self.questions.flush().unwrap();
        let mut faults = Vec::new();
        for _ in 0..std::mem::take(&mut self.pending) {
            let mut line = String::new();
            assert!(
                self.answers.read_line(&mut line).unwrap() > 0,
                "python3 has died"
            );
            if line.trim_end() != "same" {
                faults.push(line.trim_end().to_owned());
            }
        }
        faults
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
