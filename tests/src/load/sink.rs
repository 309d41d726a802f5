//! A server that takes everything, keeps nothing, and counts.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use memchr::memmem;

/// What ends a message.
const END: &[u8] = b"\r\n.\r\n";

/// A sink on a free port; its threads end with the process.
pub struct Swallow {
    address: SocketAddr,
    messages: Arc<AtomicU64>,
}

impl Swallow {
    /// Listens.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let messages = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&messages);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                thread::spawn(move || serve(stream, &counter));
            }
        });
        Ok(Self { address, messages })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Messages taken since it was started.
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::SeqCst)
    }

    /// Waits until so many were taken; false when that does not happen in time.
    pub fn reaches(&self, messages: u64, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while self.messages() < messages {
            if Instant::now() > until {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        true
    }
}

fn serve(stream: TcpStream, messages: &AtomicU64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut write = stream.try_clone()?;
    let mut read = BufReader::with_capacity(256 << 10, stream);
    let mut replies = b"220 sink.example ESMTP\r\n".to_vec();
    let mut line = Vec::new();
    loop {
        // Replies wait for each other while there is something to read: one segment for all.
        if read.buffer().is_empty() {
            write.write_all(&replies)?;
            replies.clear();
        }
        line.clear();
        if read.read_until(b'\n', &mut line)? < 4 {
            return Ok(());
        }
        match line[..4].to_ascii_uppercase().as_slice() {
            b"EHLO" => replies.extend_from_slice(
                b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
                  250-ENHANCEDSTATUSCODES\r\n250 SIZE 0\r\n",
            ),
            b"DATA" => {
                replies.extend_from_slice(b"354 go\r\n");
                write.write_all(&replies)?;
                replies.clear();
                swallow(&mut read)?;
                messages.fetch_add(1, Ordering::SeqCst);
                replies.extend_from_slice(b"250 2.0.0 taken\r\n");
            }
            b"QUIT" => return write.write_all(b"221 2.0.0 bye\r\n"),
            _ => replies.extend_from_slice(b"250 2.0.0 OK\r\n"),
        }
    }
}

/// Reads up to the final dot. The line end before it may be that of the DATA command.
fn swallow(read: &mut impl BufRead) -> io::Result<()> {
    let mut tail = b"\r\n".to_vec();
    loop {
        let block = read.fill_buf()?;
        if block.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let before = tail.len();
        tail.extend_from_slice(&block[..block.len().min(END.len() - 1)]);
        let found = memmem::find(&tail, END)
            .map(|at| at + END.len() - before)
            .or_else(|| memmem::find(block, END).map(|at| at + END.len()));
        if let Some(octets) = found {
            read.consume(octets);
            return Ok(());
        }
        let octets = block.len();
        if octets >= END.len() - 1 {
            tail = block[octets - (END.len() - 1)..].to_vec();
        } else {
            let excess = tail.len().saturating_sub(END.len() - 1);
            tail.drain(..excess);
        }
        read.consume(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_found_however_the_octets_come() {
        let data = b"one\r\n..\r\n.x\r\n\r\n.\r\nNOOP\r\n";
        for block in 1..data.len() {
            let mut read = BufReader::with_capacity(block, &data[..]);
            swallow(&mut read).unwrap();
            let mut rest = Vec::new();
            read.read_until(b'\n', &mut rest).unwrap();
            assert_eq!(rest, b"NOOP\r\n", "in blocks of {block}");
        }
        assert!(swallow(&mut &b".\r\n"[..]).is_ok(), "an empty message");
        assert!(swallow(&mut &b"no end\r\n."[..]).is_err());
    }
}
