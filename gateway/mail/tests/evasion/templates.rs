//! Messages on which readers differ, built around a harmless test string. Each axis of the
//! published evasion papers (encodings, boundaries, types, headers, line ends) is a data file
//! beside this one, or one function.

use mail::message::transfer::encode_base64;

use super::{found, shown};

/// The EICAR test string, in two halves so that no scanner stops at this file.
pub fn payload() -> Vec<u8> {
    let halves = [
        "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-",
        "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    ];
    halves.concat().into_bytes()
}

/// A message and what is odd about it.
pub struct Template {
    pub family: &'static str,
    pub name: String,
    pub raw: Vec<u8>,
}

pub fn code(bytes: &[u8], line_break: &str) -> String {
    String::from_utf8(encode_base64(bytes, line_break.as_bytes())).unwrap()
}

fn coded() -> String {
    code(&payload(), "\r\n")
}

/// The entries of a data file: what stands before a backtick, and what stands inside.
pub fn entries(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let entry = |line: &str| {
        let (name, rest) = line.split_once('`').unwrap();
        let inside = rest.strip_suffix('`').unwrap();
        (name.trim_end_matches(": ").to_owned(), unescape(inside))
    };
    lines.map(entry).collect()
}

fn unescape(text: &str) -> String {
    let pairs = [
        ("\\\\", "\u{1}"),
        ("\\r", "\r"),
        ("\\n", "\n"),
        ("\\t", "\t"),
        ("\u{1}", "\\"),
    ];
    let mut out = text.to_owned();
    for (written, meant) in pairs {
        out = out.replace(written, meant);
    }
    while let Some((before, rest)) = out.split_once("\\u{") {
        let (digits, after) = rest.split_once('}').unwrap();
        let character = char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap();
        out = format!("{before}{character}{after}");
    }
    out
}

/// A whole message: header fields, then the parts under boundary `b`.
pub fn whole(content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "From: a@evil.example\r\nTo: b@corp.example\r\nSubject: t\r\nMIME-Version: 1.0\r\n\
         {content_type}\r\n\r\n{body}"
    )
    .into_bytes()
}

pub const MIXED: &str = "Content-Type: multipart/mixed; boundary=\"b\"";
pub const TEXT: &str = "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n";
pub const FILE: &str = "Content-Type: application/octet-stream; name=\"x.com\"\r\n\
                    Content-Disposition: attachment; filename=\"x.com\"\r\n";
pub const BASE64: &str = "Content-Transfer-Encoding: base64";

fn part() -> String {
    format!("{FILE}{BASE64}\r\n\r\n{}", coded())
}

/// A message with one attachment whose header and body are given.
fn attached(header: &str, body: &str) -> Vec<u8> {
    whole(
        MIXED,
        &format!("{TEXT}--b\r\n{header}\r\n\r\n{body}\r\n--b--\r\n"),
    )
}

