//! What holds for every answer (V18), and that a visit opens its own letter only (V19).

mod support;

use axum::http::{Method, StatusCode};
use support::browser::{Browser, Page};
use support::samples::{self, CANARY};
use support::{Terms, World, settings};
use web_viewer::ViewerSettings;

/// The pages of a letter, behind its clean address.
const PAGES: &str = " /code /open /print /letter.eml /body/1.2.1 /attachment/2 /reply /reply-all \
    /pictures /sign-out /nothing";

/// Every address with every method: what a browser is told holds for all of them.
#[tokio::test]
async fn every_answer_carries_the_fields_that_keep_a_browser_safe() {
    let world = World::new().await;
    let sealed = world.seal(&samples::rich(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    browser.read(&world, &sealed).await;
    let fixed = [
        "/",
        "/signed-out",
        "/robots.txt",
        "/.well-known/security.txt",
    ];
    let pages = PAGES
        .split(' ')
        .map(|page| format!("{}{page}", sealed.path()));
    let paths: Vec<String> = fixed.map(str::to_owned).into_iter().chain(pages).collect();
    let methods = ["GET", "HEAD", "POST", "OPTIONS", "PATCH"];
    let (mut asked, mut framed) = (0, 0);
    for path in paths.iter().chain([&sealed.link()]) {
        for method in methods {
            let mut one = browser.clone();
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let page = one.send(method.clone(), path, "", Vec::new()).await;
            let is_frame = path.contains("/body/") && page.status == StatusCode::OK;
            keeps_safe(&page, is_frame, &format!("{method} {path} {}", page.status));
            framed += usize::from(is_frame);
            asked += 1;
        }
    }
    assert_eq!(
        (asked, framed),
        ((paths.len() + 1) * 5, 2),
        "GET and HEAD of the frame"
    );
}

fn keeps_safe(page: &Page, is_frame: bool, what: &str) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000"),
        ("x-dns-prefetch-control", "off"),
        (
            "x-frame-options",
            if is_frame { "SAMEORIGIN" } else { "DENY" },
        ),
    ] {
        assert_eq!(page.field(name), value, "{what}: {name}");
    }
    assert!(
        page.field("permissions-policy").contains("camera=()"),
        "{what}"
    );
    let policy = page.field("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{what}: {policy}");
    let frames = if is_frame {
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
}

/// Requests as no browser makes them: of proxies, of other methods, of paths in other spellings.
#[tokio::test]
async fn odd_requests_find_nothing() {
    let world = World::new().await;
    let sealed = world.seal(&samples::rich(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    browser.read(&world, &sealed).await;
    let path = sealed.path();
    let odd = |path: &str, method: Method| (path.to_owned(), method);
    let mut asked = vec![
        odd("mail.corp.example:443", Method::CONNECT),
        odd("*", Method::OPTIONS),
        odd(&path, Method::TRACE),
        odd(&path, Method::DELETE),
        odd("/assets/..%2f..%2fCargo.toml", Method::GET),
    ];
    for spelling in [
        "//",
        "/.",
        "/./print",
        "/%70rint%00",
        "/attachment/../print",
        "/attachment/..%2fprint",
        "/attachment/%32%00",
        "/attachment/2%2f",
        "/attachment/+2",
        "/attachment/02",
        "/body/1.2.1%20",
        "/letter.eml%0d%0aSet-Cookie:a=b",
    ] {
        asked.push(odd(&format!("{path}{spelling}"), Method::GET));
    }
    for (path, method) in asked {
        let page = browser.send(method.clone(), &path, "", Vec::new()).await;
        let what = format!("{method} {path}");
        assert!(
            page.status.is_client_error() || page.status == StatusCode::SEE_OTHER,
            "{what}"
        );
        assert!(!page.has(CANARY) && !page.has("<title>Print"), "{what}");
        assert_eq!(page.field("cache-control"), "no-store", "{what}");
    }
    let control = browser.get(&format!("{path}/print")).await;
    assert!(control.has("<title>Print"), "as a browser asks for it");
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
    let key = (sealed.path(), "__Secure-sealgate-visit".to_owned());
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
    let visit = browser.cookies[&(mine.path(), "__Secure-sealgate-visit".into())].clone();
    browser
        .cookies
        .insert((second.path(), "__Secure-sealgate-visit".into()), visit);
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

/// RFC 6265bis §4.1.3: the names say what the cookies are, so that none can be planted from a page
/// that came in clear, nor, where it makes a browser known, from another host of the site.
#[tokio::test]
async fn over_https_only_cookies_with_a_protected_name_count() {
    let world = World::new().await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    assert!(browser.read(&world, &sealed).await.has(CANARY));
    let path = sealed.path();
    for (scope, name) in browser.cookies.keys() {
        match name.as_str() {
            "__Host-sealgate-browser" => assert_eq!(scope, "/"),
            name => assert!(
                name.starts_with("__Secure-sealgate-") && *scope == path,
                "{name}"
            ),
        }
    }
    let visit = (path.clone(), "__Secure-sealgate-visit".to_owned());
    let token = browser.cookies.remove(&visit).expect("a visit");
    let planted = (path.clone(), "sealgate-visit".to_owned());
    browser.cookies.insert(planted, token.clone());
    assert!(!browser.get(&path).await.has(CANARY));
    browser.cookies.insert(visit, token);
    assert!(browser.get(&path).await.has(CANARY), "the control");
    // In clear, on loopback, a browser would refuse such names.
    let world = World::with(ViewerSettings {
        url: "http://127.0.0.1:8443".into(),
        ..settings()
    })
    .await;
    let sealed = world.seal(&samples::plain(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    assert!(browser.read(&world, &sealed).await.has(CANARY));
    assert!(
        browser
            .cookies
            .keys()
            .all(|(_, name)| name.starts_with("sealgate-"))
    );
}

/// Where a request says that it went counts for nothing: no address of ours is made of it.
#[tokio::test]
async fn a_host_that_is_not_ours_stands_in_no_answer_and_in_no_mail() {
    let world = World::new().await;
    let sealed = world.seal(&samples::rich(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    for name in [
        "host",
        "x-forwarded-host",
        "x-original-url",
        "x-rewrite-url",
    ] {
        browser.fields.push((name, "evil.example".into()));
    }
    browser
        .fields
        .push(("forwarded", "host=evil.example;proto=http".into()));
    browser.fields.push(("x-forwarded-proto", "http".into()));
    let moved = browser.get(&sealed.link()).await;
    assert_eq!(moved.field("location"), sealed.path());
    assert!(moved.field("set-cookie").contains("Secure"));
    let mut pages = vec![moved, browser.read(&world, &sealed).await];
    for path in ["/reply", "/print", "/code", "/body/1.2.1", "/nothing"] {
        pages.push(browser.get(&format!("{}{path}", sealed.path())).await);
    }
    pages.push(browser.get("/.well-known/security.txt").await);
    for page in &pages {
        assert!(!page.has("evil.example/"), "{}", page.text());
        assert!(
            !format!("{:?}", page.headers).contains("evil"),
            "{:?}",
            page.headers
        );
    }
    let mails = world.mailer.passcodes.lock().unwrap();
    assert!(!mails.is_empty() && !mails.iter().any(|mail| mail.from_name.contains("evil")));
}
