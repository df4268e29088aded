//! One control plane: started in about three seconds, stopped in order, gone with this process.

mod files;
mod servers;

use crate::go::{self, Binaries, PLANE};
use crate::process::{Reaper, Server};
use anyhow::{Context as _, bail};
pub use files::User;
pub(crate) use files::private;
use files::{ADMIN, Layout};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, ObjectMeta, PostParams};
use rustix::process::Signal;
use servers::{Ports, Start};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// The gate behind a claim's condition `Unused`, for [`Options::gates`].
pub const UNUSED_SINCE: &str = "PersistentVolumeClaimUnusedSinceTime=true";

/// Requests end in milliseconds. But with one open HTTP/1 watch kube-apiserver 1.36 waits for it: measured, 62 s after SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

/// What a plane is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// An audit log of every write with its body and answer.
    pub audit: bool,
    /// The controllers of storage, garbage, namespaces and accounts.
    pub controllers: bool,
    /// Those of workloads too (Deployment, StatefulSet, Job…).
    pub workloads: bool,
    /// Feature gates of API server and controllers, `Name=true`.
    pub gates: Vec<String>,
    /// More flags of the API server.
    pub apiserver_args: Vec<String>,
    /// More flags of the controllers.
    pub controller_args: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            audit: true,
            controllers: true,
            workloads: false,
            gates: Vec::new(),
            apiserver_args: Vec::new(),
            controller_args: Vec::new(),
        }
    }
}

/// How the API server is stopped before it is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM: requests finish; watches that are still open after three seconds are torn.
    Gracefully,
    /// SIGKILL: open requests have no answer.
    Kill,
}

/// A running control plane on the loopback interface.
#[derive(Debug)]
pub struct Plane {
    binaries: Binaries,
    layout: Layout,
    ports: Ports,
    options: Options,
    users: Vec<User>,
    admin: PathBuf,
    servers: tokio::sync::Mutex<Servers>,
    reaper: Option<Arc<Reaper>>,
}

#[derive(Debug, Default)]
struct Servers {
    etcd: Option<Server>,
    api: Option<Server>,
    controllers: Option<Server>,
}

impl Servers {
    fn kill(&mut self) {
        for server in [&mut self.controllers, &mut self.api, &mut self.etcd].into_iter().flatten() {
            server.kill();
        }
    }
}

