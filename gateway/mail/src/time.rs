//! A moment in whole seconds, and the forms in which mail and people write it.
//!
//! It never asks what time it is: the present is always an argument.

use chrono::{DateTime, FixedOffset, Utc};

/// Whole seconds since 1970-01-01 00:00:00 UTC, within the years 0 to 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// 0000-01-01T00:00:00Z.
const EARLIEST: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z, the last second that four digits of a year can write.
const LATEST: i64 = 253_402_300_799;

impl Timestamp {
    /// The moment `seconds` after 1970; beyond the years 0 to 9999 it is the nearest that fits.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(EARLIEST, LATEST))
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// The moment `seconds` later (or earlier, when negative).
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// RFC 5322 §3.3: `Thu, 03 Dec 2026 14:05:00 +0000`.
    pub fn rfc5322(self) -> String {
        self.civil()
            .format("%a, %d %b %Y %H:%M:%S +0000")
            .to_string()
    }

    /// RFC 3339: `2026-12-03T14:05:00Z`.
    pub fn rfc3339(self) -> String {
        self.civil().format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// As people read it: `3 December 2026, 14:05 UTC`.
    pub fn date_words(self) -> String {
        self.civil().format("%-d %B %Y, %H:%M UTC").to_string()
    }

    /// Reads RFC 3339, and the ISO 8601 form with `+0000` that labels carry in real mail.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        const WITHOUT_COLON: &str = "%Y-%m-%dT%H:%M:%S%.f%z";
        let text = text.trim();
        DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, WITHOUT_COLON))
            .ok()
            .map(|moment| Self::from_unix(moment.timestamp()))
    }

    fn civil(self) -> DateTime<Utc> {
        // The constructor keeps the value within chrono's range, so the default never shows.
        DateTime::from_timestamp(self.0, 0).unwrap_or_default()
    }
}

/// A moment as the clock of whoever wrote it showed it: with the zone's distance from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime(DateTime<FixedOffset>);

impl LocalTime {
    /// Reads RFC 5322 §3.3, and the obsolete forms of §4.3 that it asks to be read: years of two
    /// digits, named zones, comments. A day of the week that is not the date's is passed over.
    pub fn parse_rfc5322(text: &str) -> Option<Self> {
        let read = |text: &str| DateTime::parse_from_rfc2822(text).ok();
        let text = text.trim();
        let moment = read(text).or_else(|| read(text.split_once(',')?.1.trim_start()))?;
        let years = EARLIEST..=LATEST;
        years.contains(&moment.timestamp()).then_some(Self(moment))
    }

    /// The moment itself.
    pub fn moment(self) -> Timestamp {
        Timestamp::from_unix(self.0.timestamp())
    }

    /// As people read it: `3 December 2026, 15:05 UTC+01:00`.
    pub fn date_words(self) -> String {
        let form = match self.0.offset().local_minus_utc() {
            0 => "%-d %B %Y, %H:%M UTC",
            _ => "%-d %B %Y, %H:%M UTC%:z",
        };
        self.0.format(form).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_dates_of_real_mail_with_their_zones() {
        let read = |text| LocalTime::parse_rfc5322(text);
        for (written, shown) in [
            (
                "Thu, 03 Dec 2026 15:05:00 +0100",
                "3 December 2026, 15:05 UTC+01:00",
            ),
            (
                "Thu, 3 Dec 2026 15:05 -0330 (NST)",
                "3 December 2026, 15:05 UTC-03:30",
            ),
            (" 3 dec 2026 14:05:59 GMT ", "3 December 2026, 14:05 UTC"),
            (
                "Thu,3 Dec 2026 14:05:00 -0000",
                "3 December 2026, 14:05 UTC",
            ),
            ("3 Dec 26 09:05:00 EST", "3 December 2026, 09:05 UTC-05:00"),
            (
                "Mon, 03 Dec 2026 15:05:00 +0100",
                "3 December 2026, 15:05 UTC+01:00",
            ),
            (
                "Thu, 31 Dec 1998 23:59:60 +0000",
                "31 December 1998, 23:59 UTC",
            ),
        ] {
            let read = read(written).map(LocalTime::date_words);
            assert_eq!(read.as_deref(), Some(shown), "{written}");
        }
        let moment = read("Thu, 03 Dec 2026 15:05:00 +0100").map(LocalTime::moment);
        assert_eq!(moment.map(Timestamp::unix), Some(1_796_306_700));
        for none in [
            "",
            "yesterday",
            "2026-12-03T14:05:00Z",
            "Thu, 32 Dec 2026 15:05:00 +0100",
            "Thu, 03 Dec 2026 25:05:00 +0100",
            "Thu, 03 Dec 20260 15:05:00 +0100",
            "Thu, 03 Dec 2026 15:05:00 +0100 and more",
            "Thu, 03 Dec 2026 15:05:00 \u{202e}+0100",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn forms() {
        let moment = Timestamp::from_unix(1_796_306_700);
        assert_eq!(moment.rfc5322(), "Thu, 03 Dec 2026 14:05:00 +0000");
        assert_eq!(moment.rfc3339(), "2026-12-03T14:05:00Z");
        assert_eq!(moment.date_words(), "3 December 2026, 14:05 UTC");
    }

    #[test]
    fn reads_the_three_forms_of_real_labels() {
        let read = |text| Timestamp::parse_rfc3339(text).map(Timestamp::rfc3339);
        assert_eq!(
            read("2018-11-08T21:13:16-0800").as_deref(),
            Some("2018-11-09T05:13:16Z")
        );
        assert_eq!(
            read("2022-01-19T10:08:26Z").as_deref(),
            Some("2022-01-19T10:08:26Z")
        );
        assert_eq!(
            read("2024-06-11T19:38:43.157Z").as_deref(),
            Some("2024-06-11T19:38:43Z")
        );
        assert_eq!(read("yesterday"), None);
    }

    #[test]
    fn never_leaves_the_years_it_can_write() {
        assert_eq!(
            Timestamp::from_unix(i64::MAX).rfc3339(),
            "9999-12-31T23:59:59Z"
        );
        assert_eq!(
            Timestamp::from_unix(i64::MIN).rfc3339(),
            "0000-01-01T00:00:00Z"
        );
        assert_eq!(
            Timestamp::from_unix(0).plus_seconds(i64::MAX).unix(),
            LATEST
        );
    }
}
