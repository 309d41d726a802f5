//! A moment in whole seconds, and the forms in which mail and people write it.
//!
//! It never asks what time it is: the present is always an argument.

use chrono::{DateTime, FixedOffset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

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

    /// What the clocks of a zone show at this moment.
    pub fn in_zone(self, zone: Zone) -> LocalTime {
        LocalTime(self.civil().with_timezone(&zone.0).fixed_offset())
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
        let zone = self.zone_words();
        format!("{} {zone}", self.0.format("%-d %B %Y, %H:%M"))
    }

    /// The day in figures, ISO 8601: `2026-12-03`.
    pub fn day(self) -> String {
        self.0.format("%Y-%m-%d").to_string()
    }

    /// The hour and minute: `15:05`.
    pub fn clock(self) -> String {
        self.0.format("%H:%M").to_string()
    }

    /// How far it is from UTC: `UTC+01:00`, or `UTC`.
    pub fn zone_words(self) -> String {
        let form = match self.0.offset().local_minus_utc() {
            0 => "UTC",
            _ => "UTC%:z",
        };
        self.0.format(form).to_string()
    }
}

/// A time zone of the IANA database, whose tables are part of the program: what the system knows
/// of zones is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Default for Zone {
    /// UTC.
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl Zone {
    /// The zone of this name, such as `Europe/Berlin`, in the database's own spelling.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// Every name there is.
    pub fn names() -> impl Iterator<Item = &'static str> {
        chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The first moment here of the day that begins in UTC with `day`. Where clocks skip midnight
    /// that is later than midnight; where they show it twice, it is the first of the two.
    pub fn day_begins(self, day: Timestamp) -> Timestamp {
        // No zone is further from another than 26 hours, and none skips more than a day.
        const QUARTERS_MAX: i32 = 26 * 4;
        let midnight = day.civil().naive_utc();
        let shown = |quarters: i32| {
            let local = midnight.checked_add_signed(TimeDelta::minutes(15) * quarters)?;
            self.0.from_local_datetime(&local).earliest()
        };
        let first = (0..=QUARTERS_MAX).find_map(shown);
        first.map_or(day, |first| Timestamp::from_unix(first.timestamp()))
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

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn clocks_of_a_zone_follow_its_daylight_saving() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        for (moment, shown) in [
            ("2026-03-29T00:59:59Z", "29 March 2026, 01:59 UTC+01:00"),
            ("2026-03-29T01:00:00Z", "29 March 2026, 03:00 UTC+02:00"),
            ("2026-10-25T00:59:59Z", "25 October 2026, 02:59 UTC+02:00"),
            ("2026-10-25T01:00:00Z", "25 October 2026, 02:00 UTC+01:00"),
            ("2026-12-31T23:30:00Z", "1 January 2027, 00:30 UTC+01:00"),
        ] {
            assert_eq!(at(moment).in_zone(berlin).date_words(), shown, "{moment}");
        }
        let shown = |zone: &str, moment: &str| {
            let local = at(moment).in_zone(Zone::parse(zone).unwrap());
            [local.day(), local.clock(), local.zone_words()].join(" ")
        };
        // Each half of the world has its summer; some zones have none, and some odd minutes.
        for (zone, moment, expected) in [
            (
                "America/New_York",
                "2026-07-01T02:00:00Z",
                "2026-06-30 22:00 UTC-04:00",
            ),
            (
                "Australia/Lord_Howe",
                "2026-01-01T00:00:00Z",
                "2026-01-01 11:00 UTC+11:00",
            ),
            (
                "Australia/Lord_Howe",
                "2026-07-01T00:00:00Z",
                "2026-07-01 10:30 UTC+10:30",
            ),
            (
                "Asia/Kathmandu",
                "2026-07-01T00:00:00Z",
                "2026-07-01 05:45 UTC+05:45",
            ),
            (
                "Europe/London",
                "2026-01-01T00:00:00Z",
                "2026-01-01 00:00 UTC",
            ),
            (
                "Europe/London",
                "2050-07-01T00:00:00Z",
                "2050-07-01 01:00 UTC+01:00",
            ),
        ] {
            assert_eq!(shown(zone, moment), expected, "{zone}");
        }
        let utc = at("2026-12-03T14:05:00Z");
        assert_eq!(utc.in_zone(Zone::default()).date_words(), utc.date_words());
    }

    #[test]
    fn zones_have_the_names_of_the_database() {
        assert!(Zone::names().count() > 500);
        for name in Zone::names() {
            assert_eq!(Zone::parse(name).map(Zone::name), Some(name));
        }
        for none in [
            "",
            "Europe/Berln",
            "europe/berlin",
            "CEST",
            "+02:00",
            "../etc",
        ] {
            assert_eq!(Zone::parse(none), None, "{none}");
        }
    }

    #[test]
    fn a_day_begins_when_clocks_first_show_it() {
        for (zone, day, begins) in [
            ("UTC", "2026-03-29", "2026-03-29T00:00:00Z"),
            ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"),
            ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"),
            ("America/New_York", "2026-07-01", "2026-07-01T04:00:00Z"),
            // Clocks go from midnight to one, and in autumn from one back to midnight.
            ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z"),
            ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),
            // Samoa went to bed on a Thursday and rose on a Saturday.
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
        ] {
            let zone = Zone::parse(zone).unwrap();
            let first = zone.day_begins(at(&format!("{day}T00:00:00Z")));
            assert_eq!(first.rfc3339(), begins, "{day} in {}", zone.name());
        }
        let never = Zone::parse("Pacific/Kiritimati").unwrap();
        let last = Timestamp::from_unix(i64::MAX);
        assert!(never.day_begins(last) <= last);
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
