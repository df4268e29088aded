//! Which lines of Rego the tests reached.

use super::find::tidy;
use super::report::{FileLines, Lines};
use probate_contract::rego::Coverage;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The union of what cases and native tests reached; `folder` is where a file's name belongs to.
pub(crate) fn lines(parts: Vec<(PathBuf, Coverage)>) -> Lines {
    let mut files: BTreeMap<String, BTreeMap<u64, bool>> = BTreeMap::new();
    for (folder, coverage) in parts {
        for file in coverage.files {
            let lines = files.entry(tidy(&folder.join(&file.file)).display().to_string()).or_default();
            for line in file.missed {
                lines.entry(line).or_insert(false);
            }
            for line in file.covered {
                lines.insert(line, true);
            }
        }
    }
    let mut all = Lines::default();
    for (file, lines) in files {
        let missed: Vec<u64> =
            lines.iter().filter(|(_, reached)| !**reached).map(|(line, _)| *line).collect();
        let count = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let covered = count - u64::try_from(missed.len()).unwrap_or(0);
        all.lines += count;
        all.covered += covered;
        all.files.push(FileLines { file, lines: count, covered, missed });
    }
    all.percent = percent(all.covered, all.lines);
    all
}

/// Rounded down; all of nothing is everything.
pub fn percent(covered: u64, lines: u64) -> u64 {
    (covered * 100).checked_div(lines).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use probate_contract::rego::FileCoverage;

    #[test]
    fn a_line_reached_anywhere_is_covered() {
        let part = |covered: &[u64], missed: &[u64]| {
            let file =
                FileCoverage { file: "policy.rego".into(), covered: covered.into(), missed: missed.into() };
            (PathBuf::from("a/cases/.."), Coverage { files: vec![file] })
        };
        let lines = lines(vec![part(&[1], &[2, 3]), part(&[2], &[1, 3])]);
        assert_eq!((lines.covered, lines.lines, lines.percent), (2, 3, 66));
        assert_eq!(lines.files[0].file, "a/policy.rego");
        assert_eq!(lines.files[0].missed, [3]);
        assert_eq!(percent(0, 0), 100);
    }
}
