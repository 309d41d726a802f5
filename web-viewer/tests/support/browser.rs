//! A browser without eyes: it keeps cookies by path, sends forms, and follows nothing by itself.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use tower::ServiceExt;

use super::{Sealed, World};

/// One browser.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    /// Value by (path, name).
    pub cookies: BTreeMap<(String, String), String>,
    /// Fields sent with every request.
    pub fields: Vec<(&'static str, String)>,
}

/// An answer, read whole.
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Page {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn field(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the first hidden input of this name.
    pub fn hidden(&self, name: &str) -> String {
        let text = self.text();
        let start = format!("name=\"{name}\" value=\"");
        let from = text
            .split(&start)
            .nth(1)
            .unwrap_or_else(|| panic!("no {name} in:\n{text}"));
        from.split('"').next().unwrap().to_owned()
    }

    pub fn has(&self, text: &str) -> bool {
        self.text().contains(text)
    }
}

impl Browser {
    pub fn new(world: &World) -> Self {
        Self {
            router: world.router.clone(),
            cookies: BTreeMap::new(),
            fields: Vec::new(),
        }
    }

    /// The same browser, sent to another node.
    pub fn at(self, router: Router) -> Self {
        Self { router, ..self }
    }

    pub async fn send(&mut self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Page {
        let response = self.ask_for(method, path, kind, body).await;
        let (parts, body) = response.into_parts();
        self.keep(&parts.headers);
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Page {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    /// Asks, and leaves the answer's body unread.
    pub async fn begin(&mut self, path: &str) -> Response {
        self.ask_for(Method::GET, path, "", Vec::new()).await
    }

    /// Sends a form whose body comes as `body` says; its answer, once there is one.
    pub async fn post_slowly(&self, path: &str, kind: &str, body: Body) -> Page {
        let response = self.ask_with(Method::POST, path, kind, body).await;
        let (parts, body) = response.into_parts();
        Page {
            status: parts.status,
            headers: parts.headers,
            bytes: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        }
    }

    async fn ask_for(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Response {
        self.ask_with(method, path, kind, Body::from(body)).await
    }

    async fn ask_with(&self, method: Method, path: &str, kind: &str, body: Body) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        let plain = path.split('?').next().unwrap();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|((scope, _), _)| {
                let scope = scope.trim_end_matches('/');
                plain == scope || plain.starts_with(&format!("{scope}/"))
            })
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        for (name, value) in &self.fields {
            request = request.header(*name, value);
        }
        let request = request.body(body).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (pair, rest) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let path = rest
                .split(';')
                .find_map(|it| it.trim().strip_prefix("Path="))
                .unwrap();
            let key = (path.to_owned(), name.to_owned());
            if rest.contains("Max-Age=0") {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, "", Vec::new()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let kind = "application/x-www-form-urlencoded";
        self.send(Method::POST, path, kind, body.join("&").into_bytes())
            .await
    }

    /// Sends a form with files: (name, file name, content); no file name makes a plain field.
    pub async fn post_files(&mut self, path: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Page {
        let mut body = Vec::new();
        for (name, file, content) in parts {
            let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\""));
            body.extend_from_slice(
                format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n")
                    .as_bytes(),
            );
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--XX--\r\n");
        self.send(Method::POST, path, "multipart/form-data; boundary=XX", body)
            .await
    }

    /// Opens the link and follows it to the door.
    pub async fn open_link(&mut self, sealed: &Sealed) -> Page {
        let moved = self.get(&sealed.link()).await;
        assert_eq!(moved.status, StatusCode::SEE_OTHER);
        self.get(&sealed.path()).await
    }

    /// Gives its visit up, keeps what it is known by, and asks for a code.
    pub async fn ask_anew(&mut self, sealed: &Sealed) -> Page {
        self.cookies.retain(|(_, name), _| !name.ends_with("visit"));
        self.ask(sealed).await
    }

    /// Presses "send me a code" on the door and follows.
    pub async fn ask(&mut self, sealed: &Sealed) -> Page {
        let door = self.open_link(sealed).await;
        let token = door.hidden("token");
        let moved = self
            .post(&format!("{}/code", sealed.path()), &[("token", &token)])
            .await;
        match moved.status {
            StatusCode::SEE_OTHER => self.get(&format!("{}/code", sealed.path())).await,
            _ => moved,
        }
    }

    /// Types a code into the page that [`Browser::ask`] gave.
    pub async fn type_code(&mut self, sealed: &Sealed, page: &Page, code: &str) -> Page {
        let (token, challenge) = (page.hidden("token"), page.hidden("challenge"));
        let fields = [
            ("token", &*token),
            ("challenge", &challenge),
            ("code", code),
        ];
        self.post(&format!("{}/open", sealed.path()), &fields).await
    }

    /// The whole way to the letter.
    pub async fn read(&mut self, world: &World, sealed: &Sealed) -> Page {
        let page = self.ask(sealed).await;
        let code = world
            .mailer
            .codes()
            .last()
            .expect("a code was sent")
            .clone();
        let moved = self.type_code(sealed, &page, &code).await;
        assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.text());
        self.get(&sealed.path()).await
    }
}
