//! What a command says, on standard output and standard error.
//!
//! It never panics: where nobody reads any more (`sealgate explain … | head`) the rest is left
//! unsaid and the command ends as the system's own tools do; a full disk is told and is a failure.

use super::{chain, failed};
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// The exit code of a program that the signal for a closed pipe ended: 128 and SIGPIPE's number,
/// as shells say it.
pub const PIPE_CLOSED: u8 = 128 + 13;

/// Standard output and standard error of one command.
pub struct Output {
    out: Stream,
    err: Stream,
}

/// One stream, and what kept it from being written.
struct Stream {
    to: Box<dyn Write + Send>,
    broken: Option<io::Error>,
}

impl Output {
    /// The streams of this process.
    pub fn standard() -> Self {
        Self::of(Box::new(io::stdout()), Box::new(io::stderr()))
    }

    fn of(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        let stream = |to| Stream { to, broken: None };
        Self {
            out: stream(out),
            err: stream(err),
        }
    }

    /// Says a line, or several, of what was asked for.
    pub fn say(&mut self, text: impl Display) {
        self.out.line(&text);
    }

    /// Writes what was asked for as it is, byte for byte.
    pub fn write(&mut self, bytes: &[u8]) {
        self.out.bytes(bytes);
    }

    /// Says what is wrong, or what somebody should hear beside what was asked for.
    pub fn complain(&mut self, text: impl Display) {
        self.err.line(&text);
    }

    /// Says why the command failed, with its causes, and gives the exit code for it.
    pub fn fail(&mut self, error: &dyn std::error::Error) -> ExitCode {
        self.complain(format_args!("sealgate: {}", chain(error)));
        failed()
    }

    /// Whether anybody can still read what the command says: where not, long work is done with.
    pub fn is_open(&self) -> bool {
        self.out.broken.is_none()
    }

    /// Ends the command with this exit code, or with what its own output came to.
    pub fn end(mut self, code: ExitCode) -> ExitCode {
        self.out.flush();
        self.err.flush();
        match (self.out.broken.take(), self.err.broken.take()) {
            (Some(error), _) if error.kind() != ErrorKind::BrokenPipe => {
                self.complain(format_args!("sealgate: cannot write the output: {error}"));
                failed()
            }
            // A standard error that takes nothing leaves nowhere to say so.
            (None, Some(error)) if error.kind() != ErrorKind::BrokenPipe => code,
            (None, None) => code,
            _ => ExitCode::from(PIPE_CLOSED),
        }
    }
}

impl Stream {
    fn line(&mut self, text: &dyn Display) {
        // One write a line: what several threads say does not mix.
        self.bytes(format!("{text}\n").as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.broken.is_none() {
            self.broken = self.to.write_all(bytes).err();
        }
    }

    fn flush(&mut self) {
        if self.broken.is_none() {
            self.broken = self.to.flush().err();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes one line, then refuses for this reason.
    struct Failing(ErrorKind, u8);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            match self.1 {
                1 => Ok(bytes.len()),
                2 => Err(self.0.into()),
                _ => panic!("written to again after it failed"),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said_three_lines(out: Box<dyn Write + Send>) -> (bool, ExitCode) {
        let mut output = Output::of(out, Box::new(Vec::new()));
        (1..=3).for_each(|number| output.say(number));
        (output.is_open(), output.end(ExitCode::SUCCESS))
    }

    #[test]
    fn a_closed_pipe_ends_quietly_and_a_full_disk_is_a_failure() {
        let (open, code) = said_three_lines(Box::new(Vec::new()));
        assert_eq!((open, code), (true, ExitCode::SUCCESS));
        for (kind, wanted) in [
            (ErrorKind::BrokenPipe, ExitCode::from(PIPE_CLOSED)),
            (ErrorKind::StorageFull, failed()),
        ] {
            let (open, code) = said_three_lines(Box::new(Failing(kind, 0)));
            assert_eq!((open, code), (false, wanted), "{kind:?}");
        }
    }
}
