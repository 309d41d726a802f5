//! V11: HTML whose tree or output costs more than its bytes is refused, and in time.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use web_viewer::sanitise::{
    HTML_BYTES_MAX, HTML_DEPTH_MAX, HTML_TAGS_MAX, InlinePictures, Remote, TooMuch, sanitise,
};
use web_viewer::settings::PICTURE_BYTES_MAX;

/// What a debug build may take longer.
const SLOWER: u128 = if cfg!(debug_assertions) { 15 } else { 1 };

fn no_pictures() -> InlinePictures {
    Arc::default()
}

/// What became of it, and after how many milliseconds.
fn within(html: &str) -> (Result<(), TooMuch>, u128) {
    let started = Instant::now();
    let result = sanitise(html, Remote::Blocked, &no_pictures()).map(|_| ());
    (result, started.elapsed().as_millis())
}

fn refused_in_time(name: &str, html: &str) {
    let (result, first) = within(html);
    assert_eq!(result, Err(TooMuch), "{name}");
    // The faster of two, since a busy machine is not what is judged here.
    let milliseconds = first.min(within(html).1);
    println!("{name}: refused after {milliseconds} ms");
    assert!(
        milliseconds < 1000 * SLOWER,
        "{name}: refused after {milliseconds} ms"
    );
}

/// V11: trees that cost more than their bytes are refused before they are built.
#[test]
fn heavy_html_is_refused_in_time() {
    let deepest = "<div>".repeat(HTML_DEPTH_MAX);
    let (result, _) = within(&deepest);
    assert_eq!(result, Ok(()), "the limit itself is fine");
    let refused = [
        deepest + "<div>",
        "<br>".repeat(HTML_TAGS_MAX + 1),
        "a".repeat(HTML_BYTES_MAX + 1),
        "<b>".repeat(400_000),
        "<a><table>".repeat(100_000),
    ];
    for html in refused {
        refused_in_time(html.get(..9).unwrap_or_default(), &html);
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
        // The faster of two, since a busy machine is not what is judged here.
        let (result, first) = within(&html);
        let milliseconds = first.min(within(&html).1);
        println!("{name}: {milliseconds} ms, {result:?}");
        assert!(
            milliseconds < 2000 * SLOWER,
            "{name} took {milliseconds} ms"
        );
    }
}

/// An unclosed formatting element is made again in each paragraph that follows it.
#[test]
fn formatting_that_is_made_again_and_again_is_refused() {
    let many = format!("<p>{}{}", "<b title=i>".repeat(499), "<p>x".repeat(29_000));
    refused_in_time("many in many paragraphs", &many);
    let one = "a".repeat(100_000);
    let one = format!("<p><b title={one}>x{}", "<p>x".repeat(10_000));
    refused_in_time("a long one in many paragraphs", &one);
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
    refused_in_time("kept by its end tag", &(distinct + &"<p>x".repeat(20_000)));
}

/// An end tag of what is not open closes nothing.
#[test]
fn depth_is_not_hidden_by_end_tags() {
    refused_in_time("end of another", &"<b title=i></x>".repeat(15_000));
    let out_of_scope = format!("{}<table><td>{}", "<div>".repeat(100), "</div>".repeat(100));
    refused_in_time("end out of scope", &out_of_scope.repeat(100));
    refused_in_time("ends", &"</h1>".repeat(200_000));
}

#[test]
fn many_attributes_of_one_tag_are_refused() {
    let mut names = String::new();
    for n in 0..150_000 {
        write!(names, " a{n:x}").unwrap();
    }
    refused_in_time("names", &format!("<p{names}>"));
    refused_in_time("names without an end", &format!("<p{names}"));
    let quoted = names.replace(' ', "=\">\"");
    refused_in_time(
        "names behind quotes",
        &format!("<p a{}>", &quoted[..1_000_000]),
    );
    let mut merged = String::new();
    for n in 0..29_000 {
        write!(merged, "<html a{n}=1>").unwrap();
    }
    refused_in_time("names on one element from many tags", &merged);
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
    let started = Instant::now();
    assert_eq!(shown(29_000), all, "and no more of it");
    let milliseconds = started.elapsed().as_millis();
    println!("29,000 uses of a picture: {milliseconds} ms");
    assert!(
        milliseconds < 2000 * SLOWER,
        "29,000 uses took {milliseconds} ms"
    );
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
        assert_eq!(within(&html).0, Ok(()), "{}", &html[..60]);
    }
}