pub type Add<'a> = &'a mut dyn FnMut(String, Vec<u8>);
type Write = fn(Add<'_>);

/// Every template.
pub fn all() -> Vec<Template> {
    const FAMILIES: [(&str, Write); 22] = [
        ("fields of a part", fields_of_a_part),
        ("fields of the message", fields_of_the_message),
        ("delimiters and headers", shapes),
        ("base64", base64_bodies),
        ("quoted-printable", quoted_bodies),
        ("containers", containers),
        ("boundaries", boundaries),
        ("names", names),
        ("external bodies", found::external_bodies),
        ("quoted containers", found::quoted_containers),
        ("other messages", found::other_messages),
        ("quoted delimiters", found::quoted_delimiters),
        ("blanks in boundaries", found::blanks_in_boundaries),
        ("folded parameters", found::folded_parameters),
        ("charsets", found::charsets),
        ("careless names", found::careless_names),
        ("bare returns", found::bare_returns),
        ("lines of uuencode", found::uuencoded_lines),
        ("BinHex", found::binhex),
        ("shown roots", shown::roots),
        ("shown parts", shown::parts),
        ("shown dispositions", shown::dispositions),
    ];
    let mut out = Vec::new();
    for (family, write) in FAMILIES {
        write(&mut |name, raw| out.push(Template { family, name, raw }));
    }
    line_ends(&mut out);
    out
}

fn fields_of_a_part(add: Add<'_>) {
    for (_, name) in entries(include_str!("encoding-names.txt")) {
        let header = format!("{FILE}Content-Transfer-Encoding: {name}");
        add(
            format!("encoding name `{}`", name.escape_debug()),
            attached(&header, &coded()),
        );
    }
    for (_, field) in entries(include_str!("encoding-fields.txt")) {
        let name = format!("encoding field `{}`", field.escape_debug());
        add(name, attached(&format!("{FILE}{field}"), &coded()));
    }
    for (_, kind) in entries(include_str!("part-types.txt")) {
        let header = format!("Content-Type: {kind}\r\n{BASE64}");
        add(format!("part type `{kind}`"), attached(&header, &coded()));
    }
    for (_, value) in entries(include_str!("dispositions.txt")) {
        let kind = "Content-Type: application/octet-stream; name=\"b.txt\"";
        let header = format!("{kind}\r\nContent-Disposition: {value}\r\n{BASE64}");
        add(
            format!("disposition `{}`", value.escape_debug()),
            attached(&header, &coded()),
        );
    }
}

fn fields_of_the_message(add: Add<'_>) {
    let body = format!("{TEXT}--b\r\n{}--b--\r\n", part());
    for (_, kind) in entries(include_str!("types.txt")) {
        let name = format!("type `{}`", kind.escape_debug());
        add(name, whole(&format!("Content-Type: {kind}"), &body));
    }
    for (_, field) in entries(include_str!("type-fields.txt")) {
        add(
            format!("type field `{}`", field.escape_debug()),
            whole(&field, &body),
        );
    }
}

/// A text of a data file, what stands in braces filled in.
pub fn filled(text: &str, part: &str) -> String {
    let body = format!("{TEXT}--b\r\n{part}--b--\r\n");
    let no_empty_line = part.replacen("\r\n\r\n", "\r\n", 1);
    let blank = part.replacen("\r\n\r\n", "\r\n \r\n", 1);
    text.replace("{text}", TEXT)
        .replace("{mixed}", MIXED)
        .replace("{body}", &body)
        .replace("{part}", part)
        .replace("{part with no empty line}", &no_empty_line)
        .replace("{part with a blank in the empty line}", &blank)
}

/// Types that name a boundary so that readers take several, and each of these cutting.
fn boundaries(add: Add<'_>) {
    let body = format!("{TEXT}--b\r\n{}--b--\r\n", part());
    for (_, line) in entries(include_str!("boundaries.txt")) {
        let (kind, boundary) = line.split_once(" => ").unwrap();
        let kind = format!("Content-Type: {kind}");
        let text = TEXT.replace("--b", "--zz");
        let behind = format!("{text}--b\r\n{}--b--\r\n--zz--\r\n", part());
        for (place, body) in [("", &body), (" behind one of `zz`", &behind)] {
            let body = body.replace("--b", &format!("--{boundary}"));
            let name = format!("boundary `{}`{place}", line.escape_debug());
            add(name, whole(&kind, &body));
        }
    }
}

/// Files that are named so that readers take several names.
pub fn names(add: Add<'_>) {
    for (_, value) in entries(include_str!("names.txt")) {
        let name = format!("name `{}`", value.escape_debug());
        let kind = "Content-Type: application/octet-stream";
        let shown = format!("{kind}\r\nContent-Disposition: {value}\r\n{BASE64}");
        add(name, attached(&shown, &coded()));
        let kind = value.replace("attachment", "application/octet-stream");
        let kind = kind.replace("filename", "name").replace("FileName", "Name");
        let name = format!("name of a type `{}`", kind.escape_debug());
        add(
            name,
            attached(&format!("Content-Type: {kind}\r\n{BASE64}"), &coded()),
        );
    }
}

/// Delimiters and header blocks that stand otherwise than they should.
fn shapes(add: Add<'_>) {
    let part = part();
    let fill = |text: &str| filled(text, &part);
    for (name, text) in entries(include_str!("delimiters.txt")) {
        add(format!("delimiter, {name}"), whole(MIXED, &fill(&text)));
    }
    for (name, text) in entries(include_str!("headers.txt")) {
        add(format!("header, {name}"), fill(&text).into_bytes());
    }
}

fn base64_bodies(add: Add<'_>) {
    let header = format!("{FILE}{BASE64}");
    let plain = coded().replace("\r\n", "");
    for (_, stray) in entries(include_str!("strays.txt")) {
        for at in [0, 1, 4, 7, 40] {
            let body = format!("{}{stray}{}", &plain[..at], &plain[at..]);
            let name = format!("base64 with `{}` at {at}", stray.escape_debug());
            add(name, attached(&header, &body));
        }
    }
    let bytes = payload();
    let (one, two) = bytes.split_at(31);
    let (one, two) = (code(one, ""), code(two, ""));
    let in_lines = |length: usize| {
        let lines = plain
            .as_bytes()
            .chunks(length)
            .map(|chunk| String::from_utf8_lossy(chunk));
        lines.collect::<Vec<_>>().join("\r\n")
    };
    let shapes = [
        ("padding in the middle", format!("{one}{two}")),
        ("padding, then a line", format!("{one}\r\n{two}")),
        ("padding, then an empty line", format!("{one}\r\n\r\n{two}")),
        (
            "without its padding",
            plain.trim_end_matches('=').to_owned(),
        ),
        ("too much padding", format!("{plain}====")),
        ("one character a line", in_lines(1)),
        ("three characters a line", in_lines(3)),
        ("one long line", plain.clone()),
        ("text before it", format!("This is text.\r\n\r\n{plain}")),
        ("text after it", format!("{plain}\r\nThis is text.")),
        ("data after its end", format!("{plain}QUFB")),
        ("a url alphabet", plain.replace('+', "-").replace('/', "_")),
    ];
    for (name, body) in shapes {
        add(format!("base64, {name}"), attached(&header, &body));
    }
}

fn quoted_bodies(add: Add<'_>) {
    let header = format!("{FILE}Content-Transfer-Encoding: quoted-printable");
    let whole: String = payload()
        .iter()
        .map(|byte| format!("={byte:02X}"))
        .collect();
    let cut = |by: &str| format!("{}{by}{}", &whole[..30], &whole[30..]);
    let shapes = [
        ("plain", whole.clone()),
        ("lower case", whole.to_lowercase()),
        ("soft break", cut("=\r\n")),
        ("soft break with blanks", cut("=  \r\n")),
        ("soft break in LF", cut("=\n")),
        (
            "blank after an equals sign",
            whole.replacen("=45", "= 45", 1),
        ),
        ("broken escape before it", format!("=ZZ={whole}")),
        (
            "escape over two lines",
            whole.replacen("=45", "=4=\r\n5", 1),
        ),
        ("raw", String::from_utf8(payload()).unwrap()),
    ];
    for (name, body) in shapes {
        add(
            format!("quoted-printable, {name}"),
            attached(&header, &body),
        );
    }
}

pub fn uuencoded() -> String {
    let bytes = payload();
    let line = |chunk: &[u8]| {
        let sign = |value: u8| char::from(if value == 0 { b'`' } else { value + 32 });
        let mut out = String::from(sign(chunk.len() as u8));
        for three in chunk.chunks(3) {
            let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
            let bits = at(0) << 16 | at(1) << 8 | at(2);
            out.extend([18, 12, 6, 0].map(|shift| sign((bits >> shift & 63) as u8)));
        }
        out
    };
    let lines: Vec<String> = bytes.chunks(45).map(line).collect();
    format!("begin 644 x.com\r\n{}\r\n`\r\nend\r\n", lines.join("\r\n"))
}

const YENC: &str = "=ybegin line=128 size=68 name=x.com";

fn containers(add: Add<'_>) {
    let inner = String::from_utf8(attached(&format!("{FILE}{BASE64}"), &coded())).unwrap();
    let inner_other = inner.replace("\"b\"", "\"i\"").replace("--b", "--i");
    let code = |text: &str| code(text.as_bytes(), "\r\n");
    let one_line = coded().replace("\r\n", "");
    let yenc: String = payload()
        .iter()
        .map(|byte| char::from(byte.wrapping_add(42) & 0x7f))
        .collect();
    let shapes = [
        (
            "a message",
            "Content-Type: message/rfc822".to_owned(),
            inner_other.clone(),
        ),
        (
            "a message with the same boundary",
            "Content-Type: message/rfc822".to_owned(),
            inner.clone(),
        ),
        (
            "a message in base64",
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64".to_owned(),
            code(&inner_other),
        ),
        (
            "a multipart in base64",
            "Content-Type: multipart/mixed; boundary=i\r\nContent-Transfer-Encoding: base64"
                .to_owned(),
            code(&inner_other),
        ),
        (
            "uuencode in text",
            "Content-Type: text/plain".to_owned(),
            format!("see:\r\n{}", uuencoded()),
        ),
        (
            "uuencode by name",
            format!("{FILE}Content-Transfer-Encoding: x-uuencode"),
            uuencoded(),
        ),
        (
            "yEnc in text",
            "Content-Type: text/plain".to_owned(),
            format!("{YENC}\r\n{yenc}\r\n=yend size=68\r\n"),
        ),
        (
            "a data url",
            "Content-Type: text/html".to_owned(),
            format!("<a href=\"data:;base64,{one_line}\">x</a>"),
        ),
    ];
    for (name, header, body) in shapes {
        add(format!("container, {name}"), attached(&header, &body));
    }
    add(
        "uuencode, no MIME at all".to_owned(),
        format!("Subject: t\r\n\r\n{}", uuencoded()).into_bytes(),
    );
    let top = format!(
        "Content-Transfer-Encoding: base64\r\nContent-Type: application/octet-stream\r\n\r\n{}",
        coded()
    );
    add("the whole message is the file".to_owned(), top.into_bytes());
}

/// A sample of all others with line ends that mail does not have.
fn line_ends(out: &mut Vec<Template>) {
    let mut more = Vec::new();
    for template in out.iter().step_by(7) {
        let text = String::from_utf8_lossy(&template.raw).into_owned();
        more.push((format!("LF: {}", template.name), text.replace("\r\n", "\n")));
        let half = text.len() / 2;
        if let Some((head, tail)) = text.split_at_checked(half) {
            let mixed = format!("{}{}", head.replace("\r\n", "\n"), tail);
            more.push((format!("LF, then CRLF: {}", template.name), mixed));
        }
    }
    out.extend(more.into_iter().map(|(name, text)| Template {
        family: "line ends",
        name,
        raw: text.into_bytes(),
    }));
}
