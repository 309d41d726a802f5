//! The one-time code: asked for, sent to the mailbox, typed in.
//!
//! A try is counted before anything is compared; asking again sends the same code and never
//! lengthens its life; where the mail is not taken, nothing is used up.

use askama::Template;
use std::sync::atomic::Ordering;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail::Address;
use seal::{LONG_PASSCODE_DIGITS, PASSCODE_DIGITS, Passcode};
use serde::Deserialize;
use store::{Asked, Challenge, ChallengeId, Durability, Try};

use crate::cookies::{Jar, Token};
use crate::desk::{Desk, Shared};
use crate::mailer::{MailerError, PasscodeMail};
use crate::mask::mask;
use crate::reader::{self, Holder};
use crate::refusal::{Refusal, see_other};
use crate::settings::VISIT_SECONDS;
use crate::shell::{Button, Shell, Word, html};
use crate::texts::{count, fill};
use crate::ticket;

/// The form of a button: only our mark.
#[derive(Deserialize)]
pub(crate) struct Pressed {
    pub token: String,
}

/// The form with the code.
#[derive(Deserialize)]
pub(crate) struct Typed {
    token: String,
    challenge: String,
    code: String,
}

/// POST /l/{grant}/code: sends a code, or the same one again.
pub(crate) async fn request(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Pressed>,
) -> Result<Response, Refusal> {
    let holder = reader::active(&desk, &id, &headers).await?;
    holder.check_token(&desk, &form.token)?;
    let browser = holder.cookies.browser.clone();
    let browser = browser.unwrap_or_else(|| Token::new(desk.random()));
    ticket::bring_back(&desk, &holder, &browser).await?;
    let asked = desk
        .viewer
        .store
        .open_challenge(holder.id, browser.hash())
        .await;
    let (mut response, ticket) =
        match asked.map_err(|error| Refusal::trouble("open a challenge", &error))? {
            Asked::Open(challenge) => (send(&desk, &holder, &challenge).await?, None),
            Asked::Wait { seconds, ticket } => (wait(&desk, &holder, seconds), Some(ticket)),
        };
    let mut jar = Jar {
        settings: desk.settings(),
        headers: response.headers_mut(),
    };
    jar.set_browser(&browser);
    if let Some(ticket) = ticket {
        let waiter = holder.cookies.waiter.clone();
        let waiter = waiter.unwrap_or_else(|| Token::new(desk.random()));
        let ticket = ticket::write(&desk, &holder.id, &waiter, &ticket);
        jar.set_ticket(&holder.id, &waiter, &ticket);
    }
    Ok(response)
}

async fn send(desk: &Desk, holder: &Holder, challenge: &Challenge) -> Result<Response, Refusal> {
    let grant = &holder.record.grant;
    let to_the_page = || see_other(&format!("{}/code", holder.base()));
    if challenge.asks > challenge.asks_max {
        return Ok(to_the_page());
    }
    if let Some(for_good) = desk.setbacks.last(holder.id, desk.now()) {
        take_back(desk, challenge).await?;
        return Ok(not_sent(desk, holder, !for_good));
    }
    let asks = [("asks", challenge.asks.to_string())];
    holder
        .audit(desk, "code requested", Durability::Within, &asks)
        .await?;
    let Ok(to) = Address::parse(&grant.recipient) else {
        return Ok(not_sent(desk, holder, false));
    };
    let mail = PasscodeMail {
        to,
        code: passcode(desk, holder, challenge.id, challenge.long)
            .declassify()
            .to_string(),
        reference: holder.reference(),
        from_name: holder.sender_or_address(),
        language: desk.texts.lang.to_owned(),
        expires: challenge.expires,
    };
    match desk.viewer.mailer.passcode(mail).await {
        Ok(()) => Ok(to_the_page()),
        Err(error) => {
            take_back(desk, challenge).await?;
            let for_good = matches!(error, MailerError::Refused { .. });
            desk.setbacks.note(holder.id, for_good, desk.now());
            holder
                .audit(desk, "code not sent", Durability::Within, &[])
                .await?;
            Ok(not_sent(desk, holder, !for_good))
        }
    }
}

