//! Spots in honest, sloppy and hostile HTML.

use super::*;
use crate::edit::elements::{LOOK_BACK_MAX, STACK_MAX};

/// `|` marks where the text goes; closers stand behind it.
fn shown(html: &str, place: Place) -> String {
    let Some(spot) = find(html.as_bytes(), place) else {
        return "left".to_owned();
    };
    format!(
        "{}|{}{}",
        &html[..spot.offset],
        spot.closers,
        &html[spot.offset..]
    )
}

#[test]
fn bottom() {
    for (html, expected) in [
        ("<p>a", "<p>a|"),
        (
            "<html><body><p>a</p></body></html>",
            "<html><body><p>a</p>|</body></html>",
        ),
        ("<BODY>a</BODY >\n", "<BODY>a|</BODY >\n"),
        ("a</body>b", "a</body>b|"),
        (
            "a</body></html>\n<img src=x>",
            "a</body></html>\n<img src=x>|",
        ),
        (
            "<div><table><tr><td>a</body>",
            "<div><table><tr><td>a|</table></div></body>",
        ),
        ("a<!-- </body> -->b", "a<!-- </body> -->b|"),
        ("a<!-- b", "a<!-- b|-->"),
        (
            "a</body><!--[if mso]></body><![endif]-->",
            "a|</body><!--[if mso]></body><![endif]-->",
        ),
        ("a<style>b", "a<style>b|</style>"),
        ("a</html>", "a|</html>"),
        // An end tag that was cut: whole with what closes it, it may end another element or none.
        ("<div>a</di", "<div>a</di|x'\"></div>"),
        ("<div>a</div ", "<div>a</div |x'\">"),
        ("<div>a</div class=\"b", "<div>a</div class=\"b|x'\">"),
        ("<b><div>a</b\t", "<b><div>a</b\t|x'\"></div>"),
        ("<dix'\">a</di", "<dix'\">a</di|x'\">"),
        // A slash closes no element of HTML, and hides nothing of ours.
        (
            "a<div style=\"display:none\"/></body>",
            "a<div style=\"display:none\"/>|</div></body>",
        ),
        ("<svg><g/></svg><br/>a", "<svg><g/></svg><br/>a|"),
        ("", "|"),
    ] {
        assert_eq!(shown(html, Place::Bottom), expected);
    }
}

#[test]
fn top() {
    for (html, expected) in [
        ("<p>a", "|<p>a"),
        (
            "<html><head><title>t</title></head><body class=\"x\">a",
            "<html><head><title>t</title></head><body class=\"x\">|a",
        ),
        ("<!DOCTYPE html>\n<div>a", "<!DOCTYPE html>|\n<div>a"),
        ("<html>a", "<html>|a"),
        ("<head></head><table>", "<head></head>|<table>"),
    ] {
        assert_eq!(shown(html, Place::Top), expected);
    }
}

#[test]
fn above_quote() {
    for (html, expected) in [
        (
            "<p>a</p><blockquote type=cite>b</blockquote>",
            "<p>a</p>|<blockquote type=cite>b</blockquote>",
        ),
        (
            "<blockquote type=\"cite\">b</blockquote><p>a</p>",
            "<blockquote type=\"cite\">b</blockquote><p>a</p>|",
        ),
        (
            "a<div class=\"gmail_quote x\"><p class=\"gmail_attr\">On</p>b</div><br>",
            "a|<div class=\"gmail_quote x\"><p class=\"gmail_attr\">On</p>b</div><br>",
        ),
        (
            "a<div class=\"moz-cite-prefix\">On</div><blockquote type=\"cite\">b</blockquote>",
            "a|<div class=\"moz-cite-prefix\">On</div><blockquote type=\"cite\">b</blockquote>",
        ),
        ("a<hr id=\"stopSpelling\">b", "a|<hr id=\"stopSpelling\">b"),
        (
            "<table><tr><td>a<blockquote type=cite>b</blockquote></table>",
            "<table><tr><td>a<blockquote type=cite>b</blockquote></table>|",
        ),
        ("a", "a|"),
        // Where the quotation is hidden, so would be what stands above it.
        (
            "a<div hidden><blockquote type=cite>b</blockquote></div>",
            "a<div hidden><blockquote type=cite>b</blockquote></div>|",
        ),
        (
            "a<p Style='Color:red; Display : /**/none!important'><hr id=stopSpelling>b",
            "a<p Style='Color:red; Display : /**/none!important'><hr id=stopSpelling>b|",
        ),
        (
            "a<details><div class=gmail_quote>b</div></details>",
            "a<details><div class=gmail_quote>b</div></details>|",
        ),
        (
            "a<div title=hidden style='display:block'><div class=gmail_quote>b</div></div>",
            "a<div title=hidden style='display:block'>|<div class=gmail_quote>b</div></div>",
        ),
        (
            "a<div hidden></div><div class=gmail_quote>b</div>",
            "a<div hidden></div>|<div class=gmail_quote>b</div>",
        ),
    ] {
        assert_eq!(shown(html, Place::AboveQuote), expected);
    }
}

