//! One command line in its parts (RFC 5321 §4.1). It never guesses: a line that is not exactly
//! a command is answered with what is wrong with it.

use super::parameters::{self, Mail};
use super::{Options, xforward};
use crate::Protocol;
use crate::reply::Reply;
use mail::{Address, Sender};

/// A command as it stands; whether it may come now is the session's business.
#[derive(Debug)]
pub(super) enum Command<'a> {
    Hello {
        extended: bool,
        name: &'a str,
    },
    Mail {
        sender: Sender,
        parameters: Mail,
    },
    Recipient {
        address: Address,
    },
    Data,
    Reset,
    Noop,
    Quit,
    Verify,
    Help,
    StartTls,
    Forward {
        attributes: Vec<xforward::Attribute>,
    },
}

/// Why a line is no command.
#[derive(Debug)]
pub(super) enum Mistake {
    /// Known, but its words are wrong; answered, and counted as an error.
    Wrong(Reply),
    /// A word that is no command of ours.
    Unknown(Reply),
    /// Another protocol, or data we never asked for: what follows must not be read as commands.
    Hostile(Reply),
}

impl From<Reply> for Mistake {
    fn from(reply: Reply) -> Self {
        Self::Wrong(reply)
    }
}

/// Reads one line, without its line end.
pub(super) fn parse<'a>(line: &'a [u8], options: &Options) -> Result<Command<'a>, Mistake> {
    let text = std::str::from_utf8(line)
        .ok()
        .filter(|text| !text.contains(char::is_control));
    let Some(text) = text else {
        return Err(wrong(
            500,
            "5.5.2",
            "a command is text without control characters",
        ));
    };
    // RFC 5321 §4.1.1: trailing white space before the CRLF should be tolerated.
    let text = text.trim_end_matches(' ');
    let (verb, argument) = text.split_once(' ').unwrap_or((text, ""));
    let argument = argument.trim_start_matches(' ');
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" if options.protocol == Protocol::Smtp => hello(true, argument),
        "HELO" if options.protocol == Protocol::Smtp => hello(false, argument),
        "LHLO" if options.protocol == Protocol::Lmtp => hello(true, argument),
        // RFC 2033 §4.1: neither protocol takes the other's greeting.
        "EHLO" | "HELO" => Err(wrong(500, "5.5.1", "this is LMTP; say LHLO")),
        "LHLO" => Err(wrong(500, "5.5.1", "this is SMTP; say EHLO")),
        "MAIL" => mail_from(argument),
        "RCPT" => rcpt_to(argument, &options.postmaster_domain),
        "DATA" => bare(argument, Command::Data),
        "RSET" => bare(argument, Command::Reset),
        "QUIT" => bare(argument, Command::Quit),
        "STARTTLS" => bare(argument, Command::StartTls),
        // RFC 5321 §4.1.1.9: NOOP takes a string, which is ignored; so does HELP.
        "NOOP" => Ok(Command::Noop),
        "HELP" => Ok(Command::Help),
        "VRFY" if argument.is_empty() => Err(wrong(501, "5.5.4", "VRFY needs a name")),
        "VRFY" => Ok(Command::Verify),
        "XFORWARD" => Ok(Command::Forward {
            attributes: xforward::parse(argument)?,
        }),
        "XCLIENT" => Err(wrong(550, "5.7.0", "XCLIENT is not permitted")),
        "EXPN" | "AUTH" | "ETRN" | "TURN" => Err(wrong(
            502,
            "5.5.1",
            format!("{} is not offered", verb.to_ascii_uppercase()),
        )),
        // What follows BDAT is data, and what follows the others is another protocol.
        "BDAT" => Err(Mistake::Hostile(Reply::new(
            521,
            "5.5.1",
            "BDAT was not offered",
        ))),
        "PROXY" | "GET" | "POST" | "PUT" | "HEAD" | "OPTIONS" | "CONNECT" | "DELETE" => Err(
            Mistake::Hostile(Reply::new(521, "5.7.0", "this is an SMTP service")),
        ),
        _ => Err(Mistake::Unknown(Reply::new(
            500,
            "5.5.1",
            "command not known",
        ))),
    }
}

fn wrong(code: u16, enhanced: &str, text: impl Into<String>) -> Mistake {
    Mistake::Wrong(Reply::new(code, enhanced, text))
}

fn bare<'a>(argument: &str, command: Command<'a>) -> Result<Command<'a>, Mistake> {
    if argument.is_empty() {
        return Ok(command);
    }
    Err(wrong(501, "5.5.4", "this command takes no argument"))
}

/// RFC 5321 §4.1.4: a name that cannot be verified must not be refused for that. Ours must
/// only be safe to write into a `Received:` field.
fn hello(extended: bool, name: &str) -> Result<Command<'_>, Mistake> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    if name.is_empty() || name.len() > 255 || !name.bytes().all(plain) {
        return Err(wrong(
            501,
            "5.5.4",
            "a domain or address literal must follow",
        ));
    }
    Ok(Command::Hello { extended, name })
}

fn mail_from(argument: &str) -> Result<Command<'_>, Mistake> {
    let (path, rest) = keyword(argument, "FROM:")
        .and_then(split_path)
        .ok_or_else(|| wrong(501, "5.5.4", "say MAIL FROM:<address>"))?;
    let parameters = parameters::mail(rest)?;
    let sender = if path.is_empty() {
        Sender::Null
    } else {
        let address = Address::parse(without_route(path))
            .map_err(|e| wrong(553, "5.1.7", format!("sender address: {e}")))?;
        Sender::Mailbox(address)
    };
    Ok(Command::Mail { sender, parameters })
}

fn rcpt_to<'a>(argument: &'a str, domain: &str) -> Result<Command<'a>, Mistake> {
    let (path, rest) = keyword(argument, "TO:")
        .and_then(split_path)
        .ok_or_else(|| wrong(501, "5.5.4", "say RCPT TO:<address>"))?;
    parameters::recipient(rest)?;
    let path = without_route(path);
    // RFC 5321 §4.1.1.3: <postmaster> without a domain is ours, and is never refused (§4.5.1).
    let parsed = if path.eq_ignore_ascii_case("postmaster") {
        Address::parse(&format!("{path}@{domain}"))
    } else {
        Address::parse(path)
    };
    let address = parsed.map_err(|e| wrong(553, "5.1.3", format!("recipient address: {e}")))?;
    Ok(Command::Recipient { address })
}

/// What stands behind `FROM:` or `TO:`. Spaces behind the colon are an old and harmless habit.
fn keyword<'a>(argument: &'a str, word: &str) -> Option<&'a str> {
    let head = argument.get(..word.len())?;
    head.eq_ignore_ascii_case(word)
        .then(|| argument[word.len()..].trim_start_matches(' '))
}

/// Parts `<path>` from the parameters behind it, minding quoted local parts.
fn split_path(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => {
                let rest = &text[at + 1..];
                let parted = rest.is_empty() || rest.starts_with(' ');
                return parted.then_some((&text[..at], rest));
            }
            _ => {}
        }
    }
    None
}

/// RFC 5321 §4.1.1.3: a source route is accepted and ignored.
fn without_route(path: &str) -> &str {
    match path
        .strip_prefix('@')
        .and_then(|route| route.split_once(':'))
    {
        Some((_, mailbox)) => mailbox,
        None => path,
    }
}
