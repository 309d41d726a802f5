//! A connection that must take what is written to it at some pace. One that takes a byte a minute
//! holds its place for a minute, and no longer; what it reads or says is not looked at.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How much a reader must take of what waits for him, in how much time.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// So many bytes,
    pub bytes: usize,
    /// within this time from the first moment that he held us up.
    pub window: Duration,
}

/// A stream that ends with [`io::ErrorKind::TimedOut`] when its peer falls behind a [`Pace`].
pub struct Paced<S> {
    stream: S,
    pace: Pace,
    stall: Option<Stall>,
}

/// Since when the peer holds us up, and how much it took meanwhile.
struct Stall {
    end: Pin<Box<Sleep>>,
    taken: usize,
}

impl<S> Paced<S> {
    /// Holds the peer of `stream` to a pace.
    pub fn new(stream: S, pace: Pace) -> Self {
        Self {
            stream,
            pace,
            stall: None,
        }
    }

    fn judge(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match (written, &mut self.stall) {
            (Poll::Ready(Ok(taken)), Some(stall)) => {
                stall.taken += taken;
                if stall.taken >= self.pace.bytes {
                    self.stall = None;
                }
                Poll::Ready(Ok(taken))
            }
            (Poll::Pending, stall) => {
                let stall = stall.get_or_insert_with(|| Stall {
                    end: Box::pin(sleep(self.pace.window)),
                    taken: 0,
                });
                ready!(stall.end.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            (written, _) => written,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(context));
        // All that waited was taken: the next answer begins anew.
        self.stall = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const PACE: Pace = Pace {
        bytes: 4096,
        window: Duration::from_millis(300),
    };

    /// Writes 64 KiB to a peer that takes `bytes` each `pause`; what became of it.
    async fn written(bytes: usize, pause: Duration) -> io::Result<()> {
        let (ours, mut theirs) = duplex(1024);
        let reading = tokio::spawn(async move {
            let mut buffer = vec![0; bytes];
            while theirs.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                tokio::time::sleep(pause).await;
            }
        });
        let mut paced = Paced::new(ours, PACE);
        let written = paced.write_all(&[7; 64 * 1024]).await;
        reading.abort();
        written
    }

    #[tokio::test]
    async fn a_peer_that_takes_a_byte_at_a_time_is_left() {
        let error = written(1, Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_slow_peer_that_keeps_the_pace_is_served() {
        assert!(written(1024, Duration::from_millis(10)).await.is_ok());
    }

    #[tokio::test]
    async fn a_pause_between_two_answers_is_no_stall() {
        let (ours, mut theirs) = duplex(1024);
        let mut paced = Paced::new(ours, PACE);
        for _ in 0..2 {
            let answer = async {
                paced.write_all(&[7; 2048]).await?;
                paced.flush().await
            };
            let mut taken = [0; 2048];
            let (written, _) = tokio::join!(answer, theirs.read_exact(&mut taken));
            written.unwrap();
            tokio::time::sleep(2 * PACE.window).await;
        }
    }
}