#[test]
fn what_says_who_wrote_below() {
    const WROTE: &str = "On 5 January 2026 at 10:15, Ann &lt;ann@x.example&gt; wrote:";
    for (above, quoted) in [
        // A header in the cells of a table.
        (
            "<p>a</p>",
            "<table><tr><td><b>From:</b></td><td>ann@x.example</td></tr><tr><td><b>Sent:</b></td>\
             <td>Monday</td></tr></table><p>b</p>",
        ),
        (
            "<p>a</p>",
            "<table><tbody><tr>\n<th align=left>Von: </th>\n<td>ann@x.example</td>\n</tr>\n<tr>\n\
             <th>Datum: </th>\n<td>Montag</td></tr></tbody></table>b",
        ),
        // An attribution, and what it quotes in an element or in none.
        ("<p>a</p>", "<p>WROTE</p><blockquote>b</blockquote><br>"),
        ("<p>a</p>", "<div>WROTE</div><p>b</p><p>c</p>"),
        (
            "a<br><br>",
            "On 5 January 2026 at 10:15,<br>Ann wrote:<br>b",
        ),
        (
            "<div>a</div><div><br></div>",
            "<div>WROTE</div><div>b</div>",
        ),
        (
            "<div>a</div><div>&nbsp;</div>",
            "<div>WROTE</div><div>b</div>",
        ),
        (
            "<div>a</div>",
            "<div>On 5 January 2026, Ann wrote:</div><blockquote>b</blockquote>",
        ),
        (
            "<p>a</p>",
            "<p>2026年1月5日(月) 10:15\n Ann &lt;ann@x.example&gt;:</p>b",
        ),
        (
            "<p>a</p>",
            "<p>Le 05/01/2026 à 10:15, Ann a écrit&nbsp;:</p><p>b</p>",
        ),
    ] {
        let quoted = quoted.replace("WROTE", WROTE);
        let (html, expected) = (format!("{above}{quoted}"), format!("{above}|{quoted}"));
        assert_eq!(shown(&html, Place::AboveQuote), expected);
    }
    for new in [
        "<p>a</p><p>WROTE</p><blockquote>b</blockquote><p>c</p>",
        // Nothing stands above it: what is new may stand below.
        "<p>WROTE</p><p>b</p><p>c</p>",
        "<p>a</p><p>Ann wrote:</p><p>b</p>",
        // A sentence of the paragraph, or of nobody's program.
        "a<br>On 5 January 2026 at 10:15, Ann wrote:<br>b",
        "<div>a</div><div>On 5 January 2026 at 10:15, Ann wrote:</div><div>b</div>",
        "<p>a</p><p>On 5 January 2026, Goethe wrote:</p><p>b</p><p>c</p>",
        "<p>a</p><table><tr><td>From:</td><td>Rome</td></tr><tr><td>Date:</td><td>5 May 2026</td>\
         </tr><tr><td>To:</td><td>Pisa</td></tr><tr><td>Subject:</td><td>Trip</td></tr></table>b",
        "<p>a</p><p>WROTE</p><p>&gt; b</p><p>c</p>",
        "<p>a</p><blockquote>b</blockquote>",
        "<p>a</p><table><tr><td>From:</td><td>Rome</td></tr><tr><td>To:</td><td>Pisa</td></tr>\
         </table>",
    ] {
        let html = new.replace("WROTE", WROTE);
        assert_eq!(shown(&html, Place::AboveQuote), format!("{html}|"));
    }
}

/// What is in doubt is new text where a marking is looked for.
#[test]
fn what_is_in_doubt_is_quoted_for_placement_only() {
    for (wrote, is_sure) in [
        (
            "On 5 January 2026 at 10:15, Ann &lt;ann@x.example&gt; wrote:",
            true,
        ),
        ("On 5 January 2026 at 10:15, Ann wrote:", false),
    ] {
        let html = format!("<p>a</p><p>{wrote}</p><p>b</p>");
        let spot = find(html.as_bytes(), Place::AboveQuote).unwrap();
        assert_eq!(spot.offset, "<p>a</p>".len());
        let quoted = Quoted::find(html.as_bytes().into());
        assert_eq!(quoted.holds(html.len() - 5), is_sure, "{wrote}");
    }
}

