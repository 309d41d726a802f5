//! `X-Sealgate-Origin`: how our own mail is known when it passes us again. It is good for one
//! message, one recipient, a quarter of an hour and one use; anything else about it is forged.

use crate::system;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use mail::{Address, Message, Recipients, Timestamp};
use seal::ServerKey;

/// The field's name.
pub const FIELD: &str = "X-Sealgate-Origin";

/// How long a mark is good, before and after the time it names: the clocks of two gateways may
/// differ a little.
pub const VALID_SECONDS: i64 = 15 * 60;

/// What a message says of its origin.
#[derive(Debug, PartialEq, Eq)]
pub enum Origin {
    /// It carries no mark.
    Unmarked,
    /// Our mark, not yet known to be used: spend `nonce` before believing it.
    Ours {
        /// What may be spent once.
        nonce: [u8; 16],
        /// When the nonce may be forgotten.
        until: Timestamp,
    },
    /// A mark that is not ours, or not for this mail: it is removed and the mail is judged.
    Forged,
}

/// The field that marks one mail of ours for one recipient, CRLF at its end.
pub fn mark(key: &ServerKey, message_id: &str, recipient: &Address, now: Timestamp) -> String {
    let nonce = BASE64.encode(system::random::<16>());
    let time = now.unix().to_string();
    let parts = [
        message_id.as_bytes(),
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
    let (1, Some(message_id)) = (recipients.len(), message.message_id()) else {
        return Origin::Forged;
    };
    let recipient = recipients.first();
    let text = message.field_text(field);
    let Some((time, nonce, mac)) = parse(&text) else {
        return Origin::Forged;
    };
    let parts = [
        message_id.as_bytes(),
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
    Origin::Ours { nonce, until }
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
