//! P9: every limit of `[limits]` is run into once, and answers as its row says. A limit without a
//! story here fails the test; limits inside messages are tested in the crate `mail`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use end_to_end::gateway::{Gateway, Site, free_addresses};
use end_to_end::letter;
use end_to_end::sender::{Reply, Sender};
use end_to_end::sink::{Answer, Sink, Stage};
use gateway::config::LIMITS;

const FROM: &str = "ann@corp.example";
const TO: &str = "bob@partner.example";

/// A limit, a low value for it, and how to run into it: the answer seen, as the table words it.
type Story = (&'static str, &'static str, fn(Ground) -> String);

/// What a story is told in: a gateway with that limit, and its next hop.
struct Ground {
    site: Site,
    sink: Sink,
}

impl Ground {
    fn gateway(&self) -> Gateway {
        Gateway::start(&self.site)
    }
}

const STORIES: &[Story] = &[
    ("message_size", "\"64KiB\"", message_size),
    ("command_line", "\"1KiB\"", command_line),
    ("data_line", "\"2KiB\"", data_line),
    ("recipients", "100", recipients),
    ("errors", "5", errors),
    ("connections", "3", connections),
    ("connections_per_peer", "3", connections),
    ("memory", "\"1MiB\"", memory),
    ("received", "10", received),
    ("held_messages", "2", held_messages),
    ("held_bytes", "\"64KiB\"", held_bytes),
    ("held_sender_percent", "1", held_share),
    ("command_timeout", "\"1s\"", command_timeout),
    ("data_timeout", "\"1s\"", data_timeout),
    ("message_timeout", "\"2s\"", message_timeout),
    ("tls_timeout", "\"1s\"", tls_timeout),
    ("answer_timeout", "\"2s\"", slow_everywhere),
    ("drain", "\"1s\"", drain),
    ("next_hop_connections", "1", next_hop_connections),
    ("next_hop_wait", "\"1s\"", next_hop_connections),
    ("next_hop_idle", "\"1s\"", next_hop_idle),
    ("next_hop_connect", "\"1s\"", next_hop_connect),
    ("next_hop_greeting", "\"1s\"", slow_greeting),
    ("next_hop_command", "\"1s\"", slow_command),
    ("next_hop_data", "\"1s\"", next_hop_data),
    ("next_hop_final", "\"1s\"", slow_final),
];

