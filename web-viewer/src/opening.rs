//! A sealed letter, opened in memory as far as an answer needs it.
//!
//! The plaintext is wiped when the answer is made; it is never written anywhere. A letter is read
//! whole once, to learn where its parts lie; from then on only the chunks they lie in are opened.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail::Message;
use mail::message::Charset;
use seal::{CHUNK_BYTES, ContentKey, GrantId, GrantState, HEADER_BYTES, Header, LetterId};
use store::{Clock, Store};
use zeroize::Zeroizing;

use crate::desk::Desk;
use crate::mailbox::Mailbox;
use crate::outline::{Outline, Place, STEP_BYTES};
use crate::reader::Visitor;
use crate::refusal::Refusal;
use crate::sanitise::{HTML_BYTES_MAX, InlinePictures};
use crate::settings::{BODIES_BYTES_MAX, BODY_BYTES_MAX, LETTER_HEADER_BYTES_MAX};
use crate::turns::Turn;

/// How much of a letter is opened at a time: whole chunks, so that none is opened twice.
pub(crate) const PIECE_BYTES: u64 = 4 * CHUNK_BYTES as u64;

/// A sealed letter and the key to it.
pub(crate) struct Source {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    letter: LetterId,
    grant: GrantId,
    mailbox: Mailbox,
    key: ContentKey,
    header: Header,
}

impl Source {
    pub async fn of(desk: &Desk, visitor: &Visitor) -> Result<Self, Refusal> {
        let (record, grant) = (&visitor.holder.record, visitor.holder.id);
        let (Some(wrap), Some(shred_key)) = (&record.wrap, &record.shred_key) else {
            tracing::error!(%grant, "a letter that should open has no key");
            return Err(Refusal::Trouble);
        };
        let key = seal::unwrap(wrap, &visitor.holder.secret, shred_key, &record.grant);
        let key = key.map_err(refused)?;
        let store = desk.viewer.store.clone();
        let letter = record.grant.letter;
        let header = store.blob_range(letter, 0..HEADER_BYTES as u64).await;
        let Some(header) = header.map_err(unreadable)? else {
            tracing::error!(%grant, "a letter that should open is not there");
            return Err(Refusal::Trouble);
        };
        let header = Header::parse(&header).map_err(refused)?;
        Ok(Self {
            store,
            clock: desk.viewer.clock.clone(),
            letter,
            grant,
            mailbox: visitor.holder.mailbox(),
            key,
            header,
        })
    }

    /// The length of the open letter.
    pub fn length(&self) -> u64 {
        self.header.length()
    }

    /// These bytes of the open letter; no other chunk is touched.
    pub async fn bytes(&self, range: Range<u64>) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let sealed = self.header.sealed_range(&range).map_err(refused)?;
        let sealed = self.store.blob_range(self.letter, sealed).await;
        let sealed = sealed.map_err(unreadable)?.ok_or(Refusal::Trouble)?;
        let (key, header) = (self.key.clone(), self.header.clone());
        let work = move || header.open_chunks(&key, range, &sealed);
        let opened = tokio::task::spawn_blocking(work).await;
        let opened = opened.map_err(|error| Refusal::trouble("open a letter", &error))?;
        opened.map(Zeroizing::new).map_err(refused)
    }

    /// The whole letter.
    async fn whole(&self) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let length = self.length();
        // A letter fits into memory: it came through it.
        let mut plain = Zeroizing::new(Vec::with_capacity(length as usize));
        for start in (0..length).step_by(PIECE_BYTES as usize) {
            let piece = self.bytes(start..length.min(start + PIECE_BYTES)).await?;
            plain.extend_from_slice(&piece);
        }
        Ok(plain)
    }

    /// Whether the grant still opens; asked again while a long download is under way.
    pub async fn is_open(&self) -> Result<bool, Refusal> {
        let record = self.store.grant(self.grant).await.map_err(unreadable)?;
        // A letter whose time is over stays active until the next sweep.
        let now = self.clock.now();
        let opens = |state| matches!(state, GrantState::Active { expires } if expires > now);
        Ok(record.is_some_and(|record| opens(record.state)))
    }
}

fn refused(error: seal::OpenError) -> Refusal {
    Refusal::trouble("open a letter", &error)
}

fn unreadable(error: store::StoreError) -> Refusal {
    Refusal::trouble("read a sealed letter", &error)
}

/// A visitor's letter: where its parts lie, and what opens them.
pub(crate) struct Opening {
    pub source: Source,
    pub outline: Outline,
}

/// One body as text.
pub(crate) struct BodyText {
    pub text: String,
    /// Whether more of it stands in the letter.
    pub cut: bool,
}

/// What a page needs of a letter.
pub(crate) struct Opened {
    pub outline: Outline,
    head: Zeroizing<Vec<u8>>,
    /// Held until all of this is laid out.
    pub turn: Turn,
    /// One for each body of the outline.
    pub bodies: Vec<BodyText>,
    pub pictures: InlinePictures,
}

impl Opened {
    /// The letter's header, without its parts.
    pub fn header(&self) -> Message<'_> {
        Message::parse(&self.head)
    }
}

/// Which inline pictures a page needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pictures {
    /// None: their names stand in for them.
    Named,
    /// Those that the bodies show.
    Whole,
}

