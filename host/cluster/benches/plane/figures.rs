//! What the kernel says of a process. Linux only, as the figures are.

use anyhow::Context as _;
use std::io::Write as _;

/// Prints a line.
pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush().context("cannot print")
}

/// Processor seconds of a process (`self` or its id); Linux counts them in hundredths.
pub(crate) fn cpu(process: &str) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields = text.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>().unwrap_or(0.0));
    Ok(ticks.sum::<f64>() / 100.0)
}

/// Bytes of a process that are in memory, and the most that ever were.
pub(crate) fn resident(process: &str) -> anyhow::Result<(f64, f64)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
    };
    Ok((of("VmRSS:"), of("VmHWM:")))
}

/// The value that 99 of 100 do not exceed, and the middle one.
pub(crate) fn spread(values: &[f64]) -> (f64, f64) {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = |share: usize| values.get((values.len() * share).div_ceil(100).saturating_sub(1)).copied();
    (at(99).unwrap_or(0.0), at(50).unwrap_or(0.0))
}
