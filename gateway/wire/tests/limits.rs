//! Every limit: just inside it passes, just outside it is answered as the limit says.

mod support;

use support::client::{drain_delivery, envelope, ready};
use support::server::Driver;
use wire::client::{PIPELINED_COMMANDS_MAX, Transaction};
use wire::reply::{
    REPLY_LINE_OCTETS_MAX, REPLY_LINES_MAX, REPLY_OCTETS_MAX, ReplyError, WRITTEN_LINE_OCTETS_MAX,
    WRITTEN_LINES_MAX, read_reply,
};
use wire::server::{Limits, Options};
use wire::{Enhanced, Reply};

const ENVELOPE: &str = "MAIL FROM:<>\r\nRCPT TO:<ann@corp.example>\r\nDATA\r\n";

fn driver(limits: Limits) -> Driver {
    Driver::greeted(Options {
        limits,
        size_max: 10_000,
        ..Options::new("mx.example")
    })
}

/// What is said to `bytes`, fed whole and byte by byte.
fn said(limits: Limits, bytes: &str) -> String {
    let mut whole = driver(limits);
    whole.feed(bytes.as_bytes());
    let mut dripped = driver(limits);
    for byte in bytes.bytes() {
        dripped.feed(&[byte]);
    }
    assert_eq!(whole.said(), dripped.said());
    let mut again = driver(limits);
    again.feed(bytes.as_bytes());
    again.said()
}

fn last_line(said: &str) -> &str {
    said.trim_end().rsplit("\r\n").next().unwrap_or_default()
}

#[test]
fn command_line_octets() {
    let limits = Limits {
        command_line_octets: 100,
        ..Limits::default()
    };
    let line = |octets: usize| format!("NOOP {}\r\n", "x".repeat(octets - 7));
    assert_eq!(said(limits, &line(100)), "250 2.0.0 OK\r\n");
    assert_eq!(
        said(limits, &line(101)),
        "500 5.5.2 a command line has up to 100 octets\r\n"
    );
    let next = said(limits, &(line(5000) + "NOOP\r\n"));
    assert_eq!(
        last_line(&next),
        "250 2.0.0 OK",
        "the session goes on behind it"
    );
}

#[test]
fn dropped_line_octets() {
    let limits = Limits {
        dropped_line_octets: 5000,
        ..Limits::default()
    };
    let line = |octets: usize| format!("{}\r\nNOOP\r\n", "x".repeat(octets - 2));
    assert_eq!(last_line(&said(limits, &line(5000))), "250 2.0.0 OK");
    let over = said(limits, &line(5001));
    assert_eq!(over, "421 4.7.0 a command line without end\r\n");
}

#[test]
fn recipients() {
    let limits = Limits {
        recipients: 3,
        ..Limits::default()
    };
    let recipients = |n: usize| "RCPT TO:<ann@corp.example>\r\n".repeat(n);
    let three = said(limits, &format!("MAIL FROM:<>\r\n{}", recipients(3)));
    assert!(!three.contains("452"), "{three}");
    let four = said(limits, &format!("MAIL FROM:<>\r\n{}", recipients(4)));
    assert_eq!(
        last_line(&four),
        "452 4.5.3 a message has up to 3 recipients"
    );
}

#[test]
fn errors() {
    let limits = Limits {
        errors: 3,
        ..Limits::default()
    };
    let wrong = "VRFY\r\n";
    assert_eq!(
        last_line(&said(limits, &wrong.repeat(3))),
        "501 5.5.4 VRFY needs a name"
    );
    assert_eq!(
        last_line(&said(limits, &wrong.repeat(4))),
        "421 4.7.0 too many errors"
    );
    let between = format!("{}{ENVELOPE}.\r\n{}", wrong.repeat(3), wrong.repeat(3));
    assert!(
        !said(limits, &between).contains("421"),
        "a message begins the count anew"
    );
}

#[test]
fn refusals() {
    let limits = Limits {
        refusals: 3,
        recipients: 1,
        ..Limits::default()
    };
    let over = |n: usize| {
        let recipients = "RCPT TO:<ann@corp.example>\r\n".repeat(1 + n);
        said(limits, &format!("MAIL FROM:<>\r\n{recipients}"))
    };
    assert!(!over(3).contains("421"));
    assert_eq!(last_line(&over(4)), "421 4.7.0 too many refusals");
    let mut refused = driver(limits);
    refused
        .answers
        .extend(std::iter::repeat_n(Reply::new(550, "5.7.1", "no"), 9));
    refused.feed("MAIL FROM:<>\r\n".repeat(3).as_bytes());
    assert!(!refused.said().contains("421"));
    refused.feed(b"DATA\r\n");
    assert_eq!(last_line(&refused.said()), "421 4.7.0 too many refusals");
}

