//! What the manual says of each kind of ambiguity: how honest mail comes by it, and what to do.
//!
//! Nothing here decides; the kinds and their sentences are those of the crate `mail`.

use mail::AmbiguityKind;

pub(super) const OPENING: &str = "\
Readers differ about odd mail. Sealgate reads it as all of them do, and the rules judge everything
that any of them would show: every file name, both readings of a code, a file written into a text,
the parts behind a second boundary. Where that union is known to be whole, the message is not
ambiguous, however odd it is: repeated fields with one value, words for a transfer encoding that
nobody decodes, a blank before the colon of `Subject`, delimiters quoted with `>` and nothing behind
them on their line, two delimiters in a row, reports that hold a part as messages do, an inner
boundary that is the outer one and more, a multipart with nothing but text in it, a last delimiter
that is missing, a list's footer behind base64, well-formed uuencode and BinHex, a message in
base64, a document that is kept elsewhere and of which nothing is here.

What is left is below. A copy to outside is then refused when a rule asked about content, unless
`[rules] ambiguous` in the configuration says otherwise. When honest mail is caught, the sender's
program is at fault in the way named here; sending the same content anew from another program, or
attaching it in a zip archive, gets it through. To let a kind pass for one sender, write a rule with
`ambiguous = [..]` and `stop` before the others, as no rule after it asks about the content then.
";

/// How honest mail comes by this kind, as a sentence; what to do about it where that is special.
pub(super) fn in_honest_mail(kind: AmbiguityKind) -> &'static str {
    use AmbiguityKind as Kind;
    match kind {
        Kind::Nul => "None in 60,000 list messages. Damaged mail, or UTF-16 sent as it is.",
        Kind::DuplicateContentType
        | Kind::DuplicateTransferEncoding
        | Kind::DuplicateDisposition => {
            "None in 60,000 list messages. A script or gateway that adds its own field beside the \
             one that is there; with values that mean the same it is not ambiguous."
        }
        Kind::DuplicateBoundary => {
            "None known: an odd one (`\"a\"b`, a quote left open) counts where two readings cut."
        }
        Kind::MissingBoundary => "Rare: a robot names another boundary than it writes; cut mail.",
        Kind::MissingClose => {
            "Rare: mail that was cut in the middle and goes on, such as a bounce that quotes half \
             of a message."
        }
        Kind::DuplicateCharset => {
            "None known. Two names for one charset, or a text that reads alike by all that are \
             stated, are not ambiguous."
        }
        Kind::ClosedCharset => "None known: UTF-32, EBCDIC, and what Python alone decodes.",
        Kind::BlankBeforeColon => "None known: only the fields `Content-…` count.",
        Kind::OddHeaderLine => {
            "Rare: a script that forgets the empty line after the header, or writes a long line \
             without folding it; and names of fields with stray signs (`Content- Type`)."
        }
        Kind::CutHeader => "Rare: a report with only the header of a message, and parts behind it.",
        Kind::BoundaryClash => {
            "Rare: a program that gives two nested multiparts one boundary; a text that quotes its \
             own message without `>`, or has text behind a quoted delimiter."
        }
        Kind::PartAfterClose => "Rare: programs that give nested multiparts one boundary.",
        Kind::TooDeep | Kind::TooManyParts | Kind::TooManyFields | Kind::TooManyParameters => {
            "None in 60,000 list messages (at most 5 levels, 16 parts, 94 fields), by any reader."
        }
        Kind::FoldedParameter => {
            "Rare: a long parameter folded inside its quotes. Names, dates, sizes and most \
             boundaries are not ambiguous for it."
        }
        Kind::EncodedContainer => {
            "Rare: some mailers attach messages in base64. Only where the message inside is itself \
             ambiguous, its code is damaged, or quoted-printable changes one of its headers."
        }
        Kind::StrayBase64 => {
            "Rare: an attachment damaged on its way, or with a list's footer behind its code; \
             behind that of a letter it is not ambiguous."
        }
        Kind::OddTransferEncoding | Kind::UnknownTransferEncoding => {
            "Rare: home-made scripts; `x-uuencode` and `x-gzip64` of mailers before 1996."
        }
        Kind::SeveralFileNames => {
            "Rare: `name` and `filename` of which one was cut or renamed on the way. With the same \
             extension, or none, or where one only adds it, it is not ambiguous."
        }
        Kind::OddContentType => "None known.",
        Kind::BareCr => "Rare: damaged mail from systems that end lines with CR.",
        Kind::EmbeddedFile => {
            "Rare: uuencode with damaged lines or more of it behind its end, `begin-base64`, and \
             yEnc, all from old mailers and news readers."
        }
        Kind::UnreadEnclosure => {
            "Rare: a `winmail.dat` or uuencode that was cut off. What the rules ask of it is \
             unknown."
        }
        Kind::PartialMessage => "Rare: Outlook Express, told to break messages apart.",
        Kind::ExternalBody => "None known: announcements hold nothing, or an order to a server.",
    }
}
