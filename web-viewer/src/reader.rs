//! Who is asking: somebody who holds the link, or somebody who proved the mailbox as well.
//!
//! Whoever is neither learns nothing, not even whether the letter exists.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail::Timestamp;
use seal::{GrantId, GrantState, LinkSecret};
use store::{AuditEvent, Durability, GrantRecord};

use crate::cookies::{Cookies, Token};
use crate::desk::Desk;
use crate::mailbox::Mailbox;
use crate::refusal::{Ending, Refusal};
use crate::summary::Summary;

/// Somebody with the secret of a link; the letter may have ended.
pub(crate) struct Holder {
    pub id: GrantId,
    pub secret: LinkSecret,
    pub record: GrantRecord,
    pub summary: Summary,
    pub cookies: Cookies,
}

/// A [`Holder`] of a letter that is open to him, who proved the mailbox.
pub(crate) struct Visitor {
    pub holder: Holder,
    pub visit: Token,
}

/// Reads the id in the path and the cookies, and admits who holds the link of that grant.
pub(crate) async fn holder(desk: &Desk, id: &str, headers: &HeaderMap) -> Result<Holder, Refusal> {
    let mut cookies = Cookies::read(desk.settings(), headers);
    let (Ok(id), Some(secret)) = (GrantId::parse(id), cookies.link.take()) else {
        return Err(Refusal::NotFound);
    };
    let record = admit(desk, &id, &secret).await?;
    let summary = record
        .summary
        .as_deref()
        .and_then(|closed| seal::open_summary(&secret, &id, closed).ok())
        .map(|plain| Summary::from_bytes(&plain))
        .unwrap_or_default();
    Ok(Holder {
        id,
        secret,
        record,
        summary,
        cookies,
    })
}

/// The grant, for who has its secret. An unknown id costs the same work as a wrong secret.
pub(crate) async fn admit(
    desk: &Desk,
    id: &GrantId,
    secret: &LinkSecret,
) -> Result<GrantRecord, Refusal> {
    let found = desk.viewer.store.grant(*id).await;
    let found = found.map_err(|error| Refusal::trouble("read a grant", &error))?;
    let verifier = found.as_ref().map_or([0; 32], |record| record.verifier);
    match found {
        Some(record) if secret.fits(&verifier) => Ok(record),
        Some(_) => Err(Refusal::NotFound),
        None => {
            let _ = secret.fits(&verifier);
            Err(Refusal::NotFound)
        }
    }
}

/// A [`Holder`] whose letter still opens.
pub(crate) async fn active(desk: &Desk, id: &str, headers: &HeaderMap) -> Result<Holder, Refusal> {
    let holder = holder(desk, id, headers).await?;
    match holder.ending(desk) {
        Some(how) => Err(Refusal::Ended {
            how,
            sender: holder.sender_or_address(),
        }),
        None => Ok(holder),
    }
}

/// A [`Visitor`]; a holder without a visit is sent back to the door.
pub(crate) async fn visitor(
    desk: &Desk,
    id: &str,
    headers: &HeaderMap,
) -> Result<Visitor, Refusal> {
    let holder = active(desk, id, headers).await?;
    let base = holder.base();
    holder
        .visiting(desk)
        .await?
        .map_err(|_| Refusal::NoVisit { base })
}

impl Holder {
    /// Where this letter's pages are.
    pub fn base(&self) -> String {
        format!("/l/{}", self.id)
    }

    /// Whose places this reader takes.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox::of(&self.record.grant.recipient)
    }

    /// The words that stand in the notice, on the pages and in the mail with the code alike.
    pub fn reference(&self) -> String {
        seal::reference_words(self.id.as_bytes())
    }

    /// How the sender is called: as the letter names him, else by the envelope.
    pub fn sender_or_address(&self) -> String {
        match self.summary.sender() {
            "" => self.record.grant.sender.clone(),
            name => name.to_owned(),
        }
    }

    /// When the letter closes, while it is open.
    pub fn expires(&self) -> Option<Timestamp> {
        match self.record.state {
            GrantState::Active { expires } => Some(expires),
            GrantState::Revoked { .. } | GrantState::Expired { .. } => None,
        }
    }

    fn ending(&self, desk: &Desk) -> Option<Ending> {
        let expired = |at| match self.record.opened {
            Some(_) => Some(Ending::Expired(at)),
            None => Some(Ending::NeverOpened(at)),
        };
        match self.record.state {
            GrantState::Revoked { at } => Some(Ending::Revoked(at)),
            GrantState::Expired { at } => expired(at),
            GrantState::Active { expires } if expires <= desk.now() => expired(expires),
            GrantState::Active { .. } => None,
        }
    }

    /// The visitor he is, if this browser's visit is one to this letter; else himself again.
    pub async fn visiting(self, desk: &Desk) -> Result<Result<Visitor, Self>, Refusal> {
        let Some(visit) = self.cookies.visit.clone() else {
            return Ok(Err(self));
        };
        let found = desk.viewer.store.visit(visit.hash()).await;
        let found = found.map_err(|error| Refusal::trouble("read a visit", &error))?;
        Ok(match found {
            Some(found) if found.grant == self.id => Ok(Visitor {
                holder: self,
                visit,
            }),
            _ => Err(self),
        })
    }

    /// The mark of forms before the proof: only who holds the link can have it.
    pub fn token(&self, desk: &Desk) -> String {
        let mark = desk
            .viewer
            .key
            .mac("viewer door form", &[&self.door_mark()]);
        URL_SAFE_NO_PAD.encode(mark)
    }

    fn door_mark(&self) -> Vec<u8> {
        [&self.id.as_bytes()[..], &self.secret.verifier()].concat()
    }

    pub fn check_token(&self, desk: &Desk, token: &str) -> Result<(), Refusal> {
        check(desk, "viewer door form", &self.door_mark(), token)
    }

    /// Writes to the audit log what somebody with the link did. Who that was nobody knows, so the
    /// event has a recipient and no actor.
    pub async fn audit(
        &self,
        desk: &Desk,
        kind: &str,
        durability: Durability,
        detail: &[(&str, String)],
    ) -> Result<(), Refusal> {
        write(desk, event(&self.record, kind, detail), durability).await
    }

    /// Writes to the audit log that the mailbox was proved: from here on the reader is known.
    pub async fn audit_proof(&self, desk: &Desk) -> Result<(), Refusal> {
        let proved = event(&self.record, "code verified", &[]);
        let proved = proved.actor(&self.record.grant.recipient);
        write(desk, proved, Durability::Before).await
    }
}

