//! The attacks of the threat model that meet this crate: smuggling in and out, commands and
//! replies injected before TLS, strangers who speak for others. Each has its control.

mod support;

use support::client::{drain, drain_delivery, envelope, options, ready};
use support::server::Driver;
use wire::client::{Connection, End, Event, Protocol, TlsPolicy, Transaction};
use wire::server::{BareNewline, Options, TlsOffer};

/// V1: fourteen of the fifteen; none is the end of data, though some servers take it for one.
const FALSE_ENDS: [&[u8]; 14] = [
    b"\n.\n",
    b"\n.\r",
    b"\r.\n",
    b"\r.\r",
    b"\n.\r\n",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\0\n.\r\n",
    b"\r\n.\r\0\n",
];

/// V1, the fifteenth: a NUL before a true end. What follows is a transaction of its own.
const TRUE_END_AFTER_NUL: &[u8] = b"\0\r\n.\r\n";

const ENVELOPE: &[u8] = b"MAIL FROM:<ann@corp.example>\r\nRCPT TO:<bob@corp.example>\r\nDATA\r\n";
const SMUGGLED: &[u8] =
    b"MAIL FROM:<evil@corp.example>\r\nRCPT TO:<victim@corp.example>\r\nDATA\r\nevil\r\n.\r\n";

fn smuggle(end: &[u8]) -> Vec<u8> {
    [
        ENVELOPE,
        b"Subject: x\r\n\r\nhello",
        end,
        SMUGGLED,
        b"QUIT\r\n",
    ]
    .concat()
}

/// Feeds it whole, and split at every byte; calls `check` on each run.
fn at_every_split(options: &Options, bytes: &[u8], check: impl Fn(&Driver, usize)) {
    for split in 0..=bytes.len() {
        let mut driver = Driver::greeted(options.clone());
        driver.feed(&bytes[..split]);
        driver.feed(&bytes[split..]);
        check(&driver, split);
    }
}

fn transactions(driver: &Driver) -> usize {
    driver
        .events
        .iter()
        .filter(|event| event.starts_with("sender "))
        .count()
}

#[test]
fn v1_a_false_end_of_data_is_never_believed() {
    for end in FALSE_ENDS {
        at_every_split(
            &Options::new("mx.example"),
            &smuggle(end),
            |driver, split| {
                let shown = support::show(end);
                assert_eq!(transactions(driver), 1, "{shown} split at {split}");
                assert!(
                    driver.messages.is_empty(),
                    "{shown} split at {split} was passed on"
                );
                let said = String::from_utf8_lossy(&driver.output);
                assert!(
                    said.contains("550 5.6.0"),
                    "{shown} split at {split}: {said}"
                );
                assert!(
                    said.ends_with("221 2.0.0 mx.example closing\r\n"),
                    "{shown}: {said}"
                );
            },
        );
    }
}

#[test]
fn v1_a_repaired_message_is_still_one_message() {
    let mut options = Options::new("mx.example");
    options.bare_newline = BareNewline::Normalise;
    for end in FALSE_ENDS {
        at_every_split(&options, &smuggle(end), |driver, split| {
            let shown = support::show(end);
            assert_eq!(transactions(driver), 1, "{shown} split at {split}");
            let refused = end.contains(&0);
            assert_eq!(
                driver.messages.is_empty(),
                refused,
                "{shown} split at {split}"
            );
            for message in &driver.messages {
                assert_clean(message, &shown);
                assert!(
                    message.ends_with(b"DATA\r\nevil\r\n"),
                    "{shown}: the end was believed"
                );
            }
        });
    }
}

#[test]
fn v1_what_follows_a_true_end_is_a_transaction() {
    at_every_split(
        &Options::new("mx.example"),
        &smuggle(TRUE_END_AFTER_NUL),
        |driver, split| {
            assert_eq!(driver.messages, [b"evil\r\n"], "split at {split}");
        },
    );
    // Control: the count sees two transactions where there are two.
    at_every_split(
        &Options::new("mx.example"),
        &smuggle(b"\r\n.\r\n"),
        |driver, split| {
            assert_eq!(transactions(driver), 2, "split at {split}");
            assert_eq!(driver.messages.len(), 2, "split at {split}");
        },
    );
}

