//! Everything a page can say instead of what was asked for, and with which status.
//!
//! A refusal tells nothing that the asker may not know: without the link's secret it is always
//! the same 404.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mail::Timestamp;

use crate::desk::Desk;
use crate::shell::{Step, Word};
use crate::texts::fill;

/// Why a request gets no answer of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No such address, or no secret for it: one page for all.
    NotFound,
    /// A form from another site, or without its mark.
    Forbidden,
    /// The reader holds the link, but the letter is closed for good.
    Ended { how: Ending, sender: String },
    /// The rights do not hold this.
    NotGranted { base: String },
    /// More bytes than the route takes.
    TooLarge,
    /// The form did not come in within its time.
    Slow,
    /// The route takes no such method; holds the `Allow` field.
    Method(Option<HeaderValue>),
    /// All turns are taken.
    Busy,
    /// Laying the letter out takes too long.
    Heavy,
    /// As many downloads are under way as may be.
    DownloadsBusy,
    /// The reader's reply before this one is not through, or too many are.
    RepliesBusy,
    /// The visit is over or was never opened: begin at the door.
    NoVisit { base: String },
    /// Ours. The log says what.
    Trouble,
}

/// How a letter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Revoked(Timestamp),
    Expired(Timestamp),
    NeverOpened(Timestamp),
}

impl IntoResponse for Refusal {
    /// Only carries the refusal out; the outermost layer renders it, for all routes alike.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl Refusal {
    /// Logs an error of ours and hides it from the reader.
    pub fn trouble(doing: &'static str, error: &dyn std::error::Error) -> Self {
        tracing::error!(doing, error = %error, source = ?error.source().map(ToString::to_string),
            "the viewer cannot do its work");
        Self::Trouble
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::NotGranted { .. } => StatusCode::FORBIDDEN,
            Self::Ended { .. } => StatusCode::GONE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoVisit { .. } => StatusCode::SEE_OTHER,
            Self::Busy | Self::Heavy | Self::DownloadsBusy | Self::RepliesBusy | Self::Trouble => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// Whether the same may go well another time. The other pages have their own way on, or none.
    fn passes(&self) -> bool {
        matches!(
            self,
            Self::TooLarge
                | Self::Slow
                | Self::Busy
                | Self::Heavy
                | Self::DownloadsBusy
                | Self::RepliesBusy
                | Self::Trouble
        )
    }

    /// What axum itself answered (no route, wrong method, body too long) as a refusal of ours.
    pub fn of_status(response: &Response) -> Option<Self> {
        match response.status() {
            StatusCode::METHOD_NOT_ALLOWED => {
                Some(Self::Method(response.headers().get(header::ALLOW).cloned()))
            }
            StatusCode::PAYLOAD_TOO_LARGE => Some(Self::TooLarge),
            StatusCode::RANGE_NOT_SATISFIABLE => None,
            status if status.is_client_error() => Some(Self::NotFound),
            status if status.is_server_error() => Some(Self::Trouble),
            _ => None,
        }
    }

    /// The page, with its status. `letter` is the address of the letter that was asked about, to
    /// go back to where trying again helps.
    pub fn render(self, desk: &Desk, letter: Option<String>) -> Response {
        let status = self.status();
        if let Self::NoVisit { base } = &self {
            return see_other(base);
        }
        let mut page = self.word(desk);
        if let Some(href) = letter.filter(|_| self.passes()) {
            let text = desk.texts.back_to_letter;
            page = page.link(Step { href, text });
        }
        let mut response = (status, page.into_response()).into_response();
        match self {
            Self::Method(Some(allow)) => {
                response.headers_mut().insert(header::ALLOW, allow);
            }
            Self::Busy | Self::Heavy | Self::DownloadsBusy | Self::RepliesBusy | Self::Trouble => {
                let seconds = HeaderValue::from_static("30");
                response.headers_mut().insert(header::RETRY_AFTER, seconds);
            }
            _ => {}
        }
        response
    }

    fn word(&self, desk: &Desk) -> Word {
        let t = desk.texts;
        let (title, lines) = match self {
            Self::NotFound | Self::NoVisit { .. } => (
                t.not_found_title,
                vec![t.not_found.into(), t.not_found_why.into()],
            ),
            Self::Forbidden => (t.forbidden_title, vec![t.forbidden.into()]),
            Self::Ended { how, sender } => ended(desk, *how, sender),
            Self::NotGranted { base } => {
                let back = Step {
                    href: base.clone(),
                    text: t.back_to_letter,
                };
                return Word::new(desk, t.not_granted_title, vec![t.not_granted.into()]).link(back);
            }
            Self::TooLarge => (t.too_large_title, vec![t.too_large.into()]),
            Self::Slow => (t.slow_title, vec![t.slow.into()]),
            Self::Method(_) => (t.method_title, vec![t.method.into()]),
            Self::Busy => (t.busy_title, vec![t.busy.into()]),
            Self::Heavy => (t.heavy_title, vec![t.heavy.into()]),
            Self::DownloadsBusy => (t.busy_title, vec![t.busy_downloads.into()]),
            Self::RepliesBusy => (t.busy_title, vec![t.busy_replies.into()]),
            Self::Trouble => (t.trouble_title, vec![t.trouble.into()]),
        };
        Word::new(desk, title, lines)
    }
}

fn ended(desk: &Desk, how: Ending, sender: &str) -> (&'static str, Vec<String>) {
    let t = desk.texts;
    let (title, text, at) = match how {
        Ending::Revoked(at) => (t.revoked_title, t.revoked, at),
        Ending::Expired(at) => (t.expired_title, t.expired, at),
        Ending::NeverOpened(at) => (t.never_opened_title, t.never_opened, at),
    };
    let next = fill(t.ended_next, &[("sender", sender)]);
    (title, vec![fill(text, &[("time", &at.date_words())]), next])
}

/// 303: the next request is a GET.
pub(crate) fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    // Our paths hold base64url and words only.
    if let Ok(location) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
