//! Words that do something.

use super::Kind::{Choice, Names, Table, Text, TextOrTable, True, TrueOrText};
use super::{Place, Word, word};
use Place::{Action, AddRecipient, Notify, Reject, Rewrite, SetHeader};

/// Values of `as`.
pub(crate) const ROLES: &[&str] = &["to", "cc", "bcc"];

pub(super) const WORDS: &[Word] = &[
    word(
        Action,
        "reject",
        TextOrTable(Reject),
        "{ code = \"5.7.1\", text = \"Secret mail may not leave the organisation.\" }",
        "The sender's server is told no, with this text. The strictest action: it wins over all \
         others. A text alone is the `text`.",
    ),
    word(
        Action,
        "delete",
        True,
        "true",
        "The copy is dropped and nobody is told. Prefer `reject`.",
    ),
    word(
        Action,
        "hold",
        TrueOrText,
        "\"Needs a second pair of eyes.\"",
        "The copy waits until somebody approves it, at most as long as `[held] lifetime` in the \
         configuration says; a text tells the approver, and a sender inside, why. `sealgate held` \
         lists, releases and rejects what waits. What is released is judged again, by the rules \
         that then count, and nothing holds it again.",
    ),
    word(
        Action,
        "redirect",
        Names,
        "\"compliance@corp.example\"",
        "The copy goes to these in its recipient's place. They are judged by all rules as if the \
         sender had named them. To somebody outside this lowers.",
    ),
    word(
        Action,
        "seal",
        TextOrTable(Place::Seal),
        "\"do-not-forward\"",
        "For recipients outside the content is replaced by a link to the viewer. Where several \
         rules seal, only what all of them allow is allowed, and the earliest expiry counts. \
         Copies for recipients inside stay clear; without the right to forward, a later message of \
         the same thread is kept from people who were not on the first one.",
    ),
    word(
        Action,
        "unseal",
        True,
        "true",
        "Takes back sealing by earlier rules and by the label. Lowers. A later `seal` seals \
         again.",
    ),
    word(
        Action,
        "apply_label",
        TextOrTable(Place::ApplyLabel),
        "\"Confidential\"",
        "Sets the label. A label lower than the present one does nothing; nor does one in place of \
         a label that a person chose, unless the rule speaks for a person.",
    ),
    word(
        Action,
        "remove_label",
        True,
        "true",
        "Takes the label off, in every scheme of `mapping`. Lowers.",
    ),
    word(
        Action,
        "header",
        TextOrTable(Place::Marking),
        "\"This mail came from outside.\"",
        "Puts text at the top of the body, once. Signed and encrypted letters are left alone \
         unless its `fallback` says otherwise.",
    ),
    word(
        Action,
        "footer",
        TextOrTable(Place::Marking),
        "{ text = \"Corp Ltd\", html = \"<p>Corp Ltd</p>\" }",
        "Puts text at the bottom of the body, once. Signed and encrypted letters are left alone \
         unless its `fallback` says otherwise.",
    ),
    word(
        Action,
        "prepend_subject",
        Text,
        "\"[External] \"",
        "Puts text before the subject, unless the subject holds it already.",
    ),
    word(
        Action,
        "rewrite_subject",
        Table(Rewrite),
        "{ remove = \"[confidential]\" }",
        "Changes the subject. Later rules see the new one.",
    ),
    word(
        Action,
        "set_header",
        Table(SetHeader),
        "{ name = \"X-Classified\", value = \"${label.name}\" }",
        "Replaces every field of this name, or adds it. Setting a field that carries labels \
         lowers.",
    ),
    word(
        Action,
        "remove_header",
        Names,
        "\"X-Mailer\"",
        "Removes every field of these names. Removing a field that carries labels lowers.",
    ),
    word(
        Action,
        "add_recipient",
        Table(AddRecipient),
        "{ address = \"archive@corp.example\", as = \"bcc\" }",
        "Somebody more gets a copy, once, also when another rule rejects. They are judged by all \
         rules as if the sender had named them, and get no milder copy than the one that added \
         them. To somebody outside this lowers.",
    ),
    word(
        Action,
        "notify",
        Table(Notify),
        "{ to = \"ciso@corp.example\", text = \"${rule.name}: ${sender.address}\" }",
        "We write to somebody, once, also when another rule rejects.",
    ),
    word(
        Action,
        "receipt",
        True,
        "true",
        "The sender gets a receipt for what is sealed: for whom, and until when.",
    ),
    word(
        Reject,
        "code",
        Text,
        "\"5.7.1\"",
        "The enhanced status code, `5.x.y`; the reply is 550. `5.7.1` without it.",
    ),
    word(
        Reject,
        "text",
        Text,
        "\"Secret mail may not leave the organisation.\"",
        "What the sender reads; at most 400 characters of ASCII.",
    ),
    word(
        Rewrite,
        "remove",
        Names,
        "[\"[encrypt]\", \"[confidential]\"]",
        "Texts to take out wherever they stand, in any case.",
    ),
    word(
        Rewrite,
        "pattern",
        Text,
        "\"^(?:AW|WG): \"",
        "A regular expression; every match is replaced by `with`.",
    ),
    word(
        Rewrite,
        "with",
        Text,
        "\"Re: \"",
        "What `pattern` becomes; `$1` is its first group. Without it matches are taken out.",
    ),
    word(
        Rewrite,
        "set",
        Text,
        "\"Sealed mail\"",
        "The whole new subject.",
    ),
    word(
        SetHeader,
        "name",
        Text,
        "\"X-Classified\"",
        "The field's name.",
    )
    .required(),
    word(
        SetHeader,
        "value",
        Text,
        "\"yes\"",
        "Its value, with the variables of `header`.",
    )
    .required(),
    word(
        AddRecipient,
        "address",
        Names,
        "\"archive@corp.example\"",
        "Who.",
    )
    .required(),
    word(
        AddRecipient,
        "as",
        Choice(ROLES),
        "\"bcc\"",
        "Whether they show in To or Cc, for everybody; hidden by default.",
    ),
    word(
        Notify,
        "to",
        Names,
        "[\"sender\", \"ciso@corp.example\"]",
        "Who gets it: addresses, and `\"sender\"` for the envelope's sender.",
    )
    .required(),
    word(
        Notify,
        "subject",
        Text,
        "\"Your mail was stopped\"",
        "Its subject, with the variables of `header`; without it, the rule's name.",
    ),
    word(
        Notify,
        "text",
        Text,
        "\"${rule.name} looked at “${message.subject}”.\"",
        "Its text, with the variables of `header`.",
    )
    .required(),
];
