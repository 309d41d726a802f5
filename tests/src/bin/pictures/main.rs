//! `make pictures`: what markings look like, for `rules/MARKINGS.md`. Letters as mail programs
//! write them go through the real gateway; what arrives is shown in a real browser, in the bare
//! frame of an invented mail program, and photographed.
//!
//! It draws nothing of the markings itself, so that the pictures cannot say more than is true.

mod frame;
mod letters;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use end_to_end::browser::{Browser, Scheme};
use end_to_end::gateway::{Gateway, Site};
use end_to_end::letter;
use end_to_end::place;
use end_to_end::reading;
use end_to_end::sink::Sink;

/// The policy of the manual page, word for word.
const RULES: &str = include_str!("../../../../rules/pictures/policy.toml");
const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@corp.example";
const OUTSIDE: &str = "zoe@partner.example";

/// Larger ones do not belong beside sources.
const PICTURE_BYTES_MAX: usize = 60 * 1024;

struct Studio {
    sink: Sink,
    gateway: Gateway,
    browser: Browser,
    folder: PathBuf,
    page: PathBuf,
}

fn main() -> ExitCode {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), RULES));
    let folder = place::project().join("rules/pictures");
    fs::create_dir_all(&folder).expect("the folder of pictures can be made");
    let page = gateway.path("page.html");
    let browser = Browser::start();
    let studio = Studio {
        sink,
        gateway,
        browser,
        folder,
        page,
    };
    studio.letters();
    studio.viewer();
    let heavy = studio.too_heavy();
    for name in &heavy {
        eprintln!("{name} has more than {PICTURE_BYTES_MAX} bytes");
    }
    ExitCode::from(u8::from(!heavy.is_empty()))
}

impl Studio {
    fn letters(&self) {
        for letter in letters::all() {
            let from = if letter.outside { OUTSIDE } else { ANN };
            let mut sender = match letter.outside {
                true => self.gateway.outside(),
                false => self.gateway.inside(),
            };
            let reply = sender.send(from, &[BOB], &letter.raw);
            assert_eq!(reply.code, 250, "{}: {reply}", letter.name);
            let arrived = self
                .sink
                .mailbox(BOB)
                .pop()
                .expect("250 means it arrived")
                .raw;
            fs::write(&self.page, frame::page(&arrived)).expect("the page can be written");
            let url = format!("file://{}", self.page.display());
            for (scheme, word) in [(Scheme::Light, ""), (Scheme::Dark, "-dark")] {
                if scheme == Scheme::Dark && !letter.dark {
                    continue;
                }
                self.browser.appear(640, 200, scheme);
                self.browser.open(&url);
                self.take(&format!("{}{word}", letter.name), 640, None, scheme);
            }
        }
    }

    /// The label in the viewer, where a sealed letter is read.
    fn viewer(&self) {
        let raw = letters::sealed();
        let reply = self.gateway.inside().send(ANN, &[OUTSIDE], &raw);
        assert_eq!(reply.code, 250, "{reply}");
        self.browser.appear(820, 640, Scheme::Light);
        self.browser.open(&reading::link(&self.sink, OUTSIDE));
        self.browser.follow(&self.browser.find("main form button"));
        let mails = self.sink.wait_for(OUTSIDE, 2);
        let code = mails.last().and_then(|mail| letter::code(&mail.raw));
        let input = self.browser.find("input[autocomplete=one-time-code]");
        self.browser.write(&input, &code.expect("a code came"));
        self.browser
            .follow(&self.browser.find("form[action$='/open'] button"));
        for (width, height, device) in [(820, 660, "desk"), (360, 640, "phone")] {
            for (scheme, word) in [(Scheme::Light, ""), (Scheme::Dark, "-dark")] {
                self.take(
                    &format!("viewer-{device}{word}"),
                    width,
                    Some(height),
                    scheme,
                );
            }
        }
    }

    /// Photographs the whole page at this width, or its top.
    fn take(&self, name: &str, width: u32, height: Option<u32>, scheme: Scheme) {
        self.browser.appear(width, 200, scheme);
        let script = "return document.documentElement.scrollHeight";
        let whole = self.browser.run(script).as_u64();
        let whole = whole.and_then(|height| height.try_into().ok());
        let height = height.or(whole).unwrap_or(600);
        self.browser.appear(width, height, scheme);
        std::thread::sleep(std::time::Duration::from_millis(300));
        self.browser.picture_of_top(name, width, height);
        let taken = place::target()
            .join("screenshots")
            .join(format!("{name}.png"));
        let kept = self.folder.join(format!("{name}.png"));
        fs::copy(taken, &kept).expect("the picture can be kept");
        println!("{} {} bytes", kept.display(), size(&kept));
    }

    fn too_heavy(&self) -> Vec<String> {
        let files = fs::read_dir(&self.folder).expect("the folder is there");
        let paths = files.filter_map(|file| Some(file.ok()?.path()));
        let heavy = paths.filter(|path| size(path) > PICTURE_BYTES_MAX);
        heavy.map(|path| path.display().to_string()).collect()
    }
}

fn size(path: &Path) -> usize {
    fs::read(path).map_or(0, |bytes| bytes.len())
}