impl Plane {
    /// Starts one in a temporary folder; the first time its binaries are built. Fails without Go.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        match Self::try_start(options).await? {
            Some(plane) => Ok(plane),
            None => bail!("there is no Go here to build a control plane with"),
        }
    }

    /// As `start`, but without Go it says that the test is skipped and gives `None`, unless `PROBATE_REQUIRE_PLANE` is set.
    pub async fn start_or_skip(options: Options) -> anyhow::Result<Option<Self>> {
        let plane = Self::try_start(options).await?;
        if plane.is_none() {
            crate::skipped("a control plane")?;
        }
        Ok(plane)
    }

    async fn try_start(options: Options) -> anyhow::Result<Option<Self>> {
        let Some(binaries) = tokio::task::spawn_blocking(|| go::binaries(&PLANE)).await?? else {
            return Ok(None);
        };
        let mut last = None;
        for _ in 0..3 {
            let dir = tempfile::Builder::new().prefix("probate-plane-").tempdir()?.keep();
            let keep = std::env::var_os("PROBATE_KEEP_PLANE").is_some();
            let reaper = Arc::new(Reaper::start((!keep).then_some(dir.as_path()))?);
            match Self::launch(binaries.clone(), dir, options.clone(), Some(reaper.clone())).await {
                Ok(plane) => return Ok(Some(plane)),
                Err(error) => last = Some(error),
            }
            reaper.finish();
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("the control plane does not start")))
    }

    /// Starts one in this folder whose servers outlive us; gives their names and process ids.
    pub(crate) async fn detached(
        dir: PathBuf,
        options: Options,
    ) -> anyhow::Result<(Self, Vec<(&'static str, u32)>)> {
        let Some(binaries) = tokio::task::spawn_blocking(|| go::binaries(&PLANE)).await?? else {
            bail!("there is no Go here to build a control plane with");
        };
        let plane = Self::launch(binaries, dir, options, None).await?;
        let mut servers = std::mem::take(&mut *plane.servers.lock().await);
        let all = [servers.controllers.take(), servers.api.take(), servers.etcd.take()];
        let ids = all.iter().flatten().map(|server| (server.name(), server.id())).collect();
        Ok((plane, ids))
    }

    async fn launch(
        binaries: Binaries,
        dir: PathBuf,
        options: Options,
        reaper: Option<Arc<Reaper>>,
    ) -> anyhow::Result<Self> {
        let layout = Layout { dir };
        let users = layout.prepare()?;
        let ports = Ports::free()?;
        let mut servers = Servers::default();
        let start =
            Start { binaries: &binaries, layout: &layout, ports, options: &options, reaper: reaper.as_ref() };
        if let Err(error) = bring_up(&start, &users, &mut servers).await {
            servers.kill();
            return Err(error);
        }
        let admin = layout.kubeconfig(ADMIN);
        let servers = tokio::sync::Mutex::new(servers);
        Ok(Self { binaries, layout, ports, options, users, admin, servers, reaper })
    }

    /// The folder with everything: logs, audit log, keys, kubeconfigs.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.layout.dir
    }

    /// The administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.admin
    }

    /// The kubeconfig of `admin`, `bob` (who may do nothing), or an account made by `service_account` (`namespace:name`).
    #[must_use]
    pub fn kubeconfig_of(&self, user: &str) -> PathBuf {
        self.layout.kubeconfig(user)
    }

    /// `https://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.ports.api)
    }

    /// etcd's client URL, without TLS.
    #[must_use]
    pub fn etcd_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.etcd)
    }

    /// PEM of the API server's certificate and its CA, and the path of its key.
    #[must_use]
    pub fn certificate(&self) -> (PathBuf, PathBuf) {
        (self.layout.authority(), self.layout.path("certs/apiserver.key"))
    }

    /// A client of that account, for the runtime that is running.
    pub async fn client(&self, user: &str) -> anyhow::Result<kube::Client> {
        client_of(&self.kubeconfig_of(user)).await
    }

    /// A kubeconfig with a real token of a ServiceAccount, which is made if it is not there; its namespace must be.
    pub async fn service_account(&self, namespace: &str, name: &str) -> anyhow::Result<PathBuf> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(ADMIN).await?, namespace);
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let account = ServiceAccount { metadata, ..ServiceAccount::default() };
        match accounts.create(&PostParams::default(), &account).await {
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            other => drop(other?),
        }
        let spec = TokenRequestSpec { expiration_seconds: Some(86_400), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let answer = accounts.create_token_request(name, &PostParams::default(), &request).await?;
        let token = answer.status.context("a token request without an answer")?.token;
        self.layout.write_kubeconfig(self.ports.api, &format!("{namespace}:{name}"), &token)
    }

    /// The folder with kubectl and etcdctl.
    #[must_use]
    pub fn binaries(&self) -> &Path {
        self.binaries.dir()
    }

    /// kubectl as the administrator.
    #[must_use]
    pub fn kubectl(&self) -> Command {
        let mut command = Command::new(self.binaries.path("kubectl"));
        command.env("KUBECONFIG", &self.admin).env("KUBECACHEDIR", self.layout.path("kubectl-cache"));
        command
    }

    /// etcdctl against this plane's etcd.
    #[must_use]
    pub fn etcdctl(&self) -> Command {
        let mut command = Command::new(self.binaries.path("etcdctl"));
        command.arg(format!("--endpoints={}", self.etcd_url()));
        command
    }

    /// The accounts with static tokens.
    #[must_use]
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// What the API server wrote down so far. An event is written after its answer was sent, so look again if one is missing.
    pub fn audit(&self) -> anyhow::Result<Vec<serde_json::Value>> {
        let text =
            std::fs::read_to_string(self.layout.audit_log()).context("this plane keeps no audit log")?;
        // A last line without its end is still being written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).context("a line of the audit log")).collect()
    }

    /// Stops the API server and starts it again on its port, ready at the return.
    pub async fn restart_apiserver(&self, how: Stop) -> anyhow::Result<()> {
        let mut servers = self.servers.lock().await;
        if let Some(mut server) = servers.api.take() {
            match how {
                Stop::Gracefully => server.stop(GRACE).await?,
                Stop::Kill => server.kill(),
            }
        }
        let api = servers.api.insert(self.again().apiserver()?);
        servers::listening(self.ports.api, &mut [api]).await?;
        servers::ready(&self.client(ADMIN).await?, false).await
    }

    /// Stops the controllers: nothing is bound, protected or collected any more.
    pub async fn stop_controllers(&self) -> anyhow::Result<()> {
        match self.servers.lock().await.controllers.take() {
            Some(server) => server.stop(Duration::from_secs(5)).await,
            None => Ok(()),
        }
    }

    /// Starts the controllers again.
    pub async fn start_controllers(&self) -> anyhow::Result<()> {
        let mut servers = self.servers.lock().await;
        if servers.controllers.is_none() {
            servers.controllers = Some(self.again().controller_manager()?);
        }
        Ok(())
    }

    /// Freezes etcd: reads may come from the cache, writes end without an answer.
    pub async fn freeze_etcd(&self) -> anyhow::Result<()> {
        self.signal_etcd(Signal::STOP).await
    }

    /// Lets etcd go on.
    pub async fn thaw_etcd(&self) -> anyhow::Result<()> {
        self.signal_etcd(Signal::CONT).await
    }

    async fn signal_etcd(&self, signal: Signal) -> anyhow::Result<()> {
        match &self.servers.lock().await.etcd {
            Some(server) => server.signal(signal),
            None => bail!("etcd is not ours to signal"),
        }
    }

    /// Stops everything: the API server before etcd, without which it would not end.
    pub async fn stop(self) -> anyhow::Result<()> {
        let mut servers = std::mem::take(&mut *self.servers.lock().await);
        let all = [servers.controllers.take(), servers.api.take(), servers.etcd.take()];
        for server in all.into_iter().flatten() {
            server.stop(GRACE).await?;
        }
        Ok(())
    }

    fn again(&self) -> Start<'_> {
        Start {
            binaries: &self.binaries,
            layout: &self.layout,
            ports: self.ports,
            options: &self.options,
            reaper: self.reaper.as_ref(),
        }
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.servers.get_mut().kill();
        if let Some(reaper) = &self.reaper {
            reaper.finish();
        }
    }
}

