//! The HTML of a mail, made harmless by ammonia and lists of what is allowed.
//!
//! Nothing here is the only wall: the result is shown in a sandboxed frame without scripts, under
//! a policy of its own, so that a hole in this file loads and runs nothing either.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ammonia::{Builder, UrlRelative};

pub use crate::heft::{
    HTML_ATTRIBUTE_BYTES_MAX, HTML_ATTRIBUTES_MAX, HTML_DEPTH_MAX, HTML_ELEMENTS_MAX,
    HTML_STEPS_MAX, HTML_TAGS_MAX,
};
use crate::heft::{Writer, weigh};
use crate::inline_style;
use crate::settings::PICTURE_BYTES_MAX;

/// Longer HTML is not rendered; the reader gets its text instead.
pub const HTML_BYTES_MAX: usize = 1024 * 1024;
/// What came out longer than this is not shown: the pictures of the letter and four times the rest.
pub const CLEAN_BYTES_MAX: usize = PICTURE_BYTES_MAX + 4 * HTML_BYTES_MAX;

/// More HTML than this, in all parts of a page together, is not rendered.
pub const PAGE_HTML_BYTES_MAX: usize = 4 * HTML_BYTES_MAX;
/// More steps than this are not made for a page, with its parts and what is made of them.
pub const PAGE_STEPS_MAX: usize = 2 * HTML_STEPS_MAX;

/// What the HTML of one page may still cost: its parts share it, since a letter may have many.
#[derive(Debug)]
pub struct Allowance {
    html_bytes: usize,
    steps: usize,
    picture_bytes: usize,
    clean_bytes: usize,
}

impl Default for Allowance {
    /// For a whole page.
    fn default() -> Self {
        Self {
            html_bytes: PAGE_HTML_BYTES_MAX,
            steps: PAGE_STEPS_MAX,
            picture_bytes: PICTURE_BYTES_MAX,
            clean_bytes: CLEAN_BYTES_MAX,
        }
    }
}

impl Allowance {
    /// Whether HTML is larger or deeper than what is rendered, or than what is left.
    pub fn is_too_much(&mut self, html: &str) -> bool {
        let Some(left) = self.html_bytes.checked_sub(html.len()) else {
            return true;
        };
        self.html_bytes = left;
        html.len() > HTML_BYTES_MAX || self.is_over(html, Writer::Stranger)
    }

    /// The same for what the sanitiser wrote itself, which may hold whole pictures.
    fn has_grown_too_much(&mut self, html: &str) -> bool {
        html.len() > self.clean_bytes || self.is_over(html, Writer::Sanitiser)
    }

    fn is_over(&mut self, html: &str, writer: Writer) -> bool {
        let weight = weigh(html, writer, self.steps);
        self.steps = self.steps.saturating_sub(weight.steps);
        weight.is_over
    }
}

/// Whether pictures from elsewhere may be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// The default: their addresses are removed.
    Blocked,
    /// The reader asked for them.
    Allowed,
}

/// Inline pictures by Content-ID, as `data:` addresses.
///
/// They stand in the document itself because a sandboxed frame has no origin: no cookie goes with
/// what it loads, so a picture's own address could not be protected.
pub type InlinePictures = Arc<HashMap<String, String>>;

/// Harmless HTML.
pub struct Clean {
    /// A fragment for the body of a document of its own.
    pub html: String,
    /// How many pictures from elsewhere were left out.
    pub remote_blocked: usize,
}

/// Why HTML is not rendered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the HTML is larger or deeper than what is rendered")]
pub struct TooMuch;

/// Cleans one HTML part, the only one of its page. Cleaning the result again changes nothing.
pub fn sanitise(html: &str, remote: Remote, pictures: &InlinePictures) -> Result<Clean, TooMuch> {
    sanitise_within(html, remote, pictures, &mut Allowance::default())
}

/// The same for one part of several, as far as their page allows it.
pub fn sanitise_within(
    html: &str,
    remote: Remote,
    pictures: &InlinePictures,
    allowance: &mut Allowance,
) -> Result<Clean, TooMuch> {
    if allowance.is_too_much(html) {
        return Err(TooMuch);
    }
    let counts = Arc::new(Counts {
        room: allowance.picture_bytes.into(),
        ..Counts::default()
    });
    let mut html = builder(remote, pictures, &counts).clean(html).to_string();
    let remote_blocked = counts.blocked.load(Ordering::Relaxed);
    // A parser may read its own output differently when the input was crossed; what does not
    // stand still is read again until it does, or not shown.
    for _ in 0..4 {
        if allowance.has_grown_too_much(&html) {
            return Err(TooMuch);
        }
        let again = builder(remote, pictures, &counts).clean(&html).to_string();
        if again == html {
            allowance.clean_bytes -= html.len();
            allowance.picture_bytes = counts.room.load(Ordering::Relaxed);
            return Ok(Clean {
                html,
                remote_blocked,
            });
        }
        html = again;
    }
    Err(TooMuch)
}

/// What is counted while one part is cleaned.
#[derive(Default)]
struct Counts {
    /// Pictures from elsewhere that were left out.
    blocked: AtomicUsize,
    /// Bytes of inline pictures that may still be shown; each use counts.
    room: AtomicUsize,
}

