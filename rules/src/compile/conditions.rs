//! Conditions: each word of `when` and `unless` becomes a question.

use mail::AmbiguityKind;

use super::{Compiler, shown};
use crate::condition::{
    AddressFields, Children, Condition, Guard, Leaf, Matcher, MessageType, Test, TextOf, Tricks,
};
use crate::facts::Source;
use crate::read::{Entry, Item, Section, Value, nearest};

/// On what ground a condition stands: whether a lie about it would be lenient.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground {
    /// The rule lowers or stops.
    pub lowers: bool,
    /// It stands in `unless`.
    pub unless: bool,
    /// It stands in an odd number of `not`s.
    pub negated: bool,
    /// `sender_verified = true` stands beside it.
    pub verified: bool,
}

impl Ground {
    /// DESIGN: a sender's identity in `unless`, or in a lowering rule, counts only when verified.
    pub fn guard(self) -> Guard {
        match (self.lowers, self.unless, self.negated) {
            (false, false, false) => Guard::Claim,
            (false, false, true) | (false, true, false) | (true, false, false) => Guard::Yes,
            _ => Guard::Both,
        }
    }
}

impl Compiler {
    /// A table all of whose conditions must hold.
    pub(super) fn all(&mut self, section: &Section, ground: Ground) -> Condition {
        let verified = ground.verified || section.flag("sender_verified") == Some(true);
        self.group(section, Ground { verified, ..ground }, Condition::All)
    }

    /// A table any one of whose conditions suffices.
    pub(super) fn any(&mut self, section: &Section, ground: Ground) -> Condition {
        self.group(section, ground, Condition::Any)
    }

    fn group(
        &mut self,
        section: &Section,
        ground: Ground,
        join: fn(Children) -> Condition,
    ) -> Condition {
        let entries = section.entries.iter();
        let mut children: Vec<Condition> = entries
            .filter_map(|entry| self.condition(entry, ground))
            .collect();
        match children.len() {
            1 => children.swap_remove(0),
            _ => join(Children::new(children)),
        }
    }

    fn condition(&mut self, entry: &Entry, ground: Ground) -> Option<Condition> {
        let tables = match &entry.value {
            Value::Tables(tables) => tables.as_slice(),
            _ => &[],
        };
        match (entry.word.name, &entry.value) {
            ("any", _) => {
                let children = tables
                    .iter()
                    .map(|table| self.nested(table, ground))
                    .collect();
                Some(Condition::Any(Children::new(children)))
            }
            ("all", _) => {
                let verified = ground.verified
                    || tables
                        .iter()
                        .any(|table| table.flag("sender_verified") == Some(true));
                let ground = Ground { verified, ..ground };
                let children = tables
                    .iter()
                    .map(|table| self.nested(table, ground))
                    .collect();
                Some(Condition::All(Children::new(children)))
            }
            ("not", Value::Table(table)) => {
                let negated = !ground.negated;
                let inner = self.nested(table, Ground { negated, ..ground });
                Some(Condition::Not(Box::new(inner)))
            }
            _ => self.leaf(entry, ground).map(Condition::Leaf),
        }
    }

    /// A table inside `any`, `all` or `not`: it must say something.
    fn nested(&mut self, section: &Section, ground: Ground) -> Condition {
        if section.entries.is_empty() && section.strangers.is_empty() {
            let help = "an empty table holds for every message; leave it out";
            self.mistake(&section.spot, "an empty table among conditions", help);
        }
        self.all(section, ground)
    }

    fn leaf(&mut self, entry: &Entry, ground: Ground) -> Option<Leaf> {
        let test = self.test(entry)?;
        self.note_needs(&test);
        self.advise_identity(entry, &test, ground);
        if entry.word.name == "message_type" {
            self.advise_forgeable(entry, ground);
        }
        let memo = (!test.is_per_recipient()).then_some(self.memos);
        self.memos += usize::from(memo.is_some());
        Some(Leaf {
            test,
            shown: shown(entry),
            guard: ground.guard(),
            memo,
        })
    }

    fn note_needs(&mut self, test: &Test) {
        self.needs.parts |= test.cost() >= 2;
        self.needs.bodies |= test.cost() >= 3;
        self.needs.documents |= matches!(
            test,
            Test::LabelAtLeast(_) | Test::AttachmentLabelAtLeast(_) | Test::AttachmentUnreadable(_)
        );
        self.asks_labels |= matches!(test, Test::Unlabelled(_) | Test::ForeignLabel(_));
    }

