//! Test suites: cases beside policies, through the whole pipeline or on evidence alone, and native Rego tests. Read in this order:
//! find (where tests are), leaves (cases and table rows as one list), scene and fill (the world of a case), ask and input (what
//! comes out), expect (is it right), run (all of them), then update, coverage, report and how they are printed.

mod ask;
mod bench;
mod capture;
pub mod coverage;
mod expect;
mod fill;
mod find;
mod input;
pub mod junit;
mod leaves;
pub(crate) mod merge;
mod names;
mod native;
pub mod report;
mod run;
mod scene;
pub mod show;
mod tree;
pub mod update;
mod variant;

pub use run::{Options, Ran, run};

/// Codes of test suites and what they mean, for `probate codes`.
pub const CODES: &[(&str, &str)] = &[
    ("PB8001", "A path that holds no test, or cannot be read."),
    ("PB8002", "A suite (kind: PolicyTest) that is not of its shape."),
    ("PB8003", "A case without expect: it could never fail."),
    ("PB8004", "No policy of the suite selects the case's subject, so nothing is tested."),
    ("PB8005", "The case's subject is not in its world, or in several clusters of it."),
    (
        "PB8006",
        "An expectation that cannot be compared: whose verdict is meant is not said, or there is no decision.",
    ),
    ("PB8007", "A case without a time: neither it nor its suite nor a dump says when it is."),
    ("PB8008", "An input that is no evidence."),
    ("PB8009", "A name in when, patch or remove that is no object of the world."),
    ("PB8010", "A variant whose program is missing, does not load or answers differently."),
    ("PB8011", "A reason that is no regular expression."),
    ("PB8012", "Objects or records of a suite that cannot be used."),
    ("PB8013", "Native tests that do not load, or stand beside no policy."),
    ("PB8014", "A policy of a suite that cannot be used."),
    ("PB8016", "Settings of a suite that are no settings."),
    ("PB8017", "Fewer lines of Rego were reached than the threshold asks for."),
    ("PB8018", "There is no test, or none whose name matches."),
    (
        "PB8019",
        "An expectation that is not rewritten: a Retain would become a Delete, or the text cannot be edited.",
    ),
    ("PB8020", "A native test that is not true, errs, or meets a limit."),
];

#[cfg(test)]
mod tests {
    #[test]
    fn codes_are_sorted_and_of_this_group() {
        assert!(super::CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(super::CODES.iter().all(|(code, _)| code.starts_with("PB80") && code.len() == 6));
    }
}
