//! `X-Sealgate-Origin`: how our own mail is known when it passes us again. It is good for what that
//! mail says, one recipient, a quarter of an hour and one use; anything else about it is forged.
//!
//! Whoever got such a mail can read its mark. So it vouches for the words a reader sees and for
//! nothing else: servers on the way add fields, and no mail program shows those.

use crate::system;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use mail::message::Field;
use mail::{Address, Message, Recipients, Timestamp};
use seal::ServerKey;
use sha2::{Digest, Sha256};

/// The field's name.
pub const FIELD: &str = "X-Sealgate-Origin";

/// How long a mark is good, before and after the time it names: the clocks of two gateways may
/// differ a little.
pub const VALID_SECONDS: i64 = 15 * 60;

/// Fields that mail programs show or act upon, lower case; and all whose name begins with
/// `content-`. Each of them is as we wrote it, and there are no more of them.
const VOUCHED_FIELDS: [&str; 16] = [
    "auto-submitted",
    "bcc",
    "cc",
    "comments",
    "date",
    "from",
    "in-reply-to",
    "keywords",
    "message-id",
    "mime-version",
    "organization",
    "references",
    "reply-to",
    "sender",
    "subject",
    "to",
];

/// The most that all other fields may take, in bytes: trace, signatures, what filters write down.
const OTHER_FIELDS_BYTES_MAX: usize = 64 * 1024;

/// What a message says of its origin.
#[derive(Debug, PartialEq, Eq)]
pub enum Origin {
    /// It carries no mark.
    Unmarked,
    /// Our mark, not yet known to be used.
    Ours(Mark),
    /// A mark that is not ours, or not for this mail: it is removed and the mail is judged.
    Forged,
}

/// A mark that is ours: good until its nonce is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// What may be spent once.
    pub nonce: [u8; 16],
    /// When the nonce may be forgotten.
    pub until: Timestamp,
}

/// The field that marks this mail of ours for one recipient, CRLF at its end.
pub fn mark(key: &ServerKey, mail: &[u8], recipient: &Address, now: Timestamp) -> String {
    let nonce = BASE64.encode(system::random::<16>());
    let time = now.unix().to_string();
    let said = said(&Message::parse(mail));
    let parts = [
        &said[..],
        recipient.key().as_bytes(),
        time.as_bytes(),
        nonce.as_bytes(),
    ];
    let mac = BASE64.encode(key.mac("origin", &parts));
    format!("{FIELD}: t={time}; n={nonce}; m={mac}\r\n")
}

/// Reads the mark of an arriving message.
pub fn recognise(
    key: &ServerKey,
    message: &Message<'_>,
    recipients: &Recipients,
    now: Timestamp,
) -> Origin {
    let mut fields = message.fields_named(FIELD);
    let Some(field) = fields.next() else {
        return Origin::Unmarked;
    };
    if fields.next().is_some() {
        return Origin::Forged;
    }
    if recipients.len() != 1 || other_fields_bytes(message) > OTHER_FIELDS_BYTES_MAX {
        return Origin::Forged;
    }
    let said = said(message);
    let recipient = recipients.first();
    let text = message.field_text(field);
    let Some((time, nonce, mac)) = parse(&text) else {
        return Origin::Forged;
    };
    let parts = [
        &said[..],
        recipient.key().as_bytes(),
        time.as_bytes(),
        nonce.as_bytes(),
    ];
    if !key.verify("origin", &parts, &mac) {
        return Origin::Forged;
    }
    spendable(time, nonce, now)
}

fn spendable(time: &str, nonce: &str, now: Timestamp) -> Origin {
    let Ok(made) = time.parse::<i64>() else {
        return Origin::Forged;
    };
    if now.unix().abs_diff(made) > VALID_SECONDS.unsigned_abs() {
        return Origin::Forged;
    }
    let Ok(nonce) = BASE64.decode(nonce).unwrap_or_default().try_into() else {
        return Origin::Forged;
    };
    let until = Timestamp::from_unix(made.saturating_add(2 * VALID_SECONDS));
    Origin::Ours(Mark { nonce, until })
}

/// SHA-256 over what the mail says: the fields that count, by name and wherever they are folded,
/// and the body without the empty lines at its end.
fn said(message: &Message<'_>) -> [u8; 32] {
    let mut fields: Vec<(String, &[u8])> = message
        .fields()
        .iter()
        .filter_map(|field| {
            let name = vouched_name(message, field)?;
            Some((name, message.field_raw(field)))
        })
        .collect();
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut hash = Sha256::new();
    for (name, raw) in fields {
        let value = raw.get(name.len() + 1..).unwrap_or_default();
        hash.update(name.as_bytes());
        for word in value
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
        {
            hash.update(b" ");
            hash.update(word);
        }
        hash.update(b"\n");
    }
    let body = message.fields().last().map_or(0, |last| last.range.end);
    let body = message.raw().get(body..).unwrap_or_default();
    hash.update(b"\n");
    hash.update(body.trim_ascii());
    hash.finalize().into()
}

