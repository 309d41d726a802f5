//! The audit log, as others write and read it.

use super::{Result, Store};
use crate::alarm::AuditAlarm;
use crate::audit::{AuditEvent, AuditFilter, AuditRow, Durability, EVENTS_MAX};
use crate::error::StoreError;

/// How many pages of the audit log one check reads at most: a million rows each thousand pages.
const CHECK_PAGES_MAX: u32 = 1_000_000;

impl Store {
    /// Appends an event. [`Durability`] says what "returns" means.
    pub async fn audit(&self, event: AuditEvent, durability: Durability) -> Result<()> {
        self.audit_all(vec![event], durability).await
    }

    /// Appends events that belong together, in this order, all or none. One that fails rings the
    /// alarm; the next that does not says in the log how many events it lacks. No events at all
    /// only try whether the log can be written again.
    pub async fn audit_all(
        &self,
        mut events: Vec<AuditEvent>,
        durability: Durability,
    ) -> Result<()> {
        let lost = self.audit_alarm.take_lost();
        let attempt = self.audit_alarm.attempt(lost + events.len() as u64);
        // With nothing to say a write would prove nothing.
        if lost > 0 || events.is_empty() && self.audit_alarm.is_ringing() {
            events.insert(0, AuditEvent::new("audit resumed").detail("lost", lost));
        }
        self.records.append(events, durability, self.now()).await?;
        attempt.succeeded();
        Ok(())
    }

    /// Appends an event of a visit, on the disk when this returns. One that the log has of this
    /// visit already is only counted; when the visit ends, an event of the kind `… again` says how
    /// often it happened in all, and when first and last. False when the visit or the letter ended:
    /// then it must not happen.
    pub async fn audit_once(&self, visit: [u8; 32], event: AuditEvent) -> Result<bool> {
        let told = self.records.append_once(visit, event, self.now()).await;
        if told.is_err() {
            // The log lacks nothing, since it must not happen; but somebody has to look.
            self.audit_alarm.ring(0);
        }
        told
    }

    /// Whether the audit log could be written, by whoever wrote to it.
    pub fn audit_alarm(&self) -> &AuditAlarm {
        &self.audit_alarm
    }

    /// Whether events are kept aside that the log does not take: safe, but for nobody to find.
    pub fn audit_is_stuck(&self) -> bool {
        self.records.is_stuck()
    }

    /// Reads events, oldest first. A row that was changed is an error, not a row.
    pub async fn audit_events(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        self.records.events(filter).await
    }

    /// Walks over the whole log and checks that each row follows from the one before.
    /// Says how many rows there are.
    pub async fn check_audit(&self) -> Result<u64> {
        let mut seq = 0;
        let mut previous = [0; 32];
        for _ in 0..CHECK_PAGES_MAX {
            let filter = AuditFilter {
                after: Some(seq),
                limit: Some(EVENTS_MAX),
                ..Default::default()
            };
            let rows = self.records.events(&filter).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                if row.seq != seq + 1 || row.previous != previous {
                    return Err(StoreError::Changed {
                        what: "the chain of the audit log",
                    });
                }
                seq = row.seq;
                previous = row.hash;
            }
        }
        Ok(seq)
    }
}
