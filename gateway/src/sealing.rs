//! Seals one letter for its readers outside: a content key, and for each reader a link secret, a
//! shred key, a wrap and a notice. The link secrets leave in the notices and nowhere else.

use crate::apply::{Body, Cargo, Dispatch};
use crate::own_mail::letter::new_message_id;
use crate::own_mail::notice::{Notice, NoticeSubject};
use crate::own_mail::origin;
use crate::site::Site;
use crate::system::SystemEntropy;
use mail::{Address, Label, Message, SealTerms, Timestamp};
use seal::{ContentKey, Grant, GrantId, LetterId, LinkSecret, ShredKey};
use store::{NewGrant, NewLetter};
use web_viewer::Summary;

/// What is to be sealed, and how.
pub struct Sealing<'a> {
    /// The letter after its edits, without our trace block.
    pub letter: &'a Message<'a>,
    /// The envelope sender, empty for the null one.
    pub sender: &'a str,
    /// Rights, expiry, download.
    pub terms: &'a SealTerms,
    /// The label it bears, for the banner.
    pub label: Option<&'a Label>,
    /// Whether the raw letter may be handed out: not when readers understand it differently.
    pub raw_download: bool,
    /// The block of ours at the top of each notice.
    pub head: &'a [u8],
}

impl Sealing<'_> {
    /// The sealed letter to keep, and one notice for each reader.
    pub fn seal(&self, site: &Site, readers: &[Address]) -> (NewLetter, Vec<Dispatch>) {
        let now = site.now();
        let id = LetterId::generate(&mut SystemEntropy);
        let (sealed, key) = seal::seal(self.letter.raw(), id, &mut SystemEntropy);
        let commitment = key.commitment(&id);
        let expires = now.plus_seconds(self.expires_after_seconds(site));
        let mut grants = Vec::with_capacity(readers.len());
        let mut notices = Vec::with_capacity(readers.len());
        for reader in readers {
            let grant = self.grant(id, reader, commitment);
            let link = LinkSecret::generate(&mut SystemEntropy);
            notices.push(self.notice(site, &grant, reader, &link, now, expires));
            grants.push(self.close(site, grant, &key, &link));
        }
        let letter = NewLetter {
            id,
            sender: self.sender.to_owned(),
            message_id_hash: self
                .letter
                .message_id()
                .map(|id| store::message_id_hash(&id)),
            created: now,
            expires,
            size: self.letter.raw().len() as u64,
            sealed,
            raw_download: self.raw_download,
            grants,
        };
        (letter, notices)
    }

    fn expires_after_seconds(&self, site: &Site) -> i64 {
        let asked = self
            .terms
            .expires_after_seconds
            .and_then(|s| i64::try_from(s).ok());
        asked.unwrap_or(site.sealing.expires_after_seconds)
    }

    fn grant(&self, letter: LetterId, reader: &Address, commitment: [u8; 32]) -> Grant {
        Grant {
            letter,
            grant: GrantId::generate(&mut SystemEntropy),
            recipient: reader.as_str().to_owned(),
            rights: self.terms.rights,
            sender: self.sender.to_owned(),
            template: self.terms.template.clone().unwrap_or_default(),
            download: self.terms.download,
            commitment,
        }
    }

    /// The grant as it is stored: closed under the reader's link and the grant's shred key.
    fn close(&self, site: &Site, grant: Grant, key: &ContentKey, link: &LinkSecret) -> NewGrant {
        let shred_key = ShredKey::generate(&mut SystemEntropy);
        let wrap = seal::wrap(key, link, &shred_key, &grant, &mut SystemEntropy);
        let summary = self.summary(site).to_bytes();
        let summary = seal::close_summary(link, &grant.grant, &summary, &mut SystemEntropy);
        NewGrant {
            wrap,
            shred_key,
            summary,
            verifier: link.verifier(),
            grant,
        }
    }

    /// What the page behind the link may say before the mailbox is proved.
    fn summary(&self, site: &Site) -> Summary {
        let author = self.letter.mailboxes("From").into_iter().next();
        let hidden = site.sealing.notice_subject == NoticeSubject::Hidden;
        let subject = if hidden { None } else { self.letter.subject() };
        Summary {
            subject: subject.unwrap_or_default(),
            sender_name: author
                .as_ref()
                .and_then(|a| a.name.clone())
                .unwrap_or_default(),
            sender_address: author.map(|author| author.address).unwrap_or_default(),
            label: self.label.map(|label| label.name.clone()),
            label_color: self.label.and_then(|label| label.color.clone()),
        }
    }

    fn notice(
        &self,
        site: &Site,
        grant: &Grant,
        reader: &Address,
        link: &LinkSecret,
        now: Timestamp,
        expires: Timestamp,
    ) -> Dispatch {
        let message_id = self.letter.message_id();
        let message_id = message_id.unwrap_or_else(|| new_message_id(&site.hostname));
        let notice = Notice {
            letter: self.letter,
            message_id: &message_id,
            sender: match self.sender {
                sender if !sender.is_empty() && sender.is_ascii() => sender,
                _ => site.sealing.sender.as_str(),
            },
            now,
            recipient: reader,
            link: &web_viewer::link(&site.sealing.viewer_url, &grant.grant, link),
            expires,
            reference: &seal::reference_words(grant.grant.as_bytes()),
            subject: site.sealing.notice_subject,
            organisation: site.organisation(),
            help: site.sealing.help.as_deref(),
        };
        let notice = notice.write();
        let mut head = self.head.to_vec();
        head.extend_from_slice(origin::mark(&site.key, &notice, reader, now).as_bytes());
        let cargo = Cargo::Notice(grant.letter, grant.grant);
        Dispatch {
            recipients: vec![reader.clone()],
            head,
            body: Body::Changed(notice),
            cargo,
        }
    }
}