async fn bring_up(start: &Start<'_>, users: &[User], servers: &mut Servers) -> anyhow::Result<()> {
    let etcd = servers.etcd.insert(start.etcd()?);
    let api = servers.api.insert(start.apiserver()?);
    servers::listening(start.ports.api, &mut [etcd, api]).await?;
    for user in users {
        start.layout.write_kubeconfig(start.ports.api, &user.name, &user.token)?;
    }
    if start.options.controllers {
        servers.controllers = Some(start.controller_manager()?);
    }
    let client = client_of(&start.layout.kubeconfig(ADMIN)).await?;
    servers::ready(&client, start.options.controllers).await?;
    for server in [&mut servers.etcd, &mut servers.api, &mut servers.controllers].into_iter().flatten() {
        server.must_run()?;
    }
    Ok(())
}

/// Without kube's own retries, which send even a DELETE again after 429, 503 or 504: a test must see what was answered.
pub(crate) async fn client_of(kubeconfig: &Path) -> anyhow::Result<kube::Client> {
    let parsed = kube::config::Kubeconfig::read_from(kubeconfig)?;
    let options = kube::config::KubeConfigOptions::default();
    let mut config = kube::Config::from_custom_kubeconfig(parsed, &options).await?;
    config.default_retry = false;
    Ok(kube::Client::try_from(config)?)
}
