//! What a site says about its viewer, and the limits on what readers may send.

use axum::http::Uri;

/// The longest body of a form without files.
pub const FORM_BYTES_MAX: usize = 8 * 1024;
/// The largest reply, files and form together, unless the site says otherwise.
pub const REPLY_BYTES_MAX: usize = 20 * 1024 * 1024;
/// The longest text of a reply.
pub const REPLY_TEXT_BYTES_MAX: usize = 256 * 1024;
/// A longer text than this is not even read to its end, so it cannot be shown to its writer again.
pub const REPLY_TEXT_READ_BYTES_MAX: usize = 4 * REPLY_TEXT_BYTES_MAX;
/// The most files of a reply.
pub const REPLY_FILES_MAX: usize = 20;
/// The most replies of one reader to one letter within an hour.
pub const REPLIES_PER_HOUR_MAX: usize = 20;
/// How long a visit lasts after the proof.
pub const VISIT_SECONDS: i64 = 2 * 3600;
/// How long the browser keeps the cookie by which it is known again.
pub const BROWSER_SECONDS: i64 = 90 * 24 * 3600;
/// Every 404 is given this long after its request, whatever was looked up meanwhile, so that its
/// time says nothing of what is there.
pub const NOT_FOUND_MILLISECONDS: u64 = 5;
/// The log gets one row of each link's fetches within this time, and one of its door.
pub const FETCHES_SECONDS: i64 = 60;
/// Of how many of them it is remembered when their last row was; beyond it all are forgotten.
pub const FETCHES_HELD_MAX: usize = 10_000;
/// After a code could not be mailed, none is tried for that letter within this time.
pub const SETBACK_SECONDS: i64 = 10;
/// Of how many letters that is remembered; beyond it all are forgotten.
pub const SETBACKS_HELD_MAX: usize = 10_000;
/// How many letters are open in memory at once; further requests wait, then are told to.
pub const OPENINGS_MAX: usize = 4;
/// How many of them may be opened for one mailbox.
pub const OPENINGS_OF_ONE_MAX: usize = 2;
/// How long a request waits for its turn to open a letter.
pub const OPENING_WAIT_SECONDS: u64 = 10;
/// A page up to this size leaves without being counted.
pub const ANSWER_BYTES_FREE: usize = 256 * 1024;
/// How many bytes of larger pages may be under way to browsers at once.
pub const ANSWERS_BYTES_MAX: usize = 256 * 1024 * 1024;
/// How many of them may be one mailbox's.
pub const ANSWERS_OF_ONE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How many attachments and whole letters may be under way to browsers at once; each holds less
/// than a MiB.
pub const DOWNLOADS_MAX: usize = 128;
/// How many of them may be one mailbox's.
pub const DOWNLOADS_OF_ONE_MAX: usize = 16;
/// The longest outline of a letter that is remembered, closed; a longer one is made anew each time.
pub const OUTLINE_BYTES_MAX: usize = 1024 * 1024;
/// How many bytes of closed outlines are remembered.
pub const OUTLINES_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How much of a letter's header is read for its page.
pub const LETTER_HEADER_BYTES_MAX: u64 = 1024 * 1024;
/// How much of one body is read for a page, still encoded; what is shown of it is less.
pub const BODY_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// The same for all bodies of a page together.
pub const BODIES_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How long a form without files may take to come in.
pub const FORM_SECONDS_MAX: u64 = 30;
/// How long the form of a reply may take to come in.
pub const REPLY_SECONDS_MAX: u64 = 600;
/// Within this time so much of a reply's form must come in, or it is given up.
pub const REPLY_PACE_SECONDS: u64 = 30;
/// So much; what is left of a form that is nearly in may be less.
pub const REPLY_PACE_BYTES: usize = 32 * 1024;
/// How many replies are taken in and sent at once.
pub const REPLIES_AT_ONCE_MAX: usize = 32;
/// How many of them may be one mailbox's, to whatever letters.
pub const REPLIES_OF_ONE_MAX: usize = 2;
/// A reply up to this size stands in memory without being counted.
pub const REPLY_BYTES_FREE: usize = 256 * 1024;
/// All others together may be as large as so many of the largest.
pub const REPLIES_WHOLE_MAX: usize = 4;
/// The longest field of a reply's form that is a mark of ours.
pub const REPLY_MARK_BYTES_MAX: usize = 128;
/// How many bytes of a reply's form may be no field's content: what stands before the first field,
/// between them, and in their headers.
pub const REPLY_AROUND_BYTES_MAX: usize = 128 * 1024;
/// How many people of a list stand on a page at once; the others unfold.
pub const PEOPLE_SHOWN_MAX: usize = 5;
/// The most people of one header field that a page lists.
pub const PEOPLE_LISTED_MAX: usize = 100;
/// How much is shown of a `Date` that is none.
pub const DATE_CHARACTERS_MAX: usize = 64;
/// The most bytes of inline pictures that one page shows; the rest stay attachments.
pub const PICTURE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How many uses of inline pictures are looked for in one body; what is named behind them is
/// listed among the attachments.
pub const PICTURE_USES_MAX: usize = 10_000;
/// The longest name of an inline picture that is looked for.
pub const PICTURE_NAME_BYTES_MAX: usize = 256;
/// The most text of all bodies that one page shows; what is cut stands among the attachments.
pub const PAGE_TEXT_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// How long laying a letter out may take; who waits longer is told so.
pub const LAYING_OUT_SECONDS_MAX: u64 = 30;

