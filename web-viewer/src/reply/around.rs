//! What the multipart reader holds of a reply beside the content of its fields: what stands before
//! the first one, between them, and in their headers.
//!
//! The reader takes in all there is before it looks for a field's end, so it is given a piece at a
//! time, and the next only when it can make nothing more of what it has.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::Error;
use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::Stream;

use crate::settings::REPLY_AROUND_BYTES_MAX;

/// What the reader is given at once.
const PIECE_BYTES: usize = 16 * 1024;

/// The account between who feeds the reader and who takes fields from it.
#[derive(Clone, Default)]
pub(super) struct Around(Arc<Account>);

#[derive(Default)]
struct Account {
    /// Bytes given to the reader,
    given: AtomicUsize,
    /// and those that it gave back as content.
    content: AtomicUsize,
    /// How often it gave a field or some content.
    steps: AtomicUsize,
}

impl Around {
    /// The reader gave a field, or so many bytes of content.
    pub fn gave(&self, content_bytes: usize) {
        self.0.content.fetch_add(content_bytes, Ordering::Relaxed);
        self.0.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// A body that gives no more than may stand around fields.
    pub fn bound(&self, body: Body) -> Body {
        Body::from_stream(Fed {
            body: body.into_data_stream(),
            rest: Bytes::new(),
            around: self.clone(),
            seen: 0,
            just_gave: false,
        })
    }

    fn bytes(&self) -> usize {
        let content = self.0.content.load(Ordering::Relaxed);
        self.0.given.load(Ordering::Relaxed).saturating_sub(content)
    }
}

/// More stands around the fields of a form than is read.
#[derive(Debug, thiserror::Error)]
#[error("more stands around the fields of a form than is read")]
struct TooMuchAround;

struct Fed {
    body: BodyDataStream,
    /// What came and was not given yet.
    rest: Bytes,
    around: Around,
    /// The reader's steps when it was last looked at.
    seen: usize,
    just_gave: bool,
}

impl Stream for Fed {
    type Item = Result<Bytes, Error>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Error>>> {
        let steps = self.around.0.steps.load(Ordering::Relaxed);
        if self.just_gave || steps != self.seen {
            // It asks on and on until it must wait; now it looks at what it has, and asks again.
            (self.just_gave, self.seen) = (false, steps);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.around.bytes() > REPLY_AROUND_BYTES_MAX {
            return Poll::Ready(Some(Err(Error::new(TooMuchAround))));
        }
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(context)) {
                Some(Ok(bytes)) => self.rest = bytes,
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        self.around.0.given.fetch_add(length, Ordering::Relaxed);
        self.just_gave = true;
        Poll::Ready(Some(Ok(piece)))
    }
}
