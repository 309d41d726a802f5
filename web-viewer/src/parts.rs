//! Parts of an open letter by themselves: an HTML body in its frame, attachments, the letter whole.
//!
//! Nothing here can run: frames are sandboxed without scripts, and all else is a download.

use askama::Template;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_RANGE, RANGE, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use store::Durability;
use tokio::sync::OwnedSemaphorePermit;
use zeroize::Zeroizing;

use crate::desk::{Desk, Shared};
use crate::file_name::{disposition, passive_type};
use crate::guard::DOWNLOAD_POLICY;
use crate::letter::{Choice, May, revealed};
use crate::opening;
use crate::range::{Answer, judge};
use crate::reader::{self, Visitor};
use crate::refusal::Refusal;
use crate::sanitise::Remote;
use crate::shell::html;
use crate::view::{cleaned, inline_pictures, name_of, path_of, shown_bodies};

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
    let path = path_of(&number).ok_or(Refusal::NotFound)?;
    let (remote, policy) = match visitor.chose_pictures(&desk, choice.pictures.as_deref()) {
        true => (Remote::Allowed, FRAME_POLICY_WITH_PICTURES),
        false => (Remote::Blocked, FRAME_POLICY),
    };
    let clean = opening::open(&desk, &visitor, move |message| {
        let part = shown_bodies(message)
            .into_iter()
            .find(|part| part.path == path)?;
        cleaned(message, part, remote, &inline_pictures(message))?.ok()
    })
    .await?
    .ok_or(Refusal::NotFound)?;
    revealed(&desk, &visitor, "body").await?;
    let mut response = html(&BodyPage {
        title: desk.texts.message,
        html: clean.html,
    });
    let fields = response.headers_mut();
    fields.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    fields.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

/// GET /l/{grant}/attachment/{part}: one attachment, whole or a range of it.
pub(crate) async fn attachment(
    State(desk): State<Shared>,
    Path((id, number)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let visitor = reader::visitor(&desk, &id, &headers).await?;
    if !May::of(&visitor).save {
        return Err(Refusal::NotGranted {
            base: visitor.holder.base(),
        });
    }
    let path = path_of(&number).ok_or(Refusal::NotFound)?;
    let t = desk.texts;
    let file = opening::open(&desk, &visitor, move |message| {
        let part = message
            .attachments()
            .into_iter()
            .find(|part| part.path == path)?;
        Some(Download {
            name: name_of(part, t),
            media_type: passive_type(&part.media_type),
            bytes: Zeroizing::new(message.decoded(part).into_owned()),
        })
    })
    .await?
    .ok_or(Refusal::NotFound)?;
    let detail = [
        ("part", number.clone()),
        ("size", file.bytes.len().to_string()),
    ];
    visitor
        .holder
        .audit(&desk, "attachment downloaded", Durability::Before, &detail)
        .await?;
    file.answer(&desk, &etag(&desk, &visitor, &number), &headers)
}

/// GET /l/{grant}/letter.eml: the letter as it was sealed, only where EXPORT is granted and all
/// readers would read it alike.
pub(crate) async fn whole(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let visitor = reader::visitor(&desk, &id, &headers).await?;
    if !May::of(&visitor).export {
        return Err(Refusal::NotGranted {
            base: visitor.holder.base(),
        });
    }
    let whole = opening::open(&desk, &visitor, |message| {
        Zeroizing::new(message.raw().to_vec())
    });
    let file = Download {
        name: desk.texts.letter_file.to_owned(),
        media_type: "application/octet-stream",
        bytes: whole.await?,
    };
    revealed(&desk, &visitor, "letter.eml").await?;
    file.answer(&desk, &etag(&desk, &visitor, "letter.eml"), &headers)
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

/// A file on its way out.
struct Download {
    name: String,
    media_type: &'static str,
    bytes: Zeroizing<Vec<u8>>,
}

/// Plaintext on its way out: it is wiped, and its room given back, when the last of it has left.
struct Leaving {
    bytes: Zeroizing<Vec<u8>>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Leaving {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Download {
    /// RFC 9110 §14 and §15.5.17.
    fn answer(self, desk: &Desk, etag: &str, headers: &HeaderMap) -> Result<Response, Refusal> {
        let kib = u32::try_from(self.bytes.len().div_ceil(1024)).unwrap_or(u32::MAX);
        let room = desk.downloads.clone().try_acquire_many_owned(kib);
        let room = room.map_err(|_| Refusal::Busy)?;
        let bytes = Bytes::from_owner(Leaving {
            bytes: self.bytes,
            _room: room,
        });
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let length = bytes.len() as u64;
        let judged = judge(text(RANGE), text(IF_RANGE), etag, length);
        let (status, range, body) = match judged {
            Answer::Whole => (StatusCode::OK, None, bytes),
            Answer::Part(range) => {
                let field = format!("bytes {}-{}/{length}", range.start, range.end - 1);
                // Both ends are at most the length, which is a usize.
                let slice = bytes.slice(range.start as usize..range.end as usize);
                (StatusCode::PARTIAL_CONTENT, Some(field), slice)
            }
            Answer::Unsatisfiable => {
                let field = format!("bytes */{length}");
                (StatusCode::RANGE_NOT_SATISFIABLE, Some(field), Bytes::new())
            }
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let fields = response.headers_mut();
        let mut set = |name, value: &str| {
            // Dispositions, tags and ranges are ASCII without controls.
            if let Ok(value) = HeaderValue::from_str(value) {
                fields.insert(name, value);
            }
        };
        set(CONTENT_TYPE, self.media_type);
        set(CONTENT_DISPOSITION, &disposition(&self.name));
        set(CONTENT_SECURITY_POLICY, DOWNLOAD_POLICY);
        set(ACCEPT_RANGES, "bytes");
        set(ETAG, etag);
        set(CONTENT_LENGTH, &body.len().to_string());
        if let Some(range) = range {
            set(CONTENT_RANGE, &range);
        }
        *response.body_mut() = Body::from(body);
        Ok(response)
    }
}
