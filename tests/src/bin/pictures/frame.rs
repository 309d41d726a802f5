//! The bare frame of a mail program around what arrived: fields, body, attachments.
//!
//! It shows the HTML form where there is one, as mail programs do, without scripts.

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

/// In a dark mail program a letter that names no colours is light on dark; what it does name stays.
const LETTER_STYLE: &str = "<style>:root{color-scheme:light dark}body{margin:16px}\
    @media (prefers-color-scheme:dark){html{background:#1f2023}}</style>";

const STYLE: &str = "
:root { color-scheme: light dark; --line: #d9dce1; --quiet: #5b6270; --ground: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a3d44; --quiet: #a5abb6; --ground: #1f2023; }
}
body { margin: 0; background: var(--ground); font: 14px/1.45 'Liberation Sans', Arial, sans-serif; }
header { padding: 14px 16px; border-bottom: 1px solid var(--line); }
h1 { font-size: 18px; margin: 0 0 6px; }
header p { margin: 0; color: var(--quiet); }
iframe { display: block; width: 100%; border: 0; }
pre { margin: 16px; white-space: pre-wrap; font: 13px/1.5 'Liberation Mono', monospace; }
footer { padding: 10px 16px; border-top: 1px solid var(--line); color: var(--quiet); }
";

/// The page that shows a message.
pub fn page(raw: &[u8]) -> String {
    let message = MessageParser::default()
        .parse(raw)
        .expect("it is a message");
    let from = message.from().and_then(|from| from.first());
    let from = from.map_or_else(String::new, |from| {
        let address = from.address().unwrap_or_default();
        format!("{} <{address}>", from.name().unwrap_or_default())
    });
    let subject = escape(message.subject().unwrap_or_default());
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>letter</title>\
         <style>{STYLE}</style>\
         <header><h1>{subject}</h1><p>{}</p></header>{}{}",
        escape(&from),
        body(&message),
        attachments(&message),
    )
}

fn body(message: &Message<'_>) -> String {
    let part = message
        .html_body
        .first()
        .and_then(|number| message.part(*number));
    match part.map(|part| &part.body) {
        Some(PartType::Html(html)) => {
            let document = escape(&format!("{LETTER_STYLE}{html}"));
            let fit = "this.style.height=this.contentDocument.documentElement.scrollHeight+'px'";
            format!(
                "<iframe sandbox=allow-same-origin srcdoc=\"{document}\" onload=\"{fit}\"></iframe>"
            )
        }
        _ => {
            let text = message.body_text(0).unwrap_or_default();
            format!("<pre>{}</pre>", escape(text.trim_end()))
        }
    }
}

fn attachments(message: &Message<'_>) -> String {
    let names: Vec<String> = message
        .attachments()
        .filter_map(|part| part.attachment_name())
        .map(|name| format!("Attached: {}", escape(name)))
        .collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("<footer>{}</footer>", names.join(" &nbsp; ")),
    }
}

fn escape(text: &str) -> String {
    mail::marking::escape_html(text).replace("<br>", "\n")
}