    fn test(&mut self, entry: &Entry) -> Option<Test> {
        let items = entry.value.texts();
        let flag = match entry.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        };
        let number = match entry.value {
            Value::Number(number) => Some(number),
            _ => None,
        };
        Some(match entry.word.name {
            "sender" => Test::Sender(self.parties(items)?),
            "sender_domain" => Test::SenderDomain(self.domains(items)?),
            "sender_header" => Test::Header(AddressFields::From, self.parties(items)?),
            "sender_verified" => Test::SenderVerified(flag?),
            "recipient" => Test::Recipient(self.parties(items)?),
            "recipient_domain" => Test::RecipientDomain(self.domains(items)?),
            "any_recipient" => Test::AnyRecipient(self.parties(items)?),
            "any_recipient_domain" => Test::AnyRecipientDomain(self.domains(items)?),
            "recipient_count_over" => Test::RecipientCountOver(number?),
            "to_header" => Test::Header(AddressFields::To, self.parties(items)?),
            "cc_header" => Test::Header(AddressFields::Cc, self.parties(items)?),
            "to_or_cc_header" => Test::Header(AddressFields::ToOrCc, self.parties(items)?),
            "sender_address_tricks" => Test::SenderTricks(tricks(items)),
            "any_recipient_address_tricks" => Test::RecipientTricks(tricks(items)),
            "source" => Test::Source(
                items
                    .iter()
                    .filter_map(|item| Source::parse(&item.text))
                    .collect(),
            ),
            "peer" => Test::Peer(self.networks(items)?),
            "header_exists" => Test::HeaderExists(self.field_names(items)?),
            "sensitivity" => Test::Sensitivity(lower(items)),
            "importance" => Test::Importance(lower(items)),
            "has_label" => {
                let families: Option<Vec<_>> =
                    items.iter().map(|item| self.label_family(item)).collect();
                Test::HasLabel(families?.concat())
            }
            "label_at_least" => Test::LabelAtLeast(self.label_named(entry.value.text()?)?.1),
            "unlabelled" => Test::Unlabelled(flag?),
            "foreign_label" => Test::ForeignLabel(self.foreign_labels(entry)?),
            "attachment_label_at_least" => {
                Test::AttachmentLabelAtLeast(self.label_named(entry.value.text()?)?.1)
            }
            "attachment_unreadable" => Test::AttachmentUnreadable(flag?),
            "has_attachment" => Test::HasAttachment(flag?),
            "attachment_extension" => Test::AttachmentExtension(self.extensions(items)),
            "attachment_type" => Test::AttachmentType(self.media_types(items)?),
            "attachment_size_over" => Test::AttachmentSizeOver(number?),
            "attachment_count_over" => Test::AttachmentCountOver(number?),
            "message_size_over" => Test::MessageSizeOver(number?),
            "message_type" => Test::MessageType(items.iter().filter_map(message_type).collect()),
            "charset" => {
                let expanded = self.expand(items);
                Test::Charset(lower(&expanded))
            }
            "ambiguous" => match flag {
                Some(flag) => Test::Ambiguous(flag),
                None => Test::AmbiguousKinds(self.ambiguity_kinds(items)?),
            },
            name => return self.text_test(name, entry),
        })
    }

    /// Words and patterns: `subject_contains`, `body_matches`, `header_contains`, ….
    fn text_test(&mut self, name: &str, entry: &Entry) -> Option<Test> {
        let (of, items) = match (name.rsplit_once('_')?.0, &entry.value) {
            ("header", Value::Table(section)) => {
                let field = section.text("name")?;
                let field = self
                    .field_names(std::slice::from_ref(field))?
                    .swap_remove(0);
                (TextOf::Header(field), words_or_patterns(name, section))
            }
            (of, Value::Table(section)) => {
                let named = self.attribute_asked(section)?;
                let of = match of {
                    "sender_attribute" => TextOf::SenderAttribute(named),
                    "recipient_attribute" => TextOf::RecipientAttribute(named),
                    "any_recipient_attribute" => TextOf::AnyRecipientAttribute(named),
                    _ => return None,
                };
                (of, words_or_patterns(name, section))
            }
            ("sender", value) => (TextOf::Sender, value.texts()),
            ("recipient", value) => (TextOf::Recipient, value.texts()),
            ("any_recipient", value) => (TextOf::AnyRecipient, value.texts()),
            ("subject", value) => (TextOf::Subject, value.texts()),
            ("body", value) => (TextOf::Body, value.texts()),
            ("subject_or_body", value) => (TextOf::SubjectOrBody, value.texts()),
            ("attachment_name", value) => (TextOf::AttachmentName, value.texts()),
            _ => return None,
        };
        let matcher: Matcher = match name.ends_with("_contains") {
            true => self.words(items)?,
            false => self.patterns(items)?,
        };
        Some(Test::Text(of, matcher))
    }

    pub(super) fn field_names(&mut self, items: &[Item]) -> Option<Vec<String>> {
        let mut sound = true;
        for item in items {
            // RFC 5322 §2.2: printable ASCII without the colon.
            if !item
                .text
                .bytes()
                .all(|byte| matches!(byte, 33..=57 | 59..=126))
            {
                let message = format!("`{}` is no name of a header field", item.text);
                let help = "write the name alone, without colon or blanks";
                self.mistake(&item.spot, message, help);
                sound = false;
            }
        }
        sound.then(|| items.iter().map(|item| item.text.clone()).collect())
    }

    fn extensions(&mut self, items: &[Item]) -> Vec<String> {
        let expanded = self.expand(items);
        for item in expanded
            .iter()
            .filter(|item| item.text.contains(['.', '*', ' ']))
        {
            let message = format!("`{}` is no extension", item.text);
            let bare = item.text.rsplit('.').next().unwrap_or_default().trim();
            self.mistake(
                &item.spot,
                message,
                format!("write the last part alone: \"{bare}\""),
            );
        }
        lower(&expanded)
    }

    fn media_types(&mut self, items: &[Item]) -> Option<Vec<String>> {
        let expanded = self.expand(items);
        let mut sound = true;
        for item in &expanded {
            let parts: Vec<&str> = item.text.split('/').collect();
            let token = |text: &str| !text.is_empty() && !text.contains(['*', ' ', ';']);
            let valid =
                matches!(parts[..], [main, sub] if token(main) && (token(sub) || sub == "*"));
            if !valid {
                let message = format!("`{}` is no media type", item.text);
                self.mistake(
                    &item.spot,
                    message,
                    "write type/subtype, or type/* for all of one",
                );
                sound = false;
            }
        }
        sound.then(|| lower(&expanded))
    }

    fn ambiguity_kinds(&mut self, items: &[Item]) -> Option<Vec<AmbiguityKind>> {
        let words = || AmbiguityKind::ALL.iter().map(|kind| kind.as_str());
        let mut kinds = Vec::new();
        for item in items {
            match AmbiguityKind::ALL
                .iter()
                .find(|kind| kind.as_str() == item.text)
            {
                Some(kind) => kinds.push(*kind),
                None => {
                    let message = format!("`{}` is no kind of ambiguity", item.text);
                    let help = match nearest(&item.text, words()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("there are {}", words().collect::<Vec<_>>().join(", ")),
                    };
                    self.mistake(&item.spot, message, help);
                }
            }
        }
        (kinds.len() == items.len()).then_some(kinds)
    }
}

/// What `…_contains` or `…_matches` compares with, where a table says it.
fn words_or_patterns<'s>(name: &str, section: &'s Section) -> &'s [Item] {
    section.texts(match name.ends_with("_contains") {
        true => "words",
        false => "pattern",
    })
}

fn tricks(items: &[Item]) -> Tricks {
    Tricks::of(items.iter().map(|item| item.text.as_str()))
}

fn lower(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| item.text.to_lowercase()).collect()
}

fn message_type(item: &Item) -> Option<MessageType> {
    Some(match item.text.as_str() {
        "delivery-report" => MessageType::DeliveryReport,
        "read-receipt" => MessageType::ReadReceipt,
        "auto-reply" => MessageType::AutoReply,
        "calendar" => MessageType::Calendar,
        "signed" => MessageType::Signed,
        "encrypted" => MessageType::Encrypted,
        "mailing-list" => MessageType::MailingList,
        _ => return None,
    })
}
