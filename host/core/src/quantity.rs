//! Kubernetes quantities (`10Gi`, `1500m`, `1e3`) as whole bytes, rounded up as the API server does; integers only.

/// Reads a quantity; `None` for what is no quantity, is negative, or does not fit.
pub fn parse(text: &str) -> Option<i64> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '+').unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(number_end)?;
    let number = number.strip_prefix('+').unwrap_or(number);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.contains('+') {
        return None;
    }
    let digits: String = whole.chars().chain(fraction.chars()).collect();
    let mantissa: i128 = digits.parse().ok()?;
    let scale = u32::try_from(fraction.len()).ok().filter(|scale| *scale <= 18)?;
    let (multiplier, divisor) = factor(suffix)?;
    let divisor = divisor.checked_mul(10_i128.checked_pow(scale)?)?;
    let product = mantissa.checked_mul(multiplier)?;
    let bytes = product.div_euclid(divisor) + i128::from(product.rem_euclid(divisor) != 0);
    i64::try_from(bytes).ok()
}

fn factor(suffix: &str) -> Option<(i128, i128)> {
    let binary = |power: u32| Some((1_i128 << (10 * power), 1));
    let decimal = |power: u32| 10_i128.checked_pow(power).map(|value| (value, 1));
    match suffix {
        "" => Some((1, 1)),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        "n" => Some((1, 1_000_000_000)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1000)),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        _ => exponent(suffix),
    }
}

fn exponent(suffix: &str) -> Option<(i128, i128)> {
    let power = suffix.strip_prefix(['e', 'E'])?;
    if let Some(negative) = power.strip_prefix('-') {
        let power: u32 = negative.parse().ok().filter(|power| *power <= 18)?;
        return Some((1, 10_i128.checked_pow(power)?));
    }
    let power: u32 = power.strip_prefix('+').unwrap_or(power).parse().ok().filter(|power| *power <= 18)?;
    Some((10_i128.checked_pow(power)?, 1))
}

/// Bytes for people, to the nearest tenth, from a hundred on to the nearest whole: `512 MiB`, `1.5 GiB`, `40 GiB`.
pub fn human(bytes: i64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut unit = 0_usize;
    let mut scale = 1_i64;
    while unit + 1 < UNITS.len() && bytes / scale >= 1024 {
        scale = scale.saturating_mul(1024);
        unit += 1;
    }
    let rounded =
        |parts: i128| (i128::from(bytes) * parts * 2 + i128::from(scale)).div_euclid(i128::from(scale) * 2);
    let name = |unit: usize| UNITS.get(unit).copied().unwrap_or("B");
    let (whole, tenths) = (rounded(1), rounded(10));
    if whole == 1024 && unit + 1 < UNITS.len() {
        return format!("1 {}", name(unit + 1));
    }
    let name = name(unit);
    if tenths >= 1000 {
        format!("{whole} {name}")
    } else if tenths % 10 == 0 {
        format!("{} {name}", tenths / 10)
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::{human, parse};

    #[test]
    fn figures_are_rounded_to_the_nearest() {
        const GIB: i64 = 1 << 30;
        for (bytes, shown) in [
            (2427 * GIB, "2.4 TiB"),
            (2400 * GIB, "2.3 TiB"),
            (GIB / 1024 * 1536, "1.5 GiB"),
            (40 * GIB, "40 GiB"),
            (GIB * 100 + GIB / 2, "101 GiB"),
            (1024 * GIB - 1, "1 TiB"),
            (1023, "1023 B"),
            (0, "0 B"),
        ] {
            assert_eq!(human(bytes), shown, "{bytes}");
        }
    }

    #[test]
    fn quantities_are_bytes_rounded_up() {
        let table = [
            ("10Gi", 10 << 30),
            ("1", 1),
            ("1500m", 2),
            ("1.5Gi", 3 << 29),
            ("1e3", 1000),
            ("1E", 1_000_000_000_000_000_000),
            ("0.5", 1),
            ("100M", 100_000_000),
            ("+5k", 5000),
            (".5Ki", 512),
        ];
        for (text, bytes) in table {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for text in [
            "",
            "-1",
            "Gi",
            "10 Gi",
            "1.2.3",
            "10gi",
            "9999999E",
            "0x10",
            "1e99",
            "NaN",
            "99999999999999999999999999999999999999999",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_read_well() {
        assert_eq!(human(0), "0 B");
        assert_eq!(human(3 << 29), "1.5 GiB");
        assert_eq!(human(40 << 30), "40 GiB");
        assert_eq!(human(i64::MAX), "8 EiB");
    }
}