fn assert_clean(bytes: &[u8], what: &str) {
    let mut last = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        assert_ne!(byte, 0, "{what}: NUL at {at}");
        assert!(byte != b'\n' || last == b'\r', "{what}: bare LF at {at}");
        assert!(last != b'\r' || byte == b'\n', "{what}: bare CR at {at}");
        last = byte;
    }
    assert_ne!(last, b'\r', "{what}: bare CR at the end");
}

/// Delivers `parts` and gives back every byte of the data that went out.
fn data_sent(parts: &[&[u8]]) -> (Vec<u8>, Option<End>) {
    let mut connection = ready(&["PIPELINING"]);
    let envelope = envelope("ann@corp.example", &["bob@partner.example"]);
    let mut delivery = connection.begin(Transaction {
        envelope: &envelope,
        parts,
    });
    drain_delivery(&mut delivery);
    delivery.feed(b"250 OK\r\n250 OK\r\n354 go\r\n");
    assert_eq!(delivery.next(), None);
    let sent = drain_delivery(&mut delivery);
    (sent, delivery.next().map(|outcome| outcome.end))
}

#[test]
fn v2_nothing_is_smuggled_out() {
    let hostile = FALSE_ENDS.into_iter().chain([TRUE_END_AFTER_NUL]);
    for end in hostile {
        let message = [b"Subject: x\r\n\r\nhello", end, SMUGGLED].concat();
        for split in 0..=message.len() {
            let (head, tail) = message.split_at(split);
            let (sent, ended) = data_sent(&[head, b"", tail]);
            let what = format!("{} parted at {split}", support::show(end));
            assert_eq!(
                ended,
                Some(End::Broken(wire::client::Stage::DataBlock)),
                "{what}"
            );
            assert!(
                !sent.ends_with(b"\r\n.\r\n"),
                "{what}: the final dot went out"
            );
            assert_clean(&sent, &what);
        }
    }
}

#[test]
fn v2_every_leading_dot_is_doubled() {
    let message = b".\r\n..\r\n\r\n.a\r\nb.\r\n.\r\n";
    for split in 0..=message.len() {
        let (head, tail) = message.split_at(split);
        let (sent, ended) = data_sent(&[head, tail]);
        assert_eq!(
            support::show(&sent),
            support::show(b"..\r\n...\r\n\r\n..a\r\nb.\r\n..\r\n.\r\n")
        );
        assert_eq!(ended, None, "the dot is out, and nobody has answered");
    }
}

fn tls_offered() -> Options {
    Options {
        tls: TlsOffer::Offered,
        ..Options::new("mx.example")
    }
}

#[test]
fn v3_what_came_in_clear_is_never_answered_under_tls() {
    let bytes = b"STARTTLS\r\nRSET\r\nMAIL FROM:<evil@corp.example>\r\n";
    for split in 0..=bytes.len() {
        let mut driver = Driver::greeted(tls_offered());
        driver.feed(&bytes[..split]);
        driver.feed(&bytes[split..]);
        let said = driver.said();
        if split == b"STARTTLS\r\n".len() {
            assert_eq!(driver.events, ["start TLS"]);
            // The rest came in a segment of its own: to a driver it is a broken handshake.
            assert_eq!(said, "220 2.0.0 go ahead\r\n", "split at {split}");
            driver.session.tls_started();
            driver.feed(b"");
            assert_eq!(
                driver.said(),
                "",
                "split at {split}: answered what came in clear"
            );
            driver.feed(b"MAIL FROM:<ann@corp.example>\r\n");
            assert_eq!(driver.said(), "503 5.5.1 say EHLO or HELO first\r\n");
        } else {
            assert_eq!(
                said, "554 5.5.1 nothing may follow STARTTLS in clear\r\n",
                "{split}"
            );
            assert_eq!(driver.events, ["closed"], "split at {split}");
        }
    }
}

