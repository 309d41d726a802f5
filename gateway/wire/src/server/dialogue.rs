//! The dialogue: which command may come when, and what is answered to it.

use super::command::{self, Command, Mistake};
use super::parameters::Mail;
use super::session::{Asked, Hello, Session, State, Transaction};
use super::xforward::{self, Attribute};
use super::{BareNewline, Event, TlsOffer, Xforward};
use crate::Protocol;
use crate::data::{Bounds, Receiver};
use crate::reply::Reply;
use mail::{Address, Sender};
use memchr::memchr;

/// A command line, cut out of the input.
enum Line {
    /// So many octets, and so many with the line end.
    Whole { octets: usize, ended: usize },
    /// An answer was given to something that is no line.
    Refused,
}

impl Session {
    /// Deals with one command line. `None`: it is not there yet. `Some(None)`: it was answered.
    pub(super) fn next_command(&mut self) -> Option<Option<Event>> {
        let (octets, ended) = match self.cut_line()? {
            Line::Whole { octets, ended } => (octets, ended),
            Line::Refused => return Some(None),
        };
        // The line is lent out while the session acts on it.
        let input = std::mem::take(&mut self.input);
        let line = &input[self.taken..self.taken + octets];
        let outcome = command::parse(line, &self.options);
        let pipelined = self.taken + ended < input.len();
        let event = match outcome {
            Ok(command) => self.execute(command, pipelined),
            Err(mistake) => {
                self.mail_refused |= line
                    .get(..4)
                    .is_some_and(|v| v.eq_ignore_ascii_case(b"MAIL"));
                self.refuse(mistake);
                None
            }
        };
        // A session that closed or began TLS has forgotten what came behind this line.
        if !matches!(
            self.state,
            State::Closing | State::Closed | State::Handshake
        ) {
            self.input = input;
            self.skip(ended);
        } else {
            self.taken = 0;
        }
        Some(event)
    }

    /// Finds the next line, and keeps lines that are too long from being stored.
    fn cut_line(&mut self) -> Option<Line> {
        let waiting = &self.input[self.taken..];
        let max = self.options.limits.command_line_octets;
        let found = memchr(b'\n', waiting);
        if self.dropped_octets > 0 || found.map_or(waiting.len(), |at| at + 1) > max {
            return self.drop_line(found);
        }
        let end = found?;
        let line = &waiting[..end];
        if let Some(line) = line.strip_suffix(b"\r") {
            return Some(Line::Whole {
                octets: line.len(),
                ended: end + 1,
            });
        }
        if self.options.bare_newline == BareNewline::Normalise {
            return Some(Line::Whole {
                octets: end,
                ended: end + 1,
            });
        }
        self.skip(end + 1);
        self.fail(&Reply::new(500, "5.5.2", "a command ends in CRLF"));
        Some(Line::Refused)
    }

    /// Drops what is there of a line that is too long; answers when its end is found.
    fn drop_line(&mut self, found: Option<usize>) -> Option<Line> {
        let octets = found.map_or(self.input.len() - self.taken, |at| at + 1);
        self.dropped_octets += octets;
        self.skip(octets);
        let limits = &self.options.limits;
        let max = limits.command_line_octets;
        if self.dropped_octets > limits.dropped_line_octets {
            self.close(&Reply::new(421, "4.7.0", "a command line without end"));
            return Some(Line::Refused);
        }
        found?;
        self.dropped_octets = 0;
        self.fail(&Reply::new(
            500,
            "5.5.2",
            format!("a command line has up to {max} octets"),
        ));
        Some(Line::Refused)
    }

    fn refuse(&mut self, mistake: Mistake) {
        match mistake {
            Mistake::Wrong(reply) => self.fail(&reply),
            Mistake::Unknown(reply) => {
                self.counts.unknown += 1;
                if self.counts.unknown > self.options.limits.unknown_commands {
                    self.close(&Reply::new(421, "4.7.0", "too many unknown commands"));
                } else {
                    self.fail(&reply);
                }
            }
            // RFC 7504 §3: after 521 the server closes.
            Mistake::Hostile(reply) => self.close(&reply),
        }
    }

