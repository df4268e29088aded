//! Connecting. Reads may be repeated by the client; a write is sent once, and its outcome is read.

use crate::error::ClusterError;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, PostParams};
use kube::config::{AuthInfo, Config, KubeConfigOptions, Kubeconfig};
use std::path::PathBuf;
use std::time::Duration;

/// Which cluster, as which user.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// A kubeconfig; else `KUBECONFIG`, `~/.kube/config`, or the pod's own account.
    pub kubeconfig: Option<PathBuf>,
    /// A context of it; else the current one.
    pub context: Option<String>,
}

/// Two clients of one cluster.
#[derive(Clone)]
pub struct Access {
    /// For reads: 429 and 503 are tried again.
    pub read: Client,
    /// For writes: nothing is tried again.
    pub write: Client,
    /// Where it is.
    pub server: String,
    config: Config,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("server", &self.server).finish_non_exhaustive()
    }
}

/// How long a write may take before its outcome is unknown.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Connects.
///
/// # Errors
/// There is no configuration, or it is not usable.
pub async fn connect(target: &Target) -> Result<Access, ClusterError> {
    let options = KubeConfigOptions { context: target.context.clone(), ..KubeConfigOptions::default() };
    let missing = |error: &dyn std::fmt::Display| ClusterError::NoConfiguration(error.to_string());
    let config = match (&target.kubeconfig, &target.context) {
        (Some(path), _) => {
            let file = Kubeconfig::read_from(path).map_err(|error| missing(&error))?;
            Config::from_custom_kubeconfig(file, &options).await.map_err(|error| missing(&error))?
        }
        (None, Some(_)) => Config::from_kubeconfig(&options).await.map_err(|error| missing(&error))?,
        (None, None) => Config::infer().await.map_err(|error| missing(&error))?,
    };
    of(config)
}

/// Connects by the text of a kubeconfig.
///
/// # Errors
/// It is not usable.
pub async fn by_text(kubeconfig: &str) -> Result<Access, ClusterError> {
    let missing = |error: &dyn std::fmt::Display| ClusterError::NoConfiguration(error.to_string());
    let file = Kubeconfig::from_yaml(kubeconfig).map_err(|error| missing(&error))?;
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
    of(config.map_err(|error| missing(&error))?)
}

fn of(mut config: Config) -> Result<Access, ClusterError> {
    config.connect_timeout = Some(Duration::from_secs(10));
    let server = config.cluster_url.to_string();
    let read = Client::try_from(config.clone())?;
    config.default_retry = false;
    config.read_timeout = Some(WRITE_TIMEOUT);
    config.write_timeout = Some(WRITE_TIMEOUT);
    let write = Client::try_from(config.clone())?;
    Ok(Access { read, write, server, config })
}

/// A client for writes as another account of our namespace, by a token that the API server gives for so many seconds.
///
/// # Errors
/// The token is refused: who may not ask for it may not purge.
pub async fn as_account(access: &Access, account: &str, seconds: i64) -> Result<Client, ClusterError> {
    let accounts: Api<ServiceAccount> = Api::namespaced(access.write.clone(), crate::own::NAMESPACE);
    let request = TokenRequest {
        spec: TokenRequestSpec { expiration_seconds: Some(seconds), ..TokenRequestSpec::default() },
        ..TokenRequest::default()
    };
    let given = accounts.create_token_request(account, &PostParams::default(), &request).await?;
    let token = given.status.map(|status| status.token).unwrap_or_default();
    let mut config = access.config.clone();
    config.auth_info = AuthInfo::default();
    config.auth_info.token = Some(token.into());
    Ok(Client::try_from(config)?)
}
