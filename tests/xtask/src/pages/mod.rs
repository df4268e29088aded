//! `cargo xtask pages`: the pages that are generated from code and cases: what is understood, which marks count, the scenarios,
//! and the comparison with other tools.

mod facts;
mod scenarios;

pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let put = |path: &str, text: &str| crate::generated::put(path, text, check, "pages");
    put("host/core/FACTS.md", &facts::kinds())?;
    put("host/core/MARKS.md", &facts::marks())?;
    put("host/rego/src/analysis/kinds.txt", &facts::names())?;
    put("tests/corpus/SCENARIOS.md", &scenarios::scenarios()?)?;
    put("tests/corpus/PEERS.md", &scenarios::peers()?)
}

/// Text as a table's cell holds it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}
