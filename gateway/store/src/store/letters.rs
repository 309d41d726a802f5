//! Keeping letters, and giving back what opens them.
//! Sealed bytes, keys and records go side by side; only with all three is there a letter.

use std::ops::Range;

use bytes::Bytes;
use mail::Timestamp;
use seal::{GrantId, GrantState, Header, LetterId, ShredKey, Standing, Wrap};
use zeroize::Zeroizing;

use super::ending::ORPHAN_SECONDS;
use super::{Result, SHRED_KEY, Store, mailbox, within};
use crate::error::StoreError;
use crate::letter::{
    FIELD_BYTES_MAX, Filter, GRANTS_MAX, GrantRecord, GrantSummary, INLINE_BYTES, LetterSummary,
    NewGrant, NewLetter, PACKED_BYTES, SUMMARY_BYTES_MAX, Target,
};
use crate::packs::Packed;
use crate::passing::{ClosedItem, OutboxId};
use crate::records::{Ended, GrantRow, KeyRow, LetterRow, Listed, Place};

/// Sealed bytes on the way to their place.
enum Keeping {
    Row(Bytes),
    Pack(Packed),
    Blob(Bytes),
}

impl Keeping {
    fn place(&self) -> Place {
        match self {
            Self::Row(sealed) => Place::Row(sealed.clone()),
            Self::Pack(packed) => Place::Pack(packed.berth),
            Self::Blob(_) => Place::Blob,
        }
    }
}

impl Store {
    /// Keeps a letter. When this returns, it is on the disk: sealed bytes, keys and records.
    /// When it fails, nothing of it can be used; what is left over is swept out later.
    pub async fn put(&self, letter: NewLetter) -> Result<()> {
        self.put_with(letter, None).await
    }

    /// The same, and puts a mail of ours that tells of the letter into the outbox, with the same
    /// commit. Until the time with it, it is leased to whoever put it, who finishes it, sent or
    /// unsent; then it is handed out ([`Store::due`]), as after a crash.
    pub async fn put_with(
        &self,
        letter: NewLetter,
        mail: Option<(ClosedItem, Timestamp)>,
    ) -> Result<()> {
        check(&letter)?;
        let begun = self.now();
        let mail_id = mail.as_ref().map(|(mail, _)| mail.id);
        let mail = mail.map(|(mail, lease_ends)| mail.row(self.now(), lease_ends));
        let keys = letter
            .grants
            .iter()
            .map(|new| self.key_row(new, letter.created))
            .collect();
        let grants = letter
            .grants
            .iter()
            .map(|new| self.grant_row(new, &letter))
            .collect();
        let ids: Vec<GrantId> = letter.grants.iter().map(|new| new.grant.grant).collect();
        let id = letter.id;
        let keeping = self.keeping(id, letter.sealed).await?;
        let row = LetterRow {
            id: letter.id,
            sender: letter.sender,
            message_id_hash: letter.message_id_hash,
            created: letter.created,
            expires: letter.expires,
            size: letter.size,
            raw_download: letter.raw_download,
        };
        let place = keeping.place();
        let blob = async {
            match keeping {
                Keeping::Row(_) => Ok(()),
                Keeping::Pack(packed) => packed.settle().await,
                Keeping::Blob(sealed) => self.blobs.put_blob(id, sealed).await,
            }
        };
        // Side by side, so that a put waits for one sync and not for three. What is there of an
        // unfinished letter opens nothing: all are needed.
        let (blob, keys, records) = tokio::join!(
            blob,
            self.keys.put_keys(keys),
            self.records.put_letter(row, place.clone(), grants, mail)
        );
        // It was there before, whole or in part, and is not ours to take away.
        let outcomes = [blob, keys, records];
        let exists = |outcome: &Result<()>| matches!(outcome, Err(StoreError::Exists { .. }));
        if let Some(place) = outcomes.iter().position(exists) {
            return outcomes.into_iter().nth(place).unwrap_or(Ok(()));
        }
        // A process that was stopped so long may have had keys and bytes swept out under it.
        let in_time = match self.now() <= begun.plus_seconds(ORPHAN_SECONDS / 2) {
            true => Ok(()),
            false => Err(StoreError::Raced { what: "a letter" }),
        };
        let outcomes = outcomes.into_iter().chain([in_time]);
        match outcomes.collect::<Result<()>>() {
            Ok(()) => Ok(()),
            Err(error) => {
                self.forget_unfinished(id, place, ids, mail_id).await;
                Err(error)
            }
        }
    }

    /// Chooses where sealed bytes are to stand; those in a pack are written now, but not synced.
    async fn keeping(&self, letter: LetterId, sealed: Vec<u8>) -> Result<Keeping> {
        let sealed = Bytes::from(sealed);
        if sealed.len() < INLINE_BYTES {
            return Ok(Keeping::Row(sealed));
        }
        let packed = match sealed.len() < PACKED_BYTES {
            true => {
                let packed = self.blobs.pack(letter, sealed.clone(), self.now());
                packed.await?
            }
            false => None,
        };
        Ok(packed.map_or(Keeping::Blob(sealed), Keeping::Pack))
    }