/// A code that nobody got uses nothing up.
async fn take_back(desk: &Desk, challenge: &Challenge) -> Result<(), Refusal> {
    let withdrawn = desk.viewer.store.withdraw_challenge(challenge.id).await;
    withdrawn.map_err(|error| Refusal::trouble("withdraw a challenge", &error))
}

fn passcode(desk: &Desk, holder: &Holder, challenge: ChallengeId, long: bool) -> Passcode {
    let (key, grant) = (&desk.viewer.key, &holder.record.grant);
    match long {
        true => seal::long_passcode(key, grant, challenge.as_bytes()),
        false => seal::passcode(key, grant, challenge.as_bytes()),
    }
}

fn again(desk: &Desk, holder: &Holder, button: &'static str) -> Button {
    Button {
        action: format!("{}/code", holder.base()),
        token: holder.token(desk),
        button,
    }
}

fn not_sent(desk: &Desk, holder: &Holder, later: bool) -> Response {
    let t = desk.texts;
    let (status, title, text) = if later {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            t.code_later_title,
            t.code_later,
        )
    } else {
        (
            StatusCode::BAD_GATEWAY,
            t.code_refused_title,
            t.code_refused,
        )
    };
    let address = mask(&holder.record.grant.recipient);
    let text = fill(
        text,
        &[
            ("address", &address),
            ("sender", &holder.sender_or_address()),
        ],
    );
    let page = Word::new(desk, title, vec![text]).form(again(desk, holder, t.code_try_again));
    (status, page).into_response()
}

fn wait(desk: &Desk, holder: &Holder, seconds: u64) -> Response {
    let t = desk.texts;
    let minutes = usize::try_from(seconds.div_ceil(60)).unwrap_or(usize::MAX);
    let page = Word::new(
        desk,
        t.code_wait_title,
        vec![count(&t.code_wait, minutes), t.code_wait_why.to_owned()],
    )
    .form(again(desk, holder, t.door_button));
    let mut response = (StatusCode::TOO_MANY_REQUESTS, page).into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// GET /l/{grant}/code: the page with the field, while this browser has a code under way.
pub(crate) async fn page(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let holder = reader::active(&desk, &id, &headers).await?;
    let base = holder.base();
    let Some(browser) = holder.cookies.browser.clone() else {
        return Ok(see_other(&base));
    };
    ticket::bring_back(&desk, &holder, &browser).await?;
    match current(&desk, &holder, &browser).await? {
        Some(challenge) if challenge.tries_left > 0 => {
            Ok(html(&CodePage::new(&desk, &holder, &challenge, None)))
        }
        _ => Ok(see_other(&base)),
    }
}

/// POST /l/{grant}/open: the typed code.
pub(crate) async fn open(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let holder = reader::active(&desk, &id, &headers).await?;
    holder.check_token(&desk, &form.token)?;
    let t = desk.texts;
    let (Some(browser), Some(challenge)) = (
        holder.cookies.browser.clone(),
        parse_challenge(&form.challenge),
    ) else {
        return Ok(start_anew(&desk, &holder, expired(&desk)));
    };
    ticket::bring_back(&desk, &holder, &browser).await?;
    let current = current(&desk, &holder, &browser).await?;
    let Some(current) = current.filter(|current| current.id == challenge) else {
        // Spent, used or run out: the store says which.
        return judge(&desk, &holder, challenge, &browser, None).await;
    };
    let code = form.code.trim();
    if digits_of(code) != Some(digits(current.long)) {
        let wrong = Wrong {
            title: t.code_wrong_title,
            text: numbered(t.code_malformed, current.long),
        };
        let page = CodePage::new(&desk, &holder, &current, Some(wrong));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
    }
    judge(&desk, &holder, challenge, &browser, Some(code)).await
}

/// Counts the try, and compares only then.
async fn judge(
    desk: &Desk,
    holder: &Holder,
    challenge: ChallengeId,
    browser: &Token,
    typed: Option<&str>,
) -> Result<Response, Refusal> {
    let t = desk.texts;
    let tried = desk.viewer.store.count_try(challenge, browser.hash()).await;
    match tried.map_err(|error| Refusal::trouble("count a try", &error))? {
        Try::Counted { left, long } => {
            // Which code counts is what the count says: it may have become the long one just now.
            let right = passcode(desk, holder, challenge, long);
            if typed.is_some_and(|typed| right.matches(typed)) {
                return admit(desk, holder, challenge, browser).await;
            }
            desk.viewer
                .tally
                .codes_wrong
                .fetch_add(1, Ordering::Relaxed);
            let tries_left = [("tries left", left.to_string())];
            holder
                .audit(desk, "code wrong", Durability::Within, &tries_left)
                .await?;
            wrong(desk, holder, browser, left).await
        }
        Try::Longer => {
            holder
                .audit(desk, "longer code asked", Durability::Within, &[])
                .await?;
            let longer = (t.code_longer_title, t.code_longer, StatusCode::FORBIDDEN);
            Ok(start_anew(desk, holder, longer))
        }
        Try::Spent => Ok(start_anew(desk, holder, locked(desk))),
        Try::Over => Ok(start_anew(desk, holder, expired(desk))),
    }
}

/// The challenge that this browser has under way.
async fn current(
    desk: &Desk,
    holder: &Holder,
    browser: &Token,
) -> Result<Option<Challenge>, Refusal> {
    let current = desk.viewer.store.challenge(holder.id, browser.hash()).await;
    current.map_err(|error| Refusal::trouble("read a challenge", &error))
}

fn parse_challenge(text: &str) -> Option<ChallengeId> {
    let mut bytes = [0; 16];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(16) => Some(ChallengeId(bytes)),
        _ => None,
    }
}

