//! A whole viewer over a real store in a temporary folder, with a mailer that only remembers.
#![allow(
    dead_code,
    missing_docs,
    reason = "each test file uses its own part of it"
)]

pub mod browser;
pub mod samples;

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use mail::{Message, Rights, Timestamp};
use seal::{Grant, GrantId, LetterId, LinkSecret, ServerKey, ShredKey};
use store::{Clock, NewGrant, NewLetter, Store, StoreOptions, SystemEntropy};
use web_viewer::{
    Mailer, MailerError, PasscodeMail, ReplyEnd, ReplyMail, Summary, Viewer, ViewerSettings, router,
};

pub const URL: &str = "https://mail.corp.example";
pub const READER: &str = "bob.miller@partner.example";
/// 3 December 2026, 12:00 UTC.
pub const NOW: i64 = 1_796_299_200;
pub const DAY: i64 = 24 * 3600;

/// A clock that stands until it is moved.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

/// What the mail system of a test does with mail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Takes,
    Holds,
    Refuses,
    Later,
}

/// Remembers what it was given.
pub struct FakeMailer {
    pub mood: Mutex<Mood>,
    pub tried: AtomicUsize,
    slow_ms: AtomicUsize,
    pub passcodes: Mutex<Vec<PasscodeMail>>,
    pub replies: Mutex<Vec<ReplyMail>>,
}

impl FakeMailer {
    /// How often it was asked to send.
    pub fn tries(&self) -> usize {
        self.tried.load(Ordering::SeqCst)
    }

    async fn wait(&self) {
        let slow = self.slow_ms.load(Ordering::SeqCst) as u64;
        tokio::time::sleep(std::time::Duration::from_millis(slow)).await;
    }

    /// From now on mail takes so long to send.
    pub fn take_milliseconds(&self, slow: usize) {
        self.slow_ms.store(slow, Ordering::SeqCst);
    }

    fn answer(&self) -> Result<(), MailerError> {
        self.tried.fetch_add(1, Ordering::SeqCst);
        match *self.mood.lock().unwrap() {
            Mood::Takes | Mood::Holds => Ok(()),
            Mood::Refuses => Err(MailerError::Refused {
                text: "550 5.1.1 unknown".into(),
            }),
            Mood::Later => Err(MailerError::Later {
                text: "connection refused".into(),
            }),
        }
    }

    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub fn codes(&self) -> Vec<String> {
        self.passcodes
            .lock()
            .unwrap()
            .iter()
            .map(|mail| mail.code.clone())
            .collect()
    }
}

#[async_trait]
impl Mailer for FakeMailer {
    async fn passcode(&self, mail: PasscodeMail) -> Result<(), MailerError> {
        self.wait().await;
        self.answer()?;
        self.passcodes.lock().unwrap().push(mail);
        Ok(())
    }

    async fn reply(&self, mail: ReplyMail) -> Result<ReplyEnd, MailerError> {
        self.wait().await;
        self.answer()?;
        self.replies.lock().unwrap().push(mail);
        Ok(match *self.mood.lock().unwrap() {
            Mood::Holds => ReplyEnd::Waits,
            _ => ReplyEnd::Sent,
        })
    }
}

/// A viewer and all that stands around it.
pub struct World {
    pub store: Arc<Store>,
    pub mailer: Arc<FakeMailer>,
    pub clock: Arc<TestClock>,
    pub router: Router,
    node: Box<dyn Fn() -> Router>,
    folder: tempfile::TempDir,
}

/// A letter that was sealed for one reader.
pub struct Sealed {
    pub letter: LetterId,
    pub grant: GrantId,
    pub secret: LinkSecret,
}

impl Sealed {
    /// The clean address.
    pub fn path(&self) -> String {
        format!("/l/{}", self.grant)
    }

    /// The address in the notice.
    pub fn link(&self) -> String {
        format!("{}/{}", self.path(), *self.secret.to_link_text())
    }
}

