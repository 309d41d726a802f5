//! Anything that mail passes through: the gateway, and the sloppy relays that stand in for it in
//! negative controls, so that every promise is seen to fail where nobody keeps it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::gateway::Gateway;
use crate::sender::Sender;
use crate::sink::{Answer, Sink, Stage};

/// One hop that a story can kill and start again.
pub trait Hop {
    /// Where inside people's mail comes in.
    fn entrance(&self) -> SocketAddr;
    /// Ends it as suddenly as can be.
    fn kill(&mut self);
    /// Starts it again with what it had on disk.
    fn restart(&mut self);
}

impl Hop for Gateway {
    fn entrance(&self) -> SocketAddr {
        self.inside
    }

    fn kill(&mut self) {
        Gateway::kill(self);
    }

    fn restart(&mut self) {
        self.serve();
    }
}

/// What a sloppy relay does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sin {
    /// Answers 250 at once and passes the message on a moment later, from memory.
    AnswersEarly,
    /// Forgets whom it served: every retry goes to everybody again.
    ForgetsTheServed,
    /// Passes the message with its line ends and blanks tidied.
    Tidies,
}

/// A relay that sins in one way.
pub struct Sloppy {
    front: Sink,
    killed: Arc<AtomicBool>,
}

impl Sloppy {
    /// Stands before `next_hop`.
    pub fn start(next_hop: SocketAddr, sin: Sin) -> Self {
        let killed = Arc::new(AtomicBool::new(false));
        let dead = Arc::clone(&killed);
        let front = Sink::scripted(move |stage| {
            if dead.load(Ordering::SeqCst) {
                return Answer::Close;
            }
            let Stage::End {
                sender,
                recipients,
                raw,
            } = stage
            else {
                return Answer::Accept;
            };
            let (sender, recipients, raw) = (sender.clone(), recipients.clone(), Arc::clone(raw));
            match sin {
                Sin::AnswersEarly => {
                    let dead = Arc::clone(&dead);
                    thread::spawn(move || {
                        thread::sleep(Duration::from_millis(150));
                        if !dead.load(Ordering::SeqCst) {
                            pass(next_hop, &sender, &recipients, &raw);
                        }
                    });
                    Answer::Accept
                }
                Sin::ForgetsTheServed => {
                    let each =
                        |to: &String| pass(next_hop, &sender, std::slice::from_ref(to), &raw);
                    match recipients.iter().map(each).fold(true, |all, one| all & one) {
                        true => Answer::Accept,
                        false => Answer::Say("451 4.3.0 not all were served"),
                    }
                }
                Sin::Tidies => {
                    let text = String::from_utf8_lossy(&raw).replace(" \r\n", "\r\n");
                    pass(next_hop, &sender, &recipients, text.as_bytes());
                    Answer::Accept
                }
            }
        });
        Self { front, killed }
    }
}

impl Hop for Sloppy {
    fn entrance(&self) -> SocketAddr {
        self.front.address()
    }

    fn kill(&mut self) {
        self.killed.store(true, Ordering::SeqCst);
        // Long enough for what was in memory to be gone.
        thread::sleep(Duration::from_millis(300));
    }

    fn restart(&mut self) {
        self.killed.store(false, Ordering::SeqCst);
    }
}

fn pass(next_hop: SocketAddr, sender: &str, recipients: &[String], raw: &[u8]) -> bool {
    let to: Vec<&str> = recipients.iter().map(String::as_str).collect();
    Sender::connect(next_hop).is_ok_and(|mut hop| hop.send(sender, &to, raw).code == 250)
}
