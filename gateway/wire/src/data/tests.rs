//! The walk by blocks against a walk by bytes, with one octet changed at every place.

use super::{BLOCK, Bounds, Fault, Progress, Receiver, Stuffing};
use crate::server::BareNewline;

const BOUNDS: Bounds = Bounds {
    size_max: 1 << 20,
    line_octets_max: 1 << 20,
    discarded_octets_max: 1 << 20,
    bare_newline: BareNewline::Refuse,
};

/// Good lines of uneven length, over several blocks.
fn text() -> Vec<u8> {
    let mut text = Vec::new();
    for line in 0.. {
        text.extend(std::iter::repeat_n(b'x', line * 7 % 90));
        text.extend_from_slice(b"\r\n");
        if text.len() > 3 * BLOCK {
            return text;
        }
    }
    unreachable!()
}

fn fault_of(bytes: &[u8]) -> Option<Fault> {
    for (at, &byte) in bytes.iter().enumerate() {
        let (before, after) = (bytes[..at].last(), bytes.get(at + 1));
        match byte {
            0 => return Some(Fault::Nul),
            b'\r' if after != Some(&b'\n') => return Some(Fault::BareNewline),
            b'\n' if before != Some(&b'\r') => return Some(Fault::BareNewline),
            _ => {}
        }
    }
    None
}

/// Every text with one octet changed near a border of blocks, as it is sent, with its fault.
fn check_every_place(check: impl Fn(&[u8], &[u8], Option<Fault>)) {
    let good = text();
    let mut dots = 0;
    let near = |at: &usize| (at + 90) % BLOCK < 180;
    for at in (0..good.len()).filter(near) {
        for octet in *b"\r\n\0.y" {
            let mut changed = good.clone();
            changed[at] = octet;
            let stuffed = stuffed(&changed);
            dots += stuffed.len() - changed.len();
            check(&changed, &stuffed, fault_of(&changed));
        }
    }
    assert!(dots > 5, "{dots} dots at the beginning of lines");
}

fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    let stuff = |line: &[u8]| {
        [
            if line.starts_with(b".") { "." } else { "" }.as_bytes(),
            line,
        ]
        .concat()
    };
    lines.flat_map(stuff).collect()
}

#[test]
fn receiving_by_blocks_is_receiving_by_bytes() {
    check_every_place(|changed, stuffed, fault| {
        let data = [stuffed, b"\r\n.\r\n"].concat();
        let mut receiver = Receiver::new(BOUNDS, None);
        let Progress::End(taken) = receiver.take(&data) else {
            panic!("no end in {}", String::from_utf8_lossy(&data));
        };
        match receiver.finish() {
            Ok(raw) => {
                assert_eq!(fault, None);
                assert_eq!(taken, data.len());
                assert_eq!(raw, [changed, b"\r\n"].concat());
            }
            Err(found) => assert_eq!(Some(found), fault),
        }
    });
}

#[test]
fn sending_by_blocks_is_sending_by_bytes() {
    check_every_place(|changed, stuffed, fault| {
        let parts = [changed];
        let mut out = Vec::new();
        let mut stuffing = Stuffing::new(&parts);
        match stuffing.fill(&mut out) {
            Ok(()) => {
                assert_eq!(fault, None);
                assert!(stuffing.is_ended());
                assert_eq!(out, [stuffed, b".\r\n"].concat());
            }
            Err(found) => assert_eq!(Some(found), fault),
        }
    });
}

#[test]
fn a_long_line_is_found_at_its_length() {
    let tail = b"short\r\n".repeat(BLOCK);
    for octets in [10, BLOCK - 1, BLOCK, BLOCK + 1, 5000] {
        for begun in [0, 7] {
            for (excess, refused) in [(0, false), (1, true)] {
                let bounds = Bounds {
                    line_octets_max: octets,
                    ..BOUNDS
                };
                let mut receiver = Receiver::new(bounds, None);
                let line = vec![b'x'; octets + excess];
                assert_eq!(receiver.take(&line[..begun]), Progress::More);
                let rest = [&line[begun..], b"\r\n", &tail, b".\r\n"].concat();
                assert!(matches!(receiver.take(&rest), Progress::End(_)));
                let expected = refused.then_some(Fault::LongLine);
                assert_eq!(
                    receiver.finish().err(),
                    expected,
                    "{octets} octets, {begun} begun"
                );
            }
        }
    }
}

#[test]
fn the_final_dot_comes_with_the_last_octets() {
    for octets in [
        0,
        1,
        super::stuff::CHUNK_OCTETS - 2,
        super::stuff::CHUNK_OCTETS,
        200_000,
    ] {
        let message = vec![b'x'; octets];
        let parts = [&message[..], b"", b"\r\n", b""];
        let mut stuffing = Stuffing::new(&parts);
        let (mut all, mut last) = (Vec::new(), Vec::new());
        while !stuffing.is_ended() {
            last.clear();
            stuffing.fill(&mut last).unwrap();
            all.extend_from_slice(&last);
        }
        assert!(
            last.len() > b".\r\n".len(),
            "{octets} octets: a chunk of its own"
        );
        assert_eq!(
            all,
            [&message[..], b"\r\n.\r\n"].concat(),
            "{octets} octets"
        );
    }
}
