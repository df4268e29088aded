//! `probate restore`: same volume, same data, new claim.

use crate::cli::RestoreArgs;
use crate::cluster::{access, block_on};
use crate::exit::{Exit, Outcome, Stop};
use crate::print;
use probate_cluster::apply::restore::{How, Restored, Wanted, find, restore};
use probate_cluster::connect::as_account;
use probate_cluster::plans;
use probate_cluster::records::Records;
use probate_contract::Diagnostic;

/// Whose rights a restore writes with, where a person may use them.
const ACCOUNT: &str = "probate";
const TOKEN_SECONDS: i64 = 600;

/// Runs the command.
///
/// # Errors
/// Nothing of that name is in quarantine, something forbids it, the cluster does not answer.
pub fn run(args: &RestoreArgs) -> Outcome {
    let object = if args.run.is_some() { None } else { Some(wanted(args)?) };
    let to = args.to.as_deref().map(place).transpose()?;
    let how = How { to, dry_run: args.dry_run, return_policy: args.return_policy };
    let results = block_on(async {
        let access = access(&args.cluster).await?;
        let failed = |error: probate_cluster::ClusterError| Stop::cluster(&error);
        let mut records = match Records::load(&access).await {
            Ok(records) => records,
            // The volume alone is enough.
            Err(error) if matches!(error.code(), Some(403 | 404)) => Records::default(),
            Err(error) => return Err(failed(error)),
        };
        let wanted = match (object, &args.run) {
            (Some(object), _) => object,
            (None, plan) => {
                let plan = plan.as_deref().unwrap_or_default();
                Wanted::Decisions(plans::decisions(&access, plan).await.map_err(failed)?)
            }
        };
        let found = find(&access, &records, &wanted).await.map_err(failed)?;
        if found.len() > 1 && !matches!(wanted, Wanted::Decisions(_)) {
            let names: Vec<String> =
                found.iter().filter_map(|found| found.restorable.volume.clone()).collect();
            let message = format!("several volumes had that claim: {}", names.join(", "));
            return Err(Stop::usage("PB6021", message, "name one: probate restore pv/NAME"));
        }
        // What is in quarantine is written by probate's own account alone.
        let writer = match as_account(&access, ACCOUNT, TOKEN_SECONDS).await {
            Ok(client) => client,
            Err(_) => access.write.clone(),
        };
        let mut results = Vec::new();
        for found in &found {
            results.push(restore(&access, &writer, &mut records, found, &how).await.map_err(failed)?);
        }
        Ok(results)
    })?;
    if results.is_empty() {
        let said = Diagnostic::error("PB6020", "nothing of that name is in quarantine")
            .fix("see `probate status`; what was purged cannot be restored");
        print::diagnostics(&[said]);
        return Ok(Exit::Empty);
    }
    let mut exit = Exit::Done;
    for result in results {
        match result {
            Restored::Done(namespace, name) => print::text(&format!("pvc/{namespace}/{name} restored\n"))?,
            Restored::WouldWork(namespace, name) => {
                print::text(&format!("pvc/{namespace}/{name} can be restored\n"))?;
            }
            Restored::Held(cause, detail) => {
                print::diagnostics(&[Diagnostic::error("PB6022", format!("{cause}: {detail}"))
                    .consequence("the volume stays as it is")
                    .fix("see `probate codes PB6022`, or give another place with --to")]);
                exit = Exit::Stopped;
            }
        }
    }
    Ok(exit)
}

fn place(text: &str) -> Result<(String, String), Stop> {
    let parts = text.split_once('/').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty());
    let (namespace, name) = parts.ok_or_else(|| {
        Stop::usage("PB0012", format!("--to {text}: not NAMESPACE/NAME"), "write --to shop/data")
    })?;
    Ok((namespace.to_owned(), name.to_owned()))
}

fn wanted(args: &RestoreArgs) -> Result<Wanted, Stop> {
    if let Some(decision) = &args.decision {
        return Ok(Wanted::Decisions([decision.clone()].into()));
    }
    let words: Vec<&str> = args.object.iter().map(String::as_str).collect();
    let namespace = || args.namespace.clone().unwrap_or_else(|| "default".into());
    match words.as_slice() {
        ["pvc", name] => Ok(Wanted::Claim(namespace(), (*name).to_owned())),
        ["pv", name] => Ok(Wanted::Volume((*name).to_owned())),
        [one] => match one.split('/').collect::<Vec<_>>().as_slice() {
            ["pvc", namespace, name] => Ok(Wanted::Claim((*namespace).to_owned(), (*name).to_owned())),
            ["pvc", name] => Ok(Wanted::Claim(namespace(), (*name).to_owned())),
            ["pv", name] => Ok(Wanted::Volume((*name).to_owned())),
            _ => Err(unclear(one)),
        },
        _ => Err(unclear(&args.object.join(" "))),
    }
}

fn unclear(text: &str) -> Stop {
    Stop::usage(
        "PB0007",
        format!("`{text}` is no claim and no volume"),
        "write pvc NAME -n NAMESPACE, pvc/NAMESPACE/NAME or pv/NAME",
    )
}
