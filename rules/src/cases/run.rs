//! Running a case: judge its mail, compare what came out.

use std::fmt;

use mail::{BodyType, Envelope, Message, Recipients, Sender};

use super::{Case, Expect};
use crate::explain::Explanation;
use crate::facts::{DocumentFact, Facts, Source};
use crate::policy::Policy;
use crate::verdict::{Copy, Fate, Verdict};

/// What was wrong with a case's outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFailure {
    /// The case.
    pub case: String,
    /// The file it stands in.
    pub file: String,
    /// Its line, counted from one.
    pub line: usize,
    /// What differed, a sentence each.
    pub differences: Vec<String>,
    /// What happened, and why.
    pub explanation: String,
}

impl fmt::Display for CaseFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{}: {}", self.file, self.line, self.case)?;
        for difference in &self.differences {
            writeln!(f, "  {difference}")?;
        }
        writeln!(f, "what happened, and why:")?;
        self.explanation
            .lines()
            .try_for_each(|line| writeln!(f, "  | {line}"))
    }
}

impl std::error::Error for CaseFailure {}

/// Runs a case with its mail, whose attached files nobody looked into.
pub fn run_case(policy: &Policy, case: &Case, raw: &[u8]) -> Result<(), CaseFailure> {
    run_case_with(policy, case, raw, Vec::new())
}

/// Runs a case with its mail and what stands inside its attached files.
pub fn run_case_with(
    policy: &Policy,
    case: &Case,
    raw: &[u8],
    documents: Vec<DocumentFact>,
) -> Result<(), CaseFailure> {
    let failure = |differences: Vec<String>, explanation: String| CaseFailure {
        case: case.name.clone(),
        file: case.file.clone(),
        line: case.line,
        differences,
        explanation,
    };
    let message = Message::parse(raw);
    let Some(recipients) = Recipients::new(case.to.clone()) else {
        return Err(failure(vec!["it has no recipient".into()], String::new()));
    };
    let body = BodyType::EightBitMime;
    let envelope = Envelope {
        sender: case.from.clone(),
        recipients,
        body,
        smtputf8: true,
    };
    let source = case
        .source
        .unwrap_or_else(|| natural_source(policy, &case.from));
    let mut facts = Facts::new(case.at, source, &envelope, &message);
    facts.documents = documents;
    facts.peer = case.ip;
    facts.authenticated = case.login.clone();
    if let Some(name) = &case.thread_label {
        match policy.labels().by_name(name) {
            Some(label) => facts.thread_label = Some(label.id.clone()),
            None => {
                return Err(failure(
                    vec![format!("there is no label `{name}`")],
                    String::new(),
                ));
            }
        }
    }
    let explanation = policy.explain(&facts);
    let differences = differences(policy, case, &message, &explanation);
    match differences.is_empty() {
        true => Ok(()),
        false => Err(failure(differences, explanation.to_text())),
    }
}

/// Inside when the sender is in an own domain.
fn natural_source(policy: &Policy, from: &Sender) -> Source {
    let own = from
        .address()
        .is_some_and(|address| policy.home.domains.contains(address));
    if own { Source::Inside } else { Source::Outside }
}

fn differences(
    policy: &Policy,
    case: &Case,
    message: &Message<'_>,
    explanation: &Explanation,
) -> Vec<String> {
    let judgement = &explanation.judgement;
    let mut found = Vec::new();
    for expect in &case.expect {
        match judgement
            .copies
            .iter()
            .find(|copy| copy.recipient == expect.to)
        {
            Some(copy) => Comparison {
                policy,
                expect,
                copy,
                found: &mut found,
            }
            .all(message),
            None => found.push(format!("{} gets no copy", expect.to)),
        }
    }
    if let Some(expected) = &case.notified {
        let mut told: Vec<String> = judgement
            .notifications
            .iter()
            .flat_map(|sent| sent.to.iter().map(ToString::to_string))
            .collect();
        let mut expected = expected.clone();
        told.sort();
        expected.sort();
        if told != expected {
            let (expected, told) = (list(&expected), list(&told));
            found.push(format!("notified should be {expected} and is {told}"));
        }
    }
    found
}

struct Comparison<'a> {
    policy: &'a Policy,
    expect: &'a Expect,
    copy: &'a Copy,
    found: &'a mut Vec<String>,
}

