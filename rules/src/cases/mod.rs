//! Cases: mails and what must come out, in the admin's own format.
//!
//! Running one opens no file: whoever runs it brings the mail.

mod run;

use core::net::IpAddr;

use mail::time::Zone;
use mail::{Address, Rights, Sender, Timestamp};

use crate::diagnostic::{Diagnostic, Spot};
use crate::facts::Source;
use crate::read::{Item, Section, Value};

pub use run::{CaseFailure, run_case, run_case_with};

/// 2026-01-01T12:00:00Z: when a case is judged that does not say.
const DEFAULT_AT: i64 = 1_767_268_800;

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What must hold.
    pub name: String,
    /// The file it stands in, as [`crate::RuleFile::name`] gave it.
    pub file: String,
    /// Its line, counted from one.
    pub line: usize,
    /// Where the mail is.
    pub mail: CaseMail,
    /// The envelope's sender.
    pub from: Sender,
    /// The envelope's recipients; never empty.
    pub to: Vec<Address>,
    /// The side it came in on; without it, the sender's own.
    pub source: Option<Source>,
    /// When it is judged.
    pub at: Timestamp,
    /// The peer.
    pub ip: Option<IpAddr>,
    /// The login that the peer proved.
    pub login: Option<String>,
    /// The name of the label that its thread had before.
    pub thread_label: Option<String>,
    /// Exactly who is notified.
    pub notified: Option<Vec<String>>,
    /// What must come out.
    pub expect: Vec<Expect>,
}

/// Where a case's mail is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseMail {
    /// In a file, seen from the file the case stands in.
    File(String),
    /// In the case itself, with CRLF line ends.
    Text(String),
}

/// What must come out for one recipient.
#[derive(Clone, Debug)]
pub struct Expect {
    /// Whose copy.
    pub to: Address,
    /// What happens to it.
    pub outcome: String,
    /// The label it leaves with: a name, or `none`.
    pub label: Option<String>,
    /// Exactly the attached files in which a label is set, part and name.
    pub attachments: Option<Vec<String>>,
    /// What a sealed copy's reader may do.
    pub rights: Option<Rights>,
    /// The enhanced code of a reject.
    pub code: Option<String>,
    /// The subject it leaves with.
    pub subject: Option<String>,
    /// Texts its body holds.
    pub contains: Vec<String>,
    /// Header fields it leaves with, `Name: value`.
    pub fields: Vec<String>,
    /// Names of header fields it leaves without.
    pub no_fields: Vec<String>,
    /// Texts its body does not hold.
    pub lacks: Vec<String>,
    /// Exactly the rules that took effect.
    pub because: Option<Vec<String>>,
    /// Rules that must not have.
    pub not_because: Vec<String>,
}

/// Reads one `[[case]]` of a site in this zone.
pub(crate) fn read(section: &Section, zone: Zone, found: &mut Vec<Diagnostic>) -> Option<Case> {
    let mut reader = CaseReader { found, sound: true };
    let name = section.text("name")?;
    let expect: Vec<Expect> = section
        .tables("expect")
        .iter()
        .filter_map(|table| reader.expect(table))
        .collect();
    let case = Case {
        name: name.text.clone(),
        file: name.spot.file.name.clone(),
        line: section.spot.line(),
        mail: reader.mail(section)?,
        from: reader.sender(section.text("from")?)?,
        to: reader.recipients(section, &expect),
        source: section
            .text("source")
            .and_then(|source| Source::parse(&source.text)),
        at: match section.value("at") {
            Some(Value::Moment(at)) => at.in_zone(zone),
            _ => Timestamp::from_unix(DEFAULT_AT),
        },
        ip: section.text("ip").and_then(|ip| reader.ip(ip)),
        login: section.text("login").map(|login| login.text.clone()),
        thread_label: section.text("thread_label").map(|label| label.text.clone()),
        notified: section.value("notified").map(|value| owned(value.texts())),
        expect,
    };
    if case.to.is_empty() {
        let help = "give it a [[case.expect]] with `to`, or `to = [\"…\"]`";
        reader.mistake(&name.spot, "this case has no recipient", help);
    }
    reader.sound.then_some(case)
}

