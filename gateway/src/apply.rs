//! From a plan to the bytes that leave: edits, trace block, sealed letter, notices.
//! Pure given the time and randomness it is handed; it sends and stores nothing. A copy that is to
//! be sealed never becomes a [`Dispatch`] in clear.

use crate::admit::Admission;
use crate::answer::{EndFate, Stop};
use crate::attachments::{self, Labelled, Registrar};
use crate::own_mail::origin;
use crate::receipt::Receipt;
use crate::receive::Arrival;
use crate::sealing::Sealing;
use crate::served::Memory;
use crate::site::Site;
use crate::trace;
use mail::{Address, Edit, EditError, Edited, LabelId, Labels, Message, SkipReason};
use rules::{AttachmentLabel, Facts, Group, Plan, Verdict};
use seal::{GrantId, LetterId};

/// Everything that has to be kept and sent for one message.
#[derive(Debug, Default)]
pub struct Work {
    /// Letters to store before anything leaves.
    pub letters: Vec<store::NewLetter>,
    /// One entry per onward transaction.
    pub dispatches: Vec<Dispatch>,
    /// What the sender is told once the letters' notices were taken.
    pub receipt: Option<Receipt>,
    /// What became of the copies that were to be held, once they were.
    pub held: Vec<(Address, EndFate)>,
    /// What edits did not do, or did harm to.
    pub remarks: Vec<Remark>,
    /// What became of attached files that were to take a label.
    pub labelled: Vec<Labelled>,
}

/// What an operator must hear of the edits of some recipients' copies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remark {
    /// Whose copies.
    pub recipients: Vec<Address>,
    /// Why text was left out: stable words, such as `signed`.
    pub unmarked: Vec<&'static str>,
    /// Domains whose DKIM signature holds no longer.
    pub dkim_broken: Vec<String>,
}

impl Remark {
    /// None when everything was done and nothing was harmed.
    fn of(edited: &Edited, recipients: &[Address]) -> Option<Self> {
        let missing = edited.unmarked().into_iter();
        let unmarked: Vec<&str> = missing.map(SkipReason::as_str).collect();
        let dkim_broken = edited.broken_signatures.clone();
        let silent = unmarked.is_empty() && dkim_broken.is_empty();
        (!silent).then(|| Self {
            recipients: recipients.to_vec(),
            unmarked,
            dkim_broken,
        })
    }
}

/// One onward transaction.
#[derive(Debug)]
pub struct Dispatch {
    /// Who it is for.
    pub recipients: Vec<Address>,
    /// The block of ours at the top.
    pub head: Vec<u8>,
    /// What follows it.
    pub body: Body,
    /// What it carries.
    pub cargo: Cargo,
}

/// The bytes below our block.
#[derive(Debug)]
pub enum Body {
    /// As they came (P3).
    AsCame,
    /// With edits, or a notice.
    Changed(Vec<u8>),
}

impl Body {
    /// The bytes, given those that came.
    pub fn bytes<'a>(&'a self, came: &'a [u8]) -> &'a [u8] {
        match self {
            Self::AsCame => came,
            Self::Changed(bytes) => bytes,
        }
    }
}

/// What a transaction carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cargo {
    /// The message itself.
    Message,
    /// A notice with the link of this grant.
    Notice(LetterId, GrantId),
}

impl Work {
    /// Everyone to whom something goes.
    pub fn recipients(&self) -> Vec<Address> {
        self.dispatches
            .iter()
            .flat_map(|dispatch| dispatch.recipients.clone())
            .collect()
    }
}

/// What all groups of one message are made from.
pub struct Desk<'a> {
    /// The installation.
    pub site: &'a Site,
    /// How the message came.
    pub arrival: &'a Arrival,
    /// The message as it came.
    pub message: &'a Message<'a>,
    /// The labels of the rule set in force.
    pub labels: &'a Labels,
    /// What the rules knew of it.
    pub facts: &'a Facts<'a>,
}

