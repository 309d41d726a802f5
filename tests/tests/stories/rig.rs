//! The rig itself holds: without Sealgate between them, Postfix, sink, sender and browser do what
//! the other stories take for granted. Nothing of Sealgate is tested here.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use end_to_end::browser::{Browser, Scheme};
use end_to_end::gateway::free_addresses;
use end_to_end::letter;
use end_to_end::postfix::{Postfix, Wiring};
use end_to_end::sender::Sender;
use end_to_end::sink::{Answer, Sink, Stage};

#[test]
fn sink_and_sender_agree_on_bytes_and_refusals() {
    let sink = Sink::scripted(|stage| match stage {
        Stage::Recipient(to) if to == "nobody@x.example" => Answer::Say("550 5.1.1 no such user"),
        _ => Answer::Accept,
    });
    let mut sender = Sender::connect(sink.address()).unwrap();
    let raw = b"Subject: x\r\n\r\n.dot\r\n..two\r\nbare\rcr and bare\nlf\r\n";
    assert_eq!(
        sender.send("a@x.example", &["nobody@x.example"], raw).code,
        550
    );
    let to = ["nobody@x.example", "b@x.example"];
    assert_eq!(sender.send("a@x.example", &to, raw).code, 250);
    let received = sink.wait_for("b@x.example", 1);
    assert_eq!(received[0].raw, raw);
    assert_eq!(received[0].recipients, ["b@x.example"]);
    assert!(
        received[0]
            .wire
            .starts_with(b"Subject: x\r\n\r\n..dot\r\n...two\r\n")
    );
}

#[test]
fn postfix_passes_both_ways_in_and_retries() {
    let world = Sink::start();
    let [public, submission, returned] = free_addresses();
    let wiring = Wiring {
        sealgate_outside: returned,
        sealgate_inside: returned,
        world: world.address(),
        public,
        submission,
        returned,
    };
    let postfix = Postfix::start(&wiring);
    let raw = letter::plain("ann@corp.example", "bob@partner.example", "rig", "hello");
    for address in [public, submission] {
        let mut sender = Sender::connect(address).unwrap();
        let reply = sender.send("ann@corp.example", &["bob@partner.example"], &raw);
        assert_eq!(reply.code, 250, "{reply}");
    }
    assert_eq!(
        world.wait_for("bob@partner.example", 2).len(),
        2,
        "{}",
        postfix.log()
    );
    assert!(world.all()[0].raw.ends_with(b"\r\n\r\nhello\r\n"));
}

#[test]
fn browser_reads_a_page() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or(0);
            let typed = String::from_utf8_lossy(&request[..length]).contains("GET /?word=typed");
            let page = format!(
                "<!doctype html><title>rig</title><meta name=viewport content=width=device-width>\
                 <form><label for=w>Word</label><input id=w name=word><button>Go</button></form>\
                 <p>{}</p>",
                if typed { "it came" } else { "nothing came" }
            );
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n";
            stream.write_all(format!("{head}{page}").as_bytes()).ok();
        }
    });
    let browser = Browser::start();
    browser.open(&format!("http://{address}/"));
    assert_eq!(browser.title(), "rig");
    assert_eq!(browser.accessible_name(&browser.find("input")), "Word");
    browser.write(&browser.find("input"), "typed");
    browser.follow(&browser.find("button"));
    assert!(browser.visible_text().contains("it came"));
    browser.appear(360, 740, Scheme::Dark);
    let dark = browser.run("return matchMedia('(prefers-color-scheme: dark)').matches");
    assert_eq!(dark, true);
    assert_eq!(browser.run("return innerWidth"), 360);
    browser.picture("rig");
}
