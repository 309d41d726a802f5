//! One message as the conditions see it: each thing is read when first asked for, and once.
//!
//! It never changes what it looks at.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use mail::label::{Outside, Reader, Reading, may_be_labelled};
use mail::{Address, EnclosedFile, Message, Part, Sender};

use crate::condition::Truth;
use crate::facts::{DocumentFact, Facts, Source};
use crate::matching::{Domains, Where, composed, html, plain};
use crate::policy::Home;

/// How many texts of a body are read; the rest makes body conditions unknown.
pub const BODIES_MAX: usize = 100;
/// How many bytes of decoded body text are read; the rest makes body conditions unknown.
pub const BODY_BYTES_MAX: usize = 16 << 20;

/// What an answer rested on, beyond the envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Something in the header fields.
    pub header: bool,
    /// Something in the structure or the parts.
    pub parts: bool,
}

/// The texts of the body in one form, composed, and whether they are all there is.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    pub texts: Vec<String>,
    pub complete: bool,
}

/// One thing that some reader lists as attached.
#[derive(Clone, Copy)]
pub(crate) enum Attached<'f> {
    /// A part.
    Part(&'f Part),
    /// A file inside the content of a part.
    File(&'f EnclosedFile),
}

impl<'f> Attached<'f> {
    /// Every name that some reader shows.
    pub fn names(self) -> &'f [String] {
        match self {
            Self::Part(part) => part.file_names(),
            Self::File(file) => &file.names,
        }
    }

    /// The type that is stated, or nothing.
    pub fn media_type(self) -> &'f str {
        match self {
            Self::Part(part) => &part.media_type,
            Self::File(file) => &file.media_type,
        }
    }

    /// Whether some reader's content of it is larger than so many bytes.
    pub fn is_over(self, message: &Message<'_>, size: u64) -> bool {
        match self {
            // Decoding never makes a part longer, so most are settled without it.
            Self::Part(part) => {
                let is_over = |content: &std::borrow::Cow<'_, [u8]>| content.len() as u64 > size;
                part.body.len() as u64 > size && message.readings(part).iter().any(is_over)
            }
            Self::File(file) => file.content.len() as u64 > size,
        }
    }
}

/// The view. It lives as long as one judgement.
pub(crate) struct Look<'f> {
    pub facts: &'f Facts<'f>,
    pub home: &'f Home,
    pub asked: Cell<Asked>,
    pub memo: Vec<Cell<Option<Truth>>>,
    verified: OnceCell<bool>,
    labels: OnceCell<Reading>,
    subjects: OnceCell<Vec<String>>,
    subjects_plain: OnceCell<Vec<String>>,
    bodies: OnceCell<Bodies>,
    bodies_plain: OnceCell<Vec<String>>,
    names_plain: OnceCell<Vec<String>>,
}

impl<'f> Look<'f> {
    pub fn new(facts: &'f Facts<'f>, home: &'f Home, memos: usize) -> Self {
        Self {
            facts,
            home,
            asked: Cell::default(),
            memo: vec![Cell::new(None); memos],
            verified: OnceCell::new(),
            labels: OnceCell::new(),
            subjects: OnceCell::new(),
            subjects_plain: OnceCell::new(),
            bodies: OnceCell::new(),
            bodies_plain: OnceCell::new(),
            names_plain: OnceCell::new(),
        }
    }

    pub fn message(&self) -> &'f Message<'f> {
        self.facts.message
    }

    /// Drops remembered answers: the next copy's recipients are others.
    pub fn forget(&self) {
        self.memo.iter().for_each(|cell| cell.set(None));
    }

    pub fn ask_header(&self) {
        self.asked.set(Asked {
            header: true,
            ..self.asked.get()
        });
    }

    pub fn ask_parts(&self) {
        self.asked.set(Asked {
            parts: true,
            ..self.asked.get()
        });
    }

    pub fn sender_verified(&self) -> bool {
        *self.verified.get_or_init(|| self.facts.sender_verified())
    }

    pub fn side_of(&self, recipient: &Address) -> Where {
        side(&self.home.domains, recipient)
    }

    /// DESIGN: inside is an own domain *and* an inside listener; the null sender is neither.
    pub fn side_of_sender(&self) -> Where {
        match &self.facts.envelope.sender {
            Sender::Null => Where::Nowhere,
            Sender::Mailbox(address) => self.side_of_claimed(address),
        }
    }

    /// The side of an address that somebody gave as their own.
    pub fn side_of_claimed(&self, address: &Address) -> Where {
        match self.facts.source {
            Source::Inside => self.side_of(address),
            Source::Outside | Source::Viewer => Where::Outside,
        }
    }

    /// What labels the message carries, in every scheme, as far as they count where it came from.
    pub fn labels(&self) -> &Reading {
        self.labels.get_or_init(|| {
            let reader = Reader {
                site: self.home.site_id.as_deref(),
                labels: &self.home.labels,
                mapping: &self.home.labelling.mapping,
            };
            let mut reading = reader.read(self.message());
            if self.facts.source == Source::Inside {
                return reading;
            }
            // Only our own people choose our labels.
            reading.method = None;
            match self.facts.source {
                Source::Outside => reading.from_outside(self.home.labelling.outside),
                _ => reading,
            }
        })
    }

