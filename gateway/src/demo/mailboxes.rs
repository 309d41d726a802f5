//! What the demo's next hop received, and a page that shows it: every mailbox, every mail, links
//! and passcodes to follow. It serves loopback only and keeps everything in memory.

use crate::own_mail::escape_html;
use crate::receive::{Arrival, Gate};
use async_trait::async_trait;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use mail::{Address, Message};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use wire::Reply;

/// The most mails that are kept; older ones go first.
const MAILS_MAX: usize = 2_000;

/// One mail as the next hop got it.
#[derive(Debug, Clone)]
pub struct Received {
    /// The envelope recipient.
    pub recipient: Address,
    /// The message.
    pub raw: Arc<Vec<u8>>,
}

/// The demo's next hop: it takes everything and shows it.
#[derive(Debug, Default)]
pub struct Mailboxes {
    mails: Mutex<Vec<Received>>,
}

#[async_trait]
impl Gate for Mailboxes {
    async fn pass(&self, arrival: Arrival) -> Reply {
        let raw = Arc::new(arrival.raw);
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        for recipient in arrival.envelope.recipients.iter() {
            mails.push(Received {
                recipient: recipient.clone(),
                raw: Arc::clone(&raw),
            });
        }
        let excess = mails.len().saturating_sub(MAILS_MAX);
        mails.drain(..excess);
        Reply::new(250, "2.0.0", "taken")
    }
}

impl Mailboxes {
    /// Everything received so far.
    pub fn all(&self) -> Vec<Received> {
        self.mails
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What one mailbox received so far, oldest first.
    pub fn of(&self, recipient: &str) -> Vec<Received> {
        self.all()
            .into_iter()
            .filter(|mail| mail.recipient.as_str() == recipient)
            .collect()
    }
}

/// The pages.
pub fn router(mailboxes: Arc<Mailboxes>) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/mail/{number}", get(show))
        .route("/mail/{number}/raw", get(raw))
        .with_state(mailboxes)
}

async fn list(State(mailboxes): State<Arc<Mailboxes>>) -> Html<String> {
    let mut by_mailbox: BTreeMap<String, Vec<(usize, Received)>> = BTreeMap::new();
    for (number, mail) in mailboxes.all().into_iter().enumerate() {
        by_mailbox
            .entry(mail.recipient.to_string())
            .or_default()
            .push((number, mail));
    }
    let mut body = String::from(
        "<p>Every mailbox of the demo's next hop. Open a notice, follow its link, ask for a \
         code, and find it here.</p>",
    );
    for (mailbox, mails) in by_mailbox {
        body.push_str(&format!("<section><h2>{}</h2><ul>", escape_html(&mailbox)));
        for (number, mail) in mails.iter().rev() {
            let message = Message::parse(&mail.raw);
            let from = message.mailboxes("From").into_iter().next();
            let from = from
                .map(|from| from.name.unwrap_or(from.address))
                .unwrap_or_default();
            body.push_str(&format!(
                "<li><a href=\"/mail/{number}\">{}</a><span>{}</span></li>",
                escape_html(
                    &message
                        .subject()
                        .unwrap_or_else(|| "(no subject)".to_owned())
                ),
                escape_html(&from),
            ));
        }
        body.push_str("</ul></section>");
    }
    Html(page("Mailboxes", &body))
}

async fn show(State(mailboxes): State<Arc<Mailboxes>>, Path(number): Path<usize>) -> Html<String> {
    let Some(mail) = mailboxes.all().get(number).cloned() else {
        return Html(page("Not found", "<p>There is no such mail.</p>"));
    };
    let message = Message::parse(&mail.raw);
    let mut body = format!(
        "<p><a href=\"/\">All mailboxes</a> · \
         <a href=\"/mail/{number}/raw\">As received</a></p><dl>"
    );
    for name in ["From", "To", "Cc", "Subject", "Date", "msip_labels"] {
        if let Some(field) = message.field(name) {
            let value = escape_html(&message.field_text(field));
            body.push_str(&format!("<dt>{name}</dt><dd>{value}</dd>"));
        }
    }
    body.push_str("</dl>");
    for part in message.bodies() {
        if part.media_type == "text/plain" {
            body.push_str(&format!("<pre>{}</pre>", linked(&message.text(part))));
        }
    }
    for part in message.attachments() {
        let name = part.file_name().unwrap_or("unnamed");
        body.push_str(&format!("<p>Attachment: {}</p>", escape_html(name)));
    }
    let subject = message
        .subject()
        .unwrap_or_else(|| "(no subject)".to_owned());
    Html(page(&subject, &body))
}

async fn raw(
    State(mailboxes): State<Arc<Mailboxes>>,
    Path(number): Path<usize>,
) -> impl IntoResponse {
    let raw = mailboxes
        .all()
        .get(number)
        .map(|mail| mail.raw.to_vec())
        .unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], raw)
}

/// Text with its addresses as links.
fn linked(text: &str) -> String {
    let escaped = escape_html(text);
    let mut out = String::with_capacity(escaped.len());
    for piece in escaped.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        if word.starts_with("http://") || word.starts_with("https://") {
            let space = &piece[word.len()..];
            out.push_str(&format!(
                "<a href=\"{word}\" rel=\"noreferrer\">{word}</a>{space}"
            ));
        } else {
            out.push_str(piece);
        }
    }
    out
}

fn page(title: &str, body: &str) -> String {
    let title = escape_html(title);
    crate::own_mail::fill(
        include_str!("mailboxes.html"),
        &[("title", &title), ("body", body)],
    )
}
