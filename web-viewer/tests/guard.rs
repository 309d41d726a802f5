//! What holds for every answer (V18), and that a visit opens its own letter only (V19).

mod support;

use axum::http::{Method, StatusCode};
use support::browser::Browser;
use support::samples::{self, CANARY};
use support::{Terms, World, settings};

const OF_THE_SITE: [&str; 4] = [
    "/",
    "/signed-out",
    "/robots.txt",
    "/.well-known/security.txt",
];
const OF_A_LETTER: [&str; 12] = [
    "",
    "/code",
    "/open",
    "/print",
    "/letter.eml",
    "/body/1.2.1",
    "/attachment/2",
    "/reply",
    "/reply-all",
    "/pictures",
    "/sign-out",
    "/nothing",
];

/// Every address with every method: what a browser is told holds for all of them.
#[tokio::test]
async fn every_answer_carries_the_fields_that_keep_a_browser_safe() {
    let world = World::new().await;
    let sealed = world.seal(&samples::rich(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    browser.read(&world, &sealed).await;
    let base = sealed.path();
    let mut paths = vec![sealed.link()];
    paths.extend(OF_THE_SITE.map(str::to_owned));
    paths.extend(OF_A_LETTER.map(|page| format!("{base}{page}")));
    let mut asked = 0;
    for path in &paths {
        for method in [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::OPTIONS,
            Method::PATCH,
        ] {
            let mut one = browser.clone();
            let page = one.send(method.clone(), path, "", Vec::new()).await;
            let what = format!("{method} {path} {}", page.status);
            assert_eq!(page.field("cache-control"), "no-store", "{what}");
            assert_eq!(page.field("referrer-policy"), "no-referrer", "{what}");
            assert_eq!(page.field("x-content-type-options"), "nosniff", "{what}");
            assert_eq!(
                page.field("cross-origin-resource-policy"),
                "same-origin",
                "{what}"
            );
            assert!(
                page.field("permissions-policy").contains("camera=()"),
                "{what}"
            );
            assert!(
                page.field("strict-transport-security")
                    .starts_with("max-age="),
                "{what}"
            );
            let policy = page.field("content-security-policy");
            assert!(policy.contains("default-src 'none'"), "{what}: {policy}");
            let frames = if path.contains("/body/") && page.status == StatusCode::OK {
                "frame-ancestors 'self'"
            } else {
                "frame-ancestors 'none'"
            };
            assert!(policy.contains(frames), "{what}: {policy}");
            assert!(
                !policy.contains("script-src") && !policy.contains("unsafe-eval"),
                "{what}"
            );
            assert_ne!(page.status, StatusCode::INTERNAL_SERVER_ERROR, "{what}");
            asked += 1;
        }
    }
    assert_eq!(asked, paths.len() * 5);
}

#[tokio::test]
async fn a_form_from_elsewhere_or_without_its_mark_does_nothing() {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    let door = browser.open_link(&sealed).await;
    let (path, token) = (format!("{}/code", sealed.path()), door.hidden("token"));
    for fields in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "null"), ("sec-fetch-site", "cross-site")],
        vec![
            ("origin", "https://mail.corp.example"),
            ("sec-fetch-site", "same-site"),
        ],
    ] {
        browser.fields = fields
            .iter()
            .map(|(name, value)| (*name, (*value).into()))
            .collect();
        let refused = browser.post(&path, &[("token", &token)]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{fields:?}");
        assert!(refused.has("This request came from elsewhere"));
    }
    browser.fields.clear();
    for forged in ["", "AAAA", "x y", &token[1..]] {
        let refused = browser.post(&path, &[("token", forged)]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{forged}");
    }
    // Another letter's mark, in the same browser, is none either.
    let other = world.seal(&samples::plain(), &Terms::default()).await;
    let foreign = browser.open_link(&other).await.hidden("token");
    let refused = browser.post(&path, &[("token", &foreign)]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(world.mailer.codes().is_empty());
    // The control: our own form, as browsers send it from a page without referrer.
    browser.fields = vec![
        ("origin", "null".into()),
        ("sec-fetch-site", "same-origin".into()),
    ];
    assert_eq!(
        browser.post(&path, &[("token", &token)]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(world.mailer.codes().len(), 1);
}

#[tokio::test]
async fn a_visit_gets_a_new_name_after_the_proof_and_a_planted_one_is_worth_nothing() {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let mut reader = Browser::new(&world);
    let key = (sealed.path(), "sealgate-visit".to_owned());
    reader.cookies.insert(key.clone(), "A".repeat(43));
    assert!(reader.read(&world, &sealed).await.has(CANARY));
    let first = reader.cookies[&key].clone();
    assert_ne!(first, "A".repeat(43));
    let mut attacker = Browser::new(&world);
    attacker.open_link(&sealed).await;
    attacker.cookies.insert(key.clone(), "A".repeat(43));
    assert!(!attacker.get(&sealed.path()).await.has(CANARY));
    reader.cookies.remove(&key);
    world.pass_seconds(3600);
    reader.read(&world, &sealed).await;
    assert_ne!(reader.cookies[&key], first);
}

#[tokio::test]
async fn after_signing_out_nothing_opens_any_more() {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    let letter = browser.read(&world, &sealed).await;
    let before = browser.clone();
    let path = format!("{}/sign-out", sealed.path());
    let forged = browser.post(&path, &[("token", "x")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert!(
        browser.get(&sealed.path()).await.has(CANARY),
        "a forged form signs nobody out"
    );
    let moved = browser
        .post(&path, &[("token", &letter.hidden("token"))])
        .await;
    assert_eq!(moved.field("location"), "/signed-out");
    assert_eq!(
        browser.get(&sealed.path()).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(browser.get("/signed-out").await.has("You are signed out"));
    // Back, with the old cookies: only the door.
    let mut back = before;
    let page = back.get(&sealed.path()).await;
    assert!(page.has("Send me a code") && !page.has(CANARY));
    assert!(
        world
            .audit_kinds()
            .await
            .iter()
            .any(|kind| kind == "signed out")
    );
}

/// V19: one reader's visit with every other id.
#[tokio::test]
async fn other_peoples_letters_are_the_same_404_as_unknown_ones() {
    let world = World::new().await;
    let mine = world.seal(&samples::rich(), &Terms::default()).await;
    let reader = "eve@other.example".to_owned();
    let theirs = world
        .seal(
            &samples::rich(),
            &Terms {
                reader,
                ..Terms::default()
            },
        )
        .await;
    let mut browser = Browser::new(&world);
    browser.read(&world, &mine).await;
    // The reader moves all his cookies over to the other letter.
    let own: Vec<_> = browser.cookies.clone().into_iter().collect();
    for ((_, name), value) in own {
        for other in [theirs.path(), "/l/AAAAAAAAAAAAAAAAAAAAAA".into()] {
            browser.cookies.insert((other, name.clone()), value.clone());
        }
    }
    let model = browser.get("/l/AAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(model.status, StatusCode::NOT_FOUND);
    for page in [
        "",
        "/code",
        "/print",
        "/letter.eml",
        "/body/1.1.2.1",
        "/attachment/2",
        "/reply",
        "/reply-all",
        "/pictures",
    ] {
        let answer = browser.get(&format!("{}{page}", theirs.path())).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{page}");
        assert!(
            answer.bytes == model.bytes && answer.headers == model.headers,
            "{page}"
        );
    }
    // Nor does the visit open another letter whose link he holds.
    let second = world.seal(&samples::plain(), &Terms::default()).await;
    browser.open_link(&second).await;
    let visit = browser.cookies[&(mine.path(), "sealgate-visit".into())].clone();
    browser
        .cookies
        .insert((second.path(), "sealgate-visit".into()), visit);
    let page = browser.get(&second.path()).await;
    assert!(page.has("Send me a code") && !page.has(CANARY));
}

#[tokio::test]
async fn forms_are_bounded_and_odd_requests_get_a_page() {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    browser.open_link(&sealed).await;
    let path = format!("{}/code", sealed.path());
    let long = "a".repeat(web_viewer::settings::FORM_BYTES_MAX);
    let page = browser.post(&path, &[("token", &long)]).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(page.has("That is too large"));
    let page = browser
        .send(Method::DELETE, &sealed.path(), "", Vec::new())
        .await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(page.field("allow").contains("GET") && page.has("That does not work here"));
    let page = browser
        .send(Method::POST, &path, "text/plain", b"token=1".to_vec())
        .await;
    assert!(page.status.is_client_error());
}

#[tokio::test]
async fn machines_find_security_txt_and_robots_txt() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let text = browser.get("/.well-known/security.txt").await.text();
    assert!(
        text.contains("Contact: mailto:helpdesk@corp.example\n"),
        "{text}"
    );
    assert!(text.contains("Expires: 2027-06-"), "{text}");
    assert!(text.contains("Canonical: https://mail.corp.example/.well-known/security.txt\n"));
    let robots = browser.get("/robots.txt").await;
    assert_eq!(robots.text(), "User-agent: *\nDisallow: /\n");
    let silent = web_viewer::ViewerSettings {
        help: String::new(),
        ..settings()
    };
    let world = World::with(silent).await;
    let page = Browser::new(&world).get("/.well-known/security.txt").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_style_sheet_comes_from_our_own_origin_and_may_be_kept() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let page = browser.get("/signed-out").await.text();
    for rel in ["stylesheet", "icon"] {
        let link = page
            .split("<link")
            .find(|link| link.contains(&format!("rel=\"{rel}\"")))
            .unwrap();
        let href = link
            .split("href=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let asset = browser.get(href).await;
        assert_eq!(asset.status, StatusCode::OK, "{href}");
        assert!(asset.field("cache-control").contains("immutable"));
        assert!(!asset.has("@import") && !asset.has("http://") || rel == "icon");
        assert!(!asset.has("url("), "nothing is loaded from a style sheet");
    }
}

#[tokio::test]
async fn without_tls_cookies_are_not_marked_secure() {
    let world = World::with(web_viewer::ViewerSettings {
        url: "http://127.0.0.1:8443".into(),
        ..settings()
    })
    .await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let moved = Browser::new(&world).get(&sealed.link()).await;
    assert!(!moved.field("set-cookie").contains("Secure"));
    assert_eq!(moved.field("strict-transport-security"), "");
}
