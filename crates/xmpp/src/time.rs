//! XEP-0082: XMPP Date and Time Profiles (version 1.1), and the two clocks every machine is given.
//!
//! Nothing here reads a clock. Civil dates are counted in days of the proleptic Gregorian calendar; leap seconds do
//! not exist, as in POSIX time.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::payload::TextValue;

/// A point in wall time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A point in monotonic time: milliseconds since an arbitrary start. Survives neither a reload nor a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

/// Both clocks at one moment. Neither is derived from the other: time-outs count on `mono`, people read `wall`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For time-outs and intervals.
    pub mono: Mono,
    /// For what is shown, stored and sent.
    pub wall: Timestamp,
}

/// The offset of a time zone from UTC in minutes, positive east of Greenwich (XEP-0082 §3.2, TZD).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneOffset(pub i16);

/// Text that is not of the wanted profile of XEP-0082.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date and time of xep-0082")]
pub struct TimeError;

impl Mono {
    /// The moment `ms` milliseconds later.
    #[must_use]
    pub fn after(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Mono) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Timestamp {
    /// Reads the DateTime profile, `CCYY-MM-DDThh:mm:ss[.sss]TZD`. Finer fractions than milliseconds are cut off.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        date_time(text).ok_or(TimeError)
    }

    /// The moment `ms` milliseconds later, or earlier if negative.
    #[must_use]
    pub fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Writes the DateTime profile in UTC; with milliseconds only if there are some.
    pub fn format(self) -> String {
        let ms_of_day = self.0.rem_euclid(DAY_MS);
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_MS));
        let (seconds, ms) = (ms_of_day / 1000, ms_of_day % 1000);
        let mut out = String::with_capacity(24);
        if year < 0 {
            out.push('-');
        }
        push_digits(&mut out, year.unsigned_abs(), 4);
        out.push('-');
        push_digits(&mut out, u64::from(month), 2);
        out.push('-');
        push_digits(&mut out, u64::from(day), 2);
        for (mark, value) in [('T', seconds / 3600), (':', seconds / 60 % 60), (':', seconds % 60)] {
            out.push(mark);
            push_digits(&mut out, value.unsigned_abs(), 2);
        }
        if ms != 0 {
            out.push('.');
            push_digits(&mut out, ms.unsigned_abs(), 3);
        }
        out.push('Z');
        out
    }
}

impl ZoneOffset {
    /// Reads `Z`, `+hh:mm` or `-hh:mm`.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        zone(text.as_bytes()).map(Self).ok_or(TimeError)
    }

    /// Writes `Z`, `+hh:mm` or `-hh:mm`.
    pub fn format(self) -> String {
        if self.0 == 0 {
            return String::from("Z");
        }
        let minutes = u64::from(self.0.unsigned_abs());
        let mut out = String::from(if self.0 < 0 { "-" } else { "+" });
        push_digits(&mut out, minutes / 60, 2);
        out.push(':');
        push_digits(&mut out, minutes % 60, 2);
        out
    }
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.format())
            }
        }

        impl FromStr for $name {
            type Err = TimeError;

            fn from_str(text: &str) -> Result<Self, TimeError> {
                Self::parse(text)
            }
        }

        impl TextValue for $name {
            fn from_text(text: &str) -> Option<Self> {
                Self::parse(text).ok()
            }

            fn to_text(&self) -> Cow<'_, str> {
                Cow::Owned(self.format())
            }
        }
    )*};
}
as_text!(Timestamp ZoneOffset);

const DAY_MS: i64 = 86_400_000;

