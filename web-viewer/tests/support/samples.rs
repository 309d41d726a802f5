//! Sample letters: what the tests read and what the pages are looked at with.

use mail::Rights;

use super::Terms;

/// A word that stands in every body, and nowhere else.
pub const CANARY: &str = "kingfisher-canary";

const HEAD: &str = "Date: Thu, 3 Dec 2026 10:15:00 +0100\r\n\
    From: Ann Meyer <ann.meyer@corp.example>\r\n\
    To: Bob Miller <bob.miller@partner.example>, Carl Ito <carl.ito@corp.example>\r\n\
    Cc: Dora Lind <dora@other.example>\r\n\
    Message-ID: <letter-1@corp.example>\r\n\
    In-Reply-To: <question-1@partner.example>\r\n\
    References: <question-0@partner.example> <question-1@partner.example>\r\n\
    msip_labels: MSIP_Label_2096f6a2-d2f7-48be-b329-b73aaa526e5d_Enabled=true\r\n\
    MIME-Version: 1.0\r\n";

/// Plain text with a link and a quote.
pub fn plain() -> Vec<u8> {
    format!(
        "{HEAD}Subject: Contract for the harbour works\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n\
         Dear Bob,\r\n\r\n\
         the contract is ready ({CANARY}). The drawings stand at\r\n\
         https://drawings.example/harbour?sheet=4&v=2 and are final.\r\n\r\n\
         Two points before you sign:\r\n\r\n\
         \x20 1. The quay wall is counted from the inner edge.\r\n\
         \x20 2. Piles are paid by the metre, not by number.\r\n\r\n\
         > Could you send it before Friday?\r\n\
         > The board meets at nine.\r\n\r\n\
         Kind regards\r\nAnn\r\n"
    )
    .into_bytes()
}

/// HTML beside plain text, an inline picture, a remote picture, and attachments.
pub fn rich() -> Vec<u8> {
    format!(
        "{HEAD}Subject: =?utf-8?q?Gesch=C3=A4ftszahlen?= for the third quarter\r\n\
         Content-Type: multipart/mixed; boundary=mm\r\n\r\n\
         --mm\r\nContent-Type: multipart/alternative; boundary=aa\r\n\r\n\
         --aa\r\nContent-Type: text/plain\r\n\r\nplain {CANARY}\r\n\
         --aa\r\nContent-Type: multipart/related; boundary=rr\r\n\r\n\
         --rr\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{}\r\n\
         --rr\r\nContent-Type: image/png\r\nContent-ID: <chart@corp>\r\n\
         Content-Disposition: inline; filename=chart.png\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{CHART}\r\n--rr--\r\n\r\n--aa--\r\n\r\n\
         --mm\r\nContent-Type: application/pdf; name=\"Q3 report.pdf\"\r\n\
         Content-Disposition: attachment; filename=\"Q3 report.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n\
         --mm\r\nContent-Type: text/html; name=page.html\r\n\
         Content-Disposition: attachment; filename=page.html\r\n\r\n\
         <script>alert('{CANARY}')</script>\r\n\
         --mm\r\n\
         Content-Type: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet\r\n\
         Content-Disposition: attachment;\r\n\
         \x20filename*0*=UTF-8''%C3%9Cbersicht%20der%20Gesch%C3%A4fts;\r\n\
         \x20filename*1*=zahlen%202026%20%28endg%C3%BCltig%29.xlsx\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--mm--\r\n",
        html(),
        base64(&pdf()),
        base64(&vec![7; 48_000]),
    )
    .into_bytes()
}

/// The content of the PDF attachment: enough to cut ranges from.
pub fn pdf() -> Vec<u8> {
    let mut bytes = format!("%PDF-1.7 {CANARY}\n").into_bytes();
    bytes.extend((0..200_000u32).map(|n| (n % 251) as u8));
    bytes
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    lines.join("\r\n")
}

