//! The open letter: its page, its printed page, and the way out.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use mail::{Right, Rights};
use serde::Deserialize;
use store::Durability;

use crate::code::Pressed;
use crate::cookies::Jar;
use crate::desk::{Desk, Shared};
use crate::opening::{Opened, Opening, Pictures};
use crate::reader::{self, Visitor};
use crate::refusal::{Refusal, see_other};
use crate::reply;
use crate::shell::{Shell, Word};
use crate::texts::count;
use crate::turns::Turn;
use crate::view::{Body, Content, File, Headers, View};

/// The policy of the printed page: as every page's, and the mail's own inline styles and pictures.
const PRINT_POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// What the rights leave to be done.
pub(crate) struct May {
    pub reply: bool,
    pub reply_all: bool,
    pub print: bool,
    pub export: bool,
    pub save: bool,
    pub do_not_forward: bool,
}

impl May {
    pub fn of(visitor: &Visitor) -> Self {
        let record = &visitor.holder.record;
        let rights: Rights = record.grant.rights;
        let owner = rights.contains(Right::Owner);
        let has = |right| owner || rights.contains(right);
        Self {
            reply: has(Right::Reply) || has(Right::ReplyAll),
            reply_all: has(Right::ReplyAll),
            print: has(Right::Print),
            // An ambiguous letter has no download as it came, whoever asks.
            export: has(Right::Export) && record.raw_download,
            save: record.grant.download,
            do_not_forward: !has(Right::Forward),
        }
    }

    fn any(&self) -> bool {
        self.reply || self.reply_all || self.print || self.export
    }
}

/// The label above a letter.
pub(crate) struct LabelBanner {
    pub name: String,
    pub color: String,
}