/// How many digits a person typed, if it can be meant as a code; what is not one costs no try.
fn digits_of(text: &str) -> Option<usize> {
    let mut digits = 0;
    for c in text.chars() {
        match c {
            '0'..='9' => digits += 1,
            ' ' | '-' | '\u{a0}' | '\t' => {}
            _ => return None,
        }
    }
    Some(digits)
}

/// In how many minutes, begun ones too, a code ends. A clock time would be one of elsewhere.
fn minutes_left(desk: &Desk, challenge: &Challenge) -> usize {
    let seconds = challenge.expires.unix() - desk.now().unix();
    usize::try_from(seconds)
        .unwrap_or_default()
        .div_ceil(60)
        .max(1)
}

/// How many digits a code has.
fn digits(long: bool) -> usize {
    if long {
        LONG_PASSCODE_DIGITS
    } else {
        PASSCODE_DIGITS
    }
}

/// A text with the number of digits put in.
fn numbered(text: &str, long: bool) -> String {
    fill(text, &[("n", &digits(long).to_string())])
}

fn expired(desk: &Desk) -> (&'static str, &'static str, StatusCode) {
    let t = desk.texts;
    (t.code_expired_title, t.code_expired, StatusCode::GONE)
}

fn locked(desk: &Desk) -> (&'static str, &'static str, StatusCode) {
    (
        desk.texts.code_locked_title,
        desk.texts.code_locked,
        StatusCode::FORBIDDEN,
    )
}

fn start_anew(
    desk: &Desk,
    holder: &Holder,
    (title, text, status): (&'static str, &'static str, StatusCode),
) -> Response {
    let page = Word::new(desk, title, vec![text.to_owned()]).form(again(
        desk,
        holder,
        desk.texts.code_new,
    ));
    (status, page).into_response()
}

