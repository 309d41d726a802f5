//! Where quotations begin in plain bodies.

use super::*;
use crate::message::Charset;

fn start(words: Words<'_>) -> Option<usize> {
    Quotations::find(words).last()
}

/// What stands above the quotation.
fn new_text(body: &str) -> &str {
    &body[..start(body.as_bytes().into()).unwrap_or(body.len())]
}

#[test]
fn an_attribution_goes_with_what_it_says_was_written() {
    for quoted in [
        "On 5 January 2026, Ann wrote:\n> hello\n",
        "On 5 January 2026, Ann\nwrote:\n\n> hello\n",
        "Am 05.01.2026 um 10:15 schrieb Ann\n<ann@x.example>:\n> hello\n",
        "Ann <ann@x.example> 于2026年1月5日周一\n10:15写道：\n\n> hello\n",
        "Ann said:\n> hello\n",
        // No sign before the lines, as programs of telephones write.
        "On Jan 5, 2026, at 10:15, Ann <ann@x.example> wrote:\n\nhello\n",
        "On Mon, Jan 5, 2026 at 10:15 AM Ann <\nann@x.example> wrote:\nhello\n",
        "From: Ann\nSent: Monday\n\nhello\n",
        "*From:* ann@x.example [mailto:\nann@x.example]\n*Sent:* Monday\n\nhello\n",
        "> hello\n\nSent from my telephone\n",
        "> hello\n\n发自我的手机\n",
    ] {
        assert_eq!(
            new_text(&format!("Yes.\n\n{quoted}")),
            "Yes.\n\n",
            "{quoted}"
        );
    }
}

#[test]
fn new_text_is_not_taken_for_quoted() {
    for body in [
        "On 5 January 2026, Ann wrote:\n> hello\n\nYes.\n",
        // Nothing stands above it: what was written may stand below.
        "On Jan 5, 2026, at 10:15, Ann <ann@x.example> wrote:\n\nhello\n\nYes.\n",
        "Yes.\n\nAnn wrote:\n\nhello\n",
        "On Jan 5, 2026, at 10:15, Ann <ann@x.example> wrote:\n> hello\nyes\n> bye\nbye\n",
        "Yes.\n\n> hello\n\nIt is sent from Rome.\n",
        "Yes.\n\nFrom: Rome\nwe go to Pisa.\nDate: Monday\n",
        "Yes.\n\nFrom: Ann <\nann@x.example>\nor Bob\nDate: Monday\n",
    ] {
        assert_eq!(new_text(body), body);
    }
}

#[test]
fn words_are_read_in_their_own_charset() {
    let header = "Да.\n\nОт: Анна\nОтправлено: 5 января\n\nпривет\n";
    let wrote = "好。\n\n安 <an@x.example> 于2026年1月5日周一 10:15写道：\n\n你好\n";
    for (text, charset) in [
        (header, "koi8-r"),
        (header, "windows-1251"),
        (wrote, "gb18030"),
    ] {
        let charset = Charset::parse(Some(charset));
        let bytes = charset.encode(text).unwrap();
        let words = Words::new(&bytes, &bytes, charset);
        let above = charset
            .encode(&text[..text.find("\n\n").unwrap() + 2])
            .unwrap();
        assert_eq!(start(words), Some(above.len()), "{charset:?}");
        assert_eq!(
            start(Words::from(&bytes[..])),
            None,
            "{charset:?} as no charset"
        );
    }
}
