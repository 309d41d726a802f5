//! The server key's file, its rotation, its marks; passcodes.

use mail::Rights;
use seal::{
    Entropy, Grant, GrantId, KeyFileError, LetterId, OpenError, SERVER_KEYS_MAX, ServerKey,
};

struct Counted(u8);

impl Entropy for Counted {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

#[test]
fn a_key_file_reads_back() {
    let key = ServerKey::generate(&mut Counted(1));
    let text = key.to_text();
    assert!(text.starts_with('#'));
    let read = ServerKey::parse(&text).unwrap();
    assert_eq!(read.id(), key.id());
    assert_eq!(read.to_text(), text);
    assert_eq!(read.mac("origin", &[b"a"]), key.mac("origin", &[b"a"]));
}

#[test]
fn a_damaged_key_file_is_refused_and_its_error_shows_no_key() {
    let key = ServerKey::generate(&mut Counted(1));
    let text = key.to_text().to_string();
    let line = text.lines().last().unwrap();
    let secret = line.split(' ').nth(2).unwrap();
    let number = text.lines().count();
    let swapped = text.replace(&secret[..2], &secret[..2].chars().rev().collect::<String>());
    let cases = [
        (String::new(), KeyFileError::Empty),
        ("# nothing\n\n".to_owned(), KeyFileError::Empty),
        (swapped, KeyFileError::Damaged(number)),
        (text.replace("key-1 ", "key-2 "), KeyFileError::Line(number)),
        (
            text[..text.len() - 5].to_owned(),
            KeyFileError::Line(number),
        ),
        (format!("{text}{line}\n"), KeyFileError::Twice(number + 1)),
        (
            format!("{text}{line} more\n"),
            KeyFileError::Line(number + 1),
        ),
    ];
    for (text, expected) in cases {
        let error = ServerKey::parse(&text).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.to_string().contains(&secret[..8]), "{error}");
    }
    let debug = format!("{key:?}");
    assert!(!debug.contains(&secret[..8]), "{debug}");
}

#[test]
fn a_key_file_holds_eight_keys_at_most() {
    let mut key = ServerKey::generate(&mut Counted(0));
    for seed in 1..SERVER_KEYS_MAX as u8 + 3 {
        key = key.rotated(&mut Counted(seed * 20));
    }
    assert_eq!(key.ids().count(), SERVER_KEYS_MAX);
    assert!(ServerKey::parse(&key.to_text()).is_ok());
    let one_more = ServerKey::generate(&mut Counted(255));
    let text = format!("{}{}", *key.to_text(), *one_more.to_text());
    assert_eq!(ServerKey::parse(&text).unwrap_err(), KeyFileError::TooMany);
}

#[test]
fn a_rotated_key_opens_what_was_and_closes_anew() {
    let old = ServerKey::generate(&mut Counted(1));
    let new = old.rotated(&mut Counted(100));
    assert_ne!(new.id(), old.id());
    let closed = old.close("shred key", b"row", b"plain", &mut Counted(7));
    assert_eq!(new.open("shred key", b"row", &closed).unwrap(), b"plain");
    assert!(new.verify("origin", &[b"a"], &old.mac("origin", &[b"a"])));
    let again = new
        .reclose("shred key", b"row", &closed, &mut Counted(8))
        .unwrap()
        .unwrap();
    assert_eq!(ServerKey::holder(&again).unwrap(), new.id());
    assert_eq!(
        old.open("shred key", b"row", &again),
        Err(OpenError::UnknownKey)
    );
    assert_eq!(
        new.reclose("shred key", b"row", &again, &mut Counted(9)),
        Ok(None)
    );
}

#[test]
fn a_mark_is_for_one_purpose_and_its_parts_as_they_were_cut() {
    let key = ServerKey::generate(&mut Counted(1));
    let mark = key.mac("origin", &[b"ab", b"c"]);
    assert!(key.verify("origin", &[b"ab", b"c"], &mark));
    assert!(!key.verify("state", &[b"ab", b"c"], &mark));
    assert!(!key.verify("origin", &[b"a", b"bc"], &mark));
    assert!(!key.verify("origin", &[b"ab", b"c"], &mark[..31]));
    assert!(!ServerKey::generate(&mut Counted(2)).verify("origin", &[b"ab", b"c"], &mark));
}

fn grant(recipient: &str) -> Grant {
    Grant {
        letter: LetterId::from_bytes([1; 16]),
        grant: GrantId::from_bytes([2; 16]),
        recipient: recipient.to_owned(),
        rights: Rights::DO_NOT_FORWARD,
        sender: String::new(),
        template: String::new(),
        download: true,
        commitment: [3; 32],
    }
}

#[test]
fn a_passcode_is_eight_digits_and_its_own() {
    let key = ServerKey::generate(&mut Counted(1));
    let code = seal::passcode(&key, &grant("bob@partner.example"), &[4; 16]);
    let digits = code.declassify();
    assert!(digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_digit()));
    assert!(code.matches(&digits));
    assert!(
        code.matches(&format!(" {} - {} ", &digits[..4], &digits[4..])),
        "as people type"
    );
    let others = [
        seal::passcode(&key, &grant("eve@partner.example"), &[4; 16]),
        seal::passcode(&key, &grant("bob@partner.example"), &[5; 16]),
        seal::passcode(
            &ServerKey::generate(&mut Counted(9)),
            &grant("bob@partner.example"),
            &[4; 16],
        ),
    ];
    for other in others {
        assert!(!other.matches(&digits));
    }
    let wrong = (digits.parse::<u32>().unwrap() + 1) % 100_000_000;
    let wrong = format!("{wrong:08}");
    for wrong in [
        "",
        &digits[..7],
        &format!("{}0", *digits),
        "+1234567",
        "١٢٣٤٥٦٧٨",
        &wrong,
    ] {
        assert!(!code.matches(wrong), "{wrong}");
    }
    assert_eq!(format!("{code:?}"), "Passcode(…)");
}

#[test]
fn a_long_passcode_is_sixteen_digits_and_shares_none_with_the_short_one() {
    let (key, grant) = (
        ServerKey::generate(&mut Counted(1)),
        grant("bob@partner.example"),
    );
    let (short, long) = (
        seal::passcode(&key, &grant, &[4; 16]),
        seal::long_passcode(&key, &grant, &[4; 16]),
    );
    let (code, digits) = (short.declassify(), long.declassify());
    assert!(digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_digit()));
    let (first, second) = digits.split_at(8);
    assert!(first != second && first != *code && second != *code);
    assert!(long.matches(&digits) && long.matches(&format!("{first} {second}")));
    for wrong in [
        first.to_owned(),
        second.to_owned(),
        format!("{first}{first}"),
        format!("{second}{second}"),
        format!("{}{}", *code, second),
        format!("{}0", *digits),
    ] {
        assert!(!long.matches(&wrong) && !short.matches(&wrong), "{wrong}");
    }
}

#[test]
fn passcodes_spread_over_all_digits() {
    let key = ServerKey::generate(&mut Counted(1));
    let grant = grant("bob@partner.example");
    let mut first = [0_u32; 10];
    for number in 0..2_000_u16 {
        let mut challenge = [0; 16];
        challenge[..2].copy_from_slice(&number.to_be_bytes());
        let code = seal::passcode(&key, &grant, &challenge).declassify();
        first[usize::from(code.as_bytes()[0] - b'0')] += 1;
    }
    // 200 each on the average; 120 is six standard deviations off.
    assert!(first.iter().all(|count| *count > 120), "{first:?}");
}
