//! `probate verify`: whether a decision log is whole and unchanged.

use crate::cli::VerifyArgs;
use crate::exit::{Exit, Outcome};
use crate::{lines, print};
use probate_contract::Diagnostic;
use probate_core::log::{Anchors, Fault, Finding, Verified, Verifier};
use std::path::{Path, PathBuf};

/// Runs the command.
///
/// # Errors
/// A file that cannot be read.
pub fn run(args: &VerifyArgs) -> Outcome {
    let mut verifier = Verifier::new(Anchors { heads: args.head.clone(), after: args.after.clone() });
    let (mut begins, mut total): (Vec<(PathBuf, u64)>, u64) = (Vec::new(), 0);
    lines::each(&args.files, |file, number, text| {
        if number == 1 {
            begins.push((file.to_owned(), total));
        }
        total += 1;
        verifier.line(text);
    })?;
    let verified = verifier.finish();
    print::diagnostics(&verified.findings.iter().map(|finding| said(finding, &begins)).collect::<Vec<_>>());
    print::diagnostics(&unknown(&verified, args));
    print::log::verified(&verified, args.output)?;
    Ok(if verified.findings.is_empty() { Exit::Done } else { Exit::Failed })
}

fn said(finding: &Finding, begins: &[(PathBuf, u64)]) -> Diagnostic {
    let Finding { line, chain, sequence, fault } = finding;
    let place = match (chain, sequence) {
        (Some(chain), Some(sequence)) if matches!(fault, Fault::NotALine(_)) => {
            format!("where {chain} {sequence} should stand: ")
        }
        (Some(chain), Some(sequence)) => format!("{chain} {sequence}: "),
        _ => String::new(),
    };
    let said = Diagnostic::error(lines::code(fault), format!("{place}{fault}"));
    let at = line.and_then(|line| {
        let (file, before): &(PathBuf, u64) = begins.iter().rev().find(|(_, before)| *before < line)?;
        Some((file.as_path(), line - before))
    });
    match at {
        Some((file, line)) => said.file(Path::display(file).to_string()).at(line, 1),
        None => said,
    }
}

/// Chains that go on after one that is neither here nor known.
fn unknown(verified: &Verified, args: &VerifyArgs) -> Vec<Diagnostic> {
    let known =
        |hash: &String| args.after.contains(hash) || verified.chains.iter().any(|other| other.head == *hash);
    let follows = verified.chains.iter().filter_map(|end| {
        let after = end.after.as_ref().filter(|after| end.first == 1 && !known(after))?;
        let message = format!("{} follows a chain that is not here: it ended in {after}", end.chain);
        Some(Diagnostic::note("PB7013", message).fix("give the older files too, or the hash with --after"))
    });
    follows.collect()
}
