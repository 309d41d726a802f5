//! A reply goes to people of the original alone, once, and shows as sent only when it is.

mod support;

use axum::http::StatusCode;
use mail::{Right, Rights};
use support::browser::{Browser, Page};
use support::samples::{self, CANARY};
use support::{Mood, READER, Sealed, Terms, World};
use web_viewer::settings::{
    REPLIES_PER_HOUR_MAX, REPLY_FILES_MAX, REPLY_TEXT_BYTES_MAX, REPLY_TEXT_READ_BYTES_MAX,
};

async fn reading(rights: Rights) -> (World, Sealed, Browser) {
    let world = World::new().await;
    let sealed = world
        .seal(
            &samples::rich(),
            &Terms {
                rights,
                ..Terms::default()
            },
        )
        .await;
    let mut browser = Browser::new(&world);
    browser.read(&world, &sealed).await;
    (world, sealed, browser)
}

async fn send(browser: &mut Browser, form: &Page, path: &str, text: &str) -> Page {
    let (token, once) = (form.hidden("token"), form.hidden("once"));
    let parts: [(&str, Option<&str>, &[u8]); 4] = [
        ("token", None, token.as_bytes()),
        ("once", None, once.as_bytes()),
        ("text", None, text.as_bytes()),
        ("files", Some(""), b""),
    ];
    browser.post_files(path, &parts).await
}

#[tokio::test]
async fn a_reply_keeps_thread_label_and_rights_and_goes_to_the_sender() {
    let (world, sealed, mut browser) = reading(Rights::DO_NOT_FORWARD).await;
    let path = format!("{}/reply", sealed.path());
    let form = browser.get(&path).await;
    assert!(
        form.has("ann.meyer@corp.example") && form.has("Re: Geschäftszahlen for the third quarter")
    );
    assert!(
        !form.has("name=\"to\"") && !form.has("name=\"cc\""),
        "no field names a recipient"
    );
    let (token, once) = (form.hidden("token"), form.hidden("once"));
    let page = browser
        .post_files(
            &path,
            &[
                ("token", None, token.as_bytes()),
                ("once", None, once.as_bytes()),
                ("text", None, "Thank you,\r\nüberaus.".as_bytes()),
                ("files", Some("../plan\u{202e}.pdf"), b"%PDF"),
                ("to", None, b"evil@evil.example"),
                ("bcc", None, b"evil@evil.example"),
            ],
        )
        .await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert!(page.has("Your reply was sent") && page.has("ann.meyer@corp.example"));
    let replies = world.mailer.replies.lock().unwrap();
    let reply = &replies[0];
    assert_eq!(
        reply.to.iter().map(|to| to.as_str()).collect::<Vec<_>>(),
        ["ann.meyer@corp.example"]
    );
    assert!(reply.cc.is_empty());
    assert_eq!(reply.author.as_str(), READER);
    assert_eq!(reply.author_name.as_deref(), Some("Bob Miller"));
    assert_eq!(reply.text, "Thank you,\nüberaus.");
    assert_eq!(reply.in_reply_to.as_deref(), Some("letter-1@corp.example"));
    assert_eq!(
        reply.references.last().map(String::as_str),
        Some("letter-1@corp.example")
    );
    assert_eq!(reply.references.len(), 3);
    assert_eq!(reply.rights, Rights::DO_NOT_FORWARD);
    assert!(reply.label_fields[0].1.contains("2096f6a2"));
    assert_eq!(
        (
            reply.attachments[0].name.as_str(),
            &reply.attachments[0].bytes[..]
        ),
        ("plan.pdf", &b"%PDF"[..])
    );
    assert_eq!((reply.letter, reply.grant), (sealed.letter, sealed.grant));
}

#[tokio::test]
async fn a_reply_that_waits_for_approval_is_not_shown_as_sent() {
    let (world, sealed, mut browser) = reading(Rights::DO_NOT_FORWARD).await;
    let path = format!("{}/reply", sealed.path());
    for (mood, says) in [
        (Mood::Holds, "Your reply waits for approval"),
        (Mood::Takes, "Your reply was sent"),
    ] {
        world.mailer.set(mood);
        let form = browser.get(&path).await;
        let page = send(&mut browser, &form, &path, "Hello").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(
            page.has(says) && page.has("ann.meyer@corp.example"),
            "{}",
            page.text()
        );
        assert_eq!(page.has("Your reply was sent"), mood == Mood::Takes);
    }
}

#[tokio::test]
async fn a_reply_to_all_stays_inside() {
    let (world, sealed, mut browser) = reading(Rights::DO_NOT_FORWARD).await;
    let path = format!("{}/reply-all", sealed.path());
    let form = browser.get(&path).await;
    assert!(form.has("Left out: dora@other.example"));
    assert_eq!(
        send(&mut browser, &form, &path, "Hello").await.status,
        StatusCode::OK
    );
    let replies = world.mailer.replies.lock().unwrap();
    let cc: Vec<_> = replies[0].cc.iter().map(|cc| cc.as_str()).collect();
    assert_eq!(cc, ["carl.ito@corp.example"]);
}

