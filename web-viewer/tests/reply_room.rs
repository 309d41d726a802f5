//! Replies that come in slowly, or many at once: one reader's hold up nobody else, and each limit
//! has its page.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::StatusCode;
use futures_util::stream;
use support::browser::{Browser, Page};
use support::samples;
use support::{Sealed, Terms, World, settings};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use web_viewer::ViewerSettings;
use web_viewer::settings::{
    REPLIES_AT_ONCE_MAX, REPLIES_OF_ONE_MAX, REPLIES_WHOLE_MAX, REPLY_AROUND_BYTES_MAX,
    REPLY_BYTES_FREE, REPLY_PACE_BYTES,
};

const FILES: &str = "multipart/form-data; boundary=XX";
const MIB: usize = 1024 * 1024;

/// A viewer that wants to see some of a reply each so many seconds.
async fn world(reply_pace_seconds: u64) -> World {
    World::with(ViewerSettings {
        reply_pace_seconds,
        reply_bytes_max: MIB,
        ..settings()
    })
    .await
}

/// Ends a reply that is under way.
async fn end(reply: JoinHandle<Page>) {
    reply.abort();
    assert!(reply.await.is_err());
}

/// One reader with a letter of his own, and his form.
struct Reader {
    browser: Browser,
    sealed: Sealed,
    form: Page,
}

impl Reader {
    async fn of(world: &World, number: usize) -> Self {
        Self::at(world, &format!("reader{number}@partner.example")).await
    }

    async fn at(world: &World, address: &str) -> Self {
        let terms = Terms {
            reader: address.to_owned(),
            ..Terms::default()
        };
        let sealed = world.seal(&samples::plain(), &terms).await;
        let mut browser = Browser::new(world);
        browser.read(world, &sealed).await;
        let form = browser.get(&format!("{}/reply", sealed.path())).await;
        Self {
            browser,
            sealed,
            form,
        }
    }

    fn path(&self) -> String {
        format!("{}/reply", self.sealed.path())
    }

    /// The form as far as its text, and so many bytes of that.
    fn begun(&self, text_bytes: usize) -> Vec<u8> {
        let field = |name: &str, value: &str| {
            format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}")
        };
        let (token, once) = (self.form.hidden("token"), self.form.hidden("once"));
        let marks = field("token", &token) + "\r\n" + &field("once", &once) + "\r\n";
        (marks + &field("text", &"a".repeat(text_bytes))).into_bytes()
    }

    /// A whole form with these fields behind its marks and its text.
    fn form_with(&self, fields: &[u8]) -> Vec<u8> {
        [&self.begun(1), &b"\r\n"[..], fields, b"--XX--\r\n"].concat()
    }

    /// Sends these pieces with a pause before each but the first, and then nothing; says when all
    /// were taken.
    fn send(&self, pieces: Vec<Vec<u8>>, pause: Duration) -> (JoinHandle<Page>, Arc<Notify>) {
        let (browser, path) = (self.browser.clone(), self.path());
        let taken = Arc::new(Notify::new());
        let left = (pieces.into_iter(), Duration::ZERO, taken.clone());
        let body = stream::unfold(left, move |(mut left, wait, taken)| async move {
            tokio::time::sleep(wait).await;
            let Some(piece) = left.next() else {
                taken.notify_one();
                return std::future::pending().await;
            };
            Some((Ok::<_, std::io::Error>(piece), (left, pause, taken)))
        });
        let body = Body::from_stream(body);
        let sending = async move { browser.post_slowly(&path, FILES, body).await };
        (tokio::spawn(sending), taken)
    }

    /// Begins a reply with so much text, and stalls; it is under way, or refused by now.
    async fn stall(&self, text_bytes: usize) -> JoinHandle<Page> {
        let (mut reply, taken) = self.send(vec![self.begun(text_bytes)], Duration::ZERO);
        tokio::select! {
            () = taken.notified() => reply,
            page = &mut reply => tokio::spawn(async { page.unwrap() }),
        }
    }

    async fn reply(&mut self) -> Page {
        let (token, once) = (self.form.hidden("token"), self.form.hidden("once"));
        let path = self.path();
        let form = [
            ("token", None, token.as_bytes()),
            ("once", None, once.as_bytes()),
            ("text", None, &b"yes"[..]),
        ];
        self.browser.post_files(&path, &form).await
    }
}

