//! The parameters of `MAIL` and `RCPT`: those of the extensions we offer, and no others.

use crate::reply::Reply;
use mail::BodyType;

/// What `MAIL` may say besides the sender.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mail {
    pub size: Option<u64>,
    pub body: BodyType,
    pub smtputf8: bool,
}

/// Reads what follows the path of `MAIL`.
pub(super) fn mail(rest: &str) -> Result<Mail, Reply> {
    let mut mail = Mail {
        size: None,
        body: BodyType::SevenBit,
        smtputf8: false,
    };
    let mut seen: Vec<String> = Vec::new();
    for word in rest.split(' ').filter(|word| !word.is_empty()) {
        let (keyword, value) = match word.split_once('=') {
            Some((keyword, value)) => (keyword.to_ascii_uppercase(), Some(value)),
            None => (word.to_ascii_uppercase(), None),
        };
        if seen.contains(&keyword) {
            return Err(bad(format!("{keyword} is given twice")));
        }
        match (keyword.as_str(), value) {
            ("SIZE", Some(value)) => mail.size = Some(size(value)?),
            ("BODY", Some(value)) => mail.body = body(value)?,
            ("SMTPUTF8", None) => mail.smtputf8 = true,
            // RFC 4954 §5: who vouches for the sender. We take no one's word, as if `AUTH=<>`.
            ("AUTH", Some(value)) => auth(value)?,
            ("SIZE" | "BODY" | "SMTPUTF8" | "AUTH", _) => {
                return Err(bad(format!("{keyword} has no such form")));
            }
            _ => return Err(not_offered()),
        }
        seen.push(keyword);
    }
    Ok(mail)
}

/// RFC 5321 §4.1.1.11: a parameter that was not offered is answered 555.
pub(super) fn recipient(rest: &str) -> Result<(), Reply> {
    if rest.trim_matches(' ').is_empty() {
        Ok(())
    } else {
        Err(not_offered())
    }
}

fn bad(text: String) -> Reply {
    Reply::new(501, "5.5.4", text)
}

fn not_offered() -> Reply {
    Reply::new(555, "5.5.4", "a parameter that was not offered")
}

/// RFC 1870 §4: up to 20 digits. More than can be counted is too big, not wrong.
fn size(value: &str) -> Result<u64, Reply> {
    if !matches!(value.len(), 1..=20) || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad("SIZE takes up to 20 digits".to_owned()));
    }
    Ok(value.parse().unwrap_or(u64::MAX))
}

fn body(value: &str) -> Result<BodyType, Reply> {
    match value.to_ascii_uppercase().as_str() {
        "7BIT" => Ok(BodyType::SevenBit),
        "8BITMIME" => Ok(BodyType::EightBitMime),
        _ => Err(bad("BODY is 7BIT or 8BITMIME".to_owned())),
    }
}

fn auth(value: &str) -> Result<(), Reply> {
    if value == "<>" || (!value.is_empty() && super::xforward::decode_xtext(value).is_some()) {
        return Ok(());
    }
    Err(bad("AUTH takes xtext or <>".to_owned()))
}
