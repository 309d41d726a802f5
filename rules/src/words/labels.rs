//! Words about labels: what holds for all of them, and the tables that name them.

use super::Kind::{Choice, Choices, Flag, Names, Text, TrueOrText};
use super::{Place, Word, word};
use Place::{ApplyLabel, ForeignLabel, Labels};

/// Values of `from_outside`.
pub(crate) const TREATMENTS: &[&str] = &["ignore", "keep", "map", "remove"];
/// Values of `mandatory`.
pub(crate) const MANDATORY: &[&str] = &["reject", "hold"];
/// Values of `inherit_from`.
pub(crate) const HEIRS: &[&str] = &["attachments", "thread"];
/// Values of `inherit_to`.
pub(crate) const RECEIVERS: &[&str] = &["attachments"];
/// Values of `by`.
pub(crate) const SETTERS: &[&str] = &["rule", "person"];

pub(super) const WORDS: &[Word] = &[
    word(
        Labels,
        "mapping",
        Text,
        "\"\"\"\ntlp                RED       -> Secret\n\"\"\"",
        "What other standards say, a line each: `SCHEME VALUE -> LABEL`. Schemes are \
         `protective-marking` (X-Protective-Marking), `sio` (SIO-Label), `tlp`, `sensitivity`, \
         `importance`, and `header NAME` for a field of another product. Any number of values may \
         mean one label; the first of a scheme is the one that is written. A line `write SCHEME \
         PLACE` says where that is: `header` (without such a line), `subject`, `both` or \
         `nowhere`. `#` begins a comment. Whatever a message says in any scheme counts, and the \
         strictest of it wins.",
    ),
    word(
        Labels,
        "translate",
        Flag,
        "true",
        "Whether a label that a message has already is written in every scheme of `mapping`, so \
         that all of them say the same. Without it, that is done when a label is set or taken off.",
    ),
    word(
        Labels,
        "from_outside",
        Choice(TREATMENTS),
        "\"map\"",
        "What labels that arrive on an outside listener count for. `\"ignore\"`, the default: \
         nothing, and they stay. `\"keep\"`: they are labels of another organisation \
         (`foreign_label`), also where they claim to be ours. `\"map\"`: they count as ours where \
         they name one of ours or `mapping` knows them. `\"remove\"`: nothing, and their fields \
         are taken out, as is what `mapping` reads in the subject; the server before this one \
         must have verified DKIM. With `\"ignore\"` a form in a subject (`TLP:GREEN`, \
         `[SEC=PROTECTED]`) survives into replies, where it counts as ours.",
    ),
    word(
        Labels,
        "default",
        Text,
        "\"General\"",
        "The label of mail from inside that has none, set before the rules look at it. Genuine \
         delivery reports stay as they are.",
    ),
    word(
        Labels,
        "mandatory",
        Choice(MANDATORY),
        "\"reject\"",
        "What happens to mail from inside that has no label once all rules have seen it: refused, \
         or held until somebody approves (the action `hold`). Genuine delivery reports need none.",
    ),
    word(
        Labels,
        "inherit_from",
        Choices(HEIRS),
        "[\"attachments\", \"thread\"]",
        "Whose label mail from inside takes before the rules look at it: the highest of the files \
         attached, where that is higher than its own and no person chose that; that of its thread, \
         where it has none of its own.",
    ),
    word(
        Labels,
        "inherit_to",
        Choices(RECEIVERS),
        "\"attachments\"",
        "Who takes the label that mail from inside leaves with. `\"attachments\"`: attached \
         Word, Excel, PowerPoint and Visio files (docx and its relatives), OpenDocument files \
         (odt, ods, odp and theirs) and PDF whose own label is lower, or that have none. A higher \
         label stays, as do labels of other organisations and all else in the file; nothing is \
         encrypted or marked in it. Files that are signed, encrypted, of another kind, in a \
         signed or encrypted letter or in an attached message, or whose label no file defines, \
         are left alone. Audit and `explain` tell each change and each file that was left, with \
         the reason. It needs the organisation's id.",
    ),
    word(
        Labels,
        "justify_downgrade",
        TrueOrText,
        "true",
        "Mail from inside that leaves with a lower label than its thread had is rejected unless it \
         gives a reason: in the field `msip_justification`, as Outlook does, or in the field named \
         here; or in its own new text, on a line that begins with `Justification:`. Sublabels of \
         one parent are equals. Threads are remembered for a year.",
    ),
    word(
        ApplyLabel,
        "label",
        Text,
        "\"Confidential\"",
        "The label's name.",
    )
    .required(),
    word(
        ApplyLabel,
        "by",
        Choice(SETTERS),
        "\"person\"",
        "`\"rule\"`, the default, never replaces a label that a person chose. `\"person\"` says \
         that the rule does what a person asked for, by a tag in the subject for example: it \
         replaces a lower label whoever set it, and is written as a person's choice.",
    ),
    word(
        ForeignLabel,
        "site",
        Names,
        "\"72f988bf-86f1-41af-91ab-2d7cd011db47\"",
        "The other organisation's id.",
    ),
    word(
        ForeignLabel,
        "id",
        Names,
        "\"425c8099-8bb5-4208-a7fb-18c77e40dc98\"",
        "The label's GUID.",
    ),
    word(
        ForeignLabel,
        "name",
        Names,
        "\"Internal\"",
        "The name it was given there, in any case.",
    ),
];
