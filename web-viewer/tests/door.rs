//! The page behind the link: what it says, to whom, and that it gives nothing away (P6).

mod support;

use axum::http::{Method, StatusCode};
use support::browser::Browser;
use support::samples::{self, CANARY};
use support::{DAY, READER, Terms, World};

#[tokio::test]
async fn the_link_moves_its_secret_into_a_cookie_and_the_address_is_clean() {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    let moved = browser.get(&sealed.link()).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER);
    assert_eq!(moved.field("location"), sealed.path());
    let cookie = moved.field("set-cookie").to_owned();
    for part in [
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        &format!("Path={}", sealed.path()),
    ] {
        assert!(cookie.contains(part), "{part} is not in {cookie}");
    }
    assert!(moved.bytes.is_empty());
    let door = browser.get(&sealed.path()).await;
    assert_eq!(door.status, StatusCode::OK);
    assert!(!door.has(&sealed.secret.to_link_text()));
}

#[tokio::test]
async fn the_door_names_sender_subject_and_expiry_and_masks_the_address() {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let door = Browser::new(&world).open_link(&sealed).await;
    for said in [
        "Ann Meyer",
        "ann.meyer@corp.example",
        "Contract for the harbour works",
        "2 January 2027, 12:00 UTC",
        "b•••r@partner.example",
        "helpdesk@corp.example",
        "<html lang=\"en\">",
    ] {
        assert!(door.has(said), "{said} is not on the door");
    }
    assert!(!door.has(READER) && !door.has(CANARY));
    assert_eq!(door.text().matches("<form").count(), 1, "one form");
    assert!(!door.has("<script") && !door.has("style=\""));
}

#[tokio::test]
async fn a_subject_cannot_break_the_page() {
    let world = World::new().await;
    let raw = b"From: \"<img src=x>\" <a@corp.example>\r\n\
        Subject: \"><script>alert(1)</script>&amp;\r\n\r\nx\r\n";
    let sealed = world.seal(raw, &Terms::default()).await;
    let mut browser = Browser::new(&world);
    let door = browser.open_link(&sealed).await;
    assert!(!door.has("<script>") && !door.has("<img"));
    let letter = browser.read(&world, &sealed).await;
    assert!(!letter.has("<script>") && !letter.has("<img src=x"));
}

