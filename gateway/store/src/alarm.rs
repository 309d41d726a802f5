//! The audit log's alarm: it rings from a write that failed until one that did not, whoever wrote.
//! It stops nobody: what a failed write means for an answer is the writer's to say.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Whether the audit log can be written, and what it lacks.
#[derive(Debug, Default)]
pub struct AuditAlarm {
    ringing: AtomicBool,
    failures: AtomicU64,
    lost: AtomicU64,
}

impl AuditAlarm {
    /// Whether the last write failed.
    pub fn is_ringing(&self) -> bool {
        self.ringing.load(Ordering::Relaxed)
    }

    /// How many writes failed since the start.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Takes the number of events that the log lacks, for whoever writes next to say so in it.
    pub(crate) fn take_lost(&self) -> u64 {
        match self.lost.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.lost.swap(0, Ordering::Relaxed),
        }
    }

    /// Begins a write of so many events.
    pub(crate) fn attempt(&self, events: u64) -> Attempt<'_> {
        Attempt {
            alarm: Some(self),
            events,
        }
    }

    /// A write failed, and with it so many events; those taken before count again.
    pub(crate) fn ring(&self, lost: u64) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.lost.fetch_add(lost, Ordering::Relaxed);
        self.ringing.store(true, Ordering::Relaxed);
    }

    /// A write succeeded. Costs a load while all is well.
    fn silence(&self) {
        if self.is_ringing() {
            self.ringing.store(false, Ordering::Relaxed);
        }
    }
}

/// A write under way. One that is dropped, because it failed or nobody waits for it any more,
/// rings.
pub(crate) struct Attempt<'a> {
    alarm: Option<&'a AuditAlarm>,
    events: u64,
}

impl Attempt<'_> {
    /// It was written.
    pub(crate) fn succeeded(mut self) {
        if let Some(alarm) = self.alarm.take() {
            alarm.silence();
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(alarm) = self.alarm {
            alarm.ring(self.events);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rings_until_a_write_succeeds_and_what_is_lost_is_said_once() {
        let alarm = AuditAlarm::default();
        assert!(!alarm.is_ringing() && alarm.take_lost() == 0);
        alarm.ring(2);
        alarm.ring(alarm.take_lost() + 1);
        assert!(alarm.is_ringing());
        assert_eq!((alarm.failures(), alarm.take_lost()), (2, 3));
        assert!(alarm.is_ringing(), "taking is not writing");
        alarm.attempt(0).succeeded();
        assert!(!alarm.is_ringing() && alarm.take_lost() == 0);
        drop(alarm.attempt(4));
        assert!(alarm.is_ringing(), "a write that was cut off is none");
        assert_eq!(alarm.take_lost(), 4);
    }
}
