//! The answers to single questions.

use mail::label::Foreign;
use mail::marking::Named;
use mail::{Address, Ambiguity, LabelId, Sender};

use super::kinds;
use super::{AddressFields, Asker, ForeignLabels, Guard, Leaf, Matcher, Test, TextOf, Truth, peer};
use crate::facts::DocumentState;
use crate::look::{Attached, Bodies};
use crate::matching::{Domains, Parties, Where, composed, plain};

impl Leaf {
    /// The answer; remembered where it is the same for every copy.
    pub fn ask(&self, asker: &Asker<'_>) -> Truth {
        let cell = match self.memo {
            Some(at) if asker.draft.is_as_read() => &asker.look.memo[at],
            _ => return self.answer(asker),
        };
        if let Some(known) = cell.get() {
            // What the answer rested on must also be remembered.
            self.test.note(asker);
            return known;
        }
        let answer = self.answer(asker);
        cell.set(Some(answer));
        answer
    }

    fn answer(&self, asker: &Asker<'_>) -> Truth {
        self.test.note(asker);
        let answer = self.test.ask(asker);
        if self.guard == Guard::Claim || !self.test.is_identity() || self.holds_by_side(asker) {
            return answer;
        }
        let counts = match answer {
            Truth::Yes => asker.look.sender_verified(),
            _ => self.guard == Guard::Yes || asker.look.sender_verified(),
        };
        if counts { answer } else { Truth::Unknown }
    }

    /// The side is known from the listener; no claim is needed for it.
    fn holds_by_side(&self, asker: &Asker<'_>) -> bool {
        match &self.test {
            Test::Sender(parties) => parties.holds_side(asker.look.side_of_sender()),
            _ => false,
        }
    }
}

impl Test {
    /// Notes what kind of content was asked about.
    fn note(&self, asker: &Asker<'_>) {
        match self {
            // Whether it is ambiguous is known, however it is read.
            Self::Ambiguous(_) | Self::AmbiguousKinds(_) => {}
            Self::LabelAtLeast(priority) if asker.label_priority() >= Some(*priority) => {
                asker.look.ask_header();
            }
            Self::LabelAtLeast(_) => asker.look.ask_parts(),
            test => match test.cost() {
                0 => {}
                1 => asker.look.ask_header(),
                _ => asker.look.ask_parts(),
            },
        }
    }

    fn ask(&self, asker: &Asker<'_>) -> Truth {
        let look = asker.look;
        match self {
            Self::Sender(parties) => asker.sender(parties),
            Self::SenderDomain(domains) => asker.sender_domain(domains),
            Self::SenderVerified(wanted) => Truth::of(look.sender_verified() == *wanted),
            Self::Header(fields, parties) => asker.header_addresses(*fields, parties),
            Self::SenderTricks(wanted) => asker.sender_tricks(wanted),
            Self::RecipientTricks(wanted) => asker.recipient_tricks(wanted),
            Self::Recipient(parties) => Truth::of(parties.contains(asker.recipient, asker.side)),
            Self::RecipientDomain(domains) => Truth::of(domains.contains(asker.recipient)),
            Self::AnyRecipient(parties) => {
                asker.any(|recipient| parties.contains(recipient, look.side_of(recipient)))
            }
            Self::AnyRecipientDomain(domains) => asker.any(|one| domains.contains(one)),
            Self::RecipientCountOver(count) => Truth::of(asker.recipients.len() as u64 > *count),
            Self::Source(sources) => Truth::of(sources.contains(&look.facts.source)),
            Self::Peer(networks) => peer(networks, look.facts.peer),
            Self::Text(of, matcher) => asker.text(of, matcher),
            Self::HeaderExists(names) => {
                Truth::of(names.iter().any(|name| !asker.header(name).is_empty()))
            }
            Self::Sensitivity(wanted) => asker.word_in("Sensitivity", wanted, None),
            Self::Importance(wanted) => asker.word_in("Importance", wanted, Some("normal")),
            Self::HasLabel(labels) => Truth::of(
                asker
                    .draft
                    .label
                    .as_ref()
                    .is_some_and(|label| labels.contains(label)),
            ),
            Self::LabelAtLeast(priority) => asker.label_at_least(*priority),
            Self::ForeignLabel(wanted) => {
                let mut foreign = look.labels().foreign.iter();
                Truth::of(foreign.any(|label| wanted.holds(label)))
            }
            Self::Unlabelled(wanted) => Truth::of(asker.draft.label.is_none() == *wanted),
            Self::MessageSizeOver(size) => Truth::of(look.message().raw().len() as u64 > *size),
            Self::MessageType(kinds) => kinds::message_type(look, kinds),
            Self::Charset(names) => kinds::charset(look, names),
            Self::Ambiguous(wanted) => {
                Truth::of(look.message().ambiguities().is_empty() != *wanted)
            }
            Self::AmbiguousKinds(kinds) => {
                let among = |found: &Ambiguity| kinds.contains(&found.kind);
                Truth::of(look.message().ambiguities().iter().any(among))
            }
            attachments => attachments.ask_attachments(asker),
        }
    }

