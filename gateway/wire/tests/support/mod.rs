//! What the tests of this crate share: drivers without sockets, and the text form of bytes.

#![allow(dead_code)] // Each test binary uses its own part.

pub mod client;
pub mod server;

/// Bytes as text: CRLF as a line end, everything else that cannot be seen as an escape.
pub fn show(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

/// The lines of what was sent, without their CRLF; what has none ends in `\c`.
pub fn show_lines(bytes: &[u8]) -> Vec<String> {
    let shown = show(bytes);
    let mut lines: Vec<String> = shown.split("\\r\\n").map(str::to_owned).collect();
    match lines.pop() {
        Some(last) if !last.is_empty() => lines.push(format!("{last}\\c")),
        _ => {}
    }
    lines
}

/// The other way: a line of a dialogue file as bytes. It gets its CRLF unless it ends in `\c`.
pub fn bytes_of(line: &str) -> Vec<u8> {
    let (line, ended) = match line.strip_suffix("\\c") {
        Some(line) => (line, false),
        None => (line, true),
    };
    let mut bytes = Vec::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '\\' {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = rest.chars().next().expect("an escape has a letter");
        rest = &rest[1..];
        bytes.push(match escape {
            'r' => b'\r',
            'n' => b'\n',
            '0' => 0,
            '\\' => b'\\',
            'x' => {
                let (hex, tail) = rest.split_at(2);
                rest = tail;
                u8::from_str_radix(hex, 16).expect("two hexadecimal digits")
            }
            other => panic!("no such escape: \\{other}"),
        });
    }
    if ended {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
