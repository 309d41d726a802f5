//! Replays a dialogue against a client's connection and its deliveries.

use super::support::client::{describe, drain, drain_delivery, envelope, options};
use super::{Cut, Line, Turn, bytes_of, outputs, turns};
use mail::{BodyType, Envelope};
use wire::client::{Connection, Delivery, Event, Options, Outcome, Protocol};
use wire::client::{TlsPolicy, Transaction};

/// Feeds each turn, and writes down what came out behind it.
pub fn replay(lines: &[Line], cut: Cut) -> Vec<Line> {
    let mut replay = Replay {
        turns: turns(lines).into_iter(),
        options: options(TlsPolicy::None, Protocol::Smtp),
        cut,
        before: 0,
        out: Vec::new(),
    };
    let mut connection = None;
    while let Some(turn) = replay.turns.next() {
        replay.step(turn, &mut connection);
    }
    replay.out
}

struct Replay {
    turns: std::vec::IntoIter<Turn>,
    options: Options,
    cut: Cut,
    before: usize,
    out: Vec<Line>,
}

impl Replay {
    fn step(&mut self, turn: Turn, connection: &mut Option<Connection>) {
        let mut pieces = vec![Vec::new()];
        match turn {
            Turn::Fed(lines, bytes) => {
                self.out.extend(lines);
                pieces = self.pieces(&bytes);
            }
            Turn::Other(line) => {
                self.out.push(line.clone());
                match &line {
                    Line::Set(name, value) => set(&mut self.options, name, value),
                    Line::Do(what) => self.act(connection, what),
                    _ => {}
                }
            }
        }
        let Some(connection) = connection else { return };
        let (mut said, mut events) = (Vec::new(), Vec::new());
        for piece in pieces {
            connection.feed(&piece);
            while let Some(event) = connection.next() {
                events.push(Line::Out(format!("E: {}", describe_event(&event))));
            }
            said.extend(drain(connection));
        }
        self.out.extend(outputs('C', &said));
        self.out.extend(events);
    }

    fn act(&mut self, connection: &mut Option<Connection>, what: &str) {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        match (verb, connection) {
            ("connect", connection) => *connection = Some(Connection::new(self.options.clone())),
            ("start-tls", Some(connection)) => connection.tls_started(),
            ("lose", Some(connection)) => connection.lost(),
            ("quit", Some(connection)) => connection.quit(),
            ("deliver", Some(connection)) => self.deliver(connection, rest),
            _ => panic!("cannot do `{what}`"),
        }
    }

    /// `do deliver FROM TO,TO[,8bit][,utf8] MESSAGE`: goes through turns until the outcome.
    fn deliver(&mut self, connection: &mut Connection, rest: &str) {
        let mut words = rest.splitn(3, ' ');
        let (from, to) = (
            words.next().expect("a sender"),
            words.next().expect("recipients"),
        );
        let envelope = envelope_of(from, to);
        let message = words.next().map(bytes_of).unwrap_or_default();
        let parts = [b"".as_slice(), &message];
        let mut delivery = connection.begin(Transaction {
            envelope: &envelope,
            parts: &parts,
        });
        if self.pass(&mut delivery, vec![Vec::new()]) {
            return;
        }
        loop {
            let pieces = match self
                .turns
                .next()
                .expect("the dialogue goes on to the outcome")
            {
                Turn::Fed(lines, bytes) => {
                    self.out.extend(lines);
                    self.pieces(&bytes)
                }
                Turn::Other(Line::Do(what)) if what == "lose" => {
                    self.out.push(Line::Do(what));
                    let outcome = delivery.lost().expect("an outcome");
                    return self.tell(&outcome);
                }
                Turn::Other(line) => {
                    self.out.push(line);
                    continue;
                }
            };
            if self.pass(&mut delivery, pieces) {
                return;
            }
        }
    }

    /// Feeds one turn; true when the outcome came.
    fn pass(&mut self, delivery: &mut Delivery<'_, '_>, pieces: Vec<Vec<u8>>) -> bool {
        let (mut said, mut told) = (Vec::new(), None);
        for piece in pieces {
            assert_eq!(told, None, "more was fed after the outcome");
            delivery.feed(&piece);
            told = delivery.next();
            said.extend(drain_delivery(delivery));
            told = told.or_else(|| delivery.next());
        }
        self.out.extend(outputs('C', &said));
        if let Some(outcome) = &told {
            self.tell(outcome);
        }
        told.is_some()
    }

    fn tell(&mut self, outcome: &Outcome) {
        self.out.extend(
            describe(outcome)
                .into_iter()
                .map(|line| Line::Out(format!("O: {line}"))),
        );
    }

    fn pieces(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let pieces = self.cut.pieces(bytes, self.before);
        self.before += bytes.len();
        pieces.into_iter().map(<[u8]>::to_vec).collect()
    }
}

fn set(options: &mut Options, name: &str, value: &str) {
    match (name, value) {
        ("tls", "opportunistic") => options.tls = TlsPolicy::Opportunistic,
        ("tls", "required") => options.tls = TlsPolicy::Required,
        ("protocol", "lmtp") => options.protocol = Protocol::Lmtp,
        _ => panic!("no such option: {name} {value}"),
    }
}

fn envelope_of(from: &str, to: &str) -> Envelope {
    let (mut body, mut smtputf8, mut names) = (BodyType::SevenBit, false, Vec::new());
    for word in to.split(',') {
        match word {
            "8bit" => body = BodyType::EightBitMime,
            "utf8" => smtputf8 = true,
            name => names.push(name),
        }
    }
    Envelope {
        body,
        smtputf8,
        ..envelope(from, &names)
    }
}

fn describe_event(event: &Event) -> String {
    match event {
        Event::StartTls => "start TLS".to_owned(),
        Event::Ready => "ready".to_owned(),
        Event::Failed(failure) => format!("failed: {failure}; deferred: {}", failure.deferral()),
        Event::Closed => "closed".to_owned(),
    }
}
