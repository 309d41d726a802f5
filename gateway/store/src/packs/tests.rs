//! Packs on a real file system: what stands, what goes, what a crash or a full disk leaves.

use super::*;

fn now() -> Timestamp {
    Timestamp::from_unix(1_796_083_200)
}

fn all(packs: &Packs) -> Vec<Entry> {
    let numbers = packs.list().unwrap();
    let entries = numbers.iter().map(|pack| packs.entries(*pack).unwrap());
    entries.collect::<Vec<_>>().concat()
}

fn letter(number: u8) -> LetterId {
    LetterId::from_bytes([number; 16])
}

#[tokio::test]
async fn letters_stand_side_by_side_and_go_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let packs = Packs::open(folder.path().join("packs"));
    assert_eq!(all(&packs), []);
    let texts: Vec<Vec<u8>> = (0..5)
        .map(|n| vec![n + 1; 4_096 * usize::from(n) + 1])
        .collect();
    let berths: Vec<Berth> = (0..5)
        .map(|n| {
            packs
                .add(letter(n), &texts[usize::from(n)], now())
                .unwrap()
                .berth
        })
        .collect();
    for n in 0..5 {
        let (text, berth) = (&texts[usize::from(n)], berths[usize::from(n)]);
        let whole = packs.read(letter(n), berth, None).unwrap().unwrap();
        assert_eq!(&whole, text);
        let end = text.len() as u64;
        let part = packs
            .read(letter(n), berth, Some(end - 1..end + 9))
            .unwrap();
        assert_eq!(part.unwrap(), text[text.len() - 1..]);
        assert_eq!(Berth::from_bytes(&berth.to_bytes()), Some(berth));
        let other = packs.read(letter(n + 1), berth, None).unwrap();
        assert_eq!(other, None, "another letter is not there");
    }
    packs.remove(letter(2), berths[2]).unwrap();
    packs.remove(letter(2), berths[2]).unwrap();
    packs.remove(letter(0), berths[3]).unwrap();
    assert_eq!(packs.read(letter(2), berths[2], None).unwrap(), None);
    let left: Vec<LetterId> = all(&packs).iter().map(|entry| entry.0).collect();
    assert_eq!(left, [0, 1, 3, 4].map(letter));
    let whole = packs.read(letter(3), berths[3], None).unwrap().unwrap();
    assert_eq!(&whole, &texts[3], "its neighbour is whole");
}

/// Room comes back at once, and the file when its process adds no more to it.
#[tokio::test]
async fn an_empty_pack_goes_when_nobody_adds_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let packs = Packs::open(folder.path().to_owned());
    let packed = packs.add(letter(1), &vec![7; 1 << 20], now()).unwrap();
    packed.settle().await.unwrap();
    let path = packs.path(packed.berth.pack);
    let blocks = || std::fs::metadata(&path).unwrap().blocks();
    assert!(blocks() >= 2_048);
    packs.remove(letter(1), packed.berth).unwrap();
    assert!(blocks() < 64, "{} blocks of 512 bytes", blocks());
    let other = Packs::open(folder.path().to_owned());
    other.delete(packed.berth.pack).unwrap();
    assert!(path.exists(), "its process may add to it");
    let number = packed.berth.pack;
    drop((packs, packed));
    other.delete(number).unwrap();
    assert!(!path.exists());
    other.delete(number).unwrap();
}

/// What a crash left of a write is listed, so that it is swept out; nothing is read from it.
#[test]
fn a_letter_that_was_cut_off_is_listed_and_can_go() {
    let folder = tempfile::tempdir().unwrap();
    let packs = Packs::open(folder.path().to_owned());
    let whole = packs.add(letter(1), &[7; 5_000], now()).unwrap().berth;
    let cut = packs.add(letter(2), &[8; 9_000], now()).unwrap().berth;
    let file = OpenOptions::new().write(true).open(packs.path(cut.pack));
    file.unwrap().set_len(cut.sealed() + 10).unwrap();
    let listed: Vec<_> = all(&packs).iter().map(|entry| entry.1).collect();
    assert_eq!(listed, [whole, cut]);
    assert!(packs.read(letter(2), cut, None).is_err());
    packs.remove(letter(2), cut).unwrap();
    assert_eq!(all(&packs), [(letter(1), whole, now())]);
}

