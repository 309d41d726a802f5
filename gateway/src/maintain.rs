//! Work on a clock: expired letters are purged, a new rule set is told of. It touches no message.

use crate::policies::Reload;
use crate::site::Site;
use std::time::Duration;

/// How often expired letters are looked for. A letter opens no more from the second it expires;
/// this only frees its place.
const PURGE_EVERY: Duration = Duration::from_secs(10 * 60);

/// Purges until the process ends.
pub async fn purge(site: &Site) {
    let mut ticks = tokio::time::interval(PURGE_EVERY);
    loop {
        ticks.tick().await;
        match site.store.purge(site.now()).await {
            Ok(purged) if purged.letters + purged.expired > 0 => {
                let (letters, grants) = (purged.letters, purged.expired);
                tracing::info!(letters, grants, "expired letters purged");
            }
            Ok(_) => {}
            Err(error) => {
                let error = crate::cli::chain(&error);
                tracing::error!(error, "expired letters could not be purged");
            }
        }
    }
}

/// Rules that one line names; their count stands beside them.
const NAMES_MAX: usize = 20;

/// Rules by name, as many as one line takes.
fn named(rules: &[String]) -> String {
    let named: Vec<&str> = rules.iter().take(NAMES_MAX).map(String::as_str).collect();
    let more = if rules.len() > NAMES_MAX { "; …" } else { "" };
    format!("{}{more}", named.join("; "))
}

/// Says what became of a rule set.
pub fn tell_reload(reload: Reload) {
    match reload {
        Reload::Live { live, gone } => {
            let rules = live.policy.rules_count();
            if !gone.is_empty() {
                let names = named(&gone);
                tracing::warn!(
                    count = gone.len(),
                    names,
                    "rules of the set before are gone"
                );
            }
            tracing::info!(
                generation = live.generation,
                rules,
                "a new rule set is in force"
            );
        }
        Reload::Unchanged => {}
        Reload::Kept(refusal) => {
            let why = crate::cli::chain(&refusal);
            tracing::error!(
                why,
                "the rules directory changed; the old rule set stays in force"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_no_more_rules_than_it_takes() {
        let rules = |count| (1..=count).map(|n| format!("r{n}")).collect::<Vec<_>>();
        assert_eq!(named(&rules(2)), "r1; r2");
        assert!(named(&rules(NAMES_MAX)).ends_with("; r20"));
        assert!(named(&rules(NAMES_MAX + 1)).ends_with("; r20; …"));
    }
}
