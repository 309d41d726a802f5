//! Delivery reports (RFC 3464) for recipients who were refused for good when no reply could say
//! so: others were served, or the mail had waited for approval. They carry header fields of the
//! original, never its content.

use super::letter::{Written, new_message_id};
use super::{push_header, push_plain_header};
use mail::{Address, Message, Timestamp};
use mail_builder::mime::{BodyPart, MimePart};
use wire::Reply;

/// Fields of the original that a report repeats, so that its sender knows which mail it was.
const REPEATED_FIELDS: [&str; 6] = ["From", "To", "Cc", "Subject", "Date", "Message-ID"];

/// The most octets of repeated fields: a report has to fit the outbox.
const REPEATED_BYTES_MAX: usize = 64 * 1024;

/// The most octets of a reply's text that a report repeats, for the same reason.
const REPLY_BYTES_MAX: usize = 400;

/// The most recipients of one report, for the same reason.
pub const REPORTED_MAX: usize = 500;

/// Why there is a report at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The reply said that others were served.
    RefusedBesideOthers,
    /// It waited for approval, and somebody said no; perhaps why.
    NotApproved(Option<String>),
    /// It waited for approval until then, and nobody decided.
    NobodyDecided(Timestamp),
    /// It was approved, and refused on its way.
    RefusedAfterApproval,
    /// It waited for approval, and a fault of ours kept it from going on or back.
    NotDealtWith,
    /// It came from outside and waited: that it did, and why it goes no further, is no business of
    /// a sender who may be forged.
    NotAccepted,
}

impl Why {
    fn subject(&self) -> &'static str {
        match self {
            Self::RefusedBesideOthers => "Undelivered mail: some recipients were refused",
            Self::NotApproved(_) => "Undelivered mail: your message was not approved",
            Self::NobodyDecided(_) => "Undelivered mail: nobody approved your message in time",
            Self::RefusedAfterApproval => "Undelivered mail: refused after it was approved",
            Self::NotDealtWith => "Undelivered mail: your message could not be dealt with",
            Self::NotAccepted => "Undelivered mail",
        }
    }

    fn opening(&self) -> String {
        match self {
            Self::RefusedBesideOthers => {
                "These recipients of your message were refused for good:".to_owned()
            }
            Self::NotApproved(None) => {
                "Your message waited for approval and was rejected. It was not sent to:".to_owned()
            }
            Self::NotApproved(Some(reason)) => format!(
                "Your message waited for approval and was rejected, for this reason:\n\n  \
                 {reason}\n\nIt was not sent to:"
            ),
            Self::NobodyDecided(until) => format!(
                "Your message waited for approval until {}, and nobody approved it. It was not \
                 sent to:",
                until.date_words()
            ),
            Self::RefusedAfterApproval => "Your message waited for approval and was released. \
                                           These recipients were then refused for good:"
                .to_owned(),
            Self::NotDealtWith => "Your message waited for approval, and then could not be dealt \
                                   with. It was not sent to:"
                .to_owned(),
            Self::NotAccepted => "Your message was not delivered to:".to_owned(),
        }
    }
}

/// What one report says.
#[derive(Debug)]
pub struct Report<'a> {
    /// The host that reports.
    pub hostname: &'a str,
    /// The address reports come from; the envelope sender of a report is null.
    pub from: &'a Address,
    /// The envelope sender of the original.
    pub to: &'a Address,
    /// The original.
    pub original: &'a Message<'a>,
    /// Why it is written.
    pub why: &'a Why,
    /// Who was refused, and what the next hop said.
    pub refused: &'a [(Address, Reply)],
    /// When the original arrived.
    pub arrived: Timestamp,
}

impl Report<'_> {
    /// The whole message.
    pub fn write(&self, now: Timestamp) -> Written {
        let message_id = new_message_id(self.hostname);
        let mut out = Vec::with_capacity(4 * 1024);
        push_header(
            &mut out,
            "From",
            &format!("\"Mail Delivery System\" <{}>", self.from),
        );
        push_plain_header(&mut out, "To", &format!("<{}>", self.to));
        push_header(&mut out, "Subject", self.why.subject());
        push_plain_header(&mut out, "Date", &now.rfc5322());
        push_plain_header(&mut out, "Message-ID", &format!("<{message_id}>"));
        // RFC 3834 §5.
        push_plain_header(&mut out, "Auto-Submitted", "auto-replied");
        push_plain_header(&mut out, "MIME-Version", "1.0");
        self.parts().write_part(&mut out);
        Written {
            bytes: out,
            message_id,
        }
    }

    /// RFC 3462 §3: the human part, the machine part, the original's header.
    fn parts(&self) -> MimePart<'_> {
        use mail_builder::headers::content_type::ContentType;
        let kind = ContentType::new("multipart/report").attribute("report-type", "delivery-status");
        let status = MimePart::raw(BodyPart::Text(self.status().into()))
            .header("Content-Type", ContentType::new("message/delivery-status"))
            .transfer_encoding("7bit");
        let headers = MimePart::new("text/rfc822-headers", self.original_fields());
        MimePart::new(
            kind,
            vec![MimePart::new("text/plain", self.words()), status, headers],
        )
    }

    fn words(&self) -> String {
        let mut out = self.why.opening();
        out.push_str("\n\n");
        for (recipient, reply) in self.refused {
            let reply = cut(reply);
            out.push_str(&format!("  {recipient}\n    {reply}\n"));
        }
        out.push_str("\nNothing more will be tried for them.\n");
        out
    }

    /// RFC 3464 §2.2 and §2.3.
    fn status(&self) -> String {
        let mut out = format!(
            "Reporting-MTA: dns; {}\r\nArrival-Date: {}\r\n",
            self.hostname,
            self.arrived.rfc5322()
        );
        for (recipient, reply) in self.refused {
            let reply = cut(reply);
            // RFC 6533 §3: an address beyond ASCII has its own type.
            let kind = if recipient.as_str().is_ascii() {
                "rfc822"
            } else {
                "utf-8"
            };
            let status = reply
                .enhanced
                .map_or_else(|| "5.0.0".to_owned(), |code| code.to_string());
            out.push_str(&format!(
                "\r\nFinal-Recipient: {kind}; {recipient}\r\nAction: failed\r\n\
                 Status: {status}\r\nDiagnostic-Code: smtp; {reply}\r\n",
            ));
        }
        out
    }

    fn original_fields(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for name in REPEATED_FIELDS {
            for field in self.original.fields_named(name) {
                let raw = self.original.field_raw(field);
                if out.len() + raw.len() <= REPEATED_BYTES_MAX {
                    out.extend_from_slice(raw);
                }
            }
        }
        out
    }
}

