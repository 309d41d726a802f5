//! The one-time code: asked for, sent to the mailbox, typed in.
//!
//! A try is counted before anything is compared; asking again sends the same code and never
//! lengthens its life; where the mail is not taken, nothing is used up.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail::Address;
use seal::{PASSCODE_DIGITS, Passcode};
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
    let asked = desk
        .viewer
        .store
        .open_challenge(holder.id, browser.hash())
        .await;
    let mut response = match asked.map_err(|error| Refusal::trouble("open a challenge", &error))? {
        Asked::Open(challenge) => send(&desk, &holder, &challenge).await?,
        Asked::Wait { seconds } => wait(&desk, &holder, seconds),
    };
    let settings = desk.settings();
    Jar {
        settings,
        headers: response.headers_mut(),
    }
    .set_browser(&browser);
    Ok(response)
}

async fn send(desk: &Desk, holder: &Holder, challenge: &Challenge) -> Result<Response, Refusal> {
    let grant = &holder.record.grant;
    let asks = [("asks", challenge.asks.to_string())];
    holder
        .audit(desk, "code requested", Durability::Within, &asks)
        .await?;
    let Ok(to) = Address::parse(&grant.recipient) else {
        return Ok(not_sent(desk, holder, false));
    };
    let mail = PasscodeMail {
        to,
        code: passcode(desk, holder, challenge.id)
            .declassify()
            .to_string(),
        reference: holder.reference(),
        from_name: holder.sender_or_address(),
        language: desk.texts.lang.to_owned(),
        expires: challenge.expires,
    };
    match desk.viewer.mailer.passcode(mail).await {
        Ok(()) => Ok(see_other(&format!("{}/code", holder.base()))),
        Err(error) => {
            if challenge.asks <= 1 {
                let withdrawn = desk.viewer.store.withdraw_challenge(challenge.id).await;
                withdrawn.map_err(|error| Refusal::trouble("withdraw a challenge", &error))?;
            }
            let for_good = matches!(error, MailerError::Refused { .. });
            holder
                .audit(desk, "code not sent", Durability::Within, &[])
                .await?;
            Ok(not_sent(desk, holder, !for_good))
        }
    }
}

fn passcode(desk: &Desk, holder: &Holder, challenge: ChallengeId) -> Passcode {
    seal::passcode(&desk.viewer.key, &holder.record.grant, challenge.as_bytes())
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
    let current = desk.viewer.store.challenge(holder.id, browser.hash()).await;
    match current.map_err(|error| Refusal::trouble("read a challenge", &error))? {
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
    let expired = (t.code_expired_title, t.code_expired, StatusCode::GONE);
    let (Some(browser), Some(challenge)) = (
        holder.cookies.browser.clone(),
        parse_challenge(&form.challenge),
    ) else {
        return Ok(start_anew(&desk, &holder, expired));
    };
    let code = form.code.trim();
    if !looks_like_a_code(code) {
        return malformed(&desk, &holder, &browser, expired).await;
    }
    let tried = desk.viewer.store.count_try(challenge, browser.hash()).await;
    match tried.map_err(|error| Refusal::trouble("count a try", &error))? {
        Try::Counted { left } => {
            if passcode(&desk, &holder, challenge).matches(code) {
                return admit(&desk, holder, challenge, &browser).await;
            }
            let tries_left = [("tries left", left.to_string())];
            holder
                .audit(&desk, "code wrong", Durability::Within, &tries_left)
                .await?;
            wrong(&desk, &holder, &browser, left).await
        }
        Try::Spent => Ok(start_anew(&desk, &holder, locked(&desk))),
        Try::Over => Ok(start_anew(&desk, &holder, expired)),
    }
}

fn parse_challenge(text: &str) -> Option<ChallengeId> {
    let mut bytes = [0; 16];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(16) => Some(ChallengeId(bytes)),
        _ => None,
    }
}

/// Whether a person could have meant this as a code; what is not one costs no try.
fn looks_like_a_code(text: &str) -> bool {
    let mut digits = 0;
    for c in text.chars() {
        match c {
            '0'..='9' => digits += 1,
            ' ' | '-' | '\u{a0}' | '\t' => {}
            _ => return false,
        }
    }
    digits == PASSCODE_DIGITS
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

async fn malformed(
    desk: &Desk,
    holder: &Holder,
    browser: &Token,
    expired: (&'static str, &'static str, StatusCode),
) -> Result<Response, Refusal> {
    let current = desk.viewer.store.challenge(holder.id, browser.hash()).await;
    let current = current.map_err(|error| Refusal::trouble("read a challenge", &error))?;
    let Some(challenge) = current else {
        return Ok(start_anew(desk, holder, expired));
    };
    let t = desk.texts;
    let wrong = Wrong {
        title: t.code_wrong_title,
        text: t.code_malformed.to_owned(),
    };
    let page = CodePage::new(desk, holder, &challenge, Some(wrong));
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response())
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
    let current = desk.viewer.store.challenge(holder.id, browser.hash()).await;
    let current = current.map_err(|error| Refusal::trouble("read a challenge", &error))?;
    let t = desk.texts;
    let Some(challenge) = current else {
        let expired = (t.code_expired_title, t.code_expired, StatusCode::GONE);
        return Ok(start_anew(desk, holder, expired));
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
    holder: Holder,
    challenge: ChallengeId,
    browser: &Token,
) -> Result<Response, Refusal> {
    let trouble = |error: store::StoreError| Refusal::trouble("open a visit", &error);
    let store = &desk.viewer.store;
    let first = store
        .use_challenge(challenge, browser.hash())
        .await
        .map_err(trouble)?;
    if !first {
        let t = desk.texts;
        let over = (t.code_expired_title, t.code_expired, StatusCode::GONE);
        return Ok(start_anew(desk, &holder, over));
    }
    holder
        .audit(desk, "code verified", Durability::Before, &[])
        .await?;
    let visit = Token::new(desk.random());
    let until = desk.now().plus_seconds(VISIT_SECONDS);
    store
        .open_visit(holder.id, visit.hash(), browser.hash(), until)
        .await
        .map_err(trouble)?;
    let mut response = see_other(&holder.base());
    let settings = desk.settings();
    Jar {
        settings,
        headers: response.headers_mut(),
    }
    .set_visit(&holder.id, &visit);
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
    until: String,
    wrong: Option<Wrong>,
}

impl CodePage {
    fn new(desk: &Desk, holder: &Holder, challenge: &Challenge, wrong: Option<Wrong>) -> Self {
        let t = desk.texts;
        let address = mask(&holder.record.grant.recipient);
        let sent = if challenge.asks > 1 {
            t.code_sent_again
        } else {
            t.code_sent
        };
        let mut sent = fill(sent, &[("address", &address)]);
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
            until: fill(t.code_until, &[("time", &challenge.expires.date_words())]),
            wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::looks_like_a_code;

    #[test]
    fn eight_digits_however_spaced() {
        for good in ["12345678", "1234 5678", "12-34-56-78", "1234\u{a0}5678"] {
            assert!(looks_like_a_code(good), "{good}");
        }
        for bad in [
            "",
            "1234567",
            "123456789",
            "1234567a",
            "１２３４５６７８",
            "1234.5678",
        ] {
            assert!(!looks_like_a_code(bad), "{bad}");
        }
    }
}