impl LabelBanner {
    fn of(visitor: &Visitor) -> Option<Self> {
        let summary = &visitor.holder.summary;
        let name = summary
            .label
            .clone()
            .filter(|name| !name.trim().is_empty())?;
        let color = summary.label_color.clone().filter(|color| is_color(color));
        Some(Self {
            name,
            color: color.unwrap_or_default(),
        })
    }
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[derive(Template)]
#[template(path = "letter.html")]
struct LetterPage {
    shell: Shell,
    base: String,
    token: String,
    label: Option<LabelBanner>,
    headers: Headers,
    expires: String,
    expires_machine: String,
    may: May,
    remote_blocked: usize,
    remote_text: String,
    remote_shown: bool,
    bodies: Vec<Body>,
    attachments: Vec<File>,
    attachments_title: String,
}

/// The letter, for who proved the mailbox; with pictures from elsewhere if he chose so.
pub(crate) async fn page(
    desk: &Desk,
    visitor: Visitor,
    pictures: bool,
) -> Result<Response, Refusal> {
    let (t, base) = (desk.texts, visitor.holder.base());
    let mark = pictures.then(|| visitor.pictures_token(desk));
    let opened = Opening::of(desk, &visitor).await?;
    let opened = opened.page(desk, Pictures::Named).await?;
    let ((view, answerable), _turn) = laid_out(desk, opened, {
        let (base, domains) = (base.clone(), desk.settings().domains.clone());
        let sender = visitor.holder.record.grant.sender.clone();
        move |opened| {
            let answerable = reply::has_recipient(&opened.header(), &sender, &domains);
            (View::of(opened, t, &base, mark.as_deref()), answerable)
        }
    })
    .await?;
    revealed(desk, &visitor, "page").await?;
    let mut may = May::of(&visitor);
    may.reply &= answerable;
    may.reply_all &= answerable;
    let expires = visitor.holder.expires();
    let page = LetterPage {
        shell: Shell::new(desk, t.letter_title),
        token: visitor.token(desk),
        label: LabelBanner::of(&visitor),
        expires: expires.map_or(String::new(), |at| at.date_words()),
        expires_machine: expires.map_or(String::new(), |at| at.rfc3339()),
        may,
        remote_text: count(&t.remote_blocked, view.remote_blocked),
        remote_blocked: view.remote_blocked,
        remote_shown: pictures,
        headers: view.headers,
        bodies: view.bodies,
        attachments: view.attachments,
        attachments_title: view.attachments_title,
        base,
    };
    desk.answers.html(&visitor.holder.mailbox(), &page)
}

/// Laying a letter out takes a while; it is done where it holds nobody else up. The turn is held
/// until the page is made.
async fn laid_out<T, F>(desk: &Desk, opened: Opened, work: F) -> Result<(T, Turn), Refusal>
where
    T: Send + 'static,
    F: FnOnce(&Opened) -> T + Send + 'static,
{
    let work = move || (work(&opened), opened.turn);
    desk.laid_out("lay a letter out", work).await
}

/// Content leaves only after the log says so.
pub(crate) async fn revealed(desk: &Desk, visitor: &Visitor, how: &str) -> Result<(), Refusal> {
    let how = [("as", how.to_owned())];
    visitor.tell(desk, "content revealed", &how).await?;
    remember(desk, visitor).await
}

/// Remembers that the letter was read, after the log does: it is not marked as read in silence.
pub(crate) async fn remember(desk: &Desk, visitor: &Visitor) -> Result<(), Refusal> {
    let opened = desk.viewer.store.remember_opened(visitor.holder.id).await;
    opened.map_err(|error| Refusal::trouble("remember a reading", &error))
}

/// Where the choice to load pictures stands in an address.
#[derive(Deserialize)]
pub(crate) struct Choice {
    pub pictures: Option<String>,
}

/// POST /l/{grant}/pictures: the reader chose to load pictures from elsewhere.
pub(crate) async fn choose_pictures(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Pressed>,
) -> Result<Response, Refusal> {
    let visitor = reader::visitor(&desk, &id, &headers).await?;
    visitor.check_token(&desk, &form.token)?;
    let (base, mark) = (visitor.holder.base(), visitor.pictures_token(&desk));
    Ok(see_other(&format!("{base}/pictures?pictures={mark}")))
}

/// GET /l/{grant}/pictures: the letter with pictures, for who made the choice in this visit.
pub(crate) async fn with_pictures(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let visitor = reader::visitor(&desk, &id, &headers).await?;
    if !visitor.chose_pictures(&desk, choice.pictures.as_deref()) {
        return Ok(see_other(&visitor.holder.base()));
    }
    page(&desk, visitor, true).await
}

#[derive(Template)]
#[template(path = "print.html")]
struct PrintPage {
    shell: Shell,
    base: String,
    label: Option<LabelBanner>,
    headers: Headers,
    expires: String,
    expires_machine: String,
    bodies: Vec<Body>,
    attachments: Vec<File>,
    attachments_title: String,
}

/// GET /l/{grant}/print: the letter on one sheet, only where PRINT is granted.
///
/// A printed page shows a frame's first screen only, so HTML stands in the page here: each part
/// sanitised and closed by itself, inside a shadow root of its own, with nothing allowed to load.
pub(crate) async fn print(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let visitor = reader::visitor(&desk, &id, &headers).await?;
    let (t, base) = (desk.texts, visitor.holder.base());
    if !May::of(&visitor).print {
        return Err(Refusal::NotGranted { base });
    }
    let opened = Opening::of(&desk, &visitor).await?;
    let opened = opened.page(&desk, Pictures::Whole).await?;
    let (view, _turn) = laid_out(&desk, opened, {
        let base = base.clone();
        move |opened| View::of(opened, t, &base, None)
    })
    .await?;
    revealed(&desk, &visitor, "print").await?;
    let expires = visitor.holder.expires();
    let page = PrintPage {
        shell: Shell::new(&desk, t.print_title),
        base,
        label: LabelBanner::of(&visitor),
        headers: view.headers.unfolded(),
        expires: expires.map_or(String::new(), |at| at.date_words()),
        expires_machine: expires.map_or(String::new(), |at| at.rfc3339()),
        bodies: view.bodies,
        attachments: view.attachments,
        attachments_title: view.attachments_title,
    };
    let mut response = desk.answers.html(&visitor.holder.mailbox(), &page)?;
    let policy = HeaderValue::from_static(PRINT_POLICY);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// POST /l/{grant}/sign-out: ends the visit and takes the link's secret out of the browser.
pub(crate) async fn sign_out(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Pressed>,
) -> Result<Response, Refusal> {
    let visitor = reader::visitor(&desk, &id, &headers).await?;
    visitor.check_token(&desk, &form.token)?;
    let closed = desk.viewer.store.close_visit(visitor.visit.hash()).await;
    closed.map_err(|error| Refusal::trouble("close a visit", &error))?;
    visitor
        .audit(&desk, "signed out", Durability::Within, &[])
        .await?;
    let mut response = see_other("/signed-out");
    let settings = desk.settings();
    Jar {
        settings,
        headers: response.headers_mut(),
    }
    .forget(&visitor.holder.id);
    let cache = HeaderValue::from_static("\"cache\"");
    response.headers_mut().insert("clear-site-data", cache);
    Ok(response)
}

/// GET /signed-out: the same for everybody.
pub(crate) async fn signed_out(State(desk): State<Shared>) -> Word {
    let t = desk.texts;
    Word::new(&desk, t.signed_out_title, vec![t.signed_out.to_owned()])
}
