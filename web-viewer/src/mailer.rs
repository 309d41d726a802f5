//! The seam to the mail system: what the viewer asks to be sent.
//!
//! The viewer never opens a connection itself; the gateway implements [`Mailer`].

use async_trait::async_trait;
use mail::{Address, Rights};
use seal::{GrantId, LetterId};

/// Sends the two kinds of mail that a reader can cause. Both return only when the next hop has
/// answered for good: `Ok` means that it answered 250, or that a reply is kept until somebody
/// approves it.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends a one-time code straight to the next hop; it is never stored or queued.
    async fn passcode(&self, mail: PasscodeMail) -> Result<(), MailerError>;

    /// Sends a reader's reply through the whole pipeline, with `source = viewer`.
    async fn reply(&self, mail: ReplyMail) -> Result<ReplyEnd, MailerError>;
}

/// What became of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyEnd {
    /// The next hop has it.
    Sent,
    /// Rules of the organisation hold it, for some of those it goes to at least, until somebody
    /// has looked at it.
    Waits,
}

/// Why a mail was not sent. The text is the next hop's or ours, shown to no reader.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// Refused for good; trying again will not help.
    #[error("the mail was refused: {text}")]
    Refused {
        /// What the next hop, or a rule, said.
        text: String,
    },
    /// Not now; the reader may try again.
    #[error("the mail cannot be sent now: {text}")]
    Later {
        /// What was in the way.
        text: String,
    },
}

/// A one-time code on its way to the mailbox that the letter was sent to.
///
/// No `Debug`: the code must not reach a log by accident.
pub struct PasscodeMail {
    /// The mailbox to prove.
    pub to: Address,
    /// Eight digits.
    pub code: String,
    /// The words that stand on the page and in the notice as well, so that the reader can match
    /// the three: `seal::reference_words` of the grant.
    pub reference: String,
    /// The human sender of the letter, as the page names him.
    pub from_name: String,
    /// The reader's language, a BCP 47 tag.
    pub language: String,
    /// When the code ends.
    pub expires: mail::Timestamp,
}

/// A reply that a reader wrote. Every address in it comes from the original letter.
pub struct ReplyMail {
    /// The letter answered.
    pub letter: LetterId,
    /// The reader's grant.
    pub grant: GrantId,
    /// The address that was proved: becomes Reply-To.
    pub author: Address,
    /// The reader's name as the original spelt it, if it did.
    pub author_name: Option<String>,
    /// Whom it goes to.
    pub to: Vec<Address>,
    /// Who gets a copy (reply to all).
    pub cc: Vec<Address>,
    /// `Re: …`, decoded.
    pub subject: String,
    /// Message-ID of the original, without angle brackets.
    pub in_reply_to: Option<String>,
    /// The thread, oldest first, the original last; without angle brackets.
    pub references: Vec<String>,
    /// What the reader wrote.
    pub text: String,
    /// What the reader attached.
    pub attachments: Vec<ReplyAttachment>,
    /// The rights of the original, which the reply keeps.
    pub rights: Rights,
    /// The label fields of the original (`msip_labels` …) as name and value, which it keeps.
    pub label_fields: Vec<(String, String)>,
}

/// One file of a reply.
pub struct ReplyAttachment {
    /// A file name without any path, control or direction character.
    pub name: String,
    /// What the browser said that it is; `application/octet-stream` if it said nothing sensible.
    pub media_type: String,
    /// The content.
    pub bytes: Vec<u8>,
}
