//! The table: one line a figure, the median of the rounds and how far they spread.

use std::fmt;

/// What a figure has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// Printed to be fair, promised by nobody.
    None,
}

#[derive(Debug)]
struct Row {
    figure: String,
    unit: &'static str,
    target: Target,
    values: Vec<f64>,
    wall: Vec<f64>,
    cpu: Vec<f64>,
    note: String,
}

/// All figures, in the order in which they were first measured.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds what one round measured.
    pub(crate) fn add(
        &mut self,
        figure: &str,
        unit: &'static str,
        target: Target,
        value: f64,
        times: (f64, f64),
    ) {
        let row = self.row(figure, unit, target);
        row.values.push(value);
        row.wall.push(times.0);
        row.cpu.push(times.1);
    }

    /// Says why there is nothing to measure.
    pub(crate) fn note(&mut self, figure: &str, target: Target, note: &str) {
        self.row(figure, "", target).note = note.to_owned();
    }

    fn row(&mut self, figure: &str, unit: &'static str, target: Target) -> &mut Row {
        let at = self.rows.iter().position(|row| row.figure == figure).unwrap_or(self.rows.len());
        if at == self.rows.len() {
            let (values, wall, cpu) = (Vec::new(), Vec::new(), Vec::new());
            self.rows.push(Row {
                figure: figure.into(),
                unit,
                target,
                values,
                wall,
                cpu,
                note: String::new(),
            });
        }
        let last = self.rows.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the row was found or has just been pushed")]
        &mut self.rows[at.min(last)]
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

fn median(values: &[f64]) -> f64 {
    let values = sorted(values);
    match (values.get(values.len() / 2), values.get(values.len().saturating_sub(1) / 2)) {
        (Some(high), Some(low)) => (high + low) / 2.0,
        _ => 0.0,
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<66} {:>9} {:>4} {:>9} {:>3} {:>17} {:>8} {:>8}  met",
            "figure", "measured", "", "target", "N", "spread", "wall s", "CPU s"
        )?;
        for row in &self.rows {
            let (value, values) = (median(&row.values), sorted(&row.values));
            let target = match row.target {
                Target::AtLeast(target) => format!(">= {target}"),
                Target::AtMost(target) => format!("<= {target}"),
                Target::None => String::new(),
            };
            if values.is_empty() {
                writeln!(f, "{:<66} {:>9} {:>4} {target:>9}  {}", row.figure, "-", "", row.note)?;
                continue;
            }
            let met = match row.target {
                Target::AtLeast(target) => {
                    if value >= target {
                        "yes"
                    } else {
                        "NO"
                    }
                }
                Target::AtMost(target) => {
                    if value <= target {
                        "yes"
                    } else {
                        "NO"
                    }
                }
                Target::None => "",
            };
            let (low, high) = (values.first().unwrap_or(&0.0), values.last().unwrap_or(&0.0));
            writeln!(
                f,
                "{:<66} {:>9} {:>4} {:>9} {:>3} {:>17} {:>8.2} {:>8.2}  {met}",
                row.figure,
                short(value),
                row.unit,
                target,
                values.len(),
                format!("{}..{}", short(*low), short(*high)),
                median(&row.wall),
                median(&row.cpu)
            )?;
        }
        Ok(())
    }
}

fn short(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::{Table, Target, median};

    #[test]
    fn the_median_counts_and_the_target_is_held_against_it() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9 && (median(&[1.0, 2.0]) - 1.5).abs() < 1e-9);
        let mut table = Table::default();
        for value in [1.0, 9.0, 2.0] {
            table.add("a", "x", Target::AtMost(2.0), value, (0.0, 0.0));
            table.add("b", "x", Target::AtLeast(2.5), value, (0.0, 0.0));
        }
        table.note("c", Target::AtLeast(1.0), "OPA not installed");
        let text = table.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1].ends_with("yes") && lines[2].ends_with("NO") && lines[3].contains("not installed"),
            "{text}"
        );
    }
}