    /// Deletes sealed bytes that do not stand in a row; they need not be there.
    pub(super) async fn delete_sealed(&self, letter: LetterId, place: Place) -> Result<()> {
        match place {
            Place::Row(_) | Place::Gone => Ok(()),
            Place::Blob => self.blobs.delete_blob(letter).await,
            Place::Pack(berth) => self.blobs.unpack(letter, berth).await,
        }
    }

    /// Takes away what a put that failed has left.
    async fn forget_unfinished(
        &self,
        id: LetterId,
        place: Place,
        grants: Vec<GrantId>,
        mail: Option<OutboxId>,
    ) {
        // Whether a failed commit was written may be unknown; without keys it is all one.
        let keys = self.keys.forget_keys(grants).await;
        let records = self.records.forget(id.into()).await;
        let mail = match mail {
            Some(mail) => self.records.finish(vec![mail]).await,
            None => Ok(()),
        };
        let forgotten = keys.and(records.map(|_| ())).and(mail);
        if let Err(left) = forgotten.and(self.delete_sealed(id, place).await) {
            tracing::warn!(letter = %id, error = &left as &dyn std::error::Error,
                "an unfinished letter is left to be swept out");
        }
    }

    /// Undoes [`Store::put`] for a letter or a grant whose notice nobody got, without a trace.
    /// It may be called again, and for what was never kept.
    pub async fn abandon(&self, target: impl Into<Target>) -> Result<()> {
        let target = target.into();
        let grants = self.records.grants(target).await?;
        self.keys
            .forget_keys(grants.iter().map(|row| row.grant.grant).collect())
            .await?;
        let letter = match target {
            Target::Letter(letter) => Some(letter),
            Target::Grant(_) => grants.first().map(|row| row.grant.letter),
        };
        let Some(letter) = letter else {
            return Ok(());
        };
        // Asked before its record goes: nothing else says where it stands. What fails to go from a
        // pack now is swept out later.
        let place = self.records.place(letter, Some(0..0)).await?;
        let forgotten = self.records.forget(target).await?;
        let was_whole = matches!(target, Target::Letter(_));
        if was_whole || forgotten.contains(&letter) {
            self.delete_sealed(letter, place.unwrap_or(Place::Blob))
                .await?;
        }
        Ok(())
    }

    /// A grant as it stands now. `None`: there is none, or nobody may be told of it.
    pub async fn grant(&self, grant: GrantId) -> Result<Option<GrantRecord>> {
        let Some(row) = self.records.grant(grant).await? else {
            return Ok(None);
        };
        self.check_mark(&row)?;
        let mut record = GrantRecord {
            state: self.state_now(row.standing.state),
            grant: row.grant,
            wrap: row.wrap.map(Wrap::from_bytes),
            shred_key: None,
            summary: row.summary,
            verifier: row.standing.verifier,
            created: row.standing.created,
            raw_download: row.standing.raw_download,
            opened: row.opened,
        };
        if matches!(record.state, GrantState::Active { .. }) {
            let key = self.keys.key(grant).await?;
            if let Some(ended) = key.as_ref().and_then(|key| key.ended) {
                // The records are older than the keys: a backup was restored. The keys are right.
                record.state = match ended {
                    Ended::Revoked { at } => GrantState::Revoked { at },
                    Ended::Expired { at } => GrantState::Expired { at },
                };
            }
            let closed = key.and_then(|key| key.closed);
            record.shred_key = closed.map(|key| self.open_key(grant, &key)).transpose()?;
        }
        if !matches!(record.state, GrantState::Active { .. }) {
            record.wrap = None;
            record.shred_key = None;
        }
        Ok(Some(record))
    }

    /// Remembers when a grant's letter was first read.
    pub async fn remember_opened(&self, grant: GrantId) -> Result<()> {
        self.records.remember_opened(grant, self.now()).await
    }

    /// A letter's sealed bytes, whole; `None` once they are deleted.
    pub async fn blob(&self, letter: LetterId) -> Result<Option<Bytes>> {
        self.sealed(letter, None).await
    }

    /// A part of a letter's sealed bytes ([`seal::Header::sealed_range`] says which).
    pub async fn blob_range(&self, letter: LetterId, range: Range<u64>) -> Result<Option<Bytes>> {
        self.sealed(letter, Some(range)).await
    }

    async fn sealed(&self, letter: LetterId, range: Option<Range<u64>>) -> Result<Option<Bytes>> {
        match self.records.place(letter, range.clone()).await? {
            Some(Place::Row(sealed)) => Ok(Some(sealed)),
            // An empty part is no range that every backend can ask for.
            Some(Place::Blob) if range.as_ref().is_some_and(Range::is_empty) => {
                Ok(Some(Bytes::new()))
            }
            Some(Place::Blob) => self.blobs.blob(letter, range).await,
            Some(Place::Pack(berth)) => self.blobs.packed(letter, berth, range).await,
            Some(Place::Gone) | None => Ok(None),
        }
    }

