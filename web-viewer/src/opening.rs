//! A sealed letter, opened in memory for the length of one answer.
//!
//! The plaintext is wiped when the answer is made; it is never written anywhere. Each request
//! decrypts the whole letter once (about a millisecond a MiB): a part's place is known only after
//! the letter was parsed, and no index of it is kept in clear.

use std::sync::Arc;
use std::time::Duration;

use mail::Message;
use seal::SealedMessage;
use zeroize::Zeroizing;

use crate::desk::Desk;
use crate::reader::Visitor;
use crate::refusal::Refusal;
use crate::settings::OPENING_WAIT_SECONDS;

/// Opens the visitor's letter and lets `look` make what the answer needs of it.
pub(crate) async fn open<T, F>(desk: &Desk, visitor: &Visitor, look: F) -> Result<T, Refusal>
where
    T: Send + 'static,
    F: FnOnce(&Message<'_>) -> T + Send + 'static,
{
    let turn = desk.openings.acquire();
    let turn = tokio::time::timeout(Duration::from_secs(OPENING_WAIT_SECONDS), turn).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(Refusal::Busy);
    };
    let record = &visitor.holder.record;
    let (Some(wrap), Some(shred_key)) = (record.wrap.clone(), record.shred_key.clone()) else {
        tracing::error!(grant = %visitor.holder.id, "a letter that should open has no key");
        return Err(Refusal::Trouble);
    };
    let sealed = desk.viewer.store.blob(record.grant.letter).await;
    let sealed = sealed.map_err(|error| Refusal::trouble("read a sealed letter", &error))?;
    let Some(sealed) = sealed else {
        tracing::error!(grant = %visitor.holder.id, "a letter that should open is not there");
        return Err(Refusal::Trouble);
    };
    let (secret, grant) = (
        visitor.holder.secret.clone(),
        Arc::new(record.grant.clone()),
    );
    let work = move || {
        let key = seal::unwrap(&wrap, &secret, &shred_key, &grant)?;
        let plain = Zeroizing::new(SealedMessage::parse(&sealed)?.open(&key)?);
        drop(sealed);
        Ok(look(&Message::parse(&plain)))
    };
    let opened = tokio::task::spawn_blocking(work).await;
    let opened = opened.map_err(|error| Refusal::trouble("open a letter", &error))?;
    opened.map_err(|error: seal::OpenError| Refusal::trouble("open a letter", &error))
}
