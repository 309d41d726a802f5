//! What holds for every input: the same events however the bytes are cut, the same message at the
//! far end, one reply for one reply, and success only where the next hop said so.

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use support::client::{self, drain_delivery, envelope, ready};
use support::server::Driver;
use wire::client::{Connection, Event, TlsPolicy, Transaction};
use wire::reply::read_reply;
use wire::server::{BareNewline, Options};
use wire::{Protocol, Reply};

/// What sessions are made of, with the ends and false ends that matter.
const PIECES: &[&[u8]] = &[
    b"EHLO a.example\r\n",
    b"MAIL FROM:<ann@corp.example>\r\n",
    b"MAIL FROM:<> SIZE=50\r\n",
    b"RCPT TO:<bob@corp.example>\r\n",
    b"DATA\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"FOO\r\n",
    b"\r\n.\r\n",
    b"\r\n",
    b"\r",
    b"\n",
    b".",
    b"\0",
    b"hello",
    b"..",
    b"a long line of text that is not very long",
    &FILLER,
    FILLER.split_at(1201).0,
];

/// Good lines of more than one block of the scan.
const FILLER: [u8; 1530] = {
    let mut filler = [b'z'; 1530];
    let mut at = 0;
    while at < filler.len() {
        filler[at + 49] = b'\r';
        filler[at + 50] = b'\n';
        at += 51;
    }
    filler
};

/// What the data of a message is made of.
const OCTETS: &[&[u8]] = &[
    &FILLER,
    FILLER.split_at(1100).0,
    b"\r\n",
    b"\r",
    b"\n",
    b".",
    b"\0",
    b"x",
    b"\xff",
    b"words",
    b".\r\n",
    b"\r\n.\r\n",
];

fn soup(pieces: &'static [&'static [u8]], most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(select(pieces), 0..most).prop_map(|pieces| pieces.concat())
}

/// Lines as a message may have them, the last one ended.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![4 => Just(b'.'), 8 => any::<u8>().prop_filter("clean", |b| {
        !matches!(b, b'\r' | b'\n' | 0)
    })];
    vec(vec(octet, 0..40), 0..20).prop_map(|lines| {
        lines
            .into_iter()
            .flat_map(|mut line| {
                line.extend_from_slice(b"\r\n");
                line
            })
            .collect()
    })
}

fn options() -> impl Strategy<Value = Options> {
    let line = prop_oneof![5..100_usize, 1024..2000_usize];
    (any::<bool>(), 10..5000_u64, line).prop_map(|(repair, size_max, line)| {
        let mut options = Options::new("mx.example");
        if repair {
            options.bare_newline = BareNewline::Normalise;
        }
        options.size_max = size_max;
        options.limits.command_line_octets = 60;
        options.limits.dropped_line_octets = 200;
        options.limits.data_line_octets = line;
        options.limits.discarded_octets = 3000;
        options
    })
}