/// What a site says about its viewer.
#[derive(Clone, Debug)]
pub struct ViewerSettings {
    /// What links begin with: `https://mail.corp.example`, without a path.
    pub url: String,
    /// Earlier or other addresses of the same viewer, whose links keep working.
    pub aliases: Vec<String>,
    /// The organisation's name, as the pages show it.
    pub organisation: String,
    /// The organisation's own domains: replies go to people there and to nobody else.
    pub domains: Vec<String>,
    /// Whom to ask: an address or an `https:` page; may be empty.
    pub help: String,
    /// The address that passcodes and replies come from.
    pub sender: String,
    /// The largest reply in bytes; [`REPLY_BYTES_MAX`] by default.
    pub reply_bytes_max: usize,
    /// How long the form of a reply may take; [`REPLY_SECONDS_MAX`] by default.
    pub reply_seconds_max: u64,
    /// Within which time some of that form must come in; [`REPLY_PACE_SECONDS`] by default.
    pub reply_pace_seconds: u64,
    /// How long any other form may take; [`FORM_SECONDS_MAX`] by default.
    pub form_seconds_max: u64,
    /// How long laying a letter out may take; [`LAYING_OUT_SECONDS_MAX`] by default.
    pub laying_out_seconds_max: u64,
}

impl ViewerSettings {
    /// Settings with the defaults for all else.
    pub fn new(url: &str, organisation: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            aliases: Vec::new(),
            organisation: organisation.to_owned(),
            domains: Vec::new(),
            help: String::new(),
            sender: String::new(),
            reply_bytes_max: REPLY_BYTES_MAX,
            reply_seconds_max: REPLY_SECONDS_MAX,
            reply_pace_seconds: REPLY_PACE_SECONDS,
            form_seconds_max: FORM_SECONDS_MAX,
            laying_out_seconds_max: LAYING_OUT_SECONDS_MAX,
        }
    }

    /// Whether the browser is to send our cookies over TLS only.
    pub(crate) fn is_secure(&self) -> bool {
        self.url
            .get(..8)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
    }

    /// The origins that our own forms come from, in the form browsers write them.
    pub(crate) fn origins(&self) -> Vec<String> {
        std::iter::once(&self.url)
            .chain(&self.aliases)
            .filter_map(|url| origin(url))
            .collect()
    }
}

/// Scheme, host and port of an address as RFC 6454 §6.2 writes them: a default port is left out.
fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let host = uri.host()?.to_ascii_lowercase();
    match (scheme.as_str(), uri.port_u16()) {
        (_, None) | ("https", Some(443)) | ("http", Some(80)) => Some(format!("{scheme}://{host}")),
        (_, Some(port)) => Some(format!("{scheme}://{host}:{port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        let mut settings = ViewerSettings::new("https://Mail.corp.example:443/", "Corp");
        settings.aliases = vec!["http://127.0.0.1:8443".into(), "no url".into()];
        assert_eq!(
            settings.origins(),
            ["https://mail.corp.example", "http://127.0.0.1:8443"]
        );
        assert!(settings.is_secure());
        assert!(!ViewerSettings::new("http://a.example", "A").is_secure());
    }
}
