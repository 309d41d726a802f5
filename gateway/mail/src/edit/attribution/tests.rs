//! Attributions of the world's mail programs, and sentences that are none.

use super::*;

/// How many of the last lines are an attribution.
fn lines(text: &str) -> usize {
    let mut reader = Attribution::default();
    let count = text.lines().count();
    let mut found = 0;
    for (at, line) in text.lines().enumerate() {
        if let Some(Attributed { start, .. }) = reader.read(at, line) {
            assert_eq!(at + 1, count, "{text:?} ended early");
            found = count - start;
        }
    }
    found
}

#[test]
fn programs_of_many_languages() {
    for text in [
        "On Mon, Jan 5, 2026 at 10:15 AM Ann Example <ann@x.example> wrote:",
        "On 5 January 2026 10:15, Ann wrote:",
        "On 05/01/26, Ann wrote:",
        "At 10:15 05.01.2026 +0100, Ann wrote:",
        "---- On Mon, 05 Jan 2026 10:15:00 +0100 Ann <ann@x.example> wrote ----",
        "*On Mon, Jan 5, 2026, Ann wrote:*",
        "Am Mo., 5. Jan. 2026 um 10:15 Uhr schrieb Ann <ann@x.example>:",
        "Ann schrieb am 05.01.2026 um 10:15:",
        "Le lun. 5 janv. 2026 à 10:15, Ann <ann@x.example> a écrit :",
        "Le 05/01/2026 à 10:15, Ann a écrit\u{a0}:",
        "El lun, 5 ene 2026 a las 10:15, Ann (<ann@x.example>) escribió:",
        "Em seg., 5 de jan. de 2026 às 10:15, Ann <ann@x.example> escreveu:",
        "Il giorno lun 5 gen 2026 alle ore 10:15 Ann <ann@x.example> ha scritto:",
        "Op ma 5 jan 2026 om 10:15 schreef Ann <ann@x.example>:",
        "Den mån 5 jan. 2026 kl 10:15 skrev Ann <ann@x.example>:",
        "ma 5. tammik. 2026 klo 10.15 Ann (ann@x.example) kirjoitti:",
        "pon., 5 sty 2026 o 10:15 Ann <ann@x.example> napisał(a):",
        "po 5. 1. 2026 v 10:15 odesílatel Ann <ann@x.example> napsal:",
        "Ann <ann@x.example> ezt írta (időpont: 2026. jan. 5., H, 10:15):",
        "Ann <ann@x.example>, 5 Oca 2026 Pzt, 10:15 tarihinde şunu yazdı:",
        "пн, 5 янв. 2026 г. в 10:15, Ann <ann@x.example>:",
        "05.01.2026 10:15, Ann пишет:",
        "Στις Δευ 5 Ιαν 2026 στις 10:15 μ.μ., ο χρήστης Ann <ann@x.example> έγραψε:",
        "Vào Th 2, 5 thg 1, 2026 vào lúc 10:15 Ann <ann@x.example> đã viết:",
        "于2026年1月5日周一 10:15写道：",
        "Ann <ann@x.example> 于2026年1月5日周一 10:15写道：",
        "Ann <ann@x.example> 於 2026年1月5日 週一 上午10:15寫道：",
        "2026年1月5日(月) 10:15 Ann <ann@x.example>:",
        "2026년 1월 5일 (월) 오전 10:15, Ann <ann@x.example>님이 작성:",
        "2026-01-05 10:15 GMT+01:00 Ann <ann@x.example>:",
        "On Mon, Jan 5, 2026 at 10:15 AM\nAnn Example <ann@x.example> wrote:",
        "On Mon, Jan 5, 2026 at 10:15 AM, Ann Example <\nann@x.example> wrote:",
        "On Monday, the 5th\nof January 2026, Ann\nwrote:",
        "Am 05.01.2026 um 10:15 schrieb Ann Example\n<ann@x.example>:",
        "Le lun. 5 janv. 2026 à 10:15, Ann Example\n<ann@x.example> a écrit :",
        "Ann <ann@x.example> 于2026年1月5日周一\n10:15写道：",
        "Ann <ann@x.example>\n于2026年1月5日周一 10:15写道：",
    ] {
        assert_eq!(lines(text), text.lines().count(), "{text}");
        assert_eq!(lines(&format!("Thanks.\n\n{text}")), text.lines().count());
        assert_eq!(lines(&format!("Thanks.\n{text}")), text.lines().count());
    }
}

#[test]
fn sentences_are_none() {
    for text in [
        "",
        ":",
        "Ann wrote:",
        "On Monday Ann wrote:",
        "On page 3 Ann wrote:",
        "See the minutes of 5 January 2026:",
        "The plan for 2026 is as follows:",
        "We meet on 5 January 2026 at 10:15",
        "The report of 5 January 2026 was wrote-off material of no use to us:",
        "> On Mon, Jan 5, 2026 at 10:15 AM Ann <ann@x.example> wrote:",
        "The budget of 2026 was written by Ann, the one of 2025 by Bob:",
        "Call 0555 10:15:",
        "Ann wrote on 5 January 2026 that we shall meet and that all is well, and this is more:",
    ] {
        assert_eq!(lines(text), 0, "{text}");
    }
    let long = format!("On 5 January 2026 {} wrote:", "x".repeat(CHARS_MAX));
    assert_eq!(lines(&long), 0);
    let parted = "On Mon, Jan 5, 2026 at 10:15 AM\n\nAnn <ann@x.example> wrote:";
    assert_eq!(lines(parted), 0, "a blank line ends it");
}

#[test]
fn only_so_many_lines_are_looked_at() {
    let wrote = "On 5 January 2026 at 10:15, Ann wrote:";
    for (lines, is_found) in [(LOOKS_MAX - 1, true), (LOOKS_MAX, false)] {
        let mut reader = Attribution::default();
        for at in 0..lines {
            assert!(reader.read(at, "a:").is_none());
            // A blank line, so that each is looked at once.
            reader.read(at, "");
        }
        assert_eq!(reader.read(lines, wrote).is_some(), is_found);
    }
}
