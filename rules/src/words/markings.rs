//! Words of markings: what a header or footer says, how it looks, who reads which language.

use super::Kind::{Choice, Count, Tables, Text, Texts};
use super::Place::{Language, Marking, Wording};
use super::{Word, word};

/// Values of `position`.
const POSITIONS: &[&str] = &["end", "below-new-text"];
/// Values of `fallback`.
const FALLBACKS: &[&str] = &["leave", "wrap", "reject"];
/// Values of `dkim`.
const DKIM: &[&str] = &["break", "keep"];
/// Values of `align`.
const ALIGNMENTS: &[&str] = &["left", "center", "right"];

pub(super) const WORDS: &[Word] = &[
    word(
        Marking,
        "text",
        Text,
        "\"Classified as ${label.name}\"",
        "What plain bodies show, and HTML bodies too unless `html` is set. It may hold the \
         variables at the end of this page; `$${` stands for `${` itself.",
    )
    .required(),
    word(
        Marking,
        "html",
        Text,
        "\"<b>Classified as ${label.name}</b>\"",
        "What HTML bodies show, with the same variables, escaped. It must be whole, and variables \
         stand only where their value is text.",
    ),
    word(
        Marking,
        "position",
        Choice(POSITIONS),
        "\"below-new-text\"",
        "Where a footer stands: at the `end` of everything, or below the new text and above what \
         it quotes. `\"end\"` is the default; a header stands at the top.",
    ),
    word(
        Marking,
        "fallback",
        Choice(FALLBACKS),
        "\"wrap\"",
        "What is done with a letter that must not or cannot be written in: signed or encrypted \
         with S/MIME or OpenPGP, a delivery report, a bare PDF and the like. `\"leave\"`, the \
         default, sends it on without this text. `\"wrap\"` sends a new letter that shows the \
         text and holds the whole original as an attachment, its body untouched. `\"reject\"` \
         refuses the copy with 5.6.0.",
    ),
    word(
        Marking,
        "dkim",
        Choice(DKIM),
        "\"keep\"",
        "What a signature of DKIM or ARC on the letter means. With `\"break\"`, the default, \
         the text is set, and log and audit name the domains whose signature fails now. With \
         `\"keep\"` the letter counts as one that must not be written in: `fallback` holds.",
    ),
    word(
        Marking,
        "color",
        Text,
        "\"#b00020\"",
        "The colour of the text: `#rrggbb`. Given colours take the place of all ours.",
    ),
    word(
        Marking,
        "background",
        Text,
        "\"#fbe6e9\"",
        "The colour behind it: `#rrggbb`. Give both or neither: in a reader's dark mode one alone \
         may not be readable.",
    ),
    word(
        Marking,
        "size",
        Count,
        "10",
        "The size of the text in points, from 6 to 48.",
    ),
    word(
        Marking,
        "font",
        Text,
        "\"Segoe UI\"",
        "The name of its typeface; where it is missing, another without serifs.",
    ),
    word(
        Marking,
        "align",
        Choice(ALIGNMENTS),
        "\"center\"",
        "Where its lines stand; `\"left\"` by default.",
    ),
    word(
        Marking,
        "margin",
        Count,
        "20",
        "How many points part it from the letter in HTML, from 0 to 72; 12 by default. In plain \
         text it is a blank line.",
    ),
    word(
        Marking,
        "languages",
        Tables(Wording),
        "[{ tag = \"de\", text = \"Eingestuft als ${label.name}\" }]",
        "The same in other languages, for those whom a `[[language]]` names. The message splits \
         only where the words differ.",
    ),
    word(
        Wording,
        "tag",
        Text,
        "\"de\"",
        "The language, as in `de` or `pt-BR`; readers of `de-AT` take `de` where there is nothing \
         nearer.",
    )
    .required(),
    word(
        Wording,
        "text",
        Text,
        "\"Eingestuft als ${label.name}\"",
        "The text in that language.",
    )
    .required(),
    word(
        Wording,
        "html",
        Text,
        "\"<b>Eingestuft als ${label.name}</b>\"",
        "The HTML in that language.",
    ),
    word(
        Language,
        "tag",
        Text,
        "\"de\"",
        "The language, as in `de` or `fr-CA`.",
    )
    .required(),
    word(
        Language,
        "readers",
        Texts,
        "[\"*.de\", \"partner.example\", \"hans@corp.example\"]",
        "Who reads it: addresses, domains, `*.` and a domain, `inside`, `outside`. An address \
         counts before everything else; then the first table that names the recipient.",
    )
    .required(),
];
