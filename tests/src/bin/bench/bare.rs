//! Sealgate's front end and its next hop with nothing between them. It is no mail gateway.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use gateway::config::{Config, HostPort};
use gateway::deliver::{Delivery, NextHop, Partial, Relay};
use gateway::receive::{Arrival, Gate, Reception};
use wire::Reply;

struct Through(Relay);

#[async_trait::async_trait]
impl Gate for Through {
    async fn pass(&self, arrival: Arrival) -> Reply {
        let recipients: Vec<_> = arrival.envelope.recipients.iter().cloned().collect();
        let delivery = Delivery {
            sender: &arrival.envelope.sender,
            recipients: &recipients,
            body: arrival.envelope.body,
            smtputf8: arrival.envelope.smtputf8,
            content: &[
                b"Received: from bench by bench; Thu, 03 Dec 2026 14:05:00 +0000\r\n",
                &arrival.raw,
            ],
            partial: Partial::Proceed,
        };
        self.0.deliver(delivery).await.reply(0)
    }
}

/// Serves until it is killed; says first where.
pub fn be(to: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let (Ok(runtime), Ok(to)) = (runtime, to.parse::<SocketAddr>()) else {
        return ExitCode::FAILURE;
    };
    match runtime.block_on(serve(to)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(to: SocketAddr) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::embedded(Path::new("")).map_err(|wrong| wrong[0].render())?;
    config.relay.next_hop = HostPort {
        host: to.ip().to_string(),
        port: to.port(),
    };
    let gate = Arc::new(Through(Relay::new(&config)?));
    let reception = Reception::open(&config, gate).await?;
    println!("{}", reception.addresses()?[0]);
    reception.serve(std::future::pending()).await;
    Ok(())
}