#[test]
fn every_limit_holds_and_says_so() {
    let told: BTreeSet<&str> = STORIES.iter().map(|(name, ..)| *name).collect();
    let mut complaints: Vec<String> = LIMITS
        .iter()
        .filter(|limit| !told.contains(limit.name))
        .map(|limit| format!("limit `{}` has no story", limit.name))
        .collect();
    for (name, value, story) in STORIES {
        let Some(limit) = LIMITS.iter().find(|limit| limit.name == *name) else {
            complaints.push(format!("`{name}` is no limit"));
            continue;
        };
        let sink = Sink::start();
        let mut more = format!("[limits]\n{name} = {value}\n");
        if *name == "next_hop_wait" {
            more.push_str("next_hop_connections = 1\n");
        } else if *name == "next_hop_connections" {
            more.push_str("next_hop_wait = \"1s\"\n");
        } else if *name == "answer_timeout" {
            more.push_str("next_hop_final = \"1s\"\nnext_hop_command = \"1s\"\n");
        } else if *name == "memory" {
            more.push_str("message_size = \"1MiB\"\n");
        } else if *name == "held_bytes" {
            more.push_str("message_size = \"64KiB\"\nheld_sender_percent = 100\n");
        } else if *name == "held_messages" {
            more.push_str("held_sender_percent = 100\n");
        } else if *name == "held_sender_percent" {
            more.push_str("held_messages = 200\n");
        }
        let site = Site::new(sink.address(), "").with(&more);
        let seen = story(Ground { site, sink });
        if !seen.starts_with(limit.answer) {
            complaints.push(format!(
                "{name} = {value}: `{seen}`, not `{}`",
                limit.answer
            ));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn mail(bytes: usize) -> Vec<u8> {
    letter::plain(FROM, TO, "bounds", &"0123456789\r\n".repeat(bytes / 12))
}

/// The same gateway, but all mail waits for approval.
fn all_held(ground: Ground) -> Gateway {
    let rule = "[[rule]]\nname = \"all\"\nthen = [{ hold = true }]\n".to_owned();
    let rules = vec![("50-test.toml".to_owned(), rule)];
    let site = Site {
        rules,
        ..ground.site
    };
    Gateway::start(&site)
}

fn held_messages(ground: Ground) -> String {
    let gateway = all_held(ground);
    let send = || gateway.inside().send(FROM, &[TO], &mail(100));
    assert_eq!((send().code, send().code), (250, 250));
    send().to_string()
}

fn held_share(ground: Ground) -> String {
    let gateway = all_held(ground);
    let send = |from| gateway.inside().send(from, &[TO], &mail(100));
    assert_eq!((send(FROM).code, send(FROM).code), (250, 250));
    let full = send(FROM);
    assert_eq!(
        send("eve@corp.example").code,
        250,
        "another has a share too"
    );
    full.to_string()
}

fn held_bytes(ground: Ground) -> String {
    let gateway = all_held(ground);
    let send = |bytes| gateway.inside().send(FROM, &[TO], &mail(bytes));
    assert_eq!((send(40_000).code, send(10_000).code), (250, 250));
    let full = send(20_000);
    assert_eq!(send(1_000).code, 250, "there is room for a small one");
    full.to_string()
}

fn message_size(ground: Ground) -> String {
    let gateway = ground.gateway();
    let mut sender = gateway.inside();
    assert!(
        sender.greeting.text.contains("SIZE 65536"),
        "{}",
        sender.greeting
    );
    let announced = sender.command(&format!("MAIL FROM:<{FROM}> SIZE=70000"));
    assert_eq!(announced.code, 552, "{announced}");
    assert_eq!(gateway.inside().send(FROM, &[TO], &mail(60_000)).code, 250);
    gateway
        .inside()
        .send(FROM, &[TO], &mail(70_000))
        .to_string()
}

fn command_line(ground: Ground) -> String {
    let gateway = ground.gateway();
    let mut sender = gateway.inside();
    assert_eq!(
        sender.command(&format!("NOOP {}", "x".repeat(900))).code,
        250
    );
    let reply = sender.command(&format!("NOOP {}", "x".repeat(2000)));
    assert_eq!(
        sender.command("NOOP").code,
        250,
        "the session goes on in step"
    );
    reply.to_string()
}

fn data_line(ground: Ground) -> String {
    let gateway = ground.gateway();
    let with = |length: usize| letter::plain(FROM, TO, "line", &"x".repeat(length));
    assert_eq!(gateway.inside().send(FROM, &[TO], &with(1900)).code, 250);
    gateway.inside().send(FROM, &[TO], &with(2100)).to_string()
}

fn recipients(ground: Ground) -> String {
    let gateway = ground.gateway();
    let mut sender = gateway.inside();
    sender.command(&format!("MAIL FROM:<{FROM}>"));
    for number in 0..100 {
        assert_eq!(
            sender
                .command(&format!("RCPT TO:<u{number}@partner.example>"))
                .code,
            250
        );
    }
    sender
        .command("RCPT TO:<one.more@partner.example>")
        .to_string()
}

fn errors(ground: Ground) -> String {
    let gateway = ground.gateway();
    let mut sender = gateway.inside();
    let replies: Vec<Reply> = (0..8).map(|_| sender.command("NONSENSE")).collect();
    let last = replies.iter().find(|reply| reply.code == 421);
    last.map_or_else(|| format!("{replies:?}"), ToString::to_string)
}

fn connections(ground: Ground) -> String {
    let gateway = ground.gateway();
    // The probes of the harness may take a moment to be gone.
    std::thread::sleep(Duration::from_millis(300));
    let open: Vec<Sender> = (0..3).map(|_| gateway.inside()).collect();
    assert!(open.iter().all(|sender| sender.greeting.code == 250));
    let refused = gateway.inside().greeting.to_string();
    drop(open);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(gateway.inside().greeting.code, 250, "places are given back");
    refused
}

/// Who announces a size is told at MAIL, who does not is told in the middle; none is lost.
fn memory(ground: Ground) -> String {
    let gateway = ground.gateway();
    let announce = |sender: &mut Sender| sender.command(&format!("MAIL FROM:<{FROM}> SIZE=700000"));
    let (mut first, mut second) = (gateway.inside(), gateway.inside());
    assert_eq!(announce(&mut first).code, 250);
    let refused = announce(&mut second);
    let unannounced = gateway.inside().send(FROM, &[TO], &mail(700_000));
    assert!(
        unannounced.code == 421 && unannounced.is_enhanced("4.3.1"),
        "{unannounced}"
    );
    drop(first);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        gateway.inside().send(FROM, &[TO], &mail(700_000)).code,
        250,
        "it is given back"
    );
    refused.to_string()
}

fn received(ground: Ground) -> String {
    let gateway = ground.gateway();
    let with = |hops: usize| [b"Received: by x\r\n".repeat(hops), mail(100)].concat();
    assert_eq!(gateway.inside().send(FROM, &[TO], &with(9)).code, 250);
    gateway.inside().send(FROM, &[TO], &with(11)).to_string()
}

fn command_timeout(ground: Ground) -> String {
    let gateway = ground.gateway();
    gateway.inside().reply().to_string()
}

fn data_timeout(ground: Ground) -> String {
    let gateway = ground.gateway();
    let mut sender = gateway.inside();
    sender.command(&format!("MAIL FROM:<{FROM}>"));
    sender.command(&format!("RCPT TO:<{TO}>"));
    assert_eq!(sender.command("DATA").code, 354);
    sender.write(b"Subject: x\r\n");
    sender.reply().to_string()
}

fn message_timeout(ground: Ground) -> String {
    let gateway = ground.gateway();
    let mut sender = gateway.inside();
    sender.command(&format!("MAIL FROM:<{FROM}>"));
    sender.command(&format!("RCPT TO:<{TO}>"));
    assert_eq!(sender.command("DATA").code, 354);
    for _ in 0..12 {
        std::thread::sleep(Duration::from_millis(250));
        sender.write(b"X-Drip: x\r\n");
    }
    sender.reply().to_string()
}

fn tls_timeout(mut ground: Ground) -> String {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["sealgate.corp.example".to_owned()]).unwrap();
    let (chain, key) = (
        folder.path().join("server.crt"),
        folder.path().join("server.key"),
    );
    std::fs::write(&chain, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let [address] = free_addresses();
    ground.site.more.push_str(&format!(
        "[[listen]]\nprotocol = \"smtp\"\naddress = \"{address}\"\nsource = \"inside\"\n\
         allow = [\"127.0.0.0/8\"]\ncertificate = \"{}\"\nprivate_key = \"{}\"\n",
        chain.display(),
        key.display()
    ));
    let _gateway = ground.gateway();
    let mut sender = Sender::connect(address).unwrap();
    assert!(
        sender.greeting.text.contains("STARTTLS"),
        "{}",
        sender.greeting
    );
    assert_eq!(sender.command("STARTTLS").code, 220);
    let began = Instant::now();
    let reply = sender.reply();
    let closed = reply.code == 0 && began.elapsed() < Duration::from_secs(5);
    if closed {
        "the connection is closed".to_owned()
    } else {
        reply.to_string()
    }
}

fn drain(ground: Ground) -> String {
    let mut gateway = ground.gateway();
    let mut idle = gateway.inside();
    gateway.signal("TERM");
    let began = Instant::now();
    let reply = idle.reply();
    assert!(
        gateway.wait().is_some() && began.elapsed() < Duration::from_secs(10),
        "it drains"
    );
    reply.to_string()
}

fn slow(ground: &Ground, at: fn(&Stage) -> bool) -> String {
    let gateway = ground.gateway();
    ground.sink.rescript(move |stage| match at(stage) {
        true => Answer::Wait(Duration::from_secs(4)),
        false => Answer::Accept,
    });
    let began = Instant::now();
    let reply = gateway.inside().send(FROM, &[TO], &mail(100));
    assert!(
        began.elapsed() < Duration::from_millis(3500),
        "it waited for the next hop"
    );
    reply.to_string()
}

fn slow_final(ground: Ground) -> String {
    slow(&ground, |stage| matches!(stage, Stage::End { .. }))
}

/// No single wait is too long, all of them together are.
fn slow_everywhere(ground: Ground) -> String {
    let gateway = ground.gateway();
    ground.sink.rescript(|stage| match stage {
        Stage::Banner | Stage::Hello | Stage::Quit => Answer::Accept,
        _ => Answer::Wait(Duration::from_millis(700)),
    });
    gateway.inside().send(FROM, &[TO], &mail(100)).to_string()
}

fn slow_greeting(ground: Ground) -> String {
    slow(&ground, |stage| *stage == Stage::Banner)
}

fn slow_command(ground: Ground) -> String {
    slow(&ground, |stage| matches!(stage, Stage::Sender(_)))
}

fn next_hop_connections(ground: Ground) -> String {
    let gateway = ground.gateway();
    ground.sink.rescript(|stage| match stage {
        Stage::End { .. } => Answer::Wait(Duration::from_secs(3)),
        _ => Answer::Accept,
    });
    std::thread::scope(|scope| {
        let first = scope.spawn(|| gateway.inside().send(FROM, &[TO], &mail(100)));
        std::thread::sleep(Duration::from_millis(500));
        let second = gateway.inside().send(FROM, &[TO], &mail(200));
        assert_eq!(first.join().unwrap().code, 250);
        second.to_string()
    })
}

fn next_hop_idle(ground: Ground) -> String {
    let gateway = ground.gateway();
    let quit = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&quit);
    ground.sink.rescript(move |stage| {
        seen.fetch_or(*stage == Stage::Quit, Ordering::SeqCst);
        Answer::Accept
    });
    assert_eq!(gateway.inside().send(FROM, &[TO], &mail(100)).code, 250);
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        !quit.load(Ordering::SeqCst),
        "the connection is kept for the next message"
    );
    let until = Instant::now() + Duration::from_secs(8);
    while Instant::now() < until && !quit.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(100));
    }
    if quit.load(Ordering::SeqCst) {
        "it is closed with QUIT".to_owned()
    } else {
        String::new()
    }
}

