//! Letters as the mail programs of the world write them, in miniature.
//!
//! Each has one kind of body; what is around it is the same.

/// A letter to be shown.
pub struct Letter {
    /// The picture's name.
    pub name: &'static str,
    /// Whether it comes from outside.
    pub outside: bool,
    /// Whether it is shown in the dark, too.
    pub dark: bool,
    /// As it is sent.
    pub raw: Vec<u8>,
}

const OUTLOOK: &str = include_str!("outlook.html");
const APPLE: &str = include_str!("apple.html");
const GMAIL: &str = include_str!("gmail.html");
const PLAIN: &str = include_str!("plain.txt");
const SIGNED: &str = include_str!("signed.txt");

/// Every letter of the page, in its order.
pub fn all() -> Vec<Letter> {
    let secret = "Re: Harbour plan";
    let html = "text/html; charset=utf-8";
    let plain = "text/plain; charset=utf-8";
    let signed = "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b";
    vec![
        letter(false, "plain", secret, plain, PLAIN, false),
        letter(false, "outlook", secret, html, OUTLOOK, true),
        letter(false, "apple", secret, html, APPLE, true),
        letter(false, "gmail", secret, html, GMAIL, false),
        letter(true, "outside", "Invoice 4711", html, GMAIL, true),
        letter(
            false,
            "wrapped",
            "Signed: harbour plan",
            signed,
            SIGNED,
            false,
        ),
    ]
}

/// The letter that is read in the viewer.
pub fn sealed() -> Vec<u8> {
    let (to, html) = ("Zoe <zoe@partner.example>", "text/html; charset=utf-8");
    raw(
        "Ann Archer <ann@corp.example>",
        to,
        "Harbour plan",
        html,
        &APPLE.replace("Hello Bob", "Hello Zoe"),
    )
}

fn letter(
    outside: bool,
    name: &'static str,
    subject: &str,
    media_type: &str,
    body: &str,
    dark: bool,
) -> Letter {
    let to = "Bob Baker <bob@corp.example>";
    let body = match outside {
        true => body.replace("Ann", "Zoe"),
        false => body.to_owned(),
    };
    let from = match outside {
        true => "Zoe Zimmer <zoe@partner.example>",
        false => "Ann Archer <ann@corp.example>",
    };
    Letter {
        name,
        outside,
        dark,
        raw: raw(from, to, subject, media_type, &body),
    }
}

fn raw(from: &str, to: &str, subject: &str, media_type: &str, body: &str) -> Vec<u8> {
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Thu, 3 Dec 2026 14:05:00 +0000\r\n\
         Message-ID: <picture@corp.example>\r\nSensitivity: Company-Confidential\r\n\
         MIME-Version: 1.0\r\nContent-Type: {media_type}\r\n\r\n\
         {body}"
    )
    .replace("\r\n", "\n")
    .replace('\n', "\r\n")
    .into_bytes()
}
