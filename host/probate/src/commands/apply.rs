//! `probate apply` and `probate approve`: a plan becomes an object that a person approves; the controller carries it out.

use crate::cli::{ApplyArgs, ApproveArgs};
use crate::cluster::{access, block_on};
use crate::exit::{Exit, Outcome, Stop};
use crate::print;
use probate_cluster::observe::watch::now;
use probate_cluster::plans;
use probate_contract::plan::{DecisionAction, PlanReport};
use probate_contract::{API_VERSION, Diagnostic};
use std::io::Write;

/// Makes a Plan object.
///
/// # Errors
/// The file is no plan, the cluster does not answer or refuses.
pub fn run(args: &ApplyArgs) -> Outcome {
    let report = read(args)?;
    let standing =
        report.entries.iter().filter(|entry| entry.decision.action == DecisionAction::Delete).count();
    if standing == 0 {
        let said = Diagnostic::warning("PB6010", "the plan deletes nothing").consequence("no Plan is made");
        print::diagnostics(&[said]);
        return Ok(Exit::Empty);
    }
    let digest = report.digest.strip_prefix("sha256:").unwrap_or(&report.digest);
    let short: String = digest.chars().take(10).collect();
    let name = args.name.clone().unwrap_or_else(|| format!("plan-{short}"));
    let stale = block_on(async {
        let access = access(&args.cluster).await?;
        let stale = plans::stale(&access, &report).await.map_err(|error| Stop::cluster(&error))?;
        if stale.is_empty() {
            let plan = plans::of_report(&report, &name, now().saturating_add(args.expires_seconds));
            plans::create(&access, &plan).await.map_err(|error| Stop::cluster(&error))?;
        }
        Ok(stale)
    })?;
    if !stale.is_empty() {
        let said: Vec<Diagnostic> = stale
            .into_iter()
            .map(|what| Diagnostic::error("PB6011", format!("the plan is stale: {what}")).fix("plan again"))
            .collect();
        print::diagnostics(&said);
        return Ok(Exit::Stale);
    }
    writeln!(
        anstream::stdout(),
        "Plan probate/{name}: {standing} items, to be approved: probate approve {name}"
    )
    .map_err(crate::internal)?;
    Ok(Exit::Done)
}

fn read(args: &ApplyArgs) -> Result<PlanReport, Stop> {
    let shown = args.plan.display().to_string();
    let wrong = |message: String| {
        let fix = "give what `probate plan --context … -o json` prints";
        Stop::invalid(vec![Diagnostic::error("PB6012", message).file(shown.clone()).fix(fix)])
    };
    let text = std::fs::read(&args.plan).map_err(|error| wrong(error.to_string()))?;
    let report: PlanReport = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    if report.api_version != API_VERSION || report.kind != "PlanReport" {
        return Err(wrong(format!("it is a {} of {}", report.kind, report.api_version)));
    }
    if probate_core::plan::digest_of(&report) != report.digest {
        return Err(wrong("its digest is not that of what it says".into()));
    }
    Ok(report)
}

/// Approves or rejects a Plan object.
///
/// # Errors
/// There is none of that name, or the right is missing.
pub fn approve(args: &ApproveArgs) -> Outcome {
    block_on(async {
        let access = access(&args.cluster).await?;
        plans::decide(&access, &args.plan, !args.reject).await.map_err(|error| Stop::cluster(&error))
    })?;
    let word = if args.reject { "rejected" } else { "approved" };
    writeln!(anstream::stdout(), "Plan probate/{} {word}", args.plan).map_err(crate::internal)?;
    Ok(Exit::Done)
}
