//! What a server session offers and how much it bears. Each limit is told to the client in the
//! reply that enforces it.

use crate::Protocol;

/// What a [`Session`](super::Session) offers and refuses.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is spoken.
    pub protocol: Protocol,
    /// Our name, in the greeting and in the answers to `EHLO` and `QUIT`.
    pub hostname: String,
    /// The domain of `<postmaster>`, who needs none (RFC 5321 §4.5.1).
    pub postmaster_domain: String,
    /// Octets in one message (RFC 1870). Told in `SIZE`.
    pub size_max: u64,
    /// Whether `STARTTLS` is offered.
    pub tls: TlsOffer,
    /// What happens to a message with bare CR or LF.
    pub bare_newline: BareNewline,
    /// Whether this peer may say for whom it forwards.
    pub xforward: Xforward,
    /// How much of everything.
    pub limits: Limits,
}

impl Options {
    /// Strict options for SMTP: 25 MiB, no TLS, bare newlines and `XFORWARD` refused.
    #[must_use]
    pub fn new(hostname: impl Into<String>) -> Self {
        let hostname = hostname.into();
        Self {
            protocol: Protocol::Smtp,
            postmaster_domain: hostname.clone(),
            hostname,
            size_max: 25 * 1024 * 1024,
            tls: TlsOffer::None,
            bare_newline: BareNewline::Refuse,
            xforward: Xforward::Refuse,
            limits: Limits::default(),
        }
    }
}

/// `STARTTLS` (RFC 3207).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsOffer {
    /// There is no certificate, or the connection is encrypted already.
    None,
    /// A client may ask for it.
    Offered,
    /// A client must: `MAIL` before it answers 530.
    Required,
}

/// What happens to a message that holds a CR without LF or an LF without CR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BareNewline {
    /// 550 5.6.0 after the end of data.
    Refuse,
    /// Each becomes CRLF. It never becomes part of the end of data; a NUL is still refused. A
    /// command may then end in LF as well.
    Normalise,
}

/// Postfix's `XFORWARD`: the client before us tells about the client before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Xforward {
    /// 550 5.7.0: a stranger may not say who he speaks for.
    Refuse,
    /// The driver trusts this peer: offered in `EHLO`, kept for one transaction.
    Permit,
}

/// How much one session bears. Every number is the largest that is still allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets in a command line, CRLF included (RFC 5321 §4.5.3.1.4 asks for 512, its
    /// extensions add to it).
    pub command_line_octets: usize,
    /// Octets of one over-long command line that are read and dropped before 421.
    pub dropped_line_octets: usize,
    /// Recipients in one transaction (RFC 5321 §4.5.3.1.8 asks for 100).
    pub recipients: usize,
    /// Commands in error since the last message.
    pub errors: usize,
    /// Refusals since the last message that are no fault of a relay that passes on what others
    /// sent: the driver's own, recipients over their limit, and what was sent on trust behind
    /// them (RFC 2920).
    pub refusals: usize,
    /// Unknown commands in a session.
    pub unknown_commands: usize,
    /// Commands since the last message that bring no mail nearer: `NOOP`, `RSET`, `EHLO` …
    pub idle_commands: usize,
    /// Octets in one line of a message, without its CRLF. RFC 5322 §2.1.1 says 998; real mail
    /// has more.
    pub data_line_octets: usize,
    /// Octets of a message that are read and dropped once it is refused, before 421.
    pub discarded_octets: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            command_line_octets: 2048,
            dropped_line_octets: 64 * 1024,
            recipients: 1000,
            errors: 20,
            refusals: 2000,
            unknown_commands: 10,
            idle_commands: 100,
            data_line_octets: 1024 * 1024,
            discarded_octets: 64 * 1024 * 1024,
        }
    }
}
