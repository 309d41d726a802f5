//! A raw TCP splice: the least that anything in between can cost. `io::copy` between two sockets
//! is splice(2): the octets never leave the kernel.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Passes every connection on to `to`, both ways, until the process ends.
pub fn splice(listener: &TcpListener, to: SocketAddr) {
    for client in listener.incoming().flatten() {
        thread::spawn(move || join(&client, &TcpStream::connect(to)?));
    }
}

fn join(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    thread::scope(|scope| {
        scope.spawn(|| pass(server, client));
        pass(client, server)
    })
}

fn pass(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    let passed = io::copy(&mut from, &mut to);
    // One side is done: the other shall know.
    let _ = to.shutdown(Shutdown::Both);
    passed.map(|_| ())
}
