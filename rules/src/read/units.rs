//! Sizes, durations and moments: texts and dates with their units.

use mail::Timestamp;
use toml::value::{Datetime, Offset};

const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

const DURATIONS: &[(&str, u64)] = &[
    ("s", 1),
    ("m", 60),
    ("h", 3_600),
    ("d", 86_400),
    ("w", 604_800),
];

/// Reads `10MiB` as bytes.
pub(super) fn size(text: &str) -> Option<u64> {
    measure(text, SIZES)
}

/// Reads `15m` as seconds.
pub(super) fn duration(text: &str) -> Option<u64> {
    measure(text, DURATIONS)
}

fn measure(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

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
    fn sizes_and_durations_carry_units() {
        assert_eq!(size("25MiB"), Some(25 << 20));
        assert_eq!(size("25 MB"), Some(25_000_000));
        assert_eq!(duration("15m"), Some(900));
        assert_eq!(duration("2w"), Some(1_209_600));
        for wrong in [
            "",
            "5",
            "MiB",
            "-1MiB",
            "1.5MiB",
            "1mib",
            "99999999999999999999GiB",
        ] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
        assert_eq!(duration("18446744073709551615w"), None);
    }

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