    fn ask_attachments(&self, asker: &Asker<'_>) -> Truth {
        let look = asker.look;
        let closed = || look.is_hidden();
        match self {
            Self::AttachmentLabelAtLeast(priority) => asker.document_label_at_least(*priority),
            Self::AttachmentUnreadable(wanted) => {
                let closed = |state: &DocumentState| matches!(state, DocumentState::Unknown(_));
                let any = look
                    .facts
                    .documents
                    .iter()
                    .any(|document| closed(&document.state));
                Truth::of(any == *wanted)
            }
            Self::HasAttachment(wanted) => {
                Truth::of(look.attachments().next().is_some() == *wanted)
            }
            Self::AttachmentExtension(extensions) => {
                let has = |name: &String| {
                    let extension = name.trim_end().rsplit_once('.').map(|(_, last)| last);
                    extension.is_some_and(|last| extensions.contains(&last.to_lowercase()))
                };
                let any = look.attachments().any(|one| one.names().iter().any(has));
                Truth::of(any).unless_hidden(closed)
            }
            Self::AttachmentType(types) => {
                Truth::of(kinds::attachment_type(look, types)).unless_hidden(closed)
            }
            Self::AttachmentSizeOver(size) => {
                Truth::of(kinds::attachment_over(look, *size)).unless_hidden(closed)
            }
            Self::AttachmentCountOver(count) => {
                Truth::of(look.attachment_count() as u64 > *count).unless_hidden(closed)
            }
            // Every other question was answered by `ask`.
            _ => Truth::Unknown,
        }
    }
}

