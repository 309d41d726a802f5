//! The two files that machines ask for: `security.txt` (RFC 9116) and `robots.txt` (RFC 9309).

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::desk::Shared;
use crate::refusal::Refusal;

/// How long the file says it holds; RFC 9116 §2.5.5 wants less than a year.
const SECURITY_TXT_SECONDS: i64 = 180 * 24 * 3600;

/// GET /.well-known/security.txt: whom to tell of a hole; absent where no contact is set.
pub(crate) async fn security(State(desk): State<Shared>) -> Result<Response, Refusal> {
    let settings = desk.settings();
    let contact = match settings.help.as_str() {
        page if page.starts_with("https://") => page.to_owned(),
        address if address.contains('@') => format!("mailto:{address}"),
        _ => return Err(Refusal::NotFound),
    };
    let expires = desk.now().plus_seconds(SECURITY_TXT_SECONDS).rfc3339();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n"
    );
    if settings.is_secure() {
        let _ = writeln!(text, "Canonical: {}/.well-known/security.txt", settings.url);
    }
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// GET /robots.txt: nothing here is for an index.
pub(crate) async fn robots() -> Response {
    let text = "User-agent: *\nDisallow: /\n";
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
