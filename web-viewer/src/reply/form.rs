//! The form of a reply as a browser sends it, read within bounds.
//!
//! No field of it names a recipient; whatever is not known is passed over unread.

use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;
use axum::http::StatusCode;

use crate::file_name;
use crate::mailer::ReplyAttachment;
use crate::settings::REPLY_FILES_MAX;

/// What a form brought.
#[derive(Default)]
pub(super) struct Written {
    pub token: String,
    pub once: String,
    pub text: String,
    pub files: Vec<ReplyAttachment>,
}

/// Why a form is not taken.
pub(super) enum Unread {
    TooLarge,
    Malformed,
}

impl From<MultipartError> for Unread {
    fn from(error: MultipartError) -> Self {
        match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::Malformed,
        }
    }
}

/// Reads the form; unknown fields are passed over unread, so that none can name a recipient.
pub(super) async fn read(mut form: Multipart) -> Result<Written, Unread> {
    let mut written = Written::default();
    while let Some(field) = form.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "token" => written.token = field.text().await?,
            "once" => written.once = field.text().await?,
            "text" => written.text = field.text().await?.replace("\r\n", "\n"),
            "files" => {
                let given = field.file_name().unwrap_or_default().to_owned();
                let media_type = media_type(field.content_type());
                let bytes = field.bytes().await?;
                if given.is_empty() && bytes.is_empty() {
                    continue;
                }
                if written.files.len() == REPLY_FILES_MAX {
                    return Err(Unread::TooLarge);
                }
                let name = file_name::safe(&given, "file");
                written.files.push(ReplyAttachment {
                    name,
                    media_type,
                    bytes: bytes.to_vec(),
                });
            }
            _ => {}
        }
    }
    Ok(written)
}

/// A `type/subtype` of RFC 2045 tokens, or the general one; never with parameters.
fn media_type(given: Option<&str>) -> String {
    let is_token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let bare = given
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    match bare.split_once('/') {
        Some((kind, subtype))
            if is_token(kind)
                && is_token(subtype)
                && bare.len() <= 100
                && !["multipart", "message"].contains(&kind.to_ascii_lowercase().as_str()) =>
        {
            bare.to_ascii_lowercase()
        }
        _ => "application/octet-stream".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_never_a_container() {
        assert_eq!(media_type(Some("Image/PNG; x=y")), "image/png");
        for general in [
            None,
            Some(""),
            Some("x"),
            Some("multipart/mixed"),
            Some("message/rfc822"),
            Some("a/b\r\nBcc: x"),
            Some("a/"),
        ] {
            assert_eq!(
                media_type(general),
                "application/octet-stream",
                "{general:?}"
            );
        }
    }
}
