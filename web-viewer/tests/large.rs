//! Large pages that are not taken: what they hold is bounded, and one reader's do not harm another.

mod support;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use support::browser::Browser;
use support::{Sealed, Terms, World};
use web_viewer::settings::{ANSWER_BYTES_FREE, ANSWERS_OF_ONE_BYTES_MAX};

/// A letter whose frame shows a picture of 4 MiB.
fn letter() -> Vec<u8> {
    let picture: Vec<u8> = (0..4 * 1024 * 1024 / 4u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let mut raw = b"From: Ann <ann.meyer@corp.example>\r\nSubject: picture\r\n\
        Content-Type: multipart/related; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/html\r\n\r\n<p>see <img src=\"cid:a\"></p>\r\n\
        --x\r\nContent-Type: image/png\r\nContent-ID: <a>\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    for line in picture.chunks(57) {
        raw.extend_from_slice(STANDARD.encode(line).as_bytes());
        raw.extend_from_slice(b"\r\n");
    }
    raw.extend_from_slice(b"--x--\r\n");
    raw
}

/// A reader of the letter in this world, and the address of its frame.
async fn reader(world: &World, reader: &str) -> (Sealed, Browser, String) {
    let terms = Terms {
        reader: reader.into(),
        ..Terms::default()
    };
    let sealed = world.seal(&letter(), &terms).await;
    let mut browser = Browser::new(world);
    let page = browser.read(world, &sealed).await.text();
    let address = page
        .split("src=\"")
        .map(|rest| rest.split('"').next().unwrap());
    let mut frames = address.filter(|address| address.contains("/body/"));
    let frame = frames.next().expect("the letter has a frame").to_owned();
    (sealed, browser, frame)
}

#[tokio::test]
async fn frames_that_are_not_taken_are_bounded_and_give_their_room_back() {
    let world = World::new().await;
    let (_, mut browser, frame) = reader(&world, "bob.miller@partner.example").await;
    let whole = browser.get(&frame).await;
    let length: usize = whole.field("content-length").parse().unwrap();
    assert_eq!(whole.bytes.len(), length, "it leaves in pieces, and whole");
    assert!(length > ANSWER_BYTES_FREE && whole.has("data:image/png;base64,"));
    let mut held = Vec::new();
    for _ in 0..ANSWERS_OF_ONE_BYTES_MAX / length {
        held.push(browser.begin(&frame).await);
    }
    assert!(held.iter().all(|answer| answer.status() == StatusCode::OK));
    let busy = browser.get(&frame).await;
    assert_eq!(busy.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(busy.has("Busy for a moment") && !busy.field("retry-after").is_empty());
    let (_, mut other, its) = reader(&world, "carol@partner.example").await;
    assert_eq!(
        other.get(&its).await.status,
        StatusCode::OK,
        "others are served"
    );
    held.pop();
    assert_eq!(browser.get(&frame).await.status, StatusCode::OK);
}
