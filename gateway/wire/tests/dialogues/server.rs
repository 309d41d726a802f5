//! Replays a dialogue against a server session.

use super::support::server::Driver;
use super::{Cut, Line, Turn, bytes_of, outputs, turns};
use wire::server::{BareNewline, Options, TlsOffer, Xforward};
use wire::{Protocol, Reply};

/// Feeds each turn, and writes down what came out behind it.
pub fn replay(lines: &[Line], cut: Cut) -> Vec<Line> {
    let mut options = Options::new("mx.example");
    let mut driver: Option<Driver> = None;
    let mut out = Vec::new();
    let mut before = 0;
    for turn in turns(lines) {
        match turn {
            Turn::Fed(lines, bytes) => {
                out.extend(lines);
                let driver = driver.as_mut().expect("do connect");
                for piece in cut.pieces(&bytes, before) {
                    driver.feed(piece);
                }
                before += bytes.len();
            }
            Turn::Other(line) => {
                match &line {
                    Line::Set(name, value) => set(&mut options, name, value),
                    Line::Answer(rest) => {
                        driver
                            .as_mut()
                            .expect("do connect")
                            .answers
                            .push_back(answer(rest));
                    }
                    Line::Do(what) => act(&mut driver, &options, what),
                    _ => {}
                }
                out.push(line);
            }
        }
        if let Some(driver) = &mut driver {
            out.extend(
                driver
                    .events
                    .drain(..)
                    .map(|event| Line::Out(format!("E: {event}"))),
            );
            out.extend(outputs('S', &std::mem::take(&mut driver.output)));
        }
    }
    out
}

fn set(options: &mut Options, name: &str, value: &str) {
    let number = || value.parse().expect("a number");
    match (name, value) {
        ("size_max", _) => options.size_max = value.parse().expect("a number"),
        ("protocol", "lmtp") => options.protocol = Protocol::Lmtp,
        ("tls", "offered") => options.tls = TlsOffer::Offered,
        ("tls", "required") => options.tls = TlsOffer::Required,
        ("bare_newline", "normalise") => options.bare_newline = BareNewline::Normalise,
        ("xforward", "permit") => options.xforward = Xforward::Permit,
        ("recipients", _) => options.limits.recipients = number(),
        ("errors", _) => options.limits.errors = number(),
        _ => panic!("no such option: {name} {value}"),
    }
}

fn answer(text: &str) -> Reply {
    let mut words = text.splitn(3, ' ');
    let code = words.next().and_then(|code| code.parse().ok());
    let enhanced = words.next().expect("an enhanced code");
    let text = bytes_of(&format!("{}\\c", words.next().unwrap_or_default()));
    let text = String::from_utf8(text).expect("text");
    Reply::new(code.expect("a code"), enhanced, text)
}

fn act(driver: &mut Option<Driver>, options: &Options, what: &str) {
    match (what.split_once(' ').unwrap_or((what, "")), driver) {
        (("connect", _), driver) => *driver = Some(Driver::new(options.clone())),
        (("answer-each", _), Some(driver)) => driver.one_by_one = true,
        (("start-tls", _), Some(driver)) => driver.session.tls_started(),
        (("close", reply), Some(driver)) => {
            driver.session.close(&answer(reply));
            driver.feed(b"");
        }
        _ => panic!("cannot do `{what}`"),
    }
}