#[test]
fn a_full_pack_is_followed_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let packs = Packs::open(folder.path().to_owned());
    let long = vec![1; PACKED_BYTES - 1];
    let room = (HEAD as u64 + long.len() as u64).next_multiple_of(STEP);
    let first = packs.add(letter(1), &long, now()).unwrap().berth;
    for _ in 0..PACK_BYTES / room {
        let next = packs.add(letter(1), &long, now()).unwrap().berth;
        assert_eq!(next.pack, first.pack);
    }
    let second = packs.add(letter(2), b"x", now()).unwrap().berth;
    assert!(first.pack != second.pack && second.begin == 0);
    assert_eq!(packs.list().unwrap().len(), 2);
}

/// A pack whose letters all have their records is not read at every purge.
#[test]
fn a_clean_pack_is_looked_at_again_when_little_is_left_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let packs = Packs::open(folder.path().to_owned());
    let berth = packs
        .add(letter(1), &vec![7; 200_000], now())
        .unwrap()
        .berth;
    packs.remember_clean(berth.pack);
    assert_eq!(packs.list().unwrap(), [berth.pack], "it is added to");
    *packs.open.lock().unwrap() = None;
    packs.remember_clean(berth.pack);
    assert_eq!(packs.list().unwrap(), [0; 0]);
    packs.remove(letter(1), berth).unwrap();
    assert_eq!(packs.list().unwrap(), [berth.pack]);
}

/// Where a file can have no hole, what is taken out is gone all the same.
#[test]
fn a_letter_is_gone_without_a_hole_too() {
    let folder = tempfile::tempdir().unwrap();
    let packs = Packs::open(folder.path().to_owned());
    let first = packs.add(letter(1), &[7; 9_000], now()).unwrap().berth;
    let second = packs.add(letter(2), &[8; 9_000], now()).unwrap().berth;
    let file = OpenOptions::new().write(true).open(packs.path(first.pack));
    blank(&file.unwrap(), first).unwrap();
    assert_eq!(packs.read(letter(1), first, None).unwrap(), None);
    assert_eq!(all(&packs), [(letter(2), second, now())]);
}

/// A full disk: what was written of the letter is taken away, and the next one stands right.
#[test]
fn what_a_failed_write_left_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let packs = Packs::open(folder.path().to_owned());
    let first = packs.add(letter(1), &[7; 5_000], now()).unwrap().berth;
    let (_, pack) = packs.with_room().unwrap();
    let end = pack.written();
    let beyond = vec![1; 10];
    // Further than any file may reach, as far as the system counts.
    assert!(pack.write(&[b"begun", &beyond], i64::MAX as u64).is_err());
    assert_eq!(pack.file.metadata().unwrap().len(), end);
    let second = packs.add(letter(2), &[8; 10], now()).unwrap().berth;
    assert_eq!(second.begin, 8_192);
    let listed: Vec<_> = all(&packs).iter().map(|entry| entry.1).collect();
    assert_eq!(listed, [first, second]);
}

#[test]
fn a_file_that_never_got_its_name_goes_when_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let packs = Packs::open(folder.path().to_owned());
    let left = folder.path().join("0123456789abcdef.pack.new");
    let file = File::create(&left).unwrap();
    assert_eq!(packs.list().unwrap(), [0; 0]);
    assert!(left.exists(), "it may be under way");
    let old = std::time::SystemTime::now() - 2 * UNNAMED_FOR;
    file.set_modified(old).unwrap();
    packs.list().unwrap();
    assert!(!left.exists());
}
