//! Makes durable, before anyone is told, what the outcome will rest on: the sealed letters.
//! A letter whose notice nobody took is undone again.

use crate::answer::Stop;
use crate::apply::Work;
use crate::site::Site;
use seal::GrantId;

/// Stores every sealed letter of the work, and the receipt with the last; fails before anything
/// has left. Where one cannot be kept, those before it go again: their links were never told.
pub async fn keep(site: &Site, work: &mut Work) -> Result<(), Stop> {
    let mut receipt = work
        .receipt
        .as_mut()
        .and_then(|receipt| receipt.close(site));
    let mut kept = Vec::with_capacity(work.letters.len());
    let mut letters = work.letters.drain(..).peekable();
    while let Some(letter) = letters.next() {
        let id = letter.id;
        let mail = receipt.take_if(|_| letters.peek().is_none());
        if let Err(error) = site.store.put_with(letter, mail).await {
            for id in kept {
                if let Err(left) = site.store.abandon(id).await {
                    tracing::warn!(letter = %id, error = %left, "a letter is left to be purged");
                }
            }
            return Err(error.into());
        }
        kept.push(id);
    }
    Ok(())
}

/// Ends a grant whose notice was certainly not taken: nobody holds its link, and a retry makes a
/// new one.
pub async fn undo(site: &Site, grant: GrantId) {
    if let Err(error) = site.store.abandon(grant).await {
        // The link is in no mailbox, so an open grant harms nobody; it expires with its letter.
        tracing::warn!(%error, "a letter that was not taken could not be undone");
    }
}
