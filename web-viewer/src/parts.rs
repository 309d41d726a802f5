//! Parts of an open letter by themselves: an HTML body in its frame, attachments, the letter whole.
//!
//! Nothing here can run: frames are sandboxed without scripts, and all else is a download.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, X_FRAME_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::desk::{Desk, Shared};
use crate::download::Download;
use crate::file_name::passive_type;
use crate::letter::{Choice, May, remember, revealed};
use crate::opening::{Opening, Pictures, Source};
use crate::outline::Place;
use crate::range::Answer;
use crate::reader::{self, Visitor};
use crate::refusal::Refusal;
use crate::sanitise::{Allowance, Remote};
use crate::settings::BODY_BYTES_MAX;
use crate::view::{cleaned, name_of};

/// The frame's policy: no origin, no script, no form; pictures of the letter's own.
const FRAME_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; \
    default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; \
    base-uri 'none'; frame-ancestors 'self'";
/// The same once the reader chose to load pictures.
const FRAME_POLICY_WITH_PICTURES: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; \
    default-src 'none'; style-src 'unsafe-inline'; img-src data: https: http:; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

#[derive(Template)]
#[template(path = "body.html")]
struct BodyPage {
    title: &'static str,
    html: String,
}

/// GET /l/{grant}/body/{part}: one HTML body as a document of its own (V7).
pub(crate) async fn body(
    State(desk): State<Shared>,
    Path((id, number)): Path<(String, String)>,
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let visitor = reader::visitor(&desk, &id, &headers).await?;
    let (remote, policy) = match visitor.chose_pictures(&desk, choice.pictures.as_deref()) {
        true => (Remote::Allowed, FRAME_POLICY_WITH_PICTURES),
        false => (Remote::Blocked, FRAME_POLICY),
    };
    let opening = Opening::of(&desk, &visitor).await?;
    let places = &opening.outline.bodies;
    let place = places.iter().find(|place| place.number == number);
    let place = place.ok_or(Refusal::NotFound)?.clone();
    let turn = desk.turn(visitor.holder.mailbox()).await?;
    let body = opening.text(&place, BODY_BYTES_MAX).await?;
    let pictures = opening.pictures(&[&body.text], Pictures::Whole).await?;
    // The turn lasts as long as the work, also when nobody waits for it any more.
    let work = move || {
        let mut allowance = Allowance::default();
        let clean = cleaned(&place, &body.text, remote, &pictures, &mut allowance);
        (clean, turn)
    };
    let (clean, _turn) = desk.laid_out("clean a body", work).await?;
    let clean = clean.and_then(Result::ok);
    let clean = clean.ok_or(Refusal::NotFound)?;
    revealed(&desk, &visitor, "body").await?;
    let page = BodyPage {
        title: desk.texts.message,
        html: clean.html,
    };
    let mut response = desk.answers.html(&visitor.holder.mailbox(), &page)?;
    let fields = response.headers_mut();
    fields.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    fields.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

/// GET /l/{grant}/attachment/{part}: one attachment, whole or a range of it.
pub(crate) async fn attachment(
    State(desk): State<Shared>,
    Path((id, number)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let visitor = reader::visitor(&desk, &id, &headers).await?;
    if !May::of(&visitor).save {
        return Err(Refusal::NotGranted {
            base: visitor.holder.base(),
        });
    }
    let Opening { source, outline } = Opening::of(&desk, &visitor).await?;
    let mut listed = outline.attachments.into_iter();
    let place = listed.find(|place| place.number == number);
    let place = place.ok_or(Refusal::NotFound)?;
    let file = Download {
        name: name_of(&place, desk.texts),
        media_type: passive_type(&place.media_type).to_owned(),
        etag: etag(&desk, &visitor, &number),
        source,
        place,
    };
    let detail = [("part", number), ("size", file.place.size.to_string())];
    let begun = Begun {
        kind: "attachment downloaded",
        detail: &detail,
    };
    begin(&desk, &visitor, file, &method, &headers, begun).await
}

/// GET /l/{grant}/letter.eml: the letter as it was sealed, only where EXPORT is granted and all
/// readers would read it alike.
pub(crate) async fn whole(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let visitor = reader::visitor(&desk, &id, &headers).await?;
    if !May::of(&visitor).export {
        return Err(Refusal::NotGranted {
            base: visitor.holder.base(),
        });
    }
    let source = Source::of(&desk, &visitor).await?;
    let file = Download {
        name: desk.texts.letter_file.to_owned(),
        media_type: "application/octet-stream".to_owned(),
        etag: etag(&desk, &visitor, "letter.eml"),
        place: Place::whole(source.length()),
        source,
    };
    let begun = Begun {
        kind: "content revealed",
        detail: &[("as", "letter.eml".to_owned())],
    };
    begin(&desk, &visitor, file, &method, &headers, begun).await
}

/// What the audit log is told of a download.
struct Begun<'a> {
    kind: &'a str,
    detail: &'a [(&'a str, String)],
}

/// Lets a file leave, in room of its own, after the log says so. HEAD takes nothing.
async fn begin(
    desk: &Desk,
    visitor: &Visitor,
    file: Download,
    method: &Method,
    headers: &HeaderMap,
    begun: Begun<'_>,
) -> Result<Response, Refusal> {
    let asked = file.judge(headers);
    if *method == Method::HEAD || asked == Answer::Unsatisfiable {
        return Ok(file.head(&asked));
    }
    let room = desk.downloads.room(&visitor.holder.mailbox());
    let room = room.ok_or(Refusal::DownloadsBusy)?;
    visitor.tell(desk, begun.kind, begun.detail).await?;
    remember(desk, visitor).await?;
    Ok(file.answer(asked, room))
}

/// A letter never changes, so its id and the part name the content; marked, so that the tag
/// tells nobody else which letter it is.
fn etag(desk: &Desk, visitor: &Visitor, what: &str) -> String {
    let letter = visitor.holder.record.grant.letter;
    let mark = desk
        .viewer
        .key
        .mac("viewer entity tag", &[letter.as_bytes(), what.as_bytes()]);
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&mark[..16]))
}
