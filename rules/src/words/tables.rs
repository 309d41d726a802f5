//! Words of every table but conditions and actions.

use super::Kind::{
    Choice, Count, Duration, Flag, Moment, Names, OneOrMoreTables, Reserved, Table, Tables, Text,
    TextOrTable,
};
use super::{Place, Word, word};

/// Values of `mode`.
pub(crate) const MODES: &[&str] = &["enforce", "test", "test-and-notify"];
/// Values of `severity`.
pub(crate) const SEVERITIES: &[&str] = &["low", "medium", "high"];
/// Values of `source`.
pub(crate) const SOURCES: &[&str] = &["inside", "outside", "viewer"];
/// Values of `outcome`.
pub(crate) const OUTCOMES: &[&str] = &[
    "deliver", "seal", "reject", "redirect", "hold", "delete", "defer",
];

use Place::{Active, Case, Expect, File, Label, List, Marking, Rule};

pub(super) const WORDS: &[Word] = &[
    word(
        File,
        "rule",
        Tables(Rule),
        "[{ name = \"…\", then = […] }]",
        "A rule: which messages, and what happens to them. Rules run in the order of the files' \
         names, then in the order they stand.",
    ),
    word(
        File,
        "label",
        Tables(Label),
        "[{ id = \"…\", name = \"…\", priority = 10 }]",
        "A classification label.",
    ),
    word(
        File,
        "labels",
        Table(Place::Labels),
        "{ default = \"General\" }",
        "What holds for the labels of all mail. It stands once over all files.",
    ),
    word(
        File,
        "time",
        Table(Place::Time),
        "{ zone = \"Europe/Berlin\" }",
        "How the site tells the time. It stands once over all files.",
    ),
    word(
        File,
        "language",
        Tables(Place::Language),
        "[{ tag = \"de\", readers = [\"*.de\"] }]",
        "Who reads a language; markings are then shown to them in it.",
    ),
    word(
        File,
        "person",
        Tables(Place::Person),
        "[{ address = \"anna@corp.example\", title = \"Head of Sales\" }]",
        "Somebody, and what texts may say of them: `${sender.title}`.",
    ),
    word(
        File,
        "list",
        Tables(List),
        "[{ name = \"…\", values = […] }]",
        "A named list of texts that conditions may use.",
    ),
    word(
        File,
        "case",
        Tables(Case),
        "[{ name = \"…\", from = \"…\", expect = […] }]",
        "An example that must come out as it says; run by `sealgate test`.",
    ),
    word(
        File,
        "detector",
        Reserved,
        "[]",
        "detectors come in a later version; a rule that waited for one would never fire",
    ),
    word(
        Rule,
        "name",
        Text,
        "\"Secret stays inside\"",
        "What the rule is called in logs, audit and `because`. Unique over all files; at most 200 \
         characters.",
    )
    .required(),
    word(
        Rule,
        "comment",
        Text,
        "\"Asked for by Legal, ticket 1234.\"",
        "For people; no effect.",
    ),
    word(
        Rule,
        "when",
        Table(Place::Condition),
        "{ recipient = \"outside\" }",
        "The conditions. All of them must hold; without `when`, or with an empty one, the rule is \
         for every message.",
    ),
    word(
        Rule,
        "unless",
        Table(Place::Condition),
        "{ recipient_domain = \"partner.example\" }",
        "The excuses. Any one of them that holds keeps the rule from firing.",
    ),
    word(
        Rule,
        "then",
        Tables(Place::Action),
        "[{ seal = \"encrypt-only\" }]",
        "The actions, each a table with one key.",
    ),
    word(
        Rule,
        "stop",
        Flag,
        "true",
        "When the rule fires, later rules do not look at this recipient's copy. What earlier rules \
         did stays.",
    ),
    word(
        Rule,
        "mode",
        Choice(MODES),
        "\"test\"",
        "`\"enforce\"` is the default. A rule in `\"test\"` changes nothing, `stop` included; \
         `sealgate explain` and the audit say that it would have fired. `\"test-and-notify\"` is \
         the same but sends its `notify`.",
    ),
    word(
        Rule,
        "active",
        Table(Active),
        "{ from = 2026-01-01, until = 2026-07-01 }",
        "Outside this time the rule is asleep.",
    ),
    word(
        Rule,
        "severity",
        Choice(SEVERITIES),
        "\"high\"",
        "Stands in log and audit with the rule's name.",
    ),
    word(
        Active,
        "from",
        Moment,
        "2026-01-01",
        "The first moment. A date alone is its first moment in the zone of `[time]`.",
    ),
    word(
        Active,
        "until",
        Moment,
        "2026-07-01T00:00:00+02:00",
        "The first moment that is no longer in it.",
    ),
    word(
        Place::Time,
        "zone",
        Text,
        "\"Europe/Berlin\"",
        "The time zone in which texts tell the time and a date begins, with its daylight saving: a \
         name of the IANA database, which is part of the program. UTC without it.",
    )
    .required(),
    word(
        Label,
        "id",
        Text,
        "\"2096f6a2-d2f7-48be-b329-b73aaa526e5d\"",
        "The label's GUID, as Microsoft 365 and Office write it.",
    )
    .required(),
    word(
        Label,
        "name",
        Text,
        "\"Confidential\"",
        "What people and rules call it. Unique over all files; at most 200 characters.",
    )
    .required(),
    word(
        Label,
        "priority",
        Count,
        "30",
        "The higher, the more sensitive. No two labels share one.",
    )
    .required(),
    word(
        Label,
        "parent",
        Text,
        "\"Confidential\"",
        "The name of the label it stands under; a sublabel's priority is higher than its parent's.",
    ),
    word(
        Label,
        "color",
        Text,
        "\"#b00020\"",
        "`#rrggbb`, for the viewer's banner and for the label's own `header`.",
    ),
    word(
        Label,
        "tooltip",
        Text,
        "\"Business data that could harm us if it leaked.\"",
        "What people are told about it.",
    ),
    word(
        Label,
        "header",
        TextOrTable(Marking),
        "\"Confidential\"",
        "Text that mail with this label gets at its top: by itself, a banner in the label's \
         colour. When the label of a letter changes, what another label set in the new text \
         goes; what is quoted stays as it was.",
    ),
    word(
        Label,
        "footer",
        TextOrTable(Marking),
        "{ text = \"Classified as ${label.name}\" }",
        "Text that mail with this label gets at its bottom: by itself, in small print.",
    ),
    word(
        Label,
        "subject_tag",
        Text,
        "\"[Confidential]\"",
        "Text put before the subject, unless it stands there already, also behind `Re:` and the \
         like. The tag of another label that the message had is taken out. Variables as in \
         `header`.",
    ),
    word(
        Label,
        "seal_outside",
        TextOrTable(Place::Seal),
        "\"do-not-forward\"",
        "Mail with this label is sealed so for recipients outside, whoever set the label.",
    ),
    word(
        List,
        "name",
        Text,
        "\"partners\"",
        "What conditions call it. Unique over all files.",
    )
    .required(),
    word(
        List,
        "values",
        Names,
        "[\"partner.example\", \"*.partner.example\"]",
        "The texts. `recipient_domain = { list = \"partners\" }` is the same as writing them \
         there.",
    )
    .required(),
    word(
        Case,
        "name",
        Text,
        "\"a confidential letter to a partner is sealed\"",
        "What must hold, as a sentence.",
    )
    .required(),
    word(
        Case,
        "message",
        Text,
        "\"confidential.eml\"",
        "The mail: a file, seen from the file this case stands in.",
    ),
    word(
        Case,
        "text",
        Text,
        "\"\"\"\nSubject: hello\n\nHello.\n\"\"\"",
        "The mail itself, in place of `message`.",
    ),
    word(
        Case,
        "from",
        Text,
        "\"ann@corp.example\"",
        "The envelope's sender; `\"<>\"` for none.",
    )
    .required(),
    word(
        Case,
        "to",
        Names,
        "[\"bob@partner.example\"]",
        "The envelope's recipients. Without it they are the ones its `expect` tables name.",
    ),
    word(
        Case,
        "source",
        Choice(SOURCES),
        "\"inside\"",
        "The side it came in on. Without it: inside when the sender is in an own domain.",
    ),
    word(
        Case,
        "at",
        Moment,
        "2026-02-01T09:00:00Z",
        "When it is judged; without it, 2026-01-01T12:00:00Z.",
    ),
    word(
        Case,
        "ip",
        Text,
        "\"192.0.2.7\"",
        "The peer that brought it.",
    ),
    word(
        Case,
        "login",
        Text,
        "\"ann\"",
        "The login that the peer proved.",
    ),
    word(
        Case,
        "thread_label",
        Text,
        "\"Secret\"",
        "The label that the thread of this mail had before.",
    ),
    word(
        Case,
        "notified",
        Names,
        "[\"ciso@corp.example\"]",
        "Exactly who is notified, in any order; `[]` for nobody.",
    ),
    word(
        Case,
        "expect",
        OneOrMoreTables(Expect),
        "[{ to = \"…\", outcome = \"seal\" }]",
        "What must come out, one table for each recipient of interest.",
    )
    .required(),
    word(
        Expect,
        "to",
        Text,
        "\"bob@partner.example\"",
        "Whose copy; also one that a rule added.",
    )
    .required(),
    word(
        Expect,
        "outcome",
        Choice(OUTCOMES),
        "\"seal\"",
        "What happens to it; `\"seal\"` is a delivery that is sealed.",
    )
    .required(),
    word(
        Expect,
        "label",
        Text,
        "\"Confidential\"",
        "The label it leaves with, or `\"none\"`.",
    ),
    word(
        Expect,
        "attachments",
        Names,
        "[\"2 Confidential\"]",
        "Exactly the attached files in which a label is set (`inherit_to`), each as the number of \
         its part and the label's name; the only part of a letter has the number `0`.",
    ),
    word(
        Expect,
        "rights",
        Text,
        "\"do-not-forward\"",
        "What a sealed copy's reader may do: a named set, or words such as `\"VIEW+REPLY\"`.",
    ),
    word(
        Expect,
        "code",
        Text,
        "\"5.7.1\"",
        "The enhanced code of a reject.",
    ),
    word(
        Expect,
        "subject",
        Text,
        "\"plans\"",
        "The subject it leaves with.",
    ),
    word(
        Expect,
        "contains",
        Names,
        "[\"Classified as Confidential\"]",
        "Texts that its body holds when it leaves.",
    ),
    word(
        Expect,
        "fields",
        Names,
        "[\"X-TLP: RED\"]",
        "Header fields that it leaves with, each with its whole value, unfolded.",
    ),
    word(
        Expect,
        "no_fields",
        Names,
        "[\"SIO-Label\"]",
        "Names of header fields that it leaves without.",
    ),
    word(
        Expect,
        "lacks",
        Names,
        "[\"Classified as Public\"]",
        "Texts that its body does not hold when it leaves.",
    ),
    word(
        Expect,
        "because",
        Names,
        "[\"Confidential mail is sealed\"]",
        "Exactly the rules that took effect, in order.",
    ),
    word(
        Expect,
        "not_because",
        Names,
        "[\"Secret stays inside\"]",
        "Rules that must not have taken effect.",
    ),
    word(
        Place::Seal,
        "rights",
        Text,
        "\"do-not-forward\"",
        "`\"encrypt-only\"`, `\"do-not-forward\"`, or words of VIEW, EDIT, COPY, PRINT, EXPORT, \
         REPLY, REPLYALL, FORWARD, OWNER joined by `+`.",
    )
    .required(),
    word(
        Place::Seal,
        "expires_after",
        Duration,
        "\"14d\"",
        "How long it opens; without it, the site's setting. The shortest of all that apply counts.",
    ),
    word(
        Place::Seal,
        "template",
        Reserved,
        "\"friendly\"",
        "looks of notice and page come in a later version; there is one now",
    ),
    word(
        Place::Seal,
        "download",
        Flag,
        "false",
        "Whether attachments may be saved by whoever may view; `true` by default.",
    ),
    word(
        Place::Seal,
        "receipt",
        Flag,
        "true",
        "Whether the sender gets a receipt.",
    ),
];
