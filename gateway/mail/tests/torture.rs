//! Twenty-five MiB of each thing that could make a reader slow: every view of the message and an
//! edit of two texts, in two seconds. Run in release, with `--ignored --nocapture`.
//!
//! It never judges what was found; `limits.rs` does.

#[path = "common/torments.rs"]
mod torments;

use std::time::{Duration, Instant};

use mail::{Edit, EditError, Fallback, Message, OnDkim, Place, apply};

const BYTES: usize = 25 << 20;
const TIME_MAX: Duration = Duration::from_secs(2);

fn footer(place: Place) -> Edit {
    Edit::InsertText {
        place,
        plain: format!("Confidential {place:?}"),
        html: format!("<b>Confidential {place:?}</b>"),
        marker: format!("{place:?}"),
        fallback: Fallback::Leave,
        on_dkim: OnDkim::Break,
    }
}

/// Takes every view that the gateway takes and edits once; how long each took.
fn look(raw: &[u8]) -> [(&'static str, Duration); 4] {
    let mut began = Instant::now();
    let mut lap = |name| {
        let took = began.elapsed();
        began = Instant::now();
        (name, took)
    };
    let message = Message::parse(raw);
    for name in ["to", "from", "subject", "references", "received"] {
        message.mailboxes(name);
        for field in message.fields_named(name) {
            message.field_text(field);
        }
    }
    message.thread_ids();
    message.forwarded_ids();
    message.ancestors();
    message.ambiguities();
    let structure = lap("read");
    for part in message.parts().iter().chain(message.other_parts()) {
        if part.is_body() {
            message.texts(part);
        } else {
            message.readings(part);
        }
    }
    let readings = lap("readings");
    message.enclosed();
    let enclosed = lap("enclosed");
    match apply(
        &message,
        &[footer(Place::Bottom), footer(Place::AboveQuote)],
    ) {
        Ok(_) | Err(EditError::TooManyFields | EditError::Damaged(_)) => {}
        Err(error) => panic!("{error}"),
    }
    [structure, readings, enclosed, lap("edit")]
}

#[test]
#[ignore = "in release only: it measures time"]
fn nothing_takes_over_two_seconds() {
    let mut slow = Vec::new();
    let wanted = std::env::var("CASE").unwrap_or_default();
    for (name, raw) in torments::all(BYTES) {
        if !name.contains(&wanted) {
            continue;
        }
        let laps = look(&raw);
        let all: Duration = laps.iter().map(|(_, took)| *took).sum();
        let laps = laps
            .map(|(lap, took)| format!("{lap} {took:.0?}"))
            .join(", ");
        println!("{name:<36} {all:>10.1?}   {laps}");
        if all > TIME_MAX {
            slow.push(name);
        }
    }
    assert!(slow.is_empty(), "over {TIME_MAX:?}: {slow:?}");
}
