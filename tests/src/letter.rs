//! Mail as tests write it and as a recipient's mail program reads it. Reading is by mail-parser, so
//! that a mistake of our own parser does not hide itself.

use mail_parser::MessageParser;

/// A plain message with one body line, CRLF throughout.
pub fn plain(from: &str, to: &str, subject: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Ann <{from}>\r\nTo: {to}\r\nSubject: {subject}\r\n\
         Date: Thu, 3 Dec 2026 14:05:00 +0000\r\nMessage-ID: <{}@corp.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n",
        identify(&[from, to, subject, body])
    )
    .into_bytes()
}

/// A message id that equal messages share.
fn identify(parts: &[&str]) -> String {
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    format!("{sum:016x}")
}

/// The link of a notice, as its plain part shows it.
pub fn link(notice: &[u8]) -> Option<String> {
    let text = text(notice)?;
    let is_link = |word: &&str| word.starts_with("http") && word.contains("/l/");
    text.split(|c: char| c.is_whitespace() || c == '<' || c == '>')
        .find(is_link)
        .map(str::to_owned)
}

/// The eight digits of a passcode mail, spaces and dashes between them taken out.
pub fn code(mail: &[u8]) -> Option<String> {
    let text = text(mail)?;
    let is_part = |c: char| c.is_ascii_digit() || c == ' ' || c == '-' || c == '\u{a0}';
    text.lines()
        .flat_map(|line| line.split(|c| !is_part(c)))
        .map(|run| run.chars().filter(char::is_ascii_digit).collect::<String>())
        .find(|digits| digits.len() == 8)
}

/// The first plain text a mail program would show.
pub fn text(mail: &[u8]) -> Option<String> {
    let message = MessageParser::default().parse(mail)?;
    message.body_text(0).map(std::borrow::Cow::into_owned)
}

/// What a mail program shows of a header field, every instance.
pub fn header(mail: &[u8], name: &str) -> Vec<String> {
    let message = MessageParser::default().parse(mail);
    let headers = message.iter().flat_map(|message| message.headers_raw());
    headers
        .filter(|(each, _)| each.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
        .collect()
}

/// The message below the block of our own at its top: `Received:` and `X-Sealgate-*`, folding
/// included. The block's field names, and what remains byte for byte.
pub fn below_our_block(raw: &[u8]) -> (Vec<String>, &[u8]) {
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(name) = field_name(&raw[at..]) {
        let is_first_trace = names.is_empty() && name == "Received";
        let is_ours = !names.is_empty() && name.starts_with("X-Sealgate-");
        if !is_first_trace && !is_ours {
            break;
        }
        names.push(name);
        at += field_length(&raw[at..]);
    }
    (names, &raw[at..])
}

fn field_name(text: &[u8]) -> Option<String> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    String::from_utf8(text[..colon].to_vec())
        .ok()
        .filter(|name| !name.contains(['\r', '\n']))
}

fn field_length(text: &[u8]) -> usize {
    let mut length = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if length > 0 && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            break;
        }
        length += line.len();
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_block_ends_where_the_message_begins() {
        let raw = b"Received: from a\r\n\tby b\r\nX-Sealgate-Id: 1\r\nReceived: older\r\n\r\nbody";
        let (names, rest) = below_our_block(raw);
        assert_eq!(names, ["Received", "X-Sealgate-Id"]);
        assert_eq!(rest, b"Received: older\r\n\r\nbody");
        assert_eq!(below_our_block(b"Subject: x\r\n\r\n").0, [""; 0]);
    }

    #[test]
    fn links_and_codes_are_read() {
        let mail = plain(
            "a@x.example",
            "b@y.example",
            "s",
            "see\r\nhttp://h/l/a/b\r\n1234 5678.",
        );
        assert_eq!(link(&mail).unwrap(), "http://h/l/a/b");
        assert_eq!(code(&mail).unwrap(), "12345678");
    }
}