fn html() -> String {
    format!(
        "<html><head><style>p{{color:red}}</style></head>\
         <body style=\"font-family:Calibri,sans-serif\">\
         <h2 style=\"color:#0f4c5c\">Third quarter</h2>\
         <p>Dear Bob,</p><p>the numbers are in: <b>revenue grew by 12&nbsp;%</b>, mostly from \
         the <a href=\"https://corp.example/harbour\">harbour works</a>. {CANARY}</p>\
         <table border=\"0\" cellpadding=\"8\" style=\"border-collapse:collapse\">\
         <tr bgcolor=\"#eef4f5\"><th align=\"left\">Region</th><th align=\"right\">Q2</th>\
         <th align=\"right\">Q3</th></tr>\
         <tr><td>North</td><td align=\"right\">1,204</td><td align=\"right\">1,391</td></tr>\
         <tr><td>South</td><td align=\"right\">988</td><td align=\"right\">1,063</td></tr></table>\
         <p><img src=\"cid:chart@corp\" alt=\"Chart of the quarter\" width=\"320\"></p>\
         <p><img src=\"https://tracker.example/p.gif?u=bob\" width=\"1\" alt=\"\">\
         <img src=\"http://cdn.example/logo.png\" alt=\"Logo\"></p>\
         <script>document.title='{CANARY}'</script>\
         <p style=\"background:url(https://tracker.example/bg.png);color:#333\">\
         Kind regards<br>Ann</p>\
         </body></html>"
    )
}

/// A small bar chart as PNG, drawn once by hand.
const CHART: &str = include_str!("chart.b64");

/// Every file of `sanitise/` as an HTML part of one letter: what a browser must neither run nor
/// load.
pub fn payloads() -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sanitise");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "html"));
    paths.sort();
    let mut raw =
        format!("{HEAD}Subject: Payloads\r\nContent-Type: multipart/mixed; boundary=pp\r\n\r\n");
    for path in paths {
        let html = std::fs::read(path).unwrap();
        raw += &format!(
            "--pp\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            base64(&html)
        );
    }
    (raw + "--pp--\r\n").into_bytes()
}

/// All that does not fit: a word without end as subject, names that run from right to left, many
/// people, and the longest file names.
pub fn awkward() -> Vec<u8> {
    let people: Vec<String> = (1..=60)
        .map(|n| format!("Person Number {n} <person.number.{n}@a-rather-long-domain.corp.example>"))
        .collect();
    format!(
        "Date: Thu, 3 Dec 2026 10:15:00 +0100\r\n\
         From: =?utf-8?q?=D7=93=D7=95=D7=93_=D7=9B=D7=94=D7=9F?= <ann.meyer@corp.example>\r\n\
         To: Bob Miller <bob.miller@partner.example>,\r\n {}\r\n\
         Message-ID: <letter-2@corp.example>\r\nMIME-Version: 1.0\r\n\
         Subject: =?utf-8?q?=D7=97=D7=95=D7=96=D7=94?= Donau{}gesellschaft and the rest of a\r\n\
         \x20subject that goes on for much longer than any screen is wide: (part 2 of 3)\r\n\
         Content-Type: multipart/mixed; boundary=mm\r\n\r\n\
         --mm\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{CANARY} {}\r\n\
         --mm\r\nContent-Type: application/pdf; name=\"{}.pdf\"\r\n\
         Content-Disposition: attachment\r\n\r\nx\r\n\
         --mm\r\nContent-Type: application/pdf; name=\"A report with a name of many words, as \
         people write them when they are afraid that nobody opens it (final, checked, 2).pdf\"\r\n\
         Content-Disposition: attachment\r\n\r\nx\r\n\
         --mm--\r\n",
        people.join(",\r\n "),
        "dampfschifffahrts".repeat(5),
        "0123456789".repeat(30),
        "unbroken_file_name_".repeat(6),
    )
    .into_bytes()
}

/// Name, letter and terms of every sample.
pub fn all() -> Vec<(&'static str, Vec<u8>, Terms)> {
    let internal = Some(("Internal".to_owned(), "#2a7f3b".to_owned()));
    let confidential = Some(("Confidential".to_owned(), "#b00020".to_owned()));
    vec![
        (
            "plain",
            plain(),
            Terms {
                label: internal,
                ..Terms::default()
            },
        ),
        (
            "rich",
            rich(),
            Terms {
                rights: Rights::DO_NOT_FORWARD,
                label: confidential,
                ..Terms::default()
            },
        ),
        ("granted", rich(), Terms::default()),
        ("awkward", awkward(), Terms::default()),
        ("payloads", payloads(), Terms::default()),
    ]
}
