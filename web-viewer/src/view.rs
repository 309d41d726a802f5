//! What a page shows of an opened letter. Every word is from our own parse of it, so that the
//! reader sees what the gateway judged.

use mail::{LocalTime, Message, Part, PartPath};

use crate::file_name;
use crate::opening::Opened;
use crate::outline::{Place, text_shown};
use crate::people::{Listed, listed};
use crate::plain_text::{self, Rendered};
use crate::sanitise::{Allowance, Clean, InlinePictures, Remote, TooMuch, sanitise_within};
use crate::settings::DATE_CHARACTERS_MAX;
use crate::texts::{Texts, count, fill};
use crate::visible::visible;

/// The fields above the body. `from`, `to` and `cc` are safe HTML, the others plain text.
pub(crate) struct Headers {
    pub subject: String,
    pub from: Listed,
    pub to: Listed,
    pub cc: Listed,
    pub date: Dated,
}

/// When a letter was written, as its sender's clock had it.
#[derive(Default)]
pub(crate) struct Dated {
    pub words: String,
    /// The moment for machines; empty where what stands there is no date.
    pub machine: String,
}

impl Dated {
    /// A date in our own words; what is none as it stands, cut, without what turns or hides.
    fn of(written: &str) -> Self {
        if let Some(read) = LocalTime::parse_rfc5322(written) {
            return Self {
                words: read.date_words(),
                machine: read.moment().rfc3339(),
            };
        }
        let shown = visible(written.trim());
        let mut words: String = shown.chars().take(DATE_CHARACTERS_MAX).collect();
        if words.len() < shown.len() {
            words.push('…');
        }
        Self {
            words,
            machine: String::new(),
        }
    }
}

impl Headers {
    pub fn of(message: &Message<'_>, t: &'static Texts) -> Self {
        let date = message.field("Date").map(|field| message.field_text(field));
        Self {
            subject: visible(&message.subject().unwrap_or_default())
                .trim()
                .to_owned(),
            from: listed(message, "From", t),
            to: listed(message, "To", t),
            cc: listed(message, "Cc", t),
            date: Dated::of(&date.unwrap_or_default()),
        }
    }
}

impl Headers {
    /// As they stand on paper.
    pub fn unfolded(self) -> Self {
        Self {
            from: self.from.unfolded(),
            to: self.to.unfolded(),
            cc: self.cc.unfolded(),
            ..self
        }
    }
}

/// One body part on the page.
pub(crate) struct Body {
    pub name: String,
    pub content: Content,
}

/// How a body part is shown.
pub(crate) enum Content {
    /// Plain text, in the page itself.
    Text(Rendered),
    /// HTML that is too large to lay out, as its text.
    TooMuch(Rendered),
    /// HTML, in a document of its own.
    Frame(Frame),
}

/// A frame's address and height, and its content for the printed page.
pub(crate) struct Frame {
    pub address: String,
    pub height: &'static str,
    pub html: String,
}

/// One attachment in the list.
pub(crate) struct File {
    pub path: String,
    pub name: String,
    pub size: String,
}

/// Everything that a page shows of one letter.
pub(crate) struct View {
    pub headers: Headers,
    pub bodies: Vec<Body>,
    pub attachments: Vec<File>,
    pub attachments_title: String,
    pub remote_blocked: usize,
}

impl View {
    /// Lays an opened letter out; `base` is the path of its pages, `pictures` the mark that frames
    /// carry once the reader chose to load pictures.
    pub fn of(opened: &Opened, t: &'static Texts, base: &str, pictures: Option<&str>) -> Self {
        let remote = if pictures.is_some() {
            Remote::Allowed
        } else {
            Remote::Blocked
        };
        let mut remote_blocked = 0;
        let places = &opened.outline.bodies;
        let (shown, mut allowance) = (text_shown(places), Allowance::default());
        let mut bodies = Vec::with_capacity(places.len());
        for (at, (place, body)) in places.iter().zip(&opened.bodies).enumerate() {
            let name = match places.len() {
                1 => t.message.to_owned(),
                _ => fill(t.message_part, &[("n", &(at + 1).to_string())]),
            };
            let pictures_of = &opened.pictures;
            let text = |text: &str, flowed| rendered(text, flowed, body.cut, shown[at]);
            let content = match cleaned(place, &body.text, remote, pictures_of, &mut allowance) {
                Some(Ok(clean)) if !body.cut => {
                    remote_blocked += clean.remote_blocked;
                    Content::Frame(frame(clean, place, base, pictures))
                }
                Some(_) => Content::TooMuch(text(&bare_text(&body.text), false)),
                None => Content::Text(text(&body.text, place.flowed)),
            };
            bodies.push(Body { name, content });
        }
        let listed = &opened.outline.attachments;
        Self {
            headers: Headers::of(&opened.header(), t),
            bodies,
            attachments_title: count(&t.attachments, listed.len()),
            attachments: listed.iter().map(|place| File::of(place, t)).collect(),
            remote_blocked,
        }
    }
}

impl File {
    fn of(place: &Place, t: &'static Texts) -> Self {
        Self {
            path: place.number.clone(),
            name: name_of(place, t),
            size: size_words(place.size),
        }
    }
}