    fn execute(&mut self, command: Command<'_>, pipelined: bool) -> Option<Event> {
        match command {
            Command::Mail { sender, parameters } => return self.mail(sender, parameters),
            Command::Recipient { address } => return self.recipient(address),
            Command::Data => self.data(),
            Command::StartTls => return self.start_tls(pipelined),
            Command::Quit => {
                let text = format!("{} closing", self.options.hostname);
                self.close(&Reply::new(221, "2.0.0", text));
            }
            idle => self.idle(idle),
        }
        None
    }

    /// Commands that bring no mail nearer; a client has only so many of them.
    fn idle(&mut self, command: Command<'_>) {
        self.counts.idle += 1;
        if self.counts.idle > self.options.limits.idle_commands {
            return self.close(&Reply::new(421, "4.7.0", "too many commands without mail"));
        }
        match command {
            Command::Hello { extended, name } => self.greet(extended, name),
            Command::Forward { attributes } => self.forward(attributes),
            // RFC 5321 §3.5.3: 252 where a name is not verified; no name is given away.
            Command::Verify => {
                self.say(&Reply::new(252, "2.0.0", "not verified; send mail and see"));
            }
            Command::Help => {
                let text = "EHLO HELO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP STARTTLS";
                self.say(&Reply::new(214, "2.0.0", text));
            }
            Command::Reset => {
                self.end_transaction();
                self.say(&Reply::new(250, "2.0.0", "reset"));
            }
            _ => self.say(&Reply::new(250, "2.0.0", "OK")),
        }
    }

    /// RFC 5321 §4.1.4: `EHLO` also ends a transaction.
    fn greet(&mut self, extended: bool, name: &str) {
        self.end_transaction();
        self.hello = Some(Hello {
            extended,
            name: name.to_owned(),
        });
        let mut text = self.options.hostname.clone();
        if extended {
            let size = format!("SIZE {}", self.options.size_max);
            let mut offers = vec!["PIPELINING", &size, "8BITMIME", "SMTPUTF8"];
            offers.push("ENHANCEDSTATUSCODES");
            if self.offers_tls() {
                offers.push("STARTTLS");
            }
            if self.options.xforward == Xforward::Permit {
                offers.push(xforward::OFFER);
            }
            for offer in offers {
                text.push('\n');
                text.push_str(offer);
            }
        }
        self.say(&Reply::plain(250, text));
    }

    fn offers_tls(&self) -> bool {
        self.options.tls != TlsOffer::None && !self.encrypted
    }

    fn forward(&mut self, attributes: Vec<Attribute>) {
        if self.options.xforward == Xforward::Refuse {
            return self.fail(&Reply::new(550, "5.7.0", "XFORWARD is not permitted"));
        }
        if self.transaction.is_some() {
            return self.fail(&Reply::new(503, "5.5.1", "XFORWARD comes before MAIL"));
        }
        for attribute in attributes {
            self.forwarded.set(attribute);
        }
        self.say(&Reply::new(250, "2.0.0", "OK"));
    }

    fn mail(&mut self, sender: Sender, parameters: Mail) -> Option<Event> {
        let Mail {
            size,
            body,
            smtputf8,
        } = parameters;
        if let Err(reply) = self.may_mail(&sender, &parameters) {
            self.mail_refused = self.transaction.is_none();
            self.fail(&reply);
            return None;
        }
        self.mail_refused = false;
        let address = sender.clone();
        let transaction = Transaction {
            sender,
            recipients: Vec::new(),
            size,
            body,
            smtputf8,
        };
        self.state = State::Asked(Asked::Sender(transaction));
        Some(Event::Sender {
            address,
            size,
            body,
            smtputf8,
        })
    }

