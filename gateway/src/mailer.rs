//! Sends what readers cause in the viewer: passcodes go straight to the next hop and are neither
//! stored nor queued; replies walk the whole pipeline as mail from the viewer.

use crate::answer::{End, EndFate};
use crate::deliver::{Delivery, Partial};
use crate::own_mail::letter::{OwnLetter, Paragraph, Written, new_message_id};
use crate::own_mail::{origin, push_header, push_mailbox, push_plain_header};
use crate::pipeline;
use crate::receive::{Arrival, ArrivalId};
use crate::site::Site;
use async_trait::async_trait;
use mail::{Address, BodyType, Envelope, Recipients, Sender, Timestamp};
use mail_builder::mime::MimePart;
use rules::{Capabilities, Source};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use web_viewer::{Mailer, MailerError, PasscodeMail, ReplyEnd, ReplyMail};
use wire::Reply;

/// The viewer's way to the mail system.
pub struct SiteMailer {
    /// The installation whose mail it is.
    pub site: Arc<Site>,
}

#[async_trait]
impl Mailer for SiteMailer {
    async fn passcode(&self, mail: PasscodeMail) -> Result<(), MailerError> {
        let site = &self.site;
        let letter = passcode_letter(site, &mail);
        let mark = origin::mark(&site.key, &letter.bytes, &mail.to, site.now());
        let sender = Sender::Mailbox(site.sealing.sender.clone());
        let recipients = [mail.to.clone()];
        let handover = site
            .next_hop
            .deliver(Delivery {
                sender: &sender,
                recipients: &recipients,
                body: BodyType::EightBitMime,
                smtputf8: !mail.to.as_str().is_ascii(),
                content: &[mark.as_bytes(), &letter.bytes],
                partial: Partial::Proceed,
            })
            .await;
        let reply = handover.reply(0);
        if reply.is_positive() {
            site.metrics.passcode();
        }
        told(&reply)
    }

    async fn reply(&self, mail: ReplyMail) -> Result<ReplyEnd, MailerError> {
        let site = &self.site;
        let people: Vec<Address> = mail.to.iter().chain(&mail.cc).cloned().collect();
        // DESIGN "Mailer": inside people of the original only, whatever a form says.
        if people.iter().any(|address| !site.is_inside(address)) {
            return Err(MailerError::Refused {
                text: "not an inside recipient".to_owned(),
            });
        }
        let Some(recipients) = Recipients::new(people) else {
            return Err(MailerError::Refused {
                text: "no recipient".to_owned(),
            });
        };
        let envelope = Envelope {
            sender: Sender::Mailbox(site.sealing.sender.clone()),
            recipients,
            body: BodyType::EightBitMime,
            smtputf8: false,
        };
        let raw = reply_message(site, &mail);
        let arrival = from_viewer(envelope, raw, site.now());
        let (reply, ended) = pipeline::pass_and_tell(site, arrival).await;
        told(&reply)?;
        let waits = |end: &End| matches!(end.fate, EndFate::Held(_));
        Ok(match ended {
            Ok(outcome) if outcome.ends.iter().any(waits) => ReplyEnd::Waits,
            _ => ReplyEnd::Sent,
        })
    }
}

/// A reply is an arrival like any other, from a side of its own.
fn from_viewer(envelope: Envelope, raw: Vec<u8>, now: Timestamp) -> Arrival {
    Arrival {
        id: ArrivalId::next(),
        arrived: now,
        envelope,
        raw,
        peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        client: None,
        source: Source::Viewer,
        capabilities: Capabilities::SMTP,
        tls: false,
        protocol: "HTTP",
        helo: "viewer".to_owned(),
        authenticated: None,
    }
}

fn told(reply: &Reply) -> Result<(), MailerError> {
    let text = reply.text.clone();
    match reply {
        reply if reply.is_positive() => Ok(()),
        reply if reply.is_permanent() => Err(MailerError::Refused { text }),
        _ => Err(MailerError::Later { text }),
    }
}

