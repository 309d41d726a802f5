//! Tokens and entities as browsers read them.

use super::*;

fn outline(html: &str) -> Vec<String> {
    let piece = |range: &Range<usize>| html[range.clone()].to_owned();
    let shown = Tokens::new(html.as_bytes()).map(|token| match token {
        Token::Text(range) => format!("text {}", piece(&range)),
        Token::Open { name, .. } => format!("open {}", name.text()),
        Token::Close { name, .. } => format!("close {}", name.text()),
        Token::Hidden(range) => format!("hidden {}", piece(&range)),
        Token::Unclosed { closer, .. } => format!("unclosed {closer}"),
    });
    shown.collect()
}

#[test]
fn tokens_of_real_mail() {
    assert_eq!(
        outline("a < b<P CLASS='>'>x</p >"),
        ["text a < b", "open p", "text x", "close p"]
    );
    assert_eq!(
        outline("<!DOCTYPE html><style>a>b</s></style><!--[if mso]></body><![endif]-->t"),
        [
            "hidden <!DOCTYPE html>",
            "open style",
            "hidden a>b</s>",
            "close style",
            "hidden <!--[if mso]></body><![endif]-->",
            "text t"
        ]
    );
    assert_eq!(outline("x<!-- y"), ["text x", "unclosed -->"]);
    assert_eq!(outline("<style>y"), ["open style", "unclosed </style>"]);
    assert_eq!(outline("<a href=\"x"), ["unclosed x'\">"]);
    assert_eq!(outline("<!-->x"), ["hidden <!-->", "text x"]);
}

#[test]
fn attributes() {
    let tag = b"<div class=a ID = 'b c' hidden data-x=\"d>\"/>";
    assert_eq!(attribute(tag, "class"), Some(&b"a"[..]));
    assert_eq!(attribute(tag, "id"), Some(&b"b c"[..]));
    assert_eq!(attribute(tag, "data-x"), Some(&b"d>"[..]));
    assert_eq!(attribute(tag, "hidden"), None);
    assert_eq!(attribute(b"<a/>", "x"), None);
}

#[test]
fn values_are_text_in_few_places() {
    let html = "a<a HREF='mailto:b' title=\"c\" alt=d style='e'>f</a><!--g--><style>h</style>\
                <a href=\"javascript:i\">j</a><a href=\"k\">l";
    let places = text_places(html);
    let texts: Vec<&str> = places.into_iter().map(|place| &html[place]).collect();
    assert_eq!(texts, ["a", "c", "b", "f", "j", "l"]);
}

#[test]
fn entities() {
    assert_eq!(
        decode_entities("a&amp;b&#233;&#xE9;&eacute;&nbsp;&yuml;&none;&"),
        "a&bééé\u{a0}ÿ&none;&"
    );
}