#[tokio::test]
async fn who_may_not_reply_cannot() {
    let (world, sealed, mut browser) = reading(Rights::of(&[Right::View])).await;
    let letter = browser.get(&sealed.path()).await;
    assert!(!letter.has(">Reply</a>"));
    let token = letter.hidden("token");
    for path in ["reply", "reply-all"] {
        let path = format!("{}/{path}", sealed.path());
        let fields: [(&str, Option<&str>, &[u8]); 2] =
            [("token", None, token.as_bytes()), ("text", None, b"x")];
        let page = browser.post_files(&path, &fields).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
    }
    let (_world, sealed, mut browser) = reading(Rights::of(&[Right::View, Right::Reply])).await;
    let page = browser.get(&format!("{}/reply-all", sealed.path())).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(world.mailer.replies.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_same_form_never_sends_twice() {
    let (world, sealed, mut browser) = reading(Rights::ALL).await;
    let path = format!("{}/reply", sealed.path());
    let form = browser.get(&path).await;
    assert_eq!(
        send(&mut browser, &form, &path, "Hello").await.status,
        StatusCode::OK
    );
    let twice = send(&mut browser, &form, &path, "Hello").await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert!(twice.has("This reply was sent before"));
    assert_eq!(world.mailer.replies.lock().unwrap().len(), 1);
    let form = browser.get(&path).await;
    assert_eq!(
        send(&mut browser, &form, &path, "Hello").await.status,
        StatusCode::OK
    );
    assert_eq!(world.mailer.replies.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_not_taken_is_not_shown_as_sent_and_the_text_is_kept() {
    let (world, sealed, mut browser) = reading(Rights::ALL).await;
    let path = format!("{}/reply", sealed.path());
    let mut form = browser.get(&path).await;
    for (mood, status) in [
        (Mood::Refuses, StatusCode::BAD_GATEWAY),
        (Mood::Later, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        world.mailer.set(mood);
        form = send(&mut browser, &form, &path, "A long </textarea> answer").await;
        assert_eq!(form.status, status);
        assert!(form.has("Nothing was sent") && form.has("role=\"alert\""));
        assert!(form.has("A long &#60;/textarea&#62; answer") && !form.has("was sent to"));
    }
    world.mailer.set(Mood::Takes);
    // The page that came back is itself a form that sends.
    assert_eq!(
        send(&mut browser, &form, &path, "Hello").await.status,
        StatusCode::OK
    );
    let kinds = world.audit_kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "replied").count(), 1);
}

#[tokio::test]
async fn replies_are_bounded() {
    let (world, sealed, mut browser) = reading(Rights::ALL).await;
    let path = format!("{}/reply", sealed.path());
    let form = browser.get(&path).await;
    let empty = send(&mut browser, &form, &path, "  \r\n").await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let long = send(
        &mut browser,
        &form,
        &path,
        &"a".repeat(REPLY_TEXT_BYTES_MAX + 1),
    )
    .await;
    assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(long.has("The text is too long"));
    let endless = "\"".repeat(REPLY_TEXT_READ_BYTES_MAX + 1);
    let endless = send(&mut browser, &form, &path, &endless).await;
    assert_eq!(endless.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(endless.has("The text is too long") && !endless.has("&#34;&#34;"));
    let token = form.hidden("token");
    let mut parts: Vec<(&str, Option<&str>, &[u8])> = vec![("token", None, token.as_bytes())];
    parts.extend((0..=REPLY_FILES_MAX).map(|_| ("files", Some("a.txt"), &b"x"[..])));
    let many = browser.post_files(&path, &parts).await;
    assert_eq!(many.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(many.has("The files are too large"));
    let huge = vec![0; web_viewer::settings::REPLY_BYTES_MAX + 1];
    let parts: [(&str, Option<&str>, &[u8]); 2] = [
        ("token", None, token.as_bytes()),
        ("files", Some("a.bin"), &huge),
    ];
    assert_eq!(
        browser.post_files(&path, &parts).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert!(world.mailer.replies.lock().unwrap().is_empty());
    for _ in 0..REPLIES_PER_HOUR_MAX {
        let form = browser.get(&path).await;
        assert_eq!(
            send(&mut browser, &form, &path, "Hello").await.status,
            StatusCode::OK
        );
    }
    let form = browser.get(&path).await;
    let often = send(&mut browser, &form, &path, "Hello").await;
    assert_eq!(often.status, StatusCode::TOO_MANY_REQUESTS);
    world.pass_seconds(3601);
    let form = browser.get(&path).await;
    assert_eq!(
        send(&mut browser, &form, &path, "Hello").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_forged_reply_is_refused() {
    let (world, sealed, mut browser) = reading(Rights::ALL).await;
    let path = format!("{}/reply", sealed.path());
    for token in ["", "AAAA"] {
        let parts: [(&str, Option<&str>, &[u8]); 2] =
            [("token", None, token.as_bytes()), ("text", None, b"Hello")];
        let page = browser.post_files(&path, &parts).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
    }
    browser.fields = vec![("origin", "https://evil.example".into())];
    let form_elsewhere = browser.post_files(&path, &[("text", None, b"Hello")]).await;
    assert_eq!(form_elsewhere.status, StatusCode::FORBIDDEN);
    assert!(world.mailer.replies.lock().unwrap().is_empty());
    assert!(!form_elsewhere.has(CANARY));
}

/// The place among the replies of an hour is taken before the reply is sent, so that two at once,
/// at two nodes, do not both have the last.
#[tokio::test]
async fn replies_at_once_do_not_pass_the_limit() {
    let (world, sealed, mut here) = reading(Rights::ALL).await;
    let path = format!("{}/reply", sealed.path());
    for _ in 0..REPLIES_PER_HOUR_MAX - 1 {
        let form = here.get(&path).await;
        let sent = send(&mut here, &form, &path, "Hello").await;
        assert_eq!(sent.status, StatusCode::OK);
    }
    let mut there = here.clone().at(world.another_node());
    let (one, other) = (here.get(&path).await, there.get(&path).await);
    world.mailer.take_milliseconds(300);
    let (one, other) = tokio::join!(
        send(&mut here, &one, &path, "The last of this hour"),
        send(&mut there, &other, &path, "One too many"),
    );
    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
    let replies = world.mailer.replies.lock().unwrap();
    assert_eq!(replies.len(), REPLIES_PER_HOUR_MAX);
}
