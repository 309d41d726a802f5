//! Messages on which readers differ, built around a harmless test string. Each axis of the
//! published evasion papers (encodings, boundaries, types, headers, line ends) is one function.

/// The EICAR test string, in two halves so that no scanner stops at this file.
pub fn payload() -> Vec<u8> {
    let halves = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];
    halves.concat().into_bytes()
}

/// A message and what is odd about it.
pub struct Template {
    pub name: String,
    pub raw: Vec<u8>,
}

fn coded() -> String {
    String::from_utf8(mail::message::transfer::encode_base64(&payload(), b"\r\n")).unwrap()
}

fn quoted() -> String {
    let hex = |byte: &u8| format!("={byte:02X}");
    payload().iter().map(hex).collect::<Vec<_>>().join("")
}

/// A whole message: header fields, then the parts under boundary `b`.
fn whole(content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "From: a@evil.example\r\nTo: b@corp.example\r\nSubject: t\r\nMIME-Version: 1.0\r\n\
         {content_type}\r\n\r\n{body}"
    )
    .into_bytes()
}

const MIXED: &str = "Content-Type: multipart/mixed; boundary=\"b\"";

fn text_part() -> &'static str {
    "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
}

/// A message with one attachment whose header and body are given.
fn attached(header: &str, body: &str) -> Vec<u8> {
    let part = format!("{}--b\r\n{header}\r\n\r\n{body}\r\n--b--\r\n", text_part());
    whole(MIXED, &part)
}

const FILE: &str = "Content-Type: application/octet-stream; name=\"x.com\"\r\n\
                    Content-Disposition: attachment; filename=\"x.com\"\r\n";

/// Every template.
pub fn all() -> Vec<Template> {
    let mut out = Vec::new();
    let mut add = |name: String, raw: Vec<u8>| out.push(Template { name, raw });
    encoding_names(&mut add);
    base64_bodies(&mut add);
    quoted_bodies(&mut add);
    boundaries(&mut add);
    delimiters(&mut add);
    headers(&mut add);
    types(&mut add);
    containers(&mut add);
    line_ends(&mut out);
    out
}

type Add<'a> = &'a mut dyn FnMut(String, Vec<u8>);

fn encoding_names(add: Add<'_>) {
    let names = [
        "base64", "BASE64", "Base64", "base64 ", " base64", "base64\t", "\"base64\"", "'base64'",
        "base64;", "base64; x=y", "base64,", "base64, 7bit", "7bit, base64", "base64 7bit",
        "7bit base64", "(c) base64", "base64 (c)", "base64(c)", "(c)base64", "ba(c)se64",
        "x-base64", "base-64", "base 64", "base64.", "base64:", "base64=", "<base64>", "base64/",
        "=?us-ascii?q?base64?=", "=?us-ascii?b?YmFzZTY0?=", "\r\n base64", "\r\n\tbase64",
        "base64\r\n ", "ba\r\n se64", "b64", "7bit", "8bit", "binary", "quoted-printable", "",
        "uuencode", "x-uuencode", "x-uue", "unknown", "none", "base64\u{a0}", "bаse64", "base64\\",
        "\\base64", "b\\ase64", "base64\u{0}", "base64 base64", "base64;base64", "(base64)",
        "7bit (base64)", "base64 (7bit)", "BASE64 (comment)", "base64 ()", "\"base64", "base64\"",
    ];
    for name in names {
        let header = format!("{FILE}Content-Transfer-Encoding: {name}");
        add(format!("encoding name `{}`", name.escape_debug()), attached(&header, &coded()));
    }
    let fields = [
        "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit",
        "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: quoted-printable\r\nContent-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: quoted-printable",
        "Content-Transfer-Encoding : base64", "Content-Transfer-Encoding\t: base64",
        "content-transfer-encoding: base64", "CONTENT-TRANSFER-ENCODING:base64",
        " Content-Transfer-Encoding: base64", "Content-Transfer-Encoding base64",
        "Content-Transfer-Encoding; base64", "Content-Transfer_Encoding: base64",
        "Content-Transfer-Encoding:: base64", "X: y\r\n Content-Transfer-Encoding: base64",
        "Content-Transfer-\r\n Encoding: base64", "Content-Transfer-Encoding:\r\n\r\n base64",
        "Content-Encoding: base64", "(c) Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding (c): base64", "X\r\nContent-Transfer-Encoding: base64",
        ":\r\nContent-Transfer-Encoding: base64", "\u{0}Content-Transfer-Encoding: base64",
        "é: x\r\nContent-Transfer-Encoding: base64",
    ];
    for field in fields {
        let name = format!("encoding field `{}`", field.escape_debug());
        add(name, attached(&format!("{FILE}{field}"), &coded()));
    }
}

