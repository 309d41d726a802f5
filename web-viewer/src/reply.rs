//! A reply: a form, and what becomes of it.
//!
//! Its recipients come from the original letter alone, never from a field of the form; it shows
//! as sent only after the mail system took it; the same form never sends twice.

mod around;
mod form;
mod original;

use std::time::Duration;

use askama::Template;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail::{Address, Message};
use store::Durability;

use crate::budget::Share;
use crate::desk::{Desk, Shared, finish};
use crate::letter::{May, revealed};
use crate::mailer::{MailerError, ReplyEnd, ReplyMail};
use crate::opening::Opening;
use crate::people::{Listed, Reach};
use crate::reader::{self, Visitor};
use crate::refusal::Refusal;
use crate::settings::{REPLIES_PER_HOUR_MAX, REPLY_FILES_MAX, REPLY_TEXT_BYTES_MAX, VISIT_SECONDS};
use crate::shell::{Shell, Step, Word, html};
use crate::texts::fill;
use crate::view::size_words;

use around::Around;
use form::{Coming, Unread, Written};
use original::Original;

pub(crate) use original::has_recipient;

/// GET /l/{grant}/reply.
pub(crate) async fn page(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    show(&desk, &id, &headers, Reach::Sender).await
}

/// GET /l/{grant}/reply-all.
pub(crate) async fn page_all(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    show(&desk, &id, &headers, Reach::All).await
}

