//! Where the parts of a letter lie, so that one of them opens without the rest.
//!
//! It holds names and types, so it never rests anywhere but closed under the content key.

use std::collections::HashSet;
use std::ops::Range;

use mail::message::TransferEncoding;
use mail::{Decoder, Disposition, Message, Part};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::plain_text::TEXT_BYTES_MAX;
use crate::sanitise::Allowance;
use crate::settings::{
    PAGE_TEXT_BYTES_MAX, PICTURE_BYTES_MAX, PICTURE_NAME_BYTES_MAX, PICTURE_USES_MAX,
};
use crate::view::{number_of, shown_bodies};

/// How far apart the places are at which a part's decoding can begin.
pub(crate) const STEP_BYTES: usize = 256 * 1024;
/// The longest name of a part that is remembered, in characters.
const NAME_CHARACTERS_MAX: usize = 400;

/// Where the parts of one letter lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outline {
    /// The header of the letter, and all of it.
    pub header: Range<u64>,
    /// What a page shows as the letter's text.
    pub bodies: Vec<Place>,
    /// The pictures that its HTML may show, up to [`PICTURE_BYTES_MAX`] in all.
    pub pictures: Vec<Place>,
    /// What a page lists, and nothing else can be asked for.
    pub attachments: Vec<Place>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Its place as it stands in an address.
    pub number: String,
    pub media_type: String,
    pub charset: Option<String>,
    /// RFC 3676.
    pub flowed: bool,
    pub is_message: bool,
    pub name: Option<String>,
    pub content_id: Option<String>,
    /// The encoded body, in bytes of the open letter.
    pub raw: Range<u64>,
    encoding: Encoding,
    /// The length of the decoded body.
    pub size: u64,
    /// Where decoding can begin: bytes of the encoded body, and what they decode to.
    steps: Vec<(u64, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Encoding {
    Identity,
    Base64,
    Quoted,
}

impl Outline {
    /// Reads a letter. Its attachments are decoded once, piece by piece, to know their size.
    pub fn of(message: &Message<'_>) -> Self {
        let bodies = shown_bodies(message);
        let (mut named, mut allowance) = (HashSet::new(), Allowance::default());
        for part in bodies.iter().filter(|part| part.media_type == "text/html") {
            let html = message.text(part);
            if !allowance.is_too_much(&html) {
                named.extend(named_pictures(&html));
            }
        }
        let attached = message.attachments();
        let pictures = pictures(message, &attached);
        let is_shown = |part: &Part| {
            part.disposition != Disposition::Attachment
                && part.content_id().is_some_and(|id| named.contains(id))
                && pictures
                    .iter()
                    .any(|place| place.number == number_of(&part.path))
        };
        let attachments = attached.into_iter().filter(|part| !is_shown(part));
        let bodies: Vec<Place> = bodies
            .into_iter()
            .map(|part| Place::of(message, part))
            .collect();
        let uncut: Vec<Place> = uncut(message)
            .map(|part| Place::of(message, part).told_as_text())
            .collect();
        // What a page shows only the beginning of can be had whole.
        let shown = text_shown(&bodies);
        let long = bodies.iter().zip(&shown);
        let long = long.filter(|(body, shown)| body.size > **shown as u64);
        let long: Vec<Place> = long.map(|(body, _)| body.as_a_file()).collect();
        let files = uncut.iter().map(Place::as_a_file);
        let bodies = match bodies.is_empty() {
            true => uncut.clone(),
            false => bodies,
        };
        Self {
            header: 0..message.body_start() as u64,
            attachments: long
                .into_iter()
                .chain(files)
                .chain(attachments.map(|part| Place::of(message, part)))
                .collect(),
            bodies,
            pictures,
        }
    }

    /// The form that is remembered, still open.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Numbers and strings always serialise.
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads what [`Outline::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// How much of each body's text a page shows: a letter may have many.
pub(crate) fn text_shown(bodies: &[Place]) -> Vec<usize> {
    let mut left = PAGE_TEXT_BYTES_MAX;
    let shown = bodies.iter().map(|body| {
        let shown = left.min(TEXT_BYTES_MAX as u64);
        left -= shown.min(body.size);
        // At most `TEXT_BYTES_MAX`.
        shown as usize
    });
    shown.collect()
}

/// Multiparts whose parts nobody found: too deep, or without the boundary they name. What they hold
/// is told as a text, so that nothing of a letter is lost to its reader.
fn uncut<'m>(message: &'m Message<'_>) -> impl Iterator<Item = &'m Part> {
    message.parts().iter().filter(|part| {
        let holds_something = !part.body.is_empty() && !part.is_inside_message();
        part.is_multipart() && holds_something && message.children(part).next().is_none()
    })
}

/// The pictures that the letter brings along for its HTML.
fn pictures(message: &Message<'_>, attached: &[&Part]) -> Vec<Place> {
    let mut left = PICTURE_BYTES_MAX as u64;
    let mut pictures = Vec::new();
    for part in attached {
        let shown = ["image/png", "image/jpeg", "image/gif", "image/webp"];
        if part.content_id().is_none() || !shown.contains(&part.media_type.as_str()) {
            continue;
        }
        let place = Place::of(message, part);
        if let Some(rest) = left.checked_sub(place.size) {
            left = rest;
            pictures.push(place);
        }
    }
    pictures
}

/// The Content-IDs that HTML names in `cid:` addresses.
pub(crate) fn named_pictures(html: &str) -> HashSet<String> {
    let is_cid = |at: &usize| {
        let scheme = at.checked_sub(3).and_then(|start| html.get(start..*at));
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("cid"))
    };
    let uses = html.match_indices(':').map(|(at, _)| at).filter(is_cid);
    let names = uses.take(PICTURE_USES_MAX).filter_map(|at| {
        let rest = &html[at + 1..];
        let near = &rest[..rest.floor_char_boundary(PICTURE_NAME_BYTES_MAX)];
        let ends = |c: char| c.is_whitespace() || "\"'<>)".contains(c);
        let end = near
            .find(ends)
            .or_else(|| (near.len() == rest.len()).then_some(near.len()))?;
        let id = percent_decode_str(&near[..end]).decode_utf8_lossy();
        Some(id.replace("&amp;", "&"))
    });
    names.collect()
}

impl Place {
    fn of(message: &Message<'_>, part: &Part) -> Self {
        let encoding = match part.encoding {
            _ if part.is_multipart() => Encoding::Identity,
            TransferEncoding::Base64 => Encoding::Base64,
            TransferEncoding::QuotedPrintable => Encoding::Quoted,
            _ => Encoding::Identity,
        };
        let cut = |name: &str| name.chars().take(NAME_CHARACTERS_MAX).collect();
        let mut place = Self {
            number: number_of(&part.path),
            media_type: part.media_type.clone(),
            charset: part.charset().map(cut),
            flowed: part
                .parameter("format")
                .is_some_and(|format| format.eq_ignore_ascii_case("flowed")),
            is_message: part.is_message(),
            name: part.file_name().map(cut),
            content_id: part.content_id().map(str::to_owned),
            raw: part.body.start as u64..part.body.end as u64,
            encoding,
            size: part.body.len() as u64,
            steps: Vec::new(),
        };
        if encoding != Encoding::Identity {
            place.measure(message.body_raw(part));
        }
        place
    }

    /// As a text, whatever it says it is.
    fn told_as_text(self) -> Self {
        Self {
            media_type: "text/plain".to_owned(),
            name: None,
            ..self
        }
    }

    /// A body as a file of its own.
    fn as_a_file(&self) -> Self {
        let name = match self.media_type.as_str() {
            "text/html" => "letter.html",
            _ => "letter.txt",
        };
        Self {
            name: Some(name.to_owned()),
            ..self.clone()
        }
    }

    /// The whole letter, as if it were one part.
    pub fn whole(length: u64) -> Self {
        Self {
            number: String::new(),
            media_type: String::new(),
            charset: None,
            flowed: false,
            is_message: true,
            name: None,
            content_id: None,
            raw: 0..length,
            encoding: Encoding::Identity,
            size: length,
            steps: Vec::new(),
        }
    }

    /// Finds the decoded length, and the places at which decoding can begin.
    fn measure(&mut self, raw: &[u8]) {
        let mut decoder = self.decoder();
        let mut piece = Zeroizing::new(Vec::with_capacity(STEP_BYTES));
        for (at, bytes) in raw.chunks(STEP_BYTES).enumerate() {
            if at > 0 {
                self.steps.push(decoder.settled());
            }
            piece.clear();
            decoder.push(bytes, &mut piece);
        }
        let (_, before) = decoder.settled();
        piece.clear();
        decoder.finish(&mut piece);
        self.size = before + piece.len() as u64;
    }

    /// A decoder for the beginning of the body, or of one of its steps.
    pub fn decoder(&self) -> Decoder {
        Decoder::new(match self.encoding {
            Encoding::Identity => TransferEncoding::Binary,
            Encoding::Base64 => TransferEncoding::Base64,
            Encoding::Quoted => TransferEncoding::QuotedPrintable,
        })
    }

    /// Where to begin to have the decoded bytes from `start` on: a byte of the open letter, and
    /// how many of the bytes that then come out stand before `start`.
    pub fn beginning(&self, start: u64) -> (u64, u64) {
        if self.encoding == Encoding::Identity {
            return (self.raw.start + start, 0);
        }
        let behind = self.steps.partition_point(|(_, decoded)| *decoded <= start);
        let (raw, decoded) = match behind {
            0 => (0, 0),
            behind => self.steps[behind - 1],
        };
        (self.raw.start + raw, start - decoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &[u8] = b"Subject: s\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
        --r\r\nContent-Type: text/html\r\n\r\n<img src=cid:a%40x><img src='CID:b@x'>\r\n\
        --r\r\nContent-Type: image/png\r\nContent-ID: <a@x>\r\n\r\npng\r\n\
        --r\r\nContent-Type: image/bmp\r\nContent-ID: <b@x>\r\n\r\nbmp\r\n\
        --r\r\nContent-Type: image/png\r\nContent-ID: <c@x>\r\n\r\nunnamed\r\n\
        --r\r\nContent-Type: image/png\r\nContent-ID: <a@x>\r\n\
        Content-Disposition: attachment\r\n\r\nasked to be listed\r\n--r--\r\n";

    #[test]
    fn what_a_body_shows_is_not_listed_and_all_else_is() {
        let message = Message::parse(LETTER);
        let outline = Outline::of(&message);
        let numbers = |places: &[Place]| -> Vec<String> {
            places.iter().map(|place| place.number.clone()).collect()
        };
        assert_eq!(numbers(&outline.bodies), ["1"]);
        assert_eq!(numbers(&outline.pictures), ["2", "4", "5"]);
        assert_eq!(numbers(&outline.attachments), ["3", "4", "5"]);
        assert_eq!(outline.header.end as usize, message.body_start());
        let back = Outline::from_bytes(&outline.to_bytes());
        assert_eq!(back.as_ref(), Some(&outline));
        assert_eq!(Outline::from_bytes(b"{}"), None);
    }

    /// Each name used to reach to the end of the HTML.
    #[test]
    fn names_of_pictures_are_bounded_in_length_and_number() {
        let held = |html: &str| named_pictures(html).iter().map(String::len).sum::<usize>();
        assert!(held(&"cid:".repeat(5_000)) <= PICTURE_NAME_BYTES_MAX * PICTURE_NAME_BYTES_MAX);
        let many: String = (0..2 * PICTURE_USES_MAX)
            .map(|n| format!("cid:{n} "))
            .collect();
        assert_eq!(named_pictures(&many).len(), PICTURE_USES_MAX);
        let longest = "a".repeat(PICTURE_NAME_BYTES_MAX - 1);
        let found = named_pictures(&format!("<img src=\"cid:{longest}\"> and cid:{longest}"));
        assert_eq!(found, HashSet::from([longest]), "the control");
    }

    #[test]
    fn the_text_of_a_page_is_bounded_and_what_is_cut_is_a_file() {
        let part = |size| format!("--b\r\n\r\n{}\r\n", "a".repeat(size));
        let sizes = [10, TEXT_BYTES_MAX, TEXT_BYTES_MAX + 1, 10, 10];
        let parts: String = sizes.into_iter().map(part).collect();
        let raw = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n");
        let outline = Outline::of(&Message::parse(raw.as_bytes()));
        let shown = text_shown(&outline.bodies);
        let left = TEXT_BYTES_MAX - 10;
        assert_eq!(shown, [TEXT_BYTES_MAX, TEXT_BYTES_MAX, left, 0, 0]);
        let files: Vec<_> = outline
            .attachments
            .iter()
            .map(|it| it.number.as_str())
            .collect();
        assert_eq!(files, ["3", "4", "5"]);
    }

    #[test]
    fn what_nobody_could_cut_is_shown_as_text_and_can_be_had() {
        let deep = (0..25)
            .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"));
        let deep: String = deep.chain(["\r\nthe text\r\n".to_owned()]).collect();
        let lost = "Content-Type: multipart/mixed; boundary=b\r\n\r\nthe text\r\n";
        for raw in [&deep, lost] {
            let message = Message::parse(raw.as_bytes());
            let outline = Outline::of(&message);
            for places in [&outline.bodies, &outline.attachments] {
                let [place] = places.as_slice() else {
                    panic!("{places:?} in {raw}");
                };
                assert_eq!(place.media_type, "text/plain");
                let range = place.raw.start as usize..place.raw.end as usize;
                assert!(raw[range].contains("the text"));
            }
        }
        // Where parts were found, they alone are shown.
        let outline = Outline::of(&Message::parse(LETTER));
        assert!(outline.bodies.iter().all(|place| !place.number.is_empty()));
    }

    /// From every byte on, decoding that begins at a step gives what the whole gives.
    #[test]
    fn a_part_can_be_read_from_anywhere() {
        let body: String = (0..60_000)
            .map(|n| format!("line {n} =C3=BC=\r\n"))
            .collect();
        let raw = format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{body}");
        let message = Message::parse(raw.as_bytes());
        let place = Place::of(&message, message.root());
        let whole = message.decoded(message.root());
        assert_eq!(place.size, whole.len() as u64);
        assert!(place.steps.len() >= 3, "{:?}", place.steps);
        let mut starts: Vec<u64> = (0..place.size).step_by(99_991).collect();
        starts.extend(place.steps.iter().flat_map(|(_, at)| [at - 1, *at, at + 1]));
        for start in starts {
            let (from, skipped) = place.beginning(start);
            let (mut decoder, mut out) = (place.decoder(), Vec::new());
            decoder.push(&raw.as_bytes()[from as usize..], &mut out);
            decoder.finish(&mut out);
            assert!(skipped as usize <= STEP_BYTES);
            assert_eq!(
                out[skipped as usize..],
                whole[start as usize..],
                "from {start}"
            );
        }
    }
}