fn passcode_letter(site: &Site, mail: &PasscodeMail) -> Written {
    OwnLetter {
        from: &site.sealing.sender,
        from_name: site.organisation(),
        to: &mail.to,
        subject: &format!("Your one-time code ({})", mail.reference),
        paragraphs: &passcode_paragraphs(mail),
        in_reply_to: None,
        organisation: site.organisation(),
    }
    .write(&site.hostname, site.now())
}

/// What a reader is told, in the words of the notice and of the page that asks for the code.
fn passcode_paragraphs(mail: &PasscodeMail) -> [Paragraph; 5] {
    [
        Paragraph::Text(format!(
            "Your one-time code for the sealed letter from {}:",
            mail.from_name
        )),
        Paragraph::Display(readable(&mail.code)),
        Paragraph::Text(format!("It is good until {}.", mail.expires.date_words())),
        Paragraph::Row("Reference".to_owned(), mail.reference.clone()),
        Paragraph::Text(
            "The page that asks for the code shows the same words. If you did not ask for a \
             code, ignore this mail and give the code to nobody."
                .to_owned(),
        ),
    ]
}

/// A code as people read it out: the long one in fours; the short one is grasped at a glance.
fn readable(code: &str) -> String {
    if code.len() <= seal::PASSCODE_DIGITS {
        return code.to_owned();
    }
    let fours = code.as_bytes().chunks(4);
    let fours: Vec<_> = fours.map(String::from_utf8_lossy).collect();
    fours.join(" ")
}

/// The visitor writes through us: From is our own address, which SPF and DMARC allow, with the
/// visitor's name; Reply-To is the address that was proved.
fn reply_message(site: &Site, mail: &ReplyMail) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 * 1024);
    let name = mail.author_name.as_deref().unwrap_or(mail.author.as_str());
    push_mailbox(&mut out, "From", name, &site.sealing.sender);
    push_plain_header(&mut out, "Reply-To", &format!("<{}>", mail.author));
    for (field, people) in [("To", &mail.to), ("Cc", &mail.cc)] {
        if !people.is_empty() {
            let list: Vec<String> = people
                .iter()
                .map(|address| format!("<{address}>"))
                .collect();
            push_header(&mut out, field, &list.join(", "));
        }
    }
    push_header(&mut out, "Subject", &mail.subject);
    push_plain_header(&mut out, "Date", &site.now().rfc5322());
    let id = new_message_id(&site.hostname);
    push_plain_header(&mut out, "Message-ID", &format!("<{id}>"));
    if let Some(answered) = &mail.in_reply_to {
        push_header(&mut out, "In-Reply-To", &format!("<{answered}>"));
        let thread: Vec<String> = mail.references.iter().map(|id| format!("<{id}>")).collect();
        push_header(&mut out, "References", &thread.join(" "));
    }
    for (name, value) in &mail.label_fields {
        push_header(&mut out, name, value);
    }
    push_plain_header(&mut out, "MIME-Version", "1.0");
    reply_parts(mail).write_part(&mut out);
    out
}

fn reply_parts(mail: &ReplyMail) -> MimePart<'_> {
    let text = MimePart::new("text/plain", mail.text.as_str());
    if mail.attachments.is_empty() {
        return text;
    }
    let files = mail.attachments.iter().map(|file| {
        MimePart::new(file.media_type.as_str(), file.bytes.as_slice()).attachment(&file.name)
    });
    MimePart::new(
        "multipart/mixed",
        std::iter::once(text).chain(files).collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_with_the_code_speaks_as_the_page_does() {
        let mail = PasscodeMail {
            to: Address::parse("bob@partner.example").unwrap(),
            code: "1234567812345678".to_owned(),
            reference: "amber otter".to_owned(),
            from_name: "Ann Meyer".to_owned(),
            language: "en".to_owned(),
            expires: Timestamp::from_unix(1_796_299_200),
        };
        let said = format!("{:?}", passcode_paragraphs(&mail));
        for word in [
            "one-time code",
            "sealed letter from Ann Meyer",
            "1234 5678 1234 5678",
        ] {
            assert!(said.contains(word), "{word}");
        }
        assert!(said.contains("Row(\"Reference\", \"amber otter\")"));
        assert!(!said.contains("passcode") && !said.contains("protected"));
    }
}
