//! Random mail from a seed: sane, odd and broken, as the world sends it.
//!
//! It never draws from anything but its seed: one number, one message.

/// A small generator of numbers (xorshift64*), enough to choose by.
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same throws.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

const WORDS: &[&str] = &[
    "hello",
    "From here",
    "> quoted",
    "-- ",
    "=3D",
    "--b1",
    "a\tb",
    "",
    "",
    "On Monday, Ann wrote:",
    "Grüße",
    "日本の手紙",
    "Привет",
    ".",
    "..",
    "end.",
    "  blank",
    "-----Original Message-----",
    "Classified as Internal",
    "long word after word after word",
];
const HTML: &[&str] = &[
    "<html><head><title>t</title></head><body>",
    "</body></html>",
    "<p>hello</p>",
    "<table><tr><td>",
    "</td></tr></table>",
    "<!-- note -->",
    "<!--[if mso]>x<![endif]-->",
    "<div class=\"gmail_quote\">",
    "</div>",
    "<blockquote type=\"cite\">",
    "</blockquote>",
    "<br>",
    "Grüße",
    "日本",
    "a < b",
    "<style>p{}</style>",
    "<img src=\"cid:i\">",
    "<a href='x>y'>z</a>",
    "<hr id=stopSpelling>",
];
const CHARSETS: &[&str] = &[
    "us-ascii",
    "utf-8",
    "UTF-8",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1252",
    "windows-1251",
    "koi8-r",
    "Shift_JIS",
    "gb18030",
    "iso-2022-jp",
    "euc-kr",
    "big5",
    "iso-8859-2",
    "utf-16",
];
const KINDS: &[&str] = &[
    "mixed",
    "mixed",
    "mixed",
    "alternative",
    "alternative",
    "related",
    "related",
    "signed",
    "report",
    "digest",
    "encrypted",
    "parallel",
    "x-own",
];

/// Makes mail.
pub struct Generator {
    dice: Dice,
    boundary: usize,
    parts: usize,
    line_break: &'static str,
}

impl Generator {
    /// The message of this seed.
    pub fn message(seed: u64) -> Vec<u8> {
        let mut dice = Dice::new(seed);
        let line_break = if dice.once_in(4) { "\n" } else { "\r\n" };
        let mut own = Self {
            dice,
            boundary: 0,
            parts: 0,
            line_break,
        };
        let mut out = Vec::new();
        for _ in 0..own.dice.below(5) {
            own.top_field(&mut out);
        }
        own.entity(0, &mut out);
        out
    }

    fn line(&self, out: &mut Vec<u8>, text: &str) {
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(self.line_break.as_bytes());
    }

    fn top_field(&mut self, out: &mut Vec<u8>) {
        let field = self.dice.pick(&[
            "Subject: =?utf-8?B?R3LDvMOfZQ==?= one",
            "Subject: plain\n  folded\n\tthrice",
            "From: Ann <ann@corp.example>",
            "To: bob@partner.example, \"C, D\" <c@partner.example>",
            "X-Odd: value",
            "X-Eight: Grüße",
            "X-Empty:",
            "DKIM-Signature: v=1; d=corp.example;\n b=abc",
            "MIME-Version: 1.0",
            "msip_labels: MSIP_Label_2096f6a2-d2f7-48be-b329-b73aaa526e5d_Enabled=true;",
        ]);
        for piece in field.split('\n') {
            self.line(out, piece);
        }
    }

    fn entity(&mut self, depth: usize, out: &mut Vec<u8>) {
        self.parts += 1;
        let nests = depth < 5 && self.parts < 14;
        match self.dice.below(10) {
            0..=3 if nests => self.multipart(depth, out),
            4 if nests && depth > 0 => {
                self.line(out, "Content-Type: message/rfc822");
                self.line(out, "");
                self.top_field(out);
                self.entity(depth + 1, out);
            }
            5 if depth > 0 => self.attachment(out),
            _ => self.text(out),
        }
    }