/// The field's name in lower case, if the mark vouches for it.
fn vouched_name(message: &Message<'_>, field: &Field) -> Option<String> {
    let name = message.raw().get(field.name.clone()).unwrap_or_default();
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let vouched = name.starts_with("content-") || VOUCHED_FIELDS.contains(&name.as_str());
    vouched.then_some(name)
}

/// How long all fields are that the mark does not vouch for.
fn other_fields_bytes(message: &Message<'_>) -> usize {
    let fields = message.fields().iter();
    let others = fields.filter(|field| vouched_name(message, field).is_none());
    others.map(|field| field.range.len()).sum()
}

/// `t=…; n=…; m=…`, in this order and nothing else.
fn parse(text: &str) -> Option<(&str, &str, Vec<u8>)> {
    let mut fields = text.split(';').map(str::trim);
    let time = fields.next()?.strip_prefix("t=")?;
    let nonce = fields.next()?.strip_prefix("n=")?;
    let mac = BASE64.decode(fields.next()?.strip_prefix("m=")?).ok()?;
    if fields.next().is_some() || nonce.len() != 22 {
        None
    } else {
        Some((time, nonce, mac))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: Corp <secure@corp.example>\r\nTo: <bob@partner.example>\r\n\
        Subject: =?utf-8?Q?one?=\r\n =?utf-8?Q?_two?=\r\nMessage-ID: <a@corp.example>\r\n\
        Content-Type: text/plain\r\n\r\nRead it here.\r\n";

    /// What becomes of the mail with its mark on it, changed on its way.
    fn recognised(change: impl Fn(String) -> String) -> bool {
        let key = ServerKey::from_bytes(&[7; 32]);
        let bob = Address::parse("bob@partner.example").expect("an address");
        let made = Timestamp::from_unix(1_000_000);
        let mark = mark(&key, MAIL.as_bytes(), &bob, made);
        let arrived = change(format!("{mark}{MAIL}"));
        let to = Recipients::new(vec![bob]).expect("one");
        let now = made.plus_seconds(60);
        match recognise(&key, &Message::parse(arrived.as_bytes()), &to, now) {
            Origin::Ours(_) => true,
            Origin::Forged => false,
            Origin::Unmarked => panic!("it has a mark"),
        }
    }

    #[test]
    fn what_servers_do_on_the_way_leaves_the_mark_good() {
        assert!(recognised(|mail| mail));
        let traced = "Received: from a by b;\r\n Sun, 22 Nov 2026 10:00:00 +0000\r\n\
            DKIM-Signature: v=1; b=AAAA\r\nX-Spam-Status: No\r\n";
        assert!(recognised(|mail| format!("{traced}{mail}")));
        assert!(
            recognised(|mail| mail.replace("?=\r\n =?", "?= =?")),
            "unfolded"
        );
        assert!(recognised(|mail| mail.replace("Subject:", "SUBJECT: ")));
        assert!(
            recognised(|mail| format!("{mail}\r\n")),
            "a line more at its end"
        );
        let type_first = |mail: String| {
            let rest = mail.replace("Content-Type: text/plain\r\n", "");
            format!("Content-Type: text/plain\r\n{rest}")
        };
        assert!(recognised(type_first), "fields in another order");
    }

    #[test]
    fn a_mark_vouches_for_no_other_words() {
        let changes: [(&str, &str); 9] = [
            ("Read it here.", "TOP SECRET"),
            ("Read it here.\r\n", "Read it here.\r\nTOP SECRET\r\n"),
            ("one", "TOP SECRET"),
            ("To: <", "Subject: TOP SECRET\r\nTo: <"),
            ("To: <", "Comments: TOP SECRET\r\nTo: <"),
            ("To: <", "CC: eve@partner.example\r\nTo: <"),
            ("To: <", "Content-Transfer-Encoding: base64\r\nTo: <"),
            ("text/plain", "text/html"),
            ("<a@corp", "<b@corp"),
        ];
        for (from, to) in changes {
            assert!(
                !recognised(|mail| mail.replacen(from, to, 1)),
                "{from} -> {to}"
            );
        }
        let long = "x".repeat(OTHER_FIELDS_BYTES_MAX);
        assert!(!recognised(|mail| format!("X-Secret: {long}\r\n{mail}")));
        assert!(recognised(|mail| format!(
            "X-Short: {}\r\n{mail}",
            &long[..32_768]
        )));
    }
}