    /// Letters for a list, newest first.
    pub async fn letters(&self, filter: &Filter) -> Result<Vec<LetterSummary>> {
        let listed = self.records.list(filter).await?;
        Ok(listed
            .into_iter()
            .map(|listed| self.summary(listed))
            .collect())
    }

    /// One letter for a list.
    pub async fn letter(&self, letter: LetterId) -> Result<Option<LetterSummary>> {
        let listed = self.records.letter(letter).await?;
        Ok(listed.map(|listed| self.summary(listed)))
    }

    fn summary(&self, listed: Listed) -> LetterSummary {
        let grant = |row: GrantRow| GrantSummary {
            intact: self.check_mark(&row).is_ok(),
            grant: row.grant.grant,
            recipient: row.grant.recipient,
            rights: row.grant.rights,
            state: self.state_now(row.standing.state),
            opened: row.opened,
        };
        LetterSummary {
            id: listed.letter.id,
            sender: listed.letter.sender,
            created: listed.letter.created,
            expires: listed.letter.expires,
            size: listed.letter.size,
            grants: listed.grants.into_iter().map(grant).collect(),
        }
    }

    /// A state by the clock: a grant that ran out is expired, whether it was purged or not.
    fn state_now(&self, state: GrantState) -> GrantState {
        match state {
            GrantState::Active { expires } if expires <= self.now() => {
                GrantState::Expired { at: expires }
            }
            state => state,
        }
    }

    /// Refuses a grant's record that is not as we wrote it (V21).
    pub(super) fn check_mark(&self, row: &GrantRow) -> Result<()> {
        if self.server_key.stands(&row.grant, &row.standing, &row.mark) {
            return Ok(());
        }
        Err(StoreError::Changed { what: "a grant" })
    }

    fn key_row(&self, new: &NewGrant, created: Timestamp) -> KeyRow {
        let grant = new.grant.grant;
        let closed = self.server_key.close(
            SHRED_KEY,
            grant.as_bytes(),
            new.shred_key.declassify(),
            &mut self.entropy(),
        );
        KeyRow {
            grant,
            letter: new.grant.letter,
            created,
            closed: Some(closed),
            ended: None,
        }
    }

    fn open_key(&self, grant: GrantId, key: &[u8]) -> Result<ShredKey> {
        let closed = |source| StoreError::Closed {
            what: "a shred key",
            source,
        };
        let opened = self.server_key.open(SHRED_KEY, grant.as_bytes(), key);
        let bytes = Zeroizing::new(opened.map_err(closed)?);
        let bytes = <&[u8; 32]>::try_from(bytes.as_slice());
        let bytes = bytes.map_err(|_| StoreError::Changed {
            what: "a shred key",
        })?;
        Ok(ShredKey::from_bytes(bytes))
    }

    fn grant_row(&self, new: &NewGrant, letter: &NewLetter) -> GrantRow {
        let standing = Standing {
            verifier: new.verifier,
            created: letter.created,
            raw_download: letter.raw_download,
            state: GrantState::Active {
                expires: letter.expires,
            },
        };
        GrantRow {
            mark: self
                .server_key
                .mark_standing(&new.grant, &standing)
                .to_vec(),
            mailbox: mailbox(&new.grant.recipient),
            grant: new.grant.clone(),
            standing,
            opened: None,
            wrap: Some(new.wrap.as_bytes().to_vec()),
            summary: Some(new.summary.clone()),
        }
    }
}

/// Refuses a letter that does not hold together, or exceeds a limit.
fn check(letter: &NewLetter) -> Result<()> {
    within("the number of grants", letter.grants.len(), GRANTS_MAX)?;
    within("a sender", letter.sender.len(), FIELD_BYTES_MAX)?;
    for new in &letter.grants {
        within("a recipient", new.grant.recipient.len(), FIELD_BYTES_MAX)?;
        within("a sender", new.grant.sender.len(), FIELD_BYTES_MAX)?;
        within("a template", new.grant.template.len(), FIELD_BYTES_MAX)?;
        within("a summary", new.summary.len(), SUMMARY_BYTES_MAX)?;
    }
    let header = Header::parse(&letter.sealed);
    let whole = header.is_ok_and(|header| {
        header.letter() == letter.id
            && header.length() == letter.size
            && header.sealed_length() == letter.sealed.len() as u64
            && letter.grants.iter().all(|new| {
                new.grant.letter == letter.id && new.grant.commitment == *header.commitment()
            })
    });
    if whole && !letter.grants.is_empty() {
        return Ok(());
    }
    Err(StoreError::Changed {
        what: "a sealed letter on its way into the store",
    })
}
