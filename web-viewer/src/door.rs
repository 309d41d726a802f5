//! The page behind the link: who wrote, about what, until when; and one form.
//!
//! Nothing here reveals content, sends mail, or spends a try (P6).

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use seal::{GrantId, LinkSecret};
use store::{Durability, GrantRecord};

use crate::cookies::Jar;
use crate::desk::{Desk, Shared};
use crate::fetches::Fetch;
use crate::letter;
use crate::mask::mask;
use crate::reader::{self, Holder};
use crate::refusal::{Refusal, see_other};
use crate::shell::{Shell, html};
use crate::summary::Summary;
use crate::texts::fill;

/// GET /l/{grant}/{secret}: the secret goes into a cookie, the browser to a clean address.
pub(crate) async fn link(
    State(desk): State<Shared>,
    Path((id, secret)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let (Ok(id), Ok(secret)) = (GrantId::parse(&id), LinkSecret::parse(&secret)) else {
        return Err(Refusal::NotFound);
    };
    let record = reader::admit(&desk, &id, &secret).await?;
    tell(&desk, &record, Fetch::Link).await?;
    let mut response = see_other(&format!("/l/{id}"));
    let settings = desk.settings();
    Jar {
        settings,
        headers: response.headers_mut(),
    }
    .set_link(&id, &secret);
    Ok(response)
}

/// GET /l/{grant}: the letter for who proved the mailbox, the door for who holds the link.
pub(crate) async fn page(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let holder = reader::active(&desk, &id, &headers).await?;
    match holder.visiting(&desk).await? {
        Ok(visitor) => letter::page(&desk, visitor, false).await,
        Err(holder) => {
            tell(&desk, &holder.record, Fetch::Door).await?;
            Ok(html(&Door::new(&desk, &holder)))
        }
    }
}

/// Tells the log of a GET with the link alone, once a minute: anybody may do that for ever.
async fn tell(desk: &Desk, record: &GrantRecord, fetch: Fetch) -> Result<(), Refusal> {
    let grant = record.grant.grant;
    let Some(times) = desk.fetches.count(grant, fetch, desk.now()) else {
        return Ok(());
    };
    let kind = match fetch {
        Fetch::Link => "link fetched",
        Fetch::Door => "page shown",
    };
    let times = [("times", times.to_string())];
    let row = reader::event(record, kind, &times);
    let written = reader::write(desk, row, Durability::Within).await;
    if written.is_err() {
        desk.fetches.untold(grant, fetch);
    }
    written
}

#[derive(Template)]
#[template(path = "door.html")]
struct Door {
    shell: Shell,
    base: String,
    token: String,
    summary: Summary,
    lead: String,
    how: String,
    doubt: String,
    expires: String,
    expires_machine: String,
    words: String,
}

impl Door {
    fn new(desk: &Desk, holder: &Holder) -> Self {
        let t = desk.texts;
        let sender = holder.sender_or_address();
        let address = mask(&holder.record.grant.recipient);
        let mut summary = holder.summary.clone();
        if summary.sender_address.is_empty() {
            summary
                .sender_address
                .clone_from(&holder.record.grant.sender);
        }
        let expires = holder.expires();
        let help = &desk.settings().help;
        let doubt = if help.is_empty() {
            t.door_doubt_no_help
        } else {
            t.door_doubt
        };
        Self {
            shell: Shell::new(desk, t.door_title),
            base: holder.base(),
            token: holder.token(desk),
            summary,
            lead: fill(t.door_lead, &[("sender", &sender)]),
            how: fill(t.door_how, &[("address", &address)]),
            doubt: fill(doubt, &[("sender", &sender), ("help", help)]),
            expires: expires.map_or(String::new(), |at| at.date_words()),
            words: holder.reference(),
            expires_machine: expires.map_or(String::new(), |at| at.rfc3339()),
        }
    }
}