/// POST /l/{grant}/reply.
pub(crate) async fn send(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refusal> {
    take(&desk, &id, &headers, request, Reach::Sender).await
}

/// POST /l/{grant}/reply-all.
pub(crate) async fn send_all(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refusal> {
    take(&desk, &id, &headers, request, Reach::All).await
}

/// The visitor, if his rights hold this reply.
async fn replier(
    desk: &Desk,
    id: &str,
    headers: &HeaderMap,
    reach: Reach,
) -> Result<Visitor, Refusal> {
    let visitor = reader::visitor(desk, id, headers).await?;
    let may = May::of(&visitor);
    let granted = match reach {
        Reach::Sender => may.reply,
        Reach::All => may.reply_all,
    };
    match granted {
        true => Ok(visitor),
        false => Err(Refusal::NotGranted {
            base: visitor.holder.base(),
        }),
    }
}

async fn original(desk: &Desk, visitor: &Visitor, reach: Reach) -> Result<Original, Refusal> {
    let grant = &visitor.holder.record.grant;
    let (sender, reader) = (&grant.sender, &grant.recipient);
    let domains = &desk.settings().domains;
    let head = Opening::of(desk, visitor).await?.head().await?;
    let message = Message::parse(&head);
    let original = Original::of(&message, sender, reader, domains, reach);
    if original.recipients.to.is_empty() {
        return Err(Refusal::NotGranted {
            base: visitor.holder.base(),
        });
    }
    Ok(original)
}

async fn show(
    desk: &Desk,
    id: &str,
    headers: &HeaderMap,
    reach: Reach,
) -> Result<Response, Refusal> {
    let visitor = replier(desk, id, headers, reach).await?;
    let original = original(desk, &visitor, reach).await?;
    // Subject and people are content too: nobody has to see the letter first.
    revealed(desk, &visitor, "reply").await?;
    Ok(html(&ReplyPage::new(
        desk,
        &visitor,
        &original,
        reach,
        None,
        String::new(),
    )))
}

async fn take(
    desk: &Shared,
    id: &str,
    headers: &HeaderMap,
    request: Request,
    reach: Reach,
) -> Result<Response, Refusal> {
    // Who may not reply has no body read.
    let visitor = replier(desk, id, headers, reach).await?;
    // Both are held until the reply is out.
    let room = desk.replies.room(&visitor.holder.mailbox());
    let room = room.ok_or(Refusal::RepliesBusy)?;
    let mut share = desk.reply_bytes.share();
    let written = match come_in(desk, &visitor, request, &mut share).await {
        Ok(written) => written,
        Err(Unread::TooLarge) => return Ok(too_large(desk, &visitor, reach)),
        Err(Unread::LongText) => return Ok(long_text(desk, &visitor, reach)),
        Err(Unread::Malformed | Unread::Forged) => return Err(Refusal::Forbidden),
        Err(Unread::Slow) => return Err(Refusal::Slow),
        Err(Unread::Busy) => return Err(Refusal::RepliesBusy),
    };
    // That may have taken minutes: visit and letter may have ended meanwhile.
    let visitor = replier(desk, id, headers, reach).await?;
    let original = original(desk, &visitor, reach).await?;
    let t = desk.texts;
    let mistake = if written.text.trim().is_empty() && written.files.is_empty() {
        Some(t.reply_empty)
    } else if written.text.len() > REPLY_TEXT_BYTES_MAX {
        Some(t.reply_too_long)
    } else {
        None
    };
    if let Some(mistake) = mistake {
        let lost_files = !written.files.is_empty();
        let mistake = again(desk, mistake, lost_files);
        let page = ReplyPage::new(
            desk,
            &visitor,
            &original,
            reach,
            Some(mistake),
            written.text,
        );
        let page = desk.answers.html(&visitor.holder.mailbox(), &page)?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let desk = desk.clone();
    finish(async move {
        let _held = (room, share);
        if let Some(refused) = spend(&desk, &visitor, &written.once, reach).await? {
            return Ok(refused);
        }
        hand_over(&desk, visitor, original, written, reach).await
    })
    .await?
}

/// Takes the form in, within its time.
async fn come_in(
    desk: &Desk,
    visitor: &Visitor,
    request: Request,
    share: &mut Share,
) -> Result<Written, Unread> {
    let around = Around::default();
    let request = request.map(|body| around.bound(body));
    let form = Multipart::from_request(request, &()).await;
    let form = form.map_err(|_| Unread::Malformed)?;
    let settings = desk.settings();
    let coming = Coming::new(
        share,
        around,
        Duration::from_secs(settings.reply_pace_seconds),
    );
    let is_ours = |token: &str| visitor.check_token(desk, token).is_ok();
    let reading = form::read(form, coming, is_ours);
    let limit = Duration::from_secs(settings.reply_seconds_max);
    let read = tokio::time::timeout(limit, reading).await;
    read.unwrap_or(Err(Unread::Slow))
}

/// What was wrong, and that files have to be chosen again where there were some.
fn again(desk: &Desk, mistake: &str, lost_files: bool) -> String {
    match lost_files {
        true => format!("{mistake} {}", desk.texts.reply_files_again),
        false => mistake.to_owned(),
    }
}

/// Takes the form's one use, and a place among the replies of this hour, before anything is sent:
/// the same form once more, or one reply too many, is told and not sent.
async fn spend(
    desk: &Desk,
    visitor: &Visitor,
    once: &str,
    reach: Reach,
) -> Result<Option<Response>, Refusal> {
    let t = desk.texts;
    let parts: [&[u8]; 2] = [&visitor.visit.hash(), once.as_bytes()];
    if !first_use(desk, "viewer reply form", &parts, VISIT_SECONDS).await? {
        let href = reply_address(&visitor.holder.base(), reach);
        let text = t.reply_back;
        let page = Word::new(desk, t.reply_twice_title, vec![t.reply_twice.to_owned()]);
        let page = page.link(Step { href, text });
        return Ok(Some((StatusCode::CONFLICT, page).into_response()));
    }
    // Each place is free again an hour after it was taken; no two replies, of whatever node, have
    // the same.
    for place in 0..REPLIES_PER_HOUR_MAX {
        let parts: [&[u8]; 2] = [visitor.holder.id.as_bytes(), &(place as u64).to_be_bytes()];
        if first_use(desk, "viewer reply place", &parts, 3600).await? {
            return Ok(None);
        }
    }
    let href = visitor.holder.base();
    let text = t.back_to_letter;
    let page = Word::new(desk, t.reply_often_title, vec![t.reply_often.to_owned()]);
    let page = page.link(Step { href, text });
    Ok(Some((StatusCode::TOO_MANY_REQUESTS, page).into_response()))
}

/// Whether this is used for the first time within so many seconds.
async fn first_use(
    desk: &Desk,
    purpose: &str,
    parts: &[&[u8]],
    seconds: i64,
) -> Result<bool, Refusal> {
    let mark = desk.viewer.key.mac(purpose, parts);
    let mut nonce = [0; 16];
    nonce.copy_from_slice(&mark[..16]);
    let until = desk.now().plus_seconds(seconds);
    let first = desk.viewer.store.spend_nonce(nonce, until).await;
    first.map_err(|error| Refusal::trouble("count a reply", &error))
}

async fn hand_over(
    desk: &Desk,
    visitor: Visitor,
    original: Original,
    written: Written,
    reach: Reach,
) -> Result<Response, Refusal> {
    let t = desk.texts;
    let grant = visitor.holder.record.grant.clone();
    let author = Address::parse(&grant.recipient);
    let author = author.map_err(|error| Refusal::trouble("read the reader's address", &error))?;
    let kept = (written.text.clone(), !written.files.is_empty());
    let mail = ReplyMail {
        letter: grant.letter,
        grant: grant.grant,
        author,
        author_name: original.author_name.clone(),
        to: original.recipients.to.clone(),
        cc: original.recipients.cc.clone(),
        subject: original.subject.clone(),
        in_reply_to: original.message_id.clone(),
        references: original.references.clone(),
        text: written.text,
        attachments: written.files,
        rights: grant.rights,
        label_fields: original.label_fields.clone(),
    };
    let (status, mistake) = match desk.viewer.mailer.reply(mail).await {
        Ok(end) => return Ok(sent(desk, &visitor, &original, end).await),
        Err(MailerError::Refused { .. }) => (StatusCode::BAD_GATEWAY, t.reply_refused),
        Err(MailerError::Later { .. }) => (StatusCode::SERVICE_UNAVAILABLE, t.reply_later),
    };
    let mistake = again(desk, mistake, kept.1);
    let page = ReplyPage::new(desk, &visitor, &original, reach, Some(mistake), kept.0);
    let page = desk.answers.html(&visitor.holder.mailbox(), &page)?;
    Ok((status, page).into_response())
}

/// The reply is out, or kept, and it is shown so even where the log then fails; that is an alarm.
async fn sent(desk: &Desk, visitor: &Visitor, original: &Original, end: ReplyEnd) -> Response {
    let t = desk.texts;
    let (title, text) = match end {
        ReplyEnd::Sent => (t.reply_sent_title, t.reply_sent),
        ReplyEnd::Waits => (t.reply_waits_title, t.reply_waits),
    };
    let number = original.recipients.to.len() + original.recipients.cc.len();
    let mut detail = vec![("recipients", number.to_string())];
    if end == ReplyEnd::Waits {
        detail.push(("waits", "for approval".to_owned()));
    }
    let _ = visitor
        .audit(desk, "replied", Durability::Before, &detail)
        .await;
    let to = joined(original.recipients.to.iter().chain(&original.recipients.cc));
    Word::new(desk, title, vec![fill(text, &[("to", &to)])])
        .link(Step {
            href: visitor.holder.base(),
            text: t.back_to_letter,
        })
        .into_response()
}

fn too_large(desk: &Desk, visitor: &Visitor, reach: Reach) -> Response {
    let t = desk.texts;
    let limits = limits(desk);
    let limits = limits
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let text = fill(t.reply_large, &limits);
    not_taken(desk, visitor, reach, (t.reply_large_title, text))
}

fn long_text(desk: &Desk, visitor: &Visitor, reach: Reach) -> Response {
    let t = desk.texts;
    let text = t.reply_long.to_owned();
    not_taken(desk, visitor, reach, (t.reply_long_title, text))
}

/// What was not read whole is not shown again; the browser's own way back still has it.
fn not_taken(
    desk: &Desk,
    visitor: &Visitor,
    reach: Reach,
    (title, text): (&'static str, String),
) -> Response {
    let back = Step {
        href: reply_address(&visitor.holder.base(), reach),
        text: desk.texts.reply_back,
    };
    let page = Word::new(desk, title, vec![text]).link(back);
    (StatusCode::PAYLOAD_TOO_LARGE, page).into_response()
}

fn limits(desk: &Desk) -> [(&'static str, String); 2] {
    [
        ("n", REPLY_FILES_MAX.to_string()),
        ("size", size_words(desk.settings().reply_bytes_max as u64)),
    ]
}

fn reply_address(base: &str, reach: Reach) -> String {
    match reach {
        Reach::Sender => format!("{base}/reply"),
        Reach::All => format!("{base}/reply-all"),
    }
}

fn joined<'a>(addresses: impl Iterator<Item = &'a Address>) -> String {
    addresses
        .map(Address::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

#[derive(Template)]
#[template(path = "reply.html")]
struct ReplyPage {
    shell: Shell,
    base: String,
    action: String,
    token: String,
    once: String,
    to: Listed,
    cc: Listed,
    subject: String,
    from: String,
    only: String,
    left: Listed,
    files_hint: String,
    mistake: Option<String>,
    text: String,
}

impl ReplyPage {
    fn new(
        desk: &Desk,
        visitor: &Visitor,
        original: &Original,
        reach: Reach,
        mistake: Option<String>,
        text: String,
    ) -> Self {
        let (t, settings) = (desk.texts, desk.settings());
        let title = match reach {
            Reach::Sender => t.reply_title,
            Reach::All => t.reply_all_title,
        };
        let base = visitor.holder.base();
        let organisation = ("organisation", settings.organisation.as_str());
        let address = ("address", visitor.holder.record.grant.recipient.as_str());
        let people = |addresses: &[Address]| {
            let texts = addresses.iter().map(|address| address.as_str().to_owned());
            Listed::of(texts.collect(), t)
        };
        let hint = limits(desk);
        Self {
            shell: Shell::new(desk, title),
            action: reply_address(&base, reach),
            base,
            token: visitor.token(desk),
            once: URL_SAFE_NO_PAD.encode(desk.random::<16>()),
            to: people(&original.recipients.to),
            cc: people(&original.recipients.cc),
            subject: original.subject.clone(),
            from: fill(t.reply_from, &[organisation, address]),
            only: fill(t.reply_only, &[organisation]),
            left: Listed::of(original.recipients.left_out.clone(), t),
            files_hint: fill(
                t.reply_files_hint,
                &hint.each_ref().map(|(n, v)| (*n, v.as_str())),
            ),
            mistake,
            text,
        }
    }
}
