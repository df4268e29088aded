//! How each server is started: flags, ports, readiness.

use super::Options;
use super::files::{CONTROLLERS, Layout};
use crate::go::Binaries;
use crate::process::{Reaper, Server};
use anyhow::{Context as _, bail};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Ports on the loopback interface. Somebody may take one before the server does; then the start is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) etcd: u16,
    pub(super) peer: u16,
    pub(super) api: u16,
    pub(super) controllers: u16,
}

impl Ports {
    pub(super) fn free() -> anyhow::Result<Self> {
        // All held at once, or the system may give one of them twice.
        let held: Vec<TcpListener> =
            (0..4).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<Result<_, _>>()?;
        let ports: Vec<u16> =
            held.iter().map(|one| Ok(one.local_addr()?.port())).collect::<Result<_, std::io::Error>>()?;
        match ports.as_slice() {
            &[etcd, peer, api, controllers] => Ok(Self { etcd, peer, api, controllers }),
            _ => bail!("four ports were asked for"),
        }
    }
}

/// Controllers that storage and identity need; the rest of a cluster's controllers would only add noise.
const CONTROLLER_NAMES: &str = "persistentvolume-binder-controller,persistentvolumeclaim-protection-controller,\
    persistentvolume-protection-controller,garbage-collector-controller,namespace-controller,serviceaccount-controller,\
    serviceaccount-token-controller,root-ca-certificate-publisher-controller";

const WORKLOAD_NAMES: &str = "deployment-controller,replicaset-controller,statefulset-controller,job-controller,\
    cronjob-controller,ephemeral-volume-controller,disruption-controller,pod-garbage-collector-controller";

/// What every server is started from.
pub(super) struct Start<'a> {
    pub(super) binaries: &'a Binaries,
    pub(super) layout: &'a Layout,
    pub(super) ports: Ports,
    pub(super) options: &'a Options,
    pub(super) reaper: Option<&'a Arc<Reaper>>,
}

impl Start<'_> {
    fn spawn(&self, name: &'static str, args: Vec<String>) -> anyhow::Result<Server> {
        let mut command = Command::new(self.binaries.path(name));
        command.args(args).current_dir(&self.layout.dir);
        Server::spawn(name, &mut command, &self.layout.log(name), self.reaper)
    }

    fn at(&self, name: &str) -> String {
        self.layout.path(name).display().to_string()
    }

    pub(super) fn etcd(&self) -> anyhow::Result<Server> {
        let Ports { etcd, peer, .. } = self.ports;
        let client = format!("http://127.0.0.1:{etcd}");
        let peer = format!("http://127.0.0.1:{peer}");
        self.spawn(
            "etcd",
            vec![
                "--name=rig".to_owned(),
                format!("--data-dir={}", self.at("etcd")),
                format!("--listen-client-urls={client}"),
                format!("--advertise-client-urls={client}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=rig={peer}"),
                "--unsafe-no-fsync=true".to_owned(),
                "--log-level=warn".to_owned(),
            ],
        )
    }

    pub(super) fn apiserver(&self) -> anyhow::Result<Server> {
        let mut args = vec![
            format!("--etcd-servers=http://127.0.0.1:{}", self.ports.etcd),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.ports.api),
            format!("--cert-dir={}", self.at("certs")),
            format!("--service-account-key-file={}", self.at("sa.pub")),
            format!("--service-account-signing-key-file={}", self.at("sa.key")),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            "--authorization-mode=RBAC".to_owned(),
            format!("--token-auth-file={}", self.at("tokens.csv")),
            "--allow-privileged=true".to_owned(),
            "--service-cluster-ip-range=10.96.0.0/24".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--enable-priority-and-fairness=false".to_owned(),
            "--profiling=false".to_owned(),
        ];
        if self.options.audit {
            args.push(format!("--audit-policy-file={}", self.at("audit-policy.json")));
            args.push(format!("--audit-log-path={}", self.layout.audit_log().display()));
            args.push("--audit-log-maxsize=0".to_owned());
        }
        args.extend(self.gates());
        args.extend(self.options.apiserver_args.iter().cloned());
        self.spawn("kube-apiserver", args)
    }

    pub(super) fn controller_manager(&self) -> anyhow::Result<Server> {
        let config = self.layout.kubeconfig(CONTROLLERS).display().to_string();
        let mut names = CONTROLLER_NAMES.to_owned();
        if self.options.workloads {
            names.push(',');
            names.push_str(WORKLOAD_NAMES);
        }
        let mut args = vec![
            format!("--kubeconfig={config}"),
            format!("--authentication-kubeconfig={config}"),
            format!("--authorization-kubeconfig={config}"),
            "--authentication-skip-lookup=true".to_owned(),
            "--leader-elect=false".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.ports.controllers),
            format!("--cert-dir={}", self.at("kcm")),
            "--use-service-account-credentials=true".to_owned(),
            format!("--service-account-private-key-file={}", self.at("sa.key")),
            format!("--root-ca-file={}", self.layout.authority().display()),
            "--pvclaimbinder-sync-period=2s".to_owned(),
            "--kube-api-qps=1000".to_owned(),
            "--kube-api-burst=2000".to_owned(),
            "--profiling=false".to_owned(),
            format!("--controllers={names}"),
        ];
        args.extend(self.gates());
        args.extend(self.options.controller_args.iter().cloned());
        self.spawn("kube-controller-manager", args)
    }

    fn gates(&self) -> Option<String> {
        let gates = &self.options.gates;
        (!gates.is_empty()).then(|| format!("--feature-gates={}", gates.join(",")))
    }
}

/// Waits until the port answers, or fails with the log of a server that has ended.
pub(super) async fn listening(port: u16, servers: &mut [&mut Server]) -> anyhow::Result<()> {
    let begin = Instant::now();
    loop {
        for server in &mut *servers {
            server.must_run()?;
        }
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(());
        }
        if begin.elapsed() > Duration::from_secs(60) {
            bail!("the API server does not listen");
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Waits for `/readyz`, and for the account that Pods of the default namespace get if controllers make one.
pub(super) async fn ready(client: &kube::Client, controllers: bool) -> anyhow::Result<()> {
    use k8s_openapi::api::core::v1::ServiceAccount;
    let accounts: kube::Api<ServiceAccount> = kube::Api::namespaced(client.clone(), "default");
    let begin = Instant::now();
    loop {
        let request = http::Request::get("/readyz").body(Vec::new()).context("a request for /readyz")?;
        let up = client.request_text(request).await.is_ok();
        if up && (!controllers || accounts.get_opt("default").await.is_ok_and(|found| found.is_some())) {
            return Ok(());
        }
        if begin.elapsed() > Duration::from_secs(60) {
            bail!("the control plane does not become ready");
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
