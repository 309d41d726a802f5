//! What a reply may hold, and what is read from one.

use super::{Enhanced, Reply, ReplyError, read_reply};

#[test]
fn enhanced_codes_are_exact() {
    for good in ["2.0.0", "4.7.10", "5.999.999"] {
        assert_eq!(
            Enhanced::parse(good).map(|e| e.to_string()).as_deref(),
            Some(good)
        );
    }
    for bad in [
        "", "3.0.0", "5.7", "5.7.1.1", "5.07.1", "5.7.1000", "5.-7.1", "5.7.", "5.7.1 ",
    ] {
        assert_eq!(Enhanced::parse(bad), None, "{bad}");
    }
}

#[test]
fn the_class_follows_the_code() {
    assert_eq!(Reply::new(451, "5.7.1", "x").to_string(), "451 4.7.1 x");
    assert_eq!(Reply::new(550, "nonsense", "x").to_string(), "550 5.0.0 x");
    assert_eq!(Reply::new(354, "2.0.0", "go").to_string(), "354 go");
    assert_eq!(Reply::new(7, "2.0.0", "x").to_string(), "451 4.0.0 x");
    assert_eq!(Reply::new(1250, "2.0.0", "x").to_string(), "451 4.0.0 x");
    assert_eq!(
        Reply::new(554, "5.3.2", "x").deferred().to_string(),
        "451 4.3.2 x"
    );
    assert_eq!(
        Reply::new(421, "4.3.2", "x").deferred().to_string(),
        "421 4.3.2 x"
    );
    assert_eq!(Reply::plain(554, "x").deferred().to_string(), "451 4.0.0 x");
}

#[test]
fn a_log_line_is_one_line() {
    let reply = Reply::new(550, "5.7.1", "a\nb\r\u{7}c");
    assert_eq!(reply.to_string(), "550 5.7.1 a b  c");
    assert_eq!(Reply::plain(250, "").to_string(), "250");
}

#[test]
fn an_empty_text_is_a_reply() {
    assert_eq!(Reply::plain(250, "").to_bytes(), b"250 \r\n");
    assert_eq!(Reply::plain(250, "a\n").to_bytes(), b"250-a\r\n250 \r\n");
}

fn read(bytes: &[u8]) -> Result<Option<(String, usize)>, ReplyError> {
    let shown = |(reply, octets): (Reply, usize)| {
        let enhanced = reply.enhanced.map(|e| format!("[{e}]")).unwrap_or_default();
        (format!("{}{enhanced}{}", reply.code, reply.text), octets)
    };
    read_reply(bytes).map(|reply| reply.map(shown))
}

#[test]
fn replies_are_read_in_every_form() {
    for (bytes, shown) in [
        (&b"250\r\n"[..], "250"),
        (b"250 \r\n", "250"),
        (b"250 2.1.5 fine\r\n", "250[2.1.5]fine"),
        (b"250 2.1.5\r\n", "250[2.1.5]"),
        (b"250 5.7.1 class differs\r\n", "2505.7.1 class differs"),
        (
            b"550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 three\r\n",
            "550[5.7.1]one\ntwo\nthree",
        ),
        (b"550 a\tb\x1bc\xff\r\n", "550a b c\u{fffd}"),
    ] {
        assert_eq!(read(bytes), Ok(Some((shown.to_owned(), bytes.len()))));
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]), Ok(None), "cut at {cut}");
        }
    }
}

#[test]
fn what_is_no_reply_is_told() {
    for (bytes, error) in [
        (&b"150 x\r\n"[..], ReplyError::NoCode),
        (b"650 x\r\n", ReplyError::NoCode),
        (b"25 x\r\n", ReplyError::NoCode),
        (b"2500 x\r\n", ReplyError::NoCode),
        (b"\r\n", ReplyError::NoCode),
        (b"250-x\r\n251 x\r\n", ReplyError::MixedCodes),
        (b"250 x\n", ReplyError::BareNewline),
        (b"250 x\n250 y\r\n", ReplyError::BareNewline),
        (b"250 x\ry\r\n", ReplyError::BareNewline),
        (b"250 x\0y", ReplyError::BareNewline),
    ] {
        assert_eq!(
            read(bytes),
            Err(error),
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}
