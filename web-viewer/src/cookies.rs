//! The cookies: the link's secret, the visit, the browser that is known again, and for one who
//! waits for a code the ticket and the name it is made out to, which no proof changes.
//!
//! All are HttpOnly and SameSite=Lax. Where the viewer's address is https they are Secure, and
//! their names say so (RFC 6265bis §4.1.3): no page that came in clear can plant one, and what
//! makes a browser known no other host of the site can plant either.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use seal::{GrantId, LinkSecret};
use sha2::{Digest, Sha256};
use store::challenge::{DELAY_SECONDS_MAX, TICKET_SECONDS};
use zeroize::Zeroizing;

use crate::settings::{BROWSER_SECONDS, ViewerSettings};

/// One of our cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Link,
    Visit,
    Browser,
    Waiter,
    Ticket,
}

impl Name {
    const ALL: [Self; 5] = [
        Self::Link,
        Self::Visit,
        Self::Browser,
        Self::Waiter,
        Self::Ticket,
    ];

    /// As it stands in the fields of a viewer at this address.
    fn text(self, settings: &ViewerSettings) -> &'static str {
        match (self, settings.is_secure()) {
            (Self::Link, true) => "__Secure-sealgate-link",
            (Self::Link, false) => "sealgate-link",
            (Self::Visit, true) => "__Secure-sealgate-visit",
            (Self::Visit, false) => "sealgate-visit",
            // Not of one letter, so it can have the stricter name, which demands the path `/`.
            (Self::Browser, true) => "__Host-sealgate-browser",
            (Self::Browser, false) => "sealgate-browser",
            (Self::Waiter, true) => "__Host-sealgate-waiter",
            (Self::Waiter, false) => "sealgate-waiter",
            (Self::Ticket, true) => "__Secure-sealgate-ticket",
            (Self::Ticket, false) => "sealgate-ticket",
        }
    }
}

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
    /// Who its tickets are made out to, of whatever letter; it makes nobody known.
    pub waiter: Option<Token>,
    /// As it came: its mark is still to be checked.
    pub ticket: Option<String>,
}

impl Cookies {
    /// Reads ours and passes over all others; RFC 6265 §5.4: the most specific path comes first.
    pub fn read(settings: &ViewerSettings, headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        let lines = headers
            .get_all(COOKIE)
            .into_iter()
            .filter_map(|line| line.to_str().ok());
        for (name, value) in lines
            .flat_map(|line| line.split(';'))
            .filter_map(|c| c.split_once('='))
        {
            let (name, value) = (name.trim(), value.trim());
            let mut ours = Name::ALL.into_iter();
            match ours.find(|ours| ours.text(settings) == name) {
                Some(Name::Link) => {
                    found.link = found.link.or_else(|| LinkSecret::parse(value).ok());
                }
                Some(Name::Visit) => found.visit = found.visit.or_else(|| Token::parse(value)),
                Some(Name::Browser) => {
                    found.browser = found.browser.or_else(|| Token::parse(value));
                }
                Some(Name::Waiter) => found.waiter = found.waiter.or_else(|| Token::parse(value)),
                Some(Name::Ticket) => {
                    found.ticket = found.ticket.or_else(|| Some(value.to_owned()));
                }
                None => {}
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
        self.set(
            Name::Link,
            &secret.to_link_text(),
            &format!("/l/{grant}"),
            None,
        );
    }

    pub fn set_visit(&mut self, grant: &GrantId, token: &Token) {
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*token.0));
        self.set(Name::Visit, &text, &format!("/l/{grant}"), None);
    }

    pub fn set_browser(&mut self, token: &Token) {
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*token.0));
        self.set(Name::Browser, &text, "/", Some(BROWSER_SECONDS));
    }

    /// A ticket, and whom it is made out to.
    pub fn set_ticket(&mut self, grant: &GrantId, waiter: &Token, ticket: &str) {
        let age = Some(DELAY_SECONDS_MAX + TICKET_SECONDS);
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*waiter.0));
        self.set(Name::Waiter, &text, "/", age);
        self.set(Name::Ticket, ticket, &format!("/l/{grant}"), age);
    }

    /// Removes what opens this letter; the browser stays known.
    pub fn forget(&mut self, grant: &GrantId) {
        for name in [Name::Link, Name::Visit] {
            self.set(name, "", &format!("/l/{grant}"), Some(0));
        }
    }

    fn set(&mut self, name: Name, value: &str, path: &str, max_age_seconds: Option<i64>) {
        let secure = if self.settings.is_secure() {
            "; Secure"
        } else {
            ""
        };
        let age = max_age_seconds.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
        let name = name.text(self.settings);
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
