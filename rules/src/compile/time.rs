//! `[time]`: how the site tells the time.
//!
//! It asks neither the system nor its environment for a zone: the rule set says it.

use mail::time::Zone;

use super::Compiler;
use crate::diagnostic::Diagnostic;
use crate::read::{Section, nearest};

impl Compiler {
    pub(super) fn time<'s>(&mut self, tables: impl Iterator<Item = &'s Section>) {
        let zone = self.only("time", tables).and_then(|time| time.text("zone"));
        let Some(zone) = zone else { return };
        if let Some(known) = Zone::parse(&zone.text) {
            self.home.zone = known;
            return;
        }
        let message = format!("`{}` is no time zone", zone.text);
        let mistake = Diagnostic::mistake(zone.spot.clone(), message);
        self.found
            .push(mistake.help(match nearest_zone(&zone.text) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write a name of the IANA database, as in \"Europe/Berlin\"".to_owned(),
            }));
    }
}

/// The zone whose city this is, or else the one whose name is near.
fn nearest_zone(text: &str) -> Option<&'static str> {
    let wanted = text.trim().replace(' ', "_");
    let city = |name: &&str| {
        let last = name.rsplit('/').next().unwrap_or_default();
        name.contains('/') && last.eq_ignore_ascii_case(&wanted)
    };
    Zone::names()
        .find(city)
        .or_else(|| nearest(text, Zone::names()))
}
