//! A recipient without a browser: link, code, letter, as the pages lead him; and, for letters that
//! the viewer does not hand out whole, the store and the keys opened by hand.

use std::fs;
use std::sync::Arc;

use mail::Timestamp;
use seal::{GrantId, LinkSecret, SealedMessage, ServerKey};
use store::{AuditEvent, AuditFilter, Clock, Store, StoreOptions};

use crate::gateway::Gateway;
use crate::letter;
use crate::sink::Sink;
use crate::visitor::{Form, Page, Visitor};

/// The form of a page that leads to `step`, such as `/open`.
pub fn form(page: &Page, step: &str) -> Form {
    let found = page
        .forms()
        .into_iter()
        .find(|form| form.action.ends_with(step));
    found.unwrap_or_else(|| panic!("no form to `{step}` on {}:\n{}", page.status, page.text()))
}

/// The link in the newest notice for `recipient`.
pub fn link(sink: &Sink, recipient: &str) -> String {
    let found = sink
        .mailbox(recipient)
        .iter()
        .rev()
        .find_map(|mail| letter::link(&mail.raw));
    found.unwrap_or_else(|| panic!("no notice with a link for {recipient}"))
}

/// Asks for a code at the open door; the page that takes it, and the code from the mailbox.
pub fn ask_code(visitor: &mut Visitor, sink: &Sink, door: &Page, to: &str) -> (Page, String) {
    let before = sink.mailbox(to).len();
    let page = visitor.submit(&form(door, "/code"), &[]);
    let mails = sink.wait_for(to, before + 1);
    let code = mails.last().and_then(|mail| letter::code(&mail.raw));
    let code = code.unwrap_or_else(|| panic!("no code came to {to}; page:\n{}", page.text()));
    (page, code)
}

/// Link, code, letter: the page of the open letter.
pub fn read(visitor: &mut Visitor, sink: &Sink, link: &str, to: &str) -> Page {
    let door = visitor.get(link);
    assert_eq!(door.status, 200, "{}", door.text());
    let (page, code) = ask_code(visitor, sink, &door, to);
    let letter = visitor.submit(&form(&page, "/open"), &[("code", &code)]);
    assert_eq!(letter.status, 200, "{}", letter.text());
    letter
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp::from_unix(since.map_or(0, |time| time.as_secs().cast_signed()))
    }
}

/// Opens letters with what a gateway has on disk and the secret in a link.
pub struct Opener {
    runtime: tokio::runtime::Runtime,
    store: Store,
}

impl Opener {
    /// Opens the store of a gateway, running or not.
    pub fn new(gateway: &Gateway) -> Self {
        let path = |name: &str| gateway.path(name).display().to_string();
        let options = StoreOptions {
            records: format!("sqlite:{}", path("data/records.db")),
            blobs: format!("file:{}", path("data/blobs")),
            shred_keys: format!("sqlite:{}", path("data/keys.db")),
        };
        let text = fs::read_to_string(gateway.path("server.key")).expect("the key can be read");
        let key = ServerKey::parse(&text).expect("the key is a key");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let store = runtime.block_on(Store::open(&options, key, Arc::new(SystemClock)));
        Self {
            runtime,
            store: store.expect("the store opens"),
        }
    }

    /// The audit events of one kind, oldest first.
    pub fn events(&self, kind: &str) -> Vec<AuditEvent> {
        let filter = AuditFilter {
            kind: Some(kind.to_owned()),
            ..AuditFilter::default()
        };
        let rows = self.runtime.block_on(self.store.audit_events(&filter));
        let rows = rows.expect("the audit log can be read");
        rows.into_iter().map(|row| row.event).collect()
    }

    /// How many mails of the gateway's own wait to be sent.
    pub fn waiting(&self) -> u64 {
        let waiting = self.runtime.block_on(self.store.outbox_count());
        waiting.expect("the outbox can be counted")
    }

    /// The letter behind a link.
    pub fn open(&self, link: &str) -> Result<Vec<u8>, String> {
        let mut parts = link.rsplit('/');
        let (secret, grant) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let secret = LinkSecret::parse(secret).map_err(|error| format!("secret: {error:?}"))?;
        let id = GrantId::parse(grant).map_err(|error| format!("grant: {error:?}"))?;
        self.runtime.block_on(async {
            let found = self
                .store
                .grant(id)
                .await
                .map_err(|error| error.to_string())?;
            let record = found.ok_or("the grant is not there")?;
            let wrap = record.wrap.ok_or("the wrap is gone")?;
            let shred = record.shred_key.ok_or("the shred key is gone")?;
            let content = seal::unwrap(&wrap, &secret, &shred, &record.grant)
                .map_err(|error| error.to_string())?;
            let sealed = self
                .store
                .blob(record.grant.letter)
                .await
                .map_err(|error| error.to_string())?;
            let sealed = sealed.ok_or("the blob is gone")?;
            let sealed = SealedMessage::parse(&sealed).map_err(|error| error.to_string())?;
            sealed.open(&content).map_err(|error| error.to_string())
        })
    }
}

impl Drop for Opener {
    /// Nothing of the store may still be open when a test looks at its files.
    fn drop(&mut self) {
        self.runtime.block_on(self.store.close());
    }
}