/// The pieces between the cuts.
fn cut<'b>(bytes: &'b [u8], cuts: &[Index]) -> Vec<&'b [u8]> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter()
        .map(|end| &bytes[std::mem::replace(&mut start, end)..end])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(1000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_chunking_gives_the_same_events(
        bytes in soup(PIECES, 40),
        cuts in vec(any::<Index>(), 0..12),
        options in options(),
    ) {
        let mut whole = Driver::greeted(options.clone());
        whole.feed(&bytes);
        let mut pieces = Driver::greeted(options);
        for piece in cut(&bytes, &cuts) {
            pieces.feed(piece);
        }
        prop_assert_eq!(&whole.events, &pieces.events);
        prop_assert_eq!(whole.said(), pieces.said());
    }

    /// A client that counts replies is never out of step.
    #[test]
    fn one_command_has_one_reply(
        commands in vec(select(&["EHLO a", "HELO", "MAIL FROM:<>", "MAIL FROM:<a", "RSET", "FOO",
            "RCPT TO:<ann@corp.example>", "RCPT TO:<>", "NOOP", "VRFY x", "HELP", "STARTTLS",
            "XFORWARD NAME=x", "\0", "AUTH PLAIN"][..]), 0..30),
        answers in vec(select(&[250_u16, 354, 451, 550][..]), 0..30),
    ) {
        let mut driver = Driver::greeted(Options::new("mx.example"));
        driver.answers = answers.iter().map(|&code| Reply::new(code, "", "so")).collect();
        for command in &commands {
            driver.feed(format!("{command}\r\n").as_bytes());
            let said = driver.said();
            let replies = said.split_terminator("\r\n").filter(|line| &line[3..4] == " ").count();
            if driver.session.closing() {
                break;
            }
            prop_assert_eq!(replies, 1, "{}: {}", command, said);
        }
    }

    /// The receiver against a search for the five octets and a look at each byte.
    #[test]
    fn data_ends_where_a_search_says(bytes in soup(OCTETS, 30)) {
        let mut driver = Driver::greeted(Options::new("mx.example"));
        driver.feed(b"MAIL FROM:<>\r\nRCPT TO:<ann@corp.example>\r\nDATA\r\n");
        driver.output.clear();
        driver.feed(&bytes);
        // The CRLF of DATA itself counts (RFC 5321 §4.1.1.4).
        let all = [b"\r\n", &bytes[..]].concat();
        let end = all.windows(5).position(|window| window == b"\r\n.\r\n");
        prop_assert_eq!(driver.output.is_empty(), end.is_none());
        let Some(end) = end else { return Ok(()) };
        let raw = &all[2..(end + 2).max(2)];
        if clean(raw) {
            prop_assert_eq!(&driver.messages[0], &unstuffed(raw));
        } else {
            prop_assert!(driver.said().starts_with("550 5.6.0"));
        }
    }

    #[test]
    fn a_message_arrives_as_it_was_sent(
        message in message(),
        parts in vec(any::<Index>(), 0..4),
        cuts in vec(any::<Index>(), 0..6),
    ) {
        let mut connection = ready(&["PIPELINING"]);
        let envelope = envelope("ann@corp.example", &["bob@corp.example"]);
        let parts = cut(&message, &parts);
        let mut delivery = connection.begin(Transaction { envelope: &envelope, parts: &parts });
        let mut server = Driver::greeted(Options::new("mx.example"));
        let outcome = loop {
            let sent = drain_delivery(&mut delivery);
            for piece in cut(&sent, &cuts) {
                server.feed(piece);
            }
            delivery.feed(server.said().as_bytes());
            if let Some(outcome) = delivery.next() {
                break outcome;
            }
        };
        prop_assert!(outcome.is_positive());
        prop_assert_eq!(&server.messages, &[message]);
    }

    /// LMTP from end to end: every recipient hears what was said of him.
    #[test]
    fn each_recipient_hears_his_own_reply(
        codes in vec(select(&[250_u16, 451, 452, 550, 554][..]), 1..6),
    ) {
        let mut options = Options::new("mx.example");
        options.protocol = Protocol::Lmtp;
        let mut server = Driver::new(options);
        server.one_by_one = true;
        let mut client = Connection::new(client::options(TlsPolicy::None, Protocol::Lmtp));
        for _ in 0..2 {
            client.feed(server.said().as_bytes());
            if client.next() == Some(Event::Ready) {
                break;
            }
            server.feed(&client::drain(&mut client));
        }
        let names: Vec<_> = (0..codes.len()).map(|n| format!("u{n}@corp.example")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let (envelope, parts) = (envelope("-", &names), [&b"x\r\n"[..]]);
        let mut delivery = client.begin(Transaction { envelope: &envelope, parts: &parts });
        server.feed(&drain_delivery(&mut delivery));
        delivery.feed(server.said().as_bytes());
        prop_assert_eq!(delivery.next(), None);
        server.answers = codes.iter().map(|&code| Reply::new(code, "", "so")).collect();
        server.feed(&drain_delivery(&mut delivery));
        delivery.feed(server.said().as_bytes());
        let heard = delivery.next().unwrap().recipients;
        let heard: Vec<_> = heard.iter().map(|(_, reply)| reply.code).collect();
        prop_assert_eq!(heard, codes);
        prop_assert!(client.is_ready());
    }

    /// Replies of every class in every place, and garbage between them.
    #[test]
    fn success_is_never_made_up(
        replies in vec(select(&["250 ok\r\n", "354 go\r\n", "451 no\r\n", "550 no\r\n",
            "421 bye\r\n", "250-more\r\n", "garbage\r\n", "25"][..]), 0..9),
        pipelining in any::<bool>(),
    ) {
        let mut connection = ready(if pipelining { &["PIPELINING"] } else { &[] });
        let envelope = envelope("-", &["ann@corp.example", "bob@corp.example"]);
        let parts: [&[u8]; 1] = [b"hello\r\n"];
        let mut delivery = connection.begin(Transaction { envelope: &envelope, parts: &parts });
        let mut sent = drain_delivery(&mut delivery);
        let mut last = "";
        let mut outcome = None;
        for reply in &replies {
            delivery.feed(reply.as_bytes());
            outcome = delivery.next();
            if outcome.is_some() {
                last = reply;
                break;
            }
            sent.extend(drain_delivery(&mut delivery));
        }
        let outcome = outcome.or_else(|| delivery.lost()).unwrap();
        prop_assert_eq!(outcome.recipients.len(), 2);
        if outcome.recipients.iter().any(|(_, reply)| reply.is_positive()) {
            prop_assert!(sent.ends_with(b"hello\r\n.\r\n"));
            prop_assert_eq!(last, "250 ok\r\n");
        }
        prop_assert!(delivery.next().is_none(), "an outcome is told once");
    }

    #[test]
    fn one_reply_is_written_as_one_reply(code in any::<u16>(), text in any::<String>()) {
        let reply = Reply::new(code, "5.7.1", text);
        let bytes = reply.to_bytes();
        let (read, octets) = read_reply(&bytes).unwrap().unwrap();
        prop_assert_eq!(octets, bytes.len());
        prop_assert_eq!((read.code, read.enhanced), (reply.code, reply.enhanced));
        prop_assert!(!reply.to_string().contains(char::is_control));
    }

    /// What a next hop says is passed on as one reply, whatever it holds.
    #[test]
    fn one_reply_is_read_as_one_reply(text in vec(any::<u8>(), 0..600)) {
        let bytes = [b"550 ", &text[..], b"\r\n"].concat();
        // A CRLF is a line end, whoever wrote it.
        prop_assume!(!text.windows(2).any(|pair| pair == b"\r\n"));
        if let Ok(Some((reply, octets))) = read_reply(&bytes) {
            prop_assert_eq!(octets, bytes.len());
            let again = reply.to_bytes();
            let (passed, octets) = read_reply(&again).unwrap().unwrap();
            prop_assert_eq!((passed.code, octets), (550, again.len()));
        }
    }
}

fn clean(raw: &[u8]) -> bool {
    let text = String::from_utf8_lossy(raw).replace("\r\n", "");
    !text.contains(['\r', '\n', '\0'])
}

fn unstuffed(raw: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = Vec::new();
    let mut rest = raw;
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let (line, tail) = rest.split_at(end + 2);
        lines.push(line.strip_prefix(b".").unwrap_or(line));
        rest = tail;
    }
    assert!(rest.is_empty());
    lines.concat()
}
