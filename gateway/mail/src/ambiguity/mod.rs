//! Where the readers of the world differ about a message.
//!
//! It never decides what to do about it: ambiguity is a fact that the policy judges.

use std::fmt;

use crate::message::{
    Enclosed, Message, Packing, Part, PartPath, TransferEncoding, charset, readings, transfer,
};

/// One point on which readers may differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ambiguity {
    /// What it is about.
    pub kind: AmbiguityKind,
    /// The part it was found in.
    pub path: PartPath,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal, $sentence:literal;)*) => {
        /// What an [`Ambiguity`] is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AmbiguityKind { $(#[doc = $sentence] $kind,)* }

        impl AmbiguityKind {
            /// Every kind there is.
            pub const ALL: &'static [AmbiguityKind] = &[$(AmbiguityKind::$kind,)*];

            /// The stable word for rules, log and audit.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }

            /// What it is, as a sentence without its full stop.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$kind => $sentence,)* }
            }
        }
    };
}

kinds! {
    Nul = "nul", "the message holds a NUL byte";
    DuplicateContentType = "duplicate-content-type", "a part states its type twice";
    DuplicateTransferEncoding = "duplicate-transfer-encoding",
        "a part states its transfer encoding twice";
    DuplicateDisposition = "duplicate-disposition", "a part states its disposition twice";
    DuplicateBoundary = "duplicate-boundary", "a multipart names two boundaries";
    MissingBoundary = "missing-boundary", "a multipart has no boundary, or none is found in it";
    MissingClose = "missing-close", "a multipart that is not closed can go on further down";
    BlankBeforeColon = "blank-before-colon", "a header name has blanks before its colon";
    OddHeaderLine = "odd-header-line", "a line in a header is no header field";
    CutHeader = "cut-header", "a part's header runs into a delimiter";
    BoundaryClash = "boundary-clash", "two boundaries can be taken for each other";
    PartAfterClose = "part-after-close", "a multipart goes on after it was closed";
    TooDeep = "too-deep", "parts nest too deep";
    TooManyParts = "too-many-parts", "there are too many parts";
    TooManyFields = "too-many-fields", "there are too many header fields";
    TooManyParameters = "too-many-parameters",
        "a field has too many parameters, or is too long";
    FoldedParameter = "folded-parameter", "a quoted parameter is folded over two lines";
    EncodedContainer = "encoded-container",
        "a container of parts is itself encoded, and what is in it is in doubt";
    StrayBase64 = "stray-base64",
        "base64 holds bytes that are no code, goes on after its end, or is a text that is cut";
    OddTransferEncoding = "odd-transfer-encoding",
        "the transfer encoding is written with a comment or other signs";
    UnknownTransferEncoding = "unknown-transfer-encoding", "the transfer encoding is not known";
    DuplicateCharset = "duplicate-charset",
        "a text states two charsets by which it reads differently, or too many";
    ClosedCharset = "closed-charset",
        "a text is in a character set that is not read here and writes plain letters otherwise";
    SeveralFileNames = "several-file-names",
        "a part gives file names with different extensions";
    OddContentType = "odd-content-type", "a part states its type in a form that is none";
    BareCr = "bare-cr", "a header holds a CR that ends no line";
    EmbeddedFile = "embedded-file",
        "a text holds a file in uuencode or yEnc with lines that decoders read differently";
    UnreadEnclosure = "unread-enclosure",
        "what is packed in a part could not be read to its end";
    PartialMessage = "partial-message", "the message is one piece of another";
    ExternalBody = "external-body",
        "a part names content that stands elsewhere, in a way that is not known, or holds more";
}

impl AmbiguityKind {
    /// Whether a limit was met, beyond which nothing is read.
    pub(crate) fn is_limit(self) -> bool {
        matches!(
            self,
            Self::TooDeep | Self::TooManyParts | Self::TooManyFields | Self::TooManyParameters
        )
    }
}

