//! Commands that talk to a cluster: how it is reached, and what is there as an inventory.

pub mod loader;

use crate::cli::{ClusterArgs, InputArgs};
use crate::exit::Stop;
use crate::load::DumpArg;
use crate::policies::Policies;
use crate::print::Progress;
use crate::world::{self, World};
use probate_cluster::connect::{Access, Target, connect};
use probate_cluster::observe::live::{Look, look};
use probate_cluster::records::Records;
use probate_contract::plan::AsOfSource;
use probate_contract::settings::SettingsSpec;
use probate_sandbox::Engine;
use std::future::Future;
use std::num::NonZeroUsize;
use std::path::Path;

/// Runs a future to its end.
///
/// # Errors
/// There is no runtime, or what the future says.
pub fn block_on<T>(future: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(crate::internal)?.block_on(future)
}

/// Connects as the flags say.
///
/// # Errors
/// There is no configuration that works.
pub async fn access(args: &ClusterArgs) -> Result<Access, Stop> {
    let target = Target { kubeconfig: args.kubeconfig.clone(), context: args.context.clone() };
    connect(&target).await.map_err(|error| Stop::cluster(&error))
}

/// The clusters of the flags, the first one the home cluster.
///
/// # Errors
/// One of them has no configuration that works.
pub async fn looks(args: &ClusterArgs, home: &Access) -> Result<Vec<Look>, Stop> {
    let mut looks =
        vec![Look { name: args.cluster_name.clone(), access: Some(home.clone()), kubeconfig: None }];
    for link in &args.link {
        let wrong = || {
            Stop::usage(
                "PB0010",
                format!("--link {link}: not NAME=KUBECONFIG"),
                "write --link rancher=rancher.yaml",
            )
        };
        let (name, path) = link.split_once('=').ok_or_else(wrong)?;
        let target = Target { kubeconfig: Some(path.into()), context: None };
        let access = match connect(&target).await {
            Ok(access) => Some(access),
            Err(error) => {
                tracing::warn!(%error, name, "a linked cluster is unknown");
                None
            }
        };
        looks.push(Look { name: name.to_owned(), access, kubeconfig: Some(path.into()) });
    }
    Ok(looks)
}

/// What the dumps hold; without any, what is in the cluster now.
///
/// # Errors
/// As of `world::load` and `live`.
pub fn world(
    dumps: &[DumpArg],
    cluster: &ClusterArgs,
    input: &InputArgs,
    threads: Option<NonZeroUsize>,
) -> Result<World, Stop> {
    if dumps.is_empty() {
        return live(cluster, input.settings.as_deref());
    }
    let progress = Progress::new(dumps);
    world::load(dumps, input, threads, Some(&|file, bytes| progress.read(file, bytes)))
}

/// What is there now, with the records of probate's namespace.
///
/// # Errors
/// The cluster does not answer.
pub fn live(args: &ClusterArgs, settings: Option<&Path>) -> Result<World, Stop> {
    let settings = settings.map_or_else(|| Ok(SettingsSpec::default()), world::settings)?;
    let (inventory, records) = block_on(async {
        let access = access(args).await?;
        let looks = looks(args, &access).await?;
        let records = match Records::load(&access).await {
            Ok(records) => records.documents(),
            // Without our kinds, or without the right to read them, nothing is known of the past.
            Err(error) if matches!(error.code(), Some(403 | 404)) => Vec::new(),
            Err(error) => return Err(Stop::cluster(&error)),
        };
        let inventory = look(&looks, &[], records.clone(), &settings.ignored_references).await;
        Ok((inventory.map_err(|error| Stop::cluster(&error))?, records))
    })?;
    Ok(World {
        inventory,
        as_of_source: AsOfSource::Inventory,
        settings,
        unused_since: None,
        unreadable: false,
        records,
    })
}

/// The policies of the cluster; none where their kinds are not installed.
///
/// # Errors
/// The cluster does not give them.
pub fn policies(args: &ClusterArgs, engine: &Engine) -> Result<Policies, Stop> {
    let sources = block_on(async {
        let access = access(args).await?;
        match probate_cluster::controller::policies::list(&access).await {
            Ok(sources) => Ok(sources),
            Err(error) if error.code() == Some(404) => Ok(Vec::new()),
            Err(error) => Err(Stop::cluster(&error)),
        }
    })?;
    let mut items: Vec<_> = sources.into_iter().map(|source| loader::load(source, engine)).collect();
    items.sort_by_cached_key(|item| item.policy().id());
    Ok(Policies { items })
}
