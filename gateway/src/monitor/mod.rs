//! The monitor: whether the process lives, whether it is ready for mail, and what it counted, for
//! probes and Prometheus on a listener of their own. It shows no address, subject or key.

mod counted;
mod metrics;
mod readiness;
mod spread;

pub use counted::Counted;
pub use metrics::Metrics;

use crate::receive::Attendance;
use crate::site::Site;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use readiness::Readiness;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::HeldCount;
use tokio::sync::watch;
use web_viewer::Tally;

/// What Prometheus is told the page is.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the monitor looks at.
pub struct Monitor {
    /// The installation.
    pub site: Arc<Site>,
    /// Who is connected.
    pub attendance: Attendance,
    /// What readers did.
    pub tally: Arc<Tally>,
    /// True from when no more mail is taken.
    pub draining: watch::Receiver<bool>,
}

struct Desk {
    monitor: Monitor,
    readiness: Readiness,
}

/// The monitor's pages.
pub fn router(monitor: Monitor) -> Router {
    let readiness = Readiness::new(Arc::clone(&monitor.site), monitor.draining.clone());
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Arc::new(Desk { monitor, readiness }))
}

/// That this is answered is the answer.
async fn live() -> Response {
    plain(StatusCode::OK, "live\n".to_owned())
}

async fn ready(State(desk): State<Arc<Desk>>) -> Response {
    let reasons = desk.readiness.reasons().await;
    match reasons.is_empty() {
        true => plain(StatusCode::OK, "ready\n".to_owned()),
        false => plain(StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n"),
    }
}

fn plain(status: StatusCode, text: String) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}

async fn metrics(State(desk): State<Arc<Desk>>) -> Response {
    let monitor = &desk.monitor;
    // A store that does not answer leaves its own line out; the others are wanted all the more.
    let outbox = monitor.site.store.outbox_count().await.ok();
    let held = monitor.site.store.held_count().await.ok();
    let mut page = Registry::with_prefix("sealgate");
    monitor.site.metrics.register(&mut page);
    monitor.register(&mut page, outbox, held);
    let mut text = String::new();
    match encode(&mut text, &page) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Monitor {
    /// What is not counted but read where it stands.
    fn register(&self, page: &mut Registry, outbox: Option<u64>, held: Option<HeldCount>) {
        let live = self.site.policies.current();
        let mut gauge = |name: &str, help: &str, value: u64| {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            page.register(name, help, ConstGauge::new(value));
        };
        let connections = self.attendance.connections() as u64;
        gauge(
            "open_connections",
            "Connections of mail servers now",
            connections,
        );
        gauge(
            "rules_generation",
            "Which rule set since the start is in force",
            live.generation,
        );
        let rules = live.policy.rules_count() as u64;
        gauge("rules_in_force", "Rules of the set in force", rules);
        if let Some(items) = outbox {
            gauge(
                "outbox_items",
                "Mail of our own that is still to be sent",
                items,
            );
        }
        if let Some(held) = held {
            let (messages, bytes) = ("Mail that waits for approval", "Octets of such mail");
            gauge("held_messages", messages, held.messages);
            gauge("held_bytes", bytes, held.bytes);
            let now = self.site.now().unix();
            let waits = held.oldest.map_or(0, |oldest| now - oldest.unix());
            gauge(
                "held_oldest_seconds",
                "How long the oldest of it waits",
                u64::try_from(waits).unwrap_or(0),
            );
        }
        let mut counter = |name: &str, help: &str, value: u64| {
            page.register(name, help, ConstCounter::new(value));
        };
        let refused = self.site.policies.refused();
        counter(
            "rules_reloads_refused",
            "Rule sets that were not taken",
            refused,
        );
        let failures = self.site.store.audit_alarm().failures();
        counter(
            "audit_failures",
            "Writes to the audit log that failed",
            failures,
        );
        let wrong = self.tally.codes_wrong.load(Ordering::Relaxed);
        counter(
            "passcodes_wrong",
            "Wrong passcodes that cost a reader a try",
            wrong,
        );
    }
}
