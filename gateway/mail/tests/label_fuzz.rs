//! Targets over header fields from nowhere: labels and addresses of any bytes are read, in every
//! scheme, within the limits; and over all mail of the corpora, where it is at hand.
//! `FUZZ_ROUNDS` sets how many inputs each target gets; the seed is fixed.

#[path = "common/folder.rs"]
mod folder;
mod house;

use house::{SECRET, SITE, labels, mapping};
use mail::address::{Address, tricks, tricks_of_field};
use mail::label::{Mapping, Method, Reader, STATEMENTS_MAX, Writer};
use mail::{Labels, Message, Timestamp, apply};

struct House {
    labels: Labels,
    mapping: Mapping,
}

impl House {
    /// Any message is read; what is written on it is read back, and nothing contradicts it.
    fn label(&self, bytes: &[u8]) {
        let message = Message::parse(bytes);
        let reader = Reader {
            site: Some(SITE),
            labels: &self.labels,
            mapping: &self.mapping,
        };
        let before = reader.read(&message);
        assert!(before.statements.len() <= STATEMENTS_MAX + 64);
        let writer = Writer {
            site: Some(SITE),
            labels: &self.labels,
            mapping: &self.mapping,
            set_at: Timestamp::from_unix(1_796_306_700),
            action_id: "88124cf5-1340-457d-90e1-0000a9427c99",
            changed_by: "sealgate.corp.example",
            origin: None,
            keeps_foreign: true,
        };
        // The whole house knows Secret, the highest of its labels.
        let secret = self.labels.get(&house::id(SECRET)).unwrap();
        let edits = writer.write(&message, secret, Method::Standard);
        let Ok(edited) = apply(&message, &edits) else {
            return;
        };
        let after = Message::parse(&edited.bytes);
        if !message.has_unlisted_fields() {
            assert_eq!(reader.read(&after).own.as_ref(), Some(&secret.id));
        }
    }

    fn address(&self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(address) = Address::parse(&text) {
            assert_eq!(Address::parse(address.as_str()), Ok(address.clone()));
            assert!(!address.as_str().chars().any(char::is_control));
        }
        let _ = tricks_of_field(bytes);
        let raw = [b"From: ", bytes, b"\r\n\r\n"].concat();
        for mailbox in Message::parse(&raw).mailboxes("from") {
            let _ = tricks(&mailbox);
        }
    }
}

const WORDS: &[&str] = &[
    "msip_labels: ",
    "MSIP_Label_7f1a9f2c-0d5e-4b8a-9c21-6f1f0e4b8a11_",
    "Enabled=true;",
    "Enabled=False",
    "SiteId=cb46c030-1825-4e81-a295-151c039dbf02; ",
    "Name=",
    "\r\n ",
    "\r\n",
    "\n",
    "X-Protective-Marking: ",
    "SEC=PROTECTED",
    ", ",
    "CAVEAT=",
    "[SEC=",
    "]",
    "\\",
    "Subject: ",
    "TLP:",
    "RED",
    "AMBER+STRICT",
    "SIO-Label: ",
    "marking=",
    "\"",
    "label*0=",
    "*",
    "X-Titus-Metadata-40: ",
    "eyJuIjoiQyJ9",
    "X-TLP: ",
    ";",
    "=",
    "=?utf-8?Q?",
    "?=",
    "ä",
    "\u{202e}",
    "ann@corp.example",
    "@",
    "<",
    ">",
    "(",
    ")",
    ":",
    ",",
    "xn--bcher-kva",
    "[192.0.2.1]",
    "%",
    ".",
    "msip_label_7f1a9f2c-0d5e-4b8a-9c21-6f1f0e4b8a11_enabled: ",
    " ",
    "\t",
    "\0",
];

/// A small generator that needs nothing of the system.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn text(&mut self) -> Vec<u8> {
        let count = self.below(24);
        let mut text = Vec::new();
        for _ in 0..count {
            match self.below(16) {
                0 => text.push(self.below(256) as u8),
                _ => text.extend(WORDS[self.below(WORDS.len())].bytes()),
            }
        }
        text
    }
}

#[test]
fn made_up_fields() {
    let rounds = std::env::var("FUZZ_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let house = House {
        labels: labels(),
        mapping: mapping(),
    };
    let mut random = Random(0x1abe_15ea);
    for _ in 0..rounds.unwrap_or(2_000) {
        let text = random.text();
        house.label(&text);
        house.address(&text);
    }
}

#[test]
fn mail_of_the_corpora() {
    let found = folder::corpora();
    if found.is_empty() {
        return;
    }
    let house = House {
        labels: labels(),
        mapping: mapping(),
    };
    for path in &found {
        house.label(&std::fs::read(path).unwrap());
    }
    println!("{} messages", found.len());
    assert!(found.len() > 100);
}
