//! The listener over real sockets: who is let in, and who is left because he takes too slowly.

use super::*;
use axum::body::{Body, Bytes};
use axum::routing::get;
use hyper::body::Frame;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Longer than anything here takes; only what never happens runs into it.
const PATIENCE: Duration = Duration::from_secs(60);

async fn listening(router: Router, bounds: Bounds) -> (SocketAddr, JoinSet<()>) {
    let (listener, address) = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(accept(listener, router, None, bounds));
    (address, tasks)
}

/// A connection from this address, or nothing if it is closed without an answer.
async fn asked(from: [u8; 4], to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let mut stream = socket.connect(to).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";
    stream.write_all(request).await.ok()?;
    let mut status = [0; 12];
    let read = timeout(PATIENCE, stream.read_exact(&mut status)).await;
    read.expect("an answer, or an end").ok()?;
    assert_eq!(&status, b"HTTP/1.1 200");
    Some(stream)
}

#[tokio::test]
async fn one_address_cannot_hold_every_connection() {
    let router = Router::new().route("/", get(|| async { "here" }));
    let bounds = Bounds {
        connections: 10,
        of_one: 3,
        ..READERS
    };
    let (address, _tasks) = listening(router, bounds).await;
    let [one, other] = [[127, 0, 0, 1], [127, 0, 0, 2]];
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(asked(one, address).await.expect("one of three"));
    }
    assert!(asked(one, address).await.is_none(), "the fourth");
    assert!(asked(other, address).await.is_some(), "another's first");
    open.pop();
    let again = async {
        while asked(one, address).await.is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, again)
        .await
        .expect("its place is free again");
    const { assert!(READERS.of_one <= READERS.connections / 10, "what is served") };
}

/// All that is answered to these bytes until the connection is closed.
async fn answered(request: &[u8]) -> String {
    let router = Router::new().fallback(|| async { "here" });
    let (address, _tasks) = listening(router, READERS).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Who is answered early may find the other half closed.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the connection is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Where two fields disagree on where a request ends, what stands behind it is no request: a proxy
/// may have taken it for a part of the first.
#[tokio::test]
async fn nothing_is_smuggled_behind_a_request() {
    let behind = "GET /smuggled HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
    let post = |fields: &str, body: &str| {
        format!("POST / HTTP/1.1\r\nhost: here\r\n{fields}\r\n\r\n{body}{behind}")
    };
    let chunked = "transfer-encoding: chunked";
    for (fields, body) in [
        (&*format!("content-length: 5\r\n{chunked}"), "0\r\n\r\n"),
        (&format!("{chunked}\r\ncontent-length: 5"), "0\r\n\r\n"),
        ("content-length: 3\r\ncontent-length: 5", "abcde"),
        ("content-length: +5", "abcde"),
        ("transfer-encoding: chunked, identity", "0\r\n\r\n"),
        ("transfer-encoding : chunked", "0\r\n\r\n"),
        ("transfer-encoding:\r\n chunked", "0\r\n\r\n"),
        (chunked, "5;a=\"\n\"\r\nabcde\r\n0x\r\n\r\n"),
    ] {
        let answer = answered(post(fields, body).as_bytes()).await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{fields}: {answer}");
    }
    // The control: behind a request that ends in one place the next one is answered.
    for (fields, body) in [("content-length: 5", "abcde"), (chunked, "0\r\n\r\n")] {
        let answer = answered(post(fields, body).as_bytes()).await;
        assert_eq!(
            answer.matches("HTTP/1.1 200").count(),
            2,
            "{fields}: {answer}"
        );
    }
}

/// What a head may hold of memory is bounded, and as much as browsers send fits.
#[tokio::test]
async fn a_long_head_is_refused() {
    let head = |bytes: usize| {
        let cookie = "a".repeat(bytes);
        format!("GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncookie: {cookie}\r\n\r\n")
    };
    let long = answered(head(2 * HEAD_BYTES_MAX).as_bytes()).await;
    assert!(
        long.is_empty() || long.starts_with("HTTP/1.1 431"),
        "{long}"
    );
    let fits = answered(head(HEAD_BYTES_MAX / 2).as_bytes()).await;
    assert!(fits.starts_with("HTTP/1.1 200"), "{fits}");
}

/// A body without end; whoever holds the other half of its channel learns when it is dropped.
struct Endless(#[allow(dead_code, reason = "dropped with the body")] oneshot::Sender<()>);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = Bytes::from_static(&[7; 64 * 1024]);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

/// A page that never ends, for one reader.
fn endless() -> (Router, oneshot::Receiver<()>) {
    let (held, left) = oneshot::channel();
    let held = Arc::new(Mutex::new(Some(held)));
    let page = move || async move {
        let held = held.lock().unwrap().take();
        Body::new(Endless(held.expect("one reader")))
    };
    (Router::new().route("/", get(page)), left)
}

const QUICK: Bounds = Bounds {
    pace: Pace {
        bytes: 64 * 1024,
        window: Duration::from_secs(2),
    },
    ..READERS
};

/// What a page or a download holds is given back when its reader falls behind the pace.
#[tokio::test]
async fn a_reader_who_stops_taking_is_left_and_what_he_held_is_given_back() {
    let (router, left) = endless();
    let (address, _tasks) = listening(router, QUICK).await;
    // He asks, takes the status, and nothing more; the connection stays open.
    let _stalled = asked([127, 0, 0, 1], address).await.expect("an answer");
    let ended = timeout(PATIENCE, left).await.expect("he is left");
    assert!(ended.is_err(), "the body was dropped");
}

/// The control: who keeps the pace is served for many times the window.
#[tokio::test]
async fn a_slow_reader_who_keeps_the_pace_is_not_left() {
    let (router, mut left) = endless();
    let (address, _tasks) = listening(router, QUICK).await;
    let mut stream = asked([127, 0, 0, 1], address).await.expect("an answer");
    let mut taken = vec![0; 256 * 1024];
    for _ in 0..60 {
        stream.read_exact(&mut taken).await.expect("more");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(left.try_recv() == Err(oneshot::error::TryRecvError::Empty));
}
