//! What a large attachment costs: a range of it opens the chunks it lies in, and no download
//! holds more than a piece. A letter of 25 MiB, read as a download manager reads it.

mod support;

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, HttpBody};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use support::browser::Browser;
use support::{Terms, World};

const MIB: usize = 1024 * 1024;
const FILE_BYTES: usize = 25 * MIB;

/// Bytes without a period that a chunk or a line could share.
fn file() -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..FILE_BYTES).map(|_| next()).collect()
}

fn letter(file: &[u8]) -> Vec<u8> {
    let mut raw = b"From: Ann <ann.meyer@corp.example>\r\nSubject: large\r\n\
        Content-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\nsee below\r\n\
        --x\r\nContent-Type: application/zip\r\n\
        Content-Disposition: attachment; filename=large.zip\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    for line in file.chunks(57) {
        raw.extend_from_slice(STANDARD.encode(line).as_bytes());
        raw.extend_from_slice(b"\r\n");
    }
    raw.extend_from_slice(b"--x--\r\n");
    raw
}

/// Processor time of this process in milliseconds.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name: Vec<&str> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    let ticks = |at: usize| after_name[at].parse::<u64>().unwrap();
    // proc(5): utime and stime are the 14th and 15th, in hundredths of a second.
    (ticks(11) + ticks(12)) * 10
}

/// `VmRSS` or `VmHWM` in KiB.
fn memory_kib(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Runs `work` and says what it cost: processor milliseconds, and MiB above where it began.
async fn cost(work: impl Future<Output = ()>) -> (u64, usize) {
    // proc(5): 5 sets the peak back to what is in use.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let (cpu, memory) = (cpu_ms(), memory_kib("VmRSS"));
    work.await;
    // The system counts pages roughly: the peak may seem to be less than there was before.
    let peak = memory_kib("VmHWM").saturating_sub(memory);
    (cpu_ms() - cpu, peak / 1024)
}

#[tokio::test]
async fn a_range_of_a_large_attachment_opens_only_its_chunks() {
    let world = World::new().await;
    let file = file();
    let sealed = world.seal(&letter(&file), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    let first = cost(async {
        browser.read(&world, &sealed).await;
    })
    .await;
    let path = format!("{}/attachment/2", sealed.path());
    let ranges = cost(async {
        for at in (0..FILE_BYTES).step_by(MIB) {
            browser.fields = vec![("range", format!("bytes={at}-{}", at + MIB - 1))];
            let part = browser.get(&path).await;
            assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
            assert!(
                part.bytes == file[at..at + MIB],
                "the bytes from {at} differ"
            );
        }
    })
    .await;
    browser.fields.clear();
    let whole = cost(async {
        let answer = browser.begin(&path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let mut body = answer.into_body();
        let mut at = 0;
        while let Some(piece) = next_piece(&mut body).await {
            assert!(
                piece == file[at..at + piece.len()],
                "the bytes from {at} differ"
            );
            at += piece.len();
        }
        assert_eq!(at, FILE_BYTES);
    })
    .await;
    for (what, (ms, mib)) in [
        ("first page", first),
        ("25 ranges", ranges),
        ("whole", whole),
    ] {
        println!("25 MiB attachment, {what}: {ms} ms processor, {mib} MiB at the peak");
    }
    assert!(ranges.0 < 5 * first.0, "25 ranges cost {} ms", ranges.0);
    assert!(ranges.1 <= 8, "25 ranges took {} MiB", ranges.1);
    assert!(whole.1 <= 8, "a download took {} MiB", whole.1);
}

/// The next piece of a body.
async fn next_piece(body: &mut Body) -> Option<bytes::Bytes> {
    loop {
        let next = poll_fn(|context| HttpBody::poll_frame(Pin::new(&mut *body), context));
        if let Ok(piece) = next.await?.unwrap().into_data() {
            return Some(piece);
        }
    }
}
