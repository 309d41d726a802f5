//! A reader without a browser: it fetches pages, keeps cookies, follows redirects and fills in
//! forms, and runs no script. It shows every header as it came.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One reader with his cookies.
pub struct Visitor {
    address: SocketAddr,
    cookies: BTreeMap<(String, String), String>,
    /// The path of the page last got, after redirects.
    pub path: String,
}

/// An answer of the viewer.
#[derive(Debug, Clone)]
pub struct Page {
    /// The status code; 0 where the connection ended instead.
    pub status: u16,
    /// Names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// A form of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// Where it goes; empty for the page itself.
    pub action: String,
    /// `get` or `post`.
    pub method: String,
    /// Its fields and the values they have.
    pub fields: Vec<(String, String)>,
}

impl Page {
    /// The first header of that name, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(each, _)| each == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Every form, in order.
    pub fn forms(&self) -> Vec<Form> {
        let text = self.text();
        let mut forms: Vec<Form> = Vec::new();
        for tag in text.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap_or("");
            let name = tag
                .split([' ', '\n', '\t'])
                .next()
                .unwrap_or("")
                .to_ascii_lowercase();
            match (name.as_str(), forms.last_mut()) {
                ("form", _) => forms.push(Form {
                    action: attribute(tag, "action"),
                    method: attribute(tag, "method").to_ascii_lowercase(),
                    fields: Vec::new(),
                }),
                ("input" | "textarea" | "button", Some(form)) => {
                    let field = attribute(tag, "name");
                    if !field.is_empty() {
                        form.fields.push((field, attribute(tag, "value")));
                    }
                }
                _ => {}
            }
        }
        forms
    }

    /// The targets of every link that has `word` in it.
    pub fn links(&self, word: &str) -> Vec<String> {
        let text = self.text();
        let tags = text.split('<').filter(|tag| tag.starts_with("a "));
        let targets = tags.map(|tag| attribute(tag.split('>').next().unwrap_or(""), "href"));
        targets.filter(|target| target.contains(word)).collect()
    }
}