fn says_too_long(page: &Page) {
    assert_eq!(page.status, StatusCode::REQUEST_TIMEOUT);
    assert!(page.has("That took too long"), "{}", page.text());
}

fn says_busy(page: &Page) {
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.has("Nothing was sent this time"), "{}", page.text());
    assert!(!page.field("retry-after").is_empty());
}

/// Whoever stalls holds one place, until his time is over; others reply meanwhile.
#[tokio::test]
async fn stalled_replies_of_one_reader_hold_nobody_up() {
    let world = world(4).await;
    let mut slow = Reader::of(&world, 1).await;
    let mut other = Reader::of(&world, 2).await;
    let mut stalled = Vec::new();
    for _ in 0..REPLIES_OF_ONE_MAX {
        stalled.push(slow.stall(100).await);
    }
    for _ in 0..4 {
        let more = slow.stall(100).await;
        says_busy(&more.await.unwrap());
    }
    let sent = other.reply().await;
    assert!(sent.has("Your reply was sent"), "{}", sent.text());
    for reply in stalled {
        says_too_long(&reply.await.unwrap());
    }
    let sent = slow.reply().await;
    assert!(sent.has("Your reply was sent"), "{}", sent.text());
}

/// A form that comes a byte at a time is given up long before the ten minutes are over; one that
/// keeps the pace is taken though it lasts longer than what the slow one was given.
#[tokio::test]
async fn a_reply_must_come_at_some_pace() {
    let world = world(3).await;
    let reader = Reader::of(&world, 1).await;
    let mut drips = vec![reader.begun(0)];
    drips.resize(1000, b"a".to_vec());
    let started = Instant::now();
    let (slow, _) = reader.send(drips, Duration::from_millis(50));
    says_too_long(&slow.await.unwrap());
    assert!(started.elapsed() < Duration::from_secs(30), "of fifty");
    assert!(world.mailer.replies.lock().unwrap().is_empty());
    let mut pieces = vec![reader.begun(0)];
    pieces.resize(6, vec![b'a'; REPLY_PACE_BYTES]);
    pieces.push(b"\r\n--XX--\r\n".to_vec());
    let (steady, _) = reader.send(pieces, Duration::from_millis(800));
    let sent = steady.await.unwrap();
    assert!(sent.has("Your reply was sent"), "{}", sent.text());
}

/// Nothing is read behind a mark that is not ours, or does not come first.
#[tokio::test]
async fn a_form_without_our_mark_is_not_read() {
    let world = world(600).await;
    let reader = Reader::of(&world, 1).await;
    let genuine = String::from_utf8(reader.begun(0)).unwrap();
    let token = reader.form.hidden("token");
    let late = "--XX\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nDear\r\n";
    for begin in [
        genuine.replace(&token, "AAAA"),
        genuine.replace(&token, &"A".repeat(MIB)),
        late.to_owned() + &genuine,
    ] {
        // It never ends, and this viewer waits ten minutes for more of it.
        let (answer, _) = reader.send(vec![begin.into_bytes()], Duration::ZERO);
        let answer = tokio::time::timeout(Duration::from_secs(60), answer);
        let page = answer.await.expect("an answer at once").unwrap();
        assert!(
            [StatusCode::FORBIDDEN, StatusCode::PAYLOAD_TOO_LARGE].contains(&page.status),
            "{}",
            page.status
        );
    }
}

