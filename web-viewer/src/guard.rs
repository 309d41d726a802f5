//! What holds for every answer: the fields that keep a browser safe, the page for a refusal, and
//! that no form from another site is taken.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use seal::GrantId;
use tokio::time::{Duration, Instant, sleep_until, timeout};

use crate::desk::{Desk, Shared, finish};
use crate::refusal::Refusal;
use crate::settings::{FORM_BYTES_MAX, NOT_FOUND_MILLISECONDS};

/// The policy of our own pages: our style sheet, our mark, our forms, our frames; no script.
pub(crate) const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
    frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The policy of an asset or a download: it may do nothing at all.
pub(crate) const DOWNLOAD_POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), \
    fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), \
    payment=(), screen-wake-lock=(), usb=(), xr-spatial-tracking=()";

/// The outermost layer: checks where a form comes from, renders refusals, sets the fields.
pub(crate) async fn guard(State(desk): State<Shared>, request: Request, next: Next) -> Response {
    let (method, arrived) = (request.method().clone(), Instant::now());
    let letter = letter_of(request.uri().path());
    let safe = matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
    let answer = if safe {
        next.run(request).await
    } else if is_ours(request.headers(), &desk.origins) {
        match come_in(
            request,
            Duration::from_secs(desk.settings().form_seconds_max),
        )
        .await
        {
            Ok(Form::Whole(request)) => match finish(next.run(request)).await {
                Ok(answer) => answer,
                Err(refusal) => refusal.into_response(),
            },
            Ok(Form::Coming(request)) => next.run(request).await,
            Err(refusal) => refusal.into_response(),
        }
    } else {
        Refusal::Forbidden.into_response()
    };
    if answer.extensions().get() == Some(&Refusal::NotFound) {
        sleep_until(arrived + Duration::from_millis(NOT_FOUND_MILLISECONDS)).await;
    }
    let mut answer = rendered(answer, &desk, letter);
    if method == Method::HEAD {
        *answer.body_mut() = axum::body::Body::empty();
    }
    protect(answer.headers_mut(), desk.settings().is_secure());
    answer
}

/// The clean address of the letter that a path is of, whether there is such a letter or not.
fn letter_of(path: &str) -> Option<String> {
    let id = path.strip_prefix("/l/")?.split('/').next()?;
    GrantId::parse(id).ok().map(|id| format!("/l/{id}"))
}

/// A form, as far as it is in.
enum Form {
    /// One without files. What it asks for is done to its end, also where its sender hangs up.
    Whole(Request),
    /// One with files, read by who knows whether its sender may send any.
    Coming(Request),
}

/// Waits for the whole of a form without files, within its limits.
async fn come_in(request: Request, limit: Duration) -> Result<Form, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data")) {
        return Ok(Form::Coming(request));
    }
    let (parts, body) = request.into_parts();
    let read = timeout(limit, to_bytes(body, FORM_BYTES_MAX)).await;
    let bytes = read.map_err(|_| Refusal::Slow)?;
    let bytes = bytes.map_err(|_| Refusal::TooLarge)?;
    Ok(Form::Whole(Request::from_parts(parts, Body::from(bytes))))
}

fn rendered(mut answer: Response, desk: &Desk, letter: Option<String>) -> Response {
    let refusal = answer.extensions_mut().remove::<Refusal>();
    let is_page = answer.headers().contains_key(header::CONTENT_TYPE)
        && answer
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(is_html);
    match refusal {
        Some(refusal) => refusal.render(desk, letter),
        None if is_page => answer,
        None => match Refusal::of_status(&answer) {
            Some(refusal) => refusal.render(desk, letter),
            None => answer,
        },
    }
}

fn is_html(value: &HeaderValue) -> bool {
    value.as_bytes().starts_with(b"text/html")
}

/// Whether a request that changes something comes from a page of ours.
///
/// Our pages are `no-referrer`, and browsers then write `Origin: null` for their forms (Fetch
/// §3.1); what tells ours from others is then `Sec-Fetch-Site`. The form's own mark is checked
/// later in any case.
fn is_ours(headers: &HeaderMap, origins: &[String]) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("unreadable"))
    };
    let site_is_ours = matches!(
        text(HeaderName::from_static("sec-fetch-site")),
        None | Some("same-origin" | "none")
    );
    let origin_is_ours = match text(header::ORIGIN) {
        None | Some("null") => true,
        Some(origin) => origins.iter().any(|ours| ours == origin),
    };
    site_is_ours && origin_is_ours
}

/// Sets every field that the answer has not set more narrowly itself.
fn protect(headers: &mut HeaderMap, secure: bool) {
    let mut set = |name: &'static str, value: &'static str| {
        let name = HeaderName::from_static(name);
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set("content-security-policy", PAGE_POLICY);
    set("x-frame-options", "DENY");
    set("cache-control", "no-store");
    set("referrer-policy", "no-referrer");
    set("x-content-type-options", "nosniff");
    set("permissions-policy", PERMISSIONS);
    set("cross-origin-resource-policy", "same-origin");
    // The hosts that a letter links to are not to learn when it is read.
    set("x-dns-prefetch-control", "off");
    set("x-robots-tag", "noindex, nofollow, noarchive");
    if secure {
        set("strict-transport-security", "max-age=31536000");
    }
    // HTML §7.1.3: a sandboxed document with an opener policy is a network error.
    let sandboxed = headers
        .get(header::CONTENT_SECURITY_POLICY)
        .is_some_and(|policy| policy.as_bytes().starts_with(b"sandbox"));
    if !sandboxed {
        let name = HeaderName::from_static("cross-origin-opener-policy");
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static("same-origin"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_forms_are_taken() {
        let ours = ["https://mail.corp.example".to_owned()];
        let table: [(&[(&'static str, &str)], bool); 9] = [
            (&[], true),
            (&[("origin", "https://mail.corp.example")], true),
            (
                &[("origin", "null"), ("sec-fetch-site", "same-origin")],
                true,
            ),
            (
                &[("origin", "null"), ("sec-fetch-site", "cross-site")],
                false,
            ),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "http://mail.corp.example")], false),
            (
                &[
                    ("origin", "https://mail.corp.example"),
                    ("sec-fetch-site", "same-site"),
                ],
                false,
            ),
            (&[("sec-fetch-site", "cross-site")], false),
            (
                &[("origin", "https://mail.corp.example.evil.example")],
                false,
            ),
        ];
        for (fields, expected) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(is_ours(&headers, &ours), expected, "{fields:?}");
        }
    }
}
