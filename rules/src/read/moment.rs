//! Moments: TOML's dates and times.

use mail::Timestamp;
use toml::value::{Datetime, Offset};

/// A date alone begins at midnight UTC; a time must say its zone.
pub(super) fn moment(value: &Datetime) -> Result<Timestamp, &'static str> {
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
    Timestamp::parse_rfc3339(&text).ok_or("there is no such moment")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_know_their_zone() {
        let read = |text: &str| moment(&text.parse().unwrap()).map(|at| at.rfc3339());
        assert_eq!(read("2026-01-01"), Ok("2026-01-01T00:00:00Z".into()));
        assert_eq!(
            read("2026-01-01T02:00:00.5+02:00"),
            Ok("2026-01-01T00:00:00Z".into())
        );
        assert_eq!(read("2026-01-01T02:00:00"), Err("this time names no zone"));
        assert_eq!(read("02:00:00"), Err("this names no day"));
    }
}
