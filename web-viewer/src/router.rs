//! Every address of the viewer. What is not listed is the one 404.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use seal::{GrantId, LinkSecret};

use crate::desk::{Desk, Viewer};
use crate::refusal::Refusal;
use crate::settings::FORM_BYTES_MAX;
use crate::{assets, code, door, guard, letter, parts, reply, well_known};

/// The link that goes into a notice. Whoever has it, and the mailbox, reads the letter: it must
/// never be logged.
pub fn link(url: &str, grant: &GrantId, secret: &LinkSecret) -> String {
    format!(
        "{}/l/{grant}/{}",
        url.trim_end_matches('/'),
        *secret.to_link_text()
    )
}

/// The viewer as an axum router, for the gateway's own listener.
pub fn router(viewer: Viewer) -> Router {
    let reply_bytes_max = viewer.settings.reply_bytes_max;
    let desk = Arc::new(Desk::new(viewer));
    let replies = Router::new()
        .route("/l/{grant}/reply", get(reply::page).post(reply::send))
        .route(
            "/l/{grant}/reply-all",
            get(reply::page_all).post(reply::send_all),
        )
        .layer(DefaultBodyLimit::max(reply_bytes_max));
    Router::new()
        .route("/l/{grant}/{secret}", get(door::link))
        .route("/l/{grant}", get(door::page))
        .route("/l/{grant}/code", get(code::page).post(code::request))
        .route("/l/{grant}/open", post(code::open))
        .route(
            "/l/{grant}/pictures",
            get(letter::with_pictures).post(letter::choose_pictures),
        )
        .route("/l/{grant}/body/{part}", get(parts::body))
        .route("/l/{grant}/attachment/{part}", get(parts::attachment))
        .route("/l/{grant}/letter.eml", get(parts::whole))
        .route("/l/{grant}/print", get(letter::print))
        .route("/l/{grant}/sign-out", post(letter::sign_out))
        .route("/signed-out", get(letter::signed_out))
        .route("/assets/{name}", get(assets::asset))
        .route("/robots.txt", get(well_known::robots))
        .route("/.well-known/security.txt", get(well_known::security))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .merge(replies)
        .fallback(|| async { Refusal::NotFound })
        .layer(from_fn_with_state(desk.clone(), guard::guard))
        .with_state(desk)
}
