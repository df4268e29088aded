//! A control plane with everything installed, and controllers as processes of their own.

use crate::support::cache;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::Client;
use kube::api::Api;
use probate_apiserver::driver::handle_of;
use probate_apiserver::{Options, Rig, until};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// A plane with CRDs, roles and admission policies, as `kubectl apply` leaves them.
pub(super) struct Stand {
    pub(super) rig: Rig,
    pub(super) client: Client,
    folder: tempfile::TempDir,
}

impl Stand {
    pub(super) async fn start() -> Option<Self> {
        let rig = Rig::start_or_skip(Options::default()).await.unwrap()?;
        let client = rig.plane.client("admin").await.unwrap();
        let stand = Self { rig, client, folder: tempfile::tempdir().unwrap() };
        let deploy = crate::support::root().join("host/deploy");
        stand.kubectl(&["apply", "--server-side", "-f", &deploy.join("crds").display().to_string()]);
        let crds = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=20s"];
        stand.kubectl(&crds);
        stand.kubectl(&[
            "apply",
            "--server-side",
            "-f",
            &deploy.join("manifests/enforce.yaml").display().to_string(),
        ]);
        Some(stand)
    }

    /// Runs kubectl as admin; it must succeed.
    pub(super) fn kubectl(&self, args: &[&str]) -> String {
        let output = self.rig.plane.kubectl().args(args).output().unwrap();
        assert!(output.status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `probate` as admin.
    pub(super) fn probate(&self, args: &[&str]) -> Output {
        probate().args(args).arg("--kubeconfig").arg(self.rig.plane.kubeconfig()).output().unwrap()
    }

    /// Starts a controller under its own account.
    pub(super) async fn controller(&self) -> Controller {
        let account = self.rig.plane.service_account("probate", "probate").await.unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = self.folder.path().join(format!("controller-{port}.log"));
        let decisions = self.folder.path().join(format!("decisions-{port}.jsonl"));
        let child = probate()
            .args(["controller", "--purger", "probate-purger", "--cluster-name", "rig"])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .arg("--settings")
            .arg(crate::support::root().join("examples/in-cluster/settings.yaml"))
            .arg("--log")
            .arg(&decisions)
            .arg("--kubeconfig")
            .arg(account)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Controller { child, port, log, decisions }
    }

    /// Applies a file of the checkout.
    pub(super) fn apply(&self, path: &str) {
        self.kubectl(&["apply", "-f", &crate::support::root().join(path).display().to_string()]);
    }

    /// Runs `probate` on a file; gives what it prints.
    pub(super) fn offline(&self, args: &[&str], file: &std::path::Path) -> String {
        let output = probate().args(args).arg(file).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{args:?}\n{out}{err}");
        out.into_owned()
    }

    pub(super) async fn bound(&self, namespace: &str, name: &str) -> PersistentVolume {
        until("a bound claim", async || {
            let Some(claim) = self.claims(namespace).get_opt(name).await? else { return Ok(None) };
            let bound = claim.status.and_then(|status| status.phase).as_deref() == Some("Bound");
            let Some(volume) = claim.spec.and_then(|spec| spec.volume_name).filter(|_| bound) else {
                return Ok(None);
            };
            Ok(Some(self.volumes().get(&volume).await?))
        })
        .await
        .unwrap()
    }

    pub(super) fn claims(&self, namespace: &str) -> Api<PersistentVolumeClaim> {
        Api::namespaced(self.client.clone(), namespace)
    }

    pub(super) fn volumes(&self) -> Api<PersistentVolume> {
        Api::all(self.client.clone())
    }

    /// sha256 of a volume's data; `None` once it is destroyed.
    pub(super) fn digest(&self, volume: &PersistentVolume) -> Option<String> {
        self.rig.driver.digest(handle_of(volume).unwrap())
    }
}

fn probate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probate-under-test"));
    command.env("PROBATE_CACHE_DIR", cache()).env("PROBATE_LOG", "info");
    command
}

/// A controller's process; it is killed with this.
pub(super) struct Controller {
    child: Child,
    port: u16,
    log: PathBuf,
    pub(super) decisions: PathBuf,
}

impl Controller {
    /// What it serves there.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: probate\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await?;
        Ok(reply)
    }

    pub(super) async fn ready(&self) {
        let ready = until("a controller that is ready", async || {
            let reply = self.get("/readyz").await.unwrap_or_default();
            Ok(reply.starts_with("HTTP/1.1 200").then_some(()))
        });
        if let Err(error) = ready.await {
            panic!("{error:#}\n{}", self.said());
        }
    }

    /// Everything it has said so far.
    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "{}", self.said());
        }
    }
}