impl fmt::Display for AmbiguityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.is_root() {
            true => f.write_str(self.kind.sentence()),
            false => write!(f, "{} (part {})", self.kind.sentence(), self.path),
        }
    }
}

/// What only a look at the bytes of bodies finds.
pub(crate) fn in_content(message: &Message<'_>) -> Vec<Ambiguity> {
    let mut found = Vec::new();
    if memchr::memchr(0, message.raw()).is_some() {
        found.push(Ambiguity {
            kind: AmbiguityKind::Nul,
            path: PartPath::root(),
        });
    }
    for part in message.parts().iter().chain(message.other_parts()) {
        let kinds = in_part(message, part).into_iter().flatten();
        found.extend(kinds.map(|kind| Ambiguity {
            kind,
            path: part.path.clone(),
        }));
    }
    found.extend(in_enclosed(message.enclosed()));
    found
}

/// What is doubtful in what stands inside the content of parts.
fn in_enclosed(enclosed: &Enclosed) -> Vec<Ambiguity> {
    // What is kept elsewhere is closed to us, and no reader finds it here.
    let is_elsewhere = |path: &&PartPath| {
        let mut files = enclosed.files.iter();
        files.any(|file| file.packing == Packing::External && file.path == **path)
    };
    let unread = enclosed.unread.iter().filter(|path| !is_elsewhere(path));
    let unread = unread.map(|path| Ambiguity {
        kind: AmbiguityKind::UnreadEnclosure,
        path: path.clone(),
    });
    enclosed.doubts.iter().cloned().chain(unread).collect()
}

/// What is doubtful in one part's header and content.
fn in_part(message: &Message<'_>, part: &Part) -> [Option<AmbiguityKind>; 5] {
    let body = message.body_raw(part);
    // A list's footer behind the code of a letter is no doubt: who decodes it sees signs of no
    // sense after the letter, and the readings hold both.
    let code = match part.is_body() {
        true => transfer::footer(body).map_or(body, |at| &body[..at]),
        false => body,
    };
    let odd = || transfer::is_doubtful(code) || part.is_body() && transfer::has_odd_length(code);
    let is_odd = part.encoding == TransferEncoding::Base64 && odd();
    let coded = is_odd.then_some(AmbiguityKind::StrayBase64);
    let header = &message.raw()[part.header.clone()];
    let bare = transfer::has_bare_cr(header).then_some(AmbiguityKind::BareCr);
    let elsewhere = match part.media_type.as_str() {
        "message/partial" => Some(AmbiguityKind::PartialMessage),
        "message/external-body" if !is_kept_elsewhere(part) => Some(AmbiguityKind::ExternalBody),
        _ => None,
    };
    let is_text = part.media_type.starts_with("text/") || part.is_shown_as_text();
    let closed = is_text && part.charsets().any(charset::is_closed);
    let closed = closed.then_some(AmbiguityKind::ClosedCharset);
    let several = is_text && readings::charsets_differ(message, part);
    let several = several.then_some(AmbiguityKind::DuplicateCharset);
    [coded, bare, elsewhere, closed, several]
}

/// Whether the ways to fetch it are those that RFC 2046 §5.2.3 and RFC 2017 name: readers show a
/// link, and find nothing more here.
fn is_kept_elsewhere(part: &Part) -> bool {
    const WAYS: [&str; 8] = [
        "ftp",
        "anon-ftp",
        "tftp",
        "local-file",
        "mail-server",
        "url",
        "afs",
        "content-id",
    ];
    let way = part.parameter("access-type").unwrap_or_default();
    WAYS.iter()
        .any(|known| way.trim().eq_ignore_ascii_case(known))
}

/// Whether the parts of a message stand as all read them, whatever is packed in them.
pub(crate) fn is_sound(message: &Message<'_>) -> bool {
    let mut parts = message.parts().iter();
    message.structure_ambiguities().is_empty()
        && message.others_doubts().is_empty()
        && !parts.any(|part| in_part(message, part).iter().any(Option::is_some))
}
