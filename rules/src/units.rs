//! Sizes and durations with their units, as rule files, the configuration and reports write them.

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

/// The units of a size, for messages.
pub const SIZE_UNITS: &str = "B, KB, MB, GB, KiB, MiB, GiB";
/// The units of a duration, for messages.
pub const DURATION_UNITS: &str = "s, m, h, d, w";

/// Reads `10MiB` as bytes.
pub fn size(text: &str) -> Option<u64> {
    measure(text, SIZES)
}

/// Reads `15m` as seconds.
pub fn duration(text: &str) -> Option<u64> {
    measure(text, DURATIONS)
}

/// Bytes as a file would say them, in the largest unit that leaves them whole.
pub fn written_size(bytes: u64) -> String {
    written(bytes, SIZES)
}

/// Seconds as a file would say them, in the largest unit that leaves them whole.
pub fn written_duration(seconds: u64) -> String {
    written(seconds, DURATIONS)
}

fn measure(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn written(number: u64, units: &[(&str, u64)]) -> String {
    let whole = units
        .iter()
        .filter(|(_, factor)| number != 0 && number.is_multiple_of(*factor));
    let (unit, factor) = whole.max_by_key(|(_, factor)| *factor).unwrap_or(&units[0]);
    format!("{}{unit}", number / factor)
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
    fn what_is_written_is_read_again_as_the_same() {
        for (bytes, text) in [
            (0, "0B"),
            (1_500, "1500B"),
            (1_000_000, "1MB"),
            (25 << 20, "25MiB"),
        ] {
            assert_eq!(written_size(bytes), text);
            assert_eq!(size(text), Some(bytes));
        }
        for (seconds, text) in [(0, "0s"), (90, "90s"), (172_800, "2d"), (1_209_600, "2w")] {
            assert_eq!(written_duration(seconds), text);
            assert_eq!(duration(text), Some(seconds));
        }
    }
}
