//! Words that ask something.

use super::Kind::{Choices, Count, Flag, FlagOrNames, Names, Size, Table, Tables, Text, Texts};
use super::{Place, Word, word};
use Place::{Condition, HeaderPattern, HeaderWords};

/// Values of `message_type`.
pub(crate) const MESSAGE_TYPES: &[&str] = &[
    "delivery-report",
    "read-receipt",
    "auto-reply",
    "calendar",
    "signed",
    "encrypted",
    "mailing-list",
];
/// Values of `sensitivity` (RFC 2156 §5.3.4).
pub(crate) const SENSITIVITIES: &[&str] = &["personal", "private", "company-confidential"];
/// Values of `sender_address_tricks`: the words of [`mail::address::Trick`], and two of our own.
pub(crate) const TRICKS: &[&str] = &[
    "not-an-address",
    "source-route",
    "routed-local-part",
    "quoted-local-part",
    "address-literal",
    "international-domain",
    "domain-mixes-scripts",
    "domain-looks-ascii",
    "name-holds-address",
    "name-holds-other-domain",
    "name-mixes-scripts",
    "name-hides-characters",
    "group",
    "comment",
    "resembles-own-domain",
    "several-senders",
];
/// Values of `any_recipient_address_tricks`: all but the last, which is about From.
pub(crate) const RECIPIENT_TRICKS: &[&str] = match TRICKS {
    [tricks @ .., _] => tricks,
    [] => &[],
};
/// Values of `importance` (RFC 2156 §5.3.3).
pub(crate) const IMPORTANCES: &[&str] = &["high", "normal", "low"];

