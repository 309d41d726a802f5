//! V11: HTML whose tree or output costs more than its bytes is refused, before that costs more.

mod support;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::http::StatusCode;
use support::browser::Browser;
use support::{Terms, World, settings};
use web_viewer::ViewerSettings;
use web_viewer::sanitise::{
    Allowance, HTML_BYTES_MAX, HTML_DEPTH_MAX, HTML_STEPS_MAX, HTML_TAGS_MAX, InlinePictures,
    PAGE_HTML_BYTES_MAX, PAGE_STEPS_MAX, Remote, TooMuch, sanitise, sanitise_within,
    steps_to_weigh,
};
use web_viewer::settings::{OPENINGS_MAX, PICTURE_BYTES_MAX};

/// One token may take so many steps after the last limit is passed: it looks through all that is
/// open a few times.
const STEPS_OF_A_TOKEN: usize = 20 * HTML_DEPTH_MAX;

fn no_pictures() -> InlinePictures {
    Arc::default()
}

/// What becomes of it, after a number of steps that is bounded whatever it is. Steps are counted
/// and not timed, so that no machine is too busy for this test.
fn judged(name: &str, html: &str) -> Result<(), TooMuch> {
    let steps = steps_to_weigh(html);
    println!("{name}: {} bytes, {steps} steps", html.len());
    assert!(
        steps <= HTML_STEPS_MAX + STEPS_OF_A_TOKEN,
        "{name}: {steps} steps"
    );
    sanitise(html, Remote::Blocked, &no_pictures()).map(|_| ())
}

fn refused(name: &str, html: &str) {
    assert_eq!(judged(name, html), Err(TooMuch), "{name}");
}

/// V11: trees that cost more than their bytes are refused before they are built.
#[test]
fn heavy_html_is_refused() {
    let deepest = "<div>".repeat(HTML_DEPTH_MAX);
    assert_eq!(
        judged("deepest", &deepest),
        Ok(()),
        "the limit itself is fine"
    );
    let over = [
        deepest + "<div>",
        "<br>".repeat(HTML_TAGS_MAX + 1),
        "a".repeat(HTML_BYTES_MAX + 1),
        "<b>".repeat(400_000),
        "<a><table>".repeat(100_000),
    ];
    for html in over {
        refused(html.get(..9).unwrap_or_default(), &html);
    }
    let heavy = [
        ("paragraphs", "<p>x".repeat(HTML_TAGS_MAX)),
        (
            "cells",
            format!("<table>{}", "<tr><td>x".repeat(HTML_TAGS_MAX / 2 - 1)),
        ),
        ("formatting", "<b><i><p></b></i>".repeat(HTML_TAGS_MAX / 3)),
        ("links", "<a href=\"https://x.example/\">x".repeat(400)),
        ("entities", "&amp;&lt;&#60;".repeat(HTML_BYTES_MAX / 14)),
        (
            "one attribute",
            format!("<p title=\"{}\">", "a".repeat(HTML_BYTES_MAX - 100)),
        ),
        (
            "many attributes",
            format!("<p {}>", "a=1 b=2 ".repeat(60_000)),
        ),
    ];
    for (name, html) in heavy {
        // Refused or not: what it takes is bounded.
        let _ = judged(name, &html);
    }
}

/// An end tag looks through all that is open, so depth and number multiply.
#[test]
fn steps_are_bounded_where_depth_and_number_each_are_not_over() {
    let searched = |ends: usize| format!("{}{}", "<i>".repeat(400), "</x>".repeat(ends));
    assert_eq!(judged("some ends in the deep", &searched(100)), Ok(()));
    refused("many ends in the deep", &searched(29_000));
}

/// An unclosed formatting element is made again in each paragraph that follows it.
#[test]
fn formatting_that_is_made_again_and_again_is_refused() {
    let many = format!("<p>{}{}", "<b title=i>".repeat(499), "<p>x".repeat(29_000));
    refused("many in many paragraphs", &many);
    let one = "a".repeat(100_000);
    let one = format!("<p><b title={one}>x{}", "<p>x".repeat(10_000));
    refused("a long one in many paragraphs", &one);
    let mut distinct = String::new();
    for n in 0..1_000 {
        write!(
            distinct,
            "<b title={n}>{}</b>{}",
            "<div>".repeat(9),
            "</div>".repeat(9)
        )
        .unwrap();
    }
    refused("kept by its end tag", &(distinct + &"<p>x".repeat(20_000)));
}

/// An end tag of what is not open closes nothing.
#[test]
fn depth_is_not_hidden_by_end_tags() {
    refused("end of another", &"<b title=i></x>".repeat(15_000));
    let out_of_scope = format!("{}<table><td>{}", "<div>".repeat(100), "</div>".repeat(100));
    refused("end out of scope", &out_of_scope.repeat(100));
    refused("ends", &"</h1>".repeat(200_000));
}

