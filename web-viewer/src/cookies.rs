//! The cookies: the link's secret, the visit, the browser that is known again, and the ticket of
//! one who waits for a code.
//!
//! All are HttpOnly, SameSite=Lax, and Secure where the viewer's address is https.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use seal::{GrantId, LinkSecret};
use sha2::{Digest, Sha256};
use store::challenge::{DELAY_SECONDS_MAX, TICKET_SECONDS};
use zeroize::Zeroizing;

use crate::settings::{BROWSER_SECONDS, ViewerSettings};

const LINK: &str = "sealgate-link";
const VISIT: &str = "sealgate-visit";
const BROWSER: &str = "sealgate-browser";
const TICKET: &str = "sealgate-ticket";

/// A random token that a browser holds; the store knows its hash only.
#[derive(Clone)]
pub(crate) struct Token(Zeroizing<[u8; 32]>);

impl Token {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut *bytes).ok()?;
        (length == 32).then_some(Self(bytes))
    }

    /// What the store knows it by.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"sealgate token 1")
            .chain_update(*self.0)
            .finalize()
            .into()
    }
}

/// The cookies that came with one request.
#[derive(Default)]
pub(crate) struct Cookies {
    pub link: Option<LinkSecret>,
    pub visit: Option<Token>,
    pub browser: Option<Token>,
    /// As it came: its mark is still to be checked.
    pub ticket: Option<String>,
}

impl Cookies {
    /// Reads ours and passes over all others; RFC 6265 §5.4: the most specific path comes first.
    pub fn read(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        let lines = headers
            .get_all(COOKIE)
            .into_iter()
            .filter_map(|line| line.to_str().ok());
        for (name, value) in lines
            .flat_map(|line| line.split(';'))
            .filter_map(|c| c.split_once('='))
        {
            let value = value.trim();
            match name.trim() {
                LINK => found.link = found.link.or_else(|| LinkSecret::parse(value).ok()),
                VISIT => found.visit = found.visit.or_else(|| Token::parse(value)),
                BROWSER => found.browser = found.browser.or_else(|| Token::parse(value)),
                TICKET => found.ticket = found.ticket.or_else(|| Some(value.to_owned())),
                _ => {}
            }
        }
        found
    }
}

/// Writes our cookies for one letter.
pub(crate) struct Jar<'a> {
    pub settings: &'a ViewerSettings,
    pub headers: &'a mut HeaderMap,
}

impl Jar<'_> {
    pub fn set_link(&mut self, grant: &GrantId, secret: &LinkSecret) {
        self.set(LINK, &secret.to_link_text(), &format!("/l/{grant}"), None);
    }

    pub fn set_visit(&mut self, grant: &GrantId, token: &Token) {
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*token.0));
        self.set(VISIT, &text, &format!("/l/{grant}"), None);
    }

    pub fn set_browser(&mut self, token: &Token) {
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*token.0));
        self.set(BROWSER, &text, "/l", Some(BROWSER_SECONDS));
    }

    pub fn set_ticket(&mut self, grant: &GrantId, ticket: &str) {
        let age = Some(DELAY_SECONDS_MAX + TICKET_SECONDS);
        self.set(TICKET, ticket, &format!("/l/{grant}"), age);
    }

    /// Removes what opens this letter; the browser stays known.
    pub fn forget(&mut self, grant: &GrantId) {
        for name in [LINK, VISIT] {
            self.set(name, "", &format!("/l/{grant}"), Some(0));
        }
    }

    fn set(&mut self, name: &str, value: &str, path: &str, max_age_seconds: Option<i64>) {
        let secure = if self.settings.is_secure() {
            "; Secure"
        } else {
            ""
        };
        let age = max_age_seconds.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
        let text = Zeroizing::new(format!(
            "{name}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}{age}"
        ));
        // Our names, base64url and paths are always valid in a field.
        if let Ok(mut field) = HeaderValue::from_str(&text) {
            field.set_sensitive(true);
            self.headers.append(SET_COOKIE, field);
        }
    }
}
