//! A run of tests as JUnit XML, without times: the same run gives the same bytes.

use super::report::{File, Result as Ended, Test, TestReport};
use super::show::plain;
use std::io::{self, Write};

/// Writes it.
///
/// # Errors
/// It cannot be written.
pub fn write(report: &TestReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let count = |wanted: Ended| report.tests().filter(|test| test.result == wanted).count();
    let broken = report.files.iter().filter(|file| file.broken()).count() + report.diagnostics.len();
    let errors = count(Ended::Errored) + broken;
    let tests = report.tests().count() + broken;
    writeln!(
        out,
        "<testsuites name=\"probate\" tests=\"{tests}\" failures=\"{}\" errors=\"{errors}\">",
        count(Ended::Failed)
    )?;
    for file in &report.files {
        suite(file, out)?;
    }
    if !report.diagnostics.is_empty() {
        let said: Vec<String> = report.diagnostics.iter().map(ToString::to_string).collect();
        writeln!(
            out,
            "  <testsuite name=\"probate\" tests=\"{0}\" failures=\"0\" errors=\"{0}\">",
            said.len()
        )?;
        for text in said {
            lone(&text, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn suite(file: &File, out: &mut dyn Write) -> io::Result<()> {
    let count = |wanted: Ended| file.tests.iter().filter(|test| test.result == wanted).count();
    let broken = usize::from(file.broken());
    writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        escaped(&file.file),
        file.tests.len() + broken,
        count(Ended::Failed),
        count(Ended::Errored) + broken
    )?;
    if broken > 0 {
        let said: Vec<String> = file.diagnostics.iter().map(ToString::to_string).collect();
        lone(&said.join("\n"), out)?;
    }
    for test in &file.tests {
        case(file, test, out)?;
    }
    writeln!(out, "  </testsuite>")
}

/// An error that belongs to no test.
fn lone(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let first = text.lines().next().unwrap_or_default();
    writeln!(out, "    <testcase name=\"{}\"><error>{}</error></testcase>", escaped(first), escaped(text))
}

fn case(file: &File, test: &Test, out: &mut dyn Write) -> io::Result<()> {
    let line = test.line.map(|line| format!(" line=\"{line}\"")).unwrap_or_default();
    let (name, file) = (escaped(&test.title()), escaped(&file.file));
    write!(out, "    <testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\"{line}")?;
    let element = match test.result {
        Ended::Passed => return writeln!(out, "/>"),
        Ended::Failed => "failure",
        Ended::Errored => "error",
    };
    let differences = test.differences.iter().map(|difference| {
        let (expected, actual) = (plain(&difference.expected), plain(&difference.actual));
        format!("{}: expected {expected}, got {actual}", difference.key)
    });
    let said: Vec<String> = differences
        .chain(test.diagnostics.iter().map(ToString::to_string))
        .chain(test.prints.iter().map(|print| format!("printed: {print}")))
        .collect();
    let first = said.first().map(String::as_str).unwrap_or("not true");
    let first = first.lines().next().unwrap_or_default();
    writeln!(
        out,
        "><{element} message=\"{}\">{}</{element}></testcase>",
        escaped(first),
        escaped(&said.join("\n"))
    )
}

/// Text in XML; characters that XML does not have become `?`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_cannot_leave_its_element() {
        assert_eq!(super::escaped("a<b>&\"\u{1}"), "a&lt;b&gt;&amp;&quot;?");
    }
}
