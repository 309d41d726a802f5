//! Gates a test puts behind the front end, and the front end started in front of them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use gateway::config::Config;
use gateway::deliver::{Delivery, NextHop, Partial};
use gateway::receive::{Arrival, Gate, Reception};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wire::Reply;

/// What a gate does with an arrival.
#[derive(Clone, Copy)]
pub enum Conduct {
    Accept,
    Panic,
    /// Waits so long, then accepts.
    Wait(Duration),
}

/// Keeps what arrived.
pub struct Keeper {
    pub conduct: Conduct,
    pub arrived: Mutex<Vec<Arrival>>,
}

impl Keeper {
    pub fn new(conduct: Conduct) -> Arc<Self> {
        Arc::new(Self {
            conduct,
            arrived: Mutex::default(),
        })
    }

    pub fn count(&self) -> usize {
        self.arrived.lock().unwrap().len()
    }
}

#[async_trait]
impl Gate for Keeper {
    async fn pass(&self, arrival: Arrival) -> Reply {
        match self.conduct {
            Conduct::Accept => {}
            Conduct::Panic => panic!("a gate that panics, as the test wants"),
            Conduct::Wait(time) => tokio::time::sleep(time).await,
        }
        self.arrived.lock().unwrap().push(arrival);
        Reply::new(250, "2.0.0", "kept")
    }
}

/// Hands everything to a next hop as it is, and answers what the worst of its answers was.
pub struct Onward(pub Arc<dyn NextHop>);

#[async_trait]
impl Gate for Onward {
    async fn pass(&self, arrival: Arrival) -> Reply {
        let recipients: Vec<_> = arrival.envelope.recipients.iter().cloned().collect();
        let delivery = Delivery {
            sender: &arrival.envelope.sender,
            recipients: &recipients,
            body: arrival.envelope.body,
            smtputf8: arrival.envelope.smtputf8,
            content: &[b"X-Top: yes\r\n", &arrival.raw],
            partial: Partial::Proceed,
        };
        let handover = self.0.deliver(delivery).await;
        let replies = handover.replies();
        let worst = |class: fn(&Reply) -> bool| replies.iter().find(|reply| class(reply));
        let reply = worst(Reply::is_transient).or_else(|| worst(Reply::is_permanent));
        reply.unwrap_or(&replies[0]).clone()
    }
}

/// A running front end; listeners 0 (inside) and 1 (outside).
pub struct Front {
    pub addresses: Vec<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Front {
    /// Starts it on the embedded configuration, changed by `change`.
    pub async fn start(gate: Arc<dyn Gate>, change: impl FnOnce(&mut Config)) -> Self {
        let config = changed(change);
        let reception = Reception::open(&config, gate).await.unwrap();
        let addresses = reception.addresses().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(reception.serve(async {
            let _ = stopped.await;
        }));
        Self {
            addresses,
            stop: Some(stop),
            serving,
        }
    }

    pub fn inside(&self) -> SocketAddr {
        self.addresses[0]
    }

    pub fn outside(&self) -> SocketAddr {
        self.addresses[1]
    }

    /// Asks it to stop.
    pub fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Waits until it has stopped.
    pub async fn stopped(self) {
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, self.serving)
            .await
            .expect("stopped in time")
            .unwrap();
    }
}

/// The embedded configuration, changed by `change`.
pub fn changed(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::embedded(std::path::Path::new("/nonexistent")).unwrap();
    change(&mut config);
    config
}