impl Visitor {
    /// Somebody new, without a cookie.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: BTreeMap::new(),
            path: "/".to_owned(),
        }
    }

    /// Fetches an address of the viewer, following redirects as a browser does.
    pub fn get(&mut self, url: &str) -> Page {
        let page = self.request("GET", url, &[], b"");
        self.follow(page)
    }

    /// Sends a form with some of its fields changed, from the page it stands on.
    pub fn submit(&mut self, form: &Form, changes: &[(&str, &str)]) -> Page {
        let mut fields = form.fields.clone();
        for (name, value) in changes {
            fields.retain(|(each, _)| each != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let action = if form.action.is_empty() {
            self.path.clone()
        } else {
            form.action.clone()
        };
        let origin = format!("http://{}", self.address);
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Origin", &origin),
        ];
        let page = self.request("POST", &action, &headers, pairs.join("&").as_bytes());
        self.follow(page)
    }

    /// Sends a form as one with files is sent (RFC 7578), its own values changed to these.
    pub fn submit_parts(&mut self, form: &Form, changes: &[(&str, &str)]) -> Page {
        let own = form.fields.iter().map(|(name, value)| {
            let changed = changes.iter().find(|(each, _)| each == name);
            (
                name.as_str(),
                changed.map_or(value.as_str(), |(_, value)| value),
            )
        });
        let part = |(name, value)| {
            format!("--parts\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body: String = own.map(part).chain(["--parts--\r\n".to_owned()]).collect();
        let origin = format!("http://{}", self.address);
        let headers = [
            ("Content-Type", "multipart/form-data; boundary=parts"),
            ("Origin", &origin),
        ];
        let action = match form.action.as_str() {
            "" => self.path.clone(),
            action => action.to_owned(),
        };
        let page = self.request("POST", &action, &headers, body.as_bytes());
        self.follow(page)
    }

    /// One request, whatever its method; redirects are not followed.
    pub fn request(&mut self, method: &str, url: &str, more: &[(&str, &str)], body: &[u8]) -> Page {
        let path = self.local(url);
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.address,
            body.len()
        );
        for (name, value) in more {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let fitting = self
            .cookies
            .iter()
            .filter(|((_, scope), _)| path.starts_with(scope));
        let cookies: Vec<String> = fitting
            .map(|((name, _), value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            head.push_str(&format!("Cookie: {}\r\n", cookies.join("; ")));
        }
        let page = exchange(
            self.address,
            &[head.as_bytes(), b"\r\n", body].concat(),
            method,
        );
        self.keep_cookies(&page, &path);
        self.path = path;
        page
    }

    fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..10 {
            if !matches!(page.status, 301..=303 | 307 | 308) {
                return page;
            }
            let target = page.header("location").to_owned();
            page = self.request("GET", &target, &[], b"");
        }
        panic!("ten redirects in a row, last to `{}`", self.path);
    }

    /// The path of an address, relative ones against the page that is open.
    fn local(&self, url: &str) -> String {
        let host = format!("http://{}", self.address);
        let url = url.strip_prefix(&host).unwrap_or(url);
        let url = url.split('#').next().unwrap_or(url).replace("&amp;", "&");
        if url.starts_with('/') || url == "*" {
            return url;
        }
        let folder = self.path.split('?').next().unwrap_or("/").rsplit_once('/');
        format!("{}/{url}", folder.map_or("", |(folder, _)| folder))
    }

    fn keep_cookies(&mut self, page: &Page, path: &str) {
        for (_, line) in page.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = line.split_once('=').unwrap_or((line, ""));
            let value = rest.split(';').next().unwrap_or("").to_owned();
            let lower = line.to_ascii_lowercase();
            let at = lower.find("path=").map(|at| at + 5);
            let scope = at
                .and_then(|at| line[at..].split(';').next())
                .unwrap_or(path);
            let key = (name.to_owned(), scope.to_owned());
            match lower.contains("max-age=0") || value.is_empty() {
                true => drop(self.cookies.remove(&key)),
                false => drop(self.cookies.insert(key, value)),
            }
        }
    }
}

/// One exchange on a connection of its own.
fn exchange(address: SocketAddr, request: &[u8], method: &str) -> Page {
    let mut page = Page {
        status: 0,
        headers: Vec::new(),
        body: Vec::new(),
    };
    let Ok(mut stream) = TcpStream::connect(address) else {
        return page;
    };
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok();
    // A server may answer and close before it has read all; its answer counts.
    stream.write_all(request).ok();
    let mut input = BufReader::new(stream);
    let mut line = String::new();
    input.read_line(&mut line).ok();
    page.status = line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    loop {
        line.clear();
        if input.read_line(&mut line).unwrap_or(0) <= 2 {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or(("", ""));
        page.headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if method != "HEAD" {
        let chunked = page.header("transfer-encoding") == "chunked";
        input.read_to_end(&mut page.body).ok();
        if chunked {
            page.body = unchunked(&page.body);
        }
    }
    page
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = memchr::memmem::find(body, b"\r\n") {
        let digits = std::str::from_utf8(&body[..end]).unwrap_or("0");
        let length = usize::from_str_radix(digits.trim(), 16).unwrap_or(0);
        if length == 0 || body.len() < end + 2 + length {
            break;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + length]);
        body = body.get(end + 4 + length..).unwrap_or(b"");
    }
    whole
}

/// An attribute of a tag, its HTML escapes undone; empty where it has none.
fn attribute(tag: &str, name: &str) -> String {
    let Some(at) = tag
        .find(&format!(" {name}=\""))
        .or_else(|| tag.find(&format!("\n{name}=\"")))
    else {
        return String::new();
    };
    let value = &tag[at + name.len() + 3..];
    let value = value.split('"').next().unwrap_or("");
    value
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&amp;", "&")
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read() {
        let body =
            b"<form method=\"POST\" action=\"/x?a=1&amp;b=2\"><input name=\"t\" value=\"1\">\
            <button name=\"go\">Go</button></form><a href=\"/download/1\">x</a>";
        let page = Page {
            status: 200,
            headers: Vec::new(),
            body: body.to_vec(),
        };
        let form = &page.forms()[0];
        assert_eq!(
            (form.action.as_str(), form.method.as_str()),
            ("/x?a=1&b=2", "post")
        );
        assert_eq!(
            form.fields,
            [
                ("t".to_owned(), "1".to_owned()),
                ("go".into(), String::new())
            ]
        );
        assert_eq!(page.links("download"), ["/download/1"]);
    }
}