struct CaseReader<'f> {
    found: &'f mut Vec<Diagnostic>,
    sound: bool,
}

impl CaseReader<'_> {
    fn mistake(&mut self, spot: &Spot, message: impl Into<String>, help: &str) {
        self.found
            .push(Diagnostic::mistake(spot.clone(), message).help(help));
        self.sound = false;
    }

    fn mail(&mut self, section: &Section) -> Option<CaseMail> {
        match (section.text("message"), section.text("text")) {
            (Some(file), None) if is_plain_path(&file.text) => {
                Some(CaseMail::File(file.text.clone()))
            }
            (Some(file), None) => {
                let help =
                    "write a name, or folders and a name, without `..` and not from the root";
                self.mistake(&file.spot, "this path leads away from the rules", help);
                None
            }
            (None, Some(text)) => {
                let lines = text.text.replace("\r\n", "\n").replace('\n', "\r\n");
                Some(CaseMail::Text(lines))
            }
            _ => {
                let spot = &section.text("name")?.spot;
                let help = "`message` names a file, `text` holds the mail itself";
                self.mistake(spot, "a case has either `message` or `text`", help);
                None
            }
        }
    }

    fn sender(&mut self, item: &Item) -> Option<Sender> {
        match item.text.as_str() {
            "<>" => Some(Sender::Null),
            _ => self.address(item).map(Sender::Mailbox),
        }
    }

    fn address(&mut self, item: &Item) -> Option<Address> {
        let address = Address::parse(&item.text);
        if address.is_err() {
            let message = format!("`{}` is no address", item.text);
            let help = "write local@domain alone, without a name or angle brackets";
            self.mistake(&item.spot, message, help);
        }
        address.ok()
    }

    fn recipients(&mut self, section: &Section, expect: &[Expect]) -> Vec<Address> {
        match section.value("to") {
            Some(to) => to
                .texts()
                .iter()
                .filter_map(|item| self.address(item))
                .collect(),
            None => expect.iter().map(|expect| expect.to.clone()).collect(),
        }
    }

    fn ip(&mut self, item: &Item) -> Option<IpAddr> {
        let ip = item.text.parse();
        if ip.is_err() {
            let message = format!("`{}` is no IP address", item.text);
            self.mistake(
                &item.spot,
                message,
                "write one address: 192.0.2.7 or 2001:db8::7",
            );
        }
        ip.ok()
    }

    fn expect(&mut self, section: &Section) -> Option<Expect> {
        let text = |name| section.text(name).map(|item: &Item| item.text.clone());
        let rights = section.text("rights").and_then(|item| {
            let rights = Rights::parse(&item.text);
            if rights.is_none() {
                let message = format!("`{}` are no rights", item.text);
                self.mistake(&item.spot, message, "as in `seal`: \"do-not-forward\"");
            }
            rights
        });
        Some(Expect {
            to: self.address(section.text("to")?)?,
            outcome: text("outcome")?,
            label: text("label"),
            attachments: section
                .value("attachments")
                .map(|value| owned(value.texts())),
            rights,
            code: text("code"),
            subject: text("subject"),
            contains: owned(section.texts("contains")),
            fields: owned(section.texts("fields")),
            no_fields: owned(section.texts("no_fields")),
            lacks: owned(section.texts("lacks")),
            because: section.value("because").map(|value| owned(value.texts())),
            not_because: owned(section.texts("not_because")),
        })
    }
}

fn owned(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| item.text.clone()).collect()
}

/// A path that stays below the folder it is seen from.
fn is_plain_path(path: &str) -> bool {
    !path.starts_with('/')
        && !path.contains(['\\', '\0'])
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}