impl Desk<'_> {
    /// Makes the work of a plan, leaving out recipients whom an earlier try served.
    pub fn apply(&self, admission: Admission, plan: &Plan, memory: &Memory) -> Result<Work, Stop> {
        let site = self.site;
        let head = trace::received(self.arrival, &site.hostname, site.now()).into_bytes();
        let mut work = Work::default();
        let organisation = site.policies.organisation();
        let own: Vec<LabelId> = self.labels.iter().map(|label| label.id.clone()).collect();
        let site_id = organisation.site_id.as_deref();
        let mut registrar = Registrar::new(self.message, self.facts, self.labels, site_id, &own);
        for group in &plan.groups {
            let waiting = |recipient: &&Address| !memory.has_served(recipient);
            let recipients: Vec<Address> =
                group.recipients.iter().filter(waiting).cloned().collect();
            if recipients.is_empty() {
                continue;
            }
            let mut files = group.verdict.attachments.clone();
            let edited = self.edited(group, admission, &mut registrar, &mut files)?;
            if !files.is_empty() {
                let recipients = recipients.clone();
                work.labelled.push(Labelled { recipients, files });
            }
            let body = match edited {
                None => Body::AsCame,
                Some(edited) => {
                    work.remarks.extend(Remark::of(&edited, &recipients));
                    Body::Changed(edited.bytes)
                }
            };
            // P2: the rules alone say who is outside; a second opinion here could only leak.
            if group.verdict.seal.is_some() {
                self.seal(group, &body, &head, &recipients, &mut work);
                continue;
            }
            let (head, cargo) = (head.clone(), Cargo::Message);
            work.dispatches.push(Dispatch {
                recipients,
                head,
                body,
                cargo,
            });
        }
        Ok(work)
    }

    fn seal(&self, group: &Group, body: &Body, head: &[u8], readers: &[Address], work: &mut Work) {
        let Some(terms) = &group.verdict.seal else {
            return;
        };
        let letter = Message::parse(body.bytes(&self.arrival.raw));
        let sealing = Sealing {
            letter: &letter,
            sender: self
                .arrival
                .envelope
                .sender
                .address()
                .map_or("", Address::as_str),
            terms,
            label: group
                .verdict
                .label
                .as_ref()
                .and_then(|id| self.labels.get(id)),
            raw_download: letter.ambiguities().is_empty(),
            head,
        };
        let (letter, notices) = sealing.seal(self.site, readers);
        work.letters.push(letter);
        work.dispatches.extend(notices);
    }

    /// The copy with its edits; none when nothing changes. A mark that only claims to be ours goes
    /// before any other edit.
    fn edited(
        &self,
        group: &Group,
        admission: Admission,
        registrar: &mut Registrar<'_>,
        files: &mut [AttachmentLabel],
    ) -> Result<Option<Edited>, Stop> {
        let forged = (admission == Admission::Forged).then(|| Edit::RemoveHeader {
            name: origin::FIELD.to_owned(),
        });
        let packs = files.iter().any(|file| file.left.is_none());
        let edit = || edit(self.message, forged, &group.verdict, registrar, files);
        // Packing is bounded, but not quick: other sessions go on meanwhile.
        let edited = match packs {
            true => tokio::task::block_in_place(edit),
            false => edit(),
        };
        Ok(edited?)
    }
}

/// A copy with everything that its verdict changes in it; none when nothing changes. What became of
/// the labels of attached files is noted on them.
pub fn edit(
    message: &Message<'_>,
    before: Option<Edit>,
    verdict: &Verdict,
    registrar: &mut Registrar<'_>,
    files: &mut [AttachmentLabel],
) -> Result<Option<Edited>, EditError> {
    let edits: Vec<Edit> = before
        .into_iter()
        .chain(verdict.edits.iter().cloned())
        .chain(registrar.label(files))
        .collect();
    if edits.is_empty() {
        return Ok(None);
    }
    let edited = mail::apply(message, &edits)?;
    attachments::note_kept(files, &edited);
    Ok(Some(edited))
}