/// A reply with no more text than a report repeats.
fn cut(reply: &Reply) -> Reply {
    let mut text = reply.text.clone();
    text.truncate(text.floor_char_boundary(REPLY_BYTES_MAX));
    Reply {
        text,
        ..reply.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::passing::OUTBOX_ITEM_BYTES_MAX;

    fn address(text: &str) -> Address {
        Address::parse(text).expect("an address")
    }

    fn report(original: &str, why: &Why) -> String {
        let reply = Reply::new(550, "5.7.1", "not approved");
        report_of(original, why, &[(address("bob@partner.example"), reply)])
    }

    fn report_of(original: &str, why: &Why, refused: &[(Address, Reply)]) -> String {
        let original = Message::parse(original.as_bytes());
        let report = Report {
            hostname: "sealgate.corp.example",
            from: &address("secure@corp.example"),
            to: &address("ann@corp.example"),
            original: &original,
            why,
            refused,
            arrived: Timestamp::from_unix(0),
        };
        let written = report.write(Timestamp::from_unix(0)).bytes;
        String::from_utf8(written).expect("a report is text")
    }

    #[test]
    fn what_a_report_repeats_is_bounded() {
        let fields = |bytes: usize| {
            let cc = "<x@y.example>, ".repeat(bytes / 15);
            format!("Cc: {cc}<z@y.example>\r\nSubject: s\r\n\r\nx\r\n")
        };
        let long = report(&fields(REPEATED_BYTES_MAX), &Why::RefusedBesideOthers);
        assert!(long.len() < REPEATED_BYTES_MAX && !long.contains("z@y.example"));
        assert!(long.contains("Subject: s"), "{long}");
        // The control: a little less stands in it.
        let short = report(&fields(REPEATED_BYTES_MAX - 100), &Why::RefusedBesideOthers);
        assert!(short.contains("z@y.example"));
    }

    #[test]
    fn a_report_of_long_replies_about_many_fits_the_outbox() {
        for (octets, letter) in [(1, "x"), (2, "\u{e4}")] {
            let text = letter.repeat(16 * 1024 / octets);
            let refused = |number: usize| {
                let local = letter.repeat(50 / octets);
                let to = format!("{local}{number:03}@{}example", "partner.".repeat(20));
                (address(&to), Reply::new(550, "5.1.1", text.clone()))
            };
            let all: Vec<_> = (0..REPORTED_MAX).map(refused).collect();
            let cc = format!("Cc: {}\r\n\r\nx\r\n", "x".repeat(REPEATED_BYTES_MAX - 20));
            let report = report_of(&cc, &Why::RefusedAfterApproval, &all);
            assert!(
                report.len() < OUTBOX_ITEM_BYTES_MAX * 9 / 10,
                "{}",
                report.len()
            );
            assert_eq!(report.matches("Final-Recipient").count(), REPORTED_MAX);
            let most = letter.repeat(REPLY_BYTES_MAX / octets);
            assert!(report.contains(&most) && !report.contains(&(most + letter)));
        }
    }

    #[test]
    fn a_report_to_the_outside_does_not_say_that_mail_waited() {
        let plain = "Subject: s\r\n\r\nx\r\n";
        let text = report(plain, &Why::NotAccepted);
        assert!(text.contains("Subject: Undelivered mail\r\n"), "{text}");
        let tells = |text: &str| text.contains("waited") || text.contains("your message was");
        assert!(!tells(&text), "{text}");
        // The control: to the inside it does.
        assert!(tells(&report(plain, &Why::NotApproved(None))));
    }

    #[test]
    fn a_report_says_why_there_is_one() {
        let all = [
            Why::RefusedBesideOthers,
            Why::NotApproved(None),
            Why::NotApproved(Some("ask first".to_owned())),
            Why::NobodyDecided(Timestamp::from_unix(0)),
            Why::RefusedAfterApproval,
            Why::NotDealtWith,
        ];
        let texts = all.map(|why| report("Subject: s\r\n\r\nx\r\n", &why));
        let told = [
            "These recipients",
            "was rejected",
            "ask first",
            "1 January 1970",
            "released",
            "could not be dealt with",
        ];
        for (text, words) in texts.iter().zip(told) {
            assert!(
                text.contains(words) && text.contains("Status: 5.7.1"),
                "{text}"
            );
        }
    }
}