/// How a letter is sealed.
#[derive(Clone)]
pub struct Terms {
    pub reader: String,
    pub rights: Rights,
    pub download: bool,
    pub raw_download: bool,
    pub label: Option<(String, String)>,
    pub days: i64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            reader: READER.into(),
            rights: Rights::ALL,
            download: true,
            raw_download: true,
            label: None,
            days: 30,
        }
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: ViewerSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let options = StoreOptions {
            records: format!("sqlite:{}", at("records.db")),
            blobs: format!("file:{}", at("blobs")),
            shred_keys: format!("sqlite:{}", at("keys.db")),
        };
        let key = Arc::new(ServerKey::generate(&mut SystemEntropy));
        let clock = Arc::new(TestClock(AtomicI64::new(NOW)));
        let store = Store::open(&options, key.clone(), clock.clone())
            .await
            .unwrap();
        let store = Arc::new(store);
        let mailer = Arc::new(FakeMailer {
            mood: Mutex::new(Mood::Takes),
            tried: AtomicUsize::default(),
            slow_ms: AtomicUsize::default(),
            passcodes: Mutex::default(),
            replies: Mutex::default(),
        });
        let node = {
            let (store, mailer, clock) = (store.clone(), mailer.clone(), clock.clone());
            move || {
                router(Viewer {
                    store: store.clone(),
                    key: key.clone(),
                    mailer: mailer.clone(),
                    clock: clock.clone(),
                    entropy: Arc::new(Mutex::new(SystemEntropy)),
                    tally: Arc::default(),
                    settings: settings.clone(),
                })
            }
        };
        Self {
            store,
            mailer,
            clock,
            router: node(),
            node: Box::new(node),
            folder,
        }
    }

    /// Another viewer over the same store.
    pub fn another_node(&self) -> Router {
        (self.node)()
    }

    pub fn pass_seconds(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Seals a letter for one reader, as the gateway does.
    pub async fn seal(&self, raw: &[u8], terms: &Terms) -> Sealed {
        let mut entropy = SystemEntropy;
        let letter = LetterId::generate(&mut entropy);
        let grant_id = GrantId::generate(&mut entropy);
        let secret = LinkSecret::generate(&mut entropy);
        let shred_key = ShredKey::generate(&mut entropy);
        let (sealed, key) = seal::seal(raw, letter, &mut entropy);
        let grant = Grant {
            letter,
            grant: grant_id,
            recipient: terms.reader.clone(),
            rights: terms.rights,
            sender: "ann.meyer@corp.example".into(),
            template: String::new(),
            download: terms.download,
            commitment: key.commitment(&letter),
        };
        let wrap = seal::wrap(&key, &secret, &shred_key, &grant, &mut entropy);
        let summary = summary(raw, terms).to_bytes();
        let summary = seal::close_summary(&secret, &grant_id, &summary, &mut entropy);
        let verifier = secret.verifier();
        let new = NewLetter {
            id: letter,
            sender: grant.sender.clone(),
            message_id_hash: None,
            created: self.now(),
            expires: self.now().plus_seconds(terms.days * DAY),
            size: raw.len() as u64,
            sealed,
            raw_download: terms.raw_download,
            grants: vec![NewGrant {
                grant,
                wrap,
                shred_key,
                summary,
                verifier,
            }],
        };
        self.store.put(new).await.unwrap();
        Sealed {
            letter,
            grant: grant_id,
            secret,
        }
    }

    /// All audit events, in order.
    pub async fn audit_events(&self) -> Vec<store::AuditEvent> {
        let all = store::AuditFilter::default();
        let rows = self.store.audit_events(&all).await.unwrap();
        rows.into_iter().map(|row| row.event).collect()
    }

    /// Their kinds.
    pub async fn audit_kinds(&self) -> Vec<String> {
        let events = self.audit_events().await;
        events.into_iter().map(|event| event.kind).collect()
    }
}

fn summary(raw: &[u8], terms: &Terms) -> Summary {
    let message = Message::parse(raw);
    let from = message.mailboxes("From").into_iter().next();
    Summary {
        subject: message.subject().unwrap_or_default(),
        sender_name: from
            .as_ref()
            .and_then(|from| from.name.clone())
            .unwrap_or_default(),
        sender_address: from.map(|from| from.address).unwrap_or_default(),
        label: terms.label.as_ref().map(|(name, _)| name.clone()),
        label_color: terms.label.as_ref().map(|(_, color)| color.clone()),
    }
}

pub fn settings() -> ViewerSettings {
    ViewerSettings {
        aliases: vec!["https://old.corp.example".into()],
        domains: vec!["corp.example".into()],
        help: "helpdesk@corp.example".into(),
        sender: "secure-mail@corp.example".into(),
        ..ViewerSettings::new(URL, "Corp")
    }
}