    fn may_mail(&self, sender: &Sender, parameters: &Mail) -> Result<(), Reply> {
        if self.options.tls == TlsOffer::Required && !self.encrypted {
            // RFC 3207 §4.
            return Err(Reply::new(530, "5.7.0", "say STARTTLS first"));
        }
        if self.hello.is_none() {
            let text = match self.options.protocol {
                Protocol::Smtp => "say EHLO or HELO first",
                Protocol::Lmtp => "say LHLO first",
            };
            return Err(Reply::new(503, "5.5.1", text));
        }
        if self.transaction.is_some() {
            return Err(Reply::new(503, "5.5.1", "a transaction is open already"));
        }
        if parameters
            .size
            .is_some_and(|size| size > self.options.size_max)
        {
            return Err(self.too_big());
        }
        // RFC 6531 §3.5: such an address needs SMTPUTF8 to have been said.
        if !parameters.smtputf8 && sender.address().is_some_and(|a| !a.as_str().is_ascii()) {
            return Err(Reply::new(
                550,
                "5.6.7",
                "this sender address needs SMTPUTF8",
            ));
        }
        Ok(())
    }

    fn recipient(&mut self, address: Address) -> Option<Event> {
        let Some(transaction) = &self.transaction else {
            self.without_mail();
            return None;
        };
        let max = self.options.limits.recipients;
        if transaction.recipients.len() >= max {
            // RFC 5321 §4.5.3.1.10: the client sends the others in another transaction.
            let text = format!("a message has up to {max} recipients");
            self.tolerate(&Reply::new(452, "4.5.3", text));
            return None;
        }
        if !transaction.smtputf8 && !address.as_str().is_ascii() {
            self.fail(&Reply::new(
                553,
                "5.6.7",
                "this recipient address needs SMTPUTF8",
            ));
            return None;
        }
        self.state = State::Asked(Asked::Recipient(address.clone()));
        Some(Event::Recipient { address })
    }

    fn data(&mut self) {
        let Some(transaction) = &self.transaction else {
            return self.without_mail();
        };
        if transaction.recipients.is_empty() {
            // What a client that pipelines gets when all were refused.
            let code = match self.options.protocol {
                // RFC 5321 §3.3.
                Protocol::Smtp => 554,
                // RFC 2033 §4.2.
                Protocol::Lmtp => 503,
            };
            return self.tolerate(&Reply::new(code, "5.5.1", "no valid recipients"));
        }
        let bounds = Bounds {
            size_max: self.options.size_max,
            line_octets_max: self.options.limits.data_line_octets,
            discarded_octets_max: self.options.limits.discarded_octets,
            bare_newline: self.options.bare_newline,
        };
        self.state = State::Data(Receiver::new(bounds, transaction.size));
        self.say(&Reply::plain(354, "end data with <CR><LF>.<CR><LF>"));
    }

    /// `RCPT` or `DATA` without a transaction: an error, unless `MAIL` was sent and refused while
    /// these were under way (RFC 2920).
    fn without_mail(&mut self) {
        let reply = Reply::new(503, "5.5.1", "say MAIL first");
        if self.mail_refused {
            self.tolerate(&reply)
        } else {
            self.fail(&reply)
        }
    }

    fn start_tls(&mut self, pipelined: bool) -> Option<Event> {
        if !self.offers_tls() {
            self.fail(&Reply::new(502, "5.5.1", "STARTTLS is not offered"));
            return None;
        }
        if pipelined {
            // RFC 3207 §4: STARTTLS is the last of its group. What follows came in clear, and
            // must not be answered as if it had come under TLS.
            self.close(&Reply::new(
                554,
                "5.5.1",
                "nothing may follow STARTTLS in clear",
            ));
            return None;
        }
        self.say(&Reply::new(220, "2.0.0", "go ahead"));
        self.state = State::Handshake;
        Some(Event::StartTls)
    }
}
