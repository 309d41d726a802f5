//! Challenges and visits, for the viewer. Browsers and tokens come as digests of their cookies.

use mail::Timestamp;
use seal::{Entropy, GrantId};

use super::{Result, Store, mailbox};
use crate::challenge::{
    Asked, BROWSER_SECONDS, Challenge, ChallengeId, TICKET_SECONDS, Ticket, Try, Visit,
};
use crate::error::StoreError;
use crate::records::{Asking, NewVisit};

impl Store {
    /// A browser asks for a code: the same challenge again while it lasts, or a new one, or a wait.
    pub async fn open_challenge(&self, grant: GrantId, browser: [u8; 32]) -> Result<Asked> {
        let mut id = [0; 16];
        self.entropy().fill(&mut id);
        let asking = Asking {
            id: ChallengeId(id),
            grant,
            mailbox: self.mailbox_of(grant).await?,
            browser,
            now: self.now(),
        };
        self.records.ask(asking).await
    }

    /// Brings back the challenge of a ticket whose mark was checked, for as long as it is good:
    /// as it waited, or open, with the long code. Does nothing where it was not forgotten.
    pub async fn bring_back(
        &self,
        grant: GrantId,
        browser: [u8; 32],
        ticket: &Ticket,
    ) -> Result<()> {
        let now = self.now();
        if ticket.starts.plus_seconds(TICKET_SECONDS) <= now {
            return Ok(());
        }
        let asking = Asking {
            id: ticket.id,
            grant,
            mailbox: self.mailbox_of(grant).await?,
            browser,
            now,
        };
        self.records.bring_back(asking, ticket.starts).await
    }

    /// The browser's open challenge, if it has one; nothing is made or counted.
    pub async fn challenge(&self, grant: GrantId, browser: [u8; 32]) -> Result<Option<Challenge>> {
        self.records.current(grant, browser, self.now()).await
    }

    /// Counts a try. Compare only if it was counted.
    pub async fn count_try(&self, challenge: ChallengeId, browser: [u8; 32]) -> Result<Try> {
        self.records.count_try(challenge, browser, self.now()).await
    }

    /// Uses a challenge up after its code was right; true exactly once.
    pub async fn use_challenge(&self, challenge: ChallengeId, browser: [u8; 32]) -> Result<bool> {
        self.records.use_up(challenge, browser, self.now()).await
    }

    /// Takes back a challenge, or its repeat, whose code the next hop did not take: nothing is
    /// used up.
    pub async fn withdraw_challenge(&self, challenge: ChallengeId) -> Result<()> {
        self.records.withdraw(challenge).await
    }

    /// Opens a visit after proof; the browser is known to the mailbox from now on, by the second
    /// of its names. What it had under the first, it has under the second, and no more under the
    /// first: somebody else may have given it that.
    pub async fn open_visit(
        &self,
        grant: GrantId,
        token_hash: [u8; 32],
        [asked_by, browser]: [[u8; 32]; 2],
        until: Timestamp,
    ) -> Result<()> {
        let opened = self.now();
        let visit = NewVisit {
            token: token_hash,
            grant,
            mailbox: self.mailbox_of(grant).await?,
            asked_by,
            browser,
            opened,
            until,
            known_until: opened.plus_seconds(BROWSER_SECONDS),
        };
        self.records.open_visit(visit).await
    }

    /// The visit with this token, while it lasts. Whether its grant still opens is not asked.
    pub async fn visit(&self, token_hash: [u8; 32]) -> Result<Option<Visit>> {
        self.records.visit(token_hash, self.now()).await
    }

    /// Ends a visit, and tells the log what was only counted of it.
    pub async fn close_visit(&self, token_hash: [u8; 32]) -> Result<()> {
        self.records.close_visit(token_hash, self.now()).await
    }

    /// Whether this browser proved the grant's mailbox before.
    pub async fn known_browser(&self, grant: GrantId, browser: [u8; 32]) -> Result<bool> {
        let mailbox = self.mailbox_of(grant).await?;
        self.records.known(&mailbox, browser, self.now()).await
    }

    /// The mailbox that a grant asks proof of, from a record that was checked.
    async fn mailbox_of(&self, grant: GrantId) -> Result<String> {
        let row = self.records.grant(grant).await?;
        let row = row.ok_or(StoreError::Changed { what: "a grant" })?;
        self.check_mark(&row)?;
        Ok(mailbox(&row.grant.recipient))
    }
}
