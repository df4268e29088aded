//! Kinds that policies name in text. Any kind may refer to a volume, so that one that is merely unknown is no mistake; one that
//! nearly is a known one is told of.

use super::at;
use probate_contract::Diagnostic;
use probate_contract::shape::nearest;
use regorus::unstable::Span;

/// Kinds that are understood, a line each, sorted; written by `cargo xtask pages`.
const KNOWN: &str = include_str!("kinds.txt");

/// What is to be said of a kind that was probably meant otherwise.
pub(crate) fn slip(kind: &str, span: &Span) -> Option<Diagnostic> {
    let known: Vec<String> = KNOWN.lines().map(str::to_owned).collect();
    if known.iter().any(|one| one == kind) {
        return None;
    }
    let bare = kind.split('.').next().unwrap_or(kind);
    let meant = known.iter().find(|one| *one == bare).cloned().or_else(|| nearest(bare, known.iter()))?;
    let message = format!("nothing known has the kind {kind:?}");
    let diagnostic = at(Diagnostic::warning("PB2113", message), span);
    Some(
        diagnostic
            .consequence("where nothing has it, what asks for it never holds, and under `not` always does")
            .fix(format!("did you mean {meant:?}? Kinds stand in the singular, without their group")),
    )
}