fn date_time(text: &str) -> Option<Timestamp> {
    let bytes = text.trim_matches([' ', '\t', '\n', '\r']).as_bytes();
    let (fixed, rest) = bytes.split_at_checked(19)?;
    if (fixed[4], fixed[7], fixed[10], fixed[13], fixed[16]) != (b'-', b'-', b'T', b':', b':') {
        return None;
    }
    let [year, month, day] = [number(&fixed[..4])?, number(&fixed[5..7])?, number(&fixed[8..10])?];
    let [hour, minute, second] = [number(&fixed[11..13])?, number(&fixed[14..16])?, number(&fixed[17..])?];
    // 24:00:00 and leap seconds are legal in xs:dateTime or in UTC; they fall on the next second's value.
    let midnight = hour == 24 && minute == 0 && second == 0;
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    if (hour > 23 && !midnight) || minute > 59 || second > 60 {
        return None;
    }
    let (ms, rest) = match rest.strip_prefix(b".") {
        Some(fraction) => {
            let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            let weights = [100, 10, 1];
            let kept = fraction[..digits].iter().zip(weights);
            let ms: i64 = kept.map(|(digit, weight)| i64::from(digit - b'0') * weight).sum();
            (if digits == 0 { return None } else { ms }, &fraction[digits..])
        }
        None => (0, rest),
    };
    let seconds = hour * 3600 + minute * 60 + second - i64::from(zone(rest)?) * 60;
    Some(Timestamp(days_from_civil(year, month, day) * DAY_MS + seconds * 1000 + ms))
}

fn zone(bytes: &[u8]) -> Option<i16> {
    match bytes {
        b"Z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            if hours > 14 || minutes > 59 {
                return None;
            }
            let offset = i16::try_from(hours * 60 + minutes).ok()?;
            Some(if *sign == b'-' { -offset } else { offset })
        }
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01. Years are counted from March, so that the leap day is the last of its year; 400 years make an
/// era of 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let march_year = if month <= 2 { year - 1 } else { year };
    let era = march_year.div_euclid(400);
    let year_of_era = march_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    // Both are below 32 by construction.
    (year, month as u8, day as u8)
}

fn push_digits(out: &mut String, value: u64, width: usize) {
    let digits = value.to_string();
    for _ in digits.len()..width {
        out.push('0');
    }
    out.push_str(&digits);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        Timestamp::parse(text).unwrap().0
    }

    #[test]
    fn reads_the_examples_of_the_xep() {
        assert_eq!(ms("1970-01-01T00:00:00Z"), 0);
        assert_eq!(ms("1969-07-21T02:56:15Z"), -14_159_025_000);
        assert_eq!(ms("1969-07-20T21:56:15-05:00"), -14_159_025_000);
        assert_eq!(ms("2000-02-29T23:59:59.1239Z"), 951_868_799_123);
        assert_eq!(ms("1998-12-31T23:59:60Z"), ms("1999-01-01T00:00:00Z"));
    }

    #[test]
    fn refuses_what_is_no_date() {
        for text in [
            "",
            "Z",
            "2001-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2001-13-01T00:00:00Z",
            "2001-01-01T24:00:01Z",
            "2001-01-01T00:00:00",
            "2001-01-01 00:00:00Z",
            "2001-01-01T00:00:00.Z",
            "2001-01-01T00:00:00+15:00",
            "2001-01-0:T00:00:00Z",
            "+001-01-01T00:00:00Z",
            "2001-01-01T00:00:00ZZ",
            "２００１-01-01T00:00:00Z",
            "20020910T23:08:25",
        ] {
            assert_eq!(Timestamp::parse(text), Err(TimeError), "{text}");
        }
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        for day in -146_097..2 * 146_097 {
            let at = Timestamp(day * DAY_MS + (day & 0xFF) * 1000 + (day & 7));
            assert_eq!(Timestamp::parse(&at.format()), Ok(at));
        }
    }

    #[test]
    fn extremes_are_written_without_overflow() {
        assert!(Timestamp(i64::MIN).format().starts_with("-292275055-"));
        assert!(Timestamp(i64::MAX).format().starts_with("292278994-"));
    }

    #[test]
    fn zone_offsets_come_back() {
        for text in ["Z", "-06:00", "+05:30", "-00:30"] {
            assert_eq!(ZoneOffset::parse(text).unwrap().format(), text);
        }
        assert_eq!(ZoneOffset::parse("+00:00").unwrap().format(), "Z");
        assert!(ZoneOffset::parse("05:30").is_err());
    }
}
