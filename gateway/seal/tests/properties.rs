//! What must hold of every letter: it opens to itself, by any range and from any pieces, and no
//! changed bit opens at all (V21).

use std::collections::HashSet;

use mail::Rights;
use proptest::prelude::*;
use seal::{
    CHUNK_BYTES, ContentKey, Entropy, Grant, GrantId, HEADER_BYTES, LetterId, LinkSecret,
    SealedMessage, Sealer, ServerKey, ShredKey, Wrap,
};
use sha2::{Digest, Sha256};

/// A counted stream: tests need no randomness of the system.
struct Counted(u64);

impl Entropy for Counted {
    fn fill(&mut self, out: &mut [u8]) {
        for block in out.chunks_mut(32) {
            block.copy_from_slice(&Sha256::digest(self.0.to_be_bytes())[..block.len()]);
            self.0 += 1;
        }
    }
}

fn letter() -> LetterId {
    LetterId::from_bytes([1; 16])
}

fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    Counted(seed << 32).fill(&mut bytes);
    bytes
}

/// Lengths around the limits of chunks.
fn lengths() -> impl Strategy<Value = usize> {
    let near = |chunks: usize| {
        let limit = chunks * CHUNK_BYTES;
        limit.saturating_sub(3)..limit + 4
    };
    prop_oneof![0..300_usize, near(1), near(2), near(3), 0..4 * CHUNK_BYTES]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_letter_opens_to_itself(length in lengths(), seed in 0..u64::from(u32::MAX)) {
        let plain = bytes(length, seed);
        let (sealed, key) = seal::seal(&plain, letter(), &mut Counted(seed));
        let sealed = SealedMessage::parse(&sealed).unwrap();
        prop_assert_eq!(sealed.header().length(), length as u64);
        prop_assert_eq!(sealed.open(&key).unwrap(), plain);
    }

    #[test]
    fn any_pieces_seal_to_the_same_bytes(
        length in lengths(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let plain = bytes(length, 5);
        let (whole, key) = seal::seal(&plain, letter(), &mut Counted(9));
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(length + 1)).collect();
        cuts.extend([0, length]);
        cuts.sort_unstable();
        let mut sealer = Sealer::new(length as u64, letter(), &key);
        for pair in cuts.windows(2) {
            sealer.push(&plain[pair[0]..pair[1]]);
        }
        prop_assert!(sealer.finish() == whole);
    }

    #[test]
    fn any_range_opens_to_that_range_from_its_own_bytes(
        length in lengths(),
        ends in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let plain = bytes(length, 6);
        let (sealed, key) = seal::seal(&plain, letter(), &mut Counted(9));
        let (one, other) = (ends.0.index(length + 1), ends.1.index(length + 1));
        let range = one.min(other) as u64..one.max(other) as u64;
        let message = SealedMessage::parse(&sealed).unwrap();
        let expected = &plain[range.start as usize..range.end as usize];
        prop_assert_eq!(message.open_range(&key, range.clone()).unwrap(), expected);
        let needed = message.header().sealed_range(&range).unwrap();
        let fetched = &sealed[needed.start as usize..needed.end as usize];
        let opened = message.header().open_chunks(&key, range, fetched).unwrap();
        prop_assert_eq!(opened, expected);
    }

    #[test]
    fn a_flipped_bit_never_opens(
        length in prop_oneof![0..200_usize, CHUNK_BYTES - 2..CHUNK_BYTES + 3],
        place in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let plain = bytes(length, 7);
        let (mut sealed, key) = seal::seal(&plain, letter(), &mut Counted(9));
        let place = place.index(sealed.len());
        sealed[place] ^= 1 << bit;
        let opened = SealedMessage::parse(&sealed).and_then(|sealed| sealed.open(&key));
        prop_assert!(opened.is_err(), "bit {bit} of byte {place}");
    }

    #[test]
    fn no_bytes_from_outside_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let key = ContentKey::from_bytes(&[1; 32]);
        let mut magic = b"SEALGATE\x00\x01".to_vec();
        magic.extend(&bytes);
        for bytes in [&bytes, &magic] {
            let opened = SealedMessage::parse(bytes).and_then(|sealed| sealed.open(&key));
            prop_assert!(opened.is_err());
        }
        let key = ServerKey::from_bytes(&[1; 32]);
        prop_assert!(key.open("outbox", b"", &bytes).is_err());
        let link = LinkSecret::from_bytes(&[2; 32]);
        prop_assert!(seal::open_summary(&link, &GrantId::from_bytes([3; 16]), &bytes).is_err());
        let key = ContentKey::from_bytes(&[1; 32]);
        prop_assert!(seal::open_outline(&key, &letter(), &bytes).is_err());
        let _ = ServerKey::parse(&String::from_utf8_lossy(&bytes));
    }
}