#[test]
fn v3_a_clean_handshake_passes() {
    let mut driver = Driver::greeted(tls_offered());
    driver.feed(b"MAIL FROM:<before@corp.example>\r\nSTARTTLS\r\n");
    driver.session.tls_started();
    driver.output.clear();
    driver.feed(b"RCPT TO:<bob@corp.example>\r\nEHLO c.example\r\nMAIL FROM:<>\r\n");
    let said = driver.said();
    assert!(
        said.starts_with("503 5.5.1 say MAIL first\r\n250-"),
        "{said}"
    );
    assert!(!said.contains("STARTTLS"), "{said}");
    assert!(said.ends_with("250 2.1.0 sender OK\r\n"), "{said}");
    assert_eq!(driver.session.protocol(false), "ESMTPS");
}

/// A client that was offered STARTTLS and has asked for it.
fn asked_for_tls() -> Connection {
    let mut connection = Connection::new(options(TlsPolicy::Opportunistic, Protocol::Smtp));
    connection.feed(b"220 mx.example\r\n");
    assert_eq!(connection.next(), None);
    connection.feed(b"250-mx.example\r\n250 STARTTLS\r\n");
    assert_eq!(connection.next(), None);
    assert_eq!(drain(&mut connection), b"EHLO gate.example\r\nSTARTTLS\r\n");
    connection
}

#[test]
fn v4_replies_injected_before_the_handshake_end_the_connection() {
    let bytes = b"220 go\r\n250-mx.example\r\n250 PIPELINING\r\n250 OK\r\n";
    for split in 0..=bytes.len() {
        let mut connection = asked_for_tls();
        connection.feed(&bytes[..split]);
        let mut event = connection.next();
        connection.feed(&bytes[split..]);
        event = connection.next().or(event);
        if split == b"220 go\r\n".len() {
            assert_eq!(event, Some(Event::StartTls), "nothing was injected yet");
            connection.tls_started();
            event = connection.next();
        }
        let Some(Event::Failed(failure)) = event else {
            panic!("split at {split}: the injected replies were believed");
        };
        assert!(
            failure.deferral().is_transient(),
            "split at {split}: {failure}"
        );
        assert!(!connection.is_ready(), "split at {split}");
    }
    // Control: without them the handshake goes on.
    let mut connection = asked_for_tls();
    connection.feed(&bytes[..8]);
    assert_eq!(connection.next(), Some(Event::StartTls));
    connection.tls_started();
    assert_eq!(connection.next(), None);
    assert_eq!(drain(&mut connection), b"EHLO gate.example\r\n");
}

#[test]
fn v4_answers_that_came_before_their_question_are_not_believed() {
    let mut connection = Connection::new(options(TlsPolicy::None, Protocol::Smtp));
    connection.feed(b"220 mx.example\r\n250 mx.example\r\n");
    assert!(matches!(connection.next(), Some(Event::Failed(_))));

    let envelope = envelope("-", &["bob@partner.example"]);
    let parts: [&[u8]; 1] = [b"x\r\n"];
    let transaction = Transaction {
        envelope: &envelope,
        parts: &parts,
    };
    for early in ["250 taken, before it was sent\r\n", "25"] {
        let mut connection = ready(&["PIPELINING"]);
        let mut delivery = connection.begin(transaction);
        drain_delivery(&mut delivery);
        delivery.feed(b"250 OK\r\n250 OK\r\n354 go\r\n");
        delivery.feed(early.as_bytes());
        let outcome = delivery.next().expect("an outcome");
        assert!(outcome.recipients[0].1.is_transient(), "{outcome:?}");
        assert_eq!(drain_delivery(&mut delivery), b"");
    }
}

