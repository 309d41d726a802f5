//! The most memory the gateway holds while 200 sessions send 25 MB each at once, and are told to
//! come again until all are served.

use std::io;
use std::time::{Duration, Instant};

use end_to_end::gateway::Gateway;
use end_to_end::load::{Letter, Meter, Swallow, once_each};

use super::{PLAIN, RECIPIENT, SEALED, site};

/// Sessions at once, and the octets each of them sends.
const SESSIONS: usize = 200;
const OCTETS: usize = 25_000_000;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// One line for passing, one for sealing.
pub fn lines() -> io::Result<String> {
    let mut out = format!("{SESSIONS} sessions of {} MB at once\n", OCTETS / 1_000_000);
    for (name, subject) in [("pass", PLAIN), ("seal", SEALED)] {
        let sink = Swallow::start()?;
        let gateway = Gateway::start(&site(sink.address())?);
        let letter = Letter::new(OCTETS, RECIPIENT, subject);
        let begun = Instant::now();
        let tally = once_each(gateway.inside, SESSIONS, &letter, PATIENCE);
        let peak = gateway.process_id().map(|id| Meter::of(id).peak_memory());
        out.push_str(&format!(
            "{name:10}{:>6} MiB at the most; {} taken, {} times told to come again, {:.0} s\n",
            peak.unwrap_or(0) >> 20,
            tally.taken,
            tally.refused,
            begun.elapsed().as_secs_f64()
        ));
    }
    Ok(out)
}
