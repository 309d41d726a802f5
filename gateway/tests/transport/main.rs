//! SMTP in and out over real sockets on loopback: who is let in, every limit, every fault of a next
//! hop, STARTTLS both ways. No test here reaches beyond this machine or waits for real minutes.

mod certificates;
mod client;
mod door;
mod faults;
mod gates;
mod hop;
mod limits_in;
mod limits_out;
mod onward;
mod tls;
