//! The one place that may read the clock.

use super::manifest::whole_seconds;
use jiff::Timestamp;
use probate_contract::plan::AsOfSource;

/// The inventory's time: the flag, else the latest time that a dump states, else the clock, read once.
///
/// # Errors
/// The flag is no time.
pub fn as_of(flag: Option<&str>, dumps: Option<&str>) -> Result<(String, AsOfSource), String> {
    if let Some(flag) = flag {
        let time = whole_seconds(flag)
            .ok_or_else(|| format!("`{flag}` is no RFC 3339 time like 2026-11-22T06:00:00Z"))?;
        return Ok((time, AsOfSource::Flag));
    }
    if let Some(time) = dumps {
        return Ok((time.to_string(), AsOfSource::Inventory));
    }
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok((now.to_string(), AsOfSource::Clock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_wins_over_dumps_and_they_over_the_clock() {
        let flag = as_of(Some("2026-01-01T01:00:00.5+01:00"), Some("2025-01-01T00:00:00Z"));
        assert_eq!(flag, Ok(("2026-01-01T00:00:00Z".into(), AsOfSource::Flag)));
        assert_eq!(as_of(None, Some("2025-01-01T00:00:00Z")).unwrap().1, AsOfSource::Inventory);
        assert_eq!(as_of(None, None).unwrap().1, AsOfSource::Clock);
        assert!(as_of(Some("yesterday"), None).is_err());
    }
}
