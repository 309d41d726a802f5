//! A file on its way out: an attachment or the letter itself, whole or a range of it.
//!
//! It is opened and decoded piece by piece as the browser takes it; no more than a piece is ever
//! held, and every piece is wiped when it has left.

use std::io;
use std::ops::Range;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use mail::Decoder;
use zeroize::Zeroizing;

use crate::file_name::disposition;
use crate::guard::DOWNLOAD_POLICY;
use crate::opening::{PIECE_BYTES, Source};
use crate::outline::Place;
use crate::range::{Answer, judge};
use crate::refusal::Refusal;
use crate::rooms::Room;

/// A file and where it comes from.
pub(crate) struct Download {
    pub source: Source,
    pub place: Place,
    pub name: String,
    pub media_type: String,
    pub etag: String,
}

impl Download {
    /// What of the file is asked for (RFC 9110 §14).
    pub fn judge(&self, headers: &HeaderMap) -> Answer {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        judge(text(RANGE), text(IF_RANGE), &self.etag, self.place.size)
    }

    /// The answer's fields, without its body.
    pub fn head(&self, asked: &Answer) -> Response {
        let length = self.place.size;
        let (status, range, sent) = match asked {
            Answer::Whole => (StatusCode::OK, None, length),
            Answer::Part(range) => {
                let field = format!("bytes {}-{}/{length}", range.start, range.end - 1);
                (
                    StatusCode::PARTIAL_CONTENT,
                    Some(field),
                    range.end - range.start,
                )
            }
            Answer::Unsatisfiable => {
                let field = format!("bytes */{length}");
                (StatusCode::RANGE_NOT_SATISFIABLE, Some(field), 0)
            }
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let fields = response.headers_mut();
        let mut set = |name, value: &str| {
            // Dispositions, types, tags and ranges are ASCII without controls.
            if let Ok(value) = HeaderValue::from_str(value) {
                fields.insert(name, value);
            }
        };
        set(CONTENT_TYPE, &self.media_type);
        set(CONTENT_DISPOSITION, &disposition(&self.name));
        set(CONTENT_SECURITY_POLICY, DOWNLOAD_POLICY);
        set(ACCEPT_RANGES, "bytes");
        set(ETAG, &self.etag);
        set(CONTENT_LENGTH, &sent.to_string());
        if let Some(range) = range {
            set(CONTENT_RANGE, &range);
        }
        response
    }

    /// The answer; its body is opened as it leaves, in the `room` that was given.
    pub fn answer(self, asked: Answer, room: Room) -> Response {
        let mut response = self.head(&asked);
        let range = match asked {
            Answer::Whole => 0..self.place.size,
            Answer::Part(range) => range,
            Answer::Unsatisfiable => return response,
        };
        let leaving = Leaving::new(self.source, self.place, range, room);
        *response.body_mut() = Body::from_stream(stream::unfold(leaving, Leaving::next));
        response
    }
}

/// The part of a file that has not left yet.
struct Leaving {
    source: Source,
    place: Place,
    decoder: Option<Decoder>,
    /// The next byte of the open letter to read.
    at: u64,
    /// How many decoded bytes stand before the first that was asked for.
    before: u64,
    /// How many are still to leave.
    left: u64,
    _room: Room,
}

impl Leaving {
    fn new(source: Source, place: Place, range: Range<u64>, room: Room) -> Self {
        let (at, before) = place.beginning(range.start);
        Self {
            decoder: Some(place.decoder()),
            at,
            before,
            left: range.end - range.start,
            source,
            place,
            _room: room,
        }
    }

    /// The next piece, and what is left after it. An error ends the connection: the browser sees
    /// that bytes are missing, and may ask for the rest.
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        if self.left == 0 {
            return None;
        }
        let piece = self.piece().await;
        if piece.is_err() {
            self.left = 0;
        }
        let piece = piece.map_err(|_| io::Error::other("a letter stopped opening on its way"));
        Some((piece, self))
    }

    async fn piece(&mut self) -> Result<Bytes, Refusal> {
        if !self.source.is_open().await? {
            return Err(Refusal::NotFound);
        }
        loop {
            let mut piece = Zeroizing::new(Vec::with_capacity(PIECE_BYTES as usize));
            if self.at < self.place.raw.end {
                let end = (self.at / PIECE_BYTES + 1) * PIECE_BYTES;
                let end = end.min(self.place.raw.end);
                let raw = self.source.bytes(self.at..end).await?;
                self.at = end;
                if let Some(decoder) = &mut self.decoder {
                    decoder.push(&raw, &mut piece);
                }
            } else {
                // The outline counted as many bytes as the decoder gives.
                self.decoder
                    .take()
                    .ok_or(Refusal::Trouble)?
                    .finish(&mut piece);
            }
            let length = piece.len() as u64;
            let start = self.before.min(length);
            let end = length.min(start + self.left);
            self.before -= start;
            self.left -= end - start;
            if start < end {
                // Both are at most the length of a vector.
                return Ok(Bytes::from_owner(Wiped(piece)).slice(start as usize..end as usize));
            }
        }
    }
}

/// Plaintext that is wiped when the last of it has left.
struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
