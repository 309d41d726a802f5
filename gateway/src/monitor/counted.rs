//! The next hop, with its answers counted. It changes none of them.

use super::Metrics;
use crate::deliver::{Delivery, Handover, NextHop};
use async_trait::async_trait;
use std::sync::Arc;

/// Hands everything on to another next hop and counts what comes back.
pub struct Counted<H> {
    /// Who really delivers.
    pub next_hop: Arc<H>,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
}

#[async_trait]
impl<H: NextHop> NextHop for Counted<H> {
    async fn deliver(&self, delivery: Delivery<'_>) -> Handover {
        let handover = self.next_hop.deliver(delivery).await;
        // Nothing was sent then, and the same transaction comes again.
        if !handover.stopped_partial() {
            handover
                .replies()
                .iter()
                .for_each(|reply| self.metrics.reply(reply));
        }
        handover
    }
}
