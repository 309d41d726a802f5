//! All that a condition may look at, for one message.
//!
//! It holds no opinion, and nothing here is fetched: the caller brings what it knows.

use core::net::IpAddr;

use mail::{Envelope, LabelId, Message, PartPath, Sender, Timestamp};

/// Which side a message came in on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A listener for the organisation's own senders.
    Inside,
    /// A listener for the world.
    Outside,
    /// A reply written in the web viewer.
    Viewer,
}

impl Source {
    /// The word in rule files, cases, log and audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Outside => "outside",
            Self::Viewer => "viewer",
        }
    }

    /// Reads [`Source::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Inside, Self::Outside, Self::Viewer]
            .into_iter()
            .find(|s| s.as_str() == text)
    }
}

/// Whether an attached file could be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentState {
    /// It was read; the labels are all it has.
    Known,
    /// It could not be read (encrypted, damaged, a limit hit); the reason is for people.
    Unknown(String),
}

/// What is known of one attached file. Files that can carry no label need not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFact {
    /// The part it stands in.
    pub path: PartPath,
    /// The labels found inside it, of our site.
    pub labels: Vec<LabelId>,
    /// Whether that is all.
    pub state: DocumentState,
    /// Whether a label can be set in it, where [`crate::Needs::labelling`] asked.
    pub takes_label: TakesLabel,
}

/// Whether a label can be set in an attached file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakesLabel {
    /// It can.
    Yes,
    /// It can, and of the labels found inside it those who open it see no others than these.
    Above(Vec<LabelId>),
    /// It cannot: a stable word for why, as `signed` or `kind`.
    No(String),
}

/// Whether somebody who may has approved a message that was held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Approval {
    /// Nobody has: what holds it, holds it.
    #[default]
    None,
    /// Somebody has: nothing holds it any more. All else counts as ever.
    Given,
}

/// One message and how it came.
#[derive(Clone, Debug)]
pub struct Facts<'m> {
    /// When it is judged.
    pub now: Timestamp,
    /// The side it came in on.
    pub source: Source,
    /// The address of the peer that brought it, as far as it is known.
    pub peer: Option<IpAddr>,
    /// The login that was proved (peer's certificate, `{auth_authen}`, XFORWARD LOGIN).
    pub authenticated: Option<String>,
    /// Who it is from and who for.
    pub envelope: &'m Envelope,
    /// The message.
    pub message: &'m Message<'m>,
    /// What [`crate::Needs::documents`] asked for; empty when it did not ask.
    pub documents: Vec<DocumentFact>,
    /// The label that the message's thread had before, where [`crate::Needs::thread_label`] asked.
    pub thread_label: Option<LabelId>,
    /// Whether it was held before, and approved.
    pub approval: Approval,
    /// This host's name: who changes a label, in fields that say so.
    pub host: String,
    /// A fresh GUID, written as the ActionId of a label that is set.
    pub action_id: String,
}

impl<'m> Facts<'m> {
    /// Facts of a message from a peer that proved nothing and has no files.
    pub fn new(
        now: Timestamp,
        source: Source,
        envelope: &'m Envelope,
        message: &'m Message<'m>,
    ) -> Self {
        let action_id = "00000000-0000-0000-0000-000000000000".to_owned();
        let (peer, authenticated, documents) = (None, None, Vec::new());
        Self {
            now,
            source,
            peer,
            authenticated,
            envelope,
            message,
            documents,
            thread_label: None,
            approval: Approval::None,
            host: "localhost".to_owned(),
            action_id,
        }
    }

    /// Whether the login is the envelope's sender, and From names that sender alone.
    ///
    /// A login without `@` counts as the local part of the sender's address.
    pub fn sender_verified(&self) -> bool {
        let Sender::Mailbox(sender) = &self.envelope.sender else {
            return false;
        };
        let Some(login) = self.authenticated.as_deref() else {
            return false;
        };
        let login_is_sender = match login.contains('@') {
            true => login.eq_ignore_ascii_case(sender.as_str()),
            false => login.eq_ignore_ascii_case(sender.local()),
        };
        let from = self.message.mailboxes("From");
        login_is_sender
            && !from.is_empty()
            && from
                .iter()
                .all(|mailbox| mailbox.address.eq_ignore_ascii_case(sender.as_str()))
    }
}