/// A listener whose queue is full answers nothing, as a host that is gone does.
fn next_hop_connect(mut ground: Ground) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let timeout = Duration::from_millis(100);
    let fill = || std::net::TcpStream::connect_timeout(&address, timeout).ok();
    let _held: Vec<_> = (0..4096).map_while(|_| fill()).collect();
    ground.site.next_hop = address;
    let gateway = ground.gateway();
    gateway.inside().send(FROM, &[TO], &mail(100)).to_string()
}

/// A next hop that says 354 and then reads nothing, with a message larger than any socket buffer.
fn next_hop_data(mut ground: Ground) -> String {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    ground.site.next_hop = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut input = BufReader::new(stream.try_clone().unwrap());
            stream.write_all(b"220 deaf.example\r\n").ok();
            let mut line = String::new();
            while input.read_line(&mut line).unwrap_or(0) > 0 {
                let is_data = line.starts_with("DATA");
                let reply = if is_data {
                    "354 go on\r\n"
                } else {
                    "250 ok\r\n"
                };
                stream.write_all(reply.as_bytes()).ok();
                line.clear();
                if is_data {
                    std::thread::sleep(Duration::from_secs(20));
                }
            }
        }
    });
    let gateway = ground.gateway();
    let reply = gateway.inside().send(FROM, &[TO], &mail(30_000_000));
    reply.to_string()
}
