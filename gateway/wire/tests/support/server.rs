//! A driver for a server session that writes down everything it sees.

use std::collections::VecDeque;
use wire::Reply;
use wire::server::{Event, Options, Session};

/// A session, and what was seen of it.
pub struct Driver {
    pub session: Session,
    /// The next answers; 250 when there are none.
    pub answers: VecDeque<Reply>,
    /// A message is answered recipient by recipient.
    pub one_by_one: bool,
    /// Each event as one line.
    pub events: Vec<String>,
    /// The messages handed over.
    pub messages: Vec<Vec<u8>>,
    /// All that was said, the greeting included.
    pub output: Vec<u8>,
}

impl Driver {
    pub fn new(options: Options) -> Self {
        let mut driver = Self {
            session: Session::new(options),
            answers: VecDeque::new(),
            one_by_one: false,
            events: Vec::new(),
            messages: Vec::new(),
            output: Vec::new(),
        };
        driver.turn();
        driver
    }

    /// A driver of a strict session, greeted with EHLO.
    pub fn greeted(options: Options) -> Self {
        let mut driver = Self::new(options);
        driver.feed(b"EHLO client.example\r\n");
        driver.output.clear();
        driver
    }

    /// Feeds and lets the session do all it can.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.session.feed(bytes);
        self.turn();
    }

    /// What was said since this was last asked.
    pub fn said(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.output)).expect("replies are ASCII")
    }

    fn turn(&mut self) {
        while let Some(event) = self.session.next() {
            let ok = match &event {
                Event::Sender { .. } => Some(Reply::new(250, "2.1.0", "sender OK")),
                Event::Recipient { .. } => Some(Reply::new(250, "2.1.5", "recipient OK")),
                Event::Message { .. } => Some(Reply::new(250, "2.0.0", "taken")),
                Event::StartTls | Event::Closed => None,
            };
            self.events.push(describe(&event));
            match (ok, &event) {
                (Some(ok), Event::Message { envelope, .. }) if self.one_by_one => {
                    let each = envelope.recipients.iter();
                    let next = |_| self.answers.pop_front().unwrap_or_else(|| ok.clone());
                    let replies: Vec<Reply> = each.map(next).collect();
                    self.session.answer_each(&replies);
                }
                (Some(ok), _) => {
                    self.session.answer(self.answers.pop_front().unwrap_or(ok));
                }
                (None, _) => {}
            }
            if let Event::Message { raw, .. } = event {
                self.messages.push(raw);
            }
        }
        self.output.extend(self.session.output());
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Sender {
            address,
            size,
            body,
            smtputf8,
        } => {
            let size = size.map(|size| format!(" size {size}")).unwrap_or_default();
            let utf8 = if *smtputf8 { " SMTPUTF8" } else { "" };
            format!("sender {address}{size} {body:?}{utf8}")
        }
        Event::Recipient { address } => format!("recipient {address}"),
        Event::Message { envelope, raw } => {
            let names: Vec<_> = envelope
                .recipients
                .iter()
                .map(ToString::to_string)
                .collect();
            let (from, to) = (&envelope.sender, names.join(" "));
            format!(
                "message {from} -> {to}: {}",
                if raw.is_empty() {
                    "(empty)".to_owned()
                } else {
                    super::show(raw)
                }
            )
        }
        Event::StartTls => "start TLS".to_owned(),
        Event::Closed => "closed".to_owned(),
    }
}
