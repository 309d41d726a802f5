//! A mebibyte of each torment costs work in proportion to its size.

use std::cell::Cell;

use crate::message::{transfer, words};
use crate::{Edit, EditError, Fallback, Message, OnDkim, Pattern, Place, apply};

#[path = "../../tests/common/torments.rs"]
mod torments;

const BYTES: usize = 1 << 20;
/// How often each byte may be looked at, over all views of a message and one edit.
const LOOKS_MAX: usize = 120;

thread_local! {
    static LOOKED: Cell<usize> = const { Cell::new(0) };
}

pub(crate) fn looked_at(bytes: usize) {
    LOOKED.with(|looked| looked.set(looked.get() + bytes));
}

fn looks(work: impl FnOnce()) -> usize {
    LOOKED.with(|looked| looked.set(0));
    work();
    LOOKED.with(Cell::get)
}

/// Every view that the gateway takes, and an edit.
fn all_views(raw: &[u8]) {
    let message = Message::parse(raw);
    for name in ["to", "subject"] {
        message.mailboxes(name);
        for field in message.fields_named(name) {
            message.field_text(field);
        }
    }
    message.thread_ids();
    message.ambiguities();
    for part in message.parts().iter().chain(message.other_parts()) {
        match part.is_body() {
            true => drop(message.texts(part)),
            false => drop(message.readings(part)),
        }
    }
    message.enclosed();
    let text = |place| Edit::InsertText {
        place,
        plain: format!("Confidential {place:?}"),
        html: format!("<b>Confidential {place:?}</b>"),
        marker: format!("{place:?}"),
        fallback: Fallback::Leave,
        on_dkim: OnDkim::Break,
    };
    match apply(&message, &[text(Place::Bottom), text(Place::AboveQuote)]) {
        Ok(_) | Err(EditError::TooManyFields | EditError::Damaged(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn torments_cost_no_more_than_their_size() {
    let all = torments::all(BYTES);
    assert!(all.len() >= 90, "only {} torments", all.len());
    let (mut most, mut idle) = ((0, ""), Vec::new());
    for (name, raw) in all {
        let times = looks(|| all_views(&raw)) / raw.len();
        most = most.max((times, name));
        if times == 0 {
            idle.push(name);
        }
        if times > LOOKS_MAX / 4 {
            println!("{name}: each byte was looked at {times} times");
        }
    }
    println!("at most {} looks at each byte, for {}", most.0, most.1);
    assert!(most.0 <= LOOKS_MAX);
    // Some are refused at their first limit, and cost nothing at all.
    assert!(idle.len() <= 4, "work that is not counted: {idle:?}");
}

/// Taking markings out costs work in proportion too, however many stand there, and takes them all.
#[test]
fn markings_without_number_cost_no_more_than_their_size() {
    const MARK: &str = "Marked zebra";
    let plain = [
        "Marked zebra\n",
        "x\n\nMarked zebra\n\n",
        "Marked zebra\n> x\n",
    ];
    let html = [
        "<p>Marked zebra</p>",
        "Marked zebra<br>x<br>",
        "<div><p>Marked zebra</p></div>x",
        "<div>Marked zebra</div><b></b><br><b></b>",
        "<div><p>Marked zebra<table>",
        "<div><div>Marked zebra</div></p>",
    ];
    let kinds = plain.map(|text| ("plain", text)).into_iter();
    for (kind, text) in kinds.chain(html.map(|text| ("html", text))) {
        for encoding in ["8bit", "quoted-printable", "base64"] {
            let many = text.repeat(BYTES / 8 / text.len());
            let body = match encoding {
                "base64" => transfer::encode_base64(many.as_bytes(), b"\n"),
                _ => many.into_bytes(),
            };
            let head = format!("Content-Type: text/{kind}\nContent-Transfer-Encoding: {encoding}");
            let raw = [head.as_bytes(), b"\n\n", &body].concat();
            let message = Message::parse(&raw);
            let patterns = vec![Pattern::exact(MARK)];
            let mut edited = Vec::new();
            let work = looks(|| {
                let edits = [Edit::RemoveText { patterns }];
                edited = apply(&message, &edits).unwrap().bytes;
            });
            assert!(work / raw.len() <= LOOKS_MAX, "{encoding} {text}: {work}");
            let left = Message::parse(&edited);
            let left = left.texts(left.root()).concat();
            assert!(!left.contains(MARK), "{encoding} {text}");
        }
    }
}

/// The control: what is done anew for each byte is seen.
#[test]
fn work_that_grows_with_the_square_is_seen() {
    let text = vec![b'x'; 10_000];
    let work = looks(|| (0..text.len()).for_each(|at| drop(words::decode(&text[at..]))));
    assert!(work / text.len() > LOOKS_MAX);
}
