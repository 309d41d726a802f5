//! Those who approve held mail: what they have not been told of, told in one piece with the mail
//! that does it.

use mail::Timestamp;

use super::{Result, Store};
use crate::held::{HELD_PAGE_MAX, Held, HeldExpiring, HeldId};
use crate::passing::OutboxItem;
use crate::records::ApproversNews;

impl Store {
    /// Messages that wait and of which those who approve have not been told, oldest first; one that
    /// does not open is an error in its own place.
    pub async fn held_untold(&self, limit: u32) -> Result<Vec<(HeldId, Result<Held>)>> {
        let rows = self.records.held_untold(limit.min(HELD_PAGE_MAX)).await?;
        Ok(rows
            .iter()
            .map(|row| (row.id, self.open_held(row)))
            .collect())
    }

    /// When those who approve were told last.
    pub async fn approvers_told(&self) -> Result<Option<Timestamp>> {
        self.records.approvers_told().await
    }

    /// Puts mail to those who approve into the outbox, and writes down of what it tells, in one
    /// piece. False, and nothing is done, when they were told after `not_since`.
    pub async fn tell_approvers(
        &self,
        ids: Vec<HeldId>,
        mails: &[OutboxItem],
        not_since: Timestamp,
    ) -> Result<bool> {
        let now = self.now();
        let mails: Result<Vec<_>> = mails
            .iter()
            .map(|item| Ok(self.close_item(item)?.row(now, now)))
            .collect();
        let news = ApproversNews {
            ids,
            mails: mails?,
            not_since,
        };
        self.records.tell_approvers(news, now).await
    }

    /// What nobody has decided about and goes back after the one time and not after the other.
    pub async fn held_expiring(
        &self,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<Option<HeldExpiring>> {
        self.records.held_expiring(after, until).await
    }
}
