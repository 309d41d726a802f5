//! The ticket of a browser that waits for a code: a challenge's name and its start, marked for one
//! letter and one browser. It says nothing to anyone else, and opens nothing by itself.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail::Timestamp;
use seal::GrantId;
use store::{ChallengeId, Ticket};

use crate::cookies::Token;
use crate::desk::Desk;

const PURPOSE: &str = "viewer ticket";
/// Name and start, before the mark.
const PLAIN_BYTES: usize = 24;
const BYTES: usize = PLAIN_BYTES + 32;

/// The ticket as a cookie's value.
pub(crate) fn write(desk: &Desk, grant: &GrantId, browser: &Token, ticket: &Ticket) -> String {
    let mut bytes = ticket.id.as_bytes().to_vec();
    bytes.extend_from_slice(&ticket.starts.unix().to_be_bytes());
    let parts: [&[u8]; 3] = [grant.as_bytes(), &browser.hash(), &bytes];
    let mark = desk.viewer.key.mac(PURPOSE, &parts);
    bytes.extend_from_slice(&mark);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The ticket in a cookie, if we gave it to this browser for this letter.
pub(crate) fn read(desk: &Desk, grant: &GrantId, browser: &Token, text: &str) -> Option<Ticket> {
    let mut bytes = [0; BYTES];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    if length != BYTES {
        return None;
    }
    let (plain, mark) = bytes.split_at(PLAIN_BYTES);
    let parts: [&[u8]; 3] = [grant.as_bytes(), &browser.hash(), plain];
    if !desk.viewer.key.verify(PURPOSE, &parts, mark) {
        return None;
    }
    let (id, starts) = plain.split_at(16);
    Some(Ticket {
        id: ChallengeId(id.try_into().ok()?),
        starts: Timestamp::from_unix(i64::from_be_bytes(starts.try_into().ok()?)),
    })
}
