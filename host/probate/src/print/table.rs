//! Tables as kubectl prints them: columns, no borders; the last column gives way where the terminal is narrow.

use super::style;
use anstyle::Style;

/// Spaces between columns.
const GAP: usize = 3;
/// The last column keeps at least so much.
const NARROWEST: usize = 20;

/// One cell.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in color.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, style: style::PLAIN }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

#[derive(Clone, Debug)]
enum Row {
    Cells(Vec<Cell>),
    Line(String),
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Row>,
}

impl Table {
    /// With these columns.
    pub fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row::Cells(cells));
    }

    /// Adds a line across all columns.
    pub fn line(&mut self, text: impl Into<String>) {
        self.rows.push(Row::Line(text.into()));
    }

    /// True where there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text, no wider than that.
    pub fn render(&self, width: Option<usize>) -> String {
        let widths = self.widths();
        let head: Vec<Cell> = self.header.iter().map(|name| Cell::styled(*name, style::HEAD)).collect();
        let mut out = String::new();
        render_row(&head, &widths, width, &mut out);
        for row in &self.rows {
            match row {
                Row::Cells(cells) => render_row(cells, &widths, width, &mut out),
                Row::Line(text) => {
                    out.push_str(text);
                    out.push('\n');
                }
            }
        }
        out
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.header.iter().map(|name| name.chars().count()).collect();
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = (*width).max(cell.text.chars().count());
                }
            }
        }
        widths
    }
}

fn render_row(cells: &[Cell], widths: &[usize], limit: Option<usize>, out: &mut String) {
    let before: usize = widths.iter().rev().skip(1).map(|width| width + GAP).sum();
    let last = widths.len().saturating_sub(1);
    let mut line = String::new();
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let text = match limit {
            Some(limit) if at == last => shortened(&cell.text, limit.saturating_sub(before).max(NARROWEST)),
            _ => cell.text.clone(),
        };
        let pad = if at == last { 0 } else { (width + GAP).saturating_sub(text.chars().count()) };
        let style = if text.is_empty() { style::PLAIN } else { cell.style };
        line.push_str(&format!("{style}{text}{style:#}{:pad$}", ""));
    }
    out.push_str(line.trim_end_matches(' '));
    out.push('\n');
}

/// At most so many characters, with `...` where some are missing.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_line_up_and_the_last_one_gives_way() {
        let mut table = Table::new(&["A", "LONG", "REASON"]);
        table.row(vec!["value".into(), "1".into(), "a reason that does not fit the terminal".into()]);
        table.line("... and 3 more");
        let plain = |width| anstream::adapter::strip_str(&table.render(width)).to_string();
        assert_eq!(
            plain(None),
            "A       LONG   REASON\nvalue   1      a reason that does not fit the terminal\n... and 3 more\n"
        );
        assert_eq!(
            plain(Some(40)),
            "A       LONG   REASON\nvalue   1      a reason that does not...\n... and 3 more\n"
        );
    }
}
