//! SMTP on the wire as state machines: bytes in, events and replies out.
//!
//! Nothing here opens a socket, reads a clock or waits: a driver does. Nothing here passes on a
//! bare CR, a bare LF or a NUL, whichever side it came from.
//!
//! A server, here a sink that takes everything, needs no more of its driver than this:
//!
//! ```
//! use std::io::{Read, Write};
//! use wire::Reply;
//! use wire::server::{Event, Options, Session};
//!
//! /// Takes every message a client sends over `stream`.
//! fn sink(mut stream: impl Read + Write) -> std::io::Result<Vec<Vec<u8>>> {
//!     let mut session = Session::new(Options::new("sink.example"));
//!     let mut messages = Vec::new();
//!     let mut buffer = [0; 16 * 1024];
//!     loop {
//!         while let Some(event) = session.next() {
//!             match event {
//!                 Event::Message { raw, .. } => {
//!                     messages.push(raw);
//!                     session.answer(Reply::new(250, "2.0.0", "taken"));
//!                 }
//!                 Event::Sender { .. } => session.answer(Reply::new(250, "2.1.0", "OK")),
//!                 Event::Recipient { .. } => session.answer(Reply::new(250, "2.1.5", "OK")),
//!                 Event::StartTls | Event::Closed => {}
//!             }
//!         }
//!         stream.write_all(&session.output())?;
//!         if session.closing() {
//!             return Ok(messages);
//!         }
//!         match stream.read(&mut buffer)? {
//!             0 => return Ok(messages),
//!             octets => session.feed(&buffer[..octets]),
//!         }
//!     }
//! }
//! # struct Client(std::io::Cursor<Vec<u8>>, Vec<u8>);
//! # impl Read for Client {
//! #     fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> { self.0.read(to) }
//! # }
//! # impl Write for Client {
//! #     fn write(&mut self, from: &[u8]) -> std::io::Result<usize> { self.1.write(from) }
//! #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
//! # }
//! # let said = "EHLO me.example\r\nMAIL FROM:<>\r\nRCPT TO:<ann@corp.example>\r\nDATA\r\n\
//! #     ..Hello\r\n.\r\nQUIT\r\n";
//! # let messages = sink(Client(std::io::Cursor::new(said.into()), Vec::new())).unwrap();
//! # assert_eq!(messages, [b".Hello\r\n"]);
//! ```
//!
//! A client, once its [`Connection`](client::Connection) has said
//! [`Ready`](client::Event::Ready), delivers a message like this:
//!
//! ```
//! use std::io::{Read, Write};
//! use wire::client::{Connection, Outcome, Transaction};
//!
//! /// Sends one message over a connection that is ready.
//! fn deliver(
//!     connection: &mut Connection,
//!     transaction: Transaction<'_>,
//!     mut stream: impl Read + Write,
//! ) -> std::io::Result<Option<Outcome>> {
//!     let mut delivery = connection.begin(transaction);
//!     let (mut chunk, mut buffer) = (Vec::new(), [0; 4096]);
//!     loop {
//!         while delivery.output(&mut chunk) {
//!             stream.write_all(&chunk)?;
//!         }
//!         if let Some(outcome) = delivery.next() {
//!             return Ok(Some(outcome));
//!         }
//!         match stream.read(&mut buffer)? {
//!             0 => return Ok(delivery.lost()),
//!             octets => delivery.feed(&buffer[..octets]),
//!         }
//!     }
//! }
//! ```
//!
//! Milter and `CHUNKING` have their place beside [`server`].

mod data;

pub mod client;
pub mod reply;
pub mod server;
pub mod timeouts;

pub use reply::{Enhanced, Reply};

/// The two protocols; they differ in the greeting and in who is answered after the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// One reply for the message.
    Smtp,
    /// One reply for each accepted recipient (RFC 2033).
    Lmtp,
}
