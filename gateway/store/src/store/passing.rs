//! Partial delivery, the outbox, do-not-forward threads, labels of threads, origin marks.

use mail::{LabelId, Rights, Timestamp};
use seal::Entropy;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{OUTBOX, Result, Store, mailbox, message_id_hash, within};
use crate::error::StoreError;
use crate::letter::FIELD_BYTES_MAX;
use crate::passing::{
    ClosedItem, Due, OUTBOX_ITEM_BYTES_MAX, OUTBOX_ITEMS_MAX, OUTBOX_LEASE_SECONDS, OutboxId,
    OutboxItem, PARTICIPANTS_MAX, SERVED_RECIPIENTS_MAX, Served, ServedKey, ServedState,
    THREAD_LABEL_SECONDS, THREAD_LABELS_MAX, THREAD_SECONDS, Thread, ThreadLabel,
};
use crate::records::{NewOutboxRow, OutboxRow};

/// An outbox item as it is closed.
#[derive(Serialize, Deserialize)]
struct Letter {
    sender: String,
    recipients: Vec<String>,
}

impl ClosedItem {
    /// The row of it, to be handed out when it is due.
    pub(super) fn row(self, created: Timestamp, due: Timestamp) -> NewOutboxRow {
        NewOutboxRow {
            id: self.id,
            created,
            due,
            item: self.closed,
        }
    }
}

impl Store {
    /// What is remembered of a message's partial delivery; empty for most.
    pub async fn served(&self, key: &ServedKey) -> Result<Vec<Served>> {
        self.records.served(key).await
    }

    /// Remembers, on the disk, how far the delivery to these recipients came; true if nothing of
    /// the message was remembered before.
    pub async fn remember_served(
        &self,
        key: &ServedKey,
        recipients: &[String],
        state: ServedState,
    ) -> Result<bool> {
        within(
            "the recipients to remember",
            recipients.len(),
            SERVED_RECIPIENTS_MAX,
        )?;
        let recipients = recipients.to_vec();
        self.records
            .remember_served(key.clone(), recipients, state, self.now())
            .await
    }

    /// Forgets these recipients of a message, once the transaction that named them was answered
    /// for good. Others of the same message, tried in transactions of their own, stay; true if
    /// there were none.
    pub async fn forget_served(&self, key: &ServedKey, recipients: &[String]) -> Result<bool> {
        let recipients = recipients.to_vec();
        self.records.forget_served(key.clone(), recipients).await
    }

    /// How many messages are remembered as served in part.
    pub async fn served_count(&self) -> Result<u64> {
        self.records.served_count().await
    }

    /// How many mails the outbox holds, due or not.
    pub async fn outbox_count(&self) -> Result<u64> {
        self.records.outbox_count().await
    }

    /// Puts a mail into the outbox; it is on the disk, closed, when this returns.
    pub async fn enqueue(&self, item: &OutboxItem) -> Result<OutboxId> {
        let closed = self.close_item(item)?;
        let (id, now) = (closed.id, self.now());
        self.records.enqueue(closed.row(now, now)).await?;
        Ok(id)
    }