/// What a sender mis-nests stays open for browsers, so that it is closed, once for each.
#[test]
fn what_stays_open_is_closed() {
    for (html, closers) in [
        ("<div hidden><object></div>", "</object></div>"),
        ("<div hidden><applet></div>", "</applet></div>"),
        ("<div hidden><marquee></div>", "</marquee></div>"),
        ("<div hidden><table></div>", "</table></div>"),
        ("<div hidden><table><tr><td></div>", "</table></div>"),
        ("<div hidden><form><div hidden></form></div>", "</div>"),
        ("<form hidden><div></form>", "</div>"),
        ("<form hidden><form></form>", ""),
        ("<span hidden><div></span>", "</div></span>"),
        ("<span hidden><p></span>", "</p></span>"),
        ("<span hidden><li></span></li>", "</span>"),
        ("<b hidden><p>a</p>", "</b>"),
        ("<div><b hidden></div>", "</b></b>"),
        ("<b><div hidden></b>", "</div>"),
        ("<table><td><b hidden></table>", ""),
        ("<table><b hidden></table>", "</b></b>"),
        ("<li hidden>", "</li>"),
        ("<h1 hidden><div></h2>", ""),
        ("<a hidden><table><td><a></table>", "</a>"),
        ("<p><h1><h2 hidden></h1>", ""),
        (
            "<x-name-of-many-letters hidden></x-name-of-many-horses>",
            "</x-name-of-many-letters>",
        ),
        ("<st1:country-region>a</st1:country-region>", ""),
        ("<!-- --!><div hidden>-->", "</div>"),
        ("<!-- ---!><div hidden>-->", "</div>"),
        ("</ <!-- > <div hidden> -->", "</div>"),
        ("<p =\"><div hidden title=\"\">", "</div>"),
        ("<p a=b=\"><div hidden title=\"\">", "</div>"),
        (
            "<script><!-- <script></script> <div hidden> --></script>",
            "",
        ),
        ("<script><!-- <script> --></script><div hidden>", "</div>"),
        ("<div hidden><td></div>", ""),
        ("<script><!--<script></script>", "</script>"),
        ("</", ">"),
        (
            "<div><font hidden></div><h2><br><h2>",
            "</h2></h2></font></font>",
        ),
        ("<b hidden><b><b><b><dl></b></b></b></b>", "</dl></b></b>"),
        ("<div hidden><select><option></select></div>", ""),
        ("<svg><title>a</title><g><path d=x /></g></svg>", ""),
        ("<noscript><img src=x></noscript>", ""),
    ] {
        assert_eq!(
            shown(html, Place::Bottom),
            format!("{html}|{closers}"),
            "{html}"
        );
    }
}

#[test]
fn what_readers_differ_on_is_left() {
    for html in [
        "<math><mi><div style=\"display:none\"></math>",
        "<svg><foreignObject><div hidden></svg>",
        "<svg><foreignObject><x hidden/></foreignObject></svg>",
        "<svg><![CDATA[",
        "<svg><![CDATA[ > ]]></svg>",
        "<svg><style><div hidden></style></svg>",
        "<svg>",
        "<svg><input></svg>",
        "<template><div></template>",
        "<div hidden><select></div></select>",
        "<select>",
        "<plaintext>",
        "<frameset>",
        "<script><!--<script>",
        "<a href=\"x",
        "<div hidden",
        "<form hidden><table><tr><td></form></table>",
        // What ends with its holder leaves a marker, and outer formatting open.
        "<s><table>x<object><pre><s><caption></table>x</s>",
        "<a><table><marquee><table></table></a>",
        "<table><tr><td><applet></td></table>",
        "<div hidden><noscript></div></noscript>",
        "<noscript><img alt=\"</noscript><div hidden>\"></noscript>",
        "<noscript>",
        "<noscript><noscript></noscript>",
        "<d\u{e9} hidden>",
    ] {
        assert_eq!(shown(html, Place::Bottom), "left", "{html}");
        assert_eq!(shown(&format!("a{html}"), Place::Top), format!("|a{html}"));
    }
}

/// The letter's own body begins where nothing else is open.
#[test]
fn a_second_body_is_no_top() {
    for (html, expected) in [
        ("<div hidden><body>a", "|<div hidden><body>a"),
        ("<html><svg><body>a", "<html>|<svg><body>a"),
        (
            "<html><template></head><body>a",
            "<html>|<template></head><body>a",
        ),
    ] {
        assert_eq!(shown(html, Place::Top), expected);
    }
}

#[test]
fn the_outline_is_bounded() {
    let deep = |depth: usize| "<div>".repeat(depth);
    let closers =
        |html: String| find(html.as_bytes(), Place::Bottom).map(|spot| spot.closers.len());
    assert_eq!(closers(deep(STACK_MAX)), Some(STACK_MAX * 6));
    assert_eq!(closers(deep(STACK_MAX + 1)), None);
    assert_eq!(
        closers(deep(STACK_MAX + 1) + &"</div>".repeat(STACK_MAX + 1)),
        None
    );
    // An end tag looks as far as that for its own, and no further.
    let within = |depth: usize| format!("<span>{}</span>", "<x>".repeat(depth));
    assert_eq!(closers(within(LOOK_BACK_MAX)), Some(0));
    assert_eq!(closers(within(LOOK_BACK_MAX + 1)), None);
}

#[test]
fn hostile_markup_is_linear() {
    let deep = "<div>".repeat(200_000) + &"</b>".repeat(200_000);
    assert_eq!(find(deep.as_bytes(), Place::Bottom), None);
    let mut stuck = "<i>".repeat(LOOK_BACK_MAX);
    stuck += &"</x><p></a>".repeat(100_000);
    find(stuck.as_bytes(), Place::Bottom);
    let open = "<a href=\"".repeat(200_000);
    find(open.as_bytes(), Place::Bottom);
    let comments = "<!--".repeat(200_000);
    find(comments.as_bytes(), Place::Bottom);
    let scripts = "<script><!--<script".repeat(200_000);
    find(scripts.as_bytes(), Place::Bottom);
}
