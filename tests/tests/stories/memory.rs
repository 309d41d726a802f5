//! P9: whatever many senders send at once, the gateway holds no more memory than it was given.

use std::time::Duration;

use end_to_end::gateway::{Gateway, Site};
use end_to_end::load::{Letter, Meter, Swallow, once_each};

/// The most it may ever hold.
const MEMORY_MAX: u64 = 512 << 20;

/// How many send at once: 25 MB each, together more than may be held.
const SESSIONS: usize = 24;

/// How long that may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(240);

const MARK_AND_SEAL: &str = r#"
[[rule]]
name = "Marked and sealed"
when = { recipient = "outside" }
then = [{ footer = "All mail of ours ends so." }, { seal = "encrypt-only" }]
"#;

/// Peak memory after letters of 25 MB from all at once, each delivered in the end.
fn peak(rules: &str, limits: &str, subject: &str) -> u64 {
    let sink = Swallow::start().unwrap();
    let site = Site::new(sink.address(), rules).with(limits);
    let gateway = Gateway::start(&site);
    let letter = Letter::new(25_000_000, "bob@partner.example", subject);
    let tally = once_each(gateway.inside, SESSIONS, &letter, PATIENCE);
    assert_eq!(tally.taken, SESSIONS as u64, "{tally:?}");
    assert_eq!(sink.messages(), SESSIONS as u64, "each once");
    Meter::of(gateway.process_id().unwrap()).peak_memory()
}

#[test]
fn many_large_letters_at_once_stay_within_the_memory_given() {
    let passed = peak("", "", "passes");
    assert!(passed <= MEMORY_MAX, "{} MiB to pass", passed >> 20);
    let sealed = peak(MARK_AND_SEAL, "", "is marked and sealed");
    assert!(sealed <= MEMORY_MAX, "{} MiB to seal", sealed >> 20);
    println!("{} MiB to pass, {} to seal", passed >> 20, sealed >> 20);

    // The control: it is the limit that keeps it small, and the meter sees it.
    let given = "[limits]\nmemory = \"2GiB\"\n";
    let unlimited = peak("", given, "passes");
    assert!(unlimited > MEMORY_MAX, "{} MiB", unlimited >> 20);
}