#[test]
fn many_attributes_of_one_tag_are_refused() {
    let mut names = String::new();
    for n in 0..150_000 {
        write!(names, " a{n:x}").unwrap();
    }
    refused("names", &format!("<p{names}>"));
    refused("names without an end", &format!("<p{names}"));
    let quoted = names.replace(' ', "=\">\"");
    refused(
        "names behind quotes",
        &format!("<p a{}>", &quoted[..1_000_000]),
    );
    let mut merged = String::new();
    for n in 0..29_000 {
        write!(merged, "<html a{n}=1>").unwrap();
    }
    refused("names on one element from many tags", &merged);
}

/// A picture is one address in the letter and a whole picture in the output, at every use.
#[test]
fn uses_of_inline_pictures_are_bounded() {
    let picture = format!("data:image/png;base64,{}", "AAA/".repeat(25_000));
    let pictures = Arc::new(HashMap::from([("a".to_owned(), picture.clone())]));
    let uses = |count: usize| "<img src=cid:a>".repeat(count);
    let shown = |count: usize| {
        let clean = sanitise(&uses(count), Remote::Blocked, &pictures).unwrap();
        assert!(clean.html.len() < PICTURE_BYTES_MAX + HTML_BYTES_MAX);
        clean.html.matches("src=").count()
    };
    let all = PICTURE_BYTES_MAX / picture.len();
    assert_eq!(shown(all), all, "what fits is shown at each use");
    assert_eq!(shown(29_000), all, "and no more of it");
}

/// How many of so many equal parts one page renders.
fn rendered(parts: usize, html: &str, pictures: &InlinePictures) -> usize {
    let mut allowance = Allowance::default();
    let all = (0..parts).map(|_| sanitise_within(html, Remote::Blocked, pictures, &mut allowance));
    all.filter(Result::is_ok).count()
}

/// A letter may have a thousand parts: they share what a page may cost.
#[test]
fn the_parts_of_a_page_share_its_limits() {
    let slow = format!("{}{}", "<i>".repeat(400), "</x>".repeat(3_000));
    let steps = steps_to_weigh(&slow);
    assert_eq!(judged("one slow part", &slow), Ok(()));
    let fit = rendered(50, &slow, &no_pictures());
    assert!(
        (1..=PAGE_STEPS_MAX / steps).contains(&fit),
        "{fit} of {steps} steps"
    );
    let long = "a".repeat(HTML_BYTES_MAX);
    let fit = rendered(50, &long, &no_pictures());
    assert_eq!(fit, PAGE_HTML_BYTES_MAX / HTML_BYTES_MAX);
    assert_eq!(
        rendered(1000, "<p>text</p>", &no_pictures()),
        1000,
        "the control"
    );
}

/// The same for pictures: what does not fit stays out, and the text around it is shown.
#[test]
fn the_parts_of_a_page_share_its_pictures() {
    let picture = format!(
        "data:image/png;base64,{}",
        "AAA/".repeat(PICTURE_BYTES_MAX / 8)
    );
    let pictures = Arc::new(HashMap::from([("a".to_owned(), picture)]));
    let mut allowance = Allowance::default();
    let mut shown = 0;
    for _ in 0..20 {
        let part = sanitise_within(
            "x<img src=cid:a>",
            Remote::Blocked,
            &pictures,
            &mut allowance,
        );
        shown += part.unwrap().html.matches("src=").count();
    }
    assert_eq!(shown, 1, "the second is a little too large");
}

/// Whatever it is that takes so long: nobody waits for ever, and the page says so.
#[tokio::test]
async fn who_waits_too_long_is_told() {
    let world = World::with(ViewerSettings {
        laying_out_seconds_max: 0,
        ..settings()
    })
    .await;
    let slow = format!("{}{}", "<i>".repeat(400), "</x>".repeat(3_000));
    let raw =
        format!("From: Ann <ann.meyer@corp.example>\r\nContent-Type: text/html\r\n\r\n{slow}");
    let sealed = world.seal(raw.as_bytes(), &Terms::default()).await;
    let mut browser = Browser::new(&world);
    // More often than there are turns: each is given back when its work ends.
    for _ in 0..3 * OPENINGS_MAX {
        let page = match browser.cookies.len() {
            0 => browser.read(&world, &sealed).await,
            _ => browser.get(&sealed.path()).await,
        };
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(page.has("This takes too long"), "{}", page.text());
    }
    let kinds = world.audit_kinds().await;
    assert!(!kinds.iter().any(|kind| kind == "content revealed"));
}

/// The control: what mail programs write, crossed formatting and all, is within the limits.
#[test]
fn ordinary_mail_is_within_the_limits() {
    let row = "<tr><td style=\"padding:0\"><p><font size=2><b>x</p></b></font></td></tr>";
    let ordinary = [
        format!("<table>{}</table>", row.repeat(2_000)),
        "<p><font face=Arial><span lang=DE>text<o:p></o:p></span></font></p>".repeat(3_000),
        format!(
            "<img src=\"data:image/png;base64,{}\">",
            format!("{}/", "A".repeat(63)).repeat(12_000)
        ),
        format!("<p title=\"{}\">", "a word ".repeat(2_000)),
    ];
    for html in ordinary {
        assert_eq!(judged("ordinary", &html), Ok(()), "{}", &html[..60]);
    }
}
