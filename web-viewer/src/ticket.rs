//! The ticket of a browser that waits for a code: a challenge's name and its start, marked for one
//! letter and one browser: by a name that stays when a proof gives the browser a new one, since
//! what waits for other letters waits on. It says nothing to anyone else, opens nothing by itself.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail::Timestamp;
use seal::GrantId;
use store::{ChallengeId, Ticket};

use crate::cookies::Token;
use crate::desk::Desk;
use crate::reader::Holder;
use crate::refusal::Refusal;

const PURPOSE: &str = "viewer ticket";
/// Name and start, before the mark.
const PLAIN_BYTES: usize = 24;
const BYTES: usize = PLAIN_BYTES + 32;

/// The ticket as a cookie's value.
pub(crate) fn write(desk: &Desk, grant: &GrantId, waiter: &Token, ticket: &Ticket) -> String {
    let mut bytes = ticket.id.as_bytes().to_vec();
    bytes.extend_from_slice(&ticket.starts.unix().to_be_bytes());
    let parts: [&[u8]; 3] = [grant.as_bytes(), &waiter.hash(), &bytes];
    let mark = desk.viewer.key.mac(PURPOSE, &parts);
    bytes.extend_from_slice(&mark);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Brings back the challenge of the browser's ticket, if it has one and the store forgot it.
pub(crate) async fn bring_back(
    desk: &Desk,
    holder: &Holder,
    browser: &Token,
) -> Result<(), Refusal> {
    let (Some(waiter), Some(text)) = (&holder.cookies.waiter, &holder.cookies.ticket) else {
        return Ok(());
    };
    let Some(ticket) = read(desk, &holder.id, waiter, text) else {
        return Ok(());
    };
    let store = &desk.viewer.store;
    let back = store.bring_back(holder.id, browser.hash(), &ticket).await;
    back.map_err(|error| Refusal::trouble("bring a challenge back", &error))
}

/// The ticket in a cookie, if we gave it to this browser for this letter.
fn read(desk: &Desk, grant: &GrantId, waiter: &Token, text: &str) -> Option<Ticket> {
    let mut bytes = [0; BYTES];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    if length != BYTES {
        return None;
    }
    let (plain, mark) = bytes.split_at(PLAIN_BYTES);
    let parts: [&[u8]; 3] = [grant.as_bytes(), &waiter.hash(), plain];
    if !desk.viewer.key.verify(PURPOSE, &parts, mark) {
        return None;
    }
    let (id, starts) = plain.split_at(16);
    Some(Ticket {
        id: ChallengeId(id.try_into().ok()?),
        starts: Timestamp::from_unix(i64::from_be_bytes(starts.try_into().ok()?)),
    })
}
