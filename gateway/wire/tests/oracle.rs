//! Samotop's command parser as a second opinion. Where both take a line, they must mean the same
//! by it; where only one does, the reason stands here.

mod support;

use proptest::prelude::*;
use samotop_core::smtp::SmtpContext;
use samotop_core::smtp::command::{SmtpCommand, SmtpMail};
use samotop_core::smtp::{ParseError, Parser, SmtpHost, SmtpPath};
use samotop_parser::SmtpParserPeg;
use support::server::Driver;
use wire::server::Options;

/// Verb and argument of a line that is taken.
type Meaning = Option<(String, String)>;

fn theirs(line: &[u8]) -> Meaning {
    let parsed: Result<(usize, SmtpCommand), ParseError> =
        SmtpParserPeg.parse(line, &SmtpContext::default());
    let (octets, command) = parsed.ok()?;
    if octets != line.len() {
        return None;
    }
    let argument = match &command {
        SmtpCommand::Helo(hello) => host(&hello.host),
        SmtpCommand::Mail(mail) => address(mail.sender()),
        SmtpCommand::Rcpt(recipient) => address(&recipient.0),
        _ => String::new(),
    };
    let verb = match &command {
        SmtpCommand::Mail(SmtpMail::Mail(..)) => "MAIL",
        other => other.verb(),
    };
    Some((verb.to_owned(), argument.to_lowercase()))
}

fn address(path: &SmtpPath) -> String {
    match path {
        SmtpPath::Null => "<>".to_owned(),
        SmtpPath::Postmaster => "postmaster@mx.example".to_owned(),
        SmtpPath::Mailbox { name, host: at, .. } => format!("{name}@{}", host(at)),
    }
}

fn host(host: &SmtpHost) -> String {
    host.to_string()
}

fn ours(line: &[u8]) -> Meaning {
    let text = String::from_utf8_lossy(line).into_owned();
    let verb = text.get(..4)?.to_ascii_uppercase();
    let mut driver = Driver::greeted(Options::new("mx.example"));
    if !matches!(verb.as_str(), "MAIL" | "EHLO" | "HELO") {
        driver.feed(b"MAIL FROM:<>\r\nRCPT TO:<x@corp.example>\r\n");
    }
    driver.events.clear();
    driver.output.clear();
    driver.feed(line);
    let said = driver.said();
    // 354, 250, 221, 252, 214: understood. 503 does not come here.
    if said.starts_with(['4', '5']) || said.is_empty() {
        return None;
    }
    let argument = match verb.as_str() {
        "EHLO" | "HELO" => driver.session.hello()?.to_owned(),
        "MAIL" | "RCPT" => driver.events[0].split(' ').nth(1)?.to_owned(),
        _ => String::new(),
    };
    Some((verb, unquoted(&argument).to_lowercase()))
}

/// Samotop takes the quotes of a local part away, and the backslashes in them.
fn unquoted(address: &str) -> String {
    let Some((local, domain)) = address.strip_prefix('"').and_then(|a| a.rsplit_once("\"@")) else {
        return address.to_owned();
    };
    let mut escaped = false;
    let plain = |c: &char| {
        escaped = *c == '\\' && !escaped;
        !escaped
    };
    let local: String = local.chars().filter(plain).collect();
    format!("{local}@{domain}")
}

/// One piece of a command line, and why only one of the two takes it, if so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    ByBoth,
    /// A habit of clients, or an extension samotop does not know.
    OnlyByUs,
    /// Against RFC 5321, or not offered.
    OnlyByThem,
    ByNeither,
}
use Taken::{ByBoth, ByNeither, OnlyByThem, OnlyByUs};

const PATHS: &[(&str, Taken)] = &[
    ("<ann@corp.example>", ByBoth),
    ("<Ann.B+c@CORP.example>", ByBoth),
    ("<\"ann\"@corp.example>", ByBoth),
    ("<\"a\\\"b\"@corp.example>", ByBoth),
    ("<@relay.example:ann@corp.example>", ByBoth),
    ("<@a.example,@b.example:ann@corp.example>", ByBoth),
    ("<ann@[192.0.2.1]>", ByBoth),
    ("<!#$%&'*+-/=?^_`{|}~@corp.example>", ByBoth),
    // RFC 5321 §4.1.3: samotop wants IPv6 without brackets.
    ("<ann@[IPv6:2001:db8::1]>", OnlyByUs),
    ("<ann@IPv6:2001:db8::1>", OnlyByThem),
    // An old habit: a space behind the colon.
    (" <ann@corp.example>", OnlyByUs),
    // RFC 5321 §4.1.2: a dot-string has no empty atoms, and no escapes outside quotes.
    ("<ann..b@corp.example>", OnlyByThem),
    ("<.ann@corp.example>", OnlyByThem),
    ("<ann.@corp.example>", OnlyByThem),
    ("<a\\@b@corp.example>", OnlyByThem),
    // RFC 1123 §2.1: a label ends in a letter or digit.
    ("<ann@corp-.example>", OnlyByThem),
    // RFC 5321 §4.1.3: no decimal hosts.
    ("<ann@#3221225985>", OnlyByThem),
    // RFC 6531: only where SMTPUTF8 was said.
    ("<j\u{f6}rg@corp.example>", OnlyByThem),
    ("<ann@[192.0.2.999]>", ByNeither),
    ("<ann@corp.example", ByNeither),
    ("ann@corp.example", ByNeither),
    ("<ann>", ByNeither),
    ("<ann@>", ByNeither),
    ("<ann b@corp.example>", ByNeither),
    ("<ann@corp..example>", ByNeither),
    ("<ann@corp.example>x", ByNeither),
    ("<ann@b@corp.example>", ByNeither),
];