/// So many replies at once, whosever they are.
#[tokio::test]
async fn so_many_replies_are_taken_in_at_once() {
    let world = world(600).await;
    let mut stalled = Vec::new();
    for number in 0..REPLIES_AT_ONCE_MAX {
        stalled.push(Reader::of(&world, number).await.stall(1).await);
    }
    let mut last = Reader::of(&world, REPLIES_AT_ONCE_MAX).await;
    says_busy(&last.reply().await);
    end(stalled.pop().unwrap()).await;
    let sent = last.reply().await;
    assert!(sent.has("Your reply was sent"), "{}", sent.text());
}

/// What stands in memory of unfinished replies is bounded in bytes; a small reply is not kept out.
#[tokio::test]
async fn large_replies_share_so_much_memory() {
    let world = world(600).await;
    // The form's marks count too, so a little less than the whole.
    let text = MIB - REPLY_BYTES_FREE / 2;
    let counted = MIB - REPLY_BYTES_FREE;
    let fit = REPLIES_WHOLE_MAX * MIB / counted;
    let mut stalled = Vec::new();
    for number in 0..fit {
        let reply = Reader::of(&world, number).await.stall(text).await;
        assert!(!reply.is_finished(), "reader {number}");
        stalled.push(reply);
    }
    let large = Reader::of(&world, fit).await.stall(text).await;
    let large = tokio::time::timeout(Duration::from_secs(60), large).await;
    says_busy(&large.expect("an answer at once").unwrap());
    let sent = Reader::of(&world, fit + 1).await.reply().await;
    assert!(sent.has("Your reply was sent"), "{}", sent.text());
    end(stalled.pop().unwrap()).await;
    let large = Reader::of(&world, fit + 2).await.stall(text).await;
    assert!(!large.is_finished(), "what was held is given back");
}

/// What stands in a form beside the content of its fields, piece by piece without an end; and how
/// many bytes of it were taken before the answer.
async fn endless(reader: &Reader, begin: Vec<u8>) -> (Page, usize) {
    let taken = Arc::new(AtomicUsize::new(0));
    let left = (Some(begin), taken.clone());
    let body = stream::unfold(left, |(begin, taken)| async move {
        let piece = begin.unwrap_or_else(|| vec![b'a'; 16 * 1024]);
        taken.fetch_add(piece.len(), Ordering::Relaxed);
        Some((Ok::<_, std::io::Error>(piece), (None, taken)))
    });
    let (path, body) = (reader.path(), Body::from_stream(body));
    let answer = reader.browser.post_slowly(&path, FILES, body);
    let page = tokio::time::timeout(Duration::from_secs(60), answer).await;
    (page.expect("an answer"), taken.load(Ordering::Relaxed))
}

/// A preamble, or a field's header, without an end is given up before much of it is held: it stands
/// in the multipart reader's own memory, which no budget of ours sees.
#[tokio::test]
async fn what_stands_around_the_fields_is_bounded() {
    let world = World::with(ViewerSettings {
        reply_pace_seconds: 600,
        ..settings()
    })
    .await;
    let reader = Reader::of(&world, 1).await;
    let header = |name: &str| format!("--XX\r\nContent-Disposition: form-data; {name}");
    let marks = String::from_utf8(reader.begun(0)).unwrap();
    for (what, begin) in [
        ("preamble", "a".to_owned()),
        ("header of the mark", header("name=\"token\"; x=\"")),
        (
            "header behind the marks",
            marks.clone() + "\r\n" + &header("name=\"files\"; x=\""),
        ),
        (
            "name of a file",
            marks + "\r\n" + &header("name=\"files\"; filename=\""),
        ),
    ] {
        let (page, taken) = endless(&reader, begin.into_bytes()).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{what}");
        assert!(taken <= 2 * REPLY_AROUND_BYTES_MAX, "{what}: {taken} bytes");
    }
    let fields = header("name=\"other\"\r\n\r\n\r\n").repeat(REPLY_AROUND_BYTES_MAX / 32);
    let many = reader.form_with(fields.as_bytes());
    let page = reader
        .browser
        .post_slowly(&reader.path(), FILES, Body::from(many))
        .await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "fields without number");
    assert!(world.mailer.replies.lock().unwrap().is_empty());
}

