//! Large pages on their way out. A page is made whole before it leaves, so what readers have not
//! taken yet is bounded in bytes: in all, and of each mailbox.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;

use crate::mailbox::Mailbox;
use crate::refusal::Refusal;
use crate::settings::{ANSWER_BYTES_FREE, ANSWERS_BYTES_MAX, ANSWERS_OF_ONE_BYTES_MAX};

/// A page leaves in pieces of this size, so that it is not copied whole into a connection.
const PIECE_BYTES: usize = 64 * 1024;

/// Bytes of large pages under way.
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<UnderWay>>);

#[derive(Default)]
struct UnderWay {
    all: usize,
    of_one: HashMap<Mailbox, usize>,
}

impl Answers {
    /// A rendered page, in room for as many bytes as it has.
    pub fn html(&self, mailbox: &Mailbox, page: &impl Template) -> Result<Response, Refusal> {
        let text = page.render();
        let text = text.map_err(|error| Refusal::trouble("render a page", &error))?;
        let length = text.len();
        let body = match length > ANSWER_BYTES_FREE {
            true => {
                let room = self.room(mailbox, length).ok_or(Refusal::Busy)?;
                in_pieces(Bytes::from(text), room)
            }
            false => Body::from(text),
        };
        let mut response = Response::new(body);
        let fields = response.headers_mut();
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        fields.insert(CONTENT_TYPE, html);
        fields.insert(CONTENT_LENGTH, HeaderValue::from(length));
        Ok(response)
    }

    /// Room for a page of `bytes`, if there is any.
    fn room(&self, mailbox: &Mailbox, bytes: usize) -> Option<Room> {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = under_way.of_one.get(mailbox).copied().unwrap_or_default();
        if under_way.all + bytes > ANSWERS_BYTES_MAX || of_one + bytes > ANSWERS_OF_ONE_BYTES_MAX {
            return None;
        }
        under_way.all += bytes;
        under_way.of_one.insert(mailbox.clone(), of_one + bytes);
        Some(Room {
            mailbox: mailbox.clone(),
            bytes,
            answers: self.clone(),
        })
    }
}

/// Room for one page, given back when it has left.
struct Room {
    mailbox: Mailbox,
    bytes: usize,
    answers: Answers,
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut under_way = self
            .answers
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        under_way.all -= self.bytes;
        if let Some(of_one) = under_way.of_one.get_mut(&self.mailbox) {
            *of_one -= self.bytes;
            if *of_one == 0 {
                under_way.of_one.remove(&self.mailbox);
            }
        }
    }
}

/// A body that keeps its room until the last piece was taken.
fn in_pieces(page: Bytes, room: Room) -> Body {
    Body::from_stream(stream::unfold((page, room), |(mut rest, room)| async {
        // A copy: a slice would keep the whole page for as long as the connection holds it.
        let piece = rest.split_to(rest.len().min(PIECE_BYTES));
        let piece = Bytes::copy_from_slice(&piece);
        (!piece.is_empty()).then_some((Ok::<_, Infallible>(piece), (rest, room)))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_in_all_and_of_each_reader_and_given_back() {
        let answers = Answers::default();
        let reader = |n: usize| Mailbox::of(&n.to_string());
        let readers = ANSWERS_BYTES_MAX / ANSWERS_OF_ONE_BYTES_MAX;
        let mut rooms = Vec::new();
        for n in 0..readers {
            rooms.push(answers.room(&reader(n), ANSWERS_OF_ONE_BYTES_MAX));
            assert!(rooms[n].is_some(), "reader {n}");
            assert!(
                answers.room(&reader(n), 1).is_none(),
                "reader {n} has all of his"
            );
        }
        assert!(
            answers.room(&reader(readers), 1).is_none(),
            "and all is taken"
        );
        rooms.pop();
        assert!(answers.room(&reader(readers), 1).is_some());
        rooms.clear();
        let under_way = answers.0.lock().unwrap();
        assert!(under_way.all == 0 && under_way.of_one.is_empty());
    }
}
