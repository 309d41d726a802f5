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
        "From: Ann <ann@x.example>\nSent: Monday\n\nhello\n",
        "From: Ann\nSent: 5 January 2026 10:15\nTo: Bob\nSubject: a\n\nhello\n",
        "از: Ann\nارسال شده: ۵ ژانویهٔ ۲۰۲۶\nبه: bob@x.example\nموضوع: a\n\nhello\n",
        "در تاریخ دوشنبه ۵ ژانویهٔ ۲۰۲۶،\u{200f} ۱۰:۱۵ Ann <ann@x.example> نوشت:\n\nhello\n",
        "On Mon, 5 January 2026, Ann wrote:\n\nhello\n",
        "-----Original Message-----\nhello\n",
        "________________________________\nFrom: Ann\nSent: Monday\n\nhello\n",
        "----- Forwarded by Ann -----\n\nFrom: Ann\nDate: Monday\n\nhello\n",
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
        // A sentence, a line of a chat.
        "Yes.\n\nIn the minutes of 5.1.2026 Meier wrote:\n\nhello\n\nNo.\n",
        "Yes.\n\nOn 5 January 2026, Goethe wrote:\n\nhello\n\nNo.\n",
        "Oui,\nle 3 mai 2025 à 10:15, le client a écrit :\nhello\n\nNon.\n",
        "Chat:\n2026-01-05 10:15 Ann <ann@x.example>:\nhello\n\nNo.\n",
        // A journey, a form.
        "Yes.\n\nFrom: Berlin TXL\nDate: 5 May 2026\nSeat: 12\n\nNo.\n",
        "Ja.\n\nVon: Berlin\nDatum: 5. Mai 2026\nAn: Paris\n\nNein.\n",
        "Yes.\n\nFrom: Rome\nDate: 5 May 2026\nTo: Pisa\nSubject: Trip\n\nNo.\n",
        // Dashes and rules around the writer's own words.
        "Yes.\n----- Part 1 -----\nhello\n----- Message 2 -----\nhello\n",
        "Yes.\n________________________________\nAnn, Corp\n",
    ] {
        assert_eq!(new_text(body), body);
    }
}

/// What is in doubt is new text where a marking is looked for.
#[test]
fn what_is_in_doubt_is_quoted_for_placement_only() {
    for (wrote, is_sure) in [
        (
            "On Mon, Jan 5, 2026 at 10:15 AM Ann <ann@x.example> wrote:",
            true,
        ),
        (
            "Am 5. Jan. 2026 um 10:15 schrieb Ann <ann@x.example>:",
            true,
        ),
        (
            "Ann <ann@x.example> ezt írta (időpont: 2026. jan. 5., H, 10:15):",
            true,
        ),
        ("On Mon, Jan 5, 2026 at 10:15 AM Ann wrote:", false),
        ("Am 05.01.2026 um 10:15 schrieb Ann Example:", false),
        ("On Jan 5, 2026 Ann <ann@x.example> wrote:", false),
        ("2026-01-05 10:15 Ann <ann@x.example>:", false),
    ] {
        let body = format!("Yes.\n\n{wrote}\n\nhello\n");
        assert_eq!(new_text(&body), "Yes.\n\n", "{wrote}");
        let sure = separator(body.as_bytes().into());
        let below_a_line = format!("Yes.\n{wrote}\nhello\n");
        assert_eq!(separator(below_a_line.as_bytes().into()), None, "{wrote}");
        let is_new = new_text(&below_a_line) == below_a_line;
        assert_eq!(is_new, !is_sure, "{wrote}");
        assert_eq!(sure, is_sure.then_some(6), "{wrote}");
    }
}

/// Only what says who wrote goes with the quotation below it.
#[test]
fn a_colon_above_a_separator_is_new_text() {
    let header = "From: A <a@x.example>\nSent: Monday\n\nhello\n";
    for separator in [
        "-----Original Message-----\n",
        "",
        "______________________________\n",
    ] {
        for new in [
            "Bob,\n\nplease see below:\n\n",
            "See below:\n\n",
            "It is:\n",
        ] {
            assert_eq!(new_text(&format!("{new}{separator}{header}")), new);
        }
        let wrote = "On 5 January 2026 at 10:15, Ann wrote:\n\n";
        let body = format!("Yes.\n\n{wrote}{separator}{header}");
        assert_eq!(new_text(&body), "Yes.\n\n", "{separator}");
    }
}

#[test]
fn words_are_read_in_their_own_charset() {
    let header = "Да.\n\nОт: an@x.example\nОтправлено: 5 января\n\nпривет\n";
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
