//! Headless Chromium, driven through chromedriver's WebDriver protocol over plain HTTP. It knows
//! nothing of our pages, and follows no link by itself.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::place;

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long a page, an element or a download may take on a busy machine.
const WAIT: Duration = Duration::from_secs(20);

/// Light or dark, as a person set it in the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// One browser window with a profile of its own. It ends when dropped.
pub struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    folder: TempDir,
}

/// Something on a page.
#[derive(Debug, Clone)]
pub struct Element(String);

impl Browser {
    /// Starts chromedriver and a headless window.
    pub fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed; `tests/install browser` does it");
        let address = announced_address(&mut driver);
        let folder = tempfile::Builder::new()
            .prefix("sealgate-browser-")
            .tempdir()
            .unwrap();
        let mut browser = Self {
            driver,
            address,
            session: String::new(),
            folder,
        };
        fs::create_dir(browser.downloads()).unwrap();
        let profile = browser.folder.path().join("profile");
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let downloads = json!({ "download.default_directory": browser.downloads() });
        let options = json!({ "args": arguments, "prefs": downloads });
        let wish = json!({ "alwaysMatch": { "goog:chromeOptions": options } });
        let made = browser.ask("POST", "/session", &json!({ "capabilities": wish }));
        browser.session = made["sessionId"]
            .as_str()
            .expect("a session has an id")
            .to_owned();
        browser
    }

    /// Where downloads land.
    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    /// Waits for a finished download; its bytes.
    pub fn downloaded(&self, name: &str) -> Vec<u8> {
        let path = self.downloads().join(name);
        wait_until(WAIT, || path.exists()).unwrap_or_else(|| {
            let here: Vec<_> = fs::read_dir(self.downloads()).unwrap().flatten().collect();
            panic!("`{name}` was not downloaded; there is {here:?}")
        });
        fs::read(path).unwrap()
    }

    /// Opens an address and waits for the page.
    pub fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// The address of the page that is open.
    pub fn url(&self) -> String {
        text_of(&self.get("/url"))
    }

    /// The title of the page that is open.
    pub fn title(&self) -> String {
        text_of(&self.get("/title"))
    }

    /// The page's source as it stands now.
    pub fn source(&self) -> String {
        text_of(&self.get("/source"))
    }

    /// All text of the page that a person can see.
    pub fn visible_text(&self) -> String {
        self.text(&self.find("body"))
    }

    /// Back, as with the browser's own button.
    pub fn back(&self) {
        self.post("/back", &json!({}));
    }

    /// The first element that a CSS selector matches, waited for.
    pub fn find(&self, selector: &str) -> Element {
        let found = wait_until(WAIT, || !self.find_all(selector).is_empty());
        found.unwrap_or_else(|| {
            panic!(
                "nothing matches `{selector}` on {}:\n{}",
                self.url(),
                self.source()
            )
        });
        self.find_all(selector).swap_remove(0)
    }

    /// Every element that a CSS selector matches now.
    pub fn find_all(&self, selector: &str) -> Vec<Element> {
        let wish = json!({ "using": "css selector", "value": selector });
        let found = self.post("/elements", &wish);
        let ids = found.as_array().into_iter().flatten();
        ids.filter_map(|each| each[ELEMENT].as_str())
            .map(|id| Element(id.to_owned()))
            .collect()
    }

    /// Presses an element.
    pub fn click(&self, element: &Element) {
        self.post(&format!("/element/{}/click", element.0), &json!({}));
    }

    /// Presses an element that leads to another page, and waits for that page.
    pub fn follow(&self, element: &Element) {
        let came = self.follow_within(element, WAIT);
        assert!(came, "no other page came after {}", self.url());
    }

    /// As [`Browser::follow`]; whether another page came in time.
    pub fn follow_within(&self, element: &Element, limit: Duration) -> bool {
        let before = self.find("html");
        self.click(element);
        // The root of a page that is gone is no element any more.
        let path = format!("/session/{}/element/{}/name", self.session, before.0);
        let is_gone = || exchange(self.address, "GET", &path, &Value::Null).0 != 200;
        wait_until(limit, is_gone).is_some()
    }

    /// Types into an element.
    pub fn write(&self, element: &Element, text: &str) {
        self.post(
            &format!("/element/{}/value", element.0),
            &json!({ "text": text }),
        );
    }

    /// What a person reads on an element.
    pub fn text(&self, element: &Element) -> String {
        text_of(&self.get(&format!("/element/{}/text", element.0)))
    }

    /// An attribute of an element, empty where it has none.
    pub fn attribute(&self, element: &Element, name: &str) -> String {
        text_of(&self.get(&format!("/element/{}/attribute/{name}", element.0)))
    }

    /// The element's name as assistive technology reads it.
    pub fn accessible_name(&self, element: &Element) -> String {
        text_of(&self.get(&format!("/element/{}/computedlabel", element.0)))
    }

    /// Goes into a frame.
    pub fn enter_frame(&self, frame: &Element) {
        self.post("/frame", &json!({ "id": { ELEMENT: frame.0 } }));
    }

    /// Goes back to the page itself.
    pub fn leave_frame(&self) {
        self.post("/frame", &json!({ "id": null }));
    }

    /// Runs a script in the page, where the page's own policy does not forbid it.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What axe-core finds wrong with the page by WCAG 2.2 AA: rule, and where.
    ///
    /// It comes through the driver, so the page's own policy stays as strict as it is.
    pub fn violations(&self) -> Vec<String> {
        let path = place::target().join("axe-4.10.3.js");
        let axe = fs::read_to_string(&path).unwrap_or_else(|_| {
            panic!(
                "{} is not there; `tests/install browser` fetches it",
                path.display()
            )
        });
        let script = format!(
            "{axe};const done = arguments[arguments.length - 1];\
             axe.run(document, {{ iframes: false, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', \
             'wcag21aa', 'wcag22aa', 'best-practice'] }}).then(found => done(\
             found.passes.length === 0 ? ['axe looked at nothing'] : found.violations.flatMap(\
             rule => rule.nodes.map(node => rule.id + ': ' + node.html.slice(0, 200)))), \
             error => done(['axe: ' + error]))"
        );
        let found = self.post("/execute/async", &json!({ "script": script, "args": [] }));
        let found = found.as_array().expect("a list of findings");
        found.iter().map(text_of).collect()
    }

    /// Presses a key as WebDriver names it (`\u{e004}` is Tab), wherever the focus is.
    pub fn press(&self, key: &str) {
        let actions = json!([
            { "type": "keyDown", "value": key },
            { "type": "keyUp", "value": key },
        ]);
        let keyboard = json!([{ "type": "key", "id": "keyboard", "actions": actions }]);
        self.post("/actions", &json!({ "actions": keyboard }));
    }

    /// Sets the size of the page as a device would have it, and its colour scheme.
    pub fn appear(&self, width: u32, height: u32, scheme: Scheme) {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        let value = if scheme == Scheme::Dark {
            "dark"
        } else {
            "light"
        };
        let feature = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({ "features": feature }),
        );
    }

    /// Switches the page's scripts off or on, from the next page on.
    pub fn allow_scripts(&self, allowed: bool) {
        self.devtools(
            "Emulation.setScriptExecutionDisabled",
            &json!({ "value": !allowed }),
        );
    }

    /// Saves a picture of the whole page as `target/screenshots/NAME.png`.
    pub fn picture(&self, name: &str) {
        self.capture(
            name,
            &json!({ "captureBeyondViewport": true, "format": "png" }),
        );
    }

    /// Saves a picture of the page's top, this large.
    pub fn picture_of_top(&self, name: &str, width: u32, height: u32) {
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        self.capture(name, &json!({ "clip": clip, "format": "png" }));
    }

    fn capture(&self, name: &str, wish: &Value) {
        let taken = self.devtools("Page.captureScreenshot", wish);
        let bytes = STANDARD
            .decode(taken["data"].as_str().unwrap_or(""))
            .expect("base64");
        let folder = place::target().join("screenshots");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    /// The four pictures of a page: telephone and desk, light and dark.
    pub fn pictures(&self, name: &str) {
        for (width, height, device) in [(360, 740, "phone"), (1280, 800, "desk")] {
            for (scheme, word) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
                self.appear(width, height, scheme);
                let wide = self.run("return document.documentElement.scrollWidth");
                assert!(
                    wide.as_u64() <= Some(width.into()),
                    "{name}: {wide} px wide at {width}"
                );
                // A frame below the fold is only painted once it is in view.
                let whole = self.run("return document.documentElement.scrollHeight");
                let whole = whole.as_u64().and_then(|px| px.try_into().ok());
                self.appear(width, whole.unwrap_or(height).max(height), scheme);
                thread::sleep(Duration::from_millis(300));
                self.picture(&format!("{name}-{device}-{word}"));
            }
        }
        self.appear(1280, 800, Scheme::Light);
    }

    /// The cookies of the page that is open, as WebDriver tells them.
    pub fn cookies(&self) -> Vec<Value> {
        self.get("/cookie").as_array().cloned().unwrap_or_default()
    }

    fn devtools(&self, method: &str, parameters: &Value) -> Value {
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": method, "params": parameters }),
        )
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}{path}", self.session), body)
    }

    fn get(&self, path: &str) -> Value {
        self.ask(
            "GET",
            &format!("/session/{}{path}", self.session),
            &Value::Null,
        )
    }

    /// One WebDriver request; its `value`. An error is a failed test.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = exchange(self.address, method, path, body);
        let value = serde_json::from_slice::<Value>(&answer).unwrap_or_default()["value"].take();
        assert_eq!(status, 200, "{method} {path}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            exchange(
                self.address,
                "DELETE",
                &format!("/session/{}", self.session),
                &Value::Null,
            );
        }
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}