#[test]
fn v24_a_stranger_speaks_for_nobody() {
    for command in [
        "XCLIENT LOGIN=ann",
        "XFORWARD LOGIN=ann",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2",
    ] {
        let mut driver = Driver::greeted(Options::new("mx.example"));
        driver.feed(format!("{command}\r\n").as_bytes());
        let said = driver.said();
        assert!(
            said.starts_with("550 5.7.0") || said.starts_with("521 5.7.0"),
            "{said}"
        );
        assert_eq!(driver.session.forwarded(), &Default::default());
    }
}

#[test]
fn v24_a_permitted_forwarder_speaks_for_one_transaction() {
    let mut options = Options::new("mx.example");
    options.xforward = wire::server::Xforward::Permit;
    let mut driver = Driver::greeted(options);
    driver.feed(b"XFORWARD LOGIN=ann+40corp ADDR=IPV6:2001:db8::1\r\nXFORWARD NAME=a.example\r\n");
    driver.feed(b"MAIL FROM:<>\r\nRCPT TO:<bob@corp.example>\r\n");
    assert_eq!(
        driver.session.forwarded().login.as_deref(),
        Some("ann@corp")
    );
    assert_eq!(
        driver.session.forwarded().address.as_deref(),
        Some("IPV6:2001:db8::1")
    );
    assert_eq!(
        driver.session.forwarded().name.as_deref(),
        Some("a.example")
    );
    driver.feed(b"DATA\r\nx\r\n.\r\n");
    assert_eq!(driver.session.forwarded(), &Default::default());
}

/// A driver that must not serve some and not others sees it before the data goes out.
#[test]
fn a_partial_delivery_is_seen_before_the_data() {
    let envelope = envelope("-", &["ann@corp.example", "bob@corp.example"]);
    let parts: [&[u8]; 1] = [b"x\r\n"];
    for (replies, partial) in [
        ("250 OK\r\n250 OK\r\n451 no\r\n354 go\r\n", true),
        ("250 OK\r\n250 OK\r\n250 OK\r\n354 go\r\n", false),
        ("250 OK\r\n550 no\r\n550 no\r\n354 go\r\n", false),
    ] {
        let mut connection = ready(&["PIPELINING"]);
        let mut delivery = connection.begin(Transaction {
            envelope: &envelope,
            parts: &parts,
        });
        drain_delivery(&mut delivery);
        assert!(!delivery.is_partial());
        delivery.feed(replies.as_bytes());
        assert_eq!(delivery.next(), None);
        assert_eq!(delivery.is_partial(), partial, "{replies}");
        drop(delivery);
        assert!(!connection.is_ready(), "a delivery was dropped midway");
    }
}

/// P4: what is printed for debugging holds no text of a message.
#[test]
fn message_text_is_never_printed() {
    const CANARY: &str = "canary-7f3a";
    let mut options = Options::new("mx.example");
    options.limits.errors = 1000;
    let mut session = wire::server::Session::new(options);
    session.feed(b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<ann@corp.example>\r\nDATA\r\n");
    session.feed(format!("{CANARY}\r\n.\r\n").as_bytes());
    let canary_in = |shown: String| {
        // As text, and as the numbers of its octets.
        let numbers: Vec<_> = CANARY.bytes().map(|byte| byte.to_string()).collect();
        shown.contains(CANARY) || shown.contains(&numbers.join(", "))
    };
    let mut events = 0;
    while let Some(event) = session.next() {
        assert!(!canary_in(format!("{event:?} {session:?}")));
        session.answer(wire::Reply::new(250, "2.0.0", "OK"));
        events += 1;
    }
    assert_eq!(events, 3);
    let mut connection = ready(&[]);
    let envelope = envelope("-", &["bob@partner.example"]);
    let parts = [CANARY.as_bytes()];
    let transaction = Transaction {
        envelope: &envelope,
        parts: &parts,
    };
    assert!(!canary_in(format!("{transaction:?}")));
    assert!(!canary_in(format!("{:?}", connection.begin(transaction))));
    assert!(canary_in(format!("{parts:?}")), "control");
}