/// An event of one reader's letter.
pub(crate) fn event(record: &GrantRecord, kind: &str, detail: &[(&str, String)]) -> AuditEvent {
    let grant = &record.grant;
    let mut event = AuditEvent::new(kind)
        .letter(grant.letter)
        .grant(grant.grant)
        .recipient(&grant.recipient);
    for (name, value) in detail {
        event = event.detail(name, value);
    }
    event
}

/// Writes to the audit log. What opens or ends something is safe before the answer.
pub(crate) async fn write(
    desk: &Desk,
    event: AuditEvent,
    durability: Durability,
) -> Result<(), Refusal> {
    let written = desk.viewer.store.audit(event, durability).await;
    written.map_err(|error| Refusal::trouble("write the audit log", &error))
}

impl Visitor {
    /// Writes to the audit log what the reader did, who proved the mailbox.
    pub async fn audit(
        &self,
        desk: &Desk,
        kind: &str,
        durability: Durability,
        detail: &[(&str, String)],
    ) -> Result<(), Refusal> {
        let record = &self.holder.record;
        let done = event(record, kind, detail).actor(&record.grant.recipient);
        write(desk, done, durability).await
    }

    /// Writes to the audit log what is revealed to the reader, before it is. What the log has of
    /// this visit already it only counts: a reader may ask for the same thing for ever.
    pub async fn tell(
        &self,
        desk: &Desk,
        kind: &str,
        detail: &[(&str, String)],
    ) -> Result<(), Refusal> {
        let record = &self.holder.record;
        let done = event(record, kind, detail).actor(&record.grant.recipient);
        let store = &desk.viewer.store;
        let told = store.audit_once(self.visit.hash(), done).await;
        match told.map_err(|error| Refusal::trouble("write the audit log", &error))? {
            true => Ok(()),
            // Somebody signed out meanwhile, the letter was withdrawn, or its time is over.
            false => Err(Refusal::NoVisit {
                base: self.holder.base(),
            }),
        }
    }

    /// The mark of a visit's forms.
    pub fn token(&self, desk: &Desk) -> String {
        let mark = desk
            .viewer
            .key
            .mac("viewer visit form", &[&self.visit_mark()]);
        URL_SAFE_NO_PAD.encode(mark)
    }

    fn visit_mark(&self) -> Vec<u8> {
        [&self.holder.id.as_bytes()[..], &self.visit.hash()].concat()
    }

    pub fn check_token(&self, desk: &Desk, token: &str) -> Result<(), Refusal> {
        check(desk, "viewer visit form", &self.visit_mark(), token)
    }

    /// The mark by which a frame shows that the reader chose to load pictures.
    pub fn pictures_token(&self, desk: &Desk) -> String {
        let mark = desk
            .viewer
            .key
            .mac("viewer pictures", &[&self.visit_mark()]);
        URL_SAFE_NO_PAD.encode(mark)
    }

    pub fn chose_pictures(&self, desk: &Desk, token: Option<&str>) -> bool {
        token.is_some_and(|token| check(desk, "viewer pictures", &self.visit_mark(), token).is_ok())
    }
}

fn check(desk: &Desk, purpose: &str, what: &[u8], token: &str) -> Result<(), Refusal> {
    let mark = URL_SAFE_NO_PAD
        .decode(token)
        .map_err(|_| Refusal::Forbidden)?;
    // Constant time inside.
    if desk.viewer.key.verify(purpose, &[what], &mark) {
        Ok(())
    } else {
        Err(Refusal::Forbidden)
    }
}