    /// Closes a mail under the server key, for [`Store::put_with`]. Fails where the outbox takes
    /// no more, or none so large.
    pub fn close_item(&self, item: &OutboxItem) -> Result<ClosedItem> {
        if self.records.is_outbox_full() {
            let limit = OUTBOX_ITEMS_MAX;
            return Err(StoreError::Full { limit });
        }
        let letter = Letter {
            sender: item.sender.clone(),
            recipients: item.recipients.clone(),
        };
        // Strings always become JSON.
        let head = serde_json::to_vec(&letter).unwrap_or_default();
        let length = head.len() + item.message.len();
        within("an outbox item", length, OUTBOX_ITEM_BYTES_MAX)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(4 + length));
        plain.extend_from_slice(&(head.len() as u32).to_be_bytes());
        plain.extend_from_slice(&head);
        plain.extend_from_slice(&item.message);
        let mut id = [0; 16];
        self.entropy().fill(&mut id);
        let closed = self
            .server_key
            .close(OUTBOX, &id, &plain, &mut self.entropy());
        Ok(ClosedItem {
            id: OutboxId(id),
            closed,
        })
    }

    /// Mail whose time has come, at most `limit`. What is neither finished nor postponed comes
    /// again after five minutes, should its taker have died.
    pub async fn due(&self, limit: u32) -> Result<Vec<Due>> {
        let now = self.now();
        let rows = self
            .records
            .due(now, now.plus_seconds(OUTBOX_LEASE_SECONDS), limit)
            .await?;
        rows.iter().map(|row| self.open_item(row)).collect()
    }

    /// Removes mail that was sent, or given up.
    pub async fn finish(&self, ids: &[OutboxId]) -> Result<()> {
        self.records.finish(ids.to_vec()).await
    }

    /// Puts a mail off until then, after so many attempts.
    pub async fn postpone(&self, id: OutboxId, until: Timestamp, attempts: u32) -> Result<()> {
        self.records.postpone(id, until, attempts).await
    }

    /// Remembers a do-not-forward message for a year. The first to name it is heard, and nobody
    /// widens it after; false says that it was remembered already.
    pub async fn remember_thread(
        &self,
        message_id: &str,
        participants: &[String],
        rights: Rights,
    ) -> Result<bool> {
        within(
            "the participants of a thread",
            participants.len(),
            PARTICIPANTS_MAX,
        )?;
        let now = self.now();
        let mut names = Vec::with_capacity(participants.len());
        for participant in participants {
            within("a participant", participant.len(), FIELD_BYTES_MAX)?;
            names.push(mailbox(participant).replace(['\r', '\n'], ""));
        }
        names.sort_unstable();
        names.dedup();
        let until = now.plus_seconds(THREAD_SECONDS);
        let thread = Thread {
            participants: names,
            rights,
            until,
        };
        self.records
            .remember_thread(message_id_hash(message_id), thread, now)
            .await
    }

    /// The do-not-forward thread that a Message-ID belongs to.
    pub async fn thread(&self, message_id: &str) -> Result<Option<Thread>> {
        self.records
            .thread(message_id_hash(message_id), self.now())
            .await
    }

    /// Remembers for a year the label that a message leaves with. The first to name it is heard;
    /// false says that it was remembered already.
    pub async fn remember_label(&self, message_id: &str, label: Option<LabelId>) -> Result<bool> {
        let now = self.now();
        let until = now.plus_seconds(THREAD_LABEL_SECONDS);
        let label = ThreadLabel { label, until };
        self.records
            .remember_label(message_id_hash(message_id), label, now)
            .await
    }

    /// The label of the first of these messages that is remembered; they are named nearest first,
    /// and no more than [`THREAD_LABELS_MAX`] are asked about.
    pub async fn thread_label(&self, message_ids: &[String]) -> Result<Option<ThreadLabel>> {
        let asked = message_ids.iter().take(THREAD_LABELS_MAX);
        let messages: Vec<[u8; 32]> = asked.map(|id| message_id_hash(id)).collect();
        if messages.is_empty() {
            return Ok(None);
        }
        let mut found = self.records.thread_labels(&messages, self.now()).await?;
        found.sort_by_key(|(message, _)| messages.iter().position(|asked| asked == message));
        Ok(found.into_iter().next().map(|(_, label)| label))
    }

    /// Whether an origin mark was spent, and is not forgotten yet.
    pub async fn is_nonce_spent(&self, id: [u8; 16]) -> Result<bool> {
        self.records.is_nonce_spent(id, self.now()).await
    }

    /// Spends an origin mark that is good until then; true exactly once.
    pub async fn spend_nonce(&self, id: [u8; 16], until: Timestamp) -> Result<bool> {
        self.records.spend_nonce(id, until, self.now()).await
    }

    fn open_item(&self, row: &OutboxRow) -> Result<Due> {
        let opened = self.server_key.open(OUTBOX, &row.id.0, &row.item);
        let plain = opened.map_err(|source| StoreError::Closed {
            what: "an outbox item",
            source,
        })?;
        let item = parse_item(&plain).ok_or(StoreError::Changed {
            what: "an outbox item",
        })?;
        Ok(Due {
            id: row.id,
            created: row.created,
            attempts: row.attempts,
            item,
        })
    }
}

fn parse_item(plain: &[u8]) -> Option<OutboxItem> {
    let (length, rest) = plain.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (head, message) = rest.split_at_checked(length)?;
    let letter: Letter = serde_json::from_slice(head).ok()?;
    let message = message.to_vec();
    Some(OutboxItem {
        sender: letter.sender,
        recipients: letter.recipients,
        message,
    })
}