#[test]
fn hello_and_xforward_octets() {
    let hello = |n: usize| said(Limits::default(), &format!("HELO {}\r\n", "x".repeat(n)));
    assert_eq!(hello(255), "250 mx.example\r\n");
    assert!(hello(256).starts_with("501 5.5.4"));
    let xforward = |n: usize| {
        let mut options = Options::new("mx.example");
        options.xforward = wire::server::Xforward::Permit;
        let mut driver = Driver::greeted(options);
        driver.feed(format!("XFORWARD NAME={}\r\n", "x".repeat(n)).as_bytes());
        driver.said()
    };
    assert_eq!(xforward(255), "250 2.0.0 OK\r\n");
    assert!(xforward(256).starts_with("501 5.5.4"));
}

#[test]
fn what_was_sent_on_trust_is_no_error() {
    let limits = Limits {
        errors: 1,
        ..Limits::default()
    };
    let bytes = format!(
        "MAIL FROM:<>\r\n{}DATA\r\n",
        "RCPT TO:<ann@corp.example>\r\n".repeat(50)
    );
    let mut refused = driver(limits);
    refused
        .answers
        .push_back(Reply::new(451, "4.3.0", "not now"));
    refused.feed(bytes.as_bytes());
    assert!(!refused.said().contains("421"));
    // Control: without a MAIL they are errors.
    let without = bytes.split_once("\r\n").unwrap().1;
    assert!(said(limits, without).contains("421 4.7.0 too many errors"));
}

#[test]
fn unknown_commands() {
    let limits = Limits {
        unknown_commands: 2,
        ..Limits::default()
    };
    assert_eq!(
        last_line(&said(limits, &"FOO\r\n".repeat(2))),
        "500 5.5.1 command not known"
    );
    let over = said(limits, &"FOO\r\n".repeat(3));
    assert_eq!(last_line(&over), "421 4.7.0 too many unknown commands");
    let between = format!("FOO\r\nFOO\r\n{ENVELOPE}.\r\nFOO\r\n");
    assert_eq!(
        last_line(&said(limits, &between)),
        "421 4.7.0 too many unknown commands"
    );
}

#[test]
fn idle_commands() {
    // The EHLO of the greeted driver is the first.
    let limits = Limits {
        idle_commands: 5,
        ..Limits::default()
    };
    assert_eq!(
        last_line(&said(limits, &"NOOP\r\n".repeat(4))),
        "250 2.0.0 OK"
    );
    let over = said(limits, &"NOOP\r\n".repeat(5));
    assert_eq!(last_line(&over), "421 4.7.0 too many commands without mail");
    let between = format!("{0}{ENVELOPE}.\r\n{0}", "RSET\r\n".repeat(4));
    assert!(
        !said(limits, &between).contains("421"),
        "a message begins the count anew"
    );
}

#[test]
fn data_line_octets() {
    let limits = Limits {
        data_line_octets: 2000,
        ..Limits::default()
    };
    let message = |octets: usize| format!("{ENVELOPE}x\r\n{}\r\n.\r\nNOOP\r\n", "x".repeat(octets));
    assert!(said(limits, &message(2000)).contains("250 2.0.0 taken"));
    let over = said(limits, &message(2001));
    assert!(
        over.contains("550 5.6.0 message refused: a line over 2000 octets"),
        "{over}"
    );
    assert_eq!(
        last_line(&over),
        "250 2.0.0 OK",
        "the session goes on behind it"
    );
}

#[test]
fn size_max() {
    let message = |octets: usize| format!("{ENVELOPE}{}\r\n.\r\nNOOP\r\n", "x".repeat(octets - 2));
    assert!(said(Limits::default(), &message(10_000)).contains("250 2.0.0 taken"));
    let over = said(Limits::default(), &message(10_001));
    assert!(
        over.contains("552 5.3.4 message refused: larger than 10000 octets"),
        "{over}"
    );
    assert_eq!(
        last_line(&over),
        "250 2.0.0 OK",
        "the session goes on behind it"
    );
    let declared = said(Limits::default(), "MAIL FROM:<> SIZE=10001\r\n");
    assert!(declared.starts_with("552 5.3.4"), "{declared}");
    assert!(said(Limits::default(), "MAIL FROM:<> SIZE=10000\r\n").starts_with("250"));
}