const PARAMETERS: &[(&str, Taken)] = &[
    ("", ByBoth),
    (" SIZE=1000", ByBoth),
    (" BODY=8BITMIME SIZE=5", ByBoth),
    (" SMTPUTF8", ByBoth),
    (" AUTH=ann+40corp", ByBoth),
    // RFC 4954 §5; samotop's values hold neither a dot nor an angle.
    (" AUTH=ann+40corp.example", OnlyByUs),
    (" AUTH=<>", OnlyByUs),
    // RFC 5321 §4.1.1.11: what was not offered is refused.
    (" RET=HDRS", OnlyByThem),
    (" SIZE=x", OnlyByThem),
    (" SIZE=1 SIZE=1", OnlyByThem),
    (" BODY=BINARYMIME", OnlyByThem),
    (" SIZE=1\t", ByNeither),
];

fn check(line: &str, taken: Taken) {
    let bytes = format!("{line}\r\n").into_bytes();
    let (ours, theirs) = (ours(&bytes), theirs(&bytes));
    let found = match (&ours, &theirs) {
        (Some(ours), Some(theirs)) => {
            assert_eq!(ours, theirs, "{line}");
            ByBoth
        }
        (Some(_), None) => OnlyByUs,
        (None, Some(_)) => OnlyByThem,
        (None, None) => ByNeither,
    };
    assert_eq!(found, taken, "{line}: ours {ours:?}, theirs {theirs:?}");
}

/// What a line is taken by whose pieces are taken by these.
fn joined(a: Taken, b: Taken) -> Taken {
    match (a, b) {
        (ByBoth, other) | (other, ByBoth) => other,
        (a, b) if a == b => a,
        _ => ByNeither,
    }
}

#[test]
fn every_path_with_every_parameter() {
    for &(path, by_path) in PATHS.iter().chain(&[("<>", ByBoth)]) {
        for &(parameters, by_parameters) in PARAMETERS {
            // Where UTF-8 was announced, an address may hold it.
            let utf8 = !path.is_ascii() && parameters == " SMTPUTF8";
            let taken = if utf8 {
                ByBoth
            } else {
                joined(by_path, by_parameters)
            };
            check(&format!("MAIL FROM:{path}{parameters}"), taken);
        }
    }
    for &(path, taken) in PATHS
        .iter()
        .chain(&[("<Postmaster>", ByBoth), ("<>", ByNeither)])
    {
        check(&format!("RCPT TO:{path}"), taken);
        check(
            &format!("rcpt to:{path} NOTIFY=NEVER"),
            joined(taken, OnlyByThem),
        );
    }
}

#[test]
fn the_other_commands() {
    for (line, taken) in [
        ("EHLO client.example", ByBoth),
        ("helo client.example", ByBoth),
        ("EHLO [192.0.2.1]", ByBoth),
        // Names that exist, though RFC 5321 does not allow them.
        ("EHLO my_pc.corp.example", OnlyByUs),
        ("EHLO [IPv6:2001:db8::1]", OnlyByUs),
        ("EHLO a:b", ByBoth),
        ("EHLO", ByNeither),
        ("EHLO a b", ByNeither),
        ("EHLO (x)", ByNeither),
        ("RSET", ByBoth),
        ("quit", ByBoth),
        ("DATA", ByBoth),
        ("RSET now", ByNeither),
        // RFC 5321 §4.1.1: trailing white space is tolerated.
        ("RSET ", OnlyByUs),
        ("NOOP", ByBoth),
        ("NOOP anything", ByBoth),
        ("NOOP (anything)", OnlyByUs),
        ("HELP", ByBoth),
        ("VRFY ann", ByBoth),
        ("VRFY <ann@corp.example>", OnlyByUs),
        // Not offered.
        ("EXPN staff", OnlyByThem),
        ("TURN", OnlyByThem),
        ("SEND FROM:<ann@corp.example>", OnlyByThem),
        ("LHLO client.example", OnlyByThem),
        ("FOO", ByNeither),
        ("", ByNeither),
    ] {
        if line == "EHLO a:b" {
            // Samotop writes such a name in brackets, which the client did not.
            assert_eq!(ours(b"EHLO a:b\r\n").unwrap().1, "a:b");
            assert_eq!(theirs(b"EHLO a:b\r\n").unwrap().1, "[a:b]");
            continue;
        }
        check(line, taken);
    }
}

#[test]
fn a_line_end_is_crlf() {
    // Samotop stops at CRLF too; a bare LF is no line to either.
    for end in ["\n", "\r", "\r\r\n", "\0\r\n", "\n\r"] {
        let line = format!("RSET{end}");
        assert_eq!(ours(line.as_bytes()), None, "{end:?}");
        assert_eq!(theirs(line.as_bytes()), None, "{end:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A good line with one byte changed: if both still take it, they mean the same.
    #[test]
    fn one_byte_off(
        path in 0..8_usize,
        parameters in 0..5_usize,
        verb in 0..2_usize,
        at in any::<prop::sample::Index>(),
        byte in 0x20..0x7f_u8,
    ) {
        let verb = ["MAIL FROM:", "RCPT TO:"][verb];
        let parameters = if verb == "RCPT TO:" { "" } else { PARAMETERS[parameters].0 };
        let mut line = format!("{verb}{}{parameters}\r\n", PATHS[path].0).into_bytes();
        let at = at.index(line.len() - 2);
        line[at] = byte;
        // Samotop takes a backslash outside quotes for an escape, and anything in quotes.
        prop_assume!(!line.contains(&b'\\') && !line.contains(&b'"'));
        if let (Some(ours), Some(theirs)) = (ours(&line), theirs(&line)) {
            prop_assert_eq!(ours, theirs, "{}", support::show(&line));
        }
    }
}
