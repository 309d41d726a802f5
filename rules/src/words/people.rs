//! Words about people: who they are, and conditions on what is said of them.

use super::Kind::{NamedTexts, Names, Table, Text, Texts};
use super::Place::{AttributePattern, AttributeWords, Condition, Person};
use super::{Word, word};

/// An attribute of a person.
const fn attribute(name: &'static str, example: &'static str, doc: &'static str) -> Word {
    word(Person, name, Text, example, doc)
}

pub(super) const WORDS: &[Word] = &[
    word(
        Person,
        "address",
        Names,
        "[\"anna@corp.example\", \"a.berg@corp.example\"]",
        "Their addresses, in any case. No two people share one. A login that the peer proves must \
         be among them, or the local part of one that is no other person's.",
    )
    .required(),
    attribute(
        "name",
        "\"Anna Berg\"",
        "LDAP `displayName`, Exchange `%%DisplayName%%`. `${sender.name}` is this, in place of \
         what From says.",
    ),
    attribute(
        "first_name",
        "\"Anna\"",
        "LDAP `givenName`, Exchange `%%FirstName%%`.",
    ),
    attribute(
        "last_name",
        "\"Berg\"",
        "LDAP `sn`, Exchange `%%LastName%%`.",
    ),
    attribute(
        "initials",
        "\"AB\"",
        "LDAP `initials`, Exchange `%%Initials%%`.",
    ),
    attribute(
        "title",
        "\"Head of Sales\"",
        "LDAP `title`, Exchange `%%Title%%`.",
    ),
    attribute(
        "department",
        "\"Sales\"",
        "LDAP `department`, Exchange `%%Department%%`.",
    ),
    attribute(
        "company",
        "\"Corp Ltd\"",
        "LDAP `company` or `o`, Exchange `%%Company%%`.",
    ),
    attribute(
        "office",
        "\"B 12\"",
        "LDAP `physicalDeliveryOfficeName`, Exchange `%%Office%%`.",
    ),
    attribute(
        "phone",
        "\"+49 30 901820\"",
        "LDAP `telephoneNumber`, Exchange `%%Phone%%`.",
    ),
    attribute(
        "mobile",
        "\"+49 151 5550100\"",
        "LDAP `mobile`, Exchange `%%MobilePhone%%`.",
    ),
    attribute(
        "home_phone",
        "\"+49 30 5550101\"",
        "LDAP `homePhone`, Exchange `%%HomePhone%%`.",
    ),
    attribute(
        "fax",
        "\"+49 30 901821\"",
        "LDAP `facsimileTelephoneNumber`, Exchange `%%Fax%%`.",
    ),
    attribute(
        "pager",
        "\"+49 30 901822\"",
        "LDAP `pager`, Exchange `%%Pager%%`.",
    ),
    attribute(
        "street",
        "\"1 Harbour Road\"",
        "LDAP `street` or `streetAddress`, Exchange `%%StreetAddress%%`.",
    ),
    attribute(
        "post_office_box",
        "\"1234\"",
        "LDAP `postOfficeBox`, Exchange `%%PostOfficeBox%%`.",
    ),
    attribute(
        "postal_code",
        "\"10115\"",
        "LDAP `postalCode`, Exchange `%%PostalCode%%`.",
    ),
    attribute("city", "\"Berlin\"", "LDAP `l`, Exchange `%%City%%`."),
    attribute(
        "state",
        "\"Berlin\"",
        "LDAP `st`, Exchange `%%StateOrProvince%%`.",
    ),
    attribute(
        "country",
        "\"DE\"",
        "LDAP `c` or `co`, Exchange `%%CountryOrRegion%%`.",
    ),
    attribute(
        "manager",
        "\"Carla Dietz\"",
        "Their manager's name; in LDAP `manager` is an entry, Exchange's `%%Manager%%` its name.",
    ),
    attribute(
        "notes",
        "\"Wednesdays off\"",
        "LDAP `info`, Exchange `%%Notes%%`.",
    ),
    word(
        Person,
        "custom",
        NamedTexts,
        "{ cost_centre = \"4711\" }",
        "Attributes under names of your own, shown by `${sender.custom.cost_centre}`: Exchange's \
         custom attributes, or whatever else is known. A name has letters, digits, `_` and `-`.",
    ),
    word(
        Condition,
        "sender_attribute_contains",
        Table(AttributeWords),
        "{ name = \"department\", words = [\"finance\"] }",
        "Words in what a `[[person]]` says of the envelope's sender. A claimed sender is a claim, \
         as in `sender`.",
    ),
    word(
        Condition,
        "sender_attribute_matches",
        Table(AttributePattern),
        "{ name = \"custom.cost_centre\", pattern = \"^47\" }",
        "Patterns in what a `[[person]]` says of the envelope's sender.",
    ),
    word(
        Condition,
        "recipient_attribute_contains",
        Table(AttributeWords),
        "{ name = \"department\", words = [\"finance\"] }",
        "Words in what a `[[person]]` says of this recipient. Judged for each recipient.",
    ),
    word(
        Condition,
        "recipient_attribute_matches",
        Table(AttributePattern),
        "{ name = \"country\", pattern = \"^(US|CA)$\" }",
        "Patterns in what a `[[person]]` says of this recipient.",
    ),
    word(
        Condition,
        "any_recipient_attribute_contains",
        Table(AttributeWords),
        "{ name = \"department\", words = [\"press\"] }",
        "As `recipient_attribute_contains`, for any one of all recipients.",
    ),
    word(
        Condition,
        "any_recipient_attribute_matches",
        Table(AttributePattern),
        "{ name = \"country\", pattern = \"^(US|CA)$\" }",
        "As `recipient_attribute_matches`, for any one of all recipients.",
    ),
    word(
        AttributeWords,
        "name",
        Text,
        "\"department\"",
        "The attribute, as a `[[person]]` has it; `custom.NAME` for one of your own.",
    )
    .required(),
    word(
        AttributeWords,
        "words",
        Texts,
        "[\"finance\"]",
        "The words, as in `subject_contains`.",
    )
    .required(),
    word(
        AttributePattern,
        "name",
        Text,
        "\"custom.cost_centre\"",
        "The attribute, as a `[[person]]` has it; `custom.NAME` for one of your own.",
    )
    .required(),
    word(
        AttributePattern,
        "pattern",
        Texts,
        "\"^47\"",
        "The patterns, as in `subject_matches`.",
    )
    .required(),
];
