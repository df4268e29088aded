//! One control plane for all, with everything installed as `kubectl apply` does.

use kube::Client;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::core::Request;
use probate_apiserver::{Options, Plane, package};
use probate_cluster::admission;
use probate_cluster::connect::{self, Target};
use serde_json::{Value, json};

pub(crate) const OTHERS: &str = "someone";
pub(crate) const CONTROLLER: &str = "system:serviceaccount:probate:probate";
pub(crate) const PURGER: &str = "system:serviceaccount:probate:probate-purger";

/// A running plane and an administrator's client.
pub(crate) struct Installed {
    pub(crate) plane: Plane,
    pub(crate) client: Client,
}

/// One with nothing installed yet; `None` where there is no Go.
pub(crate) async fn bare() -> Option<Installed> {
    let plane = Plane::start_or_skip(Options::default()).await.expect("a plane")?;
    let client = plane.client("admin").await.expect("a client");
    Some(Installed { plane, client })
}

/// One with everything installed and the guard in force.
pub(crate) async fn installed() -> Option<Installed> {
    let installed = bare().await?;
    installed.kubectl(&["apply", "-f", &path("crds")]);
    installed.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
    installed.kubectl(&["apply", "-f", &path("manifests/enforce.yaml")]);
    installed.until_in_force().await;
    Some(installed)
}

fn path(name: &str) -> String {
    package().join("../deploy").join(name).display().to_string()
}

impl Installed {
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        let done = self.plane.kubectl().args(args).output().expect("kubectl");
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// The API server takes a moment to heed what it was given.
    pub(crate) async fn until_in_force(&self) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while let Err(why) = self.in_force().await {
            assert!(std::time::Instant::now() < until, "{why}");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    /// What the controller's own account finds.
    pub(crate) async fn in_force(&self) -> Result<(), String> {
        let account = self.plane.service_account("probate", "probate").await.expect("a kubeconfig");
        let target = Target { kubeconfig: Some(account), context: None };
        let access = connect::connect(&target).await.expect("access");
        admission::in_force(&access).await
    }

    pub(crate) async fn create(&self, user: &str, url: &str, body: &Value) -> Result<Value, String> {
        let bytes = serde_json::to_vec(body).expect("json");
        self.send(user, Request::new(url).create(&PostParams::default(), bytes)).await
    }

    pub(crate) async fn try_create(&self, url: &str, body: &Value) -> Result<Value, String> {
        let params = PostParams { dry_run: true, ..PostParams::default() };
        let bytes = serde_json::to_vec(body).expect("json");
        self.send("admin", Request::new(url).create(&params, bytes)).await
    }

    pub(crate) async fn patch(
        &self,
        user: &str,
        url: &str,
        name: &str,
        body: Value,
    ) -> Result<Value, String> {
        let request = Request::new(url).patch(name, &PatchParams::default(), &Patch::Merge(&body));
        self.send(user, request).await
    }

    pub(crate) async fn try_patch(
        &self,
        user: &str,
        url: &str,
        name: &str,
        body: Value,
    ) -> Result<Value, String> {
        let params = PatchParams { dry_run: true, ..PatchParams::default() };
        self.send(user, Request::new(url).patch(name, &params, &Patch::Merge(&body))).await
    }

    pub(crate) async fn try_delete(&self, user: &str, url: &str, name: &str) -> Result<Value, String> {
        let params = DeleteParams { dry_run: true, ..DeleteParams::default() };
        self.send(user, Request::new(url).delete(name, &params)).await
    }

    /// As that user with all rights but ours: what stops them is never RBAC.
    async fn send(
        &self,
        user: &str,
        request: Result<axum::http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Value, String> {
        let mut request = request.expect("a request");
        if user != "admin" {
            request.headers_mut().insert("impersonate-user", user.parse().expect("a name"));
            request.headers_mut().insert("impersonate-group", "system:masters".parse().expect("a name"));
        }
        self.client.request(request).await.map_err(|error| match error {
            kube::Error::Api(status) => format!("{}: {}", status.code, status.message),
            other => panic!("{other}"),
        })
    }

    pub(crate) async fn namespace(&self, name: &str) {
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.create("admin", "/api/v1/namespaces", &body).await.expect("a namespace");
    }
}