impl Comparison<'_> {
    fn all(mut self, message: &Message<'_>) {
        let (expect, copy) = (self.expect, self.copy);
        let verdict: &Verdict = &copy.verdict;
        self.compare("outcome", Some(&expect.outcome), verdict.outcome());
        let label = verdict
            .label
            .as_ref()
            .and_then(|label| self.policy.labels().get(label));
        let label = label.map_or("none", |label| label.name.as_str());
        self.compare("label", expect.label.as_deref(), label);
        let expected = expect.attachments.as_ref().map(|files| list(files));
        let labelled = list(&self.labelled());
        self.compare("attachments", expected.as_deref(), &labelled);
        let rights = verdict
            .seal
            .as_ref()
            .map_or("none".into(), |terms| terms.rights.name());
        let expected = expect.rights.map(|rights| rights.name());
        self.compare("rights", expected.as_deref(), &rights);
        let code = match &verdict.fate {
            Fate::Reject { code, .. } => code,
            _ => "none",
        };
        self.compare("code", expect.code.as_deref(), code);
        let because: Vec<String> = verdict.because.iter().map(ToString::to_string).collect();
        let expected = expect.because.as_ref().map(|rules| list(rules));
        self.compare("because", expected.as_deref(), &list(&because));
        for rule in expect
            .not_because
            .iter()
            .filter(|rule| because.contains(rule))
        {
            self.found.push(format!(
                "{}: `{rule}` took effect and should not",
                expect.to
            ));
        }
        let texts = [
            &expect.contains,
            &expect.lacks,
            &expect.fields,
            &expect.no_fields,
        ];
        if expect.subject.is_some() || texts.iter().any(|texts| !texts.is_empty()) {
            self.edited(message);
        }
    }

    /// The attached files in which a label is set, part and name.
    fn labelled(&self) -> Vec<String> {
        let set = self.copy.verdict.attachments.iter();
        let set = set.filter(|file| file.left.is_none()).map(|file| {
            let part = file.part();
            let label = self.policy.labels().get(&file.after);
            format!(
                "{part} {}",
                label.map_or("none", |label| label.name.as_str())
            )
        });
        set.collect()
    }

    fn compare(&mut self, what: &str, expected: Option<&str>, found: &str) {
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            let to = &self.expect.to;
            self.found
                .push(format!("{to}: {what} should be {expected} and is {found}"));
        }
    }

    /// The header fields it leaves with, and without.
    fn fields(&mut self, after: &Message<'_>) {
        let to = &self.expect.to;
        let written = |field| {
            let (name, text) = (after.field_name(field), after.field_text(field));
            format!("{name}: {}", text.trim())
        };
        for wanted in &self.expect.fields {
            let name = wanted.split(':').next().unwrap_or_default().trim();
            let present: Vec<String> = after.fields_named(name).map(written).collect();
            if !present
                .iter()
                .any(|field| field.eq_ignore_ascii_case(wanted))
            {
                let is = list(&present);
                self.found.push(format!(
                    "{to}: a field should be `{wanted}`; there are {is}"
                ));
            }
        }
        for name in &self.expect.no_fields {
            if let Some(field) = after.field(name) {
                let is = written(field);
                self.found.push(format!(
                    "{to}: there should be no field {name}; there is `{is}`"
                ));
            }
        }
    }

    /// What the message says once its edits are applied.
    fn edited(&mut self, message: &Message<'_>) {
        let bytes = match mail::apply(message, &self.copy.verdict.edits) {
            Ok(edited) => edited.bytes,
            Err(error) => {
                let to = &self.expect.to;
                return self
                    .found
                    .push(format!("{to}: the edits cannot be applied: {error}"));
            }
        };
        let after = Message::parse(&bytes);
        let subject = after.subject().unwrap_or_default();
        self.compare("subject", self.expect.subject.as_deref(), &subject);
        self.fields(&after);
        let bodies: Vec<String> = after
            .bodies()
            .into_iter()
            .map(|part| after.text(part))
            .collect();
        let to = &self.expect.to;
        let holds = |text: &&String| bodies.iter().any(|body| body.contains(text.as_str()));
        for text in self.expect.contains.iter().filter(|text| !holds(text)) {
            self.found
                .push(format!("{to}: the body does not hold `{text}`"));
        }
        for text in self.expect.lacks.iter().filter(holds) {
            self.found.push(format!("{to}: the body holds `{text}`"));
        }
    }
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    format!("[{}]", quoted.join(", "))
}
