//! A browser small enough to walk the reading path by itself: it keeps cookies, follows redirects
//! and fills in forms. It speaks HTTP/1.1 to loopback only and runs no script.

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The most redirects followed in a row.
const REDIRECTS_MAX: usize = 5;

/// The largest page that is read.
const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One visitor.
#[derive(Debug)]
pub struct Browser {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
}

/// What a request gave.
#[derive(Debug, Clone)]
pub struct Page {
    /// The path it was read from, after redirects.
    pub path: String,
    /// The status.
    pub status: u16,
    /// The body as text.
    pub text: String,
}

/// A form of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// Its fields with the values they came with.
    pub fields: Vec<(String, String)>,
}

/// Why a page could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BrowseError {
    /// The connection failed.
    #[error("cannot connect to the viewer")]
    Connect(#[from] std::io::Error),
    /// The exchange failed.
    #[error("the viewer broke the exchange off")]
    Http(#[from] hyper::Error),
    /// The page's bytes could not be read whole.
    #[error("cannot read the page: {0}")]
    Body(String),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The viewer sends the browser in circles.
    #[error("more than {REDIRECTS_MAX} redirects")]
    Redirects,
    /// A request that cannot be written.
    #[error("cannot write the request")]
    Request(#[from] axum::http::Error),
}

impl Browser {
    /// A browser that has never been anywhere.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: BTreeMap::new(),
        }
    }

    /// Opens a path.
    pub async fn get(&mut self, path: &str) -> Result<Page, BrowseError> {
        self.follow(Method::GET, path.to_owned(), String::new())
            .await
    }

    /// Sends a form, with `values` in place of what its fields came with.
    pub async fn submit(
        &mut self,
        form: &Form,
        values: &[(&str, &str)],
    ) -> Result<Page, BrowseError> {
        let mut pairs = form.fields.clone();
        for (name, value) in values {
            pairs.retain(|(field, _)| field != name);
            pairs.push(((*name).to_owned(), (*value).to_owned()));
        }
        let body: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        self.follow(Method::POST, form.action.clone(), body.join("&"))
            .await
    }

    async fn follow(
        &mut self,
        mut method: Method,
        mut path: String,
        mut body: String,
    ) -> Result<Page, BrowseError> {
        for _ in 0..REDIRECTS_MAX {
            let exchange = self.exchange(&method, &path, &body);
            let response = tokio::time::timeout(TIMEOUT, exchange)
                .await
                .map_err(|_| BrowseError::Timeout)??;
            self.keep_cookies(&response);
            let location = response.headers().get(header::LOCATION);
            let location = location
                .and_then(|value| value.to_str().ok())
                .map(local_path);
            match location {
                Some(next) if response.status().is_redirection() => {
                    (method, path, body) = (Method::GET, next, String::new());
                }
                _ => return read(path, response).await,
            }
        }
        Err(BrowseError::Redirects)
    }

    async fn exchange(
        &self,
        method: &Method,
        path: &str,
        body: &str,
    ) -> Result<Response<Incoming>, BrowseError> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let origin = format!("http://{}", self.address);
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::ORIGIN, origin)
            .header(header::COOKIE, cookies.join("; "))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.to_owned())?;
        Ok(sender.send_request(request).await?)
    }

    fn keep_cookies(&mut self, response: &Response<Incoming>) {
        for value in response.headers().get_all(header::SET_COOKIE) {
            let text = value.to_str().unwrap_or_default();
            let pair = text.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            if value.is_empty() || text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

async fn read(path: String, response: Response<Incoming>) -> Result<Page, BrowseError> {
    let status = response.status();
    let body = Body::new(response.into_body());
    let bytes = axum::body::to_bytes(body, PAGE_BYTES_MAX)
        .await
        .map_err(|error| BrowseError::Body(error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Page {
        path,
        status: StatusCode::as_u16(&status),
        text,
    })
}

impl Page {
    /// The forms of the page, in order.
    pub fn forms(&self) -> Vec<Form> {
        let pieces = self.text.split("<form").skip(1);
        pieces
            .map(|piece| self.form(piece.split("</form>").next().unwrap_or_default()))
            .collect()
    }

    fn form(&self, inner: &str) -> Form {
        let (tag, rest) = inner.split_once('>').unwrap_or((inner, ""));
        let action = attribute(tag, "action").unwrap_or_else(|| self.path.clone());
        let fields = rest.split("<input").skip(1).filter_map(|piece| {
            let tag = piece.split('>').next().unwrap_or_default();
            Some((
                attribute(tag, "name")?,
                attribute(tag, "value").unwrap_or_default(),
            ))
        });
        Form {
            action,
            fields: fields.collect(),
        }
    }

    /// The first form whose tag or fields contain `word`.
    pub fn form_with(&self, word: &str) -> Option<Form> {
        let has = |form: &Form| {
            form.action.contains(word) || form.fields.iter().any(|(name, _)| name == word)
        };
        self.forms().into_iter().find(has)
    }

    /// The targets of `attribute="…"` that begin with `prefix`, in order.
    pub fn targets(&self, name: &str, prefix: &str) -> Vec<String> {
        let pieces = self.text.split('<').skip(1);
        pieces
            .filter_map(|tag| attribute(tag, name))
            .filter(|t| t.starts_with(prefix))
            .collect()
    }
}

/// The value of an attribute in a tag, entities resolved.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = tag.get(start..)?.split('"').next()?;
    let plain = value
        .replace("&#x2f;", "/")
        .replace("&#x2F;", "/")
        .replace("&quot;", "\"");
    Some(
        plain
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

/// A redirect's target without scheme and host.
fn local_path(location: &str) -> String {
    match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]).to_owned(),
        None => location.to_owned(),
    }
}

/// `application/x-www-form-urlencoded`.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_their_fields_are_found() {
        let text = "<form method=\"post\" action=\"/l/x/code\"><input name=\"token\" \
                    value=\"a&amp;b\"><input name=\"code\"></form>";
        let page = Page {
            path: "/l/x".to_owned(),
            status: 200,
            text: text.to_owned(),
        };
        let form = page.form_with("code").expect("a form");
        assert_eq!(form.action, "/l/x/code");
        assert_eq!(form.fields[0], ("token".to_owned(), "a&b".to_owned()));
        assert_eq!(encode("a b&c"), "a%20b%26c");
    }
}