impl Counts {
    /// Whether there is room to show so many bytes more.
    fn has_room(&self, bytes: usize) -> bool {
        let fits = |room: usize| room.checked_sub(bytes);
        self.room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .is_ok()
    }
}

/// How many steps it takes to weigh HTML, and so to read it: what bounds the time of both.
pub fn steps_to_weigh(html: &str) -> usize {
    weigh(html, Writer::Stranger, HTML_STEPS_MAX).steps
}

const TAGS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "nav",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements that go with all they hold.
const GONE: &[&str] = &[
    "script",
    "style",
    "title",
    "noscript",
    "template",
    "iframe",
    "object",
    "embed",
    "applet",
    "noembed",
    "noframes",
    "frameset",
    "svg",
    "math",
    "select",
    "textarea",
    "xmp",
    "plaintext",
    "audio",
    "video",
    "canvas",
    "head",
];

const CELL: &[&str] = &[
    "align", "valign", "width", "height", "bgcolor", "colspan", "rowspan", "nowrap", "headers",
    "scope", "abbr",
];

fn builder(remote: Remote, pictures: &InlinePictures, counts: &Arc<Counts>) -> Builder<'static> {
    let attributes: HashMap<&str, HashSet<&str>> = [
        ("a", &["href"][..]),
        (
            "img",
            &[
                "src", "alt", "width", "height", "align", "border", "hspace", "vspace",
            ],
        ),
        ("font", &["color", "face", "size"]),
        (
            "table",
            &[
                "align",
                "bgcolor",
                "border",
                "cellpadding",
                "cellspacing",
                "width",
                "height",
            ],
        ),
        ("tbody", &["align", "valign"]),
        ("thead", &["align", "valign"]),
        ("tfoot", &["align", "valign"]),
        ("tr", &["align", "valign", "bgcolor", "height"]),
        ("td", CELL),
        ("th", CELL),
        ("col", &["span", "width", "align"]),
        ("colgroup", &["span", "width", "align"]),
        ("ol", &["start", "type", "reversed"]),
        ("ul", &["type"]),
        ("li", &["value"]),
        ("hr", &["align", "size", "width", "color", "noshade"]),
        ("details", &["open"]),
        ("p", &["align"]),
        ("div", &["align"]),
    ]
    .into_iter()
    .map(|(tag, names)| (tag, names.iter().copied().collect()))
    .collect();
    let (pictures, counts) = (pictures.clone(), counts.clone());
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(GONE.iter().copied().collect())
        .generic_attributes(["style", "title", "lang", "dir"].into())
        .tag_attributes(attributes)
        .url_schemes(["http", "https", "mailto", "cid", "data"].into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank")
        .strip_comments(true)
        .attribute_filter(move |element, name, value| {
            attribute(element, name, value, remote, &pictures, &counts)
        });
    builder
}

fn attribute<'v>(
    element: &str,
    name: &str,
    value: &'v str,
    remote: Remote,
    pictures: &InlinePictures,
    counts: &Counts,
) -> Option<Cow<'v, str>> {
    match (element, name) {
        (_, "style") => inline_style::filter(value).map(Cow::Owned),
        ("img", "src") => picture(value, remote, pictures, counts),
        ("a", "href") => has_scheme(value, &["http", "https", "mailto"]).then_some(value.into()),
        // Nothing else that is allowed holds an address.
        (_, "src" | "href" | "background" | "srcset" | "poster" | "action" | "data") => None,
        _ => Some(value.into()),
    }
}

fn picture<'v>(
    address: &'v str,
    remote: Remote,
    pictures: &InlinePictures,
    counts: &Counts,
) -> Option<Cow<'v, str>> {
    if let Some(id) = scheme_rest(address, "cid") {
        let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
        // Each use is a whole picture in the output.
        let picture = pictures.get(id.as_ref());
        let picture = picture.filter(|it| counts.has_room(it.len()));
        return picture.cloned().map(Cow::Owned);
    }
    if has_scheme(address, &["data"]) {
        return is_picture_data(address).then_some(address.into());
    }
    match remote {
        Remote::Allowed if has_scheme(address, &["http", "https"]) => Some(address.into()),
        _ => {
            counts.blocked.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

/// Raster pictures only: an SVG is a document.
fn is_picture_data(address: &str) -> bool {
    scheme_rest(address, "data").is_some_and(|rest| {
        [
            "image/png;base64,",
            "image/jpeg;base64,",
            "image/gif;base64,",
            "image/webp;base64,",
        ]
        .iter()
        .any(|kind| {
            rest.get(..kind.len())
                .is_some_and(|it| it.eq_ignore_ascii_case(kind))
        })
    })
}

fn has_scheme(address: &str, schemes: &[&str]) -> bool {
    schemes
        .iter()
        .any(|scheme| scheme_rest(address, scheme).is_some())
}

fn scheme_rest<'a>(address: &'a str, scheme: &str) -> Option<&'a str> {
    let (found, rest) = address.split_once(':')?;
    found.eq_ignore_ascii_case(scheme).then_some(rest)
}