impl Opening {
    pub async fn of(desk: &Desk, visitor: &Visitor) -> Result<Self, Refusal> {
        let source = Source::of(desk, visitor).await?;
        let outline = outline(desk, &source).await?;
        Ok(Self { source, outline })
    }

    /// The letter's header, as far as it is read.
    pub async fn head(&self) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let Range { start, end } = self.outline.header;
        let end = end.min(start + LETTER_HEADER_BYTES_MAX);
        self.source.bytes(start..end).await
    }

    /// All that a page shows, read in its turn.
    pub async fn page(self, desk: &Desk, wanted: Pictures) -> Result<Opened, Refusal> {
        let turn = desk.turn(self.source.mailbox.clone()).await?;
        let head = self.head().await?;
        let mut bodies = Vec::with_capacity(self.outline.bodies.len());
        let mut left = BODIES_BYTES_MAX;
        for place in &self.outline.bodies {
            let room = left.min(BODY_BYTES_MAX);
            left -= room.min(place.raw.end - place.raw.start);
            bodies.push(self.text(place, room).await?);
        }
        let html = self.outline.bodies.iter().zip(&bodies);
        let html = html.filter(|(place, _)| place.media_type == "text/html");
        let texts = html.map(|(_, body)| body.text.as_str());
        // Longer ones are not rendered.
        let texts: Vec<&str> = texts.filter(|text| text.len() <= HTML_BYTES_MAX).collect();
        let pictures = self.pictures(&texts, wanted).await?;
        Ok(Opened {
            outline: self.outline,
            head,
            turn,
            bodies,
            pictures,
        })
    }

    /// A body as text, by its charset; not more than `room` encoded bytes of it.
    pub async fn text(&self, place: &Place, room: u64) -> Result<BodyText, Refusal> {
        let end = place.raw.end.min(place.raw.start + room);
        let raw = self.source.bytes(place.raw.start..end).await?;
        let (mut decoder, charset) = (place.decoder(), Charset::parse(place.charset.as_deref()));
        let cut = end < place.raw.end;
        let work = move || {
            let mut decoded = Zeroizing::new(Vec::with_capacity(raw.len()));
            decoder.push(&raw, &mut decoded);
            decoder.finish(&mut decoded);
            // Half a character at the end must not make the whole look like another charset.
            let whole_lines = match last_line_end(&decoded) {
                Some(end) if cut => &decoded[..end],
                _ => &decoded[..],
            };
            charset.decode(whole_lines).into_owned()
        };
        let text = tokio::task::spawn_blocking(work).await;
        let text = text.map_err(|error| Refusal::trouble("decode a body", &error))?;
        Ok(BodyText { text, cut })
    }

    /// The pictures that these bodies name, as `data:` addresses by Content-ID.
    pub async fn pictures(
        &self,
        html: &[&str],
        wanted: Pictures,
    ) -> Result<InlinePictures, Refusal> {
        let texts = html
            .iter()
            .flat_map(|html| crate::outline::named_pictures(html));
        let named: HashSet<String> = texts.collect();
        let mut pictures = HashMap::new();
        for place in &self.outline.pictures {
            let Some(id) = place.content_id.as_ref().filter(|id| named.contains(*id)) else {
                continue;
            };
            let mut address = format!("data:{};base64,", place.media_type);
            if wanted == Pictures::Whole {
                let raw = self.source.bytes(place.raw.clone()).await?;
                let (mut decoder, mut decoded) = (place.decoder(), Zeroizing::new(Vec::new()));
                decoder.push(&raw, &mut decoded);
                decoder.finish(&mut decoded);
                STANDARD.encode_string(&*decoded, &mut address);
            }
            pictures.entry(id.clone()).or_insert(address);
        }
        Ok(Arc::new(pictures))
    }
}

/// Where the last whole line ends.
fn last_line_end(bytes: &[u8]) -> Option<usize> {
    bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map(|at| at + 1)
}

/// Where the parts lie: remembered, or learnt by reading the letter whole.
async fn outline(desk: &Desk, source: &Source) -> Result<Outline, Refusal> {
    if let Some(outline) = remembered(desk, source) {
        return Ok(outline);
    }
    let turn = desk.turn(source.mailbox.clone()).await?;
    // Whoever had a turn meanwhile may have read the same letter.
    if let Some(outline) = remembered(desk, source) {
        return Ok(outline);
    }
    let plain = source.whole().await?;
    // The turn lasts as long as the work, also when nobody waits for it any more.
    let work = move || (Outline::of(&Message::parse(&plain)), turn);
    let (outline, _turn) = desk.laid_out("read a letter", work).await?;
    let closed = {
        let entropy = &desk.viewer.entropy;
        let mut entropy = entropy.lock().unwrap_or_else(PoisonError::into_inner);
        seal::close_outline(
            &source.key,
            &source.letter,
            &outline.to_bytes(),
            &mut *entropy,
        )
    };
    desk.outlines.keep(source.letter, closed);
    Ok(outline)
}

fn remembered(desk: &Desk, source: &Source) -> Option<Outline> {
    let closed = desk.outlines.find(&source.letter)?;
    let plain = seal::open_outline(&source.key, &source.letter, &closed).ok()?;
    Outline::from_bytes(&Zeroizing::new(plain))
}

// A part's decoding begins at most one step before the bytes that are wanted.
const _: () = assert!(STEP_BYTES as u64 <= PIECE_BYTES);