/// The control: what is within the limit is taken, and content counts as none of it, however
/// much comes at once, kept or passed over.
#[tokio::test]
async fn what_stands_around_the_fields_within_bounds_is_taken() {
    let world = World::with(ViewerSettings {
        reply_pace_seconds: 600,
        ..settings()
    })
    .await;
    let field = |name: &str, size: usize| {
        let head = "--XX\r\nContent-Disposition: form-data; name=";
        [
            head.as_bytes(),
            name.as_bytes(),
            b"\r\n\r\n",
            &vec![b'a'; size],
            b"\r\n",
        ]
        .concat()
    };
    let preamble = vec![b'a'; REPLY_AROUND_BYTES_MAX / 2];
    for (before, fields) in [
        (preamble, Vec::new()),
        (Vec::new(), field("\"files\"; filename=\"a.bin\"", 5 * MIB)),
        (Vec::new(), field("\"other\"", 5 * MIB)),
    ] {
        let reader = Reader::of(&world, 1).await;
        let form = [&before[..], b"\r\n", &reader.form_with(&fields)].concat();
        let sent = reader
            .browser
            .post_slowly(&reader.path(), FILES, Body::from(form))
            .await;
        assert!(sent.has("Your reply was sent"), "{}", sent.text());
    }
    let replies = world.mailer.replies.lock().unwrap();
    let sizes: Vec<_> = replies
        .iter()
        .flat_map(|it| &it.attachments)
        .map(|it| it.bytes.len())
        .collect();
    assert_eq!(sizes, [5 * MIB]);
}

/// Places are counted by mailbox: who has many letters has no more of them than who has one.
#[tokio::test]
async fn a_reader_of_many_letters_does_not_hold_every_place() {
    let world = world(600).await;
    let mut stalled = Vec::new();
    for number in 0..REPLIES_OF_ONE_MAX {
        // The same mailbox, however its letter spells it.
        let address = ["bob@partner.example", "Bob@Partner.example"][number % 2];
        stalled.push(Reader::at(&world, address).await.stall(100).await);
    }
    for _ in 0..4 {
        // So many codes in a row would have to wait.
        world.pass_seconds(3600);
        let more = Reader::at(&world, "bob@partner.example").await;
        let more = more.stall(100).await;
        let more = tokio::time::timeout(Duration::from_secs(60), more).await;
        says_busy(&more.expect("an answer at once").unwrap());
    }
    assert!(stalled.iter().all(|reply| !reply.is_finished()));
    let sent = Reader::of(&world, 1).await.reply().await;
    assert!(sent.has("Your reply was sent"), "{}", sent.text());
    const {
        assert!(
            REPLIES_OF_ONE_MAX * 2 <= REPLIES_AT_ONCE_MAX && REPLIES_OF_ONE_MAX < REPLIES_WHOLE_MAX
        )
    };
}

/// A letter that is withdrawn while a reply to it comes in is not answered; the control is.
#[tokio::test]
async fn a_reply_to_a_letter_that_ends_meanwhile_is_not_sent() {
    for withdrawn in [true, false] {
        let world = world(600).await;
        let reader = Reader::of(&world, 1).await;
        let pieces = vec![reader.begun(10), b"\r\n--XX--\r\n".to_vec()];
        let (reply, _) = reader.send(pieces, Duration::from_millis(800));
        tokio::time::sleep(Duration::from_millis(400)).await;
        if withdrawn {
            let by = "ann.meyer@corp.example";
            world.store.revoke(reader.sealed.grant, by).await.unwrap();
        }
        let page = reply.await.unwrap();
        let expected = if withdrawn {
            StatusCode::GONE
        } else {
            StatusCode::OK
        };
        assert_eq!(page.status, expected, "{}", page.text());
        let sent = world.mailer.replies.lock().unwrap().len();
        assert_eq!(sent, usize::from(!withdrawn));
    }
}
