//! Moments: TOML's dates and times.

use mail::Timestamp;
use mail::time::Zone;
use toml::value::{Datetime, Offset};

/// A point in time as a rule file gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// One that is the same everywhere.
    At(Timestamp),
    /// The beginning of a day, here as UTC has it.
    Day(Timestamp),
}

impl Moment {
    /// When that is, for people of a zone.
    pub fn in_zone(self, zone: Zone) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Day(day) => zone.day_begins(day),
        }
    }
}

/// A date alone begins where the site is; a time must say its zone.
pub(super) fn moment(value: &Datetime) -> Result<Moment, &'static str> {
    let text = match (value.date, value.time, value.offset) {
        (Some(date), None, None) => format!("{date}T00:00:00Z"),
        (Some(date), Some(mut time), Some(offset)) => {
            time.nanosecond = None;
            time.second.get_or_insert(0);
            let offset = match offset {
                Offset::Z => "Z".to_owned(),
                offset => offset.to_string(),
            };
            format!("{date}T{time}{offset}")
        }
        (Some(_), Some(_), None) => return Err("this time names no zone"),
        _ => return Err("this names no day"),
    };
    let at = Timestamp::parse_rfc3339(&text).ok_or("there is no such moment")?;
    Ok(match value.time {
        Some(_) => Moment::At(at),
        None => Moment::Day(at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_know_their_zone() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let read = |text: &str| {
            let read = moment(&text.parse().unwrap());
            read.map(|moment| moment.in_zone(berlin).rfc3339())
        };
        assert_eq!(read("2026-01-01"), Ok("2025-12-31T23:00:00Z".into()));
        assert_eq!(read("2026-07-01"), Ok("2026-06-30T22:00:00Z".into()));
        let day = moment(&"2026-07-01".parse().unwrap()).unwrap();
        assert_eq!(
            day.in_zone(Zone::default()).rfc3339(),
            "2026-07-01T00:00:00Z"
        );
        assert_eq!(
            read("2026-01-01T02:00:00.5+02:00"),
            Ok("2026-01-01T00:00:00Z".into())
        );
        assert_eq!(read("2026-01-01T02:00:00"), Err("this time names no zone"));
        assert_eq!(read("02:00:00"), Err("this names no day"));
    }
}