impl Asker<'_> {
    fn sender(&self, parties: &Parties) -> Truth {
        match &self.look.facts.envelope.sender {
            Sender::Null => Truth::No,
            Sender::Mailbox(address) => {
                Truth::of(parties.contains(address, self.look.side_of_sender()))
            }
        }
    }

    fn sender_domain(&self, domains: &Domains) -> Truth {
        let sender = self.look.facts.envelope.sender.address();
        Truth::of(sender.is_some_and(|address| domains.contains(address)))
    }

    fn any(&self, holds: impl Fn(&Address) -> bool) -> Truth {
        Truth::of(self.recipients.iter().any(holds))
    }

    /// Anything that is no address is outside and has no name.
    fn header_addresses(&self, fields: AddressFields, parties: &Parties) -> Truth {
        let (names, from): (&[&str], bool) = match fields {
            AddressFields::From => (&["From"], true),
            AddressFields::To => (&["To"], false),
            AddressFields::Cc => (&["Cc"], false),
            AddressFields::ToOrCc => (&["To", "Cc"], false),
        };
        let mailboxes = names
            .iter()
            .flat_map(|name| self.look.message().mailboxes(name));
        let holds = |mailbox: mail::Mailbox| match Address::parse(&mailbox.address) {
            Err(_) => parties.holds_side(Where::Outside),
            Ok(address) if from => parties.contains(&address, self.look.side_of_claimed(&address)),
            Ok(address) => parties.contains(&address, self.look.side_of(&address)),
        };
        Truth::of(mailboxes.into_iter().any(holds))
    }

    /// The texts of a field as earlier rules left it.
    fn header(&self, name: &str) -> Vec<String> {
        match self.draft.header(name) {
            Some(set) => set.into_iter().map(str::to_owned).collect(),
            None => self.look.header(name),
        }
    }

    fn word_in(&self, field: &str, wanted: &[String], default: Option<&str>) -> Truth {
        let mut words: Vec<String> = self
            .header(field)
            .iter()
            .map(|text| text.trim().to_ascii_lowercase())
            .collect();
        let known = |word: &String| crate::words::IMPORTANCES.contains(&word.as_str());
        if let Some(default) = default.filter(|_| !words.iter().any(known)) {
            words.push(default.to_owned());
        }
        Truth::of(words.iter().any(|word| wanted.contains(word)))
    }

    fn text(&self, of: &TextOf, matcher: &Matcher) -> Truth {
        let look = self.look;
        let one = |text: &str| Truth::of(matcher.matches_one(text));
        match of {
            TextOf::Sender => look
                .facts
                .envelope
                .sender
                .address()
                .map_or(Truth::No, |a| one(a.as_str())),
            TextOf::Recipient => one(self.recipient.as_str()),
            TextOf::AnyRecipient => self.any(|each| matcher.matches_one(each.as_str())),
            TextOf::Subject => self.subject(matcher),
            TextOf::Body => self.body(matcher),
            TextOf::SubjectOrBody => match self.subject(matcher) {
                Truth::Yes => Truth::Yes,
                seen => seen.max(self.body(matcher)),
            },
            TextOf::Header(name) => Truth::of(
                self.header(name)
                    .iter()
                    .any(|text| matcher.matches_one(text)),
            ),
            TextOf::SenderAttribute(named) => {
                let sender = look.facts.envelope.sender.address();
                Truth::of(sender.is_some_and(|sender| self.says(sender, named, matcher)))
            }
            TextOf::RecipientAttribute(named) => {
                Truth::of(self.says(self.recipient, named, matcher))
            }
            TextOf::AnyRecipientAttribute(named) => {
                self.any(|each| self.says(each, named, matcher))
            }
            TextOf::AttachmentName => {
                let found = match matcher {
                    Matcher::Words(words) => look
                        .names_plain()
                        .iter()
                        .any(|name| words.find(name).is_some()),
                    Matcher::Patterns(patterns) => {
                        let mut names = look.attachments().flat_map(Attached::names);
                        names.any(|name| patterns.is_match(&composed(name)))
                    }
                };
                Truth::of(found).unless_hidden(|| look.is_hidden())
            }
        }
    }

    /// Whether such a thing is said of whoever has this address.
    fn says(&self, address: &Address, named: &Named, matcher: &Matcher) -> bool {
        let value = self.look.home.people.attribute(address, named);
        value.is_some_and(|value| matcher.matches_one(value))
    }

    fn subject(&self, matcher: &Matcher) -> Truth {
        if let Some(subject) = self.draft.header("Subject") {
            return Truth::of(subject.is_some_and(|text| matcher.matches_one(text)));
        }
        Truth::of(matcher.matches(self.look.subjects(), || self.look.subjects_plain()))
    }

    fn body(&self, matcher: &Matcher) -> Truth {
        let Bodies { texts, complete } = self.look.bodies();
        let found = matcher.matches(texts, || self.look.bodies_plain());
        Truth::of(found).unless_hidden(|| !complete || self.look.is_hidden())
    }

    fn label_priority(&self) -> Option<u32> {
        self.priority(self.draft.label.as_ref()?)
    }

    fn priority(&self, label: &LabelId) -> Option<u32> {
        self.look.home.labels.get(label).map(|label| label.priority)
    }

    fn label_at_least(&self, priority: u32) -> Truth {
        match self.label_priority() >= Some(priority) {
            true => Truth::Yes,
            false => self.document_label_at_least(priority),
        }
    }

    fn document_label_at_least(&self, priority: u32) -> Truth {
        let documents = self.look.documents();
        let high = |label: &LabelId| self.priority(label) >= Some(priority);
        let found = documents
            .iter()
            .any(|document| document.labels.iter().any(high));
        let closed = |state: &DocumentState| matches!(state, DocumentState::Unknown(_));
        Truth::of(found).unless_hidden(|| documents.iter().any(|document| closed(&document.state)))
    }
}

impl ForeignLabels {
    fn holds(&self, label: &Foreign) -> bool {
        let is_of = |site: &String| self.sites.iter().any(|own| own.eq_ignore_ascii_case(site));
        let is_called = |name: &String| self.names.contains(&name.trim().to_lowercase());
        (self.sites.is_empty() || label.site.as_ref().is_some_and(is_of))
            && (self.ids.is_empty() || self.ids.contains(&label.id))
            && (self.names.is_empty() || label.name.as_ref().is_some_and(is_called))
    }
}

impl Matcher {
    fn matches_one(&self, text: &str) -> bool {
        match self {
            Self::Words(words) => words.find(&plain(text)).is_some(),
            Self::Patterns(patterns) => patterns.is_match(&composed(text)),
        }
    }

    fn matches<'t>(&self, texts: &[String], plain: impl FnOnce() -> &'t [String]) -> bool {
        match self {
            Self::Words(words) => plain().iter().any(|text| words.find(text).is_some()),
            Self::Patterns(patterns) => texts.iter().any(|text| patterns.is_match(text)),
        }
    }
}
