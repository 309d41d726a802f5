//! Attacks on STARTTLS, from both sides (V3, V4): what was said in clear before the handshake
//! counts for nothing after it, and where TLS is required nobody in the middle can talk us out of
//! it. A relay that keeps what it had read, and one that is content with clear text, must be
//! caught.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use end_to_end::gateway::{Gateway, Site, free_addresses};
use end_to_end::letter;
use end_to_end::sender::Sender;
use end_to_end::sink::{Answer, Received, Sink, Stage};
use end_to_end::tls::{Certificates, NAME, middle};

const ANN: &str = "ann@corp.example";
const BOB: &str = "bob@partner.example";
const EVIL: &str = "evil@x.example";

/// A gateway with one more listener inside, which has a certificate.
fn with_certificate(sink: &Sink, certificates: &Certificates) -> (Gateway, SocketAddr) {
    let [listener] = free_addresses();
    let path = |name: &str| certificates.path(name).display().to_string();
    let more = format!(
        "[[listen]]\nprotocol = \"smtp\"\naddress = \"{listener}\"\nsource = \"inside\"\n\
         allow = [\"127.0.0.0/8\"]\ncertificate = \"{}\"\nprivate_key = \"{}\"\n",
        path("leaf.pem"),
        path("leaf.key")
    );
    (
        Gateway::start(&Site::new(sink.address(), "").with(&more)),
        listener,
    )
}

/// Says EHLO and `text`, in one segment from its first byte on; what is answered to that.
fn say(address: SocketAddr, text: &[u8]) -> (TcpStream, String) {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut input = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    input.read_line(&mut line).unwrap();
    (&stream).write_all(b"EHLO client.example\r\n").unwrap();
    while !line.starts_with("250 ") {
        line.clear();
        assert_ne!(input.read_line(&mut line).unwrap(), 0);
    }
    (&stream).write_all(text).unwrap();
    line.clear();
    input.read_line(&mut line).unwrap();
    (stream, line)
}

/// Puts a whole message behind STARTTLS in clear, then goes on in TLS where that is possible.
fn inject(address: SocketAddr, certificates: &Certificates) {
    let injected = format!(
        "STARTTLS\r\nEHLO x\r\nMAIL FROM:<{EVIL}>\r\nRCPT TO:<{BOB}>\r\nDATA\r\n\
         Subject: injected\r\n\r\nx\r\n.\r\n"
    );
    let (stream, reply) = say(address, injected.as_bytes());
    if reply.starts_with("220") {
        let mut inside = certificates.connect(stream);
        inside.write_all(b"QUIT\r\n").unwrap();
        // Whatever is said until the server ends it.
        inside.read_to_end(&mut Vec::new()).ok();
    }
}

fn from_evil(sink: &Sink) -> Vec<Received> {
    let all = sink.all().into_iter();
    all.filter(|each| each.sender == EVIL).collect()
}

#[test]
fn commands_in_clear_behind_starttls_are_dropped() {
    let (sink, certificates) = (Sink::start(), Certificates::make());
    let (_gateway, listener) = with_certificate(&sink, &certificates);
    inject(listener, &certificates);
    assert!(
        from_evil(&sink).is_empty(),
        "a message said in clear went out"
    );

    // The control: the same listener takes a message that is said in TLS.
    let (stream, reply) = say(listener, b"STARTTLS\r\n");
    assert!(reply.starts_with("220"), "{reply}");
    let mut inside = certificates.connect(stream);
    let message = format!(
        "EHLO x\r\nMAIL FROM:<{ANN}>\r\nRCPT TO:<{BOB}>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n\
         QUIT\r\n"
    );
    for line in message.split_inclusive("\r\n") {
        inside.write_all(line.as_bytes()).unwrap();
    }
    inside.read_to_end(&mut Vec::new()).ok();
    assert_eq!(sink.wait_for(BOB, 1).len(), 1);
}

#[test]
fn a_relay_that_keeps_what_it_had_read_is_seen() {
    let certificates = Certificates::make();
    let relay = Sink::offering_tls(certificates.server(), true);
    inject(relay.address(), &certificates);
    assert_eq!(
        from_evil(&relay).len(),
        1,
        "this relay obeys what came in clear"
    );
    let careful = Sink::offering_tls(certificates.server(), false);
    inject(careful.address(), &certificates);
    assert!(from_evil(&careful).is_empty());
}

/// Sends through a gateway whose next hop is at `address`; the code, and how the message came.
fn send(
    address: SocketAddr,
    tls: &str,
    sink: &Sink,
    certificates: &Certificates,
) -> (u16, Vec<bool>) {
    sink.clear();
    let authority = certificates.path("authority.pem");
    let relay = format!("tls = \"{tls}\"\ntls_name = \"{NAME}\"\nauthority = {authority:?}\n");
    let gateway = Gateway::start(&Site::new(address, "").with_relay(&relay));
    let raw = letter::plain(ANN, BOB, "tls", "text");
    let code = gateway.inside().send(ANN, &[BOB], &raw).code;
    (code, sink.all().iter().map(|each| each.encrypted).collect())
}

/// He takes the offer of STARTTLS out of what the next hop says.
fn strip(said: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(said);
    match text.contains("STARTTLS") {
        true => text.replace("STARTTLS", "XSTARTLS").into_bytes(),
        false => said.to_vec(),
    }
}

/// He answers in clear, ahead of time, what will be asked in TLS.
fn answer_ahead(said: &[u8]) -> Vec<u8> {
    match said.starts_with(b"220 2.0.0") {
        true => [
            said,
            b"250-hop.example\r\n250 8BITMIME\r\n250 ok\r\n250 ok\r\n",
        ]
        .concat(),
        false => said.to_vec(),
    }
}

#[test]
fn nobody_in_the_middle_talks_us_out_of_tls() {
    let certificates = Certificates::make();
    let sink = Sink::offering_tls(certificates.server(), false);
    let mails = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&mails);
    sink.rescript(move |stage| {
        if matches!(stage, Stage::Sender(_)) {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
        Answer::Accept
    });
    let begun = || mails.swap(0, std::sync::atomic::Ordering::SeqCst);
    for attack in [strip as fn(&[u8]) -> Vec<u8>, answer_ahead] {
        let address = middle(sink.address(), attack);
        let (code, came) = send(address, "required", &sink, &certificates);
        assert!((400..500).contains(&code), "answered {code}");
        assert_eq!((came, begun()), (vec![], 0), "an address was said, or more");
    }
    // The controls: an honest one in the middle, and a gateway that is content with clear text.
    let honest = middle(sink.address(), <[u8]>::to_vec);
    let through = send(honest, "required", &sink, &certificates);
    assert_eq!((through, begun()), ((250, vec![true]), 1));
    let stripped = middle(sink.address(), strip);
    let through = send(stripped, "opportunistic", &sink, &certificates);
    assert_eq!((through, begun()), ((250, vec![false]), 1));
}

#[test]
fn a_relay_that_is_content_with_clear_text_is_seen() {
    let certificates = Certificates::make();
    let sink = Sink::offering_tls(certificates.server(), false);
    let mut relay = Sender::connect(middle(sink.address(), strip)).unwrap();
    let raw = letter::plain(ANN, BOB, "tls", "text");
    assert_eq!(relay.send(ANN, &[BOB], &raw).code, 250);
    assert!(!sink.mailbox(BOB)[0].encrypted);
}
