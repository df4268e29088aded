//! `cargo xtask deploy`: what is installed in a cluster, from the lists of `host/cluster`.

use crate::generated;

pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    for file in probate_cluster::deploy::files()? {
        generated::put(&format!("host/deploy/{}", file.path), &file.text, check, "deploy")?;
    }
    Ok(())
}
