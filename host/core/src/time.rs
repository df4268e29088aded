//! Instants as whole seconds since 1970, and their one spelling.

use jiff::Timestamp;

/// Seconds since 1970, UTC.
pub type Seconds = i64;

/// Reads RFC 3339; fractions of a second are dropped.
pub fn parse(text: &str) -> Option<Seconds> {
    quick(text.as_bytes()).or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_second))
}

/// `2026-11-22T06:00:00Z`.
pub fn format(seconds: Seconds) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "9999-12-31T23:59:59Z".into(), |time| time.to_string())
}

/// The API server's own spelling, without the general parser's cost.
fn quick(text: &[u8]) -> Option<Seconds> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', i0, i1, b':', s0, s1, b'Z'] = *text
    else {
        return None;
    };
    let two = |high: u8, low: u8| -> Option<i64> {
        (high.is_ascii_digit() && low.is_ascii_digit())
            .then(|| i64::from(high - b'0') * 10 + i64::from(low - b'0'))
    };
    let year = two(y0, y1)? * 100 + two(y2, y3)?;
    let (month, day) = (two(m0, m1)?, two(d0, d1)?);
    let (hour, minute, second) = (two(h0, h1)?, two(i0, i1)?, two(s0, s1)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 59 || year < 1 {
        return None;
    }
    // Days from civil, with the year beginning in March.
    let shifted = year - i64::from(month <= 2);
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::{format, parse, quick};
    use proptest::prelude::*;

    #[test]
    fn only_real_times_are_read() {
        for text in [
            "",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01",
            "2026-01-01T24:00:00Z",
            "yesterday",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("2026-01-01T00:00:00.9Z"), parse("2026-01-01T00:00:00Z"));
        assert_eq!(parse("2026-01-01T02:00:00+02:00"), parse("2026-01-01T00:00:00Z"));
        assert_eq!(parse("2024-02-29T12:00:00Z"), Some(1_709_208_000));
    }

    proptest! {
        #[test]
        fn a_time_reads_back(seconds in -62_000_000_000_i64..250_000_000_000) {
            let text = format(seconds);
            prop_assert_eq!(quick(text.as_bytes()), Some(seconds));
            prop_assert_eq!(text.parse::<jiff::Timestamp>().unwrap().as_second(), seconds);
        }
    }
}