fn rendered(text: &str, flowed: bool, cut: bool, bytes_max: usize) -> Rendered {
    let rendered = plain_text::render(text, flowed, bytes_max);
    Rendered {
        cut: cut || rendered.cut,
        ..rendered
    }
}

/// The bodies to show: all, save the plain text that stands beside its HTML (RFC 2046 §5.1.4).
pub(crate) fn shown_bodies<'m>(message: &'m Message<'_>) -> Vec<&'m Part> {
    let bodies = message.bodies();
    let alternative = |part: &Part| {
        let mut at = message.parent(part);
        while let Some(parent) = at {
            if parent.media_type == "multipart/alternative" {
                return Some(parent.path.clone());
            }
            at = message.parent(parent);
        }
        None
    };
    let with_html: Vec<PartPath> = bodies
        .iter()
        .filter(|part| part.media_type == "text/html")
        .filter_map(|part| alternative(part))
        .collect();
    bodies
        .into_iter()
        .filter(|part| {
            part.media_type == "text/html"
                || alternative(part).is_none_or(|path| !with_html.contains(&path))
        })
        .collect()
}

/// The HTML of a part made harmless, unless it is too much for its page; nothing for plain text.
pub(crate) fn cleaned(
    place: &Place,
    html: &str,
    remote: Remote,
    inline: &InlinePictures,
    allowance: &mut Allowance,
) -> Option<Result<Clean, TooMuch>> {
    let is_html = place.media_type == "text/html";
    is_html.then(|| sanitise_within(html, remote, inline, allowance))
}

/// The words of HTML that is not laid out: whatever stands outside angle brackets.
fn bare_text(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
        if text.len() > plain_text::TEXT_BYTES_MAX {
            break;
        }
    }
    text
}

fn frame(clean: Clean, place: &Place, base: &str, pictures: Option<&str>) -> Frame {
    let address = format!("{base}/body/{}", place.number);
    let address = match pictures {
        Some(mark) => format!("{address}?pictures={mark}"),
        None => address,
    };
    Frame {
        address,
        height: height(&clean.html),
        html: clean.html,
    }
}

/// A frame cannot tell its height without scripts, so it is guessed from what is in it.
fn height(html: &str) -> &'static str {
    let (mut inside_tag, mut letters, mut lines) = (false, 0usize, 0usize);
    for byte in html.bytes() {
        match byte {
            b'<' => inside_tag = true,
            b'>' => inside_tag = false,
            _ if !inside_tag => letters += 1,
            _ => {}
        }
    }
    for tag in ["<br", "<p", "<tr", "<li", "<div", "<h"] {
        lines += html.matches(tag).count();
    }
    match letters / 80 + lines + 8 * html.matches(" src=").count() {
        0..=2 => "least",
        3..=8 => "short",
        9..=18 => "middling",
        _ => "long",
    }
}

/// The name a part is shown and saved under.
pub(crate) fn name_of(place: &Place, t: &'static Texts) -> String {
    let extension = if place.is_message { ".eml" } else { "" };
    let fallback = fill(t.file_unnamed, &[("n", &place.number)]) + extension;
    file_name::safe(place.name.as_deref().unwrap_or_default(), &fallback)
}

/// A part's place as it stands in an address; the root, which has no number, is `0`.
pub(crate) fn number_of(path: &PartPath) -> String {
    if path.is_root() {
        "0".to_owned()
    } else {
        path.to_string()
    }
}

/// A size as people say it.
pub(crate) fn size_words(bytes: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    match bytes {
        1 => "1 byte".to_owned(),
        0..KIB => format!("{bytes} bytes"),
        KIB..MIB => format!("{} KB", bytes.div_ceil(KIB)),
        _ => {
            let tenths = (bytes * 10).div_ceil(MIB);
            match tenths % 10 {
                0 => format!("{} MB", tenths / 10),
                tenth => format!("{}.{tenth} MB", tenths / 10),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_stands_in_for_its_plain_alternative_only() {
        let raw = b"Content-Type: multipart/mixed; boundary=m\r\n\r\n\
            --m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
            --a\r\nContent-Type: text/plain\r\n\r\nplain\r\n\
            --a\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
            --r\r\nContent-Type: text/html\r\n\r\n<p>html\r\n--r--\r\n\r\n--a--\r\n\
            --m\r\nContent-Type: text/plain\r\n\r\nfooter\r\n--m--\r\n";
        let message = Message::parse(raw);
        let shown: Vec<String> = shown_bodies(&message)
            .iter()
            .map(|p| message.text(p))
            .collect();
        assert_eq!(
            shown.iter().map(|text| text.trim()).collect::<Vec<_>>(),
            ["<p>html", "footer"]
        );
    }

    #[test]
    fn sizes_read_as_people_say_them() {
        let table = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1 KB"),
            (1025, "2 KB"),
        ];
        for (bytes, words) in table {
            assert_eq!(size_words(bytes), words);
        }
        assert_eq!(size_words(3 * 1024 * 1024), "3 MB");
        assert_eq!(size_words(3 * 1024 * 1024 + 1), "3.1 MB");
    }
}