/// Reads the port that chromedriver chose from what it prints.
fn announced_address(driver: &mut Child) -> SocketAddr {
    let mut output = BufReader::new(driver.stdout.take().expect("the output is piped"));
    let mut line = String::new();
    while output.read_line(&mut line).unwrap_or(0) > 0 {
        if let Some((_, rest)) = line.split_once("successfully on port ") {
            let port = rest.trim().trim_end_matches('.').parse().expect("a port");
            // It goes on printing; somebody must read.
            thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
            return SocketAddr::from(([127, 0, 0, 1], port));
        }
        line.clear();
    }
    panic!("chromedriver says no port");
}

/// One HTTP/1.1 exchange on a connection of its own; status and body.
fn exchange(address: SocketAddr, method: &str, path: &str, body: &Value) -> (u16, Vec<u8>) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).expect("chromedriver listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok();
    stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body.as_bytes()))
        .ok();
    let mut input = BufReader::new(stream);
    let mut line = String::new();
    input.read_line(&mut line).ok();
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    let mut length = None;
    while input
        .read_line({
            line.clear();
            &mut line
        })
        .unwrap_or(0)
        > 2
    {
        let (name, value) = line.split_once(':').unwrap_or(("", ""));
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<u64>().ok();
        }
    }
    let mut answer = Vec::new();
    input
        .take(length.unwrap_or(u64::MAX))
        .read_to_end(&mut answer)
        .ok();
    (status, answer)
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

/// Asks again until it holds or the time is over.
fn wait_until(limit: Duration, condition: impl Fn() -> bool) -> Option<()> {
    let until = Instant::now() + limit;
    while Instant::now() < until {
        if condition() {
            return Some(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    None
}
