//! Units of time and size, with the same names and meaning as in `data.probate` of Rego.

use crate::{Error, Result};

/// Days in seconds.
pub const fn days(n: u64) -> u64 {
    n.saturating_mul(86_400)
}

/// Hours in seconds.
pub const fn hours(n: u64) -> u64 {
    n.saturating_mul(3600)
}

/// A duration such as `1w12h` in seconds: whole weeks, days, hours, minutes and seconds, in that order, each at most once.
///
/// # Errors
/// Anything else, an empty text among it.
///
/// ```
/// # use probate_sdk::duration;
/// assert_eq!(duration("1w12h").unwrap(), 648_000);
/// assert!(duration("12h1w").is_err());
/// assert!(duration("soon").is_err());
/// ```
pub fn duration(text: &str) -> Result<u64> {
    const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];
    let bad = || {
        Error::new(format!(
            "`{text}` is no duration: write whole w, d, h, m and s in this order, such as 1w12h"
        ))
    };
    let mut units = UNITS.iter();
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let (number, tail) = rest.split_at_checked(end).filter(|_| end <= 9).ok_or_else(bad)?;
        let mut chars = tail.chars();
        let unit = chars.next().ok_or_else(bad)?;
        let (_, seconds) = units.find(|(name, _)| *name == unit).ok_or_else(bad)?;
        let number: u64 = number.parse().map_err(|_| bad())?;
        total = number.checked_mul(*seconds).and_then(|part| total.checked_add(part)).ok_or_else(bad)?;
        rest = chars.as_str();
    }
    if text.is_empty() { Err(bad()) } else { Ok(total) }
}

/// A quantity such as `10Gi`, `500M` or `1.5Gi` in bytes, rounded up.
///
/// # Errors
/// Anything that is no quantity of bytes.
///
/// ```
/// # use probate_sdk::bytes;
/// assert_eq!(bytes("10Gi").unwrap(), 10_737_418_240);
/// assert_eq!(bytes("1.5k").unwrap(), 1500);
/// assert!(bytes("10 GB").is_err());
/// ```
pub fn bytes(text: &str) -> Result<u64> {
    const UNITS: [(&str, u64); 12] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("Ei", 1 << 60),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
        ("E", 1_000_000_000_000_000_000),
    ];
    let bad =
        || Error::new(format!("`{text}` is no number of bytes: write it such as 10Gi, 500M or 1048576"));
    let (number, unit) = UNITS
        .iter()
        .find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|number| (number, *unit)))
        .unwrap_or((text, 1));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && all_digits(part);
    if !digits(whole, 15) || !digits(fraction, 9) {
        return Err(bad());
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len())?);
    let value = whole.parse::<u128>()? * scale + fraction.parse::<u128>()?;
    let scaled = value.checked_mul(u128::from(unit)).ok_or_else(bad)?;
    u64::try_from(scaled.div_ceil(scale)).map_err(|_| bad())
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Seconds from `then` to `now`, both RFC 3339 times; rounded down.
pub(crate) fn seconds_between(then: &str, now: &str) -> Result<i64> {
    let nanoseconds = instant(now)?.as_nanosecond() - instant(then)?.as_nanosecond();
    Ok(i64::try_from(nanoseconds.div_euclid(1_000_000_000))?)
}

/// The instant of an RFC 3339 time.
pub(crate) fn instant(text: &str) -> Result<jiff::Timestamp> {
    let time = if is_rfc3339(text) { text.parse::<jiff::Timestamp>().ok() } else { None };
    time.ok_or_else(|| {
        Error::new(format!("`{text}` is no RFC 3339 time: write it such as 2026-11-22T06:00:00Z"))
    })
}

/// The shape `2026-11-22T06:00:00[.5](Z|+01:00)`; the time library reads more than that.
fn is_rfc3339(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let Some(rest) = shape.strip_prefix("0000-00-00T00:00:00") else { return false };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) if fraction.starts_with('0') => fraction.trim_start_matches('0'),
        Some(_) => return false,
        None => rest,
    };
    matches!(zone, "Z" | "+00:00" | "-00:00")
}