#[tokio::test]
async fn without_the_secret_every_id_is_the_same_404() {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let other = world.seal(&samples::plain(), &Terms::default()).await;
    let gone = world.seal(&samples::plain(), &Terms::default()).await;
    world.store.revoke(gone.grant, "admin").await.unwrap();
    let unknown = "/l/AAAAAAAAAAAAAAAAAAAAAA";
    let secret = other.secret.to_link_text();
    let mut paths = vec![
        unknown.to_owned(),
        sealed.path(),
        gone.path(),
        format!("{unknown}/{}", *secret),
        format!("{}/{}", sealed.path(), *secret),
        format!("{}/{}", gone.path(), *secret),
        "/".into(),
        "/health".into(),
        "/l".into(),
        "/l/x".into(),
        "/l/../../etc/passwd".into(),
        "/assets/viewer.css".into(),
    ];
    for page in [
        "code",
        "print",
        "letter.eml",
        "body/0",
        "attachment/0",
        "reply",
        "pictures",
    ] {
        paths.push(format!("{}/{page}", sealed.path()));
        paths.push(format!("{unknown}/{page}"));
    }
    let model = Browser::new(&world).get(unknown).await;
    for path in paths {
        let page = Browser::new(&world).get(&path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(
            page.bytes == model.bytes && page.headers == model.headers,
            "{path} differs"
        );
    }
    // The control: with its secret the same address is something else.
    assert_eq!(
        Browser::new(&world).get(&sealed.link()).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_link_with_a_wrong_secret_does_not_replace_a_right_one() {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    browser.open_link(&sealed).await;
    let wrong = browser
        .get(&format!("{}/{}", sealed.path(), "A".repeat(43)))
        .await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get(&sealed.path()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn ended_letters_say_how_they_ended_to_who_holds_the_link() {
    let world = World::new().await;
    let revoked = world.seal(&samples::plain(), &Terms::default()).await;
    let unopened = world
        .seal(
            &samples::plain(),
            &Terms {
                days: 1,
                ..Terms::default()
            },
        )
        .await;
    let read = world
        .seal(
            &samples::plain(),
            &Terms {
                days: 1,
                ..Terms::default()
            },
        )
        .await;
    let mut reader = Browser::new(&world);
    assert!(reader.read(&world, &read).await.has(CANARY));
    world
        .store
        .revoke(revoked.grant, "ann.meyer@corp.example")
        .await
        .unwrap();
    world.pass_seconds(DAY);
    for purged in [false, true] {
        if purged {
            world.store.purge(world.now()).await.unwrap();
        }
        let table = [
            (&revoked, "This letter was withdrawn"),
            (&unopened, "This letter expired unopened"),
            (&read, "This letter has expired"),
        ];
        for (sealed, title) in table {
            let page = Browser::new(&world).open_link(sealed).await;
            assert_eq!(page.status, StatusCode::GONE, "{title}, purged: {purged}");
            assert!(page.has(title) && page.has("UTC"), "{}", page.text());
            assert!(!page.has(CANARY) && !page.has("<form"));
        }
        // A visit ends with the letter.
        let page = reader.get(&read.path()).await;
        assert_eq!(page.status, StatusCode::GONE);
    }
}

#[tokio::test]
async fn looking_reveals_sends_and_spends_nothing() {
    let world = World::new().await;
    let sealed = world.seal(&samples::rich(), &Terms::default()).await;
    let mut scanner = Browser::new(&world);
    scanner.open_link(&sealed).await;
    let pages = [
        "",
        "/code",
        "/open",
        "/print",
        "/letter.eml",
        "/body/1.1.2.1",
        "/attachment/2",
        "/reply",
        "/reply-all",
        "/pictures",
        "/sign-out",
    ];
    for page in pages {
        for method in [
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::DELETE,
            Method::PUT,
        ] {
            let path = format!("{}{page}", sealed.path());
            let answer = scanner.send(method.clone(), &path, "", Vec::new()).await;
            assert!(!answer.has(CANARY), "{method} {path}");
            assert!(
                method != Method::HEAD || answer.bytes.is_empty(),
                "HEAD {path}"
            );
        }
    }
    assert!(world.mailer.codes().is_empty(), "no code was sent");
    let kinds = world.audit_kinds().await;
    assert!(
        kinds
            .iter()
            .all(|kind| kind != "content revealed" && kind != "code requested")
    );
    assert!(kinds.iter().any(|kind| kind == "link fetched"));
    assert!(kinds.iter().any(|kind| kind == "page shown"));
    // The control: the reader gets in, and then it is revealed.
    assert!(
        Browser::new(&world)
            .read(&world, &sealed)
            .await
            .has("<iframe")
    );
    assert!(
        world
            .audit_kinds()
            .await
            .iter()
            .any(|kind| kind == "content revealed")
    );
}

#[tokio::test]
async fn an_alias_keeps_old_links_working() {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    browser.fields = vec![
        ("host", "old.corp.example".into()),
        ("origin", "https://old.corp.example".into()),
    ];
    assert!(browser.read(&world, &sealed).await.has(CANARY));
}

/// Before the proof nothing that a sender wrote turns or hides the words around it: not on the
/// page, not in the mail with the code.
#[tokio::test]
async fn nothing_on_the_door_turns_or_hides_the_text_around_it() {
    let world = World::new().await;
    let raw = "From: \"An\u{202e}n\u{200b} Meyer\" <ann.meyer@corp.example>\r\n\
        Subject: Pay\u{202e}roll\u{2066} for\u{feff} June\r\n\r\nx\r\n";
    let sealed = world.seal(raw.as_bytes(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    let door = browser.open_link(&sealed).await;
    assert!(
        door.has("Ann Meyer") && door.has("Payroll for June"),
        "{}",
        door.text()
    );
    let code = browser.ask(&sealed).await;
    let sent = world.mailer.passcodes.lock().unwrap();
    let name = sent[0].from_name.clone();
    assert_eq!(name, "Ann Meyer");
    for text in [door.text(), code.text(), name] {
        let hidden = ['\u{202e}', '\u{200b}', '\u{2066}', '\u{feff}'];
        assert!(!text.contains(hidden), "{text}");
    }
}
