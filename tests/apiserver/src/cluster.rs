//! A control plane that stays: `up` leaves it behind, `status` looks at it, `down` ends exactly what `up` started.

use crate::crds;
use crate::driver::{self, Disk};
use crate::node;
use crate::plane::{Options, Plane, client_of, private};
use crate::process::{Server, started};
use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What `up` leaves in its folder.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    kubeconfig: PathBuf,
    binaries: PathBuf,
    volumes: PathBuf,
    /// In the order in which they are stopped.
    processes: Vec<Process>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Process {
    name: String,
    id: u32,
    /// Tells it from a later process of the same number.
    started: u64,
}

impl Process {
    fn running(&self) -> bool {
        started(self.id) == Some(self.started)
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id).ok().and_then(Pid::from_raw);
        if let Some(id) = id.filter(|_| self.running()) {
            // It may end between the look and the signal.
            kill_process(id, signal).ok();
        }
    }
}

/// Where the state is kept: `PROBATE_CLUSTER_DIR`, or `cluster` in the cache outside the tree.
pub fn state_dir() -> anyhow::Result<PathBuf> {
    match std::env::var_os("PROBATE_CLUSTER_DIR") {
        Some(dir) => Ok(PathBuf::from(dir)),
        None => Ok(crate::go::cache()?.join("cluster")),
    }
}

/// Starts a cluster unless one runs, and gives lines for a shell. `program` is this crate's binary, for the driver's process.
pub async fn up(dir: &Path, program: &Path) -> anyhow::Result<String> {
    if let Some(state) = read(dir)? {
        if state.processes.iter().all(Process::running) {
            return Ok(lines(&state));
        }
        down(dir).await?;
    }
    fs::create_dir_all(dir)?;
    let home = dir.join("plane");
    if home.exists() {
        fs::remove_dir_all(&home).with_context(|| format!("cannot remove {}", home.display()))?;
    }
    let options = Options { workloads: true, ..Options::default() };
    let (plane, ids) = Plane::detached(home, options).await?;
    let volumes = plane.dir().join("volumes");
    let mut state = State {
        kubeconfig: plane.kubeconfig().to_owned(),
        binaries: plane.binaries().to_owned(),
        volumes: volumes.clone(),
        processes: ids.into_iter().map(|(name, id)| process(name, id)).collect(),
    };
    // Written before the driver starts, so that a failure leaves nothing that `down` does not know.
    write(dir, &state)?;
    driver::install(&plane.client(driver::ACCOUNT).await?).await?;
    let mut command = Command::new(program);
    command.arg("driver").arg("--kubeconfig").arg(plane.kubeconfig_of(driver::ACCOUNT));
    command.arg("--volumes").arg(volumes);
    let server = Server::spawn("driver", &mut command, &plane.dir().join("driver.log"), None)?;
    state.processes.insert(0, process("driver", server.id()));
    write(dir, &state)?;
    Ok(lines(&state))
}

/// Stops what `up` started, in order, and removes its folder. True if something was there.
pub async fn down(dir: &Path) -> anyhow::Result<bool> {
    let Some(state) = read(dir)? else { return Ok(false) };
    for process in &state.processes {
        process.signal(Signal::TERM);
        let begin = Instant::now();
        while process.running() && begin.elapsed() < Duration::from_secs(5) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process.signal(Signal::KILL);
    }
    let begin = Instant::now();
    while state.processes.iter().any(Process::running) {
        ensure!(begin.elapsed() < Duration::from_secs(5), "something does not end; see `status`");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let home = dir.join("plane");
    if home.exists() {
        fs::remove_dir_all(home)?;
    }
    fs::remove_file(dir.join("state.json"))?;
    Ok(true)
}

/// One line for each process, and the lines for a shell; fails if it is not all there.
pub fn status(dir: &Path) -> anyhow::Result<String> {
    let Some(state) = read(dir)? else { bail!("no cluster is up; start one with `cargo xtask cluster up`") };
    let mut text = String::new();
    for process in &state.processes {
        let word = if process.running() { "running" } else { "ENDED" };
        text.push_str(&format!("# {:<24} {:>8} {word}\n", process.name, process.id));
    }
    ensure!(state.processes.iter().all(Process::running), "{text}the cluster is not whole");
    text.push_str(&lines(&state));
    Ok(text)
}

/// Installs the definitions of other systems' kinds: KubeVirt, CDI, Harvester, Rancher, snapshots, backup tools.
pub async fn install_crds(dir: &Path) -> anyhow::Result<()> {
    let state = read(dir)?.context("no cluster is up")?;
    crds::install(&client_of(&state.kubeconfig).await?).await
}

/// The process of driver and node.
pub async fn drive(kubeconfig: &Path, volumes: &Path) -> anyhow::Result<()> {
    let client = client_of(kubeconfig).await?;
    tokio::select! {
        () = node::run(client) => bail!("the node's watch ended"),
        ended = driver::run(kubeconfig, Disk::open(volumes)?) => ended,
    }
}

fn process(name: &str, id: u32) -> Process {
    Process { name: name.to_owned(), id, started: started(id).unwrap_or_default() }
}

fn lines(state: &State) -> String {
    format!(
        "export KUBECONFIG={}\nexport PATH=\"{}:$PATH\"\n# volumes: {}\n",
        state.kubeconfig.display(),
        state.binaries.display(),
        state.volumes.display()
    )
}

fn read(dir: &Path) -> anyhow::Result<Option<State>> {
    match fs::read(dir.join("state.json")) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).context("state.json is not ours")?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context("cannot read state.json"),
    }
}

fn write(dir: &Path, state: &State) -> anyhow::Result<()> {
    let new = dir.join("state.json.new");
    private(&new, &serde_json::to_vec_pretty(state)?)?;
    Ok(fs::rename(new, dir.join("state.json"))?)
}
