//! P1 and P7 under `kill -9`: what was answered 250 is never lost, and each crash costs a recipient
//! at most one extra copy. The same story must find the losses of a relay that answers early.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use end_to_end::gateway::{Gateway, Site};
use end_to_end::hop::{Hop, Sin, Sloppy};
use end_to_end::letter;
use end_to_end::sender::Sender;
use end_to_end::sink::Sink;

const SENDERS: usize = 4;
const CRASHES: usize = 6;
/// Between two letters of one sender, so that a run has hundreds and not tens of thousands.
const PACE: Duration = Duration::from_millis(10);
const OUTSIDE: &str = "bob@partner.example";
const INSIDE: &str = "eve@corp.example";

/// A message as its sender remembers it.
#[derive(Debug, Default)]
struct Entry {
    /// Whether 250 came for it.
    accepted: bool,
    /// How often an attempt ended without a reply after the message was handed over.
    strikes: usize,
}

#[test]
fn nothing_is_lost_and_little_is_doubled_when_passing() {
    let sink = Sink::start();
    let mut gateway = Gateway::start(&Site::new(sink.address(), ""));
    let complaints = crash_under_load(&mut gateway, &sink, &[OUTSIDE]);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn nothing_is_lost_and_little_is_doubled_when_sealing_and_splitting() {
    let sink = Sink::start();
    let rule = "[[rule]]\nname = \"seal\"\nwhen = { recipient = \"outside\" }\n\
        then = [{ seal = \"encrypt-only\" }]\n";
    let mut gateway = Gateway::start(&Site::new(sink.address(), rule));
    let complaints = crash_under_load(&mut gateway, &sink, &[OUTSIDE, INSIDE]);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_relay_that_answers_early_is_seen() {
    let sink = Sink::start();
    let mut relay = Sloppy::start(sink.address(), Sin::AnswersEarly);
    let complaints = crash_under_load(&mut relay, &sink, &[OUTSIDE]);
    assert!(
        complaints.iter().any(|each| each.contains("is lost")),
        "{complaints:?}"
    );
}

/// Senders that retry as a mail server does, a hop that dies under them; what went wrong.
fn crash_under_load(hop: &mut dyn Hop, sink: &Sink, to: &[&str]) -> Vec<String> {
    let entrance = hop.entrance();
    let done = AtomicBool::new(false);
    let books: Vec<BTreeMap<String, Entry>> = thread::scope(|scope| {
        let done = &done;
        let senders: Vec<_> = (0..SENDERS)
            .map(|who| scope.spawn(move || keep_sending(entrance, who, to, done)))
            .collect();
        for _ in 0..CRASHES {
            thread::sleep(Duration::from_millis(400));
            hop.kill();
            hop.restart();
        }
        done.store(true, Ordering::SeqCst);
        senders
            .into_iter()
            .map(|sender| sender.join().unwrap())
            .collect()
    });
    // What a sloppy relay still has in memory may arrive a little later.
    thread::sleep(Duration::from_millis(300));
    let copies = count_copies(sink);
    let mut complaints = Vec::new();
    for (subject, entry) in books.iter().flatten() {
        for recipient in to {
            let key = ((*recipient).to_owned(), subject.clone());
            let copies = copies.get(&key).copied().unwrap_or(0);
            complaints.extend(judge(subject, entry, recipient, copies));
        }
    }
    let accepted = books
        .iter()
        .flatten()
        .filter(|(_, entry)| entry.accepted)
        .count();
    let strikes: usize = books.iter().flatten().map(|(_, entry)| entry.strikes).sum();
    println!("{accepted} messages accepted over {CRASHES} crashes, {strikes} struck");
    if accepted < CRASHES {
        complaints.push(format!("only {accepted} messages were accepted"));
    }
    complaints
}

fn judge(subject: &str, entry: &Entry, recipient: &str, copies: usize) -> Option<String> {
    if entry.accepted && copies == 0 {
        return Some(format!(
            "`{subject}` was answered 250 and is lost for {recipient}"
        ));
    }
    let allowed = entry.strikes + usize::from(entry.accepted);
    (copies > allowed).then(|| format!("`{subject}`: {copies} copies for {recipient}, {entry:?}"))
}

/// How many copies of each letter each recipient has.
fn count_copies(sink: &Sink) -> BTreeMap<(String, String), usize> {
    let mut copies = BTreeMap::new();
    for received in sink.all().iter().filter(|each| each.accepted) {
        for subject in letter::header(&received.raw, "Subject") {
            for recipient in &received.recipients {
                *copies
                    .entry((recipient.clone(), subject.clone()))
                    .or_default() += 1;
            }
        }
    }
    copies
}

/// One message after the other, each until it is accepted, until `done`.
fn keep_sending(
    entrance: SocketAddr,
    who: usize,
    to: &[&str],
    done: &AtomicBool,
) -> BTreeMap<String, Entry> {
    let mut book = BTreeMap::new();
    for number in 0.. {
        if done.load(Ordering::SeqCst) {
            break;
        }
        let subject = format!("letter {who}-{number}");
        let raw = letter::plain("ann@corp.example", &to.join(", "), &subject, "the text");
        let entry: &mut Entry = book.entry(subject).or_default();
        for _attempt in 0..400 {
            let code = match Sender::connect(entrance) {
                Ok(mut sender) if sender.greeting.code == 250 => {
                    let reply = sender.send("ann@corp.example", to, &raw);
                    entry.strikes += usize::from(reply.code == 0);
                    reply.code
                }
                _ => 0,
            };
            if code == 250 {
                entry.accepted = true;
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        thread::sleep(PACE);
    }
    book
}