    fn multipart(&mut self, depth: usize, out: &mut Vec<u8>) {
        self.boundary += 1;
        let boundary = match self.dice.below(6) {
            0 => format!("b {}'=?", self.boundary),
            1 => format!("----=_Part_{}_x.{}", self.boundary, self.boundary),
            _ => format!("b{}z", self.boundary),
        };
        let kind = self.dice.pick(KINDS);
        self.line(out, &format!("Content-Type: multipart/{kind};"));
        self.line(out, &format!("\tboundary=\"{boundary}\""));
        self.line(out, "");
        if self.dice.once_in(3) {
            self.line(out, "preamble");
        }
        for _ in 0..1 + self.dice.below(4) {
            self.line(out, &format!("--{boundary}"));
            self.entity(depth + 1, out);
            self.line(out, "");
        }
        if !self.dice.once_in(12) {
            self.line(out, &format!("--{boundary}--"));
        }
        if self.dice.once_in(4) {
            self.line(out, "epilogue");
        }
    }

    fn attachment(&mut self, out: &mut Vec<u8>) {
        let field = self.dice.pick(&[
            "Content-Type: application/pdf; name=a.pdf",
            "Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment; filename=a.txt",
            "Content-Type: text/calendar; method=REQUEST",
            "Content-Type: application/ms-tnef; name=winmail.dat",
            "Content-Type: application/pkcs7-mime; smime-type=enveloped-data",
            "Content-Type: image/png\nContent-ID: <i>",
            "Content-Disposition: attachment; filename*=utf-8''%C3%A9.bin",
        ]);
        for piece in field.split('\n') {
            self.line(out, piece);
        }
        if self.dice.once_in(2) {
            self.line(out, "Content-Transfer-Encoding: base64");
            self.line(out, "");
            let stray = if self.dice.once_in(9) { "*" } else { "" };
            self.line(
                out,
                &format!("JVBERi0xLjQKJeLjz9MKMSAwIG9iago8PC9UeXBl{stray}L0NhdGFsb2c+Pgo="),
            );
        } else {
            self.line(out, "");
            self.line(out, "raw content");
        }
    }

    fn text(&mut self, out: &mut Vec<u8>) {
        let html = self.dice.once_in(2);
        let charset = self.dice.pick(CHARSETS);
        let content = self.words(if html { HTML } else { WORDS });
        let encoding = encoding_rs::Encoding::for_label(charset.as_bytes());
        let encoding = encoding.unwrap_or(encoding_rs::UTF_8);
        let utf16 = charset == "utf-16";
        let bytes = match utf16 {
            true => content.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            false => encoding.encode(&content).0.into_owned(),
        };
        let bytes = match charset {
            "us-ascii" => content.replace(|c: char| !c.is_ascii(), "?").into_bytes(),
            "utf-16" => [&b"\xfe\xff"[..], &bytes].concat(),
            _ => bytes,
        };
        let states = html || utf16 || charset != "us-ascii" || self.dice.once_in(2);
        if states {
            let kind = if html { "html" } else { "plain" };
            let flowed = if !html && self.dice.once_in(3) {
                "; format=flowed"
            } else {
                ""
            };
            self.line(
                out,
                &format!("Content-Type: text/{kind}; charset=\"{charset}\"{flowed}"),
            );
        }
        let coded = match self.dice.below(3) {
            0 if !utf16 => {
                self.line(out, "Content-Transfer-Encoding: quoted-printable");
                let line_break = self.line_break.as_bytes();
                mail::message::transfer::encode_quoted_printable(&bytes, line_break)
            }
            1 if !utf16 => {
                let word = if bytes.is_ascii() { "7bit" } else { "8bit" };
                self.line(out, &format!("Content-Transfer-Encoding: {word}"));
                bytes
            }
            _ => {
                self.line(out, "Content-Transfer-Encoding: base64");
                mail::message::transfer::encode_base64(&bytes, self.line_break.as_bytes())
            }
        };
        if states || self.dice.once_in(2) || !coded.is_empty() {
            self.line(out, "");
        }
        out.extend_from_slice(&coded);
    }

    fn words(&mut self, from: &[&'static str]) -> String {
        let mut text = String::new();
        for _ in 0..self.dice.below(12) {
            text.push_str(self.dice.pick(from));
            match self.dice.below(4) {
                0 => text.push(' '),
                _ => text.push_str(self.line_break),
            }
        }
        text
    }
}
