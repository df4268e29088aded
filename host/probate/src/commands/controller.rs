//! `probate controller`: the process in the pod.

use crate::cli::ControllerArgs;
use crate::cluster::loader::SandboxLoader;
use crate::cluster::{access, block_on, looks};
use crate::exit::{Exit, Outcome, Stop};
use crate::{session, world};
use probate_cluster::controller::journal::{Out, Writer};
use probate_cluster::controller::{Options, run as turn};
use probate_cluster::observe::watch::now;
use probate_contract::settings::SettingsSpec;
use std::fs::File;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

/// Runs until it is told to stop.
///
/// # Errors
/// The cluster cannot be reached, settings cannot be read, the sandbox does not start.
pub fn run(args: &ControllerArgs, threads: Option<NonZeroUsize>) -> Outcome {
    let filter = tracing_subscriber::EnvFilter::try_from_env("PROBATE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second subscriber in one process is refused; the first one stays.
    let _ = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    let settings = args.settings.as_deref().map_or_else(|| Ok(SettingsSpec::default()), world::settings)?;
    let engine = session::engine(now(), threads)?;
    let threads = session::threads(threads);
    let loader = Arc::new(SandboxLoader { engine, threads });
    let outs = outs(args.log.as_deref())?;
    let journal = Arc::new(Writer::start(&args.cluster.cluster_name, session::log_engine(), outs));
    block_on(async {
        let home = access(&args.cluster).await?;
        let linked = looks(&args.cluster, &home).await?.into_iter().skip(1).collect();
        let options = Options {
            name: args.cluster.cluster_name.clone(),
            linked,
            settings,
            policies: args.policies.clone(),
            listen: Some(args.listen),
            purger: args.purger.clone(),
            threads,
        };
        turn(home, loader, journal, options, stopped()).await.map_err(|error| Stop::cluster(&error))
    })?;
    Ok(Exit::Done)
}

/// Where the decision log goes: standard output, and a file where one is named.
fn outs(file: Option<&Path>) -> Result<Vec<Out>, Stop> {
    let mut outs: Vec<Out> = vec![("standard output", Box::new(std::io::stdout()))];
    if let Some(file) = file {
        let file = File::options().create(true).append(true).open(file).map_err(|error| {
            Stop::usage("PB7012", format!("--log: {error}"), "name a file in a folder that is there")
        })?;
        outs.push(("--log", Box::new(file)));
    }
    Ok(outs)
}

/// SIGTERM or SIGINT.
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        // Without signals only SIGKILL ends it, which it withstands.
        _ => std::future::pending().await,
    }
}
