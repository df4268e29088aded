//! Restores as the command does them: by the library, as a person who may ask for a token of probate's own account.

use probate_cluster::ClusterError;
use probate_cluster::apply::restore::{How, Restored, Wanted, find, restore};
use probate_cluster::connect::{Target, as_account, connect};
use probate_cluster::records::Records;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Who comes between the controller's own writes asks again.
const ATTEMPTS: usize = 40;

/// Gives a volume back, as a person would; else says why not.
pub(crate) async fn give_back(
    kubeconfig: PathBuf,
    volume: String,
    to: Option<(String, String)>,
) -> Result<(), String> {
    let how = How { to, ..How::default() };
    let mut said = String::new();
    for _ in 0..ATTEMPTS {
        match once(&kubeconfig, &volume, &how).await {
            Ok(Some(Restored::Done(..))) => return Ok(()),
            other => said = format!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(said)
}

async fn once(kubeconfig: &Path, volume: &str, how: &How) -> Result<Option<Restored>, ClusterError> {
    let target = Target { kubeconfig: Some(kubeconfig.to_owned()), context: None };
    let access = connect(&target).await?;
    let mut records = Records::load(&access).await?;
    let found = find(&access, &records, &Wanted::Volume(volume.to_owned())).await?;
    let Some(found) = found.first() else { return Ok(None) };
    let writer = as_account(&access, "probate", 600).await?;
    restore(&access, &writer, &mut records, found, how).await.map(Some)
}