#[test]
fn discarded_octets() {
    let limits = Limits {
        discarded_octets: 30_000,
        ..Limits::default()
    };
    let message = |lines| format!("{ENVELOPE}{}.\r\nNOOP\r\n", "12345678\r\n".repeat(lines));
    assert_eq!(last_line(&said(limits, &message(3500))), "250 2.0.0 OK");
    let over = said(limits, &message(5000));
    let text = "421 4.3.4 message refused, and its end does not come; closing";
    assert_eq!(last_line(&over), text);
}

#[test]
fn pipelined_commands() {
    let names: Vec<String> = (0..250).map(|n| format!("u{n}@corp.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let envelope = envelope("-", &names);
    let parts: [&[u8]; 1] = [b"x\r\n"];
    let mut connection = ready(&["PIPELINING"]);
    let mut delivery = connection.begin(Transaction {
        envelope: &envelope,
        parts: &parts,
    });
    let mut sent = 0;
    loop {
        let lines = drain_delivery(&mut delivery)
            .iter()
            .filter(|&&b| b == b'\n')
            .count();
        assert!(
            lines > 0 && lines <= PIPELINED_COMMANDS_MAX,
            "{lines} commands at once"
        );
        sent += lines;
        if sent == 252 {
            break;
        }
        delivery.feed("250 OK\r\n".repeat(lines).as_bytes());
        assert_eq!(delivery.next(), None);
    }
}

#[test]
fn replies_read() {
    let line = |octets: usize| format!("250 {}\r\n", "x".repeat(octets - 6));
    let read = |text: &str| read_reply(text.as_bytes());
    assert!(read(&line(REPLY_LINE_OCTETS_MAX)).unwrap().is_some());
    assert_eq!(
        read(&line(REPLY_LINE_OCTETS_MAX + 1)),
        Err(ReplyError::LineTooLong)
    );
    assert_eq!(
        read(&"x".repeat(REPLY_LINE_OCTETS_MAX)),
        Err(ReplyError::LineTooLong)
    );

    let lines = |n: usize| "250-x\r\n".repeat(n - 1) + "250 x\r\n";
    assert!(read(&lines(REPLY_LINES_MAX)).unwrap().is_some());
    assert_eq!(read(&lines(REPLY_LINES_MAX + 1)), Err(ReplyError::TooLong));

    let long = format!("250-{}\r\n", "x".repeat(1018));
    let whole = REPLY_OCTETS_MAX / long.len();
    assert!(
        read(&(long.repeat(whole - 1) + "250 x\r\n"))
            .unwrap()
            .is_some()
    );
    assert_eq!(
        read(&(long.repeat(whole) + "250 x\r\n")),
        Err(ReplyError::TooLong)
    );
}

#[test]
fn replies_written() {
    let hostile = format!(
        "a\r\n250 ok\rb\0c\u{1b}[31m é {}",
        "long words ".repeat(10_000)
    );
    let bytes = Reply::new(550, "5.7.1", hostile).to_bytes();
    let text = String::from_utf8(bytes.clone()).expect("ASCII");
    let lines: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
    assert_eq!(lines.len(), WRITTEN_LINES_MAX);
    for (at, line) in lines.iter().enumerate() {
        let mark = if at + 1 == lines.len() {
            "550 5.7.1 "
        } else {
            "550-5.7.1 "
        };
        assert!(line.starts_with(mark), "{line}");
        assert!(line.len() + 2 <= WRITTEN_LINE_OCTETS_MAX, "{line}");
        assert!(line.bytes().all(|b| matches!(b, b' '..=b'~')), "{line}");
    }
    assert_eq!(
        lines[1],
        "550-5.7.1 250 ok b?c?[31m ? ".to_owned() + &lines[1][28..]
    );
    let (read, octets) = read_reply(&bytes).unwrap().unwrap();
    assert_eq!((read.code, octets), (550, bytes.len()));
    assert_eq!(read.enhanced, Enhanced::parse("5.7.1"));
}
