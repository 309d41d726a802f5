//! A warning above mail from outside cannot be taken away by the style sheet that came with it:
//! what the running gateway made of a letter is shown by a real browser under each that tries.

use end_to_end::browser::Browser;
use end_to_end::gateway::{Gateway, Site};
use end_to_end::sink::Sink;

const MALLORY: &str = "mallory@partner.example";
const BOB: &str = "bob@corp.example";
const WARNING: &str = "Careful, this is from outside 7Q";
const SCANNED: &str = "Scanned by Corp 7Q";
const RULES: &str = "
[[rule]]
name = \"warn\"
[[rule.then]]
header = \"Careful, this is from outside 7Q\"
[[rule.then]]
footer = { text = \"Scanned by Corp 7Q\", color = \"#000000\", background = \"#ffffff\" }
";

/// Style sheets that hide what matches `TARGET`, for one selector and another.
const HIDING: [&str; 30] = [
    "TARGET { display: none !important }",
    "TARGET { visibility: hidden !important }",
    "TARGET { opacity: 0 !important }",
    "TARGET { font-size: 0 !important }",
    "TARGET { font: 0/0 serif !important }",
    "TARGET { color: transparent !important }",
    "TARGET { color: #fff !important; background: #fff !important }",
    "TARGET { -webkit-text-fill-color: transparent !important }",
    "TARGET { position: absolute !important; left: -9999px !important }",
    "TARGET { position: fixed !important; top: -500px !important }",
    "TARGET { position: relative !important; z-index: -1 !important; top: -400px !important }",
    "TARGET { max-height: 0 !important; overflow: hidden !important }",
    "TARGET { height: 0 !important; overflow: hidden !important }",
    "TARGET { width: 0 !important; overflow: hidden !important; white-space: nowrap !important }",
    "TARGET { max-width: 1px !important; overflow: clip !important; white-space: pre !important }",
    "TARGET { clip-path: inset(100%) !important }",
    "TARGET { position: absolute !important; clip: rect(0 0 0 0) !important }",
    "TARGET { transform: scale(0) !important }",
    "TARGET { scale: 0 !important }",
    "TARGET { translate: -9999px !important }",
    "TARGET { text-indent: -9999px !important }",
    "TARGET { margin: -900px !important }",
    "TARGET { padding-left: 9999px !important }",
    "TARGET { filter: opacity(0) !important }",
    "TARGET { mask: linear-gradient(transparent, transparent) !important }",
    "TARGET { content-visibility: hidden !important }",
    "TARGET { zoom: 0.01 !important }",
    "TARGET { letter-spacing: -5em !important }",
    ":is(TARGET)::first-line { font-size: 0 !important; color: transparent !important }",
    "@keyframes gone { to { opacity: 0 } } TARGET { animation: gone 1ms -1s forwards !important }",
];

/// What the sheets are aimed at: our classes, our elements, whatever stands first or last.
const TARGETS: [&str; 4] = [
    ".sealgate",
    "div, p, span",
    "body > :first-child, body > :last-child",
    "body > div *",
];

/// What is inherited, and taken back for the letter's own text.
const INHERITED: &str = "body { visibility: hidden; font-size: 0; letter-spacing: -5em; \
    text-indent: -9999px; line-height: 0; -webkit-text-fill-color: transparent } \
    table { all: revert }";

/// A function of JavaScript that says why a person would not see the text in the page; nothing when
/// it is seen: its letters stand in the page, large enough, in a colour of their own, and nothing
/// lies above them.
const UNSEEN: &str = "
function unseen(wanted) {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let node = walker.nextNode();
    while (node && !node.data.includes(wanted)) node = walker.nextNode();
    if (!node) return 'not in the page';
    const element = node.parentElement;
    const ground = element.closest('p');
    element.scrollIntoView();
    const all = { opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true };
    if (!element.checkVisibility(all)) return 'invisible';
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width < 100 || box.height < 8) return `small: ${box.width} by ${box.height}`;
    if (box.left < 0 || box.left > 600) return 'beside the page';
    const style = getComputedStyle(element);
    if (/rgba\\(.*, 0\\)/.test(style.color + style.webkitTextFillColor)) return 'transparent';
    if (style.color === getComputedStyle(ground).backgroundColor) return 'as its ground';
    for (let up = element; up; up = up.parentElement) {
        const style = getComputedStyle(up);
        if (style.filter !== 'none' || style.maskImage !== 'none') return 'masked';
    }
    const above = document.elementFromPoint(box.left + 5, box.top + box.height / 2);
    return above && ground.contains(above) ? '' : `covered: ${above && above.tagName}`;
}";

fn letter(body: &str) -> String {
    format!(
        "From: {MALLORY}\r\nTo: {BOB}\r\nSubject: hi\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/html; charset=us-ascii\r\n\r\n<html><head><style></style></head>\r\n\
         <body>{body}</body></html>\r\n"
    )
}

/// The sheets under which a text of the message's page is not seen, each with why.
fn hidden(browser: &Browser, raw: &[u8], sheets: &[String], texts: &[&str]) -> Vec<String> {
    let raw = String::from_utf8(raw.to_vec()).unwrap();
    let (_, html) = raw.split_once("\r\n\r\n").unwrap();
    let escaped = html.replace('%', "%25").replace('#', "%23");
    browser.open(&format!("data:text/html,{}", escaped.replace("\r\n", " ")));
    let answer = browser.run(&format!(
        "{UNSEEN}; const found = [];
         for (const sheet of {sheets:?}) for (const text of {texts:?}) {{
             document.querySelector('style').textContent = sheet;
             const why = unseen(text);
             if (why) found.push(`${{text}}: ${{why}}: ${{sheet}}`);
         }}
         return found;"
    ));
    let found = answer.as_array().expect("a list").iter();
    found.map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_style_sheet_hides_a_warning() {
    let sink = Sink::start();
    let gateway = Gateway::start(&Site::new(sink.address(), RULES));
    let raw = letter("<table><tr><td>hello</td></tr></table>");
    let reply = gateway.outside().send(MALLORY, &[BOB], raw.as_bytes());
    assert_eq!(reply.code, 250, "{reply}");
    let received = sink.wait_for(BOB, 1).pop().unwrap();

    let aimed = |sheet: &&str| TARGETS.map(|target| sheet.replace("TARGET", target));
    let mut sheets: Vec<String> = HIDING.iter().flat_map(aimed).collect();
    sheets.push(INHERITED.to_owned());
    let browser = Browser::start();
    let complaints = hidden(&browser, &received.raw, &sheets, &[WARNING, SCANNED]);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));

    // The same words without what ours bring with them; and in a letter that hides nothing.
    let bare = format!("<div class=sealgate><p><span>{WARNING}</span></p></div>");
    let bare = letter(&format!("{bare}<p>hello</p><p>bye</p>"));
    let succeed = hidden(&browser, bare.as_bytes(), &sheets, &[WARNING]).len();
    println!(
        "{} style sheets, of which {succeed} hide a bare warning",
        sheets.len()
    );
    assert!(succeed * 10 >= sheets.len() * 9, "they hide only {succeed}");
    let harmless = ["p { color: #00f }".to_owned()];
    assert_eq!(
        hidden(&browser, bare.as_bytes(), &harmless, &[WARNING]),
        [""; 0]
    );
}
