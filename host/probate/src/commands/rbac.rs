//! `probate rbac`: the rules that a controller with these policies needs, and no more.

use crate::cli::{Format, RbacArgs};
use crate::cluster::{access, block_on};
use crate::exit::{Exit, Outcome, Stop};
use crate::print;
use probate_cluster::observe::discover::{Discovered, discover};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Runs the command.
///
/// # Errors
/// The cluster does not answer.
pub fn run(args: &RbacArgs) -> Outcome {
    let found = block_on(async {
        let access = access(&args.cluster).await?;
        discover(&access.read).await.map_err(|error| Stop::cluster(&error))
    })?;
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "probate-observe"},
        "rules": rules(&found),
    });
    print::document(&role, if args.output == Format::Json { Format::Json } else { Format::Yaml })?;
    Ok(Exit::Done)
}

/// To list and watch every kind that is evidence here, group by group.
fn rules(found: &Discovered) -> Vec<Value> {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (kind, served) in &found.evidence {
        groups.entry(&kind.group).or_default().insert(&served.resource.plural);
    }
    let rule = |(group, resources): (&str, BTreeSet<&str>)| json!({"apiGroups": [group], "resources": resources, "verbs": ["get", "list", "watch"]});
    groups.into_iter().map(rule).collect()
}