fn base64_bodies(add: Add<'_>) {
    let header = format!("{FILE}Content-Transfer-Encoding: base64");
    let plain = coded().replace("\r\n", "");
    let strays = ["-", "_", "!", "@", "#", ".", ",", "\t", " ", "\u{0}", "é", "=", "==", "\r\n\r\n", "\r\n=\r\n", "--", "<", "&"];
    for stray in strays {
        for at in [0, 1, 4, 7, 40] {
            let body = format!("{}{stray}{}", &plain[..at], &plain[at..]);
            add(format!("base64 with `{}` at {at}", stray.escape_debug()), attached(&header, &body));
        }
    }
    let halves = payload();
    let (one, two) = halves.split_at(31);
    let code = |bytes: &[u8]| {
        String::from_utf8(mail::message::transfer::encode_base64(bytes, b"")).unwrap()
    };
    let joined = format!("{}{}", code(one), code(two));
    let shapes = [
        ("padding in the middle", joined.clone()),
        ("padding, then a line", format!("{}\r\n{}", code(one), code(two))),
        ("padding, then an empty line", format!("{}\r\n\r\n{}", code(one), code(two))),
        ("without its padding", plain.trim_end_matches('=').to_owned()),
        ("too much padding", format!("{plain}====")),
        ("one character a line", plain.split("").collect::<Vec<_>>().join("\r\n")),
        ("three characters a line", plain.as_bytes().chunks(3).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join("\r\n")),
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
    let whole = quoted();
    let cut = |by: &str| format!("{}{by}{}", &whole[..30], &whole[30..]);
    let shapes = [
        ("plain", whole.clone()),
        ("lower case", whole.to_lowercase()),
        ("soft break", cut("=\r\n")),
        ("soft break with blanks", cut("=  \r\n")),
        ("soft break in LF", cut("=\n")),
        ("blank after an equals sign", whole.replacen("=45", "= 45", 1)),
        ("broken escape before it", format!("=ZZ={whole}")),
        ("escape over two lines", whole.replacen("=45", "=4=\r\n5", 1)),
        ("raw", String::from_utf8(payload()).unwrap()),
    ];
    for (name, body) in shapes {
        add(format!("quoted-printable, {name}"), attached(&header, &body));
    }
}

fn part() -> String {
    format!("{FILE}Content-Transfer-Encoding: base64\r\n\r\n{}", coded())
}

fn boundaries(add: Add<'_>) {
    let body = format!("{}--b\r\n{}--b--\r\n", text_part(), part());
    let types = [
        "multipart/mixed; boundary=b", "multipart/mixed; boundary=\"b\"", "multipart/mixed; boundary='b'",
        "multipart/mixed; boundary=\"b\"; boundary=\"c\"", "multipart/mixed; boundary=\"c\"; boundary=\"b\"",
        "multipart/mixed; boundary=\"b \"", "multipart/mixed; boundary=\" b\"", "multipart/mixed; boundary= b",
        "multipart/mixed; boundary =b", "multipart/mixed; boundary=b (c)", "multipart/mixed; (c) boundary=b",
        "multipart/mixed (c); boundary=b", "multipart/mixed;boundary=b;", "multipart/mixed;; boundary=b",
        "multipart/mixed boundary=b", "multipart/mixed, boundary=b", "multipart/mixed; boundary=b, x=y",
        "multipart/mixed; Boundary=b", "multipart/mixed; BOUNDARY=\"b\"", "multipart/mixed; boundary*=b",
        "multipart/mixed; boundary*=us-ascii''b", "multipart/mixed; boundary*0=b",
        "multipart/mixed; boundary*0=\"\"; boundary*1=b", "multipart/mixed; boundary=c; boundary*=us-ascii''b",
        "multipart/mixed; boundary=b; boundary*=us-ascii''c", "multipart/mixed; boundary*0=c; boundary=b",
        "multipart/mixed; boundary=\"=?us-ascii?q?b?=\"", "multipart/mixed; boundary==?us-ascii?q?b?=",
        "multipart/mixed; boundary=\"\\b\"", "multipart/mixed; boundary=\"b", "multipart/mixed; boundary=b\"",
        "multipart/mixed; boundary=b\"c\"", "multipart/mixed; x=\"; boundary=c\"; boundary=b",
        "multipart/mixed; x=\"; boundary=b\"; boundary=c", "multipart/mixed; x=y; boundary=b",
        "multipart/mixed; x=(; boundary=c); boundary=b", "multipart/mixed; boundary=\r\n b",
        "multipart/mixed;\r\n\tboundary=b", "multipart/mixed; boundary=\"b\r\n \"", "multipart/mixed; boundary",
        "multipart/mixed", "multipart/mixed; boundary=", "multipart/mixed; boundary=\"\"",
        "multipart/; boundary=b", "multipart; boundary=b", "multipart/x-odd; boundary=b",
        "MULTIPART/MIXED; boundary=b", "multipart / mixed; boundary=b", "multipart/mixed/x; boundary=b",
        "\"multipart/mixed\"; boundary=b", "multipart/related; boundary=b", "multipart/alternative; boundary=b",
        "multipart/digest; boundary=b", "multipart/parallel; boundary=b", "multipart/form-data; boundary=b",
        "multipart/report; boundary=b", "text/plain; boundary=b", "message/rfc822; boundary=b",
        "multipart/mixed; boundary=b\u{0}", "multipart/mixed; boundary=b.", "multipart/mixed; boundary=b;c",
    ];
    for kind in types {
        let name = format!("type `{}`", kind.escape_debug());
        add(name, whole(&format!("Content-Type: {kind}"), &body));
    }
    let fields = [
        "Content-Type: multipart/mixed; boundary=b\r\nContent-Type: text/plain",
        "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b",
        "Content-Type: multipart/mixed; boundary=c\r\nContent-Type: multipart/mixed; boundary=b",
        "Content-Type: multipart/mixed; boundary=b\r\nContent-Type: multipart/mixed; boundary=c",
        "Content-Type : multipart/mixed; boundary=b", "Content-Type\t: multipart/mixed; boundary=b",
        "content-type: multipart/mixed; boundary=b", " Content-Type: multipart/mixed; boundary=b",
        "Content-Type multipart/mixed; boundary=b", "Content-Type:: multipart/mixed; boundary=b",
        "X\r\nContent-Type: multipart/mixed; boundary=b", "Content_Type: multipart/mixed; boundary=b",
        "Content-Type:multipart/mixed;boundary=b", "Content-Type:\r\n multipart/mixed; boundary=b",
        "Content-Type: =?us-ascii?q?multipart/mixed=3B_boundary=3Db?=",
        "Content-Type: (c) multipart/mixed; boundary=b", "Content-Transfer-Encoding: base64\r\nContent-Type: multipart/mixed; boundary=b",
        "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: multipart/mixed; boundary=b",
    ];
    for field in fields {
        add(format!("type field `{}`", field.escape_debug()), whole(field, &body));
    }
}

fn delimiters(add: Add<'_>) {
    let (text, part) = (text_part(), part());
    let shapes = [
        ("in the preamble", format!("{part}\r\n{text}--b--\r\n")),
        ("in the epilogue", format!("{text}--b--\r\n{part}")),
        ("after the close", format!("{text}--b--\r\n--b\r\n{part}--b--\r\n")),
        ("without a close", format!("{text}--b\r\n{part}")),
        ("blanks after a delimiter", format!("{text}--b  \r\n{part}--b--\r\n")),
        ("text after a delimiter", format!("{text}--b x\r\n{part}--b--\r\n")),
        ("a longer delimiter", format!("{text}--bb\r\n{part}--b--\r\n")),
        ("one dash", format!("{text}-b\r\n{part}--b--\r\n")),
        ("three dashes", format!("{text}---b\r\n{part}--b--\r\n")),
        ("a blank before a delimiter", format!("{text} --b\r\n{part}--b--\r\n")),
        ("text before a delimiter", format!("{text}x--b\r\n{part}--b--\r\n")),
        ("a close that is none", format!("{text}--b-\r\n{part}--b--\r\n")),
        ("a close with text", format!("{text}--b--x\r\n{part}--b--\r\n")),
        ("a close with blanks", format!("{text}--b-- \r\n--b\r\n{part}--b--\r\n")),
        ("a delimiter in another case", format!("{text}--B\r\n{part}--b--\r\n")),
        ("no empty line", format!("{text}--b\r\n{}--b--\r\n", part.replacen("\r\n\r\n", "\r\n", 1))),
        ("a blank in the empty line", format!("{text}--b\r\n{}--b--\r\n", part.replacen("\r\n\r\n", "\r\n \r\n", 1))),
        ("an empty line first", format!("{text}--b\r\n\r\n{part}--b--\r\n")),
        ("a line that is no field", format!("{text}--b\r\nodd\r\n{part}--b--\r\n")),
        ("a delimiter in the header", format!("{text}--b\r\nX: y\r\n--b\r\n{part}--b--\r\n")),
        ("only one part", format!("--b\r\n{part}--b--\r\n")),
        ("no delimiter at all", part.clone()),
        ("a NUL before a delimiter", format!("{text}\u{0}--b\r\n{part}--b--\r\n")),
        ("a delimiter split by CR", format!("{text}--\rb\r\n{part}--b--\r\n")),
        ("the same boundary inside", format!("--b\r\n{MIXED}\r\n\r\n--b\r\n{part}--b--\r\n--b--\r\n")),
        ("a longer boundary inside", format!("--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n{part}--bb--\r\n--b--\r\n")),
        ("an inner one that is not closed", format!("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n{part}--b--\r\n")),
        ("an outer one inside an inner", format!("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--b\r\n{part}--c--\r\n--b--\r\n")),
    ];
    for (name, body) in shapes {
        add(format!("delimiter, {name}"), whole(MIXED, &body));
    }
}

fn headers(add: Add<'_>) {
    let body = format!("{}--b\r\n{}--b--\r\n", text_part(), part());
    let tops = [
        ("a header after an empty line", format!("From: a@evil.example\r\n\r\nMIME-Version: 1.0\r\n{MIXED}\r\n\r\n{body}")),
        ("an empty line first", format!("\r\nFrom: a@evil.example\r\nMIME-Version: 1.0\r\n{MIXED}\r\n\r\n{body}")),
        ("a blank line first", format!(" \r\nFrom: a@evil.example\r\nMIME-Version: 1.0\r\n{MIXED}\r\n\r\n{body}")),
        ("an mbox line first", format!("From a@evil.example Thu\r\nMIME-Version: 1.0\r\n{MIXED}\r\n\r\n{body}")),
        ("an mbox line inside", format!("From: a@evil.example\r\nFrom x Thu\r\n{MIXED}\r\n\r\n{body}")),
        ("an mbox line with quoting", format!("From: a@evil.example\r\n>From x Thu\r\n{MIXED}\r\n\r\n{body}")),
        ("no MIME-Version", format!("From: a@evil.example\r\n{MIXED}\r\n\r\n{body}")),
        ("an odd MIME-Version", format!("From: a@evil.example\r\nMIME-Version: 2.0\r\n{MIXED}\r\n\r\n{body}")),
        ("a line that is no field", format!("From: a@evil.example\r\nodd\r\n{MIXED}\r\n\r\n{body}")),
        ("a fold before the first field", format!(" x\r\nMIME-Version: 1.0\r\n{MIXED}\r\n\r\n{body}")),
        ("a fold of blanks", format!("Subject: a\r\n \r\n{MIXED}\r\n\r\n{body}")),
        ("a blank in the empty line", format!("MIME-Version: 1.0\r\n{MIXED}\r\n \r\n{body}")),
        ("a NUL in a field", format!("Subject: a\u{0}b\r\n{MIXED}\r\n\r\n{body}")),
        ("a CR in a field", format!("Subject: a\r{MIXED}\r\n\r\n{body}")),
        ("no header at all", body.clone()),
    ];
    for (name, text) in tops {
        add(format!("header, {name}"), text.into_bytes());
    }
}

fn types(add: Add<'_>) {
    let kinds = [
        "text/plain", "text/html", "text/x-odd", "image/png", "application/zip", "application/x-odd",
        "message/rfc822", "message/partial; id=x; number=1; total=1", "message/delivery-status",
        "message/external-body; access-type=local-file; name=x", "application/ms-tnef", "application/applefile",
        "multipart/mixed", "multipart/mixed; boundary=b", "x", "", "/", "text", "text/", "/plain", "text/plain/x",
        "application/octet-stream; name=a.txt; name=x.com",
    ];
    for kind in kinds {
        let header = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: base64");
        add(format!("part type `{kind}`"), attached(&header, &coded()));
    }
    let names = [
        "attachment; filename=\"a.txt\"; filename*=us-ascii''x.com", "attachment; filename=\"a.txt\"; filename=\"x.com\"",
        "attachment; filename*0=\"x.\"; filename*1=\"com\"", "attachment; filename=\"=?us-ascii?q?x.com?=\"",
        "attachment; filename==?us-ascii?b?eC5jb20=?=", "inline; filename=x.com", "attachment; filename=\"x.com\u{202e}txt.exe\"",
    ];
    for name in names {
        let header = format!(
            "Content-Type: application/octet-stream; name=\"b.txt\"\r\nContent-Disposition: {name}\r\n\
             Content-Transfer-Encoding: base64"
        );
        add(format!("disposition `{}`", name.escape_debug()), attached(&header, &coded()));
    }
}

fn uuencoded() -> String {
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

fn containers(add: Add<'_>) {
    let inner = String::from_utf8(attached(&format!("{FILE}Content-Transfer-Encoding: base64"), &coded())).unwrap();
    let inner_other = inner.replace("\"b\"", "\"i\"").replace("--b", "--i");
    let code = |text: &str| String::from_utf8(mail::message::transfer::encode_base64(text.as_bytes(), b"\r\n")).unwrap();
    let yenc: String = payload().iter().map(|byte| char::from(byte.wrapping_add(42) & 0x7f)).collect();
    let shapes = [
        ("a message", "Content-Type: message/rfc822".to_owned(), inner_other.clone()),
        ("a message with the same boundary", "Content-Type: message/rfc822".to_owned(), inner.clone()),
        ("a message in base64", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64".to_owned(), code(&inner_other)),
        ("a multipart in base64", "Content-Type: multipart/mixed; boundary=i\r\nContent-Transfer-Encoding: base64".to_owned(), code(&inner_other)),
        ("uuencode in text", "Content-Type: text/plain".to_owned(), format!("see:\r\n{}", uuencoded())),
        ("uuencode by name", format!("{FILE}Content-Transfer-Encoding: x-uuencode"), uuencoded()),
        ("yEnc in text", "Content-Type: text/plain".to_owned(), format!("=ybegin line=128 size=68 name=x.com\r\n{yenc}\r\n=yend size=68\r\n")),
        ("a data url", "Content-Type: text/html".to_owned(), format!("<a href=\"data:;base64,{}\">x</a>", coded().replace("\r\n", ""))),
    ];
    for (name, header, body) in shapes {
        add(format!("container, {name}"), attached(&header, &body));
    }
    add("uuencode, no MIME at all".to_owned(), format!("Subject: t\r\n\r\n{}", uuencoded()).into_bytes());
    let top = format!("Content-Transfer-Encoding: base64\r\nContent-Type: application/octet-stream\r\n\r\n{}", coded());
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
    out.extend(more.into_iter().map(|(name, text)| Template { name, raw: text.into_bytes() }));
}