    /// What was read of labels, where anything asked. Of a message from outside that seems to have
    /// some it is always read: that they count for nothing must be told.
    pub fn labels_read(&self) -> Option<Reading> {
        let home = self.home;
        let outside = self.facts.source == Source::Outside && home.labels.iter().next().is_some();
        if outside && may_be_labelled(self.message(), &home.labelling.mapping) {
            self.labels();
        }
        self.labels.get().cloned()
    }

    /// Labels that come from outside decide nothing, unless the organisation maps them.
    pub fn trusts_labels(&self) -> bool {
        self.facts.source != Source::Outside || self.home.labelling.outside == Outside::Map
    }

    /// Attached files, as far as what they say is trusted.
    pub fn documents(&self) -> &[DocumentFact] {
        match self.trusts_labels() {
            true => &self.facts.documents,
            false => &[],
        }
    }

    /// Every Subject field: where there are two, some reader shows either.
    pub fn subjects(&self) -> &[String] {
        let read = || self.header("Subject").into_iter();
        let composed = |text: String| composed(&text).into_owned();
        self.subjects.get_or_init(|| read().map(composed).collect())
    }

    pub fn subjects_plain(&self) -> &[String] {
        self.subjects_plain
            .get_or_init(|| self.subjects().iter().map(|s| plain(s)).collect())
    }

    /// The texts of every field of this name.
    pub fn header(&self, name: &str) -> Vec<String> {
        let message = self.message();
        message
            .fields_named(name)
            .map(|field| message.field_text(field))
            .collect()
    }

    /// Every body text; HTML as it is written and as a person would read it.
    pub fn bodies(&self) -> &Bodies {
        self.bodies.get_or_init(|| read_bodies(self.message()))
    }

    pub fn bodies_plain(&self) -> &[String] {
        self.bodies_plain
            .get_or_init(|| self.bodies().texts.iter().map(|s| plain(s)).collect())
    }

    /// Everything that some reader lists as attached, also to a message that is attached, and
    /// what stands inside the content of a part; signatures are not.
    pub fn attachments(&self) -> impl Iterator<Item = Attached<'f>> {
        let message = self.message();
        let parts = message.parts().iter().chain(message.other_parts());
        let files = message.enclosed().files.iter().map(Attached::File);
        parts
            .filter(|part| is_attached(part))
            .map(Attached::Part)
            .chain(files)
    }

    /// How many things are attached; what two readers find in one place counts once.
    pub fn attachment_count(&self) -> usize {
        let mut places: Vec<usize> = Vec::new();
        let mut files = 0;
        for attached in self.attachments() {
            match attached {
                Attached::Part(part) => places.push(part.body.start),
                Attached::File(_) => files += 1,
            }
        }
        places.sort_unstable();
        places.dedup();
        places.len() + files
    }

    pub fn names_plain(&self) -> &[String] {
        let names = || self.attachments().flat_map(Attached::names);
        self.names_plain
            .get_or_init(|| names().map(|name| plain(name)).collect())
    }

    /// Whether something in the message is closed to us: sealed by others, damaged, cut, kept
    /// elsewhere, or beyond a limit.
    pub fn is_hidden(&self) -> bool {
        let message = self.message();
        message.parts().iter().any(is_opaque) || !message.enclosed().unread.is_empty()
    }
}

/// The side a recipient stands on. A local part that can be read as a route ends who knows where.
pub(crate) fn side(own: &Domains, recipient: &Address) -> Where {
    match own.contains(recipient) && !recipient.is_routed() {
        true => Where::Inside,
        false => Where::Outside,
    }
}

fn read_bodies(message: &Message<'_>) -> Bodies {
    let mut bodies = Bodies {
        texts: Vec::new(),
        complete: true,
    };
    let mut room = BODY_BYTES_MAX;
    let shown = message.parts().iter().chain(message.other_parts());
    let shown = shown.filter(|part| part.is_shown_as_text());
    for (at, part) in shown.enumerate() {
        if at >= BODIES_MAX || part.body.len() > room {
            bodies.complete = false;
            break;
        }
        room -= part.body.len();
        for text in message.texts(part) {
            // What is neither plain nor HTML may be shown as either.
            bodies.add(part.media_type != "text/plain", text);
        }
    }
    for (at, enclosed) in message.enclosed().texts.iter().enumerate() {
        if at >= BODIES_MAX || enclosed.text.len() > room {
            bodies.complete = false;
            break;
        }
        room -= enclosed.text.len();
        bodies.add(enclosed.is_html, enclosed.text.clone());
    }
    bodies
}

impl Bodies {
    fn add(&mut self, is_html: bool, text: String) {
        if is_html {
            self.texts.push(composed(&html::text(&text)).into_owned());
        }
        self.texts.push(match composed(&text) {
            Cow::Owned(composed) => composed,
            Cow::Borrowed(_) => text,
        });
    }
}

fn is_attached(part: &Part) -> bool {
    let signature = matches!(
        part.media_type.as_str(),
        "application/pkcs7-signature"
            | "application/x-pkcs7-signature"
            | "application/pgp-signature"
    );
    let in_message = part.is_inside_message() && !part.is_multipart() && {
        !matches!(part.media_type.as_str(), "text/plain" | "text/html")
            || !part.file_names().is_empty()
    };
    !signature && (part.is_attachment() || in_message)
}

/// S/MIME that is not clear-signed, and PGP/MIME encryption.
fn is_opaque(part: &Part) -> bool {
    part.shield.may_be_encrypted()
        || matches!(
            part.media_type.as_str(),
            "application/pkcs7-mime" | "application/x-pkcs7-mime" | "application/pgp-encrypted"
        )
}
