//! The control plane of tests by hand: `cargo xtask cluster` calls this.

use clap::Parser;
use probate_apiserver::cluster;
use std::io::Write as _;
use std::path::PathBuf;

/// A Kubernetes control plane on this machine, for trying things out.
#[derive(Parser)]
#[command(name = "control-plane")]
enum Command {
    /// Starts it, and prints what a shell needs: eval "$(cargo xtask cluster up)"
    Up,
    /// Stops it.
    Down,
    /// Shows what runs.
    Status,
    /// Installs the definitions of other systems' kinds: KubeVirt, CDI, Harvester, Rancher, snapshots, backup tools.
    Crds,
    /// Runs the storage driver and the node in the foreground.
    Driver {
        /// Whose account to act as
        #[arg(long)]
        kubeconfig: PathBuf,
        /// Folder of the volumes
        #[arg(long)]
        volumes: PathBuf,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let dir = cluster::state_dir()?;
    let text = match Command::parse() {
        Command::Up => cluster::up(&dir, &std::env::current_exe()?).await?,
        Command::Status => cluster::status(&dir)?,
        Command::Down if cluster::down(&dir).await? => "# stopped\n".to_owned(),
        Command::Down => "# nothing was up\n".to_owned(),
        Command::Crds => {
            cluster::install_crds(&dir).await?;
            "# installed\n".to_owned()
        }
        Command::Driver { kubeconfig, volumes } => {
            cluster::drive(&kubeconfig, &volumes).await?;
            String::new()
        }
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