pub(super) const WORDS: &[Word] = &[
    word(
        Condition,
        "any",
        Tables(Condition),
        "[{ subject_contains = \"x\" }, { body_contains = \"x\" }]",
        "One of these tables holds.",
    ),
    word(
        Condition,
        "all",
        Tables(Condition),
        "[{ recipient = \"outside\" }, { label_at_least = \
         \"Confidential\" }]",
        "All of these tables hold; of use inside `any`, `not` and `unless`.",
    ),
    word(
        Condition,
        "not",
        Table(Condition),
        "{ subject_contains = \"public\" }",
        "The table does not hold. What is unknown stays unknown.",
    ),
    word(
        Condition,
        "sender",
        Texts,
        "[\"inside\", \"ann@corp.example\", \"*.corp.example\"]",
        "The envelope's sender: `\"inside\"` (an own domain, and it came in on an inside \
         listener), `\"outside\"` (any other sender), an address, a domain. The null sender is \
         neither inside nor outside.",
    ),
    word(
        Condition,
        "sender_domain",
        Texts,
        "\"corp.example\"",
        "The domain of the envelope's sender: exactly this one, or `*.corp.example` for its \
         subdomains only.",
    ),
    word(
        Condition,
        "sender_contains",
        Texts,
        "\"newsletter\"",
        "Words in the address of the envelope's sender.",
    ),
    word(
        Condition,
        "sender_matches",
        Texts,
        "\"^noreply-[0-9]+@\"",
        "Patterns in the address of the envelope's sender.",
    ),
    word(
        Condition,
        "sender_header",
        Texts,
        "\"ann@corp.example\"",
        "As `sender`, for every address in the From field, which anybody can write.",
    ),
    word(
        Condition,
        "sender_verified",
        Flag,
        "true",
        "Whether the peer proved a login that is the sender's, and From names that sender alone.",
    ),
    word(
        Condition,
        "sender_address_tricks",
        Choices(TRICKS),
        "[\"name-holds-other-domain\", \"resembles-own-domain\"]",
        "An address of the sender (the envelope's, From, Sender, Reply-To) seems to be something \
         else: it is none by RFC 5321; it is a route (`@relay:user@host`), or its local part can \
         be read as one (`user%other`); its local part is quoted; its domain is an IP address, has \
         letters beyond ASCII, mixes scripts, looks as if it were ASCII, or can be taken for one \
         of our own (`c0rp.example`, `corp.example.evil.net`, `corp-example.net`); its display \
         name holds another address (also as `ann (at) x.example`), one of another domain or the \
         name of a domain of ours, a word of mixed scripts, or characters that cannot be seen; the \
         field is a group (`name: a, b;`) or holds a comment. `several-senders`: From names more \
         than one, or stands there twice.",
    ),
    word(
        Condition,
        "recipient",
        Texts,
        "\"outside\"",
        "This recipient: `\"inside\"` (an own domain), `\"outside\"`, an address, a domain. Judged \
         for each recipient; the message splits where they differ.",
    ),
    word(
        Condition,
        "recipient_domain",
        Texts,
        "[\"partner.example\", \"*.partner.example\"]",
        "This recipient's domain: exactly this one, or `*.…` for its subdomains only.",
    ),
    word(
        Condition,
        "recipient_contains",
        Texts,
        "\"press\"",
        "Words in this recipient's address.",
    ),
    word(
        Condition,
        "recipient_matches",
        Texts,
        "\"^ext-\"",
        "Patterns in this recipient's address.",
    ),
    word(
        Condition,
        "any_recipient",
        Texts,
        "\"outside\"",
        "As `recipient`, for any one of all recipients: judged once, so the message does not \
         split.",
    ),
    word(
        Condition,
        "any_recipient_domain",
        Texts,
        "\"partner.example\"",
        "As `recipient_domain`, for any one of all recipients.",
    ),
    word(
        Condition,
        "any_recipient_contains",
        Texts,
        "\"press\"",
        "As `recipient_contains`, for any one of all recipients.",
    ),
    word(
        Condition,
        "any_recipient_matches",
        Texts,
        "\"^ext-\"",
        "As `recipient_matches`, for any one of all recipients.",
    ),
    word(
        Condition,
        "any_recipient_address_tricks",
        Choices(RECIPIENT_TRICKS),
        "[\"routed-local-part\", \"domain-looks-ascii\"]",
        "As `sender_address_tricks`, for the recipients of the envelope, To, Cc and Bcc.",
    ),
    word(
        Condition,
        "recipient_count_over",
        Count,
        "50",
        "The envelope names more recipients than this.",
    ),
    word(
        Condition,
        "to_header",
        Texts,
        "\"all-hands@corp.example\"",
        "As `recipient`, for any address in the To field.",
    ),
    word(
        Condition,
        "cc_header",
        Texts,
        "\"all-hands@corp.example\"",
        "As `recipient`, for any address in the Cc field.",
    ),
    word(
        Condition,
        "to_or_cc_header",
        Texts,
        "\"all-hands@corp.example\"",
        "As `recipient`, for any address in the To or Cc field.",
    ),
    word(
        Condition,
        "source",
        Choices(super::tables::SOURCES),
        "\"outside\"",
        "The listener the message came in on; `\"viewer\"` is a reply from the web viewer.",
    ),
    word(
        Condition,
        "peer",
        Texts,
        "[\"192.0.2.7\", \"10.0.0.0/8\", \"10.1.0.1-10.1.0.9\"]",
        "The address of the peer that brought it: one, a network, or a range. A peer whose \
         address is not known is unknown.",
    ),
    word(
        Condition,
        "subject_contains",
        Texts,
        "[\"[confidential]\", \"project sesame\"]",
        "Words in the subject: whole words, in any case, an accent written either way; in scripts \
         without spaces, anywhere.",
    ),
    word(
        Condition,
        "subject_matches",
        Texts,
        "\"\\\\bPO-[0-9]{6}\\\\b\"",
        "Patterns in the subject: regular expressions in any case, unless `(?-i)`.",
    ),
    word(
        Condition,
        "body_contains",
        Texts,
        "\"project sesame\"",
        "Words in the body: in every text that is shown in place, as a person would read it and \
         as it is written.",
    ),
    word(
        Condition,
        "body_matches",
        Texts,
        "\"\\\\b[0-9]{4}-[0-9]{4}\\\\b\"",
        "Patterns in the body.",
    ),
    word(
        Condition,
        "subject_or_body_contains",
        Texts,
        "\"project sesame\"",
        "Words in the subject or the body.",
    ),
    word(
        Condition,
        "subject_or_body_matches",
        Texts,
        "\"\\\\bPO-[0-9]{6}\\\\b\"",
        "Patterns in the subject or the body.",
    ),
    word(
        Condition,
        "header_contains",
        Table(HeaderWords),
        "{ name = \"X-Project\", words = [\"sesame\"] }",
        "Words in any field of this name.",
    ),
    word(
        Condition,
        "header_matches",
        Table(HeaderPattern),
        "{ name = \"X-Spam-Score\", pattern = \"^[5-9]\" }",
        "Patterns in any field of this name.",
    ),
    word(
        Condition,
        "header_exists",
        Names,
        "\"X-Project\"",
        "There is a field of this name.",
    ),
    word(
        Condition,
        "sensitivity",
        Choices(SENSITIVITIES),
        "\"company-confidential\"",
        "The `Sensitivity` field.",
    ),
    word(
        Condition,
        "importance",
        Choices(IMPORTANCES),
        "\"high\"",
        "The `Importance` field; without one, or with another value, `\"normal\"`.",
    ),
    word(
        Condition,
        "has_label",
        Names,
        "\"Confidential\"",
        "The message has this label, or one that stands under it.",
    ),
    word(
        Condition,
        "label_at_least",
        Text,
        "\"Confidential\"",
        "The message, or a file attached to it, has a label of at least this one's priority. A \
         file that cannot be read is unknown.",
    ),
    word(
        Condition,
        "unlabelled",
        Flag,
        "true",
        "The message itself has no label.",
    ),
    word(
        Condition,
        "foreign_label",
        Table(Place::ForeignLabel),
        "{ site = \"72f988bf-86f1-41af-91ab-2d7cd011db47\" }",
        "The message has a label of another organisation, or one of ours that no file defines; \
         `{}` for any. What came from outside counts with `from_outside = \"keep\"` or `\"map\"`.",
    ),
    word(
        Condition,
        "attachment_label_at_least",
        Text,
        "\"Confidential\"",
        "A file attached has a label of at least this one's priority. A file that cannot be read \
         is unknown.",
    ),
    word(
        Condition,
        "attachment_unreadable",
        Flag,
        "true",
        "A file attached could not be looked into.",
    ),
    word(
        Condition,
        "has_attachment",
        Flag,
        "true",
        "Something is attached.",
    ),
    word(
        Condition,
        "attachment_name_contains",
        Texts,
        "\"invoice\"",
        "Words in a file name; every name a reader might show counts.",
    ),
    word(
        Condition,
        "attachment_name_matches",
        Texts,
        "\"^payroll.*\\\\.xlsx?$\"",
        "Patterns in a file name; every name a reader might show counts.",
    ),
    word(
        Condition,
        "attachment_extension",
        Texts,
        "[\"exe\", \"js\"]",
        "The last extension of a file name, without the dot, in any case.",
    ),
    word(
        Condition,
        "attachment_type",
        Texts,
        "[\"application/pdf\", \"image/*\"]",
        "The media type an attachment declares.",
    ),
    word(
        Condition,
        "attachment_size_over",
        Size,
        "\"10MiB\"",
        "One attachment, decoded, is larger than this.",
    ),
    word(
        Condition,
        "attachment_count_over",
        Count,
        "20",
        "More things are attached than this.",
    ),
    word(
        Condition,
        "message_size_over",
        Size,
        "\"25MiB\"",
        "The whole message, as it came, is larger than this.",
    ),
    word(
        Condition,
        "message_type",
        Choices(MESSAGE_TYPES),
        "\"delivery-report\"",
        "What it is by its form: a genuine delivery report (multipart/report, null sender, none of \
         the original's content), a read receipt, an automatic reply (it says so), a calendar \
         message, S/MIME or PGP/MIME signed or encrypted (both, where S/MIME data does not say \
         which), a mailing list's.",
    ),
    word(
        Condition,
        "charset",
        Texts,
        "\"koi8-r\"",
        "A text part declares this character set.",
    ),
    word(
        Condition,
        "ambiguous",
        FlagOrNames,
        "true",
        "Readers of the message would not agree on what it says: `true`, or the kinds that \
         count, which stand below.",
    ),
    word(
        HeaderWords,
        "name",
        Text,
        "\"X-Project\"",
        "The field's name.",
    )
    .required(),
    word(
        HeaderWords,
        "words",
        Texts,
        "[\"sesame\"]",
        "The words, as in `subject_contains`.",
    )
    .required(),
    word(
        HeaderPattern,
        "name",
        Text,
        "\"X-Spam-Score\"",
        "The field's name.",
    )
    .required(),
    word(
        HeaderPattern,
        "pattern",
        Texts,
        "\"^[5-9]\"",
        "The patterns, as in `subject_matches`.",
    )
    .required(),
];