async fn wrong(
    desk: &Desk,
    holder: &Holder,
    browser: &Token,
    left: u8,
) -> Result<Response, Refusal> {
    if left == 0 {
        return Ok(start_anew(desk, holder, locked(desk)));
    }
    let t = desk.texts;
    let Some(challenge) = current(desk, holder, browser).await? else {
        return Ok(start_anew(desk, holder, expired(desk)));
    };
    let text = count(&t.code_wrong, usize::from(left));
    let page = CodePage::new(
        desk,
        holder,
        &challenge,
        Some(Wrong {
            title: t.code_wrong_title,
            text,
        }),
    );
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response())
}

/// The code was right: it is used up, and a visit of its own opens under a new name.
async fn admit(
    desk: &Desk,
    holder: &Holder,
    challenge: ChallengeId,
    browser: &Token,
) -> Result<Response, Refusal> {
    // Nothing is used up that the log does not know of.
    holder.audit_proof(desk).await?;
    let trouble = |error: store::StoreError| Refusal::trouble("open a visit", &error);
    let store = &desk.viewer.store;
    let first = store
        .use_challenge(challenge, browser.hash())
        .await
        .map_err(trouble)?;
    if !first {
        return Ok(start_anew(desk, holder, expired(desk)));
    }
    let visit = Token::new(desk.random());
    // The name it was known by until now may have been planted by another host of the site. What
    // it waits for elsewhere goes over to the new one.
    let known = Token::new(desk.random());
    let names = [browser.hash(), known.hash()];
    let until = desk.now().plus_seconds(VISIT_SECONDS);
    store
        .open_visit(holder.id, visit.hash(), names, until)
        .await
        .map_err(trouble)?;
    let mut response = see_other(&holder.base());
    let mut jar = Jar {
        settings: desk.settings(),
        headers: response.headers_mut(),
    };
    jar.set_visit(&holder.id, &visit);
    jar.set_browser(&known);
    Ok(response)
}

/// What was wrong with a typed code.
struct Wrong {
    title: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    shell: Shell,
    base: String,
    token: String,
    challenge: String,
    words: String,
    sent: String,
    hint: String,
    long: bool,
    until: String,
    wrong: Option<Wrong>,
}

impl CodePage {
    fn new(desk: &Desk, holder: &Holder, challenge: &Challenge, wrong: Option<Wrong>) -> Self {
        let t = desk.texts;
        let address = mask(&holder.record.grant.recipient);
        let sent = match challenge.asks {
            0..=1 => t.code_sent,
            asks if asks <= challenge.asks_max => t.code_sent_again,
            _ => t.code_sent_enough,
        };
        let asks = challenge.asks.min(challenge.asks_max).to_string();
        let sent = fill(
            sent,
            &[("address", &address), ("asks", &asks), ("n", "{n}")],
        );
        let mut sent = numbered(&sent, challenge.long);
        let from = &desk.settings().sender;
        if !from.is_empty() {
            sent = format!("{sent} {}", fill(t.code_from, &[("sender", from)]));
        }
        let title = wrong.as_ref().map_or(t.code_title, |wrong| wrong.title);
        Self {
            shell: Shell::new(desk, title),
            base: holder.base(),
            token: holder.token(desk),
            challenge: URL_SAFE_NO_PAD.encode(challenge.id.as_bytes()),
            words: holder.reference(),
            sent,
            hint: numbered(t.code_hint, challenge.long),
            long: challenge.long,
            until: count(&t.code_until, minutes_left(desk, challenge)),
            wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::digits_of;

    #[test]
    fn digits_however_spaced() {
        for good in ["12345678", "1234 5678", "12-34-56-78", "1234\u{a0}5678"] {
            assert_eq!(digits_of(good), Some(8), "{good}");
        }
        assert_eq!(digits_of("1234 5678 1234 5678"), Some(16));
        assert_eq!(digits_of(""), Some(0));
        for bad in ["1234567a", "１２３４５６７８", "1234.5678"] {
            assert_eq!(digits_of(bad), None, "{bad}");
        }
    }
}
