//! The style sheet and the mark, served from our own origin under the hash of their content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::refusal::Refusal;

const CSS: &str = include_str!("../assets/viewer.css");
const MARK: &str = include_str!("../assets/mark.svg");

/// Where the style sheet is.
pub(crate) static CSS_PATH: LazyLock<String> = LazyLock::new(|| path(CSS, "css"));
/// Where the mark is.
pub(crate) static MARK_PATH: LazyLock<String> = LazyLock::new(|| path(MARK, "svg"));

fn path(content: &str, kind: &str) -> String {
    let digest = Sha256::digest(content);
    format!("/assets/{}.{kind}", URL_SAFE_NO_PAD.encode(&digest[..12]))
}

/// GET /assets/{name}: one of our two files; they never change under their name.
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Refusal> {
    let asked = format!("/assets/{name}");
    let (content, media_type) = match asked {
        asked if asked == *CSS_PATH => (CSS, "text/css; charset=utf-8"),
        asked if asked == *MARK_PATH => (MARK, "image/svg+xml"),
        _ => return Err(Refusal::NotFound),
    };
    let headers = [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, content).into_response())
}
