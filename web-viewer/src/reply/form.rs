//! The form of a reply as a browser sends it, read within bounds: of time, pace, number and memory.
//!
//! No field of it names a recipient; whatever is not known is passed over and not kept. Before its
//! first field, the form's mark, was found good, no other field is read; what stands around fields
//! is bounded by [`REPLY_AROUND_BYTES_MAX`](crate::settings::REPLY_AROUND_BYTES_MAX).

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use tokio::time::{Instant, timeout_at};

use super::around::Around;
use crate::budget::Share;
use crate::file_name;
use crate::mailer::ReplyAttachment;
use crate::settings::{
    REPLY_FILES_MAX, REPLY_MARK_BYTES_MAX, REPLY_PACE_BYTES, REPLY_TEXT_READ_BYTES_MAX,
};

/// What a form brought.
#[derive(Default)]
pub(super) struct Written {
    pub once: String,
    pub text: String,
    pub files: Vec<ReplyAttachment>,
}

/// Why a form is not taken.
pub(super) enum Unread {
    TooLarge,
    /// Its text is longer than what is read of one.
    LongText,
    Malformed,
    /// Its mark is not ours, or does not come first.
    Forged,
    /// Less of it came within the time than must.
    Slow,
    /// It would be too much, with all that is in memory of other replies.
    Busy,
}

impl From<MultipartError> for Unread {
    fn from(error: MultipartError) -> Self {
        match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::Malformed,
        }
    }
}

/// Reads the form whose mark `is_ours`.
pub(super) async fn read(
    mut form: Multipart,
    mut coming: Coming<'_>,
    is_ours: impl Fn(&str) -> bool,
) -> Result<Written, Unread> {
    let first = coming.field(&mut form).await?;
    let Some(first) = first.filter(|field| field.name() == Some("token")) else {
        return Err(Unread::Forged);
    };
    if !is_ours(&coming.mark(first).await?) {
        return Err(Unread::Forged);
    }
    let mut written = Written::default();
    while let Some(field) = coming.field(&mut form).await? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "once" => written.once = coming.mark(field).await?,
            "text" => {
                let bytes = coming.bytes(field, REPLY_TEXT_READ_BYTES_MAX).await;
                let bytes = bytes.map_err(|why| match why {
                    Unread::TooLarge => Unread::LongText,
                    why => why,
                })?;
                written.text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
            }
            "files" => {
                let given = field.file_name().unwrap_or_default().to_owned();
                let media_type = media_type(field.content_type());
                let bytes = coming.bytes(field, usize::MAX).await?;
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
                    bytes,
                });
            }
            _ => coming.pass_over(field).await?,
        }
    }
    Ok(written)
}

/// A form on its way in: how fast it must come, and what it takes of the memory for all.
pub(super) struct Coming<'s> {
    share: &'s mut Share,
    around: Around,
    pace: Duration,
    /// When [`REPLY_PACE_BYTES`] must have come,
    due: Instant,
    /// of which so many have.
    came: usize,
}

impl<'s> Coming<'s> {
    pub fn new(share: &'s mut Share, around: Around, pace: Duration) -> Self {
        Self {
            share,
            around,
            pace,
            due: Instant::now() + pace,
            came: 0,
        }
    }

    async fn within<T>(
        &self,
        next: impl Future<Output = Result<T, MultipartError>>,
    ) -> Result<T, Unread> {
        let next = timeout_at(self.due, next).await;
        Ok(next.map_err(|_| Unread::Slow)??)
    }

    async fn field<'f>(&self, form: &'f mut Multipart) -> Result<Option<Field<'f>>, Unread> {
        let field = self.within(form.next_field()).await?;
        self.around.gave(0);
        Ok(field)
    }

    /// The next piece of a field's content.
    async fn piece(&mut self, field: &mut Field<'_>) -> Result<Option<Bytes>, Unread> {
        let Some(piece) = self.within(field.chunk()).await? else {
            return Ok(None);
        };
        self.around.gave(piece.len());
        self.came += piece.len();
        if self.came >= REPLY_PACE_BYTES {
            self.due = Instant::now() + self.pace;
            self.came = 0;
        }
        Ok(Some(piece))
    }

    async fn pass_over(&mut self, mut field: Field<'_>) -> Result<(), Unread> {
        while self.piece(&mut field).await?.is_some() {}
        Ok(())
    }

    async fn mark(&mut self, field: Field<'_>) -> Result<String, Unread> {
        let bytes = self.bytes(field, REPLY_MARK_BYTES_MAX).await?;
        String::from_utf8(bytes).map_err(|_| Unread::Malformed)
    }

    async fn bytes(&mut self, mut field: Field<'_>, max: usize) -> Result<Vec<u8>, Unread> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece(&mut field).await? {
            if bytes.len() + piece.len() > max {
                return Err(Unread::TooLarge);
            }
            if !self.share.grow(piece.len()) {
                return Err(Unread::Busy);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
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