/// An outline opens with its letter's key, for its letter, as it was closed, and not otherwise.
#[test]
fn an_outline_is_its_letter_s_own() {
    let (key, other) = (
        ContentKey::from_bytes(&[1; 32]),
        ContentKey::from_bytes(&[2; 32]),
    );
    let closed = seal::close_outline(&key, &letter(), b"names", &mut Counted(9));
    assert!(!closed.windows(5).any(|window| window == b"names"));
    assert_eq!(
        seal::open_outline(&key, &letter(), &closed),
        Ok(b"names".to_vec())
    );
    assert!(seal::open_outline(&other, &letter(), &closed).is_err());
    let elsewhere = LetterId::from_bytes([0xee; 16]);
    assert!(seal::open_outline(&key, &elsewhere, &closed).is_err());
    for at in 0..closed.len() {
        let mut changed = closed.clone();
        changed[at] ^= 1;
        assert!(
            seal::open_outline(&key, &letter(), &changed).is_err(),
            "byte {at}"
        );
    }
}

/// Every single bit of a short letter, not a sample of them.
#[test]
fn every_flipped_bit_of_a_short_letter_is_refused() {
    let (sealed, key) = seal::seal(b"a short letter", letter(), &mut Counted(1));
    for place in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[place] ^= 1 << bit;
            let opened = SealedMessage::parse(&changed).and_then(|sealed| sealed.open(&key));
            assert!(opened.is_err(), "bit {bit} of byte {place}");
        }
    }
    assert!(
        SealedMessage::parse(&sealed).unwrap().open(&key).is_ok(),
        "the control"
    );
}

#[test]
fn equal_plaintext_repeats_no_block() {
    let plain = vec![0; 5 * CHUNK_BYTES];
    let (one, _) = seal::seal(&plain, letter(), &mut Counted(1));
    let (other, _) = seal::seal(&plain, letter(), &mut Counted(2));
    let blocks = || {
        one[HEADER_BYTES..]
            .chunks_exact(16)
            .chain(other[HEADER_BYTES..].chunks_exact(16))
    };
    assert_eq!(blocks().collect::<HashSet<_>>().len(), blocks().count());
}

#[test]
fn a_chunk_of_another_letter_is_refused() {
    let plain = bytes(1_000, 3);
    let key = ContentKey::from_bytes(&[4; 32]);
    let sealed = |id| {
        let mut sealer = Sealer::new(1_000, LetterId::from_bytes([id; 16]), &key);
        sealer.push(&plain);
        sealer.finish()
    };
    let (one, mut other) = (sealed(1), sealed(2));
    other[HEADER_BYTES..].copy_from_slice(&one[HEADER_BYTES..]);
    assert!(SealedMessage::parse(&other).unwrap().open(&key).is_err());
    assert!(
        SealedMessage::parse(&one).unwrap().open(&key).is_ok(),
        "the control"
    );
}

#[test]
fn every_flipped_bit_of_a_wrap_is_refused() {
    let mut entropy = Counted(1);
    let (_, content) = seal::seal(b"", letter(), &mut entropy);
    let (link, shred) = (
        LinkSecret::generate(&mut entropy),
        ShredKey::generate(&mut entropy),
    );
    let grant = Grant {
        letter: letter(),
        grant: GrantId::generate(&mut entropy),
        recipient: "bob@partner.example".into(),
        rights: Rights::ENCRYPT_ONLY,
        sender: String::new(),
        template: String::new(),
        download: false,
        commitment: content.commitment(&letter()),
    };
    let wrap = seal::wrap(&content, &link, &shred, &grant, &mut entropy);
    assert_eq!(seal::unwrap(&wrap, &link, &shred, &grant).unwrap(), content);
    for place in 0..wrap.as_bytes().len() {
        for bit in 0..8 {
            let mut changed = wrap.as_bytes().to_vec();
            changed[place] ^= 1 << bit;
            let changed = Wrap::from_bytes(changed);
            assert!(
                seal::unwrap(&changed, &link, &shred, &grant).is_err(),
                "{place} {bit}"
            );
        }
    }
}
